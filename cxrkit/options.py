"""The experiment's keys as options of a command line, and back."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from cxrkit import config, progress
from cxrkit.command_line import Number, Words
from cxrkit.config import NONE, PLACES, Experiment, item_type, option_of

UNSAID = ("data", "external", "contact", "weights", "external_films", "jobs_at_once", "workers")
"""Keys whose help says what is done where they are not given."""

METAVARS = {"weights": "DIR", "age_caliper": "YEARS", "image_size": "PIXELS", "threshold": "P"}


hours = Number(at_least=0)
"""The type of a number of hours: 0 begins no stage."""


def add_quiet(parser: Any) -> None:
    """--quiet; heed() obeys it."""
    parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the final result alone")


def heed(options: argparse.Namespace) -> None:
    """Let the screen be as --quiet and --json ask."""
    progress.SCREEN.quiet, progress.SCREEN.beside = getattr(options, "quiet", False), getattr(options, "json", False)


def add_arguments(parser: Any) -> None:
    """Give an argparse parser one option for each key of Experiment but its name."""
    usual = {name: config.load(name) for name in config.names()}
    for each in fields(Experiment):
        option, help = option_of(each.name), _help(each, usual)
        if each.name == "name":
            continue
        if each.name in PLACES:
            parser.add_argument(option, action="append", metavar="DIR", help=help)
        elif each.type is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
        elif kind := item_type(each):
            metavar = each.name.split("_")[-1].upper().removesuffix("S")
            parser.add_argument(option, action=Words, item=kind, empty=each.metadata["empty"], metavar=metavar, help=help)
        else:
            metavar = "|".join(each.metadata["choices"]) or METAVARS.get(each.name) or {int: "N", float: "X"}.get(each.type, "TEXT")
            parser.add_argument(option, type=each.type, metavar=metavar, help=help)


def _help(key: Any, usual: Mapping[str, Experiment]) -> str:
    """The key's help with its default in the experiments that come with the kit, as argparse wants it."""
    text = str(key.metadata["help"])
    if key.name not in UNSAID:
        told: dict[str, list[str]] = {}
        for name, experiment in usual.items():
            told.setdefault(_told(getattr(experiment, key.name)), []).append(name)
        several = "; ".join(f"{', '.join(names)}: {value}" for value, names in told.items())
        text += f" (default: {next(iter(told)) if len(told) == 1 else several})"
    return text.replace("%", "%%")


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        items = [str(item) for item in value]
        return " ".join(items if len(items) < 5 else [items[0], "...", items[-1]]) or NONE
    return f"{value:g}" if isinstance(value, float) else str(value)


def overrides_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """{key: value} of the options that were given, from a parsed command line."""
    given = {each.name: getattr(arguments, each.name, None) for each in fields(Experiment)}
    return {name: value for name, value in given.items() if value is not None}


def as_arguments(overrides: Mapping[str, Any]) -> list[str]:
    """The words of a command line that mean these overrides: the inverse of add_arguments and overrides_of.

    Positional arguments belong before them, for a key that is a list takes all words up to the next option. An unknown
    key becomes an option all the same, which the parser then refuses by name.
    """
    declared = {each.name: each for each in fields(Experiment)}
    words = []
    for name, value in overrides.items():
        option = option_of(name)
        if isinstance(value, bool):
            words.append(option if value else option.replace("--", "--no-", 1))
        elif name in PLACES:
            words += [f"{option}={item}" for item in ([value] if isinstance(value, str) else value)]
        elif name in declared and item_type(declared[name]):
            words += [option, *(map(str, value if isinstance(value, (list, tuple)) else [value]))] + [NONE] * (value in ([], ()))
        else:
            words.append(f"{option}={value}")
    return words
