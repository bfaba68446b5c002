"""COCO run lengths, compressed, to bitmaps. Needs NumPy only."""

import numpy as np

MAX_PIXELS = 1 << 26
"""Largest bitmap, in pixels: more than any camera of EdgeSeg has."""

_MAX_DIGITS = 7
"""Characters of the longest number: a difference of two runs has at most 33 bits with its sign."""


def decode_runs(counts):
    """Return the run lengths of a compressed string as a list of integers.

    Each number is written five bits at a time, lowest first, in the characters 48 to 111. Bit 5 means that more
    follow, bit 4 of the last group is the sign. From the fourth number on, the difference to the run before last
    is stored.

    Raises ValueError when `counts` is not such a string.
    """
    runs = []
    value = digits = 0
    for character in counts:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ValueError(f"{character!r} is no character of run lengths")
        value |= (code & 31) << (5 * digits)
        digits += 1
        if digits > _MAX_DIGITS:
            raise ValueError("a run length is too long")
        if code & 32:
            continue
        if code & 16:
            value -= 1 << (5 * digits)
        if len(runs) > 2:
            value += runs[-2]
        if value < 0:
            raise ValueError("a run length is negative")
        runs.append(value)
        value = digits = 0
    if digits:
        raise ValueError("the run lengths end within a number")
    return runs


def decode(counts, height, width):
    """Return the mask as an array of uint8, shape (height, width), 255 on the object and 0 elsewhere.

    `counts` holds runs of unset and set pixels in turn, column by column, beginning with unset.

    Raises ValueError when the size is out of bounds or the runs do not add up to it.
    """
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise ValueError(f"a mask of {width} x {height} pixels is out of bounds")
    runs = decode_runs(counts)
    if sum(runs) != height * width:
        raise ValueError(f"the run lengths add up to {sum(runs)}, not to {width} x {height} pixels")
    values = np.zeros(len(runs), np.uint8)
    values[1::2] = 255
    columns = np.repeat(values, runs).reshape(width, height)
    return np.ascontiguousarray(columns.T)
