"""Copies of real films and phantoms are found whatever was done to the file, and other films are not."""

import io
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from threadpoolctl import threadpool_info, threadpool_limits

from cxrkit import config
from cxrkit.data import candidates, copies, images, manifest, sources
from cxrkit.data.readers import phantom
from cxrkit.data.registration import SIDE
from cxrkit.errors import BadInput


def recoded(film, **options):
    buffer = io.BytesIO()
    film.save(buffer, "JPEG", quality=50, **options)
    return Image.open(buffer)


def labelled(film):
    film = film.copy()
    ImageDraw.Draw(film).rectangle([5, 5, 5 + film.width // 8, 5 + film.height // 20], fill=255)
    return film


def cropped(film, left, top, right, bottom):
    width, height = film.size
    return film.crop((int(left * width), int(top * height), int((1 - right) * width), int((1 - bottom) * height)))


CHANGES = {
    "as it is": lambda film: film,
    "encoded again": recoded,
    "smaller": lambda film: film.resize((film.width // 2, film.height // 2)),
    "larger": lambda film: film.resize((film.width * 2, film.height * 2)),
    "colour": lambda film: recoded(film.convert("RGB")).convert("L"),
    "cropped evenly": lambda film: cropped(film, 0.1, 0.1, 0.1, 0.1),
    "cropped on one side": lambda film: cropped(film, 0.1, 0, 0, 0),
    "cropped unevenly": lambda film: cropped(film, 0.02, 0.09, 0.06, 0),
    "padded": lambda film: ImageOps.expand(film, border=film.width // 10, fill=0),
    "brighter": lambda film: film.point(lambda value: min(255, int(value * 1.15 + 15))),
    "labelled": labelled,
    "all at once": lambda film: recoded(labelled(cropped(film, 0.05, 0.03, 0.08, 0.02)).resize((300, 280)).point(lambda v: int(v * 0.9))),
    "turned": lambda film: film.rotate(-2, Image.Resampling.BILINEAR),
    "turned, and cropped": lambda film: cropped(film.rotate(1.5, Image.Resampling.BILINEAR), 0.05, 0.05, 0.05, 0.05),
    "inverted": ImageOps.invert,
    "very small": lambda film: film.resize((64, 64), Image.Resampling.BOX),
}


@pytest.fixture(scope="module")
def drawn():
    """Eighty phantoms of 40 patients, as PIL images: more than the set that is compared pair by pair."""
    random = np.random.default_rng(3)
    anatomies = [phantom.Anatomy(random) for _ in range(40)]
    return [phantom.draw_film(anatomy, index % 2 == 0, random) for index, anatomy in enumerate(anatomies * 2)]


def found_among(films, copy):
    thumbnails = {f"film{i:04d}": copies.thumbnail(film) for i, film in enumerate(films)} | {"copy": copies.thumbnail(copy)}
    return [{pair.first, pair.second} for pair in copies.find(thumbnails)]


def found_of_all_changes(films):
    """The pairs found among films and one changed copy of another film for each change, in one search; and those wanted."""
    copied = {title: (index, change(films[index])) for index, (title, change) in zip(itertools.count(4, 5), CHANGES.items())}
    named = {f"film{i:04d}": film for i, film in enumerate(films)} | {title: copy for title, (_, copy) in copied.items()}
    found = copies.find({name: copies.thumbnail(film) for name, film in named.items()})
    return {frozenset((pair.first, pair.second)) for pair in found}, {
        frozenset((f"film{i:04d}", title)) for title, (i, _) in copied.items()
    }


def test_changed_copies_are_found_among_drawn_films_and_nothing_else(drawn):
    """One film of each change: not every one is found. Film 53 with this label, for one, is lost among the candidates."""
    found, wanted = found_of_all_changes(drawn)
    assert found == wanted


def test_close_crops_are_found(drawn):
    """Regression: no first guess of the crop was near enough, so that of most such pairs none became a candidate."""
    named = {f"film{i:04d}": copies.thumbnail(film) for i, film in enumerate(drawn)}
    named |= {f"copy{i:04d}": copies.thumbnail(cropped(drawn[i], 0.15, 0.15, 0.15, 0.15)) for i in range(8)}
    found = {(pair.first[-4:], pair.second[-4:]) for pair in copies.find(named)}
    assert all(one == other for one, other in found) and len(found) >= 6


@pytest.mark.parametrize("count", [2, 3, 30])
def test_small_sets_are_compared_too(drawn, count):
    assert found_among(drawn[:count], CHANGES["all at once"](drawn[1])) == [{"film0001", "copy"}]


def test_mirrored_films_and_other_days_of_one_patient_are_no_copies(drawn):
    assert found_among(drawn, ImageOps.mirror(drawn[17])) == []


def framed(film, share=0.6):
    """A film in the middle of a viewer's screen, of which it takes this share of the side."""
    screen = Image.fromarray(np.random.default_rng(5).integers(0, 255, (40, 40)).astype(np.uint8)).resize(
        (400, 400), Image.Resampling.NEAREST
    )
    side = int(400 * share)
    screen.paste(film.resize((side, side)), ((400 - side) // 2,) * 2)
    return screen


def gridded(film):
    film = film.resize((400, 400))
    for place in range(20, 400, 40):
        ImageDraw.Draw(film).line([place, 0, place, 400], fill=255)
        ImageDraw.Draw(film).line([0, place, 400, place], fill=255)
    return film


def under_a_mosaic(film):
    blocks = np.random.default_rng(7).integers(0, 256, (32, 32)).astype(np.uint8)
    return Image.blend(film.resize((400, 400)), Image.fromarray(blocks).resize((400, 400), Image.Resampling.NEAREST), 0.4)


def under_a_checkerboard(film):
    squares = ((np.indices((400, 400)) // 25).sum(0) % 2 * 255).astype(np.uint8)
    return Image.blend(film.resize((400, 400)), Image.fromarray(squares), 0.25)


@pytest.mark.parametrize("overlay", [framed, gridded, under_a_mosaic, under_a_checkerboard], ids=lambda overlay: overlay.__name__)
def test_different_films_under_one_overlay_are_no_copies_and_copies_under_it_are(drawn, overlay):
    """Regression: under a mosaic or a checkerboard, which leave little of the films' grain, different ones were copies of each other."""
    named = {f"film{i:04d}": copies.thumbnail(overlay(film)) for i, film in enumerate(drawn[:40])}
    named["copy"] = copies.thumbnail(recoded(overlay(drawn[7])))
    assert [{pair.first, pair.second} for pair in copies.find(named)] == [{"copy", "film0007"}]


def test_two_different_films_in_one_frame_are_no_copies(drawn):
    assert copies.find({name: copies.thumbnail(framed(drawn[index], 0.7)) for name, index in (("a", 3), ("b", 8))}) == []


def test_many_copies_of_one_film_stay_copies(drawn):
    changes = (recoded, labelled, CHANGES["smaller"], CHANGES["brighter"], CHANGES["very small"])
    named = {f"copy{i}": copies.thumbnail(change(drawn[2])) for i, change in enumerate(changes)} | {"film": copies.thumbnail(drawn[2])}
    assert len({name for pair in copies.find(named) for name in (pair.first, pair.second)}) == len(named)


def under_a_disc(film):
    disc = Image.new("L", film.size)
    ImageDraw.Draw(disc).ellipse([film.width // 5, film.height // 5, film.width * 4 // 5, film.height * 4 // 5], fill=255)
    return Image.blend(film, disc, 0.25)


@pytest.mark.parametrize("change", ["cropped unevenly", "turned", "inverted", under_a_disc, "labelled"])
def test_a_changed_copy_is_found_where_a_film_has_a_plain_one_too(drawn, change):
    """Regression: what the three had in common was taken away as they lay, and not as they lay over each other: none was a copy. And the film
    and its plain copy had all in common but the change, so that a film with a disc or a label over it was no copy of the two."""
    films = {"film": drawn[2], "plain": recoded(drawn[2]), "changed": CHANGES.get(change, change)(drawn[2])}
    found = copies.find({name: copies.thumbnail(film) for name, film in films.items()})
    assert {name for pair in found for name in (pair.first, pair.second)} == set(films)


def on_a_screen(film):
    screen = Image.new("L", (800, 600))
    for line, text in ((10, "VIEWER 1.2  LAT"), (570, "W 400 L 40")):
        ImageDraw.Draw(screen).text((10, line), text, fill=255, font_size=20)
    screen.paste(film.resize((420, 420)), (190, 90))
    return screen


def in_a_noisy_border(film):
    width, height = film.size
    noise = np.random.default_rng(1).normal(90, 12, (height + height // 3, width + width // 3))
    border = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    border.paste(film, (width // 6, height // 6))
    return border


@pytest.mark.parametrize("change", [gridded, on_a_screen, in_a_noisy_border], ids=lambda change: change.__name__)
def test_copies_under_a_grid_and_in_borders_are_found(drawn, change):
    """Regression: of a film under a grid or on a screen with text none was found."""
    named = {f"film{i:04d}": copies.thumbnail(film) for i, film in enumerate(drawn)}
    named |= {f"copy{i:04d}": copies.thumbnail(change(drawn[i].resize((700, 700)))) for i in (3, 20, 47, 66)}
    found = {(pair.first[-4:], pair.second[-4:]) for pair in copies.find(named)}
    assert all(one == other for one, other in found) and len(found) >= 3


def test_a_grid_is_taken_out_and_a_film_without_one_left_as_it_is(drawn):
    film = drawn[11].resize((400, 400))
    plain, lined = (np.asarray(each.resize((SIDE, SIDE), Image.Resampling.BOX)) for each in (film, gridded(film)))
    mended = copies._without_lines(copies._without_lines(lined).T).T.astype(int)
    assert np.abs(mended - plain).mean() < np.abs(lined.astype(int) - plain).mean() * 0.7
    assert (copies._without_lines(plain) == plain).all()


def test_the_order_of_films_does_not_matter(drawn):
    thumbnails = {f"film{i:04d}": copies.thumbnail(film) for i, film in enumerate([*drawn, drawn[5], cropped(drawn[9], 0.05, 0.05, 0, 0)])}
    backwards = dict(reversed(thumbnails.items()))
    assert copies.find(thumbnails) == copies.find(backwards)
    assert len(copies.find(thumbnails)) == 2


def test_blank_and_single_films_do_no_harm():
    assert copies.find({}) == []
    blank = copies.thumbnail(Image.new("L", (64, 64)))
    assert copies.find({"a": blank}) == []
    assert copies.find({"a": blank, "b": copies.thumbnail(Image.new("L", (90, 40), 255))}) == []


def test_the_products_of_the_search_run_on_one_thread_each_and_others_keep_theirs(drawn, monkeypatch):
    """Of the BLAS that is there before, by its file: which packages bring one, or OpenMP, whose limit is a thread's own, is their affair."""
    seen, agreement = [], copies.agreement
    monkeypatch.setattr(copies, "agreement", lambda *given: seen.append(threads_of_blas()) or agreement(*given))

    def threads_of_blas():
        return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2):
        before = threads_of_blas()
        if 2 not in before.values():
            pytest.skip("no BLAS here whose threads can be set")
        assert found_among(drawn[:5], drawn[1]) == [{"film0001", "copy"}]
        assert seen and all(during[path] == 1 for during in seen for path in before)
        after = threads_of_blas()
        assert {path: after[path] for path in before} == before


@pytest.fixture
def thirty(drawn):
    """Thumbnails of thirty phantoms, and of crops of three of them."""
    films = [*drawn[:30], *(cropped(drawn[index], 0.05, 0.03, 0, 0.02) for index in (4, 11, 28))]
    return {f"film{i:04d}": copies.thumbnail(film) for i, film in enumerate(films)}


@pytest.mark.parametrize(
    "settings",
    [{"AT_ONCE": 1}, {"AT_ONCE": 7}, {"DETAILS_KEPT": 2}, {"processors": lambda: 3}],
    ids=["one pair at once", "seven", "few details kept", "three processors"],
)
def test_how_the_work_is_shared_out_changes_no_pair(thirty, settings, monkeypatch):
    expected = copies.find(thirty)
    for name, value in settings.items():
        monkeypatch.setattr(copies, name, value)
    assert copies.find(thirty) == expected and len(expected) == 3


def test_all_processors_take_part(thirty, monkeypatch):
    """Each of three portions waits until all three are being verified: with fewer threads none would end."""
    together, agreement = threading.Barrier(3, timeout=60), copies.agreement
    with ThreadPoolExecutor(1) as pool:
        wanted = len(candidates.candidates(list(thirty.values()), pool))
    monkeypatch.setattr(copies, "processors", lambda: 3)
    monkeypatch.setattr(copies, "AT_ONCE", -(-wanted // 3))
    monkeypatch.setattr(copies, "agreement", lambda *given: (together.wait(), agreement(*given))[1])
    assert len(copies.find(thirty)) == 3


def test_a_search_that_fails_says_why_and_leaves_no_thread(thirty, monkeypatch):
    threads = threading.active_count()

    def broken(*given):
        raise MemoryError("no room")

    monkeypatch.setattr(copies, "agreement", broken)
    with pytest.raises(MemoryError, match="no room"):
        copies.find(thirty)
    assert threading.active_count() == threads


def test_real_films_under_every_change(films):
    found, wanted = found_of_all_changes([images.open_grey(path) for path in sorted((films / "nih_normal").iterdir())[:80]])
    assert found == wanted


def test_the_films_that_the_study_took_twice(films, known):
    found = sources.parse_all([f"coronahack={films / 'coronahack'}", f"ieee8023={films / 'ieee8023'}"], "unused")
    made = manifest.build(found, config.Experiment(), known, squares=False)
    records = {record.image_id: record for record in made.records}
    twice = [r for r in records.values() if r.source == "coronahack" and r.sha256 and f"sirm/{r.image_id.split('/')[1]}" in records]
    twice = [r for r in twice if records[f"sirm/{r.image_id.split('/')[1]}"].sha256]
    assert len(twice) >= 30
    pictures = {name: record.duplicate_of or name for name, record in records.items()}
    for record in twice:
        assert pictures[record.image_id] == pictures[f"sirm/{record.image_id.split('/')[1]}"], record.image_id
    case_54, case_72 = "sirm/353889E0-A1E8-4F9E-A0B8-F24F36BCFBFB.jpeg", "sirm/case_72_RX-TORACE1.jpg"
    assert pictures[case_54] == pictures[case_72]
    case_13 = records["coronahack/F051E018-DAD1-4506-AD43-BE4CA29E960B.jpeg"].excluded
    assert "conflicting labels" in case_13 and "sirm/F051E018" in case_13
    assert manifest.problems(made) == []


def searched(monkeypatch):
    """The numbers of films that copies.find hands on as candidates' films, and of pairs that it verifies, as they come."""
    films, pairs, find, agreement = [], [], copies.candidates, copies.agreement
    monkeypatch.setattr(copies, "candidates", lambda some, pool: films.append(len(some)) or find(some, pool))
    monkeypatch.setattr(copies, "agreement", lambda *given: pairs.append(len(given[0])) or agreement(*given))
    return films, pairs


def test_films_of_equal_pixels_are_copies_before_any_search(monkeypatch):
    """Two black pictures have no grain to compare; and k equal ones must not cost k squared."""
    films, _ = searched(monkeypatch)
    black = {f"s/{number}": np.zeros((SIDE, SIDE), np.uint8) for number in range(50)}
    pairs = copies.find(black | {"s/other": np.eye(SIDE, dtype=np.uint8)})
    assert films == [2]
    assert {pair.first for pair in pairs} == {"s/0"} and {pair.second for pair in pairs} == set(black) - {"s/0"}


def test_many_nearly_empty_films_do_not_cost_their_square(monkeypatch):
    """Of one grey each they are compared with none; with one white pixel each, as signatures of one code, with a bounded number."""
    empty = {f"grey/{grey}": np.full((SIDE, SIDE), grey, np.uint8) for grey in range(120)}
    _, pairs = searched(monkeypatch)
    assert copies.find(empty) == [] and pairs == []
    nearly = [np.zeros((SIDE, SIDE), np.uint8) for _ in range(120)]
    for place, thumbnail in enumerate(nearly):
        thumbnail[60, place // 2] = 255 - place % 2
    looked_up, meeting = [], candidates._Meeting._met

    def counting(self, queries):
        for query, other in meeting(self, queries):
            looked_up.append(len(query) / len(queries))
            yield query, other

    monkeypatch.setattr(candidates._Meeting, "_met", counting)
    monkeypatch.setattr(candidates, "FULL", 4)
    with ThreadPoolExecutor(1) as pool:
        wanted = candidates.candidates(nearly, pool)
    assert 0 < len(wanted) <= len(nearly) * candidates.CANDIDATES_A_FILM
    assert sum(looked_up) <= 4 * candidates.TABLES


def test_pairs_are_compared_once_and_the_kept_say_the_same(thirty, tmp_path, monkeypatch):
    _, pairs = searched(monkeypatch)
    found = copies.find(thirty, tmp_path)
    first = sum(pairs)
    assert copies.find(thirty, tmp_path) == found == copies.find(thirty) and sum(pairs) == 2 * first
    more = thirty | {"one more": 255 - thirty["film0003"]}
    assert copies.find(more, tmp_path) == copies.find(more)
    assert sum(pairs) < 3.2 * first + 2 * 2 * len(thirty), "only the new film is compared"


def test_agreements_that_are_damaged_are_named(thirty, tmp_path):
    copies.find(thirty, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadInput, match="agreements is damaged"):
        copies.find(thirty, tmp_path)


def test_how_films_are_portioned_changes_no_candidate(drawn, monkeypatch):
    thumbnails = [copies.thumbnail(film) for film in drawn[:66]]
    with ThreadPoolExecutor(2) as pool:
        expected = candidates.candidates(thumbnails, pool)
        monkeypatch.setattr(candidates, "PORTION", 25)
        assert candidates.candidates(thumbnails, pool) == expected
    counts = np.bincount([film for whole, part, _ in expected for film in (whole, part)])
    assert len(expected) <= len(thumbnails) * candidates.CANDIDATES_A_FILM and np.count_nonzero(counts) > 60
