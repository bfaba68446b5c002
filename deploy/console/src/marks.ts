// What is drawn over a picture besides masks: boxes, points on and off the object, the keyboard's cross. Sizes are in pixels of the screen.
import type { Edges, Point } from "./wire";

export const colours = { request: "#ffb454", auto: "#ffffff", off: "#ff6b61", ring: "#0b0f14" };

/** Draws on a context whose pixels are those of the frame, `scale` of them to one of the screen. */
export class Marks {
  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly scale: number,
  ) {}

  outline([l, t, r, b]: Edges, colour: string, dashed = false): void {
    const { context, scale: s } = this;
    context.setLineDash(dashed ? [6 * s, 4 * s] : []);
    this.twice(4, 2, colour, () => context.strokeRect(l, t, r - l, b - t));
    context.setLineDash([]);
  }

  dot([x, y]: Point, colour: string): void {
    const { context, scale: s } = this;
    context.beginPath();
    context.arc(x, y, 5 * s, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = 2 * s;
    context.strokeStyle = colours.ring;
    context.stroke();
  }

  /** A point off the object: another shape too, not only another colour. */
  off([x, y]: Point): void {
    const s = this.scale;
    this.dot([x, y], colours.off);
    // drawn as the dot's ring was
    this.line([x - 3 * s, y], [x + 3 * s, y]);
  }

  cross([x, y]: Point): void {
    const s = this.scale;
    this.twice(4, 1.5, colours.request, () => {
      this.line([x - 14 * s, y], [x + 14 * s, y]);
      this.line([x, y - 14 * s], [x, y + 14 * s]);
    });
  }

  private line(from: Point, to: Point): void {
    this.context.beginPath();
    this.context.moveTo(...from);
    this.context.lineTo(...to);
    this.context.stroke();
  }

  /** Dark and wide, then in its colour: seen on any picture. */
  private twice(wide: number, narrow: number, colour: string, stroke: () => void): void {
    for (const [width, of] of [
      [wide, colours.ring],
      [narrow, colour],
    ] as const) {
      this.context.lineWidth = width * this.scale;
      this.context.strokeStyle = of;
      stroke();
    }
  }
}
