// The last masks of the camera in view, as small pictures: the newest first, a fixed number of them, each opens its frame again.
import { byId, el } from "./dom";
import type { Pair } from "./frames";
import { isWhole, type Mask } from "./wire";

const strip = byId("history", HTMLElement);
const heading = byId("history-title", HTMLElement);

/** Pictures and masks that are kept. */
export const historyKept = 16;
const thumbnail = { width: 96, height: 72 };
/** Automatic masks come several a second: one of them in so long is enough to look back. */
const automaticEveryMs = 2_000;

const words: Record<string, string> = { auto: "Automatic", click: "Click", box: "Box", everything: "Everything" };

interface Entry {
  pair: Pair;
  mask: Mask;
  row: HTMLElement;
  canvas: HTMLCanvasElement;
}

export class MaskHistory {
  private entries: Entry[] = [];
  private automaticAt = -Infinity;

  /** @param open Shows a frame with its masks again. */
  constructor(private readonly open: (pair: Pair, how: string) => void) {}

  clear(): void {
    this.entries = [];
    this.automaticAt = -Infinity;
    strip.replaceChildren();
    heading.hidden = true;
  }

  /**
   * Takes what is in view, where it has a mask.
   * @param picture The canvas that shows it.
   * @param held Whether the operator asked for it.
   */
  offer(pair: Pair, picture: HTMLCanvasElement, held: boolean): void {
    // the newest: an operator's click comes after the automatic mask of the same frame
    const mask = pair.masks.filter((m) => isWhole(m) && m.track === "").at(-1);
    if (!mask || pair.shot.jpeg.length === 0) return;
    const known = this.find(pair, mask);
    if (known) {
      // of everything, the list of masks grows
      if (mask.source === "everything" && pair.masks.length > known.pair.masks.length) {
        known.pair = pair;
        copy(picture, known.canvas);
      }
      return;
    }
    if (!held) {
      // nothing moves under the pointer or the keyboard's focus
      if (performance.now() - this.automaticAt < automaticEveryMs || strip.matches(":hover, :focus-within")) return;
      this.automaticAt = performance.now();
    }
    const entry = this.make(pair, mask);
    copy(picture, entry.canvas);
    this.entries.unshift(entry);
    strip.prepend(entry.row);
    if (this.entries.length > historyKept) this.entries.pop()!.row.remove();
    heading.hidden = false;
  }

  /** Everything of a frame is one entry. */
  private find(pair: Pair, mask: Mask): Entry | undefined {
    const isEverything = mask.source === "everything";
    return this.entries.find(
      (e) =>
        e.mask === mask ||
        (mask.id !== "" && e.mask.id === mask.id) ||
        (isEverything && e.mask.source === mask.source && e.pair.shot.frame === pair.shot.frame),
    );
  }

  private make(pair: Pair, mask: Mask): Entry {
    const how = mask.refines === "" ? (words[mask.source] ?? mask.source) : "Correction";
    const title = `${how}, score ${mask.score.toFixed(2)}`;
    const time = new Date().toLocaleTimeString("en-GB");
    const canvas = el("canvas", { ...thumbnail, "aria-hidden": "true" });
    const button = el(
      "button",
      {
        type: "button",
        class: "thumbnail",
        title,
        "aria-label": `${title}, ${time}`,
        "data-frame": pair.shot.frame,
        click: () => this.open(entry.pair, how),
      },
      canvas,
      el("span", { class: "muted" }, time),
    );
    const entry: Entry = { pair, mask, canvas, row: el("li", {}, button) };
    return entry;
  }
}

/** Draws the picture as large as it fits, in the middle. */
function copy(picture: HTMLCanvasElement, onto: HTMLCanvasElement): void {
  const scale = Math.min(thumbnail.width / picture.width, thumbnail.height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  const context = onto.getContext("2d")!;
  context.clearRect(0, 0, thumbnail.width, thumbnail.height);
  context.drawImage(picture, (thumbnail.width - w) / 2, (thumbnail.height - h) / 2, w, h);
}
