"""What `compare` and `evaluate` print first: what must not be overlooked about the runs."""

import pytest

from cxrkit.__main__ import main
from cxrkit.evaluation.evaluate import evaluate
from cxrkit.files import read_json
from tests.evaluation.runs import write_run


@pytest.fixture
def runs(tmp_path):
    """One run from random weights, one from ImageNet's, on the same films."""
    made = []
    for name, pretrained, rates in (("scratch", False, (0.2, 0.1)), ("imagenet", True, (0.05, 0.04))):
        results = write_run(tmp_path / name, seeds=(0, 1), error_rates=rates, pretrained=pretrained, name=name)
        evaluate(results)
        made.append(results.folder)
    return made


def first_lines(capsys, count=3):
    return "\n".join(capsys.readouterr().out.splitlines()[:count])


def test_compare_says_which_run_did_not_start_from_imagenet_weights(runs, tmp_path, capsys):
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "c.json")]) in (0, None)
    first = first_lines(capsys)
    assert "RANDOM WEIGHTS" in first and "(scratch)" in first and "DRAWN PHANTOMS" in first
    assert read_json(tmp_path / "c.json")["started_from"] == {"scratch": "random", "imagenet": "imagenet"}


def test_compare_of_runs_from_imagenet_weights_says_nothing_of_random_ones(runs, capsys):
    main(["compare", str(runs[1])])
    assert "RANDOM WEIGHTS" not in capsys.readouterr().out


def test_compare_over_resplits_says_it_too(tmp_path, capsys):
    folders = [write_run(tmp_path / str(seed), error_rates=(0.1, 0.2), split_seed=seed).folder for seed in (1, 2, 3)]
    main(["compare", "--resplits", *map(str, folders)])
    first = first_lines(capsys)
    assert "RANDOM WEIGHTS" in first and "(1, 2, 3)" in first


def test_evaluate_says_it_before_the_scores(runs, capsys):
    main(["evaluate", str(runs[0])])
    assert "RANDOM WEIGHTS" in first_lines(capsys)
