// The last masks of the camera in view, as small pictures: the newest first, a fixed number of them, each opens its frame again.
import { byId, el, setText } from "./dom";
import type { Pair } from "./frames";
import type { Mask } from "./wire";

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
  label: HTMLElement;
  button: HTMLButtonElement;
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
    const mask = pair.masks.filter((m) => m.found && m.counts !== null && m.track === "").at(-1);
    if (!mask || pair.shot.jpeg.length === 0 || this.has(pair, mask)) return;
    if (!held) {
      // nothing moves under the pointer or the keyboard's focus
      if (performance.now() - this.automaticAt < automaticEveryMs || strip.matches(":hover, :focus-within")) return;
      this.automaticAt = performance.now();
    }
    const entry = this.entries.length < historyKept ? this.make(pair, mask) : this.entries.pop()!;
    this.entries.unshift(entry);
    [entry.pair, entry.mask] = [pair, mask];
    const scale = Math.min(thumbnail.width / picture.width, thumbnail.height / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    const context = entry.canvas.getContext("2d")!;
    context.clearRect(0, 0, thumbnail.width, thumbnail.height);
    context.drawImage(picture, (thumbnail.width - w) / 2, (thumbnail.height - h) / 2, w, h);
    const how = mask.refines === "" ? (words[mask.source] ?? mask.source) : "Correction";
    const time = new Date().toLocaleTimeString("en-GB");
    setText(entry.label, time);
    entry.button.setAttribute("aria-label", `${how}, score ${mask.score.toFixed(2)}, ${time}`);
    entry.button.title = `${how}, score ${mask.score.toFixed(2)}`;
    entry.button.dataset["frame"] = pair.shot.frame;
    strip.prepend(entry.row);
    heading.hidden = false;
  }

  /** Of everything, the list of masks grows: it stays one entry. */
  private has(pair: Pair, mask: Mask): boolean {
    const isEverything = mask.source === "everything";
    return this.entries.some(
      (e) =>
        e.mask === mask ||
        (mask.id !== "" && e.mask.id === mask.id) ||
        (isEverything && e.mask.source === mask.source && e.pair.shot.frame === pair.shot.frame),
    );
  }

  private make(pair: Pair, mask: Mask): Entry {
    const canvas = el("canvas", { ...thumbnail, "aria-hidden": "true" });
    const label = el("span", { class: "muted" });
    const button = el("button", { type: "button", class: "thumbnail" }, canvas, label);
    const entry: Entry = { pair, mask, canvas, label, button, row: el("li", {}, button) };
    button.addEventListener("click", () => this.open(entry.pair, button.title.split(",")[0]!));
    return entry;
  }
}
