"""EfficientSAM's ONNX files: the published contract, and seeded weights for tests.

Encoder: `batched_images` float [B,3,H,W] RGB 0..1 -> `image_embeddings` float [B,C,g,g].
Decoder: `image_embeddings`, `batched_point_coords` float [B,Q,N,2] (pixels of a picture of `orig_im_size`), `batched_point_labels`
float [B,Q,N], `orig_im_size` int64 [2] = height, width -> `output_masks` float [B,Q,3,height,width] logits, `iou_predictions`
float [B,Q,3], `low_res_masks` float [B,Q,3,4g,4g].
"""
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import onnx_file
from .efficientsam import EfficientSAM

ENCODER_AXES = {"batched_images": {0: "batch", 2: "height", 3: "width"}, "image_embeddings": {0: "batch"}}
DECODER_AXES = {
    "image_embeddings": {0: "batch"},
    "batched_point_coords": {0: "batch", 1: "queries", 2: "points"},
    "batched_point_labels": {0: "batch", 1: "queries", 2: "points"},
    "output_masks": {0: "batch", 1: "queries", 3: "height", 4: "width"},
    "iou_predictions": {0: "batch", 1: "queries"},
    "low_res_masks": {0: "batch", 1: "queries"},
}


class EncoderGraph(nn.Module):
    """The position table is enlarged before the export, so that the graph holds a constant."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.register_buffer("position", model.image_encoder.position().detach())

    def forward(self, batched_images):
        return self.model.encode(batched_images, self.position)


class DecoderGraph(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.register_buffer("position", model.prompt_encoder.image_position().detach())

    def forward(self, image_embeddings, batched_point_coords, batched_point_labels, orig_im_size):
        height, width = orig_im_size[0], orig_im_size[1]
        low, iou = self.model.decode(image_embeddings, batched_point_coords, batched_point_labels, height, width, self.position)
        masks = F.interpolate(low.flatten(0, 1), size=(height, width), mode="bilinear", align_corners=False)
        return masks.reshape(*low.shape[:2], self.model.sizes.masks, *masks.shape[2:]), iou, low


def export(model: EfficientSAM, encoder_path, decoder_path):
    """Writes both graphs of the published contract (opset 17)."""
    sizes = model.sizes
    image = torch.rand(1, 3, sizes.image + 8, sizes.image + 24)
    onnx_file.write(EncoderGraph(model), (image,), encoder_path, ["batched_images"], ["image_embeddings"], ENCODER_AXES,
                    {"image_embeddings": ["batch", sizes.embedding, sizes.grid, sizes.grid]})
    embedding = torch.zeros(1, sizes.embedding, sizes.grid, sizes.grid)
    points, labels = torch.full((1, 2, 3, 2), 5.), torch.ones(1, 2, 3)
    onnx_file.write(DecoderGraph(model), (embedding, points, labels, torch.tensor([40, 56])), decoder_path,
                    ["image_embeddings", "batched_point_coords", "batched_point_labels", "orig_im_size"],
                    ["output_masks", "iou_predictions", "low_res_masks"], DECODER_AXES)


def seed_weights(model: EfficientSAM, seed: int):
    """Fills every parameter from numpy's legacy generator, whose numbers are the same in each version of numpy and torch."""
    random = np.random.RandomState(seed)
    for name, value in sorted(model.state_dict().items()):
        drawn = torch.from_numpy(random.standard_normal(tuple(value.shape)).astype(np.float32))
        if value.dim() > 1:
            fan_in = value[0].numel() if "embedding" not in name and "token" not in name else 1
            value.copy_(.7 * drawn / math.sqrt(fan_in))
        else:
            # norms stay near one, biases near zero
            value.copy_((1 if name.endswith("weight") else 0) + .1 * drawn)
    # predicted IoU: near .5, as a trained head's, and different for each mask and prompt
    head = model.mask_decoder.iou_prediction_head.fc
    head.weight.data.mul_(2)
    head.bias.data.fill_(.5)
    # logits of a trained decoder's size, so that rounding stays far below the tolerance of the tests
    for perceptron in model.mask_decoder.output_hypernetworks_mlps:
        perceptron.fc.weight.data.mul_(4)
        perceptron.fc.bias.data.mul_(4)
