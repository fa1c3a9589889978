"""push and wait with the real client: what Kaggle refuses quietly is loud here."""

import json

import pytest

from cxrkit.errors import Interrupted, RemoteRefusal, WrongUse
from cxrkit.kaggle_io import bundle, push, wait
from cxrkit.kaggle_io import log as log_module
from cxrkit.kaggle_io.bundle import Settings

REF = "alice/cxrkit-chest-films"


def pushed_by(kaggle, **options):
    return push.push(Settings(), kaggle, **options)


def test_what_is_sent(server, kaggle):
    pushed = pushed_by(kaggle)
    sent = server.kernels[REF].pushes[0]
    assert (pushed.ref, pushed.version, pushed.before) == (REF, 1, None)
    assert bundle.identity(sent["text"]) == (pushed.source_sha256, pushed.run_id)
    assert sent["machineShape"] == "NvidiaTeslaT4" and sent["enableInternet"] and sent["isPrivate"]
    assert sent["datasetDataSources"] == ["praveengovi/coronahack-chest-xraydataset"]
    assert sent["newTitle"] == REF.split("/")[1]
    assert bundle.settings_in(sent["text"]).results == "cxrkit-chest-films-results"


def test_cpu_and_resume(server, kaggle):
    with pytest.raises(WrongUse, match="no earlier run"):
        push.push(Settings(), kaggle, resume=True)
    pushed_by(kaggle)
    push.push(Settings(gpu=False), kaggle, resume=True)
    sent = server.kernels[REF].pushes[1]
    assert not sent.get("enableGpu") and "machineShape" not in sent
    assert sent["kernelDataSources"] == [REF] and sent["datasetDataSources"] == ["praveengovi/coronahack-chest-xraydataset"]


def test_two_pushes_are_two_runs(kaggle):
    assert pushed_by(kaggle).run_id != pushed_by(kaggle).run_id


@pytest.mark.parametrize("words", ["Maximum batch GPU session count of 2 reached.", "Notebook not found"])
def test_refused_with_200(server, kaggle, words):
    server.soft_error = words
    with pytest.raises(RemoteRefusal, match=words) as caught:
        pushed_by(kaggle)
    assert caught.value.exit_code == 4 and caught.value.next
    assert not server.kernels


def test_an_invalid_dataset_source(server, kaggle):
    server.known_datasets.clear()
    with pytest.raises(RemoteRefusal, match="so it runs without: dataset sources: praveengovi/coronahack-chest-xraydataset"):
        pushed_by(kaggle)


def test_the_reason_of_a_400_is_shown(server, kaggle, monkeypatch):
    from tests.standins import kaggle as standin

    monkeypatch.setattr(standin, "SOURCE_LIMIT", 1000)
    with pytest.raises(RemoteRefusal, match="less than 1 megabytes"):
        pushed_by(kaggle)


@pytest.mark.parametrize("code", [429, 500, 503, 0])
def test_a_push_that_was_not_taken_is_repeated(server, kaggle, pauses, code):
    server.fail("SaveKernel", code, times=2, headers={"Retry-After": "3"} if code == 429 else {})
    assert pushed_by(kaggle).version == 1
    assert len(server.kernels[REF].pushes) == 1
    assert pauses == ([3.5, 3.5] if code == 429 else [*push.LOOKS, 0.75, *push.LOOKS, 1.5])


def test_a_push_that_was_taken_is_not_repeated(server, kaggle):
    pushed_by(kaggle)
    server.lose_answer("SaveKernel")
    assert pushed_by(kaggle).version == 2
    assert len(server.kernels[REF].pushes) == 2


def test_a_busy_server_is_not_asked_for_ever(server, kaggle, pauses):
    server.fail("SaveKernel", 503, times=99)
    with pytest.raises(RemoteRefusal, match="503"):
        pushed_by(kaggle)
    assert len(pauses) == 5 + 6 * len(push.LOOKS)


def test_no_network(server, kaggle):
    server.shutdown()
    server.server_close()
    with pytest.raises(RemoteRefusal, match="cannot be reached"):
        pushed_by(kaggle)


def finished(server, log=(), **state):
    kernel = server.kernels[REF]
    for text in log:
        kernel.print(text)
    for name, value in state.items():
        setattr(kernel, name, value)


def test_waits_past_the_end_of_the_version_before(server, kaggle, pauses):
    pushed_by(kaggle)
    server.stale = 3
    pushed = pushed_by(kaggle)
    finished(server, statuses=["QUEUED", "RUNNING", "COMPLETE"], log=["hello\n"])
    shown = []
    assert wait.wait(kaggle, pushed, shown.append).value == "COMPLETE"
    assert len(pauses) >= 5
    assert "hello" in shown and shown[-1] == f"{REF} version 2: COMPLETE"  # the log comes by a thread of its own


def test_our_version_is_asked_for_where_the_client_can_name_it(server, kaggle):
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelSessionStatusRequest

    if not hasattr(ApiGetKernelSessionStatusRequest(), "version_label"):
        pytest.skip("this client's SDK cannot name a version")
    pushed_by(kaggle)
    pushed = pushed_by(kaggle)
    finished(server, log=[f"cxrkit run {pushed.run_id}\n"])
    wait.wait(kaggle, pushed, lambda _: None)
    labels = [body.get("versionLabel") for method, body, _ in server.requests if method == "GetKernelSessionStatus"]
    assert labels[-1] == "v2" and labels[0] is None
    server.fail("GetKernelSessionStatus", 404)  # a server that does not take the label
    assert push.status(kaggle, REF, 2).value == "COMPLETE"


def test_a_run_too_short_to_be_seen_is_known_by_its_log(server, kaggle):
    pushed_by(kaggle)
    pushed = pushed_by(kaggle)
    finished(server, log=[f"cxrkit run {pushed.run_id}\n"])
    assert wait.wait(kaggle, pushed, lambda _: None).value == "COMPLETE"


def test_the_end_of_the_version_before_is_not_ours(server, kaggle):
    pushed_by(kaggle)
    pushed = pushed_by(kaggle)
    finished(server, log=["cxrkit run of-before\n"])
    with pytest.raises(Interrupted, match="no sign of version 2"):
        wait.wait(kaggle, pushed, lambda _: None)


def test_the_end_of_a_run_that_was_still_going_is_not_ours(server, kaggle):
    pushed_by(kaggle)
    finished(server, statuses=["RUNNING"])
    with pytest.raises(WrongUse, match="cxrkit wait"):
        pushed_by(kaggle)
    assert len(server.kernels[REF].pushes) == 1
    pushed = pushed_by(kaggle, beside=True)
    assert pushed.before == "RUNNING"
    finished(server, statuses=["RUNNING"] * 100 + ["COMPLETE"], log=["cxrkit run of-before\n"])
    with pytest.raises(Interrupted, match="no sign of version 2"):
        wait.wait(kaggle, pushed, lambda _: None)
    finished(server, statuses=["RUNNING"] * 100 + ["COMPLETE"], log=[f"cxrkit run {pushed.run_id}\n"])
    assert wait.wait(kaggle, pushed, lambda _: None).value == "COMPLETE"


@pytest.mark.parametrize("status", ["ERROR", "CANCEL_ACKNOWLEDGED"])
def test_a_failed_kernel_fails(server, kaggle, status):
    pushed = pushed_by(kaggle)
    finished(server, statuses=["RUNNING", status], failure="Your notebook exited with code 3", log=["error: bad data\n"])
    shown = []
    with pytest.raises(RemoteRefusal, match="exited with code 3"):
        wait.wait(kaggle, pushed, shown.append)
    assert "error: bad data" in shown


def test_an_empty_log_is_named(server, kaggle):
    pushed = pushed_by(kaggle)
    finished(server, statuses=["RUNNING", "COMPLETE"])
    shown = []
    wait.wait(kaggle, pushed, shown.append)
    assert any("no log" in line for line in shown)


def test_a_busy_server_while_waiting(server, kaggle):
    pushed = pushed_by(kaggle)
    finished(server, statuses=["RUNNING", "COMPLETE"], log=["done\n"])
    server.fail("GetKernelSessionStatus", 503, times=3)
    assert wait.wait(kaggle, pushed, lambda _: None).value == "COMPLETE"


def test_the_network_is_away_for_an_hour(server, kaggle, pauses):
    pushed = pushed_by(kaggle)
    finished(server, statuses=["RUNNING", "COMPLETE"], log=[f"cxrkit run {pushed.run_id}\n"])
    server.fail("GetKernelSessionStatus", 503, times=80)
    shown = []
    assert wait.wait(kaggle, pushed, shown.append).value == "COMPLETE"
    assert sum("the run does not need us" in line for line in shown) == 1 and sum(pauses) > 600
    assert len(server.kernels[REF].pushes) == 1


@pytest.mark.parametrize("code, remedy", [(401, "make a token"), (403, "do not push again, take it up: python -m cxrkit wait")])
def test_what_does_not_pass_ends_the_wait_and_names_what_takes_it_up(server, kaggle, code, remedy):
    pushed = pushed_by(kaggle)
    server.fail("GetKernelSessionStatus", code, times=10**6)
    with pytest.raises(Interrupted, match="cxrkit wait") as caught:
        wait.wait(kaggle, pushed, lambda _: None)
    assert remedy in str(caught.value) and "same command" not in str(caught.value)


def test_running_for_ever_and_an_unknown_status(server, kaggle):
    pushed = pushed_by(kaggle)
    for statuses in (["RUNNING"], ["PREEMPTED"]):
        finished(server, statuses=statuses)
        with pytest.raises(Interrupted, match="not ended after 2.0 h"):
            wait.wait(kaggle, pushed, lambda _: None, hours=2)


def test_a_stale_end_amid_the_run_is_not_believed(server, kaggle):
    pushed_by(kaggle)
    pushed = pushed_by(kaggle)
    finished(server, statuses=["QUEUED", "COMPLETE", "RUNNING", "COMPLETE", "RUNNING", "ERROR"], failure="code 3")
    with pytest.raises(RemoteRefusal, match="ERROR: code 3"):
        wait.wait(kaggle, pushed, lambda _: None)


def test_a_wait_is_taken_up_by_the_run_id(server, kaggle):
    pushed = pushed_by(kaggle)
    taken_up = wait.take_up(kaggle, REF)
    assert (taken_up.version, taken_up.run_id, taken_up.source_sha256) == (pushed.version, pushed.run_id, pushed.source_sha256)


def test_ctrl_c_ends_only_the_waiting(server, kaggle, monkeypatch):
    pushed = pushed_by(kaggle)

    def pressed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(push, "status", pressed)
    with pytest.raises(Interrupted, match="wait --pull"):
        wait.wait(kaggle, pushed, lambda _: None, pull=True)


def test_a_server_that_never_answers(server, kaggle, monkeypatch):
    from cxrkit.kaggle_io import client

    pushed_by(kaggle)
    monkeypatch.setattr(client, "LIMITS", (0.1, 0.05))
    server.answers["GetKernelSessionStatus"] = None
    with pytest.raises(RemoteRefusal, match="cannot be reached"):
        push.status(kaggle, REF)
    server.stalled.set()


def test_the_run_id_decides_whether_a_lost_push_was_taken(server, kaggle):
    """The server lags: at first it still shows that there is no kernel."""
    server.lose_answer("SaveKernel")
    server.fail("GetKernel", 403, times=3)
    assert pushed_by(kaggle).version == 1
    assert len(server.kernels[REF].pushes) == 1


def test_the_server_names_the_kernel(server, kaggle, monkeypatch):
    usual = server.SaveKernel
    monkeypatch.setattr(server, "SaveKernel", lambda body, user: usual(body, user) | {"ref": "/code/alice/cxrkit-chest-films-2"})
    assert pushed_by(kaggle).ref == "alice/cxrkit-chest-films-2"


def test_a_stream_that_is_cut_is_joined_by_its_lines(server, kaggle):
    pushed = pushed_by(kaggle)
    text = [f"cxrkit run {pushed.run_id}\n", "same\n", "same\n", "the reason\n"]
    finished(server, statuses=["RUNNING"] * 5 + ["ERROR"], log=text, cuts=2)
    shown = []
    with pytest.raises(RemoteRefusal):
        wait.wait(kaggle, pushed, shown.append)
    assert [line + "\n" for line in shown if line + "\n" in text] == text


def test_no_such_kernel(server, kaggle):
    with pytest.raises(RemoteRefusal, match="kernels.get"):
        push.status(kaggle, "alice/nothing-here")


def test_credentials_in_a_log_are_blotted_out(server, kaggle):
    pushed = pushed_by(kaggle)
    finished(server, statuses=["RUNNING", "COMPLETE"], log=["key alice-key-0000\n", "see https://host/x?signature=abc\n"])
    shown = []
    wait.wait(kaggle, pushed, shown.append)
    assert "alice-key-0000" not in "".join(shown) and "signature=abc" not in "".join(shown)


def test_a_log_of_another_form():
    assert log_module.entries(json.dumps([{"data": "a\n"}, {"data": None}])) == ["a\n", ""]
    assert log_module.entries("plain\ntext") == ["plain\n", "text"]
    assert log_module.entries("") == []
