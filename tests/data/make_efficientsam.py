#!/usr/bin/env python3
"""Makes EfficientSAM graphs with seeded random weights, and what they must answer, computed by torch without ONNX Runtime.

    make_efficientsam.py [FOLDER]         the small graphs of the tests (default: efficientsam beside this script)
    make_efficientsam.py --full FOLDER    EfficientSAM-Ti in its published size, for the benchmark

FOLDER holds encoder.onnx, decoder.onnx, image0.png, image1.png and cases.json. Each case names a picture, a prompt, the predicted
IoU of the three masks, the index of the best, and files: the embedding (float32 [1,C,g,g]), the low-resolution logits (float32
[3,4g,4g]) and the best mask at the picture's size (numpy.packbits of its rows). --full writes the graphs alone.
Needs numpy, OpenCV, onnx and torch (models/training/README.md).
"""
import argparse
import json
import pathlib
import sys

import cv2
import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "models" / "training"))
from edgeseg_training import efficientsam, efficientsam_graphs  # noqa: E402

SEED = 3
SMALL = efficientsam.Sizes(image=128, width=36, heads=3, depth=2, embedding=32, decoder_heads=4, decoder_mlp=64, iou_hidden=32,
                           upscaling=(16, 8))
# prompts in shares of the picture: label, x, y
PROMPTS = [
    [(1, .31, .42)],
    [(1, .72, .66), (1, .2, .25)],
    [(1, .12, .2), (1, .32, .5), (1, .5, .75), (1, .55, .2), (1, .8, .4), (1, .9, .9)],
    [(2, .15, .22), (3, .7, .81)],
]


def picture(width, height, seed):
    """BGR uint8 [H,W,3]: a gradient with discs."""
    random = np.random.RandomState(seed)
    y, x = np.mgrid[:height, :width]
    pixels = np.stack([x * 200 // width, y * 200 // height, (x + y) * 120 // (width + height)], -1).astype(np.uint8) + 20
    for _ in range(6):
        centre = (int(random.randint(width)), int(random.randint(height)))
        colour = tuple(int(v) for v in random.randint(0, 256, 3))
        cv2.circle(pixels, centre, int(random.randint(8, height // 3)), colour, -1)
    return pixels


def answer(model, pixels, prompt):
    """Embedding [1,C,g,g], points, low-resolution logits [3,4g,4g], predicted IoU [3], best index, best mask [H,W]."""
    height, width = pixels.shape[:2]
    image = torch.from_numpy(pixels[..., ::-1].astype(np.float32) / 255).permute(2, 0, 1)[None]
    points = [[x * width, y * height] for _, x, y in prompt]
    labels = [label for label, _, _ in prompt]
    with torch.no_grad():
        embedding = model.encode(image)
        low, iou = model.decode(embedding, torch.tensor([[points]]), torch.tensor([[labels]]).float(), height, width)
        best = int(iou[0, 0].argmax())
        mask = F.interpolate(low[0], size=(height, width), mode="bilinear", align_corners=False)[0, best] >= 0
    return embedding, points, labels, low[0, 0], iou[0, 0], best, mask.numpy()


def check(masks, scores):
    """Refuses weights whose answers would hide a fault: empty or full masks, masks that no prompt changes, close scores."""
    for mask, score in zip(masks, scores):
        top = np.sort(score)[::-1]
        if not .05 < mask.mean() < .95 or top[0] - top[1] < .01:
            raise SystemExit(f"seed {SEED} gives a mask of {mask.mean():.2f} of the picture and scores {top}; choose another seed")
    if len({int(score.argmax()) for score in scores}) < 2:
        raise SystemExit(f"seed {SEED} prefers the same mask for each prompt; choose another seed")
    for a, b in zip(masks[:-1], masks[1:]):
        if a.shape == b.shape and (a & b).sum() / (a | b).sum() > .97:
            raise SystemExit(f"seed {SEED} gives the same mask for two prompts; choose another seed")


def write_cases(model, folder):
    cases, masks, scores = [], [], []
    for index, (width, height) in enumerate([(160, 120), (96, 136)]):
        pixels = picture(width, height, SEED + index)
        cv2.imwrite(str(folder / f"image{index}.png"), pixels)
        for k, prompt in enumerate(PROMPTS):
            embedding, points, labels, low, iou, best, mask = answer(model, pixels, prompt)
            name = f"case{index}{k}"
            embedding.numpy().tofile(folder / f"image{index}.embedding.f32")
            low.numpy().tofile(folder / f"{name}.logits.f32")
            np.packbits(mask).tofile(folder / f"{name}.mask")
            cases.append({"image": f"image{index}.png", "width": width, "height": height, "points": points, "labels": labels,
                          "iou_predictions": [round(float(v), 6) for v in iou], "best": best,
                          "embedding": f"image{index}.embedding.f32", "low_res_logits": f"{name}.logits.f32",
                          "mask_bits": f"{name}.mask"})
            masks.append(mask)
            scores.append(iou.numpy())
    check(masks, scores)
    (folder / "cases.json").write_text("[\n" + ",\n".join("  " + json.dumps(case) for case in cases) + "\n]\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=HERE / "efficientsam")
    parser.add_argument("--full", action="store_true", help="EfficientSAM-Ti in its published size")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    model = efficientsam.EfficientSAM(efficientsam.TI if options.full else SMALL).eval()
    efficientsam_graphs.seed_weights(model, SEED)
    efficientsam_graphs.export(model, options.folder / "encoder.onnx", options.folder / "decoder.onnx")
    if not options.full:
        write_cases(model, options.folder)
    print(f"{options.folder}: {sum(f.stat().st_size for f in options.folder.iterdir()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
