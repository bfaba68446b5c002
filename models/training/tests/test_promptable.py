"""EfficientSAM in `train`, `evaluate` and `export`."""
import dataclasses

import numpy as np
import pytest
import torch
from conftest import TINY

from edgeseg_training import UserError, checkpoints, efficientsam_graphs, efficientsam_weights, losses, networks, recipe, reports, segment
from edgeseg_training import teachers
from edgeseg_training.__main__ import main
from edgeseg_training.calibration import points_of
from edgeseg_training.prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE
from edgeseg_training.state import State, start_network
from edgeseg_training.train import Training

CPU = torch.device("cpu")
MIX = {"saliency": 0, "empty": 0}
PLAIN = {name: 0.0 for name in ("negative", "flip", "colour", "blur", "noise", "jpeg", "grey", "paste", "shape", "outlier")}
SMALL = {"size": 64, "batch": 4, "samples": 40, "workers": 0, "threads": 1}


@pytest.fixture
def tiny(make_recipe):
    return lambda **train: make_recipe(network=TINY, mix=MIX, augment=PLAIN, train={**SMALL, **train})


def test_the_network_of_a_recipe_has_its_sizes_and_the_recipes_side(tiny):
    made = networks.make(tiny().network)
    assert made.form.image == 64 and made.form.width == 24 and len(made.image_encoder.blocks) == 2
    again = networks.from_table(networks.to_table(made.form))
    assert again == made.form and networks.from_table(networks.to_table(made.form), 96).image == 96
    assert networks.from_table({"width": 32, "decoder": (8, 8, 8)}).width == 32  # a table without a kind is a SqueezeSAM's
    with pytest.raises(UserError, match="version that wrote it"):
        networks.from_table({"kind": "other"})


def test_its_answer_is_that_of_the_published_decoder(tiny):
    model = networks.make(tiny().network).eval()
    efficientsam_graphs.seed_weights(model, 3)
    image = torch.randint(0, 256, (1, 3, 64, 64)).float()
    box = points_of((.1, .2, BOX_FIRST), (.7, .9, BOX_LAST))
    with torch.no_grad():
        logits, iou = model(image, torch.from_numpy(box)[None])
        low, scores = model.decode(model.encode(image.flip(1) / 255), torch.tensor([[[[.1 * 640, .2 * 480], [.7 * 640, .9 * 480]]]]),
                                   torch.tensor([[[2., 3.]]]), 480, 640)
    assert logits.shape == (1, 3, 32, 32) and iou.shape == (1, 3)
    torch.testing.assert_close(iou, scores[:, 0])
    torch.testing.assert_close(torch.nn.functional.interpolate(low[:, 0], (32, 32), mode="bilinear"), logits)


def test_its_loss_has_no_saliency_terms(tiny):
    made = tiny()
    logits, target = torch.randn(2, 3, 8, 8), torch.randint(0, 201, (2, 8, 8)).to(torch.uint8)
    both = torch.cat([logits, torch.randn(2, 1, 8, 8)], 1)
    kind, predicted = torch.tensor([0, 2]), torch.rand(2, 3)
    (without, _), (beside, _) = (losses.loss(each, predicted, target, kind, made.loss) for each in (logits, both))
    assert torch.equal(without, beside)


def test_it_learns_and_is_evaluated_and_resumed_exactly(make_photos, tiny, tmp_path):
    photos = make_photos(4, keep=(1,))
    whole = Training(tiny(validate_samples=8), CPU, tmp_path / "whole", photos=photos, validation=photos)
    whole.run()
    Training(tiny(), CPU, tmp_path / "parts", photos=photos).run(steps=3)
    parts = Training(tiny(), CPU, tmp_path / "parts", photos=photos, resume=True)
    parts.run()
    for name, value in whole.state.network.state_dict().items():
        assert torch.equal(value, parts.state.network.state_dict()[name]), name
    assert [entry["kind"] for entry in reports.read_log(tmp_path / "whole/log.jsonl")][-1] == "validation"
    loaded = checkpoints.load_network(tmp_path / "whole/weights-fp16.pt")
    assert loaded.form == whole.recipe.network
    segmenter = segment.Segmenter(*segment.network_runner(loaded, 0))
    segmenter.set_image(photos[0].pixels())
    assert segmenter.size == 64 and segmenter.automatic() == (None, None)
    answer, index = segmenter.click(30, 40)
    assert answer.mask(index, 80, 96).shape == (80, 96)
    with pytest.raises(UserError, match="negative"):
        segmenter.look([(3, 3, CLICK), (9, 9, NEGATIVE)])


def test_a_frame_is_encoded_once_for_its_prompts(tiny, monkeypatch):
    model, count = networks.make(tiny().network).eval(), []
    run, _ = segment.network_runner(model, 0)
    embed = model.embed
    monkeypatch.setattr(type(model), "embed", lambda self, image: count.append(1) or embed(image))
    one, other = (np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8) for seed in (1, 2))
    answers = [run(image, points_of((.5, .5, CLICK)))[0] for image in (one, one, other, one)]
    assert len(count) == 2
    assert np.array_equal(answers[0], answers[1]) and np.array_equal(answers[0], answers[3]) and not np.array_equal(answers[0], answers[2])


def test_a_frame_is_not_encoded_again_after_the_crops_of_a_click_and_a_box(tiny, monkeypatch, make_photos):
    model, seen = networks.make(tiny().network).eval(), []
    efficientsam_graphs.seed_weights(model, 3)
    segmenter = segment.Segmenter(*segment.network_runner(model, 0))
    embed, run = model.embed, segmenter.run
    monkeypatch.setattr(type(model), "embed", lambda self, image: seen.append(image) or embed(image))
    monkeypatch.setattr(segment, "component_box", lambda *_: (2, 2, 6, 6))  # a small object: each click looks at a crop too
    segmenter.set_image(make_photos(1)[0].pixels())
    frame = segment.as_pixels(segmenter.frame)
    for _ in range(3):
        assert segmenter.click(30, 40)[0].window != (0, 0, 96, 80)
        segmenter.box(20, 20, 40, 50)
    assert len(seen) == 1 + 3 * 2 and sum(torch.equal(image, frame) for image in seen) == 1
    fresh, _ = segment.network_runner(model, 0)
    prompt = points_of((.3, .6, CLICK))
    assert np.array_equal(run(segmenter.frame, prompt)[0], fresh(segmenter.frame, prompt)[0])


def test_a_squeezesam_answers_in_two_steps_too(make_recipe):
    torch.manual_seed(0)
    model = networks.make(networks.Form(width=32, decoder=(16, 16, 16))).eval()
    image, prompt = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8), points_of((.5, .5, CLICK))
    run, size = segment.network_runner(model, 64)
    with torch.no_grad():
        logits, iou = model(segment.as_pixels(image), torch.from_numpy(prompt)[None])
    masks, scores, saliency = run(image, prompt)
    assert size == 64 and np.array_equal(masks, logits[0, :3].numpy()) and np.array_equal(saliency, logits[0, 3].numpy())
    assert np.array_equal(scores, iou[0].numpy())


def test_the_encoder_has_its_own_rate_and_can_be_fixed(tiny):
    made = tiny(rate=1e-3, encoder_rate=1e-5)
    model = networks.make(made.network)
    groups = State(made, CPU, model).optimizer.param_groups
    rates = {id(parameter): (group["base"], group["weight_decay"]) for group in groups for parameter in group["params"]}
    encoder = model.image_encoder
    assert rates[id(encoder.blocks[0].attn["qkv"].weight)] == (1e-5, .01) and rates[id(encoder.pos_embed)] == (1e-5, 0)
    assert rates[id(encoder.neck[0].weight)] == (1e-3, .01) and rates[id(model.mask_decoder.iou_token.weight)] == (1e-3, 0)
    assert rates[id(encoder.patch_embed["proj"].weight)] == (1e-5, .01)
    fixed = State(tiny(fix_encoder=True), CPU, networks.make(made.network)).network
    assert not any(parameter.requires_grad for name, parameter in fixed.image_encoder.named_parameters() if not name.startswith("neck."))
    assert all(parameter.requires_grad for parameter in fixed.image_encoder.neck.parameters())
    assert all(parameter.requires_grad for parameter in fixed.mask_decoder.parameters())


def test_training_starts_from_published_names_and_not_from_others(tiny, make_photos, tmp_path):
    made = tiny(samples=4)
    model = networks.make(made.network)
    efficientsam_graphs.seed_weights(model, 1)
    torch.save({"model": model.state_dict()}, tmp_path / "published.pt")
    training = Training(made, CPU, tmp_path / "run", str(tmp_path / "published.pt"), photos=make_photos(2))
    for name, value in training.state.network.state_dict().items():
        assert torch.equal(value, model.state_dict()[name]), name
    torch.save({"l16.weight": torch.zeros(2)}, tmp_path / "other.pt")
    with pytest.raises(UserError, match="do not belong to this model.*l16.weight"):
        Training(made, CPU, tmp_path / "run2", str(tmp_path / "other.pt"), photos=make_photos(2))


def test_a_file_with_more_than_weights_is_named(tiny, make_recipe, tmp_path):
    path = tmp_path / "other.pt"
    for content in ({"epoch": 3, "state_dict": {"a": torch.zeros(1)}}, {"weights": 3}, {"model": {"a": 1.5}}, {"ema": {1: torch.zeros(1)}}):
        torch.save(content, path)
        made = networks.make(tiny().network)
        for read in (checkpoints.load_network, lambda file: efficientsam_weights.load_published(made, file),
                     lambda file: start_network(tiny(), str(file)), lambda file: start_network(make_recipe(), str(file)),
                     lambda file: teachers.open_teacher(str(file), 0, CPU)):
            with pytest.raises(UserError, match="other.pt holds no table of weights. Use a file that `train` wrote"):
                read(path)


@pytest.mark.parametrize("changes, words", [
    ({"network": {"kind": "sam"}}, ["'network.kind'", "squeezesam, efficientsam"]),
    ({"network": {"image": 64}}, ["'network.image'"]),
    ({"network": {"late": False}}, ["'network.late'"]),
    ({"network": {"heads": 5}}, ["'network.width'", "multiple of network.heads"]),
    ({"network": {"embedding": 36}}, ["'network.embedding'"]),
    ({"network": {"decoder_heads": 0}}, ["'network.decoder_heads'", "at least 1"]),
    ({"network": {"patch": 48}}, ["'train.size'", "multiple of network.patch"]),
    ({"mix": {"saliency": 4}}, ["'mix.saliency'", "no saliency map"]),
    ({"mix": {"empty": 1}}, ["'mix.empty'"]),
    ({"augment": {"negative": .3}}, ["'augment.negative'", "negative clicks"]),
    ({"train": {"early_dropout": .5}}, ["'train.early_dropout'"]),
])
def test_a_recipe_that_does_not_fit_the_network_is_refused(make_recipe, changes, words):
    sections = {"network": TINY, "mix": MIX, "augment": PLAIN, "train": SMALL}
    with pytest.raises(UserError) as refused:
        make_recipe(**{name: {**table, **changes.get(name, {})} for name, table in sections.items()})
    assert all(word in str(refused.value) for word in words), refused.value


def test_the_export_keeps_the_published_contract_and_answers_as_torch(tiny, tmp_path, capsys):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    model = networks.make(dataclasses.replace(tiny().network, upscaling=(16, 8)))
    checkpoints.write_weights(tmp_path / "weights.pt", model.state_dict(), model.form, {})
    for side in (64, 96):
        size = ["--size", str(side)] if side != 64 else []
        assert main(["export", str(tmp_path / "weights.pt"), "--out", str(tmp_path / f"own{side}.onnx"), *size]) == 0
        assert "edgeseg model import efficientsam" in capsys.readouterr().out
        encoder, decoder = (onnx.load(str(tmp_path / f"own{side}-{part}.onnx")) for part in ("encoder", "decoder"))
        assert [value.name for value in decoder.graph.output] == ["output_masks", "iou_predictions", "low_res_masks"]
        shape = [d.dim_param or d.dim_value for d in encoder.graph.output[0].type.tensor_type.shape.dim]
        assert shape == ["batch", 32, side // 16, side // 16]


def test_squeezesam_is_what_a_recipe_without_a_kind_gets(make_recipe):
    assert networks.kind_of(make_recipe().network) == networks.SQUEEZESAM
    assert isinstance(recipe.load(make_recipe().path, changes={"network": {"width": 64}}).network, networks.Form)
