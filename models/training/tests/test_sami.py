"""SAMI: masking, targets, teachers, and the way of the encoder from `pretrain` to `train` and `export`."""
import dataclasses
import types

import numpy as np
import pytest
import torch
from conftest import TINY

from edgeseg_training import UserError, checkpoints, efficientsam_weights, networks, pretrain, reports, sami, teachers
from edgeseg_training.__main__ import main
from edgeseg_training.network import Form, SqueezeSAM
from edgeseg_training.state import State
from edgeseg_training.train import Training

CPU = torch.device("cpu")
FLAT = {"mix": {"saliency": 0, "empty": 0}, "augment": {"negative": 0.0, "flip": 0.5}}
TRAIN = {"size": 64, "batch": 4, "samples": 40, "workers": 0, "threads": 1, "ema": 0.9, "warmup": 0.0}


@pytest.fixture(scope="module")
def teacher_file(tmp_path_factory):
    """A small SqueezeSAM with random weights."""
    torch.manual_seed(5)
    form = Form(width=32, decoder=(16, 16, 16))
    path = tmp_path_factory.mktemp("teacher") / "teacher.pt"
    checkpoints.write_weights(path, SqueezeSAM(form).state_dict(), form, {})
    return path


@pytest.fixture
def sami_recipe(make_recipe, teacher_file):
    def make(target="teacher", **changes):
        options = {"target": target, "teacher": str(teacher_file), "samples": 32, "batch": 8, "rate": 2e-3, "decoder_depth": 1, **changes}
        return make_recipe(network=TINY, train=TRAIN, pretrain=options, **FLAT)

    return make


def orders(batch, patches, seed, step):
    """The orders of one step of a run with this seed."""
    run = types.SimpleNamespace(recipe=types.SimpleNamespace(train=types.SimpleNamespace(seed=seed)), steps=step)
    return sami.orders(batch, patches, State.generator(run))


def test_a_step_draws_its_own_numbers():
    drawn = torch.rand(3, 16, generator=torch.Generator().manual_seed(2 * 1_000_003 + 7)).argsort(1)
    assert torch.equal(orders(3, 16, 2, 7), drawn) and not torch.equal(orders(3, 16, 2, 8), drawn)


@pytest.mark.parametrize("masked, side, visible", [(.75, 192, 36), (.75, 64, 4), (.5, 64, 8), (.95, 64, 1)])
def test_the_share_of_hidden_patches_is_the_recipes(make_recipe, masked, side, visible):
    made = make_recipe(network=TINY, train={**TRAIN, "size": side}, pretrain={"masked": masked}, **FLAT)
    network = sami.MaskedEncoder(made.network, made.pretrain, 8)
    order = orders(5, network.patches, 1, 0)
    assert network.patches == (side // 16) ** 2 and network.visible == visible
    assert all(sorted(row.tolist()) == list(range(network.patches)) for row in order)
    assert network.encode(torch.rand(5, 3, side, side), order).shape == (5, visible, 24)
    assert not torch.equal(order, orders(5, network.patches, 1, 1)) and torch.equal(order, orders(5, network.patches, 1, 0))


def test_hidden_patches_are_not_seen_and_each_prediction_is_at_its_place(sami_recipe):
    made = sami_recipe()
    network = sami.MaskedEncoder(made.network, made.pretrain, 8)
    order = orders(1, 16, 1, 0)
    image = torch.rand(1, 3, 64, 64) * 255
    other = image.clone()
    hidden, seen = order[0, network.visible:].tolist(), order[0, :network.visible].tolist()
    for place in hidden:
        row, column = place // 4 * 16, place % 4 * 16
        other[..., row:row + 16, column:column + 16] = 255 - other[..., row:row + 16, column:column + 16]
    with torch.no_grad():
        assert torch.equal(network.encode(image, order), network.encode(other, order))
        assert torch.equal(network(image, order), network(other, order))
        row, column = seen[0] // 4 * 16, seen[0] % 4 * 16
        other[..., row:row + 16, column:column + 16] = 0
        assert not torch.equal(network.encode(image, order), network.encode(other, order))
        # the head of a visible place is that of the encoder's token for it
        tokens = network.norm(network.encode(image, order))
        torch.testing.assert_close(network(image, order)[0, seen], network.head(tokens)[0])


def test_the_order_of_the_visible_patches_does_not_matter(sami_recipe):
    made = sami_recipe()
    network, image = sami.MaskedEncoder(made.network, made.pretrain, 8), torch.rand(1, 3, 64, 64) * 255
    order = orders(1, 16, 1, 0)
    swapped = torch.cat([order[:, :network.visible].flip(1), order[:, network.visible:].flip(1)], 1)
    with torch.no_grad():
        torch.testing.assert_close(network(image, order), network(image, swapped))


def test_targets_are_the_patches_and_the_teachers_map(teacher_file):
    image = torch.rand(2, 3, 64, 64) * 255
    patches = sami.pixel_targets(image, 16)
    wanted = image[1, :, 16:32, 48:64].flatten() / 255
    torch.testing.assert_close(patches[1, 7], (wanted - wanted.mean()) / (wanted.var(unbiased=False) + 1e-5).sqrt())
    network = checkpoints.load_network(teacher_file)
    with torch.no_grad():
        maps = network.enc((image.flip(1) - 127) / 128, torch.zeros(2, 2, 64, 64))[3]
        torch.testing.assert_close(teachers.open_teacher(str(teacher_file), 0, CPU).targets(image, 4), maps.flatten(2).transpose(1, 2),
                                   rtol=1e-3, atol=1e-4)
    larger = teachers.open_teacher(str(teacher_file), 128, CPU).targets(image, 4)
    same = maps.flatten(2).transpose(1, 2)
    assert larger.shape == (2, 16, 112) and (larger - same).norm() > .1 * same.norm()


def test_the_loss_counts_hidden_tokens_or_all():
    predicted, target = torch.zeros(1, 4, 3), torch.tensor([1., 2., 3., 4.]).view(1, 4, 1).expand(-1, -1, 3)
    order = torch.tensor([[2, 0, 3, 1]])
    assert float(sami.loss(predicted, target, order, 2, True)) == pytest.approx((16 + 4) / 2)
    assert float(sami.loss(predicted, target, order, 2, False)) == pytest.approx((1 + 4 + 9 + 16) / 4)


@pytest.mark.parametrize("target", ["teacher", "pixels"])
def test_the_loss_falls_on_eight_pictures_and_only_the_encoder_is_kept(sami_recipe, make_photos, tmp_path, target):
    made = sami_recipe(target, samples=8 * 60)
    pytest.importorskip("onnx")  # `export` makes the pictures
    from edgeseg_training import export

    run = pretrain.Pretraining(made, CPU, tmp_path / "run", photos=make_photos(8))
    batch = {"image": torch.from_numpy(np.stack(export.generated(8, 64)))}
    losses = [float(run.step(batch)[0].detach()) for _ in range(60)]
    assert np.mean(losses[-5:]) < .8 * np.mean(losses[:3]), (losses[:3], losses[-5:])
    run.save()
    content = checkpoints.read(tmp_path / "run" / pretrain.ENCODER_FILE)
    assert set(content["weights"]) == {name for name in networks.make(made.network).state_dict()
                                       if name.startswith("image_encoder.") and ".neck." not in name}
    assert content["facts"]["pretrained"] == target and content["facts"]["sets"] == {"made": [8, "MIT"]}


def test_a_resumed_run_equals_an_uninterrupted_one(sami_recipe, make_photos, tmp_path):
    made, photos = sami_recipe(), make_photos(3)
    whole = pretrain.Pretraining(made, CPU, tmp_path / "whole", photos=photos)
    whole.run()
    pretrain.Pretraining(made, CPU, tmp_path / "parts", photos=photos).run(steps=1)
    parts = pretrain.Pretraining(made, CPU, tmp_path / "parts", photos=photos, resume=True)
    parts.run()
    assert whole.state.samples == parts.state.samples == 32
    for name, value in whole.state.network.state_dict().items():
        assert torch.equal(value, parts.state.network.state_dict()[name]), name
    assert reports.read_log(tmp_path / "whole/log.jsonl")[-1]["loss"] > 0


def test_training_takes_the_pretrained_encoder_up(sami_recipe, make_photos, tmp_path):
    made, photos = sami_recipe(), make_photos(3)
    pretrain.Pretraining(made, CPU, tmp_path / "sami", photos=photos).run()
    file = tmp_path / "sami" / pretrain.ENCODER_FILE
    encoder = checkpoints.weights(checkpoints.read(file), file)
    training = Training(made, CPU, tmp_path / "run", str(file), photos=photos)
    before = {name: value.clone() for name, value in training.state.network.state_dict().items()}
    random = networks.make(made.network).state_dict()
    for name, value in encoder.items():
        assert torch.equal(before[name], value), name
        assert value.ndim < 2 or not torch.equal(random[name], value), name
    training.run(steps=3)
    changed = [name for name, value in training.state.network.state_dict().items() if not torch.equal(value, before[name])]
    assert "image_encoder.blocks.0.attn.qkv.weight" in changed and "mask_decoder.iou_token.weight" in changed
    # with a fixed encoder the neck learns, which is random after a pre-training, and nothing of the pre-training changes
    fixed = dataclasses.replace(made, train=dataclasses.replace(made.train, fix_encoder=True))
    training = Training(fixed, CPU, tmp_path / "fixed", str(file), photos=photos)
    before = {name: value.clone() for name, value in training.state.network.state_dict().items()}
    training.run(steps=3)
    changed = {name for name, value in training.state.network.state_dict().items() if not torch.equal(value, before[name])}
    assert not changed & set(encoder) and {name for name in before if name.startswith("image_encoder.neck.")} <= changed
    # an encoder is no model
    with pytest.raises(UserError, match="missing: image_encoder.neck"):
        efficientsam_weights.load_published(networks.make(made.network), file)
    narrow = networks.make(type(made.network)(image=64, width=16, heads=2, depth=2))
    with pytest.raises(UserError, match="of another shape"):
        efficientsam_weights.load(narrow, encoder, "encoder.pt")


def test_the_export_of_a_fine_tuned_model_holds_no_decoder_of_the_pretraining(sami_recipe, make_photos, tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    made, photos = sami_recipe(), make_photos(2)
    pretrain.Pretraining(made, CPU, tmp_path / "sami", photos=photos).run(steps=1)
    Training(made, CPU, tmp_path / "run", str(tmp_path / "sami" / pretrain.ENCODER_FILE), photos=photos).run(steps=1)
    assert main(["export", str(tmp_path / "run/weights-fp16.pt"), "--out", str(tmp_path / "own.onnx")]) == 0
    scratch = networks.make(made.network)
    # the exporter writes equal constants, such as biases of zeros, once: here none are equal
    for parameter in scratch.parameters():
        parameter.data += 0.01 * torch.randn_like(parameter)
    checkpoints.write_weights(tmp_path / "scratch.pt", scratch.state_dict(), scratch.form, {})
    assert main(["export", str(tmp_path / "scratch.pt"), "--out", str(tmp_path / "scratch.onnx")]) == 0
    own, other = (onnx.load(str(tmp_path / f"{name}-encoder.onnx")).graph for name in ("own", "scratch"))
    assert {tuple(i.dims) for i in own.initializer} == {tuple(i.dims) for i in other.initializer}
    assert [node.op_type for node in own.node] == [node.op_type for node in other.node]


class Halves(torch.nn.Module):
    """A teacher of two channels: the mean red and blue of each quarter of a picture."""

    def forward(self, pixels):
        return torch.nn.functional.adaptive_avg_pool2d(pixels, 2)[:, ::2]


def test_a_torchscript_file_or_a_graph_is_a_teacher(tmp_path):
    image = torch.rand(2, 3, 64, 64) * 255
    wanted = torch.nn.functional.interpolate(Halves()(image.flip(1) / 255), (4, 4), mode="bilinear").flatten(2).transpose(1, 2)
    torch.jit.trace(Halves(), torch.rand(1, 3, 64, 64)).save(str(tmp_path / "halves.ts"))
    torch.testing.assert_close(teachers.open_teacher(str(tmp_path / "halves.ts"), 0, CPU).targets(image, 4), wanted)
    torch.jit.trace(torch.nn.Flatten(), torch.rand(1, 3, 64, 64)).save(str(tmp_path / "flat.ts"))
    with pytest.raises(UserError, match="features .B,C,h,w. are needed"):
        teachers.open_teacher(str(tmp_path / "flat.ts"), 0, CPU).targets(image, 4)
    (tmp_path / "text.ts").write_text("no module")
    with pytest.raises(UserError, match="not a TorchScript file"):
        teachers.open_teacher(str(tmp_path / "text.ts"), 0, CPU)
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    from edgeseg_training import onnx_file

    onnx_file.write(Halves(), (torch.rand(2, 3, 64, 64),), tmp_path / "halves.onnx", ["pixels"], ["features"])
    torch.testing.assert_close(teachers.open_teacher(str(tmp_path / "halves.onnx"), 0, CPU).targets(image, 4), wanted)


@pytest.mark.parametrize("text, words", [
    ("[pretrain]\ntarget = 'sam'", ["'pretrain.target'", "teacher"]),
    ("[pretrain]\nmasked = 1.0", ["'pretrain.masked'"]),
    ("[pretrain]\nmask = 0.5", ["'pretrain.mask'", "Did you mean 'masked'"]),
    ("[pretrain]\ndecoder_depth = 0", ["'pretrain.decoder_depth'"]),
    ("", ["pretrain.teacher names none"]),
    ("[pretrain]\nteacher = 'absent.pt'", ["absent.pt does not exist"]),
    ("squeezesam", ["only an EfficientSAM is pre-trained"]),
])
def test_a_wrong_recipe_is_one_error(tmp_path, capsys, text, words):
    network = "" if text == "squeezesam" else "[network]\nkind = 'efficientsam'\n[mix]\nsaliency = 0\nempty = 0\n[augment]\nnegative = 0\n"
    (tmp_path / "wrong.toml").write_text(network + text.removeprefix("squeezesam"))
    assert main(["pretrain", str(tmp_path / "wrong.toml"), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1 and all(word in error for word in words), error
