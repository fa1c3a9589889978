"""Reader of NIH ChestX-ray14: adults without a finding, as negatives; Data_Entry_2017.csv beside the films.

Wang et al. 2017, CVPR, https://arxiv.org/abs/1705.02315; https://nihcc.app.box.com/v/ChestXray-NIHCC. Free to use; NIH asks to be
named as the provider, with a link, and for the citation.

112,120 films of 30,805 patients of one hospital, 1992 to 2015; 60,361 "No Finding". Counts and layout are those that copies and
others' code give; the data set itself was not at hand. What a reader of its numbers should know:

- There is no COVID-19: with positives from elsewhere the hospital alone tells the classes apart. It can be asked for specificity.
- "No Finding" was read from reports by a program: none of fourteen findings was named. It is not the same as healthy.
- Ages reach 414: those above 110 count as not known. Films of patients under 18 are left out.
- RSNA's challenge was made of these films, and so is much of what other collections call normal.
- Films of one patient run from follow-up 0 to 183: weigh patients, not films.
"""

from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import listing, table
from cxrkit.data.records import ADULT, NEGATIVE, Record
from cxrkit.errors import BadInput

TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv")
"""The table of the second and of the first edition, and of Kaggle's sample of 5,606 films."""
NEEDED = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
FOLDERS = ("images", "images_*/images", "images_*", "sample/images")
OLDEST = 110
NO_FINDING = "no finding"
URL = "https://nihcc.app.box.com/v/ChestXray-NIHCC"


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return any(listing.entry(root, name).is_file() for name in TABLES)


def read(root: str | Path, name: str = "nih") -> list[Record]:
    """Records of NIH ChestX-ray14, one for each row of its table; films with a finding, of children, and absent ones are excluded.

    The films lie in images/, or in the images_001/images/ to images_012/images/ of Kaggle's copy. Raises BadInput: no table,
    a missing column.
    """
    root = Path(root)
    path = next((place for name in TABLES if (place := listing.entry(root, name)).is_file()), None)
    if path is None:
        raise BadInput(f"There is none of {', '.join(TABLES)}.", root, f"give the folder that holds one of them and the films, of {URL}")
    rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
    folders = [folder for pattern in FOLDERS for folder in sorted(root.glob(pattern)) if folder.is_dir()]
    place_of = {film.name: film.relative_to(root).as_posix() for folder in folders for film in folder.iterdir() if film.is_file()}
    for film, place in list(place_of.items()):
        place_of.setdefault(film.casefold(), place)  # a row may differ in case from its file
    return table.once_each((number, _record(row, number, name, place_of)) for number, row in rows)


def _record(row: table.Row, number: int, source: str, place_of: dict[str, str]) -> Record:
    name, finding = row["Image Index"], row["Finding Labels"]
    view, basis = words.view(row["View Position"], "NIH metadata")
    years, place = _years(row["Patient Age"]), place_of.get(name) or place_of.get(name.casefold(), "")
    nothing = finding.casefold() == NO_FINDING
    excluded = table.leads_nowhere(number, name)
    if not excluded and not nothing:
        excluded = "a finding: neither normal nor COVID-19"
    elif not excluded and years is not None and years < ADULT:
        excluded = f"a patient under {ADULT} years"
    elif not excluded and not place:
        excluded = "the film is not in this folder"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=f"{source}/{place}" if place else "",
        source=source,
        label=NEGATIVE if nothing else "",
        finding=finding,
        patient=f"{source}:{words.known(row['Patient ID']) or name}",
        view=view,
        view_basis=basis,
        age="" if years is None else str(years),
        sex=row.get("Patient Gender") or row.get("Patient Sex") or "",
        case_url=URL,
        licence="NIH: open, with credit",
        credit="NIH Clinical Center; Wang et al. (2017), arXiv:1705.02315",
        collected="imported",
        excluded=excluded,
    )


def _years(text: str) -> int | None:
    """Whole years from "58" or from the first edition's "058Y"; 0 for months and days, None for what no person reaches."""
    digits = text.removesuffix("Y")
    if text.endswith(("M", "D")) and text[:-1].isdigit():
        return 0
    return int(digits) if digits.isdigit() and int(digits) <= OLDEST else None
