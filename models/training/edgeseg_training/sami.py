"""SAMI: masked pre-training of EfficientSAM's encoder (arXiv 2312.00863, section 3), and MAE (arXiv 2111.06377) in the same form.

Most patches of a picture are hidden. The encoder sees the others alone. A decoder rebuilds the hidden tokens only: its queries are a
learned token at each hidden place, its keys and values are the encoder's output and the queries themselves. Rebuilt and visible tokens are
put back into the picture's order, and a linear head maps them to the target.

Target "teacher" (SAMI): features of another image encoder, which sees the whole picture; mean squared error over all tokens, hidden and
visible, as the paper's loss sums over all input tokens. Target "pixels" (MAE): the pixels of each patch with mean 0 and variance 1; mean
squared error over the hidden tokens alone. Each feature vector of a teacher is normalised likewise unless the recipe says otherwise: the
paper takes SAM's features as they are, whose neck ends in a LayerNorm already.

Decoder and head are dropped afterwards: `encoder_weights` is what `train --start` reads.
"""
import torch
import torch.nn.functional as F
from torch import nn

from .efficientsam import ImageEncoder, attend
from .positions import sine_table
from .promptable import Promptable, is_encoder


class DecoderBlock(nn.Module):
    """Queries [B,M,C] attend to the context [B,V,C] and to themselves."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, queries, context):
        normed = self.norm1(queries)
        k, v = self.kv(torch.cat([context, normed], 1)).chunk(2, -1)
        queries = queries + self.proj(attend(self.q(normed), k, v, self.heads))
        return queries + self.mlp(self.norm2(queries))


class MaskedEncoder(nn.Module):
    """The encoder with its decoder and head. `channels` are those of the target.

    forward(image [B,3,S,S] float BGR 0..255, order [B,N]) -> predictions [B,N,channels] in the picture's order. `order` is a permutation of
    the N patches of each picture; its first `visible` ones are seen.
    """

    def __init__(self, sizes, options, channels: int):
        super().__init__()
        self.form = sizes
        self.image_encoder = ImageEncoder(sizes)
        self.image_encoder.neck = nn.Identity()  # no part of the pre-training
        self.patches = sizes.grid ** 2
        self.visible = self.patches - round(self.patches * options.masked)
        width = sizes.width
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, channels)
        self.query = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.decoder = nn.ModuleList([DecoderBlock(width, sizes.heads) for _ in range(options.decoder_depth)])
        self.register_buffer("places", sine_table(sizes.grid, width)[:, 1:], persistent=False)

    def fix(self, train):
        """Everything learns."""

    @staticmethod
    def rate_of(name: str, train) -> float:
        """One rate for all parameters."""
        return train.rate

    @staticmethod
    def decays(name: str) -> bool:
        """As in fine-tuning; not the learned query either."""
        return Promptable.decays(name) and name != "query"

    def encode(self, image, order):
        """The encoder's output for the visible patches [B,visible,C]."""
        tokens = self.image_encoder.tokens(image.flip(1) / 255)
        return self.image_encoder.attended(taken(tokens, order[:, :self.visible]))

    def forward(self, image, order):
        encoded = self.norm(self.encode(image, order))
        places = self.places.expand(len(image), -1, -1)
        context = encoded + taken(places, order[:, :self.visible])
        rebuilt = self.query + taken(places, order[:, self.visible:])
        for block in self.decoder:
            rebuilt = block(rebuilt, context)
        return self.head(taken(torch.cat([encoded, rebuilt], 1), order.argsort(1)))


def taken(tokens, order):
    """The tokens [B,N,C] at the places [B,M]: [B,M,C]."""
    return tokens.gather(1, order[..., None].expand(-1, -1, tokens.shape[-1]))


def orders(batch: int, patches: int, generator):
    """A random permutation of the patches for each picture of a step, [B,N]. `generator`: the step's own, so that a run can be resumed."""
    return torch.rand(batch, patches, generator=generator).argsort(1)


def normalised(vectors):
    """Each vector [...,C] with mean 0 and variance 1."""
    return F.layer_norm(vectors, vectors.shape[-1:])


def pixel_targets(image, patch: int):
    """The normalised pixels of each patch: [B,3,S,S] -> [B,N,3*patch*patch], row by row."""
    return normalised(F.unfold(image / 255, patch, stride=patch).transpose(1, 2))


def loss(predicted, target, order, visible: int, is_masked_only: bool):
    """Mean squared error over all tokens, or over the hidden ones alone."""
    each = (predicted.float() - target).square().mean(-1)
    return (each.gather(1, order[:, visible:]) if is_masked_only else each).mean()


def encoder_weights(state: dict) -> dict:
    """The encoder's part of a MaskedEncoder's weights, under the published names."""
    return {name: value for name, value in state.items() if is_encoder(name)}
