"""SqueezeSAM: a UNet with a two-way transformer at 1/16, early fusion (prompt planes) and late fusion (prompt tokens).

Attribute names are short because they are the names in checkpoints that exist.
"""
import dataclasses
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .encoder import TAPPED_CHANNELS, Encoder
from .prompts import NEGATIVE, prompt_planes

MASKS = 3
FEATURES = 32  # channels of the pixel features that a mask is a product with


@dataclasses.dataclass(frozen=True)
class Form:
    """What a recipe's [network] table may choose; the defaults are the shipped model."""

    width: int = 128  # channels at 1/16
    decoder: tuple[int, int, int] = (96, 64, 40)  # channels at 1/8, 1/4, 1/2
    layers: int = 2  # transformer layers; 0 = none: prompts then act by early fusion only, masks by fixed products
    early: bool = True  # prompt planes at the stem
    late: bool = True  # prompt tokens in the transformer
    skips: bool = True  # the encoder's maps at 1/2, 1/4, 1/8 in the decoder
    norm: str = "batch"  # the decoder's: "batch" or "layer"


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of each pixel."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.LayerNorm(channels)

    def forward(self, x):
        return self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def decoder_norm(kind, channels):
    return nn.BatchNorm2d(channels) if kind == "batch" else ChannelNorm(channels)


def block(kind, inputs, outputs):
    """3x3 convolution, norm, ReLU: the order that folds and quantises cleanly."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), decoder_norm(kind, outputs), nn.ReLU(inplace=True))


def perceptron(inputs, middle, outputs):
    return nn.Sequential(nn.Linear(inputs, middle), nn.ReLU(), nn.Linear(middle, outputs))


class Attention(nn.Module):
    """Multi-head attention; `bias` [B,1,1,K] is added to the scores."""

    def __init__(self, width, heads=4):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def _by_head(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def forward(self, query, key, value, bias=None):
        q, k, v = self._by_head(self.q(query)), self._by_head(self.k(key)), self._by_head(self.v(value))
        scores = q @ k.transpose(-1, -2) * (1 / math.sqrt(q.shape[-1]))
        if bias is not None:
            scores = scores + bias
        return self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(query.shape))


class TwoWayBlock(nn.Module):
    """Tokens attend to tokens and image; the image attends to tokens and image. Norms after each sum."""

    def __init__(self, width):
        super().__init__()
        self.sa, self.t2i, self.i2t, self.ia = (Attention(width) for _ in range(4))
        self.n = nn.ModuleList([nn.LayerNorm(width) for _ in range(5)])
        self.mlp = perceptron(width, 2 * width, width)
        self.imlp = perceptron(width, 2 * width, width)
        self.n5 = nn.LayerNorm(width)

    def forward(self, tokens, image, position, bias):
        tokens = self.n[0](tokens + self.sa(tokens, tokens, tokens, bias))
        tokens = self.n[1](tokens + self.t2i(tokens, image + position, image))
        tokens = self.n[2](tokens + self.mlp(tokens))
        placed = image + position
        image = self.n[3](image + self.i2t(placed, tokens, tokens, bias))
        placed = image + position
        image = self.n[4](image + self.ia(placed, placed, image))
        return tokens, self.n5(image + self.imlp(image))


class SqueezeSAM(nn.Module):
    """forward(image [B,3,S,S] float BGR 0..255, points [B,6,3]) -> logits [B,4,S/2,S/2], predicted IoU [B,3].

    The logits are three masks and, last, the saliency map, which has a meaning only without prompts. Points are
    (x, y in 0..1 of the image, label); the labels are in `prompts`. S is a multiple of 32.
    """

    knows_negative = True

    def __init__(self, form: Form = Form()):
        super().__init__()
        self.form = form
        width, (a, b, c), kind = form.width, form.decoder, form.norm
        stride2, stride4, stride8, stride16, stride32 = TAPPED_CHANNELS
        self.enc = Encoder()
        self.p32 = nn.Sequential(nn.Conv2d(stride32, width, 1, bias=False), decoder_norm(kind, width))
        self.p16 = nn.Sequential(nn.Conv2d(stride16, width, 1, bias=False), decoder_norm(kind, width))
        self.f16 = block(kind, width, width)
        self.freq = nn.Parameter(torch.randn(2, width // 2) * 2.0, requires_grad=False)
        self.lab = nn.Embedding(4, width)
        self.neg = nn.Parameter(torch.zeros(width))
        self.tok = nn.Parameter(torch.randn(MASKS + 2, width) * 0.02)  # masks, saliency, IoU
        self.tr = nn.ModuleList([TwoWayBlock(width) for _ in range(form.layers)])
        self.l16 = nn.Conv2d(width, a, 1)
        self.c8 = nn.Sequential(block(kind, a, a), block(kind, a, b))
        self.c4 = nn.Sequential(block(kind, b, b), block(kind, b, c))
        self.c2 = nn.Sequential(block(kind, c, FEATURES), block(kind, FEATURES, FEATURES))
        if form.skips:
            self.s8, self.s4, self.s2 = nn.Conv2d(stride8, a, 1), nn.Conv2d(stride4, b, 1), nn.Conv2d(stride2, c, 1)
        self.hyp = nn.ModuleList([perceptron(width, width, FEATURES + 1) for _ in range(MASKS + 1)])
        self.iou = perceptron(width, width, MASKS)

    def fix(self, train):
        """Takes the parts of the encoder from training that the recipe fixes."""
        self.enc.fix(train.fix_norms, train.fix_depthwise, train.fix_encoder)

    @staticmethod
    def rate_of(name: str, train) -> float:
        """The parameter's learning rate before the schedule: the encoder has its own, but for the prompts' part of the stem."""
        return train.encoder_rate if name.startswith("enc.") and "_prompt_stem" not in name else train.rate

    @staticmethod
    def decays(name: str) -> bool:
        """Whether weight decay applies to a parameter of two or more dimensions: not to tokens."""
        return not name.startswith(("tok", "lab"))

    def place(self, xy):
        """Position code [...,width] of coordinates in 0..1."""
        # no matrix product: mixed precision would round the coordinates to whole pixels
        centred = (xy * 2 - 1) * math.pi
        angle = centred[..., :1] * self.freq[0] + centred[..., 1:] * self.freq[1]
        return torch.cat([angle.sin(), angle.cos()], -1)

    def map_places(self, height, width):
        """Position codes [1,height*width,C] of a map's pixel centres, row by row."""
        y = (torch.arange(height, device=self.freq.device) + 0.5) / height
        x = (torch.arange(width, device=self.freq.device) + 0.5) / width
        grid = torch.stack([x.view(1, -1).expand(height, width), y.view(-1, 1).expand(height, width)], -1)
        return self.place(grid.reshape(1, height * width, 2))

    def tokens(self, points):
        """Learned tokens and prompt tokens [B,5+6,C], and the score bias [B,1,1,5+6] that hides unused points."""
        label = points[..., 2]
        used = label >= NEGATIVE
        if not self.form.late:
            used = torch.zeros_like(used)
        kind = torch.where((label == NEGATIVE)[..., None], self.neg, self.lab(label.clamp(min=0).long()))
        prompts = torch.where(used[..., None], self.place(points[..., :2]) + kind, self.lab.weight[0])
        batch = points.shape[0]
        tokens = torch.cat([self.tok.expand(batch, -1, -1), prompts], 1)
        bias = (~used).float() * -1e4
        bias = torch.cat([torch.zeros_like(bias[:, : MASKS + 2]), bias], 1)
        return tokens, bias[:, None, None]

    def planes(self, points, size, shown=None):
        """Early fusion's planes [B,2,S,S]; zeros where `shown` [B] is false."""
        planes = prompt_planes(points, size)
        if not self.form.early:
            return torch.zeros_like(planes)
        return planes if shown is None else planes * shown.view(-1, 1, 1, 1).to(planes)

    def bottom(self, stride16, stride32, points):
        """The map at 1/16 after the transformer, and the tokens."""
        f = self.p16(stride16) + F.interpolate(self.p32(stride32), scale_factor=2.0, mode="nearest")
        f = self.f16(F.relu(f))
        batch, width, h, w = f.shape
        tokens, bias = self.tokens(points)
        position = self.map_places(h, w)
        flat = f.flatten(2).transpose(1, 2)
        for layer in self.tr:
            tokens, flat = layer(tokens, flat, position, bias)
        if self.form.layers:
            f = f + flat.transpose(1, 2).reshape(batch, width, h, w)
        return f, tokens

    def up(self, x, skip, tap):
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return F.relu(x + getattr(self, skip)(tap) if self.form.skips else x)

    def forward(self, image, points, shown=None):
        rgb = (image.flip(1) - 127) / 128
        return self.decode(self.enc(rgb, self.planes(points, image.shape[-1], shown)), points)

    def embed(self, image):
        """The picture itself: a prompt enters at the stem, so nothing of a picture can be encoded before its prompt is known."""
        return image

    def answer(self, image, points):
        """What `embed` gives and points [B,6,3] -> what `forward` gives."""
        return self(image, points)

    def decode(self, taps, points):
        """The encoder's five maps and the points -> what `forward` gives."""
        stride2, stride4, stride8, stride16, stride32 = taps
        f, tokens = self.bottom(stride16, stride32, points)
        y = self.c8(self.up(self.l16(f), "s8", stride8))
        y = self.c4(self.up(y, "s4", stride4))
        y = self.c2(self.up(y, "s2", stride2))
        heads = torch.stack([head(tokens[:, index]) for index, head in enumerate(self.hyp)], 1)
        weight, bias = heads[..., :FEATURES], heads[..., FEATURES:]
        logits = (weight @ y.flatten(2) + bias).view(y.shape[0], MASKS + 1, *y.shape[2:])
        return logits.float(), self.iou(tokens[:, MASKS + 1]).float()
