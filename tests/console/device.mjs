// A simulated device: the device's side of the protocol, without a camera or a model.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endWithTheRun, mqtt, root } from "./harness.mjs";
import { ellipse } from "./masks.mjs";
import {
    alertMessage,
    cameraStateMessage,
    everythingResult,
    infoMessage,
    maskMessage,
    modelStateMessage,
    promptOf,
    statusMessage,
    telemetryMessage,
} from "./messages.mjs";

const photo = {
    file: join(root, "deploy/demo/chelsea.jpg"),
    width: 451,
    height: 300,
};

/** Speaks the device's side of the protocol; every frame shows the same photograph, the object is an ellipse. */
export class FakeDevice {
    constructor(
        id,
        port,
        {
            login = {},
            autoEvery = 2,
            offered = ["click", "box", "auto", "everything", "snapshot", "preview", "set", "follow", "unfollow"],
            cameras = ["front"],
            pictureMs = 250,
            negativeClicks = false,
            fleet = null,
            tags = [],
        } = {},
    ) {
        Object.assign(this, {
            id,
            photo,
            offered,
            cameras,
            negativeClicks,
            fleet,
            tags,
            session: Math.random().toString(16).slice(2, 14),
            sequence: 0,
            commands: [],
            previewUntil: {},
            previewFps: {},
            tracks: 0,
            live: { mode: "continuous", max_fps: 0, interval_s: 1, min_score: 0, min_area: 0 },
            usualAutoEvery: autoEvery,
        });
        this.reset();
        this.jpeg = readFileSync(photo.file);
        this.client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
            protocolVersion: 5,
            clientId: `fake-${id}`,
            reconnectPeriod: 300,
            ...login,
            will: {
                topic: `edgeseg/v1/${id}/status`,
                payload: this.text(statusMessage(this, "offline", ["lost"])),
                qos: 1,
                retain: true,
            },
        });
        this.client.on("connect", () => this.begin());
        this.client.on("message", (topic, payload, packet) => this.command(topic, payload, packet));
        endWithTheRun(() => this.stop());
        this.timers = [setInterval(() => this.tick(), pictureMs), setInterval(() => this.sendTelemetry(), 1000)];
    }

    /** Takes back what a test has changed. */
    reset() {
        Object.assign(this, {
            objects: 5,
            autoEvery: this.usualAutoEvery,
            refuse: {},
            paused: false,
            mute: false,
            /** Commands that wait for `answerNow`; null: each is answered at once. */
            waiting: null,
        });
    }

    /** It was started again: another session, which knows nothing of the one before. */
    restart() {
        this.session = Math.random().toString(16).slice(2, 14);
        this.begin();
    }

    get object() {
        return ellipse(photo.width, photo.height, 225, 150, 120, 90);
    }
    head() {
        return { v: 1, device: this.id, session: this.session };
    }
    text(o) {
        return JSON.stringify(o);
    }
    send(topic, body, options = {}) {
        this.client.publish(`edgeseg/v1/${this.id}/${topic}`, typeof body === "string" ? body : this.text(body), options);
    }
    state(state, reasons = []) {
        this.retained("status", statusMessage(this, state, reasons));
    }
    retained(topic, body) {
        this.send(topic, body, { qos: 1, retain: true });
    }

    begin() {
        this.client.subscribe(`edgeseg/v1/${this.id}/cam/+/cmd/+`, { qos: 1 });
        this.state("online");
        this.retained("info", infoMessage(this));
        for (const camera of this.cameras) this.cameraState(camera, "streaming");
        this.model("downloading", { bytes: 3_100_000, bytes_total: 9_400_000 });
    }

    cameraState(camera, state) {
        this.retained(`cam/${camera}/state`, cameraStateMessage(this, camera, state));
    }

    model(state, more = {}) {
        this.retained("model/state", modelStateMessage(this, state, more));
    }

    alert(id, text, remedy, degraded = false) {
        this.retained(`alert/${id}`, alertMessage(this, id, text, remedy, degraded));
    }

    frame(sequence = this.sequence, camera = "front") {
        return `${this.session}-${camera}-${sequence}`;
    }

    preview(camera = "front", sequence = this.sequence) {
        this.client.publish(`edgeseg/v1/${this.id}/cam/${camera}/preview`, this.jpeg, {
            properties: {
                contentType: "image/jpeg",
                userProperties: {
                    v: "1",
                    frame: this.frame(sequence, camera),
                    camera,
                    session: this.session,
                    width: String(photo.width),
                    height: String(photo.height),
                    captured_utc: new Date().toISOString(),
                },
            },
        });
    }

    mask(sequence, prompt, request = null, pixels = this.object) {
        return maskMessage(this, sequence, prompt, request, pixels);
    }

    tick() {
        if (this.paused || !this.client.connected) return;
        this.sequence++;
        for (const camera of this.cameras) if (Date.now() < (this.previewUntil[camera] ?? 0)) this.preview(camera);
        if (this.autoEvery > 0 && this.sequence % this.autoEvery === 0)
            this.send(
                "cam/front/mask",
                this.mask(this.sequence, {
                    source: "auto",
                    clicks: [
                        [200, 130],
                        [240, 140],
                        [225, 160],
                        [180, 170],
                        [260, 180],
                    ],
                    box: null,
                }),
            );
    }

    sendTelemetry() {
        if (!this.paused && this.client.connected) this.send("telemetry", telemetryMessage(this));
    }

    command(topic, payload, packet) {
        const [name, camera] = [topic.split("/").at(-1), topic.split("/")[4]];
        const body = JSON.parse(payload);
        const to = packet.properties?.responseTopic;
        this.commands.push({
            name,
            camera,
            body,
            properties: packet.properties,
            retain: packet.retain,
            qos: packet.qos,
        });
        if (this.mute || (name !== "preview" && this.waiting?.push([name, camera, body, to]))) return;
        this.reply(name, camera, body, to);
    }

    /** Answers the commands that wait, and from now on each at once. */
    answerNow() {
        const waiting = this.waiting;
        this.waiting = null;
        for (const command of waiting) this.reply(...command);
    }

    reply(name, camera, body, to) {
        const reply = (rest) =>
            this.client.publish(
                to,
                this.text({
                    ...this.head(),
                    camera,
                    command: name,
                    request: body.id ?? null,
                    ...rest,
                }),
                { qos: 1 },
            );
        const refusal = this.refuse[name];
        if (refusal)
            return reply({
                reply: "error",
                error: { code: refusal[0], message: refusal[1] },
            });
        reply({ reply: "accepted" });
        const sequence = body.frame ? Number(body.frame.split("-").at(-1)) : this.sequence;
        const result = this.result(name, body, sequence, camera);
        reply({ reply: "result", result });
        // a mask that answers a command is published as any other
        if (["click", "box", "auto"].includes(name)) this.send(`cam/${camera}/mask`, result);
    }

    /** Carries a command out; returns its result. */
    result(name, body, sequence, camera) {
        switch (name) {
            case "preview":
                this.previewUntil[camera] = body.on ? Date.now() + body.for_s * 1000 : 0;
                return { on: body.on, max_fps: body.max_fps, width: body.width, quality: body.quality, for_s: body.for_s };
            case "snapshot":
                this.preview(camera);
                return {
                    topic: `edgeseg/v1/${this.id}/cam/${camera}/preview`,
                    frame: this.frame(this.sequence, camera),
                    image: [photo.width, photo.height],
                    bytes: this.jpeg.length,
                    quality: body.quality,
                };
            case "everything":
                return this.everything(sequence, body.id);
            case "unfollow":
                return { ended: 1 };
            case "set": {
                const { mode, max_fps, interval_s, min_score, min_area } = { ...this.live, ...body };
                return (this.live = { mode, max_fps, interval_s, min_score, min_area });
            }
            case "follow": {
                const id = `t${++this.tracks}`;
                const mask = this.track(id, "tracking", promptOf(body.box ? "box" : "click", body), sequence, body.id);
                return mask;
            }
            case "auto":
                return this.mask(sequence, { source: "auto", clicks: [[225, 150]], box: null }, body.id);
            default: {
                const of = body.refines ? Number(/-(\d+)\.\d+$/.exec(body.refines)[1]) : sequence;
                const mask = this.mask(of, promptOf(name, body), body.id);
                return body.refines ? { ...mask, id: `${mask.id}1`, refines: body.refines } : mask;
            }
        }
    }

    /** Publishes a mask of a followed object; returns it. */
    track(id, state, prompt = { source: "click", clicks: [[225, 150]], box: null }, sequence = this.sequence, request = null) {
        const found = state !== "lost";
        const mask = { ...this.mask(sequence, prompt, request), found, reason: found ? null : "lost", track: { id, age: 1, state } };
        this.send(`cam/front/track/${id}`, found ? mask : { ...mask, mask: null, box: null, centroid: null });
        return mask;
    }

    /** Discs in a row, each in its own mask message; returns the result of the command. */
    everything(sequence, request) {
        for (let i = 0; i < this.objects; i++) {
            const disc = ellipse(photo.width, photo.height, 50 + 80 * i, 150, 30, 30);
            this.send("cam/front/mask", {
                ...this.mask(sequence, { source: "everything", clicks: [[50 + 80 * i, 150]], box: null }, request, disc),
                index: i,
                count: this.objects,
            });
        }
        return everythingResult(this, sequence);
    }

    async stop() {
        if (this.stopped) return;
        this.stopped = true;
        this.timers.forEach(clearInterval);
        await new Promise((r) => this.client.end(true, {}, r));
    }
}
