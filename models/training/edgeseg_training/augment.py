"""Augmentations of photographs, masks and views. Each is a plain function of its inputs and a random generator."""
import cv2
import numpy as np

from .datasets import IGNORE

NOISE = np.random.default_rng(0).standard_normal(400_009, np.float32)


def neighbours(labels: np.ndarray, value: int) -> list[int]:
    """The segments that touch segment `value` (within three pixels)."""
    ring = cv2.dilate((labels == value).astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    return [int(each) for each in np.unique(labels[ring]) if each not in (0, value, IGNORE)]


def merge(labels: np.ndarray, value: int, rng, most: int = 3) -> np.ndarray:
    """Mask merging: segment `value` together with one to `most` of its neighbours. bool [H,W]."""
    near = neighbours(labels, value)
    mask = labels == value
    if near:
        chosen = rng.choice(near, size=min(len(near), int(rng.integers(1, most + 1))), replace=False)
        mask |= np.isin(labels, chosen)
    return mask


def crop_around(box, width: int, height: int, factor: tuple[float, float], rng, smallest: int = 32):
    """A view (left, top, right, bottom) that holds `box`, each side `factor` times the box's, moved at random.

    It lies in the photograph, and a side is at least `smallest` pixels where the photograph has them.
    """
    edges = []
    for first, last, length in ((box[0], box[2], width), (box[1], box[3], height)):
        side = min(length, max(smallest, round((last - first) * rng.uniform(*factor))))
        side = max(side, last - first)
        lowest, highest = max(0, last - side), min(first, length - side)
        # around the middle: a service's crop is centred on the object
        middle = (first + last - side) / 2 + rng.normal(0, 0.25) * (side - (last - first)) / 2
        start = int(np.clip(round(middle), lowest, highest))
        edges.append((start, start + side))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def wide_view(box, width: int, height: int, rng, least: float = 0.65):
    """Most of the photograph, the box included: each side `least` to 1 times the photograph's."""
    edges = []
    for first, last, length in ((box[0], box[2], width), (box[1], box[3], height)):
        side = max(last - first, round(length * rng.uniform(least, 1)))
        start = int(rng.integers(max(0, last - side), min(first, length - side) + 1))
        edges.append((start, start + side))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def view(image: np.ndarray, box, size: int) -> np.ndarray:
    """The part of an image inside `box`, stretched to size x size: by area when it shrinks, as the service does."""
    left, top, right, bottom = box
    part = image[top:bottom, left:right]
    shrinks = part.shape[0] >= size and part.shape[1] >= size
    return cv2.resize(part, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def rotated(image: np.ndarray, maps: list[np.ndarray], degrees: float):
    """Image and label maps turned about the middle; what comes from outside is IGNORE in the maps."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    image = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return image, [cv2.warpAffine(each, turn, (width, height), flags=cv2.INTER_NEAREST, borderValue=IGNORE) for each in maps]


def outlier(mask: np.ndarray, known: np.ndarray, rng):
    """Outlier injection: a point (x, y) off the object, on background that is known; None when there is none."""
    away = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    return pick(away & known, rng)


def pick(mask: np.ndarray, rng):
    """A random pixel (x, y) of a mask; None when it is empty."""
    places = np.flatnonzero(mask)
    if not len(places):
        return None
    place = int(places[rng.integers(len(places))])
    return place % mask.shape[1], place // mask.shape[1]


def colour(image: np.ndarray, rng) -> np.ndarray:
    """Other saturation, contrast, brightness and white balance: together one linear map of a pixel."""
    luma = np.array([0.114, 0.587, 0.299])
    vivid = rng.uniform(0.5, 1.5)
    saturation = np.eye(3) * vivid + np.outer(np.ones(3), luma) * (1 - vivid)
    contrast = rng.uniform(0.65, 1.4)
    mean = float(np.dot(cv2.mean(image)[:3], luma))
    balance = rng.uniform(0.9, 1.1, 3) * rng.uniform(0.65, 1.4)
    matrix = np.hstack([balance[:, None] * contrast * saturation, (balance * mean * (1 - contrast))[:, None]])
    return cv2.transform(image, matrix)


def grain(shape, rng) -> np.ndarray:
    """Normal noise, float32: a random part of a fixed table, which costs a tenth of drawing it."""
    count = int(np.prod(shape))
    start = int(rng.integers(0, len(NOISE)))
    return np.resize(np.concatenate([NOISE[start:], NOISE[:start]]), count).reshape(shape)


def spoil(image: np.ndarray, augment, rng) -> np.ndarray:
    """What a camera does: colour cast, grey, blur, noise, compression, each with its probability."""
    if rng.random() < augment.colour:
        image = colour(image, rng)
    if rng.random() < augment.grey:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < augment.blur:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.5, 1.6)))
    if rng.random() < augment.noise:
        image = np.clip(image + grain(image.shape, rng) * np.float32(rng.uniform(2, 14)), 0, 255).astype(np.uint8)
    if rng.random() < augment.jpeg:
        image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])[1], cv2.IMREAD_COLOR)
    return image


def paste(image: np.ndarray, mask: np.ndarray, background: np.ndarray, rng, share=(0.25, 0.75)):
    """The object of `mask` on `background`, its longer side `share` of the background's. Image and mask, or None.

    None when the mask is empty. The pasted mask is bool and has the background's size.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    height, width = background.shape[:2]
    scale = rng.uniform(*share) * min(height, width) / max(mask[part].shape)
    size = max(4, round(mask[part].shape[1] * scale)), max(4, round(mask[part].shape[0] * scale))
    thing = cv2.resize(image[part], size, interpolation=cv2.INTER_LINEAR)
    alpha = cv2.resize(mask[part].astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    left, top = int(rng.integers(0, width - size[0] + 1)), int(rng.integers(0, height - size[1] + 1))
    where = slice(top, top + size[1]), slice(left, left + size[0])
    result, pasted = background.copy(), np.zeros((height, width), bool)
    pasted[where] = alpha > 0.5
    # a softened edge: a hard one would tell the network what was pasted
    soft = cv2.GaussianBlur(alpha, (0, 0), 0.8)[..., None]
    result[where] = (result[where] * (1 - soft) + thing * soft).astype(np.uint8)
    return result, pasted


def shape(background: np.ndarray, rng, contrast: float = 45):
    """A plain thing (an ellipse or a polygon of one colour, shaded or textured) on `background`, uint8 [S,S,3]. Image and mask, or None.

    None when it would hardly differ from the background. Such things are what people hold before a camera first, and no photograph of
    the sets looks like them.
    """
    size = background.shape[0]
    mask = np.zeros((size, size), np.uint8)
    centre = np.float32([size / 2, size / 2])
    if rng.random() < 0.5:
        axes = size * rng.uniform(0.15, 0.45, 2) if rng.random() < 0.6 else np.full(2, size * 0.4)
        cv2.ellipse(mask, (int(centre[0]), int(centre[1])), (int(axes[0]), int(axes[1])), rng.uniform(0, 180), 0, 360, 1, -1)
    else:
        corners = int(rng.integers(3, 9))
        angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
        radii = size * rng.uniform(0.25, 0.45, corners)
        points = centre + np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]
        cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    colours = rng.uniform(0, 255, (1, 1, 3))
    surface = texture(size, rng).astype(np.float32)
    thing = colours + (surface - surface.mean((0, 1))) * rng.choice([0.0, 0.1, 0.4, 1.0])
    found = paste(np.clip(thing, 0, 255).astype(np.uint8), mask > 0, background, rng, (0.15, 0.8))
    if found is None or not found[1].any() or found[1].all():
        return None
    image, pasted = found
    away = np.abs(image[pasted].mean(0).astype(np.float32) - background[~pasted].mean(0)).max()
    return (image, pasted) if away >= contrast else None


def empty_crop(taken: np.ndarray, rng, least: float = 0.25, tries: int = 12):
    """A view without any pixel of `taken` (bool [H,W]); None when none was found."""
    height, width = taken.shape
    total = cv2.integral(taken.astype(np.uint8))
    for _ in range(tries):
        w, h = max(8, int(width * rng.uniform(least, 0.9))), max(8, int(height * rng.uniform(least, 0.9)))
        left, top = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        right, bottom = left + w, top + h
        if total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left] == 0:
            return left, top, right, bottom
    return None


def texture(size: int, rng) -> np.ndarray:
    """A picture without an object: plain, gradient, noise of several scales, stripes, checks, black or white."""
    kind = int(rng.integers(7))
    colours = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    angle = rng.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    if kind == 0:
        weight = np.full((size, size), rng.random(), np.float32)
    elif kind == 1:
        weight = (along - along.min()) / max(1e-6, float(along.max() - along.min()))
    elif kind == 2:
        weight = np.zeros((size, size), np.float32)
        for level in range(1, 7):
            cells = min(size, 2**level)
            part = cv2.resize(rng.random((cells, cells), np.float32), (size, size), interpolation=cv2.INTER_CUBIC)
            weight += part * np.float32(rng.uniform(0.2, 1)) / level
        weight = (weight - weight.min()) / (weight.max() - weight.min() + 1e-6)
    elif kind == 3:
        weight = 0.5 + 0.5 * np.sin(along * rng.uniform(10, 200)).astype(np.float32)
    elif kind == 4:
        turned = -x * np.sin(angle) + y * np.cos(angle)
        cells = rng.uniform(4, 24)
        weight = ((np.floor(along * cells) + np.floor(turned * cells)) % 2).astype(np.float32)
    elif kind == 5:
        weight = rng.random((size, size), np.float32)
    else:
        colours = np.full((2, 3), rng.choice([0.0, 8.0, 20.0, 235.0, 255.0]), np.float32)
        weight = np.zeros((size, size), np.float32)
    pixels = colours[0] + (colours[1] - colours[0]) * weight[..., None].astype(np.float32)
    pixels += grain((size, size, 1), rng) * np.float32(rng.choice([0, 0, 3, 10]))
    return np.clip(pixels, 0, 255).astype(np.uint8)
