// Which device and camera the page opens: those of its address, else the device that serves it, else the first that is up.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { launch, servePage, startEdgeseg, startMosquitto, until } from "./harness.mjs";
import { attribute, close, login, openPage, settles } from "./page.mjs";
import { source } from "./sources.mjs";

const { Fleet, retiredAfterMs } = await source("fleet");
const { Place, spotOf } = await source("place");
let browser, broker, other;

before(async () => {
    browser = await launch();
    broker = await startMosquitto();
    // first in the list, and up before the others
    other = new FakeDevice("a-robot", broker.port, { cameras: ["front", "side"] });
});

after(async () => {
    await browser?.close();
    await other?.stop();
    await broker?.stop();
});

const name = (page) => page.locator("#device-name").innerText();
const hash = (page) => page.evaluate(() => location.hash);
const message = (fields) => new TextEncoder().encode(JSON.stringify({ v: 1, ...fields }));
const up = message({ session: "s1", state: "online" });

test("an address names a device and its camera; what is neither is passed over", () => {
    assert.deepEqual(spotOf("#robot-1/front"), { device: "robot-1", camera: "front" });
    assert.deepEqual(spotOf("#robot-1"), { device: "robot-1", camera: "" });
    assert.deepEqual(spotOf("#manual/front"), { device: "manual", camera: "front" });
    for (const hash of ["", "#", "#manual", "#/front", "#Robot", "#a/b/c", "#<img>"]) assert.equal(spotOf(hash), null, hash);
    assert.deepEqual(spotOf("#robot-1/<img>"), { device: "robot-1", camera: "" });
});

test("the wanted device is waited for, whichever else is up; without one the first that is up opens", () => {
    const fleet = new Fleet();
    fleet.receiveStatus("a-robot", up);
    const free = new Place("#manual");
    assert.equal(free.find(fleet).id, "a-robot");
    free.servedBy("robot-1");
    assert.equal(free.find(fleet), null);
    fleet.receiveStatus("robot-1", message({ session: "s2", state: "offline" }));
    assert.equal(free.find(fleet).id, "robot-1", "offline, but the wanted one");
    const linked = new Place("#robot-2/side");
    linked.servedBy("robot-1");
    assert.equal(linked.device, "robot-2", "the address comes before the device that serves the page");
    assert.equal(linked.camera("robot-2", [{ id: "front" }, { id: "side" }]), "side");
    assert.equal(linked.camera("robot-2", [{ id: "front" }]), "front");
    linked.shows("robot-2", "");
    assert.equal(linked.hash, "#robot-2/side", "a device that has not reported its cameras keeps the wanted one");
});

test("a device that was retired during a lost connection goes, one that reports again stays", () => {
    const fleet = new Fleet();
    for (const id of ["kept", "retired"]) fleet.receiveStatus(id, up);
    fleet.reconnected(1_000);
    assert.deepEqual(
        fleet.all.map((d) => d.confirmed),
        [false, false],
    );
    fleet.receiveStatus("kept", up);
    assert.equal(fleet.removeRetired(1_000 + retiredAfterMs - 1), false);
    assert.equal(fleet.removeRetired(1_000 + retiredAfterMs), true);
    assert.deepEqual(
        fleet.all.map((d) => [d.id, d.confirmed]),
        [["kept", true]],
    );
});

test("the page of a device opens that device, and its address the same view again", async () => {
    const service = await startEdgeseg(undefined, { mosquitto: broker.port, brokerUrl: broker.url });
    const page = await openPage(browser, service.url);
    await until("its own device", async () => (await name(page)) === "real");
    await page.locator('[data-device="a-robot"]').waitFor();
    await until("the address", async () => (await hash(page)) === "#real/replay");
    await page.locator('[data-device="a-robot"]').click();
    await page.locator("#camera").selectOption("side");
    assert.equal(await hash(page), "#a-robot/side");
    const address = page.url();
    await close(page);
    const linked = await openPage(browser, address);
    await until("the same view", async () => /-side-\d+$/.test((await attribute(linked, "data-frame")) ?? ""));
    assert.equal(await name(linked), "a-robot");
    await linked.evaluate(() => void (location.hash = "#real/replay"));
    await until("another address", async () => (await name(linked)) === "real");
    await close(linked);
    await service.stop();
});

test("a device that serves the page and has not reported is waited for, and no other one is opened instead", async () => {
    const site = await servePage({ broker_url: broker.url, topic_prefix: "edgeseg", device: "robot-1" });
    const page = await openPage(browser, site.url);
    const missing = /^robot-1 has not reported to this broker\. Select another device, or wait\.$/;
    await until("the sentence", async () => missing.test(await page.locator("#no-device").innerText()));
    await settles(() => page.locator('[data-device="a-robot"]').isVisible(), true);
    assert.ok(await page.locator("#work").isHidden(), "no device is open");
    const robot = new FakeDevice("robot-1", broker.port);
    await until("it is opened", async () => (await name(page)) === "robot-1");
    await settles(() => page.locator("#no-device").isHidden(), true);
    robot.retained("status", "");
    await until("retired: none is opened instead", () => page.locator("#work").isHidden());
    await robot.stop();
    await close(page);
    await site.stop();
});

test("a page of another web server opens the first device that is up", async () => {
    const site = await servePage();
    const page = await openPage(browser, site.url + "#manual");
    await login(page, broker.url);
    await until("the one that is up", async () => (await name(page)) === "a-robot");
    await until("the address", async () => (await hash(page)) === "#a-robot/front");
    await close(page);
    await site.stop();
});
