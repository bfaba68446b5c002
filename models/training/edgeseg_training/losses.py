"""The loss: masks (focal, cross-entropy, dice on the best of three), their predicted IoU, saliency."""
import torch
import torch.nn.functional as F

from .network import MASKS
from .sampling import EMPTY, FULL, SALIENCY, UNKNOWN

SMOOTH = 20.0  # pixels added to both sides of dice, so that small and empty targets have a finite loss
RANK_FROM = 0.02  # IoU difference from which on an order of two masks counts


def pixel_terms(logits, target, known, focal, bce):
    """Weighed focal and cross-entropy [B,K], the mean over known pixels. logits [B,K,H,W], target and known [B,1,H,W]."""
    cross = F.binary_cross_entropy_with_logits(logits, target.expand_as(logits), reduction="none")
    p = torch.sigmoid(logits)
    miss = (p - target).abs()
    both = cross * (focal * miss**2 + bce) * known
    return both.sum((-1, -2)) / known.sum((-1, -2)).clamp(min=1)


def dice_terms(logits, target, known):
    """Dice loss [B,K]."""
    p = torch.sigmoid(logits) * known
    target = target * known
    overlap = (p * target).sum((-1, -2))
    return 1 - (2 * overlap + SMOOTH) / (p.sum((-1, -2)) + target.sum((-1, -2)) + SMOOTH)


def true_iou(logits, target, known):
    """IoU [B,K] of the masks at threshold 0 with the target at one half."""
    mask, wanted = (logits > 0) & (known > 0), (target > 0.5) & (known > 0)
    both = (mask & wanted).sum((-1, -2)).float()
    either = (mask | wanted).sum((-1, -2)).float()
    return both / either.clamp(min=1)


def ranking(predicted, actual):
    """Hinge on each pair of masks that the predicted IoU does not order as the actual one. [B]."""
    better = actual[:, :, None] - actual[:, None, :]
    said = predicted[:, :, None] - predicted[:, None, :]
    lack = F.relu(better.clamp(max=0.3) - said)
    return torch.where(better > RANK_FROM, lack, torch.zeros_like(lack)).sum((1, 2)) / 3


def split(target):
    """A batch's target bytes [B,H,W] as coverage and known pixels, float [B,1,H,W]."""
    known = (target != UNKNOWN).float()[:, None]
    return (target.float() / FULL).clamp(max=1)[:, None] * known, known


def loss(logits, predicted, target, kind, weights):
    """The batch's loss and its parts.

    logits [B,4,h,w], or [B,3,h,w] of a network without a saliency map, which has no such terms; predicted [B,3], target uint8 [B,h,w],
    kind [B] (indices of sampling.KINDS), weights: recipe.Loss.
    Returns the scalar loss and per-sample figures: `picked`, `best` (IoU of the mask that the head picks, of the best),
    `saliency` (IoU of the saliency map).
    """
    target, known = split(target)
    prompted = (kind < SALIENCY).float()
    masks, salient = logits[:, :MASKS], logits[:, MASKS:]
    each = pixel_terms(masks, target, known, weights.focal, weights.bce) + weights.dice * dice_terms(masks, target, known)
    mask_loss = each.min(1).values + weights.mean * each.mean(1)
    with torch.no_grad():
        actual = true_iou(masks, target, known)
        salient_iou = true_iou(salient, target, known).sum(1)
    head_loss = weights.iou * ((predicted - actual) ** 2).mean(1) + weights.ranking * ranking(predicted, actual)
    map_loss = (pixel_terms(salient, target, known, weights.focal, weights.bce) + weights.dice * dice_terms(salient, target, known)).sum(1)
    share = weights.saliency * (kind == SALIENCY).float() + weights.empty * (kind == EMPTY).float()
    total = (prompted * (mask_loss + head_loss) + share * map_loss).mean()
    picked = actual.gather(1, predicted.argmax(1, keepdim=True))[:, 0]
    return total, {"picked": picked, "best": actual.max(1).values, "saliency": salient_iou}
