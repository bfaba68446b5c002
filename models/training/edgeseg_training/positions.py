"""Position codes of EfficientSAM: of the encoder's patches, and of points in the picture."""
import math

import torch
import torch.nn.functional as F
from torch import nn


def sine_table(side, width):
    """Sine and cosine codes [1,side*side+1,width] of the places of a grid, row by row, the first entry (a class token's) 0.

    The start of the learned position table: with zeros, a short training would first have to learn where a patch lies.
    """
    quarter = -(-width // 4)
    rates = 10_000 ** -(torch.arange(quarter) / quarter)
    place = torch.arange(side)[:, None] * rates
    code = torch.cat([place.sin(), place.cos()], 1)
    grid = torch.cat([code[:, None].expand(-1, side, -1), code[None].expand(side, -1, -1)], -1)[..., :width]
    return F.pad(grid.reshape(1, side * side, width), (0, 0, 1, 0))


class Fourier(nn.Module):
    """Position encoding with random frequencies: xy in 0..1 [...,2] -> [...,C]."""

    def __init__(self, width):
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, width // 2))

    def forward(self, xy):
        # no matrix product: mixed precision would round the coordinates to whole pixels
        rates, centred = self.positional_encoding_gaussian_matrix, 2 * xy - 1
        angle = (centred[..., :1] * rates[0] + centred[..., 1:] * rates[1]) * (2 * math.pi)
        return torch.cat([angle.sin(), angle.cos()], -1)
