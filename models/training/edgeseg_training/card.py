"""`card`: a bundle of a model: the graphs, model.json and CARD.md, made of the checkpoint's facts, `data check` and measured figures."""
import datetime
import hashlib
import json
import pathlib
import shutil
import subprocess

import onnx

from . import UserError, card_text, checkpoints, licences, quantise
from .state import commit

MAX_INT8_BYTES = 8_000_000
PROGRAM = "edgeseg"


def configure(parser):
    """The command's options."""
    parser.add_argument("checkpoint", help="the checkpoint that the graphs were exported from")
    parser.add_argument("--fp32", required=True, help="the fp32 graph")
    parser.add_argument("--int8", default="", help="the int8 graph")
    parser.add_argument("--out", required=True, help="the bundle's folder; calibrated thresholds of the same graphs are kept")
    parser.add_argument("--name", default="squeezesam")
    parser.add_argument("--version", type=int, required=True, help="a number that goes up with each model of this name")
    parser.add_argument("--data", default="", metavar="FILE", help="what `data check --json` wrote: sets, counts, licences")
    parser.add_argument("--also", action="append", default=[], metavar="FILE",
                        help="the same of an earlier run that the weights come from, or that run's checkpoint")
    parser.add_argument("--start", default="", metavar="TEXT", help="what the training started from, in words")
    parser.add_argument("--figures", action="append", default=[], metavar="PRECISION=FILE", help="what `edgeseg eval --json` wrote")
    parser.add_argument("--compare", action="append", default=[], metavar="NAME=FILE", help="the same of another model")
    parser.add_argument("--edgeseg", default=PROGRAM, help="the program that makes the self-check's masks")


def read_json(path) -> dict:
    """A JSON table. Raises UserError."""
    try:
        table = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as JSON ({error}). Name a file that the commands of README.md wrote.") from None
    if not isinstance(table, dict):
        raise UserError(f"{path} holds no table. Name a file that the commands of README.md wrote.")
    return table


def named_figures(pairs) -> dict[str, dict]:
    """Name -> figures by set, of NAME=FILE texts."""
    found = {}
    for pair in pairs:
        name, separator, path = pair.partition("=")
        if not separator:
            raise UserError(f"'{pair}' is not NAME=FILE. Write for example int8=figures.json.")
        table = read_json(path)
        found[name] = table.get("sets", table)
    return found


def sets_of(facts: dict) -> dict[str, dict]:
    """Set -> photographs, licence and class, of a checkpoint's facts."""
    return {name: {"photographs": count, "licence": licence, "class": licences.classify(licence)}
            for name, (count, licence) in facts.get("sets", {}).items()}


def training_sets(path) -> dict[str, dict]:
    """The same of a file of `data check --json` or of a checkpoint. Raises UserError when a checkpoint does not say."""
    if pathlib.Path(path).suffix != ".pt":
        return read_json(path).get("training", {})
    sets = sets_of(checkpoints.read(path).get("facts", {}))
    if not sets:
        raise UserError(f"{path} does not say what it was trained on. Give --also with the file of `data check --json` of its run.")
    return sets


def gather_sets(arguments, facts: dict) -> dict[str, dict]:
    """Set -> photographs, licence and class, of this run and the earlier ones. Raises UserError when nothing says what was trained on."""
    sets: dict[str, dict] = {}
    for path in [*([arguments.data] if arguments.data else []), *arguments.also]:
        for name, entry in training_sets(path).items():
            old = sets.get(name)
            if old is None or entry["photographs"] > old["photographs"]:
                sets[name] = entry
    for name, entry in sets_of(facts).items():
        sets.setdefault(name, entry)
    if not sets:
        raise UserError("nothing says what the weights were trained on. Give --data with the file of `data check --json`.")
    return dict(sorted(sets.items()))


def weights_licence(sets: dict[str, dict]) -> str:
    """What the weights may be used for, in one sentence."""
    classes = {entry["class"] for entry in sets.values()}
    closed = sorted(name for name, entry in sets.items() if entry["class"] in ("research", "unknown"))
    if closed:
        return f"Research and evaluation only: {', '.join(closed)} are licensed for research or state no licence."
    text = "Apache-2.0; every training set states a licence that allows commercial use"
    mixed = sorted(name for name, entry in sets.items() if entry["class"] == "flickr-mixed")
    if mixed:
        text += (f", except for the photographs of {', '.join(mixed)}: open annotations over Flickr photographs of mixed licences, some "
                 "non-commercial, whose use for training is usual in the field")
    if "share-alike" in classes:
        shared = sorted(name for name, entry in sets.items() if entry["class"] == "share-alike")
        text += f"; {', '.join(shared)}: CC BY-SA"
    return text + "."


def graph_entry(source, target: pathlib.Path, precision: str) -> dict:
    """Copies a graph into the bundle; its entry in model.json."""
    try:
        model = onnx.load(str(source))
        shutil.copyfile(source, target)
    except Exception as error:  # onnx raises protobuf's own kinds for a broken file
        raise UserError(f"the graph {source} cannot be read ({error}). Name a file that `export` or `quantise` wrote.") from None
    data = target.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    entry = {"role": "segmenter", "precision": precision, "file": target.name, "bytes": len(data), "sha256": digest}
    if precision == "int8":
        facts = {p.key: p.value for p in model.metadata_props}
        if quantise.IMAGES not in facts:
            raise UserError(f"{source} does not say what it was calibrated on. Make it with `quantise`.")
        if len(data) > MAX_INT8_BYTES:
            raise UserError(f"{source} has {len(data)} bytes, more than {MAX_INT8_BYTES}. Use a smaller network.")
        entry["calibration"] = {"images": int(facts[quantise.IMAGES]), "from": facts[quantise.SOURCE]}
    return entry


def golden(program: str, bundle: pathlib.Path, precision: str) -> str:
    """The self-check's mask, by the program. Raises UserError when it cannot be made."""
    try:
        done = subprocess.run([program, "model", "golden", "--model", str(bundle), "--precision", precision],
                              capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"{program} cannot be run ({error.strerror}). Name the program with --edgeseg.") from None
    if done.returncode:
        raise UserError(f"{program} model golden failed: {done.stderr.strip()}")
    return done.stdout.strip()


def write_json(path: pathlib.Path, table: dict):
    """Writes a table, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)


def manifest(arguments, sets: dict, graphs: list[dict], figures: dict, size: int) -> dict:
    """The content of model.json."""
    half = size // 2
    labels = "0 negative click, 1 click, 2 box top-left, 3 box bottom-right, -1 unused"
    table = {
        "v": 1, "name": arguments.name, "version": arguments.version, "kind": "squeezesam", "graphs": graphs,
        "capabilities": ["negative_clicks"],
        "inputs": {"image": f"uint8 [1,{size},{size},3] BGR, the frame or a crop of it, stretched",
                   "points": f"float32 [1,6,3]: x, y in 0..1, label ({labels})"},
        "outputs": {"masks": f"float32 [1,3,{half},{half}] logits, foreground > 0, not sorted",
                    "iou": "float32 [1,3] predicted IoU of each mask",
                    "saliency": f"float32 [1,1,{half},{half}] logits of the unprompted pass"},
    }
    if figures:
        names = sorted({name for rows in figures.values() for name in rows})
        protocol = "mean IoU by edgeseg eval, with zoom-in, on photographs kept out of training; see CARD.md"
        table["quality"] = {"protocol": protocol, "sets": {
            name: {"n": next(rows[name]["n"] for rows in figures.values() if name in rows),
                   **{precision: {k: v for k, v in rows[name].items() if k != "n" and v is not None}
                      for precision, rows in figures.items() if name in rows}} for name in names}}
    table["weights_licence"] = weights_licence(sets)
    table["data"] = [{"name": name, "licence": entry["licence"]} for name, entry in sets.items()]
    table["data"].append({"name": "ImageNet (start of the encoder: EfficientNet-Lite0 weights, Apache-2.0)",
                          "licence": "images: non-commercial research and education"})
    return table


def run(arguments) -> int:
    """Runs the command."""
    out = pathlib.Path(arguments.out)
    facts = checkpoints.read(arguments.checkpoint).get("facts", {})
    sets = gather_sets(arguments, facts)
    figures, compared = named_figures(arguments.figures), named_figures(arguments.compare)
    earlier = read_json(out / "model.json") if (out / "model.json").is_file() else {}
    out.mkdir(parents=True, exist_ok=True)
    model = onnx.load(arguments.fp32)
    size = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    files = [("fp32", arguments.fp32)] + ([("int8", arguments.int8)] if arguments.int8 else [])
    graphs = [graph_entry(path, out / f"{arguments.name}-{size}-{precision}.onnx", precision) for precision, path in files]
    table = manifest(arguments, sets, graphs, figures, size)
    # thresholds fit the weights that they were measured with
    known = {graph.get("sha256") for graph in earlier.get("graphs", [])}
    if "thresholds" in earlier and all(graph["sha256"] in known for graph in graphs):
        table["thresholds"] = earlier["thresholds"]
    write_json(out / "model.json", table)
    for entry in graphs:
        entry["golden"] = golden(arguments.edgeseg, out, entry["precision"])
    write_json(out / "model.json", table)
    earlier_runs = ", ".join(f"`{pathlib.Path(path).name}`" for path in arguments.also)
    start = arguments.start or (f"weights of an earlier run ({earlier_runs}), whose sets are in the table." if earlier_runs else "")
    text = card_text.text(table, sets, facts, figures, compared, start, datetime.date.today().isoformat(), commit())
    (out / "CARD.md").write_text(text, encoding="utf-8")
    print(f"{out}: {', '.join(entry['file'] for entry in graphs)}, model.json, CARD.md. Weights: {table['weights_licence']}")
    if "thresholds" not in table:
        print(f"the bundle has no calibrated thresholds: run `edgeseg model calibrate --model {out}`")
    return 0
