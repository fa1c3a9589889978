"""The 2020 study's own figures: its confusion matrices and epochs, through the same tests as ours and beside ours."""

import functools
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import fisher_exact

from cxrkit.evaluation import decision, metrics, statistics
from cxrkit.evaluation.metrics import Confusion, Figure, Rates
from cxrkit.schema.common import Margins
from cxrkit.schema.comparisons import BesideStudy, FisherTests, Study, StudyPair

TABLES = Path(__file__).with_name("study.yaml")
IMAGE_SIZE = 224
"""Side in pixels of the study's pictures."""
ROUNDING = 0.5e-5 + 1e-9
"""Its table gives five digits after the point."""
EPOCH_ROUNDING = 0.5e-6 + 1e-9
"""Its epochs' error rates give six."""


@dataclass(frozen=True)
class StudyEpoch:
    """An epoch of the unfrozen stage. epoch: from 1 on; wrong: validation films of `films`; seconds: of wall clock."""

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    wrong: int
    films: int
    seconds: int

    @property
    def error(self) -> Figure:
        """The error rate with Wilson's interval."""
        return metrics.proportion(self.wrong, self.films)


@functools.cache
def _tables() -> dict:
    return yaml.safe_load(TABLES.read_text("utf-8"))


def validation() -> dict[str, int]:
    """The films that it validated on: {"covid": 34, "normal": 234}."""
    return dict(_tables()["validation"])


def prevalence() -> float:
    """The share of COVID-19 among them."""
    return validation()["covid"] / sum(validation().values())


def seconds_per_epoch() -> dict[str, tuple[int, int]]:
    """{architecture: (fewest, most)} seconds that an epoch took, on Kaggle's GPU of 2020."""
    return {name: tuple(row["seconds_per_epoch"]) for name, row in _tables()["networks"].items()}


@functools.cache
def confusions() -> dict[str, Confusion]:
    """{architecture: Confusion}, after the last epoch of each network's one run; they follow from its rounded rates."""
    return {name: implied_counts(row, **validation()) for name, row in _tables()["networks"].items()}


def implied_counts(row: dict[str, float], covid: int, normal: int) -> Confusion:
    """The Confusion that a row of the study's table implies, given its numbers of films of each class.

    Raises ValueError when the row's rounded figures fit no whole counts.
    """
    tp, tn = round(row["sensitivity"] * covid), round(row["specificity"] * normal)
    counts = Confusion(tp=tp, fn=covid - tp, tn=tn, fp=normal - tn)
    implied = metrics.rates(counts)
    for name in ("sensitivity", "specificity", "error_rate"):
        value = getattr(implied, name).value
        if abs(value - row[name]) > ROUNDING:
            raise ValueError(f"{name} {row[name]} fits no whole counts of {covid} and {normal} films; nearest {value:.5f}")
    return counts


def epochs() -> dict[str, list[StudyEpoch]]:
    """{architecture: its epochs} of the unfrozen stage; those of the frozen stage were not published.

    Raises ValueError for an error rate that is no whole number of films.
    """
    films = sum(validation().values())
    by_network: dict[str, list[StudyEpoch]] = {}
    for name, rows in _tables()["epochs"].items():
        by_network[name] = []
        for number, train_loss, valid_loss, error_rate, seconds in rows:
            wrong = round(error_rate * films)
            if abs(wrong / films - error_rate) > EPOCH_ROUNDING:
                raise ValueError(f"{name}, epoch {number}: error rate {error_rate} is no whole number of {films} films")
            by_network[name].append(StudyEpoch(number + 1, train_loss, valid_loss, error_rate, wrong, films, seconds))
    return by_network


def verdicts(margins: Margins = decision.MARGINS) -> list[StudyPair]:
    """What the study's own counts decide of each pair of its networks.

    Which films each network got wrong was not published. The pair is therefore decided twice: as if the two
    had been wrong about the same films as often as the counts allow, which makes a difference easiest to
    show, and about as different ones as they allow. Holm's correction runs over the six pairs.
    """
    counts = confusions()
    pairs = list(combinations(counts, 2))
    extremes = {}
    for overlap in ("most", "least"):
        differences = [decision.difference(*_wrong(counts[a], counts[b], overlap), (0,), (0,)) for a, b in pairs]
        extremes[overlap] = list(zip(differences, decision.decide([decision.Compared(d) for d in differences], margins)))
    return [
        StudyPair(
            a=a,
            b=b,
            wrong=[int(counts[a].wrong), int(counts[b].wrong)],
            verdict=verdict.word,
            as_trained=verdict.as_trained,
            p_mcnemar=[easiest.p_sign_flip, hardest.p_sign_flip],
            difference=easiest.interval_over_patients(),
        )
        for (a, b), (easiest, verdict), (hardest, _) in zip(pairs, *extremes.values())
    ]


def _wrong(a: Confusion, b: Confusion, overlap: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two 1 x n tables of wrong answers with those counts and the most or least overlap, and n patient keys."""
    tables = []
    for counts, from_end in ((a, False), (b, overlap == "least")):
        covid, normal = np.zeros(int(counts.tp + counts.fn), bool), np.zeros(int(counts.tn + counts.fp), bool)
        for films, wrong in ((covid, counts.fn), (normal, counts.fp)):
            films[len(films) - wrong if from_end else 0 : len(films) if from_end else wrong] = True
        tables.append(np.concatenate([covid, normal])[None])
    return tables[0], tables[1], np.arange(a.n)


CELLS = {
    "error_rate": lambda counts: (counts.wrong, counts.n - counts.wrong),
    "sensitivity": lambda counts: (counts.tp, counts.fn),
    "specificity": lambda counts: (counts.tn, counts.fp),
}


def beside_ours(ours: dict[str, list[Confusion]], covid_n: float | None = None, normal_n: float | None = None) -> list[BesideStudy]:
    """The study's rates, and how ours differ from them, for each of its networks.

    ours: {architecture: [Confusion, one a seed]}; covid_n, normal_n: what our images of each class are worth (see
    metrics.rates). Each of our runs is one draw, as the study's was, so each is tested alone, by Fisher's exact test, which
    counts images as independent; the difference is that of the run with the median error rate. p is corrected over the
    networks by Holm, rate by rate. The films are not the study's own list, which was not published.
    """
    found: dict[str, dict[str, FisherTests]] = {architecture: {} for architecture in confusions()}
    for name, cells in CELLS.items():
        for architecture, theirs in confusions().items():
            runs = sorted(ours.get(architecture, []), key=lambda counts: counts.wrong / counts.n)
            if not runs:
                continue
            middle = (len(runs) - 1) // 2
            p = [float(fisher_exact([cells(theirs), cells(run)])[1]) for run in runs]
            own, published = (getattr(side, name) for side in (metrics.rates(runs[middle], covid_n, normal_n), metrics.rates(theirs)))
            apart = metrics.minus(own, published, "Newcombe 95 %")
            found[architecture][name] = FisherTests(p[middle], min(p), max(p), 1.0, apart)
        tested = [tests for tests in found.values() if name in tests]
        for tests, holm in zip(tested, statistics.holm([tests[name].median_run for tests in tested])):
            tests[name] = replace(tests[name], holm=holm)
    return [
        BesideStudy(architecture, metrics.rates(theirs), len(ours.get(architecture, [])), found[architecture])
        for architecture, theirs in confusions().items()
    ]


def beside(margins: Margins, ours: dict[str, list[Confusion]], covid_n: float, normal_n: float) -> Study:
    """The study's part of comparison.json."""
    return Study(verdicts(margins), beside_ours(ours, covid_n, normal_n))


def rates(architecture: str) -> Rates:
    """The study's rates of a network with their intervals."""
    return metrics.rates(confusions()[architecture])
