"""The sentences that the page, its text twin and the cards share."""

from cxrkit.report.facts import SPLIT_WORDS

TITLE = "cxrkit: COVID-19 against healthy chest films"
RESEARCH_ONLY = "Research use only: this is not a medical device."
TONES = {"no-shortcut-found": "good", "partial-shortcut": "plain", "too-few": "plain"}
"""Colour of the verdict's frame by the audit's conclusion; any other one is bad."""


def lede(found):
    content, seeds = found.comparison, sorted({seed for network in found.comparison["networks"] for seed in network["seeds"]})
    networks = len(content["networks"])
    return (
        f"{networks} network{'s' * (networks != 1)}, {len(seeds)} seed{'s' * (len(seeds) != 1)} each, judged on {content['n']} {SPLIT_WORDS[content['split']]} images of "
        f"{content['patients']} patients, {content['covid']} of the images COVID-19."
    )


def verdict(found):
    """{trust, best, tone}: whether the scores can be believed, and which network is best."""
    audit = (found.audits or {}).get("verdict") or {}
    trust = (
        audit.get("paragraph")
        or "No audit was run. Until one is, nothing here says whether these scores come from lungs, or from image size, borders and sources."
    )
    return {
        "trust": trust,
        "best": found.comparison["best"]["sentence"],
        "tone": TONES.get(audit.get("conclusion"), "bad" if audit else "plain"),
    }
