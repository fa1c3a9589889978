"""The folder of a fetched set: what is not the kit's own stays, and two fetches of one set do not undo each other."""

import io
from contextlib import contextmanager

import pytest

from cxrkit.errors import BadInput
from cxrkit.fetch import folder
from cxrkit.files import read_json


def test_a_work_folder_without_a_receipt_is_somebody_elses(tmp_path):
    work = tmp_path / "set" / folder.WORK
    work.mkdir(parents=True)
    (work / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match="were not fetched"), folder.owned(tmp_path / "set", "a", {}):
        pass
    assert (work / "notes.txt").read_text() == "mine" and not (tmp_path / "set" / folder.RECEIPT).exists()


def test_a_fetch_that_waited_for_another_begins_with_what_that_one_wrote(tmp_path, monkeypatch):
    place, locked = tmp_path / "set", folder.locked

    @contextmanager
    def taken_meanwhile(path):
        monkeypatch.setattr(folder, "locked", locked)
        with folder.owned(place, "a", {}) as other:
            other.put("film.png", io.BytesIO(b"film"))
            other.keep()
        with locked(path) as held:
            yield held

    monkeypatch.setattr(folder, "locked", taken_meanwhile)
    with folder.owned(place, "a", {}) as here:
        assert set(here.files) == {"film.png"}
    assert set(read_json(place / folder.RECEIPT, keys=("files",))["files"]) == {"film.png"}
