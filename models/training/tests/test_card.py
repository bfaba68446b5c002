"""The bundle that `card` writes."""
import hashlib
import json

import cv2
import pytest
import torch

from edgeseg_training import card, checkpoints, export
from edgeseg_training.__main__ import main
from edgeseg_training.network import Form, SqueezeSAM

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")

SETS = {"pets": {"photographs": 10, "licence": "CC BY-SA 4.0", "class": "share-alike"},
        "coco": {"photographs": 20, "licence": "COCO: annotations CC BY 4.0; Flickr photos", "class": "flickr-mixed"}}
ROW = {"n": 5, "click": .5, "click_best3": .6, "box": .7, "auto": None, "saliency_max_f": None, "saliency_mae": None}
FIGURES = {"sets": {"coco": ROW}}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Checkpoint, graphs, figures and a program that prints the precision as the self-check's mask."""
    folder = tmp_path_factory.mktemp("card")
    torch.manual_seed(0)
    network = SqueezeSAM(Form(width=32, decoder=(24, 16, 16))).eval()
    facts = {"samples": 1234, "recipe": "tiny", "recipe_text": 'name = "tiny"', "commit": "abc", "size": 64, "seconds": 60.0,
             "date": "2026-01-02", "sets": {"pets": [10, "CC BY-SA 4.0"]}}
    checkpoints.write_weights(folder / "weights.pt", network.state_dict(), network.form, facts)
    (folder / "photos").mkdir()
    for index, picture in enumerate(export.generated(4, 80)):
        cv2.imwrite(str(folder / "photos" / f"{index}.png"), picture)
    assert main(["export", str(folder / "weights.pt"), "--size", "64", "--out", str(folder / "fp32.onnx")]) == 0
    assert main(["quantise", str(folder / "fp32.onnx"), "--photos", str(folder / "photos"), "--out", str(folder / "int8.onnx"), "--force",
                 "--source", "generated pictures"]) == 0
    (folder / "check.json").write_text(json.dumps({"training": SETS}))
    (folder / "figures.json").write_text(json.dumps(FIGURES))
    (folder / "edgeseg").write_text('#!/bin/sh\n[ -f "$4/model.json" ] || exit 1\necho "mask $6"\n')
    (folder / "edgeseg").chmod(0o755)
    return folder


def words(made, out):
    return ["card", str(made / "weights.pt"), "--fp32", str(made / "fp32.onnx"), "--int8", str(made / "int8.onnx"), "--out", str(out),
            "--version", "2", "--data", str(made / "check.json"), "--figures", f"int8={made / 'figures.json'}",
            "--edgeseg", str(made / "edgeseg")]


def test_bundle_holds_graphs_manifest_and_card(made, tmp_path):
    out = tmp_path / "bundle"
    out.mkdir()
    thresholds = {"from": "somewhere", "saliency_mean": .8}
    # thresholds of other weights go, those of the same weights stay
    (out / "model.json").write_text(json.dumps({"name": "squeezesam", "graphs": [{"sha256": "0"}], "thresholds": thresholds}))
    assert main(words(made, out)) == 0
    table = json.loads((out / "model.json").read_text())
    assert "thresholds" not in table
    (out / "model.json").write_text(json.dumps({**table, "thresholds": thresholds}))
    assert main(words(made, out)) == 0
    table = json.loads((out / "model.json").read_text())
    assert table["version"] == 2 and table["capabilities"] == ["negative_clicks"] and table["thresholds"] == thresholds
    assert table["quality"]["sets"]["coco"] == {"n": 5, "int8": {"click": .5, "click_best3": .6, "box": .7}}
    for entry in table["graphs"]:
        data = (out / entry["file"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert entry["golden"] == f"mask {entry['precision']}"
    assert table["graphs"][1]["calibration"] == {"images": 3, "from": "generated pictures"}
    assert {d["name"] for d in table["data"]} >= {"pets", "coco"}
    text = (out / "CARD.md").read_text()
    for part in ("| coco (5) | 0.5000 | 0.6000 | 0.7000 |", "| pets | 10 | CC BY-SA 4.0 | share-alike |", "1,234 samples", "code at abc",
                 'name = "tiny"', "Limits and bias", "calibrated on 3 photographs", table["weights_licence"]):
        assert part in text, part


def test_sets_of_an_earlier_run_stay_in_the_card(made, tmp_path):
    facts = {"sets": {"ecssd": [700, "research set"]}}
    content = torch.load(made / "weights.pt")
    torch.save({**content, "facts": facts}, tmp_path / "start.pt")
    assert main([*words(made, tmp_path / "bundle"), "--also", str(tmp_path / "start.pt")]) == 0
    text = (tmp_path / "bundle" / "CARD.md").read_text()
    assert "| ecssd | 700 | research set | research |" in text and "Weights: Research and evaluation only: ecssd" in text
    assert "earlier run (`start.pt`)" in text


def test_licence_of_the_weights_follows_the_sets():
    assert card.weights_licence(SETS).startswith("Apache-2.0") and "coco" in card.weights_licence(SETS)
    closed = {**SETS, "ecssd": {"photographs": 1, "licence": "research set", "class": "research"}}
    assert card.weights_licence(closed).startswith("Research and evaluation only: ecssd")


def test_what_is_missing_is_named(made, tmp_path, capsys):
    assert main([*words(made, tmp_path / "a"), "--edgeseg", str(tmp_path / "none")]) == 2
    assert "--edgeseg" in capsys.readouterr().err
    without = [word for word in words(made, tmp_path / "b")]
    without[without.index("--int8") + 1] = str(made / "fp32.onnx")
    assert main(without) == 2
    assert "calibrated" in capsys.readouterr().err
