"""The audit: can the answer be trusted? Its parts put together for a run, or for a manifest before anything is trained (audits.json).

What cannot be done on this machine, because the films or the weights are not here, is listed with its reason and
stops nothing. The parts that ask trained networks stand in audit/asked.py, so that the audit of a manifest needs no torch.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cxrkit import config, environment
from cxrkit.audit import baselines, controls, earlier, external, matched, probes, sources, strata, verdict
from cxrkit.audit.context import CACHE, Context, Options, Part, carried_out, first_seeds, listed, once_for_a_run
from cxrkit.audit.evidence import EVERY_FILM, NO_FILMS, Evidence
from cxrkit.audit.films import Films
from cxrkit.data import cache, pixels
from cxrkit.data import manifest as manifests
from cxrkit.data import sources as film_sources
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import CHECKSUMS, JSON_START, refuse_foreign, refuse_unwritable, sha256_of, write_json
from cxrkit.progress import say
from cxrkit.results import AUDITS as NAME
from cxrkit.results import DRAWN, RUN, Network, Results
from cxrkit.schema import VERSION, Area, Audits, FilmCounts, HeldFixedRow, Judged, MatchedRow, NetworkRow, NotDone, SourceRow

SIZE = 224
"""Side in pixels of the squares that are looked at where no run says another."""
ASKED = "masking, features, attention, stability, external films, retraining"
NEED_NETWORKS = ("masking", "external", "attention", "retraining")
"""The parts of audit/conclusions.py that ASKED stands for."""


def scored(films: Films, context: Context) -> list[NetworkRow]:
    """The networks on the held-out films, as metrics.json has them, each beside the best coarse baseline."""
    rows = []
    for architecture in context.results.architectures:
        held, score = context.results.required(architecture).of(films.judged.image_ids), context.results.score(architecture)
        if score is None:
            raise BadInput(
                f"The run has no score of {architecture}.", context.results.folder, "compute them: python -m cxrkit evaluate RUN"
            )
        area = Area(score.auc, int(held.is_covid.sum()))
        rows.append(NetworkRow(architecture, list(held.seeds), area, baselines.advantage(held, context.coarse)))
    return rows


def scored_within_sources(films: Films, context: Context) -> list[SourceRow]:
    rows = []
    for architecture in context.results.architectures:
        held = context.results.required(architecture).of(films.judged.image_ids)
        rows += sources.same_source(films.judged, held.p_covid, architecture, architecture)
    return rows


def held_fixed(films: Films, context: Context) -> list[HeldFixedRow]:
    rows, several = [], len(np.unique(films.sources)) > 1
    for architecture in context.results.architectures:
        rows += strata.rows(architecture, context.results.required(architecture), context.manifest.by_id, several)
    return rows


def scored_on_pairs(films: Films, context: Context) -> list[MatchedRow]:
    results, rows = context.results, []
    for architecture in results.architectures:
        held, experiment = results.required(architecture), results.experiment
        rows += matched.rows(architecture, held, context.manifest.by_id, experiment.age_caliper, experiment.split_seed)
    return rows


PARTS: tuple[Part, ...] = (
    Part("sources", "sources by a thumbnail", lambda films, context: sources.without_networks(films) if context.pixels else []),
    Part("controls", "control: permuted labels", lambda films, context: [controls.permutation(films)]),
    Part("controls", "control: a planted patient", lambda films, context: [controls.leaked_patient(films, context.manifest)]),
    Part("controls", "control: a planted copy", lambda films, context: [controls.leaked_copy(films, context.manifest, context.locate)]),
    Part("networks", "the networks' scores", scored, once_for_a_run),
    Part("sources", "the networks' scores within a source", scored_within_sources, once_for_a_run),
    Part("matched", "the networks' scores with view, age and sex held fixed", scored_on_pairs, once_for_a_run),
    Part("held_fixed", "source and age held fixed", held_fixed, once_for_a_run),
)
"""What asks no network. The baselines are not among them: the others need what they find."""


def audit(target: Results | Path | str, options: Options = Options(), out: Path | None = None) -> Audits:
    """Audit a run or a manifest; write audits.json (into the results, beside the manifest as `file_of` says, or to `out`) and return its content.

    target: a run's Results, its folder, its results folder, or a manifest.csv. What an earlier audits.json there did, and
    this audit did not, is kept while manifest and predictions are the same (audit/earlier.py).
    Raises BadInput for a target or external films that cannot be read, WrongUse for options that do not fit it, Unwritable.
    """
    not_done: list[NotDone] = []
    results, path = _target(target, options)
    if results and options.weights:
        _refuse_weights(results, options)
    written = out or file_of(path)
    refuse_foreign(written, JSON_START)
    refuse_unwritable(written, *([results.folder / CHECKSUMS] if results and not out else []))
    context = _opened(results, path, options, not_done)
    manifest, films = context.manifest, Films.of(context.manifest)
    predicted = sha256_of(results.folder / "predictions.csv") if results else ""
    kept_at = file_of(path)
    before, dropped = earlier.read(kept_at, manifest.sha256, predicted)
    not_done += dropped
    if context.pixels:
        films = replace(films, images=context.pixels.of(films.image_ids))
    baseline_rows, held_scores = baselines.run(films)
    context = replace(context, coarse=baselines.best_coarse(baseline_rows, held_scores))
    parts = PARTS
    if results and not options.asks:
        not_done.append(NotDone(ASKED, "not asked for: python -m cxrkit audit RUN does them"))
    elif results and not context.pixels:
        not_done.append(NotDone(ASKED, NO_FILMS))
    elif results:
        from cxrkit.audit import asked  # torch: the audit of a manifest, and a quick one, do without it

        context = _with_networks(context, not_done)
        parts += asked.PARTS
    anew = frozenset(each.name for each in context.external) if context.networks else frozenset()
    rows, kept = earlier.merged({"baselines": baseline_rows, **carried_out(parts, films, context, not_done)}, before, anew)
    evidence = Evidence(
        films=results.info.films if results else "phantom" if all(record.collected == DRAWN for record in manifest.used) else "films",
        counts=count(films, manifest, results),
        attention=next(iter(rows.get("attention", [])), None),
        reasons=_reasons(not_done),
        kept=kept,
        films_here=context.pixels is not None,
        **{field: rows.get(field, []) for field in ROWS},
    )
    audits = Audits(
        schema=VERSION,
        manifest_sha256=manifest.sha256,
        predictions_sha256=predicted,
        films=evidence.films,
        counts=evidence.counts,
        baselines=evidence.baselines,
        sources=evidence.sources,
        controls=evidence.controls,
        networks=rows.get("networks"),
        held_fixed=rows.get("held_fixed"),
        masking=rows.get("masking"),
        external=rows.get("external"),
        attention=evidence.attention,
        parts=evidence.states,
        not_done=not_done,
        stability=rows.get("stability"),
        published=rows.get("published"),
        verdict=verdict.decide(evidence),
        matched=rows.get("matched"),
        coarse_curve=baselines.coarse_curve(context.coarse, films.is_covid[films.splits == films.held_out])
        or (before.coarse_curve if before else None),
    )
    _write(audits, results, path, out)
    return audits


ROWS = ("baselines", "sources", "controls", "networks", "held_fixed", "matched", "masking", "external", "published")
"""The parts that are lists of rows, by their field."""


def _reasons(not_done: list[NotDone]) -> dict[str, str]:
    """{part: the first reason why it, or some of it, was not done}."""
    reasons: dict[str, str] = {}
    for row in not_done:
        for part in NEED_NETWORKS if row.part == ASKED else [row.of]:
            reasons.setdefault(part, row.reason)
    return reasons


def file_of(manifest: Path) -> Path:
    """Where a manifest's audit is kept, beside it: audits.json, or films.audits.json of films.csv, as another manifest may lie there too."""
    return manifest.parent / NAME if manifest.name == "manifest.csv" else manifest.with_suffix(f".{NAME}")


def _target(target: Results | Path | str, options: Options) -> tuple[Results | None, Path]:
    """(the run or None, its manifest's path)."""
    if isinstance(target, Results):
        return target, target.folder / "manifest.csv"
    target = Path(target)
    if target.suffix != ".csv":
        if target.is_file():
            raise BadInput("This is no run's folder, and no manifest.csv.", target, "name one of the two")
        if not any((folder / RUN).is_file() for folder in (target, target / "results")) and (target / "manifest.csv").is_file():
            raise BadInput("There is no run here, but a manifest.", target, f"name the manifest: {target / 'manifest.csv'}")
        results = Results.open(target)
        return results, results.folder / "manifest.csv"
    if options.external or options.retrain or options.networks or options.published or options.weights:
        raise WrongUse(
            "A manifest has no networks to ask.",
            target,
            "name a run's folder, or leave out --external, --retrain, --networks, --weights and --published",
        )
    return None, target


def _refuse_weights(results: Results, options: Options) -> None:
    """Raise WrongUse for a folder of weights that nothing would be started from, BadInput for one that lacks a network's file."""
    if not options.retrain or not results.experiment.pretrained:
        why = "the run's networks started from random ones" if options.retrain else "nothing is trained anew"
        next = "leave out --weights" if options.retrain else "add --retrain, or leave out --weights"
        raise WrongUse(f"ImageNet's weights are not needed: {why}.", options.weights, next)
    asked = dict.fromkeys(network.architecture for network in chosen(results, "cpu", options.networks))
    config.refuse_weights(replace(results.experiment, architectures=tuple(asked), weights=options.weights))


def _opened(results: Results | None, path: Path, options: Options, not_done: list[NotDone]) -> Context:
    """What is on this machine. Without the films the parts that look at pictures are listed as not done. Raises BadInput."""
    manifest = results.manifest if results else manifests.read(path)
    if not manifest.used:
        raise BadInput("The manifest uses no film.", path, "look at the reasons in its column `excluded`")
    if results and results.held_out != manifest.held_out:
        raise BadInput(
            f"The run has predictions for {results.held_out}, and none for {manifest.held_out}.", results.folder, "run the training again"
        )
    home = Path(options.home) if options.home else home_of(path.parent) if results else path.parent
    size, resize = (results.experiment.image_size, results.experiment.resize) if results else (SIZE, "squish")
    views = results.experiment.exclude_views if results else ()
    roots = manifests.read_roots(home / "manifest.csv" if results else path)
    if options.sources:
        roots |= _named(options.sources, manifest)
    named = external.not_own(film_sources.externals(options.external), [*roots.values(), path, home / "manifest.csv"])
    read = tuple(external.read(source, home / CACHE, size, resize, views, options.external_films) for source in named)
    context = Context(manifest, home, film_sources.locator(roots), options, results, external=read)
    with listed("everything that looks at pictures", not_done):
        if not roots:
            raise BadInput("it is not known where the films lie on this machine (no manifest.roots.json; name them with --source)")
        context = replace(context, pixels=pixels.load(manifest, context.locate, size, home / CACHE, resize=resize))
    return context


def _named(texts: Sequence[str], manifest: Manifest) -> dict[str, str]:
    """{name of a root: folder} of what --source names. Raises BadInput for no such folder, WrongUse for a name that no film is under."""
    found = film_sources.parse_all(texts, drawn_at="phantoms")
    film_sources.require(found)
    known = sorted({record.path.partition("/")[0] for record in manifest.records if record.path})
    for name in manifests.roots_of(found):
        if name not in known:
            raise WrongUse(f"No film of the manifest is under {name!r}.", next=f"name one of {', '.join(known)}, as --source KIND:NAME=DIR")
    return manifests.roots_of(found)


def home_of(results: Path) -> Path:
    """The folder around a results folder, where the manifest's roots and the pixel cache lie; the folder itself where they do not."""
    return results.parent if (results.parent / "manifest.roots.json").exists() else results


def _with_networks(context: Context, not_done: list[NotDone]) -> Context:
    """The context with the networks to ask, their device, and external films without copies of the run's."""
    device, every = environment.choose_device().value, context.results.networks()
    networks = chosen(context.results, device, context.options.networks)
    if len(networks) < len(every):
        names = ", ".join(network.name for network in networks)
        reason = f"asked: {names}, of {len(every)} (name others with --networks)"
        not_done.append(NotDone("masking and features of further networks", reason))
    not_done += not_named(context.results, context.options)
    thumbnails: dict[str, np.ndarray] = {}
    if context.external:
        say(f"audit: looking for the run's pictures in {', '.join(films.name for films in context.external)}")
        with listed("altered copies of the run's films among external ones", not_done):
            thumbnails = cache.add_facts(context.manifest.used, context.locate, context.home / CACHE)[1]
    apart = tuple(external.without_copies(films, context.manifest, thumbnails) for films in context.external)
    return replace(context, device=device, networks=tuple(networks), external=apart)


def not_named(results: Results, options: Options) -> list[NotDone]:
    """The external films that were a part of the run, and of which the options do not say where they lie."""
    named = {film_sources.name_of(text) for text in options.external}
    told = "a part of the run; where they lie on this machine is not said: --external {}=DIR"
    return [NotDone(f"films of {name}", told.format(name)) for name in results.experiment.external if name not in named]


def chosen(results: Results, device: str, wanted: tuple[str, ...] = ()) -> list[Network]:
    """The networks to ask: all seeds on a GPU, the first seed of each architecture on processors.

    wanted: names such as resnet34-seed0, which are then the ones, whatever the device. Raises BadInput for a name
    that the run does not have.
    """
    every = results.networks()
    if wanted:
        names = {network.name: network for network in every}
        unknown = sorted(set(wanted) - set(names))
        if unknown:
            raise BadInput(f"The run has no network {', '.join(unknown)}.", results.folder, f"name some of {', '.join(names)}")
        return [names[name] for name in dict.fromkeys(wanted)]
    return first_seeds(every) if device == "cpu" else every


def count(films: Films, manifest: Manifest, results: Results | None) -> FilmCounts:
    """How many films and patients there are, and how many are judged: the held-out ones for a run, else all."""
    judged = films.judged if results else films
    return FilmCounts(
        covid=int(films.is_covid.sum()),
        normal=int((~films.is_covid).sum()),
        patients=len(np.unique(films.groups)),
        sources=len(np.unique(films.sources)),
        leaks=len(manifest.leaks),
        judged=Judged(
            split=results.held_out if results else EVERY_FILM,
            covid=int(judged.is_covid.sum()),
            normal=int((~judged.is_covid).sum()),
            covid_patients=probes.patients(judged.groups, judged.is_covid),
            normal_patients=probes.patients(judged.groups, ~judged.is_covid),
        ),
    )


def _write(audits: Audits, results: Results | None, path: Path, out: Path | None) -> None:
    if results is None or out:
        write_json(out or file_of(path), asdict(audits))
        return
    results.write(audits)
    if audits.attention:
        results.refresh_checksums(*(entry.file for entry in audits.attention.gallery if entry.file))
