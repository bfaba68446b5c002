"""Tar files with `index.jsonl`, `images/<id>.webp` (or .jpg) and `masks/<id>.<k>.png`: what `data pack` writes.

A line of the index: id, set, licence, w, h, layers [{file, kind, bits}]. Masks are PNG label maps at the photograph's size; the greatest
value of `bits` means unknown.
"""
import functools
import json
import tarfile

from .. import UserError
from . import KINDS, Layer, Record, label_maps


def read(path, problems):
    """The records of one tar file."""
    try:
        with tarfile.open(path) as archive:
            files = {member.name.removeprefix("./"): archive.extractfile(member).read() for member in archive if member.isfile()}
    except (tarfile.TarError, OSError, EOFError) as error:
        raise UserError(f"{path} is not a tar file that can be read ({error}). Fetch or make it again.") from None
    if "index.jsonl" not in files:
        raise UserError(f"{path} holds no index.jsonl. Name a file that `data pack` wrote.")
    for number, line in enumerate(files["index.jsonl"].decode("utf-8", "replace").splitlines(), 1):
        try:
            entry = json.loads(line)
            record = Record(str(entry["id"]), str(entry["set"]), str(entry["licence"]), b"", [])
            layers = [(layer["file"], layer["kind"], int(layer["bits"])) for layer in entry["layers"]]
        except (ValueError, KeyError, TypeError):
            problems.add("its line of the index is broken", f"{path.name}:{number}")
            continue
        # `data pack` writes WebP, others JPEG
        record.image = files.get(f"images/{record.id}.jpg") or files.get(f"images/{record.id}.webp")
        if not record.image:
            problems.add("the photograph is missing", record.id)
            continue
        for file, kind, bits in layers:
            data = files.get(file) or files.get(f"masks/{file}")
            if data is None or kind not in KINDS or bits not in (8, 16):
                problems.add("a layer is missing or of an unknown kind", f"{record.id} {file}")
            else:
                record.layers.append(Layer(kind, functools.partial(label_maps.from_png_of_depth, data, bits)))
        yield record
