// What an operator does with the mouse: commands, their results and refusals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./harness.mjs";
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
    keepFromDecoding,
    live,
    notice,
    results,
    resultThenLive,
    settles,
    shows,
} from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice();

test("a click names frame and pixel, its mask appears on the object and can be saved as PNG and COCO RLE", async () => {
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await held(page);
    const { body, properties, retain, qos } = setup.device.commands.find((c) => c.name === "click");
    assert.equal(body.frame, await attribute(page, "data-frame"));
    assert.equal(await attribute(page, "data-mask"), body.frame);
    assert.ok(Math.hypot(body.points[0][0] - 225, body.points[0][1] - 150) < 1.5, JSON.stringify(body.points));
    assert.match(properties.responseTopic, /^edgeseg\/v1\/fake-1\/reply\/[a-z0-9-]{1,64}$/);
    assert.deepEqual([retain, qos, properties.messageExpiryInterval > 0], [false, 1, true]);
    const rle = await downloadRle(page);
    const [h, w] = rle.segmentation.size;
    assert.ok(iou(decodeRle(rle.segmentation.counts, w, h), setup.device.object) > 0.999);
    const [name, file] = await download(page, "Mask PNG");
    assert.match(name, /-mask\.png$/);
    assert.ok(iou(await maskOfPng(page, file, w, h), setup.device.object) > 0.999);
    // the picture itself: the object's left end is at 105, where the line around it is
    const [r, g] = await page.locator("#picture").evaluate((c) => {
        const { data } = c.getContext("2d").getImageData(100, 150, 10, 1);
        return [...Array(10).keys()].map((i) => [data[4 * i], data[4 * i + 1]]).sort((p, q) => q[1] - q[0] - (p[1] - p[0]))[0];
    });
    assert.ok(g > 200 && g > r + 60, `a bright green line, not red ${r}, green ${g}`);
    await shows(page.locator("#results li").first(), /Click[\s\S]*0.93/);
    await shows(page.locator("#current"), /Score\s+0.934[\s\S]*Area\s+[\d,]+ px[\s\S]*decode\s+3.8 ms/);
    assert.match(await page.locator("#current .stages").getAttribute("aria-label"), /saliency 12 ms/);
    await page.getByRole("button", { name: "Back to live" }).click();
    await live(page);
    await close(page);
});

test("Shift corrects the mask in view, dragging makes a box, Automatic uses the displayed frame", async () => {
    const page = await setup.open();
    await clickAt(page, 200, 140);
    await held(page);
    await clickAt(page, 250, 160, { shift: true });
    const second = await setup.command("click", (b) => b.refines !== undefined);
    const [first] = setup.device.commands.filter((c) => c.name === "click");
    assert.deepEqual([second.body.refines, second.body.frame], [`${first.body.frame}.1`, first.body.frame], "the mask of the first click");
    assert.ok(Math.hypot(second.body.points[0][0] - 250, second.body.points[0][1] - 160) < 1.5, JSON.stringify(second.body.points));
    await dragBox(page, 100, 60, 350, 240);
    const { body } = await setup.command("box");
    [100, 60, 350, 240].forEach((v, i) => assert.ok(Math.abs(body.box[i] - v) < 2, JSON.stringify(body.box)));
    await results(page, 3);
    await page.getByRole("button", { name: "Automatic", exact: true }).click();
    assert.equal((await setup.command("auto")).body.frame, await attribute(page, "data-frame"));
    await close(page);
});

test("Follow: the next click starts following; pressing the button again stops it", async () => {
    const page = await setup.open();
    const follow = page.getByRole("button", { name: "Follow", exact: true });
    await follow.click();
    await clickAt(page, 225, 150);
    const { body } = await setup.command("follow");
    assert.equal(body.points.length, 1);
    assert.match(body.frame, /-\d+$/);
    await until("the notice", async () => /follow Following t1/.test(await notice(page)));
    await live(page);
    assert.equal(
        setup.device.commands.some((c) => c.name === "click"),
        false,
    );
    await follow.click();
    assert.equal((await setup.command("unfollow")).body.track, undefined);
    await until("the end", async () => /No object is followed/.test(await notice(page)));
    await close(page);
});

test("Everything shows each mask in its own colour and saves them as a list", async () => {
    const page = await setup.open();
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    const { body } = await setup.command("everything");
    await until("all five masks", async () => (await attribute(page, "data-masks")) === "5" && (await chip(page)).endsWith("held"));
    assert.equal(body.frame, await attribute(page, "data-frame"));
    const tints = await page.locator("#picture").evaluate((c) => {
        // in each ball's line around it, to the left of its centre
        const line = (i) => [...c.getContext("2d").getImageData(20 + 80 * i, 150, 1, 1).data].slice(0, 3).map((v) => Math.round(v / 32));
        return [...Array(5).keys()].map((i) => line(i).join());
    });
    assert.equal(new Set(tints).size, 5, tints.join(" | "));
    await shows(page.locator("#current"), /Everything on front\s+Masks\s+5\s/);
    await shows(page.locator("#results li").first(), /Everything[\s\S]*5 masks/);
    assert.equal((await downloadRle(page)).length, 5);
    await page.getByRole("button", { name: "Back to live" }).click();
    await live(page);
    const entry = page.locator('#history button[aria-label^="Everything, score"]');
    assert.deepEqual([await entry.count(), await entry.getAttribute("data-frame")], [1, body.frame]);
    await entry.click();
    await until("all five again", async () => (await attribute(page, "data-masks")) === "5" && (await chip(page)).endsWith("held"));
    await shows(page.locator("#current"), /Everything on front\s+Masks\s+5\s/);
    await page.keyboard.press("Escape");
    await live(page);
    setup.device.objects = 0;
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await until("nothing", async () => /everything Nothing was found/.test(await notice(page)));
    setup.device.objects = 5;
    await close(page);
});

test("a snapshot is shown and held", async () => {
    const page = await setup.open();
    await page.getByRole("button", { name: "Snapshot" }).click();
    await until("the snapshot", async () => (await notice(page)).includes("full size"));
    await until("the chip", async () => /held/.test(await chip(page)));
    await clickAt(page, 225, 150);
    await held(page);
    await close(page);
});

test("a refused command shows its code and its sentence", async () => {
    const page = await setup.open();
    setup.device.refuse.everything = ["busy", "another everything is under way"];
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await until("the refusal", async () => (await notice(page)) === "busy another everything is under way");
    setup.device.refuse.click = ["frame_gone", "frame 7 is not held any more"];
    await clickAt(page, 225, 150);
    await until("frame_gone", async () => /frame_gone .*no longer holds/.test(await notice(page)));
    await live(page);
    setup.device.refuse = {};
    await clickAt(page, 225, 150);
    await held(page);
    await settles(() => page.locator("#notice").isHidden(), true);
    await close(page);
});

test("an answer that comes after Escape is listed, and does not change the view", async () => {
    const page = await setup.open();
    for (const [ask, how] of [
        [() => clickAt(page, 225, 150), "Click"],
        [() => dragBox(page, 100, 60, 350, 240), "Box"],
        [() => page.getByRole("button", { name: "Automatic", exact: true }).click(), "Automatic"],
    ]) {
        const before = await page.locator("#results button").count();
        await setup.asked(ask);
        await page.keyboard.press("Escape");
        await live(page);
        setup.device.answerNow();
        await results(page, before + 1);
        const first = page.locator("#results button").first();
        await shows(first, new RegExp(how));
        assert.deepEqual([await first.getAttribute("aria-pressed"), await page.locator("#live").isHidden()], ["false", true], how);
        await live(page);
        await first.click();
        await held(page);
        await page.keyboard.press("Escape");
        await live(page);
    }
    await close(page);
});

test("a refusal that comes when another result is in view leaves that in view", async () => {
    const page = await setup.open();
    const frame = await resultThenLive(page, 1);
    setup.device.refuse.click = ["frame_gone", "frame 7 is not held any more"];
    await setup.asked(() => clickAt(page, 225, 150));
    // the refusal comes before the picture of the chosen result is decoded
    const decode = await keepFromDecoding(page);
    await page.locator("#results button").first().click();
    setup.device.answerNow();
    await until("the refusal", async () => /^frame_gone/.test(await notice(page)));
    await decode();
    await until("the result's frame", async () => (await attribute(page, "data-frame")) === frame);
    await held(page);
    await close(page);
});

test("Follow right after a result was chosen follows that result's object, although its picture is not in view yet", async () => {
    const page = await setup.open();
    const frames = [await resultThenLive(page, 1), await resultThenLive(page, 2)];
    await page.locator("#results button").first().click();
    await until("the second result", async () => (await attribute(page, "data-frame")) === frames[1]);
    const decode = await keepFromDecoding(page);
    await page.locator("#results button").nth(1).click();
    await page.getByRole("button", { name: "Follow", exact: true }).click();
    const { body } = await setup.command("follow");
    await decode();
    assert.ok(body.mask?.startsWith(`${frames[0]}.`), `${JSON.stringify(body)} is of ${frames[0]}`);
    await close(page);
});

test("an object that begins to be followed when a result is in view leaves that in view", async () => {
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await held(page);
    await page.keyboard.press("Escape");
    await live(page);
    const follow = page.getByRole("button", { name: "Follow", exact: true });
    await follow.click();
    await setup.asked(() => clickAt(page, 225, 150));
    await page.locator("#results button").first().click();
    await held(page);
    setup.device.answerNow();
    await until("the notice", async () => /^follow Following t\d+/.test(await notice(page)));
    await held(page);
    await close(page);
});

test("a new command takes the notice of the one before away", async () => {
    const page = await setup.open();
    setup.device.refuse.click = ["busy", "16 commands wait already"];
    await clickAt(page, 225, 150);
    await until("the refusal", async () => /^busy/.test(await notice(page)));
    setup.device.refuse = {};
    await setup.asked(() => clickAt(page, 225, 150));
    await settles(() => page.locator("#notice").isHidden(), true);
    setup.device.answerNow();
    await held(page);
    await close(page);
});
