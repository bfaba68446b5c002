"""`export`: a checkpoint as an ONNX graph in the bundle's contract, compared with torch on pictures."""
import pathlib

import numpy as np

from . import UserError, calibration, checkpoints, graph
from .prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE

TOLERANCE = 1e-3
PICTURES = 20


def configure(parser):
    """The command's options."""
    parser.add_argument("checkpoint", help="a checkpoint that `train` wrote")
    parser.add_argument("--out", required=True, help="the ONNX file to write")
    parser.add_argument("--size", type=int, default=256, help="side of the image that the graph gets")
    parser.add_argument("--photos", default="", help="compare on photographs of this folder instead of generated pictures")


def generated(count: int, size: int) -> list[np.ndarray]:
    """Pictures of coloured discs on gradients, uint8 [S,S,3]."""
    random, found = np.random.RandomState(0), []
    y, x = np.mgrid[:size, :size]
    for _ in range(count):
        image = (np.stack([x, y, x + y], -1) * random.rand(3) * 120 / size + random.rand(3) * 100).astype(np.uint8)
        for _ in range(4):
            disc = (x - random.randint(size)) ** 2 + (y - random.randint(size)) ** 2 < random.randint(4, size // 3) ** 2
            image[disc] = random.randint(0, 256, 3)
        found.append(image)
    return found


def prompts(count: int) -> list[np.ndarray]:
    """Prompts of each kind in turn: none, a click, a box with a click, clicks of both kinds."""
    random, found = np.random.RandomState(1), []
    for index in range(count):
        x0, y0, x1, y1 = np.sort(random.rand(2, 2), 0).ravel()
        kinds = [(), ((*random.rand(2), CLICK),), ((x0, y0, BOX_FIRST), (x1, y1, BOX_LAST), ((x0 + x1) / 2, (y0 + y1) / 2, CLICK)),
                 ((*random.rand(2), CLICK), (*random.rand(2), NEGATIVE), (*random.rand(2), CLICK))]
        found.append(calibration.points_of(*kinds[index % len(kinds)]))
    return found


def run(arguments) -> int:
    """Runs the command; exit status 1 when the graph differs from torch."""
    network, path = checkpoints.load_network(arguments.checkpoint), pathlib.Path(arguments.out)
    graph.runtime()
    if not path.parent.is_dir():
        raise UserError(f"the folder {path.parent} does not exist. Make it, or choose another place with --out.")
    graph.export(network, arguments.size, path)
    if arguments.photos:
        read = [calibration.read(file) for file in calibration.photographs(arguments.photos, PICTURES)]
        images = [calibration.stretch(image, arguments.size) for image in read if image is not None]
    else:
        images = generated(PICTURES, arguments.size)
    difference = graph.differences(network, path, list(zip(images, prompts(len(images)))), arguments.size)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; greatest difference from torch on {len(images)} pictures: {difference:.1e}")
    if not images or difference > TOLERANCE:
        path.rename(path.with_name(path.name + ".refused"))
        print(f"refused: the difference is above {TOLERANCE}. It is kept as {path.name}.refused; report it with torch's version.")
        return 1
    return 0
