"""The gallery: which films the report shows, once for all its forms, and small pictures of those that may be passed on.

The audit's choice, with attention maps, where there is one: errors, hits with the largest loss, and some ordinary hits.
Else the films with the largest loss of each network.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrkit.config import short_name
from cxrkit.data.images import open_grey
from cxrkit.data.licences import credit_of_record, licence_of, may_redistribute
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput
from cxrkit.files import replacing
from cxrkit.progress import counted
from cxrkit.results import Results
from cxrkit.schema import GalleryEntry
from cxrkit.tables import Cell, Column, Table

LARGEST_LOSSES = 6
"""Films a network where no audit chose them."""
FOLDER = "figures/films"
SIDE = 200
"""Pixels; the longer side of a thumbnail."""


@dataclass(frozen=True)
class Film:
    """A film of the gallery. run: which trainings of the network p_covid is of; label, called: what it is, and what the network takes it for at the run's threshold; kind: error, top loss or hit; picture: path below the results, empty where there is none; why: then the reason.

    pair: whether the picture shows the attention map beside the film.
    """

    image_id: str
    network: str
    run: str
    kind: str
    label: str
    called: str
    p_covid: float
    loss: float
    picture: str
    why: str
    licence: str
    licence_url: str
    credit: str
    case_url: str
    pair: bool


def films(results: Results) -> list[Film]:
    """The films worth a look, network by network."""
    if chosen := audited(results):
        return [
            _film(results, row.image_id, row.architecture, f"seed {row.seed}", row.kind, row.p_covid, row.file, row.why_no_picture, True)
            for row in chosen
        ]
    return [
        _film(results, image_id, architecture, run, kind, p_covid, *_thumbnail(results, image_id), False)
        for architecture, run, image_id, kind, p_covid in _largest_losses(results)
    ]


def audited(results: Results) -> list[GalleryEntry]:
    """The audit's GalleryEntries; empty where it made none."""
    return results.audits.attention.gallery if results.audits and results.audits.attention else []


def _largest_losses(results: Results) -> Iterable[tuple[str, str, str, str, float]]:
    """(architecture, run, image_id, kind, mean probability over seeds) of each network's films with the largest loss."""
    for architecture in results.architectures:
        held = results.predictions(architecture)
        if held is None:
            continue
        p_covid = held.p_covid.mean(0)
        run = f"mean of {len(held.seeds)} seeds" if len(held.seeds) > 1 else f"seed {held.seeds[0]}"
        loss = -np.log(np.clip(np.where(held.is_covid, p_covid, 1 - p_covid), 1e-12, 1))
        for index in np.argsort(-loss, kind="stable")[:LARGEST_LOSSES]:
            wrong = (p_covid[index] >= results.metrics.threshold) != held.is_covid[index]
            yield architecture, run, held.image_ids[index], "error" if wrong else "top loss", float(p_covid[index])


def place(image_id: str) -> str:
    """Path of a film's thumbnail below the results: named by a hash, for image ids are other people's text."""
    return f"{FOLDER}/{hashlib.sha256(image_id.encode()).hexdigest()[:16]}.jpg"


def write_thumbnails(results: Results, locate: Callable[[Record], Path]) -> None:
    """Write small pictures of the films that the gallery will show, where the audit made none; skip what may not be passed on or read.

    locate: function from a Record to its file.
    """
    if audited(results):
        return
    for image_id in sorted({image_id for _, _, image_id, _, _ in _largest_losses(results)}):
        record = results.manifest.by_id[image_id]
        if not may_redistribute(record.licence):
            continue
        try:
            film = open_grey(locate(record))
        except BadInput:
            continue
        film.thumbnail((SIDE, SIDE))
        with replacing(results.folder / place(image_id)) as temporary:
            film.save(temporary, format="JPEG", quality=80)


def _thumbnail(results: Results, image_id: str) -> tuple[str, str]:
    """(path, "") of a film's thumbnail, or ("", why there is none)."""
    licence = results.manifest.by_id[image_id].licence
    if not may_redistribute(licence):
        return "", f"its licence, {licence}, does not let it be shown" if licence else "it comes without a licence"
    path = place(image_id)
    return (path, "") if (results.folder / path).is_file() else ("", "the results hold no picture of it")


def _film(
    results: Results, image_id: str, architecture: str, run: str, kind: str, p_covid: float, picture: str, why: str, pair: bool
) -> Film:
    record = results.manifest.by_id[image_id]
    right = p_covid if record.label == POSITIVE else 1 - p_covid
    return Film(
        image_id=image_id,
        network=short_name(architecture),
        run=run,
        kind=kind,
        label=LABEL_WORDS[record.label],
        called=LABEL_WORDS[POSITIVE if p_covid >= results.metrics.threshold else NEGATIVE],
        p_covid=p_covid,
        loss=abs(float(np.log(max(right, 1e-12)))),  # of 1 it is 0, and not -0
        picture=picture,
        why=why,
        licence=record.licence or "unknown",
        licence_url=licence_of(record.licence).url,
        credit=credit_of_record(record),
        case_url=record.case_url,
        pair=pair,
    )


def table(shown: list[Film]) -> Table:
    """The gallery as a table."""
    rows = [
        [
            Cell(film.image_id, url=film.case_url),
            Cell(f"{film.network}, {film.run}"),
            Cell(film.kind),
            Cell(film.label),
            Cell(film.called),
            Cell(f"{film.p_covid:.3f}", film.p_covid),
            Cell(f"{film.loss:.2f}", film.loss),
            Cell(film.licence, url=film.licence_url),
            Cell(film.credit),
        ]
        for film in shown
    ]
    titles = (
        ("image", 0),
        ("network", 0),
        ("why here", 0),
        ("is", 0),
        ("called", 0),
        ("p(COVID-19)", 1),
        ("loss", 1),
        ("licence", 0),
        ("credit", 0),
    )
    columns = tuple(Column(title, bool(number)) for title, number in titles)
    return Table("films", f"{counted(len(rows), 'film')}: misclassified, or near misses.", columns, rows, open=False)
