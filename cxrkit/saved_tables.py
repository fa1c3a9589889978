"""Tables as people save them: CSV with whatever parts its cells, in whatever encoding, and spreadsheets."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cxrkit import spreadsheet
from cxrkit.errors import BadInput
from cxrkit.files import AGAIN, reading

NAMED = {";": "semicolons", "\t": "tabs", "|": "bars"}


def read_csv_rows(
    path: str | Path,
    what: str = "The file",
    next: str = AGAIN,
    absent: str | None = None,
    columns: Sequence[str] = (),
) -> list[dict[str, str]]:
    """The rows of a table as people save them, each {column: text}, as csv.DictReader gives them: see `read_table`.

    what, next, absent: see `reading`. columns: those that the file must have, even where it has no row. Raises BadInput.
    """
    header, rows, _ = read_table(path, what, next, absent)
    lacking = [column for column in columns if column not in header]
    if lacking:
        raise BadInput(
            f"{what} lacks the column{'s' * (len(lacking) != 1)} {', '.join(lacking)}; it has: {', '.join(header) or 'none'}.", path, next
        )
    return rows


def read_table(path: str | Path, what: str, next: str, absent: str | None = None) -> tuple[list[str], list[dict[str, str]], str]:
    """(columns, rows, what it was taken for, empty for CSV in UTF-8) of a table that a person or a program saved.

    Read are CSV with commas, semicolons, tabs or bars, in UTF-8 or UTF-16 with or without a byte-order mark, else in
    Windows-1252; and .xlsx, whatever the file is called. Of columns of one name the first counts. Raises BadInput.
    """
    with reading(path, what, next, absent):
        raw = Path(path).read_bytes()
        if raw.startswith(b"PK\x03\x04"):
            rows = spreadsheet.rows_of(Path(path))
            titles = list(dict.fromkeys(title for row in rows for title in row))
            return titles, [{title: row.get(title, "") for title in titles} for row in rows], "a spreadsheet (.xlsx)"
        if raw.startswith(b"\xd0\xcf\x11\xe0"):
            raise BadInput(f"{what} is a spreadsheet of the old kind (.xls).", path, "save it as CSV or .xlsx")
        text, encoding = decoded(raw)
        if any(ord(sign) < 32 and sign not in "\t\n\r\f\x1a" for sign in text[:4096]):
            raise BadInput(f"{what} is no table: it holds signs that no text has.", path, next)
        first, _, rest = text.partition("\n")
        stated = re.fullmatch(r"sep=(.)\r?", first)  # how Excel says it
        text = rest if stated else text
        delimiter = stated[1] if stated else _delimiter(text)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        header: list[str] = _first(lines)
        wanted = {name: place for place, name in reversed(list(enumerate(header)))}
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        rows = []
        for row, cells in zip(reader, (cells for cells in lines if cells)):
            rows.append(row | {name: cells[place] for name, place in wanted.items() if place < len(cells)})
    twice = sorted({name for name in header if name and header.count(name) > 1})
    said = [encoding, {",": ""}.get(delimiter, f"cells parted by {NAMED.get(delimiter, delimiter)}")]
    said += [f"two columns {name}, of which the first counts" for name in twice]
    return header, rows, ", ".join(filter(None, said))


def _first(lines: Iterator[list[str]]) -> list[str]:
    return next(lines, [])


def _delimiter(text: str) -> str:
    """The sign that parts the header into most cells, signs within quotes left aside."""
    first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
    return max(",;\t|", key=first.count)


def decoded(raw: bytes) -> tuple[str, str]:
    """(text, its encoding where that is not UTF-8) of a text file's bytes, without a byte-order mark."""
    even, odd = raw[:200:2].count(0), raw[1:200:2].count(0)
    if raw[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return raw.decode("utf-32"), "UTF-32"
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16"), "UTF-16"
    if max(even, odd) > len(raw[:200]) // 5:
        return raw.decode("utf-16-be" if even > odd else "utf-16-le"), "UTF-16"
    try:
        return raw.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace"), "Windows-1252"
