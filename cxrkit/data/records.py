"""The record of one image: label, patient, view, provenance, licence, file facts and split."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

POSITIVE = "covid"
NEGATIVE = "normal"
LABELS = (POSITIVE, NEGATIVE)

VIEWS = ("PA", "AP", "AP supine", "lateral", "frontal-unspecified", "")
"""Projections a record may name. "frontal-unspecified" is its own value: a site that says only
"Frontal" has not said PA. Empty means that nothing is known."""

SPLITS = ("train", "valid", "test", "")

LABEL_WORDS = {POSITIVE: "COVID-19", NEGATIVE: "normal", "": "no label"}
SPLIT_WORDS = {"train": "training", "valid": "validation", "test": "test", "": "no split"}
"""What people are told for a label and for a split."""

_WORDS_OF_SEX = {
    "F": "f|female|females|woman|women|girl|lady|w|weiblich|frau|femenino|femenina|mujer|femme|feminin|féminin|feminino|femmina|femminile|vrouw|女|女性",
    "M": "m|male|males|man|men|boy|gentleman|männlich|mann|masculino|hombre|varón|homme|masculin|maschio|maschile|男|男性",
}
SEXES = {word: sex for sex, words in _WORDS_OF_SEX.items() for word in words.split("|")}
_WORDS_OF_AGE = {
    True: "child|children|infant|baby|newborn|neonate|toddler|minor|boy|girl|paediatric|pediatric|kind|säugling|niño|niña|enfant|bambino|bambina",
    False: "adult|adults|elderly|middle-aged|middle aged|erwachsen|erwachsene|erwachsener|adulto|adulta|adulte",
}
UNSPECIFIED = "frontal-unspecified"
MATCHABLE = ("view", "age", "sex")
"""What positives and negatives can be made alike in."""
ADULT = 18
"""Years."""

COPY = "duplicate of "


def copy_of(image_id: str) -> str:
    """The reason why a copy is not used: whose picture it repeats."""
    return COPY + image_id


@dataclass(frozen=True)
class Record:
    """One image. Empty text or None means "not known"; the field order is the column order of manifest.csv.

    image_id: `source/name`, unique in a manifest.
    path: `<folder name>/<path in that folder>`, with "/" on every system.
    source: the site or collection, the namespace of image_id and patient.
    label: covid, normal, or empty where the finding is neither.
    finding: the source's own words.
    patient: namespaced key, e.g. `sirm:54`; records of one patient share it.
    modality: X-ray, CT or what else the source says.
    view, view_basis: one of VIEWS, and why it is believed.
    age, sex: as the source gives them.
    case_url, image_url: where the case and the picture are published.
    licence, credit: the terms, and whom they ask to name.
    permission: who allowed the collection; collected: crawl, saved, imported, kaggle or drawn; retrieved_at: ISO 8601, UTC.
    width, height: pixels; mode, format: as Pillow names them, the format with the EXIF orientation that was applied; bytes: file size; sha256: of the file's bytes.
    published_split: the split its source gave it; split: the one this manifest gives it.
    duplicate_of: image_id of the image whose picture this one repeats.
    excluded: why the image is not used; empty when it is. Nothing that a source named disappears from a manifest.
    taken: the year of the film, where its source gives a date. It is known while a manifest is built, and no column: no date is kept.
    """

    image_id: str
    path: str
    source: str
    label: str = ""
    finding: str = ""
    patient: str = ""
    modality: str = "X-ray"
    view: str = ""
    view_basis: str = ""
    age: str = ""
    sex: str = ""
    case_url: str = ""
    image_url: str = ""
    licence: str = ""
    credit: str = ""
    permission: str = ""
    collected: str = ""
    retrieved_at: str = ""
    width: int | None = None
    height: int | None = None
    mode: str = ""
    format: str = ""
    bytes: int | None = None
    sha256: str = ""
    published_split: str = ""
    split: str = ""
    duplicate_of: str = ""
    excluded: str = ""
    taken: int | None = field(default=None, compare=False, repr=False)

    @property
    def used(self) -> bool:
        return not self.excluded

    @property
    def is_removed_copy(self) -> bool:
        """Whether the image is left out because its picture is another record's."""
        return self.excluded.startswith(COPY)

    @property
    def years(self) -> float | None:
        """The age in years, see age_of."""
        return age_of(self.age)

    def but(self, **changes: Any) -> Self:
        """A copy with some fields changed."""
        return replace(self, **changes)


WIDEST_RANGE = 10
"""Years; a wider range of ages ("18-90") describes a collection and no patient."""
UNIT = {"d": 365.25, "w": 52.18, "m": 12, "y": 1}
"""Of an age, how many make a year."""


def age_span(text: str) -> tuple[float, float] | None:
    """(lowest, highest) age in years that a record states ("45", "1-5", "070Y", "006M", "18 months", "30s"); None where it states none.

    "30s" is 30 to 39. A letter M counts as months behind three digits alone, as DICOM writes them: "45M" is a man.
    """
    number, text = r"(\d+(?:[.,]\d+)?)", re.sub(r"^(?:aged?|about|approx\.?|ca\.?|~)[ :]*", "", (text or "").strip().lower())
    match = re.fullmatch(
        rf"{number}(?:\s*(?:[-\u2013]|to)\s*{number})?\s*"
        r"(y\.?/?o?|yrs?|(?:-?(?:years?|yrs?)[ -]old)|years?|jahre?|a[nñ]os|ans?|anni|['’]?s|mos?|months?|wks?|weeks?|days?)?\.?",
        text,
    )
    dicom = re.fullmatch(r"(\d{3})()([dwmy])", text)
    if not (match := dicom or match):
        return None
    unit = (match[3] or "y").strip("'’")
    years = UNIT.get(unit[0], 1)
    first, last = (float(part.replace(",", ".")) / years for part in (match[1], match[2] or match[1]))
    last += 9 if unit == "s" and last % 10 == 0 else 0
    return (first, last) if first <= last <= 120 else None


def age_of(text: str) -> float | None:
    """The age in years that a record states, the middle of a range; None where it states none, or a range wider than WIDEST_RANGE."""
    span = age_span(text)
    return sum(span) / 2 if span and span[1] - span[0] <= WIDEST_RANGE else None


def is_minor(text: str) -> bool | None:
    """Whether an age is below ADULT, however it is stated ("1-5", "> 65", "adult"); None where that is not said."""
    text = (text or "").strip().lower()
    if span := age_span(text):
        if span[1] < ADULT or span[0] >= ADULT:
            return span[1] < ADULT
        years = age_of(text)
        return None if years is None else years < ADULT
    if limited := re.fullmatch(r"([<≤>≥]=?)\s*(.+)|(.+?)\s*(\+)", text):
        sign, limit = limited[1] or limited[4], age_span(limited[2] or limited[3])
        if limit and sign[0] in "<≤":
            return True if limit[1] < ADULT or (sign == "<" and limit[1] == ADULT) else None
        return False if limit and limit[0] >= ADULT else None
    return next((minor for minor, words in _WORDS_OF_AGE.items() if text in words.split("|")), None)


def traits(record: Record) -> dict[str, str | float | None]:
    """{trait of MATCHABLE: value}: the view; the age in years; F or M. Empty text or None where a source does not say it."""
    view = "" if record.view == UNSPECIFIED else record.view
    return {"view": view, "age": record.years, "sex": SEXES.get(record.sex.strip().lower().rstrip("."), "")}


def untold_sources(records: Iterable[Record]) -> set[str]:
    """The sources that stand for "not told": those of films whose collection tells of its other films where they are from.

    A reader gives a film of `radiography` the source radiography-bimcv where a row says so, and the bare radiography where none does.
    """
    of_folder: dict[str, set[str]] = {}
    for record in records:
        of_folder.setdefault(record.path.partition("/")[0], set()).add(record.source)
    return {folder for folder, names in of_folder.items() if folder in names and any(name.startswith(folder + "-") for name in names)}


COLUMNS = tuple(column.name for column in fields(Record) if column.name != "taken")
NUMBERS = ("width", "height", "bytes")


def exclude(records: Iterable[Record], reason_of: Callable[[Record], str | None]) -> list[Record]:
    """The records, with `excluded` set to reason_of(record) on the used ones it returns a reason for."""
    return [record.but(excluded=reason_of(record) or "") if record.used else record for record in records]
