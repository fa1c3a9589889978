"""Inquiry: trained networks asked about films, with progress; on processors several at once, each with its share of them.

Threads do: nearly all the time is torch's, which lets go of Python meanwhile, and a process would first load torch anew.
A network that has processors to itself is asked faster than one after the other on all of them, whose threads wait for
each other in every layer.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch

from cxrkit.progress import Meter
from cxrkit.results import Network
from cxrkit.training import networks

BATCH = 64

DRAWING = threading.Lock()
"""Held while a network is made: its weights are drawn from random numbers that all threads share, before they are replaced."""

Subject = TypeVar("Subject")


def side_by_side(function: Callable[[Subject], Any], subjects: Iterable[Subject], device: str) -> Iterator[Any]:
    """What the function says of each subject, in their order: one after the other on a GPU, as many as torch has threads on processors.

    Numbers do not depend on how many there are at once.
    """
    subjects, threads = list(subjects), torch.get_num_threads()
    at_once = min(len(subjects), threads) if device == "cpu" else 1
    if at_once < 2:
        yield from map(function, subjects)
        return
    pool = ThreadPoolExecutor(at_once, initializer=torch.set_num_threads, initargs=(threads // at_once,))
    try:
        yield from pool.map(function, subjects)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)  # of this thread, and of those that begin from now on


def loaded(network: Network, device: str) -> torch.nn.Module:
    """The trained network, in eval mode. Raises BadInput, as networks.load does."""
    with DRAWING:
        return networks.load(network.path, network.architecture, device)


def p_covid(model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
    """The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]."""
    return _by_batches(networks.p_covid, model, images, device, meter)


def features(model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
    """What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
    return _by_batches(networks.features, model, images, device, meter)


def _by_batches(ask: Callable[..., np.ndarray], model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
    answers = []
    for start in range(0, len(images), BATCH):
        answers.append(ask(model, images[start : start + BATCH], device, BATCH))
        meter.advance(len(answers[-1]))
    return np.concatenate(answers) if answers else ask(model, images, device)
