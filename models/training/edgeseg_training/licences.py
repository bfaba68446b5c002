"""Licences in the classes that a recipe accepts or refuses."""
import re

# checked in this order; the first match decides. "repository MIT; research set" is a research set.
CLASSES = {
    "research": r"non.?commercial|research|\bNC\b",
    "unknown": r"^\s*$|unknown|none stated|no licence|\bBY(-NC)?-ND\b",  # no derivatives: whether weights are one is not settled
    "flickr-mixed": r"flickr",
    "share-alike": r"\bBY-SA\b|share.?alike|\bGPL",
    "permissive": r"\bCC.BY\b|\bCC0\b|public domain|\bMIT\b|apache|\bBSD\b",
}


def classify(licence: str) -> str:
    """The class of a licence as its source states it: a key of CLASSES. What matches nothing is `unknown`."""
    for name, pattern in CLASSES.items():
        if re.search(pattern, licence, re.IGNORECASE):
            return name
    return "unknown"
