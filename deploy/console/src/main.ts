// The page: ties the connection, the devices, the picture and the commands together.
import { byId, el } from "./dom";
import { CommandPanel } from "./commandPanel";
import { Fleet, isUp, type Device } from "./fleet";
import { answerMs, Link, newId, type LinkState } from "./link";
import { LoginForm } from "./loginForm";
import * as panels from "./panels";
import { Pace } from "./pace";
import { readSettings } from "./pageSettings";
import { Results } from "./results";
import { bare, Stage } from "./stage";
import * as wire from "./wire";

const previewForS = 30;
const renewMs = 12_000;
// without pictures it is asked for again sooner: a device that was only just coming up may not have received it
const retryMs = 4_000;
const maxPixels = 1e8;

/** How often the connection and the age of the picture are looked at: "live" ends within 2 s after the last picture. */
const watchMs = 250;

const board = byId("board", HTMLElement);
const work = byId("work", HTMLElement);
const cameraChoice = byId("camera", HTMLSelectElement);

const fleet = new Fleet();
let state: LinkState = { kind: "off" };
/** The connection stands, but nothing comes from the broker. */
let silent = false;
let device: Device | null = null;
let camera = "";
let previewRequestedAt = -Infinity;
const pace = new Pace();

const link = new Link(linkChanged, received);
const loginForm = new LoginForm((login) => link.open(login), leave);
const results = new Results(byId("current", HTMLElement), byId("results", HTMLElement), (result) => {
  if (result.camera !== camera) chooseCamera(result.camera);
  cameraChoice.value = camera;
  results.show(result);
  void stage.hold({ shot: result.shot ?? bare(result.masks[0]), masks: result.masks }, result.request, result);
});
const commandPanel = new CommandPanel(
  link,
  () => stage,
  results,
  () =>
    device !== null && isUp(device) && state.kind === "online" && camera !== ""
      ? { device: device.id, camera, commands: device.info?.commands ?? null, negative: device.info?.negativeClicks ?? false }
      : null,
);
const stage: Stage = new Stage({
  abilities: () => ({ maxPoints: device?.info?.maxPoints ?? 6, negative: device?.info?.negativeClicks ?? false }),
  hint: (sentence) => commandPanel.hint(sentence),
  asked: (request) => void commandPanel.prompt(request),
  busy: () => commandPanel.busy,
  onLive: (mask) => results.show(null, mask),
  empty: () =>
    !device
      ? ""
      : !isUp(device)
        ? `The device is ${device.status?.state ?? "not known"}.`
        : camera === ""
          ? "The device has no camera."
          : stage.previewFault !== ""
            ? `No live preview. ${stage.previewFault}`
            : "Waiting for the first picture…",
  interruption: () =>
    state.kind !== "online"
      ? "no broker"
      : silent
        ? "the broker is silent"
        : device && !isUp(device)
          ? `the device is ${device.status?.state ?? "not known"}`
          : "",
  cameraTrouble: () => {
    const of = device?.cameras.get(camera)?.state ?? "";
    return of === "streaming" ? "" : of;
  },
});

// ---- the connection

function linkChanged(now: LinkState): void {
  state = now;
  silent = false;
  loginForm.show(now);
  if (now.kind === "lost" && now.was)
    commandPanel.notify("error", "no broker", "The connection to the broker is lost. Trying again by itself.");
  if (now.kind === "online") {
    commandPanel.notify("", "", "");
    previewRequestedAt = -Infinity;
    // retained messages come within a moment: before, "no device" would be a guess
    window.setTimeout(show, 1500);
  }
  show();
}

function leave(): void {
  link.close();
  fleet.clear();
  select(null);
  linkChanged({ kind: "off" });
}

// ---- messages

function received(topic: string, payload: Uint8Array, properties: Record<string, string>): void {
  const [id, ...rest] = topic.split("/");
  if (id === undefined || !wire.isId(id)) return;
  if (rest.length === 1 && rest[0] === "status") return onStatus(id, payload);
  if (!device || device.id !== id) return;
  if (rest[0] === "cam" && rest[2] === "preview") return onPreview(rest[1]!, payload, properties);
  if (rest[0] === "cam" && (rest[2] === "mask" || rest[2] === "track")) return onMask(rest[1]!, payload);
  fleet.receive(device, rest, payload);
  if (rest[0] === "info" && device.info) onInfo(device.info);
  if (rest[0] === "telemetry") panels.showPlots(device, camera);
  else show();
}

function onStatus(id: string, payload: Uint8Array): void {
  const before = device?.session;
  fleet.receiveStatus(id, payload);
  if (device && device.session !== before) {
    // a restarted device knows nothing of a preview
    previewRequestedAt = -Infinity;
    if (before !== "") {
      stage.restarted();
      commandPanel.following.forget();
    }
  }
  if (device && !fleet.find(device.id)) select(null);
  const first = device ?? fleet.all.find(isUp) ?? null;
  if (first !== device) select(first);
  show();
}

function onInfo(info: wire.Info): void {
  if (!info.cameras.some((c) => c.id === camera)) chooseCamera(info.cameras[0]?.id ?? "");
  cameraChoice.replaceChildren(...info.cameras.map((c) => el("option", { value: c.id, selected: c.id === camera }, c.id)));
  cameraChoice.disabled = info.cameras.length < 2;
}

function onPreview(of: string, payload: Uint8Array, p: Record<string, string>): void {
  const [width, height] = [Number(p["width"]), Number(p["height"])];
  const frame = p["frame"] ?? "";
  if (of !== camera || frame === "" || !(width > 0 && height > 0 && width * height <= maxPixels)) return;
  if (pace.note(Date.parse(p["captured_utc"] ?? ""), Date.now())) previewRequestedAt = -Infinity;
  stage.onPicture({ frame, width, height, capturedUtc: p["captured_utc"] ?? "", jpeg: payload.slice(), at: performance.now() });
  commandPanel.show();
}

function onMask(of: string, payload: Uint8Array): void {
  const message = of === camera ? wire.parse(payload) : null;
  const mask = message && wire.mask(message);
  if (!mask) return;
  if (mask.track !== "") commandPanel.following.take(mask);
  if (!commandPanel.onMask(mask)) stage.onMask(mask);
}

// ---- devices and cameras

function select(next: Device | null): void {
  device = next;
  results.clear();
  chooseCamera(next?.info?.cameras[0]?.id ?? "");
  if (next?.info) onInfo(next.info);
  show();
}

function chooseCamera(id: string): void {
  camera = id;
  previewRequestedAt = -Infinity;
  commandPanel.forget();
  pace.begin();
  stage.clear();
  subscribe();
  panels.showPlots(device, camera);
  void keepPreview();
}

cameraChoice.addEventListener("change", () => {
  chooseCamera(cameraChoice.value);
  show();
});

function subscribe(): void {
  if (!device) return link.subscribe([]);
  const root = device.id;
  const cams = camera === "" ? [] : [`${root}/cam/${camera}/mask`, `${root}/cam/${camera}/track/+`, `${root}/cam/${camera}/preview`];
  link.subscribe([`${root}/info`, `${root}/telemetry`, `${root}/alert/+`, `${root}/model/state`, `${root}/cam/+/state`, ...cams]);
}

/** Keeps the preview alive while somebody looks; it ends by itself soon after nobody does. */
async function keepPreview(): Promise<void> {
  if (state.kind !== "online" || !device || camera === "" || document.hidden || !isUp(device)) return;
  if (device.info && !device.info.commands.includes("preview")) {
    stage.previewFault = "This device does not know the preview command: masks are shown without pictures.";
    return;
  }
  if (performance.now() - previewRequestedAt < (stage.pictureAgeMs > renewMs ? retryMs : renewMs)) return;
  previewRequestedAt = performance.now();
  const [askedDevice, askedCamera] = [device, camera];
  const answer = await link.ask(device.id, camera, "preview", { on: true, ...pace.wanted, for_s: previewForS }, newId(), answerMs);
  if (askedDevice !== device || askedCamera !== camera) return;
  stage.previewFault = answer.ok ? "" : `${answer.code}: ${answer.message}`;
  stage.show();
}

function show(): void {
  panels.showDevices(fleet.all, device, state.kind === "online", select);
  work.hidden = device === null;
  board.classList.toggle("stale", state.kind !== "online" || silent);
  commandPanel.show();
  stage.show();
  if (device) panels.showDevice(device, camera, state.kind === "online" && !silent);
}

panels.stageChanged(() => panels.showPlots(device, camera));
document.addEventListener("visibilitychange", () => void keepPreview());
window.setInterval(() => {
  const before = silent;
  silent = !document.hidden && link.isSilent();
  if (silent !== before) {
    loginForm.show(state, silent);
    show();
  }
  void keepPreview();
  stage.show();
}, watchMs);
linkChanged(state);
void readSettings().then((settings) => {
  loginForm.prefill(settings);
  if (location.hash !== "#manual") loginForm.enter();
});
