"""manifest.csv: every image that any source named, used or not, one row each."""

import csv
import io
from collections import Counter
from pathlib import Path

from cxrkit.data import images, splits
from cxrkit.data.records import COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude
from cxrkit.data.sources import locator
from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of, write_json, write_text
from cxrkit.progress import table


def build(sources, split="paper", exclude_views=("lateral",), split_seed=0, fractions=splits.FRACTIONS):
    """All records of the sources, with file facts, exclusions and splits, sorted by image_id.

    Raises BadInput: a source that cannot be read, an image_id that two sources share, no readable image,
    or a class without images in a split.
    """
    records = [record for source in sources for record in source.read()]
    records.sort(key=lambda record: record.image_id)
    for first, second in zip(records, records[1:]):
        if first.image_id == second.image_id:
            raise BadInput(f"Two images are named {first.image_id}.", f"{first.path} and {second.path}", "name the sources apart: KIND:NAME=DIR")
    records = exclude(records, lambda r: f"view {r.view}: left out by the experiment" if r.view in exclude_views else "")
    records = images.add_facts(records, locator(roots_of(sources)))
    return splits.assign(records, split, split_seed, fractions)


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
                raise BadInput(f"The columns are not a manifest's: lacking {lacking}, unknown {beyond}.", path, "build it: python -m cxrkit manifest build")
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
        raise BadInput(f"The row holds no whole number where one belongs: {error}.", f"{path}, row {number}", "build the manifest again") from error
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
    used = [record for record in records if record.used]
    return found + splits.missing_classes(used) + [f"{leak}" for leak in splits.leaks(used)]


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


def summary(records):
    """Two text tables: a row a source with what was read, kept and left out and why; a row a split."""
    rows = []
    for source in sorted({record.source for record in records}):
        mine = [record for record in records if record.source == source]
        used = [record for record in mine if record.used]
        rows.append([source, len(mine), len(used), *(sum(r.label == label for r in used) for label in LABELS), len({r.patient for r in used}), len(mine) - len(used)])
    header = ["source", "read", "kept", *LABELS, "patients", "left out"]
    reasons = Counter((record.source, short_reason(record)) for record in records if not record.used)
    reason_rows = [[count, source, reason] for (source, reason), count in sorted(reasons.items(), key=lambda item: (item[0][0], -item[1]))]
    counts = Counter((record.split, record.label) for record in records if record.used)
    split_rows = [[split, *(counts[split, label] for label in LABELS), sum(counts[split, label] for label in LABELS)] for split in SPLITS if any(counts[split, label] for label in LABELS)]
    parts = [table(rows, header, right=header[1:])]
    if reason_rows:
        parts.append(table(reason_rows, ["left out", "source", "why"], right=["left out"]))
    parts.append(table(split_rows, ["split", *LABELS, "images"], right=[*LABELS, "images"]))
    return "\n\n".join(parts)


def short_reason(record):
    """The reason of an exclusion without the parts that name one file, so that reasons can be counted."""
    reason = record.excluded
    if reason.startswith("row "):
        reason = "a" + reason[reason.index(" of the metadata"):].replace(" of the metadata", " metadata row", 1)
    return reason
