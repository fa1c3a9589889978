"""The door against a local server: what is requested, what is not, when, and what each fault is called."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit.errors import CxrkitError
from scrapers import settings
from scrapers.web import addresses, robots
from scrapers.web.cache import Cache
from scrapers.web.door import Door
from scrapers.web.refusals import CapReached, HostStopped, NoAnswer, NotAllowed, challenge
from tests.standins.web import Page, Web, film


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now, self.slept = 1_800_000_000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def web():
    with Web() as web:
        web.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /closed\n", "text/plain")
        web.pages["/a"] = Page("<p>page a</p>")
        web.pages["/b"] = Page("<p>page b</p>")
        web.pages["/film.jpeg"] = Page(film(), "image/jpeg")
        yield web


def door_to(web, tmp_path, clock=None, hosts=None, lookup=socket.getaddrinfo, since=float("inf"), **changes):
    values = {"interval": 0.0, "timeout": 2.0, "allow_loopback": True, "contact": "tester@hospital.test", **changes}
    site = settings.Site("sirm", {"www.sirm.org": web.origin, **(hosts or {})}, (), **values)
    clock = clock or Clock()
    return Door(site, Cache(tmp_path / "cache"), since=since, clock=clock, sleep=clock.sleep, random=lambda: 0.5, lookup=lookup)


URL = "https://www.sirm.org"


def test_robots_comes_first_and_the_kit_names_itself(web, tmp_path):
    assert door_to(web, tmp_path).page(URL + "/a").body == b"<p>page a</p>"
    assert web.requests == ["/robots.txt", "/a"]
    for headers in web.headers:
        assert headers["User-Agent"].startswith("cxrkit/") and "tester@hospital.test" in headers["User-Agent"]
        assert "Cookie" not in headers and "Mozilla" not in headers["User-Agent"]


def test_a_disallowed_path_is_not_requested(web, tmp_path):
    with pytest.raises(NotAllowed, match="robots.txt disallows"):
        door_to(web, tmp_path).page(URL + "/closed/x")
    assert web.requests == ["/robots.txt"]


@pytest.mark.parametrize(
    "answer",
    [
        Page("", status=401),
        Page("", status=403),
        Page("oh", status=500),
        Page("<title>Just a moment...</title>"),
        Page("", headers={"cf-mitigated": "challenge"}),
    ],
)
def test_a_robots_txt_that_refuses_closes_the_host(web, tmp_path, answer):
    web.pages["/robots.txt"] = answer
    door = door_to(web, tmp_path)
    for path in ("/a", "/b"):
        with pytest.raises(HostStopped):
            door.page(URL + path)
    assert "/a" not in web.requests and "/b" not in web.requests


def test_no_robots_txt_means_nothing_is_disallowed(web, tmp_path):
    del web.pages["/robots.txt"]
    assert door_to(web, tmp_path).page(URL + "/closed").status == 404


def test_requests_are_ten_seconds_apart_and_crawl_delay_is_obeyed(web, tmp_path):
    clock = Clock()
    door = door_to(web, tmp_path, clock, interval=10.0)
    door.page(URL + "/a")
    door.page(URL + "/b")
    assert clock.slept == [pytest.approx(11), pytest.approx(11)]
    web.pages["/robots.txt"] = Page("User-agent: cxrkit\nCrawl-delay: 40\n", "text/plain")
    clock.now += 2 * 86400
    clock.slept.clear()
    door = door_to(web, tmp_path, clock, interval=10.0)
    door.picture(URL + "/film.jpeg")
    assert clock.slept == [pytest.approx(44)]


def test_the_pace_outlasts_the_process(web, tmp_path):
    clock = Clock()
    door_to(web, tmp_path, clock, interval=10.0).page(URL + "/a")
    clock.slept.clear()
    door_to(web, tmp_path, clock, interval=10.0).page(URL + "/b")
    assert clock.slept == [pytest.approx(11)]


def test_a_fresh_page_is_not_requested_and_an_old_one_conditionally(web, tmp_path):
    clock = Clock()
    door = door_to(web, tmp_path, clock)
    door.page(URL + "/a")
    assert door.page(URL + "/a").body == b"<p>page a</p>" and web.requests.count("/a") == 1
    clock.now += 8 * 86400
    again = door.page(URL + "/a")
    assert again.body == b"<p>page a</p>" and web.requests.count("/a") == 2
    assert web.headers[-1]["If-None-Match"] and (304, URL + "/a") in door.requests
    web.pages["/a"] = Page("<p>changed</p>")
    clock.now += 8 * 86400
    assert door.page(URL + "/a").body == b"<p>changed</p>"


def test_a_damaged_cache_file_is_requested_again(web, tmp_path):
    door = door_to(web, tmp_path)
    door.page(URL + "/a")
    door.cache.path(URL + "/a").write_bytes(b"\x1f\x8b broken")
    assert door.page(URL + "/a").body == b"<p>page a</p>"


def test_429_waits_as_long_as_told_once_then_stops(web, tmp_path):
    clock = Clock()
    door = door_to(web, tmp_path, clock)
    web.faults["/a"] = [Page("", status=429, headers={"Retry-After": "120"})]
    assert door.page(URL + "/a").status == 200
    assert clock.slept == [120.0]
    web.faults["/b"] = [Page("", status=429)]
    with pytest.raises(HostStopped, match="429 again"):
        door.page(URL + "/b")
    with pytest.raises(HostStopped):
        door.picture(URL + "/film.jpeg")
    assert "/film.jpeg" not in web.requests


def test_too_long_a_pause_is_a_stop(web, tmp_path):
    web.faults["/a"] = [Page("", status=503, headers={"Retry-After": "90000"})]
    with pytest.raises(HostStopped, match="asks for a pause"):
        door_to(web, tmp_path).page(URL + "/a")


@pytest.mark.parametrize(
    "fault, words",
    [
        (Page("", status=403), "answered 403"),
        (Page("", status=401), "answered 401"),
        (Page("<html><title>Just a moment...</title></html>", status=200), "Just a moment"),
        (Page("please solve the CAPTCHA", status=404), "CAPTCHA"),
        (Page("<script>window._cf_chl_opt={}</script>", status=503), "_cf_chl_opt"),
    ],
)
def test_a_refusal_stops_the_host(web, tmp_path, fault, words):
    web.faults["/a"] = [fault]
    door = door_to(web, tmp_path)
    with pytest.raises(HostStopped, match=words) as stop:
        door.page(URL + "/a")
    assert "--saved" in str(stop.value)
    with pytest.raises(HostStopped):
        door.page(URL + "/b")
    assert web.requests == ["/robots.txt", "/a"]


def test_a_form_with_a_captcha_widget_is_no_challenge():
    assert not challenge(200, {}, b"<html><title>COVID-19: caso 5</title><div class='g-recaptcha'></div>")


def test_server_errors_are_retried_with_growing_pauses_then_listed(web, tmp_path):
    clock = Clock()
    door = door_to(web, tmp_path, clock)
    web.faults["/a"] = [Page("", status=500), Page("", status=502)]
    assert door.page(URL + "/a").status == 200
    web.faults["/b"] = [Page("", status=500)] * 9
    with pytest.raises(NoAnswer, match="status 500"):
        door.page(URL + "/b")
    assert web.requests.count("/b") == 4


def test_three_silent_addresses_in_a_row_stop_the_host(web, tmp_path):
    web.faults["*"] = []
    door = door_to(web, tmp_path)
    door.page(URL + "/a")
    web.faults["*"] = [Page("", status=500)] * 99
    for path in ("/1", "/2"):
        with pytest.raises(NoAnswer):
            door.page(URL + path)
    with pytest.raises(HostStopped, match="in a row"):
        door.page(URL + "/3")


def test_a_broken_off_answer_is_retried(web, tmp_path):
    web.faults["/film.jpeg"] = [Page(film(), "image/jpeg", cut=3000)]
    door = door_to(web, tmp_path)
    assert door.picture(URL + "/film.jpeg").body == film()
    web.faults["/film.jpeg"] = [Page(film(), "image/jpeg", cut=3000)] * 9
    with pytest.raises(NoAnswer, match="broke off"):
        door.picture(URL + "/film.jpeg")


def test_slow_answers_end(web, tmp_path):
    door = door_to(web, tmp_path, timeout=0.05)
    web.faults["/a"] = [Page("late", delay=0.3)] * 4
    with pytest.raises(NoAnswer, match="in time"):
        door.page(URL + "/a")
    web.faults["/b"] = [Page("x" * 100, drip=0.02)] * 4
    with pytest.raises(NoAnswer, match="longer than"):
        door.page(URL + "/b")


def test_too_large_an_answer_is_cut_off(web, tmp_path):
    web.pages["/a"] = Page(b"\0" * 9_000_000, headers={"Content-Encoding": "gzip"})
    with pytest.raises(NotAllowed, match="larger than"):
        door_to(web, tmp_path).page(URL + "/a")


def test_the_cap_on_bytes(web, tmp_path):
    web.pages["/film.jpeg"] = Page(b"\xff\xd8\xff" + b"\0" * 1_200_000, "image/jpeg")
    with pytest.raises(CapReached):
        door_to(web, tmp_path, max_megabytes=1).picture(URL + "/film.jpeg")


def test_a_redirect_on_the_site_is_followed(web, tmp_path):
    web.pages["/old"] = Page("", status=301, headers={"Location": "/a"})
    assert door_to(web, tmp_path).page(URL + "/old").body == b"<p>page a</p>"


@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.test/a",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://127.0.0.1:1/",
        "file:///etc/passwd",
        "//elsewhere.test/",
        "https://www.sirm.org@elsewhere.test/",
        "http://[::1]/",
    ],
)
def test_a_redirect_away_is_not_followed(web, tmp_path, target):
    web.pages["/old"] = Page("", status=302, headers={"Location": target})
    with pytest.raises(NotAllowed, match="redirects to a host"):
        door_to(web, tmp_path).page(URL + "/old")


def test_a_redirect_into_a_disallowed_path_is_not_followed(web, tmp_path):
    web.pages["/old"] = Page("", status=302, headers={"Location": "/closed/x"})
    with pytest.raises(NotAllowed, match="robots.txt"):
        door_to(web, tmp_path).page(URL + "/old")
    web.pages["/loop"] = Page("", status=302, headers={"Location": "/loop"})
    with pytest.raises(NotAllowed, match="more than 5 times"):
        door_to(web, tmp_path).page(URL + "/loop")


def test_a_private_address_of_an_allowed_host_is_not_requested(web, tmp_path):
    door = door_to(web, tmp_path, hosts={"in.sirm.test": "http://10.1.2.3"})
    with pytest.raises(CxrkitError, match="no public address"):
        door.page("https://in.sirm.test/x")


def test_a_dns_answer_into_this_machine_is_not_followed_unless_allowed(web, tmp_path):
    def lookup(host, port, **_):
        return socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)

    hosts = {"named.test": f"http://named.test:{web.port}"}
    with pytest.raises(CxrkitError, match="leads to 127.0.0.1"):
        door_to(web, tmp_path, hosts=hosts, lookup=lookup, allow_loopback=False).page("https://named.test/a")
    assert web.requests == []
    assert door_to(web, tmp_path / "2", hosts=hosts, lookup=lookup).page("https://named.test/a").status == 200


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.9",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_private_addresses_are_refused(address):
    assert not addresses.allowed(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822"])
def test_public_addresses_are_allowed(address):
    assert addresses.allowed(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    answers = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]
    with pytest.raises(addresses.ForbiddenAddress):
        addresses.resolve("x.test", 443, lookup=lambda *_, **__: answers)


# -- robots.txt -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, path, allowed",
    [
        ("User-agent: *\nDisallow: /", "/cases/1", False),
        ("User-agent: *\nDisallow:", "/cases/1", True),
        ("User-agent: *\nDisallow: /cases/\nAllow: /cases/open", "/cases/open-1", True),
        ("User-agent: *\nAllow: /cases/open\nDisallow: /cases/", "/cases/x", False),
        ("User-agent: *\nDisallow: /*.jpeg$", "/a/b.jpeg", False),
        ("User-agent: *\nDisallow: /*.jpeg$", "/a/b.jpeg?x", True),
        ("User-agent: *\nDisallow: /search?*q=", "/search?lang=us&q=COVID", False),
        ("User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /x", "/cases/1", True),
        ("User-agent: cxrkit\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", True),
        ("User-agent: one\nUser-agent: CXRKIT/1.0\nDisallow: /a # comment", "/a", False),
        ("User-agent: *\nDisallow: /caf%C3%A9", "/café", False),
        ("User-agent: *\nDisallow: /same\nAllow: /same", "/same", True),
        ("User-agent: *\nDisallow: /*a*b*c", "/xaxbxc", False),
        ("<html>nothing</html>", "/a", True),
        ("Disallow: /", "/a", True),
    ],
)
def test_robots_rules(text, path, allowed):
    assert robots.parse(text, "cxrkit").allows("https://x.test" + path) is allowed


@given(st.text(alphabet="/ab*$", min_size=1, max_size=12), st.text(alphabet="/ab", max_size=14))
def test_pattern_matching_is_that_of_the_regular_expression(pattern, path):
    import re

    anchored = pattern.endswith("$")
    expected = re.match(".*".join(map(re.escape, pattern.removesuffix("$").split("*"))) + (r"\Z" if anchored else ""), path)
    assert robots.matches(pattern, path) == bool(expected)
