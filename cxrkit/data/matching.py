"""Matching: positives and negatives in pairs, a film a patient, that do not differ in view, age or sex.

Where the classes differ in these, a network may learn the difference instead of a disease; on matched films there is none
to learn. Optimal pair matching with a caliper (Rosenbaum 1989, J. Am. Stat. Assoc. 84:1024): as many pairs as there can
be, and of all ways to make so many the one with the least sum of age differences.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from scipy.optimize import linear_sum_assignment

from cxrkit.data.records import LABEL_WORDS, POSITIVE, Record, traits

REASON = "matching: "
"""How the reason of every film begins that matching leaves out."""
SECOND = REASON + "another film of the patient is used"
TAKEN = REASON + "the films of the other class that are alike are all in other pairs"


@dataclass(frozen=True)
class Matching:
    """pairs: image_ids, (positive, negative), sorted; reasons: {image_id: why it is in no pair} of all other films."""

    pairs: tuple[tuple[str, str], ...]
    reasons: dict[str, str]


def words(by: Sequence[str], caliper: float) -> str:
    """What films are matched on, as people say it: `view, age (within 5 years)`."""
    return ", ".join(f"age (within {caliper:g} years)" if trait == "age" else trait for trait in by)


def match(records: Iterable[Record], groups: Mapping[str, str], by: Sequence[str], caliper: float, seed: int = 0) -> Matching:
    """Pairs of a positive and a negative film that are alike in the traits `by`.

    records: films with a label; groups: {image_id: patient}; by: of records.MATCHABLE; caliper: years by which two ages may
    differ. A film of which one of the traits is not known is in no pair, and of a patient with films of both classes only
    the positive ones can be. The result depends on the records, their groups and the seed alone, not on their order; the
    seed decides between pairings that are equally good.
    """
    records, reasons, known = sorted(records, key=lambda record: record.image_id), {}, []
    positive = {groups[record.image_id] for record in records if record.label == POSITIVE}
    for record in records:
        unknown = [trait for trait in by if traits(record)[trait] in ("", None)]
        if record.label != POSITIVE and groups[record.image_id] in positive:
            reasons[record.image_id] = SECOND
        elif unknown:
            reasons[record.image_id] = f"{REASON}{unknown[0]} not known"
        else:
            known.append(record)

    def place(record: Record) -> tuple[str, str, str]:
        group = groups[record.image_id]
        return sha256(f"{seed}/{group}".encode()).hexdigest(), group, record.image_id

    sides = [sorted((record for record in known if (record.label == POSITIVE) == side), key=place) for side in (True, False)]
    pairs = _pairs(*sides, groups, by, caliper, reasons) if all(sides) else []
    nobody = f"{REASON}no film of the other class is alike in {words(by, caliper)}"
    used, paired = {name for pair in pairs for name in pair}, {groups[name] for pair in pairs for name in pair}
    for record in known:
        if record.image_id in used:
            reasons.pop(record.image_id)
        else:
            reasons[record.image_id] = SECOND if groups[record.image_id] in paired else reasons.get(record.image_id, nobody)
    return Matching(tuple(sorted(pairs)), reasons)


def _pairs(positives, negatives, groups, by, caliper, reasons) -> list[tuple[str, str]]:
    """The pairs of films that stand patient by patient; films of patients with a counterpart get TAKEN as their reason."""
    apart = _apart(positives, negatives, by, caliper)
    rows, columns = (_starts([groups[record.image_id] for record in side]) for side in (positives, negatives))
    nearest = np.minimum.reduceat(np.minimum.reduceat(apart, rows, 0), columns, 1)
    possible = np.isfinite(nearest)
    row_ends, column_ends = np.append(rows, len(positives))[1:], np.append(columns, len(negatives))[1:]
    for side, starts, ends, has in ((positives, rows, row_ends, possible.any(1)), (negatives, columns, column_ends, possible.any(0))):
        for patient in np.flatnonzero(has):
            reasons.update({record.image_id: TAKEN for record in side[starts[patient] : ends[patient]]})
    some, others = np.flatnonzero(possible.any(1)), np.flatnonzero(possible.any(0))
    cost = nearest[np.ix_(some, others)]
    # dearer than all pairs that can be together, so that no sum of near ages is worth a pair less
    cost[~np.isfinite(cost)] = (caliper + 1) * (min(cost.shape) + 1)
    pairs = []
    for row, column in zip(*linear_sum_assignment(cost)):
        row, column = some[row], others[column]
        if possible[row, column]:
            of_pair = apart[rows[row] : row_ends[row], columns[column] : column_ends[column]]
            i, j = np.unravel_index(of_pair.argmin(), of_pair.shape)
            pairs.append((positives[rows[row] + i].image_id, negatives[columns[column] + j].image_id))
    return pairs


def _apart(positives: Sequence[Record], negatives: Sequence[Record], by: Sequence[str], caliper: float) -> np.ndarray:
    """Years between the ages of each positive and negative film, 0 where age does not count; infinite where they are not alike."""
    apart = np.zeros((len(positives), len(negatives)))
    for trait in by:
        one, other = (np.array([traits(record)[trait] for record in side]) for side in (positives, negatives))
        if trait == "age":
            apart += np.abs(one[:, None] - other)
            apart[apart > caliper] = np.inf
        else:
            apart[one[:, None] != other] = np.inf
    return apart


def _starts(groups: list[str]) -> np.ndarray:
    """Where each patient's films begin, in a list in which they stand together."""
    return np.flatnonzero([first != second for first, second in zip([None, *groups], groups)])


def sentence(records: Iterable[Record], by: Sequence[str], caliper: float) -> str:
    """What matching left of the records and what it took, by cause."""
    records = list(records)
    pairs = sum(record.used and record.label == POSITIVE for record in records)
    lost = Counter((record.label, record.excluded) for record in records if record.excluded.startswith(REASON))
    told = [f"{count} {LABEL_WORDS[label]} ({reason.removeprefix(REASON)})" for (label, reason), count in lost.most_common()]
    return f"Matched by {words(by, caliper)}: {pairs} pairs, a film a patient. Left out: {'; '.join(told) or 'none'}."
