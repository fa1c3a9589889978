"""report.html and what travels with it, from a results folder alone."""

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cxrkit import __version__
from cxrkit.data import summary
from cxrkit.evaluation import metrics, outcome, study
from cxrkit.files import write_checksums, write_text
from cxrkit.report import cards, facts, markdown, plots, sentences
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import data as data_tables
from cxrkit.report.tables import networks as tables
from cxrkit.report.tables import settings as settings_tables
from cxrkit.report.tables import thresholds as threshold_tables

HERE = Path(__file__).parent
LONGEST = 300
"""Characters of other people's text that a cell shows."""
PICTURES = {".png": "image/png", ".jpg": "image/jpeg"}
MOST_PICTURE_BYTES = 3_000_000
"""Of all pictures together; the page stays under 5 MB, and further films stand with their credit alone."""
CONTENTS = (
    ("verdict", "Verdict"),
    ("study", "The study’s table beside ours"),
    ("best", "Which network is best"),
    ("lungs", "What knows nothing of lungs"),
    ("data", "Where the films come from"),
    ("learning", "Learning curves"),
    ("curves", "ROC and precision-recall"),
    ("confusion", "Confusion and thresholds"),
    ("calibration", "Calibration"),
    ("films", "Films that went wrong"),
    ("speed", "Speed"),
    ("repeat", "How to repeat it"),
)


@dataclass(frozen=True)
class Drawing:
    """An SVG figure of the page. alt: what it shows, for those who do not see it; wide: over the whole column."""

    svg: str
    alt: str
    wide: bool = False


def make(results):
    """Write report.html, report.md and the cards into a run's results, bring checksums.json up to date; return the files' paths.

    results: a run's folder or its results folder. Raises BadInput for a folder that is no whole run.
    """
    found = facts.read(results)
    if not (found.folder / "checksums.json").exists():
        write_checksums(found.folder)
    shown = data_tables.gallery(found)
    written = {"report.html": html(found, shown), "report.md": markdown.markdown(found, shown), **cards.all_of(found)}
    written["ATTRIBUTION.md"] = summary.attribution(found.everything)
    for name, content in written.items():
        write_text(found.folder / name, content)
    outcome.refresh_checksums(found.folder, written)
    return [found.folder / name for name in written]


def html(found, shown):
    """The text of report.html. shown: data_tables.Films."""
    script = (HERE / "page.js").read_text("utf-8")
    return (
        environment()
        .get_template("page.html")
        .render(
            title=f"{sentences.TITLE}, {found.run.name}",
            style=_markup((HERE / "page.css").read_text("utf-8")),
            script=_markup(script),
            script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values(found, shown),
        )
    )


def values(found, shown):
    """What the template shows, by name."""
    audits = found.audits or {}
    return {
        "experiment": found.run.name,
        "lede": sentences.lede(found),
        "research_only": sentences.RESEARCH_ONLY,
        "marks": found.marks(),
        "contents": CONTENTS,
        "verdict": sentences.verdict(found),
        "audited": bool(found.audits),
        "audit_command": facts.AUDIT_COMMAND,
        "reasons": audit_tables.reasons(audits),
        "audits": audit_tables.all_of(audits),
        "matrix": matrix(found.comparison),
        "tables": {name: make_table(found) for name, make_table in TABLES.items()} | {"films": data_tables.films(found, shown)},
        "plots": drawings(found),
        "curves_caption": f"{found.comparison['n']} {facts.SPLIT_WORDS[found.held]} images, {found.comparison['covid']} of them COVID-19. Lines: mean over seeds; bands: from the lowest seed to the highest. Dotted: guessing.",
        "flow": data_tables.flow(found),
        "confusions": threshold_tables.confusions(found),
        "threshold": f"{found.metrics['threshold']:g}",
        "gallery": pictures(found, shown),
        "gallery_lede": gallery_lede(found),
        "embedded": embedded(found),
        "repeat": found.repeat(),
        "version": __version__,
    }


TABLES = {
    "scores": tables.beside_the_study,
    "differs": tables.differs_from_study,
    "runs": tables.every_run,
    "networks": tables.networks,
    "pairs": tables.pairs,
    "splits": data_tables.splits,
    "sources": data_tables.sources,
    "left_out": data_tables.left_out,
    "thresholds": threshold_tables.thresholds,
    "operating": threshold_tables.operating_points,
    "predictive": threshold_tables.predictive_values,
    "calibration": threshold_tables.calibration,
    "speed": settings_tables.speed,
    "stages": settings_tables.stages,
    "environment": settings_tables.environment,
    "settings": settings_tables.experiment,
    "checksums": settings_tables.checksums,
}


OPPOSITE = {"better": "worse", "worse": "better"}


def matrix(comparison):
    """{names, rows}: for each ordered pair of networks the verdict and the difference; empty texts on the diagonal."""
    names = [network["name"] for network in comparison["networks"]]
    found = {}
    for pair in comparison["pairs"]:
        found[pair["a"], pair["b"]] = pair["verdict"], tables.points(pair["difference"]).text
        turned = {
            key: None if pair["difference"][other] is None else -pair["difference"][other]
            for key, other in (("value", "value"), ("low", "high"), ("high", "low"))
        }
        found[pair["b"], pair["a"]] = OPPOSITE.get(pair["verdict"], pair["verdict"]), tables.points(turned).text
    return {"names": names, "rows": [(a, [found.get((a, b), ("", "")) for b in names]) for a in names]}


def drawings(found):
    """{name: Drawings} of the page's figures."""
    marks = [short for short, _ in found.marks()]

    def draw(name, alt, size, function, *arguments, wide=False):
        return Drawing(_markup(plots.svg(lambda axes: function(axes, *arguments), size, marks, name)), alt, wide)

    scores = {name: mine for name in found.architectures if (mine := found.scores(name)) is not None}
    published = {name: counts.wrong / counts.n for name, counts in study.confusions().items()}
    networks = found.comparison["networks"]
    told = "; ".join(f"{network['name']} {100 * network['error_rate']['value']:.2f} %" for network in networks)
    bins = {
        row["architecture"]: row["calibration"]["before"]["bins"]
        for row in map(found.mean, found.architectures)
        if row and row.get("calibration")
    }
    bins |= {
        row["architectures"][0]: row["calibration"]["before"]["bins"]
        for row in found.metrics["ensembles"]
        if len(row["architectures"]) == 1 and row["split"] == found.held and row.get("calibration")
    }
    areas = ", ".join(f"{facts.short(name)} AUC {tables.interval(found.mean(name)['auc']).text}" for name in scores)
    learning = {
        "losses": (found.epochs, plots.losses, "Training and validation loss of"),
        "lr_find": (found.finder, plots.lr_find, "Learning-rate finder of"),
    }
    result = {
        "errors": [
            draw("errors", f"Error rates: mean {told}.", (5.4, 0.7 * len(networks) + 0.6), plots.errors, networks, published, wide=True)
        ],
        "curves": [
            draw("roc", f"ROC curves. {areas}.", (4.2, 4.0), plots.roc, scores),
            draw("pr", "Precision-recall curves of the same networks.", (4.2, 4.0), plots.precision_recall, scores),
        ],
        "reliability": [
            draw(
                f"reliability-{name}",
                f"Reliability curve of {facts.short(name)}; its calibration error stands in the table below.",
                (4.2, 3.4),
                plots.reliability,
                mine,
                name,
            )
            for name, mine in bins.items()
        ],
    }
    for name, (table, function, told_of) in learning.items():
        result[name] = []
        for architecture in table["architecture"].unique() if len(table) else ():
            mine = table[table["architecture"] == architecture]
            result[name].append(
                draw(
                    f"{name}-{architecture}",
                    f"{told_of} {facts.short(architecture)}, {mine['seed'].nunique()} seed(s).",
                    (4.2, 3.0),
                    function,
                    mine,
                    architecture,
                )
            )
    return result


def pictures(found, shown):
    """The gallery's films as dicts, with their picture as a data URI while there is room."""
    rows, room = [], MOST_PICTURE_BYTES
    for film in shown:
        row = asdict(film) | {
            "src": "",
            "pair": film.picture.startswith("figures/attention"),
            "alt": f"Chest film {film.image_id}, {film.label}"
            + (", and beside it where the network looked" if film.picture.startswith("figures/attention") else ""),
        }
        path = (found.folder / film.picture).resolve()
        if film.picture and path.suffix in PICTURES and path.is_relative_to(found.folder.resolve()) and path.is_file():
            if path.stat().st_size <= room:
                room -= path.stat().st_size
                row["src"] = f"data:{PICTURES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
            else:
                row["why"] = "the page has no room for more pictures"
        elif film.picture:
            row["why"] = "its picture is not in the results"
        rows.append(row)
    return rows


def gallery_lede(found):
    shown = "Pictures stand here only where the licence lets them be shown; the others have their credit and a link."
    if ((found.audits or {}).get("attention") or {}).get("gallery"):
        return "Errors, hits with the greatest loss, and some ordinary hits; beside each film, where the network looked. " + shown
    return (
        f"The {data_tables.WORST} dearest films of each network, by the mean probability over its seeds. Attention maps come with the audit ({facts.AUDIT_COMMAND}). "
        + shown
    )


def embedded(found):
    """What the threshold's slider counts from: the held-out predictions of each run."""
    runs, choices, units, truth = [], [], None, None
    for architecture in found.architectures:
        mine = found.scores(architecture)
        if mine is None:
            continue
        first, name = len(runs), facts.short(architecture)
        runs += [{"p": p.tolist()} for p in mine.p_covid]
        every = list(range(first, len(runs)))
        if len(every) > 1:
            choices.append({"name": f"{name}, mean of {len(every)} seeds", "runs": every})
        choices += [{"name": f"{name}, seed {seed}", "runs": [index]} for seed, index in zip(mine.seeds, every)]
        covid, normal = metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])
        n_covid, n_normal = int(mine.is_covid.sum()), int((~mine.is_covid).sum())
        squares = sum(n * n / worth for n, worth in ((n_covid, covid), (n_normal, normal)) if n)
        units = {"covid": covid, "normal": normal, "all": (n_covid + n_normal) ** 2 / squares}
        truth = mine.is_covid.astype(int).tolist()
    return {
        "threshold": found.metrics["threshold"],
        "z": float(metrics.Z),
        "is_covid": truth or [],
        "units": units,
        "runs": runs,
        "choices": choices,
    }


def environment():
    """The Jinja environment of the page."""
    import jinja2

    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
    made.filters |= {"clipped": clipped, "safe_url": safe_url, "whisker": whisker, "tick": lambda value: f"{value:.3g}".replace("-", "−")}
    made.globals["shade"] = shade
    return made


def clipped(words, most=LONGEST):
    """The text on one line, cut where it is longer than `most`."""
    words = " ".join(str(words).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def safe_url(url):
    """The address if it leads to a web page, else an empty text; a `javascript:` address would be run."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc and len(url) < 2000 else ""


def whisker(cell, scale):
    """A cell's dot and whisker as SVG, on its column's scale."""
    if not scale or cell.value is None:
        return ""
    start, end = scale
    at = [None if value is None else round(100 * (value - start) / ((end - start) or 1), 1) for value in (cell.low, cell.value, cell.high)]
    line = "" if at[0] is None or at[2] is None else f'<line x1="{at[0]}%" x2="{at[2]}%" y1="50%" y2="50%"/>'
    return _markup(f'<svg class="whisker" aria-hidden="true">{line}<circle cx="{at[1]}%" cy="50%" r="2.6"/></svg>')


def shade(counts, name, other):
    """A cell of a confusion matrix, the darker the larger its share of the row."""
    share = counts[name] / ((counts[name] + counts[other]) or 1)
    return _markup(
        f'<td class="number" style="background: rgba(var(--cell), {0.05 + 0.35 * share:.2f})">{tables.count_text(counts[name])}</td>'
    )


def _markup(words):
    from markupsafe import Markup

    return Markup(words)
