import numpy as np
import pytest

from cxrkit import config
from cxrkit.audit import audit, masking, retraining
from cxrkit.data import manifest, pixels, sources
from cxrkit.errors import BadInput
from cxrkit.training import jobs
from tests.conftest import SMALL
from tests.evaluation import runs


@pytest.fixture(scope="module")
def films(finished_run, tmp_path_factory):
    records = manifest.read(finished_run / "manifest.csv")
    locate = sources.locator(manifest.read_roots(finished_run / "manifest.csv"))
    return records, pixels.load(records, locate, 32, tmp_path_factory.mktemp("pixels"))


def test_a_network_is_trained_on_what_it_is_given_and_not_twice(films, tmp_path, monkeypatch):
    records, squares = films
    experiment = config.load("dry-run", SMALL)
    found = retraining.predictions(experiment, "resnet34", 3, records, squares, "as-it-is", tmp_path, "cpu")
    assert set(found) == {record.image_id for record in records if record.split == "valid"}
    monkeypatch.setattr(jobs.recipe, "run", lambda *_: pytest.fail("trained again"))
    assert retraining.predictions(experiment, "resnet34", 3, records, squares, "as-it-is", tmp_path, "cpu") == found


def test_a_training_that_fails_says_why(films, tmp_path, monkeypatch):
    def fail(*_):
        raise ValueError("no such luck")

    monkeypatch.setattr(jobs.recipe, "run", fail)
    with pytest.raises(BadInput, match="no such luck"):
        retraining.predictions(config.load("dry-run", SMALL), "resnet34", 0, *films, "doomed", tmp_path, "cpu")


def test_retraining_adds_masked_rows_and_a_control_to_an_audit(finished_run, tmp_path, monkeypatch):
    given = {}

    def train(experiment, architecture, seed, records, squares, alteration, folder, device):
        given[alteration] = (records, np.array(squares.images[:2]))
        return {record.image_id: float(record.label == "covid") for record in records if record.used and record.split == "valid"}

    monkeypatch.setattr(retraining, "predictions", train)
    content = audit.audit(runs.copy(finished_run, tmp_path / "run"), audit.Options(retrain=True))
    assert content["not_done"] == []
    again = [(row["mask"], row["side"]) for row in content["masking"] if row["retrained"]]
    assert again == [(mask, side) for mask in masking.MASKS for side in masking.RETRAINED_SIDES]
    assert content["controls"][-1]["name"] == "permutation-retrained"
    assert (given["centre-80"][1][:, 16, 16] == 0).all() and (given["surround-80"][1][:, 0, 0] == 0).all()
    labels = {record.image_id: record.label for record in manifest.read(tmp_path / "run" / "manifest.csv")}
    assert any(record.label != labels[record.image_id] for record in given["permuted-labels"][0])
    assert content["verdict"]["conclusion"] == "audit-failed", "a network that is right about random labels has seen them"
