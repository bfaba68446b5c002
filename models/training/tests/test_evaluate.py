"""The protocol of `evaluate`: its parts, and the same figures as `edgeseg eval`."""
import json
import os
import pathlib
import subprocess

import cv2
import numpy as np
import pytest

from edgeseg_training import datasets, evaluate, segment
from edgeseg_training.datasets import IGNORE, Layer, Record
from edgeseg_training.prompts import BOX_FIRST, CLICK

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SIZE = 64


def disc(height, width, x, y, radius):
    rows, columns = np.mgrid[:height, :width]
    return (columns + .5 - x) ** 2 + (rows + .5 - y) ** 2 < radius ** 2


class Bright:
    """A model that knows one thing: what is bright. The first mask is exact, the second is its left part, the third is empty."""

    def __init__(self):
        self.seen = []

    def __call__(self, image, points):
        self.seen.append(points[points[:, 2] >= 0, 2].astype(int).tolist())
        small = cv2.resize(image[..., 1], (SIZE // 2, SIZE // 2), interpolation=cv2.INTER_AREA).astype(np.float32)
        exact = (small - 128) / 8
        middle = np.median(np.nonzero(exact > 0)[1]) if (exact > 0).any() else 0
        left = np.where(np.arange(SIZE // 2) < middle, exact, -9).astype(np.float32)
        return np.stack([exact, left, np.full_like(exact, -9)]), np.float32([.9, .8, .7]), exact


def photograph(height=120, width=160):
    """A bright disc on dark ground."""
    truth = disc(height, width, 100, 60, 25)
    return np.repeat(np.where(truth, 230, 20).astype(np.uint8)[..., None], 3, 2), truth


def test_prompts_windows_and_masks_are_the_services():
    image, truth = photograph()
    model = Bright()
    segmenter = segment.Segmenter(model, SIZE)
    segmenter.set_image(image)
    answer, index = segmenter.click(100, 60)
    assert model.seen == [[CLICK], [CLICK]] and index == 0
    left, top, right, bottom = answer.window
    assert (left, right) == (pytest.approx(100 - 40, abs=4), pytest.approx(100 + 40, abs=4)) and bottom - top >= 64
    assert segment.iou(answer.mask(0, 120, 160), truth) > .97
    whole = segment.Segmenter(Bright(), SIZE, zoom=False)
    whole.set_image(image)
    assert segment.iou(whole.click(100, 60)[0].mask(0, 120, 160), truth) < segment.iou(answer.mask(0, 120, 160), truth)
    answer, index = segmenter.box(75, 35, 125, 85)
    assert model.seen[-1][0] == BOX_FIRST and answer.window == (62, 22, 138, 98)
    saliency, (answer, index) = segmenter.automatic()
    assert index == 0 and len(model.seen[-1]) == 5 and saliency.shape == (SIZE // 2, SIZE // 2)
    assert segment.iou(answer.mask(index, 120, 160), truth) > .95
    strict = segment.Segmenter(Bright(), SIZE, floor=(.9999, 1.0))
    strict.set_image(np.full_like(image, 20))
    assert strict.automatic()[1] is None


def test_a_crop_is_looked_at_with_pictures_of_512_px_and_less():
    assert [segment.Segmenter(Bright(), side).zoom for side in (192, 512, 513, 1024)] == [True, True, False, False]


def test_clicks_of_a_blob_lie_on_it():
    ring = disc(40, 40, 20, 20, 18) & ~disc(40, 40, 20, 20, 9)
    clicks = segment.blob_clicks(ring)
    assert len(clicks) == 5 and all(ring[int(y), int(x)] for x, y in clicks)


def test_figures_of_a_perfect_and_of_a_hidden_object():
    image, truth = photograph()
    labels = truth.astype(np.uint16)
    labels[:, 140:] = IGNORE
    data = cv2.imencode(".png", image)[1].tobytes()
    small = np.zeros_like(labels)
    small[:3, :3] = 1
    records = [Record("a", "one", "", data, [Layer("salient", labels)]), Record("b", "one", "", b"no picture", [Layer("salient", labels)]),
               Record("c", "one", "", data, [Layer("regions", labels)]), Record("d", "two", "", data, [Layer("instances", small)])]
    problems = datasets.Problems()
    figures = evaluate.evaluate(segment.Segmenter(Bright(), SIZE), records, problems=problems, progress=False)
    assert list(figures) == ["one"] and figures["one"]["n"] == 1 and sum(problems.counts.values()) == 1
    for name in ("click", "click_best3", "box", "auto", "saliency_max_f"):
        assert figures["one"][name] > .95, name
    assert figures["one"]["saliency_mae"] < .05
    assert "0.9" in evaluate.table(figures)


def run_lengths(mask):
    """COCO's run lengths as numbers."""
    flat = np.concatenate([[False], mask.T.ravel(), [not mask.T.ravel()[-1]]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate([[0], changes])).tolist()
    return runs if not sum(runs) % mask.size else [*runs, mask.size - sum(runs)]


def is_tied(segmenter) -> bool:
    """Whether two masks of the automatic mode are equally good: then the last digits decide, and two programs may take another one."""
    saliency, (answer, _) = segmenter.automatic()
    region = segmenter.sample(segment.salient_blob(saliency), answer)
    ranks = sorted(float(predicted) * segment.iou(logits > 0, region) for predicted, logits in zip(answer.iou, answer.logits))
    return ranks[-1] - ranks[-2] < .005


def test_figures_equal_those_of_edgeseg_eval(tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    program = os.environ.get("EDGESEG_BINARY", "")
    if not program:
        pytest.skip("EDGESEG_BINARY names no program: ./build.sh test does")
    bundle = REPOSITORY / "models" / "squeezesam"
    segmenter = evaluate.open_model(bundle, "fp32")
    records, images, annotations = [], [], []
    for file in sorted((REPOSITORY / "deploy" / "demo").glob("*.jpg")):
        image = cv2.imread(str(file))
        height, width = image.shape[:2]
        segmenter.set_image(image)
        if is_tied(segmenter):
            continue
        labels = np.zeros((height, width), np.uint16)
        # objects that the model sees: the truth is its own answer to a box, without a part
        for value, box in enumerate(((.25, .2, .75, .8), (.05, .1, .4, .5)), 1):
            answer, index = segmenter.box(*(np.array(box) * (width, height, width, height)))
            mask = answer.mask(index, height, width)
            mask[:, ::9] = False
            labels[mask] = value
        images.append({"id": len(images), "file_name": file.name, "width": width, "height": height})
        records.append(Record(file.stem, "demo", "", file, [Layer("salient", labels)]))
        for value in np.unique(labels[labels > 0]):
            if (labels == value).mean() >= evaluate.SMALLEST:
                annotations.append({"id": len(annotations), "image_id": images[-1]["id"], "category_id": 1, "kind": "salient", "iscrowd": 0,
                                    "segmentation": {"size": [height, width], "counts": run_lengths(labels == value)}})
    table = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "demo"}]}
    (tmp_path / "coco.json").write_text(json.dumps(table))
    ours = evaluate.evaluate(segmenter, records, progress=False)["demo"]
    words = ["--annotations", str(tmp_path / "coco.json"), "--images", str(REPOSITORY / "deploy" / "demo"), "--model", str(bundle)]
    words += ["--precision", "fp32", "--json", str(tmp_path / "eval.json")]
    subprocess.run([program, "eval", *words], check=True, stdout=subprocess.DEVNULL)
    theirs = json.loads((tmp_path / "eval.json").read_text())["sets"]["demo"]
    assert len(records) >= 3 and ours["n"] == theirs["n"] == len(annotations)
    for name in ("click", "click_best3", "box", "auto", "saliency_max_f", "saliency_mae"):
        assert ours[name] == pytest.approx(theirs[name], abs=.003), name
