"""The rows of a check: passed, failed, or not possible here; with figures, a reason and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from cxrkit.progress import table

State = Literal["passed", "failed", "not possible here"]
PASSED: State = "passed"
FAILED: State = "failed"
NOT_HERE: State = "not possible here"


@dataclass(frozen=True)
class Figure:
    """A measured difference, and the largest that passes."""

    value: float
    most: float

    @property
    def share(self) -> float:
        """How near it is to its limit; 1 is at it."""
        return self.value / self.most if self.most else float(self.value > 0)

    def __str__(self):
        return f"{self.value:.2g} of {self.most:g}"


@dataclass(frozen=True)
class Row:
    """One check. check: its kind; what: on what, such as "resnet34, files, bfloat16"; reason: why it failed or is not possible here;
    remedy: what a run can do without it; figures: {name: Figure}; facts: {name: number} without a limit."""

    check: str
    what: str
    state: State
    reason: str = ""
    remedy: str = ""
    figures: dict[str, Figure] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)


def judged(check: str, what: str, figures: dict[str, Figure], remedy: str, facts: dict[str, float] | None = None, fault: str = "") -> Row:
    """The Row of a check that was made: it passed where each figure is a number within its limit. fault: another thing that is wrong."""
    beyond = [f"{name} {figure}" for name, figure in figures.items() if not figure.value <= figure.most]
    reason = "; ".join([fault] * bool(fault) + ["too far apart: " + ", ".join(beyond)] * bool(beyond))
    return Row(check, what, FAILED if reason else PASSED, reason, remedy if reason else "", figures, facts or {})


def broken(check: str, what: str, error: str, remedy: str) -> Row:
    """The Row of a check that raised, or gave no answer."""
    return Row(check, what, FAILED, " ".join(error.split()), remedy)


def impossible(check: str, what: str, reason: str) -> Row:
    return Row(check, what, NOT_HERE, reason)


def failed(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row.state == FAILED]


def text(rows: list[Row]) -> str:
    """The rows as a table: what passed in a line for each kind of check, network and loader; what is not possible in a line for each
    reason; what failed in lines of its own, with the remedies below."""
    groups: dict[tuple, list[Row]] = {}
    for row in rows:
        groups.setdefault((row.check, row.state, *_told_together(row)), []).append(row)
    lines = []
    for (check, state, *same), group in groups.items():
        what = group[0].what if len(group) == 1 else f"{', '.join(same[0])}: {len(group)} ways".lstrip(": ")
        lines.append([check, what, state, _worst(group) if state == PASSED else group[0].reason])
    remedies = dict.fromkeys(f"{row.check}: {row.remedy}" for row in failed(rows))
    counts = [f"{sum(row.state == state for row in rows)} {state}" for state in (PASSED, FAILED, NOT_HERE)]
    more = ["", "What to do:", *(f"  - {remedy}" for remedy in remedies)] if remedies else []
    return "\n".join([table(lines, ["check", "of", "", "largest difference of what is allowed, or reason"]), *more, "", ", ".join(counts)])


def _told_together(row):
    """What rows have in common that are told in one line: (words of `what`, reason)."""
    words = row.what.split(", ")
    if row.state == PASSED:
        return tuple(words[:2] if len(words) > 2 else words[:1]), ""
    return () if row.state == NOT_HERE else tuple(words), row.reason


def _worst(group):
    """Of each figure the one that comes nearest to its limit."""
    figures = {}
    for row in group:
        for name, figure in row.figures.items():
            if name not in figures or figure.share > figures[name].share:
                figures[name] = figure
    facts = [f"{name} {value:g}" for row in group[:1] for name, value in row.facts.items()] if len(group) == 1 else []
    return ", ".join([*(f"{name} {figure}" for name, figure in figures.items()), *facts])
