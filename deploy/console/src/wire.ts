// What devices say (docs/asyncapi.yaml), as far as this page reads it. A message is parsed field by field: what does not fit is left out.
import { count, fields, isId, list, maxListed, number, text, type Fields } from "./fields";
import { live, type LiveSettings } from "./liveSettings";

export type Point = readonly [number, number];
export type Edges = readonly [number, number, number, number];

export interface Status {
  session: string;
  state: string;
  reasons: string[];
  sinceUtc: string;
}

export interface InfoCamera {
  id: string;
  kind: string;
  live: LiveSettings;
}

export interface Info {
  /** Empty: none. */
  fleet: string;
  tags: string[];
  edgeseg: string;
  model: string;
  provider: string;
  precisionReason: string;
  cameras: InfoCamera[];
  commands: string[];
  maxPoints: number;
  /** Whether the segmenter knows points off the object. */
  negativeClicks: boolean;
}

/** What a person should know of while it lasts, and what can be done about it. */
export interface Alert {
  text: string;
  remedy: string;
  degraded: boolean;
}

export interface CameraState {
  state: string;
  reason: string;
  reconnects: number;
}

export interface Mask {
  /** Names it in commands that correct or follow it; empty: it cannot be named. */
  id: string;
  /** The mask that this one corrects; empty: none. */
  refines: string;
  request: string | null;
  /** How many masks answer that request; 0: it alone. */
  count: number;
  camera: string;
  frame: string;
  width: number;
  height: number;
  source: string;
  clicks: Point[];
  /** Points off the object. */
  negative: Point[];
  box: Edges | null;
  found: boolean;
  reason: string;
  /** The followed object's id; empty: none. */
  track: string;
  /** How sure the device is of that object: tracking, uncertain or lost. */
  trackState: string;
  score: number;
  area: number;
  counts: string | null;
  omitted: boolean;
  model: string;
  ms: [string, number][];
  ageMs: number;
}

/** A mask of an object whose pixels came with it. */
export type WholeMask = Mask & { counts: string };
export const isWhole = (m: Mask): m is WholeMask => m.found && m.counts !== null;

export interface StageStats {
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

export interface CameraStats {
  fpsIn: number;
  fpsOut: number;
  drops: [string, number][];
  stages: Map<string, StageStats>;
}

export interface Telemetry {
  at: number;
  cameras: Map<string, CameraStats>;
  rssBytes: number;
  cpuPercent: number;
  temperatureC: number;
}

/** How an update of the model stands; `model` is the one that it is about, `total` 0 where the size is not known. */
export interface ModelState {
  state: string;
  model: string;
  reason: string;
  text: string;
  done: number;
  total: number;
}

export interface Reply {
  reply: "accepted" | "result" | "error";
  request: string | null;
  command: string;
  result: unknown;
  code: string;
  message: string;
}

export const stages = [
  "capture",
  "queue",
  "resize",
  "embed",
  "saliency",
  "clicks",
  "decode",
  "crop",
  "zoom",
  "mask",
  "encode",
  "publish",
] as const;

/** The message's object; null when it is none of version 1. */
export function parse(payload: Uint8Array): Fields | null {
  try {
    const message = fields(JSON.parse(new TextDecoder().decode(payload)));
    return message["v"] === 1 ? message : null;
  } catch {
    return null;
  }
}

export function status(m: Fields): Status {
  return { session: text(m["session"]), state: text(m["state"]), reasons: list(m["reasons"]).map(text), sinceUtc: text(m["since_utc"]) };
}

export function info(m: Fields): Info {
  const model = fields(list(m["models"]).find((x) => text(fields(x)["role"]) === "segmenter") ?? list(m["models"])[0]);
  return {
    fleet: text(m["fleet"]),
    tags: list(m["tags"]).map(text),
    edgeseg: text(fields(m["versions"])["edgeseg"]),
    model: `${text(model["name"])} ${text(model["version"])} ${text(model["precision"])}`.trim(),
    provider: text(m["provider"]),
    precisionReason: text(m["precision_reason"]),
    cameras: list(m["cameras"])
      .map(fields)
      .map((c) => ({ id: text(c["id"]), kind: text(c["kind"]), live: live(c) }))
      .filter((c) => isId(c.id)),
    commands: list(m["commands"]).map(text),
    maxPoints: count(fields(m["limits"])["points"]) || 6,
    negativeClicks: model["negative_clicks"] === true,
  };
}

export function cameraState(m: Fields): CameraState {
  return { state: text(m["state"]), reason: text(m["reason"]), reconnects: count(m["reconnects"]) };
}

const point = (v: unknown): Point => [number(list(v)[0]), number(list(v)[1])];
const finite = (p: readonly number[]): boolean => p.every(Number.isFinite);

export function mask(m: Fields): Mask | null {
  const [width, height] = [number(list(m["image"])[0]), number(list(m["image"])[1])];
  if (!(width > 0 && height > 0 && width * height <= 1e8)) return null;
  const prompt = fields(m["prompt"]);
  const edges = list(prompt["box"]).map(number);
  const shape = fields(m["mask"]);
  const size = list(shape["size"]).map(number);
  const fits = shape["format"] === "coco_rle" && size[0] === height && size[1] === width && typeof shape["counts"] === "string";
  const model = fields(m["model"]);
  return {
    id: text(m["id"]),
    refines: text(m["refines"]),
    request: typeof m["request"] === "string" ? m["request"] : null,
    count: count(m["count"]),
    camera: text(m["camera"]),
    frame: text(m["frame"]),
    width,
    height,
    source: text(prompt["source"]),
    clicks: list(prompt["clicks"]).map(point).filter(finite),
    negative: list(prompt["negative_clicks"]).map(point).filter(finite),
    box: edges.length === 4 && finite(edges) ? [edges[0]!, edges[1]!, edges[2]!, edges[3]!] : null,
    found: m["found"] === true,
    reason: text(m["reason"]),
    track: text(fields(m["track"])["id"]),
    trackState: text(fields(m["track"])["state"]),
    score: number(m["score"]),
    area: count(m["area"]),
    counts: fits ? (shape["counts"] as string) : null,
    omitted: m["mask_omitted"] !== undefined,
    model: `${text(model["name"])} ${text(model["version"])} ${text(model["precision"])}`.trim(),
    ms: stages.map((s): [string, number] => [s, number(fields(m["ms"])[s])]).filter(([, ms]) => ms >= 0),
    ageMs: number(m["age_ms"]),
  };
}

export function telemetry(m: Fields): Telemetry {
  const cameras = new Map<string, CameraStats>();
  for (const [id, value] of Object.entries(fields(m["cameras"])).slice(0, maxListed)) {
    const c = fields(value);
    const of = new Map<string, StageStats>();
    for (const [stage, v] of Object.entries(fields(c["stages"])).slice(0, maxListed)) {
      const s = fields(v);
      of.set(stage, {
        count: count(s["count"]),
        p50: number(s["p50"]),
        p95: number(s["p95"]),
        p99: number(s["p99"]),
        max: number(s["max"]),
      });
    }
    const drops = Object.entries(fields(c["drops"]))
      .slice(0, maxListed)
      .map(([cause, n]): [string, number] => [cause, count(n)]);
    cameras.set(id, { fpsIn: number(c["fps_in"]), fpsOut: number(c["fps_out"]), drops, stages: of });
  }
  const process = fields(m["process"]);
  return {
    at: Date.parse(text(m["at_utc"])) || Date.now(),
    cameras,
    rssBytes: number(process["rss_bytes"]),
    cpuPercent: number(process["cpu_percent"]),
    temperatureC: hottest(m),
  };
}

/** Boards name their zones in their own way; the hottest is what throttles. */
function hottest(m: Fields): number {
  const zones = Object.values(fields(fields(m["board"])["temperature_c"]))
    .map(number)
    .filter(Number.isFinite);
  return zones.length > 0 ? Math.max(...zones) : NaN;
}

export function modelState(m: Fields): ModelState {
  const version = typeof m["version"] === "number" ? String(m["version"]) : text(m["version"]);
  return {
    state: text(m["state"]),
    model: `${text(m["name"])} ${version}`.trim(),
    reason: text(m["reason"]),
    text: text(m["text"]),
    done: count(m["bytes"]),
    total: count(m["bytes_total"]),
  };
}

export function reply(m: Fields): Reply | null {
  const kind = m["reply"];
  if (kind !== "accepted" && kind !== "result" && kind !== "error") return null;
  const error = fields(m["error"]);
  return {
    reply: kind,
    request: typeof m["request"] === "string" ? m["request"] : null,
    command: text(m["command"]),
    result: m["result"],
    code: text(error["code"]),
    message: text(error["message"]),
  };
}

/** The frame that a snapshot's result names. */
export const snapshotFrame = (result: unknown): string => text(fields(result)["frame"]);

/** The result of "everything": how many masks there were, and whether the whole frame was looked at. */
export const everything = (result: unknown): { count: number; complete: boolean } => ({
  count: count(fields(result)["count"]),
  complete: fields(result)["complete"] !== false,
});

/** The mask in a reply's result. */
export const maskOf = (result: unknown): Mask | null => mask(fields(result));

export function alert(m: Fields): Alert {
  return { text: text(m["text"]), remedy: text(m["remedy"]), degraded: m["degraded"] === true };
}

/** The number at a frame id's end; NaN when there is none. */
export const sequenceOf = (frame: string): number => Number(/-(\d+)$/.exec(frame)?.[1] ?? NaN);
