"""Number format and memory layout in which the networks compute, each chosen with its reason.

fastai's MixedPrecision leaves autocast entered where a forward pass fails, and waits for the device twice a step; Cast
and Scaled do its work without either.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import CancelStepException
from fastai.learner import Callback

from cxrkit.environment import Choice
from cxrkit.errors import WrongUse

SMALL = 64
"""Pixels a side; below it contiguous images are as fast on a processor as channels last, or faster."""


@dataclass(frozen=True)
class Numerics:
    """How a device computes: precision ("float32", "float16", "bfloat16"), layout ("channels_last", "contiguous"),
    tf32 (whether float32 products may be rounded to TF32), autotuning (whether cuDNN tries its algorithms)."""

    precision: Choice
    layout: Choice
    tf32: Choice
    autotuning: Choice

    @classmethod
    def choose(cls, wanted: str, device: str, image_size: int) -> "Numerics":
        """wanted: the experiment's `precision`. Raises WrongUse for a format that the device cannot train in."""
        cuda = torch.device(device).type == "cuda"
        capability = torch.cuda.get_device_capability(device) if cuda else None
        return cls(choose_precision(wanted, capability), choose_layout(cuda, image_size), choose_tf32(capability), choose_autotuning(cuda))

    def apply(self) -> None:
        """Set this process's torch to it."""
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = self.tf32.value
        torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = self.autotuning.value, False

    def callbacks(self, device: str) -> list[Callback]:
        """The fastai callbacks that make a learner compute so."""
        found = [ChannelsLast()] if self.layout.value == "channels_last" else []
        if self.precision.value == "float32":
            return found
        kind = torch.device(device).type
        scaled = [Scaled(kind)] if self.precision.value == "float16" else []
        return [*found, Cast(kind, getattr(torch, self.precision.value)), *scaled]

    @property
    def computed(self) -> list:
        """What of it changes numbers, for a job's key."""
        return [self.precision.value, self.layout.value, self.tf32.value]


def choose_precision(wanted, capability):
    """float32, float16 or bfloat16 as a Choice; wanted: the experiment's `precision`; capability: a GPU's, None for a processor.

    A T4 says that it supports bfloat16 and emulates it at less than half its float32 speed, so the compute
    capability decides and not torch.cuda.is_bf16_supported(). Raises WrongUse for a format that the device
    cannot train in.
    """
    if wanted != "auto":
        if wanted == "float16" and capability is None:
            raise WrongUse("The processor does not train in float16.", "--precision", "use float32, or bfloat16")
        return Choice(wanted, "as the experiment says")
    if capability is None:
        return Choice("float32", "deterministic on CPU")
    if capability >= (8, 0):
        return Choice("bfloat16", "compute capability {}.{} has bfloat16, which needs no scaling of gradients".format(*capability))
    if capability >= (7, 0):
        return Choice("float16", "compute capability {}.{} has float16 units, and no bfloat16 ones".format(*capability))
    return Choice("float32", "compute capability {}.{} gains nothing from float16".format(*capability))


def choose_layout(cuda, image_size):
    """The memory layout of images as a Choice.

    Measured on one processor core, forward and backward, the speed of channels last over contiguous for ResNet34,
    ResNet101, VGG16 and VGG19: .78, .96, 1.06, 1.04 at 32 px; .86, 1.00, 1.10, 1.09 at 64; 1.00, 1.08, 1.16, 1.17 at 128;
    .99, 1.09, 1.08, 1.12 at 224.
    """
    if cuda:
        return Choice("channels_last", "what a GPU's units for float16 and bfloat16 read")
    if image_size < SMALL:
        return Choice("contiguous", f"a processor and less than {SMALL} pixels, where ResNet34 is 1.3 times as fast and the others alike")
    return Choice("channels_last", f"a processor and {SMALL} pixels or more, where it is up to 1.17 times as fast")


def choose_tf32(capability):
    """Whether products of float32 numbers may be rounded to TF32, as a Choice."""
    if capability is None or capability < (8, 0):
        return Choice(False, "this device has none")
    return Choice(True, "what is left in float32 is trained faster; predictions are made without it")


def choose_autotuning(cuda):
    """Whether cuDNN tries its algorithms for the one size of batch that a training has, as a Choice."""
    return Choice(cuda, "every batch has the same size" if cuda else "no GPU")


@contextmanager
def full_float32():
    """Products of float32 numbers without TF32, for predictions that a processor repeats."""
    usual = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = usual


class Cast(Callback):
    """Computes the network in a shorter number format during a fit, and the loss in float32.

    The forward pass is run inside autocast as a whole, so that autocast is left however the pass ends.
    """

    order = 12  # after Together (11): what is cast is the model that is called

    def __init__(self, kind, dtype):
        self.kind, self.dtype = kind, dtype

    def before_fit(self):
        model = self.model
        whole = torch.autocast(self.kind, self.dtype)(model.forward)
        model.forward = lambda *inputs: whole(*inputs).float()

    def after_fit(self):
        self.model.__dict__.pop("forward", None)


class Scaled(Callback):
    """Scales the loss so that gradients survive float16; a step whose gradients overflow changes nothing (Micikevicius
    et al. 2018, https://arxiv.org/abs/1710.03740). The optimizer learns of an overflow from the scaler, and counts it."""

    order = 13

    def __init__(self, kind):
        self.kind = kind

    def before_fit(self):
        self.scaler = torch.amp.GradScaler(self.kind)

    def before_backward(self):
        self.learn.loss_grad = self.scaler.scale(self.loss_grad)

    def before_step(self):
        self.scaler.step(self.opt)
        self.scaler.update()
        raise CancelStepException  # fastai would step once more
