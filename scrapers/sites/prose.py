"""Information extraction from Italian and English case texts: modality, view, age, sex, and the number of patients.

Each function returns the words that decided. What the words do not state is left empty: "il paziente" is
grammar and states no sex, and "da 10 anni" is a duration and no age.
"""

import re

from cxrkit.data.readers.collected import CT, NOT_KNOWN, XRAY, Fact

ANY_CASE = re.IGNORECASE

XRAY_WORDS = re.compile(
    r"\b(?:rx|rxt|cxr)\b|\brx(?=[-_ ]?torace)|\bradiografi[ac]\w*|\bradiogramm[ai]\b|\bradiologico\s+(?:standard|del\s+torace|convenzionale)"
    r"|\bx-?\s?rays?\b|\b(?:chest|plain)\s+(?:film|radiograph)s?\b|\bradiographs?\b|\bradiographic\b"
    r"|\bproiezion[ei]\s+(?:a\.?p|p\.?a|l\.?l|antero|postero|latero)|\blatero-?laterale\b|\btelecuore\b",
    ANY_CASE,
)
CT_WORDS = re.compile(
    r"\b(?:tc|tac|ct|hrct|tcms|mdct|mpr|mip)\b|\bangio-?\s?(?:tc|ct)\b|\btomografi\w*|\btomograph\w*|\bricostruzion[ei]\b"
    r"|\breconstructions?\b|\b(?:scansion[ei]|sezion[ei]|immagin[ei]|piano|piani)\s+(?:assial|coronal|sagittal)\w*|\baxial\b|\bcoronal\b|\bsagittal\b"
    r"|\bfinestra\s+(?:polmonare|mediastinica|parenchimale)\b|\blung\s+window\b|\bm\.?d\.?c\b",
    ANY_CASE,
)
NOT_DONE = re.compile(
    r"\b(?:non|nessun[ao]?|senza|no|not|without|never)\b[^.;:]{0,50}?\b(?:eseguit\w+|effettuat\w+|disponibil\w+|praticat\w+|performed|done|available|acquired|obtained)\b",
    ANY_CASE,
)
FILE_XRAY = re.compile(r"(?:^|[^a-z])(?:rx|cxr|radiografia|x-?ray)(?:[^a-z]|torace|$)", ANY_CASE)
FILE_CT = re.compile(r"(?:^|[^a-z])(?:tc|tac|ct|hrct)(?:[^a-z]|torace|$)", ANY_CASE)
SENTENCE_END = re.compile(r"(?<=[.;!?])\s+(?=[A-ZÀ-Ü(\d])|\n+")


def sentences(text: str) -> list[str]:
    return [part.strip() for part in SENTENCE_END.split(text) if part and part.strip()]


def modalities(text: str) -> list[tuple[str, str]]:
    """The modalities that a text mentions, each with its sentence, in their order: [(modality, sentence)].

    An examination that was not done is not counted.
    """
    found = []
    for sentence in sentences(text):
        undone = [match.span() for match in NOT_DONE.finditer(sentence)]
        for kind, words in ((XRAY, XRAY_WORDS), (CT, CT_WORDS)):
            for match in words.finditer(sentence):
                if not _not_done(sentence, match, undone):
                    found.append((kind, match.start(), sentence))
                    break
    return [(kind, sentence) for kind, _, sentence in found]


def _not_done(sentence, match, undone):
    """Whether an examination's words stand inside, right before or right after a "was not performed"."""
    for start, end in undone:
        inside = start <= match.start() <= end
        before = match.end() <= start and sentence[match.end() : start].strip(" ,") in (
            "",
            "torace",
            "del torace",
            "chest",
            "scan",
            "was",
            "scan was",
            "è stata",
        )
        after = end <= match.start() and sentence[end : match.start()].strip(" ") in ("", "la", "una", "alcuna")
        if inside or before or after:
            return True
    return False


def modality(text: str) -> Fact:
    """X-ray or CT where a text mentions only one of them, with the sentence; else not known."""
    found = modalities(text)
    kinds = {kind for kind, _ in found}
    return Fact(found[-1][0], shorten(found[-1][1])) if len(kinds) == 1 else NOT_KNOWN


def modality_of_name(name: str) -> Fact:
    """X-ray or CT where a file's name has RX or TC in it, or another such mark; else not known."""
    xray, ct = FILE_XRAY.search(name), FILE_CT.search(name)
    if bool(xray) == bool(ct):
        return NOT_KNOWN
    return Fact(XRAY if xray else CT, f"file name {name}")


SUPINE = re.compile(
    r"\ba\s+letto\b|\bletto\s+del\s+paziente\b|\bsupin[aeio]\b|\bsupine\b|\bclinostatismo\b|\bdecubito\b"
    r"|\bclinostatic\w*|\bbedside\b|\brecumbent\b",
    ANY_CASE,
)
AP = re.compile(r"\bA\.?P\b\.?|\b(?i:antero[-\s]?posterior\w*)|\b(?i:portable|mobile)\s+(?i:chest|film|x-?ray|cxr|radiograph|ap)\b")
PA = re.compile(
    r"(?:\b(?i:proiezion[ei]|projections?|views?|torace|chest|film|rx|x-?ray|cxr|radiograph|erect|frontal)\b[\s,(:-]{1,3}(?:in\s+)?P\.?A\b\.?)"
    r"|\bP\.?A\b\.?[\s,):-]{0,3}(?i:view|projection|film|chest|radiograph|cxr|x-?ray|erect|e\s+L\.?L|and\s+lat\w*|/\s?L\.?L)|\b(?i:postero[-\s]?anterior\w*)|^\W*PA\W*$|[-_]PA(?=[-_.]|$)"
)
LATERAL = re.compile(
    r"\bL\.?L\b\.?|\b(?i:latero-?lateral\w*)|\b(?i:lateral)\s+(?i:view|projection|film|chest|radiograph|x-?ray|cxr)"
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


def sex(text: str) -> Fact:
    """The patient's sex, "M" or "F"; not known where the words state neither or both."""
    found = {}
    for sentence in sentences(OTHER_MEANING.sub(" ", text)):
        for value, pattern in SEXES:
            for match in pattern.finditer(sentence):
                if not _of_relative(sentence, match.start(), match.end()):
                    found.setdefault(value, shorten(sentence))
    return Fact(*next(iter(found.items()))) if len(found) == 1 else NOT_KNOWN


TWO_PATIENTS = re.compile(
    r"\b(?:due|2|two)\s+(?:pazienti|patients|fratelli|sorelle|coniugi|siblings|brothers|sisters|casi\s+familiari)\b"
    r"|\b(?:marito\s+e\s+moglie|moglie\s+e\s+marito|husband\s+and\s+wife|madre\s+e\s+figli[oa]"
    r"|padre\s+e\s+figli[oa])\b",
    ANY_CASE,
)
MARKER = re.compile(
    r"\b(?:(?P<first>prim[oa]\s+pazient[e]|first\s+patient)|(?P<second>second[oa]\s+pazient[e]|second\s+patient)|(?:pazient[e]|patient|pz\.?)\s*(?:n\.?\s?°?\s?)?(?P<mark>[12AB])\b(?!\s*(?:anni|aa|mesi|giorni|years|months|days)))",
    ANY_CASE,
)


def two_patients(text: str) -> str:
    """The words by which a text describes two patients, or empty."""
    announced = TWO_PATIENTS.search(text)
    marks = {mark for mark, _ in patient_marks(text)}
    if marks == {"a", "b"}:
        return "paragraphs for a first and a second patient"
    return announced[0] if announced else ""


def patient_marks(text: str) -> list[tuple[str, int]]:
    """Where a text turns to the first ("a") or second ("b") patient: [(a or b, position)]."""
    marks = []
    for match in MARKER.finditer(text):
        first = match["first"] or (match["mark"] or "").upper() in ("1", "A")
        marks.append(("a" if first else "b", match.start()))
    return marks


def shorten(text: str, length: int = 200) -> str:
    """The text on one line, cut off at `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."
