"""Table 1: who is in each split and class, by age, sex, view and source, with of how many that is known."""

from collections import Counter
from collections.abc import Callable, Iterable
from statistics import median

from cxrkit.data import words
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import ADULT, LABEL_WORDS, LABELS, SPLIT_WORDS, SPLITS, Record, age_span, is_minor, traits
from cxrkit.progress import counted
from cxrkit.tables import NOTHING, Cell, Column, Table

SEX = {"F": "female", "M": "male"}
SEX_UNKNOWN = "sex not known"
AS_STATED = 4
"""Ages a cell that are not one number, the commonest first."""


def patients(manifest: Manifest) -> Table:
    """A column for each class of each split, a row for each fact."""
    columns, films, persons = [Column("characteristic")], [], []
    for split in filter(None, SPLITS):
        for label in LABELS:
            of_class = [record for record in manifest.used if (record.split, record.label) == (split, label)]
            if of_class:
                columns.append(Column(f"{SPLIT_WORDS[split]}, {LABEL_WORDS[label]}"))
                films.append(of_class)
                persons.append(_persons(of_class, manifest))
    rows = [_row("images", films, lambda each: f"{len(each):,}")]
    rows.append([Cell("patients"), *(Cell(f"{'at most ' * (unknown(of) > 0)}{len(each):,}") for of, each in zip(films, persons))])
    rows += [_row(title, persons, make) for title, make in AGES.items()]
    rows += _shares(persons, _sex, (*SEX.values(), *sorted({_sex(each) for of in persons for each in of} - {*SEX.values()})))
    rows += _shares(films, lambda record: f"view {record.view or 'not known'}")
    rows += _shares(films, lambda record: f"from {record.source}")
    rows = [row for row in rows if any(cell.text != NOTHING for cell in row[1:])]
    note = (
        "Age and sex are of patients, view and source of images; films that share a patient or a picture count as one patient, and one whose "
        "patient is not known as a patient of its own. A range of ages counts as its midpoint where it spans 10 years or less. "
        f"{leaks_sentence(len(manifest.leaks), unknown(manifest.used))}"
    )
    return Table("patients", "Table 1. Patients and images by split and class.", tuple(columns), rows, note, sortable=False)


def leaks_sentence(leaks: int, unknown: int = 0) -> str:
    """What stands in two splits. unknown: films whose patient is not known, of which nothing can be said."""
    if leaks == 1:
        told = "One patient or picture stands in two splits."
    elif leaks:
        told = f"{leaks} patients or pictures stand in two splits."
    else:
        told = f"No patient or picture {'is known to stand' if unknown else 'stands'} in two splits."
    return f"{told} For {counted(unknown, 'film')} the patient is not known." if unknown else told


def unknown(films: Iterable[Record]) -> int:
    """Of how many films the patient is not known."""
    return sum(not film.patient for film in films)


def of_patients(manifest: Manifest, split: str, patients: int) -> str:
    """How many patients the used films of a split are of. patients: as many as they are where each film of an unknown one has its own."""
    lacking = unknown(film for film in manifest.used if film.split == split)
    told = counted(patients, "patient")
    return f"at most {told} (not known for {lacking:,} of the images)" if lacking else told


def stated(record: Record, trait: str) -> bool:
    """Whether a source states a field in any words but those for "not known"."""
    return bool(words.known(str(getattr(record, trait))))


def _persons(films: list[Record], manifest: Manifest) -> list[Record]:
    """One record a patient, with the age and sex of the first film that states it."""
    found: dict[str, Record] = {}
    for film in films:
        group = manifest.groups[film.image_id]
        known = found.setdefault(group, film)
        found[group] = known.but(age=_better(known.age, film.age), sex=known.sex or film.sex)
    return [*found.values()]


def _sex(record: Record) -> str:
    """In words; what is no word for female or male as the source states it."""
    sex = SEX.get(str(traits(record)["sex"]), "")
    return sex or (f"sex stated as “{record.sex.strip()}”" if stated(record, "sex") else SEX_UNKNOWN)


def _better(age: str, other: str) -> str:
    return other if not words.known(age) or (age_span(age) is None and age_span(other)) else age


def _row(title: str, groups: list[list[Record]], make: Callable[[list[Record]], str]) -> list[Cell]:
    return [Cell(title), *(Cell(make(each)) for each in groups)]


def _known(persons: list[Record]) -> str:
    return f"{sum(person.years is not None for person in persons):,} of {len(persons):,}"


def _median(persons: list[Record]) -> str:
    years = [person.years for person in persons if person.years is not None]
    spans = [span for person in persons if person.years is not None and (span := age_span(person.age))]
    if not years:
        return NOTHING
    return f"{median(years):.3g} ({min(map(min, spans)):.3g} to {max(map(max, spans)):.3g})"


def _children(persons: list[Record]) -> str:
    minor = [known for person in persons if (known := is_minor(person.age)) is not None]
    return _share(sum(minor), len(minor)) if minor else NOTHING


def _as_stated(persons: list[Record]) -> str:
    """Ages that are ranges or words, as their source states them."""
    ages = Counter(person.age.strip() for person in persons if stated(person, "age") and len(set(age_span(person.age) or (0, 1))) > 1)
    rest = len(ages) - AS_STATED
    told = [f"{age}: {count:,}" for age, count in ages.most_common(AS_STATED)] + [f"{rest} others"] * (rest > 0)
    return "; ".join(told) or NOTHING


AGES = {
    "age known in years": _known,
    "age in years, median (lowest to highest)": _median,
    f"under {ADULT}, of those known": _children,
    "age stated as a range or in words": _as_stated,
}


def _share(count: int, n: int) -> str:
    return f"{count:,} ({100 * count / n:.0f} %)"


def _shares(groups: list[list[Record]], word: Callable[[Record], str], order: Iterable[str] = ()) -> list[list[Cell]]:
    """A row for each word that is said of a record, in the order given, else the commonest first."""
    counts = [Counter(map(word, each)) for each in groups]
    total = sum(counts, Counter())
    words = [each for each in order if each in total] or [each for each, _ in total.most_common()]
    return [
        [Cell(each), *(Cell(_share(count[each], len(of)) if count[each] else NOTHING) for count, of in zip(counts, groups))]
        for each in words
    ]
