"""The verdict of an audit, in audits.json: its conclusion, the reasons for it, and what a supported claim asks for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """rule: slug; text: a sentence; value: what was measured; threshold: what it was compared with; leads_to: a conclusion; measure: what the value is."""

    rule: str
    text: str
    value: int | float | None
    threshold: int | float | None
    leads_to: str
    measure: str = ""  # empty in files of before November 2026


@dataclass(frozen=True)
class Requirement:
    """What the conclusion `supported` asks for. value, threshold: as of a Reason, None where there is nothing to measure."""

    name: str
    text: str  # what is asked
    found: str  # what was found, in words
    value: int | float | None
    threshold: int | float | None
    met: bool


@dataclass(frozen=True)
class Conclusion:
    """The verdict of an audit. conclusion: a slug of audit/conclusions.py; paragraph: for people."""

    conclusion: str
    paragraph: str
    reasons: list[Reason]
    requirements: list[Requirement]  # of the conclusion `supported`, met or not; empty where no network was asked
