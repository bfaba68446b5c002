// All devices of the broker: their list beside the picture, and the fleet at a glance with status, alerts, model and roll-out.
import { byId, el, reconcile, setText } from "./dom";
import type { Device } from "./fleet";
import { spaced, updateWords } from "./panels";

const list = byId("devices", HTMLElement);
const noDevice = byId("no-device", HTMLElement);
const filter = byId("filter", HTMLInputElement);
const more = byId("more-devices", HTMLElement);
const rows = byId("fleet-rows", HTMLElement);
const summary = byId("fleet-summary", HTMLElement);
const left = byId("fleet-left", HTMLElement);

/** Elements made at most, however many devices there are; the filter finds the others. */
const maxListed = 60;
const maxRows = 200;
/** From so many devices on there is a filter. */
const manyDevices = 8;

filter.addEventListener("input", () => changed());
let changed: () => void = () => undefined;
/** Calls when another part of the devices is to be shown. */
export const filterChanged = (call: () => void): void => void (changed = call);

export interface Listed {
  chosen: Device | null;
  /** Whether the connection stands for so long that every device should have reported. */
  waited: boolean;
  /** Whether news would arrive; else what is shown is the last that is known, and says so. */
  isCurrent: boolean;
  /** The device that is waited for and has not reported; empty: none. */
  missing: string;
}

const stateWords = (d: Device, isCurrent: boolean): string =>
  `${d.status?.state ?? "unknown"}${isCurrent && d.confirmed ? "" : " (last known)"}`;

export function showDevices(all: Device[], { chosen, waited, isCurrent, missing }: Listed, choose: (device: Device) => void): void {
  noDevice.hidden = !waited || (all.length > 0 && missing === "");
  setText(noDevice, absence(all, missing));
  filter.parentElement!.hidden = all.length < manyDevices && filter.value === "";
  const fitting = matching(all);
  const listed = fitting.slice(0, maxListed);
  if (chosen && !listed.includes(chosen)) listed.unshift(chosen);
  setText(more, fitting.length > maxListed ? `${maxListed} of ${fitting.length} devices: use the filter.` : "");
  reconcile(
    list,
    listed,
    (d) => d.id,
    (d) =>
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: "device", "data-device": d.id, click: () => choose(d) },
          el("i", { class: "lamp" }),
          el("span", { class: "id" }, d.id),
          el("span", { class: "muted" }),
        ),
      ),
    (row, d) => {
      const button = row.firstElementChild!;
      const [lamp, , words] = button.children;
      lamp!.setAttribute("data-state", d.status?.state ?? "");
      setText(words!, [stateWords(d, isCurrent), alerts(d)].filter((t) => t !== "").join(" · "));
      button.setAttribute("aria-pressed", String(d === chosen));
    },
  );
}

function absence(all: Device[], missing: string): string {
  if (missing === "") return "No device yet. A device appears here as soon as it publishes its status to this broker.";
  const others = all.length > 0 ? " Select another device, or wait." : " It is opened as soon as it does.";
  return `${missing} has not reported to this broker.${others}`;
}

const matching = (all: Device[]): Device[] => {
  const wanted = filter.value.trim().toLowerCase();
  return wanted === "" ? all : all.filter((d) => searched(d).toLowerCase().includes(wanted));
};

/** What the filter looks at: the words of the device's row. */
const searched = (d: Device): string =>
  [
    d.id,
    d.status?.state,
    ...(d.status?.reasons ?? []).map(spaced),
    membership(d),
    ...[...d.alerts].map(([id, a]) => `${id} ${a.text}`),
    d.info?.model,
    rollOutWords(d),
  ].join(" ");

/** The device's fleet and tags; empty: it has none. */
const membership = ({ info }: Device): string => [info?.fleet ?? "", ...(info?.tags ?? [])].filter((t) => t !== "").join(", ");

const alerts = (d: Device): string => (d.alerts.size === 0 ? "" : `${d.alerts.size} ${d.alerts.size === 1 ? "alert" : "alerts"}`);

/** What needs a person comes first. */
function trouble(d: Device): number {
  if (d.status?.state === "offline") return 0;
  if (d.status?.state !== "online" || d.model?.state === "refused" || d.model?.state === "rolled_back") return 1;
  return d.alerts.size > 0 ? 2 : 3;
}

/**
 * Each device in a row, those in trouble first.
 * @param isCurrent Whether news would arrive; else what is shown is the last that is known, and says so.
 */
export function showFleet(all: Device[], isCurrent: boolean, choose: (device: Device) => void): void {
  setText(summary, `${isCurrent && all.every((d) => d.confirmed) ? "" : "Last known: "}${summarise(all)}`);
  const fitting = [...matching(all)].sort((a, b) => trouble(a) - trouble(b));
  setText(
    left,
    fitting.length > maxRows ? `${maxRows} of ${fitting.length} devices, those in trouble first: use the filter for the others.` : "",
  );
  reconcile(
    rows,
    fitting.slice(0, maxRows),
    (d) => d.id,
    (d) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, el("button", { type: "button", class: "quiet", click: () => choose(d) }, d.id)),
        el("td", { "data-label": "Status", class: "state" }, el("span", { class: "badge" })),
        el("td", { "data-label": "Fleet, tags" }),
        el("td", { "data-label": "Alerts" }),
        el("td", { "data-label": "Model" }),
        el("td", { "data-label": "Roll-out" }),
      ),
    (row, d) => {
      const [, state, fleet, alarm, model, rollOut] = row.children;
      const badge = state!.firstElementChild!;
      badge.setAttribute("data-state", d.status?.state ?? "");
      setText(badge, stateWords(d, isCurrent));
      setText(fleet!, membership(d) || "-");
      const [first] = d.alerts.values();
      setText(alarm!, first ? `${alerts(d)}: ${first.text}` : d.status?.reasons.map(spaced).join(", ") || "none");
      setText(model!, d.info?.model ?? "-");
      setText(rollOut!, rollOutWords(d));
      row.setAttribute("data-trouble", String(trouble(d)));
    },
  );
}

function rollOutWords({ model: m }: Device): string {
  if (!m) return "-";
  const share = m.state === "downloading" && m.total > 0 ? ` ${Math.floor((100 * Math.min(m.done, m.total)) / m.total)} %` : "";
  const target = m.model !== "" && m.state !== "idle" ? `${m.model}: ` : "";
  return `${target}${updateWords[m.state] ?? spaced(m.state)}${share}${m.reason === "" ? "" : ` (${spaced(m.reason)})`}`;
}

function summarise(all: Device[]): string {
  const by = (read: (d: Device) => string): string => {
    const counts = new Map<string, number>();
    for (const d of all) counts.set(read(d), (counts.get(read(d)) ?? 0) + 1);
    return [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 5)
      .map(([name, n]) => `${n} ${name}`)
      .join(", ");
  };
  const alarmed = all.filter((d) => d.alerts.size > 0).length;
  return (
    `${all.length} ${all.length === 1 ? "device" : "devices"}: ${by((d) => d.status?.state ?? "unknown")}. With alerts: ${alarmed}. ` +
    `Models: ${by((d) => d.info?.model ?? "unknown")}. Roll-outs: ${by((d) => spaced(d.model?.state ?? "none"))}.`
  );
}
