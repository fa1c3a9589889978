"""gpu-check on the processor: what works passes, what is broken on purpose fails with its remedy, and one broken check ends no other."""

import time
from dataclasses import dataclass, replace

import pytest
import torch
from fastai.learner import Callback

from cxrkit import __main__, environment, pipeline
from cxrkit.environment import Choice
from cxrkit.errors import CxrkitError, run_command
from cxrkit.files import read_json
from cxrkit.gpu_check import asking, check, rows, scene, steps
from cxrkit.gpu_check.rows import FAILED, NOT_HERE, PASSED, Figure
from cxrkit.gpu_check.trainings import Named
from cxrkit.kaggle_io import inside
from cxrkit.training.executors import Task
from cxrkit.training.precision import Numerics
from tests.training.answers import by_name

ON_PROCESSOR = Choice("cpu", "as was asked")
NUMBERS = scene.numerics("float32", "contiguous", False, "cpu")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return scene.draw(tmp_path_factory.mktemp("drawn"), scene.SIDE["cpu"])


@pytest.fixture(scope="module")
def short():
    """What the short form finds here, in one epoch a stage: more are for float16, in which no processor trains."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scene, "EPOCHS", 1)
        return check.run(ON_PROCESSOR, 10, short=True)


def test_the_short_form_asks_each_loader_saving_and_memory_and_all_pass(short):
    found = short["rows"]
    assert [row for row in found if row.state != PASSED] == []
    assert {row.check for row in found} == {"loader", "steps", "save, load, resume", "saved weights", "out of memory, then the next"}
    assert [row.what.split(", ")[1] for row in found if row.check == "steps"] == list(scene.LOADERS)
    [memory] = [row for row in found if row.check == "out of memory, then the next"]
    assert memory.figures["probability"].value == 0 and memory.facts["autocast left"] == 0


def test_a_job_after_one_whose_memory_ran_out_in_bfloat16_gives_the_numbers_of_a_job_alone(films):
    """Through Processes, as a run does, in the forward and in the backward pass."""
    plan = replace(check.planned("cpu", time.monotonic() + 600, False, "bfloat16"), at_once=1)
    task = check.usual_task(plan, films)
    task = replace(task, experiment=replace(task.experiment, epochs=1))  # more are for float16
    [alone] = asking.ask([task], 1, plan.end)
    found = list(check.of_memory(plan, task, alone, lambda: None))
    assert [(row.state, row.what) for row in found] == [
        (PASSED, "resnet34, in the forward pass"),
        (PASSED, "resnet34, in the backward pass"),
    ], found
    assert all(row.figures["probability"].value == 0 and row.facts["autocast left"] == 0 for row in found)


class Wrong(Callback):
    """What a broken device might do: it forgets what it has computed, sees other films, or turns its gradients round."""

    order = 30

    def __init__(self, fault):
        self.fault = fault

    def before_batch(self):
        if self.fault == "films":
            self.learn.xb = (self.xb[0].roll(1, 0),)

    def after_pred(self):
        if self.fault == "outputs":
            self.learn.pred = self.pred * 2

    def before_step(self):
        for weight in self.model.parameters():
            if self.fault == "gradients":
                weight.grad.neg_()
            if self.fault == "nothing is a number":
                weight.grad.mul_(torch.nan)


@dataclass(frozen=True)
class Broken(Numerics):
    fault: str = ""

    def callbacks(self, device):
        return [*super().callbacks(device), Wrong(self.fault)]


def test_what_is_broken_on_purpose_fails_with_its_remedy(films):
    faults = ["films", "outputs", "gradients", "nothing is a number", ""]
    variants = tuple(Broken(NUMBERS.precision, NUMBERS.layout, NUMBERS.tf32, NUMBERS.autotuning, fault) for fault in faults)
    job, plan = Named("resnet34", 0, scene.LOADERS[0]), check.planned("cpu", 0.0, False, "auto")
    task = steps.Comparison(job, scene.experiment("resnet34", "cpu"), films[job.label], NUMBERS, "cpu", 1, variants=variants, given=False)
    told = list(steps.compared(task, None))
    for limit in check.STEPS_MOST:
        states = [check.of_one(job, limit, "contiguous", result, plan).state for result in told]
        assert states == [FAILED] * 4 + [PASSED], (limit, told)
    row = check.of_one(job, "bfloat16", "contiguous", told[0], plan)
    assert "too far apart" in row.reason and "--precision float32" in row.remedy


def test_bfloat16_lies_within_its_limits_and_beyond_those_of_float32(films):
    """The limits are told apart by what they are for."""
    job, plan = Named("resnet34", 0, "files"), check.planned("cpu", 0.0, False, "auto")
    variants = (scene.numerics("bfloat16", "channels_last", False, "cpu"), scene.numerics("float32", "channels_last", False, "cpu"))
    task = steps.Comparison(job, scene.experiment("resnet34", "cpu"), films["files"], NUMBERS, "cpu", 1, variants=variants)
    given, short, full = steps.compared(task, None)
    assert (given.pixels, given.labels) == (0, 0)
    assert check.of_one(job, "bfloat16", "channels_last", short, plan).state == PASSED
    assert check.of_one(job, "float32", "channels_last", short, plan).state == FAILED
    assert check.of_one(job, "float32", "channels_last", full, plan).state == PASSED


def test_a_process_that_raises_dies_or_hangs_ends_no_other(monkeypatch):
    monkeypatch.setattr(asking, "LIMIT_SECONDS", 20)
    labels = ["raises", "well", "dies", "hangs", "well again"]
    tasks = [Task(Named("resnet34", 0, label), scene.experiment("resnet34", "cpu"), None, NUMBERS, "cpu", 1) for label in labels]
    heard = asking.ask(tasks, 2, time.monotonic() + 300, by_name)
    errors = {each.task.job.label: each.error for each in heard}
    assert errors["well"] is None and errors["well again"] is None
    assert "wrong answers" in errors["raises"] and "exit code 7" in errors["dies"] and errors["hangs"].startswith(asking.NO_ANSWER)
    assert [len(each.made) for each in heard] == [1, 2, 1, 1, 2]
    late = asking.ask(tasks[1:2], 1, time.monotonic() - 1, by_name)
    assert late[0].error == asking.TIME_UP


def test_a_broken_variant_is_a_row_and_the_others_are_asked_again(monkeypatch):
    """A process that ends after its first answer: the second variant failed, the third is asked in a process of its own."""
    plan = replace(
        check.planned("cpu", 0.0, False, "auto"), networks=("resnet34",), formats={"float32": ("float32", False)}, layouts=("a", "b", "c")
    )
    asked = []

    def answer(tasks, at_once, end, train, done):
        asked.append([len(task.variants) for task in tasks])
        heard = [asking.Heard(task, [steps.Given(0, 0, 0), steps.Compared(0, 0.0, 0.0, 1.0, 0)]) for task in tasks]
        for each in heard if len(asked) == 1 else []:
            each.ended = replace(each.ended, error="CUDA error: an illegal memory access was encountered")
        return heard

    monkeypatch.setattr(check, "ask", answer)
    found = [row for row in check.of_steps(plan, dict.fromkeys(scene.LOADERS), lambda: None) if row.check == "steps"]
    assert asked == [[3, 3, 3], [1, 1, 1]]
    states = {row.what: row.state for row in found}
    assert states == {
        f"resnet34, {loader}, float32, {layout}": FAILED if layout == "b" else PASSED for loader in scene.LOADERS for layout in "abc"
    }


def test_rows_tell_figures_reasons_and_remedies():
    nan = rows.judged("steps", "vgg16_bn, files, float16", {"loss": Figure(float("nan"), 0.1)}, "try --precision float32")
    fine = [
        rows.judged("steps", f"resnet34, files, {name}", {"loss": Figure(value, 0.1)}, "no") for name, value in (("a", 0.01), ("b", 0.05))
    ]
    absent = rows.impossible("two at once", "resnet34", "there is one device")
    assert (nan.state, fine[0].state, fine[0].remedy, absent.state) == (FAILED, PASSED, "", NOT_HERE)
    text = rows.text([nan, *fine, absent])
    assert "too far apart: loss nan of 0.1" in text and "resnet34, files: 2 ways" in text and "loss 0.05 of 0.1" in text
    assert "What to do:" in text and "try --precision float32" in text and text.endswith("2 passed, 1 failed, 1 not possible here")


def answering(monkeypatch, made):
    found = {"conditions": {}, "rows": made, "seconds": 1.0}
    monkeypatch.setattr(check, "run", lambda *_: found)


FINE = rows.judged("steps", "resnet34, files, float16", {"loss": Figure(0.0, 0.1)}, "")
BAD = rows.broken("steps", "resnet34, resident on the device, float16", "CUDA error", "try --precision float32")


@pytest.mark.parametrize("made, code", [([FINE], 0), ([FINE, BAD], 1)])
def test_the_exit_code_says_whether_all_passed(monkeypatch, tmp_path, capsys, made, code):
    answering(monkeypatch, made)
    assert run_command(lambda: __main__.main(["gpu-check", "--device", "cpu", "--out", str(tmp_path)])) == code
    assert [row["state"] for row in read_json(tmp_path / check.FILE)["rows"]] == [row.state for row in made]
    assert "No GPU was asked" in capsys.readouterr().out


def test_on_kaggle_a_failure_is_loud_and_ends_nothing_unless_nothing_trains(monkeypatch, tmp_path, capsys):
    answering(monkeypatch, [FINE, BAD])
    pipeline.prove(Choice("cuda", "Tesla T4"), "auto", tmp_path)
    told = capsys.readouterr().out
    assert "!!! GPU CHECK FAILED" in told and "The run goes on. What to do: try --precision float32" in told
    assert (tmp_path / check.FILE).exists()
    late = replace(BAD, reason=asking.TIME_UP)
    answering(monkeypatch, [late])
    pipeline.prove(Choice("cuda", "Tesla T4"), "auto", tmp_path)
    answering(monkeypatch, [BAD])
    with pytest.raises(CxrkitError, match="No network can be trained"):
        pipeline.prove(Choice("cuda", "Tesla T4"), "auto", tmp_path)


def test_a_run_on_kaggle_begins_with_the_check(monkeypatch, tmp_path):
    """With the experiment's number format; a run that needs no GPU checks none."""
    asked = []

    class Enough(Exception):
        pass

    def stop(*_):
        raise Enough

    monkeypatch.setenv("CXRKIT_KAGGLE", str(tmp_path))
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(environment, "choose_device", lambda: Choice("cuda", "Tesla T4"))
    monkeypatch.setattr(pipeline, "prove", lambda device, precision, folder: asked.append((device.reason, precision, folder)))
    monkeypatch.setattr(inside.mounts, "attach", stop)
    experiment = scene.experiment("resnet34", "cpu")
    for needs_gpu in (True, False):
        with pytest.raises(Enough):
            inside.run(experiment, 1.0, needs_gpu, "")
    assert asked == [("Tesla T4", "auto", tmp_path / "working")]
