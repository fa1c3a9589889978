"""The folder of a fetched set: what is not the kit's own stays, and two fetches of one set do not undo each other."""

import io
import threading

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


def test_a_fetch_that_waited_for_another_begins_with_what_that_one_wrote(tmp_path):
    found, begun = [], threading.Event()

    def second():
        begun.set()
        with folder.owned(tmp_path / "set", "a", {}) as here:
            found.append(set(here.files))

    with folder.owned(tmp_path / "set", "a", {}) as first:
        waiting = threading.Thread(target=second)
        waiting.start()
        begun.wait(60)
        first.put("film.png", io.BytesIO(b"film"))
        first.keep()
    waiting.join(60)
    assert found == [{"film.png"}]
    assert set(read_json(tmp_path / "set" / folder.RECEIPT, keys=("files",))["files"]) == {"film.png"}
