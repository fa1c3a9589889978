"""Subgroups: what a network is worth on external films by severity, view, sex and age, beside the run's own films of the group.

A mean hides who is missed: sensitivity follows the severity that a hospital admits (spectrum bias, Ransohoff and Feinstein
1978, N. Engl. J. Med. 299:926), and networks find less in some groups of patients than in others (Seyyed-Kalantari et al.
2021, Nat. Med. 27:2176). Of many groups some look bad by chance: read intervals, not ranks.
"""

from dataclasses import dataclass, replace

import numpy as np

from cxrkit.audit import probes
from cxrkit.data.readers.covidgr import GRADES
from cxrkit.data.records import Record, traits
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.calibration import mean_calibration
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import GroupScore, SubgroupRow

FEWEST_PATIENTS = 5
"""Of a class, below which nothing is said of it."""
BANDS = ((18, "under 18"), (40, "18 to 39"), (60, "40 to 59"), (80, "60 to 79"))
OLDEST = "80 or older"
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Answers:
    """What a network says of n films: the records, the ground truth, the patients as whole numbers, and its probabilities."""

    records: tuple[Record, ...]
    is_covid: np.ndarray
    groups: np.ndarray
    p_covid: np.ndarray

    def take(self, chosen: np.ndarray) -> "Answers":
        """Those that n booleans choose."""
        records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
        return replace(self, records=records, is_covid=self.is_covid[chosen], groups=self.groups[chosen], p_covid=self.p_covid[chosen])


def severity(record: Record) -> str:
    """The grade of a positive film where its source has one (COVIDGR's), in small letters."""
    grade = record.finding.rpartition("/")[2].upper()
    return grade.lower().replace("pcr", "PCR") if grade in GRADES else ""


def band(years: float | None) -> str:
    """The age band, or an empty text."""
    if years is None:
        return ""
    return next((name for limit, name in BANDS if years < limit), OLDEST)


GROUP_OF = {
    "severity": severity,
    "view": lambda record: traits(record)["view"],
    "sex": lambda record: traits(record)["sex"],
    "age": lambda record: band(record.years),
}
ORDER = {name: rank for rank, name in enumerate([*(grade.lower() for grade in GRADES), *(name for _, name in BANDS), OLDEST])}


def rows(outside: Answers, inside: Answers, threshold: float) -> list[SubgroupRow]:
    """A row for each group of the external films; none by what is known of no film there.

    Severity is of positive films alone: each grade stands against all negative ones.
    """
    found = []
    for by, group_of in GROUP_OF.items():
        groups_outside, groups_inside = (np.array([group_of(record) for record in side.records], object) for side in (outside, inside))
        groups = sorted(set(groups_outside), key=lambda name: (not name, ORDER.get(name.lower(), 0), name))
        if not any(groups):
            continue
        for group in groups:
            of_group = []
            for side, names in ((outside, groups_outside), (inside, groups_inside)):
                chosen = names == group
                of_group.append(graded(side, chosen, threshold) if by == "severity" else score(side.take(chosen), threshold))
            if by == "severity" and not of_group[0].covid_patients:
                continue  # negative films have no grade
            found.append(SubgroupRow(by, group or NOT_KNOWN, *of_group))
    return found


def score(given: Answers, threshold: float) -> GroupScore:
    """The rates, the area and the calibration of a group; unknown where a class that they need has too few patients.

    Calibration is in the mean: the expected calibration error of few films is above 0 even for perfect probabilities.
    """
    truth, groups = given.is_covid, given.groups
    covid, normal = (probes.patients(groups, chosen) for chosen in (truth, ~truth))
    rates = metrics.rates(
        metrics.confusion(truth, given.p_covid, threshold), *(metrics.effective_n(groups[chosen]) for chosen in (truth, ~truth))
    )
    there = probes.patients(groups, np.ones(len(truth), bool))
    return GroupScore(
        covid_patients=covid,
        normal_patients=normal,
        sensitivity=_unless_few(rates.sensitivity, covid),
        specificity=_unless_few(rates.specificity, normal),
        auc=_unless_few(areas.auc(truth, given.p_covid, groups), min(covid, normal)),
        mean_calibration=_unless_few(mean_calibration(truth, given.p_covid, groups), there),
    )


def graded(side: Answers, chosen: np.ndarray, threshold: float) -> GroupScore:
    """The positive films that n booleans choose against all negative ones, whose specificity is that of all films.

    Their calibration is their own: how far their mean probability lies below 1.
    """
    found, own = (score(side.take((chosen & side.is_covid) | more), threshold) for more in (~side.is_covid, np.zeros_like(side.is_covid)))
    specificity = Figure.unknown(found.specificity.n, "none: severity is of positive films alone")
    return replace(found, specificity=specificity, mean_calibration=own.mean_calibration)


def _unless_few(figure: Figure, patients: int) -> Figure:
    return figure if patients >= FEWEST_PATIENTS else Figure.unknown(figure.n, f"none: too few patients ({patients})")
