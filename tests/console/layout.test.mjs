// Where things are on the screen: refusals in view, words of the fleet in one piece, the buttons of a phone under the thumb.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { servePage, startMosquitto, until } from "./harness.mjs";
import { clickAt, close, held, live, login, notice, openPage, seriousFindings, shows } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice({ cameras: ["front", "side"] });
const desks = [
    { width: 1440, height: 900 },
    { width: 1024, height: 600 },
];
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** The notice is wholly inside the window, and nothing lies on it. */
async function inView(page, what) {
    const { top, bottom, height, covered } = await page.locator("#notice").evaluate((n) => {
        const { top, bottom, left, width } = n.getBoundingClientRect();
        // clicks go through it: for the question of what is on top they must not
        n.style.pointerEvents = "auto";
        const covered = document.elementFromPoint(left + width / 2, (top + bottom) / 2)?.closest("#notice") !== n;
        n.style.pointerEvents = "";
        return { top, bottom, height: window.innerHeight, covered };
    });
    assert.ok(top >= 0 && bottom <= height && bottom > top, `${what}: from ${top} to ${bottom} of ${height}`);
    assert.ok(!covered, `${what}: something lies on it`);
}

for (const viewport of desks)
    test(`refusals are in view on ${viewport.width}x${viewport.height}, with many alerts too`, async () => {
        const page = await setup.open({ viewport });
        await live(page);
        for (const [code, sentence] of [
            ["busy", "the camera is busy"],
            ["frame_gone", "it is gone"],
        ]) {
            setup.device.refuse.click = [code, sentence];
            await live(page);
            await clickAt(page, 225, 150);
            await until(code, async () => (await notice(page)).startsWith(code));
            await inView(page, code);
            if (code === "busy") await page.keyboard.press("Escape");
        }
        setup.device.refuse = {};
        for (const id of ["throttled", "disk-full", "clock"]) setup.device.alert(id, "something is wrong", "do something about it", true);
        await until("the alerts", async () => (await page.locator("#alerts li").count()) === 3);
        setup.device.mute = true;
        await page.getByRole("button", { name: "Snapshot" }).click();
        await until("no answer", async () => (await notice(page)).startsWith("no_answer"), 40_000);
        await inView(page, "no_answer");
        setup.device.mute = false;
        assert.deepEqual(await seriousFindings(page), []);
        for (const id of ["throttled", "disk-full", "clock"]) setup.device.retained(`alert/${id}`, "");
        await close(page);
    });

test("a click goes through the notice to the picture", async () => {
    const page = await setup.open({ viewport: desks[0] });
    await live(page);
    setup.device.refuse.snapshot = ["busy", "the camera is busy"];
    await page.getByRole("button", { name: "Snapshot" }).click();
    await page.locator("#notice").waitFor();
    setup.device.refuse = {};
    const box = await page.locator("#notice").boundingBox();
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await setup.command("click");
    await held(page);
    await close(page);
});

test("a lost broker: the notice is in view, and what the fleet shows is the last that is known", async () => {
    const [site, broker] = [await servePage(), await startMosquitto()];
    const robots = ["robot-1", "robot-2"].map((id) => new FakeDevice(id, broker.port));
    const pages = [];
    for (const viewport of desks) {
        const page = await openPage(setup.browser, site.url + "#manual", { viewport });
        await login(page, broker.url);
        await page.locator("#picture").waitFor();
        await until("both", async () => (await page.locator("#devices li").count()) === 2);
        pages.push(page);
    }
    await broker.stop("SIGKILL");
    for (const page of pages) {
        await until("the loss", async () => (await notice(page)).startsWith("no broker"));
        await inView(page, "no broker");
        await page.getByRole("button", { name: "Fleet at a glance" }).click();
        await shows(page.locator("#fleet-summary"), /^Last known: 2 devices: 2 online\./);
        const badges = await page.locator("#fleet-rows .badge").allInnerTexts();
        assert.deepEqual(badges, ["online (last known)", "online (last known)"]);
        await shows(page.locator("#devices"), /robot-1\s+online \(last known\)/);
        await close(page);
    }
    for (const robot of robots) await robot.stop();
    await site.stop();
});

test("the fleet on 1024x600: ids and states in one line, nothing wider than the window", async () => {
    const others = ["robot-17", "warehouse-north-4"].map(
        (id) => new FakeDevice(id, setup.service.port, { fleet: "hall", tags: ["canary"] }),
    );
    const page = await setup.open({ viewport: desks[1] });
    await page.getByRole("button", { name: "Fleet at a glance" }).click();
    others[0].alert("throttled", "the processor is throttled for a long time already", "cool it");
    others[0].model("refused", { reason: "bad_signature" });
    others[1].state("degraded", ["camera_lost"]);
    await until("all rows", async () => /alert[\s\S]*degraded|degraded[\s\S]*alert/.test(await page.locator("#fleet-rows").innerText()));
    const lines = await page.locator("#fleet-rows :is(th button, .badge)").evaluateAll((all) =>
        all.map((e) => {
            const range = document.createRange();
            range.selectNodeContents(e);
            return [e.textContent, new Set([...range.getClientRects()].map((r) => Math.round(r.top))).size];
        }),
    );
    assert.ok(lines.length >= 6);
    for (const [text, count] of lines) assert.equal(count, 1, `${text} is in ${count} lines`);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= desks[1].width);
    assert.deepEqual(await seriousFindings(page), []);
    others[0].retained("alert/throttled", "");
    for (const device of others) {
        device.retained("status", "");
        await device.stop();
    }
    await close(page);
});

test("on a phone the buttons follow the picture and end above the fold; alerts and the last masks come after them", async () => {
    setup.device.alert("throttled", "the processor is throttled", "cool the device", true);
    const page = await setup.open(phone);
    await page.locator("#alerts li").waitFor();
    await live(page);
    // one button more
    await clickAt(page, 225, 150);
    await held(page);
    await page.locator("#history button").first().waitFor();
    await page.evaluate(() => window.scrollTo(0, 0));
    const [picture, tools, history] = await Promise.all([".screen", ".tools", "#history"].map((s) => page.locator(s).boundingBox()));
    assert.ok(tools.y >= picture.y + picture.height, "the buttons are below the picture");
    assert.ok(tools.y + tools.height <= phone.viewport.height, `the buttons end at ${tools.y + tools.height}`);
    assert.ok(history.y >= tools.y + tools.height, `the last masks begin at ${history.y}, the buttons end at ${tools.y + tools.height}`);
    setup.device.retained("alert/throttled", "");
    await close(page);
});
