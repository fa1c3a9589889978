"""A plain folder of films: covid/ and normal/ with files in them, and optionally films.csv beside them.

films.csv may have the columns file (`label/name`), patient, view, age, sex, licence, credit. A folder
without label folders is taken as normal films when its name says so (`nih_normal`).
"""

import csv
from pathlib import Path

from cxrkit.data.records import LABELS, VIEWS, Record
from cxrkit.data.tree import SUFFIXES
from cxrkit.errors import BadInput

FACTS = "films.csv"
COLUMNS = ("patient", "view", "age", "sex", "licence", "credit")


def read(root, name="folder"):
    """Records of a plain folder. Files of no image type are listed as excluded.

    Without a patient column a file's name up to its last "_" is its patient (NIH's `00001803_001`), else the
    whole name. Raises BadInput: no folder, no label in it, an unknown view in films.csv.
    """
    root = Path(root)
    if not root.is_dir():
        raise BadInput("There is no such data folder.", root, "give a folder with covid/ and normal/ in it")
    folders = [(label, root / label) for label in LABELS if (root / label).is_dir()]
    if not folders:
        folders = [(label, root) for label in LABELS if label in root.name.lower()]
    if not folders:
        raise BadInput(
            f"The folder has neither {' nor '.join(label + '/' for label in LABELS)}.", root, "sort the films into these folders"
        )
    known = _facts(root)
    found = []
    for label, folder in folders:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != FACTS:
                found.append(_record(path, path.relative_to(root).as_posix(), label, name, known))
    if not found:
        raise BadInput("The folder holds no file.", root, "put the films there")
    return found


def _record(path, relative, label, name, known):
    facts = known.get(relative, {})
    patient = facts.get("patient") or path.stem.rpartition("_")[0] or path.stem
    return Record(
        image_id=f"{name}/{relative}",
        path=f"{name}/{relative}",
        source=name,
        label=label,
        finding=label,
        patient=f"{name}:{patient}",
        view=facts.get("view", ""),
        view_basis=FACTS if facts.get("view") else "",
        age=facts.get("age", ""),
        sex=facts.get("sex", ""),
        licence=facts.get("licence") or "unknown",
        credit=facts.get("credit", ""),
        collected="imported",
        excluded="" if path.suffix.lower() in SUFFIXES else f"no image type: {path.suffix or 'no suffix'}",
    )


def _facts(root):
    path = root / FACTS
    if not path.exists():
        return {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The file is no readable CSV: {error}.", path, "correct it or take it away") from error
    for number, row in enumerate(rows, start=2):
        if not row.get("file") or (row.get("view") or "") not in VIEWS:
            raise BadInput(
                "The row has no file, or a view that is not known.",
                f"{path}, row {number}",
                f"use one of: {', '.join(filter(None, VIEWS))}",
            )
    return {row["file"]: {column: (row.get(column) or "").strip() for column in COLUMNS} for row in rows}
