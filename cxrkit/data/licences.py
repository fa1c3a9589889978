"""Licences of images: which may be shown or redistributed, where their text is, and whom to credit.

Licences are known by their SPDX names (https://spdx.org/licenses/), by Creative Commons' own words, by Kaggle's and by their addresses.
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
    r"(?:https?://)?(?:www\.)?creativecommons\.org/(?:licen[cs]es|publicdomain)/([a-z-]+)(?:/(\d\.\d))?(?:/[a-z.-]*)*", re.IGNORECASE
)
SPDX = re.compile(r"https?://(?:www\.)?spdx\.org/licenses/([\w.-]+?)(?:\.html|\.json)?", re.IGNORECASE)
TWICE = re.compile(r"(.+?)\s*\(([^()]+)\)")
"""A licence said twice, as Kaggle does: "Attribution 4.0 International (CC BY 4.0)"."""
FREE = re.compile(r"(u\.?s\.? )?public ?domain( mark| dedication)?( 1\.0)?|(cc[ -])?pdm?([ -]1\.0)?", re.IGNORECASE)
"""What is nobody's, in words."""
ZERO = frozenset(["0", "ZERO", "V", "1.0", "UNIVERSAL", "PUBLIC", "DOMAIN", "DEDICATION", ":"])
"""Words of CC0, "CC" apart."""
NAMED = {
    "mit": ("MIT", "BY"),
    "apache-2.0": ("Apache-2.0", "BY"),
    "bsd-3-clause": ("BSD-3-Clause", "BY"),
    "odc-by-1.0": ("ODC-By-1.0", "BY"),
    "odbl-1.0": ("ODbL-1.0", "BY SA"),
    "pddl-1.0": ("PDDL-1.0", ""),
    "cc-pddc": ("CC-PDDC", ""),
    "unlicense": ("Unlicense", ""),
    "cdla-permissive-1.0": ("CDLA-Permissive-1.0", "BY"),
    "cdla-permissive-2.0": ("CDLA-Permissive-2.0", "BY"),
}
"""{SPDX's name in small letters: as it is written, and what it asks}, of others under which data are published."""
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
    r"(courtesy|credits?|copyright|©|\(c\)|\N{REPLACEMENT CHARACTER}|\?|shared (on|by)|contributed by|provided by|by|authors?|source|thanks to)(?![\w])"
    r"[\s:,]*((of|to|on|by|from|in|the|\d{4}) )*",
    re.IGNORECASE,
)
"""How a note begins that names a person or a site; the question mark is a © that was lost on the way."""
NAME = re.compile(
    r"(?!(CT|MRI?|PCR|RT|COVID|SARS|X-?ray|ED|ER|ICU|GP|Day|History)\b)([^\W\d_a-zß-öø-ÿ]|[@\"“‘'*?]|(dr|prof)\b|\w+\.\w{2,})"
)
"""How what follows such a beginning goes on where it is a name: with a capital, or as an address of the web."""
CLINICAL = re.compile(
    r"\b(pcr|positive|sars-cov|opacit\w*|consolidation\w*|infiltrat\w*|effusion\w*|fever|cough\w*|dyspnoe?a|intubat\w*|years?[- ]old|(illness|hospital) day"
    r"|on admission|hospital admission|symptom\w*|follow-up film)\b",
    re.IGNORECASE,
)
"""What a note says of a patient, and no name holds."""


class Licence(NamedTuple):
    """name: SPDX's, without a version where none is given, and as it stands for one that is not known; parts: of BY, NC, ND and
    SA; url: where its text is, empty where that is not known; known: whether its terms are."""

    name: str
    parts: frozenset[str] = frozenset()
    url: str = ""
    known: bool = False


def licence_of(text: str) -> Licence:
    """The licence that words, an SPDX name or an address mean."""
    text = " ".join((text or "").split()).rstrip(" .;,")
    spdx, twice = SPDX.fullmatch(text), TWICE.fullmatch(text)
    if spdx:
        return licence_of(spdx[1])
    if twice:
        return _twice(text, *twice.groups())
    address = ADDRESS.fullmatch(text)
    said = f"cc {address[1]} {address[2] or ''}".replace("zero", "0").replace("mark", "pd") if address else text.casefold()
    for pattern, short in LONG:
        said = re.sub(pattern, f" {short} ", said)
    words = re.findall(r"[a-z]+|[\d.]+|[^\s_-]", re.sub(r"\bcc ?0\b", "cc 0", said))
    found = [word.upper() for word in words if word != "cc"]
    if FREE.fullmatch(said.strip()):
        return Licence(PUBLIC_DOMAIN, url=f"{CREATIVE_COMMONS}/publicdomain/mark/1.0/", known=True)
    if named := NAMED.get(re.sub(r"[ -]+", "-", said.strip())):
        return Licence(named[0], frozenset(named[1].split()), f"https://spdx.org/licenses/{named[0]}.html", True)
    if "cc" in words and {"0", "ZERO"} & set(found) and set(found) <= ZERO:
        return Licence(CC0, url=f"{CREATIVE_COMMONS}/publicdomain/zero/1.0/", known=True)
    version = found.pop() if found and re.fullmatch(r"[1-4](\.\d)?", found[-1]) else ""
    parts = frozenset(found)
    if "cc" not in words or "BY" not in parts or parts - {"BY", "NC", "ND", "SA"} or {"ND", "SA"} <= parts:
        return Licence(text or "unknown")
    ordered = [part for part in ("BY", "NC", "ND", "SA") if part in parts]
    version = f"{version}.0" if len(version) == 1 else version
    url = f"{CREATIVE_COMMONS}/licenses/{'-'.join(ordered).lower()}/{version}/" if version else ""
    return Licence("-".join(["CC", *ordered, *filter(None, [version])]), parts, url, True)


def _twice(text: str, first: str, second: str) -> Licence:
    """A licence said twice; one that is not known where the two are not the same."""
    one, other = licence_of(first), licence_of(second)
    if not one.known:
        one = licence_of(f"Creative Commons {first}")
    free = not one.parts | other.parts
    return other if one.known and other.known and (one.name == other.name or free) else Licence(text)


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
        why = "No licence is stated, which the kit treats" if found.name == "unknown" else "The kit does not know its terms and treats them"
        return f"{why} as “all rights reserved”: not redistributable; ask the source."
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
    begins = CREDIT.match(note)
    return note if begins and NAME.match(note, begins.end()) else ""


def credit_of_record(record: Record) -> str:
    """Whom a record names: NO_AUTHOR where it names nobody, or its credit is its own address or a clinical note."""
    named = " ".join(record.credit.split())[:300]
    clinical = CLINICAL.search(named) and not credit_of(named)
    return NO_AUTHOR if not named or named == record.case_url or clinical else named


def credit_text(record: Record) -> str:
    """Whom to name: the credit, else that no author is given, and the case's address where it is known."""
    named = credit_of_record(record)
    return f"{named} <{record.case_url}>" if record.case_url else named


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
        credits = Counter(credit_text(record) for record in under_it)
        text += [f"- {number:,} x {credit}" for credit, number in sorted(credits.items())] + [""]
    return "\n".join(text)
