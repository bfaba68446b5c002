// The page and brokers: mosquitto with the page from any web server, losses, log-ins, and what the page's policy lets through.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { launch, servePage, startEdgeseg, startMosquitto, until } from "./harness.mjs";
import { decodeRle, iou } from "./masks.mjs";
import { attribute, chip, clickAt, close, downloadRle, held, live, login, notice, openPage, settles } from "./page.mjs";

let browser, site;

before(async () => {
    browser = await launch();
    site = await servePage();
});

after(async () => {
    await browser?.close();
    await site?.stop();
});

const link = (page) => page.locator("#link").innerText();

test("a missing broker is reported, and the page reconnects to one that was killed and restarted (mosquitto)", async () => {
    let broker = await startMosquitto();
    const ports = [broker.port, broker.webPort];
    const robot = new FakeDevice("robot", broker.port);
    const page = await openPage(browser, site.url + "#manual");
    await login(page, broker.url);
    await page.locator("#picture").waitFor({ timeout: 15_000 });
    await clickAt(page, 225, 150);
    await held(page);
    const rle = await downloadRle(page);
    assert.ok(iou(decodeRle(rle.segmentation.counts, rle.segmentation.size[1], rle.segmentation.size[0]), robot.object) > 0.999);
    await broker.stop("SIGKILL");
    await until("the loss is reported", async () => (await link(page)) === "no broker" && (await notice(page)).startsWith("no broker"));
    broker = await startMosquitto([], ports);
    await until("connected again", async () => (await link(page)) === "connected");
    await page.getByRole("button", { name: "Back to live" }).click();
    const before = await attribute(page, "data-frame");
    await until("pictures again", async () => (await attribute(page, "data-frame")) !== before && (await chip(page)).startsWith("Live"));
    await robot.stop();
    await broker.stop();
    const other = await openPage(browser, site.url + "#manual");
    await login(other, broker.url);
    await until("nobody answers", async () => (await other.locator("#login-note").innerText()).startsWith("No broker answers at"));
    await close(other);
    await close(page);
});

test("a broker with a password asks for it, and the page keeps it in memory only (mosquitto)", async () => {
    const broker = await startMosquitto([["op", "right-secret"]]);
    const page = await openPage(browser, site.url + "#manual");
    await login(page, broker.url, "op", "wrong-secret");
    const note = () => page.locator("#login-note").innerText();
    await until("refused", async () => /refuses this user and password \(Not authorized, code 135\)/.test(await note()));
    await login(page, broker.url);
    await until("none was given", async () => /asks for a user and a password \(Not authorized, code 135\)/.test(await note()));
    await login(page, broker.url, "op", "right-secret");
    await until("connected", async () => (await link(page)) === "connected");
    await until("the absence of devices is reported", () => page.locator("#no-device").isVisible());
    const kept = await page.evaluate(async () => [
        JSON.stringify(localStorage),
        JSON.stringify(sessionStorage),
        document.cookie,
        document.getElementById("password").value,
        location.href,
        (await indexedDB.databases()).length,
    ]);
    assert.deepEqual(kept, ["{}", "{}", "", "", site.url + "#manual", 0]);
    assert.ok(!(await page.content()).includes("right-secret"));
    await page.reload();
    await page.locator("#login").waitFor();
    assert.equal(await page.locator("#password").inputValue(), "", "a page that is loaded again knows nothing of it");
    await close(page);
    await broker.stop();
});

test("the page that a device serves may run its own script only, and reach that device only", async () => {
    const service = await startEdgeseg();
    const page = await openPage(browser, service.url);
    await page.evaluate(() => {
        const script = document.createElement("script");
        script.textContent = "window.evil = 1";
        document.body.append(script);
        const image = document.createElement("img");
        image.setAttribute("onerror", "window.evil = 1");
        image.src = "data:,x";
        document.body.append(image);
    });
    await until("both were refused", () => page.faults.filter((f) => f.includes("Content Security Policy")).length >= 2);
    assert.equal(await page.evaluate(() => window.evil), undefined);
    const answer = await page.request.get(service.url);
    assert.match(answer.headers()["content-security-policy"], /connect-src 'self'; .*frame-ancestors 'none'/);
    await page.getByRole("button", { name: "Disconnect" }).click();
    await login(page, "ws://127.0.0.1:9/");
    await until("the policy is explained", async () => /only that device's own broker/.test(await page.locator("#login-note").innerText()));
    await page.context().close();
    await service.stop();
});

test("the page that a device serves connects to the external broker of the configuration, and to no other", async () => {
    const broker = await startMosquitto([["op", "right-secret"]]);
    const folder = mkdtempSync(join(tmpdir(), "edgeseg-password-"));
    writeFileSync(join(folder, "password"), "right-secret", { mode: 0o600 });
    const service = await startEdgeseg(undefined, {
        mosquitto: broker.port,
        mqtt: ['username = "op"', `password_file = "${join(folder, "password")}"`],
        brokerUrl: broker.url,
    });
    const page = await openPage(browser, service.url);
    await until("it asks for the user of that broker", async () => /asks for a user/.test(await page.locator("#login-note").innerText()));
    await settles(() => page.locator("#url").inputValue(), broker.url);
    await login(page, broker.url, "op", "right-secret");
    await page.locator('[data-device="real"]').waitFor();
    await page.locator("#picture").waitFor();
    await page.getByRole("button", { name: "Disconnect" }).click();
    await login(page, "ws://127.0.0.1:9/");
    await until("the policy is explained", async () => /console\.broker_url/.test(await page.locator("#login-note").innerText()));
    await page.context().close();
    await service.stop();
    await broker.stop();
    rmSync(folder, { recursive: true });
});

test("a page of another origin does not get at the device's broker", async () => {
    const service = await startEdgeseg();
    const page = await openPage(browser, site.url + "#manual");
    await login(page, service.url.replace("http", "ws") + "mqtt");
    await until("it is kept out", async () => (await page.locator("#login-note").innerText()).startsWith("No broker answers at"));
    await page.context().close();
    await service.stop();
});
