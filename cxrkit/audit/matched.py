"""Scores with view, age or sex held fixed: the networks on matched pairs of the held-out films, beside all of these.

The difference between the two is what the classes' difference in these may have been worth to a network. It is no proof:
matched films may differ in what no source says, such as the hospital.
"""

from dataclasses import replace

import numpy as np

from cxrkit.audit import probes
from cxrkit.data import matching
from cxrkit.data.records import MATCHABLE, Record
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Area, MatchedRow

WAYS = (*((trait,) for trait in MATCHABLE), MATCHABLE)
FEWEST_PAIRS = 5


def rows(architecture: str, held: Predictions, records: dict[str, Record], caliper: float, seed: int) -> list[MatchedRow]:
    """A row for each of WAYS. records: {image_id: record}; caliper, seed: the experiment's age_caliper and split_seed."""
    film_of, group_of = [records[name] for name in held.image_ids], dict(zip(held.image_ids, map(str, held.groups)))
    every, found = Area(areas.auc(held.is_covid, held.p_covid, held.groups), int(held.is_covid.sum())), []
    for by in WAYS:
        matched = matching.match(film_of, group_of, by, caliper, seed)
        used = {name for pair in matched.pairs for name in pair}
        chosen = np.array([name in used for name in held.image_ids], bool)
        lost = {True: {}, False: {}}
        for name, is_covid in zip(held.image_ids, held.is_covid):
            if name in matched.reasons:
                cause = matched.reasons[name].removeprefix(matching.REASON)
                lost[bool(is_covid)][cause] = lost[bool(is_covid)].get(cause, 0) + 1
        of_pairs, fall = _scored(held, chosen, len(matched.pairs))
        found.append(MatchedRow(architecture, list(by), caliper, len(matched.pairs), every, of_pairs, fall, lost[True], lost[False]))
    return found


def _scored(held: Predictions, chosen: np.ndarray, pairs: int) -> tuple[Area, Figure]:
    """The area on the chosen films, and how far it lies below that of all; unknown where there are few pairs."""
    if pairs < FEWEST_PAIRS:
        few = f"too few pairs ({pairs})"
        return probes.unknown_area(few), Figure.unknown(2 * pairs, f"none: {few}")
    truth, groups = held.is_covid[chosen], held.groups[chosen]
    area = probes.area(truth, held.p_covid[:, chosen], groups)
    of_all, influence = areas.mean_auc_influence(held.is_covid, held.p_covid)
    of_pairs, influence_of_pairs = areas.mean_auc_influence(truth, held.p_covid[:, chosen])
    influence[chosen] -= influence_of_pairs
    half, fall = metrics.Z * np.sqrt(areas.area_variance(influence, held.is_covid, held.groups)), of_all - of_pairs
    if area.auc.value in (0, 1) or not half:
        apart = probes.difference(areas.auc(held.is_covid, held.p_covid, held.groups), area.auc)
        return area, replace(apart, value=fall)
    return area, Figure.of(fall, fall - half, fall + half, len(chosen), "DeLong 95 %, of films and of a part of them")
