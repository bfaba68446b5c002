"""Fixtures: small photographs with known masks, made by the tests."""
import os
import pathlib
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as __main__ does, before numpy is imported

import cv2
import numpy as np
import pytest
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
torch.set_num_threads(1)
cv2.setNumThreads(1)

# the [network] table of a small EfficientSAM
TINY = {"kind": "efficientsam", "width": 24, "heads": 2, "depth": 2, "embedding": 32, "decoder_depth": 1, "decoder_heads": 4,
        "decoder_mlp": 32, "iou_hidden": 16, "upscaling": [16, 8]}


def picture(number: int, width: int = 96, height: int = 80):
    """A photograph of two objects of clear colours on noise, and its label map (1 = disc, 2 = rectangle)."""
    rng = np.random.default_rng(number)
    image = rng.normal(90, 12, (height, width, 3))
    labels = np.zeros((height, width), np.uint16)
    y, x = np.mgrid[0:height, 0:width]
    disc = (x - rng.integers(28, 40)) ** 2 + (y - rng.integers(25, height - 25)) ** 2 < rng.integers(16, 20) ** 2
    left, top = int(rng.integers(60, 66)), int(rng.integers(12, 30))
    labels[disc] = 1
    labels[top : top + int(rng.integers(25, 40)), left : left + int(rng.integers(18, 26))] = 2
    for value, colour in ((1, (40, 60, 220)), (2, (220, 200, 50))):
        image[labels == value] = np.array(colour) + rng.normal(0, 10, (int((labels == value).sum()), 3))
    return np.clip(image, 0, 255).astype(np.uint8), labels


def write_pictures(folder: pathlib.Path, count: int):
    """Writes photographs and their label maps as the reader `folder` wants them."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(count):
        image, labels = picture(number)
        cv2.imwrite(str(folder / "images" / f"{number}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), labels)


@pytest.fixture
def make_photos():
    """make_photos(count, kind=..., set=...) -> store.Photo list."""
    from edgeseg_training import store
    from edgeseg_training.datasets import Layer, Record

    def make(count, kind="instances", set="made", licence="MIT", keep=(1, 2), decoded=True):
        photos = []
        for number in range(count):
            image, labels = picture(number)
            labels = np.where(np.isin(labels, keep), labels, 0).astype(np.uint16)
            data = cv2.imencode(".png", image)[1].tobytes()
            photos.append(store.prepare(Record(f"{set}_{number}", set, licence, data, [Layer(kind, labels)]), 320, decoded))
        return photos

    return make


@pytest.fixture
def make_recipe(tmp_path):
    """make_recipe(text='', **sections) -> recipe.Recipe of a file in the test's folder."""
    from edgeseg_training import recipe

    def make(text="", **changes):
        path = tmp_path / "recipe.toml"
        path.write_text(text, encoding="utf-8")
        return recipe.load(path, changes=changes)

    return make
