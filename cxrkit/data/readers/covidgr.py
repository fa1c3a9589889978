"""Reader of COVIDGR-1.0: both classes from one hospital, one view and one kind of equipment.

Tabik et al. 2020, https://arxiv.org/abs/2006.01409. Hospital Universitario San Cecilio, Granada; release
1.0 of https://github.com/ari-dasci/OD-covidgr. The repository has no licence: cite, and do not pass the films on.

852 films, all PA: 426 positive by RT-PCR within 24 hours of the film (190 women, 236 men; 76 Normal-PCR+, 100 mild,
171 moderate, 79 severe), 426 negative (239 women, 187 men). Folders P/ and N/, and severity.csv with the columns Name and
Severity: the layout as others' code reads it, for the release itself was not at hand. What a reader of its numbers should know:

- Normal-PCR+ films show nothing that a radiologist sees. No network should find them, and one that does is worth a question.
- The grades count 426, and severity.csv has been reported to lack one of the films of P/; such a film has no grade here.
- No table says whose a film is, nor age or sex: each film is taken for one patient's, which the publication suggests.
- Earlier copies have 754 films, of the version before the release.
"""

from pathlib import Path

from cxrkit.data import images
from cxrkit.data.readers import listing, table
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

TABLE = "severity.csv"
NEEDED = ("Name", "Severity")
FOLDERS = {"P": POSITIVE, "N": NEGATIVE}
GRADES = ("NORMAL-PCR+", "MILD", "MODERATE", "SEVERE")
NESTED = "COVIDGR_1.0"
"""The folder in which the release's archive has everything."""
URL = "https://github.com/ari-dasci/OD-covidgr"
CREDIT = "COVIDGR-1.0, Tabik et al. (2020), arXiv:2006.01409"


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return all(listing.entry(root, folder).is_dir() for folder in FOLDERS) and listing.entry(root, TABLE).is_file()


def read(root: str | Path, name: str = "covidgr") -> list[Record]:
    """Records of COVIDGR, one for each file of P/ and N/, and one for each row of severity.csv that names none.

    root: the folder of P/ and N/, or the one around it. `finding` is the folder and the grade, as P/MILD; rows that name no
    film of P/, and grades that are not the data set's, are said in `excluded`. Without severity.csv the films have no grade.
    Raises BadInput: no folder, no film in it, a severity.csv without its columns.
    """
    root = Path(root)
    home = root / NESTED if listing.entry(root / NESTED, "P").is_dir() else root
    place_of = {folder: listing.entry(home, folder) for folder in FOLDERS}
    if not all(place.is_dir() for place in place_of.values()):
        raise BadInput("The folder has no P/ and N/.", root, f"unpack the release of {URL} and name the folder that holds P/ and N/")
    base = Path(name) / home.relative_to(root)
    severities = listing.entry(home, TABLE)
    rows = table.rows_of(severities, NEEDED, f"use the release's own file: {URL}") if severities.exists() else []
    grades: dict[str, tuple[int, table.Row]] = {}
    records, graded = [], set()
    for number, row in rows:
        if grades.setdefault(_key(row["Name"]), (number, row))[0] != number:
            records.append(_without_film(name, number, row, "names a film again"))
    for folder, there in place_of.items():
        for film in listing.below(home, there.name):
            key = _key(film.file.name) if folder == "P" else ""
            graded.add(key)
            row = grades.get(key, (0, {}))[1] if key else {}
            records.append(_record(film, folder, name, (base / film.path).as_posix(), row.get("Severity", "")))
    if not any(record.path for record in records):
        raise BadInput("P/ and N/ hold no file.", home, "unpack the release again")
    alone = [row for key, row in grades.items() if key not in graded or not key]
    return records + [_without_film(name, number, row, "names no film of P/") for number, row in alone]


def _stem(name: str) -> str:
    """A name without the suffix of an image."""
    return name.rpartition(".")[0] if name.lower().endswith(images.SUFFIXES) else name


def _key(name: str) -> str:
    """By what a row and a film are matched: case and suffix may differ."""
    return _stem(name).casefold()


def _record(film: listing.Found, folder: str, source: str, place: str, severity: str) -> Record:
    inside, grade = film.path.partition("/")[2], severity.upper()
    excluded, _ = film.looked_into()
    if grade and grade not in GRADES:
        excluded = excluded or f"{TABLE} has the unknown grade {severity!r}"
    return Record(
        image_id=f"{source}/{film.path}",
        path=place,
        source=source,
        label=FOLDERS[folder],
        finding=f"{folder}/{grade}" if grade else folder,
        patient=f"{source}:{folder}/{_stem(inside)}",
        view="PA",
        view_basis="COVIDGR: only PA films were taken",
        case_url=URL,
        licence="unknown",
        credit=CREDIT,
        collected="imported",
        excluded=excluded,
    )


def _without_film(source: str, number: int, row: table.Row, what: str) -> Record:
    return Record(
        image_id=f"{source}/{TABLE}#row{number}",
        path="",
        source=source,
        label=POSITIVE,
        finding=f"P/{row['Severity'].upper()}",
        licence="unknown",
        credit=CREDIT,
        collected="imported",
        excluded=f"row {number} of the metadata {what}: {row['Name']!r}",
    )
