"""`average`: the mean of the weights of several checkpoints of one training.

Checkpoints of different parts of a training (other rates, other mixes) err in different ways; their mean is often better than each
("model soups", arXiv 2203.05482). They must have one network and one origin: the mean of two trainings from random weights is useless.
"""
import pathlib

import torch

from . import UserError, checkpoints


def configure(parser):
    """The command's options."""
    parser.add_argument("checkpoint", nargs="+", help="two checkpoints or more, the last training last: its facts go into the card")
    parser.add_argument("--out", required=True, help="the checkpoint to write")


def mean(states: list[dict]) -> dict:
    """The mean of tables of tensors with the same names and shapes. Counters, which are whole numbers, are those of the last."""
    return {name: torch.stack([state[name].float() for state in states]).mean(0) if value.is_floating_point() else value
            for name, value in states[-1].items()}


def run(arguments) -> int:
    """Runs the command."""
    paths, out = [pathlib.Path(path) for path in arguments.checkpoint], pathlib.Path(arguments.out)
    if len(paths) < 2:
        raise UserError("one checkpoint has no mean. Name two or more.")
    if out.exists():
        raise UserError(f"{out} exists already. Name another file with --out.")
    contents = [checkpoints.read(path) for path in paths]
    networks = [checkpoints.network_of(content, path) for content, path in zip(contents, paths)]
    form = networks[-1].form
    for path, network in zip(paths, networks):
        if network.form != form:
            raise UserError(f"{path} is of another network than {paths[-1]}. Name checkpoints of one training.")
    facts = {**contents[-1].get("facts", {}), "averaged": len(paths)}
    checkpoints.write_weights(out, mean([network.state_dict() for network in networks]), form, facts)
    print(f"{out}: the mean of {len(paths)} checkpoints")
    return 0
