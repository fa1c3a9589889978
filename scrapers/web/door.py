"""The one door to the network: permission, robots.txt, pace, caps, cache, and a stop at the first refusal.

One request at a time, under the kit's own name, without cookies, proxies or evasion. A challenge page, a 401
or a 403 is an answer, and it is no: the host is left alone for the rest of the run.
"""

import random as randomness
import re
import socket
import time
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util.retry import Retry

from cxrkit import __version__
from cxrkit.errors import CxrkitError, Interrupted, RemoteRefusal
from scrapers.web import robots
from scrapers.web.addresses import ForbiddenAddress, guarded_adapter
from scrapers.web.cache import Answer

AGENT = "cxrkit"
RETRIES = 3
MOST_REDIRECTS = 5
LONGEST_WAIT = 3600.0
"""Seconds. A server that asks for a longer pause is left for another day."""
SILENT_ADDRESSES = 3
"""So many addresses in a row without an answer, and the host is left alone."""
ROBOTS_MAX_AGE = 24 * 3600.0
LARGEST = {"page": 8_000_000, "picture": 60_000_000}
GONE = (404, 410)
CHALLENGE = re.compile(
    r"_cf_chl_opt|cf-challenge|<title>[^<]*(?:just a moment|attention required|captcha|are you (?:a )?(?:human|robot)|verify you are human|security check|access denied)",
    re.IGNORECASE,
)


class NotAsked(RemoteRefusal):
    """An address that the collector does not ask for: robots.txt, a foreign host, a private network."""


class HostStopped(RemoteRefusal):
    """A host that said no, for the rest of the run."""


class NoAnswer(RemoteRefusal):
    """An address that gave no usable answer after all retries."""


class CapReached(Interrupted):
    """The run's cap on cases or bytes."""


class WouldAsk(CxrkitError):
    """In a rehearsal: the answer is not known without the request."""


def challenge(status, headers, body):
    """The words by which an answer is a challenge for humans instead of a page, or empty."""
    if headers.get("cf-mitigated"):
        return f"cf-mitigated: {headers['cf-mitigated']}"
    start = body[:20_000].decode("utf-8", "replace")
    found = CHALLENGE.search(start)
    if not found and status >= 400:
        found = re.search(r"captcha|checking your browser|enable javascript and cookies", start, re.IGNORECASE)
    return " ".join(found[0].replace("<title>", "").split()) if found else ""


class Door:
    """All requests of one run to one site.

    since: a page kept since then counts as fresh (seconds since 1970), so a resumed run asks nothing twice.
    rehearsal: note what would be asked, and ask nothing. requests: [(status or "would ask", address)].
    clock, sleep, random, lookup: for tests; lookup answers like socket.getaddrinfo.
    """

    def __init__(
        self,
        site,
        cache,
        since=float("inf"),
        rehearsal=False,
        clock=time.time,
        sleep=time.sleep,
        random=randomness.random,
        lookup=socket.getaddrinfo,
    ):
        self.site, self.cache, self.since, self.rehearsal = site, cache, since, rehearsal
        self.clock, self.sleep, self.random = clock, sleep, random
        self.requests, self.bytes, self.stopped = [], 0, {}
        self._rules, self._pauses, self._silent = {}, {}, {}
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers = {
            "User-Agent": f"{AGENT}/{__version__} (chest film collector; +{site.contact})",
            "Accept-Encoding": "gzip, deflate",
        }
        adapter = guarded_adapter(site.allow_loopback, lookup)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def page(self, url):
        """The page at an address, from the cache where it is fresh, else asked for with If-None-Match.

        An answer may have the status 404 or 410; every other refusal is raised: NotAsked, HostStopped,
        NoAnswer, CapReached.
        """
        kept = self.cache.get(url)
        if kept and self._fresh(kept, self.site.max_age_days * 86400):
            return kept
        if self.rehearsal:
            return self._rehearse(url, kept)
        headers = {}
        if kept and kept.status == 200:
            known = {"If-None-Match": kept.headers.get("etag"), "If-Modified-Since": kept.headers.get("last-modified")}
            headers = {name: value for name, value in known.items() if value}
        answer = self._follow(url, headers, "page")
        if answer.status == 304 and kept:
            answer = Answer(kept.url, kept.status, kept.headers, kept.body, answer.fetched_at)
        if answer.status == 200 or answer.status in GONE:
            self.cache.put(url, answer)
            return answer
        raise NoAnswer(f"The server answered {answer.status}.", url, "open the address in a browser")

    def picture(self, url):
        """A picture's answer with status 200, 404 or 410; not cached, for the store keeps it."""
        if self.rehearsal:
            return self._rehearse(url, None)
        answer = self._follow(url, {}, "picture")
        if answer.status == 200 or answer.status in GONE:
            return answer
        raise NoAnswer(f"The server answered {answer.status}.", url, "open the address in a browser")

    def _fresh(self, kept, max_age):
        return kept.fetched_at >= min(self.since, self.clock() - max_age)

    def _rehearse(self, url, kept):
        robots_url = self._origin(url) + "/robots.txt"
        if not self.cache.get(robots_url) and ("would ask", robots_url) not in self.requests:
            self.requests.append(("would ask", robots_url))
        self.requests.append(("would ask again" if kept else "would ask", url))
        if kept:
            return kept
        raise WouldAsk("It would be asked for.", url)

    def _follow(self, url, headers, kind):
        for _ in range(MOST_REDIRECTS + 1):
            self._require_open(url)
            answer = self._ask(url, headers, kind)
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            target = urljoin(self.reach(url), answer.headers.get("location", ""))
            if urlsplit(target).scheme == "http" and urlsplit(self.reach(url)).scheme == "https":
                raise NotAsked("It redirects to an unencrypted address.", f"{url} -> {target}", "report it to the site")
            try:
                url = self._canonical(target)
            except NotAsked:
                raise NotAsked(
                    "It redirects to a host that is not the site's.",
                    f"{url} -> {target}",
                    "name the host under hosts in scrapers.yaml if it is the site's",
                ) from None
        raise NotAsked(f"It redirects more than {MOST_REDIRECTS} times.", url, "open the address in a browser")

    def reach(self, url):
        """The address at which a URL of the site is really asked for. Raises NotAsked for a foreign host."""
        parts = urlsplit(url)
        return self._origin(url) + urlunsplit(("", "", parts.path or "/", parts.query, ""))

    def _origin(self, url):
        try:
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc}".lower()
        except ValueError:
            raise NotAsked("It is no web address.", url) from None
        if parts.scheme in ("http", "https") and parts.netloc.lower() in self.site.hosts:
            return self.site.hosts[parts.netloc.lower()]
        if origin in self.site.hosts.values():
            return origin
        raise NotAsked("Its host is none of the site's.", url, "name the host under hosts in scrapers.yaml if it is the site's")

    def _canonical(self, target):
        """A redirect's target under the host name that pages use for it."""
        origin = self._origin(target)
        parts = urlsplit(target)
        names = [host for host, reached in self.site.hosts.items() if reached == origin]
        if parts.netloc.lower() in self.site.hosts or len(names) != 1:
            return target
        return urlunsplit(("https", names[0], parts.path, parts.query, ""))

    def _require_open(self, url):
        """Raises NotAsked or HostStopped unless the address may be asked for."""
        origin = self._origin(url)
        self._require_running(origin)
        if origin not in self._rules:
            self._rules[origin] = self._read_robots(origin)
        rules = self._rules[origin]
        if rules.closed:
            self._stop(origin, rules.basis, url)
        if not rules.allows(self.reach(url)):
            raise NotAsked("robots.txt closes this address.", url, "save the page yourself and use --saved, if the site's terms allow that")

    def _require_running(self, origin):
        if origin in self.stopped:
            raise HostStopped(f"The host was left alone: {self.stopped[origin]}", origin, "bring these pages by hand: refresh --saved DIR")

    def _stop(self, origin, reason, url):
        self.stopped[origin] = reason
        raise HostStopped(
            f"The host is left alone for this run: {reason}",
            url,
            "bring the pages by hand: refresh --saved DIR; ask the site if you think it is a mistake",
        )

    def _read_robots(self, origin):
        url = origin + "/robots.txt"
        kept = self.cache.get(url)
        if not (kept and self._fresh(kept, ROBOTS_MAX_AGE)):
            try:
                kept = self._ask_robots(url)
            except NoAnswer as error:
                return robots.closed(f"its robots.txt cannot be read ({error.what})")
            except (NotAsked, HostStopped) as error:
                return robots.closed(f"its robots.txt refuses ({error.what})")
            if kept.status < 500:
                self.cache.put(url, kept)
        if kept.status == 200:
            return robots.parse(kept.body.decode("utf-8", "replace"), AGENT)
        if kept.status in (401, 403, 429) or kept.status >= 500:
            return robots.closed(f"its robots.txt answers {kept.status}")
        return robots.Rules(basis=f"no robots.txt: {kept.status}")

    def _ask_robots(self, url):
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, {}, "page")
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            target = urljoin(url, answer.headers.get("location", ""))
            url = self._origin(target) + urlunsplit(("", "", urlsplit(target).path, urlsplit(target).query, ""))
        raise NotAsked("robots.txt redirects too often.", url)

    def _ask(self, url, headers, kind):
        """One answer to one address, after waiting for its turn, with retries for what may pass."""
        origin = self._origin(url)
        retry = Retry(total=RETRIES, backoff_factor=self.site.interval, backoff_max=600, backoff_jitter=self.site.interval)
        while True:
            self._require_running(origin)
            self._wait_turn(origin)
            try:
                answer, failure = self._once(url, headers, kind), None
            except ForbiddenAddress as error:
                raise NotAsked(f"{error}.", url, "a private address is never asked") from error
            except (requests.RequestException, HTTPError) as error:
                answer, failure = None, _in_short(error)
            if answer is not None:
                said = challenge(answer.status, answer.headers, answer.body)
                if said:
                    self._stop(origin, f"it asks for a human ({said})", url)
                if answer.status in (401, 403):
                    self._stop(origin, f"it answered {answer.status}", url)
                if answer.status in (429, 503):
                    self._pause(origin, answer, url)
                    continue
                if answer.status < 500:
                    self._silent[origin] = 0
                    return answer
                failure = f"status {answer.status}"
            try:
                retry = retry.increment("GET", url, error=HTTPError(failure))
            except MaxRetryError:
                self._give_up(origin, failure, url)
            self.sleep(retry.get_backoff_time())

    def _give_up(self, origin, failure, url):
        self._silent[origin] = self._silent.get(origin, 0) + 1
        if self._silent[origin] >= SILENT_ADDRESSES:
            self._stop(origin, f"{SILENT_ADDRESSES} addresses in a row gave no answer, the last: {failure}", url)
        raise NoAnswer(f"No usable answer after {RETRIES + 1} requests: {failure}.", url, "run the same command again later")

    def _pause(self, origin, answer, url):
        """One long wait a host and run when it asks for one; at the second, the host is left alone."""
        header = answer.headers.get("retry-after", "")
        try:
            seconds = Retry(0).parse_retry_after(header) if header else 0.0
        except HTTPError:
            seconds = 0.0
        seconds = max(seconds, 6 * self.site.interval)
        self._pauses[origin] = self._pauses.get(origin, 0) + 1
        if self._pauses[origin] > 1:
            self._stop(origin, f"it answered {answer.status} again after a pause", url)
        if seconds > LONGEST_WAIT:
            self._stop(origin, f"it answered {answer.status} and asks for a pause of {seconds:.0f} s", url)
        self.sleep(seconds)

    def _wait_turn(self, origin):
        rules = self._rules.get(origin)
        interval = max(self.site.interval, (rules.delay or 0.0) if rules else 0.0)
        interval *= 1 + 0.2 * self.random()
        due = self.cache.last_request(origin) + interval - self.clock()
        if due > 0:
            self.sleep(min(due, interval))
        self.cache.note_request(origin, self.clock())

    def _once(self, url, headers, kind):
        """One request. The body counts towards the cap while it comes."""
        address = self.reach(url)
        deadline = time.monotonic() + 10 * self.site.timeout
        with self.session.get(address, headers=headers, timeout=self.site.timeout, stream=True, allow_redirects=False) as response:
            self.requests.append((response.status_code, url))
            body = bytearray()
            # read1 gives what has come; a plain read would wait for a full block, however slowly it drips
            while chunk := response.raw.read1(65536, decode_content=True):
                body += chunk
                self.bytes += len(chunk)
                if len(body) > LARGEST[kind]:
                    raise NotAsked(f"The {kind} is larger than {LARGEST[kind]:,} bytes.", url, "look at it in a browser")
                if self.bytes > self.site.max_megabytes * 1e6:
                    raise CapReached(
                        f"The cap of {self.site.max_megabytes} MB a run is reached.", url, "run the same command again to go on"
                    )
                if time.monotonic() > deadline:
                    raise requests.Timeout(f"the answer took longer than {10 * self.site.timeout:g} s")
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(url, response.status_code, headers, bytes(body), self.clock())


def _in_short(error):
    text = str(error)
    if isinstance(error, requests.Timeout) and "took longer" not in text:
        return "it did not answer in time"
    if "IncompleteRead" in text:
        return "the answer broke off before its end"
    if "NameResolution" in text or "getaddrinfo" in text:
        return "its name has no address"
    if "Connection refused" in text:
        return "the connection was refused"
    return text if len(text) < 140 else text[:137] + "..."
