"""Tables of the comparison: how far runs of a network lie apart, each pair of networks, and pairs over resplits."""

from cxrkit.data.records import SPLIT_WORDS
from cxrkit.report import sentences
from cxrkit.schema import Comparison, Needed, ResplitComparison
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, p_text, points_cell, scale_of

OPPOSITE = {"better": "worse", "worse": "better"}


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
                Cell(sd, spread.observed.value),
                Cell(predicted, spread.predicted),
                Cell(spread.reading),
            ]
        )
    columns = (
        Column("network"),
        Column("seeds", True),
        Column("mean error rate", True, scale_of(rows, 2, floor=0)),
        Column("sd of runs, points", True),
        Column("chance alone", True),
        Column("reading"),
    )
    return Table(
        "networks",
        f"Error on {comparison.n} {SPLIT_WORDS[comparison.split]} images, and how far runs of one network lie apart.",
        columns,
        rows,
        "Chance alone: the standard deviation that the number of images and the error rate bring with them.",
    )


def pairs(comparison: Comparison) -> Table:
    """Each pair of networks, and what the verdict rests on."""
    rows = []
    for pair in comparison.pairs:
        needed = pair.needed or Needed(None, None, None)
        rows.append(
            [
                Cell(f"{pair.a} minus {pair.b}"),
                Cell(f"{pair.a} is {pair.verdict}" if pair.verdict in OPPOSITE else pair.verdict),
                *[points_cell(figure) for figure in (pair.difference, pair.over_patients, pair.over_seeds)],
                figure_cell(pair.auc_difference),
                *[Cell(p_text(p), p) for p in (pair.p_difference_holm, pair.p_equivalence_holm)],
                figure_cell(pair.probability_better, 2) if pair.probability_better.n > 1 else Cell(NOTHING),
                *[number_cell(value) for value in (needed.seeds, needed.images, needed.images_at_20_seeds)],
                Cell(sentences.why(pair, comparison.margin)),
            ]
        )
    scales = [scale_of(rows, index) for index in (2, 3, 4, 5)]
    columns = [Column("pair"), Column("verdict")]
    columns += [Column(title, True, scale) for title, scale in zip(("error, points", "over patients", "over seeds", "AUC"), scales)]
    columns += [Column(title, True) for title in ("p differ", "p alike", "P(better)", "seeds", "images", "images at 20 seeds")] + [
        Column("why")
    ]
    note = (
        f"Below 0 the first of a pair errs less. p after Holm over {len(rows)} pairs. Equivalent: within {sentences.points(comparison.margin)} of error, which fewer than "
        f"{comparison.images_for_equivalence} independent images cannot show. P(better): how likely a run of the first errs less than a run of the second. Seeds, images: how many of them would decide the difference seen, with power 80 %; a dash where no number would, or where it is decided."
    )
    return Table("pairs", f"{len(rows)} pairs of networks, on the same images.", tuple(columns), rows, note, open=False)


def matrix(comparison: Comparison) -> dict:
    """{names, rows}: for each ordered pair of networks the verdict and the difference; empty texts on the diagonal."""
    names = [network.name for network in comparison.networks]
    cells: dict[tuple[str, str], tuple[str, str]] = {}
    for pair in comparison.pairs:
        cells[pair.a, pair.b] = pair.verdict, points_cell(pair.difference).text
        cells[pair.b, pair.a] = OPPOSITE.get(pair.verdict, pair.verdict), points_cell(pair.difference.negated()).text
    return {"names": names, "rows": [(a, [cells.get((a, b), ("", "")) for b in names]) for a in names]}


def resplits(comparison: ResplitComparison) -> Table:
    """Pairs of networks over several splits of the same images."""
    rows = [
        [Cell(pair.a), Cell(pair.verdict), Cell(pair.b), points_cell(pair.difference), Cell(p_text(pair.p_holm), pair.p_holm)]
        for pair in comparison.pairs
    ]
    columns = (Column("A"), Column("is"), Column("B"), Column("points of error, A minus B"), Column("p differ", True))
    caption = (
        f"{len(comparison.runs)} splits of the same images, about {comparison.n_train:.0f} to train on and {comparison.n_test:.0f} in "
        f"{comparison.split}; intervals after Nadeau and Bengio, p after Holm."
    )
    return Table("resplits", caption, columns, rows)
