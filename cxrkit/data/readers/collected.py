"""Collected films: the typed contents of `record.json`, and the reader that turns a store of them into records.

A store has a folder for each case, `<site>/<case>/`, with `record.json` and the case's pictures. The scrapers
write it; whatever reads or writes a key of that file does so through the dataclasses below, whose fields are
its keys. Empty text, None and an empty list mean "not known": every key is always there.

One store holds several sites, so the source of a film is its site. A picture is used only when a field of its
site, words beside it, or a person says that it is an X-ray: a guess is not enough, for the others may be CT
slices. COVID-19 is the diagnosis of the case and not a visible finding; some of these films were read as negative.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args, get_origin, get_type_hints

from cxrkit.data import words
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import read_json, reading

FORMAT = 1
"""The version of the file's format. It stands in the file as `format`, before the fields of CaseRecord."""

XRAY, CT = "X-ray", "CT"

EXACT, STATED, GUESSED, REVIEWED = "exact", "stated", "guessed", "reviewed"
"""How sure a modality is: a field of the site names it; words beside the picture name it; weaker words hint at
it; a person decided it. Empty: nothing names it."""
DECIDED = (EXACT, STATED, REVIEWED)

CRAWL, SAVED = "crawl", "saved"
"""How a page or a picture came: requested from the site, or saved by a person."""

PRESENT, GONE = "present", "gone"

RESTORE = "restore it from a backup, or move its folder away and refresh again"


@dataclass(frozen=True)
class Fact:
    """A value, and the place or the words from which it was read. False while the value is not known."""

    value: str = ""
    evidence: str = ""

    def __bool__(self) -> bool:
        return bool(self.value)


NOT_KNOWN = Fact()


@dataclass(frozen=True)
class Film:
    """A picture as the pages of its case describe it, whether an X-ray or not.

    key: its name within the case, from the site's own number or the file's name.
    image_urls: its addresses, the full size first.
    study: key of its study; empty where the site has no studies.
    confidence: EXACT, STATED, GUESSED or REVIEWED; how sure the modality is.
    view: one of records.VIEWS.
    patient: "a", "b", ... in a case of several patients, else empty.
    age: as in Case, where it is that of the film's own patient.
    note: why the picture cannot be fetched, when the page itself says so.
    """

    key: str
    image_urls: tuple[str, ...] = ()
    study: str = ""
    modality: Fact = NOT_KNOWN
    confidence: str = ""
    view: Fact = NOT_KNOWN
    patient: str = ""
    age: Fact = NOT_KNOWN
    sex: Fact = NOT_KNOWN
    caption: str = ""
    note: str = ""


@dataclass(frozen=True)
class StoredFilm(Film):
    """A film with what became of its picture.

    file: the picture's name in the case's folder; empty while it is not there. sha256, bytes: of that file.
    width, height: pixels. format: JPEG, PNG or WEBP.
    image_url: where it came from: an address, or the name of a saved file.
    how: CRAWL or SAVED, of the last attempt. permission: who allowed the request, when, and where that can be read.
    retrieved_at, tried_at, gone: UTC times: fetched; last refused; no longer on the page.
    refused: why the last attempt failed. reviewed_by: who answered a question on this film.
    """

    file: str = ""
    sha256: str = ""
    bytes: int | None = None
    width: int | None = None
    height: int | None = None
    format: str = ""
    image_url: str = ""
    how: str = ""
    permission: str = ""
    retrieved_at: str = ""
    refused: str = ""
    tried_at: str = ""
    gone: str = ""
    reviewed_by: str = ""


@dataclass(frozen=True)
class Study:
    """One examination of a case. images: how many pictures its viewer names. viewer_url: where the page says its data lies."""

    key: str
    modality: str = ""
    caption: str = ""
    findings: str = ""
    images: int | None = None
    viewer_url: str = ""


@dataclass(frozen=True)
class Question:
    """Something a person has to decide. film: key of the film, or empty when the question concerns the case.

    guess: what the words suggest. words: those words.
    """

    film: str
    field: str
    guess: str = ""
    words: str = ""


@dataclass(frozen=True)
class Case:
    """A case as the pages of its site describe it.

    key: Radiopaedia's rID or SIRM's case number. url: the case's own page; empty while a saved page names no
    address of its own and nobody has said where it was.
    finding: the diagnosis. certainty: the site's word for how certain that is.
    age: years as "53", or "18 months". sex: "M" or "F".
    published: the site's date. licence: of the pictures. credit: the line to name the author with.
    patients: ("a", "b", ...) in a case of several patients, else empty.
    questions: what the pages leave open.
    """

    site: str
    key: str
    url: str
    title: str = ""
    finding: Fact = NOT_KNOWN
    certainty: str = ""
    age: Fact = NOT_KNOWN
    sex: Fact = NOT_KNOWN
    presentation: str = ""
    discussion: str = ""
    author: str = ""
    institution: str = ""
    published: str = ""
    doi: str = ""
    licence: Fact = NOT_KNOWN
    licence_url: str = ""
    terms_url: str = ""
    credit: str = ""
    tags: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    studies: tuple[Study, ...] = ()
    films: tuple[Film, ...] = ()
    questions: tuple[Question, ...] = ()

    def but(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class CaseRecord(Case):
    """What a store holds of a case: the contents of one record.json, after its `format`.

    state: PRESENT or GONE, as the site has it; state_since: UTC time.
    complete: whether every picture was taken or refused for good; an incomplete case is taken up again.
    fingerprints: {CRAWL or SAVED: SHA-256 of the Case that was read that way}, to notice a change.
    how, permission, retrieved_at: of the last reading of the pages. parser: scrapers.PARSER_VERSION then.
    rid: the rID that a person found for a case whose page names none. reviewed_by: who answered on the case.
    """

    films: tuple[StoredFilm, ...] = ()
    state: str
    state_since: str
    complete: bool
    fingerprints: dict[str, str]
    how: str
    permission: str
    retrieved_at: str
    parser: str
    rid: str
    reviewed_by: str

    def with_film(self, film: StoredFilm) -> Self:
        """The record with this film in place of the one of the same key."""
        return replace(self, films=tuple(film if other.key == film.key else other for other in self.films))


def as_json(record: CaseRecord) -> dict[str, Any]:
    """The record as the plain values of record.json."""
    return {"format": FORMAT, **asdict(record)}


def read_case(path: Path) -> CaseRecord:
    """The record in a record.json. Raises BadInput for a file that is not there, broken, or of another format."""
    value = read_json(path, "The case's record", RESTORE, keys=("format",))
    if value.pop("format") != FORMAT:
        raise BadInput(f"The case's record is not of format {FORMAT}.", path, "use the version of the kit that wrote it")
    value.setdefault("reviewed_by", "")  # version 0.1.0 wrote it only where a person had answered
    with reading(path, "The case's record", RESTORE):
        return _typed(CaseRecord, value, "the record")


def _typed(kind: Any, value: Any, name: str) -> Any:
    """A JSON value as a value of this type. Raises TypeError with the name of the key that holds something else."""
    if is_dataclass(kind) and isinstance(value, dict):
        types = _types(kind)
        if differing := sorted(types.keys() ^ value.keys()):
            raise TypeError(f"{name} lacks, or has besides, {', '.join(differing)}")
        return kind(**{key: _typed(types[key], item, key) for key, item in value.items()})
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_typed(get_args(kind)[0], item, name) for item in value)
    if get_origin(kind) is dict and isinstance(value, dict):
        return value
    if kind == int | None and value == "":  # how version 0.1.0 wrote a number that is not known
        return None
    if is_dataclass(kind) or get_origin(kind) in (tuple, dict) or not isinstance(value, kind):
        raise TypeError(f"{name} is {value!r:.60}")
    return value


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def read(root: Path | str, name: str = "collected") -> list[Record]:
    """Records of a store, one for each picture that a case names, fetched or not.

    root: the store's folder. Pictures that cannot be used come back excluded with the reason.
    Raises BadInput: no such folder, no case in it, or a record that cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        raise BadInput("There is no such store.", root, "fill it: python -m scrapers refresh")
    records = []
    for path in sorted(root.glob("*/*/record.json")):
        case = read_case(path)
        patients_decided = all(film.patient for film in case.films)
        folder = path.parent.relative_to(root).as_posix()
        records += [_record(case, film, f"{name}/{folder}", patients_decided) for film in case.films]
    if not records:
        raise BadInput("The store holds no case.", root, "fill it: python -m scrapers refresh")
    return records


def _record(case: CaseRecord, film: StoredFilm, folder: str, patients_decided: bool) -> Record:
    finding = case.finding.value
    # While one film of a case of several patients is not assigned, the case is one group: too large a group costs
    # a little data, too small a one leaks.
    patient = (case.rid or case.key) + (film.patient if patients_decided else "")
    file = film.file or f"{case.key}-{film.key}"
    return Record(
        image_id=f"{case.site}/{file}",
        path=f"{folder}/{file}",
        source=case.site,
        label=words.label_of(finding),
        finding=finding,
        patient=f"{case.site}:{patient}",
        modality=film.modality.value,
        view=film.view.value,
        view_basis=film.view.evidence,
        age=film.age.value or case.age.value,
        sex=film.sex.value or case.sex.value,
        case_url=case.url,
        image_url=film.image_url if film.how == CRAWL else _web_address(film.image_urls),
        licence=case.licence.value or "unknown",
        credit=case.credit,
        permission=film.permission,
        collected=film.how or case.how,
        retrieved_at=film.retrieved_at,
        excluded=_exclusion(case, film, finding),
    )


def _web_address(addresses: Iterable[str]) -> str:
    return next((address for address in addresses if address.startswith(("http://", "https://"))), "")


def _exclusion(case: CaseRecord, film: StoredFilm, finding: str) -> str:
    """Why a film cannot be used; empty when it can."""
    if not case.url:
        return "which case's page it is from is not decided: see review.csv"
    if film.confidence not in DECIDED:
        return "X-ray or CT is not decided: see review.csv"
    if film.modality.value != XRAY:
        return f"modality {film.modality.value}: not an X-ray"
    if not film.file:
        return f"no picture: {film.refused or 'not fetched yet'}"
    if not finding:
        return "the finding is not decided: see review.csv"
    if not words.label_of(finding):
        return f"finding {finding}: neither normal nor COVID-19"
    return ""
