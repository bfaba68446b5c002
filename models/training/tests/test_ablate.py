import json
import pathlib
import sys

import cv2
import numpy as np
import pytest
from conftest import picture

from edgeseg_training import UserError, ablate, checkpoints, datasets, recipe
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
    ('[ablate]\nat = 3\n[[ablate.variant]]\nname = "a"', "'ablate.at'"),
    ('[[ablate.variant]]\nname = "a"\nquantised = "per-channel"', "'of' must name"),
    ('[[ablate.variant]]\nname = "a"\n[[ablate.variant]]\nname = "b"\nof = "a"\nquantised = "int8"', "per-channel, per-tensor"),
    ('[[ablate.variant]]\nname = "a"\nnodes = "some"', "policy, all"),
    ('[[ablate.variant]]\nname = "a"\n[[ablate.variant]]\nname = "b"\nof = "a"\npretrain = {}', "needs no pre-training"),
    ('[ablate]\nseeds = 3\n[[ablate.variant]]\nname = "a"', "'ablate.seeds'"),
])
def test_a_wrong_table_of_variants_is_named(tmp_path, text, words):
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        ablate.variants(recipe.load(path))
    assert words in str(error.value)


def test_a_curve_and_a_pretrained_variant(recipe_file, tmp_path, monkeypatch, capsys):
    text = recipe_file.read_text()
    head = text[:text.index("[network]")] + """
[network]
kind = "efficientsam"
width = 24
heads = 2
depth = 1
embedding = 32
decoder_depth = 1
decoder_heads = 4
decoder_mlp = 16
iou_hidden = 16
[mix]
saliency = 0
empty = 0
[augment]
negative = 0
[pretrain]
samples = 4
batch = 2
""" + text[text.index("[train]"):text.index("[ablate]")]
    recipe_file.write_text(head + """
[ablate]
seeds = [1]
at = [2]
[[ablate.variant]]
name = "scratch"
[[ablate.variant]]
name = "MAE"
pretrain = { target = "pixels" }
""")
    out = tmp_path / "runs"
    assert main(["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]) == 0
    assert (out / "mae/seed-1/pretrained/encoder-fp16.pt").exists() and not (out / "scratch/seed-1/pretrained").exists()
    result = json.loads((out / "mae/seed-1/result.json").read_text())
    assert list(result["at"]) == ["2", "4"] and result["at"]["4"] == result["figures"]
    encoder = checkpoints.read(out / "mae/seed-1/pretrained/encoder-fp16.pt")
    assert encoder["facts"]["samples"] == 4 and encoder["facts"]["pretrained"] == "pixels"
    lines = (out / "table.md").read_text().splitlines()
    start = lines.index("## one click against samples")
    assert lines[start + 4] == "| variant | seeds | 2 | 4 |"
    assert lines[start + 7] == "| MAE | 1 | " + " | ".join(f"{result['at'][count]['made']['click']:.3f}" for count in ("2", "4")) + " |"

    figure = (out / "curve.svg").read_text()
    assert all(f">{words}<" in figure for words in ("scratch", "MAE", "one click", "box", "samples of training", "mean IoU"))

    # a run that was stopped within the fine-tuning goes on from its checkpoint; the pre-training is not made again
    (out / "mae/seed-1/result.json").unlink()
    stamp = (out / "mae/seed-1/pretrained/encoder-fp16.pt").stat().st_mtime_ns
    capsys.readouterr()
    assert main(["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]) == 0
    assert json.loads((out / "mae/seed-1/result.json").read_text()) == result
    assert (out / "mae/seed-1/pretrained/encoder-fp16.pt").stat().st_mtime_ns == stamp
    assert (out / "curve.svg").read_text() == figure

    # matplotlib is needed for the figure alone
    (out / "curve.svg").unlink()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    capsys.readouterr()
    assert main(["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]) == 0
    assert "curve.svg is not drawn: matplotlib is missing. Install python3-matplotlib" in capsys.readouterr().out


EFFICIENTSAM = """
[network]
kind = "efficientsam"
width = 24
heads = 2
depth = 1
[mix]
saliency = 0
empty = 0
[augment]
negative = 0
"""


@pytest.mark.parametrize("network, variant, words", [
    ("", 'of = "good"\nnetwork = { skips = false }', "the weights of 'good' do not fit"),
    ("", 'of = "good"\nnetwork = { kind = "efficientsam" }\nmix = { saliency = 0 }', "error: the variant 'bad'"),
    ("", 'network = { widht = 3 }', "'network.widht' is unknown"),
    ("", 'train = { batch = 0 }', "'train.batch' must be at least 1"),
    ("", 'train = 3', "'train' is not a table"),
    ("", 'pretrain = { target = "pixels" }', "only an EfficientSAM is pre-trained"),
    (EFFICIENTSAM, 'pretrain = {}', "pretrain.teacher names none"),
    (EFFICIENTSAM, 'pretrain = { teacher = "absent.pt" }', "absent.pt does not exist"),
    (EFFICIENTSAM, 'of = "good"\nquantised = "per-channel"', "only a SqueezeSAM is quantised"),
    (EFFICIENTSAM, 'of = "good"\nnetwork = { depth = 2 }', "the weights of 'good' do not fit"),
])
def test_a_variant_that_cannot_be_made_is_refused_before_the_first_run(recipe_file, tmp_path, capsys, network, variant, words):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    head = HEAD.format(folder=tmp_path)
    if network:
        head = head[:head.index("[network]")] + network + head[head.index("[train]"):]
    rows = f'[[ablate.variant]]\nname = "good"\n[[ablate.variant]]\nname = "bad"\n{variant}\n'
    recipe_file.write_text(f"{head}[ablate]\nseeds = [1]\n{rows}")
    out = tmp_path / "runs"
    command = ["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]
    assert main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: the variant 'bad': ") and words in error and error.count("\n") == 1, error
    assert not out.exists()


def test_a_variant_that_is_not_asked_for_is_not_checked(recipe_file, tmp_path):
    recipe_file.write_text(HEAD.format(folder=tmp_path) + """
[ablate]
seeds = [1]
[[ablate.variant]]
name = "good"
[[ablate.variant]]
name = "bad"
pretrain = { teacher = "absent.pt" }
""")
    out = tmp_path / "runs"
    assert main(["ablate", str(recipe_file), "--out", str(out), "--device", "cpu", "--only", "good"]) == 0
    assert (out / "good/seed-1/result.json").exists() and not (out / "bad").exists()


def test_rows_of_int8_graphs(recipe_file, tmp_path):
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    import onnx

    text = recipe_file.read_text()
    rows = "".join(f'[[ablate.variant]]\nname = "{scheme}, {nodes}"\nof = "Both"\nquantised = "{scheme}"\nnodes = "{nodes}"\n'
                   for scheme, nodes in (("per-channel", "policy"), ("per-tensor", "policy"), ("per-channel", "all")))
    recipe_file.write_text(text[:text.index("[ablate]")] + '[ablate]\nseeds = [1]\n[[ablate.variant]]\nname = "Both"\n' + rows)
    out = tmp_path / "runs"
    assert main(["ablate", str(recipe_file), "--out", str(out), "--device", "cpu"]) == 0
    table = (out / "table.md").read_text()
    assert all(f"| {name} | 1 |" in table for name in ("Both", "per-channel, policy", "per-tensor, policy", "per-channel, all"))
    graphs = {name: onnx.load(str(out / name / "seed-1/int8.onnx")).graph
              for name in ("per-channel-policy", "per-tensor-policy", "per-channel-all")}
    count = {name: sum(node.op_type == "QuantizeLinear" for node in graph.node) for name, graph in graphs.items()}
    assert count["per-channel-policy"] == count["per-tensor-policy"] < count["per-channel-all"]
    scales = {name: [len(set(onnx.numpy_helper.to_array(i).ravel().tolist())) for i in graph.initializer
                     if i.name.endswith("_weight_scale")] for name, graph in graphs.items()}
    assert set(scales["per-tensor-policy"]) == {1} and max(scales["per-channel-policy"]) > 1


def test_an_unknown_variant_is_refused(recipe_file, tmp_path, capsys):
    assert main(["ablate", str(recipe_file), "--out", str(tmp_path / "runs"), "--only", "none"]) == 2
    assert "no variant 'none'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ablations", "sami-compare"])
def test_the_recipes_of_the_repository_have_valid_variants(name):
    path = pathlib.Path(ablate.__file__).parent.parent / f"recipes/{name}.toml"
    loaded = recipe.load(path)
    for variant in ablate.variants(loaded):
        recipe.load(path, changes=variant.changes)
