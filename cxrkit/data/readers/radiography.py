"""Reader of the COVID-19 Radiography Database: Kaggle's tawsifurrahman/covid19-radiography-database.

Chowdhury et al. 2020, IEEE Access 8:132665; Rahman et al. 2021, https://doi.org/10.1016/j.compbiomed.2021.104319. No licence
holds for all: the films are other collections', under their terms.

Folders COVID/, Normal/, Lung_Opacity/ and "Viral Pneumonia"/, each with images/ and masks/ (early versions: the films themselves),
and beside them COVID.metadata.xlsx and so on, with the columns FILE NAME, FORMAT, SIZE, URL. 299 x 299 PNG, all re-encoded.
3,616 COVID-19: 2,473 from BIMCV and PadChest's publishers, 183 of Hannover, 559 of SIRM, ieee8023, Eurorad and others, 400 of
COVID-CXNet. 10,192 normal: 8,851 of RSNA, 1,341 of Kermany's children. Counts and layout are those that copies and others' code
give; the data set itself was not at hand. What a reader of its numbers should know:

- Not one source has both classes: source and label are the same thing here, and a high score shows nothing.
- Normal-63 to Normal-1403 are Kermany's children of one to five years, the very films that CoronaHack calls normal. They are left out,
  by name, since a re-encoded copy cannot be told by its bytes where the run's own films are not at hand.
- Among the COVID-19 films are 42 of Hannover's that other rows have too, and films of SIRM and ieee8023, which a run may have trained
  on: the copy search finds those that its films show.
- Whose a film is was lost when it was collected. BIMCV has several films a patient, so that intervals here are too narrow.
"""

import re
from pathlib import Path

from cxrkit import spreadsheet
from cxrkit.data import images
from cxrkit.data.readers import listing
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

FOLDERS = {"COVID": POSITIVE, "Normal": NEGATIVE, "Lung_Opacity": "", "Viral Pneumonia": ""}
NESTED = "COVID-19_Radiography_Dataset"
URL = "https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database"
CREDIT = "COVID-19 Radiography Database, Chowdhury et al. (2020), Rahman et al. (2021)"

ORIGINS = {
    "bimcv": "bimcv",
    "ml-workgroup": "hannover",
    "ml_workgroup": "hannover",
    "armiro": "cxnet",
    "ieee8023": "ieee8023",
    "eurorad": "eurorad",
    "sirm.org": "sirm",
    "rsna": "rsna",
    "paultimothymooney": "kermany",
    "figshare": "figshare",
}
"""What is in the URL of a row: the name of the source that it means. The first that fits counts."""

NUMBERED = re.compile(r"[A-Za-z_ ]+?[- ]?\(?(\d+)\)?")
CHILDREN = range(63, 1404)


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    there = all(listing.entry(root, folder).is_dir() for folder in ("COVID", "Normal"))
    return there and listing.entry(root, "COVID.metadata.xlsx").is_file()


def read(root: str | Path, name: str = "radiography") -> list[Record]:
    """Records of the Radiography database, one for each file of its four folders, and one for each row that names none.

    The source of a film is `name` and where its row says that it is from, as radiography-bimcv, or `name` alone where no
    row does. Masks are no films and are not listed. Raises BadInput: no such folders, no file, a damaged spreadsheet.
    """
    root = Path(root)
    home = root / NESTED if listing.entry(root / NESTED, "COVID").is_dir() else root
    if not all(listing.entry(home, folder).is_dir() for folder in ("COVID", "Normal")):
        raise BadInput("The folder has no COVID/ and Normal/.", root, f"unpack {URL} and name the folder that holds them")
    records = []
    for folder in FOLDERS:
        if listing.entry(home, folder).is_dir():
            records += _records(home, folder, name, Path(name) / home.relative_to(root))
    if not any(record.path for record in records):
        raise BadInput("The folders hold no file.", home, "unpack the archive again")
    return records


def _records(home: Path, folder: str, name: str, base: Path) -> list[Record]:
    place_of = listing.entry(home, folder)
    films = listing.entry(place_of, "images") if listing.entry(place_of, "images").is_dir() else place_of
    rows = _rows(listing.entry(home, f"{folder}.metadata.xlsx"))
    urls, records, there = {}, [], set()
    lost = Record("", "", name, FOLDERS[folder], folder, licence="unknown", credit=CREDIT, collected="kaggle")
    for number, row in enumerate(rows, start=2):
        key, url = _key(row.get("FILE NAME", "")), row.get("URL", "")
        if not key or key in urls:
            why = f"row {number} of {folder}.metadata.xlsx names {'a film again' if key else 'no film'}"
            records.append(lost.but(image_id=f"{name}/{folder}.metadata.xlsx#row{number}", case_url=url, excluded=why))
        else:
            urls[key] = url
    for film in listing.below(films):
        there.add(_key(film.file.name))
        place = (base / films.relative_to(home) / film.path).as_posix()
        records.append(_record(film, folder, name, place, urls.get(_key(film.file.name), "")))
    why = f"{folder}.metadata.xlsx names it, and there is no such file"
    absent = [lost.but(image_id=f"{name}/{folder}/{key}", case_url=url, excluded=why) for key, url in urls.items() if key not in there]
    return records + absent


def _rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table; none where there is no such file."""
    rows = spreadsheet.rows_of(path) if path.exists() else []
    lacking = {"FILE NAME", "URL"} - {title for row in rows for title in row}
    if rows and lacking:
        raise BadInput(
            f"The table lacks the column{'s' * (len(lacking) != 1)} {', '.join(sorted(lacking))}.",
            path,
            f"use the data set's own file: {URL}",
        )
    return rows


def _key(name: str) -> str:
    """The number in a name, for tables write NORMAL-1 or "COVID 1" where the file is called Normal-1.png or "COVID (1)".

    The (1) of a copy is left aside: "Normal-63 (1)" is number 63.
    """
    stem = name.rpartition(".")[0] if name.lower().endswith(images.SUFFIXES) else name
    numbered = NUMBERED.fullmatch(re.sub(r"(?<=\d)[ _]*\(\d+\)$", "", stem))
    return str(int(numbered[1])) if numbered else stem.casefold()


def _record(film: listing.Found, folder: str, name: str, place: str, url: str) -> Record:
    key, label = _key(film.file.name), FOLDERS[folder]
    child = folder == "Normal" and key.isdigit() and int(key) in CHILDREN
    origin = next((origin for part, origin in ORIGINS.items() if part in url.lower()), "kermany" if child else "")
    source = f"{name}-{origin}" if origin else name
    excluded, _ = film.looked_into()
    if not excluded and not label:
        excluded = f"finding {folder}: neither normal nor COVID-19"
    elif not excluded and (child or origin == "kermany"):
        excluded = "a child of one to five years (Kermany), and a film of CoronaHack's"
    return Record(
        image_id=f"{source}/{folder}/{film.path}",
        path=place,
        source=source,
        label=label,
        finding=folder,
        patient=f"{source}:{folder}/{film.path.rpartition('.')[0] or film.path}",
        age="1-5" if child or origin == "kermany" else "",
        case_url=url or URL,
        licence="unknown",
        credit=CREDIT,
        collected="kaggle",
        excluded=excluded,
    )
