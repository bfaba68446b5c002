import cv2
import numpy as np
import pytest
from conftest import picture

from edgeseg_training import data_pack, datasets, likeness, recipe
from edgeseg_training.__main__ import main
from edgeseg_training.datasets import IGNORE, Layer, Record


def records(count, set="made", licence="MIT", same=False):
    for number in range(count):
        image, labels = picture(1 if same else number)
        labels[0, 0] = IGNORE
        data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
        yield Record(f"{set}{number}", set, licence, data, [Layer("instances", labels)])


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """packed(records, *options) -> the folder after `data pack`."""
    def make(given, *options, text=""):
        path = tmp_path / "r.toml"
        path.write_text(text + f'\n[[source]]\npath = "{tmp_path}"\n')
        read = datasets.read
        monkeypatch.setattr(datasets, "read", lambda *_, **__: iter(given))
        assert main(["data", "pack", str(path), "--out", str(tmp_path / "out"), *options]) == 0
        monkeypatch.setattr(datasets, "read", read)
        return tmp_path / "out"

    return make


def read_back(folder):
    problems = datasets.Problems()
    found = [each for path in sorted(folder.glob("train-*.tar.gz")) for each in datasets.read("shards", str(path), problems)]
    assert not problems.counts
    return {each.id: each for each in found}


def test_packed_photographs_are_read_back_with_their_masks(packed):
    given = list(records(5)) + list(records(3, "other", "none stated"))
    found = read_back(packed(given, "--side", "96"))
    assert set(found) == {f"made{number}" for number in range(5)}
    for each in given[:5]:
        again = found[each.id]
        assert (again.licence, again.set, again.layers[0].kind) == ("MIT", "made", "instances")
        assert (again.layers[0].decode() == each.layers[0].decode()).all()
        image = cv2.imdecode(np.frombuffer(again.image_bytes(), np.uint8), cv2.IMREAD_COLOR).astype(int)
        wanted = cv2.imdecode(np.frombuffer(each.image_bytes(), np.uint8), cv2.IMREAD_COLOR)
        assert np.abs(image - wanted).mean() < 12


def test_near_duplicates_are_packed_once(packed, capsys):
    assert len(read_back(packed(list(records(4, same=True))))) == 1
    assert "1 packed of 4 (3 near-duplicates)" in capsys.readouterr().out


def test_the_same_input_gives_the_same_bytes(packed):
    given = list(records(4))
    one = (packed(given) / "train-0.tar.gz").read_bytes()
    two = (packed(given) / "train-0.tar.gz").read_bytes()
    assert one[10:] == two[10:]  # gzip's head has the time


def test_the_limit_thins_the_sets_that_are_seen_seldom():
    def photos(count):
        return [data_pack.Packed({"set": "x"}, b"x" * 800, [], 0) for _ in range(count)]

    data = recipe.Data(weights={"much": 2.0, "little": 0.5})
    found = data_pack.fit({"much": photos(100), "little": photos(100)}, data, 100 * 1000)
    assert 95 <= sum(map(len, found.values())) <= 100
    assert len(found["much"]) == pytest.approx(4 * len(found["little"]), abs=4)


def test_hashes_of_alike_pictures_are_near():
    image, other = picture(1)[0], picture(6)[0]
    brighter = np.clip(image.astype(int) + 12, 0, 255).astype(np.uint8)
    assert likeness.distance(likeness.dhash(image), likeness.dhash(brighter)) <= data_pack.ALIKE
    assert likeness.distance(likeness.dhash(image), likeness.dhash(other)) > data_pack.ALIKE
    assert likeness.without_repeats([0, 1, 255, 0], 2) == [0, 2]
