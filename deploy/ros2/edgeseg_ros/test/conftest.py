"""Fixtures: the messages and bitmaps that the C# service wrote."""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT.parent))


@pytest.fixture(scope="session")
def payloads():
    """Payloads (bytes) by the name of the photograph."""
    lines = (ROOT / "data" / "masks.txt").read_bytes().splitlines()
    found = [line.split(b" ", 1)[1] for line in lines]
    return {json.loads(payload)["source"].split(".")[0]: payload for payload in found}


@pytest.fixture(scope="session")
def bitmap():
    """Return a function from a photograph's name to the program's own bitmap: bool, shape (height, width)."""

    def read(name):
        data = gzip.decompress((ROOT / "data" / f"{name}-mask.pbm.gz").read_bytes())
        kind, size, pixels = data.split(b"\n", 2)
        assert kind == b"P4"
        width, height = (int(number) for number in size.split())
        rows = np.frombuffer(pixels, np.uint8).reshape(height, -1)
        return np.unpackbits(rows, axis=1)[:, :width].astype(bool)

    return read
