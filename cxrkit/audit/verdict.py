"""The verdict: what the audits together allow a reader to believe.

The rules (audit/rules.py) give reasons, each of which leads to a conclusion; the gravest of them is the verdict, and all are
told. A conclusion is drawn only where the parts that it needs were done (audit/conclusions.py). Where nothing was found
against the scores, audit/support.py says whether the claim is supported, or what it lacks.
"""

from collections.abc import Iterator

from cxrkit.audit import support
from cxrkit.audit.conclusions import CONCLUSIONS, PARTS
from cxrkit.audit.evidence import Evidence
from cxrkit.audit.rules import MISSING_PREFIX, RULE_PREFIX, RULES, told
from cxrkit.config import short_name
from cxrkit.schema import Conclusion, Reason

NOT_SHOWN = ("chance", "thumbnail")
"""Conclusions that say that nothing better is shown: with too few patients nothing could be."""


def decide(evidence: Evidence) -> Conclusion:
    """The verdict. A part that was not done bars every conclusion that needs it, and improves none."""
    order = list(CONCLUSIONS)
    reasons = [reason for rule in RULES for reason in rule(evidence)]
    asked = support.requirements(evidence)
    best_left = "supported" if asked and all(row.met for row in asked) else "no-shortcut-found"
    few = any(reason.leads_to == "too-few" for reason in reasons)
    leading = [reason.leads_to for reason in reasons if not (few and reason.leads_to in NOT_SHOWN)]
    conclusion = min([best_left, *leading], key=order.index)
    reasons += holds(evidence)
    graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
    sentences = [*_opening(evidence), *_told(graver_first, evidence), CONCLUSIONS[conclusion]]
    if conclusion in ("no-shortcut-found-inside", "no-shortcut-found"):
        sentences.append(support.lacking(asked))
    return Conclusion(conclusion, " ".join(filter(None, sentences)), reasons, asked)


def holds(evidence: Evidence) -> Iterator[Reason]:
    """External sets on which the best network loses nothing that matters: what speaks for it, and outweighs nothing."""
    rows = support.holding(evidence)
    if rows:
        each = ", ".join(f"{row.name} ({told(row.loss)})" for row in rows)
        many = f"{len(rows)} sets of external films" if len(rows) > 1 else "external films"
        what = f"On {many} {short_name(rows[0].architecture)} loses less than {support.MOST_LOST:g} in AUC: {each}."
        yield Reason(
            "elsewhere-holds",
            what,
            max(row.loss.high for row in rows),
            support.MOST_LOST,
            "supported",
            "upper limit of the loss of AUC",
        )


def _told(reasons: list[Reason], evidence: Evidence) -> list[str]:
    """The reasons' sentences; those of baselines that see no lung become one where they are several, and so do missing parts."""
    sentences: dict[str, str] = {}
    for reason in reasons:
        if reason.rule.startswith(RULE_PREFIX):
            sentences.setdefault(RULE_PREFIX, _told_lungless(reasons, evidence))
        elif reason.rule.startswith(MISSING_PREFIX):
            sentences.setdefault(MISSING_PREFIX, _told_missing(reasons, evidence))
        else:
            sentences[reason.text] = reason.text
    return list(sentences.values())


def _told_lungless(reasons: list[Reason], evidence: Evidence) -> str:
    lungless = [reason for reason in reasons if reason.rule.startswith(RULE_PREFIX)]
    if len(lungless) == 1:
        return lungless[0].text
    row_of = {RULE_PREFIX + row.name: row for row in evidence.baselines}
    rows = [row_of[reason.rule] for reason in lungless]
    named = [f"{row.title} ({'' if number else 'AUC '}{row.area.auc.value:.3f})" for number, row in enumerate(rows)]
    return f"Without a look at the lungs the classes are separated by {', by '.join(named[:-1])} and by {named[-1]}."


def _told_missing(reasons: list[Reason], evidence: Evidence) -> str:
    """One sentence for the parts that share a reason and a command."""
    alike: dict[tuple[str, str, bool], list[str]] = {}
    for reason in reasons:
        if reason.rule.startswith(MISSING_PREFIX):
            state = evidence.state(reason.rule.removeprefix(MISSING_PREFIX))
            alike.setdefault((state.why, state.command, state.partly), []).append(PARTS[state.part].title)
    return " ".join(
        f"{'Done in part' if partly else 'Not done'}: {', '.join(titles)} ({why}); "
        f"to do {'the rest' if partly else 'it' if len(titles) == 1 else 'them'}: {command}."
        for (why, command, partly), titles in alike.items()
    )


def _opening(evidence: Evidence) -> list[str]:
    sentences = ["These are drawn phantoms, not films; nothing here is about medicine."] if evidence.films == "phantom" else []
    kept = [PARTS[part].title for part in PARTS if part in evidence.kept]
    if kept:
        sentences.append(f"Kept from an earlier audit of the same films and predictions: {', '.join(kept)}.")
    best, counts = evidence.best, evidence.counts
    if best is None:
        who = f"{counts.covid} COVID-19 and {counts.normal} normal films of {counts.patients} patients"
        alone = (
            f"No AUC of a network is known: the films held out are {counts.judged.covid} COVID-19 and {counts.judged.normal} normal ones."
        )
        asked = alone if evidence.networks else f"No network was asked; this is about the films alone: {who}."
        return [*sentences, asked, "An AUC of 1 separates the two classes perfectly, 0.5 is guessing."]
    held = f"{best.area.auc.n:.0f} films held out of training, {best.area.positives} of them COVID-19"
    name, many = short_name(best.architecture), len(evidence.networks) > 1
    who = f"Of {len(evidence.networks)} networks, {name} has the highest score: it reaches" if many else f"The network, {name}, reaches"
    return [*sentences, f"{who} an AUC of {told(best.area)} on {held} (1 separates the classes perfectly, 0.5 is guessing)."]
