// Which device and camera the page shows, and the address that says so: "#robot-1/front". A link to it opens the same view.
import { isUp, type Device, type Fleet } from "./fleet";
import { isId } from "./fields";

/** Time after which a device that has not reported counts as missing: retained messages come within a moment. */
export const reportMs = 3_000;
/** An address that keeps the page from connecting by itself. A device of that name has a slash behind it. */
export const manual = "#manual";

export interface Spot {
  /** Empty: no particular one. */
  device: string;
  /** Empty: the first. */
  camera: string;
}

/** What an address names; null: no device. */
export function spotOf(hash: string): Spot | null {
  const [device, camera, ...rest] = hash.replace(/^#/, "").split("/");
  if (hash === manual || device === undefined || !isId(device) || rest.length > 0) return null;
  return { device, camera: camera !== undefined && isId(camera) ? camera : "" };
}

export const hashOf = ({ device, camera }: Spot): string => `#${device}/${camera}`;

/**
 * The wanted view. While its device has not reported, no other one is opened instead: commands would go to a device that nobody chose.
 */
export class Place {
  private spot: Spot;

  constructor(hash: string) {
    this.spot = spotOf(hash) ?? { device: "", camera: "" };
  }

  get device(): string {
    return this.spot.device;
  }

  get hash(): string {
    return hashOf(this.spot);
  }

  /** The device that serves the page is the wanted one unless the address names one. */
  servedBy(device: string): void {
    if (this.spot.device === "") this.spot = { device, camera: "" };
  }

  /** Another address. False: it names no device. */
  go(hash: string): boolean {
    const spot = spotOf(hash);
    if (spot) this.spot = spot;
    return spot !== null;
  }

  /** A device and its camera are in view; without a camera, that of the same device stays wanted. */
  shows(device: string, camera: string): void {
    if (device !== this.spot.device || camera !== "") this.spot = { device, camera };
  }

  /** The device to open while none is in view; null: none yet. */
  find(fleet: Fleet): Device | null {
    if (this.spot.device === "") return fleet.all.find(isUp) ?? null;
    return fleet.reported(this.spot.device) ?? null;
  }

  /** The camera to open of that device, which has these. */
  camera(device: string, cameras: readonly { id: string }[]): string {
    const wanted = device === this.spot.device && cameras.some((c) => c.id === this.spot.camera);
    return wanted ? this.spot.camera : (cameras[0]?.id ?? "");
  }
}

/** Takes what is in view into the place and the browser's address. That makes no entry in the history: "back" leaves the page. */
export function showAddress(place: Place, device: Device | null, camera: string): void {
  if (!device) return;
  place.shows(device.id, camera);
  if (location.hash !== place.hash) window.history.replaceState(null, "", place.hash);
}
