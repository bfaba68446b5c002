"""What `cost` counts, on graphs whose multiply-adds are known."""
import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgeseg_training.__main__ import main

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed (models/training/README.md)")


def write(path, nodes, inputs, output, **weights):
    """A graph of float inputs (name -> shape) with random weights (name -> shape)."""
    random = np.random.default_rng(0)
    constants = [numpy_helper.from_array(random.random(shape, np.float32), name) for name, shape in weights.items()]
    made = helper.make_graph(
        nodes, "made", [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], constants)
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    return str(path)


def test_multiply_adds_of_each_operator(tmp_path):
    path = write(
        tmp_path / "all.onnx",
        [helper.make_node("Conv", ["x", "wide"], ["a"], pads=[1, 1, 1, 1]),  # 4 x 8 x 8 outputs of 3 x 3 x 3
         helper.make_node("Conv", ["a", "deep"], ["b"], group=4, strides=[2, 2]),  # 4 x 4 x 4 outputs of 1 x 2 x 2
         helper.make_node("ConvTranspose", ["b", "up"], ["c"], strides=[2, 2]),  # 4 x 4 x 4 inputs to 2 x 2 x 2 each
         helper.make_node("Flatten", ["c"], ["d"]),  # [1, 128]
         helper.make_node("Gemm", ["d", "full"], ["e"], transB=1),  # 10 outputs of 128
         helper.make_node("MatMul", ["e", "last"], ["y"])],  # 7 outputs of 10
        {"x": [1, 3, 8, 8]}, "y", wide=(4, 3, 3, 3), deep=(4, 1, 2, 2), up=(4, 2, 2, 2), full=(10, 128), last=(10, 7))
    assert main(["cost", path, "--rounds", "1", "--json", str(tmp_path / "cost.json")]) == 0
    (row,) = json.loads((tmp_path / "cost.json").read_text())["graphs"]
    assert row["mac"] == 256 * 27 + 64 * 4 + 64 * 8 + 10 * 128 + 7 * 10
    assert row["parameters"] == 108 + 16 + 32 + 1280 + 70
    assert row["bytes"] == (tmp_path / "all.onnx").stat().st_size


def test_free_axes_take_the_shape_that_is_given(tmp_path, capsys):
    path = write(tmp_path / "free.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": ["rows", 6]}, "y", w=(6, 5))
    assert main(["cost", path, path, "--rounds", "1", "--shape", "x=40,6", "--json", str(tmp_path / "cost.json")]) == 0
    assert [row["mac"] for row in json.loads((tmp_path / "cost.json").read_text())["graphs"]] == [40 * 6 * 5] * 2
    assert capsys.readouterr().out.count("| free.onnx |") == 2


@pytest.mark.parametrize("words, text", [
    (["missing.onnx"], "does not exist"),
    (["{made}", "--shape", "x=40x6"], "with commas between them"),
    (["{made}", "--shape", "x=40,7"], "cannot be run"),
])
def test_wrong_input_is_named(tmp_path, capsys, words, text):
    made = write(tmp_path / "free.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"x": ["rows", 6]}, "y", w=(6, 5))
    assert main(["cost", *(word.format(made=made) for word in words)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and text in error
