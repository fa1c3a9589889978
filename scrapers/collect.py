"""Crawl of one site: from its listings or a list of cases to the case pages and their films, and into the store."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from cxrkit.data.readers.collected import CRAWL, EXACT, XRAY, Case
from cxrkit.errors import BadInput, WrongUse
from cxrkit.progress import track
from scrapers import pictures, store
from scrapers.intake import Intake, Outcome
from scrapers.review import Answer
from scrapers.settings import Site
from scrapers.sites import viewer
from scrapers.sites.cases import with_questions
from scrapers.sites.site import SITES
from scrapers.store import Store
from scrapers.web.cache import Response
from scrapers.web.door import MISSING, Door
from scrapers.web.refusals import CapReached, HostStopped, NoAnswer, NotAllowed, WouldRequest
from scrapers.web.walls import Suspicion

Read = TypeVar("Read")

MOST_LISTING_PAGES = 200
MOST_ADDRESSES = 3
"""How many addresses of one film are tried."""


def addresses_in(path: Path) -> list[str]:
    """The case addresses in a CSV with a column case_url, or in a text file with one a line. Raises WrongUse."""
    hint = "give a CSV with a column case_url, or one address a line"
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"The list of cases cannot be read: {error}", path, hint) from error
    if "case_url" in text.partition("\n")[0]:
        lines = [row.get("case_url") or "" for row in csv.DictReader(io.StringIO(text))]
    else:
        lines = text.splitlines()
    addresses = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not addresses:
        raise WrongUse("The list of cases is empty.", path, hint)
    return list(dict.fromkeys(addresses))


def by_site(addresses: Iterable[str], sites: dict[str, Site]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """Addresses of case pages by site, one for each case: ({site: [address]}, [(other address, reason)])."""
    cases: dict[str, dict[str, str]] = {name: {} for name in sites}
    others = []
    for address in addresses:
        found = [(name, plain) for name, site in sites.items() if (plain := SITES[name].case_address(address)) and site.has(plain)]
        if found:
            name, plain = found[0]
            cases[name].setdefault(SITES[name].case_name(plain), plain)
        else:
            others.append((address, "not the address of a case of any site"))
    return {name: list(urls.values()) for name, urls in cases.items()}, others


@dataclass(frozen=True)
class Visit:
    """One crawl of one site. answers: of the review. clock: seconds since 1970. outcome: what is done is counted in it."""

    site: Site
    door: Door
    store: Store
    answers: Sequence[Answer]
    clock: Callable[[], float]
    outcome: Outcome

    @cached_property
    def suspicion(self) -> Suspicion:
        return Suspicion(self.door)

    def collect(self, addresses: Iterable[str] = (), crawl: bool = False) -> None:
        """Refresh the cases at these addresses, and with `crawl` those of the listings and all that were crawled before.

        Every case is written as soon as it is whole. When the host refuses or a cap is reached, the work ends, and
        the outcome lists what is left.
        """
        todo = list(addresses)
        try:
            if crawl:
                todo += self.listed()
                todo += [record.url for record in self.store.records(self.site.name) if record.how == CRAWL]
            todo = self._cases(todo)
            begun = 0
            for number, url in enumerate(track(todo, self.site.name)):
                if begun >= self.site.max_cases:
                    raise CapReached(
                        f"The cap of {self.site.max_cases} cases a run is reached.", None, "run the same command again to go on"
                    )
                before = len(self.door.requests)
                try:
                    self._collect_case(url)
                except (BadInput, NotAllowed, NoAnswer) as error:
                    self.outcome.refused.append((url, error.what))
                begun += len(self.door.requests) > before
                todo[number] = ""
        except HostStopped as error:
            self.outcome.stopped = error.what
        except CapReached as error:
            self.outcome.capped = error.what
        self.outcome.left = [url for url in todo if url] if self.outcome.stopped or self.outcome.capped else []
        self.outcome.requests, self.outcome.bytes = self.door.requests, self.door.bytes

    def listed(self) -> list[str]:
        """The addresses of all cases in the site's listings, one for each case."""
        addresses = []
        for url in self.site.listings:
            for _ in range(MOST_LISTING_PAGES):
                try:
                    response = self.door.page(url)
                    if response.status in MISSING:
                        raise NoAnswer(f"The listing is not there: {response.status}.", url)
                    page = self._read(lambda content, where: SITES[self.site.name].listing(content, where), response, url, url)
                except WouldRequest:
                    break
                except (BadInput, NotAllowed, NoAnswer) as error:
                    self.outcome.refused.append((url, error.what))
                    break
                addresses += page.cases
                url = page.next
                if not url:
                    break
        return self._cases(addresses)

    def _cases(self, addresses: Iterable[str]) -> list[str]:
        return by_site(addresses, {self.site.name: self.site})[0][self.site.name]

    def _collect_case(self, url: str) -> None:
        """Request one case's page, its viewer's data and its films."""
        try:
            response = self.door.page(url)
            if response.status in MISSING:
                self._mark_gone(url)
                return
            case = self._with_viewer_data(self._read(SITES[self.site.name].case_page, response, url, response.url))
        except WouldRequest:
            return
        permission = str(self.site.permission or "")
        intake = Intake(self.store, self.answers, self.clock, self.outcome, CRAWL, permission, self.site.max_age_days, self.door.dry_run)
        intake.take(with_questions(case), self._fetch)

    def _read(self, parse: Callable[[bytes, str], Read], response: Response, asked: str, url: str) -> Read:
        """What a parser makes of a page, noting whether the page was what was asked for. Raises BadInput, HostStopped."""
        try:
            found = parse(response.body, url)
        except BadInput:
            self.suspicion.bad(response, asked)
            raise
        self.suspicion.good(response, found.key if isinstance(found, Case) else asked)
        return found

    def _mark_gone(self, url: str) -> None:
        if self.door.dry_run:
            return
        for record in self.store.records(self.site.name):
            if self._cases([record.url]) == [url]:
                self.store.write(store.gone(record, self.clock()))
                self.outcome.cases[record.key] = "gone"
                return
        self.outcome.refused.append((url, "the site has no such page"))

    def _with_viewer_data(self, case: Case) -> Case:
        """The case with the viewer's data on each study that may consist of X-rays, where the page has none."""
        for study in case.studies:
            known = any(film.study == study.key and film.confidence == EXACT for film in case.films)
            if known or study.modality not in (XRAY, ""):
                continue
            for address in viewer.urls(study, case.key):
                try:
                    response = self.door.page(address)
                    if response.status in MISSING:
                        continue
                    viewed = self._read(lambda content, _, key=study.key: viewer.read(content, key), response, address, address)
                    case = viewer.joined(case, viewed)
                    break
                except WouldRequest:
                    break
                except (BadInput, NotAllowed, NoAnswer) as error:
                    self.outcome.refused.append((address, error.what))
            else:
                self.outcome.refused.append((f"{case.url}, study {study.key}", "no form of its viewer data can be read"))
        return case

    def _fetch(self, film_urls: tuple[str, ...]) -> tuple[bytes, str, str]:
        """A film's bytes, address and content type, from the first of its addresses that has it. Raises BadInput for none."""
        missing = []
        for address in film_urls[:MOST_ADDRESSES]:
            response = self.door.picture(address)
            if response.status not in MISSING:
                if pictures.is_page(response.body):
                    self.suspicion.bad(response, address)
                return response.body, address, response.content_type
            missing.append(f"{response.status} at {address}")
        raise BadInput("; ".join(missing) or "the page names no address for it")
