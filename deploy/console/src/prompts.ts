// What the operator asks on a picture, and how a further click corrects the mask in view.
import type { Pair } from "./frames";
import type { Edges, Mask, Point } from "./wire";

export interface Click {
  at: Point;
  /** Off the object: a negative click. */
  off: boolean;
}

/** What the operator asked for on the picture, in pixels of the frame. */
export interface PromptRequest {
  clicks: readonly Click[];
  box: Edges | null;
  /** The mask that the clicks correct: the device adds the prompt of that mask. Null: none. */
  refines: Mask | null;
}

export const noPrompt: PromptRequest = { clicks: [], box: null, refines: null };

/** What the chosen device takes. */
export interface Abilities {
  maxPoints: number;
  /** Whether its model knows points off the object. */
  negative: boolean;
}

/** The mask in view that a click can correct: one that a command can name by its id. */
export function correctable(pair: Pair): Mask | null {
  return pair.masks.find((m) => m.id !== "" && m.found && m.track === "" && m.source !== "everything") ?? null;
}

const points = (m: Mask): number => m.clicks.length + m.negative.length + (m.box ? 2 : 0);

/**
 * The request that a click makes.
 * @param before What was asked on this frame last.
 * @param more The click belongs to what is there; else it begins again. One off the object always does.
 * @returns The request, or why there is none.
 */
export function clicked(pair: Pair, before: PromptRequest, click: Click, more: boolean, can: Abilities): PromptRequest | string {
  if (click.off && !can.negative) return "The model of this device does not know negative clicks.";
  if (!more && !click.off) return { clicks: [click], box: null, refines: null };
  const full = `At most ${can.maxPoints} points: click without Shift to begin again.`;
  const mask = correctable(pair);
  if (mask) return points(mask) < can.maxPoints ? { clicks: [click], box: null, refines: mask } : full;
  if (before.clicks.length >= can.maxPoints) return full;
  if (click.off && before.clicks.length === 0) return "Click the object first, then what is not part of it.";
  return { clicks: [...before.clicks, click], box: null, refines: null };
}

/** The points as a command has them. */
export const wirePoints = (clicks: readonly Click[]): unknown[] => clicks.map(({ at: [x, y], off }) => (off ? { x, y, label: 0 } : [x, y]));
