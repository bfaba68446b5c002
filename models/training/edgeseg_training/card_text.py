"""The model card's text."""

FIGURES = (("click", "click"), ("click_best3", "best of 3"), ("box", "box"), ("auto", "automatic"), ("saliency_max_f", "saliency max-F"),
           ("saliency_mae", "saliency MAE"))

INTENDED = (
    "Intended: picking out, masking and measuring objects in ordinary colour photographs on a small device. Not intended: "
    "recognising or identifying persons, medical or satellite pictures, and any decision about safety (the stop of a "
    "machine, the path of a vehicle) that rests on this mask alone."
)

ARCHITECTURE = (
    "EfficientNet-Lite0 as encoder (BatchNorm, ReLU6, no squeeze-and-excitation); its stem sees five planes: three of "
    "colour, one of clicks (negative clicks below zero), one of the box (early fusion). Skips at 1/2, 1/4 and 1/8. At 1/16 "
    "a two-way transformer between the image and the tokens: the prompt's points (late fusion), three masks, saliency, IoU."
    " A mask is the product of its token and the pixel features at half the input's size. After the design of SqueezeSAM "
    "(arXiv 2312.06736), whose own weights were never made public."
)

PROTOCOL = (
    "`edgeseg eval`, with zoom-in. Click: the first maximum of the L2 distance transform of the mask. Box: the mask's tight"
    " box. The chosen mask counts (\"best of 3\": the best of the three by truth), enlarged bilinearly, threshold 0. "
    "Automatic: the most salient blob gives five clicks and the crop. Max-F: beta squared 0.3, precision and recall "
    "averaged over photographs. Pixels of `iscrowd` annotations do not count. Objects below a third of a per cent of the "
    "photograph are left out."
)

LIMITS = (
    "- The saliency head answers for one object. A photograph of many, or of texture only, gives whatever is most salient.\n"
    "- One click often means a part to the person and the whole to the model, or the other way round. A box or a negative "
    "click helps.\n"
    "- Thin things (wires, whiskers), holes and objects under 1 % of the frame come out coarse: masks are made at half the "
    "input's side.\n"
    "- Never trained on thermal, medical, depth or satellite pictures.\n"
    "- The data are mostly web photographs of everyday things, pets and people, with the subject in the middle. What is "
    "centred, large and sharp is favoured. Quality over skin tones, ages, clothing and places has not been measured; people"
    " appear as objects among others and the model knows no identity or attribute."
)


def cell(row: dict | None, key: str) -> str:
    """A figure with four digits; empty when it was not measured."""
    value = (row or {}).get(key)
    return "" if value is None else f"{value:.4f}"


def figures_table(figures: dict[str, dict]) -> list[str]:
    """Markdown of sets against figures; a cell holds the figure of each model, in the order of `figures`."""
    names = list(figures)
    lines = [f"| set (n), {' / '.join(names)} | " + " | ".join(title for _, title in FIGURES) + " |", "|---" * (len(FIGURES) + 1) + "|"]
    for name in sorted({name for rows in figures.values() for name in rows}):
        count = next(rows[name]["n"] for rows in figures.values() if name in rows)
        cells = []
        for key, _ in FIGURES:
            values = [cell(figures[model].get(name), key) for model in names]
            cells.append(" / ".join(values) if any(values) else "")
        lines.append(f"| {name} ({count}) | " + " | ".join(cells) + " |")
    return lines


def text(table: dict, sets: dict, facts: dict, figures: dict, compared: dict, start: str, date: str, commit: str) -> str:
    """CARD.md. `table` is model.json; `facts` come with the checkpoint; `compared` are other models' figures."""
    lines = [f"# {table['name']}, version {table['version']}", "",
             "Finds the object that stands out in a photograph, and segments what clicks or a box point at. "
             f"Made by `edgeseg_training` (models/training), {date}.", "",
             "| file | precision | size |", "|---|---|---|"]
    lines += [f"| `{g['file']}` | {g['precision']} | {g['bytes'] / 1e6:.1f} MB |" for g in table["graphs"]]
    lines += ["", "## Licence and intended use", "", f"**Weights: {table['weights_licence']}** The program's code is Apache-2.0.", ""]
    lines += [INTENDED, "", "## Contract", "", "| tensor | type, shape and meaning |", "|---|---|"]
    lines += [f"| in `{name}` | {meaning} |" for name, meaning in table["inputs"].items()]
    lines += [f"| out `{name}` | {meaning} |" for name, meaning in table["outputs"].items()]
    lines += ["", "Normalisation and the prompt's planes are inside the graph. At most six points: clicks, negative clicks, corners."]
    lines += ["", "## Architecture", "", ARCHITECTURE, "", "## Training", ""]
    made = [f"Recipe `{facts['recipe']}`" if "recipe" in facts else "", f"{facts['samples']:,} samples" if "samples" in facts else "",
            f"{facts['size']} pixels" if "size" in facts else "", f"{facts['seconds'] / 60:.0f} minutes" if "seconds" in facts else "",
            f"the mean of {facts['averaged']} checkpoints' weights" if facts.get("averaged") else "",
            f"code at {facts['commit']}" if facts.get("commit") else "", f"finished {facts['date']}" if "date" in facts else ""]
    lines += ["; ".join(part for part in made if part) + "." if any(made) else "The checkpoint holds no facts of its training."]
    lines += ["", f"Start: {start}" if start else "Start: EfficientNet-Lite0's ImageNet weights (Apache-2.0).", "",
              "| set | photographs | licence, as its source states it | class |", "|---|---|---|---|"]
    lines += [f"| {name} | {entry['photographs']} | {entry['licence']} | {entry['class']} |" for name, entry in sets.items()]
    if facts.get("recipe_text"):
        lines += ["", "The recipe:", "", "```toml", facts["recipe_text"].strip(), "```"]
    if figures:
        lines += ["", "## Figures", "", *figures_table(figures), "", PROTOCOL]
    if compared:
        lines += ["", "Beside other models, same program and photographs:", "", *figures_table({**compared, **figures})]
    int8 = next((g for g in table["graphs"] if g["precision"] == "int8"), None)
    if int8:
        calibration = int8["calibration"]
        lines += ["", "## int8", "",
                  f"Static, QDQ: int8 weights for each channel, uint8 activations, calibrated on {calibration['images']} photographs "
                  f"({calibration['from']}). In float: the stem, the first two blocks, the transformer and the resize of its output, the "
                  "products of tokens and pixels. It pays where the processor has 8-bit dot products (x86 VNNI, ARM dotprod: a Pi 5 has "
                  "them, a Pi 4 does not)."]
    lines += ["", "## Limits and bias", "", LIMITS, "", f"Card written {date}, code at {commit or 'an unknown commit'}.", ""]
    return "\n".join(lines)
