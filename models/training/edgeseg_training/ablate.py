"""`ablate`: trains the variants that a recipe names, with several seeds, and writes a table. It can be stopped and started again.

    [ablate]
    seeds = [1, 2]
    limit = 0                   # photographs of the validation sources; 0 = all
    zoom = false                # one pass, or the second pass on a crop too
    at = [2000, 4000]           # also evaluate after so many samples: a figure against samples
    [[ablate.variant]]          # the first is the base that the others are compared with
    name = "both fusions"
    [[ablate.variant]]
    name = "late fusion alone"
    network = { early = false } # changes of the recipe's tables
    of = "another variant"      # no training of its own: that variant's weights, in this network
    [[ablate.variant]]
    name = "int8"
    of = "both fusions"
    quantised = "per-channel"   # or "per-tensor": its graph in int8, calibrated on training photographs, run by ONNX Runtime
    nodes = "policy"            # or "all": the nodes that are quantised (qdq.py)
    [[ablate.variant]]
    name = "SAMI"
    pretrain = { target = "teacher" }   # the encoder is pre-trained first; an empty table takes the recipe's [pretrain]
"""
import dataclasses
import json
import pathlib
import re

from . import (UserError, ablate_figure, ablate_int8, ablate_table, checkpoints, datasets, evaluate, networks, recipe as recipes, segment,
               sources)
from .pretrain import Pretraining, teacher_of
from .state import choose_device
from .train import Training, load_photos

KNOWN = {"seeds", "limit", "zoom", "at", "variant"}
OWN = ("name", "of", "quantised", "nodes")  # keys of a variant that are no changes of the recipe


@dataclasses.dataclass
class Variant:
    """One row of the table."""

    name: str
    changes: dict  # of the recipe's tables
    of: str = ""  # the variant whose weights it uses
    quantised: str = ""  # one of ablate_int8.SCHEMES: measured as an int8 graph
    nodes: str = "policy"  # one of ablate_int8.NODES

    def folder(self) -> str:
        """A file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def configure(parser):
    """The command's options."""
    parser.add_argument("recipe", help="TOML file with an [ablate] table")
    parser.add_argument("--out", required=True, help="folder of all runs; table.md and curve.svg are written there")
    parser.add_argument("--start", default="", help="checkpoint or backbone to start from, instead of the recipe's")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="train only this variant (may be repeated)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(arguments) -> int:
    """Runs the command."""
    device = choose_device(arguments.device)
    recipe = recipes.load(arguments.recipe, cuda=device.type == "cuda")
    found = variants(recipe)
    unknown = sorted(set(arguments.only) - {variant.name for variant in found})
    if unknown:
        raise UserError(f"{arguments.recipe} has no variant '{unknown[0]}'. It has: {', '.join(variant.name for variant in found)}.")
    ablation = Ablation(arguments.recipe, recipe, device, pathlib.Path(arguments.out), arguments.start)
    return ablation.run(found, arguments.only)


def variants(recipe: recipes.Recipe) -> list[Variant]:
    """The recipe's variants, checked. Raises UserError."""
    file, table = str(recipe.path), recipe.ablate
    recipes.refuse_unknown(table, KNOWN, file, "ablate.")
    found, names = [], set()
    for entry in table.get("variant", []):
        recipes.refuse_unknown(entry, {*OWN, *recipes.SECTIONS}, file, "ablate.variant.")
        variant = Variant(changes={key: value for key, value in entry.items() if key not in OWN},
                          **{"name": "", **{key: entry[key] for key in OWN if key in entry}})
        reason = wrong(variant, names, [other.name for other in found if not other.of])
        if reason:
            raise UserError(f"{file}: {reason}")
        names.add(variant.folder())
        found.append(variant)
    if not found:
        raise UserError(f"{file} has no [[ablate.variant]]. Add the variants to compare.")
    for key, default in (("seeds", [1, 2]), ("at", [])):
        numbers = table.get(key, default)
        if not isinstance(numbers, list) or not (numbers or key == "at") or not all(isinstance(each, int) for each in numbers):
            raise UserError(f"{file}: 'ablate.{key}' must be a list of whole numbers.")
    return found


def wrong(variant: Variant, names: set[str], trained: list[str]) -> str:
    """Why a variant cannot be used; empty when it can. `names` are the folders of the others, `trained` the names that `of` may give."""
    if not isinstance(variant.name, str) or not variant.folder() or variant.folder() in names:
        return f"a variant of [ablate] has no name, or the name '{variant.name}' twice. Name each one."
    if variant.of and variant.of not in trained:
        return f"'of' of the variant '{variant.name}' names no trained variant above it. Name one."
    if variant.of and "pretrain" in variant.changes:
        return f"the variant '{variant.name}' has 'of' and 'pretrain'. A variant that is not trained needs no pre-training: remove one."
    if variant.quantised and (variant.quantised not in ablate_int8.SCHEMES or not variant.of):
        return (f"'quantised' of the variant '{variant.name}' must be one of: {', '.join(ablate_int8.SCHEMES)}, "
                "and 'of' must name the variant that is quantised.")
    if variant.nodes not in ablate_int8.NODES:
        return f"'nodes' of the variant '{variant.name}' must be one of: {', '.join(ablate_int8.NODES)}."
    return ""


class Ablation:
    """All runs of one recipe."""

    def __init__(self, path, recipe: recipes.Recipe, device, out: pathlib.Path, start: str):
        self.path, self.recipe, self.device, self.out, self.start = path, recipe, device, out, start
        self.seeds, self.at = recipe.ablate.get("seeds", [1, 2]), recipe.ablate.get("at", [])
        self.photos: dict[str, list] = {}
        self.records = None

    def run(self, found: list[Variant], only: list[str]) -> int:
        """Trains and evaluates what has no result yet; writes the table after each. 1 when a stop signal ended it."""
        left = [(variant, seed) for seed in self.seeds for variant in found
                if (not only or variant.name in only) and not self.result_file(variant, seed).exists()]
        self.check(found, {variant.name for variant, _ in left})
        self.out.mkdir(parents=True, exist_ok=True)
        for variant, seed in left:
            print(f"== {variant.name}, seed {seed}", flush=True)
            if not self.make(variant, seed):
                print("stopped; the same command continues")
                return 1
            self.write_table(found)
        self.write_table(found)
        print(f"table: {self.out / 'table.md'}")
        return 0

    def check(self, found: list[Variant], chosen: set[str]):
        """Raises UserError for a chosen variant that cannot be made: before the first run, not at its turn, hours later."""
        by_name = {variant.name: variant for variant in found}
        for variant in found:
            if variant.name not in chosen:
                continue
            try:
                recipe = self.recipe_of(variant, self.seeds[0])
                if "pretrain" in variant.changes:
                    teacher_of(recipe, self.device)
                if variant.quantised:
                    ablate_int8.check(recipe.network)
                if variant.of:
                    trained = self.recipe_of(by_name[variant.of], self.seeds[0])
                    if networks.shapes(recipe.network) != networks.shapes(trained.network):
                        raise UserError(f"the weights of '{variant.of}' do not fit its network. Remove 'of', so that it is trained.")
            except UserError as error:
                raise UserError(f"the variant '{variant.name}': {error}") from None

    def result_file(self, variant: Variant, seed: int) -> pathlib.Path:
        """Where a run's figures are."""
        return self.out / variant.folder() / f"seed-{seed}" / "result.json"

    def recipe_of(self, variant: Variant, seed: int) -> recipes.Recipe:
        """The recipe with the variant's changes."""
        train = variant.changes.get("train", {})
        changes = {**variant.changes, "train": {**train, "seed": seed} if isinstance(train, dict) else train}  # `load` refuses the latter
        return recipes.load(self.path, cuda=self.device.type == "cuda", changes=changes)

    def make(self, variant: Variant, seed: int) -> bool:
        """Trains (unless the weights are another variant's), evaluates and writes the result. False when stopped."""
        recipe, folder = self.recipe_of(variant, seed), self.result_file(variant, seed).parent
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / "weights-fp16.pt"
        at = {}
        if variant.of:
            weights = self.result_file(Variant(variant.of, {}), seed).with_name(weights.name)
            if not weights.exists():
                raise UserError(f"the variant '{variant.of}' has no weights yet, which '{variant.name}' uses. Leave out --only.")
        else:
            at = self.train(variant, recipe, folder)
            if at is None:
                return False
        network = self.network(weights, recipe.network)
        runner = segment.network_runner(network, recipe.train.size)
        if variant.quantised:
            graph = ablate_int8.quantise(network, recipe.train.size, self.photos_of(recipe), variant.quantised, variant.nodes, folder)
            runner = segment.graph_runner(graph, recipe.train.threads)
        result = {"variant": variant.name, "seed": seed, "samples": recipe.train.samples, "figures": self.measured(runner)}
        if at:
            result["at"] = {**at, str(recipe.train.samples): result["figures"]}
        checkpoints.write_text(self.result_file(variant, seed), json.dumps(result, indent=2) + "\n")
        return True

    def train(self, variant: Variant, recipe: recipes.Recipe, folder: pathlib.Path) -> dict | None:
        """Pre-trains where the variant says so, and trains; the figures by samples of `at`, or None when it was stopped."""
        start = self.start
        if "pretrain" in variant.changes:
            pretraining = self.course(Pretraining, recipe, folder / "pretrained")
            if pretraining.progress() < 1:
                pretraining.run()
            if pretraining.progress() < 1:
                return None
            start = str(pretraining.weights_file())
        # the table's figures are the evaluation's: no validation within the runs
        recipe = dataclasses.replace(recipe, validation=[])
        at = {}
        for count in [*sorted(count for count in self.at if count < recipe.train.samples), recipe.train.samples]:
            file = folder / f"at-{count}.json"
            if not file.exists():
                training = self.course(Training, recipe, folder, start=start, validates=False)
                if training.state.samples - count >= recipe.train.batch:
                    raise UserError(f"{folder} is past {count} samples of 'ablate.at' already. Remove the count, or the folder.")
                training.run(max(0, -(-(count - training.state.samples) // recipe.train.batch)))
                if training.state.samples < count:
                    return None
                if count == recipe.train.samples:
                    break
                figures = self.measured(segment.network_runner(training.state.averaged(), recipe.train.size))
                checkpoints.write_text(file, json.dumps(figures) + "\n")
            at[str(count)] = json.loads(file.read_text(encoding="utf-8"))
        return at

    def course(self, kind, recipe: recipes.Recipe, folder: pathlib.Path, **options):
        """A run of Training or Pretraining in a folder: a new one, or the one that is there."""
        resume = (folder / "checkpoint.pt").exists()
        return kind(recipe, self.device, folder, resume=resume, photos=self.photos_of(recipe), **options)

    def measured(self, runner) -> dict:
        """The figures of a model on the validation photographs."""
        segmenter = segment.Segmenter(*runner, bool(self.recipe.ablate.get("zoom", False)))
        return evaluate.evaluate(segmenter, self.validation(), self.recipe.ablate.get("limit", 0))

    def network(self, weights: pathlib.Path, form):
        """The weights in a network of this form."""
        network = networks.make(form)
        try:
            network.load_state_dict(checkpoints.weights(checkpoints.read(weights), weights))
        except RuntimeError as error:
            raise UserError(f"{weights} does not fit the variant's network: {str(error).splitlines()[-1].strip()}") from None
        return network.to(self.device).eval()

    def photos_of(self, recipe: recipes.Recipe) -> list:
        """The training photographs, read once for each [data] table."""
        key = repr(recipe.data)
        if key not in self.photos:
            self.photos = {key: load_photos(recipe.sources, recipe.data, "training")}
        return self.photos[key]

    def validation(self) -> list:
        """The records of the validation sources."""
        if self.records is None:
            self.records = list(sources.read(self.recipe.validation, datasets.Problems()))
            if not self.records:
                raise UserError(f"{self.path} has no [[validation]] photographs to compare the variants on. Add a source.")
        return self.records

    def write_table(self, found: list[Variant]):
        """Writes table.md, and curve.svg where variants were measured within their runs, from the results that there are."""
        results = {variant.name: [json.loads(file.read_text(encoding="utf-8")) for seed in self.seeds
                                  if (file := self.result_file(variant, seed)).exists()] for variant in found}
        results = {name: runs for name, runs in results.items() if runs}
        checkpoints.write_text(self.out / "table.md", ablate_table.table(results, self.recipe))
        try:
            ablate_figure.draw(results, self.out / "curve.svg")
        except ImportError:
            print(f"{self.out / 'curve.svg'} is not drawn: matplotlib is missing. Install python3-matplotlib, then run this again.")
