"""`quantise`: an int8 graph of an fp32 one, calibrated on photographs, and what it costs.

Without photographs there is no calibration, and without calibration no int8 graph: random values give ranges that fit nothing.
Of an EfficientSAM the encoder is quantised; its decoder, a fiftieth of the work, stays as it is.
"""
import functools
import pathlib

import onnx

from . import UserError, calibration, datasets, evaluate, graph, onnx_file, segment, tuning

MAX_LOSS = 0.005  # of mean IoU
MIN_AGREEMENT = 0.98  # mean IoU of the int8 and the fp32 masks, where no masks are known
CHECKED = 40  # photographs that are looked at after quantising; they are no part of the calibration where there are enough
IMAGES, SOURCE = "calibration_images", "calibration_from"  # keys of the graph's metadata


def configure(parser):
    """The command's options."""
    parser.add_argument("graph", help="the fp32 ONNX file that `export` wrote; of an EfficientSAM the encoder")
    parser.add_argument("--decoder", default="", help="the decoder of an EfficientSAM (default: the one beside its encoder)")
    parser.add_argument("--photos", required=True, metavar="DIR", help="photographs to calibrate on: frames of your camera")
    parser.add_argument("--out", required=True, help="the int8 ONNX file to write")
    parser.add_argument("--images", type=int, default=120, help="photographs to use at most")
    parser.add_argument("--source", default="", metavar="TEXT", help="what the photographs are, for the card")
    parser.add_argument("--keep-float", default="", metavar="PATTERN", help="names of further nodes to keep in float")
    parser.add_argument("--no-tuning", action="store_true", help="do not look for parts to keep in float where the masks differ")
    parser.add_argument("--force", action="store_true", help="write the graph although it loses too much")
    evaluate.add_source_options(parser)


def open_quantiser(source, inputs, keep_float: str = "") -> tuning.Quantiser:
    """The quantiser of an fp32 graph. Raises UserError for another graph."""
    if any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in onnx.load(str(source)).graph.node):
        raise UserError(f"{source} is quantised already. Name the fp32 graph.")
    quantiser = tuning.Quantiser(source, inputs, keep_float)
    if not quantiser.names:
        raise UserError(f"{source} has no node that the policy quantises. Use a graph that `export` wrote.")
    return quantiser


def annotate(path, **facts):
    """Writes facts into a graph's metadata."""
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
    onnx_file.save(model, path)


def agreement(source, target, inputs, runner=segment.graph_runner) -> float:
    """Mean IoU of the masks of two graphs on (image, points) pairs."""
    run = runner(source)[0]
    return tuning.mean_agreement([run(image, points) for image, points in inputs], runner(target)[0], inputs)


def losses(before: dict, after: dict) -> float:
    """Mean IoU lost, over clicks, boxes and automatic masks, each set weighed by its objects."""
    lost = weight = 0.0
    for name, row in before.items():
        for figure in ("click", "box", "auto"):
            if row[figure] is not None and after[name][figure] is not None:
                lost += row["n"] * (row[figure] - after[name][figure])
                weight += row["n"]
    return lost / weight if weight else 0.0


def side_by_side(before: dict, after: dict) -> str:
    """The figures as text, fp32 / int8."""
    lines = [f"{'set':<16} {'n':>6} " + " ".join(f"{name:>17}" for name in ("click", "best of 3", "box", "automatic", "max-F"))]
    for name, row in before.items():
        cells = []
        for figure in ("click", "click_best3", "box", "auto", "saliency_max_f"):
            cells.append(f"{'-':>17}" if row[figure] is None else f"{row[figure]:8.4f} /{after[name][figure]:7.4f}")
        lines.append(f"{name:<16} {row['n']:>6} " + " ".join(cells))
    return "\n".join(lines)


def refusal(source, draft, held, arguments, runner) -> str:
    """Prints what the int8 graph costs; why it is refused, or empty."""
    problems = datasets.Problems()
    if arguments.recipe or arguments.data:
        records = evaluate.read_sources(arguments.recipe, arguments.data, arguments.format, arguments.option, problems)
        segmenters = [segment.Segmenter(*runner(path)) for path in (source, draft)]
        before, after = (evaluate.evaluate(segmenter, records, arguments.limit, problems) for segmenter in segmenters)
        if not before:
            raise UserError("no object was measured. The photographs have no layer of whole objects or of what stands out.")
        print(side_by_side(before, after))
        lost = losses(before, after)
        print(f"mean IoU lost: {lost:.4f} (at most {MAX_LOSS})")
        if lost > MAX_LOSS:
            return f"it loses {lost:.4f} of mean IoU, more than {MAX_LOSS}"
    agreed = agreement(source, draft, held, runner)
    print(f"masks of fp32 and int8 agree by a mean IoU of {agreed:.4f} on {len(held)} looks at photographs (at least {MIN_AGREEMENT})")
    if agreed < MIN_AGREEMENT and not (arguments.recipe or arguments.data):
        return f"its masks agree with fp32 by {agreed:.4f} only"
    return ""


def run(arguments) -> int:
    """Runs the command; exit status 1 when the graph is refused."""
    source, target = pathlib.Path(arguments.graph), pathlib.Path(arguments.out)
    if not source.is_file():
        raise UserError(f"the graph {source} does not exist. Make it with `export`.")
    session, runner = graph.session(source), segment.graph_runner
    size = graph.side_of(session)
    if graph.is_encoder(session):
        runner = functools.partial(runner, decoder=graph.decoder_of(source, arguments.decoder))
    files = calibration.photographs(arguments.photos, arguments.images + CHECKED)
    # a fourth of few photographs is held back for the check
    checked = min(CHECKED, len(files) // 4)
    held_files = files[::max(1, len(files) // checked)][:checked] if checked else files
    used = ([file for file in files if file not in set(held_files)] or files)[:arguments.images]
    inputs, unreadable = calibration.inputs(used, source, size)
    held, more = calibration.inputs(held_files, source, size, seed=1)
    for name in (unreadable + more)[:5]:
        print(f"left out, cannot be decoded: {name}")
    # a graph is known by its suffix
    draft = target.with_name(target.stem + ".draft.onnx")
    quantiser = open_quantiser(source, inputs, arguments.keep_float)
    quantised, count = quantiser.write(draft)
    if not arguments.no_tuning and agreement(source, draft, held, runner) < MIN_AGREEMENT:
        quantised, count = quantiser.write(draft, tuning.tune(quantiser, inputs, MIN_AGREEMENT + 0.003, runner))
    images = len(used) - len(unreadable)
    print(f"calibrated on {images} photographs, {len(inputs)} looks; {quantised} of {count} {quantiser.kinds()} are int8")
    origin = arguments.source or f"photographs of the folder {pathlib.Path(arguments.photos).resolve().name}"
    annotate(draft, **{IMAGES: images, SOURCE: origin})
    reason = refusal(source, draft, held, arguments, runner)
    if reason and not arguments.force:
        draft.unlink()
        print(f"refused: {reason}. Calibrate on more photographs of your camera, keep nodes in float (--keep-float), or use --force.")
        return 1
    draft.replace(target)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB (fp32: {source.stat().st_size / 1e6:.2f} MB){', forced' if reason else ''}")
    return 0
