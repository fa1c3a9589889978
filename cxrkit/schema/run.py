"""run.json: what was asked, where it ran, what was chosen, and how it ended."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.schema.common import Films, Weights


@dataclass(frozen=True)
class Bundle:
    """The generated script that a run came from; empty texts where it ran from the repository.

    source_sha256: of the files that it carried when it ran; edited_from: of those it was made with, where somebody edited
    them afterwards, on kaggle.com for example; else empty.
    """

    source_sha256: str
    run_id: str
    edited_from: str = ""


@dataclass(frozen=True)
class Chosen:
    """What the kit chose by itself, each with its reason; None until it was chosen."""

    device: Choice | None = None  # "cpu" or "cuda"
    precision: Choice | None = None  # "float32", "float16" or "bfloat16"
    layout: Choice | None = None  # "channels_last" or "contiguous"
    tf32: Choice | None = None  # whether float32 products were rounded to TF32 in training
    autotuning: Choice | None = None  # whether cuDNN tries its algorithms
    devices: Choice | None = None  # those that trained, as torch names them
    at_once: Choice | None = None  # trainings at the same time on each of them
    threads: Choice | None = None  # of the processor, for each training
    placement: Choice | None = (
        None  # films during training: "device", "host", "file" (too large for memory) or "files" (decoded at each use)
    )


@dataclass(frozen=True)
class RunInfo:
    """run.json: what was asked, where it ran, what was chosen, and how it ended."""

    schema: int
    run_id: str  # of the bundle, else the time at which the run began, UTC
    state: Literal["running", "finished"]  # "running" is left behind by a process that was killed
    experiment: Experiment  # resolved; folders and weights are named without their place on the machine
    experiment_sha256: str
    manifest_sha256: str
    films: Films
    started_from: Weights  # the networks' first weights
    leaks: int  # patients or pictures that stand in two splits
    place: Literal["kaggle", "local"]
    system: str
    processors: int
    versions: dict[str, str]  # Python and packages; "absent" for what is not installed
    bundle: Bundle
    chosen: Chosen = Chosen()
    unfinished: list[str] = field(default_factory=list)  # trainings without results, the failed ones too
    failed: dict[str, str] = field(default_factory=dict)  # training: error
    seconds: dict[str, float] = field(default_factory=dict)  # stage: seconds of wall clock
    peak_memory_bytes: int | None = None  # of the main process; None where the system does not say
    training_peak_bytes: dict[str, int] = field(
        default_factory=dict
    )  # architecture: the most that a training of this run held of its device's memory
    begun: str = ""  # date and time, UTC, ISO 8601; empty in files of before November 2026
    commit: str = ""  # of the kit's repository, "-dirty" where files were changed; empty where it ran from elsewhere
