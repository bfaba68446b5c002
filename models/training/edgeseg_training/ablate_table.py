"""The Markdown table of an ablation."""
import numpy as np

from . import recipe as recipes

FIGURES = {
    "click": "one click",
    "click_best3": "one click, best of three",
    "box": "box",
    "auto": "automatic, five clicks",
    "saliency_max_f": "saliency, max-F",
}


def has(figures: dict, name: str, key: str) -> bool:
    """Whether a run measured this figure on this set."""
    return figures.get(name, {}).get(key) is not None


def cell(values: list[float]) -> str:
    """Mean and, of two values or more, half the range."""
    mean = np.mean(values)
    return f"{mean:.3f}" + (f" ± {(max(values) - min(values)) / 2:.3f}" if len(values) > 1 else "")


def table(results: dict[str, list[dict]], recipe: recipes.Recipe) -> str:
    """Markdown: one table a figure, a row a variant, a column a set. Mean over seeds ± half their range.

    `results`: variant -> the results of its seeds, each with `figures` (set -> figures) and, where the recipe asks for it, `at`
    (samples -> figures).
    """
    train = recipe.train
    course = f"{train.samples:,} samples a run at {train.size} px, batch {train.batch}. Mean over the seeds ± half of their range."
    lines = [f"# Ablation {recipe.name}", "", course, ""]
    ends = {name: [run["figures"] for run in runs] for name, runs in results.items()}
    sets = sorted({name for runs in ends.values() for figures in runs for name in figures})
    for key, title in FIGURES.items():
        shown = [name for name in sets if any(has(figures, name, key) for runs in ends.values() for figures in runs)]
        if not shown:
            continue
        lines += [f"## {title}", "", "| variant | seeds | " + " | ".join(shown) + " | mean |", "|---|---|" + "---|" * (len(shown) + 1)]
        for name, runs in ends.items():
            columns = {each: [figures[each][key] for figures in runs if has(figures, each, key)] for each in shown}
            means = [float(np.mean([values[index] for values in columns.values()])) for index in range(min(map(len, columns.values())))]
            lines.append(f"| {name} | {len(runs)} | " + " | ".join(cell(values) if values else "-" for values in columns.values())
                         + f" | {cell(means) if means else '-'} |")
        lines.append("")
    for key in ("click", "box"):
        lines += curve(results, key)
    return "\n".join(lines)


def points(results: dict[str, list[dict]], key: str) -> dict[str, dict[int, list[float]]]:
    """Of each variant that was measured within its runs: samples -> the mean over the sets, one a seed."""
    counts = sorted({int(count) for runs in results.values() for run in runs for count in run.get("at", {})})
    found = {}
    for name, runs in results.items():
        values = {count: [set_mean(run["at"][str(count)], key) for run in runs if str(count) in run.get("at", {})] for count in counts}
        values = {count: [value for value in seeds if value is not None] for count, seeds in values.items()}
        if any(values.values()):
            found[name] = values
    return found


def curve(results: dict[str, list[dict]], key: str) -> list[str]:
    """The lines of a table of one figure against the samples of training: the mean over the sets, a row a variant."""
    found = points(results, key)
    if not found:
        return []
    counts = next(iter(found.values()))
    lines = [f"## {FIGURES[key]} against samples", "", "Mean over the sets, of the averaged weights within a run of the full schedule.", "",
             "| variant | seeds | " + " | ".join(f"{count:,}" for count in counts) + " |", "|---|---|" + "---|" * len(counts)]
    for name, values in found.items():
        seeds = max(map(len, values.values()))
        lines.append(f"| {name} | {seeds} | " + " | ".join(cell(column) if column else "-" for column in values.values()) + " |")
    return [*lines, ""]


def set_mean(figures: dict, key: str):
    """The mean of a figure over the sets that have it; None when none has."""
    values = [row[key] for row in figures.values() if row.get(key) is not None]
    return float(np.mean(values)) if values else None
