"""How the service answers a prompt with a graph: stretched frame, second look at a crop, choice among the masks.

The same rules as EdgeSeg.Vision's ZoomSegmenter, Decoding and ClickSampler, so that figures measured here are those of `edgeseg eval`.
Boxes and windows are (left, top, right, bottom) in pixels of the frame; a window's edges are whole pixels.
"""
import dataclasses

import cv2
import numpy as np
import torch

from . import UserError, calibration, networks
from .network import MASKS
from .prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE, SLOTS

BOX_MARGIN, CLICK_MARGIN, AUTO_MARGIN = 1.5, 1.6, 1.3  # sides of the crop, in sides of the object
MIN_BOX_SIDE, MIN_CLICK_SIDE = 48, 64  # least sides of the crop, pixels
MAX_ZOOM_SIDE = 512  # greatest side of a model's input with which a crop is looked at: a larger one sees enough of the frame
MAX_CROP_SHARE = 0.7  # a crop of more of the frame shows hardly more than the frame
ENCODINGS = 3  # that a runner keeps: of the frame, of a click's crop and of a box's crop


@dataclasses.dataclass
class Answer:
    """One pass: logits float32 [3,h,w], predicted IoU [3], saliency logits [h,w], and the window that they cover.

    `saliency` is None when the model has no saliency map.
    """

    logits: np.ndarray
    iou: np.ndarray
    saliency: np.ndarray | None
    window: tuple[int, int, int, int]

    def masks(self, height: int, width: int) -> list[np.ndarray]:
        """The masks at the frame's size, bool [H,W]."""
        return [self.mask(index, height, width) for index in range(len(self.iou))]

    def mask(self, index: int, height: int, width: int) -> np.ndarray:
        """One mask at the frame's size, bool [H,W]."""
        left, top, right, bottom = self.window
        whole = np.zeros((height, width), bool)
        whole[top:bottom, left:right] = cv2.resize(self.logits[index], (right - left, bottom - top), interpolation=cv2.INTER_LINEAR) > 0
        return whole


def graph_runner(path, threads: int = 0, decoder=""):
    """run(image uint8 [S,S,3], points [6,3]) -> logits, iou, saliency; and S. For an ONNX file of the bundle's contract.

    An EfficientSAM's encoder is such a file too; its `decoder` is the file beside it unless another one is named.
    """
    from . import graph  # needs onnx, which a machine that only trains may lack

    session = graph.session(path, threads)
    if graph.is_encoder(session):
        return pair_runner(session, graph.session(graph.decoder_of(path, decoder), threads))
    size = session.get_inputs()[0].shape[1]

    def run(image, points):
        masks, iou, saliency = session.run(graph.OUTPUTS, {"image": image[None], "points": points[None]})
        return masks[0], iou[0], saliency[0, 0]

    return run, size


class Encodings:
    """The encodings of the last pictures: a frame is not encoded again after the crops of a click and of a box."""

    def __init__(self, encode):
        self.encode, self.kept = encode, []  # (picture, encoding), the one used last at the end

    def of(self, image):
        """The encoding of a picture, which is known by its identity."""
        index = next((number for number, (known, _) in enumerate(self.kept) if known is image), None)
        self.kept.append((image, self.encode(image)) if index is None else self.kept.pop(index))
        del self.kept[:-ENCODINGS]
        return self.kept[-1][1]


def refuse_negative(points):
    """Raises UserError for a negative click."""
    if (points[:, 2] == NEGATIVE).any():
        raise UserError("this model knows no negative clicks (label 0). Leave them out.")


def pair_runner(encoder, decoder):
    """The same for the sessions of an EfficientSAM's two graphs; logits at half the picture's side."""
    from . import graph

    size = graph.side_of(encoder)
    encodings = Encodings(lambda image: encoder.run(None, graph.feed(encoder, image))[0])

    def run(image, points):
        refuse_negative(points)
        inputs = graph.decoder_feed(encodings.of(image), points, size // 2, size // 2)
        masks, iou = decoder.run(["output_masks", "iou_predictions"], inputs)
        return masks[0, 0], iou[0, 0], None

    return run, size


def network_runner(network, size: int):
    """The same for a torch network in evaluation mode. An EfficientSAM has its own size."""
    device, size = next(network.parameters()).device, networks.side_of(network.form, size)
    encodings = Encodings(lambda image: network.embed(as_pixels(image).to(device)))

    @torch.no_grad()
    def run(image, points):
        if not network.knows_negative:
            refuse_negative(points)
        prompt = torch.from_numpy(points)[None].to(device)
        logits, iou = network.answer(encodings.of(image), prompt)
        logits = logits[0].float().cpu().numpy()
        return logits[:MASKS], iou[0].float().cpu().numpy(), logits[MASKS] if len(logits) > MASKS else None

    return run, size


def as_pixels(image: np.ndarray) -> torch.Tensor:
    """uint8 [S,S,3] -> float [1,3,S,S]."""
    return torch.from_numpy(image)[None].permute(0, 3, 1, 2).float()


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """IoU of two masks; 0 when both are empty."""
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 0.0


def stability(logits: np.ndarray) -> float:
    """The part of a mask that stays when its threshold moves up and down by one logit."""
    below = int((logits > -1).sum())
    return int((logits > 1).sum()) / below if below else 0.0


def best(answer: Answer) -> int:
    """The mask of the greatest predicted IoU x stability."""
    ranks = [float(predicted) * stability(logits) for predicted, logits in zip(answer.iou, answer.logits)]
    return int(np.argmax(ranks)) if max(ranks) > 0 else int(np.argmax(answer.iou))


def best_for(answer: Answer, region: np.ndarray) -> int:
    """The mask that fits a region, bool [h,w] of the logits' size, best."""
    ranks = [float(predicted) * iou(logits > 0, region) for predicted, logits in zip(answer.iou, answer.logits)]
    return int(np.argmax(ranks)) if max(ranks) > 0 else int(np.argmax(answer.iou))


def enlarge(box, margin: float, least: int, height: int, width: int) -> tuple[int, int, int, int]:
    """A box enlarged around its centre, cut at the frame's edges, rounded outwards to whole pixels."""
    left, top, right, bottom = box
    half_x, half_y = max((right - left) * margin, least) / 2, max((bottom - top) * margin, least) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    x0, y0 = min(max(np.floor(x - half_x), 0), width - 1), min(max(np.floor(y - half_y), 0), height - 1)
    x1, y1 = min(max(np.ceil(x + half_x), x0 + 1), width), min(max(np.ceil(y + half_y), y0 + 1), height)
    return int(x0), int(y0), int(x1), int(y1)


def is_large(window, height: int, width: int) -> bool:
    """Whether a crop shows nearly the whole frame."""
    return (window[2] - window[0]) * (window[3] - window[1]) > MAX_CROP_SHARE * height * width


def component_box(mask: np.ndarray, x: float, y: float):
    """The box of the component that holds a point or is nearest to it; None for an empty mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    rows, columns = np.nonzero(mask)
    dx, dy = np.maximum(0, np.maximum(columns - x, x - columns - 1)), np.maximum(0, np.maximum(rows - y, y - rows - 1))
    nearest = int((dx * dx + dy * dy).argmin())
    left, top, wide, high, _ = stats[labels[rows[nearest], columns[nearest]]]
    return int(left), int(top), int(left + wide), int(top + high)


def on_blob(blob: np.ndarray, x: float, y: float) -> tuple[float, float]:
    """A point if its pixel belongs to the blob, else the blob's nearest pixel's centre."""
    row, column = int(y), int(x)
    if 0 <= row < blob.shape[0] and 0 <= column < blob.shape[1] and blob[row, column]:
        return x, y
    rows, columns = np.nonzero(blob)
    nearest = int(((columns + .5 - x) ** 2 + (rows + .5 - y) ** 2).argmin())
    return columns[nearest] + .5, rows[nearest] + .5


def blob_clicks(blob: np.ndarray) -> list[tuple[float, float]]:
    """The centres of mass of a blob and of its four quarters, in pixels of the map."""
    rows, columns = np.nonzero(blob)
    x, y = columns.mean() + .5, rows.mean() + .5
    split_x, split_y = int(np.ceil(x - .5)), int(np.ceil(y - .5))
    clicks = [on_blob(blob, x, y)]
    for is_low, is_right in ((False, False), (False, True), (True, False), (True, True)):
        part = ((rows >= split_y) == is_low) & ((columns >= split_x) == is_right)
        if part.any():
            clicks.append(on_blob(blob, columns[part].mean() + .5, rows[part].mean() + .5))
    return clicks


def salient_blob(saliency: np.ndarray, floor: tuple[float, float] = (0., 0.)):
    """The blob above probability 0.5 with the greatest sum, bool [h,w]; None when there is none or it is below the floor (mean, peak)."""
    probability = 1 / (1 + np.exp(-saliency.astype(np.float64)))
    count, labels = cv2.connectedComponents((saliency > 0).astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    sums = np.bincount(labels.ravel(), probability.ravel(), count)
    blob = labels == 1 + int(sums[1:].argmax())
    inside = probability[blob]
    return blob if inside.mean() >= floor[0] and inside.max() >= floor[1] else None


class Segmenter:
    """Answers prompts on one frame after another. `run` and `size` come from `graph_runner` or `network_runner`."""

    def __init__(self, run, size: int, zoom: bool = True, floor: tuple[float, float] = (0., 0.)):
        self.run, self.size, self.zoom, self.floor = run, size, zoom and size <= MAX_ZOOM_SIDE, floor

    def set_image(self, image: np.ndarray):
        """uint8 BGR [H,W,3]."""
        self.image, (self.height, self.width) = image, image.shape[:2]
        self.frame = calibration.stretch(image, self.size)

    def look(self, points, window=None) -> Answer:
        """One pass. `points` are (x, y, label) in pixels of the frame; `window` None is the whole frame."""
        whole = (0, 0, self.width, self.height)
        window = window or whole
        left, top, right, bottom = window
        pixels = self.frame if window == whole else calibration.stretch(self.image[top:bottom, left:right], self.size)
        slots = [((x - left) / (right - left), (y - top) / (bottom - top), label) for x, y, label in points[:SLOTS]]
        return Answer(*self.run(pixels, calibration.points_of(*slots)), window)

    def box(self, left, top, right, bottom) -> tuple[Answer, int]:
        """The answer to a box, and the index of its best mask."""
        window = enlarge((left, top, right, bottom), BOX_MARGIN, MIN_BOX_SIDE, self.height, self.width) if self.zoom else None
        answer = self.look([(left, top, BOX_FIRST), (right, bottom, BOX_LAST)], window)
        return answer, best(answer)

    def click(self, x: float, y: float) -> tuple[Answer, int]:
        """The answer to one click."""
        points = [(x, y, CLICK)]
        first = self.look(points)
        index = best(first)
        rows, columns = first.logits.shape[1:]
        found = component_box(first.logits[index] > 0, x * columns / self.width, y * rows / self.height) if self.zoom else None
        if found is not None:
            scale = np.array([self.width / columns, self.height / rows] * 2)
            window = enlarge(np.array(found) * scale, CLICK_MARGIN, MIN_CLICK_SIDE, self.height, self.width)
            if not is_large(window, self.height, self.width):
                second = self.look(points, window)
                return second, best(second)
        return first, index

    def automatic(self):
        """The saliency map, and (answer, index), or None where nothing stands out. Twice None for a model without a saliency map."""
        saliency = self.look([]).saliency
        if saliency is None:
            return None, None
        blob = salient_blob(saliency, self.floor)
        if blob is None:
            return saliency, None
        rows, columns = saliency.shape
        points = [(x * self.width / columns, y * self.height / rows, CLICK) for x, y in blob_clicks(blob)]
        left, top, wide, high = cv2.boundingRect(blob.astype(np.uint8))
        box = np.array([left, top, left + wide, top + high]) * np.array([self.width / columns, self.height / rows] * 2)
        window = enlarge(box, AUTO_MARGIN, MIN_CLICK_SIDE, self.height, self.width)
        answer = self.look(points, window if self.zoom and not is_large(window, self.height, self.width) else None)
        return saliency, (answer, best_for(answer, self.sample(blob, answer)))

    def sample(self, blob: np.ndarray, answer: Answer) -> np.ndarray:
        """The blob at the centres of the answer's logits, bool [h,w]."""
        left, top, right, bottom = answer.window
        rows, columns = answer.logits.shape[1:]
        x = (left + (np.arange(columns) + .5) / columns * (right - left)) / self.width * blob.shape[1]
        y = (top + (np.arange(rows) + .5) / rows * (bottom - top)) / self.height * blob.shape[0]
        inside = np.ix_(y.astype(int).clip(0, blob.shape[0] - 1), x.astype(int).clip(0, blob.shape[1] - 1))
        return blob[inside]
