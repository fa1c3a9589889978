"""Where a run takes place: Kaggle or a machine of one's own, and what that machine can do."""

import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PACKAGES = ("torch", "torchvision", "fastai", "fastcore", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "matplotlib", "kaggle")
KAGGLE_WORKING = Path("/kaggle/working")
KAGGLE_INPUT = Path("/kaggle/input")
BYTES_A_WORKER = 700e6
"""Memory that one decoding process takes: it imports torch and fastai."""


def on_kaggle():
    """Whether this process runs in a Kaggle kernel: Kaggle sets this variable in all of them, and nobody else does."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


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


def choose_device():
    """The device to train on, as a Choice of "cuda" or "cpu".

    A GPU counts only when it has added two numbers: torch may see one that it has no kernels for.
    """
    import torch

    if not torch.cuda.is_available():
        return Choice("cpu", "torch sees no GPU")
    name = torch.cuda.get_device_name()
    try:
        assert (torch.ones(8, device="cuda") + 1).sum().item() == 16
    except RuntimeError as error:
        return Choice("cpu", f"torch sees {name} and cannot compute on it: {str(error).splitlines()[0]}")
    return Choice("cuda", name)


def choose_workers(wanted, images, device):
    """The number of decoding processes as a Choice; wanted: the experiment's `workers`."""
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


def peak_memory_bytes():
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
