// What comes late: answers, pictures and masks that the operator no longer waits for, and actions on what is not in view yet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./harness.mjs";
import { attribute, chip, clickAt, close, held, keepFromDecoding, live, notice, results, resultThenLive, shows, spot } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice({ autoEvery: 0, cameras: ["front", "side"] });

const button = (page, name) => page.getByRole("button", { name, exact: true });
const listed = (page, n) => page.locator("#results button").nth(n);
const pressed = async (page, n) => (await listed(page, n).getAttribute("aria-pressed")) === "true";

test("a snapshot that comes when a result is in view leaves that in view, and says so", async () => {
    const page = await setup.open();
    const frame = await resultThenLive(page, 1);
    await setup.asked(() => button(page, "Snapshot").click());
    await listed(page, 0).click();
    await until("the result", async () => (await attribute(page, "data-frame")) === frame);
    setup.device.answerNow();
    await until("the notice", async () => /^snapshot The snapshot is not shown/.test(await notice(page)));
    assert.equal(await attribute(page, "data-frame"), frame);
    assert.ok(await pressed(page, 0));
    await close(page);
});

test("a snapshot that came meanwhile stays in view when an object begins to be followed", async () => {
    const page = await setup.open();
    await button(page, "Follow").click();
    await setup.asked(() => button(page, "Snapshot").click());
    await clickAt(page, 225, 150);
    await until("both commands", () => setup.device.waiting.length === 2);
    const [snapshot, follow] = setup.device.waiting;
    setup.device.waiting = [snapshot];
    setup.device.answerNow();
    await until("the snapshot", async () => /at full size/.test(await notice(page)));
    setup.device.waiting = [follow];
    setup.device.answerNow();
    await until("the notice", async () => /^follow Following t\d+/.test(await notice(page)));
    await until("the held snapshot", async () => /held$/.test(await chip(page)));
    await close(page);
});

test("the mask of an answer after Escape is neither on the live picture nor called automatic", async () => {
    const page = await setup.open();
    await setup.asked(() => clickAt(page, 225, 150));
    await page.keyboard.press("Escape");
    await live(page);
    setup.device.answerNow();
    await results(page, 1);
    await setup.allHasCome(page);
    assert.match(await page.locator("#current").innerText(), /^No mask yet/);
    assert.equal(await attribute(page, "data-mask"), "");
    await close(page);
});

test("an answer leaves another result of the same frame in view", async () => {
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await results(page, 1);
    await held(page);
    await setup.asked(() => clickAt(page, 200, 130));
    await listed(page, 0).click();
    await held(page);
    setup.device.answerNow();
    await results(page, 2);
    assert.deepEqual([await pressed(page, 0), await pressed(page, 1)], [false, true]);
    await close(page);
});

test("of two questions on one frame the second one's answer is in view", async () => {
    const page = await setup.open();
    setup.device.waiting = [];
    await clickAt(page, 225, 150);
    await clickAt(page, 200, 130);
    await until("both commands", () => setup.device.waiting.length === 2);
    const [first, second] = setup.device.waiting;
    setup.device.waiting = [first];
    setup.device.answerNow();
    await results(page, 1);
    assert.match(await chip(page), /held, asking$/);
    setup.device.waiting = [second];
    setup.device.answerNow();
    await results(page, 2);
    await held(page);
    assert.deepEqual([await pressed(page, 0), await pressed(page, 1)], [true, false]);
    await close(page);
});

test("a device that is started again answers nothing that was asked before: the wait ends, and the buttons are free", async () => {
    const page = await setup.open();
    await setup.asked(() => button(page, "Everything").click());
    await until("the chip", async () => /segmenting everything$/.test(await chip(page)));
    setup.device.waiting = null;
    setup.device.restart();
    await until("the refusal", async () => /^no_answer The device was started again/.test(await notice(page)));
    await until("the button", () => button(page, "Everything").isEnabled());
    assert.match(await chip(page), /held$/);
    await close(page);
});

test("a box that was begun on a frame that is gone from view is not asked on another", async () => {
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await held(page);
    const frame = await attribute(page, "data-frame");
    // without a newer picture the live one is the frame in view, which stands still while the button is down
    const sequence = setup.device.sequence;
    await until("a newer picture", () => setup.device.sequence > sequence + 1);
    await setup.allHasCome(page);
    await page.mouse.move(...(await spot(page, 100, 60)));
    await page.mouse.down();
    await page.mouse.move(...(await spot(page, 350, 240)), { steps: 4 });
    await page.keyboard.press("Escape");
    await until("a newer frame", async () => (await attribute(page, "data-frame")) !== frame);
    setup.device.commands.length = 0;
    await page.mouse.up();
    await clickAt(page, 225, 150);
    await setup.command("click");
    assert.equal(setup.device.commands.filter((c) => c.name === "box").length, 0);
    await close(page);
});

test("a box on the live picture is asked on the frame on which it was begun, which stands still meanwhile", async () => {
    const page = await setup.open();
    await live(page);
    await page.mouse.move(...(await spot(page, 100, 60)));
    await page.mouse.down();
    const frame = await attribute(page, "data-frame");
    const sequence = setup.device.sequence;
    await page.mouse.move(...(await spot(page, 350, 240)), { steps: 4 });
    await until("newer pictures", () => setup.device.sequence > sequence + 3);
    await setup.allHasCome(page);
    await page.mouse.up();
    assert.equal((await setup.command("box")).body.frame, frame);
    await close(page);
});

test("Automatic right after a result was chosen is asked on that result's frame", async () => {
    const page = await setup.open();
    const frame = await resultThenLive(page, 1);
    const decode = await keepFromDecoding(page);
    await listed(page, 0).click();
    await button(page, "Automatic").click();
    const { body } = await setup.command("auto");
    await decode();
    assert.equal(body.frame, frame);
    await close(page);
});

test("an object that is followed no more does not come back with a mask that was under way", async () => {
    const page = await setup.open();
    await button(page, "Follow").click();
    await clickAt(page, 225, 150);
    const track = () => `t${setup.device.tracks}`;
    await until("it is listed", async () => (await page.locator(`#tracks [data-track="${track()}"]`).count()) === 1);
    await button(page, `Stop following ${track()}`).click();
    await until("it is not", async () => (await page.locator("#tracks li").count()) === 0);
    setup.device.track(track(), "tracking");
    await setup.allHasCome(page);
    assert.equal(await page.locator("#tracks li").count(), 0);
    await close(page);
});

test("a device that was forgotten with the connection is opened as what it is now", async () => {
    const page = await setup.open();
    await button(page, "Fleet at a glance").click();
    const row = page.locator("#fleet").getByRole("button", { name: "fake-1", exact: true });
    await row.click();
    await live(page);
    await button(page, "Disconnect").click();
    await button(page, "Connect").click();
    await until("the device", async () => (await page.locator("#device-state").innerText()) === "online");
    await button(page, "Fleet at a glance").click();
    await row.click();
    await live(page);
    setup.device.alert("news", "something is wrong", "do something about it");
    await shows(page.locator("#alerts"), /something is wrong/);
    setup.device.retained("alert/news", "");
    await until("no alert", () => page.locator("#alerts").isHidden());
    await close(page);
});
