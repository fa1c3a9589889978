"""Time: seconds of a block of work on a device, and rounds in which everything that is compared takes its turn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch


class Timer(Protocol):
    """Seconds of a block of work, which tests make up."""

    def start(self) -> None: ...

    def stop(self) -> float: ...


class DeviceTimer:
    """Seconds by a GPU's own events, or by the clock on a processor. The device is waited for as a block begins and as it ends."""

    def __init__(self, device: str):
        self.cuda = torch.device(device).type == "cuda"

    def start(self) -> None:
        if self.cuda:
            torch.cuda.synchronize()
            self.began, self.ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            self.began.record()
        else:
            self.clock = time.perf_counter()

    def stop(self) -> float:
        if not self.cuda:
            return time.perf_counter() - self.clock
        self.ended.record()
        self.ended.synchronize()
        return self.began.elapsed_time(self.ended) / 1000


def timed(work: Callable[[], object], timer: Timer) -> float:
    """Seconds of one call."""
    timer.start()
    work()
    return timer.stop()


def interleaved(subjects: Sequence[Callable[[], float]], rounds: int) -> list[list[float]]:
    """What each subject measures of itself in each round: a list a subject, in their order.

    Every other round goes backwards, so that nothing always comes first after the same one.
    """
    found: list[list[float]] = [[] for _ in subjects]
    for turn in range(rounds):
        order = range(len(subjects)) if turn % 2 == 0 else reversed(range(len(subjects)))
        for index in order:
            found[index].append(subjects[index]())
    return found


@dataclass(frozen=True)
class Effort:
    """How much work goes into the figures.

    quick: whether what takes minutes is left out; rounds: of everything in this process, starts: of what begins processes;
    block: seconds of a block of steps, about; window: seconds for which trainings are watched; films: decoded, or given by a
    loader, in a round; batch: the most films a step.
    """

    quick: bool
    rounds: int
    starts: int
    block: float
    window: float
    films: int
    batch: int


FULL = Effort(False, 5, 5, 4.0, 4.0, 640, 1_000_000)
QUICK = Effort(True, 5, 3, 0.2, 1.0, 128, 16)
"""Under two minutes on two processor cores at 64 px."""
