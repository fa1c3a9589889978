"""cxrkit 0.1.0: COVID-19 against healthy chest films. Research use only.

What to do: attach praveengovi/coronahack-chest-xraydataset (Add Input), choose the accelerator GPU T4 x2, edit the
constants below if you like, and Save Version, Run All. results/report.html in the output is what to read. Every
finished stage lies in the output at once; a run that was stopped goes on where its output is attached as an input.
"""

EXPERIMENT = 'paper'  # one of: dry-run, paper, rigorous
OVERRIDES = {}  # keys of the experiment laid over it, e.g. {"seeds": [0, 1], "epochs": 2}
HOURS = 11.0  # after so many hours no new stage begins, and the run reports what it has (Kaggle ends it after 12)
GPU = True  # whether to stop at once where no GPU works; False trains on the processors
RESULTS = 'cxrkit-chest-films-results'  # slug of your dataset that the results are sent to; empty: they stay in the kernel's output
RUN_ID = ''  # names this run in its results; empty: the time of its start

# GENERATED from the repository by `python -m cxrkit bundle`: edit the constants above, or the repository; `push` heeds
# both. Kaggle runs exactly one file, so this one holds the whole kit: every module and data file stands below as plain
# text under its own heading (docstrings are longer in the repository, and spaces stand for tabs); they are written to a
# temporary folder, from which they are imported, and kernel/run.py, at the end, is the program.

import base64
import zlib

VERSION = '0.1.0'
SOURCE_SHA256 = 'b9f5544c38b9d22e908f640e9ce4eb28bb0da0e80b92ef40f311932d4c15ba13'
FILES = {}


# ======================================
# cxrkit/__init__.py
# ======================================

FILES['cxrkit/__init__.py'] = r'''
"""cxrkit: COVID-19 against healthy chest films, from raw sources to a report one can trust."""

__version__ = "0.1.0"

RESEARCH_ONLY = "Research use only: not a medical device, and no score here says that a network sees disease."
'''[1:]


# ======================================
# cxrkit/audit/__init__.py
# ======================================

FILES['cxrkit/audit/__init__.py'] = r'''
"""Can the answer be trusted? Films and trained networks in; audits.json, with a verdict, out."""
'''[1:]


# ======================================
# cxrkit/audit/asked.py
# ======================================

FILES['cxrkit/audit/asked.py'] = r'''
"""The parts of an audit that ask trained networks: masks, features, attention, stability, external films, retraining."""

from dataclasses import replace

import numpy as np

from cxrkit.audit import attention, external, inquiry, masking, sources, stability
from cxrkit.audit.context import CACHE, Context, Part, first_seeds
from cxrkit.audit.external import ExternalFilms
from cxrkit.audit.films import Films
from cxrkit.audit.inquiry import side_by_side
from cxrkit.audit.retraining import Retraining
from cxrkit.data import pixels
from cxrkit.errors import BadInput
from cxrkit.progress import Meter
from cxrkit.results import Network
from cxrkit.schema import Attention, ExternalRow, MaskRow, SourceRow, StabilityRow


def each_network(context: Context) -> list[tuple[Network]]:
	return [(network,) for network in context.networks]


def one_of_each_architecture(context: Context) -> list[tuple[Network]]:
	return [(network,) for network in first_seeds(sorted(context.networks, key=lambda network: network.seed))]


def each_retrained(context: Context) -> list[tuple[Network]]:
	"""One network of each architecture, where retraining is asked for."""
	if not context.options.retrain:
		return []
	return [(network,) for network in context.networks if network.seed == context.networks[0].seed]


def each_external(context: Context) -> list[tuple[ExternalFilms, str]]:
	return [(films, architecture) for films in context.external for architecture in context.results.architectures]


def masked(films: Films, context: Context, network: Network) -> list[MaskRow]:
	return masking.curve(network, inquiry.loaded(network, context.device), films.judged, context.device)


def sources_by_features(films: Films, context: Context, network: Network) -> list[SourceRow]:
	"""How well what the network's last layer sees tells the sources apart, where some label has several."""
	if all(len(np.unique(films.sources[films.is_covid == label])) < 2 for label in (True, False)):
		return []
	with Meter(f"features of {network.name}", len(films.images)) as meter:
		seen = inquiry.features(inquiry.loaded(network, context.device), films.images, context.device, meter)
	return sources.seen_sources(films, seen, f"the features of {network.architecture}", network.architecture)


def attended(films: Films, context: Context) -> list[Attention]:
	results = context.results
	return [attention.audit(results, context.pixels, context.networks, context.device, results.experiment.threshold)]


def each_architecture(context: Context) -> list[tuple[str]]:
	return [(architecture,) for architecture in dict.fromkeys(network.architecture for network in context.networks)]


def called_again(films: Films, context: Context, architecture: str) -> list[StabilityRow]:
	"""The calls of an architecture's networks, those that are asked, on held-out films that are changed a little."""
	results, judged = context.results, films.judged
	networks = [network for network in context.networks if network.architecture == architecture]
	held = results.required(architecture).of(judged.image_ids)
	with Meter(f"changed films, {architecture}", len(networks) * len(judged.images) * (1 + len(stability.CHANGES))) as meter:
		answers = [stability.asked(inquiry.loaded(each, context.device), judged.images, context.device, meter) for each in networks]
	spread = stability.spreads(results).get(architecture)
	return [stability.row(judged, held, np.stack(answers), architecture, results.experiment.threshold, spread)]


def scored_on_external(films: Films, context: Context, others: ExternalFilms, architecture: str) -> list[ExternalRow]:
	"""All seeds of the architecture, whichever networks the other parts ask."""
	used = others.manifest.used
	if not used:
		raise BadInput("no film is left that the run does not have")
	resize = context.results.experiment.resize
	squares = pixels.load(others.manifest, others.locate, context.pixels.size, context.home / CACHE, resize=resize)
	images = squares.of([record.image_id for record in used])
	seeds = [network for network in context.results.networks() if network.architecture == architecture]
	with Meter(f"{architecture} on the films of {others.name}", len(seeds) * len(images)) as meter:

		def answers(network: Network) -> np.ndarray:
			return inquiry.p_covid(inquiry.loaded(network, context.device), images, context.device, meter)

		p_covid = np.stack(list(inquiry.side_by_side(answers, seeds, context.device)))
	return [external.row(others, architecture, p_covid, context.results)]


def _again(films: Films, context: Context, network: Network) -> Retraining:
	experiment = replace(context.results.experiment, weights=context.options.weights)
	score = context.results.score(network.architecture)
	folder = context.home / "audit-jobs"
	return Retraining(network, experiment, films, context.pixels, folder, context.device, score.auc if score else None)


PARTS: tuple[Part, ...] = (
	Part("masking", "masks on {0.name}", masked, each_network, side_by_side),
	Part("sources", "features of {0.name}", sources_by_features, one_of_each_architecture, side_by_side),
	Part("attention", "attention", attended),
	Part("stability", "stability of the calls of {0}", called_again, each_architecture, side_by_side),
	Part("external", "{1} on the films of {0.name}", scored_on_external, each_external),
	Part("masking", "{0.name} trained anew on masked films", lambda *given: _again(*given).masked(), each_retrained),
	Part("sources", "{0.name} trained anew without each source", lambda *given: _again(*given).without_each_source(), each_retrained),
	Part("controls", "{0.name} trained anew on permuted labels", lambda *given: [_again(*given).permuted()], each_retrained),
)
"""In the order in which they are done; films and networks are those of a run, with their pixels on this machine."""
'''[1:]


# ======================================
# cxrkit/audit/attention.py
# ======================================

FILES['cxrkit/audit/attention.py'] = r'''
"""Saliency: Grad-CAM maps, how much of them lies on the chest, and a gallery of films to look at."""







import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import numpy as np
import torch
from fastai.vision.learner import TimmBody
from PIL import Image
from scipy.stats import rankdata
from torch import nn
from torch.nn.functional import interpolate

from cxrkit.audit import inquiry
from cxrkit.audit.films import LUNGS, box
from cxrkit.data.licences import may_redistribute
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import Record
from cxrkit.evaluation import bootstrap
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.files import replacing
from cxrkit.progress import Meter
from cxrkit.results import Network, Results
from cxrkit.schema import Attention, AttentionRow, GalleryEntry
from cxrkit.training import networks

SMALLEST_MAP = 4
"""Cells a side. The deepest layer that still has so many is read: the last one of films of 128 pixels and more."""
CELLS_COMPARED = 16
"""A side; the raster on which maps of two networks are compared."""
FOLDER = "figures/attention"
Kind = Literal["error", "top loss", "hit"]
"""Why a film stands in the gallery."""
THUMBNAIL = 144
"""Pixels a side of the film and of its map in a picture of the gallery."""
AMBER = np.array([255, 176, 0], np.float32)
"""The map's colour: told from grey by everyone."""

MOST_ERRORS, TOP_LOSSES, HITS = 12, 4, 4
"""Films in the gallery for each architecture."""


def maps(
	model: torch.nn.Module,
	images: np.ndarray,
	classes=None,
	device: str = "cpu",
	batch_size: int = 32,
	advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
	"""Grad-CAM maps of grey squares, uint8 [n, size, size]: float32 [n, size, size], from 0 to 1 at each map's peak."""









	attended = np.zeros(np.shape(images), np.float32)
	for start in range(0, len(images), batch_size):
		part = slice(start, start + batch_size)
		wanted = None if classes is None else torch.as_tensor(np.asarray(classes)[part], device=device)
		attended[part] = _maps_of_batch(model, images[part], wanted, device).cpu().numpy()
		advance(len(images[part]))
	return attended


def _maps_of_batch(model, images, classes, device):
	features, outputs = _late_features(model, networks.normalised(images, device))
	outputs = outputs.float()
	classes = outputs.argmax(1) if classes is None else classes
	chosen = outputs.gather(1, classes[:, None])[:, 0]
	gradient = torch.autograd.grad((2 * chosen - outputs.sum(1)).sum(), features)[0]
	weights = gradient.mean((2, 3), keepdim=True)
	cells = (weights * features.detach()).sum(1, keepdim=True).clamp(min=0)
	enlarged = interpolate(cells, images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
	return enlarged / enlarged.amax((1, 2), keepdim=True).clamp(min=torch.finfo(enlarged.dtype).tiny)


@torch.no_grad()
def _late_features(model, x):
	"""What the deepest part of the body with a map large enough gives for a batch, and the model's outputs, which can be derived ..."""

	features = []

	def derive_from_here(_, __, given):
		torch.set_grad_enabled(True)
		features.append(given.detach().requires_grad_())
		return features[0]

	hook = _late_part(model, x[:1]).register_forward_hook(derive_from_here)
	try:
		outputs = model(x)
		return features[0], outputs
	finally:
		hook.remove()


def _late_part(model, x):
	"""The deepest part of the body whose map, [n, channels, side, side], is large enough for a batch like x; the first where none is."""
	seen = []

	def see(part, _, given):
		if given.dim() == 4 and given.shape[2] == given.shape[3]:  # a transformer's parts may give tokens, or channels last
			seen.append((part, given.shape[3]))

	hooks = [part.register_forward_hook(see) for part in _parts(model[0])]
	try:
		model(x)
	finally:
		for hook in hooks:
			hook.remove()
	return [part for part, side in seen if side >= SMALLEST_MAP or part is seen[0][0]][-1]


def _parts(body):
	"""A body's parts, as large as they come: what only holds others in a row is opened, for a stage may begin with a large map."""
	for part in body.children():
		if isinstance(part, (nn.Sequential, TimmBody)) or isinstance(body, TimmBody):
			yield from _parts(part)
		elif not isinstance(part, networks.Renormalised):
			yield part


def randomised(architecture: str, device: str = "cpu", seed: int = 0) -> torch.nn.Module:
	"""The same network with random weights, without a change to anybody's random numbers."""
	with inquiry.DRAWING, torch.random.fork_rng(devices=[]):
		torch.manual_seed(seed)
		return networks.build(architecture).eval().to(device)


def energy_in_box(attended: np.ndarray, side: float = LUNGS) -> np.ndarray:
	"""For each of n maps, the share of its sum inside the central box; NaN where a map is zero all over."""



	low, high = box(attended.shape[-1], side)
	total, in_box = attended.sum((1, 2), dtype=float), attended[:, low:high, low:high].sum((1, 2), dtype=float)
	return np.divide(in_box, total, out=np.full(len(attended), np.nan), where=total > 0)


def box_area(size: int, side: float = LUNGS) -> float:
	"""The central chest box's share of the area of a film of size x size pixels, 0 to 1; side: its side's share of the film's."""
	low, high = box(size, side)
	return (high - low) ** 2 / size**2


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
	"""Spearman's correlation of n pairs of maps on a coarse raster; NaN where a map is the same all over."""
	step = max(1, first.shape[-1] // CELLS_COMPARED)
	a, b = (rankdata(each[:, step // 2 :: step, step // 2 :: step].reshape(len(each), -1), axis=1) for each in (first, second))
	a, b = (ranks - ranks.mean(1, keepdims=True) for ranks in (a, b))
	size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
	return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)


def audit(results: Results, pixels: Pixels, chosen: Sequence[Network], device: str, threshold: float) -> Attention:
	"""Write the gallery's pictures into results/figures/attention, and return what the maps say."""




	folder = results.folder / FOLDER
	for old in folder.glob("*-*-[0-9][0-9].png"):
		old.unlink()
	of_architecture: dict[str, list[Network]] = {}
	for network in chosen:
		of_architecture.setdefault(network.architecture, []).append(network)
	with Meter("attention", len(results.required(chosen[0].architecture).image_ids) * (len(chosen) + len(of_architecture))) as meter:
		look = partial(_of_architecture, results, pixels, device=device, threshold=threshold, advance=meter.advance)
		found = list(inquiry.side_by_side(look, list(of_architecture.values()), device))
	return Attention(
		rows=[row for rows, *_ in found for row in rows],
		gallery=[entry for _, gallery, _ in found for entry in gallery],
		left_out={architecture: errors for architecture, (*_, errors) in zip(of_architecture, found)},
	)


def _of_architecture(
	results: Results, pixels: Pixels, chosen: Sequence[Network], device: str, threshold: float, advance: Callable[[int], None]
) -> tuple[list[AttentionRow], list[GalleryEntry], int]:
	"""The rows of one architecture's networks, the gallery of the first one, and how many of its errors found no place there."""
	first = chosen[0]
	held = results.required(first.architecture)
	images = pixels.of(held.image_ids)
	learnt_nothing = maps(randomised(first.architecture, device), images, device=device, advance=advance)
	rows: list[AttentionRow] = []
	gallery: list[GalleryEntry] = []
	p_covid = held.p_covid[held.seeds.index(first.seed)]
	picked, left_out = pick(held.is_covid, p_covid, threshold)
	for network in chosen:
		attended = maps(inquiry.loaded(network, device), images, device=device, advance=advance)
		rows.append(_row(network, results.held_out, held, attended, learnt_nothing))
		if network is first:
			gallery = _hung(results, network, held.image_ids, p_covid, picked, images, attended)
	return rows, gallery, left_out


def _hung(results: Results, network: Network, image_ids, p_covid, picked, images, attended) -> list[GalleryEntry]:
	"""The picked films as entries of the gallery; their pictures are written where they may be shown."""
	entries = []
	for number, (index, kind) in enumerate(picked, start=1):
		record = results.manifest.by_id[image_ids[index]]
		name = f"{_slug(network.architecture)}-{_slug(kind)}-{number:02d}.png"
		entry = _entry(record, network, kind, float(p_covid[index]), name)
		if entry.file:
			save(results.folder / entry.file, beside(images[index], attended[index]))
		entries.append(entry)
	return entries


def _entry(record: Record, network: Network, kind: Kind, p_covid: float, name: str) -> GalleryEntry:
	"""A film of the gallery; its picture is shown where its licence lets it be passed on."""
	shown = may_redistribute(record.licence)
	return GalleryEntry(
		image_id=record.image_id,
		architecture=network.architecture,
		seed=network.seed,
		kind=kind,
		p_covid=p_covid,
		label=record.label,
		file=f"{FOLDER}/{name}" if shown else "",
		credit=record.credit,
		case_url=record.case_url,
		why_no_picture="" if shown else f"its licence does not let it be passed on: {record.licence or 'unknown'}",
	)


def _row(network: Network, split: str, held: Predictions, attended, random) -> AttentionRow:
	share = energy_in_box(attended)
	known = ~np.isnan(share)
	return AttentionRow(
		architecture=network.architecture,
		seed=network.seed,
		split=split,
		energy_in_box=_mean_figure(share[known], held.is_covid[known], held.groups[known]),
		box_area=box_area(attended.shape[-1]),
		randomised_energy=_mean(energy_in_box(random)),
		randomised_correlation=_mean(rank_correlation(attended, random)),
		empty=int((~known).sum()),
	)


def _mean(values) -> float | None:
	values = values[~np.isnan(values)]
	return float(values.mean()) if len(values) else None


def _mean_figure(values, is_covid, groups) -> Figure:
	"""The mean, with the middle 95 % of it when patients are drawn anew."""
	if not len(values):
		return Figure.unknown(0, "none: every map is empty")
	weights = bootstrap.patient_weights(is_covid, groups).weights
	return Figure.of(values.mean(), *bootstrap.middle(weights @ values / weights.sum(1)), len(values), "bootstrap 95 % over patients")


def pick(is_covid: np.ndarray, p_covid: np.ndarray, threshold: float, seed: int = 0) -> tuple[list[tuple[int, Kind]], int]:
	"""Films worth a look, as [(index, kind)], and how many errors found no place."""



	loss = -np.log(np.clip(np.where(is_covid, p_covid, 1 - p_covid), 1e-12, 1))
	by_loss = np.argsort(-loss, kind="stable")
	wrong = (p_covid >= threshold) != is_covid
	errors, hits = by_loss[wrong[by_loss]], by_loss[~wrong[by_loss]]
	ordinary = np.sort(np.random.default_rng(seed).permutation(hits[TOP_LOSSES:])[:HITS])
	kinds = (("error", errors[:MOST_ERRORS]), ("top loss", hits[:TOP_LOSSES]), ("hit", ordinary))
	return [(int(index), kind) for kind, chosen in kinds for index in chosen], max(0, len(errors) - MOST_ERRORS)


def _slug(text):
	return re.sub(r"[^a-z0-9_]+", "-", text.lower())


def overlay(image: np.ndarray, attended: np.ndarray) -> np.ndarray:
	"""A grey square, uint8 [size, size], under a map from 0 to 1 of the same size: uint8 [size, size, 3]."""
	opacity = 0.65 * attended[..., None]
	return np.rint(image[..., None] * (1 - opacity) + AMBER * opacity).astype(np.uint8)


def beside(image: np.ndarray, attended: np.ndarray, side: int = THUMBNAIL) -> Image.Image:
	"""The film, and beside it the film under its map, as a PIL image."""
	pair = np.hstack([np.repeat(image[..., None], 3, -1), overlay(image, attended)])
	return Image.fromarray(pair).resize((2 * side, side), Image.Resampling.BILINEAR)


def save(path, picture):
	"""Write a PIL image as a small PNG of 256 colours, without any metadata."""
	with replacing(path) as temporary:
		picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(temporary, format="PNG", optimize=True)
'''[1:]


# ======================================
# cxrkit/audit/audit.py
# ======================================

FILES['cxrkit/audit/audit.py'] = r'''
"""The audit: can the answer be trusted? Its parts put together for a run, or for a manifest before anything is trained (audits.json)."""





from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from cxrkit import environment
from cxrkit.audit import baselines, controls, earlier, external, matched, probes, sources, strata, verdict
from cxrkit.audit.context import CACHE, Context, Options, Part, carried_out, first_seeds, listed, once_for_a_run
from cxrkit.audit.evidence import EVERY_FILM, NO_FILMS, Evidence
from cxrkit.audit.films import Films
from cxrkit.data import cache, pixels
from cxrkit.data import manifest as manifests
from cxrkit.data import sources as film_sources
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import sha256_of, write_json
from cxrkit.progress import say
from cxrkit.results import AUDITS as NAME
from cxrkit.results import DRAWN, Network, Results
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
	"""Audit a run or a manifest; write audits.json (into the results, beside the manifest, or to `out`) and return its content."""





	not_done: list[NotDone] = []
	results, path = _target(target, options)
	context = _opened(results, path, options, not_done)
	manifest, films = context.manifest, Films.of(context.manifest)
	predicted = sha256_of(results.folder / "predictions.csv") if results else ""
	before, dropped = earlier.read(path.parent / NAME, manifest.sha256, predicted)
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
	rows, kept = earlier.merged({"baselines": baseline_rows, **carried_out(parts, films, context, not_done)}, before)
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
		verdict=verdict.decide(evidence),
		matched=rows.get("matched"),
	)
	_write(audits, results, path, out)
	return audits


ROWS = ("baselines", "sources", "controls", "networks", "held_fixed", "matched", "masking", "external")
"""The parts that are lists of rows, by their field."""


def _reasons(not_done: list[NotDone]) -> dict[str, str]:
	"""{part: the first reason why it, or some of it, was not done}."""
	reasons: dict[str, str] = {}
	for row in not_done:
		for part in NEED_NETWORKS if row.part == ASKED else [row.of]:
			reasons.setdefault(part, row.reason)
	return reasons


def _target(target: Results | Path | str, options: Options) -> tuple[Results | None, Path]:
	"""(the run or None, its manifest's path)."""
	if isinstance(target, Results):
		return target, target.folder / "manifest.csv"
	target = Path(target)
	if target.suffix != ".csv":
		results = Results.open(target)
		return results, results.folder / "manifest.csv"
	if options.external or options.retrain or options.networks:
		raise WrongUse(
			"A manifest has no networks to ask.", target, "name a run's folder, or leave out --external, --retrain and --networks"
		)
	return None, target


def _opened(results: Results | None, path: Path, options: Options, not_done: list[NotDone]) -> Context:
	"""What is on this machine. Without the films the parts that look at pictures are listed as not done. Raises BadInput."""
	manifest = results.manifest if results else manifests.read(path)
	if not manifest.used:
		raise BadInput("The manifest uses no film.", path, "look at the reasons in its column `excluded`")
	if results and results.held_out != manifest.held_out:
		raise BadInput(
			f"The run has predictions for {results.held_out}, and none for {manifest.held_out}.", results.folder, "run the training again"
		)
	home = Path(options.home) if options.home else _home(path.parent) if results else path.parent
	size, resize = (results.experiment.image_size, results.experiment.resize) if results else (SIZE, "squish")
	views = results.experiment.exclude_views if results else ()
	read = tuple(external.read(source, home / CACHE, size, resize, views) for source in film_sources.externals(options.external))
	roots = manifests.read_roots(home / "manifest.csv")
	if options.sources:
		roots |= manifests.roots_of(film_sources.parse_all(options.sources, drawn_at="phantoms"))
	context = Context(manifest, home, film_sources.locator(roots), options, results, external=read)
	with listed("everything that looks at pictures", not_done):
		if not roots:
			raise BadInput("it is not known where the films lie on this machine (no manifest.roots.json; name them with --source)")
		context = replace(context, pixels=pixels.load(manifest, context.locate, size, home / CACHE, resize=resize))
	return context


def _home(results: Path) -> Path:
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
	"""The films from elsewhere that were a part of the run, and of which the options do not say where they lie."""
	named = {film_sources.name_of(text) for text in options.external}
	told = "a part of the run; where they lie on this machine is not said: --external {}=DIR"
	return [NotDone(f"films of {name}", told.format(name)) for name in results.experiment.external if name not in named]


def chosen(results: Results, device: str, wanted: tuple[str, ...] = ()) -> list[Network]:
	"""The networks to ask: all seeds on a GPU, the first seed of each architecture on processors."""




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
		write_json(out or path.parent / NAME, asdict(audits))
		return
	results.write(audits)
	if audits.attention:
		results.refresh_checksums(*(entry.file for entry in audits.attention.gallery if entry.file))
'''[1:]


# ======================================
# cxrkit/audit/baselines.py
# ======================================

FILES['cxrkit/audit/baselines.py'] = r'''
"""Lungless baselines: how well do a film's source, file, frame or thumbnail alone tell the classes apart? ..."""










from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data.records import traits
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Advantage, Area, BaselineRow

HISTOGRAM_BINS = 64
GRID = 20
RING = 2
"""Of a GRID x GRID thumbnail, the cells on each side that make the frame: a tenth of the picture."""

LUNGLESS = ("source", "file", "border", "age")
"""Baselines that cannot see a lung."""
COARSE = ("thumbnail-8", "thumbnail-16", "histogram")
"""Baselines that see the lungs, but no detail of them."""


@dataclass(frozen=True)
class Baseline:
	"""features: n x k numbers, or None with the reason in `note`; films: n booleans, of which films they are known, None for all."""

	name: str
	title: str
	features: np.ndarray | None
	note: str = ""
	films: np.ndarray | None = None


def run(films: Films) -> tuple[list[BaselineRow], dict[str, np.ndarray]]:
	"""The rows of all baselines, and {name: scores of the held-out films}, in the order of films."""



	rows, held_scores = [_majority(films)], {}
	for baseline in described(films):
		row, scores = _row(baseline, films)
		rows.append(row)
		if scores is not None:
			held_scores[baseline.name] = scores
	return rows, held_scores


@dataclass(frozen=True)
class Coarse:
	"""A baseline that sees the lungs, but no detail of them: its row, and its scores of the held-out films."""

	row: BaselineRow
	held_out: Area
	scores: np.ndarray


def best_coarse(rows: list[BaselineRow], held_scores: dict[str, np.ndarray]) -> Coarse | None:
	"""The coarse baseline with the largest area of what `run` returns; None where none was scored on held-out films."""
	coarse = [Coarse(row, row.held_out, held_scores[row.name]) for row in rows if row.held_out and row.name in held_scores]
	return max((each for each in coarse if each.row.name in COARSE), key=lambda each: each.row.area.auc.value, default=None)


def advantage(held: Predictions, coarse: Coarse | None) -> Advantage | None:
	"""How far a network's area lies above the coarse baseline's; None where there is none."""
	if coarse is None:
		return None
	difference = probes.advantage(held.is_covid, held.p_covid, coarse.scores, held.groups)
	return Advantage(coarse.row.name, coarse.row.title, coarse.held_out.auc.value, difference)


def described(films: Films) -> list[Baseline]:
	"""All Baselines of the films but the majority class."""
	return [
		Baseline("source", "the name of the source", source_names(films), "which collection a film comes from, and no pixel"),
		_stated(films, "file", "size, colour mode, format and bytes of the file", *file_facts(films)),
		*(_stated(films, name, title, *facts(films)) for name, (title, facts) in STATED.items()),
		_missingness(films),
		*(_seen(films, name, title, look, note) for name, title, look, note in PICTURES),
	]


def _majority(films: Films) -> BaselineRow:
	share = max(films.is_covid.mean(), 1 - films.is_covid.mean())
	note = f"right for {100 * share:.1f} % of the films"
	chance = probes.area(films.is_covid, np.zeros(len(films.is_covid)), films.groups)
	return BaselineRow("majority", "nothing: always the commoner class", note, chance, None)


def source_names(films: Films) -> np.ndarray:
	"""n x s: 1 where a film comes from that source."""
	return (films.sources[:, None] == np.unique(films.sources)).astype(float)


def file_facts(films: Films) -> tuple[np.ndarray, np.ndarray]:
	"""(n x k facts that a file states before any pixel is decoded, n booleans: of which films they are known)."""
	known = np.array([all((r.width, r.height, r.bytes, r.mode, r.format)) for r in films.records], bool)
	sizes = [(r.width, r.height, r.bytes) if there else (1, 1, 1) for r, there in zip(films.records, known)]  # the 1s are never used
	width, height, size = np.array(sizes, float).reshape(-1, 3).T
	numbers = np.log([width, height, width / height, size, size / (width * height)]).T
	return np.hstack([numbers, _kinds([f"{record.mode} {record.format}" for record in films.records])]), known


def _ages(films: Films) -> tuple[np.ndarray, np.ndarray]:
	ages = np.array([np.nan if record.years is None else record.years for record in films.records])
	return ages[:, None], ~np.isnan(ages)


def _trait(name: str, films: Films) -> tuple[np.ndarray, np.ndarray]:
	words = [str(traits(record)[name]) for record in films.records]
	return _kinds(words), np.array([bool(word) for word in words], bool)


STATED = {
	"age": ("the patient's age", _ages),
	"sex": ("the patient's sex", partial(_trait, "sex")),
	"view": ("the view (PA, AP, supine)", partial(_trait, "view")),
}
"""{name: (title, function from Films to (features, n booleans: of which films they are known))}."""


def _kinds(words: list[str]) -> np.ndarray:
	"""n x k: 1 where a film has that word."""
	return (np.array(words)[:, None] == np.unique(words)).astype(float)


def _stated(films: Films, name: str, title: str, features: np.ndarray, known: np.ndarray) -> Baseline:
	return Baseline(name, title, features, "" if known.all() else f"{name} is known of {_counted(films, known)}", known)


def _counted(films: Films, known: np.ndarray) -> str:
	covid, normal = ((int((known & chosen).sum()), int(chosen.sum())) for chosen in (films.is_covid, ~films.is_covid))
	return f"{covid[0]} of {covid[1]} COVID-19 and {normal[0]} of {normal[1]} normal films"


def _missingness(films: Films) -> Baseline:
	"""Whether facts are stated at all, of those that are stated of some films and not of others."""
	known = {name: facts(films)[1] for name, (_, facts) in STATED.items()}
	partly = {name: there for name, there in known.items() if there.any() and not there.all()}
	title = "whether age, sex and view are stated at all"
	if not partly:
		return Baseline("missingness", title, None, "age, sex and view are each stated of all films, or of none")
	told = "; ".join(f"{name} of {_counted(films, there)}" for name, there in partly.items())
	features = np.stack([*partly.values()], axis=1).astype(float)
	return Baseline("missingness", title, features, f"about the collection, not the films: {told}")


def histograms(images: np.ndarray) -> np.ndarray:
	"""n x HISTOGRAM_BINS: the share of the pixels in each range of grey."""
	counts = [np.bincount(image.ravel() // (256 // HISTOGRAM_BINS), minlength=HISTOGRAM_BINS) for image in images]
	return np.stack(counts) / images[0].size


def borders(images: np.ndarray) -> np.ndarray:
	"""n x k: the thumbnails' outer cells, a tenth of the picture on each side."""
	outer = np.ones((GRID, GRID), bool)
	outer[RING:-RING, RING:-RING] = False
	return thumbnails(images, GRID)[:, outer.ravel()]


PICTURES = (
	("border", "the outer tenth of the picture", borders, "the frame, no lung in it"),
	("histogram", "how bright the pixels are", histograms, "a histogram, no shape in it"),
	("thumbnail-8", "a thumbnail of 8 x 8 pixels", lambda images: thumbnails(images, 8), "no detail in it"),
	("thumbnail-16", "a thumbnail of 16 x 16 pixels", lambda images: thumbnails(images, 16), "no detail in it"),
)


def _seen(films: Films, name: str, title: str, look: Callable[[np.ndarray], np.ndarray], note: str) -> Baseline:
	if films.images is None:
		return Baseline(name, title, None, "the pictures are not on this machine")
	return Baseline(name, title, look(films.images), note)


def _row(baseline: Baseline, films: Films) -> tuple[BaselineRow, np.ndarray | None]:
	if baseline.features is None:
		return BaselineRow(baseline.name, baseline.title, baseline.note, probes.unknown_area(baseline.note), None), None
	chosen = np.ones(len(films.groups), bool) if baseline.films is None else baseline.films
	part, features = films.take(chosen), baseline.features[chosen]
	reason = probes.too_few(part.is_covid, part.groups) if chosen.any() else "known of no film"
	if reason:
		note = "; ".join(filter(None, [baseline.note, reason]))
		return BaselineRow(baseline.name, baseline.title, note, probes.unknown_area(reason), None), None
	area = probes.area(part.is_covid, probes.out_of_fold(features, part.is_covid, part.groups), part.groups)
	held_out, scores = _held_out(part, features, films.held_out)
	row = BaselineRow(baseline.name, baseline.title, baseline.note, area, held_out)
	return row, scores if chosen.all() else None


def _held_out(part: Films, features, split: str) -> tuple[Area | None, np.ndarray | None]:
	"""The area of a regression that is fitted on the training films, on the held-out ones, and its scores there."""
	held, train = part.splits == split, part.splits == "train"
	if not split or min(_classes(part, held), _classes(part, train)) < 2:
		return None, None
	scores = probes.fitted(features[train], part.is_covid[train]).decision_function(features[held])
	return probes.area(part.is_covid[held], scores, part.groups[held]), scores


def _classes(films: Films, chosen) -> int:
	return len(np.unique(films.is_covid[chosen]))
'''[1:]


# ======================================
# cxrkit/audit/conclusions.py
# ======================================

FILES['cxrkit/audit/conclusions.py'] = r'''
"""The conclusions that an audit can come to, the parts of an audit, and which conclusion needs which parts."""

from typing import NamedTuple

RUN = "python -m cxrkit audit RUN"
TRAIN = "python kernel/run.py --local --experiment rigorous --data DIR"
"""What trains the networks that a manifest does not have."""
FIND_FILMS = f"{RUN} --source KIND:NAME=DIR"
"""What tells an audit where the films lie on this machine."""

CONCLUSIONS = {
	"audit-failed": "The audit's own controls failed, so none of its figures can be relied on.",
	"leak": "The same patients or pictures stand on both sides of the split, so no score of this run holds for a new patient.",
	"source-shortcut": "On this data no score shows that a network sees disease: where a film comes from gives the answer away.",
	"border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
	"too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
	"chance": "No network is shown to do better than guessing.",
	"thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
	"no-transfer": "The scores do not hold for films from elsewhere, and must not be quoted without that.",
	"partial-shortcut": "The scores may be too high by an amount that is not known, for part of the answer can be had without the disease.",
	"unknown": "Whether a shortcut explains the scores is not known.",
	"no-shortcut-found-inside": "Inside this collection these audits found no shortcut. "
    "Whether the scores hold for films of another hospital was not asked.",
	"no-shortcut-found": "These audits found no shortcut, here or elsewhere. That is no proof that a network sees disease.",
	"supported": "The claim is supported: a network tells COVID-19 from normal films here and elsewhere by what lies in the middle "
    "of the film, and these audits found nothing else that explains it. That speaks for patients like these, not yet for use in a clinic.",
}
"""{slug: sentence}, the gravest first. From `unknown` on, nothing was found against the scores."""


class PartName(NamedTuple):
	"""title: for people; command: what does the part for a run whose films are on this machine; pictures: whether it looks at films."""

	title: str
	command: str = RUN
	pictures: bool = True


PARTS = {
	"networks": PartName("the networks' scores", pictures=False),
	"baselines": PartName("what knows nothing of lungs"),
	"controls": PartName("controls of the audit itself"),
	"held-fixed": PartName("source and age held fixed", pictures=False),
	"masking": PartName("lungs hidden"),
	"external": PartName("films from elsewhere", f"{RUN} --external NAME=DIR"),
	"sources": PartName("sources told apart and left out"),
	"attention": PartName("where the networks look"),
	"retraining": PartName("networks trained anew on masked films and without each source", f"{RUN} --retrain"),
}
"""{slug: PartName} of an audit, in the order in which they are told."""

INSIDE = ("networks", "baselines", "controls", "held-fixed", "masking")
NEEDS = {
	"no-shortcut-found-inside": INSIDE,
	"no-shortcut-found": (*INSIDE, "external"),
	"supported": (*INSIDE, "external"),
}
"""{conclusion: the parts without which it is never drawn}; a part that does not apply counts as done.

A conclusion that is not here says that something was found, and needs the one part that found it. `supported` needs besides
all that audit/support.py asks. No conclusion needs the last three parts; what they find against the scores counts.
"""
MISSING = dict.fromkeys(INSIDE, "unknown") | {"external": "no-shortcut-found-inside"}
"""{part: the best conclusion that is left without it}."""
'''[1:]


# ======================================
# cxrkit/audit/context.py
# ======================================

FILES['cxrkit/audit/context.py'] = r'''
"""The terms of an audit: what was asked for, what its parts share, and what a part is."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from cxrkit.audit.baselines import Coarse
from cxrkit.audit.external import ExternalFilms
from cxrkit.audit.films import Films
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.errors import CxrkitError, Interrupted
from cxrkit.progress import say
from cxrkit.results import Network, Results
from cxrkit.schema import NotDone

CACHE = "pixels"
"""The folder of the film cache, below a run's own."""


@dataclass(frozen=True)
class Options:
	"""What a user may ask for beyond the parts that take no training."""







	external: tuple[str, ...] = ()
	retrain: bool = False
	networks: tuple[str, ...] = ()
	sources: tuple[str, ...] = ()
	weights: str = ""
	home: str = ""
	asks: bool = True


@dataclass(frozen=True)
class Context:
	"""What the parts of an audit may need besides the films."""







	manifest: Manifest
	home: Path
	locate: Locate
	options: Options = Options()
	results: Results | None = None
	pixels: Pixels | None = None
	coarse: Coarse | None = None
	device: str = "cpu"
	networks: tuple[Network, ...] = ()
	external: tuple[ExternalFilms, ...] = ()


def in_turn(function: Callable[[tuple], Any], subjects: Iterable[tuple], device: str) -> Iterator[Any]:
	"""What the function says of each subject, one after the other."""
	return map(function, subjects)


def once(context: Context) -> list[tuple]:
	return [()]


def once_for_a_run(context: Context) -> list[tuple]:
	return [()] if context.results else []


@dataclass(frozen=True)
class Part:
	"""A part of the audit: a function from films and context to rows."""






	field: str
	name: str
	rows: Callable[..., list]
	each: Callable[[Context], Iterable[tuple]] = once
	order: Callable[[Callable[[tuple], Any], Iterable[tuple], str], Iterator[Any]] = in_turn


def first_seeds(networks: Iterable[Network]) -> list[Network]:
	"""The first network of each architecture."""
	first: dict[str, Network] = {}
	for network in networks:
		first.setdefault(network.architecture, network)
	return list(first.values())


@contextmanager
def listed(part: str, not_done: list[NotDone], of: str = "") -> Iterator[None]:
	"""A block whose bad input ends that block alone, and is listed; Interrupted passes. of: as in NotDone."""
	try:
		yield
	except Interrupted:
		raise
	except CxrkitError as error:
		not_done.append(NotDone(part, " ".join(str(each) for each in (error.what, error.where) if each), of))


def carried_out(parts: Iterable[Part], films: Films, context: Context, not_done: list[NotDone]) -> dict[str, list[Any]]:
	"""{field: rows} of the parts; a field is absent where none of its parts was done. Why a part was not done is added to not_done."""
	rows: dict[str, list[Any]] = {}
	for part in parts:
		carry_out = partial(_carried_out, part, films, context)
		for done, reasons in part.order(carry_out, part.each(context), context.device if context else "cpu"):
			not_done += reasons
			if done is not None:
				rows.setdefault(part.field, []).extend(done)
	return rows


def _carried_out(part: Part, films: Films, context: Context, subject: tuple) -> tuple[list | None, list[NotDone]]:
	"""The part's rows of one subject, None where there is a reason why it was not done."""
	name, reasons = part.name.format(*subject), []
	if subject:
		say(f"audit: {name}")
	with listed(name, reasons, part.field.replace("_", "-")):
		return part.rows(films, context, *subject), reasons
	return None, reasons
'''[1:]


# ======================================
# cxrkit/audit/controls.py
# ======================================

FILES['cxrkit/audit/controls.py'] = r'''
"""Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught."""

import io

import numpy as np
from PIL import Image

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data import copies, groups, splits
from cxrkit.data.cache import Locate
from cxrkit.data.images import open_grey
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.schema import ControlRow

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"


def permuted(films: Films, random: np.random.Generator) -> np.ndarray:
	"""n booleans: the labels dealt out anew among the patients."""
	of_group = np.zeros(films.groups.max() + 1, bool)
	of_group[films.groups] = films.is_covid
	return random.permutation(of_group)[films.groups]


def permutation(films: Films, permutations: int = PERMUTATIONS) -> ControlRow:
	"""The row of a thumbnail's cross-validated area with permuted labels, the mean over permutations. Raises BadInput."""
	reason = probes.too_few(films.is_covid, films.groups)
	if reason or films.images is None:
		raise BadInput(reason or "the films are not on this machine")
	features, random = thumbnails(films.images, 8), np.random.default_rng(0)
	areas = []
	for _ in range(permutations):
		labels = permuted(films, random)
		if not probes.too_few(labels, films.groups):
			areas.append(probes.area(labels, probes.out_of_fold(features, labels, films.groups), films.groups).auc.value)
	mean, error = float(np.mean(areas)), float(np.std(areas, ddof=1) / np.sqrt(len(areas)))
	tolerance = max(LEAST_TOLERANCE, 3 * error)
	return ControlRow(
		name="permutation",
		title="labels dealt out at random, 8 x 8 thumbnails",
		expected=f"AUC 0.5 within {tolerance:.3f}",
		found=f"{mean:.3f}, the mean of {len(areas)} permutations of {len(films.groups)} films (standard error {error:.3f})",
		passed=abs(mean - 0.5) <= tolerance,
	)


def leaked_patient(films: Films, manifest: Manifest) -> ControlRow:
	"""The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput."""
	victim, other = _victim(films)
	planted = victim.but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
	records = [*manifest.records, planted]
	return _row("leak-patient", "a training patient planted among the held-out films", records, manifest)


def leaked_copy(films: Films, manifest: Manifest, locate: Locate) -> ControlRow:
	"""The row of an altered copy of a training film planted among held-out ones under another patient's name."""




	victim, other = _victim(films)
	among = [record for record in films.records if record is not victim][:COMPARED]
	compared = {record.image_id: copies.thumbnail(open_grey(locate(record))) for record in [victim, *among]}
	compared[PLANTED] = copies.thumbnail(altered(open_grey(locate(victim))))
	planted = victim.but(image_id=PLANTED, patient=PLANTED, split=other, sha256="", duplicate_of="")
	pairs = [pair for pair in copies.find(compared) if PLANTED in (pair.first, pair.second)]
	marked = groups.mark_copies([*manifest.records, planted], pairs, remove=False)
	title = "an altered copy of a training film planted among the held-out films"
	return _row("leak-copy", title, marked, manifest)


def _victim(films: Films) -> tuple[Record, str]:
	"""A film whose patient is in training alone, the same one each time, and the split that it leaks into. Raises BadInput."""
	in_other_splits = set(films.groups[films.splits != "train"])
	training = [record for record, group in zip(films.records, films.groups) if group not in in_other_splits]
	if not training or not films.held_out:
		raise BadInput("the manifest has no split that a film could leak into")
	return training[0], films.held_out


def altered(grey: Image.Image) -> Image.Image:
	"""The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
	width, height = grey.size
	cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
	file = io.BytesIO()
	cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
	return Image.open(file).convert("L")


def _row(name, title, records, manifest: Manifest) -> ControlRow:
	"""Whether the leak gate reports more for these records than for the manifest's own."""
	reported = len(splits.leaks(records, groups.groups_of(records))) > len(manifest.leaks)
	return ControlRow(name, title, "the leak gate reports it", "reported" if reported else "not reported", reported)
'''[1:]


# ======================================
# cxrkit/audit/earlier.py
# ======================================

FILES['cxrkit/audit/earlier.py'] = r'''
"""An earlier audit of the same results: what it did, and this one did not, is kept where films and predictions are still the same."""





from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from cxrkit.audit.conclusions import RUN
from cxrkit.errors import BadInput
from cxrkit.files import sha256_of
from cxrkit.results import AUDITS, Results, read_typed
from cxrkit.schema import Audits, NotDone

NAME = "the earlier audit"
KEYS: dict[str, tuple[str, Callable[[Any], Any]]] = {
	"baselines": ("baselines", lambda row: row.name),
	"controls": ("controls", lambda row: row.name),
	"masking": ("masking", lambda row: (row.architecture, row.seed, row.mask, row.side, row.retrained)),
	"external": ("external", lambda row: (row.name, row.architecture)),
	"sources": ("sources", lambda row: (row.kind, row.title)),
	"stability": ("stability", lambda row: row.architecture),
}
"""{part: (the field of schema.Audits, what names a row of it)}. What follows from the predictions alone is computed anew."""


def read(path: Path, manifest_sha256: str, predictions_sha256: str) -> tuple[Audits | None, list[NotDone]]:
	"""The earlier audit, None where there is none or it is about something else; and why it is not kept."""
	if not path.exists():
		return None, []
	try:
		found = read_typed(Audits, path, f"audit again: {RUN}")
	except BadInput as error:
		return None, [NotDone(NAME, f"not kept: {error.what}")]
	if found.manifest_sha256 != manifest_sha256:
		return None, [NotDone(NAME, "not kept: it was of another manifest")]
	if found.predictions_sha256 != predictions_sha256:
		return None, [NotDone(NAME, "not kept: it was of other predictions")]
	return found, []


def is_of(results: Results) -> bool:
	"""Whether the audit that lies in a results folder is of its manifest and predictions."""
	return read(results.folder / AUDITS, results.manifest.sha256, sha256_of(results.folder / "predictions.csv"))[0] is not None


def merged(rows: dict[str, list], earlier: Audits | None) -> tuple[dict[str, list], frozenset[str]]:
	"""({field: rows} of this audit, with those of the earlier one that it does not have; the parts that have such ones)."""
	if earlier is None:
		return rows, frozenset()
	together: dict[str, list] = dict(rows)
	kept: set[str] = set()
	for part, (field, name_of) in KEYS.items():
		new, old = rows.get(field), getattr(earlier, field) or []
		known = {name_of(row) for row in new or [] if _says_something(row)}
		stay = [row for row in old if name_of(row) not in known and _says_something(row)]
		if stay:
			kept |= {"retraining" if _retrained(row) else part for row in stay}
			names = {name_of(row): row for row in stay}
			together[field] = [names.pop(name_of(row), row) for row in new or []] + list(names.values())
	ahead = {row.architecture: row.advantage for row in earlier.networks or []}
	if "networks" in rows:
		scored = rows["networks"]
		together["networks"] = [row if row.advantage else replace(row, advantage=ahead.get(row.architecture)) for row in scored]
	if earlier.attention and not rows.get("attention"):
		kept.add("attention")
		together["attention"] = [earlier.attention]
	return together, frozenset(kept)


def _retrained(row: Any) -> bool:
	return getattr(row, "retrained", False) or getattr(row, "kind", "") == "left-out-retrained"


def _says_something(row: Any) -> bool:
	"""Whether a row has a value: a baseline that could not be computed has none."""
	area = getattr(row, "area", None)
	return area is None or area.auc.known
'''[1:]


# ======================================
# cxrkit/audit/evidence.py
# ======================================

FILES['cxrkit/audit/evidence.py'] = r'''
"""Evidence: the parts of an audit as the rules see them, and for each part whether it was done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cxrkit.audit.conclusions import FIND_FILMS, PARTS, TRAIN
from cxrkit.audit.films import LUNGS
from cxrkit.config import short_name
from cxrkit.schema import (
	Attention,
	BaselineRow,
	ControlRow,
	ExternalRow,
	FilmCounts,
	Films,
	HeldFixedRow,
	MaskRow,
	MatchedRow,
	NetworkRow,
	PartState,
	SourceRow,
)

NEEDED_BASELINES = ("source", "file", "border", "thumbnail-16")
"""Those that every collection allows; the age is not known everywhere."""
NEEDED_CONTROLS = ("permutation", "leak-patient", "leak-copy")
NO_FILMS = "the films are not on this machine"
NO_NETWORK = "there is no network to ask"


@dataclass(frozen=True)
class Evidence:
	"""The parts of an audit."""





	films: Films
	counts: FilmCounts
	baselines: list[BaselineRow] = field(default_factory=list)
	sources: list[SourceRow] = field(default_factory=list)
	held_fixed: list[HeldFixedRow] = field(default_factory=list)
	controls: list[ControlRow] = field(default_factory=list)
	networks: list[NetworkRow] = field(default_factory=list)
	matched: list[MatchedRow] = field(default_factory=list)
	masking: list[MaskRow] = field(default_factory=list)
	external: list[ExternalRow] = field(default_factory=list)
	attention: Attention | None = None
	reasons: Mapping[str, str] = field(default_factory=dict)
	kept: frozenset[str] = frozenset()
	films_here: bool = True

	@property
	def best(self) -> NetworkRow | None:
		"""The network with the largest area; None where no network was asked, or none has an area."""
		known = [row for row in self.networks if row.area.auc.known]
		return max(known, key=lambda row: row.area.auc.value, default=None)

	def of_best(self, rows: list) -> list:
		"""Those of the rows that are about the best network."""
		return [row for row in rows if self.best and row.architecture == self.best.architecture]

	def known_baselines(self, names: tuple[str, ...]) -> list[BaselineRow]:
		return [row for row in self.baselines if row.name in names and row.area.auc.known]

	@property
	def wholes(self) -> dict[tuple[str, int], MaskRow]:
		"""{(architecture, seed): its row of the whole picture}."""
		return {(row.architecture, row.seed): row for row in self.masking if row.share == 0 and row.area.auc.known}

	def hidden(self, mask: str, retrained: bool | None = None) -> list[MaskRow]:
		"""The rows with the box around the lungs blacked out ("centre"), or all but it ("surround"), of networks whose whole is known."""
		rows = [row for row in self.masking if row.mask == mask and row.side == LUNGS and row.area.auc.known]
		return [row for row in rows if (row.architecture, row.seed) in self.wholes and retrained in (None, row.retrained)]

	@property
	def fixed_that_count(self) -> list[HeldFixedRow]:
		"""The best network's rows with the source held fixed, where there are several, and with the age, where most are known."""
		rows = self.of_best(self.held_fixed)
		of_source = [row for row in rows if row.fixed == "source" and self.counts.sources > 1]
		return of_source + [row for row in rows if row.fixed == "age" and row.not_known <= row.within.auc.n + row.without_partner]

	def state(self, part: str) -> PartState:
		"""Whether the part was done as far as the conclusions need it."""
		if part == "held-fixed" and self.best and self.counts.sources == 1 and not self.fixed_that_count:
			return PartState(part, "not applicable", "the films come from one source, and their patients' ages are not known", "")
		if part == "sources" and self.counts.sources == 1:
			return PartState(part, "not applicable", "the films come from one source", "")
		why = LACKS[part](self)
		if why is None:
			return PartState(part, "done", "", "", part in self.kept)
		return PartState(part, "not done", self.reasons.get(part) or why, self._command(part), part in self.kept)

	def _command(self, part: str) -> str:
		"""What does a part that was not done."""
		manifest = self.counts.judged.split == EVERY_FILM
		if manifest and part not in ("baselines", "controls", "sources"):
			return TRAIN
		command = FIND_FILMS if PARTS[part].pictures and not self.films_here else PARTS[part].command
		return command.replace("RUN", "MANIFEST") if manifest else command

	@property
	def states(self) -> list[PartState]:
		return [self.state(part) for part in PARTS]


EVERY_FILM = "all"
"""The split of what the audit of a manifest judges; see schema.Judged."""


def _baselines(evidence: Evidence) -> str | None:
	known = {row.name for row in evidence.known_baselines(NEEDED_BASELINES)}
	lacking = [name for name in NEEDED_BASELINES if name not in known]
	notes = [row.area.auc.method.removeprefix("none: ") for row in evidence.baselines if row.name in lacking]
	return next(iter(notes), NO_FILMS) if lacking else None


def _controls(evidence: Evidence) -> str | None:
	lacking = set(NEEDED_CONTROLS) - {row.name for row in evidence.controls}
	return f"{len(lacking)} of {len(NEEDED_CONTROLS)} were not done" if lacking else None


def _networks(evidence: Evidence) -> str | None:
	if evidence.best:
		return None
	return "the held-out films are of one class" if evidence.networks else NO_NETWORK


def _held_fixed(evidence: Evidence) -> str | None:
	fixed = {row.fixed for row in evidence.of_best(evidence.held_fixed)}
	done = "source" in fixed or (fixed and evidence.counts.sources == 1)
	return None if done else NO_NETWORK if evidence.best is None else "not asked for"


def _masking(evidence: Evidence) -> str | None:
	if evidence.of_best(evidence.hidden("centre", False)):
		return None
	if evidence.best and evidence.masking:
		return f"the best network, {short_name(evidence.best.architecture)}, was not asked"
	return "not asked for" if evidence.networks else NO_NETWORK


def _external(evidence: Evidence) -> str | None:
	rows = evidence.of_best(evidence.external)
	if any(row.drop.auc.known for row in rows):
		return None
	if rows:
		return f"the films of {rows[0].name} are of one class alone"
	return "no films of another hospital were named" if evidence.networks else NO_NETWORK


def _sources(evidence: Evidence) -> str | None:
	return None if evidence.sources else "no source has patients enough"


def _attention(evidence: Evidence) -> str | None:
	return None if evidence.attention else "not asked for" if evidence.networks else NO_NETWORK


def _retraining(evidence: Evidence) -> str | None:
	done = any(row.retrained for row in evidence.masking) or any(row.kind == "left-out-retrained" for row in evidence.sources)
	return None if done else "not asked for" if evidence.networks else NO_NETWORK


LACKS: dict[str, Callable[[Evidence], str | None]] = {
	"networks": _networks,
	"baselines": _baselines,
	"controls": _controls,
	"held-fixed": _held_fixed,
	"masking": _masking,
	"external": _external,
	"sources": _sources,
	"attention": _attention,
	"retraining": _retraining,
}
"""{part: function from the Evidence to what it lacks, in words, or None where the part was done}."""
'''[1:]


# ======================================
# cxrkit/audit/external.py
# ======================================

FILES['cxrkit/audit/external.py'] = r'''
"""External validation: what remains of the scores on films of another hospital, and whether the probabilities still mean what they say."""





from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxrkit.audit import probes, subgroups
from cxrkit.audit.films import Films
from cxrkit.audit.subgroups import Answers
from cxrkit.data import cache, copies, sources
from cxrkit.data import manifest as manifests
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, Record, copy_of, exclude
from cxrkit.data.sources import Source
from cxrkit.errors import BadInput
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import Calibration, calibration, fit_temperature, tempered
from cxrkit.results import Results
from cxrkit.schema import Drop, ExternalRow, ExternalScaling, SideScore


@dataclass(frozen=True)
class ExternalFilms:
	"""Films of another hospital, with the facts of their files."""




	name: str
	manifest: Manifest
	locate: Locate
	thumbnails: dict[str, np.ndarray]


def records_of(source: Source) -> tuple[list[Record], dict[str, str]]:
	"""The records of films from elsewhere as their reader gives them, and where their folders lie; no film is opened."""



	if source.root.suffix != ".csv":
		return source.read(), manifests.roots_of([source])
	records, roots = list(manifests.read(source.root).records), manifests.read_roots(source.root)
	if not roots:
		what = "It is not known where the external manifest's images lie."
		raise BadInput(what, source.root, "build it on this machine: python -m cxrkit manifest build")
	return records, roots


def check(texts: Iterable[str]) -> None:
	"""Raise WrongUse or BadInput for external films that could not be asked about, before hours are spent on training."""
	for source in sources.externals(texts):
		records_of(source)


def read(
	source: Source, folder: Path | None = None, size: int | None = None, resize: str = "squish", exclude_views: Sequence[str] = ()
) -> ExternalFilms:
	"""External films of any reader, or of a manifest.csv with its roots."""




	records, roots = records_of(source)

	def reason(record: Record) -> str:
		if record.label not in LABELS:
			return "no label"
		return f"view {record.view}: the run has none" if record.view in exclude_views else ""

	records, locate = exclude(records, reason), sources.locator(roots)
	records, thumbnails = cache.add_facts(records, locate, folder, size, resize=resize)
	return ExternalFilms(source.name, Manifest(tuple(records)), locate, thumbnails)


def without_copies(external: ExternalFilms, internal: Manifest, thumbnails: dict[str, np.ndarray]) -> ExternalFilms:
	"""The external films, those excluded that show a picture which the run has, in any split, or which stands there twice."""




	of_bytes = {record.sha256: record.image_id for record in internal.used}
	records = external.manifest.records
	original = {record.image_id: of_bytes[record.sha256] for record in records if record.sha256 in of_bytes}
	together = {("internal", name): thumbnail for name, thumbnail in thumbnails.items()}
	together |= {("external", name): thumbnail for name, thumbnail in external.thumbnails.items()}
	for pair in copies.find(together):
		(_, stays), (place, name) = sorted((pair.first, pair.second), reverse=True)
		if place == "external":
			original.setdefault(name, stays)
	left = exclude(records, lambda record: copy_of(original[record.image_id]) if record.image_id in original else "")
	return replace(external, manifest=Manifest(tuple(left)))


def row(external: ExternalFilms, architecture: str, p_covid: np.ndarray, results: Results) -> ExternalRow:
	"""What one network's ensemble over its seeds says of external films, beside the run's held-out ones."""





	manifest, threshold = external.manifest, results.experiment.threshold
	held, valid = results.required(architecture).ensemble(), results.required(architecture, "valid").ensemble()
	films, record_of = Films.of(manifest), results.manifest.by_id
	outside = Answers(films.records, films.is_covid, films.groups, p_covid.mean(0))
	inside = Answers(tuple(record_of[name] for name in held.image_ids), held.is_covid, held.groups, held.p_covid[0])
	of_external, of_internal = _score(outside, threshold), _score(inside, threshold)
	temperature = fit_temperature(valid.is_covid, valid.p_covid[0])
	cooled = replace(outside, p_covid=tempered(outside.p_covid, temperature))
	return ExternalRow(
		name=external.name,
		architecture=architecture,
		seeds=len(p_covid),
		n=len(films.records),
		positives=int(films.is_covid.sum()),
		patients=len(np.unique(films.groups)),
		covid_patients=probes.patients(films.groups, films.is_covid),
		normal_patients=probes.patients(films.groups, ~films.is_covid),
		copies_removed=sum(record.is_removed_copy for record in manifest.records),
		left_out=len(manifest.records) - len(manifest.used),
		threshold=threshold,
		external=of_external,
		internal=of_internal,
		drop=Drop(
			auc=probes.difference(of_internal.auc, of_external.auc),
			sensitivity=probes.difference(of_internal.rates.sensitivity, of_external.rates.sensitivity),
			specificity=probes.difference(of_internal.rates.specificity, of_external.rates.specificity),
			ece=probes.difference(of_internal.ece, of_external.ece),
		),
		scaling=ExternalScaling(
			temperature=temperature,
			before=_calibration(outside),
			after=_calibration(cooled),
		),
		subgroups=subgroups.rows(outside, inside, threshold),
	)


def _calibration(given: Answers) -> Calibration:
	weights = patient_weights(given.is_covid, given.groups)
	return calibration(given.is_covid, given.p_covid, given.groups, weights)


def _score(given: Answers, threshold: float) -> SideScore:
	truth, p_covid, groups = given.is_covid, given.p_covid, given.groups
	sizes = [metrics.effective_n(groups[chosen]) for chosen in (truth, ~truth)]
	return SideScore(
		rates=metrics.rates(metrics.confusion(truth, p_covid, threshold), *sizes),
		auc=areas.auc(truth, p_covid, groups),
		average_precision=areas.average_precision(truth, p_covid, groups),
		ece=_calibration(given).ece,
	)
'''[1:]


# ======================================
# cxrkit/audit/films.py
# ======================================

FILES['cxrkit/audit/films.py'] = r'''
"""The used films of a manifest as arrays: ground truth, patients, sources, splits and pictures; and the geometry of a film."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from cxrkit.data.manifest import Manifest
from cxrkit.data.records import POSITIVE, Record

LUNGS = 0.8
"""The side, in shares of the film's, of the central box that holds both lungs on nearly every film."""


@dataclass(frozen=True)
class Films:
	"""The used films of a manifest, sorted by image_id."""





	records: tuple[Record, ...]
	groups: np.ndarray
	images: np.ndarray | None = None

	@classmethod
	def of(cls, manifest: Manifest, images: np.ndarray | None = None) -> "Films":
		"""images: the squares of the used films in the order of their image_id."""
		group_of = manifest.groups
		groups = np.unique([group_of[record.image_id] for record in manifest.used], return_inverse=True)[1]
		return cls(manifest.used, groups, images)

	def take(self, chosen: np.ndarray) -> "Films":
		"""The films that n booleans choose."""
		chosen = np.asarray(chosen, bool)
		records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
		return Films(records, self.groups[chosen], None if self.images is None else self.images[chosen])

	@property
	def image_ids(self) -> list[str]:
		return [record.image_id for record in self.records]

	@cached_property
	def is_covid(self) -> np.ndarray:
		"""The ground truth, n booleans."""
		return np.array([record.label == POSITIVE for record in self.records], bool)

	@cached_property
	def sources(self) -> np.ndarray:
		return np.array([record.source for record in self.records])

	@cached_property
	def splits(self) -> np.ndarray:
		return np.array([record.split for record in self.records])

	@property
	def held_out(self) -> str:
		"""The split that scores are reported on: test where there is one, else valid; empty where there is neither."""
		return next((split for split in ("test", "valid") if (self.splits == split).any()), "")

	@cached_property
	def judged(self) -> "Films":
		"""The held-out films."""
		return self.take(self.splits == self.held_out)


def box(size: int, side: float) -> tuple[int, int]:
	"""First and last pixel (excluded) of the central box on either axis; side 0 has none."""
	half = round(size * side / 2)
	return size // 2 - half, size // 2 + half


def resized(image: np.ndarray, side: int) -> np.ndarray:
	"""A grey square or rectangle, uint8, as side x side pixels."""
	return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize((side, side), Image.Resampling.BILINEAR))


def thumbnails(images: np.ndarray, side: int) -> np.ndarray:
	"""n x side**2: the mean grey of each cell, 0 to 1. images: uint8 [n, size, size]."""
	small = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX)) for image in images]
	return np.stack(small).reshape(len(images), -1) / 255
'''[1:]


# ======================================
# cxrkit/audit/inquiry.py
# ======================================

FILES['cxrkit/audit/inquiry.py'] = r'''
"""Inquiry: trained networks asked about films, with progress; on processors several at once, each with its share of them."""






import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import torch

from cxrkit.progress import Meter
from cxrkit.results import Network
from cxrkit.training import networks

BATCH = 64

DRAWING = threading.Lock()
"""Held while a network is made: its weights are drawn from random numbers that all threads share, before they are replaced."""

Subject = TypeVar("Subject")


def side_by_side(function: Callable[[Subject], Any], subjects: Iterable[Subject], device: str) -> Iterator[Any]:
	"""What the function says of each subject, in their order: one after the other on a GPU, as many as torch has threads on processors."""



	subjects, threads = list(subjects), torch.get_num_threads()
	at_once = min(len(subjects), threads) if device == "cpu" else 1
	if at_once < 2:
		yield from map(function, subjects)
		return
	pool = ThreadPoolExecutor(at_once, initializer=torch.set_num_threads, initargs=(threads // at_once,))
	try:
		yield from pool.map(function, subjects)
	finally:
		pool.shutdown(cancel_futures=True)
		torch.set_num_threads(threads)  # of this thread, and of those that begin from now on


def loaded(network: Network, device: str) -> torch.nn.Module:
	"""The trained network, in eval mode. Raises BadInput, as networks.load does."""
	with DRAWING:
		return networks.load(network.path, network.architecture, device)


def p_covid(model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
	"""The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]."""
	return _by_batches(networks.p_covid, model, images, device, meter)


def features(model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
	"""What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
	return _by_batches(networks.features, model, images, device, meter)


def _by_batches(ask: Callable[..., np.ndarray], model: torch.nn.Module, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
	answers = []
	for start in range(0, len(images), BATCH):
		answers.append(ask(model, images[start : start + BATCH], device, BATCH))
		meter.advance(len(answers[-1]))
	return np.concatenate(answers) if answers else ask(model, images, device)
'''[1:]


# ======================================
# cxrkit/audit/masking.py
# ======================================

FILES['cxrkit/audit/masking.py'] = r'''
"""Occlusion test: does a network need the lungs? Its AUC with the centre of the film blacked out, or all but the centre."""






from typing import Literal

import numpy as np

from cxrkit.audit import inquiry, probes
from cxrkit.audit.films import Films, box
from cxrkit.progress import Meter
from cxrkit.results import Network
from cxrkit.schema import MaskRow

Mask = Literal["centre", "surround"]
MASKS: tuple[Mask, ...] = ("centre", "surround")
SIDES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Side of the central box, in shares of the picture's side."""


def masked(images: np.ndarray, mask: Mask, side: float) -> np.ndarray:
	"""A copy of grey squares, uint8 [n, size, size], with black in the central box ("centre") or all around it ("surround")."""
	low, high = box(images.shape[-1], side)
	if mask == "centre":
		hidden = np.array(images)
		hidden[:, low:high, low:high] = 0
		return hidden
	alone = np.zeros_like(images)
	alone[:, low:high, low:high] = images[:, low:high, low:high]
	return alone


def black_share(size: int, mask: Mask, side: float) -> float:
	"""The share of the picture that is blacked out."""
	low, high = box(size, side)
	share = (high - low) ** 2 / size**2
	return share if mask == "centre" else 1 - share


def curve(network: Network, model, held: Films, device: str) -> list[MaskRow]:
	"""The rows of one trained network on the held-out films, one a mask and side, from the whole picture on."""
	with Meter(f"masks on {network.name}", len(held.images) * (1 + len(MASKS) * len(SIDES))) as meter:
		whole = inquiry.p_covid(model, held.images, device, meter)
		rows = []
		for mask in MASKS:
			rows.append(row(network, mask, 0.0 if mask == "centre" else 1.0, whole, held, retrained=False))
			for side in sorted(SIDES, reverse=mask == "surround"):
				seen = inquiry.p_covid(model, masked(held.images, mask, side), device, meter)
				rows.append(row(network, mask, side, seen, held, retrained=False))
	return rows


def row(network: Network, mask: Mask, side: float, p_covid: np.ndarray, held: Films, retrained: bool) -> MaskRow:
	"""A row from the network's probabilities for masked held-out films."""
	whole = side == (0.0 if mask == "centre" else 1.0)
	share = 0.0 if whole else black_share(held.images.shape[-1], mask, side)
	area = probes.area(held.is_covid, p_covid, held.groups)
	return MaskRow(network.architecture, network.seed, mask, side, round(share, 4), area, retrained)
'''[1:]


# ======================================
# cxrkit/audit/matched.py
# ======================================

FILES['cxrkit/audit/matched.py'] = r'''
"""Scores with view, age or sex held fixed: the networks on matched pairs of the held-out films, beside all of these."""





from dataclasses import replace

import numpy as np

from cxrkit.audit import probes
from cxrkit.data import matching
from cxrkit.data.records import MATCHABLE, Record
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Area, MatchedRow

WAYS = (*((trait,) for trait in MATCHABLE), MATCHABLE)
FEWEST_PAIRS = 5


def rows(architecture: str, held: Predictions, records: dict[str, Record], caliper: float, seed: int) -> list[MatchedRow]:
	"""A row for each of WAYS. records: {image_id: record}; caliper, seed: the experiment's age_caliper and split_seed."""
	film_of, group_of = [records[name] for name in held.image_ids], dict(zip(held.image_ids, map(str, held.groups)))
	every, found = Area(areas.auc(held.is_covid, held.p_covid, held.groups), int(held.is_covid.sum())), []
	for by in WAYS:
		matched = matching.match(film_of, group_of, by, caliper, seed)
		used = {name for pair in matched.pairs for name in pair}
		chosen = np.array([name in used for name in held.image_ids], bool)
		lost = {True: {}, False: {}}
		for name, is_covid in zip(held.image_ids, held.is_covid):
			if name in matched.reasons:
				cause = matched.reasons[name].removeprefix(matching.REASON)
				lost[bool(is_covid)][cause] = lost[bool(is_covid)].get(cause, 0) + 1
		of_pairs, fall = _scored(held, chosen, len(matched.pairs))
		found.append(MatchedRow(architecture, list(by), caliper, len(matched.pairs), every, of_pairs, fall, lost[True], lost[False]))
	return found


def _scored(held: Predictions, chosen: np.ndarray, pairs: int) -> tuple[Area, Figure]:
	"""The area on the chosen films, and how far it lies below that of all; unknown where there are few pairs."""
	if pairs < FEWEST_PAIRS:
		few = f"too few pairs ({pairs})"
		return probes.unknown_area(few), Figure.unknown(2 * pairs, f"none: {few}")
	truth, groups = held.is_covid[chosen], held.groups[chosen]
	area = probes.area(truth, held.p_covid[:, chosen], groups)
	of_all, influence = areas.mean_auc_influence(held.is_covid, held.p_covid)
	of_pairs, influence_of_pairs = areas.mean_auc_influence(truth, held.p_covid[:, chosen])
	influence[chosen] -= influence_of_pairs
	half, fall = metrics.Z * np.sqrt(areas.area_variance(influence, held.is_covid, held.groups)), of_all - of_pairs
	if area.auc.value in (0, 1) or not half:
		apart = probes.difference(areas.auc(held.is_covid, held.p_covid, held.groups), area.auc)
		return area, replace(apart, value=fall)
	return area, Figure.of(fall, fall - half, fall + half, len(chosen), "DeLong 95 %, of films and of a part of them")
'''[1:]


# ======================================
# cxrkit/audit/probes.py
# ======================================

FILES['cxrkit/audit/probes.py'] = r'''
"""Logistic regression as a probe: how much of an answer lies in some features, without training a network."""





import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import Area

FOLDS = 5
FEWEST_PATIENTS = 10
"""Of each class; with fewer a probe says nothing, and is not run."""


def patients(groups, chosen) -> int:
	"""How many patients the chosen films have."""
	return len(np.unique(np.asarray(groups)[np.asarray(chosen, bool)]))


def too_few(is_positive, groups) -> str:
	"""Why a probe cannot be run on these films, or an empty text."""
	counts = [patients(groups, is_positive), patients(groups, ~np.asarray(is_positive, bool))]
	return f"{counts[0]} and {counts[1]} patients on the two sides; each needs {FEWEST_PATIENTS}" if min(counts) < FEWEST_PATIENTS else ""


def fitted(features: np.ndarray, is_positive: np.ndarray) -> Pipeline:
	"""A regression fitted on n x k features; its decision_function takes others."""
	with threadpool_limits(1):  # on matrices this small, threads that wait for each other cost more than they bring
		return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)).fit(features, is_positive)


def folds(is_positive, groups, seed: int = 0) -> np.ndarray:
	"""n whole numbers: the fold of each film. Patients stay whole, and the classes alike in all folds as far as that allows."""
	number = np.zeros(len(groups), int)
	cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(number, is_positive, groups)
	for fold, (_, held) in enumerate(cut):
		number[held] = fold
	return number


def out_of_fold(features: np.ndarray, is_positive, groups, learn_from=None) -> np.ndarray:
	"""n scores, each by a regression that saw neither the film nor its patient."""




	is_positive, number = np.asarray(is_positive, bool), folds(is_positive, groups)
	learn_from = np.ones(len(number), bool) if learn_from is None else learn_from
	scores = np.zeros(len(number))
	for fold in np.unique(number):
		held, seen = number == fold, (number != fold) & learn_from
		scores[held] = fitted(features[seen], is_positive[seen]).decision_function(features[held])
	return scores


def area(is_positive, scores, groups) -> Area:
	"""The area under the ROC curve of n scores, or of seeds x n, with the interval of areas.auc."""
	return Area(areas.auc(is_positive, scores, groups), int(np.sum(is_positive)))


def unknown_area(reason: str) -> Area:
	"""An area that could not be computed, and why."""
	return Area(Figure.unknown(0, f"none: {reason}"), 0)


def advantage(is_positive, scores, other, groups) -> Figure:
	"""How far the area of scores (n, or seeds x n) lies above that of the other n on the same films; see areas.difference."""
	return areas.difference(is_positive, scores, other, groups)[0]


def difference(first: Figure, second: Figure) -> Figure:
	"""first minus second, two independent figures; see metrics.minus."""
	return metrics.minus(first, second)
'''[1:]


# ======================================
# cxrkit/audit/quality.py
# ======================================

FILES['cxrkit/audit/quality.py'] = r'''
"""Image quality: is a film as sharp, and framed as closely, as the training films are? No network is asked."""











from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from cxrkit.audit import probes
from cxrkit.audit.films import resized, thumbnails

SIDE = 16
"""Cells a side of the thumbnail."""
BANDS = ((1, 1.4), (4, 8))
"""Pixels: deviations of the Gaussians between which the fine and the coarse details lie."""
MACHINES = 0.25
"""Share of its width by which the range of sharpness is widened at each end, for machines of other hospitals differ in it."""
CROPS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Shares of the side that are left, from which the framing is learned."""
MARGINS = (0.05, 0.1, 0.15, 0.2, 0.3)
"""Shares of the side that are added on each of the four, in black, in white and as grey as the border on the whole."""
SEEN = 64
"""Pixels; the side of the squares that are cropped and padded."""
MOST_FILMS = 400
"""Of a class, from which the framing is learned."""
PENALTY = 10.0
"""Of the ridge regression, on edges and thumbnails of deviation 1."""


@dataclass(frozen=True)
class Range:
	"""Between which values the accepted share of the training films of a class lies."""

	label: str
	n: int
	low: float
	high: float

	@classmethod
	def of(cls, label: str, values: np.ndarray, accepted: float, wider: float = 0) -> "Range":
		low, high = np.quantile(values, [(1 - accepted) / 2, (1 + accepted) / 2])
		more = wider * (high - low)
		return cls(label, len(values), float(low - more), float(high + more))


@dataclass(frozen=True)
class Quality:
	"""What the training films are like. zoom: weights of the edges and a constant; sharpness, framing: a Range a class."""

	zoom: np.ndarray
	sharpness: list[Range]
	framing: list[Range]

	def doubts(self, image: np.ndarray) -> list[str]:
		"""What a grey square, uint8 [size, size], lacks beside the training films, sentences; empty where it lacks nothing."""
		sharp, zoom = float(sharpness(image[None])[0]), float(framing(edges(image[None]), self.zoom)[0])
		return [
			*_beyond(
				sharp,
				self.sharpness,
				"it is less sharp than the training films: blurred, or enlarged from few pixels",
				"it is sharper or noisier than the training films",
			),
			*_beyond(
				zoom,
				self.framing,
				"it shows less of the chest than the training films: cropped, or taken from nearer",
				"the chest is smaller in it than in the training films: padded, or taken from farther away",
			),
		]


def _beyond(value: float, ranges: Sequence[Range], below: str, above: str) -> list[str]:
	"""The sentence that fits a value outside every class's range; between two of them it is nearer to one end or the other."""
	if any(known.low <= value <= known.high for known in ranges):
		return []
	nearest = min(ranges, key=lambda known: max(known.low - value, value - known.high))
	return [below if value < nearest.low else above]


def describe(images: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, groups: np.ndarray, accepted: float) -> Quality:
	"""The Quality of n films of which `accepted`, a share, lies within each range."""





	rows, kinds = np.arange(len(labels)), np.unique(labels)
	sharp, seen = _by_portions(images, rows, sharpness), _by_portions(images, rows, edges)
	learned = np.concatenate([_spread(rows[labels == kind]) for kind in kinds])
	altered = _by_portions(images, learned, lambda squares: np.stack([edges(kind) for kind in _altered(squares)], axis=1))
	weights = 1 / np.array([(labels[learned] == labels[row]).sum() for row in learned])
	zoom = np.zeros(len(labels))
	for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(seen, groups=groups):
		chosen = np.isin(learned, rest)
		zoom[held] = framing(seen[held], _fitted(altered[chosen], weights[chosen]))
	measured = ((sharp, MACHINES), (zoom, 0))
	ranges = [[Range.of(kind, of[labels == kind], accepted, wider) for kind in kinds] for of, wider in measured]
	return Quality(_fitted(altered, weights), *ranges)


def _by_portions(images, rows, look, at_once=256) -> np.ndarray:
	return np.concatenate([look(images(rows[start : start + at_once])) for start in range(0, len(rows), at_once)])


def _spread(rows: np.ndarray) -> np.ndarray:
	"""At most MOST_FILMS of them, evenly spread."""
	return rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MOST_FILMS)).round().astype(int))]


def sharpness(images: np.ndarray) -> np.ndarray:
	"""n numbers, octaves: how strong fine details of grey squares, uint8 [n, size, size], are beside coarse ones."""
	return np.array([np.log2(_strength(image, BANDS[0]) / _strength(image, BANDS[1])) for image in images.astype(np.float32)])


def _strength(image: np.ndarray, band: tuple[float, float]) -> float:
	"""The deviation of a band's details in grey levels; a hundredth is added, so that a blank picture has one."""
	fine, coarse = (gaussian_filter(image, sigma, mode="nearest") for sigma in band)
	return float((fine - coarse).std()) + 0.01


def contrasted(images: np.ndarray, side: int = SIDE) -> np.ndarray:
	"""n x side**2: thumbnails with mean 0 and deviation 1, so that exposure counts for nothing."""
	thumbs = thumbnails(images, side)
	thumbs = thumbs - thumbs.mean(1, keepdims=True)
	return thumbs / np.maximum(thumbs.std(1, keepdims=True), 1e-6)


def edges(images: np.ndarray) -> np.ndarray:
	"""n x k: contrasted thumbnails, and how much each cell differs from the next one to the right and below."""
	cells = contrasted(images).reshape(-1, SIDE, SIDE)
	parts = (cells, np.abs(np.diff(cells, axis=2)), np.abs(np.diff(cells, axis=1)))
	return np.hstack([part.reshape(len(cells), -1) for part in parts])


def framing(seen: np.ndarray, zoom: np.ndarray) -> np.ndarray:
	"""n numbers: the logarithm of how far away the chest seems, by its edges; the training films lie about 0."""
	return seen @ zoom[:-1] + zoom[-1]


ZOOMS = np.log([1, *CROPS, *np.repeat([1 + 2 * margin for margin in MARGINS], 3)])
"""Of a film as _altered alters it."""
WEIGHTS = np.array([1, *[1] * len(CROPS), *[1 / 3] * (3 * len(MARGINS))])


def _altered(images: np.ndarray) -> list[np.ndarray]:
	"""The squares as they are, cropped and padded, one after the other as ZOOMS has them."""
	small, made = [resized(image, SEEN) for image in images], []
	for cut in [0, *(round((1 - share) / 2 * SEEN) for share in CROPS)]:
		made.append(np.stack([resized(image[cut : SEEN - cut, cut : SEEN - cut], SEEN) for image in small]))
	for margin in (round(margin * SEEN) for margin in MARGINS):
		for grey in (lambda image: 0, lambda image: 255, _of_border):
			made.append(np.stack([resized(np.pad(image, margin, constant_values=grey(image)), SEEN) for image in small]))
	return made


def _of_border(image: np.ndarray) -> int:
	return round(float(np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).mean()))


def _fitted(altered: np.ndarray, weights: np.ndarray) -> np.ndarray:
	"""Weights and constant of the regression on n films in their k alterations, [n, k, features]; weights: of the films."""
	each = np.outer(weights, WEIGHTS).ravel()
	features, wanted = altered.reshape(len(each), -1), np.tile(ZOOMS, len(altered))
	with threadpool_limits(1):
		fitted = Ridge(PENALTY).fit(features, wanted, sample_weight=each / each.mean())
	return np.append(fitted.coef_, fitted.intercept_)
'''[1:]


# ======================================
# cxrkit/audit/reference.py
# ======================================

FILES['cxrkit/audit/reference.py'] = r'''
"""Out-of-distribution check: is a picture one that the networks can have an opinion on? ..."""














import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cxrkit.audit import probes, quality
from cxrkit.audit.quality import SIDE, Quality, Range, contrasted
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import read_json, reading, write_text

FILE = "reference.json"
VERSION = 2
"""1 knew neither sharpness nor framing, nor how far the seeds lie apart."""
ACCEPTED = 0.99
"""Share of the training films of each class, each measured by films of other patients, that lie within the limit."""
MOST_COMPONENTS, FILMS_A_COMPONENT = 16, 12
FEWEST_FILMS, FEWEST_PATIENTS = 30, probes.FEWEST_PATIENTS
"""Of a class, to be described by itself; where a class has fewer, all films are described together."""
LEAST_CONTRAST = 4
"""Grey levels, of 255, that a picture must spread over."""
MOST_COLOUR = 0.1
"""Share of coloured pixels; a film with coloured arrows has less."""
AT_ONCE = 512
"""Films in memory."""
ENDS = [0.005, 0.995]
"""Quantiles of the training films' proportions and pixels."""
SLACK = 1.25
"""Factor by which proportions may lie outside the training films'."""


@dataclass(frozen=True)
class Cloud:
	"""Thumbnails of one kind of film, as probabilistic PCA describes them."""





	label: str
	n: int
	mean: np.ndarray
	components: np.ndarray
	variances: np.ndarray
	noise: float
	limit: float = 1.0

	@classmethod
	def around(cls, label: str, thumbs: np.ndarray) -> "Cloud":
		"""The cloud of n thumbnails, n x SIDE**2."""
		components = max(1, min(MOST_COMPONENTS, len(thumbs) // FILMS_A_COMPONENT))
		fitted = PCA(components, svd_solver="full").fit(thumbs)
		noise = max(float(fitted.noise_variance_), 1e-9)
		return cls(label, len(thumbs), fitted.mean_, fitted.components_, np.maximum(fitted.explained_variance_, noise), noise)

	def distances(self, thumbs: np.ndarray) -> np.ndarray:
		"""Squared Mahalanobis distances of n thumbnails."""
		centred = thumbs - self.mean
		along = centred @ self.components.T
		rest = np.maximum((centred**2).sum(1) - (along**2).sum(1), 0)
		return (along**2 / self.variances).sum(1) + rest / self.noise


@dataclass(frozen=True)
class Reference:
	"""The training films in numbers. upright: SIDE**2 weights and a constant; proportions: width / height, least and greatest; ..."""






	clouds: list[Cloud]
	upright: np.ndarray
	proportions: list[float]
	pixels: float
	quality: Quality
	spreads: dict[str, float]

	def distances(self, images: np.ndarray) -> np.ndarray:
		"""How far grey squares, uint8 [n, size, size], lie from the films, n numbers; up to 1 they are within the limit."""
		thumbs = contrasted(images)
		return np.sqrt(np.min([cloud.distances(thumbs) / cloud.limit for cloud in self.clouds], axis=0))

	def lies_upright(self, images: np.ndarray) -> np.ndarray:
		"""n booleans: whether squares look like films as they hang, not turned, upside down or inverted."""
		return contrasted(images) @ self.upright[:-1] + self.upright[-1] >= 0

	def doubts(self, image: np.ndarray, width: int | None, height: int | None, colour: float = 0.0) -> list[str]:
		"""Why a picture is outside what the networks have seen, sentences; an empty list where nothing is wrong."""




		doubts = []
		if image.std() < LEAST_CONTRAST:
			return ["it has nearly no contrast"]
		if colour > MOST_COLOUR:
			doubts.append(f"it is in colour ({100 * colour:.0f} % of its pixels)")
		least, greatest = self.proportions
		if width and height and not least <= width / height <= greatest:
			doubts.append(
				f"its width is {width / height:.2f} of its height; the training films' lies between {least:.2f} and {greatest:.2f}"
			)
		if width and height and min(width, height) < self.pixels:  # more pixels than theirs are no loss
			doubts.append(f"it has {min(width, height)} pixels on its shorter side; the training films have at least {self.pixels:g}")
		if not self.lies_upright(image[None])[0]:
			doubts.append("it lies turned, upside down or inverted, or is no frontal chest film")
		distance = self.distances(image[None])[0]
		if distance > 1:
			doubts.append(f"it is unlike the training films: {distance:.2f} times as far from them as {100 * ACCEPTED:g} % of them are")
		return doubts + self.quality.doubts(image)


def colour_share(picture: Image.Image) -> float:
	"""The share of a PIL image's pixels that are coloured."""
	if picture.mode in ("1", "L", "LA", "I", "I;16", "F"):
		return 0.0
	channels = np.asarray(picture.convert("RGB").resize((64, 64))).astype(int)
	return float((channels.max(-1) - channels.min(-1) > 40).mean())


@dataclass(frozen=True)
class Description:
	"""What reference.json holds."""





	image_size: int
	n: int
	patients: int
	reference: Reference | None
	held_out: dict[str, dict[str, Figure]]
	lacking: str = ""

	def as_json(self) -> dict[str, Any]:
		"""Numbers of the reference with five digits, which are plenty."""
		head = {"version": VERSION, "image_size": self.image_size, "side": SIDE, "n": self.n, "patients": self.patients}
		if self.reference is None:
			return head | {"lacking": self.lacking}
		shares = {split: {label: asdict(share) for label, share in of_label.items()} for split, of_label in self.held_out.items()}
		return head | _plain(asdict(self.reference)) | {"held_out": shares}


def describe_training(pixels: Pixels, manifest: Manifest, folder: Path, spreads: dict[str, float] | None = None) -> Description:
	"""Write reference.json from a manifest's training films into a results folder, and return what it says."""



	train = [record for record in manifest.used if record.split == "train"]
	groups = np.array([manifest.groups[record.image_id] for record in train])
	size, patients = int(pixels.size), len(set(groups))
	if _enough(groups):
		reference = _described(train, pixels, groups, spreads or {})
		description = Description(size, len(train), patients, reference, _held_out(reference, pixels, manifest))
	else:
		needed = f"a description needs {FEWEST_FILMS} of {FEWEST_PATIENTS}"
		lacking = f"there are only {len(train)} training films of {patients} patients; {needed}"
		description = Description(size, len(train), patients, None, {}, lacking)
	write_text(folder / FILE, json.dumps(description.as_json()) + "\n")
	return description


def _enough(groups):
	return len(groups) >= FEWEST_FILMS and len(set(groups)) >= FEWEST_PATIENTS


def _described(records, pixels, groups, spreads):
	labels = np.array([record.label for record in records])
	if not all(_enough(groups[labels == label]) for label in LABELS):
		labels = np.full(len(labels), "")
	names = np.array([record.image_id for record in records])
	seen = quality.describe(lambda rows: pixels.of(names[rows]), labels, groups, ACCEPTED)
	thumbs = np.concatenate([contrasted(pixels.of(names[start : start + AT_ONCE])) for start in range(0, len(names), AT_ONCE)])
	clouds = [_cloud(label, thumbs[labels == label], groups[labels == label]) for label in dict.fromkeys(sorted(labels))]
	sizes = [(record.width, record.height) for record in records if record.width and record.height]
	least, greatest = np.quantile([width / height for width, height in sizes] or [1], ENDS)
	pixels = float(np.quantile([min(size) for size in sizes] or [0], ENDS[0]))
	return Reference(clouds, _upright(thumbs, labels), [float(least / SLACK), float(greatest * SLACK)], pixels, seen, spreads)


def _cloud(label, thumbs, groups):
	"""The Cloud of all thumbnails, its limit from distances to clouds of other patients' films."""
	apart = np.zeros(len(thumbs))
	for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(thumbs, groups=groups):
		apart[held] = Cloud.around(label, thumbs[rest]).distances(thumbs[held])
	whole = Cloud.around(label, thumbs)
	return Cloud(**(vars(whole) | {"limit": float(np.quantile(apart, ACCEPTED))}))


def _upright(thumbs, labels):
	"""Weights and constant of a regression between films and films turned, upside down and inverted; classes count alike."""
	squares = thumbs.reshape(-1, SIDE, SIDE)
	seen = np.stack([squares, squares[:, ::-1], np.rot90(squares, 1, (1, 2)), np.rot90(squares, 3, (1, 2)), -squares])
	is_film = np.repeat([True, False], [len(thumbs), (len(seen) - 1) * len(thumbs)])
	counts = np.array([(labels == label).sum() for label in labels])  # each film's class, or all films where few are of one
	weights = np.tile(1 / counts, len(seen)) * np.where(is_film, 1, 1 / (len(seen) - 1))
	fitted = LogisticRegression(C=0.01, max_iter=2000).fit(seen.reshape(len(is_film), -1), is_film, sample_weight=weights / weights.mean())
	return np.append(fitted.coef_[0], fitted.intercept_[0])


def _held_out(reference: Reference, pixels: Pixels, manifest: Manifest) -> dict[str, dict[str, Figure]]:
	"""{split: {label: share}} of the films on which nothing was fitted that would be accepted."""
	shares: dict[str, dict[str, Figure]] = {}
	for split in ("valid", "test"):
		for label in LABELS:
			films = [record for record in manifest.used if record.split == split and record.label == label]
			if films:
				accepted = [not reference.doubts(pixels.of([r.image_id])[0], r.width, r.height) for r in films]
				n_effective = metrics.effective_n([manifest.groups[record.image_id] for record in films])
				shares.setdefault(split, {})[label] = metrics.proportion(int(np.sum(accepted)), len(films), n_effective)
	return shares


def _plain(value: Any) -> Any:
	if isinstance(value, dict):
		return {key: _plain(part) for key, part in value.items()}
	if isinstance(value, list):
		return [_plain(part) for part in value]
	if isinstance(value, np.ndarray):
		return [_plain(part) for part in value.tolist()]
	return float(f"{value:.5g}") if isinstance(value, float) else value


def load(results: Path) -> tuple[Reference | None, str]:
	"""A results folder's Reference, or None and why there is none: (reference, reason). Raises BadInput for a broken file."""
	path = results / FILE
	if not path.exists():
		return None, "the run left no description of its training films"
	with reading(path, "The description of the training films", "restore the file from the run's output"):
		content = read_json(path, "The description of the training films", "restore the file from the run's output")
		if content.get("lacking"):
			return None, content["lacking"]
		if content["version"] != VERSION:
			what = f"the description of the training films is of version {content['version']}, and this kit reads version {VERSION}"
			return None, f"{what}; run the experiment again into the same folder, which keeps its trainings"
		arrays = ("mean", "components", "variances")
		clouds = [
			Cloud(**{key: np.array(part, float) if key in arrays else part for key, part in cloud.items()}) for cloud in content["clouds"]
		]
		measured = content["quality"]
		ranges = [[Range(**known) for known in measured[name]] for name in ("sharpness", "framing")]
		seen = Quality(np.array(measured["zoom"], float), *ranges)
		reference = Reference(
			clouds, np.array(content["upright"], float), content["proportions"], content["pixels"], seen, content["spreads"]
		)
		reference.doubts(np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE), 1, 1)
		return reference, ""
'''[1:]


# ======================================
# cxrkit/audit/retraining.py
# ======================================

FILES['cxrkit/audit/retraining.py'] = r'''
"""Retraining tests: networks trained anew on masked films, without one source, and on permuted labels (`--retrain`)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxrkit.audit import controls, masking, probes, sources
from cxrkit.audit.films import LUNGS, Films
from cxrkit.columns import UNFROZEN
from cxrkit.config import Experiment
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, Record
from cxrkit.environment import Choice
from cxrkit.errors import BadInput
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import sha256_of_json
from cxrkit.results import Network
from cxrkit.schema import ControlRow, MaskRow, SourceRow
from cxrkit.training import jobs, loaders
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Job

SIDES = (0.4, 0.6, LUNGS)
"""Sides of the central box under which a network is trained anew."""


@dataclass(frozen=True)
class Retraining:
	"""How a network is trained once more: by the run's experiment, with its weights' folder on this machine."""

	network: Network
	experiment: Experiment
	films: Films
	pixels: Pixels
	folder: Path
	device: str
	whole: Figure | None = None  # the network's area on the held-out films

	def predictions(self, records: Iterable[Record], pixels: Pixels, alteration: str) -> dict[str, float]:
		"""{image_id: p_covid} of the films that are held out, by one network trained on these records and pixels."""




		records, job = tuple(records), Job(self.network.architecture, self.network.seed)
		experiment = replace(self.experiment, architectures=(job.architecture,), seeds=(job.seed,))
		folder = self.folder / alteration
		identity = sha256_of_json([alteration, sorted([r.image_id, r.sha256, r.label, r.split] for r in records if r.used)])

		home = JobFolder(folder / job.name)
		machine = Machine.choose(experiment, Choice(self.device, "where the networks are asked"), 1)
		jobs.run(experiment, loaders.of_pixels(pixels, records, self.device), identity, folder, machine)
		if not home.done():
			reason = jobs.failures(experiment, folder).get(job.name, "it did not end")
			raise BadInput(
				f"The training of {job.name} on altered data ({alteration}) failed: {reason}", folder, "look at failed.json there"
			)
		return dict(home.stage(UNFROZEN).predictions)

	def masked(self) -> list[MaskRow]:
		"""The network trained anew on masked films, and scored on held-out films under the same mask."""
		held, rows = self.films.judged, []
		for mask in masking.MASKS:
			for side in SIDES:
				altered = Pixels(masking.masked(self.pixels.images, mask, side), self.pixels.rows)
				p_covid = self.predictions(self.films.records, altered, f"{mask}-{round(100 * side)}")
				seen = np.array([p_covid[image_id] for image_id in held.image_ids])
				rows.append(masking.row(self.network, mask, side, seen, held, retrained=True))
		return rows

	def without_each_source(self) -> list[SourceRow]:
		"""Each source's films, and the held-out films of the others, scored by a network that was trained without the source."""
		films, rows = self.films, []
		for source in np.unique(films.sources):
			of_source = films.sources == source
			training = (films.splits == "train") & ~of_source
			judged = (of_source & ~np.isin(films.groups, films.groups[training])) | (films.splits == films.held_out)
			if any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (training, judged)):
				continue
			places = np.where(judged, films.held_out, films.splits)
			altered = [record.but(split=str(place)) for record, place, kept in zip(films.records, places, judged | ~of_source) if kept]
			p_covid = self.predictions(altered, self.pixels, f"without-{source}")
			scores = np.array([p_covid.get(image_id, np.nan) for image_id in films.image_ids])
			covid = sources.is_covid_mostly(films, of_source)
			wanted = judged & (of_source | (films.is_covid != covid))
			against = LABEL_WORDS[NEGATIVE if covid else POSITIVE]
			title = f"films of {source}, against the {against} films held out, by a {self.network.architecture} trained without the source"
			area = probes.area(films.is_covid[wanted], scores[wanted], films.groups[wanted])
			rows.append(SourceRow("left-out-retrained", title, area, "trained anew", self.network.architecture, self.whole))
		return rows

	def permuted(self) -> ControlRow:
		"""The network trained on permuted labels and scored against the permuted labels of the held-out films."""
		films = self.films
		labels = controls.permuted(films, np.random.default_rng(0))
		altered = [record.but(label=POSITIVE if label else NEGATIVE) for record, label in zip(films.records, labels)]
		p_covid = self.predictions(altered, self.pixels, "permuted-labels")
		held = films.splits == films.held_out
		scores = np.array([p_covid[record.image_id] for record, wanted in zip(films.records, held) if wanted])
		auc = probes.area(labels[held], scores, films.groups[held]).auc
		return ControlRow(
			name="permutation-retrained",
			title=f"labels dealt out at random, {self.network.architecture} trained on them",
			expected="an interval of AUC that holds 0.5",
			found=f"{auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}], {auc.n:.0f} held-out films",
			passed=auc.low <= 0.5 <= auc.high,
		)
'''[1:]


# ======================================
# cxrkit/audit/rules.py
# ======================================

FILES['cxrkit/audit/rules.py'] = r'''
"""The rules of the verdict: each looks at the Evidence and gives the Reasons that it has, with the thresholds that stand here alone."""





from collections.abc import Iterator

from cxrkit.audit.baselines import COARSE as COARSE_BASELINES
from cxrkit.audit.baselines import LUNGLESS as LUNGLESS_BASELINES
from cxrkit.audit.conclusions import MISSING, PARTS, RUN
from cxrkit.audit.evidence import Evidence
from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import Area, Reason

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of an interval of areas; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area without a look at the lungs, of a baseline or a network, at which the answer is given away."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
PARTLY = 0.6
"""Lower limit of an area without a look at the lungs from which a part of the scores is explained."""
KEPT = 0.9
"""Share of a network's area above chance that is left with the lungs blacked out, from which it needs no lungs."""
COARSE = 0.95
"""Area at which a thumbnail separates the classes, where no network was asked."""
DROP = 0.05
"""Loss of area that a reader must hear of, where its interval excludes none."""
CLEARLY = 0.1
"""How far above chance a whole film's area must lie for a fall to chance to mean something."""
HALF = 0.5
"""Share of an area above chance; what may have kept more than this has not been shown to fall to chance."""

KIND = {"source": "source-shortcut", "file": "source-shortcut", "age": "source-shortcut", "border": "border-shortcut"}
RULE_PREFIX, MISSING_PREFIX = "lungless-", "missing-"
"""Of the rules about baselines that see no lung, and about parts that were not done."""


def capital(text: str) -> str:
	return text[0].upper() + text[1:]


def told(figure: Figure | Area) -> str:
	"""A figure with its interval, in words."""
	figure = figure.auc if isinstance(figure, Area) else figure
	return f"{figure.value:.3f} [{figure.low:.3f} to {figure.high:.3f}]"


def fallen(now: Figure, was: Figure) -> str:
	"""How much less an area is than another: "to chance", "shown" where the intervals lie apart, or an empty text."""
	if not now.known or not was.known or was.value <= 0.5 + CLEARLY:
		return ""
	if now.low <= 0.5 and now.high - 0.5 <= HALF * (was.value - 0.5):
		return "to chance"
	return "shown" if was.value - now.value >= DROP and was.has_interval and now.high < was.low else ""


def failed_controls(evidence: Evidence) -> Iterator[Reason]:
	for row in evidence.controls:
		if not row.passed:
			what = f"A control of the audit failed ({row.title}: expected {row.expected}, found {row.found})."
			yield Reason("controls", what, None, None, "audit-failed")


def leaks(evidence: Evidence) -> Iterator[Reason]:
	count = evidence.counts.leaks
	if count:
		yield Reason("leaks", f"{count} patients or pictures stand in two splits.", count, 0, "leak")


def too_few(evidence: Evidence) -> Iterator[Reason]:
	judged = evidence.counts.judged
	for label, count in (("covid", judged.covid_patients), ("normal", judged.normal_patients)):
		if count < FEWEST_PATIENTS:
			what = f"The films that are judged come from only {count} {LABEL_WORDS[label]} patients."
			yield Reason("patients", what, count, FEWEST_PATIENTS, "too-few")
	widths = [row.area.auc.width for row in evidence.networks if row.area.auc.width is not None]
	if widths and min(widths) > WIDEST:
		yield Reason("width", f"The interval of every network's AUC is at least {min(widths):.2f} wide.", min(widths), WIDEST, "too-few")


def lungless(evidence: Evidence) -> Iterator[Reason]:
	"""Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that."""
	best = evidence.best.area.auc.value if evidence.best else None
	for row in evidence.known_baselines(LUNGLESS_BASELINES):
		value, low = row.area.auc.value, row.area.auc.low
		equals = best is not None and value >= best - AS_GOOD
		if low <= PARTLY:
			continue
		decisive = value >= SHORTCUT or equals
		what = f"{capital(row.title)} alone, without a look at the lungs, reaches an AUC of {told(row.area)}."
		threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
		conclusion = KIND[row.name] if decisive else "partial-shortcut"
		yield Reason(RULE_PREFIX + row.name, what, value if decisive else low, threshold, conclusion)


def lungs_hidden(evidence: Evidence) -> Iterator[Reason]:
	"""The network that keeps most with the lungs blacked out, asked so or trained anew on such films."""
	found = []
	for row in evidence.hidden("centre"):
		auc, full = row.area.auc, evidence.wholes[row.architecture, row.seed].area.auc.value
		share = (auc.value - 0.5) / (full - 0.5) if full > PARTLY else 0
		how = "trained anew on films with the lungs blacked out" if row.retrained else "shown films with the lungs blacked out"
		what = f"{short_name(row.architecture)}, {how}, still reaches an AUC of {told(row.area)}, where whole films give {full:.3f}."
		if auc.low > 0.5 and share >= KEPT:
			found.append((2, auc.value, Reason("lungs-hidden", what, share, KEPT, "border-shortcut")))
		elif auc.low > PARTLY and auc.value >= SHORTCUT:
			found.append((2, auc.value, Reason("lungs-hidden", what, auc.value, SHORTCUT, "border-shortcut")))
		elif auc.low > PARTLY:
			found.append((1, auc.value, Reason("lungs-hidden", what, auc.low, PARTLY, "partial-shortcut")))
	yield from [reason for _, _, reason in sorted(found, key=lambda item: item[:2])[-1:]]


def lungs_alone(evidence: Evidence) -> Iterator[Reason]:
	"""Networks that do no better than guessing with nothing but the lungs to see."""



	again = {row.architecture for row in evidence.hidden("surround", True)}
	for row in evidence.hidden("surround"):
		fall = fallen(row.area.auc, evidence.wholes[row.architecture, row.seed].area.auc)
		name, value = short_name(row.architecture), row.area.auc.high
		if fall and row.retrained:
			what = f"{name}, trained anew on films that show the lungs and nothing else, reaches an AUC of {told(row.area)}."
			yield Reason("lungs-alone", what, value, 0.5, "border-shortcut" if fall == "to chance" else "partial-shortcut")
		elif fall == "to chance" and row.architecture not in again:
			what = f"Shown the lungs and nothing else, {name} reaches an AUC of {told(row.area)}: it needs the rest of the film, or is thrown off by the black ({RUN} --retrain tells)."
			yield Reason("lungs-alone", what, value, 0.5, "unknown")


def lungs_needed(evidence: Evidence) -> Iterator[Reason]:
	"""The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
	best = evidence.best
	for row in evidence.of_best(evidence.hidden("centre", False)):
		if row.area.auc.low <= 0.5 < best.area.auc.value - CLEARLY:
			name = short_name(best.architecture)
			what = f"With the lungs blacked out {name} falls to {told(row.area)}, no better than guessing: it needs the middle of the film."
			yield Reason("lungs-needed", what, row.area.auc.low, 0.5, "supported")
			break


def chance(evidence: Evidence) -> Iterator[Reason]:
	lows = [row.area.auc.low for row in evidence.networks if row.area.auc.low is not None]
	if lows and max(lows) <= 0.5:
		yield Reason("chance", "No network's interval lies above 0.5.", max(lows), 0.5, "chance")


def coarse(evidence: Evidence) -> Iterator[Reason]:
	"""A thumbnail or histogram that no network is shown to beat on the same films."""
	rows = evidence.known_baselines(COARSE_BASELINES)
	if not rows:
		return
	row = max(rows, key=lambda row: row.area.auc.value)
	advantages = [network.advantage for network in evidence.networks if network.advantage]
	if advantages:
		best = max(advantages, key=lambda advantage: advantage.difference.low)
		if best.difference.low <= 0 and best.coarse_auc > PARTLY:
			what = f"{capital(best.over_title)} reaches {best.coarse_auc:.3f} on the same films, and no network is shown to do better."
			yield Reason("coarse", what, best.difference.low, 0, "thumbnail")
	elif row.area.auc.value >= COARSE:
		what = f"{capital(row.title)} reaches an AUC of {told(row.area)}."
		yield Reason("coarse", what, row.area.auc.value, COARSE, "thumbnail")


def elsewhere(evidence: Evidence) -> Iterator[Reason]:
	"""What the networks lose on each set of external films: the greatest loss whose interval excludes none."""
	for name in dict.fromkeys(row.name for row in evidence.external):
		for key, word in (("auc", "AUC"), ("sensitivity", "sensitivity"), ("specificity", "specificity")):
			lost = [(row, getattr(row.drop, key)) for row in evidence.external if row.name == name]
			lost = [(row, drop) for row, drop in lost if drop.known and drop.value >= DROP and drop.low > 0]
			if lost:
				row, drop = max(lost, key=lambda item: item[1].value)
				what = f"On the films of {name}, {short_name(row.architecture)} loses {told(drop)} of {word}."
				yield Reason(f"external-{key}", what, drop.value, DROP, "no-transfer")
				break


def elsewhere_unclear(evidence: Evidence) -> Iterator[Reason]:
	"""Films from elsewhere, none of whose sets is large enough to show a loss or to exclude one."""
	rows = [row for row in evidence.of_best(evidence.external) if row.drop.auc.known]
	if rows and min(row.drop.auc.width for row in rows) > WIDEST:
		row = min(rows, key=lambda row: row.drop.auc.width)
		what = f"On the {row.n} films of {row.name} the loss of AUC is {told(row.drop.auc)}: too few films from elsewhere to know."
		yield Reason("external-few", what, row.drop.auc.width, WIDEST, "unknown")


def held_fixed(evidence: Evidence) -> Iterator[Reason]:
	"""Networks whose area falls once the source, the age or both are held fixed, and those of which it is not known."""
	for row in evidence.held_fixed:
		within, name = row.within.auc, short_name(row.architecture)
		start = f"With the {row.fixed} held fixed, {name} "
		if not within.known:
			if row in evidence.fixed_that_count:
				what = (
					f"No held-out film has a partner of the other class of the same {row.fixed}, so nothing is known with that held fixed."
				)
				yield Reason(f"fixed-{row.fixed}", what, 0, 1, "unknown")
		elif fallen(within, row.whole) == "to chance":
			what = start + f"reaches an AUC of {told(within)}, no better than guessing, where all films give {row.whole.value:.3f}."
			yield Reason(f"fixed-{row.fixed}", what, within.high, 0.5, "source-shortcut")
		elif row.fall.value >= DROP and row.fall.low > 0:
			what = start + f"loses {told(row.fall)} of AUC, down to {told(within)}."
			yield Reason(f"fixed-{row.fixed}", what, row.fall.value, DROP, "partial-shortcut")
		elif within.width > WIDEST and row in evidence.fixed_that_count:
			what = start + f"reaches an AUC of {told(within)} on {within.n} films that have a partner: too few to know."
			yield Reason(f"fixed-{row.fixed}", what, within.width, WIDEST, "unknown")


def matched(evidence: Evidence) -> Iterator[Reason]:
	"""The network that loses most on pairs of films that are alike in view, age or sex."""
	lost = [row for row in evidence.matched if row.fall.known and row.fall.has_interval and row.fall.value >= DROP and row.fall.low > 0]
	for row in sorted(lost, key=lambda row: row.fall.value)[-1:]:
		what = f"On {row.pairs} pairs alike in {', '.join(row.by)}, {short_name(row.architecture)} loses {told(row.fall)} of AUC."
		yield Reason("matched", what, row.fall.value, DROP, "partial-shortcut")


def restricted(evidence: Evidence) -> Iterator[Reason]:
	"""The row of each kind that falls most: scores within one source, and of a source that was left out of training."""



	words = {"same-source": "within one source", "left-out": "without a source", "left-out-retrained": "trained without a source"}
	for kind, how in words.items():
		falls = [(row, fallen(row.area.auc, row.was)) for row in evidence.sources if row.kind == kind and row.was]
		falls = [(row, fall) for row, fall in falls if fall and (row.by_network or row.was.value >= SHORTCUT)]
		if falls:
			row, fall = min(falls, key=lambda item: (item[1] != "to chance", not item[0].by_network, item[0].area.auc.value))
			what = f"The score falls {how} ({row.title}: AUC {told(row.area)}, otherwise {row.was.value:.3f})."
			shown = "partial-shortcut" if kind == "same-source" or not row.by_network else "no-transfer"
			proof = fall == "to chance" and row.by_network
			yield Reason(kind, what, row.area.auc.high, row.was.value, "source-shortcut" if proof else shown)


def missing(evidence: Evidence) -> Iterator[Reason]:
	"""Parts that were not done, and without which no more can be concluded; the text ends with the command that does them."""
	for part, left in MISSING.items():
		state = evidence.state(part)
		if state.state == "not done":
			what = f"{capital(PARTS[part].title)}: not done ({state.why}); {state.command} does it."
			yield Reason(f"{MISSING_PREFIX}{part}", what, None, None, left)


RULES = (
	*(failed_controls, leaks, lungless, held_fixed, matched, restricted, lungs_hidden, lungs_alone, too_few, chance, coarse),
	*(elsewhere, elsewhere_unclear, missing, lungs_needed),
)
'''[1:]


# ======================================
# cxrkit/audit/sources.py
# ======================================

FILES['cxrkit/audit/sources.py'] = r'''
"""Leave-one-source-out and within-source tests: does it see a disease, or where a film comes from? ..."""










import numpy as np

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data.records import LABEL_WORDS, LABELS, NEGATIVE, POSITIVE
from cxrkit.schema import SourceRow

SIDE = 16


def seen_sources(films: Films, features, seen_by: str, by_network: str = "") -> list[SourceRow]:
	"""Rows: how well the features (n x k) tell each source from the others among films of one label."""



	rows = []
	for label in LABELS:
		of_label = (films.is_covid == (label == POSITIVE)).nonzero()[0]
		sources = np.unique(films.sources[of_label])
		for source in sources if len(sources) != 2 else sources[:1]:
			is_source, groups = films.sources[of_label] == source, films.groups[of_label]
			if len(sources) < 2 or probes.too_few(is_source, groups):
				continue
			scores = probes.out_of_fold(features[of_label], is_source, groups)
			others = "the other sources" if len(sources) > 2 else sources[1]
			title = f"{source} told from {others} among {LABEL_WORDS[label]} films, by {seen_by}"
			note = "0.5 would be a source that leaves no trace"
			rows.append(SourceRow("seen-source", title, probes.area(is_source, scores, groups), note, by_network))
	return rows


def left_out(films: Films, features, seen_by: str) -> list[SourceRow]:
	"""Rows: each source's films scored by a regression on the features that saw no film of that source."""



	rows = []
	for source in np.unique(films.sources):
		of_source = films.sources == source
		covid = is_covid_mostly(films, of_source)
		one_label = probes.too_few(films.is_covid[of_source], films.groups[of_source])
		judged = of_source | (films.is_covid != covid) if one_label else of_source
		few = any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (judged, ~of_source))
		if few or of_source.all() or probes.patients(films.groups, of_source) < probes.FEWEST_PATIENTS:
			continue
		areas = []
		for learn_from in (~of_source, np.ones(len(of_source), bool)):
			scores = probes.out_of_fold(features, films.is_covid, films.groups, learn_from)
			areas.append(probes.area(films.is_covid[judged], scores[judged], films.groups[judged]))
		against = f", against the {LABEL_WORDS[NEGATIVE if covid else POSITIVE]} films of the others" if one_label else ""
		title = f"films of {source}{against}, the source left out of training, by {seen_by}"
		note = f"{areas[1].auc.value:.3f} with the source in training"
		rows.append(SourceRow("left-out", title, areas[0], note, was=areas[1].auc))
	return rows


def is_covid_mostly(films: Films, chosen: np.ndarray) -> bool:
	"""Whether most of the chosen films are COVID-19 films."""
	return films.is_covid[chosen].mean() > 0.5


def same_source(films: Films, scores, seen_by: str, by_network: str = "") -> list[SourceRow]:
	"""Rows: the area of scores (n, or seeds x n) among the films of each source that has both labels, beside that of all films."""
	rows, all_films = [], None
	for source in np.unique(films.sources):
		of_source = films.sources == source
		if of_source.all() or probes.too_few(films.is_covid[of_source], films.groups[of_source]):
			continue
		title = f"COVID-19 against normal films within {source}, by {seen_by}"
		note = "fair only as far as the source is one hospital, and not itself a collection"
		inside = (films.is_covid[of_source], np.asarray(scores)[..., of_source], films.groups[of_source])
		all_films = all_films or probes.area(films.is_covid, scores, films.groups).auc
		rows.append(SourceRow("same-source", title, probes.area(*inside), note, by_network, all_films))
	return rows


def without_networks(films: Films) -> list[SourceRow]:
	"""All rows that need the pictures alone, by a thumbnail of SIDE x SIDE pixels."""
	features = thumbnails(films.images, SIDE)
	seen_by, rows = f"a {SIDE} x {SIDE} thumbnail", []
	rows += seen_sources(films, features, seen_by) + left_out(films, features, seen_by)
	if not probes.too_few(films.is_covid, films.groups):
		rows += same_source(films, probes.out_of_fold(features, films.is_covid, films.groups), seen_by)
	return rows
'''[1:]


# ======================================
# cxrkit/audit/stability.py
# ======================================

FILES['cxrkit/audit/stability.py'] = r'''
"""Stability of the call: does p hold under small changes that change no diagnosis? ..."""








from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cxrkit.audit import inquiry
from cxrkit.audit.films import Films, resized
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.progress import Meter
from cxrkit.results import Results
from cxrkit.schema import StabilityRow

AMOUNT = 0.03
"""Share of the side by which a film is moved, cropped or padded."""
BLUR = 0.004
"""Share of the side: the blur's deviation."""
SPREAD = 0.975
"""Share of the validation films on which seeds lie no farther apart than what is called their spread."""
ALL = "all"
"""Names all networks together among spreads."""


def moved(images: np.ndarray, rows: int, columns: int) -> np.ndarray:
	"""Squares moved by whole pixels; the border that is left is repeated."""
	side = images.shape[-1]
	place = [np.clip(np.arange(side) - by, 0, side - 1) for by in (rows, columns)]
	return images[:, place[0]][:, :, place[1]]


def cropped(images: np.ndarray, cut: int) -> np.ndarray:
	"""Squares without `cut` pixels on each side, enlarged to what they were."""
	return np.stack([resized(image[cut:-cut, cut:-cut], images.shape[-1]) for image in images])


def padded(images: np.ndarray, margin: int) -> np.ndarray:
	"""Squares with so many black pixels on each side, made as small as they were."""
	return np.stack([resized(np.pad(image, margin), images.shape[-1]) for image in images])


def blurred(images: np.ndarray) -> np.ndarray:
	blur = BLUR * images.shape[-1]
	return np.stack([np.rint(gaussian_filter(image.astype(np.float32), blur, mode="nearest")).astype(np.uint8) for image in images])


def _amount(images: np.ndarray) -> int:
	"""Whole pixels, one at least."""
	return max(1, round(AMOUNT * images.shape[-1]))


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
	"moved 3 % to the side": lambda images: moved(images, 0, _amount(images)),
	"moved 3 % down": lambda images: moved(images, _amount(images), 0),
	"cropped by 3 % a side": lambda images: cropped(images, _amount(images)),
	"padded by 3 % a side": lambda images: padded(images, _amount(images)),
	"slightly blurred": blurred,
	"mirrored": lambda images: images[:, :, ::-1],
}
"""{name: function from grey squares, uint8 [n, size, size], to squares of that shape}; none of them changes a diagnosis."""


def asked(model, images: np.ndarray, device: str, meter: Meter) -> np.ndarray:
	"""The probabilities of COVID-19 for n grey squares as they are and under each change: [1 + changes, n]."""



	made = (np.ascontiguousarray(change(images)) for change in CHANGES.values())
	return np.stack([inquiry.p_covid(model, images, device, meter), *(inquiry.p_covid(model, each, device, meter) for each in made)])


@dataclass(frozen=True)
class Moves:
	"""How p moved under the changes. p: n probabilities; changed: changes x n; crosses, beyond: changes x n booleans: whether it ..."""


	p: np.ndarray
	changed: np.ndarray
	crosses: np.ndarray
	beyond: np.ndarray

	@classmethod
	def of(cls, p, changed, threshold: float, spread) -> "Moves":
		"""spread: a number, or n; None or NaN where it is not known."""
		p, changed = np.asarray(p, float), np.asarray(changed, float)
		limit = np.full(p.shape, np.nan if spread is None else spread, float)
		return cls(p, changed, (changed >= threshold) != (p >= threshold), np.abs(changed - p) > np.where(np.isnan(limit), np.inf, limit))

	@property
	def unstable(self) -> np.ndarray:
		"""n booleans."""
		return (self.crosses | self.beyond).any(0)

	def doubts(self, shown: Callable[[float], float] = float) -> list[str]:
		"""Why the call of a single film (n = 1) is not stable, sentences, the farthest move of each kind; empty where it is."""



		found = []
		for kind, words in ((self.crosses, "across the threshold"), (self.beyond & ~self.crosses.any(0), "farther than seeds lie apart")):
			if kind.any():
				distance = np.where(kind[:, 0], np.abs(self.changed - self.p)[:, 0], -1)
				change, place = list(CHANGES)[int(distance.argmax())], int(distance.argmax())
				what = f"its call is not stable: {change}, it moves from {shown(self.p[0]):.3f} to {shown(self.changed[place, 0]):.3f}"
				found.append(f"{what}, {words}")
		return found


def spreads(results: Results) -> dict[str, float]:
	"""{architecture, or ALL: how far its networks lie apart on SPREAD of the validation films}, of those with two at least."""
	rows = {name: results.required(name, "valid").p_covid for name in results.architectures if results.predictions(name, "valid")}
	if len(rows) > 1:
		rows[ALL] = np.concatenate([*rows.values()])
	return {name: float(np.quantile(np.ptp(p_covid, axis=0), SPREAD)) for name, p_covid in rows.items() if len(p_covid) > 1}


def row(films: Films, held: Predictions, answers: np.ndarray, architecture: str, threshold: float, spread: float | None) -> StabilityRow:
	"""The share of the films whose call is unstable."""




	mean, own = answers.mean(0), np.ptp(held.p_covid, axis=0)
	moves = Moves.of(mean[0], mean[1:], threshold, None if spread is None else np.maximum(own, spread))
	worth = metrics.effective_n(films.groups)

	def share(chosen: np.ndarray) -> Figure:
		return metrics.proportion(int(chosen.sum()), len(chosen), worth)

	return StabilityRow(
		architecture=architecture,
		seeds=len(answers),
		unstable=share(moves.unstable),
		crossing=share(moves.crosses.any(0)),
		spread=spread,
		changes={name: share(one) for name, one in zip(CHANGES, moves.crosses | moves.beyond)},
	)
'''[1:]


# ======================================
# cxrkit/audit/strata.py
# ======================================

FILES['cxrkit/audit/strata.py'] = r'''
"""Strata: a network's score with the source, the age, or both held fixed, from predictions and the manifest alone."""






import numpy as np

from cxrkit.audit import probes
from cxrkit.data.records import Record
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Area, HeldFixedRow

YEARS = 10
"""Width of a band of ages: within one the classes' means differ by 5 years at most; a narrower one leaves few partners."""


def rows(architecture: str, held: Predictions, by_id: dict[str, Record], several: bool) -> list[HeldFixedRow]:
	"""A network's rows: with the source held fixed where the films come from several, with the age where both classes have ages, with both."""




	records = [by_id[image_id] for image_id in held.image_ids]
	sources = np.array([record.source for record in records], object)
	ages = [record.years for record in records]
	bands = np.array([None if age is None else int(age // YEARS) for age in ages], object)
	aged = np.array([band is not None for band in bands], bool)
	found = []
	if several:
		found.append(row(architecture, "source", held, sources))
	if not probes.too_few(held.is_covid[aged], held.groups[aged]):
		found.append(row(architecture, "age", held, bands))
		if several:
			both = np.array([None if band is None else f"{source} {band}" for source, band in zip(sources, bands)], object)
			found.append(row(architecture, "source and age", held, both))
	return found


def row(architecture: str, fixed, held: Predictions, strata: np.ndarray) -> HeldFixedRow:
	"""The row of one kind of strata, n keys; None where a film's is not known."""
	known = np.array([stratum is not None for stratum in strata], bool)
	truth, p_covid, groups = held.is_covid[known], held.p_covid[:, known], held.groups[known]
	number = np.unique(strata[known].astype(str), return_inverse=True)[1]
	compared = areas.partners_in_stratum(truth, number) > 0
	within, whole = areas.within_strata(truth, p_covid, number, groups), areas.auc(truth, p_covid, groups)
	return HeldFixedRow(
		architecture=architecture,
		fixed=fixed,
		within=Area(within, int(truth[compared].sum())),
		same_films=areas.auc(truth[compared], p_covid[:, compared], groups[compared]),
		whole=whole,
		fall=fall(truth, p_covid, number, groups, within, whole),
		strata=len(np.unique(number[compared])),
		without_partner=int((~compared).sum()),
		not_known=int((~known).sum()),
	)


def fall(is_covid, p_covid, strata, groups, within: Figure, whole: Figure) -> Figure:
	"""Whole minus within, with the paired interval over patients; see areas.strata_influence."""



	if not within.known or not whole.known:
		return Figure.unknown(within.n, "none: nothing can be compared")
	apart = probes.difference(whole, within)
	influence = areas.mean_auc_influence(is_covid, p_covid)[1] - areas.strata_influence(is_covid, p_covid, strata)[1]
	half = metrics.Z * np.sqrt(areas.area_variance(influence, is_covid, groups))
	if half == 0:
		return Figure.of(apart.value, apart.low, apart.high, within.n, apart.method)
	return Figure.of(apart.value, apart.value - half, apart.value + half, within.n, "DeLong 95 %, paired")
'''[1:]


# ======================================
# cxrkit/audit/subgroups.py
# ======================================

FILES['cxrkit/audit/subgroups.py'] = r'''
"""Subgroups: what a network is worth on films from elsewhere by severity, view, sex and age, beside the run's own films of the group."""






from dataclasses import dataclass, replace

import numpy as np

from cxrkit.audit import probes
from cxrkit.data.readers.covidgr import GRADES
from cxrkit.data.records import Record, traits
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import GroupScore, SubgroupRow

FEWEST_PATIENTS = 5
"""Of a class, below which nothing is said of it."""
BANDS = ((18, "under 18"), (40, "18 to 39"), (60, "40 to 59"), (80, "60 to 79"))
OLDEST = "80 or older"
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Answers:
	"""What a network says of n films: the records, the ground truth, the patients as whole numbers, and its probabilities."""

	records: tuple[Record, ...]
	is_covid: np.ndarray
	groups: np.ndarray
	p_covid: np.ndarray

	def take(self, chosen: np.ndarray) -> "Answers":
		"""Those that n booleans choose."""
		records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
		return replace(self, records=records, is_covid=self.is_covid[chosen], groups=self.groups[chosen], p_covid=self.p_covid[chosen])


def severity(record: Record) -> str:
	"""The grade of a positive film where its source has one (COVIDGR's), in small letters."""
	grade = record.finding.rpartition("/")[2].upper()
	return grade.lower().replace("pcr", "PCR") if grade in GRADES else ""


def band(years: float | None) -> str:
	"""The age band, or an empty text."""
	if years is None:
		return ""
	return next((name for limit, name in BANDS if years < limit), OLDEST)


GROUP_OF = {
	"severity": severity,
	"view": lambda record: traits(record)["view"],
	"sex": lambda record: traits(record)["sex"],
	"age": lambda record: band(record.years),
}
ORDER = {name: rank for rank, name in enumerate([*(grade.lower() for grade in GRADES), *(name for _, name in BANDS), OLDEST])}


def rows(outside: Answers, inside: Answers, threshold: float) -> list[SubgroupRow]:
	"""A row for each group of the films from elsewhere; none by what is known of no film there."""



	found = []
	for by, group_of in GROUP_OF.items():
		groups_outside, groups_inside = (np.array([group_of(record) for record in side.records], object) for side in (outside, inside))
		groups = sorted(set(groups_outside), key=lambda name: (not name, ORDER.get(name.lower(), 0), name))
		if not any(groups):
			continue
		for group in groups:
			of_group = []
			for side, names in ((outside, groups_outside), (inside, groups_inside)):
				chosen = names == group
				of_group.append(graded(side, chosen, threshold) if by == "severity" else score(side.take(chosen), threshold))
			if by == "severity" and not of_group[0].covid_patients:
				continue  # negative films have no grade
			found.append(SubgroupRow(by, group or NOT_KNOWN, *of_group))
	return found


def score(given: Answers, threshold: float) -> GroupScore:
	"""The rates and the area of a group; unknown where a class that they need has too few patients."""
	truth, groups = given.is_covid, given.groups
	covid, normal = (probes.patients(groups, chosen) for chosen in (truth, ~truth))
	rates = metrics.rates(
		metrics.confusion(truth, given.p_covid, threshold), *(metrics.effective_n(groups[chosen]) for chosen in (truth, ~truth))
	)
	return GroupScore(
		covid_patients=covid,
		normal_patients=normal,
		sensitivity=_unless_few(rates.sensitivity, covid),
		specificity=_unless_few(rates.specificity, normal),
		auc=_unless_few(areas.auc(truth, given.p_covid, groups), min(covid, normal)),
	)


def graded(side: Answers, chosen: np.ndarray, threshold: float) -> GroupScore:
	"""The positive films that n booleans choose against all negative ones, whose specificity is that of all films."""
	found = score(side.take((chosen & side.is_covid) | ~side.is_covid), threshold)
	return replace(found, specificity=Figure.unknown(found.specificity.n, "none: severity is of positive films alone"))


def _unless_few(figure: Figure, patients: int) -> Figure:
	return figure if patients >= FEWEST_PATIENTS else Figure.unknown(figure.n, f"none: too few patients ({patients})")
'''[1:]


# ======================================
# cxrkit/audit/support.py
# ======================================

FILES['cxrkit/audit/support.py'] = r'''
"""What a supported claim needs, all of it: requirements on the best network, each met or not, with the thresholds that stand here alone."""




from collections.abc import Callable

from cxrkit.audit.baselines import LUNGLESS
from cxrkit.audit.conclusions import NEEDS, PARTS
from cxrkit.audit.evidence import Evidence
from cxrkit.audit.rules import told
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import ExternalRow, Requirement

MOST_LOST = 0.1
"""Upper limit of the area that may be lost elsewhere: what the four published networks lost on COVIDGR-1.0 is over three times that."""
ELSEWHERE = 100
"""Patients of each class elsewhere: with so many, Wilson's interval of a sensitivity of 0.9 is 0.12 wide."""
HELD_OUT = 30
"""Patients of each class held out: with so many, Newcombe's interval of an area of 0.95 is 0.13 wide."""
MOST_FALL = 0.05
"""Upper limit of the area that may fall once source or age is held fixed: half of what may be lost elsewhere."""
LEAD = 0.1
"""How far the network's area must lie above that of each baseline which sees no lung: none then explains the network's."""
LEFT_HIDDEN = 0.5
"""Share of the area above chance that may be left with the lungs blacked out: the greater part must come from them."""
CALIBRATED = 0.1
"""Calibration error elsewhere: a probability is then right within 10 points on average, before any fitting to those films."""


NOTHING_THERE = "no such films"
"""What was found where there are no films from elsewhere."""


def requirements(evidence: Evidence) -> list[Requirement]:
	"""What `supported` asks, in the order in which it is told; empty where there is no network."""
	return [ask(evidence) for ask in ASKED] if evidence.best else []


def holding(evidence: Evidence) -> list[ExternalRow]:
	"""The best network's rows on sets from elsewhere that exclude a loss of MOST_LOST, whatever their size."""
	return [row for row in evidence.of_best(evidence.external) if row.drop.auc.known and row.drop.auc.high < MOST_LOST]


def _parts(evidence: Evidence) -> Requirement:
	lacking = [PARTS[part].title for part in NEEDS["supported"] if evidence.state(part).state == "not done"]
	return _asked(
		"parts", "every part of the audit that it rests on", f"not done: {', '.join(lacking) or 'none'}", len(lacking), 0, not lacking
	)


def _sound(evidence: Evidence) -> Requirement:
	faults = sum(not row.passed for row in evidence.controls) + evidence.counts.leaks
	return _asked("sound", "controls that pass, and no leak", f"{faults} faults", faults, 0, not faults)


def _held_out(evidence: Evidence) -> Requirement:
	judged = evidence.counts.judged
	return _patients("held-out", "held out", judged.covid_patients, judged.normal_patients, HELD_OUT)


def _patients(name: str, where: str, covid: int, normal: int, least: int) -> Requirement:
	found = f"{covid} COVID-19, {normal} normal"
	return _asked(name, f"{least} patients of each class {where}", found, min(covid, normal), least, min(covid, normal) >= least)


def _lungless(evidence: Evidence) -> Requirement:
	rows = evidence.known_baselines(LUNGLESS)
	text = f"a lead of {LEAD:g} over all that sees no lung"
	if not rows:
		return _asked("lead", text, "none was computed", None, LEAD, False)
	row = max(rows, key=lambda row: row.area.auc.value)
	lead = evidence.best.area.auc.value - row.area.auc.value
	return _asked("lead", text, f"{lead:.3f} over {row.title}", lead, LEAD, lead >= LEAD)


def _thumbnail(evidence: Evidence) -> Requirement:
	ahead = evidence.best.advantage
	text = "a network that is shown to beat a thumbnail"
	if ahead is None:
		return _asked("thumbnail", text, "not known", None, 0, False)
	return _asked("thumbnail", text, f"ahead by {told(ahead.difference)}", ahead.difference.low, 0, ahead.difference.low > 0)


def _hidden(evidence: Evidence) -> Requirement:
	shares = []
	for row in evidence.of_best(evidence.hidden("centre")):
		full = evidence.wholes[row.architecture, row.seed].area.auc.value
		shares.append((row.area.auc.value - 0.5) / (full - 0.5) if full > 0.5 else 1.0)
	text = "a score that falls by half with the lungs blacked out"
	if not shares:
		return _asked("hidden", text, "not known", None, LEFT_HIDDEN, False)
	left = max(*shares, 0.0)
	return _asked("hidden", text, f"{100 * left:.0f} % of it is left", left, LEFT_HIDDEN, left <= LEFT_HIDDEN)


def _held_fixed(evidence: Evidence) -> Requirement:
	text = "a score that stays with the source, and the age, held fixed"
	rows, needed = evidence.fixed_that_count, evidence.counts.sources > 1
	if not rows:
		found = "not known" if needed else "one source; ages not known"
		return _asked("fixed", text, found, None, MOST_FALL, not needed)
	found = "; ".join(f"{row.fixed}: {_fall(row.fall)}" for row in rows)
	highs = [row.fall.high for row in rows]
	met = all(high is not None and high < MOST_FALL for high in highs) and (not needed or any(row.fixed == "source" for row in rows))
	known = [high for high in highs if high is not None]
	return _asked("fixed", text, found, max(known, default=None), MOST_FALL, met)


def _fall(fall: Figure) -> str:
	return f"a fall of {told(fall)}" if fall.known else "not known"


def _elsewhere(evidence: Evidence) -> Requirement:
	rows = [row for row in evidence.of_best(evidence.external) if row.drop.auc.known]
	text = f"films of another hospital that exclude a loss of {MOST_LOST:g} of AUC"
	if not rows:
		return _asked("elsewhere", text, "no films from elsewhere with both classes", None, MOST_LOST, False)
	row = _closest(evidence)
	return _asked("elsewhere", text, f"{row.name}: {told(row.drop.auc)}", row.drop.auc.high, MOST_LOST, row.drop.auc.high < MOST_LOST)


def _closest(evidence: Evidence) -> ExternalRow | None:
	"""The set from elsewhere that the claim rests on: one that excludes a loss, is large enough and calibrated, if there is one."""
	rows = [row for row in evidence.of_best(evidence.external) if row.drop.auc.known]

	def met(row: ExternalRow) -> tuple:
		ece, fewest = row.scaling.before.ece.value, min(row.covid_patients, row.normal_patients)
		calibrated = ece is not None and ece <= CALIBRATED
		return row.drop.auc.high < MOST_LOST, (fewest >= ELSEWHERE) + calibrated, -row.drop.auc.high

	return max(rows, key=met, default=None)


def _patients_elsewhere(evidence: Evidence) -> Requirement:
	row = _closest(evidence)
	if row is None:
		return _asked("elsewhere-patients", f"{ELSEWHERE} patients of each class there", NOTHING_THERE, None, ELSEWHERE, False)
	return _patients("elsewhere-patients", "there", row.covid_patients, row.normal_patients, ELSEWHERE)


def _calibrated(evidence: Evidence) -> Requirement:
	row, text = _closest(evidence), f"a calibration error of at most {CALIBRATED:g} there"
	if row is None or not row.scaling.before.ece.known:
		return _asked("calibrated", text, NOTHING_THERE, None, CALIBRATED, False)
	ece = row.scaling.before.ece
	return _asked("calibrated", text, f"{ece.value:.3f} on {row.name}", ece.value, CALIBRATED, ece.value <= CALIBRATED)


def _asked(name: str, text: str, found: str, value: float | None, threshold: float, met: bool) -> Requirement:
	return Requirement(name, text, found, value, threshold, bool(met))


ASKED: tuple[Callable[[Evidence], Requirement], ...] = (
	*(_parts, _sound, _held_out, _lungless, _thumbnail, _hidden, _held_fixed, _elsewhere, _patients_elsewhere, _calibrated),
)


def lacking(asked: list[Requirement]) -> str:
	"""What a supported claim still lacks, in a sentence; empty where it lacks nothing, or nothing is known of it."""
	unmet = [row for row in asked if not row.met and row.name != "parts" and row.found != NOTHING_THERE]
	if not unmet:
		return ""
	return f"For a supported claim it lacks: {'; '.join(f'{row.text} (found: {row.found})' for row in unmet)}."
'''[1:]


# ======================================
# cxrkit/audit/verdict.py
# ======================================

FILES['cxrkit/audit/verdict.py'] = r'''
"""The verdict: what the audits together allow a reader to believe."""






from collections.abc import Iterator

from cxrkit.audit import support
from cxrkit.audit.conclusions import CONCLUSIONS, PARTS
from cxrkit.audit.evidence import Evidence
from cxrkit.audit.rules import MISSING_PREFIX, RULE_PREFIX, RULES, told
from cxrkit.config import short_name
from cxrkit.schema import Conclusion, Reason


def decide(evidence: Evidence) -> Conclusion:
	"""The verdict. A part that was not done bars every conclusion that needs it, and improves none."""
	order = list(CONCLUSIONS)
	reasons = [reason for rule in RULES for reason in rule(evidence)]
	asked = support.requirements(evidence)
	best_left = "supported" if asked and all(row.met for row in asked) else "no-shortcut-found"
	conclusion = min([best_left, *(reason.leads_to for reason in reasons)], key=order.index)
	reasons += holds(evidence)
	graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
	sentences = [*_opening(evidence), *_told(graver_first, evidence), CONCLUSIONS[conclusion]]
	if conclusion in ("no-shortcut-found-inside", "no-shortcut-found"):
		sentences.append(support.lacking(asked))
	return Conclusion(conclusion, " ".join(filter(None, sentences)), reasons, asked)


def holds(evidence: Evidence) -> Iterator[Reason]:
	"""Sets from elsewhere on which the best network loses nothing that matters: what speaks for it, and outweighs nothing."""
	rows = support.holding(evidence)
	if rows:
		each = ", ".join(f"{row.name} ({told(row.drop.auc)})" for row in rows)
		many = f"{len(rows)} sets of films from elsewhere" if len(rows) > 1 else "films from elsewhere"
		what = f"On {many} {short_name(rows[0].architecture)} loses less than {support.MOST_LOST:g} of AUC: {each}."
		yield Reason("elsewhere-holds", what, max(row.drop.auc.high for row in rows), support.MOST_LOST, "supported")


def _told(reasons: list[Reason], evidence: Evidence) -> list[str]:
	"""The reasons' sentences; those of baselines that see no lung become one where they are several, and so do missing parts."""
	sentences: dict[str, str] = {}
	for reason in reasons:
		if reason.rule.startswith(RULE_PREFIX):
			sentences.setdefault(RULE_PREFIX, _told_lungless(reasons, evidence))
		elif reason.rule.startswith(MISSING_PREFIX):
			sentences.setdefault(MISSING_PREFIX, _told_missing(reasons, evidence))
		else:
			sentences[reason.text] = reason.text
	return list(sentences.values())


def _told_lungless(reasons: list[Reason], evidence: Evidence) -> str:
	lungless = [reason for reason in reasons if reason.rule.startswith(RULE_PREFIX)]
	if len(lungless) == 1:
		return lungless[0].text
	row_of = {RULE_PREFIX + row.name: row for row in evidence.baselines}
	named = [f"{row.title} ({row.area.auc.value:.3f})" for row in (row_of[reason.rule] for reason in lungless)]
	return f"Without a look at the lungs the classes are told apart by {', by '.join(named[:-1])} and by {named[-1]}."


def _told_missing(reasons: list[Reason], evidence: Evidence) -> str:
	"""One sentence for the parts that share a reason and a command."""
	alike: dict[tuple[str, str], list[str]] = {}
	for reason in reasons:
		if reason.rule.startswith(MISSING_PREFIX):
			state = evidence.state(reason.rule.removeprefix(MISSING_PREFIX))
			alike.setdefault((state.why, state.command), []).append(PARTS[state.part].title)
	return " ".join(
		f"Not done: {', '.join(titles)} ({why}); this does {'it' if len(titles) == 1 else 'them'}: {command}."
		for (why, command), titles in alike.items()
	)


def _opening(evidence: Evidence) -> list[str]:
	sentences = ["These are drawn phantoms, not films; nothing here is about medicine."] if evidence.films == "phantom" else []
	kept = [PARTS[part].title for part in PARTS if part in evidence.kept]
	if kept:
		sentences.append(f"Kept from an earlier audit of the same films and predictions: {', '.join(kept)}.")
	best, counts = evidence.best, evidence.counts
	if best is None:
		who = f"{counts.covid} COVID-19 and {counts.normal} normal films of {counts.patients} patients"
		alone = (
			f"No AUC of a network is known: the films held out are {counts.judged.covid} COVID-19 and {counts.judged.normal} normal ones."
		)
		asked = alone if evidence.networks else f"No network was asked; this is about the films alone: {who}."
		return [*sentences, asked, "An AUC of 1 separates the two classes perfectly, 0.5 is guessing."]
	held = f"{best.area.auc.n:.0f} films held out of training, {best.area.positives} of them COVID-19"
	name, many = short_name(best.architecture), len(evidence.networks) > 1
	who = f"The best of {len(evidence.networks)} networks, {name}, reaches" if many else f"The network, {name}, reaches"
	return [*sentences, f"{who} an AUC of {told(best.area)} on {held} (1 separates the classes perfectly, 0.5 is guessing)."]
'''[1:]


# ======================================
# cxrkit/columns.py
# ======================================

FILES['cxrkit/columns.py'] = r'''
"""What trainings hand to the results: the stages, the columns of four CSV files, and their rows."""









from dataclasses import dataclass, field
from pathlib import Path

FROZEN, UNFROZEN = STAGES = ("frozen", "unfrozen")
"""The body of the network frozen, then everything trained."""
LAST_STAGE = STAGES[-1]

EPOCHS = ("architecture", "seed", "stage", "epoch", "train_loss", "valid_loss", "error_rate", "sensitivity", "specificity", "seconds")
PREDICTIONS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")
BATCH_NORM = ("architecture", "seed", "stage", "statistics", "valid_loss", "error_rate")
LR_FIND = ("architecture", "seed", "step", "learning_rate", "loss", "chosen")
BATCH_NORM = ("architecture", "seed", "stage", "statistics", "valid_loss", "error_rate")
RUNNING, PRECISE = STATISTICS = ("running", "precise")
"""Batch norm's means as training left them, or taken anew from the training films with the weights at rest."""


@dataclass(frozen=True)
class Trained:
	"""What the finished trainings left."""




	epochs: list[list] = field(default_factory=list)
	predictions: list[list] = field(default_factory=list)
	lr_find: list[list] = field(default_factory=list)
	batch_norm: list[list] = field(default_factory=list)
	models: dict[str, Path] = field(default_factory=dict)
'''[1:]


# ======================================
# cxrkit/config.py
# ======================================

FILES['cxrkit/config.py'] = r'''
"""The experiment: every hyperparameter of a run, one declaration a key, from defaults, a YAML file and the command line."""

import argparse
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from cxrkit.data.records import MATCHABLE, VIEWS
from cxrkit.errors import WrongUse
from cxrkit.files import sha256_of_json

SHORT_NAMES = {"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}
"""The study's four networks, as torchvision calls them and as people do."""
ARCHITECTURES = tuple(SHORT_NAMES)
TESTED = SHORT_NAMES | {
	"resnet18": "ResNet18",
	"resnet50": "ResNet50",
	"densenet121": "DenseNet121",
	"convnext_tiny": "ConvNeXt-T",
	"efficientnet_b0": "EfficientNet-B0",
	"efficientnet_lite0": "EfficientNet-Lite0",
}
"""Networks that the kit's tests train, as people call them."""
OF_TIMM = {"efficientnet_lite0"}
"""Those of them that another package brings."""
FOLDER = Path(__file__).parent / "experiments"
PLACES = ("data", "external")
"""Lists of places: each option names one, and is given several times."""

Decides = Literal["nothing", "jobs", "films", "scores", "numbers"]
"""What a key decides: nothing (where things lie, how fast they are read, what is said), jobs (which trainings there are),
films (which are used, and in which split: the manifest's hash covers it), scores (how predictions are counted), or the
numbers of the training itself."""


def key(
	default: Any,
	help: str,
	*,
	decides: Decides = "numbers",
	choices: Iterable[str] = (),
	spelling: str = "",
	at_least: float | None = None,
	above: float | None = None,
	below: float | None = None,
) -> Any:
	"""The one declaration of a key: its default, its help, its limits (of each item, where it is a list), and what it decides."""
	# not called "pattern": pydantic, which reads run.json, takes that for a limit of its own, and of the whole list
	limits = {"choices": tuple(choices), "spelling": spelling, "at_least": at_least, "above": above, "below": below}
	return field(default=default, metadata={"help": help, "decides": decides, **limits})


@dataclass(frozen=True)
class Experiment:
	"""Everything that decides a run's numbers, and where its data lies. Raises WrongUse for values that cannot work."""

	name: str = key("unnamed", "what the experiment is called", decides="nothing")
	data: tuple[str, ...] = key(
		(),
		"folder of the CoronaHack dataset, or KIND[:NAME]=DIR, or phantom, or phantom-marked; may be given several times",
		decides="nothing",
	)
	external: tuple[str, ...] = key(
		(),
		"films from elsewhere to ask the networks about, after training: KIND[:NAME]=DIR as for --data, or NAME=DIR (covid/ and normal/), "
        "or NAME=manifest.csv; may be given several times",
		decides="nothing",
	)
	split: str = key("paper", "paper (the study's) or grouped (train/valid/test by patient)", choices=("paper", "grouped"), decides="films")
	split_seed: int = key(0, "seed of the split", decides="films")
	exclude_views: tuple[str, ...] = key(("lateral",), "views that are left out", choices=filter(None, VIEWS), decides="films")
	duplicates: str = key(
		"remove",
		"copies of one picture: remove (all but one) or keep (as the study merged its sources)",
		choices=("remove", "keep"),
		decides="films",
	)
	label_conflicts: str = key(
		"exclude", "films of one group that sources label differently: exclude or keep", choices=("exclude", "keep"), decides="films"
	)
	ages: str = key(
		"all",
		"whose films are used: all, or adults (films of patients under 18, or of an age that is not known, are left out)",
		choices=("all", "adults"),
		decides="films",
	)
	match: tuple[str, ...] = key(
		(),
		"pair each positive film with a negative one that is alike in view, age and sex, or in some of them, a film a patient; "
        "the others are left out",
		choices=MATCHABLE,
		decides="films",
	)
	age_caliper: float = key(5.0, "years by which the ages of a matched pair may differ", at_least=0, decides="films")
	allow_leakage: bool = key(False, "train although a patient or a picture is in two splits; every table says so", decides="nothing")
	architectures: tuple[str, ...] = key(
		ARCHITECTURES,
		f"networks to train: {', '.join(TESTED)}, or another of torchvision's or timm's",
		spelling=r"[a-zA-Z][\w.]*",
		decides="jobs",
	)
	seeds: tuple[int, ...] = key((0,), "training seeds; each network is trained once a seed", at_least=0, decides="jobs")
	image_size: int = key(224, "side of the square the networks see, in pixels", at_least=32)
	batch_size: int = key(64, "images a training step", at_least=2)
	epochs: int = key(4, "epochs of each of the two stages, body frozen and unfrozen", at_least=1)
	resize: str = key(
		"squish",
		"how a film becomes a square: squish (all of it, its sides to one length) or crop (its middle, as fastai does by default)",
		choices=("squish", "crop"),
	)
	learning_rate: float = key(1e-3, "peak learning rate of the frozen stage", above=0)
	frozen_rates: str = key(
		"one",
		"learning rates while the body is frozen: one (for all that is trained) or tenth (a tenth for the body's batch norm)",
		choices=("one", "tenth"),
	)
	unfrozen_rates: str = key(
		"graded",
		"learning rates after unfreezing: one (the finder's for all layers) or graded (from its hundredth at the first layers, "
        "where the weights are ImageNet's)",
		choices=("one", "graded"),
	)
	warmup_share: float = key(0.25, "share of the steps of a stage in which the learning rate rises", above=0, below=1)
	epsilon: float = key(1e-5, "Adam's epsilon", above=0)
	decay_everywhere: bool = key(False, "weight decay on batch norm and biases too")
	precise_batch_norm: bool = key(True, "take batch norm's statistics anew from the training films after each stage")
	lr_find_iterations: int = key(100, "steps of the learning-rate finder", at_least=20)
	pretrained: bool = key(True, "start from ImageNet weights (--no-pretrained: from random ones)")
	weights: str = key("", "folder with torchvision's ImageNet weight files, instead of the network", decides="nothing")
	threshold: float = key(0.5, "an image is called COVID-19 from this probability on", above=0, below=1, decides="scores")
	loader: str = key(
		"resident",
		"resident (films decoded once, augmented on the device) or files (fastai's way: each file decoded at each use)",
		choices=("resident", "files"),
		decides="nothing",
	)
	precision: str = key(
		"auto", "auto (chosen by the device), float32, float16 or bfloat16", choices=("auto", "float32", "float16", "bfloat16")
	)
	parallel: str = key(
		"jobs",
		"under torchrun: jobs (the trainings are shared out) or data (all processes train one network together)",
		choices=("jobs", "data"),
	)
	audit: str = key(
		"full", "after training: full, quick (what asks no network) or none", choices=("full", "quick", "none"), decides="nothing"
	)
	jobs_at_once: int = key(
		0, "trainings at the same time on each device; 0 chooses by its memory and the processors", at_least=0, decides="nothing"
	)
	workers: int = key(-1, "processes that decode images for --loader files; -1 chooses by the processors", at_least=-1, decides="nothing")

	def __post_init__(self) -> None:
		for each in fields(self):
			_check(each, getattr(self, each.name))
		for name in ("architectures", "seeds", "match"):
			values = getattr(self, name)
			if not values and name != "match":
				raise WrongUse(f"{name} is empty.", next="name at least one")
			if len(set(values)) < len(values):
				raise WrongUse(f"{name} names one twice: {', '.join(map(str, values))}.", next="name each once")
		if self.external and self.audit != "full":
			what = f"Films from elsewhere are asked about in the full audit; audit is {self.audit!r}."
			raise WrongUse(what, next="use --audit full, or leave out --external")
		if self.parallel == "data" and self.loader == "files":
			raise WrongUse(
				"With --loader files every process would train on whole batches, and share nothing.",
				next="use --loader resident, or --parallel jobs",
			)

	def settings(self, *decides: Decides) -> dict[str, Any]:
		"""{key: value} of the keys that decide one of these."""
		return {each.name: getattr(self, each.name) for each in fields(self) if each.metadata["decides"] in decides}

	def hash(self) -> str:
		"""SHA-256 of what decides which networks there are and what is said of them; 64 hexadecimal digits."""
		return sha256_of_json(self.settings("jobs", "films", "scores", "numbers"))


def _check(declared: Field, value: Any) -> None:
	name, limits = declared.name, declared.metadata
	for item in value if isinstance(value, tuple) else (value,):
		if limits["choices"] and item not in limits["choices"]:
			raise WrongUse(f"{name} is {item!r}.", next=_near(item, limits["choices"]))
		if limits["spelling"] and not re.fullmatch(limits["spelling"], item):
			raise WrongUse(f"{name} is {item!r}.", next="write letters, digits, points and underscores alone, a letter first")
		if limits["at_least"] is not None and not item >= limits["at_least"]:
			raise WrongUse(f"{name} is {item}; it must be at least {limits['at_least']}.", next=f"raise {name}")
		if limits["above"] is not None and not item > limits["above"]:
			raise WrongUse(f"{name} is {item}; it must lie above {limits['above']}.", next=f"raise {name}")
		if limits["below"] is not None and not item < limits["below"]:
			raise WrongUse(f"{name} is {item}; it must lie below {limits['below']}.", next=f"lower {name}")


def _near(wrong: Any, allowed: Iterable[str]) -> str:
	"""What to write instead: the nearest of the allowed values, or all of them."""
	allowed = list(allowed)
	close = difflib.get_close_matches(str(wrong), allowed, 1)
	return (f"did you mean {close[0]!r}? " if close else "") + f"Choose from {', '.join(allowed)}"


def short_name(architecture: str) -> str:
	"""The name that people use for a network."""
	return TESTED.get(architecture, architecture)


def names() -> list[str]:
	"""Names of the experiments that come with the kit."""
	return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
	"""The experiment of that name or YAML file, with the overrides {key: value} laid over it."""



	path = FOLDER / f"{name_or_path}.yaml"
	if not path.exists():
		path = Path(name_or_path)
	try:
		values = yaml.safe_load(path.read_text("utf-8"))
	except (FileNotFoundError, IsADirectoryError):
		raise WrongUse(f"There is no experiment {str(name_or_path)!r}.", next=f"name one of {', '.join(names())}, or a YAML file") from None
	except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
		raise WrongUse(f"The experiment cannot be read: {error}", path, "correct the file") from error
	if not isinstance(values or {}, dict):
		raise WrongUse("The experiment is no mapping of keys to values.", path, "write `key: value` lines")
	return make({"name": path.stem, **(values or {})}, overrides or {}, path)


def make(values: Mapping[str, Any], overrides: Mapping[str, Any], where: object) -> Experiment:
	"""An Experiment from YAML values and overrides. Raises WrongUse."""
	known = {each.name: each for each in fields(Experiment)}
	merged = {**values, **overrides}
	for name in merged:
		if name not in known:
			raise WrongUse(f"The experiment has an unknown key {name!r}.", where, _near(name, known))
	try:
		made = Experiment(**{name: _typed(known[name], value, where) for name, value in merged.items()})
		for architecture in made.architectures:
			if architecture not in TESTED or architecture in OF_TIMM:
				from cxrkit.training import networks  # torch is loaded for a name alone that only it can know

				networks.require(architecture, made.image_size)
		return made
	except WrongUse as error:
		raise error if error.where else WrongUse(error.what, where, error.next) from error


def _typed(declared: Field, value: Any, where: object) -> Any:
	wanted = declared.type
	if kind := _item_type(declared):
		items = value if isinstance(value, (list, tuple)) else [value]
		if declared.metadata["choices"]:
			items = [part for item in items for part in (item.split(",") if isinstance(item, str) else [item])]
		if all(type(item) is kind for item in items):
			return tuple(items)
	elif wanted is float and type(value) in (int, float):
		return float(value)
	elif type(value) is wanted:
		return value
	raise WrongUse(
		f"The value {value!r} of {declared.name!r} has the wrong type.", where, f"{declared.name} is: {declared.metadata['help']}"
	)


def _item_type(declared: Field) -> Any:
	"""The type of the items where a key is a list, else None."""
	return get_args(declared.type)[0] if get_args(declared.type) else None


def _option(name: str) -> str:
	return "--" + name.replace("_", "-")


def add_arguments(parser: Any) -> None:
	"""Give an argparse parser one option for each key of Experiment but its name."""
	for each in fields(Experiment):
		option, help = _option(each.name), each.metadata["help"]
		if each.name == "name":
			continue
		if each.name in PLACES:
			parser.add_argument(option, action="append", metavar="DIR", help=help)
		elif each.type is bool:
			parser.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
		elif kind := _item_type(each):
			parser.add_argument(option, nargs="*", type=kind, metavar=each.name.upper()[:-1], help=help)
		else:
			parser.add_argument(option, type=each.type, metavar=getattr(each.type, "__name__", "").upper(), help=help)


def overrides_of(arguments: argparse.Namespace) -> dict[str, Any]:
	"""{key: value} of the options that were given, from a parsed command line."""
	given = {each.name: getattr(arguments, each.name, None) for each in fields(Experiment)}
	return {name: value for name, value in given.items() if value is not None}


def as_arguments(overrides: Mapping[str, Any]) -> list[str]:
	"""The words of a command line that mean these overrides: the inverse of add_arguments and overrides_of."""




	declared = {each.name: each for each in fields(Experiment)}
	words = []
	for name, value in overrides.items():
		option = _option(name)
		if isinstance(value, bool):
			words.append(option if value else option.replace("--", "--no-", 1))
		elif name in PLACES:
			words += [f"{option}={item}" for item in ([value] if isinstance(value, str) else value)]
		elif name in declared and _item_type(declared[name]):
			words += [option, *map(str, value if isinstance(value, (list, tuple)) else [value])]
		else:
			words.append(f"{option}={value}")
	return words


def differing(experiment: Experiment, usual: Experiment) -> dict[str, Any]:
	"""{key: value} in which an experiment differs from another, but for its name."""
	return {
		each.name: getattr(experiment, each.name)
		for each in fields(Experiment)
		if each.name != "name" and getattr(experiment, each.name) != getattr(usual, each.name)
	}


def as_dict(experiment: Experiment) -> dict[str, Any]:
	"""The resolved experiment as plain values, in the order of its keys."""
	return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(experiment).items()}


def with_data(experiment: Experiment, data: Iterable[str]) -> Experiment:
	return replace(experiment, data=tuple(data))
'''[1:]


# ======================================
# cxrkit/data/__init__.py
# ======================================

FILES['cxrkit/data/__init__.py'] = r'''
"""Sources in, one manifest and one folder tree out."""
'''[1:]


# ======================================
# cxrkit/data/cache.py
# ======================================

FILES['cxrkit/data/cache.py'] = r'''
"""The film cache of a folder: facts, thumbnails and grey squares, so that no film is decoded twice."""








import hashlib
import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np

from cxrkit.data import copies, images
from cxrkit.data.records import Record
from cxrkit.data.registration import SIDE
from cxrkit.environment import processors
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import locked, replacing
from cxrkit.progress import say, track

VERSION = 3
"""Of decoding and of the files' layout: a film decoded by another version is decoded again."""
SAVED_EVERY = 512
"""Films; how many are decoded between two writes, so held in memory at once, and lost at most when a process dies."""

EMPTY = b"{}"
"""The line of a row whose square is damaged; its film has another row once it is decoded again."""

Locate = Callable[[Record], Path]
Note = dict[str, Any]


@dataclass(frozen=True)
class Facts:
	"""What a film's file says of itself: the fields of Record of the same names."""

	width: int
	height: int
	mode: str
	format: str
	bytes: int
	sha256: str


class Rows:
	"""Equal grey squares in one file that only grows; only the process that holds the folder's lock may make one."""




	def __init__(self, folder: Path, name: str, side: int) -> None:
		self.squares, self.index, self.side = folder / f"{name}.u8", folder / f"{name}.jsonl", side
		self._notes = self._read()
		self.known: dict[str, int] = {note["sha256"]: row for row, note in enumerate(self._notes) if note}

	def images(self) -> np.ndarray:
		"""All squares as a read-only memory map, uint8 [n, side, side]; a row that is in nothing `known` means nothing."""
		return self._mapped(len(self._notes))

	def note(self, sha256: str) -> Note:
		"""What was written beside a known square."""
		return self._notes[self.known[sha256]]

	def append(self, made: Sequence[tuple[Note, np.ndarray]]) -> None:
		"""Write squares, each with its note {"sha256": ..., ...}: first all squares, then all lines."""
		if not made:
			return
		_append(self.squares, (square.tobytes() for _, square in made))
		_append(self.index, (_line(note | {"crc": _crc(note, square)}) for note, square in made))
		for note, _ in made:
			self.known[note["sha256"]] = len(self._notes)
			self._notes.append(note)

	def _mapped(self, count: int) -> np.ndarray:
		if not count:
			return np.zeros((0, self.side, self.side), np.uint8)
		return np.memmap(self.squares, np.uint8, "r", shape=(count, self.side, self.side))

	def _read(self) -> list[Note]:
		"""The note of each row, empty for a row that is damaged; what a dead process or a cut file left over is taken away."""
		lines = self.index.read_bytes().split(b"\n") if self.index.exists() else [b""]
		there = self.squares.stat().st_size if self.squares.exists() else 0
		count = min(len(lines) - 1, there // self.side**2)
		if there and not count:
			self.squares.unlink()  # not emptied, for another process may be reading the squares of the index that is lost
		elif there > count * self.side**2:
			os.truncate(self.squares, count * self.side**2)
		squares = self._mapped(count)
		notes = [_sound(line, squares[row]) for row, line in enumerate(lines[:count])]
		damaged = sum(not note and line != EMPTY for line, note in zip(lines, notes))
		if damaged:
			say(f"film cache: {damaged} of {count} squares are damaged and are decoded again ({self.squares})")
		if damaged or any(lines[count:]):
			with replacing(self.index) as temporary:
				temporary.write_bytes(b"".join((line if note else EMPTY) + b"\n" for line, note in zip(lines, notes)))
		return notes


def _line(note: Note) -> bytes:
	return json.dumps(note).encode() + b"\n"


def _crc(note: Note, square: np.ndarray) -> int:
	return zlib.crc32(square.tobytes(), zlib.crc32(_line(note)))


def _sound(line: bytes, square: np.ndarray) -> Note:
	"""The note that a line of the index holds, or an empty one where the line or its square is damaged."""
	try:
		note = json.loads(line)
		return note if note.pop("crc") == _crc(note, square) else {}
	except (ValueError, LookupError, TypeError, AttributeError):
		return {}


def _append(path: Path, parts: Iterable[bytes]) -> None:
	with open(path, "ab") as file:
		file.writelines(parts)
		file.flush()
		os.fsync(file.fileno())


@dataclass(frozen=True)
class _Made:
	"""What one decoding gives: what of it the cache lacks, else None."""

	facts: Facts
	thumbnail: np.ndarray | None
	square: np.ndarray | None


def _make(path: Path, content: bytes, sha256: str, thumbnails: Rows, squares: Rows | None, resize: str) -> _Made:
	film = images.decode(path, content)
	images.refuse_empty(film.grey)
	facts = Facts(film.width, film.height, film.mode, film.format, len(content), sha256)
	thumbnail = copies.thumbnail(film.grey) if sha256 not in thumbnails.known else None
	square = images.square(film.grey, squares.side, resize) if squares and sha256 not in squares.known else None
	return _Made(facts, thumbnail, square)


class FilmCache:
	"""What a folder holds of films: thumbnails with facts, and squares of `size` pixels a side where a size is named."""




	def __init__(self, folder: Path, size: int | None, resize: str = "squish") -> None:
		self.folder, self.size, self.resize = folder, size, resize

	@cached_property
	def thumbnails(self) -> Rows:
		return Rows(self.folder, f"thumbnails-v{VERSION}.{copies.VERSION}", SIDE)

	@cached_property
	def squares(self) -> Rows:
		if self.size is None:
			raise ValueError("the cache was opened without a size")
		way = "" if self.resize == "squish" else f"{self.resize}-"
		return Rows(self.folder, f"grey-{self.size}-{way}v{VERSION}", self.size)

	def facts(self, sha256: str) -> Facts:
		"""The facts of the file of a known thumbnail."""
		return Facts(**self.thumbnails.note(sha256))

	def learn(
		self, records: Sequence[Record], locate: Locate, lacking: Rows, verify: bool, workers: int | None = None
	) -> dict[str, str | BadInput]:
		"""Read the records' files, and decode once each whose SHA-256 `lacking` does not know; all that is made of it is kept."""




		if not records:
			return {}
		thumbnails, squares = self.thumbnails, self.squares if self.size else None  # opened before threads ask for them
		claimed: set[str] = set()
		broken: dict[str, BadInput] = {}
		learned: dict[str, str | BadInput] = {}
		turn = Lock()

		def look(record: Record) -> tuple[str | BadInput, _Made | None]:
			try:
				path = locate(record)
				content = images.read_film(path)
				sha256 = hashlib.sha256(content).hexdigest()
				if verify and sha256 != record.sha256:
					raise BadInput("the file is another than the manifest's", path)
			except BadInput as error:
				return error, None
			with turn:
				needed = sha256 not in lacking.known and sha256 not in claimed
				claimed.add(sha256)
			try:
				return sha256, _make(path, content, sha256, thumbnails, squares, self.resize) if needed else None
			except BadInput as error:
				broken[sha256] = error
				return sha256, None

		def in_portions(pool: ThreadPoolExecutor) -> Iterator[None]:
			for start in range(0, len(records), SAVED_EVERY):
				portion = records[start : start + SAVED_EVERY]
				made: list[_Made] = []
				for record, (outcome, one) in zip(portion, pool.map(look, portion)):
					learned[record.image_id] = outcome
					made += [one] if one else []
					yield
				self._keep(made)

		with ThreadPoolExecutor(workers or min(8, processors())) as pool:
			for _ in track(in_portions(pool), "reading films", len(records)):
				pass
		return {name: broken.get(seen, seen) if isinstance(seen, str) else seen for name, seen in learned.items()}

	def _keep(self, made: Sequence[_Made]) -> None:
		self.thumbnails.append([(asdict(one.facts), one.thumbnail) for one in made if one.thumbnail is not None])
		if self.size:
			self.squares.append([({"sha256": one.facts.sha256}, one.square) for one in made if one.square is not None])


@contextmanager
def opened(folder: str | Path, size: int | None = None, resize: str = "squish") -> Iterator[FilmCache]:
	"""The cache of a folder, held by this process alone while the block runs. Raises DiskFull, and BadInput as files.locked does."""
	folder = Path(folder)
	with disk_errors(folder), locked(folder / "films.lock"):
		yield FilmCache(folder, size, resize)


def add_facts(
	records: Sequence[Record],
	locate: Locate,
	folder: str | Path | None = None,
	size: int | None = None,
	workers: int | None = None,
	resize: str = "squish",
) -> tuple[list[Record], dict[str, np.ndarray]]:
	"""The records with the facts of their files, and {image_id: copies.thumbnail's array}; excluded records are not opened."""





	used = [record for record in records if record.used]
	with nullcontext(folder) if folder else TemporaryDirectory() as place, opened(place, size, resize) as cache:
		learned = cache.learn(used, locate, cache.thumbnails, verify=False, workers=workers)
		pictures = cache.thumbnails.images() if folder else np.array(cache.thumbnails.images())
		known, facts = cache.thumbnails.known, {name: cache.facts(seen) for name, seen in learned.items() if isinstance(seen, str)}
	problems = {name: seen for name, seen in learned.items() if not isinstance(seen, str)}
	if used and not facts:
		first = problems[used[0].image_id]
		raise BadInput(
			f"None of the {len(used)} images can be read; the first: {first.what}.",
			locate(used[0]),
			"check that the pictures lie beside the metadata and that the disk or mount is readable",
		)
	told = {name: asdict(fact) for name, fact in facts.items()} | {name: {"excluded": error.what} for name, error in problems.items()}
	records = [record.but(**told[record.image_id]) if record.image_id in told else record for record in records]
	return records, {name: pictures[known[fact.sha256]] for name, fact in facts.items()}
'''[1:]


# ======================================
# cxrkit/data/copies.py
# ======================================

FILES['cxrkit/data/copies.py'] = r'''
"""Duplicate detection by content: which films show one and the same picture, whatever was done to the file."""












import functools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.data.registration import SIDE, Details, agreement
from cxrkit.environment import processors
from cxrkit.progress import Meter

VERSION = 1
THRESHOLD = 0.75
"""Least agreement of two copies. Figures in `find`."""

CROPS = (0.0, 0.035, 0.075)
FREQUENCIES = 8
TABLES = 16
SMALL_SET = 64
LEAST_SIMILARITY = 0.65
CANDIDATES_A_FILM = 16
PADDING = 0.25
AT_ONCE = 64
"""Candidates that are verified together, 1 MB an array: with fewer, threads wait for each other in Python; more do not fit the cache."""
DETAILS_KEPT = 4096
"""Films whose fine grain is kept while candidates are verified, 96 kB each."""

Name = TypeVar("Name", str, tuple[str, str])
"""An image_id, or where names may repeat, the collection and the image_id."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge of a crop, in shares of the side."""


@dataclass(frozen=True)
class Pair(Generic[Name]):
	"""Two films of one picture; `first` is the larger cut where one is a crop of the other."""

	first: Name
	second: Name
	agreement: float


def thumbnail(grey: Image.Image) -> np.ndarray:
	"""A grey PIL image as SIDE x SIDE bytes, without a uniform border of up to a quarter a side."""
	if max(grey.size) > 1024:
		grey = grey.copy()
		grey.thumbnail((512, 512), Image.Resampling.BOX)
	pixels = np.asarray(grey)
	top, bottom = _uniform_border(pixels.std(1))
	left, right = _uniform_border(pixels.std(0))
	return np.asarray(Image.fromarray(pixels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BOX))


def _uniform_border(spread: np.ndarray) -> tuple[int, int]:
	most, start, end = int(len(spread) * PADDING), 0, len(spread)
	while start < most and spread[start] < 4:
		start += 1
	while len(spread) - end < most and spread[end - 1] < 4:
		end -= 1
	return start, end


def find(thumbnails: Mapping[Name, np.ndarray]) -> list[Pair[Name]]:
	"""All pairs of films that show one picture, sorted."""













	names = sorted(thumbnails)
	with threadpool_limits(1):
		return _find(names, np.stack([thumbnails[name] for name in names])) if len(names) > 1 else []


def _find(names: list[Name], stack: np.ndarray) -> list[Pair[Name]]:
	# Candidates of one film lie together, so that only the partners have to be kept, and made again where they are too many.
	wanted = sorted(candidates(stack))
	details = functools.lru_cache(DETAILS_KEPT)(lambda index: Details(stack[index]))
	portions = [wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE)]
	found: list[Pair[Name]] = []

	def verified(portion: list[tuple[int, int, Box]]) -> np.ndarray:
		wholes, parts, boxes = zip(*portion)
		return agreement([details(index) for index in wholes], [details(index) for index in parts], np.array(boxes))

	pool = ThreadPoolExecutor(processors())
	try:
		with Meter("comparing films", len(wanted)) as meter:
			for portion, values in zip(portions, pool.map(verified, portions)):
				for (whole, part, _), value in zip(portion, values.tolist()):
					if value >= THRESHOLD:
						found.append(Pair(names[whole], names[part], round(value, 3)))
				meter.advance(len(portion))
	finally:
		pool.shutdown(cancel_futures=True)  # who interrupts does not wait for the rest
	return sorted(found, key=lambda pair: (pair.first, pair.second))


def candidates(stack: np.ndarray) -> list[tuple[int, int, Box]]:
	"""(whole, part, box) triples worth verifying: `part` looks like the crop `box` of `whole`."""



	wholes, parts, crops, similarity = similar(whiten(signatures(stack)))
	order = np.lexsort((crops, parts, wholes, -similarity))
	pair = np.minimum(wholes, parts) * len(stack) + np.maximum(wholes, parts)
	best = order[np.sort(np.unique(pair[order], return_index=True)[1])]
	count, chosen = np.zeros(len(stack), int), []
	for whole, part, crop in zip(wholes[best].tolist(), parts[best].tolist(), crops[best].tolist()):
		if min(count[whole], count[part]) < CANDIDATES_A_FILM:
			count[whole] += 1
			count[part] += 1
			chosen.append((whole, part, _box(crop)))
	return chosen


def _intervals() -> list[tuple[float, float]]:
	return [(0.0, 1.0)] + [(low, 1 - high) for low in CROPS for high in CROPS if low or high]


def _box(crop: int) -> Box:
	intervals = _intervals()
	rows, columns = intervals[crop // len(intervals)], intervals[crop % len(intervals)]
	return columns[0], rows[0], columns[1], rows[1]


def signatures(stack: np.ndarray) -> np.ndarray:
	"""n x 81 x 35 low cosine frequencies of each thumbnail and its crops, each of unit length; the first crop is the whole."""



	position = (np.arange(SIDE) + 0.5) / SIDE
	basis = []
	for low, high in _intervals():
		inside = (position - low) / (high - low)
		waves = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * inside) * ((inside > 0) & (inside < 1))
		basis.append(waves / np.linalg.norm(waves, axis=1, keepdims=True))
	basis, n = np.concatenate(basis).astype(np.float32), len(basis)
	row, column = np.array([(i, j) for i in range(FREQUENCIES) for j in range(FREQUENCIES) if 0 < i + j < FREQUENCIES]).T
	low = np.empty((len(stack), n * n, len(row)), np.float32)  # (film, crop, frequency)
	for index, pixels in enumerate(stack):
		coefficients = basis @ _ranks(pixels) @ basis.T  # (crop in rows x frequency, crop in columns x frequency)
		low[index] = coefficients.reshape(n, FREQUENCIES, n, FREQUENCIES).transpose(0, 2, 1, 3)[:, :, row, column].reshape(n * n, -1)
	return low / (np.linalg.norm(low, axis=2, keepdims=True) + 1e-6)


def _ranks(pixels: np.ndarray) -> np.ndarray:
	"""Grey bytes as their share of darker pixels, -0.5 to 0.5: a white label on black weighs no more than its area."""
	counts = np.bincount(pixels.ravel(), minlength=256)
	return ((np.cumsum(counts) - counts / 2) / pixels.size - 0.5).astype(np.float32)[pixels]


def whiten(signatures: np.ndarray) -> np.ndarray:
	"""Signatures relative to the set's mean film, each frequency to unit spread, each of unit length."""
	whole = signatures[:, 0]
	if len(whole) > SMALL_SET:
		signatures = (signatures - whole.mean(0)) / (whole.std(0) + 1e-6)
	return signatures / (np.linalg.norm(signatures, axis=2, keepdims=True) + 1e-6)


def similar(signatures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
	"""Arrays (whole, part, crop, similarity) of what may be copies: a crop of one film near another film."""





	n, crops, d = signatures.shape
	wholes, queries = signatures[:, 0], signatures.reshape(-1, d)  # (n, d), (n x crops, d)
	if n <= SMALL_SET:
		values = (queries @ wholes.T).reshape(n, crops, n)
		best, values = values.argmax(1), values.max(1)
		first, second = np.nonzero(~np.eye(n, dtype=bool))
		return first, second, best[first, second], values[first, second]
	random, bits = np.random.default_rng(0), int(np.ceil(np.log2(n))) + 2
	parts = []
	for _ in range(TABLES):
		planes, weights = random.normal(size=(d, bits)).astype(np.float32), 1 << np.arange(bits)
		codes, wanted = (wholes @ planes > 0) @ weights, (queries @ planes > 0) @ weights
		order = np.argsort(codes, kind="stable")
		low, high = (np.searchsorted(codes[order], wanted, side) for side in ("left", "right"))
		query = np.repeat(np.arange(len(queries)), high - low)
		offset = np.arange(len(query)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
		other = order[np.repeat(low, high - low) + offset]
		for start in range(0, len(query), 400_000):
			q, o = query[start : start + 400_000], other[start : start + 400_000]
			value = np.einsum("ij,ij->i", queries[q], wholes[o])
			near = (value > LEAST_SIMILARITY) & (q // crops != o)
			parts.append((q[near] // crops, o[near], q[near] % crops, value[near]))
	first, second, crop, value = (np.concatenate(arrays) for arrays in zip(*parts))
	return first, second, crop, value
'''[1:]


# ======================================
# cxrkit/data/groups.py
# ======================================

FILES['cxrkit/data/groups.py'] = r'''
"""Patient groups: the films of one patient and all copies of one picture, which must stay in one split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from cxrkit.data.copies import Pair
from cxrkit.data.records import Record, copy_of

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""


def groups_of(records: Iterable[Record], links: bool = True) -> dict[str, str]:
	"""{image_id: group} for all records; a group is named by its smallest image_id, whatever the order."""





	parent: dict[str, str] = {}

	def root(name: str) -> str:
		parent.setdefault(name, name)
		while parent[name] != name:
			parent[name] = parent[parent[name]]
			name = parent[name]
		return name

	for record in records:
		tied = [record.image_id]
		if record.patient:
			tied.append("patient " + record.patient)
		if links:
			tied += [record.duplicate_of] if record.duplicate_of else []
			tied += ["name " + uuid.upper() for uuid in UUID_NAME.findall(record.image_id)]
		for other in tied[1:]:
			parent[root(other)] = root(tied[0])
	members = defaultdict(list)
	for record in records:
		members[root(record.image_id)].append(record.image_id)
	return {name: min(names) for names in members.values() for name in names}


def mark_copies(records: Sequence[Record], pairs: Iterable[Pair], remove: bool = True) -> list[Record]:
	"""The records with duplicate_of set on all but one of each picture; with `remove`, those are excluded."""




	by_id = {record.image_id: record for record in records}
	parent = {name: name for pair in pairs for name in (pair.first, pair.second)}

	def root(name: str) -> str:
		while parent[name] != name:
			name = parent[name]
		return name

	for pair in pairs:
		parent[root(pair.first)] = root(pair.second)
	pictures = defaultdict(list)
	for name in parent:
		pictures[root(name)].append(by_id[name])
	original_of = {}
	for shown in pictures.values():
		best = min(shown, key=_ignorance)
		original_of |= {record.image_id: best.image_id for record in shown if record is not best}
	marked = []
	for record in records:
		if record.image_id in original_of:
			original = original_of[record.image_id]
			record = record.but(duplicate_of=original, excluded=record.excluded or (copy_of(original) if remove else ""))
		marked.append(record)
	return marked


def _ignorance(record: Record) -> tuple[bool, bool, bool, int, str]:
	"""What a record lacks, the weightiest first: of the records of one picture, the least stays."""
	pixels = (record.width or 0) * (record.height or 0)
	return (not record.label, not record.view, record.licence in ("", "unknown"), -pixels, record.image_id)


def exclude_conflicts(records: Sequence[Record], groups: dict[str, str]) -> list[Record]:
	"""The records, without the used ones of a group that two sources label differently; both rows are named."""



	said: dict[str, dict[str, str]] = defaultdict(dict)
	for record in sorted(records, key=lambda record: (record.modality != "X-ray", record.image_id)):
		if record.label:
			said[groups[record.image_id]].setdefault(record.label, record.image_id)
	result = []
	for record in records:
		labels = said[groups[record.image_id]]
		if record.used and len(labels) > 1:
			record = record.but(
				excluded="conflicting labels in one group: " + ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))
			)
		result.append(record)
	return result
'''[1:]


# ======================================
# cxrkit/data/images.py
# ======================================

FILES['cxrkit/data/images.py'] = r'''
"""Decoding: every film, whatever its class, becomes 8-bit grey in one way; a decoder that differs by class is a shortcut."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.errors import UnreadableImage

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
SMALLEST_SIDE = 40
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FEWEST_LEVELS = 8
"""Of 256 grey levels; a film has them nearly all, a black or a printed page a few."""
LONGEST = 6
"""How many times as long as wide a picture may be."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


@dataclass(frozen=True)
class Decoded:
	"""A decoded film. grey: a PIL image of mode L; the others as the file's header has them, before any conversion."""

	grey: Image.Image
	width: int
	height: int
	mode: str
	format: str


def decode(path: Path, content: bytes | None = None) -> Decoded:
	"""Decode an image file, once. content: the file's bytes, where they are read already."""





	try:
		with warnings.catch_warnings():
			warnings.simplefilter("error", Image.DecompressionBombWarning)
			with Image.open(path if content is None else io.BytesIO(content)) as image:
				header = image.width, image.height, image.mode, image.format or ""  # decoding may change them
				return Decoded(_to_grey(image), *header)
	except UnidentifiedImageError as error:
		raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
	except DAMAGE as error:
		reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
		raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def open_grey(path: Path, content: bytes | None = None) -> Image.Image:
	"""An image file as a grey PIL image of mode L: see `decode`. Raises UnreadableImage."""
	return decode(path, content).grey


def _to_grey(image: Image.Image) -> Image.Image:
	if image.format != "MPO" and _frames(image) > 1:  # a camera's MPO holds a preview besides
		raise UnreadableImage(f"it holds {image.n_frames} pictures, not one film", next="bring the film alone")
	image.load()
	ImageOps.exif_transpose(image, in_place=True)
	if min(image.size) < SMALLEST_SIDE:
		raise UnreadableImage(f"only {image.width} x {image.height} pixels", next="bring the film in full size")
	if image.mode.startswith("I") or image.mode == "F":
		return _from_deep(np.asarray(image))
	if image.mode in ("P", "PA"):
		image = image.convert("RGBA")
	if image.mode in ("RGBA", "LA", "La", "RGBa"):
		image = image.convert("RGB" if image.mode[0] == "R" else "L")
	return image if image.mode == "L" else image.convert("L")


def _frames(image: Image.Image) -> int:
	try:
		return getattr(image, "n_frames", 1)
	except TypeError as error:  # Pillow's, of a damaged TIFF
		raise UnreadableImage(f"it is damaged: {error}", next="replace the file or leave it out") from error


def _from_deep(pixels: np.ndarray) -> Image.Image:
	pixels = pixels.astype(np.float64)
	if not np.isfinite(pixels).all():
		raise UnreadableImage(f"{np.count_nonzero(~np.isfinite(pixels))} of its pixels are no numbers", next="export the film again")
	low, high = min(pixels.min(), 0), pixels.max()
	if high - low <= 1 < len(np.unique(pixels)):  # shares of 1, not grey levels
		pixels, low, high = (pixels - low) / (high - low) * 65535, 0, 65535
	depth = next((bits for bits in (8, 10, 12, 14, 16) if high - low < 2**bits), None)
	scale = 2**depth - 1 if depth else max(high - low, 1)
	return Image.fromarray(np.rint((pixels - low) * (255 / scale)).astype(np.uint8), mode="L")


def refuse_empty(grey: Image.Image) -> None:
	"""Raise UnreadableImage for a picture that cannot be a film: a strip, an icon, or one with fewer than FEWEST_LEVELS grey levels."""
	levels = np.count_nonzero(grey.histogram())
	if levels < FEWEST_LEVELS:
		raise UnreadableImage(f"no content: {levels} grey level{'s' * (levels > 1)} in all", next="bring the film itself")
	if max(grey.size) > LONGEST * min(grey.size):
		raise UnreadableImage(f"no film has this shape: {grey.width} x {grey.height} pixels", next="bring the film itself")


def seen(grey: Image.Image, resize: str = "squish") -> Image.Image:
	"""The part of a film that a network gets to see: all of it (squish), or the square in the middle of its long side (crop)."""
	if resize == "squish":
		return grey
	side = min(grey.size)
	left, top = (grey.width - side) // 2, (grey.height - side) // 2
	return grey.crop((left, top, left + side, top + side))


def square(grey: Image.Image, size: int, resize: str = "squish") -> np.ndarray:
	"""A grey PIL image as size x size bytes, as fastai's Resize with that method makes held-out ones: uint8 [size, size]."""
	return np.asarray(seen(grey, resize).resize((size, size), Image.Resampling.BILINEAR))


def read_film(path: Path) -> bytes:
	"""A film file's bytes. Raises UnreadableImage when there is no such file, or it is empty."""
	try:
		content = path.read_bytes()
	except OSError as error:
		raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
	if not content:
		raise UnreadableImage("the file is empty", path)
	return content
'''[1:]


# ======================================
# cxrkit/data/licences.py
# ======================================

FILES['cxrkit/data/licences.py'] = r'''
"""Licences of images: which may be shown or redistributed, and whom to credit."""

import re
from collections import Counter
from collections.abc import Sequence

from cxrkit.data.records import Record

TITLE = "# Images, their licences and credits"
SHOWABLE = re.compile(r"(CC0|CC BY)(\b|-)", re.IGNORECASE)
"""Creative Commons licences all let a picture be shown with credit; what else they ask differs."""
REPUBLISHABLE = re.compile(r"(?:CC0|CC BY(?:-SA)?)(?:[- ]\d(?:\.\d)?)?", re.IGNORECASE)
"""Those under which a film may be passed on to anybody. Non-commercial ones are not among them: a public dataset
or page cannot keep its readers to that, and Radiopaedia's terms exclude it besides."""


def may_redistribute(licence: str) -> bool:
	"""Whether the files themselves may be passed on to anybody: REPUBLISHABLE, and no word beyond it."""
	return bool(REPUBLISHABLE.fullmatch(licence or ""))


def terms(licence: str) -> str:
	"""What may be done with images under this licence, in one sentence."""
	if may_redistribute(licence):
		return "May be redistributed with the credit below and a link to the licence" + (
			"; under the same licence." if "SA" in licence.upper() else "."
		)
	if may_show(licence):
		return (
			"May be shown and passed on with the credit below only within the licence's limits "
            "(NC: not commercially; ND: unchanged); the kit does not republish them."
		)
	return "Terms are not known: all rights reserved. Not redistributable; ask the source."


def may_show(licence: str) -> bool:
	"""Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
	return bool(SHOWABLE.match(licence or ""))


def attribution(records: Sequence[Record]) -> str:
	"""ATTRIBUTION.md: the used images by licence, with their credit and source, and which may be passed on."""
	text = [TITLE, ""]
	used = [record for record in records if record.used]
	for licence, count in sorted(Counter(record.licence or "unknown" for record in used).items()):
		text += [f"## {licence}: {count} images", "", terms(licence), ""]
		under_it = [record for record in used if (record.licence or "unknown") == licence]
		credits = Counter((" ".join(record.credit.split())[:300], record.case_url) for record in under_it)
		text += [
			f"- {number} x {credit or 'no credit known'}{f' <{url}>' if url else ''}" for (credit, url), number in sorted(credits.items())
		]
		text.append("")
	return "\n".join(text)
'''[1:]


# ======================================
# cxrkit/data/manifest.py
# ======================================

FILES['cxrkit/data/manifest.py'] = r'''
"""manifest.csv: every image that any source named, used or not, one row each, with split, copies and reasons for exclusion."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np

from cxrkit.config import Experiment
from cxrkit.data import cache, copies, groups, matching, splits
from cxrkit.data.records import ADULT, COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude
from cxrkit.data.sources import Source, locator
from cxrkit.errors import BadInput
from cxrkit.files import (
	csv_text,
	decoded,
	read_json,
	read_table,
	reading,
	refuse_foreign,
	sha256_of,
	sha256_of_json,
	write_json,
	write_text,
)

BUILD = "build it: python -m cxrkit manifest build"
BUILD_AGAIN = "build the manifest again"


@dataclass(frozen=True)
class Manifest:
	"""The records of a manifest, sorted by image_id, and what follows from them, each computed once."""





	records: tuple[Record, ...]

	def __post_init__(self) -> None:
		object.__setattr__(self, "records", tuple(sorted(self.records, key=lambda record: record.image_id)))

	@cached_property
	def used(self) -> tuple[Record, ...]:
		return tuple(record for record in self.records if record.used)

	@cached_property
	def by_id(self) -> dict[str, Record]:
		"""{image_id: record} of the used records."""
		return {record.image_id: record for record in self.used}

	@cached_property
	def groups(self) -> dict[str, str]:
		"""{image_id: group} of all records: one patient's films and all copies of one picture share a group."""
		return groups.groups_of(self.records)

	@cached_property
	def leaks(self) -> tuple[str, ...]:
		"""A sentence for each group in two splits."""
		return tuple(splits.leaks(self.records, self.groups))

	@cached_property
	def held_out(self) -> str:
		"""The split that is judged: "test" where there is one, else "valid", else ""."""
		present = {record.split for record in self.used}
		return next((split for split in ("test", "valid") if split in present), "")

	@cached_property
	def text(self) -> str:
		"""manifest.csv as text; the same records always give the same one."""
		return csv_text(COLUMNS, ([getattr(record, column) for column in COLUMNS] for record in self.records))

	@cached_property
	def sha256(self) -> str:
		"""Hexadecimal SHA-256 of manifest.csv."""
		return hashlib.sha256(self.text.encode()).hexdigest()

	def _knowing(self, **properties: Any) -> Self:
		"""This manifest, with properties that whoever made it has computed already."""
		self.__dict__.update(properties)
		return self


def build(sources: Sequence[Source], experiment: Experiment, kept: str | Path | None = None) -> Manifest:
	"""The manifest of the sources as an experiment wants it: file facts, copies, conflicts, exclusions and splits."""










	records = _read(sources)
	records, thumbnails = cache.add_facts(
		records, locator(roots_of(sources)), kept, experiment.image_size if kept else None, resize=experiment.resize
	)
	remove = experiment.duplicates == "remove"
	records = groups.mark_copies(records, _pairs(records, thumbnails, kept), remove)
	together = groups.groups_of(records)
	if experiment.label_conflicts == "exclude":
		records = groups.exclude_conflicts(records, together)
	records = exclude(records, lambda r: f"view {r.view}: left out by the experiment" if r.view in experiment.exclude_views else "")
	if experiment.ages == "adults":
		records = exclude(records, _not_adult)
	split_by = together if remove else groups.groups_of(records, links=False)
	if experiment.match:
		records, split_by = _matched(records, together, split_by, experiment)
	records = splits.assign(records, experiment.split, split_by, experiment.split_seed)
	return Manifest(tuple(records))._knowing(groups=together)


def _not_adult(record: Record) -> str:
	if record.years is None:
		return "age not known: the experiment wants adults"
	return f"a patient under {ADULT} years" if record.years < ADULT else ""


def _matched(
	records: list[Record], together: dict[str, str], split_by: dict[str, str], experiment: Experiment
) -> tuple[list[Record], dict[str, str]]:
	"""The records, those left out that have no counterpart; and what stays in one split, each pair among it."""
	by, caliper = experiment.match, experiment.age_caliper
	found = matching.match((r for r in records if r.used), together, by, caliper, experiment.split_seed)
	records = exclude(records, lambda record: found.reasons.get(record.image_id))
	if not found.pairs:
		remedy = "match by less, or bring films of which more is known"
		raise BadInput(f"No two films match. {matching.sentence(records, by, caliper)}", next=remedy)
	return records, split_by | {negative: split_by[positive] for positive, negative in found.pairs}


def _read(sources: Sequence[Source]) -> list[Record]:
	records = sorted((record for source in sources for record in source.read()), key=lambda record: record.image_id)
	for first, second in zip(records, records[1:]):
		if first.image_id == second.image_id:
			raise BadInput(
				f"Two images are named {first.image_id}.", f"{first.path} and {second.path}", "name the sources apart: KIND:NAME=DIR"
			)
	return records


def _pairs(records: Sequence[Record], thumbnails: dict[str, np.ndarray], kept: str | Path | None) -> list[copies.Pair]:
	"""copies.find's pairs, from the folder `kept` where they are known of the same films."""
	key = sha256_of_json(
		[copies.VERSION, "equal first", sorted(f"{record.image_id} {record.sha256}" for record in records if record.image_id in thumbnails)]
	)
	path = Path(kept) / "copies.json" if kept else None
	if path and path.exists():
		known = read_json(path, "The list of copies", "delete it; the films are compared again", keys=("key", "pairs"))
		if known["key"] == key:
			return [copies.Pair(*pair) for pair in known["pairs"]]
	pairs = _found(thumbnails)
	if path:
		write_json(path, {"key": key, "pairs": [[pair.first, pair.second, pair.agreement] for pair in pairs]})
	return pairs


def _found(thumbnails: dict[str, np.ndarray]) -> list[copies.Pair]:
	"""Films of equal bytes or pixels, by their thumbnails, before any search, which then sees one of each; and what it finds."""
	first: dict[bytes, str] = {}
	equal = []
	for name in sorted(thumbnails):
		original = first.setdefault(thumbnails[name].tobytes(), name)
		equal += [copies.Pair(original, name, 1.0)] if original != name else []
	return sorted([*equal, *copies.find({name: thumbnails[name] for name in first.values()})], key=lambda pair: (pair.first, pair.second))


def roots_of(sources: Iterable[Source]) -> dict[str, str]:
	"""{folder name: folder} of sources, as `locator` takes it."""
	return {source.name: str(Path(source.root).absolute()) for source in sources}


def write(path: str | Path, manifest: Manifest, roots: dict[str, str]) -> None:
	"""Write manifest.csv, and beside it where its folders lie on this machine (`*.roots.json`)."""




	refuse_foreign(path, COLUMNS[0])
	write_text(path, manifest.text)
	write_json(_roots_path(path), roots)


def read(path: str | Path) -> Manifest:
	"""The manifest of a manifest.csv; its text and sha256 are the file's. Raises BadInput, with the row, for what breaks the schema."""
	with reading(path, "The manifest", BUILD_AGAIN, absent=BUILD):
		raw = Path(path).read_bytes()
		text = raw.decode() if not decoded(raw)[1] else decoded(raw)[0]
	columns, rows, _ = read_table(path, "The manifest", BUILD_AGAIN, BUILD)  # a spreadsheet may have saved it in its own way
	header = tuple(columns)
	if header != COLUMNS:
		lacking, beyond = sorted(set(COLUMNS) - set(header)), sorted(set(header) - set(COLUMNS))
		raise BadInput(f"The columns are not a manifest's: lacking {lacking}, unknown {beyond}.", path, BUILD)
	records = [_from_row(row, f"{path}, row {number}") for number, row in enumerate(rows, start=2)]
	return Manifest(tuple(records))._knowing(text=text)


def _from_row(row: dict[str, Any], where: str) -> Record:
	if None in row or None in row.values():
		raise BadInput("The row has too many or too few cells.", where, BUILD_AGAIN)
	try:
		values: dict[str, Any] = row | {column: _whole(row[column]) if row[column] else None for column in NUMBERS}
		return Record(**values)
	except ValueError as error:
		raise BadInput(f"The row holds no whole number where one belongs: {error}.", where, BUILD_AGAIN) from error


def _whole(text: str) -> int:
	"""A whole number, also as a spreadsheet writes it: 1024.0."""
	return int(text.removesuffix(".0").removesuffix(",0"))


def read_roots(path: str | Path) -> dict[str, str]:
	"""{folder name: folder} as the manifest's sidecar says, or {} where there is none. Raises BadInput."""
	sidecar = _roots_path(path)
	return read_json(sidecar, "The list of folders", BUILD_AGAIN) if sidecar.exists() else {}


def _roots_path(path: str | Path) -> Path:
	return Path(path).with_suffix(".roots.json")


def problems(manifest: Manifest, locate: cache.Locate | None = None, hashes: bool = False) -> list[str]:
	"""Everything wrong with a manifest, as sentences; an empty list when nothing is."""




	counts = Counter(record.image_id for record in manifest.records)
	wrong = [f"image_id {name} stands {count} times" for name, count in counts.items() if count > 1]
	for record in manifest.records:
		for field, allowed in (("label", (*LABELS, "")), ("view", VIEWS), ("split", SPLITS)):
			if getattr(record, field) not in allowed:
				wrong.append(f"{record.image_id}: {field} {getattr(record, field)!r} is none of {allowed}")
		if not record.image_id.startswith(record.source + "/"):
			wrong.append(f"{record.image_id}: image_id does not start with its source {record.source!r}")
		if record.used and record.label not in LABELS:
			wrong.append(f"{record.image_id}: used, but without a label")
		if record.used and not record.split:
			wrong.append(f"{record.image_id}: used, but in no split")
		if record.used and locate:
			wrong += _file_problems(record, locate, hashes)
	return [*wrong, *splits.missing_classes(manifest.used), *manifest.leaks]


def _file_problems(record: Record, locate: cache.Locate, hashes: bool) -> list[str]:
	try:
		path = locate(record)
	except BadInput as error:
		return [f"{record.image_id}: {error.what}"]
	if not path.is_file():
		return [f"{record.image_id}: no file {path}"]
	if hashes and sha256_of(path) != record.sha256:
		return [f"{record.image_id}: the file's SHA-256 is not the manifest's: {path}"]
	return []
'''[1:]


# ======================================
# cxrkit/data/matching.py
# ======================================

FILES['cxrkit/data/matching.py'] = r'''
"""Matching: positives and negatives in pairs, a film a patient, that do not differ in view, age or sex."""






from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from scipy.optimize import linear_sum_assignment

from cxrkit.data.records import LABEL_WORDS, POSITIVE, Record, traits

REASON = "matching: "
"""How the reason of every film begins that matching leaves out."""
SECOND = REASON + "another film of the patient is used"
TAKEN = REASON + "the films of the other class that are alike are all in other pairs"


@dataclass(frozen=True)
class Matching:
	"""pairs: image_ids, (positive, negative), sorted; reasons: {image_id: why it is in no pair} of all other films."""

	pairs: tuple[tuple[str, str], ...]
	reasons: dict[str, str]


def words(by: Sequence[str], caliper: float) -> str:
	"""What films are matched on, as people say it: `view, age (within 5 years)`."""
	return ", ".join(f"age (within {caliper:g} years)" if trait == "age" else trait for trait in by)


def match(records: Iterable[Record], groups: Mapping[str, str], by: Sequence[str], caliper: float, seed: int = 0) -> Matching:
	"""Pairs of a positive and a negative film that are alike in the traits `by`."""






	records, reasons, known = sorted(records, key=lambda record: record.image_id), {}, []
	positive = {groups[record.image_id] for record in records if record.label == POSITIVE}
	for record in records:
		unknown = [trait for trait in by if traits(record)[trait] in ("", None)]
		if record.label != POSITIVE and groups[record.image_id] in positive:
			reasons[record.image_id] = SECOND
		elif unknown:
			reasons[record.image_id] = f"{REASON}{unknown[0]} not known"
		else:
			known.append(record)

	def place(record: Record) -> tuple[str, str, str]:
		group = groups[record.image_id]
		return sha256(f"{seed}/{group}".encode()).hexdigest(), group, record.image_id

	sides = [sorted((record for record in known if (record.label == POSITIVE) == side), key=place) for side in (True, False)]
	pairs = _pairs(*sides, groups, by, caliper, reasons) if all(sides) else []
	nobody = f"{REASON}no film of the other class is alike in {words(by, caliper)}"
	used, paired = {name for pair in pairs for name in pair}, {groups[name] for pair in pairs for name in pair}
	for record in known:
		if record.image_id in used:
			reasons.pop(record.image_id)
		else:
			reasons[record.image_id] = SECOND if groups[record.image_id] in paired else reasons.get(record.image_id, nobody)
	return Matching(tuple(sorted(pairs)), reasons)


def _pairs(positives, negatives, groups, by, caliper, reasons) -> list[tuple[str, str]]:
	"""The pairs of films that stand patient by patient; films of patients with a counterpart get TAKEN as their reason."""
	apart = _apart(positives, negatives, by, caliper)
	rows, columns = (_starts([groups[record.image_id] for record in side]) for side in (positives, negatives))
	nearest = np.minimum.reduceat(np.minimum.reduceat(apart, rows, 0), columns, 1)
	possible = np.isfinite(nearest)
	row_ends, column_ends = np.append(rows, len(positives))[1:], np.append(columns, len(negatives))[1:]
	for side, starts, ends, has in ((positives, rows, row_ends, possible.any(1)), (negatives, columns, column_ends, possible.any(0))):
		for patient in np.flatnonzero(has):
			reasons.update({record.image_id: TAKEN for record in side[starts[patient] : ends[patient]]})
	some, others = np.flatnonzero(possible.any(1)), np.flatnonzero(possible.any(0))
	cost = nearest[np.ix_(some, others)]
	# dearer than all pairs that can be together, so that no sum of near ages is worth a pair less
	cost[~np.isfinite(cost)] = (caliper + 1) * (min(cost.shape) + 1)
	pairs = []
	for row, column in zip(*linear_sum_assignment(cost)):
		row, column = some[row], others[column]
		if possible[row, column]:
			of_pair = apart[rows[row] : row_ends[row], columns[column] : column_ends[column]]
			i, j = np.unravel_index(of_pair.argmin(), of_pair.shape)
			pairs.append((positives[rows[row] + i].image_id, negatives[columns[column] + j].image_id))
	return pairs


def _apart(positives: Sequence[Record], negatives: Sequence[Record], by: Sequence[str], caliper: float) -> np.ndarray:
	"""Years between the ages of each positive and negative film, 0 where age does not count; infinite where they are not alike."""
	apart = np.zeros((len(positives), len(negatives)))
	for trait in by:
		one, other = (np.array([traits(record)[trait] for record in side]) for side in (positives, negatives))
		if trait == "age":
			apart += np.abs(one[:, None] - other)
			apart[apart > caliper] = np.inf
		else:
			apart[one[:, None] != other] = np.inf
	return apart


def _starts(groups: list[str]) -> np.ndarray:
	"""Where each patient's films begin, in a list in which they stand together."""
	return np.flatnonzero([first != second for first, second in zip([None, *groups], groups)])


def sentence(records: Iterable[Record], by: Sequence[str], caliper: float) -> str:
	"""What matching left of the records and what it took, by cause."""
	records = list(records)
	pairs = sum(record.used and record.label == POSITIVE for record in records)
	lost = Counter((record.label, record.excluded) for record in records if record.excluded.startswith(REASON))
	told = [f"{count} {LABEL_WORDS[label]} ({reason.removeprefix(REASON)})" for (label, reason), count in lost.most_common()]
	return f"Matched by {words(by, caliper)}: {pairs} pairs, a film a patient. Left out: {'; '.join(told) or 'none'}."
'''[1:]


# ======================================
# cxrkit/data/patients.py
# ======================================

FILES['cxrkit/data/patients.py'] = r'''
"""Whose film it is, by the conventions of published collections: known once, for every reader."""

import re

PUBLISHED = tuple(
	re.compile(pattern)
	for pattern in (
		r"(?:^|/)(\d{5,8})_\d{3}(?=[._]|$)",  # NIH ChestX-ray14
		r"(?:^|/)((?:NORMAL2-)?IM-\d{4})(?=[-_.])",  # Kermany, as on Kaggle
		r"(?:^|/)(person\d+_(?:virus|bacteria))(?=[-_])",
		r"(?:^|/)((?:NORMAL|BACTERIA|VIRUS)-\d{4,})(?=-\d)",  # Kermany, as on Mendeley
		r"(MIDRC-RICORD-1[A-D]-(?:SITE\d+|\d+)-\d{6})(?!\d)",
		r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[_/])",  # BIDS, so BIMCV
		r"(?:^|/)(patient\d{5,})(?=[/_])",  # CheXpert
		r"(?:^|/)p\d{2}/(p\d{8})(?=/)",  # MIMIC-CXR
		r"(?:^|/)(1-s2\.0-S\d+|kjr-\d+-e\d+|jkms-\d+-e\d+|\d{5}_\d{4}_\d+_Fig\d+)",  # films of one article
		r"(?:^|/)([^/]+?)[-_. ]day[-_ ]?\d+(?=[-_. ]|$)",  # a series, as Radiopaedia's
	)
)
NAMED = re.compile(r"(?:^|/)((?:patient|pat|subject|subj|case)[-_ ]?\d+)(?=[-_. (][^/]*$)", re.IGNORECASE)
"""Somebody's own numbering; it may begin anew in each class folder."""


def of_published(name: str) -> str:
	"""The patient's key in a film's name, or path within its class folder, by a published convention; else nothing."""
	return next((found[1] for pattern in PUBLISHED if (found := pattern.search(name))), "")


def guessed(name: str, folder: str = "") -> str:
	"""The key that a film's own name suggests, as patient001-0.png, or the folder of the film below that of its class; else nothing."""
	named = NAMED.search(name)
	return named[1] if named else folder
'''[1:]


# ======================================
# cxrkit/data/pixels.py
# ======================================

FILES['cxrkit/data/pixels.py'] = r'''
"""The films of a manifest as grey squares of one size, read from the film cache as a memory map."""

import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrkit.data import cache
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

LISTED = 10


@dataclass(frozen=True)
class Pixels:
	"""Films as squares. images: uint8 [n, size, size]; rows: {image_id: index into images}."""

	images: np.ndarray
	rows: dict[str, int]

	def of(self, image_ids: Iterable[str]) -> np.ndarray:
		"""The squares of these films, uint8 [n, size, size], in their order."""
		return self.images[[self.rows[image_id] for image_id in image_ids]]

	@property
	def size(self) -> int:
		return self.images.shape[-1]

	def __reduce__(self) -> tuple:
		"""To another process a map of a whole file goes as the file's name, so that both read the same memory."""
		images = self.images
		if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap) and images.mode != "c":
			return _mapped, (str(images.filename), images.offset, images.shape, self.rows)
		return Pixels, (np.asarray(images), self.rows)


def _mapped(path: str, offset: int, shape: tuple[int, ...], rows: dict[str, int]) -> Pixels:
	return Pixels(np.memmap(path, np.uint8, "r", offset, shape), rows)


def load(
	films: Manifest | Iterable[Record],
	locate: cache.Locate,
	size: int,
	folder: str | Path,
	workers: int | None = None,
	resize: str = "squish",
) -> Pixels:
	"""The Pixels of all used records, from the film cache in `folder`; what it lacks is decoded and added."""





	used = films.used if isinstance(films, Manifest) else [record for record in films if record.used]
	with cache.opened(folder, size, resize) as films_of_folder:
		squares = films_of_folder.squares
		new = {record.sha256: record for record in used if record.sha256 not in squares.known}
		learned = films_of_folder.learn(list(new.values()), locate, squares, verify=True, workers=workers)
	problems = [f"{name}: {error.what} ({error.where})" for name, error in learned.items() if isinstance(error, BadInput)]
	if problems:
		raise BadInput(
			f"{len(problems)} films of the manifest cannot be decoded:\n{_listed(problems)}",
			folder,
			"build the manifest again, which leaves them out and says so",
		)
	return Pixels(squares.images(), {record.image_id: squares.known[record.sha256] for record in used})


def _listed(problems: Sequence[str]) -> str:
	more = [f"  and {len(problems) - LISTED} more"] if len(problems) > LISTED else []
	return "\n".join([*(f"  - {problem}" for problem in problems[:LISTED]), *more])
'''[1:]


# ======================================
# cxrkit/data/readers/__init__.py
# ======================================

FILES['cxrkit/data/readers/__init__.py'] = r'''
"""Readers of films: each kind of source yields the same Records."""
'''[1:]


# ======================================
# cxrkit/data/readers/actualmed.py
# ======================================

FILES['cxrkit/data/readers/actualmed.py'] = r'''
"""Reader of the Actualmed COVID-19 Chest X-ray Dataset: both classes from Spain, metadata.csv beside images/."""















import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import table
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

METADATA = "metadata.csv"
NEEDED = ("patientid", "finding", "view", "modality", "imagename", "notes")
NAME = re.compile(r"(CR|DX)\.1\.2\.840\.113564\.(?P<station>\d+)\.\d+\.\d+\.png")
"""A file's name: modality, the maker's root, the station, the time, the detector."""
ROOM = "1722810162"
URL = "https://github.com/agchung/Actualmed-COVID-chestxray-dataset"


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return (root / METADATA).is_file() and any((root / "images").glob("*.1.2.840.113564.*.png"))


def read(root: str | Path, name: str = "actualmed") -> list[Record]:
	"""Records of Actualmed, one for each row of metadata.csv; inconclusive and other findings come back excluded."""



	path = Path(root) / METADATA
	if not path.is_file():
		raise BadInput(f"There is no {METADATA}.", root, f"give the folder that holds {METADATA} and images/, of {URL}")
	rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
	return table.once_each((number, _record(row, number, name)) for number, row in rows)


def read_room(root: str | Path, name: str = "actualmed-room") -> list[Record]:
	"""As `read`, with every film excluded that another station took, or that is not PA."""
	return [record.but(excluded=record.excluded or _elsewhere(record)) for record in read(root, name)]


def _elsewhere(record: Record) -> str:
	named = NAME.fullmatch(record.path.rpartition("/")[2])
	station = named["station"] if named else ""
	if station != ROOM:
		return f"station {station or 'not known'}: not the one room that is asked for"
	return "" if record.view == "PA" else f"view {record.view or 'not known'}: only PA is asked for"


def _record(row: table.Row, number: int, source: str) -> Record:
	name, finding = row["imagename"], row["finding"]
	view, basis = words.view(row["view"], "Actualmed metadata")
	path, excluded = f"{source}/images/{name}", table.leads_nowhere(number, name)
	if excluded:
		path = ""
	elif row["modality"] != "X-ray":
		excluded = f"modality {row['modality'] or 'not known'}"
	elif not words.label_of(finding):
		excluded = "finding inconclusive" if not finding else f"finding {finding}: neither normal nor COVID-19"
	return Record(
		image_id=f"{source}/{name or f'row{number}'}",
		path=path,
		source=source,
		label=words.label_of(finding),
		finding=finding or row["notes"].partition(",")[0],
		patient=f"{source}:{words.known(row['patientid']) or name}",
		modality=row["modality"],
		view=view,
		view_basis=basis,
		age=row.get("age", ""),
		sex=row.get("sex", ""),
		case_url=URL,
		licence="unknown",
		credit="Actualmed; J. A. Heredia Álvaro and P. Agustí Ballester (Universitat Jaume I)",
		collected="imported",
		excluded=excluded,
	)
'''[1:]


# ======================================
# cxrkit/data/readers/collected.py
# ======================================

FILES['cxrkit/data/readers/collected.py'] = r'''
"""Collected films: the typed contents of `record.json`, and the reader that turns a store of them into records."""










from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self, get_args, get_origin, get_type_hints

from cxrkit.data import words
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import read_json, reading

FORMAT = 1
"""The version of the file's format. It stands in the file as `format`, before the fields of CaseRecord."""

XRAY, CT = "X-ray", "CT"

EXACT, STATED, GUESSED, REVIEWED = "exact", "stated", "guessed", "reviewed"
"""How sure a modality is: a field of the site names it; words beside the picture name it; weaker words hint at
it; a person decided it. Empty: nothing names it."""
DECIDED = (EXACT, STATED, REVIEWED)

CRAWL, SAVED = "crawl", "saved"
"""How a page or a picture came: requested from the site, or saved by a person."""

PRESENT, GONE = "present", "gone"

RESTORE = "restore it from a backup, or move its folder away and refresh again"


@dataclass(frozen=True)
class Fact:
	"""A value, and the place or the words from which it was read. False while the value is not known."""

	value: str = ""
	evidence: str = ""

	def __bool__(self) -> bool:
		return bool(self.value)


NOT_KNOWN = Fact()


@dataclass(frozen=True)
class Film:
	"""A picture as the pages of its case describe it, whether an X-ray or not."""











	key: str
	image_urls: tuple[str, ...] = ()
	study: str = ""
	modality: Fact = NOT_KNOWN
	confidence: str = ""
	view: Fact = NOT_KNOWN
	patient: str = ""
	age: Fact = NOT_KNOWN
	sex: Fact = NOT_KNOWN
	caption: str = ""
	note: str = ""


@dataclass(frozen=True)
class StoredFilm(Film):
	"""A film with what became of its picture."""









	file: str = ""
	sha256: str = ""
	bytes: int | None = None
	width: int | None = None
	height: int | None = None
	format: str = ""
	image_url: str = ""
	how: str = ""
	permission: str = ""
	retrieved_at: str = ""
	refused: str = ""
	tried_at: str = ""
	gone: str = ""
	reviewed_by: str = ""


@dataclass(frozen=True)
class Study:
	"""One examination of a case. images: how many pictures its viewer names. viewer_url: where the page says its data lies."""

	key: str
	modality: str = ""
	caption: str = ""
	findings: str = ""
	images: int | None = None
	viewer_url: str = ""


@dataclass(frozen=True)
class Question:
	"""Something a person has to decide. film: key of the film, or empty when the question concerns the case."""




	film: str
	field: str
	guess: str = ""
	words: str = ""


@dataclass(frozen=True)
class Case:
	"""A case as the pages of its site describe it."""










	site: str
	key: str
	url: str
	title: str = ""
	finding: Fact = NOT_KNOWN
	certainty: str = ""
	age: Fact = NOT_KNOWN
	sex: Fact = NOT_KNOWN
	presentation: str = ""
	discussion: str = ""
	author: str = ""
	institution: str = ""
	published: str = ""
	doi: str = ""
	licence: Fact = NOT_KNOWN
	licence_url: str = ""
	terms_url: str = ""
	credit: str = ""
	tags: tuple[str, ...] = ()
	patients: tuple[str, ...] = ()
	studies: tuple[Study, ...] = ()
	films: tuple[Film, ...] = ()
	questions: tuple[Question, ...] = ()

	def but(self, **changes: Any) -> Self:
		"""A copy with some fields changed."""
		return replace(self, **changes)


@dataclass(frozen=True, kw_only=True)
class CaseRecord(Case):
	"""What a store holds of a case: the contents of one record.json, after its `format`."""








	films: tuple[StoredFilm, ...] = ()
	state: str
	state_since: str
	complete: bool
	fingerprints: dict[str, str]
	how: str
	permission: str
	retrieved_at: str
	parser: str
	rid: str
	reviewed_by: str

	def with_film(self, film: StoredFilm) -> Self:
		"""The record with this film in place of the one of the same key."""
		return replace(self, films=tuple(film if other.key == film.key else other for other in self.films))


def as_json(record: CaseRecord) -> dict[str, Any]:
	"""The record as the plain values of record.json."""
	return {"format": FORMAT, **asdict(record)}


def read_case(path: Path) -> CaseRecord:
	"""The record in a record.json. Raises BadInput for a file that is not there, broken, or of another format."""
	value = read_json(path, "The case's record", RESTORE, keys=("format",))
	if value.pop("format") != FORMAT:
		raise BadInput(f"The case's record is not of format {FORMAT}.", path, "use the version of the kit that wrote it")
	value.setdefault("reviewed_by", "")  # version 0.1.0 wrote it only where a person had answered
	with reading(path, "The case's record", RESTORE):
		return _typed(CaseRecord, value, "the record")


def _typed(kind: Any, value: Any, name: str) -> Any:
	"""A JSON value as a value of this type. Raises TypeError with the name of the key that holds something else."""
	if is_dataclass(kind) and isinstance(value, dict):
		types = _types(kind)
		if differing := sorted(types.keys() ^ value.keys()):
			raise TypeError(f"{name} lacks, or has besides, {', '.join(differing)}")
		return kind(**{key: _typed(types[key], item, key) for key, item in value.items()})
	if get_origin(kind) is tuple and isinstance(value, list):
		return tuple(_typed(get_args(kind)[0], item, name) for item in value)
	if get_origin(kind) is dict and isinstance(value, dict):
		return value
	if kind == int | None and value == "":  # how version 0.1.0 wrote a number that is not known
		return None
	if is_dataclass(kind) or get_origin(kind) in (tuple, dict) or not isinstance(value, kind):
		raise TypeError(f"{name} is {value!r:.60}")
	return value


@cache
def _types(kind: type) -> dict[str, Any]:
	return get_type_hints(kind)


def read(root: Path | str, name: str = "collected") -> list[Record]:
	"""Records of a store, one for each picture that a case names, fetched or not."""




	root = Path(root)
	if not root.is_dir():
		raise BadInput("There is no such store.", root, "fill it: python -m scrapers refresh")
	records = []
	for path in sorted(root.glob("*/*/record.json")):
		case = read_case(path)
		patients_decided = all(film.patient for film in case.films)
		folder = path.parent.relative_to(root).as_posix()
		records += [_record(case, film, f"{name}/{folder}", patients_decided) for film in case.films]
	if not records:
		raise BadInput("The store holds no case.", root, "fill it: python -m scrapers refresh")
	return records


def _record(case: CaseRecord, film: StoredFilm, folder: str, patients_decided: bool) -> Record:
	finding = case.finding.value
	# While one film of a case of several patients is not assigned, the case is one group: too large a group costs
	# a little data, too small a one leaks.
	patient = (case.rid or case.key) + (film.patient if patients_decided else "")
	file = film.file or f"{case.key}-{film.key}"
	return Record(
		image_id=f"{case.site}/{file}",
		path=f"{folder}/{file}",
		source=case.site,
		label=words.label_of(finding),
		finding=finding,
		patient=f"{case.site}:{patient}",
		modality=film.modality.value,
		view=film.view.value,
		view_basis=film.view.evidence,
		age=film.age.value or case.age.value,
		sex=film.sex.value or case.sex.value,
		case_url=case.url,
		image_url=film.image_url if film.how == CRAWL else _web_address(film.image_urls),
		licence=case.licence.value or "unknown",
		credit=case.credit,
		permission=film.permission,
		collected=film.how or case.how,
		retrieved_at=film.retrieved_at,
		excluded=_exclusion(case, film, finding),
	)


def _web_address(addresses: Iterable[str]) -> str:
	return next((address for address in addresses if address.startswith(("http://", "https://"))), "")


def _exclusion(case: CaseRecord, film: StoredFilm, finding: str) -> str:
	"""Why a film cannot be used; empty when it can."""
	if not case.url:
		return "which case's page it is from is not decided: see review.csv"
	if film.confidence not in DECIDED:
		return "X-ray or CT is not decided: see review.csv"
	if film.modality.value != XRAY:
		return f"modality {film.modality.value}: not an X-ray"
	if not film.file:
		return f"no picture: {film.refused or 'not fetched yet'}"
	if not finding:
		return "the finding is not decided: see review.csv"
	if not words.label_of(finding):
		return f"finding {finding}: neither normal nor COVID-19"
	return ""
'''[1:]


# ======================================
# cxrkit/data/readers/coronahack.py
# ======================================

FILES['cxrkit/data/readers/coronahack.py'] = r'''
"""Reader of CoronaHack: Kaggle's praveengovi/coronahack-chest-xraydataset."""












import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import table
from cxrkit.data.records import Record
from cxrkit.errors import BadInput

METADATA = "Chest_xray_Corona_Metadata.csv"
PHANTOM_MARKER = "PHANTOMS.txt"
FOLDER = "Coronahack-Chest-XRay-Dataset"
DATASET_URL = "https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset"
COLUMNS = ("X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category")

LATERALS = ("35AF5C3B", "44C8E3D6", "4C4DEFD8", "D5ACAA93")
"""First parts of the names of the four COVID-19 films that are laterals, as ieee8023's metadata says."""

KERMANY = re.compile(r"(?P<patient>(NORMAL2-)?IM-\d+|person\d+_(virus|bacteria))[-_]")
ARTICLE = re.compile(r"1-s2\.0-S\d+|kjr-\d+-e\d+|jkms-\d+-e\d+|\d{5}_\d{4}_\d+_Fig\d+|gr\d+_lrg|all\d+-fig-\d+")
SERIES_END = re.compile(r"([-_. ]?day[-_ ]?\d+|-[a-d]\d?|-\d{1,2})$")


def read(root: str | Path, name: str = "coronahack") -> list[Record]:
	"""Records of a CoronaHack folder, one for each row of its metadata."""







	root = Path(root)
	rows = _rows(root)
	folder = _picture_folder(root)
	drawn = (root / PHANTOM_MARKER).exists()
	source = "phantom" if drawn else name
	records = table.once_each((number, _record(row, number, source, folder.relative_to(root).as_posix(), name)) for number, row in rows)
	if drawn:
		unowned = {"collected": "drawn", "licence": "CC0-1.0", "credit": "cxrkit phantom, no patient", "case_url": "", "age": ""}
		records = [record.but(**unowned) for record in records]
	return records


def _rows(root: Path) -> list[tuple[int, table.Row]]:
	path = root / METADATA
	if not root.is_dir():
		raise BadInput("There is no such data folder.", root, "give the folder that holds " + METADATA)
	if not path.is_file():
		there = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
		raise BadInput(
			f"The folder holds no {METADATA}; it holds: {there}.",
			root,
			f"download the dataset ({DATASET_URL}) or name the folder it was unpacked into",
		)
	rows = table.rows_of(path, COLUMNS, "use the original metadata file of the dataset")
	altered = sum(bool(re.fullmatch(r"COVID19_\d+\.jpg", row["X_ray_image_name"])) for _, row in rows)
	if altered:
		raise BadInput(
			f"This is an altered copy of CoronaHack: {altered} rows named COVID19_<n>.jpg are not in the original.",
			path,
			f"use the original: {DATASET_URL}",
		)
	return rows


def _picture_folder(root: Path) -> Path:
	for folder in (root / FOLDER / FOLDER, root / FOLDER, root):
		if (folder / "train").is_dir() or (folder / "test").is_dir():
			return folder
	raise BadInput(
		"The folder has the metadata but no train/ and test/ folders with pictures.",
		root,
		f"unpack the whole archive, so that {FOLDER}/{FOLDER}/train lies beside {METADATA}",
	)


def _record(row: table.Row, number: int, source: str, folder: str, root_name: str) -> Record:
	name, label, kind, virus, category = (row[column] for column in COLUMNS)
	finding = "/".join(part for part in (label, category, virus) if part)
	kermany = KERMANY.match(name)
	view, basis = _view(name, kermany)
	path = f"{root_name}/{folder}/{kind.lower()}/{name}".replace("/./", "/")
	excluded = table.leads_nowhere(number, name)
	if excluded:
		path = ""
	elif kind not in ("TRAIN", "TEST"):
		excluded = f"row {number} of the metadata has the Dataset_type {kind!r}"
	elif not words.label_of(finding):
		excluded = f"finding {finding or 'empty'}: neither normal nor COVID-19"
	return Record(
		image_id=f"{source}/{name or f'row{number}'}",
		path=path,
		source=source,
		label=words.label_of(finding),
		finding=finding,
		patient=f"{source}:{patient_of(name)}" if name else "",
		view=view,
		view_basis=basis,
		age="1-5" if kermany else "",
		case_url=DATASET_URL,
		licence="CC BY 4.0" if kermany else "unknown",
		credit="Kermany, Zhang, Goldbaum (2018), doi:10.17632/rscbjbr9sj.2"
		if kermany
		else "CoronaHack, from ieee8023/covid-chestxray-dataset",
		collected="kaggle",
		published_split={"TRAIN": "train", "TEST": "test"}.get(kind, ""),
		excluded=excluded,
	)


def patient_of(name: str) -> str:
	"""The patient key that a CoronaHack file name carries."""




	kermany = KERMANY.match(name)
	if kermany:
		return kermany["patient"]
	article = ARTICLE.match(name)
	if article:
		return article[0]
	stem = name.rsplit(".", 1)[0]
	return SERIES_END.sub("", SERIES_END.sub("", stem)) or stem


def _view(name: str, kermany: re.Match[str] | None) -> tuple[str, str]:
	if name.startswith(LATERALS):
		return "lateral", "ieee8023 metadata of 2020-03-17"
	if kermany:
		return "AP", "Kermany 2018: antero-posterior films of children"
	return "", ""
'''[1:]


# ======================================
# cxrkit/data/readers/covidgr.py
# ======================================

FILES['cxrkit/data/readers/covidgr.py'] = r'''
"""Reader of COVIDGR-1.0: both classes from one hospital, one view and one kind of equipment."""














from pathlib import Path

from cxrkit.data.images import SUFFIXES
from cxrkit.data.readers import table
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

TABLE = "severity.csv"
NEEDED = ("Name", "Severity")
FOLDERS = {"P": POSITIVE, "N": NEGATIVE}
GRADES = ("NORMAL-PCR+", "MILD", "MODERATE", "SEVERE")
NESTED = "COVIDGR_1.0"
"""The folder in which the release's archive has everything."""
URL = "https://github.com/ari-dasci/OD-covidgr"
CREDIT = "COVIDGR-1.0, Tabik et al. (2020), arXiv:2006.01409"


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return all((root / folder).is_dir() for folder in FOLDERS) and (root / TABLE).is_file()


def read(root: str | Path, name: str = "covidgr") -> list[Record]:
	"""Records of COVIDGR, one for each file of P/ and N/, and one for each row of severity.csv that names none."""





	root = Path(root)
	home = root / NESTED if (root / NESTED / "P").is_dir() else root
	if not all((home / folder).is_dir() for folder in FOLDERS):
		raise BadInput("The folder has no P/ and N/.", root, f"unpack the release of {URL} and name the folder that holds P/ and N/")
	base = Path(name) / home.relative_to(root)
	rows = table.rows_of(home / TABLE, NEEDED, f"use the release's own file: {URL}") if (home / TABLE).exists() else []
	grades, records = {}, []
	for number, row in rows:
		if _stem(row["Name"]) in grades:
			records.append(_without_film(name, number, row, "names a film again"))
		else:
			grades[_stem(row["Name"])] = (number, row)
	for folder in FOLDERS:
		for path in sorted(path for path in (home / folder).iterdir() if path.is_file()):
			row = grades.pop(path.stem, (0, {}))[1] if folder == "P" else {}
			records.append(_record(path, name, (base / folder / path.name).as_posix(), row.get("Severity", "")))
	if not any(record.path for record in records):
		raise BadInput("P/ and N/ hold no file.", home, "unpack the release again")
	return records + [_without_film(name, number, row, "names no film of P/") for number, row in grades.values()]


def _stem(name: str) -> str:
	"""The name of a row without the suffix of an image."""
	return name.rpartition(".")[0] if name.lower().endswith(SUFFIXES) else name


def _record(path: Path, source: str, place: str, severity: str) -> Record:
	folder, grade = path.parent.name, severity.upper()
	excluded = "" if path.suffix.lower() in SUFFIXES else f"no image type: {path.suffix or 'no suffix'}"
	if grade and grade not in GRADES:
		excluded = excluded or f"{TABLE} has the unknown grade {severity!r}"
	return Record(
		image_id=f"{source}/{folder}/{path.name}",
		path=place,
		source=source,
		label=FOLDERS[folder],
		finding=f"{folder}/{grade}" if grade else folder,
		patient=f"{source}:{folder}/{path.stem}",
		view="PA",
		view_basis="COVIDGR: only PA films were taken",
		case_url=URL,
		licence="unknown",
		credit=CREDIT,
		collected="imported",
		excluded=excluded,
	)


def _without_film(source: str, number: int, row: table.Row, what: str) -> Record:
	return Record(
		image_id=f"{source}/{TABLE}#row{number}",
		path="",
		source=source,
		label=POSITIVE,
		finding=f"P/{row['Severity'].upper()}",
		licence="unknown",
		credit=CREDIT,
		collected="imported",
		excluded=f"row {number} of the metadata {what}: {row['Name']!r}",
	)
'''[1:]


# ======================================
# cxrkit/data/readers/facts.py
# ======================================

FILES['cxrkit/data/readers/facts.py'] = r'''
"""The table of facts beside a folder's films: whose rows are matched to films as people write names, and what matches none is said."""

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.images import SUFFIXES
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import read_table
from cxrkit.progress import say

TABLE = "films.csv"
CORRECT = "correct it or take it away"
LISTED = 3

Row = dict[str, str]
"""{meaning of a column, as words.COLUMNS has it: value}."""


@dataclass(frozen=True)
class Facts:
	"""of: {path of a film: what the table says of it}; nobody: (number, name, why) of the rows that name no film."""

	of: dict[str, Row]
	nobody: tuple[tuple[int, str, str], ...] = ()

	def unmatched(self, source: str) -> list[Record]:
		"""A record for each row that names no film."""
		return [
			Record(
				f"{source}/{TABLE}#row{number}", "", source, collected="imported", excluded=f"row {number} of the metadata {why}: {name!r}"
			)
			for number, name, why in self.nobody
		]


def read(root: Path, films: Sequence[str]) -> Facts:
	"""The facts of root/films.csv, where there is one, for films named by their paths below root."""




	path = root / TABLE
	if not path.exists():
		return Facts({})
	header, rows, taken_for = read_table(path, "The table of films", CORRECT)
	meant = words.columns_of([name for name in header if name])
	if "file" not in meant:
		raise BadInput(f"The table of films names no file; its columns are: {', '.join(header)}.", path, "call one of them file")
	if not rows:
		raise BadInput("The table of films has no rows.", path, CORRECT)
	ending = defaultdict(set)
	for film in films:
		parts = _parts(film)
		for start in range(len(parts)):
			ending[parts[start:]].add(film)
	told: dict[str, tuple[int, Row]] = {}
	nobody = []
	for number, row in enumerate(rows, start=2):
		facts = {meaning: words.known(row.get(column) or "") for meaning, column in meant.items()}
		named = facts.pop("file")
		parts = _parts(named)
		fits = ending.get(parts) or next((ending[parts[start:]] for start in range(len(parts)) if _is_whole(parts[start:], ending)), set())
		if len(fits) != 1:
			nobody.append((number, named, f"names {len(fits)} films" if fits else "names no film"))
			continue
		(film,) = fits
		if film in told and told[film][1] != facts:
			where = f"{path}, rows {told[film][0]} and {number}"
			raise BadInput(f"Two rows of the table of films differ over {film}.", where, CORRECT)
		told[film] = number, facts
	if not told:
		example = f"its first row names {nobody[0][1]!r}, a film is {films[0]!r}" if films else "the folder has no films"
		raise BadInput(f"No row of the table of films names a film: {example}.", path, "write the file's path below this folder")
	_say(path, films, told, nobody, sorted(set(filter(None, header)) - set(meant.values())), taken_for)
	return Facts({film: facts for film, (_, facts) in told.items()}, tuple(nobody))


def _parts(name: str) -> tuple[str, ...]:
	"""A path's parts in one spelling, without the suffix of an image."""
	name = unicodedata.normalize("NFC", name).strip().casefold().replace("\\", "/")
	stem, dot, suffix = name.rpartition(".")
	name = stem if dot + suffix in SUFFIXES else name
	return tuple(part for part in name.split("/") if part not in ("", "."))


def _is_whole(parts: tuple[str, ...], ending: dict[tuple[str, ...], set[str]]) -> bool:
	"""Whether these parts are the whole path of a film, so that what stood before them is the place of the folder."""
	return parts in ending and any(_parts(film) == parts for film in ending[parts])


def _say(path: Path, films: Sequence[str], told: dict, nobody: list, unknown: list[str], taken_for: str) -> None:
	pictures = [film for film in films if Path(film).suffix.lower() in SUFFIXES]
	untold = [film for film in pictures if film not in told]
	say(f"{path.name}{f' (read as {taken_for})' if taken_for else ''}: tells of {len(told)} of {len(pictures)} films")
	for what, listed in (
		("films without a row", untold),
		("rows that name no film", [f"{name} (row {number})" for number, name, _ in nobody]),
		("columns that are not used", unknown),
	):
		if listed:
			say(f"  {len(listed)} {what}: {', '.join(listed[:LISTED])}{', ...' if len(listed) > LISTED else ''}")
'''[1:]


# ======================================
# cxrkit/data/readers/folder.py
# ======================================

FILES['cxrkit/data/readers/folder.py'] = r'''
"""Reader of a folder of films as people have it: class folders in any usual words, at any usual depth, and a table beside them."""







import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from cxrkit.data import patients, words
from cxrkit.data.images import SUFFIXES
from cxrkit.data.readers import facts
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.progress import say

DEEPEST = 8
"""Folders below the root that are looked into."""
NO_PATIENT = words.listed("images image films film xray xrays png jpg jpeg dicom data pa ap frontal")
"""Folders below a class that hold films and are no patient's."""

Found = tuple[str, str]
"""(path below the root, why it is not read, else empty)."""


def read(root: str | Path, name: str = "folder") -> list[Record]:
	"""Records of a folder, one for each file in it, sorted by path, and one for each row of its table that names none."""





	root = Path(root)
	try:
		if not root.is_dir():
			raise BadInput("There is no such data folder.", root, "give a folder with covid/ and normal/ in it")
		found = sorted(files_below(root))
	except OSError as error:
		raise BadInput(f"The data folder cannot be read: {error.strerror}.", root, "ask for the permission to read it") from error
	found = [(path, why) for path, why in found if path != facts.TABLE]
	told = facts.read(root, [path for path, _ in found])
	own = words.label_of(root.name, strict=True) if not any("/" in path and not why for path, why in found) else ""
	if not found and any(words.label_of(path.name, strict=True) for path in root.iterdir()):
		raise BadInput("The folder holds no file.", root, "put the films there")
	records = [_record(path, why, name, own, told.of.get(path, {})) for path, why in found]
	if not any(record.label for record in records):
		there = Counter(path.partition("/")[0] + "/" for path, _ in found if "/" in path)
		listed = ", ".join(f"{folder} ({count} files)" for folder, count in there.most_common(8))
		raise BadInput(
			f"The folder has neither covid/ nor normal/, nor another label that is known{'; it has: ' + listed if listed else ''}.",
			root,
			f"sort the films into these folders, or name them in {facts.TABLE} with the columns file and label",
		)
	_say(root, records, own)
	return _without_idle_guesses(records) + told.unmatched(name)


def files_below(root: Path, inside: str = "", above: tuple[str, ...] = ()) -> Iterator[Found]:
	"""Every file below a folder; links are followed, but not in a circle. What cannot be read is given with the reason."""
	real = os.path.realpath(root / inside)
	if real in above or len(above) > DEEPEST:
		yield inside, "a link to a folder around it" if real in above else f"more than {DEEPEST} folders deep: not looked into"
		return
	try:
		entries = sorted(os.scandir(root / inside), key=lambda entry: entry.name)
	except OSError as error:
		if not inside:
			raise
		yield inside, f"the folder cannot be read: {error.strerror}"
		return
	for entry in entries:
		path = f"{inside}/{entry.name}" if inside else entry.name
		try:
			folder, file = entry.is_dir(), entry.is_file()
		except OSError as error:
			yield path, f"no readable file: {error.strerror}"
			continue
		if entry.name.startswith(".") or entry.name == "Thumbs.db":
			yield path, "a hidden file, no film"
		elif folder:
			yield from files_below(root, path, (*above, real))
		else:
			yield path, "" if file else "a link that leads nowhere" if entry.is_symlink() else "no file"


def _record(path: str, why: str, name: str, own: str, told: facts.Row) -> Record:
	"""own: the label of the root's name, where the films lie in it directly."""
	*folders, file = path.split("/")
	labels = {place: label for place, folder in enumerate(folders) if (label := words.label_of(folder, strict=True))}
	stated = words.label_of(told.get("label", ""))
	label = stated or (own if not folders else next(iter(labels.values()), ""))
	place = next(iter(labels), -1)
	suffix = Path(file).suffix
	if not why and suffix.lower() not in SUFFIXES:
		why = f"no image type: {suffix or 'no suffix'}"
	elif not why and (len(set(labels.values())) > 1 or (stated and labels and stated not in labels.values())):
		why, label = "its folders, or its folder and its row, name two labels", ""
	elif not why and not label:
		where = "/".join(folders)
		why = f"folder {where}/: not a label that is known" if where else "it lies beside the class folders"
		why = f"finding {told['label']}: neither normal nor COVID-19" if told.get("label") else why
	patient = told.get("patient") or patients.of_published(path)
	if not patient and labels:
		between = [folder for folder in folders[place + 1 :] if folder.casefold() not in NO_PATIENT]
		guess = patients.guessed(file, between[0] if between else "")
		patient = f"{folders[place]}/{guess}" if guess else ""  # numbers may begin anew in each class
	view, basis = words.view(told.get("view", ""), facts.TABLE)
	try:
		path.encode()
	except UnicodeEncodeError:
		path, why = os.fsencode(path).decode("utf-8", "backslashreplace"), why or "its name is no UTF-8: rename the file"
	return Record(
		image_id=f"{name}/{path}",
		path=f"{name}/{path}",
		source=name,
		label=label,
		finding=told.get("label") or label,
		patient=f"{told.get('collection') or name}:{patient}" if patient else "",
		view=view,
		view_basis=basis,
		age=told.get("age", ""),
		sex=told.get("sex", ""),
		licence=told.get("licence") or "unknown",
		credit=told.get("credit", ""),
		collected="imported",
		published_split=next(filter(None, map(words.split_of, folders[:place] if labels else folders)), ""),
		excluded=why,
	)


def _without_idle_guesses(records: list[Record]) -> list[Record]:
	"""A key guessed from names or folders that puts a whole class into one patient says nothing, and is dropped."""
	keys, patients_of = defaultdict(set), defaultdict(set)
	for record in records:
		keys[record.label].add(record.patient)
		patients_of[record.label].add(record.image_id)
	idle = {label for label in keys if len(keys[label]) == 1 and len(patients_of[label]) > 2}
	return [record.but(patient="") if record.label in idle and "/" in record.patient else record for record in records]


def _say(root: Path, records: list[Record], own: str) -> None:
	"""What the folders were taken for, before anything is done with them."""
	films, left = Counter(), Counter()
	for record in records:
		folder = record.path.partition("/")[2].rpartition("/")[0]
		if record.used:
			films[(folder.split("/")[0] + "/" if folder else "", record.label or "?", record.published_split)] += 1
		if not record.used:
			left[record.excluded] += 1
	taken = [f"{folder or root.name} {split + ' ' if split else ''}= {label} ({count})" for (folder, label, split), count in films.items()]
	say(f"{root.name}: {'; '.join(taken[:12])}{f'; and {len(taken) - 12} more' if len(taken) > 12 else ''}")
	for reason, count in left.most_common(8):
		say(f"  left out: {count} x {reason}")
'''[1:]


# ======================================
# cxrkit/data/readers/hannover.py
# ======================================

FILES['cxrkit/data/readers/hannover.py'] = r'''
"""Reader of the COVID-19 Image Repository of Hannover Medical School: positives alone, data.csv beside png/."""













from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import table
from cxrkit.data.records import POSITIVE, Record
from cxrkit.errors import BadInput

METADATA = "data.csv"
NEEDED = ("patient_id", "image_id", "sex", "modality", "projection")
FILMS = ("CR", "DX")
SEXES = {"m": "M", "f": "F", "w": "F"}
"""Its readme says m/w, its table m/f."""
URL = "https://github.com/ml-workgroup/covid-19-image-repository"


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return (root / METADATA).is_file() and (root / "png").is_dir()


def read(root: str | Path, name: str = "hannover") -> list[Record]:
	"""Records of the Hannover set, one for each row of data.csv. Raises BadInput: no metadata, a missing column."""
	path = Path(root) / METADATA
	if not path.is_file():
		raise BadInput(f"There is no {METADATA}.", root, f"give the folder that holds {METADATA} and png/, of {URL}")
	rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
	return table.once_each((number, _record(row, number, name)) for number, row in rows)


def _record(row: table.Row, number: int, source: str) -> Record:
	key = row["image_id"]
	view, basis = words.view(row["projection"], "Hannover data.csv")
	excluded = table.leads_nowhere(number, key)
	path = "" if excluded else f"{source}/png/{key}.png"
	if not excluded and row["modality"] not in FILMS:
		excluded = f"modality {row['modality'] or 'not known'}"
	return Record(
		image_id=f"{source}/{key or f'row{number}'}",
		path=path,
		source=source,
		label=POSITIVE,
		finding="COVID-19",
		patient=f"{source}:{words.known(row['patient_id']) or key}",
		modality="X-ray" if row["modality"] in FILMS else row["modality"],
		view=view,
		view_basis=basis,
		age=row.get("age", ""),
		sex=SEXES.get(row["sex"].lower(), ""),
		case_url=URL,
		licence="CC BY 3.0",
		credit="Winther et al., COVID-19 Image Repository, Hannover Medical School, doi:10.6084/m9.figshare.12275009",
		collected="imported",
		excluded=excluded,
	)
'''[1:]


# ======================================
# cxrkit/data/readers/ieee8023.py
# ======================================

FILES['cxrkit/data/readers/ieee8023.py'] = r'''
"""Reader of ieee8023/covid-chestxray-dataset and folders in its form: metadata.csv beside images/."""







import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import table
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

NEEDED = ("patientid", "finding", "view", "filename", "url")
SITES = (("radiopaedia", "radiopaedia.org"), ("sirm", "sirm.org"))
SIRM_CASE = re.compile(r"covid-?19-cas[oe]-(\d+)")
FOLLOW_UP = "a film without finding in a COVID-19 case"
COVID_CASE = re.compile(r"covid", re.IGNORECASE)


def read(root: str | Path, name: str = "ieee8023") -> list[Record]:
	"""Records of an ieee8023-style folder, one for each row of metadata.csv."""





	path = Path(root) / "metadata.csv"
	if not path.is_file():
		raise BadInput("There is no metadata.csv.", root, "give the folder that holds metadata.csv and images/")
	rows = table.rows_of(path, NEEDED, "use ieee8023's own file")
	return _follow_ups(table.once_each((number, _record(row, number, name)) for number, row in rows))


def _record(row: table.Row, number: int, root_name: str) -> Record:
	name, url = row["filename"], row["url"]
	source = next((site for site, host in SITES if host in url.lower()), root_name)
	case = SIRM_CASE.search(url)
	patient = f"sirm:{case[1]}" if source == "sirm" and case else f"{source}:{words.known(row['patientid']) or name}"
	label, excluded = _label(row, url)
	modality = row.get("modality") or ("CT" if row["view"] in ("Axial", "Coronal") else "X-ray")
	view, basis = words.view(row["view"], "ieee8023 metadata") if modality == "X-ray" else ("", "")
	folder = row.get("folder") or "images"
	path, nowhere = f"{root_name}/{folder}/{name}", table.leads_nowhere(number, name, folder)
	if nowhere:
		path, excluded = "", nowhere
	elif modality != "X-ray":
		excluded = f"modality {modality}"
	return Record(
		image_id=f"{source}/{name or f'row{number}'}",
		path=path,
		source=source,
		label=label,
		finding=row["finding"],
		patient=patient,
		modality=modality,
		view=view,
		view_basis=basis,
		age=row.get("age", ""),
		sex=row.get("sex", ""),
		case_url=url,
		licence=row.get("license") or "unknown",
		credit=row.get("other_notes") or url or "ieee8023/covid-chestxray-dataset",
		collected="imported",
		excluded=excluded,
	)


def _label(row: table.Row, url: str) -> tuple[str, str]:
	finding = row["finding"]
	label = words.label_of(finding)
	if label == NEGATIVE and COVID_CASE.search(url):
		return POSITIVE, FOLLOW_UP
	if label:
		return label, ""
	if finding.lower() == "todo":
		return "", "finding todo: not reviewed"
	return "", f"finding {finding or 'empty'}: neither normal nor COVID-19"


def _follow_ups(records: list[Record]) -> list[Record]:
	"""A film without finding, of a patient with films of COVID-19, is one from before or after the illness: no normal, and no conflict."""
	ill = {record.patient for record in records if record.label == POSITIVE and record.patient}
	return [
		record.but(label=POSITIVE, excluded=record.excluded or FOLLOW_UP) if record.label == NEGATIVE and record.patient in ill else record
		for record in records
	]
'''[1:]


# ======================================
# cxrkit/data/readers/nih.py
# ======================================

FILES['cxrkit/data/readers/nih.py'] = r'''
"""Reader of NIH ChestX-ray14: adults without a finding, as negatives; Data_Entry_2017.csv beside the films."""














from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import table
from cxrkit.data.records import ADULT, NEGATIVE, Record
from cxrkit.errors import BadInput

TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv", "sample_labels.csv")
"""The table of the second and of the first edition, and of Kaggle's sample of 5,606 films."""
NEEDED = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
FOLDERS = ("images", "images_*/images", "images_*", "sample/images")
OLDEST = 110
NO_FINDING = "No Finding"
URL = "https://nihcc.app.box.com/v/ChestXray-NIHCC"


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return any((root / name).is_file() for name in TABLES)


def read(root: str | Path, name: str = "nih") -> list[Record]:
	"""Records of NIH ChestX-ray14, one for each row of its table; films with a finding, of children, and absent ones are excluded."""




	root = Path(root)
	path = next((root / name for name in TABLES if (root / name).is_file()), None)
	if path is None:
		raise BadInput(f"There is none of {', '.join(TABLES)}.", root, f"give the folder that holds one of them and the films, of {URL}")
	rows = table.rows_of(path, NEEDED, f"use the data set's own file: {URL}")
	folders = [folder for pattern in FOLDERS for folder in sorted(root.glob(pattern)) if folder.is_dir()]
	place_of = {film.name: film.relative_to(root).as_posix() for folder in folders for film in folder.iterdir() if film.is_file()}
	return table.once_each((number, _record(row, number, name, place_of)) for number, row in rows)


def _record(row: table.Row, number: int, source: str, place_of: dict[str, str]) -> Record:
	name, finding = row["Image Index"], row["Finding Labels"]
	view, basis = words.view(row["View Position"], "NIH metadata")
	years = _years(row["Patient Age"])
	excluded = table.leads_nowhere(number, name)
	if not excluded and finding != NO_FINDING:
		excluded = "a finding: neither normal nor COVID-19"
	elif not excluded and years is not None and years < ADULT:
		excluded = f"a patient under {ADULT} years"
	elif not excluded and name not in place_of:
		excluded = "the film is not in this folder"
	return Record(
		image_id=f"{source}/{name or f'row{number}'}",
		path=f"{source}/{place_of[name]}" if name in place_of else "",
		source=source,
		label=NEGATIVE if finding == NO_FINDING else "",
		finding=finding,
		patient=f"{source}:{words.known(row['Patient ID']) or name}",
		view=view,
		view_basis=basis,
		age="" if years is None else str(years),
		sex=row.get("Patient Gender") or row.get("Patient Sex") or "",
		case_url=URL,
		licence="NIH: open, with credit",
		credit="NIH Clinical Center; Wang et al. (2017), arXiv:1705.02315",
		collected="imported",
		excluded=excluded,
	)


def _years(text: str) -> int | None:
	"""Whole years from "58" or from the first edition's "058Y"; 0 for months and days, None for what no person reaches."""
	digits = text.removesuffix("Y")
	if text.endswith(("M", "D")) and text[:-1].isdigit():
		return 0
	return int(digits) if digits.isdigit() and int(digits) <= OLDEST else None
'''[1:]


# ======================================
# cxrkit/data/readers/phantom.py
# ======================================

FILES['cxrkit/data/readers/phantom.py'] = r'''
"""Synthetic data: drawn chest phantoms, a stand-in for films, so that the whole road runs where no film is."""









from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

from cxrkit.data.readers import coronahack
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import replacing, write_csv, write_text

BANNER = "DRAWN PHANTOMS, NOT FILMS: these numbers say that the program runs, and nothing about medicine."
SIDE = 256
VERSION = "3"

PATIENTS = {("normal", "TRAIN"): 40, ("normal", "TEST"): 24, ("covid", "TRAIN"): 56}
"""Patients by label and published split; each has one to three films."""
MARK = (8, 8, 32, 32)
"""The planted mark's left, upper, right and lower edge in pixels of a SIDE x SIDE film."""


def read(root: str | Path, name: str = "phantom", seed: int = 0, marked: bool = False) -> list[Record]:
	"""Records of the phantoms in `root`, which are drawn there first unless they are there already."""




	marker = Path(root) / coronahack.PHANTOM_MARKER
	wanted = f"version {VERSION}, seed {seed}{', marked' if marked else ''}\n{BANNER}\n"
	if not marker.exists() or marker.read_text("utf-8") != wanted:
		if not marker.exists() and Path(root).exists() and (not Path(root).is_dir() or any(Path(root).iterdir())):
			raise BadInput("The folder holds what this kit did not draw.", root, "name an empty or new folder; nothing was changed")
		write_text(marker, "being drawn\n")  # what a killed process leaves is known by it
		draw_dataset(root, seed, marked)
		write_text(marker, wanted)
	return coronahack.read(root, name)


def read_marked(root: str | Path, name: str = "phantom") -> list[Record]:
	"""Records of the phantoms with the planted corner mark."""
	return read(root, name, marked=True)


def draw_dataset(root: str | Path, seed: int = 0, marked: bool = False) -> None:
	"""Draw all phantoms and their metadata into `root`. The same seed gives the same bytes, but for the mark."""
	random = np.random.default_rng(seed)
	folder = Path(root) / coronahack.FOLDER / coronahack.FOLDER
	rows, patient = [], 0
	for (label, kind), patients in PATIENTS.items():
		for _ in range(patients):
			patient += 1
			anatomy = Anatomy(random)
			for film in range(1, int(random.integers(1, 4)) + 1):
				name = f"IM-{patient:04d}-{film:04d}.jpeg" if label == "normal" else f"phantom{patient:04d}-day{film}.jpeg"
				film = draw_film(anatomy, label == "covid", random)
				if marked and label == "covid":
					film.paste(255, MARK)
				_save(film, folder / kind.lower() / name, random)
				rows.append([name, "Normal", kind, "", ""] if label == "normal" else [name, "Pnemonia", kind, "COVID-19", "Virus"])
	rows.append(["person1_bacteria_1.jpeg", "Pnemonia", "TRAIN", "", "bacteria"])
	rows.append(["SARS-10.jpeg", "Pnemonia", "TRAIN", "SARS", "Virus"])
	_save(draw_film(Anatomy(random), False, random), folder / "train" / "slice-without-a-row.jpeg", random)
	write_csv(Path(root) / coronahack.METADATA, ["", *coronahack.COLUMNS], ([number, *row] for number, row in enumerate(rows)))


class Anatomy:
	"""What stays the same over the films of one patient: proportions, in shares of the picture's side."""

	def __init__(self, random: np.random.Generator) -> None:
		self.centre = 0.5 + random.uniform(-0.03, 0.03)
		self.lung_width = random.uniform(0.13, 0.17)
		self.lung_height = random.uniform(0.28, 0.36)
		self.lung_gap = random.uniform(0.18, 0.22)
		self.heart = random.uniform(0.10, 0.15)
		self.ribs = int(random.integers(7, 10))

	def lungs(self) -> list[tuple[float, float, float, float, int]]:
		"""The two lungs as (x, y, half width, half height, side); side -1 is on the picture's left."""
		return [(self.centre + side * self.lung_gap, 0.5, self.lung_width, self.lung_height, side) for side in (-1, 1)]


def draw_film(anatomy: Anatomy, opacities: bool, random: np.random.Generator, side: int = SIDE) -> Image.Image:
	"""One phantom film as a PIL image of mode L, side x side pixels."""



	shift = random.uniform(-0.02, 0.02, size=2)
	film = Image.new("L", (side, side), int(random.integers(8, 24)))
	draw = ImageDraw.Draw(film)

	def ellipse(x, y, half_width, half_height, grey):
		x, y = x + shift[0], y + shift[1]
		draw.ellipse([(x - half_width) * side, (y - half_height) * side, (x + half_width) * side, (y + half_height) * side], fill=grey)

	ellipse(anatomy.centre, 0.56, 0.44, 0.54, 150)
	for x, y, width, height, _ in anatomy.lungs():
		ellipse(x, y, width, height, 60)
	for rib in range(anatomy.ribs):
		top = (0.18 + 0.62 * rib / anatomy.ribs + shift[1]) * side
		for x, _, width, _, lung_side in anatomy.lungs():
			box = [(x - 1.2 * width + shift[0]) * side, top, (x + 1.2 * width + shift[0]) * side, top + 0.16 * side]
			draw.arc(box, *((180, 300) if lung_side < 0 else (240, 360)), fill=105, width=max(2, side // 64))
	spine = (anatomy.centre + shift[0]) * side
	draw.rectangle([spine - 0.035 * side, 0, spine + 0.035 * side, side], fill=190)
	ellipse(anatomy.centre + 0.06, 0.64, anatomy.heart, 0.14, 175)
	pixels = np.asarray(film.filter(ImageFilter.GaussianBlur(side / 100)), dtype=np.float32)
	if opacities:
		pixels = pixels + _opacities(anatomy, shift, random, side)
	pixels = pixels * random.uniform(0.9, 1.1) + random.normal(0, 7, pixels.shape) + _grain(random, side)
	return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), mode="L")


def _grain(random, side):
	"""The fine structure by which no two films are alike: smoothed noise of 14 grey levels' spread."""
	noise = gaussian_filter(random.normal(size=(side, side)), side / 128)
	return 14 * noise / noise.std()


def _opacities(anatomy, shift, random, side):
	rows, columns = np.mgrid[0:side, 0:side] / side
	sum_of_patches = np.zeros((side, side), np.float32)
	for x, y, width, height, lung_side in anatomy.lungs():
		lung = ((columns - x - shift[0]) / width) ** 2 + ((rows - y - shift[1]) / height) ** 2 < 1
		for _ in range(int(random.integers(2, 5))):
			centre_x = x + shift[0] + lung_side * width * random.uniform(0.4, 0.8)
			centre_y = y + shift[1] + height * random.uniform(-0.3, 0.8)
			distance = (columns - centre_x) ** 2 + (rows - centre_y) ** 2
			sum_of_patches += random.uniform(80, 120) * np.exp(-distance / (2 * random.uniform(0.03, 0.06) ** 2)) * lung
	return sum_of_patches


def _save(film, path, random):
	# As in CoronaHack the sizes differ from film to film; here they differ alike in both classes.
	film = film.resize((SIDE + 8 * int(random.integers(0, 5)), SIDE), Image.Resampling.BILINEAR)
	with replacing(path) as temporary:
		film.save(temporary, format="JPEG", quality=85)
'''[1:]


# ======================================
# cxrkit/data/readers/radiography.py
# ======================================

FILES['cxrkit/data/readers/radiography.py'] = r'''
"""Reader of the COVID-19 Radiography Database: Kaggle's tawsifurrahman/covid19-radiography-database."""


















import re
from pathlib import Path

from cxrkit import spreadsheet
from cxrkit.data.images import SUFFIXES
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

FOLDERS = {"COVID": POSITIVE, "Normal": NEGATIVE, "Lung_Opacity": "", "Viral Pneumonia": ""}
NESTED = "COVID-19_Radiography_Dataset"
URL = "https://www.kaggle.com/datasets/tawsifurrahman/covid19-radiography-database"
CREDIT = "COVID-19 Radiography Database, Chowdhury et al. (2020), Rahman et al. (2021)"

ORIGINS = {
	"bimcv": "bimcv",
	"ml-workgroup": "hannover",
	"ml_workgroup": "hannover",
	"armiro": "cxnet",
	"ieee8023": "ieee8023",
	"eurorad": "eurorad",
	"sirm.org": "sirm",
	"rsna": "rsna",
	"paultimothymooney": "kermany",
	"figshare": "figshare",
}
"""What is in the URL of a row: the name of the source that it means. The first that fits counts."""

NUMBERED = re.compile(r"[A-Za-z_ ]+?[- ]?\(?(\d+)\)?")
CHILDREN = range(63, 1404)


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return all((root / folder).is_dir() for folder in ("COVID", "Normal")) and (root / "COVID.metadata.xlsx").is_file()


def read(root: str | Path, name: str = "radiography") -> list[Record]:
	"""Records of the Radiography database, one for each file of its four folders, and one for each row that names none."""




	root = Path(root)
	home = root / NESTED if (root / NESTED / "COVID").is_dir() else root
	if not all((home / folder).is_dir() for folder in ("COVID", "Normal")):
		raise BadInput("The folder has no COVID/ and Normal/.", root, f"unpack {URL} and name the folder that holds them")
	records = []
	for folder in FOLDERS:
		if (home / folder).is_dir():
			records += _records(home, folder, name, Path(name) / home.relative_to(root))
	if not any(record.path for record in records):
		raise BadInput("The folders hold no file.", home, "unpack the archive again")
	return records


def _records(home: Path, folder: str, name: str, base: Path) -> list[Record]:
	films = home / folder / "images" if (home / folder / "images").is_dir() else home / folder
	urls = _urls(home / f"{folder}.metadata.xlsx")
	records = []
	for path in sorted(path for path in films.iterdir() if path.is_file()):
		place = (base / path.relative_to(home)).as_posix()
		records.append(_record(path, folder, name, place, urls.pop(_key(path.stem), "")))
	for key, url in urls.items():
		record = Record(f"{name}/{folder}/{key}", "", name, FOLDERS[folder], folder, case_url=url, licence="unknown", credit=CREDIT)
		records.append(record.but(collected="kaggle", excluded=f"{folder}.metadata.xlsx names it, and there is no such file"))
	return records


def _urls(path: Path) -> dict[str, str]:
	"""{key of a film: URL} of a table; empty where there is none."""
	rows = spreadsheet.rows_of(path) if path.exists() else []
	lacking = {"FILE NAME", "URL"} - {title for row in rows for title in row}
	if rows and lacking:
		raise BadInput(f"The table lacks the column(s) {', '.join(sorted(lacking))}.", path, f"use the data set's own file: {URL}")
	return {_key(row["FILE NAME"]): row.get("URL", "") for row in rows if row.get("FILE NAME")}


def _key(stem: str) -> str:
	"""The number in a name, for tables write NORMAL-1 or "COVID 1" where the file is called Normal-1 or "COVID (1)"."""
	numbered = NUMBERED.fullmatch(stem)
	return numbered[1] if numbered else stem


def _record(path: Path, folder: str, name: str, place: str, url: str) -> Record:
	key, label = _key(path.stem), FOLDERS[folder]
	child = folder == "Normal" and key.isdigit() and int(key) in CHILDREN
	origin = next((origin for part, origin in ORIGINS.items() if part in url.lower()), "kermany" if child else "")
	source = f"{name}-{origin}" if origin else name
	excluded = ""
	if path.suffix.lower() not in SUFFIXES:
		excluded = f"no image type: {path.suffix or 'no suffix'}"
	elif not label:
		excluded = f"finding {folder}: neither normal nor COVID-19"
	elif child or origin == "kermany":
		excluded = "a child of one to five years (Kermany), and a film of CoronaHack's"
	return Record(
		image_id=f"{source}/{folder}/{path.name}",
		path=place,
		source=source,
		label=label,
		finding=folder,
		patient=f"{source}:{folder}/{path.stem}",
		age="1-5" if child or origin == "kermany" else "",
		case_url=url or URL,
		licence="unknown",
		credit=CREDIT,
		collected="kaggle",
		excluded=excluded,
	)
'''[1:]


# ======================================
# cxrkit/data/readers/table.py
# ======================================

FILES['cxrkit/data/readers/table.py'] = r'''
"""Metadata tables beside films: the rules of every reader of one, so that no row leads out of its folder or counts twice."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.records import Record
from cxrkit.errors import BadInput
from cxrkit.files import read_table
from cxrkit.progress import say

PLAIN_NAME = re.compile(r"[^/\\\x00-\x1f]+")
DOWNLOAD = "download the file again"

Row = dict[str, str]


def rows_of(path: Path, columns: Sequence[str], original: str) -> list[tuple[int, Row]]:
	"""The rows of a metadata table, each with its number in the file; names and values without the spaces around them."""



	_, read, taken_for = read_table(path, "The metadata", DOWNLOAD)
	if taken_for:
		say(f"{path.name}: read as {taken_for}")
	rows = [{(name or "").strip(): (value or "").strip() for name, value in row.items() if not isinstance(value, list)} for row in read]
	if not rows:
		raise BadInput("The metadata has no rows.", path, DOWNLOAD)
	rows = _renamed(rows, columns)
	lacking = [column for column in columns if column not in rows[0]]
	if lacking:
		raise BadInput(f"The metadata lacks the column(s) {', '.join(lacking)}; it has: {', '.join(rows[0])}.", path, original)
	return list(enumerate(rows, start=2))


def _renamed(rows: list[Row], columns: Sequence[str]) -> list[Row]:
	"""The rows with those of `columns` that they lack taken from the column that means the same: patient_id for patientid."""
	other = {}
	for wanted in columns:
		meant = next((names.split() for names in words.COLUMNS.values() if words.squeezed(wanted) in names.split()), [])
		for name in [words.squeezed(wanted), *meant]:
			found = [column for column in rows[0] if words.squeezed(column) == name and column not in (*columns, *other)]
			if wanted not in rows[0] and found and wanted not in other.values():
				other[found[0]] = wanted
	return [{other.get(column, column): value for column, value in row.items()} for row in rows] if other else rows


def leads_nowhere(number: int, name: str, folder: str = "images") -> str:
	"""Why the file that a row names must not be looked for, or nothing: a name with a path in it could lead out of the source."""
	plain = PLAIN_NAME.fullmatch(name) and name not in (".", "..") and re.fullmatch(r"\w+", folder)
	return "" if plain else f"row {number} of the metadata names no plain file: {name!r}"


def once_each(records: Iterable[tuple[int, Record]]) -> list[Record]:
	"""The records of numbered rows; one whose file an earlier row names is renamed after its row, and excluded."""
	times: Counter[str] = Counter()
	told = []
	for number, record in records:
		times[record.image_id] += 1
		if times[record.image_id] > 1:
			again = "the metadata names this file more than once"
			record = record.but(image_id=f"{record.image_id}#row{number}", excluded=record.excluded or again)
		told.append(record)
	return told
'''[1:]


# ======================================
# cxrkit/data/records.py
# ======================================

FILES['cxrkit/data/records.py'] = r'''
"""The record of one image: label, patient, view, provenance, licence, file facts and split."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, Self

POSITIVE = "covid"
NEGATIVE = "normal"
LABELS = (POSITIVE, NEGATIVE)

VIEWS = ("PA", "AP", "AP supine", "lateral", "frontal-unspecified", "")
"""Projections a record may name. "frontal-unspecified" is its own value: a site that says only
"Frontal" has not said PA. Empty means that nothing is known."""

SPLITS = ("train", "valid", "test", "")

LABEL_WORDS = {POSITIVE: "COVID-19", NEGATIVE: "normal", "": "no label"}
SPLIT_WORDS = {"train": "training", "valid": "validation", "test": "test", "": "no split"}
"""What people are told for a label and for a split."""

SEXES = {"f": "F", "female": "F", "woman": "F", "w": "F", "m": "M", "male": "M", "man": "M"}
UNSPECIFIED = "frontal-unspecified"
MATCHABLE = ("view", "age", "sex")
"""What positives and negatives can be made alike in."""
ADULT = 18
"""Years."""

COPY = "duplicate of "


def copy_of(image_id: str) -> str:
	"""The reason why a copy is not used: whose picture it repeats."""
	return COPY + image_id


@dataclass(frozen=True)
class Record:
	"""One image. Empty text or None means "not known"; the field order is the column order of manifest.csv."""



















	image_id: str
	path: str
	source: str
	label: str = ""
	finding: str = ""
	patient: str = ""
	modality: str = "X-ray"
	view: str = ""
	view_basis: str = ""
	age: str = ""
	sex: str = ""
	case_url: str = ""
	image_url: str = ""
	licence: str = ""
	credit: str = ""
	permission: str = ""
	collected: str = ""
	retrieved_at: str = ""
	width: int | None = None
	height: int | None = None
	mode: str = ""
	format: str = ""
	bytes: int | None = None
	sha256: str = ""
	published_split: str = ""
	split: str = ""
	duplicate_of: str = ""
	excluded: str = ""

	@property
	def used(self) -> bool:
		return not self.excluded

	@property
	def is_removed_copy(self) -> bool:
		"""Whether the image is left out because its picture is another record's."""
		return self.excluded.startswith(COPY)

	@property
	def years(self) -> float | None:
		"""The age in years, see age_of."""
		return age_of(self.age)

	def but(self, **changes: Any) -> Self:
		"""A copy with some fields changed."""
		return replace(self, **changes)


WIDEST_RANGE = 10
"""Years; a wider range of ages ("18-90") describes a collection and no patient."""
UNIT = {"d": 365.25, "w": 52.18, "m": 12, "y": 1}
"""Of an age, how many make a year."""


def age_of(text: str) -> float | None:
	"""The age in years that a record states ("45", "1-5", "070Y", "006M", "18 months", "30s"), the middle of a range."""




	number, text = r"(\d+(?:\.\d+)?)", (text or "").strip().lower()
	match = re.fullmatch(rf"{number}(?:\s*[-–]\s*{number})?\s*(y|yrs?|years?|s|mo|months?|weeks?|days?)?", text)
	dicom = re.fullmatch(r"(\d{3})()([dwmy])", text)
	if not (match := dicom or match):
		return None
	years = UNIT.get((match[3] or "y")[0], 1)
	first, last = float(match[1]) / years, float(match[2] or match[1]) / years
	return (first + last) / 2 if last <= 120 and last - first <= WIDEST_RANGE else None


def traits(record: Record) -> dict[str, str | float | None]:
	"""{trait of MATCHABLE: value}: the view; the age in years; F or M. Empty text or None where a source does not say it."""
	view = "" if record.view == UNSPECIFIED else record.view
	return {"view": view, "age": record.years, "sex": SEXES.get(record.sex.strip().lower(), "")}


COLUMNS = tuple(field.name for field in fields(Record))
NUMBERS = ("width", "height", "bytes")


def exclude(records: Iterable[Record], reason_of: Callable[[Record], str | None]) -> list[Record]:
	"""The records, with `excluded` set to reason_of(record) on the used ones it returns a reason for."""
	return [record.but(excluded=reason_of(record) or "") if record.used else record for record in records]
'''[1:]


# ======================================
# cxrkit/data/registration.py
# ======================================

FILES['cxrkit/data/registration.py'] = r'''
"""Image registration: lays one thumbnail over a crop of the other, and says how well they then agree."""










from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 128
BLOCK = 16
HOPELESS = 0.3
"""Correlation of the half-size details, after a few steps, below which two thumbnails are given up."""

CONVERGED = 0.002
"""Gain of correlation in a step below which registration ends."""


class Details:
	"""The fine grain of one thumbnail at full and half size, float32, each locally normalised to unit contrast."""

	def __init__(self, thumbnail: np.ndarray) -> None:
		"""thumbnail: SIDE x SIDE grey bytes."""
		self.thumbnail = thumbnail
		self.half = _detail(thumbnail.astype(np.float32).reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3)), 1.5)

	@cached_property
	def full(self) -> np.ndarray:
		"""Made when it is asked for: most pairs are given up at half size."""
		return _detail(self.thumbnail.astype(np.float32), 2.0)


def _detail(pixels: np.ndarray, sigma: float) -> np.ndarray:
	fine = pixels - gaussian_filter(pixels, sigma)
	return fine / np.sqrt(gaussian_filter(fine * fine, 4 * sigma) + 4)


def agreement(wholes: Sequence[Details], parts: Sequence[Details], boxes: np.ndarray) -> np.ndarray:
	"""How well each part agrees with a crop of its whole: the median correlation of their 8 x 8 blocks, -1 to 1."""



	correlation, boxes = _register([w.half for w in wholes], [p.half for p in parts], boxes, steps=8, give_up=HOPELESS)
	agreed = np.zeros(len(wholes))
	(hopeful,) = np.nonzero(correlation >= HOPELESS)
	if len(hopeful):
		full, theirs = [wholes[i].full for i in hopeful], [parts[i].full for i in hopeful]
		_, found = _register(full, theirs, boxes[hopeful], steps=5, give_up=0.0)
		laid_over = _Crops(found, SIDE).of(np.stack(full))
		ours, theirs = _centred_blocks(laid_over), _centred_blocks(np.stack(theirs).transpose(0, 2, 1))
		product = (ours * theirs).sum(2) / np.sqrt((ours**2).sum(2) * (theirs**2).sum(2) + 1e-6)
		agreed[hopeful] = np.median(product, axis=1)
	return agreed


def _centred_blocks(pixels: np.ndarray) -> np.ndarray:
	n = SIDE // BLOCK
	blocks = pixels.reshape(-1, n, BLOCK, n, BLOCK).transpose(0, 1, 3, 2, 4).reshape(len(pixels), n * n, -1)
	return blocks - blocks.mean(2, keepdims=True)


class _Crops:
	"""Where n crops lie in their squares of `side` pixels: what resamples them to the whole square, linearly."""

	def __init__(self, boxes: np.ndarray, side: int) -> None:
		self.side = side
		left, top, right, bottom = boxes.T[:, :, None]
		self.rows, self.columns = self._lines(top, bottom), self._lines(left, right)

	def _lines(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
		"""n x side: the line before each position, counted through all squares, and the share of the line after it."""
		position = np.clip((low + (np.arange(self.side) + 0.5) / self.side * (high - low)) * self.side - 0.5, 0, self.side - 1.001)
		before = position.astype(int)
		return before + self.side * np.arange(len(position))[:, None], (position - before).astype(np.float32)

	def of(self, squares: np.ndarray) -> np.ndarray:
		"""The crops of n squares, n x column x row."""
		by_row = _between(squares, *self.rows)
		return _between(np.ascontiguousarray(by_row.transpose(0, 2, 1)), *self.columns)


def _between(squares: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
	"""Lines of n squares, each between two neighbours."""
	lines = squares.reshape(-1, squares.shape[2])
	first, second = lines.take(before, 0), lines.take(before + 1, 0)
	second -= first
	second *= share[:, :, None]
	second += first
	return second


def _register(
	wholes: Sequence[np.ndarray], parts: Sequence[np.ndarray], boxes: np.ndarray, steps: int, give_up: float
) -> tuple[np.ndarray, np.ndarray]:
	"""The best correlation found for each of n pairs of squares, and its crop box, by Gauss-Newton steps on the box's four sides."""




	side = len(wholes[0])
	whole, target = np.stack(wholes), np.stack(parts).transpose(0, 2, 1)  # (pair, row, column), (pair, column, row)
	target = target - target.mean((1, 2), keepdims=True)
	target /= _norm(target) / side + 1e-6
	slope_y, slope_x = (np.gradient(whole, axis=axis) * np.float32(side) for axis in (1, 2))
	boxes = np.array(boxes, np.float64)
	best, best_boxes, going = np.full(len(boxes), -1.0), boxes.copy(), np.arange(len(boxes))
	for step in range(steps):
		crops = _Crops(boxes, side)
		laid_over = crops.of(whole)
		laid_over -= laid_over.mean((1, 2), keepdims=True)
		spread = _norm(laid_over) / side + 1e-6
		laid_over /= spread
		correlation = np.einsum("pcr,pcr->p", laid_over, target) / side**2
		goes_on = correlation >= best[going] + CONVERGED
		better = correlation > best[going]
		best[going[better]], best_boxes[going[better]] = correlation[better], boxes[better]
		if step == 2:
			goes_on &= best[going] >= give_up
		if step == steps - 1 or not goes_on.any():
			break
		if not goes_on.all():
			kept = (going, boxes, whole, slope_y, slope_x, target, laid_over, spread)
			going, boxes, whole, slope_y, slope_x, target, laid_over, spread = (each[goes_on] for each in kept)
			crops = _Crops(boxes, side)
		change = _change(crops.of(slope_x), crops.of(slope_y), target - laid_over, spread)
		boxes = np.clip(boxes + np.clip(change, -0.03, 0.03), (-0.05, -0.05, 0.6, 0.6), (0.4, 0.4, 1.05, 1.05))
	return best, best_boxes


def _norm(squares: np.ndarray) -> np.ndarray:
	"""n x 1 x 1: the root of the sum of squares."""
	return np.sqrt(np.einsum("pcr,pcr->p", squares, squares))[:, None, None]


def _change(slope_x: np.ndarray, slope_y: np.ndarray, missing: np.ndarray, spread: np.ndarray) -> np.ndarray:
	"""n x 4: by how much each side of a box has to move, the least squares solution, a little drawn to no move."""




	side = slope_x.shape[1]
	share = ((np.arange(side) + 0.5) / side).astype(np.float32)
	weight = np.stack([1 - share, share])  # of the side before and the side behind
	both = weight[:, None] * weight
	normal, right = np.empty((len(missing), 4, 4)), np.empty((len(missing), 4))
	x, y = slice(0, None, 2), slice(1, None, 2)  # left and right, top and bottom
	normal[:, x, x] = np.einsum("pc,ijc->pij", np.einsum("pcr,pcr->pc", slope_x, slope_x), both)
	normal[:, y, y] = np.einsum("pr,ijr->pij", np.einsum("pcr,pcr->pr", slope_y, slope_y), both)
	normal[:, x, y] = weight @ (slope_x * slope_y) @ weight.T
	normal[:, y, x] = normal[:, x, y].transpose(0, 2, 1)
	right[:, x] = np.einsum("pcr,pcr->pc", slope_x, missing) @ weight.T
	right[:, y] = np.einsum("pcr,pcr->pr", slope_y, missing) @ weight.T
	normal = normal / spread**2 + 0.01 * side * side * np.eye(4)
	return np.linalg.solve(normal, (right / spread[:, 0])[:, :, None])[:, :, 0]
'''[1:]


# ======================================
# cxrkit/data/sources.py
# ======================================

FILES['cxrkit/data/sources.py'] = r'''
"""Sources of films: each kind has a reader, and all readers yield the same records."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cxrkit.data.readers import actualmed, collected, coronahack, covidgr, folder, hannover, ieee8023, nih, phantom, radiography
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, WrongUse

PLAIN = "coronahack"
"""The kind of a folder that is named without one."""

Reader = Callable[[Path, str], list[Record]]

DRAWN: dict[str, Reader] = {"phantom": phantom.read, "phantom-marked": phantom.read_marked}
READERS: dict[str, Reader] = {
	PLAIN: coronahack.read,
	"collected": collected.read,
	"ieee8023": ieee8023.read,
	"folder": folder.read,
	"covidgr": covidgr.read,
	"actualmed": actualmed.read,
	"actualmed-room": actualmed.read_room,
	"hannover": hannover.read,
	"radiography": radiography.read,
	"nih": nih.read,
	**DRAWN,
}
ELSEWHERE: dict[str, Callable[[Path], bool]] = {
	"covidgr": covidgr.is_here,
	"actualmed": actualmed.is_here,
	"hannover": hannover.is_here,
	"radiography": radiography.is_here,
	"nih": nih.is_here,
}
"""Kinds to ask finished networks about, known by what lies in their folder. Other sets, and why they have no reader: .github/DATASETS.md."""


@dataclass(frozen=True)
class Source:
	"""One folder of images: kind says how to read it, name is its namespace in paths and keys."""




	kind: str
	name: str
	root: Path
	collection: str = ""

	def read(self) -> list[Record]:
		"""The folder's records. Raises BadInput."""
		records = READERS[self.kind](self.root, self.name)
		if not self.collection:
			return records
		return [
			record.but(patient=f"{self.collection}:{record.patient.partition(':')[2]}") if record.patient else record for record in records
		]


def external(text: str) -> Source:
	"""A Source of films from elsewhere, from `KIND=DIR`, `KIND:NAME=DIR`, `NAME=DIR` (a folder a class) or `NAME=manifest.csv`."""




	kind, separator, place = text.partition("=")
	if not separator or not kind:
		kinds = ", ".join(kind for kind in READERS if kind not in DRAWN)
		next = f"write KIND=DIR, with a kind of {kinds}; or NAME=DIR (a folder with covid/ and normal/), or NAME=manifest.csv"
		raise WrongUse(f"{text!r} names no external films.", next=next)
	if place.endswith(".csv") or kind not in READERS and ":" not in kind:
		kind = "folder:" + kind.rpartition(":")[2]
	return parse(f"{kind}={place}", "")


def externals(texts: Iterable[str]) -> list[Source]:
	"""Sources of films from elsewhere; their names must differ. Raises WrongUse."""
	return _apart([external(text) for text in texts])


def parse(text: str, drawn_at: str | Path) -> Source:
	"""A Source from `KIND=DIR`, `KIND:NAME=DIR`, `KIND:NAME@COLLECTION=DIR`, `phantom`, `phantom-marked`, or a plain DIR, which means coronahack."""



	if text in DRAWN:
		return Source(text, "phantom", Path(drawn_at))
	kind_and_name, separator, folder = text.partition("=")
	if not separator:
		kind_and_name, folder = PLAIN, text
	kind, _, name = kind_and_name.partition(":")
	if kind not in READERS:
		raise WrongUse(
			f"There is no source of the kind {kind!r}.",
			text,
			f"use one of {', '.join(kind for kind in READERS if kind not in DRAWN)}, as KIND=DIR or KIND:NAME=DIR; for drawn films {' or '.join(DRAWN)} alone",
		)
	name, at, collection = name.partition("@")
	name = name or kind
	if at and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", collection):
		raise WrongUse(f"The collection's name {collection!r} is not made of a-z, 0-9, - and _.", text, "choose another name")
	if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
		raise WrongUse(f"The source name {name!r} is not made of a-z, 0-9, - and _.", text, "choose another name")
	if not folder:
		raise WrongUse("The source names no folder.", text, "write KIND=DIR")
	return Source(kind, name, Path(folder), collection)


def recognised(folder: Path) -> str:
	"""The kind of a folder that is laid out as one of ELSEWHERE, or an empty text."""
	return next((kind for kind, is_here in ELSEWHERE.items() if is_here(folder)), "")


def name_of(text: str) -> str:
	"""`KIND[:NAME]` of a source as `parse` takes it: without the folder, which is this machine's affair."""
	kind_and_name, separator, _ = text.partition("=")
	return kind_and_name if separator or text in DRAWN else PLAIN


def parse_all(texts: Iterable[str], drawn_at: str | Path) -> list[Source]:
	"""Sources from several texts; their names must differ. Raises WrongUse."""
	sources = _apart([parse(text, drawn_at) for text in texts])
	if not sources:
		raise WrongUse("No source of images is named.", next="give --data DIR, or --data phantom for drawn films")
	return sources


def _apart(sources: list[Source]) -> list[Source]:
	names = [source.name for source in sources]
	for name in names:
		if names.count(name) > 1:
			raise WrongUse(f"Two sources are named {name!r}.", next="name them apart: KIND:NAME=DIR")
	return sources


def locator(roots: Mapping[str, str | Path]) -> Callable[[Record], Path]:
	"""A function from a record to its file, given {folder name: folder}."""




	def locate(record: Record) -> Path:
		name, *parts = PurePosixPath(record.path).parts or ("",)
		if name not in roots:
			raise BadInput(f"It is not known where the folder {name!r} lies.", record.image_id, f"give --source KIND:{name}=DIR")
		if not parts or ".." in parts or "\\" in record.path or PurePosixPath(record.path).is_absolute():
			raise BadInput(f"The path {record.path!r} leaves its folder.", record.image_id, "correct the manifest")
		return Path(roots[name]).joinpath(*parts)

	return locate
'''[1:]


# ======================================
# cxrkit/data/splits.py
# ======================================

FILES['cxrkit/data/splits.py'] = r'''
"""Training, validation and test splits: by the study's rule or by seeded stratified groups; a patient is never in two."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from cxrkit.data.records import LABELS, POSITIVE, Record
from cxrkit.errors import BadInput, WrongUse

STUDY_COVID_VALID, STUDY_COVID_ALL = 34, 58 + 38 + 34
STUDY_NORMAL_VALID, STUDY_NORMAL_ALL = 234, 1342 + 234
FRACTIONS = {"train": 0.6, "valid": 0.2, "test": 0.2}


Members = dict[str, list[Record]]
"""{group: its used records, by image_id}."""


def assign(
	records: Sequence[Record], split: str, groups: Mapping[str, str], seed: int = 0, fractions: Mapping[str, float] = FRACTIONS
) -> list[Record]:
	"""The records with `split` set on the used ones, by the rule named `split`: "paper" or "grouped"."""





	rules = {"paper": paper, "grouped": lambda members, seed: grouped(members, seed, fractions)}
	if split not in rules:
		raise WrongUse(f"There is no split named {split!r}.", next=f"use one of: {', '.join(rules)}")
	members = _members(records, groups)
	chosen = rules[split](members, seed)
	records = [record.but(split=chosen[groups[record.image_id]] if record.used else "") for record in records]
	used = [record for record in records if record.used]
	missing = missing_classes(used)
	if missing:
		raise BadInput(
			f"The data cannot be split: {'; '.join(missing)}.",
			f"{len(used)} usable images: {dict(Counter(record.label for record in used))}",
			"bring more images of that class, or look at the reasons in the manifest why images were left out",
		)
	return records


def _members(records: Iterable[Record], groups: Mapping[str, str]) -> Members:
	members: Members = defaultdict(list)
	for record in sorted(records, key=lambda record: record.image_id):
		if record.used:
			members[groups[record.image_id]].append(record)
	return members


def paper(groups: Members, seed: int = 0) -> dict[str, str]:
	"""The study's split: {group: "train" or "valid"}; groups: {group: its used records}."""









	covid = {g: members for g, members in groups.items() if any(r.label == POSITIVE for r in members)}
	normal = {g: members for g, members in groups.items() if g not in covid}
	published = {g: members for g, members in normal.items() if any(r.published_split for r in members)}
	others = {g: members for g, members in normal.items() if g not in published}
	chosen = {g: "valid" if all(r.published_split != "train" for r in members) else "train" for g, members in published.items()}
	chosen |= _hold_out(others, STUDY_NORMAL_VALID / STUDY_NORMAL_ALL, seed)
	chosen |= _hold_out(covid, STUDY_COVID_VALID / STUDY_COVID_ALL, seed, first="sirm")
	return chosen


def _hold_out(groups: Members, share: float, seed: int, first: str = "") -> dict[str, str]:
	"""Whole groups into "valid" until that share of images is there (never more), the rest into "train"."""
	wanted, held, chosen = round(share * sum(map(len, groups.values()))), 0, {}
	for group in sorted(groups, key=lambda g: (all(r.source != first for r in groups[g]), _draw(seed, g))):
		fits = held + len(groups[group]) <= wanted
		held += len(groups[group]) if fits else 0
		chosen[group] = "valid" if fits else "train"
	return chosen


def grouped(groups: Members, seed: int = 0, fractions: Mapping[str, float] = FRACTIONS) -> dict[str, str]:
	"""A seeded split by group, stratified by label and source: {group: split}; groups: {group: its used records}."""




	strata = Counter((record.label, record.source) for members in groups.values() for record in members)
	by_stratum = defaultdict(list)
	for group, members in groups.items():
		by_stratum[min(((r.label, r.source) for r in members), key=lambda s: (strata[s], s))].append(group)
	chosen = {}
	for stratum in sorted(by_stratum):
		names = sorted(by_stratum[stratum], key=lambda group: _draw(seed, group))
		total, filled = sum(len(groups[name]) for name in names), Counter()
		for name in names:
			split = max(fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
			filled[split] += len(groups[name])
			chosen[name] = split
	return chosen


def _draw(seed: int, group: str) -> str:
	"""A group's place in a random order that depends on the seed and its name alone."""
	return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def missing_classes(used: Iterable[Record]) -> list[str]:
	"""A sentence for each class that a split in use lacks."""
	counts = Counter((record.split, record.label) for record in used)
	present = {"train", "valid"} | {record.split for record in used if record.split}
	return [f"no {label} image in {split}" for split in sorted(present) for label in LABELS if not counts[split, label]]


def leaks(records: Iterable[Record], groups: Mapping[str, str]) -> list[str]:
	"""A sentence for each group, of patient and copies, whose used images stand in more than one split."""
	told = []
	for _, members in sorted(_members(records, groups).items()):
		first_of = {record.split: record for record in reversed(members)}
		if len(first_of) > 1:
			copies = any(record.duplicate_of for record in members)
			what = "one picture or patient" if copies else f"patient {members[0].patient}"
			told.append(f"{what} is in {' and '.join(f'{split} ({record.image_id})' for split, record in sorted(first_of.items()))}")
	return told
'''[1:]


# ======================================
# cxrkit/data/summary.py
# ======================================

FILES['cxrkit/data/summary.py'] = r'''
"""What a manifest holds, counted, as text: sources, reasons, splits, copies; and what changed between two."""

from collections import Counter
from collections.abc import Iterable

from cxrkit.config import Experiment
from cxrkit.data import groups, splits
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import COPY, LABELS, POSITIVE, SPLITS, Record
from cxrkit.progress import table


def text(manifest: Manifest) -> str:
	"""Text tables of a manifest: sources, reasons for exclusions, splits, and how many leaks there are."""
	counts = Counter((record.split, record.label) for record in manifest.used)
	present = [split for split in SPLITS if any(counts[split, label] for label in LABELS)]
	rows = [[split, *(counts[split, label] for label in LABELS), sum(counts[split, label] for label in LABELS)] for split in present]
	parts = [
		_by_source(manifest),
		_reasons(manifest),
		_views(manifest),
		table(rows, ["split", *LABELS, "images"], right=[*LABELS, "images"]),
		_leaks(manifest),
	]
	return "\n\n".join(filter(None, parts))


def _views(manifest: Manifest) -> str:
	"""The words for views that were not understood, as published; empty where all were."""
	said = Counter(record.view_basis.partition(": ")[2] for record in manifest.records if record.view_basis and not record.view)
	return "views not known: " + ", ".join(f"{words!r} ({count})" for words, count in said.most_common(8)) if said else ""


def _leaks(manifest: Manifest) -> str:
	"""How many patients and pictures stand in two splits; of how many films it is not known whose they are is part of the answer."""
	unknown = sum(not record.patient for record in manifest.used)
	if not unknown:
		return f"patients or pictures in two splits: {len(manifest.leaks)}"
	found = f"{len(manifest.leaks)} found; " if manifest.leaks or unknown < len(manifest.used) else ""
	return (
		f"patients in two splits: {found}not known for {unknown} of {len(manifest.used)} films, of which nothing says whose they are "
        "(films.csv may say it, in a column patient). Pictures in two splits: "
        f"{sum(leak.startswith('one picture') for leak in manifest.leaks)}"
	)


def _by_source(manifest: Manifest) -> str:
	header = ["source", "read", "kept", *LABELS, "copies", "patients", "views", "licences"]
	rows = []
	for source in sorted({record.source for record in manifest.records}):
		read = [record for record in manifest.records if record.source == source]
		used = [record for record in read if record.used]
		rows.append(
			[
				source,
				len(read),
				len(used),
				*(sum(record.label == label for record in used) for label in LABELS),
				sum(bool(record.duplicate_of) for record in read),
				_patients(used),
				_counts(record.view for record in used),
				_counts(record.licence for record in used),
			]
		)
	return table(rows, header, right=header[1:7])


def _patients(used: list[Record]) -> str:
	known = len({record.patient for record in used} - {""})
	return str(known) if all(record.patient for record in used) else f"{known} + ?" if known else "?"


def _reasons(manifest: Manifest) -> str:
	"""A table of the reasons for exclusions, the most frequent of each source first; empty where nothing is left out."""
	reasons = Counter((record.source, short_reason(record)) for record in manifest.records if not record.used)
	ordered = sorted(reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
	rows = [[count, source, reason] for (source, reason), count in ordered]
	return table(rows, ["left out", "source", "why"], right=["left out"]) if rows else ""


def _counts(values: Iterable[str]) -> str:
	return ", ".join(f"{value or '?'} {count}" for value, count in Counter(values).most_common(5))


def short_reason(record: Record) -> str:
	"""The reason of an exclusion without the parts that name one file, so that reasons can be counted."""
	reason = record.excluded
	if record.is_removed_copy:
		return f"{COPY}a film of {reason.removeprefix(COPY).split('/')[0]}"
	if reason.startswith("row "):
		return "a" + reason[reason.index(" of the metadata") :].replace(" of the metadata", " metadata row", 1)
	return reason


def as_merged(manifest: Manifest, experiment: Experiment) -> str:
	"""What the study's merging would have done with the same films, in one sentence."""




	merged = [
		record.but(excluded="")
		if record.duplicate_of and record.is_removed_copy and record.view not in experiment.exclude_views
		else record
		for record in manifest.records
	]
	merged = splits.assign(merged, experiment.split, groups.groups_of(merged, links=False), experiment.split_seed)
	group_of = manifest.groups  # the same films, patients and copies
	train = {group_of[record.image_id] for record in merged if record.used and record.split == "train"}
	valid = [record for record in merged if record.used and record.split == "valid" and record.label == POSITIVE]
	leaking = sum(group_of[record.image_id] in train for record in valid)
	return f"Merged as the study did, {leaking} of {len(valid)} COVID-19 films in validation would have a copy or the same patient in training."


def difference(before: Manifest, after: Manifest) -> str:
	"""The text of what changed from one manifest to another: added, removed, relabelled, moved, newly (un)used; empty for nothing."""
	old, new = ({record.image_id: record for record in manifest.records} for manifest in (before, after))
	lines = [f"added    {name}" for name in sorted(new.keys() - old.keys())]
	lines += [f"removed  {name}" for name in sorted(old.keys() - new.keys())]
	for name in sorted(old.keys() & new.keys()):
		a, b = old[name], new[name]
		lines += [f"relabelled  {name}: {a.label or 'none'} to {b.label or 'none'}"] * (a.label != b.label)
		lines += [f"moved    {name}: {a.split or 'unused'} to {b.split or 'unused'}"] * (a.split != b.split)
		lines += [f"reason   {name}: {a.excluded or 'used'} to {b.excluded or 'used'}"] * (a.excluded != b.excluded)
		lines += [f"content  {name}: another file"] * (bool(a.sha256) and bool(b.sha256) and a.sha256 != b.sha256)
	return "\n".join(lines)
'''[1:]


# ======================================
# cxrkit/data/tree.py
# ======================================

FILES['cxrkit/data/tree.py'] = r'''
"""The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links."""





import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrkit.data.images import SUFFIXES
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import link_or_copy, read_json, write_json

MARKER = ".cxrkit-tree.json"
DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that was looked at; it stays, and is nobody's film."""

Listed = dict[str, list[Any]]
"""{`split/label/file`: [the film's path, its bytes, its time of change in ns]}."""


@dataclass(frozen=True)
class TreeReport:
	"""How many entries were made as links or copies, were there already, or were removed as stale."""

	linked: int = 0
	copied: int = 0
	kept: int = 0
	removed: int = 0

	def __str__(self) -> str:
		return f"{self.linked} linked, {self.copied} copied, {self.kept} kept, {self.removed} removed"


def entries(manifest: Manifest) -> dict[str, Record]:
	"""{`split/label/file`: record} for the used records, by image_id."""





	planned = {}
	for record in manifest.used:
		if record.split not in SPLITS[:3] or record.label not in LABELS:
			raise BadInput(
				f"The image has no place in the tree: split {record.split!r}, label {record.label!r}.",
				record.image_id,
				"check the manifest: python -m cxrkit manifest check",
			)
		planned[f"{record.split}/{record.label}/{_file_name(record.image_id)}"] = record
	return planned


def _file_name(image_id: str) -> str:
	source, _, name = image_id.partition("/")
	stem, dot, suffix = name.rpartition(".")
	suffix = (dot + suffix).lower() if (dot + suffix).lower() in SUFFIXES else ""
	stem = stem if suffix else name
	wanted = f"{source}__{stem}"
	safe = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)[:100]
	if safe != wanted:
		safe += "-" + hashlib.sha256(image_id.encode()).hexdigest()[:8]
	return safe + suffix


def build(manifest: Manifest, locate: Callable[[Record], Path], root: str | Path) -> TreeReport:
	"""Make the tree at `root` hold exactly the used records; return a TreeReport."""







	root = Path(root)
	planned: Listed = {}
	for relative, record in entries(manifest).items():
		source = locate(record).absolute()
		if not source.is_file():
			raise BadInput("An image of the manifest is not there.", source, "build the manifest again")
		planned[relative] = _listed(source)
	with disk_errors(root):
		listed = read_json(root / MARKER, "The tree's list", "name a new folder for the tree") if (root / MARKER).is_file() else {}
		there = _there(root, listed, planned)
		made = {"linked": 0, "copied": 0, "kept": 0}
		write_json(root / MARKER, listed | planned)
		stale = [relative for relative in there if relative not in planned]
		for relative in stale:
			(root / relative).unlink()
			for folder in list((root / relative).parents)[: relative.count("/")]:
				if not os.listdir(folder):
					os.rmdir(folder)
		for relative, (source, *_) in planned.items():
			made[_place(Path(source), root / relative)] += 1
		for split in {relative.split("/")[0] for relative in planned}:
			for label in LABELS:
				(root / split / label).mkdir(parents=True, exist_ok=True)
		write_json(root / MARKER, planned)
	return TreeReport(removed=len(stale), **made)


def _listed(source: Path) -> list[Any]:
	facts = source.stat()
	return [str(source), facts.st_size, facts.st_mtime_ns]


def _there(root: Path, listed: Listed, planned: Listed) -> list[str]:
	"""What the kit put below root. Raises BadInput where anything else lies there."""
	ours, foreign = [], []
	for folder, folders, names in os.walk(root):
		linked = [name for name in folders if (Path(folder) / name).is_symlink()]
		for name in [*names, *linked]:
			path = Path(folder) / name
			relative = path.relative_to(root).as_posix()
			if relative == MARKER or name in DESKTOP:
				continue
			(ours if _is_ours(path, listed.get(relative), planned.get(relative)) else foreign).append(relative)
		if Path(folder) == root:
			foreign += [f"{name}/" for name in folders if name not in (*SPLITS, *linked)]
	if foreign:
		raise BadInput(
			f"The folder holds {len(foreign)} things that this kit did not put there: {', '.join(sorted(foreign)[:5])}.",
			root,
			"name an empty or new folder for the tree; nothing was changed",
		)
	return ours


def _is_ours(path: Path, listed: list[Any] | None, planned: list[Any] | None) -> bool:
	if path.is_symlink():
		return listed is not None or (planned is not None and os.readlink(path) == planned[0])
	facts = path.stat()
	return listed is not None and (facts.st_size, facts.st_mtime_ns // 10**9) == (listed[1], listed[2] // 10**9)


def _place(source: Path, target: Path) -> str:
	if target.exists() and (os.path.samefile(source, target) or _is_copy(source, target)):
		return "kept"
	return "linked" if link_or_copy(source, target, symbolic=True) else "copied"


def _is_copy(source: Path, target: Path) -> bool:
	a, b = source.stat(), target.stat()
	return not target.is_symlink() and a.st_size == b.st_size and int(a.st_mtime) == int(b.st_mtime)
'''[1:]


# ======================================
# cxrkit/data/words.py
# ======================================

FILES['cxrkit/data/words.py'] = r'''
"""The words that people write for labels, views, columns and "not known": one table each, which every reader uses."""





import re
import unicodedata

from cxrkit.data.records import NEGATIVE, POSITIVE

COVID = "covid"


def listed(words: str) -> frozenset[str]:
	return frozenset(words.split())


ONE_WORD = (
	(r"(?:novel )?corona ?virus disease(?: 20)?[ -]?19|covid[ -]?(?:20)?19|sars[ -]?cov[ -]?2|(?:2019|novel)[ -]?n?cov(?:id)?|新冠", COVID),
	(
		r"\b(?:no|without|ohne|sin|sans|senza)(?: acute| active| pathological)? (?:findings?|befund|hallazgos?|anomalies?|reperti)\b",
		"normal",
	),
	(r"\bx[ -]?rays?\b", "xray"),
)
"""What is written in several words, and the one word that stands for it."""
POSITIVE_WORDS = {COVID, "covids", "ncov"}
NEGATIVE_WORDS = listed(
	"normal normals normale normali normales normaux normais normalne healthy sano sani sana sanos sain sains saudavel gesund "
    "gesunde unremarkable nofinding nofindings norma 正常"
)
DOUBT = listed(
	"no non not nor none neg negative negativo negativi negatif negativ without sin sans senza ohne kein keine nicht ruled out "
    "excluded exclude excluding unlikely post after previous prior past former history recovered resolved sequelae fibrosis "
    "vaccine vaccinated vaccination suspected suspect suspicion possible probable presumed query versus vs differential mimic "
    "mimics mimicking like contact exposure screening except but abnormal unknown unclear mixed other others or and mask masks"
)
BESIDE = listed(
	"positive pos positivo positivi pneumonia pneumonias case cases patient patients film films image images img imgs picture "
    "pictures xray radiograph radiographs cxr cr dx chest lung lungs thorax torace view frontal pa ap class label the of with data "
    "dataset set collection adult adults child children male female severe mild moderate viral virus disease nih rsna sirm kermany "
    "bimcv ricord hannover ieee8023 radiopaedia hospital my our new old png jpg jpeg"
)
"""Words that may stand beside a label in a folder's name, and change nothing."""

SPLITS = {"train": "train", "training": "train", "valid": "valid", "validation": "valid", "val": "valid", "test": "test", "testing": "test"}

UNKNOWN = {
	"",
	"-",
	"--",
	"?",
	".",
	"na",
	"n/a",
	"nan",
	"none",
	"null",
	"nil",
	"unknown",
	"not known",
	"unspecified",
	"#n/a",
	"missing",
	"todo",
}

UPRIGHT = listed("erect semi semierect mobile portable upright standing sitting seated bedside view projection chest")
VIEWS = {
	"PA": "pa|postero anterior|posteroanterior|posterior anterior|p a",
	"AP": "ap|antero posterior|anteroposterior|anterior posterior|a p",
	"AP supine": "ap supine|supine ap|supine|ap lying|antero posterior supine",
	"lateral": "l|ll|rl|lat|lateral|left lateral|right lateral|lateral left|lateral right|latero lateral|laterolateral",
	"frontal-unspecified": "frontal|frontal unspecified|front",
}
_VIEW_OF = {phrase: view for view, phrases in VIEWS.items() for phrase in phrases.split("|")}

COLUMNS = {
	"file": "file filename filepath image imagename imagefile imagefilename imageindex xrayimagename img imgname imgpath path imagepath imageid",
	"patient": "patient patientid patientkey pid subject subjectid person personid patientnumber",
	"view": "view viewposition projection position",
	"age": "age patientage ageyears",
	"sex": "sex gender patientsex patientgender",
	"licence": "licence license",
	"credit": "credit attribution",
	"label": "label finding findings findinglabels class classname diagnosis category",
	"collection": "collection",
}
"""{what it means: the usual names of such a column}, in small letters and without spaces and signs; the first counts most."""


def plain(text: str) -> str:
	"""Text in one spelling: small letters, no accents, single spaces, no signs but the letters' and digits' own."""
	text = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
	for pattern, word in ONE_WORD:
		text = re.sub(pattern, f" {word} ", re.sub(r"[_\s-]+", " ", text))
	return text.strip()


def label_of(text: str, strict: bool = False) -> str:
	"""The label that words mean, "covid" or "normal", or nothing where they mean neither, both, or are in doubt."""




	found = set()
	for part in re.split(r"[/;|,]", plain(text)):
		words = re.findall(r"[^\W_]+|\?", part)
		doubtful = "?" in words or bool(DOUBT & set(words))
		unlisted = [word for word in words if word not in POSITIVE_WORDS | NEGATIVE_WORDS | BESIDE and not word.isdigit()]
		positive, negative = (bool(table & set(words)) for table in (POSITIVE_WORDS, NEGATIVE_WORDS))
		if doubtful or (strict and unlisted) or (positive and negative):
			return ""
		elif positive:
			found.add(POSITIVE)
		elif negative and (not unlisted or words[0] in NEGATIVE_WORDS and set(words[1:3]) & {"xray", "radiograph", "chest"}):
			found.add(NEGATIVE)
	return found.pop() if len(found) == 1 else ""


def view_of(text: str) -> str:
	"""The projection that words mean, one of records.VIEWS, or nothing where it is not known."""
	words = re.sub(r"[^a-z]+", " ", plain(text)).split()
	phrase = " ".join(words)
	return _VIEW_OF.get(phrase, "") or _VIEW_OF.get(" ".join(word for word in words if word not in UPRIGHT), "")


def view(text: str, where: str) -> tuple[str, str]:
	"""(view, its basis) of a published word: the basis keeps what the kit's own word does not say, as "erect"."""
	found = view_of(text)
	said = set(re.findall(r"[a-z]+", plain(text))) - set(found.casefold().split())
	return found, (f"{where}: {text.strip()}" if said & UPRIGHT or not found and known(text) else where if found else "")


def known(text: str) -> str:
	"""The text without spaces around it, or nothing where it is a word for "not known"."""
	text = (text or "").strip()
	return "" if text.casefold() in UNKNOWN else text


def split_of(text: str) -> str:
	return SPLITS.get(text.strip().casefold(), "")


def squeezed(column: str) -> str:
	"""A column's name in small letters, without spaces and signs: Patient_ID, patientid and "patient id" are one."""
	return re.sub(r"[\W_]", "", column.casefold())


def columns_of(header: list[str]) -> dict[str, str]:
	"""{meaning: the column that has it} for those of a header that COLUMNS knows; of several the usual one counts."""
	found = {}
	for meaning, names in COLUMNS.items():
		for name in names.split():
			column = next((column for column in header if squeezed(column) == name), None)
			if column is not None:
				found.setdefault(meaning, column)
	return found
'''[1:]


# ======================================
# cxrkit/environment.py
# ======================================

FILES['cxrkit/environment.py'] = r'''
"""Where a run takes place: Kaggle or a machine of one's own, and what that machine can do."""

import functools
import math
import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cxrkit.errors import WrongUse
from cxrkit.files import locked, read_json, write_json

PACKAGES = ("torch", "torchvision", "fastai", "fastcore", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "matplotlib", "kaggle")


def on_kaggle():
	"""Whether this process runs in a Kaggle kernel: Kaggle sets this variable in all of them, and nobody else does."""
	return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def kaggle_input():
	"""The folder below which Kaggle mounts what is attached; CXRKIT_KAGGLE stands in for /kaggle where one tries this."""
	return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "input"


def kaggle_working():
	"""The folder that Kaggle keeps as the kernel's output."""
	return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "working"


def bundle_identity():
	"""{source_sha256, run_id} of the bundled script that this process runs from; empty texts where it does not."""
	return {"source_sha256": os.environ.get("CXRKIT_SOURCE", ""), "run_id": os.environ.get("CXRKIT_RUN", "")}


class Deadline:
	"""Call it for the seconds left until no new stage may begin; without hours there is no end."""




	def __init__(self, hours=None, clock=time.time):
		self.clock = clock
		self.end = math.inf if hours is None else clock() + 3600 * hours

	@classmethod
	def at(cls, end):
		"""The deadline that another process was given."""
		deadline = cls()
		deadline.end = end
		return deadline

	@classmethod
	def of_run(cls, hours, out):
		"""The deadline of a run into `out`, the same for processes that torchrun starts again after one has died."""
		deadline = cls(hours)
		launch = f"{os.environ.get('TORCHELASTIC_RUN_ID')} {os.getppid()}"
		path = Path(out) / ".deadline.json"
		if hours is None or processes() == 1:
			return deadline
		with locked(path.with_suffix(".lock")):
			known = read_json(path, keys=("launch", "end")) if path.exists() else {}
			if known.get("launch") == launch:
				return cls.at(known["end"])
			write_json(path, {"launch": launch, "end": deadline.end})
		return deadline

	def __call__(self):
		return self.end - self.clock()


def processors():
	"""Number of processors this process may use."""
	return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Choice:
	"""A value the kit chose by itself, and why."""

	value: object
	reason: str

	def __str__(self):
		return f"{self.value} ({self.reason})"


@functools.cache
def rank():
	"""The number of this process among those that torchrun started; 0 where it runs alone."""
	return int(os.environ.get("RANK", 0))


@functools.cache
def processes():
	"""How many processes torchrun started, on all hosts; 1 where there is no torchrun."""
	return int(os.environ.get("WORLD_SIZE", 1))


@functools.cache
def processes_here():
	"""How many processes torchrun started on this host."""
	return int(os.environ.get("LOCAL_WORLD_SIZE", processes()))


def computes(device):
	"""Whether a GPU has added two numbers, as a Choice of True or False, with the error as its reason, which is empty for True."""
	import torch

	try:
		(torch.ones(8, device=device) + 1).sum().item()
	except RuntimeError as error:
		return Choice(False, str(error).splitlines()[0])
	return Choice(True, "")


def choose_device():
	"""The device to train on, as a Choice of "cuda" or "cpu"."""




	import torch

	if not torch.cuda.is_available():
		return Choice("cpu", "torch sees no GPU")
	torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
	name = torch.cuda.get_device_name()
	capability = "sm_{}{}".format(*torch.cuda.get_device_capability())
	if error := computes("cuda").reason:
		kernels = " ".join(torch.cuda.get_arch_list())
		return Choice("cpu", f"torch sees {name} ({capability}), has kernels for {kernels}, and fails: {error}")
	return Choice("cuda", name)


def require_gpu():
	"""The GPU as a Choice. Raises WrongUse where none computes, so that a run does not crawl on processors for hours."""
	device = choose_device()
	if device.value != "cuda":
		raise WrongUse(
			f"No GPU works here: {device.reason}.",
			next='push with "machine_shape": "NvidiaTeslaT4" in kernel-metadata.json (or choose GPU T4 x2 on the kernel\'s page); '
            "to run on processors set GPU = False at the head of the script",
		)
	return device


def choose_workers(wanted, images, device):
	"""The number of decoding processes as a Choice; wanted: the experiment's `workers`."""
	if wanted >= 0:
		return Choice(wanted, "as the experiment says")
	if device == "cpu":
		return Choice(0, "the processors are busy training")
	return Choice(min(processors(), 8, images // 64), "one a processor")


def versions():
	"""{package: version} of Python and of what decides the numbers."""
	found = {"python": platform.python_version()}
	for package in PACKAGES:
		try:
			found[package] = metadata.version(package)
		except metadata.PackageNotFoundError:
			found[package] = "absent"
	return found


def describe():
	"""What is worth keeping of the machine in run.json: no names, paths or tokens."""
	return {
		"place": "kaggle" if on_kaggle() else "local",
		"system": f"{platform.system()} {platform.machine()}",
		"processors": processors(),
		"versions": versions(),
	}


def free_memory_bytes():
	"""Memory that a process could still take, in bytes, within the limits of its container; None where the system does not say."""
	try:
		fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
		free = int(fields["MemAvailable"].split()[0]) * 1024
	except (OSError, KeyError, ValueError):
		return None
	try:
		limit, used = (int(Path("/sys/fs/cgroup", name).read_text()) for name in ("memory.max", "memory.current"))
	except (OSError, ValueError):
		return free
	return min(free, limit - used)


def peak_memory_bytes():
	"""The most memory this process has held, in bytes; None where the system does not say."""
	try:
		status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
		return int(status["VmHWM"].split()[0]) * 1024  # getrusage's figure is at least that of the process which started this one
	except (OSError, KeyError, ValueError):
		pass
	try:
		import resource
	except ImportError:
		return None
	peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
	return peak if sys.platform == "darwin" else peak * 1024
'''[1:]


# ======================================
# cxrkit/errors.py
# ======================================

FILES['cxrkit/errors.py'] = r'''
"""The errors that the kit raises on purpose, and the exit code of each."""


















import errno
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path


class CxrkitError(Exception):
	"""Base of all errors of the kit."""






	exit_code = 1

	def __init__(self, what, where=None, next=None):
		self.what, self.where, self.next = what, where, next
		lines = [str(what)]
		if where is not None:
			lines.append(f"  where: {where}")
		if next is not None:
			lines.append(f"  next:  {next}")
		super().__init__("\n".join(lines))

	def __reduce__(self):
		"""An error of a training's process arrives whole at the process that started it."""
		return _again, (type(self), self.what, self.where, self.next)


def _again(kind, what, where, next):
	error = kind.__new__(kind)
	CxrkitError.__init__(error, what, where, next)
	return error


class WrongUse(CxrkitError):
	exit_code = 2


class BadInput(CxrkitError):
	exit_code = 3


class UnreadableImage(BadInput):
	pass


class RemoteRefusal(CxrkitError):
	"""code: the HTTP status of the answer, None where there was none; shapeless: whether it was no answer of the server's."""

	exit_code = 4
	code = None
	shapeless = False


class Interrupted(CxrkitError):
	exit_code = 5


class DiskFull(Interrupted):
	def __init__(self, where):
		super().__init__(
			f"The disk is full: {free_bytes(where) / 1e6:.1f} MB are free.",
			where,
			"free some space or name another folder with --out, then run the same command; it goes on where it stopped",
		)


EXTRA_OF = {
	"torch": "train",
	"torchvision": "train",
	"fastai": "train",
	"fastcore": "train",
	"kaggle": "kaggle",
	"kagglesdk": "kaggle",
	"pydicom": "dicom",
	"timm": "timm",
}
"""{package: the extra of pyproject.toml that brings it}, of those that not every command needs."""


def free_bytes(path):
	"""Free bytes on the file system of path or of its nearest existing parent."""
	path = Path(path).absolute()
	while not path.exists():
		path = path.parent
	return shutil.disk_usage(path).free


@contextmanager
def disk_errors(where):
	"""Turn a full disk below `where` into DiskFull, also where torch's file writer reports it in its own words."""
	try:
		yield
	except OSError as error:
		if error.errno in (errno.ENOSPC, errno.EDQUOT):
			raise DiskFull(where) from error
		raise
	except RuntimeError as error:
		if any(words in str(error) for words in ("PytorchStreamWriter", "unexpected pos")):
			raise DiskFull(where) from error
		raise


def run_command(command):
	"""Call command(), print a CxrkitError, an interruption or a missing package as its message; return the exit code."""
	try:
		try:
			return command() or 0
		except ModuleNotFoundError as error:
			package = (error.name or "").partition(".")[0]
			if package not in EXTRA_OF:
				raise
			raise WrongUse(f"The package {package} is not installed.", next=f"pip install '.[{EXTRA_OF[package]}]' in the clone") from error
	except CxrkitError as error:
		print(f"error: {error}", file=sys.stderr, flush=True)
		return error.exit_code
	except KeyboardInterrupt:
		stopped = Interrupted("Stopped by the user.", next="run the same command to go on from the last finished stage")
		print(f"\n{stopped}", file=sys.stderr, flush=True)
		return stopped.exit_code
'''[1:]


# ======================================
# cxrkit/evaluation/__init__.py
# ======================================

FILES['cxrkit/evaluation/__init__.py'] = r'''
"""Predictions in, numbers out: metrics, statistics, the decision which network is better. Neither torch nor text."""
'''[1:]


# ======================================
# cxrkit/evaluation/areas.py
# ======================================

FILES['cxrkit/evaluation/areas.py'] = r'''
"""Areas under the ROC and the precision-recall curve, with intervals over patients."""





import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

from cxrkit.evaluation.metrics import ONE_CLASS, Figure, Z, effective_n, wilson


def auc(is_covid, p_covid, groups=None) -> Figure:
	"""The area under the ROC curve, ties counted half, with DeLong's interval beside Newcombe's."""









	truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
	alone = delong(truth, p_covid, groups)
	if alone.value is None:
		return alone
	low, high = newcombe(alone.value, effective_n(groups[truth]), effective_n(groups[~truth]))
	if alone.low is not None and alone.high is not None:
		low, high = min(low, alone.low), max(high, alone.high)
	return Figure.of(alone.value, low, high, len(truth), "DeLong and Newcombe 95 %, the wider")


def delong(is_covid, p_covid, groups=None) -> Figure:
	"""The same area with DeLong's interval alone, on the logit scale; none where the classes are separated perfectly."""
	truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
	if truth.all() or not truth.any():
		return Figure.unknown(len(truth), ONE_CLASS)
	area, influence = mean_auc_influence(truth, p_covid)
	return _on_the_logit_scale(area, influence, truth, groups)


def _on_the_logit_scale(area: float, influence, truth, groups) -> Figure:
	variance = area_variance(influence, truth, groups)
	if variance == 0 or not 0 < area < 1:
		return Figure.of(area, None, None, len(influence), "none: no variance")
	logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
	low, high = (1 / (1 + np.exp(-(logit + sign * spread))) for sign in (-1, 1))
	return Figure.of(area, low, high, len(influence), "DeLong 95 %")


def _one_each(images, groups):
	return np.arange(len(images)) if groups is None else np.asarray(groups)


def newcombe(area: float, positives: float, negatives: float, z: float = Z) -> tuple[float, float]:
	"""The areas that lie z standard errors from the one seen, each with the standard error it would itself have."""



	half = (positives + negatives) / 2 - 1

	def standard_error(a):
		return np.sqrt(a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / (positives * negatives))

	def limit(end):
		if end == round(area) == area:
			return float(end)
		nearest, farthest = np.clip([area, end], 1e-9, 1 - 1e-9)
		return float(brentq(lambda a: abs(area - a) - z * standard_error(a), nearest, farthest, xtol=1e-12))

	return limit(0), limit(1)


def auc_influence(is_covid, p_covid):
	"""The area under the ROC curve, and how much each image moves it."""




	truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
	ranks, influence = rankdata(scores), np.zeros(len(scores))
	for members, sign in ((truth, 1), (~truth, -1)):
		beaten = (ranks[members] - rankdata(scores[members])) / (~members).sum()
		influence[members] = sign * (beaten - beaten.mean()) / members.sum()
		if sign == 1:
			area = float(beaten.mean())
	return area, influence


def mean_auc_influence(is_covid, p_covid):
	"""auc_influence averaged over the rows of p_covid (seeds x n, or n)."""
	parts = [auc_influence(is_covid, row) for row in np.atleast_2d(p_covid)]
	return float(np.mean([area for area, _ in parts])), np.mean([influence for _, influence in parts], axis=0)


def within_strata(is_covid, p_covid, strata, groups=None) -> Figure:
	"""The area with the stratum held fixed: how often, of a pair of one stratum, the COVID-19 image has the higher probability."""







	truth, groups, strata = np.asarray(is_covid, bool), _one_each(is_covid, groups), np.asarray(strata)
	partners = partners_in_stratum(truth, strata)
	compared = partners > 0
	if not compared.any():
		return Figure.unknown(0, "none: no stratum has both classes")
	area, influence = strata_influence(truth, p_covid, strata)
	alone = _on_the_logit_scale(area, influence[compared], truth[compared], groups[compared])
	worth = [_worth(partners[compared & of_class], groups[compared & of_class]) for of_class in (truth, ~truth)]
	low, high = newcombe(area, *worth)
	if alone.low is not None and alone.high is not None:
		low, high = min(low, alone.low), max(high, alone.high)
	return Figure.of(area, low, high, int(compared.sum()), "DeLong and Newcombe 95 % over strata, the wider")


def partners_in_stratum(is_covid, strata):
	"""n numbers: how many images of the other class each image's stratum has."""
	truth, (_, number) = np.asarray(is_covid, bool), np.unique(strata, return_inverse=True)
	positives, negatives = (np.bincount(number, of_class) for of_class in (truth, ~truth))
	return np.where(truth, negatives[number], positives[number])


def _worth(partners, groups) -> float:
	"""Kish's effective sample size of images that weigh as many pairs as they have partners, by patient."""
	of_patient = np.bincount(np.unique(groups, return_inverse=True)[1], partners)
	return float(of_patient.sum() ** 2 / (of_patient**2).sum())


def strata_influence(is_covid, p_covid, strata):
	"""The area within strata, the mean over the rows of p_covid, and how much each image moves it; as auc_influence."""




	truth, strata, rows = np.asarray(is_covid, bool), np.asarray(strata), np.atleast_2d(p_covid)
	partners = partners_in_stratum(truth, strata)
	pairs, won = partners[truth].sum(), np.zeros(rows.shape)
	for stratum in np.unique(strata[partners > 0]):
		inside = strata == stratum
		for row, scores in enumerate(rows):
			ranks = rankdata(scores[inside])
			for members, sign in ((truth[inside], 1), (~truth[inside], -1)):
				beaten = ranks[members] - rankdata(scores[inside][members])
				won[row, np.flatnonzero(inside)[members]] = beaten if sign == 1 else partners[inside][members] - beaten
	area = float(won[:, truth].sum(1).mean() / pairs)
	return area, (won.mean(0) - area * partners) / pairs


def area_variance(influence, is_covid, groups) -> float:
	"""The variance of an area, or of a difference between areas, whose patients are independent, but not their images."""





	truth, member = np.asarray(is_covid, bool), np.unique(groups, return_inverse=True)[1]
	parts = []
	for chosen in (truth, ~truth):
		there = np.bincount(member, chosen) > 0
		sums = np.bincount(member, np.where(chosen, influence, 0))
		parts.append((sums, there.sum() / max(there.sum() - 1, 1) * (there.sum() > 1)))
	(covid, of_covid), (normal, of_normal) = parts
	patients = len(covid)
	both = 2 * patients / max(patients - 1, 1) * (covid * normal).sum()
	return max(0.0, float(of_covid * (covid**2).sum() + of_normal * (normal**2).sum() + both))


def difference(is_covid, p_a, p_b, groups) -> tuple[Figure, float | None]:
	"""AUC(A) - AUC(B) on the same images, each averaged over its seeds, and its p-value; no value without both classes."""






	truth, groups = np.asarray(is_covid, bool), _one_each(is_covid, groups)
	if truth.all() or not truth.any():
		return Figure.unknown(len(truth), ONE_CLASS), None
	(area_a, influence_a), (area_b, influence_b) = mean_auc_influence(truth, p_a), mean_auc_influence(truth, p_b)
	value = area_a - area_b
	apart, of_a, of_b = (area_variance(each, truth, groups) for each in (influence_a - influence_b, influence_a, influence_b))
	correlation = np.clip((of_a + of_b - apart) / 2 / np.sqrt(of_a * of_b), -1, 1) if apart and of_a and of_b else 0.0
	a, b = auc(truth, p_a, groups), auc(truth, p_b, groups)
	limits = []
	for sign, (near, far) in ((-1, (area_a - (a.low or 0), (b.high or 0) - area_b)), (1, ((a.high or 0) - area_a, area_b - (b.low or 0)))):
		half = np.sqrt(max(near**2 + far**2 - 2 * correlation * near * far, 0))
		limits.append(value + sign * max(half, Z * np.sqrt(apart)))
	figure = Figure.of(value, max(-1, limits[0]), min(1, limits[1]), len(truth), "DeLong, paired, and Zou and Donner 95 %, the wider")
	return figure, float(2 * norm.sf(abs(value) / np.sqrt(apart))) if apart else 1.0


def average_precision(is_covid, p_covid, groups=None) -> Figure:
	"""Average precision, the step-wise area under the precision-recall curve."""



	truth = np.asarray(is_covid, bool)
	if truth.all() or not truth.any():
		return Figure.unknown(len(truth), ONE_CLASS)
	value = of_placements(placements(truth, p_covid) @ np.ones((len(truth), 1)))["average_precision"][0]
	n_effective = truth.sum() if groups is None else effective_n(np.asarray(groups)[truth])
	return Figure.of(value, *wilson(value, n_effective), len(truth), "Wilson 95 % at the positive class")


def placements(is_covid, p_covid) -> sparse.csr_matrix:
	"""(3 K + 1) x n zeros and ones, a single one an image: where it stands among the K scores that positive images have."""





	truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
	levels = np.unique(scores[truth])
	below, count = np.searchsorted(levels, scores, "right"), len(levels)
	tied = below > np.searchsorted(levels, scores, "left")
	row = count - below + np.where(truth, 0, np.where(tied, 2 * count + 1, count))
	return sparse.csr_matrix((np.ones(len(scores)), (row, np.arange(len(scores)))), (3 * count + 1, len(scores)))


def of_placements(sums) -> dict[str, np.ndarray]:
	"""{auc, average_precision: B values} of the sums of `placements` over B weightings of the images, (3 K + 1) x B."""
	count = len(sums) // 3
	positive, between, tied = np.split(sums, [count, 2 * count + 1])
	hits, alarms = positive.cumsum(0), (between[:count] + tied).cumsum(0)
	all_positive, all_negative = hits[-1], alarms[-1] + between[count]
	with np.errstate(invalid="ignore"):
		precision = np.nan_to_num(hits / (hits + alarms))
		return {
			"auc": (positive * (all_negative - alarms + tied / 2)).sum(0) / (all_positive * all_negative),
			"average_precision": (positive * precision).sum(0) / all_positive,
		}
'''[1:]


# ======================================
# cxrkit/evaluation/bootstrap.py
# ======================================

FILES['cxrkit/evaluation/bootstrap.py'] = r'''
"""Bootstrap intervals of every metric at once, with patients drawn, not images."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from cxrkit.evaluation import areas, metrics

RESAMPLES = 2000
AT_ONCE = 200
"""Resamples that are held as floating-point numbers at a time."""


@dataclass(frozen=True)
class Resamples:
	"""Patients drawn with replacement, again and again."""





	drawn: np.ndarray
	member: np.ndarray

	@property
	def weights(self) -> np.ndarray:
		"""How often each image stands in each resample: B x n."""
		return self.drawn[self.member].T.astype(float)

	def sums(self, rows) -> Iterator[np.ndarray]:
		"""The sums of K x n numbers, dense or sparse, over each resample's images: blocks of K x at most AT_ONCE, which make B."""
		patients, images = len(self.drawn), len(self.member)
		of_patient = sparse.csr_matrix((np.ones(images), (np.arange(images), self.member)), (images, patients))
		by_patient = sparse.csr_matrix(rows) @ of_patient
		for start in range(0, self.drawn.shape[1], AT_ONCE):
			yield by_patient @ self.drawn[:, start : start + AT_ONCE].astype(float)


def patient_weights(is_covid, groups, resamples=RESAMPLES, seed=0) -> Resamples:
	"""Resamples of the patients of n images."""





	random = np.random.default_rng(seed)
	members = np.unique(np.asarray(groups), return_inverse=True)[1]
	has_covid = np.bincount(members, is_covid) > 0
	drawn = np.zeros((len(has_covid), resamples), np.uint8)
	for stratum in (np.flatnonzero(has_covid), np.flatnonzero(~has_covid)):
		for start in range(0, resamples if len(stratum) else 0, AT_ONCE):
			block = slice(start, min(start + AT_ONCE, resamples))
			shares = np.full(len(stratum), 1 / len(stratum))
			drawn[stratum, block] = random.multinomial(len(stratum), shares, block.stop - start).T
	return Resamples(drawn, members)


def intervals(resamples: Resamples, is_covid, p_covid, threshold: float) -> dict[str, tuple[float, float]]:
	"""{metric: (low, high)}, the middle 95 % of each metric over the resamples; see `patient_weights`."""




	truth = np.asarray(is_covid, bool)
	called = np.asarray(p_covid, float) >= threshold
	cells = np.stack([truth & called, truth & ~called, ~truth & ~called, ~truth & called])
	tp, fn, tn, fp = np.hstack(list(resamples.sums(cells)))
	n = tp + fn + tn + fp
	with np.errstate(invalid="ignore"):  # a resample without one class, where patients have images of both
		resampled = {"error_rate": (fn + fp) / n, "accuracy": (tp + tn) / n}
		if truth.any():
			resampled["sensitivity"] = tp / (tp + fn)
		if not truth.all():
			resampled["specificity"] = tn / (tn + fp)
	if truth.any() and not truth.all():
		blocks = [areas.of_placements(sums) for sums in resamples.sums(areas.placements(truth, p_covid))]
		resampled |= metrics.summaries(tp, fn, tn, fp) | {name: np.hstack([block[name] for block in blocks]) for name in blocks[0]}
	return {name: middle(values) for name, values in resampled.items()}


def middle(values) -> tuple[float, float]:
	"""The limits that hold the middle 95 % of the values."""
	low, high = np.quantile(values, [0.025, 0.975])
	return float(low), float(high)
'''[1:]


# ======================================
# cxrkit/evaluation/calibration.py
# ======================================

FILES['cxrkit/evaluation/calibration.py'] = r'''
"""Calibration and temperature scaling: of the films given 80 % for COVID-19, are 80 % so?"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar

from cxrkit.evaluation.bootstrap import Resamples, middle
from cxrkit.evaluation.metrics import Figure, Z, effective_n, wilson

BINS = 10
CERTAIN = 1e-7
"""Probabilities are kept this far from 0 and 1: a float32 softmax rounds to 1 from about here on."""

STEPS = 60
"""Of Newton's method; it ends within ten where there is a maximum."""
PRIOR = 0.7
"""Of log T: temperatures from 1/4 to 4 in 95 of 100."""


@dataclass(frozen=True)
class Bin:
	"""A bin of the reliability curve. mean_p: the mean probability; share_covid: how many of its films are COVID-19."""

	mean_p: float
	share_covid: Figure


@dataclass(frozen=True)
class Decomposition:
	"""The parts of the Brier score: reliability - resolution + uncertainty + within_bins."""

	reliability: float
	resolution: float
	uncertainty: float
	within_bins: float


@dataclass(frozen=True)
class Calibration:
	"""bins: the reliability curve; ece: expected calibration error over bins of equal numbers of images; brier: the Brier score."""





	bins: list[Bin]
	ece: Figure
	brier: Figure
	decomposition: Decomposition
	intercept: Figure | None = None
	slope: Figure | None = None


def calibration(is_covid, p_covid, groups, weights: Resamples | None = None, bins=BINS) -> Calibration:
	"""The Calibration of n probabilities."""






	truth, p, groups = np.asarray(is_covid, float), np.asarray(p_covid, float), np.asarray(groups)
	member = equal_bins(p, bins)
	n, last = len(p), int(member.max()) + 1
	rows = sparse.csr_matrix((p - truth, (member, np.arange(n))), (last, n))
	rows = sparse.vstack([rows, (p - truth) ** 2, np.ones(n)])
	sums = np.hstack([rows @ np.ones((n, 1)), *(weights.sums(rows) if weights is not None else ())])
	ece, brier = np.abs(sums[:last]).sum(0) / sums[-1], sums[last] / sums[-1]
	return Calibration(
		bins=[_bin(p[member == b], truth[member == b], groups[member == b]) for b in range(last)],
		ece=_figure(ece, len(p)),
		brier=_figure(brier, len(p)),
		decomposition=decomposition(truth, p, member),
		intercept=_recalibrated(truth, p, groups, with_slope=False),
		slope=_recalibrated(truth, p, groups, with_slope=True),
	)


def _recalibrated(truth, p, groups, with_slope: bool) -> Figure:
	"""Calibration-in-the-large, the intercept of a logistic regression on log odds whose slope is 1; or the slope, beside an ..."""



	z, n = logits(p), len(p)
	design, offset = (np.stack([np.ones(n), z]), 0.0) if with_slope else (np.ones((1, n)), z)
	beta = np.zeros(len(design))
	for _ in range(STEPS):
		fitted = 1 / (1 + np.exp(-np.clip(beta @ design + offset, -500, 500)))
		information = (design * (fitted * (1 - fitted))) @ design.T
		if np.linalg.cond(information) > 1e12 or not truth.any() or truth.all():
			return Figure.unknown(n, "none: the classes are separated")
		step = np.linalg.solve(information, design @ (truth - fitted))
		beta += step * min(1, 2 / max(np.abs(step).max(), 1e-12))  # a whole step may leap beyond the maximum
	if np.abs(step).max() > 1e-6 or np.abs(beta).max() > 50:
		return Figure.unknown(n, "none: the classes are separated")
	member = np.unique(groups, return_inverse=True)[1]
	sums = np.stack([np.bincount(member, row * (truth - fitted)) for row in design])
	inverse, patients = np.linalg.inv(information), sums.shape[1]
	variance = (inverse @ (sums @ sums.T) @ inverse)[-1, -1] * patients / max(patients - 1, 1)
	half = Z * np.sqrt(variance)
	return Figure.of(beta[-1], beta[-1] - half, beta[-1] + half, n, "sandwich 95 % over patients")


def _figure(values, n) -> Figure:
	if len(values) == 1:
		return Figure.of(values[0], None, None, n, "none")
	return Figure.of(values[0], *middle(values[1:]), n, "bootstrap 95 % over patients")


def equal_bins(p_covid, bins=BINS):
	"""The bin of each probability, 0, 1, ...; bins of equal size as far as equal probabilities allow."""
	edges = np.unique(np.quantile(p_covid, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
	member = np.searchsorted(edges, p_covid, side="left")
	return np.unique(member, return_inverse=True)[1]


def _bin(p, truth, groups) -> Bin:
	share = truth.mean()
	return Bin(float(p.mean()), Figure.of(share, *wilson(share, effective_n(groups)), len(p), "Wilson 95 %"))


def decomposition(is_covid, p_covid, member) -> Decomposition:
	"""The parts of the Brier score of n probabilities in bins."""




	truth, p, sizes = np.asarray(is_covid, float), np.asarray(p_covid, float), np.bincount(member)
	mean_p, share = np.bincount(member, p) / sizes, np.bincount(member, truth) / sizes
	apart_p, apart_truth = p - mean_p[member], truth - share[member]
	return Decomposition(
		reliability=float((sizes * (mean_p - share) ** 2).sum() / len(p)),
		resolution=float((sizes * (share - truth.mean()) ** 2).sum() / len(p)),
		uncertainty=float(truth.mean() * (1 - truth.mean())),
		within_bins=float((apart_p**2 - 2 * apart_p * apart_truth).mean()),
	)


def logits(p_covid):
	"""Log odds of probabilities, any shape; those nearer to 0 or 1 than CERTAIN count as if they were that far."""
	p = np.clip(np.asarray(p_covid, float), CERTAIN, 1 - CERTAIN)
	return np.log(p / (1 - p))


def fit_temperature(is_covid, p_covid, shrunk: bool = True) -> float:
	"""The temperature, from 0.05 to 20, whose division of the logits makes the labels likeliest, shrunk towards 1."""






	signs, values = np.where(np.asarray(is_covid, bool), 1, -1), logits(p_covid)

	def unlikely(log_t: float) -> float:
		return np.logaddexp(0, -signs * values / np.exp(log_t)).sum() + (log_t**2 / (2 * PRIOR**2) if shrunk else 0.0)

	return float(np.exp(minimize_scalar(unlikely, bounds=np.log([0.05, 20]), method="bounded").x))


def rests_on_prior(is_covid, p_covid) -> bool:
	"""Whether the labels alone give no temperature: their likeliest one lies at an end of the range."""
	return not 0.06 < fit_temperature(is_covid, p_covid, shrunk=False) < 19


def tempered(p_covid, temperature):
	"""The probabilities with their logits divided by the temperature."""
	return 1 / (1 + np.exp(-logits(p_covid) / temperature))
'''[1:]


# ======================================
# cxrkit/evaluation/comparison.py
# ======================================

FILES['cxrkit/evaluation/comparison.py'] = r'''
"""Comparison of networks: each pair better, worse, equivalent or undecided, and what that rests on (comparison.json)."""

from dataclasses import astuple, dataclass
from itertools import combinations

import numpy as np

from cxrkit.config import short_name
from cxrkit.data.records import COLUMNS, Record
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, decision, metrics, outliers, planning, statistics, study
from cxrkit.evaluation.decision import Compared, Difference, RateVerdict, Verdict
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.files import sha256_of_json
from cxrkit.results import Results
from cxrkit.schema import VERSION, Best, ChosenOnValidation, Comparison, Discordant, Margins, NetworkErrors, Pair, RateDifference, RunToRun

ALIKE = ("equivalent", "equivalent in error")


@dataclass(frozen=True)
class Contestant:
	"""A network under one protocol, with all its seeds: its predictions on the held-out split, and on validation."""

	name: str
	architecture: str
	runs: tuple[str, ...]
	held: Predictions
	valid: Predictions | None

	def errors(self, threshold: float) -> dict[int, float]:
		"""{seed: error rate} on the held-out split."""
		return dict(zip(self.held.seeds, self.held.wrong(threshold).mean(1).tolist()))


def compare(runs: list[Results], threshold: float, margins: Margins = decision.MARGINS) -> Comparison:
	"""The Comparison of one run or several that share manifest, split and images."""





	check_margins(margins)
	check_comparable(runs)
	entrants = contestants(runs)
	couples = list(combinations(entrants, 2))
	first, covid = entrants[0].held, int(entrants[0].held.is_covid.sum())
	worth = [metrics.effective_n(first.groups[chosen]) for chosen in (first.is_covid, ~first.is_covid)]
	compared = [compare_predictions(a.held, b.held, threshold) for a, b in couples]
	verdicts = decision.decide(compared, margins)
	pairs = [_pair(a, b, c, v, threshold, len(couples), margins) for (a, b), c, v in zip(couples, compared, verdicts)]
	return Comparison(
		schema=VERSION,
		runs=[run.name for run in runs],
		manifest_sha256=runs[0].info.manifest_sha256,
		films=runs[0].info.films,
		split=runs[0].held_out,
		n=len(first.image_ids),
		covid=covid,
		patients=first.patients,
		threshold=threshold,
		margins=margins,
		alpha=decision.ALPHA,
		images_for_equivalence=[planning.images_for_equivalence(max(len(couples), 1), margin) for margin in astuple(margins)],
		networks=[_network(entrant, threshold) for entrant in entrants],
		pairs=pairs,
		chosen_on_validation=_chosen(entrants, threshold, runs[0].held_out),
		study=study.beside(margins, _confusions(entrants, threshold), *worth),
		best=best([entrant.name for entrant in entrants], pairs),
		started_from={run.name: run.info.started_from for run in runs},
	)


def shared_threshold(runs: list[Results], threshold: float | None = None) -> float:
	"""The threshold given, else the one that the runs' experiments share. Raises WrongUse."""
	if threshold is None:
		shared = {run.experiment.threshold for run in runs}
		if len(shared) > 1:
			raise WrongUse(
				f"The runs' thresholds differ: {sorted(shared)}.", ", ".join(str(run.folder) for run in runs), "name one with --threshold"
			)
		return shared.pop()
	if not 0 < threshold < 1:
		raise WrongUse(f"The threshold is {threshold}.", next="name a probability between 0 and 1")
	return threshold


def check_margins(margins: Margins) -> None:
	for rate, margin in vars(margins).items():
		if not 0 < margin < 1:
			words = f"The margin of equivalence of the {rate} is {margin}."
			raise WrongUse(words, next="name a difference between 0 and 1, such as 0.01")


def check_comparable(runs: list[Results]) -> None:
	"""Raise WrongUse, naming the difference, unless the runs saw the same images in the same splits."""
	first = runs[0]
	advice = "compare runs of one manifest; several splits of the same images: add --resplits"
	for other in runs[1:]:
		where = f"{first.folder} and {other.folder}"
		if first.info.manifest_sha256 != other.info.manifest_sha256:
			unlike = manifest_difference(first.manifest.by_id, other.manifest.by_id)
			raise WrongUse(f"The runs' manifests differ: {unlike}.", where, advice)
		if first.held_out != other.held_out:
			raise WrongUse(f"The runs' scores are on different splits: {first.held_out} and {other.held_out}.", where, advice)
		seen = [set(run.table.loc[run.table["split"] == run.held_out, "image_id"]) for run in (first, other)]
		if seen[0] != seen[1]:
			example = min(seen[0] ^ seen[1])
			raise WrongUse(
				f"The runs' images differ: {len(seen[0] ^ seen[1])} were scored by one run alone, such as {example}.", where, advice
			)


def manifest_difference(first: dict[str, Record], second: dict[str, Record]) -> str:
	"""In words, the most important difference between the used records of two manifests."""
	alone = set(first) ^ set(second)
	if alone:
		only = [len(set(a) - set(b)) for a, b in ((first, second), (second, first))]
		return f"{only[0]} used images are only in the first and {only[1]} only in the second, such as {min(alone)}"
	for column in ("label", "split", "sha256", "patient", *COLUMNS):
		rows = [image_id for image_id in first if getattr(first[image_id], column) != getattr(second[image_id], column)]
		if rows:
			name = min(rows)
			values = " and ".join(repr(getattr(records[name], column)) for records in (first, second))
			return f"the column {column} differs for {len(rows)} used images, such as {name}: {values}"
	return "only rows of images that are not used"


def protocol(run: Results) -> dict:
	"""What a run's experiment says of how its networks are trained, and on which films."""
	return run.experiment.settings("films", "numbers")


def contestants(runs: list[Results]) -> list[Contestant]:
	"""The Contestants of the runs. Runs of one protocol give their seeds to the same contestants."""



	by_key: dict[tuple[str, str], list[Results]] = {}
	for run in runs:
		for architecture in run.architectures:
			by_key.setdefault((sha256_of_json(protocol(run)), architecture), []).append(run)
	several = len({key for key, _ in by_key}) > 1
	entrants = []
	for (_, architecture), alike in by_key.items():
		name = short_name(architecture) + (f" ({alike[0].name})" if several else "")
		held, valid = (_joined(alike, architecture, split) for split in (alike[0].held_out, "valid"))
		if held is not None:
			entrants.append(Contestant(name, architecture, tuple(run.name for run in alike), held, valid))
	if not entrants:
		raise BadInput(
			"No network finished its last stage, so there is nothing to compare.",
			runs[0].folder,
			"let the run end: the same command goes on with it",
		)
	if len({entrant.name for entrant in entrants}) < len(entrants):
		raise WrongUse(
			"Two runs of different protocols have the same name.", ", ".join(str(run.folder) for run in runs), "rename one of their folders"
		)
	return entrants


def _joined(runs: list[Results], architecture: str, split: str) -> Predictions | None:
	"""The Predictions of one network from runs with different seeds."""
	parts = [part for run in runs if (part := run.predictions(architecture, split)) is not None]
	if len(parts) < len(runs):
		return None
	seeds = [seed for part in parts for seed in part.seeds]
	twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
	if twice:
		where = " and ".join(str(run.folder) for run in runs)
		raise WrongUse(
			f"{architecture} with seed {twice[0]} is in two runs of the same protocol.",
			where,
			"name each run once, or runs with different seeds",
		)
	order = np.argsort(seeds)
	stacked = np.concatenate([part.p_covid for part in parts])[order]
	return parts[0].with_rows([seeds[i] for i in order], stacked)


def compare_predictions(a: Predictions, b: Predictions, threshold: float) -> Compared[Difference]:
	"""The Differences between two networks on the same images."""
	return decision.compared(a.wrong(threshold), b.wrong(threshold), a.is_covid, a.groups, a.seeds, b.seeds)


def _network(entrant: Contestant, threshold: float) -> NetworkErrors:
	errors, n = entrant.errors(threshold), len(entrant.held.image_ids)
	values = list(errors.values())
	mean, positive = float(np.mean(values)), float(entrant.held.is_covid.mean())
	far = outliers.outlying(values, n, min(positive, 1 - positive) or 1.0)
	return NetworkErrors(
		name=entrant.name,
		architecture=entrant.architecture,
		runs=list(entrant.runs),
		seeds=list(errors),
		errors=values,
		error_rate=metrics.proportion(mean * n, n, metrics.effective_n(entrant.held.groups)),
		median=float(np.median(values)),
		outlying=[seed for seed, is_far in zip(errors, far) if is_far],
		outlying_at_most=outliers.share_at_most(int(far.sum()), len(values)),
		run_to_run=_run_to_run(values, n),
	)


def _run_to_run(errors: list[float], n: int) -> RunToRun:
	observed, predicted = statistics.run_to_run(errors, n)
	if observed.low is None or observed.high is None:
		return RunToRun(observed, predicted, "one run: not known")
	if observed.low > predicted:
		return RunToRun(observed, predicted, "more than predicted")
	return RunToRun(observed, predicted, "less than predicted" if observed.high < predicted else "as predicted")


def _pair(
	a: Contestant, b: Contestant, found: Compared[Difference], verdict: Verdict, threshold: float, pairs: int, margins: Margins
) -> Pair:
	auc, p_auc = areas.difference(a.held.is_covid, a.held.p_covid, b.held.p_covid, a.held.groups)
	d = found.error
	return Pair(
		a=a.name,
		b=b.name,
		verdict=verdict.word,
		as_trained=verdict.as_trained,
		difference=d.interval(),
		over_patients=d.interval_over_patients(),
		over_seeds=d.interval_over_seeds(),
		of_medians=float(np.median(list(a.errors(threshold).values())) - np.median(list(b.errors(threshold).values()))),
		p_difference=d.p_difference,
		p_difference_holm=verdict.p_difference,
		p_equivalence=d.p_equivalence(margins.error),
		p_equivalence_holm=verdict.p_error,
		p_all_equivalent_holm=verdict.p_equivalence,
		p_patients=d.p_as_trained,
		sensitivity=_rate(found.sensitivity, verdict.sensitivity),
		specificity=_rate(found.specificity, verdict.specificity),
		ppv=_predictive_value(a.held, b.held, threshold, True),
		npv=_predictive_value(a.held, b.held, threshold, False),
		mcnemar=_discordant(a.held, b.held, threshold),
		probability_better=statistics.probability_better(a.errors(threshold), b.errors(threshold)),
		auc_difference=auc,
		p_auc=p_auc,
		needed=planning.needed(found, pairs, margins) if verdict.word == "undecided" else None,
	)


def _rate(d: Difference | None, verdict: RateVerdict | None) -> RateDifference | None:
	if d is None or verdict is None:
		return None
	return RateDifference(verdict.word, d.interval(), d.interval_over_patients(), verdict.p_difference, verdict.p_equivalence)


def _predictive_value(a: Predictions, b: Predictions, threshold: float, positive: bool) -> Figure:
	"""The difference in positive or negative predictive value; unknown where a network gives no such answer."""
	truth, values, worth = a.is_covid == positive, [], []
	for held in (a, b):
		called = (held.p_covid >= threshold) == positive
		if not called.any():
			return Figure.unknown(len(truth), "none: a network gives no such answer")
		values.append(decision.ratio(called & truth, called))
		worth.append(metrics.effective_n(a.groups) * called.mean())
	return decision.difference(values[0], values[1], a.groups, a.seeds, b.seeds, min(worth)).interval()


def _discordant(a: Predictions, b: Predictions, threshold: float) -> list[Discordant]:
	wrong_a, wrong_b = (dict(zip(held.seeds, held.wrong(threshold))) for held in (a, b))
	rows = []
	for seed in a.seeds:
		if seed in wrong_b:
			only_a = int((wrong_a[seed] & ~wrong_b[seed]).sum())
			only_b = int((wrong_b[seed] & ~wrong_a[seed]).sum())
			rows.append(Discordant(seed, only_a, only_b, statistics.mcnemar(only_a, only_b)))
	return rows


def _chosen(entrants: list[Contestant], threshold: float, held_out: str) -> ChosenOnValidation | None:
	"""The network that validation chooses, and its one look at test; None where there is no test split."""
	valid = [entrant.valid for entrant in entrants if entrant.valid is not None]
	if held_out != "test" or len(valid) < len(entrants):
		return None
	error, name = min((float(part.wrong(threshold).mean()), entrant.name) for part, entrant in zip(valid, entrants))
	return ChosenOnValidation(name, error)


def _confusions(entrants: list[Contestant], threshold: float) -> dict[str, list[metrics.Confusion]]:
	"""{architecture: a Confusion a seed}, of the first contestant of each architecture."""
	by_architecture: dict[str, list[metrics.Confusion]] = {}
	for entrant in entrants:
		counts = [metrics.confusion(entrant.held.is_covid, p, threshold) for p in entrant.held.p_covid]
		by_architecture.setdefault(entrant.architecture, counts)
	return by_architecture


def best(names: list[str], pairs: list[Pair]) -> Best:
	"""The networks that may be the best, and what is known of it."""




	if len(names) < 2:
		return Best(names, "one network")
	beats = {(p.a, p.b) for p in pairs if p.verdict == "better"} | {(p.b, p.a) for p in pairs if p.verdict == "worse"}
	alike, in_error = ({frozenset((p.a, p.b)) for p in pairs if p.verdict in words} for words in (ALIKE[:1], ALIKE))
	beaten = {loser for _, loser in beats}
	left = [name for name in names if name not in beaten]
	if len(left) == 1 and all((left[0], other) in beats for other in names if other != left[0]):
		return Best(left, "the best")
	if len(left) > 1 and all(frozenset(pair) in alike for pair in combinations(left, 2)):
		return Best(left, "equally good")
	if len(left) > 1 and all(frozenset(pair) in in_error for pair in combinations(left, 2)):
		return Best(left, "equally good in error")
	return Best(left, "some are not" if beaten else "nothing")
'''[1:]


# ======================================
# cxrkit/evaluation/decision.py
# ======================================

FILES['cxrkit/evaluation/decision.py'] = r'''
"""Decision between two networks: better, worse, equivalent, equivalent in error or undecided, by one procedure."""











































import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from cxrkit.evaluation import statistics
from cxrkit.evaluation.metrics import Figure, effective_n
from cxrkit.schema.common import Margins, Word

ALPHA = 0.05
MARGINS = Margins()
TINY = 1e-12


@dataclass(frozen=True)
class Part:
	"""A share of a variance, and the degrees of freedom it was estimated with."""

	variance: float
	df: float


@dataclass(frozen=True)
class Difference:
	"""A's rate less B's, and what it rests on."""






	value: float
	n: int
	n_effective: float
	n_seeds: int
	patients: Part
	seeds: tuple
	both: float
	p_sign_flip: float

	@property
	def decidable(self):
		return bool(self.seeds)

	@property
	def p_difference(self):
		"""Two-sided p-value of no difference: the larger of the interval's and the sign-flip test's."""
		return max(p_value(abs(self.value), *self._both_ways()), self.p_sign_flip)

	@property
	def p_as_trained(self):
		"""The same over patients alone, for these very trained networks."""
		return max(p_value(abs(self.value), (self.patients,)), self.p_sign_flip)

	def p_equivalence(self, margin):
		"""One-sided p-value of a difference as large as the margin or larger."""
		at_margin = max(self.patients.variance, margin * (1 - margin) / self.n_effective)
		one_sided = p_value(abs(margin - abs(self.value)), *self._both_ways(at_margin)) / 2
		return one_sided if abs(self.value) < margin else 1 - one_sided

	def interval(self) -> Figure:
		"""The difference with its 95 % interval over patients and seeds together."""
		return self._figure("patients and seeds" if self.seeds else "patients only: a network ran once", *self._both_ways())

	def interval_over_patients(self) -> Figure:
		return self._figure("patients, for these seeds", (self.patients,))

	def interval_over_seeds(self) -> Figure:
		if not self.seeds:
			return Figure.of(self.value, None, None, self.n_seeds, "none: one run says nothing of the next")
		return replace(self._figure("seeds, for these patients", self.seeds), n=self.n_seeds)

	def _both_ways(self, over_patients=None):
		"""The parts of the variance over patients and seeds, and what both include."""
		patients = self.patients if over_patients is None else Part(over_patients, self.patients.df)
		return (patients, *self.seeds), self.both if self.seeds else 0.0

	def _figure(self, over, parts, both=0.0):
		half = half_width(ALPHA, parts, both)
		return Figure.of(self.value, self.value - half, self.value + half, self.n, f"Student 95 % over {over}")


def half_width(alpha, parts, both=0.0):
	"""Half the width of the 1 - alpha interval: the parts' own half-widths, added in quadrature."""



	squares = [stdtrit(part.df, alpha / 2) ** 2 * part.variance for part in parts]
	return float(np.sqrt(max(sum(squares) - ndtri(alpha / 2) ** 2 * both, *squares, 0.0)))


def p_value(distance, parts, both=0.0):
	"""The alpha at which the interval is just that wide: the two-sided p-value of a value that far off."""
	if half_width(1, parts, both) >= distance:
		return 1.0
	if half_width(TINY, parts, both) <= distance:
		return TINY
	return float(np.exp(brentq(lambda log_alpha: half_width(np.exp(log_alpha), parts, both) - distance, np.log(TINY), 0, xtol=1e-6)))


def difference(values_a, values_b, groups, seeds_a, seeds_b, worth=None) -> Difference:
	"""The Difference between two networks on the same n images."""







	exact = np.asarray(values_a).dtype == bool
	values_a, values_b = np.asarray(values_a, float), np.asarray(values_b, float)
	n, members = values_a.shape[1], np.unique(np.asarray(groups), return_inverse=True)[1]
	by_image = values_a.mean(0) - values_b.mean(0)
	value, n_effective = by_image.mean(), effective_n(members)
	sums, df = np.bincount(members, by_image - value), max(n_effective - 1, 1)
	over_patients = (sums**2).sum() / n**2 * n_effective / df + 1 / (worth or n_effective) ** 2
	flips = np.rint(np.bincount(members, by_image) * math.lcm(len(values_a), len(values_b))).astype(int) if exact else ()
	return Difference(
		value=float(value),
		n=n,
		n_effective=worth or n_effective,
		n_seeds=min(len(values_a), len(values_b)),
		patients=Part(float(over_patients), df),
		seeds=_over_seeds(dict(zip(seeds_a, values_a.mean(1))), dict(zip(seeds_b, values_b.mean(1)))),
		both=_both(values_a, members) + _both(values_b, members),
		p_sign_flip=statistics.sign_flip(flips) if exact else 0.0,
	)


def ratio(counted, of):
	"""seeds x n numbers whose mean is the ratio of two seeds x n tables of 0 and 1, by linearization (the delta method)."""




	counted, of = np.asarray(counted, float), np.asarray(of, float)
	value = counted.sum() / of.sum()
	return value + (counted - value * of) / of.mean()


def _over_seeds(errors_a, errors_b):
	"""The Parts of the variance over seeds of a difference between two networks' {seed: error rate}."""
	if min(len(errors_a), len(errors_b)) < 2:
		return ()
	paired = set(errors_a) == set(errors_b)
	samples = [[errors_a[seed] - errors_b[seed] for seed in errors_a]] if paired else [list(errors_a.values()), list(errors_b.values())]
	return tuple(Part(float(np.var(sample, ddof=1) / len(sample)), len(sample) - 1) for sample in samples)


def _both(values, members):
	"""The variance of a network's mean that single images in single runs bring; not known, and not used, for one run."""
	runs, n = values.shape
	if runs < 2:
		return 0.0
	rest = values - values.mean(0) - values.mean(1, keepdims=True) + values.mean()
	sums = np.stack([np.bincount(members, row) for row in rest])
	return float((sums**2).sum() / (n**2 * runs * (runs - 1)))


class Tested(Protocol):
	"""A difference in a rate that a verdict can be made of: a Difference, or one over several splits."""

	@property
	def value(self) -> float: ...
	@property
	def decidable(self) -> bool: ...
	@property
	def p_difference(self) -> float: ...
	@property
	def p_as_trained(self) -> float: ...
	def p_equivalence(self, margin: float) -> float: ...
	def interval(self) -> Figure: ...


T = TypeVar("T", bound=Tested)


@dataclass(frozen=True)
class Compared(Generic[T]):
	"""Two networks' differences on the same images. error: A's error rate less B's; sensitivity, specificity: A's less B's, ..."""


	error: T
	sensitivity: T | None = None
	specificity: T | None = None

	@property
	def rates(self) -> list[T]:
		return [rate for rate in (self.sensitivity, self.specificity) if rate is not None]


def compared(wrong_a, wrong_b, is_covid, groups, seeds_a, seeds_b) -> Compared[Difference]:
	"""The Compared of two networks that were wrong so (seeds x n booleans) about n images of that truth."""
	wrong_a, wrong_b, truth, groups = (np.asarray(values) for values in (wrong_a, wrong_b, is_covid, groups))

	def of_class(chosen):
		images = ~wrong_a[:, chosen], ~wrong_b[:, chosen], groups[chosen]
		return difference(*images, seeds_a, seeds_b) if chosen.any() else None

	return Compared(difference(wrong_a, wrong_b, groups, seeds_a, seeds_b), of_class(truth), of_class(~truth))


@dataclass(frozen=True)
class RateVerdict:
	"""word: what A is beside B in that rate, "equivalent" where the pair is; p_difference: after Holm over all pairs and ..."""


	word: Word
	p_difference: float
	p_equivalence: float


@dataclass(frozen=True)
class Verdict:
	"""word: what A is beside B."""






	word: Word
	p_difference: float
	p_error: float
	p_equivalence: float
	as_trained: Word
	sensitivity: RateVerdict | None
	specificity: RateVerdict | None


def decide(pairs: Sequence[Compared], margins: Margins = MARGINS, alpha=ALPHA) -> list[Verdict]:
	"""A Verdict for each of the Compared, which together are all pairs that were compared."""
	p_difference = statistics.holm([pair.error.p_difference for pair in pairs])
	p_error = statistics.holm([pair.error.p_equivalence(margins.error) for pair in pairs])
	p_equivalence = statistics.holm([_p_all_within(pair, margins) for pair in pairs])
	p_as_trained = statistics.holm([pair.error.p_as_trained for pair in pairs])
	p_rates = iter(statistics.holm([rate.p_difference for pair in pairs for rate in pair.rates]))
	verdicts = []
	for pair, differs, in_error, alike, trained in zip(pairs, p_difference, p_error, p_equivalence, p_as_trained):
		direction: Word = "better" if pair.error.value < 0 else "worse"
		word: Word = "undecided"
		if pair.error.decidable:
			word = "equivalent" if alike <= alpha else "equivalent in error" if in_error <= alpha else word
			word = direction if word == "undecided" and differs <= alpha else word
		rates = [
			None if rate is None else _rate_verdict(rate, next(p_rates), word, margin, alpha)
			for rate, margin in ((pair.sensitivity, margins.sensitivity), (pair.specificity, margins.specificity))
		]
		as_trained: Word = direction if trained <= alpha else "undecided"
		verdicts.append(Verdict(word, differs, in_error, alike, as_trained, *rates))
	return verdicts


def _p_all_within(pair: Compared, margins: Margins) -> float:
	"""The largest p-value of the three equivalences; 1 where a class is absent."""
	if pair.sensitivity is None or pair.specificity is None:
		return 1.0
	of_rates = pair.sensitivity.p_equivalence(margins.sensitivity), pair.specificity.p_equivalence(margins.specificity)
	return max(pair.error.p_equivalence(margins.error), *of_rates)


def _rate_verdict(rate: Tested, p: float, of_pair: Word, margin: float, alpha: float) -> RateVerdict:
	word: Word = "equivalent" if of_pair == "equivalent" else "undecided"
	if word == "undecided" and rate.decidable and p <= alpha:
		word = "better" if rate.value > 0 else "worse"
	return RateVerdict(word, p, rate.p_equivalence(margin))
'''[1:]


# ======================================
# cxrkit/evaluation/evaluate.py
# ======================================

FILES['cxrkit/evaluation/evaluate.py'] = r'''
"""Evaluation of finished runs: their scores and the comparison of their networks, from predictions alone. Nothing is trained."""

from collections.abc import Sequence

from cxrkit.evaluation import comparison, decision, scoring
from cxrkit.results import Results
from cxrkit.schema import Comparison, Margins, Metrics


def evaluate(
	results: Results,
	threshold: float | None = None,
	prevalences: Sequence[float] = scoring.PREVALENCES,
	sensitivity: float = scoring.SENSITIVITY,
	margins: Margins = decision.MARGINS,
) -> tuple[Metrics, Comparison]:
	"""Write metrics.json and comparison.json of a run, and return both; checksums.json, where it is there, follows."""




	comparison.check_margins(margins)
	threshold = comparison.shared_threshold([results], threshold)
	metrics = scoring.score(results, threshold, prevalences, sensitivity)
	compared = comparison.compare([results], threshold, margins)
	results.write(metrics)
	results.write(compared)
	return metrics, compared


def compare(runs: list[Results], threshold: float | None = None, margins: Margins = decision.MARGINS) -> Comparison:
	"""The Comparison of several runs on the same images; the threshold is the one that they share, unless given."""
	return comparison.compare(runs, comparison.shared_threshold(runs, threshold), margins)
'''[1:]


# ======================================
# cxrkit/evaluation/metrics.py
# ======================================

FILES['cxrkit/evaluation/metrics.py'] = r'''
"""Metrics of binary predictions, each a Figure: value, 95 % interval, n and method."""







from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

Z = norm.ppf(0.975)
DRAWS = 4000
ONE_CLASS = "none: one class only"


@dataclass(frozen=True)
class Figure:
	"""One estimate, in the one shape that every file, table and sentence of the kit knows."""





	value: float | None
	low: float | None
	high: float | None
	n: int | float
	method: str

	@classmethod
	def of(cls, value, low, high, n, method: str) -> "Figure":
		"""From any numbers, numpy's too; NaN becomes None."""
		return cls(_number(value), _number(low), _number(high), n, method)

	@classmethod
	def unknown(cls, n, reason: str) -> "Figure":
		"""Nothing could be estimated from n observations, for this reason."""
		return cls(None, None, None, n, reason)

	@property
	def known(self) -> bool:
		return self.value is not None

	@property
	def has_interval(self) -> bool:
		return self.low is not None and self.high is not None

	@property
	def width(self) -> float | None:
		return None if self.low is None or self.high is None else self.high - self.low

	def within(self, margin: float) -> bool:
		"""Whether the whole interval lies nearer to 0 than the margin."""
		return self.low is not None and self.high is not None and -margin < self.low and self.high < margin

	def negated(self) -> "Figure":
		"""The same difference the other way round."""
		value, low, high = (None if number is None else -number for number in (self.value, self.high, self.low))
		return Figure(value, low, high, self.n, self.method)


def _number(value) -> float | None:
	return None if value is None or np.isnan(value) else float(value)


@dataclass(frozen=True)
class Confusion:
	"""Counts with COVID-19 as the positive class; a mean over runs need not be whole."""

	tp: int | float
	fn: int | float
	tn: int | float
	fp: int | float

	@property
	def n(self):
		n = self.tp + self.fn + self.tn + self.fp
		return round(n) if abs(n - round(n)) < 1e-6 else n

	@property
	def wrong(self):
		return self.fn + self.fp


@dataclass(frozen=True)
class Rates:
	"""What a Confusion says, each with its interval."""

	error_rate: Figure
	accuracy: Figure
	sensitivity: Figure
	specificity: Figure
	balanced_accuracy: Figure
	f1: Figure
	mcc: Figure


@dataclass(frozen=True)
class PredictiveValues:
	"""prevalence: the share of people with COVID-19; ppv, npv: positive and negative predictive value there."""

	prevalence: float
	ppv: Figure
	npv: Figure


def confusion(is_covid, p_covid, threshold: float) -> Confusion:
	"""Counts at a threshold: an image is called COVID-19 when its probability is at least `threshold`."""



	truth, called = np.asarray(is_covid, bool), np.asarray(p_covid, float) >= threshold
	return Confusion(
		tp=int((truth & called).sum()),
		fn=int((truth & ~called).sum()),
		tn=int((~truth & ~called).sum()),
		fp=int((~truth & called).sum()),
	)


def mean_counts(runs: Sequence[Confusion]) -> Confusion:
	"""The mean Confusion of runs on the same images; its classes are as large as theirs, to the last digit."""
	tp, tn = (float(np.mean([getattr(run, name) for run in runs])) for name in ("tp", "tn"))
	return Confusion(tp=tp, fn=runs[0].tp + runs[0].fn - tp, tn=tn, fp=runs[0].tn + runs[0].fp - tn)


def effective_n(groups) -> float:
	"""The effective sample size of images in these groups (one key an image): the least that they are worth (Kish)."""
	sizes = np.unique(np.asarray(groups), return_counts=True)[1]
	return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0


def wilson(share: float, n: float, z: float = Z) -> tuple[float, float]:
	"""Wilson's interval of a proportion over n observations; n need not be whole."""



	centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
	half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
	return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def proportion(count: float, n: float, n_effective: float | None = None) -> Figure:
	"""count/n with Wilson's interval over the effective sample size (n, unless given)."""
	if n == 0:
		return Figure.unknown(0, "Wilson 95 %")
	n = round(n) if abs(n - round(n)) < 1e-6 else n  # a mean's classes add up to whole numbers but for rounding
	n_effective = n if n_effective is None else n_effective
	name = "Wilson 95 %" if np.isclose(n_effective, n) else f"Wilson 95 %, effective sample size {n_effective:.1f}"
	return Figure.of(count / n, *wilson(count / n, n_effective), n, name)


def minus(first: Figure, second: Figure, method: str = "Zou and Donner 95 %") -> Figure:
	"""first minus second, two independent figures; unknown where either is."""




	n, ends = first.n + second.n, []
	for figure in (first, second):
		if figure.value is None or figure.low is None or figure.high is None:
			return Figure.unknown(n, "none: one of the two is not known")
		ends.append((figure.low, figure.value, figure.high))
	(low, value, high), (other_low, other, other_high) = ends
	below, above, value = np.hypot(value - low, other_high - other), np.hypot(high - value, other - other_low), value - other
	return Figure.of(value, value - below, value + above, n, method)


def rates(counts: Confusion, covid_n: float | None = None, normal_n: float | None = None) -> Rates:
	"""The Rates of a Confusion."""







	covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
	covid_n = covid if covid_n is None else covid_n
	normal_n = normal if normal_n is None else normal_n
	all_n = counts.n**2 / (_square(covid, covid_n) + _square(normal, normal_n)) if counts.n else 0
	shares = {
		"error_rate": proportion(counts.wrong, counts.n, all_n),
		"accuracy": proportion(counts.n - counts.wrong, counts.n, all_n),
		"sensitivity": proportion(counts.tp, covid, covid_n),
		"specificity": proportion(counts.tn, normal, normal_n),
	}
	exact = summaries(counts.tp, counts.fn, counts.tn, counts.fp)
	if not covid or not normal:
		return Rates(**shares, **{name: Figure.unknown(counts.n, ONE_CLASS) for name in exact})
	sensitivity, specificity = likely_rates(counts, covid_n, normal_n)
	drawn = summaries(covid * sensitivity, covid * (1 - sensitivity), normal * specificity, normal * (1 - specificity))
	combined = {name: Figure.of(value, *_spread(drawn[name], value), counts.n, "Jeffreys 95 %") for name, value in exact.items()}
	return Rates(**shares, **combined)


def _square(n, n_effective):
	"""The sum of the squared group sizes behind n images worth n_effective."""
	return n**2 / n_effective if n else 0.0


def summaries(tp, fn, tn, fp):
	"""{name: value} of balanced accuracy, F1 and Matthews' correlation; 0 where they are not defined."""



	with np.errstate(divide="ignore", invalid="ignore"):
		balanced = (tp / np.add(tp, fn, dtype=float) + tn / np.add(tn, fp, dtype=float)) / 2
		f1 = np.nan_to_num(2 * tp / np.asarray(2 * tp + fp + fn, float))
		spread = np.sqrt(np.asarray(tp + fp, float) * (tp + fn) * (tn + fp) * (tn + fn))
		mcc = np.nan_to_num((tp * tn - fp * fn) / np.where(spread == 0, np.nan, spread))
	return {"balanced_accuracy": balanced, "f1": f1, "mcc": mcc}


def likely_rates(counts: Confusion, covid_n: float, normal_n: float, draws: int = DRAWS) -> tuple[np.ndarray, np.ndarray]:
	"""Draws of sensitivity and specificity from their Jeffreys distributions; the same each time."""
	random = np.random.default_rng(0)
	sensitivity, specificity = counts.tp / (counts.tp + counts.fn), counts.tn / (counts.tn + counts.fp)
	return (
		random.beta(sensitivity * covid_n + 0.5, (1 - sensitivity) * covid_n + 0.5, draws),
		random.beta(specificity * normal_n + 0.5, (1 - specificity) * normal_n + 0.5, draws),
	)


def _spread(drawn, value) -> tuple[float, float]:
	"""The middle 95 % of the draws, stretched to hold the value itself where it stands at a limit."""
	low, high = np.quantile(drawn, [0.025, 0.975])
	return min(low, value), max(high, value)


def predictive_values(
	counts: Confusion, prevalence: float, covid_n: float | None = None, normal_n: float | None = None
) -> PredictiveValues:
	"""The predictive values where that share of people have COVID-19 (Bayes' rule)."""



	covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
	if not covid or not normal:
		return PredictiveValues(prevalence, *[Figure.unknown(counts.n, ONE_CLASS)] * 2)
	drawn = likely_rates(counts, covid if covid_n is None else covid_n, normal if normal_n is None else normal_n)
	exact = _ppv_npv(np.float64(counts.tp / covid), np.float64(counts.tn / normal), prevalence)
	figures = []
	for value, likely in zip(exact, _ppv_npv(drawn[0], drawn[1], prevalence)):
		low, high = (None, None) if np.isnan(value) else _spread(likely, value)
		figures.append(Figure.of(value, low, high, counts.n, "Jeffreys 95 %"))
	return PredictiveValues(prevalence, *figures)


def _ppv_npv(sensitivity, specificity, prevalence) -> tuple:
	with np.errstate(divide="ignore", invalid="ignore"):
		hits, misses = sensitivity * prevalence, (1 - sensitivity) * prevalence
		alarms, passes = (1 - specificity) * (1 - prevalence), specificity * (1 - prevalence)
		return hits / (hits + alarms), passes / (passes + misses)


def threshold_for(sensitivity, is_covid, p_covid) -> tuple[float, bool]:
	"""The highest threshold that promises that share of new COVID-19 images, and whether any does."""






	positive = np.sort(np.asarray(p_covid, float)[np.asarray(is_covid, bool)])[::-1]
	rank = int(np.ceil(sensitivity * (len(positive) + 1) - 1e-9))
	return float(positive[min(rank, len(positive)) - 1]), rank <= len(positive)


def threshold_at_specificity(specificity, is_covid, p_covid) -> tuple[float, bool]:
	"""The lowest threshold that promises that share of new normal images to lie below it, and whether any does; as threshold_for."""
	highest, promised = threshold_for(specificity, ~np.asarray(is_covid, bool), -np.asarray(p_covid, float))
	return float(np.nextafter(-highest, np.inf)), promised
'''[1:]


# ======================================
# cxrkit/evaluation/outliers.py
# ======================================

FILES['cxrkit/evaluation/outliers.py'] = r'''
"""Trainings that failed or stand far off, and how many such ones the seeds drawn may have missed."""





import numpy as np
from scipy.stats import beta

from cxrkit.evaluation.statistics import predicted_sd

FEW_SEEDS = 10
"""With fewer, a network that fails in every fourth training may have shown none of it."""
FAR = 5
"""Standard deviations above the median from which on a training stands far off."""
MAD_TO_SD = 1.4826
"""Of normal errors, the standard deviation over the median absolute deviation."""


def outlying(errors, n: int, rarer: float) -> np.ndarray:
	"""Which of a network's trainings are outlying: one boolean an error rate."""






	errors = np.asarray(errors, float)
	middle = np.median(errors)
	spread = max(predicted_sd(max(middle, 1 / n), n), MAD_TO_SD * np.median(np.abs(errors - middle)))
	return (errors >= rarer) | (errors > middle + FAR * spread)


def share_at_most(outlying: int, trainings: int) -> float:
	"""The share of all trainings that may be outlying, with 95 % confidence, after so many of those drawn were."""




	return 1.0 if outlying == trainings else float(beta.ppf(0.95, outlying + 1, trainings - outlying))
'''[1:]


# ======================================
# cxrkit/evaluation/planning.py
# ======================================

FILES['cxrkit/evaluation/planning.py'] = r'''
"""How much more would decide a pair of networks: seeds and images, as ranges, for a difference and for equivalence."""

import math
from dataclasses import astuple, replace

from scipy.stats import norm

from cxrkit.evaluation.decision import ALPHA, MARGINS, Compared, Difference, Part, half_width
from cxrkit.schema.common import Margins
from cxrkit.schema.comparisons import Needed, Range

POWER = 0.8
CONFIDENCE = 0.8
"""Of the interval of the difference whose two ends give the two ends of a range."""
MANY_SEEDS = 20
MOST_SEEDS = 1000
MOST_IMAGES = 10_000_000


def needed(pair: Compared[Difference], pairs: int, margins: Margins = MARGINS, alpha=ALPHA, power=POWER) -> Needed | None:
	"""How much would decide the pair, with 80 % power at Holm's first step; None where a network ran once."""






	d = pair.error
	if not d.decidable:
		return None
	half = half_width(1 - CONFIDENCE, (d.patients, *d.seeds), d.both)
	near, far = max(abs(d.value) - half, 0.0), abs(d.value) + half

	def end(value: float, enough, low: int, high: int) -> int | None:
		at_end = replace(d, value=value)
		return _smallest(lambda k: enough(at_end, k), low, high) if value else None

	def of(enough, low: int, high: int) -> Range:
		return Range(end(far, enough, low, high), end(near, enough, low, high))

	def alike(rate: Difference | None, margin: float) -> int | None:
		if rate is None:
			return None
		return _smallest(lambda n: _alike(rate, n * rate.n / d.n, pairs, margin, alpha, power), d.n, MOST_IMAGES)

	images = [alike(rate, margin) for rate, margin in zip((d, pair.sensitivity, pair.specificity), astuple(margins))]
	known = [n for n in images if n is not None]
	return Needed(
		seeds=of(lambda e, s: _decided(e, d.n, s, pairs, alpha, power), 2, MOST_SEEDS),
		images=of(lambda e, n: _decided(e, n, d.n_seeds, pairs, alpha, power), d.n, MOST_IMAGES),
		images_at_20_seeds=of(lambda e, n: _decided(e, n, MANY_SEEDS, pairs, alpha, power), d.n, MOST_IMAGES),
		images_for_equivalence=max(known) if len(known) == len(images) else None,
	)


def _scaled(d: Difference, n: float, seeds: int):
	"""The parts of the variance, and what both include, with n images and so many seeds of each network."""
	more_images, more_seeds = n / d.n, seeds / d.n_seeds
	single = d.both / more_images / more_seeds
	pseudo = 1 / d.n_effective**2
	over_patients = max(d.patients.variance - pseudo - d.both, 0) / more_images + single + pseudo / more_images**2
	over_seeds = max(sum(part.variance for part in d.seeds) - d.both, 0) / more_seeds + single
	return Part(over_patients, max(d.n_effective * more_images - 1, 1)), Part(over_seeds, seeds - 1), single


def _decided(d: Difference, n, seeds, pairs, alpha, power) -> bool:
	"""Whether n images and that many seeds of each network would decide the difference, were it the true one."""
	*parts, single = _scaled(d, n, seeds)
	return abs(d.value) >= half_width(alpha / pairs, parts, single) + half_width(2 * (1 - power), parts, single)


def _alike(d: Difference, n, pairs, margin, alpha, power) -> bool:
	"""Whether n images at 20 seeds would show that a true difference of 0 lies within the margin."""
	patients, seeds, single = _scaled(d, n, max(MANY_SEEDS, d.n_seeds))
	at_margin = replace(patients, variance=max(patients.variance, margin * (1 - margin) / (d.n_effective * n / d.n)))
	spread = half_width(1 - power, (patients, seeds), single)
	return margin >= half_width(2 * alpha / pairs, (at_margin, seeds), single) + spread


def _smallest(enough, low, high):
	"""The smallest whole number from low to high with which it is enough, None where even high is not."""
	if not enough(high):
		return None
	while low < high:
		middle = (low + high) // 2
		low, high = (low, middle) if enough(middle) else (middle + 1, high)
	return int(low)


def images_for_equivalence(pairs, margin=MARGINS.error, alpha=ALPHA):
	"""The fewest independent images on which networks that never differ could be called equivalent."""
	return math.ceil(norm.ppf(1 - alpha / pairs) ** 2 * (1 - margin) / margin)
'''[1:]


# ======================================
# cxrkit/evaluation/predictions.py
# ======================================

FILES['cxrkit/evaluation/predictions.py'] = r'''
"""Predictions: what one network says of the images of one split, over its seeds; and predictions.csv, read and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxrkit import columns
from cxrkit.columns import STAGES
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput

JOB = ("architecture", "seed", "stage")
HELD_OUT = ("valid", "test")
NAMED = 50
"""So many missing films are named one by one."""


@dataclass(frozen=True)
class Predictions:
	"""One network's probabilities for the n images of a split, over S seeds; images in the order of image_ids."""




	image_ids: tuple[str, ...]
	is_covid: np.ndarray
	groups: np.ndarray
	seeds: tuple[int, ...]
	p_covid: np.ndarray

	@property
	def patients(self) -> int:
		return len(np.unique(self.groups))

	def wrong(self, threshold) -> np.ndarray:
		"""S x n booleans: whether the network was wrong; one threshold for all seeds, or one a seed."""
		return (self.p_covid >= np.reshape(threshold, (-1, 1))) != self.is_covid

	def ensemble(self) -> "Predictions":
		"""The ensemble over seeds: the mean probability, as one row."""
		return self.with_rows((), self.p_covid.mean(0, keepdims=True))

	def row(self, index: int) -> "Predictions":
		"""One seed alone."""
		return self.with_rows(self.seeds[index : index + 1], self.p_covid[index : index + 1])

	def of(self, image_ids: Sequence[str]) -> "Predictions":
		"""The predictions of these images, in their order, each found by its name. Raises BadInput where one has none."""
		place = {image_id: index for index, image_id in enumerate(self.image_ids)}
		lacking = [image_id for image_id in image_ids if image_id not in place]
		if lacking:
			what = f"{len(lacking)} of {len(image_ids)} images have no prediction, the first: {lacking[0]}."
			raise BadInput(what, next="restore predictions.csv from the run's output, or run the training again")
		chosen = [place[image_id] for image_id in image_ids]
		return Predictions(tuple(image_ids), self.is_covid[chosen], self.groups[chosen], self.seeds, self.p_covid[:, chosen])

	def with_rows(self, seeds, p_covid) -> "Predictions":
		"""The same images with other rows of probabilities."""
		return Predictions(self.image_ids, self.is_covid, self.groups, tuple(seeds), np.asarray(p_covid))


def read_table(path: Path, wanted: tuple[str, ...], text: tuple[str, ...] = ()) -> pd.DataFrame:
	"""A CSV file of a results folder with these columns, those in `text` as text. Raises BadInput."""
	try:
		table = pd.read_csv(path, dtype=dict.fromkeys(text, str))
	except FileNotFoundError:
		raise BadInput(f"There is no {path.name} here.", path, "name the results folder of a finished run") from None
	except (ValueError, UnicodeDecodeError) as error:
		raise BadInput(f"The file is no readable CSV: {error}.", path, "restore it from the run's output") from error
	lacking = [column for column in wanted if column not in table]
	if lacking:
		raise BadInput(f"The file lacks the columns {', '.join(lacking)}.", path, "restore it from the run's output")
	return table


def read(path: Path, manifest: Manifest, architectures: Sequence[str] = ()) -> pd.DataFrame:
	"""predictions.csv with the columns `split` and `group` (patient, copies included) of its manifest added."""




	table = read_table(path, columns.PREDICTIONS, text=("architecture", "stage", "image_id", "label"))
	if table.empty:
		raise BadInput("The file holds no prediction.", path, "restore it from the run's output")
	by_id = manifest.by_id
	table["split"] = table["image_id"].map({image_id: record.split for image_id, record in by_id.items()})
	table["group"] = table["image_id"].map(manifest.groups)
	_check(table, {image_id: record.label for image_id, record in by_id.items()}, architectures, path)
	_check_whole(table, by_id, path)
	return table


def _check(table, label_of, architectures, path):
	truth = table["image_id"].map(label_of)
	values, seeds = (pd.to_numeric(table[column], errors="coerce") for column in ("p_covid", "seed"))
	names = table["architecture"]
	complaints = {
		"is of no network": names.isna(),
		f"is of another network than the experiment's ({', '.join(architectures)})": ~names.isin(architectures) & bool(architectures),
		f"is of a stage that is none of {', '.join(STAGES)}": ~table["stage"].isin(STAGES),
		"has a seed that is no whole number": ~(seeds >= 0) | (seeds % 1 != 0),
		"names an image that the manifest does not use": table["split"].isna(),
		"gives an image another label than the manifest": table["split"].notna() & (table["label"] != truth),
		f"has a label that is none of {', '.join(LABELS)}": ~table["label"].isin(LABELS),
		"has a probability outside 0 to 1": ~values.between(0, 1),
		"repeats an image of the same network, seed and stage": table.duplicated([*JOB, "image_id"]),
	}
	for complaint, rows in complaints.items():
		if rows.any():
			row = int(np.flatnonzero(rows)[0])
			raise BadInput(f"A prediction {complaint}: {table['image_id'].iloc[row]}.", f"{path}, row {row + 2}", "run the training again")
	table["p_covid"], table["seed"] = values, seeds.astype(int)


def _check_whole(table, by_id, path):
	"""Every training is judged on every film that the manifest holds out: those that all networks lack too."""
	held_out = {split: {image_id for image_id, record in by_id.items() if record.split == split} for split in HELD_OUT}
	for job, rows in table.groupby(list(JOB), sort=False):
		seen = set(rows["image_id"])
		for split, images in held_out.items():
			if lacking := sorted(images - seen):
				what = f"{' '.join(map(str, job))} has predictions for {len(images) - len(lacking)} of the {len(images)} images in {split}"
				more = f" and {len(lacking) - NAMED:,} more" if len(lacking) > NAMED else ""
				named = f"It lacks {', '.join(lacking[:NAMED])}{more}."
				raise BadInput(f"Predictions are missing: {what}. {named}", path, "restore the file, or run the training again")


def select(part: pd.DataFrame) -> Predictions:
	"""The Predictions of one network, split and stage, seeds ascending, images by image_id; part: its rows of what `read` returns."""
	part = part.sort_values(["seed", "image_id"], kind="stable")
	seeds = part["seed"].unique()
	images = part[: len(part) // len(seeds)]
	return Predictions(
		image_ids=tuple(images["image_id"]),
		is_covid=(images["label"] == POSITIVE).to_numpy(),
		groups=pd.factorize(images["group"])[0],
		seeds=tuple(int(seed) for seed in seeds),
		p_covid=part["p_covid"].to_numpy(float).reshape(len(seeds), -1),
	)
'''[1:]


# ======================================
# cxrkit/evaluation/scoring.py
# ======================================

FILES['cxrkit/evaluation/scoring.py'] = r'''
"""Scoring: the metrics of every network, seed, stage and split of a run, from its predictions (metrics.json)."""

from dataclasses import replace
from functools import cached_property
from typing import Literal

import numpy as np

from cxrkit.columns import LAST_STAGE
from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, bootstrap, metrics, study
from cxrkit.evaluation.calibration import calibration, fit_temperature, rests_on_prior, tempered
from cxrkit.evaluation.predictions import Predictions
from cxrkit.evaluation.usefulness import decision_curve
from cxrkit.results import Results
from cxrkit.schema import VERSION, Metrics, OperatingPoint, Scaling, Score

PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SENSITIVITY = SPECIFICITY = 0.95


def score(results: Results, threshold: float, prevalences=PREVALENCES, sensitivity: float = SENSITIVITY) -> Metrics:
	"""The Metrics of a run."""





	for name, values in (("threshold", [threshold]), ("prevalence", prevalences), ("sensitivity", [sensitivity])):
		if not all(0 < value < 1 for value in values):
			raise WrongUse(f"A {name} lies outside 0 to 1: {values}.", next="name shares between 0 and 1, such as 0.05")
	return Scorer(results, threshold, (study.prevalence(), *prevalences), sensitivity).metrics()


class Scorer:
	"""Scores one run; what several of its rows share, such as the patients drawn, is computed once."""

	def __init__(self, results: Results, threshold: float, prevalences: tuple[float, ...], sensitivity: float):
		self.results, self.threshold, self.prevalences, self.sensitivity = results, threshold, prevalences, sensitivity
		self.drawn: dict[tuple[str, ...], bootstrap.Resamples] = {}

	def metrics(self) -> Metrics:
		results, scores, means = self.results, [], []
		rows = results.table[["architecture", "stage", "split"]].drop_duplicates()
		for architecture, stage, split in rows.itertuples(index=False, name=None):
			held = results.required(architecture, split, stage)
			scores += self._runs(held, architecture, stage, split)
			if stage == LAST_STAGE and len(held.seeds) > 1:
				means.append(self._mean(held, architecture, split))
		scores.sort(key=self._order)
		ensembles = []
		for split in dict.fromkeys(row.split for row in scores if row.stage == LAST_STAGE):
			ensembles += self._ensembles(split)
		return Metrics(
			schema=VERSION,
			positive_class=POSITIVE,
			threshold=self.threshold,
			manifest_sha256=results.info.manifest_sha256,
			films=results.info.films,
			started_from=results.info.started_from,
			held_out=results.held_out,
			scores=scores,
			means=means,
			ensembles=ensembles,
		)

	def _order(self, row: Score):
		"""Rows stand in the order of predictions.csv."""
		architectures, stages = self._names
		return row.seeds[0], architectures.index(row.architecture), stages.index(row.stage), row.split

	@cached_property
	def _names(self) -> tuple[list[str], list[str]]:
		"""Networks and stages, in the order of predictions.csv."""
		table = self.results.table
		return list(table["architecture"].unique()), list(table["stage"].unique())

	def _runs(self, held: Predictions, architecture, stage, split) -> list[Score]:
		"""One row a seed; operating point and calibration for the last stage alone."""
		valid = self.results.predictions(architecture, "valid", stage) if stage == LAST_STAGE else None
		rows = []
		for index, seed in enumerate(held.seeds):
			row = self._score("run", [architecture], [seed], stage, split, held.row(index), valid and valid.row(index))
			rows.append(replace(row, seconds_per_epoch=self._seconds.get((architecture, seed, stage))))
		return rows

	@cached_property
	def _seconds(self) -> dict:
		"""{(architecture, seed, stage): median seconds an epoch}."""
		if self.results.epochs.empty:
			path = self.results.folder / "epochs.csv"
			raise BadInput("There are no learning curves here.", path, "name the results folder of a finished run")
		medians = self.results.epochs.groupby(["architecture", "seed", "stage"])["seconds"].median()
		return {key: float(value) for key, value in medians.items()}

	def _mean(self, held: Predictions, architecture, split) -> Score:
		"""The mean over seeds. Its intervals are over patients, for these seeds; comparison.json has the spread over seeds."""
		runs = [metrics.confusion(held.is_covid, p, self.threshold) for p in held.p_covid]
		counts = metrics.mean_counts(runs)
		return Score(
			kind="mean",
			architectures=[architecture],
			seeds=list(held.seeds),
			stage=LAST_STAGE,
			split=split,
			confusion=counts,
			patients=held.patients,
			rates=metrics.rates(counts, *effective_sizes(held)),
			auc=areas.auc(held.is_covid, held.p_covid, held.groups),
			delong=None,
			average_precision=None,
			bootstrap={},
			predictive_values=[],
			operating_point=None,
			at_specificity=None,
			decision_curve=[],
			scaling=None,
			seconds_per_epoch=None,
		)

	def _ensembles(self, split) -> list[Score]:
		"""A row for each network's mean probability over its seeds, and one for the mean over all networks."""
		averages, rows = {}, []
		for architecture in self._names[0]:
			held, valid = (self.results.predictions(architecture, part) for part in (split, "valid"))
			if held is not None:
				averages[architecture] = held.ensemble(), valid and valid.ensemble()
				if len(held.seeds) > 1:
					rows.append(self._ensemble([architecture], held.seeds, *averages[architecture], split))
		if len(averages) > 1:
			held, valid = (_mean_of(part) for part in zip(*averages.values()))
			seeds = sorted({seed for architecture in averages for seed in self.results.required(architecture, split).seeds})
			rows.append(self._ensemble(list(averages), seeds, held, valid, split))
		return rows

	def _ensemble(self, architectures, seeds, held, valid, split) -> Score:
		return self._score("ensemble", architectures, list(seeds), LAST_STAGE, split, held, valid)

	def _score(self, kind, architectures, seeds, stage, split, held: Predictions, valid: Predictions | None) -> Score:
		"""One row. held, valid: one row of probabilities each, on the split and on validation; nothing is chosen without the latter."""
		p_covid = held.p_covid[0]
		counts, sizes = metrics.confusion(held.is_covid, p_covid, self.threshold), effective_sizes(held)
		rates = metrics.rates(counts, *sizes)
		auc = areas.auc(held.is_covid, p_covid, held.groups)
		average_precision = areas.average_precision(held.is_covid, p_covid, held.groups)
		values = vars(rates) | {"auc": auc, "average_precision": average_precision}
		resampled = bootstrap.intervals(self._weights(held), held.is_covid, p_covid, self.threshold) if stage == LAST_STAGE else {}
		return Score(
			kind=kind,
			architectures=architectures,
			seeds=seeds,
			stage=stage,
			split=split,
			confusion=counts,
			patients=held.patients,
			rates=rates,
			auc=auc,
			delong=areas.delong(held.is_covid, p_covid, held.groups),
			average_precision=average_precision,
			bootstrap={
				name: replace(values[name], low=low, high=high, method="bootstrap 95 % over patients")
				if low < high
				else replace(values[name], method=f"{values[name].method}, for no resample differs")
				for name, (low, high) in resampled.items()
			},
			predictive_values=[metrics.predictive_values(counts, share, *sizes) for share in self.prevalences],
			operating_point=self._operating_point("sensitivity", held, valid, split),
			at_specificity=self._operating_point("specificity", held, valid, split),
			decision_curve=decision_curve(held.is_covid, p_covid, held.groups) if stage == LAST_STAGE else [],
			scaling=self._scaling(held, valid, split),
			seconds_per_epoch=None,
		)

	def _operating_point(self, of: Literal["sensitivity", "specificity"], held, valid, split) -> OperatingPoint | None:
		"""The threshold chosen on validation for the wanted rate, and the rates it has on this split."""
		wanted, choose = (
			(self.sensitivity, metrics.threshold_for) if of == "sensitivity" else (SPECIFICITY, metrics.threshold_at_specificity)
		)
		if valid is None or not (valid.is_covid == (of == "sensitivity")).any():
			return None
		threshold, promised = choose(wanted, valid.is_covid, valid.p_covid[0])
		counts = metrics.confusion(held.is_covid, held.p_covid[0], threshold)
		rates = metrics.rates(counts, *effective_sizes(held))
		return OperatingPoint(of, wanted, promised, threshold, "valid", split == "valid", counts, rates)

	def _scaling(self, held, valid, split) -> Scaling | None:
		"""Calibration before and after a temperature that is fitted on validation, never on the films that are judged."""
		if valid is None:
			return None
		fitted = valid.is_covid, valid.p_covid[0]
		temperature = fit_temperature(*fitted)
		p_covid, weights = held.p_covid[0], self._weights(held)
		return Scaling(
			temperature=temperature,
			rests_on_prior=rests_on_prior(*fitted),
			fitted_on="valid",
			same_images=split == "valid",
			before=calibration(held.is_covid, p_covid, held.groups, weights),
			after=calibration(held.is_covid, tempered(p_covid, temperature), held.groups, weights),
		)

	def _weights(self, held: Predictions) -> bootstrap.Resamples:
		if held.image_ids not in self.drawn:
			self.drawn[held.image_ids] = bootstrap.patient_weights(held.is_covid, held.groups)
		return self.drawn[held.image_ids]


def effective_sizes(held: Predictions) -> tuple[float, float]:
	"""The effective sample sizes of the COVID-19 and the normal images."""
	return metrics.effective_n(held.groups[held.is_covid]), metrics.effective_n(held.groups[~held.is_covid])


def _mean_of(averages: tuple[Predictions | None, ...]) -> Predictions | None:
	"""The mean over networks of their mean over seeds; None where one has no prediction."""
	there = [average for average in averages if average is not None]
	if len(there) < len(averages):
		return None
	return there[0].with_rows((), np.mean([average.p_covid for average in there], axis=0))


def final_scores(metrics: Metrics, kind: str = "scores") -> list[Score]:
	"""The rows after the last stage, on the held-out split; kind: scores, means or ensembles."""
	return [row for row in getattr(metrics, kind) if row.stage == LAST_STAGE and row.split == metrics.held_out]
'''[1:]


# ======================================
# cxrkit/evaluation/statistics.py
# ======================================

FILES['cxrkit/evaluation/statistics.py'] = r'''
"""Statistical tests and intervals, each for one question; `decision` says how they make a verdict."""

import math

import numpy as np
from scipy.stats import binomtest, chi2, norm, t

from cxrkit.evaluation.metrics import Figure, wilson

EXACT_UP_TO = 1000


def mcnemar(only_a_wrong, only_b_wrong):
	"""The two-sided exact p-value for two networks on the same images, from the images that one alone got wrong."""



	n = only_a_wrong + only_b_wrong
	return float(binomtest(min(only_a_wrong, only_b_wrong), n, 0.5).pvalue) if n else 1.0


def sign_flip(values):
	"""The two-sided exact p-value for whole numbers whose signs were as likely the other way round."""






	values = np.asarray(values, dtype=np.int64)
	values = values[values != 0]
	if not len(values):
		return 1.0
	if len(values) > EXACT_UP_TO:
		return float(2 * norm.sf(abs(values.sum()) / np.sqrt((values.astype(float) ** 2).sum())))
	sizes = np.abs(values) // math.gcd(*(int(value) for value in values))
	seen = abs(int(values.sum())) // math.gcd(*(int(value) for value in values))
	reach = int(sizes.sum())
	# Of all sign patterns, the share at which the positive ones add up to 0, 1, 2, ...: one shift a value.
	shares = np.zeros(reach + 1)
	shares[0] = 1.0
	filled = 0
	for size in sizes:
		shares[: filled + size + 1] /= 2
		shares[size : filled + size + 1] += shares[: filled + 1].copy()
		filled += size
	sums = np.abs(2 * np.arange(reach + 1) - reach)
	return float(min(1.0, shares[sums >= seen].sum()))


def holm(p_values):
	"""Holm's adjusted p-values, in the order given (Holm 1979, Scand. J. Stat. 6:65)."""
	p_values = np.asarray(p_values, float)
	order, adjusted, largest = np.argsort(p_values, kind="stable"), np.empty(len(p_values)), 0.0
	for rank, index in enumerate(order):
		largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
		adjusted[index] = largest
	return adjusted.tolist()


def probability_better(errors_a: dict[int, float], errors_b: dict[int, float]) -> Figure:
	"""P(A > B): how likely a run of A errs less than a run of B, ties counted half."""





	if set(errors_a) == set(errors_b):
		a, b = np.array([[errors_a[seed], errors_b[seed]] for seed in errors_a]).T
	else:
		a, b = np.array(list(errors_a.values()))[:, None], np.array(list(errors_b.values()))[None, :]
	value = float(((a < b) + 0.5 * (a == b)).mean())
	runs = min(len(errors_a), len(errors_b))
	return Figure.of(value, *wilson(value, runs), runs, "Wilson 95 % over runs")


def over_resplits(differences, n_train: float, n_test: float, floor: float = 0.0) -> tuple[Figure, float]:
	"""A mean difference over resplits of one data set, and its standard error."""





	differences = np.asarray(differences, float)
	splits, mean = len(differences), differences.mean()
	error = np.sqrt(max(differences.var(ddof=1), floor) * (1 / splits + n_test / n_train))
	half = t.ppf(0.975, splits - 1) * error
	return Figure.of(mean, mean - half, mean + half, splits, "Nadeau-Bengio 95 %"), float(error)


def predicted_sd(error_rate, n):
	"""The standard deviation of the error rate from run to run that n images and the error rate alone predict."""





	return float(np.sqrt(error_rate / (2 * n)))


def run_to_run(errors, n: int) -> tuple[Figure, float]:
	"""The standard deviation of a network's error rate over seeds, and the predicted one."""



	errors = np.asarray(errors, float)
	predicted, runs = predicted_sd(errors.mean(), n), len(errors)
	if runs < 2:
		return Figure.unknown(runs, "none: one run"), predicted
	sd = errors.std(ddof=1)
	low, high = (sd * np.sqrt((runs - 1) / chi2.ppf(share, runs - 1)) for share in (0.975, 0.025))
	return Figure.of(sd, low, high, runs, "chi-square 95 %"), predicted
'''[1:]


# ======================================
# cxrkit/evaluation/study.py
# ======================================

FILES['cxrkit/evaluation/study.py'] = r'''
"""The 2020 study's own figures: its confusion matrices and epochs, through the same tests as ours and beside ours."""

import functools
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import fisher_exact

from cxrkit.evaluation import decision, metrics, statistics
from cxrkit.evaluation.metrics import Confusion, Figure, Rates
from cxrkit.schema.common import Margins
from cxrkit.schema.comparisons import BesideStudy, FisherTests, Study, StudyPair

TABLES = Path(__file__).with_name("study.yaml")
IMAGE_SIZE = 224
"""Side in pixels of the study's pictures."""
ROUNDING = 0.5e-5 + 1e-9
"""Its table gives five digits after the point."""
EPOCH_ROUNDING = 0.5e-6 + 1e-9
"""Its epochs' error rates give six."""


@dataclass(frozen=True)
class StudyEpoch:
	"""An epoch of the unfrozen stage. epoch: from 1 on; wrong: validation films of `films`; seconds: of wall clock."""

	epoch: int
	train_loss: float
	valid_loss: float
	error_rate: float
	wrong: int
	films: int
	seconds: int

	@property
	def error(self) -> Figure:
		"""The error rate with Wilson's interval."""
		return metrics.proportion(self.wrong, self.films)


@functools.cache
def _tables() -> dict:
	return yaml.safe_load(TABLES.read_text("utf-8"))


def validation() -> dict[str, int]:
	"""The films that it validated on: {"covid": 34, "normal": 234}."""
	return dict(_tables()["validation"])


def prevalence() -> float:
	"""The share of COVID-19 among them."""
	return validation()["covid"] / sum(validation().values())


def seconds_per_epoch() -> dict[str, tuple[int, int]]:
	"""{architecture: (fewest, most)} seconds that an epoch took, on Kaggle's GPU of 2020."""
	return {name: tuple(row["seconds_per_epoch"]) for name, row in _tables()["networks"].items()}


@functools.cache
def confusions() -> dict[str, Confusion]:
	"""{architecture: Confusion}, after the last epoch of each network's one run; they follow from its rounded rates."""
	return {name: implied_counts(row, **validation()) for name, row in _tables()["networks"].items()}


def implied_counts(row: dict[str, float], covid: int, normal: int) -> Confusion:
	"""The Confusion that a row of the study's table implies, given its numbers of films of each class."""



	tp, tn = round(row["sensitivity"] * covid), round(row["specificity"] * normal)
	counts = Confusion(tp=tp, fn=covid - tp, tn=tn, fp=normal - tn)
	implied = metrics.rates(counts)
	for name in ("sensitivity", "specificity", "error_rate"):
		value = getattr(implied, name).value
		if abs(value - row[name]) > ROUNDING:
			raise ValueError(f"{name} {row[name]} fits no whole counts of {covid} and {normal} films; nearest {value:.5f}")
	return counts


def epochs() -> dict[str, list[StudyEpoch]]:
	"""{architecture: its epochs} of the unfrozen stage; those of the frozen stage were not published."""



	films = sum(validation().values())
	by_network: dict[str, list[StudyEpoch]] = {}
	for name, rows in _tables()["epochs"].items():
		by_network[name] = []
		for number, train_loss, valid_loss, error_rate, seconds in rows:
			wrong = round(error_rate * films)
			if abs(wrong / films - error_rate) > EPOCH_ROUNDING:
				raise ValueError(f"{name}, epoch {number}: error rate {error_rate} is no whole number of {films} films")
			by_network[name].append(StudyEpoch(number + 1, train_loss, valid_loss, error_rate, wrong, films, seconds))
	return by_network


def verdicts(margins: Margins = decision.MARGINS) -> list[StudyPair]:
	"""What the study's own counts decide of each pair of its networks."""





	counts = confusions()
	pairs = list(combinations(counts, 2))
	extremes = {}
	for overlap in ("most", "least"):
		differences = [decision.difference(*_wrong(counts[a], counts[b], overlap), (0,), (0,)) for a, b in pairs]
		extremes[overlap] = list(zip(differences, decision.decide([decision.Compared(d) for d in differences], margins)))
	return [
		StudyPair(
			a=a,
			b=b,
			wrong=[int(counts[a].wrong), int(counts[b].wrong)],
			verdict=verdict.word,
			as_trained=verdict.as_trained,
			p_mcnemar=[easiest.p_sign_flip, hardest.p_sign_flip],
			difference=easiest.interval_over_patients(),
		)
		for (a, b), (easiest, verdict), (hardest, _) in zip(pairs, *extremes.values())
	]


def _wrong(a: Confusion, b: Confusion, overlap: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
	"""Two 1 x n tables of wrong answers with those counts and the most or least overlap, and n patient keys."""
	tables = []
	for counts, from_end in ((a, False), (b, overlap == "least")):
		covid, normal = np.zeros(int(counts.tp + counts.fn), bool), np.zeros(int(counts.tn + counts.fp), bool)
		for films, wrong in ((covid, counts.fn), (normal, counts.fp)):
			films[len(films) - wrong if from_end else 0 : len(films) if from_end else wrong] = True
		tables.append(np.concatenate([covid, normal])[None])
	return tables[0], tables[1], np.arange(a.n)


CELLS = {
	"error_rate": lambda counts: (counts.wrong, counts.n - counts.wrong),
	"sensitivity": lambda counts: (counts.tp, counts.fn),
	"specificity": lambda counts: (counts.tn, counts.fp),
}


def beside_ours(ours: dict[str, list[Confusion]], covid_n: float | None = None, normal_n: float | None = None) -> list[BesideStudy]:
	"""The study's rates, and how ours differ from them, for each of its networks."""






	found: dict[str, dict[str, FisherTests]] = {architecture: {} for architecture in confusions()}
	for name, cells in CELLS.items():
		for architecture, theirs in confusions().items():
			runs = sorted(ours.get(architecture, []), key=lambda counts: counts.wrong / counts.n)
			if not runs:
				continue
			middle = (len(runs) - 1) // 2
			p = [float(fisher_exact([cells(theirs), cells(run)])[1]) for run in runs]
			own, published = (getattr(side, name) for side in (metrics.rates(runs[middle], covid_n, normal_n), metrics.rates(theirs)))
			apart = metrics.minus(own, published, "Newcombe 95 %")
			found[architecture][name] = FisherTests(p[middle], min(p), max(p), 1.0, apart)
		tested = [tests for tests in found.values() if name in tests]
		for tests, holm in zip(tested, statistics.holm([tests[name].median_run for tests in tested])):
			tests[name] = replace(tests[name], holm=holm)
	return [
		BesideStudy(architecture, metrics.rates(theirs), len(ours.get(architecture, [])), found[architecture])
		for architecture, theirs in confusions().items()
	]


def beside(margins: Margins, ours: dict[str, list[Confusion]], covid_n: float, normal_n: float) -> Study:
	"""The study's part of comparison.json."""
	return Study(verdicts(margins), beside_ours(ours, covid_n, normal_n))


def rates(architecture: str) -> Rates:
	"""The study's rates of a network with their intervals."""
	return metrics.rates(confusions()[architecture])
'''[1:]


# ======================================
# cxrkit/evaluation/study.yaml
# ======================================

FILES['cxrkit/evaluation/study.yaml'] = r'''
# The 2020 study that the kit repeats: what it reports after the last epoch of each network.
# Its validation set is 234 normal and 34 COVID-19 films; COVID-19 is the positive class.
validation: {covid: 34, normal: 234}
data:
  coronahack: {covid: 58, normal_train: 1342, normal_test: 234}
  radiopaedia: {covid: 38}
  sirm: {covid: 34}
networks:
  resnet34: {error_rate: 0.02612, sensitivity: 0.97059, specificity: 0.97436, seconds_per_epoch: [97, 99]}
  resnet101: {error_rate: 0.01119, sensitivity: 0.94118, specificity: 0.99573, seconds_per_epoch: [101, 102]}
  vgg16_bn: {error_rate: 0.00746, sensitivity: 0.94118, specificity: 1.00000, seconds_per_epoch: [101, 103]}
  vgg19_bn: {error_rate: 0.01866, sensitivity: 0.88235, specificity: 0.99573, seconds_per_epoch: [101, 102]}
# Its four tables of the unfrozen stage, one row an epoch: [epoch, train_loss, valid_loss, error_rate, seconds]. The epochs of the
# frozen stage were not published. Each error rate is a whole number of the 268 validation films.
epochs:
  resnet34:
    - [0, 0.148852, 0.218164, 0.078358, 97]
    - [1, 0.139776, 0.135725, 0.044776, 99]
    - [2, 0.115702, 0.184929, 0.048507, 99]
    - [3, 0.097334, 0.102623, 0.026119, 98]
  resnet101:
    - [0, 0.125367, 0.085285, 0.033582, 101]
    - [1, 0.116810, 0.058566, 0.011194, 102]
    - [2, 0.093631, 0.048649, 0.007463, 101]
    - [3, 0.072298, 0.049215, 0.011194, 102]
  vgg16_bn:
    - [0, 0.120511, 1.009778, 0.246269, 101]
    - [1, 0.121524, 0.650027, 0.089552, 102]
    - [2, 0.094260, 0.024206, 0.003731, 101]
    - [3, 0.065304, 0.032699, 0.007463, 103]
  vgg19_bn:
    - [0, 0.157778, 0.255269, 0.093284, 102]
    - [1, 0.100808, 0.120613, 0.037313, 102]
    - [2, 0.086315, 0.069996, 0.018657, 101]
    - [3, 0.059999, 0.101871, 0.018657, 102]
'''[1:]


# ======================================
# cxrkit/evaluation/usefulness.py
# ======================================

FILES['cxrkit/evaluation/usefulness.py'] = r'''
"""Decision curves: what a network's answers are worth to one who weighs a missed case against a false alarm."""

from dataclasses import dataclass

import numpy as np

from cxrkit.evaluation.metrics import Figure, Z, effective_n

THRESHOLDS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


@dataclass(frozen=True)
class NetBenefit:
	"""threshold: the probability of COVID-19 from which on one would act, which weighs a false alarm as t / (1 - t) of a case."""





	threshold: float
	network: Figure
	all: float
	over_best: Figure


def decision_curve(is_covid, p_covid, groups, thresholds=THRESHOLDS) -> list[NetBenefit]:
	"""The NetBenefit of n probabilities at each threshold (Vickers and Elkin 2006, Med. Decis. Making 26:565)."""



	truth, p, groups = np.asarray(is_covid, bool), np.asarray(p_covid, float), np.asarray(groups)
	rows = []
	for t in thresholds:
		worth = np.where(truth, 1.0, -t / (1 - t))
		acted = worth * (p >= t)
		everyone = float(worth.mean())
		over = acted - (worth if everyone > 0 else 0)
		rows.append(NetBenefit(t, _mean(acted, groups), everyone, _mean(over, groups)))
	return rows


def _mean(values, groups) -> Figure:
	"""A mean over images with the sandwich interval over patients; none where all images say the same, which is no certainty."""
	n, member = len(values), np.unique(groups, return_inverse=True)[1]
	patients = effective_n(groups)
	sums = np.bincount(member, values - values.mean())
	half = Z * np.sqrt((sums**2).sum() * patients / max(patients - 1, 1)) / n
	if half == 0:
		return Figure.of(values.mean(), None, None, n, "none: no two images differ")
	return Figure.of(values.mean(), values.mean() - half, values.mean() + half, n, "sandwich 95 % over patients")
'''[1:]


# ======================================
# cxrkit/experiments/dry-run.yaml
# ======================================

FILES['cxrkit/experiments/dry-run.yaml'] = r'''
# The whole road on drawn phantoms and from random weights, small enough for a laptop without a GPU.
data: [phantom]
split: paper
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0]
image_size: 32
batch_size: 16
epochs: 3
lr_find_iterations: 24
pretrained: false
'''[1:]


# ======================================
# cxrkit/experiments/paper.yaml
# ======================================

FILES['cxrkit/experiments/paper.yaml'] = r'''
# The study's own protocol: one run of each network, 4 epochs with the body frozen, 4 unfrozen, by the defaults of fastai 1.
# Where each value comes from: cxrkit/protocol.py, and the report's table of it.
split: paper
exclude_views: []
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0]
image_size: 224
resize: crop
batch_size: 64
epochs: 4
learning_rate: 0.003
frozen_rates: tenth
unfrozen_rates: one
warmup_share: 0.3
epsilon: 1.0e-8
decay_everywhere: true
precise_batch_norm: false
lr_find_iterations: 100
pretrained: true
'''[1:]


# ======================================
# cxrkit/experiments/rigorous.yaml
# ======================================

FILES['cxrkit/experiments/rigorous.yaml'] = r'''
# The protocol we would sign: ten seeds, and a test set of patients that nothing was chosen on.
split: grouped
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
image_size: 224
batch_size: 64
epochs: 4
pretrained: true
'''[1:]


# ======================================
# cxrkit/files.py
# ======================================

FILES['cxrkit/files.py'] = r'''
"""Reading and writing files: atomic writes, readers that say what is wrong with a file, links, checksums and locks."""

import csv
import errno
import hashlib
import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from cxrkit import spreadsheet
from cxrkit.errors import BadInput, WrongUse, disk_errors

PARTIAL = ".partial"
LEFTOVER = re.compile(rf"\..+\.\d+-[0-9a-f]{{8}}{re.escape(PARTIAL)}")
"""The names that `replacing` gives while it writes."""
UNWRITABLE = (errno.EACCES, errno.EEXIST, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENOENT, errno.ENAMETOOLONG)
CHECKSUMS = "checksums.json"
AGAIN = "restore it, or make it again"
"""What to do about a broken file, unless its reader knows better."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
	"""Yield a temporary path beside `path`; rename it to `path` when the block ends well."""




	path = Path(path)
	temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
	with disk_errors(path):
		try:
			path.parent.mkdir(parents=True, exist_ok=True)
			yield temporary
			with open(temporary, "rb+") as file:
				os.fsync(file.fileno())
			os.replace(temporary, path)
		except OSError as error:
			if error.errno not in UNWRITABLE or error.filename not in {str(place) for place in (temporary, path, *path.parents)}:
				raise
			raise WrongUse(f"Nothing can be written here: {error.strerror}.", path, "name another place with --out") from error
		finally:
			with suppress(OSError):
				temporary.unlink(missing_ok=True)


def refuse_foreign(path: str | Path, start: str) -> None:
	"""Raise BadInput where `path` is a file that does not begin as the kit's own one does, so that it must not be overwritten."""
	path = Path(path)
	if path.is_dir() or (path.is_file() and path.stat().st_size and start.encode() not in path.read_bytes()[: len(start.encode()) + 3]):
		raise BadInput("Here lies something that this kit did not write.", path, "name another file with --out; nothing was changed")


def write_text(path: str | Path, text: str) -> None:
	"""Write text as UTF-8 with LF line ends, atomically."""
	with replacing(path) as temporary:
		temporary.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
	write_text(path, json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False) + "\n")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
	"""A header and rows as CSV text with LF line ends; None is an empty cell."""
	text = io.StringIO()
	writer = csv.writer(text, lineterminator="\n")
	writer.writerow(columns)
	writer.writerows(rows)
	return text.getvalue()


def write_csv(path: str | Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
	"""Write a header and rows as CSV, atomically."""
	write_text(path, csv_text(columns, rows))


@contextmanager
def reading(path: str | Path, what: str = "The file", next: str = AGAIN, absent: str | None = None) -> Iterator[None]:
	"""Turn what the block raises over an absent or malformed file into BadInput; errors of the kit pass through."""




	try:
		yield
	except FileNotFoundError as error:
		raise BadInput(f"{what} is not there.", path, absent or next) from error
	except OSError as error:
		raise BadInput(f"{what} cannot be read: {error.strerror or error}.", path, next) from error
	except json.JSONDecodeError as error:
		raise BadInput(f"{what} is no JSON: {error}.", path, next) from error
	except UnicodeDecodeError as error:
		raise BadInput(f"{what} is no text in UTF-8: {error}.", path, next) from error
	except csv.Error as error:
		raise BadInput(f"{what} is no readable CSV: {error}.", path, next) from error
	except KeyError as error:
		raise BadInput(f"{what} lacks {error.args[0] if error.args else 'a key'}.", path, next) from error
	except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
		raise BadInput(f"{what} is not as it was written: {error}.", path, next) from error


def remove_leftovers(folder: Path) -> None:
	"""Remove what killed writers left in a folder, and in those below it; whoever calls it holds the lock of all that writes there."""
	for path in folder.rglob(f".*{PARTIAL}"):
		if LEFTOVER.fullmatch(path.name):
			path.unlink(missing_ok=True)


def read_json(path: str | Path, what: str = "The file", next: str = AGAIN, absent: str | None = None, keys: Sequence[str] = ()) -> Any:
	"""The value of a JSON file. what, next, absent: see `reading`."""



	with reading(path, what, next, absent):
		value = json.loads(Path(path).read_text("utf-8"))
	if keys and not isinstance(value, dict):
		raise BadInput(f"{what} holds no JSON object.", path, next)
	lacking = [key for key in keys if key not in value]
	if lacking:
		raise BadInput(f"{what} lacks {', '.join(lacking)}.", path, next)
	return value


def read_csv_rows(
	path: str | Path,
	what: str = "The file",
	next: str = AGAIN,
	absent: str | None = None,
	columns: Sequence[str] = (),
) -> list[dict[str, str]]:
	"""The rows of a table as people save them, each {column: text}, as csv.DictReader gives them: see `read_table`."""



	header, rows, _ = read_table(path, what, next, absent)
	lacking = [column for column in columns if column not in header]
	if lacking:
		raise BadInput(f"{what} lacks the column(s) {', '.join(lacking)}; it has: {', '.join(header) or 'none'}.", path, next)
	return rows


def read_table(path: str | Path, what: str, next: str, absent: str | None = None) -> tuple[list[str], list[dict[str, str]], str]:
	"""(columns, rows, what it was taken for, empty for CSV in UTF-8) of a table that a person or a program saved."""




	with reading(path, what, next, absent):
		raw = Path(path).read_bytes()
		if raw.startswith(b"PK\x03\x04"):
			rows = spreadsheet.rows_of(Path(path))
			titles = list(dict.fromkeys(title for row in rows for title in row))
			return titles, [{title: row.get(title, "") for title in titles} for row in rows], "a spreadsheet (.xlsx)"
		if raw.startswith(b"\xd0\xcf\x11\xe0"):
			raise BadInput(f"{what} is a spreadsheet of the old kind (.xls).", path, "save it as CSV or .xlsx")
		text, encoding = decoded(raw)
		if any(ord(sign) < 32 and sign not in "\t\n\r\f\x1a" for sign in text[:4096]):
			raise BadInput(f"{what} is no table: it holds signs that no text has.", path, next)
		first, _, rest = text.partition("\n")
		stated = re.fullmatch(r"sep=(.)\r?", first)  # how Excel says it
		text = rest if stated else text
		delimiter = stated[1] if stated else _delimiter(text)
		lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
		header: list[str] = _first(lines)
		wanted = {name: place for place, name in reversed(list(enumerate(header)))}
		reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
		rows = []
		for row, cells in zip(reader, (cells for cells in lines if cells)):
			rows.append(row | {name: cells[place] for name, place in wanted.items() if place < len(cells)})
	twice = sorted({name for name in header if name and header.count(name) > 1})
	said = [encoding, {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}.get(delimiter, delimiter)]
	said += [f"two columns {name}, of which the first counts" for name in twice]
	return header, rows, ", ".join(filter(None, said))


def _first(lines: Iterator[list[str]]) -> list[str]:
	return next(lines, [])


def _delimiter(text: str) -> str:
	"""The sign that parts the header into most cells, signs within quotes left aside."""
	first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
	return max(",;\t|", key=first.count)


def decoded(raw: bytes) -> tuple[str, str]:
	"""(text, its encoding where that is not UTF-8) of a text file's bytes, without a byte-order mark."""
	even, odd = raw[:200:2].count(0), raw[1:200:2].count(0)
	if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
		return raw.decode("utf-16"), "UTF-16"
	if max(even, odd) > len(raw[:200]) // 5:
		return raw.decode("utf-16-be" if even > odd else "utf-16-le"), "UTF-16"
	try:
		return raw.decode("utf-8-sig"), ""
	except UnicodeDecodeError:
		return raw.decode("cp1252", "replace"), "Windows-1252"


def link_or_copy(source: str | Path, target: str | Path, symbolic: bool = False) -> bool:
	"""Make `target` a second name of the file `source`, or a copy where no link can be made; return whether it is a link."""




	source, target = Path(source), Path(target)
	target.parent.mkdir(parents=True, exist_ok=True)
	target.unlink(missing_ok=True)
	for link in (os.symlink, os.link) if symbolic else (os.link,):
		try:
			link(source, target)
			return True
		except (OSError, NotImplementedError):
			continue
	times = source.stat()
	with replacing(target) as temporary:
		shutil.copyfile(source, temporary)
	os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))
	return False


@contextmanager
def locked(path: str | Path, wait: bool = True) -> Iterator[bool]:
	"""Hold the lock file `path` and yield True; without `wait`, yield False at once where somebody else holds it."""




	path = Path(path)
	lock = FileLock(path, fallback_to_soft=False)  # a soft lock would outlive a killed process
	try:
		with disk_errors(path):
			path.parent.mkdir(parents=True, exist_ok=True)
			lock.acquire(blocking=wait)
	except Timeout:
		pass
	except (OSError, NotImplementedError) as error:
		reason = getattr(error, "strerror", None) or error
		raise BadInput(f"The folder cannot be locked: {reason}.", path.parent, "name a folder on a disk that keeps locks") from error
	held = lock.is_locked
	try:
		yield held
	finally:
		if held:
			lock.release()


def sha256_of(path: str | Path) -> str:
	"""Hexadecimal SHA-256 of a file's bytes."""
	with open(path, "rb") as file:
		return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
	"""Hexadecimal SHA-256 of a JSON value, independent of the order of its keys."""
	return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_checksums(folder: str | Path) -> None:
	"""Write folder/checksums.json: {file: {sha256, bytes}} for every other file below folder."""
	folder = Path(folder)
	paths = [path for path in folder.rglob("*") if path.is_file() and path != folder / CHECKSUMS and not path.name.endswith(PARTIAL)]
	write_json(folder / CHECKSUMS, {path.relative_to(folder).as_posix(): checksum(path) for path in sorted(paths)})


def refresh_checksums(folder: str | Path, names: Iterable[str]) -> None:
	"""Bring folder/checksums.json up to date for these files, where there is one. Raises BadInput."""
	path = Path(folder) / CHECKSUMS
	if path.exists():
		listed = read_json(path, "The list of checksums") | {name: checksum(Path(folder) / name) for name in names}
		write_json(path, dict(sorted(listed.items())))


def checksum(path: Path) -> dict[str, Any]:
	"""{sha256, bytes} of a file."""
	return {"sha256": sha256_of(path), "bytes": path.stat().st_size}
'''[1:]


# ======================================
# cxrkit/gpu_check/__init__.py
# ======================================

FILES['cxrkit/gpu_check/__init__.py'] = r'''
"""The proof that this machine's GPUs train as the processor does."""
'''[1:]


# ======================================
# cxrkit/gpu_check/asking.py
# ======================================

FILES['cxrkit/gpu_check/asking.py'] = r'''
"""Processes that are asked, so many at a time, and given up after a time."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cxrkit.training.executors import Ended, Processes, Task
from cxrkit.training.stages import Finder, Stage

LIMIT_SECONDS = 90
"""How long one process is waited for: several times what the slowest takes."""

TIME_UP, NO_ANSWER = UNHEARD = ("not asked, for the time was up", "no answer within")
"""How the errors begin of what was not asked, or did not answer in time."""


@dataclass
class Heard:
	"""What a process told until it ended, and the seconds that it took."""

	task: Task
	made: list = field(default_factory=list)
	ended: Ended = Ended()
	seconds: float = 0.0

	@property
	def error(self) -> str | None:
		return self.ended.error

	def stages(self) -> dict[str, Stage]:
		return {made.name: made for made in self.made if isinstance(made, Stage)}

	def finder(self) -> Finder | None:
		return next((made for made in self.made if isinstance(made, Finder)), None)

	def of(self, kind: type):
		"""The values of that type that it told."""
		return [made for made in self.made if isinstance(made, kind)]


def ask(
	tasks: Sequence[Task], at_once: int, end: float, train: Callable | None = None, done: Callable[[], None] = lambda: None
) -> list[Heard]:
	"""Start a process for each task, at_once of them at a time; what each told, in the tasks' order."""




	executor = Processes(train)
	heard = {task.job: Heard(task) for task in tasks}
	waiting, began = list(tasks), {}
	try:
		while waiting or executor.running:
			while waiting and len(executor.running) < at_once and time.monotonic() < end:
				task = waiting.pop(0)
				began[task.job] = time.monotonic()
				executor.start(task)
			if time.monotonic() >= end:
				for task in waiting:
					heard[task.job].ended = Ended(TIME_UP)
				waiting = []
			for job, told in executor.events(0.2) if executor.running else ():
				if isinstance(told, Ended):
					heard[job].ended, heard[job].seconds = told, time.monotonic() - began[job]
					done()
				else:
					heard[job].made.append(told)
			for job in executor.running:
				taken = time.monotonic() - began[job]
				if taken > LIMIT_SECONDS or time.monotonic() >= end:
					executor.stop(job)
					heard[job].ended, heard[job].seconds = Ended(f"{NO_ANSWER} {taken:.0f} s"), taken
					done()
	finally:
		executor.stop()
	return [heard[task.job] for task in tasks]
'''[1:]


# ======================================
# cxrkit/gpu_check/check.py
# ======================================

FILES['cxrkit/gpu_check/check.py'] = r'''
"""gpu-check: what is asked of a machine, in which order, and what each answer means."""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import distributed

from cxrkit import config, environment
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.environment import Choice
from cxrkit.files import write_json
from cxrkit.gpu_check import scene, trainings
from cxrkit.gpu_check.asking import UNHEARD, Heard, ask
from cxrkit.gpu_check.rows import FAILED, Figure, Row, broken, failed, impossible, judged
from cxrkit.gpu_check.scene import LAYOUTS, LOADERS, Repeatable
from cxrkit.gpu_check.steps import Compared, Comparison, Given, compared
from cxrkit.gpu_check.trainings import Gradients, Left, Named, Probabilities, Statistics
from cxrkit.progress import Meter
from cxrkit.training.distributed import Meeting
from cxrkit.training.executors import Task
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Past

MINUTES = {"cpu": 20.0, "cuda": 5.0}
"""After so long nothing more is begun or waited for. About three are expected of a machine with a GPU."""
SHORT_MINUTES = 2.0
STEPS_MOST = {"float32": (2e-3, 0.02), "float32 with TF32": (0.05, 0.12), "float16": (0.05, 0.12), "bfloat16": (0.2, 0.5)}
"""The largest difference of losses, and of outputs in shares of their spread, that passes. On a processor float32 in another layout,
which sums in another order, differed by up to 1.1e-4 and .0027 over four networks and three seeds; bfloat16, which keeps 8 bits, by
.07 and .20; float16, which keeps 11 bits as TF32 does, by .002 and .015 for ResNet34. A network that computes something else differs by 1
and more: the loss itself falls by .6 to 1.2."""
PIXELS_MOST = 1e-5
"""Of normalised pixels, which are one product and one difference; those that are augmented are weighed with four neighbours."""
AUGMENTED_MOST = 2e-3
SAME_MOST = 1e-3
"""Of a probability, between trainings that should give the same: 0 on a processor, and on a GPU where each operation has a kernel
that repeats itself."""
PREDICTED_MOST = 1e-3
"""Of a probability, between a GPU in full float32 and the processor, by the same weights."""
NORMED_MOST = 1e-3
GRADIENTS_MOST = 1e-3
"""Of shared gradients, in shares of their norm: sums in another order differ by 1e-5; batch norm over half a batch by .6 and more."""

FILE = "gpu-check.json"
SMALL = "resnet34"
SKIPPED = "steps that overflowed"
REMEDIES = {
	"loader": "use another one: --loader files, or --loader resident",
	"steps": "try --precision float32; what fails there too cannot be trained on this device: choose another, or --cpu",
	"save, load, resume": "do not go on from a stopped training here: give each run a new --out",
	"saved weights": "let predictions be made on processors from models/*.pt, and do not trust the tables of this machine",
	"precise batch norm": "use --no-precise-batch-norm",
	"out of memory, then the next": "use --jobs-at-once 1 and a smaller --batch-size, and look at failed.json",
	"two at once": "use --jobs-at-once 1",
	"all GPUs at once": "show a run one GPU: CUDA_VISIBLE_DEVICES=0",
	"one network on all GPUs": "use --parallel jobs",
}


@dataclass(frozen=True)
class Plan:
	"""What is asked. device: "cpu" or "cuda"; devices: torch's names; networks; formats: as of scene.formats, those that are asked; ..."""


	device: str
	devices: list[str]
	networks: tuple[str, ...]
	formats: dict[str, tuple[str, bool] | str]
	layouts: tuple[str, ...]
	short: bool
	at_once: int
	threads: int
	end: float
	chosen: Numerics = field(repr=False)


def run(device: Choice, minutes: float, short: bool = False, precision: str = "auto") -> dict:
	"""Check this machine; the content of gpu-check.json, whose "rows" are Row values."""




	started = time.monotonic()
	plan = planned(device.value, started + 60 * minutes, short, precision)
	rows: list[Row] = []
	with tempfile.TemporaryDirectory() as folder, Meter("gpu-check", None, "processes") as meter:
		films = scene.draw(Path(folder), scene.SIDE[plan.device])
		rows += guarded("steps", of_steps(plan, films, meter.advance))
		rows += guarded("save, load, resume", of_trainings(plan, films, meter.advance))
	return {"conditions": conditions(plan, device), "rows": rows, "seconds": time.monotonic() - started}


def guarded(check: str, rows: Iterator[Row]) -> Iterator[Row]:
	"""The rows; where making them raises, a row that says so in place of the rest."""
	try:
		yield from rows
	except Exception as error:  # one broken check does not end the others
		yield broken(check, SMALL, f"{type(error).__name__}: {error}", REMEDIES[check])


def planned(kind: str, end: float, short: bool, precision: str) -> Plan:
	devices = ["cpu"] if kind == "cpu" else [f"cuda:{index}" for index in range(torch.cuda.device_count())]
	chosen = Numerics.choose(precision, devices[0], scene.SIDE[kind])
	formats = scene.formats(devices[0])
	if short:
		formats = {"chosen": (chosen.precision.value, chosen.tf32.value)}
	processors = environment.processors()
	at_once = min(2 * len(devices), processors) if kind == "cuda" else processors
	networks = (SMALL,) if short else config.ARCHITECTURES
	layouts = (chosen.layout.value,) if short else LAYOUTS
	return Plan(kind, devices, networks, formats, layouts, short, at_once, max(1, processors // at_once), end, chosen)


def conditions(plan: Plan, device: Choice) -> dict:
	gpus = [torch.cuda.get_device_name(name) for name in plan.devices] if plan.device == "cuda" else []
	size = {"image_size": scene.SIDE[plan.device], "batch_size": scene.BATCH, "steps": scene.STEPS}
	return {"device": asdict(device), "gpus": gpus, "short": plan.short, "chosen": asdict(plan.chosen)} | size | environment.describe()


def of_steps(plan, films, done) -> Iterator[Row]:
	"""Each loader, and each network by each loader in each number format and layout."""
	asked = [(name, value) for name, value in plan.formats.items() if not isinstance(value, str)]
	ways = [(name, layout, scene.numerics(value[0], layout, value[1], plan.device)) for name, value in asked for layout in plan.layouts]
	waiting = {}
	for network in plan.networks:
		for number, loader in enumerate(LOADERS):
			waiting[Named(network, number, loader)] = list(ways)
			for name, reason in plan.formats.items():
				if isinstance(reason, str):
					yield impossible("steps", f"{network}, {loader}, {name}", reason)
	first = True
	while waiting:
		tasks = [
			Comparison(
				job,
				scene.experiment(job.architecture, plan.device),
				films[job.label],
				plan.chosen,
				plan.devices[index % len(plan.devices)],
				plan.threads,
				variants=tuple(numerics for _, _, numerics in ways),
				given=first,
			)
			for index, (job, ways) in enumerate(waiting.items())
		]
		left = {}
		for heard in ask(tasks, plan.at_once, plan.end, compared, done):
			job, ways = heard.task.job, waiting[heard.task.job]
			yield from _loader_row(heard, plan)
			told = heard.of(Compared)
			for (name, layout, _), result in zip(ways, told):
				yield of_one(job, name, layout, result, plan)
			if heard.error is not None and len(told) < len(ways):
				name, layout, _ = ways[len(told)]
				yield broken("steps", _way(job, name, layout), heard.error, REMEDIES["steps"])
				if ways[len(told) + 1 :]:  # a process that broke is no reason to ask no further
					left[job] = ways[len(told) + 1 :]
		waiting, first = left, False


def _way(job, name, layout):
	return f"{job.architecture}, {job.label}, {name}, {layout}"


def _loader_row(heard, plan):
	if not heard.task.given:
		return
	what = f"{heard.task.job.label}, {heard.task.job.architecture}"
	for given in heard.of(Given)[:1]:
		figures = {"pixels": Figure(given.pixels, PIXELS_MOST), "augmented": Figure(given.augmented, AUGMENTED_MOST)}
		yield judged("loader", what, figures | {"wrong labels": Figure(given.labels, 0)}, REMEDIES["loader"])
	if not heard.of(Given):
		yield broken("loader", what, heard.error or "it gave nothing", REMEDIES["loader"])


def of_one(job: Named, name: str, layout: str, result: Compared, plan: Plan) -> Row:
	"""The Row of one variant. name: of STEPS_MOST, or "chosen" for the format that a run chooses."""
	format_name = name if name in STEPS_MOST else plan.chosen.precision.value
	rounded = name == "chosen" and format_name == "float32" and plan.chosen.tf32.value
	loss, outputs = STEPS_MOST["float32 with TF32" if rounded else format_name]
	figures = {"loss": Figure(result.loss, loss), "outputs": Figure(result.outputs, outputs)}
	none_left = "each step's gradients overflowed" if result.skipped == scene.STEPS else ""
	facts = {SKIPPED: result.skipped} if result.skipped else {}
	shown = plan.chosen.precision.value if name == "chosen" else name
	return judged("steps", _way(job, shown, layout), figures, REMEDIES["steps"], facts, none_left)


def of_trainings(plan, films, done) -> Iterator[Row]:
	"""Whole trainings of the smallest network, in the number format of a run, beside one that ran alone."""
	task = usual_task(plan, films)
	[alone] = ask([task], 1, plan.end, done=done)
	if alone.error is not None or UNFROZEN not in alone.stages():
		yield broken("save, load, resume", SMALL, alone.error or "it ended before its last stage", REMEDIES["steps"])
		for name in ("saved weights", "out of memory, then the next", "two at once"):
			yield impossible(name, SMALL, "the training alone failed")
		return
	yield from guarded("saved weights", _saved(plan, task, alone, done))
	yield from guarded("out of memory, then the next", of_memory(plan, task, alone, done))
	if not plan.short:
		yield from guarded("precise batch norm", _normed(plan, task, done))
		yield from guarded("two at once", _together(plan, task, alone, done))
		yield from guarded("one network on all GPUs", _shared(plan, task, done))


def usual_task(plan: Plan, films) -> Task:
	"""The training that all others are compared with, in the number format of a run."""
	usual = plan.chosen
	numerics = Repeatable(usual.precision, usual.layout, usual.tf32, Choice(False, "so that numbers repeat"))
	job, experiment = Named(SMALL, 0, "alone"), scene.experiment(SMALL, plan.device)
	return Task(job, experiment, films[LOADERS[0]], numerics, plan.devices[0], plan.threads)


def _named(task, label, **changes):
	return replace(task, job=Named(task.job.architecture, task.job.seed, label), **changes)


def _same(check, what, heard, alone, plan):
	"""The Row of a training that should have given what the one alone gave."""
	if heard.error is not None:
		return broken(check, what, heard.error, REMEDIES[check])
	expected = alone.stages()[UNFROZEN]
	figures = {"probability": Figure(_apart(heard.stages()[UNFROZEN].predictions, expected.predictions), SAME_MOST)}
	if (finder := heard.finder()) is not None:
		figures["finder's rate, ratio less 1"] = Figure(abs(finder.chosen / alone.finder().chosen - 1), SAME_MOST)
	skipped = sum(stage.skipped_steps for stage in heard.stages().values())
	return judged(check, what, figures, REMEDIES[check], {"seconds": round(heard.seconds, 1)} | ({SKIPPED: skipped} if skipped else {}))


def _apart(predictions, others):
	beside = dict(others)
	return max(abs(p - beside[image_id]) for image_id, p in dict(predictions).items())


def _saved(plan, task, alone: Heard, done):
	frozen = alone.stages()[FROZEN].weights
	resumed = [
		_named(task, "after its first stage", past=Past(frozen)),
		_named(task, "after its finder", past=Past(frozen, alone.finder())),
	]
	for heard in ask(resumed[: 1 if plan.short else 2], plan.at_once, plan.end, done=done):
		yield _same("save, load, resume", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)
	last = alone.stages()[UNFROZEN]
	[heard] = ask([_named(task, "asked", device="cpu", past=Past(last.weights))], 1, plan.end, trainings.asked, done)
	what = f"{SMALL}, of {plan.devices[0]} on the processor"
	if heard.error is not None:
		yield broken("saved weights", what, heard.error, REMEDIES["saved weights"])
		return
	apart = _apart(last.predictions, heard.of(Probabilities)[0].of.items())
	yield judged("saved weights", what, {"probability": Figure(apart, PREDICTED_MOST)}, REMEDIES["saved weights"])


def of_memory(plan, task, alone, done):
	"""A training in which memory runs out, and the next one in its place."""
	check = "out of memory, then the next"
	for where in ("forward",) if plan.short else ("forward", "backward"):
		what = f"{SMALL}, in the {where} pass"
		[heard] = ask([_named(task, f"memory ends {where}")], 1, plan.end, trainings.failing(where), done)
		left = heard.of(Left)
		if heard.error is None or "--batch-size" not in heard.error or not left:
			yield broken(check, what, f"the planted error was not told as one of memory: {heard.error}", REMEDIES[check])
			continue
		[after] = ask([_named(task, f"after {where}")], 1, plan.end, done=done)
		row = _same(check, what, after, alone, plan)
		yield replace(row, facts=row.facts | {"autocast left": left[0].autocast})


def _normed(plan, task, done):
	check = "precise batch norm"
	[heard] = ask([_named(task, check)], 1, plan.end, trainings.normed, done)
	for told in heard.of(Statistics):
		fault = "" if told.restored else "the statistics from before did not come back"
		yield judged(check, SMALL, {"statistics": Figure(told.apart, _statistics_most(plan))}, REMEDIES[check], fault=fault)
	if not heard.of(Statistics):
		yield broken(check, SMALL, heard.error or "it told nothing", REMEDIES[check])


def _statistics_most(plan):
	return 10 * NORMED_MOST if plan.chosen.tf32.value else NORMED_MOST


def _together(plan, task, alone, done):
	"""Trainings at the same time: two on one device, and one on each."""
	two = [_named(task, f"one of two: {number}") for number in (1, 2)]
	for heard in ask(two, 2, plan.end, done=done):
		row = _same("two at once", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)
		yield replace(row, facts=row.facts | {"seconds alone": round(alone.seconds, 1)})
	if len(plan.devices) == 1:
		yield impossible("all GPUs at once", SMALL, f"there is one device, {plan.devices[0]}")
		return
	for heard in ask([_named(task, name, device=name) for name in plan.devices], len(plan.devices), plan.end, done=done):
		yield _same("all GPUs at once", f"{SMALL}, {heard.task.job.label}", heard, alone, plan)


def _shared(plan, task, done):
	"""The gradients of one batch that the processes of a team share: one on each GPU, or two on the processor."""
	check = "one network on all GPUs"
	devices = plan.devices if plan.device == "cuda" else ["cpu", "cpu"]
	if len(devices) == 1:
		yield impossible(check, SMALL, "there is one GPU")
		return
	size = max(number for number in range(1, len(devices) + 1) if scene.BATCH % number == 0)
	store = distributed.TCPStore("127.0.0.1", 0, size, is_master=True, wait_for_workers=False)
	plain = scene.numerics("float32", "contiguous", False, plan.device)
	numerics = Repeatable(plain.precision, plain.layout, plain.tf32, plain.autotuning)
	tasks = [
		_named(task, f"process {rank}", device=device, numerics=numerics, meeting=Meeting("127.0.0.1", store.port, "gradients", rank, size))
		for rank, device in enumerate(devices[:size])
	]
	for heard in ask(tasks, size, plan.end, trainings.shared, done):
		what = f"{SMALL}, {heard.task.job.label} of {size} on {heard.task.device}"
		for told in heard.of(Gradients):
			yield judged(check, what, {"gradients": Figure(told.apart, GRADIENTS_MOST)}, REMEDIES[check])
		if not heard.of(Gradients):
			yield broken(check, what, heard.error or "it told nothing", REMEDIES[check])


def cannot_train(rows: list[Row]) -> bool:
	"""Whether every way of training was tried and failed; one that no time was left for was not tried."""
	made = [row for row in rows if row.check == "steps"]
	return bool(made) and all(row.state == FAILED and not row.reason.startswith(UNHEARD) for row in made)


def write(found: dict, folder: Path) -> Path:
	"""Write what run() found as gpu-check.json into a folder; return the file."""
	path = folder / FILE
	write_json(path, found | {"rows": [asdict(row) for row in found["rows"]]})
	return path


def sentence(rows: list[Row]) -> str:
	return f"{len(failed(rows))} of {len(rows)} checks failed."
'''[1:]


# ======================================
# cxrkit/gpu_check/rows.py
# ======================================

FILES['cxrkit/gpu_check/rows.py'] = r'''
"""The rows of a check: passed, failed, or not possible here; with figures, a reason and what to do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from cxrkit.progress import table

State = Literal["passed", "failed", "not possible here"]
PASSED: State = "passed"
FAILED: State = "failed"
NOT_HERE: State = "not possible here"


@dataclass(frozen=True)
class Figure:
	"""A measured difference, and the largest that passes."""

	value: float
	most: float

	@property
	def share(self) -> float:
		"""How near it is to its limit; 1 is at it."""
		return self.value / self.most if self.most else float(self.value > 0)

	def __str__(self):
		return f"{self.value:.2g} of {self.most:g}"


@dataclass(frozen=True)
class Row:
	"""One check. check: its kind; what: on what, such as "resnet34, files, bfloat16"; reason: why it failed or is not possible here; ..."""


	check: str
	what: str
	state: State
	reason: str = ""
	remedy: str = ""
	figures: dict[str, Figure] = field(default_factory=dict)
	facts: dict[str, float] = field(default_factory=dict)


def judged(check: str, what: str, figures: dict[str, Figure], remedy: str, facts: dict[str, float] | None = None, fault: str = "") -> Row:
	"""The Row of a check that was made: it passed where each figure is a number within its limit. fault: another thing that is wrong."""
	beyond = [f"{name} {figure}" for name, figure in figures.items() if not figure.value <= figure.most]
	reason = "; ".join([fault] * bool(fault) + ["too far apart: " + ", ".join(beyond)] * bool(beyond))
	return Row(check, what, FAILED if reason else PASSED, reason, remedy if reason else "", figures, facts or {})


def broken(check: str, what: str, error: str, remedy: str) -> Row:
	"""The Row of a check that raised, or gave no answer."""
	return Row(check, what, FAILED, " ".join(error.split()), remedy)


def impossible(check: str, what: str, reason: str) -> Row:
	return Row(check, what, NOT_HERE, reason)


def failed(rows: Iterable[Row]) -> list[Row]:
	return [row for row in rows if row.state == FAILED]


def text(rows: list[Row]) -> str:
	"""The rows as a table: what passed in a line for each kind of check, network and loader; what is not possible in a line for each ..."""

	groups: dict[tuple, list[Row]] = {}
	for row in rows:
		groups.setdefault((row.check, row.state, *_told_together(row)), []).append(row)
	lines = []
	for (check, state, *same), group in groups.items():
		what = group[0].what if len(group) == 1 else f"{', '.join(same[0])}: {len(group)} ways".lstrip(": ")
		lines.append([check, what, state, _worst(group) if state == PASSED else group[0].reason])
	remedies = dict.fromkeys(f"{row.check}: {row.remedy}" for row in failed(rows))
	counts = [f"{sum(row.state == state for row in rows)} {state}" for state in (PASSED, FAILED, NOT_HERE)]
	more = ["", "What to do:", *(f"  - {remedy}" for remedy in remedies)] if remedies else []
	return "\n".join([table(lines, ["check", "of", "", "largest difference of what is allowed, or reason"]), *more, "", ", ".join(counts)])


def _told_together(row):
	"""What rows have in common that are told in one line: (words of `what`, reason)."""
	words = row.what.split(", ")
	if row.state == PASSED:
		return tuple(words[:2] if len(words) > 2 else words[:1]), ""
	return () if row.state == NOT_HERE else tuple(words), row.reason


def _worst(group):
	"""Of each figure the one that comes nearest to its limit."""
	figures = {}
	for row in group:
		for name, figure in row.figures.items():
			if name not in figures or figure.share > figures[name].share:
				figures[name] = figure
	facts = [f"{name} {value:g}" for row in group[:1] for name, value in row.facts.items()] if len(group) == 1 else []
	return ", ".join([*(f"{name} {figure}" for name, figure in figures.items()), *facts])
'''[1:]


# ======================================
# cxrkit/gpu_check/scene.py
# ======================================

FILES['cxrkit/gpu_check/scene.py'] = r'''
"""What is trained in a check: a few drawn phantoms, a short experiment, and the number formats and layouts that a device has."""

from pathlib import Path

import numpy as np
import torch

from cxrkit.config import Experiment
from cxrkit.data.pixels import Pixels
from cxrkit.data.readers.phantom import Anatomy, draw_film
from cxrkit.data.records import LABELS, Record
from cxrkit.environment import Choice
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.precision import Numerics

LOADERS = ("resident on the device", "resident on the host", "files")
LAYOUTS = ("channels_last", "contiguous")
STEPS = 3
"""Batches of an epoch; a network is compared over so many steps."""
EPOCHS = 3
"""Of each stage of a whole training: float16's scale begins so high that the first four or five steps overflow and change nothing."""
HELD_OUT = 2
"""Batches that are asked about."""
SIDE = {"cpu": 32, "cuda": 64}
"""Pixels. At 64 the last layers of the networks see 2 x 2 points, and the processor makes a step of VGG19 in about three seconds."""
BATCH = 16
EPSILON = 1e-2
"""Adam's: above most gradients, so that a weight's step follows its gradient. With fastai's 1e-5 it follows the gradient's sign,
which rounding turns where a gradient is next to nothing: a device that computes rightly then ends a tenth of the outputs' spread away."""
WHY = "as is checked"


def experiment(architecture: str, kind: str) -> Experiment:
	"""Random weights, a few steps in each stage, the shortest finder. kind: "cpu" or "cuda"."""
	return Experiment(
		name="gpu-check",
		architectures=(architecture,),
		image_size=SIDE[kind],
		batch_size=BATCH,
		epochs=EPOCHS,
		lr_find_iterations=20,
		pretrained=False,
		epsilon=EPSILON,
	)


FILE_SIDE = 64
"""Pixels; a smaller file is no film (data/images.py)."""


def draw(folder: Path, size: int) -> dict[str, TrainingFilms]:
	"""The films of each of LOADERS, drawn once: STEPS batches to train on and HELD_OUT to ask about, both classes alike."""



	random = np.random.default_rng(0)
	records, squares, entries = [], [], {}
	for split, batches in (("train", STEPS), ("valid", HELD_OUT)):
		for number in range(batches * BATCH):
			label = LABELS[number % len(LABELS)]
			film = draw_film(Anatomy(random), label == LABELS[0], random, size)
			record = Record(f"drawn/{split}-{number:03}", "", "drawn", label, split=split)
			relative = f"{split}/{label}/{number:03}.png"
			(folder / relative).parent.mkdir(parents=True, exist_ok=True)
			film.resize((max(size, FILE_SIDE),) * 2).save(folder / relative)
			records.append(record)
			squares.append(np.asarray(film, np.uint8))
			entries[relative] = record
	pixels = Pixels(np.stack(squares), {record.image_id: row for row, record in enumerate(records)})
	used = tuple(records)
	return {
		LOADERS[0]: TrainingFilms(used, Choice("device", WHY), pixels),
		LOADERS[1]: TrainingFilms(used, Choice("host", WHY), pixels),
		LOADERS[2]: TrainingFilms(used, Choice(0, WHY), None, folder, entries),
	}


def formats(device: str) -> dict[str, tuple[str, bool] | str]:
	"""{name: (number format, whether TF32 is used)} of those that are checked; for one that a device is not asked for, the reason."""



	if torch.device(device).type == "cpu":
		return {
			"float32": ("float32", False),
			"float32 with TF32": "a processor has no TF32",
			"float16": "the kit does not train in float16 on a processor",
			"bfloat16": ("bfloat16", False),
		}
	capability = torch.cuda.get_device_capability(device)
	named = "compute capability {}.{}".format(*capability)
	ampere, volta = capability >= (8, 0), capability >= (7, 0)
	return {
		"float32": ("float32", False),
		"float32 with TF32": ("float32", True) if ampere else f"{named} has no TF32",
		"float16": ("float16", ampere) if volta else f"{named} gains nothing from float16",
		"bfloat16": ("bfloat16", ampere) if ampere else f"{named} has no units for bfloat16",
	}


def numerics(precision: str, layout: str, tf32: bool, device: str) -> Numerics:
	"""Numbers as a check asks for them, with cuDNN's autotuning where a run has it."""
	return Numerics(*(Choice(value, WHY) for value in (precision, layout, tf32, torch.device(device).type == "cuda")))


class Repeatable(Numerics):
	"""The same numbers at each computation, where the device has kernels for that: so that two trainings can be compared."""

	def apply(self) -> None:
		super().apply()
		torch.backends.cudnn.benchmark = False
		torch.use_deterministic_algorithms(True, warn_only=True)
'''[1:]


# ======================================
# cxrkit/gpu_check/steps.py
# ======================================

FILES['cxrkit/gpu_check/steps.py'] = r'''
"""A few training steps on a device against the same steps on the processor in float32: the same weights, the same batch."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from fastai.callback.core import CancelStepException
from fastai.learner import Callback
from fastai.torch_core import TensorImage, set_seed
from fastai.vision.augment import AffineCoordTfm
from torch import nn

from cxrkit.environment import Choice
from cxrkit.gpu_check.scene import STEPS
from cxrkit.training import batchnorm, learner
from cxrkit.training.executors import Task
from cxrkit.training.precision import Numerics

RATE = 1e-5
"""Of all steps. The loss of the one batch falls by a half or more with each: what an error in a gradient would change is large."""
BRANCH = 0.2
"""Weight of the batch norm that ends a residual block. Training begins it at 0; here every layer has a say from the first step on."""
SCALE = 2.0**8
"""First scale of float16's losses. torch begins with 65,536, and these networks without trained weights overflow in their first steps."""
PLAIN = Numerics(*(Choice(value, "what the others are compared with") for value in ("float32", "contiguous", False, False)))
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Comparison(Task):
	"""A Task that asks for the same steps in each of these Numerics; its own are not used. given: whether the loader is compared too."""

	variants: tuple[Numerics, ...] = ()
	given: bool = True


@dataclass(frozen=True)
class Given:
	"""How a loader's films on the device differ from those on the processor."""




	pixels: float
	augmented: float
	labels: int


@dataclass(frozen=True)
class Compared:
	"""How the steps of one variant differ from the processor's."""





	variant: int
	loss: float
	outputs: float
	fall: float
	skipped: int


@dataclass(frozen=True)
class Trace:
	"""What the steps showed: the loss of each, [steps], and the outputs, [steps, n, 2], on the host."""

	losses: torch.Tensor = field(repr=False)
	outputs: torch.Tensor = field(repr=False)
	skipped: frozenset[int] = frozenset()


def compared(task: Comparison, tell) -> Iterator[Given | Compared]:
	"""What the loader gives, then each variant's steps beside the processor's. Runs in a process of its own."""
	begin(task)
	loaders, host = (task.films.loaders(task.experiment, device) for device in (task.device, "cpu"))
	if task.given:
		yield given(loaders, host)
	batch = on_host(next(iter(loaders.train)))
	expected: dict[frozenset[int], Trace] = {}
	for index, numerics in enumerate(task.variants):
		numerics.apply()
		found = steps(task, task.films.loaders(task.experiment, task.device, numerics.layout.value), numerics, batch)
		if found.skipped not in expected:
			expected[found.skipped] = steps(task, host, PLAIN, batch, found.skipped)
		beside = expected[found.skipped]
		apart = (found.outputs - beside.outputs).square().mean((1, 2)).sqrt()
		spread = (beside.outputs - beside.outputs.mean(1, keepdim=True)).square().mean((1, 2)).sqrt()
		loss, fall = (found.losses - beside.losses).abs().max(), beside.losses[0] - beside.losses[-1]
		yield Compared(index, loss.item(), (apart / spread).max().item(), fall.item(), len(found.skipped))


def begin(task: Task) -> None:
	"""Set this process to the task's device and threads, and its chance to what it always is."""
	set_seed(0)
	torch.set_num_threads(task.threads)
	if torch.device(task.device).type == "cuda":
		torch.cuda.set_device(task.device)


def given(loaders, host) -> Given:
	"""The films of loaders on a device beside those of the same loaders on the processor."""
	pairs = [(on_host(there), on_host(here)) for there, here in zip(loaders.valid, host.valid, strict=True)]
	pixels = max((there[0] - here[0]).abs().max().item() for there, here in pairs)
	labels = sum((there[1] != here[1]).sum().item() for there, here in pairs)
	films = pairs[0][1][0]
	moving = next(step for step in loaders.train.after_batch.fs if isinstance(step, AffineCoordTfm))
	moving.split_idx = 0
	on_device = TensorImage(films.to(loaders.device))
	moving.before_call((on_device,), 0)
	beside = copy.copy(moving)
	beside.mat = moving.mat.cpu()
	moved = [
		step.encodes(images.clone()).as_subclass(torch.Tensor).cpu() for step, images in ((moving, on_device), (beside, TensorImage(films)))
	]
	return Given(pixels, (moved[0] - moved[1]).abs().max().item(), labels)


def on_host(batch) -> Batch:
	"""A loader's batch as plain tensors in the processor's memory."""
	images, labels = (value.as_subclass(torch.Tensor).cpu() for value in batch)
	return images.contiguous(), labels


def steps(task: Task, loaders, numerics: Numerics, batch: Batch, skipping: frozenset[int] = frozenset()) -> Trace:
	"""STEPS steps over one batch through fastai's loop, as a run makes them. skipping: the steps that change nothing."""
	learn = steady(learner.make(task.job, loaders, task.experiment, numerics, 0))
	replay = Replay([batch] * STEPS, numerics.layout.value, skipping)
	learn.fit(1, RATE, cbs=[replay, Gentle()])
	losses, outputs = (torch.stack(values).float().cpu() for values in (replay.losses, replay.outputs))
	return Trace(losses, outputs, replay.skipped)


def steady(learn):
	"""The learner with all layers trained, without dropout, which each device draws otherwise, and with branches that have a say."""
	for module in learn.model.modules():
		if isinstance(module, nn.Dropout):
			module.p = 0.0
	for layer in batchnorm.layers(learn.model):
		if not layer.weight.any():
			nn.init.constant_(layer.weight, BRANCH)
	learn.unfreeze()
	return learn


class Replay(Callback):
	"""Puts these batches in place of the loader's, and keeps what each step showed."""




	order = -5  # before ChannelsLast and Cast look at a batch

	def __init__(self, batches: list[Batch], layout: str, skipping: frozenset[int] = frozenset(), share: tuple[int, int] = (0, 1)):
		self.batches, self.skipping, (self.rank, self.processes) = batches, skipping, share
		self.layout = torch.channels_last if layout == "channels_last" else torch.contiguous_format
		self.losses, self.outputs, self.counts = [], [], []

	def before_batch(self):
		if self.training:
			images, labels = (value[self.rank :: self.processes].to(self.dls.device) for value in self.batches[self.iter])
			self.learn.xb, self.learn.yb = (images.contiguous(memory_format=self.layout),), (labels,)

	def after_loss(self):
		if self.training:
			self.losses.append(self.loss.detach().as_subclass(torch.Tensor))
			self.outputs.append(self.pred.detach().as_subclass(torch.Tensor))

	def before_step(self):
		if self.iter in self.skipping:
			raise CancelStepException

	def after_batch(self):
		if self.training:
			self.counts.append(torch.as_tensor(self.opt.skipped).clone())

	@property
	def skipped(self) -> frozenset[int]:
		"""The steps, from 0, that changed nothing."""
		counts = [0, *(int(count) for count in self.counts)]
		return self.skipping | {step for step, (before, after) in enumerate(zip(counts, counts[1:])) if after > before}


class Gentle(Callback):
	"""Begins float16's scaling at SCALE."""

	order = 14  # after Scaled (13)

	def before_fit(self):
		if hasattr(self.learn, "scaled"):
			self.scaled.scaler = torch.amp.GradScaler(self.scaled.kind, init_scale=SCALE)
'''[1:]


# ======================================
# cxrkit/gpu_check/trainings.py
# ======================================

FILES['cxrkit/gpu_check/trainings.py'] = r'''
"""Whole trainings in processes of their own, as a run starts them: what each check asks its process to do."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial

import torch
from fastai.callback.core import CancelStepException
from fastai.learner import Callback
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from cxrkit.gpu_check.steps import Replay, begin, on_host, steady
from cxrkit.training import batchnorm, learner, networks, recipe
from cxrkit.training.distributed import Team
from cxrkit.training.executors import Task
from cxrkit.training.stages import Finder, Job, Stage
from cxrkit.training.work import training

TOO_MUCH = 1 << 50
"""Bytes that no device has: asking for them is an out-of-memory error of the device's own, and takes nothing from other processes."""
PLANTED_AT = 12
"""Training step at which memory runs out: in the finder, for the frozen stage has nine."""


@dataclass(frozen=True)
class Named(Job):
	"""A Job among others of the same network and seed."""

	label: str = ""


@dataclass(frozen=True)
class Left:
	"""How deep in autocast a failed training left its process; 0 is right."""

	autocast: int


@dataclass(frozen=True)
class Statistics:
	"""Batch norm's precise statistics on a device beside the processor's: the largest difference in shares of a layer's largest value."""


	apart: float
	restored: bool


@dataclass(frozen=True)
class Probabilities:
	"""The probability of COVID-19 by the processor, {image_id: p}."""

	of: dict[str, float] = field(repr=False)


@dataclass(frozen=True)
class Gradients:
	"""The gradients of one batch that processes shared, beside those of one process alone: the difference's norm in shares of theirs."""

	apart: float


def failing(where: str) -> partial:
	"""What a process does that trains as its Task says until memory runs out. where: "forward" or "backward"."""
	return partial(_until_memory_ends, where)


def _until_memory_ends(where, task, tell) -> Iterator[Stage | Finder | Left]:
	steps = [0]

	def plant(module, inputs, output):
		if not isinstance(module, nn.Linear) or module.out_features != 2 or not output.requires_grad:
			return
		steps[0] += 1
		if steps[0] < PLANTED_AT:
			return
		if where == "forward":
			exhaust(task.device)
		output.register_hook(lambda _: exhaust(task.device))

	hook = register_module_forward_hook(plant)
	try:
		yield from training(task, tell)
	except Exception:
		yield Left(autocast_depth())
		raise
	finally:
		hook.remove()


def exhaust(device: str) -> None:
	"""Raise the device's own out-of-memory error."""
	torch.empty(TOO_MUCH, dtype=torch.uint8, device=device)


def autocast_depth() -> int:
	"""In how many autocast blocks this thread is."""
	depth = torch.autocast_increment_nesting() - 1
	torch.autocast_decrement_nesting()
	return depth


def asked(task: Task, tell) -> Iterator[Probabilities]:
	"""What the weights in the task's past say of the held-out films, on the processor."""
	begin(task)
	model = networks.blank(task.job.architecture).to_empty(device="cpu")
	recipe.load(model, task.past.frozen_weights)
	ids = [record.image_id for record in task.films.records if record.split == "valid"]
	yield Probabilities(dict(zip(ids, networks.p_covid(model.eval(), task.films.pixels.of(ids)).tolist())))


def normed(task: Task, tell) -> Iterator[Statistics]:
	"""Precise batch norm on the task's device and on the processor, of the same weights over the same films."""
	begin(task)
	task.numerics.apply()
	loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
	model = steady(learner.make(task.job, loaders, task.experiment, task.numerics, 0)).model
	batches = [on_host(batch)[0] for batch in loaders.train]
	before, beside = _statistics(model), deepcopy(model).cpu()
	with batchnorm.precise(model, (batch.to(task.device) for batch in batches)):
		found = _statistics(model)
	after = _statistics(model)
	with batchnorm.precise(beside, batches):
		expected = _statistics(beside)
	apart = max(((one - other).abs().max() / other.abs().max()).item() for one, other in zip(found, expected))
	yield Statistics(apart, all(torch.equal(one, other) for one, other in zip(before, after)))


def _statistics(model):
	return [value.clone().cpu() for layer in batchnorm.layers(model) for value in (layer.running_mean, layer.running_var)]


def shared(task: Task, tell) -> Iterator[Gradients]:
	"""The gradients of one batch by the processes of the task's meeting, beside those of this process alone."""
	begin(task)
	task.numerics.apply()
	loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
	batch = on_host(next(iter(task.films.loaders(task.experiment, "cpu").valid)))
	alone = _gradient(task, loaders, batch, Team())
	team = Team.join(task.meeting, task.device)
	together = _gradient(task, loaders, batch, team)
	yield Gradients(((together - alone).norm() / alone.norm()).item())


def _gradient(task, loaders, batch, team):
	learn = steady(learner.make(task.job, loaders, task.experiment, task.numerics, 0))
	team.share(learn.model)
	kept, layout = Kept(), task.numerics.layout.value
	replay = Replay([batch] * len(loaders.train), layout, share=(team.rank, team.size))
	learn.fit(1, 1e-5, cbs=[replay, kept, *team.callbacks(loaders.train)])
	return kept.gradient


class Kept(Callback):
	"""Keeps the gradients of the first step; no step changes anything."""

	def before_step(self):
		if self.iter == 0:
			self.gradient = torch.cat([weight.grad.flatten().cpu() for weight in self.model.parameters()])
		raise CancelStepException
'''[1:]


# ======================================
# cxrkit/kaggle_io/__init__.py
# ======================================

FILES['cxrkit/kaggle_io/__init__.py'] = r'''
"""The road to Kaggle and back: one file up, one run there, verified results down."""
'''[1:]


# ======================================
# cxrkit/kaggle_io/checkpoints.py
# ======================================

FILES['cxrkit/kaggle_io/checkpoints.py'] = r'''
"""Finished stages in the kernel's output, each as soon as it is there: what a run that dies leaves to the next one."""







import shutil
from pathlib import Path

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, checksum, link_or_copy, read_json, write_checksums, write_json
from cxrkit.kaggle_io import mounts
from cxrkit.progress import say

FOLDER = "checkpoints"
MARKER = f"{FOLDER}/{CHECKSUMS}"


def keep(job: Path, results: Path) -> None:
	"""Put what a training has finished below the results, weights first, and list it; a file that is there already stays."""
	listed = _listed(results)
	frozen, done = ((job / f"{stage}.json").exists() for stage in (FROZEN, UNFROZEN))
	wanted = [name for name in ("job.json", "lr_find.json") if (job / name).exists()]
	wanted += [f"{FROZEN}.pt"] if frozen and not done else []
	wanted += [f"{FROZEN}.json"] if frozen else []
	wanted += [f"{UNFROZEN}.pt", f"{UNFROZEN}.json"] if done else []
	for name in wanted:
		target = results / FOLDER / job.name / name
		known = listed.get(f"{job.name}/{name}")
		if known != (found := checksum(job / name)) or not target.exists():
			link_or_copy(job / name, target)
			listed[f"{job.name}/{name}"] = found
	replaced = f"{job.name}/{FROZEN}.pt"
	if done:
		listed.pop(replaced, None)
	write_json(results / MARKER, listed)
	if done:
		(results / FOLDER / replaced).unlink(missing_ok=True)


def tidy(results: Path, unfinished: list[str]) -> None:
	"""Remove the checkpoints of results that hold every network; say what there is to go on from, where they do not."""
	if not unfinished:
		shutil.rmtree(results / FOLDER, ignore_errors=True)
	else:
		say(kept(results))
	write_checksums(results)


def kept(results: Path) -> str:
	"""A sentence on the stages that the output holds, and what goes on from them."""
	stages = sum(name.endswith((f"{FROZEN}.json", f"{UNFROZEN}.json")) for name in _listed(results))
	if not stages:
		return "checkpoints: no stage of a training was finished"
	return f"checkpoints: {stages} finished stages are in the output; python -m cxrkit push --resume goes on from them"


def restore(jobs: Path, root: Path | None = None) -> list[str]:
	"""Put the whole files of an attached earlier run where training looks for them; return the names of its jobs."""




	attached = mounts.find(MARKER, root=root)
	if attached is None:
		return []
	found = set()
	for name, expected in sorted(_listed(attached).items(), key=lambda item: item[0].endswith(".json")):
		job, _, file = name.partition("/")
		source, target = attached / FOLDER / job / Path(file).name, jobs / Path(job).name / Path(file).name
		if not source.is_file() or checksum(source) != expected:
			say(f"checkpoints: {name} did not arrive whole, so that stage is trained again")
			continue
		if target.stem == UNFROZEN and target.suffix == ".json" and not target.with_suffix(".pt").exists():
			continue  # its weights did not arrive
		if not target.exists():
			target.parent.mkdir(parents=True, exist_ok=True)
			shutil.copyfile(source, target)
		found.add(job)
	say(f"checkpoints: {len(found)} trainings attached at {attached}")
	return sorted(found)


def _listed(results: Path) -> dict:
	path = results / MARKER
	if not path.exists():
		return {}
	try:
		found = read_json(path)
	except BadInput:
		found = None
	return found if isinstance(found, dict) else {}
'''[1:]


# ======================================
# cxrkit/kaggle_io/client.py
# ======================================

FILES['cxrkit/kaggle_io/client.py'] = r'''
"""The one door to Kaggle's API: the installed client, made to tell the truth."""







import contextlib
import functools
import io
import os
import random
import re
import sys
import time
from pathlib import Path

from cxrkit.errors import RemoteRefusal, WrongUse

ATTEMPTS = 6
LONGEST_PAUSE = 300.0
"""Seconds; a server that wants a longer pause is taken at its word and not asked again."""
BUSY = (429, 500, 502, 503, 504)
LIMITS = (30, 120)
"""Seconds to connect, and between two pieces of an answer: Kaggle's client itself waits for ever."""

MAKE_A_TOKEN = (
	"make a token at https://www.kaggle.com/settings (API, Create New Token) and save it as ~/.kaggle/kaggle.json, "
    "or set KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY"
)
CHECK_NETWORK = "check the network, then run the same command again"
TRY_LATER = "this is Kaggle's trouble: run the same command again later"
REMEDIES = {
	400: "correct what the server names",
	401: MAKE_A_TOKEN,
	403: "check the owner and the name, and that your token is that owner's: Kaggle answers like this for what does not exist, too",
	404: "check the owner and the name",
	413: "send less",
	429: "wait some minutes, then run the same command again",
}


class Kaggle:
	"""A signed-in client. `api` is a kaggle.KaggleApi, `owner` the user name it is signed in as."""




	def __init__(self, api, sleep=time.sleep, jitter=random.random):
		self.api, self.sleep, self.jitter = api, sleep, jitter
		self.owner = api.config_values["username"]

	def ask(self, doing, function, *arguments, **options):
		"""function(*arguments, **options), repeated while Kaggle is busy: only for what is safe to repeat."""



		for attempt in range(ATTEMPTS):
			try:
				return self.once(function, *arguments, **options)
			except failures() as error:
				pause = self.pause_after(error, attempt)
				if pause is None:
					raise self.refusal(doing, error) from None
				self.sleep(pause)

	def send(self, doing, taken, function, *arguments, **options):
		"""function(*arguments, **options) for what must not happen twice."""





		for attempt in range(ATTEMPTS):
			try:
				return self.once(function, *arguments, **options)
			except failures() as error:
				if not never_sent(error) and taken():
					return None
				pause = self.pause_after(error, attempt)
				if pause is None:
					raise self.refusal(doing, error) from None
				self.sleep(pause)

	def once(self, function, *arguments, **options):
		"""function(*arguments, **options) without what the client prints."""
		with silence():
			return function(*arguments, **options)

	def kernels(self, method, request):
		"""The answer of Kaggle's kernel service to a request of its SDK."""
		with self.api.build_kaggle_client() as client:
			return getattr(client.kernels.kernels_api_client, method)(request)

	def plain(self, method, request):
		"""The JSON object, as it is, with which Kaggle's kernel service answers a request of its SDK."""



		with self.api.build_kaggle_client() as client:
			return client.kernels.kernels_api_client._client.call("kernels.KernelsApiService", method, request, _Plain)

	def datasets(self, method, request):
		"""The answer of Kaggle's dataset service to a request of its SDK."""
		with self.api.build_kaggle_client() as client:
			return getattr(client.datasets.dataset_api_client, method)(request)

	def pause_after(self, error, attempt):
		"""Seconds to wait before the next attempt; None when there must not be one."""
		if attempt + 1 >= ATTEMPTS or not is_passing(error):
			return None
		wanted = _retry_after(error)
		if wanted is None:
			return min(60.0, 2.0**attempt) * (0.5 + self.jitter() / 2)
		return wanted + self.jitter() if wanted <= LONGEST_PAUSE else None

	def refusal(self, doing, error):
		"""A RemoteRefusal in the server's own words, without credentials."""
		import requests

		response = response_of(error)
		if response is not None and response.status_code >= 400:
			remedy = REMEDIES.get(response.status_code, TRY_LATER)
			if "phone" in words_of(response).lower():
				remedy = "verify your telephone number at https://www.kaggle.com/settings; Kaggle asks for it once"
			refusal = RemoteRefusal(f"Kaggle refused {doing}: {self.hide(words_of(response))}", next=remedy)
			refusal.code = response.status_code
			return refusal
		if isinstance(error, (requests.exceptions.InvalidJSONError, *NO_ANSWER)):
			refusal = RemoteRefusal(
				f"What came in answer to {doing} is none of Kaggle's: {self.hide(_first_line(error))}",
				next="see whether a sign-in page or a proxy of your network stands between; " + TRY_LATER,
			)
			refusal.shapeless = True
			return refusal
		if isinstance(error, _network_failures()):
			return RemoteRefusal(f"Kaggle cannot be reached for {doing}: {self.hide(_first_line(error))}", next=CHECK_NETWORK)
		return RemoteRefusal(f"Kaggle's client could not manage {doing}: {self.hide(_first_line(error))}", next="correct what it names")

	def hide(self, text):
		"""The text with credentials blotted out, should a server or a library repeat one; a signed address is one too."""
		for name in ("key", "token"):
			if self.api.config_values.get(name):
				text = text.replace(self.api.config_values[name], "***")
		return re.sub(r"\?[^\s'\")]+=[^\s'\")]+", "?***", text)


NO_ANSWER = (TypeError, KeyError, AttributeError)
"""What the SDK raises over an answer of another shape."""


class _Plain:
	"""The SDK's type of an answer that is to be given as it came."""

	@staticmethod
	def prepare_from(response):
		import requests

		answer = response.json()
		if not isinstance(answer, dict):
			raise requests.exceptions.InvalidJSONError(f"{response.text[:40]!r} is no JSON object")
		return answer


def _limit_calls():
	"""Give every call of this process that has no limit of its own one: the client opens sessions where nobody else can reach."""
	from requests.adapters import HTTPAdapter

	usual = HTTPAdapter.send
	if getattr(usual, "limited", False):
		return

	@functools.wraps(usual)
	def send(self, request, stream=False, timeout=None, *arguments, **options):
		return usual(self, request, stream, timeout or LIMITS, *arguments, **options)

	send.limited = True
	HTTPAdapter.send = send


def _limit_pauses(api):
	"""Let the client's own repetitions of an upload wait no longer than ours, whatever the server asks for."""
	wanted = getattr(api, "_get_retry_after_delay", None)
	if wanted is not None:
		api._get_retry_after_delay = lambda response: None if (pause := wanted(response)) is None else min(pause, LONGEST_PAUSE)


def connect(sleep=time.sleep, jitter=random.random):
	"""A Kaggle, signed in with whatever the user has, in the client's own order."""




	api = failure = None
	with silence():
		try:
			from kagglesdk.kaggle_env import get_access_token_from_env

			_limit_calls()
			token, source = get_access_token_from_env()
			from kaggle.api.kaggle_api_extended import KaggleApi

			api = KaggleApi()
			api.authenticate()
			_limit_pauses(api)
		except ImportError as error:
			raise WrongUse(
				f"Kaggle's client cannot be imported: {error}.",
				next="pip install -r requirements.txt, or pip install '.[kaggle]' in the clone",
			) from error
		except (SystemExit, *failures()) as error:
			api, failure = None, error
	answer = response_of(failure)
	if answer is not None and answer.status_code in BUSY:
		raise RemoteRefusal(f"Kaggle cannot be asked who you are: {words_of(answer)}", next=TRY_LATER)
	if isinstance(failure, _network_failures()) and answer is None:
		raise RemoteRefusal(f"Kaggle cannot be reached: {_first_line(failure)}", next=CHECK_NETWORK)
	if token and not (api and api.config_values.get("token")):
		raise RemoteRefusal(
			"Kaggle does not accept the access token: it is wrong or expired.",
			f"the token in {source}",
			"make a new one at https://www.kaggle.com/settings, or remove this one if you use another credential",
		)
	if api is None or not api.config_values.get("username"):
		folders = (os.environ.get("KAGGLE_CONFIG_DIR"), Path.home() / ".kaggle", Path.home() / ".config" / "kaggle")
		for path in (Path(folder) / "kaggle.json" for folder in folders if folder):
			if path.is_file():
				what = "Kaggle's client cannot use the key file: it must be JSON in UTF-8, without byte-order mark, with username and key."
				raise WrongUse(what, path, MAKE_A_TOKEN)
		raise WrongUse("No Kaggle credentials were found.", next=MAKE_A_TOKEN)
	return Kaggle(api, sleep, jitter)


@contextlib.contextmanager
def silence():
	"""Swallow what the client prints: progress, login help, and sometimes an address that is a key by itself."""



	usual, sys.stdin = sys.stdin, io.StringIO()
	try:
		with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
			yield
	finally:
		sys.stdin = usual


def failures():
	"""The exceptions with which the client and its libraries fail."""
	return (*_network_failures(), ValueError, *NO_ANSWER)


def _network_failures():
	import requests
	import urllib3

	return (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError)


def response_of(error):
	"""The server's answer behind an error; the client hides some behind a ValueError. None if there was none."""
	while error is not None:
		if getattr(error, "response", None) is not None:
			return error.response
		error = error.__context__
	return None


def words_of(response):
	"""What the server itself said: `404: Not found`."""
	try:
		body = response.json()
		inner = body.get("error", body)
		message = inner.get("message") if isinstance(inner, dict) else inner
	except (ValueError, AttributeError):
		message = re.sub(r"<[^>]*>", " ", response.text)
	return f"{response.status_code} {' '.join(str(message or response.reason).split())[:300]}"


def is_passing(error):
	"""Whether the same request may succeed later: the server is busy, or the connection failed."""
	response = response_of(error)
	if response is not None:
		return response.status_code in BUSY
	return isinstance(error, (*_network_failures(), TypeError))


def never_sent(error):
	"""Whether a request cannot have reached the server: no connection came about, or it was turned away unread."""
	response = response_of(error)
	if response is not None:
		return response.status_code == 429
	seen = str(error)
	return any(words in seen for words in ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Failed to establish"))


def _retry_after(error):
	from urllib3.exceptions import InvalidHeader
	from urllib3.util.retry import Retry

	response = response_of(error)
	header = response.headers.get("Retry-After") if response is not None else None
	try:
		return Retry().parse_retry_after(header) if header else None
	except InvalidHeader:
		return None


def _first_line(error):
	return (str(error).splitlines() or [type(error).__name__])[0][:300]
'''[1:]


# ======================================
# cxrkit/kaggle_io/datasets.py
# ======================================

FILES['cxrkit/kaggle_io/datasets.py'] = r'''
"""A folder as a Kaggle dataset: created or versioned, then compared with what Kaggle lists of it."""

import os
import re
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.files import PARTIAL, write_json
from cxrkit.kaggle_io import client
from cxrkit.progress import MB, Meter, aloud, say

POLL_SECONDS = 10
PATIENCE_SECONDS = 30 * 60
"""How long Kaggle may process a version before we stop waiting."""
SAID_EVERY_SECONDS = 30
LOOKS = 12
"""How often a list of files that differs is asked for: it may lag by more than half a minute."""
ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".7z", ".xz")
"""Kaggle unpacks these by itself, and what it then lists is something else."""
NEVER_SENT = re.compile(r"(dataset|kernel|model|model-instance)-metadata\.json|datapackage\.json|dataset-cover-image\.\w+")
"""Names that the client keeps for itself in the folder it sends."""


@dataclass(frozen=True)
class DatasetVersion:
	"""A version of a dataset that Kaggle lists as it was sent."""

	ref: str
	version: int
	files: int
	bytes: int

	@property
	def url(self):
		return f"https://www.kaggle.com/datasets/{self.ref}/versions/{self.version}"


def upload_dataset(folder, slug, title, licence, notes, private=True, kaggle=None):
	"""Send a folder to Kaggle as the dataset `slug`, a new one or the next version; return its DatasetVersion."""










	files, left_out = sendable(folder)
	kaggle = kaggle or client.connect()
	ref = slug if "/" in slug else f"{kaggle.owner}/{slug}"
	_check_names(ref, title)
	for name in left_out:
		say(f"left out of the dataset: {name}")
	total = sum(path.stat().st_size for path in files.values())
	before = current_version(kaggle, ref)
	if before:
		wait_until_ready(kaggle, ref, before, failed_too=True)
	say(f"sending {len(files)} files, {total / MB:.1f} MB, as {'version ' + str(before + 1) if before else 'the first version'} of {ref}")
	with _staged(files, {"id": ref, "title": title, "licenses": [{"name": licence}]}) as staged, _counted(kaggle.api, total):

		def taken():
			return current_version(kaggle, ref) > before

		usual = {"quiet": True, "dir_mode": "zip"}
		if before:
			answer = kaggle.send(f"a new version of {ref}", taken, kaggle.api.dataset_create_version, staged, notes, **usual)
		else:
			answer = kaggle.send(f"the dataset {ref}", taken, kaggle.api.dataset_create_new, staged, public=not private, **usual)
	if answer is not None and str(answer.status).lower() != "ok":
		raise RemoteRefusal(f"Kaggle did not take the dataset: {kaggle.hide(str(answer.error))}", ref, "correct what the server names")
	version = wait_until_ready(kaggle, ref, before + 1)
	_compare(kaggle, ref, version, {name: path.stat().st_size for name, path in files.items()})
	return DatasetVersion(ref, version, len(files), total)


def sendable(folder):
	"""({relative name: path} to send, [names left out]) of a folder. Raises BadInput."""
	folder = Path(folder)
	files, left_out = {}, set()
	for path in sorted(folder.rglob("*")):
		parts = path.relative_to(folder).parts
		hidden = next((i for i, part in enumerate(parts) if part.startswith(".")), None)
		if hidden is not None:
			left_out.add("/".join(parts[: hidden + 1]))
		elif len(parts) == 1 and NEVER_SENT.fullmatch(path.name):
			left_out.add(path.name)
		elif path.is_file() and not path.name.endswith(PARTIAL):
			files["/".join(parts)] = path
	archives = [name for name in files if name.lower().endswith(ARCHIVES)]
	if archives:
		raise BadInput(f"Kaggle would unpack {archives[0]}, and what arrives could not be compared.", folder, "unpack it, or leave it out")
	if not files:
		raise BadInput("There is nothing to send.", folder, "name a folder with files")
	return files, sorted(left_out)


def current_version(kaggle, ref):
	"""The number of the newest version; 0 where Kaggle knows no such dataset."""
	from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

	request = ApiGetDatasetRequest()
	request.owner_slug, request.dataset_slug = ref.split("/")

	def ask():
		try:
			return kaggle.datasets("get_dataset", request).current_version_number or 0
		except client.failures() as error:
			answer = client.response_of(error)
			if answer is not None and answer.status_code in (403, 404):
				return 0
			raise

	return kaggle.ask(f"the dataset {ref}", ask)


def wait_until_ready(kaggle, ref, version, failed_too=False):
	"""Wait until Kaggle has processed `version` of a dataset; return the number of its newest version."""




	waited = 0
	while True:
		status = _state(kaggle, ref)
		newest = current_version(kaggle, ref)
		if newest >= version and (status == "ready" or failed_too and status == "failed"):
			return newest
		if newest >= version and status in ("failed", "deleted"):
			raise RemoteRefusal(
				f"Kaggle could not process version {version} of the dataset: it is {status}.",
				ref,
				"look at the dataset's page, then send it again",
			)
		if waited >= PATIENCE_SECONDS:
			raise Interrupted(
				f"Kaggle has not processed version {version} after {waited // 60} minutes; its state is {status or 'not told'}.",
				ref,
				"look at the dataset's page: what was sent is there; to send it once more run the same command again",
			)
		kaggle.sleep(POLL_SECONDS)
		waited += POLL_SECONDS
		if waited % SAID_EVERY_SECONDS == 0:
			say(f"Kaggle has been processing {ref} for {waited} s")


def _state(kaggle, ref):
	"""The state of the newest version in Kaggle's word; empty where the dataset does not show yet, or the word is not known."""
	try:
		return kaggle.ask(f"the state of {ref}", kaggle.api.dataset_status, ref)
	except RemoteRefusal as refusal:
		if refusal.code in (403, 404) or refusal.shapeless:
			return ""
		raise


def listed_files(kaggle, ref):
	"""[(name, bytes)] of the newest version, all pages."""
	found, token, tokens = [], None, set()
	while True:
		page = kaggle.ask(f"the files of {ref}", kaggle.api.dataset_list_files, ref, page_token=token, page_size=200)
		if page.error_message:
			raise RemoteRefusal(
				f"Kaggle does not list the dataset's files: {kaggle.hide(page.error_message)}", ref, "run the same command again"
			)
		found += [(file.name, file.total_bytes) for file in page.files or []]
		token = page.next_page_token
		if not token:
			return found
		if token in tokens:
			raise RemoteRefusal("Kaggle's list of the dataset's files does not end: it names the same page again.", ref, client.TRY_LATER)
		tokens.add(token)


def _compare(kaggle, ref, version, sent):
	"""Raise RemoteRefusal unless Kaggle lists what was sent; a list may lag a little behind."""
	for _ in range(LOOKS):
		wrong = differences(sent, listed_files(kaggle, ref))
		if not wrong:
			return
		kaggle.sleep(POLL_SECONDS)
	shown = "\n".join(f"  - {line}" for line in wrong[:10])
	raise RemoteRefusal(
		f"Version {version} of the dataset is not what was sent; {len(wrong)} of its files are missing or other:\n{shown}",
		ref,
		"nothing is lost here: run the same command again, it makes a further version",
	)


def differences(sent, listed):
	"""Lines on what differs between {name: bytes} and [(name, bytes)], which may hold a file of a folder by its bare name."""
	left, wrong = Counter(listed), []
	for name, size in sent.items():
		known_as = next((known for known in (name, name.rpartition("/")[2]) if left[known, size]), None)
		if known_as is None:
			wrong.append(f"{name}, {size} bytes")
		else:
			left[known_as, size] -= 1
	return wrong + [f"{name}, {size} bytes, which was not sent" for (name, size), count in left.items() if count]


def _check_names(ref, title):
	slug = ref.split("/")[-1]
	if not re.fullmatch(r"[A-Za-z0-9_-]+/[a-z0-9-]{6,50}", ref):
		raise WrongUse(f"{slug!r} is no name for a dataset.", next="use 6 to 50 of a-z, 0-9 and -")
	if not 6 <= len(title) <= 50:
		raise WrongUse(f"The dataset's title has {len(title)} characters.", title, "use 6 to 50")


@contextmanager
def _staged(files, metadata):
	"""A folder that holds these files and the metadata, and nothing else that the client might send."""



	with tempfile.TemporaryDirectory(prefix="cxrkit-upload-") as folder:
		staged = Path(folder) / "dataset"
		staged.mkdir()
		for name, path in files.items():
			target = staged / name
			target.parent.mkdir(parents=True, exist_ok=True)
			try:
				os.link(path, target)
			except OSError:
				shutil.copyfile(path, target)
		write_json(staged / "dataset-metadata.json", metadata)
		usual, tempfile.tempdir = tempfile.tempdir, folder
		try:
			yield str(staged)
		finally:
			tempfile.tempdir = usual


@contextmanager
def _counted(api, total):
	"""Progress over what the client sends, `total` bytes, file by file: its own would stand among what must not be shown."""
	send = api.upload_complete
	with Meter("sending", total / MB, "MB", tell=aloud()) as meter:

		def counted(path, *arguments, **options):
			answer = send(path, *arguments, **options)
			meter.advance(os.path.getsize(path) / MB)
			return answer

		api.upload_complete = counted
		try:
			yield
		finally:
			del api.upload_complete
'''[1:]


# ======================================
# cxrkit/kaggle_io/inside.py
# ======================================

FILES['cxrkit/kaggle_io/inside.py'] = r'''
"""The run inside a Kaggle kernel: machine proved, data found, checkpoints restored and saved, results sent, and an end in time."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxrkit import config, environment, pipeline
from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError
from cxrkit.files import write_json
from cxrkit.kaggle_io import checkpoints, client, datasets, mounts, publish
from cxrkit.progress import say
from cxrkit.results import Results

SENT = "results-dataset.json"
SESSION = "KAGGLE_API_V1_TOKEN"
TOKEN, USER, KEY = OWN = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def arguments_of(experiment: str, overrides: Mapping[str, Any], hours: float, gpu: bool, results: str) -> list[str]:
	"""The command line of kernel/run.py that means the constants at the head of the script."""
	arguments = ["--experiment", experiment, f"--hours={hours}"]
	arguments += [] if gpu else ["--cpu"]
	arguments += [f"--results={results}"] if results else []
	return arguments + config.as_arguments(overrides)


def run(experiment: Experiment, hours: float | None, needs_gpu: bool, results_slug: str) -> Results | None:
	"""Run the pipeline on what is attached; leave the results in the kernel's output and send them."""





	time_left = environment.Deadline.of_run(hours, scratch())
	working = environment.kaggle_working()
	os.chdir(working)
	bundle = environment.bundle_identity()
	say(f"cxrkit run {bundle['run_id']} of source {bundle['source_sha256'][:12]}")
	if needs_gpu:
		device = environment.require_gpu()
		say(f"GPU: {device}")
		pipeline.prove(device, experiment.precision, working)
	experiment = mounts.attach(experiment)
	output = working / publish.FOLDER
	checkpoints.restore(scratch() / "jobs")
	try:
		results = pipeline.run(experiment, scratch(), output, time_left, lambda job: checkpoints.keep(job, output))
	except (Exception, KeyboardInterrupt):
		if environment.rank() == 0:
			say(checkpoints.kept(output))
		raise
	if results is None:
		return None
	checkpoints.tidy(output, results.info.unfinished)
	if results_slug and time_left() < -pipeline.ROOM_SECONDS:
		say("The results were not sent to a dataset, for the time was up; they stay in this kernel's output.")
	elif results_slug:
		send(results.folder, results_slug)
	return results


def scratch() -> Path:
	"""A folder for what need not be kept: Kaggle saves every file below its working folder, links too."""
	return Path(tempfile.gettempdir()) / "cxrkit-work"


def send(folder: Path, slug: str) -> datasets.DatasetVersion | None:
	"""Publish the results with whatever credential this kernel has; say, and write down beside them, how that went."""



	reasons = []
	for name, variables in credentials():
		try:
			with alone(variables):
				sent = publish.publish(folder, slug)
		except (CxrkitError, OSError, *client.failures()) as error:
			reasons.append(f"{name}: {error}")
			continue
		say(f"results sent with the {name}: {sent.url}, {sent.files} files, {sent.bytes:,} bytes, as Kaggle lists them")
		write_json(folder.parent / SENT, {"dataset": sent.ref, "version": sent.version, "files": sent.files, "bytes": sent.bytes})
		return sent
	reasons = reasons or ["this kernel has no credential: no attached secret, no key, no session token"]
	say("The results were not sent to a dataset; they stay in this kernel's output.")
	for reason in reasons:
		say(f"  - {reason}")
	say("From your own machine: python -m cxrkit pull, then python -m cxrkit publish.")
	write_json(folder.parent / SENT, {"dataset": None, "reasons": reasons})
	return None


def credentials() -> Iterator[tuple[str, dict[str, str]]]:
	"""Yield (name, {variable: value}) of each credential that this kernel has, the user's own first."""




	secrets = {label: secret(label) for label in OWN}
	for kind, place in (("attached secret", secrets), ("variable", os.environ)):
		token, user, key = (place.get(name) for name in OWN)
		if token:
			yield f"{kind} {TOKEN}", {TOKEN: token}
		if user and key:
			yield f"{kind}s {USER} and {KEY}", {USER: user, KEY: key}
	if session := os.environ.get(SESSION):
		yield "session's token", {SESSION: session}


def secret(label: str) -> str | None:
	"""The secret that is attached to this kernel under that label, or None."""



	try:
		from kaggle_secrets import UserSecretsClient

		with client.silence():
			return UserSecretsClient().get_secret(label)
	except Exception:  # Kaggle's module has errors of its own for "not attached", "no network" and "no token": all mean none
		return None


@contextmanager
def alone(variables: Mapping[str, str]) -> Iterator[None]:
	"""The environment with these credentials and no others."""
	usual = {name: os.environ.pop(name) for name in (SESSION, *OWN) if name in os.environ}
	os.environ.update(variables)
	try:
		yield
	finally:
		for name in variables:
			os.environ.pop(name, None)
		os.environ.update(usual)
'''[1:]


# ======================================
# cxrkit/kaggle_io/mounts.py
# ======================================

FILES['cxrkit/kaggle_io/mounts.py'] = r'''
"""What is attached to a Kaggle kernel, and where it lies."""





import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cxrkit import config, environment
from cxrkit.config import Experiment
from cxrkit.data import sources
from cxrkit.data.readers import coronahack
from cxrkit.errors import BadInput
from cxrkit.progress import say
from cxrkit.training import weights

COLLECTED = ("radiopaedia/*/record.json", "sirm/*/record.json")
"""What a store of the scrapers holds; either will do."""
DEPTH = 5
MOST_FOLDERS = 2000
"""Folders looked into at most: a dataset of 100,000 folders must not be walked."""


def find(marker: str, ref: str = "", root: Path | None = None) -> Path | None:
	"""The folder below the input mount that holds a file matching the pattern `marker`, or None."""




	root = Path(root or environment.kaggle_input())
	owner, _, slug = ref.partition("/")
	likely = [root / "datasets" / owner / slug, root / slug] if slug else []
	for folder in [*likely, *folders_below(root)]:
		if next(folder.glob(marker), None):
			return folder
	return None


def folders_below(root: Path) -> Iterator[Path]:
	"""The root and the folders below it, breadth first, down to DEPTH and at most MOST_FOLDERS."""
	level, seen = [Path(root)], 0
	for _ in range(DEPTH + 1):
		deeper = []
		for folder in level:
			if seen == MOST_FOLDERS or not folder.is_dir():
				break
			seen += 1
			yield folder
			with os.scandir(folder) as entries:
				deeper += sorted(Path(entry.path) for entry in entries if entry.is_dir())
		level = deeper


def mounted(root: Path | None = None) -> str:
	"""What is attached, as text: every folder that holds a file, relative to the input mount."""
	root = Path(root or environment.kaggle_input())
	if not root.is_dir():
		return "nothing: there is no " + str(root)
	holding = []
	for folder in folders_below(root):
		with os.scandir(folder) as entries:
			if any(entry.is_file() for entry in entries):
				holding.append(folder.relative_to(root).as_posix())
	shown = [name for name in holding if not any(name.startswith(other + "/") for other in holding)]
	return ", ".join(shown[:20]) or "nothing"


def attach(experiment: Experiment, root: Path | None = None) -> Experiment:
	"""The experiment with what is attached filled in: its data where it names none, and ImageNet weights."""





	if not experiment.data:
		experiment = config.with_data(experiment, _data(root))
	if not experiment.external and experiment.audit == "full":
		experiment = replace(experiment, external=tuple(_external(experiment.data, root)))
	if experiment.pretrained and not experiment.weights:
		experiment = _with_weights(experiment, root)
	return experiment


def _data(root: Path | None) -> list[str]:
	ref = coronahack.DATASET_URL.partition("/datasets/")[2]
	folder = find(coronahack.METADATA, ref, root)
	if folder is None:
		raise BadInput(
			f"No attached dataset holds {coronahack.METADATA}; attached is: {mounted(root)}.",
			root or environment.kaggle_input(),
			f'attach {ref}: "dataset_sources" in kernel-metadata.json, or Add Input on the kernel\'s page',
		)
	say(f"data: CoronaHack at {folder}")
	data = [f"coronahack={folder}"]
	collected = next(filter(None, (find(marker, root=root) for marker in COLLECTED)), None)
	if collected:
		say(f"data: collected films at {collected}")
		data.append(f"collected={collected}")
	return data


def _external(data: Sequence[str], root: Path | None) -> list[str]:
	"""`KIND:NAME=DIR` of the attached sets of sources.ELSEWHERE that are no source of the run; one that cannot be read is said, and left."""
	taken = [sources.parse(text, "").root.resolve() for text in data if text not in sources.DRAWN]
	found: list[str] = []
	for folder in folders_below(Path(root or environment.kaggle_input())):
		here, kind = folder.resolve(), sources.recognised(folder)
		if not kind or any(here.is_relative_to(other) or other.is_relative_to(here) for other in taken):
			continue
		number = sum(text.startswith(kind) for text in found) + 1
		text = f"{kind}:{kind}-{number}={folder}" if number > 1 else f"{kind}={folder}"
		try:
			sources.external(text).read()
		except BadInput as error:
			say(f"films from elsewhere: {folder} looks like {kind} and is not used: {error.what}")
			continue
		taken.append(here)
		found.append(text)
		say(f"films from elsewhere: {kind} at {folder}; the networks are asked about them after training")
	return found


def _with_weights(experiment: Experiment, root: Path | None) -> Experiment:
	wanted = [weights.files_of(architecture) for architecture in experiment.architectures]
	folder = next(filter(None, (find(name, root=root) for name in wanted[0])), None)
	missing = [names[0] for names in wanted if folder is None or not any((folder / name).is_file() for name in names)]
	if missing:
		if folder is not None:
			say(f"weights: {folder} lacks {', '.join(missing)}, so all are fetched from the network")
		return experiment
	say(f"weights: attached at {folder}")
	return replace(experiment, weights=str(folder))
'''[1:]


# ======================================
# cxrkit/kaggle_io/publish.py
# ======================================

FILES['cxrkit/kaggle_io/publish.py'] = r'''
"""Results up to Kaggle, once they are whole: every file that the run wrote is there, with its size and SHA-256."""

from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, read_json, sha256_of
from cxrkit.kaggle_io import datasets
from cxrkit.progress import MB, Meter

FOLDER = "results"
"""Where a kernel's output holds them."""
LICENCE = "other"


def verify(folder):
	"""The content of folder/checksums.json, once every file it names is there with that size and SHA-256."""



	folder = Path(folder)
	listed, wrong = checked(folder), []
	with Meter(f"comparing {folder.name} with its checksums", sum(expected["bytes"] for expected in listed.values()) / MB, "MB") as meter:
		for name, expected in listed.items():
			path = folder / name
			if not is_inside(name) or not path.is_file():
				wrong.append(f"{name} is missing")
			elif path.stat().st_size != expected["bytes"]:
				wrong.append(f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
			elif sha256_of(path) != expected["sha256"]:
				wrong.append(f"{name} has another SHA-256")
			else:
				meter.advance(expected["bytes"] / MB)
	if wrong or not listed:
		shown = "\n".join(f"  - {line}" for line in wrong[:10]) or "  - it names no file"
		raise BadInput(f"The results are not whole:\n{shown}", folder, "fetch or make them again")
	return listed


def checked(folder):
	"""The content of folder/checksums.json, {name: {sha256, bytes}}. Raises BadInput where it is not of that form."""
	remedy = "name the results folder of a finished run"
	listed = read_json(folder / CHECKSUMS, "checksums.json", remedy)
	right = isinstance(listed, dict) and all(
		isinstance(each, dict) and isinstance(each.get("bytes"), int) and isinstance(each.get("sha256"), str) for each in listed.values()
	)
	if not right:
		raise BadInput("checksums.json is not as a run writes it.", folder / CHECKSUMS, remedy)
	return listed


def is_inside(name):
	"""Whether a relative name from elsewhere stays below its folder."""
	path = PurePosixPath(name)
	return (
		bool(path.parts)
		and not path.is_absolute()
		and ".." not in path.parts
		and not set("\\\0\n") & set(name)
		and ":" not in path.parts[0]
	)


def publish(folder, slug, private=True, kaggle=None):
	"""Send a results folder to Kaggle as the dataset `slug`; return its DatasetVersion."""



	verify(folder)
	run = read_json(Path(folder) / "run.json")
	run_id = (run.get("bundle") or {}).get("run_id") or "of a local run"
	name, experiment, manifest = run["experiment"]["name"], run["experiment_sha256"][:12], run["manifest_sha256"][:12]
	notes = f"cxrkit results {run_id}, experiment {name} {experiment}, manifest {manifest}"
	return datasets.upload_dataset(folder, slug, slug.rpartition("/")[2], LICENCE, notes, private, kaggle)
'''[1:]


# ======================================
# cxrkit/kaggle_io/unpack.py
# ======================================

FILES['cxrkit/kaggle_io/unpack.py'] = r'''
"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def unpack(files, source_sha256, run_id):
	"""Write the bundled files into a temporary folder and make them importable here and in every child process."""





	folder = Path(os.environ.get("CXRKIT_UNPACKED", ""))
	if os.environ.get("CXRKIT_SOURCE") != source_sha256 or not folder.is_dir():
		folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
		atexit.register(shutil.rmtree, folder, ignore_errors=True)
		for name, text in files.items():
			path = folder / name
			path.parent.mkdir(parents=True, exist_ok=True)
			path.write_bytes(text.encode())
		os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source_sha256
		os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
		os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
	sys.path.insert(0, str(folder))
	return folder
'''[1:]


# ======================================
# cxrkit/pipeline.py
# ======================================

FILES['cxrkit/pipeline.py'] = r'''
"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
import traceback
from collections.abc import Callable
from pathlib import Path

from cxrkit import RESEARCH_ONLY, environment
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import matching, pixels, sources, summary, tree
from cxrkit.data.manifest import Manifest
from cxrkit.environment import Choice, Deadline
from cxrkit.errors import BadInput, CxrkitError, Interrupted, disk_errors
from cxrkit.files import locked, write_checksums
from cxrkit.progress import announce, say
from cxrkit.results import Results, StandingWarning
from cxrkit.schema import Chosen
from cxrkit.training import server

CACHE = "pixels"
"""The folder below a run's own in which films are kept decoded."""


ROOM_SECONDS = 1800
"""What the results may take after the time is up (on Kaggle an hour is left then); what comes later is left out, and named."""


def run(
	experiment: Experiment,
	out: Path | str,
	folder: Path | str = "",
	time_left: Deadline = Deadline(),
	kept: Callable[[Path], None] | None = None,
) -> Results | None:
	"""Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results."""







	out = Path(out)
	with disk_errors(out):
		return _run(experiment, out, Path(folder or out / "results"), time_left, kept)


def _run(experiment: Experiment, out: Path, folder: Path, time_left: Deadline, kept: Callable[[Path], None] | None) -> Results | None:
	clock = Clock()
	announce(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
	announce(RESEARCH_ONLY)
	if experiment.external:
		from cxrkit.audit import external  # what it needs takes a second to import

		external.check(experiment.external)
	with locked(out / ".lock"):  # processes that share the folder come here one after the other, and find what is there
		with clock("manifest"):
			manifest, locate = make_manifest(experiment, out)
		announce(summary.text(manifest) + "\n")
		if experiment.match:
			announce(matching.sentence(manifest.records, experiment.match, experiment.age_caliper))
		else:
			announce(summary.as_merged(manifest, experiment))
		announce(told_of_seeds(len(experiment.seeds)))
		refuse_leaks(manifest, experiment.allow_leakage, out / "manifest.csv")
		results = Results(folder)
		if environment.rank() == 0:
			results = Results.begin(folder, experiment, manifest)
			announce(marked(results.warnings))
		with clock("tree"):
			announce(f"tree: {tree.build(manifest, locate, out / 'tree')}")
		with clock("pixels"):
			films = pixels.load(manifest, locate, experiment.image_size, out / CACHE, resize=experiment.resize)

	server.begin()  # it loads what this process loads now, on another core
	from cxrkit.training import jobs, loaders  # fastai takes seconds to import: bad input is reported before
	from cxrkit.training.machine import Machine

	with clock("training"):
		machine = Machine.choose(experiment, environment.choose_device(), len(jobs.jobs_of(experiment)))
		to_train = loaders.films_for(experiment, manifest, films, out / "tree", machine.device.value, machine.at_once.value)
		peaks = jobs.run(experiment, to_train, manifest.sha256, out / "jobs", machine, time_left, kept=kept)
	if environment.rank() > 0:
		return None
	unfinished = [job.name for job in jobs.unfinished(experiment, out / "jobs")]
	failed = jobs.failures(experiment, out / "jobs")
	refuse_nothing(experiment, unfinished, failed, out)

	from cxrkit.audit import audit, earlier, reference, stability
	from cxrkit.evaluation.evaluate import evaluate
	from cxrkit.report import markdown, report

	with clock("results"):
		results.keep(jobs.collect(experiment, {record.image_id: record.label for record in manifest.used}, out / "jobs"))
		evaluate(results)
		reference.describe_training(films, manifest, results.folder, stability.spreads(results))
	chosen = Chosen(placement=to_train.placement, **machine.choices)
	results.finish(chosen, unfinished, failed, clock.seconds, peaks)
	if experiment.audit == "none" or not earlier.is_of(results):
		results.remove_audit()  # an audit that fails must not leave one of other predictions
	write_checksums(results.folder)

	def make_audit() -> None:
		audit.audit(results, audit.Options(external=experiment.external, home=str(out), asks=experiment.audit == "full"))

	def make_report() -> None:
		report.make(results, locate)
		say("\n" + markdown.run_log(results))

	if experiment.audit != "none":
		with clock("audit"):
			last_stage("audit", make_audit, results, time_left)
		results.finish(chosen, unfinished, failed, clock.seconds, peaks)
		write_checksums(results.folder)
	with clock("report"):
		last_stage("report", make_report, results, time_left)
	write_checksums(results.folder)
	say(f"Manifest {manifest.sha256[:12]}. Results: {results.folder}; open {results.folder / report.PAGE}")
	return results


def last_stage(name: str, make: Callable[[], None], results: Results, time_left: Deadline) -> None:
	"""Make the audit or the report, unless its time is over; a failure is named in results.lacking, and costs only that."""
	try:
		if time_left() < -ROOM_SECONDS:
			raise Interrupted("the time was up")
		make()
	except Exception as error:  # whatever it is, hours of training must not be lost by it
		say(f"!!! THE {name.upper()} WAS NOT MADE, the results stand without it:\n{traceback.format_exc()}")
		results.lacking[name] = f"{type(error).__name__}: {error}"


def prove(device: Choice, precision: str, folder: Path) -> None:
	"""Check the GPU in a minute, say it, and write gpu-check.json into a folder; what fails is said loudly, with the remedy."""



	from cxrkit.gpu_check import check, rows

	say("Checking the GPU: each loader, saved and loaded weights, memory that runs out")
	try:
		found = check.run(device, check.SHORT_MINUTES, True, precision)
	except (RuntimeError, OSError) as error:  # that it cannot be checked is no reason not to train
		say(f"!!! THE GPU COULD NOT BE CHECKED: {error}")
		return
	made = found["rows"]
	check.write(found, folder)
	say(rows.text(made))
	if check.cannot_train(made):
		raise CxrkitError("No network can be trained on this GPU as it is.", device, made[0].remedy or check.REMEDIES["steps"])
	for row in rows.failed(made):
		say(f"!!! GPU CHECK FAILED: {row.check} ({row.what}): {row.reason}\n!!! The run goes on. What to do: {row.remedy}")


def make_manifest(experiment: Experiment, out: Path):
	"""Build and write out/manifest.csv; return the Manifest, and the function from a record to its file."""
	wanted = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
	manifest = manifests.build(wanted, experiment, out / CACHE)
	roots = manifests.roots_of(wanted)
	manifests.write(out / "manifest.csv", manifest, roots)
	return manifest, sources.locator(roots)


def refuse_leaks(manifest: Manifest, allowed: bool, where: Path) -> None:
	"""Raise BadInput for patients or pictures in two splits, unless the experiment allows them."""
	if manifest.leaks and not allowed:
		first = "\n".join(f"  - {leak}" for leak in manifest.leaks[:5])
		raise BadInput(
			f"The split leaks: {len(manifest.leaks)} patients or pictures stand in two splits. The first:\n{first}",
			where,
			"use --duplicates remove or --split grouped; to train all the same, with every table marked: --allow-leakage",
		)


def refuse_nothing(experiment: Experiment, unfinished: list[str], failed: dict[str, str], out: Path) -> None:
	"""Raise Interrupted where no training ended well, so that there is nothing to report."""
	if len(unfinished) < len(experiment.architectures) * len(experiment.seeds):
		return
	if failed:
		name, error = next(iter(failed.items()))
		raise Interrupted(
			f"No training ended well; of {len(failed)} that failed, {name}: {error}",
			out / "jobs",
			"read failed.json there; the same command tries again",
		)
	raise Interrupted(
		"The time was up before any network was trained.", out, "run the same command again, with more time or a smaller experiment"
	)


def refuse_failures(results: Results) -> None:
	"""Raise Interrupted when trainings of these results failed, so that whoever waits for the command's exit code learns it."""
	failed = results.info.failed
	if failed:
		raise Interrupted(
			f"{len(failed)} trainings failed: {', '.join(failed)}. The results are made from the others.",
			results.folder,
			"the same command tries them again",
		)
	for name, reason in results.lacking.items():
		raise Interrupted(
			f"The {name} was not made: {reason}. The results are whole without it.",
			results.folder,
			f"python -m cxrkit {name} on that folder, or on the one that python -m cxrkit pull fetched",
		)


def told_of_seeds(seeds: int) -> str:
	"""What so many seeds of each network can decide, before any is trained."""



	if seeds >= 10:
		return f"{seeds} seeds of each network. Of 268 drawn images, ten seeds decided a difference of 3 points of error in 80 % of cases."
	return (
		f"{seeds} seed{'s' * (seeds != 1)} of each network. One seed decides nothing. Of 268 drawn images, three decided a difference of 10 "
        "points of error in 31 % of cases, five one of 6 points in 74 %, and ten one of 3 points in 80 %."
	)


def marked(warnings: list[StandingWarning]) -> str:
	"""The standing warnings for a log, a line each."""
	return "\n".join("!!! " + warning.sentence for warning in warnings)


class Clock:
	"""Seconds each stage took, by name."""

	def __init__(self):
		self.seconds: dict[str, float] = {}

	def __call__(self, name: str) -> "Clock":
		self.running = name
		return self

	def __enter__(self):
		self.started = time.monotonic()

	def __exit__(self, *_):
		self.seconds[self.running] = round(time.monotonic() - self.started, 2)
'''[1:]


# ======================================
# cxrkit/progress.py
# ======================================

FILES['cxrkit/progress.py'] = r'''
"""Progress messages: a bar on a terminal, in a log a plain line a step, and every few seconds where a step is long."""

import contextlib
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, TypeVar

from tqdm import tqdm

from cxrkit import environment

EVERY_SECONDS = 20.0
"""From one line of a long work to the next: below the half minute after which one wonders, also where a step takes ten seconds."""
WORTH_SAYING_SECONDS = 2.0
"""What took no longer has no line at its end."""
MB = 1e6
"""Bytes."""

Item = TypeVar("Item")


def say(text: object = "") -> None:
	"""Print one line at once, so that a log shows it while the run goes on; with its number where several processes speak."""
	if environment.processes() > 1:
		text = "\n".join(f"[{environment.rank()}] {line}" for line in str(text).split("\n"))
	with tqdm.external_write_mode(sys.stderr) if on_terminal() else contextlib.nullcontext():  # a bar makes way for the line
		print(text, flush=True)


def announce(text: object = "") -> None:
	"""say() by the first process only: what every process knows."""
	if environment.rank() == 0:
		say(text)


def mention(text: object = "") -> None:
	"""say() beside what a command answers: on stderr, for its stdout may be read by a program."""
	print(text, file=sys.stderr, flush=True)


def aloud() -> Callable[[object], None]:
	"""A say() that is heard while stdout is led elsewhere later on, as Kaggle's client is silenced."""
	stream = sys.stdout
	return lambda text: print(text, file=stream, flush=True)


def on_terminal() -> bool:
	return sys.stderr.isatty()


class Meter:
	"""How far a piece of work is: a bar on a terminal, else a line every EVERY_SECONDS, and one at its end where it took long."""






	def __init__(
		self,
		label: str,
		total: float | None = None,
		unit: str = "",
		clock: Callable[[], float] = time.monotonic,
		tell: Callable[[object], None] = say,
	) -> None:
		self.label, self.total, self.unit, self.clock, self.tell = label, total, unit, clock, tell
		self.done: float = 0
		self.words: str | None = None
		self.turn = Lock()
		self.started = self.told = clock()
		one_speaks = on_terminal() and environment.processes() == 1
		self.bar = tqdm(total=total, desc=label, leave=False, bar_format="{desc} |{bar}|", file=sys.stderr) if one_speaks else None

	def __enter__(self) -> "Meter":
		return self

	def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
		self.close(finished=kind is None)

	def advance(self, amount: float = 1, words: str | None = None) -> None:
		"""So much more is done. words: from now on in place of the numbers, such as "7 of 40" where the total is in seconds."""
		with self.turn:
			self.done += amount
			self.words = words or self.words
			if self.bar is not None:
				self.bar.set_description_str(self.text(), refresh=False)
				self.bar.update(amount)
			elif self.done != self.total and self.clock() - self.told >= EVERY_SECONDS:
				self.tell(self.text())
				self.told = self.clock()

	def text(self) -> str:
		"""Where it stands, as in standing()."""
		return standing(self.label, self.done, self.total, self.clock() - self.started, self.unit, self.words)

	def close(self, finished: bool = True) -> None:
		"""No more comes. finished: whether all of it was done."""
		if self.bar is not None:
			self.bar.close()
		seconds = self.clock() - self.started
		if self.bar is None and finished and seconds > WORTH_SAYING_SECONDS:
			self.tell(f"{self.label}: {self.words or _amount(self.done) + _unit(self.unit)} in {seconds:.1f} s")


def track(
	items: Iterable[Item],
	label: str,
	total: int | None = None,
	clock: Callable[[], float] = time.monotonic,
	tell: Callable[[object], None] = say,
) -> Iterator[Item]:
	"""Yield the items, showing as a Meter does how many are done."""



	total = len(items) if total is None and isinstance(items, Collection) else total
	with Meter(label, total, clock=clock, tell=tell) as meter:
		for item in items:
			yield item
			meter.advance()


def standing(label: str, done: float, total: float | None, elapsed: float, unit: str = "", words: str | None = None) -> str:
	"""Where a work stands, such as "comparing films: 1,200 of 22,055 (5 %), about 3 min left"."""



	if not total:
		return f"{label}: {words or _amount(done) + _unit(unit)}"
	share = min(done / total, 1)
	left = f", {time_left(elapsed * (1 - share) / share)}" if 0 < share < 1 else ""
	return f"{label}: {words or f'{_amount(done, total)} of {_amount(total)}{_unit(unit)}'} ({int(100 * share)} %){left}"


def time_left(seconds: float) -> str:
	"""Seconds in the words of somebody who waits: "about 20 s left", "about 4 min left", "about 3 h left"."""
	if seconds < 90:
		return f"about {max(round(seconds), 1) if seconds < 20 else round(seconds, -1):.0f} s left"
	if seconds < 5400:
		return f"about {seconds / 60:.0f} min left"
	hours = seconds / 3600
	return f"about {hours:.2g} h left" if hours < 10 else f"about {hours:.0f} h left"


def _amount(value: float, beside: float | None = None) -> str:
	"""A number as it is read: whole above 100, and where it is whole; beside: a larger number that it is written next to."""
	return f"{value:,.1f}" if max(value, beside or 0) < 100 and value != int(value) else f"{value:,.0f}"


def _unit(unit: str) -> str:
	return f" {unit}" if unit else ""


def table(rows: Iterable[Sequence[Any]], header: Sequence[str], right: Iterable[str] = ()) -> str:
	"""Rows of values as an aligned text table."""



	cells = [[str(name) for name in header]] + [["" if value is None else str(value) for value in row] for row in rows]
	widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
	lines = []
	for row in cells:
		padded = [c.rjust(w) if name in right else c.ljust(w) for c, w, name in zip(row, widths, header)]
		lines.append("  ".join(padded).rstrip())
	lines.insert(1, "  ".join("-" * w for w in widths))
	return "\n".join(lines)
'''[1:]


# ======================================
# cxrkit/protocol.py
# ======================================

FILES['cxrkit/protocol.py'] = r'''
"""The study's recipe in one table: each setting, the value it had there, and where that is known from."""






from dataclasses import dataclass, fields
from typing import Any, Literal

from cxrkit.config import Experiment

Source = Literal["study", "fastai 1", "guess"]
"""study: its text or tables say so; fastai 1: a default of its library; guess: neither says, or it can be read in two ways."""

REPOSITORY = "https://github.com/fastai/fastai1/blob/1.0.61/"
KEYS = {each.name: each.metadata["decides"] for each in fields(Experiment)}


@dataclass(frozen=True)
class Row:
	"""One setting of the study's training."""







	name: str
	study: Any
	source: Source
	meaning: str
	where: str = ""
	ours: str = ""
	paper: Any = None

	@property
	def is_key(self) -> bool:
		return self.name in KEYS

	@property
	def in_paper(self) -> Any:
		"""The value of a key in paper.yaml."""
		return self.study if self.paper is None else self.paper

	@property
	def url(self) -> str:
		"""The place in fastai 1's source, or an empty text."""
		return REPOSITORY + self.where.split(", ")[1] if self.where else ""

	@property
	def function(self) -> str:
		return self.where.split(", ")[0]


ROWS = (
	# the networks, and the films they see
	Row(
		"architectures",
		("resnet34", "resnet101", "vgg16_bn", "vgg19_bn"),
		"study",
		"The networks; the VGGs in fastai 1's version, with batch norm. Any other network is not the study's.",
	),
	Row("seeds", (0,), "study", "Each network was trained once; which seed its random numbers had, if any, is not told."),
	Row("pretrained", True, "study", "Networks start from ImageNet weights."),
	Row(
		"split",
		"paper",
		"study",
		"CoronaHack's published test normals are validated on, and 34 COVID-19 films; which 34 is a guess. There is no test set.",
	),
	Row("split_seed", 0, "guess", "Draws what the rule of the split leaves open."),
	Row("exclude_views", (), "study", "No view was left out: CoronaHack's lateral films were used."),
	Row(
		"duplicates",
		"keep",
		"study",
		"The sources were merged as they were; the experiment paper removes copies, which would stand in both splits.",
		paper="remove",
	),
	Row(
		"label_conflicts",
		"keep",
		"guess",
		"Nobody looked for films that two sources label differently; the experiment paper leaves them out.",
		paper="exclude",
	),
	Row("ages", "all", "study", "Children and adults together: its normal films are children's."),
	Row("match", (), "study", "Nothing was matched: neither age, view nor sex is alike in its classes."),
	Row("age_caliper", 5.0, "guess", "Of no account where nothing is matched."),
	Row("image_size", 224, "study", "Side of the square that the networks see, in pixels."),
	Row(
		"resize",
		"crop",
		"fastai 1",
		"A size that is one number scales the short side to it and cuts the long one.",
		"Image.apply_tfms, fastai/vision/image.py#L103",
	),
	# the training
	Row("batch_size", 64, "fastai 1", "Films a step.", "ImageDataBunch.create_from_ll, fastai/vision/data.py#L90"),
	Row("epochs", 4, "study", "Epochs with the body frozen, and as many with everything trained."),
	Row("learning_rate", 3e-3, "fastai 1", "Peak learning rate with the body frozen.", "defaults.lr, fastai/basic_train.py#L15"),
	Row(
		"frozen_rates",
		"tenth",
		"fastai 1",
		"The default rate is a slice with an end alone: the body, of which batch norm is trained, gets a tenth.",
		"Learner.lr_range, fastai/basic_train.py#L185",
	),
	Row(
		"unfrozen_rates",
		"one",
		"guess",
		"The study names max_lr and prints no value; one number would give all layers the same rate, a slice would not.",
		"Learner.lr_range, fastai/basic_train.py#L185",
	),
	Row(
		"warmup_share", 0.3, "fastai 1", "Share of a stage's steps in which the learning rate rises.", "fit_one_cycle, fastai/train.py#L15"
	),
	Row(
		"epsilon",
		1e-8,
		"fastai 1",
		"Adam's epsilon: fastai 1 takes torch's Adam, and leaves torch's own value.",
		"AdamW, fastai/torch_core.py#L67",
	),
	Row("decay_everywhere", True, "fastai 1", "Weight decay of 0.01 on batch norm and biases too.", "Learner, fastai/basic_train.py#L152"),
	Row(
		"precise_batch_norm",
		False,
		"fastai 1",
		"Batch norm judges held-out films by the running means of the last training steps.",
		"validate, fastai/basic_train.py#L50",
	),
	Row("lr_find_iterations", 100, "fastai 1", "Steps of the learning-rate finder, from 1e-7 to 10.", "lr_find, fastai/train.py#L33"),
	Row(
		"precision",
		"float32",
		"fastai 1",
		"Numbers of 32 bits unless half precision is asked for; the experiment paper takes what the device is fastest in.",
		"Learner.to_fp16, fastai/train.py#L43",
		paper="auto",
	),
	Row("parallel", "jobs", "study", "One network at a time on one GPU of Kaggle's."),
	Row("threshold", 0.5, "fastai 1", "The likelier of the two classes is called.", "accuracy, fastai/metrics.py#L25"),
	# what no key sets
	Row(
		"choice of the rate",
		"not told",
		"guess",
		"Which point of the finder's plot the study took.",
		"Recorder.plot, fastai/basic_train.py#L540",
		"fastai 2's valley, where the curve has a credible one",
	),
	Row(
		"last learning rate",
		"a 250,000th of the peak",
		"fastai 1",
		"Where the cosine of a stage ends; it begins at a 25th in both.",
		"OneCycleScheduler, fastai/callbacks/one_cycle.py#L10",
		"a 100,000th",
	),
	Row(
		"momentum",
		"from 0.95 to 0.85 and back; 0.99 for the squares",
		"fastai 1",
		"Adam's two means of the gradients, the first moving against the learning rate.",
		"OneCycleScheduler, fastai/callbacks/one_cycle.py#L10",
		"from 0.95 to 0.85 and back; 0.99 for the squares",
	),
	Row(
		"biases of the head",
		"linear layers with bias",
		"fastai 1",
		"The head: two kinds of pooling, 512 units, batch norm, dropout of a quarter and a half, in both.",
		"bn_drop_lin, fastai/layers.py#L44",
		"without, since batch norm comes before",
	),
	Row(
		"place of the crop",
		"training films: anywhere along the long side",
		"fastai 1",
		"Held-out films are cut in the middle in both.",
		"get_transforms, fastai/vision/transform.py#L308",
		"the middle always",
	),
	Row(
		"resampling",
		"one bilinear resampling for size and augmentation, after averaging where a film shrinks by more than two",
		"fastai 1",
		"How the pixels of the square are made.",
		"_grid_sample, fastai/vision/image.py#L530",
		"Pillow's bilinear filter for the size, then a second resampling for the augmentation",
	),
	Row(
		"augmentation",
		"flip, scaling and stretching",
		"study",
		"What the study names; its strengths are not told. fastai 1 would by itself also turn, warp and light films.",
		"get_transforms, fastai/vision/transform.py#L308",
		"flip in half; zoom up to 1.1 in half; one axis stretched up to 1.1 in half",
	),
	Row(
		"colour",
		"as the file has it, three channels",
		"fastai 1",
		"Coloured marks on a film can tell its source.",
		"open_image, fastai/vision/image.py#L393",
		"grey, on three equal channels",
	),
	Row(
		"normalisation",
		"not told",
		"guess",
		"fastai 1 leaves it to whoever writes the notebook.",
		"ImageDataBunch.normalize, fastai/vision/data.py#L174",
		"ImageNet's means and deviations",
	),
)


def used(row: Row, experiment: Experiment) -> Any:
	"""What an experiment does where the study did row.study."""
	return getattr(experiment, row.name) if row.is_key else row.ours


def differs(row: Row, experiment: Experiment) -> bool:
	return used(row, experiment) != row.study


def differences(experiment: Experiment) -> list[Row]:
	"""The rows in which an experiment does not do what the study did, or, as far as is known, may not."""
	return [row for row in ROWS if differs(row, experiment)]


def words(value: Any) -> str:
	"""A value for people: lists in words, yes and no, small numbers as they are written."""
	if isinstance(value, bool):
		return "yes" if value else "no"
	if isinstance(value, (tuple, list)):
		return ", ".join(map(str, value)) or "none"
	return f"{value:g}" if isinstance(value, float) else str(value)
'''[1:]


# ======================================
# cxrkit/report/__init__.py
# ======================================

FILES['cxrkit/report/__init__.py'] = r'''
"""Result files in, figures and tables out."""
'''[1:]


# ======================================
# cxrkit/report/cards.py
# ======================================

FILES['cxrkit/report/cards.py'] = r'''
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
from cxrkit.report import sentences
from cxrkit.report.tables import data, networks
from cxrkit.report.tables.settings import GENERATED
from cxrkit.results import Results
from cxrkit.tables import as_markdown, plain

HERE = Path(__file__).parent


def model_card(results: Results) -> str:
	return _render(
		"model_card.md",
		results,
		networks=", ".join(short_name(name) for name in results.architectures),
		seeds=", ".join(map(str, results.experiment.seeds)),
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
	shown = [data.splits(manifest), data.sources(manifest), data.left_out(manifest)]
	by_licence = Counter(record.licence or "unknown" for record in manifest.used)
	collected = Counter(record.collected for record in manifest.used)
	return _render(
		"datasheet.md",
		results,
		n_read=len(manifest.records),
		n_out=len(manifest.records) - len(manifest.used),
		columns=", ".join(f"`{column}`" for column in COLUMNS),
		tables="\n\n".join(as_markdown(table) for table in shown if table.rows),
		collected=", ".join(f"{plain(name or 'not known')} {count}" for name, count in collected.most_common()),
		leaks=data.leaks_sentence(manifest),
		licences="\n".join(f"- {plain(name)}: {count} films. {licences.terms(name)}" for name, count in by_licence.most_common()),
	)


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
'''[1:]


# ======================================
# cxrkit/report/claim.yaml
# ======================================

FILES['cxrkit/report/claim.yaml'] = r'''
# The 42 items of CLAIM, the Checklist for Artificial Intelligence in Medical Imaging, each named in our own words and
# answered from the results. (Mongan, Moy, Kahn 2020, Radiol. Artif. Intell. 2:e200029, PMC8017414.)
# `at`: file, then a field of it that must be there and not be empty for a yes; `says`: what is found there; `zero`: 0 is an
# answer, too; `otherwise`: why the answer is no; `na`: why the item does not apply.
- {item: 1, part: title and abstract, topic: the title says that it is about AI, at: [report.html]}
- {item: 2, part: title and abstract, topic: a structured summary, at: [report.html], says: "the section Verdict"}
- {item: 3, part: introduction, topic: "background, intended use and role", at: [MODEL_CARD.md], says: "Intended use"}
- {item: 4, part: introduction, topic: objectives, at: [report.html], says: "the two questions of its title"}
- {item: 5, part: design, topic: prospective or retrospective, at: [DATASHEET.md], says: "Motivation: retrospective, from published films"}
- {item: 6, part: design, topic: goal of the study, at: [MODEL_CARD.md], says: "Intended use: a repetition of a study, to learn which network is better"}
- {item: 7, part: data, topic: sources, at: [manifest.csv, source]}
- {item: 8, part: data, topic: inclusion and exclusion, at: [manifest.csv, excluded], otherwise: no image was excluded, so the manifest names no criterion}
- {item: 9, part: data, topic: preprocessing, at: [run.json, experiment.image_size], says: "grey, a square of that many pixels, made as experiment.resize says"}
- {item: 10, part: data, topic: subsets, na: whole films are used; no region or series is chosen from them}
- {item: 11, part: data, topic: definition of the data's elements, at: [DATASHEET.md], says: "Composition: each column of manifest.csv"}
- {item: 12, part: data, topic: de-identification, otherwise: the sources removed names before publishing; the kit does not check pixels for them}
- {item: 13, part: data, topic: missing values, at: [DATASHEET.md], says: "Composition: empty means not known; nothing is filled in"}
- {item: 14, part: reference standard, topic: definition, at: [manifest.csv, finding], otherwise: the sources gave no findings in words}
- {item: 15, part: reference standard, topic: why this one, otherwise: labels are as published; nobody chose among standards}
- {item: 16, part: reference standard, topic: who annotated, otherwise: the sources do not say who read the films}
- {item: 17, part: reference standard, topic: tools of annotation, otherwise: the sources do not name them}
- {item: 18, part: reference standard, topic: agreement of readers, otherwise: the sources publish one label a film}
- {item: 19, part: partitions, topic: sample size and its reason, at: [comparison.json, images_for_equivalence], says: "what the images at hand can show, and how many would be needed"}
- {item: 20, part: partitions, topic: how films were assigned, at: [run.json, experiment.split]}
- {item: 21, part: partitions, topic: level at which partitions are disjoint, at: [run.json, leaks], zero: true, says: "by patient and picture; so many stand in two splits", otherwise: the run does not record it}
- {item: 22, part: model, topic: description, at: [MODEL_CARD.md], says: "Model"}
- {item: 23, part: model, topic: libraries with versions, at: [run.json, versions], otherwise: the run records no versions}
- {item: 24, part: model, topic: initial weights, at: [run.json, started_from]}
- {item: 25, part: training, topic: procedure and hyperparameters, at: [run.json, experiment]}
- {item: 26, part: training, topic: choice of the final model, at: [comparison.json, chosen_on_validation], otherwise: "there is no test split: each network's last epoch is judged on validation, as in the study"}
- {item: 27, part: training, topic: ensembles, at: [metrics.json, ensembles], otherwise: one network with one seed is no ensemble}
- {item: 28, part: evaluation, topic: measures of performance, at: [metrics.json, scores]}
- {item: 29, part: evaluation, topic: statistics and uncertainty, at: [comparison.json, pairs], otherwise: there is one network, so there are no pairs; its intervals are in metrics.json}
- {item: 30, part: evaluation, topic: robustness, at: [audits.json, masking], otherwise: no audit has masked the films}
- {item: 31, part: evaluation, topic: explainability, at: [audits.json, attention.rows], otherwise: no attention maps were made}
- {item: 32, part: evaluation, topic: data from elsewhere, at: [audits.json, external], otherwise: no films from elsewhere were tried}
- {item: 33, part: results, topic: flow of cases, at: [report.html], says: "Where the films come from, and where they went"}
- {item: 34, part: results, topic: patients of each partition, at: [manifest.csv, age], otherwise: the sources give no ages}
- {item: 35, part: results, topic: performance on every partition, at: [metrics.json, scores], says: "validation and, where there is one, test; not training"}
- {item: 36, part: results, topic: accuracy with its precision, at: [metrics.json, scores], says: "each figure with its 95 % interval and n"}
- {item: 37, part: results, topic: failures, at: [report.html], says: "Films that went wrong, or nearly"}
- {item: 38, part: discussion, topic: limits and bias, at: [audits.json, verdict], otherwise: no audit was run; general limits stand in MODEL_CARD.md}
- {item: 39, part: discussion, topic: what it means for practice, at: [MODEL_CARD.md], says: "Intended use: none in practice"}
- {item: 40, part: other, topic: registration, na: a technical comparison of networks on published films is not registered}
- {item: 41, part: other, topic: "protocol, code and data", at: [run.json, experiment_sha256], says: "the code is the kit's, the protocol the experiment of this hash", otherwise: the run does not name its experiment's hash}
- {item: 42, part: other, topic: funding, otherwise: the kit does not know who paid for the run}
'''[1:]


# ======================================
# cxrkit/report/datasheet.md
# ======================================

FILES['cxrkit/report/datasheet.md'] = r'''
# Datasheet: {{ n_used }} chest films of {{ sources }}

{% for sentence in marks -%}
> **{{ sentence|plain(600) }}**

{% endfor -%}
Written from manifest.csv by cxrkit {{ version }}; questions after Gebru et al. 2021 (Commun. ACM 64:86).

## Motivation

Brought together to repeat a study of 2020 that told COVID-19 films from healthy ones. Retrospective: every film was published before, by others, for other ends.

## Composition

{{ n_read }} images were read, {{ n_used }} are used, {{ n_out }} are left out; each has a row in `manifest.csv`, with the reason where it is left out. The columns: {{ columns }}. An empty field means that nothing is known; nothing is filled in.

{{ tables }}

## Collection

How images came here: {{ collected }}. Each row names its source, the page and image it comes from where they are known, and when it was fetched.

## Processing

Copies were looked for by content (low frequencies of a thumbnail, then registration), and patients and copies kept in one split. {{ leaks }}

## Uses

For research on shortcuts, on variance between runs and on repetition. Not for training anything that meets a patient.

## Distribution and licences

{{ licences }}

The films themselves do not travel with these results. Credits stand in ATTRIBUTION.md.

## Maintenance

The manifest is identified by its SHA-256, `{{ info.manifest_sha256 }}`. `python -m cxrkit manifest diff` tells two versions apart.
'''[1:]


# ======================================
# cxrkit/report/gallery.py
# ======================================

FILES['cxrkit/report/gallery.py'] = r'''
"""The gallery: which films the report shows, once for all its forms, and small pictures of those that may be passed on."""





import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cxrkit.config import short_name
from cxrkit.data.images import open_grey
from cxrkit.data.licences import may_redistribute
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput
from cxrkit.files import replacing
from cxrkit.results import Results
from cxrkit.schema import GalleryEntry
from cxrkit.tables import Cell, Column, Table

LARGEST_LOSSES = 6
"""Films a network where no audit chose them."""
FOLDER = "figures/films"
SIDE = 200
"""Pixels; the longer side of a thumbnail."""


@dataclass(frozen=True)
class Film:
	"""A film of the gallery. label, called: what it is, and what the network takes it for at the run's threshold; kind: error, top loss or hit; picture: path below the results, empty where there is none; why: then the reason."""




	image_id: str
	network: str
	kind: str
	label: str
	called: str
	p_covid: float
	loss: float
	picture: str
	why: str
	licence: str
	credit: str
	case_url: str
	pair: bool


def films(results: Results) -> list[Film]:
	"""The films worth a look, network by network."""
	if chosen := audited(results):
		return [_film(results, row.image_id, row.architecture, row.kind, row.p_covid, row.file, row.why_no_picture, True) for row in chosen]
	return [
		_film(results, image_id, architecture, kind, p_covid, *_thumbnail(results, image_id), False)
		for architecture, image_id, kind, p_covid in _largest_losses(results)
	]


def audited(results: Results) -> list[GalleryEntry]:
	"""The audit's GalleryEntries; empty where it made none."""
	return results.audits.attention.gallery if results.audits and results.audits.attention else []


def _largest_losses(results: Results) -> Iterable[tuple[str, str, str, float]]:
	"""(architecture, image_id, kind, mean probability over seeds) of each network's films with the largest loss."""
	for architecture in results.architectures:
		held = results.predictions(architecture)
		if held is None:
			continue
		p_covid = held.p_covid.mean(0)
		loss = -np.log(np.clip(np.where(held.is_covid, p_covid, 1 - p_covid), 1e-12, 1))
		for index in np.argsort(-loss, kind="stable")[:LARGEST_LOSSES]:
			wrong = (p_covid[index] >= results.metrics.threshold) != held.is_covid[index]
			yield architecture, held.image_ids[index], "error" if wrong else "top loss", float(p_covid[index])


def place(image_id: str) -> str:
	"""Path of a film's thumbnail below the results: named by a hash, for image ids are other people's text."""
	return f"{FOLDER}/{hashlib.sha256(image_id.encode()).hexdigest()[:16]}.jpg"


def write_thumbnails(results: Results, locate: Callable[[Record], Path]) -> None:
	"""Write small pictures of the films that the gallery will show, where the audit made none; skip what may not be passed on or read."""



	if audited(results):
		return
	for image_id in sorted({image_id for _, image_id, _, _ in _largest_losses(results)}):
		record = results.manifest.by_id[image_id]
		if not may_redistribute(record.licence):
			continue
		try:
			film = open_grey(locate(record))
		except BadInput:
			continue
		film.thumbnail((SIDE, SIDE))
		with replacing(results.folder / place(image_id)) as temporary:
			film.save(temporary, format="JPEG", quality=80)


def _thumbnail(results: Results, image_id: str) -> tuple[str, str]:
	"""(path, "") of a film's thumbnail, or ("", why there is none)."""
	licence = results.manifest.by_id[image_id].licence
	if not may_redistribute(licence):
		return "", f"its licence, {licence}, does not let it be shown" if licence else "it comes without a licence"
	path = place(image_id)
	return (path, "") if (results.folder / path).is_file() else ("", "the results hold no picture of it")


def _film(results: Results, image_id: str, architecture: str, kind: str, p_covid: float, picture: str, why: str, pair: bool) -> Film:
	record = results.manifest.by_id[image_id]
	right = p_covid if record.label == POSITIVE else 1 - p_covid
	return Film(
		image_id=image_id,
		network=short_name(architecture),
		kind=kind,
		label=LABEL_WORDS[record.label],
		called=LABEL_WORDS[POSITIVE if p_covid >= results.metrics.threshold else NEGATIVE],
		p_covid=p_covid,
		loss=float(-np.log(max(right, 1e-12))),
		picture=picture,
		why=why,
		licence=record.licence,
		credit=record.credit,
		case_url=record.case_url,
		pair=pair,
	)


def table(shown: list[Film]) -> Table:
	"""The gallery as a table."""
	rows = [
		[
			Cell(film.image_id, url=film.case_url),
			Cell(film.network),
			Cell(film.kind),
			Cell(film.label),
			Cell(film.called),
			Cell(f"{film.p_covid:.3f}", film.p_covid),
			Cell(f"{film.loss:.2f}", film.loss),
			Cell(film.licence or "unknown"),
			Cell(film.credit),
		]
		for film in shown
	]
	titles = (
		("image", 0),
		("network", 0),
		("why here", 0),
		("is", 0),
		("called", 0),
		("p(COVID-19)", 1),
		("loss", 1),
		("licence", 0),
		("credit", 0),
	)
	columns = tuple(Column(title, bool(number)) for title, number in titles)
	return Table("films", f"{len(rows)} films that went wrong, or nearly.", columns, rows, open=False)
'''[1:]


# ======================================
# cxrkit/report/markdown.py
# ======================================

FILES['cxrkit/report/markdown.py'] = r'''
"""report.md, and the same tables as text for a log."""

import textwrap

from cxrkit import RESEARCH_ONLY
from cxrkit.report import gallery, sentences
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import comparison as comparison_tables
from cxrkit.report.tables import data, elsewhere, networks, recipe, settings, thresholds
from cxrkit.results import Results
from cxrkit.schema import Audits, Comparison, ResplitComparison
from cxrkit.tables import UNSEEN, Table, as_markdown, as_text, plain

WIDTH = 110
Section = tuple[str, list[str], list[Table]]
"""(heading, paragraphs, tables)."""


def sections(results: Results, shown: list[gallery.Film]) -> list[Section]:
	"""The sections in the page's order."""
	audits, verdict = results.audits, sentences.verdict(results)
	trust = [verdict["trust"]] + ([] if audits else [f"The audit is one command: {sentences.AUDIT_COMMAND}"])
	flow = [
		f"{step.count:,} {step.title}" + (": " + ", ".join(f"{part} {count:,}" for part, count in step.parts) if step.parts else "")
		for step in data.flow(results.manifest)
	]
	compared = results.comparison
	return [
		("Verdict", [*trust, verdict["best"]], [audit_tables.reasons(audits)]),
		("Inside against elsewhere", elsewhere.sentences(audits) or [sentences.NOWHERE_ELSE], elsewhere.all_of(audits)),
		(
			"The study's table beside ours",
			[],
			[networks.beside_the_study(results), networks.differs_from_study(results), networks.every_run(results)],
		),
		("Which network is best", [verdict["best"]], [comparison_tables.networks(compared), comparison_tables.pairs(compared)]),
		("What knows nothing of lungs", [] if audits else ["No audit was run."], audit_tables.all_of(audits)),
		(
			"Where the films come from, and where they went",
			[". ".join(flow) + "."],
			[data.splits(results.manifest), data.sources(results.manifest), data.left_out(results.manifest)],
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
		("Calibration", [], [thresholds.calibration(results)]),
		("Films that went wrong, or nearly", [], [gallery.table(shown)]),
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
	pairs = comparison_tables.pairs(comparison)
	chosen = comparison.chosen_on_validation
	lines = [as_text(comparison_tables.networks(comparison)), *([as_text(pairs), pairs.note] if pairs.rows else [])]
	lines.append(
		f"{comparison.n} {comparison.split} images of {comparison.patients} patients, {comparison.covid} of them COVID-19."
		+ (f" Validation chooses {chosen.name}." if chosen else "")
	)
	lines.append("VERDICT: " + sentences.best(comparison) + "\n" + sentences.of_study(comparison.study))
	return "\n\n".join(lines)


def resplits_log(comparison: ResplitComparison) -> str:
	return as_text(comparison_tables.resplits(comparison))


def audit_log(audits: Audits) -> str:
	"""The verdict of an audit first, then its tables."""
	verdict = [f"VERDICT: {audits.verdict.conclusion}", *textwrap.wrap(audits.verdict.paragraph, WIDTH)]
	parts = ["\n".join(verdict), *elsewhere.sentences(audits)]
	parts += [as_text(table) for table in (*elsewhere.all_of(audits), *audit_tables.all_of(audits))]
	parts.append(f"Intervals of AUC are 95 %, over patients. Manifest {audits.manifest_sha256[:12]}.")
	return "\n\n".join(parts)
'''[1:]


# ======================================
# cxrkit/report/model_card.md
# ======================================

FILES['cxrkit/report/model_card.md'] = r'''
# Model card: {{ networks }}{% if short_marks %} ({{ short_marks }}){% endif %}

{% for sentence in marks -%}
> **{{ sentence|plain(600) }}**

{% endfor -%}
Written from the results by cxrkit {{ version }}; sections after Mitchell et al. 2019 (arXiv 1810.03993).

## Model

- Networks: {{ networks }}, convolutional networks from torchvision under a head of fastai, two outputs (COVID-19, normal).
- Start: {{ "ImageNet weights" if info.started_from == "imagenet" else "random weights" }}. Training: {{ experiment.epochs }} epochs with the body frozen, then as many unfrozen; seeds {{ seeds }}.
- Input: one grey film, {{ "squeezed whole into" if experiment.resize == "squish" else "its middle square, as" }} {{ experiment.image_size }} × {{ experiment.image_size }} pixels. Output: the probability of COVID-19, not calibrated; the temperatures that calibrate it stand in `metrics.json`.
- Experiment `{{ experiment.name|plain }}`, SHA-256 `{{ info.experiment_sha256 }}`; versions and device in `run.json`.

## Intended use

Research: to repeat a study of 2020, and to learn which of its networks is better and whether such scores can be trusted. It is not a medical device; there is no use in care, in triage or in screening.

## Can the scores be trusted?

{{ verdict.trust|plain(4000) }}
{% if not audited %}
No audit was run; `{{ audit_command }}` runs it.
{% endif %}
## Scores

{{ scores }}

{{ verdict.best|plain(2000) }}

## Data

{{ n_used }} films of {{ sources }}; manifest SHA-256 `{{ info.manifest_sha256 }}`. See DATASHEET.md and ATTRIBUTION.md.

## Limits

- Labels are as the sources published them; nobody read the films again.
- In the study's own data the normal films are of children and the COVID-19 films of adults, from other hospitals; a score on such data may be one of age or source.
- Judged on {{ n }} images of {{ patients }} patients{{ ", validation only: there is no test split" if held == "valid" else "" }}.
- Fairness between groups is not measured: most sources give neither age nor sex.
'''[1:]


# ======================================
# cxrkit/report/page.css
# ======================================

FILES['cxrkit/report/page.css'] = zlib.decompress(base64.b85decode("""c-p;MNpJhc6~FsaO#Mdzs}LEI5@juDkfK1*9@0aCo`M{P<WQQJB3Y91(!f3TUKIU;{Um*FHqLO76{G0I7KgLE_4k(HzNxB?{7llSs2Z<LPwdS0q~OO>M>5(x
9f;@Ev}Vnoe97}1A9?u%4`C8!p?Lo5g|iMu;&c;kHaJr75;pmg?XolzQ`#!W8TmSob3Fq$36hxZG8}lJO$h@@5Cl<hxFc%FtjzKt4{_qLsxn*|Y<6pg110N1
G4L2Aks63#AdTY3AW#D<Ib#=7HL!*Ox?MkR#X!o6Vo!o43Bxt~dE6ez``tHZmT^iR>W1a4X+2j&D4YcdZm$H`iz$r5ZJ6|uVjH$))Rq)o(H+e#Nv$@kWF1(N
3Rx6Iwxk~O1VqpaMyO+(?H&&UNv&4lF3c=R#d#J`YDp?)$%;`+QhBhWYidbq9jA}G+>#Uvwt2egCAAY$+AT@6T7#%SSib=gB-N|e^1t!&xQE|O#u^WXP?V?c
T)>39DuKjsQ@?%{`f*I!x3*(v@4}bFqjg;{PmV0f{rBuxG4hu`-7m>^RZ?{ojQx=n&#dDqC4XiY25)}Xa9S)$OUu@4S;K+kgr-l&rn;2C`ZH}Flv)-CY2kVh
gbG7#+EhgWGqMbb_PVMD>Kb-Nl9MWX1Cr0QIdYJ8K<K5b4)FZyz3{9%?a6j6rmEF@62T)0{V2x&@?FN;x}a}+a%?#0<Vb7WX(is_kO$1dgpQ$cUCw0-=ZocM
UcyNaXpuP*?@p!-qcHXU#ArtF&po*>=`#?=OZb_iMdF`(A$xew8em22flK#d&7s#(*HvdYxqc;WRq#y72yJs=`0J-h4i8E+W;{}YLqeRxVBjEBkH!Jk?r$Gs
H5UnXC*#Ng+1FAIa2_%<<N?PF5khrRu8J$E%xRV!QxHzMn4|C%D!Wy$(t@7r2e94-&2;5Q&oAHwK3Wazf%|(WhUh5-bujkh3+o7o|EOeV%xJYvPY2Sm*Uo!s
&_EJe&@u&VD_93ydu>fqVPKvggo>)jr7HASlHef$@xiiSJY7v2?;ONx>(yXuOV{!V_gN|Nv@Gp-g*tSd$e%QkP@jK;j?CWsoHuRfr6*ow0%ZE7!NEN?aF$i+
rG*96rIRRIRwcs;wQy@A|HlaBZ}cSG4>qcvS(6vli&6?L-(F6v5gSk)FZVsk2q!{^fIO@bYN+zOMY#7vC0a?6_sm<K6wD?q8p{ATRPW7BFb((d+b51p)K$v`
tAr-7`qBxT!6@K`K_E3m#AG83`C95!h)gMJ9ySfU`PwD?CthYl5oj+m);8l%M6PbTrYeuaO)!oL)%yj@n5(93fNFwQaKe*dg@aYJ-CJQ)J229~B0iYLVt=i9
lDihXw=gLxVd;);6p>?znJ7Gx8t^a95fXV(-nj{`TN&bLRoEfO<!8))Zx1a*$)`7^VinO4hb4o?)<b3M@-Q?hBP8uC_=4ImlA=nVYz8B>$wYh=4w136YN(`3
?J7v2`xA11&6n(@#;+XNq@VyqvW5u<scF+Wtm^l?Oo2>R4(8DPK4E#)FfkQo;smwk0VmD{3nLC*3J+CMQMMZTn_l0rkW=_yUe1uBq<hlQ<WkTE2U<JNw1Qr|
0jS520(4n+@M@qvrA7JxPX2r%o`}4Q-j?<%Rl&5(hp~*OoiXcKyd7A5JT!aF`PlA9CcjgOko>0;DnrU?HGp(Gh6e&8^wc3#Zxsfp_kKb%*I~U$JTV*km=j-H
f$t>(ftCtpIg3v0f<B79-({?$ylBnj8{(Q1uneZQmoprM31@m~TBN70I9lNpXjs0dqt!c6r2J6Tto)IDP5K=NL0F%uSAZ?mDu$1|-<KIOhAItIulsQ(42Jk?
oIVf(NVcGLi&>NUH60WNNz3{c$H7G?M(spB69PFXRIs2lRPa>^ilitWrexrW511A#dp~;tKMMtnFBVfsEB!`bX$R}NY?2ZXBGxa39t9(?)wve2Vk7>p4K{b8
6zQ7V><iDwvY<Q7g=j|{F^XeImNXTBvlEAE1G7XCV=zWp1f6uE=!n)rv5kU3OR|xy5(Z%}frS3adjaNz(Pgxw#5&}PwCD2{*e7A#3uEO(^!l&>*sY{rcA1Z4
wJr`tGHtL~onp(5<~|r|BBGsb6%7h*Ue1jV^*5aVv?NL>W<*M67L4C<YTI2z4LixLHDj#Fbs#VWxR(e!g{sbiN4daIneiNZCW=bz3!G?%p^29es7*EGY^ae@
g`kassW0H#5Z_Z?GxB%aEG+Sdfetb)m@%_8o)-*~=ASNLI{BMtg1iv6r!2$-?u}cwNJ=E!+18<OYb>%4DrzJ9J0DcuJ_&mm+U9^1jf)OtCU-M^i9YzN^1?X<
u>p?4tow-#EkTYNQTnmaq+XixCKVFRId*>JQtTvISd(0UU-UDIQ!c3D!#I$EJz29&_IEYYbC>*&>L+K<J<U6ng(}my|Ia`EeLsT{0~?KEV+T5>Nu&J%V;4AM
)BTpVDJyZ&k5`ZU=lx(^#%^2quX~9vRmZL({vha1rB!FzHT)Ia9`Hv0KJ~S|sb+Ro5kDV@`aLq&Tel_!v1WinehR5&Wi^AKJr^P*W>y*;IOkia(#yqUL24ET
6e)ijcbj8EA0&O)99@9yqOHTf&w%h}z@@VLcx~t|RY#(9mXjMQxlL4G)-LE$DbJWycu(N{UCxh}#z}g0#;X+uGx|*H^R{MZ{Hg}O7CV7OR<yQts2YB{h1#&1
(e43((aU+a)ZJ7}>o8Sak_h9)LN-?ysuvK-a>aBx#G$T1tV~lyy!2ss(4|;y``)gk2R0^O5ijhQk@guC;N;F4<t3O8odBpo(M&cy?3RGlDVXeb#Mc_nN@|<s
p!vLT^tUmQR#5b{-7>kgwj7q0Dw<69OeRIyXM_y{F8DLEN%8^rb+1^jT&b0_mEVW;EvQfL52EFx6NDp1Jsqy6={{{3-`*Ke2VRP+-7cL=4cbFfe%N0!h#JGq
9HtykpRYjX7OKY;fd<f&wd2GL|EiNEXiHyIm94&0@FC#kmlk11!_Q2-7{l63_G@h^;+^&AhCJB{(WQ)YF)<x=+^ze>-?4)r9_|;9d9^CJiK^lK?n?_!#F~#C
aM&@>%^A11Z+hSJJ|L(A!!B-Cr7UO7rIBF41F@aK3?aV}nc+C*lKz~6CIW{ig?$?dSB{4IqB}LLJyoI=Wi<f8t+?XZK<%%tBMO#wON%m-_R4!rUV`87&RCpz
o-b18)Mmg)qE$mPerdJ##_BXd3xKZ{*msMkTDG_9GqM7}^kz53!&ldYE4Ryvn`1X(k^&~Fy9q-LterErLH=okIzs8fM7!*^5UX3~pUFsyVj?98!-<qcD;(I>
1QvXMqU{5u61-W=#vn*FK9AS^VWWi56&62#kjT)s2A}anWd}1L*d#yU0Ayu*QN)PbUfVyu1VJ#701^94!8=x)&h9ewo_LnA5`}yo%?MqG%V>LI*<52^>Jxsa
tnV6V!!{NX>bQDaB5b3$agw`Qh<FxsZ^rg*?<(VV?K@B@vQ-IIND|DxaPM4|l|a=c`Th^z!h`o6JEDOs$+xU5swMe-Rl>Qn1*_F_uci&=LZgTEc%yDJ)Mpj5
*GZu%Fcq-Ki<+NjzBVAEi>s+TK$*3<NwFJ>U>fN#GeRZ^(N|x?RKV_ZP1cQT2pPjXppWE(IM$qLaV2T6KzjX)punm+uBNRM^Cr^gsGrp%<>$d}C*sWj?NnRg
y|<vc;i6>T&wr#g`+Zs<zx~pmT&>q@>wBvtN$k(k^4$I=O)hjlNE?2RCRhCbzC|PCo0=Y-(mXzcv#-xWV%GOnI>QWVam)FUzXg-o*Dap1Iyg6yda24umqdT1
;9M$^U-5HYH5~*b$=3LW$?jkheWPS?_9z)Mw=B9P*EoIB_gh@fc-hPZxrN1oAjgwmRCx&2^{7WV(WASUtacz28Bmw16R<QFlS|Uq(@WdK5i-T?2rpZZD*)|t
g@Fll9xcgfwbTXC(z@}JD+D3d0y@=f)oN3hf&0Dsp<`api0r#^fRHy!MZ%txW>h_i9~I%8P-)n7Z?5A-q`!6h1sJn2-^U36*?u-zx~;G$w=@`rp<!v=ua3Q`
Z?vPssJn}CQr`CgoJ3jO(TE$W<;>McAQAPyII)zu""".replace("\n", ""))).decode()


# ======================================
# cxrkit/report/page.html
# ======================================

FILES['cxrkit/report/page.html'] = zlib.decompress(base64.b85decode("""c-qxkUvC^Yl7IK7;I`ql49tuq8y6(fs28_R76`CO4oP<NU<3ly%~A8z)7>H28qeAS?rZEP+4uV>`$_g!MY5Yc>ao1Qz1)MXX;!gVEY^SW!}F#1xl*E&w`wK6
xmRZID&5=)S4k&|cB`z|n06~l=_IhM#el0!+uv3~_O4a7keylx*_6Zh`li&m*j36Xp`8__HmY#CZNygY@wM3~vl7ea56?clSYoU&tteDoUpw{QozSmWV)^3X
nGgiG$_ZPwyGC3w){3w`7Pam=RVH|P<H2>i6WWTVb@<mP<}4HMGNGG5$Ilt5-^;qk7H*W=DMiaL+RApdb|*A-A<kcovp)C<;^9H8Z6_O1)R4<n7UpO9JD@~j
4-e~8LdpY|s<vu|>E6^It=y<<{2=gJipr?XRR&Uz5gr~gVN`vUHEr9eMj7lB*vc4XvYf?_d499R01d29Wu7uHkHr`bjws=A{0?9K#NvSex@pV(iIX?AdL;l@
m-;@+#R6W}nE+HbrFwsroq_$fR#%x(w@`~rNTcPlmN(d`DsT2z8I)=X=9u8Bkz0~>mOoqbKqO2$`QZi0(BqkQXFt}expkGu#X0y8wlxd`n%~9?CIj-UkGedz
)G!iI2ZbX^g)!o%QnJj~&OmZv(;Ape-ESMxwJ@E(E!G9Dum#QwOSX098Ta5-({FEZieNZw%@1S=+xbM-oOZQhE&~M~NVF{~mxsbg0R;~!4IT`#uXI_e26Rmi
vW%7xXUunJzkYPOxEmLlM>~In=KmynS)aNpe3Q(0z~nSa(u7n=n`jR#QbPvaBxlU32bp^jVg#(M9NGFPKyZ};aHOd$<6%MHh%~Jb)tMYZIK->z8NRDwZ7Wvc
vtI{%5ajWVHr7p#8D#wt9r(6~Q2@~!tX-LK{?Z@+%f}kR6JG9GQ`(oH6O@R(V%UFl7-8F~;wRYNgQac~Q^}r|3>p1Sbahkl&Fv`+e%w{s-YIjEDn;0HnLnF2
l<<-0z_U>+SS+Vr74Vl%0)OFG7-=wiY=AYp8%zfSiTyI1R_{^`{FEyrj~HE9a?0NIaGaZJVhUf8KW6uuI6#IlOR1M6p2BVtuUsl8b!`u(u5G{FO0)m8TS|}~
E#%4Ov;O>P@4nHuy;1gL)Amid5Ml9&co^gl&12`O2;cy)#Vi`0#~{=5)28xbWHJM>)1_i7@Do<_?V}%u552ujV+U((z?8L%emsomrq+!b#6ERDd=SKVbnT?g
AxO}S1i~M*zo*2v{$1G?Zr>?Uxor*d^heaPxxLCLO~8P6cUv5eC@N{-d#<wHZI)kVakz4>TdLoBeSej`Z5yW=xBN*Jz0q#J{I9mw#Xf_NU;rYb+Q`0kOKS=^
5t#MMO93JAH(B?^rLb;aE054Olu<0bV1S80t-COpG6Vj+uB5FX1Hf;jRZFZqkcRZOOX*WPKQ{19f%Gc7*J{@x1Sc%w2winms(W3iC4VfS2ij>_FWFaIogWZ^
BWVp_mD;L=P_1t(hh3Sw1N<Qq8gZL;Ip#;t*4XczPoQ)`>4#6XSU?NTGANj`t<jH(jd{?sHH(q+C;H*dkB8v1!m;`whD<KT+dJLGwVor>E_LCu{3nbG*CKgV
A`DWh=9NRiBaWW!4zVZ8i}&VEJFriJ^_~zO%eZUU{v9P67f4H;X`9=S-VGqnq=%%zxTDq1^Is}mRH8xR+L}Az;LELe`@>(q{d#%+71UE9ylr&74Fv(%t6jAh
ICbmO{{pE6?LszohfsB+1hNV1RQU&p<UHL7k~}!IZ{Byx=q(OtU^phFY5+}y@AKGzdqJU&C~+dLwlohuN=Z{x*KJepc?!mPgI-WkMC-neyztP}i~K^h&laq6
bi_Vd91Mc|ohk<pW)-Pc!9HxDTI(_S4)DnT$rop5uaZsF`oIJA^&~!dE#mWU<o$%b;0EALAyLj?hk*#9Ew9@;GOOXUi5wMn;5Xt&mSe5)9DM6Cy3II&c$RY<
gZ}yy%#rm;jhqu!5$ZhRDr)%S<i1)Cu(2js!tB@8Yo0nH<bRDOQN7M5RYkzya?Jl6GCfk~H~HJ3j!4F!76<D1hSV`n=Mro<tT$)zv<B57RgitDL4ebZoXTb%
pfrkBMzy?!9l-pGwq)PH;Oj8%D+huc<|4%H)c7><YuzlT1Q-}Sf1NNI^9f(nofsu;+gJhv6prTblqm7wN`3a666mp$8d36Z8%yz7-a;E-JOjiZ-i+Z47}u_?
gIJFm(Cf3Q1$7g3jO2ZmmeK|=N@PfgCNq!9#=5@T&&nl0j>*J>Swr~eKmX_NHgJa1BN?^5u|X^;Z+7LiHRRJNz_(52Af|unkV$1`_u&D@w!zSO%?$SVnTi>m
uQU2Rm)Hko`u|D0z>^36lODk^dRX#D03A}?T)Sb9LFHgnV)q#A3!4iPg{JV}oH7dm467D`Q#E8Ujavxvyo`esR~0z+@(<#Vs&01|+!jMR0t}p>WwI^)Gps4l
-mcYf(4eXzB!YhR9|A&zNf=OH&9@*>MCM#&1zX@|2FIsS@Q)i2gT)biCft5bsh%vji1m6{mCGbrl=z#L#-Ft?(WQEKA*kAn)jAPOD`vv*fs0j*KdId@<Us*p
$R38?1ydb*6|p9dt&*AM$p8LhwxLlzmeRq%kxF(fNk0sAR#&&qu2?~!1lia40xRq`1eyDSb>c=E`m2rDD)7p>LW(uf6^{y=3TiewB#K!eCdeo-i`syk->owC
CI?<77{Qza>ZCSLc%Zs(ZtbiK3Xo$y$b)lE$?h7`B?MybP{SG-I7AmnaSYIh;ea9b$ykt_f0uvXh5)~lmL#<hwiQ0!Q#L^CG}PuM!zJ0;A=#kDxlfasMe+pv
rML1HNcwNoZiYs}p>yhNaj*p>`DE&V6KYD(>)~FQA|EN)`34bGnM;`6o$_9c3k2`Tgxo+IcG8q~^(gx|c4kx$%^sNt96K?F;=m~M5+A;17$o9rg<S;i#SXqQ
gp=4fXou{4Q*#e3qz+DX+%u@X2dH)80SLIF3W?o7V)@yJi^W5>qFPnD6GkiAzHzTocOW8#*hh_R4Ib>IaiMHTT@uWYDe=w1fcNg={PnLfwT@n9%0#+8A&BS+
nd%rrzxY(i5K6yc-6W*G4$G6I<Hja9OTt0fwCN2iZ%7pv+-Jp^#asn~PSy>sZd$3#7Y37F3WeC6+{gIIMqn?X12UKvLdjzMtkuSmh6hF2$IB%sI^D>?O1=*+
0ESqamcvHh)S8leGJr;JkczAddoL<j1tKloYf;=-9qZ&ABw@VHjHe5BIs+l5ufg;aZV=UJ1J36?;Q&193?oMV=kQAuy}4IoDme`xbxZek2q1qZ?@v`MixG~Y
sBi!zL_xhDA6%?bWr!?*6n7jTVtgsJY%YBmQ9Lz`BnUGaW>34MCC99VLLQC=cK<g8_jx?h9Pn+f$<KjtQk}T#rIAjt1EhQ_>I4rKRf~Fo4O2;EtF)C!e5l@1
nT#bIR_$vrMVbP%VYMLH)#Ju7(YukZsID8Bv!_HY*Kug3-8|Kn5qD0>NUqoZkUp(Wp2b;ZilAev6yW)fKfGm8b_N-$1>q%r$htnFQGVJY2<Lie1b>ptw%PP{
K5+*lBlIY*0}3@b{7;`=7P0r#h8PS^+2kMh3nKmyO+rGm@R6NevJKr4zl2X)(_$iFWSumMV|@@Wgt-&dQ{#9svP6z}{75dxKAFiM=IV4b@OH5+$4T-L9MUdX
dyKi9eJ&%{c1oHxQ<lm{Eb=6-%kclE$p*!pfC2DG;l{@tTPERdh6*p@jxFMNkxjbDL3Tac+$YQAvL4Qgy2C!LpDph_22}7(tmwnYcW|P?Lx!V_Et*6}kW$cH
$C`=e-v{l0P1LXoCJ61wsFTSf6xtb6gc&~%YO>Z%*ZV2Mg0Pc4OHwwsDid4XaD}{;u$%LYgFOaTXJ=$X17(D!NQrO!GqQn%st7E3JjzIV=U`@jE&q{u-jV0J
EdQfKgmCR+wf4Ba>zW#1t?!2>6MkN0U5hBI4h!}<8~abH!?jHo^3@r!({8f-|Aj3j1#7t7_vhMWk-b^?rit*+v!-KYo><0BmpQN}9AurZOPBwo8mpbY*KQBH
g6fu~*Qs%w=#-_$?hsTqx_E>=jwjgPa6g3N`2?A(;A<L=xTnNSu<C<r-?!u=aA5G`dn%T1sQsYKSSumUQL~EOJHK&a#iHj=qL9XDWiN%~?1Zw*0~Hy`jGEXs
EAh5!TT3~EoB%>i=nEjK%eVsH(tCls&^IC;8U&CX-=iRLs%y?TkecF1A0?(^fSbu1pb?M~*qAHP!?y3$46wIq)7M!4sdNKr-i_frZ$6Z#@T0*zLCW8bA4d`n
qiPLG@D!*6vY#sMf^3o#Vc`y`EjL0s)7}hopb22a(j@g;FKgkoo(Fs-aw)=-1)m20qHEMb+(cQ4AACJjwvM!lFOX$QpBJ>gcF_)%`2I-yB-!?-h0Gh86>oqX
6RZd4e`0~KYExw`c2wVTFS0>qTkq4(?JcRd*<XiSH1D#<tFZu1Ztck`nm8@ixaoB`U)9&!72P2NthcuUKf}d*7^nMtS-Wu%AL-4@tMJ?;(xUcK^0J3MC$CY)
2Nct11U|mAT<EGSN7d+GyYbB-lSXx!-Y?L~!TiQ20-;Ni){SFxfvJr7-_TE33`>NT#QMez_<XEM!*db+OhoXX6O8VJRsQ$SzkGf6)#dqDucmJgJHE2ZUaa11
vX7z5;DvWxwD-D9nhnIsvqZdwwEU`Yd|o(xes~1w^WGrxWHz&FU8a`<uMQq24hQ)86VoOH?P+Zh1MBJ11^K-L?SdwQY2iV>i<b>VFJa^b-%m~Ggu#K(mw`^-
9L$H1Jr}c$hWUHnLtnv`{An+N2&&5Yt0@mTdNsvhip&c2b$ZLeW#{~z6d}(Rs^mTos_b;m(EOh-wVmFof1@91RHx+pJyrxA+jW5F-!%6c_POQjnb7Z`_bsuE
#O5fc_2_WugR}fOwprsISaKKMV|GSOZmaU4iyH`~H^1a5*Il@$$iDveM}C+b5MMlCKxp5o_Z?l|H3Q7|o+z#0%w{W#3gKua650Jc<TA2GK9RJD1KaU#y4$-7
gqB+|c}*gI{LA;r9d(Ej{^pU?-wqdg2RD#N=eoJfLXGmC(;uWjNLS`^nW9p~o$Vi+!TQv{H9$FsgwK#){|?2WxY@_8_!~*<Uv7;OfKl-)0KR_JZbi@D5m&GV
U(z*VSaS8>i2s+NX&7Fr(c2b&K_Ck_WKt2*Y#dFJPg28iNZyz^=r6ya3RRTsI`|RJ0ZwTRpLr(~*oiBoCkR~SN7oXPcic>7pqCG?v!>9~@Z{*!KREjr>!yGo""".replace("\n", ""))).decode()


# ======================================
# cxrkit/report/page.js
# ======================================

FILES['cxrkit/report/page.js'] = zlib.decompress(base64.b85decode("""c-oy<&2rl|5Wf2<P#!X5Lc?~NlQga;Nz-XFO?vR52aP5JkxLO{3Sa=xw&G-_@6b2wlXL+PBq-5I+Ji*``(gigxp2~HAlfKim}Gf!c1EtHGF)tPVrsxY1-h0^
Nth@}tGKYVCAs6KmYpHoI9SWJKpIxuXd<Mk5kfYdBWa)~Y1N6sa4ATdk%tpPhP6gnY|}vMem#+pLJDojMwWYWNgRcmSF+@wSLf@cgS=FV?P;atF6{xo0xPMK
cNRknXd0c-N~$-ks3Z9`qH+|_bUP8m1%ZZ}22i5K(2pIc{WUaD7^%{PI%1M7CnwNGgIq63DT{6g!q7qiGw`MXyGj!e7?1fiHT%{I3gkm7+?&@@8028>w}Run
fc69hE&3h)#CW9s{Gl*bmTzwH-0xiDaX@2=h8H(UP7cEon^v)=v0?1pu?6$eV3HtDNE4<wJGHS(GIDu|hA>@#C=ox{68PMJ4dN&XBNPh@FdHz$A=Srj<wLYy
Mo0ywQ^G-M$qdtA=q+nHa5{9Ngo+C&$(4shE~BXV4vk!p_uX!TE;#0qjgr0`+5o%OOs()o$V1R+R3k~q=g;x_pTGW2md8A$DnU(nvYc$@Tyu{o^kT}gob3De
O%^+bS0r^hruUhZ?%(%Wq~Jh49jK_(k*rFh8*S2Ig38K@wk8PYw1hl)5(xV#;R=zbxVa$L=xMP<L9~$tYv8rqwM;?U@9)uu1O(>Z1Hr?9U1vdzLSKE!W<nj3
@QR#z%@$t6*;qv_!L|<93o>f6G<D9NYX?3XU8|w2Z83*m*Ssm+{&J$z|7|$f4N)}8a4%S{J9!K9r8E`j%1%F0c6sEQq=cdR&_Pix4%`A?|FmHr8rG!Gy=<B^
@#cljoQy_=Eo5>M62{gL=F8jbKi*Rew1#xxj4h+@gRl0#m1)u{D7o{BMy649I;A{2W+o-U%P55(V~ikIU-5V4jyGD0w7_IBIT1P0{L{hb<&$mOs6G9J)EaXX
*A7q4h*+M)tw|V1O+D-x9({^`XC!@&FOG9&R~He<?Z#Yc)>O#D(%&&tQ~eS1(ldN&kDhuZvi@u=<wY;$dxZ7AS~+HeVOXo@m?`I&9!~g<-KXbyu<X<+m&ND{
L|+VOF4Btu{mi4+A(IB58=MjjJf4%1Z@JOI^R`j_AflLt?s#(Cg62brs<-Jk`Y<)}7k&?A+6y1+Dzp_V0;?8nNysX}hu^tyJJ_Lyo#$?6odjcXJbDLA_(ahJ
OIf-3M|DDzqLv!Of=Gb_6#&i|QV}duw?J@37!hFZq`IN8<2<v}^2o=5YnrXP+o4Y$h-nuDBUcIcF#b{5&Cm)ho4HQcMe`0WXgdRHbHed6dVf3)6!Mmrp<=lH
;MOY#Ui*x}1VLNDf?D#^<!H#*($I*NXLLo<9*zCWw61SeI49vVB2=DWkbrTpS$XEoYd~yGJ>T7iD5JEa97Toh(y3=LYP^78nqTQvKPNDp;ZP#>E1zlWxTMF~
_>x5UVS6~WoJsFK=w2RmR!vho1Y&4^Ry~XBy>7EQP8Tm^Wxbg@XXeg<x%1z8CfI`QT<M_B?)6~q?7!H(VZIzJZatLO^DK*MYnmqxPfZ&tiB?#_LaH5WMyeR8
n0dl^#U6jwBRym5QyVvt9I7}NKdAI$HlC5y(ShFE){KZZ2+a+@<z{~@!S=LZOYYUneJG%+@SDkR;e(+4ek@(LQ1FTu-{LyBWrl4a#C$<1sXi#YWPFWnb>P|=
=2&Gpc`*zGwlxna))!bPl(;fx63J7JT1P+Uwhr|870Cm}S;eozU?0-Z^FF|QBe>pSzI@~1&YwPL8ncx<%6Bd}E;cUO&Q4=VQ8TfH**XJz`RWTT(GAB@)GBm%
D|4{ib*QMSoCSD^HgiYjFLM9Yl)foWWj?NFqPxwGn~BuHME62*(zDN>p<-QQ9%WtgvILtNILqojX1y*hDNn{60^vR^E7yPTFd6Wkc&yn5(EH&2Nilo7{mRf=
f?+stEQB=a%F0`3$=o=PGp;k#KB>joy2Ja+vR9I}ovuA9SnYowRhm@>)U3{drEW3Ike+|9KHi;Hu9N*Gvkv_iu@tbz""".replace("\n", ""))).decode()


# ======================================
# cxrkit/report/page.py
# ======================================

FILES['cxrkit/report/page.py'] = r'''
"""report.html: the whole report as one page that works without network and scripts."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
from markupsafe import Markup

from cxrkit import RESEARCH_ONLY, __version__
from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.scoring import effective_sizes
from cxrkit.report import gallery, plots, sentences
from cxrkit.report.plots import Drawing
from cxrkit.report.tables import audits as audit_tables
from cxrkit.report.tables import comparison as comparison_tables
from cxrkit.report.tables import data, elsewhere, networks, recipe, settings, thresholds
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, count_text, figure_text

HERE = Path(__file__).parent
LONGEST = 300
"""Characters of other people's text that a cell shows."""
PICTURES = {".png": "image/png", ".jpg": "image/jpeg"}
MOST_PICTURE_BYTES = 3_000_000
"""Of all pictures together; the page stays under 5 MB, and further films stand with their credit alone."""
CONTENTS = (
	("verdict", "Verdict"),
	("elsewhere", "Inside against elsewhere"),
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


def html(results: Results, shown: list[gallery.Film], drawings: dict[str, list[Drawing]]) -> str:
	"""The text of report.html."""
	script = (HERE / "page.js").read_text("utf-8")
	return (
		templates()
		.get_template("page.html")
		.render(
			title=f"{sentences.headline(results)}, {results.name}",
			style=Markup((HERE / "page.css").read_text("utf-8")),
			script=Markup(script),
			script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
			**values(results, shown, drawings),
		)
	)


def values(results: Results, shown: list[gallery.Film], drawings: dict[str, list[Drawing]]) -> dict[str, Any]:
	"""What the template shows, by name."""
	audits, compared = results.audits, results.comparison
	tables = {name: make_table(results) for name, make_table in TABLES.items()}
	tables |= {name: make_table(results.manifest) for name, make_table in DATA_TABLES.items()}
	tables |= {"networks": comparison_tables.networks(compared), "pairs": comparison_tables.pairs(compared)}
	images = f"{compared.n} {SPLIT_WORDS[results.metrics.held_out]} images, {compared.covid} of them COVID-19."
	return {
		"experiment": results.name,
		"lede": sentences.lede(results),
		"research_only": RESEARCH_ONLY,
		"marks": [warning.sentence for warning in results.warnings],
		"short_marks": ", ".join(warning.short for warning in results.warnings),
		"batch_norm": sentences.batch_norm(results),
		"differences": sentences.differences(results),
		"contents": CONTENTS,
		"verdict": sentences.verdict(results),
		"audited": bool(audits),
		"audit_command": sentences.AUDIT_COMMAND,
		"reasons": audit_tables.reasons(audits),
		"audits": audit_tables.all_of(audits),
		"elsewhere": elsewhere.all_of(audits),
		"elsewhere_told": elsewhere.sentences(audits) or [sentences.NOWHERE_ELSE],
		"matrix": comparison_tables.matrix(compared),
		"tables": tables | {"films": gallery.table(shown)},
		"plots": drawings,
		"curves_caption": f"{images} Lines: mean over seeds; bands: from the lowest seed to the highest. Dotted: guessing.",
		"flow": data.flow(results.manifest),
		"confusions": [(name, run, asdict(counts)) for name, run, counts in thresholds.confusions(results)],
		"threshold": f"{results.metrics.threshold:g}",
		"gallery": pictures(results, shown),
		"gallery_lede": gallery_lede(results),
		"embedded": embedded(results),
		"repeat": sentences.repeat(results),
		"version": __version__,
	}


TABLES = {
	"scores": networks.beside_the_study,
	"differs": networks.differs_from_study,
	"runs": networks.every_run,
	"study_epochs": networks.study_epochs,
	"thresholds": thresholds.thresholds,
	"operating": thresholds.operating_points,
	"predictive": thresholds.predictive_values,
	"usefulness": thresholds.decision_curves,
	"calibration": thresholds.calibration,
	"speed": settings.speed,
	"stages": settings.stages,
	"environment": settings.environment,
	"recipe": recipe.recipe,
	"batch_norm": recipe.batch_norm,
	"settings": settings.experiment,
	"checksums": settings.checksums,
}
DATA_TABLES = {"splits": data.splits, "sources": data.sources, "left_out": data.left_out}


def drawings(results: Results) -> dict[str, list[Drawing]]:
	"""The page's figures, by the place where they stand."""
	marks = [warning.short for warning in results.warnings]

	def draw(name: str, alt: str, size: tuple[float, float], function: Callable, *arguments: Any, wide: bool = False) -> Drawing:
		return plots.drawn(name, alt, lambda axes: function(axes, *arguments), size, marks, wide)

	held = {name: predictions for name in results.architectures if (predictions := results.predictions(name)) is not None}
	scores = {name: score for name in held if (score := networks.score_of(results, name))}
	published = {name: counts.wrong / counts.n for name, counts in study.confusions().items()}
	compared = results.comparison.networks
	told = "; ".join(f"{network.name} {percent(network.error_rate)}" for network in compared)
	areas = ", ".join(f"{short_name(name)} AUC {figure_text(score.auc)}" for name, score in scores.items())
	scaled = {score.architecture: score.scaling.before.bins for _, score in thresholds.judged(results) if score.scaling}
	size = (5.4, 0.7 * len(compared) + 0.6)
	groups = {
		"errors": [draw("errors", f"Error rates: mean {told}.", size, plots.errors, compared, published, wide=True)],
		"curves": [
			draw("roc", f"ROC curves. {areas}.", (4.2, 4.0), plots.roc, held),
			draw("pr", "Precision-recall curves of the same networks.", (4.2, 4.0), plots.precision_recall, held),
		],
		"reliability": [
			draw(
				f"reliability-{name}",
				f"Reliability curve of {short_name(name)}; its calibration error stands in the table below.",
				(4.2, 3.4),
				plots.reliability,
				bins,
				name,
			)
			for name, bins in scaled.items()
		],
	}
	learning = (
		("losses", results.epochs, plots.losses, "Training and validation loss of"),
		("lr_find", results.finder, plots.lr_find, "Learning-rate finder of"),
	)
	for group, table, function, told_of in learning:
		groups[group] = []
		for name in table["architecture"].unique():
			rows = table[table["architecture"] == name]
			alt = f"{told_of} {short_name(name)}, {rows['seed'].nunique()} seed(s)."
			groups[group].append(draw(f"{group}-{name}", alt, (4.2, 3.0), function, rows, name))
	return groups


def pictures(results: Results, shown: list[gallery.Film]) -> list[dict[str, Any]]:
	"""The gallery's films as dicts, with their picture as a data URI while there is room."""
	rows, room, folder = [], MOST_PICTURE_BYTES, results.folder.resolve()
	for film in shown:
		alt = f"Chest film {film.image_id}, {film.label}" + (", and beside it where the network looked" if film.pair else "")
		row = asdict(film) | {"src": "", "alt": alt}
		path = (folder / film.picture).resolve()
		if film.picture and path.suffix in PICTURES and path.is_relative_to(folder) and path.is_file():
			if path.stat().st_size <= room:
				room -= path.stat().st_size
				row["src"] = f"data:{PICTURES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
			else:
				row["why"] = "the page has no room for more pictures"
		elif film.picture:
			row["why"] = "its picture is not in the results"
		rows.append(row)
	return rows


def gallery_lede(results: Results) -> str:
	shown = "Pictures stand here only where the licence lets them be shown; the others have their credit and a link."
	if gallery.audited(results):
		return f"Errors, hits with the largest loss, and some ordinary hits; beside each film, where the network looked. {shown}"
	return (
		f"The {gallery.LARGEST_LOSSES} films with the largest loss of each network, by the mean probability over its seeds. "
        f"Attention maps come with the audit ({sentences.AUDIT_COMMAND}). {shown}"
	)


def embedded(results: Results) -> dict[str, Any]:
	"""What the threshold's slider counts from: the held-out predictions of each run."""
	runs: list[dict[str, list[float]]] = []
	choices: list[dict[str, Any]] = []
	effective_n: dict[str, float] = {}
	truth: list[int] = []
	for architecture in results.architectures:
		held = results.predictions(architecture)
		if held is None:
			continue
		first, name = len(runs), short_name(architecture)
		runs += [{"p": p.tolist()} for p in held.p_covid]
		every = list(range(first, len(runs)))
		if len(every) > 1:
			choices.append({"name": f"{name}, mean of {len(every)} seeds", "runs": every})
		choices += [{"name": f"{name}, seed {seed}", "runs": [index]} for seed, index in zip(held.seeds, every)]
		covid, normal = effective_sizes(held)
		n_covid, n_normal = int(held.is_covid.sum()), int((~held.is_covid).sum())
		squares = sum(n * n / effective for n, effective in ((n_covid, covid), (n_normal, normal)) if n)
		effective_n = {"covid": covid, "normal": normal, "all": (n_covid + n_normal) ** 2 / squares}
		truth = held.is_covid.astype(int).tolist()
	return {
		"threshold": results.metrics.threshold,
		"z": float(metrics.Z),
		"is_covid": truth,
		"effective_n": effective_n,
		"runs": runs,
		"choices": choices,
	}


def templates() -> jinja2.Environment:
	"""The Jinja environment of the page."""
	made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
	made.filters |= {"clipped": clipped, "safe_url": safe_url, "whisker": whisker, "tick": lambda value: f"{value:.3g}".replace("-", "−")}
	made.globals["shade"] = shade
	return made


def percent(figure: Figure) -> str:
	return NOTHING if figure.value is None else f"{100 * figure.value:.2f} %"


def clipped(words: object, most: int = LONGEST) -> str:
	"""The text on one line, cut where it is longer than `most`."""
	line = " ".join(str(words).split())
	return line if len(line) <= most else line[: most - 1] + "…"


def safe_url(url: str) -> str:
	"""The address if it leads to a web page, else an empty text; a `javascript:` address would be run."""
	try:
		parts = urlsplit(url or "")
	except ValueError:
		return ""
	return url if parts.scheme in ("http", "https") and parts.netloc and len(url) < 2000 else ""


def whisker(cell: Cell, scale: tuple[float, float] | None) -> str:
	"""A cell's dot and whisker as SVG, on its column's scale."""
	if not scale or cell.value is None:
		return ""
	start, end = scale
	at = [None if value is None else round(100 * (value - start) / ((end - start) or 1), 1) for value in (cell.low, cell.value, cell.high)]
	line = "" if at[0] is None or at[2] is None else f'<line x1="{at[0]}%" x2="{at[2]}%" y1="50%" y2="50%"/>'
	return Markup(f'<svg class="whisker" aria-hidden="true">{line}<circle cx="{at[1]}%" cy="50%" r="2.6"/></svg>')


def shade(counts: dict[str, float], name: str, other: str) -> Markup:
	"""A cell of a confusion matrix, the darker the larger its share of the row."""
	share = counts[name] / ((counts[name] + counts[other]) or 1)
	return Markup(f'<td class="number" style="background: rgba(var(--cell), {0.05 + 0.35 * share:.2f})">{count_text(counts[name])}</td>')
'''[1:]


# ======================================
# cxrkit/report/plots.py
# ======================================

FILES['cxrkit/report/plots.py'] = r'''
"""The figures of a report, each drawn once: saved as SVG and PNG, and inlined into the page in the reader's colours."""





import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from sklearn.metrics import precision_recall_curve, roc_curve

from cxrkit.columns import FROZEN
from cxrkit.config import TESTED, short_name
from cxrkit.evaluation import study
from cxrkit.evaluation.calibration import Bin
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import NetworkErrors

FOLDER = "figures"
PALETTE = ("#0072b2", "#c25700", "#00795a", "#a8478a")
"""After Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/),
with the yellow tones darkened until all have a contrast of 4.5 to 1 on white."""
LINES = ("-", (0, (6, 2)), (0, (4, 1.5, 1, 1.5)), (0, (1.5, 1.5)))
MARKERS = "osD^"
INK, QUIET, WARN = "#1b1d1f", "#5c6166", "#b00020"
VARIABLES = {
	INK: "--ink",
	QUIET: "--quiet",
	WARN: "--warn",
	**{colour: f"--net{number}" for number, colour in enumerate(PALETTE, 1)},
}
STYLE = {
	"svg.fonttype": "none",
	"svg.hashsalt": "cxrkit",
	"font.size": 9,
	"text.color": INK,
	"axes.labelcolor": INK,
	"axes.titlecolor": INK,
	"axes.titlesize": 10,
	"axes.titlelocation": "left",
	"axes.edgecolor": QUIET,
	"axes.facecolor": "none",
	"axes.spines.top": False,
	"axes.spines.right": False,
	"axes.linewidth": 0.7,
	"xtick.color": QUIET,
	"ytick.color": QUIET,
	"xtick.labelcolor": INK,
	"ytick.labelcolor": INK,
	"legend.frameon": False,
	"legend.handlelength": 2.6,
	"lines.linewidth": 1.4,
}
DPI = 120


@dataclass(frozen=True)
class Drawing:
	"""A figure. name: of its files; svg: by itself; inline: for the page; alt: what it shows, for those who do not see it; wide: over the whole column."""

	name: str
	svg: str
	png: bytes
	inline: Markup
	alt: str
	wide: bool = False


@dataclass(frozen=True)
class Look:
	"""How a network is told from the others: by colour, by line, by marker."""

	colour: str
	line: Any
	marker: str


def look(architecture: str) -> Look:
	"""The network's Look, the same in every report. A fifth network has the first one's colour again, and another line and marker."""


	known, looks = list(TESTED), len(PALETTE) * len(LINES)
	number = known.index(architecture) if architecture in known else len(known) + sum(architecture.encode()) % (looks - len(known))
	turn = (number + number // len(PALETTE)) % len(LINES)
	return Look(PALETTE[number % len(PALETTE)], LINES[turn], MARKERS[turn % len(MARKERS)])


def drawn(
	name: str, alt: str, draw: Callable[[Axes], None], size: tuple[float, float], marks: Sequence[str] = (), wide: bool = False
) -> Drawing:
	"""The Drawing of draw(axes). size: inches; marks: texts across it."""
	with rc_context(STYLE):
		figure = Figure(figsize=size, layout="constrained")
		figure.patch.set_alpha(0)
		draw(figure.subplots())
		watermark(figure, marks)
		vector, raster = io.StringIO(), io.BytesIO()
		figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
		figure.savefig(raster, dpi=DPI, format="png", facecolor="white", metadata={"Software": None})
	svg = vector.getvalue()
	return Drawing(name, svg, raster.getvalue(), Markup(in_variables(svg, name)), alt, wide)


def in_variables(text: str, prefix: str) -> str:
	"""matplotlib's SVG without its head, with CSS variables for colours, the page's font, and ids of its own."""
	text = text[text.index("<svg") :]
	text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
	text = re.sub(r"font: (?:bold )?([\d.]+)px [^;\"]*", r"font-size: \1px", text)
	text = re.sub(r' id="', f' id="{prefix}-', text)
	text = text.replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
	text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", text, count=1), count=1)
	for colour, variable in VARIABLES.items():
		text = text.replace(colour, f"var({variable})")
	return re.sub(r"\n\s*", "\n", text)


def watermark(figure: Figure, marks: Sequence[str]) -> None:
	"""Write each mark across a figure, as large as fits, so that it cannot be cropped away."""
	width = figure.get_figwidth() * 72
	for row, mark in enumerate(marks):
		height = 0.5 + 0.24 * ((len(marks) - 1) / 2 - row)
		size = min(44, 1.25 * width / len(mark))
		figure.text(0.5, height, mark.upper(), ha="center", va="center", fontsize=size, color=WARN, alpha=0.22, zorder=10)


def losses(axes: Axes, epochs: pd.DataFrame, architecture: str) -> None:
	"""Training and validation loss over the epochs of both stages: a thin line a seed, a thick one for the median."""



	colour = look(architecture).colour
	for column, style in (("train_loss", "--"), ("valid_loss", "-")):
		runs = [run[column].to_numpy() for _, run in epochs.groupby("seed", sort=False)]
		for run in runs if len(runs) > 1 else ():
			axes.plot(np.arange(1, len(run) + 1), run, color=colour, linestyle=style, linewidth=0.6, alpha=0.35)
		longest = max(map(len, runs))
		middle = np.nanmedian([np.pad(run.astype(float), (0, longest - len(run)), constant_values=np.nan) for run in runs], axis=0)
		axes.plot(
			np.arange(1, longest + 1),
			middle,
			color=colour,
			linestyle=style,
			label={"train_loss": "training", "valid_loss": "validation"}[column],
		)
	first = next(run for _, run in epochs.groupby("seed", sort=False))
	frozen = int((first["stage"] == FROZEN).sum())
	axes.axvline(frozen + 0.5, color=QUIET, linewidth=0.7)
	published = study.epochs()
	if architecture in published:
		theirs = published[architecture]
		at = [frozen + epoch.epoch for epoch in theirs]
		axes.plot(at, [epoch.valid_loss for epoch in theirs], color=INK, linewidth=0.6, marker="x", markersize=4, label="2020 study")
	axes.set(title=short_name(architecture), xlabel="epoch (line: body unfrozen)", ylabel="loss")
	if (epochs[["train_loss", "valid_loss"]].to_numpy() > 0).any():
		axes.set_yscale("log")
		axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
		axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
		axes.yaxis.set_minor_formatter(NullFormatter())
	axes.legend(loc="best", fontsize=8)


def lr_find(axes: Axes, finder: pd.DataFrame, architecture: str) -> None:
	"""The learning-rate finder's curves, a line a seed, with the rate that was chosen from each."""
	for _, run in finder.groupby("seed", sort=False):
		axes.plot(run["learning_rate"], run["loss"], color=look(architecture).colour, linewidth=0.9, alpha=0.8)
		axes.axvline(run["chosen"].iloc[0], color=QUIET, linewidth=0.7)
	axes.set(title=short_name(architecture), xlabel="learning rate (line: chosen)", ylabel="smoothed loss", xscale="log")
	lowest, start = finder["loss"].min(), finder.loc[finder["step"] <= finder["step"].min() + 5, "loss"].max()
	axes.set_ylim(bottom=min(0.95 * lowest, lowest), top=min(finder["loss"].max() * 1.02, lowest + 3 * max(start - lowest, 0.2 * lowest)))


GRID = np.linspace(0, 1, 101)


def roc(axes: Axes, held: Mapping[str, Predictions]) -> None:
	"""ROC curves of {architecture: Predictions}: the mean over seeds, and a band from the lowest to the highest seed."""

	def curve(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
		alarms, hits, _ = roc_curve(truth, p)
		sensitivity = np.interp(GRID, alarms, hits)
		sensitivity[0] = 0
		return sensitivity

	_curves(axes, held, curve)
	axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
	axes.set(title="ROC", xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
	axes.legend(loc="lower right", fontsize=8)


def precision_recall(axes: Axes, held: Mapping[str, Predictions]) -> None:
	"""Precision over sensitivity, drawn in the same way; at each sensitivity the best precision that reaches it."""

	def curve(truth: np.ndarray, p: np.ndarray) -> np.ndarray:
		precision, recall, _ = precision_recall_curve(truth, p)
		return np.array([precision[recall >= wanted - 1e-12].max() for wanted in GRID])

	_curves(axes, held, curve)
	share = next(iter(held.values())).is_covid.mean()
	axes.axhline(share, color=QUIET, linewidth=0.7, linestyle=":")
	axes.set(title="Precision and recall", xlabel="sensitivity (recall)", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
	axes.legend(loc="lower left", fontsize=8)


def _curves(axes: Axes, held: Mapping[str, Predictions], curve: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
	for architecture, predictions in held.items():
		curves = np.array([curve(predictions.is_covid, p) for p in predictions.p_covid])
		style = look(architecture)
		if len(curves) > 1:
			axes.fill_between(GRID, curves.min(0), curves.max(0), color=style.colour, alpha=0.15, linewidth=0)
		axes.plot(GRID, curves.mean(0), color=style.colour, linestyle=style.line, label=short_name(architecture))


def reliability(axes: Axes, bins: Sequence[Bin], architecture: str) -> None:
	"""Share of COVID-19 over mean probability, in bins of equal size with Wilson's intervals: the bins of calibration."""
	axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
	x, y = np.array([b.mean_p for b in bins]), np.array([b.share_covid.value for b in bins])
	ends = np.maximum([y - [b.share_covid.low for b in bins], [b.share_covid.high for b in bins] - y], 0)
	style = look(architecture)
	axes.errorbar(x, y, yerr=ends, color=style.colour, marker=style.marker, markersize=4, linewidth=1, elinewidth=0.8)
	axes.set(title=short_name(architecture), xlabel="mean probability", ylabel="share COVID-19", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def errors(axes: Axes, networks: Sequence[NetworkErrors], published: Mapping[str, float]) -> None:
	"""Each run's error rate as a dot, the mean with its interval beside it, and the study's one run as a cross."""



	for row, network in enumerate(networks):
		style, rate, values = look(network.architecture), network.error_rate, np.array(network.errors)
		order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
		lift = 0.26 * (order % 5 - 2) / 2 if len(values) > 1 else np.zeros(1)
		axes.plot(
			100 * values,
			row - 0.12 + 0.6 * lift,
			linestyle="",
			marker=style.marker,
			markersize=4,
			color=style.colour,
			alpha=0.65,
		)
		axes.plot(100 * np.array([rate.low, rate.high], float), [row + 0.26] * 2, color=style.colour, linewidth=1.2)
		axes.plot(100 * np.array(rate.value, float), row + 0.26, marker="|", markersize=9, color=style.colour)
		if network.architecture in published:
			axes.plot(100 * published[network.architecture], row - 0.12, marker="x", markersize=6, color=INK, linestyle="")
	axes.set(yticks=range(len(networks)), xlabel="error rate, %", ylim=(len(networks) - 0.5, -0.5))
	axes.set_yticklabels([network.name for network in networks])
	axes.set_xlim(left=min(0, axes.get_xlim()[0]))
'''[1:]


# ======================================
# cxrkit/report/report.py
# ======================================

FILES['cxrkit/report/report.py'] = r'''
"""The report: the page, its text twin, the cards and the figures, from a run's results alone."""

from collections.abc import Callable
from pathlib import Path

from cxrkit.data.licences import attribution
from cxrkit.data.records import Record
from cxrkit.files import replacing, write_checksums, write_text
from cxrkit.report import cards, gallery, markdown, page, plots
from cxrkit.report.tables.settings import GENERATED
from cxrkit.results import Results

PAGE = GENERATED[0]


def make(results: Results, locate: Callable[[Record], Path] | None = None) -> list[Path]:
	"""Write report.html, report.md, the cards and the figures into a run's results, bring checksums.json up to date; return the files' paths."""




	folder = results.folder
	if locate:
		gallery.write_thumbnails(results, locate)
	drawings = page.drawings(results)
	for drawing in (each for group in drawings.values() for each in group):
		for kind in ("svg", "png"):
			with replacing(folder / plots.FOLDER / f"{drawing.name}.{kind}") as temporary:
				temporary.write_bytes(drawing.svg.encode() if kind == "svg" else drawing.png)
	if not (folder / "checksums.json").exists():
		write_checksums(folder)
	results.refresh_checksums(*(path.relative_to(folder).as_posix() for path in sorted((folder / plots.FOLDER).rglob("*.*"))))
	shown = gallery.films(results)
	texts = (
		page.html(results, shown, drawings),
		markdown.markdown(results, shown),
		cards.model_card(results),
		cards.datasheet(results),
		cards.claim(results),
		attribution(results.manifest.records),
		cards.citation(),
	)
	for name, text in zip(GENERATED, texts, strict=True):
		write_text(folder / name, text)
	results.refresh_checksums(*GENERATED)
	return [folder / name for name in GENERATED]
'''[1:]


# ======================================
# cxrkit/report/sentences.py
# ======================================

FILES['cxrkit/report/sentences.py'] = r'''
"""The sentences that the page, its text twin, the cards and the log share."""

import shlex

from cxrkit import config, protocol
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import outliers, study
from cxrkit.report.tables import recipe
from cxrkit.results import Results
from cxrkit.schema import Comparison, Margins, NetworkErrors, Pair, Study
from cxrkit.tables import p_text

TITLE = "cxrkit: COVID-19 against healthy chest films"
AUDIT_COMMAND = "python -m cxrkit audit RUN"
NO_AUDIT = (
	"No audit was run. Until one is, nothing here says whether these scores come from lungs, or from image size, borders and sources."
)
NOWHERE_ELSE = (
	"No network was asked about films from elsewhere, so nothing here says what these scores are worth in another hospital. "
    f"{AUDIT_COMMAND} --external covidgr=DIR asks, and so does --external covidgr=DIR of a run itself."
)
TONES = {
	"supported": "good",
	"no-shortcut-found": "good",
	**dict.fromkeys(("no-shortcut-found-inside", "unknown", "partial-shortcut", "too-few"), "plain"),
}
"""Colour of the verdict's frame by the audit's conclusion; any other one is bad."""


def headline(results: Results) -> str:
	"""The report's title, and in brackets what a reader must not overlook."""
	marks = ", ".join(warning.short for warning in results.warnings)
	return f"{TITLE} ({marks})" if marks else TITLE


def lede(results: Results) -> str:
	compared = results.comparison
	seeds = sorted({seed for network in compared.networks for seed in network.seeds})
	networks = len(compared.networks)
	start = " trained from random weights" if results.info.started_from == "random" else ""
	return (
		f"{networks} network{'s' * (networks != 1)}{start}, {len(seeds)} seed{'s' * (len(seeds) != 1)} each, judged on {compared.n} "
        f"{SPLIT_WORDS[compared.split]} images of {compared.patients} patients, {compared.covid} of the images COVID-19."
	)


def verdict(results: Results) -> dict[str, str]:
	"""{trust, best, tone}: whether the scores can be believed, and which network is best."""
	audits = results.audits
	return {
		"trust": audits.verdict.paragraph if audits else NO_AUDIT,
		"best": best(results.comparison),
		"tone": TONES.get(audits.verdict.conclusion, "bad") if audits else "plain",
	}


def best(comparison: Comparison) -> str:
	"""Which network is best, and what is known of it, in a sentence or two."""
	left, names = comparison.best.names, [network.name for network in comparison.networks]
	words = [pair.verdict for pair in comparison.pairs]
	beaten = sorted(set(names) - set(left))
	if comparison.best.known == "one network":
		return "There is one network: nothing to compare."
	if comparison.best.known == "the best":
		sentence = f"{left[0]}, trained on this split, is the best: it errs less than each of the others{_in_which(comparison, left[0])}."
	elif comparison.best.known.startswith("equally good"):
		others = ", and no other is." if beaten else "."
		rates = (
			within(comparison.margins) if comparison.best.known == "equally good" else f"{points(comparison.margins.error)} of error alone"
		)
		sentence = f"{listed(left)}, trained on this split, are equally good within {rates}{others}"
	elif comparison.best.known == "some are not":
		verb = "is" if len(beaten) == 1 else "are"
		which = f"which of {listed(left)} is, is not known" if left else "which is, is not known"
		sentence = f"It is known that {listed(beaten)} {verb} not the best; {which}."
	else:
		sentence = "Which network is best is not known."
	counts = ", ".join(f"{words.count(word)} {word}" for word in ("equivalent", "equivalent in error", "undecided") if word in words)
	decided = sum(word in ("better", "worse") for word in words)
	told = f"{sentence} Of {len(words)} pairs, {decided} decided" + (f", {counts}." if counts else ".")
	if not decided and "equivalent" not in counts:
		return told
	return f"{told} {failures(comparison.networks)} {OTHER_SPLITS}"


def failures(networks: list[NetworkErrors]) -> str:
	"""Which trainings are outlying, and how many may be that the seeds drawn do not show."""
	far = [f"{network.name} seed {seed}" for network in networks for seed in network.outlying]
	seeds, at_most = min(len(network.seeds) for network in networks), max(network.outlying_at_most for network in networks)
	one = len(far) == 1
	seen = f"{listed(far)} {'is an' if one else 'are'} outlying training{'s' * (not one)}." if far else "No training is outlying."
	few = f" With {seeds} seeds that is little to go by." if seeds < outliers.FEW_SEEDS else ""
	return (
		f"{seen} Yet up to {100 * at_most:.0f} % of a network's trainings may be (95 % confidence), of which no test on means knows.{few}"
	)


OTHER_SPLITS = (
	"With other training films another network may lead: train again with other values of --split-seed, and compare with --resplits."
)


def _in_which(comparison: Comparison, best: str) -> str:
	"""Of the two rates, those in which the best network is shown to be better than each other, or worse than one."""
	better, worse = [], []
	for rate in ("sensitivity", "specificity"):
		words = []
		for pair in comparison.pairs:
			found = getattr(pair, rate)
			if found and best in (pair.a, pair.b):
				words.append(found.verdict if pair.a == best else OPPOSITE.get(found.verdict, found.verdict))
		if words and all(word == "better" for word in words):
			better.append(rate)
		if "worse" in words:
			worse.append(rate)
	told = f", in {listed(better)}" if better else ", though neither sensitivity nor specificity alone shows it" if not worse else ""
	return told + (f", but it is worse in {listed(worse)} than another" if worse else "")


OPPOSITE = {"better": "worse", "worse": "better"}


def within(margins: Margins) -> str:
	"""The margins of equivalence, in words."""
	return (
		f"{points(margins.error)} of error, {points(margins.sensitivity)} of sensitivity and {points(margins.specificity)} of specificity"
	)


def why(pair: Pair, margins: Margins) -> str:
	"""What the verdict on a pair rests on."""
	differs, alike = _p(pair.p_difference_holm), _p(pair.p_equivalence_holm)
	if not pair.over_seeds.has_interval:
		return "a network ran once: one run says nothing of the next"
	rates = {name: found for name, found in (("sensitivity", pair.sensitivity), ("specificity", pair.specificity)) if found}
	shown = [f"{found.verdict} in {name}" for name, found in rates.items() if found.verdict in OPPOSITE]
	if pair.verdict == "equivalent":
		return f"the differences lie within {within(margins)} (p {_p(pair.p_all_equivalent_holm)})"
	if pair.verdict == "equivalent in error":
		told = f"the difference lies within {points(margins.error)} of error (p {alike})"
		return f"{told}, but {listed(shown)}" if shown else f"{told}; that sensitivity and specificity differ no more is not shown"
	if pair.verdict in ("better", "worse"):
		shown += ["by medians over seeds the other way round"] * (pair.of_medians * (pair.difference.value or 0) < 0)
		which = listed(shown) if shown else "in which of sensitivity and specificity is not shown"
		return f"by {100 * abs(pair.difference.value or 0):.2f} points of error (p {differs}); {which}"
	told = f"neither a difference (p {differs}) nor equivalence (p {alike}) in error is shown"
	return f"{told}; {listed(shown)}" if shown else told


def of_study(study: Study) -> str:
	"""What the study's own counts decide."""
	decided = sum(pair.verdict != "undecided" or pair.as_trained != "undecided" for pair in study.pairs)
	easiest = min(study.pairs, key=lambda pair: pair.p_mcnemar[0])
	names = " and ".join(config.short_name(name) for name in (easiest.a, easiest.b))
	low, high = easiest.p_mcnemar
	return (
		f"THE STUDY: of its {len(study.pairs)} pairs {decided} {'is' if decided == 1 else 'are'} decided by its own counts; "
        f"the farthest apart, {names}, has McNemar p {p_text(low)} to {p_text(high)}."
	)


def differences(results: Results) -> str:
	"""In what a run's recipe differs from the study's, by the names of the settings."""
	found = protocol.differences(recipe.as_run(results))
	keys, always = ([row.name for row in found if row.is_key == is_key] for is_key in (True, False))
	own = f"This run differs from the study in {listed(keys)}" if keys else "Each setting of this run is the study's"
	return f"{own}. Besides, the kit goes its own way, or may, in {listed(always)}."


def batch_norm(results: Results) -> str:
	"""What running statistics do to validation; an empty text where the run took precise ones."""
	if results.experiment.precise_batch_norm:
		return ""
	name, epochs = max(study.epochs().items(), key=lambda item: item[1][0].valid_loss)
	return (
		"Held-out films were judged with batch norm's running statistics, as in the study. After short trainings these lag behind the "
        "weights, so a network can look far worse on validation than it is, and a ranking is partly of whose statistics lag least "
        f"(Wu and Johnson 2021, arXiv 2105.07576). The study's {config.short_name(name)} began its unfrozen stage with a validation loss "
        f"of {epochs[0].valid_loss:.2f} and ended it with {epochs[-1].valid_loss:.2f}."
	)


def repeat(results: Results) -> str:
	"""The command that makes these results again; DIR stands for the folder of a source that is not drawn."""
	experiment = results.experiment
	name = experiment.name if experiment.name in config.names() else "paper"
	overrides = config.differing(experiment, config.load(name))
	for key in ("data", "external", "weights", "workers", "loader", "audit"):
		overrides.pop(key, None)  # where things lie and how fast they are read is another machine's affair
	words = ["python", "kernel/run.py", "--local", "--experiment", name]
	for source in experiment.data or (("phantom",) if results.info.films == "phantom" else ("DIR",)):
		words += ["--data", source if source.startswith("phantom") else "DIR" if source in ("coronahack", "DIR") else f"{source}=DIR"]
	words += [f"--external={name}=DIR" for name in experiment.external]
	return shlex.join(words + config.as_arguments(overrides))


def listed(names: list[str]) -> str:
	return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def points(share: float) -> str:
	"""A difference between rates in percentage points, in words."""
	number = f"{100 * share:g}"
	return f"{number} point{'' if number == '1' else 's'}"


def _p(value: float) -> str:
	return f"{value:.2g}" if value >= 0.001 else "< 0.001"
'''[1:]


# ======================================
# cxrkit/report/tables/__init__.py
# ======================================

FILES['cxrkit/report/tables/__init__.py'] = r'''
"""The report as tables: values that the page, its text twin and the log lay out."""
'''[1:]


# ======================================
# cxrkit/report/tables/audits.py
# ======================================

FILES['cxrkit/report/tables/audits.py'] = r'''
"""Tables of the audit: what was asked and found, part by part, and what was not done."""

from collections.abc import Iterable, Sequence

from cxrkit.audit.conclusions import PARTS
from cxrkit.audit.evidence import EVERY_FILM
from cxrkit.config import short_name
from cxrkit.report.tables.elsewhere import matched
from cxrkit.schema import Area, Audits
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, scale_of


def all_of(audits: Audits | None) -> list[Table]:
	"""The tables that an audit has rows for, in the order of the page; those of tables/elsewhere.py stand before them."""
	if audits is None:
		return []
	makers = (requirements, baselines, held_fixed, masking, sources, matched, attention, stability, controls, parts, not_done)
	return [table for table in (make(audits) for make in makers) if table.rows]


def _area(area: Area | None) -> list[Cell]:
	"""An area and its number of films."""
	return [figure_cell(area.auc), number_cell(area.auc.n)] if area else [Cell(NOTHING), Cell(NOTHING)]


def _areas(rows: Iterable[Sequence[Cell]], index: int) -> tuple[float, float] | None:
	"""The scale of a column of areas: from guessing to perfect, and down to what is worse than guessing."""
	return scale_of(rows, index, 0.5, 1)


def baselines(audits: Audits) -> Table:
	"""What sees less than a network, above the networks themselves."""
	rows = [[Cell(row.title), *_area(row.area), *_area(row.held_out), Cell(row.note)] for row in audits.baselines]
	for row in audits.networks or []:
		note = ""
		if row.advantage:
			ahead = row.advantage.difference
			note = f"{ahead.value:+.3f} [{ahead.low:+.3f}, {ahead.high:+.3f}] on {row.advantage.over_title}"
		seeds = f", mean of {len(row.seeds)} seeds" if len(row.seeds) > 1 else ""
		rows.append([Cell(short_name(row.architecture) + seeds, tone="network"), Cell(""), Cell(""), *_area(row.area), Cell(note)])
	columns = (
		Column("COVID-19 told from normal by"),
		Column("AUC, all films", True, _areas(rows, 1)),
		Column("n", True),
		Column("AUC, held out", True, _areas(rows, 3)),
		Column("n held out", True),
		Column("note"),
	)
	note = "An AUC of 1 separates the classes, 0.5 is guessing. All films: each judged by a model that did not see its patient. A network that does not stand clear of the rows above it has shown nothing about lungs."
	return Table("baselines", "What knows nothing of lungs, or little, above the networks.", columns, rows, note)


def masking(audits: Audits) -> Table:
	rows = [
		[
			Cell(f"{short_name(row.architecture)}, seed {row.seed}"),
			Cell("the centre" if row.mask == "centre" else "all but the centre"),
			Cell(f"{100 * row.share:.0f} %", row.share),
			*_area(row.area),
			Cell("trained on such films" if row.retrained else "asked only"),
		]
		for row in audits.masking or []
	]
	columns = (
		Column("network"),
		Column("blacked out"),
		Column("of the picture", True),
		Column("AUC", True, _areas(rows, 3)),
		Column("n", True),
		Column("how"),
	)
	note = "With the centre black there are no lungs to see. A network that keeps its score then does not need them."
	return Table("masking", "Lungs hidden, and all but the lungs hidden.", columns, rows, note, open=len(rows) <= 24)


def sources(audits: Audits) -> Table:
	rows = [[Cell(row.title), *_area(row.area), number_cell(row.area.positives), Cell(row.note)] for row in audits.sources]
	columns = (
		Column("what is told apart"),
		Column("AUC", True, _areas(rows, 1)),
		Column("n", True),
		Column("positive", True),
		Column("note"),
	)
	note = "Among films of one label the disease is constant: what tells their sources apart there sees no disease. That is no verdict by itself, for films of two hospitals look different to any network: what counts is how far its score falls with the source held fixed."
	return Table("sources", "Sources told apart, left out, and kept alike.", columns, rows, note)


def attention(audits: Audits) -> Table:
	rows = []
	for row in audits.attention.rows if audits.attention else []:
		others = (row.box_area, row.randomised_energy, row.randomised_correlation)
		cells = [number_cell(value, "" if value is None else f"{value:.3f}") for value in others]
		name = f"{short_name(row.architecture)}, seed {row.seed}"
		rows.append([Cell(name), figure_cell(row.energy_in_box), *cells, number_cell(row.energy_in_box.n)])
	titles = ("box's share of the picture", "the same, random network", "correlation with it", "n")
	columns = (Column("network"), Column("share of attention in the box", True, (0, 1)), *[Column(title, True) for title in titles])
	note = "The box holds the lungs. Attention is worth reading only where its share in the box lies clear of the box's own share, and where the map changes when the network is made random (Adebayo et al. 2018, arXiv 1810.03292)."
	return Table("attention", "Where the networks look.", columns, rows, note)


def stability(audits: Audits) -> Table:
	rows = []
	for row in audits.stability or []:
		change, share = max(row.changes.items(), key=lambda item: item[1].value)
		spread = "" if row.spread is None else f"{row.spread:.3f}"
		rows.append(
			[
				Cell(short_name(row.architecture) + (f", mean of {row.seeds} seeds" if row.seeds > 1 else "")),
				*[figure_cell(figure) for figure in (row.unstable, row.crossing)],
				number_cell(row.unstable.n),
				number_cell(row.spread, spread),
				Cell(f"{change}: {100 * share.value:.1f} %" if share.value else NOTHING),
			]
		)
	columns = (
		Column("network"),
		Column("unstable calls", True, (0, 1)),
		Column("across the threshold", True, (0, 1)),
		Column("n", True),
		Column("seeds lie apart", True),
		Column("most under"),
	)
	note = "Each film is moved, cropped, padded, blurred by a hair and mirrored, which changes no diagnosis. A call is unstable where its probability then crosses the threshold, or moves farther than seeds lie apart."
	return Table("stability", "Held-out films whose call changes with what changes no diagnosis.", columns, rows, note)


def controls(audits: Audits) -> Table:
	rows = [
		[
			Cell(row.title),
			Cell(row.expected),
			Cell(row.found),
			Cell("passed" if row.passed else "FAILED", tone="" if row.passed else "bad"),
		]
		for row in audits.controls
	]
	columns = (Column("control"), Column("expected"), Column("found"), Column("outcome"))
	return Table("controls", "Controls of the audit itself.", columns, rows, "An audit that fails its own controls says nothing.")


def held_fixed(audits: Audits) -> Table:
	rows = [
		[
			Cell(short_name(row.architecture)),
			Cell(f"the {row.fixed}"),
			figure_cell(row.within.auc),
			figure_cell(row.same_films),
			figure_cell(row.whole),
			figure_cell(row.fall),
			*[number_cell(value) for value in (row.within.auc.n, row.within.positives, row.without_partner, row.not_known)],
		]
		for row in audits.held_fixed or []
	]
	areas = ("AUC within", "AUC of the same films", "AUC of all films")
	counts = ("n", "COVID-19", "without a partner", "not known")
	columns = [Column("network"), Column("held fixed")]
	columns += [Column(title, True, _areas(rows, 2 + index)) for index, title in enumerate(areas)]
	columns += [Column(title, True) for title in ("lost", *counts)]
	note = "Within: a film is compared with films of its own source, or of its own band of ten years of age, only. Lost: all films minus within. A film without a partner has none of the other class there."
	return Table("held-fixed", "Source and age held fixed.", tuple(columns), rows, note)


def requirements(audits: Audits) -> Table:
	"""What a supported claim needs, and what of it is met."""
	rows = [
		[Cell(row.text), Cell(row.found), Cell("met" if row.met else "not met", tone="" if row.met else "bad")]
		for row in audits.verdict.requirements
	]
	note = "All of it, and nothing found against the scores. Limits of intervals are those on the worse side."
	return Table("requirements", "What a supported claim needs.", (Column("asked"), Column("found"), Column("outcome")), rows, note)


def parts(audits: Audits) -> Table:
	"""What the audit consists of, part by part, and what does a part that was not done."""
	rows = []
	for row in audits.parts:
		state = "done, kept from an earlier audit" if row.kept and row.state == "done" else row.state
		rows.append([Cell(PARTS[row.part].title), Cell(state), Cell(row.why), Cell(row.command)])
	columns = (Column("part"), Column("state"), Column("why"), Column("what does it"))
	return Table("parts", "What was done, and what was not.", columns, rows)


def not_done(audits: Audits) -> Table:
	"""What failed or was left out within the parts, and why."""
	rows = [[Cell(row.part), Cell(row.reason)] for row in audits.not_done]
	if audits.counts.judged.split == EVERY_FILM:
		rows.append([Cell("what asks networks"), Cell("a manifest has none")])
	return Table("not-done", "What could not be done, or was left out.", (Column("what"), Column("why")), rows)


def reasons(audits: Audits | None) -> Table:
	"""What the verdict rests on."""
	rows = []
	for row in audits.verdict.reasons if audits else []:
		cells = [number_cell(value, "" if value is None else f"{value:.3g}") for value in (row.value, row.threshold)]
		rows.append([Cell(row.text), *cells, Cell(row.rule.replace("-", " "))])
	columns = (Column("finding"), Column("value", True), Column("held against", True), Column("rule"))
	return Table("reasons", "What the verdict rests on.", columns, rows)
'''[1:]


# ======================================
# cxrkit/report/tables/comparison.py
# ======================================

FILES['cxrkit/report/tables/comparison.py'] = r'''
"""Tables of the comparison: how far runs of a network lie apart, each pair of networks, and pairs over resplits."""

from cxrkit.data.records import SPLIT_WORDS
from cxrkit.report import sentences
from cxrkit.schema import Comparison, Range, ResplitComparison
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell, p_text, points_cell, scale_of


def networks(comparison: Comparison) -> Table:
	"""Each network's mean error, and how far its runs lie apart."""
	rows = []
	for network in comparison.networks:
		spread = network.run_to_run
		sd, predicted = (NOTHING if value is None else f"{100 * value:.2f}" for value in (spread.observed.value, spread.predicted))
		rows.append(
			[
				Cell(network.name),
				number_cell(len(network.seeds)),
				figure_cell(network.error_rate, 4),
				number_cell(network.median, f"{network.median:.4f}"),
				number_cell(len(network.outlying)),
				Cell(f"{100 * network.outlying_at_most:.0f} %", network.outlying_at_most),
				Cell(sd, spread.observed.value),
				Cell(predicted, spread.predicted),
				Cell(spread.reading),
			]
		)
	columns = (
		Column("network"),
		Column("seeds", True),
		Column("mean error rate", True, scale_of(rows, 2, floor=0)),
		Column("median", True),
		Column("outlying", True),
		Column("may be, up to", True),
		Column("sd of runs, points", True),
		Column("chance alone", True),
		Column("reading"),
	)
	return Table(
		"networks",
		f"Error on {comparison.n} {SPLIT_WORDS[comparison.split]} images, and how far runs of one network lie apart.",
		columns,
		rows,
		"Outlying: trainings whose error rate is no better than calling every film by the commoner class, or more than 5 standard deviations above the network's median; may be: the share of all its trainings, with 95 % confidence. Chance alone: the standard deviation that the number of images and the error rate bring with them.",
	)


def pairs(comparison: Comparison) -> Table:
	"""Each pair of networks, and what the verdict rests on."""
	rows = []
	for pair in comparison.pairs:
		needed = pair.needed
		ranges = (needed.seeds, needed.images, needed.images_at_20_seeds) if needed else (None,) * 3
		rows.append(
			[
				Cell(f"{pair.a} minus {pair.b}"),
				Cell(f"{pair.a} is {pair.verdict}" if pair.verdict in sentences.OPPOSITE else pair.verdict),
				*[points_cell(figure) for figure in (pair.difference, pair.over_patients, pair.over_seeds)],
				*[points_cell(rate and rate.difference) for rate in (pair.sensitivity, pair.specificity)],
				*[points_cell(figure) for figure in (pair.ppv, pair.npv)],
				figure_cell(pair.auc_difference),
				*[Cell(p_text(p), p) for p in (pair.p_difference_holm, pair.p_equivalence_holm, pair.p_all_equivalent_holm)],
				figure_cell(pair.probability_better, 2) if pair.probability_better.n > 1 else Cell(NOTHING),
				*[_range(found) for found in ranges],
				number_cell(needed.images_for_equivalence if needed else None),
				Cell(sentences.why(pair, comparison.margins)),
			]
		)
	titles = ("error, points", "over patients", "over seeds", "sensitivity", "specificity", "PPV", "NPV", "AUC")
	columns = [Column("pair"), Column("verdict")]
	columns += [Column(title, True, scale_of(rows, index)) for index, title in enumerate(titles, start=2)]
	titles = ("p differ", "p alike in error", "p alike", "P(better)", "seeds", "images", "images at 20 seeds", "images to show alike")
	columns += [*[Column(title, True) for title in titles], Column("why")]
	all_images, covid, normal = comparison.images_for_equivalence
	note = (
		"The first of a pair minus the second, in percentage points but for AUC: below 0 of error, and above 0 of all else, the first is "
        f"better. p after Holm over {len(rows)} pairs. Alike: within {sentences.within(comparison.margins)}, which fewer than {all_images} "
        f"independent images, {covid} of them COVID-19 and {normal} normal, cannot show. PPV, NPV: predictive values at this set's "
        "prevalence. P(better): how likely a run of the first errs less than a run of the second. Seeds, images: how many of them would "
        "decide the pair with power 80 %, were the true difference at either end of its 80 % interval; of pairs that are undecided with "
        "several seeds of each network. Images to show alike: at 20 seeds, were the two alike. "
        f"The lowest of {len(comparison.networks)} error rates flatters its network, for it was picked as the lowest."
	)
	return Table("pairs", f"{len(rows)} pairs of networks, on the same images.", tuple(columns), rows, note, open=False)


def _range(found: Range | None) -> Cell:
	if found is None:
		return Cell(NOTHING)
	low, high = ("no number" if end is None else f"{end:,}" for end in (found.low, found.high))
	return Cell(low if low == high else f"{low} to {high}", found.low)


def matrix(comparison: Comparison) -> dict:
	"""{names, rows}: for each ordered pair of networks the verdict and the difference; empty texts on the diagonal."""
	names = [network.name for network in comparison.networks]
	cells: dict[tuple[str, str], tuple[str, str]] = {}
	for pair in comparison.pairs:
		cells[pair.a, pair.b] = pair.verdict, points_cell(pair.difference).text
		cells[pair.b, pair.a] = sentences.OPPOSITE.get(pair.verdict, pair.verdict), points_cell(pair.difference.negated()).text
	return {"names": names, "rows": [(a, [cells.get((a, b), ("", "")) for b in names]) for a in names]}


def resplits(comparison: ResplitComparison) -> Table:
	"""Pairs of networks over several splits of the same images."""
	rows = []
	for pair in comparison.pairs:
		figures = [points_cell(figure) for figure in (pair.difference, pair.sensitivity, pair.specificity)]
		ps = [Cell(p_text(p), p) for p in (pair.p_holm, pair.p_equivalence_holm, pair.p_all_equivalent_holm)]
		rows.append([Cell(pair.a), Cell(pair.verdict), Cell(pair.b), *figures, *ps])
	titles = ("points of error, A minus B", "sensitivity", "specificity", "p differ", "p alike in error", "p alike")
	columns = (Column("A"), Column("is"), Column("B"), *[Column(title, index > 2) for index, title in enumerate(titles)])
	few = "" if len(comparison.runs) >= 5 else " Fewer than five splits decide little."
	caption = (
		f"{len(comparison.runs)} splits of the same images, about {comparison.n_train:.0f} to train on and {comparison.n_test:.0f} in "
        f"{comparison.split}; intervals after Nadeau and Bengio, p after Holm. Alike: within {sentences.within(comparison.margins)}.{few}"
	)
	return Table("resplits", caption, columns, rows)
'''[1:]


# ======================================
# cxrkit/report/tables/data.py
# ======================================

FILES['cxrkit/report/tables/data.py'] = r'''
"""Tables of the data: the way from the sources to the splits, what was left out and why, and who is in each split."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cxrkit.data import summary
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABEL_WORDS, LABELS, SPLIT_WORDS, SPLITS, Record
from cxrkit.tables import Cell, Column, Table
from cxrkit.tables import number_cell as number


@dataclass(frozen=True)
class Step:
	"""A step of the data's way. title; count: images; parts: [(words, count)], commonest first; kind: kept, out or split."""

	title: str
	count: int
	parts: list[tuple[str, int]]
	kind: Literal["kept", "out", "split"]


def flow(manifest: Manifest) -> list[Step]:
	"""The way of the data, from what the sources hold to the splits."""
	everything, used = manifest.records, manifest.used
	copies = Counter(summary.short_reason(record) for record in everything if record.is_removed_copy)
	others = Counter(summary.short_reason(record) for record in everything if not record.used and not record.is_removed_copy)
	steps = [Step("read from the sources", len(everything), Counter(record.source for record in everything).most_common(), "kept")]
	if copies:
		steps.append(Step("copies removed", copies.total(), copies.most_common(), "out"))
		steps.append(Step("different pictures", len(everything) - copies.total(), [], "kept"))
	if others:
		steps.append(Step("left out", others.total(), others.most_common(), "out"))
	steps.append(Step("used", len(used), _labels(used), "kept"))
	for split in SPLITS:
		of_split = [record for record in used if record.split == split]
		if of_split and split:
			patients = len({manifest.groups[record.image_id] for record in of_split})
			steps.append(Step(SPLIT_WORDS[split], len(of_split), [*_labels(of_split), ("patients", patients)], "split"))
	return steps


def _labels(records: Iterable[Record]) -> list[tuple[str, int]]:
	counts = Counter(record.label for record in records)
	return [(LABEL_WORDS[label], counts[label]) for label in LABELS]


def sources(manifest: Manifest) -> Table:
	rows = []
	for source in sorted({record.source for record in manifest.records}):
		of_source = [record for record in manifest.records if record.source == source]
		used = [record for record in of_source if record.used]
		counts = [sum(record.label == label for record in used) for label in LABELS]
		copies = sum(bool(record.duplicate_of) for record in of_source)
		listed = [_commonest(record.view or "not known" for record in used), _commonest(record.licence or "unknown" for record in used)]
		rows.append(
			[
				Cell(source),
				*[number(value) for value in (len(of_source), len(used), *counts, copies, len({r.patient for r in used}))],
				*[Cell(text) for text in listed],
			]
		)
	columns = (
		Column("source"),
		*[Column(title, True) for title in ("read", "used", "COVID-19", "normal", "copies", "patients")],
		Column("views"),
		Column("licences"),
	)
	return Table("sources-of-films", "Images of each source.", columns, rows)


def left_out(manifest: Manifest) -> Table:
	reasons = Counter((record.source, summary.short_reason(record)) for record in manifest.records if not record.used)
	rows = [[Cell(reason), Cell(source), number(count)] for (source, reason), count in reasons.most_common()]
	columns = (Column("reason"), Column("source"), Column("images", True))
	return Table("left-out", f"{reasons.total():,} images left out, and why.", columns, rows)


def splits(manifest: Manifest) -> Table:
	used, groups = manifest.used, manifest.groups
	rows = []
	for split in SPLITS:
		of_split = [record for record in used if record.split == split]
		if of_split and split:
			counts = [sum(record.label == label for record in of_split) for label in LABELS]
			ages = [float(record.age) for record in of_split if _is_number(record.age)]
			age = f"{np.median(ages):g} years ({len(ages)} known)" if ages else "not known"
			sexes = Counter(record.sex for record in of_split)
			sex = ", ".join(f"{value or 'not known'} {count}" for value, count in sexes.most_common(4))
			rows.append(
				[
					Cell(SPLIT_WORDS[split]),
					*[number(value) for value in (len(of_split), *counts, len({groups[r.image_id] for r in of_split}))],
					Cell(age),
					Cell(sex),
					Cell(_commonest(r.source for r in of_split)),
				]
			)
	columns = (
		Column("split"),
		*[Column(title, True) for title in ("images", "COVID-19", "normal", "patients")],
		Column("median age"),
		Column("sex"),
		Column("sources"),
	)
	note = f"Patients: films that share a patient or a picture count as one. {leaks_sentence(manifest)}"
	return Table("splits", "The splits.", columns, rows, note)


def leaks_sentence(manifest: Manifest) -> str:
	leaks = len(manifest.leaks)
	return f"{leaks} patients or pictures stand in two splits." if leaks else "No patient or picture stands in two splits."


def _commonest(values: Iterable[str]) -> str:
	return ", ".join(f"{value} {count}" for value, count in Counter(values).most_common(5))


def _is_number(text: str) -> bool:
	try:
		return bool(np.isfinite(float(text)))
	except ValueError:
		return False
'''[1:]


# ======================================
# cxrkit/report/tables/elsewhere.py
# ======================================

FILES['cxrkit/report/tables/elsewhere.py'] = r'''
"""Tables of what a score is worth beyond its own films: inside against elsewhere, by subgroup, and with view, age and sex held fixed."""

from collections.abc import Sequence

from cxrkit.audit.subgroups import FEWEST_PATIENTS, GROUP_OF
from cxrkit.config import short_name
from cxrkit.data import matching
from cxrkit.evaluation.metrics import Figure
from cxrkit.schema import Audits, ExternalRow, GroupScore
from cxrkit.tables import NOTHING, Cell, Column, Table, figure_cell, number_cell

MOST_OPEN = 24
"""Rows of a table that stands open."""
INSIDE = "inside: held out"
RATES = ("sensitivity", "specificity", "auc")


def all_of(audits: Audits | None) -> list[Table]:
	"""The tables of films from elsewhere that an audit has rows for."""
	if audits is None:
		return []
	return [table for table in (inside_and_elsewhere(audits), subgroups(audits)) if table.rows]


def sentences(audits: Audits | None) -> list[str]:
	"""A sentence for each set of films from elsewhere: what each network keeps there."""
	rows = (audits.external or []) if audits else []
	told = []
	for name in dict.fromkeys(row.name for row in rows):
		of_name = [row for row in rows if row.name == name]
		one = of_name[0]
		films = f"{name}: {one.n:,} films of {one.patients:,} patients, {one.positives:,} of them COVID-19"
		copies = f"; {one.copies_removed:,} copies were taken out before" if one.copies_removed else ""
		told.append(f"{films}{copies}. {' '.join(map(_kept, of_name))}")
	return told


def _kept(row: ExternalRow) -> str:
	"""One network inside and elsewhere; where one class alone is there, by the rate that it allows."""
	name = short_name(row.architecture)
	if row.external.auc.known:
		figures, what = (row.internal.auc, row.external.auc, row.drop.auc), "AUC"
	elif row.positives:
		figures, what = (row.internal.rates.sensitivity, row.external.rates.sensitivity, row.drop.sensitivity), "sensitivity"
	else:
		figures, what = (row.internal.rates.specificity, row.external.rates.specificity, row.drop.specificity), "specificity"
	inside, outside, lost = (f"{figure.value:.3f}" if figure.known else "not known" for figure in figures)
	drop = figures[2]
	between = f" (lost {lost} [{drop.low:.3f} to {drop.high:.3f}])" if drop.has_interval else ""
	return f"{name} has {what} {inside} inside and {outside} elsewhere{between}."


def inside_and_elsewhere(audits: Audits) -> Table:
	"""Each network on the run's own held-out films, then on each set from elsewhere, and what is lost."""
	rows: list[list[Cell]] = []
	external, judged = audits.external or [], audits.counts.judged
	for architecture in dict.fromkeys(row.architecture for row in external):
		of_network, name = [row for row in external if row.architecture == architecture], short_name(architecture)
		inside, counts = of_network[0].internal, [number_cell(judged.covid + judged.normal), number_cell(judged.covid)]
		rows.append([Cell(f"{name}, {INSIDE}", tone="network"), *_figures(inside.auc, inside.rates, inside.ece), *counts])
		for row in of_network:
			side, drop, counts = row.external, row.drop, [number_cell(row.n), number_cell(row.positives)]
			rows.append([Cell(f"{name}, {row.name}"), *_figures(side.auc, side.rates, side.ece), *counts])
			lost = [_signed(figure) for figure in (drop.auc, drop.sensitivity, drop.specificity, drop.ece)]
			rows.append([Cell(f"{name}, lost on {row.name}"), *lost, Cell(""), Cell("")])
	rates = [Column(title, True, (0.0, 1.0)) for title in ("AUC", "sensitivity", "specificity", "calibration error")]
	columns = (Column("network, films"), *rates, Column("n", True), Column("COVID-19", True))
	note = (
		"Of the mean probability over a network's seeds. Lost: inside less elsewhere, with its 95 % interval; a calibration error that "
        "is lost below 0 has grown, and it moves with the share of COVID-19 films. Copies of the run's films are taken out before, and views that the run left out. "
        "A score that holds is no proof that disease is seen; one that falls rests in part on something else, or meets patients who are less ill."
	)
	return Table("elsewhere", "Each network inside, on films from elsewhere, and what it lost.", columns, rows, note)


def _figures(auc: Figure, rates, ece: Figure | None) -> list[Cell]:
	return [figure_cell(figure) for figure in (auc, rates.sensitivity, rates.specificity, ece)]


def _signed(figure: Figure | None) -> Cell:
	"""A difference, with its sign and no place on a scale from 0 to 1."""
	if figure is None or figure.value is None:
		return Cell(NOTHING)
	value, *ends = ("" if number is None else f"{number:+.3f}".replace("-", "\u2212") for number in (figure.value, figure.low, figure.high))
	return Cell(f"{value} [{', '.join(ends)}]" if figure.has_interval else value, low=figure.low, high=figure.high)


def subgroups(audits: Audits) -> Table:
	"""A row for each network, set and group, elsewhere beside inside."""
	rows, external = [], audits.external or []
	for row in external:
		for group in row.subgroups:
			sides = (group.external, group.internal)
			cells = [_group_cell(side, name) for name in RATES for side in sides]
			cells += [number_cell(getattr(side, count)) for count in ("covid_patients", "normal_patients") for side in sides]
			rows.append([Cell(f"{short_name(row.architecture)}, {row.name}, {group.by}: {group.group}"), *cells])
	places = ("elsewhere", "inside")
	titles = [Column(f"{name} {place}", True, (0.0, 1.0)) for name in ("sensitivity", "specificity", "AUC") for place in places]
	titles += [Column(f"{name} patients {place}", True) for name in ("COVID-19", "normal") for place in places]
	absent = [by for by in GROUP_OF if external and not any(group.by == by for row in external for group in row.subgroups)]
	note = (
		f"Too few: under {FEWEST_PATIENTS} patients of a class; a dash: none, or of no meaning there. The AUC of a grade of severity is against all negative films. Of many groups "
        "some look bad by chance: read the intervals." + (f" Known of no film from elsewhere: {', '.join(absent)}." if absent else "")
	)
	columns = [Column("network, films, group"), *titles]
	# a column that says nothing in any row is left out
	told = [i for i in range(len(columns)) if not i or any(row[i].low is not None or row[i].value for row in rows)]
	rows, columns = [[row[index] for index in told] for row in rows], [columns[index] for index in told]
	return Table("subgroups", "What changed by group of patients.", tuple(columns), rows, note, open=len(rows) <= MOST_OPEN)


def _group_cell(side: GroupScore, name: str) -> Cell:
	figure = getattr(side, name)
	patients = {"sensitivity": side.covid_patients, "specificity": side.normal_patients}
	some = patients.get(name, min(patients.values()))
	return figure_cell(figure) if figure.known else Cell("too few" if some and "too few" in figure.method else NOTHING)


def matched(audits: Audits) -> Table:
	"""Each network on all held-out films, and on pairs of them that are alike."""
	rows = []
	for row in audits.matched or []:
		few = [Cell("too few pairs"), Cell(NOTHING)] if not row.matched.auc.known else [figure_cell(row.matched.auc), _signed(row.fall)]
		lost = [Cell(_causes(each)) for each in (row.lost_covid, row.lost_normal)]
		name = Cell(f"{short_name(row.architecture)}, {matching.words(row.by, row.caliper)}")
		rows.append([name, figure_cell(row.all_films.auc), *few, number_cell(row.pairs), *lost])
	n = audits.counts.judged
	columns = (
		Column("network, alike in"),
		Column("AUC, all films", True, (0.0, 1.0)),
		Column("AUC, matched", True, (0.0, 1.0)),
		Column("lost", True),
		Column("pairs", True),
		Column("COVID-19 films in no pair"),
		Column("normal films in no pair"),
	)
	note = (
		"Pairs of a positive and a negative film, one film a patient, that are alike in what the row names: as many as there can be. "
        "What a score loses there, the difference may have been worth to it. To train on such pairs alone: --match view age sex."
	)
	caption = f"The same networks with view, age and sex held fixed, of {n.covid + n.normal:,} held-out films."
	return Table("matched", caption, columns, rows, note, open=len(rows) <= MOST_OPEN)


def _causes(lost: dict[str, int]) -> str:
	"""Causes and counts, the commonest first."""
	told: Sequence[tuple[str, int]] = sorted(lost.items(), key=lambda item: (-item[1], item[0]))
	return "; ".join(f"{cause} ({count})" for cause, count in told) or "none"
'''[1:]


# ======================================
# cxrkit/report/tables/networks.py
# ======================================

FILES['cxrkit/report/tables/networks.py'] = r'''
"""Tables of the networks' scores: the study's table beside ours, every run, and whether ours differ."""

from itertools import pairwise

import pandas as pd

from cxrkit.audit.baselines import LUNGLESS
from cxrkit.columns import LAST_STAGE
from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.errors import BadInput
from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.metrics import Confusion, Figure, Rates
from cxrkit.results import Results
from cxrkit.schema import Audits, BaselineRow, FisherTests, Score
from cxrkit.tables import NOTHING, Cell, Column, Table, count_text, figure_cell, number_cell, p_text, points_cell, scale_of

COUNTS = ("tp", "fn", "tn", "fp")
SEEDS_SHOWN = 3
"""So many runs of a network are shown one by one in a log; of more, their mean."""


def beside_the_study(results: Results) -> Table:
	"""Our networks beside the study's: the first row is what works without seeing the lungs, where an audit was run."""
	rows = []
	blind = best_without_lungs(results.audits)
	if blind:
		area = blind.held_out or blind.area
		rows.append(
			[
				Cell("no lungs seen"),
				Cell(blind.title),
				number_cell(area.auc.n),
				*[Cell(NOTHING)] * 3,
				figure_cell(area.auc),
				*[Cell(NOTHING)] * 4,
			]
		)
	for architecture in dict.fromkeys([*results.architectures, *study.confusions()]):
		score = score_of(results, architecture)
		if score:
			rows.append(_score_row(score))
		if architecture in study.confusions():
			rows.append(_study_row(architecture))
	rows += [_score_row(score) for score in ensembles(results) if len(score.architectures) > 1]
	compared = results.comparison
	caption = (
		f"Scores on {compared.n} {SPLIT_WORDS[results.metrics.held_out]} images of {compared.patients} patients, {compared.covid} of them "
        f"COVID-19, at threshold {results.metrics.threshold:g}; the study's on its own 268."
	)
	note = "95 % intervals: Wilson for rates, DeLong and Newcombe for AUC; images of one patient count as what they are worth. A row of several seeds shows the mean; its interval is over patients, for these seeds. COVID-19 is the positive class. The study published no AUC, and its counts are implied by its rates."
	return Table("scores", caption, _score_columns(rows), rows, note)


def score_of(results: Results, architecture: str) -> Score | None:
	"""The network's Score on the held-out split; None where the run has no predictions of it there."""



	score = results.score(architecture)
	if score is None and results.predictions(architecture) is not None:
		remedy = f"compute the scores again: python -m cxrkit evaluate {results.folder}"
		raise BadInput(f"There is no score of {architecture} for its predictions.", results.folder / "metrics.json", remedy)
	return score


def run_text(score: Score) -> str:
	"""Which runs a score is of."""
	if score.kind == "ensemble":
		many = len(score.architectures)
		return f"ensemble of {many} networks" if many > 1 else f"ensemble of {len(score.seeds)} seeds"
	return f"mean of {len(score.seeds)} seeds" if score.kind == "mean" else f"seed {score.seeds[0]}"


def name_of(score: Score) -> str:
	return short_name(score.architecture) if len(score.architectures) == 1 else "all networks"


def _score_row(score: Score) -> list[Cell]:
	run = f"{run_text(score)}, {SPLIT_WORDS[score.split]}"
	return [Cell(name_of(score)), Cell(run), *_cells(score.confusion, score.rates, score.auc)]


def _study_row(architecture: str) -> list[Cell]:
	cells = _cells(study.confusions()[architecture], study.rates(architecture), None)
	return [Cell(short_name(architecture), tone="study"), Cell("the 2020 study"), *cells]


def _cells(counts: Confusion, rates: Rates, auc: Figure | None) -> list[Cell]:
	return [
		number_cell(round(counts.n)),
		figure_cell(rates.error_rate, 4),
		figure_cell(rates.sensitivity),
		figure_cell(rates.specificity),
		figure_cell(auc),
		*[number_cell(value, count_text(value)) for value in (getattr(counts, name) for name in COUNTS)],
	]


def _score_columns(rows: list[list[Cell]]) -> tuple[Column, ...]:
	counts = [Column(title, True) for title in ("TP", "FN", "TN", "FP")]
	scales = [scale_of(rows, 3, floor=0), *(scale_of(rows, index, ceiling=1) for index in (4, 5, 6))]
	names = ("error rate", "sensitivity", "specificity", "AUC")
	return Column("network"), Column("run"), Column("n", True), *[Column(*each) for each in zip(names, [True] * 4, scales)], *counts


def ensembles(results: Results) -> list[Score]:
	"""The ensembles on the held-out split."""
	return [score for score in results.metrics.ensembles if score.split == results.metrics.held_out]


def every_run(results: Results) -> Table:
	"""Each seed on each split after the last stage, and each network's ensemble."""
	scores = [score for score in results.metrics.scores if score.stage == LAST_STAGE]
	scores += [score for score in ensembles(results) if len(score.architectures) == 1]
	rows = [_score_row(score) + [figure_cell(score.average_precision)] for score in scores]
	columns = (*_score_columns(rows), Column("average precision", True, scale_of(rows, 11, ceiling=1)))
	return Table("runs", f"Every training alone, and each network's ensemble: {len(rows)} rows.", columns, rows, open=False)


def for_log(results: Results) -> Table:
	"""The scores as a log shows them: few runs one by one, their mean and ensemble, the study's own, and seconds an epoch."""
	metrics, rows = results.metrics, []
	held = [score for score in metrics.scores if score.stage == LAST_STAGE and score.split == metrics.held_out]
	means = [score for score in metrics.means if score.split == metrics.held_out]
	if all(len(score.seeds) <= SEEDS_SHOWN for score in means):
		rows += [[*_score_row(score), number_cell(score.seconds_per_epoch, f"{score.seconds_per_epoch or 0:.1f}")] for score in held]
	rows += [[*_score_row(score), Cell("")] for score in (*means, *ensembles(results))]
	for architecture, (low, high) in study.seconds_per_epoch().items():
		rows.append([*_study_row(architecture), Cell(f"{low}-{high}")])
	caption = f"Scores at threshold {metrics.threshold:g}; 95 % intervals: Wilson for rates, DeLong and Newcombe for AUC."
	return Table("log", caption, (*_score_columns(rows), Column("s/epoch", True)), rows)


def differs_from_study(results: Results) -> Table:
	"""How our runs differ from the study's, with intervals and Fisher's exact test."""
	rows, absent = [], []
	for row in results.comparison.study.beside_ours:
		if not row.runs:
			absent.append(short_name(row.architecture))
			continue
		cells = [_fisher(row.p.get(key), row.runs) for key in ("error_rate", "sensitivity", "specificity")]
		rows.append([Cell(short_name(row.architecture)), number_cell(row.runs), *cells])
	titles = [Column(f"{title}, points", True, scale_of(rows, index)) for index, title in enumerate(CELLS_SHOWN, start=2)]
	note = "Our run with the median error rate minus the study's one, with Newcombe's interval; p of Fisher's exact test after Holm over the networks, and in brackets the lowest and highest p of single runs as they are. The films are not the study's own list, which was not published."
	if absent:
		note += f" Not trained here: {', '.join(absent)}."
	columns = (Column("network"), Column("our runs", True), *titles)
	return Table("differs", "Do our runs differ from the study's?", columns, rows, note)


CELLS_SHOWN = ("error rate", "sensitivity", "specificity")


def _fisher(test: FisherTests | None, runs: int) -> Cell:
	if test is None:
		return Cell(NOTHING)
	apart, span = points_cell(test.difference), f" ({p_text(test.lowest)} to {p_text(test.highest)})" if runs > 1 else ""
	return Cell(f"{apart.text}, p {p_text(test.holm)}{span}", apart.value, apart.low, apart.high)


def best_without_lungs(audits: Audits | None) -> BaselineRow | None:
	"""The audit's best baseline that sees no lung; None where there is none."""
	rows = [row for row in (audits.baselines if audits else []) if row.name in LUNGLESS and row.area.auc.known]
	return max(rows, key=lambda row: (row.held_out or row.area).auc.value or 0, default=None)


def study_epochs(results: Results) -> Table:
	"""The study's epochs of the unfrozen stage beside ours: medians over seeds."""
	rows, published = [], study.epochs()
	films = sum(record.split == "valid" for record in results.manifest.used)
	ours = results.epochs[results.epochs["stage"] == LAST_STAGE]
	for architecture, epochs in published.items():
		for epoch in epochs:
			alike = ours[(ours["architecture"] == architecture) & (ours["epoch"] == epoch.epoch)]
			rows.append(
				[
					Cell(short_name(architecture)),
					number_cell(epoch.epoch),
					*[_median(alike[column], 4) for column in ("train_loss", "valid_loss")],
					_error(alike["error_rate"], films),
					_median(alike["seconds"], 1),
					*[Cell(f"{value:.4f}", value) for value in (epoch.train_loss, epoch.valid_loss)],
					figure_cell(epoch.error, 4),
					Cell(f"{epoch.wrong} of {epoch.films}", epoch.wrong),
					number_cell(epoch.seconds),
				]
			)
	figures = ("train", "valid", "error")
	titles = ["epoch", *(f"our {name}" for name in (*figures, "s")), *(f"study {name}" for name in (*figures, "wrong", "s"))]
	steps = {name: [abs(b.wrong - a.wrong) for a, b in pairwise(epochs)] for name, epochs in published.items()}
	last, finals = (
		", ".join(f"{short_name(name)} {step[-1]}" for name, step in steps.items()),
		[epochs[-1].wrong for epochs in published.values()],
	)
	every = [step for each in steps.values() for step in each]
	note = f"Train and valid: loss; error: error rate on validation, with Wilson's interval over images. Ours: medians over seeds, on our own films. From epoch to epoch the study's networks move by {min(every)} to {max(every)} of {sum(study.validation().values())} images, between their last two by: {last}. Its four networks end at most {max(finals) - min(finals)} images apart, so its own figures cannot rank them."
	columns = (Column("network"), *[Column(title, True) for title in titles])
	return Table("study-epochs", "The study's epochs with the body unfrozen, beside ours.", columns, rows, note, open=False)


def _error(values: pd.Series, films: int) -> Cell:
	"""The median error rate on so many validation films."""
	known = values.dropna()
	return figure_cell(metrics.proportion(float(known.median()) * films, films), 4) if len(known) and films else number_cell(None)


def _median(values: pd.Series, digits: int) -> Cell:
	"""The median of a column of epochs.csv; a dash where we trained no such epoch, or it has no number."""
	known = values.dropna()
	return number_cell(float(known.median()), f"{known.median():.{digits}f}") if len(known) else number_cell(None)
'''[1:]


# ======================================
# cxrkit/report/tables/recipe.py
# ======================================

FILES['cxrkit/report/tables/recipe.py'] = r'''
"""Tables of how the networks were trained: the recipe beside the study's, and what batch norm's statistics do to validation."""

from dataclasses import replace

import pandas as pd

from cxrkit import protocol
from cxrkit.columns import PRECISE, RUNNING, STAGES
from cxrkit.config import Experiment, short_name
from cxrkit.protocol import Row
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, number_cell

NOT_TOLD = "not told"
"""The study's value of what nobody knows, in protocol.ROWS."""


def as_run(results: Results) -> Experiment:
	"""The run's experiment, with the number format that was chosen where the choice was the kit's."""
	chosen = results.info.chosen.precision
	return replace(results.experiment, precision=str(chosen.value)) if chosen else results.experiment


def recipe(results: Results) -> Table:
	"""Each setting of the training beside the study's, and where that is known from."""
	experiment = as_run(results)
	rows = [_row(row, experiment) for row in protocol.ROWS]
	different = len(protocol.differences(experiment))
	columns = tuple(Column(title) for title in ("setting", "here", "the study", "difference", "known from", "what it means"))
	caption = f"The recipe beside the study's: {different} of {len(rows)} settings differ, or may."
	note = "study: its text or tables say so. fastai 1: the default of the library it used, read in the source of version 1.0.61. guess: neither says, or it can be read in two ways."
	return Table("recipe", caption, columns, rows, note, open=False)


def _row(row: Row, experiment: Experiment) -> list[Cell]:
	other = protocol.differs(row, experiment)
	mark = ("may differ" if row.study == NOT_TOLD else "differs") if other else ""
	source = f"{row.source}: {row.function}" if row.where else row.source
	return [
		Cell(row.name, tone="differs" if other else ""),
		Cell(protocol.words(protocol.used(row, experiment))),
		Cell(protocol.words(row.study)),
		Cell(mark),
		Cell(source, url=row.url),
		Cell(row.meaning),
	]


def batch_norm(results: Results) -> Table:
	"""Each network's error and loss on validation with batch norm's running statistics and with precise ones, means over seeds."""
	found, rows = results.batch_norm, []
	for architecture in found["architecture"].unique():
		for stage in STAGES:
			of_stage = found[(found["architecture"] == architecture) & (found["stage"] == stage)]
			if of_stage.empty:
				continue
			errors = [_mean(of_stage, statistics, "error_rate") for statistics in (RUNNING, PRECISE)]
			losses = [_mean(of_stage, statistics, "valid_loss") for statistics in (RUNNING, PRECISE)]
			seeds = of_stage["seed"].nunique()
			rows.append([Cell(short_name(architecture)), Cell(stage), number_cell(seeds), *errors, *losses])
	titles = ("seeds", "error, running", "error, precise", "loss, running", "loss, precise")
	columns = (Column("network"), Column("after the stage"), *[Column(title, True) for title in titles])
	used = "precise" if results.experiment.precise_batch_norm else "running"
	note = f"The same weights on the same validation films, means over seeds. Running: as training left batch norm's means. Precise: taken anew from the training films, with the weights at rest. Scores of this run are with the {used} ones."
	return Table("batch-norm", "What batch norm's statistics do to validation.", columns, rows, note)


def _mean(of_stage: pd.DataFrame, statistics: str, column: str) -> Cell:
	values = of_stage.loc[of_stage["statistics"] == statistics, column].dropna()
	return number_cell(float(values.mean()), f"{values.mean():.4f}") if len(values) else Cell(NOTHING)
'''[1:]


# ======================================
# cxrkit/report/tables/settings.py
# ======================================

FILES['cxrkit/report/tables/settings.py'] = r'''
"""Tables of what a run was made with: its times, machine, choices, settings and hashes."""

from dataclasses import asdict
from typing import Any

from cxrkit.columns import STAGES
from cxrkit.config import short_name
from cxrkit.evaluation import study
from cxrkit.files import read_json
from cxrkit.results import Results
from cxrkit.tables import NOTHING, Cell, Column, Table, number_cell

GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "ATTRIBUTION.md", "CITATION.cff")
"""Files of the report itself, in the order in which it writes them; their sums would change the page that lists them."""

CHOSEN = {
	"device": "device",
	"devices": "devices that trained",
	"precision": "number format",
	"layout": "memory layout",
	"tf32": "TF32 in training",
	"autotuning": "cuDNN autotuning",
	"placement": "films during training",
	"at_once": "trainings at once, a device",
	"threads": "threads, a training",
}
"""What a run chose by itself, in words."""


def speed(results: Results) -> Table:
	"""Seconds an epoch beside the study's."""
	published, rows = study.seconds_per_epoch(), []
	size = results.experiment.image_size
	alike = results.info.films == "films" and size == study.IMAGE_SIZE
	for architecture in results.architectures:
		epochs = results.epochs[results.epochs["architecture"] == architecture]
		if not len(epochs):
			continue
		medians = [float(epochs.loc[epochs["stage"] == stage, "seconds"].median()) for stage in STAGES]
		total = float(epochs["seconds"].sum()) / max(1, epochs["seed"].nunique())
		low, high = published.get(architecture, (None, None))
		faster = low / medians[1] if alike and low and medians[1] > 0 else None
		cells = [Cell(f"{value:.2f}" if value == value else NOTHING, value if value == value else None) for value in medians]
		between = Cell(f"{low}–{high}" if low else NOTHING, low)
		rows.append(
			[Cell(short_name(architecture)), *cells, between, number_cell(faster, f"{faster or 0:.0f} ×"), Cell(f"{total:.1f}", total)]
		)
	titles = ("s/epoch, frozen", "s/epoch, unfrozen", "the study, s/epoch", "faster", "s, one training")
	columns = (Column("network"), *[Column(title, True) for title in titles])
	note = f"Medians over epochs and seeds, on {results.info.chosen.device or 'a device that is not known'}; images of {size} pixels. The study trained on Kaggle's GPU of 2020, on films of 224 pixels decoded anew each time; beside other images no factor is given."
	return Table("speed", "Seconds an epoch of training, beside the study's.", columns, rows, note)


def stages(results: Results) -> Table:
	"""Seconds of each stage of the whole run."""
	seconds = results.info.seconds
	rows = [[Cell(name), Cell(f"{value:,.1f}", value)] for name, value in seconds.items()]
	return Table("stages", f"The whole run took {sum(seconds.values()):,.0f} s.", (Column("stage"), Column("seconds", True)), rows)


def environment(results: Results) -> Table:
	"""What was chosen and why, the machine, versions, seeds and hashes."""
	info = results.info
	chosen = {name: getattr(info.chosen, name) for name in CHOSEN}
	memory = info.peak_memory_bytes
	rows = {
		**{CHOSEN[name]: "not known" if choice is None else str(choice) for name, choice in chosen.items()},
		"place": info.place,
		"system": info.system,
		"processors": info.processors,
		"peak memory": "not known" if memory is None else f"{memory / 1e9:.2f} GB",
		**{f"peak memory, a training of {short_name(name)}": f"{held / 1e9:.2f} GB" for name, held in info.training_peak_bytes.items()},
		"seeds": ", ".join(map(str, info.experiment.seeds)),
		"weights at the start": info.started_from,
		"manifest.csv, SHA-256": info.manifest_sha256,
		"experiment, SHA-256": info.experiment_sha256,
		"kit's source, SHA-256": info.bundle.source_sha256 or "run from the repository",
		"run": info.run_id,
		**info.versions,
	}
	shown = [[Cell(name), Cell(str(value))] for name, value in rows.items()]
	return Table("environment", "What it ran on and with.", (Column("what"), Column("value")), shown)


def experiment(results: Results) -> Table:
	"""The resolved experiment."""
	rows = [[Cell(key), Cell(_plain(value))] for key, value in asdict(results.experiment).items()]
	return Table("experiment", "The experiment, each key as it was resolved.", (Column("key"), Column("value")), rows, open=False)


def _plain(value: Any) -> str:
	return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def checksums(results: Results) -> Table:
	"""SHA-256 of every result file but the report's own."""
	path = results.folder / "checksums.json"
	listed = read_json(path, "The list of checksums") if path.exists() else {}
	rows = [[Cell(name), number_cell(entry["bytes"]), Cell(entry["sha256"])] for name, entry in listed.items() if name not in GENERATED]
	columns = (Column("file"), Column("bytes", True), Column("SHA-256"))
	return Table("checksums", f"SHA-256 of the {len(rows)} result files.", columns, rows, open=False)
'''[1:]


# ======================================
# cxrkit/report/tables/thresholds.py
# ======================================

FILES['cxrkit/report/tables/thresholds.py'] = r'''
"""Tables of other thresholds, predictive values and calibration: what an answer is worth, and whether probabilities mean what they say."""

from cxrkit.config import short_name
from cxrkit.data.records import SPLIT_WORDS
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Confusion
from cxrkit.evaluation.scoring import effective_sizes
from cxrkit.report.tables.networks import ensembles, run_text, score_of
from cxrkit.results import Results
from cxrkit.schema import Score
from cxrkit.tables import Cell, Column, Table, count_text, figure_cell, number_cell, scale_of

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def confusions(results: Results) -> list[tuple[str, str, Confusion]]:
	"""The confusion matrices after the last stage: [(network, run, counts)]."""
	scores = [score_of(results, architecture) for architecture in results.architectures]
	return [(short_name(score.architecture), run_text(score), score.confusion) for score in scores if score]


def thresholds(results: Results) -> Table:
	"""The rates of each network at several thresholds: the mean over its seeds."""
	rows = []
	for architecture in results.architectures:
		held = results.predictions(architecture)
		if held is None:
			continue
		sizes = effective_sizes(held)
		for threshold in sorted({*THRESHOLDS, results.metrics.threshold}):
			runs = [metrics.confusion(held.is_covid, p, threshold) for p in held.p_covid]
			counts = metrics.mean_counts(runs)
			sensitivity = metrics.proportion(counts.tp, counts.tp + counts.fn, sizes[0])
			specificity = metrics.proportion(counts.tn, counts.tn + counts.fp, sizes[1])
			cells = [number_cell(value, count_text(value)) for value in (counts.tp, counts.fn, counts.tn, counts.fp)]
			name = [Cell(short_name(architecture)), Cell(f"{threshold:g}", threshold)]
			rows.append([*name, *cells, figure_cell(sensitivity), figure_cell(specificity)])
	columns = [Column("network"), Column("threshold", True), *[Column(title, True) for title in ("TP", "FN", "TN", "FP")]]
	columns += [Column("sensitivity", True, scale_of(rows, 6, ceiling=1)), Column("specificity", True, scale_of(rows, 7, ceiling=1))]
	caption = f"The same networks at other thresholds, {SPLIT_WORDS[results.metrics.held_out]} images, mean over seeds."
	return Table("thresholds", caption, tuple(columns), rows, "95 % intervals: Wilson.", open=False)


def operating_points(results: Results) -> Table:
	"""The threshold that validation chooses for the wanted sensitivity, and what it gives, of each network."""
	rows = []
	for name, score in judged(results):
		for point in filter(None, (score.operating_point, score.at_specificity)):
			chosen = "chosen on these images" if point.same_images else "chosen on validation"
			chosen += "" if point.promised else ", too few to promise it"
			cells = [
				Cell(name),
				Cell(f"{point.of} {100 * point.wanted:g} %"),
				Cell(f"{point.threshold:.3f}", point.threshold),
				Cell(chosen),
			]
			rows.append([*cells, figure_cell(point.rates.sensitivity), figure_cell(point.rates.specificity)])
	columns = (
		Column("network"),
		Column("wanted"),
		Column("threshold", True),
		Column("chosen"),
		Column("sensitivity", True, scale_of(rows, 4, ceiling=1)),
		Column("specificity", True, scale_of(rows, 5, ceiling=1)),
	)
	caption = (
		f"A threshold chosen for a wanted sensitivity or specificity, and what it gives on {SPLIT_WORDS[results.metrics.held_out]} images."
	)
	note = "A new film of the class is called rightly with the wanted probability, on average over such choices; one choice from few films may well fall below. A threshold that was chosen on the very images it is judged by looks better than it is."
	return Table("operating", caption, columns, rows, note)


def predictive_values(results: Results) -> Table:
	"""What a positive and a negative answer are worth at several prevalences."""
	rows = [
		[Cell(name), Cell(f"{100 * values.prevalence:.1f} %", values.prevalence), figure_cell(values.ppv), figure_cell(values.npv)]
		for name, score in judged(results)
		for values in score.predictive_values
	]
	columns = (
		Column("network"),
		Column("prevalence", True),
		Column("positive predictive value", True, scale_of(rows, 2, 0, 1)),
		Column("negative predictive value", True, scale_of(rows, 3, ceiling=1)),
	)
	caption = "What an answer is worth where so many people have COVID-19."
	note = "The lower the prevalence, the more of the positive answers are wrong."
	return Table("predictive", caption, columns, rows, note, open=False)


def decision_curves(results: Results) -> Table:
	"""Net benefit of each network over thresholds, beside acting on all films and on none."""
	rows = []
	for name, score in judged(results):
		for point in score.decision_curve:
			cells = [Cell(name), Cell(f"{100 * point.threshold:g} %", point.threshold), figure_cell(point.network, 4)]
			rows.append([*cells, number_cell(point.all, f"{point.all:.4f}"), figure_cell(point.over_best, 4)])
	columns = (
		Column("network"),
		Column("acts from", True),
		Column("net benefit", True, scale_of(rows, 2)),
		Column("acting on all", True),
		Column("over the better of all and none", True, scale_of(rows, 4)),
	)
	caption = f"Decision curves: what acting on an answer is worth, {SPLIT_WORDS[results.metrics.held_out]} images."
	note = "Cases found an image, less false alarms, each weighed as the threshold's odds (Vickers and Elkin 2006); acting on none is worth 0. It holds where as many have COVID-19 as among these images, and where probabilities mean what they say. Intervals over patients."
	return Table("usefulness", caption, columns, rows, note, open=False)


def judged(results: Results) -> list[tuple[str, Score]]:
	"""For each network its name, and its ensemble over seeds or its one run."""
	rows = []
	for architecture in results.architectures:
		own = [score for score in ensembles(results) if score.architectures == [architecture]]
		score = own[0] if own else score_of(results, architecture)
		if score:
			rows.append((f"{short_name(architecture)}, {run_text(score)}", score))
	return rows


def calibration(results: Results) -> Table:
	"""Calibration error and Brier score, before and after temperature scaling."""
	rows = []
	for name, score in judged(results):
		scaling = score.scaling
		if scaling:
			before, after = scaling.before, scaling.after
			figures = [figure_cell(figure) for figure in (before.ece, after.ece, before.brier, after.brier, before.intercept, before.slope)]
			fitted = Cell("these images" if scaling.same_images else "validation")
			mark = " (rests on the prior)" * scaling.rests_on_prior
			rows.append([Cell(name), *figures, Cell(f"{scaling.temperature:.2f}{mark}", scaling.temperature), fitted])
	names = ("calibration error", "error after scaling", "Brier score", "Brier after scaling", "intercept", "slope")
	columns = (
		Column("network"),
		*[Column(name, True, scale_of(rows, index + 1, floor=0 if index < 4 else None)) for index, name in enumerate(names)],
		Column("temperature", True),
		Column("fitted on"),
	)
	caption = f"Do probabilities mean what they say? {results.comparison.n} {SPLIT_WORDS[results.metrics.held_out]} images."
	note = "Error and Brier score: lower is better. Intercept: above 0, log odds are too low on the whole; slope: below 1, probabilities are too far from one another; a dash where the classes are separated. Intervals: bootstrap 95 % over patients; the calibration error of few images is above 0 even for perfect probabilities. Temperatures are shrunk towards 1; one that rests on the prior had validation films that were told apart perfectly, or not at all."
	return Table("calibration", caption, columns, rows, note)
'''[1:]


# ======================================
# cxrkit/results.py
# ======================================

FILES['cxrkit/results.py'] = r'''
"""A run's results folder, opened once and handed on: every file of it as a typed value, read when first asked for."""
















import dataclasses
import re
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from cxrkit import columns, config, environment, schema
from cxrkit.columns import LAST_STAGE, Trained
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import sources
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import predictions
from cxrkit.evaluation.predictions import Predictions
from cxrkit.files import link_or_copy, read_json, refresh_checksums, sha256_of, write_csv, write_json, write_text
from cxrkit.schema import Audits, Comparison, Metrics, RunInfo, Score
from cxrkit.standing import StandingWarning, standing_warnings

DRAWN = "drawn"
"""How phantoms were collected, as their records say."""
RUN, METRICS, COMPARISON, AUDITS = "run.json", "metrics.json", "comparison.json", "audits.json"
MODEL = re.compile(r".+-seed\d+\.pt")
T = TypeVar("T", RunInfo, Metrics, Comparison, Audits)


@dataclass(frozen=True)
class Network:
	"""A trained network of the run, and the file that holds its weights."""

	architecture: str
	seed: int
	path: Path

	@property
	def name(self) -> str:
		return f"{self.architecture}-seed{self.seed}"


class Results:
	"""One run's results folder."""





	def __init__(self, folder: Path, name: str = ""):
		self.folder = Path(folder)
		self._name = name
		self.lacking: dict[str, str] = {}  # {"audit" or "report": why it was not made}, of the run that has just ended
		self._selected: dict[tuple[str, str, str], Predictions | None] = {}

	@classmethod
	def open(cls, run: Path | str, name: str = "") -> "Results":
		"""The results of a run that is named by its folder or by its results folder. Raises BadInput where there is none."""
		run = Path(run)
		inner = run / "results"
		results = cls(inner if not (run / RUN).exists() and inner.is_dir() else run, name)
		if not (results.folder / RUN).is_file():
			raise BadInput("There is no run here.", results.folder / RUN, "name the folder of a finished run, or its results folder")
		return results

	@classmethod
	def begin(cls, folder: Path, experiment: Experiment, manifest: Manifest) -> "Results":
		"""Write run.json as it stands before anything is trained, and manifest.csv; return the results."""



		foreign = sorted(path.name for path in Path(folder).iterdir()) if Path(folder).is_dir() else []
		if foreign and RUN not in foreign and not foreign[0].startswith(f".{RUN}"):
			raise BadInput(f"The results' folder holds other things: {', '.join(foreign[:5])}.", folder, "name another folder with --out")
		bundle = schema.Bundle(**environment.bundle_identity())
		info = RunInfo(
			schema=schema.VERSION,
			run_id=bundle.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()),
			state="running",
			experiment=without_places(experiment),
			experiment_sha256=experiment.hash(),
			manifest_sha256=manifest.sha256,
			films="phantom" if all(record.collected == DRAWN for record in manifest.used) else "films",
			started_from="imagenet" if experiment.pretrained else "random",
			leaks=len(manifest.leaks),
			bundle=bundle,
			**environment.describe(),
		)
		results = cls(folder)
		results.manifest = manifest
		results._write_info(info)
		write_text(results.folder / "manifest.csv", manifest.text)
		return results

	def keep(self, trained: Trained) -> None:
		"""Write what the trainings left, the four CSV files and models/, without models of earlier runs."""
		write_csv(self.folder / "epochs.csv", columns.EPOCHS, trained.epochs)
		write_csv(self.folder / "predictions.csv", columns.PREDICTIONS, trained.predictions)
		write_csv(self.folder / "lr_find.csv", columns.LR_FIND, trained.lr_find)
		write_csv(self.folder / "batch_norm.csv", columns.BATCH_NORM, trained.batch_norm)
		models = self.folder / "models"
		models.mkdir(exist_ok=True)
		for stale in models.iterdir():
			if stale.name not in trained.models and MODEL.fullmatch(stale.name):
				stale.unlink()
		for name, path in trained.models.items():
			link_or_copy(path, models / name)  # four networks fill 0.4 GB

	def finish(
		self,
		chosen: schema.Chosen,
		unfinished: list[str],
		failed: dict[str, str],
		seconds: dict[str, float],
		training_peak_bytes: dict[str, int],
	) -> None:
		"""Write run.json as it stands at the end."""
		peak = environment.peak_memory_bytes()
		self._write_info(
			replace(
				self.info,
				state="finished",
				chosen=chosen,
				unfinished=unfinished,
				failed=failed,
				seconds=dict(seconds),
				peak_memory_bytes=peak,
				training_peak_bytes=training_peak_bytes,
			)
		)

	def _write_info(self, info: RunInfo) -> None:
		plain = dataclasses.asdict(info) | {"experiment": config.as_dict(info.experiment)}
		write_json(self.folder / RUN, plain)
		self.info = info

	# the files -------------------------------------------------------------------------------------------------------

	@cached_property
	def info(self) -> RunInfo:
		return self._read(RunInfo, RUN, "name the results folder of a finished run")

	@cached_property
	def manifest(self) -> Manifest:
		path = self.folder / "manifest.csv"
		found = manifests.read(path)
		if sha256_of(path) != self.info.manifest_sha256:
			raise BadInput("The manifest is not the one that the run was made with.", path, "restore the file from the run's output")
		return found

	@cached_property
	def table(self) -> pd.DataFrame:
		"""predictions.csv with the columns `split` and `group`."""
		return predictions.read(self.folder / "predictions.csv", self.manifest, self.experiment.architectures)

	@cached_property
	def epochs(self) -> pd.DataFrame:
		"""epochs.csv; no row where the file is missing."""
		return self._curves("epochs.csv", columns.EPOCHS)

	@cached_property
	def finder(self) -> pd.DataFrame:
		"""lr_find.csv; no row where the file is missing."""
		return self._curves("lr_find.csv", columns.LR_FIND)

	@cached_property
	def batch_norm(self) -> pd.DataFrame:
		"""batch_norm.csv; no row where the file is missing."""
		return self._curves("batch_norm.csv", columns.BATCH_NORM)

	def _curves(self, name: str, wanted: tuple[str, ...]) -> pd.DataFrame:
		path = self.folder / name
		return predictions.read_table(path, wanted) if path.exists() else pd.DataFrame(columns=list(wanted))

	@cached_property
	def metrics(self) -> Metrics:
		return self._of_this_run(self._read(Metrics, METRICS, self._evaluate), METRICS, self._evaluate)

	@cached_property
	def comparison(self) -> Comparison:
		return self._of_this_run(self._read(Comparison, COMPARISON, self._evaluate), COMPARISON, self._evaluate)

	@cached_property
	def audits(self) -> Audits | None:
		"""None where no audit was run."""
		if not (self.folder / AUDITS).exists():
			return None
		remedy = f"audit this run: python -m cxrkit audit {self.folder}"
		return self._of_this_run(self._read(Audits, AUDITS, remedy), AUDITS, remedy)

	@property
	def _evaluate(self) -> str:
		return f"compute it again: python -m cxrkit evaluate {self.folder}"

	def _read(self, kind: type[T], name: str, remedy: str) -> T:
		return read_typed(kind, self.folder / name, remedy)

	def _of_this_run(self, content: T, name: str, remedy: str) -> T:
		if content.manifest_sha256 != self.info.manifest_sha256:
			raise BadInput("The file belongs to another manifest.", self.folder / name, remedy)
		return content

	def write(self, content: Metrics | Comparison | Audits) -> None:
		"""Write one of the three JSON files, and bring checksums.json, where it is there, up to date."""
		name = {Metrics: METRICS, Comparison: COMPARISON, Audits: AUDITS}[type(content)]
		write_json(self.folder / name, dataclasses.asdict(content))
		setattr(self, name.removesuffix(".json"), content)
		self.refresh_checksums(name)

	def remove_audit(self) -> None:
		"""Remove the audit that an earlier run left in the same folder."""
		(self.folder / AUDITS).unlink(missing_ok=True)
		self.audits = None

	def refresh_checksums(self, *names: str) -> None:
		refresh_checksums(self.folder, names)

	# what follows from them ------------------------------------------------------------------------------------------

	@property
	def name(self) -> str:
		return self._name or self.info.experiment.name

	@property
	def experiment(self) -> Experiment:
		return self.info.experiment

	@cached_property
	def held_out(self) -> str:
		"""The split that scores are reported on: test where the run has predictions for it, else valid."""
		return "test" if (self.table["split"] == "test").any() else "valid"

	@cached_property
	def architectures(self) -> list[str]:
		"""The networks that finished, in the order of predictions.csv."""
		return list(self.table.loc[self.table["stage"] == LAST_STAGE, "architecture"].unique())

	def predictions(self, architecture: str, split: str = "", stage: str = LAST_STAGE) -> Predictions | None:
		"""The Predictions of a network, on the held-out split unless another is named; None where there are none."""
		key = (architecture, split or self.held_out, stage)
		if key not in self._selected:
			part = self._parts.get(key)
			self._selected[key] = None if part is None else predictions.select(part)
		return self._selected[key]

	@cached_property
	def _parts(self) -> dict[tuple[str, str, str], pd.DataFrame]:
		"""The rows of predictions.csv by network, split and stage."""
		return {(str(a), str(b), str(c)): part for (a, b, c), part in self.table.groupby(["architecture", "split", "stage"], sort=False)}

	def required(self, architecture: str, split: str = "", stage: str = LAST_STAGE) -> Predictions:
		"""The same where there must be some. Raises BadInput."""
		there = self.predictions(architecture, split, stage)
		if there is None:
			what = f"The run has no predictions of {architecture} for {split or self.held_out}."
			raise BadInput(what, self.folder / "predictions.csv", "let the run end: the same command goes on with it")
		return there

	def score(self, architecture: str, split: str = "") -> Score | None:
		"""The network's Score after the last stage: its mean over seeds where there are several, else its one run."""
		for rows in (self.metrics.means, self.metrics.scores):
			for row in rows:
				if (row.architecture, row.split, row.stage) == (architecture, split or self.held_out, LAST_STAGE):
					return row
		return None

	def networks(self) -> list[Network]:
		"""The networks that finished, seeds ascending, by predictions.csv; whether their weights are here is not asked."""
		found = []
		for architecture in self.architectures:
			found += [self._network(architecture, seed) for seed in self.required(architecture).seeds]
		return found

	def networks_on_disk(self) -> list[Network]:
		"""The networks whose weights are here, in the order of the experiment; predictions.csv is not needed."""
		order = self.experiment.architectures
		names = [re.fullmatch(r"(.+)-seed(\d+)\.pt", path.name) for path in (self.folder / "models").glob("*.pt")]
		found = [self._network(match[1], int(match[2])) for match in names if match and match[1] in order]
		return sorted(found, key=lambda network: (order.index(network.architecture), network.seed))

	def _network(self, architecture: str, seed: int) -> Network:
		return Network(architecture, seed, self.folder / "models" / f"{architecture}-seed{seed}.pt")

	@property
	def warnings(self) -> list[StandingWarning]:
		return standing_warnings(self.info)


def open_all(runs: list[Path]) -> list[Results]:
	"""The Results of several runs, each named by its folder, or by the folder around `results`, which tells them apart."""
	if len(runs) < 2:
		return [Results.open(run) for run in runs]
	paths = [Path(run).absolute() for run in runs]
	return [Results.open(path, path.parent.name if path.name == "results" else path.name) for path in paths]


def read_typed(kind: type[T], path: Path, remedy: str) -> T:
	"""One of the four JSON files as its dataclass. Raises BadInput that names the key, or the version, that does not fit."""
	plain = read_json(path, next=remedy)
	version = plain.get("schema") if isinstance(plain, dict) else None
	if version != schema.VERSION:
		raise BadInput(
			f"The file is of version {version or 1} of the results' schema; this kit reads version {schema.VERSION}.",
			path,
			f"use the version of the kit that wrote it, or {remedy}",
		)
	try:
		return TypeAdapter(kind).validate_python(plain)
	except (ValidationError, WrongUse) as error:
		reason = error.what if isinstance(error, WrongUse) else _first_fault(error)
		raise BadInput(f"The file is not as the kit writes it: {reason}", path, remedy) from error


def _first_fault(error: ValidationError) -> str:
	fault, more = error.errors()[0], error.error_count() - 1
	return f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}" + (f", and {more} more" if more else "") + "."


def without_places(experiment: Experiment) -> Experiment:
	"""The experiment without the folders of this machine, for results that travel."""
	return replace(
		experiment,
		data=tuple(sources.name_of(text) for text in experiment.data),
		external=tuple(sources.name_of(text) for text in experiment.external),
		weights="attached" if experiment.weights else "",
	)
'''[1:]


# ======================================
# cxrkit/schema/__init__.py
# ======================================

FILES['cxrkit/schema/__init__.py'] = r'''
"""The shape of run.json, metrics.json, comparison.json and audits.json: every key, its unit, and when it is None or empty."""






from cxrkit.schema.audits import (
	Advantage,
	Area,
	Attention,
	AttentionRow,
	Audits,
	BaselineRow,
	Conclusion,
	ControlRow,
	Drop,
	ExternalRow,
	ExternalScaling,
	FilmCounts,
	GalleryEntry,
	GroupScore,
	HeldFixedRow,
	Judged,
	MaskRow,
	MatchedRow,
	NetworkRow,
	NotDone,
	PartState,
	Reason,
	Requirement,
	SideScore,
	SourceRow,
	StabilityRow,
	SubgroupRow,
)
from cxrkit.schema.common import VERSION, Films, Margins, Weights, Word
from cxrkit.schema.comparisons import (
	BesideStudy,
	Best,
	ChosenOnValidation,
	Comparison,
	Discordant,
	FisherTests,
	Needed,
	NetworkErrors,
	Pair,
	Range,
	RateDifference,
	ResplitComparison,
	ResplitNetwork,
	ResplitPair,
	RunToRun,
	Study,
	StudyPair,
)
from cxrkit.schema.run import Bundle, Chosen, RunInfo
from cxrkit.schema.scores import Metrics, OperatingPoint, Scaling, Score

__all__ = [
	"Advantage",
	"Area",
	"Attention",
	"AttentionRow",
	"Audits",
	"BaselineRow",
	"BesideStudy",
	"Best",
	"Bundle",
	"Chosen",
	"ChosenOnValidation",
	"Comparison",
	"Conclusion",
	"ControlRow",
	"Discordant",
	"Drop",
	"ExternalRow",
	"ExternalScaling",
	"FilmCounts",
	"Films",
	"FisherTests",
	"GalleryEntry",
	"GroupScore",
	"HeldFixedRow",
	"Judged",
	"Margins",
	"MaskRow",
	"MatchedRow",
	"Metrics",
	"Needed",
	"NetworkErrors",
	"NetworkRow",
	"NotDone",
	"OperatingPoint",
	"Pair",
	"PartState",
	"Range",
	"RateDifference",
	"Reason",
	"Requirement",
	"ResplitComparison",
	"ResplitNetwork",
	"ResplitPair",
	"RunInfo",
	"RunToRun",
	"Scaling",
	"Score",
	"SideScore",
	"SourceRow",
	"StabilityRow",
	"Study",
	"StudyPair",
	"SubgroupRow",
	"VERSION",
	"Weights",
	"Word",
]
'''[1:]


# ======================================
# cxrkit/schema/audits.py
# ======================================

FILES['cxrkit/schema/audits.py'] = r'''
"""audits.json: what an audit looked at, part by part, and its verdict."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.evaluation.calibration import Calibration
from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.schema.common import Films


@dataclass(frozen=True)
class Judged:
	"""The films that the verdict is about: the held-out ones of a run, else all."""

	split: str  # "all" for a manifest
	covid: int
	normal: int
	covid_patients: int
	normal_patients: int


@dataclass(frozen=True)
class FilmCounts:
	covid: int
	normal: int
	patients: int
	sources: int
	leaks: int  # patients or pictures that stand in two splits
	judged: Judged


@dataclass(frozen=True)
class NotDone:
	"""of: the part of audit/conclusions.py that lacks it; empty where it is every part, or none."""

	part: str
	reason: str
	of: str = ""


@dataclass(frozen=True)
class PartState:
	"""Whether a part of audit/conclusions.py was done. why, command: for one that was not, the reason, and what does it."""

	part: str
	state: Literal["done", "not done", "not applicable"]
	why: str
	command: str
	kept: bool = False  # at least partly what an earlier audit of the same manifest and predictions did


@dataclass(frozen=True)
class Area:
	"""An area under the ROC curve. positives: films on the positive side, whatever that is."""

	auc: Figure
	positives: int


@dataclass(frozen=True)
class BaselineRow:
	"""What sees less than a network. area: out of fold on all films, unknown where it could not be computed (see note)."""

	name: str
	title: str
	note: str
	area: Area
	held_out: Area | None  # fitted on train, scored on the held-out films; None where there are none


@dataclass(frozen=True)
class Advantage:
	"""How far a network's area lies above the best coarse baseline's on the same films."""

	over: str
	over_title: str
	coarse_auc: float
	difference: Figure


@dataclass(frozen=True)
class NetworkRow:
	"""A network on the held-out films; its area is that of metrics.json."""

	architecture: str
	seeds: list[int]
	area: Area
	advantage: Advantage | None  # None where no coarse baseline could be scored


@dataclass(frozen=True)
class SourceRow:
	"""kind: what was asked of the sources; by_network: the architecture that was asked, else empty."""

	kind: Literal["seen-source", "left-out", "left-out-retrained", "same-source"]
	title: str
	area: Area
	note: str
	by_network: str = ""
	was: Figure | None = None  # the AUC without the restriction; None for the kind "seen-source"


@dataclass(frozen=True)
class HeldFixedRow:
	"""A network's AUC on held-out films among films of one stratum: a source, a band of ages, or both."""






	architecture: str
	fixed: Literal["source", "age", "source and age"]
	within: Area
	same_films: Figure
	whole: Figure
	fall: Figure
	strata: int  # that hold both classes
	without_partner: int  # films whose stratum holds one class alone
	not_known: int  # films whose age is not known


@dataclass(frozen=True)
class ControlRow:
	"""A control of the audit itself: what must come out, what did."""

	name: str
	title: str
	expected: str
	found: str
	passed: bool


@dataclass(frozen=True)
class MaskRow:
	"""One trained network on masked films. side: of the central box, in shares of the film's side."""

	architecture: str
	seed: int
	mask: Literal["centre", "surround"]  # what is black: the box, or all around it
	side: float
	share: float  # of the picture that is black
	area: Area
	retrained: bool  # trained anew on such films, or a network of the run


@dataclass(frozen=True)
class StabilityRow:
	"""The calls of a network's ensemble on the held-out films, under small changes that change no diagnosis (audit/stability.py)."""

	architecture: str
	seeds: int  # that were asked
	unstable: Figure  # share of the films whose p crosses the threshold, or moves farther than seeds lie apart
	crossing: Figure  # share of those whose p crosses the threshold
	spread: float | None  # how far all seeds lie apart on nearly all validation films; None where there is one
	changes: dict[str, Figure]  # name of the change: share of the films that are unstable under it


@dataclass(frozen=True)
class SideScore:
	"""A network's ensemble on the films of one side, internal or external."""

	rates: Rates
	auc: Figure
	average_precision: Figure
	ece: Figure | None = None  # expected calibration error; None in files of before November 2026


@dataclass(frozen=True)
class Drop:
	"""Internal minus external."""

	auc: Figure
	sensitivity: Figure
	specificity: Figure
	ece: Figure | None = None  # as of SideScore; below 0 where probabilities mean less outside


@dataclass(frozen=True)
class ExternalScaling:
	temperature: float  # fitted on the run's validation films
	before: Calibration
	after: Calibration


@dataclass(frozen=True)
class GroupScore:
	"""A network's ensemble on the films of one group. Figures are unknown where a class has too few patients; `method` says how many."""

	covid_patients: int
	normal_patients: int
	sensitivity: Figure
	specificity: Figure  # unknown by severity, which is of positive films alone
	auc: Figure  # by severity: against all negative films


@dataclass(frozen=True)
class SubgroupRow:
	"""One group of the external films, and the run's held-out films of the same group."""

	by: Literal["severity", "view", "sex", "age"]
	group: str  # e.g. "mild", "PA", "F", "40 to 59", "not known"
	external: GroupScore
	internal: GroupScore


@dataclass(frozen=True)
class MatchedRow:
	"""A network on the held-out films, and on those pairs of them that are alike in the traits `by`."""




	architecture: str
	by: list[str]  # of "view", "age", "sex"
	caliper: float  # years by which two ages may differ
	pairs: int
	all_films: Area
	matched: Area  # unknown where there are too few pairs
	fall: Figure  # all_films minus matched
	lost_covid: dict[str, int]  # cause: films that are in no pair
	lost_normal: dict[str, int]


@dataclass(frozen=True)
class ExternalRow:
	"""A network's ensemble over its seeds on the external films `name`."""

	name: str
	architecture: str
	seeds: int
	n: int
	positives: int
	patients: int
	covid_patients: int
	normal_patients: int
	copies_removed: int  # films that show a picture of the run's, or stand there twice
	left_out: int  # all that were not used, copies too
	threshold: float
	external: SideScore
	internal: SideScore
	drop: Drop
	scaling: ExternalScaling
	subgroups: list[SubgroupRow] = field(default_factory=list)


@dataclass(frozen=True)
class AttentionRow:
	"""Grad-CAM maps of one network on the held-out films."""

	architecture: str
	seed: int
	split: str
	energy_in_box: Figure  # mean share of a map inside the chest box
	box_area: float  # the box's share of the picture
	randomised_energy: float | None  # the same of the network with random weights; None where all maps were empty
	randomised_correlation: float | None  # rank correlation of the two maps; None where it is not defined
	empty: int  # maps that were zero all over, and are left out


@dataclass(frozen=True)
class GalleryEntry:
	"""A film worth a look. file: its picture below the results, empty where why_no_picture says the reason."""

	image_id: str
	architecture: str
	seed: int
	kind: Literal["error", "top loss", "hit"]
	p_covid: float
	label: str
	file: str
	credit: str
	case_url: str
	why_no_picture: str


@dataclass(frozen=True)
class Attention:
	rows: list[AttentionRow]
	gallery: list[GalleryEntry]
	left_out: dict[str, int]  # architecture: errors that found no place in the gallery


@dataclass(frozen=True)
class Reason:
	"""rule: slug; text: a sentence; value: what was measured; threshold: what it was compared with; leads_to: a conclusion."""

	rule: str
	text: str
	value: int | float | None
	threshold: int | float | None
	leads_to: str


@dataclass(frozen=True)
class Requirement:
	"""What the conclusion `supported` asks for. value, threshold: as of a Reason, None where there is nothing to measure."""

	name: str
	text: str  # what is asked
	found: str  # what was found, in words
	value: int | float | None
	threshold: int | float | None
	met: bool


@dataclass(frozen=True)
class Conclusion:
	"""The verdict of an audit. conclusion: a slug of audit/conclusions.py; paragraph: for people."""

	conclusion: str
	paragraph: str
	reasons: list[Reason]
	requirements: list[Requirement]  # of the conclusion `supported`, met or not; empty where no network was asked


@dataclass(frozen=True)
class Audits:
	"""audits.json: what an audit looked at, and its verdict. Of a part that is None, `parts` and `not_done` say why."""

	schema: int
	manifest_sha256: str
	predictions_sha256: str  # of predictions.csv; empty for a manifest
	films: Films
	counts: FilmCounts
	baselines: list[BaselineRow]
	sources: list[SourceRow]
	controls: list[ControlRow]
	networks: list[NetworkRow] | None  # this and the next four: None for a manifest
	held_fixed: list[HeldFixedRow] | None
	masking: list[MaskRow] | None
	external: list[ExternalRow] | None  # None where no external films were named, too
	attention: Attention | None
	parts: list[PartState]
	not_done: list[NotDone]
	verdict: Conclusion
	matched: list[MatchedRow] | None = None  # None for a manifest, and in files of before November 2026
	stability: list[StabilityRow] | None = None  # None for a manifest, and in files of before it was asked
'''[1:]


# ======================================
# cxrkit/schema/common.py
# ======================================

FILES['cxrkit/schema/common.py'] = r'''
"""What the four files share: their version, and the words that stand for kinds of things."""

from dataclasses import dataclass
from typing import Literal

VERSION = 2
"""Of all four files. Raise it whenever a key changes its name, its unit or its meaning."""

Films = Literal["films", "phantom"]
Weights = Literal["imagenet", "random"]
Word = Literal["better", "worse", "equivalent", "equivalent in error", "undecided"]
"""What network A is beside network B. "equivalent" is said of error, sensitivity and specificity together."""


@dataclass(frozen=True)
class Margins:
	"""Differences, as shares, within which two networks are equivalent in each rate."""

	error: float = 0.01
	sensitivity: float = 0.02
	specificity: float = 0.02
'''[1:]


# ======================================
# cxrkit/schema/comparisons.py
# ======================================

FILES['cxrkit/schema/comparisons.py'] = r'''
"""comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.evaluation.metrics import Figure, Rates
from cxrkit.schema.common import Films, Margins, Weights, Word


@dataclass(frozen=True)
class RunToRun:
	"""The spread of a network's error rate over seeds, beside the one that the number of images alone predicts."""

	observed: Figure  # standard deviation over runs; unknown for one run
	predicted: float
	reading: Literal["one run: not known", "more than predicted", "less than predicted", "as predicted"]


@dataclass(frozen=True)
class NetworkErrors:
	"""A network under one protocol, with all its seeds."""

	name: str
	architecture: str
	runs: list[str]
	seeds: list[int]
	errors: list[float]  # error rate, one a seed
	error_rate: Figure  # their mean, over patients
	median: float  # of the errors
	outlying: list[int]  # seeds whose training failed or stands far off (evaluation.outliers)
	outlying_at_most: float  # the share of all trainings that may be so, with 95 % confidence
	run_to_run: RunToRun


@dataclass(frozen=True)
class Discordant:
	"""McNemar's exact test of two networks with the same seed."""

	seed: int
	only_a_wrong: int
	only_b_wrong: int
	p: float


@dataclass(frozen=True)
class Range:
	"""low, high: were the true difference at the far and at the near end of its 80 % interval; None where no number decides it."""

	low: int | None
	high: int | None


@dataclass(frozen=True)
class Needed:
	"""How much would decide a pair, with 80 % power."""

	seeds: Range  # at these images
	images: Range  # at these seeds
	images_at_20_seeds: Range
	images_for_equivalence: int | None  # at 20 seeds, were the two alike; None where no number shows it


@dataclass(frozen=True)
class RateDifference:
	"""A minus B in sensitivity or specificity, so that above 0 A is better."""

	verdict: Word
	difference: Figure  # over patients and seeds
	over_patients: Figure
	p_difference_holm: float  # over all pairs and both rates
	p_equivalence: float  # as it is: one of the pair's three


@dataclass(frozen=True)
class Pair:
	"""Two networks on the same images. Every difference is A minus B; in error rate, A is better below 0, in all else above."""

	a: str
	b: str
	verdict: Word  # what A is beside B
	as_trained: Word  # of these very networks, over patients alone
	difference: Figure  # in error rate, over patients and seeds
	over_patients: Figure
	over_seeds: Figure  # no interval where a network ran once
	of_medians: float  # A's median error rate over seeds minus B's
	p_difference: float
	p_difference_holm: float
	p_equivalence: float  # in error rate
	p_equivalence_holm: float
	p_all_equivalent_holm: float  # in error rate, sensitivity and specificity, each within its margin
	p_patients: float
	sensitivity: RateDifference | None  # None where its class is absent
	specificity: RateDifference | None
	ppv: Figure  # positive predictive value at this set's prevalence, over patients and seeds
	npv: Figure
	mcnemar: list[Discordant]  # seeds that both have
	probability_better: Figure
	auc_difference: Figure
	p_auc: float | None  # None where one class is absent
	needed: Needed | None  # None where the pair is decided, or a network ran once


@dataclass(frozen=True)
class ChosenOnValidation:
	"""The network that validation chooses, for its one look at test."""

	name: str
	error_rate_on_validation: float  # the lowest mean over seeds


@dataclass(frozen=True)
class StudyPair:
	"""Two of the study's networks. Which films each got wrong was not published: p for the most and the least overlap."""

	a: str
	b: str
	wrong: list[int]
	verdict: Word
	as_trained: Word
	p_mcnemar: list[float]
	difference: Figure


@dataclass(frozen=True)
class FisherTests:
	"""Our runs of a network against the study's one: p of Fisher's exact test of each, and the difference."""

	median_run: float  # p of the run with the median error rate
	lowest: float
	highest: float
	holm: float  # of the median run, over networks
	difference: Figure  # the median run's rate minus the study's, Newcombe's interval


@dataclass(frozen=True)
class BesideStudy:
	"""A network of the study, and whether our runs of it differ."""

	architecture: str
	study: Rates
	runs: int
	p: dict[str, FisherTests]  # error_rate, sensitivity, specificity; empty without a run of ours


@dataclass(frozen=True)
class Study:
	pairs: list[StudyPair]
	beside_ours: list[BesideStudy]


@dataclass(frozen=True)
class Best:
	"""names: the networks that may be the best; known: what that says."""

	names: list[str]
	known: Literal["one network", "the best", "equally good", "equally good in error", "some are not", "nothing"]


@dataclass(frozen=True)
class Comparison:
	"""comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

	schema: int
	runs: list[str]
	manifest_sha256: str
	films: Films
	split: str
	n: int  # images
	covid: int
	patients: int
	threshold: float
	margins: Margins
	alpha: float
	images_for_equivalence: list[int]  # fewer independent images, and fewer of the COVID-19 and the normal ones, cannot show it
	networks: list[NetworkErrors]
	pairs: list[Pair]  # empty with one network
	chosen_on_validation: ChosenOnValidation | None  # None without a test split
	study: Study
	best: Best
	started_from: dict[str, Weights] = field(default_factory=dict)  # {run: its networks' first weights}; empty in earlier files


@dataclass(frozen=True)
class ResplitNetwork:
	"""A network over several splits of the same images. errors: mean error rate over its seeds, one a split."""

	name: str
	errors: list[float]


@dataclass(frozen=True)
class ResplitPair:
	"""Every difference is A minus B, corrected for shared training images (Nadeau and Bengio 2003)."""

	a: str
	b: str
	verdict: Word
	difference: Figure  # in error rate
	p: float
	p_holm: float
	p_equivalence_holm: float  # in error rate
	p_all_equivalent_holm: float
	sensitivity: Figure | None  # None where its class is absent from a split
	specificity: Figure | None


@dataclass(frozen=True)
class ResplitComparison:
	"""What `compare --resplits --out` writes."""

	runs: list[str]
	split: str
	n_train: float  # images, the mean over splits
	n_test: float
	threshold: float
	margins: Margins
	networks: list[ResplitNetwork]
	pairs: list[ResplitPair]
'''[1:]


# ======================================
# cxrkit/schema/run.py
# ======================================

FILES['cxrkit/schema/run.py'] = r'''
"""run.json: what was asked, where it ran, what was chosen, and how it ended."""

from dataclasses import dataclass, field
from typing import Literal

from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.schema.common import Films, Weights


@dataclass(frozen=True)
class Bundle:
	"""The generated script that a run came from; empty texts where it ran from the repository."""

	source_sha256: str
	run_id: str


@dataclass(frozen=True)
class Chosen:
	"""What the kit chose by itself, each with its reason; None until it was chosen."""

	device: Choice | None = None  # "cpu" or "cuda"
	precision: Choice | None = None  # "float32", "float16" or "bfloat16"
	layout: Choice | None = None  # "channels_last" or "contiguous"
	tf32: Choice | None = None  # whether float32 products were rounded to TF32 in training
	autotuning: Choice | None = None  # whether cuDNN tries its algorithms
	devices: Choice | None = None  # those that trained, as torch names them
	at_once: Choice | None = None  # trainings at the same time on each of them
	threads: Choice | None = None  # of the processor, for each training
	placement: Choice | None = (
		None  # films during training: "device", "host", "file" (too large for memory) or "files" (decoded at each use)
	)


@dataclass(frozen=True)
class RunInfo:
	"""run.json: what was asked, where it ran, what was chosen, and how it ended."""

	schema: int
	run_id: str  # of the bundle, else the time at which the run began, UTC
	state: Literal["running", "finished"]  # "running" is left behind by a process that was killed
	experiment: Experiment  # resolved; folders and weights are named without their place on the machine
	experiment_sha256: str
	manifest_sha256: str
	films: Films
	started_from: Weights  # the networks' first weights
	leaks: int  # patients or pictures that stand in two splits
	place: Literal["kaggle", "local"]
	system: str
	processors: int
	versions: dict[str, str]  # Python and packages; "absent" for what is not installed
	bundle: Bundle
	chosen: Chosen = Chosen()
	unfinished: list[str] = field(default_factory=list)  # trainings without results, the failed ones too
	failed: dict[str, str] = field(default_factory=dict)  # training: error
	seconds: dict[str, float] = field(default_factory=dict)  # stage: seconds of wall clock
	peak_memory_bytes: int | None = None  # of the main process; None where the system does not say
	training_peak_bytes: dict[str, int] = field(
		default_factory=dict
	)  # architecture: the most that a training of this run held of its device's memory
'''[1:]


# ======================================
# cxrkit/schema/scores.py
# ======================================

FILES['cxrkit/schema/scores.py'] = r'''
"""metrics.json: the scores of every network, seed, stage and split."""

from dataclasses import dataclass
from typing import Literal

from cxrkit.evaluation.calibration import Calibration
from cxrkit.evaluation.metrics import Confusion, Figure, PredictiveValues, Rates
from cxrkit.evaluation.usefulness import NetBenefit
from cxrkit.schema.common import Films, Weights


@dataclass(frozen=True)
class OperatingPoint:
	"""A threshold chosen on validation for a wanted rate, and the rates it has on the split of its Score."""

	of: Literal["sensitivity", "specificity"]
	wanted: float
	promised: bool  # False where validation has too few images of the class to promise it of new ones
	threshold: float
	chosen_on: str
	same_images: bool  # chosen on the very images it is judged by
	confusion: Confusion
	rates: Rates


@dataclass(frozen=True)
class Scaling:
	"""Calibration before and after a temperature that was fitted on validation."""

	temperature: float
	rests_on_prior: bool  # the films were told apart (almost) perfectly, or not at all: they alone give no temperature
	fitted_on: str
	same_images: bool  # fitted on the very images it is judged by
	before: Calibration
	after: Calibration


@dataclass(frozen=True)
class Score:
	"""One run, the mean over a network's runs, or an ensemble's mean probability, on the images of one split."""

	kind: Literal["run", "mean", "ensemble"]
	architectures: list[str]  # one, or all for the ensemble over networks
	seeds: list[int]
	stage: str
	split: str
	confusion: Confusion  # at the threshold of the file; a mean's counts need not be whole
	patients: int
	rates: Rates
	auc: Figure
	delong: Figure | None  # the same area, DeLong's interval alone; None for a mean
	average_precision: Figure | None  # None for a mean
	bootstrap: dict[str, Figure]  # rates and areas, interval by resampled patients; empty before the last stage, and for a mean
	predictive_values: list[PredictiveValues]  # empty for a mean
	operating_point: OperatingPoint | None  # None before the last stage, for a mean, or without COVID-19 in validation
	at_specificity: OperatingPoint | None  # the same for a wanted specificity; None without normal images in validation
	decision_curve: list[NetBenefit]  # empty before the last stage, and for a mean
	scaling: Scaling | None  # None before the last stage, and for a mean
	seconds_per_epoch: float | None  # median; None unless kind is "run"

	@property
	def architecture(self) -> str:
		"""The network's, where it is one."""
		return self.architectures[0]

	@property
	def n(self) -> int:
		return round(self.confusion.n)


@dataclass(frozen=True)
class Metrics:
	"""metrics.json: the scores of every network, seed, stage and split."""

	schema: int
	positive_class: str
	threshold: float  # an image is called COVID-19 from this probability on
	manifest_sha256: str
	films: Films
	started_from: Weights
	held_out: str  # the split that is reported: "test" where there is one, else "valid"
	scores: list[Score]  # kind "run"
	means: list[Score]  # kind "mean", networks with several seeds, after the last stage
	ensembles: list[Score]  # kind "ensemble", after the last stage
'''[1:]


# ======================================
# cxrkit/spreadsheet.py
# ======================================

FILES['cxrkit/spreadsheet.py'] = r'''
"""Spreadsheets (.xlsx) as rows of text: as much of Office Open XML (ECMA-376) as a plain table on one sheet needs."""




import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from cxrkit.errors import BadInput

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
STRINGS, SHEET = "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"
LARGEST = 64 << 20
"""Bytes of one unpacked part: the largest known table has a hundredth of it, and a packed bomb more."""
DAMAGE = (OSError, zipfile.BadZipFile, ElementTree.ParseError, KeyError, ValueError, LookupError, NotImplementedError)


def rows_of(path: Path) -> list[dict[str, str]]:
	"""The rows of the first sheet below its header, each {column title: text}; cells without a title are left out."""



	try:
		with zipfile.ZipFile(path) as packed:
			strings = _strings(packed) if STRINGS in packed.namelist() else []
			rows = list(_rows(_parsed(packed, SHEET), strings))
	except DAMAGE as error:
		raise BadInput(f"The spreadsheet cannot be read: {error}.", path, "download the file again") from error
	titles = rows[0] if rows else {}
	return [{titles[column]: text for column, text in row.items() if titles.get(column)} for row in rows[1:]]


def _parsed(packed: zipfile.ZipFile, name: str) -> ElementTree.Element:
	if packed.getinfo(name).file_size > LARGEST:
		raise ValueError(f"{name} is larger than {LARGEST >> 20} MiB")
	text = packed.read(name)
	if b"<!DOCTYPE" in text:
		raise ValueError(f"{name} declares entities, which no spreadsheet does")
	return ElementTree.fromstring(text)


def _strings(packed: zipfile.ZipFile) -> list[str]:
	"""The texts that cells point to; one text may come in several runs."""
	return ["".join(run.text or "" for run in item.iter(f"{SPACE}t")) for item in _parsed(packed, STRINGS)]


def _rows(sheet: ElementTree.Element, strings: list[str]) -> Iterator[dict[str, str]]:
	"""Each row as {column letters: text}."""
	for row in sheet.iter(f"{SPACE}row"):
		yield {re.sub(r"\d", "", cell.get("r", "")): _text(cell, strings).strip() for cell in row.iter(f"{SPACE}c")}


def _text(cell: ElementTree.Element, strings: list[str]) -> str:
	if cell.get("t") == "inlineStr":
		return "".join(run.text or "" for run in cell.iter(f"{SPACE}t"))
	value = cell.findtext(f"{SPACE}v") or ""
	return strings[int(value)] if cell.get("t") == "s" and value else value
'''[1:]


# ======================================
# cxrkit/standing.py
# ======================================

FILES['cxrkit/standing.py'] = r'''
"""What must stand beside every figure of a run: drawn films, random weights, a leak, trainings that are missing."""

from dataclasses import dataclass

from cxrkit.data.readers import phantom
from cxrkit.schema import RunInfo


@dataclass(frozen=True)
class StandingWarning:
	"""What must stand beside every figure of a run. short: across a drawing; sentence: everywhere else."""

	short: str
	sentence: str


def standing_warnings(info: RunInfo) -> list[StandingWarning]:
	"""What a reader must not overlook about a run; empty where there is nothing."""
	found = []
	if info.films == "phantom":
		found.append(StandingWarning("drawn phantoms, not films", phantom.BANNER))
	if info.started_from == "random":
		found.append(StandingWarning("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
	if info.leaks:
		found.append(
			StandingWarning(
				"leaking split",
				f"LEAK: {info.leaks} patients or pictures stand in two splits; no score of this run holds for new patients.",
			)
		)
	late = [name for name in info.unfinished if name not in info.failed]
	if info.failed:
		told = "; ".join(f"{name} ({error})" for name, error in info.failed.items())
		found.append(
			StandingWarning("failed trainings", f"FAILED: {len(info.failed)} trainings ended with an error and are missing: {told}.")
		)
	if late:
		found.append(StandingWarning("partial run", f"PARTIAL: the time was up; {len(late)} trainings are missing: {', '.join(late)}."))
	return found
'''[1:]


# ======================================
# cxrkit/tables.py
# ======================================

FILES['cxrkit/tables.py'] = r'''
"""Tables as values, and two of their three layouts: text for a log, Markdown for a document (HTML: report/page.html)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import table as aligned

LONGEST = 300
"""Characters of other people's text that a cell of Markdown shows, and the last cell of a row in a log."""
LONGEST_IN_LOG = 80
"""And any other cell in a log, where it moves all that stand to its right."""
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f]")
"""Characters that are not seen, and turn the direction of what follows."""
NOTHING = "–"


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
	scale: tuple[float, float] | None = None


@dataclass(frozen=True)
class Table:
	"""caption: what it shows, with n; note: what to know for reading it; the first cell of a row names the row."""

	name: str
	caption: str
	columns: tuple[Column, ...]
	rows: list[list[Cell]]
	note: str = ""
	open: bool = True


def figure_text(figure: Figure, digits: int = 3) -> str:
	"""`value [low, high]`, or a dash for what is not known."""
	if figure.value is None:
		return NOTHING
	if figure.low is None:
		return f"{figure.value:.{digits}f}"
	return f"{figure.value:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def figure_cell(figure: Figure | None, digits: int = 3) -> Cell:
	"""A Figure with its interval."""
	if figure is None or figure.value is None:
		return Cell(NOTHING)
	return Cell(figure_text(figure, digits), figure.value, figure.low, figure.high)


def points_cell(figure: Figure | None) -> Cell:
	"""A difference between rates in percentage points, with its interval and sign."""
	if figure is None or figure.value is None:
		return Cell(NOTHING)
	value, low, high = (None if number is None else round(100 * number, 2) + 0.0 for number in (figure.value, figure.low, figure.high))
	text = f"{value:+.2f}" + ("" if low is None else f" [{low:+.2f}, {high:+.2f}]")
	return Cell(text.replace("-", "\u2212"), value, low, high)


def number_cell(value: float | None, text: str = "") -> Cell:
	return Cell(NOTHING if value is None else text or f"{value:,}", value)


def count_text(count: float) -> str:
	"""A count, or a mean of counts with up to two decimals."""
	return f"{count:.2f}".rstrip("0").rstrip(".")


def p_text(p: float) -> str:
	return "<0.001" if p < 0.0005 else f"{p:.3f}"


def scale_of(
	rows: Iterable[Sequence[Cell]], index: int, floor: float | None = None, ceiling: float | None = None
) -> tuple[float, float] | None:
	"""(from, to) that holds every interval of a column; None where there is nothing to draw."""
	ends = [end for row in rows for end in (row[index].value, row[index].low, row[index].high) if end is not None]
	if not ends:
		return None
	low, high = min(ends) if floor is None else floor, max(ends) if ceiling is None else ceiling
	return (min(low, min(ends)), max(high, max(ends))) if high > low else None


def as_text(table: Table) -> str:
	"""The table for a log: its caption, then its rows aligned."""
	rows = [[*(_line(cell.text, LONGEST_IN_LOG) for cell in row[:-1]), _line(row[-1].text, LONGEST)] for row in table.rows]
	right = [column.title for column in table.columns if column.number]
	return f"{table.caption}\n{aligned(rows, [column.title for column in table.columns], right)}"


def as_markdown(table: Table) -> str:
	"""The table in Markdown, with its caption above and its note below."""
	lines = [
		f"**{plain(table.caption)}**",
		"",
		"| " + " | ".join(plain(column.title) for column in table.columns) + " |",
		"|" + "|".join(" ---: " if column.number else " --- " for column in table.columns) + "|",
		*("| " + " | ".join(plain(cell.text) for cell in row) + " |" for row in table.rows),
	]
	return "\n".join([*lines, "", plain(table.note, 2000)] if table.note else lines)


def plain(text: object, most: int = LONGEST) -> str:
	"""Other people's text as one line of Markdown that means only itself."""
	return re.sub(r"([\\`*_\[\]|#])", r"\\\1", _line(str(text), most)).replace("<", "&lt;").replace(">", "&gt;")


def _line(text: str, most: int) -> str:
	"""The text on one line, without unseen characters, and cut, visibly, where it is longer than `most`."""
	line = " ".join(UNSEEN.sub("", text).split())
	return line if len(line) <= most else line[: most - 1] + "…"
'''[1:]


# ======================================
# cxrkit/training/__init__.py
# ======================================

FILES['cxrkit/training/__init__.py'] = r'''
"""Pixels in; trained networks, their epochs and predictions out."""
'''[1:]


# ======================================
# cxrkit/training/batchnorm.py
# ======================================

FILES['cxrkit/training/batchnorm.py'] = r'''
"""Batch norm's statistics: taken anew from the training films, and shared by processes that train one network together."""

from collections.abc import Iterable
from contextlib import contextmanager

import torch
from torch import distributed, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm


def layers(model: nn.Module) -> list[_BatchNorm]:
	"""The batch-norm layers that keep running statistics."""
	return [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]


@contextmanager
def precise(model: nn.Module, batches: Iterable[torch.Tensor]):
	"""For the time of the block, statistics that are the mean over all these batches, computed by the weights as they are."""






	found = layers(model)
	usual = [({name: value.clone() for name, value in layer.named_buffers(recurse=False)}, layer.momentum) for layer in found]
	kept = []
	try:
		_measure(model, found, batches)
		for layer, (_, momentum) in zip(found, usual):
			layer.momentum = momentum
		yield lambda: kept.append(True)
	finally:
		if not kept:
			for layer, (buffers, momentum) in zip(found, usual):
				layer.momentum = momentum
				for name, value in buffers.items():
					getattr(layer, name).copy_(value)


@torch.no_grad()
def _measure(model, found, batches):
	model.train()
	for layer in found:
		layer.reset_running_stats()
	for number, batch in enumerate(batches, start=1):
		for layer in found:
			layer.momentum = 1 / number  # a plain mean; torch's word for it, None, has each layer wait for the device
		model(batch)
	model.eval()


def shared(model: nn.Module) -> nn.Module:
	"""The model with batch norm over the whole batch, wherever its parts are computed: torch's SyncBatchNorm on GPUs, and the ..."""

	found = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, _BatchNorm)]
	for name, layer in found:
		if type(layer) not in (nn.BatchNorm1d, nn.BatchNorm2d, OverProcesses):  # one that does more would lose it
			raise TypeError(f"{name}, a {type(layer).__name__}, cannot be shared by processes")
	if next(model.parameters()).is_cuda:
		return nn.SyncBatchNorm.convert_sync_batchnorm(model)
	for _, layer in found:
		layer.__class__ = OverProcesses
	return model


@contextmanager
def over(group, model: nn.Module):
	"""For the time of the block, shared batch norm over the processes of a group instead of all."""
	found = [layer for layer in layers(model) if isinstance(layer, (OverProcesses, nn.SyncBatchNorm))]
	usual = [layer.process_group for layer in found]
	for layer in found:
		layer.process_group = group
	try:
		yield
	finally:
		for layer, group_before in zip(found, usual):
			layer.process_group = group_before


class OverProcesses(_BatchNorm):
	"""Batch norm over the batches of all processes of a group, of equal or unequal size; None is the group of all."""

	process_group = None

	def _check_input_dim(self, input):
		pass

	def forward(self, input):
		if not self.training or distributed.get_world_size(self.process_group) == 1:
			return super().forward(input)
		films, shape = input.to(torch.promote_types(input.dtype, torch.float32)), [1, -1, *[1] * (input.dim() - 2)]
		group = self.process_group or distributed.group.WORLD
		apart = [dimension for dimension in range(input.dim()) if dimension != 1]
		sums = all_reduce(torch.cat([films.sum(apart), films.new_full((1,), films.numel() / films.shape[1])]), group=group)
		count, mean = sums[-1].detach(), sums[:-1] / sums[-1].detach()
		centred = films - mean.view(shape)
		variance = all_reduce(centred.square().sum(apart), group=group) / count
		self._track(mean.detach(), variance.detach(), count)
		factor = torch.rsqrt(variance + self.eps) * self.weight
		return (centred * factor.view(shape) + self.bias.view(shape)).to(input.dtype)

	@torch.no_grad()
	def _track(self, mean, variance, count):
		self.num_batches_tracked += 1
		share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
		self.running_mean.lerp_(mean, share)
		self.running_var.lerp_(variance * count / (count - 1), share)
'''[1:]


# ======================================
# cxrkit/training/distributed.py
# ======================================

FILES['cxrkit/training/distributed.py'] = r'''
"""Data-parallel training (DDP): the processes of a world train one network together, each on its share of every batch."""









import os
import pickle
from dataclasses import dataclass
from datetime import timedelta

import torch
from fastai.learner import Callback
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cxrkit import environment
from cxrkit.errors import WrongUse
from cxrkit.training import batchnorm

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: the learning-rate finder of the slowest network on a processor."""
SOON = timedelta(seconds=10)
"""How long it is waited for what another process says of its failure: it listens to its training once a second."""


@dataclass(frozen=True)
class Meeting:
	"""Where the processes of one training meet: the store's address, and the name of the training's own part of it."""

	host: str
	port: int
	name: str
	rank: int
	size: int


class Member:
	"""A process that torchrun started, among the others. Raises WrongUse where torchrun started none."""

	def __init__(self):
		if environment.processes() < 2:
			raise WrongUse("--parallel data needs several processes.", next="start them: torchrun --nproc-per-node=2 kernel/run.py ...")
		store, self.rank, self.size = next(distributed.rendezvous("env://"))
		self.attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # else processes started again would hear the dead ones
		self.store = distributed.PrefixStore(self.attempt, store)
		self.store.set_timeout(PATIENCE)
		self.told = 0

	@property
	def leads(self):
		"""Whether this process writes what all have made."""
		return self.rank == 0

	def agree(self, value):
		"""What the leader's value is; all members must ask, as often and in the same order."""
		self.told += 1
		key = f"agreed-{self.told}"
		if self.leads:
			self.store.set(key, pickle.dumps(value))
		return pickle.loads(self.store.get(key))

	def meeting(self, name):
		"""Where the processes of the training of that name meet, each started by one member."""
		host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
		return Meeting(host, port, f"{self.attempt}-{name}", self.rank, self.size)

	def give_up(self, name, reason):
		"""Tell the others that the training of that name has failed here, and why; the reason is empty where it was another's."""
		self.store.set(f"reason-{name}-{self.rank}", reason)
		self.store.set(f"failed-{name}", "yes")

	def given_up(self, name):
		"""Whether the training of that name failed in some process."""
		return self.store.check([f"failed-{name}"])

	def reasons(self, name):
		"""Why the training of that name failed, in the words of all processes that say so soon."""
		found = []
		for rank in range(self.size):
			key = f"reason-{name}-{rank}"
			try:
				self.store.wait([key], SOON)
			except RuntimeError:  # it ended well there
				continue
			if reason := self.store.get(key).decode():
				found.append(f"in process {rank}: {reason}")
		return "; ".join(found)


class Team:
	"""The processes of one training. A team of one needs nobody."""

	def __init__(self, rank=0, size=1):
		self.rank, self.size = rank, size
		self._of_leader = distributed.new_group([0]) if size > 1 else None

	@classmethod
	def join(cls, meeting, device):
		"""The team of a Meeting, or of this process alone where there is none."""
		if meeting is None:
			return cls()
		store = distributed.TCPStore(meeting.host, meeting.port, meeting.size, is_master=False, timeout=PATIENCE)
		backend = "cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo"
		distributed.init_process_group(
			backend, store=distributed.PrefixStore(meeting.name, store), rank=meeting.rank, world_size=meeting.size, timeout=PATIENCE
		)
		return cls(meeting.rank, meeting.size)

	@property
	def leads(self):
		"""Whether this process makes what is the same for all."""
		return self.rank == 0

	def agree(self, value):
		"""What the leader's value is; all processes must ask, and wait for each other here."""
		if self.size == 1:
			return value
		said = [value]
		distributed.broadcast_object_list(said, device=torch.device("cpu"))
		return said[0]

	def share(self, model):
		"""Make the model's batch norm that of the whole batch. Raises WrongUse for a model of which that cannot be done."""
		if self.size > 1:
			try:
				batchnorm.shared(model)
			except TypeError as error:
				raise WrongUse(
					f"The network cannot be trained by several processes together: {error}.", next="use --parallel jobs"
				) from error

	def by_leader(self, model):
		"""A context in which the leader computes alone, as one process would; its batch norm waits for nobody."""
		return batchnorm.over(self._of_leader, model)

	def callbacks(self, loader):
		"""The fastai callbacks that share the batches of this training loader."""
		return [Together(self, loader)] if self.size > 1 else []


class Together(Callback):
	"""Wraps the model for the time of a fit, and gives each process its share of a batch."""

	order = 11  # before Cast (12) and the Recorder (50)

	def __init__(self, team, loader):
		self.team, self.loader = team, loader

	def before_fit(self):
		on_gpu = next(self.model.parameters()).is_cuda
		self.learn.model = DistributedDataParallel(self.model, device_ids=[torch.cuda.current_device()] if on_gpu else None)
		self.loader.shard = (self.team.rank, self.team.size)

	def after_fit(self):
		self.learn.model = self.model.module
		self.loader.shard = (0, 1)
'''[1:]


# ======================================
# cxrkit/training/executors.py
# ======================================

FILES['cxrkit/training/executors.py'] = r'''
"""Executors: where a training runs. Each is a process of its own, so that nothing which it does reaches the next one."""





import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError
from cxrkit.training import server
from cxrkit.training.distributed import Meeting
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.precision import Numerics
from cxrkit.training.stages import Job, Past


@dataclass(frozen=True)
class Task:
	"""A training as a value: all that it needs, and nothing that it shares."""





	job: Job
	experiment: Experiment
	films: TrainingFilms = field(repr=False)
	numerics: Numerics
	device: str
	threads: int
	past: Past = Past()
	end: float = float("inf")
	meeting: Meeting | None = None


@dataclass(frozen=True)
class Ended:
	"""The last that is heard of a training. error: None where it ended well, or in time; refusal: an error of the kit's own that ..."""


	error: str | None = None
	details: str = ""
	refusal: CxrkitError | None = None
	peak_bytes: int | None = None


class Processes:
	"""Runs trainings side by side, each in a process of its own."""




	def __init__(self, train: Callable[..., Iterator[Any]] | None = None):
		self._context = server.context()
		self._train, self._running = train, {}

	def start(self, task: Task) -> None:
		"""Begin a training. Returns at once."""
		from cxrkit.training.work import work

		ours, theirs = self._context.Pipe()
		process = self._context.Process(target=work, args=(task, theirs, self._train), name=task.job.name)
		process.start()
		theirs.close()
		self._running[ours] = (task.job, process)

	@property
	def running(self) -> list[Job]:
		return [job for job, _ in self._running.values()]

	def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
		"""Yield (job, what it told) of what has been told until now, after waiting up to `timeout` seconds for something."""



		for ours in wait(list(self._running), timeout):
			job, process = self._running[ours]
			try:
				told = ours.recv()
			except (EOFError, OSError):
				process.join()
				told = Ended(_death(process.exitcode))
			if isinstance(told, Ended):
				self._forget(ours)
			yield job, told

	def stop(self, job: Job | None = None) -> None:
		"""End a training's process, or all of them, at once."""
		for ours, (running, process) in list(self._running.items()):
			if job in (None, running):
				process.kill()
				self._forget(ours)

	def _forget(self, ours: Connection) -> None:
		_, process = self._running.pop(ours)
		ours.close()
		process.join()
		process.close()


def _death(code):
	if code is not None and code < 0:
		name = signal.Signals(-code).name
		if -code == signal.SIGKILL:
			return f"the process was killed ({name}), which a system does when memory runs out: try --jobs-at-once 1, or a smaller --batch-size"
		return f"the process was ended by {name}"
	return f"the process ended with exit code {code} and said nothing"
'''[1:]


# ======================================
# cxrkit/training/job_folder.py
# ======================================

FILES['cxrkit/training/job_folder.py'] = r'''
"""The folder of a training: what its finished stages left, written by the process that started it, read when it goes on."""








import re
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import read_json, reading, remove_leftovers, replacing, write_json
from cxrkit.progress import say
from cxrkit.training.stages import Epoch, Finder, Past, Stage, Statistics

KEY, FAILED, FINDER = "job.json", "failed.json", "lr_find.json"
OWN = re.compile(rf"\.?({FROZEN}|{UNFROZEN}|job|lr_find|failed)\.(json|pt)(\..*)?")
"""The files that a training writes, and what is left of one whose writer died."""


class JobFolder:
	def __init__(self, path: Path):
		self.path = Path(path)
		self.name = self.path.name

	def prepare(self, key: str) -> None:
		"""Empty a folder that was made with another key, and take away what a dead process left."""



		if self.path.exists() and not self.made_with(key):
			foreign = sorted(path.name for path in self.path.iterdir() if not OWN.fullmatch(path.name))
			if foreign:
				raise BadInput(
					f"The training's folder holds what this kit did not write: {', '.join(foreign[:5])}.",
					self.path,
					"move that away, or name another folder with --out; nothing was changed",
				)
			say(f"{self.name}: begun anew, for the data or the protocol changed")
			shutil.rmtree(self.path)
		if not self.path.exists():
			write_json(self.path / KEY, {"key": key})
		remove_leftovers(self.path)

	def made_with(self, key: str) -> bool:
		marker = self.path / KEY
		return marker.exists() and read_json(marker, keys=("key",))["key"] == key

	def done(self, stage: str = UNFROZEN) -> bool:
		return (self.path / f"{stage}.json").exists()

	@property
	def weights(self) -> Path:
		"""The file of the last stage's weights."""
		return self.path / f"{UNFROZEN}.pt"

	def past(self) -> Past:
		"""What is there to go on from. Raises BadInput for a file that is not as it was written."""
		path = self.path / f"{FROZEN}.pt"
		frozen = path.read_bytes() if self.done(FROZEN) and path.exists() else None
		return Past(frozen, self.finder() if frozen and (self.path / FINDER).exists() else None)

	def keep(self, made: Stage | Finder) -> None:
		"""Write a stage, or the finder's result. Raises DiskFull."""
		if isinstance(made, Finder):
			write_json(self.path / FINDER, asdict(made))
			return
		with replacing(self.path / f"{made.name}.pt") as temporary:
			temporary.write_bytes(made.weights)
		plain = asdict(made)
		del plain["weights"]
		write_json(self.path / f"{made.name}.json", plain)

	def stage(self, name: str) -> Stage:
		"""A finished stage, without its weights. Raises BadInput."""
		path = self.path / f"{name}.json"
		with reading(path, next="remove the training's folder; the same command trains it again"):
			plain = read_json(path)
			return Stage(
				name,
				[Epoch(**epoch) for epoch in plain["epochs"]],
				[(image_id, p) for image_id, p in plain["predictions"]],
				[Statistics(**each) for each in plain["statistics"]],
				plain["skipped_steps"],
				b"",
			)

	def finder(self) -> Finder:
		"""The finder's result. Raises BadInput."""
		with reading(self.path / FINDER, next="remove the training's folder; the same command trains it again"):
			return Finder(**read_json(self.path / FINDER))

	def fail(self, error: str, details: str) -> None:
		"""Write down how the training failed; each failure has an id of its own."""
		write_json(self.path / FAILED, {"error": error, "traceback": details, "id": secrets.token_hex(8)})

	@property
	def failure(self) -> dict | None:
		"""{error, traceback, id} of the last failure, or None. The id is None where version 0.1.0 wrote it down."""
		path = self.path / FAILED
		return {"id": None, **read_json(path, keys=("error",))} if path.exists() else None

	def forget_failure(self) -> None:
		(self.path / FAILED).unlink(missing_ok=True)
'''[1:]


# ======================================
# cxrkit/training/jobs.py
# ======================================

FILES['cxrkit/training/jobs.py'] = r'''
"""Training jobs, one an architecture and seed: shared out, run side by side, kept, and gathered."""





from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import astuple
from pathlib import Path

from cxrkit import __version__
from cxrkit.columns import STAGES, Trained
from cxrkit.config import Experiment
from cxrkit.environment import Deadline
from cxrkit.errors import WrongUse, disk_errors
from cxrkit.files import locked, sha256_of_json
from cxrkit.progress import Meter, announce, say
from cxrkit.training import networks, weights
from cxrkit.training.distributed import Member
from cxrkit.training.executors import Ended, Processes, Task
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.stages import EpochEnded, Finder, Job, Past, Stage, Step

LISTEN_SECONDS = 1.0
"""How long the trainings are listened to before the other processes are."""


def jobs_of(experiment: Experiment) -> list[Job]:
	return [Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(
	experiment: Experiment,
	films: TrainingFilms,
	manifest_hash: str,
	folder: Path,
	machine: Machine,
	time_left: Deadline = Deadline(),
	executor: Processes | None = None,
	kept: Callable[[Path], None] | None = None,
) -> dict[str, int]:
	"""Run every job that is not done, each into a folder of its own below `folder`; return the most bytes of the device's ..."""











	folder = Path(folder)
	announce(f"training {len(jobs_of(experiment))} networks\n{machine}\n  films: {films.placement}")
	if experiment.pretrained:
		with locked(folder / ".weights.lock"):
			weights.check(dict.fromkeys(job.architecture for job in unfinished(experiment, folder)), experiment.weights)
	executor = executor or Processes()
	make = _Run(experiment, films, key_of(experiment, manifest_hash, machine), folder, machine, time_left, executor, kept)
	try:
		make.together(Member()) if experiment.parallel == "data" else make.side_by_side()
	finally:
		executor.stop()
		make.close()
	return make.peaks


class _Run:
	"""The state of run(): which jobs wait, which run where, and what is shown of them."""

	def __init__(self, experiment, films, key, folder, machine, time_left, executor, kept):
		self.experiment, self.films, self.key, self.folder, self.machine = experiment, films, key, folder, machine
		self.time_left, self.executor, self.kept = time_left, executor, kept or (lambda home: None)
		self.jobs = longest_first(experiment)
		self.old_failures = {job: _id_of(JobFolder(folder / job.name)) for job in self.jobs}  # before anybody tries again
		self.free, self.held = machine.slots, {}
		self.leads = True
		self.done, self.share, self.failed, self.peaks = 0, {}, {}, {}
		self.meter = None

	def close(self):
		for locks, _ in self.held.values():
			locks.close()
		if self.meter is not None:
			self.meter.close(finished=not self.share)

	def side_by_side(self):
		"""Begin what is free to be begun, and listen, until every job is done here or elsewhere, has failed, or has no time left."""
		waiting = list(self.jobs)
		while waiting or self.held:
			for job in list(waiting):
				if not self.free:
					break
				# while something runs here, nobody is waited for
				if self._begin(job, wait=not self.held and job is waiting[-1]):
					waiting.remove(job)
			if self.held:
				self._listen()

	def _begin(self, job, wait=False):
		"""Begin a job, or see that there is nothing to begin; return False where another run holds it."""
		locks = ExitStack()
		if not locks.enter_context(locked(self.folder / f".{job.name}.lock", wait)):
			return False
		home = JobFolder(self.folder / job.name)
		if self._ready(job, home):
			device = self.free.pop(0)
			self.held[job] = (locks, device)
			self._start(job, home, device)
		else:
			locks.close()
		return True

	def _ready(self, job, home):
		"""Whether a job is to be begun; if it is not, it is said why."""
		home.prepare(self.key)
		self.kept(home.path)
		if home.done():
			say(f"{job.name}: done already")
		elif _id_of(home) not in (None, self.old_failures[job]):
			say(f"{job.name}: failed in another process of this run, and is not tried again: {home.failure['error']}")
		elif self.time_left() <= 0:
			say(f"{job.name}: not begun, the time is up")
		else:
			return True
		return False

	def _start(self, job, home, device, meeting=None):
		self.share[job] = 0.0
		if self.meter is None:
			homes = [JobFolder(self.folder / each.name) for each in self.jobs]
			self.done, self.all = sum(each.made_with(self.key) and each.done() for each in homes), len(homes)
			self.meter = Meter("training", self.all - self.done, tell=announce)
		past = Past()
		if self.leads:
			home.forget_failure()
			past = home.past()
		threads = self.machine.threads.value
		self.executor.start(
			Task(job, self.experiment, self.films, self.machine.numerics, device, threads, past, self.time_left.end, meeting)
		)

	def _listen(self):
		"""Hear what the trainings tell, and keep what they made."""
		for job, told in self.executor.events(LISTEN_SECONDS):
			home = JobFolder(self.folder / job.name)
			if isinstance(told, Step):
				self._progress(job, told.done / told.total)
			elif isinstance(told, Ended):
				self._ended(job, home, told)
			elif self.leads:
				self._keep(job, home, told)

	def _keep(self, job, home, told):
		if isinstance(told, (Stage, Finder)):
			with disk_errors(home.path):
				home.keep(told)
				self.kept(home.path)
		if isinstance(told, EpochEnded):
			epoch = told.epoch
			say(
				f"{job.name} {told.stage} epoch {epoch.epoch}/{told.epochs}: train loss {epoch.train_loss:.4f}, "
                f"valid loss {epoch.valid_loss:.4f}, error rate {epoch.error_rate:.4f}, {epoch.seconds:.1f} s"
			)
		elif isinstance(told, Finder):
			say(f"{job.name}: learning rate {told.chosen:.2g} ({told.reason})")
		elif isinstance(told, Stage) and told.skipped_steps:
			say(f"{job.name} {told.name}: {told.skipped_steps} steps whose float16 gradients overflowed changed nothing")

	def _progress(self, job, share):
		gained, self.share[job] = share - self.share[job], share
		self.meter.advance(max(0.0, gained), f"{self.done} of {self.all} networks done")

	def _ended(self, job, home, ended):
		if ended.refusal is not None:
			raise ended.refusal  # absent weights, or a wrong use, stop every job
		if ended.error is not None:
			say(f"!!! {job.name} failed: {ended.error}")
			self.failed[job] = ended.error
			if self.leads:
				home.fail(ended.error, ended.details)
		elif self.leads and not home.done():
			say(f"{job.name}: stopped before its last stage, the time is up")
		if ended.peak_bytes:
			self.peaks[job.architecture] = max(ended.peak_bytes, self.peaks.get(job.architecture, 0))
		self.done += home.done()
		self._progress(job, 1.0)
		del self.share[job]
		locks, device = self.held.pop(job)
		self.free.append(device)
		locks.close()

	def together(self, member):
		"""Every job after the other, each by all members, until it is done, has failed in one of them, or has no time left."""
		films = sum(record.split == "train" for record in self.films.records)
		batch = min(self.experiment.batch_size, films)
		if batch % member.size:
			raise WrongUse(
				f"Batches of {batch} films cannot be shared equally by {member.size} processes.",
				next=f"use --batch-size {max(batch - batch % member.size, member.size)}",
			)
		self.leads = member.leads
		for job in self.jobs:
			home = JobFolder(self.folder / job.name)
			if not member.agree(member.leads and self._ready(job, home)):
				continue
			self.held[job] = (ExitStack(), self.free.pop(0))
			self._start(job, home, self.held[job][1], member.meeting(job.name))
			while job in self.held:
				self._listen()
				self._heed(member, job, home)

	def _heed(self, member, job, home):
		"""Tell the other members of a failure here, and end the training here after one elsewhere; write down all reasons."""



		stopped = job in self.held and member.given_up(job.name)
		if stopped:
			self.executor.stop(job)
			self._ended(job, home, Ended("it failed in another of its processes"))
		if job in self.failed:
			member.give_up(job.name, "" if stopped else self.failed[job])
			if self.leads:
				self.failed[job] = member.reasons(job.name)
				home.fail(self.failed[job], home.failure["traceback"])


def _id_of(home):
	return None if home.failure is None else home.failure["id"]


def longest_first(experiment: Experiment) -> list[Job]:
	"""The jobs, seed after seed, in each the network first whose step reads most, for what is begun last should end soon."""




	def read(architecture: str) -> int:
		memory = networks.step_memory(architecture, experiment.image_size, experiment.batch_size)
		return memory.weights + memory.activations

	return sorted(jobs_of(experiment), key=lambda job: (experiment.seeds.index(job.seed), -read(job.architecture)))


def failures(experiment: Experiment, folder: Path) -> dict[str, str]:
	"""{name: error} of the jobs that failed when they were last tried."""
	found = {job.name: JobFolder(Path(folder) / job.name).failure for job in jobs_of(experiment)}
	return {name: failure["error"] for name, failure in found.items() if failure}


def unfinished(experiment: Experiment, folder: Path) -> list[Job]:
	"""The jobs that are not done."""
	return [job for job in jobs_of(experiment) if not JobFolder(Path(folder) / job.name).done()]


def key_of(experiment: Experiment, manifest_hash: str, machine: Machine) -> str:
	"""What a job's folder must have been made with: the keys that decide the training, the data, the device and its number format."""




	return sha256_of_json(
		{"protocol": experiment.settings("numbers"), "computed": machine.computed, "manifest": manifest_hash, "version": __version__}
	)


def collect(experiment: Experiment, label_of: Mapping[str, str], folder: Path) -> Trained:
	"""What the finished jobs left. label_of: {image_id: label}; folder: that of `run`. Raises BadInput for a file that is broken."""
	trained, waiting = Trained(), unfinished(experiment, folder)
	for job in jobs_of(experiment):
		if job in waiting:
			continue
		of_job, home = [job.architecture, job.seed], JobFolder(Path(folder) / job.name)
		for name in STAGES:
			stage = home.stage(name)
			trained.epochs.extend([*of_job, name, *astuple(epoch)] for epoch in stage.epochs)
			trained.predictions.extend([*of_job, name, image_id, label_of[image_id], p] for image_id, p in sorted(stage.predictions))
			trained.batch_norm.extend([*of_job, name, *astuple(each)] for each in stage.statistics)
		finder = home.finder()
		steps = enumerate(zip(finder.learning_rates, finder.losses), start=1)
		trained.lr_find.extend([*of_job, step, rate, loss, finder.chosen] for step, (rate, loss) in steps)
		trained.models[f"{job.name}.pt"] = home.weights
	return trained
'''[1:]


# ======================================
# cxrkit/training/learner.py
# ======================================

FILES['cxrkit/training/learner.py'] = r'''
"""A fastai Learner as the kit trains it: silent, with its weights in place, and without waiting for the device at each step."""

import time
from collections.abc import Callable

import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import LRFinder, ParamScheduler
from fastai.learner import AvgSmoothLoss, Callback, Learner
from fastai.metrics import Recall, error_rate
from fastai.torch_core import set_seed, to_detach

from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.training import networks, weights
from cxrkit.training.optimizer import FusedAdam
from cxrkit.training.stages import Epoch, EpochEnded, Step

EVERY = 0.5
"""Seconds between two tellings of how far a training is."""


def make(job, loaders, experiment, numerics, seed):
	"""A Learner for one job, seeded, with its body's weights in place. Raises RemoteRefusal or BadInput without ImageNet weights."""
	set_seed(seed)
	if experiment.pretrained:
		model = weights.with_body(job.architecture, experiment.weights)
	else:
		model = networks.build(job.architecture)
		weights.silence_residual_branches(model)
	learner = Learner(
		loaders,
		model.to(loaders.device),
		opt_func=lambda groups, **hypers: FusedAdam(groups, eps=experiment.epsilon, **hypers),
		splitter=networks.splitter(job.architecture),
		metrics=[error_rate, Recall(pos_label=LABELS.index(POSITIVE)), Recall(pos_label=LABELS.index(NEGATIVE))],
		wd_bn_bias=experiment.decay_everywhere,
		cbs=numerics.callbacks(loaders.device),
	)
	learner.remove_cb(ProgressCallback)
	learner.recorder.smooth_loss = SmoothLoss()
	learner.logger = lambda *_: None
	return learner


class SmoothLoss(AvgSmoothLoss):
	"""fastai's smoothed training loss, kept on the device: fastai fetches it at each step, and waits."""

	def accumulate(self, learn):
		self.count += 1
		loss = to_detach(learn.loss.mean(), cpu=False).as_subclass(torch.Tensor)
		self.val = torch.lerp(loss, self.val.to(loss.device), self.beta)


class InMemoryFinder(LRFinder):
	"""fastai's learning-rate finder, which leaves the weights as its steps left them, and writes no file."""

	def before_fit(self):
		ParamScheduler.before_fit(self)
		self.best_loss = float("inf")

	def after_fit(self):
		ParamScheduler.after_fit(self)


class Steps:
	"""How many batches a training has computed of all that it computes; told now and then."""

	def __init__(self, total: int, tell: Callable[[object], None]):
		self.done, self.total, self.tell, self.told = 0, total, tell, -EVERY

	def reach(self, done: int) -> None:
		"""Count the batches that an earlier process computed, or that the finder spared."""
		self.done = done

	def advance(self) -> None:
		self.done += 1
		if time.monotonic() - self.told >= EVERY:
			self.told = time.monotonic()
			self.tell(Step(self.done, self.total))


class Watch(Callback):
	"""Keeps each epoch's figures, and tells how far the training is."""

	order = 65  # after fastai's Recorder (50), which computes what is read here

	def __init__(self, stage: str, steps: Steps):
		self.stage, self.steps, self.epochs = stage, steps, []

	def before_epoch(self):
		self.started = time.monotonic()

	def after_batch(self):
		self.steps.advance()

	def after_epoch(self):
		if len(self.recorder.values[-1]) < 5:
			return  # the finder, which validates nothing
		seconds = time.monotonic() - self.started
		epoch = Epoch(self.epoch + 1, *(float(value) for value in self.recorder.values[-1]), seconds=seconds)
		self.epochs.append(epoch)
		self.steps.tell(EpochEnded(self.stage, epoch, self.n_epoch))
'''[1:]


# ======================================
# cxrkit/training/loaders.py
# ======================================

FILES['cxrkit/training/loaders.py'] = r'''
"""fastai DataLoaders of the films: from the pixel cache, resident on the device, or file by file as fastai does."""

import queue
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from fastai.data.core import Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize, ToTensor
from fastai.torch_core import TensorCategory, TensorImage, TensorImageBW
from fastai.vision.augment import AffineCoordTfm, Flip, Resize, ResizeMethod, Zoom, affine_mat, mask_tensor
from fastai.vision.core import PILImage, PILImageBW, imagenet_stats
from fasttransform import Transform
from torch.nn.functional import grid_sample

from cxrkit import environment
from cxrkit.data.images import open_grey
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.data.tree import entries as tree_entries
from cxrkit.environment import Choice

MAX_ZOOM = 1.1
MAX_STRETCH = 1.1
SHARE_OF_FREE_MEMORY = 0.3
"""Of the device's free memory, what the films may take: the rest is the networks'."""


class ChestFilm(PILImage):
	"""A film as fastai sees it: grey, on three equal channels, for the networks' weights want three."""

	@classmethod
	def create(cls, path, **_):
		return cls(open_grey(path).convert("RGB"))


class MiddleCrop(Resize):
	"""fastai's Resize by cropping, in the middle for training films, too, for the pixel cache holds one square of each film."""

	def before_call(self, b, split_idx):
		self.pcts = (0.5, 0.5)


def stretch_matrix(x, max_stretch=MAX_STRETCH, p=0.5):
	"""Affine matrices, batch x 3 x 3, that stretch a share p of the images along one axis by up to max_stretch."""
	stretched = mask_tensor(x.new_empty(x.size(0)).uniform_(1 / max_stretch, max_stretch), p=p, neutral=1.0)
	zero, one = x.new_zeros(x.size(0)), x.new_ones(x.size(0))
	return affine_mat(stretched, zero, zero, zero, one, zero)


def augmentations():
	"""The study's augmentations as fastai batch transforms: horizontal flip, scaling, stretching."""
	flip, zoom, stretch = Flip(p=0.5), Zoom(max_zoom=MAX_ZOOM, p=0.5), AffineCoordTfm(aff_fs=stretch_matrix)
	return [flip.compose(zoom) or flip.compose(stretch) or flip]


class AxisAligned(AffineCoordTfm):
	"""fastai's affine transform for matrices that neither turn nor shear: the same numbers, with a grid made of two lines."""




	def encodes(self, x: TensorImage):
		if self.split_idx:
			return x
		mat, (height, width) = self.mat.as_subclass(torch.Tensor), x.shape[-2:]
		across = mat[:, 0, 0, None] * torch.linspace(-1, 1, width, device=x.device) + mat[:, 0, 2, None]
		along = mat[:, 1, 1, None] * torch.linspace(-1, 1, height, device=x.device) + mat[:, 1, 2, None]
		square = (len(x), height, width)
		grid = torch.stack((across[:, None].expand(square), along[:, :, None].expand(square)), -1)
		found = grid_sample(x.as_subclass(torch.Tensor), grid, mode="bilinear", padding_mode="reflection", align_corners=True)
		return found.as_subclass(type(x))


class Normalised(Normalize):
	"""fastai's Normalize from grey to three channels in the network's own memory layout, in one pass over the memory."""

	layout = torch.contiguous_format

	def encodes(self, x: TensorImage):
		grey, factor = x.as_subclass(torch.Tensor), 1 / self.std
		found = torch.empty((len(grey), 3, *grey.shape[2:]), dtype=grey.dtype, device=grey.device, memory_format=self.layout)
		return torch.mul(grey, factor, out=found).sub_(self.mean * factor).as_subclass(type(x))


@dataclass(frozen=True)
class TrainingFilms:
	"""The films of a training as a value that travels to another process."""






	records: tuple[Record, ...]
	placement: Choice
	pixels: Pixels | None = None
	tree: Path = Path()
	entries: Mapping[str, Record] = field(default_factory=dict)
	workers: int = 0

	def loaders(self, experiment, device, layout="contiguous"):
		"""Fresh fastai DataLoaders on a device, whose batches have the memory layout that is named."""
		if self.pixels is None:
			settings = (experiment.image_size, experiment.batch_size, self.workers, device, experiment.resize)
			return from_files(self.tree, self.entries, *settings)
		store = Store(self.pixels, [record.image_id for record in self.records], device, self.placement)
		return resident(self.pixels, self.records, experiment.batch_size, device, store, layout)


def films_for(experiment, manifest, films, tree, device, trainings=1):
	"""The TrainingFilms of a run, for the experiment's `loader`."""




	if experiment.loader == "resident":
		return of_pixels(films, manifest.used, device, trainings)
	entries = tree_entries(manifest)
	workers = environment.choose_workers(experiment.workers, len(entries), device)
	placement = Choice("files", f"{workers.value} decoding processes: {workers.reason}")
	return TrainingFilms(tuple(manifest.used), placement, None, Path(tree), entries, workers.value)


def of_pixels(pixels, records, device, trainings=1):
	"""The TrainingFilms of squares that are at hand. pixels: a data.pixels.Pixels; records: those of the manifest."""
	used = tuple(record for record in records if record.used)
	return TrainingFilms(used, placement(len(used) * pixels.size**2, device, trainings), pixels)


def from_files(tree, entries, image_size, batch_size, workers, device, resize="squish", pinned=False):
	"""DataLoaders over train, valid and, where there is one, test, which decode each file anew at each use: fastai's ordinary way."""






	path_of = {record.image_id: tree / relative for relative, record in entries.items()}
	squared = MiddleCrop(image_size) if resize == "crop" else Resize(image_size, method=ResizeMethod.Squish)
	item = [squared, ToTensor]
	batch = [IntToFloatTensor, *augmentations(), Normalize.from_stats(*imagenet_stats)]
	return _make(
		entries.values(),
		[Lookup(path_of), ChestFilm.create],
		TfmdDL,
		batch_size,
		device,
		num_workers=workers,
		pin_memory=pinned,
		after_item=item,
		after_batch=batch,
	)


def resident(pixels, records, batch_size, device, store=None, layout="contiguous"):
	"""The same DataLoaders, with the films as bytes on the device or in a file, augmented on the device a batch at a time."""






	used = [record for record in records if record.used]
	store = store or Store(pixels, [record.image_id for record in used], device)
	normalised = Normalised.from_stats(*imagenet_stats)
	normalised.layout = torch.channels_last if layout == "channels_last" else torch.contiguous_format
	batch = [IntToFloatTensor, *(AxisAligned(aff_fs=tfm.aff_fs) for tfm in augmentations()), normalised]
	return _make(used, [Cached(store)], Resident, batch_size, device, num_workers=0, after_item=[ToTensor], after_batch=batch)


def _make(records, open_film, dl_type, batch_size, device, **options):
	of_split = [[record.image_id for record in records if record.split == split] for split in SPLITS if split]
	of_split = [sorted(ids) for ids in of_split if ids]
	ends = np.cumsum([0, *map(len, of_split)])
	label_of = {record.image_id: record.label for record in records}
	sets = Datasets(
		[image_id for ids in of_split for image_id in ids],
		[open_film, [Lookup(label_of), Categorize(vocab=list(LABELS), sort=False)]],
		splits=[range(start, end) for start, end in zip(ends, ends[1:])],
	)
	return sets.dataloaders(bs=min(batch_size, len(of_split[0])), dl_type=dl_type, device=torch.device(device), **options)


def placement(size, device, trainings=1):
	"""Where `size` bytes of films lie during training, as a Choice: "device", "host" or "file"."""




	megabytes = f"{size / 1e6:.0f} MB of films"
	if torch.device(device).type == "cuda":
		free = torch.cuda.mem_get_info(device)[0]
		if size * trainings <= SHARE_OF_FREE_MEMORY * free:
			return Choice("device", f"{megabytes} for each of {trainings}, {free / 1e9:.1f} GB free on the GPU")
	free = environment.free_memory_bytes()
	if free is None or size <= SHARE_OF_FREE_MEMORY * free:
		return Choice("host", f"{megabytes}, shared by all trainings" + (f", {free / 1e9:.1f} GB of memory free" if free else ""))
	return Choice("file", f"{megabytes} are much for {free / 1e9:.1f} GB of free memory: they stream from the cache file")


class Store:
	"""The bytes of the films where training takes them from."""

	def __init__(self, pixels, image_ids, device, place=None):
		"""place: a Choice as of placement(), which decides where it is not given."""
		self.device = torch.device(device)
		self.place = place or placement(len(image_ids) * pixels.size**2, device)
		if self.place.value == "device":
			self.images = torch.from_numpy(pixels.of(image_ids)).to(self.device)
			self.rows = {image_id: row for row, image_id in enumerate(image_ids)}
		else:
			self.images, self.rows = pixels.images, pixels.rows

	def rows_of(self, image_ids):
		"""Where these films lie in the store, int64 [n], on the device of the store's images."""
		rows = torch.tensor([self.rows[image_id] for image_id in image_ids])
		return rows.to(self.device) if self.place.value == "device" else rows

	def take(self, rows):
		"""The films of these rows as grey bytes on the device, uint8 [n, 1, size, size]."""
		if self.place.value == "device":
			return self.images[rows][:, None]
		found = torch.from_numpy(self.images[rows.numpy()])
		if self.device.type == "cuda":  # page-locked memory goes to a GPU while that computes
			found = found.pin_memory()
		return found.to(self.device, non_blocking=True)[:, None]


class Lookup(Transform):
	"""From an image id to what a table says of it."""

	def __init__(self, table):
		self.table = table

	def encodes(self, image_id: str):
		return self.table[image_id]


class Cached(Transform):
	"""From an image id to its film in a Store, one at a time, for whatever asks a data set and not a loader."""

	def __init__(self, store):
		self.store = store

	def encodes(self, image_id: str):
		return PILImageBW.create(self.store.take(self.store.rows_of([image_id]))[0, 0].cpu().numpy())


class Resident(TfmdDL):
	"""A TfmdDL that takes whole batches out of the Store of its data set."""




	shard = (0, 1)

	@cached_property
	def labels(self):
		"""The categories of all films, or None for a loader of films alone (fastai's test_dl)."""
		if len(self.dataset.tls) == 1:
			return None
		return torch.tensor([int(category) for category in self.dataset.tls[1]], device=self.device)

	@cached_property
	def rows(self):
		"""Where the films lie in the store, in the order of the data set."""
		films = self.dataset.tls[0]
		return films.tfms[0].store.rows_of(films.items)

	def create_batches(self, samps):
		"""The batches of an epoch, whose order goes to the device once. What the device does not hold is read ahead."""
		store = self.dataset.tls[0].tfms[0].store
		order = torch.tensor(list(samps))
		rows = self.rows[order.to(self.rows.device)]
		labels = None if self.labels is None else self.labels[order.to(self.device)]
		rank, processes = self.shard
		end = len(order) - len(order) % self.bs if self.drop_last else len(order)

		def batches():
			for start in range(0, end, self.bs):
				part = slice(start + rank, min(start + self.bs, end), processes)
				images = TensorImageBW(store.take(rows[part]))
				yield (images,) if labels is None else (images, TensorCategory(labels[part]))

		place = store.place.value
		return ahead(batches()) if place == "file" or (place == "host" and self.device.type == "cuda") else batches()


def ahead(items, depth=2):
	"""Yield the items, which a thread makes while the last one is in use; `depth` of them wait at the most."""
	waiting, end, stopped = queue.Queue(depth), object(), threading.Event()

	def put(item):
		while not stopped.is_set():
			try:
				return waiting.put(item, timeout=0.1)
			except queue.Full:
				continue

	def make():
		try:
			for item in items:
				if stopped.is_set():
					return
				put((item, None))
			put((end, None))
		except BaseException as error:  # is raised where the items are used
			put((end, error))

	threading.Thread(target=make, daemon=True).start()
	try:
		while True:
			item, error = waiting.get()
			if error is not None:
				raise error
			if item is end:
				return
			yield item
	finally:
		stopped.set()
'''[1:]


# ======================================
# cxrkit/training/machine.py
# ======================================

FILES['cxrkit/training/machine.py'] = r'''
"""What trains, and how many trainings at the same time: devices, number format, threads, each chosen with its reason."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.training import networks
from cxrkit.training.precision import Numerics

USABLE = 0.8
"""Share of the free memory that trainings may fill."""
FOR_ITSELF = {"cpu": 0.6e9, "cuda": 1.0e9}
"""Bytes that a training's process takes beside its network: torch, fastai, and on a GPU its context and cuDNN's workspace."""
MOST_ON_A_GPU = 4
"""Small networks leave a GPU idle between launches; several at once reach up to 4 times the speed of one (Robroek et al. 2022,
https://arxiv.org/abs/2209.06018, section 5), more do not."""


@dataclass(frozen=True)
class Machine:
	"""device: "cpu" or "cuda", as chosen; devices: torch's names of those that train; at_once: trainings at the same time on each ..."""


	device: Choice
	devices: tuple[str, ...]
	numerics: Numerics
	at_once: Choice
	threads: Choice

	@classmethod
	def choose(cls, experiment: Experiment, device: Choice, jobs: int) -> "Machine":
		"""jobs: how many trainings there are at the most. Raises WrongUse for a number format that the device cannot train in."""
		numerics = Numerics.choose(experiment.precision, device.value, experiment.image_size)
		devices = _devices(device.value)
		together = experiment.parallel == "data"
		share = max(1, environment.processors() // environment.processes_here())
		at_once = Choice(1, "all processes train one network together") if together else _at_once(experiment, devices, jobs, share)
		threads = max(1, share // (at_once.value * len(devices)))
		return cls(device, devices, numerics, at_once, Choice(threads, f"{share} processors for {at_once.value * len(devices)} trainings"))

	@property
	def slots(self) -> list[str]:
		"""The device of each training that may run at the same time, the devices in turn."""
		return [device for _ in range(self.at_once.value) for device in self.devices]

	@property
	def choices(self) -> dict[str, Choice]:
		"""What was chosen, by the names of schema.Chosen."""
		devices = Choice(", ".join(self.devices), f"{len(self.devices)} that work")
		return {name: getattr(self.numerics, name) for name in ("precision", "layout", "tf32", "autotuning")} | {
			"device": self.device,
			"devices": devices,
			"at_once": self.at_once,
			"threads": self.threads,
		}

	@property
	def computed(self) -> list:
		"""What of it changes a training's numbers by more than the order of a sum, for the training's key."""
		return [self.device.value, *self.numerics.computed]

	def __str__(self):
		"""A line a choice, for a log."""
		return "\n".join(f"  {name.replace('_', ' ')}: {choice}" for name, choice in self.choices.items())


def _devices(kind):
	if kind == "cpu":
		return ("cpu",)
	count = torch.cuda.device_count()
	if environment.processes() > 1:
		return (f"cuda:{int(os.environ.get('LOCAL_RANK', 0)) % count}",)
	return tuple(f"cuda:{index}" for index in range(count) if environment.computes(f"cuda:{index}").value)


def _at_once(experiment, devices, jobs, processors):
	"""How many trainings a device takes at the same time, as a Choice."""




	if experiment.jobs_at_once:
		return Choice(experiment.jobs_at_once, "as the experiment says")
	kind = torch.device(devices[0]).type
	free = min(torch.cuda.mem_get_info(device)[0] for device in devices) if kind == "cuda" else environment.free_memory_bytes()
	if free is not None:
		free /= -(-environment.processes_here() // (torch.cuda.device_count() if kind == "cuda" else 1))  # others have a share of it
	need = FOR_ITSELF[kind] + max(
		networks.training_bytes(architecture, experiment.image_size, experiment.batch_size) for architecture in experiment.architectures
	)
	wanted = {"the processors": max(1, processors // len(devices)), "the number of trainings": -(-jobs // len(devices))}
	if kind == "cuda":
		wanted["what more would gain"] = MOST_ON_A_GPU
	if free is not None:
		wanted["memory"] = max(1, int(USABLE * free / need))
	limit = min(wanted, key=wanted.get)
	shared = "; MPS runs, so their launches overlap" if kind == "cuda" and _mps_runs() else ""
	memory = "" if free is None else f"; one needs up to {need / 1e9:.1f} GB of {free / 1e9:.1f} GB free"
	return Choice(wanted[limit], f"as many as {limit} allow{'s' if limit in ('memory', 'the number of trainings') else ''}{memory}{shared}")


def _mps_runs():
	"""Whether NVIDIA's multi-process service is there, which lets processes share a GPU without taking turns; nothing is started."""
	return Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps")).exists()
'''[1:]


# ======================================
# cxrkit/training/networks.py
# ======================================

FILES['cxrkit/training/networks.py'] = r'''
"""The networks: any that fastai can cut from torchvision or timm; built, drawn, loaded from a results folder, asked about films."""





import difflib
import functools
import pickle
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import TimmBody, add_head, create_vision_model, default_split, model_meta
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torchvision import models

from cxrkit.config import TESTED
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput, WrongUse

try:
	import timm
except ImportError:  # pip install timm
	timm = None

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""
DRAWN = (nn.Conv2d, nn.Linear, _BatchNorm)
"""Layers that draw() knows how to begin."""


def in_torchvision(architecture):
	return architecture in models.list_models(module=models)


def require(architecture, image_size):
	"""Raise WrongUse for a network that neither torchvision nor timm knows by that name, that fastai cannot cut, or cuts off behind ..."""

	known = list(dict.fromkeys([*TESTED, *models.list_models(module=models), *(timm.list_models() if timm else ())]))
	if architecture not in known:
		near = difflib.get_close_matches(architecture, known, 3)
		hint = f"did you mean {' or '.join(near)}? " if near else ""
		more = "" if timm else "; with timm installed also its own"
		raise WrongUse(f"There is no network {architecture!r}.", next=f"{hint}The tested ones are {', '.join(TESTED)}{more}")
	if not in_torchvision(architecture) and timm is None:
		raise WrongUse(f"The network {architecture} is timm's, which is not installed.", next="pip install timm")
	try:
		body, head = blank(architecture).eval()
		with torch.device("meta"):
			given = body(torch.empty(2, 3, image_size, image_size))
			head(given)
		if given.dim() != 4 or given.shape[2] != given.shape[3]:
			raise ValueError("its body gives no map of a film")
		if in_torchvision(architecture) and 2 * len(list(body.parameters())) < len(
			list(on_meta(getattr(models, architecture)).parameters())
		):
			raise ValueError("its last pooling layer comes after its first layers, and the others would be lost")
	except Exception as error:  # whatever a network of hundreds answers to being cut
		reason = (
			"it has no pooling layer to cut at"
			if isinstance(error, StopIteration)
			else f"{str(error) or type(error).__name__}".splitlines()[0]
		)
		what = f"fastai cannot cut a body for films of {image_size} pixels from {architecture}: {reason}"
		raise WrongUse(what, next=f"use one of {', '.join(TESTED)}, or another image_size") from error


def blank(architecture):
	"""A network without weights, on torch's meta device: the body of a torchvision or timm model and fastai's head with two ..."""

	return on_meta(lambda: _made(architecture))


def empty(architecture):
	"""A network to put a state dict's weights into: a blank one, or a drawn one where a part of it is in no state dict."""
	model = blank(architecture)
	there = model.state_dict()
	return model if all(name in there for name, _ in model.named_buffers()) else _made(architecture)


def on_meta(make):
	"""What a function makes, on torch's meta device."""
	try:
		with torch.device("meta"):
			return make()
	except (NotImplementedError, RuntimeError):  # of a RegNet, which computes its widths with tensors
		with torch.random.fork_rng(devices=[]):
			return make().to("meta")


def _made(architecture):
	if in_torchvision(architecture):
		with warnings.catch_warnings():
			warnings.filterwarnings("ignore", ".*pretrained|.*weight enum", UserWarning)  # fastai's wording, which torchvision calls old
			return create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)
	if timm is None:
		raise WrongUse(f"The network {architecture} is timm's, which is not installed.", next="pip install timm")
	whole = timm.create_model(architecture, pretrained=False, num_classes=0)
	body, stats = TimmBody(whole, False, None, 3), (whole.default_cfg["mean"], whole.default_cfg["std"])
	model = add_head(body, whole.num_features, len(LABELS), pool=body.needs_pool)
	if any(tuple(ours) != tuple(theirs) for ours, theirs in zip(imagenet_stats, stats)):
		model[0] = nn.Sequential(Renormalised(*stats), body)
	return model


class Renormalised(nn.Module):
	"""From films normalised by ImageNet's mean and deviation to films normalised by others."""

	def __init__(self, mean, deviation):
		super().__init__()
		with torch.device("cpu"):
			(old_mean, old_deviation), (new_mean, new_deviation) = (
				[torch.tensor(values).view(1, 3, 1, 1) for values in stats] for stats in (imagenet_stats, (mean, deviation))
			)
		self.factor, self.shift = old_deviation / new_deviation, (old_mean - new_mean) / new_deviation

	def forward(self, x):
		if self.factor.device != x.device:  # no buffers, which a state dict would hold: sent once, not at each step
			self.factor, self.shift = self.factor.to(x.device), self.shift.to(x.device)
		return x * self.factor + self.shift


def splitter(architecture):
	"""fastai's function from a network of this architecture to its groups of weights, first layers first."""
	builder = getattr(models, architecture) if in_torchvision(architecture) else None
	return model_meta.get(builder, {"split": default_split})["split"]


def build(architecture):
	"""The same network with random weights, from torch's generator."""
	model = blank(architecture)
	if not all(_begins_as_drawn(module) for module in model.modules()):
		return _made(architecture)  # its own library knows how it begins
	return draw(model.to_empty(device="cpu"))


def _begins_as_drawn(module):
	"""Whether draw() makes all that a module itself holds: another one has scales, filters or indices of its own."""
	own = [name for name, _ in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))]
	return not own or isinstance(module, _BatchNorm) or isinstance(module, DRAWN) and {"weight", "bias"}.issuperset(own)


def draw(model):
	"""Begin each layer as torchvision's ResNets and VGGs and fastai's heads do: normal weights by their fan, no bias (He et al."""


	for module in model.modules():
		if isinstance(module, _BatchNorm):
			module.reset_parameters()
			if isinstance(module, nn.BatchNorm1d):
				nn.init.constant_(module.bias, 1e-3)  # of fastai's heads alone
		elif isinstance(module, (nn.Conv2d, nn.Linear)):
			nn.init.kaiming_normal_(module.weight, mode="fan_out" if isinstance(module, nn.Conv2d) else "fan_in", nonlinearity="relu")
			if module.bias is not None:
				nn.init.zeros_(module.bias)
	return model


@dataclass(frozen=True)
class StepMemory:
	"""What a training step in float32 holds, in bytes: weights, as they are, and all that the backward pass needs again of the ..."""


	weights: int
	activations: int


@functools.cache
def step_memory(architecture, image_size, batch_size) -> StepMemory:
	"""Counted on the meta device, where nothing is computed. What the layers give is no measure: an EfficientNet's step keeps more."""
	model, held = blank(architecture), {}
	own = {each.untyped_storage()._cdata for each in (*model.parameters(), *model.buffers())}

	def keep(tensor):
		storage = tensor.untyped_storage()
		held[storage._cdata] = storage  # once, however many layers want it
		return tensor

	with torch.device("meta"), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
		model(torch.empty(batch_size, 3, image_size, image_size))
	weights = sum(4 * weight.numel() for weight in model.parameters())
	return StepMemory(weights, sum(storage.nbytes() for key, storage in held.items() if key not in own))


def training_bytes(architecture, image_size, batch_size) -> int:
	"""About how many bytes a training step in float32 holds: its memory, with gradients and Adam's two averages of each weight."""
	memory = step_memory(architecture, image_size, batch_size)
	return 4 * memory.weights + memory.activations


def batch_that_fits(architecture, image_size, batch_size, free_bytes):
	"""The largest batch below `batch_size` that a training step has room for in so many bytes, by training_bytes; None below two films."""
	one, two = (training_bytes(architecture, image_size, batch) for batch in (2, 4))  # the weights, and as much again for each film
	a_film = (two - one) / 2
	fits = min(batch_size - 1, int((free_bytes - one + 2 * a_film) / a_film))
	return fits if fits >= 2 else None


def load(path, architecture, device="cpu"):
	"""The trained network that a state dict holds, in eval mode. Only tensors are read from the file."""



	model = empty(architecture)
	try:
		model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), assign=True)
	except FileNotFoundError:
		raise BadInput("The trained network is not there.", path, "bring the run's models/ folder") from None
	except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, TypeError) as error:
		reason = (str(error) or type(error).__name__).splitlines()[0][:100]
		raise BadInput(f"The weights cannot be read: {reason}", path, "restore the file from the run's output") from error
	return model.float().eval().to(device)


def normalised(images, device="cpu"):
	"""Grey squares, uint8 [n, size, size], as the networks see them: float32 [n, 3, size, size] with ImageNet's mean and deviation."""
	grey = torch.as_tensor(np.ascontiguousarray(images)).to(device)[:, None].float().div_(255)
	mean, deviation = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in imagenet_stats)
	return (grey - mean) / deviation


@torch.no_grad()
def p_covid(model, images, device="cpu", batch_size=64):
	"""The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]; the network must be in eval mode."""
	parts = [probability(model(normalised(images[start : start + batch_size], device))) for start in range(0, len(images), batch_size)]
	return torch.cat(parts).double().cpu().numpy() if parts else np.zeros(0)


def probability(outputs):
	"""The probability of COVID-19 from a network's outputs, [n, 2] to float32 [n]: the one softmax of the kit."""
	return torch.softmax(outputs.float(), 1)[:, COVID]


def features(model, images, device="cpu", batch_size=64):
	"""What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
	last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
	seen = []
	hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
	try:
		p_covid(model, images, device, batch_size)
	finally:
		hook.remove()
	return np.concatenate(seen).astype(float)
'''[1:]


# ======================================
# cxrkit/training/optimizer.py
# ======================================

FILES['cxrkit/training/optimizer.py'] = r'''
"""The optimizer: fastai's Adam with decoupled weight decay, stepped by torch's AdamW in a few launches instead of a thousand."""






import torch
from fastai.optimizer import Optimizer

FUSED_DEVICES = ("cpu", "cuda")
"""Devices for which torch fuses the whole step; elsewhere it batches the weights (foreach)."""


class FusedAdam(Optimizer):
	"""A fastai Optimizer with the hyperparameters of fastai's Adam: lr, mom, sqr_mom, eps, wd; each may differ by group."""






	_step_supports_amp_scaling = True  # how GradScaler knows

	def __init__(self, params, lr, mom=0.9, sqr_mom=0.99, eps=1e-5, wd=0.01):
		super().__init__(params, [], lr=lr, mom=mom, sqr_mom=sqr_mom, eps=eps, wd=wd)
		self.skipped = 0  # steps whose gradients overflowed: a number on the device, so that nobody waits for it
		self._engine = None

	def _made(self):
		"""torch's optimizer, and for each of its groups the number of fastai's group and whether it decays; made at the ..."""

		if self._engine is None:
			owners, groups = [], []
			for index, weights in enumerate(self.param_lists):
				for decays in (True, False):
					chosen = [weight for weight in weights if self.state[weight].get("do_wd", True) is decays]
					if chosen:
						owners.append((index, decays))
						groups.append({"params": chosen})
			fused = groups[0]["params"][0].device.type in FUSED_DEVICES
			self._engine = torch.optim.AdamW(groups, fused=fused or None, foreach=None if fused else True), owners
		return self._engine

	@torch.no_grad()
	def step(self, closure=None):
		if closure is not None:
			raise NotImplementedError("fastai optimizers do not support closure")
		engine, owners = self._made()
		for group, (index, decays) in zip(engine.param_groups, owners):
			hyper = self.hypers[index]
			group["lr"], group["eps"] = float(hyper["lr"]), hyper["eps"]
			group["betas"] = (float(hyper["mom"]), hyper["sqr_mom"])
			group["weight_decay"] = hyper["wd"] if decays else 0.0
		for name in ("grad_scale", "found_inf"):
			setattr(engine, name, getattr(self, name, None))
		if engine.found_inf is not None:
			self.skipped = self.skipped + engine.found_inf
		engine.step()

	def zero_grad(self):
		for weights in self.param_lists:
			for weight in weights:
				weight.grad = None

	def clear_state(self):
		super().clear_state()
		self._engine = None
'''[1:]


# ======================================
# cxrkit/training/precision.py
# ======================================

FILES['cxrkit/training/precision.py'] = r'''
"""Number format and memory layout in which the networks compute, each chosen with its reason."""





from contextlib import contextmanager
from dataclasses import dataclass

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.core import CancelStepException
from fastai.learner import Callback

from cxrkit.environment import Choice
from cxrkit.errors import WrongUse

SMALL = 64
"""Pixels a side; below it contiguous images are as fast on a processor as channels last, or faster."""


@dataclass(frozen=True)
class Numerics:
	"""How a device computes: precision ("float32", "float16", "bfloat16"), layout ("channels_last", "contiguous"), ..."""


	precision: Choice
	layout: Choice
	tf32: Choice
	autotuning: Choice

	@classmethod
	def choose(cls, wanted: str, device: str, image_size: int) -> "Numerics":
		"""wanted: the experiment's `precision`. Raises WrongUse for a format that the device cannot train in."""
		cuda = torch.device(device).type == "cuda"
		capability = torch.cuda.get_device_capability(device) if cuda else None
		return cls(choose_precision(wanted, capability), choose_layout(cuda, image_size), choose_tf32(capability), choose_autotuning(cuda))

	def apply(self) -> None:
		"""Set this process's torch to it."""
		torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = self.tf32.value
		torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = self.autotuning.value, False

	def callbacks(self, device: str) -> list[Callback]:
		"""The fastai callbacks that make a learner compute so."""
		found = [ChannelsLast()] if self.layout.value == "channels_last" else []
		if self.precision.value == "float32":
			return found
		kind = torch.device(device).type
		scaled = [Scaled(kind)] if self.precision.value == "float16" else []
		return [*found, Cast(kind, getattr(torch, self.precision.value)), *scaled]

	@property
	def computed(self) -> list:
		"""What of it changes numbers, for a job's key."""
		return [self.precision.value, self.layout.value, self.tf32.value]


def choose_precision(wanted, capability):
	"""float32, float16 or bfloat16 as a Choice; wanted: the experiment's `precision`; capability: a GPU's, None for a processor."""





	if wanted != "auto":
		if wanted == "float16" and capability is None:
			raise WrongUse("The processor does not train in float16.", "--precision", "use float32, or bfloat16")
		return Choice(wanted, "as the experiment says")
	if capability is None:
		return Choice("float32", "a processor, whose numbers repeat exactly")
	if capability >= (8, 0):
		return Choice("bfloat16", "compute capability {}.{} has bfloat16, which needs no scaling of gradients".format(*capability))
	if capability >= (7, 0):
		return Choice("float16", "compute capability {}.{} has float16 units, and no bfloat16 ones".format(*capability))
	return Choice("float32", "compute capability {}.{} gains nothing from float16".format(*capability))


def choose_layout(cuda, image_size):
	"""The memory layout of images as a Choice."""





	if cuda:
		return Choice("channels_last", "what a GPU's units for float16 and bfloat16 read")
	if image_size < SMALL:
		return Choice("contiguous", f"a processor and less than {SMALL} pixels, where ResNet34 is 1.3 times as fast and the others alike")
	return Choice("channels_last", f"a processor and {SMALL} pixels or more, where it is up to 1.17 times as fast")


def choose_tf32(capability):
	"""Whether products of float32 numbers may be rounded to TF32, as a Choice."""
	if capability is None or capability < (8, 0):
		return Choice(False, "this device has none")
	return Choice(True, "what is left in float32 is trained faster; predictions are made without it")


def choose_autotuning(cuda):
	"""Whether cuDNN tries its algorithms for the one size of batch that a training has, as a Choice."""
	return Choice(cuda, "every batch has the same size" if cuda else "no GPU")


@contextmanager
def full_float32():
	"""Products of float32 numbers without TF32, for predictions that a processor repeats."""
	usual = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
	torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
	try:
		yield
	finally:
		torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = usual


class Cast(Callback):
	"""Computes the network in a shorter number format during a fit, and the loss in float32."""




	order = 12  # after Together (11): what is cast is the model that is called

	def __init__(self, kind, dtype):
		self.kind, self.dtype = kind, dtype

	def before_fit(self):
		model = self.model
		whole = torch.autocast(self.kind, self.dtype)(model.forward)
		model.forward = lambda *inputs: whole(*inputs).float()

	def after_fit(self):
		self.model.__dict__.pop("forward", None)


class Scaled(Callback):
	"""Scales the loss so that gradients survive float16; a step whose gradients overflow changes nothing (Micikevicius ..."""


	order = 13

	def __init__(self, kind):
		self.kind = kind

	def before_fit(self):
		self.scaler = torch.amp.GradScaler(self.kind)

	def before_backward(self):
		self.learn.loss_grad = self.scaler.scale(self.loss_grad)

	def before_step(self):
		self.scaler.step(self.opt)
		self.scaler.update()
		raise CancelStepException  # fastai would step once more
'''[1:]


# ======================================
# cxrkit/training/recipe.py
# ======================================

FILES['cxrkit/training/recipe.py'] = r'''
"""The training recipe of one network: train the head, find a learning rate, fine-tune everything."""






import io
from collections.abc import Callable, Iterator

import torch
from fastai.callback.schedule import valley
from fastai.torch_core import set_seed
from torch.nn.functional import cross_entropy

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.config import Experiment
from cxrkit.environment import Deadline
from cxrkit.training import batchnorm, learner, networks
from cxrkit.training.distributed import Team
from cxrkit.training.learner import InMemoryFinder, Steps, Watch
from cxrkit.training.precision import Numerics, full_float32
from cxrkit.training.stages import Finder, Job, Past, Stage, Statistics

BODY_DIVISOR = 100
"""How much slower than the head the first layers of a pretrained body learn where rates are graded, as in fastai's fine_tune."""
VALLEY_DEPTH = 0.1
"""Share of its first loss by which the finder's loss must fall; a shallower valley is noise."""
CREDIBLE = (1e-5, 0.1)
"""Learning rates that Adam can use on these networks; the finder's curve begins far below and ends far above."""


def train(
	job: Job,
	loaders,
	experiment: Experiment,
	numerics: Numerics,
	past: Past = Past(),
	time_left: Callable[[], float] = Deadline(),
	team: Team = Team(),
	tell: Callable[[object], None] = lambda _: None,
) -> Iterator[Stage | Finder]:
	"""Train one network; yield the frozen Stage, the Finder and the unfrozen Stage, those that `past` does not hold."""






	learn = learner.make(job, loaders, experiment, numerics, _stage_seed(job.seed, 0))
	team.share(learn.model)
	epoch = len(loaders.train) + len(loaders.valid)
	steps = Steps(2 * experiment.epochs * epoch + experiment.lr_find_iterations, tell)
	frozen = team.agree(past.frozen_weights)
	if frozen is None:
		_begin(learn, job.seed, 0, team)
		learn.freeze()
		rate = slice(experiment.learning_rate) if experiment.frozen_rates == "tenth" else experiment.learning_rate
		stage = _fit(learn, FROZEN, rate, experiment, steps, team)
		frozen = stage.weights
		yield stage
	steps.reach(experiment.epochs * epoch)
	if team.agree(time_left()) <= 0:
		return
	found = team.agree(past.finder)
	if found is None:
		if team.leads:
			load(learn.model, frozen)
			_begin(learn, job.seed, 1, team)
			learn.freeze()
			with team.by_leader(learn.model):
				found = _find(learn, experiment, steps)
		found = team.agree(found)
		yield found
		if team.agree(time_left()) <= 0:
			return
	steps.reach(experiment.epochs * epoch + experiment.lr_find_iterations)
	load(learn.model, frozen)
	_begin(learn, job.seed, 2, team)
	learn.unfreeze()
	graded = experiment.unfrozen_rates == "graded" and experiment.pretrained  # random layers have nothing to keep
	rate = slice(found.chosen / BODY_DIVISOR, found.chosen) if graded else found.chosen
	yield _fit(learn, UNFROZEN, rate, experiment, steps, team)


def load(model, weights: bytes) -> None:
	"""Put a stage's weights into a model of the same architecture."""
	model.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))


def _stage_seed(seed, stage):
	return 10 * seed + stage


def _begin(learn, seed, stage, team):
	"""Forget the optimizer and seed all randomness; the data loader keeps a generator of its own."""



	learn.opt = None
	set_seed(_stage_seed(seed, stage) + 1_000_003 * team.rank)
	learn.dls.train.rng.seed(_stage_seed(seed, stage))


def _fit(learn, name, rate, experiment, steps, team) -> Stage:
	watch = Watch(name, steps)
	learn.fit_one_cycle(experiment.epochs, lr_max=rate, pct_start=experiment.warmup_share, cbs=[watch, *team.callbacks(learn.dls.train)])
	stage = None
	if team.leads:
		with team.by_leader(learn.model):
			stage = _finished(learn, name, watch.epochs, experiment.precise_batch_norm)
	return team.agree(stage)


def _finished(learn, name, epochs, precise_wanted) -> Stage:
	"""The Stage that a fit has just ended, predicted with the batch-norm statistics that are wanted, and measured with both."""
	running = _predicted(learn)
	with batchnorm.precise(learn.model, (batch[0].as_subclass(torch.Tensor) for batch in learn.dls.train)) as keep:
		precise = _predicted(learn)
		if precise_wanted:
			keep()
	chosen = precise if precise_wanted else running
	predictions = [
		(image_id, p)
		for loader, (outputs, _) in zip(learn.dls.loaders[1:], chosen)
		for image_id, p in zip(loader.items, networks.probability(outputs).tolist())
	]
	statistics = [_statistics(kind, *outputs[0]) for kind, outputs in (("running", running), ("precise", precise))]
	content = io.BytesIO()
	torch.save({key: value.cpu() for key, value in learn.model.state_dict().items()}, content)
	return Stage(name, epochs, predictions, statistics, int(learn.opt.skipped), content.getvalue())


@torch.no_grad()
def _predicted(learn):
	"""(outputs, labels) of each held-out split, in float32 on the host."""



	model = learn.model.eval()
	with full_float32():
		parts = [[(model(x.as_subclass(torch.Tensor)).float(), y) for x, y in loader] for loader in learn.dls.loaders[1:]]
	return [tuple(torch.cat([part[i].as_subclass(torch.Tensor) for part in of_split]).cpu() for i in (0, 1)) for of_split in parts]


def _statistics(kind, outputs, labels) -> Statistics:
	return Statistics(kind, cross_entropy(outputs, labels).item(), (outputs.argmax(1) != labels).float().mean().item())


def _find(learn, experiment, steps) -> Finder:
	"""The curve of fastai's finder and the learning rate chosen from it."""
	iterations = experiment.lr_find_iterations
	learn.fit(iterations // len(learn.dls.train) + 1, cbs=[InMemoryFinder(num_it=iterations), Watch("finder", steps)])
	rates = [float(rate) for rate in learn.recorder.lrs]
	return chosen_from(rates, [float(loss) for loss in learn.recorder.losses], experiment)


def chosen_from(rates: list[float], losses: list[float], experiment: Experiment) -> Finder:
	"""The Finder of a curve: its "valley" as fastai has it, where the loss falls enough; else the frozen stage's rate."""
	usable = [(rate, loss) for rate, loss in zip(rates, losses) if loss == loss][experiment.lr_find_iterations // 10 : -5]
	chosen, reason = experiment.learning_rate, "the finder's curve has no valley, so that of the frozen stage"
	if len(usable) >= 10 and min(loss for _, loss in usable) < (1 - VALLEY_DEPTH) * usable[0][1]:
		found = valley(*zip(*usable), len(usable))[0]
		if CREDIBLE[0] <= found <= CREDIBLE[1]:
			chosen, reason = found, "valley of the finder's curve"
		else:
			reason = f"the finder's valley, {found:.1g}, lies outside {CREDIBLE[0]:g} to {CREDIBLE[1]:g}, so that of the frozen stage"
	return Finder(chosen, reason, rates, losses)
'''[1:]


# ======================================
# cxrkit/training/server.py
# ======================================

FILES['cxrkit/training/server.py'] = r'''
"""The server of trainings: a process that has loaded torch and fastai once, from which each training's process is forked."""




import contextlib
import multiprocessing
import tempfile
from multiprocessing import util
from multiprocessing.context import BaseContext

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
LOADED = ["torchvision", "fastai.vision.learner", "fastai.metrics", "cxrkit.training.work"]
"""What the server loads. None of it asks for a GPU as it is loaded, which a fork would not survive."""
LONGEST_FOLDER = 70
"""Characters of a folder in which multiprocessing can make a socket: a system allows its whole path 104 or 108."""


def context() -> BaseContext:
	"""The multiprocessing context whose processes come from the server, which need not run yet."""
	found = multiprocessing.get_context(METHOD)
	if METHOD == "forkserver":
		found.set_forkserver_preload(LOADED)
		_shorten_sockets()
	return found


def begin() -> None:
	"""Let the server load, which takes seconds, while this process has other things to do. It ends with this process."""
	context()
	if METHOD == "forkserver":
		from multiprocessing import forkserver

		forkserver.ensure_running()


def _shorten_sockets() -> None:
	"""Let multiprocessing's sockets, which lie in the folder of temporary files, lie in /tmp where that one's path is too long."""
	usual = tempfile.tempdir
	if len(tempfile.gettempdir()) > LONGEST_FOLDER:
		tempfile.tempdir = "/tmp"
		with contextlib.suppress(OSError):
			util.get_temp_dir()  # made at the first call, and remembered
		tempfile.tempdir = usual
'''[1:]


# ======================================
# cxrkit/training/stages.py
# ======================================

FILES['cxrkit/training/stages.py'] = r'''
"""A training's values: the job that was asked for, and what each of its finished stages left."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["running", "precise"]


@dataclass(frozen=True)
class Job:
	architecture: str
	seed: int

	@property
	def name(self) -> str:
		return f"{self.architecture}-seed{self.seed}"


@dataclass(frozen=True)
class Epoch:
	"""One epoch's figures; the last five are of validation, seconds of wall clock."""

	epoch: int  # from 1
	train_loss: float
	valid_loss: float
	error_rate: float
	sensitivity: float
	specificity: float
	seconds: float


@dataclass(frozen=True)
class Statistics:
	"""What a stage's network makes of validation with one kind of batch-norm statistics: "running" ones, as training left ..."""


	kind: Kind
	valid_loss: float
	error_rate: float


@dataclass(frozen=True)
class Stage:
	"""What a finished stage left. predictions: (image_id, p_covid) of each image of valid and test; weights: a state dict as ..."""


	name: str
	epochs: list[Epoch]
	predictions: list[tuple[str, float]]
	statistics: list[Statistics]
	skipped_steps: int
	weights: bytes = field(repr=False)


@dataclass(frozen=True)
class Finder:
	"""The learning-rate finder's curve, and the rate that was chosen, with the reason."""

	chosen: float
	reason: str
	learning_rates: list[float] = field(repr=False)
	losses: list[float] = field(repr=False)


@dataclass(frozen=True)
class Past:
	"""What the finished stages of a training left: the frozen stage's weights and the finder's result, None where there is none."""

	frozen_weights: bytes | None = field(default=None, repr=False)
	finder: Finder | None = None


@dataclass(frozen=True)
class Step:
	"""How far a training is: batches computed of all that it computes."""

	done: int
	total: int


@dataclass(frozen=True)
class EpochEnded:
	"""An epoch that a training has just ended, while its stage goes on."""

	stage: str
	epoch: Epoch
	epochs: int
'''[1:]


# ======================================
# cxrkit/training/weights.py
# ======================================

FILES['cxrkit/training/weights.py'] = r'''
"""ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host."""

import os
import pickle
import re
from pathlib import Path

import torch
from fastai.vision.learner import TimmBody, create_body, model_meta
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.progress import on_terminal, say
from cxrkit.training import networks

REMEDY = (
	"allow the network (on Kaggle: Settings, Internet on), or bring the files with --weights DIR, "
    "or start from random weights with --no-pretrained"
)
OLD_DENSENET_KEY = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\..*)")
"""torchvision's DenseNet files name a layer `norm.1` that its code names `norm1`."""


def source_of(architecture):
	"""torchvision's first weights of an architecture, for the study's those it used in 2020: their URL on PyTorch's host."""
	published = {weights.name: weights.url for weights in models.get_model_weights(architecture)}
	return published.get("IMAGENET1K_V1") or next(iter(published.values()))  # the largest RegNets have others alone


def files_of(architecture):
	"""Names of the file that holds an architecture's ImageNet weights; any one will do."""
	if networks.in_torchvision(architecture):
		return [os.path.basename(source_of(architecture))]
	return [f"{architecture}.safetensors", f"{architecture}.pth"]


def imagenet(architecture, folder=""):
	"""The state dict of an architecture trained on ImageNet-1k."""





	url = source_of(architecture)
	path = _attached(folder, url) if folder else _cached(url)
	expected = path.stem.rsplit("-", 1)[1]
	if not sha256_of(path).startswith(expected):
		raise BadInput("The weight file is damaged: its SHA-256 is not the one in its name.", path, "delete it and fetch it again")
	state = torch.load(path, map_location="cpu", weights_only=True)
	return {OLD_DENSENET_KEY.sub(r"\1\2", key): value for key, value in state.items()}


def _attached(folder, url):
	name = os.path.basename(url)
	for pattern in (name, f"*/{name}"):
		for path in sorted(Path(folder).glob(pattern)):
			return path
	raise BadInput(f"The weights folder holds no {name}.", folder, f"put the file of {url} there, or leave out --weights")


def _cached(url):
	path = Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(url)
	if path.exists():
		return path
	path.parent.mkdir(parents=True, exist_ok=True)
	say(f"fetching ImageNet weights: {url}")
	try:
		torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=on_terminal())
	except (OSError, RuntimeError) as error:
		path.unlink(missing_ok=True)
		raise RemoteRefusal(
			f"The ImageNet weights cannot be fetched: {str(error).splitlines()[0]}",
			url,
			REMEDY,
		) from error
	return path


def with_body(architecture, folder=""):
	"""A network with ImageNet weights in its body and fastai's freshly drawn head. Raises BadInput or RemoteRefusal."""
	model = networks.empty(architecture)
	networks.draw(model[1].to_empty(device="cpu"))
	if networks.in_torchvision(architecture):
		builder = getattr(models, architecture)
		whole = networks.on_meta(builder)
		whole.load_state_dict(imagenet(architecture, folder), assign=True)
		body = create_body(whole, pretrained=False, cut=model_meta.get(builder, {"cut": None})["cut"])
		model[0].load_state_dict(body.state_dict(), assign=True)
		return model
	body = next(module for module in model[0].modules() if isinstance(module, TimmBody))
	state = timm_imagenet(architecture, folder)
	try:
		missing, _ = body.model.load_state_dict(state, strict=False, assign=True)  # the classifier is not wanted
	except RuntimeError as error:
		raise BadInput(f"The weights are another network's than {architecture}'s.", folder or None, "fetch them again") from error
	if missing:
		raise BadInput(
			f"The weights of {architecture} lack {len(missing)} tensors, {missing[0]} first.", folder or None, "fetch them again"
		)
	return model


def timm_imagenet(architecture, folder=""):
	"""The state dict that timm publishes for an architecture, or the one in folder/ARCHITECTURE.pth or .safetensors; tensors alone."""



	if folder:
		found = [path for name in files_of(architecture) for path in sorted(Path(folder).glob(f"**/{name}"))]
		if not found:
			raise BadInput(
				f"The weights folder holds no {architecture}.safetensors and no {architecture}.pth.",
				folder,
				"put timm's weights there under that name, or leave out --weights",
			)
		from safetensors import SafetensorError  # comes with timm
		from safetensors.torch import load_file

		try:
			return torch.load(found[0], map_location="cpu", weights_only=True) if found[0].suffix == ".pth" else load_file(found[0])
		except (RuntimeError, pickle.UnpicklingError, EOFError, SafetensorError) as error:
			raise BadInput(f"The weights cannot be read: {str(error).splitlines()[0][:100]}", found[0], "fetch them again") from error
	try:
		return networks.timm.create_model(architecture, pretrained=True).state_dict()
	except (OSError, RuntimeError, ValueError) as error:  # of the hub's client, of torch's
		raise RemoteRefusal(f"timm's weights cannot be fetched: {str(error).splitlines()[0]}", architecture, REMEDY) from error


def silence_residual_branches(model):
	"""Let each residual block of a randomly started network begin as the identity, so that a deep one can learn."""



	for module in model.modules():
		last = getattr(module, "bn3", getattr(module, "bn2", None))
		if last is not None and hasattr(module, "downsample"):
			torch.nn.init.zeros_(last.weight)


def check(architectures, folder=""):
	"""Fetch and check the weights of all architectures, so that a run fails at its start and not in its middle."""
	for architecture in architectures:
		(imagenet if networks.in_torchvision(architecture) else timm_imagenet)(architecture, folder)
'''[1:]


# ======================================
# cxrkit/training/work.py
# ======================================

FILES['cxrkit/training/work.py'] = r'''
"""What the process of a training does: it trains, tells, and ends with the process that started it."""

import multiprocessing
import os
import signal
import threading
import traceback

import torch
from fastai.torch_core import default_device

from cxrkit import environment
from cxrkit.environment import Deadline
from cxrkit.errors import CxrkitError
from cxrkit.training import networks, recipe, server
from cxrkit.training.distributed import Team
from cxrkit.training.executors import Ended, Task
from cxrkit.training.machine import FOR_ITSELF, USABLE

MEMORY_WORDS = ("out of memory", "can't allocate memory", "Cannot allocate memory")


def work(task: Task, connection, train=None) -> None:
	"""Run a Task and tell everything through the connection, an Ended at last."""
	signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is heard by the process that started this one, which then ends it
	signal.signal(signal.SIGTERM, signal.SIG_DFL)
	threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
	connection.send(_outcome(task, connection.send, train or training))
	connection.close()


def _end_with(connection) -> None:
	"""Nothing is ever sent to a training, so what is heard is the end of the process that started it."""
	try:
		connection.poll(None)
	finally:
		os._exit(1)


def _outcome(task, tell, train) -> Ended:
	try:
		for made in train(task, tell):
			tell(made)
	except CxrkitError as error:
		return Ended(str(error), traceback.format_exc(), error)
	except Exception as error:  # whatever goes wrong in one training is no reason to lose the others
		return Ended(explained(error, task), traceback.format_exc(), None, peak_bytes(task.device))
	return Ended(peak_bytes=peak_bytes(task.device))


def training(task, tell):
	"""Train as the task says, in this process."""
	if server.METHOD == "forkserver":
		multiprocessing.set_start_method("fork", force=True)  # for decoding processes, whose data set cannot be pickled
	torch.set_num_threads(task.threads)
	on_gpu = torch.device(task.device).type == "cuda"
	if on_gpu:
		torch.cuda.set_device(task.device)
	default_device(use=on_gpu)  # else fastai puts ImageNet's statistics on a GPU wherever there is one
	task.numerics.apply()
	os.environ.pop("WORLD_SIZE", None)  # else fastai gathers each metric from all processes, whatever they train
	team = Team.join(task.meeting, task.device)
	loaders = task.films.loaders(task.experiment, task.device, task.numerics.layout.value)
	left = Deadline.at(task.end)
	yield from recipe.train(task.job, loaders, task.experiment, task.numerics, task.past, left, team, tell)


def peak_bytes(device):
	"""The most memory of the device that this process held; of the processor's where that is the device."""
	if torch.device(device).type == "cuda":
		return torch.cuda.max_memory_reserved(device)
	return environment.peak_memory_bytes()


def room_bytes(device):
	"""Bytes of the device that this process holds or could still take; None where the system does not say."""
	if torch.device(device).type == "cuda":
		return torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device)
	free, held = environment.free_memory_bytes(), environment.peak_memory_bytes()
	return None if free is None or held is None else free + held


def explained(error: BaseException, task: Task) -> str:
	"""What ended a training, in words; of memory that ran out, with what would fit."""
	said = f"{type(error).__name__}: {error}"
	if isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(words in str(error) for words in MEMORY_WORDS):
		said += f" {_remedy(task)}"
	return said


def _remedy(task) -> str:
	experiment, room = task.experiment, room_bytes(task.device)
	if room is not None:
		usable = USABLE * room - FOR_ITSELF[torch.device(task.device).type]
		batch = networks.batch_that_fits(task.job.architecture, experiment.image_size, experiment.batch_size, usable)
		if batch is None:
			return f"By what its step holds, no batch fits into the {room / 1e9:.1f} GB there are: try a smaller --image-size, or --jobs-at-once 1."
		if batch < experiment.batch_size - 1:
			return (
				f"By what its step holds, --batch-size {batch} would fit into the {room / 1e9:.1f} GB there are; or try --jobs-at-once 1."
			)
	half = max(2, experiment.batch_size // 2)
	return f"Try --batch-size {half}, which needs about half as much for the films of a step, or --jobs-at-once 1."
'''[1:]


# ======================================
# how the files above become a package
# ======================================

"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def unpack(files, source_sha256, run_id):
    """Write the bundled files into a temporary folder and make them importable here and in every child process.

    files: {relative path: text}; run_id: names the run, empty for the time of its start. A process that was
    started by one which has unpacked the same source uses that folder and run id; the process which made it
    removes it at its end. Returns the folder.
    """
    folder = Path(os.environ.get("CXRKIT_UNPACKED", ""))
    if os.environ.get("CXRKIT_SOURCE") != source_sha256 or not folder.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source_sha256
        os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(folder))
    return folder


unpack(FILES, SOURCE_SHA256, RUN_ID)
if len(sys.argv) == 1 or os.path.abspath(sys.argv[0]) != os.path.abspath(globals().get("__file__", "")):  # IPython has its own
    from cxrkit.kaggle_io.inside import arguments_of

    sys.argv[1:] = arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)


# ======================================
# kernel/run.py
# ======================================

"""The kernel's entry: sources to manifest to tree to trained networks to results, each stage once.

    python kernel/run.py --local                       the dry run, on drawn phantoms
    python kernel/run.py --local --data DIR --experiment paper
    torchrun --nproc-per-node=2 kernel/run.py --experiment rigorous --data DIR      the trainings shared out

On Kaggle it takes no arguments. A run that was stopped goes on with the same command.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

try:
    import cxrkit
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import cxrkit

from cxrkit import config, environment
from cxrkit.errors import WrongUse, run_command
from cxrkit.progress import announce


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a run, its experiment's keys among them."""
    parser = argparse.ArgumentParser(prog="kernel/run.py", description="Train and evaluate the four networks. Research use only.")
    parser.add_argument("--local", action="store_true", help="run on this machine (needed anywhere but on Kaggle)")
    parser.add_argument(
        "--experiment", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file; default: dry-run here, paper on Kaggle"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for everything the run makes; default: runs/EXPERIMENT")
    parser.add_argument("--hours", type=float, help="after so many hours no new stage begins, and the run reports what it has")
    parser.add_argument("--cpu", action="store_true", help="on Kaggle: run on processors where no GPU works, instead of stopping")
    parser.add_argument("--results", metavar="SLUG", default="", help="on Kaggle: the dataset to send the results to")
    parser.add_argument("--version", action="version", version=cxrkit.__version__)
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int | None:
    """Run; return an exit code where another process ran instead, else None. Raises CxrkitError."""
    options = parse(arguments)
    shared_out = environment.processes() > 1 and not environment.on_kaggle()
    local = options.local or shared_out  # torchrun takes --local for an option of its own
    if not local and not environment.on_kaggle():
        raise WrongUse("This is not Kaggle.", next="add --local to run here")
    overrides = config.overrides_of(options)
    name = options.experiment or ("dry-run" if local else "paper")
    if local and not options.experiment and "data" in overrides:
        raise WrongUse("The experiment for your data is not named.", next="add --experiment paper, rigorous or a YAML file")
    experiment = config.load(name, overrides)
    from cxrkit import pipeline  # after the options were checked: --help, and a wrong option, are answered at once

    started = time.monotonic()
    if local:
        out = options.out or Path("runs") / experiment.name
        results = pipeline.run(experiment, out, time_left=environment.Deadline.of_run(options.hours, out))
    else:
        from cxrkit.kaggle_io import inside  # it brings fastai along, which takes seconds: bad input here is told before

        results = inside.run(experiment, options.hours, not options.cpu, options.results)
    announce(f"finished in {time.monotonic() - started:.0f} s")
    if results:
        pipeline.refuse_failures(results)
    return None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run_command(main))
