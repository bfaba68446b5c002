"""`ablate`: trains the variants that a recipe names, with several seeds, and writes a table. It can be stopped and started again.

    [ablate]
    seeds = [1, 2]
    limit = 0                   # photographs of the validation sources; 0 = all
    zoom = false                # one pass, or the second pass on a crop too
    [[ablate.variant]]          # the first is the base that the others are compared with
    name = "both fusions"
    [[ablate.variant]]
    name = "late fusion alone"
    network = { early = false } # changes of the recipe's tables
    of = "another variant"      # no training of its own: that variant's weights, in this network
"""
import dataclasses
import json
import pathlib
import re

import numpy as np

from . import UserError, checkpoints, datasets, evaluate, recipe as recipes, segment
from .network import Form, SqueezeSAM
from .train import Training, choose_device, load_photos

FIGURES = {
    "click": "one click",
    "click_best3": "one click, best of three",
    "box": "box",
    "auto": "automatic, five clicks",
    "saliency_max_f": "saliency, max-F",
}
KNOWN = {"seeds", "limit", "zoom", "variant"}


@dataclasses.dataclass
class Variant:
    """One row of the table."""

    name: str
    changes: dict  # of the recipe's tables
    of: str = ""  # the variant whose weights it uses

    def folder(self) -> str:
        """A file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")


def configure(parser):
    """The command's options."""
    parser.add_argument("recipe", help="TOML file with an [ablate] table")
    parser.add_argument("--out", required=True, help="folder of all runs; table.md is written there")
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
        recipes.refuse_unknown(entry, {"name", "of", *recipes.SECTIONS}, file, "ablate.variant.")
        changes = {key: value for key, value in entry.items() if key not in ("name", "of")}
        variant = Variant(entry.get("name", ""), changes, entry.get("of", ""))
        if not variant.folder() or variant.folder() in names:
            raise UserError(f"{file}: a variant of [ablate] has no name, or the name '{variant.name}' twice. Name each one.")
        if variant.of and variant.of not in [other.name for other in found if not other.of]:
            raise UserError(f"{file}: 'of' of the variant '{variant.name}' names no trained variant above it. Name one.")
        names.add(variant.folder())
        found.append(variant)
    if not found:
        raise UserError(f"{file} has no [[ablate.variant]]. Add the variants to compare.")
    seeds = table.get("seeds", [1, 2])
    if not isinstance(seeds, list) or not seeds or not all(isinstance(seed, int) for seed in seeds):
        raise UserError(f"{file}: 'ablate.seeds' must be a list of whole numbers.")
    return found


class Ablation:
    """All runs of one recipe."""

    def __init__(self, path, recipe: recipes.Recipe, device, out: pathlib.Path, start: str):
        self.path, self.recipe, self.device, self.out, self.start = path, recipe, device, out, start
        self.seeds = recipe.ablate.get("seeds", [1, 2])
        self.photos: dict[str, list] = {}
        self.records = None

    def run(self, found: list[Variant], only: list[str]) -> int:
        """Trains and evaluates what has no result yet; writes the table after each. 1 when a stop signal ended it."""
        self.out.mkdir(parents=True, exist_ok=True)
        for seed in self.seeds:
            for variant in found:
                if only and variant.name not in only or self.result_file(variant, seed).exists():
                    continue
                print(f"== {variant.name}, seed {seed}", flush=True)
                if not self.make(variant, seed):
                    print("stopped; the same command continues")
                    return 1
                self.write_table(found)
        self.write_table(found)
        print(f"table: {self.out / 'table.md'}")
        return 0

    def result_file(self, variant: Variant, seed: int) -> pathlib.Path:
        """Where a run's figures are."""
        return self.out / variant.folder() / f"seed-{seed}" / "result.json"

    def recipe_of(self, variant: Variant, seed: int) -> recipes.Recipe:
        """The recipe with the variant's changes."""
        changes = {**variant.changes, "train": {**variant.changes.get("train", {}), "seed": seed}}
        return recipes.load(self.path, cuda=self.device.type == "cuda", changes=changes)

    def make(self, variant: Variant, seed: int) -> bool:
        """Trains (unless the weights are another variant's), evaluates and writes the result. False when stopped."""
        recipe, folder = self.recipe_of(variant, seed), self.result_file(variant, seed).parent
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / "weights-fp16.pt"
        if variant.of:
            weights = self.result_file(Variant(variant.of, {}), seed).with_name(weights.name)
            if not weights.exists():
                raise UserError(f"the variant '{variant.of}' has no weights yet, which '{variant.name}' uses. Leave out --only.")
        else:
            # the table's figures are the evaluation's: no validation within the runs
            recipe = dataclasses.replace(recipe, validation=[])
            resume = (folder / "checkpoint.pt").exists()
            training = Training(recipe, self.device, folder, self.start, resume, photos=self.photos_of(recipe), validates=False)
            training.run()
            if training.progress() < 1:
                return False
        network = self.network(weights, recipe.network)
        segmenter = segment.Segmenter(*segment.network_runner(network, recipe.train.size), bool(self.recipe.ablate.get("zoom", False)))
        figures = evaluate.evaluate(segmenter, self.validation(), self.recipe.ablate.get("limit", 0))
        result = {"variant": variant.name, "seed": seed, "samples": recipe.train.samples, "figures": figures}
        checkpoints.write_text(self.result_file(variant, seed), json.dumps(result, indent=2) + "\n")
        return True

    def network(self, weights: pathlib.Path, form: Form) -> SqueezeSAM:
        """The weights in a network of this form."""
        network = SqueezeSAM(form)
        try:
            network.load_state_dict(checkpoints.weights(checkpoints.read(weights)))
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
            problems = datasets.Problems()
            self.records = [record for source in self.recipe.validation for path in recipes.paths(source.path)
                            for record in datasets.read(source.format, path, problems, **source.options)]
            if not self.records:
                raise UserError(f"{self.path} has no [[validation]] photographs to compare the variants on. Add a source.")
        return self.records

    def write_table(self, found: list[Variant]):
        """Writes table.md from the results that there are."""
        results = {variant.name: [json.loads(file.read_text(encoding="utf-8"))["figures"] for seed in self.seeds
                                  if (file := self.result_file(variant, seed)).exists()] for variant in found}
        checkpoints.write_text(self.out / "table.md", table({name: runs for name, runs in results.items() if runs}, self.recipe))


def has(figures: dict, name: str, key: str) -> bool:
    """Whether a run measured this figure on this set."""
    return figures.get(name, {}).get(key) is not None


def cell(values: list[float]) -> str:
    """Mean and, of two values or more, half the range."""
    mean = np.mean(values)
    return f"{mean:.3f}" + (f" ± {(max(values) - min(values)) / 2:.3f}" if len(values) > 1 else "")


def table(results: dict[str, list[dict]], recipe: recipes.Recipe) -> str:
    """Markdown: one table a figure, a row a variant, a column a set. Mean over seeds ± half their range."""
    train = recipe.train
    course = f"{train.samples:,} samples a run at {train.size} px, batch {train.batch}. Mean over the seeds ± half of their range."
    lines = [f"# Ablation {recipe.name}", "", course, ""]
    sets = sorted({name for runs in results.values() for figures in runs for name in figures})
    for key, title in FIGURES.items():
        shown = [name for name in sets if any(has(figures, name, key) for runs in results.values() for figures in runs)]
        if not shown:
            continue
        lines += [f"## {title}", "", "| variant | seeds | " + " | ".join(shown) + " | mean |", "|---|---|" + "---|" * (len(shown) + 1)]
        for name, runs in results.items():
            columns = {each: [figures[each][key] for figures in runs if has(figures, each, key)] for each in shown}
            means = [float(np.mean([values[index] for values in columns.values()])) for index in range(min(map(len, columns.values())))]
            lines.append(f"| {name} | {len(runs)} | " + " | ".join(cell(values) if values else "-" for values in columns.values())
                         + f" | {cell(means) if means else '-'} |")
        lines.append("")
    return "\n".join(lines)
