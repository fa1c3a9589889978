"""The verdict in a line: can the scores be trusted, in a few words, and its reasons, the gravest first."""

from cxrkit.audit.conclusions import CONCLUSIONS
from cxrkit.audit.rules import MISSING_PREFIX, RULE_PREFIX, SHORTCUT, capital, listed
from cxrkit.schema import Conclusion, Reason

ANSWERS = {
    "audit-failed": "Not known. The audit failed its own controls.",
    "leak": "No. Patients or pictures stand in two splits.",
    "source-shortcut": "No. The score rests on where films come from.",
    "border-shortcut": "No. The score does not rest on the lungs.",
    "thumbnail": "No. A thumbnail does as well.",
    "chance": "No. No network is shown to beat guessing.",
    "no-transfer": "No. The scores fall on external films.",
    "partial-shortcut": "Not in full. Part may be a shortcut.",
    "too-few": "Not known. There are too few patients.",
    "unknown": "Not known. The audit is not complete.",
    "no-shortcut-found-inside": "Not known for other hospitals. No shortcut found here.",
    "no-shortcut-found": "Not yet shown. No shortcut was found.",
    "supported": "Yes, for patients like these.",
}
"""{conclusion: the answer to "Can the scores be trusted?"}."""
NO_AUDIT = "Not known. No audit was run."
OPEN = {
    MISSING_PREFIX: ANSWERS["unknown"],
    "lungs-alone": "Not known. Shown the lungs alone, a network only guesses.",
    "fixed-": "Not known. Too few films are alike in {}.",
    "external-few": "Not known. There are too few external films.",
}
"""{how the name of a rule begins: what it leaves open}, the gravest first."""
FIXED = "No. The score vanishes with the {} held fixed."
GIVES_AWAY = {
    "age": "age",
    "view": "the view",
    "sex": "sex",
    "file": "file facts",
    "source": "the source",
    "border": "the picture’s edge",
}
"""{baseline that sees no lung: its short name}."""
FEW = ("patients", "width")


def headline(found: Conclusion) -> str:
    """The answer in a sentence or two; too few patients are said beside what was found, not in its place."""
    answer = _lungless(found) or _fixed(found) or _left_open(found) or ANSWERS[found.conclusion]
    few = found.conclusion != "too-few" and any(reason.rule in FEW for reason in found.reasons)
    return f"{answer} There are too few patients, too." if few else answer


def ordered(found: Conclusion) -> list[Reason]:
    """Its reasons, the gravest first."""
    order = list(CONCLUSIONS)
    return sorted(found.reasons, key=lambda reason: order.index(reason.leads_to))


def _lungless(found: Conclusion) -> str:
    """Where the conclusion rests on baselines that see no lung: which they are."""
    shortcut = found.conclusion in ("source-shortcut", "border-shortcut")
    alike = ("source-shortcut", "border-shortcut") if shortcut else ("partial-shortcut",)
    rows = {reason.rule.removeprefix(RULE_PREFIX): reason for reason in found.reasons if reason.leads_to in alike}
    names = [name for name in GIVES_AWAY if name in rows]
    if not names or found.conclusion not in alike or not any(rows[name].leads_to == found.conclusion for name in names):
        return ""
    strong = [name for name in names if (rows[name].value or 0) >= SHORTCUT]
    names = strong if shortcut and strong else names
    which, many = capital(listed([GIVES_AWAY[name] for name in names])), len(names) > 1 or names == ["file"]
    if not shortcut:
        return f"Not in full. {which} {'explain' if many else 'explains'} a part."
    if strong:
        return f"No. {which} alone {'tell' if many else 'tells'} the classes apart."
    return f"No. {which} alone {'do' if many else 'does'} as well."


def _fixed(found: Conclusion) -> str:
    fixed = [name for reason in found.reasons if reason.leads_to == "source-shortcut" and (name := _held(reason))]
    return FIXED.format(fixed[0]) if found.conclusion == "source-shortcut" and fixed else ""


def _held(reason: Reason) -> str:
    """What the rule of a reason holds fixed; an empty text for another rule."""
    return reason.rule.removeprefix("fixed-") if reason.rule.startswith("fixed-") else ""


def _left_open(found: Conclusion) -> str:
    """Where it is not known whether a shortcut was taken: why not."""
    open_ones = [reason for reason in found.reasons if reason.leads_to == found.conclusion == "unknown"]
    for start, answer in OPEN.items():
        if reason := next((reason for reason in open_ones if reason.rule.startswith(start)), None):
            return answer.format(_held(reason))
    return ""
