"""`pretrain`: masked pre-training of an EfficientSAM's encoder (sami.py). `train --start` takes the encoder up."""
import dataclasses
import math
import pathlib

import numpy as np
import torch

from . import UserError, augment, checkpoints, networks, recipe as recipes, sami, teachers
from .state import as_image, autocast, choose_device
from .train import Training

ENCODER_FILE = "encoder-fp16.pt"
AREA, ASPECT = (0.2, 1.0), 4 / 3  # of a random crop: share of the photograph, greatest ratio of its sides


def configure(parser):
    """The command's options."""
    parser.add_argument("recipe", help="TOML file with a [network] of kind \"efficientsam\" and a [pretrain] table")
    parser.add_argument("--out", required=True, help=f"folder of the run: checkpoint, log, curves, {ENCODER_FILE}")
    parser.add_argument("--resume", action="store_true", help="continue the run in --out, exactly")
    parser.add_argument("--budget-minutes", type=float, metavar="N",
                        help="stop after this many minutes of training; the schedule fits itself to them (with --resume: as before)")
    parser.add_argument("--steps", type=int, help="stop after this many steps of this call; the schedule stays")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")


def run(arguments) -> int:
    """Runs the command."""
    device = choose_device(arguments.device)
    recipe = recipes.load(arguments.recipe, cuda=device.type == "cuda")
    pretraining = Pretraining(recipe, device, pathlib.Path(arguments.out), arguments.resume, arguments.budget_minutes)
    pretraining.run(arguments.steps)
    pretraining.report_rest()
    return 0


@dataclasses.dataclass
class View:
    """image uint8 BGR [S,S,3]."""

    image: np.ndarray


class Views:
    """Random crops of the photographs, each photograph as likely as any other. A view is a function of the seed and its number alone."""

    def __init__(self, photos: list, recipe: recipes.Recipe):
        self.photos, self.recipe, self.size = photos, recipe, recipe.train.size

    def shapes(self, batch: int) -> dict[str, tuple]:
        """Shapes and types of a batch's arrays."""
        return {"image": ((batch, self.size, self.size, 3), np.uint8)}

    def sample(self, number: int) -> View:
        """View `number` of the run."""
        rng = np.random.default_rng([self.recipe.train.seed, number])
        photo = self.photos[int(rng.integers(len(self.photos)))]
        share, ratio = rng.uniform(*AREA), math.exp(rng.uniform(-1, 1) * math.log(ASPECT) / 2)
        width = min(photo.width, round(photo.width * math.sqrt(share) * ratio))
        height = min(photo.height, round(photo.height * math.sqrt(share) / ratio))
        left, top = int(rng.integers(photo.width - width + 1)), int(rng.integers(photo.height - height + 1))
        image = augment.view(photo.pixels(), (left, top, left + width, top + height), self.size)
        if rng.random() < self.recipe.augment.flip:
            image = np.ascontiguousarray(image[:, ::-1])
        return View(image)


def teacher_of(recipe: recipes.Recipe, device):
    """The teacher that a recipe's [pretrain] names; None where the target is pixels. Raises UserError for a recipe of no pre-training."""
    options = recipe.pretrain
    if networks.kind_of(recipe.network) != networks.EFFICIENTSAM:
        raise UserError(f"{recipe.path}: only an EfficientSAM is pre-trained. Write kind = \"efficientsam\" into [network].")
    if options.target != "teacher":
        return None
    if not options.teacher:
        raise UserError(f"{recipe.path}: the target is a teacher, but pretrain.teacher names none. Name its file.")
    return teachers.open_teacher(options.teacher, options.teacher_side, device)


class Pretraining(Training):
    """One run: the course of `train` with another network, samples without masks and another loss."""

    def __init__(self, recipe: recipes.Recipe, device, out: pathlib.Path, resume=False, budget_minutes=None, photos=None):
        self.options, self.teacher = recipe.pretrain, teacher_of(recipe, device)
        train = dataclasses.replace(recipe.train, **{key: getattr(self.options, key) for key in ("samples", "batch", "rate")})
        super().__init__(dataclasses.replace(recipe, train=train), device, out, "", resume, budget_minutes, photos, validates=False)

    def make_network(self, start: str, resume: bool):
        """The masked encoder."""
        options, form = self.options, self.recipe.network
        trial = torch.zeros(1, 3, form.image, form.image, device=self.device)
        channels = self.targets(trial).shape[-1]
        torch.manual_seed(self.recipe.train.seed)
        return sami.MaskedEncoder(form, options, channels)

    def make_sampler(self):
        """Views of the photographs."""
        return Views(self.photos, self.recipe)

    def targets(self, image):
        """What the tokens of a batch are compared with, float [B,N,C]."""
        form = self.recipe.network
        if self.teacher is None:
            return sami.pixel_targets(image, form.patch)
        found = self.teacher.targets(image, form.grid)
        return sami.normalised(found) if self.options.normalise else found

    def step(self, batch: dict):
        """One step of the optimizer; the loss, and no parts."""
        train, network = self.recipe.train, self.state.network
        image = as_image(batch["image"])
        order = sami.orders(train.batch, network.patches, self.state.generator()).to(self.device)
        with autocast(self.device):
            predicted, target = network(image, order), self.targets(image)
        loss = sami.loss(predicted, target.float(), order, network.visible, self.teacher is None)
        self.descend(loss)
        return loss, {}

    def note(self, means, loss, parts, batch):
        """Adds the step's figures."""
        means.add("loss", loss.detach().view(1))

    def write_weights(self, state: dict, facts: dict):
        """The averaged encoder alone: decoder and head are dropped."""
        facts = {**facts, "pretrained": self.options.target, "teacher": pathlib.Path(self.options.teacher).name if self.teacher else ""}
        checkpoints.write_weights(self.out / ENCODER_FILE, sami.encoder_weights(state), self.recipe.network, facts)

    def weights_file(self) -> pathlib.Path:
        """What `train --start` reads."""
        return self.out / ENCODER_FILE
