// The console and the real service together, on the synthetic scene whose disc is known: on the embedded broker, and on mosquitto.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { decodeRle, discOf, downloadRle, iou, launch, login, mqtt, openPage, freePort, servePage, spot, startEdgeseg, startMosquitto, until } from "./harness.mjs";

const scene = `[[camera]]\nid = "scene"\nuri = "test:?w=640&h=480&fps=5"\n`;
let browser, site;

before(async () => {
  browser = await launch();
  site = await servePage();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/** What the service's `info` says that it obeys. */
async function understood(port) {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  const info = await new Promise((done) => {
    client.on("message", (_, payload) => done(JSON.parse(payload)));
    client.subscribe("edgeseg/v1/real/info");
  });
  client.end(true);
  return info.commands;
}

/** The disc's centre on the canvas; the masks that may be drawn on it leave red well above the background's. */
const centre = (page) => page.locator("#picture").evaluate((c) => {
  const { data } = c.getContext("2d").getImageData(0, 0, c.width, c.height);
  let [n, sx, sy] = [0, 0, 0];
  for (let i = 0; i < c.width * c.height; i++) if (data[4 * i] > 120 && data[4 * i] >= data[4 * i + 2]) { n++; sx += i % c.width; sy += Math.floor(i / c.width); }
  return n > 0 ? [sx / n, sy / n] : null;
});

async function picture(page) {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Picture" }).click();
  return (await coming).path();
}

async function checkResult(page) {
  const rle = await downloadRle(page);
  const [h, w] = rle.segmentation.size;
  const score = iou(decodeRle(rle.segmentation.counts, w, h), await discOf(page, await picture(page), w, h));
  assert.ok(score > 0.7, `IoU with the disc ${score}`);
  return score;
}

const results = (page, n) => until(`${n} results`, async () => (await page.locator("#results button").count()) >= n);
const fact = async (page, name) => parseFloat(await page.locator("#current .figures div", { hasText: name }).locator("dd").innerText());

async function clickDisc(page) {
  const at = await until("the disc is in the picture", () => centre(page));
  await page.mouse.click(...(await spot(page, ...at)));
}

async function clicksAndBoxes(page, t) {
  await page.locator("#picture").waitFor();
  await clickDisc(page);
  await results(page, 1);
  t.diagnostic(`click: IoU ${(await checkResult(page)).toFixed(3)}`);
  await page.getByRole("button", { name: "Back to live" }).click();
  const [x, y] = await until("the disc", () => centre(page));
  const [from, to] = [await spot(page, Math.max(1, x - 110), Math.max(1, y - 110)), await spot(page, Math.min(638, x + 110), Math.min(478, y + 110))];
  await page.mouse.move(...from);
  await page.mouse.down();
  await page.mouse.move(...to, { steps: 3 });
  await page.mouse.up();
  await results(page, 2);
  t.diagnostic(`box: IoU ${(await checkResult(page)).toFixed(3)}`);
  await page.getByRole("button", { name: "Everything" }).click();
  await until("the refusal", async () => (await page.locator("#notice").innerText()).startsWith("unsupported_prompt"));
  await page.getByRole("button", { name: "Back to live" }).click();
}

test("the service is listed, with its cameras, telemetry and masks", async () => {
  const service = await startEdgeseg(scene);
  const page = await openPage(browser, service.url);
  await page.locator('[data-device="real"]').waitFor();
  await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
  await until("the facts", async () => /squeezesam .* · scene streaming/.test(await page.locator("#device-facts").innerText()));
  await until("telemetry", async () => /^Latency, end to end, last: p50 \d/.test((await page.locator("#plots svg").first().getAttribute("aria-label")) ?? ""));
  await until("a mask's figures", async () => /Automatic mask[\s\S]*Score\s+0\.\d+/.test(await page.locator("#current").innerText()));
  assert.deepEqual(page.faults, []);
  await page.context().close();
  await service.stop();
});

test("click and box on the known object, a refusal, and how long a click takes", async (t) => {
  const service = await startEdgeseg(scene);
  try {
    if (!(await understood(service.port)).includes("click")) return t.skip("this edgeseg obeys no commands");
    const page = await openPage(browser, service.url);
    await clicksAndBoxes(page, t);
    const [trips, model] = [[], []];
    for (let i = 0; i < 40; i++) {
      const before = await page.locator("#picture").getAttribute("data-frame");
      await until("a new frame", async () => (await page.locator("#picture").getAttribute("data-frame")) !== before);
      await clickDisc(page);
      await until("its result", async () => (await page.locator("#current h3").innerText()).startsWith("Click") && (await page.locator("#picture").getAttribute("data-mask")) !== "");
      trips.push(await fact(page, "Round trip"));
      model.push(await fact(page, "Model time"));
      await page.keyboard.press("Escape");
    }
    const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
    t.diagnostic(`click to mask on screen: median ${at(trips, 0.5)} ms, p95 ${at(trips, 0.95)} ms; the model itself: median ${at(model, 0.5)} ms, p95 ${at(model, 0.95)} ms`);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  } finally {
    await service.stop();
  }
});

test("a service that is started anew is found again", async () => {
  const ports = { port: await freePort(), consolePort: await freePort() };
  let service = await startEdgeseg(scene, ports);
  const page = await openPage(browser, service.url);
  await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
  await service.stop();
  await until("the loss is told", async () => (await page.locator("#link").innerText()) === "no broker");
  service = await startEdgeseg(scene, ports);
  await until("online again", async () => (await page.locator("#link").innerText()) === "connected" && (await page.locator("#device-state").innerText()) === "online");
  await until("a mask's figures", async () => /Automatic mask/.test(await page.locator("#current").innerText()));
  await page.context().close();
  await service.stop();
});

test("the same over mosquitto, the page served from elsewhere", async (t) => {
  const broker = await startMosquitto();
  const service = await startEdgeseg(scene, { mosquitto: broker.port });
  try {
    const page = await openPage(browser, site.url + "#manual");
    await login(page, broker.url);
    await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
    await until("a mask's figures", async () => /Automatic mask/.test(await page.locator("#current").innerText()));
    if ((await understood(broker.port)).includes("click")) await clicksAndBoxes(page, t);
    else t.diagnostic("this edgeseg obeys no commands: only what it says by itself was looked at");
    assert.deepEqual(page.faults, []);
    await page.context().close();
  } finally {
    await service.stop();
    await broker.stop();
  }
});
