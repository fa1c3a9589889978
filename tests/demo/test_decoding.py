import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cxrkit.demo import decoding
from cxrkit.errors import UnreadableImage
from tests.demo import served

FILM = served.encoded(served.drawn())


def bomb(side):
    """A PNG that says side x side pixels, in a few bytes."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


def several(kind):
    pages = [served.drawn(seed) for seed in (1, 2)]
    return served.encoded(pages[0], kind, save_all=True, append_images=pages[1:])


BAD = {
    "empty": (b"", "empty"),
    "nonsense": (b"nonsense" * 99, "known format"),
    "page": (b"<!doctype html><script>alert(1)</script>", "known format"),
    "program": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n{} loop\n", "known format"),
    "cut PNG": (FILM[: len(FILM) // 2], "cannot be decoded"),
    "cut JPEG": (served.encoded(served.drawn(), "JPEG")[:700], "cannot be decoded"),
    "bomb": (bomb(60000), "pixels"),
    "smaller bomb": (bomb(12000), "pixels"),
    "several pages": (several("TIFF"), "2 pictures"),
    "moving": (several("GIF"), "2 pictures"),
    "icon": (served.encoded(served.drawn(size=32)), "only 32 x 32"),
    "black": (served.encoded(Image.new("L", (99, 99))), "no content, 1 grey level"),
    "strip": (served.encoded(served.drawn().resize((700, 50))), "a strip of 700 x 50"),
    "DICOM in name": (bytes(128) + b"DICM" + bytes(range(256)), "DICOM"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_film_is_a_reason(name):
    content, words = BAD[name]
    header, pixels = decoding._decoded(content)
    assert words in header.reason and not pixels and header.width == 0
    assert "the film" not in header.reason and "\n" not in header.reason


@given(place=st.integers(0, len(FILM) - 1), change=st.binary(min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_damage_is_a_film_or_a_reason(place, change):
    header, pixels = decoding._decoded(FILM[:place] + change + FILM[place + len(change) :])
    assert bool(header.reason) != (len(pixels) == header.width * header.height > 0)


def test_a_film_comes_back_as_it_is():
    film = decoding.decode(FILM)
    assert (np.asarray(film.grey) == np.asarray(served.drawn())).all() and film.colour == 0 and film.doubts == []


def test_a_refusal_crosses_from_process_to_process():
    with pytest.raises(UnreadableImage, match="pixels"):
        decoding.decode(bomb(60000))


def test_a_photo_is_coloured():
    assert decoding._decoded(served.encoded(served.photo()))[0].colour > 0.5


PYTHON = [sys.executable, "-c"]
WORSE = json.dumps({"width": 9, "height": 9})


@pytest.mark.parametrize(
    "script",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise MemoryError",
        "print()",
        "print('[1, 2]')",
        "print('{\"shell\": 1}')",
        f"print('{WORSE}')",
        f"print('{WORSE}' + chr(10) + 'x' * 99)",
    ],
    ids=["killed", "fails", "silent", "list", "unknown key", "no pixels", "other pixels"],
)
def test_a_decoder_that_breaks_off_or_lies_is_a_reason(monkeypatch, script):
    monkeypatch.setattr(decoding, "COMMAND", [*PYTHON, script])
    with pytest.raises(UnreadableImage, match="broke off"):
        decoding.decode(FILM)


def test_a_decoder_has_one_thread_and_its_warnings_are_not_kept(monkeypatch):
    """On a machine of many cores the stacks of as many threads use up its memory."""
    script = (
        "import json, os, sys; sys.stderr.write('x' * 10**7); print(json.dumps({'reason': os.environ['OPENBLAS_NUM_THREADS'] + ' thread'}))"
    )
    monkeypatch.setattr(decoding, "COMMAND", [*PYTHON, script])
    with pytest.raises(UnreadableImage, match="^1 thread$"):
        decoding.decode(FILM)


def test_a_decoder_that_hangs_is_ended(monkeypatch):
    started = []
    popen = subprocess.Popen

    def watched(*args, **options):
        started.append(popen(*args, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", watched)
    monkeypatch.setattr(decoding, "COMMAND", [*PYTHON, "while True: pass"])
    monkeypatch.setattr(decoding, "SECONDS", -4.8)  # and five more
    with pytest.raises(UnreadableImage, match="was not decoded within"):
        decoding.decode(FILM)
    assert started[0].returncode == -9


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits on Windows")
def test_a_decoder_may_write_no_file_and_has_so_much_memory(tmp_path):
    script = """
import sys
from cxrkit.demo import decoding
decoding._limit()
try:
    bytearray(decoding.MEMORY_BYTES)
except MemoryError:
    print("no memory")
try:
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(b"film")
except OSError:
    print("no file")
"""
    done = subprocess.run([*PYTHON, script, str(tmp_path / "kept")], capture_output=True, text=True, cwd=decoding.FOLDER)
    assert done.stdout == "no memory\nno file\n" and (tmp_path / "kept").stat().st_size == 0


@pytest.mark.parametrize(
    "elements, words",
    [
        ({"ViewPosition": "LL"}, "lateral view"),
        ({"Modality": "CT"}, "modality CT, not a projection film"),
        ({"BodyPartExamined": "KNEE"}, "body part KNEE"),
        ({}, ""),
    ],
    ids=str,
)
def test_a_dicom_header_may_doubt_its_film(elements, words):
    pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    header, pixels = decoding._decoded(served.dicom(**elements))
    assert [words in doubt for doubt in header.doubts] == [True] * bool(words) and len(pixels) == 128 * 128 and not header.reason


def test_a_dicom_of_several_frames_is_no_film():
    pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    header, _ = decoding._decoded(served.dicom(NumberOfFrames=3))
    assert "3 pictures" in header.reason


def test_the_decoder_is_found_where_the_kit_lies():
    assert (Path(decoding.FOLDER) / "cxrkit" / "demo" / "decoding.py").is_file()
