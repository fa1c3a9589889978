"""How the networks do at other thresholds, and whether their probabilities mean what they say, as tables."""

from cxrkit.evaluation import metrics
from cxrkit.report.facts import SPLIT_WORDS, short
from cxrkit.report.tables.networks import Cell, Column, Table, count_text, ensembles, interval, number, runs_of, scale_of

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def confusions(facts):
    """The confusion matrices after the last stage: [(network, run, {tp, fn, tn, fp})]."""
    rows = [(architecture, facts.mean(architecture)) for architecture in facts.architectures]
    return [(short(architecture), runs_of(row), row["confusion"]) for architecture, row in rows if row]


def thresholds(facts):
    """The rates of each network at several thresholds: the mean over its seeds."""
    rows = []
    for architecture in facts.architectures:
        mine = facts.scores(architecture)
        if mine is None:
            continue
        worth = metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])
        for threshold in sorted({*THRESHOLDS, facts.metrics["threshold"]}):
            runs = [vars(metrics.confusion(mine.is_covid, p, threshold)) for p in mine.p_covid]
            counts = metrics.Confusion(**{key: sum(run[key] for run in runs) / len(runs) for key in runs[0]})
            found = {
                "sensitivity": metrics.proportion(counts.tp, counts.tp + counts.fn, worth[0]),
                "specificity": metrics.proportion(counts.tn, counts.tn + counts.fp, worth[1]),
            }
            cells = [number(value, count_text(value)) for value in (counts.tp, counts.fn, counts.tn, counts.fp)]
            rows.append(
                [
                    Cell(short(architecture)),
                    Cell(f"{threshold:g}", threshold),
                    *cells,
                    interval(found["sensitivity"]),
                    interval(found["specificity"]),
                ]
            )
    columns = [Column("network"), Column("threshold", True), *[Column(title, True) for title in ("TP", "FN", "TN", "FP")]]
    columns += [Column("sensitivity", True, scale_of(rows, 6, ceiling=1)), Column("specificity", True, scale_of(rows, 7, ceiling=1))]
    return Table(
        "thresholds",
        f"The same networks at other thresholds, {SPLIT_WORDS[facts.held]} images, mean over seeds.",
        tuple(columns),
        rows,
        "95 % intervals: Wilson.",
        open=False,
    )


def operating_points(facts):
    """The threshold that validation chooses for the wanted sensitivity, and predictive values, of each network."""
    rows = []
    for row in _judged(facts):
        point = row.get("operating_point")
        if point:
            same = "chosen on these images" if point["same_images"] else "chosen on validation"
            rows.append(
                [
                    Cell(row["who"]),
                    Cell(f"{point['threshold']:.3f}", point["threshold"]),
                    Cell(same),
                    interval(point["sensitivity"]),
                    interval(point["specificity"]),
                ]
            )
    columns = (
        Column("network"),
        Column("threshold", True),
        Column("chosen"),
        Column("sensitivity", True, scale_of(rows, 3, ceiling=1)),
        Column("specificity", True, scale_of(rows, 4, ceiling=1)),
    )
    return Table(
        "operating",
        f"A threshold chosen for a sensitivity of 95 %, and what it gives on {SPLIT_WORDS[facts.held]} images.",
        columns,
        rows,
        "A threshold that was chosen on the very images it is judged by looks better than it is.",
    )


def predictive_values(facts):
    """What a positive and a negative answer are worth at several prevalences."""
    rows = []
    for row in _judged(facts):
        for values in row.get("predictive_values") or []:
            rows.append(
                [
                    Cell(row["who"]),
                    Cell(f"{100 * values['prevalence']:.1f} %", values["prevalence"]),
                    *[interval(values[key]) for key in ("ppv", "npv")],
                ]
            )
    columns = (
        Column("network"),
        Column("prevalence", True),
        Column("positive predictive value", True, scale_of(rows, 2, 0, 1)),
        Column("negative predictive value", True, scale_of(rows, 3, ceiling=1)),
    )
    return Table(
        "predictive",
        "What an answer is worth where so many people have COVID-19.",
        columns,
        rows,
        "The lower the prevalence, the more of the positive answers are wrong.",
        open=False,
    )


def _judged(facts):
    """For each network, its ensemble over seeds, or its one run, with `who`."""
    rows = []
    for architecture in facts.architectures:
        found = [row for row in ensembles(facts) if row["architectures"] == [architecture]]
        if found:
            rows.append(found[0] | {"who": f"{short(architecture)}, ensemble of {found[0]['of']}"})
        elif facts.mean(architecture):
            row = facts.mean(architecture)
            rows.append(row | {"who": f"{short(architecture)}, {runs_of(row)}"})
    return rows


def calibration(facts):
    """Calibration error and Brier score, before and after temperature scaling."""
    rows = []
    for row in _judged(facts):
        found = row.get("calibration")
        if found:
            figures = [interval(found[when][name]) for name in ("ece", "brier") for when in ("before", "after")]
            rows.append(
                [
                    Cell(row["who"]),
                    *figures,
                    Cell(f"{found['temperature']:.2f}", found["temperature"]),
                    Cell("these images" if found["same_images"] else "validation"),
                ]
            )
    names = ("calibration error", "after scaling", "Brier score", "after scaling")
    columns = (
        Column("network"),
        *[Column(name, True, scale_of(rows, index + 1, floor=0)) for index, name in enumerate(names)],
        Column("temperature", True),
        Column("fitted on"),
    )
    return Table(
        "calibration",
        f"Do probabilities mean what they say? {facts.comparison['n']} {SPLIT_WORDS[facts.held]} images.",
        columns,
        rows,
        "Lower is better. Intervals: bootstrap 95 % over patients; the calibration error of few images is above 0 even for perfect probabilities.",
    )
