// The page and a device that does as it is told, on the broker inside edgeseg.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { launch, replay, startEdgeseg, until } from "./harness.mjs";
import { decodeRle, iou, maskOfPng } from "./masks.mjs";
import {
    attribute,
    chip,
    clickAt,
    close,
    download,
    downloadRle,
    dragBox,
    held,
    live,
    notice,
    openPage,
    results,
    seriousFindings,
    spot,
} from "./page.mjs";

let browser, service, device;

before(async () => {
    browser = await launch();
    service = await startEdgeseg(replay());
    device = new FakeDevice("fake-1", service.port);
});

after(async () => {
    await browser?.close();
    await device?.stop();
    await service?.stop();
});

async function onDevice(options, id = "fake-1") {
    const page = await openPage(browser, service.url, options);
    await page.locator(`[data-device="${id}"]`).click();
    await page.locator("#picture").waitFor();
    device.commands.length = 0;
    return page;
}

/** The command of that name, once it came. */
const commanded = (name, fits = () => true) =>
    until(`the command ${name}`, () => device.commands.find((c) => c.name === name && fits(c.body)));

test("lists the devices, and tells state, model, provider, alerts and telemetry of the chosen one", async () => {
    device.alert("throttled", "the processor is throttled", "give it a fan", true);
    const page = await onDevice();
    await until("both devices", async () => (await page.locator("#devices li").count()) === 2);
    assert.equal(await page.locator("#device-state").innerText(), "online");
    assert.match(await page.locator("#device-facts").innerText(), /squeezesam 0 int8 · cpu · front streaming/);
    assert.match(await page.locator("#alerts").innerText(), /throttled the processor is throttled\s+give it a fan/);
    device.retained("alert/throttled", "");
    await until("no alert", () => page.locator("#alerts").isHidden());
    await page.locator("#plots svg").first().waitFor();
    const plots = await page.locator("#plots svg").evaluateAll((all) => all.map((p) => p.getAttribute("aria-label")));
    const wanted = [
        /^Latency, end to end, last: p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms/,
        /^Frames a second, last: camera [\d.]+, masks/,
        /^Dropped frames by cause, last: inference busy \d/,
        /^Memory, last: resident \d+ MB/,
        /^Temperature, last: hottest 51.5 °C/,
    ];
    wanted.forEach((w, i) => assert.match(plots[i], w));
    await page.locator("#stage").selectOption("saliency");
    assert.match(await page.locator("#plots svg").first().getAttribute("aria-label"), /^Latency, saliency, last: p50/);
    await close(page);
});

test("an update of the model is shown with its progress, and why it was refused", async () => {
    const page = await onDevice();
    const model = page.locator("#model");
    await until("the bytes", async () => /Update\s+downloading\s+To\s+squeezesam 2\s+3.1 of 9.4 MB, 32 %/.test(await model.innerText()));
    assert.deepEqual(await model.locator("progress").evaluate((p) => [p.value, p.max]), [3_100_000, 9_400_000]);
    device.model("canary", {
        bytes: 9_400_000,
        bytes_total: 9_400_000,
        later: [1],
    });
    await until("the trial", async () => /trying the new model out/.test(await model.innerText()));
    assert.equal(await model.locator("progress").getAttribute("aria-label"), "Update: canary");
    device.model("refused", {
        reason: "bad_signature",
        text: "no trusted key signed it",
    });
    await until("the reason", async () => /refused[\s\S]*bad signature: no trusted key signed it/.test(await model.innerText()));
    assert.equal(await model.locator("progress").count(), 0);
    device.retained("model/state", { v: 1, state: "active" });
    await until("fields may be missing", async () => /the new model is in use/.test(await model.innerText()));
    device.model("downloading", { bytes: 3_100_000, bytes_total: 9_400_000 });
    await close(page);
});

test("a mask is drawn on the frame that it was made from and on no other, automatic ones with their five clicks", async () => {
    const page = await onDevice();
    await page.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => {
            const { frame, mask } = document.getElementById("picture").dataset;
            window.seen.push([frame, mask]);
        }).observe(document.getElementById("picture"), {
            attributes: true,
            attributeFilter: ["data-frame", "data-mask"],
        });
    });
    await until("ten frames", async () => (await page.evaluate(() => window.seen.length)) > 20);
    const seen = await page.evaluate(() => window.seen);
    assert.ok(seen.some(([, mask]) => mask !== ""));
    for (const [frame, mask] of seen) assert.ok(mask === "" || mask === frame, `mask of ${mask} on ${frame}`);
    const numbers = seen.map(([frame]) => Number(frame.split("-").at(-1)));
    assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
        "never back to an earlier frame",
    );
    await until("five white dots", () =>
        page.locator("#picture").evaluate(
            (c) =>
                c.dataset.mask !== "" &&
                [
                    [200, 130],
                    [240, 140],
                    [225, 160],
                    [180, 170],
                    [260, 180],
                ].every(([x, y]) => [...c.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3).every((v) => v > 240)),
        ),
    );
    await close(page);
});

test("a click names frame and pixel, its mask appears on the object and can be saved as PNG and COCO RLE", async () => {
    const page = await onDevice();
    await clickAt(page, 225, 150);
    await held(page);
    const { body, properties, retain, qos } = device.commands.find((c) => c.name === "click");
    assert.equal(body.frame, await attribute(page, "data-frame"));
    assert.equal(await attribute(page, "data-mask"), body.frame);
    assert.ok(Math.hypot(body.points[0][0] - 225, body.points[0][1] - 150) < 1.5, JSON.stringify(body.points));
    assert.match(properties.responseTopic, /^edgeseg\/v1\/fake-1\/reply\/[a-z0-9-]{1,64}$/);
    assert.deepEqual([retain, qos, properties.messageExpiryInterval > 0], [false, 1, true]);
    const rle = await downloadRle(page);
    const [h, w] = rle.segmentation.size;
    assert.ok(iou(decodeRle(rle.segmentation.counts, w, h), device.object) > 0.999);
    const [name, file] = await download(page, "Mask PNG");
    assert.match(name, /-mask\.png$/);
    assert.ok(iou(await maskOfPng(page, file, w, h), device.object) > 0.999);
    // the picture itself: the object's left end is at 105, where the line around it is
    const [r, g] = await page.locator("#picture").evaluate((c) => {
        const { data } = c.getContext("2d").getImageData(100, 150, 10, 1);
        return [...Array(10).keys()].map((i) => [data[4 * i], data[4 * i + 1]]).sort((p, q) => q[1] - q[0] - (p[1] - p[0]))[0];
    });
    assert.ok(g > 200 && g > r + 60, `a bright green line, not red ${r}, green ${g}`);
    assert.match(await page.locator("#results li").first().innerText(), /Click[\s\S]*0.93/);
    assert.match(await page.locator("#current").innerText(), /Score\s+0.934[\s\S]*Area\s+[\d,]+ px[\s\S]*decode\s+3.8 ms/);
    assert.match(await page.locator("#current .stages").getAttribute("aria-label"), /saliency 12 ms/);
    await page.getByRole("button", { name: "Back to live" }).click();
    await live(page);
    await close(page);
});

test("Shift adds points, dragging makes a box, Automatic asks on the frame in view", async () => {
    const page = await onDevice();
    await clickAt(page, 200, 140);
    await held(page);
    await clickAt(page, 250, 160, { shift: true });
    const second = await commanded("click", (b) => b.points.length === 2);
    assert.equal(second.body.frame, device.commands.find((c) => c.name === "click").body.frame, "the points are of one frame");
    await dragBox(page, 100, 60, 350, 240);
    const { body } = await commanded("box");
    [100, 60, 350, 240].forEach((v, i) => assert.ok(Math.abs(body.box[i] - v) < 2, JSON.stringify(body.box)));
    await results(page, 3);
    await page.getByRole("button", { name: "Automatic", exact: true }).click();
    assert.equal((await commanded("auto")).body.frame, await attribute(page, "data-frame"));
    await close(page);
});

test("Follow: the next click begins to follow, and pressing it again ends it", async () => {
    const page = await onDevice();
    const follow = page.getByRole("button", { name: "Follow", exact: true });
    await follow.click();
    await clickAt(page, 225, 150);
    const { body } = await commanded("follow");
    assert.equal(body.points.length, 1);
    assert.match(body.frame, /-\d+$/);
    await until("the notice", async () => /follow Following t1/.test(await notice(page)));
    await live(page);
    assert.equal(
        device.commands.some((c) => c.name === "click"),
        false,
    );
    await follow.click();
    assert.equal((await commanded("unfollow")).body.track, undefined);
    await until("the end", async () => /No object is followed/.test(await notice(page)));
    await close(page);
});

test("Everything shows each mask in a tint of its own, and the list is saved", async () => {
    const page = await onDevice();
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    const { body } = await commanded("everything");
    await until("all five masks", async () => (await attribute(page, "data-masks")) === "5" && (await chip(page)).endsWith("held"));
    assert.equal(body.frame, await attribute(page, "data-frame"));
    const tints = await page.locator("#picture").evaluate((c) => {
        // in each ball's line around it, to the left of its centre
        const line = (i) => [...c.getContext("2d").getImageData(20 + 80 * i, 150, 1, 1).data].slice(0, 3).map((v) => Math.round(v / 32));
        return [...Array(5).keys()].map((i) => line(i).join());
    });
    assert.equal(new Set(tints).size, 5, tints.join(" | "));
    assert.match(await page.locator("#current").innerText(), /Everything\s+Masks\s+5\s/);
    assert.match(await page.locator("#results li").first().innerText(), /Everything[\s\S]*5 masks/);
    assert.equal((await downloadRle(page)).length, 5);
    await page.getByRole("button", { name: "Back to live" }).click();
    await live(page);
    device.objects = 0;
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await until("nothing", async () => /everything Nothing was found/.test(await notice(page)));
    device.objects = 5;
    await close(page);
});

test("what a device does not offer is told, and cannot be asked for", async () => {
    const plain = new FakeDevice("plain", service.port, {
        offered: ["click", "auto", "preview"],
    });
    const page = await onDevice({}, "plain");
    await until(
        "it is told",
        async () => (await page.locator("#not-offered").innerText()) === "Not offered by this device: Everything, Snapshot, Follow.",
    );
    assert.ok(await page.getByRole("button", { name: "Everything", exact: true }).isDisabled());
    // "Automatic" wants a device that is online: its state is a message of its own
    await until("what it offers can be asked for", () => page.getByRole("button", { name: "Automatic", exact: true }).isEnabled());
    assert.ok(await page.getByRole("button", { name: "Everything", exact: true }).isDisabled());
    plain.retained("status", "");
    await until("a device out of service is gone", async () => (await page.locator('[data-device="plain"]').count()) === 0);
    await plain.stop();
    await close(page);
});

test("a snapshot is shown and held", async () => {
    const page = await onDevice();
    await page.getByRole("button", { name: "Snapshot" }).click();
    await until("the snapshot", async () => (await notice(page)).includes("full size"));
    assert.match(await chip(page), /held/);
    await clickAt(page, 225, 150);
    await held(page);
    await close(page);
});

test("a refused command shows its code and its sentence", async () => {
    const page = await onDevice();
    device.refuse.everything = ["busy", "another everything is under way"];
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await until("the refusal", async () => (await notice(page)) === "busy another everything is under way");
    device.refuse.click = ["frame_gone", "frame 7 is not held any more"];
    await clickAt(page, 225, 150);
    await until("frame_gone", async () => /frame_gone .*no longer holds/.test(await notice(page)));
    await live(page);
    device.refuse = {};
    await clickAt(page, 225, 150);
    await held(page);
    assert.ok(await page.locator("#notice").isHidden(), "what is over is not shown any more");
    await close(page);
});

test("works by keyboard alone", async () => {
    const page = await onDevice();
    for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement.id)) !== "picture"; i++) await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "picture");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    assert.match(await page.locator("#spoken").innerText(), /percent from the left/);
    await page.keyboard.press("Enter");
    const click = await commanded("click");
    assert.ok(click.body.points[0][0] > 230 && Math.abs(click.body.points[0][1] - 150) < 2, JSON.stringify(click.body.points));
    await until("the result is spoken", async () => /Mask found, score 0.93/.test(await page.locator("#spoken").innerText()));
    await page.keyboard.press("b");
    for (let i = 0; i < 4; i++) {
        await page.keyboard.press("Shift+ArrowRight");
        await page.keyboard.press("Shift+ArrowDown");
    }
    await page.keyboard.press("Enter");
    await commanded("box");
    // an answer that comes after Escape would be held again
    await results(page, 2);
    await held(page);
    await page.keyboard.press("Escape");
    await live(page);
    await close(page);
});

test("works on a phone: taps, more points, nothing wider than the screen", async () => {
    const page = await onDevice({
        viewport: { width: 375, height: 760 },
        hasTouch: true,
        isMobile: true,
    });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing is wider than the screen");
    await page.locator("#picture").scrollIntoViewIfNeeded();
    await page.touchscreen.tap(...(await spot(page, 225, 150)));
    await held(page);
    await page.getByRole("button", { name: "Add points" }).tap();
    await page.locator("#picture").scrollIntoViewIfNeeded();
    await page.touchscreen.tap(...(await spot(page, 260, 160)));
    await commanded("click", (b) => b.points.length === 2);
    assert.deepEqual(await seriousFindings(page), []);
    await close(page);
});

test("axe has no serious finding: live, held, refused, at the log-in", async () => {
    device.alert("throttled", "the processor is throttled", "give it a fan", true);
    const page = await onDevice();
    await page.locator("#plots svg").first().waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await held(page);
    device.refuse.snapshot = ["too_large", "the picture does not fit"];
    await page.getByRole("button", { name: "Snapshot" }).click();
    await page.locator("#notice").waitFor();
    device.refuse = {};
    assert.deepEqual(await seriousFindings(page), []);
    device.retained("alert/throttled", "");
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.locator("#login").waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await close(page);
});

test("what comes from the network stays text", async () => {
    const page = await onDevice();
    const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
    device.alert("evil", evil, evil);
    device.state("degraded", [evil]);
    device.model("refused", { reason: evil, text: evil, name: evil });
    await until("the alert", async () => (await page.locator("#alerts").innerText()).includes("<img"));
    assert.match(await page.locator("#device-state").innerText(), /degraded: <img/);
    assert.match(await page.locator("#model").innerText(), /<script>/);
    assert.equal(await page.evaluate(() => window.evil), undefined);
    assert.equal(await page.locator("main img, main script").count(), 0);
    device.retained("alert/evil", "");
    await until("no alert", () => page.locator("#alerts").isHidden());
    device.state("online");
    for (const junk of [
        "",
        "{",
        "[]",
        '{"v":2}',
        '{"v":1}',
        '{"v":1,"image":[1e9,1e9],"mask":{"counts":"oooo"}}',
        '{"v":1,"cameras":5,"bytes":"x"}',
    ])
        for (const topic of ["telemetry", "cam/front/mask", "cam/front/state", "model/state"]) device.send(topic, junk);
    await live(page);
    device.begin();
    await close(page);
});

test("a stale preview, a silent device, and a device that is gone are told", async () => {
    const page = await onDevice();
    device.paused = true;
    await until("stale", async () => /^Stale: no picture for \d+ s/.test(await chip(page)));
    device.paused = false;
    await live(page);
    device.mute = true;
    await clickAt(page, 225, 150);
    await until("no answer", async () => /no_answer The device did not answer/.test(await notice(page)));
    device.mute = false;
    // a late will of an earlier session says nothing
    device.retained("status", {
        v: 1,
        device: "fake-1",
        session: "0123",
        state: "offline",
        reasons: ["lost"],
        since_utc: new Date().toISOString(),
        dropped: {},
    });
    await page.waitForTimeout(400);
    assert.equal(await page.locator("#device-state").innerText(), "online");
    device.state("offline", ["lost"]);
    await until("offline", async () => /^offline: lost since/.test(await page.locator("#device-state").innerText()));
    assert.ok(await page.getByRole("button", { name: "Automatic", exact: true }).isDisabled());
    device.state("online");
    await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
    await close(page);
});
