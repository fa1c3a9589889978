"""The verdict on constructed audits: each has one thing wrong with it, and the verdict must name that thing."""

from dataclasses import fields, replace

import pytest

from cxrkit.audit import verdict
from cxrkit.audit.verdict import Evidence
from cxrkit.evaluation.calibration import Calibration, Decomposition
from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.schema import (
    Advantage,
    Area,
    BaselineRow,
    ControlRow,
    Drop,
    ExternalRow,
    ExternalScaling,
    FilmCounts,
    Judged,
    MaskRow,
    NetworkRow,
    SideScore,
    SourceRow,
)

UNKNOWN = Figure.unknown(0, "none: one class only")
NO_RATES = Rates(**{rate.name: UNKNOWN for rate in fields(Rates)})
NO_SCORE = SideScore(NO_RATES, UNKNOWN, UNKNOWN)
NO_CALIBRATION = Calibration([], UNKNOWN, UNKNOWN, Decomposition(0.0, 0.0, 0.0, 0.0))


def figure(value, low, high, n=400):
    return Figure(value, low, high, n, "drawn")


def area(auc, half=0.02, n=400):
    return Area(figure(auc, max(0, auc - half), min(1, auc + half), n), n // 4)


def baseline(name, auc, title=None):
    return BaselineRow(name, title or f"the {name}", "", area(auc, n=1700) if auc else Area(UNKNOWN, 0), None)


def network(auc=0.95, over=0.05, half=0.02, architecture="resnet34"):
    ahead = Advantage("thumbnail-16", "a thumbnail of 16 x 16 pixels", auc - over, figure(over, over - 0.03, over + 0.03))
    return NetworkRow(architecture, [0], area(auc, half), ahead)


def masked(auc, share=0.64, side=0.8, retrained=False):
    return MaskRow("resnet34", 0, "centre", side, share, area(auc), retrained)


def away(auc=UNKNOWN, sensitivity=UNKNOWN, specificity=UNKNOWN):
    """External films on which a network loses so much."""
    scaling = ExternalScaling(1.0, NO_CALIBRATION, NO_CALIBRATION)
    drop = Drop(auc, sensitivity, specificity)
    return ExternalRow("away", "resnet34", 1, 400, 100, 300, 0, 0, 0.5, NO_SCORE, NO_SCORE, drop, scaling)


COUNTS = FilmCounts(400, 1300, 1600, 0, Judged("test", 100, 300, 90, 290))
HONEST = Evidence(
    films="films",
    counts=COUNTS,
    baselines=[
        *(baseline("majority", 0.5, "nothing"), baseline("source", 0.51), baseline("file", 0.53), baseline("age", None)),
        *(baseline("border", 0.55), baseline("histogram", 0.7), baseline("thumbnail-8", 0.85), baseline("thumbnail-16", 0.88)),
    ],
    sources=[SourceRow("seen-source", "north", area(0.6), "", "resnet34")],
    controls=[ControlRow("permutation", "labels", "0.5", "0.5", True)],
    networks=[network(), network(0.94, architecture="vgg16_bn")],
    masking=[masked(0.95, 0, 0), masked(0.55)],
    external=[away(figure(0.02, -0.02, 0.06), specificity=figure(0.1, -0.1, 0.3))],
)
FILMS_ALONE = replace(HONEST, networks=[], masking=[], sources=[], external=[])


def changed(**parts):
    return replace(HONEST, **parts)


def with_baseline(name, auc, evidence=HONEST, **parts):
    rows = [baseline(name, auc) if row.name == name else row for row in evidence.baselines]
    return replace(evidence, baselines=rows, **parts)


CASES = {
    "honest data": (HONEST, "no-shortcut-found", set()),
    "source shortcut": (with_baseline("source", 0.97), "source-shortcut", {"lungless-source"}),
    "age shortcut": (with_baseline("age", 0.99), "source-shortcut", {"lungless-age"}),
    "file shortcut": (with_baseline("file", 0.92), "source-shortcut", {"lungless-file"}),
    "border shortcut": (with_baseline("border", 0.995), "border-shortcut", {"lungless-border"}),
    "border as good as a poor network": (
        with_baseline("border", 0.78, networks=[network(0.79, half=0.04)]),
        "border-shortcut",
        {"lungless-border"},
    ),
    "border tells a part": (with_baseline("border", 0.75), "partial-shortcut", {"lungless-border"}),
    "lungs needed": (changed(masking=[masked(0.95, 0, 0), masked(0.51)]), "no-shortcut-found", {"lungs-needed"}),
    "lungs hidden, score kept": (changed(masking=[masked(0.95, 0, 0), masked(0.93)]), "border-shortcut", {"lungs-hidden"}),
    "lungs hidden, trained anew": (
        changed(masking=[masked(0.95, 0, 0), masked(0.5), masked(0.94, retrained=True)]),
        "border-shortcut",
        {"lungs-hidden", "lungs-needed"},
    ),
    "leak": (changed(counts=replace(COUNTS, leaks=3)), "leak", {"leaks"}),
    "too few patients": (changed(counts=replace(COUNTS, judged=replace(COUNTS.judged, covid_patients=6))), "too-few", {"patients"}),
    "intervals too wide": (changed(networks=[network(0.8, half=0.15, over=0.1)]), "too-few", {"width"}),
    "no better than a thumbnail": (changed(networks=[network(over=0.01)]), "thumbnail", {"coarse"}),
    "chance": (changed(networks=[network(0.52, over=0.0, half=0.06)], masking=[masked(0.52, 0, 0), masked(0.52)]), "chance", {"chance"}),
    "area lost on external films": (changed(external=[away(figure(0.2, 0.1, 0.3))]), "no-transfer", {"external-auc"}),
    "alarms on external films": (
        changed(external=[away(specificity=figure(0.5, 0.4, 0.6))]),
        "no-transfer",
        {"external-specificity"},
    ),
    "sources known": (changed(sources=[replace(HONEST.sources[0], area=area(0.97))]), "partial-shortcut", {"sources-known"}),
    "control failed": (changed(controls=[replace(HONEST.controls[0], passed=False)]), "audit-failed", {"controls"}),
    "no network, honest": (FILMS_ALONE, "no-shortcut-found", set()),
    "no network, thumbnail": (with_baseline("thumbnail-8", 0.97, FILMS_ALONE), "thumbnail", {"coarse"}),
}


@pytest.mark.parametrize("name", CASES)
def test_constructed_cases(name):
    evidence, conclusion, rules = CASES[name]
    found = verdict.decide(evidence)
    assert found.conclusion == conclusion
    assert {reason.rule for reason in found.reasons} == rules
    assert found.paragraph.endswith(verdict.CONCLUSIONS[conclusion])


def test_every_conclusion_is_reached_by_a_case():
    assert {conclusion for _, conclusion, _ in CASES.values()} == set(verdict.CONCLUSIONS)


def test_the_gravest_of_several_leads_and_all_are_told():
    found = verdict.decide(with_baseline("border", 0.995, counts=replace(COUNTS, leaks=2), networks=[network(over=0)]))
    assert found.conclusion == "leak"
    assert [reason.rule for reason in found.reasons] == ["leaks", "lungless-border", "coarse"]
    for words in ("2 patients or pictures", "The border alone", "A thumbnail of 16 x 16"):
        assert words in found.paragraph


def test_the_paragraph_of_the_study_itself():
    evidence = with_baseline("border", 0.995, networks=[network(0.997, over=-0.002, half=0.003), network(0.99, over=-0.01)])
    evidence.baselines[1] = baseline("source", 0.95, "the name of the source")
    text = verdict.decide(evidence).paragraph
    assert (
        "best of 2 networks, ResNet34, reaches an AUC of 0.997 [0.994 to 1.000] on 400 films held out of training, 100 of them COVID-19"
        in text
    )
    assert "Without a look at the lungs the classes are told apart by the name of the source (0.950) and by the border (0.995)." in text
    assert "no score shows that a network sees disease" in text


def test_a_reason_states_what_was_measured_and_what_it_was_compared_with():
    reasons = verdict.decide(with_baseline("border", 0.995, networks=[network(over=0)])).reasons
    assert reasons and all(reason.value is not None and reason.threshold is not None for reason in reasons)


def test_parts_that_were_not_done_are_held_against_nothing():
    assert verdict.decide(Evidence("films", COUNTS)).conclusion == "no-shortcut-found"


def test_phantoms_are_called_phantoms():
    assert verdict.decide(changed(films="phantom")).paragraph.startswith("These are drawn phantoms")
