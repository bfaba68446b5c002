// Where the picture is: live, or held on the frame that the operator works on. Says which of them, and when the picture is old.
import { byId, setText } from "./dom";
import { Frames, type Pair, type Shot } from "./frames";
import { Picture } from "./picture";
import type { Abilities, PromptRequest } from "./prompts";
import type { Result } from "./results";
import { sequenceOf, type Mask } from "./wire";

/** Without a picture for so long, the live picture is stale; a camera that is slower gets more time, by its last intervals. */
const staleMs = 1_500;
const slowestMs = 20_000;
const intervalsKept = 5;

const canvas = byId("picture", HTMLCanvasElement);
const chip = byId("frame-chip", HTMLElement);
const veil = byId("veil", HTMLElement);
const live = byId("live", HTMLButtonElement);
const spoken = byId("spoken", HTMLElement);

/** What the stage asks of its owner, and reports to it. */
export interface Owner {
  abilities(): Abilities;
  asked(request: PromptRequest): void;
  /** Why a click asks for nothing. */
  hint(sentence: string): void;
  /** Whether a command waits for its answer. */
  busy(): boolean;
  /** The live picture is back; `mask` is the last one made unasked. */
  onLive(mask: Mask | null): void;
  /** A frame is in view, drawn on that canvas; `held`: the operator works on it. */
  seen(pair: Pair, picture: HTMLCanvasElement, held: boolean): void;
  /** Why there is no picture. */
  empty(): string;
  /** Why no live picture can come, in a few words; empty: it can. */
  interruption(): string;
  /** The camera's state where it is not streaming; empty: it is, or the state is not known. */
  cameraTrouble(): string;
}

export class Stage {
  /** Why no preview comes; empty: it does, or none was asked for. */
  previewFault = "";
  /** How a command on the held frame goes on. */
  private progress = "";
  /** What the operator works on, from the moment that it was chosen: its picture may still be decoding. Null: live. */
  private heldPair: Pair | null = null;
  private result: Result | null = null;
  private wantedSnapshot = "";
  private snapshotCame: (shot: Shot) => void = () => undefined;
  private lastMask: Mask | null = null;
  private lastPictureAt = -Infinity;
  /** Between the last pictures, in ms. */
  private intervals: number[] = [];
  private readonly frames = new Frames((pair) => {
    if (!this.held)
      void this.picture.offer(pair).then(() => {
        this.show();
        this.seen();
      });
  });
  private readonly picture: Picture;

  constructor(private readonly owner: Owner) {
    this.picture = new Picture(
      canvas,
      () => owner.abilities(),
      (request) => owner.asked(request),
      (sentence) => setText(spoken, sentence),
      (sentence) => owner.hint(sentence),
    );
    live.addEventListener("click", () => this.goLive());
    document.addEventListener("keydown", (e) => {
      if (e.key === "Escape" && this.held) this.goLive();
    });
  }

  get current(): Pair | null {
    return this.picture.current;
  }

  /** The result in view; null: another picture is. */
  get shown(): Result | null {
    return this.result;
  }

  /** What is held, although its picture may not be in view yet; null: the picture is live. */
  get held(): Pair | null {
    return this.heldPair;
  }

  set correcting(on: boolean) {
    this.picture.correcting = on;
  }

  set excluding(on: boolean) {
    this.picture.excluding = on;
  }

  find(frame: string): Shot | undefined {
    return this.frames.find(frame);
  }

  /** Another camera, or none. */
  clear(): void {
    this.frames.clear();
    this.lastMask = null;
    this.previewFault = "";
    this.forgetPace();
    this.goLive();
  }

  /** The device began a new session: it knows none of the frames before. One that is held stays in view. */
  restarted(): void {
    this.frames.clear();
    this.forgetPace();
    this.lastMask = null;
    if (!this.held) this.goLive();
  }

  private forgetPace(): void {
    this.lastPictureAt = -Infinity;
    this.intervals = [];
  }

  private get staleAfterMs(): number {
    return Math.min(slowestMs, Math.max(staleMs, 2.5 * Math.max(0, ...this.intervals)));
  }

  /** Of the last picture that came. */
  get pictureAgeMs(): number {
    return performance.now() - this.lastPictureAt;
  }

  onPicture(shot: Shot): void {
    if (Number.isFinite(this.lastPictureAt)) {
      // an interruption says nothing about the camera's pace
      this.intervals.push(Math.min(slowestMs / 4, shot.at - this.lastPictureAt));
      if (this.intervals.length > intervalsKept) this.intervals.shift();
    }
    this.lastPictureAt = shot.at;
    this.previewFault = "";
    this.frames.addShot(shot);
    if (shot.frame === this.wantedSnapshot) this.showSnapshot(shot);
  }

  /** A mask that this page has not asked for. */
  onMask(mask: Mask): void {
    const isUnasked = mask.track === "" && mask.request === null;
    if (isUnasked) this.lastMask = mask;
    // without pictures the masks are still worth seeing
    if (this.previewFault !== "" && !this.frames.find(mask.frame)) this.frames.addShot({ ...bare(mask), at: performance.now() });
    this.frames.addMask(mask);
    if (!this.held && isUnasked) this.owner.onLive(mask);
  }

  /** Waits for the picture of a frame, and holds it when it is there; holding another frame or going live ends the wait. */
  awaitSnapshot(frame: string, came: (shot: Shot) => void): void {
    this.wantedSnapshot = frame;
    this.snapshotCame = came;
    const shot = this.frames.find(frame);
    if (shot) this.showSnapshot(shot);
  }

  private showSnapshot(shot: Shot): void {
    void this.hold({ shot, masks: [] });
    this.snapshotCame(shot);
  }

  /** Shows a frame until the operator goes back to the live picture. */
  async hold(pair: Pair, request?: PromptRequest, result: Result | null = null, progress = ""): Promise<void> {
    this.heldPair = pair;
    this.wantedSnapshot = "";
    this.result = result;
    this.progress = progress;
    live.hidden = false;
    this.show();
    await this.view(pair, request);
  }

  goLive(): void {
    this.heldPair = null;
    this.result = null;
    this.wantedSnapshot = "";
    this.progress = "";
    live.hidden = true;
    this.owner.onLive(this.lastMask);
    if (this.frames.last) void this.view(this.frames.last);
    else void this.picture.show(null).then(() => this.show());
    this.show();
  }

  private async view(pair: Pair, request?: PromptRequest): Promise<void> {
    await this.picture.show(pair, request);
    this.show();
    this.seen();
  }

  private seen(): void {
    const { current } = this.picture;
    if (current) this.owner.seen(current, canvas, this.held?.shot === current.shot);
  }

  /** Brings the words around the picture up to date. */
  show(): void {
    const pair = this.picture.current;
    const silentMs = performance.now() - this.lastPictureAt;
    const interruption = pair === null ? "" : this.owner.interruption();
    const isSilent = Number.isFinite(silentMs) && silentMs > this.staleAfterMs && pair !== null && pair.shot.jpeg.length > 0;
    const stale = !this.held && (interruption !== "" || isSilent);
    chip.hidden = pair === null;
    if (pair) {
      const [kind, words] = this.words(pair, stale, interruption, silentMs);
      chip.dataset["kind"] = kind;
      setText(chip, words);
    }
    canvas.classList.toggle("dim", stale);
    canvas.hidden = pair === null;
    veil.hidden = pair !== null;
    if (!pair) setText(veil, this.owner.empty());
  }

  private words(pair: Pair, stale: boolean, interruption: string, silentMs: number): [kind: string, words: string] {
    const sequence = `#${sequenceOf(pair.shot.frame)}`;
    if (this.held)
      return [
        "held",
        `Frame ${sequence} held${this.progress !== "" ? `, ${this.progress}` : !this.result && this.owner.busy() ? ", asking" : ""}`,
      ];
    if (stale && interruption !== "") return ["stale", `Stale: ${interruption}`];
    const trouble = this.owner.cameraTrouble();
    if (stale) return ["stale", `Stale: no picture for ${Math.round(silentMs / 1000)} s${trouble === "" ? "" : `, camera ${trouble}`}`];
    if (pair.shot.jpeg.length === 0) return ["bare", `Mask only, no picture ${sequence}`];
    const lost = pair.masks.filter((m) => m.trackState === "lost").map((m) => m.track);
    if (lost.length > 0) return ["stale", `Live ${sequence} · lost: ${lost.join(", ")}`];
    const [mask] = pair.masks;
    return ["live", `Live ${sequence}${mask ? (mask.found ? " · mask of this frame" : " · nothing found") : ""}`];
  }
}

/** The frame of a mask whose picture never came. */
export const bare = (m: Mask): Shot => ({
  frame: m.frame,
  width: m.width,
  height: m.height,
  capturedUtc: "",
  jpeg: new Uint8Array(),
  at: 0,
});
