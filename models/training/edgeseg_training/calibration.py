"""Photographs as a graph's inputs: what the service gives it, made without annotations."""
import pathlib

import cv2
import numpy as np

from . import UserError
from .datasets.folder import PHOTOGRAPHS
from .prompts import BOX_FIRST, BOX_LAST, CLICK, SLOTS, UNUSED

CROP_MARGIN = 1.5  # sides of the second look's crop, in sides of the object


def photographs(folder, limit: int) -> list[pathlib.Path]:
    """At most `limit` photographs of a folder and its subfolders, spread evenly over their names. Raises UserError when there are none."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Name a folder of photographs with --photos.")
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PHOTOGRAPHS and file.is_file())
    if not files:
        raise UserError(f"{folder} holds no photograph ({', '.join(sorted(PHOTOGRAPHS))}). Put frames of your camera there.")
    return [files[int(i)] for i in np.linspace(0, len(files) - 1, min(limit, len(files)))]


def read(file) -> np.ndarray | None:
    """uint8 BGR [H,W,3]; None when the file cannot be decoded."""
    try:
        data = np.fromfile(file, np.uint8)
    except OSError:
        return None
    return cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None


def stretch(image: np.ndarray, size: int) -> np.ndarray:
    """uint8 [size,size,3], by area where it shrinks."""
    shrinks = image.shape[0] > size or image.shape[1] > size
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def points_of(*points) -> np.ndarray:
    """float32 [6,3] of (x, y, label)."""
    slots = np.full((SLOTS, 3), 0, np.float32)
    slots[:, 2] = UNUSED
    for slot, point in zip(slots, points):
        slot[:] = point
    return slots


def salient_box(saliency: np.ndarray) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in 0..1 of the greatest blob above probability 0.5; the middle half of the frame when there is none."""
    count, _, boxes, _ = cv2.connectedComponentsWithStats((saliency > 0).astype(np.uint8), connectivity=8)
    if count < 2:
        return .25, .25, .75, .75
    left, top, width, height, _ = boxes[1:][boxes[1:, cv2.CC_STAT_AREA].argmax()]
    rows, columns = saliency.shape
    return left / columns, top / rows, (left + width) / columns, (top + height) / rows


def looks(image: np.ndarray, run, size: int, random) -> list[tuple[np.ndarray, np.ndarray]]:
    """What the service asks of one photograph: the frame without a prompt, with a click, with a box, and a crop with each of them.

    The object is what `run`, a session of the fp32 graph, finds salient; one click lies anywhere.
    """
    frame = stretch(image, size)
    saliency = run.run(["saliency"], {"image": frame[None], "points": points_of()[None]})[0][0, 0]
    left, top, right, bottom = salient_box(saliency)
    click = (left + right) / 2, (top + bottom) / 2, CLICK
    found = [(frame, points_of()), (frame, points_of(click)), (frame, points_of((*random.rand(2), CLICK))),
             (frame, points_of((left, top, BOX_FIRST), (right, bottom, BOX_LAST)))]
    height, width = image.shape[:2]
    half_x, half_y = max(.05, (right - left) / 2 * CROP_MARGIN), max(.05, (bottom - top) / 2 * CROP_MARGIN)
    x0, x1 = max(0., click[0] - half_x), min(1., click[0] + half_x)
    y0, y1 = max(0., click[1] - half_y), min(1., click[1] + half_y)
    part = image[int(y0 * height):max(int(y1 * height), int(y0 * height) + 1), int(x0 * width):max(int(x1 * width), int(x0 * width) + 1)]
    place = lambda x, y, label: ((x - x0) / (x1 - x0), (y - y0) / (y1 - y0), label)  # noqa: E731
    crop = stretch(part, size)
    return [*found, (crop, points_of(place(*click))),
            (crop, points_of(place(left, top, BOX_FIRST), place(right, bottom, BOX_LAST)))]


def prompted_looks(image: np.ndarray, size: int, random) -> list[tuple[np.ndarray, np.ndarray]]:
    """What the service asks of an EfficientSAM, which has no saliency map and looks at no crops: two clicks and a box."""
    frame = stretch(image, size)
    return [(frame, points_of((.5, .5, CLICK))), (frame, points_of((*random.rand(2), CLICK))),
            (frame, points_of((.25, .25, BOX_FIRST), (.75, .75, BOX_LAST)))]


def inputs(files, graph_path, size: int, seed: int = 0) -> tuple[list, list[str]]:
    """The looks at all photographs, and the names of those that could not be read."""
    from . import graph  # needs onnx, which a machine that only trains may lack

    random, run = np.random.RandomState(seed), graph.session(graph_path)
    found, unreadable = [], []
    for file in files:
        image = read(file)
        if image is None:
            unreadable.append(str(file))
        elif graph.is_encoder(run):
            found += prompted_looks(image, size, random)
        else:
            found += looks(image, run, size, random)
    if not found:
        raise UserError("no photograph could be read. Use JPEG or PNG files.")
    return found, unreadable
