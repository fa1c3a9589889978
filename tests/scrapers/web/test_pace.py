"""The pace of requests: one for each user and host, whatever the store, and whoever else is asking."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from scrapers.collect import by_site
from scrapers.settings import DEFAULTS
from scrapers.web import pace
from scrapers.web.pace import Pace

HOST, NOW = "https://www.sirm.org", 1.8e9


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(pace, "home", lambda: tmp_path / "home")
    return tmp_path / "home"


def test_two_stores_share_the_pace_of_a_host(tmp_path):
    one, two = Pace(tmp_path / "one"), Pace(tmp_path / "two")
    assert [one.turn(HOST, 10, NOW), two.turn(HOST, 10, NOW), two.turn("https://other.test", 10, NOW)] == [0, 10, 0]
    assert two.turn(HOST, 10, NOW + 20) == 0
    assert not (tmp_path / "one").exists()


def test_those_who_ask_at_once_get_turns_one_after_the_other(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        waits = sorted(pool.map(lambda n: Pace(tmp_path / str(n)).turn(HOST, 10, NOW), range(8)))
    assert waits == [10 * n for n in range(8)]


def test_a_folder_that_cannot_be_written_is_replaced_by_the_store_s(tmp_path, home):
    home.write_text("a file")
    found = Pace(tmp_path / "store")
    assert [found.turn(HOST, 10, NOW), found.turn(HOST, 10, NOW)] == [0, 10] and (tmp_path / "store").is_dir()


def test_a_clock_that_was_set_back_stops_nothing_for_long(tmp_path, home):
    found = Pace(tmp_path)
    found.turn(HOST, 10, NOW)
    [note] = [path for path in home.iterdir() if path.suffix != ".lock"]
    os.utime(note, (0, 0))
    assert found.turn(HOST, 10, NOW + 1) == 0


@pytest.mark.parametrize(
    "address, site, plain",
    [
        ("https://www.radiopaedia.org/cases/covid-19-28?lang=us", "radiopaedia", "https://radiopaedia.org/cases/covid-19-28"),
        ("https://radiopaedia.org/cases/75001/studies/80002", "radiopaedia", "https://radiopaedia.org/cases/75001"),
        ("https://doi.org/10.53347/rID-75001", "radiopaedia", "https://radiopaedia.org/cases/75001"),
        ("https://sirm.org/2020/03/11/covid-19-caso-40/#x", "sirm", "https://www.sirm.org/2020/03/11/covid-19-caso-40/"),
    ],
)
def test_a_case_s_addresses_in_their_other_forms(address, site, plain):
    cases, others = by_site([address], DEFAULTS)
    assert cases[site] == [plain] and not others
