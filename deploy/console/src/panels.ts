// What devices have reported, in words and figures: the chosen one's state and alerts, its model, its telemetry.
import { byId, el, setText } from "./dom";
import { isUp, type Device } from "./fleet";
import { plots } from "./plots";
import { stages } from "./wire";

const title = byId("device-name", HTMLElement);
const stateLine = byId("device-state", HTMLElement);
const infoLine = byId("device-info", HTMLElement);
const alertList = byId("alerts", HTMLElement);
const modelBox = byId("model", HTMLElement);
const stageChoice = byId("stage", HTMLSelectElement);
const plotBox = byId("plots", HTMLElement);

export const spaced = (word: string): string => word.replaceAll("_", " ");

/** @param isCurrent Whether news would arrive; else what is shown is the last that is known, and says so. */
export function showDevice(d: Device, camera: string, isCurrent: boolean): void {
  setText(title, d.id);
  const s = d.status;
  stateLine.dataset["state"] = s?.state ?? "";
  const since = s ? Date.parse(s.sinceUtc) : NaN;
  const reasons = s && s.reasons.length > 0 ? `: ${spaced(s.reasons.join(", "))}` : "";
  setText(
    stateLine,
    `${s?.state ?? "unknown"}${reasons}` +
      (s?.state === "offline" && Number.isFinite(since) ? ` since ${new Date(since).toLocaleTimeString("en-GB")}` : "") +
      (isCurrent ? "" : " (last known)"),
  );
  const known = isCurrent && isUp(d) ? "" : "last known: ";
  const cam = d.cameras.get(camera);
  setText(
    infoLine,
    [d.info?.model, d.info?.provider, cam && `${camera} ${known}${cam.state}${cam.reason ? ` (${spaced(cam.reason)})` : ""}`]
      .filter(Boolean)
      .join(" · "),
  );
  infoLine.title = d.info?.precisionReason ?? "";
  alertList.replaceChildren(
    ...[...d.alerts].map(([id, a]) =>
      el(
        "li",
        { class: a.degraded ? "degraded" : "" },
        el("b", {}, id.replaceAll("-", " ")),
        " ",
        a.text,
        a.remedy !== "" && el("span", { class: "muted" }, ` ${a.remedy}`),
      ),
    ),
  );
  alertList.hidden = d.alerts.size === 0;
  showModel(d);
}

/** Why there is no picture; empty: no device is selected. */
export function noPicture(d: Device | null, camera: string, previewFault: string): string {
  if (!d) return "";
  if (!isUp(d)) return `The device is ${d.status?.state ?? "not known"}.`;
  if (camera === "") return "The device has no camera.";
  return previewFault === "" ? "Waiting for the first picture…" : `No live preview. ${previewFault}`;
}

/** Why a device sends no picture; empty: it is up, or none is selected. */
export const absence = (d: Device | null): string => (d && !isUp(d) ? `the device is ${d.status?.state ?? "not known"}` : "");

/** The camera's state where it is not streaming; empty: it is, or the state is not known. */
export function cameraTrouble(d: Device | null, camera: string): string {
  const state = d?.cameras.get(camera)?.state ?? "";
  return state === "streaming" ? "" : state;
}

export const updateWords: Record<string, string> = {
  idle: "none under way",
  waiting: "waiting",
  downloading: "downloading",
  verifying: "verifying what was downloaded",
  canary: "trying the new model out",
  trial: "the new model serves, and is watched",
  active: "the new model is in use",
  refused: "refused",
  rolled_back: "rolled back to the model before",
};

function showModel(d: Device): void {
  const m = d.model;
  const pairs: [string, string][] = [
    ["Model", d.info?.model ?? "-"],
    ["Provider", d.info?.provider ?? "-"],
    ["EdgeSeg", d.info?.edgeseg.split("+")[0] ?? "-"],
  ];
  if (m) pairs.push(["Update", updateWords[m.state] ?? spaced(m.state)]);
  if (m && m.model !== "" && m.state !== "idle") pairs.push(["To", m.model]);
  const list = el("dl", { class: "figures" });
  for (const [name, value] of pairs) list.append(el("div", {}, el("dt", {}, name), el("dd", {}, value)));
  const why = m ? [spaced(m.reason), m.text].filter((t) => t !== "").join(": ") : "This device reports no model updates.";
  modelBox.replaceChildren(
    list,
    progress(d) ?? "",
    why !== "" ? el("p", { class: m?.state === "refused" || m?.state === "rolled_back" ? "bad" : "muted" }, why) : "",
  );
}

/** Bytes that have come, where they are counted; else that something is going on. */
function progress({ model: m }: Device): HTMLElement | null {
  if (!m || !["downloading", "verifying", "canary", "trial"].includes(m.state)) return null;
  if (m.state !== "downloading" || m.total === 0) return el("progress", { "aria-label": `Update: ${spaced(m.state)}` });
  const done = Math.min(m.done, m.total);
  return el(
    "label",
    { class: "progress" },
    `${(done / 1e6).toFixed(1)} of ${(m.total / 1e6).toFixed(1)} MB, ${Math.floor((100 * done) / m.total)} %`,
    el("progress", { value: done, max: m.total }),
  );
}

export function showPlots(d: Device | null, camera: string): void {
  const samples = d?.telemetry ?? [];
  if (samples.length === 0) return plotBox.replaceChildren(el("p", { class: "muted" }, "Waiting for the first telemetry message."));
  const known = [...new Set(samples.flatMap((t) => [...(t.cameras.get(camera)?.stages.keys() ?? [])]))];
  const order = ["end_to_end", ...stages].filter((s) => known.includes(s));
  if (order.join() !== [...stageChoice.options].map((o) => o.value).join()) {
    const before = stageChoice.value;
    stageChoice.replaceChildren(...order.map((s) => el("option", { value: s, selected: s === before }, spaced(s))));
  }
  plotBox.replaceChildren(...plots(samples, camera, stageChoice.value || "end_to_end"));
}

/** Calls when another stage's latency is to be drawn. */
export const stageChanged = (call: () => void): void => stageChoice.addEventListener("change", call);
