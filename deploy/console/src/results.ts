// The results that were asked for: the one in view with its figures and downloads, and a short list of the last ones.
import { el, save } from "./dom";
import { decode, png } from "./rle";
import type { Shot } from "./frames";
import type { PromptRequest } from "./prompts";
import { isWhole, sequenceOf, stages, type Mask, type WholeMask } from "./wire";

/** What one command brought: a mask, or many when everything was asked for. */
export interface Result {
  masks: readonly [Mask, ...Mask[]];
  shot: Shot | null;
  request: PromptRequest;
  device: string;
  camera: string;
  how: string;
  roundTripMs: number;
}

const kept = 12;

export const percent = (part: number, of: number): string => `${((100 * part) / of).toFixed(1)} %`;
export const ms = (v: number): string => (Number.isFinite(v) ? `${v < 10 ? v.toFixed(1) : v.toFixed(0)} ms` : "-");

const reasons: Record<string, string> = {
  nothing_salient: "nothing stands out",
  empty_mask: "the mask is empty",
  below_min_score: "the score is below the camera's minimum",
  lost: "the followed object is lost",
  below_min_area: "the object is smaller than the camera's minimum",
};

export const reasonText = (reason: string): string => reasons[reason] ?? reason.replaceAll("_", " ");

export class Results {
  private readonly results: Result[] = [];
  private chosen: Result | null = null;

  constructor(
    private readonly current: HTMLElement,
    private readonly listed: HTMLElement,
    private readonly choose: (result: Result) => void,
  ) {
    this.drawList();
  }

  /** A new result, in view or only for the list. */
  add(result: Result, isShown = true): void {
    this.results.unshift(result);
    this.results.length = Math.min(this.results.length, kept);
    if (isShown) this.show(result);
    this.drawList();
  }

  /** A result has more masks than it had. */
  grown(result: Result): void {
    if (result === this.chosen) this.drawResult(result);
    this.drawList();
  }

  clear(): void {
    this.results.length = 0;
    this.show(null);
    this.drawList();
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
    const [m] = r.masks;
    const nothing = { disabled: maps(r).length === 0 };
    this.current.replaceChildren(
      el("h3", {}, m.found ? r.how : `${r.how}: nothing found`, " ", el("span", { class: "muted" }, `on ${r.camera}`)),
      !m.found ? el("p", { class: "muted" }, reasonText(m.reason)) : "",
      r.masks.length === 1 ? figures(m, [["Round trip", ms(r.roundTripMs)]]) : manyFigures(r),
      stageBar(m),
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", ...nothing, click: () => void savePng(r) }, "Mask PNG"),
        el("button", { type: "button", ...nothing, click: () => saveRle(r) }, "COCO RLE"),
        r.shot !== null &&
          r.shot.jpeg.length > 0 &&
          el(
            "button",
            { type: "button", click: () => save(`${m.frame}.jpg`, new Blob([r.shot!.jpeg as BlobPart], { type: "image/jpeg" })) },
            "Picture",
          ),
      ),
    );
  }

  private drawLive(m: Mask | null): void {
    if (!m) return this.current.replaceChildren(el("p", { class: "muted" }, "No mask yet. Click on an object, or drag a box around it."));
    this.current.replaceChildren(
      el("h3", {}, m.found ? "Automatic mask" : "Automatic: nothing found", " ", el("span", { class: "muted" }, `on ${m.camera}`)),
      !m.found ? el("p", { class: "muted" }, reasonText(m.reason)) : "",
      figures(m, [["Age", ms(m.ageMs)]]),
      stageBar(m),
    );
  }

  private drawList(): void {
    if (this.results.length === 0) return this.listed.replaceChildren(el("li", { class: "muted" }, "What you ask for is listed here."));
    this.listed.replaceChildren(
      ...this.results.map((r) =>
        el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: "result", "aria-pressed": r === this.chosen ? "true" : "false", click: () => this.choose(r) },
            el("span", {}, r.how, " ", el("span", { class: "muted" }, r.camera)),
            el("span", { class: "muted" }, summary(r)),
            el("span", { class: "muted" }, `#${sequenceOf(r.masks[0].frame)}`),
          ),
        ),
      ),
    );
  }
}

function summary({ masks: [m, ...more] }: Result): string {
  if (more.length > 0) return `${more.length + 1} masks`;
  return m.found ? `${m.score.toFixed(2)} · ${percent(m.area, m.width * m.height)}` : "nothing";
}

/** The result's masks that came whole. */
const maps = (r: Result): WholeMask[] => r.masks.filter(isWhole);

function manyFigures(r: Result): HTMLElement {
  const [m] = r.masks;
  const areas = r.masks.map((x) => x.area);
  const size = m.width * m.height;
  return rows([
    ["Masks", String(r.masks.length)],
    ["Largest", percent(Math.max(...areas), size)],
    ["Smallest", percent(Math.min(...areas), size)],
    ["Round trip", ms(r.roundTripMs)],
    ["Frame", `#${sequenceOf(m.frame)}, ${m.width}×${m.height}`],
  ]);
}

function rows(pairs: [string, string][]): HTMLElement {
  return el("dl", { class: "figures" }, ...pairs.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function figures(m: Mask, more: [string, string][]): HTMLElement {
  return rows([
    ["Score", m.found ? m.score.toFixed(3) : "-"],
    ["Area", m.found ? `${m.area.toLocaleString("en")} px (${percent(m.area, m.width * m.height)})` : "-"],
    ["Model time", ms(sum(m, ["resize", "embed", "saliency", "clicks", "decode", "crop", "zoom", "mask"]))],
    ...more,
    ["Frame", `#${sequenceOf(m.frame)}, ${m.width}×${m.height}`],
    ...(m.omitted ? [["Mask", "too large for a message: box only"] as [string, string]] : []),
  ]);
}

const sum = (m: Mask, names: string[]): number => m.ms.filter(([n]) => names.includes(n)).reduce((total, [, v]) => total + v, 0);

/** The time of each stage as a bar. Waiting for the camera and in the queue is listed only, since it is not work. */
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
  const [m] = r.masks;
  const pixels = maps(r)
    .map((x) => decode(x.counts, m.width, m.height))
    .filter((x) => x !== null);
  if (pixels.length > 0) save(`${m.frame}-mask.png`, await png(pixels, m.width, m.height));
}

/** One object, or a list of them for many masks. */
function saveRle(r: Result): void {
  const objects = maps(r).map((m) => ({
    device: r.device,
    camera: m.camera,
    frame: m.frame,
    score: m.score,
    area: m.area,
    segmentation: { size: [m.height, m.width], counts: m.counts },
  }));
  save(
    `${r.masks[0].frame}-rle.json`,
    new Blob([JSON.stringify(objects.length === 1 ? objects[0] : objects, null, 1), "\n"], { type: "application/json" }),
  );
}
