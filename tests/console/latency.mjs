// How long it takes from a click to its mask on the screen, beside the model's own time: `npm run latency`. The first argument is the number of clicks.
import { launch, startEdgeseg, until } from "./harness.mjs";
import { ball, knownObject } from "./known.mjs";
import { attribute, clickAt, openPage } from "./page.mjs";

const clicks = Number(process.argv[2] ?? 60);
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
const row = (name, list) => console.log(`| ${name} | ${at(list, 0.5).toFixed(0)} | ${at(list, 0.95).toFixed(0)} |`);

const browser = await launch();
const known = await knownObject(browser);
const service = await startEdgeseg(`[[camera]]\nid = "replay"\nuri = "images:${known.folder}"\nloop = true\nfps = 2\n`);
try {
  const page = await openPage(browser, service.url);
  await page.locator("#picture").waitFor();
  const fact = async (name) => parseFloat(await page.locator("#current .figures div", { hasText: name }).locator("dd").innerText());
  const [trips, model] = [[], []];
  for (let i = 0; i < clicks; i++) {
    const before = await attribute(page, "data-frame");
    await until("a new frame", async () => (await attribute(page, "data-frame")) !== before);
    await clickAt(page, ball.x - 40 + (i % 9) * 10, ball.y - 30 + (i % 7) * 10);
    await until("its mask", async () => (await page.locator("#current h3").innerText()).startsWith("Click") && (await attribute(page, "data-mask")) !== "");
    trips.push(await fact("Round trip"));
    model.push(await fact("Model time"));
    await page.keyboard.press("Escape");
  }
  console.log(`${clicks} clicks, each on a new frame\n\n| ms | median | p95 |\n|---|---|---|`);
  row("click to mask on the screen", trips);
  row("of which the model", model);
} finally {
  await browser.close();
  await service.stop();
  known.remove();
}
