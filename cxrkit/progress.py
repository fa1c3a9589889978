"""Progress messages: a bar on a terminal, in a log a plain line a step, and every few seconds where a step is long.

All that a command says goes through say(), mention() and answer(), and from there into run.log as well where one is kept.
"""

import contextlib
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from tqdm import tqdm

from cxrkit import environment
from cxrkit.errors import shown
from cxrkit.run_log import write_down

EVERY_SECONDS = 20.0
"""From one line of a long work to the next: below the half minute after which one wonders, also where a step takes ten seconds."""
WORTH_SAYING_SECONDS = 2.0
"""What took no longer has no line at its end."""
MB = 1e6
"""Bytes."""

Item = TypeVar("Item")


@dataclass
class Screen:
    """What of say() is shown. quiet: nothing; beside: on stderr, for stdout holds one JSON document."""

    quiet: bool = False
    beside: bool = False


SCREEN = Screen()


def say(text: object = "") -> None:
    """Print one line at once, so that a log shows it while the run goes on; with its number where several processes speak."""
    if environment.processes() > 1:
        text = "\n".join(f"[{environment.rank()}] {line}" for line in str(text).split("\n"))
    write_down(text)
    if not SCREEN.quiet:
        _print(text, sys.stderr if SCREEN.beside else sys.stdout)


def answer(text: object = "") -> None:
    """Print what a command was asked for: on stdout, also with --quiet."""
    write_down(text)
    _print(text, sys.stdout)


def answer_json(value: Any) -> None:
    """Print a JSON document; what JSON has no word for, infinity and no number, is null."""
    answer(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(text: object, stream: Any) -> None:
    with tqdm.external_write_mode(sys.stderr) if on_terminal() else contextlib.nullcontext():  # a bar makes way for the line
        stream.write(shown(text, stream) + "\n")  # at once: print() writes the end of the line apart, and another thread's in between
        stream.flush()


def announce(text: object = "") -> None:
    """say() by the first process only: what every process knows."""
    if environment.rank() == 0:
        say(text)


def mention(text: object = "") -> None:
    """say() beside what a command answers: on stderr, for its stdout may be read by a program."""
    write_down(text)
    if not SCREEN.quiet:
        print(shown(text, sys.stderr), file=sys.stderr, flush=True)


def complain(error: object) -> None:
    """An error that stops a part of the work alone: on stderr as one that stops all of it, also with --quiet."""
    write_down(error, logging.ERROR)
    print(shown(f"error: {error}", sys.stderr), file=sys.stderr, flush=True)


def aloud() -> Callable[[object], None]:
    """A say() that is heard while stdout is led elsewhere later on, as Kaggle's client is silenced."""
    stream = sys.stderr if SCREEN.beside else sys.stdout

    def tell(text: object) -> None:
        write_down(text)
        if not SCREEN.quiet:
            print(shown(text, stream), file=stream, flush=True)

    return tell


def on_terminal() -> bool:
    return sys.stderr.isatty()


class Meter:
    """How far a piece of work is: a bar on a terminal, else a line every EVERY_SECONDS, and one at its end where it took long.

    label: what is done; total: how much there is of it, in any unit, None where nobody knows; unit: as it is written,
    such as "MB". clock: seconds, for tests. tell: announce where every process does the same work.
    A with statement ends it; work that fails is not said to be done. Several threads may advance it.
    """

    def __init__(
        self,
        label: str,
        total: float | None = None,
        unit: str = "",
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[object], None] = say,
    ) -> None:
        self.label, self.total, self.unit, self.clock, self.tell = label, total, unit, clock, tell
        self.done: float = 0
        self.words: str | None = None
        self.turn = Lock()
        self.started = self.told = clock()
        one_speaks = on_terminal() and environment.processes() == 1 and not SCREEN.quiet
        self.bar = tqdm(total=total, desc=label, leave=False, bar_format="{desc} |{bar}|", file=sys.stderr) if one_speaks else None

    def __enter__(self) -> "Meter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(finished=kind is None)

    def advance(self, amount: float = 1, words: str | None = None) -> None:
        """So much more is done. words: from now on in place of the numbers, such as "7 of 40" where the total is in seconds."""
        with self.turn:
            self.done += amount
            self.words = words or self.words
            if self.bar is not None:
                self.bar.set_description_str(self.text(), refresh=False)
                self.bar.update(amount)
            elif self.done != self.total and self.clock() - self.told >= EVERY_SECONDS:
                self.tell(self.text())
                self.told = self.clock()

    def text(self) -> str:
        """Where it stands, as in standing()."""
        return standing(self.label, self.done, self.total, self.clock() - self.started, self.unit, self.words)

    def close(self, finished: bool = True) -> None:
        """No more comes. finished: whether all of it was done."""
        if self.bar is not None:
            self.bar.close()
        seconds = self.clock() - self.started
        if finished and seconds > WORTH_SAYING_SECONDS:
            tell = self.tell if self.bar is None else write_down  # a bar has shown it
            tell(f"{self.label}: {self.words or _amount(self.done) + _unit(self.unit)} in {seconds:.1f} s")


def track(
    items: Iterable[Item],
    label: str,
    total: int | None = None,
    clock: Callable[[], float] = time.monotonic,
    tell: Callable[[object], None] = say,
) -> Iterator[Item]:
    """Yield the items, showing as a Meter does how many are done.

    total: how many there are; needed for items that have no length.
    """
    total = len(items) if total is None and isinstance(items, Collection) else total
    with Meter(label, total, clock=clock, tell=tell) as meter:
        for item in items:
            yield item
            meter.advance()


def standing(label: str, done: float, total: float | None, elapsed: float, unit: str = "", words: str | None = None) -> str:
    """Where a work stands, such as "comparing films: 1,200 of 22,055 (5 %), about 3 min left".

    done, total: in any unit; elapsed: seconds so far, from which follows the time left; words: what stands for done and total.
    """
    if not total:
        return f"{label}: {words or _amount(done) + _unit(unit)}"
    share = min(done / total, 1)
    left = f", {time_left(elapsed * (1 - share) / share)}" if 0 < share < 1 else ""
    return f"{label}: {words or f'{_amount(done, total)} of {_amount(total)}{_unit(unit)}'} ({int(100 * share)} %){left}"


def time_left(seconds: float) -> str:
    """Seconds in the words of somebody who waits: "about 20 s left", "about 4 min left", "about 3 h left"."""
    if seconds < 90:
        return f"about {max(round(seconds), 1) if seconds < 20 else round(seconds, -1):.0f} s left"
    if seconds < 5400:
        return f"about {seconds / 60:.0f} min left"
    hours = seconds / 3600
    return f"about {hours:.2g} h left" if hours < 10 else f"about {hours:.0f} h left"


def _amount(value: float, beside: float | None = None) -> str:
    """A number as it is read: whole above 100, and where it is whole; beside: a larger number that it is written next to."""
    return f"{value:,.1f}" if max(value, beside or 0) < 100 and value != int(value) else f"{value:,.0f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def counted(n: int, noun: str, many: str = "") -> str:
    """`1 patient`, `2 patients`; many: the plural, where it is no `s` more."""
    return f"{n:,} {noun if n == 1 else many or noun + 's'}"


def table(rows: Iterable[Sequence[Any]], header: Sequence[str], right: Iterable[str] = ()) -> str:
    """Rows of values as an aligned text table.

    header: the column names; right: the names of the columns to align to the right.
    """
    cells = [[str(name) for name in header]] + [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        padded = [c.rjust(w) if name in right else c.ljust(w) for c, w, name in zip(row, widths, header)]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)
