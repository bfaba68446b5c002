// COCO's compressed run lengths: columns from the left, each from the top; runs of background and object in turns.

/** The mask row by row, 1 on the object; null when the text is no mask of that size. */
export function decode(counts: string, width: number, height: number): Uint8Array | null {
  const mask = new Uint8Array(width * height);
  const total = width * height;
  let at = 0;
  let value = 0;
  const runs: number[] = [];
  for (let i = 0; i < counts.length; value ^= 1) {
    let run = 0;
    for (let shift = 0, more = true; more; shift += 5) {
      if (i >= counts.length || shift > 30) return null;
      const c = counts.charCodeAt(i++) - 48;
      if (c < 0 || c > 63) return null;
      run |= (c & 31) << shift;
      more = (c & 32) !== 0;
      if (!more && (c & 16) !== 0 && shift + 5 < 32) run |= -1 << (shift + 5);
    }
    // from the fourth on, a run is written as the difference from the one before the last
    if (runs.length > 2) run += runs[runs.length - 2]!;
    if (run < 0 || at + run > total) return null;
    runs.push(run);
    if (value === 1) {
      for (let p = at; p < at + run; p++) mask[(p % height) * width + Math.floor(p / height)] = 1;
    }
    at += run;
  }
  return at === total ? mask : null;
}

/** Red, green, blue. */
export type Tint = readonly [number, number, number];

/** Colours that stay apart however many there are: each turns the hue by the golden angle. */
export function tint(index: number): Tint {
  const hue = (164 + index * 137.508) % 360;
  const part = (n: number): number => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.62 - 0.34 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

/** A transparent picture of the mask: a veil over the object and a bright line around it, `line` pixels wide. */
export function paint(mask: Uint8Array, width: number, height: number, line: number, [r, g, b]: Tint = tint(0)): HTMLCanvasElement {
  const { canvas, context, image, pixels } = blank(width, height);
  const veil = rgba(r, g, b, 100);
  const edge = rgba(bright(r), bright(g), bright(b), 255);
  const reach = Math.max(1, Math.round(line));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (mask[i] === 0) continue;
      const inside =
        x >= reach &&
        y >= reach &&
        x < width - reach &&
        y < height - reach &&
        mask[i - reach] === 1 &&
        mask[i + reach] === 1 &&
        mask[i - reach * width] === 1 &&
        mask[i + reach * width] === 1;
      pixels[i] = inside ? veil : edge;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** The masks as a PNG on black: one of them white, many each in its own tint, later ones on top. */
export async function png(masks: readonly Uint8Array[], width: number, height: number): Promise<Blob> {
  const { canvas, context, image, pixels } = blank(width, height);
  pixels.fill(0xff000000);
  masks.forEach((mask, n) => {
    const colour = masks.length === 1 ? 0xffffffff : rgba(...tint(n), 255);
    for (let i = 0; i < pixels.length; i++) if (mask[i] === 1) pixels[i] = colour;
  });
  context.putImageData(image, 0, 0);
  return new Promise((done, fail) => canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no PNG"))), "image/png"));
}

function blank(
  width: number,
  height: number,
): { canvas: HTMLCanvasElement; context: CanvasRenderingContext2D; image: ImageData; pixels: Uint32Array } {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(width, height);
  return { canvas, context, image, pixels: new Uint32Array(image.data.buffer) };
}

const bright = (v: number): number => Math.min(255, Math.round(v * 0.8 + 72));

/** Little-endian, as every browser's canvas is. */
const rgba = (r: number, g: number, b: number, a: number): number => ((a << 24) | (b << 16) | (g << 8) | r) >>> 0;
