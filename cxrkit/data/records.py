"""One record an image: what is known of it, where from, and under which terms."""

from dataclasses import dataclass, fields, replace

POSITIVE = "covid"
NEGATIVE = "normal"
LABELS = (POSITIVE, NEGATIVE)

VIEWS = ("PA", "AP", "AP supine", "lateral", "frontal-unspecified", "")
"""Projections a record may name. "frontal-unspecified" is its own value: a site that says only
"Frontal" has not said PA. Empty means that nothing is known."""

SPLITS = ("train", "valid", "test", "")


@dataclass(frozen=True)
class Record:
    """One image. Empty text or None means "not known"; the field order is the column order of manifest.csv.

    image_id: `source/name`, unique in a manifest.
    path: `<folder name>/<path in that folder>`, with "/" on every system.
    label: covid, normal, or empty where the finding is neither.
    finding: the source's own words.
    patient: namespaced key, e.g. `sirm:54`; records of one patient share it.
    view_basis, permission: why the view is believed; who allowed the collection.
    collected: crawl, saved, imported, kaggle or drawn.
    width, height: pixels; bytes: file size; sha256: of the file; phash: 16 hexadecimal digits.
    published_split: the split its source gave it; split: the one this manifest gives it.
    duplicate_of: image_id of the image whose picture this one repeats.
    excluded: why the image is not used; empty when it is.
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
    phash: str = ""
    published_split: str = ""
    split: str = ""
    duplicate_of: str = ""
    excluded: str = ""

    @property
    def used(self):
        return not self.excluded

    def but(self, **changes):
        """A copy with some fields changed."""
        return replace(self, **changes)


COLUMNS = tuple(field.name for field in fields(Record))
NUMBERS = ("width", "height", "bytes")


def exclude(records, reason_of):
    """The records, with `excluded` set to reason_of(record) on the used ones it returns a reason for."""
    return [record.but(excluded=reason_of(record) or "") if record.used else record for record in records]
