// When a broker counts as silent, by a clock of the test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { source } from "./sources.mjs";

const { answerMs, boundMs, lookMs, probeMs, Silence } = await source("silence");

/** Looks every `lookMs` from `first` on; returns when it was silent for the first time, null: not until `end`. */
function firstSilent({ first, end, answer = null, deaf = () => false }) {
    let [asked, now] = [null, 0];
    const silence = new Silence(() => (asked = now));
    silence.heard(0);
    for (now = first; now <= end; now += lookMs) {
        if (deaf(now)) continue;
        if (asked !== null && answer !== null && now - asked >= answer) {
            silence.heard(asked + answer);
            asked = null;
        }
        if (silence.isSilent(now)) return now;
    }
    return null;
}

test("a broker that hangs counts as silent within two seconds, whenever the looks fall", () => {
    const times = [...Array(lookMs).keys()].map((first) => firstSilent({ first, end: 10_000 }));
    assert.ok(Math.max(...times) <= boundMs, `silent after ${Math.max(...times)} ms`);
    assert.ok(boundMs <= 2_000);
    assert.ok(probeMs + answerMs + 2 * lookMs <= boundMs, "in the worst case too");
});

test("a link on which the answer takes a second gives no false alarm", () => {
    for (let first = 0; first < lookMs; first++) assert.equal(firstSilent({ first, end: 60_000, answer: 1_000 }), null);
});

test("a page that could not look for a while asks first, and waits for the answer", () => {
    const at = firstSilent({ first: 50, end: 10_000, deaf: (now) => now < 5_000 });
    assert.ok(at >= 5_000 + answerMs, `silent at ${at} ms`);
    assert.equal(firstSilent({ first: 50, end: 10_000, answer: 300, deaf: (now) => now < 5_000 }), null);
});
