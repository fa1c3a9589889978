"""Examinations in Italian and English case texts: which were made, X-ray or CT, and whether the sentence is about them.

Words of doubt come first: what was advised, planned, denied or made long ago is no examination of this page.
"""

import re
from dataclasses import dataclass

from cxrkit.data.readers.collected import CT, NOT_KNOWN, XRAY, Fact

ANY_CASE = re.IGNORECASE
OTHER = "other"
"""The modality of a picture that is no chest film and no CT."""

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
NEGATION = r"(?:non|nessun[ao]?|né|senza|mai|no|not|without|never|nor|neither)"
DOING = r"(?:esegui\w*|effettua\w*|disponibil\w*|praticat\w*|performed|done|available|acquired|obtained|taken|need\w*|necessar\w*|indica\w*|access|required|bisogno)"
NOT_DONE = re.compile(
    rf"\b{NEGATION}\b[^.;:]{{0,50}}?\b{DOING}\b(?:[^.;:,]{{0,25}}?\b(?:of|for|to|a|di|alla|per)\b)?"
    rf"|\b(?:no|without|senza|nessuna|never|mai)\s+(?:further\s+|ulteriore\s+)?(?:chest\s+|esame\s+)?(?=(?:tc|tac|ct|hrct|rx|x-?ray|cxr|radiografi[ae]|radiographs?)\b(?!\s+(?:signs?|evidence|findings?|segni)))"
    rf"|\b(?:rather\s+than|instead\s+of|anziché|invece\s+di|al\s+posto\s+d\w+)\b",
    ANY_CASE,
)
TEMPERATURE = re.compile(
    r"\bt\.?\s?c\.?\s*(?:corporea|di|=|:|pari\s+a)?\s*(?:3[4-9]|4[0-2])(?:[.,]\d|\s?°|\s?c\b|\b(?!\s*(?:anni|mm|ml|sec|immagini)))",
    ANY_CASE,
)
PLANNED = re.compile(
    r"\b(?:consigli\w+|raccomand\w+|suggeri\w+|si\s+rimanda|opportun\w+|auspicabil\w+|programma\w*|previst\w+|in\s+attesa|da\s+eseguir\w+|sar[àa]|verr[àa]"
    r"|andrebbe|potrebbe|valutare|eventual\w+|utile|utilità|richiest\w+|recommend\w*|suggest(?:ed|s)?\s+(?:a\s+|an\s+)?(?:ct|chest|further)|advis\w+|advice|should|could|would|planned|plan"
    r"|scheduled|due\s+for|awaiting|pending|will|worthy|consider\w*|indication\w*|indicat(?:ed|a|o)\s+(?:for|to|a|per)|usefulness|request\w*|if\s+(?:needed|necessary)|rifiut\w+|declin\w+|refus\w+|deferr\w+|rinviat\w+|postpon\w+|ricorso|contr(?:o|a)indica\w+|richied\w+"
    r"|indicazion\w+|gold\s+standard|sensibil\w+|sensitiv\w+|ruolo|role|linee\s+guida|guideline\w*|need\s+(?:of|for))\b",
    ANY_CASE,
)
PAST = re.compile(
    r"\b(?:prior|previous\w*|precedent\w*|pregress\w*|recent\w*|old|older|earlier|past|outside|last|in\s+precedenza|anamnesi|history\s+of|years?\s+ago|months?\s+ago|anni\s+fa|mesi\s+fa"
    r"|since\s+the|rispetto\s+al\w*)\b[^.;:,]{0,20}$",
    ANY_CASE,
)
PAST_AFTER = re.compile(
    r"^[^.;:,]{0,30}\b(?:precedent\w*|pregress\w*|in\s+precedenza|years?\s+ago|months?\s+ago|weeks?\s+ago|anni\s+fa|mesi\s+fa|(?:del|dal|of|from|in)\s+(?:19\d|20[01])\d|not\s+shown|non\s+mostrat\w+)\b",
    ANY_CASE,
)
CONDITION = re.compile(r"^\W*(?:se|qualora|if)\b|\b(?:qualora|in\s+caso\s+di|if)\b", ANY_CASE)
NO_EXAMINATION = re.compile(
    r"^\W*(?:criteria|guid\w+|guidance|diagnos\w+|scanner|suite|room|department|tecnic\w+|patholog\w+)\b|^-?guid\w+", ANY_CASE
)
OTHER_REGION = re.compile(
    r"\b(?:addom\w*|abdom\w*|kub|bacin\w*|pelv\w*|femor\w*|ginocchi\w*|knee|man[oi]|hands?|polso|wrist|pied[ei]|foot|feet|rachide|spine|colonna|cranio|skull|spalla|shoulder|anca|hip|denti|ortopantomo\w*)\b",
    ANY_CASE,
)
CHEST = re.compile(r"\btorac\w*|\bchest\b|\bthora\w+|\bpolmon\w*|\blungs?\b|\bcxr\b|\bpulmonar\w*", ANY_CASE)
ANNOUNCING = re.compile(
    r"\b(?:esegu\w*|effettu\w*|pratica\w*|sottopost\w*|ripet\w*|controllo|mostr\w*|evidenzi\w*|document\w*|rivel\w*|dimostr\w*|conferm\w*|perform\w*|obtain\w*|acquired|taken|repeat\w*"
    r"|under(?:went|go\w*)|show\w*|demonstrat\w*|reveal\w*|confirm\w*|document\w*|highlight\w*)\b",
    ANY_CASE,
)
FILE_XRAY = re.compile(r"(?:^|[^a-z])(?:rx|cxr|radiografia|x-?ray)(?:[^a-z]|torace|$)", ANY_CASE)
FILE_CT = re.compile(r"(?:^|[^a-z])(?:tc|tac|ct|hrct)(?:[^a-z]|torace|$)", ANY_CASE)
SENTENCE_END = re.compile(r"(?<=[.;!?])(?<!\b[Nn]\.)(?<!\bnr\.)(?<!\b[Pp]z\.)\s+(?=[A-ZÀ-Ü(\d])|\n+")


def sentences(text: str) -> list[str]:
    return [part.strip() for part in SENTENCE_END.split(text) if part and part.strip()]


@dataclass(frozen=True)
class Examination:
    """An examination that a text says was made. kind: XRAY or CT of the chest, or OTHER for a film of something else.

    announced: whether the sentence is about it, rather than mentioning it: it begins with it, ends in a colon, or says
    that it was made or what it shows.
    """

    kind: str
    sentence: str
    announced: bool


def examinations(text: str) -> list[Examination]:
    """The examinations that a text says were made, in their order, the first of each kind in a sentence.

    One that was not made, is planned, advised or asked for, or belongs to the past is not counted, and TC 37,5 is a temperature.
    """
    found = []
    for sentence in sentences(text):
        undone = [match.span() for match in NOT_DONE.finditer(sentence)]
        warm = [match.start() for match in TEMPERATURE.finditer(sentence)]
        of_sentence: dict[str, tuple[int, bool]] = {}
        if CONDITION.search(sentence):
            continue
        for kind, words in ((XRAY, XRAY_WORDS), (CT, CT_WORDS)):
            for match in words.finditer(sentence):
                before, after = sentence[: match.start()], sentence[match.end() :]
                if match.start() in warm or NO_EXAMINATION.search(after) or _not_done(sentence, match, undone) or _elsewhen(before, after):
                    continue
                begins = len(before.split()) < 4
                announced = (
                    begins or sentence.rstrip().endswith(":") or bool(ANNOUNCING.search(before[-60:]) or ANNOUNCING.search(after[:60]))
                )
                named = OTHER if kind == XRAY and _of_another_region(before, after, match[0]) else kind
                of_sentence.setdefault(named, (match.start(), announced))
        found += [Examination(kind, sentence, said) for kind, (_, said) in sorted(of_sentence.items(), key=lambda item: item[1][0])]
    return found


def modalities(text: str) -> list[tuple[str, str]]:
    """The modalities of the examinations in a text, each with its sentence: [(modality, sentence)]."""
    return [(examination.kind, examination.sentence) for examination in examinations(text)]


def _elsewhen(before: str, after: str) -> bool:
    """Whether an examination between these words is planned, advised, or one of the past."""
    clause_before = re.split(r"[,;:(]|\b(?:and|e|ma|but)\b", before)[-1]
    clause_after = re.split(r"[,;:(]|\b(?:and|e|ma|but|which|che)\b", after)[0]
    return bool(
        PLANNED.search(clause_before) or PLANNED.search(clause_after) or PAST.search(clause_before) or PAST_AFTER.search(clause_after)
    )


def _of_another_region(before: str, after: str, words: str) -> bool:
    near = f"{before[-25:]} {after[:30]}"
    return bool(OTHER_REGION.search(near)) and not CHEST.search(f"{near} {words}")


def other_region(text: str) -> str:
    """The word by which a short text, a caption or title, names another region than the chest, and not the chest; or empty."""
    found = OTHER_REGION.search(text)
    return found[0] if found and not CHEST.search(text) else ""


def _not_done(sentence: str, match: re.Match[str], undone: list[tuple[int, int]]) -> bool:
    """Whether an examination's words stand inside, right before or right after a "was not performed"."""
    fillers = (
        "torace",
        "del torace",
        "al torace",
        "chest",
        "scan",
        "was",
        "is",
        "scan was",
        "was then",
        "è stata",
        "è stato",
        "torace è stata",
        "of the chest was",
    )
    for start, end in undone:
        inside = start <= match.start() <= end
        before = match.end() <= start and sentence[match.end() : start].strip(" ,") in ("", *fillers)
        words = sentence[end : match.start()].split()
        after = end <= match.start() and len(words) <= 4 and not re.search(r"[;:,]", sentence[end : match.start()])
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


def shorten(text: str, length: int = 200) -> str:
    """The text on one line, cut off at `length` characters."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."
