"""The audits as tables: what knows nothing of lungs, masks, sources, films from elsewhere, controls, attention."""

from cxrkit.report.facts import short
from cxrkit.report.tables.networks import Cell, Column, Table, area, interval, number, scale_of


def _areas(rows, index):
    """The scale of a column of areas: from guessing to perfect, and down to what is worse than guessing."""
    return scale_of(rows, index, 0.5, 1)


def all_of(audits):
    """The tables that audits.json has rows for, in the order of the page."""
    makers = (baselines, masking, sources, elsewhere, attention, controls, not_done)
    return [table for table in (make(audits) for make in makers) if table]


def baselines(audits):
    """What sees less than a network, above the networks themselves."""
    rows = []
    for row in audits.get("baselines") or []:
        held = row.get("held_out") or {}
        rows.append([Cell(row["title"]), area(row), number(row.get("n")), area(held), number(held.get("n")), Cell(row.get("note") or "")])
    for row in audits.get("networks") or []:
        ahead = row.get("advantage")
        note = (
            f"{ahead['auc']:+.3f} [{ahead['interval'][0]:+.3f}, {ahead['interval'][1]:+.3f}] on {ahead['over_title']}"
            if ahead and ahead.get("interval")
            else ""
        )
        seeds = f", mean of {len(row['seeds'])} seeds" if len(row.get("seeds") or ()) > 1 else ""
        rows.append(
            [Cell(short(row["architecture"]) + seeds, tone="network"), Cell(""), Cell(""), area(row), number(row.get("n")), Cell(note)]
        )
    if not rows:
        return None
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


def masking(audits):
    rows = []
    for row in audits.get("masking") or []:
        where = "the centre" if row["mask"] == "centre" else "all but the centre"
        share = Cell(f"{100 * row['share']:.0f} %", row["share"])
        rows.append(
            [
                Cell(f"{short(row['architecture'])}, seed {row['seed']}"),
                Cell(where),
                share,
                area(row),
                number(row.get("n")),
                Cell("trained on such films" if row.get("retrained") else "asked only"),
            ]
        )
    columns = (
        Column("network"),
        Column("blacked out"),
        Column("of the picture", True),
        Column("AUC", True, _areas(rows, 3)),
        Column("n", True),
        Column("how"),
    )
    note = "With the centre black there are no lungs to see. A network that keeps its score then does not need them."
    return Table("masking", "Lungs hidden, and all but the lungs hidden.", columns, rows, note, open=len(rows) <= 24) if rows else None


def sources(audits):
    rows = [
        [Cell(row["title"]), area(row), number(row.get("n")), number(row.get("n_covid")), Cell(row.get("note") or "")]
        for row in audits.get("sources") or []
    ]
    columns = (
        Column("what is told apart"),
        Column("AUC", True, _areas(rows, 1)),
        Column("n", True),
        Column("positive", True),
        Column("note"),
    )
    return (
        Table(
            "sources",
            "Sources told apart, left out, and kept alike.",
            columns,
            rows,
            "Among films of one label the disease is constant: what tells their sources apart there sees no disease.",
        )
        if rows
        else None
    )


def elsewhere(audits):
    rows = []
    for row in audits.get("external") or []:
        found, drop = row.get("metrics") or {}, row.get("drop") or {}
        figures = [interval(found.get(name)) for name in ("auc", "sensitivity", "specificity")]
        error = ((row.get("calibration") or {}).get("before") or {}).get("ece")
        counts = [number(row.get(name)) for name in ("n", "n_covid", "duplicates_removed")]
        rows.append([Cell(row["name"]), Cell(short(row.get("architecture") or "")), *counts, *figures, area(drop), interval(error)])
    columns = [Column("films of"), Column("network"), *[Column(title, True) for title in ("n", "COVID-19", "copies removed")]]
    columns += [Column(title, True, (0, 1)) for title in ("AUC", "sensitivity", "specificity")] + [
        Column("AUC lost", True),
        Column("calibration error", True),
    ]
    return (
        Table(
            "elsewhere",
            "The same networks on films from elsewhere.",
            tuple(columns),
            rows,
            "AUC lost: inside less outside, with its interval. Copies of the study's own films are removed before.",
        )
        if rows
        else None
    )


def attention(audits):
    rows = []
    for row in (audits.get("attention") or {}).get("rows") or []:
        low, high = row.get("interval") or (None, None)
        energy = interval({"value": row.get("energy_in_box"), "low": low, "high": high})
        others = [
            Cell("–" if row.get(key) is None else f"{row[key]:.3f}", row.get(key))
            for key in ("box_area", "randomised_energy", "randomised_correlation")
        ]
        rows.append([Cell(f"{short(row['architecture'])}, seed {row['seed']}"), energy, *others, number(row.get("n"))])
    columns = (
        Column("network"),
        Column("share of attention in the box", True, (0, 1)),
        *[Column(title, True) for title in ("box's share of the picture", "the same, random network", "correlation with it", "n")],
    )
    note = "The box holds the lungs. Attention is worth reading only where its share in the box lies clear of the box's own share, and where the map changes when the network is made random (Adebayo et al. 2018, arXiv 1810.03292)."
    return Table("attention", "Where the networks look.", columns, rows, note) if rows else None


def controls(audits):
    rows = [
        [
            Cell(row["title"]),
            Cell(str(row["expected"])),
            Cell(str(row["found"])),
            Cell("passed" if row["passed"] else "FAILED", tone="" if row["passed"] else "bad"),
        ]
        for row in audits.get("controls") or []
    ]
    columns = (Column("control"), Column("expected"), Column("found"), Column("outcome"))
    return (
        Table("controls", "Controls of the audit itself.", columns, rows, "An audit that fails its own controls says nothing.")
        if rows
        else None
    )


def not_done(audits):
    rows = [[Cell(str(row["part"])), Cell(str(row["reason"]))] for row in audits.get("not_done") or []]
    return Table("not-done", "Parts of the audit that were not done.", (Column("part"), Column("why")), rows) if rows else None


def reasons(audits):
    """What the verdict rests on."""
    rows = []
    for row in (audits.get("verdict") or {}).get("reasons") or []:
        cells = [Cell("–" if row.get(key) is None else f"{row[key]:.3g}", row.get(key)) for key in ("value", "threshold")]
        rows.append([Cell(row["text"]), *cells, Cell(str(row["rule"]).replace("-", " "))])
    columns = (Column("finding"), Column("value", True), Column("held against", True), Column("rule"))
    return Table("reasons", "What the verdict rests on.", columns, rows) if rows else None
