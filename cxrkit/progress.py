"""Progress messages: a bar on a terminal, one plain line a step in a log."""

import sys
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

from cxrkit import environment

Item = TypeVar("Item")


def say(text: object = "") -> None:
    """Print one line at once, so that a log shows it while the run goes on; with its number where several processes speak."""
    if environment.processes() > 1:
        text = "\n".join(f"[{environment.rank()}] {line}" for line in str(text).split("\n"))
    print(text, flush=True)


def announce(text: object = "") -> None:
    """say() by the first process only: what every process knows."""
    if environment.rank() == 0:
        say(text)


def on_terminal() -> bool:
    return sys.stderr.isatty()


def track(items: Iterable[Item], label: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items, showing how many are done: a tqdm bar on a terminal, else one line at the end.

    total: how many there are; needed for items that have no length.
    """
    total = len(items) if total is None and isinstance(items, Collection) else total
    if on_terminal():
        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    start = time.monotonic()
    yield from items
    seconds = time.monotonic() - start
    if seconds > 2:
        say(f"{label}: {total} in {seconds:.1f} s")


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
