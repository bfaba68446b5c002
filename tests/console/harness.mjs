// What the console's tests start: a browser, a real edgeseg, mosquitto, a web server for the page, and a scripted device.
import { spawn, execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const require = createRequire(join(root, "deploy/console/package.json"));
export const { chromium } = require("playwright-core");
export const mqtt = require("mqtt");
export const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const dist = join(root, "deploy/console/dist");

export async function launch() {
  const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
  if (!executablePath) throw new Error("no Chromium: apt-get install chromium");
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--js-flags=--expose-gc", "--enable-precise-memory-info"] });
}

export function freePort() {
  return new Promise((done) => {
    const s = createSocket().listen(0, "127.0.0.1", () => {
      const { port } = s.address();
      s.close(() => done(port));
    });
  });
}

export async function until(what, condition, timeoutMs = 20_000) {
  for (const end = Date.now() + timeoutMs; ;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

function start(command, args, ready) {
  // edgeseg takes every EDGESEG_ variable for a setting
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("EDGESEG_")));
  const child = spawn(command, args, { env: inherited, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const done = new Promise((ok, fail) => {
    const take = (data) => {
      said += data;
      const found = ready.exec(said);
      if (found) ok(found);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("exit", (code) => fail(new Error(`${command} ended with ${code}:\n${said}`)));
    setTimeout(() => fail(new Error(`${command} is not ready:\n${said}`)), 60_000).unref();
  });
  const stop = () => new Promise((over) => {
    if (child.exitCode !== null || child.signalCode !== null) return over();
    child.once("exit", over);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 8_000).unref();
  });
  return { done, stop, child, said: () => said };
}

/** The real service, with its console on a free port; or, with the port of a mosquitto, as that broker's client and without. `toml` is added to its settings. */
export async function startEdgeseg(toml = "", { port, consolePort = 0, mosquitto = 0 } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "edgeseg-console-"));
  const brokerPort = port ?? (await freePort());
  const config = join(folder, "edgeseg.toml");
  writeFileSync(config, `device = "real"\nstate_dir = "${folder}"\n[mqtt]\n${mosquitto ? `host = "127.0.0.1"\nport = ${mosquitto}` : `port = ${brokerPort}\n[console]\nenabled = true\nport = ${consolePort}`}\n[model]\ndir = "${join(root, "models/squeezesam")}"\n[telemetry]\ninterval_s = 1\n${toml}`);
  const binary = process.env.EDGESEG_BINARY;
  const dll = join(root, "src/EdgeSeg/bin/Debug/net10.0/edgeseg.dll");
  const [command, args] = binary ? [binary, []] : ["dotnet", [dll]];
  const service = start(command, [...args, "run", "--config", config], mosquitto ? /(connected to)/ : /console on (http:\/\/\S+)/);
  const [, url] = await service.done;
  return { url, port: brokerPort, said: service.said, stop: async () => { await service.stop(); rmSync(folder, { recursive: true, force: true }); } };
}

export const replay = (options = "") => `[[camera]]\nid = "replay"\nuri = "images:${join(root, "deploy/demo")}"\nloop = true\nfps = 1\n${options}`;

/** mosquitto with a plain and a WebSocket listener; `users` is [name, password] pairs. */
export async function startMosquitto(users = [], ports = undefined) {
  const folder = mkdtempSync(join(tmpdir(), "edgeseg-mosquitto-"));
  const [port, webPort] = ports ?? [await freePort(), await freePort()];
  let config = `listener ${port} 127.0.0.1\nlistener ${webPort} 127.0.0.1\nprotocol websockets\nlog_dest stderr\n`;
  if (users.length > 0) {
    const file = join(folder, "users");
    writeFileSync(file, "");
    for (const [name, password] of users) execFileSync("mosquitto_passwd", ["-b", file, name, password], { stdio: "ignore" });
    config += `allow_anonymous false\npassword_file ${file}\n`;
  } else {
    config += "allow_anonymous true\n";
  }
  if (process.getuid() === 0) config += "user root\n";
  writeFileSync(join(folder, "mosquitto.conf"), config);
  const broker = start("mosquitto", ["-c", join(folder, "mosquitto.conf")], /running/);
  await broker.done;
  return { port, webPort, url: `ws://127.0.0.1:${webPort}/`, stop: async () => { await broker.stop(); rmSync(folder, { recursive: true, force: true }); } };
}

/** Any web server will do for the page: this is the smallest. */
export async function servePage() {
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
  const server = createServer((request, response) => {
    const name = request.url === "/" ? "index.html" : request.url.slice(1).split("?")[0];
    if (!/^[a-zA-Z.]+$/.test(name) || !existsSync(join(dist, name))) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(name)] ?? "text/plain" }).end(readFileSync(join(dist, name)));
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => new Promise((r) => server.close(r)) };
}

// ---- masks, as devices send them

export function encodeRle(mask, width, height) {
  const runs = [];
  let value = 0;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if (mask[y * width + x] === value) { run++; continue; }
      runs.push(run);
      value ^= 1;
      run = 1;
    }
  }
  runs.push(run);
  let text = "";
  runs.forEach((r, i) => {
    let v = i > 2 ? r - runs[i - 2] : r;
    for (let more = true; more;) {
      let c = v & 31;
      v >>= 5;
      more = (c & 16) !== 0 ? v !== -1 : v !== 0;
      if (more) c |= 32;
      text += String.fromCharCode(c + 48);
    }
  });
  return text;
}

/** The pixels of a JPEG that are brighter in red than the synthetic scene's background ever is: its disc; at the size asked for. */
export async function discOf(page, jpegFile, width, height) {
  const text = readFileSync(jpegFile).toString("base64");
  const found = await page.evaluate(async ([base64, w, h]) => {
    const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: "image/jpeg" }));
    const canvas = new OffscreenCanvas(w, h);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0, w, h);
    const { data } = context.getImageData(0, 0, w, h);
    return [...Array(w * h).keys()].map((i) => (data[4 * i] > 150 ? "1" : "0")).join("");
  }, [text, width, height]);
  return Uint8Array.from(found, Number);
}

/** A second implementation of the decoder, by runs of whole columns. */
export function decodeRle(counts, width, height) {
  const mask = new Uint8Array(width * height);
  const runs = [];
  for (let i = 0; i < counts.length;) {
    let v = 0n;
    let shift = 0n;
    let c;
    do {
      c = BigInt(counts.charCodeAt(i++) - 48);
      v |= (c & 31n) << shift;
      shift += 5n;
    } while (c & 32n);
    if (c & 16n) v -= 1n << shift;
    runs.push(Number(v) + (runs.length > 2 ? runs[runs.length - 2] : 0));
  }
  let at = 0;
  runs.forEach((run, i) => {
    for (let n = 0; n < run; n++, at++) if (i % 2 === 1) mask[(at % height) * width + Math.floor(at / height)] = 1;
  });
  return mask;
}

export function ellipse(width, height, cx, cy, rx, ry) {
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1) mask[y * width + x] = 1;
  return mask;
}

export function iou(a, b) {
  let both = 0;
  let any = 0;
  for (let i = 0; i < a.length; i++) {
    if (a[i] && b[i]) both++;
    if (a[i] || b[i]) any++;
  }
  return any === 0 ? 1 : both / any;
}

// ---- a device that does as it is told

const photo = { file: join(root, "deploy/demo/chelsea.jpg"), width: 451, height: 300 };

/** Speaks the device's side of the protocol; every frame shows the same photograph, the object is an ellipse. */
export class FakeDevice {
  constructor(id, port, { login = {}, autoEvery = 2 } = {}) {
    Object.assign(this, { id, autoEvery, session: Math.random().toString(16).slice(2, 14), sequence: 0, commands: [], refuse: {}, previewUntil: 0, paused: false, mute: false });
    this.jpeg = readFileSync(photo.file);
    this.client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, clientId: `fake-${id}`, reconnectPeriod: 300, ...login,
      will: { topic: `edgeseg/v1/${id}/status`, payload: this.text({ ...this.head(), state: "offline", reasons: ["lost"], since_utc: new Date().toISOString(), dropped: {} }), qos: 1, retain: true } });
    this.client.on("connect", () => this.begin());
    this.client.on("message", (topic, payload, packet) => this.command(topic, payload, packet));
    this.timers = [setInterval(() => this.tick(), 250), setInterval(() => this.tell(), 1000)];
  }

  get object() { return ellipse(photo.width, photo.height, 225, 150, 120, 90); }
  head() { return { v: 1, device: this.id, session: this.session }; }
  text(o) { return JSON.stringify(o); }
  send(topic, body, options = {}) { this.client.publish(`edgeseg/v1/${this.id}/${topic}`, typeof body === "string" ? body : this.text(body), options); }
  state(state, reasons = []) { this.send("status", { ...this.head(), state, reasons, since_utc: new Date().toISOString(), dropped: { full: 0, expired: 0, too_large: 0, failed: 0 } }, { qos: 1, retain: true }); }
  retained(topic, body) { this.send(topic, body, { qos: 1, retain: true }); }

  begin() {
    this.client.subscribe(`edgeseg/v1/${this.id}/cam/+/cmd/+`, { qos: 1 });
    this.state("online");
    this.retained("info", { ...this.head(), versions: { edgeseg: "0.1.0" }, models: [{ role: "segmenter", name: "squeezesam", version: "0", sha256: "0123456789abcdef", precision: "int8", weights_licence: "Apache-2.0" }],
      provider: "CPUExecutionProvider", precision_reason: "the CPU gains from int8", cameras: [{ id: "front", kind: "images", image: [photo.width, photo.height], mode: "continuous" }],
      limits: { message_bytes: 120000, command_bytes: 16384, points: 6 }, commands: ["click", "box", "auto", "snapshot", "preview", "set"] });
    this.retained("cam/front/state", { ...this.head(), camera: "front", state: "streaming", reason: null, frame_age_ms: 20, reconnects: 0, granted: null });
    this.retained("model/state", { ...this.head(), fleet: "", state: "downloading", reason: "", detail: "", desired: { name: "squeezesam", version: 2, revision: 1 }, active: { name: "squeezesam", version: 1, slot: "a" }, bytes: { done: 3_100_000, total: 9_400_000 }, at_utc: new Date().toISOString() });
  }

  frame(sequence = this.sequence) { return `${this.session}-front-${sequence}`; }

  preview(sequence = this.sequence) {
    this.client.publish(`edgeseg/v1/${this.id}/cam/front/preview`, this.jpeg, { properties: { contentType: "image/jpeg", userProperties:
      { v: "1", frame: this.frame(sequence), camera: "front", session: this.session, width: String(photo.width), height: String(photo.height), captured_utc: new Date().toISOString() } } });
  }

  mask(sequence, prompt, request = null, pixels = this.object) {
    const area = pixels.reduce((a, b) => a + b, 0);
    return { v: 1, request, device: this.id, camera: "front", session: this.session, sequence, frame: this.frame(sequence), captured_utc: new Date().toISOString(), captured_ns: 1, time_source: "arrival", clock_synced: true,
      image: [photo.width, photo.height], prompt, found: true, reason: null, score: 0.934, predicted_iou: 0.91, area, box: [105, 60, 241, 181], centroid: [225, 150],
      mask: { format: "coco_rle", size: [photo.height, photo.width], counts: encodeRle(pixels, photo.width, photo.height) }, model: { name: "squeezesam", version: "0", sha256: "0123456789abcdef", precision: "int8" },
      ms: { capture: 4.1, queue: 0.6, resize: 1.9, saliency: 12.4, clicks: 0.4, decode: 3.8, mask: 1.1, encode: 0.5, publish: 0.1 }, age_ms: 31.2, drops: 0, degraded: false };
  }

  tick() {
    if (this.paused || !this.client.connected) return;
    this.sequence++;
    if (Date.now() < this.previewUntil) this.preview();
    if (this.autoEvery > 0 && this.sequence % this.autoEvery === 0) this.send("cam/front/mask", this.mask(this.sequence, { source: "auto", clicks: [[200, 130], [240, 140], [225, 160], [180, 170], [260, 180]], box: null }));
  }

  tell() {
    if (this.paused || !this.client.connected) return;
    const wave = (base, spread) => base + spread * Math.abs(Math.sin(Date.now() / 7000)) + Math.random() * spread * 0.2;
    const stage = (ms) => ({ count: 20, p50: wave(ms, ms * 0.2), p95: wave(ms * 1.6, ms * 0.4), p99: wave(ms * 2, ms * 0.6), max: ms * 3, le: [] });
    this.send("telemetry", { ...this.head(), at_utc: new Date().toISOString(), interval_s: 1, le_ms: [], cameras: { front: { fps_in: wave(14, 1), fps_out: wave(11, 2), drops: { inference_busy: Math.floor(wave(2, 3)), stale: 0 }, stages: { end_to_end: stage(31), saliency: stage(12), decode: stage(4) } } },
      process: { rss_bytes: wave(182e6, 3e6), cpu_percent: wave(120, 20) }, gc: {}, link: {} });
  }

  command(topic, payload, packet) {
    const [name, camera] = [topic.split("/").at(-1), topic.split("/")[4]];
    const body = JSON.parse(payload);
    const to = packet.properties?.responseTopic;
    this.commands.push({ name, camera, body, properties: packet.properties, retain: packet.retain, qos: packet.qos });
    if (this.mute) return;
    const reply = (rest) => this.client.publish(to, this.text({ ...this.head(), camera, command: name, request: body.id ?? null, ...rest }), { qos: 1 });
    const refusal = this.refuse[name] ?? (name === "everything" ? ["unsupported_prompt", "everything is reserved: this model segments one object at a time"] : null);
    if (refusal) return reply({ reply: "error", error: { code: refusal[0], message: refusal[1] } });
    reply({ reply: "accepted" });
    const sequence = body.frame ? Number(body.frame.split("-").at(-1)) : this.sequence;
    if (name === "preview") {
      this.previewUntil = body.on ? Date.now() + body.for_s * 1000 : 0;
      reply({ reply: "result", result: { on: body.on, max_fps: body.max_fps, width: body.width, quality: body.quality, for_s: body.for_s } });
    } else if (name === "snapshot") {
      this.preview();
      reply({ reply: "result", result: { topic: `edgeseg/v1/${this.id}/cam/front/preview`, frame: this.frame(), image: [photo.width, photo.height], bytes: this.jpeg.length, quality: body.quality } });
    } else {
      const prompt = name === "click" ? { source: "click", clicks: body.points, box: null } : name === "box" ? { source: "box", clicks: [], box: body.box } : { source: "auto", clicks: [[225, 150]], box: null };
      reply({ reply: "result", result: this.mask(sequence, prompt, body.id) });
    }
  }

  async stop() {
    this.timers.forEach(clearInterval);
    await new Promise((r) => this.client.end(true, {}, r));
  }
}

// ---- the page

export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (e) => page.faults.push(String(e)));
  page.on("console", (m) => { if (m.type() === "error" && !/WebSocket connection|ERR_CONNECTION/.test(m.text())) page.faults.push(m.text()); });
  await page.goto(url);
  return page;
}

export async function login(page, url, user = "", password = "") {
  await page.locator("#url").fill(url);
  await page.locator("#user").fill(user);
  await page.locator("#password").fill(password);
  await page.getByRole("button", { name: "Connect", exact: true }).click();
}

/** Where a frame's pixel is on the screen. */
export async function spot(page, x, y) {
  const box = await page.locator("#picture").boundingBox();
  const [w, h] = await page.locator("#picture").evaluate((c) => [c.width, c.height]);
  return [box.x + (x * box.width) / w, box.y + (y * box.height) / h];
}

export async function downloadRle(page) {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "COCO RLE" }).click();
  return JSON.parse(readFileSync(await (await coming).path(), "utf8"));
}
