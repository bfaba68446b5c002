// The live picture: that it goes on however slow the browser is, that it says so when it does not, and what a change of the camera does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { servePage, startMosquitto, until } from "./harness.mjs";
import { attribute, chip, clickAt, close, held, live, login, notice, openPage, results, seriousFindings, shows } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice({ cameras: ["front", "side"], pictureMs: 200 });

const link = (page) => page.locator("#link").innerText();
const deviceState = (page) => page.locator("#device-state").innerText();

test("pictures that come faster than the browser decodes them do not keep it from showing any", async () => {
    const context = await setup.browser.newContext();
    await context.addInitScript(() => {
        const decode = window.createImageBitmap;
        // longer than the time between two pictures
        window.createImageBitmap = async (...args) => {
            await new Promise((done) => setTimeout(done, 600));
            return decode(...args);
        };
    });
    const page = await context.newPage();
    await page.goto(setup.service.url);
    await page.locator('[data-device="fake-1"]').click();
    const seen = new Set();
    await until("five pictures", async () => {
        const frame = await attribute(page, "data-frame");
        if (frame) seen.add(frame);
        return seen.size >= 5;
    });
    await context.close();
});

test("a camera without masks shows its picture, and what was said of the camera before is gone", async () => {
    const page = await setup.open();
    await clickAt(page, 225, 150);
    await held(page);
    await page.getByRole("button", { name: "Snapshot" }).click();
    await until("the notice", async () => /at full size/.test(await notice(page)));
    setup.device.commands.length = 0;
    await page.locator("#camera").selectOption("side");
    await until("its preview is asked for", () => setup.device.commands.some((c) => c.name === "preview" && c.camera === "side"));
    await until("its picture", async () => /-side-\d+$/.test(await attribute(page, "data-frame")));
    assert.ok(await page.locator("#notice").isHidden());
    await shows(page.locator("#results li").first(), /Click\s+front/);
    // a result of another camera brings that camera back
    await page.locator("#results button").first().click();
    await until("its frame", async () => /-front-\d+$/.test(await attribute(page, "data-frame")));
    assert.equal(await page.locator("#camera").inputValue(), "front");
    await shows(page.locator("#current h3"), /^Click on front$/);
    await shows(page.locator("#device-info"), /front streaming/);
    await close(page);
});

/** What the device answers to a command that it received while it was mute. */
async function answer(page, command, reply) {
    const { body, properties, camera } = await setup.command(command);
    const message = { ...setup.device.head(), camera, command, request: body.id, ...reply };
    setup.device.client.publish(properties.responseTopic, JSON.stringify(message), { qos: 1 });
    setup.device.mute = false;
    await setup.allHasCome(page);
}

test("an answer of the camera before the change says nothing about the one in view", async () => {
    const page = await setup.open();
    setup.device.mute = true;
    await page.getByRole("button", { name: "Automatic", exact: true }).click();
    await setup.command("auto");
    await page.locator("#camera").selectOption("side");
    const button = page.getByRole("button", { name: "Automatic", exact: true });
    await until("a command of the other camera keeps none of this one's buttons", () => button.isEnabled());
    await answer(page, "auto", { reply: "error", error: { code: "busy", message: "the camera is busy" } });
    assert.ok(await page.locator("#notice").isHidden());
    await close(page);
});

test("settings that the camera before the change answers do not fill the form of the one in view", async () => {
    const page = await setup.open();
    setup.device.mute = true;
    await page.locator("#set-min_score").fill("0.4");
    await page.getByRole("button", { name: "Apply", exact: true }).click();
    await setup.command("set");
    await page.locator("#camera").selectOption("side");
    const result = { mode: "on_command", max_fps: 7, interval_s: 3, min_score: 0.4, min_area: 0.2 };
    await answer(page, "set", { reply: "result", result });
    const filled = await page.locator("#set select, #set input").evaluateAll((all) => all.map((field) => field.value));
    assert.deepEqual(filled, ["continuous", "0", "1", "0", "0"]);
    assert.equal(await page.locator("#set-note").innerText(), "");
    await close(page);
});

test("a picture that stays out and a device that is gone end 'live'", async () => {
    const page = await setup.open();
    await live(page);
    setup.device.cameraState("front", "lost");
    setup.device.paused = true;
    await until("stale", async () => /^Stale: no picture for \d+ s, camera lost/.test(await chip(page)));
    setup.device.paused = false;
    setup.device.cameraState("front", "streaming");
    await live(page);
    setup.device.state("offline", ["lost"]);
    await until("the device is gone", async () => (await chip(page)) === "Stale: the device is offline");
    await until("its info", async () => /front last known: streaming/.test(await page.locator("#device-info").innerText()));
    setup.device.state("online");
    await live(page);
    await close(page);
});

test("a broker that is silent or gone ends 'live', and the badges say last known", async () => {
    const site = await servePage();
    let broker = await startMosquitto();
    const robot = new FakeDevice("robot", broker.port);
    const page = await openPage(setup.browser, site.url + "#manual");
    await login(page, broker.url);
    await page.locator("#picture").waitFor();
    await live(page);
    broker.signal("SIGSTOP");
    await until("silent", async () => (await link(page)) === "broker silent" && (await chip(page)) === "Stale: the broker is silent");
    assert.equal(await deviceState(page), "online (last known)");
    broker.signal("SIGCONT");
    await until("it speaks again", async () => (await link(page)) === "connected" && (await deviceState(page)) === "online");
    await live(page);
    await broker.stop("SIGKILL");
    await until("no broker", async () => (await chip(page)) === "Stale: no broker" && (await deviceState(page)) === "online (last known)");
    broker = await startMosquitto([], [broker.port, broker.webPort]);
    await live(page);
    // the broker came back without what it had retained: the device's status comes with the device
    await until("its status", async () => (await deviceState(page)) === "online");
    await close(page);
    await robot.stop();
    await broker.stop();
    await site.stop();
});

test("on 1024x600 every button is in view, with an alert too", async () => {
    setup.device.alert("throttled", "the processor is throttled", "cool the device", true);
    const page = await setup.open({ viewport: { width: 1024, height: 600 } });
    await page.locator("#alerts li").waitFor();
    const bottoms = await page
        .locator(".tools button:visible")
        .evaluateAll((all) => all.map((b) => [b.id, b.getBoundingClientRect().bottom]));
    assert.ok(bottoms.length >= 5);
    for (const [id, bottom] of bottoms) assert.ok(bottom <= 600, `${id} ends at ${bottom}`);
    setup.device.retained("alert/throttled", "");
    await close(page);
});

test("light and dark by the browser's preference, both without a serious finding of axe", async () => {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
        const page = await setup.open({ colorScheme });
        await clickAt(page, 225, 150);
        await results(page, 1);
        await page.locator("#plots svg").first().waitFor();
        assert.deepEqual(await seriousFindings(page), [], colorScheme);
        grounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
        await close(page);
    }
    const [bright, dark] = grounds.map((g) => Math.max(...g.match(/\d+/g).map(Number)));
    assert.ok(bright > 200 && dark < 60, grounds.join(" | "));
});
