"""The verdict on constructed audits: each has one thing wrong with it, or missing, and the verdict must name that thing."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cxrkit.audit import verdict
from cxrkit.audit.baselines import LUNGLESS
from cxrkit.audit.conclusions import CONCLUSIONS, MISSING, NEEDS, PARTS
from cxrkit.audit.evidence import Evidence
from cxrkit.evaluation.metrics import Figure
from cxrkit.report.tables import audits
from cxrkit.schema import Area
from tests.audit.evidences import (
    COUNTS,
    FILMS_ALONE,
    NO_LOSS,
    SEVERAL,
    SUPPORTED,
    TWO_SOURCES,
    UNKNOWN,
    away,
    baseline,
    changed,
    figure,
    fixed,
    masked,
    mixed,
    network,
    on_pairs,
    partly_known,
    with_baseline,
    with_masks,
    within_source,
)

GOOD = {"lungs-needed", "elsewhere-holds", *(f"harmless-{name}" for name in LUNGLESS)}
"""Rules that speak for a network."""
CASES = {
    # nothing wrong
    "honest data": (SUPPORTED, "supported", set()),
    "honest data of two sources": (TWO_SOURCES, "supported", set()),
    "ages too, most of them known": (changed(held_fixed=[fixed(0.95, NO_LOSS, "age", not_known=100)]), "supported", set()),
    "lungs needed": (with_masks(masked(0.51)), "supported", set()),
    "three hospitals": (changed(external=[away(NO_LOSS, name=name) for name in ("a", "b", "c")]), "supported", set()),
    "honest data of two sources, mixed 65 to 35": (mixed(), "supported", set()),
    "patients 12 years older": (
        with_baseline("age", 0.71, changed(held_fixed=[fixed(0.95, NO_LOSS, "age", not_known=100)])),
        "supported",
        set(),
    ),
    "more films AP than in the other class": (with_baseline("view", 0.7, matched=[on_pairs(["view"], NO_LOSS)]), "supported", set()),
    # without a look at the lungs
    "sources mixed 65 to 35, a border tells more than the source": (mixed(0.64), "partial-shortcut", {"lungless-file", "lungless-border"}),
    "patients 12 years older, nothing held fixed": (with_baseline("age", 0.71), "partial-shortcut", {"lungless-age"}),
    "one class AP, the other PA": (with_baseline("view", 0.97), "source-shortcut", {"lungless-view"}),
    "one class men, the other women": (with_baseline("sex", 0.97), "source-shortcut", {"lungless-sex"}),
    "more films AP, too few pairs to tell": (
        with_baseline("view", 0.7, matched=[on_pairs(["view"], figure(0.02, -0.06, 0.1))]),
        "partial-shortcut",
        {"lungless-view"},
    ),
    "source shortcut": (with_baseline("source", 0.97), "source-shortcut", {"lungless-source"}),
    "age shortcut": (with_baseline("age", 0.99), "source-shortcut", {"lungless-age"}),
    "an age that few films tell": (partly_known(with_baseline("age", 0.99), "age", 60, 300), "partial-shortcut", {"lungless-age"}),
    "an age that most films tell": (partly_known(with_baseline("age", 0.99), "age", 300, 700), "source-shortcut", {"lungless-age"}),
    "an age that few films tell, as good as the networks": (
        partly_known(with_baseline("age", 0.88, changed(networks=[network(0.89)])), "age", 300, 1000),
        "partial-shortcut",
        {"lungless-age"},
    ),
    "file shortcut": (with_baseline("file", 0.92), "source-shortcut", {"lungless-file"}),
    "border shortcut": (with_baseline("border", 0.995), "border-shortcut", {"lungless-border"}),
    "border as good as a poor network": (
        with_baseline("border", 0.78, networks=[network(0.79, half=0.04)]),
        "border-shortcut",
        {"lungless-border"},
    ),
    "border tells a part": (with_baseline("border", 0.75), "partial-shortcut", {"lungless-border"}),
    # lungs hidden, and nothing but the lungs
    "lungs hidden, score kept": (with_masks(masked(0.93)), "border-shortcut", {"lungs-hidden"}),
    "lungs hidden, 0.91 of 0.97": (
        changed(masking=[masked(0.97, 0, 0), masked(0.91, half=0.03)]),
        "border-shortcut",
        {"lungs-hidden"},
    ),
    "lungs hidden, 0.92 of 1.00": (changed(masking=[masked(1.0, 0, 0), masked(0.92)]), "border-shortcut", {"lungs-hidden"}),
    "lungs hidden, score turned round": (with_masks(masked(0.05)), "border-shortcut", {"lungs-hidden"}),
    "lungs hidden, a part kept": (with_masks(masked(0.75)), "partial-shortcut", {"lungs-hidden"}),
    "lungs hidden, trained anew": (
        with_masks(masked(0.5), masked(0.94, retrained=True)),
        "border-shortcut",
        {"lungs-hidden"},
    ),
    "only the lungs left, trained anew": (
        with_masks(masked(0.55), masked(0.52, 0.36, mask="surround"), masked(0.52, 0.36, mask="surround", retrained=True)),
        "border-shortcut",
        {"lungs-alone"},
    ),
    "only the lungs left, trained anew, a part lost": (
        with_masks(masked(0.55), masked(0.8, 0.36, mask="surround", retrained=True)),
        "partial-shortcut",
        {"lungs-alone"},
    ),
    "only the lungs left, not trained anew": (with_masks(masked(0.55), masked(0.52, 0.36, mask="surround")), "unknown", {"lungs-alone"}),
    "thrown off by the black only": (
        with_masks(masked(0.55), masked(0.52, 0.36, mask="surround"), masked(0.95, 0.36, mask="surround", retrained=True)),
        "supported",
        set(),
    ),
    # source and age held fixed
    "nothing within the one source of both classes": (
        changed(TWO_SOURCES, held_fixed=[fixed(0.52, figure(0.45, 0.4, 0.5), whole=0.97)]),
        "source-shortcut",
        {"fixed-source"},
    ),
    "the networks' own row of that": (changed(TWO_SOURCES, sources=[within_source(0.52)]), "source-shortcut", {"same-source"}),
    "a part goes with the source": (
        changed(TWO_SOURCES, held_fixed=[fixed(0.87, figure(0.08, 0.04, 0.12))]),
        "partial-shortcut",
        {"fixed-source"},
    ),
    "a part goes with the age": (
        changed(held_fixed=[fixed(0.87, figure(0.08, 0.04, 0.12), "age")]),
        "partial-shortcut",
        {"fixed-age"},
    ),
    "each source has one class among the held-out films": (
        changed(TWO_SOURCES, held_fixed=[fixed(None, UNKNOWN)]),
        "unknown",
        {"fixed-source"},
    ),
    "few have a partner": (
        changed(TWO_SOURCES, held_fixed=[fixed(0.9, figure(0.05, -0.1, 0.2), half=0.15)]),
        "unknown",
        {"fixed-source"},
    ),
    "a part goes with view and sex": (
        changed(matched=[on_pairs(["view", "sex"], figure(0.15, 0.05, 0.25))]),
        "partial-shortcut",
        {"matched"},
    ),
    "a few ages, nothing to compare": (changed(held_fixed=[fixed(None, UNKNOWN, "age", not_known=900)]), "supported", set()),
    "a source left out of training": (
        changed(TWO_SOURCES, sources=[within_source(0.55, kind="left-out-retrained", by_network="resnet34")]),
        "no-transfer",
        {"left-out-retrained"},
    ),
    "a source left out of training, to chance": (
        changed(TWO_SOURCES, sources=[within_source(0.51, kind="left-out-retrained")]),
        "source-shortcut",
        {"left-out-retrained"},
    ),
    "a source left out, by a thumbnail": (
        changed(TWO_SOURCES, sources=[within_source(0.55, kind="left-out", by_network="")]),
        "partial-shortcut",
        {"left-out"},
    ),
    "sources known by features, score kept within": (
        changed(TWO_SOURCES, sources=[replace(within_source(0.998, kind="seen-source"), was=None)]),
        "supported",
        set(),
    ),
    # elsewhere
    "area lost elsewhere": (changed(external=[away(figure(0.2, 0.1, 0.3))]), "no-transfer", {"external-auc"}),
    "area lost elsewhere within each source": (
        changed(external=[away(NO_LOSS, within=figure(0.2, 0.1, 0.3))]),
        "no-transfer",
        {"external-within"},
    ),
    "several sources elsewhere, nothing lost within": (changed(external=[away(NO_LOSS, within=NO_LOSS)]), "supported", set()),
    "each source elsewhere has one class": (
        changed(external=[away(NO_LOSS, within=UNKNOWN)]),
        "no-shortcut-found-inside",
        set(),
    ),
    "each source elsewhere has one class, area lost": (
        changed(external=[away(figure(0.2, 0.1, 0.3), within=UNKNOWN)]),
        "no-transfer",
        {"external-auc"},
    ),
    "few pairs within a source elsewhere": (
        changed(external=[away(NO_LOSS, within=figure(0.05, -0.1, 0.2))]),
        "unknown",
        {"external-few"},
    ),
    "alarms elsewhere": (
        changed(external=[away(NO_LOSS, specificity=figure(0.5, 0.4, 0.6))]),
        "no-transfer",
        {"external-specificity"},
    ),
    "ten films elsewhere": (
        changed(external=[away(figure(0.42, -0.02, 0.7), patients=(5, 5))]),
        "unknown",
        {"external-few"},
    ),
    # the audit, the split, the numbers
    "control failed": (changed(controls=[replace(row, passed=False) for row in SUPPORTED.controls[:1]]), "audit-failed", {"controls"}),
    "leak": (changed(counts=replace(COUNTS, leaks=3)), "leak", {"leaks"}),
    "too few patients": (changed(counts=replace(COUNTS, judged=replace(COUNTS.judged, covid_patients=6))), "too-few", {"patients"}),
    "intervals too wide": (changed(networks=[network(0.8, half=0.15, over=0.1)]), "too-few", {"width"}),
    "no better than a thumbnail": (changed(networks=[network(over=0.01)]), "thumbnail", {"coarse"}),
    "chance": (
        changed(
            networks=[network(0.52, over=0.0, half=0.06)], masking=[masked(0.52, 0, 0), masked(0.5)], baselines=SUPPORTED.baselines[:5]
        ),
        "chance",
        {"chance"},
    ),
    "no network, thumbnail": (with_baseline("thumbnail-8", 0.97, FILMS_ALONE), "thumbnail", {"coarse"}),
    # not done
    "networks never asked": (FILMS_ALONE, "unknown", set()),
    "lungs not hidden": (changed(masking=[]), "unknown", set()),
    "the best network not masked": (changed(networks=[network(0.94), network(0.95, architecture="vgg16_bn")]), "unknown", set()),
    "no controls": (changed(controls=[]), "unknown", set()),
    "a control not done": (changed(controls=SUPPORTED.controls[:2]), "unknown", set()),
    "pictures not here": (with_baseline("border", None), "unknown", set()),
    "two sources, nothing held fixed": (changed(counts=SEVERAL), "unknown", set()),
    "nothing from elsewhere": (changed(external=[]), "no-shortcut-found-inside", set()),
    "COVID-19 alone elsewhere": (changed(external=[away(UNKNOWN)]), "no-shortcut-found-inside", set()),
    # short of a supported claim
    "files give the classes away elsewhere": (
        changed(external=[replace(away(NO_LOSS), lungless=baseline("file", 0.97))]),
        "no-shortcut-found",
        set(),
    ),
    "few patients elsewhere": (changed(external=[away(NO_LOSS, patients=(60, 180))]), "no-shortcut-found", set()),
}


def rules(found):
    return {reason.rule for reason in found.reasons if reason.rule not in GOOD and not reason.rule.startswith("missing-")}


@pytest.mark.parametrize("name", CASES)
def test_constructed_cases(name):
    evidence, conclusion, by = CASES[name]
    found = verdict.decide(evidence)
    told = [(reason.rule, reason.text) for reason in found.reasons], [row for row in found.requirements if not row.met]
    assert found.conclusion == conclusion and rules(found) == by, told
    assert CONCLUSIONS[conclusion] in found.paragraph
    assert all(reason.text in found.paragraph for reason in found.reasons if reason.rule in by and len(by) == 1)


def test_an_answer_turned_round_is_no_guess():
    text = verdict.decide(with_masks(masked(0.05))).paragraph
    assert "AUC of 0.050 [0.030 to 0.070]" in text and "as good as 0.950" in text and "no better than guessing" not in text


def test_what_explains_nothing_is_told_with_the_reason():
    text = verdict.decide(mixed()).paragraph
    assert "With the source held fixed ResNet34 loses less than 0.05 in AUC (0.010 [−0.020 to 0.040])" in text
    assert "Within one source that is 0.500 [0.480 to 0.520]" in text


NO_INTERVAL, NO_NUMBER = (Figure(0.97, limit, limit, 400, "edited") for limit in (None, float("nan")))


@pytest.mark.parametrize("unknown", [NO_INTERVAL, NO_NUMBER, UNKNOWN])
def test_figures_without_an_interval_are_not_known_and_stop_nothing(unknown):
    """As a file that somebody edited may have them; none improves what is concluded without the row."""
    of_area, order = Area(unknown, 100), list(CONCLUSIONS)
    ahead = replace(network().advantage, difference=unknown)
    for evidence, without in (
        (changed(networks=[replace(network(), area=of_area)]), "unknown"),
        (changed(networks=[replace(network(), advantage=ahead)]), "no-shortcut-found"),
        *[(with_area(name, of_area), "unknown") for name in ("source", "file", "border", "thumbnail-16")],
        (with_masks(replace(masked(0.5), area=of_area)), "unknown"),
        (changed(masking=[replace(masked(0.95, 0, 0), area=of_area), masked(0.5)]), "unknown"),
        (changed(external=[away(unknown)]), "no-shortcut-found-inside"),
        (changed(TWO_SOURCES, held_fixed=[replace(fixed(0.9, NO_LOSS), within=of_area)]), "unknown"),
        (changed(TWO_SOURCES, held_fixed=[fixed(0.9, unknown)]), "unknown"),
        (changed(external=[away(NO_LOSS, sensitivity=unknown)], matched=[on_pairs(["view"], unknown)]), "supported"),
        (changed(TWO_SOURCES, sources=[replace(within_source(0.5), area=of_area)]), "supported"),
    ):
        assert order.index(verdict.decide(evidence).conclusion) <= order.index(without)


def with_area(name, known):
    return changed(baselines=[replace(row, area=known) if row.name == name else row for row in SUPPORTED.baselines])


def test_every_conclusion_is_reached_by_a_case():
    assert {conclusion for _, conclusion, _ in CASES.values()} == set(CONCLUSIONS)


def test_the_table_of_needs_bars_each_conclusion_without_each_of_its_parts():
    empty = {"baselines": [], "controls": [], "masking": [], "external": [], "held_fixed": [], "networks": []}
    order = list(CONCLUSIONS)
    for conclusion, parts in NEEDS.items():
        for part in parts:
            without = changed(TWO_SOURCES, **{part.replace("-", "_"): empty[part.replace("-", "_")]})
            found = verdict.decide(without)
            assert order.index(found.conclusion) < order.index(conclusion) and found.conclusion == MISSING[part]
            state = next(row for row in without.states if row.part == part)
            assert state.state == "not done" and PARTS[part].title in found.paragraph and state.command in found.paragraph


def test_an_audit_of_nothing_knows_nothing():
    found = verdict.decide(Evidence("films", COUNTS))
    assert found.conclusion == "unknown" and found.requirements == []
    assert [reason.rule for reason in found.reasons] == [f"missing-{part}" for part in MISSING]


def test_a_shortcut_is_said_whatever_is_missing():
    for evidence in (with_baseline("border", 0.995, FILMS_ALONE), with_baseline("border", 0.995, masking=[], controls=[], external=[])):
        assert verdict.decide(evidence).conclusion == "border-shortcut"


def test_a_run_of_one_class_is_too_few_and_has_no_network_that_could_be_best():
    """The areas are unknown, of several networks too."""
    unknown = [replace(network(architecture=name), area=replace(network().area, auc=UNKNOWN), advantage=None) for name in ("a", "b")]
    counts = replace(COUNTS, normal=0, judged=replace(COUNTS.judged, normal=0, normal_patients=0))
    found = verdict.decide(changed(networks=unknown, counts=counts))
    assert found.conclusion == "too-few" and "100 COVID-19 and 0 normal" in found.paragraph
    assert verdict.decide(changed(networks=unknown)).conclusion == "unknown"


def test_the_gravest_of_several_leads_and_all_are_told():
    found = verdict.decide(with_baseline("border", 0.995, counts=replace(COUNTS, leaks=2), networks=[network(over=0)]))
    assert found.conclusion == "leak"
    assert {"leaks", "lungless-border", "coarse"} <= {reason.rule for reason in found.reasons}
    places = [found.paragraph.index(words) for words in ("2 patients or pictures", "The border alone", "A thumbnail of 16 x 16")]
    assert places == sorted(places)


def test_the_paragraph_of_the_study_itself():
    evidence = with_baseline("border", 0.995, networks=[network(0.997, over=-0.002, half=0.003), network(0.99, over=-0.01)])
    evidence.baselines[1] = baseline("source", 0.95, "the name of the source")
    text = verdict.decide(evidence).paragraph
    assert (
        "Of 2 networks, ResNet34 has the highest score: it reaches an AUC of 0.997 [0.994 to 1.000] on 400 films held out of training, 100 of them COVID-19"
        in text
    )
    assert "Without a look at the lungs the classes are separated by the name of the source (AUC 0.950) and by the border (0.995)." in text
    assert "no score shows that a network sees disease" in text


def test_a_reason_states_what_was_measured_and_what_it_was_compared_with():
    for evidence, _, by in CASES.values():
        for reason in verdict.decide(evidence).reasons:
            if reason.rule in by - {"controls"}:
                assert reason.value is not None and reason.threshold is not None


def test_films_of_other_hospitals_are_asked_for_until_they_were_tried():
    asks = "films of another hospital"
    inside, three = (CASES[name][0] for name in ("nothing from elsewhere", "three hospitals"))
    assert asks in verdict.decide(inside).paragraph and "--external" in verdict.decide(inside).paragraph
    short = replace(three, counts=replace(COUNTS, judged=replace(COUNTS.judged, covid_patients=20)))
    for evidence in (three, short):
        text = verdict.decide(evidence).paragraph
        assert asks not in text and "On 3 sets of external films ResNet34 loses less than 0.1 in AUC: a (0.010" in text
    assert verdict.decide(short).conclusion == "no-shortcut-found"
    assert "at least 30 held-out patients of each class (found: 20 COVID-19, 290 normal)" in verdict.decide(short).paragraph


@pytest.mark.parametrize("patients, label, rate", [((0, 120), "normal", "specificity"), ((80, 0), "COVID-19", "sensitivity")])
def test_external_films_of_one_class_are_done_in_part_and_that_is_what_is_said(patients, label, rate):
    """Regression: "external films: not done" stood beside the specificity that was lost on them."""
    loss = {"sensitivity": UNKNOWN, "specificity": UNKNOWN} | {rate: figure(0.4, 0.3, 0.5)}
    evidence = changed(external=[away(UNKNOWN, patients=patients, **loss)])
    found, state = verdict.decide(evidence), evidence.state("external")
    assert state.state == "not done" and state.partly and found.conclusion == "no-transfer"
    assert "loses 0.400" in found.paragraph and f"in {rate}" in found.paragraph
    assert f"Done in part: external films (the films of away are all {label}: their {rate} is known" in found.paragraph
    assert not any("not done (" in reason.text for reason in found.reasons) and "to do the rest: " in found.paragraph
    (row,) = [row for row in audits.parts(SimpleNamespace(parts=evidence.states)).rows if row[0].text == "external films"]
    assert row[1].text == "done in part"


def test_external_films_that_lose_nothing_of_one_class_leave_the_other_open():
    evidence = changed(external=[away(UNKNOWN, patients=(0, 120), sensitivity=UNKNOWN, specificity=NO_LOSS)])
    found = verdict.decide(evidence)
    assert found.conclusion == "no-shortcut-found-inside" and "with both classes among them, was not asked" in found.paragraph


def test_scores_may_be_too_high_and_are_not_said_to_be():
    assert "may be too high" in CONCLUSIONS["partial-shortcut"] and "are too high" not in CONCLUSIONS["partial-shortcut"]


def test_what_was_kept_from_an_earlier_audit_is_said():
    assert "Kept from an earlier audit of the same films and predictions: lungs hidden." in (
        verdict.decide(changed(kept=frozenset({"masking"}))).paragraph
    )


def test_phantoms_are_called_phantoms():
    assert verdict.decide(changed(films="phantom")).paragraph.startswith("These are drawn phantoms")
