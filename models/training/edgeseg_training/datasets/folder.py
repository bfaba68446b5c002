"""A folder of photographs with label maps: `images/NAME.jpg` (or png, webp, bmp, tif) and `masks/NAME.png`.

A label map is an 8-bit or 16-bit grey or indexed PNG: 0 background, 1.. segments, 255 or 65535 unknown; a map of 0 and 255 alone is
one segment. Options: set, licence (both named in the card), kind, images and masks (names of the subfolders).
"""
import functools
import pathlib

from .. import UserError
from . import KINDS, Layer, Record, label_maps

PHOTOGRAPHS = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}


def read_map(path: pathlib.Path):
    """The label map of a file, uint16 [H,W]. Raises ValueError or OSError."""
    return label_maps.from_png(path.read_bytes())


def read(path, problems, *, set="", licence="", kind="instances_partial", images="images", masks="masks"):
    """The records of a folder, by name."""
    if kind not in KINDS:
        raise UserError(f"the kind '{kind}' is unknown. Use one of: {', '.join(KINDS)}.")
    photographs, maps = path / images, path / masks
    for folder in (photographs, maps):
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder. Put the photographs into {photographs} and the label maps into {maps}.")
    found = {file.stem: file for file in sorted(photographs.iterdir()) if file.suffix.lower() in PHOTOGRAPHS}
    for file in sorted(maps.glob("*.png")):
        if file.stem not in found:
            problems.add("the photograph is missing", file.name)
    for name, file in found.items():
        if not (maps / f"{name}.png").is_file():
            problems.add("the label map is missing", file.name)
            continue
        yield Record(name, set or path.resolve().name, licence, file, [Layer(kind, functools.partial(read_map, maps / f"{name}.png"))])
