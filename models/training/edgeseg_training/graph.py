"""A trained network as an ONNX graph in the bundle's contract, without waste.

Inputs: `image` uint8 [1,S,S,3] BGR; `points` float32 [1,6,3] = x, y in 0..1, label (prompts.py). Outputs: `masks` float32
[1,3,S/2,S/2] logits, `iou` [1,3], `saliency` [1,1,S/2,S/2] logits. BatchNorm and padding are part of the convolutions, constants are
folded, and the stem is one convolution over the image and the prompt planes.
"""
import copy
import pathlib
import tempfile

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch import nn

from . import UserError, onnx_file
from .encoder import TAPPED_BLOCKS, fold
from .network import MASKS
from .prompts import SLOTS, UNUSED
from .qdq import ENCODER_INPUT

OUTPUTS = ["masks", "iou", "saliency"]
PATCH = 16  # side of an EfficientSAM's patches, in pixels of the picture that the encoder sees


def runtime():
    """The module onnxruntime. Raises UserError where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        raise UserError("onnxruntime is not installed. Install it as models/training/README.md says.") from None
    return onnxruntime


def session(path, threads: int = 0):
    """An inference session on the CPU."""
    ort = runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def is_encoder(session) -> bool:
    """Whether a graph is the encoder of an EfficientSAM."""
    return session.get_inputs()[0].name == ENCODER_INPUT


def decoder_of(path, named="") -> pathlib.Path:
    """The decoder of an EfficientSAM's encoder: the named file, or the one beside it, as `export` names them.

    Raises UserError when there is none.
    """
    if named:
        if not pathlib.Path(named).is_file():
            raise UserError(f"the decoder {named} does not exist. Check the path.")
        return pathlib.Path(named)
    path = pathlib.Path(path)
    decoder = path.with_name(path.name.replace("encoder", "decoder"))
    if decoder == path or not decoder.is_file():
        raise UserError(f"{path} is the encoder of an EfficientSAM, and its decoder is not beside it. Name it with --decoder.")
    return decoder


def side_of(session) -> int:
    """The side of the picture that a graph looks at, in pixels."""
    return session.get_outputs()[0].shape[2] * PATCH if is_encoder(session) else session.get_inputs()[0].shape[1]


def feed(session, image: np.ndarray, points: np.ndarray | None = None) -> dict:
    """The inputs of a graph for a picture, uint8 BGR [S,S,3], and points [6,3], which an encoder does not take."""
    if is_encoder(session):
        return {ENCODER_INPUT: np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)[None], np.float32) / 255}
    return {"image": image[None], "points": points[None]}


def decoder_feed(embeddings: np.ndarray, points: np.ndarray, height: int, width: int) -> dict:
    """The inputs of an EfficientSAM's decoder for points [6,3] and masks of height x width.

    The graph takes any number of points: unused slots are left off, but for one where there is no prompt.
    """
    points = points[:max(1, int((points[:, 2] != UNUSED).sum()))][None, None]
    return {"image_embeddings": embeddings, "batched_point_coords": points[..., :2] * np.float32([width, height]),
            "batched_point_labels": points[..., 2], "orig_im_size": np.int64([height, width])}


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that equals both in evaluation mode."""
    with torch.no_grad():
        weight, bias = fold(conv, norm)
        one = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding, groups=conv.groups)
        one.weight.copy_(weight)
        one.bias.copy_(bias)
    return one


class FoldedBlock(nn.Module):
    """An encoder block whose norms are part of its convolutions."""

    def __init__(self, block):
        super().__init__()
        self.expand = folded(block._expand_conv, block._bn0) if block._expand_conv is not None else None
        self.depthwise = folded(block._depthwise_conv, block._bn1)
        self.project = folded(block._project_conv, block._bn2)
        self.margin = block.margin * 2 if block.stride == 2 else None
        self.has_residual = block.has_residual

    def forward(self, x):
        y = x if self.expand is None else F.relu6(self.expand(x))
        y = F.relu6(self.depthwise(y if self.margin is None else F.pad(y, self.margin)))
        y = self.project(y)
        return x + y if self.has_residual else y


class FoldedEncoder(nn.Module):
    """The encoder over raw BGR: order of the channels and scale are part of the stem's weights; 127 is still subtracted, for the border."""

    def __init__(self, encoder):
        super().__init__()
        self.stem = nn.Conv2d(5, encoder._conv_stem.out_channels, 3, 2)
        with torch.no_grad():
            weight = torch.cat([encoder._conv_stem.weight.flip(1) / 128, encoder._prompt_stem.weight], 1)
            both = nn.Conv2d(5, encoder._conv_stem.out_channels, 3, 2, bias=False)
            both.weight.copy_(weight)
            folded_weight, folded_bias = fold(both, encoder._bn0)
            self.stem.weight.copy_(folded_weight)
            self.stem.bias.copy_(folded_bias)
        self.blocks = nn.ModuleList([FoldedBlock(block) for block in encoder._blocks])

    def forward(self, image, planes):
        y = F.relu6(self.stem(F.pad(torch.cat([image - 127, planes], 1), (0, 1, 0, 1))))
        taps = []
        for index, block in enumerate(self.blocks):
            y = block(y)
            if index in TAPPED_BLOCKS:
                taps.append(y)
        return taps


class Graph(nn.Module):
    """The module that is traced."""

    def __init__(self, network, size):
        super().__init__()
        self.size = size
        self.net = copy.deepcopy(network).eval()
        self.encoder = FoldedEncoder(self.net.enc)
        del self.net.enc

    def forward(self, image, points):
        pixels = image.permute(0, 3, 1, 2).float()
        taps = self.encoder(pixels, self.net.planes(points, self.size))
        logits, iou = self.net.decode(taps, points)
        return logits[:, :MASKS], iou, logits[:, MASKS:]


def fold_pads(model: onnx.ModelProto):
    """Makes each constant zero Pad before a convolution part of that convolution."""
    graph = model.graph
    values = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    values.update({n.output[0]: numpy_helper.to_array(n.attribute[0].t) for n in graph.node if n.op_type == "Constant"})
    made_by = {output: node for node in graph.node for output in node.output}
    uses: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    for conv in [n for n in graph.node if n.op_type == "Conv"]:
        pad = made_by.get(conv.input[0])
        if pad is None or pad.op_type != "Pad" or uses[pad.output[0]] != 1 or pad.input[1] not in values:
            continue
        margins = values[pad.input[1]].astype(int)
        value = float(values[pad.input[2]]) if len(pad.input) > 2 and pad.input[2] in values else 0.0
        if len(margins) != 8 or margins[[0, 1, 4, 5]].any() or value:
            continue
        own = next((list(a.ints) for a in conv.attribute if a.name == "pads"), [0, 0, 0, 0])
        kept = [a for a in conv.attribute if a.name not in ("pads", "auto_pad")]
        del conv.attribute[:]
        conv.attribute.extend([*kept, helper.make_attribute("pads", [int(a + b) for a, b in zip(own, margins[[2, 3, 6, 7]])])])
        conv.input[0] = pad.input[0]
        graph.node.remove(pad)


def fold_shapes(model: onnx.ModelProto) -> bool:
    """Replaces each Shape whose answer is known by a constant; whether there was one."""
    inferred = onnx.shape_inference.infer_shapes(model)
    known = {value.name: [d.dim_value for d in value.type.tensor_type.shape.dim] for value in inferred.graph.value_info
             if value.type.tensor_type.HasField("shape")}
    found = [n for n in model.graph.node if n.op_type == "Shape" and known.get(n.input[0]) and all(known[n.input[0]])]
    for node in found:
        model.graph.initializer.append(numpy_helper.from_array(np.int64(known[node.input[0]]), node.output[0]))
        model.graph.node.remove(node)
    return bool(found)


def simplify(model: onnx.ModelProto) -> onnx.ModelProto:
    """Folds constants and removes what has no effect, by ONNX Runtime's optimisations that need no operators of its own."""
    ort = runtime()
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "a.onnx"), pathlib.Path(folder, "b.onnx")
        onnx.save(model, str(source))
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(target)
        options.log_severity_level = 3
        ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        simple = onnx.load(str(target))
    foreign = {node.domain for node in simple.graph.node} - {"", "ai.onnx"}
    if foreign:
        names = ", ".join(sorted(foreign))
        raise UserError(f"this version of onnxruntime puts operators of {names} into the graph. Use the version of README.md.")
    # only the standard operators' version is kept: older readers refuse domains that they do not know
    kept = [o for o in simple.opset_import if o.domain in ("", "ai.onnx")]
    del simple.opset_import[:]
    simple.opset_import.extend(kept)
    return simple


def export(network, size: int, path):
    """Writes the fp32 graph for images of `size` x `size` pixels. Raises UserError for a size that the network cannot take."""
    if size % 32 or not 64 <= size <= 1024:
        raise UserError(f"the size {size} cannot be used. Choose a multiple of 32 from 64 to 1024.")
    path = pathlib.Path(path)
    image = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    points = torch.full((1, SLOTS, 3), -1.0)
    half = size // 2
    shapes = {"masks": [1, MASKS, half, half], "iou": [1, MASKS], "saliency": [1, 1, half, half]}
    onnx_file.write(Graph(network, size), (image, points), path, ["image", "points"], OUTPUTS, output_shapes=shapes)
    # the exporter computes the margins in the graph: they are constants only after the first call
    model = simplify(onnx.load(str(path)))
    fold_pads(model)
    while fold_shapes(model):
        model = simplify(model)
    model.producer_name, model.producer_version, model.doc_string = "edgeseg_training", torch.__version__, ""
    onnx_file.save(model, path)


def gap(wanted, answers) -> float:
    """The greatest difference between two runs' outputs, which are arrays in the same order.

    Logits beyond +-20 count as 20: there a difference changes no mask and no probability.
    """
    return max(float(np.abs(one.clip(-20, 20) - other.clip(-20, 20)).max()) for one, other in zip(wanted, answers, strict=True))


def differences(network, path, pictures, size: int) -> float:
    """The `gap` between the network's outputs and the graph's. `pictures` are (uint8 BGR [S,S,3], float32 [6,3]) pairs."""
    run = session(path)
    greatest = 0.0
    for image, points in pictures:
        with torch.no_grad():
            logits, iou = network(torch.from_numpy(image)[None].permute(0, 3, 1, 2).float(), torch.from_numpy(points)[None])
        wanted = logits[:, :MASKS].numpy(), iou.numpy(), logits[:, MASKS:].numpy()
        greatest = max(greatest, gap(wanted, run.run(OUTPUTS, {"image": image[None], "points": points[None]})))
    return greatest
