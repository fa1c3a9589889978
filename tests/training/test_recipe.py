"""The recipe on drawn phantoms: it repeats itself, resumes, and counts COVID-19 as positive."""

import pytest
import torch

from cxrkit.columns import STAGES
from cxrkit.data.records import LABELS
from cxrkit.files import read_json
from cxrkit.training import loaders, recipe

JOB = recipe.Job("resnet34", 3)


def train(data, experiment, folder, job=JOB, callbacks=()):
    root, entries, _, _ = data
    made = loaders.from_files(root, entries, experiment.image_size, experiment.batch_size, 0, "cpu")
    recipe.run(job, made, experiment, folder, callbacks=callbacks)
    return {stage: read_json(folder / f"{stage}.json") for stage in STAGES}


def without_seconds(state):
    return {
        stage: {**done, "epochs": [{k: v for k, v in e.items() if k != "seconds"} for e in done["epochs"]]} for stage, done in state.items()
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory, data, small):
    """The folder and the state of a job that ran through."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, train(data, small, folder)


def test_an_interrupted_job_resumes_and_ends_as_one_that_ran_through(tmp_path, data, small, monkeypatch, whole):
    def stop_in_the_unfrozen_stage(self):
        if self.stage == "unfrozen":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(recipe.Watch, "after_batch", stop_in_the_unfrozen_stage)
        with pytest.raises(KeyboardInterrupt):
            train(data, small, tmp_path)
    assert (tmp_path / "frozen.json").exists() and not (tmp_path / "unfrozen.json").exists()
    frozen_at = (tmp_path / "frozen.pt").stat().st_mtime_ns
    assert without_seconds(train(data, small, tmp_path)) == without_seconds(whole[1])
    assert (tmp_path / "frozen.pt").stat().st_mtime_ns == frozen_at


def test_another_seed_gives_other_numbers(tmp_path, data, small, monkeypatch, whole):
    def stop_after_the_frozen_stage(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipe, "_find_learning_rate", stop_after_the_frozen_stage)
    with pytest.raises(KeyboardInterrupt):
        train(data, small, tmp_path, recipe.Job("resnet34", 4))
    assert read_json(tmp_path / "frozen.json")["predictions"] != whole[1]["frozen"]["predictions"]


def test_predictions_cover_the_held_out_images_and_metrics_have_covid_as_positive(data, whole):
    _, _, records, _ = data
    last = whole[1]["unfrozen"]
    p_covid = dict(last["predictions"])
    held = {record.image_id: record for record in records if record.split == "valid"}
    assert set(p_covid) == set(held)
    for name, label in (("sensitivity", "covid"), ("specificity", "normal")):
        of_label = [image_id for image_id, record in held.items() if record.label == label]
        right = sum((p_covid[image_id] > 0.5) == (label == "covid") for image_id in of_label)
        assert last["epochs"][-1][name] == pytest.approx(right / len(of_label))
    assert LABELS[0] == "covid"


def test_saved_weights_hold_tensors_only(whole):
    state = torch.load(whole[0] / "unfrozen.pt", weights_only=True)
    assert all(isinstance(value, torch.Tensor) for value in state.values())


@pytest.mark.parametrize("losses", [[1.0] * 40, [float("nan")] * 40, [1.0, 0.9]])
def test_a_finder_without_a_valley_falls_back_with_a_reason(small, losses):
    class Stub:
        recorder = type("Recorder", (), {"lrs": [1e-7 * 1.6**i for i in range(len(losses))], "losses": losses})

        def lr_find(self, **_):
            pass

    found = recipe._find_learning_rate(Stub(), small)
    assert found["chosen"] == small.learning_rate and "no valley" in found["reason"]


def test_augmentations_flip_scale_and_stretch_but_never_rotate():
    matrices = []
    for _ in range(40):
        for transform in loaders.augmentations():
            batch = torch.zeros(16, 3, 8, 8)
            transform.split_idx = 0
            transform.before_call((batch,), 0)
            matrices.append(transform.mat)
    matrices = torch.cat(matrices)
    across, along = matrices[:, 0, 0], matrices[:, 1, 1]
    assert matrices[:, 0, 1].abs().max() == 0 and matrices[:, 1, 0].abs().max() == 0
    assert (across < 0).any() and (across > 0).any() and (along > 0).all()
    ratio = across.abs() / along
    assert 1.05 < ratio.max() <= 1.1001 and 0.909 <= ratio.min() + 1e-4 < 0.95
    assert along.min() < 0.95
