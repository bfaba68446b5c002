"""Mask messages of the service, and bad ones."""

import json

import pytest

from edgeseg_ros import mask_message
from edgeseg_ros.mask_message import MaskError, parse


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_found_object_has_its_pixels_and_its_box(payloads, name):
    """Area, box and centroid, which the service computes from its bitmap, agree with the decoded pixels."""
    raw = json.loads(payloads[name])
    reading = parse(payloads[name])
    assert (reading.device, reading.camera, reading.id) == ("robot-7", "front", raw["id"])
    assert reading.mask.shape == (reading.height, reading.width) == tuple(reversed(raw["image"]))
    rows, columns = reading.mask.nonzero()
    assert len(rows) == raw["area"]
    left, top, width, height = reading.box
    assert (columns.min(), rows.min()) == (left, top)
    assert (columns.max() - left + 1, rows.max() - top + 1) == (width, height)
    assert raw["centroid"] == pytest.approx([columns.mean() + 0.5, rows.mean() + 0.5], abs=0.51)
    assert reading.score == raw["score"]


def test_a_picture_without_an_object_is_an_empty_mask(payloads):
    """No object: no box, and a bitmap of the picture's size without a set pixel."""
    reading = parse(payloads["plain"])
    assert not reading.found
    assert reading.box is None
    assert reading.mask.shape == (120, 160)
    assert not reading.mask.any()


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01.5Z", 1_500_000_000),
        ("2026-11-29T15:02:22.2197284Z", 1_795_964_542_219_728_400),
        ("2028-02-29T23:59:59.999999999Z", 1_835_481_599_999_999_999),
        ("2038-01-19T03:14:07.999999999Z", 2_147_483_647_999_999_999),
    ],
)
def test_times_keep_their_fractions(text, nanoseconds):
    """Ticks of 100 ns survive, which floating point would lose."""
    assert mask_message.utc_nanoseconds(text) == nanoseconds


def test_the_time_of_a_message_is_that_of_the_capture(payloads):
    """The stamp is captured_utc."""
    assert parse(payloads["chelsea"]).captured_ns == 1_795_964_542_219_728_400


def test_a_mask_that_was_left_out_leaves_the_box(payloads):
    """A message without pixels is read: the device left them out because of their size."""
    raw = json.loads(payloads["chelsea"])
    raw["mask"], raw["mask_omitted"] = None, "too_large"
    reading = parse(json.dumps(raw).encode())
    assert reading.found
    assert reading.mask is None
    assert list(reading.box) == raw["box"]


def test_a_followed_object_has_the_id_of_its_track(payloads):
    """The id is that of the track, the same in every frame."""
    raw = json.loads(payloads["chelsea"])
    raw["track"] = {"id": "cat-1", "age": 3, "state": "tracking"}
    assert parse(json.dumps(raw).encode()).id == "cat-1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"v": 2}, "version 1"),
        ({"device": "Robot 7"}, "device is no id"),
        ({"camera": "../x"}, "camera is no id"),
        ({"captured_utc": "2026-02-30T00:00:00Z"}, "captured_utc"),
        ({"captured_utc": "2026-11-29 15:02:22"}, "no time in UTC"),
        ({"image": [451]}, "image is not 2 whole numbers"),
        ({"image": [451, -300]}, "image is not 2 whole numbers"),
        ({"image": [1 << 20, 1 << 20]}, "out of bounds"),
        ({"found": 1}, "found is missing or of a wrong type"),
        ({"score": True}, "score is missing or of a wrong type"),
        ({"captured_utc": "1969-12-31T23:59:59Z"}, "captured_utc .* out of bounds"),
        ({"captured_utc": "2038-01-19T03:14:08Z"}, "captured_utc .* out of bounds"),
        ({"captured_utc": "9999-12-31T23:59:59Z"}, "captured_utc .* out of bounds"),
        ({"score": 10**400}, "score is not between 0 and 1"),
        ({"score": 1.001}, "score is not between 0 and 1"),
        ({"score": -0.001}, "score is not between 0 and 1"),
        ({"score": float("nan")}, "score is not between 0 and 1"),
        ({"score": float("inf")}, "score is not between 0 and 1"),
        ({"box": None}, "box is missing"),
        ({"box": [0, 0, 1 << 31, 1]}, "box is not 4 whole numbers"),
        ({"box": [10**400, 0, 1, 1]}, "box is not 4 whole numbers"),
        ({"id": "\ud800"}, "id is no text"),
        ({"track": {"id": "\ud800", "age": 1, "state": "tracking"}}, "id is no text"),
        ({"mask": {"format": "png"}}, "coco_rle"),
        ({"mask": {"format": "coco_rle", "size": [1, 1], "counts": "1"}}, "not that of the image"),
        ({"mask": {"format": "coco_rle", "size": [300, 451], "counts": "1"}}, "add up to 1"),
    ],
)
def test_a_bad_field_is_named(payloads, change, reason):
    """Each wrong field is refused with a sentence that names it."""
    raw = {**json.loads(payloads["chelsea"]), **change}
    with pytest.raises(MaskError, match=reason):
        parse(json.dumps(raw).encode())


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b"{}", b" " * (1 << 21)])
def test_what_is_no_message_is_refused(payload):
    """No payload raises anything but MaskError."""
    with pytest.raises(MaskError):
        parse(payload)


def test_every_message_without_one_of_its_fields_is_read_or_refused(payloads):
    """Leaving out any one field raises nothing but MaskError."""
    raw = json.loads(payloads["chelsea"])
    for name in raw:
        rest = {key: value for key, value in raw.items() if key != name}
        try:
            parse(json.dumps(rest).encode())
        except MaskError:
            continue
