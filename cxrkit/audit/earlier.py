"""An earlier audit of the same results: what it did, and this one did not, is kept where films and predictions are still the same.

So results that travel to a machine without the films do not lose what was learnt where the films are, and a long
retraining need not be repeated. Where both have a row, that of this audit stands.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxrkit.audit.conclusions import RUN
from cxrkit.errors import BadInput
from cxrkit.files import sha256_of
from cxrkit.results import AUDITS, Results, read_typed
from cxrkit.schema import Audits, NotDone

NAME = "the earlier audit"
KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "baselines": ("baselines", lambda row: row.name),
    "controls": ("controls", lambda row: row.name),
    "masking": ("masking", lambda row: (row.architecture, row.seed, row.mask, row.side, row.retrained)),
    "external": ("external", lambda row: (row.name, row.architecture)),
    "sources": ("sources", lambda row: (row.kind, row.title)),
    "stability": ("stability", lambda row: row.architecture),
    "published": ("published", lambda row: (row.model, row.films)),
}
"""{part: (the field of schema.Audits, what names a row of it)}. What follows from the predictions alone is computed anew."""


def read(path: Path, manifest_sha256: str, predictions_sha256: str) -> tuple[Audits | None, list[NotDone]]:
    """The earlier audit, None where there is none or it is about something else; and why it is not kept."""
    if not path.exists():
        return None, []
    try:
        found = read_typed(Audits, path, f"audit again: {RUN}")
    except BadInput as error:
        return None, [NotDone(NAME, f"not kept: {error.what}")]
    if found.manifest_sha256 != manifest_sha256:
        return None, [NotDone(NAME, "not kept: it was of another manifest")]
    if found.predictions_sha256 != predictions_sha256:
        return None, [NotDone(NAME, "not kept: it was of other predictions")]
    return found, []


def is_of(results: Results) -> bool:
    """Whether the audit that lies in a results folder is of its manifest and predictions."""
    return read(results.folder / AUDITS, results.manifest.sha256, sha256_of(results.folder / "predictions.csv"))[0] is not None


def merged(rows: dict[str, list], earlier: Audits | None, anew: frozenset[str] = frozenset()) -> tuple[dict[str, list], frozenset[str]]:
    """({field: rows} of this audit, with those of the earlier one that it does not have; the parts that have such ones).

    anew: names of external films that this audit was asked about: they may be others than those of the same name before.
    """
    if earlier is None:
        return rows, frozenset()
    together: dict[str, list] = dict(rows)
    kept: set[str] = set()
    for part, (field, name_of) in KEYS.items():
        new, old = rows.get(field), getattr(earlier, field) or []
        known = {name_of(row) for row in new or [] if _says_something(row)}
        stay = [row for row in old if name_of(row) not in known and _says_something(row) and not _is_about(part, row, anew)]
        if stay:
            kept |= {"retraining" if _retrained(row) else part for row in stay}
            names = {name_of(row): row for row in stay}
            together[field] = [names.pop(name_of(row), row) for row in new or []] + list(names.values())
    ahead = {row.architecture: row.advantage for row in earlier.networks or []}
    if "networks" in rows:
        scored = rows["networks"]
        together["networks"] = [row if row.advantage else replace(row, advantage=ahead.get(row.architecture)) for row in scored]
    if earlier.attention and not rows.get("attention"):
        kept.add("attention")
        together["attention"] = [earlier.attention]
    return together, frozenset(kept)


def _is_about(part: str, row: Any, names: frozenset[str]) -> bool:
    """Whether a row is about external films of one of these names."""
    return (part == "external" and row.name in names) or (part == "published" and row.films in names)


def _retrained(row: Any) -> bool:
    return getattr(row, "retrained", False) or getattr(row, "kind", "") == "left-out-retrained"


def _says_something(row: Any) -> bool:
    """Whether a row has a value: a baseline that could not be computed has none."""
    area = getattr(row, "area", None)
    return area is None or area.auc.known
