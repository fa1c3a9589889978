"""The pixel cache on drawn phantoms: what fastai would have made of each file, decoded once, whatever happens to the process."""

import hashlib
import multiprocessing
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cxrkit.data import manifest, pixels, sources
from cxrkit.errors import BadInput
from cxrkit.files import read_json

SIZE = 48


@pytest.fixture(scope="module")
def films(tmp_path_factory, phantoms):
    """Sixty used records of copied phantoms, and the function that finds their files."""
    root = tmp_path_factory.mktemp("films") / "data"
    shutil.copytree(phantoms, root)
    found = sources.parse_all([str(root)], drawn_at="unused")
    records = [record for record in manifest.build(found) if record.used][:60]
    manifest.write(root.parent / "manifest.csv", records, manifest.roots_of(found))
    return records, sources.locator(manifest.roots_of(found))


@pytest.fixture(scope="module")
def written(films):
    """The manifest of the films, for other processes."""
    records, locate = films
    return next(parent for parent in locate(records[0]).parents if (parent / "manifest.csv").exists()) / "manifest.csv"


def test_a_square_is_what_fastai_makes_of_the_file(films, tmp_path):
    from fastai.vision.augment import Resize, ResizeMethod

    from cxrkit.training.loaders import ChestFilm

    records, locate = films
    found = pixels.load(records, locate, SIZE, tmp_path)
    resize = Resize(SIZE, method=ResizeMethod.Squish)
    for record in records[::7]:
        wanted = np.asarray(resize(ChestFilm.create(locate(record))))
        assert (found.of([record.image_id])[0][..., None] == wanted).all()


def test_a_second_start_decodes_nothing_and_more_films_only_what_is_new(films, tmp_path, monkeypatch):
    records, locate = films
    first = pixels.load(records[:40], locate, SIZE, tmp_path)
    before = np.array(first.images)
    decoded = []
    monkeypatch.setattr(pixels, "open_grey", lambda path, content, known=pixels.open_grey: decoded.append(path) or known(path, content))
    pixels.load(records[:40], locate, SIZE, tmp_path)
    assert decoded == []
    more = pixels.load(records, locate, SIZE, tmp_path)
    assert sorted(decoded) == sorted(locate(record) for record in records[40:])
    assert (more.of([record.image_id for record in records[:40]]) == before[[first.rows[r.image_id] for r in records[:40]]]).all()
    assert (first.images == before).all()


def test_damaged_squares_are_found_and_decoded_again(films, tmp_path, capsys):
    records, locate = films
    whole = np.array(pixels.load(records, locate, SIZE, tmp_path).of([r.image_id for r in records]))
    cache = pixels.Cache(tmp_path, SIZE)
    with open(cache.squares, "r+b") as file:
        file.seek(3 * SIZE**2 + 5)
        file.write(b"\x00\xff\x00\xff")
    again = pixels.load(records, locate, SIZE, tmp_path)
    assert "1 of 60 squares are damaged" in capsys.readouterr().out
    assert (again.of([r.image_id for r in records]) == whole).all()


def test_damage_to_a_film_that_is_not_wanted_costs_the_others_nothing(films, tmp_path, monkeypatch):
    records, locate = films
    pixels.load(records, locate, SIZE, tmp_path)
    cache = pixels.Cache(tmp_path, SIZE)
    row = read_json(cache.index)[records[-1].sha256][0]
    with open(cache.squares, "r+b") as file:
        file.seek(row * SIZE**2)
        file.write(b"\x00\xff\x00\xff")
    pixels.load(records[:-1], locate, SIZE, tmp_path)
    monkeypatch.setattr(pixels, "open_grey", None)
    assert len(pixels.load(records[:-1], locate, SIZE, tmp_path).rows) == 59


@pytest.mark.parametrize("lost", ["squares", "index", "tail"])
def test_a_file_that_is_lost_or_cut_is_made_again(films, tmp_path, lost):
    records, locate = films
    whole = np.array(pixels.load(records, locate, SIZE, tmp_path).of([r.image_id for r in records]))
    cache = pixels.Cache(tmp_path, SIZE)
    if lost == "tail":
        with open(cache.squares, "r+b") as file:
            file.truncate(10 * SIZE**2 + 77)
    else:
        getattr(cache, lost).unlink()
    assert (pixels.load(records, locate, SIZE, tmp_path).of([r.image_id for r in records]) == whole).all()


KILLED = """
import os, sys
from cxrkit.data import manifest, pixels, sources
pixels.SAVED_EVERY = 8
known, seen = pixels.square, []
def square(grey, size):
    seen.append(1)
    if len(seen) > 30:
        os.kill(os.getpid(), 9)
    return known(grey, size)
pixels.square = square
pixels.load(manifest.read(sys.argv[1]), sources.locator(manifest.read_roots(sys.argv[1])), 48, sys.argv[2], workers=1)
"""


def test_a_killed_build_leaves_a_cache_that_goes_on(films, tmp_path, written):
    records, locate = films
    done = subprocess.run([sys.executable, "-c", KILLED, str(written), str(tmp_path / "cut")], capture_output=True)
    assert done.returncode == -9
    kept = read_json(pixels.Cache(tmp_path / "cut", SIZE).index)
    assert 0 < len(kept) <= 30
    cut, whole = (pixels.load(records, locate, SIZE, tmp_path / name) for name in ("cut", "whole"))
    names = [record.image_id for record in records]
    assert (cut.of(names) == whole.of(names)).all()


def build(folder, written, queue):
    records = manifest.read(written)
    made = pixels.load(records, sources.locator(manifest.read_roots(written)), SIZE, folder)
    queue.put(int(made.of([record.image_id for record in records]).sum(dtype=np.int64)))


def test_two_processes_may_build_it_at_once(films, tmp_path, written):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    workers = [context.Process(target=build, args=(tmp_path, written, queue)) for _ in range(2)]
    [worker.start() for worker in workers]
    sums = [queue.get(timeout=120) for _ in workers]
    [worker.join() for worker in workers]
    assert sums[0] == sums[1] and len(read_json(pixels.Cache(tmp_path, SIZE).index)) == 60


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
    assert len(read_json(pixels.Cache(tmp_path / "cache", SIZE).index)) == 57
