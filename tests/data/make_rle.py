#!/usr/bin/env python3
"""COCO run-length strings of a few shapes, for tests/EdgeSeg.Tests/Masks/RunLengthTests.cs.

    make_rle.py                 prints shape, width, height, counts
    make_rle.py --check FILE    exits 1 unless FILE holds every one of the counts

Uses pycocotools where it can be imported; else a small reference of our own, written from the format's
description (column-major runs beginning with unset pixels; differences from the fourth on; five bits a
character). It says on stderr which of the two made the strings. Needs numpy.
"""
import sys
import numpy as np

try:
    from pycocotools import mask as coco
except ImportError:
    coco = None

SHAPES = {
    "disc": lambda x, y, w, h: (2 * x - w) ** 2 * h * h + (2 * y - h) ** 2 * w * w < (w * h) ** 2 * 3 // 4,
    "ring": lambda x, y, w, h: ((x - w // 2) ** 2 + (y - h // 2) ** 2) // 100 % 3 == 1,
    "weave": lambda x, y, w, h: (x * x + 3 * y * y + x * y) % 7 < 3,
    "stairs": lambda x, y, w, h: (x + 5 * y) % 64 < 20,
    "full": lambda x, y, w, h: x >= 0,
    "empty": lambda x, y, w, h: x < 0,
}
CASES = [("disc", 65, 63), ("disc", 130, 197), ("ring", 70, 40), ("weave", 9, 7), ("weave", 63, 4), ("stairs", 64, 30),
         ("full", 1, 1), ("full", 25, 25), ("full", 640, 480), ("empty", 1, 1), ("empty", 1920, 1080)]


def pixels(shape, w, h):
    y, x = np.mgrid[:h, :w].astype(np.int64)
    return SHAPES[shape](x, y, w, h)


def reference(m):
    flat = np.concatenate(([0], m.T.ravel().astype(np.int8)))
    edges = np.flatnonzero(np.diff(flat))
    runs = np.diff(np.concatenate(([0], edges, [m.size]))).tolist()
    text = []
    for i, run in enumerate(runs):
        number = run - runs[i - 2] if i > 2 else run
        bits = 5
        while not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
            bits += 5
        for at in range(0, bits, 5):
            text.append(chr(48 + (number >> at & 31) + (32 if at + 5 < bits else 0)))
    return "".join(text)


def main():
    print("made by pycocotools" if coco else "made by this file's own reference: pycocotools is not installed", file=sys.stderr)
    held = open(sys.argv[2]).read() if sys.argv[1:2] == ["--check"] else None
    missing = 0
    for shape, w, h in CASES:
        m = pixels(shape, w, h)
        counts = coco.encode(np.asfortranarray(m.astype(np.uint8)))["counts"].decode() if coco else reference(m)
        if held is None:
            print(shape, w, h, counts)
        elif counts not in held:
            missing += 1
            print(f"{shape} {w}x{h}: other counts than in {sys.argv[2]}")
    return missing > 0


if __name__ == "__main__":
    sys.exit(main())
