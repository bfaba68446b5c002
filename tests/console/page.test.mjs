// The page shows what a device publishes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeDevice } from "./device.mjs";
import { until } from "./harness.mjs";
import { chip, clickAt, close, live, notice, settles, shows } from "./page.mjs";
import { useFakeDevice } from "./setup.mjs";

const setup = useFakeDevice();

test("lists the devices; shows state, model, provider, alerts and telemetry of the selected one", async () => {
    setup.device.alert("throttled", "the processor is throttled", "give it a fan", true);
    const page = await setup.open();
    await until("both devices", async () => (await page.locator("#devices li").count()) === 2);
    await shows(page.locator("#device-state"), "online");
    await shows(page.locator("#device-info"), /squeezesam 0 int8 · cpu · front streaming/);
    await shows(page.locator("#alerts"), /throttled the processor is throttled\s+give it a fan/);
    setup.device.retained("alert/throttled", "");
    await until("no alert", () => page.locator("#alerts").isHidden());
    await page.locator("#plots svg").first().waitFor();
    const plots = await page.locator("#plots svg").evaluateAll((all) => all.map((p) => p.getAttribute("aria-label")));
    const wanted = [
        /^Latency, end to end, last: p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms/,
        /^Frames a second, last: camera [\d.]+, masks/,
        /^Dropped frames by cause, last: inference busy \d/,
        /^Memory, last: resident \d+ MB/,
        /^Temperature, last: hottest 51.5 °C/,
    ];
    wanted.forEach((w, i) => assert.match(plots[i], w));
    await page.locator("#stage").selectOption("saliency");
    assert.match(await page.locator("#plots svg").first().getAttribute("aria-label"), /^Latency, saliency, last: p50/);
    await close(page);
});

test("a model update is shown with its progress and with the reason of a refusal", async () => {
    const page = await setup.open();
    const model = page.locator("#model");
    await until("the bytes", async () => /Update\s+downloading\s+To\s+squeezesam 2\s+3.1 of 9.4 MB, 32 %/.test(await model.innerText()));
    assert.deepEqual(await model.locator("progress").evaluate((p) => [p.value, p.max]), [3_100_000, 9_400_000]);
    setup.device.model("canary", {
        bytes: 9_400_000,
        bytes_total: 9_400_000,
        later: [1],
    });
    await until("the trial", async () => /trying the new model out/.test(await model.innerText()));
    await settles(() => model.locator("progress").getAttribute("aria-label"), "Update: canary");
    setup.device.model("refused", {
        reason: "bad_signature",
        text: "no trusted key signed it",
    });
    await until("the reason", async () => /refused[\s\S]*bad signature: no trusted key signed it/.test(await model.innerText()));
    await settles(() => model.locator("progress").count(), 0);
    setup.device.retained("model/state", { v: 1, state: "active" });
    await until("fields may be missing", async () => /the new model is in use/.test(await model.innerText()));
    setup.device.model("downloading", { bytes: 3_100_000, bytes_total: 9_400_000 });
    await close(page);
});

test("a mask is drawn on the frame that it was made from and on no other, automatic ones with their five clicks", async () => {
    const page = await setup.open();
    await page.evaluate(() => {
        window.seen = [];
        new MutationObserver(() => {
            const { frame, mask } = document.getElementById("picture").dataset;
            window.seen.push([frame, mask]);
        }).observe(document.getElementById("picture"), {
            attributes: true,
            attributeFilter: ["data-frame", "data-mask"],
        });
    });
    await until("ten frames", async () => (await page.evaluate(() => window.seen.length)) > 20);
    const seen = await page.evaluate(() => window.seen);
    assert.ok(seen.some(([, mask]) => mask !== ""));
    for (const [frame, mask] of seen) assert.ok(mask === "" || mask === frame, `mask of ${mask} on ${frame}`);
    const numbers = seen.map(([frame]) => Number(frame.split("-").at(-1)));
    assert.deepEqual(
        numbers,
        [...numbers].sort((a, b) => a - b),
        "never back to an earlier frame",
    );
    await until("five white dots", () =>
        page.locator("#picture").evaluate(
            (c) =>
                c.dataset.mask !== "" &&
                [
                    [200, 130],
                    [240, 140],
                    [225, 160],
                    [180, 170],
                    [260, 180],
                ].every(([x, y]) => [...c.getContext("2d").getImageData(x, y, 1, 1).data].slice(0, 3).every((v) => v > 240)),
        ),
    );
    await close(page);
});

test("commands that the device does not offer are listed and disabled", async () => {
    const plain = new FakeDevice("plain", setup.service.port, {
        offered: ["click", "auto", "preview"],
    });
    const page = await setup.open({}, "plain");
    await until(
        "it is reported",
        async () => (await page.locator("#not-offered").innerText()) === "Not offered by this device: Everything, Snapshot, Follow.",
    );
    await settles(() => page.getByRole("button", { name: "Everything", exact: true }).isDisabled(), true);
    // "Automatic" wants a device that is online: its state is a message of its own
    await until("what it offers can be asked for", () => page.getByRole("button", { name: "Automatic", exact: true }).isEnabled());
    await settles(() => page.getByRole("button", { name: "Everything", exact: true }).isDisabled(), true);
    plain.retained("status", "");
    await until("a device out of service is gone", async () => (await page.locator('[data-device="plain"]').count()) === 0);
    await plain.stop();
    await close(page);
});

test("text from the network is never interpreted as HTML", async () => {
    const page = await setup.open();
    const evil = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>';
    setup.device.alert("evil", evil, evil);
    setup.device.state("degraded", [evil]);
    setup.device.model("refused", { reason: evil, text: evil, name: evil });
    await until("the alert", async () => (await page.locator("#alerts").innerText()).includes("<img"));
    await shows(page.locator("#device-state"), /degraded: <img/);
    await shows(page.locator("#model"), /<script>/);
    assert.equal(await page.evaluate(() => window.evil), undefined);
    assert.equal(await page.locator("main img, main script").count(), 0);
    setup.device.retained("alert/evil", "");
    await until("no alert", () => page.locator("#alerts").isHidden());
    setup.device.state("online");
    for (const junk of [
        "",
        "{",
        "[]",
        '{"v":2}',
        '{"v":1}',
        '{"v":1,"image":[1e9,1e9],"mask":{"counts":"oooo"}}',
        '{"v":1,"cameras":5,"bytes":"x"}',
    ])
        for (const topic of ["telemetry", "cam/front/mask", "cam/front/state", "model/state"]) setup.device.send(topic, junk);
    await setup.allHasCome(page);
    await live(page);
    setup.device.begin();
    await close(page);
});

test("a stale preview, a device that does not answer and a device that is offline are shown", async () => {
    const page = await setup.open();
    setup.device.paused = true;
    await until("stale", async () => /^Stale: no picture for \d+ s/.test(await chip(page)));
    setup.device.paused = false;
    await live(page);
    setup.device.mute = true;
    await clickAt(page, 225, 150);
    await until("no answer", async () => /no_answer The device did not answer/.test(await notice(page)), 40_000);
    setup.device.mute = false;
    // the will of an earlier session is ignored, however late it arrives
    setup.device.retained("status", {
        v: 1,
        device: "fake-1",
        session: "0123",
        state: "offline",
        reasons: ["lost"],
        since_utc: new Date().toISOString(),
        dropped: {},
    });
    // from the same client, so it arrives after the will
    setup.device.alert("after-will", "sent after the will", "none");
    await until("the alert", () => page.locator("#alerts").isVisible());
    assert.equal(await page.locator("#device-state").innerText(), "online");
    setup.device.retained("alert/after-will", "");
    setup.device.state("offline", ["lost"]);
    await until("offline", async () => /^offline: lost since/.test(await page.locator("#device-state").innerText()));
    await settles(() => page.getByRole("button", { name: "Automatic", exact: true }).isDisabled(), true);
    setup.device.state("online");
    await until("online", async () => (await page.locator("#device-state").innerText()) === "online");
    await close(page);
});
