"""The command line's parser: argparse, with faults said as the kit's errors are, and the nearest real option for a mistyped one."""

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, NoReturn

from cxrkit.config import NONE, Experiment
from cxrkit.errors import WrongUse

KEYS = frozenset(key.name for key in fields(Experiment))
"""Options that are keys of an experiment, whose own limits say whether a text may be empty."""
NUMBER = re.compile(r"-\.?\d.*")
WORDS_OF_ARGPARSE = re.compile(r"argument ([^:]+): (.+)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """A parser of one program or one command; those of its commands are of this class too. It raises WrongUse for whatever is wrong."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> tuple[Any, list[str]]:  # type: ignore[override]
        """Nothing is left over, so that what a command cannot place is told by that command."""
        words = list(sys.argv[1:] if args is None else args)
        self._refuse_unknown(words)
        parsed, beyond = super().parse_known_args(words, namespace)
        if beyond:
            self._wrong(f"{self.prog} has no use for {_listed(beyond)}.", "a name with spaces goes into quotes")
        return parsed, beyond

    def error(self, message: str) -> NoReturn:
        named = WORDS_OF_ARGPARSE.fullmatch(message)
        action = next((each for each in self._actions if named and _name(each) == named[1]), None)
        if not named or not action:
            self._wrong(f"{message[:1].upper()}{message[1:]}.")
        self._wrong(f"{named[1]}: {named[2]}.", f"{named[1]} is: {(action.help or '').replace('%%', '%')}")

    def _wrong(self, what: str, next: str = "") -> NoReturn:
        shows = f"{self.prog} --help says more"
        raise WrongUse(what, next=f"{next}{' ' if next.endswith('?') else '; '}{shows}" if next else shows)

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if (
            "" in arg_strings and action.nargs != argparse.PARSER and action.dest not in KEYS
        ):  # as a shell makes of a variable that is not set
            raise argparse.ArgumentError(action, "the text is empty")
        return super()._get_values(action, arg_strings)  # type: ignore[misc]

    def _refuse_unknown(self, words: Iterable[str]) -> None:
        """Before argparse looks at them: it names what a command lacks first, and the mistyped option last or never."""
        known = self._option_string_actions
        commands = next((each.choices for each in self._actions if isinstance(each, argparse._SubParsersAction)), None)
        for word in words:
            if word == "--":
                return
            if commands is not None and not word.startswith("-"):
                if word not in commands:
                    self._wrong(f"There is no command {word!r}.", _meant(word, commands) or f"one of {', '.join(commands)}")
                return
            name = word.partition("=")[0]
            if not word.startswith("-") or word == "-" or " " in name or NUMBER.fullmatch(word):
                continue
            if name.startswith("--") and any(option.startswith(name) for option in known):
                continue
            if all(f"-{letter}" in known for letter in name[1:]):
                continue
            self._no_option(name, [option for option in known if option.startswith("--")], commands or {})

    def _no_option(self, name: str, known: Iterable[str], commands: Mapping[str, argparse.ArgumentParser]) -> NoReturn:
        long = f"--{name.lstrip('-')}"
        behind = [word for word, each in commands.items() if any(option.startswith(long) for option in each._option_string_actions)]
        hint = f"it goes behind a command, such as {self.prog} {behind[0]} {name}" if behind else _meant(long, known)
        self._wrong(f"{self.prog} has no option {name}.", hint)


class Words(argparse.Action):
    """The items of a list, parted by spaces or commas; an option that is given again adds to them.

    item: makes an item of a word; empty: whether `none` alone stands for a list without any.
    """

    def __init__(self, *arguments: Any, item: Callable[[str], Any] = str, empty: bool = False, **more: Any) -> None:
        super().__init__(*arguments, nargs="+", **more)
        self.item, self.empty = item, empty

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        words = [word for value in values for word in value.split(",")]
        if NONE in words and self.empty and len(words) > 1:
            raise argparse.ArgumentError(self, f"{NONE} stands alone")
        items = [] if words == [NONE] and self.empty else [self._item(word) for word in words]
        setattr(namespace, self.dest, [*(getattr(namespace, self.dest) or []), *items])

    def _item(self, word: str) -> Any:
        try:
            return (self.item if self.item not in KINDS else Number(self.item))(word)  # type: ignore[arg-type]
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentError(self, str(error)) from error


KINDS = {int: "whole number", float: "number"}


@dataclass(frozen=True)
class Number:
    """The type of an option that is a number, with its limits; what is none, or lies beyond them, is told with both."""

    kind: type[int] | type[float] = float
    at_least: float = -math.inf
    at_most: float = math.inf
    above: float = -math.inf
    below: float = math.inf

    def __call__(self, text: str) -> int | float:
        try:
            value = self.kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is no {KINDS[self.kind]}") from None
        within = self.at_least <= value <= self.at_most and self.above < value < self.below
        if not within or not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"{text} is no {KINDS[self.kind]} {self.limits}")
        return value

    @property
    def limits(self) -> str:
        told = {"of at least": self.at_least, "of at most": self.at_most, "above": self.above, "below": self.below}
        return " and ".join(f"{words} {limit:g}" for words, limit in told.items() if math.isfinite(limit)) or "that can be counted with"


SHARE = Number(above=0, below=1)


def _name(action: argparse.Action) -> str:
    """As argparse calls it in its messages."""
    return "/".join(action.option_strings) or str(action.metavar or action.dest)


def _meant(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, 1)
    return f"did you mean {near[0]}?" if near else ""


def _listed(words: Iterable[str]) -> str:
    return ", ".join(map(repr, words))
