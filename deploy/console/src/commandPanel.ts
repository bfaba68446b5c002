// The operator's commands: what is asked on which frame, and what becomes of the answer.
import { byId, el, setText } from "./dom";
import { answerMs, newId, type Answer, type Link } from "./link";
import type { Pair } from "./frames";
import { Following } from "./following";
import { noPrompt, wirePoints, type PromptRequest } from "./prompts";
import type { Result, Results } from "./results";
import { bare, type Stage } from "./stage";
import * as wire from "./wire";

/** The device works on everything for two minutes at most. */
const everythingMs = 150_000;
const maxMasks = 256;

/** Whom the commands go to. */
export interface Target {
  device: string;
  camera: string;
  commands: readonly string[] | null;
  /** Whether its model knows points off the object. */
  negative: boolean;
}

const canvas = byId("picture", HTMLCanvasElement);
const auto = byId("auto", HTMLButtonElement);
const everything = byId("everything", HTMLButtonElement);
const snapshot = byId("snapshot", HTMLButtonElement);
const follow = byId("follow", HTMLButtonElement);
const correct = byId("correct", HTMLButtonElement);
const exclude = byId("exclude", HTMLButtonElement);
const notOffered = byId("not-offered", HTMLElement);
const notice = byId("notice", HTMLElement);
const spoken = byId("spoken", HTMLElement);

/** Everything of one frame: the masks as they come. */
interface Run {
  id: string;
  target: Target;
  pair: Pair;
  masks: wire.Mask[];
  result: Result | null;
  started: number;
}

export class CommandPanel {
  private open = 0;
  private run: Run | null = null;
  /** Counts the changes of device and camera. */
  private place = 0;
  readonly following: Following;

  /** @param target Whom to ask now; null: nobody can be. */
  constructor(
    private readonly link: Link,
    private readonly stage: () => Stage,
    private readonly results: Results,
    private readonly target: () => Target | null,
  ) {
    this.following = new Following(
      stage,
      (command, body) => this.ask(command, body),
      (kind, code, sentence) => this.notify(kind, code, sentence),
    );
    auto.addEventListener("click", () => void this.automatic());
    everything.addEventListener("click", () => void this.everything());
    snapshot.addEventListener("click", () => void this.snapshot());
    for (const button of [correct, exclude]) button.addEventListener("click", () => this.toggle(button));
  }

  /** Each of the two says what the next clicks are; both at once would say no more. */
  private toggle(button: HTMLButtonElement): void {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const b of [correct, exclude]) b.setAttribute("aria-pressed", String(b === button && on));
    this.stage().correcting = on && button === correct;
    this.stage().excluding = on && button === exclude;
  }

  get busy(): boolean {
    return this.open > 0;
  }

  /** Another device or camera: what was asked of the one before is nothing to show. */
  forget(): void {
    this.place++;
    this.run = null;
    this.following.forget();
    this.notify("", "", "");
  }

  /** Asks on the very frame that is shown. */
  async prompt(request: PromptRequest): Promise<void> {
    const pair = this.stage().current;
    if (!pair) return;
    if (this.following.isArmed) return this.following.prompt(pair, request);
    const { clicks, box, refines } = request;
    // the mask that is corrected stays in view until the new one is there
    await this.stage().hold({ shot: pair.shot, masks: refines ? [refines] : [] }, request);
    if (refines) await this.segment("click", "Correction", pair, noPrompt, { refines: refines.id, points: wirePoints(clicks) });
    else if (box) await this.segment("box", "Box", pair, request, { box });
    else
      await this.segment("click", clicks.length === 1 ? "Click" : `${clicks.length} clicks`, pair, request, { points: wirePoints(clicks) });
  }

  private async automatic(): Promise<void> {
    const pair = this.stage().current;
    if (!pair) return;
    await this.stage().hold({ shot: pair.shot, masks: [] });
    await this.segment("auto", "Automatic", pair, noPrompt, {});
  }

  private async segment(command: string, how: string, pair: Pair, request: PromptRequest, body: Record<string, unknown>): Promise<void> {
    const started = performance.now();
    const target = this.target();
    const answer = await this.ask(command, { ...body, frame: pair.shot.frame });
    if (!answer.ok) return this.leaveIfGone(answer.code, pair);
    if (!target) return;
    const mask = wire.maskOf(answer.result);
    if (!mask) return this.notify("error", "bad_answer", "The device's answer holds no mask that this page understands.");
    const shot = mask.frame === pair.shot.frame ? pair.shot : (this.stage().find(mask.frame) ?? null);
    const result: Result = { masks: [mask], shot, request, device: target.device, camera: target.camera, how, roundTripMs: NaN };
    if (this.isHeldOn(pair)) await this.stage().hold({ shot: shot ?? bare(mask), masks: [mask] }, request, result);
    result.roundTripMs = performance.now() - started;
    this.results.add(result, this.stage().shown === result);
    setText(spoken, mask.found ? `Mask found, score ${mask.score.toFixed(2)}` : `Nothing found: ${mask.reason}`);
  }

  /** Whether the operator still works on the frame that was asked about. An answer that comes later is listed, and changes no view. */
  private isHeldOn(pair: Pair): boolean {
    return this.stage().held?.shot === pair.shot;
  }

  /** A frame that the device no longer holds is nothing to work on. */
  private leaveIfGone(code: string, pair: Pair): void {
    if (code === "frame_gone" && this.isHeldOn(pair)) this.stage().goLive();
  }

  /** Every object of the frame in view. The masks come one by one, then the answer with their number. */
  private async everything(): Promise<void> {
    const [pair, target] = [this.stage().current, this.target()];
    if (!pair || !target) return;
    const run: Run = { id: newId(), target, pair, masks: [], result: null, started: performance.now() };
    this.run = run;
    void this.stage().hold({ shot: pair.shot, masks: [] }, noPrompt, null, "segmenting everything");
    this.show();
    const answer = await this.link.ask(target.device, target.camera, "everything", { frame: pair.shot.frame }, run.id, everythingMs);
    const outcome = answer.ok ? wire.everything(answer.result) : { count: 0, complete: true };
    // masks go without a receipt and may come after the answer, or not at all
    for (let i = 0; i < 15 && this.run === run && run.masks.length < outcome.count; i++) await new Promise((r) => setTimeout(r, 100));
    if (this.run !== run) return;
    this.run = null;
    this.show();
    if (this.inView(run)) void this.stage().hold({ shot: pair.shot, masks: run.masks }, noPrompt, run.result);
    if (!answer.ok) {
      this.refused(answer.code, answer.message);
      return this.leaveIfGone(answer.code, pair);
    }
    if (run.masks.length < outcome.count) this.notify("info", "everything", `${run.masks.length} of ${outcome.count} masks arrived.`);
    else if (!outcome.complete) this.notify("info", "everything", "The device's time was up before the whole frame was looked at.");
    else if (outcome.count === 0) this.notify("info", "everything", "Nothing was found in this frame.");
    else this.notify("", "", "");
    setText(spoken, `Everything: ${run.masks.length} masks`);
  }

  /** Whether the operator still looks at the frame of which everything was asked, and at nothing else on it. */
  private inView(run: Run): boolean {
    return this.isHeldOn(run.pair) && !this.busy && this.stage().shown === run.result;
  }

  /** Takes a mask if it is one of everything; the first of them begins the result. */
  onMask(mask: wire.Mask): boolean {
    const { run } = this;
    if (!run || mask.request !== run.id) return mask.source === "everything";
    if (!mask.found || run.masks.length >= maxMasks) return true;
    const isShown = this.inView(run);
    run.masks.push(mask);
    const many = [...run.masks] as [wire.Mask, ...wire.Mask[]];
    const result = (run.result ??= {
      masks: many,
      shot: run.pair.shot,
      request: noPrompt,
      device: run.target.device,
      camera: run.target.camera,
      how: "Everything",
      roundTripMs: NaN,
    });
    result.masks = many;
    if (many.length === 1) this.results.add(result, isShown);
    if (!isShown) {
      this.results.grown(result);
      return true;
    }
    void this.stage().hold(
      { shot: run.pair.shot, masks: many },
      noPrompt,
      result,
      `${many.length}${mask.count > 0 ? ` of ${mask.count}` : ""} masks`,
    );
    result.roundTripMs = performance.now() - run.started;
    this.results.grown(result);
    return true;
  }

  private async snapshot(): Promise<void> {
    const answer = await this.ask("snapshot", { quality: 90 });
    if (!answer.ok) return;
    this.stage().awaitSnapshot(wire.snapshotFrame(answer.result), (shot) =>
      this.notify(
        "info",
        "snapshot",
        `Frame #${wire.sequenceOf(shot.frame)} at full size, ${Math.round(shot.jpeg.length / 1024)} KiB. ` +
          "Click on it, or go back to the live picture.",
      ),
    );
  }

  /** Sends a command to the camera in view; a refusal is shown. Not ok, without a code, when another camera came into view meanwhile. */
  async ask(command: string, body: Record<string, unknown>): Promise<Answer> {
    const [target, place] = [this.target(), this.place];
    this.open++;
    // what was said of the command before is no answer to this one
    this.notify("", "", "");
    this.show();
    const answer: Answer = target
      ? await this.link.ask(target.device, target.camera, command, body, newId(), answerMs)
      : { ok: false, code: "no_broker", message: "There is no device to ask." };
    this.open--;
    this.show();
    // what another camera answers is no news for the one in view
    if (place !== this.place) return { ok: false, code: "", message: "" };
    if (answer.ok) this.notify("", "", "");
    else this.refused(answer.code, answer.message);
    return answer;
  }

  private refused(code: string, message: string): void {
    this.notify("error", code, code === "frame_gone" ? "The device no longer holds that frame. Ask again on the live picture." : message);
  }

  /** A sentence about what was asked, seen and spoken. */
  hint(sentence: string): void {
    setText(spoken, sentence);
    this.notify("info", "", sentence);
  }

  /** A sentence over the picture, with its code; an empty kind takes it away. */
  notify(kind: "" | "info" | "error", code: string, sentence: string): void {
    notice.hidden = kind === "";
    notice.dataset["kind"] = kind;
    notice.replaceChildren(code === "" ? "" : el("b", {}, code), " ", sentence);
  }

  /** Brings the buttons up to date. */
  show(): void {
    const target = this.target();
    const offers = (command: string): boolean => target?.commands?.includes(command) ?? true;
    for (const button of [auto, everything, snapshot, follow]) button.disabled = target === null || this.busy || !offers(button.id);
    const noPicture = this.stage().current === null;
    auto.disabled ||= noPicture;
    everything.disabled ||= noPicture || this.run !== null;
    exclude.hidden = target?.negative !== true;
    if (exclude.hidden && exclude.getAttribute("aria-pressed") === "true") this.toggle(exclude);
    const missing = [auto, everything, snapshot, follow].filter((b) => !offers(b.id)).map((b) => b.textContent.trim());
    setText(notOffered, missing.length > 0 ? `Not offered by this device: ${missing.join(", ")}.` : "");
    canvas.setAttribute("aria-busy", String(this.busy || this.run !== null));
    canvas.classList.toggle("busy", this.busy);
  }
}
