// The time from a click to its mask on the screen, beside the model's own time:
// `npm run latency -- [clicks [pictures a second [mosquitto]]]`.
// Each click has one try: one that is refused or not answered ends the run.
import { launch, servePage, startEdgeseg, startMosquitto, until } from "./harness.mjs";
import { ball, knownObject } from "./known.mjs";
import { attribute, clickAt, login, openPage } from "./page.mjs";

const clicks = Number(process.argv[2] ?? 60);
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.floor(share * (list.length - 1))];
const row = (name, list) => console.log(`| ${name} | ${at(list, 0.5).toFixed(0)} | ${at(list, 0.95).toFixed(0)} |`);

const browser = await launch();
const known = await knownObject(browser);
const fps = Number(process.argv[3] ?? 2);
const broker = process.argv[4] === "mosquitto" ? await startMosquitto() : undefined;
const site = broker && (await servePage());
const service = await startEdgeseg(`[[camera]]\nid = "replay"\nuri = "images:${known.folder}"\nloop = true\nfps = ${fps}\n`, {
    mosquitto: broker?.port,
});
try {
    const page = await openPage(browser, site?.url ?? service.url);
    if (broker) await login(page, broker.url);
    await page.locator("#picture").waitFor();
    const fact = async (name) => parseFloat(await page.locator("#current .figures div", { hasText: name }).locator("dd").innerText());
    const [trips, model] = [[], []];
    for (let i = 0; i < clicks; i++) {
        const before = await attribute(page, "data-frame");
        await until("a new frame", async () => (await attribute(page, "data-frame")) !== before);
        await clickAt(page, ball.x - 40 + (i % 9) * 10, ball.y - 30 + (i % 7) * 10);
        await until(
            "its mask",
            async () => (await page.locator("#current h3").innerText()).startsWith("Click") && (await attribute(page, "data-mask")) !== "",
        );
        trips.push(await fact("Round trip"));
        model.push(await fact("Model time"));
        await page.keyboard.press("Escape");
    }
    console.log(`${clicks} clicks, each on a new frame of ${fps} a second, ${broker ? "mosquitto" : "embedded broker"}`);
    console.log("\n| ms | median | p95 |\n|---|---|---|");
    row("click to mask on the screen", trips);
    row("of which the model", model);
} finally {
    await browser.close();
    await service.stop();
    await broker?.stop();
    await site?.stop();
    known.remove();
}
