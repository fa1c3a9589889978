"""Tables of the comparison: how far runs of a network lie apart, each pair of networks, and pairs over resplits."""

from cxrkit.data.records import SPLIT_WORDS
from cxrkit.progress import counted
from cxrkit.report import sentences
from cxrkit.schema import Comparison, Range, ResplitComparison
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, p_text, points_cell, scale_of


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
        Column("outlying", True),
        Column("outlying, at most", True),
        Column("SD over seeds, percentage points", True),
        Column("SD by chance", True),
        Column("reading"),
    )
    return Table(
        "networks",
        f"Error on {counted(comparison.n, SPLIT_WORDS[comparison.split] + ' image')}, and how far runs of one network lie apart.",
        columns,
        rows,
        "Outlying: trainings whose error rate is no better than calling every film by the more frequent class, or more than 5 standard deviations above the network's median; at most: the share of all its trainings, with 95 % confidence. SD by chance: the standard deviation that the number of images and the error rate bring with them.",
    )


def pairs(comparison: Comparison) -> Table:
    """Each pair of networks, and what the verdict rests on."""
    rows = []
    for pair in comparison.pairs:
        needed = pair.needed
        ranges = (needed.seeds, needed.images, needed.images_at_20_seeds) if needed else (None,) * 3
        rows.append(
            [
                Cell(f"{pair.a} minus {pair.b}"),
                Cell(f"{pair.a} is {pair.verdict}" if pair.verdict in sentences.OPPOSITE else pair.verdict),
                Cell(sentences.why(pair, comparison.margins)),
                *[points_cell(figure) for figure in (pair.difference, pair.over_patients, pair.over_seeds)],
                *[points_cell(rate and rate.difference) for rate in (pair.sensitivity, pair.specificity)],
                *[points_cell(figure) for figure in (pair.ppv, pair.npv)],
                figure_cell(pair.auc_difference),
                *[Cell(p_text(p), p) for p in (pair.p_difference_holm, pair.p_equivalence_holm, pair.p_all_equivalent_holm)],
                figure_cell(pair.probability_better, 2) if pair.probability_better.n > 1 else Cell(NOTHING),
                *[_range(found) for found in ranges],
                number_cell(needed.images_for_equivalence if needed else None),
            ]
        )
    titles = ("error rate, percentage points", "over patients", "over seeds", "sensitivity", "specificity", "PPV", "NPV", "AUC")
    columns = [Column("pair"), Column("verdict"), Column("why")]
    columns += [Column(title, True, scale_of(rows, index)) for index, title in enumerate(titles, start=2)]
    titles = (
        "p (difference)",
        "p (equivalence in error)",
        "p (equivalence)",
        "P(better)",
        "seeds",
        "images",
        "images at 20 seeds",
        "images for equivalence",
    )
    columns += [Column(title, True) for title in titles]
    all_images, covid, normal = comparison.images_for_equivalence
    note = (
        "The first of a pair minus the second, in percentage points but for AUC: below 0 of error, and above 0 of all else, the first is "
        f"better. p after Holm over {counted(len(rows), 'pair')}. Equivalent: within {sentences.within(comparison.margins)}, which fewer than {all_images} "
        f"independent images, {covid} of them COVID-19 and {normal} normal, cannot show. PPV, NPV: predictive values at this set's "
        "prevalence. P(better): how likely a run of the first errs less than a run of the second. Seeds, images: how many of them would "
        "decide the pair with power 80 %, were the true difference at either end of its 80 % interval; of pairs that are undecided with "
        "several seeds of each network. Images for equivalence: at 20 seeds, were the two equal. "
        f"The lowest of {len(comparison.networks)} error rates flatters its network, for it was picked as the lowest."
    )
    return Table("pairs", f"{counted(len(rows), 'pair')} of networks, on the same images.", tuple(columns), rows, note, open=False)


def _range(found: Range | None) -> Cell:
    if found is None:
        return Cell(NOTHING)
    low, high = ("no number" if end is None else f"{end:,}" for end in (found.low, found.high))
    return Cell(low if low == high else f"{low} to {high}", found.low)


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
