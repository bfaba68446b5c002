// The settings of the camera in view that the device changes while it runs (cmd/set); they end with its process.
import { byId, setText } from "./dom";
import type { Answer } from "./link";
import { setResult } from "./wire";

const form = byId("set", HTMLFormElement);
const note = byId("set-note", HTMLElement);
const mode = byId("set-mode", HTMLSelectElement);
const numbers = ["max_fps", "interval_s", "min_score", "min_area"] as const;
const inputs = numbers.map((name) => byId(`set-${name}`, HTMLInputElement));

export class CameraSettingsForm {
  /** What the device said last; empty fields: as configured, which it does not tell. */
  private known: Record<string, unknown> = {};

  constructor(private readonly ask: (command: string, body: Record<string, unknown>) => Promise<Answer>) {
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      void this.send();
    });
  }

  /** Another camera, whose mode is known from `info`. */
  begin(currentMode: string): void {
    this.known = { mode: currentMode };
    mode.value = currentMode;
    for (const input of inputs) input.value = "";
    setText(note, "");
  }

  /** The mode was changed by somebody. */
  told(currentMode: string): void {
    if (currentMode === this.known["mode"]) return;
    this.known["mode"] = currentMode;
    if (!form.contains(document.activeElement)) mode.value = currentMode;
  }

  show(offered: boolean): void {
    for (const field of [mode, ...inputs, byId("set-send", HTMLButtonElement)]) field.disabled = !offered;
  }

  private async send(): Promise<void> {
    const body: Record<string, unknown> = mode.value !== "" && mode.value !== this.known["mode"] ? { mode: mode.value } : {};
    inputs.forEach((input, i) => {
      const name = numbers[i]!;
      if (input.value !== "" && input.valueAsNumber !== this.known[name]) body[name] = input.valueAsNumber;
    });
    if (Object.keys(body).length === 0) return setText(note, "Nothing is changed.");
    const answer = await this.ask("set", body);
    if (!answer.ok) return setText(note, "");
    this.known = setResult(answer.result);
    mode.value = String(this.known["mode"]);
    inputs.forEach((input, i) => (input.value = String(this.known[numbers[i]!])));
    setText(note, "In force until the service ends.");
  }
}
