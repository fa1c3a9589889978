"""The conclusions that an audit can come to, the parts of an audit, and which conclusion needs which parts."""

from typing import NamedTuple

RUN = "python -m cxrkit audit RUN"
TRAIN = "python kernel/run.py --local --experiment rigorous --data DIR"
"""What trains the networks that a manifest does not have."""
FIND_FILMS = f"{RUN} --source KIND:NAME=DIR"
"""What tells an audit where the films lie on this machine."""

CONCLUSIONS = {
    "audit-failed": "The audit's own controls failed, so none of its figures can be relied on.",
    "leak": "The same patients or pictures stand on both sides of the split, so no score of this run holds for a new patient.",
    "source-shortcut": "On this data no score shows that a network sees disease: where a film comes from, how it was taken or whom it shows gives the answer away.",
    "border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
    "chance": "No network is shown to do better than guessing.",
    "thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
    "no-transfer": "The scores do not hold for external films, and must not be quoted without that.",
    "partial-shortcut": "The scores may be too high by an amount that is not known, for part of the answer can be had without the disease.",
    "too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
    "unknown": "Whether a shortcut explains the scores is not known.",
    "no-shortcut-found-inside": "Inside this collection these audits found no shortcut. "
    "Whether the scores hold for films of another hospital, with both classes among them, was not asked.",
    "no-shortcut-found": "These audits found no shortcut, here or elsewhere. That is no proof that a network sees disease.",
    "supported": "The claim is supported: a network tells COVID-19 from normal films here and elsewhere by what lies in the middle "
    "of the film, and these audits found nothing else that explains it. That speaks for patients like these, not yet for use in a clinic.",
}
"""{slug: sentence}, the gravest first. From `too-few` on, nothing was found against the scores."""


class PartName(NamedTuple):
    """title: for people; command: what does the part for a run whose films are on this machine; pictures: whether it looks at films."""

    title: str
    command: str = RUN
    pictures: bool = True


PARTS = {
    "networks": PartName("the networks' scores", pictures=False),
    "baselines": PartName("what works without seeing the lungs"),
    "controls": PartName("controls of the audit itself"),
    "held-fixed": PartName("source and age held fixed", pictures=False),
    "masking": PartName("lungs hidden"),
    "external": PartName("external films", f"{RUN} --external NAME=DIR"),
    "sources": PartName("sources separated and left out"),
    "attention": PartName("where the networks look"),
    "published": PartName("what a published chest model says", f"{RUN} --published"),
    "retraining": PartName("networks trained anew on masked films and without each source", f"{RUN} --retrain"),
}
"""{slug: PartName} of an audit, in the order in which they are told."""

INSIDE = ("networks", "baselines", "controls", "held-fixed", "masking")
NEEDS = {
    "no-shortcut-found-inside": INSIDE,
    "no-shortcut-found": (*INSIDE, "external"),
    "supported": (*INSIDE, "external"),
}
"""{conclusion: the parts without which it is never drawn}; a part that does not apply counts as done.

A conclusion that is not here says that something was found, and needs the one part that found it. `supported` needs besides
all that audit/support.py asks. No conclusion needs the last four parts; what they find against the scores counts, but
of the published model, which no rule reads.
"""
MISSING = dict.fromkeys(INSIDE, "unknown") | {"external": "no-shortcut-found-inside"}
"""{part: the best conclusion that is left without it}."""
