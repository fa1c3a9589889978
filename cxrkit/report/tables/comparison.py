"""Tables of the comparison: how far runs of a network lie apart, each pair of networks, and pairs over resplits."""

from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.report import sentences
from cxrkit.schema import Comparison, Range, ResplitComparison
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, number_text, p_text, points_cell, scale_of


def networks(comparison: Comparison) -> Table:
    """Each network's mean error, and how far its runs lie apart."""
    rows = []
    for network in comparison.networks:
        spread = network.run_to_run
        sd, predicted = (NOTHING if value is None else f"{100 * value:.2f}" for value in (spread.observed.value, spread.predicted))
        rows.append(
            [
                Cell(network.name),
                number_cell(len(network.seeds)),
                figure_cell(network.error_rate, 4),
                number_cell(network.median, f"{network.median:.4f}"),
                number_cell(len(network.outlying)),
                Cell(f"{100 * network.outlying_at_most:.0f} %", network.outlying_at_most),
                Cell(sd, spread.observed.value),
                Cell(predicted, spread.predicted),
                Cell(spread.reading),
            ]
        )
    columns = (
        Column("network"),
        Column("seeds", True),
        Column("mean error rate", True, scale_of(rows, 2, floor=0)),
        Column("median", True),
        Column("outliers", True),
        Column("outliers, at most", True),
        Column("SD over seeds, points", True),
        Column("SD by chance, points", True),
        Column("reading"),
    )
    return Table(
        "networks",
        f"Error rate on {counted(comparison.n, SPLIT_WORDS[comparison.split] + ' image')}, and how far training runs of one network lie apart.",
        columns,
        rows,
        "Outliers: training runs whose error rate is no better than calling every film by the more frequent class, or more than 5 standard deviations above the network's median; at most: the share of all its training runs that may be outliers, with 95 % confidence. SD: standard deviation of the error rate, in percentage points; by chance: the one that follows from the number of images and the error rate alone.",
    )


def of_pairs(comparison: Comparison) -> list[Table]:
    """The tables of pairs of networks, those that have rows."""
    return [table for table in (pairs(comparison), tests(comparison), needed(comparison)) if table.rows]


def pairs(comparison: Comparison) -> Table:
    """Each pair of networks: the verdict, what it rests on, and the differences."""
    rows = []
    for pair in comparison.pairs:
        over = (
            pair.difference,
            pair.over_patients,
            pair.over_seeds,
            *(rate and rate.difference for rate in (pair.sensitivity, pair.specificity)),
        )
        rows.append(
            [
                Cell(f"{pair.a} minus {pair.b}"),
                Cell(f"{pair.a} is {pair.verdict}" if pair.verdict in sentences.OPPOSITE else pair.verdict),
                Cell(sentences.why(pair, comparison.margins)),
                *[points_cell(figure) for figure in over],
            ]
        )
    titles = ("error rate", "error, over patients alone", "error, over seeds alone", "sensitivity", "specificity")
    columns = [Column("pair"), Column("verdict"), Column("why")]
    columns += [Column(title, True, scale_of(rows, index)) for index, title in enumerate(titles, start=3)]
    all_images, covid, normal = comparison.images_for_equivalence
    note = (
        "The rate of the first network of a pair minus that of the second, in percentage points: the first is better where its error rate is "
        "lower (below 0), or its sensitivity or specificity higher (above 0). Equivalent: the difference lies within "
        f"{sentences.within(comparison.margins)}; to show that takes at least {all_images:,} independent images, {covid:,} of them COVID-19 "
        f"and {normal:,} normal. Over patients alone: for these training runs; over seeds alone: for these patients. The lowest of {len(comparison.networks)} error rates is optimistic, because it was picked as the lowest."
    )
    return Table("pairs", f"{counted(len(rows), 'pair')} of networks, on the same images.", tuple(columns), rows, note, open=False)


def tests(comparison: Comparison) -> Table:
    """Each pair of networks: predictive values, AUC and p-values."""
    rows = []
    for pair in comparison.pairs:
        ps = (pair.p_difference_holm, pair.p_equivalence_holm, pair.p_all_equivalent_holm)
        rows.append(
            [
                Cell(f"{pair.a} minus {pair.b}"),
                *[points_cell(figure) for figure in (pair.ppv, pair.npv)],
                _signed_area(pair.auc_difference),
                *[Cell(p_text(p), p) for p in ps],
                figure_cell(pair.probability_better, 2) if pair.probability_better.n > 1 else Cell(NOTHING),
            ]
        )
    titles = ("PPV, points", "NPV, points", "AUC", "p, difference", "p, equal error", "p, equivalent", "P(better)")
    note = (
        "Differences as above; PPV and NPV in percentage points, at this set's prevalence. p-values, corrected (Holm) over "
        f"{counted(len(rows), 'pair')}: of no difference in error rate; of a difference in error rate beyond the margin; of a difference in any "
        "of the three rates beyond its margin. P(better): the probability that a training run of the first network has a lower error rate than one "
        "of the second; a dash where a network was trained once."
    )
    columns = (Column("pair"), *[Column(title, True) for title in titles])
    return Table("tests", "The pairs' predictive values, AUCs and p-values.", columns, rows, note, open=False)


def needed(comparison: Comparison) -> Table:
    """What would decide each pair that is undecided."""
    rows = []
    for pair in comparison.pairs:
        if found := pair.needed:
            ranges = [_range(each) for each in (found.seeds, found.images, found.images_at_20_seeds)]
            rows.append([Cell(f"{pair.a} minus {pair.b}"), *ranges, number_cell(found.images_for_equivalence)])
    titles = ("seeds per network", "images", "images, at 20 seeds", "images to show equivalence")
    note = (
        "Seeds or images with which the pair would be decided with a power of 80 %, if the true difference were at either end of its 80 % interval. "
        "Images to show equivalence: at 20 seeds, if the two networks were equal; a dash where it cannot be computed."
    )
    columns = (Column("pair"), *[Column(title, True) for title in titles])
    return Table("needed", "What would decide the pairs that are undecided.", columns, rows, note, open=False)


def _signed_area(figure: Figure | None) -> Cell:
    """A difference between areas, with its sign."""
    if figure is None or figure.value is None:
        return Cell(NOTHING)
    value, *ends = (NOTHING if each is None else number_text(each, 3, "+") for each in (figure.value, figure.low, figure.high))
    return Cell(f"{value} [{', '.join(ends)}]" if figure.has_interval else value, figure.value, figure.low, figure.high)


def _range(found: Range | None) -> Cell:
    if found is None:
        return Cell(NOTHING)
    if found.low is None:
        return Cell("no number suffices")
    if found.high is None:
        return Cell(f"{found.low:,} or more", found.low)
    return Cell(f"{found.low:,}" if found.low == found.high else f"{found.low:,} to {found.high:,}", found.low)


def matrix(comparison: Comparison) -> dict:
    """{names, rows}: for each ordered pair of networks the verdict, the difference, and why it is undecided where that surprises; empty texts on the diagonal."""
    names = [network.name for network in comparison.networks]
    cells: dict[tuple[str, str], tuple[str, str, str]] = {}
    for pair in comparison.pairs:
        reason = sentences.why_undecided(pair, len(comparison.pairs))
        cells[pair.a, pair.b] = pair.verdict, points_cell(pair.difference).text, reason
        turned = sentences.OPPOSITE.get(pair.verdict, pair.verdict)
        cells[pair.b, pair.a] = turned, points_cell(pair.difference.negated()).text, reason
    return {"names": names, "rows": [(a, [cells.get((a, b), ("", "", "")) for b in names]) for a in names]}


def resplits(comparison: ResplitComparison) -> Table:
    """Pairs of networks over several splits of the same images."""
    rows = []
    for pair in comparison.pairs:
        figures = [points_cell(figure) for figure in (pair.difference, pair.sensitivity, pair.specificity)]
        ps = [Cell(p_text(p), p) for p in (pair.p_holm, pair.p_equivalence_holm, pair.p_all_equivalent_holm)]
        rows.append([Cell(pair.a), Cell(pair.verdict), Cell(pair.b), *figures, *ps])
    titles = (
        "error, A minus B, percentage points",
        "sensitivity",
        "specificity",
        "p (difference)",
        "p (equivalence in error)",
        "p (equivalence)",
    )
    columns = (Column("A"), Column("is"), Column("B"), *[Column(title, index > 2) for index, title in enumerate(titles)])
    few = "" if len(comparison.runs) >= 5 else " Fewer than five splits decide little."
    caption = (
        f"{len(comparison.runs)} splits of the same images, about {comparison.n_train:.0f} to train on and {comparison.n_test:.0f} in "
        f"{comparison.split}; intervals after Nadeau and Bengio, p after Holm. Equivalent: within {sentences.within(comparison.margins)}.{few}"
    )
    return Table("resplits", caption, columns, rows)
