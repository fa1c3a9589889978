"""What is attached is found in either layout, at bounded depth, and an absence says what is there."""

import shutil

import pytest

from cxrkit import config
from cxrkit.data import places, sources
from cxrkit.data.readers import coronahack
from cxrkit.errors import BadInput
from cxrkit.files import write_text
from cxrkit.kaggle_io import mounts
from tests.data.readers import layouts

PAPER = config.load("paper", {"pretrained": False})


@pytest.mark.parametrize(
    "place",
    [
        "datasets/praveengovi/coronahack-chest-xraydataset",
        "coronahack-chest-xraydataset",
        "datasets/somebody/a-copy-of-it",
        "coronahack-chest-xraydataset/versions/3/unpacked",
        ".",
    ],
)
def test_the_dataset_is_found(tmp_path, place):
    write_text(tmp_path / "other-dataset" / "readme.txt", "")
    write_text(tmp_path / place / coronahack.METADATA, "")
    (found,) = mounts.attach(PAPER, tmp_path).data
    assert found == f"coronahack={tmp_path / place}"


def test_the_right_dataset_is_preferred(tmp_path):
    write_text(tmp_path / "a-copy" / coronahack.METADATA, "")
    write_text(tmp_path / "datasets/praveengovi/coronahack-chest-xraydataset" / coronahack.METADATA, "")
    assert "praveengovi" in mounts.attach(PAPER, tmp_path).data[0]


def test_what_holds_most_is_taken_and_all_are_named(tmp_path, phantoms, capsys):
    """An altered copy, and one of which half is missing, are attached beside the whole set, which lies under a name of its own."""
    altered, half, whole = (tmp_path / "datasets" / name for name in ("praveengovi/coronahack-chest-xraydataset", "bob/half", "zoe/whole"))
    write_text(altered / coronahack.METADATA, (phantoms / coronahack.METADATA).read_text() + "9,COVID19_1.jpg,Normal,TRAIN,,\n")
    shutil.copytree(phantoms, half)
    for path in sorted(half.rglob("*.jpeg"))[::2]:
        path.unlink()
    shutil.copytree(phantoms, whole)
    assert mounts.attach(PAPER, tmp_path).data == (f"coronahack={whole}",)
    said = capsys.readouterr().out
    assert "of 3 attached" in said and f"{altered} (0)" in said and f"{half} (" in said
    write_text(tmp_path / "datasets/a/films/radiopaedia/1/record.json", "{}")
    for number in range(3):
        write_text(tmp_path / f"datasets/b/films/sirm/{number}/record.json", "{}")
    assert mounts.attach(PAPER, tmp_path).data[1] == f"collected={tmp_path / 'datasets/b/films'}"
    one = config.load("paper", {"architectures": ["resnet34", "vgg16_bn"]})
    for place, names in {"a": ["resnet34-b627a593.pth"], "b": ["resnet34-b627a593.pth", "vgg16_bn-6c64b313.pth"]}.items():
        for name in names:
            write_text(tmp_path / "datasets" / place / "weights" / name, "")
    assert mounts.attach(one, tmp_path).weights == str(tmp_path / "datasets/b/weights")


def test_what_is_mounted_is_listed(tmp_path):
    write_text(tmp_path / "datasets" / "bob" / "birds" / "a.csv", "")
    write_text(tmp_path / "datasets" / "bob" / "birds" / "deeper" / "b.csv", "")
    with pytest.raises(BadInput, match="attached is: datasets/bob/birds[.]") as caught:
        mounts.attach(PAPER, tmp_path)
    assert "dataset_sources" in str(caught.value)
    shutil.rmtree(tmp_path / "datasets")
    with pytest.raises(BadInput, match="attached is: nothing"):
        mounts.attach(PAPER, tmp_path)
    with pytest.raises(BadInput, match="attached is: nothing"):
        mounts.attach(PAPER, tmp_path / "absent")


def test_depth_and_number_of_folders_are_bounded(tmp_path, monkeypatch):
    write_text(tmp_path / "1/2/3/4/5/6" / coronahack.METADATA, "")
    assert mounts.find(coronahack.METADATA, root=tmp_path) is None
    for number in range(30):
        (tmp_path / f"many{number:02d}").mkdir()
    monkeypatch.setattr(places, "MOST_FOLDERS", 10)
    assert len(list(places.folders_below(tmp_path))) == 10


@pytest.mark.parametrize("site", ["radiopaedia", "sirm"])
def test_collected_films_join_when_attached(tmp_path, site):
    write_text(tmp_path / "coronahack" / coronahack.METADATA, "")
    write_text(tmp_path / "datasets/alice/films/collected" / site / "12" / "record.json", "{}")
    assert mounts.attach(PAPER, tmp_path).data == (
        f"coronahack={tmp_path / 'coronahack'}",
        f"collected={tmp_path / 'datasets/alice/films/collected'}",
    )


def test_named_data_is_left_alone(tmp_path):
    phantom = config.load("dry-run")
    assert mounts.attach(phantom, tmp_path) == phantom


def test_an_attached_set_that_a_reader_knows_is_asked_about_and_said(tmp_path, capsys):
    write_text(tmp_path / "c" / coronahack.METADATA, "")
    layouts.covidgr(tmp_path / "datasets/bob/granada/COVIDGR_1.0")
    layouts.covidgr(tmp_path / "datasets/eve/again")
    write_text(tmp_path / "datasets/eve/torn/Data_Entry_2017.csv", "no,columns\n1,2\n")
    granada, again = tmp_path / "datasets/bob/granada/COVIDGR_1.0", tmp_path / "datasets/eve/again"
    assert mounts.attach(PAPER, tmp_path).external == (f"covidgr={again}", f"covidgr:covidgr-2={granada}")
    said = capsys.readouterr().out
    assert f"external films: covidgr at {granada}" in said and "torn looks like nih and is not used: The metadata lacks" in said
    sources.externals(mounts.attach(PAPER, tmp_path).external)


def test_a_set_that_the_run_trains_on_is_not_from_elsewhere(tmp_path):
    layouts.covidgr(tmp_path / "granada")
    named = config.load("paper", {"pretrained": False, "data": [f"covidgr={tmp_path / 'granada'}"]})
    assert mounts.attach(named, tmp_path).external == ()
    elsewhere = config.load("dry-run", {"external": ["away=/x"]})
    assert mounts.attach(elsewhere, tmp_path).external == ("away=/x",)
    quick = config.load("dry-run", {"audit": "quick"})
    assert mounts.attach(quick, tmp_path).external == ()


def test_attached_weights(tmp_path, capsys):
    write_text(tmp_path / "c" / coronahack.METADATA, "")
    write_text(tmp_path / "datasets/bob/weights" / "resnet34-b627a593.pth", "")
    one = config.load("paper", {"architectures": ["resnet34"]})
    assert mounts.attach(one, tmp_path).weights == str(tmp_path / "datasets/bob/weights")
    two = config.load("paper", {"architectures": ["resnet34", "vgg16_bn"]})
    assert mounts.attach(two, tmp_path).weights == ""
    assert "vgg16_bn" in capsys.readouterr().out


def test_attached_weights_of_a_timm_network(tmp_path):
    pytest.importorskip("timm", reason="timm is not installed (tests/requirements-weights.txt)")
    write_text(tmp_path / "c" / coronahack.METADATA, "")
    one = config.load("paper", {"architectures": ["efficientnet_lite0"]})
    assert mounts.attach(one, tmp_path).weights == ""
    write_text(tmp_path / "datasets/bob/weights" / "efficientnet_lite0.pth", "")
    assert mounts.attach(one, tmp_path).weights == str(tmp_path / "datasets/bob/weights")


@pytest.mark.parametrize(
    "sets, device, free, size, limited",
    [(1, "cuda", None, 224, "time"), (1, "cpu", None, 224, "time"), (1, "cuda", 2**30, 512, "memory"), (4, "cpu", 2**20, 1024, "memory")],
)
def test_a_set_that_there_is_no_time_for_is_asked_about_by_a_sample(sets, device, free, size, limited):
    experiment = config.load("paper", {"image_size": size})
    most, why = mounts.most_films(experiment, sets, device, free)
    assert why == limited and most >= mounts.FEWEST
    assert most <= mounts.most_films(experiment, 1, device, None)[0]
    more = config.load("paper", {"image_size": size, "seeds": list(range(20))})
    assert mounts.most_films(more, sets, device, free)[0] <= most


def test_the_limit_is_said_and_laid_down_and_ones_own_number_stays(tmp_path, monkeypatch, capsys):
    write_text(tmp_path / "c" / coronahack.METADATA, "")
    layouts.covidgr(tmp_path / "granada")
    assert mounts.attach(PAPER, tmp_path).external_films == 0, "few films are asked about all"
    monkeypatch.setattr(mounts, "FEWEST", 3)
    monkeypatch.setattr(mounts, "EXTERNAL_SECONDS", 0)
    capsys.readouterr()
    assert mounts.attach(PAPER, tmp_path).external_films == 3
    assert "at most 3 of each set" in capsys.readouterr().out
    own = config.load("paper", {"pretrained": False, "external_films": 5})
    assert mounts.attach(own, tmp_path).external_films == 5
