"""What a manifest holds, counted, as text: sources, reasons, splits, copies; and what changed between two."""

from collections import Counter

from cxrkit.data import licences, splits
from cxrkit.data.records import LABELS, SPLITS
from cxrkit.progress import table


def summary(records):
    """Text tables of a manifest's records: sources, reasons of exclusions, views and licences, splits, copies."""
    used = [record for record in records if record.used]
    rows = []
    for source in sorted({record.source for record in records}):
        mine = [record for record in records if record.source == source]
        kept = [record for record in mine if record.used]
        labels = [sum(record.label == label for record in kept) for label in LABELS]
        copies = sum(bool(record.duplicate_of) for record in mine)
        rows.append(
            [
                source,
                len(mine),
                len(kept),
                *labels,
                copies,
                len({r.patient for r in kept}),
                _counts(r.view for r in kept),
                _counts(r.licence for r in kept),
            ]
        )
    header = ["source", "read", "kept", *LABELS, "copies", "patients", "views", "licences"]
    parts = [table(rows, header, right=header[1:7])]
    reasons = Counter((record.source, short_reason(record)) for record in records if not record.used)
    if reasons:
        ordered = sorted(reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        parts.append(
            table([[count, source, reason] for (source, reason), count in ordered], ["left out", "source", "why"], right=["left out"])
        )
    counts = Counter((record.split, record.label) for record in used)
    present = [split for split in SPLITS if any(counts[split, label] for label in LABELS)]
    split_rows = [[split, *(counts[split, label] for label in LABELS), sum(counts[split, label] for label in LABELS)] for split in present]
    parts.append(table(split_rows, ["split", *LABELS, "images"], right=[*LABELS, "images"]))
    leaking = splits.leaks(records)
    parts.append(f"patients or pictures in two splits: {len(leaking)}")
    return "\n\n".join(parts)


def _counts(values):
    return ", ".join(f"{value or '?'} {count}" for value, count in Counter(values).most_common(5))


def short_reason(record):
    """The reason of an exclusion without the parts that name one file, so that reasons can be counted."""
    reason = record.excluded
    if reason.startswith("row "):
        reason = "a" + reason[reason.index(" of the metadata") :].replace(" of the metadata", " metadata row", 1)
    if reason.startswith("duplicate of "):
        reason = "duplicate of a film of " + reason.removeprefix("duplicate of ").split("/")[0]
    return reason


def as_merged(records, split, seed, exclude_views):
    """What the study's merging would have done with the same films, in one sentence.

    The copies that were removed are put back and split by patient key alone, as the study believed; then
    the validation COVID-19 films whose picture or patient is in training as well are counted.
    """
    merged = [
        r.but(excluded="") if r.duplicate_of and r.excluded.startswith("duplicate of") and r.view not in exclude_views else r
        for r in records
    ]
    merged = splits.assign(merged, split, seed, links=False)
    groups = splits.groups_of(merged)
    train = {groups[r.image_id] for r in merged if r.used and r.split == "train"}
    valid = [r for r in merged if r.used and r.split == "valid" and r.label == LABELS[0]]
    leaking = sum(groups[r.image_id] in train for r in valid)
    return f"Merged as the study did, {leaking} of {len(valid)} COVID-19 films in validation would have a copy or the same patient in training."


def difference(before, after):
    """The text of what changed from one manifest to another: added, removed, relabelled, moved, newly (un)used."""
    old, new = ({record.image_id: record for record in records} for records in (before, after))
    lines = [f"added    {name}" for name in sorted(new.keys() - old.keys())] + [
        f"removed  {name}" for name in sorted(old.keys() - new.keys())
    ]
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        lines += [f"relabelled  {name}: {a.label or 'none'} to {b.label or 'none'}"] * (a.label != b.label)
        lines += [f"moved    {name}: {a.split or 'unused'} to {b.split or 'unused'}"] * (a.split != b.split)
        lines += [f"reason   {name}: {a.excluded or 'used'} to {b.excluded or 'used'}"] * (a.excluded != b.excluded)
        lines += [f"content  {name}: another file"] * (bool(a.sha256) and bool(b.sha256) and a.sha256 != b.sha256)
    return "\n".join(lines)


def attribution(records):
    """ATTRIBUTION.md: the used images by licence, with their credit and source, and which may be passed on."""
    text = ["# Images, their licences and credits", ""]
    used = [record for record in records if record.used]
    for licence, count in sorted(Counter(record.licence or "unknown" for record in used).items()):
        mine = [record for record in used if (record.licence or "unknown") == licence]
        text += [f"## {licence}: {count} images", "", licences.terms(licence), ""]
        credits = Counter((" ".join(record.credit.split())[:300], record.case_url) for record in mine)
        text += [
            f"- {number} x {credit or 'no credit known'}{f' <{url}>' if url else ''}" for (credit, url), number in sorted(credits.items())
        ]
        text.append("")
    return "\n".join(text)
