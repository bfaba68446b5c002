// The last pictures and masks of one camera, and which of them to show: a mask is only ever shown on the frame that it was made from.
import { sequenceOf, type Mask } from "./wire";

/** A picture as it came: its JPEG, and the size of the published picture in whose pixels prompts are given. */
export interface Shot {
  frame: string;
  width: number;
  height: number;
  capturedUtc: string;
  jpeg: Uint8Array;
  at: number;
}

/** A picture and what was found on it: no mask yet, one, or many when everything was asked for. */
export interface Pair {
  shot: Shot;
  masks: readonly Mask[];
}

const held = 16;
const none: readonly Mask[] = [];
/** How long a new picture waits for its mask while masks are coming. */
const maskWaitMs = 700;
/** Masks count as coming for this long after the last one that fitted a picture. */
const pairedMs = 6_000;

export class Frames {
  private readonly shots = new Map<string, Shot>();
  private readonly masks = new Map<string, readonly Mask[]>();
  private shown: Pair | null = null;
  private pairedAt = -Infinity;
  private timer = 0;

  constructor(private readonly show: (pair: Pair) => void) {}

  get last(): Pair | null {
    return this.shown;
  }

  find(frame: string): Shot | undefined {
    return this.shots.get(frame);
  }

  addShot(shot: Shot): void {
    keep(this.shots, shot.frame, shot);
    if (this.masks.has(shot.frame) || performance.now() - this.pairedAt > pairedMs) return this.step(shot.frame);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.step(shot.frame), maskWaitMs);
  }

  addMask(mask: Mask): void {
    // a followed object has a mask beside the others of the frame
    const others = (this.masks.get(mask.frame) ?? none).filter((m) => m.track !== mask.track);
    keep(this.masks, mask.frame, [...others, mask]);
    if (this.shots.has(mask.frame)) this.step(mask.frame);
  }

  clear(): void {
    window.clearTimeout(this.timer);
    this.shots.clear();
    this.masks.clear();
    this.shown = null;
  }

  /** Goes on to a frame, never back to an older one of the same session. */
  private step(frame: string): void {
    const shot = this.shots.get(frame);
    if (!shot) return;
    const masks = this.masks.get(frame) ?? none;
    if (masks.length > 0) this.pairedAt = performance.now();
    const last = this.shown;
    const sameSession = last !== null && session(last.shot.frame) === session(frame);
    if (sameSession && sequenceOf(frame) < sequenceOf(last.shot.frame)) return;
    if (last?.shot === shot && last.masks === masks) return;
    this.shown = { shot, masks };
    this.show(this.shown);
  }
}

const session = (frame: string): string => frame.slice(0, frame.indexOf("-"));

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > held) map.delete(map.keys().next().value!);
}
