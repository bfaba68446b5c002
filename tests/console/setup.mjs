// The page and a simulated device on the broker of one edgeseg, for the tests of one file.
import { after, before, beforeEach } from "node:test";
import { FakeDevice } from "./device.mjs";
import { launch, replay, startEdgeseg, until } from "./harness.mjs";
import { openPage, shows } from "./page.mjs";

/** `options` are the device's. Starts browser, service and device before the tests of the calling file and stops them afterwards. */
export function useFakeDevice(options = {}) {
    const setup = {
        /** A page on which the device of that id is selected; forgets the commands received so far. */
        async open(options, id = "fake-1") {
            const page = await openPage(setup.browser, setup.service.url, options);
            await page.locator(`[data-device="${id}"]`).click();
            await page.locator("#picture").waitFor();
            setup.device.commands.length = 0;
            return page;
        },
        /** The first received command of that name whose body fits. */
        command: (name, fits = () => true) =>
            until(`the command ${name}`, () => setup.device.commands.find((c) => c.name === name && fits(c.body))),
        /** Gives a command, whose answer waits for `device.answerNow`. */
        async asked(give) {
            setup.device.waiting = [];
            await give();
            await until("the command", () => setup.device.waiting.length === 1);
        },
        /** Waits until all has come that the device has sent so far: what is published later arrives later. */
        async allHasCome(page) {
            setup.device.alert("after", "after all that", "none");
            await shows(page.locator("#alerts"), /after all that/);
            setup.device.retained("alert/after", "");
            await until("no alert", () => page.locator("#alerts").isHidden());
        },
    };
    before(async () => {
        setup.browser = await launch();
        setup.service = await startEdgeseg(replay());
        setup.device = new FakeDevice("fake-1", setup.service.port, options);
    });
    // a test that failed leaves nothing to the next one
    beforeEach(() => setup.device.reset());
    after(async () => {
        await setup.browser?.close();
        await setup.device?.stop();
        await setup.service?.stop();
    });
    return setup;
}
