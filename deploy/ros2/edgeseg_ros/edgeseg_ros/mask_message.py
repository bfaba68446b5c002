"""The mask message of EdgeSeg (schema Mask of docs/asyncapi.yaml), read and checked. Needs no ROS."""

import calendar
import json
import re
import time
from dataclasses import dataclass
from typing import Optional, Tuple

import numpy as np

from edgeseg_ros import rle

MAX_BYTES = 1 << 20
"""Largest payload that is read; EdgeSeg's own limit is 128 KiB."""

MAX_INT32 = (1 << 31) - 1
"""Largest whole number, and largest time in seconds: those of the ROS messages end there."""

_ID = re.compile(r"[a-z0-9-]{1,64}")
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


class MaskError(ValueError):
    """The payload is no mask message."""


@dataclass(frozen=True)
class MaskReading:
    """One segmentation: pixels, and where and when they were captured."""

    device: str
    camera: str
    id: str
    """Names the mask; for a followed object the id of its track."""
    captured_ns: int
    """Time of capture, nanoseconds since 1970 (UTC)."""
    clock_synced: bool
    """Whether the device trusted its clock then."""
    width: int
    height: int
    found: bool
    score: float
    box: Optional[Tuple[int, int, int, int]]
    """Left, top, width, height in pixels; None where nothing was found."""
    mask: Optional[np.ndarray]
    """uint8, shape (height, width), 255 on the object; all 0 where nothing was found; None where the device left it
    out because the message would have been too large."""


def utc_nanoseconds(text):
    """Return nanoseconds since 1970 of a time such as 2026-11-24T18:59:49.1234567Z.

    Raises MaskError for any other form, and for a time before 1970 or after MAX_INT32 seconds.
    """
    match = _UTC.fullmatch(text)
    if match is None:
        raise MaskError(f"captured_utc {text!r} is no time in UTC")
    try:
        seconds = calendar.timegm(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise MaskError(f"captured_utc {text!r}: {error}") from None
    if not 0 <= seconds <= MAX_INT32:
        raise MaskError(f"captured_utc {text!r} is out of bounds")
    return seconds * 1_000_000_000 + int((match.group(2) or "0").ljust(9, "0"))


def parse(payload):
    """Return the MaskReading of a payload (bytes).

    Raises MaskError, with the reason, when it is not a mask message of version 1.
    """
    if len(payload) > MAX_BYTES:
        raise MaskError(f"the message has {len(payload)} bytes, more than {MAX_BYTES}")
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise MaskError(f"not JSON: {error}") from None
    if not isinstance(message, dict) or message.get("v") != 1:
        raise MaskError("not a message of version 1")
    width, height = _pair(message, "image")
    found = _field(message, "found", bool)
    track = message.get("track")
    return MaskReading(
        device=_identifier(message, "device"),
        camera=_identifier(message, "camera"),
        id=_name(track if isinstance(track, dict) else message, "id"),
        captured_ns=utc_nanoseconds(_field(message, "captured_utc", str)),
        clock_synced=_field(message, "clock_synced", bool),
        width=width,
        height=height,
        found=found,
        score=_share(message, "score"),
        box=_box(message) if found else None,
        mask=_mask(message, width, height, found),
    )


def _field(message, name, kind):
    value = message.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise MaskError(f"the field {name} is missing or of a wrong type")
    return value


def _identifier(message, name):
    value = _field(message, name, str)
    if not _ID.fullmatch(value):
        raise MaskError(f"the field {name} is no id: {value!r}")
    return value


def _name(message, name):
    value = _field(message, name, str)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MaskError(f"the field {name} is no text: {value!r}") from None
    return value


def _share(message, name):
    value = _field(message, name, (int, float))
    # NaN is in no interval
    if not 0 <= value <= 1:
        raise MaskError(f"the field {name} is not between 0 and 1")
    return float(value)


def _integers(message, name, count):
    values = _field(message, name, list)
    if len(values) != count or not all(type(value) is int and 0 <= value <= MAX_INT32 for value in values):
        raise MaskError(f"the field {name} is not {count} whole numbers between 0 and {MAX_INT32}")
    return tuple(values)


def _pair(message, name):
    width, height = _integers(message, name, 2)
    if width < 1 or height < 1 or width * height > rle.MAX_PIXELS:
        raise MaskError(f"the size of {name}, {width} x {height}, is out of bounds")
    return width, height


def _box(message):
    return _integers(message, "box", 4)


def _mask(message, width, height, found):
    if not found:
        return np.zeros((height, width), np.uint8)
    mask = message.get("mask")
    if mask is None:
        return None
    if not isinstance(mask, dict) or mask.get("format") != "coco_rle":
        raise MaskError("the field mask is not of format coco_rle")
    if _integers(mask, "size", 2) != (height, width):
        raise MaskError("the size of the mask is not that of the image")
    try:
        return rle.decode(_field(mask, "counts", str), height, width)
    except ValueError as error:
        raise MaskError(f"mask: {error}") from None
