import cv2
import numpy as np
import pytest

from edgeseg_training import augment, clicks, recipe
from edgeseg_training.prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE, UNUSED

SEEDS = range(40)


def tiles():
    """Nine segments of 20 x 20 pixels that touch."""
    y, x = np.mgrid[0:60, 0:60]
    return (1 + x // 20 + 3 * (y // 20)).astype(np.uint16)


def disc(size=64, x=30, y=34, radius=12):
    columns, rows = np.meshgrid(np.arange(size), np.arange(size))
    return (columns - x) ** 2 + (rows - y) ** 2 < radius**2


@pytest.mark.parametrize("seed", SEEDS)
def test_a_merged_mask_is_the_union_of_whole_neighbours(seed):
    labels = tiles()
    mask = augment.merge(labels, 5, np.random.default_rng(seed))
    values = set(np.unique(labels[mask]))
    assert 5 in values and 2 <= len(values) <= 4
    assert (mask == np.isin(labels, list(values))).all()
    assert values - {5} <= set(augment.neighbours(labels, 5))


def test_neighbours_touch():
    assert set(augment.neighbours(tiles(), 1)) == {2, 4, 5}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outlier_lies_off_the_object_on_known_background(seed):
    mask, known = disc(), np.ones((64, 64), bool)
    known[:, :10] = False
    x, y = augment.outlier(mask, known, np.random.default_rng(seed))
    assert not mask[y, x] and known[y, x]


def test_no_outlier_where_the_object_fills_the_view():
    assert augment.outlier(np.ones((8, 8), bool), np.ones((8, 8), bool), np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_crop_holds_the_object_and_lies_in_the_photograph(seed):
    box = (30, 20, 130, 80)
    left, top, right, bottom = augment.crop_around(box, 320, 240, (1.2, 2.4), np.random.default_rng(seed))
    assert 0 <= left <= box[0] and 0 <= top <= box[1] and box[2] <= right <= 320 and box[3] <= bottom <= 240
    assert 1.2 * 100 - 1 <= right - left <= 2.4 * 100 + 1
    assert 1.2 * 60 - 1 <= bottom - top <= 2.4 * 60 + 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wide_view_holds_the_object(seed):
    box = (0, 200, 300, 240)
    left, top, right, bottom = augment.wide_view(box, 320, 240, np.random.default_rng(seed))
    assert left <= box[0] and top <= box[1] and right >= box[2] and bottom >= box[3]
    assert 0 <= left and 0 <= top and right <= 320 and bottom <= 240


@pytest.mark.parametrize("seed", SEEDS)
def test_a_pasted_object_is_where_its_mask_says(seed):
    image, background = np.full((64, 64, 3), 250, np.uint8), np.zeros((128, 128, 3), np.uint8)
    pasted, mask = augment.paste(image, disc(), background, np.random.default_rng(seed))
    assert mask.any() and pasted[mask].mean() > 200
    far = np.ones_like(mask)
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    far[max(0, rows[0] - 4) : rows[-1] + 5, max(0, columns[0] - 4) : columns[-1] + 5] = False
    assert (pasted[far] == 0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_empty_crop_holds_no_object(seed):
    area = augment.empty_crop(disc(), np.random.default_rng(seed))
    if area is not None:
        left, top, right, bottom = area
        assert not disc()[top:bottom, left:right].any() and right > left and bottom > top


def test_there_is_no_empty_crop_of_a_full_photograph():
    assert augment.empty_crop(np.ones((40, 40), bool), np.random.default_rng(1)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_texture_is_a_picture(seed):
    made = augment.texture(64, np.random.default_rng(seed))
    assert made.shape == (64, 64, 3) and made.dtype == np.uint8


def test_a_rotation_keeps_the_middle_and_marks_what_comes_from_outside():
    labels = disc(x=32, y=32).astype(np.uint16)
    image = np.repeat(labels.astype(np.uint8)[..., None] * 200, 3, 2)
    turned, (map,) = augment.rotated(image, [labels], 20)
    assert map[32, 32] == 1 and map[0, 0] == 65535
    assert turned[32, 32, 0] == 200


@pytest.mark.parametrize("seed", SEEDS)
def test_clicks_lie_on_the_object_and_negative_ones_do_not(seed):
    mask, known = disc(), np.ones((64, 64), bool)
    points = clicks.clicks(mask, known, recipe.Augment(outlier=0.0, negative=1.0), np.random.default_rng(seed))
    labels = set(points[:, 2])
    assert CLICK in labels and labels <= {UNUSED, NEGATIVE, CLICK}
    for x, y, label in points:
        if label != UNUSED:
            assert mask[int(y * 64), int(x * 64)] == (label == CLICK)


@pytest.mark.parametrize("seed", SEEDS)
def test_outliers_and_negative_clicks_can_be_switched_off(seed):
    mask, known = disc(), np.ones((64, 64), bool)
    points = clicks.clicks(mask, known, recipe.Augment(outlier=0.0, negative=0.0), np.random.default_rng(seed))
    for x, y, label in points:
        assert label == UNUSED or label == CLICK and mask[int(y * 64), int(x * 64)]


def test_an_outlier_is_one_click_of_three_or_more():
    mask, known, counts = disc(), np.ones((64, 64), bool), []
    for seed in range(200):
        points = clicks.clicks(mask, known, recipe.Augment(outlier=1.0, negative=0.0), np.random.default_rng(seed))
        used = points[points[:, 2] == CLICK]
        off = sum(not mask[int(y * 64), int(x * 64)] for x, y, _ in used)
        assert off == (len(used) >= 3)
        counts.append(off)
    assert 0 < sum(counts) < 200


@pytest.mark.parametrize("seed", SEEDS)
def test_a_box_is_near_the_objects(seed):
    points = clicks.box(disc(), np.ones((64, 64), bool), recipe.Augment(), np.random.default_rng(seed))
    assert points[0, 2] == BOX_FIRST and points[1, 2] == BOX_LAST
    edges = np.array([*points[0, :2], *points[1, :2]]) * 64
    assert np.abs(edges - [19, 23, 42, 46]).max() < 0.3 * 23
    assert (points[:2, :2] >= 0).all() and (points[:2, :2] <= 1).all()


def test_a_made_shape_is_where_its_mask_says_and_differs_from_its_background():
    made = [augment.shape(np.full((96, 96, 3), 90, np.uint8), np.random.default_rng(seed)) for seed in range(40)]
    found = [each for each in made if each is not None]
    assert len(found) > 20
    for image, mask in found:
        assert image.shape == (96, 96, 3) and 0.005 < mask.mean() < 0.7
        assert np.abs(image[mask].mean(0) - 90).max() >= 40
        far = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
        assert (image[far] == 90).all()
