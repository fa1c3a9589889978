"""robots.txt in every form in which rules might be lost, against RFC 9309; and one deadline over a whole exchange."""

import socket
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from scrapers import settings
from scrapers.web import addresses, robots
from scrapers.web.cache import Cache
from scrapers.web.door import Door
from scrapers.web.refusals import HostStopped, NoAnswer, NotAllowed
from tests.standins.web import Page, Web

ALL = "User-agent: *\nDisallow: /\n"
TWO = "User-agent: *\n{}\nUser-agent: other\nDisallow: /\n"

# text, path, whether it may be asked for
RULES = {
    "a byte-order mark": ("\ufeff" + ALL, "/a", False),
    "old Mac line ends": (ALL.replace("\n", "\r"), "/a", False),
    "a sitemap between two agents": (TWO.format("Sitemap: https://x.test/s.xml"), "/a", False),
    "an unknown line between two agents": (TWO.format("Host: x.test"), "/a", False),
    "a delay between two agents": (TWO.format("Crawl-delay: 5"), "/a", False),
    "a comment between two agents": (TWO.format("# and"), "/a", False),
    "a sitemap between agent and rule": ("User-agent: *\nSitemap: x\nDisallow: /\n", "/a", False),
    "an empty line between agent and rule": ("User-agent: *\n\nDisallow: /\n", "/a", False),
    "two groups of ours": ("User-agent: cxrkit\nDisallow: /a\nUser-agent: x\nAllow: /\nUser-agent: cxrkit\nDisallow: /b\n", "/b", False),
    "two groups of all": ("User-agent: *\nDisallow: /a\nUser-agent: x\nAllow: /\nUser-agent: *\nDisallow: /b\n", "/b", False),
    "a group of ours that allows": ("User-agent: *\nDisallow: /\nUser-agent: cxrkit\nDisallow: /b\n", "/a", True),
    "ours with a version": ("User-agent: CXRkit/2.0\nDisallow: /\n", "/a", False),
    "a name that begins like ours": ("User-agent: cxrkit-images\nDisallow: /\nUser-agent: *\nAllow: /\n", "/a", True),
    "the beginning of our name": ("User-agent: cxr\nDisallow: /\nUser-agent: *\nAllow: /\n", "/a", True),
    "no colons": ("User-agent *\nDisallow /\n", "/a", False),
    "a key of two words": ("User agent: *\nDisallow: /\n", "/a", False),
    "spaces before colons": ("User-agent : *\nDisallow : /\n", "/a", False),
    "a reserved sign that is escaped": ("User-agent: *\nDisallow: /a%2fb\n", "/a/b", True),
    "the same sign in the address": ("User-agent: *\nDisallow: /a%2fb\n", "/a%2Fb", False),
    "a plain sign that is escaped": ("User-agent: *\nDisallow: /%61\n", "/a", False),
    "an umlaut": ("User-agent: *\nDisallow: /ü\n", "/%c3%bc", False),
    "a star that is escaped": ("User-agent: *\nDisallow: /a%2Ab\n", "/axb", True),
    "a star in the address": ("User-agent: *\nDisallow: /a%2Ab\n", "/a*b", False),
    "a dollar within a rule": ("User-agent: *\nDisallow: /a$b\n", "/a$b", False),
    "no line end of RFC 9309": ("User-agent: *\nDisallow: /q\u2028Allow: /\nDisallow: /a\n", "/a", False),
    "a rule at the end of 600 kB": ("#" + "x" * 600_000 + "\n" + ALL, "/a", False),
    "the longest rule": ("User-agent: *\nAllow: /p\nDisallow: /\n", "/page", True),
    "robots.txt itself": (ALL, "/robots.txt", True),
}


@pytest.mark.parametrize("text, path, allowed", RULES.values(), ids=RULES)
def test_no_rule_is_lost(text, path, allowed):
    assert robots.parse(text, "cxrkit").allows("https://x.test" + path) is allowed


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encodings_of_robots_txt(encoding):
    assert not robots.parse(robots.decode(ALL.encode(encoding)), "cxrkit").allows("https://x.test/a")


def door_to(web, folder, **changes):
    values = {"interval": 0.0, "timeout": 0.02, "allow_loopback": True, "contact": "tester@hospital.test", **changes}
    clock = [1.8e9]
    sleep = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
    site = settings.Site("sirm", {"www.sirm.org": web.origin}, (), **values)
    return Door(site, Cache(Path(folder) / "cache"), clock=lambda: clock[0], sleep=sleep, random=lambda: 0.5)


@pytest.mark.parametrize("body", [ALL.encode("utf-16"), b"\xef\xbb\xbf" + ALL.encode()])
def test_the_door_obeys_them(tmp_path, body):
    with Web() as web:
        web.pages |= {"/robots.txt": Page(body, "text/plain"), "/a": Page("<p>a</p>")}
        with pytest.raises(NotAllowed, match="robots.txt disallows"):
            door_to(web, tmp_path, timeout=5.0).page("https://www.sirm.org/a")
        assert "/a" not in web.requests


def test_a_page_in_place_of_robots_txt_closes_the_host(tmp_path):
    with Web() as web:
        web.pages |= {"/robots.txt": Page("<!DOCTYPE html><title>Welcome</title>"), "/a": Page("<p>a</p>")}
        with pytest.raises(HostStopped, match="is a page"):
            door_to(web, tmp_path, timeout=5.0).page("https://www.sirm.org/a")


# -- one deadline over the whole exchange ---------------------------------------------------------------


@contextmanager
def server(talk):
    """A server that speaks to every connection as `talk(connection, stop)` does, until the block ends."""

    class Raw:
        origin = ""

    listening, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()
    Raw.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=lambda c=connection: quietly(talk, c, stop), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield Raw
    finally:
        stop.set()
        listening.close()


def quietly(talk, connection, stop):
    try:
        connection.recv(4096)
        talk(connection, stop)
    except OSError:
        pass
    finally:
        connection.close()


def endless(first, part):
    def talk(connection, stop):
        connection.sendall(first)
        while not stop.wait(0.002):
            connection.sendall(part)

    return talk


DRIPS = {
    "a status line": endless(b"HTTP/1.1 200 ", b"O"),
    "one header": endless(b"HTTP/1.1 200 OK\r\n", b"X"),
    "100 Continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body with a length": endless(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b"x"),
    "a body without one": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunks": endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
}


@pytest.mark.parametrize("talk", DRIPS.values(), ids=DRIPS)
def test_an_answer_that_never_ends_is_given_up(tmp_path, talk):
    with server(talk) as web:
        door = door_to(web, tmp_path)
        door._rules[web.origin] = robots.Rules()
        done = []

        def ask():
            try:
                done.append(door.page("https://www.sirm.org/a"))
            except NoAnswer as error:
                done.append(error.what)

        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(30)
        late = "the answer took longer than 0.2 s.", "it did not answer in time."  # the second where this machine is the slow one
        assert done in [[f"No usable answer after 4 requests: {words}"] for words in late]


def test_an_exchange_that_ends_in_time_is_left_alone(tmp_path):
    with Web() as web:
        web.pages |= {"/robots.txt": Page("", "text/plain"), "/a": Page("<p>a</p>"), "/b": Page("<p>b</p>")}
        door = door_to(web, tmp_path, timeout=5.0)
        assert [door.page(f"https://www.sirm.org/{name}").body for name in "ab"] == [b"<p>a</p>", b"<p>b</p>"]
        assert not door.exchange._handles and not door.exchange.expired.is_set()


@pytest.mark.parametrize(
    "address", ["fec0::1", "feff::1", "3fff::1", "192.0.0.8", "168.63.129.16", "fe80::1", "fd00::1", "::ffff:10.0.0.1"]
)
def test_addresses_that_are_not_public(address):
    assert not addresses.allowed(address, allow_loopback=True)
