"""Refresh of the store from saved pages and from the sites, then of the review, and of a manifest with it."""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxrkit import config
from cxrkit.data import manifest, summary
from cxrkit.data import sources as data_sources
from cxrkit.data.readers.collected import SAVED
from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.files import write_json
from cxrkit.progress import answer, complain, track
from scrapers import report, review, saved
from scrapers.collect import Visit, addresses_in, by_site
from scrapers.intake import Intake, Outcome
from scrapers.report import Report
from scrapers.settings import Site
from scrapers.store import Store
from scrapers.web.cache import Cache
from scrapers.web.door import Door


def refresh(
    folder: Path | str,
    sites: dict[str, Site],
    saved_folders: Iterable[Path] = (),
    cases: Path | None = None,
    crawl: Sequence[str] = (),
    dry_run: bool = False,
    clock: Callable[[], float] = time.time,
    door_options: dict[str, Any] | None = None,
) -> tuple[Report, int]:
    """Refresh a store by every way that is given; print the report and return it with the exit code.

    folder: the store. cases: a file with addresses of cases. crawl: names of sites whose listings to follow.
    door_options: clock, sleep, random and lookup of the door, for tests.
    A store that cannot be written is only reported on, as a dataset on Kaggle is; raises WrongUse where it should be written.
    A site without a permission gets no request and is listed as refused; everything else is done all the same.
    """
    store = Store(folder)
    now = clock()
    folders = list(saved_folders)
    if not store.writable and not dry_run and (folders or cases or crawl):
        raise WrongUse(
            "The store cannot be written.", store.folder, "copy it to a disk that can be written, and name the copy: --store DIR"
        )
    look_only = dry_run or not store.writable
    with nullcontext() if look_only else store.locked():
        since = now if look_only else store.start_run(now)
        answers = review.read(store.folder / "review.csv")
        refused = [(f"review.csv: {a.site} {a.case}", a.problem) for a in answers if a.problem]
        outcomes = {name: Outcome(name) for name in sites}
        for saved_folder in folders:
            refused += _take_saved(store, saved_folder, answers, clock, outcomes, dry_run)
        addresses, others = by_site(addresses_in(Path(cases)), sites) if cases else ({}, [])
        refused += others
        wanted = [site for name, site in sites.items() if addresses.get(name) or name in crawl]
        lacking = {} if dry_run else _without_permission(wanted)
        refused += [(name, error.what) for name, error in lacking.items()]
        for site in wanted:
            if site.name not in lacking:
                cache = Cache(store.folder / ".cache" / site.name)
                door = Door(site, cache, since=since, dry_run=dry_run, **(door_options or {}))
                visit = Visit(site, door, store, answers, clock, outcomes[site.name])
                visit.collect(addresses.get(site.name, ()), site.name in crawl)
        if not look_only:
            refused += _write_review(store, answers, sites)
        refresh_report = report.make(store, outcomes, refused, now, dry_run)
        if not look_only:
            write_json(store.folder / "refresh.json", asdict(refresh_report))
            if not any(outcome.stopped or outcome.capped for outcome in outcomes.values()):
                store.end_run()
    answer(report.text(refresh_report))
    asked_for = bool(folders or wanted or cases) and not (dry_run and wanted)
    read_any = any(outcome.cases for outcome in outcomes.values())
    return refresh_report, _exit_code(refresh_report, lacking, asked_for and not read_any)


def _without_permission(sites: Iterable[Site]) -> dict[str, WrongUse]:
    """{name: error} of the sites that may get no request; prints the errors."""
    lacking = {}
    for site in sites:
        try:
            site.require_permission()
        except WrongUse as error:
            lacking[site.name] = error
            complain(error)
    return lacking


def _exit_code(refresh_report: Report, lacking: dict[str, WrongUse], nothing_read: bool) -> int:
    """0 when what was asked for was read; BadInput's when nothing was, or nothing is there and something was refused."""
    if lacking:
        return WrongUse.exit_code
    if any(site.stopped for site in refresh_report.sites.values()):
        return RemoteRefusal.exit_code
    if any(site.capped for site in refresh_report.sites.values()):
        return Interrupted.exit_code
    empty = not any(site.cases for site in refresh_report.sites.values())
    return BadInput.exit_code if nothing_read or (empty and refresh_report.all_refused) else 0


def _take_saved(
    store: Store,
    folder: Path,
    answers: Sequence[review.Answer],
    clock: Callable[[], float],
    outcomes: dict[str, Outcome],
    dry_run: bool,
) -> list[tuple[str, str]]:
    """Take the cases in a folder of saved pages; return [(file, reason)] for what could not be used."""
    cases, unused = saved.read(folder, answers)
    for one in track(cases, f"saved pages in {folder}"):
        outcome = outcomes[one.case.site]

        def fetch(film_urls, one=one):
            return *one.picture(film_urls), ""

        try:
            Intake(store, answers, clock, outcome, SAVED, max_age_days=0, dry_run=dry_run).take(one.case, fetch)
        except BadInput as error:
            outcome.refused.append((one.case.url, error.what))
    return [(str(path), reason) for path, reason in unused]


def _write_review(store: Store, answers: Sequence[review.Answer], sites: Iterable[str]) -> list[tuple[str, str]]:
    """Apply the answers to all records, and write the questions that are left; return [(line, reason)] of answers on nothing."""
    records = []
    for name in sites:
        for record in store.records(name):
            answered = review.apply(record, answers)
            if answered != record:
                store.write(answered)
            records.append(answered)
    review.write(store.folder / "review.csv", records, answers)
    return review.unmatched(records, answers)


def merge(folder: Path | str, sources: Iterable[str], out: Path | str, split: str = "paper") -> str:
    """Write the manifest of the store and other sources ("KIND[:NAME]=DIR" texts); return its summary.

    It is the manifest of a run of the study's own experiment on these sources, with this split. Raises CxrkitError.
    """
    experiment = config.load("paper", {"split": split})
    parsed = data_sources.parse_all([f"collected={folder}", *sources], drawn_at=Path(out).parent / "phantoms")
    built = manifest.build(parsed, experiment)
    manifest.write(out, built, manifest.roots_of(parsed))
    return summary.text(built)
