"""Tables of the audit: lungless baselines, masks, sources, attention, controls, and what was not done."""

from collections.abc import Iterable, Sequence

from cxrkit.config import short_name
from cxrkit.report.tables.elsewhere import matched
from cxrkit.schema import Area, Audits
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, scale_of

WITH_NETWORKS = {
    "networks": "the networks' scores",
    "masking": "lungs hidden",
    "external": "films from elsewhere",
    "attention": "where the networks look",
}
"""The parts of an audit that need trained networks, by their field of schema.Audits."""
EVERY_FILM = "all"
"""The `split` of what the audit of a manifest judges; see schema.Judged."""


def all_of(audits: Audits | None) -> list[Table]:
    """The tables that an audit has rows for, in the order of the page; those of tables/elsewhere.py stand before them."""
    if audits is None:
        return []
    makers = (baselines, masking, sources, matched, attention, controls, not_done)
    return [table for table in (make(audits) for make in makers) if table.rows]


def _area(area: Area | None) -> list[Cell]:
    """An area and its number of films."""
    return [figure_cell(area.auc), number_cell(area.auc.n)] if area else [Cell(NOTHING), Cell(NOTHING)]


def _areas(rows: Iterable[Sequence[Cell]], index: int) -> tuple[float, float] | None:
    """The scale of a column of areas: from guessing to perfect, and down to what is worse than guessing."""
    return scale_of(rows, index, 0.5, 1)


def baselines(audits: Audits) -> Table:
    """What sees less than a network, above the networks themselves."""
    rows = [[Cell(row.title), *_area(row.area), *_area(row.held_out), Cell(row.note)] for row in audits.baselines]
    for row in audits.networks or []:
        note = ""
        if row.advantage:
            ahead = row.advantage.difference
            note = f"{ahead.value:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}] on {row.advantage.over_title}"
        seeds = f", mean of {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
        rows.append([Cell(short_name(row.architecture) + seeds, tone="network"), Cell(""), Cell(""), *_area(row.area), Cell(note)])
    columns = (
        Column("COVID-19 told from normal by"),
        Column("AUC, all films", True, _areas(rows, 1)),
        Column("n", True),
        Column("AUC, held out", True, _areas(rows, 3)),
        Column("n held out", True),
        Column("note"),
    )
    note = "An AUC of 1 separates the classes, 0.5 is guessing. All films: each judged by a model that did not see its patient. A network that does not stand clear of the rows above it has shown nothing about lungs."
    return Table("baselines", "What knows nothing of lungs, or little, above the networks.", columns, rows, note)


def masking(audits: Audits) -> Table:
    rows = [
        [
            Cell(f"{short_name(row.architecture)}, seed {row.seed}"),
            Cell("the centre" if row.mask == "centre" else "all but the centre"),
            Cell(f"{100 * row.share:.0f} %", row.share),
            *_area(row.area),
            Cell("trained on such films" if row.retrained else "asked only"),
        ]
        for row in audits.masking or []
    ]
    columns = (
        Column("network"),
        Column("blacked out"),
        Column("of the picture", True),
        Column("AUC", True, _areas(rows, 3)),
        Column("n", True),
        Column("how"),
    )
    note = "With the centre black there are no lungs to see. A network that keeps its score then does not need them."
    return Table("masking", "Lungs hidden, and all but the lungs hidden.", columns, rows, note, open=len(rows) <= 24)


def sources(audits: Audits) -> Table:
    rows = [[Cell(row.title), *_area(row.area), number_cell(row.area.positives), Cell(row.note)] for row in audits.sources]
    columns = (
        Column("what is told apart"),
        Column("AUC", True, _areas(rows, 1)),
        Column("n", True),
        Column("positive", True),
        Column("note"),
    )
    note = "Among films of one label the disease is constant: what tells their sources apart there sees no disease."
    return Table("sources", "Sources told apart, left out, and kept alike.", columns, rows, note)


def attention(audits: Audits) -> Table:
    rows = []
    for row in audits.attention.rows if audits.attention else []:
        others = (row.box_area, row.randomised_energy, row.randomised_correlation)
        cells = [number_cell(value, "" if value is None else f"{value:.3f}") for value in others]
        name = f"{short_name(row.architecture)}, seed {row.seed}"
        rows.append([Cell(name), figure_cell(row.energy_in_box), *cells, number_cell(row.energy_in_box.n)])
    titles = ("box's share of the picture", "the same, random network", "correlation with it", "n")
    columns = (Column("network"), Column("share of attention in the box", True, (0, 1)), *[Column(title, True) for title in titles])
    note = "The box holds the lungs. Attention is worth reading only where its share in the box lies clear of the box's own share, and where the map changes when the network is made random (Adebayo et al. 2018, arXiv 1810.03292)."
    return Table("attention", "Where the networks look.", columns, rows, note)


def controls(audits: Audits) -> Table:
    rows = [
        [
            Cell(row.title),
            Cell(row.expected),
            Cell(row.found),
            Cell("passed" if row.passed else "FAILED", tone="" if row.passed else "bad"),
        ]
        for row in audits.controls
    ]
    columns = (Column("control"), Column("expected"), Column("found"), Column("outcome"))
    return Table("controls", "Controls of the audit itself.", columns, rows, "An audit that fails its own controls says nothing.")


def not_done(audits: Audits) -> Table:
    """What the audit does not say, and why: a part that was not done (None) is told from one that has nothing to show ([])."""
    rows = [[Cell(row.part), Cell(row.reason)] for row in audits.not_done]
    reason = "not asked for, or not possible for a reason above" if rows else "not asked for"
    if audits.counts.judged.split == EVERY_FILM:
        rows.append([Cell("what asks networks"), Cell("a manifest has none")])
    else:
        rows += [[Cell(title), Cell(reason)] for field, title in WITH_NETWORKS.items() if getattr(audits, field) is None]
    rows += [
        [Cell(title), Cell("done; there is nothing to show")] for field, title in WITH_NETWORKS.items() if getattr(audits, field) == []
    ]
    return Table("not-done", "Parts of the audit that were not done, or have nothing to show.", (Column("part"), Column("why")), rows)


def reasons(audits: Audits | None) -> Table:
    """What the verdict rests on."""
    rows = []
    for row in audits.verdict.reasons if audits else []:
        cells = [number_cell(value, "" if value is None else f"{value:.3g}") for value in (row.value, row.threshold)]
        rows.append([Cell(row.text), *cells, Cell(row.rule.replace("-", " "))])
    columns = (Column("finding"), Column("value", True), Column("held against", True), Column("rule"))
    return Table("reasons", "What the verdict rests on.", columns, rows)
