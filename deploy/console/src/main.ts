// The page: ties the connection, the devices, the picture and the commands together.
import { byId, el, together } from "./dom";
import { CameraSettingsForm } from "./cameraSettings";
import { CommandPanel } from "./commandPanel";
import { Fleet, isUp, type Device } from "./fleet";
import { Grid } from "./grid";
import { MaskHistory } from "./history";
import { isId } from "./fields";
import { shotOf } from "./frames";
import { Link, type LinkState } from "./link";
import { LoginForm } from "./loginForm";
import * as overview from "./overview";
import * as panels from "./panels";
import { manual, Place, reportMs, showAddress } from "./place";
import { Previews } from "./previews";
import { readSettings } from "./pageSettings";
import { noPrompt } from "./prompts";
import { Results, type Result } from "./results";
import { lookMs } from "./silence";
import { bare, Stage } from "./stage";
import { Views } from "./view";
import * as wire from "./wire";

/** How often the age of the pictures is looked at. */
const watchMs = 250;
const redrawMs = 60;

const cameraChoice = byId("camera", HTMLSelectElement);

const fleet = new Fleet();
const showSoon = together(show, redrawMs);
let state: LinkState = { kind: "off" };
/** The connection stands, but nothing comes from the broker. */
let silent = false;
/** Whether what is shown is what the broker has. */
const isCurrent = (): boolean => state.kind === "online" && !silent;
let device: Device | null = null;
let camera = "";
const place = new Place(location.hash);
/** The connection stands for so long that the wanted device should have reported. */
let waited = false;

const link = new Link(linkChanged, received);
const loginForm = new LoginForm((login) => link.open(login), leave);
const results = new Results(byId("current", HTMLElement), byId("results", HTMLElement), (result) => {
  openCamera(result.camera);
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
  seen: (pair, picture, held) => {
    maskHistory.offer(pair, picture, held);
    commandPanel.show();
  },
  empty: () => panels.noPicture(device, camera, stage.previewFault),
  interruption: () => (state.kind !== "online" ? "no broker" : silent ? "the broker is silent" : panels.absence(device)),
  cameraTrouble: () => panels.cameraTrouble(device, camera),
});

const previews = new Previews(
  link,
  () => stage,
  () => ({ device: state.kind === "online" ? device : null, camera, view: views.current }),
);
const settingsForm = new CameraSettingsForm((command, body) => commandPanel.ask(command, body));
const maskHistory = new MaskHistory((pair, how) => {
  const [first, ...others] = pair.masks;
  if (!first || !device) return;
  const rest = { shot: pair.shot, request: noPrompt, device: device.id, camera, how, roundTripMs: NaN };
  const result: Result = { masks: [first, ...others], ...rest };
  results.show(result);
  void stage.hold(pair, noPrompt, result);
});
const grid = new Grid(openCamera);
const views: Views = new Views(() => {
  previews.restart();
  if (views.current !== "cameras") grid.clear();
  subscribe();
  show();
}, step);

/** The camera that many places on, in the order of the device's configuration. */
function step(by: 1 | -1): void {
  const ids = device?.info?.cameras.map((c) => c.id) ?? [];
  if (ids.length < 2) return;
  openCamera(ids[(ids.indexOf(camera) + by + ids.length) % ids.length]!);
}

// ---- the connection

function linkChanged(now: LinkState): void {
  state = now;
  silent = false;
  waited = false;
  loginForm.show(now);
  if (now.kind === "lost" && now.was)
    commandPanel.notify("error", "no broker", "The connection to the broker is lost. Trying again by itself.");
  if (now.kind === "online") {
    commandPanel.notify("", "", "");
    previews.restart();
    fleet.reconnected(performance.now());
    // before, "no device" and "has not reported" would be guesses
    window.setTimeout(() => {
      waited = state === now;
      show();
    }, reportMs);
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
  if (id === undefined || !isId(id)) return;
  if (rest.length === 1 && rest[0] === "status") return onStatus(id, payload);
  if (device?.id === id && rest[0] === "cam" && rest[2] === "preview") return onPreview(rest[1]!, payload, properties);
  if (device?.id === id && rest[0] === "cam" && (rest[2] === "mask" || rest[2] === "track")) return onMask(rest[1]!, payload);
  const of = fleet.receive(id, rest, payload);
  if (!of) return;
  if (of === device && rest[0] === "info" && device.info) onInfo(device.info);
  if (rest[0] !== "telemetry") showSoon();
  else if (of === device) panels.showPlots(device, camera);
}

function onStatus(id: string, payload: Uint8Array): void {
  const before = device?.session;
  fleet.receiveStatus(id, payload);
  if (device && device.session !== before) {
    // a restarted device knows nothing of a preview
    previews.restart();
    if (before !== "") {
      stage.restarted();
      link.fail("no_answer", "The device was started again before it answered. Ask again.");
      commandPanel.following.forget();
    }
  }
  openWanted();
  showSoon();
}

/** Opens the wanted device where none is in view, or the one in view was retired. */
function openWanted(): void {
  const wanted = (device && fleet.find(device.id)) ?? place.find(fleet);
  if (wanted !== device) select(wanted);
}

function onInfo(info: wire.Info): void {
  if (device && !info.cameras.some((c) => c.id === camera)) chooseCamera(place.camera(device.id, info.cameras));
  cameraChoice.replaceChildren(...info.cameras.map((c) => el("option", { value: c.id, selected: c.id === camera }, c.id)));
  cameraChoice.disabled = info.cameras.length < 2;
  const now = info.cameras.find((c) => c.id === camera)?.live;
  if (now) settingsForm.reported(now);
  // a camera that is new has a tile among all cameras
  subscribe();
}

function onPreview(of: string, payload: Uint8Array, p: Record<string, string>): void {
  const shot = shotOf(payload, p);
  if (!shot) return;
  if (views.current === "cameras") grid.onPicture(of, shot);
  if (of !== camera) return;
  previews.note(shot.capturedUtc);
  stage.onPicture(shot);
}

function onMask(of: string, payload: Uint8Array): void {
  const message = wire.parse(payload);
  const mask = message && wire.mask(message);
  if (!mask) return;
  if (views.current === "cameras" && mask.source !== "everything") grid.onMask(of, mask);
  if (of !== camera) return;
  if (mask.track !== "") commandPanel.following.take(mask);
  if (!commandPanel.onMask(mask)) stage.onMask(mask);
}

// ---- devices and cameras

function select(next: Device | null): void {
  if (device && device !== next) device.telemetry = [];
  device = next;
  grid.clear();
  results.clear();
  chooseCamera(next ? place.camera(next.id, next.info?.cameras ?? []) : "");
  if (next?.info) onInfo(next.info);
  show();
}

function chooseCamera(id: string): void {
  camera = id;
  showAddress(place, device, camera);
  commandPanel.forget();
  previews.begin();
  cameraChoice.value = id;
  maskHistory.clear();
  settingsForm.begin(device?.info?.cameras.find((c) => c.id === id)?.live ?? null);
  stage.clear();
  subscribe();
  panels.showPlots(device, camera);
  previews.keep();
}

/** The camera that the operator wants in view. */
function openCamera(id: string): void {
  views.set("camera");
  if (id !== camera) chooseCamera(id);
  show();
}

cameraChoice.addEventListener("change", () => openCamera(cameraChoice.value));
window.addEventListener("hashchange", () => {
  if (!place.go(location.hash)) return;
  views.set("camera");
  if (device?.id !== place.device) select(fleet.reported(place.device) ?? null);
  else openCamera(place.camera(device.id, device.info?.cameras ?? []));
  showAddress(place, device, camera);
});

/** What every device reports of itself, everything of the chosen one, and the pictures in view. */
function subscribe(): void {
  const all = ["+/info", "+/alert/+", "+/model/state"];
  if (!device) return link.subscribe(all);
  const root = device.id;
  const shown = views.current === "cameras" ? Grid.cameras(device) : camera === "" ? [] : [camera];
  const cams = shown.flatMap((id) => [`${root}/cam/${id}/mask`, `${root}/cam/${id}/track/+`, `${root}/cam/${id}/preview`]);
  link.subscribe([...all, `${root}/telemetry`, `${root}/cam/+/state`, ...cams]);
}

function show(): void {
  // a row may be older than the device of that id
  const choose = ({ id }: Device): void => {
    const found = fleet.find(id);
    if (!found) return;
    views.set("camera");
    if (found !== device) select(found);
  };
  const current = isCurrent();
  const chosen = views.current === "fleet" ? null : device;
  overview.showDevices(fleet.all, { chosen, waited, isCurrent: current, missing: device ? "" : place.device }, choose);
  if (views.current === "fleet") overview.showFleet(fleet.all, current, choose);
  views.show(device?.info?.cameras.length ?? 0, device !== null);
  byId("board", HTMLElement).classList.toggle("stale", !current);
  commandPanel.show();
  stage.show();
  if (device) panels.showDevice(device, camera, current && device.confirmed);
  if (device && views.current === "cameras") grid.show(device, current && isUp(device));
  settingsForm.show(current && device !== null && isUp(device) && (device.info?.commands.includes("set") ?? true));
}

overview.filterChanged(show);
panels.stageChanged(() => panels.showPlots(device, camera));
document.addEventListener("visibilitychange", () => previews.keep());
window.setInterval(() => {
  const before = silent;
  silent = !document.hidden && link.isSilent();
  if (silent !== before) {
    loginForm.show(state, silent);
    show();
  }
}, lookMs);
window.setInterval(() => {
  if (isCurrent() && fleet.removeRetired(performance.now())) {
    openWanted();
    show();
  }
  previews.keep();
  stage.show();
  if (device && views.current === "cameras") grid.show(device, isCurrent() && isUp(device));
}, watchMs);
linkChanged(state);
void readSettings().then((settings) => {
  loginForm.prefill(settings);
  place.servedBy(settings.device);
  if (location.hash !== manual) loginForm.enter();
});
