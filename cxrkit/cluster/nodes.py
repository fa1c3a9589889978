"""The nodes of a Ray cluster: whether each is like this machine, what trains on it, and the Machine that they make together.

Nothing here needs Ray: a node's Report is a value, and so is what follows from several.
"""

from __future__ import annotations

import functools
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import features

import cxrkit
from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.errors import WrongUse

if TYPE_CHECKING:  # it brings torch and fastai, of which it is asked first whether they are the right ones
    from cxrkit.training.machine import Machine

ALIKE = ("torch", "torchvision", "fastai")
"""Packages whose versions decide the numbers of a training."""
DECODERS = ("pillow", "numpy", "pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "python-gdcm", "pillow-heif")
PILLOWS = {"JPEG": "libjpeg_turbo", "JPEG 2000": "jpg_2000", "TIFF": "libtiff", "WebP": "webp"}
"""{format: what Pillow calls the library of its build that reads it}."""


@dataclass(frozen=True)
class Node:
    """A node as Ray lists it: its id, its name, and the processors and GPUs that it offers."""

    id: str
    name: str
    processors: int
    gpus: int = 0


@dataclass(frozen=True)
class Report:
    """What a node says of itself. machine: what would train there, of one of its GPUs where it has some; None where `reason` says
    why nothing can."""

    node: Node
    machine: Machine | None
    reason: str = ""


def versions(architectures: Iterable[str] = ()) -> dict[str, str]:
    """{name: version} of what decides a training's numbers: the kit's own source, and the packages, timm where a network is its.

    What a version says of its build ("+cu126") is left out: processors and GPUs need other builds.
    """
    from cxrkit.config import OF_TIMM, TESTED

    timm = [name for name in architectures if name in OF_TIMM or name not in TESTED]
    return _of((*ALIKE, *(["timm"] if timm else [])))


def of_films() -> dict[str, str]:
    """{name: version} of what decides how a film is decoded: the kit's own source, and all decoders, also those that are absent."""
    of_pillow = {f"Pillow's {name}": str(features.version(feature)) for name, feature in PILLOWS.items()}
    return _of(DECODERS) | of_pillow


def _of(packages: Iterable[str]) -> dict[str, str]:
    found = {"cxrkit": f"{cxrkit.__version__}-{_source()}"}
    for package in packages:
        try:
            found[package] = metadata.version(package).partition("+")[0]
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


@functools.cache
def _source() -> str:
    """The first digits of a hash over the kit's modules, as they lay here when this was asked first."""
    root = Path(cxrkit.__file__).parent
    whole = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()[:12]


def unlike(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """In what a node differs from the one that asks, in words; empty where it does not."""
    return ", ".join(
        f"{name} {found.get(name, 'absent')} there, {value} here" for name, value in wanted.items() if found.get(name) != value
    )


def report(node: Node, experiment: Experiment, wanted: Mapping[str, str], jobs: int) -> Report:
    """The Report of the node where this is called, for at the most so many trainings on each of its devices."""
    if reason := unlike(versions(experiment.architectures), wanted):
        return Report(node, None, reason)
    from cxrkit.training.machine import Machine

    device = environment.choose_device()
    if node.gpus and device.value == "cpu":
        return Report(node, None, f"it offers {node.gpus} GPUs, and {device.reason}")
    try:
        return Report(node, Machine.choose(experiment, device, jobs, max(1, node.processors // max(1, node.gpus))))
    except WrongUse as error:
        return Report(node, None, error.what)


def together(reports: Iterable[Report]) -> tuple[Machine, dict[Node, str]]:
    """(the Machine of all nodes that train alike, {node: why it trains nothing}).

    Where any node has a GPU, GPUs train; of number formats, that of most nodes. On a GPU as many trainings at once as all GPUs
    have room for; on processors as many threads each as the node with the least memory beside its processors needs.
    Raises WrongUse where no node is left.
    """
    from cxrkit.training.machine import Machine

    reports = list(reports)
    fit = {found.node: found.machine for found in reports if found.machine is not None}
    refused = {found.node: found.reason for found in reports if found.machine is None}
    if not fit:
        raise WrongUse(
            "No node of the cluster can train.\n" + "\n".join(f"  - {node.name}: {reason}" for node, reason in refused.items()),
            next="install the same versions there, and start Ray in that environment",
        )
    kind = "cuda" if any(machine.device.value == "cuda" for machine in fit.values()) else "cpu"
    count = Counter(repr(machine.computed) for machine in fit.values() if machine.device.value == kind)
    common = max(count, key=lambda computed: count[computed])
    for node, machine in list(fit.items()):
        if repr(machine.computed) == common:
            continue
        numbers = " ".join(str(choice.value) for choice in (machine.device, machine.numerics.precision, machine.numerics.layout))
        refused[node] = f"it would train by other numbers than the others: {numbers}"
        del fit[node]
    machines = list(fit.values())
    if kind == "cuda":
        threads = min(machine.threads.value for machine in machines)
        at_once = min(machine.at_once.value for machine in machines)
    else:
        threads = max(node.processors // (machine.at_once.value + 1) + 1 for node, machine in fit.items())  # so that no more fit on it
        for node in [node for node in fit if node.processors < threads]:
            refused[node] = f"it offers fewer processors than the {threads} threads of a training"
            del fit[node]
        at_once = min(node.processors // threads for node in fit)
    devices = [name for node in fit for name in (["cuda:0"] * node.gpus if kind == "cuda" else ["cpu"])]
    first = machines[0]
    return (
        Machine(
            Choice(kind, first.device.reason),
            tuple(devices),
            first.numerics,
            Choice(at_once, f"on the node with the least room: {first.at_once.reason}"),
            Choice(threads, "as the nodes choose"),
            len(fit),
        ),
        refused,
    )
