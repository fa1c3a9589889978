"""Training, validation and test splits: by the study's rule or by seeded stratified groups; a patient is never in two."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cxrkit.data.records import LABELS, POSITIVE, Record
from cxrkit.errors import BadInput, WrongUse

STUDY_COVID_VALID, STUDY_COVID_ALL = 34, 58 + 38 + 34
STUDY_NORMAL_VALID, STUDY_NORMAL_ALL = 234, 1342 + 234
FRACTIONS = {"train": 0.6, "valid": 0.2, "test": 0.2}


Members = dict[str, list[Record]]
"""{group: its used records, by image_id}."""


def assign(
    records: Sequence[Record], split: str, groups: Mapping[str, str], seed: int = 0, fractions: Mapping[str, float] = FRACTIONS
) -> list[Record]:
    """The records with `split` set on the used ones, by the rule named `split`: "paper" or "grouped".

    groups: {image_id: group} of what stays together, see groups.groups_of. The result depends on the records, their
    groups, the seed and nothing else, not even on their order.
    Raises WrongUse for an unknown rule and BadInput when a class is missing in a split.
    """
    rules = {"paper": paper, "grouped": lambda members, seed: grouped(members, seed, fractions)}
    if split not in rules:
        raise WrongUse(f"There is no split named {split!r}.", next=f"use one of: {', '.join(rules)}")
    members = _members(records, groups)
    chosen = rules[split](members, seed)
    records = [record.but(split=chosen[groups[record.image_id]] if record.used else "") for record in records]
    used = [record for record in records if record.used]
    missing = missing_classes(used)
    if missing:
        raise BadInput(
            f"The data cannot be split: {'; '.join(missing)}.",
            f"{len(used)} usable images: {dict(Counter(record.label for record in used))}",
            "bring more images of that class, or look at the reasons in the manifest why images were left out",
        )
    return records


def _members(records: Iterable[Record], groups: Mapping[str, str]) -> Members:
    members: Members = defaultdict(list)
    for record in sorted(records, key=lambda record: record.image_id):
        if record.used:
            members[groups[record.image_id]].append(record)
    return members


def paper(groups: Members, seed: int = 0) -> dict[str, str]:
    """The study's split: {group: "train" or "valid"}; groups: {group: its used records}.

    Normal films keep CoronaHack's published split: 1,342 TRAIN to train, 234 TEST to valid. CoronaHack has
    no COVID-19 film in TEST, so the study set 34 of its 58 + 38 + 34 = 130 aside: 34 in validation, 96 in
    training, which makes its 1,342 + 96 = 1,438 training and 234 + 34 = 268 validation films. Whatever
    number of COVID-19 films is at hand, the same share, 34/130, goes to validation; films of SIRM first,
    for the study's 34 are as many as it took from there. Its list was not published, so which films these
    were is not known. Normal films without a published split are shared out as the study's were, 234/1,576.
    A group with both published splits is learned from.
    """
    covid = {g: members for g, members in groups.items() if any(r.label == POSITIVE for r in members)}
    normal = {g: members for g, members in groups.items() if g not in covid}
    published = {g: members for g, members in normal.items() if any(r.published_split for r in members)}
    others = {g: members for g, members in normal.items() if g not in published}
    chosen = {g: "valid" if all(r.published_split != "train" for r in members) else "train" for g, members in published.items()}
    chosen |= _hold_out(others, STUDY_NORMAL_VALID / STUDY_NORMAL_ALL, seed)
    chosen |= _hold_out(covid, STUDY_COVID_VALID / STUDY_COVID_ALL, seed, first="sirm")
    return chosen


def _hold_out(groups: Members, share: float, seed: int, first: str = "") -> dict[str, str]:
    """Whole groups into "valid" until that share of images is there (never more), the rest into "train"."""
    wanted, held, chosen = round(share * sum(map(len, groups.values()))), 0, {}
    for group in sorted(groups, key=lambda g: (all(r.source != first for r in groups[g]), _draw(seed, g))):
        fits = held + len(groups[group]) <= wanted
        held += len(groups[group]) if fits else 0
        chosen[group] = "valid" if fits else "train"
    return chosen


def grouped(groups: Members, seed: int = 0, fractions: Mapping[str, float] = FRACTIONS) -> dict[str, str]:
    """A seeded split by group, stratified by label and source: {group: split}; groups: {group: its used records}.

    Within each stratum the groups, in random order, each go to the split that lacks most of
    its share of images; a group with images in several strata is placed with the rarest.
    """
    strata = Counter((record.label, record.source) for members in groups.values() for record in members)
    by_stratum = defaultdict(list)
    for group, members in groups.items():
        by_stratum[min(((r.label, r.source) for r in members), key=lambda s: (strata[s], s))].append(group)
    chosen = {}
    for stratum in sorted(by_stratum):
        names = sorted(by_stratum[stratum], key=lambda group: _draw(seed, group))
        total, filled = sum(len(groups[name]) for name in names), Counter()
        for name in names:
            split = max(fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
            filled[split] += len(groups[name])
            chosen[name] = split
    return chosen


def _draw(seed: int, group: str) -> str:
    """A group's place in a random order that depends on the seed and its name alone."""
    return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def missing_classes(used: Iterable[Record]) -> list[str]:
    """A sentence for each class that a split in use lacks."""
    counts = Counter((record.split, record.label) for record in used)
    present = {"train", "valid"} | {record.split for record in used if record.split}
    return [f"no {label} image in {split}" for split in sorted(present) for label in LABELS if not counts[split, label]]


def leaks(records: Iterable[Record], groups: Mapping[str, str]) -> list[str]:
    """A sentence for each group, of patient and copies, whose used images stand in more than one split."""
    told = []
    for _, members in sorted(_members(records, groups).items()):
        first_of = {record.split: record for record in reversed(members)}
        if len(first_of) > 1:
            copies = any(record.duplicate_of for record in members)
            what = "one picture or patient" if copies else f"patient {members[0].patient}"
            told.append(f"{what} is in {' and '.join(f'{split} ({record.image_id})' for split, record in sorted(first_of.items()))}")
    return told
