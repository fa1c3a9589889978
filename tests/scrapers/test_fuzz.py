"""Mutated pages of both sites: no crash, no hang, no path outside the store."""

import json
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cxrkit.data.readers.collected import SAVED
from cxrkit.errors import BadInput, CxrkitError
from scrapers import saved
from scrapers.intake import Intake, Outcome
from scrapers.sites import prose, radiopaedia, sirm, viewer
from scrapers.sites.cases import combine, safe_name, with_questions
from scrapers.sites.site import SITES
from scrapers.store import Store
from tests.standins import radiopaedia as rad
from tests.standins import sirm as sir
from tests.standins.web import film

R = rad.Case(3, 2020, views=("Frontal", "Lateral"))
SEEDS = {
    "case": [rad.Case(3, form, views=("Frontal", "Lateral")).page().encode() for form in (2020, 2023, 2026)],
    "viewer": [json.dumps(R.stacks()).encode(), json.dumps(R.annotated()).encode(), R.fullscreen().encode()],
    "post": [
        sir.Case(40).page().encode(),
        sir.Case(85, ["Paziente 1: donna di 60 anni.", "RX.", "a.jpeg", "Paziente 2: uomo di 2 anni.", "TC", "b.png"]).page().encode(),
    ],
    "posts": [
        json.dumps(
            [
                {
                    "link": "https://www.sirm.org/2020/03/11/covid-19-caso-9/",
                    "title": {"rendered": "x"},
                    "content": {"rendered": sir.Case(9).body()},
                }
            ]
        ).encode()
    ],
    "listing": [
        b'<a class="search-result search-result-case" href="/cases/covid-19-1"></a><a class="next_page" rel="next" href="/x?page=2">n</a>'
    ],
}
NASTY = [
    b"<",
    b">",
    b'"',
    b"'",
    b"<!--",
    b"-->",
    b"]]>",
    b"\0",
    b"\xff\xfe",
    b"&#x110000;",
    b"&#0;",
    b"../../../",
    b"%2e%2e%2f",
    b"/etc/passwd.jpeg",
    b"<div>" * 300,
    b"</div>" * 50,
    b"{" * 200,
    b"null",
    b"[]",
    b"-1e999",
    b"<script>",
    b"<img src=//x/y.png>",
    b"http://[::1",
    b'data-study-id="99999999999999999999"',
    "paziente di anni 999 à €".encode(),
    b"\x1b[31m",
]


@st.composite
def mutated(draw, kind):
    content = draw(st.sampled_from(SEEDS[kind]))
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(content)))
        cut = draw(st.sampled_from([0, 0, 1, 5, 40, 400]))
        put = draw(st.one_of(st.sampled_from(NASTY), st.binary(max_size=12), st.just(content[at : at + 60])))
        content = content[:at] + put + content[at + cut :]
    return content


def survives(parse, content):
    """parse(content) ends in time with a result or BadInput."""
    start = time.monotonic()
    try:
        result = parse(content)
    except BadInput:
        result = None
    assert time.monotonic() - start < 5
    return result


FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
URLS = st.sampled_from(
    [
        "https://radiopaedia.org/cases/covid-19-pneumonia-3",
        "https://www.sirm.org/2020/03/11/covid-19-caso-40/",
        "",
        "http://[",
        "/x",
        "https://radiopaedia.org/cases/../../etc",
    ]
)


def test_a_page_that_the_parser_rejects_is_bad_input():
    with pytest.raises(BadInput, match="markup is broken: .*expected name token"):
        radiopaedia.case_page(b"<![]DOCTYPE html><html></html>", "https://radiopaedia.org/cases/x")


@FUZZ
@given(mutated("case"), mutated("viewer"), URLS)
def test_radiopaedia(page, data, url):
    case = survives(lambda content: radiopaedia.case_page(content, url), page)
    viewed = survives(lambda content: viewer.read(content, "80006"), data)
    if case and viewed:
        case = viewer.joined(case, viewed)
    if case:
        json.dumps(asdict(with_questions(combine([case, case]))))
        for study in case.studies:
            assert all(url.startswith(("https://", "http://")) for url in viewer.urls(study, case.key))


@FUZZ
@given(mutated("post"), mutated("posts"), URLS)
def test_sirm(page, posts, url):
    case = survives(lambda content: sirm.case_page(content, url), page)
    survives(sirm.wordpress, posts)
    if case:
        json.dumps(asdict(with_questions(combine([case, case]))))


@FUZZ
@given(mutated("listing"), URLS)
def test_listings(page, url):
    for parser in SITES.values():
        survives(lambda content, parser=parser: parser.listing(content, url), page)


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=400)
    | st.lists(
        st.sampled_from(["RX ", "TC ", "paziente ", "di anni ", "53 ", "non ", "eseguita ", "a letto ", ", ", ". ", "da ", "padre "]),
        max_size=200,
    ).map("".join)
)
def test_prose(text):
    for function in (
        prose.modality,
        prose.view,
        prose.age,
        prose.sex,
        prose.two_views,
        prose.two_patients,
        prose.patient_marks,
        prose.ages,
    ):
        function(text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(["case", "post", "viewer", "posts"]).flatmap(lambda kind: st.tuples(st.just(kind), mutated(kind))))
def test_no_path_outside_the_store(tmp_path_factory, drawn):
    kind, content = drawn
    top = tmp_path_factory.mktemp("fuzz")
    (top / "in").mkdir()
    (top / "in" / ("page.html" if kind in ("case", "post") else "data_80006.json")).write_bytes(content)
    cases, _ = saved.read(top / "in")
    store = Store(top / "store")
    for one in cases:
        try:
            Intake(store, [], lambda: 1.8e9, Outcome(one.case.site), SAVED).take(one.case, lambda urls: (film(), "x", ""))
        except CxrkitError:
            pass
    outside = [path for path in top.rglob("*") if not path.is_relative_to(top / "in") and not path.is_relative_to(top / "store")]
    assert not outside
    for path in (top / "store").rglob("*"):
        assert path.resolve().is_relative_to((top / "store").resolve()) and len(path.relative_to(top / "store").parts) <= 4


@given(st.text(max_size=300), st.text(max_size=300))
def test_names_are_plain_and_different(one, two):
    for text in (one, two):
        name = safe_name(text)
        assert name and Path(name).name == name and name not in (".", "..") and len(name) < 80
    assert (safe_name(one) == safe_name(two)) == (one == two)


def test_pages_that_would_take_the_html_parser_minutes_are_refused_at_once():
    for content in (b"<a " * 200_000, b"<!--" * 200_000, b"<div>" * 100_000, b'<a href="' * 100_000, b"&" * 1_000_000, b"<p" * 400_000):
        survives(lambda c: radiopaedia.case_page(c, ""), content)
        survives(lambda c: sirm.case_page(c, "https://www.sirm.org/covid-19-caso-1/"), content)
    survives(viewer.read, json.dumps({"study": {"id": 1, "modality": "X-ray", "findings": "<a " * 200_000}}).encode())
