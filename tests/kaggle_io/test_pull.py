"""pull and publish with the real client: only whole results of the right run get into place."""

import os
import time

import pytest

from cxrkit import progress
from cxrkit.errors import BadInput, Interrupted, RemoteRefusal
from cxrkit.files import read_json, write_checksums, write_json, write_text
from cxrkit.kaggle_io import publish, push
from cxrkit.kaggle_io import pull as pull_module
from tests.kaggle_io.conftest import make_results
from tests.standins.kaggle import Kernel

REF = "alice/cxrkit-chest-films"
SOURCE = "a" * 64
RUN = "20260101-000000"


@pytest.fixture
def kernel(server, results):
    """A kernel that has ended with whole results."""
    kernel = server.kernels[REF] = Kernel(pushes=[{"text": f"RUN_ID = '{RUN}'\nSOURCE_SHA256 = '{SOURCE}'\n"}])
    put(kernel, results)
    kernel.files["__results__.html"] = b"<html>"
    kernel.print("a line\n")
    return kernel


def put(kernel, folder):
    kernel.files = {f"results/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def pull(kaggle, tmp_path, **options):
    return pull_module.pull(kaggle, REF, tmp_path / "out", **options)


def nothing_in(folder):
    """Nothing but what the next pull goes on from."""
    return not folder.exists() or not [path for path in folder.iterdir() if not path.name.startswith(".pull")]


def test_whole_results_arrive(kernel, kaggle, results, tmp_path):
    folder = pull(kaggle, tmp_path)
    assert folder == tmp_path / "out" / RUN
    assert (folder / "kernel.log").read_text() == "a line\n"
    assert publish.verify(folder / "results") == read_json(results / "checksums.json")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [RUN]


def test_what_arrives_is_counted_against_what_the_checksums_list(kernel, kaggle, results, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    write_text(results / "models" / "resnet34-seed0.safetensors", "w" * 3_000_000)
    write_checksums(results)
    put(kernel, results)
    pull(kaggle, tmp_path)
    said = capsys.readouterr().out
    assert "fetching results: 1.0 of 3.0 MB (34 %), about 1 s left" in said or "fetching results: 1.0 of 3.0 MB (35 %)" in said
    assert "comparing results with its checksums: 3.0 of 3.0 MB (99 %)" in said


def test_an_error_page_is_not_a_file(server, kernel, kaggle, tmp_path):
    server.refuse_output("results/models/resnet34-seed0.safetensors", 403)
    with pytest.raises(RemoteRefusal, match="403 Access denied") as caught:
        pull(kaggle, tmp_path)
    assert "results/models/resnet34-seed0.safetensors" in str(caught.value)
    assert "output-key-3333" not in str(caught.value)
    assert nothing_in(tmp_path / "out")


def test_a_busy_server_is_asked_again(server, kernel, kaggle, tmp_path):
    server.refuse_output("results/metrics.json", 503, times=2)
    server.fail("ListKernelSessionOutput", 503, times=1)
    assert pull(kaggle, tmp_path).name == RUN


@pytest.mark.parametrize("content", [b"", b"w" * 4999, b"v" * 5000])
def test_a_damaged_file(kernel, kaggle, tmp_path, content):
    kernel.files["results/models/resnet34-seed0.safetensors"] = content
    with pytest.raises(BadInput, match="resnet34-seed0.safetensors"):
        pull(kaggle, tmp_path)
    assert nothing_in(tmp_path / "out")


def test_a_missing_file(kernel, kaggle, tmp_path):
    del kernel.files["results/run.json"]
    with pytest.raises(BadInput, match="run.json is missing"):
        pull(kaggle, tmp_path)


def test_a_failed_run_without_results(kernel, kaggle, tmp_path):
    kernel.files, kernel.statuses = {"other.txt": b""}, ["ERROR"]
    with pytest.raises(BadInput, match="no whole results"):
        pull(kaggle, tmp_path)


def test_more_than_500_files(kernel, kaggle, results, tmp_path):
    from cxrkit.files import write_checksums

    for number in range(520):
        write_text(results / "figures" / f"{number:03d}.txt", str(number))
    write_checksums(results)
    put(kernel, results)
    folder = pull(kaggle, tmp_path)
    assert len(list((folder / "results" / "figures").iterdir())) == 521


@pytest.mark.parametrize("zone", ["UTC-14", "UTC+12"])
def test_the_clock_does_not_matter(kernel, kaggle, tmp_path, monkeypatch, zone):
    """Kaggle's client keeps an older local file where the local clock is east of UTC."""
    pull(kaggle, tmp_path)
    stale = tmp_path / "out" / RUN / "results" / "metrics.json"
    stale.write_text("old")
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        kernel.modified = time.time() - 3600
        folder = pull(kaggle, tmp_path)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert (folder / "results" / "metrics.json").read_text() != "old"


def test_results_of_the_run_before(kernel, kaggle, tmp_path):
    kernel.pushes.append({"text": f"RUN_ID = 'a-later-run'\nSOURCE_SHA256 = '{SOURCE}'\n"})
    with pytest.raises(BadInput, match="another run"):
        pull(kaggle, tmp_path)
    with pytest.raises(BadInput, match="another source"):
        pull(kaggle, tmp_path, expected=("d" * 64, RUN))
    assert nothing_in(tmp_path / "out")


def test_a_run_pushed_by_hand_has_no_run_id_to_compare(kernel, kaggle, tmp_path):
    kernel.pushes.append({"text": f"RUN_ID = ''\nSOURCE_SHA256 = '{SOURCE}'\n"})
    assert pull(kaggle, tmp_path).name == RUN


def test_still_running(kernel, kaggle, tmp_path):
    kernel.statuses = ["RUNNING"]
    with pytest.raises(Interrupted):
        pull(kaggle, tmp_path)


def test_an_earlier_pull_stays_when_a_new_one_fails(server, kernel, kaggle, tmp_path):
    folder = pull(kaggle, tmp_path)
    (folder / "results" / "metrics.json").write_text("cut")
    server.refuse_output("results/metrics.json", 404)
    with pytest.raises(RemoteRefusal):
        pull(kaggle, tmp_path)
    assert (folder / "results" / "metrics.json").read_text() == "cut"


def test_what_is_there_and_whole_is_not_fetched_again_and_nothing_is_removed(server, kernel, kaggle, tmp_path, capsys):
    folder = pull(kaggle, tmp_path)
    (folder / "NOTES.md").write_text("mine")
    (folder / "results" / "audits-of-six-hours.json").write_text("{}")
    before = len(server.downloads)
    assert pull(kaggle, tmp_path) == folder and len(server.downloads) == before
    assert (folder / "NOTES.md").exists() and (folder / "results" / "audits-of-six-hours.json").exists()
    (folder / "results" / "metrics.json").write_text("cut")
    assert pull(kaggle, tmp_path) == folder
    publish.verify(folder / "results")
    (aside,) = (tmp_path / "out").glob("*.before-*")
    assert (aside / "NOTES.md").read_text() == "mine" and str(aside) in capsys.readouterr().out


def test_a_pull_goes_on_from_what_arrived(server, kernel, kaggle, tmp_path):
    server.refuse_output("results/models/resnet34-seed0.safetensors", 404)
    with pytest.raises(RemoteRefusal):
        pull(kaggle, tmp_path)
    server.output_faults.clear()
    arrived = len(server.downloads)
    pull(kaggle, tmp_path)
    assert server.downloads[arrived:] == ["results/checksums.json", "results/models/resnet34-seed0.safetensors"]


def test_an_address_that_expired_is_asked_for_anew(server, kernel, kaggle, tmp_path):
    server.refuse_output("results/metrics.json", 403, times=1)
    server.refuse_output("results/models/resnet34-seed0.safetensors", 400, times=1)
    assert pull(kaggle, tmp_path).name == RUN
    assert sum(method == "ListKernelSessionOutput" for method, *_ in server.requests) == 3


def test_a_list_that_does_not_end(server, kernel, kaggle, tmp_path):
    server.same_page = True
    with pytest.raises(RemoteRefusal, match="does not end"):
        pull(kaggle, tmp_path)


@pytest.mark.parametrize("answer", [b"null", b"[]", b"", b"<html>sign in</html>", b'{"status": null}'])
def test_an_answer_that_is_none(server, kernel, kaggle, answer):
    server.answers["GetKernelSessionStatus"] = answer
    if answer.startswith(b"{"):
        assert push.status(kaggle, REF).value == "UNKNOWN"
    else:
        with pytest.raises(RemoteRefusal, match="none of Kaggle's"):
            push.status(kaggle, REF)


def test_partial_brings_what_there_is(server, kernel, kaggle, tmp_path, capsys):
    """A kernel that was killed: no checksums.json of the whole, but one of its finished stages."""
    from cxrkit.kaggle_io import checkpoints

    job, results = tmp_path / "jobs" / "resnet34-seed0", tmp_path / "dying"
    for name, text in (("job.json", "{}"), ("frozen.safetensors", "w" * 100), ("frozen.json", "{}")):
        write_text(job / name, text)
    checkpoints.keep(job, results)
    write_json(results / "run.json", {"bundle": {"source_sha256": SOURCE, "run_id": RUN}})
    put(kernel, results)
    kernel.files["results/checkpoints/resnet34-seed0/half.safetensors"] = b"half"
    kernel.statuses = ["ERROR"]
    with pytest.raises(BadInput, match="--partial"):
        pull(kaggle, tmp_path)
    folder = pull(kaggle, tmp_path, partial=True)
    assert folder == tmp_path / "out" / f"{RUN}.partial" and (folder / "kernel.log").read_text() == "a line\n"
    assert checkpoints.restore(tmp_path / "next", folder) == ["resnet34-seed0"]
    assert "whole, as their checksums say: 3 files" in (said := capsys.readouterr().out) and "half.safetensors" in said


@pytest.mark.parametrize("name", ["results/../../escaped.txt", "results//etc/x/../../../../../y"])
def test_names_do_not_escape(kernel, kaggle, tmp_path, name):
    kernel.files[name] = b"x"
    with pytest.raises(BadInput, match="outside"):
        pull(kaggle, tmp_path)


def test_a_run_id_does_not_escape(server, kernel, kaggle, tmp_path):
    put(kernel, make_results(tmp_path / "evil", "../evil", SOURCE))
    kernel.pushes.append({"text": "no constants"})
    with pytest.raises(BadInput, match="run id"):
        pull(kaggle, tmp_path)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf{}", '{"run_id": "x"}'.encode("utf-16"), b"[]", b"null", b"", b'{"bundle": 1}'])
def test_a_damaged_run_json_is_a_message(kernel, kaggle, results, tmp_path, content):
    from cxrkit.files import write_checksums

    (results / "run.json").write_bytes(content)
    write_checksums(results)
    put(kernel, results)
    with pytest.raises(BadInput, match="no JSON|no text in UTF-8|no usable run id"):
        pull(kaggle, tmp_path)
    with pytest.raises(BadInput):
        publish.publish(results, "chest-results", kaggle=kaggle)
    pull(kaggle, tmp_path, partial=True)


def test_a_name_of_300_characters_is_a_message(kernel, kaggle, results, tmp_path, capsys):
    kernel.files["results/" + "x" * 300] = b"1"
    kernel.files["results/" + "ü" * 120 + "1"], kernel.files["results/" + "ü" * 120 + "2"] = b"1", b"2"
    folder = pull(kaggle, tmp_path, partial=True)
    assert "too long for a disk" in capsys.readouterr().out
    assert (folder / "results" / ("ü" * 120 + "2")).read_bytes() == b"2"


def test_publish_refuses_what_is_not_whole(server, kaggle, results):
    (results / "metrics.json").write_text("changed")
    with pytest.raises(BadInput, match="metrics.json"):
        publish.publish(results, "chest-results", kaggle=kaggle)
    assert not server.datasets


def test_publish(server, kaggle, results):
    sent = publish.publish(results, "chest-results", kaggle=kaggle)
    assert sent.ref == "alice/chest-results"
    versions = server.datasets[sent.ref].versions[0]
    listed = read_json(results / "checksums.json")
    assert {name: len(data) for name, data in versions.items() if name != "checksums.json"} == {
        name: entry["bytes"] for name, entry in listed.items()
    }
    assert server.datasets[sent.ref].private


def test_checksums_that_leave_the_folder(results):
    listed = read_json(results / "checksums.json")
    os.rename(results / "metrics.json", results.parent / "metrics.json")
    listed["../metrics.json"] = listed.pop("metrics.json")
    write_json(results / "checksums.json", listed)
    with pytest.raises(BadInput, match="missing"):
        publish.verify(results)
