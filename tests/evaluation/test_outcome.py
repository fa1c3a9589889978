"""evaluate and compare on results folders: what they write, what they refuse, and that they are quick to repeat."""

import json
import shutil

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxrkit.__main__ import main
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import comparison, outcome, predictions, scoring
from cxrkit.files import read_json, sha256_of, write_checksums, write_text
from tests.evaluation.runs import write_run


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A run of four networks and five seeds with a test split, evaluated; not to be changed."""
    folder = write_run(tmp_path_factory.mktemp("runs") / "first" / "results", seeds=range(5), error_rates=(0.2, 0.03, 0.03, 0.03))
    return folder, *outcome.evaluate(folder)


@pytest.fixture
def copied(evaluated, tmp_path):
    shutil.copytree(evaluated[0], tmp_path / "copy")
    return tmp_path / "copy"


def test_every_row_has_its_figures(evaluated):
    folder, content, _ = evaluated
    assert len(content["scores"]) == 4 * 5 * 2 * 2
    assert content["manifest_sha256"] == sha256_of(folder / "manifest.csv")
    assert {content["threshold"], content["data"], content["weights"], content["held_out"]} == {0.5, "phantom", "random", "test"}
    table = predictions.read(folder).table
    for row in content["scores"]:
        mine = table[
            (table[["architecture", "seed", "stage", "split"]] == [row["architecture"], row["seed"], row["stage"], row["split"]]).all(
                axis=1
            )
        ]
        assert row["auc"]["value"] == pytest.approx(roc_auc_score(mine["label"] == "covid", mine["p_covid"]))
        assert row["confusion"]["tp"] == ((mine["label"] == "covid") & (mine["p_covid"] >= 0.5)).sum()
        assert sum(row["confusion"].values()) == len(mine) == row["patients"]
        for name in ("error_rate", "accuracy", "sensitivity", "specificity", "balanced_accuracy", "f1", "mcc", "auc", "average_precision"):
            figure = row[name]
            assert figure["low"] <= figure["value"] <= figure["high"] and figure["n"] and len(figure["bootstrap"]) == 2
        assert [values["prevalence"] for values in row["predictive_values"]] == [34 / 268, 0.01, 0.1]


def test_the_operating_point_comes_from_validation_and_is_judged_on_test(evaluated):
    folder, content, _ = evaluated
    run = predictions.read(folder)
    for row in scoring.final_scores(content):
        assert row["split"] == "test"
        point = row["operating_point"]
        valid, test = (predictions.scores(run.table, row["architecture"], split) for split in ("valid", "test"))
        index = valid.seeds.index(row["seed"])
        assert (valid.p_covid[index][valid.is_covid] >= point["threshold"]).mean() >= 0.95
        assert point["sensitivity"]["value"] == pytest.approx((test.p_covid[index][test.is_covid] >= point["threshold"]).mean())
        assert not point["same_images"] and not row["calibration"]["same_images"]


def test_ensembles_are_the_mean_probability(evaluated):
    folder, content, _ = evaluated
    run = predictions.read(folder)
    rows = [row for row in content["ensembles"] if row["split"] == "test"]
    assert [row["of"] for row in rows] == ["5 seeds"] * 4 + ["4 networks"]
    everything = [predictions.scores(run.table, name, "test") for name in scoring.SHORT_NAMES]
    mean = np.mean([mine.p_covid for mine in everything], axis=(0, 1))
    assert rows[-1]["auc"]["value"] == pytest.approx(roc_auc_score(everything[0].is_covid, mean))
    assert rows[-1]["confusion"]["fp"] == ((mean >= 0.5) & ~everything[0].is_covid).sum()


def test_the_comparison_says_what_is_known(evaluated):
    folder, _, content = evaluated
    assert read_json(folder / "comparison.json") == json.loads(json.dumps(content))
    assert len(content["pairs"]) == 6 and content["split"] == "test"
    words = {(pair["a"], pair["b"]): pair["verdict"] for pair in content["pairs"]}
    assert {words["ResNet34", other] for other in ("ResNet101", "VGG16", "VGG19")} == {"worse"}
    assert words["VGG16", "VGG19"] == "undecided"
    assert content["best"]["names"] == ["ResNet101", "VGG16", "VGG19"]
    assert "ResNet34 is not the best" in content["best"]["sentence"]
    for pair in content["pairs"]:
        inside = [pair[key]["high"] - pair[key]["low"] for key in ("difference", "over_patients", "over_seeds")]
        assert inside[0] >= max(inside[1:])
        assert (pair["needed"] is None) == (pair["verdict"] != "undecided")
        assert [entry["seed"] for entry in pair["mcnemar"]] == [0, 1, 2, 3, 4]


def test_texts_show_intervals_n_and_the_verdict(evaluated):
    _, content, compared = evaluated
    table, text = scoring.text_table(content), comparison.text(compared)
    assert table.count("the study") == 4 and "ensemble of 4 networks" in table and "mean of 5 seeds" in table
    assert "VERDICT: It is known that ResNet34 is not the best" in text
    assert "THE STUDY: of its 6 pairs 0 are decided" in text
    assert "268 test images of 268 patients" in text


def test_evaluating_again_elsewhere_changes_nothing_and_checksums_follow(tmp_path):
    first = write_run(tmp_path / "first", seeds=(0,), error_rates=(0.05, 0.05))
    outcome.evaluate(first)
    write_checksums(first)
    second = tmp_path / "second"
    shutil.copytree(first, second)
    outcome.evaluate(second, margin=0.02)
    listed = read_json(second / "checksums.json")
    assert listed["comparison.json"]["sha256"] == sha256_of(second / "comparison.json") != sha256_of(first / "comparison.json")
    outcome.evaluate(second)
    for name in ("metrics.json", "comparison.json", "checksums.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_runs_of_more_seeds_are_joined(tmp_path, evaluated):
    folder = evaluated[0]
    more = write_run(tmp_path / "more", seeds=(5, 6, 7), error_rates=(0.2, 0.03, 0.03, 0.03))
    content, _ = outcome.compare([folder, more])
    assert [network["seeds"] for network in content["networks"]] == [list(range(8))] * 4
    whole = write_run(tmp_path / "whole", seeds=range(8), error_rates=(0.2, 0.03, 0.03, 0.03))
    at_once, _ = outcome.compare([whole])
    assert [pair["difference"] for pair in content["pairs"]] == [pair["difference"] for pair in at_once["pairs"]]


def test_runs_of_other_protocols_are_other_contestants(tmp_path):
    for name, size in (("small", 64), ("large", 224)):
        write_run(tmp_path / name, error_rates=(0.05, 0.05), image_size=size)
    content, _ = outcome.compare([tmp_path / "small", tmp_path / "large"])
    assert [network["name"] for network in content["networks"]] == [
        "ResNet34 (small)",
        "ResNet101 (small)",
        "ResNet34 (large)",
        "ResNet101 (large)",
    ]


def test_runs_that_cannot_be_compared_are_refused_and_the_difference_named(tmp_path, evaluated):
    folder = evaluated[0]
    other_split = write_run(tmp_path / "split", split_seed=4)
    with pytest.raises(WrongUse, match="column split differs for .* used images, such as drawn/"):
        outcome.compare([folder, other_split])
    fewer = write_run(tmp_path / "fewer", sizes={"train": (100, 300), "valid": (34, 234), "test": (34, 230)})
    with pytest.raises(WrongUse, match="4 used images are only in the first"):
        outcome.compare([folder, fewer])
    with pytest.raises(WrongUse, match="resnet34 with seed 0 is in two runs"):
        outcome.compare([folder, folder])
    other_threshold = write_run(tmp_path / "threshold", seeds=(7, 8), threshold=0.4)
    with pytest.raises(WrongUse, match="thresholds differ"):
        outcome.compare([folder, other_threshold])


def test_resplits(tmp_path):
    runs = [write_run(tmp_path / f"split{seed}", seeds=(0,), error_rates=(0.3, 0.02), split_seed=seed) for seed in (1, 2, 3, 4, 5)]
    content, text = outcome.compare(runs, over_splits=True)
    pair = content["pairs"][0]
    assert (pair["verdict"], pair["difference"]["n"], content["n_train"]) == ("worse", 5, 400)
    assert "5 splits of the same images" in text
    with pytest.raises(WrongUse, match="a split of its own"):
        outcome.compare(runs[:1] * 2, over_splits=True)
    larger = write_run(tmp_path / "larger", seeds=(0,), error_rates=(0.3, 0.02), split_seed=9, image_size=300)
    with pytest.raises(WrongUse, match="more than their split: image_size"):
        outcome.compare([runs[0], larger], over_splits=True)


SPOILT = {
    "p_covid is no number": (lambda text: text.replace(text.splitlines()[3].rsplit(",", 1)[1], "many", 1), "outside 0 to 1.*"),
    "another label": (lambda text: text.replace(",covid,", ",normal,", 1), "another label than the manifest"),
    "an unknown image": (lambda text: text.replace("drawn/covid-", "drawn/covud-", 1), "an image that the manifest does not use"),
    "a row twice": (lambda text: text + text.splitlines()[-1] + "\n", "repeats an image"),
    "a row missing": (lambda text: text[: text.rindex("\n", 0, -1) + 1], "268|267 of the 268"),
    "no column": (lambda text: text.replace("p_covid", "p", 1), "lack p_covid"),
    "empty": (lambda text: "", "no readable CSV"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_predictions_are_bad_input_that_says_where(copied, kind):
    spoil, message = SPOILT[kind]
    path = copied / "predictions.csv"
    write_text(path, spoil(path.read_text()))
    with pytest.raises(BadInput, match=message) as caught:
        outcome.evaluate(copied)
    assert "predictions.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["run.json", "predictions.csv", "manifest.csv", "epochs.csv"])
def test_missing_files_are_bad_input(copied, name):
    (copied / name).unlink()
    with pytest.raises(BadInput, match=name):
        outcome.evaluate(copied)


def test_another_manifest_is_refused(copied):
    path = copied / "manifest.csv"
    write_text(path, path.read_text() + path.read_text().splitlines()[-1].replace("normal-", "normal-x") + "\n")
    with pytest.raises(BadInput, match="not the one that the run was made with"):
        outcome.evaluate(copied)


@pytest.mark.parametrize("wanted", [{"margin": 0}, {"threshold": 1.5}, {"prevalences": (0, 0.5)}, {"sensitivity": 2}])
def test_values_out_of_range_are_wrong_use(copied, wanted):
    with pytest.raises(WrongUse):
        outcome.evaluate(copied, **wanted)


def test_a_run_without_a_test_split_is_scored_on_validation_and_says_so(tmp_path):
    folder = write_run(tmp_path / "paper", seeds=(0,), sizes={"train": (100, 300), "valid": (34, 234)})
    content, compared = outcome.evaluate(folder)
    assert content["held_out"] == compared["split"] == "valid"
    assert scoring.final_scores(content)[0]["calibration"]["same_images"]
    assert compared["chosen_on_validation"] is None
    assert {pair["verdict"] for pair in compared["pairs"]} == {"undecided"}
    assert compared["best"]["sentence"].startswith("Which network is best is not known.")


def test_images_of_one_patient_count_as_one(tmp_path):
    """The same predictions, with four images a patient: the intervals widen, the values stay."""
    alone, shared = (
        outcome.evaluate(write_run(tmp_path / str(images), error_rates=(0.1, 0.05), images_a_patient=images)) for images in (1, 4)
    )
    for one, four in zip(alone[0]["scores"], shared[0]["scores"]):
        for name in ("error_rate", "sensitivity", "auc"):
            assert four[name]["value"] == one[name]["value"]
            assert four[name]["high"] - four[name]["low"] > one[name]["high"] - one[name]["low"]
    assert shared[1]["patients"] < alone[1]["patients"] == shared[1]["n"] == 268


def test_a_run_that_stopped_half_way(tmp_path):
    """Networks with fewer seeds are compared with what is there; no finished network at all is bad input."""
    folder = write_run(tmp_path / "half", error_rates=(0.05, 0.05, 0.05))
    rows = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    write_text(folder / "predictions.csv", "".join(row for row in rows if not row.startswith(("vgg16_bn,1", "vgg16_bn,2", "resnet101,2"))))
    _, compared = outcome.evaluate(folder)
    assert [network["seeds"] for network in compared["networks"]] == [[0, 1, 2], [0, 1], [0]]
    assert "ran once" in compared["pairs"][1]["why"] and "ran once" not in compared["pairs"][0]["why"]
    write_text(folder / "predictions.csv", "".join(row for row in rows if ",unfrozen," not in row))
    with pytest.raises(BadInput, match="No network finished"):
        outcome.evaluate(folder)


def test_a_run_of_one_network(tmp_path):
    _, compared = outcome.evaluate(write_run(tmp_path / "one", error_rates=(0.05,)))
    assert compared["pairs"] == [] and "one network" in comparison.text(compared)


def test_the_command_line(tmp_path, capsys):
    write_run(tmp_path / "run" / "results", seeds=(0, 1), error_rates=(0.05, 0.05))
    assert not main(["evaluate", str(tmp_path / "run"), "--prevalence", "0.02", "--margin", "0.02"])
    assert "VERDICT:" in capsys.readouterr().out
    row = read_json(tmp_path / "run" / "results" / "metrics.json")["scores"][0]
    assert [values["prevalence"] for values in row["predictive_values"]] == [34 / 268, 0.02]
    assert not main(["compare", str(tmp_path / "run"), "--out", str(tmp_path / "c.json")])
    assert read_json(tmp_path / "c.json")["networks"][0]["name"] == "ResNet34"
