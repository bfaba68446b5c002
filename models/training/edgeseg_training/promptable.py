"""EfficientSAM as `train` and `evaluate` use it: this package's points and pictures in, masks at half the picture's side out."""
import re

import torch.nn.functional as F

from .efficientsam import UNUSED, EfficientSAM

ENCODER = "image_encoder."
NO_DECAY = r"pos_embed|_tokens?\.|_embeddings\.|invalid_points"  # learned tokens and positions
PADDING = -1.0  # where the published graph puts unused points, in pixels of the encoder's picture


def is_encoder(name: str) -> bool:
    """Whether a weight is of what a pre-training learns: patches, positions and blocks. The neck is not: it is new afterwards."""
    return name.startswith(ENCODER) and not name.startswith(ENCODER + "neck.")


class Promptable(EfficientSAM):
    """forward(image [B,3,S,S] float BGR 0..255, points [B,6,3]) -> logits [B,3,S/2,S/2], predicted IoU [B,3].

    Points are (x, y in 0..1 of the image, label). Labels 1, 2, 3 and -1 are the published ones; label 0, a negative click, is not known.
    There is no saliency map. The parameters' names are the published ones.
    """

    knows_negative = False

    @property
    def form(self):
        """The sizes, under the name that each network has."""
        return self.sizes

    def fix(self, train):
        """Takes the encoder from training where the recipe says so. It has no BatchNorm and no depthwise convolution."""
        for name, parameter in self.named_parameters():
            if is_encoder(name):
                parameter.requires_grad_(not train.fix_encoder)

    @staticmethod
    def rate_of(name: str, train) -> float:
        """The parameter's learning rate before the schedule. The neck learns as the decoder does."""
        return train.encoder_rate if is_encoder(name) else train.rate

    @staticmethod
    def decays(name: str) -> bool:
        """Whether weight decay applies to a parameter of two or more dimensions."""
        return not re.search(NO_DECAY, name)

    def embed(self, image):
        """BGR 0..255 [B,3,S,S] -> embeddings [B,C,g,g]."""
        return self.encode(image.flip(1) / 255)

    def answer(self, embeddings, points):
        """Embeddings and points [B,6,3] -> what `forward` gives."""
        side, labels = self.sizes.image, points[..., 2]
        places = (points[..., :2] * side).masked_fill((labels == UNUSED)[..., None], PADDING)
        logits, iou = self.decode(embeddings, places[:, None], labels[:, None], side, side)
        half = (side // 2, side // 2)
        # the targets are at half the picture's side: smaller ones would lose the edges
        return F.interpolate(logits[:, 0].float(), half, mode="bilinear", align_corners=False), iou[:, 0].float()

    def forward(self, image, points, shown=None):
        return self.answer(self.embed(image), points)
