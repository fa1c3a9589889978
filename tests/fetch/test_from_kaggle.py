"""Fetching a Kaggle data set with the real client, from the stand-in: asked first, gone on with, compared, and never outside."""

import io
import json
import zipfile

import pytest

from cxrkit.data.readers import radiography
from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.fetch import catalogue, folder, from_kaggle
from cxrkit.files import read_json, sha256_of
from cxrkit.kaggle_io import output
from tests.kaggle_io.conftest import SECRETS, run
from tests.standins.kaggle import Dataset

REF = "tawsifurrahman/covid19-radiography-database"
HOME = radiography.NESTED
FILES = {
    f"{HOME}/COVID/images/COVID-1.png": b"c" * 70_000,
    f"{HOME}/Normal/images/Normal-1.png": b"n" * 3,
    f"{HOME}/COVID.metadata.xlsx": b"x",
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """A piece that is cut in its middle is lost."""
    monkeypatch.setattr(output, "CHUNK_BYTES", 1000)


@pytest.fixture
def offered(server, kaggle):
    server.datasets[REF] = Dataset("COVID-19 Radiography Database", "COPYRIGHT-AUTHORS", False, [FILES])
    return from_kaggle.offer(kaggle, REF)


def fetch(kaggle, offered, out):
    with folder.owned(out, offered.origin, {}) as place:
        from_kaggle.fetch(kaggle, offered, place)


def there(out):
    return {
        path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file() and path.name != "fetched.json"
    }


def packed(files):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        for name, data in files:
            content.writestr(name, data)
    return archive.getvalue()


def test_size_licence_and_version_are_what_kaggle_tells(offered):
    assert (offered.title, offered.licence, offered.version, offered.bytes) == (
        "COVID-19 Radiography Database",
        "COPYRIGHT-AUTHORS",
        1,
        70_004,
    )


def test_a_set_arrives_with_its_receipt_and_a_second_time_nothing_is_asked_for(server, kaggle, offered, tmp_path):
    out = tmp_path / "set"
    fetch(kaggle, offered, out)
    assert there(out) == FILES
    receipt = read_json(out / "fetched.json")
    assert receipt["whole"] and receipt["origin"] == f"kaggle:{REF} version 1"
    assert receipt["files"] == {name: {"sha256": sha256_of(out / name), "bytes": len(data)} for name, data in FILES.items()}
    server.downloads.clear()
    fetch(kaggle, offered, out)
    assert not server.downloads


def test_an_archive_that_is_cut_is_gone_on_with_and_the_version_is_named(server, kaggle, offered, tmp_path):
    server.archives[REF] = packed(FILES.items())
    server.archive_cuts = [20_000, 30_000]
    fetch(kaggle, offered, tmp_path / "set")
    assert there(tmp_path / "set") == FILES
    assert [begin for _, begin in server.downloads if begin] == [20_000, 50_000]
    assert {body["datasetVersionNumber"] for method, body, _ in server.requests if method == "DownloadDataset"} == {1}


def test_a_stopped_command_goes_on_where_it_was(server, kaggle, offered, tmp_path, monkeypatch):
    server.archives[REF] = packed(FILES.items())
    monkeypatch.setattr(from_kaggle, "TRIES", 1)
    server.archive_cuts = [20_000] + [0] * 5
    with pytest.raises(RemoteRefusal, match="cannot be reached"):
        fetch(kaggle, offered, tmp_path / "set")
    server.downloads.clear()
    fetch(kaggle, offered, tmp_path / "set")
    assert there(tmp_path / "set") == FILES and (REF, 20_000) in server.downloads


def test_the_beginning_of_another_archive_is_not_gone_on_with(server, kaggle, offered, tmp_path, monkeypatch):
    server.archives[REF] = packed([("COVID/old.png", b"o" * 40_000)])
    monkeypatch.setattr(from_kaggle, "TRIES", 1)
    server.archive_cuts = [20_000] + [0] * 5
    with pytest.raises(RemoteRefusal):
        fetch(kaggle, offered, tmp_path / "set")
    server.archives[REF] = packed(FILES.items())
    fetch(kaggle, offered, tmp_path / "set")
    assert there(tmp_path / "set") == FILES


def test_an_expired_address_is_asked_for_anew(server, kaggle, offered, tmp_path):
    server.expired = 1
    fetch(kaggle, offered, tmp_path / "set")
    assert there(tmp_path / "set") == FILES


@pytest.mark.parametrize(
    "name", ["../outside.png", "/outside.png", "COVID/../../outside.png", "C:/outside.png", "fetched.json", ".fetch/archive.zip"]
)
def test_a_name_that_leaves_the_folder_writes_nothing(server, kaggle, offered, tmp_path, name):
    server.archives[REF] = packed([("COVID/a.png", b"a"), (name, b"evil")])
    with pytest.raises(BadInput, match="outside its folder"):
        fetch(kaggle, offered, tmp_path / "home" / "set")
    assert not list(tmp_path.rglob("*.png"))
    assert read_json(tmp_path / "home" / "set" / "fetched.json")["files"] == {}


def test_a_link_out_of_the_folder_is_not_followed(kaggle, offered, tmp_path):
    out, elsewhere = tmp_path / "set", tmp_path / "elsewhere"
    elsewhere.mkdir()
    fetch(kaggle, offered, out)
    for path in sorted((out / HOME / "Normal").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    (out / HOME / "Normal").rmdir()
    (out / HOME / "Normal").symlink_to(elsewhere)
    with pytest.raises(BadInput, match="link leads out"):
        fetch(kaggle, offered, out)
    assert not list(elsewhere.rglob("*.png"))


def test_what_the_kit_did_not_write_is_never_overwritten(kaggle, offered, tmp_path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "films.csv").write_text("mine")
    with pytest.raises(BadInput, match="not fetched: films.csv"):
        fetch(kaggle, offered, out)
    assert there(out) == {"films.csv": b"mine"}
    fetch(kaggle, offered, tmp_path / "set")
    changed = tmp_path / "set" / HOME / "COVID" / "images" / "COVID-1.png"
    changed.write_bytes(b"retouched")
    with pytest.raises(BadInput, match="changed since"):
        fetch(kaggle, offered, tmp_path / "set")
    assert changed.read_bytes() == b"retouched"


def test_another_set_and_another_version_have_folders_of_their_own(server, kaggle, offered, tmp_path):
    fetch(kaggle, offered, tmp_path / "set")
    server.datasets[REF].versions.append(FILES)
    with pytest.raises(BadInput, match="version 1"):
        fetch(kaggle, from_kaggle.offer(kaggle, REF), tmp_path / "set")


def test_a_file_that_a_killed_unpacking_left_unnoted_is_taken_up(kaggle, offered, tmp_path):
    out = tmp_path / "set"
    with folder.owned(out, offered.origin, {}):
        pass
    name = next(iter(FILES))
    (out / name).parent.mkdir(parents=True)
    (out / name).write_bytes(FILES[name])
    fetch(kaggle, offered, out)
    assert there(out) == FILES and set(read_json(out / "fetched.json")["files"]) == set(FILES)


def test_a_damaged_archive_and_an_answer_that_is_none(server, kaggle, offered, tmp_path):
    whole = packed(FILES.items())
    server.archives[REF] = whole.replace(b"c" * 100, b"d" * 100, 1)
    with pytest.raises(BadInput, match="damaged"):
        fetch(kaggle, offered, tmp_path / "set")
    server.archives[REF] = b"<html>sign in</html>"
    with pytest.raises(BadInput, match="otherwise than announced"):
        fetch(kaggle, offered, tmp_path / "other")


def test_no_room_is_told_before_anything_is_fetched(server, kaggle, offered, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "free_bytes", lambda path: 1000)
    with pytest.raises(Interrupted, match="MB are free"):
        fetch(kaggle, offered, tmp_path / "set")
    assert [begin for _, begin in server.downloads] == [0], "looked at, not read"


def test_a_set_that_is_not_there_is_the_servers_word(kaggle):
    with pytest.raises(RemoteRefusal, match="not found"):
        from_kaggle.offer(kaggle, "nobody/nothing")


def test_names_of_sets():
    assert catalogue.find("radiography").ref == REF
    assert catalogue.find("any-one/some-films").way == "kaggle"
    with pytest.raises(WrongUse, match="no licence given") as caught:
        catalogue.find("covidgr")
    assert "--external covidgr=DIR" in caught.value.next
    with pytest.raises(WrongUse) as caught:
        catalogue.find("bimcv")
    assert "--external folder:bimcv=DIR" in caught.value.next, "no reader has its name"
    for name in ("unknown", "../evil/x", "a/b/c"):
        with pytest.raises(WrongUse, match="No public set"):
            catalogue.find(name)
    assert len({each.name for each in catalogue.SETS}) == len(catalogue.SETS)


def test_the_command_shows_asks_and_names_the_next_option(server, variables, tmp_path):
    server.datasets[REF] = Dataset("COVID-19 Radiography Database", "COPYRIGHT-AUTHORS", False, [FILES])
    variables |= {"KAGGLE_USERNAME": "alice", "KAGGLE_KEY": "alice-key-0000"}
    command = ["cxrkit", "fetch", "radiography", "--out", "set"]
    code, said = run(command, variables, tmp_path)
    assert code == 2 and "COPYRIGHT-AUTHORS" in said and "Nobody can be asked" in said
    assert not (tmp_path / "set").exists() and not server.downloads
    code, said = run([*command, "--yes"], variables, tmp_path)
    assert code == 0 and f"--external radiography=set/{HOME}" in said, said
    assert not any(secret in said + json.dumps(read_json(tmp_path / "set" / "fetched.json")) for secret in SECRETS)
