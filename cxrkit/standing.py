"""What must stand beside every figure of a run: drawn films, random weights, a leak, trainings that are missing."""

from dataclasses import dataclass

from cxrkit.data.readers import phantom
from cxrkit.schema import RunInfo


@dataclass(frozen=True)
class StandingWarning:
    """What must stand beside every figure of a run. short: across a drawing; sentence: everywhere else."""

    short: str
    sentence: str


def standing_warnings(info: RunInfo) -> list[StandingWarning]:
    """What a reader must not overlook about a run; empty where there is nothing."""
    found = []
    if info.films == "phantom":
        found.append(StandingWarning("drawn phantoms, not films", phantom.BANNER))
    if info.started_from == "random":
        found.append(StandingWarning("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
    if info.leaks:
        found.append(
            StandingWarning(
                "leaking split",
                f"LEAK: {info.leaks} patients or pictures stand in two splits; no score of this run holds for new patients.",
            )
        )
    late = [name for name in info.unfinished if name not in info.failed]
    if info.failed:
        told = "; ".join(f"{name} ({error})" for name, error in info.failed.items())
        found.append(
            StandingWarning("failed trainings", f"FAILED: {len(info.failed)} trainings ended with an error and are missing: {told}.")
        )
    if late:
        found.append(StandingWarning("partial run", f"PARTIAL: the time was up; {len(late)} trainings are missing: {', '.join(late)}."))
    return found
