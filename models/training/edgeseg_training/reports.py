"""What a run shows: a progress line, a log of JSON lines, a picture of the curves, sheets of overlays."""
import json
import pathlib
import sys

import cv2
import numpy as np
import torch

from . import sampling, segment
from .prompts import BOX_FIRST, CLICK, NEGATIVE

SHOWN = ("loss", "click.picked", "box.picked", "saliency")  # in the progress line
CURVES = ("picked", "best", "saliency", "empty", "loss")
COLOURS = [(200, 80, 0), (0, 140, 0), (0, 0, 200), (150, 0, 150), (90, 90, 90), (0, 140, 220)]


class Means:
    """Figures since the last call of `take`, a mean for each name. Adding does not wait for a GPU."""

    def __init__(self):
        self.sums, self.counts = {}, {}

    def add(self, name: str, values: torch.Tensor, chosen: torch.Tensor | None = None):
        """Takes in the values of a tensor, those that are `chosen` (bool) if it is given."""
        count = torch.ones_like(values) if chosen is None else chosen.to(values.dtype)
        self.sums[name] = self.sums.get(name, 0.0) + (values * count).sum()
        self.counts[name] = self.counts.get(name, 0.0) + count.sum()

    def take(self) -> dict[str, float]:
        """The means, and a new start."""
        means = {name: round(float(self.sums[name]) / float(count), 5) for name, count in self.counts.items() if float(count) > 0}
        self.sums, self.counts = {}, {}
        return means


def figures(means: Means, loss, parts: dict, kind: torch.Tensor):
    """Adds a batch's figures: picked and best IoU by kind of sample, saliency IoU, empty share."""
    means.add("loss", loss.detach().view(1))
    for index, name in enumerate(sampling.KINDS):
        here = kind == index
        if index < sampling.SALIENCY:
            means.add(f"{name}.picked", parts["picked"], here)
            means.add(f"{name}.best", parts["best"], here)
        elif index == sampling.SALIENCY:
            means.add("saliency", parts["saliency"], here)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, as short as they come."""
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class Progress:
    """One line that is written over on a terminal, and a new line now and then elsewhere."""

    def __init__(self, every: float = 20.0):
        self.last, self.every, self.is_terminal = -1e9, every, sys.stderr.isatty()

    def show(self, now: float, share: float, rate: float, left: float, means: dict):
        """`now` and `left` in seconds, `rate` in samples a second."""
        # often at first, so that the speed is known soon
        if now - self.last < (0.5 if self.is_terminal else min(self.every, max(2.0, now / 2))):
            return
        self.last = now
        bar = ("#" * int(share * 20)).ljust(20, ".")
        text = " ".join(f"{name} {value:.3f}" for name, value in means.items() if name in SHOWN)
        line = f"[{bar}] {share * 100:5.1f} %  {rate:.1f} samples/s  {duration(left)} left  {text}"
        print(("\r\x1b[K" if self.is_terminal else "") + line, end="" if self.is_terminal else "\n", file=sys.stderr, flush=True)

    def end(self):
        """Leaves the line."""
        if self.is_terminal:
            print(file=sys.stderr)


class Log:
    """JSON lines: one object an entry. An entry after the point that a run is resumed from is taken away."""

    def __init__(self, path: pathlib.Path, samples: int):
        self.path = path
        kept = [entry for entry in read_log(path) if entry.get("samples", 0) <= samples] if samples else []
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in kept)

    def add(self, **entry):
        """Appends an entry."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


def read_log(path: pathlib.Path) -> list[dict]:
    """A log's entries; a last line that was cut short is left out."""
    entries = []
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
    return entries


def draw_curves(entries: list[dict], path: pathlib.Path, width: int = 900, height: int = 420):
    """Writes a PNG: loss (its own scale) and IoU figures (0..1) against samples; validation as thick lines."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for entry in entries:
        kind = entry.get("kind")
        for name, value in entry.items():
            if kind in ("train", "validation") and isinstance(value, float) and name.split(".")[-1] in (*CURVES, "picked"):
                lines.setdefault(f"{kind} {name}", []).append((entry["samples"], value))
    canvas = np.full((height, width, 3), 255, np.uint8)
    left, right, top, bottom = 50, width - 230, 15, height - 30
    most = max((x for points in lines.values() for x, _ in points), default=1) or 1
    for step in range(11):
        y = int(bottom - (bottom - top) * step / 10)
        cv2.line(canvas, (left, y), (right, y), (225, 225, 225), 1)
        cv2.putText(canvas, f"{step / 10:.1f}", (10, y + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    cv2.putText(canvas, f"{most:,.0f} samples", (right - 120, height - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    for index, (name, points) in enumerate(sorted(lines.items())):
        scale = max(value for _, value in points) if name.endswith("loss") else 1.0
        colour = COLOURS[index % len(COLOURS)]
        thick = 2 if name.startswith("validation") else 1
        where = [(left + (right - left) * x / most, bottom - (bottom - top) * value / max(scale, 1e-9)) for x, value in points]
        cv2.polylines(canvas, [np.round(where).astype(np.int32).reshape(-1, 1, 2)], False, colour, thick, cv2.LINE_AA)
        label = name + (f" (top {scale:.2f})" if name.endswith("loss") else f" {points[-1][1]:.3f}")
        cv2.putText(canvas, label, (right + 10, 20 + 16 * index), cv2.FONT_HERSHEY_SIMPLEX, 0.38, colour, 1, cv2.LINE_AA)
    cv2.imwrite(str(path), canvas)


def overlay(image: np.ndarray, points: np.ndarray, mask: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mask in colour, the target's outline in white, clicks green, negative clicks red, a box yellow."""
    size = image.shape[0]
    shown = image.copy()
    large = cv2.resize(mask.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0
    shown[large] = (shown[large] * 0.45 + np.array([200, 90, 20]) * 0.55).astype(np.uint8)
    covered = ((target >= sampling.FULL // 2) & (target != sampling.UNKNOWN)).astype(np.uint8)
    wanted = cv2.resize(covered, (size, size), interpolation=cv2.INTER_NEAREST)
    outlines = cv2.findContours(wanted, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[-2]
    cv2.drawContours(shown, outlines, -1, (255, 255, 255), 1)
    for x, y, label in points:
        place = int(x * size), int(y * size)
        if label in (CLICK, NEGATIVE):
            cv2.circle(shown, place, 3, (0, 220, 0) if label == CLICK else (0, 0, 230), -1)
        elif label == BOX_FIRST:
            last = points[1]
            cv2.rectangle(shown, place, (int(last[0] * size), int(last[1] * size)), (0, 230, 230), 1)
    return shown


@torch.no_grad()
def sheet(network, sampler, numbers, path: pathlib.Path, device, columns: int = 6):
    """Writes a JPEG of samples with the network's picked masks."""
    tiles = []
    for number in numbers:
        sample = sampler.sample(number)
        image = segment.as_pixels(sample.image).to(device)
        logits, predicted = network(image, torch.from_numpy(sample.points)[None].to(device))
        index = int(predicted[0].argmax()) if sample.kind < sampling.SALIENCY else -1
        mask = (logits[0, index] > 0).cpu().numpy()
        tiles.append(overlay(sample.image, sample.points, mask, sample.target))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    cv2.imwrite(str(path), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 85])
