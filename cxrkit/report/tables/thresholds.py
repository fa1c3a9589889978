"""Tables of other thresholds, predictive values, calibration and sets: what an answer is worth, and whether probabilities mean what they say."""

from typing import get_args

from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.conformal import ClassLimit, Held, PredictionSets
from cxrkit.evaluation.metrics import Confusion
from cxrkit.evaluation.scoring import effective_sizes
from cxrkit.report.tables.networks import ensembles, run_text, score_of
from cxrkit.results import Results
from cxrkit.schema import Score
from cxrkit.tables import Cell, Column, Table, count_text, figure_cell, number_cell, number_text, scale_of

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def confusions(results: Results) -> list[tuple[str, str, Confusion]]:
    """The confusion matrices after the last stage: [(network, run, counts)]."""
    scores = [score_of(results, architecture) for architecture in results.architectures]
    return [(short_name(score.architecture), run_text(score), score.confusion) for score in scores if score]


def thresholds(results: Results) -> Table:
    """The rates of each network at several thresholds: the mean over its seeds."""
    rows = []
    for architecture in results.architectures:
        held = results.predictions(architecture)
        if held is None:
            continue
        sizes = effective_sizes(held)
        for threshold in sorted({*THRESHOLDS, results.metrics.threshold}):
            runs = [metrics.confusion(held.is_covid, p, threshold) for p in held.p_covid]
            counts = metrics.mean_counts(runs)
            sensitivity = metrics.proportion(counts.tp, counts.tp + counts.fn, sizes[0])
            specificity = metrics.proportion(counts.tn, counts.tn + counts.fp, sizes[1])
            cells = [number_cell(value, count_text(value)) for value in (counts.tp, counts.fn, counts.tn, counts.fp)]
            name = [Cell(short_name(architecture)), Cell(f"{threshold:g}", threshold)]
            rows.append([*name, *cells, figure_cell(sensitivity), figure_cell(specificity)])
    columns = [Column("network"), Column("threshold", True), *[Column(title, True) for title in ("TP", "FN", "TN", "FP")]]
    columns += [Column("sensitivity", True, scale_of(rows, 6, ceiling=1)), Column("specificity", True, scale_of(rows, 7, ceiling=1))]
    caption = f"The same networks at other thresholds, {SPLIT_WORDS[results.metrics.held_out]} images, mean over seeds."
    return Table("thresholds", caption, tuple(columns), rows, "Counts are means over seeds. 95 % intervals: Wilson.", open=False)


def operating_points(results: Results) -> Table:
    """The threshold that validation chooses for the wanted sensitivity, and what it gives, of each network."""
    rows = []
    for name, score in judged(results):
        for point in filter(None, (score.operating_point, score.at_specificity)):
            chosen = "chosen on these images" if point.same_images else "chosen on validation"
            chosen += "" if point.promised else ", too few to promise it"
            cells = [
                Cell(name),
                Cell(f"{point.of} {100 * point.wanted:g} %"),
                Cell(f"{point.threshold:.3f}", point.threshold),
                Cell(chosen),
            ]
            rows.append([*cells, figure_cell(point.rates.sensitivity), figure_cell(point.rates.specificity)])
    columns = (
        Column("network"),
        Column("wanted"),
        Column("threshold", True),
        Column("chosen"),
        Column("sensitivity", True, scale_of(rows, 4, ceiling=1)),
        Column("specificity", True, scale_of(rows, 5, ceiling=1)),
    )
    caption = (
        f"A threshold chosen for a wanted sensitivity or specificity, and what it gives on {SPLIT_WORDS[results.metrics.held_out]} images."
    )
    note = "On average over such choices, a new film of the class is called correctly with the wanted probability; a single choice from few films may well fall short of it. A threshold that was chosen on the very images on which it is evaluated looks better than it is."
    return Table("operating", caption, columns, rows, note)


def predictive_values(results: Results) -> Table:
    """What a positive and a negative answer are worth at several prevalences."""
    rows = [
        [Cell(name), Cell(_prevalence(values.prevalence), values.prevalence), figure_cell(values.ppv), figure_cell(values.npv)]
        for name, score in judged(results)
        for values in sorted(score.predictive_values, key=lambda values: values.prevalence)
    ]
    columns = (
        Column("network"),
        Column("prevalence", True),
        Column("positive predictive value", True, scale_of(rows, 2, 0, 1)),
        Column("negative predictive value", True, scale_of(rows, 3, ceiling=1)),
    )
    caption = "What an answer is worth, by the prevalence of COVID-19."
    note = f"The lower the prevalence, the more of the positive answers are wrong. {100 * study.prevalence():.1f} % is the study's own share of COVID-19 films."
    return Table("predictive", caption, columns, rows, note, open=False)


def _prevalence(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def decision_curves(results: Results) -> Table:
    """Net benefit of each network over thresholds, beside acting on all films and on none."""
    rows = []
    for name, score in judged(results):
        for point in score.decision_curve:
            cells = [Cell(name), Cell(f"{100 * point.threshold:g} %", point.threshold), figure_cell(point.network, 4)]
            rows.append([*cells, number_cell(point.all, number_text(point.all, 4)), figure_cell(point.over_best, 4)])
    columns = (
        Column("network"),
        Column("threshold", True),
        Column("net benefit", True, scale_of(rows, 2)),
        Column("net benefit, all called positive", True),
        Column("gain over the better of all or none", True, scale_of(rows, 4)),
    )
    caption = f"Decision curves: what acting on an answer is worth, {SPLIT_WORDS[results.metrics.held_out]} images."
    note = "Net benefit: true positives per image minus false positives per image, the latter weighted by the odds of the threshold (Vickers and Elkin 2006); that of calling none positive is 0. It holds at the prevalence among these images, and where the probabilities are calibrated. Intervals over patients."
    return Table("usefulness", caption, columns, rows, note, open=False)


def judged(results: Results) -> list[tuple[str, Score]]:
    """For each network its name, and its ensemble over seeds or its one run."""
    rows = []
    for architecture in results.architectures:
        own = [score for score in ensembles(results) if score.architectures == [architecture]]
        score = own[0] if own else score_of(results, architecture)
        if score:
            rows.append((f"{short_name(architecture)}, {run_text(score)}", score))
    return rows


def calibration(results: Results) -> Table:
    """Calibration error and Brier score, before and after temperature scaling."""
    rows = []
    for name, score in judged(results):
        scaling = score.scaling
        if scaling:
            before, after = scaling.before, scaling.after
            figures = [figure_cell(figure) for figure in (before.ece, after.ece, before.brier, after.brier)]
            figures += [figure_cell(figure, 2) for figure in (before.intercept, before.slope)]
            fitted = Cell(("these images" if scaling.same_images else "validation") + ", rests on the prior" * scaling.rests_on_prior)
            rows.append([Cell(name), *figures, Cell(f"{scaling.temperature:.2f}", scaling.temperature), fitted])
    names = ("calibration error", "after scaling", "Brier score", "Brier score after scaling", "intercept", "slope")
    columns = (
        Column("network"),
        *[Column(name, True, scale_of(rows, index + 1, floor=0 if index < 4 else None)) for index, name in enumerate(names)],
        Column("temperature", True),
        Column("fitted on"),
    )
    caption = (
        f"Calibration on {results.comparison.n:,} {SPLIT_WORDS[results.metrics.held_out]} images: do probabilities mean what they say?"
    )
    note = "Error and Brier score: lower is better. Intercept: above 0, the log odds are too low on the whole; slope: below 1, probabilities are too extreme, above 1, not extreme enough; a dash where the classes are completely separated. Intervals: bootstrap 95 % over patients; the calibration error of few images is above 0 even for perfect probabilities. Temperatures are shrunk towards 1; one that rests on the prior had validation films that were told apart perfectly, or not at all."
    return Table("calibration", caption, columns, rows, note)


def prediction_sets(results: Results) -> Table:
    """The sets of each network, or how many patients of validation they would need."""
    found = [(name, score.prediction_sets) for name, score in judged(results) if score.prediction_sets]
    rows = []
    for name, sets in found:
        films = [number_cell(sets.films.get(held, 0) if sets.films else None) for held in get_args(Held)]
        covered = [figure_cell(sets.covid.covered), figure_cell(sets.normal.covered)]
        rows.append([Cell(name), _limit(sets.covid), _limit(sets.normal), *films, *covered])
    titles = ("COVID-19 from", "normal up to", "COVID-19 alone", "normal alone", "undecided", "neither")
    scales = [Column(f"covered, {name}", True, scale_of(rows, index, ceiling=1)) for index, name in ((7, "COVID-19"), (8, "normal"))]
    columns = (Column("network"), *[Column(title, True) for title in titles], *scales)
    wanted = f"{100 * found[0][1].wanted:g} %" if found else ""
    images = f"{results.comparison.n:,} {SPLIT_WORDS[results.metrics.held_out]} images"
    note = _note(found[0][1], wanted) if found else ""
    return Table("sets", f"Prediction sets for single films, with a target coverage of {wanted}: {images}.", columns, rows, note)


def _limit(limit: ClassLimit) -> Cell:
    return Cell(f"{limit.patients} of {limit.least} patients") if limit.limit is None else number_cell(limit.limit, f"{limit.limit:.3f}")


def _note(sets: PredictionSets, wanted: str) -> str:
    limits = {"COVID-19": sets.covid, "normal": sets.normal}
    few = [
        f"{limit.least} {name} patients in validation, which has {limit.patients}" for name, limit in limits.items() if limit.limit is None
    ]
    if few:
        return f"No sets: a coverage of {wanted} takes {' and '.join(few)}."
    spread = " and ".join(f"{each.promised.low:.2f} to {each.promised.high:.2f} ({each.patients} {name})" for name, each in limits.items())
    checked = (
        "not computed, for the sets were calibrated on these very films"
        if sets.same_images
        else "patients of the class, with all their films in such sets"
    )
    return (
        f"Undecided: both classes; neither: not among the {wanted} most typical of either. Split conformal, by patients of validation "
        "(Angelopoulos and Bates 2021). The coverage holds on average over validation splits, for films like these; of 100 such splits, 95 "
        f"cover {spread} of new patients. Covered: {checked}."
    )
