"""Export and quantisation of a small network with seeded weights."""
import collections

import cv2
import numpy as np
import onnx
import pytest
import torch

from edgeseg_training import UserError, checkpoints, export, graph, qdq, quantise, ranges, segment, tuning
from edgeseg_training.__main__ import main
from edgeseg_training.network import Form, SqueezeSAM

from conftest import write_pictures

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
SIZE = 64


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A checkpoint, its graph, and a folder of photographs."""
    folder = tmp_path_factory.mktemp("graph")
    torch.manual_seed(0)
    network = SqueezeSAM(Form(width=32, decoder=(24, 16, 16))).eval()
    # statistics of real activations, so that folding the norms is not folding ones and zeros
    network.train()
    pictures = torch.from_numpy(np.stack(export.generated(4, SIZE))).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        for _ in range(3):
            network(pictures, torch.from_numpy(np.stack(export.prompts(4))))
        # masks of half the picture: full and empty ones would agree whatever happens
        logits = network.eval()(pictures, torch.from_numpy(np.stack(export.prompts(4))))[0]
        for index, head in enumerate(network.hyp):
            head[2].bias[-1] -= logits[:, index].median()
    checkpoints.write_weights(folder / "weights.pt", network.state_dict(), network.form, {})
    network = checkpoints.load_network(folder / "weights.pt")
    graph.export(network, SIZE, folder / "fp32.onnx")
    (folder / "photos").mkdir()
    for index, picture in enumerate(export.generated(8, 96)):
        cv2.imwrite(str(folder / "photos" / f"{index}.png"), picture)
    (folder / "photos" / "broken.jpg").write_bytes(b"no picture")
    return folder, network


def test_graph_equals_torch_on_twenty_pictures(files):
    folder, network = files
    pictures = list(zip(export.generated(20, SIZE), export.prompts(20)))
    assert graph.differences(network, folder / "fp32.onnx", pictures, SIZE) < 1e-3


def test_the_gap_counts_what_changes_a_mask():
    wanted = [np.float32([30, -40, 1]), np.float32([.5])]
    assert graph.gap(wanted, [np.float32([90, -21, 1.25]), np.float32([.5])]) == .25
    assert graph.gap(wanted, [np.float32([19, -40, 1]), np.float32([.5])]) == 1
    assert graph.gap(wanted, [wanted[0], np.float32([-.5])]) == 1
    with pytest.raises(ValueError):
        graph.gap(wanted, wanted[:1])


def test_graph_keeps_the_contract_without_waste(files):
    model = onnx.load(str(files[0] / "fp32.onnx"))
    shapes = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in (*model.graph.input, *model.graph.output)}
    half = SIZE // 2
    assert shapes == {"image": [1, SIZE, SIZE, 3], "points": [1, 6, 3], "masks": [1, 3, half, half], "iou": [1, 3],
                      "saliency": [1, 1, half, half]}
    assert model.graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.UINT8
    assert {(o.domain, o.version) for o in model.opset_import} == {("", 17)}
    counts = collections.Counter(node.op_type for node in model.graph.node)
    for waste in ("Pad", "BatchNormalization", "Shape", "Range", "Identity", "ConstantOfShape", "Flatten"):
        assert counts[waste] == 0, f"{counts[waste]} nodes {waste}"
    weights = {i.name: list(i.dims) for i in model.graph.initializer}
    stems = [node for node in model.graph.node if node.op_type == "Conv" and weights[node.input[1]][1:] == [5, 3, 3]]
    assert len(stems) == 1 and [list(a.ints) for a in stems[0].attribute if a.name == "pads"] == [[0, 0, 1, 1]]


def test_export_command_and_wrong_sizes(files, tmp_path):
    assert main(["export", str(files[0] / "weights.pt"), "--size", str(SIZE), "--out", str(tmp_path / "a.onnx")]) == 0
    assert (tmp_path / "a.onnx").is_file()
    with pytest.raises(UserError, match="100"):
        graph.export(files[1], 100, tmp_path / "b.onnx")
    assert main(["export", str(files[0] / "none.pt"), "--out", str(tmp_path / "c.onnx")]) == 2


def test_int8_agrees_and_is_quantised_by_the_policy(files, tmp_path, capsys):
    folder = files[0]
    words = ["quantise", str(folder / "fp32.onnx"), "--photos", str(folder / "photos"), "--out", str(tmp_path / "int8.onnx"), "--force"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "broken.jpg" in text and "agree" in text
    model = onnx.load(str(tmp_path / "int8.onnx"))
    properties = {p.key: p.value for p in model.metadata_props}
    assert int(properties[quantise.IMAGES]) == 6 and "photos" in properties[quantise.SOURCE]
    by_output = {name: node for node in model.graph.node for name in node.output}
    int8 = {node.name for node in model.graph.node if node.op_type == "Conv" and node.input[1] in by_output}
    floats = {node.name for node in model.graph.node if node.op_type == "Conv" and node.input[1] not in by_output}
    assert any("blocks.15" in name for name in int8) and any("/c2/" in name for name in int8)
    assert floats and all("stem" in name or "blocks.0/" in name or "blocks.1/" in name for name in floats)
    resizes = [node.name for node in qdq.chosen(onnx.load(str(folder / "fp32.onnx"))) if node.op_type == "Resize"]
    assert resizes == ["/Resize_1", "/Resize_2", "/Resize_3"]
    for name in ("MatMul", "Gemm"):
        for node in model.graph.node:
            if node.op_type == name and node.input[1] in by_output:
                assert by_output[node.input[1]].op_type != "DequantizeLinear", node.name
    inputs = list(zip(export.generated(8, SIZE), export.prompts(8)))
    one, other = (segment.graph_runner(path)[0] for path in (folder / "fp32.onnx", tmp_path / "int8.onnx"))
    for image, points in inputs:
        for a, b in zip(one(image, points), other(image, points)):
            scale = float(np.abs(a).max())
            assert float(np.abs(a - b).mean()) < .1 * scale


def test_fp32_and_int8_stand_side_by_side_on_photographs_with_masks(files, tmp_path, capsys):
    folder = files[0]
    write_pictures(tmp_path / "data", 2)
    words = ["quantise", str(folder / "fp32.onnx"), "--photos", str(folder / "photos"), "--out", str(tmp_path / "int8.onnx"), "--no-tuning"]
    assert main([*words, "--data", str(tmp_path / "data"), "--format", "folder", "--force"]) == 0
    text = capsys.readouterr().out
    row = next(line for line in text.splitlines() if line.startswith("data "))
    fp32, int8 = (float(figure) for figure in row.replace("/", " ").split()[2:4])
    assert row.split()[1] == "4" and 0 < fp32 < 1 and abs(fp32 - int8) < .2
    assert "mean IoU lost" in text and sorted(file.name for file in tmp_path.glob("*.onnx*")) == ["int8.onnx"]


def test_a_graph_that_loses_too_much_is_refused(files, tmp_path, monkeypatch, capsys):
    folder = files[0]
    monkeypatch.setattr(ranges, "limits", lambda found: (-1e-3, 1e-3))
    words = ["quantise", str(folder / "fp32.onnx"), "--photos", str(folder / "photos"), "--out", str(tmp_path / "int8.onnx"), "--no-tuning"]
    assert main(words) == 1
    assert "refused" in capsys.readouterr().out and not list(tmp_path.iterdir())
    assert main([*words[:3], str(tmp_path), *words[4:]]) == 2


def test_tuning_keeps_the_part_in_float_that_loses_most(files, tmp_path, monkeypatch):
    folder = files[0]
    inputs = list(zip(export.generated(6, SIZE), export.prompts(6)))
    quantiser = tuning.Quantiser(folder / "fp32.onnx", inputs)
    parts = quantiser.parts()
    assert "/encoder/blocks.15/" in parts and any(part.startswith("/c2/") for part in parts)
    # one part gets scales that fit nothing
    broken = [name for name in quantiser.names if name.startswith("/c2/c2.1/")]
    assert broken
    for name in broken:
        quantiser.scales[name] = qdq.scale_of(-1e-3, 1e-3)
    kept = tuning.tune(quantiser, inputs, .9)
    quantiser.write(tmp_path / "all.onnx")
    quantiser.write(tmp_path / "tuned.onnx", kept)
    before, after = (quantise.agreement(folder / "fp32.onnx", tmp_path / name, inputs) for name in ("all.onnx", "tuned.onnx"))
    assert kept[0].startswith("/c2/c2.1/") and after > before + .1
