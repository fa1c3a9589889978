"""Table of the conformal sets for single films: what they promise, what they hold, and whether the promise was kept."""

from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation.conformal import ClassLimit, PredictionSets
from cxrkit.report.tables.thresholds import judged
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, scale_of


def prediction_sets(results: Results) -> Table:
    """The sets of each network, or how many patients of validation they would need."""
    found = [(name, score.prediction_sets) for name, score in judged(results) if score.prediction_sets]
    rows = []
    for name, sets in found:
        ends = [_limit(sets.covid), _limit(sets.normal)]
        films = [number_cell(sets.films.get(held, 0)) if sets.films else Cell(NOTHING) for held in ("COVID-19", "normal", "both", "none")]
        rows.append([Cell(name), *ends, *films, figure_cell(sets.covid.covered), figure_cell(sets.normal.covered)])
    titles = ("COVID-19 alone", "normal alone", "undecided", "neither")
    columns = [Column("network"), Column("COVID-19 from", True), Column("normal up to", True), *[Column(title, True) for title in titles]]
    columns += [Column(f"covered, {name}", True, scale_of(rows, 7 + index, ceiling=1)) for index, name in enumerate(("COVID-19", "normal"))]
    if not found:
        return Table("sets", "", tuple(columns), [])
    sets, split = found[0][1], SPLIT_WORDS[results.metrics.held_out]
    caption = f"Sets of classes for single films, each to hold the true class with {100 * sets.wanted:g} %: {results.comparison.n} {split} images."
    return Table("sets", caption, tuple(columns), rows, _note(sets, split))


def _limit(limit: ClassLimit) -> Cell:
    return Cell(f"{limit.limit:.3f}", limit.limit) if limit.limit is not None else Cell(f"{limit.patients} of {limit.least} patients")


def _note(sets: PredictionSets, split: str) -> str:
    limits = (("COVID-19", sets.covid), ("normal", sets.normal))
    few = [f"{limit.least} {name} patients in validation, and there are {limit.patients}" for name, limit in limits if limit.limit is None]
    if few:
        return f"No sets: the coverage takes at least {' and '.join(few)}."
    spread = " and ".join(
        f"{limit.promised.low:.2f} to {limit.promised.high:.2f} for {name} ({limit.patients} patients)" for name, limit in limits
    )
    checked = (
        "Nothing is checked here: these are the films that the sets were calibrated on."
        if sets.same_images
        else f"Covered: the share of the {split} patients of the class all of whose films have a set that holds it, Wilson 95 %."
    )
    return (
        "A set holds COVID-19 from one probability on, and normal up to another: undecided is both, neither is a film that is not among the "
        f"{100 * sets.wanted:g} % most typical of either class. Split conformal, by patients of validation (Angelopoulos and Bates 2021). The promise holds on average over "
        f"validation splits; with one like this the coverage of new patients lies from {spread}, in 95 of 100 such splits, and not at all "
        f"for films of another kind. {checked}"
    )
