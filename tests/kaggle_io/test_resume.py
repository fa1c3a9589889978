"""A run that Kaggle kills, and `push --resume`: end to end with the real client, the script alone as Kaggle runs it."""

import json

import pytest

from cxrkit import config, state_files
from cxrkit.errors import RemoteRefusal, WrongUse
from cxrkit.files import read_json, write_json, write_text
from cxrkit.kaggle_io import bundle, checkpoints, inside, push
from cxrkit.kaggle_io.bundle import Settings
from tests.conftest import SHORT
from tests.kaggle_io.conftest import run
from tests.standins.kaggle import CORONAHACK, Kernel
from tests.standins.kaggle_machine import Machine

REF = "alice/cxrkit-chest-films"
KEY = {"KAGGLE_USERNAME": "alice", "KAGGLE_KEY": "alice-key-0000"}
UNTRAINED = {**SHORT, "pretrained": False}
TWO = {**UNTRAINED, "seeds": [0, 1], "jobs_at_once": 1, "audit": "none"}


def test_killed_after_finished_stages_and_resumed_from_its_output(server, kaggle, variables, few, tmp_path):
    """Killed once the second training has its first stage; the script on kaggle.com was edited since, which its output tells apart."""
    server.processing = 0
    server.machine = Machine(tmp_path / "machines", {CORONAHACK: few}, kill=("learning rate", 2))
    push.push(Settings("paper", TWO, hours=2.0, gpu=False), kaggle)
    server.machine.join()
    kernel = server.kernels[REF]
    assert kernel.statuses == ["ERROR"] and "results/metrics.json" not in kernel.files
    listed = json.loads(kernel.files[f"results/{checkpoints.MARKER}"])
    whole = ["resnet18-seed0/frozen.json", "resnet18-seed0/unfrozen.json", "resnet18-seed1/frozen.json"]
    assert [name for name in listed if name.endswith("frozen.json")] == whole
    kernel.pushes[-1]["text"] = kernel.pushes[-1]["text"].replace("'image_size': 32", "'image_size': 48")

    code, told = run(["cxrkit", "push", "--resume"], variables | KEY)
    assert code == 0 and "other options than its source shows now; its own are used: {'image_size': 32}" in told, told
    server.machine.join()
    sent = kernel.pushes[-1]
    assert sent["kernelDataSources"] == [REF] and not sent.get("enableGpu")
    settings = bundle.settings_in(sent["text"])
    assert config.load(settings.experiment, settings.overrides) == config.load("paper", TWO) and settings.hours == 2.0
    log = "".join(entry["data"] for entry in kernel.log)
    assert kernel.statuses == ["COMPLETE"], log
    assert [line.split(":")[0] for line in log.splitlines() if " epoch 1/1" in line] == ["resnet18-seed1 unfrozen epoch 1/1"]
    assert "resnet18-seed0: done already" in log
    metrics = json.loads(kernel.files["results/metrics.json"])
    assert {seed for score in metrics["scores"] for seed in score["seeds"]} == {0, 1}
    assert not [name for name in kernel.files if "checkpoints" in name]
    assert json.loads(kernel.files["results/checksums.json"]).keys() == {
        name.removeprefix("results/") for name in kernel.files if name.startswith("results/")
    } - {"checksums.json"}


def test_every_source_is_asked_for_before_a_push(server, kaggle, monkeypatch):
    usual = bundle.ROOT / "kernel-metadata.json"
    described = read_json(usual) | {"dataset_sources": [CORONAHACK, "bob/gone"], "kernel_sources": ["bob/never-was"]}
    monkeypatch.setattr(push.metadata, "read", lambda root: described)
    with pytest.raises(RemoteRefusal, match="dataset bob/gone, kernel bob/never-was. Nothing was pushed"):
        push.push(Settings(), kaggle)
    assert not server.kernels


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b'{"experiment": null}', b'{"experiment": {"no_such_key": 1}}', b"\xff\xfe{\x00}\x00"]
)
def test_without_a_usable_run_json_the_options_are_those_of_the_source(server, kaggle, content, capsys):
    push.push(Settings("paper", UNTRAINED, hours=3.0), kaggle)
    server.kernels[REF].files = {} if content is None else {"results/run.json": content}
    found = push.settings_of_last(kaggle, REF)
    assert (found.experiment, found.overrides, found.hours, found.run_id) == ("paper", UNTRAINED, 3.0, "")
    assert "the options are those of the last version's source" in capsys.readouterr().out


def test_an_experiment_of_ones_own_goes_on_from_its_run_json(server, kaggle, tmp_path):
    """The source names a file that travelled with it and is not here."""
    (tmp_path / "mine.yaml").write_text("epochs: 7\nimage_size: 64\nseeds: [3]\n")
    push.push(Settings(str(tmp_path / "mine.yaml"), {"batch_size": 8}), kaggle)
    ran = config.load(tmp_path / "mine.yaml", {"batch_size": 8})
    about = {"experiment": {name: getattr(ran, name) for name in ran.__dataclass_fields__} | {"data": ["coronahack"]}}
    server.kernels[REF].files = {"results/run.json": json.dumps(about).encode()}
    found = push.settings_of_last(kaggle, REF)
    assert config.load(found.experiment, found.overrides).hash() == ran.hash()


def test_there_is_no_run_to_go_on_from(server, kaggle):
    server.kernels[REF] = Kernel()
    with pytest.raises(WrongUse, match="no earlier run"):
        push.settings_of_last(kaggle, REF)


def job_folder(jobs, name, key, stages):
    write_json(jobs / name / "job.json", {"key": key})
    for stage in stages:
        write_text(jobs / name / f"{stage}{state_files.SUFFIX}", f"weights {key} {stage}")
        write_json(jobs / name / f"{stage}.json", {})


def test_what_was_attached_is_in_the_new_output_before_anything_can_fail(tmp_path, capsys):
    """A chain of runs that die: the second one has begun no training when it ends, and the third finds all stages of the first."""
    mounted = tmp_path / "input" / "notebooks" / "alice"
    job_folder(tmp_path / "jobs1", "a-seed0", "k", ["frozen", "unfrozen"])
    job_folder(tmp_path / "jobs1", "b-seed0", "k", ["frozen"])
    for job in sorted((tmp_path / "jobs1").iterdir()):
        checkpoints.keep(job, mounted / "first" / "results")
    job_folder(tmp_path / "older", "a-seed0", "k", ["frozen"])
    checkpoints.keep(tmp_path / "older" / "a-seed0", mounted / "an-older-one" / "results")
    output = tmp_path / "working" / "results"
    assert checkpoints.restore(tmp_path / "jobs2", tmp_path / "input", output) == ["a-seed0", "b-seed0"]
    assert "of 2 attached" in capsys.readouterr().out
    kept = read_json(output / checkpoints.MARKER)
    assert kept == read_json(mounted / "first" / "results" / checkpoints.MARKER) and len(kept) == 7
    assert checkpoints.restore(tmp_path / "jobs3", tmp_path / "absent", aside=output) == ["a-seed0", "b-seed0"]


def test_a_stage_of_another_protocol_is_taken_off_the_list(tmp_path):
    output = tmp_path / "results"
    job_folder(tmp_path, "a-seed0", "old", ["frozen", "unfrozen"])
    checkpoints.keep(tmp_path / "a-seed0", output)
    for path in (tmp_path / "a-seed0").iterdir():
        path.unlink()
    job_folder(tmp_path, "a-seed0", "new", [])
    checkpoints.keep(tmp_path / "a-seed0", output)
    assert list(read_json(output / checkpoints.MARKER)) == ["a-seed0/job.json"]
    assert [path.name for path in (output / "checkpoints" / "a-seed0").iterdir()] == ["job.json"]


@pytest.mark.parametrize("run_json", [b'{"run_id": "of-before"}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"[]", None])
def test_results_that_were_there_are_set_aside_and_not_certified(tmp_path, run_json):
    output = tmp_path / "results"
    (output / "models").mkdir(parents=True)
    (output / "models" / "old.pt").write_bytes(b"old")
    if run_json is not None:
        (output / "run.json").write_bytes(run_json)
    aside = inside.set_aside(output, "this-one")
    assert aside == tmp_path / "results-before-1" and (aside / "models" / "old.pt").read_bytes() == b"old" and not output.exists()
    assert inside.set_aside(output, "this-one") is None
