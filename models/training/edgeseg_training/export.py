"""`export`: a checkpoint as an ONNX graph in the bundle's contract, compared with torch on pictures.

An EfficientSAM becomes two graphs of its published contract, which `edgeseg model import efficientsam` makes a bundle of.
"""
import pathlib

import numpy as np
import torch

from . import UserError, calibration, checkpoints, efficientsam_graphs, graph, networks
from .prompts import BOX_FIRST, BOX_LAST, CLICK, NEGATIVE

TOLERANCE = 1e-3
PICTURES = 20


def configure(parser):
    """The command's options."""
    parser.add_argument("checkpoint", help="a checkpoint that `train` wrote")
    parser.add_argument("--out", required=True, help="the ONNX file to write; of an EfficientSAM NAME-encoder.onnx and NAME-decoder.onnx")
    parser.add_argument("--size", type=int, default=0, help="side of the image that the graph gets (default: 256, EfficientSAM: its own)")
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


def write(network, size: int, path: pathlib.Path, images) -> tuple[list[pathlib.Path], float]:
    """Writes the graphs; their files and the greatest difference from torch."""
    pictures = list(zip(images, prompts(len(images))))
    if networks.kind_of(network.form) == networks.SQUEEZESAM:
        graph.export(network, size, path)
        return [path], graph.differences(network, path, pictures, size)
    files = [path.with_name(f"{path.stem}-{part}.onnx") for part in ("encoder", "decoder")]
    efficientsam_graphs.export(network, *files)
    return files, pair_difference(network, files, pictures)


def pair_difference(network, files, pictures) -> float:
    """The `graph.gap` between an EfficientSAM and its two graphs. `pictures` are (uint8 BGR [H,W,3], float32 [6,3]) pairs."""
    encoder, decoder = (graph.session(file, 1) for file in files)  # a comparison, no measurement of speed
    greatest = 0.0
    for image, points in pictures:
        height, width = image.shape[:2]
        pixels = graph.feed(encoder, image)
        inputs = graph.decoder_feed(encoder.run(None, pixels)[0], points, height, width)
        places, labels = (torch.from_numpy(inputs[name]) for name in ("batched_point_coords", "batched_point_labels"))
        with torch.no_grad():
            embeddings = network.encode(torch.from_numpy(pixels["batched_images"]))
            low, iou = network.decode(embeddings, places, labels, height, width)
        found = decoder.run(["low_res_masks", "iou_predictions"], inputs)
        greatest = max(greatest, graph.gap((low.numpy(), iou.numpy()), found))
    return greatest


def run(arguments) -> int:
    """Runs the command; exit status 1 when the graph differs from torch."""
    network, path = checkpoints.load_network(arguments.checkpoint, arguments.size), pathlib.Path(arguments.out)
    size = networks.side_of(network.form, arguments.size)
    graph.runtime()
    if not path.parent.is_dir():
        raise UserError(f"the folder {path.parent} does not exist. Make it, or choose another place with --out.")
    if arguments.photos:
        read = [calibration.read(file) for file in calibration.photographs(arguments.photos, PICTURES)]
        images = [calibration.stretch(image, size) for image in read if image is not None]
    else:
        images = generated(PICTURES, size)
    files, difference = write(network, size, path, images)
    for file in files:
        print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")
    print(f"greatest difference from torch on {len(images)} pictures: {difference:.1e}")
    if not images or difference > TOLERANCE:
        for file in files:
            file.rename(file.with_name(file.name + ".refused"))
            print(f"refused: the difference is above {TOLERANCE}. It is kept as {file.name}.refused; report it with torch's version.")
        return 1
    if len(files) == 2:
        print(f"a bundle of them: edgeseg model import efficientsam --encoder {files[0]} --decoder {files[1]}")
    return 0
