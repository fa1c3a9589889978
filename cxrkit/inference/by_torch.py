"""torch as an engine: the state dicts of a results folder, on a GPU or on processors."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from cxrkit import environment
from cxrkit.audit import attention, inquiry
from cxrkit.inference.engine import BATCH, Advance, by_batches, unheard
from cxrkit.results import Network
from cxrkit.training import networks


class TorchNetwork:
    """A Respondent. model: in eval mode, on the device."""

    def __init__(self, model: torch.nn.Module, device: str):
        self.model, self.device = model, device

    def p_covid(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray:
        return by_batches(lambda part: networks.p_covid(self.model, part, self.device, BATCH), squares, advance)

    def features(self, squares: np.ndarray) -> np.ndarray:
        return networks.features(self.model, squares, self.device)

    def maps(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray:
        return attention.maps(self.model, squares, device=self.device, advance=advance)


class TorchEngine:
    """An Engine. device: "cpu" or "cuda"; the best that works, where none is named."""

    def __init__(self, device: str = ""):
        self.device = device or environment.choose_device().value
        self.told = f"torch {torch.__version__} on {'a GPU' if self.device == 'cuda' else 'processors'}"

    def load(self, network: Network) -> TorchNetwork:
        return TorchNetwork(inquiry.loaded(network, self.device), self.device)

    def each(self, function: Callable[[Network], Any], networks: Iterable[Network]) -> Iterator[Any]:
        return inquiry.side_by_side(function, networks, self.device)
