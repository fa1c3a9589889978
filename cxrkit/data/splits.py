"""Who is learned from, who is chosen with, who is tested on; a patient is never cut in two."""

import hashlib
from collections import Counter, defaultdict

from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.errors import BadInput, WrongUse

STUDY_COVID_VALID, STUDY_COVID_ALL = 34, 58 + 38 + 34
STUDY_NORMAL_VALID, STUDY_NORMAL_ALL = 234, 1342 + 234
FRACTIONS = {"train": 0.6, "valid": 0.2, "test": 0.2}


def assign(records, split, seed=0, fractions=FRACTIONS):
    """The records with `split` set on the used ones, by the rule named `split`: "paper" or "grouped".

    The result depends on the records, the seed and nothing else, not even on their order.
    Raises WrongUse for an unknown rule and BadInput when a class is missing in a split.
    """
    rules = {"paper": paper, "grouped": lambda used, seed: grouped(used, seed, fractions)}
    if split not in rules:
        raise WrongUse(f"There is no split named {split!r}.", next=f"use one of: {', '.join(rules)}")
    used = [record for record in records if record.used]
    chosen = rules[split](used, seed)
    records = [record.but(split=chosen.get(record.image_id, "")) for record in records]
    missing = missing_classes([record for record in records if record.used])
    if missing:
        raise BadInput(
            f"The data cannot be split: {'; '.join(missing)}.",
            f"{len(used)} usable images: {dict(Counter(record.label for record in used))}",
            "bring more images of that class, or look at the reasons in the manifest why images were left out",
        )
    return records


def paper(used, seed=0):
    """The study's split: {image_id: "train" or "valid"}.

    Normal films keep CoronaHack's published split: 1,342 TRAIN to train, 234 TEST to valid. CoronaHack has
    no COVID-19 film in TEST, so the study set 34 of its 58 + 38 + 34 = 130 aside: 34 in validation, 96 in
    training, which makes its 1,342 + 96 = 1,438 training and 234 + 34 = 268 validation films. Whatever
    number of COVID-19 films is at hand, the same share, 34/130, goes to validation; films of SIRM first,
    for the study's 34 are as many as it took from there. Its list was not published, so which films these
    were is not known. Normal films without a published split are shared out as the study's were, 234/1,576.
    """
    chosen = {r.image_id: "valid" if r.published_split == "test" else "train" for r in used if r.label == NEGATIVE and r.published_split}
    others = [r for r in used if r.label == NEGATIVE and not r.published_split]
    covid = [r for r in used if r.label == POSITIVE]
    chosen |= _hold_out(others, round(len(others) * STUDY_NORMAL_VALID / STUDY_NORMAL_ALL), seed)
    chosen |= _hold_out(covid, round(len(covid) * STUDY_COVID_VALID / STUDY_COVID_ALL), seed, first="sirm")
    return chosen


def _hold_out(records, wanted, seed, first=""):
    """Whole patients into "valid" until `wanted` images are there (never more), the rest into "train"."""
    groups = _by_group(records)
    order = sorted(groups, key=lambda g: (all(r.source != first for r in groups[g]), _lot(seed, g)))
    chosen, held = {}, 0
    for group in order:
        size = len(groups[group])
        split = "valid" if held + size <= wanted else "train"
        held += size if split == "valid" else 0
        chosen |= {record.image_id: split for record in groups[group]}
    return chosen


def grouped(used, seed=0, fractions=FRACTIONS):
    """A seeded split by patient, stratified by label and source: {image_id: split}.

    Within each stratum the patients, in the order of their lot, each go to the split that lacks most of
    its share of images; a patient with images in several strata is placed with the rarest.
    """
    strata = Counter((record.label, record.source) for record in used)
    groups = _by_group(used)
    by_stratum = defaultdict(list)
    for group, members in groups.items():
        by_stratum[min(((r.label, r.source) for r in members), key=lambda s: (strata[s], s))].append(group)
    chosen = {}
    for stratum in sorted(by_stratum):
        names = sorted(by_stratum[stratum], key=lambda group: _lot(seed, group))
        total, filled = sum(len(groups[name]) for name in names), Counter()
        for name in names:
            split = max(fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
            filled[split] += len(groups[name])
            chosen |= {record.image_id: split for record in groups[name]}
    return chosen


def _lot(seed, group):
    return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def _by_group(records):
    members = defaultdict(list)
    for record in records:
        members[group_of(record)].append(record)
    return members


def group_of(record):
    """The key of what must stay together: the patient, or the image alone where none is known."""
    return record.patient or record.image_id


def missing_classes(used):
    """A sentence for each class that a split in use lacks."""
    counts = Counter((record.split, record.label) for record in used)
    present = {"train", "valid"} | {record.split for record in used if record.split}
    return [f"no {label} image in {split}" for split in sorted(present) for label in LABELS if not counts[split, label]]


def leaks(used):
    """A sentence for each patient whose images stand in more than one split."""
    found = []
    for group, members in sorted(_by_group(used).items()):
        splits = {record.split: record.image_id for record in members}
        if len(splits) > 1:
            found.append(f"patient {group} is in {' and '.join(f'{s} ({i})' for s, i in sorted(splits.items()))}")
    return found
