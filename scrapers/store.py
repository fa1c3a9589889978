"""Local store of the collected cases: one folder a case, with record.json and its pictures. Nothing in it is ever deleted.

STORE/radiopaedia/75037/record.json        what is known of the case, each fact with its evidence: a collected.CaseRecord
STORE/radiopaedia/75037/75037-123.jpeg     a film
STORE/radiopaedia/75037/history/*.json     the record as it was before the site changed the case
STORE/review.csv, STORE/refresh.json       questions for a person; the report of the last refresh
"""

import datetime
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

from cxrkit.data.readers.collected import (
    CRAWL,
    GONE,
    NOT_KNOWN,
    PRESENT,
    SAVED,
    Case,
    CaseRecord,
    Film,
    StoredFilm,
    as_json,
    read_case,
)
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import locked, read_json, replacing, sha256_of_json, write_json
from scrapers import PARSER_VERSION
from scrapers.pictures import Picture
from scrapers.sites.cases import safe_name

RECORD = "record.json"
LONGEST_RUN = 30 * 86400.0
"""Seconds. The pages that a killed run fetched count as fresh for the next one, but no longer than this."""


class Store:
    """Records and pictures below one folder."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    @property
    def writable(self) -> bool:
        """Whether the store can be written, or made where it is not there yet."""
        return not self.folder.exists() or os.access(self.folder, os.W_OK)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store for one refresh. Raises WrongUse while another process holds it."""
        with locked(self.folder / ".lock", wait=False) as held:
            if not held:
                raise WrongUse("Another refresh is working on this store.", self.folder, "wait until it ends")
            yield

    def folder_of(self, site: str, key: str) -> Path:
        return self.folder / site / safe_name(key)

    def record(self, site: str, key: str) -> CaseRecord | None:
        """The record of a case, or None. Raises BadInput for one that cannot be read."""
        path = self.folder_of(site, key) / RECORD
        return read_case(path) if path.exists() else None

    def records(self, site: str) -> list[CaseRecord]:
        """All records of a site, sorted by key. Raises BadInput for one that cannot be read."""
        return [read_case(path) for path in sorted((self.folder / site).glob(f"*/{RECORD}"), key=lambda path: path.parent.name)]

    def write(self, record: CaseRecord) -> None:
        write_json(self.folder_of(record.site, record.key) / RECORD, as_json(record))

    def archive(self, record: CaseRecord) -> None:
        """Put a record into the case's history before another takes its place."""
        value = as_json(record)
        name = re.sub(r"[^0-9TZ]", "", record.retrieved_at) + "-" + sha256_of_json(value)[:8]
        write_json(self.folder_of(record.site, record.key) / "history" / f"{name}.json", value)

    def add_picture(self, record: CaseRecord, film: Film, picture: Picture) -> str:
        """Write a film's picture into its case's folder, under a name made of case and film; return the name."""
        name = f"{safe_name(record.key)}-{safe_name(film.key)}{picture.suffix}"
        with replacing(self.folder_of(record.site, record.key) / name) as temporary:
            temporary.write_bytes(picture.content)
        return name

    def has_picture(self, record: CaseRecord, film: StoredFilm) -> bool:
        if not film.file:
            return False
        path = self.folder_of(record.site, record.key) / film.file
        return path.is_file() and path.stat().st_size == film.bytes

    def start_run(self, now: float) -> float:
        """Note that a run begins; return since when pages count as fetched by it, in seconds since 1970.

        A run that was killed left its note, so the next one goes on with the pages that it had fetched, unless
        that was more than LONGEST_RUN ago.
        """
        path = self.folder / ".run.json"
        try:
            started = float(read_json(path, keys=("started",))["started"])
        except (BadInput, ValueError, TypeError):
            started = 0.0
        if now - started > LONGEST_RUN:
            started = now
            write_json(path, {"started": now})
        return started

    def end_run(self) -> None:
        (self.folder / ".run.json").unlink(missing_ok=True)


def updated(old: CaseRecord | None, case: Case, how: str, permission: str, now: float) -> tuple[CaseRecord, str]:
    """A case's record after one more reading of its pages, and what that means: (record, status).

    how: CRAWL or SAVED. now: seconds since 1970. status: "new", "unchanged" or "changed".
    A film that the pages no longer show stays and is marked as gone, unless the pages were saved by hand: those
    may be some of the pages only, so what they leave empty stays as it was, too.
    """
    fingerprint = sha256_of_json(asdict(case))
    if old and old.fingerprints.get(how) == fingerprint and old.parser == PARSER_VERSION and old.state == PRESENT:
        return old, "unchanged"
    values = {**vars(case), "films": _updated_films(old.films if old else (), case.films, how, iso(now))}
    if old and how == SAVED:
        kept = [name for name, value in vars(case).items() if name not in ("films", "questions") and value in ("", (), NOT_KNOWN)]
        kept += ["credit"] if old.author and not case.author else []
        kept += ["url"] if old.url and "?" in case.url else []  # the address of a list is no case's own
        values |= {name: getattr(old, name) for name in kept}
    record = CaseRecord(
        **values,
        state=PRESENT,
        state_since=iso(now),
        complete=False,
        fingerprints=(old.fingerprints if old else {}) | {how: fingerprint},
        how=how,
        permission=permission,
        retrieved_at=iso(now),
        parser=PARSER_VERSION,
        rid=old.rid if old else "",
        reviewed_by="",
    )
    return record, "changed" if old else "new"


def loses(old: CaseRecord, case: Case) -> bool:
    """Whether a reading of a case's page has neither the title nor the author nor a film of what is known of the case."""
    known = {film.key for film in old.films}
    author_lost = bool(old.author) and case.author != old.author
    return (
        bool(old.films or old.author)
        and case.title != old.title
        and (author_lost or not old.author)
        and not known & {f.key for f in case.films}
    )


def _updated_films(before: tuple[StoredFilm, ...], films: tuple[Film, ...], how: str, now: str) -> tuple[StoredFilm, ...]:
    """The films as the pages now describe them, with what became of their pictures; then those that are no longer there."""
    known = {film.key: film for film in before}
    present = [replace(known[film.key], **vars(film), gone="") if film.key in known else StoredFilm(**vars(film)) for film in films]
    absent = [film for key, film in known.items() if key not in {film.key for film in films}]
    if how == CRAWL:
        absent = [film if film.gone else replace(film, gone=now) for film in absent]
    return (*present, *absent)


def gone(record: CaseRecord, now: float) -> CaseRecord:
    """The record marked as gone from its site; its films stay."""
    return record if record.state == GONE else replace(record, state=GONE, state_since=iso(now))


def iso(seconds: float) -> str:
    """Seconds since 1970 as UTC text."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
