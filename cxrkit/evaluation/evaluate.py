"""Evaluation of finished runs: their scores and the comparison of their networks, from predictions alone. Nothing is trained."""

from collections.abc import Sequence

from cxrkit.evaluation import comparison, conformal, decision, scoring
from cxrkit.files import CHECKSUMS, refuse_unwritable
from cxrkit.results import COMPARISON, METRICS, Results
from cxrkit.schema import Comparison, Margins, Metrics


def evaluate(
    results: Results,
    threshold: float | None = None,
    prevalences: Sequence[float] = scoring.PREVALENCES,
    sensitivity: float = scoring.SENSITIVITY,
    margins: Margins = decision.MARGINS,
    coverage: float = conformal.COVERAGE,
) -> tuple[Metrics, Comparison]:
    """Write metrics.json and comparison.json of a run, and return both; checksums.json, where it is there, follows.

    threshold: the experiment's, unless given. Raises BadInput for a folder that is no whole run, WrongUse for values
    out of range.
    """
    comparison.check_margins(margins)
    refuse_unwritable(*(results.folder / name for name in (METRICS, COMPARISON, CHECKSUMS)))
    threshold = comparison.shared_threshold([results], threshold)
    metrics = scoring.score(results, threshold, prevalences, sensitivity, coverage)
    compared = comparison.compare([results], threshold, margins)
    results.write(metrics)
    results.write(compared)
    return metrics, compared


def compare(runs: list[Results], threshold: float | None = None, margins: Margins = decision.MARGINS) -> Comparison:
    """The Comparison of several runs on the same images; the threshold is the one that they share, unless given."""
    return comparison.compare(runs, comparison.shared_threshold(runs, threshold), margins)
