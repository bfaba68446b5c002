"""`data check`: counts, licences, near-duplicates."""
import json

import cv2
import numpy as np

from edgeseg_training import datasets, export, recipe as recipes, sources
from edgeseg_training.__main__ import main


def write(folder, pictures):
    """A folder of photographs with maps; `pictures` maps names to BGR arrays."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), picture)
        cv2.imwrite(str(folder / "masks" / f"{name}.png"), np.ones(picture.shape[:2], np.uint8))


def recipe(path):
    (path / "recipe.toml").write_text(f"""
[[source]]
path = "{path / 'ours'}"
format = "folder"
licence = "CC BY 4.0"
[[source]]
path = "{path / 'closed'}"
format = "folder"
licence = "research use only"
[[validation]]
path = "{path / 'theirs'}"
format = "folder"
""")
    return str(path / "recipe.toml")


def test_duplicates_are_found_smaller_brighter_and_mirrored(tmp_path, capsys):
    pictures = export.generated(12, 160)
    write(tmp_path / "ours", {f"p{index}": picture for index, picture in enumerate(pictures[:8])})
    write(tmp_path / "closed", {"c": pictures[8]})
    brighter = cv2.convertScaleAbs(cv2.resize(pictures[1], (100, 90)), alpha=.9, beta=15)
    write(tmp_path / "theirs", {"other": pictures[9], "again": brighter, "mirrored": pictures[5][:, ::-1]})
    (tmp_path / "ours" / "images" / "broken.jpg").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "ours" / "masks" / "broken.png"), np.ones((4, 4), np.uint8))
    assert main(["data", "check", recipe(tmp_path), "--json", str(tmp_path / "check.json")]) == 1
    table = json.loads((tmp_path / "check.json").read_text())
    assert {(d["training"], d["validation"]) for d in table["duplicates"]} == {("p1", "again"), ("p5", "mirrored")}
    assert table["training"] == {"ours": {"photographs": 8, "licence": "CC BY 4.0", "class": "permissive"}}
    text = capsys.readouterr().out
    assert "left out: licence of class 'research'" in text and "broken" in text


def test_a_share_of_a_set_is_held_out_and_measured_under_its_own_name(tmp_path, capsys):
    pictures = export.generated(40, 96)
    write(tmp_path / "people", {f"p{index}": picture for index, picture in enumerate(pictures)})
    source = f"""path = "{tmp_path / 'people'}"\nformat = "folder"\nset = "coco_person"\nlicence = "MIT"\n"""
    path = tmp_path / "recipe.toml"
    path.write_text(f"""[[source]]\n{source}leave_out = {{ coco_person = 0.25 }}
[[validation]]\n{source}only = {{ coco_person = 0.25 }}\nrename = "person"\n""")
    main(["data", "check", str(path), "--json", str(tmp_path / "check.json")])
    table = json.loads((tmp_path / "check.json").read_text())
    counts = table["training"]["coco_person"]["photographs"], table["validation"]["person"]["photographs"]
    assert sum(counts) == 40 and 3 <= counts[1] <= 17
    loaded = recipes.load(path)
    ours, theirs, again = ([record.id for record in sources.read(each, datasets.Problems())]
                           for each in (loaded.sources, loaded.validation, loaded.validation))
    assert not set(ours) & set(theirs) and theirs == again and len(ours) + len(theirs) == 40
    path.write_text(f"[[source]]\n{source}leave_out = {{ coco_person = 2 }}")
    capsys.readouterr()
    assert main(["data", "check", str(path)]) == 2
    assert "'source.leave_out'" in capsys.readouterr().err


def test_sets_without_duplicates_pass(tmp_path):
    pictures = export.generated(6, 160)
    write(tmp_path / "ours", {f"p{index}": picture for index, picture in enumerate(pictures[:3])})
    write(tmp_path / "closed", {"c": pictures[3]})
    write(tmp_path / "theirs", {f"q{index}": picture for index, picture in enumerate(pictures[4:])})
    assert main(["data", "check", recipe(tmp_path)]) == 0
