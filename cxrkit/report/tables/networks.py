"""The report's tables as values, so that the page and its text twin show the same ones."""

from dataclasses import dataclass

from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.scoring import figure_text
from cxrkit.report.facts import SPLIT_WORDS, short

RATES = (("error_rate", "error rate", 4), ("sensitivity", "sensitivity", 3), ("specificity", "specificity", 3))


@dataclass(frozen=True)
class Cell:
    """One cell. text: what is shown; value: what it is sorted by; low, high: the interval that is drawn; url: where it leads."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """title; number: aligned to the right; scale: (from, to) of the dots and whiskers, None where there are none."""

    title: str
    number: bool = False
    scale: tuple | None = None


@dataclass(frozen=True)
class Table:
    """caption: what it shows, with n; note: what to know for reading it; the first cell of a row names the row."""

    name: str
    caption: str
    columns: tuple
    rows: list
    note: str = ""
    open: bool = True


def interval(figure, digits=3):
    """A figure of metrics.json as a Cell, with its interval."""
    if figure is None or figure["value"] is None:
        return Cell("–")
    return Cell(figure_text(figure, digits), figure["value"], figure["low"], figure["high"])


def area(row):
    """An area of audits.json as a Cell."""
    if not row or row.get("auc") is None:
        return Cell("–")
    low, high = row.get("interval") or (None, None)
    return interval({"value": row["auc"], "low": low, "high": high})


def number(value, text=None):
    return Cell("–" if value is None else text or f"{value:,}", value)


def count_text(count):
    """A count, or a mean of counts with up to two decimals."""
    return f"{count:.2f}".rstrip("0").rstrip(".")


def points(figure):
    """A difference in error rate in points, with its interval."""
    if figure is None or figure["value"] is None:
        return Cell("–")
    value, low, high = (None if figure[key] is None else round(100 * figure[key], 2) + 0.0 for key in ("value", "low", "high"))
    text = f"{value:+.2f}" + ("" if low is None else f" [{low:+.2f}, {high:+.2f}]")
    return Cell(text.replace("-", "\u2212"), value, low, high)


def scale_of(rows, index, floor=None, ceiling=None):
    """(from, to) that holds every interval of a column."""
    ends = [end for row in rows for end in (row[index].value, row[index].low, row[index].high) if end is not None]
    if not ends:
        return None
    low, high = min(ends) if floor is None else floor, max(ends) if ceiling is None else ceiling
    return (min(low, min(ends)), max(high, max(ends))) if high > low else None


def beside_the_study(facts):
    """Our networks beside the study's: the first row is what knows nothing of lungs, where an audit was run."""
    rows = []
    blind = best_without_lungs(facts.audits)
    if blind:
        held = blind.get("held_out") or blind
        rows.append([Cell("no lungs seen"), Cell(blind["title"]), number(held["n"]), *[Cell("–")] * 4, *[Cell("–")] * 3, area(held)])
    published = {name: counts for name, counts in study.confusions().items()}
    for architecture in dict.fromkeys([*facts.architectures, *published]):
        row = facts.mean(architecture)
        if row:
            rows.append(_score_row(row, short(architecture), runs_of(row), facts.held))
        if architecture in published:
            counts = published[architecture]
            rows.append(
                _score_row({"confusion": vars(counts), **metrics.rates(counts), "auc": None}, short(architecture), "the 2020 study", "")
            )
    rows += [
        _score_row(row, "all networks", f"ensemble of {row['of']}", facts.held) for row in ensembles(facts) if len(row["architectures"]) > 1
    ]
    caption = f"Scores on {facts.comparison['n']} {SPLIT_WORDS[facts.held]} images of {facts.comparison['patients']} patients, {facts.comparison['covid']} of them COVID-19, at threshold {facts.metrics['threshold']:g}; the study's on its own 268."
    note = "95 % intervals: Wilson for rates, DeLong and Newcombe for AUC; images of one patient count as what they are worth. A row of several seeds shows the mean; its interval is over patients, for these seeds. COVID-19 is the positive class. The study published no AUC, and its counts are implied by its rates."
    return Table("scores", caption, _score_columns(rows), rows, note)


def runs_of(row):
    return f"mean of {len(row['seeds'])} seeds" if "seeds" in row else f"seed {row['seed']}"


def _score_row(row, name, run, split):
    counts = [number(row["confusion"][key], count_text(row["confusion"][key])) for key in ("tp", "fn", "tn", "fp")]
    n = round(sum(row["confusion"].values()))
    return [
        Cell(name, tone="" if split else "study"),
        Cell(run + (f", {SPLIT_WORDS[split]}" if split else "")),
        number(n),
        *counts,
        *[interval(row[key], digits) for key, _, digits in RATES],
        interval(row["auc"]),
    ]


def _score_columns(rows):
    counts = [Column(title, True) for title in ("n", "TP", "FN", "TN", "FP")]
    scales = [scale_of(rows, 7, floor=0), scale_of(rows, 8, ceiling=1), scale_of(rows, 9, ceiling=1), scale_of(rows, 10, ceiling=1)]
    names = [title for _, title, _ in RATES] + ["AUC"]
    return (Column("network"), Column("run"), *counts, *[Column(name, True, scale) for name, scale in zip(names, scales)])


def ensembles(facts):
    return [row for row in facts.metrics["ensembles"] if row["split"] == facts.held]


def every_run(facts):
    """Each seed on each split after the last stage, and each network's ensemble."""
    rows = []
    for row in facts.metrics["scores"]:
        if row["stage"] == "unfrozen":
            rows.append(
                _score_row(row, short(row["architecture"]), f"seed {row['seed']}", row["split"]) + [interval(row["average_precision"])]
            )
    for row in ensembles(facts):
        if len(row["architectures"]) == 1:
            rows.append(
                _score_row(row, short(row["architectures"][0]), f"ensemble of {row['of']}", facts.held)
                + [interval(row["average_precision"])]
            )
    columns = (*_score_columns(rows), Column("average precision", True, scale_of(rows, 11, ceiling=1)))
    return Table("runs", f"Every training alone, and each network's ensemble: {len(rows)} rows.", columns, rows, open=False)


def differs_from_study(facts):
    """Whether our runs differ from the study's, by Fisher's exact test."""
    rows = []
    for row in facts.comparison["study"]["beside_ours"]:
        tests = [row["p"].get(key) for key, _, _ in RATES]
        cells = [_fisher(test, row["runs"]) for test in tests]
        rows.append([Cell(short(row["architecture"])), number(row["runs"]), *cells])
    columns = (Column("network"), Column("our runs", True), *[Column("p, " + title, True) for _, title, _ in RATES])
    note = "Fisher's exact test of each of our runs against the study's one. Shown: the run with the median error rate, and the lowest and highest p over runs. The films are not the study's own list, which was not published."
    return Table("differs", "Do our runs differ from the study's?", columns, rows, note)


def _fisher(test, runs):
    if not test:
        return Cell("–")
    middle, lowest, highest = (p_text(test[key]) for key in ("median_run", "lowest", "highest"))
    return Cell(f"{middle} ({lowest} to {highest})" if runs > 1 else middle, test["median_run"])


def p_text(p):
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def best_without_lungs(audits):
    """The audit's best baseline that sees no lung, None where there is none."""
    from cxrkit.audit.baselines import LUNGLESS

    rows = [row for row in (audits or {}).get("baselines") or [] if row["name"] in LUNGLESS and row.get("auc") is not None]
    return max(rows, key=lambda row: (row.get("held_out") or row).get("auc") or 0, default=None)


def networks(facts):
    """Each network's mean error, and how far its runs lie apart."""
    rows = []
    for row in facts.comparison["networks"]:
        spread = row["run_to_run"]
        sd, predicted = (("–" if value is None else f"{100 * value:.2f}") for value in (spread["observed"]["value"], spread["predicted"]))
        rows.append(
            [
                Cell(row["name"]),
                number(len(row["seeds"])),
                interval(row["error_rate"], 4),
                Cell(sd, spread["observed"]["value"]),
                Cell(predicted, spread["predicted"]),
                Cell(spread["reading"]),
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
        f"Error on {facts.comparison['n']} {SPLIT_WORDS[facts.comparison['split']]} images, and how far runs of one network lie apart.",
        columns,
        rows,
        "Chance alone: the standard deviation that the number of images and the error rate bring with them.",
    )


def pairs(facts):
    """Each pair of networks, and what the verdict rests on."""
    rows, content = [], facts.comparison
    for pair in content["pairs"]:
        needed = pair["needed"] or {}
        more = [number(needed.get(key)) for key in ("seeds", "images", "images_at_20_seeds")]
        auc = pair["auc_difference"]
        rows.append(
            [
                Cell(f"{pair['a']} less {pair['b']}"),
                Cell(f"{pair['a']} is {pair['verdict']}" if pair["verdict"] in ("better", "worse") else pair["verdict"]),
                points(pair["difference"]),
                points(pair["over_patients"]),
                points(pair["over_seeds"]),
                interval(auc),
                *[Cell(p_text(pair[key]), pair[key]) for key in ("p_difference_holm", "p_equivalence_holm")],
                *more,
                Cell(pair["why"]),
            ]
        )
    scales = [scale_of(rows, index) for index in (2, 3, 4, 5)]
    columns = [Column("pair"), Column("verdict")]
    columns += [Column(title, True, scale) for title, scale in zip(("error, points", "over patients", "over seeds", "AUC"), scales)]
    columns += [Column(title, True) for title in ("p differ", "p alike", "seeds", "images", "images at 20 seeds")] + [Column("why")]
    note = (
        f"Below 0 the first of a pair errs less. p after Holm over {len(rows)} pairs. Equivalent: within {100 * content['margin']:g} points of error, which fewer than "
        f"{content['images_for_equivalence']} independent images cannot show. Seeds, images: how many of them would decide the difference seen, with power 80 %; a dash where no number would, or where it is decided."
    )
    return Table("pairs", f"{len(rows)} pairs of networks, on the same images.", tuple(columns), rows, note, open=False)
