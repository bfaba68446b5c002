"""Which parts of a graph lose too much in int8: each part is kept in float by itself, and what helps most is kept."""
import pathlib
import re
import tempfile

import numpy as np
import onnx

from . import onnx_file, qdq, ranges, segment

LEAST_GAIN = 0.0005  # of the mean IoU of the masks
MAX_BYTES = 8_000_000  # of a SqueezeSAM
MAX_SHARE = 0.6  # of an EfficientSAM's encoder in float
LOOKS = 60  # looks that a part is compared by


class Quantiser:
    """Writes int8 graphs of one fp32 graph; the values of all tensors are gathered once, on `inputs` of (image, points) pairs."""

    def __init__(self, source, inputs, keep_float: str = "", is_per_tensor: bool = False, takes_all: bool = False):
        self.source, self.keep_float, self.is_per_tensor, self.takes_all = source, keep_float, is_per_tensor, takes_all
        rewriter = self.rewriter(keep_float)
        self.names = rewriter.tensors()
        self.is_encoder = rewriter.graph.input[0].name == qdq.ENCODER_INPUT
        self.max_bytes = MAX_SHARE * pathlib.Path(source).stat().st_size if self.is_encoder else MAX_BYTES
        self.found = ranges.collect(source, self.names, inputs) if self.names else {}
        self.scales = {name: qdq.scale_of(*ranges.limits(found)) for name, found in self.found.items()}
        self.means = {name: found.channel_means() for name, found in self.found.items()}

    def rewriter(self, keep_float: str) -> qdq.Rewriter:
        """A rewriter of a fresh copy of the graph."""
        model = onnx.load(str(self.source))
        return qdq.Rewriter(model, qdq.chosen(model, keep_float, self.takes_all), self.is_per_tensor)

    def write(self, target, parts=()) -> tuple[int, int]:
        """Writes the graph with `parts` in float; the numbers of int8 convolutions and products, and of all."""
        keep = "|".join([*([self.keep_float] if self.keep_float else []), *(f"^{re.escape(part)}" for part in parts)])
        rewriter = self.rewriter(keep)
        model = rewriter.model
        rewriter.run(self.scales, self.means)
        onnx_file.save(model, target)
        kinds = ("Conv", "MatMul") if self.is_encoder else ("Conv",)
        return tuple(sum(node.op_type in kinds for node in nodes) for nodes in (rewriter.nodes, model.graph.node))

    def kinds(self) -> str:
        """What `write` counts, as text."""
        return "convolutions and products" if self.is_encoder else "convolutions"

    def parts(self) -> list[str]:
        """The beginnings of names that a part of the graph shares: an encoder block, a convolution block of the decoder."""
        nodes = self.rewriter(self.keep_float).nodes
        pattern = r"(?:/image_encoder|/encoder)?/(?:blocks\.\d+|neck)/|/[a-z]\d+/(?:[a-z]\d+\.\d+/)?|/[^/]+$"
        found = [re.match(pattern, node.name) for node in nodes]
        return list(dict.fromkeys(match[0] for match in found if match))


def mean_agreement(reference: list, run, inputs) -> float:
    """Mean IoU of a graph's masks with the reference answers: the chosen mask of prompted inputs, the salient region of the others."""
    scores = []
    for (logits, iou, saliency), (image, points) in zip(reference, inputs):
        other, _, other_saliency = run(image, points)
        index = int(iou.argmax())
        pair = (logits[index] > 0, other[index] > 0) if (points[:, 2] >= 0).any() else (saliency > 0, other_saliency > 0)
        if pair[0].any() or pair[1].any():
            scores.append(segment.iou(*pair))
    return float(np.mean(scores)) if scores else 1.0


def tune(quantiser: Quantiser, inputs, wanted: float, runner=segment.graph_runner) -> list[str]:
    """The parts to keep in float so that the masks agree by `wanted` on `inputs`; fewer where the file would grow too large.

    `runner` opens a graph, as `segment.graph_runner` does.
    """
    run, _ = runner(quantiser.source)
    inputs = inputs[::max(1, len(inputs) // LOOKS)]
    reference = [run(image, points) for image, points in inputs]
    with tempfile.TemporaryDirectory() as folder:
        draft = pathlib.Path(folder, "draft.onnx")

        def score(parts) -> float:
            quantiser.write(draft, parts)
            return mean_agreement(reference, runner(draft)[0], inputs)

        best, kept = score([]), []
        alone = {part: score([part]) for part in quantiser.parts()}
        for part in sorted(alone, key=lambda part: -alone[part]):
            reached = score([*kept, part])
            # a part in float costs time: it must gain something beside those that are kept already
            if draft.stat().st_size > quantiser.max_bytes or reached < best + LEAST_GAIN:
                continue
            best = reached
            kept.append(part)
            print(f"kept in float: {part} (masks agree by {reached:.4f})", flush=True)
            if reached >= wanted:
                break
    return kept
