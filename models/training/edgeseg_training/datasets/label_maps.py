"""Label maps from PNG files, polygons and run lengths."""
import cv2
import numpy as np

from . import IGNORE

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def palette_of(data: bytes) -> np.ndarray | None:
    """The palette of an indexed PNG, uint8 [n,3] RGB; None when the PNG has none."""
    if data[:8] != PNG_SIGNATURE or len(data) < 26 or data[25] != 3:
        return None
    at = 8
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at:at + 4], "big"), data[at + 4:at + 8]
        if kind == b"PLTE":
            return np.frombuffer(data[at + 8:at + 8 + length], np.uint8).reshape(-1, 3)
        at += 12 + length
    return None


def decode_png(data: bytes, colours: bool = False) -> np.ndarray:
    """A PNG's values: [H,W] for grey and indexed files, BGR [H,W,3] with `colours`. Raises ValueError when it cannot be decoded."""
    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if values is None:
        raise ValueError("the map cannot be decoded")
    if colours:
        if values.ndim != 3:
            raise ValueError("the map has no colours")
        return values[..., :3]
    if values.ndim == 2:
        return values
    palette = palette_of(data)
    if palette is None:
        raise ValueError("the map has colours instead of numbers")
    # OpenCV decodes an indexed file to colours: look their indices up again
    codes = palette.astype(np.uint32) @ np.uint32([65536, 256, 1])
    unique, first = np.unique(codes, return_index=True)
    seen = values[..., 2::-1].astype(np.uint32) @ np.uint32([65536, 256, 1])
    return first[np.searchsorted(unique, seen).clip(max=len(unique) - 1)].astype(np.uint8)


def from_png(data: bytes) -> np.ndarray:
    """A label map, uint16 [H,W]. The greatest value of the file's depth means unknown, except in a map of 0 and 255 alone: one segment."""
    values = decode_png(data)
    if values.dtype == np.uint16:
        return values
    if values.dtype != np.uint8:
        raise ValueError(f"the map has values of type {values.dtype}")
    labels = values.astype(np.uint16)
    greatest = values == 255
    labels[greatest] = IGNORE if ((values > 0) & ~greatest).any() or not greatest.any() else 1
    return labels


def from_png_of_depth(data: bytes, bits: int) -> np.ndarray:
    """A label map of a stated depth, uint16 [H,W]: 255 or 65535 means unknown."""
    labels = decode_png(data).astype(np.uint16)
    if bits == 8:
        labels[labels == 255] = IGNORE
    return labels


def run_lengths(counts) -> list[int]:
    """COCO's run lengths as numbers; a string holds them in its compressed form. Raises ValueError."""
    if isinstance(counts, list):
        if not all(isinstance(c, (int, float)) and c >= 0 for c in counts):
            raise ValueError("a run length is negative or no number")
        return [int(c) for c in counts]
    if not isinstance(counts, str):
        raise ValueError("the run lengths are missing")
    runs, at = [], 0
    while at < len(counts):
        value = shift = 0
        while True:
            if at >= len(counts):
                raise ValueError("the run lengths end in the middle of a number")
            code = ord(counts[at]) - 48
            at += 1
            value |= (code & 31) << shift
            shift += 5
            if not code & 32:
                break
        if code & 16:
            value -= 1 << shift
        if len(runs) > 2:
            value += runs[-2]
        if value < 0:
            raise ValueError("a run length is negative")
        runs.append(value)
    return runs


def from_run_lengths(counts, height: int, width: int) -> np.ndarray:
    """A mask, bool [H,W]; runs go down the columns and begin with unset pixels. Raises ValueError when they do not fit."""
    runs = run_lengths(counts)
    if sum(runs) != height * width:
        raise ValueError(f"the run lengths cover {sum(runs)} pixels of {height * width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def from_polygons(polygons, height: int, width: int) -> np.ndarray:
    """A mask, bool [H,W], of the union of rings [x0, y0, x1, y1, ...] in pixels. Raises ValueError when a ring is none."""
    mask = np.zeros((height, width), np.uint8)
    if not polygons:
        raise ValueError("the polygon is empty")
    for ring in polygons:
        if not isinstance(ring, list) or len(ring) < 6 or len(ring) % 2 or not all(isinstance(v, (int, float)) for v in ring):
            raise ValueError("a polygon is not a list of at least three x, y pairs")
        # pixel centres are at +0.5; 4 fractional bits
        points = np.round((np.float64(ring).reshape(-1, 2) - 0.5) * 16)
        if not np.isfinite(points).all():
            raise ValueError("a polygon has a coordinate that is no number")
        cv2.fillPoly(mask, [points.clip(-1e6, 1e6).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


