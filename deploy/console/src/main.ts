import { byId, el, setText } from "./dom";
import { Frames, type Pair } from "./frames";
import { Link, type Answer, type LinkState, type Login } from "./link";
import { Picture, type Wish } from "./picture";
import { plots, samplesKept } from "./plots";
import { Results, type Result } from "./results";
import * as wire from "./wire";

const previewWanted = { on: true, max_fps: 5, width: 800, quality: 70, for_s: 30 };
const renewMs = 12_000;
const staleMs = 6_000;

interface Device {
  id: string;
  status: wire.Status | null;
  /** Of the last status that was not offline: a late will of an earlier session is ignored. */
  session: string;
  info: wire.Info | null;
  cameras: Map<string, wire.CameraState>;
  alerts: Map<string, string>;
  telemetry: wire.Telemetry[];
  model: wire.ModelState | null;
}

const form = byId("login", HTMLFormElement);
const url = byId("url", HTMLInputElement);
const user = byId("user", HTMLInputElement);
const password = byId("password", HTMLInputElement);
const formNote = byId("login-note", HTMLElement);
const badge = byId("link", HTMLElement);
const leave = byId("leave", HTMLButtonElement);
const board = byId("board", HTMLElement);
const deviceList = byId("devices", HTMLElement);
const noDevice = byId("no-device", HTMLElement);
const title = byId("device-name", HTMLElement);
const stateLine = byId("device-state", HTMLElement);
const factsLine = byId("device-facts", HTMLElement);
const alertList = byId("alerts", HTMLElement);
const cameraChoice = byId("camera", HTMLSelectElement);
const canvas = byId("picture", HTMLCanvasElement);
const frameChip = byId("frame-chip", HTMLElement);
const veil = byId("veil", HTMLElement);
const notice = byId("notice", HTMLElement);
const spoken = byId("spoken", HTMLElement);
const addMore = byId("add", HTMLButtonElement);
const auto = byId("auto", HTMLButtonElement);
const everything = byId("everything", HTMLButtonElement);
const snapshot = byId("snapshot", HTMLButtonElement);
const live = byId("live", HTMLButtonElement);
const stageChoice = byId("stage", HTMLSelectElement);
const plotBox = byId("plots", HTMLElement);
const modelBox = byId("model", HTMLElement);

const devices = new Map<string, Device>();
let state: LinkState = { kind: "off" };
let device: Device | null = null;
let camera = "";
/** A frame that the operator looks at, instead of the live picture. */
let heldResult: Result | null = null;
let heldFrame = false;
let asking = 0;
let lastMask: wire.Mask | null = null;
let lastPictureAt = -Infinity;
let previewFault = "";
let previewAskedAt = -Infinity;
let wantedSnapshot = "";
let blocked = false;

const frames = new Frames((pair) => { if (!heldFrame) void view(pair); });
const picture = new Picture(canvas, () => device?.info?.maxPoints ?? 6, (wish) => void prompt(wish), (sentence) => setText(spoken, sentence));
const results = new Results(byId("current", HTMLElement), byId("results", HTMLElement), (result) => void choose(result));
const link = new Link(linkChanged, received);

// ---- the connection

function linkChanged(now: LinkState): void {
  state = now;
  const words: Record<LinkState["kind"], string> = { off: "not connected", connecting: "connecting", online: "connected", lost: "no broker", refused: "refused" };
  setText(badge, words[now.kind]);
  badge.dataset["kind"] = now.kind;
  const asksForLogin = now.kind === "off" || now.kind === "refused" || (now.kind === "lost" && !now.was);
  form.hidden = !asksForLogin && now.kind !== "connecting";
  board.hidden = !form.hidden;
  leave.hidden = now.kind === "off" || now.kind === "refused";
  if (now.kind === "refused") {
    formNote.textContent = now.login ? "The broker asks for a user and a password." : `The broker refuses the connection: ${now.reason}`;
    if (now.login) user.focus();
  } else if (now.kind === "lost" && !now.was) {
    formNote.textContent = blocked
      ? "This page was served by a device and may reach only that device's own broker. Open the page from another web server to reach another broker."
      : `No broker answers at ${url.value}. Trying again; check the address and that the broker has a WebSocket listener.`;
  } else if (now.kind !== "connecting") {
    formNote.textContent = "";
  }
  if (now.kind === "lost" && now.was) tell("error", "no broker", "The connection to the broker is lost. Trying again by itself.");
  if (now.kind === "online") {
    tell("", "", "");
    previewAskedAt = -Infinity;
    window.setTimeout(showDevices, 1500);
  }
  showDevices();
  showDevice();
}

form.addEventListener("submit", (e) => {
  e.preventDefault();
  const login: Login = { url: url.value.trim(), user: user.value, password: password.value };
  if (!/^wss?:\/\/[^/]/.test(login.url)) {
    formNote.textContent = "The address begins with ws:// or wss://, for example ws://robot:9001/";
    return;
  }
  blocked = false;
  link.open(login);
  // from here on only the connection knows it
  password.value = "";
});

leave.addEventListener("click", () => {
  link.close();
  devices.clear();
  void select(null);
  linkChanged({ kind: "off" });
});

document.addEventListener("securitypolicyviolation", (e) => {
  if (e.effectiveDirective !== "connect-src") return;
  blocked = true;
  linkChanged(state);
});

// ---- messages

function received(topic: string, payload: Uint8Array, properties: Record<string, string>): void {
  const [root, version, id, ...rest] = topic.split("/");
  if (root !== "edgeseg" || version !== "v1" || id === undefined || !wire.isId(id)) return;
  if (rest.length === 1 && rest[0] === "status") return statusCame(id, payload);
  const of = devices.get(id);
  if (!of || of !== device) return;
  if (rest[0] === "cam" && rest[2] === "preview") return previewCame(rest[1]!, payload, properties);
  if (rest[0] === "alert" && payload.length === 0) of.alerts.delete(rest[1] ?? "");
  const message = wire.parse(payload);
  if (!message) return rest[0] === "alert" ? showDevice() : undefined;
  if (rest[0] === "info") infoCame(of, wire.info(message));
  else if (rest[0] === "telemetry") telemetryCame(of, wire.telemetry(message));
  else if (rest[0] === "model" && rest[1] === "state") of.model = wire.modelState(message);
  else if (rest[0] === "alert" && rest[1] && of.alerts.size < 32) of.alerts.set(rest[1], wire.alertText(message));
  else if (rest[0] === "cam" && rest[2] === "state") of.cameras.set(rest[1]!, wire.cameraState(message));
  else if (rest[0] === "cam" && rest[2] === "mask" && rest[1] === camera) return maskCame(wire.mask(message));
  showDevice();
}

function statusCame(id: string, payload: Uint8Array): void {
  if (payload.length === 0) devices.delete(id);
  const message = wire.parse(payload);
  if (message) {
    const said = wire.status(message);
    const of = devices.get(id) ?? { id, status: null, session: "", info: null, cameras: new Map(), alerts: new Map(), telemetry: [], model: null };
    if (said.state === "offline" && of.session !== "" && of.session !== said.session) return;
    if (said.state !== "offline") {
      // a restarted device knows nothing of a preview
      if (of === device && of.session !== said.session) previewAskedAt = -Infinity;
      of.session = said.session;
    }
    of.status = said;
    if (devices.size < 200) devices.set(id, of);
  }
  if (!device) {
    const first = [...devices.values()].find((d) => d.status?.state === "online" || d.status?.state === "degraded");
    if (first) void select(first);
  }
  showDevices();
  showDevice();
}

function infoCame(of: Device, info: wire.Info): void {
  of.info = info;
  if (!info.cameras.some((c) => c.id === camera)) chooseCamera(info.cameras[0]?.id ?? "");
  cameraChoice.replaceChildren(...info.cameras.map((c) => el("option", { value: c.id, selected: c.id === camera }, c.id)));
  cameraChoice.disabled = info.cameras.length < 2;
}

function telemetryCame(of: Device, sample: wire.Telemetry): void {
  of.telemetry.push(sample);
  if (of.telemetry.length > samplesKept) of.telemetry.shift();
  showPlots();
}

function previewCame(of: string, payload: Uint8Array, p: Record<string, string>): void {
  const [width, height] = [Number(p["width"]), Number(p["height"])];
  const frame = p["frame"] ?? "";
  if (of !== camera || frame === "" || !(width > 0 && height > 0 && width * height <= 1e8)) return;
  lastPictureAt = performance.now();
  previewFault = "";
  frames.addShot({ frame, width, height, capturedUtc: p["captured_utc"] ?? "", jpeg: payload.slice(), at: lastPictureAt });
  if (frame === wantedSnapshot) showSnapshot(frame);
}

function maskCame(mask: wire.Mask | null): void {
  if (!mask) return;
  lastMask = mask;
  // without pictures the masks are still worth seeing
  if (previewFault !== "" && !frames.find(mask.frame)) frames.addShot({ frame: mask.frame, width: mask.width, height: mask.height, capturedUtc: "", jpeg: new Uint8Array(), at: performance.now() });
  frames.addMask(mask);
  if (!heldFrame) results.show(null, mask);
}

// ---- devices and cameras

async function select(next: Device | null): Promise<void> {
  device = next;
  results.clear();
  camera = "";
  chooseCamera(next?.info?.cameras[0]?.id ?? "");
  if (next?.info) infoCame(next, next.info);
  showDevices();
  showDevice();
  showPlots();
}

function chooseCamera(id: string): void {
  camera = id;
  frames.clear();
  lastMask = null;
  previewFault = "";
  previewAskedAt = -Infinity;
  lastPictureAt = -Infinity;
  goLive();
  void picture.show(null);
  hear();
}

function hear(): void {
  if (!device) return link.hear([]);
  const root = `edgeseg/v1/${device.id}`;
  const cams = camera === "" ? [] : [`${root}/cam/${camera}/mask`, `${root}/cam/${camera}/preview`];
  link.hear([`${root}/info`, `${root}/telemetry`, `${root}/alert/+`, `${root}/model/state`, `${root}/cam/+/state`, ...cams]);
}

cameraChoice.addEventListener("change", () => chooseCamera(cameraChoice.value));

/** Keeps the preview alive while somebody looks; it ends by itself soon after nobody does. */
async function keepPreview(): Promise<void> {
  if (state.kind !== "online" || !device || camera === "" || document.hidden || !isUp(device)) return;
  if (device.info && !device.info.commands.includes("preview")) {
    previewFault = "This device does not know the preview command: masks are shown without pictures.";
    return;
  }
  if (performance.now() - previewAskedAt < renewMs) return;
  previewAskedAt = performance.now();
  const [askedDevice, askedCamera] = [device, camera];
  const answer = await link.ask(device.id, camera, "preview", previewWanted);
  if (askedDevice !== device || askedCamera !== camera) return;
  previewFault = answer.ok ? "" : `${answer.code}: ${answer.message}`;
  showPicture();
}

const isUp = (d: Device): boolean => d.status?.state === "online" || d.status?.state === "degraded";

// ---- commands

async function ask(command: string, body: Record<string, unknown>): Promise<Answer> {
  asking++;
  showBusy();
  const answer = await link.ask(device?.id ?? "", camera, command, body);
  asking--;
  showBusy();
  if (answer.ok) tell("", "", "");
  else refused(command, answer.code, answer.message);
  return answer;
}

function refused(command: string, code: string, message: string): void {
  tell("error", code, message);
  if (code !== "frame_gone") return;
  tell("error", code, "The device no longer holds that frame. Ask again on the live picture.");
  if (command !== "snapshot") goLive();
}

/** Asks on the very frame that is shown, and holds it until the operator goes back to the live picture. */
async function prompt(wish: Wish): Promise<void> {
  const pair = picture.current;
  if (!pair || !device) return;
  hold();
  await picture.show({ shot: pair.shot, mask: null }, wish);
  const command = wish.box ? "box" : "click";
  const how = wish.box ? "Box" : wish.points.length === 1 ? "Click" : `${wish.points.length} clicks`;
  await segment(command, how, pair, wish, wish.box ? { box: wish.box } : { points: wish.points });
}

async function segment(command: string, how: string, pair: Pair, wish: Wish, body: Record<string, unknown>): Promise<void> {
  const started = performance.now();
  const [askedDevice, askedCamera] = [device!, camera];
  const answer = await ask(command, { ...body, frame: pair.shot.frame });
  if (!answer.ok || askedDevice !== device || askedCamera !== camera) return;
  const mask = wire.maskOf(answer.result);
  if (!mask) return tell("error", "bad_answer", "The device's answer holds no mask that this page understands.");
  const shot = mask.frame === pair.shot.frame ? pair.shot : (frames.find(mask.frame) ?? null);
  const result: Result = { mask, shot, wish, device: device.id, how, roundTripMs: NaN };
  hold();
  heldResult = result;
  await view({ shot: shot ?? bare(mask), mask }, wish);
  result.roundTripMs = performance.now() - started;
  results.add(result);
  setText(spoken, mask.found ? `Mask found, score ${mask.score.toFixed(2)}` : `Nothing found: ${mask.reason}`);
}

const bare = (m: wire.Mask): Pair["shot"] => ({ frame: m.frame, width: m.width, height: m.height, capturedUtc: "", jpeg: new Uint8Array(), at: 0 });

auto.addEventListener("click", () => {
  const pair = picture.current;
  if (!pair) return;
  hold();
  void segment("auto", "Automatic", pair, { points: [], box: null }, {});
});

everything.addEventListener("click", () => void ask("everything", {}));

snapshot.addEventListener("click", async () => {
  const answer = await ask("snapshot", { quality: 90 });
  if (!answer.ok) return;
  wantedSnapshot = wire.snapshotFrame(answer.result);
  showSnapshot(wantedSnapshot);
});

function showSnapshot(frame: string): void {
  const shot = frames.find(frame);
  if (!shot) return;
  wantedSnapshot = "";
  hold();
  void view({ shot, mask: null });
  tell("info", "snapshot", `Frame #${wire.sequenceOf(frame)} at full size, ${Math.round(shot.jpeg.length / 1024)} KiB. Click on it, or go back to the live picture.`);
}

addMore.addEventListener("click", () => {
  picture.adding = !picture.adding;
  addMore.setAttribute("aria-pressed", String(picture.adding));
});

live.addEventListener("click", () => goLive());
document.addEventListener("keydown", (e) => { if (e.key === "Escape" && heldFrame) goLive(); });

async function choose(result: Result): Promise<void> {
  hold();
  heldResult = result;
  results.show(result);
  await view({ shot: result.shot ?? bare(result.mask), mask: result.mask }, result.wish);
}

function hold(): void {
  heldFrame = true;
  live.hidden = false;
  showPicture();
}

function goLive(): void {
  heldFrame = false;
  heldResult = null;
  wantedSnapshot = "";
  live.hidden = true;
  results.show(null, lastMask);
  if (frames.last) void view(frames.last);
  showPicture();
}

// ---- what is seen

async function view(pair: Pair, wish?: Wish): Promise<void> {
  await picture.show(pair, wish);
  showPicture();
}

function showPicture(): void {
  const pair = picture.current;
  const sequence = pair ? `#${wire.sequenceOf(pair.shot.frame)}` : "";
  const silentMs = performance.now() - lastPictureAt;
  const stale = !heldFrame && Number.isFinite(lastPictureAt) && silentMs > staleMs && pair !== null && pair.shot.jpeg.length > 0;
  const kind = heldFrame ? "held" : stale ? "stale" : pair?.shot.jpeg.length === 0 ? "bare" : "live";
  const words: Record<string, string> = {
    held: `Frame ${sequence} held${heldResult ? "" : asking > 0 ? ", asking" : ""}`,
    stale: `Stale: no picture for ${Math.round(silentMs / 1000)} s`,
    bare: `Mask only, no picture ${sequence}`,
    live: `Live ${sequence}${pair?.mask ? (pair.mask.found ? " · mask of this frame" : " · nothing found") : ""}`,
  };
  frameChip.hidden = pair === null;
  frameChip.dataset["kind"] = kind;
  setText(frameChip, words[kind]!);
  canvas.classList.toggle("dim", stale);
  canvas.hidden = pair === null;
  veil.hidden = pair !== null;
  if (!device || pair) return;
  setText(veil, !isUp(device) ? `The device is ${device.status?.state ?? "not known"}.`
    : camera === "" ? "The device has no camera."
    : previewFault !== "" ? `No live preview. ${previewFault}` : "Waiting for the first picture…");
}

function showBusy(): void {
  const able = device !== null && isUp(device) && state.kind === "online" && camera !== "";
  for (const button of [auto, everything, snapshot]) button.disabled = !able || asking > 0;
  auto.disabled ||= picture.current === null;
  canvas.setAttribute("aria-busy", String(asking > 0));
  canvas.classList.toggle("busy", asking > 0);
}

function tell(kind: "" | "info" | "error", code: string, sentence: string): void {
  notice.hidden = kind === "";
  notice.dataset["kind"] = kind;
  notice.replaceChildren(kind === "" ? "" : el("b", {}, code), " ", sentence);
}

function showDevices(): void {
  const all = [...devices.values()].sort((a, b) => a.id.localeCompare(b.id));
  noDevice.hidden = all.length > 0 || state.kind !== "online";
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["device"] : undefined;
  deviceList.replaceChildren(...all.map((d) => el("li", {},
    el("button", { type: "button", class: "device", "data-device": d.id, "aria-pressed": d === device ? "true" : "false", click: () => void select(d) },
      el("i", { class: "lamp", "data-state": d.status?.state ?? "" }), el("span", { class: "id" }, d.id), el("span", { class: "muted" }, d.status?.state ?? "")))));
  if (focused) deviceList.querySelector<HTMLElement>(`[data-device="${focused}"]`)?.focus();
}

function showDevice(): void {
  byId("work", HTMLElement).hidden = device === null;
  showBusy();
  showPicture();
  if (!device) return;
  setText(title, device.id);
  const s = device.status;
  stateLine.dataset["state"] = s?.state ?? "";
  const since = s ? Date.parse(s.sinceUtc) : NaN;
  setText(stateLine, `${s?.state ?? "unknown"}${s && s.reasons.length > 0 ? `: ${s.reasons.join(", ").replaceAll("_", " ")}` : ""}${s?.state === "offline" && Number.isFinite(since) ? ` since ${new Date(since).toLocaleTimeString("en-GB")}` : ""}`);
  const cam = device.cameras.get(camera);
  setText(factsLine, [device.info?.model, device.info?.provider, cam && `${camera} ${cam.state}${cam.reason ? ` (${cam.reason})` : ""}`].filter(Boolean).join(" · "));
  factsLine.title = device.info?.precisionReason ?? "";
  alertList.replaceChildren(...[...device.alerts].map(([id, text]) => el("li", {}, el("b", {}, id.replaceAll("-", " ")), " ", text)));
  alertList.hidden = device.alerts.size === 0;
  showModel(device);
}

function showModel(d: Device): void {
  const m = d.model;
  const rows: [string, string][] = [["Model", d.info?.model ?? "-"], ["Provider", d.info?.provider ?? "-"], ["EdgeSeg", d.info?.edgeseg.split("+")[0] ?? "-"]];
  if (m) rows.push(["Update", m.state.replaceAll("_", " ")], ["Active", m.active || "shipped"]);
  if (m && m.desired !== "") rows.push(["Desired", m.desired]);
  const list = el("dl", { class: "figures" });
  for (const [name, value] of rows) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  const bar = m && m.total > 0 && m.done < m.total
    ? el("label", { class: "progress" }, `${(m.done / 1e6).toFixed(1)} of ${(m.total / 1e6).toFixed(1)} MB `, el("progress", { value: m.done, max: m.total }))
    : null;
  const why = m && (m.reason !== "" || m.detail !== "") ? el("p", { class: "muted" }, [m.reason.replaceAll("_", " "), m.detail].filter((t) => t !== "").join(": ")) : null;
  modelBox.replaceChildren(list, ...(bar ? [bar] : []), ...(why ? [why] : []), ...(m ? [] : [el("p", { class: "muted" }, "This device reports no model updates.")]));
}

function showPlots(): void {
  const samples = device?.telemetry ?? [];
  if (samples.length === 0) return plotBox.replaceChildren(el("p", { class: "muted" }, "Waiting for the first telemetry message."));
  const known = [...new Set(samples.flatMap((t) => [...(t.cameras.get(camera)?.stages.keys() ?? [])]))];
  const order = ["end_to_end", ...wire.stages].filter((s) => known.includes(s));
  if (order.join() !== [...stageChoice.options].map((o) => o.value).join()) {
    const before = stageChoice.value;
    stageChoice.replaceChildren(...order.map((s) => el("option", { value: s, selected: s === before }, s.replaceAll("_", " "))));
  }
  plotBox.replaceChildren(...plots(samples, camera, stageChoice.value || "end_to_end"));
}

stageChoice.addEventListener("change", showPlots);
document.addEventListener("visibilitychange", () => void keepPreview());
window.setInterval(() => { void keepPreview(); showPicture(); }, 1000);

// a page that a device serves finds that device's own broker beside itself
url.value = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/mqtt`;
linkChanged({ kind: "off" });
if (location.hash !== "#manual") link.open({ url: url.value, user: "", password: "" });
