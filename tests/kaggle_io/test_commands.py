"""The commands as a user sees them, in processes of their own: exit codes, messages, and no credential in them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cxrkit.files import read_json
from cxrkit.kaggle_io import bundle, metadata
from tests.kaggle_io.conftest import ROOT, SECRETS, run
from tests.standins.kaggle import Kernel

KEY = {"KAGGLE_USERNAME": "alice", "KAGGLE_KEY": "alice-key-0000"}
REF = "alice/cxrkit-chest-films"


def test_no_credentials(variables):
    code, told = run(["cxrkit", "push"], variables)
    assert code == 2 and "No Kaggle credentials were found" in told and "kaggle.com/settings" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "words, code, told",
    [
        (["publish", "nowhere"], 3, "no such folder"),
        (["publish", "empty"], 3, "checksums.json is not there"),
        *(([command], 2, "names no kernel") for command in ("status", "pull", "wait", "delete")),
        (["push", "--slug", "Chest Films"], 2, "no name for a kernel"),
        (["setup", "--slug", "Chest Films"], 2, "no name for a kernel"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_can_be_told_without_an_account_is_told_before_one_is_asked_for(isolated, tmp_path, monkeypatch, capsys, words, code, told):
    """Regression: whoever mistyped a name was first sent to make a token."""
    from cxrkit import __main__ as command
    from cxrkit.errors import run_command
    from cxrkit.kaggle_io import client

    monkeypatch.setattr(client, "connect", lambda *_, **__: pytest.fail("somebody is asked for an account"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run_command(lambda: command.main(words if len(words) > 1 else [*words, "a/b/c"])) == code
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("credentials", [{"KAGGLE_USERNAME": "alice", "KAGGLE_KEY": "wrong-key"}, {"KAGGLE_API_TOKEN": "expired-token"}])
@pytest.mark.parametrize("command", [["push"], ["status"], ["pull"]])
def test_wrong_or_expired_credentials(variables, credentials, command, server):
    code, told = run(["cxrkit", *command], variables | credentials)
    assert code == 4 and "make a" in told and "Traceback" not in told
    assert not any(secret in told for secret in credentials.values() if secret != "alice")
    assert not server.kernels


def test_an_expired_token_beside_a_good_key_is_named(variables, server):
    """The client would sign in with the key and then send the token."""
    code, told = run(["cxrkit", "status"], variables | KEY | {"KAGGLE_API_TOKEN": "expired-token"})
    assert code == 4 and "KAGGLE_API_TOKEN" in told and "expired-token" not in told


@pytest.mark.parametrize("way", ["key file", "token file", "token variable"])
def test_every_way_to_sign_in(variables, server, way):
    server.kernels[REF] = Kernel()
    folder = Path(variables["HOME"]) / ".kaggle"
    folder.mkdir()
    if way == "key file":
        (folder / "kaggle.json").write_text(json.dumps({"username": "alice", "key": "alice-key-0000"}))
        (folder / "kaggle.json").chmod(0o600)
    elif way == "token file":
        (folder / "access_token").write_text("alice-token-1111\n")
    else:
        variables |= {"KAGGLE_API_TOKEN": "alice-token-1111"}
    code, told = run(["cxrkit", "status"], variables)
    assert code == 0 and told.startswith(f"{REF}: COMPLETE\n")


@pytest.mark.parametrize("text", [b'{"username":"alice","key":', b"", b"\xff\xfe{\x00}\x00"])
def test_a_damaged_key_file_is_no_traceback(variables, text):
    folder = Path(variables["HOME"]) / ".kaggle"
    folder.mkdir()
    (folder / "kaggle.json").write_bytes(text)
    (folder / "kaggle.json").chmod(0o600)
    code, told = run(["cxrkit", "status"], variables)
    assert code == 2 and "make a token" in told and "Traceback" not in told, told


def test_status_tells_the_quota(variables, server):
    from kaggle.api.kaggle_api_extended import KaggleApi

    if not hasattr(KaggleApi, "quota_view"):
        pytest.skip("this client cannot ask for the quota")
    server.kernels[REF] = Kernel()
    code, told = run(["cxrkit", "status"], variables | KEY)
    assert code == 0 and "GPU hours used this week: 1.0 of 30.0" in told


def test_status_of_a_failed_kernel(variables, server):
    server.kernels[REF] = Kernel(statuses=["ERROR"], failure="Your notebook exited with code 3")
    server.kernels[REF].print("the reason\n")
    code, told = run(["cxrkit", "status", "--log"], variables | KEY)
    assert code == 4 and "exited with code 3" in told and "the reason" in told


def test_a_refused_push(variables, server):
    server.soft_error = "Maximum batch GPU session count of 2 reached."
    code, told = run(["cxrkit", "push", "--wait", "--pull"], variables | KEY)
    assert code == 4 and server.soft_error in told and "wait until one of your running kernels" in told


def test_a_wrong_experiment_is_not_pushed(variables, server):
    code, told = run(["cxrkit", "push", "--experiment", "paper", "--architectures", "resnet99"], variables | KEY)
    assert code == 2 and "resnet99" in told and not server.requests


def test_push_wait_pull_in_one_command(variables, server, tmp_path):
    """The stand-in ends each run at once, with results that carry the run's own identity."""
    from cxrkit.kaggle_io import bundle
    from tests.kaggle_io.conftest import make_results

    class AtOnce:
        def start(self, server, ref, kernel):
            source, run_id = bundle.identity(kernel.pushes[-1]["text"])
            folder = make_results(tmp_path / run_id, run_id, source)
            kernel.files = {
                f"results/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in folder.rglob("*") if path.is_file()
            }
            kernel.print(f"cxrkit run {run_id}\n")

    server.machine = AtOnce()
    code, told = run(["cxrkit", "push", "--pull", "--out", str(tmp_path / "out")], variables | KEY)
    assert code == 0 and "whole and verified" in told, told
    (folder,) = (tmp_path / "out").iterdir()
    assert (folder / "kernel.log").read_text() == f"cxrkit run {folder.name}\n"
    assert not any(secret in told for secret in SECRETS)


def test_publish(variables, server, results):
    server.processing = 0
    code, told = run(["cxrkit", "publish", str(results)], variables | KEY)
    assert code == 0 and "published and verified" in told
    assert list(server.datasets) == ["alice/cxrkit-chest-films-results"]
    (results / "metrics.json").unlink()
    code, told = run(["cxrkit", "publish", str(results)], variables | KEY)
    assert code == 3 and "metrics.json is missing" in told


def clone(tmp_path):
    """A copy of what `setup` and the kaggle command need of the repository."""
    for name in ("cxrkit", "kernel"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / metadata.NAME, tmp_path / "clone")
    return tmp_path / "clone"


def test_after_setup_a_plain_kaggle_push_works(variables, server, tmp_path):
    root = clone(tmp_path)
    variables |= KEY | {"PYTHONPATH": str(root)}
    code, told = run(["cxrkit", "setup"], variables, cwd=root)
    assert code == 0 and REF in told
    assert read_json(root / metadata.MINE / metadata.NAME)["id"] == REF
    for name in (metadata.NAME, "kernel/script.py"):
        assert (root / name).read_bytes() == (ROOT / name).read_bytes()
    command = Path(sys.executable).with_name("kaggle")
    done = subprocess.run([command, "kernels", "push", "-p", metadata.MINE], env=variables, cwd=root, capture_output=True, text=True)
    assert done.returncode == 0 and "successfully pushed" in done.stdout
    assert "does not resolve" not in done.stdout
    assert server.kernels[REF].pushes[0]["text"] == (root / metadata.MINE / "script.py").read_text("utf-8")


def test_a_plain_kaggle_push_of_a_fresh_clone_fails_aloud(variables, server):
    command = [Path(sys.executable).with_name("kaggle"), "kernels", "push", "-p", str(ROOT)]
    done = subprocess.run(command, env=variables | KEY, capture_output=True, text=True)
    assert done.returncode == 1 and "username" in done.stdout + done.stderr and not server.kernels


def test_setup_without_credentials_asks_or_says_what_to_give(variables, tmp_path):
    root = clone(tmp_path)
    variables |= {"PYTHONPATH": str(root)}
    code, told = run(["cxrkit", "setup"], variables, cwd=root)
    assert code == 2 and "--owner" in told
    code, told = run(["cxrkit", "setup", "--owner", "bob", "--slug", "my-films"], variables, cwd=root)
    assert code == 0
    written = read_json(root / metadata.MINE / metadata.NAME)
    assert (written["id"], written["title"], written["machine_shape"]) == ("bob/my-films", "my-films", "NvidiaTeslaT4")
    assert "RESULTS = 'my-films-results'" in (root / metadata.MINE / "script.py").read_text()


def test_constants_edited_at_the_head_are_honoured(variables, server, tmp_path):
    root = clone(tmp_path)
    script = root / "kernel" / "script.py"
    text = script.read_text("utf-8").replace("EXPERIMENT = 'paper'", "EXPERIMENT = 'rigorous'").replace("HOURS = 11.0", "HOURS = 3.0")
    script.write_text(text, "utf-8")
    code, told = run(["cxrkit", "push", "--epochs", "1"], variables | KEY | {"PYTHONPATH": str(root)}, cwd=root)
    assert code == 0 and "EXPERIMENT = 'rigorous', HOURS = 3.0" in told, told
    sent = bundle.settings_in(server.kernels[REF].pushes[0]["text"])
    assert (sent.experiment, sent.hours, sent.overrides) == ("rigorous", 3.0, {"epochs": 1})
    assert "python -m cxrkit wait --pull " + REF in told
    assert script.read_text("utf-8") == text


def test_wait_takes_up_the_run_and_never_pushes(variables, server, results, tmp_path):
    run_id, source = "20260101-000000", "a" * 64
    kernel = server.kernels[REF] = Kernel(pushes=[{"text": f"RUN_ID = '{run_id}'\nSOURCE_SHA256 = '{source}'\n"}])
    kernel.files = {f"results/{path.relative_to(results).as_posix()}": path.read_bytes() for path in results.rglob("*") if path.is_file()}
    kernel.print(f"cxrkit run {run_id}\n\x1b[2K\u2713\n")
    narrow = variables | KEY | {"PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0"}
    code, told = run(["cxrkit", "wait", "--pull", "--out", str(tmp_path / "out")], narrow)
    assert code == 0 and "whole and verified" in told and "Traceback" not in told, told
    assert len(kernel.pushes) == 1


def test_delete_asks_first(variables, server):
    server.kernels[REF] = Kernel(statuses=["RUNNING"])
    code, told = run(["cxrkit", "delete"], variables | KEY)
    assert code == 2 and "RUNNING" in told and "add --yes" in told and REF in server.kernels
    code, told = run(["cxrkit", "delete", "--yes"], variables | KEY)
    assert code == 0 and f"deleted: {REF}" in told and not server.kernels
    code, told = run(["cxrkit", "delete", "--yes"], variables | KEY)
    assert code == 4 and "check the owner and the name" in told


def test_delete_takes_the_name_for_an_answer(server, isolated, monkeypatch, capsys):
    from cxrkit import __main__ as command
    from tests.kaggle_io.conftest import point_at

    point_at(server, monkeypatch)
    for name, value in KEY.items():
        monkeypatch.setenv(name, value)
    server.kernels[REF] = Kernel()
    monkeypatch.setattr("cxrkit.cli.delete.sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    for answer, left in (("y", True), (REF, False)):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        command.main(["delete"])
        assert (REF in server.kernels) == left
    assert "Nothing was deleted." in capsys.readouterr().out


def test_a_version_that_does_not_run(variables, server):
    from inspect import signature

    from kaggle.api.kaggle_api_extended import KaggleApi

    server.kernels[REF] = Kernel(statuses=["RUNNING"])  # beside one that runs: it takes no GPU hours
    code, told = run(["cxrkit", "push", "--no-run", "--accelerator", "NvidiaL4"], variables | KEY)
    if "no_run" not in signature(KaggleApi.kernels_push).parameters:
        assert code == 2 and "kaggle>=2.2.5" in told and not server.kernels[REF].pushes
        return
    assert code == 0 and "it does not run" in told
    (sent,) = server.kernels[REF].pushes
    assert sent["kernelExecutionType"] == "QUICK_SAVE" and sent["machineShape"] == "NvidiaL4"
    assert server.kernels[REF].statuses == ["RUNNING"]


@pytest.mark.parametrize("words", [["--no-run", "--wait"], ["--no-run", "--pull"], ["--cpu", "--accelerator", "NvidiaL4"]])
def test_options_that_exclude_each_other(variables, server, words):
    code, told = run(["cxrkit", "push", *words], variables | KEY)
    assert code == 2 and "leave" in told and not server.requests


def test_the_workflow_s_commands_parse_and_its_packages_are_enough():
    import shlex

    import yaml

    from cxrkit import __main__ as command
    from cxrkit.cli import workflow

    text = workflow.TEXT.format(needs=workflow.NEEDS, experiment="paper", hours=5.0)
    steps = yaml.safe_load(text)["jobs"]["run"]["steps"]
    lines = [shlex.split(step["run"]) for step in steps if "cxrkit" in step.get("run", "")]
    assert [command.parser().parse_args(words[3:]).command.__module__ for words in lines] == ["cxrkit.cli.push", "cxrkit.cli.wait"]
    assert "${{ secrets.KAGGLE_API_TOKEN }}" in text and "${{ !inputs.take_up }}" in text
