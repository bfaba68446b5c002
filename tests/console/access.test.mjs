// Keyboard, phone and axe.
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "./harness.mjs";
import { close, held, live, results, seriousFindings, shows, spot } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice();

test("works with the keyboard only", async () => {
    const page = await setup.open();
    for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement.id)) !== "picture"; i++) await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "picture");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    await shows(page.locator("#spoken"), /percent from the left/);
    await page.keyboard.press("Enter");
    const click = await setup.command("click");
    assert.ok(click.body.points[0][0] > 230 && Math.abs(click.body.points[0][1] - 150) < 2, JSON.stringify(click.body.points));
    await until("the result is spoken", async () => /Mask found, score 0.93/.test(await page.locator("#spoken").innerText()));
    await page.keyboard.press("b");
    for (let i = 0; i < 4; i++) {
        await page.keyboard.press("Shift+ArrowRight");
        await page.keyboard.press("Shift+ArrowDown");
    }
    await page.keyboard.press("Enter");
    await setup.command("box");
    // an answer that comes after Escape would be held again
    await results(page, 2);
    await held(page);
    await page.keyboard.press("Escape");
    await live(page);
    await close(page);
});

test("works on a phone: taps, more points, nothing wider than the screen", async () => {
    const page = await setup.open({
        viewport: { width: 375, height: 760 },
        hasTouch: true,
        isMobile: true,
    });
    await page.getByRole("button", { name: "Disconnect" }).waitFor();
    // not against innerWidth: a phone's browser widens it to what does not fit
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 375, "nothing is wider than the screen");
    await page.locator("#picture").scrollIntoViewIfNeeded();
    await page.touchscreen.tap(...(await spot(page, 225, 150)));
    await held(page);
    await page.getByRole("button", { name: "Correct" }).tap();
    await page.locator("#picture").scrollIntoViewIfNeeded();
    await page.touchscreen.tap(...(await spot(page, 260, 160)));
    await setup.command("click", (b) => b.refines !== undefined);
    assert.deepEqual(await seriousFindings(page), []);
    await close(page);
});

test("axe has no serious finding: live, held, refused, at the log-in", async () => {
    setup.device.alert("throttled", "the processor is throttled", "give it a fan", true);
    const page = await setup.open();
    await page.locator("#plots svg").first().waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await page.getByRole("button", { name: "Everything", exact: true }).click();
    await held(page);
    setup.device.refuse.snapshot = ["too_large", "the picture does not fit"];
    await page.getByRole("button", { name: "Snapshot" }).click();
    await page.locator("#notice").waitFor();
    setup.device.refuse = {};
    assert.deepEqual(await seriousFindings(page), []);
    setup.device.retained("alert/throttled", "");
    await page.getByRole("button", { name: "Disconnect" }).click();
    await page.locator("#login").waitFor();
    assert.deepEqual(await seriousFindings(page), []);
    await close(page);
});
