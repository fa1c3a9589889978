"""Constructed audits: evidence of which a supported claim follows, and what changes one thing in it."""

from dataclasses import fields, replace

from cxrkit.audit.evidence import Evidence
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
    HeldFixedRow,
    Judged,
    MaskRow,
    MatchedRow,
    NetworkRow,
    SideScore,
    SourceRow,
)

UNKNOWN = Figure.unknown(0, "none: one class only")
NO_RATES = Rates(**{rate.name: UNKNOWN for rate in fields(Rates)})
NO_SCORE = SideScore(NO_RATES, UNKNOWN, UNKNOWN)


def figure(value, low, high, n=400):
    return Figure(value, low, high, n, "drawn")


def area(auc, half=0.02, n=400):
    return Area(figure(auc, max(0, auc - half), min(1, auc + half), n), n // 4)


def baseline(name, auc, title=None):
    return BaselineRow(name, title or f"the {name}", "", replace(area(auc, n=1700), positives=400) if auc else Area(UNKNOWN, 0), None)


def network(auc=0.95, over=0.05, half=0.02, architecture="resnet34"):
    ahead = Advantage("thumbnail-16", "a thumbnail of 16 x 16 pixels", auc - over, figure(over, over - 0.03, over + 0.03))
    return NetworkRow(architecture, [0], area(auc, half), ahead)


def masked(auc, share=0.64, side=0.8, retrained=False, mask="centre", half=0.02):
    return MaskRow("resnet34", 0, mask, side, share, area(auc, half), retrained)


def away(
    auc=UNKNOWN, sensitivity=UNKNOWN, specificity=UNKNOWN, within=None, name="away", patients=(120, 180), ece=0.05, architecture="resnet34"
):
    """External films on which a network loses so much; within: with their source held fixed; patients: of each class."""
    calibration = Calibration([], figure(ece, ece - 0.02, ece + 0.02), UNKNOWN, Decomposition(0.0, 0.0, 0.0, 0.0))
    return ExternalRow(
        name=name,
        architecture=architecture,
        seeds=1,
        n=sum(patients),
        positives=patients[0],
        patients=sum(patients),
        covid_patients=patients[0],
        normal_patients=patients[1],
        copies_removed=0,
        left_out=0,
        threshold=0.5,
        external=NO_SCORE,
        internal=NO_SCORE,
        drop=Drop(auc, sensitivity, specificity, within=within),
        scaling=ExternalScaling(1.0, calibration, calibration),
    )


def fixed(within, fall, kind="source", whole=0.95, half=0.02, not_known=0):
    """A row with the source or age held fixed; within: an area, or None where nothing can be compared. fall: its figure."""
    of_within = area(within, half) if within else Area(UNKNOWN, 0)
    return HeldFixedRow("resnet34", kind, of_within, area(whole).auc, area(whole).auc, fall, 2, 0 if within else 400, not_known)


def within_source(auc, was=0.97, kind="same-source", by_network="resnet34"):
    return SourceRow(kind, "COVID-19 against normal films within north", area(auc), "", by_network, area(was).auc)


def on_pairs(by, fall):
    """A row of pairs that are alike in these traits; fall: its figure."""
    return MatchedRow("resnet34", list(by), 5, 60, area(0.95), area(0.95), fall, {}, {})


COUNTS = FilmCounts(400, 1300, 1600, 1, 0, Judged("test", 100, 300, 90, 290))
NO_LOSS = figure(0.01, -0.02, 0.04)
SUPPORTED = Evidence(
    films="films",
    counts=COUNTS,
    baselines=[
        *(baseline("majority", 0.5, "nothing"), baseline("source", 0.51), baseline("file", 0.53), baseline("age", None)),
        *(baseline("border", 0.55), baseline("histogram", 0.7), baseline("thumbnail-8", 0.85), baseline("thumbnail-16", 0.88)),
    ],
    controls=[ControlRow(name, "labels", "0.5", "0.5", True) for name in ("permutation", "leak-patient", "leak-copy")],
    networks=[network(), network(0.94, architecture="vgg16_bn")],
    masking=[masked(0.95, 0, 0), masked(0.55), masked(0.9, 0.36, mask="surround")],
    external=[away(NO_LOSS, specificity=figure(0.1, -0.1, 0.3)), away(figure(0.02, -0.02, 0.06), architecture="vgg16_bn")],
)
FILMS_ALONE = replace(SUPPORTED, networks=[], masking=[], external=[], counts=replace(COUNTS, judged=replace(COUNTS.judged, split="all")))
SEVERAL = replace(COUNTS, sources=2)
"""The same films from two sources."""
TWO_SOURCES = replace(SUPPORTED, counts=SEVERAL, held_fixed=[fixed(0.94, NO_LOSS)])


def changed(evidence=SUPPORTED, **parts):
    return replace(evidence, **parts)


def with_baseline(name, auc, evidence=SUPPORTED, **parts):
    """The same with that AUC of a baseline, which joins the others where it is not among them."""
    rows = [row for row in evidence.baselines if row.name != name]
    return replace(evidence, baselines=[*rows, baseline(name, auc)], **parts)


def mixed(border_within=0.5):
    """Two sources, one with 65 of 100 COVID-19 and 35 of 100 normal films, which files and borders tell apart; no score is lost within one."""
    rows = [replace(baseline(name, 0.65), within=area(border_within).auc) for name in ("file", "border")]
    others = [row for row in SUPPORTED.baselines if row.name not in ("source", "file", "border")]
    return replace(TWO_SOURCES, baselines=[baseline("source", 0.65), *rows, *others])


def partly_known(evidence, name, covid, normal):
    """The same with a baseline that is known of so many films of either class."""
    rows = [
        replace(row, area=Area(replace(row.area.auc, n=covid + normal), covid)) if row.name == name else row for row in evidence.baselines
    ]
    return replace(evidence, baselines=rows)


def with_masks(*rows):
    return changed(masking=[masked(0.95, 0, 0), *rows])
