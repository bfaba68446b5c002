import json
import pathlib

import cv2
import numpy as np
import pytest
from conftest import picture

from edgeseg_training import UserError, ablate, datasets, recipe
from edgeseg_training.__main__ import main
from edgeseg_training.datasets import Layer, Record

HEAD = """
[[source]]
path = "{folder}"
[[validation]]
path = "{folder}"
[network]
width = 32
decoder = [32, 24, 16]
[train]
size = 64
batch = 2
samples = 4
workers = 0
threads = 1
"""
VARIANTS = """
[ablate]
seeds = [1, 2]
[[ablate.variant]]
name = "Both"
[[ablate.variant]]
name = "late only"
of = "Both"
network = { early = false }
[[ablate.variant]]
name = "no skips"
network = { skips = false }
"""


@pytest.fixture
def recipe_file(tmp_path, monkeypatch):
    def records(*_, **__):
        for number in range(2):
            image, labels = picture(number)
            yield Record(f"p{number}", "made", "MIT", cv2.imencode(".png", image)[1].tobytes(), [Layer("instances", labels)])

    monkeypatch.setattr(datasets, "read", records)
    path = tmp_path / "ablation.toml"
    path.write_text(HEAD.format(folder=tmp_path) + VARIANTS)
    return path


def test_variants_are_trained_measured_and_tabled_once(recipe_file, tmp_path, capsys):
    out = tmp_path / "runs"
    command = ["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]
    assert main(command) == 0
    results = sorted(str(path.relative_to(out)) for path in out.rglob("result.json"))
    assert results == [f"{name}/seed-{seed}/result.json" for name in ("both", "late-only", "no-skips") for seed in (1, 2)]
    assert not (out / "late-only/seed-1/weights-fp16.pt").exists()
    table = (out / "table.md").read_text()
    clicks = [json.loads((out / f"both/seed-{seed}/result.json").read_text())["figures"]["made"]["click"] for seed in (1, 2)]
    assert f"| Both | 2 | {np.mean(clicks):.3f} ± {abs(clicks[0] - clicks[1]) / 2:.3f} |" in table
    assert "| late only | 2 |" in table and "| no skips | 2 |" in table

    # what has a result is not made again; what lost it is made from its checkpoint
    capsys.readouterr()
    (out / "no-skips/seed-2/result.json").unlink()
    assert main(command) == 0
    assert capsys.readouterr().out.count("==") == 1
    assert (out / "table.md").read_text() == table


@pytest.mark.parametrize("text, words", [
    ("[ablate]\nseed = 1", "'ablate.seed'"),
    ("", "no [[ablate.variant]]"),
    ('[[ablate.variant]]\nname = "a"\n[[ablate.variant]]\nname = "A"', "twice"),
    ('[[ablate.variant]]\nname = "a"\nof = "b"', "names no trained variant"),
    ('[[ablate.variant]]\nname = "a"\nnetwrk = {}', "'ablate.variant.netwrk'"),
    ('[ablate]\nseeds = 3\n[[ablate.variant]]\nname = "a"', "'ablate.seeds'"),
])
def test_a_wrong_table_of_variants_is_named(tmp_path, text, words):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        ablate.variants(recipe.load(path))
    assert words in str(error.value)


def test_an_unknown_variant_is_refused(recipe_file, tmp_path, capsys):
    assert main(["ablate", str(recipe_file), "--out", str(tmp_path / "runs"), "--only", "none"]) == 2
    assert "no variant 'none'" in capsys.readouterr().err


def test_the_recipe_of_the_repository_has_valid_variants():
    path = pathlib.Path(ablate.__file__).parent.parent / "recipes/ablations.toml"
    loaded = recipe.load(path)
    for variant in ablate.variants(loaded):
        recipe.load(path, changes=variant.changes)
