"""The page's text twin: report.md, and the same tables for a log."""

import re

from cxrkit import progress
from cxrkit.report import facts, sentences
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import data as data_tables
from cxrkit.report.tables import networks as tables
from cxrkit.report.tables import settings as settings_tables
from cxrkit.report.tables import thresholds as threshold_tables

LONGEST = 300
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f]")
"""Characters that are not seen, and turn the direction of what follows."""


def sections(found, shown):
    """[(heading, paragraphs, tables)] in the page's order. shown: data_tables.Films."""
    audits, verdict = found.audits or {}, sentences.verdict(found)
    trust = [verdict["trust"]] if found.audits else [verdict["trust"], f"The audit is one command: {facts.AUDIT_COMMAND}"]
    flow = [
        f"{step.count:,} {step.title}" + (": " + ", ".join(f"{part} {count:,}" for part, count in step.parts) if step.parts else "")
        for step in data_tables.flow(found)
    ]
    return [
        ("Verdict", [*trust, verdict["best"]], [audit_tables.reasons(audits)]),
        ("The study's table beside ours", [], [tables.beside_the_study(found), tables.differs_from_study(found), tables.every_run(found)]),
        ("Which network is best", [verdict["best"]], [tables.networks(found), tables.pairs(found)]),
        ("What knows nothing of lungs", [] if audits else ["No audit was run."], audit_tables.all_of(audits)),
        (
            "Where the films come from, and where they went",
            [". ".join(flow) + "."],
            [data_tables.splits(found), data_tables.sources(found), data_tables.left_out(found)],
        ),
        (
            "Confusion and thresholds",
            [],
            [threshold_tables.thresholds(found), threshold_tables.operating_points(found), threshold_tables.predictive_values(found)],
        ),
        ("Calibration", [], [threshold_tables.calibration(found)]),
        ("Films that went wrong, or nearly", [], [data_tables.films(found, shown)]),
        ("Speed", [], [settings_tables.speed(found), settings_tables.stages(found)]),
        (
            "How to repeat it",
            [f"The command, where DIR is a source's folder on your machine: {found.repeat()}"],
            [settings_tables.environment(found), settings_tables.experiment(found), settings_tables.checksums(found)],
        ),
    ]


def markdown(found, shown):
    """The text of report.md."""
    lines = [f"# {sentences.TITLE}", "", f"Experiment {plain(found.run.name)}: {sentences.lede(found)} {sentences.RESEARCH_ONLY}", ""]
    for _, sentence in found.marks():
        lines += [f"**{plain(sentence, 600)}**", ""]
    for heading, paragraphs, shown_tables in sections(found, shown):
        lines += [f"## {heading}", ""]
        for paragraph in paragraphs:
            lines += [plain(paragraph, 4000), ""]
        for table in shown_tables:
            if table and table.rows:
                lines += [*markdown_table(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(table):
    yield f"**{plain(table.caption)}**"
    yield ""
    yield "| " + " | ".join(plain(column.title) for column in table.columns) + " |"
    yield "|" + "|".join(" ---: " if column.number else " --- " for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(plain(cell.text) for cell in row) + " |"
    if table.note:
        yield ""
        yield plain(table.note, 2000)


def plain(said, most=LONGEST):
    """Other people's text as one line of Markdown that means only itself."""
    said = " ".join(UNSEEN.sub("", str(said)).split())
    said = said if len(said) <= most else said[: most - 1] + "…"
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", said).replace("<", "&lt;").replace(">", "&gt;")


def log(found, shown):
    """The page's main tables as text for a terminal or a log."""
    parts = []
    for heading, paragraphs, shown_tables in sections(found, shown):
        parts.append(f"== {heading}")
        parts += [UNSEEN.sub("", paragraph) for paragraph in paragraphs]
        for table in shown_tables:
            if table and table.rows and table.open:
                rows = [[" ".join(UNSEEN.sub("", cell.text).split())[:80] for cell in row] for row in table.rows]
                aligned = progress.table(
                    rows, [column.title for column in table.columns], [column.title for column in table.columns if column.number]
                )
                parts.append(f"{table.caption}\n{aligned}")
    return "\n\n".join(parts)
