"""Where a run takes place: Kaggle or a machine of one's own, and what that machine can do."""

import functools
import math
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cxrkit.errors import WrongUse
from cxrkit.files import locked, read_json, write_json

PACKAGES = ("torch", "torchvision", "fastai", "fastcore", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "matplotlib", "kaggle")


def on_kaggle():
    """Whether this process runs in a Kaggle kernel: Kaggle sets this variable in all of them, and nobody else does."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def kaggle_input():
    """The folder below which Kaggle mounts what is attached; CXRKIT_KAGGLE stands in for /kaggle where one tries this."""
    return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "input"


def kaggle_working():
    """The folder that Kaggle keeps as the kernel's output."""
    return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "working"


def bundle_identity():
    """{source_sha256, run_id, edited_from} as in schema.Bundle, of the script that this process runs from; empty texts where it does not."""
    source, made_as, run_id = (os.environ.get(f"CXRKIT_{name}", "") for name in ("SOURCE", "MADE_AS", "RUN"))
    return {"source_sha256": source, "run_id": run_id, "edited_from": made_as if made_as != source else ""}


class Deadline:
    """Call it for the seconds left until no new stage may begin; without hours there is no end.

    end: seconds since 1970, the same for every process that is told of it.
    """

    def __init__(self, hours=None, clock=time.time):
        self.clock = clock
        self.end = math.inf if hours is None else clock() + 3600 * hours

    @classmethod
    def at(cls, end):
        """The deadline that another process was given."""
        deadline = cls()
        deadline.end = end
        return deadline

    @classmethod
    def of_run(cls, hours, out):
        """The deadline of a run into `out`, the same for processes that torchrun starts again after one has died."""
        deadline = cls(hours)
        launch = f"{os.environ.get('TORCHELASTIC_RUN_ID')} {os.getppid()}"
        path = Path(out) / ".deadline.json"
        if hours is None or processes() == 1:
            return deadline
        with locked(path.with_suffix(".lock")):
            known = read_json(path, keys=("launch", "end")) if path.exists() else {}
            if known.get("launch") == launch:
                return cls.at(known["end"])
            write_json(path, {"launch": launch, "end": deadline.end})
        return deadline

    def __call__(self):
        return self.end - self.clock()


def processors():
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Choice:
    """A value the kit chose by itself, and why."""

    value: object
    reason: str

    def __str__(self):
        return f"{self.value} ({self.reason})"


@functools.cache
def rank():
    """The number of this process among those that torchrun started; 0 where it runs alone."""
    return int(os.environ.get("RANK", 0))


@functools.cache
def processes():
    """How many processes torchrun started, on all hosts; 1 where there is no torchrun."""
    return int(os.environ.get("WORLD_SIZE", 1))


@functools.cache
def processes_here():
    """How many processes torchrun started on this host."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", processes()))


def computes(device):
    """Whether a GPU has added two numbers, as a Choice of True or False, with the error as its reason, which is empty for True."""
    import torch

    try:
        (torch.ones(8, device=device) + 1).sum().item()
    except RuntimeError as error:
        return Choice(False, str(error).splitlines()[0])
    return Choice(True, "")


def choose_device():
    """The device to train on, as a Choice of "cuda" or "cpu".

    A GPU counts only when it has added two numbers: torch may see one that it has no kernels for.
    Under torchrun each process of a host takes a GPU of its own, as far as they go.
    """
    import torch

    if not torch.cuda.is_available():
        return Choice("cpu", "torch sees no GPU")
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    name = torch.cuda.get_device_name()
    capability = "sm_{}{}".format(*torch.cuda.get_device_capability())
    if error := computes("cuda").reason:
        kernels = " ".join(torch.cuda.get_arch_list())
        return Choice("cpu", f"torch sees {name} ({capability}), has kernels for {kernels}, and fails: {error}")
    return Choice("cuda", name)


def require_gpu():
    """The GPU as a Choice. Raises WrongUse where none computes, so that a run does not crawl on processors for hours."""
    device = choose_device()
    if device.value != "cuda":
        raise WrongUse(
            f"No GPU works here: {device.reason}.",
            next='push with "machine_shape": "NvidiaTeslaT4" in kernel-metadata.json (or choose GPU T4 x2 on the kernel\'s page); '
            "to run on processors set GPU = False at the head of the script",
        )
    return device


def choose_workers(wanted, images, device):
    """The number of decoding processes as a Choice; wanted: the experiment's `workers`."""
    if sys.platform in ("win32", "darwin"):
        return Choice(0, "this system cannot fork them, and their films cannot be handed over")
    if wanted >= 0:
        return Choice(wanted, "as the experiment says")
    if device == "cpu":
        return Choice(0, "the processors are busy training")
    return Choice(min(processors(), 8, images // 64), "one a processor")


def versions():
    """{package: version} of Python and of what decides the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def describe():
    """What is worth keeping of the machine in run.json: no names, paths or tokens."""
    return {
        "place": "kaggle" if on_kaggle() else "local",
        "system": f"{platform.system()} {platform.machine()}",
        "processors": processors(),
        "versions": versions(),
    }


def commit():
    """The commit of the kit's own repository, with "-dirty" where tracked files were changed; empty where it runs from elsewhere."""
    root = Path(__file__).resolve().parents[1]
    if not (root / ".git").exists():
        return ""
    asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def free_memory_bytes():
    """Memory that a process could still take, in bytes, within the limits of its container; None where the system does not say."""
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit, used = (int(Path("/sys/fs/cgroup", name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return free
    return min(free, limit - used)


def peak_memory_bytes():
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(status["VmHWM"].split()[0]) * 1024  # getrusage's figure is at least that of the process which started this one
    except (OSError, KeyError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
