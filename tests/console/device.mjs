// A simulated device: the device's side of the protocol, without a camera or a model.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endWithTheRun, mqtt, root } from "./harness.mjs";
import { ellipse } from "./masks.mjs";
import {
    alertMessage,
    cameraStateMessage,
    infoMessage,
    maskMessage,
    modelStateMessage,
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
        } = {},
    ) {
        Object.assign(this, {
            id,
            photo,
            offered,
            objects: 5,
            autoEvery,
            session: Math.random().toString(16).slice(2, 14),
            sequence: 0,
            commands: [],
            refuse: {},
            previewUntil: 0,
            paused: false,
            mute: false,
        });
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
        this.timers = [setInterval(() => this.tick(), 250), setInterval(() => this.sendTelemetry(), 1000)];
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
        this.retained("cam/front/state", cameraStateMessage(this));
        this.model("downloading", { bytes: 3_100_000, bytes_total: 9_400_000 });
    }

    model(state, more = {}) {
        this.retained("model/state", modelStateMessage(this, state, more));
    }

    alert(id, text, remedy, degraded = false) {
        this.retained(`alert/${id}`, alertMessage(this, id, text, remedy, degraded));
    }

    frame(sequence = this.sequence) {
        return `${this.session}-front-${sequence}`;
    }

    preview(sequence = this.sequence) {
        this.client.publish(`edgeseg/v1/${this.id}/cam/front/preview`, this.jpeg, {
            properties: {
                contentType: "image/jpeg",
                userProperties: {
                    v: "1",
                    frame: this.frame(sequence),
                    camera: "front",
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
        if (Date.now() < this.previewUntil) this.preview();
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
        if (this.mute) return;
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
        reply({ reply: "result", result: this.result(name, body, sequence) });
    }

    /** Carries a command out; returns its result. */
    result(name, body, sequence) {
        switch (name) {
            case "preview":
                this.previewUntil = body.on ? Date.now() + body.for_s * 1000 : 0;
                return { on: body.on, max_fps: body.max_fps, width: body.width, quality: body.quality, for_s: body.for_s };
            case "snapshot":
                this.preview();
                return {
                    topic: `edgeseg/v1/${this.id}/cam/front/preview`,
                    frame: this.frame(),
                    image: [photo.width, photo.height],
                    bytes: this.jpeg.length,
                    quality: body.quality,
                };
            case "everything":
                return this.everything(sequence, body.id);
            case "unfollow":
                return { ended: 1 };
            case "follow": {
                const mask = {
                    ...this.mask(sequence, this.prompt(body.box ? "box" : "click", body), body.id),
                    track: { id: "t1", age: 0, state: "tracking" },
                };
                this.send("cam/front/track/t1", mask);
                return mask;
            }
            case "auto":
                return this.mask(sequence, { source: "auto", clicks: [[225, 150]], box: null }, body.id);
            default:
                return this.mask(sequence, this.prompt(name, body), body.id);
        }
    }

    prompt(source, body) {
        return { source, clicks: source === "click" ? (body.points ?? []) : [], box: source === "box" ? body.box : null };
    }

    /** Discs in a row, each in its own mask message; returns the result of the command. */
    everything(sequence, request) {
        for (let i = 0; i < this.objects; i++) {
            const disc = ellipse(photo.width, photo.height, 50 + 80 * i, 150, 30, 30);
            this.send("cam/front/mask", {
                ...this.mask(
                    sequence,
                    {
                        source: "everything",
                        clicks: [[50 + 80 * i, 150]],
                        box: null,
                    },
                    request,
                    disc,
                ),
                index: i,
                count: this.objects,
            });
        }
        return {
            frame: this.frame(sequence),
            grid: 16,
            asked: 256,
            complete: true,
            count: this.objects,
            published: this.objects,
            left_out: 0,
            ms: 812,
            masks: [],
        };
    }

    async stop() {
        if (this.stopped) return;
        this.stopped = true;
        this.timers.forEach(clearInterval);
        await new Promise((r) => this.client.end(true, {}, r));
    }
}
