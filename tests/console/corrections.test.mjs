// Corrections of a mask, points off the object, and objects that are followed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { until } from "./harness.mjs";
import { attribute, clickAt, close, held, live, notice, openPage, results, settles, shows, spot } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";
import { source } from "./sources.mjs";

const setup = useFakeDevice({ negativeClicks: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });

/** Whether a red pixel is near that one of the frame. */
const isRedNear = (page, x, y) =>
    page.locator("#picture").evaluate(
        (c, [px, py]) => {
            const { data } = c.getContext("2d").getImageData(px - 4, py - 4, 9, 9);
            return [...Array(81).keys()].some((i) => data[4 * i] > 220 && data[4 * i + 1] < 130 && data[4 * i + 2] < 130);
        },
        [Math.round(x), Math.round(y)],
    );

test("Alt-click says what is not part of the mask in view, and is drawn in another colour", async () => {
    const page = await setup.open();
    await clickAt(page, 200, 140);
    await held(page);
    await page.keyboard.down("Alt");
    await page.mouse.click(...(await spot(page, 300, 160)));
    await page.keyboard.up("Alt");
    const { body } = await setup.command("click", (b) => b.refines !== undefined);
    const [point] = body.points;
    assert.equal(point.label, 0);
    assert.ok(Math.hypot(point.x - 300, point.y - 160) < 1.5, JSON.stringify(body.points));
    await results(page, 2);
    await shows(page.locator("#results li").first(), /^Correction front/);
    assert.ok(!(await isRedNear(page, 200, 140)), "the point on the object is not red");
    await until("a red point", () => isRedNear(page, point.x, point.y));
    await close(page);
});

test("with the buttons instead of Shift and Alt: corrections and negative clicks by touch, one of them at a time", async () => {
    const page = await setup.open();
    await button(page, "Negative").click();
    await button(page, "Correct").click();
    await settles(() => button(page, "Negative").getAttribute("aria-pressed"), "false");
    await clickAt(page, 225, 150);
    const { body } = await setup.command("click");
    // of the automatic mask where the picture had one, else the first point
    if (body.refines) assert.match(body.refines, new RegExp(`^${body.frame}\\.`));
    await held(page);
    await button(page, "Negative").click();
    await clickAt(page, 300, 160);
    await setup.command("click", (b) => b.points[0].label === 0 && b.refines !== undefined);
    await close(page);
});

test("by the keyboard: Shift and Enter corrects, Alt and Enter says what is not part of it", async () => {
    const page = await setup.open();
    await page.locator("#picture").focus();
    await page.keyboard.press("Enter");
    await held(page);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+Enter");
    await setup.command("click", (b) => b.refines !== undefined && Array.isArray(b.points[0]));
    await results(page, 2);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Alt+Enter");
    await setup.command("click", (b) => b.refines !== undefined && b.points[0].label === 0);
    await close(page);
});

test("a model that knows no negative clicks is not asked for any, and the page says so", async () => {
    const plain = new FakeDevice("plain", setup.service.port);
    const page = await openPage(setup.browser, setup.service.url);
    await page.locator('[data-device="plain"]').click();
    await page.locator("#picture").waitFor();
    await settles(() => button(page, "Negative").isHidden(), true);
    await clickAt(page, 225, 150);
    await held(page);
    await page.keyboard.down("Alt");
    await page.mouse.click(...(await spot(page, 300, 160)));
    await page.keyboard.up("Alt");
    await until("the reason", async () => /does not know negative clicks/.test(await notice(page)));
    assert.equal(plain.commands.filter((c) => c.name === "click").length, 1);
    await close(page);
    await plain.stop();
});

test("no more points than the device takes, those of the corrected mask counted", async () => {
    const { clicked, noPrompt } = await source("prompts");
    const can = { maxPoints: 6, negative: true };
    const click = { at: [1, 2], off: false };
    const mask = (clicks, negative, box) => ({
        id: "s-cam-1.1",
        found: true,
        track: "",
        source: "auto",
        clicks: Array(clicks).fill([0, 0]),
        negative: Array(negative).fill([0, 0]),
        box,
    });
    const asked = (...masks) => clicked({ masks }, noPrompt, click, true, can);
    assert.deepEqual(asked(mask(5, 0, null)), { clicks: [click], box: null, refines: mask(5, 0, null) });
    for (const full of [mask(6, 0, null), mask(3, 3, null), mask(3, 1, [0, 0, 9, 9])]) assert.match(asked(full), /^At most 6 points/);
    // masks that cannot be named: what was clicked before is sent again
    const unnamed = { ...mask(1, 0, null), id: "" };
    const before = { ...noPrompt, clicks: Array(5).fill(click) };
    assert.equal(clicked({ masks: [unnamed] }, before, click, true, can).clicks.length, 6);
    assert.match(clicked({ masks: [unnamed] }, { ...noPrompt, clicks: Array(6).fill(click) }, click, true, can), /^At most 6 points/);
});

test("Follow follows the object of the result in view by its mask; the outline is shown live, and each object is ended alone", async () => {
    setup.device.autoEvery = 0;
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await held(page);
    await results(page, 1);
    const { body: click } = await setup.command("click");
    await button(page, "Follow").click();
    const { body } = await setup.command("follow");
    assert.deepEqual([body.mask, body.points, body.box], [`${click.frame}.1`, undefined, undefined]);
    const track = `t${setup.device.tracks}`;
    const listed = page.locator(`#tracks [data-track="${track}"]`);
    await until("it is listed", async () => /tracking/.test(await listed.innerText()));
    await live(page);
    const moving = setInterval(() => setup.device.track(track, "tracking"), 250);
    await until("its outline on a live picture", async () => {
        const [frame, mask] = [await attribute(page, "data-frame"), await attribute(page, "data-mask")];
        return mask !== "" && mask === frame && (await attribute(page, "data-masks")) === "1";
    }).finally(() => clearInterval(moving));
    setup.device.track(track, "lost");
    await until("lost", async () => /lost/.test(await listed.innerText()));
    await listed.getByRole("button", { name: `Stop following ${track}` }).click();
    assert.equal((await setup.command("unfollow")).body.track, track);
    await until("it is listed no more", async () => (await listed.count()) === 0);
    setup.device.autoEvery = 2;
    await close(page);
});
