from dataclasses import replace

import numpy as np
import pytest

from cxrkit import config
from cxrkit.audit import audit, masking, retraining
from cxrkit.audit.films import Films
from cxrkit.audit.retraining import Retraining
from cxrkit.data import manifest as manifests
from cxrkit.data import pixels, sources
from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput, CxrkitError
from cxrkit.results import Network
from cxrkit.training import executors, jobs
from tests.audit.films import films
from tests.conftest import SHORT
from tests.evaluation import runs
from tests.training.executor import FINDER, InProcess, machine, stage


@pytest.fixture(scope="module")
def squares(finished_run, tmp_path_factory):
    """The manifest of a finished run, and its Pixels."""
    manifest = manifests.read(finished_run / "manifest.csv")
    locate = sources.locator(manifests.read_roots(finished_run / "manifest.csv"))
    return manifest, pixels.load(manifest, locate, 32, tmp_path_factory.mktemp("pixels"))


def again(manifest, loaded, folder, seed):
    network = Network("resnet18", seed, folder / "unused.pt")
    return Retraining(network, config.load("dry-run", SHORT), Films.of(manifest), loaded, folder, "cpu")


def test_a_network_is_trained_on_what_it_is_given_and_not_twice(squares, tmp_path, monkeypatch):
    manifest, loaded = squares
    third = manifest.used[::3]
    first = again(manifest, loaded, tmp_path, 3).predictions(third, loaded, "as-it-is")
    assert set(first) == {record.image_id for record in third if record.split == "valid"}
    monkeypatch.setattr(executors.Processes, "start", lambda *_: pytest.fail("trained again"))
    assert again(manifest, loaded, tmp_path, 3).predictions(third, loaded, "as-it-is") == first


def test_a_training_that_fails_says_why(squares, tmp_path, monkeypatch):
    def fail(task):
        raise ValueError("no such luck")

    monkeypatch.setattr(jobs, "Processes", lambda: InProcess(fail))
    manifest, loaded = squares
    with pytest.raises(BadInput, match="no such luck"):
        again(manifest, loaded, tmp_path, 0).predictions(manifest.used, loaded, "doomed")


def knowing(given):
    """A stand-in for Retraining.each that is always right about the labels it is given, and keeps them by alteration."""

    def each(self, altered):
        for records, squares, alteration in altered:
            given[alteration] = (records, None if squares is None else np.array(squares.images[:2]))
        return [
            {record.image_id: float(record.label == POSITIVE) for record in records if record.used and record.split == "valid"}
            for records, _, _ in altered
        ]

    return each


class Elsewhere:
    """Stands in for a cluster: trains in this process, and notes what is asked of it."""

    def __init__(self):
        self.asked, self.tasks = [], []

    def machine(self, experiment, jobs):
        self.asked.append((experiment.architectures, experiment.seeds, jobs))
        return nowhere(experiment)

    def shared(self, run, subjects):
        return [run(subject, InProcess(self.train)) for subject in subjects]

    def train(self, task):
        self.tasks.append(task)
        yield stage("frozen")
        yield FINDER
        held = [(record.image_id, len(self.tasks) / 10) for record in task.films.records if record.split == "valid"]
        yield replace(stage(), predictions=held)


def nowhere(experiment):
    return replace(machine(experiment), nodes=2)


def test_elsewhere_all_alterations_of_a_kind_are_trained_at_the_same_time(squares, tmp_path):
    manifest, loaded = squares
    elsewhere = Elsewhere()
    made = replace(again(manifest, loaded, tmp_path, 3), executor=elsewhere)
    found = made.each([(manifest.used, loaded, name) for name in ("one", "other")])
    assert elsewhere.asked == [(("resnet18",), (3,), 2)]
    assert [set(each.values()) for each in found] == [{0.1}, {0.2}] and set(found[0]) == set(found[1]) != set()
    assert "go to each node once" in elsewhere.tasks[0].films.placement.reason
    assert {path.name for path in tmp_path.iterdir()} >= {"one", "other"}


def test_retraining_adds_masked_rows_and_a_control_to_an_audit(finished_run, tmp_path, monkeypatch):
    given = {}
    monkeypatch.setattr(Retraining, "each", knowing(given))
    audits = audit.audit(runs.copy(finished_run, tmp_path / "run"), audit.Options(retrain=True))
    assert audits.not_done == []
    retrained = [(row.mask, row.side) for row in audits.masking if row.retrained]
    assert retrained == [(mask, side) for mask in masking.MASKS for side in retraining.SIDES]
    assert audits.controls[-1].name == "permutation-retrained"
    assert (given["centre-80"][1][:, 16, 16] == 0).all() and (given["surround-80"][1][:, 0, 0] == 0).all()
    labels = {record.image_id: record.label for record in manifests.read(tmp_path / "run" / "manifest.csv").records}
    assert any(record.label != labels[record.image_id] for record in given["permuted-labels"][0])
    assert audits.verdict.conclusion == "audit-failed", "a network that is right about random labels has seen them"


@pytest.mark.parametrize(
    "pretrained, retrain, there, told",
    [
        (False, True, None, "not needed: the run's networks started from random ones"),
        (True, False, ["resnet34-b627a593.pth"], "not needed: nothing is trained anew"),
        (True, True, None, "no folder of weights"),
        (True, True, ["resnet101-63fe2227.pth"], "holds none of resnet34"),
    ],
    ids=["a random start", "no retraining", "no folder", "another network's"],
)
def test_weights_that_are_not_there_or_not_needed_are_told_before_any_film_is_read(tmp_path, monkeypatch, pretrained, retrain, there, told):
    """Regression: of a run from random weights a folder that is not there was taken without a word."""
    monkeypatch.setattr(audit, "_opened", lambda *_: pytest.fail("films are read"))
    results = runs.write_run(tmp_path / "run", seeds=(0,), error_rates=(0.1, 0.1), pretrained=pretrained)
    for name in there or ():
        (tmp_path / "weights").mkdir()
        (tmp_path / "weights" / name).touch()
    wanted = audit.Options(retrain=retrain, weights=str(tmp_path / "weights"), networks=("resnet34-seed0",))
    with pytest.raises(CxrkitError, match=told) as caught:
        audit.audit(results, wanted)
    assert "leave out --weights" in caught.value.next


def test_permuted_labels_keep_their_meaning(monkeypatch):
    """The labels of the altered records are the ones that the predictions are held against."""
    drawn, given = films(), {}
    monkeypatch.setattr(Retraining, "each", knowing(given))
    row = Retraining(Network("resnet34", 0, None), None, drawn, None, None, "cpu").permuted()
    assert row.found.startswith("1.000") and not row.passed
    assert sum(record.label == POSITIVE for record in given["permuted-labels"][0]) == drawn.is_covid.sum()


def test_a_network_trained_without_a_source_sees_none_of_its_films_and_is_scored_on_all_of_them(monkeypatch):
    drawn, given = films(source_of=lambda label, patient: "north" if patient % 2 else "south"), {}
    monkeypatch.setattr(Retraining, "each", knowing(given))
    rows = Retraining(Network("resnet34", 0, None), None, drawn, None, None, "cpu").without_each_source()
    assert len(rows) == 2 and all(row.area.auc.value == 1 and row.area.auc.n > 80 for row in rows)
    for source in ("north", "south"):
        records = [record for record in given[f"without-{source}"][0] if record.source == source]
        assert len(records) == 80 and {record.split for record in records} == {"valid"}
