"""What values a graph's tensors take on photographs: the basis of static quantisation."""
import pathlib
import tempfile

import numpy as np
import onnx
from onnx import helper

from . import graph

SAMPLE = 4096  # values that are kept of one tensor and input


class Range:
    """The values of one tensor: extremes, a sample, and the mean of each channel (axis 1)."""

    def __init__(self):
        self.low, self.high, self.samples, self.means, self.count = np.inf, -np.inf, [], 0.0, 0

    def add(self, values: np.ndarray, random):
        """Takes in the tensor of one run."""
        flat = values.ravel()
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self.samples.append(flat if flat.size <= SAMPLE else flat[random.randint(0, flat.size, SAMPLE)])
        axes = (0, *range(2, values.ndim))
        self.means = self.means + (values.mean(axes) if values.ndim > 1 else values)
        self.count += 1

    def channel_means(self) -> np.ndarray:
        """float64 [C]."""
        return np.asarray(self.means, np.float64) / self.count


def collect(path, names: list[str], inputs, seed: int = 0) -> dict[str, Range]:
    """Runs the graph on `inputs`, (image, points) pairs, and gathers the values of the named tensors."""
    model = onnx.load(str(path))
    own = {value.name for value in (*model.graph.input, *model.graph.output)}
    model.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names if name not in own)
    found, random = {name: Range() for name in names}, np.random.RandomState(seed)
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, str(pathlib.Path(folder, "all.onnx")))
        run = graph.session(pathlib.Path(folder, "all.onnx"))
    former = None
    for image, points in inputs:
        # an encoder takes no points: a picture has the same values for each prompt
        if graph.is_encoder(run) and image is former:
            continue
        former = image
        for name, values in zip(names, run.run(names, graph.feed(run, image, points))):
            found[name].add(values, random)
    return found


def limits(found: Range, levels: int = 255, shortest: float = 0.7, steps: int = 25) -> tuple[float, float]:
    """The range [low, high] holding 0 whose quantisation has the least squared error over the sample.

    Rare great values cost the others their resolution: the range is shortened step by step and the best one is kept, but not below
    `shortest` of its length: masks hang on the great values (0.3 instead of 0.7 measured worse).
    """
    values = np.concatenate(found.samples).astype(np.float64)
    low, high = min(0.0, found.low), max(0.0, found.high)
    if high - low < 1e-6:
        return low, low + 1e-6
    best, least = (low, high), np.inf
    for share in np.linspace(1.0, shortest, steps):
        scale = (high - low) * share / levels
        zero = np.round(-low * share / scale)
        error = np.square((np.clip(np.round(values / scale) + zero, 0, levels) - zero) * scale - values).mean()
        if error < least:
            best, least = (low * share, high * share), error
    return best
