"""Reader of a folder of films as people have it: class folders in any usual words, at any usual depth, and a table beside them.

Known are `covid/` and `normal/` in the usual languages and spellings (words.py), below train/, valid/ and test/ or not, with a
folder a patient in them or not; and one folder of films whose own name is a label (`nih_normal`). Every file becomes a record:
what cannot be used says why. films.csv may have columns for file, patient, view, age, sex, licence, credit, label and collection,
under their usual names. What is a film is known by its content where its name does not say it; of DICOM films the header tells the
patient (as a key, see dicom.py), view, age, sex and modality that the table leaves open.
"""

from collections import Counter, defaultdict
from pathlib import Path

from cxrkit.data import dicom, patients, words
from cxrkit.data.readers import facts, listing
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.progress import counted, say


def read(root: str | Path, name: str = "folder") -> list[Record]:
    """Records of a folder, one for each file in it, sorted by path, and one for each row of its table that names none.

    Whose a film is comes from the table, from its DICOM header, from a published naming (patients.py), from a folder of its own below
    the class, or from a name such as patient001-0.png, in this order; a film of which nothing says it has no patient.
    Raises BadInput: no folder, no label in it, no file, a table that cannot be used or of which nothing fits.
    """
    root = Path(root)
    try:
        listing.require_folder(root, "give a folder with covid/ and normal/ in it")
        found = list(listing.below(root))
    except OSError as error:
        raise BadInput(f"The data folder cannot be read: {error.strerror}.", root, "ask for the permission to read it") from error
    table = facts.of_folder(root, [film.path for film in found])
    found = [film for film in found if film.file != table]
    told = facts.read(table, [film.path for film in found])
    own = words.label_of(root.name, strict=True) if not any("/" in film.path and not film.why for film in found) else ""
    if not found and any(words.label_of(path.name, strict=True) for path in root.iterdir()):
        raise BadInput("The folder holds no file.", root, "put the films there")
    guesses: set[str] = set()
    records = [_record(film, name, own, told.of.get(film.path, {}), guesses) for film in found]
    if not any(record.label for record in records):
        there = Counter(film.path.partition("/")[0] + "/" for film in found if "/" in film.path)
        listed = ", ".join(f"{folder} ({count} files)" for folder, count in there.most_common(8))
        raise BadInput(
            f"The folder has neither covid/ nor normal/, nor another label that is known{'; it has: ' + listed if listed else ''}.",
            root,
            f"sort the films into these folders, or name them in {facts.TABLE} with the columns file and label",
        )
    _say(root, records, own)
    _ask(records, {f"{name}/{path}" for path, row in told.of.items() if row.get("patient")})
    return _without_idle_guesses(records, guesses) + told.unmatched(name)


def _record(film: listing.Found, name: str, own: str, told: facts.Row, guesses: set[str]) -> Record:
    """own: the label of the root's name, where the films lie in it directly; guesses: the keys that are guessed are added to it."""
    *folders, file = film.path.split("/")
    labels = {place: label for place, folder in enumerate(folders) if (label := words.label_of(folder, strict=True))}
    stated = words.label_of(told.get("label", ""))
    label = stated or (own if not folders else next(iter(labels.values()), ""))
    place = next(iter(labels), -1)
    why, header = film.looked_into()
    if why.startswith("no image type") and film.file.suffix.casefold() in (".csv", ".tsv", ".xlsx"):
        why = f"a table, which is read where it lies beside the class folders and is called {facts.TABLE}"
    elif why.startswith("no image type") and film.file.suffix.casefold() in (".xls", ".xlsb", ".ods", ".numbers"):
        why = f"a spreadsheet of a kind that is not read: save it as {facts.TABLE} or .xlsx"
    if not why and (len(set(labels.values())) > 1 or (stated and labels and stated not in labels.values())):
        why, label = "its folders, or its folder and its row, name two labels", ""
    elif not why and not label:
        where = "/".join(folders)
        why = f"folder {where}/: not a label that is known" if where else "it lies beside the class folders"
        why = f"finding {told['label']}: neither normal nor COVID-19" if told.get("label") else why
    patient = told.get("patient") or (header.patient and f"dicom/{header.patient}") or patients.of_published(film.path)
    if not patient and labels:
        around, guess = patients.above_the_class(folders[:place]), patients.guessed(file, folders[place + 1 :])
        patient = around or (f"{folders[place]}/{guess}" if guess else "")  # numbers may begin anew in each class
        guesses.add(f"{told.get('collection') or name}:{patient}")
    view, basis = words.view(*((told["view"], facts.TABLE) if told.get("view") else (header.view, "DICOM header")))
    return Record(
        image_id=f"{name}/{film.path}",
        path=f"{name}/{film.path}",
        source=name,
        label=label,
        finding=told.get("label") or label or next(filter(None, map(words.other_finding, folders)), ""),
        patient=f"{told.get('collection') or name}:{patient}" if patient else "",
        view=view,
        view_basis=basis,
        modality="X-ray" if header.modality in dicom.FILMS else header.modality,
        age=told.get("age") or header.age,
        sex=told.get("sex") or header.sex,
        taken=words.year_of(told.get("taken", "")),
        licence=told.get("licence") or "unknown",
        credit=told.get("credit", ""),
        collected="imported",
        published_split=next(filter(None, map(words.split_of, folders)), ""),
        excluded=why,
    )


def _without_idle_guesses(records: list[Record], guesses: set[str]) -> list[Record]:
    """A key guessed from names or folders that puts a whole class into one patient says nothing, and is dropped."""
    keys, patients_of = defaultdict(set), defaultdict(set)
    for record in records:
        keys[record.label].add(record.patient)
        patients_of[record.label].add(record.image_id)
    idle = {label for label in keys if len(keys[label]) == 1 and len(patients_of[label]) > 2}
    return [record.but(patient="") if record.label in idle and record.patient in guesses else record for record in records]


def _ask(records: list[Record], told: set[str]) -> None:
    """Say which patients of the table, by the paths of its films, have films of both classes: numbers may begin anew in each."""
    labels = defaultdict(set)
    for record in records:
        if record.path in told and record.used:
            labels[record.patient].add(record.label)
    both = sorted(patient.partition(":")[2] for patient, of_patient in labels.items() if len(of_patient) > 1)
    if both:
        say(
            f"  question: the table gives {counted(len(both), 'patient')} films of both classes: {', '.join(both[:3])}{', ...' if both[3:] else ''}."
        )
        say(
            "  Where numbers begin anew in each class, write them apart, as covid-1 and normal-1: such films are conflicts meanwhile, and left out"
        )


def _say(root: Path, records: list[Record], own: str) -> None:
    """What the folders were taken for, before anything is done with them."""
    films, left = Counter(), Counter()
    for record in records:
        folder = record.path.partition("/")[2].rpartition("/")[0]
        if record.used:
            films[(folder.split("/")[0] + "/" if folder else "", record.label or "?", record.published_split)] += 1
        if not record.used:
            left[record.excluded] += 1
    for place in sorted(root.iterdir()):
        label = words.label_of(place.name, strict=True) if place.is_dir() else ""
        if label and not any(folder == f"{place.name}/" for folder, *_ in films):
            films[(f"{place.name}/", label, "")] = 0
    taken = [f"{folder or root.name} {split + ' ' if split else ''}= {label} ({count})" for (folder, label, split), count in films.items()]
    say(f"{root.name}: {'; '.join(taken[:12])}{f'; and {len(taken) - 12} more' if len(taken) > 12 else ''}")
    for reason, count in left.most_common(8):
        say(f"  left out: {count} x {reason}")
