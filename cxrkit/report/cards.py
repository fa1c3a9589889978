"""The papers that travel with the results: MODEL_CARD.md, DATASHEET.md, CLAIM.md and CITATION.cff, generated, never written by hand."""

import csv
from collections import Counter
from pathlib import Path

import yaml

from cxrkit import __version__
from cxrkit.data import licences
from cxrkit.data.records import COLUMNS
from cxrkit.files import read_json
from cxrkit.report import sentences
from cxrkit.report.facts import AUDIT_COMMAND, short
from cxrkit.report.markdown import markdown_table, plain
from cxrkit.report.tables import data as data_tables
from cxrkit.report.tables import networks as tables

HERE = Path(__file__).parent
GENERATED = ("report.html", "MODEL_CARD.md", "DATASHEET.md")


def all_of(facts):
    """{file name: text} of the cards. facts: facts.Facts."""
    return {"MODEL_CARD.md": model_card(facts), "DATASHEET.md": datasheet(facts), "CLAIM.md": claim(facts), "CITATION.cff": citation()}


def model_card(facts):
    return _render(
        "model_card.md",
        facts,
        networks=", ".join(short(name) for name in facts.architectures),
        seeds=", ".join(map(str, facts.about["experiment"].get("seeds") or [])) or "?",
        verdict=sentences.verdict(facts),
        audited=bool(facts.audits),
        audit_command=AUDIT_COMMAND,
        scores="\n".join(markdown_table(tables.beside_the_study(facts))),
        n=facts.comparison["n"],
        patients=facts.comparison["patients"],
        held=facts.held,
    )


def datasheet(facts):
    everything, used = facts.everything, list(facts.run.records.values())
    shown = [data_tables.splits(facts), data_tables.sources(facts), data_tables.left_out(facts)]
    by_licence = Counter(record.licence or "unknown" for record in used)
    leaks = facts.about.get("leaks")
    return _render(
        "datasheet.md",
        facts,
        n_read=len(everything),
        n_out=len(everything) - len(used),
        columns=", ".join(f"`{column}`" for column in COLUMNS),
        tables="\n\n".join("\n".join(markdown_table(table)) for table in shown if table),
        collected=", ".join(f"{plain(name or 'not known')} {count}" for name, count in Counter(r.collected for r in used).most_common()),
        leaks=""
        if leaks is None
        else f"{leaks} patients or pictures stand in two splits."
        if leaks
        else "No patient or picture stands in two splits.",
        licences="\n".join(f"- {plain(name)}: {count} films. {licences.terms(name)}" for name, count in by_licence.most_common()),
    )


def _render(template, facts, **values):
    import jinja2

    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    made.filters["plain"] = plain
    used = facts.run.records
    shared = {
        "version": __version__,
        "marks": facts.marks(),
        "about": Known(facts.about),
        "experiment": Known(facts.about["experiment"]),
        "n_used": len(used),
        "sources": ", ".join(plain(source) for source in sorted({record.source for record in used.values()})),
    }
    return made.get_template(template).render(**shared, **values)


class Known(dict):
    """A mapping whose absent keys are None, for runs of earlier versions lack some."""

    def __missing__(self, key):
        return None


def claim(facts):
    """CLAIM.md: each item answered yes, no or not applicable, with the file and field that holds it, and the score."""
    rows, counts = [], Counter()
    for item in yaml.safe_load((HERE / "claim.yaml").read_text("utf-8")):
        answer, where = answered(item, facts)
        counts[answer] += 1
        rows.append(f"| {item['item']} | {item['part']} | {plain(item['topic'])} | {answer} | {where} |")
    asked = counts["yes"] + counts["no"]
    head = [
        "# CLAIM: the Checklist for Artificial Intelligence in Medical Imaging",
        "",
        "After Mongan, Moy and Kahn 2020, Radiol. Artif. Intell. 2:e200029 (PMC8017414), whose 42 items are named here in our own words. "
        "Each yes names the file, and the field in it, that was there when this was written. What a file cannot show, such as what authors would discuss, is not claimed.",
        "",
        *(f"**{plain(sentence, 600)}**\n" for _, sentence in facts.marks()),
        f"**Score: {counts['yes']} of {asked} items that apply ({100 * counts['yes'] / asked:.0f} %); {counts['not applicable']} do not apply.**",
        "",
        "| item | part | topic | answer | where, or why not |",
        "| ---: | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def answered(item, facts):
    """(answer, where or why not) of an item of claim.yaml, by what the results hold."""
    if "na" in item:
        return "not applicable", plain(item["na"])
    if "at" not in item or not _holds(facts.folder, item["at"], item.get("zero", False)):
        return "no", plain(item["otherwise"])
    name, *field = item["at"]
    where = f"[{name}]({name})" + (f", field `{field[0]}`" if field else "")
    return "yes", where + (f": {plain(item['says'])}" if "says" in item else "")


def _holds(folder, at, zero):
    """Whether the file is there and its field, if one is named, is not empty; with `zero`, 0 counts as an answer."""
    name, *field = at
    if name in GENERATED:
        return True
    path = folder / name
    if not path.is_file():
        return False
    if not field:
        return True
    if path.suffix == ".csv":
        with open(path, encoding="utf-8", newline="") as file:
            return any(row.get(field[0]) for row in csv.DictReader(file))
    value = read_json(path)
    for key in field[0].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return bool(value) or (zero and value == 0)


def citation():
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
