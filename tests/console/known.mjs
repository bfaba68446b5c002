// A picture whose object is known to the pixel: a ball on a table, drawn here, so that a replay source can show it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ellipse } from "./masks.mjs";

const [width, height] = [640, 480];
export const ball = { x: 380, y: 250, r: 105 };

/** A folder of that one photograph, and the ball's mask. */
export async function knownObject(browser) {
    const page = await browser.newPage();
    const text = await page.evaluate(
        async ([w, h, { x, y, r }]) => {
            const canvas = new OffscreenCanvas(w, h);
            const c = canvas.getContext("2d");
            const fill = (gradient, ...stops) => {
                stops.forEach((s, i) => gradient.addColorStop(i / (stops.length - 1), s));
                c.fillStyle = gradient;
            };
            fill(c.createLinearGradient(0, 0, 0, h), "#39434d", "#515d66", "#2f3a33", "#27302a");
            c.fillRect(0, 0, w, h);
            for (let i = 0; i < 4000; i++) {
                // the same grain every time
                c.fillStyle = `rgba(${i % 2 ? "255,255,255" : "0,0,0"},.05)`;
                c.fillRect((i * 7919) % w, (i * 104729) % h, 3, 3);
            }
            fill(c.createRadialGradient(x - r / 3, y - r / 3, r / 8, x, y, r), "#fff1c9", "#f2a33a", "#b8621b");
            c.beginPath();
            c.arc(x, y, r, 0, 2 * Math.PI);
            c.fill();
            const bytes = new Uint8Array(
                await (
                    await canvas.convertToBlob({
                        type: "image/jpeg",
                        quality: 0.92,
                    })
                ).arrayBuffer(),
            );
            return btoa([...bytes].map((b) => String.fromCharCode(b)).join(""));
        },
        [width, height, ball],
    );
    await page.close();
    const folder = mkdtempSync(join(tmpdir(), "edgeseg-known-"));
    writeFileSync(join(folder, "ball.jpg"), Buffer.from(text, "base64"));
    return {
        folder,
        mask: ellipse(width, height, ball.x, ball.y, ball.r, ball.r),
        remove: () => rmSync(folder, { recursive: true }),
    };
}
