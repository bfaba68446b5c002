"""Teachers of SAMI: image encoders whose features are the target.

A teacher is a function of pictures, float RGB 0..1 [B,3,S,S], that gives features [B,C,h,w]. `open_teacher` makes one of a file:
    *.onnx: the graph's first input and output;
    *.torchscript, *.ts: a TorchScript module. SAM ViT-H, for instance: a module that resizes and normalises as SAM does and returns the
        image embedding [B,256,64,64];
    others: a checkpoint of a SqueezeSAM, or the ImageNet weights of its backbone: its encoder's map at 1/16, 112 channels.
"""
import pathlib

import torch
import torch.nn.functional as F

from . import UserError, checkpoints, networks
from .encoder import Encoder, took_backbone
from .recipe import paths

STRIDE16 = 3  # which of the encoder's maps


class Teacher:
    """Features of a teacher as targets. `side` is the side of the picture that it gets; 0 = as large as the student's."""

    def __init__(self, features, side: int = 0):
        self.features, self.side = features, side

    @torch.no_grad()
    def targets(self, image, grid: int):
        """image [B,3,S,S] BGR 0..255 -> [B,grid*grid,C], row by row. Another number of features is resampled to the grid."""
        pixels = image.flip(1) / 255
        if self.side and self.side != pixels.shape[-1]:
            pixels = F.interpolate(pixels, (self.side, self.side), mode="bilinear", align_corners=False, antialias=True)
        found = self.features(pixels).float()
        if found.shape[-1] > grid:
            found = F.adaptive_avg_pool2d(found, grid)
        elif found.shape[-1] < grid:
            found = F.interpolate(found, (grid, grid), mode="bilinear", align_corners=False)
        return found.flatten(2).transpose(1, 2)


def open_teacher(path: str, side: int, device) -> Teacher:
    """The teacher of a file, on the device. Raises UserError for a file that is none."""
    file = pathlib.Path(paths(path)[0])
    if not file.is_file():
        raise UserError(f"the teacher {file} does not exist. Check pretrain.teacher.")
    kinds = {".onnx": onnx_features, ".torchscript": script_features, ".ts": script_features}
    return Teacher(kinds.get(file.suffix, encoder_features)(file, device), side)


def checked(features, file):
    """A teacher's output, if it is one."""
    if not isinstance(features, torch.Tensor) or features.ndim != 4:
        shape = tuple(features.shape) if isinstance(features, torch.Tensor) else type(features).__name__
        raise UserError(f"the teacher {file} gives {shape} where features [B,C,h,w] are needed.")
    return features


def onnx_features(file, device):
    """A graph, run on the CPU."""
    from . import graph  # needs onnx, which a machine that only trains may lack

    session = graph.session(file)
    name = session.get_inputs()[0].name
    return lambda pixels: checked(torch.from_numpy(session.run(None, {name: pixels.cpu().numpy()})[0]), file).to(device)


def script_features(file, device):
    """A TorchScript module."""
    try:
        module = torch.jit.load(str(file), map_location=device).eval()
    except RuntimeError as error:
        raise UserError(f"the teacher {file} is not a TorchScript file: {str(error).splitlines()[0]}") from None
    return lambda pixels: checked(module(pixels), file)


def encoder_features(file, device):
    """SqueezeSAM's encoder at 1/16, without prompts."""
    content = checkpoints.read(file)
    encoder = Encoder()
    if not took_backbone(encoder, checkpoints.weights(content, file), f"the teacher {file}"):
        network = checkpoints.network_of(content, file)
        if networks.kind_of(network.form) != networks.SQUEEZESAM:
            raise UserError(f"the teacher {file} is an EfficientSAM of `train`. Export its encoder and name the ONNX file.")
        encoder = network.enc
    encoder = encoder.to(device).eval()

    def run(pixels):
        planes = torch.zeros_like(pixels[:, :2])
        return encoder((pixels * 255 - 127) / 128, planes)[STRIDE16]

    return run
