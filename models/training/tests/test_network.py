import dataclasses

import pytest
import torch

from edgeseg_training import UserError, checkpoints, losses, recipe, sampling
from edgeseg_training.encoder import Encoder, load_backbone
from edgeseg_training.network import Form, SqueezeSAM
from edgeseg_training.prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE, prompt_planes


def points_of(*points):
    made = torch.full((1, 6, 3), -1.0)
    for index, point in enumerate(points):
        made[0, index] = torch.tensor(point)
    return made


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SqueezeSAM().eval()


def test_planes_show_clicks_negative_clicks_and_the_box():
    planes = prompt_planes(points_of((0.25, 0.5, CLICK), (0.75, 0.5, NEGATIVE), (0.25, 0.25, BOX_FIRST), (0.75, 0.5, BOX_LAST)), 64)[0]
    assert planes[0, 32, 16] == 1 and planes[0, 32, 48] == -1 and planes[0, 0, 0] == 0
    assert planes[1].sum() == 32 * 16 and planes[1, 20, 20] == 1 and planes[1, 40, 20] == 0
    assert prompt_planes(points_of(), 64).abs().sum() == 0


FORMS = [{}, {"early": False}, {"late": False}, {"layers": 0}, {"skips": False}, {"norm": "layer"}, {"width": 64, "decoder": (32, 24, 16)}]


@pytest.mark.parametrize("changes", FORMS)
def test_every_form_gives_masks_and_their_iou(changes):
    network = SqueezeSAM(dataclasses.replace(Form(), **changes))
    logits, predicted = network(torch.rand(2, 3, 64, 64) * 255, points_of((0.5, 0.5, CLICK)).expand(2, -1, -1))
    assert logits.shape == (2, 4, 32, 32) and predicted.shape == (2, 3)


def test_prompts_that_a_form_leaves_out_change_nothing():
    torch.manual_seed(0)
    network = SqueezeSAM(Form(early=False, late=False)).eval()
    image = torch.rand(1, 3, 64, 64) * 255
    assert torch.equal(network(image, points_of())[0], network(image, points_of((0.3, 0.3, CLICK)))[0])


def test_unused_points_change_nothing(network):
    image = torch.rand(1, 3, 64, 64) * 255
    one, two = points_of((0.5, 0.5, CLICK)), points_of((0.5, 0.5, CLICK))
    two[0, 3, :2] = 0.9
    with torch.no_grad():
        assert torch.allclose(network(image, one)[0], network(image, two)[0], atol=1e-5)
        three = points_of((0.5, 0.5, CLICK), (0.9, 0.9, NEGATIVE))
        assert not torch.allclose(network(image, one)[0], network(image, three)[0], atol=1e-5)


def test_folded_norms_equal_separate_ones():
    torch.manual_seed(1)
    encoder = Encoder()
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    encoder.eval()
    block = encoder._blocks[3]
    x = torch.randn(2, 40 if block._expand_conv.in_channels == 40 else block._expand_conv.in_channels, 16, 16)
    y = torch.nn.functional.relu6(block._bn0(block._expand_conv(x)))
    if block.stride == 2:
        y = torch.nn.functional.pad(y, block.margin * 2)
    y = block._bn2(block._project_conv(torch.nn.functional.relu6(block._bn1(block._depthwise_conv(y)))))
    assert torch.allclose(block(x), x + y if block.has_residual else y, atol=1e-4)


def test_a_checkpoint_of_weights_gives_the_network_back(network, tmp_path):
    path = tmp_path / "w.pt"
    checkpoints.write_weights(path, network.state_dict(), network.form, {"samples": 7})
    assert path.stat().st_size < 10e6
    again = checkpoints.load_network(path)
    for name, value in network.state_dict().items():
        assert torch.allclose(again.state_dict()[name].float(), value.float(), atol=2e-3, rtol=1e-2), name
    assert not list(tmp_path.glob("*.part"))


def test_bare_weights_load(network, tmp_path):
    torch.save(checkpoints.half(network.state_dict()), tmp_path / "bare.pt")
    assert checkpoints.load_network(tmp_path / "bare.pt").form == Form()


def test_wrong_checkpoints_are_named(tmp_path):
    (tmp_path / "text.pt").write_text("no checkpoint")
    for name in ("text.pt", "absent.pt"):
        with pytest.raises(UserError, match=name):
            checkpoints.load_network(tmp_path / name)
    torch.save({"a": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(UserError, match="other.pt does not fit"):
        checkpoints.load_network(tmp_path / "other.pt")


def test_a_backbone_loads_by_name_and_keeps_prompts_silent():
    state = {name: value for name, value in Encoder().state_dict().items() if not name.startswith("_prompt_stem")}
    encoder = Encoder()
    assert load_backbone(encoder, {**state, "_fc.weight": torch.zeros(1)}) == ["_fc.weight"]
    assert encoder._prompt_stem.weight.abs().sum() == 0
    with pytest.raises(ValueError, match="_conv_stem"):
        load_backbone(Encoder(), {"_fc.weight": torch.zeros(1)})


def batch_of(kind):
    target = torch.zeros(1, 16, 16, dtype=torch.uint8)
    target[:, 4:12, 4:12] = sampling.FULL
    right = torch.where(target == sampling.FULL, 8.0, -8.0)[:, None]
    wrong = -right
    return torch.cat([right, wrong, wrong, right], 1), target, torch.tensor([kind])


def test_the_best_mask_counts_and_the_heads_order_is_trained():
    logits, target, kind = batch_of(0)
    weights = recipe.Loss()
    good, figures = losses.loss(logits, torch.tensor([[1.0, 0.0, 0.0]]), target, kind, weights)
    bad, worse = losses.loss(logits, torch.tensor([[0.0, 1.0, 0.0]]), target, kind, weights)
    assert figures["best"] == worse["best"] == 1 and figures["picked"] == 1 and worse["picked"] == 0
    assert good + 0.5 < bad
    unranked = dataclasses.replace(weights, ranking=0.0, iou=0.0)
    assert losses.loss(logits, torch.tensor([[0.0, 1.0, 0.0]]), target, kind, unranked)[0] < bad - 0.5


def test_an_empty_target_wants_a_silent_map():
    logits, target, kind = batch_of(sampling.EMPTY)
    loud, _ = losses.loss(logits, torch.zeros(1, 3), torch.zeros_like(target), kind, recipe.Loss())
    silent, _ = losses.loss(-8 * torch.ones_like(logits), torch.zeros(1, 3), torch.zeros_like(target), kind, recipe.Loss())
    assert silent < 0.02 < 0.5 < loud


def test_unknown_pixels_do_not_count():
    logits, target, kind = batch_of(sampling.SALIENCY)
    target[:, :4] = sampling.UNKNOWN
    one, _ = losses.loss(logits, torch.zeros(1, 3), target, kind, recipe.Loss())
    logits[:, :, :4] = 20.0
    two, figures = losses.loss(logits, torch.zeros(1, 3), target, kind, recipe.Loss())
    assert torch.allclose(one, two) and figures["saliency"] == 1
