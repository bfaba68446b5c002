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

const maxPixels = 1e8;

/** The picture of a preview message, with the properties that came with it; null where they do not say what it is. */
export function shotOf(jpeg: Uint8Array, p: Record<string, string>): Shot | null {
  const [width, height, frame] = [Number(p["width"]), Number(p["height"]), p["frame"] ?? ""];
  if (frame === "" || !(width > 0 && height > 0 && width * height <= maxPixels)) return null;
  return { frame, width, height, capturedUtc: p["captured_utc"] ?? "", jpeg: jpeg.slice(), at: performance.now() };
}

/** The decoded picture; null where it cannot be decoded. */
export const bitmapOf = (shot: Shot): Promise<ImageBitmap | null> =>
  createImageBitmap(new Blob([shot.jpeg as BlobPart], { type: "image/jpeg" })).catch(() => null);

/** A picture and what was found on it: no mask yet, one, or many when everything was asked for. */
export interface Pair {
  shot: Shot;
  masks: readonly Mask[];
}

/** Time in ms, and a call after a delay. */
export interface Clock {
  now(): number;
  after(ms: number, call: () => void): () => void;
}

const browserClock: Clock = {
  now: () => performance.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};

const held = 16;
const none: readonly Mask[] = [];
/** How long the oldest picture that is not shown waits for a mask while masks are coming. Then the newest picture is shown. */
export const maskWaitMs = 400;
/** Masks count as coming for this long after the last one that fitted a picture. */
const pairedMs = 6_000;

export class Frames {
  private readonly shots = new Map<string, Shot>();
  private readonly masks = new Map<string, readonly Mask[]>();
  private shown: Pair | null = null;
  private pairedAt = -Infinity;
  private cancelWait: (() => void) | null = null;

  constructor(
    private readonly show: (pair: Pair) => void,
    private readonly clock: Clock = browserClock,
  ) {}

  get last(): Pair | null {
    return this.shown;
  }

  find(frame: string): Shot | undefined {
    return this.shots.get(frame);
  }

  /** A picture is shown with its mask as soon as that is there, without it after a wait, or replaced by a newer picture. */
  addShot(shot: Shot): void {
    keep(this.shots, shot.frame, shot);
    if (this.masks.has(shot.frame) || this.clock.now() - this.pairedAt > pairedMs) this.step(shot.frame);
    else this.wait();
  }

  addMask(mask: Mask): void {
    // a followed object has a mask beside the others of the frame
    const others = (this.masks.get(mask.frame) ?? none).filter((m) => m.track !== mask.track);
    keep(this.masks, mask.frame, [...others, mask]);
    if (this.shots.has(mask.frame)) this.step(mask.frame);
  }

  clear(): void {
    this.endWait();
    this.shots.clear();
    this.masks.clear();
    this.shown = null;
    this.pairedAt = -Infinity;
  }

  /** Waits as long as the oldest picture may that is newer than the shown one. A picture that comes meanwhile does not prolong it. */
  private wait(): void {
    if (this.cancelWait) return;
    const [oldest] = this.unseen();
    if (!oldest) return;
    this.cancelWait = this.clock.after(Math.max(0, oldest.at + maskWaitMs - this.clock.now()), () => {
      this.cancelWait = null;
      const newest = this.unseen().at(-1);
      if (newest) this.step(newest.frame);
    });
  }

  private endWait(): void {
    this.cancelWait?.();
    this.cancelWait = null;
  }

  /** The pictures that came after the shown one, the oldest first. */
  private unseen(): Shot[] {
    const all = [...this.shots.values()];
    return this.shown ? all.slice(all.indexOf(this.shown.shot) + 1) : all;
  }

  /** Goes on to a frame, never back to an older one of the same session. */
  private step(frame: string): void {
    const shot = this.shots.get(frame);
    if (!shot) return;
    const masks = this.masks.get(frame) ?? none;
    if (masks.length > 0) this.pairedAt = this.clock.now();
    const last = this.shown;
    const sameSession = last !== null && session(last.shot.frame) === session(frame);
    if (sameSession && sequenceOf(frame) < sequenceOf(last.shot.frame)) return;
    if (last?.shot === shot && last.masks === masks) return;
    this.shown = { shot, masks };
    this.endWait();
    this.wait();
    this.show(this.shown);
  }
}

const session = (frame: string): string => frame.slice(0, frame.indexOf("-"));

function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > held) map.delete(map.keys().next().value!);
}
