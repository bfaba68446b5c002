"""The photographs of a training run in memory: encoded or decoded, with their segments' sizes and places."""
import dataclasses
import multiprocessing
import os

import cv2
import numpy as np

from . import UserError, datasets, licences, recipe as recipes, sources as all_sources
from .datasets import IGNORE

SMALLEST = 0.0015  # segments below this share of the photograph are no targets


@dataclasses.dataclass
class Segment:
    """One segment of a photograph."""

    layer: int
    value: int
    area: float  # share of the photograph
    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom are outside


@dataclasses.dataclass
class Photo:
    """One photograph. `image` and the maps are encoded (JPEG, PNG bytes) or arrays."""

    id: str
    set: str
    licence: str
    image: object
    kinds: list[str]
    maps: list
    segments: list[Segment]
    width: int
    height: int

    def pixels(self) -> np.ndarray:
        """uint8 BGR [H,W,3]."""
        return self.image if isinstance(self.image, np.ndarray) else cv2.imdecode(np.frombuffer(self.image, np.uint8), cv2.IMREAD_COLOR)

    def labels(self, layer: int) -> np.ndarray:
        """uint16 [H,W]."""
        kept = self.maps[layer]
        return kept if isinstance(kept, np.ndarray) else cv2.imdecode(np.frombuffer(kept, np.uint8), cv2.IMREAD_UNCHANGED)


def segments_of(labels: np.ndarray, layer: int) -> list[Segment]:
    """The segments of one map that are large enough to be targets."""
    found = []
    counts = np.bincount(labels.ravel(), minlength=1)
    for value in np.flatnonzero(counts):
        if value in (0, IGNORE) or counts[value] < SMALLEST * labels.size:
            continue
        here = labels == value
        rows, columns = np.flatnonzero(here.any(1)), np.flatnonzero(here.any(0))
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        found.append(Segment(layer, int(value), float(counts[value]) / labels.size, box))
    return found


def prepare(record: datasets.Record, side: int, decoded: bool, quality: int = 90):
    """A record as a Photo with its longer side at most `side`; a text instead when it cannot be read."""
    try:
        data = record.image_bytes()
    except OSError as error:
        return f"the photograph cannot be read ({error.strerror})"
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        return "the photograph cannot be decoded"
    scale = side / max(image.shape[:2])
    smaller = scale < 1
    if smaller:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = image.shape[:2]
    maps, segments = [], []
    for index, layer in enumerate(record.layers):
        try:
            labels = np.ascontiguousarray(layer.decode(), np.uint16)
        except (ValueError, OSError) as error:
            return f"a mask cannot be read ({error})"
        if not smaller and labels.shape != (height, width):
            return "a mask has another size than the photograph"
        if smaller:
            labels = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
        segments += segments_of(labels, index)
        maps.append(labels if decoded else cv2.imencode(".png", labels)[1].tobytes())
    if decoded:
        kept = image
    elif smaller or data[:2] != b"\xff\xd8":
        kept = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    else:
        kept = data
    return Photo(record.id, record.set, record.licence, kept, [layer.kind for layer in record.layers], maps, segments, width, height)


def _prepare_one(work):
    record, side, decoded, quality = work
    cv2.setNumThreads(1)
    return prepare(record, side, decoded, quality)


def accepted(record: datasets.Record, data: recipes.Data) -> str:
    """Why a recipe leaves a record out; empty when it does not."""
    kind = licences.classify(record.licence)
    if kind not in data.licences:
        return f"licence of class '{kind}'"
    if record.set in data.exclude:
        return "the recipe excludes the set"
    return "its set has weight 0" if data.weights.get(record.set, data.default_weight) <= 0 else ""


def records(sources: list[recipes.Source], data: recipes.Data, problems: datasets.Problems, left_out: dict):
    """The records of the sources that the recipe accepts. `left_out` counts the others by (set, reason)."""
    for record in all_sources.read(sources, problems):
        reason = accepted(record, data)
        if reason:
            left_out[record.set, reason] = left_out.get((record.set, reason), 0) + 1
        else:
            yield record


def load(sources, data: recipes.Data, processes: int = 0, quality: int = 90) -> tuple[list[Photo], datasets.Problems, dict]:
    """All accepted photographs, in the order of the sources. Raises UserError when there are none."""
    problems, left_out, photos = datasets.Problems(), {}, []
    processes = processes or min(16, os.cpu_count() or 1)
    work = ((record, data.side, data.decoded, quality) for record in records(sources, data, problems, left_out))
    names = []

    def named():
        for item in work:
            names.append(item[0].id)
            yield item

    if processes == 1:
        results = map(_prepare_one, named())
        gather(results, names, photos, problems)
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            gather(pool.imap(_prepare_one, named(), chunksize=16), names, photos, problems)
    if not photos:
        reasons = "; ".join(sorted({reason for _, reason in left_out} | set(problems.counts))) or "the sources are empty"
        raise UserError(f"no photograph is left to train on ({reasons}). Change data.licences or the sources of the recipe.")
    return photos, problems, left_out


def gather(results, names, photos, problems):
    """Sorts what was prepared from what could not be."""
    for index, result in enumerate(results):
        if isinstance(result, str):
            problems.add(result, names[index])
        else:
            photos.append(result)
