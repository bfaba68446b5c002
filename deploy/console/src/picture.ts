// The picture: draws a frame with its mask and prompts, and turns pointer and keys into prompts in the frame's pixels.
import { LatestOnly } from "./latest";
import { decode, paint, tint } from "./rle";
import { bitmapOf, type Pair } from "./frames";
import { colours, Marks } from "./marks";
import { clicked, noPrompt, type Abilities, type PromptRequest } from "./prompts";
import { isWhole, type Edges, type Mask, type Point } from "./wire";

/** A picture that is to be shown. */
interface Wanted {
  pair: Pair;
  request: PromptRequest;
  /** Of the call to `show` that it belongs to; one of an earlier call is not shown any more. */
  generation: number;
  /** The next of the live picture, which waits while the operator drags. */
  isOffer: boolean;
  done: () => void;
}

const dragPx = 8;
const stepPx = 8;

export class Picture {
  /** Whether the next click corrects what is there instead of beginning again. */
  correcting = false;
  /** Whether the next click is one off the object. */
  excluding = false;
  private pair: Pair | null = null;
  private bitmap: ImageBitmap | null = null;
  /** The masks as they are painted, and which they are. */
  private veil: HTMLCanvasElement | null = null;
  private painted: readonly Mask[] = [];
  private request: PromptRequest = noPrompt;
  private drag: { from: Point; to: Point; id: number } | null = null;
  private cursor: Point | null = null;
  private corner: Point | null = null;
  private generation = 0;
  private readonly wanted = new LatestOnly<Wanted>(
    (w) => this.bring(w),
    (w) => w.done(),
  );

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly abilities: () => Abilities,
    private readonly asked: (request: PromptRequest) => void,
    private readonly say: (sentence: string) => void,
    private readonly refused: (sentence: string) => void,
  ) {
    canvas.addEventListener("pointerdown", (e) => this.down(e));
    canvas.addEventListener("pointermove", (e) => this.move(e));
    canvas.addEventListener("pointerup", (e) => this.up(e));
    for (const lost of ["pointercancel", "lostpointercapture"])
      canvas.addEventListener(lost, () => {
        this.drag = null;
        this.draw();
      });
    canvas.addEventListener("keydown", (e) => this.key(e));
    canvas.addEventListener("blur", () => {
      this.cursor = null;
      this.corner = null;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  get current(): Pair | null {
    return this.pair;
  }

  /** Shows this frame, whatever was to be shown before; the prompt drawn is the mask's own, or what was asked. */
  show(pair: Pair | null, request: PromptRequest = noPrompt): Promise<void> {
    this.generation++;
    // what was begun on one frame is not asked on another
    if (pair?.shot !== this.pair?.shot) [this.drag, this.corner] = [null, null];
    if (!pair || pair.shot === this.pair?.shot || pair.shot.jpeg.length === 0) {
      this.put(pair, request, null);
      return Promise.resolve();
    }
    return this.want(pair, request, false);
  }

  /** Shows the next frame of the live picture once it is decoded, or a newer one in its place; none while the operator drags. */
  offer(pair: Pair): Promise<void> {
    return this.want(pair, noPrompt, true);
  }

  private want(pair: Pair, request: PromptRequest, isOffer: boolean): Promise<void> {
    return new Promise((done) => this.wanted.push({ pair, request, isOffer, generation: this.generation, done }));
  }

  private async bring({ pair, request, isOffer, generation, done }: Wanted): Promise<void> {
    let bitmap: ImageBitmap | null = null;
    if (generation === this.generation && pair.shot !== this.pair?.shot && pair.shot.jpeg.length > 0) bitmap = await bitmapOf(pair.shot);
    // a click and a box are asked on the frame on which they were begun
    if (generation === this.generation && !(isOffer && this.drag)) this.put(pair, request, bitmap);
    else bitmap?.close();
    done();
  }

  /** @param bitmap The decoded picture; null: that of the frame in view is the frame's, or there is none. */
  private put(pair: Pair | null, request: PromptRequest, bitmap: ImageBitmap | null): void {
    if (pair?.shot !== this.pair?.shot) {
      this.bitmap?.close();
      this.bitmap = bitmap;
    } else {
      bitmap?.close();
    }
    this.pair = pair;
    this.request = request;
    if (pair && (this.canvas.width !== pair.shot.width || this.canvas.height !== pair.shot.height)) {
      this.canvas.width = pair.shot.width;
      this.canvas.height = pair.shot.height;
      this.canvas.style.setProperty("--ratio", String(pair.shot.width / pair.shot.height));
    }
    this.paintMasks(pair?.masks ?? []);
    this.canvas.dataset["frame"] = pair?.shot.frame ?? "";
    this.canvas.dataset["mask"] = pair?.masks[0]?.frame ?? "";
    this.canvas.dataset["masks"] = String(this.painted.length);
    this.draw();
  }

  /** Many masks come one after the other: what is painted already stays, as long as the list only grows. */
  private paintMasks(masks: readonly Mask[]): void {
    const fitting = masks.filter(isWhole).filter((m) => m.frame === this.pair?.shot.frame);
    const grows = this.veil !== null && this.painted.every((m, i) => m === fitting[i]);
    if (!grows) [this.veil, this.painted] = [null, []];
    for (const [i, m] of fitting.entries()) {
      if (i < this.painted.length) continue;
      const pixels = decode(m.counts, m.width, m.height);
      if (!pixels) continue;
      const layer = paint(pixels, m.width, m.height, 1.5 * this.scale, tint(i));
      if (this.veil) this.veil.getContext("2d")!.drawImage(layer, 0, 0);
      else this.veil = layer;
    }
    this.painted = fitting;
  }

  /** Frame pixels to one pixel of the screen. */
  private get scale(): number {
    const shown = this.canvas.clientWidth;
    return shown > 0 ? this.canvas.width / shown : 1;
  }

  private draw(): void {
    const context = this.canvas.getContext("2d")!;
    const { width, height } = this.canvas;
    context.clearRect(0, 0, width, height);
    if (!this.pair) return;
    if (this.bitmap) context.drawImage(this.bitmap, 0, 0, width, height);
    if (this.veil) context.drawImage(this.veil, 0, 0, width, height);
    const mask = this.pair.masks[0] ?? null;
    // of many masks, the points that each was asked with are no help
    if (mask?.source === "everything") return this.drawCursor(context);
    const colour = mask?.source === "auto" ? colours.auto : colours.request;
    const marks = new Marks(context, this.scale);
    if (mask?.box) marks.outline(mask.box, colour);
    if (this.request.box) marks.outline(this.request.box, colours.request);
    for (const p of mask?.clicks ?? []) marks.dot(p, colour);
    for (const p of mask?.negative ?? []) marks.off(p);
    for (const { at, off } of this.request.clicks)
      if (off) marks.off(at);
      else marks.dot(at, colours.request);
    this.drawCursor(context);
  }

  /** What the operator is about to ask. */
  private drawCursor(context: CanvasRenderingContext2D): void {
    const marks = new Marks(context, this.scale);
    if (this.drag && this.isBox(this.drag.from, this.drag.to)) marks.outline(edges(this.drag.from, this.drag.to), colours.request, true);
    if (this.corner && this.cursor) marks.outline(edges(this.corner, this.cursor), colours.request, true);
    if (this.cursor) marks.cross(this.cursor);
  }

  private at(e: PointerEvent): Point {
    const area = this.canvas.getBoundingClientRect();
    return this.inside([
      ((e.clientX - area.left) / area.width) * this.canvas.width,
      ((e.clientY - area.top) / area.height) * this.canvas.height,
    ]);
  }

  private inside([x, y]: Point): Point {
    const clamp = (v: number, size: number): number => Math.min(size - 1, Math.max(0, Math.round(v * 10) / 10));
    return [clamp(x, this.canvas.width), clamp(y, this.canvas.height)];
  }

  private isBox(a: Point, b: Point): boolean {
    return Math.abs(a[0] - b[0]) > dragPx * this.scale && Math.abs(a[1] - b[1]) > dragPx * this.scale;
  }

  private down(e: PointerEvent): void {
    if (!this.pair || e.button !== 0) return;
    this.cursor = null;
    this.drag = { from: this.at(e), to: this.at(e), id: e.pointerId };
    this.canvas.setPointerCapture(e.pointerId);
  }

  private move(e: PointerEvent): void {
    if (this.drag?.id !== e.pointerId) return;
    this.drag.to = this.at(e);
    this.draw();
  }

  private up(e: PointerEvent): void {
    const drag = this.drag;
    if (drag?.id !== e.pointerId) return;
    this.drag = null;
    if (this.isBox(drag.from, drag.to)) this.ask({ ...noPrompt, box: edges(drag.from, drag.to) });
    else this.click(drag.from, e);
  }

  private click(at: Point, { shiftKey, altKey }: { shiftKey: boolean; altKey: boolean }): void {
    if (!this.pair) return;
    const click = { at, off: altKey || this.excluding };
    const request = clicked(this.pair, this.request, click, shiftKey || this.correcting, this.abilities());
    if (typeof request === "string") this.refused(request);
    else this.ask(request);
  }

  private ask(request: PromptRequest): void {
    this.request = request;
    this.draw();
    this.asked(request);
  }

  private key(e: KeyboardEvent): void {
    const moves: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const step = moves[e.key];
    if (!this.pair || e.ctrlKey || e.metaKey || (e.altKey && e.key !== "Enter")) return;
    const cursor = this.cursor ?? [this.canvas.width / 2, this.canvas.height / 2];
    if (step) {
      const by = stepPx * this.scale * (e.shiftKey ? 5 : 1);
      this.cursor = this.inside([cursor[0] + step[0] * by, cursor[1] + step[1] * by]);
      this.say(
        `${Math.round((100 * this.cursor[0]) / this.canvas.width)} percent from the left, ` +
          `${Math.round((100 * this.cursor[1]) / this.canvas.height)} from the top`,
      );
    } else if (e.key === "Enter" || e.key === " ") {
      this.cursor = this.inside(cursor);
      if (this.corner && this.isBox(this.corner, this.cursor)) this.ask({ ...noPrompt, box: edges(this.corner, this.cursor) });
      else this.click(this.cursor, e);
      this.corner = null;
    } else if (e.key === "b" || e.key === "B") {
      this.corner = this.inside(cursor);
      this.cursor = this.corner;
      this.say("First corner of the box set: go to the other one and press Enter.");
    } else {
      return;
    }
    e.preventDefault();
    this.draw();
  }
}

const edges = (a: Point, b: Point): Edges => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
