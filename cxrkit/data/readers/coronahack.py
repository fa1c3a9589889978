"""Reader of CoronaHack: Kaggle's praveengovi/coronahack-chest-xraydataset.

5,910 rows: 1,576 normal films (1,342 TRAIN, 234 TEST), 58 COVID-19 films (all TRAIN), 4,276 of other
pneumonia. What a reader of its numbers should know:

- The normals are Kermany's children of one to five years from one hospital (CC BY 4.0,
  https://doi.org/10.17632/rscbjbr9sj.2); the COVID-19 films are adults from many sources, taken from
  ieee8023/covid-chestxray-dataset in March 2020. Age and hospital separate the classes.
- 34 of the 58 COVID-19 films are SIRM's, and one "Normal" is the film of a SIRM COVID-19 patient.
- 23 CT slices lie in train/ without a row, so the folder must be read by its metadata, never walked.
- The metadata spells "Pnemonia", and puts Label_2 before Label_1.
"""

import os
import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import listing, table
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

METADATA = "Chest_xray_Corona_Metadata.csv"
PHANTOM_MARKER = "PHANTOMS.txt"
FOLDER = "Coronahack-Chest-XRay-Dataset"
DATASET_URL = "https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset"
COLUMNS = ("X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category")

LATERALS = ("35AF5C3B", "44C8E3D6", "4C4DEFD8", "D5ACAA93")
"""First parts of the names of the four COVID-19 films that are laterals, as ieee8023's metadata says."""

KERMANY = re.compile(r"(?P<patient>(NORMAL2-)?IM-\d+|person\d+_(virus|bacteria))[-_]")
ARTICLE = re.compile(r"1-s2\.0-S\d+|kjr-\d+-e\d+|jkms-\d+-e\d+|\d{5}_\d{4}_\d+_Fig\d+|gr\d+_lrg|all\d+-fig-\d+")
SERIES_END = re.compile(r"([-_. ]?day[-_ ]?\d+|-[a-d]\d?|-\d{1,2})$")


def read(root: str | Path, name: str = "coronahack") -> list[Record]:
    """Records of a CoronaHack folder, one for each row of its metadata.

    root: the folder that holds Chest_xray_Corona_Metadata.csv. Pictures are looked for in the nested, the
    single and the flat layout. Rows of other findings, and rows whose name is no plain file name, come
    back excluded with the reason; whether files exist and can be read is not looked at here.

    Raises BadInput: no such folder, no metadata, a missing column, or the altered copy of the dataset.
    """
    root = Path(root)
    rows = _rows(root)
    folder = _picture_folder(root)
    drawn = (root / PHANTOM_MARKER).exists()
    source = "phantom" if drawn else name
    records = table.once_each((number, _record(row, number, source, folder.relative_to(root).as_posix(), name)) for number, row in rows)
    if drawn:
        unowned = {"collected": "drawn", "licence": "CC0-1.0", "credit": "cxrkit phantom, no patient", "case_url": "", "age": ""}
        records = [record.but(**unowned) for record in records]
    return records


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return (root / METADATA).is_file()


def films_in(root: Path) -> int:
    """How many of the pictures that a folder's metadata names are there; 0 for a folder that `read` refuses. Nothing is decoded."""
    try:
        names = {row["X_ray_image_name"] for _, row in _rows(root)}
        folder = _picture_folder(root)
    except BadInput:
        return 0
    there: set[str] = set()
    for kind in ("train", "test"):
        there |= set(os.listdir(folder / kind)) if (folder / kind).is_dir() else set()
    return len(names & there)


def require(root: Path) -> None:
    """Raise BadInput where no CoronaHack folder is there. Only its metadata is looked for."""
    path = root / METADATA
    listing.require_folder(root, "give the folder that holds " + METADATA)
    if not path.is_file():
        there = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
        raise BadInput(
            f"The folder holds no {METADATA}; it holds: {there}.",
            root,
            f"download the dataset ({DATASET_URL}) or name the folder it was unpacked into",
        )


def _rows(root: Path) -> list[tuple[int, table.Row]]:
    require(root)
    path = root / METADATA
    rows = table.rows_of(path, COLUMNS, "use the original metadata file of the dataset")
    altered = sum(bool(re.fullmatch(r"COVID19_\d+\.jpg", row["X_ray_image_name"])) for _, row in rows)
    if altered:
        raise BadInput(
            f"This is an altered copy of CoronaHack: {altered} rows named COVID19_<n>.jpg are not in the original.",
            path,
            f"use the original: {DATASET_URL}",
        )
    return rows


def _picture_folder(root: Path) -> Path:
    for folder in (root / FOLDER / FOLDER, root / FOLDER, root):
        if (folder / "train").is_dir() or (folder / "test").is_dir():
            return folder
    raise BadInput(
        "The folder has the metadata but no train/ and test/ folders with pictures.",
        root,
        f"unpack the whole archive, so that {FOLDER}/{FOLDER}/train lies beside {METADATA}",
    )


def _record(row: table.Row, number: int, source: str, folder: str, root_name: str) -> Record:
    name, label, kind, virus, category = (row[column] for column in COLUMNS)
    kind = kind.upper()
    finding = "/".join(part for part in (label, category, virus) if part)
    kermany = KERMANY.match(name)
    view, basis = _view(name, kermany)
    path = f"{root_name}/{folder}/{kind.lower()}/{name}".replace("/./", "/")
    excluded = table.leads_nowhere(number, name)
    if excluded:
        path = ""
    elif kind not in ("TRAIN", "TEST"):
        path, excluded = "", f"row {number} of the metadata has the Dataset_type {row['Dataset_type']!r}"
    elif not words.label_of(finding):
        excluded = f"finding {finding or 'empty'}: neither normal nor COVID-19"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=path,
        source=source,
        label=words.label_of(finding),
        finding=finding,
        patient=f"{source}:{patient_of(name)}" if name else "",
        view=view,
        view_basis=basis,
        age="1-5" if kermany else "",
        case_url=DATASET_URL,
        licence="CC BY 4.0" if kermany else "unknown",
        credit="Kermany, Zhang, Goldbaum (2018), doi:10.17632/rscbjbr9sj.2"
        if kermany
        else "CoronaHack, from ieee8023/covid-chestxray-dataset",
        collected="kaggle",
        published_split={"TRAIN": "train", "TEST": "test"}.get(kind, ""),
        excluded=excluded,
    )


def patient_of(name: str) -> str:
    """The patient key that a CoronaHack file name carries.

    Kermany's names hold it. The adult films' names do not, so films of one article or one series are
    taken for one patient: too large a group costs a little data, too small a one leaks.
    """
    kermany = KERMANY.match(name)
    if kermany:
        return kermany["patient"]
    article = ARTICLE.match(name)
    if article:
        return article[0]
    stem = name.rsplit(".", 1)[0]
    return SERIES_END.sub("", SERIES_END.sub("", stem)) or stem


def _view(name: str, kermany: re.Match[str] | None) -> tuple[str, str]:
    if name.startswith(LATERALS):
        return "lateral", "ieee8023 metadata of 2020-03-17"
    if kermany:
        return "AP", "Kermany 2018: antero-posterior films of children"
    return "", ""
