// What the page knows before it connects: settings.json beside it, which a device writes itself and any other web server serves as a file.
import { isId } from "./fields";

export interface PageSettings {
  /** WebSocket address of the broker; empty: beside the page. */
  brokerUrl: string;
  /** First level or levels of every topic. */
  prefix: string;
  /** The device that serves the page; empty: another web server does. */
  device: string;
}

export const defaults: PageSettings = { brokerUrl: "", prefix: "edgeseg", device: "" };

export const isBrokerUrl = (text: string): boolean => /^wss?:\/\/[^/\s]/.test(text);
/** As mqtt.topic_prefix of the devices. */
export const isPrefix = (text: string): boolean => text.length <= 64 && /^[^+#$\s/]+(\/[^+#$\s/]+)*$/.test(text);

/** Never rejects: without a file that can be read the defaults hold. */
export async function readSettings(): Promise<PageSettings> {
  try {
    const response = await fetch("settings.json", { cache: "no-store" });
    const read: unknown = response.ok ? await response.json() : null;
    const of = typeof read === "object" && read !== null ? (read as Record<string, unknown>) : {};
    const [url, prefix, device] = [of["broker_url"], of["topic_prefix"], of["device"]];
    return {
      brokerUrl: typeof url === "string" && isBrokerUrl(url) ? url : defaults.brokerUrl,
      prefix: typeof prefix === "string" && isPrefix(prefix) ? prefix : defaults.prefix,
      device: typeof device === "string" && isId(device) ? device : defaults.device,
    };
  } catch {
    return defaults;
  }
}
