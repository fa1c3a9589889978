"""The upper end of the scale: a claim is supported only where everything holds, and no missing part improves what was found."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from cxrkit.audit import support, verdict
from cxrkit.audit.conclusions import CONCLUSIONS
from tests.audit.evidences import (
    NO_LOSS,
    SEVERAL,
    SUPPORTED,
    UNKNOWN,
    area,
    away,
    baseline,
    changed,
    figure,
    fixed,
    masked,
    network,
    with_baseline,
    within_source,
)

ORDER = list(CONCLUSIONS)
SHORTCUTS = ("source-shortcut", "border-shortcut")


@some.composite
def honest(draw):
    """Evidence of a supported claim: some network, baselines, sources and hospitals, all of them sound."""
    auc, sources = draw(some.floats(0.85, 0.99)), draw(some.integers(1, 3))
    hospitals = draw(some.integers(1, 3))
    names = ("source", "file", "border")
    baselines = [row for row in SUPPORTED.baselines if row.name not in names]
    baselines += [baseline(name, draw(some.floats(0.45, 0.61))) for name in names]
    held_fixed = [fixed(auc, NO_LOSS, whole=auc)] if sources > 1 else []
    if draw(some.booleans()):
        held_fixed.append(fixed(auc, NO_LOSS, "age", whole=auc))
    return changed(
        counts=replace(SUPPORTED.counts, sources=sources),
        baselines=baselines,
        networks=[network(auc, draw(some.floats(0.04, 0.2)))],
        masking=[masked(auc, 0, 0), masked(draw(some.floats(0.4, 0.61)))],
        held_fixed=held_fixed,
        external=[
            away(figure(loss, loss - 0.03, loss + 0.03), name=str(number), ece=draw(some.floats(0, 0.1)))
            for number, loss in enumerate(draw(some.lists(some.floats(-0.03, 0.02), min_size=hospitals, max_size=hospitals)))
        ],
    )


def flaw(name, change):
    return pytest.param(change, id=name)


def counts_with(**judged):
    return lambda evidence: changed(evidence, counts=replace(evidence.counts, judged=replace(evidence.counts.judged, **judged)))


def instead(name, auc):
    return lambda evidence: with_baseline(name, auc, evidence)


def rows(field, *made):
    return lambda evidence: changed(evidence, **{field: [*getattr(evidence, field), *made]})


def external(**facts):
    return lambda evidence: changed(evidence, external=[away(**{"auc": NO_LOSS} | facts)])


def held_fixed(*made):
    return lambda evidence: changed(evidence, held_fixed=list(made), counts=replace(evidence.counts, sources=2))


FLAWS = [
    *[
        flaw(f"{name} tells", instead(name, auc))
        for name, auc in (("source", 0.97), ("file", 0.7), ("border", 0.93), ("age", 0.93), ("view", 0.93))
    ],
    flaw(
        "age tells, and is not held fixed", lambda e: with_baseline("age", 0.8, e, held_fixed=[r for r in e.held_fixed if r.fixed != "age"])
    ),
    flaw("sex tells a part, and is not held fixed", instead("sex", 0.7)),
    *[flaw(f"no {part}", lambda evidence, part=part: changed(evidence, **{part: []})) for part in ("masking", "external", "controls")],
    flaw("no networks", lambda evidence: changed(evidence, networks=[])),
    flaw("no pictures", instead("border", None)),
    flaw("a control failed", lambda e: changed(e, controls=[*e.controls[1:], replace(e.controls[0], passed=False)])),
    flaw("a leak", lambda evidence: changed(evidence, counts=replace(evidence.counts, leaks=1))),
    flaw("29 patients", counts_with(covid_patients=29)),
    flaw("9 patients", counts_with(normal_patients=9)),
    flaw("a thumbnail does as well", lambda evidence: changed(evidence, networks=[network(evidence.best.area.auc.value, over=0.02)])),
    flaw("no thumbnail", lambda evidence: changed(evidence, networks=[replace(evidence.best, advantage=None)])),
    flaw("lungs hidden, kept", rows("masking", masked(0.92))),
    flaw("lungs hidden, a part kept", rows("masking", masked(0.7))),
    flaw("lungs hidden in training, kept", rows("masking", masked(0.8, retrained=True))),
    flaw("only the lungs, nothing left", rows("masking", masked(0.51, 0.36, mask="surround"))),
    flaw("only the lungs in training, nothing left", rows("masking", masked(0.51, 0.36, mask="surround", retrained=True))),
    flaw("lost elsewhere", external(auc=figure(0.2, 0.1, 0.3))),
    flaw("not excluded elsewhere", external(auc=figure(0.03, -0.04, 0.11))),
    flaw("sensitivity lost elsewhere", external(sensitivity=figure(0.3, 0.2, 0.4))),
    flaw("ten films elsewhere", external(auc=figure(0.42, -0.02, 0.7), patients=(5, 5))),
    flaw(
        "a border gives the classes away elsewhere",
        lambda e: changed(e, external=[replace(away(NO_LOSS), lungless=baseline("border", 0.95))]),
    ),
    flaw("each source elsewhere has one class", external(within=UNKNOWN)),
    flaw("not excluded elsewhere within a source", external(within=figure(0.03, -0.04, 0.11))),
    flaw("99 patients elsewhere", external(patients=(99, 500))),
    flaw("not calibrated elsewhere", external(ece=0.11)),
    flaw("one class elsewhere", external(auc=UNKNOWN)),
    flaw("two sources, nothing held fixed", held_fixed()),
    flaw("a part goes with the source", held_fixed(fixed(0.85, figure(0.1, 0.06, 0.14)))),
    flaw("a part may go with the source", held_fixed(fixed(0.93, figure(0.02, -0.02, 0.06)))),
    flaw("all goes with the source", held_fixed(fixed(0.5, figure(0.45, 0.4, 0.5)))),
    flaw("nothing to compare", held_fixed(fixed(None, UNKNOWN))),
    flaw("a part may go with the age", held_fixed(fixed(0.94, NO_LOSS), fixed(0.93, figure(0.02, -0.02, 0.06), "age"))),
    flaw("within one source nothing", rows("sources", within_source(0.52, was=0.9))),
    flaw("a source left out", rows("sources", within_source(0.6, was=0.9, kind="left-out-retrained"))),
]


@pytest.mark.parametrize("change", FLAWS)
@settings(max_examples=10, deadline=None)
@given(evidence=honest())
def test_one_flaw_is_enough_to_bar_a_supported_claim(change, evidence):
    assert verdict.decide(evidence).conclusion == "supported"
    found = verdict.decide(change(evidence))
    assert ORDER.index(found.conclusion) < ORDER.index("supported")
    if found.conclusion == "no-shortcut-found":
        (unmet,) = [row for row in found.requirements if not row.met]
        assert unmet.text in found.paragraph and unmet.found in found.paragraph


PARTS = ("baselines", "sources", "controls", "networks", "masking", "external", "held_fixed")


@settings(max_examples=100, deadline=None)
@given(
    evidence=honest(),
    planted=some.sampled_from([instead("border", 0.97), instead("source", 0.95), rows("sources", within_source(0.5, was=0.9))]),
    absent=some.sets(some.sampled_from(PARTS)),
)
def test_a_part_that_is_added_never_improves_a_shortcut(evidence, planted, absent):
    """And one that is missing never makes better what the others find."""
    whole = planted(evidence)
    less = changed(whole, **{part: [] for part in absent})
    few, all_of_it = (ORDER.index(verdict.decide(each).conclusion) for each in (less, whole))
    assert ORDER[all_of_it] in SHORTCUTS
    if ORDER[few] in SHORTCUTS:
        assert all_of_it <= few
    assert few < ORDER.index("no-shortcut-found-inside") or not absent or absent <= {"sources", "external"}


@settings(max_examples=60, deadline=None)
@given(evidence=honest(), absent=some.sets(some.sampled_from(PARTS), min_size=1))
def test_honest_data_with_parts_missing_are_never_called_better(evidence, absent):
    """`sources` is needed by none, and `held_fixed` only where there are several sources."""
    found = verdict.decide(changed(evidence, **{part: [] for part in absent})).conclusion
    free = {"sources"} | ({"held_fixed"} if evidence.counts.sources == 1 else set())
    expected = "supported" if absent <= free else "no-shortcut-found-inside" if absent <= free | {"external"} else "unknown"
    assert found == expected


def test_of_several_hospitals_the_one_that_meets_most_is_the_one_the_claim_rests_on():
    small, uncalibrated, sound = away(NO_LOSS, patients=(20, 20), name="a"), away(NO_LOSS, ece=0.3, name="b"), away(NO_LOSS, name="c")
    asked = {row.name: row for row in support.requirements(changed(external=[small, uncalibrated, sound]))}
    assert asked["calibrated"].found.endswith("on c") and all(row.met for row in asked.values())
    asked = {row.name: row for row in support.requirements(changed(external=[small, uncalibrated]))}
    assert not all(row.met for row in asked.values())


def test_the_requirements_are_about_the_best_network():
    poor = replace(network(0.9, architecture="vgg16_bn"), advantage=None)
    assert verdict.decide(changed(networks=[network(), poor])).conclusion == "supported"
    assert verdict.decide(changed(networks=[replace(poor, area=area(0.99)), network()])).conclusion == "unknown"
    assert support.requirements(changed(networks=[])) == []
    assert {row.name for row in support.requirements(SUPPORTED)} >= {"lead", "thumbnail", "hidden", "fixed", "elsewhere"}
    assert not [row for row in support.requirements(changed(counts=SEVERAL)) if row.name == "fixed" and row.met]
