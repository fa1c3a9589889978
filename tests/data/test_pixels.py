"""The squares of the film cache on drawn phantoms: what fastai would have made of each file, decoded once, whatever happens to the process."""

import hashlib
import multiprocessing
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cxrkit import config
from cxrkit.data import cache, images, looks, manifest, pixels, sources, workers
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput

SIZE = 48


@pytest.fixture(scope="module")
def films(tmp_path_factory, phantoms):
    """Sixty used records of copied phantoms, and the function that finds their files."""
    root = tmp_path_factory.mktemp("films") / "data"
    shutil.copytree(phantoms, root)
    found = sources.parse_all([str(root)], drawn_at="unused")
    records = manifest.build(found, config.Experiment()).used[:60]
    manifest.write(root.parent / "manifest.csv", Manifest(records), manifest.roots_of(found))
    return records, sources.locator(manifest.roots_of(found))


@pytest.fixture(scope="module")
def written(films):
    """The manifest of the films, for other processes."""
    records, locate = films
    return next(parent for parent in locate(records[0]).parents if (parent / "manifest.csv").exists()) / "manifest.csv"


@pytest.fixture
def decoded(monkeypatch):
    """The list that the path of each film is added to when it is decoded."""
    paths, real = [], images.decode
    monkeypatch.setattr(images, "decode", lambda path, content: paths.append(path) or real(path, content))
    return paths


def rows_in(folder):
    """The squares that a cache holds, its files read as they lie there."""
    with cache.opened(folder, SIZE) as found:
        return found.squares


def damage(folder, row):
    with open(rows_in(folder).squares, "r+b") as file:
        file.seek(row * SIZE**2 + 5)
        file.write(b"\x00\xff\x00\xff")


def squares_of(records, locate, folder):
    return np.array(pixels.load(records, locate, SIZE, folder).of(record.image_id for record in records))


def test_a_square_is_what_fastai_makes_of_the_file(films, tmp_path):
    from fastai.vision.augment import Resize, ResizeMethod

    from cxrkit.training.loaders import ChestFilm

    records, locate = films
    found = pixels.load(records, locate, SIZE, tmp_path)
    resize = Resize(SIZE, method=ResizeMethod.Squish)
    for record in records[::7]:
        wanted = np.asarray(resize(ChestFilm.create(locate(record))))
        assert (found.of([record.image_id])[0][..., None] == wanted).all()


def test_a_manifest_gives_the_squares_of_its_used_records(films, tmp_path):
    records, locate = films
    left_out = records[0].but(image_id="coronahack/left-out", excluded="view lateral")
    found = pixels.load(Manifest([*records, left_out]), locate, SIZE, tmp_path)
    assert set(found.rows) == {record.image_id for record in records} and found.size == SIZE
    assert (found.of(record.image_id for record in records) == squares_of(records, locate, tmp_path)).all()


def test_a_second_start_decodes_nothing_and_more_films_only_what_is_new(films, tmp_path, decoded):
    records, locate = films
    first = pixels.load(records[:40], locate, SIZE, tmp_path)
    before = np.array(first.images)
    decoded.clear()
    pixels.load(records[:40], locate, SIZE, tmp_path)
    assert decoded == []
    more = pixels.load(records, locate, SIZE, tmp_path)
    assert sorted(decoded) == sorted(locate(record) for record in records[40:])
    assert (more.of([record.image_id for record in records[:40]]) == before[[first.rows[r.image_id] for r in records[:40]]]).all()
    assert (first.images == before).all()


def test_damaged_squares_are_found_and_decoded_again(films, tmp_path, capsys, decoded):
    records, locate = films
    whole = squares_of(records, locate, tmp_path)
    damage(tmp_path, 3)
    decoded.clear()
    assert (squares_of(records, locate, tmp_path) == whole).all()
    assert "1 of 60 squares are damaged" in capsys.readouterr().out and len(decoded) == 1
    assert (squares_of(records, locate, tmp_path) == whole).all()
    assert "damaged" not in capsys.readouterr().out and len(decoded) == 1


def test_a_damaged_line_of_the_index_costs_one_film(films, tmp_path, capsys, decoded):
    records, locate = films
    whole = squares_of(records, locate, tmp_path)
    index = rows_in(tmp_path).index
    lines = index.read_bytes().split(b"\n")
    index.write_bytes(b"\n".join([*lines[:5], lines[5][:-3] + b"x}?", *lines[6:]]))
    decoded.clear()
    assert (squares_of(records, locate, tmp_path) == whole).all()
    assert "1 of 60 squares are damaged" in capsys.readouterr().out and len(decoded) == 1


def test_damage_to_a_film_that_is_not_wanted_costs_the_others_nothing(films, tmp_path, capsys, monkeypatch):
    records, locate = films
    pixels.load(records, locate, SIZE, tmp_path)
    damage(tmp_path, rows_in(tmp_path).known[records[-1].sha256])
    pixels.load(records[:-1], locate, SIZE, tmp_path)
    assert "1 of 60 squares are damaged" in capsys.readouterr().out
    monkeypatch.setattr(images, "decode", None)
    assert len(pixels.load(records[:-1], locate, SIZE, tmp_path).rows) == 59
    assert "damaged" not in capsys.readouterr().out


def test_a_reader_keeps_its_squares_whatever_another_process_does(films, tmp_path):
    records, locate = films
    first = pixels.load(records[:40], locate, SIZE, tmp_path)
    before = np.array(first.images)
    rows_in(tmp_path).index.unlink()
    pixels.load(records[:5], locate, SIZE, tmp_path)
    assert (first.images == before).all()


@pytest.mark.parametrize("lost", ["squares", "index", "tail", "end of the index"])
def test_a_file_that_is_lost_or_cut_is_made_again(films, tmp_path, lost):
    records, locate = films
    whole = squares_of(records, locate, tmp_path)
    rows = rows_in(tmp_path)
    if lost == "tail":
        with open(rows.squares, "r+b") as file:
            file.truncate(10 * SIZE**2 + 77)
    elif lost == "end of the index":
        rows.index.write_bytes(rows.index.read_bytes()[:-1000])
    else:
        getattr(rows, lost).unlink()
    assert (squares_of(records, locate, tmp_path) == whole).all()
    assert len(rows_in(tmp_path).known) == 60
    assert rows.squares.stat().st_size == 60 * SIZE**2 and rows.index.read_bytes().count(b"\n") == 60


def test_films_of_another_version_are_decoded_again(films, tmp_path, monkeypatch, decoded):
    records, locate = films
    pixels.load(records, locate, SIZE, tmp_path)
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    decoded.clear()
    pixels.load(records, locate, SIZE, tmp_path)
    assert len(decoded) == 60


def test_no_more_than_a_portion_of_films_is_in_memory(films, tmp_path, monkeypatch):
    records, locate = films
    monkeypatch.setattr(cache, "SAVED_EVERY", 8)
    held, most, keep, decode = [], [], cache.FilmCache._keep, looks.Look._decoded

    def making(self, *given):
        held.append(decode(self, *given))
        most.append(len(held))
        return held[-1]

    def keeping(self, made):
        keep(self, made)
        del held[: len(made)]

    monkeypatch.setattr(looks.Look, "_decoded", making)
    monkeypatch.setattr(cache.FilmCache, "_keep", keeping)
    assert len(pixels.load(records, locate, SIZE, tmp_path, workers.Threads(2)).rows) == 60
    assert held == [] and max(most) <= 8 + 2 * workers.WAITING + 1


KILLED = """
import os, sys
from cxrkit.data import cache, images, manifest, pixels, sources, workers
cache.SAVED_EVERY = 8
known, seen = images.square, []
def square(*given):
    seen.append(1)
    if len(seen) > 30:
        os.kill(os.getpid(), 9)
    return known(*given)
images.square = square
pixels.load(manifest.read(sys.argv[1]), sources.locator(manifest.read_roots(sys.argv[1])), 48, sys.argv[2], workers=workers.Threads(1))
"""


def test_a_killed_build_leaves_a_cache_that_goes_on(films, tmp_path, written):
    records, locate = films
    done = subprocess.run([sys.executable, "-c", KILLED, str(written), str(tmp_path / "cut")], capture_output=True)
    assert done.returncode == -9
    assert 0 < len(rows_in(tmp_path / "cut").known) <= 30
    assert (squares_of(records, locate, tmp_path / "cut") == squares_of(records, locate, tmp_path / "whole")).all()


def build(folder, written, queue):
    made = manifest.read(written)
    found = pixels.load(made, sources.locator(manifest.read_roots(written)), SIZE, folder)
    queue.put(int(found.of(made.by_id).sum(dtype=np.int64)))


def test_two_processes_may_build_it_at_once(films, tmp_path, written):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    builders = [context.Process(target=build, args=(tmp_path, written, queue)) for _ in range(2)]
    [builder.start() for builder in builders]
    sums = [queue.get(timeout=120) for _ in builders]
    [builder.join() for builder in builders]
    rows = rows_in(tmp_path)
    assert sums[0] == sums[1] and len(rows.known) == len(rows.images()) == 60


def test_films_that_changed_or_cannot_be_read_are_listed_and_the_others_kept(films, tmp_path):
    records, locate = films
    other, gone, broken = (tmp_path / name for name in ("other.png", "gone.png", "broken.png"))
    Image.new("L", (64, 64)).save(other)
    broken.write_bytes(b"no image")
    moved = dict(zip((record.image_id for record in records), (other, gone, broken)))
    named = [records[2].but(sha256=hashlib.sha256(b"no image").hexdigest()) if record is records[2] else record for record in records]
    with pytest.raises(BadInput) as raised:
        pixels.load(named, lambda record: moved.get(record.image_id, locate(record)), SIZE, tmp_path / "cache")
    said = str(raised.value)
    assert "3 films" in said and "another than the manifest's" in said and "No such file" in said and "no image of a known format" in said
    assert len(rows_in(tmp_path / "cache").known) == 57
