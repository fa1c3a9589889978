"""Films that the scrapers collected: a store with one folder a case, `<site>/<case>/record.json`.

One store holds both sites, so a record's source is its site. A picture is used only when a field of its
site, words beside it, or a person says that it is an X-ray: "guessed" is not enough. COVID-19 is the case's
diagnosis and no visible finding; some of these films were read as negative.
"""

import json
import re
from pathlib import Path

from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

XRAY = "X-ray"
DECIDED = ("exact", "stated", "reviewed")
COVID = re.compile(r"covid|sars[- ]?cov[- ]?2", re.IGNORECASE)
NORMAL = re.compile(r"normal|no finding|normal chest (x-?ray|radiograph)( .*)?", re.IGNORECASE)


def read(root, name="collected"):
    """Records of a store, one for each picture that a case names, fetched or not.

    root: the store's folder. Pictures that cannot be used come back excluded with the reason.
    Raises BadInput: no such folder, no case in it, or a record that cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        raise BadInput("There is no such store.", root, "fill it: python -m scrapers refresh")
    found = [record for path in sorted(root.glob("*/*/record.json")) for record in _records(path, root, name)]
    if not found:
        raise BadInput("The store holds no case.", root, "fill it: python -m scrapers refresh")
    return found


def _records(path, root, name):
    try:
        case = json.loads(path.read_text("utf-8"))
        decided = all(film["patient"] for film in case["films"])
        return [_record(case, film, path.parent.relative_to(root).as_posix(), name, decided) for film in case["films"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"The case's record cannot be read: {type(error).__name__} {error}.", path, "refresh again, or move the folder away"
        ) from error


def _record(case, film, folder, name, patients_decided):
    site = case["site"]
    finding = case["finding"]["value"]
    patient = case.get("rid") or case["key"]
    # While one film of a two-patient case is not assigned, the case is one group: too large a group costs
    # a little data, too small a one leaks.
    patient += film["patient"] if patients_decided else ""
    file = film["file"] or f"{case['key']}-{film['key']}"
    return Record(
        image_id=f"{site}/{file}",
        path=f"{name}/{folder}/{file}",
        source=site,
        label=POSITIVE if COVID.search(finding) else NEGATIVE if NORMAL.fullmatch(finding) else "",
        finding=finding,
        patient=f"{site}:{patient}",
        modality=film["modality"]["value"],
        view=film["view"]["value"],
        view_basis=film["view"]["evidence"],
        age=film["age"]["value"] or case["age"]["value"],
        sex=film["sex"]["value"] or case["sex"]["value"],
        case_url=case["url"],
        image_url=film["image_url"] if film["how"] == "crawl" else next(iter(_web(film["image_urls"])), ""),
        licence=case["licence"]["value"] or "unknown",
        credit=case["credit"],
        permission=film["permission"],
        collected=film["how"] or case["how"],
        retrieved_at=film["retrieved_at"],
        excluded=_reason(film, finding),
    )


def _web(addresses):
    return [address for address in addresses if address.startswith(("http://", "https://"))]


def _reason(film, finding):
    kind = film["modality"]["value"]
    if film["confidence"] not in DECIDED:
        return "X-ray or CT is not decided: see review.csv"
    if kind != XRAY:
        return f"modality {kind}: not an X-ray"
    if not film["file"]:
        return f"no picture: {film['refused'] or 'not fetched yet'}"
    if not finding:
        return "the finding is not decided: see review.csv"
    if not COVID.search(finding) and not NORMAL.fullmatch(finding):
        return f"finding {finding}: neither normal nor COVID-19"
    return ""
