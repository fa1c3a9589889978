"""The bare training step, which is the limit, and what a step is made of: operations dispatched, waits, arithmetic."""

from collections.abc import Callable, Iterable

import torch
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from cxrkit.bench.rounds import Timer, timed
from cxrkit.bench.values import Counts
from cxrkit.errors import WrongUse
from cxrkit.training.precision import Numerics

FETCHES = (torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero, torch.ops.aten.equal)
"""Operations whose result the host must know before it goes on."""
ALLOCATIONS = (torch.ops.aten.empty, torch.ops.aten.empty_like, torch.ops.aten.empty_strided)
SETTLED = 24
"""Steps in which a gradient scale of 65,536 has fallen below what any gradients need."""
LEARNING_RATE = 1e-3


class BareStep:
    """Forward, backward and torch's fused AdamW on one batch that never changes, in the run's number format and layout.

    The way timm's benchmark measures a network: https://github.com/huggingface/pytorch-image-models, benchmark.py.
    films: float32 [n, 3, size, size] as the loader gives them; labels: int64 [n]; both on the model's device. In float16
    the loss is scaled; the fused step unscales the gradients, and changes nothing where they overflow.
    """

    def __init__(self, name: str, model: torch.nn.Module, films: torch.Tensor, labels: torch.Tensor, numerics: Numerics):
        kind, self.format = films.device.type, str(numerics.precision.value)
        layout = torch.channels_last if numerics.layout.value == "channels_last" else torch.contiguous_format
        self.name, self.films, self.labels = name, films.contiguous(memory_format=layout), labels
        self.model = model.train().to(memory_format=layout)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, eps=1e-5, weight_decay=0.01, fused=True)
        self.scaler = torch.amp.GradScaler(kind, enabled=self.format == "float16")
        self.cast = torch.autocast(kind, getattr(torch, self.format), enabled=self.format != "float32")

    def loss(self) -> torch.Tensor:
        with self.cast:
            outputs = self.model(self.films)
        return cross_entropy(outputs.float(), self.labels)

    def run(self, steps: int) -> list[torch.Tensor]:
        """Do so many steps, without waiting for the device; return their losses, which are there once the device is done."""
        losses = []
        for _ in range(steps):
            loss = self.loss()
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            self.optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        return losses

    def settle(self) -> None:
        """Do a first step; in float16, steps until the gradients no longer overflow. Raises WrongUse where they always do."""
        for _ in range(SETTLED):
            scale = self.scaler.get_scale()
            require_finite(self.run(1), self.name, self.format)
            if self.scaler.get_scale() >= scale:
                return
        raise WrongUse(
            f"{self.name} in {self.format}: the gradients of {SETTLED} steps overflowed, so that nothing was trained.",
            next="measure with another --precision",
        )

    def seconds(self, steps: int, timer: Timer) -> float:
        """Seconds a step, the device waited for once after all of them. Raises WrongUse where a loss is not finite."""
        timer.start()
        losses = self.run(steps)
        seconds = timer.stop() / steps
        require_finite(losses, self.name, self.format)
        return seconds

    def flops(self) -> float:
        """Floating-point operations of the forward pass and twice as many of the backward one (Kaplan et al. 2020,
        https://arxiv.org/abs/2001.08361, section 2.1): torch's counter takes the backward pass of a grouped convolution for that
        of a full one."""
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            self.loss()
        return 3.0 * counter.get_total_flops()

    def counts(self, steps: int) -> Counts:
        with Dispatches(self.films.device) as counted:
            self.run(steps)
        return counted.per(steps)


def require_finite(losses: Iterable[torch.Tensor], name: str, number_format: str) -> None:
    """Raise WrongUse unless all these losses are finite: the time of steps that train nothing says nothing."""
    if not torch.stack([loss.float().cpu() for loss in losses]).isfinite().all():
        raise WrongUse(
            f"{name} in {number_format}: a loss is not finite, so that nothing was trained and its time says nothing.",
            next="measure with another --precision, or a lower learning_rate",
        )


class Dispatches(TorchDispatchMode):
    """Counts what torch dispatches to a device inside its block: launches, and waits of the host for their results.

    Views and allocations launch nothing. A processor is sent the same as a GPU, except that nothing has to be copied to the host there: a GPU's waits may be more.
    """

    def __init__(self, device: torch.device | str) -> None:
        super().__init__()
        self.device = torch.device(device).type
        self.launches = self.waits = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        taken, given = self._on_device((args, kwargs)), self._on_device(found)
        self.launches += (taken or given) and not function.is_view and function.overloadpacket not in ALLOCATIONS
        self.waits += taken and (function.overloadpacket in FETCHES or self._reached_host(found))
        return found

    def _on_device(self, values: object) -> bool:
        return any(isinstance(each, torch.Tensor) and each.device.type == self.device for each in tree_leaves(values))

    def _reached_host(self, found: object) -> bool:
        return self.device != "cpu" and isinstance(found, torch.Tensor) and found.device.type == "cpu"

    def per(self, steps: int) -> Counts:
        return Counts(self.launches / steps, self.waits / steps)


class MatrixProduct:
    """One large product of square matrices in a number format: the most arithmetic that a device can be brought to.

    side: rows and columns.
    """

    def __init__(self, side: int, device: str, numerics: Numerics):
        self.side = side
        self.a, self.b = (torch.randn(side, side, device=device, dtype=getattr(torch, str(numerics.precision.value))) for _ in range(2))

    @property
    def flops(self) -> float:
        return 2.0 * self.side**3

    def seconds(self, products: int, timer: Timer) -> float:
        """Seconds of one product, of so many after each other."""
        return timed(self._many(products), timer) / products

    def _many(self, products: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(products):
                self.a @ self.b

        return work
