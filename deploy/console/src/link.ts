// The page's one connection: MQTT 5 over a WebSocket. Credentials live in the client object only, and go with it.
import mqtt, { type MqttClient } from "mqtt";
import { Silence } from "./silence";
import { parse, reply, type Reply } from "./wire";

export interface Login {
  url: string;
  /** First level or levels of every topic. */
  prefix: string;
  user: string;
  password: string;
}

export type LinkState =
  | { kind: "off" }
  | { kind: "connecting" }
  | { kind: "online" }
  /** Tries again by itself. */
  | { kind: "lost"; was: boolean }
  /** The broker does not want us: only another log-in helps. */
  | { kind: "refused"; login: boolean; code: number; reason: string };

export type Received = (topic: string, payload: Uint8Array, properties: Record<string, string>) => void;

export const answerMs = 12_000;
const retryMs = 2_000;
// background tabs run timers once a minute: a shorter keep-alive would end their connections
const keepAliveS = 90;
/** Reason codes of MQTT 5 that concern user and password, and those of a broker that speaks MQTT 3.1.1 only. */
const loginCodes = [4, 5, 134, 135, 140];

const random = (bytes: number): string =>
  [...crypto.getRandomValues(new Uint8Array(bytes))].map((b) => b.toString(16).padStart(2, "0")).join("");

const own = random(4);
/** A request's id, as no other has it. */
export const newId = (): string => own + random(4);
/** Whether this page made the request. */
export const isOwn = (request: string | null): boolean => request?.startsWith(own) ?? false;

/** What became of a request. */
export type Answer = { ok: true; result: unknown } | { ok: false; code: string; message: string };

export class Link {
  readonly id = `console-${random(6)}`;
  private client: MqttClient | null = null;
  private root = "";
  private wasOnline = false;
  private readonly silence = new Silence(() => this.client?.sendPing());
  private filters: string[] = [];
  private readonly waiting = new Map<string, (answer: Answer) => void>();

  constructor(
    private readonly changed: (state: LinkState) => void,
    private readonly received: Received,
  ) {}

  open(login: Login): void {
    this.close();
    this.wasOnline = false;
    this.root = `${login.prefix}/v1`;
    this.changed({ kind: "connecting" });
    const client = mqtt.connect(login.url, {
      protocolVersion: 5,
      clientId: this.id,
      clean: true,
      keepalive: keepAliveS,
      reconnectPeriod: retryMs,
      connectTimeout: 8_000,
      timerVariant: "native",
      resubscribe: false,
      queueQoSZero: false,
      properties: { maximumPacketSize: 1 << 20 },
      ...(login.user === "" ? {} : { username: login.user, password: login.password }),
    });
    this.client = client;
    let refused = false;
    let brokersReason = "";
    client.on("packetreceive", (packet) => {
      this.silence.heard(performance.now());
      if (packet.cmd === "connack") brokersReason = packet.properties?.reasonString ?? "";
    });
    client.on("connect", () => {
      this.wasOnline = true;
      client.subscribe(
        [`+/reply/${this.id}`, "+/status", ...this.filters].map((f) => `${this.root}/${f}`),
        { qos: 1 },
      );
      this.changed({ kind: "online" });
    });
    client.on("error", (error) => {
      if (!("code" in error) || typeof error.code !== "number") return;
      refused = true;
      const reason = error.message.replace(/^Connection refused: /, "") + (brokersReason === "" ? "" : `: ${brokersReason.slice(0, 200)}`);
      this.changed({ kind: "refused", login: loginCodes.includes(error.code), code: error.code, reason });
      client.end(true);
    });
    client.on("close", () => {
      if (refused || this.client !== client) return;
      this.fail("no_broker", "The connection to the broker was lost before the device answered.");
      this.changed({ kind: "lost", was: this.wasOnline });
    });
    client.on("message", (topic, payload, packet) => {
      if (topic.endsWith(`/reply/${this.id}`)) return this.answer(payload);
      const user = packet.properties?.userProperties ?? {};
      const properties: Record<string, string> = {};
      for (const [name, value] of Object.entries(user)) properties[name] = Array.isArray(value) ? (value[0] ?? "") : value;
      if (topic.startsWith(`${this.root}/`)) this.received(topic.slice(this.root.length + 1), payload, properties);
    });
  }

  close(): void {
    const client = this.client;
    this.client = null;
    client?.end(true);
    this.fail("no_broker", "Disconnected.");
  }

  /**
   * Whether nothing has come from the broker for so long that it is gone, although the connection was not closed. To be called every
   * `lookMs` (silence.ts) while somebody looks: it asks a quiet broker for a sign of life.
   */
  isSilent(): boolean {
    return this.client?.connected === true && this.silence.isSilent(performance.now());
  }

  /** Subscribes to these topics, instead of those asked for before. As everywhere here, topics begin with the device. */
  subscribe(filters: string[]): void {
    const old = this.filters.filter((f) => !filters.includes(f));
    const added = filters.filter((f) => !this.filters.includes(f));
    this.filters = filters;
    if (!this.client?.connected) return;
    if (old.length > 0) this.client.unsubscribe(old.map((f) => `${this.root}/${f}`));
    if (added.length > 0)
      this.client.subscribe(
        added.map((f) => `${this.root}/${f}`),
        { qos: 1 },
      );
  }

  /** Sends a command and waits for its result; never rejects. */
  ask(device: string, camera: string, command: string, body: Record<string, unknown>, id: string, waitMs: number): Promise<Answer> {
    const client = this.client;
    return new Promise((done) => {
      if (!client?.connected) return done({ ok: false, code: "no_broker", message: "There is no connection to the broker." });
      const timer = setTimeout(
        () => this.complete(id, { ok: false, code: "no_answer", message: `The device did not answer within ${waitMs / 1000} seconds.` }),
        waitMs,
      );
      this.waiting.set(id, (answer) => {
        clearTimeout(timer);
        done(answer);
      });
      client.publish(`${this.root}/${device}/cam/${camera}/cmd/${command}`, JSON.stringify({ v: 1, id, ...body }), {
        qos: 1,
        properties: {
          responseTopic: `${this.root}/${device}/reply/${this.id}`,
          messageExpiryInterval: Math.ceil(answerMs / 1000),
          contentType: "application/json",
        },
      });
    });
  }

  private answer(payload: Uint8Array): void {
    const message = parse(payload);
    const parsed: Reply | null = message && reply(message);
    if (!parsed?.request || parsed.reply === "accepted") return;
    this.complete(
      parsed.request,
      parsed.reply === "result" ? { ok: true, result: parsed.result } : { ok: false, code: parsed.code, message: parsed.message },
    );
  }

  private complete(id: string, answer: Answer): void {
    this.waiting.get(id)?.(answer);
    this.waiting.delete(id);
  }

  /** Ends the wait for every answer. */
  fail(code: string, message: string): void {
    for (const id of [...this.waiting.keys()]) this.complete(id, { ok: false, code, message });
  }
}
