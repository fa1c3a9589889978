"""The papers that travel with the results: MODEL_CARD.md, DATASHEET.md and CITATION.cff, generated, never written by hand."""

from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import yaml

from cxrkit import __version__
from cxrkit.audit.rules import listed
from cxrkit.config import short_name
from cxrkit.data import licences
from cxrkit.data.records import COLUMNS
from cxrkit.progress import counted
from cxrkit.report import facts, sentences
from cxrkit.report.tables import data, networks, patients
from cxrkit.results import Results
from cxrkit.tables import as_markdown, plain

HERE = Path(__file__).parent


def model_card(results: Results) -> str:
    manifest = results.manifest
    return _render(
        "model_card.md",
        results,
        networks=", ".join(short_name(name) for name in results.architectures),
        head=facts.model_head(results),
        single=len(results.architectures) == 1,
        seeds=", ".join(map(str, results.experiment.seeds)),
        calibration=facts.calibration(results),
        groups=facts.groups(results),
        verdict=sentences.verdict(results),
        audited=bool(results.audits),
        audit_command=sentences.AUDIT_COMMAND,
        scores=as_markdown(networks.beside_the_study(results)),
        n=results.comparison.n,
        patients=patients.of_patients(manifest, results.metrics.held_out, results.comparison.patients),
        held=results.metrics.held_out,
    )


def datasheet(results: Results) -> str:
    manifest = results.manifest
    shown = [patients.patients(manifest), data.sources(manifest), data.left_out(manifest)]
    copies = sum(bool(record.duplicate_of) for record in manifest.records)
    by_licence = Counter(record.licence or "unknown" for record in manifest.used)
    collected = Counter(record.collected for record in manifest.used)
    return _render(
        "datasheet.md",
        results,
        head=facts.dataset_head(results),
        n_read=len(manifest.records),
        n_out=len(manifest.records) - len(manifest.used),
        columns=", ".join(f"`{column}`" for column in COLUMNS),
        tables="\n\n".join(as_markdown(table) for table in shown if table.rows),
        collected=", ".join(f"{plain(name or 'not known')} ({count:,})" for name, count in collected.most_common()),
        leaks=patients.leaks_sentence(len(manifest.leaks), patients.unknown(manifest.used)),
        copies=f"{counted(copies, 'copy was', 'copies were')} found." if copies else "No copy was found.",
        pictures=facts.pictures(results),
        licences="\n".join(_licence(name, count) for name, count in by_licence.most_common()),
    )


def _licence(name: str, count: int) -> str:
    """A licence, of how many films it is, what it allows, and where its text is."""
    url = licences.licence_of(name).url
    return f"- {plain(name)}: {count:,} film{'s' * (count != 1)}. {licences.terms(name)}{f' <{url}>' if url else ''}"


def _render(template: str, results: Results, **values: Any) -> str:
    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    made.filters["plain"] = plain
    used = results.manifest.used
    shared = {
        "version": __version__,
        "marks": [warning.sentence for warning in results.warnings],
        "short_marks": ", ".join(warning.short for warning in results.warnings),
        "info": results.info,
        "experiment": results.experiment,
        "drawn": facts.drawn(results),
        "identity": facts.identity_lines(results),
        "ages": facts.ages(results),
        "published": "" if facts.drawn(results) else facts.published(results),
        "n_used": len(used),
        "sources": listed(sorted(plain(source) for source in {record.source for record in used})),
    }
    return made.get_template(template).render(**shared, **values)


def citation() -> str:
    """CITATION.cff of the kit (https://citation-file-format.github.io)."""
    content = {
        "cff-version": "1.2.0",
        "message": "If you use these results, please cite the kit that made them, and the sources in ATTRIBUTION.md.",
        "title": "cxrkit: COVID-19 against healthy chest films, from raw sources to a report",
        "type": "software",
        "version": __version__,
        "license": "MIT",
        "authors": [{"name": "The cxrkit authors"}],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
