// The page in the browser, as an operator uses it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { axeSource, until } from "./harness.mjs";

export async function openPage(browser, url, options = {}) {
    const context = await browser.newContext({
        viewport: { width: 1360, height: 900 },
        ...options,
    });
    const page = await context.newPage();
    page.faults = [];
    page.on("pageerror", (e) => page.faults.push(String(e)));
    page.on("console", (m) => {
        if (m.type() === "error" && !/WebSocket connection|WebSocket is already|ERR_CONNECTION/.test(m.text())) page.faults.push(m.text());
    });
    await page.goto(url);
    return page;
}

export async function login(page, url, user = "", password = "") {
    await page.locator("#url").fill(url);
    await page.locator("#user").fill(user);
    await page.locator("#password").fill(password);
    await page.getByRole("button", { name: "Connect", exact: true }).click();
}

/** Where a frame's pixel is on the screen. */
export async function spot(page, x, y) {
    const box = await page.locator("#picture").boundingBox();
    const [w, h] = await page.locator("#picture").evaluate((c) => [c.width, c.height]);
    return [box.x + (x * box.width) / w, box.y + (y * box.height) / h];
}

/** What a button saves: the file's name, and where it lies. */
export async function download(page, button) {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: button }).click();
    const came = await coming;
    return [came.suggestedFilename(), await came.path()];
}

export async function downloadRle(page) {
    const [, file] = await download(page, "COCO RLE");
    return JSON.parse(readFileSync(file, "utf8"));
}

export const chip = (page) => page.locator("#frame-chip").innerText();
export const attribute = (page, name) => page.locator("#picture").getAttribute(name);
export const notice = (page) => page.locator("#notice").innerText();
export const held = (page) =>
    until("a held result", async () => (await chip(page)).includes("held") && (await attribute(page, "data-mask")) !== "");
export const live = (page) => until("live", async () => (await chip(page)).startsWith("Live"));
export const results = (page, n) => until(`${n} results`, async () => (await page.locator("#results button").count()) >= n);

/** Waits until a value is the expected one; says what it was last. */
export async function settles(read, expected) {
    let last;
    await until(`the value ${expected}`, async () => (last = await read()) === expected).catch((e) => {
        throw new Error(`${e.message}, but ${last}`);
    });
}

/** Waits until an element shows a text: what is published later arrives later. */
export async function shows(element, wanted) {
    let last;
    const fits = (text) => (typeof wanted === "string" ? text === wanted : wanted.test(text));
    await until(`the text ${wanted}`, async () => fits((last = await element.innerText()))).catch((e) => {
        throw new Error(`${e.message}, but: ${last}`);
    });
}

export async function clickAt(page, x, y, options = {}) {
    const [sx, sy] = await spot(page, x, y);
    if (options.shift) await page.keyboard.down("Shift");
    await page.mouse.click(sx, sy);
    if (options.shift) await page.keyboard.up("Shift");
}

/** Clicks on the live picture until that many results are listed. */
export const clickForResult = (page, n, x, y) => askForResult(page, n, () => clickAt(page, x, y));

/** Asks on the live picture until that many results are listed: on a busy machine a frame can be gone, or an answer late. */
export async function askForResult(page, n, ask) {
    const listed = async () => (await page.locator("#results button").count()) >= n;
    for (let tries = 0; tries < 5 && !(await listed()); tries++) {
        await page.keyboard.press("Escape");
        await live(page);
        await ask();
        await until("an answer", async () => (await listed()) || (await page.locator("#notice").isVisible()));
    }
    await results(page, n);
}

/** Clicks on the live picture and goes back to it; returns the frame of the result, which is the first of the list. */
export async function resultThenLive(page, n) {
    await clickAt(page, 225, 150);
    await results(page, n);
    await held(page);
    const frame = await attribute(page, "data-frame");
    await page.keyboard.press("Escape");
    await until("a newer frame", async () => (await attribute(page, "data-frame")) !== frame);
    return frame;
}

export async function dragBox(page, left, top, right, bottom) {
    await page.mouse.move(...(await spot(page, left, top)));
    await page.mouse.down();
    await page.mouse.move(...(await spot(page, right, bottom)), { steps: 4 });
    await page.mouse.up();
}

/** Keeps pictures from being decoded; returns what lets them be. */
export async function keepFromDecoding(page) {
    await page.evaluate(() => {
        const decode = window.createImageBitmap;
        const gate = new Promise((open) => (window.letDecode = open));
        window.createImageBitmap = (...args) => gate.then(() => decode(...args));
    });
    return () => page.evaluate(() => window.letDecode());
}

/** Ends the page, of which no error may have come. */
export async function close(page) {
    assert.deepEqual(page.faults, []);
    await page.context().close();
}

export async function seriousFindings(page) {
    // the page's policy lets no script in but its own: the test's comes through the debugger
    await page.evaluate(axeSource);
    const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
    return found.violations
        .filter((v) => ["serious", "critical"].includes(v.impact))
        .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`);
}
