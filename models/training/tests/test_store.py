import functools

import cv2
import numpy as np
import pytest
from conftest import picture

from edgeseg_training import UserError, datasets, licences, recipe, store
from edgeseg_training.datasets import IGNORE, Layer, Record


@pytest.mark.parametrize("text, kind", [
    ("CC BY 4.0", "permissive"), ("Clothing Co-Parsing: Apache-2.0 file", "permissive"), ("MIT (repositories)", "permissive"),
    ("Public Domain (Roboflow README); repository MIT", "permissive"), ("Oxford-IIIT Pet: CC BY-SA 4.0", "share-alike"),
    ("COCO: annotations CC BY 4.0; Flickr photos", "flickr-mixed"), ("repo MIT; VOC photos Flickr terms", "flickr-mixed"),
    ("repo MIT; ECSSD research set", "research"), ("BSDS500: non-commercial research and education", "research"),
    ("CC BY-NC 4.0", "research"), ("none stated", "unknown"), ("", "unknown"), ("all rights reserved", "unknown"),
])
def test_licences_have_a_class(text, kind):
    assert licences.classify(text) == kind


def broken(reason):
    raise ValueError(reason)


def test_what_cannot_be_read_is_named_and_left_out(tmp_path, monkeypatch):
    image, labels = picture(1)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    records = [
        Record("good", "a", "MIT", data, [Layer("instances", labels)]),
        Record("not_an_image", "a", "MIT", b"text", []),
        Record("no_file", "a", "MIT", tmp_path / "absent.jpg", []),
        Record("broken_mask", "a", "MIT", data, [Layer("instances", functools.partial(broken, "cut short"))]),
        Record("other_size", "a", "MIT", data, [Layer("instances", labels[:10])]),
        Record("not_allowed", "b", "none stated", data, []),
    ]
    monkeypatch.setattr(datasets, "read", lambda *_, **__: iter(records))
    for processes in (1, 2):
        photos, problems, left_out = store.load([recipe.Source(str(tmp_path))], recipe.Data(), processes)
        assert [photo.id for photo in photos] == ["good"]
        text = "\n".join(problems.lines())
        for name in ("not_an_image", "no_file", "broken_mask", "other_size"):
            assert name in text
        assert left_out == {("b", "licence of class 'unknown'"): 1}


def test_nothing_to_train_on_is_an_error_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "read", lambda *_, **__: iter([Record("x", "b", "unknown", b"", [])]))
    with pytest.raises(UserError, match="licence of class 'unknown'"):
        store.load([recipe.Source(str(tmp_path))], recipe.Data(), 1)


def test_large_photographs_are_reduced_with_their_masks():
    image, labels = picture(2, 400, 200)
    labels[0, 0] = IGNORE
    data = cv2.imencode(".png", image)[1].tobytes()
    for decoded in (False, True):
        photo = store.prepare(Record("x", "a", "MIT", data, [Layer("instances", labels)]), 200, decoded)
        assert photo.pixels().shape == (100, 200, 3) and photo.labels(0).shape == (100, 200)
        values = {each.value for each in photo.segments}
        assert values <= {1, 2} and values
        left, top, right, bottom = photo.segments[0].box
        here = photo.labels(0) == photo.segments[0].value
        assert here[top:bottom, left:right].sum() == here.sum() and here[:, left].any() and here[bottom - 1].any()


def test_small_segments_are_no_targets():
    labels = np.zeros((100, 100), np.uint16)
    labels[0, :3], labels[50:, 50:] = 1, 2
    assert [each.value for each in store.segments_of(labels, 0)] == [2]
