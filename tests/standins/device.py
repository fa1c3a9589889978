"""A stand-in for a GPU: torch's meta device, which computes shapes and no numbers, watched by what would hurt on a GPU.

What a GPU refuses is refused here: an operation on tensors of which some lie on the device and some on the host. Each operation
that would start a kernel is counted, and each that lets the processor wait for the device: a number that is fetched, a copy to
the host, a copy from the host that is not told to be non-blocking. What is fetched is a made-up number.

CUDA itself cannot be claimed on a machine without one: torch's FakeTensor on "cuda" cannot become a fastai tensor (as_subclass),
and autograd asks the driver for a context.
"""

import functools
import sys
from collections import Counter
from contextlib import contextmanager

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from cxrkit.training import optimizer

NAME = "meta"
COPIES = ("aten._to_copy", "aten.copy_")
NO_KERNEL = ("aten.empty", "aten.new_empty", "aten._local_scalar_dense", "aten.lift_fresh", "aten.is_pinned", "aten.record_stream")


class Device(TorchDispatchMode):
    """launches, waits: {part: count}, where `part` is what the test says is running; operations: {(part, name): count}."""

    def __init__(self):
        super().__init__()
        self.part = ""
        self.launches, self.waits, self.operations = Counter(), Counter(), Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = _name(func)
        tensors = [*_tensors(args), *_tensors(kwargs.values())]
        here = [value for value in tensors if value.device.type == NAME]
        there = [value for value in tensors if value.device.type != NAME and value.dim()]
        if name == "aten._local_scalar_dense" and here:
            self.waits[self.part] += 1
            return {torch.bool: False}.get(here[0].dtype, 0.5 if here[0].dtype.is_floating_point else 1)
        if name in COPIES:
            return self._copied(func, name, args, kwargs)
        if here and there:
            raise RuntimeError(f"{func}: some tensors are on the device, and {[tuple(value.shape) for value in there]} on the host")
        found = None if name == "aten._fused_adamw_" and here else func(*args, **kwargs)
        made = [value for value in _tensors([found]) if value.device.type == NAME]
        if (here or made) and not name.startswith(NO_KERNEL) and not _is_view(func):
            self._launched(name)
        return found

    def _launched(self, name):
        self.launches[self.part] += 1
        self.operations[self.part, name] += 1

    def _copied(self, func, name, args, kwargs):
        target = torch.device(kwargs.get("device") or args[0].device) if name == "aten._to_copy" else args[0].device
        source = (args[0] if name == "aten._to_copy" else args[1]).device
        if NAME in (target.type, source.type):
            self._launched(name)
            blocking = not (kwargs.get("non_blocking") or (name == "aten.copy_" and len(args) > 2 and args[2]))
            if source.type != target.type and (blocking or target.type != NAME):
                self.waits[self.part] += 1
        if source.type == NAME != target.type:
            if name == "aten.copy_":
                return args[0].zero_()
            return torch.full(args[0].shape, 0.5, device=target).to(kwargs.get("dtype") or args[0].dtype)
        return func(*args, **kwargs)


def _tensors(values):
    """Those among values and in their lists; torch's own tree_leaves takes several times as long, at each operation."""
    found = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (list, tuple)):
            found += _tensors(value)
    return found


@functools.cache
def _name(func):
    return str(func).rsplit(".", 1)[0]


@functools.cache
def _is_view(func):
    """Whether an operation gives another look at its input, and writes nothing."""
    returns = func._schema.returns
    return bool(returns) and all(each.alias_info is not None and not each.alias_info.is_write for each in returns)


@contextmanager
def device(patch):
    """Run what follows with the device in place; torch's fused AdamW takes it for one of its own. patch: pytest's monkeypatch."""
    patch.setattr(sys.modules["torch.optim.optimizer"], "_get_fused_kernels_supported_devices", lambda: ["cpu", NAME])
    patch.setattr(optimizer, "FUSED_DEVICES", (*optimizer.FUSED_DEVICES, NAME))
    with Device() as found:
        yield found
