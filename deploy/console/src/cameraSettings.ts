// The settings of the camera in view that the device changes while it runs (cmd/set); they end with its process.
import { byId, setText } from "./dom";
import type { Answer } from "./link";
import { live, liveNumbers, type LiveSettings } from "./liveSettings";

const form = byId("set", HTMLFormElement);
const note = byId("set-note", HTMLElement);
const mode = byId("set-mode", HTMLSelectElement);
const inputs = liveNumbers.map((name) => ({ name, input: byId(`set-${name}`, HTMLInputElement) }));

/** A value as its field shows it; empty: the device does not report it. */
const shown = (value: number): string => (Number.isFinite(value) ? String(value) : "");

export class CameraSettingsForm {
  /** What is in force, as the device said last. */
  private known: LiveSettings = live({});

  constructor(private readonly ask: (command: string, body: Record<string, unknown>) => Promise<Answer>) {
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.send();
    });
  }

  /** Another camera; null: nothing is known of it. */
  begin(now: LiveSettings | null): void {
    this.fill(now ?? live({}));
    setText(note, "");
  }

  /** What is in force now, whoever set it. A field that the operator has changed stays. */
  reported(now: LiveSettings): void {
    if (mode.value === this.known.mode) mode.value = now.mode;
    for (const { name, input } of inputs)
      if (input.valueAsNumber === this.known[name] || input.value === shown(this.known[name])) input.value = shown(now[name]);
    this.known = now;
  }

  show(offered: boolean): void {
    for (const field of [mode, ...inputs.map((i) => i.input), byId("set-send", HTMLButtonElement)]) field.disabled = !offered;
  }

  private fill(now: LiveSettings): void {
    this.known = now;
    mode.value = now.mode;
    for (const { name, input } of inputs) input.value = shown(now[name]);
  }

  private async send(): Promise<void> {
    const body: Record<string, unknown> = mode.value !== "" && mode.value !== this.known.mode ? { mode: mode.value } : {};
    // an empty field is no change: it shows again what is in force
    for (const { name, input } of inputs)
      if (input.value === "") input.value = shown(this.known[name]);
      else if (input.valueAsNumber !== this.known[name]) body[name] = input.valueAsNumber;
    if (Object.keys(body).length === 0) return setText(note, "Nothing is changed.");
    const answer = await this.ask("set", body);
    if (!answer.ok) return setText(note, "");
    // what was changed while the device answered stays
    this.known = { ...this.known, ...body };
    this.reported(live(answer.result));
    setText(note, "In force until the service ends.");
  }
}
