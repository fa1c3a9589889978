"""Reader of the Actualmed COVID-19 Chest X-ray Dataset: both classes from Spain, metadata.csv beside images/.

https://github.com/agchung/Actualmed-COVID-chestxray-dataset, read at 27240dd. It has no licence but the sentence that it is
for research alone: do not pass the films on.

238 films of March and April 2020: 58 COVID-19 (26 AP, 32 PA), 127 "No finding" (4 AP, 123 PA), 53 inconclusive, whose finding
is empty. What a reader of its numbers should know:

- The label is a radiologist's reading of the film (negative, inconclusive, compatible with COVID-19), and no test of the virus: who has
  COVID-19 and a clean film stands among the negatives.
- View and machine tell the classes apart. The station named 1722810162 in the files' names took 103 negative and 23 COVID-19
  films, all PA but one; the station 1722810170 took 8 and 34. The kind `actualmed-room` keeps the PA films of the first alone.
- Of 4 patients (ANON58, ANON60, ANON96, ANON191) there are films of both labels, days apart. A manifest that excludes conflicts lists these.
- Age and sex are empty throughout.
"""

import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import listing, table
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

METADATA = "metadata.csv"
NEEDED = ("patientid", "finding", "view", "modality", "imagename", "notes")
NAME = re.compile(r"(CR|DX)\.1\.2\.840\.113564\.(?P<station>\d+)\.\d+\.\d+\.png")
"""A file's name: modality, the maker's root, the station, the time, the detector."""
ROOM = "1722810162"
URL = "https://github.com/agchung/Actualmed-COVID-chestxray-dataset"


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return listing.entry(root, METADATA).is_file() and any(listing.entry(root, "images").glob("*.1.2.840.113564.*.[pP][nN][gG]"))


def read(root: str | Path, name: str = "actualmed") -> list[Record]:
    """Records of Actualmed, one for each row of metadata.csv; inconclusive and other findings come back excluded.

    Raises BadInput: no metadata, a missing column.
    """
    path = listing.entry(Path(root), METADATA)
    if not path.is_file():
        raise BadInput(f"There is no {METADATA}.", root, f"give the folder that holds {METADATA} and images/, of {URL}")
    rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
    folder = listing.entry(Path(root), "images").name
    return table.once_each((number, _record(row, number, name, folder)) for number, row in rows)


def read_room(root: str | Path, name: str = "actualmed-room") -> list[Record]:
    """As `read`, with every film excluded that another station took, or that is not PA."""
    return [record.but(excluded=record.excluded or _elsewhere(record)) for record in read(root, name)]


def _elsewhere(record: Record) -> str:
    named = NAME.fullmatch(record.path.rpartition("/")[2])
    station = named["station"] if named else ""
    if station != ROOM:
        return f"station {station or 'not known'}: not the one room that is asked for"
    return "" if record.view == "PA" else f"view {record.view or 'not known'}: only PA is asked for"


def _record(row: table.Row, number: int, source: str, folder: str) -> Record:
    name, finding = row["imagename"], row["finding"]
    view, basis = words.view(row["view"], "Actualmed metadata")
    path, excluded = f"{source}/{folder}/{name}", table.leads_nowhere(number, name)
    if excluded:
        path = ""
    elif words.squeezed(row["modality"]) != "xray":
        excluded = f"modality {row['modality'] or 'not known'}"
    elif not words.label_of(finding):
        excluded = "finding inconclusive" if not finding else f"finding {finding}: neither normal nor COVID-19"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=path,
        source=source,
        label=words.label_of(finding),
        finding=finding or row["notes"].partition(",")[0],
        patient=f"{source}:{words.known(row['patientid']) or name}",
        modality=row["modality"],
        view=view,
        view_basis=basis,
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        taken=words.year_of(row.get("date", "")),
        case_url=URL,
        licence="unknown",
        credit="Actualmed; J. A. Heredia Álvaro and P. Agustí Ballester (Universitat Jaume I)",
        collected="imported",
        excluded=excluded,
    )
