"""Engines: what makes a run's trained networks ready and asks them about films; torch is one, onnxruntime the other."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from cxrkit.results import Network

Advance = Callable[[int], None]
"""Is told how many films more are done."""
BATCH = 64
"""Films at once."""


def unheard(count: int) -> None:
    """An Advance that says nothing."""


class Respondent(Protocol):
    """A trained network, ready to be asked about grey squares, uint8 [n, size, size]."""

    def p_covid(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray:
        """The probabilities of COVID-19, float64 [n]."""

    def features(self, squares: np.ndarray) -> np.ndarray:
        """What the last layer sees, float64 [n, k]."""

    def maps(self, squares: np.ndarray, advance: Advance = unheard) -> np.ndarray | None:
        """Grad-CAM maps of the class that the network calls, float32 [n, size, size], 0 to 1; None where it has none here."""


class Engine(Protocol):
    """told: its name and version, for people."""

    told: str

    def load(self, network: Network) -> Respondent:
        """Raises BadInput for a file that is absent, damaged or of another network."""

    def each(self, function: Callable[[Network], Any], networks: Iterable[Network]) -> Iterator[Any]:
        """What the function says of each network, in their order; several may be asked at once."""


def by_batches(ask: Callable[[np.ndarray], np.ndarray], squares: np.ndarray, advance: Advance, batch: int = BATCH) -> np.ndarray:
    """The answers about n squares, asked a batch at a time; an empty array for none."""
    answers = []
    for start in range(0, len(squares), batch):
        answers.append(ask(np.ascontiguousarray(squares[start : start + batch])))
        advance(len(answers[-1]))
    return np.concatenate(answers) if answers else np.zeros(0)
