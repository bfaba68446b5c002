"""`cost`: parameters, size, multiply-adds and time of ONNX graphs, side by side and measured in turn in one run."""
import json
import math
import pathlib
import re
import statistics
import tempfile
import time

import numpy as np
import onnx

from . import UserError, checkpoints, graph

TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8, "tensor(int64)": np.int64}
FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.UINT8)


def configure(parser):
    """The command's options."""
    parser.add_argument("graph", nargs="+", help="ONNX file; the first is the reference of the ratios")
    parser.add_argument("--shape", action="append", default=[], metavar="INPUT=1,3,1024,1024",
                        help="shape of an input with free axes (may be repeated); other free axes are 1")
    parser.add_argument("--values", action="append", default=[], metavar="INPUT=720,1280",
                        help="values of an input that holds sizes (may be repeated); other inputs are random")
    parser.add_argument("--threads", type=int, default=1, help="threads of a run")
    parser.add_argument("--rounds", type=int, default=30, help="runs of each graph, in turn")
    parser.add_argument("--json", default="", help="write the figures to this file too")


def run(arguments) -> int:
    """Runs the command."""
    shapes, values = pairs(arguments.shape, "--shape"), pairs(arguments.values, "--values")
    rows = [Graph(pathlib.Path(path), shapes, values, arguments.threads) for path in arguments.graph]
    for _ in range(max(1, arguments.rounds)):
        for row in rows:
            row.run()
    figures = [row.figures() for row in rows]
    print(table(figures, arguments.threads))
    if arguments.json:
        checkpoints.write_text(pathlib.Path(arguments.json), json.dumps({"threads": arguments.threads, "graphs": figures}, indent=2) + "\n")
    return 0


def pairs(words: list[str], option: str) -> dict[str, list[int]]:
    """NAME=1,2,3 as a dictionary. Raises UserError."""
    found = {}
    for word in words:
        name, _, numbers = word.partition("=")
        if not re.fullmatch(r"\d+(,\d+)*", numbers):
            raise UserError(f"{option} {word}: write the input's name, =, and whole numbers with commas between them.")
        found[name] = [int(number) for number in numbers.split(",")]
    return found


class Graph:
    """One ONNX file with inputs to run it on."""

    def __init__(self, path: pathlib.Path, shapes: dict, values: dict, threads: int):
        self.path, self.threads, self.times, self.work = path, threads, [], []
        if not path.is_file():
            raise UserError(f"the graph {path} does not exist. Check the path.")
        self.runtime = graph.runtime()
        try:
            self.session = self.start(profile="")
            self.inputs = {each.name: self.input(each, shapes, values) for each in self.session.get_inputs()}
            self.session.run(None, self.inputs)
        except UserError:
            raise
        except Exception as error:  # the runtime has no common type for its errors
            raise UserError(f"{path} cannot be run: {str(error).splitlines()[0]}. Give the shapes of its inputs with --shape.") from None

    def start(self, profile: str):
        """A session; with a profile one that runs the graph as it is written, and notes the shapes of each node."""
        options = self.runtime.SessionOptions()
        options.intra_op_num_threads, options.log_severity_level = self.threads, 3
        if profile:
            options.enable_profiling, options.profile_file_prefix = True, profile
            # a weight that was packed is missing among the inputs that are noted
            options.add_session_config_entry("session.disable_prepacking", "1")
            options.graph_optimization_level = self.runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return self.runtime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])

    @staticmethod
    def input(each, shapes: dict, values: dict) -> np.ndarray:
        """Random numbers of an input's type and shape, or the values given."""
        kind = TYPES.get(each.type)
        if kind is None:
            raise UserError(f"the input '{each.name}' is of {each.type}, which `cost` cannot make. "
                            "Use a graph of images, points and sizes.")
        if each.name in values:
            return np.array(values[each.name], kind)
        shape = shapes.get(each.name) or [size if isinstance(size, int) else 1 for size in each.shape]
        return (np.random.default_rng(0).random(shape) * (255 if kind == np.uint8 else 1)).astype(kind)

    def run(self):
        """One run, timed by the clock and by the processor, whose time other programs do not lengthen."""
        start, work = time.perf_counter(), time.process_time()
        self.session.run(None, self.inputs)
        self.times.append((time.perf_counter() - start) * 1e3)
        self.work.append((time.process_time() - work) * 1e3)

    def figures(self) -> dict:
        """File name, parameters, bytes, multiply-adds of a run, milliseconds of a run (medians)."""
        weights = onnx.load(str(self.path)).graph.initializer
        # scales and zero points are single numbers or one a channel; weights have two axes or more, biases one
        count = sum(math.prod(each.dims) for each in weights if each.data_type in FLOATS and len(each.dims) > 1)
        return {"file": self.path.name, "parameters": count, "bytes": self.path.stat().st_size, "mac": self.multiply_adds(),
                "ms": statistics.median(self.times), "processor_ms": statistics.median(self.work)}

    def multiply_adds(self) -> int:
        """Of convolutions and matrix products, from the shapes that a profiled run noted."""
        with tempfile.TemporaryDirectory() as folder:
            session = self.start(f"{folder}/run")
            session.run(None, self.inputs)
            events = json.loads(pathlib.Path(session.end_profiling()).read_text(encoding="utf-8"))
        return sum(products(event["args"]) for event in events if "output_type_shape" in event.get("args", {}))


def products(node: dict) -> int:
    """Multiply-adds of one profiled node; 0 for those that are neither convolution nor matrix product."""
    kind = node.get("op_name")
    if kind not in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
        return 0
    inputs = [list(each.values())[0] for each in node["input_type_shape"]]
    (output,) = [list(each.values())[0] for each in node["output_type_shape"]]
    if kind == "Conv":
        return math.prod(output) * math.prod(inputs[1][1:])
    if kind == "ConvTranspose":
        return math.prod(inputs[0]) * math.prod(inputs[1][1:])
    if kind == "Gemm":  # A may be transposed: the shared axis from sizes
        return math.prod(output) * (math.prod(inputs[0]) // output[0])
    return math.prod(output) * inputs[0][-1]


def table(figures: list[dict], threads: int) -> str:
    """Markdown, each graph beside the first one."""
    base = figures[0]
    lines = [f"Medians of runs in turn, {threads} thread{'s' if threads > 1 else ''}, ONNX Runtime on the CPU.", "",
             "| graph | parameters, M | MB | GMAC | ms | processor ms | MB, times | processor ms, times |",
             "|---|---|---|---|---|---|---|---|"]
    for row in figures:
        lines.append(f"| {row['file']} | {row['parameters'] / 1e6:.2f} | {row['bytes'] / 1e6:.2f} | {row['mac'] / 1e9:.2f} "
                     f"| {row['ms']:.1f} | {row['processor_ms']:.1f} | {row['bytes'] / base['bytes']:.2f} "
                     f"| {row['processor_ms'] / base['processor_ms']:.2f} |")
    return "\n".join(lines)
