"""Report of a refresh: the contents of refresh.json, and the same as text for the terminal."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cxrkit.progress import table
from scrapers import store
from scrapers.intake import STATES, Outcome
from scrapers.store import Store

SHOWN = 10
"""How many of the cases that are left the text lists."""


@dataclass(frozen=True)
class Refusal:
    """Something that was not done. where: an address, a file or a site."""

    where: str
    why: str


@dataclass(frozen=True)
class Request:
    """A request. status: the server's, or "would request" in a dry run."""

    status: int | str
    url: str


@dataclass(frozen=True)
class SiteReport:
    """One site. cases, films, to_review: in the store now; new to gone, films_fetched: of this refresh.

    left: addresses of cases that were not reached. stopped, capped: why the work ended early, or empty.
    requests: how many; asked: which. bytes: received.
    """

    cases: int
    new: int
    unchanged: int
    changed: int
    gone: int
    films: int
    films_fetched: int
    to_review: int
    refused: tuple[Refusal, ...]
    left: tuple[str, ...]
    stopped: str
    capped: str
    requests: int
    bytes: int
    asked: tuple[Request, ...]


@dataclass(frozen=True)
class Report:
    """One refresh; as a dict it is what refresh.json holds. finished_at: UTC time. refused: what belongs to no case of a site."""

    finished_at: str
    dry_run: bool
    sites: dict[str, SiteReport]
    refused: tuple[Refusal, ...]

    @property
    def all_refused(self) -> list[tuple[str, Refusal]]:
        """[(site or empty, refusal)] of the sites, then of the rest."""
        return [(name, refusal) for name, site in self.sites.items() for refusal in site.refused] + [("", r) for r in self.refused]


def make(films: Store, outcomes: dict[str, Outcome], refused: Iterable[tuple[str, str]], now: float, dry_run: bool) -> Report:
    """The report of a refresh from its outcomes. films: the store. refused: [(where, why)]. now: seconds since 1970."""
    sites = {name: _site(films, outcome) for name, outcome in outcomes.items()}
    return Report(store.iso(now), dry_run, sites, _refusals(refused))


def _site(films: Store, outcome: Outcome) -> SiteReport:
    records = films.records(outcome.site)
    return SiteReport(
        cases=len(records),
        **{state: outcome.count(state) for state in STATES},
        films=sum(bool(film.file) for record in records for film in record.films),
        films_fetched=outcome.films,
        to_review=sum(len(record.questions) for record in records),
        refused=_refusals(outcome.refused),
        left=tuple(outcome.left),
        stopped=outcome.stopped,
        capped=outcome.capped,
        requests=len(outcome.requests),
        bytes=outcome.bytes,
        asked=tuple(Request(status, url) for status, url in outcome.requests),
    )


def _refusals(pairs: Iterable[tuple[str, str]]) -> tuple[Refusal, ...]:
    return tuple(Refusal(where, why) for where, why in pairs)


def text(report: Report) -> str:
    """The report as text: a row for each site, then what was refused and why, then what is left."""
    parts = [_table_of_sites(report)]
    if report.all_refused:
        parts.append(_table_of_refusals(report))
    for name, site in report.sites.items():
        parts += [f"{name}: {reason}" for reason in (site.stopped, site.capped) if reason]
        if site.left:
            parts.append(_left(name, site))
    if report.dry_run:
        requests = [f"  {name}: {request.status} {request.url}" for name, site in report.sites.items() for request in site.asked]
        head = (
            "Dry run: no request was made and nothing was written. These requests would come first; further ones would follow from "
            "the answers:"
        )
        parts.append("\n".join([head, *(requests or ["  none"])]))
    return "\n\n".join(parts)


def _table_of_sites(report: Report) -> str:
    header = ["site", "cases", *STATES, "films", "fetched", "to review", "refused", "requests", "MB"]
    rows = [
        [
            *(name, site.cases, site.new, site.unchanged, site.changed, site.gone),
            *(site.films, site.films_fetched, site.to_review, len(site.refused), site.requests, f"{site.bytes / 1e6:.1f}"),
        ]
        for name, site in report.sites.items()
    ]
    return _aligned(rows, header, header[1:])


def _table_of_refusals(report: Report) -> str:
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for name, refusal in report.all_refused:
        key = (name, _in_short(refusal.why))
        counts[key] += 1
        first.setdefault(key, _printable(refusal.where))
    rows = [[count, *key, first[key]] for key, count in counts.most_common()]
    return _aligned(rows, ["refused", "site", "why", "the first"], ["refused"])


def _left(name: str, site: SiteReport) -> str:
    hint = "to save yourself (then --saved DIR)" if site.stopped else "left for the next run"
    lines = [f"{name}: {len(site.left)} cases {hint}:", *(f"  {_printable(url)}" for url in site.left[:SHOWN])]
    if len(site.left) > SHOWN:
        lines.append(f"  ... and {len(site.left) - SHOWN} more, in refresh.json")
    return "\n".join(lines)


def _aligned(rows: list[list[Any]], header: list[str], right: list[str]) -> str:
    return table(rows, header, right=right)


def _in_short(reason: str) -> str:
    line = _printable(reason.splitlines()[0] if reason else "")
    return line if len(line) <= 110 else line[:107] + "..."


def _printable(text: str) -> str:
    """Text from web pages without what could control a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text)
