// The results that were asked for: the one in view with its figures and downloads, and a short list of the last ones.
import { el, save } from "./dom";
import { decode, png } from "./rle";
import type { Shot } from "./frames";
import type { Wish } from "./picture";
import { sequenceOf, stages, type Mask } from "./wire";

export interface Result { mask: Mask; shot: Shot | null; wish: Wish; device: string; how: string; roundTripMs: number }

const kept = 12;

export const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`;
export const ms = (v: number): string => (Number.isFinite(v) ? `${v < 10 ? v.toFixed(1) : v.toFixed(0)} ms` : "-");

const reasons: Record<string, string> = {
  nothing_salient: "nothing stands out",
  empty_mask: "the mask is empty",
  below_min_score: "the score is below the camera's minimum",
  below_min_area: "the object is smaller than the camera's minimum",
};

export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll("_", " ");

export class Results {
  private readonly results: Result[] = [];
  private chosen: Result | null = null;

  constructor(private readonly current: HTMLElement, private readonly listed: HTMLElement, private readonly choose: (result: Result) => void) {
    this.drawList();
  }

  add(result: Result): void {
    this.results.unshift(result);
    this.results.length = Math.min(this.results.length, kept);
    this.show(result);
  }

  clear(): void {
    this.results.length = 0;
    this.show(null);
  }

  /** The result in view; null: the live picture, of which `mask` is the last mask made unasked. */
  show(result: Result | null, mask: Mask | null = null): void {
    const changed = result !== this.chosen;
    this.chosen = result;
    if (result) this.drawResult(result);
    else this.drawLive(mask);
    if (changed) this.drawList();
  }

  private drawResult(r: Result): void {
    const m = r.mask;
    this.current.replaceChildren(
      el("h3", {}, m.found ? r.how : `${r.how}: nothing found`),
      !m.found ? el("p", { class: "muted" }, reasonText(m.reason)) : "",
      figures(m, [["Round trip", ms(r.roundTripMs)]]),
      stageBar(m),
      el("div", { class: "row" },
        el("button", { type: "button", disabled: m.counts === null || !m.found, click: () => void savePng(r) }, "Mask PNG"),
        el("button", { type: "button", disabled: m.counts === null || !m.found, click: () => saveRle(r) }, "COCO RLE"),
        r.shot !== null && r.shot.jpeg.length > 0 && el("button", { type: "button", click: () => save(`${m.frame}.jpg`, new Blob([r.shot!.jpeg as BlobPart], { type: "image/jpeg" })) }, "Picture")),
    );
  }

  private drawLive(m: Mask | null): void {
    if (!m) return this.current.replaceChildren(el("p", { class: "muted" }, "No mask yet. Click on an object, or drag a box around it."));
    this.current.replaceChildren(
      el("h3", {}, m.found ? "Automatic mask" : "Automatic: nothing found"),
      !m.found ? el("p", { class: "muted" }, reasonText(m.reason)) : "",
      figures(m, [["Age", ms(m.ageMs)]]),
      stageBar(m),
    );
  }

  private drawList(): void {
    if (this.results.length === 0) return this.listed.replaceChildren(el("li", { class: "muted" }, "What you ask for is listed here."));
    this.listed.replaceChildren(...this.results.map((r) =>
      el("li", {},
        el("button", { type: "button", class: "result", "aria-pressed": r === this.chosen ? "true" : "false", click: () => this.choose(r) },
          el("span", {}, r.how),
          el("span", { class: "muted" }, r.mask.found ? `${r.mask.score.toFixed(2)} · ${percent(r.mask.area, r.mask.width * r.mask.height)}` : "nothing"),
          el("span", { class: "muted" }, `#${sequenceOf(r.mask.frame)}`)))));
  }
}

function figures(m: Mask, more: [string, string][]): HTMLElement {
  const rows: [string, string][] = [
    ["Score", m.found ? m.score.toFixed(3) : "-"],
    ["Area", m.found ? `${m.area.toLocaleString("en")} px (${percent(m.area, m.width * m.height)})` : "-"],
    ["Model time", ms(sum(m, ["resize", "saliency", "clicks", "decode", "mask"]))],
    ...more,
    ["Frame", `#${sequenceOf(m.frame)}, ${m.width}×${m.height}`],
  ];
  const list = el("dl", { class: "figures" });
  for (const [name, value] of rows) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  if (m.omitted) list.append(el("div", {}, el("dt", {}, "Mask"), el("dd", {}, "too large for a message: box only")));
  return list;
}

const sum = (m: Mask, names: string[]): number => m.ms.filter(([n]) => names.includes(n)).reduce((total, [, v]) => total + v, 0);

/** Where the time went, stage by stage; the widths are the times. Waiting for the camera and in the queue is not work, so it is only listed. */
function stageBar(m: Mask): HTMLElement {
  const work = m.ms.filter(([stage]) => stage !== "capture" && stage !== "queue");
  const total = work.reduce((s, [, v]) => s + v, 0);
  const bar = el("div", { class: "stages", role: "img", "aria-label": `Work: ${work.map(([s, v]) => `${s} ${ms(v)}`).join(", ")}` });
  for (const [stage, v] of work) {
    const part = el("span", { class: `stage s${stages.indexOf(stage as (typeof stages)[number])}`, title: `${stage} ${ms(v)}` });
    part.style.flexGrow = String(total > 0 ? v / total : 1);
    bar.append(part);
  }
  const legend = el("ul", { class: "legend" });
  for (const [stage, v] of m.ms) {
    const waits = stage === "capture" || stage === "queue";
    const key = el("i", { class: waits ? "" : `s${stages.indexOf(stage as (typeof stages)[number])}` });
    legend.append(el("li", {}, key, el("span", {}, stage), el("b", {}, ms(v))));
  }
  return el("div", { class: "times" }, bar, legend);
}

async function savePng(r: Result): Promise<void> {
  const m = r.mask;
  const pixels = decode(m.counts ?? "", m.width, m.height);
  if (pixels) save(`${m.frame}-mask.png`, await png(pixels, m.width, m.height));
}

function saveRle(r: Result): void {
  const m = r.mask;
  const text = JSON.stringify({ device: r.device, camera: m.camera, frame: m.frame, score: m.score, area: m.area, segmentation: { size: [m.height, m.width], counts: m.counts } }, null, 1);
  save(`${m.frame}-rle.json`, new Blob([text, "\n"], { type: "application/json" }));
}

