"""Licences of images: which may be shown or redistributed, and whom to credit."""

import re
from collections import Counter
from collections.abc import Sequence

from cxrkit.data.records import Record

TITLE = "# Images, their licences and credits"
SHOWABLE = re.compile(r"(CC0|CC BY)(\b|-)", re.IGNORECASE)
"""Creative Commons licences all let a picture be shown with credit; what else they ask differs."""
REPUBLISHABLE = re.compile(r"(?:CC0|CC BY(?:-SA)?)(?:[- ]\d(?:\.\d)?)?", re.IGNORECASE)
"""Those under which a film may be passed on to anybody. Non-commercial ones are not among them: a public dataset
or page cannot keep its readers to that, and Radiopaedia's terms exclude it besides."""


def may_redistribute(licence: str) -> bool:
    """Whether the files themselves may be passed on to anybody: REPUBLISHABLE, and no word beyond it."""
    return bool(REPUBLISHABLE.fullmatch(licence or ""))


def terms(licence: str) -> str:
    """What may be done with images under this licence, in one sentence."""
    if may_redistribute(licence):
        return "May be redistributed with the credit below and a link to the licence" + (
            "; under the same licence." if "SA" in licence.upper() else "."
        )
    if may_show(licence):
        return (
            "May be shown and passed on with the credit below only within the licence's limits "
            "(NC: not commercially; ND: unchanged); the kit does not republish them."
        )
    return "Terms are not known: all rights reserved. Not redistributable; ask the source."


def may_show(licence: str) -> bool:
    """Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
    return bool(SHOWABLE.match(licence or ""))


def attribution(records: Sequence[Record]) -> str:
    """ATTRIBUTION.md: the used images by licence, with their credit and source, and which may be passed on."""
    text = [TITLE, ""]
    used = [record for record in records if record.used]
    for licence, count in sorted(Counter(record.licence or "unknown" for record in used).items()):
        text += [f"## {licence}: {count} images", "", terms(licence), ""]
        under_it = [record for record in used if (record.licence or "unknown") == licence]
        credits = Counter((" ".join(record.credit.split())[:300], record.case_url) for record in under_it)
        text += [
            f"- {number} x {credit or 'no credit known'}{f' <{url}>' if url else ''}" for (credit, url), number in sorted(credits.items())
        ]
        text.append("")
    return "\n".join(text)
