"""Static quantisation in QDQ form: int8 weights for each channel, uint8 activations, int32 biases.

The policy is stated here. In float stay: the stem and the first two blocks (few multiply-adds, and the only ones that see raw pixels),
the transformer, the resize of its output, and the products of tokens and pixels. Quantised are all other convolutions with the ReLU after
them, the other resizes, and the encoder's residual sums. Other sums stay in float: the attention mask's -1e4 would take all levels.

Of an EfficientSAM's encoder the products with constant weights and the neck's convolutions are quantised. In float stay the patches'
convolution, the norms, the products of activations in the attention, and all sums; a product's result stays in float too.
"""
import dataclasses
import re

import numpy as np
import onnx
from onnx import helper, numpy_helper

FLOAT_NODES = r"/encoder/(stem|Clip$|Sub|Concat|blocks\.[01]/)|/(tr|hyp|iou|lab)[./]|^/Resize$"
RESIDUALS = r"/encoder/blocks\.\d+/Add"
WEIGHT_LEVELS = 127
ENCODER_INPUT = "batched_images"  # of an EfficientSAM's encoder


@dataclasses.dataclass(frozen=True)
class Scale:
    """value = (level - zero) * scale."""

    scale: float
    zero: int


def scale_of(low: float, high: float) -> Scale:
    """The scale of uint8 levels over [low, high], which holds 0."""
    scale = max(high - low, 1e-8) / 255
    return Scale(scale, int(np.clip(np.round(-low / scale), 0, 255)))


def chosen(model: onnx.ModelProto, keep_float: str = "", takes_all: bool = False) -> list:
    """The nodes that the policy quantises. `keep_float` is a pattern of further names that stay in float.

    `takes_all`: every convolution, resize and sum of two computed tensors, to show what the policy is for.
    """
    initializers = {i.name for i in model.graph.initializer}
    if model.graph.input[0].name == ENCODER_INPUT:
        return chosen_of_encoder(model, initializers, keep_float)
    constants = initializers | {output for node in model.graph.node if node.op_type == "Constant" for output in node.output}
    whole = {value.name for value in onnx.shape_inference.infer_shapes(model).graph.value_info
             if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT} if takes_all else set()
    nodes = []
    for node in model.graph.node:
        is_kept = (not takes_all and re.search(FLOAT_NODES, node.name)) or (keep_float and re.search(keep_float, node.name))
        if is_kept or whole & set(node.output):
            continue
        is_conv = node.op_type == "Conv" and node.input[1] in initializers
        is_sum = node.op_type == "Add" and (not constants & set(node.input) if takes_all else re.search(RESIDUALS, node.name))
        if is_conv or node.op_type == "Resize" or is_sum:
            nodes.append(node)
    return nodes


def chosen_of_encoder(model: onnx.ModelProto, initializers: set, keep_float: str) -> list:
    """The nodes of an EfficientSAM's encoder that the policy quantises: by their kind, since other exporters give other names."""
    def is_wanted(node) -> bool:
        if node.op_type == "Conv":
            return all(step == 1 for a in node.attribute if a.name == "strides" for step in a.ints)
        return node.op_type == "MatMul"

    return [node for node in model.graph.node if is_wanted(node) and node.input[1] in initializers
            and not (keep_float and re.search(keep_float, node.name))]


class Rewriter:
    """Puts quantise and dequantise nodes around the chosen nodes of one graph."""

    def __init__(self, model: onnx.ModelProto, nodes: list, is_per_tensor: bool = False):
        self.is_per_tensor = is_per_tensor  # one scale for a convolution's weights instead of one an output channel
        self.model, self.graph, self.nodes = model, model.graph, nodes
        self.values = {i.name: numpy_helper.to_array(i) for i in self.graph.initializer}
        self.uses: dict[str, list] = {}
        for node in self.graph.node:
            for name in node.input:
                self.uses.setdefault(name, []).append(node)
        self.outputs = {value.name for value in self.graph.output}
        self.activations = {}  # output of a chosen convolution -> the ReLU or Clip that alone uses it
        for node in nodes:
            users = self.uses.get(node.output[0], [])
            if node.op_type == "Conv" and len(users) == 1 and users[0].op_type in ("Relu", "Clip") and node.output[0] not in self.outputs:
                self.activations[node.output[0]] = users[0]

    def result(self, node) -> str | None:
        """The tensor that holds a chosen node's result, after its ReLU; None where it stays in float."""
        if node.op_type == "MatMul":
            return None
        activation = self.activations.get(node.output[0])
        return activation.output[0] if activation is not None else node.output[0]

    def tensors(self) -> list[str]:
        """The tensors that get a scale: inputs and results of the chosen nodes."""
        names = [name for node in self.nodes for name in (*(node.input if node.op_type == "Add" else node.input[:1]), self.result(node))]
        return [name for name in dict.fromkeys(names) if name is not None]

    def run(self, scales: dict[str, Scale], means: dict[str, np.ndarray]):
        """Rewrites the graph. `means` are the channel means of the convolutions' inputs, for the correction of the biases."""
        scales = self.shared(scales)
        made, quantised = [], {}
        for name in self.tensors():
            made += self.pair(name, scales[name])
            quantised[name] = f"{name}_dequantised"
        chosen_ids = {id(node) for node in self.nodes}
        by_chosen = {self.result(node) for node in self.nodes}
        for node in self.graph.node:
            for index, name in enumerate(node.input):
                # a float node after a float one keeps the exact values
                if name in quantised and (id(node) in chosen_ids or name in by_chosen):
                    node.input[index] = quantised[name]
        for node in self.nodes:
            if node.op_type == "Conv":
                name = node.input[0].removesuffix("_dequantised")
                made += self.weights(node, scales[name], means[name])
            if node.op_type == "MatMul":
                made.append(self.product(node))
            activation = self.activations.get(node.output[0])
            if activation is not None:
                # the levels end at 0 and at the greatest value: the ReLU has nothing left to do
                self.graph.node.remove(activation)
                node.output[0] = activation.output[0]
        self.graph.node.extend(made)
        self.sort()
        used = {name for node in self.graph.node for name in node.input}
        kept = [i for i in self.graph.initializer if i.name in used]
        del self.graph.initializer[:]
        self.graph.initializer.extend(kept)
        del self.graph.value_info[:]

    def shared(self, scales: dict[str, Scale]) -> dict[str, Scale]:
        """A resize's result has its input's scale, so that it works on the levels themselves."""
        scales = dict(scales)
        for node in self.nodes:
            if node.op_type == "Resize":
                scales[self.result(node)] = scales[node.input[0]]
        return scales

    def constant(self, name: str, values: np.ndarray) -> str:
        self.graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    def pair(self, name: str, scale: Scale) -> list:
        step, zero = self.constant(f"{name}_scale", np.float32(scale.scale)), self.constant(f"{name}_zero", np.uint8(scale.zero))
        return [helper.make_node("QuantizeLinear", [name, step, zero], [f"{name}_quantised"], f"{name}_quantise"),
                helper.make_node("DequantizeLinear", [f"{name}_quantised", step, zero], [f"{name}_dequantised"], f"{name}_dequantise")]

    def weights(self, node, scale: Scale, means: np.ndarray) -> list:
        """Dequantise nodes of a convolution's weight and bias. The mean error of the rounded weights goes into the bias."""
        weight = self.values[node.input[1]].astype(np.float64)
        bias = self.values[node.input[2]].astype(np.float64) if len(node.input) > 2 else np.zeros(len(weight))
        axes = tuple(range(1, weight.ndim))
        step = self.steps(weight, axes)
        levels = np.clip(np.round(weight / step.reshape(-1, *[1] * (weight.ndim - 1))), -WEIGHT_LEVELS, WEIGHT_LEVELS)
        error = (weight - levels * step.reshape(-1, *[1] * (weight.ndim - 1))).sum((2, 3))
        groups = next((a.i for a in node.attribute if a.name == "group"), 1)
        per_group = len(weight) // groups
        inputs = means.reshape(groups, -1)
        bias = bias + np.concatenate([error[g * per_group:(g + 1) * per_group] @ inputs[g] for g in range(groups)])
        bias_step = step * scale.scale
        name = node.name or node.output[0]
        bias_levels = np.round(bias / bias_step).clip(-2**31, 2**31 - 1).astype(np.int32)
        made = [self.dequantise(f"{name}_weight", levels.astype(np.int8), step, 0),
                self.dequantise(f"{name}_bias", bias_levels, bias_step, 0)]
        inputs = [node.input[0], *(part.output[0] for part in made)]
        del node.input[:]
        node.input.extend(inputs)
        return made

    def steps(self, weight: np.ndarray, axes) -> np.ndarray:
        """The size of a level of each output channel; `axes` are the others."""
        step = np.maximum(np.abs(weight).max(axes), 1e-8) / WEIGHT_LEVELS
        return np.full_like(step, step.max()) if self.is_per_tensor else step

    def dequantise(self, name: str, levels: np.ndarray, steps: np.ndarray, axis: int):
        """The dequantise node of constant levels, with a step for each index of `axis`."""
        parts = [self.constant(name, levels), self.constant(f"{name}_scale", steps.astype(np.float32)),
                 self.constant(f"{name}_zero", np.zeros(len(steps), levels.dtype))]
        return helper.make_node("DequantizeLinear", parts, [f"{name}_dequantised"], f"{name}_dequantise", axis=axis)

    def product(self, node):
        """The dequantise node of a product's weights [inputs, outputs]."""
        weight = self.values[node.input[1]].astype(np.float64)
        step = self.steps(weight, 0)
        levels = np.clip(np.round(weight / step), -WEIGHT_LEVELS, WEIGHT_LEVELS).astype(np.int8)
        made = self.dequantise(f"{node.name or node.output[0]}_weight", levels, step, 1)
        node.input[1] = made.output[0]
        return made

    def sort(self):
        """Puts the nodes into an order in which each comes after what it needs."""
        ready = {i.name for i in self.graph.initializer} | {i.name for i in self.graph.input} | {""}
        waiting, ordered = list(self.graph.node), []
        while waiting:
            left = []
            for node in waiting:
                if all(name in ready for name in node.input):
                    ordered.append(node)
                    ready.update(node.output)
                else:
                    left.append(node)
            if len(left) == len(waiting):
                raise ValueError(f"the graph has a loop at {left[0].name}")
            waiting = left
        del self.graph.node[:]
        self.graph.node.extend(ordered)
