// The page and the real service: on replayed pictures whose object is known, over the embedded broker and over mosquitto,
// and on a moving scene.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { freePort, launch, mqtt, servePage, startEdgeseg, startMosquitto, until } from "./harness.mjs";
import { ball, knownObject } from "./known.mjs";
import { decodeRle, discOf, iou } from "./masks.mjs";
import {
    askForResult,
    attribute,
    chip,
    clickAt,
    clickForResult,
    close,
    download,
    downloadRle,
    dragBox,
    held,
    live,
    login,
    notice,
    openPage,
    shows,
} from "./page.mjs";

const scene = `[[camera]]\nid = "scene"\nuri = "test:?w=640&h=480&fps=5"\n`;
let browser, site, known, replay;

before(async () => {
    browser = await launch();
    site = await servePage();
    known = await knownObject(browser);
    const camera = (id, folder) => `[[camera]]\nid = "${id}"\nuri = "images:${folder}"\n`;
    replay = `${camera("replay", known.folder)}loop = true\nfps = 2\n${camera("gone", `${known.folder}/none`)}`;
});

after(async () => {
    await browser?.close();
    await site?.stop();
    known?.remove();
});

const online = (page) =>
    until(
        "online",
        async () =>
            (await page.locator("#link").innerText()) === "connected" &&
            /^(online|degraded)(?!.*last known)/.test(await page.locator("#device-state").innerText()),
        40_000,
    );
const automatic = (page) =>
    until("a mask's figures", async () => /Automatic mask[\s\S]*Score\s+0\.\d+/.test(await page.locator("#current").innerText()));
const whole = async (page) => {
    const {
        segmentation: {
            size: [h, w],
            counts,
        },
    } = await downloadRle(page);
    return decodeRle(counts, w, h);
};

/** What the service's `info` says that it accepts. */
async function understood(port) {
    const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, {
        protocolVersion: 5,
    });
    const info = await new Promise((done) => {
        client.on("message", (_, payload) => done(JSON.parse(payload)));
        client.subscribe("edgeseg/v1/real/info");
    });
    client.end(true);
    return info.commands;
}

/** The operator's whole way on the known object. */
async function operate(page, port, t) {
    await page.locator('[data-device="real"]').waitFor();
    await online(page);
    await until("the info", async () => /squeezesam .* · cpu · replay streaming/.test(await page.locator("#device-info").innerText()));
    await until("telemetry", async () =>
        /^Latency, end to end, last: p50 \d/.test((await page.locator("#plots svg").first().getAttribute("aria-label")) ?? ""),
    );
    await automatic(page);
    await page.locator("#picture").waitFor();
    await clickForResult(page, 1, ball.x - 20, ball.y + 10);
    await held(page);
    const click = iou(await whole(page), known.mask);
    await page.getByRole("button", { name: "Back to live" }).click();
    await live(page);
    const box = () => dragBox(page, ball.x - ball.r - 8, ball.y - ball.r - 8, ball.x + ball.r + 8, ball.y + ball.r + 8);
    await askForResult(page, 2, box);
    await held(page);
    const boxed = iou(await whole(page), known.mask);
    t.diagnostic(`IoU with the known object: click ${click.toFixed(3)}, box ${boxed.toFixed(3)}`);
    assert.ok(click > 0.7 && boxed > 0.7, `click ${click}, box ${boxed}`);
    await page.getByRole("button", { name: "Back to live" }).click();
    if ((await understood(port)).includes("everything")) {
        await page.getByRole("button", { name: "Everything", exact: true }).click();
        await until(
            "everything",
            async () => Number(await attribute(page, "data-masks")) > 0 && (await chip(page)).endsWith("held"),
            150_000,
        );
        const objects = [await downloadRle(page)]
            .flat()
            .map((o) => decodeRle(o.segmentation.counts, o.segmentation.size[1], o.segmentation.size[0]));
        const best = Math.max(...objects.map((o) => iou(o, known.mask)));
        t.diagnostic(`everything: ${objects.length} masks, the known object's IoU ${best.toFixed(3)}`);
        assert.ok(best > 0.7, `everything ${best}`);
    } else {
        await shows(page.locator("#not-offered"), /Everything/);
    }
    await page.locator("#camera").selectOption("gone");
    await page.getByRole("button", { name: "Snapshot" }).click();
    await until("the refusal", async () => /^internal camera gone gives no frame/.test(await notice(page)));
}

test("on the embedded broker: device, click and box on the known object, everything, a refusal", async (t) => {
    const service = await startEdgeseg(replay);
    const page = await openPage(browser, service.url);
    await operate(page, service.port, t);
    await close(page);
    await service.stop();
});

test("the same over mosquitto, the page served from elsewhere", async (t) => {
    const broker = await startMosquitto();
    const service = await startEdgeseg(replay, { mosquitto: broker.port });
    const page = await openPage(browser, site.url + "#manual");
    await login(page, broker.url);
    await operate(page, broker.port, t);
    await close(page);
    await service.stop();
    await broker.stop();
});

test("a service that was killed with its broker is found again, and says that an older frame is gone", async () => {
    const ports = { port: await freePort(), consolePort: await freePort() };
    let service = await startEdgeseg(replay, ports);
    const page = await openPage(browser, service.url);
    await online(page);
    await page.locator("#picture").waitFor();
    await clickForResult(page, 1, ball.x, ball.y);
    await held(page);
    await service.stop("SIGKILL");
    await until(
        "the loss is reported",
        async () => (await page.locator("#link").innerText()) === "no broker" && (await notice(page)).startsWith("no broker"),
    );
    service = await startEdgeseg(replay, ports);
    await online(page);
    await clickAt(page, ball.x + 10, ball.y);
    await until("the device's refusal", async () => /^frame_gone .*no longer holds/.test(await notice(page)));
    await clickForResult(page, 2, ball.x, ball.y);
    await page.context().close();
    await service.stop();
});

test("on a moving scene the mask fits the object in the very picture that it is drawn on", async (t) => {
    const service = await startEdgeseg(scene);
    const page = await openPage(browser, service.url);
    await page.locator("#picture").waitFor();
    const scores = [];
    for (let i = 1; i <= 3; i++) {
        await askForResult(page, i, async () => clickAt(page, ...(await until("the disc is in the picture", () => centre(page)))));
        await held(page);
        const [, file] = await download(page, "Picture");
        scores.push(iou(await whole(page), await discOf(page, file, 640, 480)));
        await page.getByRole("button", { name: "Back to live" }).click();
        await live(page);
    }
    t.diagnostic(`IoU with the disc of the same frame: ${scores.map((s) => s.toFixed(3)).join(" ")}`);
    assert.ok(Math.min(...scores) > 0.7, scores.join(" "));
    await close(page);
    await service.stop();
});

/** The disc's centre on the canvas; the masks that may be drawn on it leave red well above the background's. */
const centre = (page) =>
    page.locator("#picture").evaluate((c) => {
        const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
        let [n, sx, sy] = [0, 0, 0];
        for (let i = 0; i < c.width * c.height; i++)
            if (data[4 * i] > 120 && data[4 * i] >= data[4 * i + 2]) {
                n++;
                sx += i % c.width;
                sy += Math.floor(i / c.width);
            }
        return n > 0 ? [sx / n, sy / n] : null;
    });
