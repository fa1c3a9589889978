"""Logistic regression as a probe: how much of an answer lies in some features, without training a network.

One regression on standardised features, with the same penalty everywhere and the classes weighted alike, scored by
cross-validation whose folds never cut a patient in two. Nothing is tuned, so no score is the best of several.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import Area

FOLDS = 5
FEWEST_PATIENTS = 10
"""Of each class; with fewer a probe says nothing, and is not run."""


def patients(groups, chosen) -> int:
    """How many patients the chosen films have."""
    return len(np.unique(np.asarray(groups)[np.asarray(chosen, bool)]))


def too_few(is_positive, groups) -> str:
    """Why a probe cannot be run on these films, or an empty text."""
    counts = [patients(groups, is_positive), patients(groups, ~np.asarray(is_positive, bool))]
    return f"{counts[0]} and {counts[1]} patients on the two sides; each needs {FEWEST_PATIENTS}" if min(counts) < FEWEST_PATIENTS else ""


def fitted(features: np.ndarray, is_positive: np.ndarray) -> Pipeline:
    """A regression fitted on n x k features; its decision_function takes others."""
    with threadpool_limits(1):  # on matrices this small, threads that wait for each other cost more than they bring
        return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)).fit(features, is_positive)


def folds(is_positive, groups, seed: int = 0) -> np.ndarray:
    """n whole numbers: the fold of each film. Patients stay whole, and the classes alike in all folds as far as that allows."""
    number = np.zeros(len(groups), int)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(number, is_positive, groups)
    for fold, (_, held) in enumerate(cut):
        number[held] = fold
    return number


def out_of_fold(features: np.ndarray, is_positive, groups, learn_from=None) -> np.ndarray:
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


def area(is_positive, scores, groups) -> Area:
    """The area under the ROC curve of n scores, or of seeds x n, with the interval of areas.auc."""
    return Area(areas.auc(is_positive, scores, groups), int(np.sum(is_positive)))


def unknown_area(reason: str) -> Area:
    """An area that could not be computed, and why."""
    return Area(Figure.unknown(0, f"none: {reason}"), 0)


def advantage(is_positive, scores, other, groups) -> Figure:
    """How far the area of scores (n, or seeds x n) lies above that of the other n on the same films; see areas.difference."""
    return areas.difference(is_positive, scores, other, groups)[0]


def difference(first: Figure, second: Figure) -> Figure:
    """first minus second, two independent figures; see metrics.minus."""
    return metrics.minus(first, second)
