"""EfficientSAM: plain vision transformer, neck, prompt encoder and mask decoder (arXiv 2312.00863), with free sizes.

The names and shapes of the parameters are those of the published weights, so that `load_published` reads `efficient_sam_vitt.pt`.
`EncoderGraph` and `DecoderGraph` are what is exported: the published ONNX contract, with the number of queries left free.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from .positions import Fourier, sine_table

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, RGB in 0..1
PRETRAINED_SIDE = 224  # the position table has one entry a patch of a picture of this side, and one for a class token
MAX_POINTS = 6
UNUSED, CLICK, BOX_FIRST, BOX_LAST = -1, 1, 2, 3


@dataclass(frozen=True)
class Sizes:
    """Defaults are EfficientSAM-Ti's. A recipe's [network] table of kind "efficientsam" sets them, except `image`: it is train.size."""

    image: int = 1024
    patch: int = 16
    width: int = 192
    heads: int = 3
    depth: int = 12
    embedding: int = 256  # a multiple of twice `decoder_heads`
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp: int = 2048
    iou_hidden: int = 256
    upscaling: tuple[int, int] = (64, 32)
    masks: int = 3

    @property
    def grid(self):
        """Rows and columns of the embedding."""
        return self.image // self.patch

    @property
    def mask_side(self):
        """Rows and columns of the low-resolution masks."""
        return self.grid * 2 ** len(self.upscaling)


TI, S = Sizes(), Sizes(width=384, heads=6)


def attend(q, k, v, heads):
    """Multi-head attention. q [B,N,C], k and v [B,M,C] -> [B,N,C]."""
    q, k, v = (t.reshape(*t.shape[:2], heads, t.shape[-1] // heads).transpose(1, 2) for t in (q, k, v))
    weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])).softmax(-1)
    return (weights @ v).transpose(1, 2).flatten(2)


class ChannelNorm(nn.Module):
    """LayerNorm over the channels of [B,C,H,W]."""

    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        x = x - x.mean(1, keepdim=True)
        x = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6)
        return x * self.weight[:, None, None] + self.bias[:, None, None]


class EncoderBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        q, k, v = self.attn["qkv"](self.norm1(x)).chunk(3, -1)
        x = x + self.attn["proj"](attend(q, k, v, self.heads))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class ImageEncoder(nn.Module):
    """RGB in 0..1 [B,3,S,S] -> embedding [B,C,S/patch,S/patch]."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes = sizes
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, sizes.width, sizes.patch, sizes.patch)})
        self.pos_embed = nn.Parameter(sine_table(PRETRAINED_SIDE // sizes.patch, sizes.width))
        self.blocks = nn.ModuleList([EncoderBlock(sizes.width, sizes.heads) for _ in range(sizes.depth)])
        c = sizes.embedding
        self.neck = nn.Sequential(nn.Conv2d(sizes.width, c, 1, bias=False), ChannelNorm(c),
                                  nn.Conv2d(c, c, 3, padding=1, bias=False), ChannelNorm(c))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1), persistent=False)

    def position(self):
        """[1,width,grid,grid]: the table without its class token, enlarged to the grid."""
        side = PRETRAINED_SIDE // self.sizes.patch
        table = self.pos_embed[:, 1:].transpose(1, 2).reshape(1, -1, side, side)
        if side == self.sizes.grid:
            return table
        return F.interpolate(table, size=(self.sizes.grid, self.sizes.grid), mode="bicubic", align_corners=False)

    def tokens(self, image, position=None):
        """RGB in 0..1 [B,3,S,S] -> a token a patch [B,g*g,width], with its position, before the blocks."""
        x = self.patch_embed["proj"]((image - self.mean) / self.std) + (self.position() if position is None else position)
        return x.flatten(2).transpose(1, 2)

    def attended(self, tokens):
        """The tokens [B,N,width] after all blocks; any of a picture's tokens may be left out."""
        for block in self.blocks:
            tokens = block(tokens)
        return tokens

    def forward(self, image, position=None):
        x = self.attended(self.tokens(image, position))
        grid = self.sizes.grid
        return self.neck(x.transpose(1, 2).reshape(-1, self.sizes.width, grid, grid))


class PromptEncoder(nn.Module):
    """Points in pixels of the encoder's picture [B,N,2] and labels [B,N] -> tokens [B,N,C]."""

    def __init__(self, sizes):
        super().__init__()
        self.sizes, c = sizes, sizes.embedding
        self.pe_layer = Fourier(c)
        self.invalid_points, self.point_embeddings = nn.Embedding(1, c), nn.Embedding(1, c)
        self.bbox_top_left_embeddings, self.bbox_bottom_right_embeddings = nn.Embedding(1, c), nn.Embedding(1, c)

    def forward(self, points, labels):
        tokens = self.pe_layer((points + .5) / self.sizes.image)
        kinds = ((UNUSED, self.invalid_points), (CLICK, self.point_embeddings),
                 (BOX_FIRST, self.bbox_top_left_embeddings), (BOX_LAST, self.bbox_bottom_right_embeddings))
        for label, kind in kinds:
            tokens = tokens + (labels == label).to(tokens.dtype)[..., None] * kind.weight
        return tokens

    def image_position(self):
        """[1,grid*grid,C]: the encoding of each cell's centre."""
        centres = (torch.arange(self.sizes.grid, device=self.invalid_points.weight.device) + .5) / self.sizes.grid
        y, x = torch.meshgrid(centres, centres, indexing="ij")
        return self.pe_layer(torch.stack([x, y], -1).flatten(0, 1)[None])


class Perceptron(nn.Module):
    """`hidden` gives the widths of the hidden layers."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__()
        widths = [inputs, *hidden]
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(a, b), nn.GELU()) for a, b in zip(widths, hidden)])
        self.fc = nn.Linear(widths[-1], outputs)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.fc(x)


class CrossAttention(nn.Module):
    def __init__(self, width, inner, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(width, inner) for _ in range(3))
        self.out_proj = nn.Linear(inner, width)

    def forward(self, q, k, v):
        return self.out_proj(attend(self.q_proj(q), self.k_proj(k), self.v_proj(v), self.heads))


class TwoWayLayer(nn.Module):
    """Tokens attend to themselves and to the image, then the image to the tokens."""

    def __init__(self, sizes, first):
        super().__init__()
        c, heads = sizes.embedding, sizes.decoder_heads
        self.first = first
        self.self_attn = CrossAttention(c, c, heads)
        self.cross_attn_token_to_image = CrossAttention(c, c // 2, heads)
        self.cross_attn_image_to_token = CrossAttention(c, c // 2, heads)
        self.mlp = Perceptron(c, [sizes.decoder_mlp], c)
        self.norm1, self.norm2, self.norm3, self.norm4 = (nn.LayerNorm(c) for _ in range(4))

    def forward(self, tokens, image, prompt, position):
        # in the first layer the tokens are their own position encoding
        q = tokens if self.first else tokens + prompt
        tokens = self.norm1(q + self.self_attn(q, q, q))
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + prompt, image + position, image))
        tokens = self.norm3(tokens + self.mlp(tokens))
        image = self.norm4(image + self.cross_attn_image_to_token(image + position, tokens + prompt, tokens))
        return tokens, image


class TwoWayTransformer(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        c = sizes.embedding
        self.layers = nn.ModuleList([TwoWayLayer(sizes, i == 0) for i in range(sizes.decoder_depth)])
        self.final_attn_token_to_image = CrossAttention(c, c // 2, sizes.decoder_heads)
        self.norm_final_attn = nn.LayerNorm(c)

    def forward(self, prompt, image, position):
        tokens = prompt
        for layer in self.layers:
            tokens, image = layer(tokens, image, prompt, position)
        tokens = tokens + self.final_attn_token_to_image(tokens + prompt, image + position, image)
        return self.norm_final_attn(tokens), image


class MaskDecoder(nn.Module):
    """Embeddings [B,C,g,g], prompt tokens [B*Q,N,C] -> logits [B*Q,masks,4g,4g], predicted IoU [B*Q,masks].

    Token 0 predicts the IoU, token 1 a single mask that is not used here, the others the masks.
    """

    def __init__(self, sizes):
        super().__init__()
        self.sizes, c, tokens = sizes, sizes.embedding, sizes.masks + 1
        self.transformer = TwoWayTransformer(sizes)
        self.iou_token, self.mask_tokens = nn.Embedding(1, c), nn.Embedding(tokens, c)
        self.final_output_upscaling_layers = nn.ModuleList()
        for i, (a, b) in enumerate(zip((c, *sizes.upscaling), sizes.upscaling)):
            norm = nn.GroupNorm(1, b) if i + 1 < len(sizes.upscaling) else nn.Identity()
            self.final_output_upscaling_layers.append(nn.Sequential(nn.ConvTranspose2d(a, b, 2, 2), norm, nn.GELU()))
        self.output_hypernetworks_mlps = nn.ModuleList([Perceptron(c, [c, c], sizes.upscaling[-1]) for _ in range(tokens)])
        self.iou_prediction_head = Perceptron(c, [sizes.iou_hidden] * 2, tokens)

    def forward(self, embeddings, prompts, position):
        grid, c, masks = self.sizes.grid, self.sizes.embedding, self.sizes.masks
        learned = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        tokens = torch.cat([learned + torch.zeros_like(prompts[:, :1]), prompts], 1)
        image = embeddings.flatten(2).transpose(1, 2)[:, None]
        queries = prompts.shape[0] // embeddings.shape[0]
        image = image.expand(-1, queries, -1, -1).reshape(-1, grid * grid, c)
        tokens, image = self.transformer(tokens, image, position)
        pixels = image.transpose(1, 2).reshape(-1, c, grid, grid)
        for layer in self.final_output_upscaling_layers:
            pixels = layer(pixels)
        heads = list(self.output_hypernetworks_mlps)[1:]
        weights = torch.stack([head(tokens[:, 2 + i]) for i, head in enumerate(heads)], 1)
        side = self.sizes.mask_side
        logits = (weights @ pixels.flatten(2)).reshape(-1, masks, side, side)
        return logits, self.iou_prediction_head(tokens[:, 0])[:, 1:]


class EfficientSAM(nn.Module):
    def __init__(self, sizes=TI):
        super().__init__()
        self.sizes = sizes
        self.image_encoder = ImageEncoder(sizes)
        self.prompt_encoder = PromptEncoder(sizes)
        self.mask_decoder = MaskDecoder(sizes)

    def encode(self, images, position=None):
        """RGB in 0..1 [B,3,H,W], any size -> embeddings [B,C,g,g]. The picture is stretched to the encoder's square."""
        side = (self.sizes.image, self.sizes.image)
        images = F.interpolate(images, size=side, mode="bilinear", align_corners=False)
        return self.image_encoder(images, position)

    def decode(self, embeddings, points, labels, height, width, position=None):
        """Points [B,Q,N,2] in pixels of a picture of height x width, labels [B,Q,N] -> logits [B,Q,masks,4g,4g], IoU [B,Q,masks].

        More than six points are cut off; fewer are filled up with unused ones at -1, -1 of the encoder's picture.
        """
        side, (batch, queries) = self.sizes.image, points.shape[:2]
        x, y = points[..., 0] * side / width, points[..., 1] * side / height
        points, labels = torch.stack([x, y], -1).flatten(0, 1), labels.flatten(0, 1)
        points = F.pad(points, (0, 0, 0, MAX_POINTS), value=-1.)[:, :MAX_POINTS]
        labels = F.pad(labels, (0, MAX_POINTS), value=float(UNUSED))[:, :MAX_POINTS]
        position = self.prompt_encoder.image_position() if position is None else position
        logits, iou = self.mask_decoder(embeddings, self.prompt_encoder(points, labels), position)
        low, masks = self.sizes.mask_side, self.sizes.masks
        return logits.reshape(batch, queries, masks, low, low), iou.reshape(batch, queries, masks)
