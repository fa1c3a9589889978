"""Whole networks in the files that PyTorch wrote before 1.6: their tensors, and nothing else of them.

Such a file is a pickle of a torch.nn.Module, beside the source of its classes, and torch itself reads none with
weights_only=True. Here no class that a file names is made and no function called: a name that is not among the few below
stands for an empty shell, of which the state alone is looked at (https://docs.python.org/3/library/pickle.html#restricting-globals).
"""

import io
import math
import pickle
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import torch

FAULTS = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, OverflowError, pickle.UnpicklingError, struct.error)
"""What reading a damaged or another file raises."""
BEGINS = b"\x80"
MAGIC, PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


@dataclass(frozen=True)
class _Tensor:
    """Which part of which storage a tensor is; the storages stand behind the pickle."""

    dtype: torch.dtype
    key: str
    offset: int
    size: tuple
    stride: tuple

    def of(self, storage: torch.Tensor) -> torch.Tensor:
        if math.prod(self.size) > len(storage):  # a small file makes no large tensor
            raise ValueError("a tensor is larger than what is stored of it")
        return storage.as_strided(self.size, self.stride, self.offset).clone()


class _Reader(pickle.Unpickler):
    """Reads a pickle with shells in place of all classes and functions but those of tensors. They are made anew for each file."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file, encoding="utf-8")

        class Shell:
            state: Any = None

            def __new__(cls, *_: Any, **__: Any) -> "Shell":
                return object.__new__(cls)

            def __init__(self, *_: Any, **__: Any):
                pass

            def __setstate__(self, state: Any) -> None:
                self.state = state

            def append(self, _: Any) -> None:
                pass

            def __setitem__(self, *_: Any) -> None:
                pass

        self.shell, self.dtypes = Shell, {}
        self.known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda storage, *view: _Tensor(*storage, *view[:3]),
            ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
            **{("torch", name): dtype for name, dtype in DTYPES.items()},
        }

    def find_class(self, module: str, name: str) -> Any:
        return self.known.get((module, name), self.shell)

    def persistent_load(self, pid: Any) -> Any:
        kind, *told = pid
        if kind == "module":
            return told[0]
        dtype, key, _, _, view = told
        if kind != "storage" or view is not None:
            raise ValueError("it holds something other than tensors")
        self.dtypes[key] = dtype
        return dtype, key


def read(content: bytes) -> dict[str, torch.Tensor]:
    """The state dict of the network that such a file holds. Raises FAULTS."""
    file = io.BytesIO(content)
    if [_Reader(file).load() for _ in range(2)] != [MAGIC, PROTOCOL]:
        raise ValueError("it is no file of PyTorch's")
    _Reader(file).load()  # of the machine that wrote it
    reader = _Reader(file)
    found, storages = dict(_named(reader.load(), "")), {}
    for key in _Reader(file).load():
        dtype, (count,) = reader.dtypes[key], struct.unpack("<q", file.read(8))
        held = bytearray(file.read(max(0, count) * dtype.itemsize))
        storages[key] = torch.frombuffer(held, dtype=dtype, count=count) if held else torch.empty(0, dtype=dtype)
    return {name: each.of(storages[each.key]) for name, each in found.items()}


def _named(shell: Any, before: str) -> Any:
    """(name, _Tensor) of a module's parameters and buffers, and of those of its parts."""
    state = getattr(shell, "state", None)
    if not isinstance(state, dict) or not {"_parameters", "_buffers", "_modules"} <= state.keys():
        raise ValueError("it holds no network")
    for name, value in (*state["_parameters"].items(), *state["_buffers"].items()):
        if isinstance(value, _Tensor):
            yield before + name, value
    for name, part in state["_modules"].items():
        yield from _named(part, f"{before}{name}.")
