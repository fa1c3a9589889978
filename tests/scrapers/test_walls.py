"""A page is a case by what a case has: whatever wall, error or list comes with status 200 changes no record and stops the host."""

import gzip
import json
import shutil

import pytest
import yaml

from cxrkit.errors import run_command
from scrapers import saved
from scrapers.__main__ import main
from scrapers.refresh import refresh
from scrapers.settings import DEFAULTS
from scrapers.sites import radiopaedia, sirm
from scrapers.sites.cases import NotACase
from tests.standins import radiopaedia as rad
from tests.standins import sirm as sir
from tests.standins.web import Page, address_mark

WALLS = {
    "a bot wall": "<html><head><title>One moment, please</title></head><body><h1>Your request is being verified</h1><form id='f'></form></body></html>",
    "an interruption": "<html><head><title>Pardon the interruption</title></head><body>Something about your browser made us wonder.</body></html>",
    "a script alone": "<html><head><script>window.challenge = 1;</script></head></html>",
    "a wall in German": "<html><head><title>Nur einen Moment</title></head><body></body></html>",
    "a log-in": "<html><head><title>Log in | Radiopaedia.org</title><meta name='author' content='Radiopaedia'></head><body><h1 class='header-title'>Log in</h1></body></html>",
    "maintenance": "<html><head><title>Sito in manutenzione</title></head><body><article><h1 class='entry-title'>Torniamo presto</h1><div class='td-post-content'><p>Il sito è in manutenzione fino alle 18 di oggi.</p></div></article></body></html>",
    "not found": "<html><head><title>Page not found | Radiopaedia.org</title></head><body><h1>Sorry, this page is not there</h1></body></html>",
    "a search": "<html><head><title>COVID-19 | Search | Radiopaedia.org</title></head><body><h1>Search</h1><a class='search-result search-result-case' href='/cases/covid-19-28'>x</a></body></html>",
    "nothing": "",
}
RAD_URL, SIR_URL = "https://radiopaedia.org/cases/covid-19-pneumonia-5", "https://www.sirm.org/2020/03/11/covid-19-caso-40/"


@pytest.mark.parametrize("wall", WALLS.values(), ids=WALLS)
def test_a_wall_is_no_case_of_either_site(tmp_path, wall):
    for parser, url in ((radiopaedia, RAD_URL), (sirm, SIR_URL)):
        for content in (wall, f"<p>{wall}</p>"):
            with pytest.raises(NotACase):
                parser.case_page(content.encode(), url)
    for number, url in enumerate((RAD_URL, SIR_URL)):
        (tmp_path / f"{number}.html").write_text(address_mark(url) + wall)
    cases, unused = saved.read(tmp_path)
    assert not cases and len(unused) == 2


def test_a_case_of_two_rids_is_none():
    html = rad.Case(5).page().replace("</head>", "<meta name='dc.identifier' content='rID-75099'></head>")
    with pytest.raises(NotACase, match="several rIDs"):
        radiopaedia.case_page(html.encode(), RAD_URL)


class Crawl:
    """A store filled from one of the stand-ins, to be crawled again after the site has changed."""

    def __init__(self, folder, web, module):
        self.folder, self.web, self.site = folder, web, module.__name__.rpartition(".")[2]
        value = {"sites": {self.site: module.settings(web, max_age_days=0)}}
        (folder / "s.yaml").write_text(yaml.safe_dump(value))

    def again(self, *options):
        """(exit code, number of requests) of one more crawl."""
        before = len(self.web.requests)
        command = [
            "refresh",
            "--store",
            str(self.folder / "store"),
            "--settings",
            str(self.folder / "s.yaml"),
            "--crawl",
            self.site,
            *options,
        ]
        return run_command(lambda: main(command)), len(self.web.requests) - before

    def records(self):
        return {path: json.loads(path.read_text()) for path in sorted((self.folder / "store" / self.site).glob("*/record.json"))}

    def report(self):
        return json.loads((self.folder / "store/refresh.json").read_text())["sites"][self.site]


@pytest.fixture(params=[rad, sir], ids=["radiopaedia", "sirm"])
def crawl(request, tmp_path):
    module = request.param
    made = [module.Case(n) for n in range(2, 9)]
    with module.site(made) as web:
        found = Crawl(tmp_path, web, module)
        assert found.again()[0] == 0 and len(found.records()) == 7
        found.paths = [f"/cases/{case.slug}" if module is rad else case.path for case in made]
        yield found


@pytest.mark.parametrize("wall", ["a bot wall", "maintenance", "a log-in"])
def test_a_wall_changes_no_record_and_stops_the_host(crawl, wall):
    before = crawl.records()
    for path in crawl.paths:
        crawl.web.pages[path] = Page(WALLS[wall])
    code, requests = crawl.again()
    assert code == 4 and crawl.records() == before
    assert "it may be a wall" in crawl.report()["stopped"] and requests < 8 and len(crawl.report()["left"]) >= 5


def test_walls_that_differ_stop_the_host_after_three(crawl):
    before = crawl.records()
    for number, path in enumerate(crawl.paths):
        crawl.web.pages[path] = Page(WALLS["a bot wall"].replace("verified", f"verified, number {number}"))
    assert crawl.again()[0] == 4 and crawl.records() == before
    assert "3 pages in a row" in crawl.report()["stopped"]


def test_a_wall_is_not_remembered_as_the_page(crawl):
    good = {path: crawl.web.pages[path] for path in crawl.paths}
    for path in crawl.paths:
        crawl.web.pages[path] = Page(WALLS["a bot wall"])
    crawl.again()
    crawl.web.pages |= good
    assert crawl.again()[0] == 0 and crawl.report()["unchanged"] == 7


def test_a_dry_run_forgets_no_page(crawl):
    before = {path: path.read_bytes() for path in (crawl.folder / "store").rglob("*.gz")}
    for path, content in before.items():
        if b"html" in gzip.decompress(content).partition(b"\n")[0]:
            path.write_bytes(gzip.compress(gzip.decompress(content).partition(b"\n")[0] + b"\n<p>a wall</p>"))
    walled = {path: path.read_bytes() for path in before}
    crawl.again("--dry-run")
    assert {path: path.read_bytes() for path in (crawl.folder / "store").rglob("*.gz")} == walled


def test_one_page_that_is_no_case_costs_one_case(crawl):
    crawl.web.pages[crawl.paths[5]] = Page(WALLS["not found"])
    code, _ = crawl.again()
    assert code == 0 and crawl.report()["unchanged"] == 6 and len(crawl.report()["refused"]) == 1


def test_one_case_under_every_address_stops_the_host(crawl):
    before = crawl.records()
    for path in crawl.paths[1:]:
        crawl.web.pages[path] = crawl.web.pages[crawl.paths[0]]
    assert crawl.again()[0] == 4 and "the same page" in crawl.report()["stopped"]
    kept = lambda records: {path: (record["key"], record["author"], record["age"], record["url"]) for path, record in records.items()}
    assert kept(crawl.records()) == kept(before)


@pytest.mark.parametrize("header", [{"x-amzn-waf-action": "challenge"}, {"sg-captcha": "challenge"}, {"x-mark": "challenge"}, {}])
def test_a_202_stops_the_host(crawl, header):
    before = crawl.records()
    for path in crawl.paths:
        crawl.web.pages[path] = Page("<html></html>", status=202, headers=header)
    code, requests = crawl.again()
    assert code == 4 and crawl.records() == before and requests < 8


@pytest.mark.parametrize("crawl", [rad], indirect=True)
def test_pages_in_place_of_pictures_stop_the_host(crawl, tmp_path):
    for path in [path for path in crawl.web.pages if path.startswith("/images/")]:
        crawl.web.pages[path] = Page(WALLS["a bot wall"])
    shutil.rmtree(tmp_path / "store/radiopaedia")
    code, _ = crawl.again()
    assert code == 4 and sum("/images/" in path for path in crawl.web.requests) <= 7 + 3


def test_a_reading_that_loses_everything_is_a_question(tmp_path):
    case = rad.Case(1, 2020, ct=False)
    rad.save(tmp_path / "in", case)
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    path = tmp_path / "store/radiopaedia/75001/record.json"
    before = json.loads(path.read_text())
    (tmp_path / "new").mkdir()
    empty = f"<meta name='dc.identifier' content='rID-75001'><h1 class='header-title'>Sorry</h1><section id='study-{case.study}'></section>"
    (tmp_path / "new/p.html").write_text(address_mark(f"https://radiopaedia.org/cases/{case.slug}") + empty)
    report, _ = refresh(tmp_path / "store", DEFAULTS, [tmp_path / "new"])
    after = json.loads(path.read_text())
    assert [question["field"] for question in after.pop("questions")] == ["reading"]
    assert after == {name: value for name, value in before.items() if name != "questions"}
    assert any("has lost title, author and all films" in refusal.why for refusal in report.sites["radiopaedia"].refused)
    rows = (tmp_path / "store/review.csv").read_text().replace(",,\n", ",replace,Dr R\n")
    (tmp_path / "store/review.csv").write_text(rows)
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "new"])
    assert json.loads(path.read_text())["title"] == "Sorry"
