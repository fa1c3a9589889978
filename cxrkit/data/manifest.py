"""manifest.csv: every image that any source named, used or not, one row each."""

import csv
import io
from collections import Counter
from pathlib import Path

from cxrkit.data import copies as search
from cxrkit.data import groups, images, splits
from cxrkit.data.records import COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude
from cxrkit.data.sources import locator
from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of, sha256_of_json, write_json, write_text


def build(sources, split="paper", exclude_views=("lateral",), split_seed=0, duplicates="remove", label_conflicts="exclude", kept=None):
    """All records of the sources, with file facts, copies, conflicts, exclusions and splits, sorted by image_id.

    duplicates: "remove" all copies of a picture but one, or "keep" them, and then split as if they were not
    known. label_conflicts: "exclude" or "keep". kept: a folder where what is learned of files and pairs stays,
    so that the same films are neither decoded nor compared again.

    Raises BadInput: a source that cannot be read, an image_id that two sources share, no readable image,
    or a class without images in a split.
    """
    records = [record for source in sources for record in source.read()]
    records.sort(key=lambda record: record.image_id)
    for first, second in zip(records, records[1:]):
        if first.image_id == second.image_id:
            raise BadInput(
                f"Two images are named {first.image_id}.", f"{first.path} and {second.path}", "name the sources apart: KIND:NAME=DIR"
            )
    records, thumbnails = images.add_facts(records, locator(roots_of(sources)), kept)
    records = groups.mark_duplicates(records, _pairs(records, thumbnails, kept and Path(kept) / "copies.json"), duplicates == "remove")
    if label_conflicts == "exclude":
        records = groups.exclude_conflicts(records)
    records = exclude(records, lambda r: f"view {r.view}: left out by the experiment" if r.view in exclude_views else "")
    return splits.assign(records, split, split_seed, links=duplicates == "remove")


def _pairs(records, thumbnails, known):
    key = [search.VERSION, sorted(f"{record.image_id} {record.sha256}" for record in records if record.image_id in thumbnails)]
    key = sha256_of_json(key)
    if known and Path(known).exists() and (kept := read_json(known))["key"] == key:
        return [search.Pair(*pair) for pair in kept["pairs"]]
    found = search.find(thumbnails)
    if known:
        write_json(known, {"key": key, "pairs": [[pair.first, pair.second, pair.agreement] for pair in found]})
    return found


def roots_of(sources):
    return {source.name: str(Path(source.root).absolute()) for source in sources}


def to_csv(records):
    """The manifest as text; the same records always give the same text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in sorted(records, key=lambda record: record.image_id):
        writer.writerow(["" if (value := getattr(record, column)) is None else value for column in COLUMNS])
    return text.getvalue()


def write(path, records, roots):
    """Write manifest.csv, and beside it where its folders lie on this machine (`*.roots.json`).

    The two are apart so that the manifest, and so its hash, is the same on every machine.
    """
    write_text(path, to_csv(records))
    write_json(_roots_path(path), roots)


def read(path):
    """The records of a manifest.csv. Raises BadInput, with the row, for anything that breaks the schema."""
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                lacking = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
                beyond = sorted(set(reader.fieldnames or ()) - set(COLUMNS))
                raise BadInput(
                    f"The columns are not a manifest's: lacking {lacking}, unknown {beyond}.",
                    path,
                    "build it: python -m cxrkit manifest build",
                )
            return [_from_row(row, path, number) for number, row in enumerate(reader, start=2)]
    except FileNotFoundError:
        raise BadInput("There is no such manifest.", path, "build it: python -m cxrkit manifest build") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The manifest is no readable CSV: {error}.", path, "build it again") from error


def _from_row(row, path, number):
    if None in row or None in row.values():
        raise BadInput("The row has too many or too few cells.", f"{path}, row {number}", "build the manifest again")
    try:
        for column in NUMBERS:
            row[column] = int(row[column]) if row[column] else None
    except ValueError as error:
        raise BadInput(
            f"The row holds no whole number where one belongs: {error}.", f"{path}, row {number}", "build the manifest again"
        ) from error
    return Record(**row)


def read_roots(path):
    """{folder name: folder} as the manifest's sidecar says, or {} where there is none."""
    sidecar = _roots_path(path)
    return read_json(sidecar) if sidecar.exists() else {}


def _roots_path(path):
    return Path(path).with_suffix(".roots.json")


def problems(records, locate=None, hashes=False):
    """Everything wrong with the records, as sentences; an empty list when nothing is.

    locate: function from a record to its file; given, each used file must be there.
    hashes: whether the files' bytes are compared too.
    """
    found = [f"image_id {name} stands {count} times" for name, count in Counter(r.image_id for r in records).items() if count > 1]
    for record in records:
        for field, allowed in (("label", (*LABELS, "")), ("view", VIEWS), ("split", SPLITS)):
            if getattr(record, field) not in allowed:
                found.append(f"{record.image_id}: {field} {getattr(record, field)!r} is none of {allowed}")
        if not record.image_id.startswith(record.source + "/"):
            found.append(f"{record.image_id}: image_id does not start with its source {record.source!r}")
        if record.used and record.label not in LABELS:
            found.append(f"{record.image_id}: used, but without a label")
        if record.used and not record.split:
            found.append(f"{record.image_id}: used, but in no split")
        if record.used and locate:
            found += _file_problems(record, locate, hashes)
    return found + splits.missing_classes([record for record in records if record.used]) + splits.leaks(records)


def _file_problems(record, locate, hashes):
    try:
        path = locate(record)
    except BadInput as error:
        return [f"{record.image_id}: {error.what}"]
    if not path.is_file():
        return [f"{record.image_id}: no file {path}"]
    if hashes and sha256_of(path) != record.sha256:
        return [f"{record.image_id}: the file's SHA-256 is not the manifest's: {path}"]
    return []
