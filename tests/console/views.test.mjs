// More than one camera and more than one device: the grid, the fleet at a glance, the keys between them; the last masks, and the settings
// of the camera.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { mqtt, servePage, startMosquitto, until } from "./harness.mjs";
import { statusMessage } from "./messages.mjs";
import { attribute, chip, clickAt, close, held, live, login, notice, openPage, seriousFindings, settles, shows } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice({ cameras: ["front", "side", "rear"] });
const button = (page, name) => page.getByRole("button", { name, exact: true });
const rows = (page) => page.locator("#fleet-rows tr");

test("the fleet at a glance: status, alerts, model and roll-out of each device, those in trouble first", async () => {
    const lost = new FakeDevice("a-lost", setup.service.port, { fleet: "hall-3", tags: ["canary", "night"] });
    const sick = new FakeDevice("b-sick", setup.service.port);
    const page = await setup.open();
    lost.state("offline", ["lost"]);
    sick.alert("throttled", "the processor is throttled", "cool it");
    sick.model("refused", { reason: "bad_signature" });
    await button(page, "Fleet at a glance").click();
    const row = (id) => page.locator(`#fleet-rows tr[data-key="${id}"]`);
    await until("the lost one", async () => /offline/.test(await row("a-lost").innerText()));
    await until("alert and refusal", async () =>
        /online[\s\S]*1 alert: the processor is throttled[\s\S]*squeezesam 0 int8[\s\S]*squeezesam 2: refused \(bad signature\)/.test(
            await row("b-sick").innerText(),
        ),
    );
    await until("a roll-out with its share", async () => /squeezesam 2: downloading 32 %/.test(await row("fake-1").innerText()));
    await until("those in trouble first", async () => {
        const keys = await rows(page).evaluateAll((all) => all.map((r) => r.dataset.key));
        return keys[0] === "a-lost" && keys[1] === "b-sick";
    });
    await shows(page.locator("#fleet-summary"), /^4 devices: .*1 offline/);
    await shows(row("a-lost"), /hall-3, canary, night/);
    await shows(row("b-sick"), /online\s+-\s+1 alert/);
    assert.deepEqual(await seriousFindings(page), []);
    await row("fake-1").getByRole("button").focus();
    setup.device.state("offline", ["lost"]);
    await until("it is moved up", () => page.evaluate(() => document.querySelectorAll("#fleet-rows tr")[1].dataset.key === "fake-1"));
    assert.equal(await page.evaluate(() => document.activeElement.closest("tr")?.dataset.key), "fake-1", "with its focus");
    setup.device.state("online");
    sick.retained("alert/throttled", "");
    await until("the alert is over", async () => !/alert/.test(await row("b-sick").innerText()));
    await row("b-sick").getByRole("button").click();
    await until("its page", async () => (await page.locator("#device-name").innerText()) === "b-sick");
    await settles(() => page.locator("#fleet").isHidden(), true);
    await close(page);
    for (const device of [lost, sick]) {
        device.retained("status", "");
        await device.stop();
    }
});

test("of many devices a bounded number is listed, and the filter finds the others", async () => {
    // the embedded broker is for few devices: it keeps 64 messages for a client that falls behind
    const [site, broker] = [await servePage(), await startMosquitto()];
    const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5 });
    for (const id of [...Array(70).keys()].map((n) => `robot-${String(n).padStart(2, "0")}`)) {
        const status = statusMessage({ head: () => ({ v: 1, device: id, session: "s1" }) }, "online", []);
        client.publish(`edgeseg/v1/${id}/status`, JSON.stringify(status), { retain: true, qos: 1 });
    }
    const models = [{ role: "segmenter", name: "MobileSAM", version: "1", precision: "fp16" }];
    const retained = (topic, body) => client.publish(`edgeseg/v1/${topic}`, JSON.stringify({ v: 1, ...body }), { retain: true, qos: 1 });
    retained("robot-68/info", { models });
    retained("robot-67/info", { fleet: "hall-3", tags: ["canary"] });
    retained("robot-66/model/state", { state: "refused", reason: "bad_signature" });
    retained("robot-65/alert/throttled", { text: "the processor is too hot" });
    const page = await openPage(setup.browser, site.url + "#manual");
    await login(page, broker.url);
    await until("more are reported", async () => /^60 of 70 devices/.test(await page.locator("#more-devices").innerText()), 60_000);
    assert.ok((await page.locator("#devices li").count()) <= 61);
    await button(page, "Fleet at a glance").click();
    await page.locator("#filter").fill("robot-69");
    await until("the one", async () => (await rows(page).count()) === 1 && /robot-69\s+online/.test(await rows(page).innerText()));
    for (const [words, id] of [
        ["mobilesam", "robot-68"],
        ["hall-3", "robot-67"],
        ["canary", "robot-67"],
        ["bad signature", "robot-66"],
        ["Throttled", "robot-65"],
        ["too hot", "robot-65"],
    ]) {
        await page.locator("#filter").fill(words);
        const found = async () => (await rows(page).evaluateAll((all) => all.map((r) => r.dataset.key))).join() === id;
        await until(`${id} by "${words}"`, found);
    }
    await close(page);
    client.end(true);
    await broker.stop();
    await site.stop();
});

test("the grid shows a live picture of each camera of the device, and a tile opens its camera", async () => {
    const page = await setup.open();
    await button(page, "All cameras").click();
    const tile = (id) => page.locator(`#grid [data-camera="${id}"]`);
    for (const id of ["front", "side", "rear"])
        await until(`a picture of ${id}`, async () =>
            new RegExp(`-${id}-\\d+$`).test((await tile(id).locator("canvas").getAttribute("data-frame")) ?? ""),
        );
    const asked = setup.device.commands.filter((c) => c.name === "preview" && c.body.width === 400);
    assert.deepEqual([...new Set(asked.map((c) => c.camera))].sort(), ["front", "rear", "side"]);
    await settles(() => page.locator("#work").isHidden(), true);
    await shows(page.locator("#grid-title"), "All cameras of fake-1");
    assert.deepEqual(await seriousFindings(page), []);
    setup.device.cameraState("rear", "lost");
    await until("its state", async () => /rear\s*lost/.test(await tile("rear").innerText()));
    setup.device.cameraState("rear", "streaming");
    // a camera that is configured meanwhile
    setup.device.cameras.push("door");
    setup.device.previewUntil.door = Date.now() + 20_000;
    setup.device.begin();
    await until("its picture", async () => /-door-\d+$/.test((await tile("door").locator("canvas").getAttribute("data-frame")) ?? ""));
    setup.device.cameras.pop();
    setup.device.begin();
    await until("it is gone", async () => (await tile("door").count()) === 0);
    await tile("side").click();
    await until("that camera", async () => /-side-\d+$/.test((await attribute(page, "data-frame")) ?? ""));
    await settles(() => page.locator("#grid li").count(), 0);
    await close(page);
});

test("N and P go to the next and the previous camera, F fills the screen; none of them in a field", async () => {
    const page = await setup.open();
    const camera = page.locator("#camera");
    for (const [key, id] of [
        ["n", "side"],
        ["n", "rear"],
        ["n", "front"],
        ["p", "rear"],
        ["p", "side"],
    ]) {
        await page.keyboard.press(key);
        await settles(() => camera.inputValue(), id);
    }
    await until("its picture", async () => /-side-\d+$/.test((await attribute(page, "data-frame")) ?? ""));
    await button(page, "Next camera").click();
    await settles(() => camera.inputValue(), "rear");
    await page.locator("#set-min_score").focus();
    await page.keyboard.press("n");
    assert.equal(await camera.inputValue(), "rear");
    await page.locator("#device-name").click();
    await page.keyboard.press("f");
    await until("full screen", () => page.evaluate(() => document.fullscreenElement?.id === "stage-panel"));
    await button(page, "Leave full screen").click();
    await until("not any more", () => page.evaluate(() => document.fullscreenElement === null));
    await close(page);
});

test("the last masks are kept as small pictures, a fixed number of them, and each opens its frame with its mask", async () => {
    const page = await setup.open();
    const strip = page.locator("#history button");
    await until("an automatic one", async () => (await strip.count()) >= 1);
    await clickAt(page, 225, 150);
    await held(page);
    const frame = await attribute(page, "data-frame");
    // an automatic mask of the same frame may stand there before it
    const label = /^Click, score 0\.93, \d\d:/;
    await until("the one asked for", async () => label.test((await strip.first().getAttribute("aria-label")) ?? ""));
    await settles(() => strip.first().getAttribute("data-frame"), frame);
    const painted = await strip.first().evaluate((b) => {
        const { data } = b.querySelector("canvas").getContext("2d").getImageData(0, 0, 96, 72);
        return new Set(data).size;
    });
    assert.ok(painted > 50, "a picture is on it");
    await button(page, "Back to live").click();
    await live(page);
    await strip
        .and(page.locator(`[data-frame="${frame}"]`))
        .first()
        .click();
    await until(
        "its frame again",
        async () => (await attribute(page, "data-frame")) === frame && (await attribute(page, "data-mask")) === frame,
    );
    await until("the chip", async () => /held$/.test(await chip(page)));
    for (let i = 0; i < 18; i++) {
        await page.keyboard.press("Escape");
        const before = setup.device.commands.length;
        await clickAt(page, 200 + i, 150);
        await until("asked", () => setup.device.commands.length > before);
        await held(page);
    }
    await settles(() => strip.count(), 16);
    await page.keyboard.press("n");
    await settles(() => strip.count(), 0);
    await close(page);
});

test("camera settings: what was changed is sent, what holds is shown, a refusal too", async () => {
    const page = await setup.open();
    const fields = async () => page.locator("#set select, #set input").evaluateAll((all) => all.map((field) => field.value));
    assert.deepEqual(await fields(), ["continuous", "0", "1", "0", "0"]);
    await page.locator("#set-mode").selectOption("on_command");
    await page.locator("#set-min_score").fill("0.4");
    await page.locator("#set-interval_s").fill("");
    await setup.asked(() => button(page, "Apply").click());
    const { body, camera } = await setup.command("set");
    // what is changed while the device answers stays; an empty field is no change
    await page.locator("#set-min_area").fill("0.2");
    setup.device.answerNow();
    assert.deepEqual(
        [body.mode, body.min_score, body.max_fps, body.interval_s, body.min_area, camera],
        ["on_command", 0.4, ...Array(3), "front"],
    );
    await until("it holds", async () => /In force until the service ends/.test(await page.locator("#set-note").innerText()));
    assert.deepEqual(await fields(), ["on_command", "0", "1", "0.4", "0.2"]);
    await page.locator("#set-min_area").fill("0");
    // another operator sets a value; what was changed here and not yet sent stays
    await page.locator("#set-interval_s").fill("7");
    setup.device.live.max_fps = 3;
    setup.device.begin();
    await until("the other's value", async () => (await fields()).join() === "on_command,3,7,0.4,0");
    await page.locator("#set-interval_s").fill("1");
    setup.device.commands.length = 0;
    await button(page, "Apply").click();
    await until("nothing to send", async () => /Nothing is changed/.test(await page.locator("#set-note").innerText()));
    assert.equal(setup.device.commands.filter((c) => c.name === "set").length, 0);
    setup.device.refuse.set = ["bad_request", "min_area is a share"];
    await page.locator("#set-min_area").fill("0.5");
    await button(page, "Apply").click();
    await until("the refusal", async () => /bad_request min_area is a share/.test(await notice(page)));
    setup.device.refuse = {};
    await close(page);
});
