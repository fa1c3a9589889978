"""The papers that travel with the results: MODEL_CARD.md, DATASHEET.md, CLAIM.md and CITATION.cff, generated, never written by hand."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

from cxrkit import __version__
from cxrkit.config import short_name
from cxrkit.data import licences
from cxrkit.data.records import COLUMNS
from cxrkit.files import read_csv_rows, read_json
from cxrkit.report import facts, sentences
from cxrkit.report.tables import data, networks, patients
from cxrkit.report.tables.settings import GENERATED
from cxrkit.results import Results
from cxrkit.tables import as_markdown, plain

HERE = Path(__file__).parent


def model_card(results: Results) -> str:
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
        patients=results.comparison.patients,
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
        collected=", ".join(f"{plain(name or 'not known')} {count}" for name, count in collected.most_common()),
        leaks=patients.leaks_sentence(len(manifest.leaks)),
        copies=f"{copies} {'was' if copies == 1 else 'were'} found." if copies else "None was found.",
        pictures=facts.pictures(results),
        licences="\n".join(_licence(name, count) for name, count in by_licence.most_common()),
    )


def _licence(name: str, count: int) -> str:
    """A licence, of how many films it is, what it allows, and where its text is."""
    url = licences.licence_of(name).url
    return f"- {plain(name)}: {count} film{'s' * (count != 1)}. {licences.terms(name)}{f' <{url}>' if url else ''}"


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
        "n_used": len(used),
        "sources": ", ".join(plain(source) for source in sorted({record.source for record in used})),
    }
    return made.get_template(template).render(**shared, **values)


def claim(results: Results) -> str:
    """CLAIM.md: each item answered yes, no or not applicable, with the file and field that holds it, and the score."""
    rows, content = [], contents(results.folder)
    counts: Counter[str] = Counter()
    for item in yaml.safe_load((HERE / "claim.yaml").read_text("utf-8")):
        answer, where = answered(item, content)
        counts[answer] += 1
        rows.append(f"| {item['item']} | {item['part']} | {plain(item['topic'])} | {answer} | {where} |")
    asked = counts["yes"] + counts["no"]
    head = [
        "# CLAIM: the Checklist for Artificial Intelligence in Medical Imaging",
        "",
        *(f"**{plain(warning.sentence, 600)}**\n" for warning in results.warnings),
        "After Mongan, Moy and Kahn 2020, Radiol. Artif. Intell. 2:e200029 (PMC8017414), whose 42 items are named here in our own words. "
        "Each yes names the file, and the field in it, that was there when this was written. What a file cannot show, such as what authors would discuss, is not claimed.",
        "",
        f"**Score: {counts['yes']} of {asked} items that apply ({100 * counts['yes'] / asked:.0f} %); {counts['not applicable']} do not apply.**",
        "",
        "| item | part | topic | answer | where, or why not |",
        "| ---: | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def answered(item: dict, content: Callable[[str], Any]) -> tuple[str, str]:
    """(answer, where or why not) of an item of claim.yaml, by what the results hold. content: as `contents` makes it."""
    if "na" in item:
        return "not applicable", plain(item["na"])
    if "at" not in item or not _holds(content, item["at"], item.get("zero", False)):
        return "no", plain(item["otherwise"])
    name, *field = item["at"]
    where = f"[{name}]({name})" + (f", field `{field[0]}`" if field else "")
    return "yes", where + (f": {plain(item['says'])}" if "says" in item else "")


def contents(folder: Path) -> Callable[[str], Any]:
    """A function from a result file's name to its rows (CSV) or its value (JSON), each read once; None where it is not there."""

    @cache
    def content(name: str) -> Any:
        path = folder / name
        if not path.is_file():
            return None
        return read_csv_rows(path) if path.suffix == ".csv" else read_json(path)

    return content


def _holds(content: Callable[[str], Any], at: list[str], zero: bool) -> bool:
    """Whether the file is there and its field, if one is named, is not empty; with `zero`, 0 counts as an answer."""
    name, *field = at
    if name in GENERATED:
        return True
    value = content(name)
    if value is None or not field:
        return value is not None
    if isinstance(value, list):
        return any(row.get(field[0]) for row in value)
    for key in field[0].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return bool(value) or (zero and value == 0)


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
