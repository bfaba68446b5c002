"""int8 of an EfficientSAM's encoder: which nodes, agreement with float, and the figures of a pair of graphs."""
import cv2
import numpy as np
import onnx
import pytest
import torch

from edgeseg_training import efficientsam, efficientsam_graphs, export, graph, qdq, quantise, segment, tuning
from edgeseg_training.__main__ import main
from edgeseg_training.promptable import Promptable

from conftest import TINY, write_pictures

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")
SIDE = 64


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The two graphs of a small network with seeded weights, the network, and photographs."""
    folder = tmp_path_factory.mktemp("pair")
    sizes = {key: tuple(value) if isinstance(value, list) else value for key, value in TINY.items() if key != "kind"}
    network = Promptable(efficientsam.Sizes(image=SIDE, **sizes)).eval()
    with torch.no_grad():
        efficientsam_graphs.seed_weights(network, 3)
    efficientsam_graphs.export(network, folder / "tiny-encoder.onnx", folder / "tiny-decoder.onnx")
    (folder / "photos").mkdir()
    for index, image in enumerate(export.generated(12, 96)):
        cv2.imwrite(str(folder / "photos" / f"{index}.png"), image)
    return folder, network


@pytest.fixture
def words(files, tmp_path):
    """The command line that quantises the encoder."""
    return ["quantise", str(files[0] / "tiny-encoder.onnx"), "--photos", str(files[0] / "photos"), "--out", str(tmp_path / "int8.onnx")]


def test_the_products_with_weights_and_the_neck_are_int8_and_the_attention_is_not(files, words, tmp_path, capsys):
    assert main([*words, "--force"]) == 0
    text = capsys.readouterr().out
    assert "9 photographs, 27 looks" in text and "agree" in text
    model = onnx.load(str(tmp_path / "int8.onnx"))
    by_output = {name: node for node in model.graph.node for name in node.output}
    is_int8 = lambda node: all(by_output[name].op_type == "DequantizeLinear" for name in node.input[:2] if name in by_output)  # noqa: E731
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    quantised = [node for node in products if is_int8(node)]
    # qkv, proj, fc1 and fc2 of each block; two products of activations of each stay
    assert (len(quantised), len(products)) == (4 * TINY["depth"], 6 * TINY["depth"])
    convolutions = {node.name: node.input[1] in by_output for node in model.graph.node if node.op_type == "Conv"}
    assert sorted(convolutions.values()) == [False, True, True] and not next(v for k, v in convolutions.items() if "neck" not in k)
    assert f"{len(quantised) + 2} of {len(products) + 3} convolutions and products are int8" in text


def test_no_more_photographs_are_calibrated_on_than_asked_for(words, tmp_path, capsys):
    assert main([*words, "--images", "4", "--no-tuning", "--force"]) == 0
    assert "calibrated on 4 photographs, 12 looks" in capsys.readouterr().out
    properties = {entry.key: entry.value for entry in onnx.load(str(tmp_path / "int8.onnx")).metadata_props}
    assert properties[quantise.IMAGES] == "4"


def test_its_embeddings_and_masks_are_close_to_those_of_float(files, words, tmp_path):
    assert main([*words, "--no-tuning", "--force"]) == 0
    sessions = [graph.session(file) for file in (words[1], tmp_path / "int8.onnx")]
    for image in export.generated(8, SIDE):
        wanted, found = (session.run(None, graph.feed(session, image))[0].ravel() for session in sessions)
        # rounding changes something: a graph that is not quantised would pass otherwise
        assert .99 < np.corrcoef(wanted, found)[0, 1] < 1 - 1e-6
    one = segment.graph_runner(words[1])[0]
    other, side = segment.graph_runner(tmp_path / "int8.onnx", decoder=files[0] / "tiny-decoder.onnx")
    assert side == SIDE
    points = np.float32([(.5, .5, 1)] + [(0, 0, -1)] * 5)
    assert np.mean([np.abs(one(image, points)[1] - other(image, points)[1]).mean() for image in export.generated(8, SIDE)]) < .1


def test_a_pair_of_graphs_answers_as_the_network_does(files):
    folder, network = files
    from_torch, from_graphs = segment.network_runner(network, SIDE)[0], segment.graph_runner(folder / "tiny-encoder.onnx")[0]
    for image, points in zip(export.generated(4, SIDE), ([(.3, .4, 1)], [(.1, .2, 2), (.8, .9, 3)]) * 2):
        prompt = np.float32(points + [(0, 0, -1)] * (6 - len(points)))
        for wanted, found in zip(from_torch(image, prompt)[:2], from_graphs(image, prompt)[:2]):
            assert wanted.shape == found.shape and np.abs(wanted - found).max() < 1e-2 * max(1, np.abs(wanted).max())


def test_the_figures_of_both_stand_side_by_side(files, words, tmp_path, capsys):
    write_pictures(tmp_path / "data", 2)
    data = ["--data", str(tmp_path / "data"), "--format", "folder"]
    assert main([*words, "--force", *data]) == 0
    assert "mean IoU lost" in capsys.readouterr().out
    decoder = ["--decoder", str(files[0] / "tiny-decoder.onnx")]
    assert main(["evaluate", str(tmp_path / "int8.onnx"), *decoder, *data]) == 0
    assert main(["evaluate", str(files[0] / "tiny-encoder.onnx"), *data]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("data ")]
    assert len(rows) == 2 and rows[0][1] == "4" and abs(float(rows[0][2]) - float(rows[1][2])) < .2


def test_a_missing_decoder_is_named(words, tmp_path, capsys):
    assert main(["quantise", words[1], *words[2:], "--decoder", str(tmp_path / "none.onnx")]) == 2
    assert "none.onnx" in capsys.readouterr().err
    alone = tmp_path / "encoder.onnx"
    alone.write_bytes(open(words[1], "rb").read())
    assert main(["quantise", str(alone), *words[2:]]) == 2
    assert "its decoder is not beside it" in capsys.readouterr().err


def test_tuning_keeps_a_block_that_loses_most(files, tmp_path):
    source = files[0] / "tiny-encoder.onnx"
    inputs = list(zip(export.generated(6, SIDE), [np.float32([(.5, .5, 1)] + [(0, 0, -1)] * 5)] * 6))
    quantiser = tuning.Quantiser(source, inputs)
    assert quantiser.parts() == ["/image_encoder/blocks.0/", "/image_encoder/blocks.1/", "/image_encoder/neck/"]
    quantiser.max_bytes = float("inf")
    for name in quantiser.names:
        if "/blocks.1/" in name:
            quantiser.scales[name] = qdq.scale_of(-1e-3, 1e-3)
    runner = lambda path: segment.graph_runner(path, decoder=files[0] / "tiny-decoder.onnx")  # noqa: E731
    assert tuning.tune(quantiser, inputs, .9, runner)[0] == "/image_encoder/blocks.1/"
