"""A cluster by simulation: trainings of measured lengths on many nodes, of which some come late and some are lost.

Each training is its three stages, as training/recipe.py has them. What follows from cxrkit/cluster: a lost node costs the
stages that ran on it, and stages whose weights had not reached the parent; a training goes on from the others, before any
that was not begun; results go to the parent over one line, one after the other, and those of a lost node leave it. Placed as
Ray does, first come, first served.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.config import short_name
from cxrkit.evaluation import study
from cxrkit.progress import table
from cxrkit.report.plots import LINES, MARKERS, PALETTE, Drawing, drawn

NODES = (1, 2, 4, 8, 16, 32, 64)
DRAWS = 20
"""Times that each number of nodes is simulated, each with losses of its own."""
GOAL, GOAL_NODES = 0.9, 16
FINDER_EPOCHS = 100 / 22
"""What the learning-rate finder computes, in epochs of the study's: 100 steps, of 22 that an epoch of 1,438 films has."""
WEIGHT_BYTES = {"resnet34": 87e6, "resnet101": 179e6, "vgg16_bn": 61e6, "vgg19_bn": 83e6}
"""Bytes of a stage's weights, as they are written: body and fastai's head."""


@dataclass(frozen=True)
class Length:
    """A training: its network, the seconds of each of its stages, and the bytes of the weights that the first and last leave."""

    architecture: str
    stages: tuple[float, float, float]
    weight_bytes: float

    @property
    def seconds(self) -> float:
        return sum(self.stages)


@dataclass(frozen=True)
class Weather:
    """What goes wrong, and what all takes. hours_to_loss: of a node, on average (exponential); away: seconds until a lost node is
    back; late: seconds within which all nodes but the first come, evenly; start: of a training, until its first step; notice:
    until a loss is noticed; line: bytes a second that reach the parent."""

    hours_to_loss: float = 24.0
    away: float = 600.0
    late: float = 600.0
    start: float = 10.0
    notice: float = 3.0
    line: float = 1.25e8


@dataclass(frozen=True)
class Outcome:
    """One simulated run. seconds: from its beginning to its end; shares of the time that nodes were there: efficiency (stages, each
    once), starting (of each training, once), lost (what was begun in vain, and the starts after it), sending (of weights, while
    a training has nothing else to do), idle; losses: of nodes."""

    seconds: float
    losses: int
    efficiency: float
    starting: float
    lost: float
    sending: float
    idle: float


@dataclass(eq=False)
class _Training:
    """kept: stages that the parent holds; begun: when its present process was."""

    length: Length
    kept: int = 0
    begun: float = 0.0


def of_study(seeds: int = 50) -> list[Length]:
    """The study's four networks, so many times each, by its published seconds an epoch; 50 times are 200 trainings."""
    seconds = {name: [sum(epoch.seconds for epoch in rows)] * 2 for name, rows in study.epochs().items()}
    return _lengths({name: (stages[0], stages[1], 4) for name, stages in seconds.items()}, seeds)


def of_run(epochs: pd.DataFrame, seeds: int = 50) -> list[Length]:
    """The networks of a run, so many times each, by the seconds of its epochs.csv, each stage's mean over seeds."""
    found = {}
    for name, rows in epochs.groupby("architecture", sort=False):
        frozen, unfrozen = (rows[rows["stage"] == stage].groupby("seed")["seconds"].sum().mean() for stage in (FROZEN, UNFROZEN))
        found[str(name)] = (float(frozen), float(unfrozen), int(rows["epoch"].max()))
    return _lengths(found, seeds)


def _lengths(stages: Mapping[str, tuple[float, float, int]], seeds: int) -> list[Length]:
    """Seed after seed, the longest network first, as jobs.longest_first has them."""
    once = [
        Length(name, (frozen, FINDER_EPOCHS * frozen / epochs, unfrozen), WEIGHT_BYTES.get(name, 1e8))
        for name, (frozen, unfrozen, epochs) in stages.items()
    ]
    return sorted(once, key=lambda length: -length.seconds) * seeds


def simulate(lengths: Sequence[Length], nodes: int, weather: Weather = Weather(), seed: int = 0, at_once: int = 1) -> Outcome:
    """One run of the trainings on so many nodes, each of which trains `at_once` at a time. Ends for any weather in which a node
    stands longer than a stage, now and then."""
    return _Simulation(lengths, nodes, weather, np.random.default_rng([seed, nodes]), at_once).run()


class _Simulation:
    def __init__(self, lengths, nodes, weather, random, at_once):
        self.weather, self.random, self.at_once = weather, random, at_once
        self.waiting = deque(_Training(length) for length in lengths)
        self.on: list[list[_Training]] = [[] for _ in range(nodes)]
        self.up_since: list[float | None] = [None] * nodes
        self.life = [0] * nodes  # which of its lives a node is in: what was planned in an earlier one does not happen
        self.line: deque[tuple[Any, ...]] = deque()  # stages that have ended and are not with the parent; the first is on its way
        self.there = self.busy = self.sending = 0.0
        self.left, self.losses = len(lengths), 0
        self.once = sum(length.seconds for length in lengths), weather.start * len(lengths)
        self.order, self.events = itertools.count(), []
        for node in range(nodes):
            self._plan(0.0 if node == 0 else random.uniform(0, weather.late), self._come, node)

    def _plan(self, when: float, what: Any, *about: Any) -> None:
        heapq.heappush(self.events, (when, next(self.order), what, about))

    def run(self) -> Outcome:
        now = 0.0
        while self.left:
            now, _, what, about = heapq.heappop(self.events)
            what(now, *about)
        self.there += sum(now - since for since in self.up_since if since is not None)
        whole, (useful, starting) = self.there * self.at_once, self.once
        lost = self.busy - useful - starting - self.sending
        shares = [part / whole for part in (useful, starting, lost, self.sending, whole - self.busy)]
        return Outcome(now, self.losses, *shares)

    def _come(self, now, node):
        self.up_since[node] = now
        self._plan(now + self.random.exponential(3600 * self.weather.hours_to_loss), self._go, node)
        self._fill(now)

    def _go(self, now, node):
        self.losses += 1
        self.life[node] += 1
        self.there += now - self.up_since[node]
        self.up_since[node] = None
        back, self.on[node] = self.on[node], []
        self.busy += sum(now - training.begun for training in back)
        self._cut(now, node)
        self._plan(now + self.weather.notice, self._again, back)
        self._plan(now + self.weather.away, self._come, node)

    def _again(self, now, back):
        self.waiting.extendleft(reversed(back))
        self._fill(now)

    def _fill(self, now):
        for node, since in enumerate(self.up_since):
            while self.waiting and since is not None and len(self.on[node]) < self.at_once:
                training = self.waiting.popleft()
                training.begun = now
                self.on[node].append(training)
                self._stage(now + self.weather.start, node, self.life[node], training, training.kept)

    def _stage(self, now, node, life, training, number):
        """Plan the end of a stage that begins now."""
        self._plan(now + training.length.stages[number], self._made, node, life, training, number)

    def _made(self, now, node, life, training, number):
        """A stage has ended: its result goes to the parent, while the next one runs."""
        if life != self.life[node]:
            return
        self.line.append((node, life, training, number, now))
        if len(self.line) == 1:
            self._send(now)
        if number < len(training.length.stages) - 1:
            self._stage(now, node, life, training, number + 1)

    def _send(self, now):
        """The line is free for the first that waits at it."""
        if self.line:
            _, _, training, number, _ = sent = self.line[0]
            size = 0.0 if number == 1 else training.length.weight_bytes  # the finder's result is small
            self._plan(now + size / self.weather.line, self._held, sent)

    def _cut(self, now, node):
        """What a lost node had not sent leaves the line."""
        first = self.line[0] if self.line else None
        self.line = deque(sent for sent in self.line if sent[0] != node)
        if first and first[0] == node:
            self._send(now)

    def _held(self, now, sent):
        """The parent holds a stage, and those before it."""
        node, life, training, number, made = sent
        if life != self.life[node]:
            return
        self.line.popleft()
        self._send(now)
        training.kept = number + 1
        if training.kept == len(training.length.stages):
            self.on[node].remove(training)
            self.busy += now - training.begun
            self.sending += now - made
            self.left -= 1
            self._fill(now)


@dataclass(frozen=True)
class Row:
    """So many nodes, simulated DRAWS times: medians, and the least and the most of the efficiency. most_possible: what so many nodes
    reach where nothing goes wrong and nothing takes time but the stages, for trainings are not divided."""

    nodes: int
    hours: float
    least: float
    most: float
    most_possible: float
    efficiency: float
    starting: float
    lost: float
    sending: float
    idle: float
    losses: float


MEDIANS = ("efficiency", "starting", "lost", "sending", "idle", "losses")
IDEAL = Weather(hours_to_loss=1e9, late=0.0, start=0.0, line=1e18)


def rows(lengths: Sequence[Length], weather: Weather = Weather(), nodes: Sequence[int] = NODES, draws: int | None = None) -> list[Row]:
    found = []
    for count in nodes:
        drawn = [simulate(lengths, count, weather, seed) for seed in range(draws or DRAWS)]
        middle = {name: median(getattr(one, name) for one in drawn) for name in MEDIANS}
        efficiencies = [one.efficiency for one in drawn]
        possible = simulate(lengths, count, IDEAL).efficiency
        found.append(Row(count, median(one.seconds for one in drawn) / 3600, min(efficiencies), max(efficiencies), possible, **middle))
    return found


HEADER = ("nodes", "hours", "efficiency", "if nothing went wrong", "starting", "lost", "sending", "idle at the end", "nodes lost")


def text(found: Sequence[Row], lengths: Sequence[Length], weather: Weather = Weather()) -> str:
    """The rows as a table, what was assumed, and whether the goal is reached."""
    cells = [
        [
            row.nodes,
            f"{row.hours:.2f}",
            f"{row.efficiency:.3f} [{row.least:.3f}, {row.most:.3f}]",
            f"{row.most_possible:.3f}",
            *(f"{share:.1%}" for share in (row.starting, row.lost, row.sending, row.idle)),
            f"{row.losses:g}",
        ]
        for row in found
    ]
    return "\n".join([_assumed(lengths, weather), "", table(cells, HEADER, right=HEADER), "", *_judged(found, lengths)])


def _assumed(lengths, weather):
    minutes = {length.architecture: length.seconds / 60 for length in lengths}
    each = ", ".join(f"{short_name(name)} {value:.1f}" for name, value in minutes.items())
    return (
        f"{len(lengths)} trainings, {sum(length.seconds for length in lengths) / 3600:.1f} h on one node; minutes of one: {each}.\n"
        f"A node is lost after {weather.hours_to_loss:g} h on average and is away for {weather.away / 60:g} min; all but the first come within "
        f"{weather.late / 60:g} min;\na training takes {weather.start:g} s to start, a loss {weather.notice:g} s to be noticed; "
        f"{weather.line / 1e6:g} MB/s reach the parent. Medians of {DRAWS} draws; in brackets the least and the most."
    )


def _judged(found, lengths):
    longest, wanted = max(length.seconds for length in lengths), [row for row in found if row.nodes <= GOAL_NODES]
    below = [row for row in found if row.efficiency < GOAL]
    reached = sum(row not in below for row in wanted)
    words = "reached" if reached == len(wanted) else f"not reached: {reached} of {len(wanted)}"
    lines = [f"Goal, an efficiency of at least {GOAL} up to {GOAL_NODES} nodes: {words}."]
    for row in below:
        causes = {"waiting for the last trainings": row.idle, "losses": row.lost, "starts": row.starting, "sending": row.sending}
        line = f"{row.nodes} nodes: {row.efficiency:.3f}; most of what is missing is {max(causes, key=causes.__getitem__)}"
        lines.append(
            line + "."
            if causes["waiting for the last trainings"] < max(causes.values())
            else f"{line}. The longest training alone takes {longest / 36 / row.hours:.0f} % of the run."
        )
    return lines


def drawing(found: Sequence[Row]) -> Drawing:
    """Efficiency and the share lost to failures over the number of nodes."""

    def draw(axes: Axes) -> None:
        curves = {
            "efficiency": [row.efficiency for row in found],
            "if nothing went wrong": [row.most_possible for row in found],
            "lost to failures": [row.lost for row in found],
        }
        counts = [row.nodes for row in found]
        for (name, values), colour, line, marker in zip(curves.items(), PALETTE, LINES, MARKERS):
            axes.plot(counts, values, color=colour, linestyle=line, marker=marker, markersize=4, label=name)
        axes.fill_between(counts, [row.least for row in found], [row.most for row in found], color=PALETTE[0], alpha=0.2, linewidth=0)
        axes.axhline(GOAL, linewidth=0.7, color="grey", linestyle=":")
        axes.set_xscale("log", base=2)
        axes.set_xticks(counts, [str(count) for count in counts])
        axes.set(xlabel="nodes", ylabel="share of the nodes' time", ylim=(0, 1.02))
        axes.legend(loc="center left")

    alt = "; ".join(f"{row.nodes} nodes: efficiency {row.efficiency:.2f}, lost {row.lost:.3f}" for row in found)
    return drawn("cluster", alt, draw, (6.0, 3.4))
