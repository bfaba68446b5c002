import dataclasses
import json

import cv2
import pytest
import torch
from conftest import picture

from edgeseg_training import UserError, checkpoints, datasets, recipe as recipes, reports
from edgeseg_training.datasets import Layer, Record
from edgeseg_training.train import Training

SMALL = {"width": 32, "decoder": [32, 24, 16]}
PLAIN = {"flip": 0.0, "colour": 0.0, "blur": 0.0, "noise": 0.0, "jpeg": 0.0, "grey": 0.0, "paste": 0.0, "shape": 0.0}
CPU = torch.device("cpu")


def trainer(recipe, out, photos, **options):
    return Training(recipe, CPU, out, photos=photos, **options)


def test_eight_pictures_are_learned(make_photos, make_recipe, tmp_path):
    recipe = make_recipe(
        network=SMALL, augment=PLAIN, mix={"click": 3, "crop_click": 0, "box": 2, "saliency": 0, "empty": 0},
        train={"size": 64, "batch": 8, "samples": 8 * 200, "rate": 4e-3, "encoder_rate": 4e-3, "ema": 0.9, "fix_norms": False,
               "fix_depthwise": False, "workers": 0, "threads": 1, "validate_samples": 48})
    photos = make_photos(8)
    training = trainer(recipe, tmp_path / "run", photos, validation=photos)
    for module in training.state.network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1  # the statistics of a run this short would lag behind otherwise
    training.run()
    last = [entry for entry in reports.read_log(tmp_path / "run/log.jsonl") if entry["kind"] == "validation"][-1]
    assert last["click.picked"] > 0.9 and last["box.picked"] > 0.9, last
    for name in ("curves.png", "weights-fp16.pt", "checkpoint.pt", f"overlays-{training.state.samples}.jpg"):
        assert (tmp_path / "run" / name).stat().st_size > 1000
    facts = checkpoints.read(tmp_path / "run/weights-fp16.pt")["facts"]
    assert facts["samples"] == 8 * 200 and facts["sets"] == {"made": [8, "MIT"]}


def test_the_end_of_a_run_is_evaluated_on_the_validation_photographs(make_photos, make_recipe, tmp_path, monkeypatch):
    def records(*_, **__):
        for number in range(3):
            image, labels = picture(number)
            yield Record(f"p{number}", "made", "MIT", cv2.imencode(".png", image)[1].tobytes(), [Layer("instances", labels)])

    monkeypatch.setattr(datasets, "read", records)
    recipe = short(make_recipe, samples=4, evaluate_photos=2)
    recipe = dataclasses.replace(recipe, validation=[recipes.Source(str(tmp_path))])
    trainer(recipe, tmp_path / "run", make_photos(2)).run()
    entry = reports.read_log(tmp_path / "run/log.jsonl")[-1]
    assert entry["kind"] == "evaluation" and entry["figures"]["made"]["n"] == 4
    assert 0 <= entry["figures"]["made"]["click"] <= entry["figures"]["made"]["click_best3"] <= 1


def test_a_run_without_an_evaluation_does_not_read_the_validation_photographs(make_photos, make_recipe, tmp_path, monkeypatch):
    recipe, photos = short(make_recipe, samples=4, evaluate_photos=0), make_photos(2)
    recipe = dataclasses.replace(recipe, validation=[recipes.Source(str(tmp_path))])
    read = []
    monkeypatch.setattr(datasets, "read", lambda *_, **__: read.append(1) or iter(()))
    trainer(recipe, tmp_path / "run", photos, validation=photos).run()
    assert not read and reports.read_log(tmp_path / "run/log.jsonl")[-1]["kind"] == "validation"


def short(make_recipe, **train):
    small = {"size": 64, "batch": 4, "samples": 240, "workers": 1, "threads": 1, "early_dropout": 0.5}
    return make_recipe(network=SMALL, train={**small, **train})


def test_a_resumed_run_equals_an_uninterrupted_one(make_photos, make_recipe, tmp_path):
    recipe, photos = short(make_recipe), make_photos(4, keep=(1,))
    whole = trainer(recipe, tmp_path / "whole", photos)
    whole.run()
    trainer(recipe, tmp_path / "parts", photos).run(steps=23)
    trainer(recipe, tmp_path / "parts", photos, resume=True).run(steps=17)
    parts = trainer(recipe, tmp_path / "parts", photos, resume=True)
    parts.run()
    assert whole.state.steps == parts.state.steps == 60
    for name, value in whole.state.network.state_dict().items():
        assert torch.equal(value, parts.state.network.state_dict()[name]), name
    for name, value in whole.state.average.state.items():
        assert torch.equal(value, parts.state.average.state[name]), name


def test_a_run_is_not_overwritten_and_not_resumed_where_there_is_none(make_photos, make_recipe, tmp_path):
    recipe, photos = short(make_recipe, samples=4), make_photos(2)
    with pytest.raises(UserError, match="no run to resume"):
        trainer(recipe, tmp_path / "run", photos, resume=True)
    trainer(recipe, tmp_path / "run", photos).run()
    with pytest.raises(UserError, match="--resume"):
        trainer(recipe, tmp_path / "run", photos)
    with pytest.raises(UserError, match="seed"):
        trainer(short(make_recipe, seed=2), tmp_path / "run", photos, resume=True)


def test_the_budget_ends_a_run_and_sets_its_schedule(make_photos, make_recipe, tmp_path):
    training = trainer(short(make_recipe, samples=10**9), tmp_path / "run", make_photos(2), budget_minutes=0.02)
    training.run()
    assert training.progress() >= 1 and training.state.steps >= 1
    assert training.state.set_rate(1.0) == pytest.approx(0.02)
    assert training.state.set_rate(0.0) < 0.02
    assert training.state.set_rate(0.02) > 0.9


def test_a_resumed_run_keeps_its_budget_or_takes_another(make_photos, make_recipe, tmp_path):
    recipe, photos = short(make_recipe, samples=10**9), make_photos(2)
    trainer(recipe, tmp_path / "run", photos, budget_minutes=30).run(steps=2)
    resumed = trainer(recipe, tmp_path / "run", photos, resume=True)
    assert resumed.progress() == pytest.approx(resumed.state.seconds / 1800)
    resumed.run(steps=1)
    longer = trainer(recipe, tmp_path / "run", photos, resume=True, budget_minutes=60)
    assert longer.progress() == pytest.approx(longer.state.seconds / 3600)


def test_parts_that_a_recipe_fixes_stay(make_photos, make_recipe, tmp_path):
    for name, train in (("some", {}), ("all", {"fix_encoder": True})):
        training = trainer(short(make_recipe, samples=12, **train), tmp_path / name, make_photos(2))
        before = {key: value.clone() for key, value in training.state.network.state_dict().items()}
        training.run()
        changed = {key for key, value in training.state.network.state_dict().items() if not torch.equal(value, before[key])}
        assert not any("_depthwise_conv" in key or key.startswith("enc.") and "running" in key for key in changed)
        assert any(key.startswith("enc.") for key in changed) == (name == "some")
        assert "l16.weight" in changed


def test_the_log_forgets_what_comes_after_the_checkpoint(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"samples": count}) + "\n" for count in (10, 20, 30)) + '{"samples": 4')
    log = reports.Log(path, 20)
    log.add(samples=25)
    assert [entry["samples"] for entry in reports.read_log(path)] == [10, 20, 25]


@pytest.mark.parametrize("seconds, text", [(5, "0:05"), (65.4, "1:05"), (3725, "1:02:05")])
def test_durations(seconds, text):
    assert reports.duration(seconds) == text
