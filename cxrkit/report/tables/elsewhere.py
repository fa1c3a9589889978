"""Tables of what a score is worth beyond its own films: internal and external films, by subgroup, and with view, age and sex held fixed."""

from collections.abc import Sequence

from cxrkit.audit.subgroups import FEWEST_PATIENTS, GROUP_OF
from cxrkit.config import short_name
from cxrkit.data import matching
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.schema import Audits, ExternalRow, GroupScore
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, number_text

MOST_OPEN = 24
"""Rows of a table that stands open."""
INTERNAL = "internal: held out"
RATES = ("sensitivity", "specificity", "auc")


def all_of(audits: Audits | None) -> list[Table]:
    """The tables of external films that an audit has rows for."""
    if audits is None:
        return []
    return [table for table in (inside_and_elsewhere(audits), subgroups(audits)) if table.rows]


def sentences(audits: Audits | None) -> list[str]:
    """A sentence for each external set: what each network keeps there."""
    rows = (audits.external or []) if audits else []
    told = []
    for name in dict.fromkeys(row.name for row in rows):
        of_name = [row for row in rows if row.name == name]
        one = of_name[0]
        films = f"{name}: {counted(one.n, 'film')} of {counted(one.patients, 'patient')}, {one.positives:,} of them COVID-19"
        copies = (
            f"; {counted(one.copies_removed, 'copy', 'copies')} of the run's own films removed beforehand" if one.copies_removed else ""
        )
        drawn = f"; a sample by patient of {one.sampled_from:,}" if one.sampled_from else ""
        told.append(f"{films}{drawn}{copies}. {' '.join(map(_kept, of_name))}{_marked(one)}")
    return told


def _marked(row: ExternalRow) -> str:
    """How many films of a set are no ground for a call, before any network is asked."""
    share = row.outside
    if share is None or not share.known:
        return ""
    between = f" [{100 * share.low:.0f}, {100 * share.high:.0f}]" if share.has_interval else ""
    return f" By their picture alone {100 * share.value:.0f} %{between} of these films are OUTSIDE what the networks were trained on."


def _kept(row: ExternalRow) -> str:
    """One network inside and elsewhere; where one class alone is there, by the rate that it allows."""
    name = short_name(row.architecture)
    if row.external.auc.known:
        figures, what = (row.internal.auc, row.external.auc, row.drop.auc), "AUC"
    elif row.positives:
        figures, what = (row.internal.rates.sensitivity, row.external.rates.sensitivity, row.drop.sensitivity), "sensitivity"
    else:
        figures, what = (row.internal.rates.specificity, row.external.rates.specificity, row.drop.specificity), "specificity"
    inside, outside, lost = (number_text(figure.value, 3) if figure.known else "not known" for figure in figures)
    drop = figures[2]
    between = f" (internal minus external: {lost} [{number_text(drop.low, 3)} to {number_text(drop.high, 3)}])" if drop.has_interval else ""
    return f"{name} has {'an AUC' if what == 'AUC' else 'a ' + what} of {inside} on internal films and {outside} on external ones{between}."


def inside_and_elsewhere(audits: Audits) -> Table:
    """Each network on the run's own held-out films, then on each set from elsewhere, and what is lost."""
    rows: list[list[Cell]] = []
    external, judged = audits.external or [], audits.counts.judged
    for architecture in dict.fromkeys(row.architecture for row in external):
        of_network, name = [row for row in external if row.architecture == architecture], short_name(architecture)
        inside, counts = of_network[0].internal, [number_cell(judged.covid + judged.normal), number_cell(judged.covid)]
        rows.append([Cell(f"{name}, {INTERNAL}", tone="network"), *_figures(inside.auc, inside.rates, inside.ece), *counts])
        for row in of_network:
            side, drop, counts = row.external, row.drop, [number_cell(row.n), number_cell(row.positives)]
            rows.append([Cell(f"{name}, {row.name}"), *_figures(side.auc, side.rates, side.ece), *counts])
            lost = [_signed(figure) for figure in (drop.auc, drop.sensitivity, drop.specificity, drop.ece)]
            rows.append([Cell(f"{name}, internal minus {row.name}"), *lost, Cell(""), Cell("")])
            if drop.within is not None:
                fixed = Cell(f"{name}, internal minus {row.name} with the source held fixed")
                rows.append([fixed, _signed(drop.within), *[Cell(NOTHING)] * 3, Cell(""), Cell("")])
    for published in (audits.published or []) if external else []:
        counts = [number_cell(published.area.auc.n), number_cell(published.area.positives)]
        rows.append([Cell(f"a published chest model, {published.films}"), figure_cell(published.area.auc), *[Cell(NOTHING)] * 3, *counts])
    rates = [Column(title, True, (0.0, 1.0)) for title in ("AUC", "sensitivity", "specificity", "calibration error")]
    columns = (Column("network, films"), *rates, Column("n", True), Column("COVID-19", True))
    note = (
        "Scores are of the mean probability over a network's seeds; differences have 95 % intervals. A calibration error with a difference below 0 is greater on the external films; "
        "it depends on the share of COVID-19 films. Copies of the run's films, and views that the run left out, are removed beforehand. "
        "A score that holds does not prove that the network sees disease; one that falls rested in part on something else, or the external patients are less ill."
    )
    return Table("elsewhere", "Each network on internal and on external films, and the difference.", columns, rows, note)


def _figures(auc: Figure, rates, ece: Figure | None) -> list[Cell]:
    return [figure_cell(figure) for figure in (auc, rates.sensitivity, rates.specificity, ece)]


def _signed(figure: Figure | None) -> Cell:
    """A difference, with its sign and no place on a scale from 0 to 1."""
    if figure is None or figure.value is None:
        return Cell(NOTHING)
    value, *ends = ("" if number is None else number_text(number, 3, "+") for number in (figure.value, figure.low, figure.high))
    return Cell(f"{value} [{', '.join(ends)}]" if figure.has_interval else value, low=figure.low, high=figure.high)


def subgroups(audits: Audits) -> Table:
    """A row for each network, set and group, elsewhere beside inside."""
    rows, external = [], audits.external or []
    for row in external:
        for group in row.subgroups:
            sides = (group.external, group.internal)
            cells = [_group_cell(side, name) for name in RATES for side in sides]
            cells += [_signed(side.mean_calibration) for side in sides]
            cells += [number_cell(getattr(side, count)) for count in ("covid_patients", "normal_patients") for side in sides]
            rows.append([Cell(f"{short_name(row.architecture)}, {row.name}, {group.by}: {group.group}"), *cells])
    places = ("external", "internal")
    titles = [Column(f"{name} {place}", True, (0.0, 1.0)) for name in ("sensitivity", "specificity", "AUC") for place in places]
    titles += [Column(f"mean calibration {place}", True) for place in places]
    titles += [Column(f"{name} patients {place}", True) for name in ("COVID-19", "normal") for place in places]
    absent = [by for by in GROUP_OF if external and not any(group.by == by for row in external for group in row.subgroups)]
    note = (
        f"Too few: under {FEWEST_PATIENTS} patients of a class; a dash: none, or not defined there. The AUC of a grade of severity compares its films with all normal films. Mean calibration: the mean probability minus the share of COVID-19 films, 0 at best; it moves with that share; of a grade of severity, of its films alone. Of many groups "
        "some look bad by chance: read the intervals." + (f" Known for no external film: {', '.join(absent)}." if absent else "")
    )
    columns = [Column("network, films, group"), *titles]
    # a column that says nothing in any row is left out
    told = [i for i in range(len(columns)) if not i or any(row[i].low is not None or row[i].value for row in rows)]
    rows, columns = [[row[index] for index in told] for row in rows], [columns[index] for index in told]
    return Table("subgroups", "What changed by group of patients.", tuple(columns), rows, note, open=len(rows) <= MOST_OPEN)


def _group_cell(side: GroupScore, name: str) -> Cell:
    figure = getattr(side, name)
    patients = {"sensitivity": side.covid_patients, "specificity": side.normal_patients}
    some = patients.get(name, min(patients.values()))
    return figure_cell(figure) if figure.known else Cell("too few" if some and "too few" in figure.method else NOTHING)


def matched(audits: Audits) -> Table:
    """Each network on all held-out films, and on pairs of them that are alike."""
    rows = []
    for row in audits.matched or []:
        few = [Cell("too few pairs"), Cell(NOTHING)] if not row.matched.auc.known else [figure_cell(row.matched.auc), _signed(row.fall)]
        lost = [Cell(_causes(each)) for each in (row.lost_covid, row.lost_normal)]
        name = Cell(f"{short_name(row.architecture)}, {matching.words(row.by, row.caliper)}")
        rows.append([name, figure_cell(row.all_films.auc), *few, number_cell(row.pairs), *lost])
    n = audits.counts.judged
    columns = (
        Column("network, alike in"),
        Column("AUC, all films", True, (0.0, 1.0)),
        Column("AUC, matched", True, (0.0, 1.0)),
        Column("all minus matched", True),
        Column("pairs", True),
        Column("COVID-19 films in no pair"),
        Column("normal films in no pair"),
    )
    note = (
        "Pairs of a COVID-19 and a normal film, one film per patient, that are alike in what the row names: as many as there can be. "
        "A score that falls there may have rested on that difference. To train on such pairs alone: --match view age sex."
    )
    caption = f"The same networks with view, age and sex held fixed, on {n.covid + n.normal:,} held-out films."
    return Table("matched", caption, columns, rows, note, open=len(rows) <= MOST_OPEN)


def _causes(lost: dict[str, int]) -> str:
    """Causes and counts, the commonest first."""
    told: Sequence[tuple[str, int]] = sorted(lost.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{cause} ({count})" for cause, count in told) or "none"
