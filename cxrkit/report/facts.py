"""What the page and the cards say about a run, each sentence from a fact in its results: who, when, with what, on whose films."""

from typing import Any

import yaml

from cxrkit import __version__
from cxrkit.audit.rules import capital, listed
from cxrkit.config import short_name
from cxrkit.data.licences import licence_of
from cxrkit.data.records import ADULT, LABEL_WORDS, LABELS, POSITIVE, is_minor
from cxrkit.evaluation.metrics import Figure
from cxrkit.report import gallery, sentences
from cxrkit.report.tables import patients, thresholds
from cxrkit.results import Results
from cxrkit.tables import figure_text, plain

ASK = "whoever passed these results on (--contact names a person)"
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
LARGEST = "n>100K"
"""Words of the Hugging Face Hub for how many films there are."""
TAGS = ("chest-x-ray", "covid-19", "radiology", "shortcut-learning")


def drawn(results: Results) -> bool:
    """Whether the films are drawn phantoms."""
    return results.info.films == "phantom"


def identity(results: Results) -> list[tuple[str, str]]:
    """[(what, value)]: whom to ask, when the run began, the kit's version and commit, the data's hash, and the command."""
    info = results.info
    source = (f"commit {info.commit}" if info.commit else "") or (
        f"source {info.bundle.source_sha256[:12]}" if info.bundle.source_sha256 else "an unrecorded commit"
    )
    return [
        ("contact", results.experiment.contact or ASK),
        ("date of the run", info.begun or "not known"),
        ("cxrkit", f"version {__version__} wrote this; {source} made the run"),
        ("manifest.csv, SHA-256", info.manifest_sha256),
        ("command", sentences.repeat(results)),
    ]


def pictures(results: Results) -> str:
    """Which films travel with the results."""
    shown = {film.image_id for film in gallery.films(results) if film.picture and (results.folder / film.picture).is_file()}
    if drawn(results):
        return "The pictures in these results are of phantoms and may be passed on."
    if not shown:
        return "No film travels with these results."
    films = "film travels" if len(shown) == 1 else "films travel"
    return (
        f"{len(shown)} {films} with these results as a small picture, in report.html and below figures/: those whose licence "
        "lets them be passed on, with their credit. No other film does."
    )


def published(results: Results) -> str:
    """Whether the films were published before, as far as their records say so."""
    used = results.manifest.used
    named = sum(bool(r.case_url or r.image_url or licence_of(r.licence).known or r.collected in ("crawl", "saved", "kaggle")) for r in used)
    if named == len(used):
        return "Retrospective: the films were published before, by others."
    if not named:
        return "Retrospective. Nothing in manifest.csv says whether the films were published before."
    return f"Retrospective: of {len(used):,} films, {named:,} have an address or a licence to be published under; of the others nothing says whether they were published."


def ages(results: Results) -> str:
    """How the classes differ in age, as far as it is known."""
    told = []
    if drawn(results):
        return "Phantoms have no age."
    for label in LABELS:
        of_class = [is_minor(record.age) for record in results.manifest.used if record.label == label]
        known = [minor for minor in of_class if minor is not None]
        if known:
            share = 100 * sum(known) / len(known)
            told.append(
                f"{share:.0f} % of the {LABEL_WORDS[label]} films are of patients under {ADULT} (that is known for {len(known):,} of {len(of_class):,})"
            )
    if len(told) < len(LABELS):
        told.append(f"whether a patient was under {ADULT} is known for no film of " + ("either class" if not told else "the other class"))
    return capital("; ".join(told)) + "."


def groups(results: Results) -> str:
    """Whether groups of patients were compared."""
    by = sorted({group.by for row in (results.audits.external or [] if results.audits else []) for group in row.subgroups})
    if by:
        return f"Groups of patients are compared by {listed(by)} on external films, in report.html; many are small."
    used = results.manifest.used
    known = " and ".join(f"{trait} for {sum(patients.stated(record, trait) for record in used):,}" for trait in ("age", "sex"))
    return f"Groups of patients were not compared. Of the {len(used):,} films, the sources state {known}."


def calibration(results: Results) -> str:
    """Whether probabilities mean what they say, on the held-out films."""
    found = [(name, score.scaling) for name, score in thresholds.judged(results) if score.scaling]
    if not found:
        return "The calibration of the probabilities was not measured."
    told = "; ".join(f"{name}: {figure_text(scaling.before.ece)}" for name, scaling in found)
    where = "the same films" if any(scaling.same_images for _, scaling in found) else "validation"
    prior = any(scaling.rests_on_prior for _, scaling in found)
    return (
        f"Calibration error (0: a probability means what it says): {told}. predictions.csv holds the probabilities as the networks give them, not recalibrated; "
        f"the temperatures in `metrics.json` were fitted on {where}{', and some of them rest on the prior alone' * prior}."
    )


def model_head(results: Results) -> str:
    """The YAML head of MODEL_CARD.md as the Hugging Face Hub reads it; scores of phantoms are not among it."""
    head: dict[str, Any] = {
        "license": "other",
        "license_name": "see-attribution",
        "license_link": "ATTRIBUTION.md",
        "library_name": "fastai",
        "pipeline_tag": "image-classification",
        "tags": [*TAGS, "not-for-clinical-use", *(["phantoms"] if drawn(results) else [])],
    }
    if not drawn(results):
        dataset = {"name": f"cxrkit manifest {results.info.manifest_sha256[:12]}", "type": "chest-x-ray", "split": results.metrics.held_out}
        scores = [(name, score) for name in results.architectures if (score := results.score(name))]
        head["model-index"] = [
            {
                "name": short_name(name),
                "results": [
                    {
                        "task": {"type": "image-classification"},
                        "dataset": dataset,
                        "metrics": [*_metric("roc_auc", "AUC", score.auc), *_metric("accuracy", "Accuracy", score.rates.accuracy)],
                    }
                ],
            }
            for name, score in scores
        ]
    return _head(head)


def _metric(kind: str, name: str, figure: Figure) -> list[dict[str, Any]]:
    return [{"type": kind, "name": name, "value": round(figure.value, 4)}] if figure.value is not None else []


def dataset_head(results: Results) -> str:
    """The YAML head of DATASHEET.md as the Hugging Face Hub reads it."""
    used = results.manifest.used
    found = [licence_of(record.licence) for record in used]
    named = sorted({each.name.lower() for each in found}) if all(each.url and each.name != "Public Domain" for each in found) else []
    classes = sorted({LABEL_WORDS[record.label] for record in used}, key=lambda word: word != LABEL_WORDS[POSITIVE])
    return _head(
        {
            "pretty_name": f"{len(used):,} {'drawn phantoms' if drawn(results) else 'chest films'}, {' and '.join(classes)}",
            "license": (named[0] if len(named) == 1 else named) or "other",
            "task_categories": ["image-classification"],
            "size_categories": [next((word for limit, word in SIZES if len(used) < limit), LARGEST)],
            "tags": [*TAGS, *(["phantoms"] if drawn(results) else [])],
        }
    )


def _head(values: dict[str, Any]) -> str:
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---\n"


def identity_lines(results: Results) -> str:
    """The identity as a list in Markdown."""
    return "\n".join(
        f"- {what}: {'`' + value.replace('`', '') + '`' if what in ('command', 'manifest.csv, SHA-256') else plain(value)}"
        for what, value in identity(results)
    )
