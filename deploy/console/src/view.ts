// Which part of the page is in view: a camera, all cameras of the device, or the fleet; full screen, and the keys for all that.
import { byId, setText } from "./dom";

export type View = "camera" | "cameras" | "fleet";

const stagePanel = byId("stage-panel", HTMLElement);
const fullScreen = byId("full-screen", HTMLButtonElement);
const previous = byId("previous", HTMLButtonElement);
const next = byId("next", HTMLButtonElement);
const work = byId("work", HTMLElement);
const gridPanel = byId("grid-panel", HTMLElement);
const fleetPanel = byId("fleet", HTMLElement);
const buttons: [View, HTMLButtonElement][] = [
  ["cameras", byId("show-cameras", HTMLButtonElement)],
  ["fleet", byId("show-fleet", HTMLButtonElement)],
];

export class Views {
  private view: View = "camera";

  /**
   * @param changed Another part is in view.
   * @param step Goes so many cameras on.
   */
  constructor(
    private readonly changed: (view: View) => void,
    step: (by: 1 | -1) => void,
  ) {
    for (const [view, button] of buttons) button.addEventListener("click", () => this.set(this.view === view ? "camera" : view));
    byId("leave-grid", HTMLButtonElement).addEventListener("click", () => this.set("camera"));
    previous.addEventListener("click", () => step(-1));
    next.addEventListener("click", () => step(1));
    fullScreen.hidden = !document.fullscreenEnabled;
    fullScreen.addEventListener("click", () => this.toggleFullScreen());
    document.addEventListener("fullscreenchange", () =>
      setText(fullScreen, document.fullscreenElement ? "Leave full screen" : "Full screen"),
    );
    document.addEventListener("keydown", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey || this.view !== "camera" || !isFree(e.target)) return;
      if (e.key === "n" || e.key === "N") step(1);
      else if (e.key === "p" || e.key === "P") step(-1);
      else if ((e.key === "f" || e.key === "F") && !fullScreen.hidden) this.toggleFullScreen();
      else return;
      e.preventDefault();
    });
  }

  get current(): View {
    return this.view;
  }

  set(view: View): void {
    if (view === this.view) return;
    this.view = view;
    this.changed(view);
  }

  /** @param cameras How many the device has; 0: there is no device. */
  show(cameras: number, hasDevice: boolean): void {
    work.hidden = !hasDevice || this.view !== "camera";
    gridPanel.hidden = !hasDevice || this.view !== "cameras";
    fleetPanel.hidden = this.view !== "fleet";
    for (const [view, button] of buttons) button.setAttribute("aria-pressed", String(view === this.view));
    for (const button of [previous, next, buttons[0]![1]]) button.hidden = cameras < 2;
  }

  private toggleFullScreen(): void {
    // refused by the browser, for example in a frame: the page stays as it is
    if (document.fullscreenElement) void document.exitFullscreen().catch(() => undefined);
    else void stagePanel.requestFullscreen().catch(() => undefined);
  }
}

/** Letters are commands everywhere but in a field. */
const isFree = (target: EventTarget | null): boolean =>
  !(target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement);
