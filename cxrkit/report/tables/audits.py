"""Tables of the audit: what was asked and found, part by part, and what was not done."""

from collections.abc import Iterable, Sequence

from cxrkit.audit import headlines
from cxrkit.audit.conclusions import PARTS
from cxrkit.audit.evidence import EVERY_FILM, HELD_OUT
from cxrkit.config import short_name
from cxrkit.progress import counted
from cxrkit.report.tables.elsewhere import matched
from cxrkit.schema import Area, Audits, PublishedRow
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, number_text, scale_of


def all_of(audits: Audits | None) -> list[Table]:
    """The tables that an audit has rows for, in the order of the page; those of tables/elsewhere.py stand before them."""
    if audits is None:
        return []
    makers = (requirements, baselines, held_fixed, masking, sources, matched, attention, stability, controls, parts, not_done)
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
            value, low, high = (number_text(each, 3, "+") for each in (ahead.value, ahead.low, ahead.high))
            note = f"AUC {value} [{low}, {high}] against {row.advantage.over_title}"
        seeds = f", mean of {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
        rows.append([Cell(short_name(row.architecture) + seeds, tone="network"), Cell(""), Cell(""), *_area(row.area), Cell(note)])
    asked = [row for row in audits.published or [] if row.films == HELD_OUT]
    for other in asked:
        rows.append([Cell(f"a published chest model ({other.model})"), Cell(""), Cell(""), *_area(other.area), Cell(_told(other))])
    columns = (
        Column("COVID-19 separated from normal by"),
        Column("AUC, all films", True, _areas(rows, 1)),
        Column("n", True),
        Column("AUC, held out", True, _areas(rows, 3)),
        Column("n held out", True),
        Column("note"),
    )
    note = "An AUC of 1 separates the classes, 0.5 is guessing. All films: each judged by a model that did not see its patient. A network that does not stand clear of the rows above it has shown nothing about lungs."
    if asked:
        note += f" {PUBLISHED} {asked[0].credit}; file {asked[0].file}, SHA-256 {asked[0].sha256}."
    return Table("baselines", "What works without seeing the lungs, or with a thumbnail of them, above the networks.", columns, rows, note)


PUBLISHED = (
    "The published model stands below the networks: it sees lungs, was trained by others for other findings, and had nothing fitted on "
    "these films. The verdict does not rest on it."
)


def _told(row: PublishedRow) -> str:
    """What a published model was asked, and of how many films its score is not held out."""
    said = [f"the greatest of {', '.join(row.findings)}, each against its operating point"]
    if row.n_seen:
        said.append(f"{counted(row.n_seen, 'film')} may be of its own training ({', '.join(row.seen)}): not held out for it")
    if row.as_published is False:
        said.append("the weights are not the file as published")
    return "; ".join(said)


def masking(audits: Audits) -> Table:
    rows = [
        [
            Cell(f"{short_name(row.architecture)}, seed {row.seed}"),
            Cell("the centre" if row.mask == "centre" else "all but the centre"),
            Cell(f"{100 * row.share:.0f} %", row.share),
            *_area(row.area),
            Cell("trained on such films" if row.retrained else "trained on whole films"),
        ]
        for row in audits.masking or []
    ]
    columns = (
        Column("network"),
        Column("blacked out"),
        Column("share of the picture", True),
        Column("AUC", True, _areas(rows, 3)),
        Column("n", True),
        Column("how"),
    )
    note = "With the centre black there are no lungs to see. A network that keeps its score then does not need the lungs."
    return Table("masking", "Lungs blacked out, and all but the lungs blacked out.", columns, rows, note, open=len(rows) <= 24)


def sources(audits: Audits) -> Table:
    rows = [[Cell(row.title), *_area(row.area), number_cell(row.area.positives), Cell(row.note)] for row in audits.sources]
    columns = (
        Column("what is separated"),
        Column("AUC", True, _areas(rows, 1)),
        Column("n", True),
        Column("positives", True),
        Column("note"),
    )
    note = "Among films of one label the disease is constant: what tells their sources apart there sees no disease. That is no verdict by itself, for films of two hospitals look different to any network: what counts is how far a network's score falls with the source held fixed."
    return Table("sources", "Sources separated, left out, and held fixed.", columns, rows, note)


def attention(audits: Audits) -> Table:
    rows = []
    for row in audits.attention.rows if audits.attention else []:
        others = (row.box_area, row.randomised_energy, row.randomised_correlation)
        cells = [number_cell(value, "" if value is None else f"{value:.3f}") for value in others]
        name = f"{short_name(row.architecture)}, seed {row.seed}"
        rows.append([Cell(name), figure_cell(row.energy_in_box), *cells, number_cell(row.energy_in_box.n)])
    titles = ("box's share of the picture", "the same with random weights", "correlation of the maps", "n")
    columns = (Column("network"), Column("share of attention in the box", True, (0, 1)), *[Column(title, True) for title in titles])
    note = "The box holds the lungs. Attention is worth reading only where its share in the box lies clear of the box's own share, and where the map changes when the network is made random (Adebayo et al. 2018, arXiv 1810.03292)."
    return Table("attention", "Where the networks look.", columns, rows, note)


def stability(audits: Audits) -> Table:
    rows = []
    for row in audits.stability or []:
        change, share = max(row.changes.items(), key=lambda item: item[1].value)
        spread = "" if row.spread is None else f"{row.spread:.3f}"
        rows.append(
            [
                Cell(short_name(row.architecture) + (f", mean of {row.seeds} seeds" if row.seeds > 1 else "")),
                *[figure_cell(figure) for figure in (row.unstable, row.crossing)],
                number_cell(row.unstable.n),
                number_cell(row.spread, spread),
                Cell(f"{change}: {100 * share.value:.1f} %" if share.value else NOTHING),
            ]
        )
    columns = (
        Column("network"),
        Column("unstable calls", True, (0, 1)),
        Column("across the threshold", True, (0, 1)),
        Column("n", True),
        Column("spread of seeds", True),
        Column("largest effect"),
    )
    note = "Each film is moved, cropped, padded, blurred slightly and mirrored, which changes no diagnosis. A call is unstable where its probability then crosses the threshold, or moves farther than the seeds lie apart."
    return Table("stability", "Held-out films whose call changes under small changes that change no diagnosis.", columns, rows, note)


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


def held_fixed(audits: Audits) -> Table:
    rows = [
        [
            Cell(short_name(row.architecture)),
            Cell(f"the {row.fixed}"),
            figure_cell(row.within.auc),
            figure_cell(row.same_films),
            figure_cell(row.whole),
            figure_cell(row.fall),
            *[number_cell(value) for value in (row.within.auc.n, row.within.positives, row.without_partner, row.not_known)],
        ]
        for row in audits.held_fixed or []
    ]
    areas = ("AUC within", "AUC of the same films", "AUC of all films")
    counts = ("n", "COVID-19", "without a partner", "not known")
    columns = [Column("network"), Column("held fixed")]
    columns += [Column(title, True, _areas(rows, 2 + index)) for index, title in enumerate(areas)]
    columns += [Column(title, True) for title in ("loss", *counts)]
    note = "Within: a film is compared with films of its own source, or of its own band of ten years of age, only. Loss: the AUC of all films minus that within. Without a partner: films with none of the other class in their source or age band."
    return Table("held-fixed", "Source and age held fixed.", tuple(columns), rows, note)


def requirements(audits: Audits) -> Table:
    """What a supported claim needs, and what of it is met."""
    rows = [
        [Cell(row.text), Cell(row.found), Cell("met" if row.met else "not met", tone="" if row.met else "bad")]
        for row in audits.verdict.requirements
    ]
    note = (
        "All of these must be met, and nothing may speak against the scores. Where an interval is judged, its less favourable end counts."
    )
    return Table("requirements", "What a supported claim needs.", (Column("asked"), Column("found"), Column("outcome")), rows, note)


def parts(audits: Audits) -> Table:
    """What the audit consists of, part by part, and what does a part that was not done."""
    rows = []
    for row in audits.parts:
        state = "done in part" if row.partly else row.state
        state += ", kept from an earlier audit" if row.kept and state.startswith("done") else ""
        rows.append([Cell(PARTS[row.part].title), Cell(state), Cell(row.why), Cell(row.command)])
    columns = (Column("part"), Column("state"), Column("why"), Column("command"))
    return Table("parts", "What was done, and what was not.", columns, rows)


def not_done(audits: Audits) -> Table:
    """What failed or was left out within the parts, and why."""
    rows = [[Cell(row.part), Cell(row.reason)] for row in audits.not_done]
    if audits.counts.judged.split == EVERY_FILM:
        rows.append([Cell("what asks networks"), Cell("a manifest has none")])
    return Table("not-done", "What could not be done, or was left out.", (Column("what"), Column("why")), rows)


def reasons(audits: Audits | None) -> Table:
    """What the verdict rests on."""
    rows = []
    for row in headlines.ordered(audits.verdict) if audits else []:
        cells = [number_cell(value, "" if value is None else f"{round(value, 3):g}") for value in (row.value, row.threshold)]
        rows.append([Cell(row.text), Cell(row.measure or NOTHING), *cells, Cell(row.rule.replace("-", " "))])
    columns = (Column("finding"), Column("measured"), Column("value", True), Column("threshold", True), Column("rule"))
    return Table("reasons", "What the verdict rests on, with each value and its threshold.", columns, rows, open=False)
