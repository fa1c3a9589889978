"""CLAIM.md and TRIPOD.md: two reporting checklists and a look at the risk of bias, each answer a sentence made from the results.

checklists.yaml has all their words. page: the layout (jinja). facts: sentences (jinja), each with `at`, the file and the field of it that must hold something
(`zero`: 0 is an answer, too), or nothing is said. claim, tripod: items by part; `n`: the item's number; `fact`: what answers it;
`write`: what a person must still write, so that it is answered in part, with `when` only where that value holds; `lacking`: the same, only where the fact is not there;
`na`: why it does not apply then. bias: questions by domain; `judge`: an expression, whether the fact gives concern, none where
that is not known.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

import jinja2
import yaml

from cxrkit import __version__
from cxrkit.config import short_name
from cxrkit.data import summary
from cxrkit.data.records import LABEL_WORDS, LABELS, SPLIT_WORDS, SPLITS, Record
from cxrkit.evaluation.metrics import Figure, effective_n, wilson
from cxrkit.report import facts, sentences
from cxrkit.report.tables import networks, patients, thresholds
from cxrkit.results import Results
from cxrkit.tables import count_text, figure_text, plain

FILES = {"run.json": "info", "metrics.json": "metrics", "comparison.json": "comparison", "audits.json": "audits"}
"""The attribute of Results that holds a file."""


@dataclass(frozen=True)
class Answer:
    """word: whether the results answer the item; told: the sentence with its file and field, and what must still be written, in Markdown."""

    word: Literal["yes", "in part", "no", "not applicable"]
    told: str


class Checklists:
    """The checklists of one run's results."""

    def __init__(self, results: Results):
        self.results, self.values = results, values(results)
        self.lists = load()
        self.made = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
        self.made.filters |= {
            "plain": plain,
            "figure": _text,
            "count": count_text,
            "commas": "{:,}".format,
            "counted": _counted,
            "labels": _labels,
        }

    def fact(self, name: str) -> str:
        """A fact of checklists.yaml in Markdown, with where it stands; an empty text where the results do not hold it."""
        row = self.lists["facts"][name]
        file, *field = row["at"]
        if not self._holds(file, *field, zero=row.get("zero", False)):
            return ""
        told = self.made.from_string(row["says"]).render(self.values).strip()
        return told and f"{plain(told, 1500)} ([{file}]({file}){f', `{field[0]}`' if field else ''})"

    def _holds(self, file: str, field: str = "", zero: bool = False) -> bool:
        """Whether the file is there and its field, if one is named, is not empty; with `zero`, 0 counts as an answer."""
        if not field:
            return True  # of the report itself, or of the manifest, without which there are no results
        if file == "manifest.csv":
            return any(getattr(record, field) for record in self.results.manifest.used)
        value = getattr(self.results, FILES[file])
        for key in field.split("."):
            value = getattr(value, key, None)
        return bool(value) or (zero and value == 0)

    def answer(self, item: dict[str, Any]) -> Answer:
        """The Answer to an item of checklists.yaml."""
        fact = self.fact(item["fact"]) if "fact" in item else ""
        if fact:
            asked = "write" in item and (not item.get("when") or self.values[item["when"]])
            return Answer("in part", f"{fact} Still to write: {item['write']}.") if asked else Answer("yes", fact)
        if "na" in item:
            return Answer("not applicable", plain(item["na"]))
        return Answer("no", f"To write: {item.get('lacking', item.get('write', item['topic']))}.")

    def judged(self, row: dict[str, Any]) -> tuple[str, str]:
        """(whether it gives concern, the fact) of a question about bias; not known where the fact, or what it says, is not."""
        fact = self.fact(row["fact"])
        value = self.made.compile_expression(str(row["judge"]))(**self.values) if fact else None
        return "not known" if value is None else "concern" if value else "none seen", fact

    def page(self, name: Literal["claim", "tripod"]) -> str:
        """The text of CLAIM.md or TRIPOD.md; the latter ends with the questions about bias."""
        answers = [(part, item, self.answer(item)) for part, items in self.lists[name].items() for item in items]
        counts = Counter(answer.word for _, _, answer in answers)
        asked = self.lists["bias"] if name == "tripod" else {}
        return self.made.from_string(self.lists["page"]).render(
            **self.lists["heads"][name],
            results=self.results,
            answers=answers,
            counts=counts,
            asked=len(answers) - counts["not applicable"],
            bias=[(part, row["ask"], *self.judged(row)) for part, rows in asked.items() for row in rows],
        )


def load() -> dict[str, Any]:
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))


def values(results: Results) -> dict[str, Any]:
    """What the sentences of checklists.yaml are made of, by the names that they use."""
    manifest, audits, split = results.manifest, results.audits, results.metrics.held_out
    used = manifest.used
    by_label = {label: [record for record in used if record.label == label] for label in LABELS}
    held = {label: [record for record in films if record.split == split] for label, films in by_label.items()}
    groups = {label: [manifest.groups[record.image_id] for record in films] for label, films in held.items()}
    known = {label: [age for r in films if (age := r.years) is not None] for label, films in held.items()}
    ages = [(LABEL_WORDS[label], median(of_label), len(of_label)) for label, of_label in known.items() if of_label]
    widths = {label: wilson(0.95, max(effective_n(of_label), 1)) for label, of_label in groups.items()}
    both = set.intersection(*({record.source for record in films} for films in by_label.values()))
    shared = {label: (sum(record.source in both for record in films), len(films)) for label, films in by_label.items()}
    calibrations = [(name, score.scaling.before) for name, score in thresholds.judged(results) if score.scaling]
    off = [_off(figure, best) for _, found in calibrations for figure, best in ((found.intercept, 0), (found.slope, 1))]
    external = (audits.external if audits else None) or []
    blind = networks.best_without_lungs(audits)
    return {
        "r": results,
        "version": __version__,
        "short": short_name,
        "names": [short_name(name) for name in results.architectures],
        "used": used,
        "read": len(manifest.records),
        "reasons": [summary.short_reason(record) for record in manifest.records if not record.used],
        "unknown": patients.unknown(used),
        "at_most": "at most " if any(map(patients.unknown, held.values())) else "",
        "published": facts.published(results),
        "pictures": facts.pictures(results),
        "leaks": patients.leaks_sentence(results.info.leaks, patients.unknown(used)),
        "known": {name: sum(patients.stated(r, name) for r in used) for name in ("age", "sex", "view", "patient", "finding")},
        "by_label": {LABEL_WORDS[label]: films for label, films in by_label.items()},
        "by_source": {source: [r for r in used if r.source == source] for source in sorted({r.source for r in used})},
        "by_split": {SPLIT_WORDS[split]: films for split in SPLITS if (films := [r for r in used if r.split == split])},
        "fetched": sorted(record.retrieved_at[:10] for record in used if record.retrieved_at),
        "shared": {LABEL_WORDS[label]: counts for label, counts in shared.items()},
        "shared_least": min(n / max(of, 1) for n, of in shared.values()),
        "patients": {label: len(set(of_label)) for label, of_label in groups.items()},
        "widths": {label: high - low for label, (low, high) in widths.items()},
        "held_words": SPLIT_WORDS[split],
        "ages": ages,
        "age_gap": abs(ages[0][1] - ages[1][1]) if len(ages) == 2 else None,
        "best": sentences.best(results.comparison),
        "failures": sentences.failures(results.comparison.networks),
        "seeds": min(len(network.seeds) for network in results.comparison.networks),
        "scores": [(networks.name_of(score), score) for name in results.architectures if (score := networks.score_of(results, name))],
        "calibrations": calibrations,
        "miscalibrated": _any(off),
        "unstable": [row.unstable.value for row in (audits and audits.stability) or [] if row.unstable.known],
        "falls_outside": _any([row.drop.auc.low and row.drop.auc.low > 0 for row in external]),
        "blind": blind,
        "blind_auc": (blind.held_out or blind.area).auc if blind else None,
    }


def _off(figure: Figure | None, best: float) -> bool | None:
    """Whether the interval does not hold the best value; None where there is none."""
    return None if figure is None or figure.low is None or figure.high is None else not figure.low <= best <= figure.high


def _any(found: list[bool | None]) -> bool | None:
    known = [each for each in found if each is not None]
    return any(known) if known else None


def _text(figure: Figure | None) -> str:
    return figure_text(figure) if figure else "not known"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word or 'not known'} ({count:,})" for word, count in Counter(words).most_common(4))


def _labels(records: Iterable[Record]) -> str:
    counts = Counter(record.label for record in records)
    return " and ".join(f"{counts[label]:,} {LABEL_WORDS[label]}" for label in LABELS)
