"""Spreadsheets (.xlsx) as rows of text: as much of Office Open XML (ECMA-376) as a plain table on one sheet needs.

Data sets come with such tables, and nothing else in the kit needs a library for them. Formulas, dates and formats are not read.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from cxrkit.errors import BadInput

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STRINGS, SHEET = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
LARGEST = 64 << 20
"""Bytes of one unpacked part: the largest known table has a hundredth of it, and a packed bomb more."""
DAMAGE = (OSError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, LookupError, NotImplementedError)


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of the first sheet below its header, each {column title: text}; cells without a title are left out.

    Raises BadInput for a file that is no spreadsheet or is damaged.
    """
    try:
        with zipfile.ZipFile(path) as packed:
            strings = _strings(packed) if STRINGS in packed.namelist() else []
            rows = list(_rows(_parsed(packed, SHEET), strings))
    except DAMAGE as error:
        raise BadInput(f"The spreadsheet cannot be read: {error}.", path, "download the file again") from error
    titles = rows[0] if rows else {}
    return [{titles[column]: text for column, text in row.items() if titles.get(column)} for row in rows[1:]]


def _parsed(packed: zipfile.ZipFile, name: str) -> ElementTree.Element:
    if packed.getinfo(name).file_size > LARGEST:
        raise ValueError(f"{name} is larger than {LARGEST >> 20} MiB")
    text = packed.read(name)
    if b"<!DOCTYPE" in text:
        raise ValueError(f"{name} declares entities, which no spreadsheet does")
    return ElementTree.fromstring(text)


def _strings(packed: zipfile.ZipFile) -> list[str]:
    """The texts that cells point to; one text may come in several runs."""
    return ["".join(run.text or "" for run in item.iter(f"{SPACE}t")) for item in _parsed(packed, STRINGS)]


def _rows(sheet: ElementTree.Element, strings: list[str]) -> Iterator[dict[str, str]]:
    """Each row as {column letters: text}."""
    for row in sheet.iter(f"{SPACE}row"):
        yield {re.sub(r"\d", "", cell.get("r", "")): _text(cell, strings).strip() for cell in row.iter(f"{SPACE}c")}


def _text(cell: ElementTree.Element, strings: list[str]) -> str:
    if cell.get("t") == "inlineStr":
        return "".join(run.text or "" for run in cell.iter(f"{SPACE}t"))
    value = cell.findtext(f"{SPACE}v") or ""
    return strings[int(value)] if cell.get("t") == "s" and value else value
