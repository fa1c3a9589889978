"""SIRM's parser on posts of our own in the documented style."""

import json

import pytest

from cxrkit.errors import BadInput
from scrapers.sites import sirm
from scrapers.sites.cases import combine, with_questions
from tests.standins.sirm import Case

URL = "https://www.sirm.org/2020/03/11/covid-19-caso-40/"


def parsed(*parts, number=40, **options):
    case = Case(number, list(parts), **options)
    return sirm.case_page(case.page().encode(), "https://www.sirm.org" + case.path)


def kinds(case):
    return [(film.modality.value, film.confidence) for film in case.films]


def test_a_post_with_a_film_and_a_slice():
    case = sirm.case_page(Case(40).page().encode(), URL)
    assert (case.key, case.age.value, case.sex.value, case.published) == ("40", "70", "M", "2020-03-11")
    assert kinds(case) == [("X-ray", "stated"), ("CT", "stated")]
    film = case.films[0]
    assert film.view.value == "AP supine" and "RX torace" in film.modality.evidence
    assert film.image_urls[0] == "https://www.sirm.org/wp-content/uploads/2020/03/foto-40-a.jpeg"
    assert not case.licence and "Rossi Maria" in case.credit and case.author == "Rossi Maria, Bianchi Luca"
    assert not with_questions(case).questions


def test_pictures_outside_the_post_are_not_its_films():
    assert len(sirm.case_page(Case(40).page().encode(), URL).films) == 2


@pytest.mark.parametrize(
    "path, key",
    [
        ("/2020/03/03/covid19-caso-2/", "2"),
        ("/2020/05/20/covid-19-caso-92-mini-review-pediatrica/", "92"),
        ("/en/2020/03/31/covid-19-case-5/", "5"),
    ],
)
def test_the_case_number_is_the_key(path, key):
    assert sirm.case_page(Case(1).page().encode(), "https://www.sirm.org" + path).key == key


def test_the_file_name_decides_only_when_it_says_rx_or_tc():
    case = parsed("Paziente di anni 50.", "RX-torace-a-letto-in-unica-proiezione-AP-1-1.jpeg", "35AF5C3B-44C8.jpeg", "TC-torace.png")
    assert kinds(case) == [("X-ray", "stated"), ("", ""), ("CT", "stated")]
    assert case.films[0].view.value == "AP supine"
    assert {(q.film, q.field) for q in with_questions(case).questions} == {(case.films[1].key, "modality")}


def test_words_that_name_both_are_a_guess_for_a_person():
    case = with_questions(parsed("RX e TC torace: addensamenti.", "a1.jpeg", "b1.jpeg"))
    assert all(confidence == "guessed" for _, confidence in kinds(case)) and len(case.questions) == 2
    assert "names both" in case.questions[0].words


def test_ground_glass_alone_decides_nothing():
    assert kinds(parsed("Addensamenti a vetro smerigliato bilaterali.", "a1.jpeg")) == [("", "")]


def test_two_pictures_after_two_projections_are_pa_and_lateral():
    case = parsed("RX torace in due proiezioni: negativo.", "a1.jpeg", "b1.jpeg")
    assert [film.view.value for film in case.films] == ["PA", "lateral"]


def test_the_sex_is_not_guessed_and_conflicting_ages_are_asked_about():
    assert not parsed("Il paziente, 47 anni, febbrile.", "RX1.jpeg").sex
    case = parsed("Donna di 60 anni.", "Riferito di 64 anni di età: uomo di 64 anni.", "RX1.jpeg")
    assert not case.age and any(q.field == "age" for q in case.questions)


def test_two_patients_with_paragraphs_of_their_own():
    case = parsed(
        "Due pazienti, marito e moglie.",
        "Paziente 1: donna di 60 anni. RX torace:",
        "RX-a.jpeg",
        "Paziente 2: uomo di 64 anni. RX torace:",
        "RX-b.jpeg",
        number=85,
    )
    assert case.patients == ("a", "b") and not case.age and not case.sex
    assert [(film.patient, film.age.value, film.sex.value) for film in case.films] == [("a", "60", "F"), ("b", "64", "M")]


def test_two_patients_that_cannot_be_distinguished_are_asked_about():
    case = with_questions(parsed("Sono marito e moglie, entrambi positivi. RX torace:", "RX-a.jpeg", "RX-b.jpeg", number=85))
    assert [q.field for q in case.questions] == ["patient", "patient"]


def test_italian_and_english_posts_are_one_case():
    italian = parsed("RX torace:", "foto.jpeg", number=5)
    english = parsed("Woman of 62 years.", "Chest X-ray:", "foto.jpeg", number=5, language="en")
    both = combine([italian, english])
    assert len(both.films) == 1 and (both.age.value, both.sex.value) == ("62", "F")
    assert combine([parsed("Uomo di 61 anni.", number=5), english]).questions


def test_lazy_pictures_captions_and_placeholders():
    html = b"""<h1>COVID-19: caso 7</h1><article class="post td-post-content"><p>TC torace e RX.</p>
    <figure class="wp-caption"><a href="/wp-content/uploads/2020/03/uno.jpg"><img src="data:image/gif;base64,AA" srcset="/wp-content/uploads/2020/03/uno-300x200.jpg 300w"></a><figcaption>RX torace PA</figcaption></figure>
    <img class="entry-thumb" src="/wp-content/themes/placeholder.png" data-img-url="/wp-content/uploads/2020/03/due-1024x768.png"><p>Figura 2: TC assiale</p><img src="/wp-content/plugins/print/printer.png"></article>"""
    case = sirm.case_page(html, "https://www.sirm.org/2020/03/05/covid-19-caso-7/")
    assert [film.image_urls[0].rpartition("/")[2] for film in case.films] == ["uno.jpg", "due.png"]
    assert kinds(case) == [("X-ray", "stated"), ("CT", "stated")] and case.films[0].view.value == "PA"


def test_equal_names_in_two_months_get_two_keys():
    html = b'<h1>COVID-19: caso 7</h1><article><p>RX torace</p><img src="/wp-content/uploads/2020/03/1.png"><img src="/wp-content/uploads/2020/04/1.png"></article>'
    keys = [film.key for film in sirm.case_page(html, "https://www.sirm.org/2020/03/05/covid-19-caso-7/").films]
    assert len(set(keys)) == 2


def test_wordpress_json():
    posts = [
        {
            "link": "https://www.sirm.org" + Case(9).path,
            "title": {"rendered": "COVID-19: caso 9"},
            "content": {"rendered": Case(9).body()},
            "date": "2020-03-05T10:00:00",
        },
        {"link": "https://www.sirm.org/about/", "content": {"rendered": ""}},
    ]
    cases, reasons = sirm.wordpress(json.dumps(posts).encode())
    assert [case.key for case in cases] == ["9"] and cases[0].published == "2020-03-05" and len(cases[0].films) == 2
    assert len(reasons) == 1 and "post 2" in reasons[0]


def test_listing_in_any_module_and_its_pages():
    html = '<div class="td_module_3 td_module_wrap"><h3 class="entry-title td-module-title"><a rel="bookmark" href="/2020/03/11/covid-19-caso-38/">x</a></h3></div><div class="td_module_19"><h3 class="entry-title"><a rel="bookmark" href="/2020/03/11/news/">y</a></h3></div><div class="page-nav td-pb-padding-side"><a class="last" href="/category/x/page/3/">3</a></div>'
    base = "https://www.sirm.org/category/x/"
    assert sirm.listing(html.encode(), base).cases == ("https://www.sirm.org/2020/03/11/covid-19-caso-38/",)
    assert sirm.listing(html.encode(), base).next == base + "page/2/"
    assert sirm.listing(html.encode(), base + "page/2/").next == base + "page/3/"
    assert sirm.listing(html.encode(), base + "page/3/").next == ""


@pytest.mark.parametrize("content", [b"", b"<html>", b"<h1>News</h1><p>RX torace</p>"])
def test_what_is_no_case_is_said_to_be_none(content):
    with pytest.raises(BadInput, match="not a COVID-19 case"):
        sirm.case_page(content, "https://www.sirm.org/about/")


def test_five_children_are_five_patients():
    parts = []
    for number in range(1, 6):
        parts += [f"CASO {number}. {'Maschio' if number % 2 else 'Femmina'} di {number + 2} anni.", "RX torace:", f"RX-{number}.png"]
    case = with_questions(parsed(*parts, number=92))
    assert case.patients == tuple("abcde") and not case.age and not case.questions
    assert [(film.patient, film.age.value, film.sex.value) for film in case.films] == [
        (mark, str(number + 2), "M" if number % 2 else "F") for number, mark in enumerate("abcde", 1)
    ]


def test_five_children_without_headings_are_asked_about_film_by_film():
    case = with_questions(parsed("Presentiamo cinque bambini.", "RX torace:", "RX-a.png", "RX-b.png", number=92))
    assert [(q.field, "5 patients: a, b, c, d, e" in q.words) for q in case.questions] == [("patient", True)] * 2


@pytest.mark.parametrize(
    "words", ["All'ingresso TC 37,9.", "Si consiglia TC.", "Non eseguita TC.", "Pregressa TC del 2015 negativa.", "Se peggiora, TC."]
)
def test_a_mention_of_ct_does_not_drop_a_film(words):
    assert kinds(parsed("Donna di 50 anni.", words, "0A1B2C3D.jpeg")) == [("", "")]


def test_a_sentence_that_only_mentions_an_examination_is_a_guess():
    assert kinds(parsed("Il quadro in entrambe le basi polmonari è compatibile con reperti di polmonite in TC.", "0A1B2C3D.jpeg")) == [
        ("CT", "guessed")
    ]


def test_an_abdomen_film_is_no_chest_film():
    assert kinds(parsed("Donna di 50 anni.", "RX addome: nulla.", "foto.jpeg", "RX torace:", "foto2.jpeg")) == [
        ("other", "stated"),
        ("X-ray", "stated"),
    ]


def test_print_buttons_are_no_films():
    html = b"""<h1>COVID-19: caso 7</h1><article class="td-post-content"><p>RX torace</p><img src="/wp-content/uploads/2020/03/a.png">
    <div class="pdfprnt-buttons"><a href="https://www.sirm.org/x/?print=pdf"><img src="./c_files/pdf.png"></a><img src="./c_files/icon.png"></div></article>"""
    assert len(sirm.case_page(html, "https://www.sirm.org/2020/03/05/covid-19-caso-7/").films) == 1


def test_a_title_of_another_number_is_asked_about():
    case = sirm.case_page(Case(41).page().encode(), URL)
    assert (case.key, case.url) == ("40", "") and [q.field for q in case.questions] == ["page"]
