"""Training, validation and test splits: by the study's rule or by seeded stratified groups; a patient is never in two."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cxrkit.data.records import LABELS, POSITIVE, Record
from cxrkit.errors import BadInput, WrongUse
from cxrkit.progress import counted

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
    given, records = records, [record.but(split=chosen[groups[record.image_id]] if record.used else "") for record in records]
    used = [record for record in records if record.used]
    missing = missing_classes(used)
    if missing:
        other = "grouped" if split == "paper" and not missing_classes(_placed(members, rules["grouped"](members, seed))) else ""
        raise BadInput(
            f"The data cannot be split by the rule {split}: {'; '.join(missing)}.",
            _stock(given, members),
            _remedy(split, other, given, members),
        )
    return records


def _placed(members: Members, chosen: Mapping[str, str]) -> list[Record]:
    return [record.but(split=chosen[group]) for group, of_group in members.items() for record in of_group]


def _stock(records: Iterable[Record], members: Members) -> str:
    """What there is of each class to split, and why the rest of it is left out."""
    told = []
    for label in LABELS:
        films = sum(record.label == label for of_group in members.values() for record in of_group)
        patients = sum(any(record.label == label for record in of_group) for of_group in members.values())
        of_label = [record for record in records if record.label == label and not record.used]
        why = Counter("copies" if record.is_removed_copy else record.excluded.partition(":")[0] for record in of_label)
        out = ", ".join(f"{count} {reason}" for reason, count in why.most_common(3))
        told.append(f"{counted(films, f'usable {label} film')} of {counted(patients, 'patient')}{f' (left out: {out})' if out else ''}")
    return "; ".join(told)


def _remedy(split: str, other: str, records: Iterable[Record], members: Members) -> str:
    without = [label for label in LABELS if not any(record.label == label for record in records)]
    if without:
        return f"no film of the sources is labelled {without[0]}: call its folder {without[0]}/, or give films.csv a column label"
    if other:
        return f"use --split {other}, which this data allows, or bring films of more patients"
    few = [label for label in LABELS if sum(any(r.label == label for r in of_group) for of_group in members.values()) < 3]
    if few:
        return f"bring {' and '.join(few)} films of three patients or more, or see to it that fewer are left out"
    return "bring films of more patients, or see to it that fewer are left out" + (", or use --split grouped" if split == "paper" else "")


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


LARGE = 1 / 8
"""Of a stratum's films, a group with more is placed before the others."""


def grouped(groups: Members, seed: int = 0, fractions: Mapping[str, float] = FRACTIONS) -> dict[str, str]:
    """A seeded split by group, stratified by label and source, or by label alone where a source has too few patients.

    groups: {group: its used records}; a group with images in several strata is placed with the rarest. Large groups, the largest
    first, each go to the split that lacks most of its share. The others stand in a row, in an order that their names and the seed
    decide, which is cut where the shares are filled: a patient more moves the cuts a little, and with them a group or two (on 1,893 real
    films, in 100 trials with one patient more, 1.9 films on average and 8 at most). Returns {group: split}.
    """
    chosen: dict[str, str] = {}
    for by_source in (True, False):
        strata = Counter(_stratum(record, by_source) for members in groups.values() for record in members)
        by_stratum = defaultdict(list)
        for group, members in groups.items():
            by_stratum[min((_stratum(r, by_source) for r in members), key=lambda s: (strata[s], s))].append(group)
        for stratum in sorted(by_stratum):
            chosen |= _shared_out({name: len(groups[name]) for name in by_stratum[stratum]}, seed, fractions)
        if not missing_classes(_placed(groups, chosen), fractions):
            break
    return chosen


def _stratum(record: Record, by_source: bool) -> tuple[str, str]:
    return record.label, record.source if by_source else ""


def _shared_out(sizes: Mapping[str, int], seed: int, fractions: Mapping[str, float]) -> dict[str, str]:
    """{group: split} of one stratum's groups, given {group: films}."""
    total, filled = sum(sizes.values()), Counter()
    large = sorted((name for name in sizes if sizes[name] > LARGE * total), key=lambda name: (-sizes[name], _draw(seed, name)))
    chosen = {}
    for place, name in enumerate(large):
        empty = [split for split in fractions if not filled[split]]
        few = len(sizes) - place <= len(empty)  # as many groups as splits that have none
        split = max(empty if few else fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
        filled[split] += sizes[name]
        chosen[name] = split
    rest = sorted(sizes.keys() - chosen.keys(), key=lambda name: _draw(seed, name))
    lacking = {split: max(0.0, fractions[split] * total - filled[split]) for split in fractions}
    room, before = sum(sizes[name] for name in rest), 0.0
    for name in rest:
        middle, end = (before + sizes[name] / 2) / room * sum(lacking.values()), 0.0
        before += sizes[name]
        for split, share in lacking.items():
            end += share
            if middle <= end or split == list(lacking)[-1]:
                chosen[name] = split
                break
    return chosen


def _draw(seed: int, group: str) -> str:
    """A group's place in a random order that depends on the seed and its name alone."""
    return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def missing_classes(used: Iterable[Record], wanted: Iterable[str] = ("train", "valid")) -> list[str]:
    """A sentence for each class that a split in use, or a wanted one, lacks."""
    counts = Counter((record.split, record.label) for record in used)
    present = {*wanted} | {record.split for record in used if record.split}
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
