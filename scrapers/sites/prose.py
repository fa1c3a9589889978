"""Information extraction from Italian and English case texts: view, age, sex, patients, and by examinations.py the modality.

Each function returns the words that decided. What the words do not state is left empty: "il paziente" is
grammar and states no sex, and "da 10 anni" is a duration and no age.
"""

import re
import string
from collections.abc import Sequence

from cxrkit.data.readers.collected import NOT_KNOWN, Fact
from scrapers.sites.examinations import (
    ANY_CASE,
    OTHER,
    Examination,
    examinations,
    modalities,
    modality,
    modality_of_name,
    other_region,
    sentences,
    shorten,
)

__all__ = ["OTHER", "Examination", "examinations", "modalities", "modality", "modality_of_name", "other_region", "sentences", "shorten"]

SUPINE = re.compile(
    r"\ba\s+letto\b|\bletto\s+del\s+paziente\b|\bsupin[aeio]\b|\bsupine\b|\bclinostatismo\b|\bdecubito\b"
    r"|\bclinostatic\w*|\brecumbent\b",
    ANY_CASE,
)
AP = re.compile(
    r"\bA\.?P\b\.?|\b(?i:antero[-\s]?posterior\w*)|\b(?i:portable|mobile)\s+(?i:chest|film|x-?ray|cxr|radiograph|ap)\b"
    r"|(?i:\bbedside\b|\b(?:chest|film|x-?ray|cxr|radiograph)\b[\w\s,]{0,30}\bin\s+bed\b)"
)
PA = re.compile(
    r"(?:\b(?i:proiezion[ei]|projections?|views?|torace|chest|film|rx|x-?ray|cxr|radiograph|erect|frontal)\b[\s,(:-]{1,3}(?:in\s+)?P\.?A\b\.?)"
    r"|\bP\.?A\b\.?[\s,):-]{0,3}(?i:view|projection|image|film|chest|radiograph|cxr|x-?ray|erect|e\s+L\.?L|and\s+lat\w*|/\s?L\.?L)|\b(?i:postero[-\s]?anterior\w*)|^\W*PA\W*$|[-_]PA(?=[-_.]|$)"
)
LATERAL = re.compile(
    r"\bL\.?L\b\.?|\b(?i:latero-?lateral\w*)|\b(?i:lateral)\s+(?i:view|projection|image|film|chest|radiograph|x-?ray|cxr)"
    r"|\b(?i:proiezione\s+laterale)|^\W*(?i:lateral)\W*$"
)
TWO_VIEWS = re.compile(
    r"\b(?:2|due|two|doppia)\s+(?:proiezion[ei]|projections?|views?)\b|\bP\.?A\b\.?\s*(?:e|and|/|,|\+)\s*L\.?L\b", ANY_CASE
)


def view(text: str) -> Fact:
    """The projection that a text on one film states, with its words; not known when it states none.

    A bed or a supine patient means "AP supine". A text that names both a frontal and a lateral decides
    nothing for one film; see two_views.
    """
    frontal = [(value, match[0]) for value, words in (("AP supine", SUPINE), ("AP", AP), ("PA", PA)) if (match := words.search(text))]
    lateral = LATERAL.search(text)
    kinds = {value[:2] for value, _ in frontal}
    if (frontal and lateral) or len(kinds) > 1 or TWO_VIEWS.search(text):
        return NOT_KNOWN
    if lateral:
        return Fact("lateral", lateral[0])
    return Fact(*frontal[0]) if frontal else NOT_KNOWN


def two_views(text: str) -> str:
    """The words that announce a frontal and a lateral film, or empty."""
    match = TWO_VIEWS.search(text)
    return match[0] if match else ""


PERSON = r"(?:pazient[ei]|pz\.?|patient|maschio|femmina|uomo|donna|ragazz[oa]|bambin[oa]|neonat[oa]|lattante|signor[ae]?|soggetto|man|woman|women|men|male|female|boy|girl|infant|child|gentleman|lady)"
UNIT = r"(?P<unit>anni|anno|aa\.?|a\.|mes[ei]|settiman[ae]|giorni|y\.?\s?/?o\.?|yo|years?|yrs?|months?|weeks?|days?)"
AGES = tuple(
    re.compile(pattern, ANY_CASE)
    for pattern in (
        r"\bdi\s+anni\s+(?P<age>\d{1,3})\b",
        r"\banni\s+(?P<age>\d{1,3})\b(?!\s*(?:fa|prima))",
        r"\b(?:età|eta')\s*(?:di|:)?\s*(?:circa\s+)?(?P<age>\d{1,3})(?:\s*" + UNIT + r"\b)?",
        r"\bage[d]?\s*(?:of|:)?\s*(?P<age>\d{1,3})\b(?:\s*" + UNIT + r"\b)?",
        r"\b(?P<age>\d{1,3})[-\s]?enne\b",
        r"\b(?P<age>\d{1,3})[-\s]?(?P<unit>year|month|week|day|yr)s?[-\s]old\b",
        r"\b(?P<age>\d{1,3})\s?(?:y\.?/?o\.?|yo)(?=\W|$)",
        r"\b" + PERSON + r"\b[^.;\d]{0,45}?\b(?P<age>\d{1,3})\s*" + UNIT + r"(?=\W|$)",
        r"\b" + PERSON + r",\s?(?P<age>\d{2,3})\s?,",
        r"\b(?P<age>\d{1,3})\s*" + UNIT + r"[\s,]{1,3}(?:(?:di\s+)?sesso\s+\w+|" + PERSON + r"\b)",
        r"^\W*(?P<age>\d{1,3})\s*" + UNIT + r"(?=\s*[,.;:]|\s*$)",
        r"(?:^|[\s(])[MF]\b[,.:\s]{1,3}(?P<age>\d{1,3})\s*" + UNIT + r"(?=\W|$)",
        r"(?:^|[\s(])(?P<age>\d{1,3})\s*" + UNIT + r"?[,.:\s]{1,3}[MF]\b(?!\.\w)",
    )
)
RELATIVE = re.compile(
    r"\b(?:padre|madre|moglie|marito|figli[oa]|fratello|sorella|nonn[oa]|zi[oa]|cognat[oa]|suocer[oa]|genitor[ei]|convivente|familiare|collega|father|mother|wife|husband|son|daughter|brother|sister|colleague|relative|uncle|aunt|grandfather|grandmother)\b",
    ANY_CASE,
)
DURATION = re.compile(
    r"\b(?:da|per|dopo|negli|ultimi|nell'ultimo|circa|oltre|for|since|last|past|after|over)\s+(?:circa\s+|about\s+"
    r"|oltre\s+|gli\s+ultimi\s+|the\s+last\s+)?$|\b(?:fumatore|fumatrice|smoker)\b[^.;]{0,25}$",
    ANY_CASE,
)
SINCE = re.compile(r"^\W*(?:fa|prima|or\s*sono|ago|earlier|before|later|dopo|di\s+(?:storia|malattia|terapia|fumo|febbre))\b", ANY_CASE)

SEXES = (
    (
        "M",
        re.compile(
            r"\bsesso:?\s+(?:maschile|m\b)|\bmaschio\b|\bmaschile\b|\buomo\b|\bragazzo\b|\bbambino\b|\bneonato\b|\bsignore\b"
            r"|\bmale\b|\bman\b|\bboy\b|\bgentleman\b",
            ANY_CASE,
        ),
    ),
    (
        "F",
        re.compile(
            r"\bsesso:?\s+(?:femminile|f\b)|\bfemmina\b|\bfemminile\b|\bdonna\b|\bragazza\b|\bbambina\b|\bneonata\b"
            r"|\bsignora\b|\bfemale\b|\bwom[ae]n\b|\bgirl\b|\blady\b|\b(?:la|una)\s+paziente\b",
            ANY_CASE,
        ),
    ),
    ("M", re.compile(r"(?:^|[\s(,])(?:M\b[,.:\s]{1,3}(?=\d{1,3}\s*(?:anni|aa|a\.|y|$))|(?<=\d\s)M\b|(?<=anni\s)M\b|(?<=anni,\s)M\b)")),
    ("F", re.compile(r"(?:^|[\s(,])(?:F\b[,.:\s]{1,3}(?=\d{1,3}\s*(?:anni|aa|a\.|y|$))|(?<=\d\s)F\b|(?<=anni\s)F\b|(?<=anni,\s)F\b)")),
    ("M", re.compile(r"\b\d{1,3}\s?(?:y\.?/?o\.?|yo|yrs?|anni|aa)?\.?,?\s?M\b(?!\.\w)")),
    ("F", re.compile(r"\b\d{1,3}\s?(?:y\.?/?o\.?|yo|yrs?|anni|aa)?\.?,?\s?F\b(?!\.\w)")),
)
OTHER_MEANING = re.compile(r"\b(?:uomo-macchina|medico\s+donna|man[- ]made)\b", ANY_CASE)


def age(text: str) -> Fact:
    """The patient's age, "53" for years or "18 months"; not known when none or more than one is stated."""
    found = {}
    for sentence in sentences(text):
        spans = []
        for pattern in AGES:
            for match in pattern.finditer(sentence):
                start, end = match.span("age")
                if any(s <= start < e for s, e in spans):
                    continue
                value = _age(match)
                if value and not _is_duration(sentence, start, match) and not _of_relative(sentence, start, match.end()):
                    spans.append((start, end))
                    found.setdefault(value, shorten(sentence))
    return Fact(*next(iter(found.items()))) if len(found) == 1 else NOT_KNOWN


def ages(text: str) -> list[str]:
    """All ages that a text states, in their order."""
    return list(dict.fromkeys(fact.value for part in sentences(text) if (fact := age(part))))


def _age(match):
    number, unit = int(match["age"]), (match.groupdict().get("unit") or "anni").lower()
    if unit.startswith(("me", "mo")):
        return f"{number} months" if 0 < number < 36 else ""
    if unit.startswith(("set", "w")):
        return f"{number} weeks" if 0 < number < 60 else ""
    if unit.startswith(("g", "d")):
        return f"{number} days" if 0 < number < 100 else ""
    return str(number) if 0 < number < 116 else ""


def _is_duration(sentence, start, match):
    return bool(DURATION.search(sentence[max(0, start - 40) : start])) or bool(SINCE.search(sentence[match.end() :][:25]))


def _of_relative(sentence, start, end):
    """Whether the words at sentence[start:end] are about a relative: named just before, or right after."""
    before = re.split(r"[,;:(]", sentence[max(0, start - 60) : start])
    after = RELATIVE.match(sentence[end:].lstrip(" -"))
    return bool(after or RELATIVE.search(" ".join(before[-2:])))


PRONOUNS = (("M", re.compile(r"\b(?:he|him|his|himself)\b", ANY_CASE)), ("F", re.compile(r"\b(?:she|her|hers|herself)\b", ANY_CASE)))


def sex(text: str) -> Fact:
    """The patient's sex, "M" or "F"; not known where the words state neither or both.

    Where no noun says it, English pronouns do, if all agree; those in a sentence on a relative do not count.
    """
    found = {}
    for sentence in sentences(OTHER_MEANING.sub(" ", text)):
        for value, pattern in SEXES:
            for match in pattern.finditer(sentence):
                if not _of_relative(sentence, match.start(), match.end()):
                    found.setdefault(value, shorten(sentence))
    for value, pattern in () if found else PRONOUNS:
        for sentence in sentences(text):
            if pattern.search(sentence) and not RELATIVE.search(sentence):
                found.setdefault(value, shorten(sentence))
    return Fact(*next(iter(found.items()))) if len(found) == 1 else NOT_KNOWN


COUNTS = {
    word: number
    for number, words in enumerate(("due two", "tre three", "quattro four", "cinque five", "sei six", "sette seven"), 2)
    for word in words.split()
}
ORDINALS = {
    word: number
    for number, words in enumerate(("prim first", "second second", "terz third", "quart fourth", "quint fifth", "sest sixth"), 1)
    for word in words.split()
}
PEOPLE = r"(?:pazienti|patients|fratelli|sorelle|coniugi|siblings|brothers|sisters|bambin[ie]|children|neonati|infants|casi\s+familiari|casi\s+pediatrici)"
SEVERAL = re.compile(rf"\b(?P<count>[2-9]|{'|'.join(COUNTS)})\s+(?:piccol[ie]\s+|altri\s+)?{PEOPLE}\b", ANY_CASE)
COUPLE = re.compile(
    r"\b(?:marito\s+e\s+moglie|moglie\s+e\s+marito|husband\s+and\s+wife|madre\s+e\s+figli[oa]|padre\s+e\s+figli[oa]|mother\s+and\s+(?:son|daughter)|father\s+and\s+(?:son|daughter))\b",
    ANY_CASE,
)
ONE = r"(?:pazient[e]|patient|pz\.?|cas[oe](?:\s+clinic[oa])?|bambin[oa]|child|neonat[oa])"
MARKER = re.compile(
    rf"^\W*(?:(?:il|la|the)\s+)?(?:(?P<ordinal>{'|'.join(ORDINALS)})[oa]?\s+{ONE}\b"
    rf"|{ONE}\s*(?:n\.?\s?°?\s?|nr\.?\s?|#\s?)?(?P<mark>\d{{1,2}}|[A-F])\b(?!\s*(?:anni|aa|mes|giorn|ore|settiman|year|month|day|week|hour|y\.?o|[.,]\d)))",
    ANY_CASE,
)
INTRODUCED = re.compile(
    rf"^\W*(?:{PERSON}\b|(?:un|una|a)\s+{PERSON}\b|\d{{1,3}}\s*(?:anni|aa|mesi|giorni|years?|months?)\b|[MF]\b\W)", ANY_CASE
)


def turns(paragraphs: Sequence[str]) -> tuple[tuple[str, ...], list[str | None]]:
    """(the patients of a text: "a", "b", ..., or none where it is of one; for each paragraph the patient to which it turns).

    A paragraph turns to "" where it is of several, to None where it does not say. Patients are known by numbered
    headings ("CASO 2", "Paziente B", "terzo paziente"), else by paragraphs that begin with another age and sex,
    else by their number alone ("cinque bambini").
    """
    marks = [[mark for mark, _ in patient_marks(paragraph)] for paragraph in paragraphs]
    known = sorted({mark for found in marks for mark in found})
    if len(known) > 1 and known == list(string.ascii_lowercase[: len(known)]):
        turned = [None if not found else found[0] if len(set(found)) == 1 else "" for found in marks]
    else:
        known, turned = [], [_introduced(paragraph) for paragraph in paragraphs]
        people = list(dict.fromkeys(person for person in turned if person))
        known = list(string.ascii_lowercase[: len(people)]) if len(people) > 1 else []
        turned = [known[people.index(person)] if person and known else None for person in turned]
    count = max([len(known), *(_announced(paragraph) for paragraph in paragraphs)])
    return tuple(string.ascii_lowercase[:count]) if count > 1 else (), turned


def _introduced(paragraph):
    """The age and sex with which a paragraph begins, when it says both."""
    first = next(iter(sentences(paragraph)), "")
    if not INTRODUCED.search(first):
        return None
    years, kind = age(first).value, sex(first).value
    return f"{years} {kind}" if years and kind else None


def _announced(text):
    """The number of patients that a text announces, 0 for none."""
    counts = [int(match["count"]) if match["count"].isdigit() else COUNTS[match["count"].lower()] for match in SEVERAL.finditer(text)]
    return max([*counts, 2 if COUPLE.search(text) else 0])


def patients(text: str) -> tuple[str, ...]:
    """The patients of whom a text tells, "a", "b", ...; none where it is of one."""
    return turns([part for part in text.split("\n") if part.strip()])[0]


def two_patients(text: str) -> str:
    """The words by which a text describes several patients, or empty."""
    found = patients(text)
    announced = SEVERAL.search(text) or COUPLE.search(text)
    return "" if not found else announced[0] if announced else f"paragraphs for {len(found)} patients"


def patient_marks(text: str) -> list[tuple[str, int]]:
    """Where sentences of a text turn to a numbered patient: [(a letter, position)]."""
    marks, position = [], 0
    for sentence in sentences(text):
        position = text.find(sentence, position)
        if match := MARKER.search(sentence):
            mark = match["mark"] or ""
            number = ORDINALS[match["ordinal"].lower()] if match["ordinal"] else int(mark) if mark.isdigit() else ord(mark.lower()) - 96
            if 0 < number <= 26:
                marks.append((string.ascii_lowercase[number - 1], position))
    return marks
