"""The state of a training run: network, average, optimizer, place in the data. It can be written and taken up exactly."""
import contextlib
import math
import pathlib
import random
import subprocess
import time

import numpy as np
import torch

from . import UserError, checkpoints, efficientsam_weights, networks
from .encoder import took_backbone
from .recipe import Recipe, paths


class Average:
    """Exponential moving average of all weights and BatchNorm statistics."""

    def __init__(self, network, decay: float):
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.steps = 0

    @torch.no_grad()
    def update(self, network):
        """Takes in the network's present weights. Early on the average is shorter, so that the start is forgotten."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        kept, new = [], []
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                kept.append(self.state[name])
                new.append(value.detach())
            else:
                self.state[name].copy_(value)
        torch._foreach_mul_(kept, decay)
        torch._foreach_add_(kept, new, alpha=1 - decay)


def start_network(recipe: Recipe, start: str = ""):
    """The recipe's network with the weights of its start: a checkpoint, a backbone or pre-trained encoder, or random ones."""
    torch.manual_seed(recipe.train.seed)
    network = networks.make(recipe.network)
    start = start or recipe.start
    if not start:
        return network
    start = paths(start)[0]
    state = checkpoints.weights(checkpoints.read(start), start)
    if networks.kind_of(recipe.network) == networks.EFFICIENTSAM:
        efficientsam_weights.load(network, state, start)
        return network
    if took_backbone(network.enc, state, start):
        return network
    own = network.state_dict()
    fitting = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
    if len(fitting) < len(own) / 2:
        raise UserError(f"{start} holds only {len(fitting)} of the network's {len(own)} weights. Use a checkpoint of this model.")
    left = sorted(set(own) - set(fitting))
    if left:
        print(f"{start}: {len(fitting)} of {len(own)} weights loaded; random: {', '.join(left[:4])}{', ...' if len(left) > 4 else ''}")
    network.load_state_dict(fitting, strict=False)
    return network


class State:
    """What a checkpoint of a run holds."""

    def __init__(self, recipe: Recipe, device: torch.device, network):
        train = recipe.train
        self.recipe, self.device = recipe, device
        self.network = network.to(device, memory_format=torch.channels_last)
        self.prepare()
        self.optimizer = torch.optim.AdamW(self.groups(), lr=train.rate, weight_decay=train.decay)
        self.average = Average(self.network, train.ema)
        self.samples = self.steps = 0
        self.seconds = 0.0  # of training, over all its parts
        self.budget: float | None = None  # minutes that the schedule is fitted to; None: the recipe's samples

    def prepare(self):
        """Training mode, with the parts fixed that the recipe fixes."""
        self.network.train()
        self.network.fix(self.recipe.train)

    def groups(self):
        """Parameter groups: the encoder at its own rate; no decay of biases, norms and tokens."""
        train, groups = self.recipe.train, {}
        for name, parameter in self.network.named_parameters():
            if not parameter.requires_grad:
                continue
            rate = self.network.rate_of(name, train)
            decay = train.decay if parameter.ndim > 1 and self.network.decays(name) else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
        return [{"params": parameters, "lr": rate, "base": rate, "weight_decay": decay} for (rate, decay), parameters in groups.items()]

    def set_rate(self, progress: float):
        """Warm-up, then a cosine to `last_rate`; progress is 0..1 of the run's length."""
        train = self.recipe.train
        share = train.last_rate + (1 - train.last_rate) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        if train.warmup > 0 and progress < train.warmup:
            share *= max(0.01, progress / train.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * share
        return share

    def generator(self) -> torch.Generator:
        """Random numbers of the present step: a function of seed and step, so that a resumed run draws the same ones."""
        return torch.Generator().manual_seed(self.recipe.train.seed * 1_000_003 + self.steps)

    def write(self, path: pathlib.Path):
        """Writes everything that --resume needs."""
        checkpoints.write(path, {
            "network": self.network.state_dict(), "ema": self.average.state, "ema_steps": self.average.steps,
            "optimizer": self.optimizer.state_dict(), "samples": self.samples, "steps": self.steps, "seconds": self.seconds,
            "budget": self.budget, "seed": self.recipe.train.seed, "torch": torch.get_rng_state(),
            checkpoints.FORM: networks.to_table(self.network.form),
        })

    def take_up(self, path: pathlib.Path):
        """Continues from a run's checkpoint. Raises UserError when it is of another network or seed."""
        content = checkpoints.read(path)
        if "optimizer" not in content:
            raise UserError(f"{path} holds weights only, no run. Start from it with --start instead of --resume.")
        if content["seed"] != self.recipe.train.seed:
            raise UserError(
                f"{path} was written with seed {content['seed']}, the recipe has {self.recipe.train.seed}. "
                "Resume with the recipe of the run.")
        try:
            self.network.load_state_dict(content["network"])
            self.optimizer.load_state_dict(content["optimizer"])
        except (RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"{path} does not fit the recipe's network: {reason}. Resume with the recipe of the run.") from None
        self.average.state = {name: value.to(self.device) for name, value in content["ema"].items()}
        self.average.steps = content["ema_steps"]
        self.samples, self.steps, self.seconds = content["samples"], content["steps"], content["seconds"]
        self.budget = content.get("budget")
        torch.set_rng_state(content["torch"])

    def averaged(self):
        """A copy of the network with the averaged weights, in evaluation mode."""
        network = networks.make(self.recipe.network).to(self.device, memory_format=torch.channels_last)
        network.load_state_dict(self.average.state)
        return network.eval()


def choose_device(name: str) -> torch.device:
    """The device of --device. Raises UserError when CUDA is asked for and is not there."""
    has_cuda = torch.cuda.is_available()
    if name == "cuda" and not has_cuda:
        raise UserError("no CUDA device was found. Install the driver and a torch with CUDA, or use --device cpu.")
    device = torch.device("cuda" if has_cuda and name != "cpu" else "cpu")
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
    return device


def commit() -> str:
    """The commit of the code; empty when it is not in a repository."""
    folder = pathlib.Path(__file__).parent
    try:
        found = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=folder, capture_output=True, text=True, check=False)
        return found.stdout.strip() if found.returncode == 0 else ""
    except OSError:
        return ""


def seed_everything(seed: int):
    """Seeds what draws numbers outside the samples."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def autocast(device: torch.device):
    """bfloat16 on CUDA; single precision on a CPU."""
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else contextlib.nullcontext()


def to_device(arrays: dict, device: torch.device) -> dict[str, torch.Tensor]:
    """A batch's arrays as tensors of the device, independent of the arrays' memory."""
    tensors = {}
    for name, array in arrays.items():
        tensor = torch.from_numpy(array)
        tensors[name] = tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.clone()
    return tensors


def as_image(pixels: torch.Tensor) -> torch.Tensor:
    """uint8 [B,S,S,3] -> float [B,3,S,S], channels last in memory."""
    return pixels.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)


class Clock:
    """Seconds since its making."""

    def __init__(self):
        self.start = time.monotonic()

    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self.start
