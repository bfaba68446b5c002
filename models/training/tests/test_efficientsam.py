"""EfficientSAM: sizes, the published contract, the committed answers, loading published weights by name."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch

from edgeseg_training import UserError, efficientsam, efficientsam_weights

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
DATA = REPOSITORY / "tests" / "data" / "efficientsam"


def published_shapes(width=192):
    """Names and shapes of the tensors of efficient_sam_vitt.pt (width 192) or efficient_sam_vits.pt (384)."""
    shapes = {"image_encoder.pos_embed": (1, 197, width), "image_encoder.patch_embed.proj.weight": (width, 3, 16, 16),
              "image_encoder.patch_embed.proj.bias": (width,), "image_encoder.neck.0.weight": (256, width, 1, 1),
              "image_encoder.neck.2.weight": (256, 256, 3, 3), "mask_decoder.iou_token.weight": (1, 256),
              "mask_decoder.mask_tokens.weight": (4, 256), "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix": (2, 128)}
    for name in ("invalid_points", "point_embeddings", "bbox_top_left_embeddings", "bbox_bottom_right_embeddings"):
        shapes[f"prompt_encoder.{name}.weight"] = (1, 256)

    def linear(name, inputs, outputs):
        shapes[f"{name}.weight"], shapes[f"{name}.bias"] = (outputs, inputs), (outputs,)

    def norm(name, channels):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = (channels,)

    for i in (1, 3):
        norm(f"image_encoder.neck.{i}", 256)
    for i in range(12):
        block = f"image_encoder.blocks.{i}"
        norm(f"{block}.norm1", width)
        norm(f"{block}.norm2", width)
        linear(f"{block}.attn.qkv", width, 3 * width)
        linear(f"{block}.attn.proj", width, width)
        linear(f"{block}.mlp.fc1", width, 4 * width)
        linear(f"{block}.mlp.fc2", 4 * width, width)

    def attention(name, inner):
        for part in ("q_proj", "k_proj", "v_proj"):
            linear(f"{name}.{part}", 256, inner)
        linear(f"{name}.out_proj", inner, 256)

    transformer = "mask_decoder.transformer"
    for i in range(2):
        layer = f"{transformer}.layers.{i}"
        attention(f"{layer}.self_attn", 256)
        attention(f"{layer}.cross_attn_token_to_image", 128)
        attention(f"{layer}.cross_attn_image_to_token", 128)
        linear(f"{layer}.mlp.layers.0.0", 256, 2048)
        linear(f"{layer}.mlp.fc", 2048, 256)
        for k in range(1, 5):
            norm(f"{layer}.norm{k}", 256)
    attention(f"{transformer}.final_attn_token_to_image", 128)
    norm(f"{transformer}.norm_final_attn", 256)
    for i, (a, b) in enumerate(((256, 64), (64, 32))):
        shapes[f"mask_decoder.final_output_upscaling_layers.{i}.0.weight"] = (a, b, 2, 2)
        shapes[f"mask_decoder.final_output_upscaling_layers.{i}.0.bias"] = (b,)
    norm("mask_decoder.final_output_upscaling_layers.0.1", 64)
    for name, outputs in [(f"output_hypernetworks_mlps.{i}", 32) for i in range(4)] + [("iou_prediction_head", 4)]:
        linear(f"mask_decoder.{name}.layers.0.0", 256, 256)
        linear(f"mask_decoder.{name}.layers.1.0", 256, 256)
        linear(f"mask_decoder.{name}.fc", 256, outputs)
    return shapes


@pytest.mark.parametrize("sizes, width, millions", [(efficientsam.TI, 192, 10.2), (efficientsam.S, 384, 26.4)])
def test_names_shapes_and_parameters_are_the_published_ones(sizes, width, millions):
    model = efficientsam.EfficientSAM(sizes)
    assert {name: tuple(value.shape) for name, value in model.state_dict().items()} == published_shapes(width)
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=.05)


def test_published_weights_are_loaded_by_name(tmp_path):
    random = np.random.RandomState(0)
    weights = {name: torch.from_numpy(random.standard_normal(shape).astype(np.float32)) for name, shape in published_shapes().items()}
    torch.save({"model": weights}, tmp_path / "ti.pt")
    model = efficientsam.EfficientSAM(efficientsam.TI)
    efficientsam_weights.load_published(model, tmp_path / "ti.pt")
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name]), name


def test_weights_that_do_not_belong_are_refused_by_name(tmp_path):
    model = efficientsam.EfficientSAM(efficientsam.Sizes(image=64, width=24, depth=1, embedding=32, decoder_heads=4, decoder_mlp=16))
    weights = dict(model.state_dict())
    weights["extra"] = weights.pop("image_encoder.pos_embed")
    weights["mask_decoder.iou_token.weight"] = torch.zeros(1, 31)
    torch.save(weights, tmp_path / "wrong.pt")
    with pytest.raises(UserError) as refused:
        efficientsam_weights.load_published(model, tmp_path / "wrong.pt")
    for part in ("missing: image_encoder.pos_embed", "unknown: extra", "mask_decoder.iou_token.weight (1, 31) instead of (1, 32)"):
        assert part in str(refused.value)
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(UserError, match="text.pt"):
        efficientsam_weights.load_published(model, tmp_path / "text.pt")


def axes(values):
    return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}


def test_committed_graphs_keep_the_published_contract():
    encoder, decoder = (onnx.load(str(DATA / f"{name}.onnx")) for name in ("encoder", "decoder"))
    assert {e.opset_import[0].version for e in (encoder, decoder)} == {17}
    assert axes(encoder.graph.input) == {"batched_images": ["batch", 3, "height", "width"]}
    assert axes(encoder.graph.output) == {"image_embeddings": ["batch", 32, 8, 8]}
    assert "Resize" in {node.op_type for node in encoder.graph.node}
    assert axes(decoder.graph.input) == {
        "image_embeddings": ["batch", 32, 8, 8], "batched_point_coords": ["batch", "queries", "points", 2],
        "batched_point_labels": ["batch", "queries", "points"], "orig_im_size": [2]}
    assert axes(decoder.graph.output) == {
        "output_masks": ["batch", "queries", 3, "height", "width"], "iou_predictions": ["batch", "queries", 3],
        "low_res_masks": ["batch", "queries", 3, 32, 32]}


def test_committed_answers_are_what_the_script_makes(tmp_path):
    script = REPOSITORY / "tests" / "data" / "make_efficientsam.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, stdout=subprocess.DEVNULL)
    names = sorted(p.name for p in DATA.iterdir())
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    for name in names:
        if name.endswith(".f32"):
            made, kept = (np.fromfile(folder / name, np.float32) for folder in (tmp_path, DATA))
            np.testing.assert_allclose(made, kept, atol=1e-3, err_msg=name)
    for made, kept in zip(*(json.loads((folder / "cases.json").read_text()) for folder in (tmp_path, DATA))):
        assert made["iou_predictions"] == pytest.approx(kept["iou_predictions"], abs=1e-3)
        assert made["best"] == kept["best"]


def test_onnx_runtime_answers_as_torch():
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
    sessions = [runtime.InferenceSession(str(DATA / f"{name}.onnx"), providers=["CPUExecutionProvider"]) for name in ("encoder", "decoder")]
    cases = [c for c in json.loads((DATA / "cases.json").read_text()) if c["image"] == "image0.png" and len(c["labels"]) == 2]
    embedding = np.fromfile(DATA / "image0.embedding.f32", np.float32).reshape(1, 32, 8, 8)
    # two prompts in one run: the number of queries is free
    _, iou, low = sessions[1].run(None, {
        "image_embeddings": embedding, "batched_point_coords": np.float32([[c["points"] for c in cases]]),
        "batched_point_labels": np.float32([[c["labels"] for c in cases]]), "orig_im_size": np.int64([120, 160])})
    for query, case in enumerate(cases):
        np.testing.assert_allclose(iou[0, query], case["iou_predictions"], atol=1e-3)
        np.testing.assert_allclose(low[0, query].ravel(), np.fromfile(DATA / case["low_res_logits"], np.float32), atol=2e-3)
