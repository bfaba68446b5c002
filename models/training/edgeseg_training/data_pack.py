"""`data pack`: writes the photographs that a recipe accepts as small shards, in a given number of megabytes."""
import dataclasses
import functools
import io
import json
import multiprocessing
import os
import pathlib
import tarfile

import cv2
import numpy as np

from . import UserError, datasets, licences, likeness, recipe as recipes, store

ALIKE = 4  # bits of the hash within which two photographs of one set are near-duplicates
SHARD_BYTES = 16_000_000
HEADER_BYTES = 200  # of a photograph's entries in a compressed tar file, and its line of the index


@dataclasses.dataclass
class Packed:
    """One photograph as it is written: encoded image, PNG maps and the index entry."""

    entry: dict
    image: bytes
    maps: list[bytes]
    hash: int

    def size(self) -> int:
        """Bytes in a shard."""
        return len(self.image) + sum(map(len, self.maps)) + HEADER_BYTES


def configure(parser):
    """The subcommand's options."""
    parser.add_argument("recipe", help="TOML file; its [data] says which licences and sets are accepted, and their weights")
    parser.add_argument("--out", required=True, help="folder for the shards: train-<n>.tar.gz and dev.tar.gz")
    parser.add_argument("--max-mb", type=float, default=55, help="megabytes of all shards (default 55)")
    parser.add_argument("--dev-mb", type=float, default=4, help="megabytes of them for the validation sources (default 4)")
    parser.add_argument("--side", type=int, default=288, help="longest side in pixels (default 288)")
    parser.add_argument("--quality", type=int, default=70, help="WebP quality (default 70)")
    parser.add_argument("--keep-repeats", action="store_true", help="keep near-duplicates within a set")


def run(arguments) -> int:
    """Packs training and validation photographs."""
    recipe = recipes.load(arguments.recipe)
    if arguments.dev_mb >= arguments.max_mb:
        raise UserError(f"--dev-mb {arguments.dev_mb:g} leaves nothing of --max-mb {arguments.max_mb:g}. Lower it.")
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for stale in [*out.glob("train-*.tar.gz"), *out.glob("dev.tar.gz")]:
        stale.unlink()
    size = sum(pack(recipe.validation, recipe.data, arguments, arguments.dev_mb, out, "dev")) if recipe.validation else 0
    total = size + sum(pack(recipe.sources, recipe.data, arguments, arguments.max_mb - arguments.dev_mb, out, "train"))
    print(f"{out}: {total / 1e6:.1f} MB")
    return 0


def pack(sources, data, arguments, megabytes: float, out: pathlib.Path, name: str) -> list[int]:
    """Packs the sources into shards of this name; the shards' sizes in bytes."""
    problems, left_out = datasets.Problems(), {}
    is_dev = name == "dev"
    if is_dev:  # validation photographs train nothing: no licence keeps them out
        data = dataclasses.replace(data, licences=tuple(licences.CLASSES), exclude=(), weights={}, default_weight=1)
    work = functools.partial(encode, side=arguments.side, quality=arguments.quality)
    by_set: dict[str, list[Packed]] = {}
    with multiprocessing.get_context("fork").Pool(min(16, os.cpu_count() or 1)) as pool:
        for result in pool.imap(work, store.records(sources, data, problems, left_out), chunksize=8):
            if isinstance(result, tuple):
                problems.add(*result)
            else:
                by_set.setdefault(result.entry["set"], []).append(result)
    if not by_set:
        raise UserError("no photograph is left to pack. Change data.licences or the sources of the recipe.")
    found = {each: len(photos) for each, photos in by_set.items()}
    if not arguments.keep_repeats and not is_dev:
        by_set = {each: [photos[index] for index in likeness.without_repeats([photo.hash for photo in photos], ALIKE)]
                  for each, photos in by_set.items()}
    distinct = {each: len(photos) for each, photos in by_set.items()}
    chosen = fit(by_set, data, megabytes * 1e6)
    for each in sorted(found):
        print(f"{name}: {each}: {len(chosen.get(each, []))} packed of {found[each]} ({found[each] - distinct[each]} near-duplicates)")
    for line in problems.lines():
        print(f"{name}: {line}")
    return write([photo for photos in chosen.values() for photo in photos], out, name)


def encode(record: datasets.Record, side: int, quality: int):
    """A record as it is packed; (reason, id) when it cannot be read."""
    cv2.setNumThreads(1)
    photo = store.prepare(record, side, decoded=True)
    if isinstance(photo, str):
        return photo, record.id
    maps, layers = [], []
    for index, (kind, labels) in enumerate(zip(photo.kinds, photo.maps)):
        bits = 8 if labels[labels != datasets.IGNORE].max(initial=0) < 255 else 16
        values = np.where(labels == datasets.IGNORE, 255, labels).astype(np.uint8) if bits == 8 else labels
        maps.append(cv2.imencode(".png", values, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())
        layers.append({"file": f"masks/{photo.id}.{index}.png", "kind": kind, "bits": bits})
    entry = {"id": photo.id, "set": photo.set, "w": photo.width, "h": photo.height, "layers": layers, "licence": photo.licence}
    image = cv2.imencode(".webp", photo.image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
    return Packed(entry, image, maps, likeness.dhash(photo.image))


def fit(by_set: dict[str, list[Packed]], data, budget: float) -> dict[str, list[Packed]]:
    """As many photographs as the budget in bytes holds: of each set at most a number in proportion to its weight.

    What is seen seldom is thinned first: a set's photographs are seen in proportion to its weight, whatever their number.
    """
    def chosen(level: float):
        limits = {each: max(1, int(level * data.weights.get(each, data.default_weight))) for each in by_set}
        return {each: spread(photos, limits[each]) for each, photos in by_set.items()}

    def size(level: float):
        return sum(photo.size() for photos in chosen(level).values() for photo in photos)

    least = min(data.weights.get(each, data.default_weight) for each in by_set)
    low, high = 0.0, max(map(len, by_set.values())) / least + 1
    if size(high) <= budget:
        return by_set
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if size(middle) <= budget else (low, middle)
    if size(low) > budget:
        raise UserError(f"one photograph of each set already takes {size(low) / 1e6:.1f} MB. Raise --max-mb or lower --side.")
    return chosen(low)


def spread(photos: list, count: int) -> list:
    """`count` of the photographs, evenly spread over the list."""
    if count >= len(photos):
        return photos
    return [photos[index * len(photos) // count] for index in range(count)]


def write(photos: list[Packed], out: pathlib.Path, name: str) -> list[int]:
    """Writes the shards, each a fair sample of all sets; their sizes in bytes."""
    order = np.random.default_rng(0).permutation(len(photos))
    count = max(1, -(-sum(photo.size() for photo in photos) // SHARD_BYTES))
    sizes = []
    for number in range(count):
        path = out / (f"{name}.tar.gz" if name == "dev" else f"{name}-{number}.tar.gz")
        share = photos if name == "dev" else [photos[index] for index in order[number::count]]
        with tarfile.open(path.with_name(path.name + ".part"), "w:gz", compresslevel=6) as archive:
            add(archive, "index.jsonl", "".join(json.dumps(photo.entry) + "\n" for photo in share).encode())
            for photo in share:
                add(archive, f"images/{photo.entry['id']}.webp", photo.image)
                for layer, data in zip(photo.entry["layers"], photo.maps):
                    add(archive, layer["file"], data)
        os.replace(path.with_name(path.name + ".part"), path)
        sizes.append(path.stat().st_size)
        if name == "dev":
            break
    return sizes


def add(archive: tarfile.TarFile, name: str, data: bytes):
    """One file of a tar file, without a date, so that the same input gives the same bytes."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))
