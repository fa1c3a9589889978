"""Nothing is passed over in silence: whatever yields no case or film is counted, listed with its reason, and nothing read is exit 3."""

import csv
import json
import os

import pytest

from cxrkit.data.readers.collected import SAVED, Case, Film, Question
from cxrkit.errors import WrongUse
from scrapers import review, saved, store
from scrapers.refresh import refresh
from scrapers.settings import DEFAULTS
from scrapers.sites import sirm
from tests.standins import radiopaedia as rad
from tests.standins import sirm as sir
from tests.standins.web import address_mark, film

CASE = rad.Case(2, ct=False)


def listed(folder):
    """{file name: reason} of what a folder holds and cannot be used."""
    return {path.name: reason for path, reason in saved.read(folder)[1]}


@pytest.mark.parametrize(
    "name, content, words",
    [
        ("page.html.gz", b"\x1f\x8b", "unpack it first"),
        ("site.har", b"{}", "save the page itself"),
        ("site.warc", b"WARC/1.0", "save the page itself"),
        ("page.webarchive", b"bplist00", "in Chromium or Firefox"),
        ("page.pdf", b"%PDF", "save the page itself"),
        ("notes.docx", b"PK", "is no saved page"),
        ("case.php", b"<html><title>Weather</title></html>", "names no address of its own"),
        ("index", b"<!doctype html><title>Weather</title>", "names no address of its own"),
        ("scan.jpeg", film(), "belongs to no page"),
        ("empty.html", b"", "names no address of its own"),
    ],
)
def test_every_kind_of_file_that_is_of_no_use_is_listed_and_nothing_read_is_an_error(tmp_path, name, content, words):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(content)
    report, code = refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    assert code == 3 and [words in refusal.why for refusal in report.refused] == [True]


def test_an_empty_folder_is_listed(tmp_path):
    (tmp_path / "in").mkdir()
    assert refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])[1] == 3 and listed(tmp_path / "in") == {"in": "the folder is empty"}


def test_nothing_read_is_an_error_though_the_store_holds_cases(tmp_path):
    rad.save(tmp_path / "in", CASE)
    (tmp_path / "none").mkdir()
    assert [refresh(tmp_path / "store", DEFAULTS, [tmp_path / name])[1] for name in ("in", "none", "in")] == [0, 3, 0]
    assert refresh(tmp_path / "store", DEFAULTS)[1] == 0


def test_a_linked_and_a_closed_folder_are_listed(tmp_path):
    rad.save(tmp_path / "elsewhere", CASE)
    (tmp_path / "in/closed").mkdir(parents=True)
    (tmp_path / "in/linked").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "in/pipe.html")
    (tmp_path / "in/closed").chmod(0)
    try:
        found = listed(tmp_path / "in")
    finally:
        (tmp_path / "in/closed").chmod(0o700)
    assert "is not followed" in found["linked"] and found["pipe.html"] == "it is no file"
    assert os.geteuid() == 0 or "cannot be read" in found["closed"]  # root may read every folder


def test_a_page_without_a_film_is_listed(tmp_path):
    rad.save(tmp_path, CASE, form="none", picture=False)
    assert "shows no film: save the viewer's data" in listed(tmp_path)[f"{CASE.slug}.html"]


def test_a_folder_that_is_only_called_like_one_of_a_browser_is_read(tmp_path):
    rad.save(tmp_path / "my_files", CASE)
    (tmp_path / f"my_files/{CASE.slug}_files/frame.html").write_text("<title>A frame</title>")
    cases, unused = saved.read(tmp_path)
    assert [one.case.key for one in cases] == ["75002"] and not unused


def test_a_page_of_a_server_that_names_no_ending_is_read(tmp_path):
    (tmp_path / "covid-19-pneumonia-2").write_text(address_mark(f"https://radiopaedia.org/cases/{CASE.slug}") + CASE.page())
    (tmp_path / f"stacks_{CASE.study}.json").write_text(json.dumps(CASE.stacks()))
    assert [len(one.case.films) for one in saved.read(tmp_path)[0]] == [1]


def printed(*posts):
    """The print plugin's list of posts: [(title, [paragraphs and names of pictures])]."""
    image = lambda name: f'<p><img src="https://www.sirm.org/wp-content/uploads/2020/05/{name}"></p>'
    parts = [
        f'<div class="post"><div class="entry-header"><h1 class="entry-title">{title}</h1></div><div class="entry-content">'
        + "".join(image(part) if part.endswith(".png") else f"<p>{part}</p>" for part in parts)
        + "</div></div>"
        for title, parts in posts
    ]
    return f'<html><head></head><body class="pdfprnt_print ltr"><div id="content">{"<br/><hr/>".join(parts)}</div></body></html>'


LIST = "https://www.sirm.org/category/senza-categoria/covid-19/page/3/?print=print-search"
POSTS = [(f"COVID-19: caso {60 + n}", [f"Donna di {30 + n} anni.", "RX torace:", f"p{n}.png"]) for n in range(10)]


def test_every_post_of_a_print_list_is_read(tmp_path):
    (tmp_path / "list.html").write_text(address_mark(LIST) + printed(*POSTS, ("Avviso ai soci", ["Assemblea."])))
    cases, unused = saved.read(tmp_path)
    assert [(one.case.key, one.case.age.value, len(one.case.films)) for one in cases] == [(str(60 + n), str(30 + n), 1) for n in range(10)]
    assert any("Avviso ai soci" in reason for _, reason in unused)


def test_a_print_list_does_not_take_the_address_of_a_case(tmp_path):
    case = sir.Case(60, ["Donna di 30 anni.", "RX torace:", "p0.png"])
    sir.save(tmp_path / "a", case)
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "a"])
    (tmp_path / "b").mkdir()
    (tmp_path / "b/list.html").write_text(address_mark(LIST) + printed(*POSTS))
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "b"])
    record = lambda key: json.loads((tmp_path / f"store/sirm/{key}/record.json").read_text())
    assert record(60)["url"] == "https://www.sirm.org" + case.path and record(61)["url"] == LIST
    assert not sirm.case_name(LIST)


KEYS = ("1-16", "2-15", "mar-20", "marzo3", "1e5", "007", "true", "750010", "foto-40-a", "a", "rx", "inline-0a1b2c3d4e5f")
RECORD = store.updated(
    None,
    Case(
        "sirm",
        "92",
        "https://www.sirm.org/covid-19-caso-92/",
        films=tuple(map(Film, KEYS)),
        questions=tuple(Question(k, "modality") for k in KEYS),
    ),
    SAVED,
    "",
    1.8e9,
)[0]


def spreadsheet(cell):
    """What a spreadsheet makes of a cell when it opens and saves a table."""
    if cell[:1].isdigit() and not (cell.isdigit() and not cell.startswith("0") and len(cell) < 12):
        return "changed"
    return "changed" if cell in ("mar-20", "marzo3", "true") else cell


def test_a_spreadsheet_changes_no_key_of_a_film(tmp_path):
    review.write(tmp_path / "review.csv", [RECORD], [])
    rows = list(csv.DictReader((tmp_path / "review.csv").open()))
    assert {row["film"] for row in rows} >= {"film:1-16", "750010", "foto-40-a", "a"}
    with open(tmp_path / "review.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, review.COLUMNS)
        writer.writeheader()
        writer.writerows(row | {"film": spreadsheet(row["film"]), "answer": "CT", "reviewed_by": "Dr R"} for row in rows)
    answers = review.read(tmp_path / "review.csv")
    assert {answer.film for answer in answers} == set(KEYS) and not review.apply(RECORD, answers).questions


@pytest.mark.parametrize(
    "change, words",
    [
        ({"film": "16-gen"}, "no film '16-gen'"),
        ({"case": "29"}, "no case sirm '29'"),
        ({"site": "SIRM"}, ""),
        ({"field": "age", "answer": "999"}, "is no age"),
    ],
)
def test_an_answer_on_nothing_is_listed_with_its_line(tmp_path, change, words):
    sir.save(tmp_path / "in", sir.Case(92, ["Uomo di 50 anni.", "RX e TC torace.", "1-16.png"]))
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    path = tmp_path / "store/review.csv"
    [row] = csv.DictReader(path.open())
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, review.COLUMNS)
        writer.writeheader()
        writer.writerow(row | {"answer": "X-ray", "reviewed_by": "Dr R"} | change)
    report, _ = refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    said = [f"{refusal.where} {refusal.why}" for refusal in report.refused]
    assert [words in each and "line 2" in each for each in said] == ([True] if words else [])
    assert report.sites["sirm"].to_review == bool(words)


def test_a_store_that_cannot_be_written_is_reported_on_and_nothing_else(tmp_path, monkeypatch):
    rad.save(tmp_path / "in", CASE)
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    before = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()}
    monkeypatch.setattr(store.Store, "writable", False)
    report, code = refresh(tmp_path / "store", DEFAULTS)
    assert code == 0 and report.sites["radiopaedia"].cases == 1
    with pytest.raises(WrongUse, match="cannot be written"):
        refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    assert {path: path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()} == before


def test_a_list_with_no_case_of_any_site_is_an_error(tmp_path):
    rad.save(tmp_path / "in", CASE)
    refresh(tmp_path / "store", DEFAULTS, [tmp_path / "in"])
    (tmp_path / "cases.txt").write_text("https://elsewhere.test/cases/1\n")
    assert refresh(tmp_path / "store", DEFAULTS, cases=tmp_path / "cases.txt")[1] == 3
