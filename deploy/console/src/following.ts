// The objects that the device follows on the camera in view: begun by a click, a box or a mask, listed with their state, ended one by one.
import { byId, el, setText } from "./dom";
import type { Answer } from "./link";
import { correctable, wirePoints, type PromptRequest } from "./prompts";
import type { Pair } from "./frames";
import type { Stage } from "./stage";
import * as wire from "./wire";

const follow = byId("follow", HTMLButtonElement);
const list = byId("tracks", HTMLElement);
/** The device sends a mask for each frame; one that sends none for so long follows no more. */
const silentMs = 15_000;
const maxTracks = 8;
const maxEnded = 64;

export class Following {
  private readonly tracks = new Map<string, { at: number; row: HTMLElement; word: HTMLElement }>();

  /** Those that the operator ended. A device gives each object of a session a name of its own. */
  private readonly ended = new Set<string>();

  constructor(
    private readonly stage: () => Stage,
    private readonly ask: (command: string, body: Record<string, unknown>) => Promise<Answer>,
    private readonly notify: (kind: "info" | "error", code: string, sentence: string) => void,
  ) {
    follow.addEventListener("click", () => void this.toggle());
    setInterval(() => this.prune(), 1_000);
  }

  /** Whether the next click or box begins to follow an object. */
  get isArmed(): boolean {
    return follow.getAttribute("aria-pressed") === "true";
  }

  /** Another device or camera. */
  forget(): void {
    follow.setAttribute("aria-pressed", "false");
    for (const id of [...this.tracks.keys()]) this.drop(id);
    this.ended.clear();
  }

  /** With a result in view its object is followed. Else prompts begin to follow objects while the button is pressed. */
  private async toggle(): Promise<void> {
    const { held, shown } = this.stage();
    const mask = held && shown?.masks.length === 1 ? correctable(held) : null;
    if (!this.isArmed && mask) return this.begin({ mask: mask.id });
    const isOn = this.isArmed;
    follow.setAttribute("aria-pressed", String(!isOn));
    if (!isOn) return this.notify("info", "follow", "Click an object, or drag a box around it: its outline moves with the live picture.");
    await this.end();
  }

  async prompt(pair: Pair, { clicks, box }: PromptRequest): Promise<void> {
    await this.begin({ ...(box ? { box } : { points: wirePoints(clicks) }), frame: pair.shot.frame });
  }

  private async begin(body: Record<string, unknown>): Promise<void> {
    const { held } = this.stage();
    const answer = await this.ask("follow", body);
    if (!answer.ok) return;
    const mask = wire.maskOf(answer.result);
    // what was opened meanwhile stays in view
    if (held && this.stage().held === held) this.stage().goLive();
    if (!mask || mask.track === "") return this.notify("error", "follow", "Nothing was found there, so nothing is followed.");
    this.take(mask);
    this.notify("info", "follow", `Following ${mask.track}.`);
  }

  /** @param track Which; empty: all. */
  private async end(track = ""): Promise<void> {
    const answer = await this.ask("unfollow", track === "" ? {} : { track });
    if (!answer.ok) return;
    for (const id of [...this.tracks.keys()]) {
      if (track !== "" && id !== track) continue;
      this.drop(id);
      this.ended.add(id);
    }
    for (const id of [...this.ended].slice(0, -maxEnded)) this.ended.delete(id);
    this.notify("info", "follow", track === "" ? "No object is followed any more." : `${track} is not followed any more.`);
  }

  /** Takes a mask of a followed object. */
  take({ track: id, trackState: state }: wire.Mask): void {
    // masks that were under way come after the answer that ended their object
    if (this.ended.has(id)) return;
    const known = this.tracks.get(id);
    if (known) {
      known.at = performance.now();
      setText(known.word, state);
      known.row.dataset["state"] = state;
      return;
    }
    if (this.tracks.size >= maxTracks) return;
    const word = el("span", { class: "muted" }, state);
    const button = el("button", { type: "button", "aria-label": `Stop following ${id}`, click: () => void this.end(id) }, "Stop");
    const row = el("li", { "data-track": id, "data-state": state }, el("b", {}, id), " ", word, " ", button);
    this.tracks.set(id, { at: performance.now(), row, word });
    list.append(row);
    list.hidden = false;
  }

  private prune(): void {
    for (const [id, { at }] of [...this.tracks]) if (performance.now() - at > silentMs) this.drop(id);
  }

  private drop(id: string): void {
    this.tracks.get(id)?.row.remove();
    this.tracks.delete(id);
    list.hidden = this.tracks.size === 0;
  }
}
