import re
import shlex
import subprocess
import sys
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from cxrkit import config
from cxrkit.audit.conclusions import CONCLUSIONS
from cxrkit.evaluation import comparison
from cxrkit.evaluation.metrics import Figure
from cxrkit.options import overrides_of
from cxrkit.report import markdown, sentences
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import comparison as comparison_tables
from cxrkit.report.tables import data
from cxrkit.schema import Margins, ResplitComparison, ResplitPair
from cxrkit.tables import UNSEEN, Cell, Column, Table, as_text, plain
from kernel import run
from tests.report import folders


@given(st.text())
def test_other_peoples_text_is_one_line_that_means_only_itself(said):
    told = plain(said)
    assert "\n" not in told and "<" not in told and not UNSEEN.search(told)
    assert not [i for i, character in enumerate(told) if character in "|[`" and (i == 0 or told[i - 1] != "\\")]


def test_a_long_reason_at_the_end_of_a_row_is_whole_in_a_log_and_what_is_cut_shows_it():
    reason, name = "the films are not on this machine, " * 5, "a name of a film, " * 10
    table = Table("t", "Not done.", (Column("part"), Column("why")), [[Cell(name), Cell(reason)], [Cell("masking"), Cell("x" * 400)]])
    *_, first, second = as_text(table).splitlines()
    assert first.endswith(reason.strip()) and first.startswith(name[:79] + "…  ")
    assert second.endswith("x" * 299 + "…")


def test_the_command_writes_the_report_and_prints_its_tables(tmp_path):
    folder = folders.write(tmp_path / "run" / "results").folder
    done = subprocess.run([sys.executable, "-m", "cxrkit", "report", str(tmp_path / "run"), "--text"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "== Verdict" in done.stdout and "the 2020 study" in done.stdout and "report.html" in done.stdout
    assert (folder / "report.html").is_file()


def test_the_command_refuses_what_is_no_run(tmp_path):
    done = subprocess.run([sys.executable, "-m", "cxrkit", "report", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 3 and "There is no run here." in done.stderr and "Traceback" not in done.stderr


def test_the_flow_adds_up(tmp_path):
    steps = data.flow(folders.write(tmp_path).manifest)
    count = {step.title: step.count for step in steps}
    assert count["read from the sources"] == count["copy removed"] + count["different pictures"]
    assert count["different pictures"] == count["left out"] + count["used"]
    assert count["used"] == count["training"] + count["validation"] + count["test"]
    assert all(sum(number for _, number in step.parts) == step.count for step in steps if step.kind != "split" and step.parts)


def test_the_command_that_repeats_a_run_gives_its_experiment(tmp_path):
    made = config.load(
        "rigorous",
        {"data": ("phantom",), "seeds": (0, 2), "allow_leakage": True, "pretrained": False, "image_size": 64, "exclude_views": ()},
    )
    results = folders.write(tmp_path, info={"experiment": made})
    words = shlex.split(sentences.repeat(results))
    options = run.parse(words[2:])
    assert config.load(options.experiment, overrides_of(options)).hash() == made.hash()


def test_the_logs_show_intervals_n_and_the_verdict(tmp_path):
    results = folders.write(tmp_path, seeds=range(5), error_rates=(0.2, 0.03, 0.03, 0.03))
    scores, compared = markdown.scores_log(results), markdown.comparison_log(results.comparison)
    assert scores.count("the 2020 study") == 4 and "ensemble of 4 networks" in scores and "mean of 5 seeds" in scores
    assert "VERDICT: ResNet34 is not the best" in compared
    assert "THE STUDY: of its 6 pairs 0 are decided" in compared
    assert f"{results.comparison.n} test images of {results.comparison.patients} patients" in compared
    audit = markdown.audit_log(results.audits)
    assert (
        audit.startswith("VERDICT: No. The picture’s edge alone tells the classes apart. (border-shortcut)")
        and results.info.manifest_sha256[:12] in audit
    )
    assert audit.index("the frame: the outer tenth") < audit.index("ResNet34, mean of 3 seeds")
    assert "Lungs blacked out" in audit and "external films" in audit and "not asked for" in audit
    whole = markdown.run_log(results)
    assert all(part in whole for part in (scores, compared, audit)) and "!!! RANDOM WEIGHTS" in whole


def test_the_state_of_each_part_is_told_with_what_does_it(tmp_path):
    audits = folders.audited(folders.write(tmp_path, audits=False))
    tables = {table.name: [[cell.text for cell in row] for row in table.rows] for table in audit_tables.all_of(audits)}
    assert tables["parts"] == [
        ["lungs hidden", "done, kept from an earlier audit", "", ""],
        ["where the networks look", "not done", "the films are not on this machine", "python -m cxrkit audit RUN"],
    ]
    assert tables["not-done"] == [["retraining", "not asked for"]]
    assert tables["requirements"] == [
        ["an AUC at least 0.1 above that of anything that does not see the lungs", "0.970, against 0.970 from the frame", "not met"]
    ]
    assert tables["held-fixed"][0][:2] == ["ResNet34", "the source"] and tables["held-fixed"][0][-2:] == ["3", "0"]


def test_every_conclusion_has_a_tone_and_green_is_for_those_that_found_nothing(tmp_path):
    results = folders.write(tmp_path)

    def tone(slug):
        results.audits = replace(results.audits, verdict=replace(results.audits.verdict, conclusion=slug))
        return sentences.verdict(results)["tone"]

    tones = {slug: tone(slug) for slug in CONCLUSIONS}
    assert [slug for slug, found in tones.items() if found == "good"] == ["no-shortcut-found", "supported"]
    assert tones["unknown"] == tones["no-shortcut-found-inside"] == "plain" and tones["source-shortcut"] == tones["no-transfer"] == "bad"
    assert set(sentences.TONES) <= set(CONCLUSIONS)


def test_the_log_of_a_manifests_audit_has_its_verdict_and_what_was_not_asked(tmp_path):
    audits = folders.audited(folders.write(tmp_path, audits=False))
    counts = replace(audits.counts, judged=replace(audits.counts.judged, split="all"))
    told = markdown.audit_log(
        replace(audits, counts=counts, networks=None, masking=None, external=None, held_fixed=None, stability=None, not_done=[])
    )
    assert "(border-shortcut)" in told.splitlines()[0] and "the frame: the outer tenth" in told
    assert re.search("what asks networks +a manifest has none", told) and "not asked for" not in told and "mean of 3 seeds" not in told


def test_the_log_of_resplits_has_a_row_a_pair():
    figure, unknown = Figure(0.021, 0.004, 0.038, 5, "Nadeau and Bengio"), None
    pairs = [ResplitPair("ResNet34", "VGG16", "worse", figure, 0.01, 0.0312, 0.9, 1.0, figure.negated(), unknown)]
    told = markdown.resplits_log(ResplitComparison(["a", "b", "c"], "test", 100.4, 34, 0.5, Margins(), [], pairs))
    assert "3 splits of the same images, about 100 to train on and 34 in test" in told and "Fewer than five splits" in told
    row = "ResNet34 worse VGG16 +2.10 [+0.40, +3.80] −2.10 [−3.80, −0.40] – 0.031 0.90 1.00"
    assert told.splitlines()[-1].split() == row.split()


def test_how_often_the_first_of_a_pair_is_the_better_one_is_told_where_it_ran_more_than_once(tmp_path):
    for seeds, shown in ((range(3), True), ((0,), False)):
        compared = folders.write(tmp_path / str(shown), audits=False, seeds=seeds).comparison
        table = comparison_tables.tests(compared)
        index = [column.title for column in table.columns].index("P(better)")
        assert [row[index].value for row in table.rows] == [pair.probability_better.value if shown else None for pair in compared.pairs]


def test_what_is_known_of_the_best_network_in_words(tmp_path):
    results = folders.write(tmp_path, audits=False)
    for known, names, words in (
        ("the best", ["VGG16"], "VGG16, trained on this split, is the best: its error rate is lower than that of each of the others"),
        (
            "equally good",
            ["ResNet34", "VGG16"],
            "ResNet34 and VGG16, trained on this split, are equally good within 1 point of error, 2 points of sensitivity and 2 points of specificity, and no other is.",
        ),
        ("equally good in error", ["ResNet34", "VGG16"], "equally good within 1 point of error alone, and no other is."),
        ("some are not", ["ResNet34", "VGG16"], "ResNet101 and VGG19 are not the best; ResNet34 or VGG16 may be."),
        ("nothing", ["ResNet34", "ResNet101", "VGG16", "VGG19"], "No network is shown to be the best. None of the 6 pairs"),
        ("one network", ["VGG16"], "There is one network"),
    ):
        told = sentences.best(replace(results.comparison, best=comparison.Best(names, known)))
        assert words in told


def test_what_is_claimed_of_few_seeds_says_what_they_may_have_missed(tmp_path):
    compared = folders.write(tmp_path, audits=False, seeds=range(5), error_rates=(0.3, 0.03, 0.03, 0.03)).comparison
    told = sentences.best(compared)
    assert (
        "resplits" in told and "% of a network's training runs may be (95 % confidence)" in told and "5 seeds per network are few" in told
    )
    undecided = folders.write(tmp_path / "undecided", audits=False, seeds=range(3)).comparison
    assert "training runs may be" not in sentences.best(undecided)
    calm = [replace(network, outlying=[], outlying_at_most=0.451, seeds=list(range(5))) for network in compared.networks]
    assert sentences.failures(calm).startswith("No training run is an outlier. Still, up to 45 % of")


def test_a_pair_is_told_with_the_rate_it_differs_in(tmp_path):
    pair = folders.write(tmp_path, audits=False, seeds=range(5), error_rates=(0.3, 0.03)).comparison.pairs[0]
    worse = replace(
        pair, sensitivity=replace(pair.sensitivity, verdict="worse"), specificity=replace(pair.specificity, verdict="undecided")
    )
    assert sentences.why(worse, Margins()).endswith("; worse in sensitivity")
    assert sentences.why(replace(worse, of_medians=-0.1), Margins()).endswith(
        "worse in sensitivity and by medians over seeds the other way round"
    )
    hidden = replace(worse, verdict="equivalent in error")
    assert "1 point of error" in sentences.why(hidden, Margins()) and sentences.why(hidden, Margins()).endswith("but worse in sensitivity")


def test_the_why_of_a_pair_says_when_a_network_ran_once(tmp_path):
    once = folders.write(tmp_path / "once", audits=False, seeds=(0,)).comparison
    assert {sentences.why(pair, once.margins) for pair in once.pairs} == {
        "a network was trained only once, so how far its training runs lie apart was not measured"
    }
    often = folders.write(tmp_path / "often", audits=False, seeds=range(3)).comparison
    assert not any("trained once" in sentences.why(pair, often.margins) for pair in often.pairs)
