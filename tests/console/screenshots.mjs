// docs/console.png and docs/console-phone.png, made of `edgeseg demo --console` as a visitor sees it: `npm run screenshots`. With a
// folder, `npm run screenshots -- FOLDER`, the page in other situations and on other screens, to be looked at.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { FakeDevice } from "./device.mjs";
import { launch, root, servePage, startDemo, startMosquitto, until } from "./harness.mjs";
import { attribute, chip, clickAt, held, live, login, openPage } from "./page.mjs";

/** The demo's photographs, distinguished by their sizes, and a point on the object in each. */
const rocket = { size: "640x427", at: [320, 250] };
const chelsea = { size: "451x300", at: [225, 160] };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

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

async function takeForDocs(browser) {
    const demo = await startDemo();
    try {
        await take(browser, demo.url, rocket, "console.png", { viewport: { width: 1360, height: 940 } }, true);
        await take(browser, demo.url, chelsea, "console-phone.png", phone);
    } finally {
        await demo.stop();
    }
}

const button = (page, name) => page.getByRole("button", { name, exact: true });
const desk = (width, height, more = {}) => ({ viewport: { width, height }, ...more });

/** Name, screen, and what is done before the picture is taken, of two devices on a broker. */
const situations = [
    ["desk-light", desk(1440, 900, { colorScheme: "light" }), clickOnObject],
    ["desk-dark", desk(1440, 900, { colorScheme: "dark" }), clickOnObject],
    ["small-light", desk(1024, 600, { colorScheme: "light" }), clickOnObject],
    ["small-dark", desk(1024, 600, { colorScheme: "dark" }), refused],
    ["small-fleet", desk(1024, 600), (page) => button(page, "Fleet at a glance").click()],
    ["desk-fleet", desk(1440, 900), (page) => button(page, "Fleet at a glance").click()],
    ["phone", phone, clickOnObject],
    ["phone-refused", phone, refused],
    ["phone-fleet", phone, (page) => button(page, "Fleet at a glance").click()],
    ["two-devices", desk(1440, 900), otherDevice],
    ["all-cameras", desk(1024, 600), (page) => button(page, "All cameras").click()],
];

async function clickOnObject(page) {
    await live(page);
    await clickAt(page, 225, 150);
    await held(page);
}

async function otherDevice(page) {
    await page.locator('[data-device="robot-2"]').click();
    await until("it is selected", async () => (await page.locator("#device-name").innerText()) === "robot-2");
    await live(page);
    await page.locator("#plots svg").first().waitFor();
}

async function refused(page, robots) {
    await live(page);
    robots[0].refuse.snapshot = ["busy", "The camera works on another command. Ask again when it is done."];
    await button(page, "Snapshot").click();
    await page.locator("#notice").waitFor();
    robots[0].refuse = {};
}

async function openOn(browser, site, broker, options) {
    const page = await openPage(browser, `${site.url}#manual`, options);
    await login(page, broker.url);
    await page.locator("#picture").waitFor();
    return page;
}

async function takeSituations(browser, folder) {
    mkdirSync(folder, { recursive: true });
    const [site, broker] = [await servePage({ device: "robot-1" }), await startMosquitto()];
    const options = { cameras: ["front", "side"], fleet: "hall-3" };
    const robots = [
        new FakeDevice("robot-1", broker.port, { ...options, tags: ["canary"] }),
        new FakeDevice("robot-2", broker.port, options),
    ];
    robots[1].alert("throttled", "The processor is throttled.", "Cool the device.", true);
    const shoot = async (page, name) => {
        // a few pictures, masks and figures
        await page.waitForTimeout(3_000);
        await page.screenshot({ path: join(folder, `${name}.png`) });
        await page.context().close();
    };
    try {
        for (const [name, screen, act] of situations) {
            const page = await openOn(browser, site, broker, screen);
            await act(page, robots);
            await shoot(page, name);
        }
        const pages = [];
        for (const screen of [desk(1440, 900), desk(1024, 600), phone]) pages.push(await openOn(browser, site, broker, screen));
        await button(pages[1], "Fleet at a glance").click();
        await broker.stop("SIGKILL");
        for (const page of pages) await until("the loss", async () => (await page.locator("#link").innerText()) === "no broker");
        for (const [i, name] of ["desk", "small-fleet", "phone"].entries()) await shoot(pages[i], `no-broker-${name}`);
    } finally {
        for (const robot of robots) await robot.stop();
        await broker.stop();
        await site.stop();
    }
}

const browser = await launch();
try {
    const [folder] = process.argv.slice(2);
    if (folder === undefined) await takeForDocs(browser);
    else await takeSituations(browser, folder);
} finally {
    await browser.close();
}
