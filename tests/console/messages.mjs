// The messages that a device publishes, as docs/asyncapi.yaml describes them; `device` is the FakeDevice that sends them.
import { encodeRle } from "./masks.mjs";

export const infoMessage = (device) => ({
    ...device.head(),
    fleet: device.fleet,
    tags: device.tags,
    versions: { edgeseg: "0.1.0" },
    models: [
        {
            role: "segmenter",
            name: "squeezesam",
            version: "0",
            sha256: "0123456789abcdef",
            precision: "int8",
            weights_licence: "Apache-2.0",
            zoom: true,
            negative_clicks: device.negativeClicks,
        },
    ],
    provider: "cpu",
    precision_reason: "the CPU gains from int8",
    cameras: device.cameras.map((id) => ({
        id,
        kind: "images",
        image: [device.photo.width, device.photo.height],
        ...device.live,
    })),
    limits: { message_bytes: 120000, command_bytes: 16384, points: 6 },
    commands: device.offered,
});

export const cameraStateMessage = (device, camera, state) => ({
    ...device.head(),
    camera,
    state,
    reason: null,
    frame_age_ms: 20,
    reconnects: 0,
    granted: null,
});

export const statusMessage = (device, state, reasons) => ({
    ...device.head(),
    state,
    reasons,
    since_utc: new Date().toISOString(),
    dropped: { full: 0, expired: 0, too_large: 0, failed: 0 },
});

/** `more` replaces fields. */
export const modelStateMessage = (device, state, more) => ({
    ...device.head(),
    state,
    name: "squeezesam",
    version: 2,
    bytes: 0,
    bytes_total: 0,
    reason: null,
    text: null,
    ...more,
});

export const alertMessage = (device, id, text, remedy, degraded) => ({
    ...device.head(),
    alert: id,
    code: id.replaceAll("-", "_"),
    camera: null,
    degraded,
    since_utc: new Date().toISOString(),
    text,
    remedy,
});

/** Each answer on a frame is a mask of its own: 1, 2, ...; the automatic one is 0. */
function answerNumber(device, sequence) {
    const answers = (device.answers ??= new Map());
    answers.set(sequence, (answers.get(sequence) ?? 0) + 1);
    return answers.get(sequence);
}

/** The prompt of a mask that answers a command. */
export function promptOf(source, body) {
    const points = source === "click" ? (body.points ?? []) : [];
    const off = points.filter((p) => p.label === 0).map(({ x, y }) => [x, y]);
    return {
        source,
        clicks: points.filter((p) => p.label !== 0),
        ...(off.length > 0 ? { negative_clicks: off } : {}),
        box: source === "box" ? body.box : null,
    };
}

/** `pixels`: one byte a pixel, row by row, 0 or 1. */
export function maskMessage(device, sequence, prompt, request, pixels) {
    const area = pixels.reduce((a, b) => a + b, 0);
    return {
        v: 1,
        request,
        device: device.id,
        camera: "front",
        session: device.session,
        sequence,
        frame: device.frame(sequence),
        id: `${device.frame(sequence)}.${request === null ? 0 : answerNumber(device, sequence)}`,
        captured_utc: new Date().toISOString(),
        captured_ns: 1,
        time_source: "arrival",
        clock_synced: true,
        image: [device.photo.width, device.photo.height],
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
            size: [device.photo.height, device.photo.width],
            counts: encodeRle(pixels, device.photo.width, device.photo.height),
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

/** Figures that vary with time, so that the page's plots move. */
export function telemetryMessage(device) {
    const wave = (base, spread) => base + spread * Math.abs(Math.sin(Date.now() / 7000)) + Math.random() * spread * 0.2;
    const stage = (ms) => ({
        count: 20,
        p50: wave(ms, ms * 0.2),
        p95: wave(ms * 1.6, ms * 0.4),
        p99: wave(ms * 2, ms * 0.6),
        max: ms * 3,
        le: [],
    });
    return {
        ...device.head(),
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
    };
}

/** What the command `everything` ends with. */
export const everythingResult = (device, sequence) => ({
    frame: device.frame(sequence),
    grid: 16,
    asked: 256,
    complete: true,
    count: device.objects,
    published: device.objects,
    left_out: 0,
    ms: 812,
    masks: [],
});
