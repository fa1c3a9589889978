"""The film cache's facts and thumbnails: each file decoded once, unreadable ones excluded with the reason."""

import numpy as np
import pytest
from PIL import Image

from cxrkit.data import cache, copies, images
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

RAMP = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))


@pytest.fixture
def films(tmp_path):
    """Three records of three films, and the function that finds their files."""
    for name, shift in (("a", 0), ("b", 40), ("c", 80)):
        Image.fromarray(RAMP + np.uint8(shift)).save(tmp_path / f"{name}.png")
    return [Record(f"x/{name}", f"x/{name}.png", "x") for name in "abc"], lambda record: tmp_path / record.path[2:]


@pytest.fixture
def decoded(monkeypatch):
    """The list that the name of each film is added to when it is decoded."""
    names, real = [], images.decode
    monkeypatch.setattr(images, "decode", lambda path, content: names.append(path.name) or real(path, content))
    return names


def test_unreadable_files_are_excluded_and_the_others_go_on(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no image")
    records = [Record(f"x/{name}", f"x/{name}", "x", "normal") for name in ("good.png", "bad.png", "gone.png")]
    (good, bad, gone), thumbnails = cache.add_facts(records, lambda record: tmp_path / record.path[2:])
    assert (good.used, good.width, good.mode, len(good.sha256)) == (True, 64, "L", 64)
    assert good.bytes == (tmp_path / "good.png").stat().st_size and good.format == "PNG"
    assert set(thumbnails) == {"x/good.png"}
    assert (thumbnails["x/good.png"] == copies.thumbnail(images.open_grey(tmp_path / "good.png"))).all()
    assert "known format" in bad.excluded and "no readable file" in gone.excluded


def test_nothing_readable_at_all_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="None of the 1 images"):
        cache.add_facts([Record("x/a", "x/a", "x")], lambda record: tmp_path / "a")


def test_films_that_are_left_out_are_read_for_the_search_and_keep_their_reason(films, decoded, tmp_path):
    records, locate = films
    reasons = [record.but(excluded=f"finding {record.image_id}") for record in records[:2]]
    gone = Record("x/gone", "x/gone.png", "x", excluded="finding todo")
    slices = Record("x/slice", "x/c.png", "x", modality="CT", excluded="modality CT")
    text = Record("x/notes", "x/notes.txt", "x", excluded="no image type: .txt")
    told, thumbnails = cache.add_facts([*reasons, gone, slices, text], locate, tmp_path / "kept", 32)
    assert [record.excluded for record in told] == [record.excluded for record in (*reasons, gone, slices, text)]
    assert [bool(record.sha256) for record in told] == [True, True, False, False, False] and sorted(decoded) == ["a.png", "b.png"]
    assert set(thumbnails) == {"x/a", "x/b"}
    with cache.opened(tmp_path / "kept", 32) as kept:
        assert not kept.squares.known  # only what is used is trained on


def test_a_film_that_is_known_is_not_decoded_again(films, tmp_path, decoded):
    records, locate = films
    plain, of_plain = cache.add_facts(records, locate)
    cache.add_facts(records[:2], locate, tmp_path / "kept")
    decoded.clear()
    found, thumbnails = cache.add_facts(records, locate, tmp_path / "kept")
    assert decoded == ["c.png"] and found == plain
    assert set(thumbnails) == set(of_plain) and all((thumbnails[name] == of_plain[name]).all() for name in thumbnails)


@pytest.mark.parametrize("file", ["squares", "index"])
def test_what_is_cut_is_decoded_again(films, tmp_path, decoded, file):
    records, locate = films
    found, thumbnails = cache.add_facts(records, locate, tmp_path / "kept")
    before = {name: np.array(picture) for name, picture in thumbnails.items()}
    with cache.opened(tmp_path / "kept") as kept:
        path = getattr(kept.thumbnails, file)
    path.write_bytes(b"cut")
    decoded.clear()
    again, thumbnails = cache.add_facts(records, locate, tmp_path / "kept")
    assert sorted(decoded) == ["a.png", "b.png", "c.png"] and again == found
    assert all((thumbnails[name] == before[name]).all() for name in before)


def test_files_with_the_same_bytes_are_decoded_once(films, tmp_path, decoded):
    records, locate = films
    (tmp_path / "again.png").write_bytes((tmp_path / "a.png").read_bytes())
    for name in ("broken.png", "broken_too.png"):
        (tmp_path / name).write_bytes(b"no image")
    more = [Record(f"x/{name}", f"x/{name}", "x") for name in ("again.png", "broken.png", "broken_too.png")]
    found, thumbnails = cache.add_facts([*records, *more], locate, tmp_path / "kept", size=40)
    assert len(decoded) == 4 and len(thumbnails) == 4
    assert found[3].sha256 == found[0].sha256 and (thumbnails["x/again.png"] == thumbnails["x/a"]).all()
    assert [record.excluded for record in found[4:]] == ["no image of a known format"] * 2


def test_a_file_that_changed_is_decoded_and_its_facts_are_the_new_ones(films, tmp_path, decoded):
    records, locate = films
    before, _ = cache.add_facts(records, locate, tmp_path / "kept")
    Image.fromarray(RAMP[:50]).save(tmp_path / "b.png")
    decoded.clear()
    after, _ = cache.add_facts(before, locate, tmp_path / "kept")
    assert decoded == ["b.png"] and after[1].height == 50 and (after[0], after[2]) == (before[0], before[2])


def test_squares_of_a_size_come_along(films, tmp_path):
    records, locate = films
    found, _ = cache.add_facts(records, locate, tmp_path / "kept", size=40)
    with cache.opened(tmp_path / "kept", 40) as kept:
        assert {record.sha256 for record in found} == set(kept.squares.known)
        for record in found:
            square = kept.squares.images()[kept.squares.known[record.sha256]]
            assert (square == images.square(images.open_grey(locate(record)), 40)).all()


def test_a_cache_without_a_size_has_no_squares(tmp_path):
    with cache.opened(tmp_path) as kept, pytest.raises(ValueError):
        kept.squares  # noqa: B018
