"""`data check`: lists sets, counts and licences of a recipe, and finds photographs that are in training and in validation sources."""
import json
import multiprocessing
import os
import pathlib

import cv2
import numpy as np

from . import datasets, licences, likeness, recipe as recipes, store

REACH = 8  # bits in which the hashes of two pictures of one photograph may differ
THUMB = 24  # side of the small grey pictures that are compared after the hashes
ALIKE = 0.93  # correlation of two small pictures from which on they are near-duplicates
BLOCK = 2048  # hashes that are compared at a time


def configure(parser):
    """The subcommand's options."""
    parser.add_argument("recipe", help="TOML file")
    parser.add_argument("--json", default="", help="write sets, counts, licences and duplicates to this file: `card` takes them from there")


def describe(record):
    """Hash, mirrored hash and small grey picture of a record; (reason, id) when it cannot be decoded."""
    cv2.setNumThreads(1)
    try:
        data = np.frombuffer(record.image_bytes(), np.uint8)
    except OSError as error:
        return f"the photograph cannot be read ({error.strerror})", record.id
    grey = cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_2) if data.size else None
    if grey is None:
        return "the photograph cannot be decoded", record.id
    mirrored = likeness.dhash(np.ascontiguousarray(grey[:, ::-1]))
    return likeness.dhash(grey), mirrored, cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA)


def bits(values: np.ndarray) -> np.ndarray:
    """The number of set bits of each uint64."""
    return np.unpackbits(np.ascontiguousarray(values)[..., None].view(np.uint8), axis=-1).sum(-1)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """-1 to 1 of two small pictures; 0 for a picture of one grey."""
    a, b = (picture.astype(np.float64) - picture.mean() for picture in (one, other))
    norm = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / norm) if norm > 0 else 0.0


def duplicates(ours: list, theirs: list) -> list[tuple[int, int, float]]:
    """(index, index, correlation) of the near-duplicates of two lists of `describe`'s results; mirrored ones count too."""
    found = []
    wanted = np.array([item[0] for item in theirs], np.uint64)
    for mirrored in (False, True):
        hashes = np.array([item[1 if mirrored else 0] for item in ours], np.uint64)
        for start in range(0, len(hashes), BLOCK):
            distances = bits(hashes[start:start + BLOCK, None] ^ wanted[None])
            for row, column in np.argwhere(distances <= REACH):
                mine = ours[start + row][2]
                alike = correlation(mine[:, ::-1] if mirrored else mine, theirs[column][2])
                if alike >= ALIKE:
                    found.append((int(start + row), int(column), alike))
    return sorted(set(found))


def gather(sources, data, problems, left_out: dict) -> tuple[list, list]:
    """The accepted records of the sources (their photographs' bytes left out) and what `describe` gives for each."""
    names, described = [], []
    with multiprocessing.get_context("fork").Pool(min(16, os.cpu_count() or 1)) as pool:
        def named():
            for record in store.records(sources, data, problems, left_out):
                names.append((record.set, record.id, record.licence))
                yield record

        for index, result in enumerate(pool.imap(describe, named(), chunksize=16)):
            described.append(result)
    kept = []
    for name, result in zip(names, described):
        if len(result) == 2:
            problems.add(*result)
        else:
            kept.append((name, result))
    return [name for name, _ in kept], [result for _, result in kept]


def sets_of(names: list) -> dict[str, dict]:
    """Set -> photographs and licence, by name."""
    found: dict[str, dict] = {}
    for name, _, licence in names:
        entry = found.setdefault(name, {"photographs": 0, "licence": licence, "class": licences.classify(licence)})
        entry["photographs"] += 1
        if entry["licence"] != licence:
            entry["licence"] = "of each photograph, as its source states it"
    return dict(sorted(found.items()))


def show(title: str, sets: dict, left_out: dict, problems):
    """Prints a table of sets."""
    print(f"{title}: {sum(s['photographs'] for s in sets.values())} photographs of {len(sets)} sets")
    for name, entry in sets.items():
        print(f"  {name:<20} {entry['photographs']:>6}  {entry['class']:<13} {entry['licence']}")
    for (name, reason), count in sorted(left_out.items()):
        print(f"  {name:<20} {count:>6}  left out: {reason}")
    for line in problems.lines():
        print(f"  {line}")


def run(arguments) -> int:
    """Runs the subcommand; exit status 1 when a photograph is in both."""
    recipe = recipes.load(arguments.recipe)
    everything = recipes.Data(licences=tuple(licences.CLASSES), default_weight=1.0)
    results = {}
    for title, sources, data in (("training", recipe.sources, recipe.data), ("validation", recipe.validation, everything)):
        problems, left_out = datasets.Problems(), {}
        names, described = gather(sources, data, problems, left_out)
        results[title] = names, described
        show(title, sets_of(names), left_out, problems)
    (ours, mine), (theirs, wanted) = results["training"], results["validation"]
    pairs = [(ours[a], theirs[b], alike) for a, b, alike in duplicates(mine, wanted)]
    print(f"near-duplicates of training and validation photographs: {len(pairs)}")
    for one, other, alike in pairs:
        print(f"  {one[0]} {one[1]} and {other[0]} {other[1]} (correlation {alike:.3f})")
    if arguments.json:
        table = {"recipe": recipe.name, "training": sets_of(ours), "validation": sets_of(theirs),
                 "duplicates": [{"training": a[1], "validation": b[1], "correlation": round(alike, 4)} for a, b, alike in pairs]}
        pathlib.Path(arguments.json).write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return 1 if pairs else 0
