"""Licences of images: which may be shown or redistributed, where their text is, and whom to credit.

Licences are known by their SPDX names (https://spdx.org/licenses/), by Creative Commons' own words and by their addresses.
Anything beside these words ("CC BY 4.0, with permission") is a licence that is not known, and allows nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cxrkit.data.records import Record

TITLE = "# Images, their licences and credits"
NO_AUTHOR = "author not given"
CC0, PUBLIC_DOMAIN = "CC0-1.0", "Public Domain"
CREATIVE_COMMONS = "https://creativecommons.org"
ADDRESS = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licen[cs]es|publicdomain)/([a-z-]+)(?:/(\d\.\d))?(?:/[a-z.-]*)*", re.IGNORECASE
)
LONG = (
    (r"creative commons", "cc"),
    (r"attribution", "cc by"),
    (r"non[- ]?commercial", "nc"),
    (r"share[- ]?alike", "sa"),
    (r"no[- ]?deriv(ative)?s?( works)?", "nd"),
    (r"\b(public )?licen[cs]e\b|\b(international|unported|generic)\b", ""),
)
"""Words of Creative Commons' long names, and the short ones."""
CREDIT = re.compile(
    r"(the )?(case|images?|pictures?|photos?|films?|radiographs?)?,?\s*(is |are |originally )*"
    r"(courtesy|credits?|copyright|©|\(c\)|\N{REPLACEMENT CHARACTER}|\?|shared (on|by)|contributed by|provided by|by)(?![\w])",
    re.IGNORECASE,
)
"""How a note begins that names a person or a site; the question mark is a © that was lost on the way."""


class Licence(NamedTuple):
    """name: SPDX's, without a version where none is given, and as it stands for one that is not known; parts: of BY, NC, ND and
    SA; url: where its text is, empty where that is not known; known: whether its terms are."""

    name: str
    parts: frozenset[str] = frozenset()
    url: str = ""
    known: bool = False


def licence_of(text: str) -> Licence:
    """The licence that words, an SPDX name or an address mean."""
    text = " ".join((text or "").split())
    address = ADDRESS.fullmatch(text)
    said = f"cc {address[1]} {address[2] or ''}".replace("zero", "0").replace("mark", "pd") if address else text.casefold()
    for pattern, short in LONG:
        said = re.sub(pattern, f" {short} ", said)
    words = re.findall(r"[a-z]+|[\d.]+|[^\s_-]", re.sub(r"\bcc ?0\b", "cc 0", said))
    found = [word.upper() for word in words if word != "cc"]
    if re.fullmatch(r"public domain( mark)?( 1\.0)?|pdm?( 1\.0)?|cc pdm?( 1\.0)?", said.strip()):
        return Licence(PUBLIC_DOMAIN, url=f"{CREATIVE_COMMONS}/publicdomain/mark/1.0/", known=True)
    if found in (["0"], ["0", "1.0"], ["0", "UNIVERSAL"], ["0", "1.0", "UNIVERSAL"]) and "cc" in words:
        return Licence(CC0, url=f"{CREATIVE_COMMONS}/publicdomain/zero/1.0/", known=True)
    version = found.pop() if found and re.fullmatch(r"[1-4](\.\d)?", found[-1]) else ""
    parts = frozenset(found)
    if "cc" not in words or "BY" not in parts or parts - {"BY", "NC", "ND", "SA"} or {"ND", "SA"} <= parts:
        return Licence(text or "unknown")
    ordered = [part for part in ("BY", "NC", "ND", "SA") if part in parts]
    version = f"{version}.0" if len(version) == 1 else version
    url = f"{CREATIVE_COMMONS}/licenses/{'-'.join(ordered).lower()}/{version}/" if version else ""
    return Licence("-".join(["CC", *ordered, *filter(None, [version])]), parts, url, True)


def may_redistribute(licence: str) -> bool:
    """Whether the files themselves may be passed on to anybody.

    Non-commercial films may not: a public dataset or page cannot keep its readers to that, and Radiopaedia's terms exclude it.
    """
    found = licence_of(licence)
    return found.known and not found.parts & {"NC", "ND"}


def may_show(licence: str) -> bool:
    """Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
    return licence_of(licence).known


def terms(licence: str) -> str:
    """What may be done with images under this licence, in one sentence."""
    found = licence_of(licence)
    if not found.known:
        return "No licence is stated: all rights reserved. Not redistributable; ask the source."
    if not found.parts:
        return "May be redistributed; no credit is required, and the one given is a courtesy."
    if may_redistribute(licence):
        return f"May be redistributed with its credit and a link to the licence{'; under the same licence' * ('SA' in found.parts)}."
    limits = {"NC": "not commercially", "ND": "unchanged", "SA": "under the same licence"}
    told = "; ".join(f"{part}: {limit}" for part, limit in limits.items() if part in found.parts)
    return f"May be shown and passed on with its credit only within the licence's limits ({told}); the kit does not republish it."


def credit_of(note: str) -> str:
    """The note where it names a person or a site; an empty text for a clinical note, which credits nobody."""
    note = " ".join((note or "").split())
    return note if CREDIT.match(note) else ""


def credit_text(credit: str, case_url: str = "") -> str:
    """Whom to name: the credit, else that no author is given, and the case's address where it is known."""
    named = " ".join(credit.split())[:300]
    if not named or named == case_url:
        named = NO_AUTHOR
    return f"{named} <{case_url}>" if case_url else named


def attribution(records: Sequence[Record]) -> str:
    """ATTRIBUTION.md: the used images by licence, with their credit and source, and which may be passed on."""
    text = [TITLE, ""]
    by_licence: dict[Licence, list[Record]] = {}
    for record in records:
        if record.used:
            by_licence.setdefault(licence_of(record.licence), []).append(record)
    for licence, under_it in sorted(by_licence.items(), key=lambda item: item[0].name):
        count = len(under_it)
        text += [f"## {licence.name}: {count:,} image{'s' * (count != 1)}", ""]
        text += [" ".join(filter(None, [terms(under_it[0].licence), f"<{licence.url}>" if licence.url else ""])), ""]
        credits = Counter(credit_text(record.credit, record.case_url) for record in under_it)
        text += [f"- {number:,} x {credit}" for credit, number in sorted(credits.items())] + [""]
    return "\n".join(text)
