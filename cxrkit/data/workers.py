"""Work by film as a map over values: what is done to one is a function, and workers decide where: threads here, or cxrkit/cluster's."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from cxrkit.environment import processors

MOST_THREADS = 8
WAITING = 4
"""Items a thread that are begun or done before their turn, so that a map of any length needs little memory."""


class Work(Protocol):
    """A function from an item to a value, both to be pickled, and how another machine's values of it are checked."""

    def __call__(self, item: Any) -> Any: ...

    def trial(self, items: Sequence[Any]) -> Sequence[Any]:
        """A few items of which another machine gives the values before it gets any."""

    def doubt(self, item: Any, value: Any) -> str:
        """Why a value that another machine gave is not the one of this machine, in words; empty where nothing speaks against it."""


class Workers(Protocol):
    """Where a map is done."""

    def map(self, work: Work, items: Sequence[Any]) -> Generator[Any, None, None]:
        """Yield work(item) of all items, in their order, however they are done; whoever closes it ends what is not done."""


class Threads:
    """Threads of this process: decoders leave Python's lock while they work."""

    def __init__(self, count: int | None = None) -> None:
        self.count = count or min(MOST_THREADS, processors())

    def map(self, work: Work, items: Sequence[Any]) -> Generator[Any, None, None]:
        pool, waiting = ThreadPoolExecutor(self.count), deque[Future]()
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) > WAITING * self.count:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
