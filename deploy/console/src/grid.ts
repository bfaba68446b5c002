// All cameras of a device side by side, each with its live picture and the mask of that frame; a tile opens its camera.
import { byId, el, reconcile, setText } from "./dom";
import type { Device } from "./fleet";
import { bitmapOf, Frames, type Pair, type Shot } from "./frames";
import { LatestOnly } from "./latest";
import { decode, paint } from "./rle";
import { isWhole, type Mask } from "./wire";

const box = byId("grid", HTMLElement);
const note = byId("grid-note", HTMLElement);
const title = byId("grid-title", HTMLElement);

/** Pictures that are asked for and drawn at once, at most. */
export const maxTiles = 16;
const tileWidth = 400;
const staleMs = 6_000;

/** What is asked of each camera: small and slow, since all of them come at once. */
export const tilePreview = { max_fps: 2, width: tileWidth, quality: 60 };

class Tile {
  readonly canvas = el("canvas", { width: 4, height: 3, "aria-hidden": "true" });
  readonly words = el("span", { class: "muted" });
  private pictureAt = -Infinity;
  private readonly decoding = new LatestOnly<Pair>((pair) => this.draw(pair));
  private readonly frames = new Frames((pair) => this.decoding.push(pair));

  onPicture(shot: Shot): void {
    this.pictureAt = shot.at;
    this.frames.addShot(shot);
  }

  onMask(mask: Mask): void {
    this.frames.addMask(mask);
  }

  /** How long ago the last picture came, in ms. */
  get ageMs(): number {
    return performance.now() - this.pictureAt;
  }

  private async draw({ shot, masks }: Pair): Promise<void> {
    const bitmap = await bitmapOf(shot);
    if (!bitmap) return;
    const { canvas } = this;
    const scale = Math.min(1, tileWidth / shot.width);
    const [width, height] = [Math.round(shot.width * scale), Math.round(shot.height * scale)];
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d")!;
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    for (const m of masks) {
      const pixels = isWhole(m) ? decode(m.counts, m.width, m.height) : null;
      if (pixels) context.drawImage(paint(pixels, m.width, m.height, 2 / scale), 0, 0, width, height);
    }
    canvas.dataset["frame"] = shot.frame;
  }
}

export class Grid {
  private tiles = new Map<string, Tile>();

  constructor(private readonly open: (camera: string) => void) {}

  clear(): void {
    this.tiles.clear();
    box.replaceChildren();
  }

  onPicture(camera: string, shot: Shot): void {
    this.tiles.get(camera)?.onPicture(shot);
  }

  onMask(camera: string, mask: Mask): void {
    this.tiles.get(camera)?.onMask(mask);
  }

  /** The cameras whose pictures are shown. */
  static cameras(d: Device): string[] {
    return (d.info?.cameras ?? []).slice(0, maxTiles).map((c) => c.id);
  }

  show(d: Device, live: boolean): void {
    const all = d.info?.cameras.length ?? 0;
    setText(title, `All cameras of ${d.id}`);
    setText(note, all > maxTiles ? `The first ${maxTiles} of ${all} cameras.` : "");
    reconcile(
      box,
      Grid.cameras(d),
      (id) => id,
      (id) => {
        const tile = new Tile();
        this.tiles.set(id, tile);
        return el(
          "li",
          {},
          el(
            "button",
            { type: "button", class: "tile", "data-camera": id, click: () => this.open(id) },
            tile.canvas,
            el("b", {}, id),
            tile.words,
          ),
        );
      },
      (row, id) => {
        const tile = this.tiles.get(id)!;
        const state = d.cameras.get(id)?.state ?? "not known";
        const stale = !live || tile.ageMs > staleMs;
        setText(tile.words, !live ? `last known: ${state}` : stale ? `${state}, no picture` : state);
        row.firstElementChild!.classList.toggle("dim", stale);
      },
    );
    for (const id of this.tiles.keys()) if (!Grid.cameras(d).includes(id)) this.tiles.delete(id);
  }
}
