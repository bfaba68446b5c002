// What the console's tests start: a browser, a real edgeseg, mosquitto, and a web server for the page.
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
    const executablePath = [process.env.CHROMIUM ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
        existsSync,
    );
    if (!executablePath) throw new Error("no Chromium: apt-get install chromium, or name one in CHROMIUM");
    return chromium.launch({
        executablePath,
        args: ["--no-sandbox", "--js-flags=--expose-gc", "--enable-precise-memory-info"],
    });
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
    for (const end = Date.now() + timeoutMs; ; ) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
        await new Promise((r) => setTimeout(r, 50));
    }
}

const running = new Set();

/** Has the run end what a failed test leaves. */
export function endWithTheRun(stop) {
    running.add(stop);
}

// what a failed test leaves running would keep the run from ending; scripts that are no tests end what they start themselves
if (process.env.NODE_TEST_CONTEXT) (await import("node:test")).after(() => Promise.all([...running].map((stop) => stop())));

function start(command, args, ready) {
    // edgeseg takes every EDGESEG_ variable for a setting
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("EDGESEG_")));
    const child = spawn(command, args, {
        env: inherited,
        stdio: ["ignore", "pipe", "pipe"],
    });
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
    /** Ends it; with SIGKILL as a power cut does, without DISCONNECT. */
    const stop = (signal = "SIGTERM") =>
        new Promise((over) => {
            if (child.exitCode !== null || child.signalCode !== null) return over();
            child.once("exit", over);
            child.kill(signal);
            setTimeout(() => child.kill("SIGKILL"), 8_000).unref();
        });
    running.add(stop);
    child.once("exit", () => running.delete(stop));
    return { done, stop, signal: (name) => child.kill(name), said: () => said };
}

/** The published program. */
function binary() {
    const places = [
        process.env.EDGESEG_BINARY ?? "",
        join(root, "artifacts/linux-x64/edgeseg"),
        join(root, "artifacts/linux-arm64/edgeseg"),
    ];
    const found = places.find(existsSync);
    if (!found) throw new Error("no edgeseg: ./build.sh publish linux-x64, or name one in EDGESEG_BINARY");
    return found;
}

/** `edgeseg demo --console`, as a first-time user starts it; `images`: a folder of other photographs. */
export async function startDemo(images = undefined) {
    const service = start(
        binary(),
        ["demo", "--console", "--port", "0", ...(images ? ["--images", images] : [])],
        /Console on (http:\/\/\S+)/,
    );
    const [, url] = await service.done;
    return { url, stop: service.stop };
}

/**
 * The real service, with its console on a free port; with the port of a mosquitto, as that broker's client, and without a console unless
 * `brokerUrl` is that broker's WebSocket address. `mqtt`: more lines of that section.
 * `toml` is added to its settings.
 */
export async function startEdgeseg(toml = replay(), { port, consolePort = 0, mosquitto = 0, mqtt = [], brokerUrl = "" } = {}) {
    const folder = mkdtempSync(join(tmpdir(), "edgeseg-console-"));
    const brokerPort = port ?? (await freePort());
    const config = join(folder, "edgeseg.toml");
    const hasConsole = !mosquitto || brokerUrl !== "";
    const broker = [
        "[mqtt]",
        ...(mosquitto ? ['host = "127.0.0.1"', `port = ${mosquitto}`] : [`port = ${brokerPort}`]),
        ...mqtt,
        ...(hasConsole ? ["[console]", "enabled = true", `port = ${consolePort}`] : []),
        ...(brokerUrl === "" ? [] : [`broker_url = "${brokerUrl}"`]),
    ];
    const model = ["[model]", `dir = "${join(root, "models/squeezesam")}"`, "[telemetry]", "interval_s = 1"];
    writeFileSync(config, ['device = "real"', `state_dir = "${folder}"`, ...broker, ...model, toml].join("\n"));
    const service = start(binary(), ["run", "--config", config], hasConsole ? /console on (http:\/\/\S+)/ : /(connected to)/);
    const [, url] = await service.done;
    return {
        url,
        port: brokerPort,
        said: service.said,
        stop: async (signal) => {
            await service.stop(signal);
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

/** The demo's photographs over and over. */
export const replay = (fps = 1) => `[[camera]]\nid = "replay"\nuri = "images:${join(root, "deploy/demo")}"\nloop = true\nfps = ${fps}\n`;

/** mosquitto with a plain and a WebSocket listener; `users` is [name, password] pairs. */
export async function startMosquitto(users = [], ports = undefined) {
    const folder = mkdtempSync(join(tmpdir(), "edgeseg-mosquitto-"));
    const [port, webPort] = ports ?? [await freePort(), await freePort()];
    let config = `listener ${port} 127.0.0.1\nlistener ${webPort} 127.0.0.1\nprotocol websockets\nlog_dest stderr\n`;
    if (users.length > 0) {
        const file = join(folder, "users");
        writeFileSync(file, "");
        for (const [name, password] of users)
            execFileSync("mosquitto_passwd", ["-b", file, name, password], {
                stdio: "ignore",
            });
        config += `allow_anonymous false\npassword_file ${file}\n`;
    } else {
        config += "allow_anonymous true\n";
    }
    if (process.getuid() === 0) config += "user root\n";
    writeFileSync(join(folder, "mosquitto.conf"), config);
    const broker = start("mosquitto", ["-c", join(folder, "mosquitto.conf")], /running/);
    await broker.done;
    return {
        port,
        webPort,
        url: `ws://127.0.0.1:${webPort}/`,
        /** SIGSTOP: it hangs, with its connections open; SIGCONT ends that. */
        signal: broker.signal,
        stop: async (signal) => {
            await broker.stop(signal);
            rmSync(folder, { recursive: true, force: true });
        },
    };
}

/** Any web server will do for the page: this is the smallest. `settings` replaces the content of settings.json. */
export async function servePage(settings = undefined) {
    const types = {
        ".html": "text/html",
        ".js": "text/javascript",
        ".css": "text/css",
        ".svg": "image/svg+xml",
    };
    const server = createServer((request, response) => {
        const name = request.url === "/" ? "index.html" : request.url.slice(1).split("?")[0];
        if (settings && name === "settings.json") return response.end(JSON.stringify(settings));
        if (!/^[a-zA-Z.]+$/.test(name) || !existsSync(join(dist, name))) return response.writeHead(404).end();
        response
            .writeHead(200, {
                "content-type": types[extname(name)] ?? "text/plain",
            })
            .end(readFileSync(join(dist, name)));
    });
    await new Promise((r) => server.listen(0, "127.0.0.1", r));
    return {
        url: `http://127.0.0.1:${server.address().port}/`,
        stop: () => new Promise((r) => server.close(r)),
    };
}
