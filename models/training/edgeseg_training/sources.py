"""The records of a recipe's sources, with the shares of sets that a source leaves out or keeps alone."""
import dataclasses
import hashlib
from collections.abc import Iterator

from . import datasets, recipe as recipes


def in_share(name: str, share: float) -> bool:
    """Whether a photograph's name falls into a share, 0..1, of all names. It depends on the name alone: the same in each run and source."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") < share * 2**64


def read(sources: list[recipes.Source], problems: datasets.Problems) -> Iterator[datasets.Record]:
    """All records of the sources, in their order. Raises UserError for a source that is not there."""
    for source in sources:
        for path in recipes.paths(source.path):
            for record in datasets.read(source.format, path, problems, **source.options):
                is_chosen = not source.only or in_share(record.id, source.only.get(record.set, 0))
                if is_chosen and not in_share(record.id, source.leave_out.get(record.set, 0)):
                    yield dataclasses.replace(record, set=source.rename) if source.rename else record
