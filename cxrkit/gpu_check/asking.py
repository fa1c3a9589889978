"""Processes that are asked, so many at a time, and given up after a time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cxrkit.training.executors import Ended, Processes, Task
from cxrkit.training.stages import Finder, Stage

LIMIT_SECONDS = 90
"""How long one process is waited for: several times what the slowest takes."""

TIME_UP, NO_ANSWER = UNHEARD = ("not asked, for the time was up", "no answer within")
"""How the errors begin of what was not asked, or did not answer in time."""


@dataclass
class Heard:
    """What a process told until it ended, and the seconds that it took."""

    task: Task
    made: list = field(default_factory=list)
    ended: Ended = Ended()
    seconds: float = 0.0

    @property
    def error(self) -> str | None:
        return self.ended.error

    def stages(self) -> dict[str, Stage]:
        return {made.name: made for made in self.made if isinstance(made, Stage)}

    def finder(self) -> Finder | None:
        return next((made for made in self.made if isinstance(made, Finder)), None)

    def of(self, kind: type):
        """The values of that type that it told."""
        return [made for made in self.made if isinstance(made, kind)]


def ask(
    tasks: Sequence[Task], at_once: int, end: float, train: Callable | None = None, done: Callable[[], None] = lambda: None
) -> list[Heard]:
    """Start a process for each task, at_once of them at a time; what each told, in the tasks' order.

    train: what a process does, as of Processes. end: the time, as of time.monotonic(), after which none is waited for. done: is called
    as each one ends. The jobs of the tasks must differ.
    """
    executor = Processes(train)
    heard = {task.job: Heard(task) for task in tasks}
    waiting, began = list(tasks), {}
    try:
        while waiting or executor.running:
            while waiting and len(executor.running) < at_once and time.monotonic() < end:
                task = waiting.pop(0)
                began[task.job] = time.monotonic()
                executor.start(task)
            if time.monotonic() >= end:
                for task in waiting:
                    heard[task.job].ended = Ended(TIME_UP)
                waiting = []
            for job, told in executor.events(0.2) if executor.running else ():
                if isinstance(told, Ended):
                    heard[job].ended, heard[job].seconds = told, time.monotonic() - began[job]
                    done()
                else:
                    heard[job].made.append(told)
            for job in executor.running:
                taken = time.monotonic() - began[job]
                if taken > LIMIT_SECONDS or time.monotonic() >= end:
                    executor.stop(job)
                    heard[job].ended, heard[job].seconds = Ended(f"{NO_ANSWER} {taken:.0f} s"), taken
                    done()
    finally:
        executor.stop()
    return [heard[task.job] for task in tasks]
