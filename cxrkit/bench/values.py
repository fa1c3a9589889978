"""The shape of bench.json: every figure with its unit, its spread and the conditions that it was measured under.

A figure is the median over rounds, in which everything that is compared took its turn; beside it stand the least and the
most of these rounds. A ratio is taken within each round, so that what disturbs a whole round disturbs it little.
"""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.files import read_json, write_json
from cxrkit.schema import Bundle, Films

VERSION = 2
"""Of bench.json. Raise it whenever a key changes its name, its unit or its meaning."""
AGAIN = "measure again: python -m cxrkit bench"

Unit = Literal["s", "s/step", "s/epoch", "films/s", "steps/s", "FLOP/s", "ratio", "share"]


@dataclass(frozen=True)
class Measured:
    """A figure in `unit`: the median over `rounds` rounds, and the least and the most of them."""

    value: float
    low: float
    high: float
    rounds: int
    unit: Unit


@dataclass(frozen=True)
class Conditions:
    """What holds for the whole file."""

    device: Choice  # "cpu" or "cuda"
    gpu: str  # its name, empty without one
    gpus: int
    processors: int  # that this process may use
    threads: int  # that one training alone computes with
    busy: float | None  # processors' worth of work on the machine as it began, ours not counted; None where the system does not say
    films: Films
    used: int  # films of the manifest that are used
    train: int  # of these, trained on
    valid: int  # of these, validated on
    quick: bool  # shorter blocks, and nothing that takes minutes
    place: Literal["kaggle", "local"]
    system: str
    versions: dict[str, str]  # Python and packages; "absent" for what is not installed
    bundle: Bundle


@dataclass(frozen=True)
class Cache:
    """Decoding films once. Films of their original size."""

    films: int  # decoded in each round
    loop: Measured  # films/s of a loop over Pillow
    build: Measured  # films/s of the cache's first build, by all processors
    again: Measured  # s that a start takes which finds the cache whole


@dataclass(frozen=True)
class Loading:
    """Batches ready for a network, with nothing trained meanwhile."""

    films: int  # given in each round
    workers: int  # processes that decode for `files`, one a processor, begun anew at each epoch, for fastai keeps none
    pinned: bool  # whether `files` gives page-locked memory, which a GPU alone can use
    files: Measured  # films/s of fastai's loader, which decodes each original at each use, two batches a worker ahead
    resident: Measured  # films/s of the kit's
    resident_over_files: Measured  # ratio


@dataclass(frozen=True)
class Counts:
    """What the host asks of the device in a step, counted and not timed, so that a GPU's and a processor's are the same."""

    launches: float  # operations that torch dispatches, but for views and allocations
    waits: float  # numbers fetched to the host, for which the host waits until the device has computed them


@dataclass(frozen=True)
class Together:
    """Trainings at the same time on one device, each a process of its own, as a run begins them."""

    trainings: int
    threads: int  # of the processor for each
    speed: Measured  # steps/s of all of them, validation's among them
    over_one: Measured  # ratio to one training alone with all threads


@dataclass(frozen=True)
class Notebook:
    """An epoch, validation included, of a plain fastai notebook (vision_learner, fit_one_cycle, fastai's Adam, originals in a
    folder tree, float32) and of the kit's loop: same films, weights, augmentation and batch size."""

    films: int  # trained on in such an epoch
    valid: int  # validated on
    workers: int  # of the notebook: fastai's default
    notebook: Measured  # s/epoch
    ours: Measured  # s/epoch
    notebook_over_ours: Measured  # ratio


@dataclass(frozen=True)
class Steps:
    """The training steps of one network, all its layers trained from random weights."""

    block: int  # steps in each block that is timed; the device is waited for once a block
    flops: float  # floating-point operations of a step
    bare: Measured  # s/step of forward, backward and torch's fused AdamW on one batch that never changes
    loop: Measured  # s/step of the training loop: fastai's, with the kit's loader, optimizer and callbacks
    adam: Measured  # s/step of the same loop with fastai's own Adam
    loop_over_bare: Measured  # ratio
    adam_over_loop: Measured  # ratio
    waited: Measured  # share of the loop's time in which the host waited for batches
    reached: Measured  # share of the device's matrix product that the loop's operations reach ("MFU")
    bare_counts: Counts
    loop_counts: Counts
    adam_counts: Counts
    validation: Measured  # films/s
    peak_gpu_bytes: int | None  # of the loop; None without a GPU


@dataclass(frozen=True)
class Network:
    """How one network trains."""

    architecture: str
    steps: Steps
    start: Measured  # s from the start of a training's process until its first step is done: network made, films reached
    together: list[Together]  # one training, two, as many as memory allows and are of use; empty where not measured
    notebook: Notebook | None  # None in the quick form


@dataclass(frozen=True)
class Estimate:
    """How long the study's protocol would take on these films: for each network 8 epochs, the frozen ones counted as long as the
    others, its learning-rate finder and its start."""

    networks: int
    seeds: int
    at_once: Choice  # trainings at the same time on each device
    devices: int
    seconds: float


@dataclass(frozen=True)
class AtSize:
    """Everything that was measured at one image size."""

    image_size: int
    batch_size: int
    precision: Choice
    layout: Choice
    tf32: Choice
    autotuning: Choice
    matrix_side: int
    matrix_product: Measured  # FLOP/s of one large matrix product in the number format
    loading: Loading
    networks: list[Network]
    estimates: list[Estimate]


@dataclass(frozen=True)
class Bench:
    """bench.json."""

    schema: int
    conditions: Conditions
    cache: Cache
    server: float  # s until the first training's process of all has begun: torch and fastai are loaded once
    sizes: list[AtSize]
    peak_memory_bytes: int | None  # of this process; None where the system does not say

    @property
    def name(self) -> str:
        """A file name that says what the figures were measured under."""
        at, sizes = self.conditions, self.sizes
        device = at.gpu.lower().replace(" ", "-") or f"cpu{at.processors}"
        layouts = "+".join(dict.fromkeys(str(size.layout.value) for size in sizes))
        pixels = "+".join(str(size.image_size) for size in sizes)
        parts = [device, sizes[0].precision.value, layouts, f"{pixels}px", f"bs{sizes[0].batch_size}", at.films]
        return f"bench-{'-'.join(map(str, parts))}-torch{at.versions['torch'].split('+')[0]}{'-quick' if at.quick else ''}.json"


def measured(values: Sequence[float], unit: Unit) -> Measured:
    """The Measured of what the rounds gave."""
    return Measured(statistics.median(values), min(values), max(values), len(values), unit)


def rate(amount: float, seconds: Sequence[float], unit: Unit) -> Measured:
    """How much of something a second, of the seconds that this amount took in each round."""
    return measured([amount / each for each in seconds], unit)


def ratio(above: Sequence[float], below: Sequence[float]) -> Measured:
    """One over the other, round by round."""
    return measured([a / b for a, b in zip(above, below, strict=True)], "ratio")


def write(bench: Bench, folder: Path) -> Path:
    """Write the file into a folder, named by its conditions; return its path."""
    path = folder / bench.name
    write_json(path, asdict(bench))
    return path


def read(path: Path) -> Bench:
    """A bench.json as it was written. Raises BadInput."""
    plain = read_json(path, next=AGAIN, keys=("schema",))
    if plain["schema"] != VERSION:
        raise BadInput(f"The file is of version {plain['schema']} of bench.json; this kit reads version {VERSION}.", path, AGAIN)
    try:
        return TypeAdapter(Bench).validate_python(plain)
    except ValidationError as error:
        fault = error.errors()[0]
        raise BadInput(f"The file is not as the kit writes it: {'.'.join(map(str, fault['loc']))}: {fault['msg']}", path, AGAIN) from error
