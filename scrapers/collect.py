"""One site through the door: listings or a list of cases, then pages, then films, into the store."""

import csv
import io
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cxrkit.errors import BadInput, Interrupted, WrongUse
from cxrkit.progress import track
from scrapers import pictures, review, store
from scrapers.sites import radiopaedia, sirm, viewer
from scrapers.sites.cases import XRAY, ask
from scrapers.web.door import GONE, CapReached, HostStopped, NoAnswer, NotAsked, WouldAsk

STATES = ("new", "unchanged", "changed", "gone")
MOST_LISTING_PAGES = 200


@dataclass
class Outcome:
    """What one refresh did at one site. refused: [(address, reason)]; left: cases to bring by hand or later."""

    site: str
    cases: dict = field(default_factory=dict)
    films: int = 0
    refused: list = field(default_factory=list)
    left: list = field(default_factory=list)
    stopped: str = ""
    capped: str = ""
    requests: list = field(default_factory=list)
    bytes: int = 0

    def count(self, state):
        return sum(value == state for value in self.cases.values())


def addresses_in(path):
    """The case addresses in a CSV with a column case_url, or in a text file with one a line. Raises WrongUse."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(
            f"The list of cases cannot be read: {error}", path, "give a CSV with a column case_url, or one address a line"
        ) from error
    if "case_url" in text.partition("\n")[0]:
        found = [row.get("case_url") or "" for row in csv.DictReader(io.StringIO(text))]
    else:
        found = text.splitlines()
    found = [line.strip() for line in found if line.strip() and not line.startswith("#")]
    if not found:
        raise WrongUse("The list of cases is empty.", path, "give a CSV with a column case_url, or one address a line")
    return list(dict.fromkeys(found))


def by_site(addresses, sites):
    """Addresses of cases by site, one a case: ({site: [address]}, [(address, why it is none)])."""
    sorted_out, others = {name: {} for name in sites}, []
    for address in addresses:
        host = urlsplit(address).netloc.lower() if "://" in address else ""
        name = next(
            (name for name, site in sites.items() if host in site.hosts or host in {urlsplit(o).netloc for o in site.hosts.values()}), ""
        )
        plain = address.partition("?")[0].partition("#")[0]
        case = re.search(r"/cases/([A-Za-z0-9_-]+)/?$", plain) if name == radiopaedia.SITE else sirm.POST_LINK.search(plain)
        if not name or not case:
            others.append((address, "the address of no case of either site"))
            continue
        sorted_out[name].setdefault(case[1].lower(), plain)
    return {name: list(found.values()) for name, found in sorted_out.items()}, others


def listed(site, door, outcome):
    """The addresses of all cases that the site's listings name, one a case."""
    parser = radiopaedia if site.name == radiopaedia.SITE else sirm
    found = []
    for url in site.listings:
        for _ in range(MOST_LISTING_PAGES):
            try:
                answer = door.page(url)
                if answer.status in GONE:
                    raise NoAnswer(f"The listing is not there: {answer.status}.", url)
                page = parser.listing(answer.body, url)
            except (BadInput, NotAsked, NoAnswer, WouldAsk) as error:
                outcome.refused += [] if isinstance(error, WouldAsk) else [(url, error.what)]
                break
            found += page.cases
            url = page.next
            if not url:
                break
    return by_site(found, {site.name: site})[0][site.name]


def collect(site, door, shelf, answers, clock, addresses=(), crawl=False):
    """Refresh the cases at these addresses, and with crawl those of the listings and all stored ones.

    Every case is written as soon as it is whole; a stop of the host or a cap ends the work and lists what
    is left. Returns an Outcome.
    """
    outcome = Outcome(site.name)
    todo = dict.fromkeys(addresses)
    try:
        if crawl:
            todo |= dict.fromkeys(listed(site, door, outcome))
            todo |= dict.fromkeys(record["url"] for record in shelf.records(site.name) if record["how"] == "crawl")
        todo = by_site(todo, {site.name: site})[0][site.name]
        started = 0
        for number, url in enumerate(track(todo, site.name)):
            if started >= site.max_cases:
                raise CapReached(f"The cap of {site.max_cases} cases a run is reached.", None, "run the same command again to go on")
            before = len(door.requests)
            try:
                one_case(site, door, shelf, answers, clock, url, outcome)
            except (BadInput, NotAsked, NoAnswer) as error:
                outcome.refused.append((url, error.what))
            started += len(door.requests) > before
            todo[number] = ""
    except HostStopped as error:
        outcome.stopped = error.what
    except CapReached as error:
        outcome.capped = error.what
    outcome.left = [url for url in todo if url] if outcome.stopped or outcome.capped else []
    outcome.requests, outcome.bytes = door.requests, door.bytes
    return outcome


def one_case(site, door, shelf, answers, clock, url, outcome):
    """Ask for one case's page, its viewer data and its films."""
    try:
        answer = door.page(url)
        if answer.status in GONE:
            return None if door.rehearsal else _gone(site, shelf, clock, url, outcome)
        if site.name == radiopaedia.SITE:
            case = _with_viewers(radiopaedia.case_page(answer.body, url), door, outcome)
        else:
            case = sirm.case_page(answer.body, url)
    except WouldAsk:
        return None
    permission = str(site.permission or "")

    def fetch(film_urls):
        return _fetch(door, film_urls)

    return keep(shelf, ask(case), "crawl", permission, answers, clock, fetch, outcome, site.max_age_days, door.rehearsal)


def _gone(site, shelf, clock, url, outcome):
    for record in shelf.records(site.name):
        if by_site([record["url"]], {site.name: site})[0] == by_site([url], {site.name: site})[0]:
            shelf.write(store.gone(record, clock()))
            outcome.cases[record["key"]] = "gone"
            return
    outcome.refused.append((url, "the site has no such page"))


def _with_viewers(case, door, outcome):
    """The case with the viewer data of each study that may be X-rays."""
    for study in case.studies:
        if study.modality and study.modality != XRAY or any(film.study == study.key and film.confidence == "exact" for film in case.films):
            continue
        for address in radiopaedia.viewer_urls(study, case.key):
            try:
                answer = door.page(address)
                if answer.status in GONE:
                    continue
                case = radiopaedia.with_viewer(case, viewer.read(answer.body, study.key))
                break
            except WouldAsk:
                break
            except (BadInput, NotAsked, NoAnswer) as error:
                outcome.refused.append((address, error.what))
        else:
            outcome.refused.append((f"{case.url}, study {study.key}", "no form of its viewer data can be read"))
    return case


def _fetch(door, film_urls):
    reasons = []
    for address in film_urls[:3]:
        answer = door.picture(address)
        if answer.status in GONE:
            reasons.append(f"{answer.status} at {address}")
            continue
        return answer.body, address, answer.content_type
    raise BadInput("; ".join(reasons) or "the page names no address for it")


def keep(shelf, case, how, permission, answers, clock, fetch, outcome, max_age_days=7.0, rehearsal=False):
    """Bring one case's record and pictures into the store; the record is written after every picture.

    fetch: function from a film's addresses to (bytes, origin, content type). A film that is there already,
    or was refused within max_age_days, is not fetched again.
    """
    old = shelf.record(case.site, case.key)
    record, status = store.updated(old, case, how, permission, clock())
    record = review.apply(record, answers)
    if rehearsal:
        outcome.cases[case.key] = status
        _rehearse_films(shelf, record, fetch)
        return
    if status == "changed" and old["complete"]:
        shelf.keep_old(old)
    outcome.cases[case.key] = "new" if old and not old["complete"] and status == "unchanged" else status
    complete = True
    for film in record["films"]:
        if not wanted(film) or shelf.has_picture(record, film) or film["gone"]:
            continue
        if film["refused"] and how == film["how"] and film["tried_at"] > store.iso(clock() - max_age_days * 86400):
            outcome.refused.append((f"{case.url}, film {film['key']}", film["refused"]))
            continue
        try:
            _take(shelf, record, film, fetch, how, permission, clock)
            outcome.films += 1
        except (BadInput, NotAsked, NoAnswer) as error:
            passing = isinstance(error, NoAnswer)
            complete = complete and not passing
            film |= {"refused": error.what, "tried_at": "" if passing else store.iso(clock()), "how": how}
            outcome.refused.append((f"{case.url}, film {film['key']}", error.what))
        except Interrupted:
            shelf.write(record)
            raise
        shelf.write(record)
    if record != old or record["complete"] != complete:
        shelf.write(record | {"complete": complete})


def wanted(film):
    """Whether a film's picture is worth fetching: everything that is not known to be something else."""
    return film["modality"]["value"] in (XRAY, "") or film["confidence"] == "guessed"


def _take(shelf, record, film, fetch, how, permission, clock):
    if film["note"]:
        raise BadInput(film["note"])
    content, origin, content_type = fetch(film["image_urls"])
    facts = pictures.check(content, content_type)
    film["file"] = shelf.keep_picture(record, film, content, facts)
    film |= {"sha256": facts.sha256, "bytes": facts.bytes, "width": facts.width, "height": facts.height, "format": facts.format}
    film |= {"image_url": origin, "how": how, "permission": permission, "retrieved_at": store.iso(clock()), "refused": "", "tried_at": ""}


def _rehearse_films(shelf, record, fetch):
    for film in record["films"]:
        if wanted(film) and film["image_urls"] and not shelf.has_picture(record, film):
            try:
                fetch(film["image_urls"])
            except (WouldAsk, NotAsked):
                continue
