"""Reader of a plain folder of films: covid/ and normal/ with files in them, and optionally films.csv beside them.

films.csv may have the columns file (`label/name`), patient, view, age, sex, licence, credit. A folder
without label folders is taken as normal films when its name says so (`nih_normal`).
"""

from pathlib import Path

from cxrkit.data.images import SUFFIXES
from cxrkit.data.records import LABELS, VIEWS, Record
from cxrkit.errors import BadInput
from cxrkit.files import read_csv_rows

TABLE = "films.csv"
COLUMNS = ("patient", "view", "age", "sex", "licence", "credit")


def read(root: str | Path, name: str = "folder") -> list[Record]:
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
    told = _told(root)
    records = []
    for label, folder in folders:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != TABLE:
                records.append(_record(path, path.relative_to(root).as_posix(), label, name, told))
    if not records:
        raise BadInput("The folder holds no file.", root, "put the films there")
    return records


def _record(path: Path, relative: str, label: str, name: str, told: dict[str, dict[str, str]]) -> Record:
    """told: {file: {column: value}} of films.csv."""
    facts = told.get(relative, {})
    patient = facts.get("patient") or path.stem.rpartition("_")[0] or path.stem
    return Record(
        image_id=f"{name}/{relative}",
        path=f"{name}/{relative}",
        source=name,
        label=label,
        finding=label,
        patient=f"{name}:{patient}",
        view=facts.get("view", ""),
        view_basis=TABLE if facts.get("view") else "",
        age=facts.get("age", ""),
        sex=facts.get("sex", ""),
        licence=facts.get("licence") or "unknown",
        credit=facts.get("credit", ""),
        collected="imported",
        excluded="" if path.suffix.lower() in SUFFIXES else f"no image type: {path.suffix or 'no suffix'}",
    )


def _told(root: Path) -> dict[str, dict[str, str]]:
    path = root / TABLE
    rows = read_csv_rows(path, "The table of films", "correct it or take it away") if path.exists() else []
    for number, row in enumerate(rows, start=2):
        if not row.get("file") or (row.get("view") or "") not in VIEWS:
            raise BadInput(
                "The row has no file, or a view that is not known.",
                f"{path}, row {number}",
                f"use one of: {', '.join(filter(None, VIEWS))}",
            )
    return {row["file"]: {column: (row.get(column) or "").strip() for column in COLUMNS} for row in rows}
