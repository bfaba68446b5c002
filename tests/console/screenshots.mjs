// docs/console.png and docs/console-phone.png, made of `edgeseg demo --console` as a visitor sees it: `npm run screenshots`.
import { join } from "node:path";
import { launch, root, startDemo, until } from "./harness.mjs";
import { attribute, chip, clickAt, held, openPage } from "./page.mjs";

/** The demo's photographs, distinguished by their sizes, and a point on the object in each. */
const rocket = { size: "640x427", at: [320, 250] };
const chelsea = { size: "451x300", at: [225, 160] };

async function take(browser, url, photograph, file, options, fullPage = false) {
    const page = await openPage(browser, url, options);
    await page.locator("#picture").waitFor();
    // the plots need a few points
    await page.waitForTimeout(25_000);
    await until(
        "the photograph with its mask",
        async () =>
            (await page.locator("#picture").evaluate((c) => `${c.width}x${c.height}`)) === photograph.size &&
            (await attribute(page, "data-mask")) !== "",
        60_000,
    );
    await clickAt(page, ...photograph.at);
    await held(page);
    await until("the answer", async () => (await chip(page)).endsWith("held"));
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: join(root, "docs", file), fullPage });
    await page.context().close();
}

const browser = await launch();
const demo = await startDemo();
try {
    await take(browser, demo.url, rocket, "console.png", { viewport: { width: 1360, height: 940 } }, true);
    await take(browser, demo.url, chelsea, "console-phone.png", {
        viewport: { width: 390, height: 844 },
        deviceScaleFactor: 2,
        hasTouch: true,
        isMobile: true,
    });
} finally {
    await browser.close();
    await demo.stop();
}
