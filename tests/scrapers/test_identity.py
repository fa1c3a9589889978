"""Whose page and whose picture it is: by the page's own address and its own src, never by a name or a mention."""

import csv
import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.data.readers import collected
from cxrkit.data.readers.collected import Case, Film, Question
from scrapers import saved
from scrapers.refresh import refresh
from scrapers.review import Answer
from scrapers.settings import DEFAULTS
from scrapers.sites import pages, radiopaedia
from scrapers.sites.cases import combine, same_keys
from tests.standins import radiopaedia as rad
from tests.standins import sirm as sir
from tests.standins.web import address_mark, film


def post(folder, number, name, picture=None, date="2020/03/11", inside=None):
    """A SIRM post with one film, as saved complete; inside: the folder of its picture, relative to the page."""
    case = sir.Case(number, ["Donna di 60 anni.", "RX torace in proiezione AP:", name], date=date)
    folder.mkdir(parents=True, exist_ok=True)
    place = f"caso-{number}_files" if inside is None else inside
    page = case.page().replace("data:image/gif;base64,R0lGOD", f"{place}/{name}" if picture else "data:image/gif;base64,R0lGOD")
    (folder / f"caso-{number}.html").write_text(address_mark("https://www.sirm.org" + case.path) + page)
    if picture:
        (folder / place).mkdir(parents=True, exist_ok=True)
        (folder / place / name).write_bytes(picture)


def pictures(folder, answers=()):
    """{(case, film): bytes or the reason why there are none} of a folder of saved pages."""
    found = {}
    for one in saved.read(folder, answers)[0]:
        for each in one.case.films:
            found[one.case.key, each.key] = one.found[each.key].read() if each.key in one.found else one.lacking[each.key]
    return found


def asked(folder, answers=()):
    """{(case, film, field): guess} of all questions."""
    return {(one.case.key, q.film, q.field): q.guess for one in saved.read(folder, answers)[0] for q in one.case.questions}


# -- pictures -------------------------------------------------------------------------------------------


def test_a_page_without_pictures_gets_none_of_another_page(tmp_path):
    post(tmp_path / "a", 61, "scan1.png")
    post(tmp_path / "b", 62, "scan1.png", film(3, 300, 300, "PNG"))
    found = pictures(tmp_path)
    assert found["62", "scan1"] == film(3, 300, 300, "PNG") and "no saved picture" in found["61", "scan1"] and not asked(tmp_path)


def test_a_picture_beside_two_pages_is_asked_about_and_serves_one(tmp_path):
    post(tmp_path, 61, "scan1.jpeg")
    post(tmp_path, 62, "scan1.jpeg")
    (tmp_path / "scan1.jpeg").write_bytes(film(4))
    assert asked(tmp_path) == {("61", "scan1", "picture"): "scan1.jpeg", ("62", "scan1", "picture"): "scan1.jpeg"}
    answers = [Answer("sirm", "61", "scan1", "picture", "yes", "Dr R"), Answer("sirm", "62", "scan1", "picture", "no", "Dr R")]
    found = pictures(tmp_path, answers)
    assert found["61", "scan1"] == film(4) and "a person found" in found["62", "scan1"] and not asked(tmp_path, answers)
    both = pictures(tmp_path, [replace(answer, answer="yes") for answer in answers])
    assert all("of 2 films" in reason for reason in both.values())


def test_a_person_s_answer_may_name_the_file(tmp_path):
    post(tmp_path / "in", 61, "scan1.jpeg")
    (tmp_path / "in/desk").mkdir()
    (tmp_path / "in/desk/photo.jpeg").write_bytes(film(5))
    (tmp_path / "secret.jpeg").write_bytes(film(6))
    name = lambda path: pictures(tmp_path / "in", [Answer("sirm", "61", "scan1", "picture", path, "Dr R")])["61", "scan1"]
    assert name("desk/photo.jpeg") == film(5)
    assert "no picture of the folder" in name("../secret.jpeg") and "no picture of the folder" in name("desk/none.jpeg")


def test_a_picture_outside_the_page_s_folder_is_asked_about_though_the_page_names_it(tmp_path):
    post(tmp_path / "site/2020", 61, "a1.jpeg", film(7), inside="../uploads")
    assert asked(tmp_path) == {("61", "a1", "picture"): "site/uploads/a1.jpeg"}
    assert pictures(tmp_path, [Answer("sirm", "61", "a1", "picture", "yes", "Dr R")])["61", "a1"] == film(7)


def test_two_films_of_one_name_are_told_apart_by_a_person(tmp_path):
    class Numbered(rad.Case):
        def image(self, position):
            return str(880 + position), "IMAGE_001"

    case = Numbered(2, views=("Frontal", "Lateral"), ct=False)
    (tmp_path / "p_files").mkdir()
    (tmp_path / "p.html").write_text(address_mark(f"https://radiopaedia.org/cases/{case.slug}") + case.page())
    (tmp_path / f"stacks_{case.study}.json").write_text(json.dumps(case.stacks()))
    for name, seed in (("IMAGE_001_big_gallery.jpeg", 1), ("IMAGE_001_big_gallery(1).jpeg", 2)):
        (tmp_path / "p_files" / name).write_bytes(film(seed, 640, 600))
    assert all("which picture" in reason for reason in pictures(tmp_path).values())
    assert set(asked(tmp_path)) == {("75002", "880", "picture"), ("75002", "881", "picture")}
    answer = Answer("radiopaedia", "75002", "881", "picture", "p_files/IMAGE_001_big_gallery(1).jpeg", "Dr R")
    assert pictures(tmp_path, [answer])["75002", "881"] == film(2, 640, 600)


def test_the_own_folder_s_smaller_file_comes_before_another_case_s_larger_one(tmp_path):
    for number, name in ((4, "film_big_gallery.jpeg"), (6, "film.jpeg")):
        case = rad.Case(number, ct=False)
        case.image = lambda position, number=number: (str(900 + number), "film")
        (tmp_path / str(number) / "p_files").mkdir(parents=True)
        (tmp_path / str(number) / "p.html").write_text(address_mark(f"https://radiopaedia.org/cases/{case.slug}") + case.page())
        (tmp_path / str(number) / "stacks.json").write_text(json.dumps(case.stacks()))
        (tmp_path / str(number) / "p_files" / name).write_bytes(film(number, 640, 600))
    assert pictures(tmp_path) == {("75004", "904"): film(4, 640, 600), ("75006", "906"): film(6, 640, 600)}


def test_equal_bytes_for_two_films_of_a_case_are_a_question(tmp_path):
    case = sir.Case(61, ["Donna di 60 anni.", "RX torace:", "a1.jpeg", "Controllo RX torace:", "b1.jpeg"])
    page = case.page()
    for name in ("a1", "b1"):
        page = page.replace(
            f'src="data:image/gif;base64,R0lGOD" data-src="/wp-content/uploads/2020/03/{name}',
            f'src="c_files/{name}.jpeg" data-src="/wp-content/uploads/2020/03/{name}',
        )
    (tmp_path / "c_files").mkdir()
    (tmp_path / "c.html").write_text(address_mark("https://www.sirm.org" + case.path) + page)
    for name in ("a1", "b1"):
        (tmp_path / f"c_files/{name}.jpeg").write_bytes(film(8))
    assert all("byte for byte" in reason for reason in pictures(tmp_path).values()) and len(asked(tmp_path)) == 2
    found = pictures(tmp_path, [Answer("sirm", "61", "a1", "picture", "yes", "Dr R")])
    assert found["61", "a1"] == film(8) and "byte for byte" in found["61", "b1"]


def test_a_src_that_names_another_picture_than_its_img_counts_for_nothing(tmp_path):
    case = sir.Case(61, ["Donna di 60 anni.", "RX torace:", "a1.jpeg", "Controllo RX torace:", "b1.jpeg"])
    (tmp_path / "c_files").mkdir()
    (tmp_path / "c.html").write_text(
        address_mark("https://www.sirm.org" + case.path) + case.page().replace("data:image/gif;base64,R0lGOD", "c_files/a1.jpeg")
    )
    for seed, name in enumerate(("a1", "b1")):
        (tmp_path / f"c_files/{name}.jpeg").write_bytes(film(seed))
    assert pictures(tmp_path) == {("61", "a1"): film(0), ("61", "b1"): film(1)}


def test_two_saves_of_one_page_are_one_page(tmp_path):
    for name in ("caso-61", "caso-61 (1)"):
        post(tmp_path / name, 61, "a1.jpeg", film(9))
    assert pictures(tmp_path) == {("61", "a1"): film(9)} and not asked(tmp_path)


@pytest.mark.parametrize(
    "named, lies_as, src",
    [
        ("età.jpeg", "eta\u0300.jpeg", "c_files/età.jpeg"),
        ("a1.jpeg", "A1.JPG", "c_files/a1.jpeg"),
        ("a1.jpeg", "a1.jpg", "./c_files/a1.jpeg"),
        ("a#1 50%.jpeg", "a#1 50%.jpeg", "c_files/a%231%2050%25.jpeg"),
        ("a#1%20x.jpeg", "a#1%20x.jpeg", "./c_files/a#1%20x.jpeg"),
    ],
)
def test_a_name_in_any_spelling(tmp_path, named, lies_as, src):
    (tmp_path / "c_files").mkdir()
    (tmp_path / "c_files" / lies_as).write_bytes(film(10))
    html = f'<article><h1 class="entry-title">COVID-19: caso 61</h1><div class="td-post-content"><p>RX torace:</p><img src="{src}"></div></article>'
    (tmp_path / "c.html").write_text(address_mark("https://www.sirm.org/2020/03/11/covid-19-caso-61/") + html)
    assert list(pictures(tmp_path).values()) == [film(10)]


def test_a_thumbnail_is_no_film_and_is_listed(tmp_path):
    post(tmp_path, 61, "a1-300x225.jpeg", film(11, 300, 225))
    assert "only a thumbnail" in pictures(tmp_path)["61", "a1"]
    report = run(tmp_path, tmp_path.parent / "store")
    assert ["only a thumbnail" in refusal.why for refusal in report.sites["sirm"].refused] == [True]


# -- pages ----------------------------------------------------------------------------------------------

CASE = rad.Case(1, 2020, ct=False)
OWN = f"https://radiopaedia.org/cases/{CASE.slug}"
MENTION = """<html><head><title>Chest films with Keras</title><meta name="author" content="A Blogger"></head><body><h1>Chest films</h1>
<p>Age: 34</p><img src="b_files/x.jpeg"><p>Case courtesy of Dr Ada Test, Radiopaedia.org. From the case rID: 75001</p></body></html>"""


def run(folder, store, code=0):
    report, found = refresh(store, DEFAULTS, [folder])
    assert found == code
    return report


def record(store, site="radiopaedia", key="75001"):
    return json.loads((store / site / key / "record.json").read_text())


@pytest.mark.parametrize("mark", ["https://blog.example.org/films/", "https://radiopaedia.org/articles/covid-19-4", ""])
def test_a_page_that_credits_a_case_is_not_that_case(tmp_path, mark):
    rad.save(tmp_path / "good", CASE)
    run(tmp_path / "good", tmp_path / "store")
    before = record(tmp_path / "store")
    (tmp_path / "blog").mkdir()
    (tmp_path / "blog/b.html").write_text((address_mark(mark) if mark else "") + MENTION)
    report = run(tmp_path / "blog", tmp_path / "store", 3)
    assert record(tmp_path / "store") == before and len(report.refused) == 1


def test_another_case_s_rid_in_a_discussion_changes_nothing(tmp_path):
    html = CASE.page().replace(
        "PCR positive.", "Compare: Case courtesy of Dr B, Radiopaedia.org, rID: 75099. https://doi.org/10.53347/rID-75098"
    )
    assert radiopaedia.case_page(html.encode(), OWN).key == "75001"


def test_a_radiopaedia_case_that_cites_sirm_is_radiopaedia_s(tmp_path):
    html = CASE.page().replace(
        "PCR positive.", 'See <a href="https://www.sirm.org/2020/03/10/covid-19-caso-34/">COVID-19: caso 34</a>, sirm.org'
    )
    (tmp_path / "p.html").write_text(address_mark(OWN) + html)
    assert [(one.case.site, one.case.key) for one in saved.read(tmp_path)[0]] == [("radiopaedia", "75001")]


@pytest.mark.parametrize(
    "head, address",
    [
        (address_mark(OWN), OWN),
        (f"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: {OWN} \n saved date: x\n--><meta charset=utf-8>", OWN),
        (f'<!DOCTYPE html><html data-scrapbook-source="{OWN}" data-scrapbook-create="2026"><head>', OWN),
        (address_mark(f"https://web.archive.org/web/20200401120000/{OWN}"), OWN),
        (address_mark("about:internet"), ""),
        (f"<html><body><!-- saved from url=(0031){OWN} -->", ""),
    ],
)
def test_the_address_that_a_save_carries(head, address):
    assert pages.saved_from(head) == address


def test_a_page_without_an_address_is_asked_about_and_its_films_wait(tmp_path):
    rad.save(tmp_path / "in", CASE)
    page = tmp_path / "in" / f"{CASE.slug}.html"
    page.write_text(page.read_text().replace(address_mark(OWN), ""))
    store = tmp_path / "store"
    run(tmp_path / "in", store)
    assert [r.excluded for r in collected.read(store)] == ["which case's page it is from is not decided: see review.csv"]
    rows = list(csv.DictReader((store / "review.csv").open()))
    assert [(row["field"], row["guess"]) for row in rows] == [("page", "https://radiopaedia.org/cases/75001")]
    rows[0] |= {"answer": "yes", "reviewed_by": "Dr R"}
    with open(store / "review.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    for _ in range(2):
        run(tmp_path / "in", store)
        assert [r.used for r in collected.read(store)] == [True] and record(store)["url"] == "https://radiopaedia.org/cases/75001"


def test_a_page_without_an_address_changes_no_record_of_one_with_it(tmp_path):
    store = tmp_path / "store"
    rad.save(tmp_path / "good", CASE)
    run(tmp_path / "good", store)
    before = record(store)
    other = rad.Case(1, 2020, ct=False, author="Dr Else", age="3 years")
    rad.save(tmp_path / "other", other)
    page = tmp_path / "other" / f"{other.slug}.html"
    page.write_text(page.read_text().replace(address_mark(OWN), ""))
    for folder in (tmp_path / "other", tmp_path):  # alone, and beside the page with the address
        run(folder, store)
        after = record(store)
        assert [question["field"] for question in after["questions"]] == ["page"]
        assert {name: after[name] for name in ("url", "author", "credit", "age", "films")} == {
            name: before[name] for name in ("url", "author", "credit", "age", "films")
        }


def test_viewer_data_without_an_author_keeps_the_credit(tmp_path):
    store = tmp_path / "store"
    rad.save(tmp_path / "good", CASE)
    run(tmp_path / "good", store)
    (tmp_path / "more").mkdir()
    (tmp_path / "more/a.json").write_text(json.dumps(CASE.annotated()))
    run(tmp_path / "more", store)
    assert record(store)["credit"] == "Case courtesy of Dr Ada Test, Radiopaedia.org, rID: 75001"


@pytest.mark.parametrize(
    "url, name",
    [
        ("https://radiopaedia.org/cases/covid-19-28?lang=us", "covid-19-28"),
        ("https://www.radiopaedia.org/cases/75001/", "75001"),
        ("https://radiopaedia.org/cases/75001/studies/80002?lang=us", "75001"),
        ("https://doi.org/10.53347/rID-75001", "75001"),
        ("https://radiopaedia.org/articles/covid-19-4", ""),
        ("https://blog.example.org/?u=https://radiopaedia.org/cases/75001", ""),
        ("https://radiopaedia.org/cases", ""),
    ],
)
def test_the_addresses_of_a_case(url, name):
    assert radiopaedia.case_address(url) == (f"https://radiopaedia.org/cases/{name}" if name else "")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["figura1.jpeg", "1-8.jpeg"]), st.sampled_from(["complete", "page only", "beside", "nowhere"]), st.booleans()
        ),
        min_size=2,
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_however_folders_are_arranged_a_film_gets_its_own_picture_or_none(arranged):
    """Pages with few names for their films, some complete, some without pictures, in one folder or several."""
    with tempfile.TemporaryDirectory() as top:
        for number, (name, how, flat) in enumerate(arranged, 61):
            folder = Path(top) if flat else Path(top) / str(number)
            post(folder, number, name, BYTES[number] if how == "complete" else None)
            if how == "beside":
                (folder / name).write_bytes(BYTES[number])
            elif how == "nowhere":
                (Path(top) / f"lost{number}").mkdir()
                (Path(top) / f"lost{number}" / name).write_bytes(BYTES[number])
        for (key, _), found in pictures(Path(top)).items():
            complete = arranged[int(key) - 61][1] == "complete"
            assert found == BYTES[int(key)] if complete else isinstance(found, str)


BYTES = {number: film(number, 220, 220) for number in range(61, 66)}


@pytest.mark.parametrize("name", ["IMAGE_001", "0123456789abcdef"])
def test_two_numbers_of_the_site_are_two_films_whatever_their_names(name):
    films = lambda number: (Film(number, (f"https://prod-images-static.radiopaedia.org/images/{number}/{name}.jpeg",), "8"),)
    case = Case("radiopaedia", "75001", OWN, films=films("995"))
    assert same_keys(films("880"), case).films[0].key == same_keys(films("880"), case, {"995": "880"}).films[0].key == "995"


def test_a_question_goes_with_its_film_to_the_other_key():
    name = "0123456789abcdef"
    known = Case(
        "radiopaedia", "75001", OWN, films=(Film("881", (f"https://prod-images-static.radiopaedia.org/images/881/{name}.jpeg",), "8"),)
    )
    other = known.but(films=(Film(name, (f"./p_files/{name}.jpeg",), "8"),), questions=(Question(name, "modality"),))
    both = combine([known, other])
    assert [each.key for each in both.films] == [question.film for question in both.questions] == ["881"]


def test_a_short_name_makes_no_two_films_one():
    films = lambda key, name: (Film(key, (f"./p_files/{name}.jpeg",), "8"),)
    known = (Film("880", ("https://prod-images-static.radiopaedia.org/images/880/1.jpeg",), "8"),)
    long = (Film("881", ("https://prod-images-static.radiopaedia.org/images/881/0123456789abcdef.jpeg",), "8"),)
    case = lambda key, name: Case("radiopaedia", "75001", OWN, films=films(key, name))
    assert same_keys(known, case("1", "1")).films[0].key == "1"
    assert same_keys(long, case("0123456789abcdef", "0123456789abcdef_big_gallery")).films[0].key == "881"


def test_a_picture_that_one_save_lacks_shifts_nothing(tmp_path):
    """The first save lacks the first film's picture; the second names its pictures otherwise. Bytes join what belongs together."""
    contents = {"lato": film(1), "fronte": film(2)}
    for day, names in (("a", ("lato", "fronte")), ("b", ("uno", "due"))):
        (tmp_path / day / "c_files").mkdir(parents=True)
        images = "".join(f'<p>RX torace:</p><img src="c_files/{name}.jpeg">' for name in names)
        html = f'<article><h1 class="entry-title">COVID-19: caso 61</h1><div class="td-post-content">{images}</div></article>'
        (tmp_path / day / "c.html").write_text(address_mark("https://www.sirm.org/2020/03/11/covid-19-caso-61/") + html)
        for name, content in zip(names, contents.values()):
            if name != "lato":
                (tmp_path / day / f"c_files/{name}.jpeg").write_bytes(content)
    found = pictures(tmp_path)
    assert found["61", "fronte"] == film(2) and found["61", "uno"] == film(1) and ("61", "due") not in found
    assert isinstance(found["61", "lato"], str)


def test_equal_names_of_two_uploads_are_two_films(tmp_path):
    """The Italian and the English post of a case name their film alike, and it is another upload."""
    for language, month in (("it", "03"), ("en", "04")):
        case = sir.Case(61, ["RX torace:", "figura1.png"], date=f"2020/{month}/11", language=language)
        (tmp_path / f"{language}.html").write_text(address_mark("https://www.sirm.org" + case.path) + case.page())
    [one] = saved.read(tmp_path)[0]
    assert len({each.key for each in one.case.films}) == 2
    store = tmp_path / "store"
    for language in ("it", "en"):
        (tmp_path / language).mkdir()
        (tmp_path / f"{language}.html").rename(tmp_path / language / "page.html")
        run(tmp_path / language, store)
    assert len(record(store, "sirm", "61")["films"]) == 2


def test_no_fact_of_one_case_comes_from_another(tmp_path):
    """Twelve cases in one folder, all with equal names of films: each gets its own."""
    for number in range(1, 13):
        post(tmp_path / f"d{number}", 100 + number, "figura1.jpeg", film(number, 320, 300))
    assert pictures(tmp_path) == {(str(100 + n), "figura1"): film(n, 320, 300) for n in range(1, 13)}
