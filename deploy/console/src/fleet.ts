// The devices of a broker, and what each has reported.
import { samplesKept } from "./plots";
import * as wire from "./wire";

export interface Device {
  id: string;
  status: wire.Status | null;
  /** Whether the status came over the present connection. */
  confirmed: boolean;
  /** Of the last status that was not offline: a late will of an earlier session is ignored. */
  session: string;
  info: wire.Info | null;
  cameras: Map<string, wire.CameraState>;
  alerts: Map<string, wire.Alert>;
  telemetry: wire.Telemetry[];
  model: wire.ModelState | null;
}

const maxDevices = 1_000;
const maxAlerts = 32;
/** After a reconnection retained statuses come at once, those of devices that reconnect too within 30 s: after this, none comes. */
export const retiredAfterMs = 45_000;

export const isUp = (d: Device): boolean => d.status?.state === "online" || d.status?.state === "degraded";

export class Fleet {
  private readonly devices = new Map<string, Device>();
  private connectedAt = -Infinity;

  get all(): Device[] {
    return [...this.devices.values()].filter((d) => d.status !== null).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  find(id: string): Device | undefined {
    return this.devices.get(id);
  }

  /** The device of that id, whose status has come. */
  reported(id: string): Device | undefined {
    const of = this.devices.get(id);
    return of?.status ? of : undefined;
  }

  clear(): void {
    this.devices.clear();
  }

  /** A new connection: the broker sends what lasts again, and says nothing of alerts that ended and of devices that were retired. */
  reconnected(now: number): void {
    this.connectedAt = now;
    for (const d of this.devices.values()) {
      d.alerts.clear();
      d.confirmed = false;
    }
  }

  /**
   * Removes the devices that were retired while there was no connection. To be called while there is one.
   * @returns Whether there were any.
   */
  removeRetired(now: number): boolean {
    if (now - this.connectedAt < retiredAfterMs) return false;
    const gone = [...this.devices.values()].filter((d) => d.status !== null && !d.confirmed);
    for (const d of gone) this.devices.delete(d.id);
    return gone.length > 0;
  }

  /** The device of that id, whose status may still come; null when there are too many. */
  private of(id: string): Device | null {
    const known = this.devices.get(id);
    if (known || this.devices.size >= maxDevices) return known ?? null;
    const made: Device = {
      id,
      status: null,
      confirmed: false,
      session: "",
      info: null,
      cameras: new Map(),
      alerts: new Map(),
      telemetry: [],
      model: null,
    };
    this.devices.set(id, made);
    return made;
  }

  /** Takes a retained status; an empty one says that the device was taken out of service. */
  receiveStatus(id: string, payload: Uint8Array): void {
    if (payload.length === 0) this.devices.delete(id);
    const message = wire.parse(payload);
    if (!message) return;
    const status = wire.status(message);
    const of = this.of(id);
    if (!of) return;
    of.confirmed = true;
    if (status.state === "offline" && of.session !== "" && of.session !== status.session) return;
    if (status.state !== "offline") of.session = status.session;
    of.status = status;
  }

  /**
   * Takes what a device says of itself on the topic below its root; masks and pictures are none of it.
   * @returns The device; null when there are too many, or nothing is known of it and nothing is said.
   */
  receive(id: string, topic: string[], payload: Uint8Array): Device | null {
    // an empty message only takes something away
    const of = payload.length === 0 ? (this.find(id) ?? null) : this.of(id);
    if (of) this.take(of, topic, payload);
    return of;
  }

  private take(of: Device, [kind, name, leaf]: string[], payload: Uint8Array): void {
    const message = wire.parse(payload);
    if (kind === "alert" && name !== undefined) {
      if (!message) of.alerts.delete(name);
      else if (of.alerts.size < maxAlerts || of.alerts.has(name)) of.alerts.set(name, wire.alert(message));
    } else if (kind === "model" && name === "state") {
      of.model = message && wire.modelState(message);
    } else if (!message) {
      return;
    } else if (kind === "info") {
      of.info = wire.info(message);
    } else if (kind === "telemetry") {
      of.telemetry.push(wire.telemetry(message));
      if (of.telemetry.length > samplesKept) of.telemetry.shift();
    } else if (
      kind === "cam" &&
      name !== undefined &&
      leaf === "state" &&
      (of.info === null || of.info.cameras.some((c) => c.id === name))
    ) {
      of.cameras.set(name, wire.cameraState(message));
    }
  }
}
