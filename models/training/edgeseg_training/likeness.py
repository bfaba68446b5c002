"""Perceptual hashes: photographs that look alike have hashes that differ in few bits."""
import cv2
import numpy as np


def dhash(image: np.ndarray) -> int:
    """64 bits of an image (uint8 [H,W,3] or [H,W]): whether each cell of 8 x 8 is brighter than its right neighbour."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    cells = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
    return int.from_bytes(np.packbits(cells[:, :-1] > cells[:, 1:]).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """Bits that differ, 0 to 64."""
    return (one ^ other).bit_count()


def without_repeats(hashes: list[int], reach: int) -> list[int]:
    """Indices of entries that differ from all kept ones before them in more than `reach` bits."""
    kept: list[int] = []
    for index, value in enumerate(hashes):
        if all(distance(value, hashes[other]) > reach for other in kept):
            kept.append(index)
    return kept
