// Keeps the previews alive that somebody looks at. A device ends a preview by itself soon after nobody asks for it any more.
import { isUp, type Device } from "./fleet";
import { Grid, tilePreview } from "./grid";
import { answerMs, newId, type Link } from "./link";
import { Pace } from "./pace";
import type { Stage } from "./stage";
import type { View } from "./view";

const forS = 30;
const renewMs = 12_000;
// without pictures it is asked for again sooner: a device that was only just coming up may not have received it
const retryMs = 4_000;

/** What is in view. */
export interface Looked {
  device: Device | null;
  camera: string;
  view: View;
}

export class Previews {
  private askedAt = -Infinity;
  private gridAskedAt = -Infinity;
  private readonly pace = new Pace();

  constructor(
    private readonly link: Link,
    private readonly stage: () => Stage,
    private readonly looked: () => Looked,
  ) {}

  /** What is in view has changed, or the device knows of no preview: it is asked at the next look. */
  restart(): void {
    this.askedAt = -Infinity;
    this.gridAskedAt = -Infinity;
  }

  /** Another camera or device. */
  begin(): void {
    this.pace.begin();
    this.restart();
  }

  /** Takes the time of a picture of the camera in view. */
  note(capturedUtc: string): void {
    // pictures for the grid are of another size
    if (this.looked().view === "camera" && this.pace.note(Date.parse(capturedUtc), Date.now())) this.askedAt = -Infinity;
  }

  /** To be called several times a second. */
  keep(): void {
    const { device, view } = this.looked();
    if (!device || document.hidden || !isUp(device)) return;
    if (view === "camera") void this.keepOne(device);
    else if (view === "cameras") this.keepAll(device);
  }

  private async keepOne(device: Device): Promise<void> {
    const { camera } = this.looked();
    const stage = this.stage();
    if (camera === "") return;
    if (device.info && !device.info.commands.includes("preview")) {
      stage.previewFault = "This device does not know the preview command: masks are shown without pictures.";
      return;
    }
    if (performance.now() - this.askedAt < (stage.pictureAgeMs > renewMs ? retryMs : renewMs)) return;
    const askedAt = (this.askedAt = performance.now());
    const answer = await this.link.ask(device.id, camera, "preview", { on: true, ...this.pace.wanted, for_s: forS }, newId(), answerMs);
    // another camera, or asked again meanwhile
    if (this.askedAt !== askedAt) return;
    stage.previewFault = answer.ok ? "" : `${answer.code}: ${answer.message}`;
    stage.show();
  }

  /** The small pictures of all cameras. */
  private keepAll(device: Device): void {
    if (performance.now() - this.gridAskedAt < renewMs) return;
    this.gridAskedAt = performance.now();
    for (const id of Grid.cameras(device))
      void this.link.ask(device.id, id, "preview", { on: true, ...tilePreview, for_s: forS }, newId(), answerMs);
  }
}
