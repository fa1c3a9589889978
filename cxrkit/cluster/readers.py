"""Ray as workers of a map over films: nodes that see the same files as this machine, and decode them alike, read them.

Which do is tried, not assumed: each node is first given a few films of which this machine knows what they hold; and of every film
that it reads later, the size is compared. One that fails is refused by name, and what it was given is given to others.
"""

import contextlib
import pickle
from collections import Counter, deque
from collections.abc import Generator, Sequence
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from cxrkit.cluster import nodes
from cxrkit.cluster.connection import connect, listed, words
from cxrkit.cluster.nodes import Node
from cxrkit.data.workers import Threads, Work
from cxrkit.errors import Interrupted, WrongUse
from cxrkit.progress import say

PORTION = 16
"""Items of a task: about a second, and a few megabytes on their way back."""
AHEAD = 3
"""Tasks for each processor that are under way or done before their turn, so that this machine needs little memory."""
MOST_LOSSES = 3
"""How often the process of one task may be lost before its items are blamed."""
ANSWER_SECONDS = 120.0
REMEDY = "mount the folder there at the same path, or leave out --cluster for the manifest"


class Readers:
    """The nodes of the cluster that this process has joined, as workers.Workers.

    or_here: whether this machine does all where no node can, as for trainings, to which the films travel; else that is WrongUse.
    """

    def __init__(self, or_here: bool = False) -> None:
        self.or_here = or_here
        self._told: set[tuple[str, str]] = set()

    @classmethod
    def at(cls, address: str) -> "Readers":
        """Those of the cluster at an address, which is joined: see connection.connect. Raises WrongUse."""
        connect(address)
        return cls()

    def map(self, work: Work, items: Sequence[Any]) -> Generator[Any, None, None]:
        """As Workers.map. Raises WrongUse where no node can; Interrupted where none is left, or the items end three processes."""
        if not items:
            return
        run = _Map(work, self._told)
        if not run.admit(items) and not self.or_here:
            raise WrongUse("No node of the cluster can read the films.", next=REMEDY)
        done = yield from run.values(items)
        if done < len(items) and not self.or_here:
            raise Interrupted("No node is left that reads films.", next=f"the same command goes on; or {REMEDY}")
        if done < len(items):
            say(f"no node of the cluster reads films: {len(items) - done:,} are read here")
            yield from Threads().map(work, items[done:])


class _Map:
    """One map: the nodes that take part, and what each task is about."""

    def __init__(self, work: Work, told: set[tuple[str, str]]) -> None:
        self.work, self.told = work, told
        self.sent = ray.put(pickle.dumps(work))
        self.admitted: dict[str, Node] = {}
        self._task = ray.remote(max_retries=0)(_values)

    def admit(self, items: Sequence[Any]) -> bool:
        """Try every node; whether any may take part."""
        trial = list(self.work.trial(items))
        ask, asked = ray.remote(max_retries=0)(_tried), {}
        for node in listed():
            here = NodeAffinitySchedulingStrategy(node.id, soft=False)
            asked[node] = ask.options(num_cpus=0, scheduling_strategy=here).remote(nodes.of_films(), self.sent, pickle.dumps(trial))
        for node, answer in asked.items():
            try:
                found = ray.get(answer, timeout=ANSWER_SECONDS)
            except GetTimeoutError:
                found = f"no answer within {ANSWER_SECONDS:.0f} s"
            except RayError as error:
                found = words(error)
            reason = found if isinstance(found, str) else self._doubt(trial, found)
            if reason:
                self._refuse(node, reason)
            else:
                self.admitted[node.id] = node
        return bool(self.admitted)

    def _doubt(self, items: Sequence[Any], values: Sequence[Any]) -> str:
        return next(filter(None, (self.work.doubt(item, value) for item, value in zip(items, values))), "")

    def _refuse(self, node: Node, reason: str) -> None:
        self.admitted.pop(node.id, None)
        if (node.id, reason) not in self.told:
            self.told.add((node.id, reason))
            say(f"!!! the node {node.name} reads no films: {reason}; {REMEDY}")

    def values(self, items: Sequence[Any]) -> Generator[Any, None, int]:
        """Yield work(item) of each, in order, from the admitted nodes; return of how many, fewer where no node is left."""
        portions = [items[start : start + PORTION] for start in range(0, len(items), PORTION)]
        waiting, running, done = deque(range(len(portions))), dict[Any, int](), dict[int, list]()
        turn, losses = 0, Counter[int]()
        try:
            while turn < len(portions) and self._somebody_is_left():
                # what holds up the others comes first, also where it was lost
                while waiting and waiting[0] < turn + AHEAD * max(2, sum(node.processors for node in self.admitted.values())):
                    index = waiting.popleft()
                    running[self._begin(portions[index])] = index
                ready, _ = ray.wait(list(running), timeout=1.0)
                for awaited in ready:
                    index = running.pop(awaited)
                    values = self._heard(awaited, portions[index], losses, index)
                    if values is None:
                        waiting.appendleft(index)
                    else:
                        done[index] = values
                while turn in done:
                    yield from done.pop(turn)
                    turn += 1
            return min(turn * PORTION, len(items))
        except ConnectionError as error:
            raise Interrupted(f"The cluster is gone: {error}", next="the same command goes on; what was read is kept") from error
        finally:
            for awaited in running:
                with contextlib.suppress(RayError, ConnectionError, RuntimeError, ValueError):
                    ray.cancel(awaited, force=True)

    def _begin(self, portion: Sequence[Any]) -> Any:
        where = {"ray.io/node-id": f"in({','.join(self.admitted)})"}
        return self._task.options(num_cpus=1, label_selector=where).remote(self.sent, pickle.dumps(portion))

    def _somebody_is_left(self) -> bool:
        return bool(self.admitted) and any(node.id in self.admitted for node in listed())

    def _heard(self, awaited: Any, portion: Sequence[Any], losses: Counter[int], index: int) -> list | None:
        """The values of a task; None where they have to be made again."""
        try:
            node, values = ray.get(awaited)
        except RayTaskError as error:
            raise Interrupted(f"Reading films failed on a node: {words(error)}", next="leave out --cluster for the manifest") from error
        except RayError as error:
            losses[index] += 1
            if losses[index] >= MOST_LOSSES:
                what = f"A process that read films was lost {MOST_LOSSES} times ({words(error)}); one of these may be the reason."
                raise Interrupted(
                    what, f"{portion[0]} to {portion[-1]}", "look at them, or leave out --cluster for the manifest"
                ) from error
            return None
        if node not in self.admitted:
            return None
        if reason := self._doubt(portion, values):
            self._refuse(self.admitted[node], reason)
            return None
        return values


def _tried(versions: dict[str, str], work: bytes, items: bytes) -> str | list:
    """On a node: the values of the trial, or in what the node differs; nothing is unpickled where it does."""
    if reason := nodes.unlike(nodes.of_films(), versions):
        return reason
    return _values(work, items)[1]


def _values(work: bytes, items: bytes) -> tuple[str, list]:
    """On a node: (its id, the values of the items)."""
    function = pickle.loads(work)
    return ray.get_runtime_context().get_node_id(), [function(item) for item in pickle.loads(items)]
