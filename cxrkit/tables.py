"""Tables as values, and two of their three layouts: text for a log, Markdown for a document (HTML: report/page.html)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import table as aligned

LONGEST = 300
"""Characters of other people's text that a cell of Markdown shows, and the last cell of a row in a log."""
LONGEST_IN_LOG = 80
"""And any other cell in a log, where it moves all that stand to its right."""
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f]")
"""Characters that are not seen, and turn the direction of what follows."""
NOTHING = "–"
MINUS = "\u2212"


@dataclass(frozen=True)
class Cell:
    """One cell. text: what is shown; value: what it is sorted by; low, high: the interval that is drawn; url: where it leads."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """title; number: aligned to the right; scale: (from, to) of the dots and whiskers, None where there are none."""

    title: str
    number: bool = False
    scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Table:
    """caption: what it shows, with n; note: what to know for reading it; the first cell of a row names the row."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    note: str = ""
    open: bool = True
    sortable: bool = True


def figure_text(figure: Figure, digits: int = 3) -> str:
    """`value [low, high]`, or a dash for what is not known."""
    if figure.value is None:
        return NOTHING
    if figure.low is None or figure.high is None:
        return number_text(figure.value, digits)
    return f"{number_text(figure.value, digits)} [{number_text(figure.low, digits)}, {number_text(figure.high, digits)}]"


def number_text(number: float, digits: int, sign: str = "") -> str:
    """A number with a true minus sign, and none before what is rounded to 0. sign: "+" writes that of a positive one, too."""
    rounded = round(number, digits) + 0.0
    return f"{rounded:{sign if rounded else ''}.{digits}f}".replace("-", MINUS)


def figure_cell(figure: Figure | None, digits: int = 3) -> Cell:
    """A Figure with its interval."""
    if figure is None or figure.value is None:
        return Cell(NOTHING)
    return Cell(figure_text(figure, digits), figure.value, figure.low, figure.high)


def points_cell(figure: Figure | None) -> Cell:
    """A difference between rates in percentage points, with its interval and sign."""
    if figure is None or figure.value is None:
        return Cell(NOTHING)
    low, high = (None if end is None else round(100 * end, 2) + 0.0 for end in (figure.low, figure.high))
    value = round(100 * figure.value, 2) + 0.0
    text = number_text(value, 2, "+") + (
        "" if low is None or high is None else f" [{number_text(low, 2, '+')}, {number_text(high, 2, '+')}]"
    )
    return Cell(text, value, low, high)


def number_cell(value: float | None, text: str = "") -> Cell:
    return Cell(NOTHING if value is None else (text or f"{value:,}").replace("-", MINUS), value)


def count_text(count: float) -> str:
    """A count, or a mean of counts with up to two decimals."""
    return f"{count:.2f}".rstrip("0").rstrip(".")


def p_text(p: float) -> str:
    """A p-value in the digits that it has: three below 0.1, else two."""
    return "< 0.001" if p < 0.0005 else f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def p_told(p: float) -> str:
    """The same within a sentence: `p = 0.18` or `p < 0.001`."""
    return f"p {p_text(p)}" if p < 0.0005 else f"p = {p_text(p)}"


def scale_of(
    rows: Iterable[Sequence[Cell]], index: int, floor: float | None = None, ceiling: float | None = None
) -> tuple[float, float] | None:
    """(from, to) that holds every interval of a column; None where there is nothing to draw."""
    ends = [end for row in rows for end in (row[index].value, row[index].low, row[index].high) if end is not None]
    if not ends:
        return None
    low, high = min(ends) if floor is None else floor, max(ends) if ceiling is None else ceiling
    return (min(low, min(ends)), max(high, max(ends))) if high > low else None


def as_text(table: Table) -> str:
    """The table for a log: its caption, then its rows aligned."""
    rows = [[*(_line(cell.text, LONGEST_IN_LOG) for cell in row[:-1]), _line(row[-1].text, LONGEST)] for row in table.rows]
    right = [column.title for column in table.columns if column.number]
    return f"{table.caption}\n{aligned(rows, [column.title for column in table.columns], right)}"


def as_markdown(table: Table) -> str:
    """The table in Markdown, with its caption above and its note below."""
    lines = [
        f"**{plain(table.caption)}**",
        "",
        "| " + " | ".join(plain(column.title) for column in table.columns) + " |",
        "|" + "|".join(" ---: " if column.number else " --- " for column in table.columns) + "|",
        *("| " + " | ".join(plain(cell.text) for cell in row) + " |" for row in table.rows),
    ]
    return "\n".join([*lines, "", plain(table.note, 2000)] if table.note else lines)


def plain(text: object, most: int = LONGEST) -> str:
    """Other people's text as one line of Markdown that means only itself."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", _line(str(text), most)).replace("<", "&lt;").replace(">", "&gt;")


def _line(text: str, most: int) -> str:
    """The text on one line, without unseen characters, and cut, visibly, where it is longer than `most`."""
    line = " ".join(UNSEEN.sub("", text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
