"""Inside a kernel: the constants reach run.py, and results are sent with what may send them."""

import os
import sys
import threading
import types

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit import config, environment
from cxrkit.errors import WrongUse
from cxrkit.files import read_json
from cxrkit.kaggle_io import client, inside, publish
from cxrkit.options import overrides_of
from tests.kaggle_io.conftest import point_at
from tests.kernel.entry import kernel_run

SLUG = "chest-results"


OVERRIDES = st.fixed_dictionaries(
    {},
    optional={
        "seeds": st.lists(st.integers(0, 99), min_size=1, unique=True),
        "architectures": st.lists(st.sampled_from(config.ARCHITECTURES), min_size=1, unique=True),
        "pretrained": st.booleans(),
        "learning_rate": st.floats(1e-9, 1),
        "workers": st.integers(-1, 8),
        "data": st.lists(st.sampled_from(["phantom", "coronahack=/a b"]), min_size=1),
        "weights": st.sampled_from(["", "/a", "-x"]),
    },
)


@given(OVERRIDES)
def test_constants_and_command_line_mean_the_same(overrides):
    options = kernel_run().parse(inside.arguments_of("paper", overrides, 2.5, False, SLUG))
    assert config.load("paper", overrides_of(options)) == config.load("paper", overrides)
    assert (options.hours, options.cpu, options.results) == (2.5, True, SLUG)


@pytest.fixture
def in_kernel(server, isolated, monkeypatch, tmp_path):
    """A kernel's variables: a session token, no credential of the user's."""
    point_at(server, monkeypatch)
    server.processing = 0
    (tmp_path / "token").write_text("alice-token-1111")
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Batch")
    monkeypatch.setenv("KAGGLE_DATA_PROXY_URL", server.url)
    monkeypatch.setenv("KAGGLE_API_V1_TOKEN", str(tmp_path / "token"))
    return monkeypatch


def outcome(results):
    return read_json(results.parent / inside.SENT)


def test_with_the_sessions_token(server, in_kernel, results, capsys):
    assert inside.send(results, SLUG).ref == f"alice/{SLUG}"
    assert "session's token" in capsys.readouterr().out
    assert outcome(results)["version"] == 1


def test_the_users_own_key_wins_over_the_sessions_token(server, in_kernel, results):
    server.keys["carol", "carol-key"] = "carol"
    in_kernel.setenv("KAGGLE_USERNAME", "carol")
    in_kernel.setenv("KAGGLE_KEY", "carol-key")
    assert inside.send(results, SLUG).ref == f"carol/{SLUG}"
    assert not any(authorization.startswith("Bearer") for _, _, authorization in server.requests)


def test_an_attached_secret_wins(server, in_kernel, results):
    class Client:
        def get_secret(self, label):
            if label == "KAGGLE_API_TOKEN":
                return "dave-token"
            raise RuntimeError("No user secrets exist")

    server.tokens["dave-token"] = "dave"
    in_kernel.setitem(sys.modules, "kaggle_secrets", types.SimpleNamespace(UserSecretsClient=Client))
    assert inside.send(results, SLUG).ref == f"dave/{SLUG}"


def test_a_token_that_may_not_write_is_no_failure(server, in_kernel, results, capsys):
    server.may_not_write.add("alice")
    assert inside.send(results, SLUG) is None
    told = capsys.readouterr().out
    assert "Permission 'datasets.create' was denied" in told and "stay in this kernel's output" in told
    assert outcome(results)["dataset"] is None
    publish.verify(results)


def test_one_refused_credential_and_one_that_may(server, in_kernel, results):
    in_kernel.setenv("KAGGLE_USERNAME", "alice")
    in_kernel.setenv("KAGGLE_KEY", "an-old-key")
    assert inside.send(results, SLUG).ref == f"alice/{SLUG}"


def test_an_inactive_session_token(server, in_kernel, results, capsys):
    server.tokens.clear()
    assert inside.send(results, SLUG) is None
    assert "wrong or expired" in capsys.readouterr().out


def test_no_credential_at_all(in_kernel, results, capsys):
    in_kernel.delenv("KAGGLE_API_V1_TOKEN")
    assert inside.send(results, SLUG) is None
    assert "no credential" in capsys.readouterr().out


def test_no_internet(server, in_kernel, results, capsys, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    server.shutdown()
    server.server_close()
    assert inside.send(results, SLUG) is None
    assert "cannot be reached" in capsys.readouterr().out


def test_sending_that_does_not_end_is_given_up(results, capsys, monkeypatch):
    """The client is silenced and still at it: the run ends all the same, and can speak."""
    ended = threading.Event()

    def stuck(folder, slug):
        with client.silence():
            ended.wait(60)

    monkeypatch.setattr(inside, "send", stuck)
    inside.send_within(0.05, results, SLUG)
    said = capsys.readouterr().out
    assert "given up after" in said and "cxrkit publish" in said
    assert read_json(results.parent / inside.SENT)["reasons"] == ["given up after 0 min, for the run's time is up"]
    ended.set()
    [thread.join() for thread in threading.enumerate() if thread.name == inside.SENDING]


def test_what_sending_raises_is_raised(monkeypatch, tmp_path):
    monkeypatch.setattr(inside, "send", lambda folder, slug: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        inside.send_within(60, tmp_path, SLUG)


def test_the_environment_is_as_before(in_kernel):
    in_kernel.setenv("KAGGLE_KEY", "mine")
    before = dict(os.environ)
    with inside.alone({"KAGGLE_API_TOKEN": "x"}):
        assert "KAGGLE_KEY" not in os.environ and "KAGGLE_API_V1_TOKEN" not in os.environ
    assert dict(os.environ) == before


def test_no_gpu_stops_the_run_with_the_remedy(monkeypatch):
    monkeypatch.setattr(environment, "choose_device", lambda: environment.Choice("cpu", "torch sees no GPU"))
    with pytest.raises(WrongUse, match="NvidiaTeslaT4"):
        environment.require_gpu()


def test_the_deadline():
    now = [100.0]
    left = environment.Deadline(2, clock=lambda: now[0])
    assert left() == 7200
    now[0] += 7201
    assert left() == -1
    assert environment.Deadline()() == float("inf")


def test_a_deadline_is_one_time_for_every_process(tmp_path, monkeypatch):
    """Also for those that torchrun starts again after one has died; another launch has another."""
    now = [100.0]
    told = environment.Deadline.at(environment.Deadline(2, clock=lambda: now[0]).end)
    told.clock = lambda: now[0] + 3600
    assert told() == 3600
    monkeypatch.setattr(environment, "processes", lambda: 2)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "first")
    first = environment.Deadline.of_run(1, tmp_path)
    assert environment.Deadline.of_run(1, tmp_path).end == first.end
    assert environment.Deadline.of_run(None, tmp_path).end == float("inf")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "second")
    assert environment.Deadline.of_run(1, tmp_path).end > first.end
