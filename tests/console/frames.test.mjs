// Which pictures are shown, by a clock that the test moves: every one that comes is shown, or replaced by a newer one that then is.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { source } from "./sources.mjs";

let Frames, LatestOnly, maskWaitMs;

before(async () => {
    ({ Frames, maskWaitMs } = await source("frames"));
    ({ LatestOnly } = await source("latest"));
});

/** Time that passes only when the test says so. */
class Clock {
    at = 0;
    calls = [];
    now = () => this.at;
    after = (ms, call) => {
        const entry = { at: this.at + ms, call };
        this.calls.push(entry);
        return () => this.calls.splice(this.calls.indexOf(entry), 1);
    };
    pass(ms) {
        for (const end = this.at + ms; ; ) {
            const due = this.calls.filter((c) => c.at <= end).sort((a, b) => a.at - b.at)[0];
            this.at = due ? due.at : end;
            if (!due) return;
            this.calls.splice(this.calls.indexOf(due), 1);
            due.call();
        }
    }
}

function begin() {
    const clock = new Clock();
    const shown = [];
    const frames = new Frames((pair) => shown.push([pair.shot.frame, pair.masks.length, clock.at]), clock);
    const shot = (n) =>
        frames.addShot({ frame: `s-cam-${n}`, width: 4, height: 4, capturedUtc: "", jpeg: new Uint8Array(1), at: clock.at });
    const mask = (n) => frames.addMask({ frame: `s-cam-${n}`, track: "", found: true, counts: null });
    return { clock, shown, frames, shot, mask };
}

test("five pictures a second with a mask now and then: none waits longer than its time, whatever comes after it", () => {
    const { clock, shown, shot, mask } = begin();
    const came = new Map();
    for (let n = 0; n < 75; n++) {
        came.set(`s-cam-${n}`, clock.at);
        shot(n);
        clock.pass(60);
        if (n % 10 === 0) mask(n);
        clock.pass(140);
    }
    clock.pass(1000);
    assert.equal(shown.at(-1)[0], "s-cam-74", "the last picture is shown");
    for (const [frame, at] of came) {
        const next = shown.find(([f]) => Number(f.split("-")[2]) >= Number(frame.split("-")[2]));
        assert.ok(next[2] - at <= maskWaitMs, `${frame} came at ${at} and was neither shown nor replaced before ${next[2]}`);
    }
    assert.ok(shown.length >= 15_000 / (maskWaitMs + 200), `${shown.length} pictures in 15 s`);
});

test("without masks each picture is shown when it comes", () => {
    const { clock, shown, shot } = begin();
    for (let n = 0; n < 20; n++) {
        shot(n);
        assert.equal(shown.at(-1)[0], `s-cam-${n}`);
        clock.pass(200);
    }
});

test("a picture whose mask comes soon is shown once, with it", () => {
    const { clock, shown, shot, mask } = begin();
    shot(1);
    mask(1);
    for (let n = 2; n < 20; n++) {
        clock.pass(150);
        shot(n);
        clock.pass(50);
        mask(n);
    }
    const later = shown.filter(([f]) => f !== "s-cam-1");
    assert.deepEqual(
        later.map(([, masks]) => masks),
        Array(18).fill(1),
        "none was shown without its mask",
    );
});

test("after a change of the camera the first picture is shown at once, although masks came before", () => {
    const { shown, frames, shot, mask } = begin();
    shot(1);
    mask(1);
    frames.clear();
    shot(2);
    assert.equal(shown.at(-1)[0], "s-cam-2");
});

test("one job at a time: the one that was begun is finished, then the newest is done, the others never begin", async () => {
    const [begun, replaced, ends] = [[], [], []];
    const latest = new LatestOnly(
        (n) => {
            begun.push(n);
            return new Promise((end) => ends.push(end));
        },
        (n) => replaced.push(n),
    );
    [1, 2, 3, 4].forEach((n) => latest.push(n));
    assert.deepEqual([begun, replaced], [[1], [2, 3]]);
    ends.shift()();
    await new Promise(setImmediate);
    assert.deepEqual(begun, [1, 4]);
    ends.shift()();
    await new Promise(setImmediate);
    assert.equal(latest.busy, false);
    latest.push(5);
    assert.deepEqual(begun, [1, 4, 5]);
});

/**
 * A link of so many bytes a second; pictures of the levels have 40, 24, 14 and 10 kB. Returns how late the picture is at the end.
 */
function carry(pace, levels, bytesPerS, seconds, offsetMs) {
    const sizes = [40_000, 24_000, 14_000, 10_000];
    let [freeAt, behind, changes] = [0, 0, 0];
    for (let at = 0; at < seconds * 1000; ) {
        const level = levels.indexOf(pace.wanted);
        freeAt = Math.max(freeAt, at) + (1000 * sizes[level]) / bytesPerS;
        behind = freeAt - at;
        if (pace.note(at + offsetMs, freeAt)) changes++;
        at += 1000 / pace.wanted.max_fps;
    }
    return { behind, changes };
}

test("a way that carries less than it is asked for gets fewer and smaller pictures, so that they are not seconds behind", async () => {
    const { Pace, levels } = await source("pace");
    const slow = new Pace();
    // the device's clock is an hour ahead
    const { behind } = carry(slow, levels, 60_000, 60, 3_600_000);
    assert.ok(slow.wanted !== levels[0] && behind < 1_000, `${behind} ms behind with ${JSON.stringify(slow.wanted)}`);
    const fast = new Pace();
    assert.deepEqual([carry(fast, levels, 1e6, 60, -5_000).changes, fast.wanted], [0, levels[0]]);
    // the way is good again
    carry(slow, levels, 1e6, 400, 3_600_000);
    assert.equal(slow.wanted, levels[0]);
});

test("a device's clock that is set back by seconds is no delay for ever, and a way that carries too little stays one", async () => {
    const { Pace, levels } = await source("pace");
    const pace = new Pace();
    carry(pace, levels, 1e6, 60, 0);
    // pictures go on at the same time, as if five seconds late
    carry(pace, levels, 1e6, 20, -5_000);
    assert.equal(pace.wanted, levels[3]);
    carry(pace, levels, 1e6, 1_000, -5_000);
    assert.equal(pace.wanted, levels[0]);
    const narrow = new Pace();
    carry(narrow, levels, 5_000, 1_000, 0);
    assert.equal(narrow.wanted, levels[3]);
});

test("messages that take something away make no device, and leave its place to others", async () => {
    const { Fleet } = await source("fleet");
    const fleet = new Fleet();
    const [nothing, online] = ["", '{"v":1,"session":"s","state":"online"}'].map((t) => new TextEncoder().encode(t));
    for (let n = 0; n < 1_000; n++) assert.equal(fleet.receive(`gone-${n}`, ["alert", "throttled"], nothing), null);
    fleet.receiveStatus("robot", online);
    assert.deepEqual(
        fleet.all.map((d) => d.id),
        ["robot"],
    );
    assert.equal(fleet.receive("robot", ["model", "state"], nothing), fleet.find("robot"));
});
