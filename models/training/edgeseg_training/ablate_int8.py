"""The int8 rows of an ablation: a network's graph, quantised with the training photographs as calibration."""
import pathlib

import numpy as np

from . import UserError, calibration, networks

SCHEMES = ("per-channel", "per-tensor")  # scales of the weights: one an output channel, or one a convolution
NODES = ("policy", "all")  # the nodes of qdq.py's policy, or every convolution, resize and sum
PHOTOGRAPHS = 40  # that the ranges are measured on, spread over the training photographs


def check(form):
    """Raises UserError for a network that is not quantised here, and where ONNX Runtime is missing."""
    from . import graph  # needs onnx, which a machine that only trains may lack

    if networks.kind_of(form) != networks.SQUEEZESAM:
        raise UserError("only a SqueezeSAM is quantised here. Remove 'quantised' from the variant.")
    graph.runtime()


def quantise(network, size: int, photos: list, scheme: str, nodes: str, folder: pathlib.Path) -> pathlib.Path:
    """Writes fp32.onnx and int8.onnx into the folder; the int8 file. Nothing is tuned: the rows show what each choice costs.

    Raises UserError where ONNX Runtime is missing, and for an EfficientSAM, whose two graphs the quantiser does not read.
    """
    from . import graph, tuning  # need onnx, which a machine that only trains may lack

    check(network.form)
    source, target = folder / "fp32.onnx", folder / "int8.onnx"
    graph.export(network, size, source)
    run, random = graph.session(source), np.random.RandomState(0)
    chosen = [photos[int(index)] for index in np.linspace(0, len(photos) - 1, min(PHOTOGRAPHS, len(photos)))]
    inputs = [look for photo in chosen for look in calibration.looks(photo.pixels(), run, size, random)]
    quantiser = tuning.Quantiser(source, inputs, is_per_tensor=scheme == "per-tensor", takes_all=nodes == "all")
    convolutions, count = quantiser.write(target)
    print(f"{target}: {convolutions} of {count} convolutions are int8, {scheme}, calibrated on {len(chosen)} photographs", flush=True)
    return target
