"""What trains, and how many trainings at the same time: devices, number format, threads, each chosen with its reason."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.progress import counted
from cxrkit.training import networks
from cxrkit.training.precision import Numerics

USABLE = 0.8
"""Share of the free memory that trainings may fill."""
FOR_ITSELF = {"cpu": 0.6e9, "cuda": 1.0e9}
"""Bytes that a training's process takes beside its network: torch, fastai, and on a GPU its context and cuDNN's workspace."""
MOST_ON_A_GPU = 4
"""Small networks leave a GPU idle between launches; several at once reach up to 4 times the speed of one (Robroek et al. 2022,
https://arxiv.org/abs/2209.06018, section 5), more do not."""


@dataclass(frozen=True)
class Machine:
    """device: "cpu" or "cuda", as chosen; devices: torch's names of those that train; at_once: trainings at the same time on each
    of them; threads: of the processor for each; nodes: of a cluster, where the devices are; 0 for this machine."""

    device: Choice
    devices: tuple[str, ...]
    numerics: Numerics
    at_once: Choice
    threads: Choice
    nodes: int = 0

    @classmethod
    def choose(cls, experiment: Experiment, device: Choice, jobs: int, processors: int | None = None) -> "Machine":
        """jobs: how many trainings there are at the most; processors: that this process may use, asked of the system where not given.
        Raises WrongUse for a number format that the device cannot train in."""
        numerics = Numerics.choose(experiment.precision, device.value, experiment.image_size)
        devices = _devices(device.value)
        together = experiment.parallel == "data"
        share = max(1, (processors or environment.processors()) // environment.processes_here())
        at_once = Choice(1, "all processes train one network together") if together else _at_once(experiment, devices, jobs, share)
        threads = max(1, share // (at_once.value * len(devices)))
        return cls(
            device,
            devices,
            numerics,
            at_once,
            Choice(threads, f"{counted(share, 'processor')} for {counted(at_once.value * len(devices), 'training')}"),
        )

    @property
    def slots(self) -> list[str]:
        """The device of each training that may run at the same time, the devices in turn."""
        return [device for _ in range(self.at_once.value) for device in self.devices]

    @property
    def holder(self) -> str:
        """Where films are held for it, as of loaders.placement."""
        return "nodes" if self.nodes else self.device.value

    @property
    def choices(self) -> dict[str, Choice]:
        """What was chosen, by the names of schema.Chosen."""
        devices = Choice(", ".join(self.devices), f"{len(self.devices)} that work{'s' * (len(self.devices) == 1)}")
        if self.nodes:
            devices = Choice(f"{len(self.devices)} x {self.device.value}", f"on {self.nodes} nodes of a Ray cluster, as it began")
        return {name: getattr(self.numerics, name) for name in ("precision", "layout", "tf32", "autotuning")} | {
            "device": self.device,
            "devices": devices,
            "at_once": self.at_once,
            "threads": self.threads,
        }

    @property
    def computed(self) -> list:
        """What of it changes a training's numbers by more than the order of a sum, for the training's key."""
        return [self.device.value, *self.numerics.computed]

    def __str__(self):
        """A line a choice, for a log."""
        return "\n".join(f"  {name.replace('_', ' ')}: {choice}" for name, choice in self.choices.items())


def _devices(kind):
    if kind == "cpu":
        return ("cpu",)
    count = torch.cuda.device_count()
    if environment.processes() > 1:
        return (f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % count}",)
    return tuple(f"cuda:{index}" for index in range(count) if environment.computes(f"cuda:{index}").value)


def _at_once(experiment, devices, jobs, processors):
    """How many trainings a device takes at the same time, as a Choice.

    On processors, each training has a core of its own as far as memory goes: what two threads share within a layer of small
    films is soon done, and then one waits for the other. `bench` measures both.
    """
    if experiment.jobs_at_once:
        return Choice(experiment.jobs_at_once, "as the experiment says")
    kind = torch.device(devices[0]).type
    free = min(torch.cuda.mem_get_info(device)[0] for device in devices) if kind == "cuda" else environment.free_memory_bytes()
    if free is not None:
        free /= -(-environment.processes_here() // (torch.cuda.device_count() if kind == "cuda" else 1))  # others have a share of it
    need = FOR_ITSELF[kind] + max(
        networks.training_bytes(architecture, experiment.image_size, experiment.batch_size) for architecture in experiment.architectures
    )
    wanted = {"the processors": max(1, processors // len(devices)), "the number of trainings": -(-jobs // len(devices))}
    if kind == "cuda":
        wanted["what more would gain"] = MOST_ON_A_GPU
    if free is not None:
        wanted["memory"] = max(1, int(USABLE * free / need))
    limit = min(wanted, key=wanted.get)
    shared = "; MPS runs, so their launches overlap" if kind == "cuda" and _mps_runs() else ""
    memory = "" if free is None else f"; one needs up to {need / 1e9:.1f} GB of {free / 1e9:.1f} GB free"
    return Choice(wanted[limit], f"as many as {limit} allow{'s' if limit in ('memory', 'the number of trainings') else ''}{memory}{shared}")


def _mps_runs():
    """Whether NVIDIA's multi-process service is there, which lets processes share a GPU without taking turns; nothing is started."""
    return Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")).exists()
