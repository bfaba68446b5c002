// Work of which only the newest matters, such as the decoding of pictures: one item at a time, and of those that come meanwhile the last.

export class LatestOnly<T> {
  private running = false;
  private next: T | null = null;

  /**
   * @param work Is never cancelled: an item that was begun is finished. Must not reject.
   * @param replaced Called for an item that a newer one replaced before it was begun.
   */
  constructor(
    private readonly work: (item: T) => Promise<void>,
    private readonly replaced: (item: T) => void = () => undefined,
  ) {}

  get busy(): boolean {
    return this.running;
  }

  push(item: T): void {
    if (this.next !== null) this.replaced(this.next);
    this.next = item;
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.next !== null) {
      const item = this.next;
      this.next = null;
      await this.work(item);
    }
    this.running = false;
  }
}
