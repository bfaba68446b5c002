"""Checkpoint files: written whole or not at all, small ones in half precision."""
import os
import pathlib

import torch

from . import UserError, networks
from .network import Form

FORM = "form"  # where a checkpoint of weights says how its network is made


def write(path: pathlib.Path, content: dict):
    """Writes a file that is either the old or the new one, also after a power cut."""
    part = path.with_name(path.name + ".part")
    with open(part, "wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def write_text(path: pathlib.Path, text: str):
    """The same for a text."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def read(path) -> dict:
    """A checkpoint's content on the CPU. Raises UserError when it is missing or is not one."""
    try:
        content = torch.load(path, map_location="cpu")
    except FileNotFoundError:
        raise UserError(f"the checkpoint {path} does not exist. Check the path.") from None
    except Exception as error:
        raise UserError(f"{path} is not a checkpoint ({error}). Use a file that `train` wrote.") from None
    if not isinstance(content, dict):
        raise no_weights(path)
    return content


def no_weights(path) -> UserError:
    """The error of a file that torch reads but that is no checkpoint."""
    return UserError(f"{path} holds no table of weights. Use a file that `train` wrote.")


def half(state: dict) -> dict:
    """Weights in half precision: half the size, and the masks stay the same to three digits."""
    return {name: value.half() if value.dtype == torch.float32 else value for name, value in state.items()}


def full(state: dict) -> dict:
    """Weights in single precision."""
    return {name: value.float() if value.dtype == torch.float16 else value for name, value in state.items()}


def weights(content: dict, path) -> dict:
    """The network's weights of any kind of checkpoint: a run's (its EMA), weights alone, EfficientSAM's published file, a bare table.

    Raises UserError, which names the path, where they are no table of tensors.
    """
    state = content["ema"] if "ema" in content else content.get("weights", content.get("model", content))
    if not isinstance(state, dict) or not all(isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in state.items()):
        raise no_weights(path)
    return full(state)


def write_weights(path: pathlib.Path, state: dict, form, facts: dict):
    """A checkpoint of weights alone, in half precision; `facts` (samples seen, recipe, commit) goes with it."""
    write(path, {"weights": half(state), FORM: networks.to_table(form), "facts": facts})


def load_network(path, side: int = 0):
    """The network of a checkpoint file: `network_of` its content."""
    return network_of(read(path), path, side)


def network_of(content: dict, path, side: int = 0):
    """The network of a checkpoint's content, in evaluation mode. Bare state dicts have SqueezeSAM's default form.

    `side`: the side of the picture that an EfficientSAM gets, instead of the one that it was trained at. Raises UserError with the path.
    """
    network = networks.make(networks.from_table(content[FORM], side) if FORM in content else Form())
    try:
        network.load_state_dict(weights(content, path))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{path} does not fit the network: {reason}. Use a checkpoint of this model.") from None
    return network.eval()
