"""What a node does with a training that arrives. Ray is stood in for by the two functions of it that a node asks."""

import pickle
import sys
import types

import pytest

from cxrkit.cluster import nodes, trainer
from cxrkit.cluster.trainer import Parcel, Trainer, Unfit
from cxrkit.training import work
from cxrkit.training.executors import Ended
from cxrkit.training.stages import Stage, Step
from tests.training.executor import FINDER, NO_FILMS, finish
from tests.training.test_executors import task_of


@pytest.fixture(autouse=True)
def ray(monkeypatch):
    """References are the values themselves."""
    here = types.SimpleNamespace(get_node_id=lambda: "this node")
    monkeypatch.setitem(sys.modules, "ray", types.SimpleNamespace(get=lambda value: value, get_runtime_context=lambda: here))


@pytest.fixture(scope="module")
def small():
    from cxrkit import config

    return config.load("dry-run", {"architectures": ["resnet34"], "image_size": 32})


def parcel(task, **given):
    return Parcel(**{"task": pickle.dumps(task), "films": NO_FILMS, "weights": None, "trainings": 1, **usual(), **given})


def usual():
    return {"versions": nodes.versions(), "architectures": ("resnet34",)}


def heard(sent, monkeypatch, train=lambda task, tell: finish(task)):
    """All that the training tells, until it has ended."""
    monkeypatch.setattr(work, "training", train)
    actor, found = Trainer(sent), []
    while not isinstance(found[-1] if found else None, (Ended, Unfit)):
        found += actor.told()
    return found


def test_what_is_told_comes_in_its_order_with_the_end_last(small, monkeypatch):
    first, finder, last, ended = heard(parcel(task_of(small)), monkeypatch)
    assert (type(first), finder, type(last)) == (Stage, FINDER, Stage) and ended.error is None


def test_steps_are_gathered_and_the_last_of_them_counts(small, monkeypatch):
    monkeypatch.setattr(trainer, "EVERY", 60.0)

    def train(task, tell):
        for done in range(1, 100):
            tell(Step(done, 100))
        yield from finish(task)

    told = heard(parcel(task_of(small)), monkeypatch, train)
    assert [each for each in told if isinstance(each, Step)] == [Step(99, 100)]


def test_a_node_that_is_not_alike_reads_nothing_and_says_so(small, monkeypatch):
    sent = parcel(task_of(small), versions={**nodes.versions(), "fastai": "1.0.61"})
    [unfit] = heard(Parcel(**{**vars(sent), "task": b"no pickle"}), monkeypatch)
    assert unfit.node == "this node" and "1.0.61 here" in unfit.reason


def test_what_goes_wrong_is_told(small, monkeypatch):
    """In the training, and before it."""

    def fail(task, tell):
        raise RuntimeError("no such luck")
        yield

    assert heard(parcel(task_of(small)), monkeypatch, fail)[-1].error == "RuntimeError: no such luck"
    [ended] = heard(Parcel(**{**vars(parcel(task_of(small))), "task": b"no pickle"}), monkeypatch)
    assert "Unpickling" in ended.error and "Traceback" in ended.details


def test_weights_are_fetched_once_a_node(small, monkeypatch, tmp_path):
    monkeypatch.setattr(trainer.tempfile, "gettempdir", lambda: str(tmp_path))
    fetched, places = [], []

    def train(task, tell):
        places.append(task.experiment.weights)
        yield from finish(task)

    class Reference:
        def __init__(self, value):
            self.value = value

    monkeypatch.setattr(sys.modules["ray"], "get", lambda each: (fetched.append(1), each.value)[1] if isinstance(each, Reference) else each)
    for _ in range(2):
        assert heard(parcel(task_of(small), weights=("resnet34.pth", Reference(b"weights"))), monkeypatch, train)[-1].error is None
    assert len(fetched) == 1 and len(set(places)) == 1
    assert (tmp_path / places[0] / "resnet34.pth").read_bytes() == b"weights"
