"""Reader of the COVID-19 Image Repository of Hannover Medical School: positives alone, data.csv beside png/.

Winther et al. 2020, https://doi.org/10.6084/m9.figshare.12275009; https://github.com/ml-workgroup/covid-19-image-repository,
read at ad7ab09. CC BY 3.0.

243 films of 71 patients (24 women, 47 men), all with COVID-19; 194 AP, 49 PA. What a reader of its numbers should know:

- There is no negative film: with negatives from elsewhere the hospital alone tells the classes apart. It can be asked for
  sensitivity, and for nothing else.
- One patient has 22 films: weigh patients, not films.
- Part of it is in other collections: 92 rows of ieee8023's metadata of June 2020, and 183 films of the Radiography database.
- Age, size and weight are withheld by the authors.
"""

from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import listing, table
from cxrkit.data.records import POSITIVE, Record
from cxrkit.errors import BadInput

METADATA = "data.csv"
NEEDED = ("patient_id", "image_id", "sex", "modality", "projection")
FILMS = ("CR", "DX")
SEXES = {"m": "M", "f": "F", "w": "F"}
"""Its readme says m/w, its table m/f."""
URL = "https://github.com/ml-workgroup/covid-19-image-repository"


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return listing.entry(root, METADATA).is_file() and listing.entry(root, "png").is_dir()


def read(root: str | Path, name: str = "hannover") -> list[Record]:
    """Records of the Hannover set, one for each row of data.csv. Raises BadInput: no metadata, a missing column."""
    path = listing.entry(Path(root), METADATA)
    if not path.is_file():
        raise BadInput(f"There is no {METADATA}.", root, f"give the folder that holds {METADATA} and png/, of {URL}")
    rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
    folder = listing.entry(Path(root), "png").name
    return table.once_each((number, _record(row, number, name, folder)) for number, row in rows)


def _record(row: table.Row, number: int, source: str, folder: str) -> Record:
    key, modality = row["image_id"], row["modality"].upper()
    view, basis = words.view(row["projection"], "Hannover data.csv")
    excluded = table.leads_nowhere(number, key)
    path = "" if excluded else f"{source}/{folder}/{key}.png"
    if not excluded and modality not in FILMS:
        excluded = f"modality {modality or 'not known'}"
    return Record(
        image_id=f"{source}/{key or f'row{number}'}",
        path=path,
        source=source,
        label=POSITIVE,
        finding="COVID-19",
        patient=f"{source}:{words.known(row['patient_id']) or key}",
        modality="X-ray" if modality in FILMS else modality,
        view=view,
        view_basis=basis,
        age=row.get("age", ""),
        sex=SEXES.get(row["sex"].lower(), ""),
        case_url=URL,
        licence="CC BY 3.0",
        credit="Winther et al., COVID-19 Image Repository, Hannover Medical School, doi:10.6084/m9.figshare.12275009",
        collected="imported",
        excluded=excluded,
    )
