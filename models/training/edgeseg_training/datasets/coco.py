"""COCO annotations: instances (polygons, run lengths) or panoptic (a folder of PNG files beside the JSON).

`path` is the JSON file. Options: images (folder of the photographs), segments (panoptic: folder of the PNG files), set (a name, "" =
the file's name), kind, annotation_licence. Each photograph's licence is the one that the file names for it, so that a recipe's
`data.licences` filters photograph by photograph.
"""
import functools
import json
import pathlib
import re

import numpy as np

from .. import UserError
from . import IGNORE, KINDS, Layer, Record, label_maps

MAX_SIDE = 20_000


def licence_of(entry: dict | None) -> str:
    """A licence of the file in its usual short form: COCO's names ("Attribution License") do not say which one it is."""
    if not entry:
        return "none stated"
    url, name = str(entry.get("url", "")), str(entry.get("name", ""))
    match = re.search(r"creativecommons\.org/licenses/([a-z-]+)/([\d.]+)", url)
    if match:
        return f"CC {match[1].upper()} {match[2]}"
    if "usa.gov" in url or "government work" in name.lower():
        return "public domain (US government work)"
    if "no known copyright" in name.lower():
        return "public domain (no known copyright restrictions)"
    return name or "none stated"


def read_json(path) -> dict:
    """The file's tables. Raises UserError when it is not COCO JSON."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON ({error}). Name a COCO annotation file.") from None
    if not isinstance(table, dict) or not all(isinstance(table.get(key), list) for key in ("images", "annotations")):
        raise UserError(f"{path} has no tables 'images' and 'annotations'. Name a COCO annotation file.")
    return table


def check(segmentation, height: int, width: int):
    """Raises ValueError when a segmentation cannot be drawn."""
    if isinstance(segmentation, dict):
        if segmentation.get("size") != [height, width]:
            raise ValueError("its run lengths have another size")
        if sum(label_maps.run_lengths(segmentation.get("counts"))) != height * width:
            raise ValueError("its run lengths do not cover the photograph")
    elif isinstance(segmentation, list):
        label_maps.from_polygons(segmentation, 1, 1)
    else:
        raise ValueError("it has no segmentation")


def draw(segmentations, height: int, width: int) -> np.ndarray:
    """uint16 [H,W] of (segmentation, is_crowd) pairs: crowds are unknown; a smaller object lies on a larger one."""
    labels = np.zeros((height, width), np.uint16)
    masks = []
    for segmentation, is_crowd in segmentations:
        if isinstance(segmentation, list):
            mask = label_maps.from_polygons(segmentation, height, width)
        else:
            mask = label_maps.from_run_lengths(segmentation["counts"], height, width)
        if is_crowd:
            labels[mask] = IGNORE
        else:
            masks.append(mask)
    for value, mask in enumerate(sorted(masks, key=lambda m: -int(m.sum())), 1):
        labels[mask] = value
    return labels


def draw_panoptic(path: pathlib.Path, wanted: dict) -> np.ndarray:
    """uint16 [H,W] of a panoptic PNG: `wanted` maps a segment's id to its value. Raises ValueError or OSError."""
    codes = label_maps.decode_png(path.read_bytes(), colours=True)[..., ::-1].astype(np.uint32) @ np.uint32([1, 256, 65536])
    labels = np.zeros(codes.shape, np.uint16)
    for code, value in wanted.items():
        labels[codes == code] = value
    return labels


def instance_layers(image: dict, annotations: list, kind: str, problems) -> list[Layer]:
    """One layer of a photograph's annotations; a broken one is left out by name."""
    kept, (height, width) = [], (image["height"], image["width"])
    for annotation in annotations:
        try:
            check(annotation.get("segmentation"), height, width)
            kept.append((annotation["segmentation"], bool(annotation.get("iscrowd"))))
        except (ValueError, TypeError) as error:
            problems.add(f"an annotation is broken: {error}", f"{image['file_name']} annotation {annotation.get('id')}")
    return [Layer(kind, functools.partial(draw, kept, height, width))] if kept else []


def panoptic_layers(image: dict, annotations: list, things: set, segments: pathlib.Path, problems) -> list[Layer]:
    """A layer of the objects and one of all regions."""
    layers = []
    for annotation in annotations:
        file, parts = segments / str(annotation.get("file_name")), annotation.get("segments_info")
        if not file.is_file() or not isinstance(parts, list):
            problems.add("the panoptic map is missing", f"{image['file_name']} {annotation.get('file_name')}")
            continue
        for kind, used in (("instances", [p for p in parts if p.get("category_id") in things]), ("regions", parts)):
            wanted = {p["id"]: IGNORE if p.get("iscrowd") else value for value, p in enumerate(used, 1) if isinstance(p.get("id"), int)}
            if wanted:
                layers.append(Layer(kind, functools.partial(draw_panoptic, file, wanted)))
    return layers


def read(path, problems, *, images="images", segments="", set="", kind="instances", annotation_licence=""):
    """The records of the file, one a photograph that has annotations."""
    if kind not in KINDS:
        raise UserError(f"the kind '{kind}' is unknown. Use one of: {', '.join(KINDS)}.")
    table, folder = read_json(path), pathlib.Path(images)
    folder = folder if folder.is_absolute() else path.parent / folder
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Name the folder of the photographs with the option 'images'.")
    maps = path.parent / segments
    if segments and not maps.is_dir():
        raise UserError(f"{maps} is not a folder. Name the folder of the panoptic maps with the option 'segments'.")
    stated = {entry.get("id"): entry for entry in table.get("licenses", []) if isinstance(entry, dict)}
    things = {entry.get("id") for entry in table.get("categories", []) if isinstance(entry, dict) and entry.get("isthing", 1)}
    by_image: dict = {}
    for annotation in table["annotations"]:
        if isinstance(annotation, dict):
            by_image.setdefault(annotation.get("image_id"), []).append(annotation)
        else:
            problems.add("an annotation is no table", str(annotation)[:40])
    for image in table["images"]:
        if not isinstance(image, dict) or not isinstance(image.get("file_name"), str):
            problems.add("a photograph has no file name", str(image)[:40])
            continue
        name, annotations = image["file_name"], by_image.get(image.get("id"), [])
        if not all(isinstance(image.get(side), int) and 0 < image[side] <= MAX_SIDE for side in ("height", "width")):
            problems.add("the photograph's size is missing or wrong", name)
        elif not (folder / name).is_file():
            problems.add("the photograph is missing", name)
        elif annotations:
            if segments:
                layers = panoptic_layers(image, annotations, things, maps, problems)
            else:
                layers = instance_layers(image, annotations, kind, problems)
            if layers:
                licence = licence_of(stated.get(image.get("license")))
                licence = f"photograph {licence}; annotations {annotation_licence}" if annotation_licence else licence
                yield Record(pathlib.PurePath(name).stem, set or path.stem, licence, folder / name, layers)
