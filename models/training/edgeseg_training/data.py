"""`data`: what concerns photographs with masks. A subcommand is a module like a command's (see __main__)."""
import importlib

# name -> (module of this package, help)
SUBCOMMANDS = {
    "check": ("data_check", "list sets, counts and licences; find photographs that are in two sources"),
    "pack": ("data_pack", "write small shards of the photographs that a recipe accepts"),
}


def configure(parser):
    """Adds the subcommands' parsers."""
    subcommands = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    for name, (module, text) in SUBCOMMANDS.items():
        part = importlib.import_module(f"{__package__}.{module}")
        command = subcommands.add_parser(name, help=text)
        part.configure(command)
        command.set_defaults(run_subcommand=part.run)


def run(arguments) -> int:
    """Runs the chosen subcommand; its exit status."""
    return arguments.run_subcommand(arguments)
