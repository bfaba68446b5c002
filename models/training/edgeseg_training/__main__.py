"""The command line: `python3 -m edgeseg_training COMMAND ...`.

A command is a module with two functions, imported only when the command is used:
    configure(parser): adds the command's options to an argparse parser;
    run(arguments) -> int: does the work and returns the exit status.
A new command needs one line in COMMANDS.
"""
import argparse
import importlib
import os
import sys

from . import UserError  # imports neither numpy nor torch

# threads that wait give the core away: on a busy machine, waiting in a loop costs more than the work
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Debian's torch and numpy use the pthread build of OpenBLAS. It starts its own threads whatever torch's number of threads is, and they
# wait in a loop: a run of one thread keeps two cores busy and has half the speed. OpenBLAS reads the variable when it is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# name -> (module of this package, help)
COMMANDS = {
    "data": ("data", "list, check and pack photographs with masks"),
    "train": ("train", "train a model by a recipe"),
    "pretrain": ("pretrain", "pre-train an EfficientSAM's encoder on photographs (SAMI, MAE)"),
    "evaluate": ("evaluate", "measure a checkpoint or a graph on photographs with masks"),
    "average": ("average", "average the weights of several checkpoints of one training"),
    "export": ("export", "write a checkpoint as an ONNX graph"),
    "quantise": ("quantise", "make an int8 graph, calibrated on photographs"),
    "card": ("card", "write the model card"),
    "cost": ("cost", "parameters, size, multiply-adds and time of graphs, side by side"),
    "ablate": ("ablate", "train and compare the variants that a recipe names"),
}


def main(words: list[str] | None = None) -> int:
    """Runs one command. Exit status: 0 done, 1 the command's own refusal, 2 wrong input, 130 stopped by the keyboard."""
    words = sys.argv[1:] if words is None else words
    parser = argparse.ArgumentParser(prog="edgeseg_training", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    modules = {}
    for name, (module, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text)
        # torch takes seconds to import: only the command in use is loaded
        if name in words[:1]:
            modules[name] = importlib.import_module(f"{__package__}.{module}")
            modules[name].configure(command)
    arguments = parser.parse_args(words)
    try:
        return modules[arguments.command].run(arguments) or 0
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
