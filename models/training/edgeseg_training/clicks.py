"""Random prompts for a mask in a view: clicks, negative clicks, boxes."""
import cv2
import numpy as np

from . import augment
from .prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE, SLOTS, UNUSED

MULTIPLE = (0.6, 0.12, 0.1, 0.06, 0.12)  # chances of one to five clicks


def empty() -> np.ndarray:
    """No prompt: float32 [6,3]."""
    points = np.zeros((SLOTS, 3), np.float32)
    points[:, 2] = UNUSED
    return points


def inside(mask: np.ndarray, rng):
    """A click (x, y) on the object as people make them: half of them far from its border. None for an empty mask."""
    if rng.random() < 0.5:
        depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
        return augment.pick(depth > depth.max() * rng.uniform(0.4, 0.9), rng) if depth.max() > 0 else None
    return augment.pick(mask, rng)


def beside(mask: np.ndarray, known: np.ndarray, rng):
    """A negative click: two thirds of them near the object, where masks run over."""
    if rng.random() < 0.67:
        reach = int(rng.integers(9, 41)) | 1
        ring = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)).astype(bool)
        ring &= cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
        point = augment.pick(ring & known, rng)
        if point is not None:
            return point
    return augment.outlier(mask, known, rng)


def add(points: np.ndarray, slot: int, point, label: int, size: int) -> int:
    """Writes a point into a slot, if there is one; the next slot."""
    if point is None or slot >= SLOTS:
        return slot
    points[slot] = (point[0] + 0.5) / size, (point[1] + 0.5) / size, label
    return slot + 1


def clicks(mask: np.ndarray, known: np.ndarray, options, rng):
    """One to five clicks, perhaps an outlier among them, perhaps negative ones. float32 [6,3]; None for an empty mask."""
    size, points = mask.shape[0], empty()
    count = 1 + int(rng.choice(len(MULTIPLE), p=MULTIPLE))
    slot = 0
    has_outlier = count >= 3 and rng.random() < options.outlier
    for _ in range(count - has_outlier):
        slot = add(points, slot, inside(mask, rng), CLICK, size)
    if slot == 0:
        return None
    if has_outlier:
        slot = add(points, slot, augment.outlier(mask, known, rng), CLICK, size)
    if rng.random() < options.negative:
        for _ in range(int(rng.integers(1, 3))):
            slot = add(points, slot, beside(mask, known, rng), NEGATIVE, size)
    return points


def box(mask: np.ndarray, known: np.ndarray, options, rng, jitter: float = 0.05):
    """A box drawn by hand, a third of them with a click or a negative click. float32 [6,3]; None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    size, points = mask.shape[0], empty()
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
    sides = np.tile([edges[2] - edges[0], edges[3] - edges[1]], 2)
    # half of the boxes are tight, as those of annotations
    spread = 0.01 if rng.random() < 0.5 else jitter
    edges = np.clip(edges + rng.normal(0, spread, 4) * sides, 0, size)
    points[0], points[1] = (*edges[:2] / size, BOX_FIRST), (*edges[2:] / size, BOX_LAST)
    slot = 2
    if rng.random() < 0.33:
        slot = add(points, slot, inside(mask, rng), CLICK, size)
        if rng.random() < options.negative * 2:
            slot = add(points, slot, beside(mask, known, rng), NEGATIVE, size)
    return points
