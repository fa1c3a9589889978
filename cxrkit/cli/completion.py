"""python -m cxrkit completion: a script with which a shell completes the kit's commands and options, printed.

shtab writes the script once, from the parsers as they are; argcomplete would start Python at each press of the key (0.25 s here).
"""

import argparse
import importlib.util
from argparse import Namespace
from dataclasses import fields
from pathlib import Path
from typing import Any

from cxrkit import config
from cxrkit.cli.shared import Commands, declare
from cxrkit.config import Experiment
from cxrkit.errors import WrongUse, require
from cxrkit.progress import answer

SHELLS = ("bash", "zsh", "fish")
CHOICES = {key.name: key.metadata["choices"] for key in fields(Experiment) if key.metadata["choices"]} | {"experiment": config.names()}
ENTRY = Path(__file__).resolve().parents[2] / "kernel" / "run.py"


def add(commands: Commands) -> None:
    completion = declare(commands, "completion", help="print a script with which a shell completes commands and options")
    completion.add_argument("shell", metavar="SHELL", choices=SHELLS, help="the shell that is to complete")
    completion.add_argument("--of", choices=("cxrkit", "run.py"), default="cxrkit", help="whose options (default: cxrkit)")
    completion.set_defaults(command=run)


def run(options: Namespace) -> None:
    """Print it. Raises WrongUse where shtab is not installed, or knows no such shell, or there is no kernel/run.py here."""
    require("shtab")
    import shtab

    if options.shell not in shtab.SUPPORTED_SHELLS:
        raise WrongUse(f"shtab {shtab.__version__} knows no {options.shell}.", next="pip install --upgrade shtab")
    parser = _parser_of_run() if options.of == "run.py" else _parser()
    parser.prog = options.of
    _name_choices(parser, shtab)
    answer(shtab.complete(parser, options.shell))


def _parser() -> argparse.ArgumentParser:
    from cxrkit.__main__ import parser

    return parser()


def _parser_of_run() -> argparse.ArgumentParser:
    if not ENTRY.is_file():
        raise WrongUse("kernel/run.py is not here.", ENTRY, "run this in a clone of the repository")
    spec: Any = importlib.util.spec_from_file_location("kernel_run", ENTRY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.parser()


def _name_choices(parser: argparse.ArgumentParser, shtab: Any) -> None:
    """Let options that name files be completed with files, and keys of the experiment with their values."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in dict.fromkeys(action.choices.values()):
                _name_choices(each, shtab)
        elif action.dest in CHOICES and action.choices is None:
            action.choices = CHOICES[action.dest]
        elif action.type is Path or action.metavar == "DIR":
            action.complete = shtab.DIRECTORY if action.metavar == "DIR" else shtab.FILE  # type: ignore[attr-defined]
