// Memory of the page while it shows a real service's replay, four pictures and automatic masks a second;
// EDGESEG_CONSOLE_HEAP_MINUTES: how long.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, replay, startEdgeseg, until } from "./harness.mjs";
import { clickForResult, close, live, openPage } from "./page.mjs";

const minutes = Number(process.env.EDGESEG_CONSOLE_HEAP_MINUTES ?? 0.4);
const mayGrowMb = 3;
let browser, service;

before(async () => {
    browser = await launch();
    service = await startEdgeseg(replay(4));
});

after(async () => {
    await browser?.close();
    await service?.stop();
});

test("the page's heap stays flat under preview and masks", { timeout: (minutes + 10) * 60_000 }, async (t) => {
    const page = await openPage(browser, service.url);
    await page.locator('[data-device="real"]').click();
    await page.locator("#picture").waitFor();
    const debug = await page.context().newCDPSession(page);
    const heap = async () => {
        await debug.send("HeapProfiler.collectGarbage");
        const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await debug.send("Runtime.getHeapUsage");
        const { nodes } = await debug.send("Memory.getDOMCounters");
        return {
            mb: (usedSize + embedderHeapUsedSize + backingStorageSize) / 1e6,
            nodes,
        };
    };
    // lists that are bounded fill up first: results, frames
    for (let i = 1; i <= 12; i++) {
        await clickForResult(page, i, 200, 150 - i);
        await page.keyboard.press("Escape");
        await live(page);
    }
    await until("the last masks", async () => (await page.locator("#history button").count()) === 16, 60_000);
    const figures = [await heap()];
    for (const end = Date.now() + minutes * 60_000; Date.now() < end; ) {
        await page.waitForTimeout(Math.min(60_000, minutes * 15_000));
        figures.push(await heap());
    }
    const [first, last] = [figures[0], figures.at(-1)];
    t.diagnostic(
        `heap and buffers over ${minutes} min of preview, MB: ${figures.map((f) => f.mb.toFixed(1)).join(" ")}; ` +
            `DOM nodes ${first.nodes} to ${last.nodes}`,
    );
    // the plots gain a point each second, up to three minutes of them
    assert.ok(last.mb < first.mb + mayGrowMb, `from ${first.mb.toFixed(1)} to ${last.mb.toFixed(1)} MB`);
    assert.ok(last.nodes < first.nodes * 1.5 + 500, `from ${first.nodes} to ${last.nodes} DOM nodes`);
    await close(page);
});
