"""What must stand beside every figure of a run: drawn films, random weights, a leak, trainings that are missing."""

from collections.abc import Collection
from dataclasses import dataclass

from cxrkit.data.readers import phantom
from cxrkit.progress import counted
from cxrkit.schema import RunInfo


@dataclass(frozen=True)
class StandingWarning:
    """What must stand beside every figure of a run. short: across a drawing; sentence: everywhere else."""

    short: str
    sentence: str


def missing(trainings: Collection[str]) -> str:
    return f"{counted(len(trainings), 'training run')} {'is' if len(trainings) == 1 else 'are'} missing"


def standing_warnings(info: RunInfo) -> list[StandingWarning]:
    """What a reader must not overlook about a run; empty where there is nothing."""
    found = []
    if info.films == "phantom":
        found.append(StandingWarning("drawn phantoms, not films", phantom.BANNER))
    if info.started_from == "random":
        found.append(StandingWarning("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
    if info.leaks:
        leaks = "one patient or picture stands" if info.leaks == 1 else f"{info.leaks} patients or pictures stand"
        found.append(
            StandingWarning(
                "leaking split",
                f"LEAK: {leaks} in two splits; no score of this run holds for new patients.",
            )
        )
    late = [name for name in info.unfinished if name not in info.failed]
    if info.failed:
        told = "; ".join(f"{name} ({error})" for name, error in info.failed.items())
        found.append(StandingWarning("failed training runs", f"FAILED: {missing(info.failed)} after an error: {told}."))
    if late:
        found.append(StandingWarning("partial run", f"PARTIAL: the time was up; {missing(late)}: {', '.join(late)}."))
    return found
