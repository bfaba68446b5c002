// What `cmd/set` changes of a camera.
import { fields, number, text } from "./fields";

export const liveNumbers = ["max_fps", "interval_s", "min_score", "min_area"] as const;
export type LiveNumber = (typeof liveNumbers)[number];
/** What `set` changes, as it is in force. */
export type LiveSettings = { mode: string } & Record<LiveNumber, number>;

/** The values of an object of `info` or of a reply; NaN and an empty mode where the device does not report them. */
export function live(of: unknown): LiveSettings {
  const m = fields(of);
  return {
    mode: text(m["mode"]),
    max_fps: number(m["max_fps"]),
    interval_s: number(m["interval_s"]),
    min_score: number(m["min_score"]),
    min_area: number(m["min_area"]),
  };
}
