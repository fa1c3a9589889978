"""Networks' states as bytes: written as safetensors, read from those and from PyTorch's own files; only tensors come out of either.

The same state gives the same bytes. Beside the tensors they hold notes: the architecture, the version of the kit, the hash of
the manifest that it was trained by, and a checksum (cxrkit/state_files.py).
"""

import io
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as as_safetensors

from cxrkit import __version__, state_files
from cxrkit.errors import BadInput
from cxrkit.files import AGAIN, reading

OURS = (b"PK\x03\x04", b"\x80")
"""How PyTorch's files begin: the archives that it writes, the pickles that it wrote before."""
FAULTS = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, OSError, pickle.UnpicklingError, SafetensorError)
"""What the two libraries raise over a file that is damaged or another's."""


def written(state: Mapping[str, torch.Tensor], architecture: str, manifest_sha256: str = "") -> bytes:
    """The bytes of a network's state dict. manifest_sha256: of the films that it was trained by, empty for none.

    safetensors wants tensors that lie in one piece, in memory of their own: others are copied, so that tied weights are
    written twice, and read back as equal ones.
    """
    tensors, held = {}, set()
    for name, value in state.items():
        tensor = value.detach().cpu().contiguous()
        memory = tensor.untyped_storage().data_ptr()
        tensors[name] = tensor.clone() if memory in held else tensor
        held.add(memory)
    told = {"architecture": architecture, "cxrkit": __version__, "manifest_sha256": manifest_sha256}
    return state_files.with_notes(as_safetensors(tensors), told)


def read(content: bytes, where: Path | str | None = None, next: str = AGAIN) -> dict[str, torch.Tensor]:
    """The state dict, on the processor, in a file's bytes. where: what the message names. Raises BadInput."""
    return _opened(content, where, next)[0]


def _opened(content, where, next):
    """(state dict, notes)."""
    notes = {}
    try:
        if state_files.is_new(content):
            notes, state = state_files.notes(content), from_safetensors(content)
        elif content.startswith(OURS):
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        else:
            raise ValueError("the file is neither safetensors' nor PyTorch's")
        if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
            raise ValueError("the file holds no state of a network")
    except FAULTS as error:
        reason = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise BadInput(f"The weights cannot be read: {reason}", where, next) from error
    return state, notes


def load(path: Path | str, next: str = AGAIN, absent: str | None = None, architecture: str = "") -> dict[str, torch.Tensor]:
    """The state dict in a file; what it is called does not matter. architecture: refused are notes that name another; empty for any.

    Raises BadInput; next, absent: see files.reading.
    """
    with reading(path, "The trained network", next, absent):
        content = Path(path).read_bytes()
    state, notes = _opened(content, path, next)
    named = notes.get("architecture", architecture)
    if architecture and named != architecture:
        raise BadInput(f"The weights cannot be read: they are those of {named}, not of {architecture}.", path, next)
    return state
