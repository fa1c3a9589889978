"""The page with every film that is on this machine: it says so, and it is never sent."""

import pytest
from bs4 import BeautifulSoup

from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, PRIVATE, read_json, write_checksums
from cxrkit.kaggle_io import datasets
from cxrkit.report import gallery, plots, private, report
from tests.report import folders


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "drawn", folders.undrawn)
    results = folders.write(tmp_path / "results", change=lambda record: record.but(licence="CC BY-NC-SA 4.0"), audits=False)
    results = folders.respoil(results, lambda record: record.but(licence="CC BY-NC-SA 4.0"))
    film = folders.draw_film(tmp_path / "film.png")
    shown = sorted({film.image_id for film in gallery.films(results)})
    path = private.make(results, lambda record: tmp_path / "gone.png" if record.image_id == shown[0] else film)
    return results, path, shown[0]


def test_every_film_at_hand_is_shown_with_a_banner_and_under_another_name(made):
    results, path, gone = made
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    films = soup.find(class_="gallery").find_all("li")
    assert path.name == PRIVATE and "do not pass this page on" in soup.find(class_="marks").get_text()
    assert all(bool(film.img) != (gone in film.get_text()) for film in films) and len(films) == 24
    assert "private" in soup.find(class_="kind").get_text()
    assert not (results.folder / "report.html").exists() and not (results.folder / gallery.FOLDER).exists()


def test_a_private_page_is_in_no_list_and_nothing_that_holds_it_is_sent(made):
    results, path, _ = made
    write_checksums(results.folder)
    assert PRIVATE not in read_json(results.folder / CHECKSUMS)
    with pytest.raises(BadInput, match="private page"):
        datasets.sendable(results.folder)
    path.rename(results.folder.parent / PRIVATE)
    assert "run.json" in datasets.sendable(results.folder)[0]


def test_the_page_that_travels_has_a_line_in_place_of_a_film_that_may_not_be_shown(made):
    results, _, _ = made
    report.make(results)
    shown = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert not shown.find_all("img") and len(shown.find_all("p", class_="hidden-film")) == 24
