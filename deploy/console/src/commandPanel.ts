// The operator's commands: what is asked on which frame, and what becomes of the answer.
import { byId, el, setText } from "./dom";
import { answerMs, isOwn, newId, type Answer, type Link } from "./link";
import type { Pair, Shot } from "./frames";
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
  shot: Shot;
  /** What it holds on the stage. */
  held: Pair;
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
    this.open = 0;
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
    const held = { shot: pair.shot, masks: refines ? [refines] : [] };
    void this.stage().hold(held, request);
    if (refines) await this.segment("click", "Correction", held, noPrompt, { refines: refines.id, points: wirePoints(clicks) });
    else if (box) await this.segment("box", "Box", held, request, { box });
    else
      await this.segment("click", clicks.length === 1 ? "Click" : `${clicks.length} clicks`, held, request, { points: wirePoints(clicks) });
  }

  /** The frame that the buttons concern: the one that was chosen, although its picture may still be decoding, or the one in view. */
  private get chosen(): Shot | null {
    return (this.stage().held ?? this.stage().current)?.shot ?? null;
  }

  private async automatic(): Promise<void> {
    const shot = this.chosen;
    if (!shot) return;
    const held = { shot, masks: [] };
    void this.stage().hold(held);
    await this.segment("auto", "Automatic", held, noPrompt, {});
  }

  /**
   * Asks, and shows the answer in the place of `held`. When the operator has left that meanwhile, for the live picture, another result or
   * another question on the same frame, the answer is only listed.
   */
  private async segment(command: string, how: string, held: Pair, request: PromptRequest, body: Record<string, unknown>): Promise<void> {
    const started = performance.now();
    const target = this.target();
    const answer = await this.ask(command, { ...body, frame: held.shot.frame });
    const isInView = this.stage().held === held;
    if (!answer.ok) return this.leaveIfGone(answer.code, isInView);
    if (!target) return;
    const mask = wire.maskOf(answer.result);
    if (!mask) return this.notify("error", "bad_answer", "The device's answer holds no mask that this page understands.");
    const shot = mask.frame === held.shot.frame ? held.shot : (this.stage().find(mask.frame) ?? null);
    const result: Result = { masks: [mask], shot, request, device: target.device, camera: target.camera, how, roundTripMs: NaN };
    if (isInView) await this.stage().hold({ shot: shot ?? bare(mask), masks: [mask] }, request, result);
    result.roundTripMs = performance.now() - started;
    this.results.add(result, this.stage().shown === result);
    setText(spoken, mask.found ? `Mask found, score ${mask.score.toFixed(2)}` : `Nothing found: ${mask.reason}`);
  }

  /** A frame that the device no longer holds is nothing to work on. */
  private leaveIfGone(code: string, isInView: boolean): void {
    if (code === "frame_gone" && isInView) this.stage().goLive();
  }

  /** Every object of the frame in view. The masks come one by one, then the answer with their number. */
  private async everything(): Promise<void> {
    const [shot, target] = [this.chosen, this.target()];
    if (!shot || !target) return;
    const run: Run = { id: newId(), target, shot, held: { shot, masks: [] }, masks: [], result: null, started: performance.now() };
    this.run = run;
    void this.stage().hold(run.held, noPrompt, null, "segmenting everything");
    this.show();
    const answer = await this.link.ask(target.device, target.camera, "everything", { frame: shot.frame }, run.id, everythingMs);
    const outcome = answer.ok ? wire.everything(answer.result) : { count: 0, complete: true };
    // masks go without a receipt and may come after the answer, or not at all
    for (let i = 0; i < 15 && this.run === run && run.masks.length < outcome.count; i++) await new Promise((r) => setTimeout(r, 100));
    if (this.run !== run) return;
    this.run = null;
    this.show();
    const isInView = this.isInView(run);
    if (isInView) void this.stage().hold({ shot, masks: run.masks }, noPrompt, run.result);
    if (!answer.ok) {
      this.refused(answer.code, answer.message);
      return this.leaveIfGone(answer.code, isInView);
    }
    if (run.masks.length < outcome.count) this.notify("info", "everything", `${run.masks.length} of ${outcome.count} masks arrived.`);
    else if (!outcome.complete) this.notify("info", "everything", "The device's time was up before the whole frame was looked at.");
    else if (outcome.count === 0) this.notify("info", "everything", "Nothing was found in this frame.");
    else this.notify("", "", "");
    setText(spoken, `Everything: ${run.masks.length} masks`);
  }

  /** Whether the operator still looks at everything, or has chosen it again from the list. */
  private isInView(run: Run): boolean {
    return this.stage().held === run.held || (run.result !== null && this.stage().shown === run.result);
  }

  /** Takes a mask if it is one of everything, the first of which begins the result, or comes with an answer too. */
  onMask(mask: wire.Mask): boolean {
    const { run } = this;
    if (!run || mask.request !== run.id) return mask.source === "everything" || (mask.track === "" && isOwn(mask.request));
    if (!mask.found || run.masks.length >= maxMasks) return true;
    const isShown = this.isInView(run);
    run.masks.push(mask);
    const many = [...run.masks] as [wire.Mask, ...wire.Mask[]];
    const result = (run.result ??= {
      masks: many,
      shot: run.shot,
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
    run.held = { shot: run.shot, masks: many };
    void this.stage().hold(run.held, noPrompt, result, `${many.length}${mask.count > 0 ? ` of ${mask.count}` : ""} masks`);
    result.roundTripMs = performance.now() - run.started;
    this.results.grown(result);
    return true;
  }

  private async snapshot(): Promise<void> {
    const { held } = this.stage();
    const answer = await this.ask("snapshot", { quality: 90 });
    if (!answer.ok) return;
    if (this.stage().held !== held)
      return this.notify("info", "snapshot", "The snapshot is not shown: another frame was opened before it came. Ask again.");
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
    // what another camera answers is no news for the one in view
    if (place !== this.place) return { ok: false, code: "", message: "" };
    this.open--;
    this.show();
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
