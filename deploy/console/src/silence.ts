// When a broker that keeps its connection open counts as silent. In the worst case it falls silent right after a packet, and each of the
// two limits passes right after a look: the sum of them and of two looks is at most `boundMs`.

/** From the last packet to the word "silent", at most. */
export const boundMs = 2_000;
/** Time between two looks. */
export const lookMs = 100;
/** Quiet time after which the broker is asked for a sign of life. */
export const probeMs = 500;
/** Time that it has for the answer: on a slow link a picture that is under way comes first. */
export const answerMs = 1_200;

export class Silence {
  private heardAt = -Infinity;
  /** When the broker was asked; null: something came since. */
  private askedAt: number | null = null;

  /** @param ask Sends the question. */
  constructor(private readonly ask: () => void) {}

  /** A packet came. */
  heard(now: number): void {
    this.heardAt = now;
    this.askedAt = null;
  }

  /** To be called every `lookMs`. A late call asks first: packets may wait that the page could not read yet. */
  isSilent(now: number): boolean {
    if (this.askedAt === null) {
      if (now - this.heardAt < probeMs) return false;
      this.askedAt = now;
      this.ask();
    }
    return now - this.askedAt >= answerMs;
  }
}
