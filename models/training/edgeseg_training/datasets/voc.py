"""Pascal VOC segmentation: a folder with JPEGImages, SegmentationObject and ImageSets/Segmentation (VOCdevkit/VOC2012).

Options: split (a file of ImageSets/Segmentation, for example "trainval"; "" = every map of SegmentationObject), set.
"""
import functools

from .. import UserError
from . import Layer, Record, label_maps

LICENCE = "photographs from Flickr under mixed licences"


def read_map(path):
    """The objects of a file, uint16 [H,W]; outlines and difficult objects (255) are unknown. Raises ValueError or OSError."""
    return label_maps.from_png_of_depth(path.read_bytes(), 8)


def read(path, problems, *, split="", set="voc"):
    """The records of the split. Twenty classes are labelled: other objects are not."""
    photographs, maps = path / "JPEGImages", path / "SegmentationObject"
    for folder in (photographs, maps):
        if not folder.is_dir():
            raise UserError(f"{folder} is not a folder. Name the folder that holds JPEGImages and SegmentationObject.")
    if split:
        listing = path / "ImageSets" / "Segmentation" / f"{split}.txt"
        try:
            names = listing.read_text(encoding="utf-8").split()
        except OSError as error:
            raise UserError(f"the split {listing} cannot be read ({error.strerror}). Use one of the files beside it, or none.") from None
    else:
        names = sorted(file.stem for file in maps.glob("*.png"))
    for name in names:
        photograph, labels = photographs / f"{name}.jpg", maps / f"{name}.png"
        missing = [kind for kind, file in (("photograph", photograph), ("label map", labels)) if not file.is_file()]
        if missing:
            problems.add(f"the {missing[0]} is missing", name)
        else:
            yield Record(name, set, LICENCE, photograph, [Layer("instances_partial", functools.partial(read_map, labels))])
