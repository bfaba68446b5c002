// Masks as devices send them: written and read a second time, apart from the page's own code, and compared.
import { readFileSync } from "node:fs";

export function encodeRle(mask, width, height) {
    const runs = [];
    let value = 0;
    let run = 0;
    for (let x = 0; x < width; x++) {
        for (let y = 0; y < height; y++) {
            if (mask[y * width + x] === value) {
                run++;
                continue;
            }
            runs.push(run);
            value ^= 1;
            run = 1;
        }
    }
    runs.push(run);
    let text = "";
    runs.forEach((r, i) => {
        let v = i > 2 ? r - runs[i - 2] : r;
        for (let more = true; more; ) {
            let c = v & 31;
            v >>= 5;
            more = (c & 16) !== 0 ? v !== -1 : v !== 0;
            if (more) c |= 32;
            text += String.fromCharCode(c + 48);
        }
    });
    return text;
}

/** Of a picture, the pixels whose red is above a bound, at the size asked for. */
async function brighter(page, file, type, width, height, bound) {
    const text = readFileSync(file).toString("base64");
    const found = await page.evaluate(
        async ([base64, type, w, h, bound]) => {
            const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type }));
            const canvas = new OffscreenCanvas(w, h);
            const context = canvas.getContext("2d");
            context.drawImage(bitmap, 0, 0, w, h);
            const { data } = context.getImageData(0, 0, w, h);
            return [...Array(w * h).keys()].map((i) => (data[4 * i] > bound ? "1" : "0")).join("");
        },
        [text, type, width, height, bound],
    );
    return Uint8Array.from(found, Number);
}

/** The disc of the synthetic scene, whose background is never so red. */
export const discOf = (page, jpegFile, width, height) => brighter(page, jpegFile, "image/jpeg", width, height, 150);

export const maskOfPng = (page, pngFile, width, height) => brighter(page, pngFile, "image/png", width, height, 128);

/** A second implementation of the decoder, by runs of whole columns. */
export function decodeRle(counts, width, height) {
    const mask = new Uint8Array(width * height);
    const runs = [];
    for (let i = 0; i < counts.length; ) {
        let v = 0n;
        let shift = 0n;
        let c;
        do {
            c = BigInt(counts.charCodeAt(i++) - 48);
            v |= (c & 31n) << shift;
            shift += 5n;
        } while (c & 32n);
        if (c & 16n) v -= 1n << shift;
        runs.push(Number(v) + (runs.length > 2 ? runs[runs.length - 2] : 0));
    }
    let at = 0;
    runs.forEach((run, i) => {
        for (let n = 0; n < run; n++, at++) if (i % 2 === 1) mask[(at % height) * width + Math.floor(at / height)] = 1;
    });
    return mask;
}

export function ellipse(width, height, cx, cy, rx, ry) {
    const mask = new Uint8Array(width * height);
    for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) if (((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1) mask[y * width + x] = 1;
    return mask;
}

export function iou(a, b) {
    let both = 0;
    let any = 0;
    for (let i = 0; i < a.length; i++) {
        if (a[i] && b[i]) both++;
        if (a[i] || b[i]) any++;
    }
    return any === 0 ? 1 : both / any;
}
