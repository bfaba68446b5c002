"""The figure of an ablation that measures within its runs: mean IoU against the samples of training, as SVG."""
import pathlib

from . import ablate_table

KEYS = ("click", "box")


def draw(results: dict[str, list[dict]], path: pathlib.Path):
    """Draws a panel for clicks and one for boxes: the mean over the seeds, from the lowest to the highest of them as a bar.

    `results` as in `ablate_table.table`; without figures that were measured within the runs no file. ImportError: matplotlib is missing.
    """
    found = {key: ablate_table.points(results, key) for key in KEYS}
    if not any(found.values()):
        return
    import matplotlib  # an optional package: only this figure needs it
    matplotlib.use("svg")
    from matplotlib import pyplot
    # the same results make the same file
    with pyplot.rc_context({"svg.hashsalt": "ablation", "svg.fonttype": "none"}):
        figure, panels = pyplot.subplots(1, len(KEYS), figsize=(9, 3.6))
        for panel, key in zip(panels, KEYS):
            for name, values in found[key].items():
                columns = {count: column for count, column in values.items() if column}
                means = [sum(column) / len(column) for column in columns.values()]
                spread = [[mean - min(column) for mean, column in zip(means, columns.values())],
                          [max(column) - mean for mean, column in zip(means, columns.values())]]
                panel.errorbar(list(columns), means, yerr=spread, marker="o", capsize=4, label=name)
            panel.set_title(ablate_table.FIGURES[key])
            panel.set_xlabel("samples of training")
            panel.set_ylabel("mean IoU")
            panel.grid(alpha=.3)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="lower center", ncol=3, frameon=False)
        figure.tight_layout(rect=(0, .08, 1, 1))
        figure.savefig(path, format="svg", metadata={"Date": None})
        pyplot.close(figure)
