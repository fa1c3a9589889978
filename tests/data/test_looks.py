"""Work by film: the map keeps its order and ends, and what another machine says it saw is believed only where it is what lies here."""

import pickle
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cxrkit.data.looks import Look, Wanted
from cxrkit.data.workers import WAITING, Threads
from cxrkit.errors import UnreadableImage


@given(st.lists(st.integers(), max_size=50), st.integers(1, 4))
def test_threads_give_the_values_in_order(items, count):
    assert list(Threads(count).map(lambda item: item * 2, items)) == [item * 2 for item in items]


def test_who_closes_a_map_ends_what_was_not_begun():
    begun, go_on = [], threading.Event()

    def work(item):
        begun.append(item)
        assert item == 0 or go_on.wait(60)

    values = Threads(1).map(work, range(100))
    next(values)
    go_on.set()
    values.close()
    assert len(begun) <= WAITING + 2


@pytest.fixture
def film(tmp_path):
    Image.fromarray(np.arange(6400, dtype=np.uint8).reshape(80, 80)).save(tmp_path / "film.png")
    return Wanted(tmp_path / "film.png")


def look():
    return Look((), (), (), 32, "squish")


def test_what_another_machine_sees_is_compared(film, tmp_path):
    tried = replace(film, anyway=True)
    there = pickle.loads(pickle.dumps(look()))
    assert look().doubt(film, there(film)) == look().doubt(tried, there(tried)) == ""
    seen = there(tried)
    gone = there(Wanted(tmp_path / "gone.png"))
    other = replace(seen, thumbnail=255 - seen.thumbnail)
    assert "decodes" in look().doubt(tried, other) and "decodes" in look().doubt(tried, replace(seen, square=None))
    assert "does not see" in look().doubt(film, gone) and "another" in look().doubt(film, replace(seen, size=seen.size - 1))
    assert "another" in look().doubt(tried, replace(seen, sha256="0" * 64))


@pytest.mark.parametrize("content", [None, b"", b"no film"])
def test_what_cannot_be_read_anywhere_is_no_doubt(tmp_path, content):
    path = tmp_path / "film.png"
    if content is not None:
        path.write_bytes(content)
    for film in (Wanted(path), Wanted(path, anyway=True)):
        seen = pickle.loads(pickle.dumps(look()(film)))
        assert isinstance(seen.problem, UnreadableImage) and look().doubt(film, seen) == ""


def test_films_of_each_kind_are_tried_and_decoded_though_they_are_known(film, tmp_path):
    items = [Wanted(tmp_path / f"{number}.{'jpg' if number == 41 else 'png'}") for number in range(100)]
    trial = look().trial(items)
    assert {item.path.suffix for item in trial} == {".jpg", ".png"} and len(trial) <= 8 and all(item.anyway for item in trial)
    sha256 = look()(film).sha256
    knowing = Look({sha256}, {sha256}, {sha256}, 32, "squish")
    assert knowing(film).facts is None and knowing(replace(film, anyway=True)).square is not None
