"""`evaluate`: figures of a checkpoint, a graph or a bundle on photographs with masks, by the protocol of `edgeseg eval`.

One object: a click at the first maximum of its mask's distance transform, then its tight box. A `salient` layer: the automatic mode and
the saliency map. Objects below a third of a per cent of the photograph are no targets; unknown pixels do not count.
"""
import json
import pathlib
import sys

import cv2
import numpy as np

from . import UserError, checkpoints, datasets, recipe as recipes, reports, segment, sources
from .datasets import IGNORE
from .state import Clock

KINDS = ("instances", "instances_partial", "salient")
SMALLEST = 0.00333
STEPS = 19  # thresholds of the saliency F-measure: 0.05 to 0.95
BETA_SQUARED = 0.3


class Tally:
    """The sums of one set."""

    def __init__(self):
        self.click, self.best, self.box, self.automatic, self.error, self.precision, self.recall = ([] for _ in range(7))

    def max_f(self) -> float:
        """The greatest F over the thresholds, precision and recall averaged over photographs first."""
        if not self.precision:
            return float("nan")
        precision, recall = np.mean(self.precision, 0), np.mean(self.recall, 0)
        with np.errstate(invalid="ignore"):
            f = (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall)
        return float(np.nan_to_num(f).max())

    def figures(self) -> dict:
        """The means; None for what was not measured."""
        found = {"n": len(self.click)}
        for name, values in (("click", self.click), ("click_best3", self.best), ("box", self.box), ("auto", self.automatic)):
            found[name] = round(float(np.mean(values)), 5) if values else None
        found["saliency_max_f"] = round(self.max_f(), 5) if self.precision else None
        found["saliency_mae"] = round(float(np.mean(self.error)), 5) if self.error else None
        return found


def deepest(mask: np.ndarray) -> tuple[float, float]:
    """The centre of the pixel farthest from the mask's edge, the frame's edge being one; the first in reading order."""
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 5)
    row, column = np.unravel_index(int(distance.argmax()), distance.shape)
    return column - .5, row - .5


def masked_iou(mask: np.ndarray, truth: np.ndarray, known: np.ndarray) -> float:
    """IoU over the known pixels."""
    return segment.iou(mask & known, truth & known)


def add_saliency(tally: Tally, saliency: np.ndarray, truth: np.ndarray, known: np.ndarray):
    """Precision and recall at each threshold, and the mean absolute error."""
    large = cv2.resize(saliency, (truth.shape[1], truth.shape[0]), interpolation=cv2.INTER_LINEAR)[known]
    probability, wanted = 1 / (1 + np.exp(-large.astype(np.float64))), truth[known]
    tally.error.append(float(np.abs(probability - wanted).mean()) if wanted.size else 0.0)
    precision, recall = [], []
    for step in range(1, STEPS + 1):
        claimed = probability > step / (STEPS + 1)
        hit = int((claimed & wanted).sum())
        precision.append(hit / max(1, int(claimed.sum())))
        recall.append(hit / max(1, int(wanted.sum())))
    tally.precision.append(precision)
    tally.recall.append(recall)


def objects(layers) -> tuple[list[tuple[np.ndarray, str]], np.ndarray]:
    """The targets, (mask, kind), and the known pixels of a photograph's maps. `layers` are (kind, labels) pairs."""
    unknown, found = np.zeros(layers[0][1].shape, bool), []
    for kind, labels in layers:
        unknown |= labels == IGNORE
        for value in np.unique(labels):
            if value not in (0, IGNORE) and (labels == value).mean() >= SMALLEST:
                found.append((labels == value, kind))
    return found, ~unknown


def measure(segmenter, image: np.ndarray, layers, tally: Tally):
    """Adds a photograph's figures."""
    segmenter.set_image(image)
    height, width = image.shape[:2]
    found, known = objects(layers)
    for truth, kind in found:
        answer, index = segmenter.click(*deepest(truth))
        scores = [masked_iou(mask, truth, known) for mask in answer.masks(height, width)]
        tally.click.append(scores[index])
        tally.best.append(max(scores))
        left, top, wide, high = cv2.boundingRect(truth.astype(np.uint8))
        answer, index = segmenter.box(left, top, left + wide, top + high)
        tally.box.append(masked_iou(answer.mask(index, height, width), truth, known))
        if kind == "salient":
            saliency, answered = segmenter.automatic()
            if saliency is None:
                continue
            mask = answered[0].mask(answered[1], height, width) if answered else None
            tally.automatic.append(masked_iou(mask, truth, known) if answered else 0.0)
            add_saliency(tally, saliency, truth, known)


def decode(record, problems: datasets.Problems):
    """The photograph and its maps; None, counted in `problems`, when they cannot be read."""
    try:
        image = cv2.imdecode(np.frombuffer(record.image_bytes(), np.uint8), cv2.IMREAD_COLOR)
        layers = [(layer.kind, layer.decode()) for layer in record.layers if layer.kind in KINDS]
    except (OSError, ValueError, cv2.error) as error:
        problems.add(f"it cannot be read ({error})", record.id)
        return None
    if image is None or any(labels.shape != image.shape[:2] for _, labels in layers):
        problems.add("the photograph cannot be decoded or has another size than its map", record.id)
        return None
    return (image, layers) if layers else None


def evaluate(segmenter, records, limit: int = 0, problems: datasets.Problems | None = None, progress: bool = True) -> dict[str, dict]:
    """Set -> figures, over at most `limit` photographs, evenly spread over the records and so over the sets (0: all)."""
    problems, tallies, clock, bar, seen = problems or datasets.Problems(), {}, Clock(), reports.Progress(), 0
    records = list(records)
    total = min(limit, len(records)) if limit else len(records)
    for record in (records[index * len(records) // total] for index in range(total)):
        read = decode(record, problems)
        if read is None:
            continue
        seen += 1
        measure(segmenter, *read, tallies.setdefault(record.set, Tally()))
        if progress:
            rate = seen / max(1e-6, clock.seconds())
            bar.show(clock.seconds(), seen / total, rate, (total - seen) / rate, {})
    if progress:
        bar.end()
    return {name: tally.figures() for name, tally in sorted(tallies.items()) if tally.click}


def table(figures: dict[str, dict]) -> str:
    """The figures as text."""
    columns = ("click", "click_best3", "box", "auto", "saliency_max_f", "saliency_mae")
    lines = [f"{'set':<16} {'n':>6} " + " ".join(f"{name.removeprefix('saliency_').removeprefix('click_'):>7}" for name in columns)]
    for name, row in figures.items():
        lines.append(f"{name:<16} {row['n']:>6} " + " ".join("      -" if row[c] is None else f"{row[c]:7.4f}" for c in columns))
    return "\n".join(lines)


def open_model(path, precision: str = "fp32", size: int = 0, threads: int = 0, zoom: bool = True, decoder="") -> segment.Segmenter:
    """A segmenter of a bundle's folder, an ONNX file or a checkpoint. Raises UserError for anything else."""
    path = pathlib.Path(path)
    if path.is_dir():
        try:
            manifest = json.loads((path / "model.json").read_text(encoding="utf-8"))
            file = next(g["file"] for g in manifest["graphs"] if g["precision"] == precision and g["role"] == "segmenter")
        except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
            raise UserError(f"{path} holds no {precision} graph that model.json names ({error}). Name a bundle of a SqueezeSAM.") from None
        floor = manifest.get("thresholds") or {}
        floors = floor.get("saliency_mean", 0.0), floor.get("saliency_peak", 0.0)
        return segment.Segmenter(*segment.graph_runner(path / file, threads), zoom, floors)
    if path.suffix == ".onnx":
        if not path.is_file():
            raise UserError(f"the graph {path} does not exist. Check the path.")
        return segment.Segmenter(*segment.graph_runner(path, threads, decoder), zoom)
    return segment.Segmenter(*segment.network_runner(checkpoints.load_network(path, size), size), zoom)


def read_sources(recipe: str, data: str, format: str, options: list[str], problems) -> list:
    """The records of a recipe's validation sources, or of one named source."""
    if data:
        pairs = dict(option.split("=", 1) if "=" in option else (option, "") for option in options)
        named = [recipes.Source(data, format, pairs)]
    elif recipe:
        named = recipes.load(recipe).validation
    else:
        raise UserError("no photographs are named. Use --data FILE_OR_FOLDER or --recipe FILE with [[validation]] sources.")
    return list(sources.read(named, problems))


def add_source_options(parser):
    """--recipe, --data, --format, --option and --limit."""
    parser.add_argument("--recipe", default="", help="take the [[validation]] sources of this recipe")
    parser.add_argument("--data", default="", help="take the photographs of this file or folder instead")
    parser.add_argument("--format", default="shards", choices=datasets.READERS, help="the reader for --data")
    parser.add_argument("--option", action="append", default=[], metavar="KEY=VALUE", help="an option of the reader: images=photos")
    parser.add_argument("--limit", type=int, default=0, help="use only N photographs, evenly spread over the sets")


def configure(parser):
    """The command's options."""
    parser.add_argument("model", help="a bundle's folder, an ONNX file or a checkpoint; of an EfficientSAM the encoder's file")
    parser.add_argument("--decoder", default="", help="the decoder of an EfficientSAM (default: the one beside its encoder)")
    add_source_options(parser)
    parser.add_argument("--precision", choices=("fp32", "int8"), default="fp32", help="of a bundle's graph")
    parser.add_argument("--size", type=int, default=0, help="side of a checkpoint's image (default: 256, EfficientSAM: its own)")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--no-zoom", action="store_true", help="one pass on the whole frame")
    parser.add_argument("--json", default="", help="write the figures to this file too")


def run(arguments) -> int:
    """Runs the command."""
    problems = datasets.Problems()
    zoom, decoder = not arguments.no_zoom, arguments.decoder
    segmenter = open_model(arguments.model, arguments.precision, arguments.size, arguments.threads, zoom, decoder)
    records = read_sources(arguments.recipe, arguments.data, arguments.format, arguments.option, problems)
    figures = evaluate(segmenter, records, arguments.limit, problems)
    for line in problems.lines():
        print(line, file=sys.stderr)
    if not figures:
        raise UserError("no object was measured. The photographs have no layer of whole objects or of what stands out.")
    print(table(figures))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0
