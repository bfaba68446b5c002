// The rate and size of preview pictures that the network between device and page carries. A broker that sends more slowly than pictures
// arrive queues them, and the live picture is seconds late: the page then requests fewer and smaller pictures, and later more again.

/** What is asked for, the most first. */
export const levels = [
  { max_fps: 5, width: 800, quality: 70 },
  { max_fps: 3, width: 640, quality: 65 },
  { max_fps: 2, width: 480, quality: 60 },
  { max_fps: 1, width: 400, quality: 55 },
] as const;

/** Behind by so much, pictures wait somewhere; behind by less than that, they do not. */
const behindMs = 1_000;
const promptMs = 300;
/** Pictures in a row that are behind before the level changes. */
const patience = 3;
/** Time in which a new level takes effect. */
const stableMs = 3_000;
const firstRiseMs = 20_000;
const longestRiseMs = 320_000;
/** A difference like this is a clock that was set, not a delay. */
const clockStepMs = 60_000;
/** So is one that lasts for so long on the lowest level: a queue would have emptied by then. */
const stuckMs = 30_000;

export class Pace {
  private level = 0;
  /** The least difference of the two clocks that a picture showed: that of one that did not wait. */
  private least = Infinity;
  private late = 0;
  /** Since when each picture is behind on the lowest level. */
  private stuckSince = Infinity;
  private changedAt = -Infinity;
  private promptSince = Infinity;
  private riseMs = firstRiseMs;

  get wanted(): (typeof levels)[number] {
    return levels[this.level]!;
  }

  /** Another camera or device: its clock is another, the way is the same. */
  begin(): void {
    this.least = Infinity;
    this.late = 0;
    this.stuckSince = Infinity;
  }

  /**
   * Takes the times of a picture that came, each by its own clock.
   * @param capturedMs By the device's clock; NaN where it is not known.
   * @param arrivedMs By this machine's clock.
   * @returns Whether something else is wanted now.
   */
  note(capturedMs: number, arrivedMs: number): boolean {
    const difference = arrivedMs - capturedMs;
    if (!Number.isFinite(difference)) return false;
    if (Math.abs(difference - this.least) > clockStepMs) this.least = difference;
    this.least = Math.min(this.least, difference);
    if (this.level < levels.length - 1 || difference - this.least <= behindMs) this.stuckSince = Infinity;
    else if (this.stuckSince === Infinity) this.stuckSince = arrivedMs;
    else if (arrivedMs - this.stuckSince > stuckMs) [this.least, this.stuckSince] = [difference, arrivedMs];
    const behind = difference - this.least;
    this.late = behind > behindMs ? this.late + 1 : 0;
    if (behind > promptMs) this.promptSince = Infinity;
    else if (this.promptSince === Infinity) this.promptSince = arrivedMs;
    if (arrivedMs - this.changedAt < stableMs) return false;
    if (this.late >= patience && this.level < levels.length - 1) {
      this.riseMs = Math.min(longestRiseMs, 2 * this.riseMs);
      return this.change(this.level + 1, arrivedMs);
    }
    if (this.level > 0 && arrivedMs - Math.max(this.promptSince, this.changedAt) > this.riseMs)
      return this.change(this.level - 1, arrivedMs);
    return false;
  }

  private change(level: number, now: number): true {
    this.level = level;
    this.changedAt = now;
    this.late = 0;
    return true;
  }
}
