"""Radiopaedia's parsers on pages of our own, written after the structures of 2020, 2023 and 2026."""

import json

import pytest

from cxrkit.errors import BadInput
from scrapers.sites import radiopaedia, viewer
from tests.standins.radiopaedia import IMAGES, Case

URL = "https://radiopaedia.org/cases/covid-19-pneumonia-5"


@pytest.mark.parametrize("form", [2020, 2023, 2026])
def test_every_form_gives_the_same_case(form):
    case = radiopaedia.case_page(Case(5, form).page().encode(), URL)
    assert (case.key, case.title, case.age.value, case.sex.value) == ("75005", "COVID-19 pneumonia 5", "60", "M")
    assert case.finding.value == "COVID-19" and case.finding.evidence
    assert "80010" in {study.key for study in case.studies} and "99999" not in {study.key for study in case.studies}
    assert case.doi == "https://doi.org/10.53347/rID-75005" and case.licence.value == "CC BY-NC-SA 3.0"
    assert case.credit == "Case courtesy of Dr Ada Test, Radiopaedia.org, rID: 75005"
    assert case.age.evidence and case.sex.evidence


def test_2020_facts_and_places():
    case = radiopaedia.case_page(Case(5, 2020).page().encode(), URL)
    assert case.certainty == "Diagnosis almost certain" and case.presentation == "Fever and cough." and case.discussion == "PCR positive."
    assert case.published == "15 Apr 2020" and case.tags == ("covid-19",)


def test_findings_stay_with_their_study():
    """The CT study comes first and has no findings; parallel lists would give it the X-ray's."""
    case = radiopaedia.case_page(Case(5, 2020, findings="AP supine film with opacities.").page().encode(), URL)
    by_key = {study.key: study for study in case.studies}
    assert (by_key["80011"].modality, by_key["80011"].findings) == ("CT", "")
    assert (by_key["80010"].modality, by_key["80010"].findings) == ("X-ray", "AP supine film with opacities.")


def test_all_three_viewer_forms_give_the_full_size_of_every_film():
    case = Case(5, views=("Frontal", "Lateral"))
    for content in (json.dumps(case.stacks()), case.fullscreen(), json.dumps(case.annotated())):
        shown = viewer.read(content.encode(), case.study)
        assert [film.view.value for film in shown.films] == ["frontal-unspecified", "lateral"]
        for position, film in enumerate(shown.films):
            number, name = case.image(position)
            assert film.key == number and film.image_urls[0] == f"{IMAGES}/{number}/{name}.jpeg"
            assert film.modality.value == "X-ray" and film.confidence == "exact"


def test_modality_is_the_field_and_never_the_title():
    case = radiopaedia.case_page(Case(5, 2026, title="COVID-19 pneumonia on chest X-ray").page().encode(), URL)
    shown = viewer.read(json.dumps(Case(5).annotated(Case(5).ct_study)).encode())
    assert not shown.films and not viewer.joined(case, shown).films
    mixed = [{"modality": "x-ray", "images": [{"id": 1, "public_filename": f"{IMAGES}/1/a.jpeg"}]}]
    assert not viewer.read(json.dumps(mixed).encode(), "1").films


@pytest.mark.parametrize(
    "findings, view",
    [
        ("AP supine radiograph.", "AP supine"),
        ("Portable chest x-ray.", "AP"),
        ("Chest radiograph, PA view.", "PA"),
        ("Opacities.", "frontal-unspecified"),
        ("Normal lateral film.", "frontal-unspecified"),
    ],
)
def test_frontal_is_pa_or_ap_only_where_the_words_say_so(findings, view):
    films = viewer.read(json.dumps(Case(5, findings=findings, views=("Frontal", "Lateral")).annotated()).encode()).films
    assert [film.view.value for film in films] == [view, "lateral"]
    assert films[0].view.evidence


def test_the_page_s_modality_and_findings_serve_a_viewer_without_them():
    case = radiopaedia.case_page(Case(5, 2020, findings="AP film.").page().encode(), URL)
    stacks = Case(5).stacks()
    del stacks[0]["modality"]
    film = viewer.joined(case, viewer.read(json.dumps(stacks).encode(), Case(5).study)).films[0]
    assert (film.modality.value, film.confidence, film.view.value) == ("X-ray", "exact", "AP")


def test_frames_and_files_that_do_not_match_are_named_not_guessed():
    value = Case(5).annotated()
    value["study"]["series"][0]["frames"].append({"id": 9})
    films = viewer.read(json.dumps(value).encode()).films
    assert len(films) == 2 and all("not known which" in film.note and not film.image_urls for film in films)


def test_series_without_encodings_are_kept_as_a_film_that_cannot_be_fetched():
    value = Case(5).annotated()
    value["study"]["series"].append({"perspective": "Frontal", "frames": [{"id": 77}]})
    films = viewer.read(json.dumps(value).encode()).films
    assert len(films) == 2 and films[1].note


@pytest.mark.parametrize("name", ["../../x.jpeg", "a b.jpeg", "%2e%2e%2fx.jpeg", ".hidden.jpeg"])
def test_a_file_name_that_is_no_plain_name_is_not_taken(name):
    value = [{"modality": "X-ray", "images": [{"id": 1, "public_filename": f"{IMAGES}/1/{name}"}]}]
    film = viewer.read(json.dumps(value).encode(), "1").films[0]
    assert not any("/.hidden" in url or " " in url for url in film.image_urls)


@pytest.mark.parametrize(
    "title, finding",
    [
        ("COVID-19 pneumonia", "COVID-19"),
        ("2019-nCoV pneumonia", "COVID-19"),
        ("2019 nCoV", "COVID-19"),
        ("Progression of SARS-CoV-2 infection", "COVID-19"),
        ("Lobar pneumonia", "Lobar pneumonia"),
    ],
)
def test_the_finding_is_the_title_s(title, finding):
    html = Case(5, 2026, title=title).page()
    assert radiopaedia.case_page(html.encode(), URL).finding.value == finding


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Pneumonia mimicking COVID-19",
            "Not COVID-19",
            "COVID-19?",
            "COVID-19 vaccine-related adenopathy",
            "Post-COVID fibrosis",
            "COVID toe",
        ),
        *("Normal chest after recovery from COVID-19", "Long COVID", "Previous COVID-19 infection", "Pneumothorax in the COVID-19 era"),
    ],
)
def test_a_doubtful_finding_is_asked_about(title):
    case = radiopaedia.case_page(Case(5, 2026, title=title).page().encode(), URL)
    assert not case.finding and case.questions[0].field == "finding"


@pytest.mark.parametrize(
    "age, value", [("60 years", "60"), ("8 months", "8 months"), ("3 weeks", "3 weeks"), ("Adult", "Adult"), ("5 days", "5 days")]
)
def test_ages(age, value):
    assert radiopaedia.case_page(Case(5, age=age).page().encode(), URL).age.value == value


def test_sex_is_blank_where_the_site_says_none():
    assert not radiopaedia.case_page(Case(5, sex="").page().encode(), URL).sex


def test_listing():
    html = '<a class="search-result search-result-case" href="/cases/covid-19-28?lang=us"></a><a class="x search-result-case search-result" href="/cases/covid-pneumonia-and-recovery"></a><a href="/cases/not-a-result"></a>'
    more = '<a class="next_page" rel="next" href="/search?q=COVID-19&page=2">n</a>'
    found = radiopaedia.listing((html + more).encode(), "https://radiopaedia.org/search?q=COVID-19")
    assert found.cases == ("https://radiopaedia.org/cases/covid-19-28", "https://radiopaedia.org/cases/covid-pneumonia-and-recovery")
    assert found.next == "https://radiopaedia.org/search?q=COVID-19&page=2"
    assert not radiopaedia.listing((html + more.replace("next_page", "next_page disabled")).encode(), "https://radiopaedia.org/search").next
    assert (
        radiopaedia.listing(b"<p>No results were found with these refinement filters applied.</p>", "https://radiopaedia.org/search").cases
        == ()
    )
    with pytest.raises(BadInput, match="lists no case"):
        radiopaedia.listing(b"<p>something else</p>", "https://radiopaedia.org/search")


@pytest.mark.parametrize("content", [b"", b"<html>", b"<title>Just a page</title>", b"\x00\xff\xfe", b"<h1 class='header-title'></h1>"])
def test_what_is_no_case_page_is_said_to_be_none(content):
    with pytest.raises(BadInput):
        radiopaedia.case_page(content, "")


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 5000, b'{"study": 3}', b"var stackedImages = [;", b"\xff\xfe"])
def test_what_is_no_viewer_data_is_said_to_be_none(content):
    with pytest.raises(BadInput):
        viewer.read(content)


def test_a_tag_does_not_outweigh_a_doubtful_title():
    case = radiopaedia.case_page(Case(5, 2020, title="Vaccine-related adenopathy").page().encode(), URL)
    assert case.tags == ("covid-19",) and not case.finding and case.questions[0].field == "finding"


@pytest.mark.parametrize("link", ["/tags/covid-19", "https://radiopaedia.org/tags/covid-19?lang=us"])
def test_tags_by_either_kind_of_link(link):
    html = Case(5, 2020, title="Viral pneumonia").page().replace('href="/tags/covid-19"', f'href="{link}"')
    case = radiopaedia.case_page(html.encode(), URL)
    assert case.tags == ("covid-19",) and case.finding.value == "COVID-19"


def test_an_abdomen_film_is_no_chest_film():
    value = Case(5).annotated()
    value["study"]["caption"] = "Abdomen"
    [film] = viewer.read(json.dumps(value).encode()).films
    assert (film.modality.value, film.confidence) == ("other", "stated")


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_a_null_among_the_viewer_s_files_shifts_nothing(gap):
    value = Case(5).annotated()
    files = [{"original": f"film{n}.jpeg"} if n != gap else None for n in range(3)]
    value["study"]["series"] = [
        {"perspective": "Frontal", "frames": [{"id": n} for n in (7, 8, 9)], "encodings": {"thumbnailed_files": files}}
    ]
    films = viewer.read(json.dumps(value).encode()).films
    assert [film.image_urls for film in films] == [(f"{IMAGES}/{n + 7}/film{n}.jpeg",) if n != gap else () for n in range(3)]
    assert [bool(film.note) for film in films] == [n == gap for n in range(3)]


def test_an_author_whom_only_a_script_names():
    html = Case(5, 2026, author="").page().replace("<main>", '<main><script>var c = {"contributor_login":"adatest"};</script>')
    assert radiopaedia.case_page(html.encode(), URL).credit == "Case courtesy of adatest, Radiopaedia.org, rID: 75005"
