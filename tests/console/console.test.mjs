// The console in a browser, against the real broker inside edgeseg, and against mosquitto. `npm test` in deploy/console runs it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  FakeDevice, axeSource, decodeRle, downloadRle, iou, launch, login, openPage, replay, servePage, spot, startEdgeseg, startMosquitto, until,
} from "./harness.mjs";

let browser, service, device, site;

before(async () => {
  browser = await launch();
  service = await startEdgeseg(replay());
  site = await servePage();
  device = new FakeDevice("fake-1", service.port);
});

after(async () => {
  await browser?.close();
  await device?.stop();
  await service?.stop();
  await site?.stop();
});

async function onFake(options) {
  const page = await openPage(browser, service.url, options);
  await page.locator('[data-device="fake-1"]').click();
  await page.locator("#picture").waitFor();
  return page;
}

const chip = (page) => page.locator("#frame-chip").innerText();
const attribute = (page, name) => page.locator("#picture").getAttribute(name);

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

async function clickAt(page, x, y, options) {
  const [sx, sy] = await spot(page, x, y);
  if (options?.shift) await page.keyboard.down("Shift");
  await page.mouse.click(sx, sy);
  if (options?.shift) await page.keyboard.up("Shift");
}

const held = (page) => until("a held result", async () => (await chip(page)).includes("held") && (await attribute(page, "data-mask")) !== "");

async function seriousFindings(page) {
  // the page's policy lets no script in but its own: the test's comes through the debugger
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 120)).join(" | ")}`);
}

test("lists the devices, and tells state, model and camera of the chosen one", async () => {
  const page = await onFake();
  await until("both devices", async () => (await page.locator("#devices li").count()) === 2);
  assert.equal(await page.locator("#device-state").innerText(), "online");
  assert.match(await page.locator("#device-facts").innerText(), /squeezesam 0 int8 · CPUExecutionProvider · front streaming/);
  assert.match(await page.locator("#model").innerText(), /downloading[\s\S]*3.1 of 9.4 MB/);
  await page.locator("#plots svg").first().waitFor();
  assert.match(await page.locator("#plots svg").first().getAttribute("aria-label"), /^Latency, end to end, last: p50 \d/);
  await close(page);
});

test("a mask is drawn on the frame that it was made from and on no other", async () => {
  const page = await onFake();
  await page.evaluate(() => {
    window.seen = [];
    new MutationObserver(() => {
      const { frame, mask } = document.getElementById("picture").dataset;
      window.seen.push([frame, mask]);
    }).observe(document.getElementById("picture"), { attributes: true, attributeFilter: ["data-frame", "data-mask"] });
  });
  await until("ten frames", async () => (await page.evaluate(() => window.seen.length)) > 20);
  const seen = await page.evaluate(() => window.seen);
  // both attributes change one after the other: what counts is that a mask's frame is the one shown with it
  const settled = seen.filter(([frame, mask], i) => mask !== "" && seen[i + 1]?.[0] === frame);
  assert.ok(seen.some(([, mask]) => mask !== ""));
  for (const [frame, mask] of settled) assert.equal(mask, frame);
  const numbers = seen.map(([frame]) => Number(frame.split("-").at(-1)));
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), "never back to an earlier frame");
  await close(page);
});

test("a click names frame and pixel, and its mask appears on the object", async () => {
  const page = await onFake();
  device.commands.length = 0;
  await clickAt(page, 225, 150);
  await held(page);
  const { body, properties, retain, qos } = device.commands.find((c) => c.name === "click");
  assert.equal(body.frame, await attribute(page, "data-frame"));
  assert.equal(await attribute(page, "data-mask"), body.frame);
  assert.ok(Math.hypot(body.points[0][0] - 225, body.points[0][1] - 150) < 1.5, JSON.stringify(body.points));
  assert.match(properties.responseTopic, /^edgeseg\/v1\/fake-1\/reply\/[a-z0-9-]{1,64}$/);
  assert.deepEqual([retain, qos, properties.messageExpiryInterval > 0], [false, 1, true]);
  const rle = await downloadRle(page);
  const [h, w] = rle.segmentation.size;
  assert.ok(iou(decodeRle(rle.segmentation.counts, w, h), device.object) > 0.999);
  // the picture itself: the line around the object is where the object ends
  const [r, g] = await page.locator("#picture").evaluate((c) => {
    // the object's left end is at 105
    const { data } = c.getContext("2d").getImageData(100, 150, 10, 1);
    return [...Array(10).keys()].map((i) => [data[4 * i], data[4 * i + 1]]).sort((p, q) => q[1] - q[0] - (p[1] - p[0]))[0];
  });
  assert.ok(g > 200 && g > r + 60, `a bright green line, not red ${r}, green ${g}`);
  assert.match(await page.locator("#results li").first().innerText(), /Click[\s\S]*0.93/);
  await page.getByRole("button", { name: "Back to live" }).click();
  await until("live again", async () => (await chip(page)).startsWith("Live"));
  await close(page);
});

test("Shift adds points, dragging makes a box, Automatic asks on the frame in view", async () => {
  const page = await onFake();
  device.commands.length = 0;
  await clickAt(page, 200, 140);
  await held(page);
  await clickAt(page, 250, 160, { shift: true });
  const second = await until("two points", () => device.commands.find((c) => c.name === "click" && c.body.points.length === 2));
  assert.equal(second.body.frame, device.commands.find((c) => c.name === "click").body.frame, "the points are of one frame");
  const [from, to] = [await spot(page, 100, 60), await spot(page, 350, 240)];
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 4 });
  await page.mouse.up();
  const { body } = await until("a box", () => device.commands.find((c) => c.name === "box"));
  [100, 60, 350, 240].forEach((v, i) => assert.ok(Math.abs(body.box[i] - v) < 2, JSON.stringify(body.box)));
  await until("the box's result", async () => (await page.locator("#results li").count()) === 3);
  await page.getByRole("button", { name: "Automatic" }).click();
  const auto = await until("auto", () => device.commands.find((c) => c.name === "auto"));
  assert.equal(auto.body.frame, await attribute(page, "data-frame"));
  await close(page);
});

test("a snapshot is shown and held, a mask can be saved as PNG", async () => {
  const page = await onFake();
  await page.getByRole("button", { name: "Snapshot" }).click();
  await until("the snapshot", async () => (await page.locator("#notice").innerText()).includes("full size"));
  assert.match(await chip(page), /held/);
  await clickAt(page, 225, 150);
  await held(page);
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Mask PNG" }).click();
  assert.match((await coming).suggestedFilename(), /-mask\.png$/);
  await close(page);
});

test("a refused command shows its code and its sentence", async () => {
  const page = await onFake();
  await page.getByRole("button", { name: "Everything" }).click();
  await until("the refusal", async () => (await page.locator("#notice").innerText()).startsWith("unsupported_prompt everything is reserved"));
  device.refuse.click = ["frame_gone", "frame 7 is not held any more"];
  await clickAt(page, 225, 150);
  await until("frame_gone", async () => /frame_gone .*no longer holds/.test(await page.locator("#notice").innerText()));
  await until("live again", async () => (await chip(page)).startsWith("Live"));
  device.refuse = {};
  await clickAt(page, 225, 150);
  await held(page);
  assert.ok(await page.locator("#notice").isHidden(), "what is over is not shown any more");
  await close(page);
});

test("works by keyboard alone", async () => {
  const page = await onFake();
  device.commands.length = 0;
  for (let i = 0; i < 20 && (await page.evaluate(() => document.activeElement.id)) !== "picture"; i++) await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.id), "picture");
  for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
  assert.match(await page.locator("#spoken").innerText(), /percent from the left/);
  await page.keyboard.press("Enter");
  const click = await until("a click", () => device.commands.find((c) => c.name === "click"));
  assert.ok(click.body.points[0][0] > 230 && Math.abs(click.body.points[0][1] - 150) < 2, JSON.stringify(click.body.points));
  await until("the result is spoken", async () => /Mask found, score 0.93/.test(await page.locator("#spoken").innerText()));
  await page.keyboard.press("b");
  for (let i = 0; i < 4; i++) { await page.keyboard.press("Shift+ArrowRight"); await page.keyboard.press("Shift+ArrowDown"); }
  await page.keyboard.press("Enter");
  await until("a box", () => device.commands.find((c) => c.name === "box"));
  await page.keyboard.press("Escape");
  await until("live again", async () => (await chip(page)).startsWith("Live"));
  await close(page);
});

test("axe has no serious finding: live, held, refused, on a phone, at the log-in", async () => {
  const page = await onFake();
  await page.locator("#plots svg").first().waitFor();
  assert.deepEqual(await seriousFindings(page), []);
  await clickAt(page, 225, 150);
  await held(page);
  await page.getByRole("button", { name: "Everything" }).click();
  await page.locator("#notice").waitFor();
  assert.deepEqual(await seriousFindings(page), []);
  await page.setViewportSize({ width: 375, height: 800 });
  assert.deepEqual(await seriousFindings(page), []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), "nothing is wider than a phone");
  await page.getByRole("button", { name: "Disconnect" }).click();
  await page.locator("#login").waitFor();
  assert.deepEqual(await seriousFindings(page), []);
  await close(page);
});

test("what comes from the network stays text", async () => {
  const page = await onFake();
  const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
  device.retained("alert/evil", { v: 1, device: "fake-1", message: evil });
  device.state("degraded", [evil]);
  await until("the alert", async () => (await page.locator("#alerts").innerText()).includes("<img"));
  assert.match(await page.locator("#device-state").innerText(), /degraded: <img/);
  assert.equal(await page.evaluate(() => window.evil), undefined);
  assert.equal(await page.locator("#alerts img, #device-state img, #alerts script").count(), 0);
  device.retained("alert/evil", "");
  await until("no alert", () => page.locator("#alerts").isHidden());
  device.state("online");
  for (const junk of ["", "{", "[]", '{"v":2}', '{"v":1}', '{"v":1,"image":[1e9,1e9],"mask":{"counts":"oooo"}}', '{"v":1,"cameras":5,"bytes":"x"}'])
    for (const topic of ["telemetry", "cam/front/mask", "cam/front/state", "model/state"]) device.send(topic, junk);
  await until("still alive", async () => (await chip(page)).startsWith("Live"));
  device.begin();
  await close(page);
});

test("a stale preview, a silent device, and a device that is gone are told", async () => {
  const page = await onFake();
  device.paused = true;
  await until("stale", async () => /^Stale: no picture for \d+ s/.test(await chip(page)));
  device.paused = false;
  await until("live", async () => (await chip(page)).startsWith("Live"));
  device.mute = true;
  await clickAt(page, 225, 150);
  await until("no answer", async () => /no_answer The device did not answer/.test(await page.locator("#notice").innerText()));
  device.mute = false;
  // a late will of an earlier session says nothing
  device.retained("status", { v: 1, device: "fake-1", session: "0123", state: "offline", reasons: ["lost"], since_utc: new Date().toISOString(), dropped: {} });
  await page.waitForTimeout(400);
  assert.equal(await page.locator("#device-state").innerText(), "online");
  device.state("offline", ["lost"]);
  await until("offline", async () => /^offline: lost since/.test(await page.locator("#device-state").innerText()));
  assert.ok(await page.getByRole("button", { name: "Automatic" }).isDisabled());
  device.state("online");
  await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
  await close(page);
});

test("no broker is told, and a broker that comes back is found again (mosquitto)", async () => {
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
  await broker.stop();
  await until("the loss is told", async () => (await page.locator("#link").innerText()) === "no broker" && (await page.locator("#notice").innerText()).startsWith("no broker"));
  broker = await startMosquitto([], ports);
  await until("connected again", async () => (await page.locator("#link").innerText()) === "connected");
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
  await until("refused", async () => /user and a password/.test(await page.locator("#login-note").innerText()));
  await login(page, broker.url, "op", "right-secret");
  await until("connected", async () => (await page.locator("#link").innerText()) === "connected");
  await until("no device is told", () => page.locator("#no-device").isVisible());
  const kept = await page.evaluate(async () => [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, document.getElementById("password").value, location.href, (await indexedDB.databases()).length]);
  assert.deepEqual(kept, ["{}", "{}", "", "", site.url + "#manual", 0]);
  await close(page);
  await broker.stop();
});

test("the page may not reach beyond the device that served it", async () => {
  const page = await openPage(browser, service.url);
  await page.getByRole("button", { name: "Disconnect" }).click();
  await login(page, "ws://127.0.0.1:9/");
  await until("the policy is explained", async () => /only that device's own broker/.test(await page.locator("#login-note").innerText()));
  await page.context().close();
});

test("the page's heap stays flat under preview and clicks", { timeout: 45 * 60_000 }, async () => {
  const minutes = Number(process.env.EDGESEG_CONSOLE_HEAP_MINUTES ?? 0.5);
  const page = await onFake();
  const debug = await page.context().newCDPSession(page);
  const heap = async () => {
    await debug.send("HeapProfiler.collectGarbage");
    return (await debug.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  // lists that are bounded fill up first: results, telemetry, frames
  for (let i = 0; i < 14; i++) {
    await clickAt(page, 225, 150 - i);
    await held(page);
  }
  await page.getByRole("button", { name: "Back to live" }).click();
  await page.waitForTimeout(5_000);
  const figures = [await heap()];
  for (const end = Date.now() + minutes * 60_000; Date.now() < end;) {
    await page.waitForTimeout(Math.min(10_000, minutes * 15_000));
    figures.push(await heap());
  }
  console.log(`heap over ${minutes} min of preview, MB: ${figures.map((f) => f.toFixed(1)).join(" ")}`);
  assert.ok(figures.at(-1) < figures[0] + 3, `from ${figures[0].toFixed(1)} to ${figures.at(-1).toFixed(1)} MB`);
  await close(page);
});
