"""Number format and memory layout in which the networks compute, each chosen with its reason.

Mixed precision is fastai's own; on a processor it casts nothing, so bfloat16 has a callback here.
"""

from dataclasses import dataclass

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.fp16 import AMPMode, MixedPrecision
from fastai.learner import Callback
from fastai.torch_core import to_float

from cxrkit.environment import Choice
from cxrkit.errors import WrongUse


@dataclass(frozen=True)
class Numerics:
    """How a device computes: precision ("float32", "float16", "bfloat16"), layout ("channels_last"), autotuning (of cuDNN)."""

    precision: Choice
    layout: Choice
    autotuning: Choice

    @classmethod
    def choose(cls, wanted: str, device: str) -> "Numerics":
        """wanted: the experiment's `precision`. Raises WrongUse for a format that the device cannot train in."""
        return cls(choose_precision(wanted, device), choose_layout(device), autotune(device))

    def callbacks(self, device: str) -> list[Callback]:
        """The fastai callbacks that make a learner compute so."""
        return callbacks(self.precision, self.layout, device)

    def __str__(self):
        return f"numbers: {self.precision}; layout: {self.layout}; cuDNN autotuning: {self.autotuning}"


def choose_precision(wanted, device):
    """float32, float16 or bfloat16 as a Choice; wanted: the experiment's `precision`.

    A T4 says that it supports bfloat16 and emulates it at less than half its float32 speed, so the compute
    capability decides and not torch.cuda.is_bf16_supported(). Raises WrongUse for a format that the device
    cannot train in.
    """
    cuda = torch.device(device).type == "cuda"
    capability = torch.cuda.get_device_capability(device) if cuda else None
    if wanted != "auto":
        if wanted == "float16" and not cuda:
            raise WrongUse("The processor does not train in float16.", "--precision", "use float32, or bfloat16")
        return Choice(wanted, "as the experiment says")
    if not cuda:
        return Choice("float32", "a processor, whose numbers repeat exactly")
    if capability >= (8, 0):
        return Choice("bfloat16", "compute capability {}.{} has bfloat16, which needs no scaling of gradients".format(*capability))
    if capability >= (7, 0):
        return Choice("float16", "compute capability {}.{} has float16 units, and no bfloat16 ones".format(*capability))
    return Choice("float32", "compute capability {}.{} gains nothing from float16".format(*capability))


def choose_layout(device):
    """The memory layout of images as a Choice; channels last on every device that was measured."""
    return Choice("channels_last", "1.1 to 1.35 times as fast on a processor, and faster on GPUs with float16 units")


def callbacks(precision, layout, device):
    """The fastai callbacks that make a learner compute so on a device; precision and layout are Choices."""
    found = [ChannelsLast()] if layout.value == "channels_last" else []
    if precision.value == "float32":
        return found
    if torch.device(device).type == "cpu":
        return [*found, ProcessorBfloat16()]
    return [*found, MixedPrecision(amp_mode={"float16": AMPMode.FP16, "bfloat16": AMPMode.BF16}[precision.value])]


class ProcessorBfloat16(Callback):
    """fastai's MixedPrecision for bfloat16 on a processor, where it would cast nothing."""

    order = MixedPrecision.order

    def before_batch(self):
        self.autocast = torch.autocast("cpu", torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self):
        self.learn.pred = to_float(self.pred)

    def after_loss(self):
        self.autocast.__exit__(None, None, None)


def autotune(device):
    """Let cuDNN try its algorithms for the one size of batch that a training has; as a Choice of True or False."""
    cuda = torch.device(device).type == "cuda"
    torch.backends.cudnn.benchmark = cuda
    torch.backends.cudnn.deterministic = False
    return Choice(cuda, "every batch has the same size" if cuda else "no GPU")
