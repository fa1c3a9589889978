"""`kaggle:OWNER/SLUG` through kagglehub: a stand-in for its one function, for it is optional and not in the tests' requirements."""

import sys
import threading
from types import SimpleNamespace

import pytest

from cxrkit import config, environment
from cxrkit.data.readers import coronahack
from cxrkit.errors import BadInput, RemoteRefusal, run_command
from cxrkit.files import write_text
from cxrkit.kaggle_io import hub
from tests.data.readers import layouts


@pytest.fixture
def sets(monkeypatch):
    """{owner/slug: folder, or what to raise}; `asked` lists the names."""
    known, asked = {}, []

    def dataset_download(handle):
        asked.append(handle)
        if isinstance(known[handle], Exception):
            raise known[handle]
        return str(known[handle])

    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=dataset_download))
    return SimpleNamespace(known=known, asked=asked)


def test_the_kind_is_told_by_what_the_set_holds(sets, tmp_path, capsys):
    sets.known["bob/granada"] = tmp_path / "g"
    layouts.covidgr(tmp_path / "g" / "COVIDGR_1.0")
    write_text(tmp_path / "c" / "deep" / coronahack.METADATA, "")
    sets.known["praveengovi/coronahack/versions/3"] = tmp_path / "c"
    for label in ("covid", "normal"):
        write_text(tmp_path / "f" / label / "a.png", "")
    sets.known["eve/My_Films"] = tmp_path / "f"
    experiment = config.load(
        "dry-run", {"data": ["kaggle:praveengovi/coronahack/versions/3", "kaggle:eve/My_Films"], "external": ["kaggle:bob/granada"]}
    )
    found = hub.attached(experiment)
    assert found.data == (f"coronahack={tmp_path / 'c' / 'deep'}", f"folder:my-films={tmp_path / 'f'}")
    assert found.external == (f"covidgr={tmp_path / 'g' / 'COVIDGR_1.0'}",)
    assert "https://www.kaggle.com/datasets/bob/granada" in capsys.readouterr().out


def test_a_kind_that_is_told_counts_and_other_places_stay(sets, tmp_path):
    layouts.covidgr(tmp_path / "g" / "COVIDGR_1.0")
    sets.known["bob/granada"] = tmp_path / "g"
    texts = ["covidgr:mine=kaggle:bob/granada", "folder:mine=kaggle:bob/granada", "coronahack=/x", "phantom", "/x/kaggle:no/where/at/all"]
    assert hub.folders(texts) == (
        f"covidgr:mine={tmp_path / 'g' / 'COVIDGR_1.0'}",
        f"folder:mine={tmp_path / 'g'}",
        *texts[2:],
    )
    assert len(sets.asked) == 2


def test_a_set_that_no_reader_knows_says_how_to_name_it(sets, tmp_path):
    write_text(tmp_path / "x" / "train.parquet", "")
    sets.known["eve/else"] = tmp_path / "x"
    with pytest.raises(BadInput, match=r"KIND=kaggle:eve/else"):
        hub.folders(["kaggle:eve/else"])


@pytest.mark.parametrize("error", [RuntimeError("403 Client Error.\n\nlong story"), ConnectionError("no network"), ValueError("")])
def test_what_kagglehub_raises_is_a_refusal_with_the_sets_address(sets, error):
    sets.known["eve/private"] = error
    with pytest.raises(RemoteRefusal, match=type(error).__name__) as refusal:
        hub.folders(["kaggle:eve/private"])
    assert refusal.value.where == "https://www.kaggle.com/datasets/eve/private" and "long story" not in str(refusal.value)


def test_where_the_package_is_absent_it_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    assert run_command(lambda: hub.folders(["kaggle:bob/granada"])) == 2
    assert "kagglehub is not installed" in capsys.readouterr().err


def test_a_kernel_does_not_wait_for_ever(monkeypatch):
    never = threading.Event()
    monkeypatch.setitem(sys.modules, "kagglehub", SimpleNamespace(dataset_download=lambda handle: never.wait()))
    monkeypatch.setattr(environment, "on_kaggle", lambda: True)
    monkeypatch.setattr(hub, "ATTACHING_SECONDS", 0.01)
    with pytest.raises(RemoteRefusal, match="in time"):
        hub.folders(["kaggle:bob/granada"])
    never.set()
