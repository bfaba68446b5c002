// A device that does as it is told: speaks the device's side of the protocol, without a camera or a model.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { endWithTheRun, mqtt, root } from "./harness.mjs";
import { ellipse, encodeRle } from "./masks.mjs";

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
                payload: this.text({
                    ...this.head(),
                    state: "offline",
                    reasons: ["lost"],
                    since_utc: new Date().toISOString(),
                    dropped: {},
                }),
                qos: 1,
                retain: true,
            },
        });
        this.client.on("connect", () => this.begin());
        this.client.on("message", (topic, payload, packet) => this.command(topic, payload, packet));
        endWithTheRun(() => this.stop());
        this.timers = [setInterval(() => this.tick(), 250), setInterval(() => this.tell(), 1000)];
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
        this.send(
            "status",
            {
                ...this.head(),
                state,
                reasons,
                since_utc: new Date().toISOString(),
                dropped: { full: 0, expired: 0, too_large: 0, failed: 0 },
            },
            { qos: 1, retain: true },
        );
    }
    retained(topic, body) {
        this.send(topic, body, { qos: 1, retain: true });
    }

    begin() {
        this.client.subscribe(`edgeseg/v1/${this.id}/cam/+/cmd/+`, { qos: 1 });
        this.state("online");
        this.retained("info", {
            ...this.head(),
            versions: { edgeseg: "0.1.0" },
            models: [
                {
                    role: "segmenter",
                    name: "squeezesam",
                    version: "0",
                    sha256: "0123456789abcdef",
                    precision: "int8",
                    weights_licence: "Apache-2.0",
                },
            ],
            provider: "cpu",
            precision_reason: "the CPU gains from int8",
            cameras: [
                {
                    id: "front",
                    kind: "images",
                    image: [photo.width, photo.height],
                    mode: "continuous",
                },
            ],
            limits: { message_bytes: 120000, command_bytes: 16384, points: 6 },
            commands: this.offered,
        });
        this.retained("cam/front/state", {
            ...this.head(),
            camera: "front",
            state: "streaming",
            reason: null,
            frame_age_ms: 20,
            reconnects: 0,
            granted: null,
        });
        this.model("downloading", { bytes: 3_100_000, bytes_total: 9_400_000 });
    }

    model(state, more = {}) {
        this.retained("model/state", {
            ...this.head(),
            state,
            name: "squeezesam",
            version: 2,
            bytes: 0,
            bytes_total: 0,
            reason: null,
            text: null,
            ...more,
        });
    }
    alert(id, text, remedy, degraded = false) {
        this.retained(`alert/${id}`, {
            ...this.head(),
            alert: id,
            code: id.replaceAll("-", "_"),
            camera: null,
            degraded,
            since_utc: new Date().toISOString(),
            text,
            remedy,
        });
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
        const area = pixels.reduce((a, b) => a + b, 0);
        return {
            v: 1,
            request,
            device: this.id,
            camera: "front",
            session: this.session,
            sequence,
            frame: this.frame(sequence),
            id: `${this.frame(sequence)}.1`,
            captured_utc: new Date().toISOString(),
            captured_ns: 1,
            time_source: "arrival",
            clock_synced: true,
            image: [photo.width, photo.height],
            prompt,
            found: true,
            reason: null,
            score: 0.934,
            predicted_iou: 0.91,
            stability: 0.96,
            zoom: true,
            area,
            box: [105, 60, 241, 181],
            centroid: [225, 150],
            mask: {
                format: "coco_rle",
                size: [photo.height, photo.width],
                counts: encodeRle(pixels, photo.width, photo.height),
            },
            model: {
                name: "squeezesam",
                version: "0",
                sha256: "0123456789abcdef",
                precision: "int8",
            },
            ms: {
                capture: 4.1,
                queue: 0.6,
                resize: 1.9,
                saliency: 12.4,
                clicks: 0.4,
                decode: 3.8,
                crop: 0.7,
                zoom: 3.6,
                mask: 1.1,
                encode: 0.5,
                publish: 0.1,
            },
            age_ms: 31.2,
            drops: 0,
            degraded: false,
        };
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

    tell() {
        if (this.paused || !this.client.connected) return;
        const wave = (base, spread) => base + spread * Math.abs(Math.sin(Date.now() / 7000)) + Math.random() * spread * 0.2;
        const stage = (ms) => ({
            count: 20,
            p50: wave(ms, ms * 0.2),
            p95: wave(ms * 1.6, ms * 0.4),
            p99: wave(ms * 2, ms * 0.6),
            max: ms * 3,
            le: [],
        });
        this.send("telemetry", {
            ...this.head(),
            at_utc: new Date().toISOString(),
            interval_s: 1,
            le_ms: [],
            cameras: {
                front: {
                    fps_in: wave(14, 1),
                    fps_out: wave(11, 2),
                    drops: { inference_busy: Math.floor(wave(2, 3)), stale: 0 },
                    stages: {
                        end_to_end: stage(31),
                        saliency: stage(12),
                        decode: stage(4),
                    },
                },
            },
            process: {
                rss_bytes: wave(182e6, 3e6),
                cpu_percent: wave(120, 20),
            },
            board: {
                temperature_c: { "soc-thermal": 47.5, "gpu-thermal": 51.5 },
                memory_available_bytes: 3e9,
            },
            gc: {},
            link: {},
        });
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
        if (name === "preview") {
            this.previewUntil = body.on ? Date.now() + body.for_s * 1000 : 0;
            reply({
                reply: "result",
                result: {
                    on: body.on,
                    max_fps: body.max_fps,
                    width: body.width,
                    quality: body.quality,
                    for_s: body.for_s,
                },
            });
        } else if (name === "snapshot") {
            this.preview();
            reply({
                reply: "result",
                result: {
                    topic: `edgeseg/v1/${this.id}/cam/front/preview`,
                    frame: this.frame(),
                    image: [photo.width, photo.height],
                    bytes: this.jpeg.length,
                    quality: body.quality,
                },
            });
        } else if (name === "everything") {
            this.everything(sequence, body.id);
            reply({
                reply: "result",
                result: {
                    frame: this.frame(sequence),
                    grid: 16,
                    asked: 256,
                    complete: true,
                    count: this.objects,
                    published: this.objects,
                    left_out: 0,
                    ms: 812,
                    masks: [],
                },
            });
        } else if (name === "unfollow") {
            reply({ reply: "result", result: { ended: 1 } });
        } else if (name === "follow") {
            const prompt = {
                source: body.box ? "box" : "click",
                clicks: body.points ?? [],
                box: body.box ?? null,
            };
            const mask = {
                ...this.mask(sequence, prompt, body.id),
                track: { id: "t1", age: 0, state: "tracking" },
            };
            this.send("cam/front/track/t1", mask);
            reply({ reply: "result", result: mask });
        } else {
            const prompt =
                name === "click"
                    ? { source: "click", clicks: body.points, box: null }
                    : name === "box"
                      ? { source: "box", clicks: [], box: body.box }
                      : { source: "auto", clicks: [[225, 150]], box: null };
            reply({
                reply: "result",
                result: this.mask(sequence, prompt, body.id),
            });
        }
    }

    /** Balls in a row, each in a message of its own. */
    everything(sequence, request) {
        for (let i = 0; i < this.objects; i++) {
            const ball = ellipse(photo.width, photo.height, 50 + 80 * i, 150, 30, 30);
            this.send("cam/front/mask", {
                ...this.mask(
                    sequence,
                    {
                        source: "everything",
                        clicks: [[50 + 80 * i, 150]],
                        box: null,
                    },
                    request,
                    ball,
                ),
                index: i,
                count: this.objects,
            });
        }
    }

    async stop() {
        if (this.stopped) return;
        this.stopped = true;
        this.timers.forEach(clearInterval);
        await new Promise((r) => this.client.end(true, {}, r));
    }
}
