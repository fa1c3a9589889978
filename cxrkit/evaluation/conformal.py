"""Conformal prediction: for a single film the set of classes that it may well be of, with a promised coverage.

Split conformal prediction, a limit for each class (Mondrian): Angelopoulos and Bates 2021, arXiv 2107.07511, sections 1 and 4.
The patient is the unit, for films of one patient are not exchangeable with others: a patient counts by the film that is
least like the class, so that all films of a new patient have sets which hold their class with the promised probability, and a
single one all the more. That holds on average over calibrations, and for patients like those of the calibration alone.

On the kept run's 269 real films (254 patients, four networks), calibrated on a random half of each class and judged on the other,
over 500 halves: 0.935 to 0.943 of COVID-19 patients were covered (15 to calibrate on, 0.938 promised) and 0.901 to 0.906 of
normal ones (112, 0.903 promised); 1 to 55 % of films had both classes, 1 to 3 % neither.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import beta

from cxrkit.evaluation.metrics import Figure, proportion, threshold_for
from cxrkit.evaluation.predictions import Predictions

COVERAGE = 0.9

Held = Literal["COVID-19", "normal", "both", "none"]
"""The classes that a set holds."""


@dataclass(frozen=True)
class ClassLimit:
    """From which probability of COVID-19 on (or, for normal, up to which) a set holds the class.

    limit: None where there are fewer than `least` patients of the class; patients: of the class, that it was calibrated on; least: the fewest
    with which the wanted coverage can be promised; promised: the coverage among new patients, its interval over calibrations
    on so many; covered: the share of the judged patients of the class all of whose films have a set that holds it, unknown
    where they are those of the calibration.
    """

    limit: float | None
    patients: int
    least: int
    promised: Figure
    covered: Figure


@dataclass(frozen=True)
class PredictionSets:
    """Sets calibrated on validation. wanted: the coverage of each class; same_images: on the very films that are judged.

    Then nothing is checked. films: how many of the judged films have which set; empty where a class has too few patients, and there are no sets.
    """

    wanted: float
    same_images: bool
    covid: ClassLimit
    normal: ClassLimit
    films: dict[Held, int]

    def of(self, p_covid: float) -> Held | None:
        """The set of a film with that probability; None where there are no sets."""
        if self.covid.limit is None or self.normal.limit is None:
            return None
        is_covid, is_normal = p_covid >= self.covid.limit, p_covid <= self.normal.limit
        return "both" if is_covid and is_normal else "COVID-19" if is_covid else "normal" if is_normal else "none"


def least_patients(coverage: float) -> int:
    """The fewest patients of a class with whom a coverage can be promised: 9 for 0.90, 19 for 0.95."""
    return int(np.ceil(coverage / (1 - coverage) - 1e-9))


def prediction_sets(valid: Predictions, held: Predictions, coverage: float, split: str) -> PredictionSets:
    """The PredictionSets calibrated on `valid`, judged on `held`; each with one row of probabilities. split: that of `held`."""
    same = split == "valid"
    covid, normal = (_limit(valid, held, coverage, same, is_covid) for is_covid in (True, False))
    sets = PredictionSets(coverage, same, covid, normal, {})
    found = (sets.of(p) for p in held.p_covid[0])
    return replace(sets, films=dict(Counter(each for each in found if each)))


def _limit(valid: Predictions, held: Predictions, coverage: float, same: bool, is_covid: bool) -> ClassLimit:
    likeness, checked = (worst_of_patients(each, is_covid) for each in (valid, held))
    n, least = len(likeness), least_patients(coverage)
    if n < least:
        few = f"none: {n} patients in validation, {least} are needed"
        return ClassLimit(None, n, least, Figure.unknown(n, few), Figure.unknown(len(checked), few))
    limit, _ = threshold_for(coverage, np.ones(n, bool), likeness)
    rank = int(np.ceil(coverage * (n + 1) - 1e-9))
    low, high = beta.ppf([0.025, 0.975], rank, n + 1 - rank)
    return ClassLimit(
        limit=limit if is_covid else -limit,
        patients=n,
        least=least,
        promised=Figure.of(rank / (n + 1), low, high, n, "beta 95 % over calibrations"),
        covered=Figure.unknown(len(checked), "none: calibrated on these films")
        if same
        else proportion(int((checked >= limit).sum()), len(checked)),
    )


def worst_of_patients(held: Predictions, is_covid: bool) -> np.ndarray:
    """For each patient with films of the class, how like it the least typical one is: p(COVID-19), or minus it for normal."""
    chosen = held.is_covid == is_covid
    likeness = held.p_covid[0][chosen] * (1 if is_covid else -1)
    _, member = np.unique(held.groups[chosen], return_inverse=True)
    worst = np.full(int(member.max(initial=-1)) + 1, np.inf)
    np.minimum.at(worst, member, likeness)
    return worst
