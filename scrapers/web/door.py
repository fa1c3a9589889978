"""Polite HTTP client, the only way to the network: robots.txt, pace, caps, cache, and a stop at the first refusal.

One request at a time, under the kit's own name, without cookies, proxies or evasion. A challenge page, a 401
or a 403 is an answer, and the answer is no: the host gets no further request in this run.
"""

import random as randomness
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util.retry import Retry

from cxrkit import __version__
from scrapers.pictures import is_page
from scrapers.settings import Site
from scrapers.web import robots
from scrapers.web.addresses import Exchange, ForbiddenAddress, guarded_adapter
from scrapers.web.cache import Cache, Response
from scrapers.web.pace import Pace
from scrapers.web.refusals import CapReached, HostStopped, NoAnswer, NotAllowed, WouldRequest, challenge, in_short

AGENT = "cxrkit"
RETRIES = 3
MOST_REDIRECTS = 5
LONGEST_WAIT = 3600.0
"""Seconds. A server that wants a longer pause gets no further request in this run."""
SILENT_ADDRESSES = 3
"""After so many addresses in a row without a usable answer, the host gets no further request in this run."""
ROBOTS_MAX_AGE = 24 * 3600.0
"""Seconds."""
LARGEST = {"page": 8_000_000, "picture": 60_000_000}
"""Bytes."""
REDIRECTS = (301, 302, 303, 307, 308)
MISSING = (404, 410)
"""The statuses of what is not there."""
USABLE = (200, 304, *REDIRECTS, *MISSING)


class Door:
    """All requests of one run to one site.

    since: a page cached since then counts as fresh (seconds since 1970), so a resumed run requests nothing twice.
    dry_run: list the requests without making them.
    clock, sleep, random, lookup: stand-ins for tests; lookup answers like socket.getaddrinfo.

    requests: [(status or "would request", address)] so far. bytes: received so far.
    stopped: {origin: why it gets no further request}.
    """

    def __init__(
        self,
        site: Site,
        cache: Cache,
        since: float = float("inf"),
        dry_run: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        random: Callable[[], float] = randomness.random,
        lookup: Callable = socket.getaddrinfo,
    ):
        self.site, self.cache, self.since, self.dry_run = site, cache, since, dry_run
        self.clock, self.sleep, self.random = clock, sleep, random
        self.requests: list[tuple[int | str, str]] = []
        self.bytes = 0
        self.stopped: dict[str, str] = {}
        self._rules: dict[str, robots.Rules] = {}
        self._pauses: dict[str, int] = {}
        self._silent: dict[str, int] = {}
        self.pace = Pace(cache.folder)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.session.headers = {
            "User-Agent": f"{AGENT}/{__version__} (chest film collector; +{site.contact})",
            "Accept-Encoding": "gzip, deflate",
            "Connection": "close",  # requests are seconds apart, and each exchange has its own end
        }
        self.exchange = Exchange()
        adapter = guarded_adapter(site.allow_loopback, lookup, self.exchange)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)

    def page(self, url: str) -> Response:
        """The page at an address, from the cache where it is fresh, else by a conditional request.

        The response may have status 404 or 410; every other refusal is raised: NotAllowed, HostStopped,
        NoAnswer, CapReached. Raises WouldRequest in a dry run for a page that is not in the cache.
        """
        cached = self.cache.get(url)
        if cached and self._fresh(cached, self.site.max_age_days * 86400):
            return cached
        if self.dry_run:
            return self._list_request(url, cached)
        headers = {}
        if cached and cached.status == 200:
            conditions = {"If-None-Match": cached.headers.get("etag"), "If-Modified-Since": cached.headers.get("last-modified")}
            headers = {name: value for name, value in conditions.items() if value}
        response = self._follow(url, headers, "page")
        if response.status == 304 and cached:
            response = replace(cached, fetched_at=response.fetched_at)
        self._require_usable(response, url)
        self.cache.put(url, response)
        return response

    def picture(self, url: str) -> Response:
        """A picture's response, with status 200, 404 or 410; not cached, because the store holds pictures. Raises as `page` does."""
        if self.dry_run:
            return self._list_request(url, None)
        response = self._follow(url, {}, "picture")
        self._require_usable(response, url)
        return response

    def _require_usable(self, response, url):
        if response.status not in (200, *MISSING):
            self._count_silence(self._origin(url), f"status {response.status}", url)
            raise NoAnswer(f"The server answered {response.status}.", url, "open the address in a browser")

    def _fresh(self, cached, max_age):
        return cached.fetched_at >= min(self.since, self.clock() - max_age)

    def _list_request(self, url, cached):
        robots_url = self._origin(url) + "/robots.txt"
        if not self.cache.get(robots_url) and ("would request", robots_url) not in self.requests:
            self.requests.append(("would request", robots_url))
        self.requests.append(("would request again" if cached else "would request", url))
        if cached:
            return cached
        raise WouldRequest("The answer is not known without the request.", url)

    def _follow(self, url, headers, kind):
        for _ in range(MOST_REDIRECTS + 1):
            self._require_open(url)
            response = self._get(url, headers, kind)
            if response.status not in REDIRECTS:
                return response
            target = urljoin(self.reach(url), response.headers.get("location", ""))
            if urlsplit(target).scheme == "http" and urlsplit(self.reach(url)).scheme == "https":
                raise NotAllowed("It redirects to an unencrypted address.", f"{url} -> {target}", "report it to the site")
            try:
                url = self._canonical(target)
            except NotAllowed:
                raise NotAllowed(
                    "It redirects to a host that is not the site's.",
                    f"{url} -> {target}",
                    "name the host under hosts in scrapers.yaml if it is the site's",
                ) from None
        raise NotAllowed(f"It redirects more than {MOST_REDIRECTS} times.", url, "open the address in a browser")

    def stop(self, url: str, reason: str) -> None:
        """Stop the host of an address for this run. Raises HostStopped."""
        self._stop(self._origin(url), reason, url)

    def reach(self, url: str) -> str:
        """The address that is really requested for a URL of the site. Raises NotAllowed for a foreign host."""
        parts = urlsplit(url)
        return self._origin(url) + urlunsplit(("", "", parts.path or "/", parts.query, ""))

    def _origin(self, url):
        try:
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc}".lower()
        except ValueError:
            raise NotAllowed("It is not a web address.", url) from None
        if parts.scheme in ("http", "https") and parts.netloc.lower() in self.site.hosts:
            return self.site.hosts[parts.netloc.lower()]
        if origin in self.site.hosts.values():
            return origin
        raise NotAllowed("Its host is not one of the site's.", url, "name the host under hosts in scrapers.yaml if it is the site's")

    def _canonical(self, target):
        """The target of a redirect under the host name that the site's pages use."""
        origin = self._origin(target)
        parts = urlsplit(target)
        names = [host for host, reached_at in self.site.hosts.items() if reached_at == origin]
        if parts.netloc.lower() in self.site.hosts or len(names) != 1:
            return target
        return urlunsplit(("https", names[0], parts.path, parts.query, ""))

    def _require_open(self, url):
        """Raises NotAllowed or HostStopped unless the address may be requested."""
        origin = self._origin(url)
        self._require_running(origin)
        if origin not in self._rules:
            self._rules[origin] = self._read_robots(origin)
        rules = self._rules[origin]
        if rules.closed:
            self._stop(origin, rules.basis, url)
        if not rules.allows(self.reach(url)):
            raise NotAllowed(
                "robots.txt disallows this address.", url, "save the page yourself and use --saved, if the site's terms allow that"
            )

    def _require_running(self, origin, url=None):
        if origin in self.stopped:
            raise HostStopped(
                f"The host gets no further request in this run: {self.stopped[origin]}",
                url or origin,
                "save the pages yourself: refresh --saved DIR; if you think it is a mistake, write to the site",
            )

    def _stop(self, origin, reason, url):
        self.stopped[origin] = reason
        self._require_running(origin, url)

    def _read_robots(self, origin):
        url = origin + "/robots.txt"
        response = self.cache.get(url)
        if not (response and self._fresh(response, ROBOTS_MAX_AGE)):
            try:
                response = self._get_robots(url)
            except NoAnswer as error:
                return robots.closed(f"its robots.txt cannot be read ({error.what})")
            except (NotAllowed, HostStopped) as error:
                return robots.closed(f"its robots.txt refuses ({error.what})")
            if response.status < 500:
                self.cache.put(url, response)
        if response.status == 200:
            if is_page(response.body):
                return robots.closed("its robots.txt is a page")
            return robots.parse(robots.decode(response.body), AGENT)
        if response.status in (401, 403, 429) or response.status >= 500:
            return robots.closed(f"its robots.txt answers {response.status}")
        return robots.Rules(basis=f"no robots.txt: {response.status}")

    def _get_robots(self, url):
        for _ in range(MOST_REDIRECTS + 1):
            response = self._get(url, {}, "page")
            if response.status not in REDIRECTS:
                return response
            target = urljoin(url, response.headers.get("location", ""))
            url = self._origin(target) + urlunsplit(("", "", urlsplit(target).path, urlsplit(target).query, ""))
        raise NotAllowed("robots.txt redirects too often.", url)

    def _get(self, url, headers, kind):
        """One response from one address, after waiting for its turn; what may pass is tried again."""
        origin = self._origin(url)
        retry = Retry(total=RETRIES, backoff_factor=self.site.interval, backoff_max=600, backoff_jitter=self.site.interval)
        while True:
            self._require_running(origin)
            self._wait_turn(origin)
            try:
                response, failure = self._get_once(url, headers, kind), None
            except ForbiddenAddress as error:
                raise NotAllowed(f"{error}.", url, "private addresses are never requested") from error
            except (requests.RequestException, HTTPError) as error:
                response, failure = None, in_short(error)
            if response is not None:
                if words := challenge(response.status, response.headers, response.body):
                    self._stop(origin, f"it asks for a human ({words})", url)
                if response.status in (401, 403):
                    self._stop(origin, f"it answered {response.status}", url)
                if response.status in (429, 503):
                    self._pause(origin, response, url)
                    continue
                if response.status < 500:
                    if response.status in USABLE:
                        self._silent[origin] = 0
                    return response
                failure = f"status {response.status}"
            try:
                retry = retry.increment("GET", url, error=HTTPError(failure))
            except MaxRetryError:
                self._give_up(origin, failure, url)
            self.sleep(retry.get_backoff_time())

    def _give_up(self, origin, failure, url):
        self._count_silence(origin, failure, url)
        raise NoAnswer(f"No usable answer after {RETRIES + 1} requests: {failure}.", url, "run the same command again later")

    def _count_silence(self, origin, failure, url):
        self._silent[origin] = self._silent.get(origin, 0) + 1
        if self._silent[origin] >= SILENT_ADDRESSES:
            self._stop(origin, f"{SILENT_ADDRESSES} addresses in a row gave no usable answer, the last one: {failure}", url)

    def _pause(self, origin, response, url):
        """Wait when the host asks for a pause, once in a run; when it asks again, the host is stopped."""
        header = response.headers.get("retry-after", "")
        try:
            seconds = Retry(0).parse_retry_after(header) if header else 0.0
        except HTTPError:
            seconds = 0.0
        seconds = max(seconds, 6 * self.site.interval)
        self._pauses[origin] = self._pauses.get(origin, 0) + 1
        if self._pauses[origin] > 1:
            self._stop(origin, f"it answered {response.status} again after a pause", url)
        if seconds > LONGEST_WAIT:
            self._stop(origin, f"it answered {response.status} and asks for a pause of {seconds:.0f} s", url)
        self.sleep(seconds)

    def _wait_turn(self, origin):
        rules = self._rules.get(origin)
        interval = max(self.site.interval, (rules.delay or 0.0) if rules else 0.0)
        interval *= 1 + 0.2 * self.random()
        due = self.pace.turn(origin, interval, self.clock())
        if due > 0:
            self.sleep(due)

    def _get_once(self, url, headers, kind):
        """One request, its whole exchange within ten times the timeout. The body counts towards the cap while it arrives."""
        with (
            self.exchange.within(10 * self.site.timeout),
            self.session.get(self.reach(url), headers=headers, timeout=self.site.timeout, stream=True, allow_redirects=False) as response,
        ):
            self.requests.append((response.status_code, url))
            body = bytearray()
            # read1 returns what has arrived; a plain read would wait for a full block, however slowly it drips
            while chunk := response.raw.read1(65536, decode_content=True):
                body += chunk
                self.bytes += len(chunk)
                if len(body) > LARGEST[kind]:
                    raise NotAllowed(f"The {kind} is larger than {LARGEST[kind]:,} bytes.", url, "look at it in a browser")
                if self.bytes > self.site.max_megabytes * 1e6:
                    raise CapReached(
                        f"The cap of {self.site.max_megabytes} MB a run is reached.", url, "run the same command again to go on"
                    )
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Response(url, response.status_code, headers, bytes(body), self.clock())
