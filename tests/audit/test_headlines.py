from dataclasses import replace

import pytest

from cxrkit.audit import headlines, verdict
from cxrkit.audit.conclusions import CONCLUSIONS
from tests.audit.evidences import (
    COUNTS,
    NO_LOSS,
    SEVERAL,
    SUPPORTED,
    UNKNOWN,
    away,
    changed,
    figure,
    fixed,
    masked,
    with_baseline,
    with_masks,
    within_source,
)
from tests.audit.test_verdict import CASES

FEW = replace(COUNTS, judged=replace(COUNTS.judged, covid_patients=6))


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_an_answer_of_a_few_words_that_fits_its_conclusion(name):
    evidence, conclusion, _ = CASES[name]
    told = headlines.headline(verdict.decide(evidence))
    start = "Yes" if conclusion == "supported" else "N"
    assert told.startswith(start) and 4 <= len(told.split()) <= 16 and told.endswith(".")


def test_every_conclusion_has_an_answer():
    assert set(headlines.ANSWERS) == set(CONCLUSIONS)


@pytest.mark.parametrize(
    "auc, words",
    [
        ({"age": 1.0}, "No. Age alone tells the classes apart."),
        ({"file": 0.97}, "No. File facts alone tell the classes apart."),
        ({"age": 1.0, "file": 0.97}, "No. Age and file facts alone tell the classes apart."),
        ({"border": 0.8}, "Not in full. The picture’s edge explains a part."),
    ],
)
def test_what_gives_the_answer_away_is_named(auc, words):
    evidence = SUPPORTED
    for name, value in auc.items():
        evidence = with_baseline(name, value, evidence)
    assert headlines.headline(verdict.decide(evidence)) == words


def test_a_baseline_as_good_as_the_networks_is_said_to_do_as_well():
    weak = [replace(row, area=replace(row.area, auc=figure(0.8, 0.76, 0.84))) for row in SUPPORTED.networks]
    found = verdict.decide(with_baseline("age", 0.81, networks=weak))
    assert headlines.headline(found).startswith("No. Age alone does as well.")


@pytest.mark.parametrize("name, auc", [("age", 1.0), ("border", 0.75)])
def test_too_few_patients_are_added_and_replace_nothing_that_was_found(name, auc):
    found = verdict.decide(with_baseline(name, auc, counts=FEW))
    alone = verdict.decide(with_baseline(name, auc))
    assert found.conclusion == alone.conclusion
    assert headlines.headline(found) == headlines.headline(alone) + " There are too few patients, too."


def test_with_too_few_patients_that_nothing_better_is_shown_is_no_finding():
    evidence = changed(
        counts=FEW,
        networks=[replace(SUPPORTED.networks[0], advantage=replace(SUPPORTED.networks[0].advantage, difference=figure(0.01, -0.2, 0.2)))],
    )
    found = verdict.decide(evidence)
    assert "coarse" in {reason.rule for reason in found.reasons} and found.conclusion == "too-few"


def test_the_gravest_reason_comes_first_and_what_speaks_for_the_claim_last():
    found = verdict.decide(with_baseline("age", 1.0, counts=FEW, held_fixed=[fixed(0.94, NO_LOSS)]))
    leads = [list(CONCLUSIONS).index(reason.leads_to) for reason in headlines.ordered(found)]
    assert leads == sorted(leads) and headlines.ordered(found)[0].rule == "lungless-age"


def test_every_value_says_what_it_is():
    for evidence, _, _ in CASES.values():
        for reason in verdict.decide(evidence).reasons:
            assert bool(reason.measure) == (reason.value is not None), reason


@pytest.mark.parametrize(
    "evidence, words",
    [
        (changed(masking=[]), "Not known. The audit is not complete."),
        (changed(counts=SEVERAL, held_fixed=[fixed(None, UNKNOWN)]), "Not known. Too few films are alike in source."),
        (changed(external=[away(figure(0.01, -0.3, 0.3))]), "Not known. There are too few external films."),
        (with_masks(masked(0.5), masked(0.5, 0.36, mask="surround")), "Not known. Shown the lungs alone, a network only guesses."),
    ],
)
def test_what_is_not_known_says_why_and_a_complete_audit_is_not_called_incomplete(evidence, words):
    found = verdict.decide(evidence)
    assert found.conclusion == "unknown" and headlines.headline(found) == words


def test_the_fact_that_the_score_vanishes_without_is_the_one_that_showed_it():
    gone = within_source(0.51, kind="left-out-retrained")
    found = verdict.decide(changed(sources=[gone], held_fixed=[fixed(0.9, figure(0.06, 0.02, 0.1), "age")]))
    assert found.conclusion == "source-shortcut" and {"fixed-age", "left-out-retrained"} <= {reason.rule for reason in found.reasons}
    assert headlines.headline(found) == "No. The score rests on where films come from."


def test_only_what_reaches_that_much_is_said_to_tell_the_classes_apart():
    poor = [replace(row, area=replace(row.area, auc=figure(0.8, 0.76, 0.84))) for row in SUPPORTED.networks]
    found = verdict.decide(with_baseline("file", 0.81, with_baseline("age", 0.97), networks=poor))
    assert headlines.headline(found).startswith("No. Age alone tells the classes apart.")
