"""The recipe on drawn phantoms: it repeats itself, resumes, ends in time, and counts COVID-19 as positive."""

import hashlib
from dataclasses import replace

import pytest
import torch

from cxrkit import __version__, state_files
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.data.records import LABELS
from cxrkit.environment import Deadline
from cxrkit.training import jobs, loaders, recipe, states
from cxrkit.training.executors import Ended, Processes
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.stages import EpochEnded, Finder, Job, Past, Stage, Step
from tests.training.executor import machine
from tests.training.test_executors import task_of, told
from tests.training.trainings import drawn_films

JOB = Job("resnet18", 3)  # the recipe knows no list of networks, and this one is the fastest


@pytest.fixture(autouse=True)
def one_thread_and_each_step_told(monkeypatch):
    monkeypatch.setattr("cxrkit.training.learner.EVERY", -1.0)
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


def train(films, experiment, job=JOB, **given):
    """The iterator of a training in this process."""
    numerics = machine(experiment).numerics
    return recipe.train(job, films.loaders(experiment, "cpu", numerics.layout.value), experiment, numerics, **given)


def plain(made):
    """What a training made, to the last digit, its weights to the last byte, without the seconds it took."""
    if isinstance(made, Finder):
        return made
    epochs = [replace(epoch, seconds=0) for epoch in made.epochs]
    return replace(made, epochs=epochs, weights=b""), hashlib.sha256(made.weights).hexdigest()


@pytest.fixture(scope="module")
def whole(training_films, small):
    """What a training made that ran through: the frozen Stage, the Finder, the unfrozen Stage."""
    torch.set_num_threads(1)
    return list(train(training_films, small))


@pytest.mark.parametrize("finished", [1, 2], ids=["after the frozen stage", "after the finder"])
def test_an_interrupted_training_goes_on_and_ends_as_one_that_ran_through(tmp_path, training_films, small, whole, finished):
    """It is stopped in what comes next; what it left goes to disk and back."""

    def stop(told):
        if isinstance(told, Step) and len(made) == finished:
            raise KeyboardInterrupt

    home, made = JobFolder(tmp_path / JOB.name), []
    with pytest.raises(KeyboardInterrupt):
        for each in train(training_films, small, tell=stop):
            home.keep(each)
            made.append(each)
    assert len(made) == finished
    past = home.past()
    assert (past.frozen_weights is not None, past.finder is not None) == (True, finished == 2)
    torch.rand(7)  # another process has another state of chance
    rest = list(train(training_films, small, past=past))
    assert [plain(each) for each in [*made, *rest]] == [plain(each) for each in whole]


def test_another_seed_gives_other_numbers(training_films, small, whole):
    assert next(train(training_films, small, Job("resnet18", 4))).predictions != whole[0].predictions


def test_what_was_trained_before_in_the_same_process_changes_nothing(training_films, small, whole):
    list(train(training_films, small, Job("resnet18", 5)))
    assert [plain(each) for each in train(training_films, small)] == [plain(each) for each in whole]


def test_a_training_beside_another_gives_the_numbers_of_one_alone(tmp_path, small):
    """In processes of one thread each."""
    experiment, kept = replace(small, batch_size=8, architectures=("resnet18",)), {}
    for name, seeds, at_once in (("alone", (3,), 1), ("beside", (4, 3), 2)):
        of = replace(experiment, seeds=seeds)
        jobs.run(of, drawn_films(), "manifest", tmp_path / name, machine(of, at_once=at_once))
        home = JobFolder(tmp_path / name / "resnet18-seed3")
        stages = [replace(home.stage(stage), weights=state_files.find(home.path, stage).read_bytes()) for stage in (FROZEN, UNFROZEN)]
        kept[name] = [plain(stages[0]), home.finder(), plain(stages[1])]
    assert kept["alone"] == kept["beside"]


class Clock:
    """A clock that stands until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("up_in, kept", [(0, 1), (1, 2), (2, 3)], ids=["the frozen stage", "the finder", "the unfrozen stage"])
def test_no_stage_begins_when_the_time_is_up_and_what_was_finished_is_yielded(training_films, small, up_in, kept):
    clock, made = Clock(), []
    deadline = Deadline(1, clock)

    def tell(told):
        if isinstance(told, Step) and len(made) == up_in:
            clock.now = 1e6

    for each in train(training_films, small, time_left=deadline, tell=tell):
        made.append(each)
    assert len(made) == kept


def test_the_end_of_the_clock_reaches_a_trainings_process(small):
    executor = Processes()
    try:
        executor.start(task_of(small, films=drawn_films(), end=1.0))
        heard = []
        while not heard or not isinstance(heard[-1], Ended):
            heard += [each for _, each in told(executor, 1)]
    finally:
        executor.stop()
    assert [each.name for each in heard if isinstance(each, Stage)] == [FROZEN] and heard[-1].error is None
    assert not any(isinstance(each, Finder) for each in heard)


def test_how_far_it_is_is_told_and_ends_where_all_is_done(training_films, small, whole):
    for past, first in ((Past(), 1), (Past(whole[0].weights, whole[1]), 23)):
        steps, epochs = [], []
        list(train(training_films, small, past=past, tell=lambda told: (steps if isinstance(told, Step) else epochs).append(told)))
        assert [step.done for step in steps] == sorted(step.done for step in steps)
        assert steps[0].done >= first and steps[-1].done <= steps[-1].total
        assert all(isinstance(each, EpochEnded) for each in epochs)
    assert steps[-1].done == steps[-1].total


def test_predictions_cover_the_held_out_images_and_metrics_have_covid_as_positive(data, small, training_films):
    _, _, records, _ = data
    last = list(train(training_films, replace(small, precise_batch_norm=False)))[-1]
    p_covid = dict(last.predictions)
    held = {record.image_id: record for record in records if record.split == "valid"}
    assert set(p_covid) == set(held)
    for name, label in (("sensitivity", "covid"), ("specificity", "normal")):
        of_label = [image_id for image_id, record in held.items() if record.label == label]
        right = sum((p_covid[image_id] > 0.5) == (label == "covid") for image_id in of_label)
        assert getattr(last.epochs[-1], name) == pytest.approx(right / len(of_label))
    assert LABELS[0] == "covid"


def test_saved_weights_say_whose_they_are(training_films, small, whole):
    told = {"format": "pt", "architecture": "resnet18", "cxrkit": __version__}
    for stage, manifest in ((whole[0], ""), (next(train(training_films, small, manifest_sha256="a" * 64)), "a" * 64)):
        notes = state_files.notes(stage.weights)
        assert notes == told | {"manifest_sha256": manifest, "sha256": notes["sha256"]}
        assert all(value.device.type == "cpu" for value in states.read(stage.weights).values())


@pytest.mark.parametrize("losses", [[1.0] * 40, [float("nan")] * 40, [1.0, 0.9]])
def test_a_finder_without_a_valley_falls_back_with_a_reason(small, losses):
    found = recipe.chosen_from([1e-7 * 1.6**i for i in range(len(losses))], losses, small)
    assert found.chosen == small.learning_rate and "no valley" in found.reason


def test_a_finder_takes_the_valley_where_there_is_one(small):
    rates = [1e-7 * 1.6**i for i in range(40)]
    found = recipe.chosen_from(rates, [2.0 - 1.5 / (1 + (1e-3 / rate) ** 2) for rate in rates], small)
    assert recipe.CREDIBLE[0] <= found.chosen <= recipe.CREDIBLE[1] and found.reason == "valley of the finder's curve"
    assert (found.learning_rates, len(found.losses)) == (rates, 40)


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
