"""upload_dataset with the real client: what arrives, and that nothing less is called a success."""

import pytest

from cxrkit import progress
from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.files import write_text
from cxrkit.kaggle_io import datasets

REF = "alice/chest-results"


def upload(kaggle, folder, **options):
    return datasets.upload_dataset(folder, "chest-results", "chest results", "other", "a note", kaggle=kaggle, **options)


def sent_files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_dataset_then_a_version(server, kaggle, results):
    first = upload(kaggle, results)
    dataset = server.datasets[REF]
    assert (first.ref, first.version) == (REF, 1)
    assert dataset.versions[0] == sent_files(results)
    assert dataset.private and dataset.licence == "other"
    write_text(results / "more.txt", "more")
    second = upload(kaggle, results)
    assert second.version == 2
    assert dataset.versions[1] == sent_files(results)
    assert second.bytes == sum(map(len, dataset.versions[1].values()))


def test_files_that_were_sent_are_not_sent_again_when_the_call_is_repeated(server, kaggle, results, monkeypatch):
    puts, usual = [], server.RequestHandlerClass.do_PUT
    monkeypatch.setattr(server.RequestHandlerClass, "do_PUT", lambda handler: [puts.append(handler.path), usual(handler)][1])
    server.fail("CreateDataset", 500, times=2)
    assert upload(kaggle, results).version == 1
    assert len(puts) == len(set(puts)) == 5 and server.datasets[REF].versions[0] == sent_files(results)


def test_a_public_dataset_is_public(server, kaggle, results):
    upload(kaggle, results, private=False)
    assert not server.datasets[REF].private


def test_a_refused_file_is_no_success(server, kaggle, results):
    server.refuse_blob("metrics.json", 400)
    with pytest.raises(RemoteRefusal, match="metrics.json"):
        upload(kaggle, results)
    server.blob_faults.clear()
    assert upload(kaggle, results).files == len(sent_files(results))


def test_all_files_refused_is_no_success(server, kaggle, results):
    for path in [*results.iterdir()]:
        server.refuse_blob(path.name + (".zip" if path.is_dir() else ""), 403)
    with pytest.raises(RemoteRefusal):
        upload(kaggle, results)


def test_a_cut_upload_is_resumed(server, kaggle, results):
    server.cut_blob("metrics.json", 5)
    assert upload(kaggle, results).version == 1
    assert server.datasets[REF].versions[0] == sent_files(results)


def test_the_client_keeps_no_upload_addresses(server, kaggle, results, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    server.refuse_blob("metrics.json", 400)
    with pytest.raises(RemoteRefusal):
        upload(kaggle, results)
    assert not list((tmp_path / "temporary").rglob("*"))


def test_hidden_files_stay_here(server, kaggle, results, capsys):
    write_text(results / ".env", "KAGGLE_KEY=alice-key-0000")
    write_text(results / ".git" / "config", "secret")
    upload(kaggle, results)
    assert not any(".env" in name or ".git" in name for name in server.datasets[REF].versions[0])
    assert "left out of the dataset: .env" in capsys.readouterr().out


def test_the_folders_own_metadata_is_not_used(server, kaggle, results):
    before = '{"id": "bob/other", "title": "other title", "licenses": []}'
    write_text(results / "dataset-metadata.json", before)
    upload(kaggle, results)
    assert list(server.datasets) == [REF] and server.datasets[REF].title == "chest results"
    assert (results / "dataset-metadata.json").read_text() == before


def test_waits_while_the_version_before_is_processed(server, kaggle, results, pauses):
    upload(kaggle, results)
    server.datasets[REF].processing = 3
    assert upload(kaggle, results).version == 2
    assert len(pauses) >= 3


def test_a_version_that_is_never_processed_is_no_success(server, kaggle, results):
    server.processing = 10**6
    with pytest.raises(Interrupted, match="not processed"):
        upload(kaggle, results)


def test_busy_server_is_asked_again(server, kaggle, results, pauses):
    server.fail("GetDataset", 503, times=2)
    server.fail("CreateDataset", 503, times=1)
    server.fail("ListDatasetFiles", 429, headers={"Retry-After": "7"})
    assert upload(kaggle, results).version == 1
    assert len(server.datasets[REF].versions) == 1
    assert 7.5 in pauses


@pytest.mark.parametrize("existing", [False, True])
def test_a_lost_answer_makes_no_second_version(server, kaggle, results, existing):
    if existing:
        upload(kaggle, results)
    server.lose_answer("CreateDatasetVersion" if existing else "CreateDataset")
    assert upload(kaggle, results).version == 1 + existing
    assert len(server.datasets[REF].versions) == 1 + existing


def test_permission_denied_in_the_servers_words(server, kaggle, results):
    server.may_not_write.add("alice")
    with pytest.raises(RemoteRefusal, match="Permission 'datasets.create' was denied"):
        upload(kaggle, results)
    assert not server.datasets


def test_a_slug_of_somebody_else(server, kaggle, results):
    with pytest.raises(RemoteRefusal, match="denied"):
        datasets.upload_dataset(results, "bob/chest-results", "chest results", "other", "", kaggle=kaggle)


def test_more_files_than_a_page_lists(server, kaggle, tmp_path):
    folder = tmp_path / "many"
    for number in range(450):
        write_text(folder / "cases" / f"{number:03d}.json", str(number))
    assert upload(kaggle, folder).files == 450


@pytest.mark.parametrize(
    "slug, title",
    [
        ("short", "a good title"),
        ("UPPER-CASE", "a good title"),
        ("../escape", "a good title"),
        ("good-name", "short"),
        ("good-name", "x" * 51),
    ],
)
def test_names_kaggle_would_not_take(server, kaggle, results, slug, title):
    with pytest.raises(WrongUse):
        datasets.upload_dataset(results, slug, title, "other", "", kaggle=kaggle)
    assert not server.blobs


def test_what_kaggle_would_unpack_is_not_sent(server, kaggle, results):
    write_text(results / "models" / "all.tar", "x")
    with pytest.raises(BadInput, match="unpack"):
        upload(kaggle, results)
    assert not server.blobs


@pytest.mark.parametrize(
    "listed, count",
    [
        ([("a/x", 1), ("b/x", 2)], 0),
        ([("x", 1), ("x", 2)], 0),
        ([("a/x", 1), ("b/x", 3)], 2),
        ([("x", 1), ("x", 1)], 2),
        ([("a.zip", 100)], 3),
        ([("a/x", 1), ("b/x", 2), ("y", 2)], 1),
    ],
)
def test_differences_between_sent_and_listed(listed, count):
    assert len(datasets.differences({"a/x": 1, "b/x": 2}, listed)) == count


def test_an_empty_folder(kaggle, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="nothing to send"):
        upload(kaggle, tmp_path / "empty")


def test_what_is_sent_is_counted_though_the_client_is_silenced(server, kaggle, results, capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    write_text(results / "large.bin", "w" * 2_000_000)
    upload(kaggle, results)
    said = capsys.readouterr().out
    assert "sending: 2.0 of 2.0 MB (99 %), about 1 s left" in said
    assert "upload_complete" not in vars(kaggle.api)


def test_a_long_wait_for_kaggle_is_not_silent(server, kaggle, results, capsys):
    server.processing = 10**6
    with pytest.raises(Interrupted):
        upload(kaggle, results)
    assert capsys.readouterr().out.count("Kaggle has been processing alice/chest-results for ") == datasets.PATIENCE_SECONDS // 30
