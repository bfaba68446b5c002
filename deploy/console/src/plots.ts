// Telemetry over time, as inline SVG. Colours come from the style sheet.
import { svg, el } from "./dom";
import type { Telemetry } from "./wire";

/** Samples kept: half an hour at the usual ten seconds. */
export const samplesKept = 180;

interface Line {
  name: string;
  className: string;
  values: number[];
}

const size = { width: 320, height: 96, left: 34, right: 6, top: 6, bottom: 16 };

export function plots(samples: Telemetry[], camera: string, stage: string): HTMLElement[] {
  const of = (read: (t: Telemetry) => number | undefined): number[] => samples.map((t) => read(t) ?? NaN);
  const figures = (p: "p50" | "p95" | "p99"): number[] => of((t) => t.cameras.get(camera)?.stages.get(stage)?.[p]);
  const at = samples.map((t) => t.at);
  const causes = [
    ...new Set(samples.flatMap((t) => (t.cameras.get(camera)?.drops ?? []).filter(([, n]) => n > 0).map(([cause]) => cause))),
  ].sort();
  const drops: Line[] = causes.slice(0, 4).map((cause, i) => ({
    name: cause.replaceAll("_", " "),
    className: `c${i}`,
    values: of((t) => t.cameras.get(camera)?.drops.find(([c]) => c === cause)?.[1] ?? 0),
  }));
  const made = [
    plot(`Latency, ${stage.replaceAll("_", " ")}`, "ms", at, [
      { name: "p50", className: "c0", values: figures("p50") },
      { name: "p95", className: "c1", values: figures("p95") },
      { name: "p99", className: "c2", values: figures("p99") },
    ]),
    plot("Frames a second", "", at, [
      { name: "camera", className: "c3", values: of((t) => t.cameras.get(camera)?.fpsIn) },
      { name: "masks", className: "c0", values: of((t) => t.cameras.get(camera)?.fpsOut) },
    ]),
    plot("Dropped frames by cause", "", at, drops.length > 0 ? drops : [{ name: "none", className: "c0", values: samples.map(() => 0) }]),
    plot("Memory", "MB", at, [{ name: "resident", className: "c4", values: of((t) => t.rssBytes / 1e6) }]),
  ];
  if (samples.some((t) => Number.isFinite(t.temperatureC)))
    made.push(plot("Temperature", "°C", at, [{ name: "hottest", className: "c2", values: of((t) => t.temperatureC) }]));
  else made.push(plot("Processor", "%", at, [{ name: "of one core", className: "c5", values: of((t) => t.cpuPercent) }]));
  return made;
}

const shown = (v: number): string => (v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v.toFixed(2)).replace(/\.0+$/, "");

function plot(title: string, unit: string, at: number[], lines: Line[]): HTMLElement {
  const values = lines.flatMap((l) => l.values).filter(Number.isFinite);
  const top = niceTop(Math.max(0, ...values));
  const [first, last] = [at[0] ?? 0, at[at.length - 1] ?? 0];
  const span = Math.max(1, last - first);
  const x = (t: number): number => size.left + ((size.width - size.left - size.right) * (t - first)) / span;
  const y = (v: number): number => size.height - size.bottom - ((size.height - size.top - size.bottom) * v) / top;
  const latest = lines.map((l) => `${l.name} ${Number.isFinite(l.values.at(-1)) ? `${shown(l.values.at(-1)!)} ${unit}`.trim() : "none"}`);
  const drawing = svg("svg", {
    viewBox: `0 0 ${size.width} ${size.height}`,
    role: "img",
    "aria-label": `${title}, last: ${latest.join(", ")}`,
  });
  for (const v of [0, top / 2, top]) {
    drawing.append(svg("line", { class: "grid", x1: size.left, x2: size.width - size.right, y1: y(v), y2: y(v) }));
    drawing.append(svg("text", { class: "tick", x: size.left - 5, y: y(v) + 3, "text-anchor": "end" }, shown(v)));
  }
  for (const l of lines) {
    const points = l.values.flatMap((v, i) => (Number.isFinite(v) ? [`${x(at[i]!).toFixed(1)},${y(v).toFixed(1)}`] : []));
    if (points.length > 1) drawing.append(svg("polyline", { class: `line ${l.className}`, points: points.join(" ") }));
    const end = points.at(-1)?.split(",");
    if (end) drawing.append(svg("circle", { class: `end ${l.className}`, cx: end[0], cy: end[1], r: 2.2 }));
  }
  drawing.append(svg("text", { class: "tick", x: size.left, y: size.height - 3 }, ago(last - first)));
  drawing.append(svg("text", { class: "tick", x: size.width - size.right, y: size.height - 3, "text-anchor": "end" }, "now"));
  const key = el("ul", { class: "key" }, ...lines.map((l, i) => el("li", {}, el("i", { class: l.className }), latest[i] ?? "")));
  return el("figure", { class: "plot" }, el("figcaption", {}, title), drawing, key);
}

const ago = (spanMs: number): string =>
  spanMs < 1000 ? "" : spanMs < 120_000 ? `${Math.round(spanMs / 1000)} s ago` : `${Math.round(spanMs / 60_000)} min ago`;

function niceTop(v: number): number {
  if (!(v > 0)) return 1;
  const scale = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 2.5, 5, 10].map((n) => n * scale).find((n) => n >= v) ?? 10 * scale;
}
