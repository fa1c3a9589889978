"""Logistic regression as a probe: how much of an answer lies in some features, without training a network.

One regression on standardised features, with the same penalty everywhere and the classes weighted alike, scored by
cross-validation whose folds never cut a patient in two. Nothing is tuned, so no score is the best of several.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrkit.data.groups import groups_of
from cxrkit.data.records import POSITIVE
from cxrkit.evaluation import metrics

FOLDS = 5
FEWEST_PATIENTS = 10
"""Of each class; with fewer a probe says nothing, and is not run."""


@dataclass(frozen=True)
class Films:
    """The used films of a manifest, sorted by image_id.

    records: n Records; groups: n whole numbers, one a patient with all copies; images: uint8 [n, size, size], or
    None where the films are not on this machine.
    """

    records: tuple
    groups: np.ndarray
    images: np.ndarray | None = None

    @classmethod
    def of(cls, records, images=None):
        """From all records of a manifest, the excluded ones too: they still say which patients are one."""
        used = sorted((record for record in records if record.used), key=lambda record: record.image_id)
        group = groups_of(records)
        return cls(tuple(used), np.unique([group[record.image_id] for record in used], return_inverse=True)[1], images)

    def take(self, chosen):
        """The films that n booleans choose."""
        chosen = np.asarray(chosen, bool)
        records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
        return Films(records, self.groups[chosen], None if self.images is None else self.images[chosen])

    @property
    def image_ids(self):
        return [record.image_id for record in self.records]

    @cached_property
    def is_covid(self):
        return np.array([record.label == POSITIVE for record in self.records], bool)

    @cached_property
    def sources(self):
        return np.array([record.source for record in self.records])

    @cached_property
    def splits(self):
        return np.array([record.split for record in self.records])

    @property
    def held(self):
        """The split that scores are reported on: test where there is one, else valid; empty where there is neither."""
        return next((split for split in ("test", "valid") if (self.splits == split).any()), "")


def patients(groups, chosen):
    """How many patients the chosen films have."""
    return len(np.unique(np.asarray(groups)[np.asarray(chosen, bool)]))


def too_few(is_positive, groups):
    """Why a probe cannot be run on these films, or an empty text."""
    counts = [patients(groups, is_positive), patients(groups, ~np.asarray(is_positive, bool))]
    return f"{counts[0]} and {counts[1]} patients on the two sides; each needs {FEWEST_PATIENTS}" if min(counts) < FEWEST_PATIENTS else ""


def fitted(features, is_positive):
    """A regression fitted on n x k features; its decision_function takes others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # on matrices this small, threads that wait for each other cost more than they bring
        return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)).fit(features, is_positive)


def folds(is_positive, groups, seed=0):
    """n whole numbers: the fold of each film. Patients stay whole, and the classes alike in all folds as far as that allows."""
    from sklearn.model_selection import StratifiedGroupKFold

    number = np.zeros(len(groups), int)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(number, is_positive, groups)
    for fold, (_, held) in enumerate(cut):
        number[held] = fold
    return number


def out_of_fold(features, is_positive, groups, learn_from=None):
    """n scores, each by a regression that saw neither the film nor its patient.

    learn_from: n booleans; the others are scored, and never learned from. Raises ValueError where a fold leaves one
    class alone to learn from; see too_few.
    """
    is_positive, number = np.asarray(is_positive, bool), folds(is_positive, groups)
    learn_from = np.ones(len(number), bool) if learn_from is None else learn_from
    scores = np.zeros(len(number))
    for fold in np.unique(number):
        held, seen = number == fold, (number != fold) & learn_from
        scores[held] = fitted(features[seen], is_positive[seen]).decision_function(features[held])
    return scores


def area(is_positive, scores, groups):
    """{auc, interval, n, n_covid} of n scores, or of seeds x n; the interval is that of metrics.auc.

    n_covid: how many films are on the positive side, whatever that is.
    """
    found = metrics.auc(is_positive, scores, groups)
    return {"auc": found["value"], "interval": [found["low"], found["high"]], "n": found["n"], "n_covid": int(np.sum(is_positive))}


def advantage(is_positive, scores, other, groups):
    """{auc, interval, n}: how far the area of scores (n, or seeds x n) lies above that of the other n on the same films.

    DeLong's paired interval over patients (see metrics.auc_influence); where both rank alike it has no width, and
    the interval is that of two areas which know nothing of each other.
    """
    mine, influence = metrics.mean_auc_influence(is_positive, scores)
    theirs, other_influence = metrics.auc_influence(is_positive, other)
    half = metrics.Z * np.sqrt(metrics.grouped_variance(influence - other_influence, groups))
    interval = [float(mine - theirs - half), float(mine - theirs + half)]
    if half == 0:
        interval = difference(metrics.auc(is_positive, scores, groups), metrics.auc(is_positive, other, groups))[1]
    return {"auc": mine - theirs, "interval": interval, "n": len(is_positive)}


def difference(first, second):
    """(value, interval) of first less second, two independent metrics.figure; Nones where either has no value.

    Zou and Donner 2008, Stat. Med. 27:1693: the distances to the limits, added in quadrature.
    """
    if first["value"] is None or second["value"] is None:
        return None, [None, None]
    value = first["value"] - second["value"]
    below = np.hypot(first["value"] - first["low"], second["high"] - second["value"])
    above = np.hypot(first["high"] - first["value"], second["value"] - second["low"])
    return value, [float(value - below), float(value + above)]
