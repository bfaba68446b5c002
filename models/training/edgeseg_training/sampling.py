"""Samples: what the network sees in one place of a batch. A sample is a function of the run's seed and its number alone."""
import dataclasses

import cv2
import numpy as np

from . import augment, clicks
from .datasets import IGNORE
from .recipe import Recipe
from .store import Photo, Segment

KINDS = ("click", "crop_click", "box", "saliency", "empty")
SALIENCY, EMPTY = KINDS.index("saliency"), KINDS.index("empty")
FULL, UNKNOWN = 200, 255  # a target's values: 0..FULL = share of the pixel that is covered
LARGE = 0.08  # share of the photograph from which on an object is taken to stand out
GROUP = 4  # objects that overlap and stand out together, at most
TRIES = 8


@dataclasses.dataclass
class Sample:
    """image uint8 BGR [S,S,3]; points float32 [6,3]; target uint8 [S/2,S/2]; kind: an index of KINDS."""

    image: np.ndarray
    points: np.ndarray
    target: np.ndarray
    kind: int


def standing_out(photo: Photo):
    """The segments (of one layer) that make a photograph's saliency target; an empty list when it has none.

    A target is a `salient` layer, or the largest object with those that overlap it (a rider and a horse), if nearly nothing else is
    labelled and they are in the middle.
    """
    for layer, kind in enumerate(photo.kinds):
        found = [each for each in photo.segments if each.layer == layer]
        if kind == "salient":
            return found
        if kind in ("instances", "instances_partial") and found:
            group, box = overlapping(found)
            area = sum(each.area for each in group)
            rest = sum(each.area for each in found) - area
            x, y = (box[0] + box[2]) / 2 / photo.width, (box[1] + box[3]) / 2 / photo.height
            if LARGE < area < 0.75 and len(group) <= GROUP and rest < 0.2 * area and 0.2 < x < 0.8 and 0.2 < y < 0.8:
                return group
    return []


def overlapping(segments: list[Segment]) -> tuple[list[Segment], tuple]:
    """The largest segment with those whose boxes overlap its box, or that of one of them, and the box of all."""
    left = sorted(segments, key=lambda each: -each.area)
    group = [left.pop(0)]
    for member in group:  # grows on the way
        x0, y0, x1, y1 = member.box
        near = [each for each in left if each.box[0] < x1 and each.box[2] > x0 and each.box[1] < y1 and each.box[3] > y0]
        group += near
        left = [each for each in left if each not in near]
    boxes = np.array([each.box for each in group])
    return group, (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())


class Pool:
    """Photographs by set, drawn by the sets' weights."""

    def __init__(self, photos: dict[str, list], weights: dict, default: float):
        self.sets = [name for name in sorted(photos) if photos[name] and weights.get(name, default) > 0]
        self.photos = photos
        shares = np.array([weights.get(name, default) for name in self.sets], np.float64)
        self.shares = np.cumsum(shares / shares.sum()) if len(shares) else shares

    def draw(self, rng):
        """One entry of the pool."""
        name = self.sets[min(int(np.searchsorted(self.shares, rng.random(), "right")), len(self.sets) - 1)]
        entries = self.photos[name]
        return entries[int(rng.integers(len(entries)))]


def grouped(entries):
    """(set, entry) pairs as lists by set."""
    groups: dict[str, list] = {}
    for name, entry in entries:
        groups.setdefault(name, []).append(entry)
    return groups


class Sampler:
    """Makes samples of a store by a recipe."""

    def __init__(self, photos: list[Photo], recipe: Recipe, size: int | None = None):
        self.recipe, self.size = recipe, size or recipe.train.size
        data = recipe.data
        targets = [(photo.set, photo) for photo in photos if photo.segments]
        self.targets = Pool(grouped(targets), data.weights, data.default_weight)
        salient = [(photo.set, (photo, found)) for photo in photos if (found := standing_out(photo))]
        # a saliency weight that is not given is the set's ordinary one
        weights = {**data.weights, **data.saliency_weights}
        self.salient = Pool(grouped(salient), weights, data.default_weight)
        whole = [(photo.set, photo) for photo in photos if set(photo.kinds) & {"instances", "salient"}]
        self.backgrounds = Pool(grouped(whole), weights, data.default_weight)
        self.schedule = schedule(recipe.mix, bool(self.targets.sets), bool(self.salient.sets))

    def shapes(self, batch: int) -> dict[str, tuple]:
        """Shapes and types of a batch's arrays."""
        half = self.size // 2
        return {
            "image": ((batch, self.size, self.size, 3), np.uint8),
            "points": ((batch, clicks.SLOTS, 3), np.float32),
            "target": ((batch, half, half), np.uint8),
            "kind": ((batch,), np.int64),
        }

    def sample(self, number: int) -> Sample:
        """Sample `number` of the run."""
        rng = np.random.default_rng([self.recipe.train.seed, number])
        kind = self.schedule[number % len(self.schedule)]
        for _ in range(TRIES):
            made = self.attempt(kind, rng)
            if made is not None:
                return made
        return self.nothing(rng, False)

    def attempt(self, kind: int, rng):
        """One try of a sample of this kind; None when the drawn photograph does not give one."""
        if kind == EMPTY:
            return self.nothing(rng, True)
        if kind == SALIENCY:
            return self.salience(rng)
        return self.prompted(kind, rng)

    def prompted(self, kind: int, rng):
        """A mask with clicks or a box."""
        options = self.recipe.augment
        photo = self.targets.draw(rng)
        segment = photo.segments[int(rng.integers(len(photo.segments)))]
        image, labels = photo.pixels(), photo.labels(segment.layer)
        mask, box = self.target(photo, segment, labels, rng)
        unknown = labels == IGNORE
        is_crop = kind == KINDS.index("crop_click") or (kind == KINDS.index("box") and rng.random() < 0.5)
        if is_crop and rng.random() < options.crop:
            area = augment.crop_around(box, photo.width, photo.height, (options.crop_from, options.crop_to), rng)
        else:
            area = augment.wide_view(box, photo.width, photo.height, rng)
            if rng.random() < options.rotate:
                maps = [np.where(unknown, IGNORE, mask).astype(np.uint16)]
                image, (turned,) = augment.rotated(image, maps, rng.uniform(-20, 20))
                mask, unknown = turned == 1, turned == IGNORE
        image, mask, unknown = self.seen(image, mask, unknown, area, rng)
        known = ~unknown
        make = clicks.box if kind == KINDS.index("box") else clicks.clicks
        points = make(mask & known, known, options, rng)
        return None if points is None else self.finished(image, mask, unknown, points, kind, rng)

    def target(self, photo: Photo, segment: Segment, labels, rng):
        """The mask bool [H,W] and its box; parts and regions are merged with neighbours at times."""
        if photo.kinds[segment.layer] in ("parts", "regions") and rng.random() < self.recipe.augment.merge:
            mask = augment.merge(labels, segment.value, rng)
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            return mask, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
        return labels == segment.value, segment.box

    def salience(self, rng):
        """What stands out, without a prompt."""
        if rng.random() < self.recipe.augment.shape and (made := self.plain_thing(rng)) is not None:
            return made
        photo, found = self.salient.draw(rng)
        image, labels = photo.pixels(), photo.labels(found[0].layer)
        mask = np.isin(labels, [each.value for each in found])
        # other labelled objects may stand out a little too: their pixels do not count
        unknown = (labels != 0) & ~mask
        if rng.random() < self.recipe.augment.paste and not self.touches_edge(mask):
            background = self.background(rng)
            pasted = None if background is None else augment.paste(image, mask, background, rng)
            if pasted is not None:
                image, mask = pasted
                unknown = np.zeros_like(mask)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return None
        box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
        height, width = mask.shape
        area = (0, 0, width, height) if rng.random() < 0.4 else augment.wide_view(box, width, height, rng, 0.6)
        image, mask, unknown = self.seen(image, mask, unknown, area, rng)
        return self.finished(image, mask, unknown, clicks.empty(), SALIENCY, rng)

    def plain_thing(self, rng):
        """A saliency sample of a made shape; None when none was made."""
        background = self.background(rng)
        made = None if background is None else augment.shape(background, rng)
        if made is None:
            return None
        image, mask = made
        return self.finished(image, mask, np.zeros_like(mask), clicks.empty(), SALIENCY, rng)

    @staticmethod
    def touches_edge(mask):
        return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())

    def background(self, rng):
        """A picture without a labelled object, uint8 [S,S,3]: a crop of a photograph or a texture; None when not found."""
        if not self.backgrounds.sets or rng.random() < 0.15:
            return augment.texture(self.size, rng)
        photo = self.backgrounds.draw(rng)
        taken = np.zeros((photo.height, photo.width), bool)
        for layer, kind in enumerate(photo.kinds):
            if kind in ("instances", "salient", "instances_partial"):
                taken |= photo.labels(layer) != 0
        area = augment.empty_crop(taken, rng)
        return None if area is None else augment.view(photo.pixels(), area, self.size)

    def nothing(self, rng, may_fail: bool):
        """A picture in which nothing stands out: a background, a texture, a strong blur, noise."""
        choice = rng.random()
        image = None
        if choice < 0.6:
            image = self.background(rng)
            if image is None and may_fail:
                return None
        elif choice < 0.75 and self.targets.sets:
            # a photograph of two to five pixels a side, enlarged: no object is left
            cells = int(rng.integers(2, 6))
            image = cv2.resize(self.targets.draw(rng).pixels(), (cells, cells), interpolation=cv2.INTER_AREA)
            image = cv2.resize(image, (self.size, self.size), interpolation=cv2.INTER_CUBIC)
        if image is None:
            image = augment.texture(self.size, rng)
        mask = np.zeros((self.size, self.size), bool)
        return self.finished(image, mask, mask, clicks.empty(), EMPTY, rng)

    def seen(self, image, mask, unknown, area, rng):
        """Image, mask and unknown pixels of a view, S x S, perhaps mirrored."""
        image = augment.view(image, area, self.size)
        left, top, right, bottom = area
        parts = []
        for each in (mask, unknown):
            part = each[top:bottom, left:right].astype(np.uint8)
            # through a grey picture, so that the enlarged edge is smooth
            parts.append(cv2.resize(part * 255, (self.size, self.size), interpolation=cv2.INTER_LINEAR) >= 128 if part.any()
                         else np.zeros((self.size, self.size), bool))
        mask, unknown = parts
        if rng.random() < self.recipe.augment.flip:
            image, mask, unknown = image[:, ::-1], mask[:, ::-1], unknown[:, ::-1]
        return np.ascontiguousarray(image), np.ascontiguousarray(mask), np.ascontiguousarray(unknown)

    def finished(self, image, mask, unknown, points, kind, rng) -> Sample:
        """The camera's faults, and the target at half the size."""
        half = (self.size // 2, self.size // 2)
        target = cv2.resize(mask.astype(np.uint8) * FULL, half, interpolation=cv2.INTER_AREA)
        if unknown.any():
            target[cv2.resize(unknown.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0] = UNKNOWN
        return Sample(augment.spoil(image, self.recipe.augment, rng), points, target, kind)


def schedule(mix, has_targets: bool, has_salient: bool) -> list[int]:
    """The order of kinds, repeated over and over: shares as the recipe says, evenly spread."""
    shares = np.array([getattr(mix, name) for name in KINDS], np.float64)
    if not has_targets:
        shares[:SALIENCY] = 0
    if not has_salient:
        shares[SALIENCY] = 0
    if shares.sum() == 0:
        shares[EMPTY] = 1
    shares /= shares.sum()
    due, order = np.zeros(len(KINDS)), []
    for _ in range(100):
        due += shares
        order.append(int(due.argmax()))
        due[order[-1]] -= 1
    return order


def fill(sampler, first: int, arrays: dict):
    """Writes samples first, first+1, .. of a sampler into a batch's arrays."""
    for index in range(len(arrays["image"])):
        sample = sampler.sample(first + index)
        for name in arrays:
            arrays[name][index] = getattr(sample, name)
