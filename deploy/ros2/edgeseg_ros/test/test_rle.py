"""Run lengths against what the service wrote, and bad input."""

import json

import numpy as np
import pytest

from edgeseg_ros import rle


@pytest.mark.parametrize("name", ["chelsea", "coffee"])
def test_a_mask_of_the_service_is_its_bitmap(payloads, bitmap, name):
    """The decoded message equals the PNG that the program wrote, pixel for pixel."""
    mask = json.loads(payloads[name])["mask"]
    decoded = rle.decode(mask["counts"], *mask["size"])
    assert decoded.dtype == np.uint8
    assert set(np.unique(decoded)) == {0, 255}
    np.testing.assert_array_equal(decoded > 0, bitmap(name))


@pytest.mark.parametrize(
    ("counts", "size", "pixels"),
    [
        ("1", (1, 1), [[0]]),
        ("01", (1, 1), [[255]]),
        # runs 1, 2, 1 down the columns of a 2 x 2 picture
        ("121", (2, 2), [[0, 255], [255, 0]]),
        # runs 1, 1, 1, 3: the fourth is stored as its difference to the second
        ("1112", (3, 2), [[0, 255], [255, 255], [0, 255]]),
    ],
)
def test_small_masks_by_hand(counts, size, pixels):
    """Runs go down the columns and begin with unset pixels."""
    assert rle.decode(counts, *size).tolist() == pixels


@pytest.mark.parametrize(
    ("counts", "size", "reason"),
    [
        ("", (1, 1), "add up to 0"),
        ("2", (1, 1), "add up to 2"),
        ("\x1f", (1, 1), "no character"),
        ("p", (1, 1), "no character"),
        ("P", (1, 1), "end within"),
        ("PPPPPPPP0", (1, 1), "too long"),
        ("O", (1, 1), "negative"),
        ("1", (0, 1), "out of bounds"),
        ("1", (1 << 20, 1 << 20), "out of bounds"),
    ],
)
def test_bad_counts_are_named(counts, size, reason):
    """A text that is no mask of this size is refused with the reason."""
    with pytest.raises(ValueError, match=reason):
        rle.decode(counts, *size)
