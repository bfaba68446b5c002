"""Prompts: their labels and the planes of early fusion."""
import torch

UNUSED, NEGATIVE, CLICK, BOX_FIRST, BOX_LAST = -1, 0, 1, 2, 3
SLOTS = 6  # points of one prompt


def disc_radius(size: int) -> float:
    """Radius in pixels of a click's disc in an image of this side."""
    return max(2, round(size * 0.012)) + 0.5


def prompt_planes(points: torch.Tensor, size: int) -> torch.Tensor:
    """points [B,6,3] -> [B,2,S,S]: click discs (1, negative clicks -1), and the filled box (1)."""
    centre = torch.arange(size, device=points.device, dtype=torch.float32) + 0.5
    x, y, label = (points[..., :2] * size).unbind(-1) + (points[..., 2],)
    # distances first, the reduction over points second: no plane a point
    dx, dy = (centre - x[..., None]) ** 2, (centre - y[..., None]) ** 2
    far = 4.0 * size * size

    def discs(kind):
        reach = torch.where(label == kind, 0.0, far)
        nearest = (dx[:, :, None, :] + (dy + reach[..., None])[:, :, :, None]).amin(1)
        return (nearest <= disc_radius(size) ** 2).float()

    first, last = (label == BOX_FIRST).float(), (label == BOX_LAST).float()
    left, top = (x * first).sum(1, keepdim=True), (y * first).sum(1, keepdim=True)
    right, bottom = (x * last).sum(1, keepdim=True), (y * last).sum(1, keepdim=True)
    has_box = first.amax(1, keepdim=True) * last.amax(1, keepdim=True)
    columns = ((centre >= left) & (centre <= right)).float() * has_box
    rows = ((centre >= top) & (centre <= bottom)).float()
    return torch.stack([discs(CLICK) - discs(NEGATIVE), rows[:, :, None] * columns[:, None, :]], 1)
