"""The data as tables: what came in, what was left out and why, copies, splits, patients; and the films worth a look."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cxrkit.data import licences, summary
from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS, POSITIVE, SPLITS
from cxrkit.report.facts import SPLIT_WORDS, short
from cxrkit.report.tables.networks import Cell, Column, Table, number

WORDS = {"covid": "COVID-19", "normal": "normal", "": "no label"}
WORST = 6
"""Films a network in the gallery."""


@dataclass(frozen=True)
class Step:
    """A step of the data's way. title; count: images; parts: [(words, count)], commonest first; kind: kept, out or split."""

    title: str
    count: int
    parts: list
    kind: str


def flow(facts):
    """The way of the data, from what the sources hold to the splits: Steps."""
    everything, used = facts.everything, [record for record in facts.everything if record.used]
    out = Counter(summary.short_reason(record) for record in everything if not record.used)
    copies = sum(count for reason, count in out.items() if reason.startswith("duplicate of"))
    steps = [Step("read from the sources", len(everything), Counter(record.source for record in everything).most_common(), "kept")]
    if copies:
        parts = [(reason, count) for reason, count in out.most_common() if reason.startswith("duplicate of")]
        steps += [Step("copies removed", copies, parts, "out"), Step("different pictures", len(everything) - copies, [], "kept")]
    others = [(reason, count) for reason, count in out.most_common() if not reason.startswith("duplicate of")]
    if others:
        steps.append(Step("left out", sum(count for _, count in others), others, "out"))
    steps.append(Step("used", len(used), [(WORDS[label], sum(r.label == label for r in used)) for label in LABELS], "kept"))
    groups = groups_of(everything)
    for split in SPLITS:
        mine = [record for record in used if record.split == split]
        if mine and split:
            parts = [(WORDS[label], sum(r.label == label for r in mine)) for label in LABELS]
            steps.append(Step(SPLIT_WORDS[split], len(mine), [*parts, ("patients", len({groups[r.image_id] for r in mine}))], "split"))
    return steps


def sources(facts):
    rows = []
    for source in sorted({record.source for record in facts.everything}):
        mine = [record for record in facts.everything if record.source == source]
        kept = [record for record in mine if record.used]
        counts = [sum(record.label == label for record in kept) for label in LABELS]
        copies = sum(bool(record.duplicate_of) for record in mine)
        listed = [_commonest(record.view or "not known" for record in kept), _commonest(record.licence or "unknown" for record in kept)]
        rows.append(
            [
                Cell(source),
                *[number(value) for value in (len(mine), len(kept), *counts, copies, len({r.patient for r in kept}))],
                *[Cell(text) for text in listed],
            ]
        )
    columns = (
        Column("source"),
        *[Column(title, True) for title in ("read", "used", "COVID-19", "normal", "copies", "patients")],
        Column("views"),
        Column("licences"),
    )
    return Table("sources-of-films", "Images of each source.", columns, rows)


def left_out(facts):
    reasons = Counter((record.source, summary.short_reason(record)) for record in facts.everything if not record.used)
    rows = [[Cell(reason), Cell(source), number(count)] for (source, reason), count in reasons.most_common()]
    return (
        Table(
            "left-out",
            f"{sum(reasons.values()):,} images left out, and why.",
            (Column("reason"), Column("source"), Column("images", True)),
            rows,
        )
        if rows
        else None
    )


def splits(facts):
    used, groups = list(facts.run.records.values()), groups_of(facts.everything)
    rows = []
    for split in SPLITS:
        mine = [record for record in used if record.split == split]
        if mine and split:
            counts = [sum(record.label == label for record in mine) for label in LABELS]
            ages = [float(record.age) for record in mine if _is_number(record.age)]
            age = f"{np.median(ages):g} years ({len(ages)} known)" if ages else "not known"
            women = Counter(record.sex for record in mine)
            sex = ", ".join(f"{value or 'not known'} {count}" for value, count in women.most_common(4))
            rows.append(
                [
                    Cell(SPLIT_WORDS[split]),
                    *[number(value) for value in (len(mine), *counts, len({groups[r.image_id] for r in mine}))],
                    Cell(age),
                    Cell(sex),
                    Cell(_commonest(r.source for r in mine)),
                ]
            )
    columns = (
        Column("split"),
        *[Column(title, True) for title in ("images", "COVID-19", "normal", "patients")],
        Column("median age"),
        Column("sex"),
        Column("sources"),
    )
    leaks = facts.about.get("leaks")
    note = "Patients: films that share a patient or a picture count as one. " + (
        f"{leaks} patients or pictures stand in two splits."
        if leaks
        else "No patient or picture stands in two splits."
        if leaks == 0
        else ""
    )
    return Table("splits", "The splits.", columns, rows, note)


def _commonest(values):
    return ", ".join(f"{value} {count}" for value, count in Counter(values).most_common(5))


def _is_number(text):
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class Film:
    """A film of the gallery. kind: error, top loss or hit; picture: path below the results, empty where there is none; why: then the reason."""

    image_id: str
    network: str
    kind: str
    label: str
    p_covid: float
    loss: float
    picture: str
    why: str
    licence: str
    credit: str
    case_url: str


def gallery(facts):
    """The films worth a look: the audit's, with attention maps, where it has any, else the dearest of each network."""
    entries = ((facts.audits or {}).get("attention") or {}).get("gallery")
    if entries:
        return [_film(facts, row, row.get("file") or "", row.get("why_no_picture") or "") for row in entries]
    return [
        _film(facts, row, *_thumbnail(facts, row["image_id"]))
        for architecture in facts.architectures
        for row in _dearest(facts, architecture)
    ]


def _dearest(facts, architecture):
    mine = facts.scores(architecture)
    if mine is None:
        return
    p_covid = mine.p_covid.mean(0)
    loss = -np.log(np.clip(np.where(mine.is_covid, p_covid, 1 - p_covid), 1e-12, 1))
    for index in np.argsort(-loss, kind="stable")[:WORST]:
        wrong = (p_covid[index] >= facts.metrics["threshold"]) != mine.is_covid[index]
        yield {
            "image_id": mine.image_ids[index],
            "architecture": architecture,
            "kind": "error" if wrong else "top loss",
            "p_covid": float(p_covid[index]),
        }


def _thumbnail(facts, image_id):
    from cxrkit.report.gallery import place

    record = facts.run.records[image_id]
    if not licences.may_redistribute(record.licence):
        return "", f"its licence, {record.licence}, does not let it be shown" if record.licence else "it comes without a licence"
    path = place(image_id)
    return (path, "") if (facts.folder / path).is_file() else ("", "the results hold no picture of it")


def _film(facts, row, picture, why):
    record = facts.run.records.get(row["image_id"])
    p_covid = float(row["p_covid"])
    label = record.label if record else row.get("label") or ""
    right = p_covid if label == POSITIVE else 1 - p_covid
    return Film(
        image_id=row["image_id"],
        network=short(row["architecture"]),
        kind=row["kind"],
        label=WORDS.get(label, label),
        p_covid=p_covid,
        loss=float(-np.log(max(right, 1e-12))),
        picture=picture,
        why=why,
        licence=record.licence if record else "",
        credit=record.credit if record else row.get("credit") or "",
        case_url=record.case_url if record else row.get("case_url") or "",
    )


def films(facts, shown):
    """The gallery as a table."""
    rows = []
    for film in shown:
        cells = [
            Cell(film.network),
            Cell(film.kind),
            Cell(film.label),
            Cell(f"{film.p_covid:.3f}", film.p_covid),
            Cell(f"{film.loss:.2f}", film.loss),
        ]
        rows.append([Cell(film.image_id, url=film.case_url), *cells, Cell(film.licence or "unknown"), Cell(film.credit)])
    columns = (
        Column("image"),
        Column("network"),
        Column("why here"),
        Column("is"),
        Column("p(COVID-19)", True),
        Column("loss", True),
        Column("licence"),
        Column("credit"),
    )
    return Table("films", f"{len(rows)} films that went wrong, or nearly.", columns, rows, open=False)
