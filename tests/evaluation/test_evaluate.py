"""evaluate and compare on results folders: what they write, what they refuse, and that they are quick to repeat."""

import shutil

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from cxrkit.__main__ import main
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import comparison, resplits, scoring
from cxrkit.evaluation.calibration import fit_temperature
from cxrkit.evaluation.evaluate import compare, evaluate
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import read_json, sha256_of, write_checksums, write_text
from cxrkit.results import Results, open_all
from cxrkit.schema import Best, Margins, Pair
from tests.evaluation.runs import records, reread, write_run


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """A run of four networks and five seeds with a test split, evaluated; not to be changed."""
    results = write_run(tmp_path_factory.mktemp("runs") / "first" / "results", seeds=range(5), error_rates=(0.2, 0.03, 0.03, 0.03))
    return results, *evaluate(results)


@pytest.fixture
def copied(evaluated, tmp_path):
    shutil.copytree(evaluated[0].folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_every_row_has_its_figures(evaluated):
    results, metrics, _ = evaluated
    assert len(metrics.scores) == 4 * 5 * 2 * 2
    assert metrics.manifest_sha256 == sha256_of(results.folder / "manifest.csv")
    assert {metrics.threshold, metrics.films, metrics.started_from, metrics.held_out} == {0.5, "phantom", "random", "test"}
    table = results.table
    for row in metrics.scores:
        of_row = [row.architecture, row.seeds[0], row.stage, row.split]
        part = table[(table[["architecture", "seed", "stage", "split"]] == of_row).all(axis=1)]
        assert row.auc.value == pytest.approx(roc_auc_score(part["label"] == "covid", part["p_covid"]))
        assert row.confusion.tp == ((part["label"] == "covid") & (part["p_covid"] >= 0.5)).sum()
        assert row.n == len(part) == row.patients
        for name, figure in {**vars(row.rates), "auc": row.auc, "average_precision": row.average_precision}.items():
            assert figure.low <= figure.value <= figure.high and figure.n
            if row.stage == "unfrozen":
                assert row.bootstrap[name].value == figure.value and row.bootstrap[name].low <= row.bootstrap[name].high
        assert [values.prevalence for values in row.predictive_values] == [34 / 268, *scoring.PREVALENCES]
        assert row.seconds_per_epoch == 2.5


def test_what_is_written_is_read_back_as_it_was(evaluated):
    results, metrics, compared = evaluated
    again = reread(results)
    assert again.metrics == metrics and again.comparison == compared and again.info == results.info
    assert again.experiment == results.experiment and again.audits is None


def test_the_operating_point_comes_from_validation_and_is_judged_on_test(evaluated):
    results, metrics, _ = evaluated
    for row in scoring.final_scores(metrics):
        assert row.split == "test"
        point = row.operating_point
        valid, test = (results.predictions(row.architecture, split) for split in ("valid", "test"))
        index = valid.seeds.index(row.seeds[0])
        assert (valid.p_covid[index][valid.is_covid] >= point.threshold).mean() >= 0.95
        assert point.rates.sensitivity.value == pytest.approx((test.p_covid[index][test.is_covid] >= point.threshold).mean())
        assert not point.same_images and not row.scaling.same_images
        at, p = row.at_specificity, valid.p_covid[index][~valid.is_covid]
        assert (at.of, at.wanted) == ("specificity", 0.95) and (p < at.threshold).mean() >= 0.95
        assert at.rates.specificity.value == pytest.approx((test.p_covid[index][~test.is_covid] < at.threshold).mean())
        assert len(row.decision_curve) == 7


def test_the_temperature_is_fitted_on_validation_and_never_on_the_films_that_are_judged(evaluated):
    results, metrics, _ = evaluated
    tellable = 0
    for row in [*scoring.final_scores(metrics), *scoring.final_scores(metrics, "ensembles")]:
        on_valid, on_test = (fit_temperature(*mean_of(results, row, split)) for split in ("valid", "test"))
        assert row.scaling.temperature == pytest.approx(on_valid) and row.scaling.fitted_on == "valid"
        tellable += abs(on_valid - on_test) > 0.01 * on_test
    assert tellable > 10


def mean_of(results, row, split):
    """The ground truth of a split, and the mean probability over the networks and seeds of a row."""
    parts = [results.predictions(name, split) for name in row.architectures]
    p_covid = [part.p_covid[[part.seeds.index(seed) for seed in row.seeds]] for part in parts]
    return parts[0].is_covid, np.mean(p_covid, axis=(0, 1))


def test_no_interval_is_a_point_where_nothing_was_wrong(tmp_path):
    """A bootstrap of no error never draws one: the closed form stands there, and says so."""
    results = write_run(tmp_path, seeds=(0,), error_rates=(0.001, 0.05), seed_spread=0.0)
    table = results.table
    right = np.where(table["label"] == "covid", 0.99, 0.01)
    table.loc[table["architecture"] == "resnet34", "p_covid"] = right[table["architecture"] == "resnet34"]
    row = scoring.final_scores(evaluate(results)[0])[0]
    assert row.rates.error_rate.value == 0 and row.auc.value == 1
    for name in ("error_rate", "sensitivity", "specificity", "auc", "average_precision"):
        assert row.bootstrap[name].width > 0 and "no resample differs" in row.bootstrap[name].method
    assert row.scaling.rests_on_prior


def test_ensembles_are_the_mean_probability(evaluated):
    results, metrics, _ = evaluated
    rows = scoring.final_scores(metrics, "ensembles")
    assert [(len(row.architectures), len(row.seeds)) for row in rows] == [(1, 5)] * 4 + [(4, 5)]
    everything = [results.predictions(name, "test") for name in results.architectures]
    mean = np.mean([each.p_covid for each in everything], axis=(0, 1))
    assert rows[-1].auc.value == pytest.approx(roc_auc_score(everything[0].is_covid, mean))
    assert rows[-1].confusion.fp == ((mean >= 0.5) & ~everything[0].is_covid).sum()


def test_the_comparison_says_what_is_known(evaluated):
    results, _, compared = evaluated
    assert len(compared.pairs) == 6 and compared.split == "test"
    words = {(pair.a, pair.b): pair.verdict for pair in compared.pairs}
    assert {words["ResNet34", other] for other in ("ResNet101", "VGG16", "VGG19")} == {"worse"}
    assert words["VGG16", "VGG19"] == "undecided"
    assert compared.best == Best(["ResNet101", "VGG16", "VGG19"], "some are not")
    for pair in compared.pairs:
        widths = [figure.width for figure in (pair.difference, pair.over_patients, pair.over_seeds)]
        assert widths[0] >= max(widths[1:])
        assert (pair.needed is None) == (pair.verdict != "undecided")
        assert [entry.seed for entry in pair.mcnemar] == [0, 1, 2, 3, 4]


def couple(a, b, verdict):
    """A Pair of which the verdict alone counts."""
    figure = Figure.unknown(1, "")
    p = dict.fromkeys(
        ["p_difference", "p_difference_holm", "of_medians", "p_equivalence", "p_equivalence_holm", "p_all_equivalent_holm", "p_patients"],
        1.0,
    )
    figures = dict.fromkeys(["difference", "over_patients", "over_seeds", "probability_better", "auc_difference", "ppv", "npv"], figure)
    rates = {"sensitivity": None, "specificity": None}
    return Pair(a=a, b=b, verdict=verdict, as_trained="undecided", mcnemar=[], p_auc=None, needed=None, **p, **figures, **rates)


BEST = {
    "beats each of the others": ("better better undecided", ["A"], "the best"),
    "beats one, who beats the other": ("better undecided better", ["A"], "some are not"),
    "beats one alone": ("better undecided undecided", ["A", "C"], "some are not"),
    "two that are alike beat the third": ("equivalent better better", ["A", "B"], "equally good"),
    "all alike": ("equivalent equivalent equivalent", ["A", "B", "C"], "equally good"),
    "all alike in error, and two in all": ("in-error equivalent in-error", ["A", "B", "C"], "equally good in error"),
    "two of three alike": ("equivalent equivalent undecided", ["A", "B", "C"], "nothing"),
    "each beaten by another": ("better worse better", [], "some are not"),
}


@pytest.mark.parametrize("case", BEST)
def test_a_network_is_the_best_only_if_it_beats_each_of_the_others(case):
    words, names, known = BEST[case]
    words = words.replace("in-error", "equivalent_in_error").split()
    pairs = [couple(a, b, word.replace("_", " ")) for (a, b), word in zip((("A", "B"), ("A", "C"), ("B", "C")), words)]
    assert comparison.best(["A", "B", "C"], pairs) == Best(names, known)
    turned = {"better": "worse", "worse": "better"}
    pairs = [couple(pair.b, pair.a, turned.get(pair.verdict, pair.verdict)) for pair in pairs]
    assert comparison.best(["A", "B", "C"], pairs) == Best(names, known)


def test_evaluating_again_elsewhere_changes_nothing_and_checksums_follow(tmp_path):
    results = write_run(tmp_path / "first", seeds=(0,), error_rates=(0.05, 0.05))
    first, second = results.folder, tmp_path / "second"
    evaluate(results)
    write_checksums(first)
    shutil.copytree(first, second)
    evaluate(Results.open(second), margins=Margins(error=0.02))
    listed = read_json(second / "checksums.json")
    assert listed["comparison.json"]["sha256"] == sha256_of(second / "comparison.json") != sha256_of(first / "comparison.json")
    evaluate(Results.open(second))
    for name in ("metrics.json", "comparison.json", "checksums.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_runs_of_more_seeds_are_joined(tmp_path, evaluated):
    results = evaluated[0]
    more = write_run(tmp_path / "more", seeds=(5, 6, 7), error_rates=(0.2, 0.03, 0.03, 0.03))
    content = compare([results, more])
    assert [network.seeds for network in content.networks] == [list(range(8))] * 4
    whole = write_run(tmp_path / "whole", seeds=range(8), error_rates=(0.2, 0.03, 0.03, 0.03))
    at_once = compare([whole])
    assert [pair.difference for pair in content.pairs] == [pair.difference for pair in at_once.pairs]


def test_runs_of_other_protocols_are_other_contestants(tmp_path):
    for name, size in (("small", 64), ("large", 224)):
        write_run(tmp_path / name, error_rates=(0.05, 0.05), image_size=size)
    content = compare(open_all([tmp_path / "small", tmp_path / "large"]))
    assert [network.name for network in content.networks] == [
        "ResNet34 (small)",
        "ResNet101 (small)",
        "ResNet34 (large)",
        "ResNet101 (large)",
    ]


def test_runs_that_cannot_be_compared_are_refused_and_the_difference_named(tmp_path, evaluated):
    results = evaluated[0]
    other_split = write_run(tmp_path / "split", split_seed=4)
    with pytest.raises(WrongUse, match="column split differs for .* used images, such as drawn/"):
        compare([results, other_split])
    fewer = write_run(tmp_path / "fewer", sizes={"train": (100, 300), "valid": (34, 234), "test": (34, 230)})
    with pytest.raises(WrongUse, match="4 used images are only in the first"):
        compare([results, fewer])
    with pytest.raises(WrongUse, match="resnet34 with seed 0 is in two runs"):
        compare([results, results])
    other_threshold = write_run(tmp_path / "threshold", seeds=(7, 8), threshold=0.4)
    with pytest.raises(WrongUse, match="thresholds differ"):
        compare([results, other_threshold])


def test_resplits(tmp_path):
    runs = [write_run(tmp_path / f"split{seed}", seeds=(0,), error_rates=(0.3, 0.02), split_seed=seed) for seed in (1, 2, 3, 4, 5)]
    content = resplits.compare(runs)
    pair = content.pairs[0]
    assert (pair.verdict, pair.difference.n, content.n_train) == ("worse", 5, 400)
    for few in (runs[:1] * 3, runs[:2]):
        with pytest.raises(WrongUse, match="Resplits need 3 runs or more"):
            resplits.compare(few)
    larger = write_run(tmp_path / "larger", seeds=(0,), error_rates=(0.3, 0.02), split_seed=9, image_size=300)
    with pytest.raises(WrongUse, match="more than their split: image_size"):
        resplits.compare([*runs[:2], larger])


IN_TEST = [record.image_id for record in records() if record.split == "test"]


def without(text, *images):
    """predictions.csv without the rows of these images."""
    return "".join(line for line in text.splitlines(keepends=True) if line.split(",")[3] not in images)


SPOILT = {
    "p_covid is no number": (lambda text: text.replace(text.splitlines()[3].rsplit(",", 1)[1], "many", 1), "outside 0 to 1.*"),
    "another label": (lambda text: text.replace(",covid,", ",normal,", 1), "another label than the manifest"),
    "an unknown image": (lambda text: text.replace("drawn/covid-", "drawn/covud-", 1), "an image that the manifest does not use"),
    "a row twice": (lambda text: text + text.splitlines()[-1] + "\n", "repeats an image"),
    "a row missing": (lambda text: text[: text.rindex("\n", 0, -1) + 1], "267 of the 268 images in .*It lacks drawn/normal-"),
    "films that nobody scored": (lambda text: without(text, *IN_TEST[40:42]), f"266 of .*It lacks {IN_TEST[40]}, {IN_TEST[41]}."),
    "no film of test": (lambda text: without(text, *IN_TEST), "0 of the 268 images in test.* and 218 more"),
    "an unknown network": (lambda text: text.replace("\nvgg19_bn,", "\nalexnet,", 1), "another network than the experiment's .resnet34"),
    "no network": (lambda text: text.replace("\nresnet34,", "\n,", 1), "is of no network"),
    "no seed": (lambda text: text.replace("\nresnet34,0,", "\nresnet34,,", 1), "a seed that is no whole number"),
    "a seed of letters": (lambda text: text.replace("\nresnet34,0,", "\nresnet34,one,", 1), "a seed that is no whole number"),
    "half a seed": (lambda text: text.replace("\nresnet34,0,", "\nresnet34,0.5,", 1), "a seed that is no whole number"),
    "an unknown stage": (lambda text: text.replace(",frozen,", ",thawed,", 1), "stage that is none of frozen, unfrozen"),
    "no column": (lambda text: text.replace("p_covid", "p", 1), "lacks the columns p_covid"),
    "empty": (lambda text: "", "no readable CSV"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_spoilt_predictions_are_bad_input_that_says_where(copied, kind):
    spoil, message = SPOILT[kind]
    path = copied / "predictions.csv"
    write_text(path, spoil(path.read_text()))
    with pytest.raises(BadInput, match=message) as caught:
        evaluate(Results.open(copied))
    assert "predictions.csv" in str(caught.value)


@pytest.mark.parametrize("name", ["run.json", "predictions.csv", "manifest.csv", "epochs.csv"])
def test_missing_files_are_bad_input(copied, name):
    (copied / name).unlink()
    with pytest.raises(BadInput, match=name):
        evaluate(Results.open(copied))


def test_another_manifest_is_refused(copied):
    path = copied / "manifest.csv"
    write_text(path, path.read_text() + path.read_text().splitlines()[-1].replace("normal-", "normal-x") + "\n")
    with pytest.raises(BadInput, match="not the one that the run was made with"):
        evaluate(Results.open(copied))


@pytest.mark.parametrize("wanted", [{"margins": Margins(sensitivity=0)}, {"threshold": 1.5}, {"prevalences": (0, 0.5)}, {"sensitivity": 2}])
def test_values_out_of_range_are_wrong_use(copied, wanted):
    with pytest.raises(WrongUse):
        evaluate(Results.open(copied), **wanted)


def test_a_run_without_a_test_split_is_scored_on_validation_and_says_so(tmp_path):
    content, compared = evaluate(write_run(tmp_path / "paper", seeds=(0,), sizes={"train": (100, 300), "valid": (34, 234)}))
    assert content.held_out == compared.split == "valid"
    assert scoring.final_scores(content)[0].scaling.same_images
    assert compared.chosen_on_validation is None
    assert {pair.verdict for pair in compared.pairs} == {"undecided"}
    assert compared.best.known == "nothing"


def test_images_of_one_patient_count_as_one(tmp_path):
    """The same predictions, with four images a patient: the intervals widen, the values stay."""
    alone, shared = (evaluate(write_run(tmp_path / str(images), error_rates=(0.1, 0.05), images_a_patient=images)) for images in (1, 4))
    for one, four in zip(alone[0].scores, shared[0].scores):
        for few, many in (
            (one.rates.error_rate, four.rates.error_rate),
            (one.rates.sensitivity, four.rates.sensitivity),
            (one.auc, four.auc),
        ):
            assert many.value == few.value and many.width > few.width
    assert shared[1].patients < alone[1].patients == shared[1].n == 268


def test_a_run_that_stopped_half_way(tmp_path):
    """Networks with fewer seeds are compared with what is there; no finished network at all is bad input."""
    folder = write_run(tmp_path / "half", error_rates=(0.05, 0.05, 0.05)).folder
    rows = (folder / "predictions.csv").read_text().splitlines(keepends=True)
    write_text(folder / "predictions.csv", "".join(row for row in rows if not row.startswith(("vgg16_bn,1", "vgg16_bn,2", "resnet101,2"))))
    _, compared = evaluate(Results.open(folder))
    assert [network.seeds for network in compared.networks] == [[0, 1, 2], [0, 1], [0]]
    assert not compared.pairs[1].over_seeds.has_interval and compared.pairs[0].over_seeds.has_interval
    write_text(folder / "predictions.csv", "".join(row for row in rows if ",unfrozen," not in row))
    with pytest.raises(BadInput, match="No network finished"):
        evaluate(Results.open(folder))


def test_a_run_of_one_network(tmp_path):
    _, compared = evaluate(write_run(tmp_path / "one", error_rates=(0.05,)))
    assert compared.pairs == [] and compared.best == Best(["ResNet34"], "one network")


def test_the_command_line(tmp_path, capsys):
    write_run(tmp_path / "run" / "results", seeds=(0, 1), error_rates=(0.05, 0.05))
    assert not main(["evaluate", str(tmp_path / "run"), "--prevalence", "0.02", "--margin", "0.02"])
    assert "VERDICT:" in capsys.readouterr().out
    row = Results.open(tmp_path / "run").metrics.scores[0]
    assert [values.prevalence for values in row.predictive_values] == [34 / 268, 0.02]
    assert not main(["compare", str(tmp_path / "run"), "--out", str(tmp_path / "c.json")])
    assert read_json(tmp_path / "c.json")["networks"][0]["name"] == "ResNet34"
