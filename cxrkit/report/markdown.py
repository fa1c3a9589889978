"""report.md, and the same tables as text for a log."""

import textwrap

from cxrkit import RESEARCH_ONLY
from cxrkit.audit import headlines
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.progress import counted
from cxrkit.report import gallery, sentences
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import comparison as comparison_tables
from cxrkit.report.tables import data, elsewhere, networks, patients, recipe, settings, thresholds
from cxrkit.results import Results
from cxrkit.schema import Audits, Comparison, ResplitComparison
from cxrkit.tables import UNSEEN, Table, as_markdown, as_text, plain

WIDTH = 110
Section = tuple[str, list[str], list[Table]]
"""(heading, paragraphs, tables)."""


def sections(results: Results, shown: list[gallery.Film]) -> list[Section]:
    """The sections in the page's order."""
    audits, verdict = results.audits, sentences.verdict(results)
    trust = [f"Can the scores be trusted? {verdict['headline']}", *filter(None, [verdict["trust"]])]
    trust += [] if audits else [*verdict["reasons"], f"The audit is one command: {sentences.AUDIT_COMMAND}"]
    flow = [
        f"{step.count:,} {step.title}" + (": " + "; ".join(f"{part} ({count:,})" for part, count in step.parts) if step.parts else "")
        for step in data.flow(results.manifest)
    ]
    compared = results.comparison
    return [
        ("Verdict", [*trust, verdict["best"]], [audit_tables.reasons(audits)]),
        ("Internal and external films", elsewhere.sentences(audits) or [sentences.NOWHERE_ELSE], elsewhere.all_of(audits)),
        (
            "The study's table beside ours",
            [],
            [networks.beside_the_study(results), networks.differs_from_study(results), networks.every_run(results)],
        ),
        (
            "Which network is best",
            [verdict["best"]],
            [comparison_tables.networks(compared), *comparison_tables.of_pairs(compared)],
        ),
        ("What works without seeing the lungs", [] if audits else ["No audit was run."], audit_tables.all_of(audits)),
        (
            "Where the films come from, and where they went",
            [". ".join(flow) + ".", data.views_sentence(results.manifest, results.experiment.exclude_views)],
            [patients.patients(results.manifest), data.sources(results.manifest), data.left_out(results.manifest)],
        ),
        (
            "Learning curves",
            list(filter(None, [sentences.batch_norm(results)])),
            [recipe.batch_norm(results), networks.study_epochs(results)],
        ),
        (
            "Confusion and thresholds",
            [],
            [
                thresholds.thresholds(results),
                thresholds.operating_points(results),
                thresholds.predictive_values(results),
                thresholds.decision_curves(results),
            ],
        ),
        ("Calibration", [], [thresholds.calibration(results), thresholds.prediction_sets(results)]),
        ("Misclassified films, and near misses", [], [gallery.table(shown)]),
        ("Speed", [], [settings.speed(results), settings.stages(results)]),
        (
            "How to repeat it",
            [f"The command, where DIR is a source's folder on your machine: {sentences.repeat(results)}", sentences.differences(results)],
            [recipe.recipe(results), settings.environment(results), settings.experiment(results), settings.checksums(results)],
        ),
    ]


def markdown(results: Results, shown: list[gallery.Film]) -> str:
    """The text of report.md."""
    lede = f"Experiment {plain(results.name)}: {sentences.lede(results)} {RESEARCH_ONLY}"
    warnings = [part for warning in results.warnings for part in (f"**{plain(warning.sentence, 600)}**", "")]
    lines = [f"# {sentences.headline(results)}", "", *warnings, lede, ""]
    for heading, paragraphs, tables in sections(results, shown):
        lines += [f"## {heading}", ""]
        for paragraph in paragraphs:
            lines += [plain(paragraph, 4000), ""]
        for table in tables:
            if table.rows:
                lines += [as_markdown(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def log(results: Results) -> str:
    """The page's main tables as text for a terminal or a log."""
    parts = list(filter(None, [warnings_log([results])]))
    for heading, paragraphs, tables in sections(results, gallery.films(results)):
        parts.append(f"== {heading}")
        parts += [UNSEEN.sub("", paragraph) for paragraph in paragraphs]
        parts += [as_text(table) for table in tables if table.rows and table.open]
    return "\n\n".join(parts)


def run_log(results: Results) -> str:
    """What a finished run says: the audit, where there is one, the scores, the standing warnings and the comparison."""
    audited = audit_log(results.audits) if results.audits else ""
    parts = [audited, scores_log(results), warnings_log([results]), comparison_log(results.comparison)]
    return "\n\n".join(filter(None, parts))


def warnings_log(runs: list[Results]) -> str:
    """What must not be overlooked about one run, or several beside each other, a line each; empty where there is nothing."""
    found: dict[str, list[str]] = {}
    for run in runs:
        for warning in run.warnings:
            found.setdefault(warning.sentence, []).append(run.name)
    return "\n".join(f"!!! {sentence}" + (f" ({', '.join(names)})" if len(runs) > 1 else "") for sentence, names in found.items())


def scores_log(results: Results) -> str:
    """Our scores above the study's own."""
    return as_text(networks.for_log(results))


def comparison_log(comparison: Comparison) -> str:
    """Networks, pairs, the verdict, and the study's own verdict."""
    pairs = comparison_tables.of_pairs(comparison)
    chosen = comparison.chosen_on_validation
    lines = [as_text(comparison_tables.networks(comparison)), *(part for table in pairs for part in (as_text(table), table.note))]
    lines.append(
        f"{counted(comparison.n, SPLIT_WORDS[comparison.split] + ' image')} of {counted(comparison.patients, 'patient')}, {comparison.covid} of them COVID-19."
        + (f" Validation chooses {chosen.name}." if chosen else "")
    )
    lines.append("VERDICT: " + sentences.best(comparison) + "\n" + sentences.of_study(comparison.study))
    return "\n\n".join(lines)


def resplits_log(comparison: ResplitComparison) -> str:
    return as_text(comparison_tables.resplits(comparison))


def audit_log(audits: Audits) -> str:
    """The verdict of an audit first, then its tables."""
    verdict = [
        f"VERDICT: {headlines.headline(audits.verdict)} ({audits.verdict.conclusion})",
        *textwrap.wrap(audits.verdict.paragraph, WIDTH),
    ]
    parts = ["\n".join(verdict), *elsewhere.sentences(audits)]
    parts += [as_text(table) for table in (*elsewhere.all_of(audits), *audit_tables.all_of(audits))]
    parts.append(f"Intervals of AUC are 95 %, over patients. Manifest {audits.manifest_sha256[:12]}.")
    return "\n\n".join(parts)
