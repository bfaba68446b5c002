"""Readers of photographs with masks. All give the same records; a recipe's [[source]] names reader and path.

A reader is a module with
    read(path, problems, **options) -> iterator of Record
that is named in READERS. It decodes no photograph. What it cannot read (a missing photograph, a broken annotation) is
added to `problems` and left out; nothing but a wrong `path` or option (UserError) ends the reading.
"""
import dataclasses
import importlib
import inspect
import pathlib
from collections.abc import Iterator

import numpy as np

from .. import UserError

IGNORE = 65535  # the value of a label map where nothing is known

# what a layer's segments are
KINDS = {
    "instances": "every whole object that is labelled, and all objects are labelled",
    "instances_partial": "whole objects, some of them not labelled",
    "regions": "a person's segmentation of the whole picture; any region is a target",
    "parts": "parts of objects",
    "salient": "what stands out, one segment",
}


@dataclasses.dataclass
class Layer:
    """One label map of a photograph: uint16 [H,W], 0 = background, 1.. = segments, IGNORE = unknown.

    `labels` is the map, or a function without arguments that decodes it (ValueError when it cannot), so that a reader of
    large sets keeps PNG bytes or polygons instead of maps. It goes to another process: functools.partial of a module's
    function, not a lambda.
    """

    kind: str
    labels: object

    def decode(self) -> np.ndarray:
        """The map, uint16 [H,W]. Raises ValueError when the annotation is broken."""
        return self.labels() if callable(self.labels) else self.labels


@dataclasses.dataclass
class Record:
    """One photograph. `image` is the encoded file's bytes or its path; `id` is unique within its source."""

    id: str
    set: str
    licence: str
    image: bytes | pathlib.Path
    layers: list[Layer]

    def image_bytes(self) -> bytes:
        """The encoded photograph. Raises OSError when the file cannot be read."""
        return self.image if isinstance(self.image, bytes) else self.image.read_bytes()


class Problems:
    """What could not be read: counted by reason, with the first names of each reason."""

    NAMES = 5

    def __init__(self):
        self.counts: dict[str, int] = {}
        self.names: dict[str, list[str]] = {}

    def add(self, reason: str, name: str):
        """Counts one unreadable item; `name` is the photograph's or the annotation's name."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        names = self.names.setdefault(reason, [])
        if len(names) < self.NAMES:
            names.append(name)

    def lines(self) -> list[str]:
        """One line a reason."""
        return [f"{count} left out, {reason}: {', '.join(self.names[reason])}{', ...' if count > len(self.names[reason]) else ''}"
                for reason, count in self.counts.items()]


# name in a recipe -> module of this folder
READERS = {
    "shards": "shards",  # tar files with index.jsonl, images/ and masks/: what `data pack` writes
    "coco": "coco",  # COCO instances or panoptic
    "voc": "voc",  # Pascal VOC segmentation
    "folder": "folder",  # a folder of photographs with label maps: what `edgeseg` exports
}


def read(format: str, path: str, problems: Problems, **options) -> Iterator[Record]:
    """The records of one source. Raises UserError for an unknown format, a missing path or a wrong option."""
    if format not in READERS:
        raise UserError(f"the source format '{format}' is unknown. Use one of: {', '.join(READERS)}.")
    if not pathlib.Path(path).exists():
        raise UserError(f"the source {path} does not exist. Check the path in the recipe.")
    reader = importlib.import_module(f"{__package__}.{READERS[format]}").read
    known = [name for name, p in inspect.signature(reader).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise UserError(f"the source format '{format}' has no option '{name}'. It has: {', '.join(known) or 'none'}.")
    return reader(pathlib.Path(path), problems, **options)
