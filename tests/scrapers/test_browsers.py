"""Pages as real browsers save them: Chromium and Firefox over the stand-ins, and what each save does to names and links."""

import base64
import json
import shutil

import pytest

from scrapers import saved
from tests.standins import browsers
from tests.standins import radiopaedia as rad
from tests.standins import sirm as sir
from tests.standins.web import Page, address_mark, film

CASE = rad.Case(4, 2020, views=("Frontal", "Lateral"), ct=False)
POST = sir.Case(40, ["Rossi Maria, Bianchi Luca", "Donna di 60 anni.", "RX torace:", "foto-40-a.jpeg"])
URLS = {"case": f"http://radiopaedia.org/cases/{CASE.slug}", "post": f"http://www.sirm.org{POST.path}"}
LOADED = "<script>for (const image of document.querySelectorAll('img[data-src]')) image.src = image.dataset.src.replace('-300x200', '');</script>"
TRUTH = {
    ("radiopaedia", "75004"): (
        [film(int(CASE.image(position)[0]), 640, 600) for position in range(2)],
        ("60", "M", "Dr Ada Test", ("covid-19",)),
    ),
    ("sirm", "40"): ([film(sum(b"foto-40-a.jpeg"), 700, 640)], ("60", "F", "Rossi Maria, Bianchi Luca", ())),
}


@pytest.fixture(scope="module")
def web():
    """Both sites behind one server; the post gives its canonical address, the case does not."""
    with rad.site([CASE]) as web:
        web.pages |= {path: page for path, page in sir.site([POST]).pages.items() if path not in web.pages}
        web.pages[f"/cases/{CASE.slug}"] = Page(CASE.page().replace("</body>", browsers.VIEWER + "</body>"))
        head = f'<head><link rel="canonical" href="https://www.sirm.org{POST.path}">'
        web.pages[POST.path] = Page(POST.page().replace("<head>", head).replace("</body>", LOADED + "</body>"))
        yield browsers.proxied(web)


def pictures_and_facts(folder):
    """{(site, case): (pictures of the films, facts)}, the questions' fields, and what was not used."""
    found, unused = saved.read(folder)
    said = {}
    for one in found:
        case = one.case
        pictures = [one.picture(each.image_urls)[0] for each in case.films]
        said[case.site, case.key] = (pictures, (case.age.value, case.sex.value, case.author, case.tags))
    return said, [question.field for one in found for question in one.case.questions], unused


@pytest.fixture(scope="module")
def archives(web, tmp_path_factory):
    if not (browsers.CHROMIUM and browsers.DRIVER):
        pytest.skip("Chromium or its driver is not installed")
    pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
    folder = tmp_path_factory.mktemp("chromium")
    with browsers.Chromium(web) as browser:
        for name, url in URLS.items():
            browser.save(url, folder / f"{name}.mhtml")
    return folder


@pytest.fixture(scope="module")
def complete(web, tmp_path_factory):
    if not browsers.FIREFOX:
        pytest.skip("Firefox is not installed")
    folder = tmp_path_factory.mktemp("firefox")
    with browsers.Firefox(web, tmp_path_factory.mktemp("profile")) as browser:
        for day in ("monday", "tuesday"):
            (folder / day).mkdir()
            for name, url in URLS.items():
                browser.save(url, folder / day / f"{name}.html")
    return folder


def test_chromium_s_web_archives(archives):
    assert pictures_and_facts(archives) == (TRUTH, [], [])


def test_firefox_s_complete_pages_and_the_address_that_one_lacks(complete):
    assert pictures_and_facts(complete / "monday") == (TRUTH, ["page"], [])


def test_two_saves_of_firefox_double_nothing(complete):
    assert pictures_and_facts(complete) == (TRUTH, ["page"], [])


def test_the_saves_of_two_browsers_double_nothing(archives, complete, tmp_path):
    shutil.copytree(archives, tmp_path / "a")
    shutil.copytree(complete / "monday", tmp_path / "b")
    said, questions, unused = pictures_and_facts(tmp_path)
    assert said == TRUTH and questions == ["page"] and [path.name for path, _ in unused] == ["case.html"]


def test_viewer_data_beside_a_page_of_firefox(complete, tmp_path):
    shutil.copytree(complete / "monday", tmp_path / "in")
    (tmp_path / f"in/stacks_{CASE.study}.json").write_text(json.dumps(CASE.stacks()))
    said, _, unused = pictures_and_facts(tmp_path / "in")
    assert said == TRUTH and not unused
    [one] = [one for one in saved.read(tmp_path / "in")[0] if one.case.site == "radiopaedia"]
    assert [each.view.value for each in one.case.films] == ["frontal-unspecified", "lateral"]


# -- what other browsers and extensions do, written after their own saves ---------------------------------

ADDRESS = f"https://radiopaedia.org/cases/{CASE.slug}"


def with_pictures(*sources):
    """The case's page with these pictures in its study's own node."""
    images = "".join(f'<img src="{source}">' for source in sources)
    return CASE.page().replace('<div class="study-modality">', f'{images}<div class="study-modality">')


def inline(content):
    return "data:image/jpeg;base64," + base64.b64encode(content).decode()


FILMS, SMALL = [film(1, 640, 600), film(2, 640, 600)], film(3, 104, 104)


@pytest.mark.parametrize(
    "head",
    [
        f"<!DOCTYPE html> <html><!--\n Page saved with SingleFile \n url: {ADDRESS} \n saved date: Thu Nov 26 2026\n-->",
        f'<!DOCTYPE html><html data-scrapbook-source="{ADDRESS}" data-scrapbook-create="20261126">',
    ],
)
def test_pictures_within_the_page(tmp_path, head):
    page = with_pictures(*map(inline, [*FILMS, SMALL, SMALL, SMALL])).replace("<!DOCTYPE html><html>", head)
    (tmp_path / "page.html").write_text(page)
    [one], unused = saved.read(tmp_path)
    assert [one.picture(each.image_urls)[0] for each in one.case.films] == FILMS and one.case.url == ADDRESS
    assert [reason[:36] for _, reason in unused] == ["1 picture is shown as thumbnail only"]


def test_pictures_within_the_page_may_be_larger_than_a_page(tmp_path):
    large = [film(seed, 640, 600, "PNG") + b"\0" * 4_000_000 for seed in (1, 2)]
    page = with_pictures(*(inline(each).replace("jpeg", "png") for each in large))
    (tmp_path / "page.html").write_text(address_mark(ADDRESS) + page)
    [one], unused = saved.read(tmp_path)
    assert [one.picture(each.image_urls)[0] for each in one.case.films] == large and not unused


def test_the_only_inline_picture_of_a_case_is_a_guess_at_its_only_film(tmp_path):
    case = rad.Case(6, 2023, ct=False)
    page = case.page().replace('<div class="study-findings">', f'<img src="{inline(FILMS[0])}"><div class="study-findings">')
    (tmp_path / "page.html").write_text(address_mark(f"https://radiopaedia.org/cases/{case.slug}") + page)
    [one], _ = saved.read(tmp_path)
    assert [question.field for question in one.case.questions] == ["picture"] and not one.found


def test_chromium_s_second_picture_of_a_name_is_another_film(tmp_path):
    (tmp_path / "p_files").mkdir()
    names = ["1_big_gallery.jpeg", "1_big_gallery(1).jpeg", "1_thumb.jpeg", "1_thumb(1).jpeg"]
    for name, content in zip(names, [*FILMS, SMALL, film(5, 104, 104)]):
        (tmp_path / "p_files" / name).write_bytes(content)
    (tmp_path / "p.html").write_text(address_mark(ADDRESS) + with_pictures(*(f"./p_files/{name}" for name in names)))
    [one], unused = saved.read(tmp_path)
    assert [one.picture(each.image_urls)[0] for each in one.case.films] == FILMS and not unused


@pytest.mark.parametrize("suffix", ["", "_XECb", "_sw_W", "_a-1Z", "_rx-1"])
def test_firefox_s_ending_of_names(tmp_path, suffix):
    (tmp_path / "p_files").mkdir()
    names = [f"scan_{size}{suffix}.jpeg" for size in ("big_gallery", "thumb")]
    for name, content in zip(names, [FILMS[0], SMALL]):
        (tmp_path / "p_files" / name).write_bytes(content)
    page = with_pictures(*(f"p_files/{name}" for name in names))
    (tmp_path / "p.html").write_text(page.replace("<head>", f'<head><link rel="canonical" href="{ADDRESS}">'))
    [one], unused = saved.read(tmp_path)
    assert [(each.key, one.picture(each.image_urls)[0]) for each in one.case.films] == [("scan", FILMS[0])] and not unused
