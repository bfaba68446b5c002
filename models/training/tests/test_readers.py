"""Readers against small fixtures: what they give, and that broken items are counted and named."""
import io
import json
import tarfile

import cv2
import numpy as np
import pytest

from edgeseg_training import UserError, datasets, licences
from edgeseg_training.datasets import IGNORE, label_maps

HEIGHT, WIDTH = 20, 30


def png(values):
    return cv2.imencode(".png", values)[1].tobytes()


def write_photograph(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.RandomState(seed).randint(0, 256, (HEIGHT, WIDTH, 3), np.uint8))


def read(format, path, **options):
    problems = datasets.Problems()
    return list(datasets.read(format, str(path), problems, **options)), problems


def squares():
    """Object 1 at the left, object 2 at the right, unknown pixels at the bottom."""
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[2:10, 2:10], labels[4:12, 15:25], labels[18:] = 1, 2, 255
    return labels


def indexed_png(labels):
    """An indexed PNG with VOC's palette, as a colour decoder sees it."""
    import zlib

    def part(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    palette = bytearray()
    for index in range(256):
        colour = [0, 0, 0]
        for bit in range(8):
            for channel in range(3):
                colour[channel] |= (index >> (3 * bit + channel) & 1) << (7 - bit)
        palette += bytes(colour)
    header = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big") + bytes([8, 3, 0, 0, 0])
    rows = b"".join(b"\0" + row.tobytes() for row in labels)
    parts = part(b"IHDR", header), part(b"PLTE", bytes(palette)), part(b"IDAT", zlib.compress(rows)), part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def check_squares(labels):
    assert labels.dtype == np.uint16 and labels.shape == (HEIGHT, WIDTH)
    assert set(np.unique(labels)) == {0, 1, 2, IGNORE}
    assert (labels == IGNORE).sum() == 2 * WIDTH
    assert {int((labels == value).sum()) for value in (1, 2)} == {64, 80}


def test_run_lengths_of_both_forms_and_polygons():
    mask = squares() == 2
    counts, last = [], False
    runs = [0]
    for value in mask.T.ravel():
        if value != last:
            runs.append(0)
            last = value
        runs[-1] += 1
    assert np.array_equal(label_maps.from_run_lengths(runs, HEIGHT, WIDTH), mask)
    for i, run in enumerate(runs):  # the compressed form, written from its description
        rest = run - (runs[i - 2] if i > 2 else 0)
        while True:
            code, rest = rest & 31, rest >> 5
            is_last = rest == -1 if code & 16 else rest == 0
            counts.append(chr(code + 48 + (0 if is_last else 32)))
            if is_last:
                break
    assert np.array_equal(label_maps.from_run_lengths("".join(counts), HEIGHT, WIDTH), mask)
    ring = [15, 4, 25, 4, 25, 12, 15, 12]
    drawn = label_maps.from_polygons([ring], HEIGHT, WIDTH)
    assert (drawn & mask).sum() / (drawn | mask).sum() > .8
    for broken in ("0", [1, 2], "P`"):
        with pytest.raises(ValueError):
            label_maps.from_run_lengths(broken, HEIGHT, WIDTH)


def test_coco_instances(tmp_path):
    write_photograph(tmp_path / "images" / "a.jpg")
    write_photograph(tmp_path / "images" / "b.jpg", 1)
    table = {
        "licenses": [{"id": 1, "name": "Attribution License", "url": "http://creativecommons.org/licenses/by/2.0/"},
                     {"id": 2, "name": "x", "url": "http://creativecommons.org/licenses/by-nc-sa/2.0/"}],
        "images": [{"id": 1, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH, "license": 1},
                   {"id": 2, "file_name": "b.jpg", "height": HEIGHT, "width": WIDTH, "license": 2},
                   {"id": 3, "file_name": "gone.jpg", "height": HEIGHT, "width": WIDTH}, {"id": 4}],
        "categories": [],
        "annotations": [
            {"id": 1, "image_id": 1, "segmentation": [[2, 2, 12, 2, 12, 12, 2, 12]]},
            {"id": 2, "image_id": 1, "segmentation": [[4, 4, 8, 4, 8, 8, 4, 8]]},
            {"id": 3, "image_id": 1, "iscrowd": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [HEIGHT * (WIDTH - 5), HEIGHT * 5]}},
            {"id": 4, "image_id": 1, "segmentation": [[1, 2, 3]]},
            {"id": 5, "image_id": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [1, 2]}},
            {"id": 6, "image_id": 2, "segmentation": [[2, 2, 12, 2, 12, 12, 2, 12]]},
            {"id": 7, "image_id": 3, "segmentation": [[2, 2, 12, 2, 12, 12, 2, 12]]}, 8],
    }
    (tmp_path / "coco.json").write_text(json.dumps(table))
    records, problems = read("coco", tmp_path / "coco.json")
    assert [(r.id, r.set, r.licence) for r in records] == [("a", "coco", "CC BY 2.0"), ("b", "coco", "CC BY-NC-SA 2.0")]
    assert [licences.classify(r.licence) for r in records] == ["permissive", "research"]
    labels = records[0].layers[0].decode()
    assert labels[6, 6] == 2 and labels[3, 3] == 1 and labels[0, 0] == 0 and (labels[:, -5:] == IGNORE).all()
    text = "\n".join(problems.lines())
    for part in ("annotation 4", "annotation 5", "gone.jpg", "no file name", "no table"):
        assert part in text
    assert sum(problems.counts.values()) == 5


def test_coco_panoptic(tmp_path):
    write_photograph(tmp_path / "images" / "a.jpg")
    codes = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    labels = squares()
    codes[labels == 1] = (0, 0, 7)  # BGR: R + 256 G + 65536 B
    codes[labels == 2] = (1, 2, 3)
    codes[labels == 255] = (0, 0, 9)
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "a.png").write_bytes(png(codes))
    table = {"images": [{"id": 1, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH}],
             "categories": [{"id": 1, "isthing": 1}, {"id": 2, "isthing": 0}],
             "annotations": [{"image_id": 1, "file_name": "a.png", "segments_info": [
                 {"id": 7, "category_id": 1}, {"id": 3 + 256 * 2 + 65536, "category_id": 2}, {"id": 9, "category_id": 1, "iscrowd": 1}]}]}
    (tmp_path / "panoptic.json").write_text(json.dumps(table))
    records, problems = read("coco", tmp_path / "panoptic.json", segments="maps")
    assert not problems.counts and [layer.kind for layer in records[0].layers] == ["instances", "regions"]
    check_squares(records[0].layers[1].decode())
    assert set(np.unique(records[0].layers[0].decode())) == {0, 1, IGNORE}


def test_voc(tmp_path):
    write_photograph(tmp_path / "JPEGImages" / "a.jpg")
    (tmp_path / "SegmentationObject").mkdir()
    (tmp_path / "SegmentationObject" / "a.png").write_bytes(indexed_png(squares()))
    (tmp_path / "SegmentationObject" / "b.png").write_bytes(b"no picture")
    (tmp_path / "ImageSets" / "Segmentation").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Segmentation" / "val.txt").write_text("a\nb\n")
    records, problems = read("voc", tmp_path, split="val")
    assert [r.id for r in records] == ["a"] and "b" in problems.lines()[0]
    check_squares(records[0].layers[0].decode())
    with pytest.raises(UserError, match="train.txt"):
        read("voc", tmp_path, split="train")


def test_folder(tmp_path):
    labels = squares()
    deep = np.where(labels == 255, 65535, labels).astype(np.uint16)
    for name, values in (("a", labels), ("b", deep), ("c", (labels == 1).astype(np.uint8) * 255)):
        write_photograph(tmp_path / "images" / f"{name}.jpg")
        (tmp_path / "masks").mkdir(exist_ok=True)
        (tmp_path / "masks" / f"{name}.png").write_bytes(png(values))
    write_photograph(tmp_path / "images" / "d.png")
    (tmp_path / "masks" / "e.png").write_bytes(png(labels))
    write_photograph(tmp_path / "images" / "f.jpg")
    (tmp_path / "masks" / "f.png").write_bytes(b"broken")
    records, problems = read("folder", tmp_path, licence="CC BY 4.0", set="mine")
    assert [r.id for r in records] == ["a", "b", "c", "f"] and {r.set for r in records} == {"mine"}
    check_squares(records[0].layers[0].decode())
    check_squares(records[1].layers[0].decode())
    assert np.array_equal(records[2].layers[0].decode(), labels == 1)
    with pytest.raises(ValueError):
        records[3].layers[0].decode()
    assert "d.png" in "\n".join(problems.lines()) and "e.png" in "\n".join(problems.lines())


def test_shards(tmp_path):
    layers = [{"file": f"masks/a.{index}.png", "kind": "instances", "bits": 8} for index in range(2)]
    entry = {"id": "a", "set": "s", "w": WIDTH, "h": HEIGHT, "licence": "MIT", "layers": layers}
    photograph = cv2.imencode(".jpg", np.zeros((HEIGHT, WIDTH, 3), np.uint8))[1].tobytes()
    index = "\n".join([json.dumps(entry), "{", json.dumps({**entry, "id": "gone"})])
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        for name, data in (("index.jsonl", index.encode()), ("images/a.jpg", photograph), ("masks/a.0.png", png(squares()))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    records, problems = read("shards", tmp_path / "t.tar")
    assert [r.id for r in records] == ["a"] and records[0].image_bytes() == photograph
    check_squares(records[0].layers[0].decode())
    assert len(records[0].layers) == 1 and sum(problems.counts.values()) == 3
    (tmp_path / "broken.tar").write_bytes(b"no tar")
    with pytest.raises(UserError, match="broken.tar"):
        read("shards", tmp_path / "broken.tar")


def test_wrong_sources_are_user_errors(tmp_path):
    (tmp_path / "x.json").write_text("[]")
    wrong = [("coco", "x.json"), ("voc", "."), ("folder", "."), ("other", "."), ("coco", "none")]
    with pytest.raises(UserError, match="splt"):
        read("voc", tmp_path, splt="val")
    for format, path in ((format, tmp_path / name) for format, name in wrong):
        with pytest.raises(UserError):
            read(format, path)
