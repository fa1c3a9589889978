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
# both. Kaggle runs exactly one file, so this one holds the whole kit, each file as plain text under its own heading
# (docstrings are longer in the repository, and spaces stand for tabs): the program, kernel/run.py, then the modules it
# imports. At the end they are written to a temporary folder, and the program runs from there.


VERSION = '0.1.0'
SOURCE_SHA256 = '2b75ca1ee67b9dd55363005f712390d5c068af3578782d0086b33ccc735872f5'
FILES = {}


# ======================================
# kernel/run.py
# ======================================

FILES['kernel/run.py'] = r'''
#!/usr/bin/env python3
"""The kernel's entry: sources to manifest to tree to trained networks to results, each stage once."""








import signal
import sys
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the package beside it, also where another version is installed

import cxrkit
from cxrkit.errors import EXIT_CODES, WrongUse, require, run_command

EXAMPLES = """\
examples:
  python kernel/run.py --local
  python kernel/run.py --local --data coronahack=DIR --experiment paper --seeds 0 1 2
"""


def parser():
	"""The options of a run, its experiment's keys among them, as a Parser."""
	import argparse  # here, as all that takes time: Ctrl-C is answered in a line from the start

	from cxrkit import config, options
	from cxrkit.command_line import Parser

	made = Parser(
		prog="kernel/run.py",
		description="Train and evaluate the four networks. Research use only.",
		epilog=EXAMPLES + EXIT_CODES,
		formatter_class=argparse.RawDescriptionHelpFormatter,
	)
	made.add_argument("--local", action="store_true", help="run on this machine (needed anywhere but on Kaggle)")
	names = ", ".join(config.names())
	made.add_argument("--experiment", metavar="NAME", help=f"{names}, or a YAML file (default: dry-run here, paper on Kaggle)")
	made.add_argument("--out", type=Path, metavar="DIR", help="folder for everything the run makes (default: runs/EXPERIMENT)")
	end = "after so many hours no new stage begins, and the run reports what it has (default: no end)"
	made.add_argument("--hours", type=options.hours, help=end)
	cluster = (
		"read films and train on a Ray cluster: auto (the one that runs here), HOST:PORT or ray://HOST:PORT (pip install '.[cluster]')"
	)
	made.add_argument("--cluster", metavar="ADDRESS", default="", help=cluster)
	made.add_argument("--cpu", action="store_true", help="on Kaggle: run on processors where no GPU works, instead of stopping")
	made.add_argument("--results", metavar="SLUG", default="", help="on Kaggle: the dataset to send the results to")
	logger = "also send each epoch's figures to tensorboard or wandb, numbers alone, never a film; may be given twice (default: neither)"
	made.add_argument("--logger", action="append", default=[], choices=("tensorboard", "wandb"), help=logger)
	options.add_quiet(made)
	made.add_argument("--version", action="version", version=cxrkit.__version__)
	options.add_arguments(made.add_argument_group("experiment", "each also a key of the YAML file"))
	return made


def parse(arguments=None):
	return parser().parse_args(arguments)


def main(arguments=None):
	"""Run; return an exit code where another process ran instead, else None. Raises CxrkitError."""
	options = parse(arguments)
	import importlib
	import time

	from cxrkit import config, environment, run_log
	from cxrkit.options import heed, overrides_of
	from cxrkit.progress import announce

	heed(options)
	shared_out = environment.processes() > 1 and not environment.on_kaggle()
	local = options.local or shared_out  # torchrun takes --local for an option of its own
	if not local and not environment.on_kaggle():
		raise WrongUse("This is not Kaggle.", next="add --local to run here")
	overrides = overrides_of(options)
	name = options.experiment or ("dry-run" if local else "paper")
	if local and not options.experiment and "data" in overrides:
		raise WrongUse("The experiment for your data is not named.", next="add --experiment paper, rigorous or a YAML file")
	if (options.cluster or options.logger) and not local:
		raise WrongUse("Kaggle has one machine, and its log.", "--cluster, --logger", "leave them out")
	require("torch", "torchvision", "fastai", *(["ray"] if options.cluster else []), *options.logger)
	experiment = config.load(name, overrides)
	config.refuse_weights(experiment)
	executor = workers = None
	if options.cluster:  # by their names, for they do not travel to Kaggle
		executor = importlib.import_module("cxrkit.cluster.executor").Cluster(options.cluster)
		workers = importlib.import_module("cxrkit.cluster.readers").Readers(or_here=True)
	from cxrkit import pipeline  # after the options were checked: --help, and a wrong option, are answered at once
	from cxrkit.kaggle_io import hub

	experiment = hub.attached(experiment)
	started = time.monotonic()
	out = options.out or Path("runs") / experiment.name
	with run_log.logged(out / run_log.NAME) if local else nullcontext():
		if local:
			log = importlib.import_module("cxrkit.loggers").opened(options.logger, out, experiment) if options.logger else nullcontext()
			with log as tell:
				left = environment.Deadline.of_run(options.hours, out)
				results = pipeline.run(experiment, out, time_left=left, executor=executor, workers=workers, tell=tell)
		else:
			from cxrkit.kaggle_io import inside  # it brings fastai along, which takes seconds: bad input here is told before

			results = inside.run(experiment, options.hours, not options.cpu, options.results)
		announce(f"finished in {time.monotonic() - started:.0f} s")
		if results:
			pipeline.refuse_failures(results)
	return None


def _interrupt(*_):
	raise KeyboardInterrupt


if __name__ == "__main__":
	signal.signal(signal.SIGTERM, _interrupt)
	sys.exit(run_command(main))
'''[1:]


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
"""The parts of an audit that ask trained networks: masks, features, attention, stability, external films, a published model, retraining."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from cxrkit.audit import attention, external, inquiry, masking, reference, sources, stability
from cxrkit.audit.context import CACHE, Context, Part, first_seeds
from cxrkit.audit.evidence import HELD_OUT
from cxrkit.audit.external import ExternalFilms
from cxrkit.audit.films import Films
from cxrkit.audit.inquiry import side_by_side
from cxrkit.audit.retraining import Retraining
from cxrkit.data import pixels
from cxrkit.errors import BadInput
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import Meter, say
from cxrkit.results import Network
from cxrkit.schema import Attention, BaselineRow, ExternalRow, MaskRow, PublishedRow, SourceRow, StabilityRow


def each_network(context: Context) -> list[tuple[Network]]:
	return [(network,) for network in context.networks]


def one_of_each_architecture(context: Context) -> list[tuple[Network]]:
	return [(network,) for network in first_seeds(sorted(context.networks, key=lambda network: network.seed))]


def each_retrained(context: Context) -> list[tuple[Network]]:
	"""One network of each architecture, where retraining is asked for."""
	if not context.options.retrain:
		return []
	return [(network,) for network in context.networks if network.seed == context.networks[0].seed]


@dataclass(frozen=True)
class Elsewhere:
	"""External films as a run's networks see them. What belongs to the set and not to a network is made when first asked for, once."""

	films: ExternalFilms
	context: Context

	@property
	def name(self) -> str:
		return self.films.name

	@cached_property
	def images(self) -> np.ndarray:
		"""The squares of the used films, sorted by image_id. Raises BadInput where none is left."""
		used, context = self.films.manifest.used, self.context
		if not used:
			raise BadInput(external.why_none(self.films))
		resize = context.results.experiment.resize
		squares = pixels.load(self.films.manifest, self.films.locate, context.pixels.size, context.home / CACHE, resize=resize)
		return squares.of([record.image_id for record in used])

	@cached_property
	def lungless(self) -> BaselineRow | None:
		return external.lungless(self.films, self.images)

	@cached_property
	def outside(self) -> Figure | None:
		"""The share that is OUTSIDE by its picture; None, which is said, where no description of the run's training films can be read."""
		try:
			known, lacking = reference.load(self.context.results.folder)
		except BadInput as error:  # the networks' scores need none
			known, lacking = None, f"{error.what} {error.next}"
		if known is None:
			say(f"how many films of {self.name} are OUTSIDE by their picture is not known: {lacking}")
		return known and known.share_outside(Films.of(self.films.manifest, self.images))


def each_external(context: Context) -> Iterator[tuple[Elsewhere, str]]:
	"""Set by set, so that one set's squares are let go before the next one's are read."""
	for films in context.external:
		others = Elsewhere(films, context)
		for architecture in context.results.architectures:
			yield others, architecture


def masked(films: Films, context: Context, network: Network) -> list[MaskRow]:
	return masking.curve(network, inquiry.loaded(network, context.device), films.judged, context.device)


def sources_by_features(films: Films, context: Context, network: Network) -> list[SourceRow]:
	"""How well what the network's last layer sees tells the sources apart, where some label has several."""
	if all(len(np.unique(films.sources[films.is_told & (films.is_covid == label)])) < 2 for label in (True, False)):
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
		read = (inquiry.loaded(each, context.device) for each in networks)
		answers = [stability.asked(partial(inquiry.p_covid, model, device=context.device, meter=meter), judged.images) for model in read]
	spread = stability.spreads(results).get(architecture)
	return [stability.row(judged, held, np.stack(answers), architecture, results.experiment.threshold, spread)]


def scored_on_external(films: Films, context: Context, others: Elsewhere, architecture: str) -> list[ExternalRow]:
	"""All seeds of the architecture, whichever networks the other parts ask."""
	images = others.images
	seeds = [network for network in context.results.networks() if network.architecture == architecture]
	with Meter(f"{architecture} on the films of {others.name}", len(seeds) * len(images)) as meter:

		def answers(network: Network) -> np.ndarray:
			return inquiry.p_covid(inquiry.loaded(network, context.device), images, context.device, meter)

		p_covid = np.stack(list(inquiry.side_by_side(answers, seeds, context.device)))
	return [external.row(others.films, architecture, p_covid, context.results, others.lungless, others.outside)]


def each_published(context: Context) -> list[tuple[str]]:
	names = (HELD_OUT, *(others.name for others in context.external if others.manifest.used))
	return [(name,) for name in names] if context.options.published else []


def of_published(films: Films, context: Context, name: str) -> list[PublishedRow]:
	"""A published model on the held-out films, or on external ones of that name, all seen as its authors' own."""
	others = next((others for others in context.external if others.name == name), None)
	asked, locate = (Films.of(others.manifest), others.locate) if others else (films.judged, context.locate)
	squares = pixels.load(asked.records, locate, 224, context.home / CACHE, resize="crop")
	return [context.options.published.row(name, asked, squares.of(asked.image_ids), context.device)]


def _again(films: Films, context: Context, network: Network) -> Retraining:
	experiment = replace(context.results.experiment, weights=context.options.weights)
	score = context.results.score(network.architecture)
	folder = context.home / "audit-jobs"
	return Retraining(
		network, experiment, films, context.pixels, folder, context.device, score.auc if score else None, context.options.executor
	)


PARTS: tuple[Part, ...] = (
	Part("masking", "masks on {0.name}", masked, each_network, side_by_side),
	Part("sources", "features of {0.name}", sources_by_features, one_of_each_architecture, side_by_side),
	Part("attention", "attention", attended),
	Part("stability", "stability of the calls of {0}", called_again, each_architecture, side_by_side),
	Part("external", "{1} on the films of {0.name}", scored_on_external, each_external),
	Part("published", "a published chest model, films: {0}", of_published, each_published),
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
from scipy.stats import rankdata
from torch import nn
from torch.nn.functional import interpolate

from cxrkit.audit import heatmap, inquiry
from cxrkit.audit.films import LUNGS, box
from cxrkit.data.licences import may_redistribute
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import Record
from cxrkit.evaluation import bootstrap
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
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
	return weighted(features.detach(), gradient, images.shape[-2:])


def weighted(features: torch.Tensor, gradient: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
	"""Maps, [n, *size], of a layer's features and the gradient of a score in them, both [n, channels, side, side]."""
	weights = gradient.mean((2, 3), keepdim=True)
	cells = (weights * features).sum(1, keepdim=True).clamp(min=0)
	enlarged = interpolate(cells, tuple(size), mode="bilinear", align_corners=False)[:, 0]
	return enlarged / enlarged.amax((1, 2), keepdim=True).clamp(min=torch.finfo(enlarged.dtype).tiny)


@torch.no_grad()
def _late_features(model, x):
	"""What the deepest part of the body with a map large enough gives for a batch, and the model's outputs, which can be derived ..."""

	features = []

	def derive_from_here(_, __, given):
		torch.set_grad_enabled(True)
		features.append(given.detach().requires_grad_())
		return features[0]

	hook = late_part(model, x[:1]).register_forward_hook(derive_from_here)
	try:
		outputs = model(x)
		return features[0], outputs
	finally:
		hook.remove()


def late_part(model, x):
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
			heatmap.save(results.folder / entry.file, heatmap.beside(images[index], attended[index]))
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
'''[1:]


# ======================================
# cxrkit/audit/audit.py
# ======================================

FILES['cxrkit/audit/audit.py'] = r'''
"""The audit: can the answer be trusted? Its parts put together for a run, or for a manifest before anything is trained (audits.json)."""





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
	"""Audit a run or a manifest; write audits.json (into the results, beside the manifest as `file_of` says, or to `out`) and return its content."""





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
		write_json(out or file_of(path), asdict(audits))
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
from sklearn.metrics import roc_curve

from cxrkit.audit import probes
from cxrkit.audit.films import Films, thumbnails
from cxrkit.data.records import traits
from cxrkit.evaluation import areas
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Advantage, Area, BaselineRow, CoarseCurve

HISTOGRAM_BINS = 64
GRID = 20
RING = 2
"""Of a GRID x GRID thumbnail, the cells on each side that make the frame: a tenth of the picture."""

LUNGLESS = ("source", "file", "border", "age", "view", "sex")
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


def coarse_curve(coarse: Coarse | None, is_covid: np.ndarray) -> CoarseCurve | None:
	"""The ROC curve of the best coarse baseline; is_covid: n booleans, of the held-out films; None where there is none."""
	if coarse is None or len(coarse.scores) != len(is_covid):
		return None
	alarms, hits, _ = roc_curve(is_covid, coarse.scores)
	return CoarseCurve(coarse.row.title, coarse.held_out.auc.value, *([round(float(x), 4) for x in values] for values in (alarms, hits)))


def advantage(held: Predictions, coarse: Coarse | None) -> Advantage | None:
	"""How far a network's area lies above the coarse baseline's; None where there is none."""
	if coarse is None:
		return None
	difference = probes.advantage(held.is_covid, held.p_covid, coarse.scores, held.groups)
	return Advantage(coarse.row.name, coarse.row.title, coarse.held_out.auc.value, difference)


def nearest(films: Films) -> BaselineRow | None:
	"""The row of the baseline that separates the classes best without a look at the lungs; None where none could be computed."""
	rows = [_row(baseline, films)[0] for baseline in described(films, LUNGLESS) if baseline.name in LUNGLESS]
	return max((row for row in rows if row.area.auc.bounded), key=lambda row: row.area.auc.value, default=None)


def described(films: Films, pictures: tuple[str, ...] = ()) -> list[Baseline]:
	"""All Baselines of the films but the majority class. pictures: names of those of PICTURES that are wanted, empty for all."""
	return [
		_source(films),
		_stated(films, "file", "size, colour mode, format and bytes of the file", *file_facts(films)),
		*(_stated(films, name, title, *facts(films)) for name, (title, facts) in STATED.items()),
		_missingness(films),
		*(_seen(films, name, title, look, note) for name, title, look, note in PICTURES if name in (pictures or (name,))),
	]


def _majority(films: Films) -> BaselineRow:
	share = max(films.is_covid.mean(), 1 - films.is_covid.mean())
	note = f"right for {100 * share:.1f} % of the films"
	chance = probes.area(films.is_covid, np.zeros(len(films.is_covid)), films.groups)
	return BaselineRow("majority", "nothing: always the more frequent class", note, chance, None)


def _source(films: Films) -> Baseline:
	title, note = "the name of the source", "which collection a film comes from, and no pixel"
	if films.is_told.all():
		return Baseline("source", title, source_names(films), note)
	return _stated(films, "source", title, source_names(films), films.is_told)


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
	return Baseline(name, title, features, "" if known.all() else f"{_named(name)} known for {_counted(films, known)}", known)


def _named(name: str) -> str:
	return "file facts are" if name == "file" else f"{name} is"


def _counted(films: Films, known: np.ndarray) -> str:
	covid, normal = ((int((known & chosen).sum()), int(chosen.sum())) for chosen in (films.is_covid, ~films.is_covid))
	return f"{covid[0]:,} of {covid[1]:,} COVID-19 and {normal[0]:,} of {normal[1]:,} normal films"


def _missingness(films: Films) -> Baseline:
	"""Whether facts are stated at all, of those that are stated of some films and not of others."""
	known = {name: facts(films)[1] for name, (_, facts) in STATED.items()} | {"source": films.is_told}
	partly = {name: there for name, there in known.items() if there.any() and not there.all()}
	title = "whether age, sex, view and source are stated at all"
	if not partly:
		return Baseline("missingness", title, None, "age, sex, view and source are each stated for all films, or for none")
	told = "; ".join(f"{name} for {_counted(films, there)}" for name, there in partly.items())
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
	reason = probes.too_few(part.is_covid, part.groups) if chosen.any() else "known for no film"
	if reason:
		note = "; ".join(filter(None, [baseline.note, reason])) if chosen.any() else f"{_named(baseline.name)} known for no film"
		return BaselineRow(baseline.name, baseline.title, note, probes.unknown_area(reason), None), None
	out_of_fold = probes.out_of_fold(features, part.is_covid, part.groups)
	area = probes.area(part.is_covid, out_of_fold, part.groups)
	held_out, scores = _held_out(part, features, films.held_out)
	row = BaselineRow(
		baseline.name,
		baseline.title,
		baseline.note,
		area,
		held_out,
		_within_sources(part, out_of_fold) if baseline.name != "source" else None,
	)
	return row, scores if chosen.all() else None


def _within_sources(part: Films, scores: np.ndarray) -> Figure | None:
	"""The area of n scores among films of one source; None where fewer than two sources are told."""
	told = part.is_told
	if len(np.unique(part.sources[told])) < 2:
		return None
	return areas.within_strata(part.is_covid[told], scores[told], part.sources[told], part.groups[told])


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
# cxrkit/audit/borders.py
# ======================================

FILES['cxrkit/audit/borders.py'] = r'''
"""Artificial borders: was a film put on a larger canvas? No network is asked, and nothing is learned but how wide they are in training."""









from dataclasses import dataclass

import numpy as np

from cxrkit.audit.films import thumbnails
from cxrkit.data.copies import shows_film

SEEN = 64
"""Pixels a side of the thumbnail that is measured, in which a border's noise is averaged away."""
QUANTILE = 0.995
"""Share of the training films whose border is no wider than the limit, before SLACK."""
SLACK = 1.25
LEAST_ALL_ROUND, LEAST_OPPOSITE = 0.05, 0.1
"""Shares of the side that are no border yet, on four sides and on two opposite ones."""


def widths(images: np.ndarray) -> np.ndarray:
	"""How wide the even borders of grey squares, uint8 [n, size, size], are: shares of the side at the top, at the bottom, on the left ..."""

	squares = 255 * thumbnails(images, SEEN).reshape(-1, SEEN, SEEN)
	found = []
	for lines in (squares, squares[:, ::-1], squares.swapaxes(1, 2), squares.swapaxes(1, 2)[:, ::-1]):
		film = shows_film(lines, axis=2)
		found.append(np.where(film.any(1), film.argmax(1), SEEN) / SEEN)
	return np.array(found)


def all_round(of_sides: np.ndarray) -> np.ndarray:
	"""Widths as `widths` gives them: of n films, the narrowest of the four borders."""
	return of_sides.min(0)


def opposite(of_sides: np.ndarray) -> np.ndarray:
	"""Of n films, the narrower border of two opposite sides, of those two where it is wider."""
	return np.maximum(of_sides[:2].min(0), of_sides[2:].min(0))


@dataclass(frozen=True)
class Borders:
	"""The widest borders that are accepted, shares of the side: on all four sides, on two opposite ones."""

	all_round: float
	opposite: float

	@classmethod
	def of(cls, of_sides: np.ndarray) -> "Borders":
		"""of_sides: the training films' widths, [4, n]."""

		def limit(found: np.ndarray, least: float) -> float:
			return max(least, SLACK * float(np.quantile(found, QUANTILE)))

		return cls(limit(all_round(of_sides), LEAST_ALL_ROUND), limit(opposite(of_sides), LEAST_OPPOSITE))

	def doubts(self, image: np.ndarray) -> list[str]:
		"""What is wrong with the borders of a grey square, uint8 [size, size]: a sentence, or none."""
		of_sides = widths(image[None])
		for found, limit, where in (
			(all_round(of_sides)[0], self.all_round, "on all four sides"),
			(opposite(of_sides)[0], self.opposite, "on two opposite sides"),
		):
			if found > limit:
				return [
					f"it lies in an even border, {100 * found:.0f} % wide {where}; up to {100 * limit:.0f} % is known from the training films"
				]
		return []
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
	"source-shortcut": "On this data no score shows that a network sees disease: where a film comes from, how it was taken or whom it shows gives the answer away.",
	"border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
	"chance": "No network is shown to do better than guessing.",
	"thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
	"no-transfer": "The scores do not hold for external films, and must not be quoted without that.",
	"partial-shortcut": "The scores may be too high by an amount that is not known, for part of the answer can be had without the disease.",
	"too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
	"unknown": "Whether a shortcut explains the scores is not known.",
	"no-shortcut-found-inside": "Inside this collection these audits found no shortcut. "
    "Whether the scores hold for films of another hospital, with both classes among them, was not asked.",
	"no-shortcut-found": "These audits found no shortcut, here or elsewhere. That is no proof that a network sees disease.",
	"supported": "The claim is supported: a network tells COVID-19 from normal films here and elsewhere by what lies in the middle "
    "of the film, and these audits found nothing else that explains it. That speaks for patients like these, not yet for use in a clinic.",
}
"""{slug: sentence}, the gravest first. From `too-few` on, nothing was found against the scores."""


class PartName(NamedTuple):
	"""title: for people; command: what does the part for a run whose films are on this machine; pictures: whether it looks at films."""

	title: str
	command: str = RUN
	pictures: bool = True


PARTS = {
	"networks": PartName("the networks' scores", pictures=False),
	"baselines": PartName("what works without seeing the lungs"),
	"controls": PartName("controls of the audit itself"),
	"held-fixed": PartName("source and age held fixed", pictures=False),
	"masking": PartName("lungs hidden"),
	"external": PartName("external films", f"{RUN} --external NAME=DIR"),
	"sources": PartName("sources separated and left out"),
	"attention": PartName("where the networks look"),
	"published": PartName("what a published chest model says", f"{RUN} --published"),
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
all that audit/support.py asks. No conclusion needs the last four parts; what they find against the scores counts, but
of the published model, which no rule reads.
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
	external_films: int = 0
	executor: Any = None
	published: Any = None


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
from collections.abc import Sequence

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
from cxrkit.progress import counted
from cxrkit.schema import ControlRow

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"
COPIES = 5
"""Films of which a copy is planted, and most have to be found: the search overlooks about one such copy in twenty (6 of 119 of NIH's and
ieee8023's films), and of five more than two in one data set of a thousand."""


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
		title="labels permuted at random, 8 x 8 thumbnails",
		expected=f"AUC 0.5 within {tolerance:.3f}",
		found=f"{mean:.3f}, the mean of {len(areas)} permutations of {len(films.groups)} films (standard error {error:.3f})",
		passed=abs(mean - 0.5) <= tolerance,
	)


def leaked_patient(films: Films, manifest: Manifest) -> ControlRow:
	"""The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput."""



	victims, other = _victims(films)
	known = [record for record in victims if record.patient]
	if not known:
		raise BadInput("no training film says whose it is")
	planted = known[0].but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
	reported = _reported([*manifest.records, planted], manifest)
	title = "a training patient planted among the held-out films"
	return ControlRow("leak-patient", title, "the leak gate reports it", "reported" if reported else "not reported", reported)


def leaked_copy(films: Films, manifest: Manifest, locate: Locate) -> ControlRow:
	"""The row of altered copies of up to COPIES training films planted among held-out ones under other patients' names."""




	victims, other = _victims(films)
	victims = victims[:: -(-len(victims) // COPIES)]
	among = [record for record in films.records if record not in victims][:COMPARED]
	compared = {record.image_id: copies.thumbnail(open_grey(locate(record))) for record in [*victims, *among]}
	planted = [
		record.but(image_id=f"{PLANTED}-{n}", patient=f"{PLANTED}-{n}", split=other, sha256="", duplicate_of="")
		for n, record in enumerate(victims)
	]
	for film, record in zip(planted, victims):
		compared[film.image_id] = copies.thumbnail(altered(open_grey(locate(record))))
	pairs, found = copies.find(compared), 0
	for film in planted:
		beyond = {each.image_id for each in planted if each is not film}
		its = [pair for pair in pairs if film.image_id in (pair.first, pair.second) and not beyond & {pair.first, pair.second}]
		found += _reported(groups.mark_copies([*manifest.records, film], its, remove=False), manifest)
	least = len(planted) // 2 + 1
	title = f"altered copies of {counted(len(planted), 'training film')} planted among the held-out films"
	return ControlRow("leak-copy", title, f"the leak gate reports {least} or more", f"{found} of {len(planted)} reported", found >= least)


def _victims(films: Films) -> tuple[list[Record], str]:
	"""The films whose patients are in training alone, always in one order, and the split that they leak into. Raises BadInput."""
	in_other_splits = set(films.groups[films.splits != "train"])
	training = [record for record, group in zip(films.records, films.groups) if group not in in_other_splits]
	if not training or not films.held_out:
		raise BadInput("the manifest has no split that a film could leak into")
	return training, films.held_out


def altered(grey: Image.Image) -> Image.Image:
	"""The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
	width, height = grey.size
	cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
	file = io.BytesIO()
	cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
	return Image.open(file).convert("L")


def _reported(records: Sequence[Record], manifest: Manifest) -> bool:
	"""Whether the leak gate reports more for these records than for the manifest's own."""
	return len(splits.leaks(records, groups.groups_of(records))) > len(manifest.leaks)
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
	"published": ("published", lambda row: (row.model, row.films)),
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


def merged(rows: dict[str, list], earlier: Audits | None, anew: frozenset[str] = frozenset()) -> tuple[dict[str, list], frozenset[str]]:
	"""({field: rows} of this audit, with those of the earlier one that it does not have; the parts that have such ones)."""



	if earlier is None:
		return rows, frozenset()
	together: dict[str, list] = dict(rows)
	kept: set[str] = set()
	for part, (field, name_of) in KEYS.items():
		new, old = rows.get(field), getattr(earlier, field) or []
		known = {name_of(row) for row in new or [] if _says_something(row)}
		stay = [row for row in old if name_of(row) not in known and _says_something(row) and not _is_about(part, row, anew)]
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


def _is_about(part: str, row: Any, names: frozenset[str]) -> bool:
	"""Whether a row is about external films of one of these names."""
	return (part == "external" and row.name in names) or (part == "published" and row.films in names)


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
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE
from cxrkit.evaluation.metrics import Figure
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
	PublishedRow,
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
	published: list[PublishedRow] = field(default_factory=list)
	attention: Attention | None = None
	reasons: Mapping[str, str] = field(default_factory=dict)
	kept: frozenset[str] = frozenset()
	films_here: bool = True

	@property
	def best(self) -> NetworkRow | None:
		"""The network with the largest area; None where no network was asked, or none has an area with an interval."""
		known = [row for row in self.networks if row.area.auc.bounded]
		return max(known, key=lambda row: row.area.auc.value, default=None)

	def of_best(self, rows: list) -> list:
		"""Those of the rows that are about the best network."""
		return [row for row in rows if self.best and row.architecture == self.best.architecture]

	def known_baselines(self, names: tuple[str, ...]) -> list[BaselineRow]:
		return [row for row in self.baselines if row.name in names and row.area.auc.bounded]

	@property
	def wholes(self) -> dict[tuple[str, int], MaskRow]:
		"""{(architecture, seed): its row of the whole picture}."""
		return {(row.architecture, row.seed): row for row in self.masking if row.share == 0 and row.area.auc.bounded}

	def hidden(self, mask: str, retrained: bool | None = None) -> list[MaskRow]:
		"""The rows with the box around the lungs blacked out ("centre"), or all but it ("surround"), of networks whose whole is known."""
		rows = [row for row in self.masking if row.mask == mask and row.side == LUNGS and row.area.auc.bounded]
		return [row for row in rows if (row.architecture, row.seed) in self.wholes and retrained in (None, row.retrained)]

	@property
	def fixed_that_count(self) -> list[HeldFixedRow]:
		"""The best network's rows with the source held fixed, where there are several, and with the age, where most are known."""
		rows = self.of_best(self.held_fixed)
		of_source = [row for row in rows if row.fixed == "source" and self.counts.sources > 1]
		return of_source + [row for row in rows if row.fixed == "age" and row.not_known <= row.within.auc.n + row.without_partner]

	def falls(self, fact: str) -> list[Figure]:
		"""How much area the best network loses with a fact of the films held fixed: within strata, and on pairs alike in it alone."""
		of_strata = [row.fall for row in self.fixed_that_count if row.fixed == fact]
		return of_strata + [row.fall for row in self.of_best(self.matched) if row.by == [fact]]

	def state(self, part: str) -> PartState:
		"""Whether the part was done as far as the conclusions need it."""
		if part == "held-fixed" and self.best and self.counts.sources == 1 and not self.fixed_that_count:
			return PartState(part, "not applicable", "the films come from one source, and their patients' ages are not known", "")
		if part == "sources" and self.counts.sources == 1:
			return PartState(part, "not applicable", "the films come from one source", "")
		why = LACKS[part](self)
		if why is None:
			return PartState(part, "done", "", "", part in self.kept)
		partly = part == "external" and bool(self.of_best(self.external))
		return PartState(part, "not done", self.reasons.get(part) or why, self._command(part), part in self.kept, partly)

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


HELD_OUT = "held out"
"""What a published model's row calls the run's own films."""
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
	if any(row.loss.bounded for row in rows):
		return None
	mixed = [row.name for row in rows if row.drop.auc.bounded]
	if mixed:
		return f"each source of the films of {mixed[0]} has one class"
	for row in rows:
		if row.positives in (0, row.n):
			label, rate = (LABEL_WORDS[POSITIVE], "sensitivity") if row.positives else (LABEL_WORDS[NEGATIVE], "specificity")
			return f"the films of {row.name} are all {label}: their {rate} is known, and one class has no AUC"
	if rows:
		return f"the AUC on the films of {rows[0].name} has no interval"
	return "no films of another hospital were named" if evidence.networks else NO_NETWORK


def _sources(evidence: Evidence) -> str | None:
	return None if evidence.sources else "no source has patients enough"


def _attention(evidence: Evidence) -> str | None:
	return None if evidence.attention else "not asked for" if evidence.networks else NO_NETWORK


def _published(evidence: Evidence) -> str | None:
	return None if evidence.published else "not asked for" if evidence.networks else NO_NETWORK


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
	"published": _published,
	"retraining": _retraining,
}
"""{part: function from the Evidence to what it lacks, in words, or None where the part was done}."""
'''[1:]


# ======================================
# cxrkit/audit/external.py
# ======================================

FILES['cxrkit/audit/external.py'] = r'''
"""External validation: what remains of the scores on films of another hospital, and whether the probabilities still mean what they say."""





from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from cxrkit.audit import baselines, probes, subgroups
from cxrkit.audit.films import Films
from cxrkit.audit.subgroups import Answers
from cxrkit.data import cache, copies, sources
from cxrkit.data import manifest as manifests
from cxrkit.data.cache import Locate
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, POSITIVE, Record, copy_of, exclude
from cxrkit.data.sources import Source
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import Calibration, calibration, fit_temperature, tempered
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted, say
from cxrkit.results import Results
from cxrkit.schema import BaselineRow, Drop, ExternalRow, ExternalScaling, SideScore

OWN_PATIENT = "of a patient of the run's"
"""Why an external film is left out whose patient, by its key, the run has."""
LEAST_OF_A_CLASS = 200
"""Films of a class, or all there are, that a sample keeps at the cost of the other class's: of 100, a rate of 0.9 is known within 0.06."""


@dataclass(frozen=True)
class ExternalFilms:
	"""Films of another hospital, with the facts of their files."""





	name: str
	manifest: Manifest
	locate: Locate
	thumbnails: dict[str, np.ndarray]
	sampled_from: int | None = None


def records_of(source: Source) -> tuple[list[Record], dict[str, str]]:
	"""The records of external films as their reader gives them, and where their folders lie; no film is opened."""



	if source.root.suffix != ".csv":
		return source.read(), manifests.roots_of([source])
	try:
		records, roots = list(manifests.read(source.root).records), manifests.read_roots(source.root)
	except BadInput as error:
		raise BadInput(error.what, error.where, f"{error.next}; a folder of films, with a table in it or without, is NAME=DIR") from error
	if not roots:
		what = "It is not known where the external manifest's images lie."
		raise BadInput(what, source.root, "build it on this machine: python -m cxrkit manifest build")
	return records, roots


def check(texts: Iterable[str], own: Iterable[str | Path] = ()) -> None:
	"""Raise WrongUse or BadInput for external films that could not be asked about, before hours are spent on training. own: as below."""
	for source in not_own(sources.externals(texts), own):
		records_of(source)


def not_own(named: list[Source], own: Iterable[str | Path]) -> list[Source]:
	"""The sources of external films. own: where the run's films and its manifest lie. Raises WrongUse for a source that is one of these."""
	taken = {Path(place).resolve() for place in own}
	for source in named:
		if source.root.resolve() in taken:
			raise WrongUse(f"The external films {source.name!r} are the run's own.", source.root, "name films of another hospital")
	return named


def sampled(records: Sequence[Record], most: int, seed: int = 0) -> list[Record]:
	"""The records, those excluded that a sample of at most so many films leaves out, 0 for none; patients stay whole."""




	used = [record for record in records if record.used]
	if not most or len(used) <= most:
		return list(records)
	films_of: dict[str, list[Record]] = defaultdict(list)
	for record in used:
		films_of[record.patient or record.image_id].append(record)
	positive = {key for key, films in films_of.items() if any(record.label == POSITIVE for record in films)}
	sides = [sorted(positive), sorted(set(films_of) - positive)]
	there = [sum(len(films_of[key]) for key in side) for side in sides]
	least = [min(count, LEAST_OF_A_CLASS, most // 2) for count in there]
	first = round(min(max(most * there[0] / len(used), least[0]), most - least[1]))
	kept: set[str] = set()
	for side, quota in zip(sides, (first, most - first)):
		taken = 0
		for key in sorted(side, key=lambda key: sha256(f"{seed}/{key}".encode()).hexdigest()):
			if taken + len(films_of[key]) <= quota:
				taken += len(films_of[key])
				kept |= {record.image_id for record in films_of[key]}
	return exclude(records, lambda record: "" if record.image_id in kept else f"not in the sample of {most} films")


def read(
	source: Source,
	folder: Path | None = None,
	size: int | None = None,
	resize: str = "squish",
	exclude_views: Sequence[str] = (),
	most: int = 0,
) -> ExternalFilms:
	"""External films of any reader, or of a manifest.csv with its roots."""




	records, roots = records_of(source)

	def reason(record: Record) -> str:
		if record.label not in LABELS:
			return "no label"
		return f"view {record.view}: the run has none" if record.view in exclude_views else ""

	whole, locate = exclude(records, reason), sources.locator(roots)
	records = sampled(whole, most)
	number, there = (sum(record.used for record in each) for each in (records, whole))
	if number < there:
		say(
			f"films from elsewhere: {source.name} is asked about by a sample of {number:,} of its {there:,} films, whole patients, fixed seed"
		)
	drawn = {record.image_id for record, of_whole in zip(records, whole) if record.used or not of_whole.used}
	opened, thumbnails = cache.add_facts([record for record in records if record.image_id in drawn], locate, folder, size, resize=resize)
	facts = {record.image_id: record for record in opened}
	records = [facts.get(record.image_id, record) for record in records]
	return ExternalFilms(source.name, Manifest(tuple(records)), locate, thumbnails, there if number < there else None)


def why_none(external: ExternalFilms) -> str:
	"""Why no film of a set is left, by the commonest reasons."""
	twice = "a picture that the run has, or that stands there twice"
	reasons = Counter(twice if record.is_removed_copy else record.excluded for record in external.manifest.records)
	told = "; ".join(f"{count:,} x {reason}" for reason, count in reasons.most_common(3))
	return f"no film is left to be asked about ({told or 'there is none'})"


def without_copies(external: ExternalFilms, internal: Manifest, thumbnails: dict[str, np.ndarray]) -> ExternalFilms:
	"""The external films, those excluded that show a picture which the run has, in any split, or which stands there twice, and those of ..."""





	of_bytes = {record.sha256: record.image_id for record in internal.used}
	records = external.manifest.records
	original = {record.image_id: of_bytes[record.sha256] for record in records if record.sha256 in of_bytes}
	together = {("internal", name): thumbnail for name, thumbnail in thumbnails.items()}
	together |= {("external", name): thumbnail for name, thumbnail in external.thumbnails.items()}
	for pair in copies.find(together):
		(_, stays), (place, name) = sorted((pair.first, pair.second), reverse=True)
		if place == "external":
			original.setdefault(name, stays)
	of_run = {record.patient for record in internal.used if record.patient}

	def reason(record: Record) -> str:
		if record.image_id in original:
			return copy_of(original[record.image_id])
		return OWN_PATIENT if record.patient in of_run else ""

	left = exclude(records, reason)
	if external.manifest.used and not any(record.used for record in left):
		say(f"films from elsewhere: the run has all pictures or patients of {external.name}, so that it tells nothing of another hospital")
	own = sum(record.excluded == OWN_PATIENT for record in left)
	if own:
		say(f"films from elsewhere: {external.name} has {counted(own, 'film')} of patients of the run's, left out")
		say("  Where its numbers are other people's, give it a name that no source of the run has: --external KIND:NAME=DIR")
	return replace(external, manifest=Manifest(tuple(left)))


def lungless(external: ExternalFilms, images: np.ndarray | None = None) -> BaselineRow | None:
	"""What tells the classes of external films apart best without a look at the lungs: the set's own affair, whichever network is asked."""



	return baselines.nearest(Films.of(external.manifest, images))


def row(
	external: ExternalFilms,
	architecture: str,
	p_covid: np.ndarray,
	results: Results,
	without_lungs: BaselineRow | None = None,
	marked: Figure | None = None,
) -> ExternalRow:
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
			within=_lost_within(films, outside, of_internal.auc),
		),
		scaling=ExternalScaling(
			temperature=temperature,
			before=_calibration(outside),
			after=_calibration(cooled),
		),
		subgroups=subgroups.rows(outside, inside, threshold),
		sampled_from=external.sampled_from,
		lungless=without_lungs,
		outside=marked,
	)


def _lost_within(films: Films, outside: Answers, internal: Figure) -> Figure | None:
	"""The internal area minus that among external films of one source: where source and class are one there, a high area shows nothing."""
	if len(np.unique(films.sources)) < 2:
		return None
	told = films.is_told
	inside = areas.within_strata(outside.is_covid[told], outside.p_covid[told], films.sources[told], outside.groups[told])
	return probes.difference(internal, inside) if inside.known else inside


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
from cxrkit.data.records import POSITIVE, Record, untold_sources

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
	def is_told(self) -> np.ndarray:
		"""n booleans: whether a film's source is known, see records.untold_sources."""
		return ~np.isin(self.sources, sorted(untold_sources(self.records)))

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
# cxrkit/audit/headlines.py
# ======================================

FILES['cxrkit/audit/headlines.py'] = r'''
"""The verdict in a line: can the scores be trusted, in a few words, and its reasons, the gravest first."""

from cxrkit.audit.conclusions import CONCLUSIONS
from cxrkit.audit.rules import MISSING_PREFIX, RULE_PREFIX, SHORTCUT, capital, listed
from cxrkit.schema import Conclusion, Reason

ANSWERS = {
	"audit-failed": "Not known. The audit failed its own controls.",
	"leak": "No. Patients or pictures stand in two splits.",
	"source-shortcut": "No. The score rests on where films come from.",
	"border-shortcut": "No. The score does not rest on the lungs.",
	"thumbnail": "No. A thumbnail does as well.",
	"chance": "No. No network is shown to beat guessing.",
	"no-transfer": "No. The scores fall on external films.",
	"partial-shortcut": "Not in full. Part may be a shortcut.",
	"too-few": "Not known. There are too few patients.",
	"unknown": "Not known. The audit is not complete.",
	"no-shortcut-found-inside": "Not known for other hospitals. No shortcut found here.",
	"no-shortcut-found": "Not yet shown. No shortcut was found.",
	"supported": "Yes, for patients like these.",
}
"""{conclusion: the answer to "Can the scores be trusted?"}."""
NO_AUDIT = "Not known. No audit was run."
OPEN = {
	MISSING_PREFIX: ANSWERS["unknown"],
	"lungs-alone": "Not known. Shown the lungs alone, a network only guesses.",
	"fixed-": "Not known. Too few films are alike in {}.",
	"external-few": "Not known. There are too few external films.",
}
"""{how the name of a rule begins: what it leaves open}, the gravest first."""
FIXED = "No. The score vanishes with the {} held fixed."
GIVES_AWAY = {
	"age": "age",
	"view": "the view",
	"sex": "sex",
	"file": "file facts",
	"source": "the source",
	"border": "the picture\u2019s edge",
}
"""{baseline that sees no lung: its short name}."""
FEW = ("patients", "width")


def headline(found: Conclusion) -> str:
	"""The answer in a sentence or two; too few patients are said beside what was found, not in its place."""
	answer = _lungless(found) or _fixed(found) or _left_open(found) or ANSWERS[found.conclusion]
	few = found.conclusion != "too-few" and any(reason.rule in FEW for reason in found.reasons)
	return f"{answer} There are too few patients, too." if few else answer


def ordered(found: Conclusion) -> list[Reason]:
	"""Its reasons, the gravest first."""
	order = list(CONCLUSIONS)
	return sorted(found.reasons, key=lambda reason: order.index(reason.leads_to))


def _lungless(found: Conclusion) -> str:
	"""Where the conclusion rests on baselines that see no lung: which they are."""
	shortcut = found.conclusion in ("source-shortcut", "border-shortcut")
	alike = ("source-shortcut", "border-shortcut") if shortcut else ("partial-shortcut",)
	rows = {reason.rule.removeprefix(RULE_PREFIX): reason for reason in found.reasons if reason.leads_to in alike}
	names = [name for name in GIVES_AWAY if name in rows]
	if not names or found.conclusion not in alike or not any(rows[name].leads_to == found.conclusion for name in names):
		return ""
	strong = [name for name in names if (rows[name].value or 0) >= SHORTCUT]
	names = strong if shortcut and strong else names
	which, many = capital(listed([GIVES_AWAY[name] for name in names])), len(names) > 1 or names == ["file"]
	if not shortcut:
		return f"Not in full. {which} {'explain' if many else 'explains'} a part."
	if strong:
		return f"No. {which} alone {'tell' if many else 'tells'} the classes apart."
	return f"No. {which} alone {'do' if many else 'does'} as well."


def _fixed(found: Conclusion) -> str:
	fixed = [name for reason in found.reasons if reason.leads_to == "source-shortcut" and (name := _held(reason))]
	return FIXED.format(fixed[0]) if found.conclusion == "source-shortcut" and fixed else ""


def _held(reason: Reason) -> str:
	"""What the rule of a reason holds fixed; an empty text for another rule."""
	return reason.rule.removeprefix("fixed-") if reason.rule.startswith("fixed-") else ""


def _left_open(found: Conclusion) -> str:
	"""Where it is not known whether a shortcut was taken: why not."""
	open_ones = [reason for reason in found.reasons if reason.leads_to == found.conclusion == "unknown"]
	for start, answer in OPEN.items():
		if reason := next((reason for reason in open_ones if reason.rule.startswith(start)), None):
			return answer.format(_held(reason))
	return ""
'''[1:]


# ======================================
# cxrkit/audit/heatmap.py
# ======================================

FILES['cxrkit/audit/heatmap.py'] = r'''
"""Heat maps: how an attention map is drawn over a film, and how such pictures are saved."""

from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.files import replacing

THUMBNAIL = 224
"""Pixels a side of the film and of its map in a picture of the gallery."""
AMBER = np.array([255, 176, 0], np.float32)
"""The map's colour: told from grey by everyone. Its red less its blue is 255, so that a pixel's opacity can be read back."""
OPACITY = 0.65
"""Of a map where it is greatest."""


def overlay(image: np.ndarray, attended: np.ndarray) -> np.ndarray:
	"""A grey square, uint8 [size, size], under a map from 0 to 1 of the same size: uint8 [size, size, 3]."""
	opacity = OPACITY * attended[..., None]
	return np.rint(image[..., None] * (1 - opacity) + AMBER * opacity).astype(np.uint8)


def beside(image: np.ndarray, attended: np.ndarray, side: int = THUMBNAIL) -> Image.Image:
	"""The film, and beside it the film under its map, as a PIL image."""
	pair = np.hstack([np.repeat(image[..., None], 3, -1), overlay(image, attended)])
	return Image.fromarray(pair).resize((2 * side, side), Image.Resampling.BILINEAR)


def save(path: Path, picture: Image.Image) -> None:
	"""Write a PIL image as a small PNG of 256 colours, without any metadata."""
	with replacing(path) as temporary:
		picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(temporary, format="PNG", optimize=True)
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











from collections.abc import Callable
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
MACHINES = 1.25
"""Factor by which the range of sharpness is widened, for machines of other hospitals differ in it."""
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


SHARPNESS = (
	"it is less sharp than the training films: blurred, or enlarged from few pixels",
	"it is sharper or noisier than the training films",
)
FRAMING = (
	"it shows less of the chest than the training films: cropped, or taken from nearer",
	"the chest is smaller in it than in the training films: padded, or taken from farther away",
)
"""What is said of a film below the range, and above it."""


@dataclass(frozen=True)
class Range:
	"""Between which values the films of a class are accepted that fit it in all else."""

	label: str
	n: int
	low: float
	high: float

	@classmethod
	def of(cls, label: str, values: np.ndarray, accepted: float) -> "Range":
		"""Of n values, the range that holds the accepted share of them."""
		low, high = np.quantile(values, [(1 - accepted) / 2, (1 + accepted) / 2])
		return cls(label, len(values), float(low), float(high))

	def wider(self, factor: float) -> "Range":
		middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
		return Range(self.label, self.n, middle - factor * half, middle + factor * half)

	def place(self, values: np.ndarray) -> np.ndarray:
		"""Where values lie in it: 0 in its middle, -1 at its lower end, 1 at its upper one."""
		return (values - (self.low + self.high) / 2) / max((self.high - self.low) / 2, 1e-9)


@dataclass(frozen=True)
class Quality:
	"""What the training films are like. zoom: weights of the edges and a constant; sharpness, framing: a Range a class."""

	zoom: np.ndarray
	sharpness: list[Range]
	framing: list[Range]

	def places(self, images: np.ndarray) -> np.ndarray:
		"""Where grey squares, uint8 [n, size, size], lie in the ranges of sharpness and of framing: [classes, 2, n]."""
		sharp, zoom = sharpness(images), framing(edges(images), self.zoom)
		return np.array([[own.place(sharp), of.place(zoom)] for own, of in zip(self.sharpness, self.framing)])


def describe(
	images: Callable[[np.ndarray], np.ndarray], labels: np.ndarray, groups: np.ndarray, accepted: float
) -> tuple[Quality, np.ndarray]:
	"""The Quality of n films of which `accepted`, a share, lies within each range, and where each lies in those of its class, 2 x n."""





	rows, kinds = np.arange(len(labels)), np.unique(labels)
	sharp, seen = _by_portions(images, rows, sharpness), _by_portions(images, rows, edges)
	learned = np.concatenate([_spread(rows[labels == kind]) for kind in kinds])
	altered = _by_portions(images, learned, lambda squares: np.stack([edges(kind) for kind in _altered(squares)], axis=1))
	weights = 1 / np.array([(labels[learned] == labels[row]).sum() for row in learned])
	zoom = np.zeros(len(labels))
	for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(seen, groups=groups):
		chosen = np.isin(learned, rest)
		zoom[held] = framing(seen[held], _fitted(altered[chosen], weights[chosen]))
	places, ranges = np.zeros((2, len(labels))), []
	for row, (measured, wider) in enumerate(((sharp, MACHINES), (zoom, 1))):
		ranges.append([Range.of(str(kind), measured[labels == kind], accepted).wider(wider) for kind in kinds])
		for kind, known in zip(kinds, ranges[-1]):
			places[row, labels == kind] = known.place(measured[labels == kind])
	return Quality(_fitted(altered, weights), *ranges), places


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
	return standardised(thumbnails(images, side))


def standardised(thumbs: np.ndarray) -> np.ndarray:
	"""n thumbnails, of any shape, as rows of mean 0 and deviation 1."""
	thumbs = thumbs.reshape(len(thumbs), -1)
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
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cxrkit.audit import borders, probes, quality
from cxrkit.audit.borders import Borders
from cxrkit.audit.films import Films
from cxrkit.audit.quality import FRAMING, SHARPNESS, SIDE, Quality, Range, contrasted, standardised
from cxrkit.data.manifest import Manifest
from cxrkit.data.pixels import Pixels
from cxrkit.data.records import LABELS
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.files import read_json, reading, write_text

FILE = "reference.json"
VERSION = 4
"""1 knew neither sharpness nor framing, nor how far the seeds lie apart; 2 had a limit for each of the measures; 3 knew no borders."""
ACCEPTED = 0.95
"""Share of the training films of each class, each measured by films of other patients, by which the limit of all measures is set: not
the last hundredth, which in merged collections are odd pictures, and made the limit so wide that half of a chest passed."""
ELSEWHERE = 1.2
"""Factor by which the limit is widened beyond ACCEPTED, for films of other hospitals lie farther away, and no training film tells by how much."""
WHOLE = -1.0
"""The least log odds, by the regression, of a film that is whole and hangs as it should."""
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
	borders: Borders
	spreads: dict[str, float]

	def measures(self, images: np.ndarray) -> np.ndarray:
		"""How grey squares, uint8 [n, size, size], lie to the films of the class that they fit best: [3, n], their distance, and their ..."""


		thumbs = contrasted(images)
		distances = np.sqrt([cloud.distances(thumbs) / cloud.limit for cloud in self.clouds])
		of_class = np.concatenate([distances[:, None], self.quality.places(images)], axis=1)
		return np.take_along_axis(of_class, (of_class**2).sum(1).argmin(0)[None, None], axis=0)[0]

	def lies_upright(self, images: np.ndarray) -> np.ndarray:
		"""n booleans: whether squares look like whole films as they hang, not turned, upside down, inverted, halved or doubled."""
		return contrasted(images) @ self.upright[:-1] + self.upright[-1] >= WHOLE

	def share_outside(self, films: Films) -> Figure:
		"""The share of films, whose squares are there, that `doubts` has a word against. Of their colour nothing is known."""
		marked = [bool(self.doubts(image, film.width, film.height)) for image, film in zip(films.images, films.records)]
		return metrics.proportion(sum(marked), len(marked), metrics.effective_n(films.groups))

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
		doubts += self.borders.doubts(image)
		if not self.lies_upright(image[None])[0]:
			doubts.append("it lies turned, upside down or inverted, shows half a chest or two, or is no frontal chest film")
		measures = self.measures(image[None])[:, 0]
		whole = float(np.sqrt((measures**2).sum()))
		if whole > 1:
			times, most = ELSEWHERE * whole, 100 * ACCEPTED
			distance = f"it is unlike the training films: in all, {times:.2f} times as far from them as {most:g} % of them are"
			named = zip(measures, ((distance, distance), SHARPNESS, FRAMING))
			doubts += [words[int(place > 0)] for place, words in named if place**2 > 1 / 3]  # one at least has its third of the limit
		return doubts


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
	seen, places = quality.describe(lambda rows: pixels.of(names[rows]), labels, groups, ACCEPTED)
	portions = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
	thumbs = np.concatenate([contrasted(pixels.of(portion)) for portion in portions])
	known_borders = Borders.of(np.concatenate([borders.widths(pixels.of(portion)) for portion in portions], axis=1))
	clouds, wider = [], []
	for label in np.unique(labels):
		own = labels == label
		cloud, apart = _cloud(str(label), thumbs[own], groups[own])
		together = np.sqrt(apart / cloud.limit + (places[:, own] ** 2).sum(0))
		wider.append(ELSEWHERE * float(np.quantile(together, ACCEPTED)))
		clouds.append(replace(cloud, limit=cloud.limit * wider[-1] ** 2))
	ranges = [[known.wider(factor) for known, factor in zip(each, wider)] for each in (seen.sharpness, seen.framing)]
	seen = Quality(seen.zoom, *ranges)
	sizes = [(record.width, record.height) for record in records if record.width and record.height]
	least, greatest = np.quantile([width / height for width, height in sizes] or [1], ENDS)
	pixels = float(np.quantile([min(size) for size in sizes] or [0], ENDS[0]))
	proportions = [float(least / SLACK), float(greatest * SLACK)]
	return Reference(clouds, _upright(thumbs, labels), proportions, pixels, seen, known_borders, spreads)


def _cloud(label, thumbs, groups):
	"""The Cloud of all thumbnails, and n squared distances to clouds of other patients' films, of which its limit holds ACCEPTED."""
	apart = np.zeros(len(thumbs))
	for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(thumbs, groups=groups):
		apart[held] = Cloud.around(label, thumbs[rest]).distances(thumbs[held])
	return replace(Cloud.around(label, thumbs), limit=float(np.quantile(apart, ACCEPTED))), apart


def _upright(thumbs, labels):
	"""Weights and constant of a regression between films and altered ones; classes count alike."""
	squares, half = thumbs.reshape(-1, SIDE, SIDE), SIDE // 2
	narrow = squares.reshape(-1, SIDE, half, 2).mean(-1)
	altered = (
		*(squares[:, ::-1], np.rot90(squares, 1, (1, 2)), np.rot90(squares, 3, (1, 2)), -squares),
		*(np.repeat(side, 2, axis=2) for side in (squares[..., :half], squares[..., half:])),
		np.concatenate([narrow, narrow], axis=2),
	)
	seen = np.concatenate([thumbs, *(standardised(each) for each in altered)])
	is_film = np.repeat([True, False], [len(thumbs), len(altered) * len(thumbs)])
	counts = np.array([(labels == label).sum() for label in labels])  # each film's class, or all films where few are of one
	weights = np.tile(1 / counts, 1 + len(altered)) * np.where(is_film, 1, 1 / len(altered))
	fitted = LogisticRegression(C=0.01, max_iter=2000).fit(seen, is_film, sample_weight=weights / weights.mean())
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
			clouds,
			np.array(content["upright"], float),
			content["proportions"],
			content["pixels"],
			seen,
			Borders(**content["borders"]),
			content["spreads"],
		)
		reference.doubts(np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE), 1, 1)
		return reference, ""
'''[1:]


# ======================================
# cxrkit/audit/retraining.py
# ======================================

FILES['cxrkit/audit/retraining.py'] = r'''
"""Retraining tests: networks trained anew on masked films, without one source, and on permuted labels (`--retrain`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

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
from cxrkit.training.executors import Shared
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.machine import Machine
from cxrkit.training.stages import Job

SIDES = (0.4, 0.6, LUNGS)
"""Sides of the central box under which a network is trained anew."""
Altered: TypeAlias = tuple[Iterable[Record], Pixels, str]
"""Records and pixels to train on, and the word for what was changed in them."""


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
	executor: Shared | None = None  # where trainings run, instead of this machine

	def predictions(self, records: Iterable[Record], pixels: Pixels, alteration: str) -> dict[str, float]:
		"""{image_id: p_covid} of the films that are held out, by one network trained on these records and pixels."""




		return self.each([(records, pixels, alteration)])[0]

	def each(self, altered: Sequence[Altered]) -> list[dict[str, float]]:
		"""predictions() of each; elsewhere they are trained at the same time."""
		experiment = replace(self.experiment, architectures=(self.network.architecture,), seeds=(self.network.seed,))
		if self.executor is not None:
			machine = self.executor.machine(experiment, len(altered))
			return self.executor.shared(lambda each, executor: self._trained(experiment, machine, executor, *each), altered)
		machine = Machine.choose(experiment, Choice(self.device, "where the networks are asked"), 1)
		return [self._trained(experiment, machine, None, *each) for each in altered]

	def _trained(self, experiment, machine, executor, records, pixels, alteration) -> dict[str, float]:
		records, job = tuple(records), Job(self.network.architecture, self.network.seed)
		folder = self.folder / alteration
		identity = sha256_of_json([alteration, sorted([r.image_id, r.sha256, r.label, r.split] for r in records if r.used)])

		home = JobFolder(folder / job.name)
		jobs.run(experiment, loaders.of_pixels(pixels, records, machine.holder), identity, folder, machine, executor=executor)
		if not home.done():
			reason = jobs.failures(experiment, folder).get(job.name, "it did not end")
			raise BadInput(
				f"The training of {job.name} on altered data ({alteration}) failed: {reason}", folder, "look at failed.json there"
			)
		return dict(home.stage(UNFROZEN).predictions)

	def masked(self) -> list[MaskRow]:
		"""The network trained anew on masked films, and scored on held-out films under the same mask."""
		held, wanted = self.films.judged, [(mask, side) for mask in masking.MASKS for side in SIDES]
		altered = [
			(self.films.records, Pixels(masking.masked(self.pixels.images, mask, side), self.pixels.rows), f"{mask}-{round(100 * side)}")
			for mask, side in wanted
		]
		rows = []
		for (mask, side), p_covid in zip(wanted, self.each(altered)):
			seen = np.array([p_covid[image_id] for image_id in held.image_ids])
			rows.append(masking.row(self.network, mask, side, seen, held, retrained=True))
		return rows

	def without_each_source(self) -> list[SourceRow]:
		"""Each source's films, and the held-out films of the others, scored by a network that was trained without the source."""
		films, rows, left_out = self.films, [], []
		for source in np.unique(films.sources[films.is_told]):
			of_source = films.sources == source
			others = ~of_source & films.is_told  # a film that may be of the source teaches nothing either
			training = (films.splits == "train") & others
			judged = (of_source & ~np.isin(films.groups, films.groups[training])) | (films.splits == films.held_out)
			if not any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (training, judged)):
				left_out.append((source, of_source, judged, others))
		altered = []
		for source, _, judged, others in left_out:
			places = np.where(judged, films.held_out, films.splits)
			records = [record.but(split=str(place)) for record, place, kept in zip(films.records, places, judged | others) if kept]
			altered.append((records, self.pixels, f"without-{source}"))
		for (source, of_source, judged, _), p_covid in zip(left_out, self.each(altered)):
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
			title=f"labels permuted at random, {self.network.architecture} trained on them",
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
from cxrkit.data.records import LABEL_WORDS, MATCHABLE
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.schema import Area, BaselineRow, Reason
from cxrkit.tables import number_text

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of an interval of areas; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area without a look at the lungs, of a baseline or a network, at which the answer is given away."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
COVERS = 0.5
"""Share of the films of either class of which a fact must be known to speak for all: below it those that have it may be chosen ones."""
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
MOST_FALL = 0.05
"""Upper limit of the area that may fall once source, age, view or sex is held fixed: half of what may be lost elsewhere (audit/support.py)."""
HALF = 0.5
"""Share of an area above chance; what may have kept more than this has not been shown to fall to chance."""

KIND = dict.fromkeys(LUNGLESS_BASELINES, "source-shortcut") | {"border": "border-shortcut"}
AUC, LOWER, UPPER, WIDTH = "AUC", "lower limit of the AUC", "upper limit of the AUC", "width of the interval of the AUC"
SHARE = "share that is left of the AUC above 0.5"
"""What the value of a Reason is."""
FIXABLE = ("source", *MATCHABLE)
"""Baselines that can be held fixed."""
RULE_PREFIX, MISSING_PREFIX = "lungless-", "missing-"
"""Of the rules about baselines that see no lung, and about parts that were not done."""


def capital(text: str) -> str:
	return text[0].upper() + text[1:]


def listed(names: list[str]) -> str:
	"""`a`, `a and b`, `a, b and c`."""
	return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def told(figure: Figure | Area) -> str:
	"""A figure with its interval, in words."""
	figure = figure.auc if isinstance(figure, Area) else figure
	return f"{number_text(figure.value, 3)} [{number_text(figure.low, 3)} to {number_text(figure.high, 3)}]"


def fallen(now: Figure, was: Figure) -> str:
	"""How much less an area is than another: "to chance", "shown" where the intervals lie apart, or an empty text."""
	if not now.bounded or not was.bounded or was.value <= 0.5 + CLEARLY:
		return ""
	if now.low <= 0.5 and now.high - 0.5 <= HALF * (was.value - 0.5):
		return "to chance"
	return "shown" if was.value - now.value >= DROP and now.high < was.low else ""


def failed_controls(evidence: Evidence) -> Iterator[Reason]:
	for row in evidence.controls:
		if not row.passed:
			what = f"A control of the audit failed ({row.title}; expected: {row.expected}; found: {row.found})."
			yield Reason("controls", what, None, None, "audit-failed")


def leaks(evidence: Evidence) -> Iterator[Reason]:
	count = evidence.counts.leaks
	if count:
		what = "One patient or picture stands in two splits." if count == 1 else f"{count} patients or pictures stand in two splits."
		yield Reason("leaks", what, count, 0, "leak", "patients or pictures in two splits")


def too_few(evidence: Evidence) -> Iterator[Reason]:
	judged = evidence.counts.judged
	for label, count in (("covid", judged.covid_patients), ("normal", judged.normal_patients)):
		if count < FEWEST_PATIENTS:
			what = f"The films that are judged come from only {counted(count, LABEL_WORDS[label] + ' patient')}."
			yield Reason("patients", what, count, FEWEST_PATIENTS, "too-few", f"{LABEL_WORDS[label]} patients")
	widths = [row.area.auc.width for row in evidence.networks if row.area.auc.width is not None]
	if widths and min(widths) > WIDEST:
		what = f"The interval of every network's AUC is at least {min(widths):.2f} wide."
		yield Reason("width", what, min(widths), WIDEST, "too-few", WIDTH)


def lungless(evidence: Evidence) -> Iterator[Reason]:
	"""Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that."""




	best = evidence.best.area.auc.value if evidence.best else None
	for row in evidence.known_baselines(LUNGLESS_BASELINES):
		value, low = row.area.auc.value, row.area.auc.low
		covered = _covered(evidence, row.area)
		equals = best is not None and value >= best - AS_GOOD and covered == 1
		if low <= PARTLY:
			continue
		decisive = (value >= SHORTCUT and covered >= COVERS) or equals
		where = (
			""
			if covered == 1
			else f", on the films for which it is known ({row.area.positives:,} COVID-19, {row.area.auc.n - row.area.positives:,} normal)"
		)
		reaches = "reach" if row.name == "file" else "reaches"  # size, colour mode, format and bytes
		what = f"{capital(row.title)} alone, without a look at the lungs, {reaches} an AUC of {told(row.area)}{where}."
		harmless = "" if decisive else _held_alike(evidence, row)
		if harmless:
			yield Reason(f"harmless-{row.name}", f"{what} {harmless}", low, PARTLY, "supported", LOWER)
			continue
		threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
		conclusion = KIND[row.name] if decisive else "partial-shortcut"
		yield Reason(RULE_PREFIX + row.name, what, value if decisive else low, threshold, conclusion, AUC if decisive else LOWER)


def _held_alike(evidence: Evidence, row: BaselineRow) -> str:
	"""Why a baseline explains nothing of the best network's score, or an empty text."""



	fact = row.name if row.name in FIXABLE else "source"
	falls = [fall for fall in evidence.falls(fact) if fall.bounded and fall.high < MOST_FALL]
	within = "" if row.name in FIXABLE else row.within
	if not falls or within is None or (within and not (within.bounded and within.low <= PARTLY)):
		return ""
	alone = f"Within one source that is {told(within)}, and with" if within else "With"
	name = short_name(evidence.best.architecture)
	return f"{alone} the {fact} held fixed {name} loses less than {MOST_FALL:g} in AUC ({told(falls[0])}), so this explains nothing of the score."


def _covered(evidence: Evidence, area: Area) -> float:
	"""The share of all films that an area is of, in the class of which it has less."""
	counts = evidence.counts
	return min(area.positives / max(counts.covid, 1), (area.auc.n - area.positives) / max(counts.normal, 1))


def lungs_hidden(evidence: Evidence) -> Iterator[Reason]:
	"""The network that keeps most with the lungs blacked out, asked so or trained anew on such films."""
	found = []
	for row in evidence.hidden("centre"):
		auc, full = _either_way(row.area.auc), evidence.wholes[row.architecture, row.seed].area.auc.value
		share = (auc.value - 0.5) / (full - 0.5) if full > PARTLY else 0
		how = "trained anew on films with the lungs blacked out" if row.retrained else "shown films with the lungs blacked out"
		what = f"{short_name(row.architecture)}, {how}, still reaches an AUC of {told(row.area)}, where whole films give {full:.3f}."
		if auc is not row.area.auc:
			what += f" Turned round, that is as good as {auc.value:.3f}."
		if auc.low > 0.5 and share >= KEPT:
			found.append((2, auc.value, Reason("lungs-hidden", what, share, KEPT, "border-shortcut", SHARE)))
		elif auc.low > PARTLY and auc.value >= SHORTCUT:
			found.append((2, auc.value, Reason("lungs-hidden", what, auc.value, SHORTCUT, "border-shortcut", AUC)))
		elif auc.low > PARTLY:
			found.append((1, auc.value, Reason("lungs-hidden", what, auc.low, PARTLY, "partial-shortcut", LOWER)))
	yield from [reason for _, _, reason in sorted(found, key=lambda item: item[:2])[-1:]]


def _either_way(auc: Figure) -> Figure:
	"""An area; one that lies below chance turned round, for the answer can be had from it as well."""
	turned = auc.high < 0.5
	return Figure(1 - auc.value, 1 - auc.high, 1 - auc.low, auc.n, auc.method) if turned else auc


def lungs_alone(evidence: Evidence) -> Iterator[Reason]:
	"""Networks that do no better than guessing with nothing but the lungs to see."""



	again = {row.architecture for row in evidence.hidden("surround", True)}
	for row in evidence.hidden("surround"):
		fall = fallen(row.area.auc, evidence.wholes[row.architecture, row.seed].area.auc)
		name, value = short_name(row.architecture), row.area.auc.high
		if fall and row.retrained:
			what = f"{name}, trained anew on films that show the lungs and nothing else, reaches an AUC of {told(row.area)}."
			yield Reason("lungs-alone", what, value, 0.5, "border-shortcut" if fall == "to chance" else "partial-shortcut", UPPER)
		elif fall == "to chance" and row.architecture not in again:
			what = f"Shown the lungs and nothing else, {name} reaches an AUC of {told(row.area)}: it needs the rest of the film, or is thrown off by the black ({RUN} --retrain tells)."
			yield Reason("lungs-alone", what, value, 0.5, "unknown", UPPER)


def lungs_needed(evidence: Evidence) -> Iterator[Reason]:
	"""The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
	best = evidence.best
	for row in evidence.of_best(evidence.hidden("centre", False)):
		if row.area.auc.low <= 0.5 <= row.area.auc.high and best.area.auc.value > 0.5 + CLEARLY:
			name = short_name(best.architecture)
			what = f"With the lungs blacked out {name} falls to {told(row.area)}, no better than guessing: it needs the middle of the film."
			yield Reason("lungs-needed", what, row.area.auc.low, 0.5, "supported", LOWER)
			break


def chance(evidence: Evidence) -> Iterator[Reason]:
	lows = [row.area.auc.low for row in evidence.networks if row.area.auc.low is not None]
	if lows and max(lows) <= 0.5:
		yield Reason("chance", "No network's interval lies above 0.5.", max(lows), 0.5, "chance", LOWER)


def coarse(evidence: Evidence) -> Iterator[Reason]:
	"""A thumbnail or histogram that no network is shown to beat on the same films."""
	rows = evidence.known_baselines(COARSE_BASELINES)
	if not rows:
		return
	row = max(rows, key=lambda row: row.area.auc.value)
	advantages = [network.advantage for network in evidence.networks if network.advantage and network.advantage.difference.bounded]
	if advantages:
		best = max(advantages, key=lambda advantage: advantage.difference.low)
		if best.difference.low <= 0 and best.coarse_auc > PARTLY:
			what = f"{capital(best.over_title)} reaches an AUC of {best.coarse_auc:.3f} on the same films, and no network is shown to do better."
			yield Reason("coarse", what, best.difference.low, 0, "thumbnail", "lower limit of the lead in AUC")
	elif row.area.auc.value >= COARSE:
		what = f"{capital(row.title)} reaches an AUC of {told(row.area)}."
		yield Reason("coarse", what, row.area.auc.value, COARSE, "thumbnail", AUC)


LOST = (
	*(("auc", "AUC"), ("within", "AUC with the source held fixed")),
	*(("sensitivity", "sensitivity"), ("specificity", "specificity")),
)
"""What a schema.Drop has: key and word."""


def elsewhere(evidence: Evidence) -> Iterator[Reason]:
	"""What the networks lose on each set of external films: the greatest loss whose interval excludes none."""
	for name in dict.fromkeys(row.name for row in evidence.external):
		for key, word in LOST:
			lost = [(row, getattr(row.drop, key)) for row in evidence.external if row.name == name]
			lost = [(row, drop) for row, drop in lost if drop and drop.bounded and drop.value >= DROP and drop.low > 0]
			if lost:
				row, drop = max(lost, key=lambda item: item[1].value)
				what = f"On the films of {name}, {short_name(row.architecture)} loses {told(drop)} in {word}."
				yield Reason(f"external-{key}", what, drop.value, DROP, "no-transfer", f"loss of {word}")
				break


def elsewhere_unclear(evidence: Evidence) -> Iterator[Reason]:
	"""External films, none of whose sets is large enough to show a loss or to exclude one."""
	rows = [row for row in evidence.of_best(evidence.external) if row.loss.bounded]
	if rows and min(row.loss.width for row in rows) > WIDEST:
		row = min(rows, key=lambda row: row.loss.width)
		what = f"On the {counted(row.n, 'film')} of {row.name} the loss in AUC is {told(row.loss)}: too few external films to tell."
		yield Reason("external-few", what, row.loss.width, WIDEST, "unknown", WIDTH)


def held_fixed(evidence: Evidence) -> Iterator[Reason]:
	"""Networks whose area falls once the source, the age or both are held fixed, and those of which it is not known."""
	for row in evidence.held_fixed:
		within, name = row.within.auc, short_name(row.architecture)
		start = f"With the {row.fixed} held fixed, {name} "
		if not within.bounded or not row.fall.bounded:
			if row in evidence.fixed_that_count:
				what = f"For no held-out film is there one of the other class with the same {row.fixed}, so the {row.fixed} cannot be held fixed."
				yield Reason(f"fixed-{row.fixed}", what, 0, 1, "unknown", "films with a partner")
		elif fallen(within, row.whole) == "to chance":
			what = start + f"reaches an AUC of {told(within)}, no better than guessing, where all films give {row.whole.value:.3f}."
			yield Reason(f"fixed-{row.fixed}", what, within.high, 0.5, "source-shortcut", UPPER)
		elif row.fall.value >= DROP and row.fall.low > 0:
			what = start + f"loses {told(row.fall)} in AUC, down to {told(within)}."
			yield Reason(f"fixed-{row.fixed}", what, row.fall.value, DROP, "partial-shortcut", "loss of AUC")
		elif within.width > WIDEST and row in evidence.fixed_that_count:
			what = (
				start
				+ f"reaches an AUC of {told(within)} on {counted(within.n, 'film')} with a partner of the other class: too few to tell."
			)
			yield Reason(f"fixed-{row.fixed}", what, within.width, WIDEST, "unknown", WIDTH)


def matched(evidence: Evidence) -> Iterator[Reason]:
	"""The network that loses most on pairs of films that are alike in view, age or sex."""
	lost = [row for row in evidence.matched if row.fall.bounded and row.fall.value >= DROP and row.fall.low > 0]
	for row in sorted(lost, key=lambda row: row.fall.value)[-1:]:
		what = f"On {counted(row.pairs, 'pair')} alike in {listed(row.by)}, {short_name(row.architecture)} loses {told(row.fall)} in AUC."
		yield Reason("matched", what, row.fall.value, DROP, "partial-shortcut", "loss of AUC")


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
			yield Reason(kind, what, row.area.auc.high, row.was.value, "source-shortcut" if proof else shown, UPPER)


def missing(evidence: Evidence) -> Iterator[Reason]:
	"""Parts that were not done, and without which no more can be concluded; the text ends with the command that does them."""
	for part, left in MISSING.items():
		state = evidence.state(part)
		if state.state == "not done":
			how, rest = ("done in part", "the rest") if state.partly else ("not done", "it")
			what = f"{capital(PARTS[part].title)}: {how} ({state.why}); to do {rest}: {state.command}"
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
		of_label = (films.is_told & (films.is_covid == (label == POSITIVE))).nonzero()[0]
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
	for source in np.unique(films.sources[films.is_told]):
		of_source = films.sources == source
		covid = is_covid_mostly(films, of_source)
		one_label = probes.too_few(films.is_covid[of_source], films.groups[of_source])
		judged = of_source | (films.is_covid != covid) if one_label else of_source
		few = any(probes.too_few(films.is_covid[part], films.groups[part]) for part in (judged, films.is_told & ~of_source))
		if few or of_source.all() or probes.patients(films.groups, of_source) < probes.FEWEST_PATIENTS:
			continue
		areas = []
		for learn_from in (films.is_told & ~of_source, np.ones(len(of_source), bool)):
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
	for source in np.unique(films.sources[films.is_told]):
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

from cxrkit.audit.films import Films, resized
from cxrkit.evaluation import metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.results import Results
from cxrkit.schema import StabilityRow

AMOUNT = 0.03
"""Share of the side by which a film is moved, cropped or padded."""
BLUR = 0.004
"""Share of the side: the blur's deviation."""
REPEATABILITY = 1.96 * 2**0.5
"""Standard deviations within which two measurements of one thing lie apart in 95 of 100 cases (Bland and Altman 1986, Lancet 1:307)."""
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


def asked(ask: Callable[[np.ndarray], np.ndarray], images: np.ndarray) -> np.ndarray:
	"""The probabilities of COVID-19 for n grey squares as they are and under each change: [1 + changes, n]."""




	return np.stack([ask(images), *(ask(np.ascontiguousarray(change(images))) for change in CHANGES.values())])


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
	"""{architecture, or ALL: the repeatability of p over its networks on the validation films}, of those with two at least."""




	rows = {name: results.required(name, "valid").p_covid for name in results.architectures if results.predictions(name, "valid")}
	if len(rows) > 1:
		rows[ALL] = np.concatenate([*rows.values()])
	return {name: REPEATABILITY * float(np.sqrt(np.var(p, axis=0, ddof=1).mean())) for name, p in rows.items() if len(p) > 1}


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
from cxrkit.data.records import Record, untold_sources
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Area, HeldFixedRow

YEARS = 10
"""Width of a band of ages: within one the classes' means differ by 5 years at most; a narrower one leaves few partners."""


def rows(architecture: str, held: Predictions, by_id: dict[str, Record], several: bool) -> list[HeldFixedRow]:
	"""A network's rows: with the source held fixed where the films come from several, with the age where both classes have ages, with both."""




	records = [by_id[image_id] for image_id in held.image_ids]
	untold = untold_sources(record for record in by_id.values() if record.used)
	sources = np.array([None if record.source in untold else record.source for record in records], object)
	ages = [record.years for record in records]
	bands = np.array([None if age is None else int(age // YEARS) for age in ages], object)
	aged = np.array([band is not None for band in bands], bool)
	found = []
	if several:
		found.append(row(architecture, "source", held, sources))
	if not probes.too_few(held.is_covid[aged], held.groups[aged]):
		found.append(row(architecture, "age", held, bands))
		if several:
			both = np.array([None if None in (source, band) else f"{source} {band}" for source, band in zip(sources, bands)], object)
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
"""Subgroups: what a network is worth on external films by severity, view, sex and age, beside the run's own films of the group."""






from dataclasses import dataclass, replace

import numpy as np

from cxrkit.audit import probes
from cxrkit.data.readers.covidgr import GRADES
from cxrkit.data.records import Record, traits
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.calibration import mean_calibration
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
	"""A row for each group of the external films; none by what is known of no film there."""



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
	"""The rates, the area and the calibration of a group; unknown where a class that they need has too few patients."""



	truth, groups = given.is_covid, given.groups
	covid, normal = (probes.patients(groups, chosen) for chosen in (truth, ~truth))
	rates = metrics.rates(
		metrics.confusion(truth, given.p_covid, threshold), *(metrics.effective_n(groups[chosen]) for chosen in (truth, ~truth))
	)
	there = probes.patients(groups, np.ones(len(truth), bool))
	return GroupScore(
		covid_patients=covid,
		normal_patients=normal,
		sensitivity=_unless_few(rates.sensitivity, covid),
		specificity=_unless_few(rates.specificity, normal),
		auc=_unless_few(areas.auc(truth, given.p_covid, groups), min(covid, normal)),
		mean_calibration=_unless_few(mean_calibration(truth, given.p_covid, groups), there),
	)


def graded(side: Answers, chosen: np.ndarray, threshold: float) -> GroupScore:
	"""The positive films that n booleans choose against all negative ones, whose specificity is that of all films."""



	found, own = (score(side.take((chosen & side.is_covid) | more), threshold) for more in (~side.is_covid, np.zeros_like(side.is_covid)))
	specificity = Figure.unknown(found.specificity.n, "none: severity is of positive films alone")
	return replace(found, specificity=specificity, mean_calibration=own.mean_calibration)


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
from cxrkit.audit.rules import MOST_FALL, PARTLY, SHORTCUT, told
from cxrkit.evaluation.metrics import Figure
from cxrkit.progress import counted
from cxrkit.schema import ExternalRow, Requirement

MOST_LOST = 0.1
"""Upper limit of the area that may be lost elsewhere: what the four published networks lost on COVIDGR-1.0 is over three times that."""
ELSEWHERE = 100
"""Patients of each class elsewhere: with so many, Wilson's interval of a sensitivity of 0.9 is 0.12 wide."""
HELD_OUT = 30
"""Patients of each class held out: with so many, Newcombe's interval of an area of 0.95 is 0.13 wide."""
LEAD = 0.1
"""How far the network's area must lie above that of each baseline which sees no lung: none then explains the network's."""
LEFT_HIDDEN = 0.5
"""Share of the area above chance that may be left with the lungs blacked out: the greater part must come from them."""
CALIBRATED = 0.1
"""Calibration error elsewhere: a probability is then right within 10 points on average, before any fitting to those films."""


NOTHING_THERE = "no such films"
"""What was found where there are no external films."""


def requirements(evidence: Evidence) -> list[Requirement]:
	"""What `supported` asks, in the order in which it is told; empty where there is no network."""
	return [ask(evidence) for ask in ASKED] if evidence.best else []


def holding(evidence: Evidence) -> list[ExternalRow]:
	"""The best network's rows on external sets that exclude a loss of MOST_LOST, whatever their size."""
	rows = [row for row in _lost(evidence) if row.drop.auc.high < MOST_LOST and row.loss.high < MOST_LOST]
	return [row for row in rows if not given_away(row)]


def given_away(row: ExternalRow) -> str:
	"""What separates the classes of external films without a look at the lungs nearly as well as the network, or an empty text."""
	if row.lungless is None or not row.lungless.area.auc.bounded or row.lungless.area.auc.low <= PARTLY:
		return ""
	reached, network = row.lungless.area.auc.value, row.external.auc
	near = network.value - reached < LEAD if network.bounded else reached >= SHORTCUT
	return f"{row.lungless.title} alone separates its classes ({told(row.lungless.area)})" if near else ""


def _lost(evidence: Evidence) -> list[ExternalRow]:
	"""The best network's rows on external sets of which a loss is known."""
	return [row for row in evidence.of_best(evidence.external) if row.drop.auc.bounded and row.loss.bounded]


def _parts(evidence: Evidence) -> Requirement:
	states = [state for state in map(evidence.state, NEEDS["supported"]) if state.state == "not done"]
	lacking = [PARTS[state.part].title for state in states]
	how = "not done in full" if any(state.partly for state in states) else "not done"
	return _asked(
		"parts",
		"every part of the audit that it rests on",
		f"{how}: {', '.join(lacking)}" if lacking else "all done",
		len(lacking),
		0,
		not lacking,
	)


def _sound(evidence: Evidence) -> Requirement:
	faults = sum(not row.passed for row in evidence.controls) + evidence.counts.leaks
	return _asked("sound", "controls that pass, and no leak", counted(faults, "fault") if faults else "no fault", faults, 0, not faults)


def _held_out(evidence: Evidence) -> Requirement:
	judged = evidence.counts.judged
	return _patients("held-out", "held-out", judged.covid_patients, judged.normal_patients, HELD_OUT)


def _patients(name: str, where: str, covid: int, normal: int, least: int) -> Requirement:
	found = f"{covid} COVID-19, {normal} normal"
	return _asked(name, f"at least {least} {where} patients of each class", found, min(covid, normal), least, min(covid, normal) >= least)


def _lungless(evidence: Evidence) -> Requirement:
	rows = evidence.known_baselines(LUNGLESS)
	text = f"an AUC at least {LEAD:g} above that of anything that does not see the lungs"
	if not rows:
		return _asked("lead", text, "none was computed", None, LEAD, False)
	row = max(rows, key=lambda row: row.area.auc.value)
	lead = evidence.best.area.auc.value - row.area.auc.value
	return _asked(
		"lead", text, f"{evidence.best.area.auc.value:.3f}, against {row.area.auc.value:.3f} from {row.title}", lead, LEAD, lead >= LEAD
	)


def _thumbnail(evidence: Evidence) -> Requirement:
	ahead = evidence.best.advantage
	text = "a network shown to do better than a thumbnail"
	if ahead is None or not ahead.difference.bounded:
		return _asked("thumbnail", text, "not known", None, 0, False)
	return _asked("thumbnail", text, f"difference in AUC {told(ahead.difference)}", ahead.difference.low, 0, ahead.difference.low > 0)


def _hidden(evidence: Evidence) -> Requirement:
	shares = []
	for row in evidence.of_best(evidence.hidden("centre")):
		full = evidence.wholes[row.architecture, row.seed].area.auc.value
		shares.append(abs(row.area.auc.value - 0.5) / (full - 0.5) if full > 0.5 else 1.0)
	text = "an AUC that loses at least half of its height above 0.5 when the lungs are blacked out"
	if not shares:
		return _asked("hidden", text, "not known", None, LEFT_HIDDEN, False)
	left = max(shares)
	return _asked(
		"hidden",
		text,
		f"{100 * left:.0f} % of that height remains" if left >= 0.005 else "none of that height remains",
		left,
		LEFT_HIDDEN,
		left <= LEFT_HIDDEN,
	)


def _held_fixed(evidence: Evidence) -> Requirement:
	text = f"an AUC that falls by less than {MOST_FALL:g} with the source, and the age, held fixed"
	rows, needed = evidence.fixed_that_count, evidence.counts.sources > 1
	if not rows:
		found = "not known" if needed else "one source; ages not known"
		return _asked("fixed", text, found, None, MOST_FALL, not needed)
	found = "; ".join(f"{row.fixed}: {_fall(row.fall)}" for row in rows)
	known = [row.fall.high for row in rows if row.fall.bounded]
	met = len(known) == len(rows) and all(high < MOST_FALL for high in known) and (not needed or any(row.fixed == "source" for row in rows))
	return _asked("fixed", text, found, max(known, default=None), MOST_FALL, met)


def _fall(fall: Figure) -> str:
	return f"loss {told(fall)}" if fall.bounded else "not known"


def _elsewhere(evidence: Evidence) -> Requirement:
	text = f"films of another hospital that rule out a loss of {MOST_LOST:g} in AUC"
	row = _closest(evidence)
	if row is None:
		return _asked("elsewhere", text, "no external films with both classes from one source", None, MOST_LOST, False)
	fixed = "" if row.drop.within is None else ", the source held fixed"
	fixed += f"; {given_away(row)}" if given_away(row) else ""
	return _asked("elsewhere", text, f"{row.name}: loss {told(row.loss)}{fixed}", row.loss.high, MOST_LOST, row in holding(evidence))


def _closest(evidence: Evidence) -> ExternalRow | None:
	"""The external set that the claim rests on: one that excludes a loss, is large enough and calibrated, if there is one."""

	def met(row: ExternalRow) -> tuple:
		ece, fewest = row.scaling.before.ece.value, min(row.covid_patients, row.normal_patients)
		calibrated = ece is not None and ece <= CALIBRATED
		return row in holding(evidence), (fewest >= ELSEWHERE) + calibrated, -row.loss.high

	return max(_lost(evidence), key=met, default=None)


def _patients_elsewhere(evidence: Evidence) -> Requirement:
	row = _closest(evidence)
	if row is None:
		return _asked("elsewhere-patients", f"at least {ELSEWHERE} external patients of each class", NOTHING_THERE, None, ELSEWHERE, False)
	return _patients("elsewhere-patients", "external", row.covid_patients, row.normal_patients, ELSEWHERE)


def _calibrated(evidence: Evidence) -> Requirement:
	row, text = _closest(evidence), f"a calibration error of at most {CALIBRATED:g} on external films"
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

NOT_SHOWN = ("chance", "thumbnail")
"""Conclusions that say that nothing better is shown: with too few patients nothing could be."""


def decide(evidence: Evidence) -> Conclusion:
	"""The verdict. A part that was not done bars every conclusion that needs it, and improves none."""
	order = list(CONCLUSIONS)
	reasons = [reason for rule in RULES for reason in rule(evidence)]
	asked = support.requirements(evidence)
	best_left = "supported" if asked and all(row.met for row in asked) else "no-shortcut-found"
	few = any(reason.leads_to == "too-few" for reason in reasons)
	leading = [reason.leads_to for reason in reasons if not (few and reason.leads_to in NOT_SHOWN)]
	conclusion = min([best_left, *leading], key=order.index)
	reasons += holds(evidence)
	graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
	sentences = [*_opening(evidence), *_told(graver_first, evidence), CONCLUSIONS[conclusion]]
	if conclusion in ("no-shortcut-found-inside", "no-shortcut-found"):
		sentences.append(support.lacking(asked))
	return Conclusion(conclusion, " ".join(filter(None, sentences)), reasons, asked)


def holds(evidence: Evidence) -> Iterator[Reason]:
	"""External sets on which the best network loses nothing that matters: what speaks for it, and outweighs nothing."""
	rows = support.holding(evidence)
	if rows:
		each = ", ".join(f"{row.name} ({told(row.loss)})" for row in rows)
		many = f"{len(rows)} sets of external films" if len(rows) > 1 else "external films"
		what = f"On {many} {short_name(rows[0].architecture)} loses less than {support.MOST_LOST:g} in AUC: {each}."
		yield Reason(
			"elsewhere-holds",
			what,
			max(row.loss.high for row in rows),
			support.MOST_LOST,
			"supported",
			"upper limit of the loss of AUC",
		)


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
	rows = [row_of[reason.rule] for reason in lungless]
	named = [f"{row.title} ({'' if number else 'AUC '}{row.area.auc.value:.3f})" for number, row in enumerate(rows)]
	return f"Without a look at the lungs the classes are separated by {', by '.join(named[:-1])} and by {named[-1]}."


def _told_missing(reasons: list[Reason], evidence: Evidence) -> str:
	"""One sentence for the parts that share a reason and a command."""
	alike: dict[tuple[str, str, bool], list[str]] = {}
	for reason in reasons:
		if reason.rule.startswith(MISSING_PREFIX):
			state = evidence.state(reason.rule.removeprefix(MISSING_PREFIX))
			alike.setdefault((state.why, state.command, state.partly), []).append(PARTS[state.part].title)
	return " ".join(
		f"{'Done in part' if partly else 'Not done'}: {', '.join(titles)} ({why}); "
        f"to do {'the rest' if partly else 'it' if len(titles) == 1 else 'them'}: {command}."
		for (why, command, partly), titles in alike.items()
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
	who = f"Of {len(evidence.networks)} networks, {name} has the highest score: it reaches" if many else f"The network, {name}, reaches"
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
# cxrkit/command_line.py
# ======================================

FILES['cxrkit/command_line.py'] = r'''
c-oa%TXWmS6@C_f#ReS@0U1Q&Ji=xirB>2R6DcD(^>i4P1CmP;6^Lc9OUo?7|DNxhv$&9yoc4*t?%6%J@7y*Bg7+(}W@f$4%DF1?QunReWR=xbs<LXye`EES
yOmmG+rn98vwW^Hs~iqK<PP+@s!U};4obR)c1n#;>r|z)LYa-rO{o^9Qkh!k*6lWWu1u+uAP9QBe7!N1YuMG_>&&g{|5dYUceb~v%o;)$g`UyHHp!+l<@f)V
6-72JAj%I;SMu+tY_rMBWvuS?Z(Ci?wA?VyTsA8*YqhOUH%qZv<hq!9Uh{mhDDr7dwbX7hD~#0>$T(YRPX)EWr6#&6cd@!LciL^Mvgc*~RKaA)%#@3~A-uW0
xsKKKr;V=iwJzNeskf~s{ZN^5`3p?c`^WXa?$uC%^uM~a+Jz5#mz3FBvz76o^3tmiwpT|{4;H^=caR4&vbrX6tIPt<Q@Wvr*H=(cna2{qSm*5e9TqkGOOAB<
6FF(8rdsLs#_iafH^2P!?e!f*t2FdnZ}LKiRWSH9dHd@;xeTJ-hugb%_mkW2CRcag|9o|Ke|<^|9BfGd6^{O$j$cNp3X_*n5EIqA+xJ&L{uuRoJ@%6NnV}li
&`GZRSy_+L-UVd3@`xrC0Xns*%(BYX3WlOjkN(%N2kW~~q^n<LSkszY<yd5<&X@$~QdO1{bZV!t<sV^F{SmxC{YV=E@r$`$h!m5D5*D36VjEgrEMmgFO&e&A
tgFWAcOVC%4f!Wl<XF4OW;!KU`Q=CrzE*C#DfEc3Rv@tW^f*=OFN8*r=gZPmdSoC{mCyCKcR?1pF;It~YE_{ZPSJL(tPw~&GA^2|Fw4r)IJGIjpH4Va%++)!
w4R8yytsHY6)ZMnQ9?v&0^L52UZrD|FIZ1H&zk812BVb-$H)%Jq|%Em?6WP|LLuKpyKJ_344CZ<#2G5P1xCXtIkP7p=~#<SgRvY07HUrHm~av7`IF#qP%EUg
(x|QX<9<Rq=y@oIqeB7!1{vQi>5w^CwKSAHN@vt>TjR71h-t+^uZ|`6DBy_pu7{j9Tf$9n8@sd47bGmPB6ZIKCRuEYf-_I(FCd;7=R(kzh|4h4*=)s{@E;@t
QC+Ak`9tm}4^QYXpNQ0OC>x_!<0uxKi4_S0as-#shg|iPS-n)F^wl`oZrE9eW)WzBF<ZAcr)su`RQdm3joIwoJpc&Xq3}*ty4a97{eF~Gnh_fIU%cqYs{f)N
9l%9w?wN?u3Eph+m`%lhVYVPR^MGBMM}qS)QU(KNi)3ik8o@=t=Ty*Sf{<9q?L!hCzlVKa_1Wt9NHh`)fhg?1?MD&|{nx60*fYmNP!q})FE*-B@%fk)TixUj
@q=oUATMxYnLsxLI&9Wt2i6h^BNexX<i8*wgmmZ`7T(Au2ksZcmI0&iu1hngT2G+BHB_2#X~bCwQI$afT@)x44_eBM`j}NYm1fByx#gp%VkC>0@+_lYbJ%2F
wSamIE<iZU#itv0b%N;HDmynybe1O3o6N?wp-=LW2M?u~wCOEci&CVdl3l;mh`Uw=RT%RCGdOCD*5D;^WKZ)f&<nCfURl@nQEj&*JroL%;{c>0<FhWyM|qLs
NeI1;b-aVBDQMjck<3;mr!@B2Op)8Xv@Sz+;zM!koyq-nDz(-M>Y`54;Ccvq(Vb#9@-Ob=MI@SFFbH_fJI-%6l6qip!61Xs2c1nIOywkkf<X|;9reW?hV?D7
d6I0<^;TN$Z|uLP(_d7aawcn?m5vKa+}sqA;THi(0~GHm%Ow9Xc^NhY2S#C69j+Hcks2m*IT<MohCwv?a_seePAyg2k4+WOXP`Jz`Br>Nv(>2wMDERjCe!8R
R@Y2$<d^|*;1Di%p@62lPxKMP!XpoC8E8*mkFFbL9qbG35E_S|A?GV(wU(Spz!SHKhf3oS%o4<E)EOR5Bq3;?3(ks-Td$Fw_J<~Yw)aaw6Bl0%_|lWuZtqF!
F=E8T&$OK5vm#Oeaa=<N11@7pL7}+``va;_Aed_OVpQly?Cd&f;wBzz36k9DwGAU~rk->f@j7)HhxyZ4AtD5Vxnuc|m$;en@-&GFjo}u8Ad`2i;9kgp;)9fH
sapOp*DW7JB$PMq6IK7b1@ofIr4)=LVcYV5piB~;6g%JP(=f|Mk}^XzFQzUGjU08XzGZ`XST*~aCLYhOu0+fHqedxQW>gU8b82@vZ%ZHFt6?<B%iK*S9z>V*
%wkiS`$&kinMFq)O4u4xo+kWo(Mr|Sm;y`RWd+UImzUH~@Eu1*r737N+m<0A81;D=ybS8|jg?7?SkgJO10z}DuSS&_#B5ZlhksV%c<zXm)KdR(1S#pFj>eWF
4eH6D#W>$Z0F_Hsw_5O0VmC$Z!XOS9rvMjC%1trh+||*IOQ^2r2KBXimHufvAu0ofbn`(`jiZZ!Sk0MSumq`jfblxulgP)X0x;%B0&hAf$yl9L!7;nXWzJP$
V_@$l>Z6eJF2m(#2)Hnes6D@A0mn^pW43Lh(#{pW-*eSYj3Rwf*r0^eYd`8n?uVOq_oCL#c0JWqOCLpEyVDK|h91xYDXBlr^v0dr{yp~D{*+UA9Qt291$9C`
5Jie#N%#XnDWVS59;qT#!Q;xHxhz>|8XyWoEq~w_4mj{l^U@Q_8_Mu~wMFDejuCa+oI)D;2a=O?k$Eoujf`Fn<gw(nw0GQM&<IaeFz4*bQ!J&FxS6K;>=Z+}
e=T@G4o#Ws2nx}20RLw_D1-2y-bLmng+@b|$^te9^k|mk<$^cYrn}eKnquI8^3YTl=JAOmPo@f2PfrXnDkHypQ+J>yVeXq#(krB6Q45cM62bMKp`gJG)eO1;
jhgS@_U!yo!(faqOwd8ehjLF&uN}1vwb9g@q0d2Y+8wf38`o?n^`<71MK)1868p>jOe_Yo3rf>E<a5#grPlLG`RXg^I&{Y!W&;;}gEERbfy~a{5=!<JI|z<q
#}MEUDFNZxDYiwB9@_>3mh6%}I-B%K&md%%W|=;)$abk0`Qy-v7_d<TX_uiYCqk&iGNw!P4t1Keu?S8Hh(zr+J;&B%vWSymAa79!&ndm<ZA&Wn<QXd2_kX{-
qen)c!&u(om-H$F8HcZ^vyje^9zmWNraK0t2SwWscN7s;iM$m3{+YwdY*wrPSFgGsmyb%P%oUW{{O%gL9}_aIcE;;Q&UQ5UOyAlOn4aRH{@J6opKkbctYC*)
+C?zW=W1uRiddl$!v)mmz4h-BxQ>egH$*Iwe=B=-I2J)_W5hKO*4ZYk^rrG-brkjf0DK8LU;'''[1:]


# ======================================
# cxrkit/config.py
# ======================================

FILES['cxrkit/config.py'] = r'''
"""The experiment: every hyperparameter of a run, one declaration a key, from defaults, a YAML file and the command line."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from operator import ge, gt, lt
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from cxrkit.data.records import MATCHABLE, VIEWS
from cxrkit.errors import BadInput, WrongUse
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
NONE = "none"
"""The word for a list without items, where a list may have none."""

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
	empty: bool = False,
) -> Any:
	"""The one declaration of a key: its default, its help, its limits (of each item, where it is a list), and what it decides."""



	# not called "pattern": pydantic, which reads run.json, takes that for a limit of its own, and of the whole list
	limits = {"choices": tuple(choices), "spelling": spelling, "at_least": at_least, "above": above, "below": below, "empty": empty}
	return field(default=default, metadata={"help": help, "decides": decides, **limits})


@dataclass(frozen=True)
class Experiment:
	"""Everything that decides a run's numbers, and where its data lies. Raises WrongUse for values that cannot work."""

	name: str = key("unnamed", "what the experiment is called", decides="nothing")
	data: tuple[str, ...] = key(
		(),
		"folder of the CoronaHack dataset, or KIND[:NAME]=DIR, or kaggle:OWNER/SLUG, or phantom, or phantom-marked; may be given several times",
		decides="nothing",
	)
	external: tuple[str, ...] = key(
		(),
		"external films on which to test the networks after training: KIND[:NAME]=DIR as for --data, or NAME=DIR (covid/ and normal/), "
        "or NAME=manifest.csv; may be given several times",
		decides="nothing",
	)
	contact: str = key("", "whom to ask about the results: a name and an address, for the page and the cards", decides="nothing")
	external_films: int = key(
		0,
		"at most this many films of each external set; whole patients, drawn with a fixed seed; 0: all, and on Kaggle as many as time "
        "and memory allow",
		at_least=0,
		decides="nothing",
	)
	split: str = key("paper", "paper (the study's) or grouped (train/valid/test by patient)", choices=("paper", "grouped"), decides="films")
	split_seed: int = key(0, "seed of the split", decides="films")
	exclude_views: tuple[str, ...] = key(("lateral",), "views to leave out", choices=filter(None, VIEWS), empty=True, decides="films")
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
		"whose films are used: all, or adults (films of patients under 18 or of unknown age are left out)",
		choices=("all", "adults"),
		decides="films",
	)
	match: tuple[str, ...] = key(
		(),
		"match each COVID-19 film with a normal one on view, age and sex, or on some of them, one film per patient; "
        "the others are left out",
		choices=MATCHABLE,
		empty=True,
		decides="films",
	)
	age_caliper: float = key(5.0, "how many years the ages of a matched pair may differ by", at_least=0, decides="films")
	allow_leakage: bool = key(False, "train even though a patient or a picture is in two splits; every table says so", decides="nothing")
	architectures: tuple[str, ...] = key(
		ARCHITECTURES,
		f"networks to train: {', '.join(TESTED)}, or another of torchvision's or timm's",
		spelling=r"[a-zA-Z][\w.]*",
		decides="jobs",
	)
	seeds: tuple[int, ...] = key((0,), "training seeds; each network is trained once per seed", at_least=0, decides="jobs")
	image_size: int = key(224, "side of the square the networks see, in pixels", at_least=32)
	batch_size: int = key(64, "images per training step", at_least=2)
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
	precise_batch_norm: bool = key(True, "recompute batch norm's statistics from the training films after each stage")
	lr_find_iterations: int = key(100, "steps of the learning-rate finder", at_least=20)
	pretrained: bool = key(True, "start from ImageNet weights (--no-pretrained: from random ones)")
	weights: str = key("", "folder with torchvision's ImageNet weight files, instead of the network", decides="nothing")
	threshold: float = key(0.5, "a film is called COVID-19 from this probability up", above=0, below=1, decides="scores")
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
		"jobs (each training is one process, several at once) or data (under torchrun: all processes train one network together)",
		choices=("jobs", "data"),
	)
	audit: str = key(
		"full", "after training: full, quick (only what needs no network) or none", choices=("full", "quick", "none"), decides="nothing"
	)
	jobs_at_once: int = key(
		0, "trainings at the same time on each device; 0: chosen by its memory and the processors", at_least=0, decides="nothing"
	)
	workers: int = key(-1, "processes that decode images for --loader files; -1: chosen by the processors", at_least=-1, decides="nothing")

	def __post_init__(self) -> None:
		_refuse_wrong(vars(self), _Said())

	def settings(self, *decides: Decides) -> dict[str, Any]:
		"""{key: value} of the keys that decide one of these."""
		return {each.name: getattr(self, each.name) for each in fields(self) if each.metadata["decides"] in decides}

	def hash(self) -> str:
		"""SHA-256 of what decides which networks there are and what is said of them; 64 hexadecimal digits."""
		return sha256_of_json(self.settings("jobs", "films", "scores", "numbers"))


def option_of(name: str) -> str:
	"""The command line's option for a key."""
	return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class _Said:
	"""How keys were given. options: those given on the command line; file: where the others stand, None where nobody asks."""

	options: Collection[str] = ()
	file: object = None

	def name(self, key: str) -> str:
		"""The key as its user wrote it."""
		return option_of(key) if key in self.options else key

	def where(self, *keys: str) -> object:
		"""The file of the first of the keys that stands in it, None where all were options, which the message names."""
		return self.file if set(keys) - set(self.options) else None


def _refuse_wrong(values: Mapping[str, Any], said: _Said) -> None:
	"""Raise WrongUse for values that cannot work, each by itself or together. values: of all keys."""
	for each in fields(Experiment):
		_check(each, values[each.name], said)
	if values["external"] and values["audit"] != "full":
		what = f"External films are asked about in the full audit; {said.name('audit')} is {values['audit']!r}."
		raise WrongUse(what, said.where("external", "audit"), "use --audit full, or leave out --external")
	if values["parallel"] == "data" and values["loader"] == "files":
		what = f"With {said.name('loader')} files every process would train on whole batches, and share nothing."
		raise WrongUse(what, said.where("loader", "parallel"), "use --loader resident, or --parallel jobs")


LIMITS = (("at_least", ge, "be at least", "raise"), ("above", gt, "lie above", "raise"), ("below", lt, "lie below", "lower"))


def _check(declared: Field, value: Any, said: _Said) -> None:
	"""Raise WrongUse for a value outside a key's limits."""
	limits, name, where = declared.metadata, said.name(declared.name), said.where(declared.name)
	for item in value if isinstance(value, tuple) else (value,):
		if limits["choices"] and item not in limits["choices"]:
			raise WrongUse(f"{name} is {item!r}.", where, _near(item, limits["choices"]))
		if limits["spelling"] and not re.fullmatch(limits["spelling"], item):
			raise WrongUse(f"{name} is {item!r}.", where, "write letters, digits, points and underscores alone, a letter first")
		for limit, holds, words, remedy in LIMITS:
			if limits[limit] is not None and not holds(item, limits[limit]):
				raise WrongUse(f"{name} is {item}; it must {words} {limits[limit]}.", where, f"{remedy} {name}")
	if not isinstance(value, tuple) or declared.name in PLACES:
		return
	if not value and not limits["empty"]:
		raise WrongUse(f"{name} is empty.", where, "name at least one")
	if len(set(value)) < len(value):
		raise WrongUse(f"{name} names one twice: {', '.join(map(str, value))}.", where, "name each once")


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
	said = _Said(overrides, where)
	merged = {**values, **overrides}
	for name in merged:
		if name not in known:
			raise WrongUse(f"The experiment has an unknown key {said.name(name)!r}.", said.where(name), _near(name, known))
	typed = {name: _typed(known[name], value, said) for name, value in merged.items()}
	_refuse_wrong({name: typed.get(name, each.default) for name, each in known.items()}, said)
	for architecture in (made := Experiment(**typed)).architectures:
		if architecture not in TESTED or architecture in OF_TIMM:
			from cxrkit.training import networks  # torch is loaded for a name alone that only it can know

			try:
				networks.require(architecture, made.image_size)
			except WrongUse as error:
				place = option_of("architectures") if "architectures" in overrides else f"{where}: architectures"
				raise WrongUse(error.what, place, error.next) from error
	return made


def _typed(declared: Field, value: Any, said: _Said) -> Any:
	wanted, name = declared.type, declared.name
	if kind := item_type(declared):
		items = value if isinstance(value, (list, tuple)) else [value]
		if declared.metadata["choices"]:
			items = [part for item in items for part in (item.split(",") if isinstance(item, str) else [item])]
		if declared.metadata["empty"] and list(items) == [NONE]:
			return ()
		if all(type(item) is kind for item in items):
			return tuple(items)
	elif wanted is float and type(value) in (int, float):
		return float(value)
	elif type(value) is wanted:
		return value
	what = f"The value {value!r} of {said.name(name)!r} has the wrong type."
	raise WrongUse(what, said.where(name), f"{name} is: {declared.metadata['help']}")


def item_type(declared: Field) -> Any:
	"""The type of the items where a key is a list, else None."""
	return get_args(declared.type)[0] if get_args(declared.type) else None


def refuse_weights(experiment: Experiment) -> None:
	"""Raise BadInput where the folder of weights surely lacks a network's file; torch, which knows the whole name, is not asked."""
	folder = Path(experiment.weights)
	if not experiment.weights or not experiment.pretrained:
		return
	if not folder.is_dir():
		raise BadInput("There is no folder of weights.", folder, "name the folder of torchvision's files, or leave out --weights")
	known = [name for name in experiment.architectures if name in TESTED and name not in OF_TIMM]
	lacking = [name for name in known if not any(folder.glob(f"{name}[-_.]*")) and not any(folder.glob(f"*/{name}[-_.]*"))]
	if lacking:
		next = "put torchvision's files there under their own names, such as resnet34-b627a593.pth, or leave out --weights"
		raise BadInput(f"The folder of weights holds none of {', '.join(lacking)}.", folder, next)


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
# cxrkit/data/agreements.py
# ======================================

FILES['cxrkit/data/agreements.py'] = r'''
c-n<kZI9bT5dIwhiopo5!8N59?zqrYT+vmk5Gg8%`w)fG#vaG3vv;lCb#rMcznz)&#>ri%h?Hbs=JlDGXX7}&sf7a+rjcl%(A^F!?TQ*LRJvCs=n6U^jpaop
o7QF^6$oA<pSc?SITV7lX3%Qu_*?`-Us-UnMc8OEDV5W#VKI;6IErN3Y2)C1BiB)7bW5&WO&bUoztMJ-QhiI|2@9%=2I=D7+)0<0!in7AMp|ctlUnW7|Ga+t
`|CH02f}EKrfh=5OHsa7UGE-<aB8E3K~YMz$!O6vqM&6IEv|mOhB;KR*cikXm9tOYeF)w@=4+|q=<S;u5>Z`Vx?P9KGKueS7iSPZ?|+EX43dMgKdq*5x=N!c
DjH!eT#c4z(S)%2z(pAF?%TBzvaukjJQbD3!KO!RXHe@cY_Vw=VnT{deDvjNvDIb=+Zqk>CH+dmQB#eZ63tKy`b<i!;PzH3>27Zmi%pdUk(sXr{0$4OFoh>C
{DNYeuvE@<V??~{5ZJK%78tC(n9*B1pn`4ZcFEHW2&a^;Wd#RAtUvB@yr;t2BxPq4L!gv9vJscqprbt8k7ExKB$Qd9+m8NA0zhyjNNX#}YN%u~S|-^4Ak9XG
jvXP7x!UY!@Hr{8a&%5!4^gqT+x5;NMaDvuK!Yj?qA7gAndQ=9Yvp@{&*m@%ZFmB5?zNyA#Fw+_ilS+xa}CBROY=<Rg(=RSjY8AeDg<PNv^X|z@`*IK#-(V*
2FsjMI?6j_$F?5Tg=1UyRfT5n)|V(F%auhppHhoXezK0{tZ32Ix*VE@n%gGZTGQmr*p4cNF=Cg|L>u?$s4%*FaOC^xu;m=7BhRO>mXw9?1T+IbqU6zzyyLd|
XdW`^Z&}npeaV@#fDb71{lr^#ObcSXaDOyCeg-BJU6un7Jyq&_nmoO~ygs|QxO{ne@oIW?@$+}zrvRUO<qdbZ0#7-_avW>M^hERaO0KmMMIoUUwx*_o<QLU5
^6zw$!x<N&@Jw}{Pq_>RU2hZw1mSDoIR1jfqX*v%kmbU9E*Yas({vCGldG#Rvs{h;2bjC&&@CA(#3E3H3K-rgy;T7jW<MOT8JOJ?Jz|-R4Yc$Ow;H^2QeK-h
2F>SwK1S(LVCjEX`{6pWwDgMMo&@IJa@dpl@IVc1+c!<Z_Py`S=PH!{uNp1f*|T)7@Spw;T>QxEp*CJQ+IKs4pMW|$g7l;Wd(I?8ZwzrmXlLJ&OkE1MzFCQx
xfpA-vOEzwE($Bm;U97%EhU^Be5ddwjK@Ax>JE?23EfhmIWVRtr5y*63$+^wm$RppC`&Al$(vd*VOiU^Nt%vK?&Zc_2)iSEA(W9+SI1!agVTqCyNo-Y*r*W1
NAyjWqfBtHBKO+Rdo%ZbIgCe~&BD3U2f_|dLU_{;k3z~LOsq|hzc7AMCgU#Oa?t{HpAvLR4#MU1n9XT?gFy5zuGt>s'''[1:]


# ======================================
# cxrkit/data/cache.py
# ======================================

FILES['cxrkit/data/cache.py'] = r'''
"""The film cache of a folder: facts, thumbnails and grey squares, so that no film is decoded twice."""








import json
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cxrkit.data import copies, images
from cxrkit.data.looks import Facts, Look, Seen, Wanted
from cxrkit.data.records import Record
from cxrkit.data.registration import SIDE
from cxrkit.data.workers import Threads, Workers
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import locked, replacing
from cxrkit.progress import say, track

VERSION = 5
"""Of decoding and of the files' layout: a film decoded by another version is decoded again."""
SAVED_EVERY = 512
"""Films; how many are decoded between two writes, so held in memory at once, and lost at most when a process dies."""

EMPTY = b"{}"
"""The line of a row whose square is damaged; its film has another row once it is decoded again."""

Locate = Callable[[Record], Path]
Note = dict[str, Any]


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
		self, records: Sequence[Record], locate: Locate, lacking: Rows, verify: bool, workers: Workers | None = None
	) -> dict[str, str | BadInput]:
		"""Read the records' files, and decode once each whose SHA-256 `lacking` does not know; all that is made of it is kept."""





		learned: dict[str, str | BadInput] = {}
		wanted: dict[str, Wanted] = {}
		for record in records:
			try:
				wanted[record.image_id] = Wanted(locate(record), record.sha256 if verify else "", record.used)
			except BadInput as error:
				learned[record.image_id] = error
		if not wanted:
			return learned
		thumbnails, squares = self.thumbnails, self.squares if self.size else None
		look = Look(thumbnails.known, squares.known if squares else (), lacking.known, self.size, self.resize)
		broken: dict[str, BadInput] = {}
		made: list[Seen] = []
		with closing((workers or Threads()).map(look, list(wanted.values()))) as found:
			try:
				for name, seen in zip(wanted, track(found, "reading films", len(wanted))):
					learned[name] = seen.sha256 or seen.problem
					if seen.problem:
						broken[seen.sha256] = seen.problem
					made += [seen] if seen.facts else []
					if len(made) == SAVED_EVERY:
						made, full = [], made
						self._keep(full)
			finally:
				self._keep(made)
		return {name: broken.get(seen, seen) if isinstance(seen, str) else seen for name, seen in learned.items()}

	def _keep(self, made: Sequence[Seen]) -> None:
		"""Append what is not known yet: of two equal files, two machines may have made the same."""
		facts = {one.facts.sha256: asdict(one.facts) for one in made if one.facts}
		thumbnails = {one.sha256: one.thumbnail for one in made if one.thumbnail is not None and one.sha256 not in self.thumbnails.known}
		self.thumbnails.append([(facts[sha256], thumbnail) for sha256, thumbnail in thumbnails.items()])
		if self.size:
			squares = {one.sha256: one.square for one in made if one.square is not None and one.sha256 not in self.squares.known}
			self.squares.append([({"sha256": sha256}, square) for sha256, square in squares.items()])


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
	workers: Workers | None = None,
	resize: str = "squish",
) -> tuple[list[Record], dict[str, np.ndarray]]:
	"""The records with the facts of their files, and {image_id: copies.thumbnail's array}, of excluded films, too, for the search."""






	used, films = [record for record in records if record.used], [record for record in records if record.used or _may_be_read(record)]
	with nullcontext(folder) if folder else TemporaryDirectory() as place, opened(place, size, resize) as cache:
		learned = cache.learn(films, locate, cache.thumbnails, verify=False, workers=workers)
		pictures = cache.thumbnails.images() if folder else np.array(cache.thumbnails.images())
		known, facts = cache.thumbnails.known, {name: cache.facts(seen) for name, seen in learned.items() if isinstance(seen, str)}
	problems = {name: seen for name, seen in learned.items() if not isinstance(seen, str)}
	if used and not any(record.image_id in facts for record in used):
		first = problems[used[0].image_id]
		raise BadInput(
			f"None of the {len(used)} images can be read; the first: {first.what}.",
			locate(used[0]),
			"check that the pictures lie beside the metadata and that the disk or mount is readable",
		)
	told = {name: asdict(fact) for name, fact in facts.items()} | {name: {"excluded": error.what} for name, error in problems.items()}
	records = [record.but(**told[record.image_id]) if record.used or record.image_id in facts else record for record in records]
	return records, {name: pictures[known[fact.sha256]] for name, fact in facts.items()}


def _may_be_read(record: Record) -> bool:
	"""Whether a film that is left out may be opened: an X-ray film whose path has an image's name, or none that says anything else."""
	suffix = PurePosixPath(record.path).suffix.lower()
	return bool(record.path) and record.modality == "X-ray" and suffix in ("", *images.SUFFIXES)
'''[1:]


# ======================================
# cxrkit/data/candidates.py
# ======================================

FILES['cxrkit/data/candidates.py'] = r'''
c-oCxeN)>;8vh%Aial=bPD+JiL&9|2m?<UXju`^IK-;;|c+A>f;|;RpN^-#c^!Iz7XIENdlD0F&(!M<J@5=uE{+Z5acBX4nsba3`g;CRDwNaJP<#aJnD{V{O
ncHkxVPDrumqzK#J{V>4Vtv0*Sj&n>Rhp{E*0n8iRTpYvRHp4r6<<uLjGiu30qA9Se}BK@|C^V^68N&rOzB$H)sv~R%T-a<>Y_HKu8T5JH|F=X$*0C2&!_9M
G<n^fuj@6C`Wxp@X1d0WPRA|e>m^vxmC9Eh*Higm>n`}!-O}9Kss;`s*xk6fcz>R#-~MxbiJzZ}r%vbW)Ai3cYN(=Kx0fjVc}su$aR+?dEOgn*t+F%I3J8=W
!uF%B7yOhck_=AHi*?DzE0)Ijujf~Sq0hh%L*OAmy05b=xG#E0uu`gNR#Z4v7Aq|0GhPd{RuxM#DP|kB0w4{lK<%U`XV6Yrtn(R@^5N6@e}6f@I=eV0p1<$h
p8j;nk4J}{55HVq;_3JeQTKrXgYzOMi)lCqS@*dnwJ2L*W4QwDGnPTZyyu44s+DC?*b<hL--8B%QK?5*2!W!%#PqT#&46zgM0E~}n<bqG#~08OxNO5ztn8HV
CaPLP>d?Abu4>+@67^WDvl);8^Mk5>UlUbgiWgVEo`1SMe^31O)psg0c|;mvCEOCl>*d724D}oq3ED`?-c?B0iGO=s6q#YtMCX%CPajwfj|*EHL3i`<^zw3i
bAG!kN}M9X)zW}b(jcU{Dvh40N^ewV>pCOu3a3vm=!zwk7qy_tA#T15LlN&~>v5V8A}-HQZ*Ipo7auP!Pd{DU{tvYDy2o!jXQx;1FW#Ttp5Kg5#~&^(KVqYQ
-1+(X)9uAI+34Zh<Cf&dMPP8G@EoK=V;c$x@KO+aq(1&cthK}n0jC^3hN@n#GLz=3Za&jxsW*xG^XCy!a7s@sH3SEpk=E{O#4D11B9X>D6MbGobBLoB@xeNo
2KHQopfXFyJZw&mytJ7vZM_j<udc7o2g;KSLfEjP9usBr`sgrD{`zwNcz1c86`IZ?B+krSO`Dh;v7rx|5EzJRl&DovWP>K`#p>V$JXLinQU$I=`9Gu4ptA>V
A~sT7)nzTRiD6M?ZDt}nbw@jQ@XF$$kr2e?r6^|@$Q^9a7<D%(p6;5czDHq{LOCRrmKv@dRW;*U+FTytW6q!wb~a`)j$`%|IRQ(OyS?y8;_t<y&K{Fci9RSL
Kw7Xc6OjNS5=?igS5c;ylbKeIs6k+dQOZD5J7T<+aJpk75ll7wptH)v=>S2Qr7fI+R6<X#X7hVcF#gTIh;%FLFO8|)?nilynk(I6?hiWc>pCy;KTKJ;^{&o0
QJ)ZX_Q)VO%0~?sEE`rg8znTmCtf)GiwuImJs4DJS%O=HJrif@LfirWk|+lK5rhHal=?eS^1xn*h-GtRdKi+}h?Y2x0DX@P`^9h^2HMhqx?GJXNCMF-C#J42
=tycr-DPWtx6A|*nNzw-)Pq^oWM!bHM~fwA0p`+a-zCRJaU>|d+|{cUGD(CBBnpcFwO&Sqg|cMY8#!ad3jyRiX@7v_6SdS&5ut_*#=TyT{*MPFi&eR%*qfsg
qWBBu^EO($zzBvAwI&45%z#<QAugOi#-9s>pjpK0+nkT+yknY|nX2B1$aVe@`gNklWPN`MwzDTi0DDqqo+uhbk-%Y~bi`?mo$C*~5;INt;;35}ydDeo-BqII
`D*NA-4<m*pkvD(Z5jCsEPm11nu79kv*id`i5BIV^hlJy5)rgKeGRIoj|Iqw23rY<E^M#R<?R&)w7mrPML6E#3$gQ@3PsA+ZK*8@6lIL%WVNKy#bu_14NP)c
MRkYdGrdG9#ZE^wb8fUvBJ>gZMQsb)fzILZOgqVm$>Q?};dTi}2}BlmbyaUxCX(cK{3dpqR<Bf!NKd!))6Ok-sHKK~DZ4R2_+94~mJkv0M2V`#7GCo-ye&aj
+8>caz=>bT0cmKSTUJS)GTDqdLT!rx&$Z2%4=uTee1vbsuwlyOgp3UbK`$%>=pgTLrgaBWhh`)v1DFCv9niA0S(1Qxqq!#Nn%DTbs0asIm};RR{6pxgACrEf
Uaa1!ojPu`ZSF6LX3I~V>3TIeR{(dW#6}f8uQj-UK^sCpzSOw&l`^+b$ySMsGAwaX(jB6bn{Ct+no7sj@Al#m3@MG!V&WBYTiE-BxHfg2@N4POXo0rc6~uKq
;noET_hkeH4+4Z5D_kK08csRe374(&3R`EKX`j^LK=K=R2Tc>$h=>--;<56siY|A(%%%L@%UuX(GGq1Xl{#$rW@7=iD2+<uSS|{wrSL1Z<kn<AToy*j`^*>0
LH<e3(^Gr8>2~6gkI1O!A_-+aP@xeP-hY$EOsc`mx@w;CC$9{L%6C(PHq~=C4fY@m&kgx(6q-{iVw6%vo{2`U2d+X!ZOnF1QYy;`E<gCizF+Knbp}PzH|uG}
Hh=(%3<PqVdC3BDX#e{o{5g8d_T}1!c_~1x2?i#v5<moXg_KM}<_htxc3lhV7uWb|sht+O;#%guG@G!pt}M?gB;C1)LKBM^3hs5^#_BZ>Fpw$r7q0BmkrYPk
I^H+7+}NoO%`!^et*sP=9%<3$JlFuzhJXVCNZ2BVDX%z6Xni!Uh{lzrG|<o*Oc%JSz5<h!C<F!kKt+*5ccKu;{;B-yJ1RIGhRRoOjP5l@ahvPxzMB{2l2;L1
o@_PjQ;}#^GrO!LYf$vpm95ApcCrS;4)dAs%A{P9ZMI`?Yd*A#x7tK~j@w#$mu24j{FOZ@q6aoDRQVad!QLqD-onT7v3L+3LMQT(YFm*Yi`t1Qiu#hf$dwrm
8ElZdqOiT9XNSkV;W3W4T2!iZqqeh78nfTTVr!hFky-2$C?RGI{Fz31#^K?1r7-ikg{$N>vB64FKT10h$<-L|yxzTKoE%|Db`(^fTC}diw@p+CH_2weamqwd
Dh?4h=@T(BkT=-fdXKv`=&E4-+>avHLZ(M?`hrGAWYvLzv}u>b{+j(Zv{m*?Hr2!DrV2agn}cH?ltamc1?7tY>feYPYO<l3uC848sc4)?fd>a45M2cn>IMW3
8rR}yKx0Ab1y!aeCZlPijIbUJ+`K|(!}B<5Xpli_9{Om>08<pzwX4J?Hs@DIZMTHuWYh<sJduDmJbZiH26L{xrt2lOU;>AVBM0#{tQUVAsLK9fut%}(1wT#Y
6h-}MrmHGw%tbCY?Z~V&nY5*K;YL99zbcu$iE(qBZtRGTam1E^+>2rS2RN|wcRdN(+`5kuQ*AvSN0rIuuDagUAVos*3pY@g>cGti5DS~3A&wB7E)h!O7d*NV
A!31>9nc=iK#vPe^o*)PXHOI;92SlgfdKhZ@Y-+Y55?S(-)7Qp8==fch^Sypd7v8FNv9$8ufho-4L=TcVs~3m2<%;N;&tawyY~Z!a@OGnGhu0yyR=Pn395fM
4MWXt4qod?X1qtiC1=I*U;!&ESDAKma2bWlP%=7$)7b}Is>5Cn9)5FseMVa2j~xgh?YEG>W-19$m(i&1E9L`u%`Jq%Su+v-p}8qz(B`YaQg4`98JW6zPHapd
IV+RvJS>t`S@35kmc1WYhMn2ijFnT|A4W7U39OmY5e@skqmoxHv+!K-5TSM<4!zFmahc!4Dp|cci^%<lk?5i|ZwldD^dSVi6c#)hr#z{OI8`~sP;*EJbqz0j
pYs^bV0)tMA!<~5aK}>-3w2fujF5*Nw=VCw-Q+v4P~@fIe#MmS^I4vFIazEqhkV2L)+Z+_Iy&?YMZy=)b#+$MSMS~hdu00Yvrb(E6H3OHRa>YMnaDN@_j8=*
u%3-7zZESK>Hl`;AmWDf4aC*Xa3r2U%ZCvuZ|GwJjpbY+-=cstVe(Vgoz0SV=1;Kr>z`{Z?il|aeA}7(?(np+s;xn3u<uI;iZeUc4tc=3a+*x(`++w(0=DrV
D7@i~m!|f^Pcbe(*P=QNB``AMzWtoo&j%-VKT+;z%D_g>L!ALKWX8YerW|}qy?*Uv^PPyF4$#LliqV1%HnsCzh$f?f@38$JK-*NBGx)y^g%?K195-e}`zfK=
wH7A;*-aGlzL7We525p!x$;*NnMv@mILHTngvjW<9kNWt44t@kqNe}CoPO&o)JU43Ie%aaWWj1;OB_C*;X8bOh))MM)?_n|Z)Rn5&0}V%u!HF8Ds3J^1<Nl;
&rhlucpJ$eNf%hW)5`qH&pv}FmxR2C%{}V8<`C~9T04zzLs_+;ujI%Aa`uHdM5o$zbLc2Z`C?-T<oU_g7KNy-ZGwZ`k#CY%B<!Wzww$n7`X=pBrgYkk+ol=V
eKCY4j&?asl_r1JhI=4EH&BFp2l1dq6RZx~(;%KsNLE1EioKRfS``-@1_rP_67;@L!*T*3-h|rQ>`V_Clpi0qz{2{uDW5}VU;nr!5EJ#rf6Soc-n6UCPMc47
{_~wb$p^)>#e?b6$XQ)V;t7^XO3adbZANWuY+p+iVtaqu@m%LFN$|9QCf}|;hjqHN&MWP|PRQ7_+mFIh!O6c$VC~Te9Tv^4^YNRl(Iiba&=--thxP4`9@UBJ
`3Xea{bJ2yw12XGv+uqn?o7-({|9JenVk'''[1:]


# ======================================
# cxrkit/data/copies.py
# ======================================

FILES['cxrkit/data/copies.py'] = r'''
"""Duplicate detection by content: which films show one and the same picture, whatever was done to the file."""








import functools
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.data import overlays
from cxrkit.data.agreements import Agreements
from cxrkit.data.candidates import INVERTED, box, candidates
from cxrkit.data.registration import SIDE, WHOLE, Details, agreement, laid_over
from cxrkit.environment import processors
from cxrkit.progress import Meter

VERSION = 2
THRESHOLD = 0.75
"""Least agreement of two copies. Figures in `find`."""

PADDING = 0.25
MOST = (0.1, 0.8)
"""Quantiles of a line of pixels between which a border is even."""
EVEN_GREY = 5
"""Grey levels between which most of a border's line lies."""
LINE = 8
"""Grey levels by which a grid's line differs from the film, averaged over a thumbnail's pixel."""
LEFT = 0.3
"""Share of a row that a line leaves of the film, below which its grain is not brought back."""
AT_ONCE = 64
"""Candidates that are verified together, 1 MB an array: with fewer, threads wait for each other in Python; more do not fit the cache."""
DETAILS_KEPT = 4096
"""Films whose fine grain is kept while candidates are verified, 16 kB each, and 64 kB more of the few that are compared at full size."""

Name = TypeVar("Name", str, tuple[str, str])
"""An image_id, or where names may repeat, the collection and the image_id."""


@dataclass(frozen=True)
class Pair(Generic[Name]):
	"""Two films of one picture; `first` is the larger cut where one is a crop of the other."""

	first: Name
	second: Name
	agreement: float


def thumbnail(grey: Image.Image) -> np.ndarray:
	"""A grey PIL image as SIDE x SIDE bytes, without a border of up to PADDING a side, and without the lines of a grid."""
	if max(grey.size) > 1024:
		grey = grey.copy()
		grey.thumbnail((512, 512), Image.Resampling.BOX)
	pixels = np.asarray(grey)
	small = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))  # noise of the border is averaged away
	(top, bottom), (left, right) = (_inside(small, axis, pixels.shape[1 - axis]) for axis in (1, 0))
	small = np.asarray(Image.fromarray(pixels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BOX))
	return _without_lines(_without_lines(small).T).T.copy()


def shows_film(pixels: np.ndarray, axis: int) -> np.ndarray:
	"""Which lines along an axis of grey pixels, 0 to 255, are no border's: booleans of the other axes. A border's line is of one grey for ..."""

	low, high = np.quantile(pixels, MOST, axis=axis)
	return high - low >= EVEN_GREY


def _inside(small: np.ndarray, axis: int, length: int) -> tuple[int, int]:
	"""Where, along a side of `length`, the lines of a film begin and end: those before and after are of one grey for most of their pixels, so ..."""

	filled = np.flatnonzero(shows_film(small, axis))
	runs = np.split(filled, np.flatnonzero(np.diff(filled) > 1) + 1)
	film, most = max(runs, key=len), int(SIDE * PADDING)
	start, end = (min(film[0], most), max(film[-1] + 1, SIDE - most)) if len(film) else (most, SIDE - most)
	return start * length // SIDE, -(-end * length // SIDE)


def _without_lines(small: np.ndarray) -> np.ndarray:
	"""Rows that are brighter, or darker, than those at a distance of 3 on either side in most of their pixels are mended: a line of one grey ..."""

	before, here, after = (small[start : SIDE - 6 + start].astype(np.float32) for start in (0, 3, 6))
	lines = np.median(np.maximum(here - np.maximum(before, after), np.minimum(before, after) - here), axis=1) >= LINE
	small = small.copy()
	if lines.any():
		between, here = (before + after)[lines] / 2, here[lines]
		x, y = between - between.mean(1, keepdims=True), here - here.mean(1, keepdims=True)
		left = np.clip((x * y).sum(1, keepdims=True) / ((x * x).sum(1, keepdims=True) + 1), 0, 1)
		small[3:-3][lines] = np.clip(between + (y - left * x) / np.maximum(left, LEFT), 0, 255)
	return small


def find(thumbnails: Mapping[Name, np.ndarray], kept: Path | None = None) -> list[Pair[Name]]:
	"""All pairs of films that show one picture, sorted; of films with equal thumbnails, each with the first one."""

































	first: dict[int, Name] = {}
	equal = []
	for name in sorted(thumbnails):
		original = first.setdefault(_digest(thumbnails[name]), name)
		equal += [Pair(original, name, 1.0)] if original != name else []
	names = list(first.values())
	films = [thumbnails[name] for name in names]
	with threadpool_limits(1), ThreadPoolExecutor(processors()) as pool:
		try:
			found = _found(films, np.array(list(first), np.uint64), kept, pool) if len(films) > 1 else []
		finally:
			pool.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for the rest
	pairs = equal + [Pair(names[whole], names[part], round(value, 3)) for whole, part, value in found]
	return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def _digest(thumbnail: np.ndarray) -> int:
	"""64 bits that name a thumbnail: two of 100,000 different ones share them once in 4 billion sets."""
	return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(thumbnail), digest_size=8).digest(), "little")


def _found(films: Sequence[np.ndarray], digests: np.ndarray, kept: Path | None, pool: Executor) -> list[tuple[int, int, float]]:
	"""(whole, part, agreement) of the copies among different films."""
	whole, part, crop = np.array(candidates(films, pool), np.int64).reshape(-1, 3).T
	known = Agreements(kept)
	keys = Agreements.keys(digests[whole], digests[part], crop)
	value = known.of(keys)
	(unknown,) = np.nonzero(np.isnan(value))
	# Candidates of one film lie together, so that only the partners have to be kept, and made again where they are too many.
	details = functools.lru_cache(DETAILS_KEPT)(lambda index: Details(films[index]))
	inverted = functools.lru_cache(AT_ONCE)(lambda index: Details(255 - films[index]))
	portions = [unknown[start : start + AT_ONCE] for start in range(0, len(unknown), AT_ONCE)]

	def verified(portion: np.ndarray) -> np.ndarray:
		boxes = np.array([box(one) for one in crop[portion].tolist()])
		wholes = [(inverted if turned else details)(film) for film, turned in zip(whole[portion].tolist(), crop[portion] == INVERTED)]
		return agreement(wholes, [details(film) for film in part[portion].tolist()], boxes)

	try:
		with Meter("comparing films", len(unknown)) as meter:
			for portion, values in zip(portions, pool.map(verified, portions)):
				value[portion] = values
				meter.advance(len(portion))
	finally:
		known.keep(keys, value)
	(alike,) = np.nonzero(value >= min(THRESHOLD, overlays.RELATED))
	related = list(zip(whole[alike].tolist(), part[alike].tolist(), value[alike].tolist()))
	guess = dict(zip(related, crop[alike].tolist()))

	def laid(pair: overlays.Found) -> overlays.Laid:
		number = guess[pair]
		one, other = (inverted if number == INVERTED else details)(pair[0]), details(pair[1])
		return [(laid_over(one, other, box(number)), other.thumbnail), (one.thumbnail, laid_over(other, one, WHOLE))]

	return overlays.without(related, THRESHOLD, films, laid)
'''[1:]


# ======================================
# cxrkit/data/dicom.py
# ======================================

FILES['cxrkit/data/dicom.py'] = r'''
c-oy>X>;31lKm|Gidt;M8t_sWQnu7;y5(J2hs_=82pv8`twlgYkwhB=H~=V#Eo*-Jyv(cuK<aSEIKmWAs3R-Sms#aF&R%c#_)rbwWKy(LInJ}$Xso95C>~^!
mbx9sgRzPWl}*byOT(nA(yScE=}76M&?*~Zj8@;{Ql(l)g^Ekxah%oqUp$#+d8x)>F;3#^>U9zh>~oThMwrmPW`%vqwS6ked^RZU+ijSq7*MPZ^K7C9S(4}h
QCIlk^+1_Uy;A4lb)uzH6qey235!A(wnNn<J>txM_%JVZ(L0vrX;>27_S*?wt39Q&$#ky5LZwsbeA4Sz%TL0QUNscn<zSFc3);_#z5)Nh-z<-cg<d+(v%Dhm
C_8{;TIwRrbr{ipc;Xg#^N(2!2CW|S`iEy~Te;5esnb%<-dFlP{YbyZ=k$BFOTUh{3c(y^QJBPK3^vTtNaset(>(h_cqp2n!d%mnj^3%`a}}nMI@{&O+i?hS
48k<kk;+oc13l4T0*ih3)Bf4H5JOM2?)j(V(;cR%e{u9ts5nlo=0Js@Tye@;be%<WFr0K?s6sWs=aT7pRj4txuX9pJ4Jt~a0t4|8G-5ojzJIjWJNhWh@T0+m
7WG+?vFyRlX>fc&#C3FMef7A%C#3$`CW^l4FfZO=_KcN1A=V7CSy~n(-y)-?mKtWcDrVqUm?}s?fek7RY5Qub^8(y+-)^YggHzSneCuy?-g->e`3@6Bj|%_J
j!$+;?=E_Kq))L<OFZ?8Vy5%sVcl|8&Z2oQEy^$*=tk!qtZW|7^qn#yovY8WzCFo`n8o-3ygUIb_wT|<3|aBYN3+Q_t#Ocp=t7-lw}slxlG!9J)LA&0Cb~G$
`AK}I6Lm7qN=UZM<3TTlElqP>hCKC25~g9ko2A2eG|Q#!LtGX+Ns<l167rz8vog!^_$eNZ@yg5d#HSiF6`<WrMr|iy6v3cBhsjJYw48?NNcZCj+{;O0RR7}q
Y#dH?wRdWOL1-{aooc9OqR*0Ss(D${z`GdeX=xkI=a}L1aj!Y}OPog8?XIT2=H*Kqm1EQIV3rPQviHcK50We_t5;rdFPp(o7eA=|yHdmAqT}JP(B(Oq@>6Yn
osP<JK{~m5(!coFJ0jJ&UtMuJ{<^>Qw(WP??e>;WZ%{F(tDNZ^4(gAo9;xbS&HQy*&kX$K-yOL1Zw`EJ7=)CXaSycV`)iG0K<-_fK$(YWF@!LRIfQ@L6$cdQ
K^BoKFCV(<|4#Nlwh%>%0{UB+SNdJ+pS9R`(TiFKF>H<>c24)f(_H)T3{yBcH@|i+f4^(5<Nwwbe%kcbUi<y7Bd_j7|Htu%AG>EiE_y%qc7B{6{<!>q`f&9>
^lSfn4*6w&@A!PD-)BenDZ9lUst^nJ8JFX1R+7VjL!Xcm@P>;nd%%RHFFPM06i-_UE(cx)?kSlg<mw4j(?(tKiM*%1ox`1vv@3UYWhciXu-tgCPq737*+JaP
NpGu$5_Ww(E46LdKR&RJ{Ve-Fo7%TSJ<0O9eLKp^9=QpkLPxgs_{=_?!ehphYF4r^`^?5|UnHJOtZS_@tG<w24en5R7*nJse;W$ptjCW+ihmLFWf~5?v-d}*
+i(tTAeaGwV)P@Y2@D+h-zwa@h_-*~bo)G?X>XOA)F<X-7piLr2^ZszD#Cd|Y>!I_O5c?T-Fh;G)0KFHmAQw(Mn1s?^3PpN^j**2sR%BiEJ%Bq%$TX9B^sel
C|#+Bf=L`TR#$G|*_-d+K=ZZGcg@#{af;10yM8%?^e)lfQoiqBk-~W3PNcE5B4FmbwB@e4CKTkUwf6|iSz=kEp?8Zi5%r}IiA}Mlw^+-YDh^p$#Rp{IeXby!
%<`1^d)Zmv>UQ3&gPd)3O^Ec+p)s_uOV;X7!g4TX!aPf^2*xFRCL8_1;EXA5it`+XBJaZL+8E!lVX+iJRV_&ZHyLeA5$2Mp&k99O3Hwh)))1xaq|E17YK5h_
tpXavWVO_kynnHM5CSTD=wkLP<iJu_tgyEOXo*WRcr9usfo}%{4!IFHrWxEF=>#p<4(0@0+=Z?+OmIBu2?g24e-#gvOMkl{^NA5a6Bt4E<T{50o(>#OV7}w<
JXW(7NwY!NkR__N&6?&0@+Mp3@8E;J<1p+#0=2ILF>lxNx{ugp1#gfq^BK*Azo6I_?qAlbaK*ZC1lfuvoRU*fU-B#+T@+T{MwOdrlxB<w_KB)c0I`0F?H1-s
pp1|w%tS*yv;xM0H)R(=bU{;E+%p`O#zU`w`C&SDK_AoX`Gc^);3RTAA1I(83vmsE^;qc`TE+q~3&RoKyXzQ&9Lp36qroVL5-l4<3pf_enj8w7G@6Me&{X=v
EE1={GVqNg*h3_7Q4&9|u7rU`;Lrl}5W#xOM%7hYYu7L$q6NX%q(lUk(UC@~{yPp{{LCJ;Fm}=+o}U2GBWUuLso&%s3xND49F|QjpS3wsakF0%7Vnfb*d%qX
`RI{3vYWEWB*Xz96WCXm`MpwoEn<p$SP$}aop_W&>JCk^LOUfInER~ft86L6V&q{T9HNQZ{gEzRX9;J+!r=7Y7&GfHbzXqg(sj#p?Y--4I<=7qzeO}nqk|~p
NFzEHCg54?lgyHpitM6lUouLP35V&b=W-91Kl_BsT1xz$w4{iWP-Mz&xuII3vhu~rbx0W$n1-zFk1S5vRQR*!7gKl`xP{B^`bPVTf<p;xVZR0e=}QpsEHGY@
hokQ}gC<>LH34)7+(Q;o82CWihK%&teGMHN+W>EMU=Vx(^S>9WAK)#?*jNWWLV-lZ!sf+JtF3oy9p*BF*z;2M&q^y9!9KGN&cCI4=?(mCv_}K>7Z}^)Vf!^l
Sv3S3RuT8n@YXZyyfy<3<!ocbhbpeILWyhG;c|*X7DG1832&Id_}*24pE(Fr8p5N&xlJVfBMvV?e6rh+ZQtTuDM#D_*1~ibVy@wn;oh@+cv8HM;4lMOUh?t~
E;$l}x@kPM&2^28kV<Z_fvB3%EF*s!ySiekTx8dMJdziwoVX9Z^{FD{+FrY-z4PAgPTy1NKiNfcp-4@Da{n>QN{U+ofL8y47yG#rGk(-+VKkUDqz!2eGz%Nf
WU2@8FdhVDID!H|&ek+3W@OVq;$dJkgxDyL9tS{rXYWQc2c!++=gy4^oUsO6^!6Ojh&PD`aY>=5EEDpmJUYu`a4Adz<m?Q~&{uk(C5pqev6opK`8_kw=hHs-
+Luls$gUtxwK-=0?x`_`R}K0fk&d+&X~8mv{1+Da5RdE%#!hJ+YkPHU=`tT3D&06nOHCe;*W3k|gy_|Osr&ZbF9-W=O2b>Kdj7S3?zA6j3z3lEF1x)kFbd}@
(|7>NG$F%8hc^tCVcK1j(S#}jHW`%27b)`RTFSY3rK{o+Na2QDfP$aIHVB|d32GagDcw5yEtacbPME6$MXP!d7n<*;mL<9-YpD0C^Js@dvVGasy>xr9n=5E{
%jRs!#;ioKdR>wHUJAYb;m+5fN8U0x>3!YrpLJh|D)(magStcfz<dwJM%c}jSq3vt=b(cE==L%(obAqvS(qTQ|H)**H4kS6j1KuQ`no^UPz*u82>hl9%e|ki
_Q|fLyTvmQ12y>YgLx^q)%o_})M<itVGH@cFweue8(`DfEVr3}4;*%*a|pTbG?p+5jr8OA=y><j>G9!yhXhi;uA5b!;cbm3nVHq`1m?aErb!4?K`-8eJ=(Bo
_&6*ojxQsJSl|^AT8uGmK{$u&lZ5-C7#=X3>&Sw?Ccm2dAimYg{Zu_u5T4UJ`n-R7w(oSw`Aa<>8`=8`B5$ZlP7sUY6{`!FO_lf?%5T#F0*#@O3f*c=$;;|<
Vo9fdPUeHZoDaEXWAG3yGuDH;uWxL4epoQ(Lf09FY*m@~vieCF_nJx9GN_co&T`<VR&yR<B5{H#*|C^<4v}ce3tR^*GaHTt7A#;XqXz~ffa!smrp_P2n=nqe
6uZs3CxrNML6Ie#7PExw*`TX2+-{J%RTDID^`jEm^9oD(!_WW`Q_TW)u$pS9A#B@Ho9(93$`KrAu%;Heti71DiFgU-F5nRpjjIh1kwgNCXPc*T?JFO9kgd0r
ZGuUd>a-u1dP30#6B>dWet{o7uL;bD3n=Q|%=n;Os_4xD7Spv60EoxH>Ln2Gyyyr1GD}1DJI#_|Rcve`KxVGN^;Yp0d|LNK_2ajIjc&EFMz_&wvbB)X-+*+f
C<2L1rhcT}zeixWbK8x8S0A(>kykLuM@CxZ9gAMdB=k2_l&#$vCuE_b>JwSzm|`8};9WJO!;H<h>T)4sUx`As$qqYG@R%b5X!xX-$=>DAjtgv6>GP*18&0Rm
Jg`NlAelh{rR|naW(fFEEtwCR;ECnQy5WY4Hjl1!XerY}c2C+q1>ZypkJnrr)uPUZ8#SgyTU-p|6t-Y^3P~i1>pcNI?$Mc#7K1cP|I~Tr{_~09-os*Xgq=MY
mog?|l(K9a;RqT|L8`PKjf^-ZtY3$n#q%z~RLH9(!;uZiaFYaa1%+hDtuhBD*we)zkEh@arg-8rl0ga7R>PpxEj5luW0FUbWw6U&Hmwwphf{GP0RaJmu@P~l
t+lY0G@zQomR_1GE%zlsvzRZ}%z1E2nTIQ{nu1_DE%}}N`L>b;F8^t?=xS*VIm-95+ce1OxYDIz><;O{Cy*w<pDeds>kJQnPmFntz#(W;sA?gKbA^eQVf2?I
FG}C|7SggLp1OuVa1U6?Q-4z~FD$Pd<_S`py;*P3w4}O>ZY<3*+-CNCbWfVfr9etl#es^(^7l9|l)LNy;&1wI{7zTghB+EmkWJcZo*4^jn|MEU5Q|Q=as-dP
>LAN0GYMuXfJzh)wc=G@a=5E2)UT5BVs28CD>l?N>LXvx)(o^2!u*IlvtL2OVGRgh!0Jz75oR{Q<aW!>%|Vzn?KPr61BT0I!maU;bh!~gXj`88Z$^nUBdaX$
wQ2gSx$TCpH14nwXfPRkA%!Pih4M~!{q<|6at+#5sbr;zl~Q7iTlMqQZ@<-)G?4P+YXkONLZ-1=`=pz%POc;Z*>gSUTm|BJ7Ubxp)LG7lL9;1iOHh{Z?E_Zc
4ZlN&*;X&1)Kr-OBWzuwCbxN`!C6p^r>{3SwO@#f*xdPW%@Sa6Q>I`!g^j{WqM+2F#iwPYvj{B_3F@**AeB1md8tXJ6*h9uE6JLF!gliYkM;RKSf7c;dU@gM
nu02HHi-afc)!gp8w~+6=8`99wajouxsNIN5h}s>Sz5#+y2?_)Cu8xLasq5813lJ1^W`_uc>BdF$`kRWak?p50*)x@!#9Fb-IY2V-v*&-2VLSK)^?<rd=0n*
BvhRu3eHL5REK$e>Nx-_C554BU`+w9R67<v8d^O5ah>L^6!QIziz$v*+ZP+GO`#W761g#KaZLl5=5`hhZSjtaBPW5T^2rytdPn;^r`Gm5dhOSWqp}N@VIyD&
7vate1g|_ys?c#%AGkJ9p=HvdvhtV~i4<s(eGWsFg(E^y9`H<Z8*3;P{t?0q$YDPRyjPaFo!kim>K6nHj>T^7Ik+Ml{VcBRdXC@+4l1ya+(n13y})010)gdr
2k8sFA)>>X7o4R53nplZZ}ht=?;Rp3V-@3tII?cBYcyI!@Uf+gfwKdJG&zrFcxd#8pZRhfgR=$LMlc5o60=XQzta__CH|XkEpsD)xL%JWFpT(oJsTou)m?4+
!L?7F+7DdbaG81%7JCMJ!u;E8otz+&l!2Cs8NS#8MTM%D!_Jyz1H#(EQVXG{f$*C|S|ESP%U<y$jnHKk;CrL`%7-21*dB2NpSrfpWEd_PPo_pvB5f_)lr88|
-#Z15IM#O|lFoPnyNKdZC0sMhwv_z+?<qo+TNUcWHQPIaf;}8|0&#>Ux(7%p_I=g))uW4ruXxa_R}X)?m$e@F)X}WV#4awkd=ar)wZ6qM2?u_vZ{4i$b$S!$
St>(!zn=cRcOIPW^v~rIs?Q~RP3Hxc;6{_VB}^f0ePh$}!6UE+hT?jc-OlC}$1%H4b2GsTNp3>W<($f&XUJo?nW3rN*{sg>DY)<zGDy9>dB`B{?Z!6~+$mzn
C9&ZwN#y=X?zq24_ir9N_j2#c;kPTg@5Sq_)^IC#DHO@=Qo&h_8)>@B&K2SBduPw-syCY({`v;_a=dK7Q*2S06VIJ>Jba^vhf5i@es$$}f{B=_rF}nr*eejW
Ti*t1$<5lOn;(t48;c*7?~jtOWhIL3f)(u4Hs<hEWbzNv(MR^B)5uh1n-{67f%o?5!CaSEzKLuRwAq%}7TX0CDS~Y1zHm!Ms;LB<5qq4+ggv6mbmanwS(%v@
n$k4g-{AZvPUQnvEKLL7c=rCv_Un7j_w@VFFeDjjMcddK<AQG0&z7^AcFJ9>Kk)Gh?$h&UprXD!W5$uzQcj+dZEeE|TgN73zLN7siZEPbostV)xVGikBYGe*
sSnZvg&NGvr9iwRcj1u~UHI(YEO@p0FaM_j9R'''[1:]


# ======================================
# cxrkit/data/groups.py
# ======================================

FILES['cxrkit/data/groups.py'] = r'''
"""Patient groups: the films of one patient and all copies of one picture, which must stay in one split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations

from cxrkit.data import words
from cxrkit.data.copies import Pair
from cxrkit.data.records import NEGATIVE, Record, age_span, copy_of, traits

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""

YEARS_APART, YEARS_OFF = 10, 2
"""By how many years the ages of one patient's films may differ: where it is not known when both were taken, for they lie weeks or a few
years from each other; and beyond the years between them where it is, for ages are rounded and of dates the years count."""


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


def _ignorance(record: Record) -> tuple[bool, bool, bool, bool, int, str]:
	"""What a record lacks, the weightiest first: of the records of one picture, the least stays, and a used one before all others."""
	pixels = (record.width or 0) * (record.height or 0)
	return (not record.used, not record.label, not record.view, record.licence in ("", "unknown"), -pixels, record.image_id)


CONFLICT = "conflicting labels"
"""How the reason of a film begins over which sources differ."""


def exclude_conflicts(records: Sequence[Record], groups: dict[str, str]) -> list[Record]:
	"""The records, without the used ones over which two sources, or two rows, differ; both rows are named."""





	said: dict[str, list[Record]] = defaultdict(list)
	other: dict[str, Record] = {}
	for record in sorted(records, key=lambda record: (record.modality != "X-ray", record.image_id)):
		if record.label:
			said[groups[record.image_id]].append(record)
		elif words.is_finding(record.finding):
			other.setdefault(_picture(record), record)
	result = []
	for record in records:
		if record.used:
			in_group = said[groups[record.image_id]]
			own = [record, *(film for film in in_group if _picture(film) == _picture(record))]
			of_others = {_picture(film) for film in in_group if any(_two_people(one, film) for one in own)}
			against = [film for film in in_group if film.label != record.label and _picture(film) not in of_others]
			labels = {film.label: film.image_id for film in [*reversed(against), record]}
			if against:
				labels[record.label] = next(film.image_id for film in in_group if film.label == record.label)
				record = record.but(excluded=f"{CONFLICT} in one group: " + _listed(labels))
			elif record.label == NEGATIVE and (film := other.get(_picture(record))):
				record = record.but(
					excluded=f"{CONFLICT} of one picture: " + _listed({record.label: record.image_id, film.finding: film.image_id})
				)
		result.append(record)
	return result


def _listed(labels: dict[str, str]) -> str:
	return ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))


def _picture(record: Record) -> str:
	return record.duplicate_of or record.image_id


def _two_people(one: Record, other: Record) -> bool:
	return one.patient == other.patient != "" and _picture(one) != _picture(other) and apart(one, other)


def apart(one: Record, other: Record) -> bool:
	"""Whether two films of one patient number cannot be one person's: by sex, or by ages that the years between them do not explain."""
	sexes = {traits(one)["sex"], traits(other)["sex"]} - {""}
	first, second = age_span(one.age), age_span(other.age)
	if len(sexes) > 1 or not first or not second:
		return len(sexes) > 1
	between, allowed = (other.taken - one.taken, YEARS_OFF) if one.taken and other.taken else (0, YEARS_APART)
	return max(first[0] + between - second[1], second[0] - between - first[1]) > allowed


def two_people(records: Iterable[Record]) -> list[tuple[Record, Record]]:
	"""A pair of films for each patient number that may stand for two people, by number; used films stand for their like."""
	films: dict[str, dict[tuple, Record]] = defaultdict(dict)
	for record in sorted(records, key=lambda record: (not record.used, record.image_id)):
		if record.patient:
			films[record.patient].setdefault((traits(record)["sex"], age_span(record.age), record.taken), record)
	pairs = (next((pair for pair in combinations(films[patient].values(), 2) if apart(*pair)), None) for patient in sorted(films))
	return [pair for pair in pairs if pair]
'''[1:]


# ======================================
# cxrkit/data/images.py
# ======================================

FILES['cxrkit/data/images.py'] = r'''
"""Decoding: every film, whatever its class, becomes 8-bit grey in one way; a decoder that differs by class is a shortcut."""

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.data import dicom, levels
from cxrkit.errors import NoFilm, UnreadableImage

SUFFIXES = (".jpeg", ".jpg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp", ".jp2", ".dcm", ".heic")
"""What films are called; one that is called otherwise, or has no suffix, is known by its content: see is_film."""
BEGINNING = re.compile(
	rb"\xff\xd8\xff|\x89PNG\r\n|GIF8[79]a|BM.{4}\0{4}|II[*+]\0|MM\0[*+]|RIFF.{4}WEBP|\0\0\0\x0cjP  |\xff\x4f\xff\x51|P[2356]\s|.{4}ftyp(?:hei|hev|mif|avi)",
	re.DOTALL,
)
HEIC = re.compile(rb".{4}ftyp(?:hei|hev|mif)", re.DOTALL)
SMALLEST_SIDE = 40
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FEWEST_LEVELS = 8
"""Of 256 grey levels; the least of 648 real films has 156, a black or a printed page a few."""
FEWEST_PIXELS = 10_000
"""A level counts from one pixel in so many on: the edges of letters have all levels, too."""
ORIENTATION, BITS, PHOTOMETRIC, SAMPLE_FORMAT = 0x0112, 258, 262, 339
"""Numbers of TIFF's tags; the first is EXIF's, too."""
LONGEST = 6
"""How many times as long as wide a picture may be."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


@dataclass(frozen=True)
class Decoded:
	"""A decoded film."""





	grey: Image.Image
	width: int
	height: int
	mode: str
	format: str
	doubts: tuple[str, ...] = ()


def is_film(path: Path) -> bool:
	"""Whether a file is called as a picture, or begins as one. Raises OSError."""
	if path.suffix.lower() in SUFFIXES:
		return True
	with open(path, "rb") as file:
		head = file.read(132)
	return bool(BEGINNING.match(head)) or dicom.is_dicom(head)


def decode(path: Path, content: bytes | None = None) -> Decoded:
	"""Decode an image file, once, for whatever is to be done with it. content: the file's bytes, where they are read already."""






	film = _decoded(path, read_film(path) if content is None else content)
	_refuse_empty(film.grey)
	return film


def _decoded(path: Path, content: bytes) -> Decoded:
	if dicom.is_dicom(content[:132]):
		grey, mode, doubts = dicom.open_grey(path, content)
		return Decoded(_sized(grey), *grey.size, mode, "DICOM", tuple(doubts))
	try:
		with warnings.catch_warnings():
			warnings.simplefilter("error", Image.DecompressionBombWarning)
			with _opened(content) as image:
				header, depth = (image.width, image.height, image.mode), _depth(image)  # decoding may change them
				turned = image.getexif().get(ORIENTATION, 1)
				format = (image.format or "") + (f", EXIF {turned} applied" if turned in range(2, 9) else "")
				grey = _to_grey(image, depth)
				grey.info.clear()  # comments, which Pillow would write again into what is made of the film
				return Decoded(grey, *header, format)
	except UnidentifiedImageError as error:
		raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
	except DAMAGE as error:
		reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
		raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def _opened(content: bytes) -> Image.Image:
	try:
		return Image.open(io.BytesIO(content))
	except UnidentifiedImageError:
		if not HEIC.match(content):
			raise
	try:
		from pillow_heif import register_heif_opener
	except ImportError:
		raise UnreadableImage("it is HEIC, which Pillow does not read alone (pip install pillow-heif, or save it as PNG)") from None
	register_heif_opener()
	return Image.open(io.BytesIO(content))


def open_grey(path: Path, content: bytes | None = None) -> Image.Image:
	"""An image file as a grey PIL image of mode L: see `decode`. Raises UnreadableImage."""
	return decode(path, content).grey


def _to_grey(image: Image.Image, depth: int) -> Image.Image:
	if image.format != "MPO" and _frames(image) > 1:  # a camera's MPO holds a preview besides
		raise NoFilm(f"it holds {image.n_frames} pictures", "bring the film alone")
	tags = getattr(image, "tag_v2", {})
	image.load()
	ImageOps.exif_transpose(image, in_place=True)
	_sized(image)
	if image.mode.startswith("I") or image.mode == "F":
		return _from_deep(np.asarray(image), turned_over=tags.get(PHOTOMETRIC) == 0)
	if tags.get(SAMPLE_FORMAT, (1,))[0] == 2 and image.mode == "L":  # signed bytes, which Pillow takes for unsigned ones
		return Image.fromarray(np.asarray(image) ^ 128)
	if image.mode == "PA" or (image.mode in ("P", "L", "RGB") and "transparency" in image.info):
		image = image.convert("RGBA")
	if image.mode in ("RGBA", "LA", "La", "RGBa"):
		image = _composed(image.convert("RGBA"))
	grey = image.convert("L")
	if depth == 16 and grey.getextrema()[1] < 64:  # Pillow keeps the upper 8 of 16 bits, and these are nearly empty
		raise UnreadableImage("its 16 bits a colour hold 14 or fewer", next="save the film in grey, or with 8 bits")
	return grey


def _sized(image: Image.Image) -> Image.Image:
	if min(image.size) < SMALLEST_SIDE:
		raise NoFilm(f"only {image.width} x {image.height} pixels", "bring the film in full size")
	return image


def _depth(image: Image.Image) -> int:
	"""The bits of a sample in a PNG or TIFF, as the file says; 0 where it does not."""
	if image.format == "PNG" and image.tile:
		return 16 if "16" in str(image.tile[0][3]) else 8
	return int(getattr(image, "tag_v2", {}).get(BITS, (0,))[0])


def _composed(image: Image.Image) -> Image.Image:
	"""An RGBA picture as it is seen: over black, or over white where all that it shows is dark, so that the alpha channel is the picture."""
	alpha = image.getchannel("A")
	if alpha.getextrema()[0] == 255:
		return image.convert("RGB")
	colour = np.asarray(image.convert("RGB"))[np.asarray(alpha) > 0]
	ground = Image.new("RGBA", image.size, "white" if colour.size and colour.max() < 64 else "black")
	ground.alpha_composite(image)
	return ground.convert("RGB")


def _frames(image: Image.Image) -> int:
	try:
		return getattr(image, "n_frames", 1)
	except TypeError as error:  # Pillow's, of a damaged TIFF
		raise UnreadableImage(f"it is damaged: {error}", next="replace the file or leave it out") from error


def _from_deep(pixels: np.ndarray, turned_over: bool) -> Image.Image:
	pixels = pixels.astype(np.float64)
	if not np.isfinite(pixels).all():
		raise NoFilm(f"{np.count_nonzero(~np.isfinite(pixels))} of its pixels are no numbers", "export the film again")
	low, high = levels.own_range(pixels)
	shares = np.clip((pixels - low) / (high - low if high > low else 1), 0, 1)
	return Image.fromarray(np.rint((1 - shares if turned_over else shares) * 255).astype(np.uint8), mode="L")


def _refuse_empty(grey: Image.Image) -> None:
	there = int(np.count_nonzero(np.array(grey.histogram()) > grey.width * grey.height // FEWEST_PIXELS))  # a plain number
	if there < FEWEST_LEVELS:
		raise NoFilm(f"no content, {there} grey level{'s' * (there > 1)} in all", "bring the film itself")
	if max(grey.size) > LONGEST * min(grey.size):
		raise NoFilm(f"a strip of {grey.width} x {grey.height} pixels", "bring the film itself")


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


def colour_of(film: Decoded, content: bytes) -> float:
	"""The share of a decoded film's pixels that are coloured; 0 for DICOM, which is taken for grey. content: the file's bytes."""
	if film.format == "DICOM":
		return 0.0
	with Image.open(io.BytesIO(content)) as picture:
		return colour_share(picture)


def colour_share(picture: Image.Image) -> float:
	"""The share of a PIL image's pixels that are coloured."""
	if picture.mode in ("1", "L", "LA", "I", "I;16", "F"):
		return 0.0
	channels = np.asarray(picture.convert("RGB").resize((64, 64))).astype(int)
	return float((channels.max(-1) - channels.min(-1) > 40).mean())


def read_film(path: Path) -> bytes:
	"""A film file's bytes. Raises UnreadableImage when there is no such file, or it is empty."""
	try:
		if path.exists() and not path.is_file():  # a pipe would be waited for without end
			raise UnreadableImage("no readable file: what stands there is a folder, or no file", path)
		content = path.read_bytes()
	except OSError as error:
		raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
	if not content:
		raise UnreadableImage("the file is empty", path)
	return content
'''[1:]


# ======================================
# cxrkit/data/levels.py
# ======================================

FILES['cxrkit/data/levels.py'] = r'''
"""The range of values that a film of more than 8 bits uses, whatever its format: its own, without a few that lie far outside."""

import numpy as np

FEW, FAR = 0.001, 1 / 8
"""A share of FEW of the pixels that have FAR and more of the range to themselves are a marker that was burnt in, or dead pixels."""


def own_range(values: np.ndarray) -> tuple[float, float]:
	"""(lowest, highest) of finite values; what lies beyond is to be clipped. 12 bits stored as 16, with a marker at 65,535, keep their own."""
	low, high = float(values.min()), float(values.max())
	few = FEW * values.size
	while low < high:
		top, bottom = low + FAR * (high - low), high - FAR * (high - low)
		if np.count_nonzero(values > top) < few:
			high = float(values[values <= top].max())
		elif np.count_nonzero(values < bottom) < few:
			low = float(values[values >= bottom].min())
		else:
			break
	return low, high
'''[1:]


# ======================================
# cxrkit/data/licences.py
# ======================================

FILES['cxrkit/data/licences.py'] = r'''
c-oCw-EQN?6~4BfV!{A1xhv7$Bv*1BRV%59QLnv_wfU)}7!*0O7*nLmp;l2u0eOsGwCHtSpy*wJ=1uY>{mz-;k7RG#MPiXNXXgCOcm9T!WnG89jD4v@G8f^}
dyuLvHjB_-h^4m`Gbz*}*~B7AMJj_(WobBDXEJDlNTyO`3mK*&lRsu6R88T<0Va~A$P(exg3PrntHJ-m<tj-tY}1&hpzxC@l71E@u@Yvgm#pJVrcdTwZ{`;?
ck<6`5?B*u+f^7p6mvJ;QU;^-Dv}Me$B*eFL<qdhb5rRjX;AVS@@u0px*A;%#HFx47FVo()94fxh9RA_F3M`$+}?NJjlQ}a(h_f-Ent{9$;3nWUdC3V*E?^D
x9?tGU-j<$w{N;vH$;cg)+_hiY6|P^dWMZfKUsPq(GLgR(bd<3``+!FH@7!;M7_wem1>`zfv1;YTR&MY$p}gMU^Tk^{%~+dbg6VPvkD_=H%?N^?zDMf2P>Tp
-Zq=f#C1AHyG&@CGfcC3V_!|B%2zB@z%n^!_SkFv)SA9@Ky_wMf{8l`9NzMbX57~Fh4TWsK!B?+Z*GT!UiWU$a2j`S``;eQm0G1pl|X70{HUd15tLNmIN4y^
mmOj`aTnP#$|vp*Dv6!WF(aoj`sS)PIA&zKSUpiMCbm8P-gY4U#Ic+Pz}GEKQYbGBM7F^jfU3kFy@!WLiXb7#Tir}U8+a3+yXWGHkQjUP?nT1x^~CG%Xu`1=
(SH~Yp31PExE)xyBb<&lspx2<+Hj`yF&6<)<nx}er+78NcAebz{jq3Gu_jn{Y<koaPc;YQZx$YT8Zb9Yg6%2L8pdKnz-F=jG#K7OEP($fGHqs$EruP9)9=^x
$3XGj4S+Yi>s~W18ME}HVard0{#6g~yydsHHPsTZ7a>|O)`4wHcq=c}j(*d9Gw4HrUE{=BhMCnCw)N&}MC)IFXE{v_gV<ll)~67HX1mpEjcBHV)@Ln0^43Z+
+3UML26}p+MwkSCYqn+YBC^|lul0IcI9o+Di)tjZ>xw|!bv4Z@2r8Pl{eDTKr+vQ#3ZG|ty%q?1)#N%hQ0D1(<y*Bnh`iQHrpr(%_+rVY*T3$z-X4zE<UU^Z
=?9h_7;jI9v?FIc1xyeT2_b6fMUjYP22ca-K!3<E+N2?d;v#Spwld5<s(q7=I6){(l~~7tOifmxSSmb3enz-j$bb+2`u65aoI64h9HEFg!UP=>&i7d-%zBll
=?O907ISeDk6U8ep@lN_LoXtdxLm6iV9gX>6h5+rl~*n18OR#Gw^;y08~7RA<596cS#eMhPiD69QKwVI!pSVhL|FIzd>vE5kU{<+V{Gj^lUZ@HM-EY_-P3BH
iYP&HqBAh55$2?Piu9AjQhO{iK>up=OgtxAL<!$hGS`W@ldnQQTc`ZANU{XK^DtWCC-s6bc}Tt0LUo)@vx7)z<9KsAs60u-hY*@XTY<pc5cr4v{bUWT)HXM{
t&{u7Y75dumjC;gd}8|(C!gHxhJ&})-QM8M;ASLxUv-Dw-e@q~=aWv(hY<)niSyak!ScAM4sfFRDox&pfquq+I#+^=0$*R|*}{t-73u`U{Era-r%oZ+c%s_P
=?mLV=6ROnyn9aRJP%_mlldgreZF@{7aZk5h%_hiRk9HtrDcf%2C9P%L7NW(6Ywac7Ak2xp~6gF@VTI@P#pa!RFiLb;@`jMg&X)wlqfniCf#`3GTJ?ti9fP?
qx{YAs*}I%4fEkB@7;cV)z9y`!@K<3Rwwng`JkT<hWS<RUH;|UypMseP+KMG7T|J_!6x5Kf_o&}U;p0v^&h|fv-Ru0ruq2y6YIC1|N7g{e>r{8ndWwol8xsM
VRrKpS$ebkw7G{FOB=95&rwGu8zs~l-s@?D#8fmrBvkdqrjXO|z+)q!0t_=E_Pte@c~O&XMU{~7f&lnqxU(hXOr!Yv>IS*u`l&U@&wNOlz|!!ITzRQ#`N{h{
LEsOw$>s$CM<r1hu*1<n7z5T>>hY|c&)3RK%;kHTf`0w5px0olR&gRb9#&-QnWo=LaOhAZNTMLO!zhBQseF+r*2O^t+ZIp*xS$b-QNXMqsST;^a+M`Z=FN6&
tyhA4j)TDS=;IV^;HSJT+X|qAb~4U%9EcMgnHLaInF<-n4t6!=xLuX9P8*rPvh=y=u-@eJN!G*$1|dn!DI$JKI!7)?H7_0ORfcB;Fr*ZEG_1Ld$i!oe0{=o#
4o7N$u&=*siklw(@AC$(Ya~3;GN1=&oEYk|&=_NMdQf>djgxg6F*#MWR^x;jwZ$w+B8>dOixlegMj+=!g?69JZE7WWkt14P6z0$-7y)oaEvNmGA}?vlcF`s!
q*gFpN-t*VPq;;a9Kv#cNKlb6BcetichxEiA+h78)ZnaaOSl(Jl#eG=tTuJch{eRkov)*4>1F<ccW|15>(S%k#z{CAv>KuVC5YN_T}zr7znW??-o8e6&jY+q
Q@r38_aRNzD+Li7Cxvd8!ZZU<d2^+U!=U84GxT7$uU<Z#lJ2Lcdkc-xD)PY3`bnk<Wwvuzq#UGZNP{b6P61&H?h>cReV<Di3eFMGi4(qnbV{F1lj%@>P;o%|
8L{9rYK^c^(9JEeW7@p{CnCa5e72f+9>xK(7m_yhAJdolcoMku^Zi8Kx2C#IrX4BTK;zE2&d_)~FE(V^P{&}$F>URxS4ac4!yZ8cWgSgQ^1w%zT(wO3jHuqP
*_rlqHC7y_c65dN9<+c>0Y|u;Tf5_KZ+}+ryw1qfXD9*BAT;~R<tSZCjS<3jAljFLD{S`x4pu5nEyGJvxMj30C3{XZ-f4V3ZPt8MkG-0fjzEV}^r3{+!+vd7
?6K!w4O}Zh$z+u+DSqr~Ey!McB8VZMg~QXe*WX<VqIyPX?lt~DD-w#IwPFz|;TOctT_rFPowf!B$wFW&&lrY%)%tvDbN@@#Bh!sra9fRj3M(8358|HIrLqNu
*wP*pZ&0QegL*al3_Y}9E6l=JH{4y^^yx1;ls(bx>hCa>4#7`tRR*?o%=%Lt19M5W8qiP6#N6;CA?)XQvS|t$<~2RAp|vwFdvqT}8_C!<Lyow-6tA?E%n)Y-
z3%A&R>(SSo$B~(Bz9aRU2@d@S;_B=*%hLcM{#5Zc!S<)Og$<Bso4=vR9#@t8)U+!7@Liz&J?g`MHy-ZsC9;_#bnM-KtqURVV;#l4HJAIZ9R7Zaq)Z>t}fL;
mT;RzbKEw-<#Z-vskt+QIcqtE1%e9oG{bV42$FEu;p!|5*pLK=8(7C3jM(v}dxFqBl|)}`qY;~HLG)XB1X?)oEcvl_Y0~Q5rfE*vK#QI%QaCX)URH;7aT-f+
dtbkfw2c<k2~d%t&Hv3pvN&W!9K57vKrWSx-s92SajsB$!8@qDht=aP-K`WCmu23lS;{;*rN%m<RH~7cOq5|eeL~(__}9Ls1>LUxKhmS7;U>`Z;@JYQDPVPQ
Q40lh*RG31)PBm`US0?j5RkUhC1Nwxvn1&P-GGMH(?X@tRO@C0=k-se#&01saBZXt2xeLmZepKNfbXz~Orb!g0WHjbwYvdy&F%#0&0<S6-c3^423%13nhR^X
zaSVqq9D!)>dGqPe+k4gY?{b2G7IRQu=G?mt1%<>^}HDa%c=r0LLCI!Qw5H`jV@rgyH-duN~Z5+@Y~OSYx9;hEPJyE(ZN%X+UvPlcC90Yk3+xpMjQL!ivEJy
41M%uhE)D}9di6DZX(F!+$iYIuecB}+&<)E^_pV-EaPL~={5vM5<e0=v#N~WonDl9&>^mvITbI2eR|hDC2Z7`cJ?G*6fQ$fyX;kMVUcO7JELf8JgrTq=`Xza
K?WwR@z8S|;g%;E%2)!>MbRbT2#M{!Eq2UvZ<VQ&0_`&7?5M?Y!whl7KFFJO$s13srahLdQw5-7+a+<d<-stnTkcdDuEO4t)O+Wmgm#Hk6!H3!PSAH4<Ggxb
@+Rs~pYdJ-JU6f9#lVLzP7szPI^?bX0yO6t9|s-!XrpP9!tKl@lexFn4$e&KEg26SwPcMGbA@v$^i`Rwt23glOv)=^cSB1ir9!zz+ca~ojM1r772J_g?)7IP
TmQ7pXQJcqmMo#CCeg-ei|WJBk=eAye1%dw)==>qpMP<s^2B(?OkDcc?4%jH=KES<sB!zV^K+DF<qj~Ixs`F1^ir||?c|gRs)hufD6LuPVxo=~fj)I<SuRB(
1A4!ED(o;<GG@~<<)L*6Bmdj5Sz_*>2+n$C({!7BiH8KOKf4`Xb1*fefnyW~tzT?$NI$ga2hP0ir@GNWwY@vicmD-vj$<o4(Y$uoZMFwgicgqhZG-8d5xS$%
@apwD`t0H^18s&i1qYKqXWJ@oa<I^!D{G-vCynAxzxFA&j4}sTB4hppN;ld-&un{N=Jg=-v+;Go3vnbXB&M65-Cno*#tjgj3I&lLD%+6gG*a6caLiyFZyjZJ
ExDToMVdinK6P9VZF*cg8sb>0&w>12$6&>G^mdJl3CHLH<@Pf2mb1VUG}h+7=w3PHb2{_s!!wl{Xkm&?!Ax7|B}_E8KK__efZmzbQA*%t?dDz|&F)lj*3z4O
ga*jjTgI%_PNf$gHX*vCDtMD{l^y2R?@HDc_G%+VFq=~2uK5-5_Oke>Za;NGefd$H-v=~DR~oOEGnta6KSFEX$YjF8K{Z9~AdCRTDL7N{63UZoMa?pajU{wt
{~xLqk?Q'''[1:]


# ======================================
# cxrkit/data/looks.py
# ======================================

FILES['cxrkit/data/looks.py'] = r'''
"""What one look into a film's file gives: its facts, thumbnail and square, as values that may come from another machine."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

import numpy as np

from cxrkit.data import copies, images
from cxrkit.errors import BadInput

TRIED = 5
"""Films, beside one of each suffix, that another machine reads for trial."""


@dataclass(frozen=True)
class Facts:
	"""What a film's file says of itself: the fields of Record of the same names."""

	width: int
	height: int
	mode: str
	format: str
	bytes: int
	sha256: str


@dataclass(frozen=True)
class Wanted:
	"""A file to look into. sha256: what it must have, "" for any; squared: whether a square is made of it; anyway: whether it is ..."""


	path: Path
	sha256: str = ""
	squared: bool = True
	anyway: bool = False


@dataclass(frozen=True)
class Seen:
	"""What a file held. size: bytes, None where it cannot be read; sha256: "" where it cannot be used at all, as `problem` says, which ..."""


	size: int | None
	sha256: str = ""
	problem: BadInput | None = None
	facts: Facts | None = None
	thumbnail: np.ndarray | None = None
	square: np.ndarray | None = None


class Look:
	"""The workers.Work of reading films. To another machine it goes as it is then, and claims nothing there."""





	def __init__(
		self, thumbnails: Collection[str], squares: Collection[str], lacking: Collection[str], side: int | None, resize: str
	) -> None:
		self.thumbnails, self.squares, self.lacking, self.side, self.resize = thumbnails, squares, lacking, side, resize
		self._claimed: set[str] = set()
		self._tried: dict[Wanted, Seen] = {}
		self._turn = Lock()

	def __reduce__(self) -> tuple:
		return Look, (set(self.thumbnails), set(self.squares), set(self.lacking), self.side, self.resize)

	def __call__(self, wanted: Wanted) -> Seen:
		size = None
		try:
			content = images.read_film(wanted.path)
			size, sha256 = len(content), hashlib.sha256(content).hexdigest()
			if wanted.sha256 not in ("", sha256):
				raise BadInput("the file is another than the manifest's", wanted.path)
		except BadInput as error:
			return Seen(size, problem=error)
		try:
			return self._decoded(wanted, content, sha256) if wanted.anyway or self._claims(sha256) else Seen(size, sha256)
		except BadInput as error:
			return Seen(size, sha256, error)

	def _claims(self, sha256: str) -> bool:
		with self._turn:
			needed = sha256 not in self.lacking and sha256 not in self._claimed
			self._claimed.add(sha256)
		return needed

	def _decoded(self, wanted: Wanted, content: bytes, sha256: str) -> Seen:
		film = images.decode(wanted.path, content)
		facts = Facts(film.width, film.height, film.mode, film.format, len(content), sha256)
		thumbnail = copies.thumbnail(film.grey) if wanted.anyway or sha256 not in self.thumbnails else None
		squared = self.side and wanted.squared and (wanted.anyway or sha256 not in self.squares)
		square = images.square(film.grey, self.side, self.resize) if self.side and squared else None
		return Seen(len(content), sha256, None, facts, thumbnail, square)

	def trial(self, items: Sequence[Wanted]) -> list[Wanted]:
		by_suffix = {item.path.suffix.lower(): item for item in reversed(items)}
		spread = items[:: max(1, len(items) // TRIED)]
		return [replace(item, anyway=True) for item in dict.fromkeys([*by_suffix.values(), *spread])]

	def doubt(self, item: Wanted, value: Seen) -> str:
		"""Of films for trial all is compared, of others the size; those that could not be read are looked into here."""
		try:
			size = item.path.stat().st_size
		except OSError:
			size = None
		if value.size is not None and value.size == size and not item.anyway:
			return ""
		key = replace(item, anyway=True)
		here = self._tried[key] = self._tried.get(key) or self(key)
		if value.size is None and here.size is not None:
			return f"it does not see {item.path}"
		if value.size != here.size or value.sha256 != here.sha256:
			return f"it sees another {item.path}, of {value.size or 0:,} bytes instead of {here.size or 0:,}"
		same = str(value.problem) == str(here.problem)
		if item.anyway:
			same &= value.facts == here.facts and _equal(value.thumbnail, here.thumbnail) and _equal(value.square, here.square)
		return "" if same else f"it decodes {item.path} otherwise"


def _equal(one: np.ndarray | None, other: np.ndarray | None) -> bool:
	return one is other if one is None or other is None else np.array_equal(one, other)
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
from cxrkit.data import cache, copies, dicom, groups, matching, registration, splits
from cxrkit.data.records import ADULT, COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude, is_minor
from cxrkit.data.sources import Source, locator
from cxrkit.data.workers import Workers
from cxrkit.errors import BadInput
from cxrkit.files import csv_text, read_json, reading, refuse_foreign, sha256_of, sha256_of_json, write_json, write_text
from cxrkit.saved_tables import decoded, read_table

BUILD = "build it: python -m cxrkit manifest build"
BUILD_AGAIN = "build the manifest again: python -m cxrkit manifest build"
NAME = "name a manifest.csv, or build one: python -m cxrkit manifest build"
STARTS = tuple(sign.join(COLUMNS[:4]) for sign in ",;\t")
"""How a manifest begins, also one that a spreadsheet saved."""


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


def build(
	sources: Sequence[Source],
	experiment: Experiment,
	kept: str | Path | None = None,
	squares: bool = True,
	workers: Workers | None = None,
) -> Manifest:
	"""The manifest of the sources as an experiment wants it: file facts, copies, conflicts, exclusions and splits."""











	records = _read(sources)
	dicom.require_reader(record.path for record in records if record.used)
	size = experiment.image_size if kept and squares else None
	records, thumbnails = cache.add_facts(records, locator(roots_of(sources)), kept, size, workers, experiment.resize)
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
	minor = is_minor(record.age)
	if minor is None:
		return "age not known: the experiment wants adults"
	return f"a patient under {ADULT} years" if minor else ""


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
	"""The records of all sources; a film that two of them call the same, as two snapshots of one collection do, is there twice."""



	records: dict[str, Record] = {}
	for source in sorted(sources, key=lambda source: source.name):
		own: set[str] = set()
		for record in sorted(source.read(), key=lambda record: (record.image_id, record.path)):
			if record.image_id in own:
				raise BadInput(f"Two images are named {record.image_id}.", source.root, "give each film a name of its own")
			own.add(record.image_id)
			if record.image_id in records:
				record = record.but(image_id=f"{record.image_id}@{source.name}")
			records[record.image_id] = record
	return sorted(records.values(), key=lambda record: record.image_id)


def _pairs(records: Sequence[Record], thumbnails: dict[str, np.ndarray], kept: str | Path | None) -> list[copies.Pair]:
	"""copies.find's pairs, from the folder `kept` where they are known of the same films."""
	key = sha256_of_json(
		[
			copies.VERSION,
			registration.VERSION,
			sorted(f"{record.image_id} {record.sha256}" for record in records if record.image_id in thumbnails),
		]
	)
	path = Path(kept) / "copies.json" if kept else None
	if path and path.exists():
		known = read_json(path, "The list of copies", "delete it; the films are compared again", keys=("key", "pairs"))
		if known["key"] == key:
			return [copies.Pair(*pair) for pair in known["pairs"]]
	pairs = copies.find(thumbnails, Path(kept) if kept else None)
	if path:
		write_json(path, {"key": key, "pairs": [[pair.first, pair.second, pair.agreement] for pair in pairs]})
	return pairs


def roots_of(sources: Iterable[Source]) -> dict[str, str]:
	"""{folder name: folder} of sources, as `locator` takes it."""
	return {source.name: str(Path(source.root).absolute()) for source in sources}


def write(path: str | Path, manifest: Manifest, roots: dict[str, str]) -> None:
	"""Write manifest.csv, and beside it where its folders lie on this machine (`*.roots.json`)."""




	refuse_others(path)
	write_text(path, manifest.text)
	write_json(roots_path(path), roots)


def refuse_others(path: str | Path) -> None:
	"""Raise BadInput where `path`, or the list of folders beside it, is a file that the kit did not write."""
	refuse_foreign(path, *STARTS)
	sidecar = roots_path(path)
	there = sidecar.is_file() and sidecar.stat().st_size
	try:
		known = not there or all(Path(folder).is_absolute() for folder in read_roots(path).values())
	except BadInput:
		known = False
	if not known:
		raise BadInput(
			"Here lies something that this kit did not write.", sidecar, "move it, or name another manifest with --out; nothing was changed"
		)


def read(path: str | Path) -> Manifest:
	"""The manifest of a manifest.csv; its text and sha256 are the file's. Raises BadInput, with the row, for what breaks the schema."""
	if Path(path).is_dir():
		inner = next((each for each in (Path(path) / "manifest.csv", Path(path) / "results" / "manifest.csv") if each.is_file()), None)
		raise BadInput("This is a folder, and no manifest.", path, f"name the file in it: {inner}" if inner else NAME)
	with reading(path, "The manifest", BUILD_AGAIN, absent=BUILD):
		raw = Path(path).read_bytes()
		text = raw.decode() if not decoded(raw)[1] else decoded(raw)[0]
	columns, rows, _ = read_table(path, "The manifest", BUILD_AGAIN, BUILD)  # a spreadsheet may have saved it in its own way
	if tuple(columns) != COLUMNS:
		raise BadInput(f"The columns are not a manifest's: {_told(columns)}.", path, NAME)
	records = [_from_row(row, f"{path}, row {number}") for number, row in enumerate(rows, start=2)]
	return Manifest(tuple(records))._knowing(text=text)


def _told(columns: Sequence[str]) -> str:
	"""How a table's columns differ from a manifest's."""
	lacking, beyond = ([name for name in one if name not in other] for one, other in ((COLUMNS, columns), (columns, COLUMNS)))
	told = [("lacking ", lacking), ("beyond them ", [name or "one without a name" for name in beyond])]
	parts = [words + ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "") for words, names in told if names]
	return "; ".join(parts) or "they stand in another order, or twice"


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
	sidecar = roots_path(path)
	roots = read_json(sidecar, "The list of folders", BUILD_AGAIN) if sidecar.exists() else {}
	if not isinstance(roots, dict) or not all(isinstance(folder, str) for folder in roots.values()):
		raise BadInput("The list of folders is not as it was written: it holds no folder for each source.", sidecar, BUILD_AGAIN)
	return roots


def roots_path(path: str | Path) -> Path:
	"""The file beside a manifest that says where its folders lie on this machine."""
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
# cxrkit/data/overlays.py
# ======================================

FILES['cxrkit/data/overlays.py'] = r'''
c-nnd+iu%N5PcTEV(OQYD9zZ8lNL%8z-XK{KoS?Ri#`a1y^>ba!X%g3U0PAv{CnrJqUhL(A1q#GXU?3t93C7TT-<3_sjVNwW~~C$s@cNQRJ8}Y1O;9PSgSh?
rh&PwYukWo7GOLymhE!z-Fywoqw$^58|{Afuym@{IX>B_pk1xpE#1`CD>Db{@OtIUqBuA>NWT4BI$L9;s?zgdY~#Vyt#ttwda1f9EX+JSuqo7RzO(yXRh61m
82v4Vma9wssng9|CrLDFy1LyG=BC|6{OoQ`C>AQHVvZRaywZJer<z;;(9r3X@xdtq(Z|0y`*?YdG2gyEPm+)4@6N8yU&92Bif0Mtd$w{~*SZP7-ZpE4<l*VC
v61##ZG~~wfR*Cx$$vprInJM-K7#>Dg>P2y^ymbfR#o)V*ha&w3wW|MXoRokYmKD~c|s+m*JKGZ?acxU9K5cUzy-EptsN}XmP>T@*V)G_PT}ZR%Hg$HF0~^<
3C-Lp=e1Cj$ApyAaEKX0u#|ZI-DDT+N?v13;K1B^cwrp3A104|_^Csu4CnmA#ovGY$#{+l&gGiI$&qO1>5znzI7}#lc|6_=ytbG_pb3a3=wM0R%(+Agv9%b%
`-{sftnk_Ub4KwSCWzde5|}p}Zo}?|%<SCGwsH=KpwgakhBZ!;e=La&f+JLV`#qxe;0ibcY<ykOYzlapuQ#^CYEK|^ZKbEC2|4h;Wo1<;lXuF{+X@?bDke=^
Gz;aN+UBsoE=wFv975O_B&!SQlKhVQ*_v{kGDma>eQhgz$02el!N79hG)K$^Eq7Bp?cETrGK0fc0!<!|lM&{0h55J2NT1yF@otFJ+PYXrqDEEb7Q1}#ycvvD
0WpUZ>qUE_RSw~*-H2x7Ujm6odO;Q3O?6QWR@mrPw*i@)mdS`C>UxGH%A*G?$@R+FuJyuPhPjM_4LGk8xb|J0GEGzZUovDKPCOPJWnh-rGfmpxzk(Cc6?WJM
oMrSDyL1Bo($O(B%NO0?2&LjRd(7=uJV=iTB|Y}I#PlL%&^g@d?W9umY@yfysXC<J=}9ShO~)r?#;J^E*pe7qKur1NQCY%&_nsVM8=-CN-pT!Z4*8b+WMpK7
e2fJz2VF(4Ml;-Ix6w#QWJL;01uK+<5bG#h6G+AO@W+HRf()KSAM66-kb6|e^xC7irPnguDaOlk=<nzR-b+Lw94&HjMb4?;ncYYmp=*L^I;tS|P@&pZH_<2=
?dn=|Ep7Xh6tJK@fVJ_=Rvr;2Bd0^>8XzxmTK9>LdqEryAWzu-e%$+@bA6KJ;C}b8%ZwMq7wxQ1)1C0iZ-#Ipf`O0mAk@RiB#-PEzaXNV^lN;j>RNGOXU?qF
p`qouuw0Zm&J)e8=gnAa)$nEzAn<v25w|Lj?1&|A!YU0<o<x&Ad5$hw7s`iit5ZbE>+JbyR!}P{e6~xOoaHdQ%L;;#rpGxv-7~?BgY7V+A-2Z-N76nI*qT{e
2~Yp5H8&I~X_T23`=TS&U?IUN_^x`8Hbtd*L~rw`UX%b$)s29;5#FMw2|-gcPubu&?b`j9{xPH5zj!qP{)*@s7C*vLhVvaoojQzICc3d)I2aXEzYir7HkI?Z
g-DBWSYJ+9S9eSgH|+zB+N+8P9wtq?NMf{?nlg%w2s-b7RF4&In^mNKjWJehh?|mH6QBDiO~Mum3hKxhXl8rqEono4MZqAX&e{-1!;s=2GW?~@fPG()GxAU%
#P|W6%15_M<WCd6;6);qah=I?{E1J8FKGkED$so*a<$)5xXpONnY*NS%t&e5k$1V_QY0fGdzj@9dBx*{kNH&O1(k(_3OCBMq)j%Iq#nsPk~#s2EYPCjWaZv)
w=#RB;%ulo_g8FWgHWd8vba-Kr+tc0{s(szSL6'''[1:]


# ======================================
# cxrkit/data/patients.py
# ======================================

FILES['cxrkit/data/patients.py'] = r'''
"""Whose film it is, by the conventions of published collections: known once, for every reader."""

import re
from collections.abc import Sequence

from cxrkit.data import words

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
		r"(?:^|/)(CXR\d+)_(?:\d+_)?IM-\d{4}",  # Open-i
		r"(?:^|/)((?:CHN|MCU)CXR_\d{4})(?=_[01])",  # Shenzhen, Montgomery
		r"(?:^|/)(COVID-19-AR-\d{8})(?=/)",  # TCIA
		r"(?:^|/)([^/]+?)[-_. ]day[-_ ]?\d+(?=[-_. ]|$)",  # a series, as Radiopaedia's
	)
)
PERSON = r"(?:patient|pat|pt|p|subject|subj|case)[-_ ]?\d+"
NAMED = re.compile(rf"(?:^|/)(?:({PERSON})(?=[-_. (][^/]*$)|(\d{{2,8}})(?=[-_ ](?:pa|ap|lat|lateral|frontal)[-_. ]))", re.IGNORECASE)
"""Somebody's own numbering, or a number before the view; it may begin anew in each class folder."""
NOBODY = re.compile(
	r"(?:images?|films?|xrays?|png|jpe?g|dicom|data|dataset|k?fold|part|batch|group|series|study|session|visit|exam|folder|year)[\s\d]*"
    r"|[\d .]*(?:19|20)\d\d(?:[ .]\d+)*|(?:19|20)\d{6}"
)
"""Folders below a class that are no patient's: of kinds, parts and dates."""


def of_published(name: str) -> str:
	"""The patient's key in a film's name, or path within its class folder, by a published convention; else nothing."""
	return next((found[1] for pattern in PUBLISHED if (found := pattern.search(name))), "")


def guessed(name: str, below: Sequence[str] = ()) -> str:
	"""The key that a film's own name suggests, as patient001-0.png, or a folder of the film below that of its class; else nothing."""
	named = NAMED.search(name)
	return named[1] or named[2] if named else next(filter(may_be_patient, below), "")


def may_be_patient(folder: str) -> bool:
	"""Whether a folder may hold one patient's films: its name means nothing else that is known."""
	meant = words.split_of(folder) or words.view_of(folder) or words.label_of(folder, strict=True)
	return not meant and not NOBODY.fullmatch(words.plain(folder).replace("-", " "))


def above_the_class(folders: Sequence[str]) -> str:
	"""The folder of a patient around those of the classes, as patient01/covid/; else nothing. It is the same person in each class."""
	return next((folder for folder in reversed(folders) if re.fullmatch(PERSON, folder, re.IGNORECASE)), "")
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
from cxrkit.data.workers import Workers
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
	workers: Workers | None = None,
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
# cxrkit/data/places.py
# ======================================

FILES['cxrkit/data/places.py'] = r'''
"""Where films lie below a folder that somebody else laid out: an attached data set, or an archive that was unpacked."""

import os
from collections.abc import Iterator
from pathlib import Path

from cxrkit.data import sources

DEPTH = 5
MOST_FOLDERS = 2000
"""Folders looked into at most: a dataset of 100,000 folders must not be walked."""


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


def readable(root: Path) -> tuple[str, Path] | None:
	"""(kind, folder) of what a reader knows at the root or below it, near ones first; None where none does."""
	for folder in folders_below(root):
		if kind := sources.kind_of(folder):
			return kind, folder
	return None
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
c-oCtZExE)5dLic3XWeab&6bPUDvr&2e%2f7E2p=?N-1xTw0=RB9iEmR2<LEf8QNnY$s`l1&GD>yL+DJj--^1IV-p#vLt53$tX81t7=}5SMUCMeReYVnY>zY
ZOF$H#kS;(8K$`zl7%!Yl2=S?u1Tq6P5xXn(Ilkih83_X&Gj`|a4iZ>M9r35_ftw~_uikV*HRgxc-J1XW@c511@Xg|(CxaJ{6<{~lj6}~b|Y1xAIzr82BgEP
N@ydRWkL*FRQzkpb37+3AKUJoWn3wFIPWDZUN`I3bh{Vl??-2&_al-KdK@<GzCAxbJ3oW*h(bhyH%1gRA+!`t0lr}KTJQ~iYgw>Lm@T#~P7SL$b{c88rg8V}
=;9nsQasINy%rUZ6pdbuznp!Hr|Dpto=($ePaZ>a@WYQ!pG?!}*UMkD0jsikF)hA_Meyr?)?hpC0u3Wl!bv?%(Atm$ClafHnq6@Pb4p6%M*MlMV?@netKf#`
Mk-6}_}#k;L}KvM>FKk<<H6HY+Wj#81BX_|to5+pUkbBo7Z^vME%Q~|Ec<)CojASaD7G7r+DYN0hKeb8NraxSxPsupsi74{Oio^a4rMj$cEEwZR~&p&gppEK
sOS~b;HA){Vq4i7>tsi9)2b$jA_ZpDHgbUmI^z^<Av{q`SX03NHu~CnM;B0(E-Sf+=%aLyo+1~Xiu6%BSzpd3&D+^z`P+=fu@40W>f_KxkuNry#8ZJI02vFo
P#Y%NpEzmGT)1N|Tgclzh6#}khwv5QEMEbC8=O9t=5r#NTsC>tYH`hNc+#Tgm8l7k!^wi>SA^fdvVs>OZ9ABp;M-j+(03b5e1u@PBT51Sw)uR36Fl!ICN$qC
QB>0RNGs3_>&Y&haGOF3IG9ViL|0L7o>;SDhOD5ik2cs?e4$A&>>Y^j7S!GW7&N$T(?7+|T$a(=LhkYuZM52%u=NFG2lAJj#%9UzaFlo8zc4tc0{Pqv&RGZK
`5d{4qNc4ETqR`g>JMz+fCT&?ZcTi+acmh4Q%I_4@S~6QGzatb{}$B=uKt#?Mw)!WBR?f%0|`s`HCJ0iqTWlwQNS9f9bX-Yk@5<l_XJr+p@fg_B;Le@n=XL+
a9ZZa_NT)Ub6#n_aT#xCJq)g65eQl2f{bS#jR!l2zNXu70SSl_Hxz&f*4DIatEy%ONb!DH(W*65MqpeK?bCR2Is^Vgq?t8YOsF5AGlGJ*r=od+5yMDW|6N9~
JX-xb9Llhj>_P*g>mg!S4Jfa7JGAhjCNZgzusyC!Ux6Wj<A5ur=z$La?-r5);g=)o{3-2yLw3gt9@vvjwFSQJS@5VHWIFU>9v>7t1VVrZEnAg4xdrvwjz!*)
;K5Hq!NHqNZYD=p-z;$>;jWx@JLql#MM(=xWP9z~5F)$K-lVXL9^NjY<YCUbOy6rO11xsV(cAvcISCCkeM|i#A+11LdJec)869V(D{bL4B-B?$WSmzp=iJku
Th9OCg>!L#$<Jcc0>ulC;^sSUg;hWkZ0dz>Z+4%mU<!wvxr!}#g>}uN7T-HOpn0eKTgl)VVbV(_ba%diQsly>dLvcMD*Wu<hX)Nhh9j_S*_?|aJH{H}!$`^=
gtv2`-a;^m2QjluLC5XL+y@72blEo|#Ra~d1<$ciAnxuBHA|0jIe}b$Jo7g3Wp?D_aOZ4Tm@RX?{qwB{)L|KRI)Uwhp6njOIERwVtZIE{ZpE9~UmOE?a9_IQ
CZf>62OqVeXnu2;fzDyZz_YCJC~P@X2*Q3PsNEl8*XHnanzyRT;O4Rjik!pUlhL-Z!Py9M#S3AwL*6_mZ&ET!$?qIz7@6MWgX)?oX)o7Hm|M2mOm9F^FIiQ=
OARCueP}>SN((4s<PB?q<kzt~U&5N)K!K<3?F_G(<VcrUXux3H{TEeRBrN'''[1:]


# ======================================
# cxrkit/data/readers/collected.py
# ======================================

FILES['cxrkit/data/readers/collected.py'] = r'''
c-oa2+j1MX^_lz%Wb>e<vR>PrX=cg{J5^;mbuUsXv9>!Nl>v7_647#(0YFhKtAFpg0DB>+*!F{k1r83*{l+MYE~}zYnNzu#>tbbx!Y!3>yESZNRq0getf=PV
XQQ&p<moTADt}IdEOP=hO6JPIQaa%_rnEu|>nfx04gjo#E?p(~vQ48X>No%9rdq)x^uDf2o61=x^lDuhC*C<_<g8E(luIYGLRzbA0FXA<nM<0ZL})v0eHpbb
WabgfH)ZCks;IALGF$qywRFou&%()1@W}@t1zj$}{zbV<#H}jkiC8E%m1bdiRT;g|C9hF%(<Sh11AC9=Ub__O3W&BSilfui%P2tI&}Ros8B>`W;LkFDSFSg%
0|Gj1M1;zjqQVkd0x$jk+v}TuTuj7ByzYZCCZNIxWh_YFD-5kbomnxj%u2cx^Z@z<Z3EJ>J_q58pBVydVW#G&a6VK;PWEystzs5f=^t+{{+)<Rd^!5~!pL2e
i0E<xC*zM7mlKfe<YF>@lZYSxHNL&Y#m)HryYYwd8@!<&W#;e(&;q84tHnlvIndIm2d%cSMwb3kZH3(cJyNWyTo&5xz%YjJNyG&<t#(S3a)r`zKd?@K6RUIP
WDUlJSP+CEl)MK^XF$}jkgkshQmjFOAi!K@a61R+RE$?^w;PJGa!WL!@DR!3&G_=&8{#WI;61QB==U#gE<XGnPA=ZF1TrJH1xY|Yv^a&w<pP||;L4Mn!DB<v
_^%)#@@ukX&vSyXghR}BHSMgUpKivt<13)&$Lp&xKDsu_LI5CfSET|FfS6q0&>@_Wqie@6NHLSy{bo%stf~h*K|3liK*+7!QP41I4i}d~E~G9o82qVr*%;9L
SCylQ*{DIEw!~Y|`>@{w@-D=KEH<hMJ>=c^7Jjf=h>q=2XG^4N3s#DDp8}S`Dm*Ayxr7O<0`(*A%WCTd(4&JPSiC_Fqka!8D_3RK-s|^rH5b$A48qBD8e516
1M%XI0>6ROo>3SG>5~pqLJBJFUtLe8f4jQ=a0Q5vv3T%#{vjp@{)2vjE#e;(Pp*by&cNNk0BvUU3<aM6w+f&@@}(euLrDR<2O+rMyH`76uHVxuz&PEQ0+YaI
U8qm6orp9|@6c8U{hoE3eAgCF@US8A1DiFA{T^hG`H}E?=&7fmAqZ<QwKgbFa|+U`$CJ;=H71cZ0${hJxX;M?7R@<FiO2ZgAjlo_qS$J;1erpbn<;d#Ab78o
u2_2*B-@nOrTpFRzi;o%c20quF^>FCT!C{TH}I$5+v?mcPo6B5UM$_oBM!#x2WoA$H<#76{Rz&$($*e`4Gh?51rcJ}#R#sufr#7QLcl{Xj1=8#9G$1L-B&3C
O^q~g4SYfZSm{zapQt1md@6`Z5F_v<R<hg$by(63y=yr5rv8g10?y$x7KKkMcYK4=bfJ~6R9eo_SbD?R36q=a67#G*(!^<9w`uxf(fkwRI=)NNxvf@;lT4k6
mKY%_pN~?q-=P3jS}A@-QCeY^LSb-f|J5VL!Y@-;%;7FcI+%Blk&#F!pZYar<2KV2kiUW{tQUgAQ7}6d<tS;lqTE3+>*2X4sL@;yE?BE}UAOewIvGxsagd?9
3jex@<g=$dw2@rfY;)vwa^sej>DWyP+Hjl0>+8*|(018%#Jtk&&q8M$c#o;_M~9IC%I%ds+{_>z>W*_exp+1^_z?b^*+Z-Pm^{1#5E>9VeoIE$It|uYLj*r)
LveDRZ5*ZEM4X>zOIecpLH$m78cTT0(`;(hddIQdf**zYmG5xnS|@bhPaGnCK8GjbemkwoVs~WdTo}i=^jYQuW|q)8Eh}F{bC~0ntlf-Z2x;|WP!r8Tf8-*e
Ebq8RSF%l>J5Z0Ty@%FQt3&d}Y`%iK2!MqRxz0kFwb7(-Y{gjL@ZVjNXO2?LiR^-gW2`daT<0}pH*t97qPC{Ukk<r9q=u<OB~O+?SgdFWmX>ombTqz*<hY1p
4ebG@c!(jtWdbDB5y>=We4rVuxl)X^qY(knT4DJ~N7z^S6}(R6A)y(d86kJlQpXlE#lx1l5MPa;!JO~dc3KREpjklZ;wqQyrDZG3kmqL~v9&}HD5x()yXMB)
6EJx4bWtyf))-^EJftp}C~62iq6TP?owvn})Y!s@)|I3oxuv8Lf-lKYKHxqxQ{AhQG8H;QSxXQ*Q{saQ`BBs95_Qn7Onl-xvz~wmyDREl64a|5#ew$(WZwhT
5w3Jyt?QG4_-5n<LxnvOU(+7Xj~@y21GS7o?D_gr3h#T;poZcmq}z8x_s%ld8Yo-Am!pB_FSW{n3go76any1OY|DT~@okOjRr)%8RU;4>dwi+Wstv$ON()to
%CXi2hw!t3FA&|J)!)#lgJT%0KM4(5<Z2U$f?0d$dq}uLo}~Czi`FG|tYFq;QLq&%fxq5fU-@oL;%JGNBry;*;;e0I0v}@>kOVLHy?YQZxFLy`gR8BpCiG1<
Ca{6_1c`_pP`jxu=3)uaF!ns6i;y&s1`8HQ4Ej5;4Y+bWpDTk;3`g*ufmS>wAPfmM9*F;VljBdq=54Iz1&nNuTs#SgJNK4c0joP6RKWNCED>kvFO@Fi`n|yu
noiIYQWT$`@2Md2Y9KN`!OmR*cA{3~5(Dx^Sn!?*5hTSgAn=LZq?vem0ihx=20kMxs8w9sZa7|gLc$=8QGI$<(}PSiK^<D2Cjk}mIbC@QXqyn>Z4A_{${bPn
sDc&G5Zw#Ai&HKpMY&nc!uYd2PG}zEI{&n30e8o&lp-b(dAfbueu6E6Z{pGkn*oaU1pJK|rr*CJv*^eGDi@xE)-Gzji{kop!tn^Y!%lDaO{$1ZRXNTQAX&O!
J2{QB!qhpUSI|g4aTxJQ?Z!_-sS2X9D53m}CZT}ldK%)ma-yDrIz33t$^ldP;l!hdG{NIY6w$}lgwn;Y6g8wxJU9{SF(?{8F%otI&l5=))$uCCJjh{%z*>2|
gF3zxFIEED6p2wc%)D6q%+^SJx}&b0vI5lt93hC3MN!S-==|mR%U1S`I7ASmql0{m{vOKjX_!Nfge(fGOj3VF(hH>z^>ti)z->RL8xcJKZvZ?ss(_0RYU(N$
SPJFIy0ZE)<_N>gd<Wc2`6EWGiSICjA->!*_9sq)9V!RU&~(@6hF^I`E1i-Vl*8TX*Q>?Xcl1=qSuK{@h1hY)nfNj1kS+a?N3NO4(CbRcx1Jzy&oh0dJ~n+T
KG3j|EFNW3Hv_n`P(B-3)bE7Q1Cd29N(BUlz8y~x$HG*bHF$MZK_W2=3|+JZU4?ZP-@~zogZ7w4APGU*71$3PAc8{4dz;oh9<~fbH&pBBX0)ap@}1~f94PU~
FsU4lBJTLmnCS+s(H5e8K=<@wA8P2QrfT)w6J}YOap`;%?%)6b%?(h2v9VJu@zfh&`^Z)slc`aC5BCZ=Q^km87b&f$)jamP86bdPkNn@H@w+Y!!@b|;x5D&j
MC^nw);6AFO~+@r>h4cx(rVi}4Kry30RH&|7OAg}ygKR~Vpcse94rpt>Yc<#7n}mHSYVOVV#ZxUQGcRxX$KP|q)YnEg0(x{s@YWLIXIY&ySFR}(vKnd9skh~
7Hvw(qa-|@LNFw+N$hoF$y7DpbSLDOQB7dr7uE^q=eiGNp!N<zsK>0>fW3~Uv_jO~@YdKxUFNpg_J48q5Pr?XOnOIw02WO$E!Cro13WiHevK_uK!f7;A1Raq
##yX%<2YJ6w;sNHiTwaBEv^TH0ksE#ur3Rq4QF967HV=Pmj)F(?$}l!%@U)|ObHwd|InT$YW#t<tjlTy3kKCH#3KHw#y1-@iPcm`(eF4usMRslD(ouA12X%-
h)HkF4-H%?mBRnR)_$t~4din2<(RvUirpaojM+jvkLuqT_a|;V4LL6RpI{nc)B&%93(}XbYK9)2AGsslXLQe3Haq3cp4#YGT`hij&dWLGOZY{AXX0Lm#(;D0
7s#U0)R>pp@)r0<TwcF__vXdxKQuubEaCs0443='''[1:]


# ======================================
# cxrkit/data/readers/coronahack.py
# ======================================

FILES['cxrkit/data/readers/coronahack.py'] = r'''
"""Reader of CoronaHack: Kaggle's praveengovi/coronahack-chest-xraydataset."""












import os
import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.readers import listing, table
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


def is_here(root: Path) -> bool:
	"""Whether a folder has this layout."""
	return (root / METADATA).is_file()


def films_in(root: Path) -> int:
	"""How many of the pictures that a folder's metadata names are there; 0 for a folder that `read` refuses. Nothing is decoded."""
	try:
		names = {row["X_ray_image_name"] for _, row in _rows(root)}
		folder = _picture_folder(root)
	except BadInput:
		return 0
	there: set[str] = set()
	for kind in ("train", "test"):
		there |= set(os.listdir(folder / kind)) if (folder / kind).is_dir() else set()
	return len(names & there)


def require(root: Path) -> None:
	"""Raise BadInput where no CoronaHack folder is there. Only its metadata is looked for."""
	path = root / METADATA
	listing.require_folder(root, "give the folder that holds " + METADATA)
	if not path.is_file():
		there = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
		raise BadInput(
			f"The folder holds no {METADATA}; it holds: {there}.",
			root,
			f"download the dataset ({DATASET_URL}) or name the folder it was unpacked into",
		)


def _rows(root: Path) -> list[tuple[int, table.Row]]:
	require(root)
	path = root / METADATA
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
	kind = kind.upper()
	finding = "/".join(part for part in (label, category, virus) if part)
	kermany = KERMANY.match(name)
	view, basis = _view(name, kermany)
	path = f"{root_name}/{folder}/{kind.lower()}/{name}".replace("/./", "/")
	excluded = table.leads_nowhere(number, name)
	if excluded:
		path = ""
	elif kind not in ("TRAIN", "TEST"):
		path, excluded = "", f"row {number} of the metadata has the Dataset_type {row['Dataset_type']!r}"
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
c-pO3U2oeq6n(aS1<O5DLKQg;h5<960dDOS0n)^9(yoAE7_>ykgk{MisW^e>|Gs-KDcNqlp%2ST#IO5t&bgN~=X@+hE;Xwb?Bo5{o582?#rx#4$L5t?vaArs
NW&JoTC=K@Y+0F&vZ9D-^sMBTi880bO5w+X$-io~S<BKUob%xHkL+xOT^4H2)Ou5C%SJHtE7^-)DVyZNie^=<#gjBYEGL?xHqEv|8LP^tm{~C|<hkuxrSo?C
-SAWY@#gC=W~2Lu8}~J)Ehk5%*44qs2a(^Do7x7!WB<eLkfn?p`7E`vuSsT}d2lxz4u%7m5BZ%~OCB@+;5YCnxW2y~495?!yyGL@JMzr$VAzDT4?d0igW-cS
b3gvvzr7fJ9KS<rpKopl^#2|#^&f}iVfb}89)kV5;lm?&=bpzI@W=xo;c+S1qAHMORkH0;WlLsZPRl|HBi|Y(bhcE_K(8<iBYw3@K$8gkGQLHdOKUf#*X=$j
yR7F)R;{~2tBYKiOm*)E7g_bJ@+ZxMkK^Is=J6;DlvB(e#aykJv`iEU3$HG(E~6OSepAoAtINyZlFRqMUjB}9$>oA6Gh0e6LtRz2M*@l1#UCKas^|qBi0aR!
gakAbO<ou{#B5k0UaQ(kucM`{bqOAe(CZ@sS?X7^8~dYC0^V|^!w4qy5l)`3hy;G_JgI<=FH|AJ$On(g^pP8@+20g@%t}y%n*nGVv?wjKJ#p%ry7b0gt%sU)
^@agT0qmheTpe{Oy1Q=NmSMX`S6ke2EKz_+Sc=535;h+yw1WXdWEd+29|fIdwU#hND_!R0r50zfXqQ2cBYuRaEQ}-rL1$BlOwJ%6(7yw@_njs5*Rpb+jD667
0Lsb|sbun$KAOS<jl1Mo6ty&A6almyEffUQ6moc68K|JLIv|=rae1Bay4;9tbzC!u><&s}PrDIOTJ^RF<|TZagFUFw&KysAknv0ez+u+Vo(f^10B5#p(D%G4
pej8Jl#?Gax5X{g_!1mI*5ToF%v@WdJdFIV@T+Y}V(PhUK#;1H3>;463wSmSlap!CdD75$O^@X&vlEarwA^}A$cZYg@4m^n+D@m)^B!xEq#QFkm&5F28iNN5
_0mDc%6dJQIwrXSZ<qiw1z|W(3G9Wk5_Mt2*-E0|wiDN1r_e&eqw`TTxty{$skez{8vlvdY-E{-vn}*5Xb@PkYvLe2jsW!QszV?uYbKtADtY8Xb?n9np*|Iv
vT_Y5p-0+?XJNgeZ7z#y>uICI39(NBLP`J%WroKRWWy~Z6<$zjiiPD!z|PijG~|iM^AL_klqw*YHmE%T!mt1ULG#`10h;$yG>GoV43hIBJZ?;p#BII~rjXRz
rQ{O4!=pr)*`_k;C5#9?a(cM(08D@`I+Sb)<dJ<kPW9@>M7)dSY?-!2L`8*VN+^K`hv~Tj_0$C&QD9pH-61~clVI_3^Jsbg8h|j`W)ZrorU_V>ws%VNo_NP5
KPxF0_1d*<?%LIN;-^rj{vMeb2r6u^4Z14ezq=v&uIG5yl(?xE3-yBLMd_YRC$}K(PxMA;3zc1!Ax}7!3zCCNpil{26k1Gf&}`^lUdh9k>+73u!w262aBmYJ
YW82^`|t|y3}}LaQbY2Zih{~n3!5!v-eVaN1&coRwRnZTvRFuc68Zs&D8VDB%l5iGmh9n1xvuImZxl@NLDQ*fok>5S(rp&JVh?$^3m8&SrBS)`-3vt2ia$9*
64;zvO%HaG8mdWSgOe{=QG<qJHfs(SRkf1&4BBNCy4rBI5eE0=)#sjpSPqR9FwuTum*G3Q1NQ#)BUxRpO6=&)&aR2)jou%?bg6~dVv*pP%2P1pu-SKaZGw9q
!yf!f2`e1AU8(zr6NP}*mio(i;?SPr!UBE_01s%|&4Ou)YR_4lG6~8z8RtvE1$Puq?{L^@z|j%8*zng!%18ZnFoO=IOxip=d+;7AUfHNmz#F#3u5HCimUIG@
G^=%y!o^3qs7#iS9rq}@O<Ly4rtVQo6ID^j%*s6F?q`9_X=6i7+EN~LT8W-?h!Yw5n~Krx38m6IT%j>l&>2ns9Fa~Mzkto1b8<u|=l{WG`@7_X#!+{N7w_Aq
yT6?_DtC7OC-fE^`$ZEmHZ#=qT3SIr3U>&}9v&+c3qAtgPT#o9qTnA#RLe8'''[1:]


# ======================================
# cxrkit/data/readers/facts.py
# ======================================

FILES['cxrkit/data/readers/facts.py'] = r'''
c-oCvVQ=F$68&ud3RcA-(w(a9-hFf7;<kIczyjOtAxY5#T*Fl?D&|ENU6EQRb^YJ(%?v5aaeC;N#FmD`na4M8hE9^?cB7Rq?;5Rat?F{^ox0P`R9cm)woRqG
E2nDHY~4)lH`Zy@*}YR`r`5Lf>y56Iw_>15r*_)z;A`I*uT@)awaZo6R#;m4u)wL-wptmdTxqHzNs{T*Y<ITvs&CEOR=O&EIjuXpRcqTcdhLyEoeDOUuFJmh
m09}>o1(m1N4pPRca&GIZuGCcZr57O$@#h|ozo|m@sU{UO228$U3~j*e3ch{*Wh`vD?7k2g#2r7y`F|x9=iwQ3vw6@_O`3s#oNMc%llIVH$T3A|KUIHZZ7RQ
UE&M|Lq4jPtk$$mw7TZ6XJ)$V?8(h{W%Z%m_5RFc*V+3{yTNE}`_}6!$2mQn8M^Ybu2vk%U`%n!qv`ba&37N)skus+7RB0qPUP7Q9;TzGc{K6kFOQ9TOtLA6
@e{Ge4-DOwPavmSmpE{QWm-_{316N5hOKJTIkLwhunSK>Qcl7#%ijKQef{q3Ed>U602$1@vK_oXX!=<0%co@e@x#sSyMMvzAJgfz-QxpsZQ*<eBz(7|zz$no
wx+$OqA7`i{kF}C|9slT+aEsu`2D9FwZRkPXX<m=^!g}NpZ;^8TMAHr)9w7W>vcBeN9sM5;A}d9t*vM3KxC9%2%MP|(g_kAjicAbAHP9e-P!7CrqZ_G-f4tO
1(;*WQ${wlii?*KqIX!qZY8n_ZFtHRxi6=a=+pP8>xKL^t!F3%k6aZ+v80pD-~;7}nh4U6I^EQ;vVFJKGqTRqSKq3}IKL2%E|Dtb`bG(bp*fw><$6Pro&t4e
kxnL^_I=l?1wKy1QA!^tb#jo+j;{{PxZ{`ba}Yd^M6o1>lSkpu)jSar>k4o6<GSggLGwDH5aQYh;8y#R%liOWk2oL-?+f^*{WJPQ8C)Cyk(IzG1W(v4K?MTK
)+^E3w6hjmA-R!-P~0eDbRtW}j$W(Z)h9@(u;fg@qh`}~`;7sN08P6PybF?y1JH%KE)8j5lmggOy-3xNy!*Wsv}=@5h4Xa`QOd;OB<TY-5}&5#4+WJY1(9a-
PRbs*;B}+hlznCDTlJa_zM~L^2-2F92^moB98OD)D(DThDQQQCt6W_b|FveYDR6#-BF_0i>z$%LBdKp8D3LW}p<XFov-o;RkxPoYK{SMHI2zKllnQV*hCPq_
$G&npoKf*|CfrW>SiH0%r}gQ;^E1eySmGSWN;@SuD|Poo2Bzb-M9sMYD-HaLlOQTnMwrC{jsiPk!W>q5I0AwVx09T8AZOugSG41NB;cGfAUq!pC?voeL=>(_
0zDRr<cS8lm95jo1w&-lNRg$`p~Wf4ix;Ty!se8i-tPPpow9^@3I_hDd+3DSVoQ$h4>|VC^H^fgO9<VN4^_e$(<EY{TEL0=(U@xNB{?NYSpUfsiS!7AR=kv@
ZYyd!^YIV_jrG}d5@|!Z3qP?VCKaSIS1bOI(sPn1vUMJh$ha%pd!16Du~C-M!m!hVA1&B+wp<ovRYfPFaJqUS7^S|XR``qf_ysgKeq(!STj}d8HqG6Wgw2~!
RUuXcB+Cj6kXx5>G;yy*`d0~P_SNfUF4z@~#ZW4-FYq|amg@I8JDW~CN@U#9M(vBb8#S%NG4?ooSuCe#@=XnZBkH%%VXspu8^&Y)caANbF$R&;IMd=46d~n?
pG(7|@t40B_-c00McRU&F#dL5@E0U2*spEtP1|caDOM0f8Rm^ysJ4gJ?puncxYs@vu4XjKB#F2W_Icp(P!SQ<Bf-l0G8dUDc6OI0k-5*A!=_9f!;ixm(dNP$
+Pl?{K22X_j{5(UBV||_x55RZiDwy>=3%caBlYya=ma_kL+~blNn#_yc?<n`I#ggRjkMgCFG3H=g%Lg^Io>BM;eSXVjYQ<te~OIJnPPP&Ou5O7GvOX*2*WSt
(iQ_Di*mO^wCUM6hq<>-M6V9R%43jcZe=EJlAKLW3GX*17ngFLsaP!&Qx6hCmBY}|hXp-dE?zGw!aDT0$wayro+Lb_9;K_O!)VFZ%OiUkCNNresmObgyf|Y$
6UEBZHM)oWj6Vl@#Nx}lkHv9v+804Z%sAXZidhg~svpZO-BT%e?xlQlpmGn;$_XHTWR2-A5A!$mAP&Ld6-|B0#3%)Fe?Gtj>|OFwBl^Ty|3T6cN1XZ(A>eV_
kvq2Bdm4>fI(L7W5B$c&0fEYSg=<3S>g+vdAo6fw$m3*3ti*fFoT&^tq1j=!VaAGr3}Tgy28h#i6^0FoTl6dTrd*|~a3WbG*&s+kol}VkWR)3gBtWMNgy=X+
I^8{F;(EgXFb<t`66(orr*UZ~B^-Al*Vnaq<VFN-q^r1$x;(JV$G<~hVDGkNV}8?V^6CBCM5-{0T0R<gaS7iwCB#4Z`DeOmydvZsvddLPBWc)kE@N^>Q5yQy
B25ai3|rFzA{CaXzr{7kCH_JnJR{=)alwuJsn|}V8WwKX7>pW-B`Q!HkW#t|(bfaf=K?%?j&fAu&`>Ylf+0K!%P4$jZ6oLM(?-*T8!jMnIHioeiuY6JcU+>Q
-2C{i>%6s?f&sFu*@nBlVz6WNjE3O|%RqxLHIWWcn;s8CYCaEk<N0aa!j=O(v4-Lm?WJ3Q6qX>A5BG7p@8%#CcWwC^tz-S1xE*Hq9X#}CT{M+&To(hLdM?*6
pvWY%La2j|v`0B-V+vu&>04g$lJ8;T=sxg;7GNcz5Cp#<h8+*}l}hRIKuz~BBy`NK$iwM|!Mwe?!j;*hB3bLXfsx<rIDC!U4?Qi+whyL-VByFgat08S3z3-G
82@ZUWR4YHlCCC%I6KeTNFI%B!m0(b;Y3tAzVBy=y1dA*xUTqAm%**fSLB&+>K*@v5RRHm;*cmYbKevQl{$nU*mx3>_mEUd6v-bb)#KUKLrfMk`GIPg9qAov
kAWWf!0kHxh7~afi2nmsGen^'''[1:]


# ======================================
# cxrkit/data/readers/folder.py
# ======================================

FILES['cxrkit/data/readers/folder.py'] = r'''
c-pO4-*4MS5`LEdiap+g$b_M5_vKCjb7<2R2+%f%B)A?R2*OHSSv*su$|WreI{xqX&CD)I$##kY=LebO&d$uvk8frt2!c;WXQo!wMrpOF3irIpi=9>4s=cZ9
g;87mU{v1B)Vk2tIzp@RQt9%jTHESE9jZFBvC_@xTW0pn7T?MY>>IrTtCg{NW>m8^yCevLEC08ttDRa`MPb%WUX@_J+gEj?-dAnem^ucpjc$u3%h!z%?{%{+
@|7q2Ctf|9$ND~Rl1w++uVP!Zi)l}8$_9F}x=+ZHn(fg`-{>_F7rAZn^6okEHSzJ}pZN8R%+z%?@cUk8AIg2(oRRG7>aI4nCtCB7vshVugk^AWMQVk0Rlx<e
snvh^w6QAn&d8Tk1>%(;Qg7a|!gJAPF}s=s<Y>`!<mp&drNMKpj9zca>4sdIH;@cHOr};xwz7EejJU22#42yB^J}w(=Sd%{N>C2Iosinlk2K~ZL|2ohK0>RB
Gb^n4dz;s0DQYoMtb)57LDxs+A#b*@%tM}Cvo>W_?{sl33J2gh*}!ZW1QFNJvtF5^I*3@%n8!6DQhogVBYA}aoZUmZ)H=7O_fNP9zHE)+2yzOnby?ydE5pv1
sS|HaV0?b)k|0)2b8YY0QV4QnP`%5oMM$fr;;pQ&;sD^CFb7*Om1s+<&AB1wl#L1bftk`9otlrkz@hxPneHix$|au@_U~U(@z(-UA*2_|0mdtTEU-G1*vAQ!
6dD#@RvXqeA^*n|k4Vz=OWm4?q?6fz31M&@FrS{g__2{MhwbsHxJa1-Zb2+f93wdsBMMkvC_!AGQ-b)iMDS%rb3jU#*I^Vr<9l|!^ZFM5D55z#MlJ>&yH}7B
Pqm>Sylaui#v&(8GlvQb7z&RemONCzQA>FaX|p6TQt?p6id+K!CwJJ=n<-YOE{c_79X;cd-Z*3u;Vm{{TKT|77Zv!-tTL2w_&SKgPu=8%!Q`-L{>?(YR^+;8
BkR(qkxOesp#^gV$$zT6L^_?spq&a&jBg!V)JBf410-G|hOAz)t8B9baPOeZ-zb4EU4<``&6&TD)1}F2yGIKkg-45+Uo=cb>tZ4XuH35o5-vDR-y%JU%S=si
Zg&(M)ID)HPN$UZB%7l_lpx3)g+yK=-SKL@YA7S52%OEuj}Cc~-23v~_doyG3BnNrRKa$K3djjdk<N;;K$u{Os^E~p`ICc(R)9NU|Lp{uleF&oM2_i#J_}+-
Z!)qAH)O-khMcQd;phuor3|8uW4CGRQY}fvs%@5eR+yy=$U$Nsp|6E=TkdqT-kK~VJt9}i#=$@Hl{NW^0%}yy_)PAJn9UqceX0(<pdrh+=1GN<YR8+&mf~Yn
DtaNSO|46~11G@Xup)QW54{3ZY>MOCK@gGMo1>Lz(by<U89(bR!xQ|CVor5$@~U?^`!F5yBeDA;Z#c8ACafGG!f9XVH4Z)`Eq{o8R6{RQwmVbn#)OVHyDO9(
vnO!u6KV{DQFk@5jh5WJpl64%<6W=;b0e=Jftc)rW+B0U56036a#ob)u?Y!SMJby+=mJIp#(HLaC@{OE1i_mdtfK_PYAYS7vsqD9_a<9XHW7$IE{ITcfl-#C
F${ps`A*-#mB&3Wm=mV2cZqE`oBT0ZYimeZ3i48gL9(_Fj82XF|5(_^fPs<f5QGP=VWmLH(eMBvxOhw0AW9G~cGS&Yw8o?bwyZT8+Uz{h5g(@bza0dM`va`_
p~~a~;$;O*E)Qk*bPT&SrjcIoK8G9+g5*?bZ>+TZ)FYk46hc6()mI&2PRfRbDMPAum;R5`J9Wdc<HD#1H8GU?O1yBWC%fGNV&#J|ptf_2s>8b&9<Mb4g`n-B
ay&Vzo%P3x(=$_uBq@wYQCGWMzKzW2WSy9{yPiq$eXgJciakv%rIY!i$O*<`;2MCVI#G7cr_6r3=w^L|ld{G|?fu7pefZ(c&EHwzWj4Du3Ve}-0_+elQ1xKX
PLd2vJR!$nz!#|N)A?E_JN&JRTGxHM0;Ut_k9z`V@G(nq30Yj%0{#rC(5q*sSJi`A;-pJ9k@v)W#z3-&hWlLN;FyH=uxaN4IIj_WGiqE%XBU}#+`cz)^b1r>
X4kPTMJv~aMoRrvxy({KeS{nD_!exqpz_s-b%iijJQ7p~lF?gxI^1%nk?#q**=exp)#M>J2;Y^qx$Uu<zJ;$shU$4hZ^0r~quh+nUC$KG^WLYzH~8Vh`;Wgk
qy;h$6<%s6wN(s7DD>&jM)VHtxEG<Pmsf4o)@ze;t)-rjyq)qdy}HOwp9X5>`!X^N)d}#WO7SZ$l`%}dcRfG1a7)Lh_qeMy@!;$9Pnn)9=!3+$oOqGhQnsCY
S+Z+V{-tlbD$}Uz$29o&n_3^4k2ASnqWIt>N`CtA^Dm!;{RIuNg4suA!J8PxQR1DgYaT~LcsnD)I}tVd-ju1B>u7X+Ugvq$)p_<%zBc80EZcn%)<Ihepb_o5
Hd)?`NaaJ&8{gU4WN9En4U<XCcyw5DAC!L0!%P94pK~rQ@<ofLE2X+{HR*fHuQjN%v#H2SUF6fr$#>NG_5B{-+hxwt-&<T;hzkko8Bn$=JgD<6fCeW%sL;G~
mECgGx-KEBtNq?&(mPU{IRG2Z4*(d=zNo-P@slq!26*PGNAOAv=i^)9f+5L$ae_wZNHSlh_qafyo^fw`8oE|_f_Uzg>DGjffaMFLNTn&jnBgBQV}YLFox1IM
IPz+&aMknqOdw1bmGL!~`u5CSmd?*bOU}`fan3}~T5I9MXmpXfj2gL&oP`Vpu7t{GR0L@k{n7l@!}XG@qYQ-rlh)7A`1%pcj8(28SXfn!t0WYmU#~b4H~nSe
PlU!`M?W3mq0q>TEn=Q19sBvYb<ZM$DIkqiPu&R7yKOvGm<7@NcHyt1w2CGUox|WU*8-02r4%j$4L6k1R**DOkZ#3t5m)MWIGjYy2Gc8=CZd&fvsG?YX)97`
>X=TW?j`%5rXZ7UkQU~%Zx>NVACn}RDyPN#+u33?ACTL6uNTz%joU!)%a=L_TsUeRT!sXi%obA<&clp1H>26-n;XPoD}!5_*4H#SC^tZD1l7*y5|KzTC)u_^
yWcjVm5XveNSL{4@(U5~FX9)m{u@DF(@$QkI`Dm(stUOlv5t!hU5?8mqa6bsL7|^>$ozle!k;x9#!>J~|M-;vc8z#C4&%!K*6kvxpUkw*g1--P)@APc%+XbS
7=qC-Rb=}1;2eplQvPH3cv0^numJ#yaJg$;WErgBbIjK`zo#DykPTdRJu}Som!!+lDD8Y<Kr3sxT{4$p<Vso!JAX@}0i(A$-B3;g+wS^&l=o`s2ZJ(j?2UV|
$zAKXw9~lsn=5Htc%toFbFyncVeZt4tqGS*6{nxP`rPv+X_z&-DPunsaT3KRqp2gS=wSyjLKy-b2FU~kZ#@*Sn)BJsErG!X-^ofRLKa>@zNnkqPVJBdQ;%V8
1@Lv->l^eDu5DG0)S+m&n1OnzBbf6^JyU+9`lwFAgn0fBk0n#m'''[1:]


# ======================================
# cxrkit/data/readers/hannover.py
# ======================================

FILES['cxrkit/data/readers/hannover.py'] = r'''
c-nndZExE)5dLiciUYq`0%SSqx|bTzfHZM21I;=(S(~8<3|gWrE|MsaR2;+ef8QM`$qv>oA7b*zJKpo$bEFt!E5S3NLFHfz0oR{CFK?!o?_gQ+t$>wil#y2H
J#F}n*R^`a&9@?xDKFtJEtD$f;5Nx;VStya77=9J@;Eimun|UP0-Aa|iy33%SAV%y6*SxyrQCq58l^4#fzxg!ebG<S#uTex-6@@!|E$K^VKDu!QW`7kZ3LEY
O7X4jDa9F%{B*axUw&Rh2$vRKIS8%QDe`-sE$gPW<MHj{{_5uH{t6OcJz6&YeX+P%+@LLBh)asvu4Tp|V3O$U#zwr*Po*+mO1r0Vqt)LcwNlkA9Di7TyuEWV
u2-~p^MJ;?#lwP(2Uf8;uv=QlY4m|cJ3l&(k>jN`K!j8R4Bs25X1fR^8XX%r&0Qt_Tz#b63u_xQpUt+?7VRcZRW+;1Df0ZZ)v9e~sd|<f3S#OIO!XiLs%0i}
kY-&7Eds5SoxAddF#Q!aB#iM0Px?{_RF(z~xhhF&1;<<pX`tkL)moR$NDJHQx-VUf%;~+089`5V7~@&FEJY9kud{FNWvDdfHfB->VV5J((IsfChJRd|5!AdA
-a<rl;$|*=iv88g;nBlbb)xASW#|PX@K_W*qSGLFT7XtN+SRKfh833vd!rZ69BKuXu$*>8$V(-SK_HN-vaM>*2ek#J^%^6k?Qn!=tc*u8$B5Q-(upF>dZg*#
;oKl+_f#q@8D((jBOGItkf$$aTWn(ouq&1=xP=18=FGv-PdyzG&;v^8h!PzkaDzEJoy9a+t2}5N)xI(4fY$i<uC0;02~xVNfs&q|LUpJA9|2vdsfdGo{L!jT
#hOYH1a(_&gpOeCdmeqU8G0kRMjg;FbOr2}sD`qpAJdEIEX2G!XmyG<$L&a<QLRqBsQSom;zZ>ogoSw$`w05}N01ou>*<PkjJ#pEARgnkX#~l6^ehD)x#30<
)9yNq$rd<|vugx{utB541%(mBOIo&>$c93d*c@hEtDS4(o&ZcS98|~{pvDGIQDO~qcJN@2vx5hU1N1t^RF^@NgA+++fJ`e$ue<3;sAoy#18z7BBdpAXe4a4P
dU8D77oO4pL-h0|=ZRrH<eN{Bo`Z*WME3~y6STyM6DQsw@jqlJ`9_q<@G_t!mvx3hOj!R!_EG4TKRa}O@KtfCy0T18Pr>9dq<n}b=iUQM*uzxwy`y;m-4o>b
?#<*z6;GTLy2;upB60u8hEybYbi5TdU^t;Sf`tyLcuCw_;?|sM=skLjOSL134I5K##JbgGf-UJ7k*UDGLj2e8{xA3;zHkUqjo$(`VP8=Gbju5i-vDv+{SS%g
d!G^b)u813@*@7};+MCx>Rp`6ttq$`@#UL0KmT}f;TgwEvP6xGEMfjp7MZj65=#038pH9wxM1U&'''[1:]


# ======================================
# cxrkit/data/readers/ieee8023.py
# ======================================

FILES['cxrkit/data/readers/ieee8023.py'] = r'''
c-n<mUvJws5P!Bl1;>|2n5?eb%W6OyvcxL_v`vv_?Eud(Xo-%A%A!ZoaXio8eRoGvlG_vu5}Q08@9*!97tZ;e6ty%=ub7fj{`|v_KfS2*qpHW%T3YvH#9>?u
C#-Z#v^87l2G}iAEmO|I)@&whBb`8|qOy-{DXpp{QycLh?TdnQo`fH@*=pmMk;%&F4ciL0Zq$+m@_X1O{-k;`pOq_6WIWw#Q`@gji$+zlt)z`?m65e_3%&Z9
)sUkdXQQlB?L*F-ST^!G_6k)-_IK0Qm-jaxr#X9n`{Bl~?ug~=sx(ITI(`%NO}pK>BzZf%zr4P@zhouj!)Wp3-E?|Ay#{*9As|Y&PSreTe5KkN?8D`wl6y~T
WGglj*E`ejECEZVAMkF<ji{C03UFWG`CwaU^T4wl6j)_8c!=MgiX!gbF0L*=OhJs1MWr`eP?H+&QSj@_SK~_9nU?c$`d9sZ23mi=ee>q_)8dc!=#5}t)`sns
TkD-;!ED5bU{|*vZ?4BLUons%c|zN7>jKMwc=P(*?cEfaGJs4i0he~MmIm0gb`ye0#>T&}rPj?P83DdNt)&AFQ0URg*1|HkR+cs507el8M@G7xX=C0C2(&qn
%$&vSWCiHLD5n{L{W)Ilfz64xRwj*RBEEu+)*1FMS(-CUn5RInVu^9`0L9Ndi00mty8t?<M$vW!IkxW5$lzSgbc<`lq^Q=+=sj`|G1Zsc2ulp~p8J7zk)heZ
^JJt}tksUHvJV58H8Mh3*<m^5_m~aH3b22n7ZT`W^q?LkWFXoMOX1iW*7m$tV30$j09=j084Ko8MHaY$LQc07Mqeffe6S@3<^m$MZxMi!uKNrxKxw1*i`~|y
UX+FwvA}SpX}jAjF^CIa-w=mA<R}m^S6N2EjU<dOU>S|cVx|XoC&AdeUd#meosYz#OFre>XBR?><eWhXV;$)Itgq~O?g?1l^JHZ8&Qub(TKVMC)GFswkBb}v
Y8@Kqy8z@b65w_L5s(1RY+wn52n!L!bwyuTDGbB~Ze#=(Y(T)Uq8>3hBLD2={KQdww5IeOgj4!RqHN$}#gCrjG&xecE<U%A9t_j$qU&uJ^NeA9!JZRTWh0id
$(ekrnq4hxP`x0MPmDKfqifM9cfdvmc;tVM;Z=gW2wAVl{=Jj(A4w@G9wdM?-obVUZH|n73fIWmuQ|!ClwaMGvy=wvymJg`$}gXkXi(ghHoApn=G_kFfSvG*
7jm`~Rw0nRaY#!C;_|)^bkzXDKxgl08O3@XDffOPqfk&~Z@;H_>tl2Bl@Ey2dn#5;=&{4W>BZ4sf`!jRcm<0FdYD~=Tj{VY@=(gLQ4j}q2d`+5KQuL*ClKnP
Ti<nV;myIFRhI>JjH^@Mvwh)U?#aJ}s>>d1-Usx4bpb&+daF+t;8ifMBpYGlZ<PKE2?Vv$V-U9C@hU@2`UiL(#2|dj@QtKsXBihr#0-}Ng0NW-7E1a=8kk>p
se_HrD;X!B`V-jnCr*5pZRx>ufO^HQ*l_}Sf)L`xa$G>!l<-F$`T?nzOayq1JzjP#)hLC^&rW4GLiIW{KCb`^2ha-jM5RK7f^Ezf!v77B-kS=#v#gw~OYX-c
S(Ew*hcYg5tf<g&yPj~?a6xt7UEOZm$QkT%B;kV^XOXVShJ=Q$(-kP~(BZ)0F&=ozZuFye*UvD+)=AH#$7(+wc4Ja6Zon5BA5JE48Z^hQO%1^5TJymTJ{Sub
9!}`NHWG0LK}?2>tB&&+7m%_Gx!JnI#R+aoMKe<i1H5SPtDDw%4Eo?54b$-CY-ah!5OewLM3~c1!{QTzr^H9YPE?)aSV8j*&eTf@Zyi;(SUH*^;OTFgR$7a$
2itSX3v4Uht^nO(+yh2P@X;GyM78*MdJ?_ramHVTWzi))rjdl73psUxo>6k>YzdQ*?<PF}Iz$JauHk_Z9XPV*w4Xul3m5P|uO^h7Kf=!SoL|Xkp8N+7+lIy'''[1:]


# ======================================
# cxrkit/data/readers/listing.py
# ======================================

FILES['cxrkit/data/readers/listing.py'] = r'''
c-oCuZExE)5dLic3W8rM4X(0oUkV2<hOG`(U~7vtMLz^VKuM>Huq1jUox}_B-*+#RY$pLWAV@^=crVXAcgJY0zqKZ+&O%TnbnZ?W)wr$(uUw-V+x20o;1>Lz
7NFcv!9v~H*s9oq@?e4+)Lpw*HYyv`;P}!)nW4sQRBhDz55Il-leb?5)q)}A!R!NBu(8lu&*!$^Iv<q_^TxYgRj%uxiq;LGFlD9E@rMZBMCV1QHqlg_2?2di
0@IdAY)x!CTaKrnaXC*0?)?UBll*koRt_Dvz4;E|L<+ojezNhasXq+cU7XL~uh*Z~UoO>3y`5te7mVA8Bg5ld#1BHjgX)~yK&|W$9S8l#`hxCeI<~vM3`Je)
h0-;IO?2DB4wjZTH@&G`xYs$E;ADNXL+$Q@V2r1qzMxJ-GN6^JwYPvr9hh4{PlByM(zqa@(3`Hq!-zlzL4N+r1X_kc{{zG7((f?I&SNzEozMALUAWy)FXuD7
N60RpM4EV^&otZmdU^5stujG1#?v1pNM#1RbIw#+B0T_6vBJJ{BGK|CCP5cKLBEZAad;-SL-g~RDB`@%_&)9;q%2lLlOVq#$g==lldIS7RNQSlxI)Q=<h=Nu
IeCqd%^2fnE)cer8zKym{t~DjYDoZ{B~niT;aw&@J3O1&Mv?J?JjCV9L)`gc+B<b4%TXkHk;Iz=Qb;&i*l<Jsa3lqVp0m)XuhHl*i>kQaA}$Y;U=emrWA8Di
>J<vf>eZuu!Ssxi=(aE%>>v+)sdG*yA<kA)(5s|EmPfuRbY70oZ~n;G73>*x_U7lG@?28;%mcWuU>nt^FKenhGRg&b3>}9`icHx-qSFIQ6_{84crmzieSrIz
S*(Ffye?|DD`UtpPL0206H9|AgwD6Nt`UyG^uP>b7M0F*QVZW&z!E@5RoI6JJ)vyW*1PZC^iqj}8+SZz2c!zirL|SdtsyZ@N^<fNg)kiBW1yU5y1*2mZr-m<
0BY1(PPIm@B>C&%@16B<BV9bB!juYGaM*_cKDq%UfWM5zJdAxU(U@G4L4a(g_@GD%xUEO0YNt%;@Iq?hBU{O&<Qze#toalDnZ9gMCH@$hDO5$1wL%kbMiq3P
C7$3lE-$XjutVgydym%^sRxmddBOtg)$cQrm_RtmBJBwXs6CB1e>4H7Y!S+%G3t%n_1w_y@fRQ@4n1VK+BOYM0hFg4Dbu0AxhSH}mEetsU<R1rOTMZz)|D4<
Z$k{3q#dD6!JdGdD&qL!d}cbk0j$j{FbGtG*ZIQ^lL}-%>ma!4tawVR)#@qJt|w};`l}zW>2imq!E3(qMv`^vj%0(U#R(xTx6(t`=9F|8@)eJoYst*|@cfX0
Ln_YX?m`8e$xxr;wP6#un9w##QGYIxoZLStca`-Owjaea6ekfKl>CILCyGCP*`yIU#Vy9N8;YvVgm7C91^al;I8RHmdUI#GO_CcO&hmWZ=aHTfl4-at)Hu)>
m2vi_$v|QS43(>a8e3|aUk6J&Yu;avO>^sU{&AyR;RCB^Lb^vf@}dS_=v{1Hzoi#PX{t@YdEa{2cBTS-)HvCTY*HvShgm)ZjR<HOiBdCMtNajHBBHz(Q=O68
Q?0Dyslo}W3CS18v!F(Fi{D41y(o%nMs9pGUL76cuWMo#X1Nno7*JZ$N0z)06FHYAixQE@5{1dUr$w&bsq_>ixc3&iddjvo%uMQ+)63d;3K-j_^tuzpQa!qN
+#~S4^pI3PrrSZ)0NW+=`shWerzA}rq3%cT`qfBV3^O3{sq9Y!T&NA~SDoq0+DOw}${%hD2Y$UYl2g-{1n`KaZvPC2Mswl?fYa)GVRRn_!@Y}qA&gQ;V+CMn
jeZalk7o}Dmme8fIY<x4>FnrvHMVo^EvqCmHrK^rEo10Eo+c8n5chw*Pv{c8D($cX0rK$HI70uKa-@_<DS4Zv#{=nu4z;9tceuv?%N(~N(UbkaNn0=ja}E!Y
dTx%fWQb%AkBsJj95F^Javo|dIDr=SJ;_buTigUa{}*_n!u<'''[1:]


# ======================================
# cxrkit/data/readers/nih.py
# ======================================

FILES['cxrkit/data/readers/nih.py'] = r'''
c-nPWZExE)5dIwhii7qc(%>j|wzQp74M=0BGnS=An!X_j1X`jku99ewbezERf8X6vvYnR}Xks79yW?}ubH@Zha3w`94d^Lcj{kzQLR$Cjz=((b?*kC|qI4FP
$`yLyK)_VhxvFPf5Eg1V6HeVpdjdn@L^`USc}S0X{nv43?_eUW$|bl$;;FK-aS#NZ$N#2AS1=c@DAfd1HP^<$NBr8XWcTKWa&eB%+tsBuxqY@88@_{Wca_RI
&eDlVDPP*2k)L+^>G1Q#br&v2?@zDCUq)TH;`K-8q%nFM;GM|F^?czvo$J$g7o$&*Ko~p$A-y~59rXx`pbNnZ2$9)}YF^5;6cbrmHbx!9=^8=f+^H;tpv8>p
90dMvEK_By1DPwQblq)N{uZ-YDfcaS$7DM0zUsZ&DZ%AvG#m{%<8dWs62^5d?<tvcUtGB0Y{-JeP_lL~9`1fSok{xoMad<6)Rr^Ayw5*e3`bWU3q_vUh5wZP
didP51)yDwI^^TiHTvlHd!5S<>G}9_IKF(3hM?9h{esTts|zv}&du%M@UT`zmc?Q|k0<&*&UAHncj%dnL_R=XpPdo+aybQM(?S{<8m--c*%raUpD@w79CY>&
ps$5Qd<~IZm!ymWx$X*Op%f3O0tRu<NVhOG!u}98Y>OpTm;H937L|-*jD@(%FhW;`ZJ=uKl!=;rh`LQO)*1MZQ}PbHg>J5jfU~4fH=dohKHIB?$}h;b3%ZsZ
S&FOxqnETxp`MvqC!P~5?p<Z$o~%%1Ze&9%F|ky2bY?*q3GzNG7rD$gg5IO_F;B{zuM&0kNY!Yn<-H5Tc_}ja0tTR_&@2uT_$iJ%Kt?E2OaueqQI3IiAq%3h
XN0nHqs?$iGQxauM@>lJ#a8=W*pL6!st%hftYc)Mk2MWu*v-7SeC1ss92EH3LgN4zD+XoL))=rA@^OvqMI@FMugw6*^d;5PaLyI=x}z`)>!WaEv(lkl^|B^+
Sn`c4p96WjY0@D8(U+4*JjAfo8=0FOXtmg%q-Rt-EA=F7PDBx*?e`I$xiVpNi-jWiF-wfIq6@{IdHm7Hk~@6rw6AL{Y&u89-#3)rhHbNDE1uojVuj&38Ye)0
H|1Q@HT{7ucp~6AB0|{aMaL_Pm8S}CjEEYFN8oe{*<&WGq;O%>_=y01K~@v#EAarinofP9v=g|qlM*P6jhKDabd4cMF=1FQs);mRNd3S-43<dA#z;6d!7!t!
(Ri~+aWNP%pcVR#lR*>eYU^)++mVA-FHGizzx6%9^fPzEHvDnRt-uQ(LGgJs^2I8m|C>jh{kH3EPue@y{ti2M7be0gq8ZQDm~0{Mf85{EOF$i_l1>nDiJ}iu
7~2*uft0`d!@INMHrn1Lo=F$7s)5-2)cUB90mY~__FleNbH$x4kR-635uLrZGi?-DVso`=t(V;LcPr;R2s+=iGnO?Onux@=9f!fDMGmm5DIO8EHkByp7o2_g
G9DiE|G?28%a=SeHog}*?pQn4xBdz8B;pi9&KnpPHR)`{+t&WnPa~0mfqi;|wr90jAVGPqd7W;Dnx|HXr+F-=Do>`t%2RWFxZ)m8s@=y*uRN&h{dLeKfnuwB
w3!oG2PAz@6QrKR%F<@PDe=F^z|WwheTRX+99MtmR8xhd9augpp|lftu<~sFfwixhk^9@X%>FHtkM7~KCe9};hUQDknn?I3*${;!;7e@E$R*^oP?8~=BfgZp
PcR-cdZU8(lIj<5*k_BMP@}x!???1b7p6>b5HKhzlh~3HQr`gdoW?TG?99;X&!6FsyamomRjUkXd4|rVIf1W&0L0gO8AC{qPn4E0-_+fp|GIY^_l|z+AA2vl
EM<n%BMJOFSLSSQIh3>?(75SpUh@v;Ja;YbP1wrtA=8Xyeo|?Ci+bp|^#;dp0;UjsdG?ycc^LGL-+T{FpvPUc(zPorlRFm=*1rLGWl0knABJ<BJ-VjHRE94g
|3u5xj9NVQ0!$8PS*7uBmBn<5(<}HM_y)jBSR6};hGFmzztscm<~-za^=5F;zr~5g-a?*2jZAtQ!Qg#EAB|_6|F}KFzIOM#O`v(_GJ)teo&N!~W^4H'''[1:]


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
c-oy<ZFA$c5&kUw3Y6`P$ecu3m$cKUWjz;LPBih^H}c)JQ(L2fNk~FW5*h$J*;Vx4v%3H(+E$Xbnac@WEU@p-E-naync$hwOf8vR3wCz>d3rt=eamJ%lWL{;
X8pv@x#joVh%x(-uU5I}8D{y`$YrH9Ul+U_rs|8#M&Azf;nX1Wr{W+8y08C}#YSn%wCFCiD%ghGbuRCjCx3v?uG>i;^@FtahS_LP*sO)H?d=$))jYD`D`8%3
$C^wvHCrx?mF4OfU#fK0@Lf&5fA?|vdD3Seu5YGpH6xa1M}^kvaQSyUo0gl(cDonXm*<n&4NKTAAom92)<waU(gn|fb`TR>R^@7Oz2T{}Pp}gNK>I8;&)J7k
RD~)fC-S~~HM#jXIfuK0I&zCv<Q5n?BW%$9G`mEmwY3{F9uBwLZTvv7j8jz%Gsk9z|3g@V?%8Z|KK<C1eKc$O>};*J*}BqCOjySAn1ydo-kwC@MH17djv~mF
>)G`C=@ogb+X?Pvk$ypQ-J%bqA|Gs(epqQ$ZE$DJ%Tj$2+HWp?eUs}#YK7$Vu>{8;O$s6Ydh+&bq&92Z5EVp}XGpJ?NH$UzvC=D~<C=)tloS*CMZ$(xxs`>o
>!(7gQcxft1O&T$B8H`0nKjn}>CL*|-FKm0{<-Fm#*j=URV79b3Y0Ugwqv4{ybyKG8dd33z!J|`RtR32n0<turPRi{jit1PrK&2eaRqtx>HT+;8Rd?qEZE3g
ggUr=H~2Rn{Aa=DZ%%IqY<_wdo`!eXo9He&4WjPZ57W!@+2jh3@p2`?zkJ<iqi;^WiJ+!4u>`FbYoXyLrR<pMIAVi;uzRKQF<6bZ3D8=DHA|Hv^sG7H$r`N9
`ID+Fsn<ak0YZ45hrUo_QCj^(7x(?yC<bwv)L{e!U0(=Z3w@~_3M`7c9W897$)#{NFEe)RW_L0!gyn<=kGXjaNYD~JRNIMQ;*B&`v!BV-J_W{6pe|Z<6Ob2B
-mSxqx%0-%V~vkxyMVH$fFOOyKEcy9LoJXU1G<FJd#g>KEPBQY>Efb~S{YWtW`o8Z)E$&WwaE_f&sr7ebJ`g)k1cX}#7)h1?XRE}3XvN@mvlRDxK#E?6j9Xw
6-97cM{@}hYKRR3%JoAsmCE(8A$i1|9L8{qPo1DD0b3u~4(e)8JXB8ha0@wY4QtFyQ3RAbE>H=(op(FW_4E*rs=e~oaYK={x$;fI7JmJV-DOkXg$S1sxE&dw
L*?AcFJfVpi(PbZbqNuo%VO-Q<WcvHntCz6<3&TZqaQKZ&~r|$+HvS9uG2MW!1#*GGB^~Mm*A`9nO$RFBTfiaNvmM`%*_}LWV|SrP0mxXfW%LJ%fk>FnHT02
Q+*nYaN_|K<f~X6VS16(H3yc@7Nsok_jqmxJEznBC6<7amCm7Hy>t4kM!Vg<59!rs(2N0SI=M1fqRs~)jR8TO6h7x}os9V*XL6Z}G8G8~>!DQJ5>BLAWYQ+C
VZ*1&bCFt+C4n0PFnpLNWmVkc6^I*<ECRlT<`%(x3tAe>wN2hq@;r#AJ_9Sz1+Yercm-Mq7t_lLyL$J2LfS?V-R8ES+#J!>31%xCWgr-TKp=XBDq{=qmw*RR
k)6|OkC=DdqaNONJ&yTWxRmT+c=29}ThHZk(c1^D%8U7CBg!m9Kgah_0~Gaz%n}G5Ub-J1m-t6etkw(t3yHe`<rDb7&%|SzR~dL0tiV`zPy;dx?Yjk?=3pGG
J&d5rV0@iJ_aax@kg}LOO}P>CEDOoexDiuX5+dOJl$3B~hy?@?L1&*~1ZHI9cL)}un485$8Tp8L_R=4|YDv~hFd|_TdP7k?rj(03TwKTTH{&L)YhA7gB;mKI
e5ZqO@p}Vxg~0n?#A&z#eSRk<go#Z8`@D;#6@>|-I&CmJrJoh%FVT&?VNR<C<`4zYu`lr}lc~KWbc4U<zUd><5`NH72VFiFf1~cqw&a7Oo^W%Khn?0lC`J-M
5{W1EaS@A05N~SS!kz_zdw>L^hsd)k#k$<H0oz$=b2mPC1R!bn?RFexPrZh=Xohmv9_c8U@=G$7Oe9WfsE9ySQSN%C$G&1=F3Ql~60tudY!vOGnER|3|D<FY
8hB5Mtl^0EG0xAB_Sj6EjLNw7O|L)zPk5mM@{!xduFcbtR+j?p>)2reH(iJ#2fv3vxiUxFxi0~72wG&=RzupbtLxeOcb9_^LYW&`*eE!}(v55o&J^Y#QBNd;
QM`d@9FBzW_^HRUj)821NTI-3Zvc0tm8uMZA-X-8W0YwNph7@%g2t1Xt%Nbb^{x2k)5XQ~Uy~aje&p?ToF$+@!s_WiURHTtaGSymC}LCH!wVoh{d;nkMYn7*
|LP7$|GVf<zV)D1tw9?66w1<u^~JZNc|;l5NFwQYD#m)m8f^yXHpq+{^t*s3O7`m`0-=vzL)9Ka=6WPVjp{n*fTDG4dIe4|T4%QdlT40Y@e^H=H1j59I9vi_
Kqglbx-wDFXrM-z74?g#+ff==N{pI#v|;E!F<UTzFvdFq{P8c`Hs&CU$D%r_h@<t35m}s?<Wg#){^3UeODH(lIT3qe_u^U!P@`a<E$|fjC0FV}WD77zg@+-s
W^}_b5Xhle;>`|9UCJ^;M5)1d43<lJ+?C`${AvD43BXI_$L<fEUBFs9Fge&Ay$~93?*@QQ1Wb#49mdcn!C`C-e{{zp*HQdD0IX+9tCIf!5YjV2lfQnj!f~Y4
P@G%aEv0Fj4n}a5xIPG9jy-WdNFZM&^f!KbCndg(y7LlxM@!cDh^%(m_u?Lvy&o4^x`5hAFdF>1l_19*S?3KNYWGHD2Y@8SUrmn4`)qbZ!mH`A-wILE<X9Kr
_7_&NpiK'''[1:]


# ======================================
# cxrkit/data/readers/table.py
# ======================================

FILES['cxrkit/data/readers/table.py'] = r'''
c-oCvZI9bF68>!e3RZW(N{Omu+i%YKfLz-E0g_G8ZP5Z+ol9HvnzxeZ6RCK&uK)YZ3#k{cgX=e&9FoIlo_S`dD2hHRCrjz1aB^KKE7r>DQi-juYP%3_r$pP~
xY-KzS+!51RkBnq{x^+Eg*9L#ooI|`%|TQ!3&x#81MRHXnu^R@u`yi(1MZ+VDvP3MKG*f$v|wq&uU3U$U86UqROs1!+nO3ySC!g0Z5k`QO{uoBt6Zr!?wL&{
*PCGX-l-NZmx^2U-%d3f#pZkIc9mWSvmfE_+;8;QK4_N_E`C<m@?P0g986o<XI2@b(z{k^>vVH}$!>!i1iPQ;@5D^Ctr<4@mn`2m`_4^F_N}>ZmF<lPSye(X
<kQ5^%Fn7?`N;MdOFuN9|M=nU`<vCx+mAnpB}`-+Q}1=9;x@|v{p#-S?(y~OukRkOx5djSnScN3*P9QY-hL0JQE3iMWn@VN0j?+^@1<@arau7*mI7mvTi1e1
t}W*CIm8P2VOM4wBkl`=JH?Q7bpuQbp}|!}3VhM`x{=iaH%P?S|0GCr*X=8n>&B%54l0Vpd<IPV8CeROBj=>3CyY*olAE14XtyIiHeJ02KI*1-{f%g34fx2W
6rW|)!B4bC4x@?P%MH%905aXTX7bMGvsFrHrf|}OYF1ky`ErCWT{IQsUT`W(MZhtc&-8X!3Rjsy{NinN#B~`ubz0DNLRxX`4Nnk@8C`cN@?(s4m|jtoWPp|4
$H_v(bdj@Rfexa1%J)PNV4qAoRa=+_ZyEzkx4N-TLM(Wfl%P*ev>bCBmw{IW`Hw5m8Fasu+Nz$i@#NxS2bW-xuo<Ah*o?67H(Ip{T`Xh#-}3|JE4g`ql)_8%
Ao=5ef=k{KZ{Y{&GIT|ozb@Eazsm)0VPv+Qx{St_NWeQDuk4k0A>v9kvEL{WUoFKofOEV`#Z~qnqlc-}8(<vXdoiB%?j)xHg+O+20fA7iYa0SRRzOz}FQ+^l
5SP|1zey6GQWLZmoFkYRUrMYYlhEocdniYM_<#x|((itU-&x-Qg(m`p87oL;258u*R<dEhEO@oR>uJ@vl`bh*{;w`6gJuQ{F=LLW`3$EI5>;#zON<h3>A<K_
k1i&%+sy7O?M8gIxQ2u|`|i_+Uq0U4W}L`OYM!wGgZcxY;$sqAGubXlMP2~@v#>2%<d+wx;srT|5aI%qhA$D*2mFF3Y?FxPlFvg0nsPUO;h}&739h8T192+`
YszujfxW?BQyW^}14E8;2y$A1DFS!kH9ZUSBQLvG&bu3^1uDZTGTipEu1tjk93?0?_^Pr@KF?=rA6AVyz@&;<s~3Xwz9B|YP2rw`{$MfU(i{=DVTf7%>+WeN
PDD;gJ}_VE&N{+ntwd$agCc@rCgSK06$0!jD3leFG8HeNsoYj2xf&WBV!Y{E-`LFd6%<2oZK$u=wyUaIy3LL_oKSpd{}Aa2^&rZ!i07ah4@=tU?(i}S7auet
iV#XZjiB5{c*i3HcM7icg2tBz73L*~4QLaNeg$R4$H0JCtgvXtzFArH9n_@$(qu7~6doC=if?wn4fY6N#$dm})=?ZtX}Ea+_hnmY)sAAMt?=q5<kn%$hVl*5
DdD3YH&q7>Vqc6MV6&Jwf*A?vvem71i&0Ag?iVB3Vb@acEmt?bH>3yvwNYS9n`Blw-*kFxGU6WS8x%<>3g|<E62eh|mH!yVDdVV3LegG{3-Hb|9<^zSv<(F#
@+ptI<g{&(RdTH=tUcZj{*S;sw_-XCW}Nze%@eK(2P0^uC0AynBVdE^fomwFAu`MHL>R;jqmvP(nTNc;1uhSWE};=R1Nrnf2!9|qq(gs_x4U=<dXdTfUNxl;
+K@ju7nH{U8{=MNregAzz__w~SwQ~Uy{aluinMPRAztJv7}{>T)sIZoaW@%>_&SMLkk*(B_-G*2rnt)nmg7k2Ya|`G96yJ$#<aDp^dBmYZr*(tu`>2eUbc}|
p-#kb&BG3NH8!J;lIk3mQCg5+7o=w-p4sg$@7}%t?T1_BhClNQ%U%~fe4tUbTjOg%tcn+R@m=}yF8MpkSn#TslvSzi!yqVqQ{qz<vd<XDkAnX%D5>vKMhc=W
2`Ls81!$FCE(Qfh@JYkHCSnAK+5pR`o(DAnIl-OAssXuAEmV*WRwnrE$w!-0r90OVFs@85K`f#D+bEq}6*nI}Yh&uXS*9+^6BmS3tQhYhlPGd~Xcjd-hvVo~
l;qzOSvwtKrRsYR|5o=Ei4njwrC&MEqK5!Q4D3MXO5Mg7I`JwLCu+IQ#xiYJXqj-8!u988k89!NJn{hX%fn@dR85L!nN49_oIOBCYVYp|ryTvyVH9x02|VmX
i2z0EazG|M;&XR#VSdR?P6}QglQgE{K|LiYci{f;&^ggw#H(fK@Hnt%VWgadO*KCAq3DrgV-Lw6IEOkf|G+%GqQZZQ0_sHQLiD8zx>Ao21uYMqCl)k1iW*n^
cf@XQ;Q!F+oyg>x3l4Yke`3aX^To&)+7T`S{+w?@4>yi0LWh+&g=f`g6`lnER~uW?LgN~fU4qSg1TQb@kI+RPCU5vU5pEC-Z*C-Pcyk~92bFkO3C}kw0r=9x
l_wyrZ(*AfpQU{x!FAj5qYA&sfL!7Go%YGe`+{5IBmJT0{0i(=T@&7N#-+@vR2(m7a(GYe`pAhtDX&<@LYJSMhGLhGiY%^NvMF}<Bhg653X&w36)k+xdFFQb
tn+2{WTApiEsT)d-+&ym%-_l<&~?4pi9IatT3|Hvg+kT_Kt@#gvS4qyy2@7ZN0RlE|Gtog<B#E?KwZs=D=L4*TnY?2&kvb^*)gJgpGQF+`o|_6(0@3Yq#B#>
hY|l75an;D%M#c`0st}bprM#DZ~OEKL1jNN8*yNqqjYVeMP&}a{3HVoTC8&MSv61i8<RhbzAzc85^(q7i-e!f7vC1i3CFW6yAs2?{M$vrfLvXj{z}UDb(l0h
h?qBhmlTqF+<2z^AqnCLd!dt<7XJfpxufF'''[1:]


# ======================================
# cxrkit/data/records.py
# ======================================

FILES['cxrkit/data/records.py'] = '''
"""The record of one image: label, patient, view, provenance, licence, file facts and split."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
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

_WORDS_OF_SEX = {
	"F": "f|female|females|woman|women|girl|lady|w|weiblich|frau|femenino|femenina|mujer|femme|feminin|f\xe9minin|feminino|femmina|femminile|vrouw|\u5973|\u5973\u6027",
	"M": "m|male|males|man|men|boy|gentleman|m\xe4nnlich|mann|masculino|hombre|var\xf3n|homme|masculin|maschio|maschile|\u7537|\u7537\u6027",
}
SEXES = {word: sex for sex, words in _WORDS_OF_SEX.items() for word in words.split("|")}
_WORDS_OF_AGE = {
	True: "child|children|infant|baby|newborn|neonate|toddler|minor|boy|girl|paediatric|pediatric|kind|s\xe4ugling|ni\xf1o|ni\xf1a|enfant|bambino|bambina",
	False: "adult|adults|elderly|middle-aged|middle aged|erwachsen|erwachsene|erwachsener|adulto|adulta|adulte",
}
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
	taken: int | None = field(default=None, compare=False, repr=False)

	@property
	def used(self) -> bool:
		return not self.excluded

	@property
	def is_removed_copy(self) -> bool:
		"""Whether the image is left out because its picture is another record\'s."""
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


def age_span(text: str) -> tuple[float, float] | None:
	"""(lowest, highest) age in years that a record states ("45", "1-5", "070Y", "006M", "18 months", "30s"); None where it states none."""



	number, text = r"(\\d+(?:[.,]\\d+)?)", re.sub(r"^(?:aged?|about|approx\\.?|ca\\.?|~)[ :]*", "", (text or "").strip().lower())
	match = re.fullmatch(
		rf"{number}(?:\\s*(?:[-\\u2013]|to)\\s*{number})?\\s*"
        r"(y\\.?/?o?|yrs?|(?:-?(?:years?|yrs?)[ -]old)|years?|jahre?|a[n\xf1]os|ans?|anni|[\'\u2019]?s|mos?|months?|wks?|weeks?|days?)?\\.?",
		text,
	)
	dicom = re.fullmatch(r"(\\d{3})()([dwmy])", text)
	if not (match := dicom or match):
		return None
	unit = (match[3] or "y").strip("\'\u2019")
	years = UNIT.get(unit[0], 1)
	first, last = (float(part.replace(",", ".")) / years for part in (match[1], match[2] or match[1]))
	last += 9 if unit == "s" and last % 10 == 0 else 0
	return (first, last) if first <= last <= 120 else None


def age_of(text: str) -> float | None:
	"""The age in years that a record states, the middle of a range; None where it states none, or a range wider than WIDEST_RANGE."""
	span = age_span(text)
	return sum(span) / 2 if span and span[1] - span[0] <= WIDEST_RANGE else None


def is_minor(text: str) -> bool | None:
	"""Whether an age is below ADULT, however it is stated ("1-5", "> 65", "adult"); None where that is not said."""
	text = (text or "").strip().lower()
	if span := age_span(text):
		if span[1] < ADULT or span[0] >= ADULT:
			return span[1] < ADULT
		years = age_of(text)
		return None if years is None else years < ADULT
	if limited := re.fullmatch(r"([<\u2264>\u2265]=?)\\s*(.+)|(.+?)\\s*(\\+)", text):
		sign, limit = limited[1] or limited[4], age_span(limited[2] or limited[3])
		if limit and sign[0] in "<\u2264":
			return True if limit[1] < ADULT or (sign == "<" and limit[1] == ADULT) else None
		return False if limit and limit[0] >= ADULT else None
	return next((minor for minor, words in _WORDS_OF_AGE.items() if text in words.split("|")), None)


def traits(record: Record) -> dict[str, str | float | None]:
	"""{trait of MATCHABLE: value}: the view; the age in years; F or M. Empty text or None where a source does not say it."""
	view = "" if record.view == UNSPECIFIED else record.view
	return {"view": view, "age": record.years, "sex": SEXES.get(record.sex.strip().lower().rstrip("."), "")}


def untold_sources(records: Iterable[Record]) -> set[str]:
	"""The sources that stand for "not told": those of films whose collection tells of its other films where they are from."""



	of_folder: dict[str, set[str]] = {}
	for record in records:
		of_folder.setdefault(record.path.partition("/")[0], set()).add(record.source)
	return {folder for folder, names in of_folder.items() if folder in names and any(name.startswith(folder + "-") for name in names)}


COLUMNS = tuple(column.name for column in fields(Record) if column.name != "taken")
NUMBERS = ("width", "height", "bytes")


def exclude(records: Iterable[Record], reason_of: Callable[[Record], str | None]) -> list[Record]:
	"""The records, with `excluded` set to reason_of(record) on the used ones it returns a reason for."""
	return [record.but(excluded=reason_of(record) or "") if record.used else record for record in records]
'''[1:]


# ======================================
# cxrkit/data/registration.py
# ======================================

FILES['cxrkit/data/registration.py'] = r'''
c-pla`)}LE`Df{`ICwxuI<#UtP8N7m&^+8Em>UPSyJ8Rom6A>p8;VqURAd#y{`P&ZJ02;@ahkPgWs-OI-S>Xo_2A&({W6|wRp@zQ$|5e4JUdruyfrG%v?>?t
<v5FzROO#_p<*>D@|DVGFrZZqKSiYCY^n?{SmYbE(P@f<Tl~pXJTJ8F9UL5V{eNafzEqPuP4xu#Grf2`QOR<Z7p1z<zpZsP(L8Ck&L(A^r^XIX;>ki!M=L->
7v;9wmG9Ylx!S7OsBFb6Kfb@TYluSrY9`5Q+smd25iR5Mcx_A)XQNq?mb&P6Z{EMTP<?fB`n>zEi|d>BS0CW*tP5mZG385LF7hdp4$MHpC-9t1<5C;MWem)M
iAg~WGv~~RrOrwN-{TTi68DJ7vwRJ3;zBF<sMbbLnPac7US8i2BF}K|kI9_|M#Rb_Q*C8nep|yr6qed7lF7n~C^0I{^G|vT&<iz73R9jdQ|gt07uYQ+6*Cw|
)O@Xt(H1p8WK-nXT#bRFssyALZadhTk^6A*@)}S(?wveE<X-1Rp;J;HJ9iPMvm=xIuGLhRph6}>`H*g;iB|EfWF`p?M#sfu5vj3GQICk2a+6moXb7`;@)`7M
y&^2$U46W`ytug`M4o&F9<+C?W_rU+`MPbpKVMzn+(zo=<MqYMH^PMoe$R*(x3H;`H(>$rK)03##R42&=0LA3j>lkG%y_~VW|#%;$k>AhjnjPc2{1%jHaW5i
l*SMuuP?4|U%vl982pX)e(Cll@iINYiwcEIgHmKU@OzSjBA}N1onV&>P^3kkl1fkVRU(@plYjW>GE%ocU4OWEGkW#%^*@>6&yeP44`q7;BT&>dHy{SY02u?c
fubd7A<0s+aW$7934q%g?Ff}=U1UJbIG%hWR1w2S{qWQE?YoPcTShWcXT4*@@r_2_fGy%GBLc7V&)OfOQ5M@In==w)y+uxu{xj2XURfk!sJJVtASvJt*;r!D
5f{bTJk>}c89FWb;qoQu5B`oWK3rVC{Wn^<J_3fG0<t$hzP!8~y}r7+Wz9Y%$!4BXfwmxj74cX2VRE%x!<H%7vUMOIz<<5HU==++COB{7Bx4CzB1@3BXb3ek
@MD6~*;Jr*U*&fIuw1WFJ(#6=Tt=$p&k#4e)H8T5^HrpZWWFewpLtn=SoL&HTFxFTLL^A@&5pDA`Q6p!#kt~r1E2);4t`GLCj_J>X>5#o!>V@P?T8(MvjgKT
gywok118Sa5Uvm>$4$Zh$!Vl?jNHs8ahh&H<i#>h6L8Kzj#_8nKtUCNJEml|bf$WyMxz8qMx(&!bQV>6okLuLuoD+WybaaS3-tj|0W1+sZxRKbJN^T*-hu}%
#R@we1lg;w?^n?6AQ915BR05TWB}t-7lE4?G3dvS)oF;Fdm7rMlRPer{=#AoNFgdItn7BaZ$@L{0rHgSCqgT_h1?%wh+Z2^4uFN|4~;~rbM}j?7|gNeb8Ffz
%qTQkvBS2`n;r;dyV3#dEy5(6Nl!>hJGA-oiAeFzK_AOq3S{5=w(6l9jo}-DsW{GWyWhgzQpZ^koJ8tL=r9zzRuuD_*v*&mIjiX|f~4?$#S7I@Gr19n0wr_=
(Xz(~%KTQ8L30%iAJQ!Fr|`tf)gyIgQFhKL*gz0LKWkIDfmr1*0^t^A`^Y%I(`Ls^YNUbW-`NzCY!jjJz7Rc<a^dBt7)A(>b4l2yKuyi(x%m1VEbh6BvPUOq
-yn?fx^%I+*K;{+$AckQqt&d^c%r95y3i@Zz+}R43iE)T-*u6jAk~>n2AOw)1sD+6O%(E+EYEOS;N$zEuOt$~f@G!;f-DQsv~o240mB?5L(2OSbgD85cswAq
_6!oP1N#mD8EN+gsdO?P#pMX?e1s+$9Og45Vx5_Fp_?@9BSL+r0^!R)lq51?MH&OUpE91)PM8~Gy5zMYOFl5J%lIx?u9rc5ECNSC@qUCU3Q<`Z3{Mr^Pvc}d
!U`!6oqJ<5O+?Il1!O3WwJP`RqE>KWWF&AAY4r*i1t||WO~{@N*JG&VxC7@Yk_~}x1?QPK%NXlYGVSc%2!qOv;U433Bt=Q3+01{-YxoP;6YjwPh#Ha>GXfDf
+fk(2?S!X{Fk{;VNqYhyFXUJ>1a{9GV&hUtEtMG@57i50$-p=8c3QDqdQHHUI7hFsP7CNO`{%Hi&#C}1z<@n$@%AC?(Yx&xxG)I432TTS&z(Q7`G^0DYvlaP
4-D1wu;DG+^KsCyOv0_@prqY6pFAncjWvoYw`m@=6prU2ryN}@B@$AXM$UD1VE@mW%NX1dEt(S+G}#Sj%*Y(lhiYVnBg7jp-jS!5oSlNn0UX)16_PjR!4j@U
T>kY>Ad$p$W3*oNk0_(u<L5JtWR(Fjeq7}7bOI6|m3crps-V}S_#es}>{X{7O$Fh6!P{enUHL;?;CVxaSo3%|14-sh+J@K_(hC6ct!8&Zjm6;lET^7VjIz~t
WktI@v-)rO<`l;1xu>;}+Odz?XwyWz!H1f}6=abbTxXn$Op!;FOnBA+k4}H<O)Y09ek-H0830)~7AneeDG@s2&C9r$>yl+}O7w)12}IQwA~o!RAIr=N%H#kP
6iSj4;I*{?H+L}d_#TKS6ZLj^2Dqt^TpGQF7K@M=z^nj85%CPY#E=vk0%UOP<0lit0gnSLZ%PbU&vljKgyGQYfsbjvE*hyVtL_)Gz^gV<F^dtV=VJmA?GZ`1
%CoT?_@wn}nk-HKwpi=1QUhQ@-~;hOKA@o!NDY?3!D>=O@ZZsk)j_0c(;<ltMp!Holn_#7ezU`msLl@u=TO7Kzm73`Qma2Jm&P6HzL-kkRuAe%zU+&Auniac
v~nEB<X~;&ttiiDBTmDEJ>l4?AMO+S`Y7yeF_^08^K!XAu|(PF{;{G`hYuVAwvK4n_aNuC<w1DaM6S%~8z*>q5m9GHdCj4yr84HgP;(D^;w*^3<*lA7)cr@*
FF^h?aG&pcLUp_6a%E7f%y*Ch_WIO9UdZ_+H}D>kVeTo%0+TOy>lAccV?&81Yz+Yz`+8KSGy=2N2lWaTgy{unMxz#maYlQwA|o7r>7^=E=(V*>kyZCqWqazC
8j~b0eX})my%?N=JMiYVhvb&<Y?ZTa0#Kw|32rGMFXIfNEBAAwwsR*hPM3afPXe`^%P<XWH%|Zmm}+xRd2fL)<n$FX#(u|8UZ@d*=733!WYQrI+$2p_tdtNt
NN{G?q#6FO;d;SPk8Cr%YKw;gpYR!Muz<39A3`aPNN~|4@(V;;f{kB4(R7ZR8-7DPeg|Bw(Xk;lGEL7={RDmwHG4$Rh%9G&BFh)uMco?qbpxmN++a_~t;!B!
!xb?dIQFni;&%r)ggUVVtqh#*^3-c>;^it$vU%^-`^)!~`G-DsMqKZ{%y>6(dT6+MwQEscK5UN{7Z|K^HFmKn9_Q<l`VY%wI>oFOd+TqpZFuxSZ%Xi#D4bq}
nYzOx-}Mq7ihRRXM@N}`?qzXBbBuAxYkSm8(#4;8kfJs!088_g9$|-+9_X-uKuGE^FXCz98kFD+?h@0-AI#FKlAijuqS`o0DIsNze#8Xe4mKyb{@_u+>IvPK
cY<fI#eg`VBYC)gm01-!2Gz#YlFCv{G2M>HAWk|t$A|fJqzL?|vU8#mT*`6pDJHG>3KTTXYa)AC(-&WPi-{}zOYM+u=PpuP1dE48kL2L;Pz4KE3zWcDjNz~Y
F%w?FS>q6LG~m5x8$dXqO?kI4w9*9FB2@r;=kE=0t(Xthb|9Z&9I#p@#(*s$Q<=MvlM|;T`NsY=F%WUIO!Ey{3?bN;@zc(cl6@%W|H4%I<Ffy7H|wwRpl>US
ti>W-+$3ac=DQj@R;XUlrq#*+3_K*t2PCn;YaN)dF3>Txl~*3dAVPU_O%9#uVxEw*rzwYrkVPVgPD$Q0&HL8vtcrZPo|JYzh{>k)Ji|Mnu&}Yicc|Rk$q-nK
$Ev76$bnkkbZF;6dgmX$`a8pPs^9}!{vY*U{M!TXh^AOKL&%PJ87DGvhMo%#=p%dH(3b&_NmeGQ4%~u)Tp<A47>Xx4sa2ZGBqN*|QY0t;kL22bRUl#c?lDoT
f}qf!oxzWtkL87b{84lI_5c)%4s!J1kXQ?lu;<QsGcfLXp#Y#-$hsW?=!Wf~*b%TXv*%#)&`7E9B#aWPv+67jBLqXj>I3~X9@SJFlkJY=fxYMHj^niF#2i1E
D?d}iCX;A`S5q(rp(N4Wu9>M{5Yb;8=Qe0B1&3|AIHQ-gUgH{$mqN{!VCyU0?mr~niPOykNPAXHhn&K6cGq9+uNejyK1NMG_eE!ba-!D}qHAitII4~KPTP{h
BTNkV_&O=*@4vctZIzYzfK0_bApL+aqUG!_HwmY5bo~Kqg+-CCA-Kd)2{;wDojLzb4FlslK#8>GIu@RnbW2q8W2TjWA2^*<>Vc1<j2ojUNG%`#+ez>E7?rpq
l=U51_8<XupgQiBX^(1~)*EgXKp5JX2>!)=MFSxiVarj5$P*G8mZdQ9ez#&<9&9~z|IwcFb;jEfykOcg*5yWH?QB;ZI{oyhcGD=u##<N3e4Vc)*=A^MjUNk6
ble5q#;%R5nb^}XM^v6Kde=)dgEkK;`_Ub&OoN7uF}g7`$ac{Bq>1UfN&AgG>nSG2bm|h>Ye;?4WYa6-PdZ@4LB+yo_cJCQI0R0cmqLO{u-u2kK9gDZ7c%(B
%@&dHcgs*$$+ff+9@@Zf_k&p9kt1{^o|IwThc^6CH^<tPwX=V2Tz;wbAJaWa<5~sOe%L8-=<cO7|NlyNybAJLrn)lVRXK8s?N>S9bR3}6U%<Kn^#~0t5_7}+
ia+u@4c3YcemIhc2bCy~`}L|qiU!GP+sm)7t-9KaF55D2N6u3B+11a^aFRyLz~7M!&vPyUGHzj$dvtvfJmeFd0|&9%20KR=JXN|hbUDs7YDn(XsIet#Ye9N{
wfKk1MXCH+YQCm8Jn$enURLkLFl$<?7QYu;lQ!h*0A!wPGa>+u)+n-nKzzqU+}%H<2uHUN8Y}z-G|9dVc>Zwci?lIR2WCIpHmbY=)MUou>-W_u%FLnvT^(V-
Uz|*R5nDM#YXypc{d-wYRRL*1XAIo^#H(r(K<jwIC%vM&hPHD3D=~?t<yfZI<iHXP8UJqsVh_d!g6FVy{Dr8}HuvlHWPzrD!~9gWS_FYGQjJerckJjF-acub
rBe#V?~mL&Zw2Oi+&g|kw?Lnuufx};{FUxu^TlKwIqsd&#caAK`jmgYu6WaFxZ`THtq0{llBu5Hf1Iiod0x6Jtn1~@5oJ~5Q6;;#abUxcJX8stjn4K+mDw*`
Zv;^0d;O!dEgCaP1`ne3?A-O?@xC$Xjs1TTVmbqtcHt7l%lFn(9pe>$DW?nsCC=SrNL9)b%B5)$Z!%ny@v@!ZDdf2_)9Y#7-_&Z&bUPbO*OC2p{|UB~7F4v+
pCJWT?=G@Uzg<ni-xdjELLKUt^cBN(sW*f;{sKiaT_CpipxN~<SLHUKU}IZJQ1oKm%fYC99MxC)ZYE78lnbz0V8Gx{C)Fn;0;@JcTZ%-e@4TDX7B|Ei0N)Lp
fgwtMoq$p%zaB*G5o2=Txt+@Vktd-K9rSG5gkAvj;$G;*!H##^wn4uW=px(iRZw*Z?K1ev!@b)EVoY`&SnE+wVI{oFs8)WsE}_4*1G3!<q(*it5XRP_jS5dz
3_+S~;P`}Y>Qa?h6^nYSgR@$%3Ce{yo%g^jKkLBiX~2qVVbX<#Vd$3!_T_lk{U4Qn-v9'''[1:]


# ======================================
# cxrkit/data/sources.py
# ======================================

FILES['cxrkit/data/sources.py'] = r'''
"""Sources of films: each kind has a reader, and all readers yield the same records."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from cxrkit.data import words
from cxrkit.data.readers import (
	actualmed,
	collected,
	coronahack,
	covidgr,
	folder,
	hannover,
	ieee8023,
	listing,
	nih,
	phantom,
	radiography,
	table,
)
from cxrkit.data.records import LABELS, Record
from cxrkit.errors import BadInput, WrongUse
from cxrkit.progress import say

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
		"""The folder's records. What lies in a folder further down alone, as archives have it, is read there. Raises BadInput."""
		home = home_of(self.kind, self.root)
		records = READERS[self.kind](home, self.name)
		if home != self.root:
			below = home.relative_to(self.root).as_posix()
			say(f"{self.name}: its files lie in {below}/")
			own = f"{self.name}/"
			records = [record.but(path=f"{own}{below}/{record.path.removeprefix(own)}") if record.path else record for record in records]
		records = table.on_disk(records, self.root)
		own = f"{self.name}:"  # patients of another site are that site's
		if not self.collection:
			return records
		return [
			record.but(patient=f"{self.collection}:{record.patient.removeprefix(own)}") if record.patient.startswith(own) else record
			for record in records
		]


LAYOUTS = ELSEWHERE | {PLAIN: coronahack.is_here, "ieee8023": ieee8023.is_here, "actualmed-room": actualmed.is_here}
"""Kinds that are laid out in one way."""
DEEPEST, MOST_FOLDERS = 3, 200
"""Folders below the named one, and folders in all, in which a layout is looked for."""


def home_of(kind: str, root: Path) -> Path:
	"""The only folder at the root or below it that is laid out as the kind says; the root itself where there is none, or several."""
	is_here = LAYOUTS.get(kind)
	if is_here is None or is_here(root) or not root.is_dir():
		return root
	level, found, looked = [root], [], 0
	for _ in range(DEEPEST):
		below = []
		for place in level:
			try:
				below += sorted(each for each in place.iterdir() if not listing.is_hidden(each.name) and each.is_dir())
			except OSError:
				continue  # the reader says what it lacks
		level, looked = below, looked + len(below)
		if looked > MOST_FOLDERS:
			return root
		found += filter(is_here, level)
	return found[0] if len(found) == 1 else root


def external(text: str) -> Source:
	"""A Source of external films, from `KIND=DIR`, `KIND:NAME=DIR`, `NAME=DIR` (a folder a class) or `NAME=manifest.csv`."""




	kind, separator, place = text.partition("=")
	if not separator or not kind:
		kinds = ", ".join(kind for kind in READERS if kind not in DRAWN)
		next = f"write KIND=DIR, with a kind of {kinds}; or NAME=DIR (a folder with covid/ and normal/), or NAME=manifest.csv"
		raise WrongUse(f"{text!r} names no external films.", next=next)
	if kind.partition(":")[0] in DRAWN:
		raise WrongUse("Drawn films are those of no hospital.", text, "name films of another hospital, as KIND=DIR or NAME=DIR")
	if place.endswith(".csv") or kind not in READERS and ":" not in kind:
		kind = "folder:" + kind.rpartition(":")[2]
	return parse(f"{kind}={place}", "")


def externals(texts: Iterable[str]) -> list[Source]:
	"""Sources of external films; their names must differ, and their places. Raises WrongUse."""
	found = _apart([external(text) for text in texts])
	places: dict[Path, str] = {}
	for source in found:
		if (name := places.setdefault(source.root.resolve(), source.name)) != source.name:
			raise WrongUse(f"Two sets of external films are one: {name!r} and {source.name!r}.", source.root, "name each place once")
	return found


def parse(text: str, drawn_at: str | Path) -> Source:
	"""A Source from `KIND=DIR`, `KIND:NAME=DIR`, `KIND:NAME@COLLECTION=DIR`, `phantom`, `phantom-marked`, or a plain DIR, which means coronahack."""



	if text in DRAWN:
		return Source(text, "phantom", Path(drawn_at))
	kind_and_name, separator, folder = text.partition("=")
	if not separator:
		kind_and_name, folder = PLAIN, text
		laid_out = kind_of(Path(text)) if Path(text).is_dir() else ""
		if laid_out not in ("", PLAIN):
			how = "folder:NAME" if laid_out == "folder" else laid_out
			what = f"A folder without a kind is read as CoronaHack's, and this one is laid out as {laid_out!r}."
			raise WrongUse(what, text, f"write {how}={text}")
	kind, _, name = kind_and_name.partition(":")
	if kind not in READERS:
		own = separator and not name and Path(folder).is_dir() and kind_of(Path(folder)) == "folder"
		meant = f"folder:{kind}={folder}" if own else next(iter(get_close_matches(kind, READERS, 1)), "")
		raise WrongUse(
			f"There is no source of the kind {kind!r}.",
			text,
			(f"did you mean {meant}? Otherwise " if meant else "")
			+ f"use one of {', '.join(kind for kind in READERS if kind not in DRAWN)}, as KIND=DIR or KIND:NAME=DIR; for drawn films {' or '.join(DRAWN)} alone",
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


def require(sources: Iterable[Source]) -> None:
	"""Raise BadInput for a source whose folder is not there, before anything is fetched for it or read from it."""
	for source in sources:
		if source.kind == PLAIN:
			coronahack.require(home_of(PLAIN, source.root))
		elif source.kind not in DRAWN:
			listing.require_folder(source.root, "name the folder that holds the films")


def recognised(folder: Path) -> str:
	"""The kind of a folder that is laid out as one of ELSEWHERE, or an empty text."""
	return next((kind for kind, is_here in ELSEWHERE.items() if is_here(folder)), "")


def kind_of(folder: Path) -> str:
	"""The kind of the reader that knows a folder's layout, or an empty text; `folder` where it has a folder for either class."""
	if (folder / coronahack.METADATA).is_file():
		return PLAIN
	if kind := recognised(folder):
		return kind
	if (folder / "metadata.csv").is_file() and (folder / "images").is_dir():
		return "ieee8023"
	labels = {words.label_of(path.name, strict=True) for path in folder.iterdir() if path.is_dir()}
	return "folder" if set(LABELS) <= labels else ""


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
from cxrkit.progress import counted

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
	given, records = records, [record.but(split=chosen[groups[record.image_id]] if record.used else "") for record in records]
	used = [record for record in records if record.used]
	missing = missing_classes(used)
	if missing:
		other = "grouped" if split == "paper" and not missing_classes(_placed(members, rules["grouped"](members, seed))) else ""
		raise BadInput(
			f"The data cannot be split by the rule {split}: {'; '.join(missing)}.",
			_stock(given, members),
			_remedy(split, other, given, members),
		)
	return records


def _placed(members: Members, chosen: Mapping[str, str]) -> list[Record]:
	return [record.but(split=chosen[group]) for group, of_group in members.items() for record in of_group]


def _stock(records: Iterable[Record], members: Members) -> str:
	"""What there is of each class to split, and why the rest of it is left out."""
	told = []
	for label in LABELS:
		films = sum(record.label == label for of_group in members.values() for record in of_group)
		patients = sum(any(record.label == label for record in of_group) for of_group in members.values())
		of_label = [record for record in records if record.label == label and not record.used]
		why = Counter("copies" if record.is_removed_copy else record.excluded.partition(":")[0] for record in of_label)
		out = ", ".join(f"{count} {reason}" for reason, count in why.most_common(3))
		told.append(f"{counted(films, f'usable {label} film')} of {counted(patients, 'patient')}{f' (left out: {out})' if out else ''}")
	return "; ".join(told)


def _remedy(split: str, other: str, records: Iterable[Record], members: Members) -> str:
	without = [label for label in LABELS if not any(record.label == label for record in records)]
	if without:
		return f"no film of the sources is labelled {without[0]}: call its folder {without[0]}/, or give films.csv a column label"
	if other:
		return f"use --split {other}, which this data allows, or bring films of more patients"
	few = [label for label in LABELS if sum(any(r.label == label for r in of_group) for of_group in members.values()) < 3]
	if few:
		return f"bring {' and '.join(few)} films of three patients or more, or see to it that fewer are left out"
	return "bring films of more patients, or see to it that fewer are left out" + (", or use --split grouped" if split == "paper" else "")


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


LARGE = 1 / 8
"""Of a stratum's films, a group with more is placed before the others."""


def grouped(groups: Members, seed: int = 0, fractions: Mapping[str, float] = FRACTIONS) -> dict[str, str]:
	"""A seeded split by group, stratified by label and source, or by label alone where a source has too few patients."""






	chosen: dict[str, str] = {}
	for by_source in (True, False):
		strata = Counter(_stratum(record, by_source) for members in groups.values() for record in members)
		by_stratum = defaultdict(list)
		for group, members in groups.items():
			by_stratum[min((_stratum(r, by_source) for r in members), key=lambda s: (strata[s], s))].append(group)
		for stratum in sorted(by_stratum):
			chosen |= _shared_out({name: len(groups[name]) for name in by_stratum[stratum]}, seed, fractions)
		if not missing_classes(_placed(groups, chosen), fractions):
			break
	return chosen


def _stratum(record: Record, by_source: bool) -> tuple[str, str]:
	return record.label, record.source if by_source else ""


def _shared_out(sizes: Mapping[str, int], seed: int, fractions: Mapping[str, float]) -> dict[str, str]:
	"""{group: split} of one stratum's groups, given {group: films}."""
	total, filled = sum(sizes.values()), Counter()
	large = sorted((name for name in sizes if sizes[name] > LARGE * total), key=lambda name: (-sizes[name], _draw(seed, name)))
	chosen = {}
	for place, name in enumerate(large):
		empty = [split for split in fractions if not filled[split]]
		few = len(sizes) - place <= len(empty)  # as many groups as splits that have none
		split = max(empty if few else fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
		filled[split] += sizes[name]
		chosen[name] = split
	rest = sorted(sizes.keys() - chosen.keys(), key=lambda name: _draw(seed, name))
	lacking = {split: max(0.0, fractions[split] * total - filled[split]) for split in fractions}
	room, before = sum(sizes[name] for name in rest), 0.0
	for name in rest:
		middle, end = (before + sizes[name] / 2) / room * sum(lacking.values()), 0.0
		before += sizes[name]
		for split, share in lacking.items():
			end += share
			if middle <= end or split == list(lacking)[-1]:
				chosen[name] = split
				break
	return chosen


def _draw(seed: int, group: str) -> str:
	"""A group's place in a random order that depends on the seed and its name alone."""
	return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def missing_classes(used: Iterable[Record], wanted: Iterable[str] = ("train", "valid")) -> list[str]:
	"""A sentence for each class that a split in use, or a wanted one, lacks."""
	counts = Counter((record.split, record.label) for record in used)
	present = {*wanted} | {record.split for record in used if record.split}
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
c-oa&>yO*G5&vxe6)gL~QsSt|0Y$G)_kuLppbI3~pc~wwPz-~%=(W0fohYr>F#NxF9;8J1kxPRhmc-%kH}4rnO8MJHHA0D873o@=Mr_I~F;lTB+oI9QR45}F
{nX5aDcgFbVX4;2lm$GPDoY!ptx|0wDdl*a=2clYKr>#~We!VOrdLf0^ujK^BhK~7dZd;sM{@%NYMJS=rFyC#(k5D!#X7xrG}lj+uG3r>&44ITjdCRSb=g)O
&=az#6WY>$vhSyqwO*BV(#vrB<v&yL@$EmaKi*Bnm)pCWuQ$J5PsQDrk2hc8%fE?yz(&_~S$7ORmmktB9}rY^d0%VOku<D;k2iN;uipd9>$i8epYOz#_<1UR
dN~Gd|Et`h-F8Ahsl3Xx5vtZAOAQ;YNWhqu!rDxfYq5rd!KP$(B-iUklx@T28z*{A_70qGW}Q|-@!}U@ntC=K0qs{HVvNMK_n=cx5$m!BjH|3Q>A-OY5HqbF
5SIo}0F3aA$PEn$ZM`N4*b))3z!T^#Q%jwNbPj(JY0&|STBDP2JgPvu;4Q!`rrku&Pe9G46Df#N>;gVFwx<yLInmQ2(zEfy`FK>9TSOQ;>SsT`8&uKe|HolN
$W|bLP^p@<6pu%v#d5b`3v@ONr}*7k<LK*Ss<+4ADqVs*4L_2p1C(_tVo4Yz$m(K1rn$P;M$W+|>HVg;icgoAIoWx@8+E9gwl0MHR(vaD^xrZq0`OBb_~)|F
Q$YfTp>@zB&=*~Fqs5lO7S%?3*zdRKV@27Bwn%hsnzH0XSG7xso{dgk3!PWZPHfp5vy8T|OB$6Xo<mv>MDB~FGO39WYl<l?kTW5}_^0_L$LzAoTAZ+<;6RMt
O4uukrNQ-wqTCj6ka#Y@AWnI5Pm=$sK8RpX4t5A7;h^s}!6O=!C(29HELLTn1L~i{5D}4_Ix|{yiQ(8WE-C(tYEq1}qRp3}Usigqc0hqrA&O>O3g$+d|Gfn!
R3(}cv|j2*U6W*HXo@a9farxaNTt#mo!>y#)JeceKY{~};W~Xo*gfdoRi^S~q6BWAktQ+lt+p{`99a$Nzyn918YHGuLEO$FfFw%`O<}l}PN10pQ|^&CemMu%
AjKR6fEV`V4V&(@GhME#0Fc)Zt5bU@A;Cw7!^AVL3-h@<^*J3Y$ZhtSE&`$hy9lN{h`g+|oQr27@RonE%b_2G76}N431#$*PQc(DVN8)3cL)Wg;B1s@RctqD
rX%s2Gt`dk<Qw`vebhp$)dtE1`v#T{C<Ovs7#YGYTRkR*iwhTtWt(P+Q1>b=B8fmi?67xA)Rnc|%+_AdAsh9e3$O}k2aecV3)9zw^kR?coX0zLKqR@6qn`xW
VS>M1;7tzGjwNI{aIw66)TUjp)2Cn(y_|%!2bTOjdp;dP({7~{xk!`4elqbOksA`C$&~hk0Pt-BvFxNDrqfFi*|iGR={UVq=?Y{7=i#_S1Aw)-I=@EKbj6vQ
1}r;X(!oGAo~dCCb02O*L#o0+*5nv%3*K=>1<y-s7SA7)ZX0u!ix+ik*$IRp;^Y}fGUIsYc#_7#1E5+%4ot{1&Qb_khrmRO3>Wb<C(}Q~U^78JaU%>S59~2O
I_c1B7S*x02OLnL`_nTHY?Uc4L+n9R!TwEJ+(YW#nPcO~v9Nz+K>MPVdE}&w!3>QDU{ctSw|U{*B#gwD3p(xjf%ed-sFw&F2@3T#Z8pJ#avblTa0)|`fq8pV
bkTg;y`1&wjaE>)G1p2a$Jz%SPJ+J=x*9eoJfYx{vj9F*4aJ8nUFl+lElS_b&Cxw-n~kVWa(U^p0WW;NvL8bBRfS#_Te=@^2J8`6R~7|88c{~L#ET9ZW)Iwh
B1NjIbdjJNa#9~LPs-{ebS~T+_OIk({Q4|F`}(amV&aD(0QUW}oi3jVe3oUIIc7-<-n3GUUX<(bj4*cF!dcBnwcxhdZ@|u>IZJE}evuxv)>lNo^<}?vO)kI1
uV#On_vOgPI-_wc=9)D3{MV&JRQ3M5xe(bLpp5UOJoK1=OF%rRSAz~U_(LW(DM7f}wDMfMq147$IAgtWg$3ur1<ZwK!f-0EU4+i2;D{s<8!)Ag;nNhc(LeJ!
7oWi9DeG}|EDT+p@FzojN9JN(YiOYgDkju1xOjuE1&+Xe63I+y=UeI&ad)Qhb4w$xhNIxEt+)uearDeIX_1)?1i2lQ>{=N9K)`wh%~mXUgf=MY+fsXYlr}my
!LS9zZ!;0#4|Iv}cPd`c%PV+tUti6!`>ZjSUx_{JCS3446$=|Lbb#N=hcQ`de(3WWPn)O4KxV<wM{i1S@_?|%RIV{WXf(>1#@2ZYDF%>pht^T{u1v_Diy#ha
axMue*;ZsCJP>{D1f2C2zzVieWa%7ZVCs5ETgAw;5}inxoG~q;?#RvKK3tEd;!7RWTTTPcY0qD642Kn0j-f9a+_LmH2G8KhPKVHG0r-=s>n?u6`PqCFOUD`u
Szijbo1Hg{_e68b7X;vFwzC=XQDrc?%(^SM7z5c;g_{!mQIqyipZjKV5O&<;X_J;bKXQ@B$AklK{cAVipNYdWjlCW5nT#%>iry9in-Gwgti|^uG=>%`*EG05
Qo@KY`Lna<3V1BFyZ-d^1{lnSxN|G&OI-tR7To$LAWgL!w5WT$E<7k|*Ql3chIUq{YK^l3(u91i6-@pz2_fXMFQOBO+H0-cjQj5P^M{W&@4jM(qY4Z|fSv##
^m+J*qQAd+cl(Ki6=!L<r%x0PAP^{_huj|Q-)Bg~bpaLMX-0IvFk};%b{W+2Tk;%FEM%8DE^v|<4btZ!6%NTv8QTqMk?5yDx`@nmqwua)hGI4c-By``Ch~L{
5OgmX2=L*RmyC$FbwgzqxvoJkXN#cjE}&=LW%STL>2{r_+NMo*Fw`PH%n94Fg^6~fU?5J=8&Pg1ME|q}(~a1`7TXnjMLQmk7?r*7vmUsFtl>QKN=gvPb5Fm~
qS5cX+xkn?P}$Vpi|U-8ui)Se$|Af4N1X4LO1kRnu=6AlDPz)mm~H5@uT^))Yn`2c0DniCrNx7}`k(+oc)D?6G*x2Shhks#c$k+Ee?C$9U_R!tVLWPTm16ww
9k2LkY(Kf-V;PSIc~7}~YXV)gB;FDVG-Sl|J7dC+b0kL6U+a2y_dgYQYXqYgIwDu<%YtD=CGm%N=#bF6CHcevxf-*(izEdr?d?hZ7|VMP;@$19H}7A(`n$Vb
uv}F`>AMdQoJzqr@z&5;%XPU99q^Cj_<y}>5Qq'''[1:]


# ======================================
# cxrkit/data/tree.py
# ======================================

FILES['cxrkit/data/tree.py'] = r'''
"""The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links."""






import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrkit.data.images import SUFFIXES, open_grey
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABELS, SPLITS, Record
from cxrkit.errors import BadInput
from cxrkit.files import link_or_copy, read_json, replacing, write_errors, write_json

MARKER = ".cxrkit-tree.json"
DICOM = "DICOM"
"""The format of a film that is converted."""
DESKTOP = (".DS_Store", "Thumbs.db", "desktop.ini")
"""What file managers leave in a folder that was looked at; it stays, and is nobody's film."""

Listed = dict[str, list[Any]]
"""{`split/label/file`: [the film's path, its bytes or null where it becomes a PNG, its time of change in ns]}."""


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





	planned, taken = {}, Counter(f"{r.split}/{r.label}/{_file_name(r)}".casefold() for r in manifest.used)
	for record in manifest.used:
		if record.split not in SPLITS[:3] or record.label not in LABELS:
			raise BadInput(
				f"The image has no place in the tree: split {record.split!r}, label {record.label!r}.",
				record.image_id,
				"check the manifest: python -m cxrkit manifest check",
			)
		place = f"{record.split}/{record.label}/"
		clash = taken[f"{place}{_file_name(record)}".casefold()] > 1  # on a disk that takes a.png and A.png for one file
		planned[place + _file_name(record, clash)] = record
	return planned


def _file_name(record: Record, clash: bool = False) -> str:
	source, _, name = record.image_id.partition("/")
	stem, dot, suffix = name.rpartition(".")
	suffix = (dot + suffix).lower() if (dot + suffix).lower() in SUFFIXES else ""
	stem = stem if suffix else name
	suffix = ".png" if record.format == DICOM else suffix
	wanted = f"{source}__{stem}"
	safe = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)[:100]
	if safe != wanted or clash:
		safe += "-" + hashlib.sha256(record.image_id.encode()).hexdigest()[:8]
	return safe + suffix


def build(manifest: Manifest, locate: Callable[[Record], Path], root: str | Path) -> TreeReport:
	"""Make the tree at `root` hold exactly the used records; return a TreeReport."""







	root = Path(root)
	planned: Listed = {}
	for relative, record in entries(manifest).items():
		source = locate(record).absolute()
		if not source.is_file():
			raise BadInput("An image of the manifest is not there.", source, "build the manifest again")
		planned[relative] = _listed(source, record.format == DICOM)
	with write_errors(root):
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
		for relative, (source, size, _) in planned.items():
			made[_place(Path(source), root / relative) if size is not None else _convert(Path(source), root / relative)] += 1
		for split in {relative.split("/")[0] for relative in planned}:
			for label in LABELS:
				(root / split / label).mkdir(parents=True, exist_ok=True)
		write_json(root / MARKER, planned)
	return TreeReport(removed=len(stale), **made)


def _listed(source: Path, converted: bool) -> list[Any]:
	facts = source.stat()
	return [str(source), None if converted else facts.st_size, facts.st_mtime_ns]


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
		return listed is not None or (
			planned is not None and os.readlink(path).removeprefix("\\\\?\\") == planned[0]
		)  # Windows puts that before it
	facts = path.stat()
	return listed is not None and listed[1] in (None, facts.st_size) and facts.st_mtime_ns // 10**9 == listed[2] // 10**9


def _place(source: Path, target: Path) -> str:
	if target.exists() and (os.path.samefile(source, target) or _is_copy(source, target)):
		return "kept"
	return "linked" if link_or_copy(source, target, symbolic=True) else "copied"


def _convert(source: Path, target: Path) -> str:
	facts = source.stat()
	if target.is_file() and not target.is_symlink() and int(target.stat().st_mtime) == int(facts.st_mtime):
		return "kept"
	with replacing(target) as temporary:
		open_grey(source).save(temporary, "PNG")
	os.utime(target, ns=(facts.st_atime_ns, facts.st_mtime_ns))
	return "copied"


def _is_copy(source: Path, target: Path) -> bool:
	a, b = source.stat(), target.stat()
	return not target.is_symlink() and a.st_size == b.st_size and int(a.st_mtime) == int(b.st_mtime)
'''[1:]


# ======================================
# cxrkit/data/words.py
# ======================================

FILES['cxrkit/data/words.py'] = r'''
c-oy>TW=gkc77&*MWtb^XX4>3Nd-nsM<KM9WD_fsf+br(NLr}ru9+#Zr@P(N&6|cmvOxAB0rHTCBrjPk5CnM&5+Fgc*#BcY`!Di+r>eSVhVt$vg4lJsuBXoZ
oSq~}Ue1lWD(lRtX097mnX<~!Q`^R<X<4gWPfYGc>e8AkG-;W)i^3^gWGX4jMqL!;RgoO1vM{RA6Rb5losZPj+@^D7E=_%-YNIn#tJWDePLgC>{@F!U)(yrY
)D|`^Gn45?Z*NcQa-q`e`ocD2_Ka(j3YKB=@sm#<y*&Er$w)mvd2vK&d;61<uZ|w8hbl?SOPleS%uH2oU1PF=-0?uUrXH%DKULWO))dY(r|3C9*xss5)7C}b
?-z_+mD^@89AdMR<0r3QoqWL)2HRWszf~uL!-Jx{G`Sic0==@(>hRLmty7tGMmvLXwZA(&JXJgAhkG9_1v7cU2nW#TbnT=IgVOFVWe`KM_fR?u4x`^@!^7ow
fA{a-{^GB{{rNAy|EvG{{_p?tyMOyz>H7IElM&DoIsh1sBARCtL3DX#n|awb%W__rrLzUjF5J?Y;#T9i7!qBbwvAb$Y3wE1N@Gc0&TOjl;i1BesVy>F%-rE}
Vy118E$2GV_3f-gk1ooE&aDAho66LUT|ydkR=Q=ft-`-L(RpKPomvQuTl$w<yx0JzrE$Zv$?|Mco{iPvL_nNO^oNJGP(@ke7_fF>8z-ZM0S><ZY$8-h{G=oj
f>gK`Qr7y$9dedRt^p@u_<w%(>+gT|H|(tn(=LFHjzhoshyVEQ&;Lb+N@q!!e&jzfvi!|I{(_@W2o4OlA?2^APS%MkHKtHN+ff~Ww}{qAbf|&)QFYkmHPAKa
ccOcceX2{8aFM<j5Wlyc!$HuUoD49z+m33{O%2k&9mx?$=R#{jYvX$uXs>;1<3yl1H{j0vMnPsuJ}e(vULBsiA07nTOj9QUfIVi$wKNza0*QY!P<Y)=rw|@H
TZK7Ln}x0~#GDjm5V#%+NU87s^`E}|)vwgIfAP=X{`$WYkp1z=mp^&Aacj(_z%*P#7(1F7|1|j+fieO*0yY5C*r9^<C?{9tO{q9|E)*3?T^J1Tfn8zzVB6Z<
WQt3|&CPY1w=i)k0HNjO+9J0XCcjaTutw=A^gva$xwIv$NmW}QUuld$E*2P?<A$Y}RxsYw*s?aR%r5~r^G$1V4fAa$HN@4$(=T<J5;@;$P^bf;e9E=1GAVll
B(0^E5-DfNjjApu+5_O?0+VqV@Bj{&tuAT#rc)qPG#1jffQF{=e0g!c?}B&cjp0#>2F3=Yz#(mIluK)43XX$1rfSp#1k{rtzilBN2W^@gU1PUv(inPF`=?VN
6;*4Y-Gw|HMdK$=UK~AsvL+i*mw7uCUdjmQ2-t3@o1{A^v{T+<YHQL15Rd}KmnOx_0&KgrBnN<$0CWsSRUpjNIecTsqEtJp@W5Gks)^0%IPGGgXBG-)(VBuA
lsOGlL;3ZlN=2gu0=APkU?1eOePbHuc?N|mx;g!9Ee9ESba=%UR><ZHc{qQzfAVF<Kdi86L#74%!>dy?tg6<TEoZf^<}0A1TUTkVvTK#j4MaL`DGM$28VXkH
YX#BPsgan29vK3X11F^`mFC(xAC!38ITf{3j1eLdgyF#z{}8X_pao@EXKmj2Cvcd9wEkIpHb7sDG-9O<c!&uL1SB;y1*p()ulaT;Iqv0X0>ODGKIF5wiAYTB
BE3|#Wz?ePx}YluCyg<Gyu1Iv)1%TR125(!)QneL+`w4CNa5Bc4zEC#Hx>WPED27fkJJ_*u=ol!G0wu4=s*@2Aq_J@$$1}^QZI~mHSoj5jP|sdL%GDWd~$O9
@{5ya>yCm7S(mvAt&4!^Ah?T*0GS>tI&fCERRx+MR)mn_+8qQ}P?v4xpWJWGV9qxjlXYxL|5Dz+_xd&Z%g302G&ty-RlLMlB|bci9f=Td0uyX$HGEw9$+M&5
qfZ_^Tcd{rL`o9@NOlE55X%cGXz&g#yD2h6tB@aUbLv9YA`~u_gs_tv@`KU`9tayIK%9!L8;J!F^+qr^Q}_%!gXbU}5PO$bcy`t^%RuhDoXCTw50Y%BWlH5R
wXNo|3+*o=ZR&73=jqtoHCD_q$qp1|qC~S<sY=?U<|ed=+dMQyv?n@aVb$_RG$5eS_lP*a=h)28U3+tZPhi?j#n=(rrM+qBoOtx>*fOZ7hhRi2*arv(m{|sL
1Ee9lgqTGQgYCdsvxX^0opVYf4r)fWh+U7cVAs~PbBM+S9nhtncppgPoC{c*3^qW8C+R58FWAZkt`vkTQ!A5eBa4!iaId?X6WO9<x|j+z`a+_sAhtTa7^_FH
7v6PA{1;?d1a)WcBTDE2%o&`aks$BS#;O<-z_zKb8^qO#2=0rcPmig@wHd?XR5mvZcL!(g4^MZ_+Wq~#eLQ#f9-O1+Y`DDN`QGyM;Q@hNz9e#^&&n%EE!})B
fh?lCjB-8cf+lm|aaDtz;V7UTS|GFQb?U|QXGbq3YK1OAa4fS$4=8zxr-xD+m@0am5;hta#MnaKIEHD4Z&-o&s_YgzNSi4b<0HC(>~U)Wlsvs)29SXd)Wckc
j<g?R@?m1PE<I#T4WA@?L)aU^n(m4ZCr@II<S1i=SJkbVXz4ccjF{bRzZMd_K6y$akkLp(nN~`SFVHBY;2?=7*BGvS;RZvQBC>&@wT$#``{b$LxHnb_J)U^N
&IQUj!D)*h2XD8(JpSqN$*be_Kp7TP7a>4yb0i9OHQ16ih6fO0-w!}v!s>-Uz0noUOXHhQ*`X<bXO^1V77Q$5UeLL)P)rc8DYG)FG*XG;X2FQpL-rOE1Ly*X
O(y074z=;IHmnRxzM@K$1#}a;^{@``+{l1Mnp706l3|zH7UFe%eGL^>OZ7HE0=50+^DmA*{cJsnKsdl?*et9({Oh8G5ohdJ`?5z{dDAUEnHNJ~C=!BTf#zaj
GSO}cYNVP%`}8JQJ|78%@P`2s{^R($fw{&;w`gf-UOf7oG3?vKwH5S$GAWRuRS-z8_aPUbaqW8N4e(m;%1qi$Y_qW=j3y9U>AUk7ECmI4PH=n9;o!n#bKR`=
U<Kmtl?WrrRlVx!a$8)`vm#-F0^EMng1*8xb}_ap=xBwJY-XA$DR^9{2!#2oqbIMTb$R}XCs%sO9Lm%%By@gAonptvyOm5Kb}22o{^&V3(bZB$Bp(Pfe8<MS
BxZe=s=_8JP)zm;FH7Gbjt$VgGvX@l5h+MwF7td@<EhZ#FAVv%RO_!DFR(`lo_AIhkNbu0WsI#?hJBy6Tcm9;Th+XVK{*H^IS?f<QodUZmoQ?@Zuvoug=xWd
CCdcn3&H2JFF!wyyn}HPVzH&AqBrmWD^RQ1hYScLb33T-hZi>2l7g%*kc=h5vT46_57}%bjWAZpQ&uq<lSjY|$paj>uF)cG)HNg*tv@lQY@U<BZhGNd%dl`-
fG!MDf1AbREw-G1_>EDBH2s32T})Ub2ybNv)qVQb<(d7hx-P6=$a<fYDw}m+1mv*WemH>472#^d=|T#`=SHLE^I@Xf+qTud8<VEp@I~yk#(QAcXPC$$HDS3f
<rGj<^k`<{jR@lJ27w=Z1&f9V+H|H2d>^cS=IQRtwb(8Q1C3x$E%pR348T98^PENq_WHWS1A!jFpo=yoTB3^{RMI*>oYqL>gufnAx@l@VX?ee(%g9Q+S!9Y9
Bj3$X*caPFk}FS<H6)3%LMk~3%gv18urIyFk!}iN+p?PuYS?dDlH`J08QC!)+@-~WbpIyN4kA_Qm!QctZFVD&xz-B-7)S`9QwY6huDmn30!{ro7&IgCnIfC~
K7_=!AT)e?B^6S5QuuIpAnAPTTGl9WX~)#w!PX-N^&cJXMp8pXlE+l3VOk>zRacgS*c#vE?5uDf%Z^iv?1#}m^<e=D`Ka{x<n_~|<HtwGpRRZ&2}LAENb^=Q
h)`up`VfDmJgYlC@=T93<0m=c<mG2izF03etrlPIRbl$UuC%jSb3nd851~6Ce@E_yjK<Vyn~SJ46U8qJpf2ge=rR@|-<93O$U{T4StiX|nAQcw5OOw?d}*4u
Qtw3Oky+%s=)HlU8;Xt=;ap1xyF^iHFQI(5md=C08-<Ec0Y~!Gc-aU+EATh5hKpUoM<jmTsd6L&gT`Dp{kI*o2cUP7yhOK8zafs5$q{PI4%Q`Tge@V)DUHI2
!N!agAdw^)5=oK@B!wv~dS4ix*%=UgUm*|{gtmwUKR+eoHzknbQXk?Iu*K>Ju5l>4-<m;k{Pd@f5jb)6n5LB!84QPtmFIHpvlx@RiR3-9`Ea<sC4N>Dt76n8
3h_%7s1T7tW(bcm=%!8+pNiZm932Mh<n;BK+d2P$VVnvm@sRLsOfUp-Z8aFik83noughuAfe{}z#ml5DbDaEC=gw^Kg`^B6Jh0j4KC}YylSaZCZubF4N#Wk-
%~x~Q=D>>^Spc<>^36!fDl(Iz0vaGGn>5|mM$n1o@*!)2Kz<9fm7IBu;2aKouzIy2$ri3mwt5oRB1xo_#4w=Mk3U|H&VgMof_|yLj*y)80m8=FU!T2teg47n
?2s$48<5x%9H%X*lpH2qiYJ%fU4JJr2Lu0o1IT+CD>w_IeCLje#jBzEk?KBRl6_mDuJBNWBKXDzp?BHsfF=AKLBoYbry^GO5>f6V9TZY@ZhWO$s*P_^%dS*c
_%&QSwocS&Fg(Yhu^>O{KhHc=1G&1-vDPjoDEWRIKUhD1v~j%9;kRC@8^pc3F9UHr+%eWmi7cjd{KK?Cx1RSK1p4~qK=uN{oYrkEWC+(3xmlIDEt9XHA)_L}
W1VH)O^0z_M=d$p8;yWWxPUv|J?8~Bcp|<sQuK81;K4bC=dJ%N3T5o8_L2=UM@{aA8|cJ6dqd&JsuIdXY9cfrNY_w3e5m%k&~+Bvy4S&tZkTcM-P?;-b0bBv
ru(gecOCpV5xsw`ev2FFJoBiNHnB8P-ME6c&CBw_c>dEs8{;iCd|v})_U1fXM#N9b9YM#tElIgGB|p3RV8b4eoPDSfZY&kQ?$X`?zQcPx+VG9u^dVmIkwzbV
G~r8gu!XAs(%Y31N1o`bwf~-3{u|Tu{(XYc>h9#H`dj(<CX%A_17XSrkC_>)d5Qb}U?pF;=M=~_a6J43WGtEHJG_GRRER%H@wZ&D#=*yZt#@vFAGgY_SX=8?
owD39o&^>09`+qYx$~73zn`^~qR2UWyF9<2E5sA9<5JAU1s5RhLkw>Tag#)h%MVZb-3W!cm)~rKZL6ML$lUX<X{+3vMxTG~c{%Wf0fuf9MukJKt5rLJMVdqB
d;yfIEaU3Jn93>11=x9E8wfm$i-KKN`l305LMStWSgF4GvUlgzSLF-blS=i&cgS<({JM(n$V_jv`T(r|>Cc*38>zvRsSD7!J5X;|1Bbgrw1|iQDAF@Xsb4GV
vSLaCqrLD>!<?Wwkq7<sA5a_#@HTTG|DA`0<sZ-ztvaz-`5D(*94m)PERqbnu&;Mga#y66<`(IVzYfJHl$PZd><!mo;&<Ny*rH*e0R8UoBgvx3j88G$`ft*B
r~Tdi-JRVBJ9{5OT0dt1rwFne%-#EN{9wGlOU&7``(W?GkL8R$cqAECa<xv5Xe4|<$e(uo$se3$!@=P2VDF>l{_gNB<Le<imtSvmpJi|V=<dDc*J$@f`*)|~
AMc#6!ULK09<X~CReQ1unj!FC5eLx8%jfCdIoEo4U*H6nRv&~eIPgGlk>1~7bN$x=F}ItEnB?T5aPp~Tq+YT<%})wA@~i&y$hwieZ~T6%KMDSH!xF{s8t1+7
iyu%rOU!u2o4pWUcuV-M_@a|hUqyJQqxD1a?weJHQ6FS<iQ-1B;Xpn2<)qjAT~=S*lb=b(njiBTW+$E4`D6e8DWhNie@_|%S$mgAw$LGVdqyb=Klh{@&E-d&
2U5_GA597oGeo(YF5oSNM^bGX^l(X$vN`0*Hg`U9pR;Zyite}eQ({$^2FZOaMWFDjxxPL`CGi!Vb@hFF=d-nN{wPFB61dB*u{_NPmJ=hpWnMJ+65e*KDIlYR
AUi%r^dMFRwCz0^6FKCb@TSyg2I^aO+AZ}SEttJ7mWFbH<hsq9L3e@3jWrjv{l6;~@um'''[1:]


# ======================================
# cxrkit/data/workers.py
# ======================================

FILES['cxrkit/data/workers.py'] = r'''
"""Work by film as a map over values: what is done to one is a function, and workers decide where: threads here, or cxrkit/cluster's."""

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from cxrkit.environment import processors

MOST_THREADS = 8
WAITING = 4
"""Items a thread that are begun or done before their turn, so that a map of any length needs little memory."""


class Work(Protocol):
	"""A function from an item to a value, both to be pickled, and how another machine's values of it are checked."""

	def __call__(self, item: Any) -> Any: ...

	def trial(self, items: Sequence[Any]) -> Sequence[Any]:
		"""A few items of which another machine gives the values before it gets any."""

	def doubt(self, item: Any, value: Any) -> str:
		"""Why a value that another machine gave is not the one of this machine, in words; empty where nothing speaks against it."""


class Workers(Protocol):
	"""Where a map is done."""

	def map(self, work: Work, items: Sequence[Any]) -> Generator[Any, None, None]:
		"""Yield work(item) of all items, in their order, however they are done; whoever closes it ends what is not done."""


class Threads:
	"""Threads of this process: decoders leave Python's lock while they work."""

	def __init__(self, count: int | None = None) -> None:
		self.count = count or min(MOST_THREADS, processors())

	def map(self, work: Work, items: Sequence[Any]) -> Generator[Any, None, None]:
		pool, waiting = ThreadPoolExecutor(self.count), deque[Future]()
		try:
			for item in items:
				waiting.append(pool.submit(work, item))
				if len(waiting) > WAITING * self.count:
					yield waiting.popleft().result()
			while waiting:
				yield waiting.popleft().result()
		finally:
			pool.shutdown(cancel_futures=True)
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
import subprocess
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
	"""{source_sha256, run_id, edited_from} as in schema.Bundle, of the script that this process runs from; empty texts where it does not."""
	source, made_as, run_id = (os.environ.get(f"CXRKIT_{name}", "") for name in ("SOURCE", "MADE_AS", "RUN"))
	return {"source_sha256": source, "run_id": run_id, "edited_from": made_as if made_as != source else ""}


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
	if sys.platform in ("win32", "darwin"):
		return Choice(0, "this system cannot fork them, and their films cannot be handed over")
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


def commit():
	"""The commit of the kit's own repository, with "-dirty" where tracked files were changed; empty where it runs from elsewhere."""
	root = Path(__file__).resolve().parents[1]
	if not (root / ".git").exists():
		return ""
	asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
	try:
		return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
	except (OSError, subprocess.SubprocessError):
		return ""


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
import importlib.util
import os
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


class NoFilm(UnreadableImage):
	"""A picture that cannot be a film, in the same words wherever it turns up. why: the rest of the sentence."""

	words = "not a film"

	def __init__(self, why, next):
		super().__init__(f"{self.words}: {why}", next=next)


class Unwritable(CxrkitError):
	"""No BadInput, for whoever lists those and goes on would go on without having written."""

	exit_code = 3

	def __init__(self, why, where):
		super().__init__(f"Nothing can be written here: {why}.", where, "name another place, or see to it that this one can be written to")


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
	"safetensors": "train",
	"kaggle": "kaggle",
	"kagglesdk": "kaggle",
	"pydicom": "dicom",
	"timm": "timm",
	"torchxrayvision": "published",
	"idc_index": "fetch",
	"kagglehub": "hub",
	"ray": "cluster",
	"onnxruntime": "onnx",
	"onnx": "export",
	"tensorboard": "tensorboard",
	"wandb": "wandb",
	"shtab": "completion",
}
"""{package: the extra of pyproject.toml that brings it}, of those that not every command needs."""


EXIT_CODES = (
	"exit codes: 0 done, 1 failed, 2 wrong use, 3 data that cannot be used, or a place that cannot be written, 4 a server refused, "
    "5 stopped (the same command goes on, or begins again)"
)


def require(*packages):
	"""Raise WrongUse for the first of these packages that is not installed, before any work; none is imported."""
	for package in packages:
		if importlib.util.find_spec(package) is None:
			raise _absent(package)


def _absent(package):
	return WrongUse(f"The package {package} is not installed.", next=f"pip install '.[{EXTRA_OF[package]}]' in the clone")


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


CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
"""What moves a console's cursor, colours it or titles its window, in a server's answer or a file's name: shown as its escape."""


def shown(text, stream):
	"""The text as `stream` can show it: control characters, and what its encoding lacks (not every console knows UTF-8), escaped."""
	encoding = getattr(stream, "encoding", None) or "utf-8"
	return str(text).translate(CONTROLS).encode(encoding, "backslashreplace").decode(encoding)


def _unread(stream):
	"""Whether whoever read a stream, `head` perhaps, has read enough; any other pipe that broke is a fault."""
	try:
		stream.write("\n")  # what failed before is not kept to be written again
		stream.flush()
	except BrokenPipeError:
		return True
	return False


def run_command(command):
	"""Call command(), print a CxrkitError, an interruption or a missing package as its message; return the exit code."""



	for stream in (sys.stdout, sys.stderr):
		if hasattr(stream, "reconfigure"):
			stream.reconfigure(errors="backslashreplace")
	try:
		try:
			return command() or 0
		except ModuleNotFoundError as error:
			package = (error.name or "").partition(".")[0]
			if package not in EXTRA_OF:
				raise
			raise _absent(package) from error
	except CxrkitError as error:
		print(shown(f"error: {error}", sys.stderr), file=sys.stderr, flush=True)
		return error.exit_code
	except BrokenPipeError:
		if not _unread(sys.stdout):
			raise
		os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left when it ends
		return 0
	except KeyboardInterrupt:
		print("\nStopped. No file is left half-written; the same command does what is left to do.", file=sys.stderr, flush=True)
		return Interrupted.exit_code
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
from scipy.stats import t

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


def mean_calibration(is_covid, p_covid, groups) -> Figure:
	"""The mean of n probabilities less the share of positives, 0 at best: calibration in the large (Van Calster et al. 2019)."""




	apart = np.asarray(p_covid, float) - np.asarray(is_covid, float)
	if not len(apart):
		return Figure.unknown(0, "none: no film")
	value, member = apart.mean(), np.unique(groups, return_inverse=True)[1]
	sums = np.bincount(member, apart - value)
	patients, spread = len(sums), np.sqrt((sums**2).sum())
	if patients < 2 or not spread:
		return Figure.of(value, None, None, len(apart), "none: no variance")
	half = t.ppf(0.975, patients - 1) * spread / len(apart) * np.sqrt(patients / (patients - 1))
	return Figure.of(value, max(-1, value - half), min(1, value + half), len(apart), "t 95 % over patients")


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
		study=study.beside(margins, _confusions(entrants if runs[0].info.films == "films" else [], threshold), *worth),
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
# cxrkit/evaluation/conformal.py
# ======================================

FILES['cxrkit/evaluation/conformal.py'] = r'''
"""Conformal prediction: for a single film the set of classes that it may well be of, with a promised coverage."""











from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.stats import beta

from cxrkit.evaluation.metrics import Figure, proportion, threshold_for
from cxrkit.evaluation.predictions import Predictions

COVERAGE = 0.9

Held = Literal["COVID-19", "normal", "both", "none"]
"""The classes that a set holds."""


@dataclass(frozen=True)
class ClassLimit:
	"""From which probability of COVID-19 on (or, for normal, up to which) a set holds the class."""







	limit: float | None
	patients: int
	least: int
	promised: Figure
	covered: Figure


@dataclass(frozen=True)
class PredictionSets:
	"""Sets calibrated on validation. wanted: the coverage of each class; same_images: on the very films that are judged."""




	wanted: float
	same_images: bool
	covid: ClassLimit
	normal: ClassLimit
	films: dict[Held, int]

	def of(self, p_covid: float) -> Held | None:
		"""The set of a film with that probability; None where there are no sets."""
		if self.covid.limit is None or self.normal.limit is None:
			return None
		is_covid, is_normal = p_covid >= self.covid.limit, p_covid <= self.normal.limit
		return "both" if is_covid and is_normal else "COVID-19" if is_covid else "normal" if is_normal else "none"


def least_patients(coverage: float) -> int:
	"""The fewest patients of a class with whom a coverage can be promised: 9 for 0.90, 19 for 0.95."""
	return int(np.ceil(coverage / (1 - coverage) - 1e-9))


def prediction_sets(valid: Predictions, held: Predictions, coverage: float, split: str) -> PredictionSets:
	"""The PredictionSets calibrated on `valid`, judged on `held`; each with one row of probabilities. split: that of `held`."""
	same = split == "valid"
	covid, normal = (_limit(valid, held, coverage, same, is_covid) for is_covid in (True, False))
	sets = PredictionSets(coverage, same, covid, normal, {})
	found = (sets.of(p) for p in held.p_covid[0])
	return replace(sets, films=dict(Counter(each for each in found if each)))


def _limit(valid: Predictions, held: Predictions, coverage: float, same: bool, is_covid: bool) -> ClassLimit:
	likeness, checked = (worst_of_patients(each, is_covid) for each in (valid, held))
	n, least = len(likeness), least_patients(coverage)
	if n < least:
		few = f"none: {n} patients in validation, {least} are needed"
		return ClassLimit(None, n, least, Figure.unknown(n, few), Figure.unknown(len(checked), few))
	limit, _ = threshold_for(coverage, np.ones(n, bool), likeness)
	rank = int(np.ceil(coverage * (n + 1) - 1e-9))
	low, high = beta.ppf([0.025, 0.975], rank, n + 1 - rank)
	return ClassLimit(
		limit=limit if is_covid else -limit,
		patients=n,
		least=least,
		promised=Figure.of(rank / (n + 1), low, high, n, "beta 95 % over calibrations"),
		covered=Figure.unknown(len(checked), "none: calibrated on these films")
		if same
		else proportion(int((checked >= limit).sum()), len(checked)),
	)


def worst_of_patients(held: Predictions, is_covid: bool) -> np.ndarray:
	"""For each patient with films of the class, how like it the least typical one is: p(COVID-19), or minus it for normal."""
	chosen = held.is_covid == is_covid
	likeness = held.p_covid[0][chosen] * (1 if is_covid else -1)
	_, member = np.unique(held.groups[chosen], return_inverse=True)
	worst = np.full(int(member.max(initial=-1)) + 1, np.inf)
	np.minimum.at(worst, member, likeness)
	return worst
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
		low, high = max(self.value - half, -1), min(self.value + half, 1)  # no two rates lie farther apart
		return Figure.of(self.value, low, high, self.n, f"Student 95 % over {over}")


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

from cxrkit.evaluation import comparison, conformal, decision, scoring
from cxrkit.files import CHECKSUMS, refuse_unwritable
from cxrkit.results import COMPARISON, METRICS, Results
from cxrkit.schema import Comparison, Margins, Metrics


def evaluate(
	results: Results,
	threshold: float | None = None,
	prevalences: Sequence[float] = scoring.PREVALENCES,
	sensitivity: float = scoring.SENSITIVITY,
	margins: Margins = decision.MARGINS,
	coverage: float = conformal.COVERAGE,
) -> tuple[Metrics, Comparison]:
	"""Write metrics.json and comparison.json of a run, and return both; checksums.json, where it is there, follows."""




	comparison.check_margins(margins)
	refuse_unwritable(*(results.folder / name for name in (METRICS, COMPARISON, CHECKSUMS)))
	threshold = comparison.shared_threshold([results], threshold)
	metrics = scoring.score(results, threshold, prevalences, sensitivity, coverage)
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







import math
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
	def bounded(self) -> bool:
		"""Whether the value and its interval are known; what a file that somebody edited may have instead, NaN, is not."""
		return all(number is not None and math.isfinite(number) for number in (self.value, self.low, self.high))

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
from cxrkit.evaluation.conformal import COVERAGE, prediction_sets
from cxrkit.evaluation.predictions import Predictions
from cxrkit.evaluation.usefulness import decision_curve
from cxrkit.results import Results
from cxrkit.schema import VERSION, Metrics, OperatingPoint, Scaling, Score

PREVALENCES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
SENSITIVITY = SPECIFICITY = 0.95


def score(
	results: Results, threshold: float, prevalences=PREVALENCES, sensitivity: float = SENSITIVITY, coverage: float = COVERAGE
) -> Metrics:
	"""The Metrics of a run."""





	for name, values in (("threshold", [threshold]), ("prevalence", prevalences), ("sensitivity", [sensitivity]), ("coverage", [coverage])):
		if not all(0 < value < 1 for value in values):
			raise WrongUse(f"A {name} lies outside 0 to 1: {values}.", next="name shares between 0 and 1, such as 0.05")
	return Scorer(results, threshold, (study.prevalence(), *prevalences), sensitivity, coverage).metrics()


class Scorer:
	"""Scores one run; what several of its rows share, such as the patients drawn, is computed once."""

	def __init__(self, results: Results, threshold: float, prevalences: tuple[float, ...], sensitivity: float, coverage: float):
		self.results, self.threshold, self.prevalences = results, threshold, prevalences
		self.sensitivity, self.coverage = sensitivity, coverage
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
			prediction_sets=prediction_sets(valid, held, self.coverage, split) if valid else None,
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
c-oy=ZI9bF68>!e3c|plQckPvZj<8Tz(v#THn+IEA)B_q8HP$rl+BAo2_hZu#^?XunIS3B-gR-;FKdY+hx78xGehoVGWoO??DG8boN2Qu?!VEj*(z4b)ut1A
%B0aOZ&bO_vQez&rjxnQjH`l)w#nBzVP@Smo7EbA1=GA1%m@vuI7r%bcIr}SSqOShCzHu|EbF%E3@bM(H%(LNaoIIBE4bl##kGbV+>CxGVV!6zo(nrw8qv{8
KQV9WrBvL2noe5F&AO6HKj8zs_8Y5B-QJ^$s`W$nysqp*oy+z<)rOm1dMWi<beXv0xf$D8`Ca!}npAw@)rPk1RTjBKZzZf2=q^wlWl3$|`NZ1PP4zOayvq~z
Gle2yA36B-V7boMqUI@BUJtv!<=slEQxjX>Nev$Ivwx((++yT$Cp7XCMlWG*jD9|F*^S4aUj6vy`j*YelTntHvJzPqr(0>(nS#Ja6M|5Ro}9$vo42oCUuU;B
|GtJbmzU4R5cyk#fmE!OcLHM9lomA(d9BP1!j3TV@%=CFe!6-08Wx|Y&&Anu_IGw6&R(FH8;FeI%Sy17`~qMp;V&!X3en0-fCh<e8>tM*y8iI~>Yv%M#P5zI
T0nopMAtPP>(JjMpJ{n#VLSez$72Kz{wmb$Q@0WEn1-ygu2IT#Jc0$Ul$Gi2+$g&U@vsu9{WxV5steYrmu%ZLYBgnm3t3oDftPD?)bI54`%9(;BxC`(34>c+
RV=TX{IgYX<V1qu<B{pOR9V$%m|Ip2hanPtI7HTFXl*~_v>+k0t9$Nu#<%h4hqh~4NW=T_s1T)fTckx*#_a5Shg)z2dICvia4SQ|u-{|_P=v69G|_=(WWs3F
2>^le$&=zH09Eh>$xcZ*NGW_K<zkFW&m?Ki0qtW{C?kmIh}0<nTcC^+ju1^XF9rC57m<Z_+6i7{M%<ZbvN7e^KPEBCMo~jR25EC`x&)P9*l44THd<!Q4KS2n
B?^e`l<g*Y^F<buDf{+W!X~QeYF@$H<+soF)^w*F3Xgi_=aXUc$-*ntc1RvV<-#gNksI{TYu*V2$kqE_Z+<$vc)>Vu#0pVZAM6zxHg^gx*i)uAbrgO}k*ZJ~
uYkis)*>w;=#Cv@Hf<&5;2!HE=cFC)@->h*CHj;_rPu=B097{H#CtE*dXW3{fxv!Fz=!N#e6^|sK<4#_U(h<NTL<RskcXyr@2G3G^T`7}!H28_AmU6YD$N%8
DDbutX4`b1^<<HPo;8f^PXVkijQZI4p1&VAyZ^jT0=@zcF#}-;*oHY}uqrFTx(!eS%)AE!stPoBrBH(z8&v?#h_oK_2=IL+MUmw&(P(r{!k#<{Bm7sqf=+lS
c^Wu^aJfhrA&ZD3VHWxHLT>B5G2pi!a!4SJj;e(%0CsyQSjg0hoB_psDLNv}o;}H%#L|w*fgW1`se)oa&huzdS{nI9ntMotCsyq^IhfKyeJ^G1r&w#^@yI#=
<n_u&rk&v~rJ9i-cE;?cGXsUaY-e^Y4l5AgJP8s!_fa?_D;OsD0AXyR16_enLcQR1p!G?NBux1WqE`ZX5z|F(vxEe?^oD7&WPGV3JNpdXKF0}=Gv6~`KT+HW
YKs=^SDbfE#9vMbYJ0Zp7wy6S7>|Z+*A2wVc?iO>BY*6vIow$<>}{}K0_K6cAQN_^#58?g?xCCTc(yVe_H4yIPQD6St@%)kPf(BSEB^lR`i!a8XyHGGpV(Fa
y{g8rcC)OoZ7O<LS;)=)j6p}s`^+WO^w0DLDZBj;cFIeAl$h3pAuTaDgLoSUkTYMvI0>TU01)=gLBfWvAYlV;lAeuWN8Fj>PUW{xnqf9%f~&@(9z}NUQ<sHj
foz1+VN*uJPopYv#JIEi@26oqu^R;MnG67DCllaE2Zyl<DS7Orl(($_n}!HPZauV#|C_^HZ$g{&?u!TT4qN)ZLUb5^9o4pNpZfkCJnYXA>DyNyU*EjDC6o^s
!KU0H`#0pskQ(s_=aLPj6r!iV7FOX4<)!0v58ZLVVPR<-k8l-^;_gv+(sJCCuuHTOI;T$5LI=2Qz`}~Rma(wNBR5q7DxIaJLY5`ulFDh-ytjE6kDg@YR=3rh
Q#GN-B|N$ffTN@H#Qn9Uj3;bKXAM*y;qTR(yEO}M(O20<fg;J^dh5Mt(CdoMP@;$myGemN1ZzPf7s@z@`y6)fgBBt9_>3n6!r3zE(`tt8(qN};bz|zEqTXaT
x}aqaKQs56LOculz;#A|6-EDT7@`?%R_6+ih23lp;eZlq(l*m_rLwY;P^F-QERF{4o`bbBztDH^8G1H@gSQme3&c1-cEl55JTO3RQR2amV{WsAWidJw143bg
CdEfB<j;jmABPM+4G+xAgEtrJDda{+8D#rX)uyW8UB}^!`}ni(>bDJ?&F+}8{RUMp%WGWeEw&kSn6ah8r4Lp$Oh?2!1JeobUXz4ABP_{F?6bIc9h=+0k~O-_
Cl|JP8Bh~t5&H3GUTJ}TTlNOB*{n}2$}Fm|zS#nyVA)sEH98v5l$sW}%{`Y21TLY&jg!acs$g#G=epoJ#<PwgE#3B^@W|?t1X4&-TQcWxnu%-)fl}clm4od9
OlIe7%7S?hzSA<yYdn^NXzNnX>|hq~S`JhV^aWXc;G#u5e+NzWV#r#%czzB!?H(@{<Qv{`wGt6e6`qE!uHU@DYmpt`CFr_9QC=?#?yQBgjx*a83HPSJ*zg19
%t32+QVzC~fqQXT&;p)brosRuW8cTyJGu<-=py{{pfefHG`^qDl)Exu|7GYqa032#kDmBE)Un|9DL6y>B1X-x&6YKG|9F{bxyPP+@GP4U2~%Y|S=2C>pjQd)
8J>bWFWYY&Hi^5vEhWJq!aJ;v2Mt;-s*3t00!7%99gD$xQ-M|WNL;vP1P4B9C7aGb$)W30=-;D5Ir9bN7O=?dDBvNgpb7JM^9>qyuPEO(UZ8@JigIRD%c7_-
S`nri&cTelh}qMp?2<|cauh{23NJ<>q0s!u8WuZmpnw>X>%yJ8;guRn5Q{~51ieZ!w9&Y$KcXNw-1&r7YIk`U9UhNR(%kAi0CT`#oE#meoO&@if<rYo!HKH|
CjkBrbb^lMo!DaABiM`Q>~FSxBv8%6P%QdxJ3v*`4!VKx2${3ycl3Lao&&y71C)r@=H!66y+B8k?GxBcyY(dyiO(MdX^QXejlH~u=C}5B)QS!7pi}%D*<D=g
TZ=++m0@fSwzZ2Fj;DhacmlBZ@lh~pcb?&&!{#T*^ds~>8k>Yj{xsg>ggxT^_%Ec{&`VhUd(em{?EfXh2lPjTN47sCIf7q<S4sYEKK&2=39oRh+m4S4Sb>iy
`!V$U`#S62Lw55m5&di71OcOR+_S3hb-<(jt?l7;)A7y4;PK;F{Q+K__5J'''[1:]


# ======================================
# cxrkit/evaluation/study.yaml
# ======================================

FILES['cxrkit/evaluation/study.yaml'] = r'''
c-oy)%Z?f`5WMphE#=B0KgKU|Omf&$E>SKkgbbKvv@k}t0d1oF_q6TdjiM+Vz|+)JRky1@!H<;#Mi_yZc8hmNE1U4k!CRXkxUI7(j^U82wctaFV3)~-0$bad
0ITyA_$4@tznx15AKpfTPw<S`y<N8pn_AyNbjT8c@di2{Hg*lRTL3<N`Tq0y>k~DwY}cFk`TUINtg`j7P3_*n9QER8aONDt@44T%i!ss+d)9GQ_!uC-jt2m9
AADz5cK&t-3w;DnQ?M=4P~Na}&BfHS00g^e{nolgYcJGv{wua&bLrq?&^I5maBvYHd4mWSf)CSRlN$pW5hf{$Mc0+K+Vq~QMiF7Kx^?q*+0IYZhRckd`)(1Z
TNkEf++%n#Y6!+mK2B1U(0eUPskzr`DAo5`MkxMR3#o@d2`g&**H<d1v+iDus7C&i7)308{wl^#V&<V3)$(3UYsSTYc2)zs^gGP9ovmHWna=s!b<5y?IZSY}
uWkswa}fLi;|oWc@;ii*rs>+pIIPL<&u8l=7n4z0zVhNx2`yYI!NCQGp-iyd&DL#Pxy1;+<s~b8kooeCSlm#*M&xcY!^P}fGpR4Puk6-nQ1!0ziD!T(c){x+
Bid*!SUxeTsciCzD9!WA7&SR!X~A-%l&mMAm?+q$DK$*y5nI?O6^hi8ZVWROs|8V4SYGNzabA@1VkE0IT$-F@qbFB^zc$YVm#V<A30)0w^v?1f(;N3xYFb_+
LJL{?DC^SHKwQ};hD%O+)3T}dbKLngbM>kiGrEEeqv8ScX@_q76G3wxksC)_C|DzzG>`lvGb>Y)f)LiXZG>PC{Wnb3W?92XZI*Dw=_CJAa8hrcqxMa+d~&&#
*Zze%x<(t)^pj)yW~9|WA)4sEZAq(gcElg~*Es$<NHk>n%hFP)NB#vuOx2)T(Q7a={{i|t-m3'''[1:]


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

from cxrkit.errors import BadInput, Unwritable, disk_errors

PARTIAL = ".partial"
LEFTOVER = re.compile(rf"\..+\.\d+-[0-9a-f]{{8}}{re.escape(PARTIAL)}")
"""The names that `replacing` gives while it writes."""
UNWRITABLE = (
	errno.EACCES,
	errno.EEXIST,
	errno.EISDIR,
	errno.ELOOP,
	errno.ENAMETOOLONG,
	errno.ENOENT,
	errno.ENOTDIR,
	errno.EPERM,
	errno.EROFS,
)
CHECKSUMS = "checksums.json"
JSON_START = '{\n  "schema": '
"""How the JSON files of a run and of an audit begin."""
PRIVATE = "private-report.html"
"""A page with films that may not be passed on: in no list of checksums, and never sent."""
AGAIN = "restore it, or make it again"
"""What to do about a broken file, unless its reader knows better."""


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
	"""Yield a temporary path beside `path`; rename it to `path` when the block ends well."""




	path = Path(path)
	temporary = path.with_name(f".{path.name[:100]}.{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}")
	try:
		with write_errors(path):
			_refuse_no_file(path)
			path.parent.mkdir(parents=True, exist_ok=True)
			yield temporary
			with open(temporary, "rb+") as file:
				os.fsync(file.fileno())
			os.replace(temporary, path)
	finally:
		with suppress(OSError):
			temporary.unlink(missing_ok=True)


@contextmanager
def write_errors(place: str | Path) -> Iterator[None]:
	"""Turn a full disk into DiskFull, and what hinders the writing of `place`, or of what is below it, into Unwritable."""
	place = Path(place)
	with disk_errors(place):
		try:
			yield
		except OSError as error:
			named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes, os.PathLike)) else None
			if error.errno not in UNWRITABLE or named is None or not _belongs_to(named, place):
				raise
			raise Unwritable(error.strerror, named if named.is_relative_to(place) and named.suffix != PARTIAL else place) from error


def _belongs_to(named: Path, place: Path) -> bool:
	on_its_way = named.parent == place.parent and named.suffix == PARTIAL
	return named in place.parents or named.is_relative_to(place) or on_its_way


def _refuse_no_file(path: Path) -> None:
	"""Raise Unwritable where something else than a file stands: a folder, or a device, which a rename would replace."""
	if path.exists() and not path.is_file():
		raise Unwritable("a folder stands there" if path.is_dir() else "what stands there is no file", path)


def refuse_foreign(path: str | Path, *starts: str) -> None:
	"""Raise BadInput where `path` is a file that begins as none of the kit's own do, so that it must not be overwritten."""
	path = Path(path)
	with write_errors(path):
		_refuse_no_file(path)
		foreign = path.is_file() and path.stat().st_size and not any(start.encode() in _beginning(path, start) for start in starts)
		if foreign:
			raise BadInput("Here lies something that this kit did not write.", path, "name another file with --out; nothing was changed")


def _beginning(path: Path, start: str) -> bytes:
	with open(path, "rb") as file:
		return file.read(len(start.encode()) + 3)  # a spreadsheet puts a byte-order mark before it


def refuse_unwritable(*paths: str | Path) -> None:
	"""Raise Unwritable where one of these files could not be written, before work is done whose outcome belongs there; DiskFull."""
	for path in map(Path, paths):
		with write_errors(path), suppress(FileNotFoundError):
			path.stat()  # a name may be too long
			_refuse_no_file(path)
		refuse_unwritable_folder(path.parent)


def refuse_unwritable_folder(folder: str | Path) -> None:
	"""Raise Unwritable where files could not be written into a folder that may not be there yet; DiskFull. Leaves nothing behind."""
	there = next(place for place in (Path(folder).absolute(), *Path(folder).absolute().parents) if os.path.lexists(place))
	if not there.is_dir():
		raise Unwritable("a file stands where a folder should be", there)
	probe = there / f".{secrets.token_hex(8)}{PARTIAL}"
	with write_errors(there):
		with suppress(FileNotFoundError):
			Path(folder).absolute().stat()  # a name may be too long
		probe.touch()
		probe.unlink()


def write_text(path: str | Path, text: str) -> None:
	"""Write text as UTF-8 with LF line ends, atomically."""
	with replacing(path) as temporary:
		temporary.write_bytes(text.encode())


def write_json(path: str | Path, value: Any) -> None:
	text = json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False) + "\n"
	if any("\ud800" <= sign <= "\udfff" for sign in text):  # of a path that is no UTF-8
		text = json.dumps(value, indent=2, sort_keys=False) + "\n"
	write_text(path, text)


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
		if getattr(error, "errno", None) in UNWRITABLE:
			raise Unwritable(reason, path.parent) from error
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
	paths = [
		path
		for path in folder.rglob("*")
		if path.is_file() and path not in (folder / CHECKSUMS, folder / PRIVATE) and not path.name.endswith(PARTIAL)
	]
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
c-m7^QVPjPRVXOR&ree*$w({#5}CycxrxacnR%(|#R~2Lp~VU%MTwbt3W-1lL~U|vadCc;LP~yWv7VBW5*GkUpBI4'''[1:]


# ======================================
# cxrkit/gpu_check/asking.py
# ======================================

FILES['cxrkit/gpu_check/asking.py'] = r'''
c-oa!O>f&c5ItMJVxY@PfGQY!tGW(av|c1Y>lRIl9t^{vCCcWSCS8(_V`TH+cZQ_ouVR5*Y>6{`^YPw{(lq^Mbj_{h7Tk(CV1@&;Yu*%KHEftV0G)yp8(siY
4J^eYSFqaxYaKVyRHkW~Bx1AG#`%M!HF^WJmXg;_Xk|;bs3AIhWKyz)M8JFgYsXa`-5cguEt$_Iy7or}w1UefiNH^0EnMjg6H2IM$)9+=bK3Ox#;Tzj`sxaJ
z_NaS**dm7M*LggRfDO~X_9=t`*Qa%zaM}6I{9=DBX~PZu-03>2dUK(wBoQ0K|om8GvRmxtu_@{{>TlJz8z?x?z$BREA^gRd}eEIL*E|mzKrKTz7;U}I{z@a
|2h7SfqqPG#~;3b!lx`%+I6fTw1**73}=yvv;g!#a_k-n*$cN4D$Tnz$(b8Ny;<<3P@vn83|&3}M%+d;;UplT?~&W&eNRQ=f8mxh(^Sa-%|E?#`bIb{8`vo)
BnSsQP(j-9_48V*Cdv)XPV03DF>shl6^I&aSi>uj0y{Md)MpKE*-pB7%W9<hFd}1~3_N}n7)M|KpW%57R6#2>Ba~q|#31i6%PlwVkPHwov?jA$wmH1H0qYF>
3lpRjD;pT@c18hNOCP56?n$^BbaTAhh}umNAZllJg78e`l!|SzCVKQV`Uer=!%K@I5(<HFCNesTSouqg*?M&zV+OTer>yvs%d%I73SfC&c(go*)U6L!z#7dJ
xWks`6bU(dKt3Ot+@ZcvRi05YpKvQ1&uyRA^pz=5%zTFOqfAg3Sx^bG+O3W$>1Brca&wKZ6=J%AL>GxKzz=%WZ=KjI6a@Vh&`{@k>vTE`<<HPTvdyAlm48os
ze#gbul!k%KGI`OwNIsSR<D54?6V5(;hW<!eHVr>xMG_MKW;SGRNfyrjz~ouJtU%AaF|rT(=uNeDt$%ypyiqFmjCEQ6^1jT_dKi&eDV<p{UsUDqQc!*&`w~A
O2xvwzeW0=(ZiVovAkai$sxMalISui%}&w!B&Q268g<E4cIleKUwuRTI-u>c(YSK75_Lvq;*9`3%a~S#EVp`_4Rdet8Be=XiKa^&@74#m#87Aj8Bk?cac@S)
z^C1c(Ssqh`4~8Cgnr}1B_4uzofyG%mPAmzQ-sxs$bEMBkx<TN!}8CZ2H>(~z@_Do<spUh2??_C(etwukJ%M)a?)+yQ54)&8{Pypc<+Emv(fbv6S<D!_Zr)7
F`CaOKdJVt&QrAv=-a1$L)>)+#Flryf%7jhvGjj5p7M{{LBRY~EefQz>2v>0exdooRH|~=zJN_}PW=0Mr*J{zCh?<lo&nmr9e5$6>j9l5{{g68ANT'''[1:]


# ======================================
# cxrkit/gpu_check/check.py
# ======================================

FILES['cxrkit/gpu_check/check.py'] = r'''
c-oy?ZFAc=lKyP{3KXxlmYSg%%h}9a$)~IHI!fZ&yp`?j-kr;(q9w@Um?Bjq6~~kDf4_dZ0T869cyDW_Vi5!yjef(^4KN6TyUq4+zS8siv3gh~wMr|MRQGzJ
ils`_I+?H1Tt_O+>2*3^siIuyGEzytkp7x_&{OrGOSRVYBMyRKFi6*%qO4V|*PCUUY4@D2^<Y^RYc(&jOwa4Ipb^RKT$v8%wJwvoD5cXPsgrq@RF$r5hooAh
^Ezr?MQWMqY!RtaZ?a@=$ZwK*m8G|K)Mt8Zm@3NoO1kk++i8(jb(!97YrPm4Ccl;UX>H%ni+q{hMM~#i)3V6dI<Nh1F)eAk&K;+3E<XM5^kbyHe3W0Uz8($R
|7=yHmVMI;qI2{f%Cy$A->M>S^&th$Sb?@*HP_HsT_$Os=66+p@0heqZ|$HjAKy(+FJ4FLolZ&;CcWJ=t}Gs!C7zzYpVFW=>D{)ZIWLNbNZppjz0OH332{%P
(6_46+l)H=wq4wjbo(hY<CgUM)BpMO<?1q0??0Wso?g(83%${#bfU9we62T*wX<TqNlMHwzfzK0q~4}q!P?xs+(XET&JufDCX19*MaK4CFUk5oCTo!XTo$*<
ZJMQZs_ETjoz!GQ>AWrTO<CNPx^mP$XfpCv4?AJ(nPAgf*Yv8tzy7A@TQXut`>Lxr*L73sd0LUb*{&bAYh8AEb=|8vxod3ib5hlV!H4sYU#_N?YNEae^UXFG
tK*~iC{n?EyGZEiReba`Aoo9A(gIagsH`9h%ZqviOIsJEMtHf^ciWueh<Zp;taDkEu{ymiw&a<sQfoz;QTp44qC+PPsfV<tV58oC{=!k_^4+J4t69U<aeOqm
yqbQ#oPGFodBtolvm&Wq9usrnu|9kmDPs6|NGzKdLh|a3bfK58&}Gzg8U3>R;<okX7%yH8dF59tt+J#f$swF9m%7yXTw@VgfhZ<{lOAccn{8bou2w5raD~Qt
rBjj{X(}P(su5l{9Q<PSDW`RlA<fB-NOYEa8lFJDB<?JEB%;wk!gRG=SN>ZQwhd1Ub^EBc8w!7F6p!@bUzn}<=;-)YReYuH%VJxqT-Ogpd0+8MQB9@wqB>Dl
0Fl`g?lnB`-_>mj7rA{L#7Dmh$>XCF)!TVA;@%W!So&&FXdcR37<NXlU>xN5)kj^w{0mu$<w=ACHzrr9$kf(aj7(>hHmj^aZ8QKWnBExTWi=?8S7%EKP+7*E
;$K7($81%f&;NV+-kA_d=M^;jX-S4$u9GaSNPL_08_i@_1cNQeJV`%`?YtHp=i0M?6Pmmr&X{d<Pquf6{X_~+4?4YD(Qh_JBYSEgpD1NNJ^k|b!}R0T^tELR
#yq$@{V?_Td};V(Lospbkz`6D(>iZ91mU7u729l~?kFO%WGV`2V|7G~`<7-5HW#m>^=ddL_WWXlof`3EMLJAKt!1vW0n;uyR9iudR4=Bl&(FLSJkPL9Nk+Wf
W|=d2F-GmPNGh}|5K-15wU3`JK6EC0dvW^uoFsYK!v;GdNu&w(J>Cf;827uE(KnkNSq-^KQj?%CLcD5~WLT^;i``l46x8&Fwo~G%0cA0^dkS<PPT#-B3t}aQ
D^Szl&Od*izDA?$dn|ZNLxOtHi(qgurNy61xE>q?BtGJiLRPRPLv)Pir1Zl>d8rt0M2O9<iDpa}B#j^<8axw7)a4^}X|@!joD;!>*!jT_Y^5#=HBWMyj`S)v
sM(;%Un{lHUkUS!)qGVH4OfN(Y%x4*@|B<i_yNcx(QB}<D6q4ry8^^`3rkd07n=={x2CSZ!dPsajkesvtaAN8<SAM@@(XJ>pqy!nyJQKez*F$OCRtz}XLOZJ
xh@tI2VRJm7>??4Th(lk3|5To&|=Ll#*>QZv}Yn#Glz$HVI->$`Sl^c#whHOL~X6fWFE0Yz^!SbTz{*Z@xK+f)nQT}7T9`5%o>S?LRY3CR-sv?ziVMTD~fw%
w5AtgahQw(Et)}PA8qbObm6F#-<g8T15FBXBM{Q-u{!(m`gHd9^UL$UzMsxsPyc>?Hocr2$+~jwB0FM@q1a4IXbtRV3iH#Dr@>(GUoHg*Nf*ECd~#K8^>DyV
>T{OlV<H^{|M1hA*qIz77#NzMmlN}%8cR~}=St-iPiV8V+u#W{qcw%KF*Yqy1LM`$G)6lS9@CwuI2P9)9N38o;n@cwMf*v8O-(n013M9Mu-#-Dtr5o4D>pNY
QeJp{Zi^zjQGX~QBS4^!3TdUR$J~8zkkm71YfNFR9vonMPZpJV()nU6K0P>?V_Esw!9@xuoN$E{<jcvMgf`qEEpMThP<LooDcMY<)@hC{+K`Ks#{*H~;gNEI
gr$R+mJq59hU)M?dBvj0GtP2+S2|(qr@X929z`l?2TttI&`E%tC19;khN8YE*;bo86^bFKTVf}kaC#cA3-aP3Pv_xqa6l<#PA~9>;+9!m%oJ!XX5i22mm~F)
U8-55w<@9o4veyig&QJyO$y=t-sZ^hl?K>O%E#9!jU+3442LkaWsxy><GdkkHiv-nkOHY*V8W8F0v@nNN0QkAkzGS!VyTNVc?gjSheDB{th~59e?7g%5@T84
4Kd6dtDh(8Zc7OvE!_lvip|Rz{|qq#**DD*$((Vr_?nPW4f_e~#&M?RfXOoyOI>fv9Jxo4FH(-p6d{@iGhEgHoX%<=EBv9SN~0?px@uO3R+Uf2k}c1sGQvJ2
DzpU(RwEl|t3@moX#l#P7{IhnIM*g)T`O9wBm(GRpjh$<3=2TPB@BZ$Af%ej^nmtT=<^YdCp!<wlcRo{>rJhu{0AE`X<wIRQI3`RHx9j$jVq}T0A%wXr45MU
?Y451rL(M>(pjJmQb+K;e%$Dg=?>%B3~_Nbdm5|n-1J0Rv{>Vshu+wLVBLmRzc5m4LQ5+abYlQZ*2HiVE8#O7v~N_pR3ND)6BEW6_FpeKl#jpDEB);$;N*dS
L$YO(-|3KJdyH<z)@So#o7drRcw<8y&0}L-EVv|eyjkn2u8(e7-UD{vHYQLzpEJ*4GmJW=OS5#is2f0b&GRFxlwVEGZX=Fqua_^6rHRtc0}qr;{NhyHyg(>3
0iXI%pbC#EU}f6I>uMNz*k;%kFt$gLaMPvPt%zPImcqk$VbWXbW%237*}L<r>Dkqni|M7?o-oX;Mq11gyF^SK$az0(g6+wvB62%)q}*m~W^u9DES{oD@+}<s
i&ZaP*tbJAPb+0>#GL>$W)>pV-st?TiUKqnt7mI>x}F((gZG5^XUO)6U&irm_^sH$y@swDuyp{xvC*XK<WA4<NQSc~o}*>~)YtCz*VC)Bcad_a-V8<o<;jb-
LL(TP(rehnS1gp;@h4);R|19d#769mNt?m^(#ZD-kOj;5qh+-VUCqn%R)<yr{Tt4LqT9asI|bI41V%6}gMW)KDf7}z2MAwYZ`Ze6`hW=uG8V(+2rNZ$(kkmN
5)jd-&@?zr8bgdz+TF?fpisnJa^{@28nU&}VTcl;=K)(lL){c}j7oA7j${mn9@{}$M%3czd)UjDtN<@$u;bPE3UiU7)(E?L;#lTnX8SsfDxu2=E%If_+$OaS
P33lozLxYgS58AiChCkI0vG`#g^&k8#6hzV0;m<Lm;DmvNf22*5z7dXvAj3?TvL*6U=3|^hO4JYeHVW43zK7u6JiMQX-WCrL?PQCk*x^2DYH6EQj?rnm6))p
J%>C$r7scx5XGX(S*Ec1klw@z#S2=_yyjxMuTUApmVb?&S#qnh8)@}i%4@J2j_iMb;#lv$82Y0P`j?ik#Bh?=)r9kh&>A0G&Md<Jt_i0?P?QWrnw?KrJlx>)
$2>#|Ym8(-+fa=3tST{%jPW4T%i5SClUd<t!dP<1Vm3l@!JVHZguC)T#|hTHo1Ta=tr$dN(=6uMZU+}W=$eUH%m{piD>*2^l)TWIFtsCGEJJ$$;iS-U?b%RJ
aK?`Kd%9tpr@W5n7;BZ8Dg4nAM0jlyGTh^V%wOhbV1}d@K?g~K#51x1Ca?a3f3qrNst#|o5WKv0BW^r~3`%sKGo!A%?9uW(UOb3s#&MFtEVpN(Y-*&&Hw<81
AyRNMPb{ml(V#A14QN<yOMqE%bC?bs<z{CghWx-qBy1?+&>0`?a7t=+o;@oYyWNq3M%Qr>Gn|XM0D_RhgP#IRdyg%R86QG#o-ML#K~pj>!cGE~Y5umwHq&<6
TPy|=+?gt@&lxSBj}5QKqZ>&dajYlUR4U%Ik;_?M$YWz$2lr~`00yqQ-R<vQM5<lV297o6C1-@8Em%feQ-qd;nLmh`hY|-%ywn|*q%~4U!zbV93^fD48}YhD
kGok=mjU0iP&P_ybw?SkJ>LrYXLAt7`0&`C9p+qb=bT6^!={<+)MM`evq7DVcL?S*StjZkI8GuDH*q^Ql&Q5j3yY-CC18vrIkG<kb);m)#X8A%q&8ww69%kg
0s>T*4zPL$ZIT-_+fX-eLHT1#d%(hyVLWS?L11dlG;xP>^3o^VBtDc#6gd312Wb<Jq3fR0J+N-MV1B(hQDE~-9fTXJ5`Dxn8~%lXn^|{ynRdq(%sMCK%*<XE
Fw#T-{BzYDH27tE=2M7O_bFGiCleo<3-_#_WG;!LISUwf20r!B;=$NaQK7Y!tvzaU+V<7O1kmbYp!L_??SSX-_5&m2p1lCK1?G^O6PD*Wd+I|!N&x<`Dl+Yz
c$tEV6u~LjJN%iN0(uMk^O-Zb1CF9_`oZoc2U`iM)AVS{GT3`2YFllSY=#G)Ly9!l+!vb=-d&>yEp_Ar6|7>yOX0vI#CNxEdbIaQB$2Ru$T@x36TW)OZKkH<
Ph(=4X4kmYOFpJ2!^#p86q673?B0I<8g|Z6#7Xv_R?vI@fI(o$4my`@*DxLMnTkEy;U$<ui(u$&jUHZWl^%WGX53)31+^HF7^@ogQ+Z}VWUBJ&M|92R(<I5A
x}KY?=Y)v(#@`O(mU1r@U&b`NF77l?(vLXoU;3UC8i<mQP5W395AJw}t)GaGz<+UPrP<M(f@NExiKIx$<$DY3Ij}$Dz2c%gdppiiNN&zDnp;I7ca6PTpEOud
EKk^hB2)AU&GAK06~e7BQknDb0Mg_@*yMRAE^-EJY#O&`SpI>l#(PPj>EvgEF6=^TVTZbr>b1$dua9nSnry8_M+%sJ@@Lh>JK`b~MKYL*)K5RnS16xW9`rTW
?Mz2vWb)AsjCZqH*NiJ9hVam*Y^TR5zO6uez{{Db1<7pylyvOI+-_I_pb5-n#LP8sWJ4T00N=z)_9spa=<Za<cR*oJ75u<mW14ir^|g)W9qi#<glNFUEFq(>
B}?d`5POH!k-ItNx00aUT@gSMT5h;RR$i*HO<CocvhVKd4SNKtxCa3jB<+#n+aHuPQFb;8u*Vs0liSJ=H~ywxn8n*EZ2O@awKyYGVj&N1ScJS(3tglJ$k>(J
o4mzJL{N(q5Zc(JrLtWVBI=@?$vY!rtY}3pt+aD<%`$8NmyfhM5X;3sqrH}rB&5NN4Z@gk@i;W?j(=3EA<qrTN_t*Py*FLlNRiJzl4C$3Qe^cs-xO7xfA#Ks
V|(+{)=T6}eb;cU(V5K@tO8psOv$SiK7xdA0s>7)l5OF{hOos1mkQ0%{g6vY`^V;zh;@fW9m8TWa$Mf778xF|$CUir+PZhhaD21BlGFgSW~Y`Q)sL_!CFii+
lY>ic9`r^u9E@-kVt<^F;*>*^9ciJu8`xus2_K930t0ocv*ECdLLE|$nU1jnzsz9QM6vdJXCHZz>pb4^(6bSB7peN_>_?%s)A`0ne(Y$(uJJfta?9;p%HO)U
JES#GqgQ@x7b5!E+Y_sK>PWS(yR}OZJ1cOR&NJ{)cD>VPt8=&VWgt*br5LQ(TXKM=yyH<<xDxN#vggT>@Z=esF3u#!*bMXO@qwfm$Vpw-lf3shbDH1tZ+4ws
TQczNJ5zt+yRJ0f5AA#zn5B~0R(53Y1A9h-KtDq6Idq0?i_6X;-gC~`S3<S<SKwcr3TzhEsS2SLq`h>e4>l}0mjS;32QvC05g*|~GHw{<x>3v629y0q?ld88
!lXHhBb0g~eC`vX#MZsy^OI8C<A6`?;xZ=Ejbdie79E!OB7k%I3H^+vWPuVMF8It5@gOa7AFkMvAKLb(29NGZdB&az_asX{j+Z?02WBIaI&<NQ8T8^8OPlNd
Y~RZSwR~cRYdGi~;{r!fT1>z?uiPNXuuQ_eNEfVpN^r1>`F+r>hqf<e5L9u5n&88eng}#&I?UEZB}cErRwS~xhdH0{zdhyA&N6>+Q>3Rt%0la@khbrM^z+)}
8Y5h<@^ACn$g@)x6iIts?F`Rmz9yw`B_oq9@TFp07#b_&(uG`Tl+7=4H@yovLpD_*>PKLx<8sEG=_UEHB#PvDsyRgE@Ji-*JnTa-G>%^F2PVFkcC!9|8Ik<6
zHIQZjCR=B02vQEi*fCoM54YpYD~*NoZY!w>fK6``^9P1QpgTAX_ba{q}o=JRGSQfdgh8ow7ZUf5;gX$>0i~5^`1Qym?lg1O3iXuAc3;BIkCGyXmV+ttmWqW
*f(#m%_j-Q6Iz(B3o7;$jQs0dzVx2E@?rq3TmW-+^t=hRBUIaHh@qBwm^(E{x|))b=bdteY!tPp{+Udh^S|a&jrx-vMSLA0uf;aNNuK+@E517We2L~T7#;r_
AJKoKfD1x$H9MtHNc*5J`C7A_P|t{;8AM7+qP=>H6Z|xH7tY*W5qF3Jp#c}%ZHq17tG#pEDk}9?#F(^S5t9a65tApWh{<p4-t`s%bU0|;gy;lAd#wANM0)?!
q%GEsEjyE@c(s=A;3npKxVF?-zVSxx964jhtqr0t5*^x#wKN$sYu!VzVPlN`KvcbfSS}ujlKP;7c%ygmU>ErIJ2~f8pvwuB-$xk3v28yRao;EUW%Rz<$9GRS
y{Mu6eM}EpFc`UgfZ8|xGu5*HA3%^VNaQ3a?A)d18Zz#X+M^%d=av4dDNT4t9(mWb852M@c_6;K!nq@#9-K7iJ9)u-J$K^_Vd(>NjFT|O--D24W7lPyqQ3|b
{B0}_8Xsa43GMee2wJv|NW6xiFqCgIvJ6W?%3pKbldo#|9j3)Qx$O}1E#(Te@6dd(JM^b#nnq&$wQ#t^PAp#yMCKm(m_LS=`?d7L2o1fZM2buNpt{XD3u)h|
$L9eAEexp>Wmd$8$+*JK!oj!Kuy^jGUMPIkG&pEJUk=eBGE)FQn0wmS=8hmewwA>mucg<`%~Mky+wfQ2yxa=63UUD{JH|mVw{>L$;agPC-3b)4>!F#SpCmn~
>?bk7;Qs*P2?-A'''[1:]


# ======================================
# cxrkit/gpu_check/rows.py
# ======================================

FILES['cxrkit/gpu_check/rows.py'] = r'''
c-oy;OOM+&5I$SKVxUW;t)gbrq6cjqWPv6~fFLQ71$s~ghqfqNSy?nlI*#l5zjua1%JM#%qKB--$GqqJIEmx<W+g$ZodMN=fW=BKZVT85V`QB{BifFBm4;qf
*eGM#c_(2dwY-8|Ygf>;%dM6sLt!n2Q9X#hhTTe7unKCG$8j7*jaF+|sIHR>+p6B=V!nWOy;0i2TPw9dt$e8#RxCQQZ^DIP3ms}@SMx=?-?aTQ+<DiMmM&QO
rf*xDZ?syXZ-XN1%tW88uo9+0ri?k<ID?o2rmuVP##QwD^`}p-ek&j-2!he;>$mUD4!oY|{fC>`n^zxSjgIasj-u%05MzP?{3ZM8jo!*Ma$E4)<+z9@n9FNe
W14YUL)|tF%J&PIxujbxWheAf8Vr>R;M_A@fyr0VZDj#Xr-Y3rYh`R$M3a}8sg2ZjA5Ci6fLRGG6C=AOg{Lq07Fs9sZ`2NYDKxYeT0<pnt%0sxxAqDyX$$RQ
>dEG0qNUyH9!OK}?8A?|AoI{RqlN5@WJ}5D`U`lLM(osVW~`pg*sbEEyonDdfg*ptJW?wk2F=Ct`27rjR69=Zhh8!W@_+@3@3!shE7#NoV29I324=fhfiMtb
i}lj}^fR?*M^Ko%I4*yQuRJCS6xmbCxGxA#n5hRKmFHZoXyUD7%+Z7myH7)H<hv=F1nqc4trgSGTGspVjt6Lg?Xs{X?q|NAD!kzElwf+rwzIQFEUeP|Dcwv_
5|?LkF0Ai~MG;l&%eG$1Iyps=!4O3TkNcFtC;}p&hh6v^-m9MAL_c&5{Wt~fx^^fjF&r*N1jp#uVeQtUmQ-TTc<3XR0i;+2Vsjl0{dPT<+7VvcpE^Ddh6R=q
C4r8YtR3ZcTJ=jt!d&hZB6JERwrele@(2euaEzfLdd0nLu-S(U<w#L$lca<dY8T%2;P`bK*3{=!Xa`Ec6~y@$)%Hp0JgndX=1O&mTcz*=l(AI`-Pa&CLSqOq
ZW8aY82g(Ja(<mg0d<&AE^g-0z!XS+dM_NHnK3iJ7m9oLRvc%icf^&P5OO$%W}0htEBnWqNouXM{~k5Ze`^9QTH{~1rT8i_$yiLYlbY-H@6lqqLc*LAx!H8B
P0}<t5(1$2hjIQ`5F;dy9DmGwcvga3u*39{(0g7C?`nzSl~dZa#=6x>b%}Rf1JW<{of`$HJZhI4ezK-M+R7WT@|*Q028B*N`hH5bQzQsH?$s@LB=9gpLjr{n
!DQOOjVP9?<Ksj^-6?(R-Zg}LEj9D+J>GmkRUpyHQmgGI(1+b_I)vEZGV$2qh%9#=JiRO|mm6t4#U&JP?p+&FlflKzs;<UAOG)^rTU7kAN^`N<$ljF#K|}r-
LVv~fLN$XLgXl*&XO|rD4tVgBOD^^)AC%9koO97Yhq!Q?DHZC{Kcn&CNd`~2Gf6i}q{jjdr`t!QzrBg`4vW@qk{Ag9{bWaj@8wy~d0%H(7Gr}=dcs4OFxJ_F
!B6hbD)lc@>(W5=$Z1f!m3w@S<HL|$a*`GdAJ2`xI-}+$B3h_zZ;hu^vt1`=Ez2KwYKu`H+<{ljm+&wNJQZ*q0G3uXDrtIYN@A(_k72MaaCw2w13X2a&;0cy
*F%UIiPTY^&wxu&Sq&hJ|Lg-@JFq0K4A@7pOA6Ul4gIBmVZu92e*~L=4bgRK=LwB-A6M8}7Zik7FpxZFFs%Z6JkZRHXBV^s^olqV16!!|8rj=XD9(yNlC)2c
GC5yBf_+lE|5bb@-#!mi#l*^|QwJtG_tZ(wVQudckRQBHL!SdPn<$ItRX~E<NO5X>&N=oME-3{gI_LNF%t9zQ%Z=2h40v`vBx;NSKQ}gKQv;3Slna+2OcoZM
re-&pk49$Bg@5|)^N}+^Q9m>xkXLu61iDJOqpOZ3PlE*YgC7>$bdNdmCnepkc-JYIoE<<IGW<MvKEv?Py*vjhgCDa#nrwJt32u|3;B@sUjg1j9G;K+k`#&QT
p}-l&e*Xv6jqRZ'''[1:]


# ======================================
# cxrkit/gpu_check/scene.py
# ======================================

FILES['cxrkit/gpu_check/scene.py'] = r'''
c-n<mZExE+68>!e3PQl4QlYAO*~{&D;RVt*-4+OvqRCyc2m*taX^XH#>PRY%*O&i(&ybYtw7nK+YKa;S=jEAahDnlqskmd(GH19{V!@<hoRyU**AqM}#fB{m
-ze5rTshs?9ILj{#xe2O3L_h#9M;r=xk@nAHFIIuQk#Z5>z8Z3)g7K49mLr}Jjhb8irXSdlJR(Hbi-Qis#?yOY+BO%39sXEe1Xb#%eZB#?U$T3WfixUk7g}h
QEIi6t6ssyVA?aG1$Vq?<)f(WaFl=hR>}yz5XKhK?Oyy`alCDFAC%cr*3I{}mf9?a6E4r+TwLDd?6Y5fCN9*2G+L3Jz4Y5kBRtQfd}gFt6}9#@^`f_N{XML(
-`~-~7HOqc{hq6?L10Qd9$#Lczq|N+!=@}vjIeS+MnI6V7;=>4?3*u@wvN`}xv)t#zC8c)`d_y}ONme^1ansNAcUMax$1OBk~g;(pGfX>jI_Vu4iK|UF98uI
T3uGZ0UJuVjW%n7W2u{#8{knt08du4hN~^JPP73x7oV=*ei-y!FPY$Fh3|YNyjHfUbS+pPi3wXGdhYn_g=Mzn_%atOsVr%(<f;njBoCL;SO)-ihG_s<K8SFt
Hv~#H9@OM3PEy)c6lb#N!^P#h8G-?uP7ZwxxHke2Uc(<gM>Y5jHy__!KzNswZI?{g=?R6bTW~y|{qjUA0yqnH?y%ymqtH@C5e(p_FS!sjxFQ5QVUPH0wN%dT
tFkq^6xPC@hOc1~_b!owfB*5v@jrddlUWcpP-1~pwFq&3bAJ2w1FSqgL&$GFUS40(i+JT-JYVqUg`Lo5gsA~G*vjyQ6#jICHrD(`AjFPBPsc8GjW7bnAcbDM
U|*!G*b?q>2|=9jcL)r!<V7z_dgMyw<4q-zbE7-8KoXei3=+Dj1jTxgCNL@SNTkuHYqF;yZy;f<bBK!}GwUs#22>&h5OmN{^|3~bAZcGP+Y&)AzTsORrY|4<
L|hWE6k(UxQ!GGk<Aqor@MOxtThfUVriuxoVRE*XYT+L<_UiWo;+l*{Q2ZGwL|umfdhR7g4uC|~_Mp$beV&*F;TKwkDWZ0dFoJWym$!Ii1O@Ei#B@9wDc*=_
vTD0m-iai~+M&^Q`pkzsBLUgKfSHwli78?Fjt;%24|6Jk@WJDV)_k$sX{cXXsLhP5ok6GJ4qRoYCr9)FA&yOH`kvQTgxyxwT1_Jsv6Lao?>}B%%wjp6{j#qd
;uPEPx~7%{#`0Lu^w_YJxcap>9W1}iLO1dWBW_QDJVbEfdl9e<A0~*n^I2NR(%t#&J>%f}kh5FQB6ug%_zdAU(rq5Qsa7TQ1x}pzM4<y+5!X`X4upaa;EqtD
IhzB-tOOBQs^nU(MKm2L4QQF7RTkm7fIqye-OQ*}dX!PteRG0G|LH(VctGZjgsLgKyU+dK?rA(i2M5S&Ne4#zU|E_b-bApww>`_j`wuW;ftB9gEJGZ;f;bIe
qanIXdrdEyhl7_J)qE~$oF4k*UEK3GRtuGewd|hceAcG>#+$}ooCZ%}O4Kx{I)X3ZV@O~|YC-^@DD>lWnfQ#n-g$4IUhRSblcUoo>S6Tf1(K*g4`G@5|D(nl
xCH@D*)oZ0Uhljxe)sB%R;?1+5V6Hxvwmw<P_qLKHtU5nX?U^IThpPi#iO)trq}*8>qAjcYyL~5X~Q2=ddk^Q23ejV#wS@}`Gfe*Y5O?Xg10T0E)B2#OGHNh
1z6&i8^gCLotqQ5I#j~1nU{|6x$BkRBMd>=coaviX`Hf1709Ywr|}5nY!_sUz#$T3Wzb>?JowF{CQo&WMi=fxG}UHLIKQ)ka_PFZ-hUXlZ3hEm;Q<Vj=hd3h
-aHOmX)??_pmNw1O!xHGYdHRihBzDj-~A^)-hb3@z0wNF3|Sk>lQca=eu~p|8cg0dk3B8<c!bBf*7ZI6F9}6{+7Zc5So&;M&#7^ug&21G{`7>1l8noqLg&*~
?B|%+-hT60f~{Xo_MT&1oOU1*IuqKZ)oNfWxeP;m5jI6vvchd!K@}WkqVec3lcU7XaHl62kka89u&3tWBRxp44NVi|31ky~FaTBDw*dd?V9W6t36i0hpV>l-
;6&hK{EI@Kn)lkGhWTDax_>z|41`+pmd_=)VM}=RzEd+UR>IAK_p`l7ACIwb$b|4D4k_$F&+e(%Jtaj*VES_Z1^ak|whkCQ=-P4YKiKv=hV@@_b_A$>wfYZQ
eO5g`4f%H?ekkfmiy_~^B8I9E#FO5!r*HC+9L91V%COn%2_Ai=X2ofkkMkY#ccEeP_y;LE(ECICIz`he0e*g<w=YN)Z&m4V--^RsxckNzw>&+W_<GFQ*QMLv
%R+@-`O36(>5X@BDyMKhFbWR#(Js4pS67&ZdFQn2h*pN_*L2F8F5R<XuRkVznMT$@^QIm{%;VMjci-v<UwSu!2l>wmmnO_Cqp{2nDd@AUz^F9`LHEaJ`$5Sf
%yCYDBQDHK0qcGk%%e;DYpM5ZEeu^XV?;QGINmmJ85(YV7{zhDoQvT$8Te;JIYW1=x2YBNG9&;*MtoyCpdihP@R>SXaCeTjMK=N}TBVA)P-WF{+*PNc7zRPm
Ch8fpYy%UlljV%pD{YW35PoRr8*bE0t9lzd`u_l=B)_%'''[1:]


# ======================================
# cxrkit/gpu_check/steps.py
# ======================================

FILES['cxrkit/gpu_check/steps.py'] = r'''
c-oCwZExc?68>!e3ZCynrG-|PY;TK$ixl1F`UVtx#cqIpFbsp1Xj>Oq(uq_O_vOFeGczP5CuuhYx@%J8%y8zJXNKIxV)0Jx%)N5Gu9~XZE9*>WRof`7N^@5g
M(I61S*P5=D65ZVTtYKl-xkK&wpUf7c6F=W=Wmwd+Iv&&56))e%vQVNkS`XC`Mf%IZSPdkcBlESZ;$v@*QRh)+t^%h3*{I5=uEF&+smR-J6+V;T4Te4IF+eg
W$H4D#-`#R+jiPIUFC(Y>#Z(s^P=rd*nh2?!qgveu5TX-(~$vZn`)!`#`NQIk#V+$Rc)qHZ%hNf{CL!RlPPQ5#u`(e?YXNgRONcuA5G)JzIVG_)tKwH?aQ0p
Q8uvju%Kz?-d_*>ZRK*)+*N(sOl4djTEy;b)xH}x#lhg{wlGb!^5f07KYu)17_s12aKxInKW551;@Rc7c`(HQLt|KOw7q?PY1f;A&mNY(AC9K43Ok>Fcz5%y
x>A?s_1ig6@}Hf8w*_;#x&eyn)&hMyMpWB)K*6JRZPoS!+#YnjQvl?VVsT%&gEG1}EY<x%JEa?C`d;9w)xOtdMQ*!qhq_e7K{tDN#;RKPd&4OG=EJ-9*FV6b
i~J24^a~?87$C~YIT%8`X-W&Zy|Gm}=vr;-77kZ8!KGWXM>44jhB$Tcr8*ecXzomZg31#hcF?rn>XVYVL&vV_k$&U>oR@9-c>V4ta?+dp;?=8vkyYQx8lc;d
X`G0cUwmfSTLzvJ0D1N7lrP?9Z$JMcgGWkIV~uKzyKnnj`Q8prSizJbi&YClA^M)2hb>h<vCXn&KmYXZ$M>)-#4~x72o#e$T@T2E1xJBnhd+Q74F?qMvBTdb
D_*2(hxqV%Qj{z_tt_y+Xd74Uhjy?SeWz<{{9kFB&cEScTq!qnwOR3rb4kKXO-JkbeExOhj0BGU)ihT({b15LPpNA*sIqO75Qx*|e6}E}q=5t)KP=n%h!$Zm
q0Qq1P7R*;5<!Ot?;AdG(>gU+Q|4-4-I<2KX~-We4#zEtZS3e6*S5l$vpd+O8)ujPm_dG~@;qPT^hr9Od7<03tuaF<`{a?o=Pi8B9}r>ftpJ2}Reg+n?~6iN
?RGHHW3;vANj(sA@!zbg9!w2;IgIm}XFF5InObjoLDjeyMh2Usr5pe$NjoM4@1aLFPE7mEM&qJCMf;4>CEA4)=ms~AiDTlx-d0^lhj@wA$p6BK$-e~ri_P}X
-jftJVKxF#rdGUQ9TQY}bHbNQHJN&Y@80u>g7X-Wq+gza9ys9InDnOWuOw$CNBs2Ccwjjn3fc-sC&a}GKyN-T%`W0LambV9B%P3mrmj=<`m0#gSByOMdkpRR
k)wP%5T>P(@G0ga2ZV|%w?w+;NvPF_p|L{uewuvjlaU=ZV_IZeQ*s`ugC=q)<rB^4oCLZ5CR662L*@~dGoKd1Ts}pJx_F(8iM+aD0h*ds;0F4z_bE3!k++2j
k~8&Ky!E8kHXE8r8uQ?i3cd>~rK%GD&B&sHGpno$w>l40CMcwU{q_gI%r&qy55SS95GF4kXlKOsz&6Byv#>7LU00uoXCP$&I<F)Gyd_gF@z<GSqFj_f05WIl
PsjO8$}H)F>sV#((a1zfW`~nwO?1QRZ0Y)undHq(al!HmvUAy_&tvLJ{fSI0(Eu&uM85cpQm;K8!$g|f{|$h5lIBOFn<TkJ_NFx3J9ec-Q>4k4$@#`7l4L)&
-x|}E)lrz{lk$laGVYT`V}&S24KhyAd|Q&E9}<M&?Az*M{doE6_2oK(I3#i6u|-RA!1YLy67khPl$_OTh@Z)}IH-{e=ivzCGG^<N3o^6GdoaK7#z#Z6f#Mmm
-L=dKv;kZZZZ%A*WQ7%mB|@P758tqXyA<lu>U(`cVo1f9g)Tn1fJcQgX$nBycwqu{Kk&KE>qPIA5z^e9I$-Mx%rKOCLD-eGG-ScgZ1PTcjx5LzlQMq8y(8D|
ohQ-rn_VPKuHU<{m6<GlTGMBpM$-ojt&+e=)VWZ?hA|J*&>r<jaqe@Gr@vNR<SnFmRf_51w{^&OCxBju&H<_jC!$60=YO36)g$LQt!!}`8V%xs;TYsyuGQbJ
l>doz!Izha631T27^Yw|{+!Q_?H%>`SBiO>n|6}IKd}9bvva)zk8k8gyaUQmmMq=135C2jdvqBjk{1oR?dr;Hs`7!ZCMe{M2MhIk<Ha)(9(HZ?x`)vyXlr1g
+0ex}Nurnx;Uthp0;F4dPJbk_FMfmfiT=Da406=DMC2RdvlWpW4ugAY(U!(06<KEUqDIappeSuOcGybuH0?uDkrW-6DcQ-T)tkYf^JmHeb!Jap!1WRF>5Uuu
M$#k^d|?}#D$tUjm(OAgti%WkNf_`h<%!aduOQ*J5Ibn8;kem#wWg~R8)yA3YTB%*qrt89BzY!>4LXUmxiG%SUGer5DyKhpaDBW+jfe7Q8cU?GYo;Q}gnGPG
@6RjqQqGP1C8|bL{<=wIPfc24eu4-+Jg%6NYdwgx9rg$RV8Zv=7C7Kbaz8X6hFjnPUOeU#<zsuzcQt>lN2_okh_Z9}B||y_U7iyEu#uBIq1*qq+sV<NG%#at
a*?uo5!w^vec&I-ip^iESMt8{Cq2&Su+&?GzR6MLrdN<m6<d3?649CZ9(rr!%Q_7Weip6-+@(r2!X@NZaDp<<SC!-mE+m0OZXQJWVdz#y$Z(*NM;hb$*egZ!
M0ciR843?*{O~{>2tRh%@W7D87l*QMJN%7_LsiJbO}ujU`rgW`!F@&deyZ9maNC1055`CPpzn-4p-7~6{1j9UHRpqP8DmrDGK&;gN@qDCU-^WvHTl2ABwjR=
`Ml%zpbHT$4>uv#=q)Ih<0TViK?n7#{56+Hm0UL`F<=H=RZ}@iPO`#nlIg-s$xBp3%Fyh3V}3Qs7%KjNNXVtrLovKo`f&VAc#)?GwpY-Al|}3U0&j_nsmrv|
5OFxTl*zSqyyK%h8M-&Veyh~qm6Q~9jl65XEI%Q6S=2TCKnCB^>z5Y&*i69LZ0PKpO=3;G%Ytc3Rae%nm|fOHRFpeQY7<_{HCT5*KN?<3D#~5ID!ItiWy-!M
rMcHhZ?zZ&@u&_w2F7mvCr{YOFi079#SN@6NEMsuRZ3br?~_eUz5pP?cj^MC-xdnLOxP9qdIQfM>HWb=_i4$4n43H*&^$9Wtl&BM-}~BEe72kq7r@E;!XqtX
@=t2eD!N21myevXrf!3$$~v|i=S6AiZV^QnS|YY^EJpal)*nTNr!DD!TEV1dddFN%oSsq>lZfeA>JKkH7y0cIN1ynYF1)5GlQ@NAfoKoOU-T~HVZya-Dg^hR
@<l?<B1WnA)N1lw^lHosQjg;RLeKr{#?%)t!NCMk;T&QpOqX^>&ee7<mW0^gLEG1W2a2aViDJJ*lu|cvp2DQkR}TNw#gBLw*|eUQ=LLN>;vMT=;r{6oo)YZw
&*&vtOIM6QooCKdzpLNQT6gX&DFm7LEIofJp<9iJ%tVo0T`t$?b1Ls+^_36dACaAXIe)~?-^c^~_<m1M`eYG~&9DCcg)i{!<v)pUMaM^a{V!E=`S~N*P){)p
??GGboR1jiR;CvGZwKWf9m6d%@>d@TOdq@a`(Br<&CBpBZ*k`*b_I{~%oSUl&i@a2%AgP'''[1:]


# ======================================
# cxrkit/gpu_check/trainings.py
# ======================================

FILES['cxrkit/gpu_check/trainings.py'] = r'''
c-qBSTa(+i6@Fg*3REwqQZ8#}CNr&Kb?P`t<Hof;$+mge(P$v@aD|E_7!cZBx$S@NcMbqb+LgP0=uBUBMd09EzjFbm)9Ei8+mP~3o6dAMgEF1!oh@k?Xi&CR
enZA7d)MVk4@xVy>(t=2^8;_Sb9J}TUXd<0s@zby1=SW@upQYbZ&hWB>2x}o)Xui5v`s^$H?|uJy)Kn$d+WS<<H>1nT_WoDX{RFU`8(`X+Uv5>qF*9NOS!5I
HB}(2cU|eNZAP*lS{vO=Ch;4>%1xxzu*npqZkn|&w?%0krDLykS5ot{r~bS9l6qGB<WNJ}b>t4@fk&Vb8ELEQjuwlqD_UFa8XDsNMCRzm4DiM(EU#+o?zF2`
8*8`8hxcx4d~wt7R^s&n^!;e)Pt-ShpQ|+(A#S$A(ZT148|i9)!XX7d9bIc*ZaVAQTt&Nb)sermZVT@^Dosyk859+Cc4ocvR3&Ctq}%hvbWi0DZWvX*0&LEc
!pAp<P=9Z_igo&nUFYg&-a3DZ6;5Z;;$(95{{8B&e|!CdTBsN5<xBO|^9gYI&E6BE8945MRk}4Lsf`}yjAix>0w7>l1{u&PyYrW}zHF(rZm-BWY==yVho22G
VY*6ry#@2m`i*d6UGW=m8M91M<HOrm@2<Z4cJ=Ctb^DUlx=Nwp*eWP@w=uv{6pK6@Sd%$tEQ_wAXQHw!>LW?6-iS2{yeOpM<WFP9WPxmP<#sfi$dY=eTdFd6
cs8G0;J_>Pw$iPIE~0xX3~B&nf`?c;5LH3OMWff$%pu>wqR)`}mTDj5{b27T=h-q1l$6LbRGwO!2G|-A+u*=)q4`=p=Kwi#v++@fbef&ypVR<w@&K_ZhoHwd
oC}JR;Ta17_6K5rMk3@Dw2E+9(_ktRr$lwEdj<sYLZclJj51~FnjE2;uw}zWyHH{^DE0*Mk@8kIyA-Pn&2?+8>c(n6xxg9Z4OMfsMs0i2rVq}p_1ZMX8;WLK
1s&t^o;7&={_k(Ty?pTpwcekakgI>1764iq2<-nI-D>MOj4Ay!f}01$mI$)c-po<&7T@b;fDTV-_h+XoL!Cd;>?SR-Ubdr9kwSJJ8k0D$$`5Y02u(bY`i^e!
6(Vr({Ifv<dKv)faYMq)vAZXeifTa~5SQHn`y`N_smnj6eiC&5g%#AJ@XDr=B6uCRc`{bH&LM5~gW7f8G!L`6P*KJ-7X7J0I#0Qu$d~8{4EUYvlKgBXtX6^5
in<DwTG-5@{*MWQDLJasu*F|$8nGz#;A^R@>R++k;s<Bv5|)NOvryO1m+%!cN2}?47FtyfzxF#1`LG2)xPV-kn#&(j6K?R_OGjdKz_%z$8t#OZVYR@?RZSWe
!h^qAs4sbs83dMvqhEIhdn-l?^N;SpFHsJfso$c82Fc^nOLZu*r>8(A-cXCh!R<mq_Zz(%e8yfXLZZ*GJ}MI1H23AK(e1j@YBg8qP9YK(Oa{;Wx9*;aGa<vf
J!`P%j0#O7mA&jJWD{t}6NwrJlfxknSeEMFs>1dro3ZxbGtlG$?E-^}NMXsarnR?}CCDTrg8m20zvG+|!2iU29yPsl%`t#B3_aBLexId2oU6+3ds>9O9g6ht
^T=+I{2lapXbI~A@}SC_PHoULTHWmr4P)Kda?3er_>aTn0|*9Hga<+q#Ez^@SHcUZJ*y5ymVFH|45SBi6+NOGb5d9*orf*@D939qd4Dd^PU`dWsFbi{?}&TZ
kUBhb;!ecYp@gI+yg|4x;da#DrsdS@PHT9uS!O{|2Fe0@)W890vMbiW-8LZhA9h`6*lRq7bR^-d@OBl#79%q)``uJb=4r4%p{z3D80tyE3KpT-uc8T{HkH&3
9I~z|Qdg02C9H{=d|vD*!Xk{X<9;#paFb*y`lG3)%Spugi4!yKOxZ`%XNC*mXkx!A?X8KL76caAEI$_5n|o@8!q$9n#%4E2R3yzTfsi}LlMy{k5iy(};^eR%
$B7i87|=LE@ci^JcKOMqmGFQ>b%)iU{o^2uY2B_R2VDx?_syPx%HiS>ZgFgTTnq@H`yOW);L$%p!T2$9#L&VWOJ<cLOodBE7H<zli}`m17A_S*P~`PUQevK~
=ZJu?gjMV~67<BYOeRY+uIr4S;90;Yau3&lCHn*0G>!=iwK|M%0SL2vyk5qI0_bKx-5Jz~@j6t*`7Z%IXaJ0yl=)L_qTVy<g0<ZtzUMT+$Wa44pV<3^8o{D`
l))m{n<ZbrPB{hAS)6RJ+3Nc&%Xn0}4D<X9_wXTuzp*h>zYB}UYqJ8?pv{7PIGD#f42<MN6Wel?<a3(|iFwF{OoZb~)HGS_1i$W(f(K@wVxD3sPCDe`V_(h3
B77a@=aL7&ECy7#%bY!iMjR?jiG>i!VJ6CCufS}^jThsS#+~kT?H04kGHMiN(kH6JIPor@9C=S?@o`d3Rih>1-t%|{mX3Ea1pohwL$GL(o+7f2?tKPKx$JY~
goaZ{)n^1;h*b>p<hnQ&jnzfu<?;X_Qx9rV3wr)W9g1!!Mi-tAc;4QSAn<7c%y&fl7+Yl5$m24EU{)~NB)dXL!e>gX5!Ig~56F?~`adnU!AFIFIPfb{3EE<&
5#aNXu~0wab8MYw1I~%aFHj&3Pf^*m=)Y87;MU${CuMq;Smz;w7MUpGFpva$i@|*42|5@JtoZCju3pgPSGg+J!{XY-=dPgV7jh=O<P8smEf1p_lNZU~@PD|H
igoD?FFt_$NPOw>4^uU~x;UQ3aLf3bACKgzrrhX`pR6#B%BxSjSaN(rF<UWNHc(Ti3ljfkC^#N(p3CJ!mXf@2SS_{BuEQK4n?>Dd@8Q$qG8gvcj>}BK#Dn^a
X~A=Xi5J2};Oy(>e*nUDmzM'''[1:]


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

from cxrkit import state_files
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, checksum, link_or_copy, read_json, write_checksums, write_json
from cxrkit.kaggle_io import mounts
from cxrkit.progress import say
from cxrkit.results import CHECKPOINTS

FOLDER = CHECKPOINTS
MARKER = f"{FOLDER}/{CHECKSUMS}"


def keep(job: Path, results: Path) -> None:
	"""Put what a training has finished below the results, weights first, and list it; a file that is there already stays."""




	listed = _listed(results)
	frozen, done = ((job / f"{stage}.json").exists() for stage in (FROZEN, UNFROZEN))
	wanted = [name for name in ("job.json", "lr_find.json") if (job / name).exists()]
	wanted += [state_files.find(job, FROZEN).name] if frozen and not done else []
	wanted += [f"{FROZEN}.json"] if frozen else []
	wanted += [state_files.find(job, UNFROZEN).name, f"{UNFROZEN}.json"] if done else []
	for name in wanted:
		target = results / FOLDER / job.name / name
		known = listed.get(f"{job.name}/{name}")
		if known != (found := checksum(job / name)) or not target.exists():
			link_or_copy(job / name, target)
			listed[f"{job.name}/{name}"] = found
	gone = [name for name in listed if name.startswith(f"{job.name}/") and name.partition("/")[2] not in wanted]
	write_json(results / MARKER, {name: sums for name, sums in listed.items() if name not in gone})
	for name in gone:
		(results / FOLDER / job.name / Path(name).name).unlink(missing_ok=True)


def tidy(results: Path, unfinished: list[str]) -> None:
	"""Remove the checkpoints of results that hold every network; say what there is to go on from, where they do not."""
	if unfinished:
		say(kept(results))
		write_checksums(results)
		return
	listed = read_json(results / CHECKSUMS)  # first off the list: a death between the two leaves results that are whole
	write_json(results / CHECKSUMS, {name: sums for name, sums in listed.items() if not name.startswith(FOLDER + "/")})
	shutil.rmtree(results / FOLDER, ignore_errors=True)


def kept(results: Path) -> str:
	"""A sentence on the stages that the output holds, and what goes on from them."""
	stages = _stages(results)
	if not stages:
		return "checkpoints: no stage of a training was finished"
	return f"checkpoints: {stages} finished stages are in the output; python -m cxrkit push --resume goes on from them"


def restore(jobs: Path, root: Path | None = None, results: Path | None = None, aside: Path | None = None) -> list[str]:
	"""Put the whole files of an earlier run where training looks for them; return the names of its jobs."""






	places = [*mounts.holding(MARKER, root), *([aside] if aside and (aside / MARKER).exists() else [])]
	attached = mounts.best("checkpoints", {place: _stages(place) for place in places}, "finished stages")
	if attached is None:
		return []
	found = set()
	for name, expected in sorted(_listed(attached).items(), key=lambda item: item[0].endswith(".json")):
		job, _, file = name.partition("/")
		source, target = attached / FOLDER / job / Path(file).name, jobs / Path(job).name / Path(file).name
		if not source.is_file() or checksum(source) != expected:
			say(f"checkpoints: {name} did not arrive whole, so that stage is trained again")
			continue
		if target.stem == UNFROZEN and target.suffix == ".json" and not state_files.find(target.parent, UNFROZEN).exists():
			continue  # its weights did not arrive
		if not target.exists():
			target.parent.mkdir(parents=True, exist_ok=True)
			shutil.copyfile(source, target)
		found.add(job)
	say(f"checkpoints: {_stages(attached)} finished stages of {len(found)} trainings are at {attached}")
	for job in sorted(found) if results else []:
		keep(jobs / job, results)
	return sorted(found)


def _stages(results: Path) -> int:
	"""How many stages the list of finished ones names."""
	return sum(name.endswith((f"{FROZEN}.json", f"{UNFROZEN}.json")) for name in _listed(results))


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

from cxrkit.errors import RemoteRefusal, Unwritable, WrongUse
from cxrkit.files import UNWRITABLE

ATTEMPTS = 6
LONGEST_PAUSE = 300.0
"""Seconds; a server that wants a longer pause is taken at its word and not asked again."""
BUSY = (429, 500, 502, 503, 504)
LIMITS = (30, 120)
"""Seconds to connect, and between two pieces of an answer: Kaggle's client itself waits for ever."""

MAKE_A_TOKEN = (
	"make a token at https://www.kaggle.com/settings (API) and set KAGGLE_API_TOKEN to it, or save it as ~/.kaggle/access_token; "
    "an older key has a file of its own, ~/.kaggle/kaggle.json, or stands in KAGGLE_USERNAME and KAGGLE_KEY, both of them"
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
		except OSError as error:  # it makes a folder of its own when it is imported
			if error.errno not in UNWRITABLE:
				raise
			raise Unwritable(f"{error.strerror}; Kaggle's client keeps its settings there", error.filename) from error
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
	"""What a failure says first; of a connection that was tried several times, why it could not be made."""
	error = getattr(error.args[0] if error.args else None, "reason", None) or error
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
from cxrkit.files import PARTIAL, PRIVATE, sha256_of, write_json
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










	_check_names(slug, title)
	files, left_out = sendable(folder)
	kaggle = kaggle or client.connect()
	ref = slug if "/" in slug else f"{kaggle.owner}/{slug}"
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
	private = [name for name in files if name.endswith(PRIVATE)]
	if private:
		raise BadInput(
			"The folder holds a private page, with films that may not be passed on.", folder / private[0], "move it out of the folder"
		)
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


def _check_names(slug, title):
	if not re.fullmatch(r"([A-Za-z0-9_-]+/)?[a-z0-9-]{6,50}", slug):
		raise WrongUse(f"{slug!r} is no name for a dataset.", next="use 6 to 50 of a-z, 0-9 and -, with OWNER/ before them or without")
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



	send, upload, tokens = api.upload_complete, api._upload_blob, {}
	with Meter("sending", total / MB, "MB", tell=aloud()) as meter:

		def counted(path, *arguments, **options):
			answer = send(path, *arguments, **options)
			meter.advance(os.path.getsize(path) / MB)
			return answer

		def once(path, *arguments, **options):
			file = os.path.basename(path), sha256_of(path)
			if file not in tokens and isinstance(token := upload(path, *arguments, **options), str):
				tokens[file] = token
			return tokens.get(file)

		api.upload_complete, api._upload_blob = counted, once
		try:
			yield
		finally:
			del api.upload_complete, api._upload_blob
'''[1:]


# ======================================
# cxrkit/kaggle_io/hub.py
# ======================================

FILES['cxrkit/kaggle_io/hub.py'] = r'''
"""Films of a Kaggle data set by its name, `kaggle:OWNER/SLUG`, through kagglehub where that is installed."""





import re
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.data import places
from cxrkit.errors import BadInput, CxrkitError, RemoteRefusal
from cxrkit.files import locked
from cxrkit.progress import say

NAMED = re.compile(r"kaggle:([A-Za-z0-9_-]{1,50}/[A-Za-z0-9_-]{1,60}(?:/versions/[0-9]{1,6})?)")
ATTACHING_SECONDS = 900
"""How long a kernel waits for a data set that it asked for: kagglehub itself waits for ever."""


def attached(experiment: Experiment) -> Experiment:
	"""The experiment with folders in the place of data sets that it names as `kaggle:OWNER/SLUG`. Raises as `folders`."""
	return replace(experiment, data=folders(experiment.data), external=folders(experiment.external))


def folders(texts: Iterable[str]) -> tuple[str, ...]:
	"""`KIND=DIR` for each `kaggle:OWNER/SLUG`, by what the set holds, and `KIND[:NAME]=DIR` for `KIND[:NAME]=kaggle:OWNER/SLUG`."""



	return tuple(map(_folder, texts))


def _folder(text: str) -> str:
	told, separator, place = text.rpartition("=")
	named = NAMED.fullmatch(place)
	if not named:
		return text
	root = _had(named[1])
	found = places.readable(root)
	if separator:
		kind = told.partition(":")[0]
		return f"{told}={found[1] if found and found[0] == kind else root}"
	if found is None:
		what = f"No reader knows the layout of the Kaggle data set {named[1]}."
		raise BadInput(what, root, f"say how to read it: KIND={place}; a folder with covid/ and normal/ is folder:NAME={place}")
	kind, folder = found
	name = f"folder:{re.sub('[^a-z0-9-]', '-', named[1].split('/')[1].lower()).strip('-') or 'films'}" if kind == "folder" else kind
	say(f"data: {place} is {kind}, at {folder}")
	return f"{name}={folder}"


def _had(ref: str) -> Path:
	"""The folder of a data set, attached or downloaded. Raises RemoteRefusal, ModuleNotFoundError."""
	import kagglehub

	say(f"data: asking Kaggle for {ref}; its terms: https://www.kaggle.com/datasets/{ref}")
	got: list[str] = []
	failed: list[Exception] = []

	def ask() -> None:
		try:
			got.append(kagglehub.dataset_download(ref))
		except Exception as error:  # kagglehub's own kinds have no common base
			failed.append(error)

	with locked(Path(tempfile.gettempdir()) / "cxrkit-kagglehub.lock"):  # processes that share a run come here one after the other
		asking = threading.Thread(target=ask, daemon=True)
		asking.start()
		asking.join(ATTACHING_SECONDS if environment.on_kaggle() else None)
	where = f"https://www.kaggle.com/datasets/{ref}"
	if asking.is_alive():
		raise RemoteRefusal("Kaggle has not attached the data set in time.", where, "attach it on the kernel's page: Add Input")
	if failed:
		first = (str(failed[0]).strip().splitlines() or [""])[0][:300]
		what = f"kagglehub cannot have {ref}: {type(failed[0]).__name__}: {first}"
		raise RemoteRefusal(what, where, "check the name, the network and your Kaggle token; a private set needs its owner's") from None
	root = Path(got[0])
	if not root.is_dir():
		raise CxrkitError(f"kagglehub names a folder that is not there: {root}", where, "run the same command again")
	return root
'''[1:]


# ======================================
# cxrkit/kaggle_io/inside.py
# ======================================

FILES['cxrkit/kaggle_io/inside.py'] = r'''
"""The run inside a Kaggle kernel: machine proved, data found, checkpoints restored and saved, results sent, and an end in time."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cxrkit import environment, pipeline
from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError
from cxrkit.files import read_json, write_json
from cxrkit.kaggle_io import checkpoints, client, datasets, mounts, publish
from cxrkit.options import as_arguments
from cxrkit.progress import say
from cxrkit.results import Results

SENT = "results-dataset.json"
SEND_YOURSELF = "From your own machine: python -m cxrkit pull, then python -m cxrkit publish."
SEND_SECONDS = 3000
"""How long after the time is up sending may last: 11 hours of training, and 50 minutes of the 12th."""
LONGEST_SECONDS = 12 * 3600
SENDING = "cxrkit-sending"
SESSION = "KAGGLE_API_V1_TOKEN"
TOKEN, USER, KEY = OWN = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def arguments_of(experiment: str, overrides: Mapping[str, Any], hours: float, gpu: bool, results: str) -> list[str]:
	"""The command line of kernel/run.py that means the constants at the head of the script."""
	arguments = ["--experiment", experiment, f"--hours={hours}"]
	arguments += [] if gpu else ["--cpu"]
	arguments += [f"--results={results}"] if results else []
	return arguments + as_arguments(overrides)


def run(experiment: Experiment, hours: float | None, needs_gpu: bool, results_slug: str) -> Results | None:
	"""Run the pipeline on what is attached; leave the results in the kernel's output and send them."""





	time_left = environment.Deadline.of_run(hours, scratch())
	working = environment.kaggle_working()
	os.chdir(working)
	bundle = environment.bundle_identity()
	edited = f", edited: it was made from {bundle['edited_from'][:12]}" if bundle["edited_from"] else ""
	say(f"cxrkit run {bundle['run_id']} of source {bundle['source_sha256'][:12]}{edited}")
	output = working / publish.FOLDER
	aside = set_aside(output, bundle["run_id"])
	checkpoints.restore(scratch() / "jobs", results=output, aside=aside)  # first: what stops the run here must not lose them
	if needs_gpu:
		device = environment.require_gpu()
		say(f"GPU: {device}")
		pipeline.prove(device, experiment.precision, working)
	experiment = mounts.attach(experiment)
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
		send_within(min(time_left() + SEND_SECONDS, LONGEST_SECONDS), results.folder, results_slug)
	return results


def set_aside(output: Path, run_id: str) -> Path | None:
	"""Move what an earlier run left in an output that was kept, so that this run does not certify it; return its new folder."""
	if not output.exists() or (found := found_run(output)) == run_id:
		return None
	number = 1
	while (aside := output.with_name(f"{output.name}-before-{number}")).exists():
		number += 1
	os.rename(output, aside)
	say(f"results of {'run ' + found if found else 'a run without a name'} were here already; they are in {aside}")
	return aside


def found_run(results: Path) -> str:
	"""The run id in a run.json; empty where it cannot be read."""
	try:
		found = read_json(results / "run.json", keys=("run_id",))["run_id"]
	except CxrkitError:
		return ""
	return found if isinstance(found, str) else ""


def scratch() -> Path:
	"""A folder for what need not be kept: Kaggle saves every file below its working folder, links too."""
	return Path(tempfile.gettempdir()) / "cxrkit-work"


def send_within(seconds: float, folder: Path, slug: str) -> None:
	"""`send`, given up after so many seconds: Kaggle ends the run at its own limit, and then as one that failed."""
	usual, failed = (sys.stdin, sys.stdout, sys.stderr), []

	def work() -> None:
		try:
			send(folder, slug)
		except BaseException as error:  # of the other thread; it is raised again in this one
			failed.append(error)

	thread = threading.Thread(target=work, daemon=True, name=SENDING)
	thread.start()
	thread.join(seconds)
	if thread.is_alive():
		sys.stdin, sys.stdout, sys.stderr = usual  # the client was silenced, and is still at it
		reason = f"given up after {seconds / 60:.0f} min, for the run's time is up"
		say(f"The results were not sent to a dataset ({reason}); they stay in this kernel's output. {SEND_YOURSELF}")
		write_json(folder.parent / SENT, {"dataset": None, "reasons": [reason]})
	elif failed:
		raise failed[0]


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
	say(SEND_YOURSELF)
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
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cxrkit import config, environment
from cxrkit.config import Experiment
from cxrkit.data import sources
from cxrkit.data.places import folders_below
from cxrkit.data.readers import coronahack
from cxrkit.errors import BadInput
from cxrkit.progress import say

COLLECTED = ("radiopaedia/*/record.json", "sirm/*/record.json")
"""What a store of the scrapers holds; either will do."""
EXTERNAL_SECONDS = 1200
"""What the attached sets from elsewhere may take together: a run keeps an hour for all that comes after its trainings."""
TO_READ, TO_ASK = 0.03, {"cpu": 0.25, "gpu": 0.002}
"""Seconds a film, and a film and network: assumed after two busy processor cores, 0.016 s to read one of 160 films of 1,024 pixels and 0.14
(SqueezeNet) to 0.62 s (VGG16) to ask at 224; a GPU's is a guess on the safe side."""
EXTERNAL_MEMORY = 0.1
"""Share of the free memory that their squares may fill."""
FEWEST = 200
"""Films of a set that are asked about, however little time there is."""


def find(marker: str, ref: str = "", root: Path | None = None) -> Path | None:
	"""The first folder of `holding`, or None."""
	return next(iter(holding(marker, root, ref)), None)


def holding(marker: str, root: Path | None = None, ref: str = "") -> list[Path]:
	"""Every folder below the input mount that holds a file matching the pattern `marker`."""



	root = Path(root or environment.kaggle_input())
	owner, _, slug = ref.partition("/")
	likely = [root / "datasets" / owner / slug, root / slug] if slug else []
	return list(dict.fromkeys(folder for folder in [*likely, *folders_below(root)] if next(folder.glob(marker), None)))


def best(what: str, scores: Mapping[Path, int], unit: str) -> Path | None:
	"""The place that holds most, of equal ones the first; where there are several, say all of them and why this one. None of none."""
	taken = max(scores, key=lambda place: scores[place], default=None)
	if taken is not None and len(scores) > 1:
		others = ", ".join(f"{place} ({score:,})" for place, score in scores.items() if place != taken)
		say(f"{what}: of {len(scores)} attached, {taken} is taken, for it holds most: {scores[taken]:,} {unit}; the others: {others}")
	return taken


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
		experiment = _with_external(experiment, root)
	if experiment.pretrained and not experiment.weights:
		experiment = _with_weights(experiment, root)
	return experiment


def _data(root: Path | None) -> list[str]:
	ref = coronahack.DATASET_URL.partition("/datasets/")[2]
	candidates = holding(coronahack.METADATA, root, ref)
	folder = best("data", {place: coronahack.films_in(place) for place in candidates}, "of the films that its metadata names")
	if folder is None:
		raise BadInput(
			f"No attached dataset holds {coronahack.METADATA}; attached is: {mounted(root)}.",
			root or environment.kaggle_input(),
			f'attach {ref}: "dataset_sources" in kernel-metadata.json, or Add Input on the kernel\'s page',
		)
	say(f"data: CoronaHack at {folder}")
	data = [f"coronahack={folder}"]
	stores = {place: 0 for marker in COLLECTED for place in holding(marker, root)}
	stores = {place: sum(1 for marker in COLLECTED for _ in place.glob(marker)) for place in stores}
	collected = best("collected films", stores, "records")
	if collected:
		say(f"data: collected films at {collected}")
		data.append(f"collected={collected}")
	return data


def _with_external(experiment: Experiment, root: Path | None) -> Experiment:
	"""The experiment with the attached sets, and how many films of each are asked about where one has more than there is time for."""
	found = _external(experiment.data, root)
	experiment = replace(experiment, external=tuple(found))
	if not found or experiment.external_films:
		return experiment
	most, why = most_films(experiment, len(found), environment.choose_device().value, environment.free_memory_bytes())
	larger = [name for name, films in found.items() if films > most]
	if not larger:
		return experiment
	say(
		f"films from elsewhere: at most {most:,} of each set are asked about, a sample by patient, for {why}; --external-films N is another number"
	)
	return replace(experiment, external_films=most)


def most_films(experiment: Experiment, sets: int, device: str, free: int | None) -> tuple[int, str]:
	"""(films of each attached set that are asked about at most, what limits them: time or memory). free: bytes, None where not known."""
	networks = len(experiment.architectures) * len(experiment.seeds)
	seconds = TO_READ + networks * TO_ASK["cpu" if device == "cpu" else "gpu"]
	by_time = int(EXTERNAL_SECONDS / sets / seconds)
	by_memory = by_time if free is None else int(EXTERNAL_MEMORY * free / sets / experiment.image_size**2)
	return max(FEWEST, min(by_time, by_memory)), "memory" if by_memory < by_time else "time"


def _external(data: Sequence[str], root: Path | None) -> dict[str, int]:
	"""{`KIND:NAME=DIR`: films to use} of the attached sets of sources.ELSEWHERE that are no source of the run; one that cannot be read is said, and left."""
	taken = [sources.parse(text, "").root.resolve() for text in data if text not in sources.DRAWN]
	found: dict[str, int] = {}
	for folder in folders_below(Path(root or environment.kaggle_input())):
		here, kind = folder.resolve(), sources.recognised(folder)
		if not kind or any(here.is_relative_to(other) or other.is_relative_to(here) for other in taken):
			continue
		number = sum(text.startswith(kind) for text in found) + 1
		text = f"{kind}:{kind}-{number}={folder}" if number > 1 else f"{kind}={folder}"
		try:
			films = sum(record.used for record in sources.external(text).read())
		except BadInput as error:
			say(f"external films: {folder} looks like {kind} and is not used: {error.what}")
			continue
		taken.append(here)
		found[text] = films
		say(f"external films: {kind} at {folder}; the networks are asked about them after training")
	return found


def _with_weights(experiment: Experiment, root: Path | None) -> Experiment:
	from cxrkit.training import weights  # fastai takes seconds to import, and whoever sends a kernel off needs none of it

	wanted = [weights.files_of(architecture) for architecture in experiment.architectures]
	places = {place: 0 for names in wanted for name in names for place in holding(name, root)}
	places = {place: sum(any((place / name).is_file() for name in names) for names in wanted) for place in places}
	folder = best("weights", places, f"of {len(wanted)} wanted files")
	missing = [names[0] for names in wanted if folder is None or not any((folder / name).is_file() for name in names)]
	if missing:
		if folder is not None:
			say(f"weights: {folder} lacks {', '.join(missing)}, so all are fetched from the network")
		return experiment
	say(f"weights: attached at {folder}")
	return replace(experiment, weights=str(folder))
'''[1:]


# ======================================
# cxrkit/kaggle_io/notebook.py
# ======================================

FILES['cxrkit/kaggle_io/notebook.py'] = r'''
"""A run that a notebook's cell starts, and its results as that cell shows them."""

import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from cxrkit import environment
from cxrkit.errors import CxrkitError
from cxrkit.kaggle_io import publish
from cxrkit.progress import say
from cxrkit.tables import Table


def run(folder: Path, experiment: str, arguments: Sequence[str]) -> Path:
	"""Run kernel/run.py of the unpacked `folder` in a process of its own, its output here; return the folder of the results."""




	command = [sys.executable, str(folder / "kernel" / "run.py"), *arguments]
	command += [] if environment.on_kaggle() else ["--local"]
	pipe = subprocess.PIPE
	with subprocess.Popen(
		command, stdout=pipe, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", start_new_session=True
	) as process:
		try:
			for line in process.stdout or ():
				say(line.rstrip("\r\n"))
		except KeyboardInterrupt:
			process.terminate()
			for line in process.stdout or ():
				say(line.rstrip("\r\n"))
			raise
	if process.returncode:
		raise CxrkitError(f"The run ended with exit code {process.returncode}.", next="its reason stands in the last lines above")
	return environment.kaggle_working() / publish.FOLDER if environment.on_kaggle() else Path("runs", experiment, "results")


def html(folder: Path) -> str:
	"""What the results say: headline, verdict, scores beside the study's, and where the report lies. Raises BadInput."""
	from cxrkit.report import sentences
	from cxrkit.report.tables import networks
	from cxrkit.results import Results

	results = Results.open(folder)
	verdict = sentences.verdict(results)
	said = [
		sentences.lede(results),
		verdict["trust"],
		verdict["best"],
		*(f"{name} was not made: {why}" for name, why in results.lacking.items()),
	]
	page = folder / "report.html"
	shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
	link = f'<p>The whole report: <a href="{escape(shown.as_posix())}" target="_blank">{escape(shown.as_posix())}</a></p>'
	paragraphs = "".join(f"<p>{escape(text)}</p>" for text in said)
	return f"<h2>{escape(sentences.headline(results))}</h2>{paragraphs}{as_html(networks.for_log(results))}{link if page.is_file() else ''}"


def as_html(table: Table) -> str:
	"""The table in plain HTML, with its caption above."""
	head = "".join(f"<th>{escape(column.title)}</th>" for column in table.columns)
	rows = "".join("<tr>" + "".join(f"<td>{escape(cell.text)}</td>" for cell in row) + "</tr>" for row in table.rows)
	return f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
'''[1:]


# ======================================
# cxrkit/kaggle_io/publish.py
# ======================================

FILES['cxrkit/kaggle_io/publish.py'] = r'''
"""Results up to Kaggle, once they are whole: every file that the run wrote is there, with its size and SHA-256."""

from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, read_json, reading, sha256_of
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
	path, remedy = Path(folder) / "run.json", "name the results folder of a finished run"
	run = read_json(path, "run.json", remedy)
	with reading(path, "run.json", remedy):
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
import base64
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zlib
from pathlib import Path

PACKED = (
	"cxrkit/report/",
	"cxrkit/gpu_check/",
	"cxrkit/schema/",
	"cxrkit/command_line.py",
	"cxrkit/data/dicom.py",
	"cxrkit/saved_tables.py",
	"cxrkit/spreadsheet.py",
	"cxrkit/evaluation/study",
)
PACKED += tuple(f"cxrkit/data/readers/{kind}.py" for kind in ["facts", "listing", "table", "collected", "folder", "ieee8023"])
PACKED += tuple(f"cxrkit/data/readers/{kind}.py" for kind in ["covidgr", "actualmed", "hannover", "radiography", "nih"])
PACKED += tuple(
	f"cxrkit/data/{kind}.py" for kind in ["agreements", "candidates", "licences", "overlays", "registration", "summary", "words"]
)
"""How the names begin of what travels compressed: the page, the check of a GPU, the keys of files, all readers but CoronaHack's, the
command line, the search for copies, words and licences. One reads them in the repository; what networks and scores go through is plain text."""


def source_sha256(files):
	"""SHA-256 over the names and texts of all files, as they travel; 64 hexadecimal digits."""
	return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def unpack(files, made_as, run_id):
	"""Write the bundled files into a temporary folder and make them importable here and in every child process."""





	source, folder = source_sha256(files), Path(os.environ.get("CXRKIT_UNPACKED", ""))
	if os.environ.get("CXRKIT_SOURCE") != source or not folder.is_dir():
		folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
		atexit.register(shutil.rmtree, folder, ignore_errors=True)
		for name in [name for name in sys.modules if name.partition(".")[0] == "cxrkit"]:  # a notebook's cell was run again
			del sys.modules[name]
		for name, text in files.items():
			path = folder / name
			path.parent.mkdir(parents=True, exist_ok=True)
			packed = name.startswith(PACKED)
			path.write_bytes(zlib.decompress(base64.b85decode(text.replace("\n", ""))) if packed else text.encode())
		os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source
		os.environ["CXRKIT_MADE_AS"] = made_as
		os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
		os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
	sys.path.insert(0, str(folder))
	return folder
'''[1:]


# ======================================
# cxrkit/options.py
# ======================================

FILES['cxrkit/options.py'] = r'''
"""The experiment's keys as options of a command line, and back."""

import argparse
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from cxrkit import config, progress
from cxrkit.command_line import Number, Words
from cxrkit.config import NONE, PLACES, Experiment, item_type, option_of

UNSAID = ("data", "external", "contact", "weights", "external_films", "jobs_at_once", "workers")
"""Keys whose help says what is done where they are not given."""

METAVARS = {"weights": "DIR", "age_caliper": "YEARS", "image_size": "PIXELS", "threshold": "P"}


hours = Number(at_least=0)
"""The type of a number of hours: 0 begins no stage."""


def add_quiet(parser: Any) -> None:
	"""--quiet; heed() obeys it."""
	parser.add_argument("-q", "--quiet", action="store_true", help="print errors and the final result alone")


def heed(options: argparse.Namespace) -> None:
	"""Let the screen be as --quiet and --json ask."""
	progress.SCREEN.quiet, progress.SCREEN.beside = getattr(options, "quiet", False), getattr(options, "json", False)


def add_arguments(parser: Any) -> None:
	"""Give an argparse parser one option for each key of Experiment but its name."""
	usual = {name: config.load(name) for name in config.names()}
	for each in fields(Experiment):
		option, help = option_of(each.name), _help(each, usual)
		if each.name == "name":
			continue
		if each.name in PLACES:
			parser.add_argument(option, action="append", metavar="DIR", help=help)
		elif each.type is bool:
			parser.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
		elif kind := item_type(each):
			metavar = each.name.split("_")[-1].upper().removesuffix("S")
			parser.add_argument(option, action=Words, item=kind, empty=each.metadata["empty"], metavar=metavar, help=help)
		else:
			metavar = "|".join(each.metadata["choices"]) or METAVARS.get(each.name) or {int: "N", float: "X"}.get(each.type, "TEXT")
			parser.add_argument(option, type=each.type, metavar=metavar, help=help)


def _help(key: Any, usual: Mapping[str, Experiment]) -> str:
	"""The key's help with its default in the experiments that come with the kit, as argparse wants it."""
	text = str(key.metadata["help"])
	if key.name not in UNSAID:
		told: dict[str, list[str]] = {}
		for name, experiment in usual.items():
			told.setdefault(_told(getattr(experiment, key.name)), []).append(name)
		several = "; ".join(f"{', '.join(names)}: {value}" for value, names in told.items())
		text += f" (default: {next(iter(told)) if len(told) == 1 else several})"
	return text.replace("%", "%%")


def _told(value: Any) -> str:
	if isinstance(value, bool):
		return "yes" if value else "no"
	if isinstance(value, tuple):
		items = [str(item) for item in value]
		return " ".join(items if len(items) < 5 else [items[0], "...", items[-1]]) or NONE
	return f"{value:g}" if isinstance(value, float) else str(value)


def overrides_of(arguments: argparse.Namespace) -> dict[str, Any]:
	"""{key: value} of the options that were given, from a parsed command line."""
	given = {each.name: getattr(arguments, each.name, None) for each in fields(Experiment)}
	return {name: value for name, value in given.items() if value is not None}


def as_arguments(overrides: Mapping[str, Any]) -> list[str]:
	"""The words of a command line that mean these overrides: the inverse of add_arguments and overrides_of."""




	declared = {each.name: each for each in fields(Experiment)}
	words = []
	for name, value in overrides.items():
		option = option_of(name)
		if isinstance(value, bool):
			words.append(option if value else option.replace("--", "--no-", 1))
		elif name in PLACES:
			words += [f"{option}={item}" for item in ([value] if isinstance(value, str) else value)]
		elif name in declared and item_type(declared[name]):
			words += [option, *(map(str, value if isinstance(value, (list, tuple)) else [value]))] + [NONE] * (value in ([], ()))
		else:
			words.append(f"{option}={value}")
	return words
'''[1:]


# ======================================
# cxrkit/pipeline.py
# ======================================

FILES['cxrkit/pipeline.py'] = r'''
"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cxrkit import RESEARCH_ONLY, environment
from cxrkit.config import Experiment
from cxrkit.data import manifest as manifests
from cxrkit.data import matching, pixels, sources, summary, tree
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import LABEL_WORDS, NEGATIVE, POSITIVE, SPLIT_WORDS
from cxrkit.data.workers import Workers
from cxrkit.environment import Choice, Deadline
from cxrkit.errors import BadInput, CxrkitError, Interrupted, disk_errors
from cxrkit.evaluation import metrics
from cxrkit.files import locked, read_json, write_checksums
from cxrkit.progress import announce, answer, counted, say
from cxrkit.results import RUN, Results, StandingWarning
from cxrkit.schema import Chosen
from cxrkit.training import server

if TYPE_CHECKING:
	from cxrkit.training.executors import Executor
	from cxrkit.training.stages import EpochEnded, Job

CACHE = "pixels"
"""The folder below a run's own in which films are kept decoded."""


STAGES = {
	"weights": "looking for ImageNet weights",
	"manifest": "reading the sources: facts, copies, patients, splits",
	"tree": "linking the films into a folder tree",
	"pixels": "decoding the films",
	"training": "loading PyTorch and fastai, then training",
	"results": "scoring and comparing the networks",
	"audit": "auditing: can the answer be trusted?",
	"report": "writing the report",
}
"""What is said as a stage begins."""
ROOM_SECONDS = 1800
"""What the results may take after the time is up (on Kaggle an hour is left then); what comes later is left out, and named."""


def run(
	experiment: Experiment,
	out: Path | str,
	folder: Path | str = "",
	time_left: Deadline = Deadline(),
	kept: Callable[[Path], None] | None = None,
	executor: "Executor | None" = None,
	workers: Workers | None = None,
	tell: "Callable[[Job, EpochEnded], None] | None" = None,
) -> Results | None:
	"""Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results."""










	out = Path(out)
	with disk_errors(out):
		try:
			return _run(experiment, out, Path(folder or out / "results"), time_left, kept, executor, workers, tell)
		except KeyboardInterrupt:
			raise Interrupted(f"Stopped. {what_is_kept(experiment, out)}.") from None


def what_is_kept(experiment: Experiment, out: Path) -> str:
	"""What of a run that was stopped lies in its folder; the next run uses what was made from the same data and protocol."""
	stages = len(list(out.glob("jobs/*/*frozen.json")))
	told = [counted(stages, "finished training stage") + f" of {2 * len(experiment.architectures) * len(experiment.seeds)}"] * bool(stages)
	told += ["what is known of films that were read"] * (out / CACHE).exists()
	return (
		f"Kept in {out}: {' and '.join(told)}; the same command goes on from there"
		if told
		else "Nothing was finished; the same command begins again"
	)


def _run(
	experiment: Experiment,
	out: Path,
	folder: Path,
	time_left: Deadline,
	kept: Callable[[Path], None] | None,
	executor: "Executor | None",
	workers: Workers | None,
	tell: "Callable[[Job, EpochEnded], None] | None",
) -> Results | None:
	clock = Clock()
	announce(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
	announce(RESEARCH_ONLY)
	announce_replaced(folder, experiment)
	if experiment.weights and not experiment.pretrained:
		announce(f"not used: the ImageNet weights in {experiment.weights}, for the networks start from random ones")
	named = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
	if experiment.external:
		from cxrkit.audit import external  # what it needs takes a second to import

		external.check(experiment.external, manifests.roots_of(named).values())
	sources.require(named)  # before half a gigabyte of weights is fetched
	if experiment.pretrained and not all_trained(experiment, out):
		with clock("weights"):
			from cxrkit.training import jobs

			jobs.require_weights(experiment, out / "jobs")
	with locked(out / ".lock"):  # processes that share the folder come here one after the other, and find what is there
		with clock("manifest"):
			manifest, locate = make_manifest(experiment, out, workers)
		announce(summary.text(manifest) + "\n")
		if experiment.match:
			announce(matching.sentence(manifest.records, experiment.match, experiment.age_caliper))
		else:
			announce(summary.as_merged(manifest, experiment))
		announce(told_of_seeds(len(experiment.seeds)))
		announce(told_of_sizes(manifest))
		refuse_leaks(manifest, experiment.allow_leakage, out / "manifest.csv")
		results = Results(folder)
		if environment.rank() == 0:
			results = Results.begin(folder, experiment, manifest)
			announce(marked(results.warnings))
		with clock("tree"):
			announce(f"tree: {tree.build(manifest, locate, out / 'tree')}")
		with clock("pixels"):
			films = pixels.load(manifest, locate, experiment.image_size, out / CACHE, workers, experiment.resize)

	server.begin()  # it loads what this process loads now, on another core
	with clock("training"):
		from cxrkit.training import jobs, loaders  # fastai takes seconds to import: bad input is reported before
		from cxrkit.training.executors import Processes

		executor = executor or Processes()
		machine = executor.machine(experiment, len(jobs.jobs_of(experiment)))
		to_train = loaders.films_for(experiment, manifest, films, out / "tree", machine.holder, machine.at_once.value)
		peaks = jobs.run(experiment, to_train, manifest.sha256, out / "jobs", machine, time_left, executor, kept, tell)
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
		asked, most = experiment.audit == "full", experiment.external_films
		audit.audit(results, audit.Options(external=experiment.external, home=str(out), asks=asked, external_films=most))

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
	answer(f"Manifest {manifest.sha256[:12]}. Results: {results.folder}; open {results.folder / report.PAGE}")
	return results


def announce_replaced(folder: Path, experiment: Experiment) -> None:
	"""Say that a folder holds the results of a run with other options, which this one will replace."""
	if (folder / RUN).is_file():
		with suppress(BadInput):  # a run.json that cannot be read is told of elsewhere
			earlier = read_json(folder / RUN)
			if isinstance(earlier, dict) and earlier.get("experiment_sha256") != experiment.hash():
				announce(f"!!! {folder} holds the results of a run with other options, and they will be replaced: --out DIR keeps both.")


def all_trained(experiment: Experiment, out: Path) -> bool:
	"""Whether every training's folder holds its last stage, so that no weights are needed unless the data changed."""
	wanted = [out / "jobs" / f"{name}-seed{seed}" / "unfrozen.json" for name in experiment.architectures for seed in experiment.seeds]
	return all(path.exists() for path in wanted)


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


def make_manifest(experiment: Experiment, out: Path, workers: Workers | None = None):
	"""Build and write out/manifest.csv; return the Manifest, and the function from a record to its file."""
	wanted = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
	manifest = manifests.build(wanted, experiment, out / CACHE, workers=workers)
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
			f"No training succeeded; of {len(failed)} that failed, {name}: {error}",
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
			f"{counted(len(failed), 'training')} failed: {', '.join(failed)}. The results are made from the others.",
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



	many = counted(seeds, "seed") + " of each network. "
	if seeds >= 10:
		return many + "In simulations with 268 images, ten seeds settled a difference of 3 points in error in 80 % of cases."
	return many + (
		"A single seed cannot rank networks. In simulations with 268 images, three settled a difference of 10 points in error in 31 % of cases, "
        "five one of 6 points in 74 %, and ten one of 3 points in 80 %."
	)


def told_of_sizes(manifest: Manifest) -> str:
	"""How wide the intervals of these held-out patients will be, before anything is trained."""
	held = "test" if any(record.split == "test" for record in manifest.used) else "valid"
	told = []
	for label, rate in ((POSITIVE, "sensitivity"), (NEGATIVE, "specificity")):
		groups = [manifest.groups[record.image_id] for record in manifest.used if (record.split, record.label) == (held, label)]
		low, high = metrics.wilson(0.95, max(metrics.effective_n(groups), 1))
		films = f" ({len(groups)} films)" if len(groups) > len(set(groups)) else ""
		told.append(
			f"{len(set(groups)):,} {LABEL_WORDS[label]} patients{films}: the 95 % interval of a {rate} of 0.95 will be about {high - low:.2f} wide"
		)
	return f"{SPLIT_WORDS[held].capitalize()}: {'; '.join(told)}. How many patients a narrower one needs: python -m cxrkit plan"


def marked(warnings: list[StandingWarning]) -> str:
	"""The standing warnings for a log, a line each."""
	return "\n".join("!!! " + warning.sentence for warning in warnings)


class Clock:
	"""Seconds each stage took, by name; that it begins is said."""

	def __init__(self):
		self.seconds: dict[str, float] = {}

	def __call__(self, name: str) -> "Clock":
		self.running = name
		return self

	def __enter__(self):
		announce(f"stage: {STAGES[self.running]}")
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
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from tqdm import tqdm

from cxrkit import environment
from cxrkit.errors import shown
from cxrkit.run_log import write_down

EVERY_SECONDS = 20.0
"""From one line of a long work to the next: below the half minute after which one wonders, also where a step takes ten seconds."""
WORTH_SAYING_SECONDS = 2.0
"""What took no longer has no line at its end."""
MB = 1e6
"""Bytes."""

Item = TypeVar("Item")


@dataclass
class Screen:
	"""What of say() is shown. quiet: nothing; beside: on stderr, for stdout holds one JSON document."""

	quiet: bool = False
	beside: bool = False


SCREEN = Screen()


def say(text: object = "") -> None:
	"""Print one line at once, so that a log shows it while the run goes on; with its number where several processes speak."""
	if environment.processes() > 1:
		text = "\n".join(f"[{environment.rank()}] {line}" for line in str(text).split("\n"))
	write_down(text)
	if not SCREEN.quiet:
		_print(text, sys.stderr if SCREEN.beside else sys.stdout)


def answer(text: object = "") -> None:
	"""Print what a command was asked for: on stdout, also with --quiet."""
	write_down(text)
	_print(text, sys.stdout)


def answer_json(value: Any) -> None:
	"""Print a JSON document; what JSON has no word for, infinity and no number, is null."""
	answer(json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def _finite(value: Any) -> Any:
	if isinstance(value, Mapping):
		return {name: _finite(each) for name, each in value.items()}
	if isinstance(value, (list, tuple)):
		return [_finite(each) for each in value]
	return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(text: object, stream: Any) -> None:
	with tqdm.external_write_mode(sys.stderr) if on_terminal() else contextlib.nullcontext():  # a bar makes way for the line
		stream.write(shown(text, stream) + "\n")  # at once: print() writes the end of the line apart, and another thread's in between
		stream.flush()


def announce(text: object = "") -> None:
	"""say() by the first process only: what every process knows."""
	if environment.rank() == 0:
		say(text)


def mention(text: object = "") -> None:
	"""say() beside what a command answers: on stderr, for its stdout may be read by a program."""
	write_down(text)
	if not SCREEN.quiet:
		print(shown(text, sys.stderr), file=sys.stderr, flush=True)


def complain(error: object) -> None:
	"""An error that stops a part of the work alone: on stderr as one that stops all of it, also with --quiet."""
	write_down(error, logging.ERROR)
	print(shown(f"error: {error}", sys.stderr), file=sys.stderr, flush=True)


def aloud() -> Callable[[object], None]:
	"""A say() that is heard while stdout is led elsewhere later on, as Kaggle's client is silenced."""
	stream = sys.stderr if SCREEN.beside else sys.stdout

	def tell(text: object) -> None:
		write_down(text)
		if not SCREEN.quiet:
			print(shown(text, stream), file=stream, flush=True)

	return tell


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
		one_speaks = on_terminal() and environment.processes() == 1 and not SCREEN.quiet
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
		if finished and seconds > WORTH_SAYING_SECONDS:
			tell = self.tell if self.bar is None else write_down  # a bar has shown it
			tell(f"{self.label}: {self.words or _amount(self.done) + _unit(self.unit)} in {seconds:.1f} s")


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


def counted(n: int, noun: str, many: str = "") -> str:
	"""`1 patient`, `2 patients`; many: the plural, where it is no `s` more."""
	return f"{n:,} {noun if n == 1 else many or noun + 's'}"


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
c-m7^QVL2fF3l-XNXyJgEmp|P(*d&5ON)T)#Jm)RlEfsCaDHito|2Lh7XW#o4^;'''[1:]


# ======================================
# cxrkit/report/cards.py
# ======================================

FILES['cxrkit/report/cards.py'] = r'''
c-oy;-*4MC5Pr7*3QjMU0!3T<wqP3IH5nG5X@}O`OIK)&bc)$Xq(M@34a5KY?)XENnsg6)vBkUNkv!h_-7!g$%@){>??4-7x7;$T`4{NeUf3-PfN3y8XU!G6
dwYHJx_Y&KcU|;N&aT&+_4_|=ZZ<e#TsG|0?Pk5Xefy@U+cswpAVG5rXer?fXtvkFT9EAiz_w^!BuTPdwp#V9R$T|R6-pW=`km62y;6g;puK*_?Y0y5QTHbf
y}}-LLOw+KS{|0m@cmiH&-`T^9eCfxwZ7^{VdIpl!krmhxT>b=f)5S;>Y;;iN1ZTun3+|rWGlwy%@%(v$$OX?HQe&Ej~ZkR=7~X}p;o#%AOG#^4|i|g&+K+u
J>Xr8Hnj`Ud`B9bDp<6<wkBr=(C*2y-n6j%esW0K3*DF9EB%O5G4cXue>>A9M4a=^4`(KGuiR8U*N=_bOLW<BA(zWPZr<In(%ofRRjufts<L9oH7>VYE*ofB
uNvs8n(HPVb1*EHvCChXvHEJc=(!Xv7>mw=RS`wYg$6rl$tv{PfKHc-MRN9vd7I=Y3e)H_p1e$QmK2|rkm>naQ~JqRt2Co8Cgivx*Y#Fd%;5ng8F|_QZ%TIo
g<p{b@f^;=VCr^Ib|BN|-LSG`FPtSnGu=|pcPSn|AD4%(2w%}-=n7|>xdm#Dpg{;?dWW4%B(tqNXf^CiF!F<$9zoKG+LmJ`6+tqya-e~xyjQ9_ABlt$eO0R-
@28pgT7S5{-BhpM-rcR=T)Xok7QmE~v`OQ|6!&060~HceW$e%##vQmNWEt1RWiXk9QL>PviJ4r+k3zLo{7z%WoI~1!)uJ}V7P_WV!$dRj9Os7{@0#+v)0c}Z
q%~p8Yys^5&T34_y+qB&@hndclI3ol!l*%GjGxFmXf5sQtoXEC)M_UXwIwq{pN3l`S}K}hht!2+Ua8gtz$*v>(LtoJY`M5URDtQxS77q!Dk{)NGRQ}XCrQ5N
aWK$iv@KU2pn2-;tom;k&+x!_4bRZP1ia1+>{IwkbcR+0-zOpPdJOOLYIezHa<@r`Sk(=^oI<@#{yBQ-=^q~_KcYj1BH?Cw!Yz}(<=-+)ox;bd{mr>gn(nhm
v|dtZwKs7SKBlv6935{v3Z%PRNoAS4y;XK%>CqLVtNfHDBR}T8LeWyAOXNc1DF7MBL$(9{I6<WwR*@XiS)80MJ6EM5B+xgJ45y%6E^*_bPNrUxvlV_E*q)n}
|E84Rg9bWCi?-OAP*j2jIs+_uqgb33Z5*ixPt_q;;&7HHvF6j=glI-|q?0gZ&&BNwq^E(4bTV^x#avzRw}Bq)gi^5ITE`9~XR2j*{{)l+!|K~(vBo7aJbUT^
@tb!YW<>5fyZsj9gF@^O;VYTB=4~<P4j~y27@>_E;VWf<`Vo3<a>*t+l%1~Fm^5w!$CX*J3zquB|A3`0I~D9WdPmgvCd@syEB4C~-JgD4(OuC-+(oTcrzFND
VBJEG%i0*4Z#g$-7Z+c6Hvo#Tft*orL;U4C$>K(S5n4&Av1zAJrOTlC9ebDe2W$@e*G`^NYlB&eSpuz)h@)Wmo=SrK5XCur1lU#BZi^0Efl9(2|DoLI0W!aQ
fq}tun~#Z$T=EI`<NK!tW%@J4!6ASu1U6EnKN8i29yhs~_Pe=jhL9i(%0KS8mbi%`0?%b*5KbGNATpoabl)3ACuh1Cy=`3^`rob`N)jPkg+8K^hE9HNZ6?~Y
(AhMa@9A`bv1v4eV1gZkw89=nn<%I#;&Z$v`~l2pNQ1e0H{9b>U<(bM*fGU(%ldQ-v=C>^9m$IB3cV1=jU^xn6`SPl#gQ6}A^v&nc&#T3|4ku1hH@Ar^IAx*
PmVH9BN|<DJz!aj=on#=6#+LF7e0y30EvuK3+r3RIk`-qe?%|zcBH3Py0vy^u73P6&by>;{}MOZb6Y&%Gjq5vgvvap;F}5)(8kn7Uzg|fO<oi)i=Psoy7&~r
+ac*~%MNOwgVLgAe6rGG1F(A2j$z!7d*nKBqonr)N4gMr3fX$Id3XEU2X~r2aD9UL(z)gQ8|Mn^?_amqmoI*1`~j~9do}D4I=elvdP|*~W7V9wXA$Pc=-(>F
nSXr+$A_KsYgB6y6yT-b2d$$-<EGr*ZoD-gEMm<;`Irz%l9pcf;k_I6r%$sypoei`cneiC^t&_!AD@hb>qj`4@^_Ajocn4}4N}zjm<bg1FDkW{v;'''[1:]


# ======================================
# cxrkit/report/checklists.py
# ======================================

FILES['cxrkit/report/checklists.py'] = r'''
c-oCxTd&(T5`MOS1)+Vg6sX#hVhij#>teHM0t866MUq7y3`3zU%4Uu%c}4j+uIvB4bE8C^;}j{<NE!}@oSAPfq!UHat9LKo{+#U#rRzd{eE;^>Uw(qGx#~`h
YR#c(J6mtnW@k3{m35sXKCP;zxmUVV-Oi}ix_i}>YHhVkmC>6WFu9XyfzO$`Gxf%(y)KL@+h)&Gj5}7H%c3Zn`u}Kf(^Qq&bhfFTvU^-!y=smiqkS@->Gj6*
yafimt_(93y3?CVJ7;<!J&8FEy4zKD?MHuwPabfc?m$hu>1XauVRg-;-T8plkdc@5IaTj0E?rHhLi}v&&-#1+b=LdJYxbqRx1FDx=MScJphljD!`Y^(OWUvD
cJOyz>%AE<p)x(oalhB?`N??JnoZLdy&CUc{`>X2{I_4;|MVf{4|sm~_1)W#o=6|?d`}Zc0?mW2jvB3=?M>GP)_G&M$JT(?%M#u4VDdUuCtJCu9!X#*`B|mj
bO03(4tIk!>(HP5I<)~nw)ZdzTxVe(ymdQ((XOeA$MXqWe&&1r9I=dLZxCR4XTEf)DoG#tI8@r!)9IVH?_PgU3w4RwW1W2l)uOqIY+W`{sv<E+PnT~T+BExv
hUjR9Spx|f^s%trFqJ=}>lDJ`BSeYrK-Bu!8H_H`1GI*)BdsC4N?RETqJQ-ek3rSnO}+To9!)YO5?~braz32^GZ+#A{IoL=iES8;K5UT$u-?B=9jr5_?>>-E
w%fs|qqQj;l-5*5O0Or}-2UhQmz}LDwFdsyb}%zlwpKsu_P%INHE(&s8<7ZFMrT7-13oZOhp%<Re|JhB4wc=Y+oIKU!rO9P3wpDDulfYVI->c4qy_eCYS8mo
&)hiqObSy%G}_vBc^*4cm8oZ#dz&X9bAm%2TL@kF!l(ckEmTitN-W=rpT?V5K-Sbn+*2tfE+k`Quj>cfHuWCt93N}gm90&&kiid#sqVj?oT__c4tdvVTR}p~
Yjc995swGrGjI}E*Qq}MzA!L}2-5&IdZt8T%ma;KPc(`NAO*1@bVxT2!Frje*C;EScCW)Zra(dR%JfRFO@(uEenaY2ERUH$td41poSLZbe#9qQ9enhXn9zlT
Lo-aQA)->oC4jm`>|!3T3-<y*sm%V+ofWDe!y)2}Mj^Z~o?se5Vlru)6ZmED+%lqs6|I)IN5J0%v7f4EgnaaWb6Q5aLugKHNfK#xPH`HC+^PEAw9Nu$WLwk4
5q<&4-{{Jjgn%|_O?PZ-MO#6n`@OJ3A&uo=9B_L~%Q}6Aoh1NGKt~$~z)UjaI}qSRCW)h%jV^?M7%8cG{=?l}a#iv2f_uHLVtyu<a+a!37uxyqZgu@MQ=lKK
4W2Y=HoGQ$6tTAKO`K2OOqreDL6azA3(VEJX(}MF=IC-Hh|hluk`v__i-`}Nhnwf@L&mfm*f5N)L4qUmlha=?C_dqOpHg+lXofV0nNE_OxLmx(TMe9m5v9~$
5Pb|AE@K@l*|dIOuWMTx*D(&8BVx@$BP5%K|Lewsj+Y~~7GMxRHQTs{C|q0D=NK@8RUqbSF1Ab*gq>m%20@sbvR>TLnF3u;U;smVQR75L#che3Ss^nDzBgx-
N=s!9@-DzMix``ah0!;rBWQ*G1D*)5hVJC?1Pv9V7s!1gW1;R6K@Ph@kb{+Ht_sL^OM(xySu4UvU&DNYe<|e(#nQAJNkaTfDMaFkat^X{Tto06jQAZDCrN~E
4-Fh5^|iY<7>^NFH8XIdS}_6$zc{cV*VGYd9)#qQm!+{48Qfcob%}%O2O)~<UeyOGrJyA(I#(AGGNZ5A>I$yG{qxpn+g=tIR1}i19#O6PJ<o3}{;1MQ2PC$F
xvM1b?=Xor`*FNKGQzCVn|sJqvve?w?3*deS=SuwW(I;$4}rtyW3e@bFUHO3CK|fqp)yQ^zg7Z^*ta!M1GdnPI*57bTG~40T!OYhlxX!oa0hm@O0O|o@$mA3
a=?8J^&}`2IEO-=nj5Swka2yY`5L?^H4D0e7##9AHi8gzx%qN{Sj3Y+>@d!89_f$9j-NdX^SKfzvX?R325&_D)+1!&1!0fKC14gy1mjGvk;NHP3s}Sp2fa0;
(%d&{&~n*5c4k;!nj%^~s@NEtRByr1{rM6M*dH%nkYOvxAmAyeTaFVo61`ho;1@A6X9?`1mNCW%Lr8itNg+r{I6n?7u1}I&&Z&xLG!io}1+fH%!zwP7V&PAp
u~Z9eS!qU|;vZ?4t*<83^7$kYHV~*rv_i|{;*|Hrc<hABb#UeFVjoIF*90{mBUz9l3_GKXzF$c>(kbCDM%kZI8gG0dPolB*3x1@1;#*Xvj=iGlJ1M8jCk;By
K#dpPQQRQ8dl*x^QHgOF7`Y3+$y>DE$VJ$c!2mMQ0+1}G2vhE<5rE?)0az4!QW<c%G&%9&VL#4uEO~jJWQe@n9m~>wfij1@5gJw()b+;Eu`9p(dzAR)#vT4}
M7X&D>SW}Wq(AK5>SVD&pyNOT(Y8L*1oWL8_u%uapq_Ie47~;)7$E|%NDt?bY~b(|&)IXxsdWc6K8HA)POx175u^5DI$58&X~*L)z0B288jo=gLel}>Ovz*t
9C`3%Ma)bCUcP<+#P7I${&UITD2(7<v?#k^tpm}iXNBHFw(SuFYi--+cyQrry{bGUt7mo((Usd`b!#8DmqR^*rMQ9wD}g{3Hqs|X@*KRDosGtblHL_l_BX8q
^En#^mpe-~cq;c+aZ|D-l2l>z_Mb_(fT!XbwD~^ru)mf;NQ)<1bi2@oeA5%(W&ijAR@7hO;2tPk`uW$_W8()}ts5u>m_579V(N8#-xoiNFCGESvE7(k?zs~2
DGVfP6YO8y4x%lDUF?qgcq|&{;x=w9A%^7l<Xh3V(Uo1dnkyT+45J$Y7et%P;b^_h)&`^*mKltr$l<Q5&zwH-fQv?Az)wwC;vzXb<5F(u)`0ZHm#z{rH>ot*
7u#-NM}{~iUUtRC93ZFMfeD1_s^(zGy|5~zOK2}N=89Nuwt5mas6-li7wV0dFmDaJMt}G_z6{sS<s6k)$9n5TUef1uyv&H&Xs&`%7Ri+=-ZTu?t29CvsX!kt
REbO}7RbwiPL3H|KqbfL&~~!}k8WTChHFrSSr6vpgTAqDz&8S<&n|Kin|KBY7+#ZaZZlq+2Ly(X4|tDdDLJkRXmNSjPt7ghyuT*RgcQ?pkeGCr?;F?Ajbo?q
RZ&lf=gqx7#E++@oOgy8@`odmb~u9n+>Y!(*Cbg_=`qTTmMu5%31Q4u8GY|U1&EOQ^68l~ynp4f^ef7;Ja3ST+%G|__w0DvkK5!9HyLs?%^!gvj<Dx~p4XW#
_;|49gin!$uO+}3;x9_Bw6M<txc1WoJ(qOxP5Hyi<Lrb2`3+0vc+*rTeHOzSNpD<DhTP@=aiI659i>t);~Ff8B^K8UekoXT-3=Ask_^-NHv}qfJPPIQD_a~_
aapo7-G-qgTNH%1*shodQ{=i^&Y$0{{=EAL*%L_snDoEq3hDL(UkC+lMKi~)U|J67qcGaT8M#(}r2>cz+;f2r7P>%0A3z)q0z%xA6e3I;Q1-r|NIxo?B#?`9
AZ};3JLu9YXq*EvF?^>qmY^h_HI_t8A)a(l+EdSS64_ED<HLXFTYW&%+F@tomUpY=^A&7>KAz(T6)QSKZ1Fe?-v5562aGvG7VVp5ss(+_55JzU4NGk+Nh!k&
PrNZJ^Cd<=VGOB={=;3#XhwALA(O%~@O5!mg(<bieJR8A0cAL*u|x{`H<T9&A+G-OpfVB#<@NV>l(-W1Nm$JB?mqaW@x67P#@F<i@u5dZq;@#^T?`e#>uLYZ
xDC%>QjPhiU@r8?Y5^Q)sp=Grp%6;LEAd)YIXrYYTNu9$TC!-H0~}R08DbWtKOz38?!uk;{$j-{P$vNr={Znxm<`mJKKdgMZj>nyojSoKaM#?8gs8mA(JyGH
=JLa*`h%IMU4o1V2h6U&%a%cZ4jgW@sh0w)s-iJ&`27KgsO=(yzu>Ez{vN93TW+B7DNq_AVxsG0+K<2S={q^H+EXg!hSBv9Uw`*g{<+}2z%!WQErA}R4iJ(S
oMM-Ox~m)d`vcLE{&4{Mk6y5)=0>y>LT~_@hS%UEfU*aR8ZN+OLv&WZ>6_qgN(2VK@ye7Wu%N#a^S5b!1^G!Uro1@s|HT2G_g7EXz<wb6+(2R}qYGUcfzq>H
>g=lG3rU=(*CZm7oalm|h-evq@kHw-8MbLT{`v+@;@|q)2>C@#%4E1L{uMvm*^?`+(NTR|Pkqli=tJQ+s3ccEQb5z|t-5-RZXNrR>Hh&zQ<um'''[1:]


# ======================================
# cxrkit/report/checklists.yaml
# ======================================

FILES['cxrkit/report/checklists.yaml'] = r'''
c-qB0+j1MXlJEHnEK@E@S&B!ZEnlQ$w;U%q$EV^X>o}VSS4suWfFz>ffEmn)W-Ncle$f8d_63(7USuWNt*uJM8eAHUM&Hrkr|Rd0ZdGGeu4!#OSH;2<*Om3H
SK42Xl&zKP8s*ltTDzw7Bc<z7wF{$Wx`06~PS>?xn+98#m#TQzT-)|<4DxRo-gvc9UT?fwxV35>tf@<7+wmtWJvSHX_7kN(Rqx-c*0z;VA3l5n4euYQnQPQq
H#H&$$TY@x6#xrOUY$Jn00Te!3}%M5u{U*V>cZTvDsAhd$ET;q0PnNU0z^}n2$UznG!Gjra7FdCE*5b!)~mUxO`}^=s#)WfylD%#Aq8gER3-1;wyM@k<Hzb{
%R5|S^ICgVy4s9X?b<XlwyL$Ms_`d;`u8(L1IP_40T#A3%ShPOs@jaOw{TtE`nQ9P@q=G*lx|Ew6=qF0gk2zx(iN>MrUB(vx@mc8_~4@ygKEe9%g(oIx(i-+
?ZP$wvOkBhw1u8lhUY`~pmcz!va`bjzxYC(DN}iag9kV-4%v+PtZs=E@DE}O|Fmvp3-~wTb<1ecC+}t*$PAPKI=GtH>Q<ecoLulf`~II9jmd(mjuIc#;jhSQ
x41tXGOiJ6`XmJ72lWxI%z&wb;fzs^w%b})aoau?eSmbFTHqY|{`6Dz+WKqdxDhG!A06!1y4oYU#HT2<rCY-C9tZyL`ui`R|M=!#pTAT`uN)3EK<jF(Ca070
k^1u0Kh?vhPcO{r)5-bi`7!gXMG~&-v3irJ?1}G)%CL-Qf$++MOkdK%zjo!^EI|N~_y*;Pu|RpM%&bMp7rYcC00@Cwx%H+pMXTGkIhu^r!2C9V{}&Eqxv2-o
x2Q*MD^t(g1riJPg`nc(-0@o?N24tusa1e+sqS0}H+@~hmUq`Gbd9}IDxy+|R7hMKc6^)gfIkBQ@E5bF=Y=wV-iI+sBP08aNc-Yp6I%$z>~SKD-(tZY?-2|D
KKRbHi=bcSeg=1NBzyx?;^zYNxW9nb0#;h$ABuJOg?jPr^OvuX#U4>BE7}WUr$>*1o(qSFgH*RFLET~#%^XqBi)cZJ5YNF(&1_+HrCx%TuPQr7Rgb8@G9@S%
XkY3%?&j!?`Bm3eaQdT>daX<A;EUjl1B|hHd|@V!P9K7$*fn`$K)!A4%9Xv%y?Ooehwr}viOMFikz%>M<H-}=@kpId)Y<}D!4%6!3ym->K~zUC9PF$orH`VN
o`aM=dHV3l)4iyYRYpAVEYy45UZ}ThipPs~S^Y913w5CeZ^&L?2eJv;EDOTw$P|$|6U<+m7QkOa&(IH18TAJI3o3FLg_QK_#rOaD@~e}xXDlAT996s6pj&|l
Xse}<irT>T8==5a#8AH42F#Bs#{=ZFu(D5E>FV*X-qj;z-mOeyQPYfdQ!IeAMcaYe&pS*T`PG3JFdV5Nx&apevul7&B51a>z`Wku*#>n*!WAf!_XEsVyJiW;
L73f`2H35Qh!t)L2WbJdfZr5=^l-rjSf3_$-o%NozW?g$Z?9fFfBn^XS>_3^K@4$Uphm0BC9I5d@VpC9z$4^G@R|@OUo^&$+e45W(>BhpfEe~Bt+50#n8EVn
!rus-$gVVFThH8>js|V=aJA5N>y|?>HgDMDS+dqI8@;X(m8mN?<j9zJdTDDoD^v(*$sc?`71T{ZTo>fbBu(*vH_ig#_aQb4ojn9m<hgkiFhQNSx#G4l3DnUs
ubce13sP=4`nJ+jKnxK9-n~@Jyr9P`=T>7l@;2d!D?RwYM4Xuxn4sK`B~sX$8&h8CcAJ=CA^`e^kS&1!Kn8$#Bn^lbk9d1Zo)Q>C(ROl%jpJ>anRi9imHW}@
aTs{iz<N<GZ-FJ3+6P0)-KA)>pe7BUEE#6kwSglT3@kqaS+HhSZGd?TjST2!7fP%|&fWGw2O3sxeIJbXpoFa>b=QU>!ZZr-DtCuq>lnKi;HY1bcDyb0%C@?)
zb7uy?bXsT7ohEIE$9<JF5HbJGns@xc*<!6YXWv!>95p7n_q!uZ5%MV2f@5kchQ!wJfM^b^Mie7Ds`i)&IDinf?X-(X;S+0#z0sAP6VlBa5K#B26d{d%#ejz
ECEUpcZ{+PLqRf!EUd$#BX<nlyrnHmh-{#r<BAgWimpsK%v{=onbF1p|NUPd8L+|~`BC&vJ&MIzZ%Dj#Rk5%J(t$a=lVZG`T{U+1jvsvZ8L1=G88Jv!To8mM
8Z(kii-2+<5J(b|3(jP&ye$o$0Rm#9RtG-{R6X^zJF>jAJ(k!n7#t7oXX{`>$!yMPdEat~3Z#Tt<W-KLE6?H4-n{FNfrjldH`c8CgRn)c9vz*)?ftQ#F%KWB
<XCz{9QX;y8O$dDK41p0YsUzXBJbM(YU-N+YU*2nrCuGOn{TIGYrYsF@ZqskTz|wcusPX}Hue1x>-sI*rW8<7Y5;Al;7Tz@dp<|DplS~GoiZ+?Jub>+NLB#r
G4%tJ*x)Dj4=#+`F&KAnARaC0Y4F<`gG4oDOpq)YJe)kJ@~+;I0hDlyVbPsp?pKu+_Vq{n1aOtvQ8hG@c-R|L?(e>$E@F(}RAB3tPk~KaE=2(SR~?GddUQhf
D7MPzYxG%vH;ubM-`7a{NWIZ%M4fif-DJ~w1&dx8P<dcHFf8gB+y8Z2M{J4a6;1I4c+TF`9!~bgwi{%j)A6%&;I|G2Ec6YA;qVP&0g~4Mf@Hja?_raG6;ZN>
;_$(EG8^8`aMAW?ZOe8M&_zEULZ}jG1&e~SOCh0H6ccQRAn+y<h_QO(D1V^@-Bhcu(e_5<h^GY2_fs33x*cbR&mUvtk2w5ay3)duoK$e&`QKQNsRNWGyIgX_
I0Iy~9eM(I8T5KVDTY_B1l30Y52=L|r680&@l)*C(X<ExCE{qf+O!K-W8g#xr9T)m{0#UU3so24j_0O5LRdkR2rNs|*2uTm^-DPO(Z@yVQpH^WTd`7f6icS1
SzOw^o&+_6^Nxh>iN_H02If16xYx$c7p)(PUCCLb$LVw-gp9t_Ymge~N>e`s$!{BN>yJ5s5QZ0ve&pIyVcd_@qrY+-zHd|v$76~?QMd+(|88oMZJ-%gu8rzy
ZiHA>V*uh~oFIWxSM=jh+(5KWicNveA_gs>kVm^J7nH5cAK>=^q<cdn>d+g*^GgMxR<i*RZ5wPE-U0+FGL4Ic1I=?#HFEcrtFJ&#ZK+XQ`gssyG9n+6fZV{e
e8^A5Y{5unAP5;i`yKVLZ^dyC07e-UrCClZ5eZ{dS@_5sv3rXr;;7Uwh#cD_p%0D^lpe*@{?h0=ZWSVzsh(P}d^YMY==PXg*^jL+TrctRb<=>L;?2oOnuL*5
)g$%%rx(CaaJcBlLcmmzR)OOJl1&?;*$BxF-gIqdwk6($ahP>M-zUUJ4j^E2(7}vvhsjpZOm(|C$QCPY8-esUc8)t_OVzVeagAX0E>(2x1V{oFiAy&d4?ds~
!gi!<N;X;F%at4kf?|N*z1d)Jg*T;IgPF2EdK|o=RE<~#{KHjCuo!Sg4V#Lf9&yM);=~nu{6|xE<(ZqK>~0Crm=n#mBH{*51{kdKZ4KdZL_l{X#8p{E6Z>uQ
>Oa-!Y5FAwiv_sQa})D+^nv-Y(&~BbyoG)90d+M3ssg3K7dXwnz}e}k`YesOUE2DXt&Er#PvYO`G(!}8HyHiyxStDA5Atz?gmpD%{rzI=B!Ox=k_-<^SHbH?
L&(ti*dUaFQx?v1k8-JZ+_<$kyuUZPJbCf_6)65yR`X$Mf6`rP-;YemN`>R!7S$lG*7S@cZ-k_)*42KMLP;C&D)Scpi5E*H-YRX2O&#2doao8!R}|F<J;Eg$
PRe;m9z{z@IxsH4NGMh8`R^pPSm5r9@|}w#C|vs^`yym`FQbs7C+iY(4STYMeY*DeBX;gMeQ=CqSK|T4fguc9xTZaVF}+kfxzL)OW9SO@?E)2hY>Qw3Y;ijy
4NE$rPLp<18=)ui$L`eFgRY4GV_}$Cx_P5lK*j?>JkWXj{3s>)-~-++fds?XXouNSR2i}q8>1W8Nlll>JY6IwSdGk+5~0yVO!`Y5v5tVb{2gNTI??F(o{lnK
+=fdYbd?EtOa!5gpkz<f)*Sn8^O7!#uF=Kjer8|95737A^N61Rf6)sPk+;U^DEP5x&d1$z8G560vm6~*&-a<;kLCV@t-AB_jI;Yo>%+B?1$+1)+rnTmj?k+L
-UD?U3j!yextm_Rox;_#4&9^ix^a}L>FPEoYCP$RKg1O&Y?ONl=@5*DWe{1}CFq2`3MJfvf$IWp97@)f!x{$f42zxs_?oRNTy<A?bOqLOa{jpQvghutkYJ>K
{KxYX7%w8t9awKK&L+PkXB-@Kec(oFYh~F>5|vWMV6?-!oC?M)u`WwEPWH$uTTo(QO@;<&yCL(=2{=l(SiZlElqn#dzfaW8<yHtG^d&zgY<}9+C3p{<Hw^oy
yPa@fmdUhlWTcef+)FMJ^WD<tD4Ynv^+!}akm(U(wCvUY32jpF&1V9!ty4soG8BDaiPG2<rl(6Pw=&#AfBs1g(Jlbdg{#T~;ZW-Db1WGCRY%;aMToVzgipG2
u<Z7M6!x#sdx2kq&9-ny!@F>)9x;s3Z!oz-F7Kd-nq+<WarcPx8#$28xedFV>PpvzxnDy3eNM7sZfF=&BcQb2{&Ji%t3eB4p%9J$)H%~ddMeyl*2dCK*`+ji
^@53Lua~PT)((Jsa1{$M?sMJz4N_Z2v7qPzNje3Z#<jN%{ZWmD8^@%((WNi@>En7QrS4{;N%{n|XFMU&7Wd@DdE>g3zrUyFA)2n$7rSoW_AQC;rVM*{OkG3v
@Zk%j9`{BHriQ;>qdCSbf>ihS0SkbRD694b9{$$A=>|r0wf(I#{pt<6LX6H3xQU`9C59h6UQAJ8K}oZpPQ>vu`_7d6Em!WB#bC)v-xC|{&X5^7;^%magUMaY
eoW!aL%oZ;s=9i<AJ?h&rn2>xmc-gXXf2uL=+AMip-s*>HDC3-q8&QX_3_?>X=@JLYjyPuMA&o5LpCJ2Sr9FXJ6dWY8w&DpFR&irSpR@}q`T;Ffhw-Zz9wxZ
p|kAbby{Pn1P^b%JjZw;DWX#*2^1rW6xlC4x)W4?D2-e6N!4vkTS}x(JuF+a*m|PggJC-xagpi;DJ&kDQu68=PYLt@mW*MY)`iF_t{c!CV%moUbCO_!Zfcv3
+=Nnr{48~|iI9Sa)dLjq3*mO-%8oXi@qL(J52m`fM&Yc>5k**a35#IK2kx{1&KSg{ps}}10lY<pcNs*+{!zx>F4+}YY*vo!kdF|dD?uE{ZVbQbjlz0MwbUg@
ih;v23jh;x{9U<$u+H1L*wuMjbCqkM6d4Fn92FPuHD<&gCm?f&u_ot6X+eQ@av#&YCuv@|sg0x4XWA&<IZ^P%%7Ei~bQ}xqIovm)7z6&Q2N}1gX$@PWc0(q{
VN@x^SyWy#mJapL3;%4aPJ0SB%INTeg1Iq1uk=iiQk1kr_`SwF>+CcWp__u$NoAfflM$wa`WLgZ^pxhrmY89J5HDncCDkO>VyL`=z6=uADy&53G#VGwg{n)c
NJ%cH7t}q=5*M@$9dSfDw2ARqiXw8Mkcs$K7r%A3F=dietbEA(Db0-~wtyhTVUnHm+|FCxH)ye$Znkg#Nh#Bbg{r?9EQRp}bkwD8N}-b;_0S7%5Zn~g;~6XV
zA{>zYNG6uq5LCj`Q)0~TJkQ(JPh8)Yhrfehz7rMk_%kAsR`YZ;8|eTiwzeJ&;y2y%qA2jSGgWy?i_G@?Yj9Q)Ek&oa6O`H(@>?piHTIX<YTd<Q&ilI6%uky
$E#Jn%7&CM5&I^K!Zq>13dxnSLI|tStuBiLry5Or;1pt!Ea*UV8Yt{C99!~8u}szp5MdiG!4D1x;y49MV@w@tHpD?kDkatm<(uTDuzQNvaa?-lU3iz0mdJJS
=oEqTR`zQ=ykNv<Jw_Dlf%%8IV8%3CSi!7PDsux!p@k<N%}a5WYACgcu<~~zDyrFhYn&>=Na4a#AxR(ey<7Tyawe2-Fq0g1P=Q9$_VjmOny3JQq%Y2lwa^=N
#Fy>rWEmb%sTG7)$9(&SSNj5kiO`cCwE0T16b+78V3~lR;X`4YX6>3PkC1m`RzWxu^ev`761xU!Qx!-9inAqV3VUvYK2Mk4d43l0<f#E?mIky?!Z!AZWwV%q
b+m<vy97@WQ0VQI16>R|i)*@YPn>=DdY7x1@g|YVqqv5T!BQ8$5;2m7S)9|QYO=Puq1G29KxrK$Gdcc-p@l_z-q<9|aJ+CughBi$Q(PB`yJEM%D+?FO5*bdk
2e>718=8DL+0>_44{bC%4H=4Ffg`qa5F}~yFw1DZ;Y)6oXh{pQ_Q_oY81+f4EZ-v+6cVY|KYe#BwCuwym0(Bl$xBGDBwsDwSnaG12cA0lek{A2_g#I`(+PAr
AzcQ(HrmIUA>)gZ2q!H{3rH)86&{NH?O7o<?%Q3OAT(~cIX*f$Nxk1afA#ejU%h<Y+gKL+#>_2-6H(V_dV^3gtK+R1ez7k?j}S*&dh?<1%Hvfvd9P*Qt?aAv
mau?aVDeZfy>yF16I1+AEHs8Y;M;-|P$bTiw?0`Vd#o$LTLl8)maduFk{E_UyLqUBHt%xEHv60|-plr#u&{9<uwwsNafp6a3~12z2x+{25md+;B3yU3NQ5vh
0~6&G2SH_p5wAQF<<oaEnP~G>LvN=X@&W3x_}Fk6DjbW>`<^~~By2WaAtW~^d`Vt4sZ}qrx*7qiB%ma96w!Aw5PEbb+&F&u$#*XFW)7LbW~C|P)&YCz^c=Mf
rjIj-`PB_45z$8wTbjt&lCCbeDB2VYW<oY;Im8L01kNJp);BOVXetz{XqHF81|et^qZE6y%xAa4G)7d1hyodOhr)xZg${m3M@1Cui-h|KNy{wjvyKagW9W~l
&1kmd3CC^h9U}%GKFQDI?#hx3&IZ{Vz;OrDA%m0;33(gvFy;n)Be&`*Rz<jk>spXtxtYNvFA)*=i>VTwy;pkFh7YmuS!W9xw2!b5%}};B3K|X-6VR0oSB9Jq
r<tw#TU&Jv#DaTym|n&&+!A7Je6}9l7OJ<Mn&e}ORf@C<UorDWV5Ir2(_HVh?X$|hP$hx;j^PBSbID5yN?jhpqkIT%`YUHx{8sh^T*!qhMVN4&360#IJY<UG
FyCPCeScc-V0tA7jneMvYxEHrCO_ZZM0K8Ei!Gc_B{D)q@{=tYsnyx8(NfWc5h<m-vslhZ#s}s!hx0_>*3zpbA1qZ@<NGt=8$8Z9n##^?-|_j&DWJ!NaNUh=
mrQju`}yW71o#-*u%0GD3s!hC=w*_0b|j=5b0DAeG!rg}`k}N%3aY1Of!S7a_QPdOOi|F|9Zn=t0)Ezpcc{1-nPr>yas)Al!B=^VgwTZ_%@qj1nWB`JM@9$-
u?v|q03q)|jD;^h>aEx3(pP+@_XJJBF1W^jgx1dl$D0`idwfp!hfwUJo1Bik6B2N!Oz4+DrW<g%3pg}EsKME3W}ABk*~#@GHeBnv6=AkiPG`aj-7n8K(Y*u)
X(u`negSqccX2k!G{w|)6%PE~6g`_{k`6-9JMC<hjC6`Ras)9r995r9N@2@jro&QpbU~t8k5^_Xwocz$;YCy&L<Ur%^c;k4zwR46olVSc*h{9ba_#*C;Iqjr
fuY|K5K<LL79th4llX9ter}+YFy_4zmd;cP3KLz^CA(y*hncD9&NyF^$9btiP7{_AyzfQ^&TL}0gU2{(+Y)aF&~lOUfmEYdjIb|fw0~cZ2fGOzJ;$FHX+<uh
ugs$)>?ZHGLekRCX7~#(^16p3)Skc!8v<HUMsq1qx&raRr$s~tW6JO_GCxUAy3(x-7F=1=i_*@7sR>^2-5zhAm}MNRwZOk-<|WaDy<{RB=oT64;AGXVmOky7
up2R~I2>l2JuUaf?!phC*eWM<c$Dd-bk3e;;lv7uAXM_0@oza{wr>JfGbLpLe{+slRIJkp6*5M6HV{db8wXAadLDiBnO4m6Y&b#?E|O}e;zTRAW?vOJv#={I
{KtN}VR9;t^Zz%k5D_YbUA{4uTT%Y~BQm%b$vdS`#!$jSN|JFfb7KxtZ!i(z7x_b7wUw>S44g$ckRz0dt0NAR{&p+^S((h%cO+Ee(~ZOVkBNx6`bH3c9&6X)
95jK!;r%mN%fUqG{rKZuz@O26-D$G+Wn2c6^Fcoq2_~$~(d4#m*$##KNt95=Z*)^xEMaZCvKM#^Cc-NGA7ywZPsA}h(2?+8^ww;>>e^kiwVk#C@2tU^R*Z{5
#6tZ?c;_GTuvC<l(<k8p23X1PkilfDx8-e5o@744m3(|8Z(-4ETU8=-m$R}s*C2;LT(jE3JSC$7?lV`Bl;N)nUBo*!DUu@Ls{J+4{43Y1Uc+6Q{9AVPD-0_*
A>;o&d5gJdZp5BD>NF~CyW*#?pR3dHc|0Iq=6Mj@xC|z;;G`=})lC_8Ul~Q{_&X7Ey~3jD(@<|u-<D+x6+4&uNOPF>m!mCu!@DvLf`q)}R>enL^Wd}m`0E|P
FTdE{X8N&;5XEB5TiI)|;#QqRTyX}<Xbbxny6%w;fBOh4J2m}=7qTgqB6(vh3yY%4u)I>N70ZjHDz7m;jsudOj-PNEljF+Xett%U8v;v?DIo@<JE~AaFiJ>7
D(A&x;2oBZ=2wF`*?7B4IJVUIUMiXW7#_2q+=fUIk=XtDtFy<)d2J5+;-<G=vVTsCxMt`5I(6(}+~mz-dO#L{d39}8Egy$q;&h)J5x__LqKu8->?e-Jp5E_c
03zat6?ott?)W*H!%z)Nx-6Gc5NeKHczz+vv3^E0#)OjV@2K<bul~{psJ*&6{^3i^_|)NtyZE&8qEth;BWJsneZZMJ3*LaY$fhdBG;(pz!a>@rF_>s4cLm*d
v3_{?m^2qX$M{^G@92%*BUgU@x=!^XUT-qU-h0#t7@vNG_8g={;D)kbRHcolOP)=Jm#^xCZm9fKFg5_}e*h{zY8e'''[1:]


# ======================================
# cxrkit/report/datasheet.md
# ======================================

FILES['cxrkit/report/datasheet.md'] = r'''
c-nnbO;6lN5WV|Xlm;OIJ6I%&P!^;}1hl&x@}Y<%$E9tTaSOZK+g-*PP5j^Usy&`?Kzo{TclE2PSMSw!OAVWfPNyk5pc^A5Hq3HC+bylO7wc)2*FJPcj@-XP
<m#BFDcx1UjE?%oIPqOvk*#Sy;x;m^%7&v*ZQCwV9ehVC`h%h$Ldg*jS++eS08?Zq>`Er<s59X)(&^!py`z&8Bv~$h_N}q*==|(V)1REA*X$|<(D3iU3IgXu
opH8C^1O^sRBWjH5gx5*%}*Sn^$rl1^xuFGd_*#}aG<}r2m`T@X>)pg_WBhaUHh&ZTuxWlAL#te#oP1aJj)Ia=z|ygWb|>CA*Q!2S0tV!ph$8oqt`y9F+##^
OV^*i-QJwO`tvy*Aib4lL*8**lR+62WvFmaYx*;)Y?Tw*-1B-k-8D?TEoBJcaOA+do0NNlgt!j=A(-xx9Dr#AZa);Q#Y`(I7<@63xoW<SjUP2}k7mGhuB7Vl
4kwWH``t9nY@-rztqf?_KH8ar7laa^s3a8InTMrTJzW2<tPG;`<HaaH$Udm$S_lW1#HMVhN%RFjs)+8N&;Nc+qm?F6gZvT09~&(Og0OLqlao?g`gZ7COw!-|
M?%aWn(lhpV0_$G)Uk2Pbn$A|G=^scojNa#bq|-zAI*ZPt3s^H6Io)4cJaWL5<k;ID+0@z)ql{9!arxw7XpO=>c|aU0ntJ$^ZoHsw7yRxL)nQDXF5E$5|=_T
{q>Fn;BOM2kIs*7JqrkMNg?~>bE_b%^a_>Ks{z1pdaNR=Sz!2T_Q&VoVe*LX)gQgZBTZ7V%*ClEy&7BAN|Sy=gN)*O8BD9=Y%Ws%77f&a;Z;{E4Ejw2S05!z
l+@$5nx|X_-=`pb3;tpE)RapHuw{A^_`yb4p4DGUTB>l~YAu_`{W!ixj#>5>b`1Q+CLl5N1JeX42LUv`o=mVt*H;1CGctuiR|@FCW#FDAxg@8LXjIo#S`sP@
<2JKGW_n{%z6yBfMk-P4Oy~{j4Yn8*DPgy^)U_Csf|id(QTq*nmagvZzTCe5dUyNjW8PKCC`v_%<{^pQIzvGihIWzO+X~q&<gR%4J*q_3({9<Li@mU*>iT|}
Kuq-R7Hpb<`Mrp<U&5L-F#'''[1:]


# ======================================
# cxrkit/report/dotplot.py
# ======================================

FILES['cxrkit/report/dotplot.py'] = r'''
c-n1NO>^5e5Isx30_DY2LUZi2aXs{~Q%{?;y(H7bnI2S)2O=Q}HA$!dWXW;;-}`pK4}Ih!k-*!<!^7JJqbRytDe<UmsSAJRL}|QOSH@?;WBm5ZFTyOub|t;o
8vEeHR{NFNc;S@N&5}XYrdhf~$hmn`7yuL@G|?!}L1`34<MG0pT9neuqLR)jCv?3w)(=B1q?VotRC=Du-2l7AbBic;_CfnpZc6;lrBjt|2H-CrZ$Ev0cYrKR
v(U>9;8ys(Z)B|wK<ZIe8|k%a(pq_|i$3Ffz1-MCuvIjZ644&^=a)a;-6f(j=HUSAij}HmzYk*V4gg-xtAYQ5SG)IW=f~sEzkmF6Cvx#T9!1V<Y@wn|v`?MP
3tiPw0stO(n*PN?7T)o&T=FRW(W_HC&VfIAebj18@BB{#wRR3i3q>7`Z&$ilg=|7vC7hRDm5iJlTPjN+RW5rvYZwU|V8lv0Z<bcp1e#mDTzSq*bAGj{=Z)0W
`8Cb<uZg%8fA7j4#q|;F^6Ch8c@=<|NX9Q?xa_%eLna`ypfeV8<#eg|9p-+y5vFNvs)2yrSIR2b*D?FrV2=x{{@tj?3-)CqR+5ku9;`h6xi@W$gZ!$R{LXIF
WXwb2SCkK!M^Po`s=5(!Q{cxIEA16)lL=L?{gYT28)}Q0boFurMpb!_D$6jdz{-L>VOoW0`kac8P9F4B<yd`LVX?wU>#za}6bB}HxdQVMQ^Ksb;}Ljeow-Mc
{4fvKA!0OenHy7KkajvAb<4Da?<F`um{KiBCKq#Yx~#Rk_)mO*>=SYRlc?Z{DI}T&jc!RURzgV_tvf&=o3axGDi{}<5kz=s%(lt;Mzq&~XlQ@StzLC<+KomU
as_HgN!-9@WEFPbi0N!RT9^$8<n6N+)@+4t+L)o~P!y^{0trOgi6xN!;GK4}KY->{q`Z@GdNfCQkgg47?_$N!0Vtm4hd5d}uuSE8t(r21jxnRBUHmNRgOc7<
IrGJ?_xU8PZ}R=6Lnoa~S~XIK_7p#;r@WH&yp(j%85c!}1+En^i1%7d!I4-E9XAde9jrD<`n?C5CjfCOe|MAuGt*fo_MtxG(X92OtbELjvcY@oM3_8y@Gq)C
?p^5TbU$q2CR*0B@nAn}lY0fK3bhz46mA_@WDz}+3S3$*;(4!u$21N~lb49|(e0{RePFCPQjp0i)x^`XErWdwZH<=YG<%}V_Oy<uE>5a}q&cpKOgx|6h_mz`
qnnu7Pcx<fIRHOvPzGl&srb;!`wcw9vm^X(8^u>fCN9#qY1Fj=E4MM-;2GcDiTLIjw510@-%<HfFJRhSnT=N#w=%n*Zf6xLd1=jNjpnwN7RIGX-Zpg&RQ$4K
6AsDpS(1IImJ=|%2n9V?_(j52?yq_sPl-$-UWMan2~W5&ApUhOF6cZ$VAnQ6`Cg`1G!=)rwjL60j@{USrzhgOT*O1^w9w;Y1}>xz6kJ#7c!mK+&OhOz&-shv
G?oY*4~BHa8{vhi@Ew78&XcyUhzfZb%HK4hDYaHkaT(rsC&NvM&X~W1*u#ve%r+SUaP31)>PmbPGio-Kv3XcA;gj3y(y#K%^bKun$VmCSJgoybO)c$%vUy-0
UXGYYChA~Le^vS0<5lZLkq>*OMfz?X5|F*&pi$3=EBZ3Mc+-+->%QlfrQa`Ju&TGRaX9ok=dh*n_fK-C-F-h1qwPJ)JSr3k8DRxR%H1Pr5u=Pcw%tc%FVRJM
9bS2_d6ZE!^yW?kbDZ`NzFVo6G$Q`y0Wo>@3&X-!5t(Gx@^Z?@PhJ-fE)Vsz<6f6@>!F<ZBFy^2n?Qo6O4oVJWrLEtO2j#SClpBIHTua#`U7-)Ma(e{RWB!#
VYz!=j#qKPR{VV0L?`3_0eM12B>'''[1:]


# ======================================
# cxrkit/report/facts.py
# ======================================

FILES['cxrkit/report/facts.py'] = r'''
c-oy=ZI9bF68^mY6+8h4TRmCbEqVvsrdz;m(k5uq1ljEscYB6QOO&myUJR1T#%K7y-!nr}mK_(HyZzvm$RRnLdFGiR6-CjnYiWgDE3uI)C1jKHOD1)0gppez
mu+W-6uN5?p=7oeMm1J7nG%I=YxEQ{v!ZN7X^qgzbd@#N;&I(3_)!@2SlTrnrA<WJP=~?LvZ_rQMbT))v)JvXY*wPIH?6i})@(;3|GbrT<%P13`k}NzXtDU9
v?<$Wu^4uzvdi(SyGofLn#oORWtE7kG*;zD;#u1iWxujn<9E@>S{(`H(#o_dGun1PtAAg##iz1bWi44SZ0PwfukRA^diLFm*Nb1@zJGq}U-19k+uK)num15O
5v5twWz*`T>C^{Vb<$#=X|1d-vwqSa%2lV2_0)=cyueCUmD1a!_n0{&oLadYm}-NiAZ-%B0M1;uRem~(JsjlUyVoO;;~5K9b79p-0AN$evKftLw?By+5djMd
PQ;?dC<Y#&5f%VeCetb0V+mj65(BVp;PbYLqtWfFf4#WHB$LV2;_~t`5mEEa)lX5Jh{@HZZ@K#E8#G>q*1q}DwNpntdOdsp<BQun(x>^B8%Mz9uk60I;AnW+
tyTojA7n-^OHs61tlLLX%Vz7aOmZ6WqZOn2ZuTQ97iHL!oqn8Zxs9-N)_y4S>DAxqS<Ad^t9Hd547{wf(@II*V6iA3jYhdDM6TsyGwB1%8$1@%Z^g20tLxDP
sk>IB0Bh^?fhKOK*sNt^TOV#0TG>uF!OCgb6m9B8+`s}}Hu7tiIj~UL?fK;?n(l44snor(8ZfhZK6m=uPh7wgcvU=SK0uVWLYfE13#=+gMJ&}yHVMB1JYyq#
STh%8ZC#hv^-^G=do9g6IS>^D@a*<Rn}OAbdmCMtw$pGMoKZw>I<ezjyO(_=N^JDdAXEhuMo}!_<jLsbqKNzyZrHMG@=B$yZDH2(tH1v3{`%^x`Cz7VGJam!
h^}$;pu+y3dfa>F9!ml@4)=gY*p2!K?3Xnhl7^swf{3Iz;Sn&83V?-OG194`RxmOoqo%dup=lqR$d7R03c(@@Hs1|cbuS)ui#hGOG|$A&ZDtS5=c-@C&jc5g
1%RGr=0hTGU(Tl3aL^!hdOL*0o#UbbI}sx(X#?0|lAL=aZpsYSQRX}nfxHk0B{GzcNG(68%B3IH*Bg?df_Ot{+=v~?re%%fw<vQCY-*u==IPT#N3Rt5n8$dH
7>S`bEx?xu!!M6S;uOq|1~rNI0O?6c$Iv|ZKDwhs?6*of98)62G&~#vnwPGTqn9dBD6&MvOOUg9kHgu2Zr$dbWlV1xGceBR!n1*hhO&(9N;MOnG$yjR@`xT<
`#>-*a(0IyduMC2KeH@o0o-nCSUhZ>z$1K$THCtf%`R01)^!=he0hyYsF-jig-^#K8VUawRmw6k*GCpgdId@?GOegw5HL;449c6%Tg9db9K7k4AiK57pM>8j
4L?#==!ZiOAPjrMehaDTpHm~$3siBL)<Lu*bq{RT#~8JbE+`>Vx9RE$<$;M#GilVK(-lR#_L%mshgt=4{v}SC4V-k=0_+)zBQiUp69}z1FTtx6q|t+1tty3t
$uXiyj1-9-+MF^sj1X=f!tOolmey=AefdFMKW&`l*7?E=u*@s`;iTk0&=ggWjTn*<8Prg|`5d>T2lN)FN+axchs`B>H%}sVPBApBVJU!A$UKM344GB-phV_d
4i`jzQ2JS*Yqwk4C-31@=k1BQX-Lm-@Kc2N67j-$vLg5!k(WiG*n1c}#32>d#^nbGKMN`YzV7EwP}aM^Mr?qlrHPqF2zC+?ON+T;mxi^)f_0&(L%}<7@J}()
!;9Y?1DruWagiV5Rv_fj19ZJ`pvLSxHBaZBFk8PkCh(1HcEG1mG#KqXo-{>{Ai@RFU0#YWIMBE+2E7v$+zSbksZzPws3s@cW8&k%*Xd=k7k>_Z-VF`__fFyc
pj;zr_vN<(h}iMLVJ{|@PHDkEyr<nk1wvoIXV@V%qDqD?E<&k~)QrV9{OlaUjvQ)VL;-g)=pr8FsX9lBG(M?7gGl@Z+@VUIfYso%K?Y_txqQ(h-iySC+Q%Q%
CebqyrN6hO*Ez<#QIGnSZo7^7OeS{1N2cXqLiw?Q&3)kr#sQNe)qvr5JS0UEBN6dKj2Ljpr%NivtkR8SZoQv7JPrliR`2Hy&O9TdxqVDcw{%MFooANYK{OT7
kDn?m2l^5@?%XkUvfLu6qG;=t@tky=IG?#w3QfWZHhnU+gb0c_=Xyr~(n#^BmmT^j8iInUvC?vGq>xMm%bf;tAkK)}S;VCp1U)Aj^>K)VvxZ>L5t@4MiMKwo
&T%t!xT+P2l~fcv-rBy0QYNc%srhvMnRwdhb}5%-RYD~rY9$-K+Hf=t;^sRJT6nFhd`ed*hpP@yBI1asX+l{8m2XB_$B-7y${B3X;p)F|2v2|S^3|aL;X3qa
{JhVVyv%7;IoN8TqvO3$nA2$N$#fhUeGWK;BTzsZ?ysqs>(BKQuR`kcs6uh!9Ub<={j?)i4t{>*^YV?O0|O~%C?*WxwV#r@7F^31o^WwyHcu=#Y?e9i5UOu<
3F(`oxnMhM7C76u&Oe&&q=x-|U^%5VoeD3ni649OZ5as0Apy9i1RldgWWIe0LDZNTjW=AAus_duz*U2yQTDOb4@Rs|d2sofuwxKQUK5o+8<e>Po6xEn=R?__
9Deh+Md|ORZGLm1Q<T<n2`qMO{{3$3PSU2W!`ZPWR<HrZ&QP*KdK@DM^6P$B8P{#Ds>NE#r%GeO;6G<?UJH_?wcfmaj$HWt?EUk!&coh6xoOdmrsCw81G_ms
|9Co(bxZ!UF3M<uYe5!w*Ala4JExN#oEdRFW>j=7B2Gb3GHB&{Kk70{O{InTmK~$%NC;SYAfega-TPPH{c`u}?a$aikb!&jwx6hw;GNR-ZOV<pSVW9mQ6FP^
$|<lc%1j<sf`Ea<{TFnLl<>iQ3amo5Y#>-oL3E(ZFDCclzQ#nHgN}=|J_pS)>%M1)Pb)dPSTV|yjUumk;V%dJVp{BuZj4UO^#1+>y4vlAcYbp3Wj4S#+WU;-
!AUH+082u>3-90)dOXnLupE>+TbEXagK{Azjxw(gNsSwLrZ}e3j$m;gF<z%7%9)Q5p@ME(E_PhBg}oo{fZgcC_4;|qG2GxsvA+x<V%Kl}tZVm4koWe6q<`vr
yjj@!3->aKbek<?mysD~zkDBsw1K7=An3(pmUUWYZ0_0N*$ESAz-qpk5kY@@{^#EK`AiCOZb9d~=S3Iq^b=?xXz>8cUJDL8n#Mo6RB`QZtPgjG$1zG*hv5#a
w<S$TA>dr&REzjlk<dhRJ#n+A+?a^3<Ne&-(HvTbRep$yaJ%X}@P9Gb^V!|(_T`Hgcb`LGpL3?~>x1EO-Jf&(nf**vH6L6C_!5@B)1=gxRxOx+;)e0pn~>%9
TtT27oUkz66Hq4TM~XioH@~AJXC|JvwJe+H(@A=c8C`?}=0S<!VP|++o1fXkJ`oRUdsE4JnM;B62NcmSX)&B9d@PyACtw`;c#M#2t?e1u-$3=1;ck3<CqDio
+8i^1xte4Q?RH}}&)AhgezPcYICKVSg()Myznq8rGJYT4m-z;|kv*g!M<NSQg<7>5#Q;&jc^+}m8kzDx>O{VwQf$Iz<HL8!SLcu3%<hAU*NP27M?sQ_>0=as
1o6ahnt}eOOhZJ{(*pa3W6+$Y<Uw%tHUD%v{dcpYPkyNT3bn|)dgF&DjH?AuVs3trST7;)wvUSrIT56ObEi90ojk+o=L^c&Pu`SJc!vS*K9V?!EcZt0hrGWR
2}L!QabVygaY`kXv{V?6e;ebx%39Nnb_FJwpe+&OF&$*78y0l6B5KUBzX>OSv-jv@Z(sg)=BxqWjT~7IKC|#Q*pm-7G5O-ZMc425'''[1:]


# ======================================
# cxrkit/report/gallery.py
# ======================================

FILES['cxrkit/report/gallery.py'] = r'''
c-oa1Yj4{)@^kzvxVjH39TYX`;fg&6Dz4kQMGnEHNP^uDhGEbW9rGfQI*G313;f@2X84d~r^Q~e>xjeQaNZ9_QS`78?2%WMX!ldL+sI<W*0QQQW?-WgjcyI=
HhR~kOshh$wQd=pGif^ft^v+f$+{YWjV#Qz6&=%SIIlYazud5z@7YSQhIgGPflL-f(S-iVnl9MzZd1wCWZmkT6&koHjMS>j_^MzI=ObLeSCvTFwGl0TS@e<{
UQ|fB^QZx2F&b`=y5Ic@%W$*W*3F*rj;Utiu77Tyq{#}c*7DJx0S&Zfsdz0$NO(~uYyQ~Zts9}1kFD6BB37~xpu&J!w4#(|sn^R^6uK=_<}d)1qSBU#(3w`Q
w&s<K?WsWS=EJYEo8=$3cc1Q4_S@{shllImXDR!7dw*@e?g)QGN3^YO1BG9Cd99kQ8KHnT^elrzRJ@StafH&e8YJ#|!Sq%cF}?}*x0MMfcXl~K>57f0xySfo
opPp3JJzK^+Xq4)MOCHjqpr5KO4$SX#pLG0-Iv+@!}8|#{(g4Pa`tWlF87)InlmNLPPb3s?V=S-X~wr;2Ua+T6*c+i=i8f4vpYB&fghk#zoEE@CimB$W&nPB
ae+j?%4bn^R}?OlR*#}(oh$`L00-c<UMVgs=kfmxo*9Eg{}n2KXtyGn5Qrgv)5#g2exMk%Q53>6W9?S?7&R@I3hdB%BrjC6Ec7>7GKo7^3_?bLehMT};$a9!
kX5>{rS<T*;ZLYrW8>WJ!L>hQJ^&qTbX8ulC#irI`A*7=Za{Eg9}aA!x$;S1N^u8qU+JAoCS>xIiMla+r+q`ez^u|rTmcZW5Wti>!Mj1WIHO2gO1K+>Vshqq
b}Ld2eOdPClf-x5UI(;rYMQcjrMUq_kRU9A1cXXFS!y;s$E)SG4L49ghwHlGUc+TOWh<>KkfaoAn`L9Cl&KGhgq^>KG|-tjdc(rH1LkO(ltEt5DF=n?r!*LC
wfCQ-t24Q_&aBupx6Um}e^UY^&sqWUDK>}Cvn5iFgK=8D%e<cLinj&WRgg+jwvIXhN&E$O@aqs+EL6Jva;mip%pUd&)VNf7>2wRBN}dl4pr-)>lge=oz{O<9
;}MHJdt=tX15#%B2t53C8Dj91K$5c0yy}Pz^7m76{aqu%$n3J>EhK)kMBfp?lt66ZOnjvJSByMNasy-2L5R7*wiJ+LhLIz&u9kuV$C}+~%-xm|5%^<_P*_bf
mq!@5#~6oF!S{|aNN<A8y-eScdMul-&~vkG;1>cQWk)|0Y6~ZG{3kSD3$7ScniXHkN`e~nH_Wx*f^a7!LBSy{x-bCMxp<KfE|i)r*OaNOwvG*sCJj0mz&i|>
ji^e<`F_8_K({T*h;?)%&@N#^PWuf^gQw4+nJ`jq1$=u4$_dK{ONP?L7kD0ohs||F@`7A1l~6I^T3HWP<_OJrw8h@DOKUD4rTymoVsQYeDbWG_bJb*(evIKy
QOO4Xl3Q7Fvh(p10_l>S`vru}r8vKQ3x5(HI$$F4j4A{|pz03tRD6ziS@Y#lM`b%o=F@R;UXX%zEtF1RD|T1RiQa;}?{!`a2!f)^LLExjPfm%RU3Urz?j_pb
6}PenoNsmRM9LznW~5Zh3#l>k#Vv9Ud&FPjf&!Z&5s%6f#R2@a4vsyiZ3)mXshYa1bXp*%4ExLyvpT2FIHh7t)EV#$QbBuxg_AWxLwq4Q@oYv(U>&{K2IlbQ
#dX(Nx8ZO9{w}bYLG{w5h?6ASi04vbe8ga%%Xf=I_V4B~a>DIeP+^}&PeUI1R$Xudb<y|e^SSLcL9r<Lf|TK+0l54FDZV-~h%kJ(-oxjtodjH*L(;x+aD7|I
f>*42l8x<YaO6<hjK&V^P@ttKeM5nv`u*x?GlW+bx;8pBpuPkcA}mw<uTNIE{!w)}xGPXSgN#yhCD(wSt@cZFFGp`-6ADUlJP*W{hMy{u<3s}$g+SCv=KWj}
TVuK76u{!S5KZ6yA5%gKSzktDY=BdSzjT^%Y#0o@pxGKi6kPPpQE(&)PFqG`_s$0_W*z?~;s7U~uer&ie|?>Of$;m!mSfh>f4T5McUsv89(fvz<5J`c5B8`K
{ZaCIbf)MtaTKA~?Z?e(V&l!J|4*3GTWa!Miw;fc;ux=9M_8lXW(oztejQR)YS9s?N>E!5-i|S%Y;ka$*-VB5j;@6*iF#|WiL?k2Hm6|1{Mb?<nGCc9bYHPB
Y$uq7vD=Fidn0Kr8ss&GNgKy47xJiaX`*0GYVz>TAKG%<^f{34{Zkft|4_PISD&(BSD!N9)dRfm%*j#Q81{dJXe%E#2KDEgLu{~YaN_*I@;pr8RyTuU8kGFm
iXVoYJmeGry1pjw-yz0*M`{~~97`O0Qpu&Z2`fJGkPlu5=0oNdh+;>h5l&zjgz<9ys2W?r{Idg5b;okwL%8lE=PMY0shYYbq~^~t>CiP63H(bL`wM!=r5#t<
g&kPY+0QSKxV2{P=Lt+in|%)d(>>O;^Kp*EV2-xxNnwZ#&~Qx4`?r_l%$mVAX^F<W{P@|%XHu(3JM{UB{hHJPewO18EWFcGQxsFoP6uNj`60b!^fQ64gdCqR
=$tF~dWQ`i&Pg=S;e$v_8MQA;$Ps}&Kg6s<jb3QWxfo;>y9QS}L_<6TqE8*e$c>JH)}vmz#z$rLw>6HAL)a_WG?r&?dsGCRFyJ#|5OZMH6UNAT1YNk^l`16G
cQgY|Z)Zjtd}4xr6j0)b6bT$$(6Kmjsv1DBI$&`afMhpVSal2lP5klp_v=sRm;Xp2?4vEzwVGk+67+x$aqj_;p$mHWLRP81#r7dACIM1PYO#V^CR(VwD68AB
FcjK~+UI)mx;V0LU08cw+-qKp!v;DVgyzpwCzHdJ)v}|<E4h}Uq-v=IZxIYlPX+`WgY*V~Z^+Pw<ZkHxA8fjT0s'''[1:]


# ======================================
# cxrkit/report/macros.html
# ======================================

FILES['cxrkit/report/macros.html'] = r'''
c-oCtO>ZJO5WVv&EJsm@1WmHXQPYQ&Msr!MR@&8GqG)7jLt7ZTWxK;fz<=MWvYU1fWG9CZT=lA4u8&t7@8;|uvC`5rVQRKf+s?svyJ4Y`tQA}73-<L*y7$m1
vjwRLY;E^|**LprwFm-W-h&`C&UV{|i7r^_*P@j(a@xzwRjsOm&F{{W<NciN#oAf6mRf%g@<*8Bw?{U=KTjA#y_bRc#vTk?5~@JdX{}Y;%KFrqm9sl(G6S`V
IBgG1d1h>YKO-py&R#fECOM2Y!!>V0cM$AKhJ%!NAHfRWY89qvI%Cg|S60&0e#RhO0W6Yj(Fzw-P}WTOD}Q`>dYyfw`t6nV4v#Scc0RMxx5BWshLkROvgFkZ
K=3+1yp{`uRL6UKFx`Itkr`Mapzy(|cKQg`gE6=R`%Chq_VPw9JEu=xY~*+Ng6dMR#>vf+gX?R+`OM)$z2wH)RvPJ`0DzXxNyjUyKiI_@U@Ryo7oy4oxQ!wN
MLfhfoYN_GR4<69m95{W0XzH=A6wSytxuB&z1Ez8R+(D<Sn?+b-)gz!PHv%2oC&AIT#FUFRMxBaC5Nt_LvZA<Fk+82<JF`jLGPG`Vx{eR=VO&3+*=o6G!!Iq
_TW!inr&!U#h$T}Jt`{^UH}(k>o8S+6vRc6px2{<$xKQNxsjr-%HXgYHrByd>uzswN|GNsdk6rq%&(!OaJSVwJ}RmU)9qJKXox($J_>jie>Lh(m;o&*+~k1-
LvK#{{)<{563{{nxepSi@-(Whr2)UL1Gi=D@8ifE#_$x>dN*8h8}@t!yBe2r5t?+yoRPp)D8+0-R<Ysm4U|%cRAjPZQ+Gnn)AZT{gjNJ(sUd+lwV48Ho9D7G
7PKU~#vA&MM^Z{fT#jq_qG2El>hh=83mzPje4`w(NLFTW8%y*PJ)egJ^n_7{I*a@vmjB_pL&)IaU|sDWz)xx-BKGwDo>S7ZvsdR}2nHVx^iCTI?9$hKVrVhN
$&Fk!ZZ)1cjMSSi3~)*2q#3BL=jd@cZsjNmPlrbNopjT@$x;sMYBJ)mbjW&YGISZGc@bL+{$pj~KTsKgE(8M)ph;;jqX>eG81Oh|gLbqD2E$;j_ApF6+uwy7
g!6|oI~FYLcSs)Tkjv5O{}D3sdQZq%Bi>@hD}8}mg_cA{<D}t4jNvvd<~smiof4ProLUB<wEv{b(s%p4aPOa_+zfpcNxZkZxz2vQ+|tjr>Be@Zp0O0gD6gc7
4HVH;o;x5niG@z25)n9E(QKS(0^^9YgQ_J>cr+;R9G5?BPqp9XtCJ=uA%zZoRgy#*t&F_XWlXJ9DGa<{TR2&16aM^TDfR5{(qlB#l=%Dg3;XzS{Sru_qyn=`
+o$|4t{{bf`|ydq7vb68|9;~YeBfMs#%pUn<MppU!7F^wFQ+5p1-~#kWFo|_<}*I5F*eR>T5VZc>444gtKRz$pZ_9y'''[1:]


# ======================================
# cxrkit/report/markdown.py
# ======================================

FILES['cxrkit/report/markdown.py'] = r'''
c-oy<ZBOG!68@b0iXNX%#EjP(R<|o{R_qBuR)aJHCtwDha+cM^ZPJHdB6o)jLj3o8s$cw)1h~5o1lwI*RbBPeTL(eVh*jO_xXdEPtBmQTV2YQ5X?|A-#kgWx
{Ln0~8^&2t-^W1^jK{L1U1n+1@YQ&nH+9JtKbi-rnOnS?UC&OgPCuuY7hnF_Cy4nv>&TXZXN9bU8jxgM^SBX<y2+HMy#B|R^PBYc^6Kn*K)Y({`$njiZc(o*
EwTZPJ*KC)=S3l!r-&&5%4)GC+}XsL!0j<g8-tjq)ULk2Z&8;k-bhtfw6}ZvuNjajA|?tYHcQcnh*d&w>gGX3Y{j+23Gf6{$(5i3X)UXJe9=qTWLX#4wg|N@
bj$q8z79y#Vkt`QDNf9}BX-(q9?`B<A$9j@uz#rjw~Oo9>>^?}^c5geX~~<1tlm`Sg&>536kJy0@$LE9&1ZJZj*dQ!uf;-3810zp^{NnarJINqQfYch+@oQd
Bx8VbLO{aN$tn%M2P&6j1*1!7Q9I5=4htE+YT_(0^)`U<me6WyIXj5Nf6AgvLiW=i_OsI}nT|(bc|+0S_%T_T=vnc5aiAE0D;gtq#GM5nMU%;e#)+Kh*sruO
j2(?vE*y_^vsScco(HGgickm(82AoRN{b@<J9~B;=LbHX4w9E3Vu!gbv}h(5bp_+kJyl>f21yboUcyI+NSMq$&<SvCe%S741c#$l0MqB@;4X@B)JhPpOXQC!
d+yG1^6d=qdV2Zw>&eC0O8`lEQE%ud<IyM&o}u|FHo-cLUYLE=QWxSSU?15em@@hw{LX^--?gkJ*aFw;7dCnJyTZU^Ci)!NxF<IlPV`NMbfE6l9x4bzQULpC
g*KRML&|x($2g44h0>se-ZpAQ)^lAK$m3BX^t!3cu_nQHYcSY;erPP)I({D931f6D^>aw<Ogpib50fx5oX%m$rs9Q3%m@?v0*96==p}@>wYX;h@UeO4hl|VG
&$FvpI{R`xOZpoD@wCqUE-Mv(Ba3Uj&Yl2dqa(1UWF}a>ZXlaz=8661lTmCbQs6T+TU!Ws2`kQIo{L7Mlr3JT60p}(+N`T~(a7rQce|8}rQbjhG={Yb?HJp9
-O0PL7dP?Fg$jqeWObgdxNLf4J!PN>*UYeC8>yG|S|gSPvXF_>VvS5pK-i6|;G%W`v_VzCSz`*U0V-bg&Mi652ryWn*ux`CYD@UWFF&yjFyPD*#BCS>=OG1F
4Al(sAEnr+)B|QG2BH@9;>SufvIHR>7sVR>HhV*7WnYhC|F9cRPNV{o2(hoN7b4dw%(+XjjfF3QHx*fYv2GrPLnr0x$uRYG@o>lWVwqNTQ+5Ee_8rY_9o<LL
1E@i6idwx`s#h_3T37j6Q3bPom9NIb@S&ekw-|Sio#1Vn8cyI;<<k}Xso$Vn0k4P!`3OJpVlCbv&2VtiHnnCP680f~$_sf%^6Sb#8-G1Ei*B`NxjiaD5_*-M
`5gPNQY{Lul*}datpT`&bp=1OQYs~sm+Nb^37Cng-YuW&l@OUH^j%S`=xa~0Zb74L?`UHj`584!*NB0YK(I?6P__uVx)-^qJ3GIkbi|p(H_~U0Q;P;Ql0D%Q
EBRuH;ykF6mUAnc%67MCQ>IPt1E{rFwg2`VN>q=ssVj=ty~}Mh?^{I^xOh<Oau322*Gl<D?tgBj(7|;Ll$kH;oVAmP?V1XKdUK3kW7ew4o=u<F=7b7^O87Fc
CGF}g$({#8$P3tRY_?F;hEPvn`Um%sS^>|yrSts-EusZEJakGpg0}ib?AK49!k5ECxDOo$x&|}V*v{=QeI0#=Ht={r&6*dA?iS~ukJL0lfj4?v)9`Hdw9ft^
jO?`dXw`roj+K>}xJIaDOWZmcQ=3aY1AFjxIbwhNgd_L)*k*w`VWXSbkJ4w};-=o%FFlsMabRMoJUiD@1^=pC*)n^=xB+(LYGMi))*KQsnC^gZ7iq3FFL|rr
)_jX{QA%pE2Gj1y_KwGFPgU_AOG$&dQz4;x@_#zc2aCykEkcYZjT$jutwfapiO0u1XNG>=Sk=y4v0C3v2v@D_kiFsTWWd6WX3i;Wk8|0;v9`*YSJbC!;KA01
wkLN!L(`MK?>Ez7aTJ0|swFA{b}_}DK(74^5_K&Pe(gXK^#&#Ptf3(Vc^ldOzN2gUdh?oT_H94bQ!@4)w#>JNI6qo+Xqh`ckyE432Pl69IZ^+Lpf9=m9PT&n
0GQU&-qZtGu%L38`N~V(HF-%hVO49IGHdkIMO{C@Cj5?iT$=d6CZae|)UG3B+=L)d;8;zrh$w^*wC2<AOq47AwCyPfSW*%-cF!@tVS+T>`*7M%V9w_k8&L!R
%F}cTmv#E-8=bU2t;scpDU!5?9XJlVCvVS_&_@+*H&ta%0?LCAA3k(>+zzREfNAs~Vh5In_9CBSECoOcQ5j>0><@O-j-DozI^kvqX>Jt-U=a4L<93nrN|;=t
w{X`2aM7c1khdcolB>0_JCl#?wxNYe19W=vTTtv?r@iZ-p&}Q(%PEXaHul_1*1KZtH1mr-)nXI8{q7)UBx5pP*0AMZLu|jL*ovlCW~LeKRbzkpcSk}af~LYr
+bFat(CRtp4Tc%hW%(Eg7h&5Cc%0b_5O-186Bi?<de@x2u{Aa~ZV51Vz+_2<4DAiNrhQDhYrzBe2;zuHI~&!HGBXU|j*^{Tem_6^>FBo@E*M!@e{XHaU{F|8
fq}8CiIA7rVBFciyH^RfP8xilU7eku-q_2W-Vlaau5V{o&j&PcxxFOln}I%r;ob~rTLfQT>>Z`rLGI4wWe>nx0kR7b&vgJ1C$Xy*wj@m5-RW*4;%@?BeqOnI
fE<9*CR~u;w7YjvHY&QCLwj}B+Vr`-J@2|oE8O2ChICyv`~>G$7~W~xL#Cpp{?K3K$MmzsA?`JN=7QFa09~EyQlyuOn0e!Rs@?lupD{Un?XC&}-nuLC61rx|
+@&EMD6;v<w^PPZfPVXh{WUVxt-VQ)*;jYbz`WJ`%|oh|{O4bOollQ`PJsUKtq$iuNK~aA'''[1:]


# ======================================
# cxrkit/report/model_card.md
# ======================================

FILES['cxrkit/report/model_card.md'] = r'''
c-nnd+in{-5PjdTm?{WryV62-+Mu?P7H%9MDsm}ewdtEp?T)l;c1eZgT2Yk!j($*otY^qw*^Pm|7%OrvXXeZtdbgvBRY{Ys%O25dTXIc>a^)HAc4Rngtoz`p
>voSxFUeQdh3iJi+2f85U~~Vd>keVZriAI^F3a#^X&resfla}r4JE?~ZhxYqBk}JqzpQJe&B4>@^bm25j-oe0NdPf_?{t76EuC#BR7{S2TL({zEft^K2OR|Q
EjzERL4<QeE&{$isbyeCuXQLYu502zs?O<TdVER;%KfQt>G;RvX+C{&divxr&$35-BeHBFF-LDw8%D7M+N^3Ou08KB{0RBJZrC`w>fj%`0ljwOL$&e&f3`r4
deDJ_ODSlHbEUuaiJOfM6(KO$HmqBeeDM73AG6EJ@#&b1b&aZldO}x0xe#HDW{p}g(9wqVs_HRlv$VMvBQCFF8=pM`LNNvIQ4h{3Q{rmx*mXJ09jHMCF*tu(
v(pV|%Xw{!N{XfUC7DyIhc@3lqhm2lwSc~bEw@7EXEtLwFr+-D!)&QF>G(XB;+e|_LF3_<n#~H)V(0{3&SPWaV8KS<qct;wzMYXZOe@F8tLr8a<Uh8|pV9SA
WowzxV82d=LDQc(HVf9;S3|2nE;YI=;fD+5c#Il`^!Eb97GK98xclet|Gi%8Pl%q=+sO4<?A6-Yg<9xZhb`G94eaL<s8F?DI2F>=qt+Mu$aM4HL`F6Jn!)mB
Ojj>2CMQ2Ujb?E;?rg7prQ`~B=fhHAkxWS?-|Do=H?B4LU*4LVv@<hV<PxoHJ!jcF_N-h{p#m$j%?fKrKD1@5;beL;-46qrx!)YgA@ulh{DgCjI0pPMEFmUs
QIRh!SV8TE7EHml9y6WOERgnC3CYxOsnMGr?>RvqDkYZ!Pv94ku;4VhPoh$VW0omT)jUUR>3yH-F3rzb7KIC4L57gaiq_h2R4ux95$$_f`+k~qElWBYA-1JP
I1$RZO}~&3_|ew0$VoiAE^O0CCqPAZUtNLmDq@3D?gp4$7k>>97Q9DrG9VDgOBGZ!9PQ4=-6&s*ii87mjoy@p{REFnr#6PxmBLaqX$R9$8vn>r(&G_*N8Yxs
h!AqRVy4TB`Nh@C7cb^{Q${K;=JR*6Uw)s@-oC+6>hdeyV2cK!eP6{P=`+gHvhlP5YccJ)kXNe(UMR1&GAUd1%dAK(AdK)UHAc>J{s8GKae{+m5t+zp4|b(*
Sq_>Q+<{7rn8V2M2GodUUnK@)ASWNCMH7ZreD^pCsVOU-#*4%V6m5%m%NlPH4TBbQkCT0ZEXAi)@0m*#ZloVl|I)UmjAac|lM0Kd)9A=>*VcZ(oroBMsSwrs
{>)71*S1{21Y+@!{YZRNqdO%xd*#N`;&=_Efj-2lVKk;&=uesC$C`Q@t3cgx4=G^&$gd$>F&LiTGU{k_8f0|Ti!|b`oNd>Bn9|>zy=9~D&q173T_UkaAg=!f
eF^x)'''[1:]


# ======================================
# cxrkit/report/page.css
# ======================================

FILES['cxrkit/report/page.css'] = r'''
c-p;NOONBY5x&o_V0th>JFv8pY`NVwve+O%usLiFyU1y=2U?<RZp)G)$^FP;a?Cvl@(1%vQpGp*aC-+qfI*K%k;P)M>Z=E-U0c^Z`GsV4S+_x#o!FV}NXd_<
p5(NB+LIt?Xv5ka`B)SMKJw}b9^yls$Kv^~7tVTUNwZD7*<ee_D<JYQf6TL7bm{5>dlc&;Ep!hg5*<?dm}A2WZ7XOvL{XGP`wv7lnUQ%B6)|=^)^&~}qs`-*
VME3GSTsB&heS0b(2ynRLlmiomF)4DQq{1A2D)88Y(+!H%5q1dC5huT{CU_4rcX47Wwgfwy@yxwUzj9|J^B3Mn={KfCHGCs3f6XkFF%yr0;IZA(zP;-(|8*n
tQgsbZ5egNNLTcc7LFKKo7G_*Ibw`ik|eGeABqFW$4X7?)i!^8*bl_GTE&lX?uaoh@`zGLj43;;7<I&0M2~b$9Wk!c?BTI+#K@v;k!`FPAB6}Xmn2!OhjL8P
6xz+7aD~DIasC#Bbf{m0j{l8U#~u7`bJhmXgu*`c=Mp*;bp?xvH_hu;ahRs0d+U034laC20@^es3uMcZ-2K3gH6wrd)7_GMUmxnehPH26`OJErQSxVYVesbn
EvMy@bhPS%j<p;Xb)ebPv8^u^2<Mr$_iE#SOR>Sa5yTEnUDnoR2|e;0m=5~70q$CMMwSnC{st_cX?x_b9}%IKzTU(0Yw*JJ{<I_8wdkrw???iVBo31l|CjG_
-ZdqC+mU0-Vb_kdK}t!OinrJpz;dBW&rks`=c)q^R!HE?E0_!QHZG8TzcXzag|2reMstFH?#Nw5pMgDI!OsG<7XRD{>BD>0!eRss9J&)@_I8*0zCOdu%`55Z
lIKcFsJ{!dLfcKQaj%49+7l%@WW<{c8unuIQ9VGD!tFz<`Xa-AXKdNy^0k~J?1zgPt^wN&6JqmLf~s1T+|KDGdCDLRcQMD|DOQ@RUS%acH}|pF!zEdT$@2>s
Lx_3<G?0F9VhF!NP<x|6q0o<rgbzw~Mv+$Q?6fC6d+mdl7FFaxOIl?BjwS11)j`+LOsH58MzP{5@wtk_m1KCxK)QEy7-v`A#+0K}kzNf*J9{mkkj_epr(;>q
YurQMjKWD3iS_(9?2)0pD|p-WL3ZM0E?~wEjrRVukvFW)E*%W0FTF(Ks;(GzXoO)K`9CBmf3r`*et}T^%-W)?U(}}1>h0ykT0wwnhr6>ZBcO;q1ngn0*oL|&
I&=wPtVAnW3Z8k#4<&P1OU5!lg6h4Y1l^EM*gbJvL{oQMES1m$jK1_jXV6mwaTLiNBBHYqhI}peRESJ%)I4w+fD5%rgipN6ha%8cWVCI@pokpZ^=(}pheXiV
iLDPymNS2wwh?X<yn-2?#8NnDMc2QTW@`sZ8ad2I(`X#7^_nErl3NXvq7s_!?Tun`EHUG$M^c0Ji+O}ZUX*oiqU&0QI9ivk6Y|$HUcc3c4*cZPo7!UK(-4Q{
0*$W6O4sFNs8U8q+F0-fbzdCHI(u>#m?$C>9#$Ac&a%3tk}pM7utIkyT>Uj$a)%nb@??|21|X8POc+Q*+umEMe$T56*ksk94|RY`nMSyg#)0#LrivkfZq=Oc
4y>qKCME#-*hkHDkL2fEj1eNQgk39HDh;2UTH6s2;uQX`E@udJvK{H^;Zo8T8#*_lbzEn<0f&K(3HWrh>D4%hjF#CwK*jTk1j2tWtVZrs$b;cs2yHpfdSe{3
s6DWqbZ9(U5@YKb8P1~$sN{b-Ff**2Rs+Z2MgoyQ8r^jW_*;P__I(Hu<crY68(ivYXvS$Y?Y*4|F0L61%yC_pR=ju^8H^b1E@z<frWw^Nq*3IGCOpvGhp}K1
WewdBvx#dX@V&%kj#|n4Hy05Uo=%6es6-gUYQUA->BSVr<pM{Be%{Y{7_V3E<Kq=L4Z&ba=5*JwdSt_r&mVHuQ(kta^9_ND7l9ZjX}2o7v>mRZsW}3~loxQo
)XGA!@?+hw>L>EGv-yLlO3$fBfLS*xC>z0fD3czHJ+!D^cjM#+FyWJLq_|i>n`29J4#K~OT}3@vdeMT|*d^&(Fet!5=%=!s1!+Y|;w$wmCIF@Yw;M)#0yv1N
+&hzqOmyMVw}gd@9nzJn6$`JmOkPeL6cj^W;W$xKu)|=-LG?=7bQtlgU(*5203Fu1z%>p+jnU9;_e<aiE%_1j6IXs!Swuje4nYI({~klyrA7A_K=)Y4XR(-y
5+nc#4C!H9pHFfE`hwYasarwcUCkA!COnu$IG`sI>At<qlyH7bY5UWh@sDwD$d<GUXYSJwE`<~wH@O*#Fp;V3089>$bv^|zunM71IqfNNrnn;3`QRGp99aLt
STzx1y_=;zt|Zp<d5COvzMD&AZ0js^tpbc|C<!`w5U$Ww0AXW@FffzpFlR??SizF&_Gw9!kW7n|)U5CSj9t6_B1$ha*l&7__jN7YAo3_3;FQzz20X|ChRd86
SPWELVmS){2O}X~L3C+Sc#oj(#7&s^5o{VjDB}$ye|Ocy*^W4JJ2w=f8Qa%x>0r02x;@j<8P+3IPL6a#L7VAxU@Xj4x1wZ_R{neey)E7X6VQsC4U~GCAa&zs
_Hx<Mf4Hit&~dy!@6?>kMt=xFzq%)(X+y&pu%gk|<IH3?rgmooTa|!&vmgS&RG61Ov7y?@R<mzmD%3^~&3Ky$i548|r*bIPV;w|0TwuLu<P^JHP@neW$Y7Ws
$ej^J7=W>zA)aDY?%8y*#+m>&XfenZumfjelWJW}tNbDVqhf_eb4QC_rF=@u?*8+Sf8Whu-N3ez)Toqp!qR?zL}v>i()PcjT?P_@K|fuc@}GBuaXGtf;J-vk
6%vN*RJU^|HIw#EfmPVob=mouhbk6aEw7lY+mJ9CCd=%+0!Zimelods5m@qeTUv*4*`?EAs_XrQt!V=sDWeA#8XHF1Z<gZK8~jvxO3~FQz^g0aU5GX(-0W1<
Oj|Y*G{GD`SkO4}JVzYNN-j|Mq};-N8hw&kiE!!@K{w==Wi8M}<VZ3#0{RfN2C;a5EbFe5vHfjXl{y}H5aD(#GIux0TDwWsIGr@pi6m<r8+ly@8J4PmNYjBW
#31~qNh(u{hXF?2v#ZhFAiy3k0E=~f%U{9OL5QJ$pKK||RNWq(V)J~^X=&uX)7+ZO%ITrh>{kbC(x~UO)2u>-zqwOriM;upK*Gw!BzLM8#*`AeTtgQJc#=On
=v&}n=+;|*$bj)@hz_d${jsq>R85J}SxypEa+|0UI#kdbWsu!F1>y<R{7~@YrS)=ooyhAAgB~`k`f^=!Yf37Dx)wac5}82r+pJh7srMM31O<mQSD7`YaG1z0
NrEBbLLLGxly%3lAZDuZVp3lrR;KtbUWU*-sHU&B_6%|YkR;9S88^Ty321PXA=S_bfEyIeWO3dtT|0O(S(U$fK&qs+Sq=_K7vBDDA}t@m(bsNi|JLf|uz0Cr
y6M{fq$sVgX&J17KQou55JIM*S6Hc$v$eQ)E2yx2nm&k@k7f{tm{>l1OVh>A*a_g@t39g;MU`{@R7R&ygJX;-JG6)4qMqQ#?^A}S=T{(e3)d5FPXTDgx^a4h
f7Q$qw52Vof}KA54k1=7E*-*-hMyUKF^09dVy7i3{GIdYyF6KJR~e{(fIjVYe9|_t_w*o2hxF3%TAixRRN3Ie#}15$weK6?un-zg)r(_OFrK#o!5t`edGl7v
(v`W~;3Zv<8i)vW>~o2or=$mg!;`|kjfE>yL%QFeTGpLvaoFJ$`{J#L0yoj~i#j$hS=KKd&fZB4%=3JmYHr&M7`>Mt$n7*v3xKb=^fy|nqkAhGk(B_ZH=8L=
zPct{NiHvc-MNMYrrCpy$e}z4qrVuTj<hV9$P{jKvHFPjOCpl8oCrz8{iI<?qBk5f2gP8?cPHB2hgjEI%=#b*HNG6L?PQ~X&=(dzzZ1yNt^u0~M7|C^z}Xyr
#s-MWb|U{5w~}1@_!vdeWB?@dM3mlnqUfE|?!@w$I)@B1SM%Bb%#8|1<d9w63%SFR7bCH&6WtGukku@D-VD-PtMeY}0sTOl-@Ma?6^fu#ViGO~XkB=4uB%#*
S&|?A_#He1-?Jm?!IFH(s<K{^Khza)MLSSV-S=vAU{1y@dZ!z8EUxbP&E9T^O&+Q6L*~D~%v^pWqk9xn?p|rHIg)pe4nPC5VE}}SAfx*Vg0lAeP91wPMO-D%
FH>Hem;)b8wpGQ{wWez8u%?!5X4JLh@f)Y4F?Z3?)GOvo4&yV<>8NAib9IG$CctrzM1B=)IT_N`5PPEEM5v!Q1t5d!Uk=QV@}$*AW>o_DY|Ws{TC9W7D)%g6
9Vv?lg<gSisUK3ImY~tk>Qr36P!X<8_b1MsH7;6exM`NS)~+S7HPz9fHL;`Ho5Q&{buW%s%-Yz(sk=b;l*$@|EIzvG=Z`r#VnVG&UU2&(<z@UZd=x&q4%?~s
jPbyeL4Jb_MyENVhd4ZtIu&^L-yGt~Ospr-CzQgS$OY=eZg5|~B{OwJiuQebk02F@Sb1@^#;t)!`z%)g=7j6EsODknM)eKnXLG<6$pmCf(UoG|pSVb?$K_z>
63zAcuD$+kVRGv3i-pPc(A=Ari)!9({zH-3Z$u*b{e}LrVZB~EpEVo~2lvyEqHw<pkpumYLWZA&$Pxdq??F(3zG>*us~V<fK#27jB=(Jzpj5i)YkfzyAa|rL
;E&tbskm%MwoUJSjPTi<O&D}rLKYW*>_JKJ9>_pB$Zz<$soNf+;OPSegQm_G6*^Oo8Zqd-fF_#EVs8mWR(tR6pdPAn`z6u0lCLZYjd*kc$vKZ5pG$ov`d*H+
)(5%N+0eztHtz-qbGI3E2T8(Nlwc>2-&6$1Yco1Hoj5qWlZ)>`Ofpqjsv7H3T~%EYTc=#Q(Fn$<;^GOfI*#Ar(B~SV4s;+{lGAEw-LSnNCPxT1oB?#|{8x)v
-5uNQ)DP`B>@wt0Fo$sG&D}E8FSReKPKO^AV4qm+xT%U?k8KhMM{PVb5lMK$xqhW~m3(qPfCx9ARMHa7+-Fj`9^Mk>$_j5QrjlEVy2BWK>4Z!ZPT!4=29dT?
2(h(SuQ;Ku!U$isoVkG#Nmub-%f7yo'''[1:]


# ======================================
# cxrkit/report/page.html
# ======================================

FILES['cxrkit/report/page.html'] = r'''
c-qZd-Etc@mcI8>VA`b_yNaY_yOK&Iic=XUQ<Iv+NyX0iVrohSc7r5F{WlG?WR9(^eT{vRz28UKC)w{D0NrS^TT*<r7q&<o;Nal=p9ApY)46!JQ=*nzwGiLk
sAg|>y4(u8lUAfvp^VrxRUtBIC1x3e0lRCecDoa@wUsidtkq1&GV8{d>rAi2?M^jHXlq2K8<kpJm7<V)eA{ePvk>#AcTYZ^%pLlqkZDty#m*LaB6Lw#jTL5B
-Oj{DZ`%gD&QI>1EPt0(somE~(8Se~CH)b(EVq}5Diaz|GQ*!jf!uT_8>8%H(%Q}Zt0WBXtgYwjU#-5mOkP)|Ri&N3RcYI3yPyAD<vQIbI64C^lT2-7o7=f*
Qt^kfD%Bq@K;M?X6I0GFgt7Zvxe0A)<VMYPnQNYD(ni;Q@yCz;>(x%0ow&OLd@YTdW9JU_rfQ10blh@d9o?lY)Mav`)h%%+BJoydc6XVn8=a~-f0+qgYO7^F
hj?;z`QiXcTIE#(*iIEHLX_+6&f-+f^}+l`L1c|;qPb-???y2h=e-t<$}ba*DT&wt2<8!kW(2p|=4u5N@P|)nuIpN5V8Zg$fu1axjWmTnFvtx(S)O{auB&X1
KM-vWRlH2hwXVZnPocb-PHnP!i&0@K=%W&TaCs`da;OF$>VV){mszq(KQ!0cf_!4^#}lD9q<f9MD!>XOPVUYHsB5Zn%j88MN2G(C2vtJ4F@1Sj({3+T?{_-g
iBj3ys<{?c<+%~BfBM_^-_Bor4fRyULcR0C+Zf2p?QSn1b>l25l_j4-mgZJ9Vy%R2T4PoAN3i5Ye2`paDp`H^p;nD9AfS$5HbzjbI?#am1nrJ+E-;ZW0VI~H
pmi`kC7X12Rh9XkmtdR^=ol4Pv~2T03lAkiHd@YexhAD}Pwu1u>7uMGouh(a@~XO4U_TH+?S)aKS}A-+*<;OhcY**9^gsLZ?Cklcwp=$rQ%0x38Yc|GO44Za
SUO&vSP@EjGoaJ^1Cy-4TAh)lgn<B}voEVWP_45W2`(e23BtqtK)Vdui34b2c|u1C3y5YpMltX&PeB}+q15H-3CzR$P@*cRdPF<Kw%%VRyLkt*at-ZPA1;$Q
?0>m?$xHhQtG~GqqPHhmrcmx9iyE-#2eNdwE^UM-Dp@^s2id&@#hJbd2t5YUEB|p}q29~~Sjel@Yp>xZt;op_HT+eq;m!t_eE}7*ksK}akxZ`b#L_5fh*@Pf
*^L}3l^gvmmGTDAor~xuSO&kTbF*5Swtyb*SKpUn)8;wM%nvN<ZvVmRj*M4l6LetVX}}+=v?GOVOSYK?`-qTwMWLMs1Y|{gM?^2+Sm4jnDr0BM;442q+>)oz
o&)27REBO%lh}-%6xiWWb2h$k*6~vUO}vEgcg%V5@`yRK;1p^HnS2Zh!?QZCtXX&zGm(7r>uYhV?T&MjufGsr8Emz=k@-S=vxY;Ws42FM+Ru=@z+chn3@@o#
WFtzs#7K#}Ew}K{PzA<UR-%CRQqEKgi9c<zE+HaOZD@LdFt2h-WoWJEnz`U_S!GFBti;&yZ1DxLbK5Fou-QWVS(9O(Lv}oUr}Au0#BkKO5W6Y|Vg}1RccVB=
Cz{(`WmI=e>;@AfB{7zx3nbBaBKh1zjuFUCIQ1%NDkp<-O?&dG7s+#Q{D}*Lx6iy$@fh^md4of5rE;S<8yxjl5p>F9^;2L=I7^AM&;is3|HTE-Nk2A9z#}}_
NMPzvUD+!4RyG-+UQU~F>`lTxIDS6d1i-*)1`?kKD<^qwY@6*z`RyT7ymnyr9Q^Tr|MS0$rwmr8ksDNPa}TeNHhv7B<1?Ctiv@hvA;6UmW00nOND0Y>jPk<)
rr5#Iafdg}gTuWZ6EuITzYE!yZS;o)W$ETquF5Uk(Mr5v)ri6{>JE5{_>^afz!0bQTcYKdGpOt44n6qc6rjuRXjH88D!rym2{Su3$E)7;?k;$lrn(h!i;M>B
v&Uf6C2dijgS~Kz&5S&-fm`Nc4Rs9CTBv=C6QoeYtn;hn&{2s{*q2s`LYJ*!eDGhYAq{5Njs!Rb4wSm0uHY0g%Kn>X4&wo0pF0y(E?j#oZG(UKdy4<Oy%N`5
vf2xQJOWTcg=<%5_3@A3Be}QT9i$et)2a0pkL8jl+Hl4^?03aCw<*!rZH&=JZcKQ=W@NDz?sOI<PP7jp&Vt;5ie{1w5+528%H+5X4w@dMi^(xx{*Gk7Ua<0=
{UaiVvwtWuBgSrhnZ+YfeYG^TEV+UNoesbQyxdbw2>dKR63+`c41I)$4YQr<?{t=_@-jgphA{I#|9!kHh<+%lg8>#7{*t|{LQWDVYKQp=>n$`f`Icg@Y}mgF
@@FnzSR+K^uWm%4K<jt{bAhyj`X^Y!dg5~o*Tu2Hl_Rx=Y!pNdCqy_XBg9UWKJZtBe3wEDgS_{#0jm!}gNRj2-I&jhR-9UldS?%ra?cLDdjD{`HtnsCHh)}Z
0D1Pg_8~tQ@-RapO{`aMDxa(0A_0R~X2Mj$rS6ooU6&*uqy^;D=v=0&ny63bS_tl_K+fNELB7uDf5U66VNQshoHrS$SPF?gz6yX|lo=4W@DPlem5Th|25FFL
E@14}%DH&%qBt)v<OT|QE1S$LjtYq>Wgu@dstXP<r3ws%CaA{I;c~)`HLjs@8^C*U%UzNwr8p$wF(KR;HZ=zV(oIf&IHZwQ)ubCV=&I1ju@Z1W-6-~nksC}t
p3m-*1@#4`ea6$$sx9sF*f)xRfqQ9eyC-vQW6@wO8|zy%vB!tAU`#|)Kkx77FJAs56v@Gv4vC2OrwJki8phh^Enl8JpDv+&o2}b7%3faj?MYzaV1qexnsaxD
s=8rg@Kp#0c@lj{SHb9LU+=_+&7kq#3(GR30DtcE-I+~jEt)!qji38kk!%(rd)9x=)y9&=c*WZ<#2a5vL4mTS;t1H5xu$jp8BnP=$om$lx#1d2as(!-6!qnu
HN%V|()bJMT*x1_x-}0ajzh0rORK42HIh{O^Nv91XjeGe{V6w<mnA0&V~)K8PWtvRWA%goB+|CIQTMs>ksTjbe++|iUeQGdg7Odez`aVAI6PargTzUST(i4?
jZl;MXbnhu&2crv>`cq@!UbpbxbS?=!5C3p!wC^DiJCrBr3?dV1E2P9g%~j%yAO`kT#*mQnJ6s}jGA-8OaMx^-6f84S#(OhgVO1rMD;_b49L4~Q_QZu<%C_^
oH_|qB9~RSo0s2FC~)}J(x$ts5<bRZ!V&tRLp46gsbb~q7mevOar(*$@_y}gw2ta-08MGGhp&G5={57TZcwloAfDp`HEJdm_;}OLQD28;=GlGay~P8^t;$Vn
#!Eq*sE1A-x|>3+a`(}d0BN|+sC?=IN=Y^DG2~Hdeq--B?A--mZ+A17TyYdLzGv??bA?n~>PCkOWiD4#zHFsylCI!rNjGQx@hEonU%F`dKy7(gJ(9j4PJ~+{
F54#Nkjl&4%^0g9$7)1vhN#(GWTsq@Cl_ez1pjZ!q_d_07yviP#d_Xibeo8}5iGoko!Z3mCYyMZgHmf4!ny2PQo7=rVQ{5%dFg7r(WaQ20d;;A`e1(KM|gkl
+Px?b``mQp(^NTiLKx}ljn@v?R}LLzgwT$JF4}m6vLT)+{EBy-nk;o$w{A(dA#85XoRsBOCDh*F{!JlagD(=!k1((}J0pASFe5w%Ox(>)$Oa;;!jt6YQ4-f$
OMPbE%Y8{4?I<;Dvig%u+4zps+RgQS`^W%ueWMP0M`H%{jdcdyV|8^o?Okn{ZU6rbC+d@wZLubGV<FZ_Aa4}DDFgg*rZa`+fo<$?n*-y4)biCbv#YnNG}`JL
ZTB!D=xLTY1?tBMPnNmaHNx6Pr$@8<@o4sUU4w2gnfo7CG#uuh5;5L{J0ojL<R4xijnr9)3sAAkq^^*O^ZGhog9JrUFoF|-km2a})LL0n$4oVS8H?ylO;`5+
J|hFq=|zl4Wz%S7sJ%kT6(#NmYSp9ZwYMr4;`Oeo4Bwp$0KRT_wJDX%+^0m{URBq=>*=nMN_ETc0Fd|P`NCcNkv}`i-}`7flI=i?z*&$no)fl4ZQ2~WkdNga
3U$NWTLT;wPK=(CtoJSf^g)j=1h^MfH`N-+0C>N5IWi@poD45SBL2e_ECwGE@h60TB+i4Tl~1fg0kROTc9(;VGM_oQT&BOl%C(|vsT<0NVK6QkC-+b373CWA
b_Q8TN~d>8a(ASI3%hPgcZEg`l&WMD?wZcm9V|qbveUI19}iSgw4%P<rqhb?23k<G8#N-TUKS7JX{Za<4HpLEnOY2=%+;bvtJnRPdlItoZ9gYFZB(wk+Cc5z
9`Y`TAQWAPs>W45j%8?(`d2G+;XEA=IH6pi-qz-t`(42PUgy*cChc2@pUUH#*MTb2hQ^igP#Pom6aCPLC1Zt#vJXg-&p9eX51Epl1FwG6hGhj;i-Yi>OS4P5
)-5#GWRn6t+Wpa&R9o_Z&HjoW3dLnvR24S*hDykjJMl9Vo}cfzD`&QFeo54I;vj;QZ&!10%z4ALa!(D(V_x)4%B0@g9hf&S#Nfr2_~q9(Vm|k~CS&bOl8i?V
>bYu`&c(CG_bpbOJ>Gh8^rWlLDD{S3;2k7@#|b9Ae4?vEr_<al;9Ts!RME`61H`P#-K@b|wup1dO42iuDl~s4vdO<v8*zw{qwMG6`-wWo2MD>FJciJOCY+N^
k9|0kS_a7~m(7-LQn|yi(T$m$U-y&iXTeoGzkf}~Mno|G`M$%(3G<vw51%r30ui2(qCbB~pF?zxp22xL>B>)+L6pIMd<&TG&OCnZ1k<!dUts#%H6-gj)RmeZ
!W8u|M_>o7dq{niRyXbqn!mBDeDj&XEQ5YsE>jh)rLV3v9XgJ_!^~iM-%2l^`rN;Ec28EzmqST6w~)0%q>HV<!hRD|Pz3gzVw{-gyh;QoHxhmQ-DOOIBYudr
!xL;7F2MG1e2L#(J&!IWJ9@*t;uOuqHb&}?)pa21WH{X)zMDL9$>^^P=l#u4K<B&*yZ>bMrg9IYOMbM;$ZvQ1_~{9q<oMPl?jHBI3<pZrT`bJRQ0My1f}W9t
XM$~$&A1md-)3B1qI$1t4+7?O)9uHG7u^NVLUJ7@xUYj5-uQq2^sAR=Utf?5aJ6DkJANOSoGe~#l287+B3AzB)`BQ`63IE0MqRZ{{)t|2(+A>xc)r<FbU2Bm
$?u-a3fXoEM~P~!dl(&VMtCvjCRaL(8}#uFiCjhZfsbDpYY&}i$vQdQI;GU}NYCB+i!K63-0(wFe2BsKb6`MSM3KkPk@VH@L=$v)9(Bgzk2-oMGWBY6n5S`M
?z-A#nzxw}{K{T6{^tnyzO$-P?~K2*a*)Y)Rt%;Znl9x1)2jY1VETR4;f9~_zKT$c_Qol9KIrhrYr4lK<86Mc3-ufBd66I}IsPUqfToz|;j8b;8x222ui9tf
8isyc5gN`o95KdCr)++bt;fVXs@vQJdq}Ue-0%oDtjH^8E)$`kAK)A&Enk*W;z=6snj!r&Sz2=6>)7n@6-t(KYW^-<$p^Xc75uqxiZp8Q`fJr?)$ZiuFMq?$
B5OnP?f1VV{4mI|^W+W#Lc5n%?iql4#|4<XI;1q4doG1ccPO+LB2tWZU6)1XT&s7T6i<J6q<l}-AH7lb#ff_&NG`)Xbn{7<GWA#~u6nH+FYKscFxGBKcPhO$
t@9^++^%I!o{;48_AlSeUw-i=m#)&)1*$jxz!2@OB?7j^KT*9d{43`PW8$m#QCsqmDN}Ob)qDCQS}J_FFq<@#qm6!>oop!)kWp6b-kwp-?SDbR8!WU{g?aWo
GMDfi%$p0nFY}9dbkrz%ZY@vU?<i2hRaQ0h1ph|~rlU0QTIHT!a<7S=76fG^37H@wZ5Q-&IgJXSEk?z3;V<i54B{W~@NXKBK4<KT$b&-qQPYtw{JRbx69>`q
55;^hUe-0jAU7ILX%E*0jWBT1ql&dcewcl-)jzwJZ;Yl(bKG-@D<q-p#UHT=O=axy+KC;ysO-nO-@6Sa!i%{dah<xK@ckdZmzr$'''[1:]


# ======================================
# cxrkit/report/page.js
# ======================================

FILES['cxrkit/report/page.js'] = r'''
c-oy=>vG%175=ZM*r3x0j49~Sq|*^cac#w&xZ}%A<t9I9HnSuaA|eor01HyI<C(rg->^^8@0?u#3lfx7|By)FoIUsJGN>yhDpRHl6HJayPsNQcO`6}1g;^^6
m8x3mEEY14MNy_X!6sspnx(FdNDZSE@>YpVF77IkYqJE3nAZ%dRCE+3b-pmE&P6y9ACH7+pDXZ^^Gt>O-vWhL=)5vwuH&t^5)6sVa~-Funx4%jjPk53<u*!6
y$T(|k4nZ-sW*fZEmW3OqbSkk3%OW&{FlHQgF#lW@`hc*(4;0);7B;pZ?!77H!4#LqsuUe7#NHuy%W&Ufa;Zq^`c&>+(e5~Nuyq5ik`y2B6P>>b7Zy!F>1iO
P<3yvb#6d`^e4vty9V0=N>#w_>Sy>PwC8u3$vA$o#<^E%h2sj!EV6WQ7mUTOTYS|LnPucgXO3HCo*4uQXsR%fWhzg|cfm+pT|p69EmR%@ztyFobEn9O9Vd9m
XV##R!+-~<_1)CEXg2XMOJ(XZXVfT`Mpnv1Ynj!GWvKI5C26i=@zkPtCW|2X3QAszH}z@`6YSF%b(}u!>Y!GI>1$z+h>wj-ofttNe*fKn{_ns46HNAL>M~Yk
kER@p`H*Sufdwmuax@lO_kBL{4U;A!WEsQz5plQQw<Ax$7JSk|A=DnPM8k{}bO=zL5NlE)XQKt;>#rNYwhwp;%oDu46gRMRehWrXrWZ0(*LqdRQibmQ7CHnf
N9=tRIIK{0E`=#!t52f=S2scURGe7JF0F)vzVb=}l@6{2qllt3WMdDN0~?K8Y9d(_h~evHn#KHn(v#^+3l6FwSc3<DLAtK=S`DXCpCPARbs+7=o@s(uwb=&)
dAZn9Yv|ffa(i2_dUftumW6>;uc^#Ir&RL_L_h(Z;+ZYZ#}y}BC1gbve~WH{W-$>ur~V<0kfJJ37vpNFlo1<Uqn#i)7IlVNDNtH)G#9eaXhXU{JDDr+RA?@d
-z=C(zf-t4*>jHd{Yn<$fy%Rguq{2i=ji2reXL|kiDE0sV6)%`Dr3>~0Lo0J)vHXdeut;;t0$*ux`BYjZMpJb^~J^c1%polFGider~jH>{q@Po>=cwM6Ow2n
O4hFc!0YMzIO@X?G{=E>VwJe$kHewT*}qy3THp7}BWzBF9<*?Sa2y;%Ha2W)fq;}h4uazmKtP~eiGI~-9tPu}71_OcU%n@MKN0p@qX;7QXXKzlJkBXVP=D`~
DiC~jexWcx%psbyw3usI#%>0JyF^-viXDswgW#m#M%?R7F0M_Pom}@LRTmgmTt6N&f&Ofh%M}d(`wib};@%Hrf0nKlvOg$vmYQ}R`Jztmh928^JA@62CD+8E
VT6Da7{a_uR|@lAf3h1sL%PCUV{vhIb~f@_p_`$$KT7U74^1OzA@YGSix?7$pBwbtj0fz2&;z!F_9{Oe+ofV1@1M6)#Z=)usnoq%py92c4@|F%?Vdcg{QH!g
$r8}0{P*OSkQpFZuPL5luI_I%tdV7UgE*vM_KJM-g~oxea=A`#CCX9MMl*Yetqn#l*}5TM;6St~5oGVkcGiHXOiPvTIGrVJL>#fFEtkWU#3~(9WB^%JX}mN0
uVkzqJysL)@JMYT`_X8VhWYlKPxy|gt3~wY5j`{F>L((jbyfvKa{xp7N@6hL0iPf+x~`}|J5m7#B}?;)@pfB`L-Nx<3~uCFQ4_wt`3X61Iet-5z+`dvfcd>V
Bg_apVgmGk{^OOyd^`UYa^gA6)kZwe^gNsf@9RV*3ALTBk<4fiB-bIb$xo*M1&EkF{TO97(=u*skzz1{4l2ChA|KJA-T~II%cg_%iX<-8THkpRw;I_{KIfu!
<hRCNb?3<6w&vck>Z4nv-yB^Na}#0nn0EuB{r^BX7Nr^tLb6^z23hI{TwQP=QUi3h-`}dNQJN^0RrSU;x4<TY1@l>%7{s47)EAqQ1n>>vMp4X<aa^jZvLh#@
IW=}ptJtQRMxs|}@DuLp3#$a$`ciMih6e*Gw`tXD<#nEDREELKZH<Nz)>-WN_GKK>>O+U4rL2}NRL`53rs~Y+F`!wC%3EtO+Ngeb@$T8nS2qDE%uo`ViUf9~
iG5QoN}XjdbEAJs)h2X%9Q|$59H}yp@g&D$Df3&J9jrzyO`{xrcVn$$c9gc@pvp?I8Q#t@Ev-SSa|sxf@LgjV_c#!A1lfMB!t~4AF`AK(Q_8}t;14tnG7*@n
gsGALJOs{;N4=IuG`m3QIvcOYd_Ju@rSe<C<!m3Avlew(;tY*iWO~j$p|VOfXNDKK=2*L2yEvsXS88ouLxD6$u{$~c?vLWEz}ozmGyW2MKC4$U&Bgb^x#Xb)
XE#RLI?cYEG|A%bTVx4$#Sa8A6_Ge)x)l`xx-9|v-*4W&i9oSZVMF6-L#@|pFU9f4psaEDQcP!`j=dn0rZ?`Tv6tS5!~qhIj(%=#(yT(+Sm-)8V}U`tN<Zuj
5+6uINFIFvbcq=Z&x|ilMLs$5FQ5=11Pv|P6CC{pf2Sh6z!#=GqNj5Y#BY5nOPNt8B=~D-ko&)t#u5C6j-FT{M((W7<y*()G0dE;rcA6=4E5s-&NzeVnfXfI
hiBtPvlA9><YS)$`@F?QmpN~-pIGeK-soniVDv4H*hp`&H#L^G^QY(2<__#=|DtKwg*z>B@U{)J*5A^56^D*_cYD%Y9ubS_*^EX6F{Qb~zB%VNv}reQF8IyN
Uld;}ncG0Yl83^_ErX(2ESBgfNMY&~NHgq+*ak6?^8=6*be&uoY)W@KJ0TGZiN?6QR_{k^Rj*(ZOhm<{faj8&KaBlI=w&nI6Pcm=tlGQP#zRyL6^XGxqfqzz
Yt}-q`BsB7Car$q=P4u4Y{ZP|;wIz5QHbxaIz_t81xidUp{H2wEjD%-Q}F(h&}M$=0}=}`0Kg9vm8Vv{Oy##`IeanEdKugrw`Gd1Ww!R#`fSqsodG?5r-#Fj
=*x|=_Nkh>`(cUE2Qr|>+Sr@<N#6Y?awR<c_H}z|G7#`C3@pEh_3Q_G<C?Z0l6ZvY{6KN;2ashlCHs!qykj=$m@PURa6gSkL?1Hq*PR8)-PAh8Y=RKptWCI!
(a6iTe&jHIWQr!Yq69ge>vAQt4w`pR#A41?S#wjjn3gcvl>A0s*!fAMQN9)FPowUPPWBEsYj?XJ)5bKInsl9-?LG&pa*ZxyE1qqE5q21Az-#qO9=Z2E_o`5f
G)WhqquQEffNTTs>8i5S<u9eAOP|AJlO59z5J%pP#kY;~G9}AqH?q0oAZ;QYTAo~5vd%J%_oNDLI{R|1ebDA^N=BLcZe+`|XUOjOA>;bTU6~k*KfBG1Y6JD8
Hj`XsX_W8_z(BrO$X?BKKjRdPba;WX2;IVLpWBNmmu;5z4$fy{*xKG!DgP3~p5CdJg9WPN&nDQfDQRBRJOjJsVW^xaS~Xlf3E+lUmBGNR1EY<(5PQXgHBbn#
;L#Tq|F0^p_V;-nmNTg8`6@L%uC0pvCBk4#pFgNX)|oj-dYQ&CFH?!c-r%yz%ECc;)Wwj>xuZ_G%^cj~?5`sH8~oty%>%1Ltc=8@b(w1uPKn=a^x*!mzj|6B
qoS^s{zB12*g>Ir=O2{0Az2kRcONT{H7D_9-k(Nf(EkCA5^UB'''[1:]


# ======================================
# cxrkit/report/page.py
# ======================================

FILES['cxrkit/report/page.py'] = r'''
c-p;MZFAc=lKyP{3M{L(Ol2gF?Y!KM66MO9cxG~yu~V@pQ+pZ}Ly3^Ym?F6ZX~*&Ce)~P$4e-TwGP_?kRj~-5(P%XK9q>G_)J0xa!KT`#6IE@ry58ieR?@8^
qw-9vB3f$<MwPnG%S)rKlWLRKmCAHQ9V*IVWtL@9R3`8|Z!k!<Jbe)v{p^WrZ6dQtlZ9)Rdax?<ty<=3s+U!gXC{aiOJ#>&MQIu>QVSGERkTbaW3+Jqk%^OK
CBsEj5o$N|4ow-TZi*yZyZ+<sM!M@V1$a<IrO|E>eWpm0s-gZ<l6{JfT<a#<rZRaOm6vs4qE$2X7w#D;ZI)4?2X<ed%gdy4An#AkPmbTe`Z+v1efy7*3d1X1
8tgd?yU@Wh&sIr8ui4;lm_=LN10rSwrC#P`+;HRk-P<=8;csW}U!V72^;MMC5pmZ+Zgo{AOEXfYs^gol00$PzP5Loe*QNd%umLF@HtW@j4)jWgCi$XGZ&p#}
>r$Hr@iMQoO2<7ID|{9r&Z{ELtC3no%L-(#AsD*68L0xt52DaT<Fp|SRN3;*idMoMbR#2WaurqjK~O^H;9i%}HTL!pTt)KP%3~cTm<E;MuTVz+eBLtOLJkvy
6T;lK^)DkJae(ZlMqh7qsYgyNi7_}IFa=)_m!#0dqpHGo&{J)|4JdnjcL`Ic?e^bGvj@^&{`BnP=QpQ6jnpfhrXxAfu+pFD#8_&$F&O-O^8Q3kSvUPKTqUUv
!y&042pqgUJN@b8`~u^T4-N*fA+I)3iSve%sC=bzSf)}HIxkYaZxkUEdlac9RwYHb7SnU~?&8haDe#m!AYNh_zx4e7e({&t@7Lq`a6Fzx<1cgiGoC;4hJ$zS
-+VZ}I0^rLe0qBF9uqy=GlAr(EU&;sh-<Y;jMzcQyLwZ}lGtIoHDohkN77_T(uZka4oyroQK`3Tp&2|2yuqup(~FbSi*qdG5B7WyW`N9?H&WgQ`#BuZKy#in
^ag@mW>LzP7Mqs_FK)qEnF;g)Hk=#3*GC73KY(&NEs$W67{u45n}Hr)_P0&4+%%>fyW|0ZNo$CT0NpeGMr+b}@)-gqQ%D+R259F|;Sml4pO7MlT1RCD1O)rm
eye3&UTKHPHZcDF>=p04ASouRImQRffCGfltf`w|U%3X)XocLtMlk#(n=OX!GzCDIilJW;!yYGDB|7f&y3jf%kaPZ!PN=4in4v%C*Q&~ubg0Df@|w&wbB679
ZGe@}7sJEBU=Zt-A~)<?4V*aL8;S5tAYi7NS@ReC2!iG#6^nTSG|A4)ROLwEtlgRerVvv%aW+r=p-#!IPx)u4#xEf;<z%o21tRfb^@7%QVuPSXBFD+vw~cOC
&=;DO1RKgTXnkHnFWZ>GL^np6oYiwr!US?YHz`rzdtUG<Pcq+U`|!P5dAH>7cERmslEpi32#XZOY(spnu2$o}c|%@;pj46p11&|2y-M`8F1?|Q({vgC#B5(0
oZoP;S8DiyjI?jB(%T}%ri_pNy<n}$a7mY7<-L162s0Jyl4k8yNtNm;2yGlrumO!}l4*B%!`(>T+V6n(<Be!4Z+j~7g3pbi^fOzU0d93iLJFRyp4mi4PoIrF
^_`8ag2l5ZpdgR6Z^NrVU@VTn4i1MwoUEbP{H3Lj@jrS*ejF?)d(zfQRwF+Q4_-K7weyIh|51S*u*9~r5!KB_c-cx-EWvV$Vx>oFal_&wA}Ee}WL+(UmYjv0
lpAvG)*BD@tk;_=md^=<|5A&OZVtVX%TZ^PWboqn?{81eg9LOz)^-iDKfZx2*hX2h!jXL)?d#)<<M1oEXPyfKyg7)z7gq#s*mr!u(QaVK0qkO>pal2s35Go#
1)}Wv_@r0K779cBfnwOGu0b7OS|>uCHCvP@6Y7)3A)Lw_g1xU8(>|+EgJ79oCGn1|5_{BFXCL0Y9v}VykLncq7SieI&xJ0NE%efxsILBz?84{78vU)>Qb%)o
41xxn(Q*^!S$YH5e%wwF6#g5G%pUo(e(*3?$*SQ_A~68VE%|aan-53ok$)|&E^tKf;o43*Q%AJzGQ&BqDye{5o9vmGO`^iHYkL140fh0-R~NP{q6$38@^ahb
U)$a1Vw@laC>f>)-|6p9fD5lEPzAJ$khtH4M_nYguaAH=7tVO17I~ifqR5@05RwFiihG!je|-&+e0BEAFUO~^?eRxY5h9}-#0R$fKH7VbFm_?S>H)Tq+@y`t
zX=#th*)~i4b5%>Y2U2f$?4f|<Uhlcx92BwE2dDb&p>it^JS>jdxkHfq%;qL=c|wh?@W+U%y70$-P+)3;&L>}6nwTDP-k9-aw|YI-i1$}BfSvGGY4W5G9hA4
cIqv>DxAeuN14iT^b~i-<~jUd7NcLXe2PKyYuHL2rRa;gHpzN}zCgXsE64`Og1<5(`w9^y#rKr2Axd>#!v%}2>vjgJ8Jetj&lNIQ<ez*ph%!Y0up@nqXb<wB
ws5bh4SqBy1L)#tn4s}fZx>mVqyYy7-U_r6ODL_U@B1Er!Gt3Kln>DlggnO0<wod);vSaPt+iGXpUbq4b;xrYU6cr#t(-58r>tSZrR3tXbvMJVU*ciuCo|H9
-9d}3QCJbs21d^NTO1cQIV(4L$iy*(6+1wXBXjmV`Jy|{ptE-wlOw20N-<$z3)*$#0K5G@BYoKYb(asVo9Q-NC;9;GR{OUL9mj0K+~-}_#2H4{fJs*$3~645
2$i@nga773qF)>fS5N{6(1tDW8i1G`%++6z|2j)4$0TXXgzH}c6}`eVkK!g=m+^o`9}Lxp&Wsz;>`vheBRhnW62DMfg&2-1Ni5?oIte6k4RHz~r?r@6-AfP5
c7<dQT0n?p4@zIrfsnA$S_Bm$$60QAK;3?V>*SD=u4K2L1eHUqA}X!)ftv2HfV-|36lpB!QF5jGux)=Ru{8lBPh8b0Y~Y>MW19+xVmt}7o7?taI|ICNU73eh
209vKAkJ+kO~EMO4&j@%L+wyy4U(s`tE9{`8-O(coo+rBE=I9Z(nny6Q-eEkh8=DDEb)x9hrZEiX2V7=FHODefi#_?!EVrrn@R3GS0*FPx1T{<I`d3kmlDaa
nYB#}q<U3R*y=`HduKBw=j86C^mj6te*V)Y;*^5!8(T(`G=}^XQk$i=?g#A~B-7AWNp3ho#HMEdR+u**4E7wsz9b|}Sd>=wi!3EXrY=%FgO7@+x<^0A)>d`K
qBCh~_6Reha$VDbV9&_U;4GoU5}SdzA0q@d%mce=Y}tkJ93TWlNM>CRhyaVC?IMm;^qGPIx1vwY?qWkBbi_4!Bda1^-J|@X&D>gPH@!+ilLaFFM=<H?#Vh4^
XH433vD3}8!X<Xh`i`m{WX{@^x!qfnDWfH12*_JIL_HKEHoimF0N$crKxQ_&vng@D!8O!u4ZCccS;t4W?wKuI*E0`0>Ei=waT^mhStHWSoO$X!cc}<fZe&y{
9_kiaxx}&fu3ML7UWO&r5_X<Y=E{zl>ZG9&#oL5?)WO|eh6t~B>iE}J>b6s379JvrUpDA@<HB0nHy?-FD;6?Q(qSPj;xGhkfhWP^)xUy@POzPNnIYa~PV)WI
-SR>p{bIP;_x6S*S>r+n<R?nykS+F(WLjwo2!<4Wp;y#gBvz`!4z(Rq|EZ4Goyel4+~T1ELcZ2qaDPZ+V9O2S6NL5M_^+!VR;oK9B|2%g5nT|pQT9~%PlG2T
brAfQdZbdFwHb!`4!zHy&i<3&XrvzV_g6zi7%vLtr|zyOpr+qvD^7b|=5=8t(&(m^Gd6o3O@hQZ956dRbqNuFBQlSkSUS0%Y5ZZ>&LA}0vX*ChQPz6MNjcMJ
vv7&_NEJ-GxNXCldMEU$NK0Jab4$9mL$+Y8o7hO1($=xi@61AP{Z5KS>rv59)-3ZSFG%He84uJg>mIKqtbY<54Bd*DFygZXA<&#}oCr}xLM}B%S*|EapWof7
;oFsMWe0d+7aJ4!AQjCmKqwf5Bwk7O+6$RF`vuzZLT7rFaGn0OMPn&=PU|P7y)W5B#$H~q?`2A!k+41vjv7jUFti9E*H&w~yq5|q7mbC6Yr1S1v874Y*-o_~
pOjN2#YHb#6yo!li{3Pw@5P9{bp?5I2t!_%UB8Ubnp_gcVH8(<8o5b05G5)1GU+_k>qt5oLx;1aPLpVnq&B^1SSt&4hsU>_syBw-w?o2jI`I28{kb9w*ojva
OSwciHnr5vl@@a4z^>rz#1rB9o)y@3Rp}<{C||B9xW{{JEg9QSHt=M6oe{GffGu<PR&s$y7g;&IO7J?_wPX(Vz+{*%=E^AHiF7Z8vrA&xAOV0Gd`m>=%5arr
aR(nY>3A(Z8SmVhjmcCffpUmIFl~t~-bnb>25KZTRBv6;KHYvO1QP=};~y#-&*p=cHOzcMH1oP{$eRasmi)7ZKOhu)R5Hd?fqW2NO{a{Iknh3DO3B!gw0l4(
xDG4@Wx_t&ry|e(JjmR_BPCtK9o2*H>?4SZLT9nhf{KN>ch|_LgqKcy$jY>AD*5t2qOPXSEXZwy|4@$Kxd&-3GVTSwa^c36F$#3l31y~yw`OmX>4Kc1$vl(0
=WPTYX53}#@YfrlCUZe5V=te-acS*!i^J@SC|^jLJp{Id+Jpw3pxino>}W%a(G{>1-4J<G)s19$B+r28nm31M%_8iFpr5<DXN?{34o7Y7(gc8Mo?k-UZh3Dz
uXjzi;$-O7(fRiHJ-rnO-=3YHpPcX99sENyk&)qL?J`XY#cs7I^M$iXxnm@k7X#%Dl>N8zjw`B7lde)3NN%#5<)rxM-+ra4yc>4*<ZjOH)_1;^7d~{e<%~P>
LIWEDs%>0Pl@EEsMecA+SM=Se%yFWuGszUGHe#>n?qs5p*v*{<SZ;C%*L_%`&cU=#ezNYxo?xPgi^9sXt~M4+l2vXhUl(@_#8)#hl1H1!J(PfTVaZ-YvL(4P
989xuqHBgEt2GH#Qc_8jE!&iXI%3Fh)OmDu4<$jU??CpgS5U1WfYD0mPIbqjaM6UmMacJ6WZ}5vL@N+r8D(qj+ohW|hn8IGVDO=OsSbr;;k~nAx9(Dp>Q(Hn
Jo=FeDjT$st(3#Lw&->u)#Tf4MU4A*w60yjZtKs{bAkPq{_Z;XX5@W7&xH>(I8xk09Ql$IK68bM7|Gg0;tewiXONc&aloTH565^G(U^q}GHhTWL4q|gG8&kA
OO;q2@&B(kHnfAlW&T-5l9N+chJZdpy4<WRInAik!SPZ<fuMuKaHKf$hnz}fv_wZ4xV*%3_-chwcrt-_Y%zHBmSv*cDo89G_Mv+8NF9MdOZJXlEs!1oaew!b
scs7GWAnpCEc<t(-Gckq19yV_LMKkD>$~y)wY6ot8dVR83Q1+!?UH1*EeRP#K<Gyj5s^1yhkV&GFxkb<dkiv!@&Ge9X^V$#Y3zS!Om*stE`i`@8@3b{lWO0`
;!_1%ms30PBRuW-jltq?xt~khIO3?Ta(U6o!Td<okZ6QiI(9S9i8<A;t{ZVxnQX&FnlCTSRD8XVffz33w`_l~JfsQKnI%HLAOUr@DB%H#gYJ_mk5q53OA-$E
iC#qW=2DmFv|s3}k|k*^{p{?T>lE%SwQHJ9BzNER%QA@IfQ!|>2R*ir_$XPoB10(bvA8mh<U$ks7_<|{*eMnX>4AVs5ye?x2|8d&4i65Xc3qH3aD>S3uby4d
vc>1Sg^9`+pCD4OY`Li>q~17H`(W^EkC!rjw@fc`ptA6U5^&IST!czFjBqKJaUTiiN0AqT=2*<uoPbs+fc2n<!G0$QWLRsm>3gVNOqo8}Bz4Uu(lJ(t^sK?7
_jpIo+!oy-_xH%#kw-xN9l5u~oY_PB*_G#fT?#vfZ=|aq$7A<2@FQ6*Y)_}!=?29%95%}HtOdok;KBmw{-t4p4c&uoZi<c0j13WFv-VYzJgtN!UHIkx3sV3;
KaiVxLWuYB_w|c|moL7jp_lvg#;f#&Y|BUTbh3RX%|8Bfh57zLMsX|;g^6}bQ;`2vIY__O3)XUZ^UB-Y76{>pPtP&_@l$ja$@8bl#|F)HULzP-=r#bV${X^r
MO1R_$i4q2lIU{Jqjz8W^HLX;`anX;A#f)s?r?~vP;^bG0<+v`_cU!&RRy_8`ZeBAUNJHhJT2@5caRVP17t`Y9Y8l+a4xK}I_}d$*NJ^(%gO13<#_v4s?W}2
ekF^DF-B%UD_Wc+HRm6G8j-$m-kqoQHlxUr@C%p7sbLoP5L*aSU$5`51gUyS@|sbg#?uCS5vlBqjX+`_j`ghqaw>#3Vi<fGA1lT*g!A)#!q#+vibL4vLn%O7
Y~VJNmgd)^4w3eoo&r$F;dGpnp{SxOPe%u-MKwE`-!WJFFL=)9!>M=66Lx>~)aN5<9dYXhV^0t0<48Wff4P5Gd4R`Ut)0R+3y#1yiN>1*$v`&s;8L~s@|M=y
y;vsY5*%NCmX!{9rR9xXshoO8!80rbZM#~(+;@6K_FwpCJ@|dSB38m4MD|GOT3BBrW?%EmH<Qb|1%!dkW2+VPFIpf&qUY8uB0cj!Nwuq%uXn=Pg%K(c$xhW_
WBEHp^#Cz2RMhtl=-$|V2i}k_k@<ql_r|0-Fq=n*M_yw%$bZ=v2=_A$iRbN=6+aqpjZ4?8ib4n*nrjdx?_x$AM#O+-Ct(vxn;dTFxrmK4N~%7w#B=Y|CSo(L
ZLrk#I=*w`OxN6s@dI*F#ZFAJ8i^vLL|%=0i)eYdW=%mnwO&MEap{l8v=yks?LlzxlxxzDpF)e6DE6yE$W;3(zem(?_u~61Ch_@yJCJlt'''[1:]


# ======================================
# cxrkit/report/pictures.py
# ======================================

FILES['cxrkit/report/pictures.py'] = r'''
c-oy<ZFAek5&lg6iYvYpXdu{DWRHg~JCzdIqmC45EXPTQqoI$$kwgsQki$_lqwv4?*}Xdul$Cax8Ji?<`~LFmo}wtaDRa9vsug-J>{5w^tSV);qOAF`kqb2v
O6E&3FRN85WL=2TwnAE~YFp}BtYjl*TY9Ogc`8~BMroOwj&fOxnG#lhRyCA3EhH<8qG&iQSB*AS%w(%xorI@S59da&M6O{>PFmVb&T`?8uVmAd^&%Cw>escZ
bLFTDX=Pr?wuLvIQnm&BOZP`9RI93R42`tQs+<Ml8$7xLyCwPI{b{}J?5x+TW(%>RZXD^&#buzoSRq(LZ}}JVxwM&F7o`p7OC>ELazH?aWk%)N6rItRr)TGv
)1R*2e}9{bo9o+)4;LTL54emX!mP`c<9mysJ|b(^mF?udcaOv2)%ER%>Dj+OoZpJE_;&jI`E&X|L_V(P0y0Gtio)uJLcYwKt{6mX<+c^;x==>E6jx`iB<5>F
be!0hXz*@R+9mOoM&w3OAY`R$#d*K|@$K7-pV@#o%9?r+r6S6HX%<m3yuCWTyu`ur@d?><Q+`nu3Qn|Tp+cFG9&ZFyBf|QoU$VXgjl2hIN=)jWBE@WchN^VQ
$(OoyHeH?GOm8o~KZoj**H3Deq-Z4G8Ce{CcY5_#bj_v~OO(S2LM2|Dh+I{qkldGIX7r|og{rQkSs<M4N^6wdmepOJe>}gW0K8&1Z>?&$3w0y&(sBo~K4@uV
rO<D#V}}3isyRlse^d4NgITL&$gjkWDet9Kqu~J5Ke4O5kd&xgZSewKQV4W!yM&EsP;#-&T>eJlp`==#mc>Z?>*oC3?hQ;wVSIHE($W69md2~7mECCb8Qv-d
#w_z@54>#Oy_43O6u@Csdxs!!TgHW&OVsFeE_18Rc1+!y3<qBMpWsCN9;<vp%Ks8G9OAv8Y{tH)MxmQhj$l3NuxLVUc$bRC=OH8{5l8<JRoU7J$#mL*EO&P<
Qy=!&i-fy2LR}Fp9<|{xTeWH`$Vy#reQHhqDa99s=Mxv*Cpi3x8BrtR$M+Yl*euJ6QlpR{q~B=mp%*Dx!e{tit1mW=`GHi`a;2#Jysw!w`LeXiV?sF>j&wBc
C>rW-2h=ffCrPNZAJFkh>b`~pSf4}0xL-&7j`i}dRD>fkK>=`;fy=Bi3rB6TBRkj(w5SpfJJgp3Af)UdU|v@Q4r4JvF7|+zb|yOl!bn}+t2iNkhhL=EC3QF$
$jVZ2MBgn{Yu)h!Pp@FgF7+=eIaAdx0?)>1OpmdMA~KQ>b4o2jJr;XfXL&T2^i`{cwB^0pvp5=X^ya}NjDx!a=0>+AGebG56sq0ei%C!-eisiBN+lY>BET${
OL#!Ngr9H~Kk<p*${20%<Xk~uB8(`^DI4vaj!DGXil}v5Rx^x>_#iZ?IC_D&4rtC2(EFS`bN=}ulk`(C2+sFwz;{yS@B>6nKY2vje`(ZWx;ABeKsPxMb4RjC
IIk^*;^GbTgb_~}|FBE;uRW?Ite=DY`<TM&WBHX4eDK(aF5Vb;OdZTgD5|Oo-uuvSM^o^!c0He$Unm&e;Ox%Ic4}0`#WS_q2RS)7hfsu<O}A$2T-Ypig=Xsl
f_O+{RS^?Y(p6z2F}}IhV)8NOB`4F3svTjL>l&lg#?fVzz`<D*ajeysTs2n2*SF_XN~!oLtF_|a`xs85&2r00jA)7nxBVaw>kBqWLXsK1kwwJPVUUwTXw;U!
DN5+E_?xI;7`v8;Z}_1LvFN9tJ=)VI;_qVy4kvU#KgH2lkmT^@sgiTt9mQcy>{<Rx-oLhrpzOfKN0I7w9NIf-&1N%vt~6p7R=4P>g4#FF({Xo@eHi{I^gF@B
o%jYkZohFm1J*B07{$Y1h1oAEtv{=Rv5a}i`v6%akfA!mAco&DC=f!UU_&kV#1CA*R8FZu<Huw6(G>lIfy-27O;>=99v@-qK1hxatyqL%*l)ZCBig)nJKAr$
eFkya(6Y#l^7y{gEv1E4E{wbc^Q0Xt*E|m%Vh%>Y1F8#t;Wb2e3FnatDU6_9e`Y@7_7xUz_z6}HCUFu7vzSQ-M&v6d^}Z(Yopj?rrPm~i!4boM)yCXG@g5&}
(1(g47k8XlBlaZ3-G}hLwBcaaW&Od2pXqz6K;U=v(ldh&cD_t{xHaNS9B1CHn@UZ1zYA-g%X!>iT-~Mi=7;VD1Sf9Q@1YS^sC>CkF=w{jHvnCH4=*DrtziDX
mwCFvNNn1;mhtj6;0^9Eni3l!E;TAMjrlRdC2Fy>6kfI$?`rEY8>f8;&T^xhIDVcA{38+Wlc4#K_WirFj@r?Ife^IM<R&sRZps1%|7G0KI52Vf<I(VyEp8kP
2e`)TwV@KOn@qOS7`ctT57^WyE$tovSQPIqoc<~5Fpj;12`&?`^G+OzgEz<MoM+<r<;$?D2S$IF8j<3<V8vV<To0}sPWi7ClCF8a47z(@)4%^=Gg{4*;mkrT
P>6o<Uq;*p3(m<tcIZdCi9hFip+f<l3kZTsIvu-6z_z?9n_w&_;zfc$*=?iflq2-*al)$-CQ=*+6VuLEM9ay=y+q=cfE!MBcKtK$+`f*VRBVuhxR({SF+ql7
e?2{dDScbkV0cZ7%uTeHoi%Ig@2D}MZA>lcz=W}q@WD63>DAf!`#UIb@*%^yT{6URUVxHlrWonud5$YQl6zneOLix8O_B9N`SYY_REyg`p&G3QrOwVs_QiFa
(B;6aq#Z{{IEI;pfEIRQtZc`fH7T-e%N4@yuh*eKA(7U?d)jB>P;gz<j(n8)GZnZOS6qOI3jBNh@}T^9HnW)<Q_>Rf$EFf!MV-8{|K3~W1w3t;!*{;}IPGi)
CgEs5c_X?rju^b35!V~{N4fODeP^>*CkT-)RNSrZh2rOA7X>V?|AaCy{eQat1FRa=_y'''[1:]


# ======================================
# cxrkit/report/plots.py
# ======================================

FILES['cxrkit/report/plots.py'] = r'''
c-pO7`*YhylKxrzE2iK|33Mo!q%A*a(^<uq6W1!X&(bD$M>DJ;ITR6r02TlxF<#x@eqVRb;6YJwyqnan3CyFXr>Fbt$3ULvoh^-8gy-wb<SJPxtum7)S<z8O
&z5SQ>8n^J@yrZVt}o48>0F)u{Dac*Tzz==Lx&&2I0|D!zeS=75KQ&C!5cqkM$b*QpQ~9CCF?8?JkM+Kf8mN&QeonrGUJ{Kb6s3zI&CeoWJNP0Gb_R*&I3K2
DLd$ujv_scOh^5s(=?3FJL=T@b8Wz_%$w^%&mx`Y*qfbGHpz%$L-SncQM~D>ldv$Ej->zhD4e?9SvGsvFS(A_t8_!sh*Q^;LKbMi|I)ckU+L^(o#uLB9Fd>6
#q}0xloYikve{&o#I*VC5rMw0HgSaKTLa_}-H<o@c56@(&Mr(=4qC^vH%W$mY#BRG&QFq=E)qPyTSrmZC1mo8$mlE%R;I|pS;<VAnOT_QY$kZXiA-ke>=I{^
B{O+!*+aa}F2W+fS*}-cIs47W_y2qRZfiu0y|@8q$ERn<uRAJV;%yS^m1zt%mpWQ&QVlo3vWFSPdcL`1Z~#ujY1WwdeHh<08hf0FqJVDnhpOqWS@|r<YT9KM
3sT}sGs(l>&7HH>xmm2E*yNSYIsuC~>+|y2(yVl85Q)xm^Gf9Z&J<Tkc5$3#NtU--Z{DB0KK`hN%Cpw)wLTo39G{&Xqs{m3b-Pdc)4tbH-o07>@JYAJk7#{%
sQFPpee~q1_S!Aj@6iHUq26EUsbK(kTO=^>R7VEt(ot8-5ZEF1elP_#%q<E41T;{=M3K^|2FL!gDAIiJ;K6T;XcMgC@ZcgbQ5?+81Dc*aXm?syVX<T+*<fCB
rHTZ?fgxuXhCpW>7a_=j<Prb{03!>^bY2jgJqivnUiAQB#8qJ!eNNuKJ3i%YA7E>K7yp0UQT=w?zC7xvUT}zi__u79Hfm_MemeU2_v4SJ9rgar<o(%?cqGv#
`RiXVKfL(wmnn(t{&N2GM~~&jNC1&7l1zX#meaw$G!QU{O!C6a1x|})k{bqNY%0OdvwQ&V6O|imJWd>vvLJI3&B}^%x}mpRcKP<*-#hBR{_*zstfPK8`uL6*
yw{ud=Dh_U=;7>f@9|@PoOZk2e%EXLeDv|{(f21ToX@R2P#7rh;2?}IyiRM6X>r3p*P$t>iRg066_9}%?%)3`+zr$M&DiE=Am!9#Hy&?ZUOILQ<Rc840Jw$m
tv*7=?VC>PrgeJuKPSh+iI-oV2MZi50NZ$2F@_S*dfc(p`7+m0K^<Zk+(qL9vNg0nqXq)jfb|M3Bp$R8t_E-;Cfe0egatg$T^*KouiI>n2t;A8#7<-u!VGtt
`FTlAPR8{t^sMZuHpg8#TojQ`QuMviQEs-ovhaLa-0CEsd=<`%C3?ES6KcOE{10w%u-V-#qj$+>b7xOv&P_ZI78!t=B~bEYdzR2}h{(j}%ve8o%$>ZCI>)`>
5$V9|4{xCXy?z(*!rw~g?E?dUH}UW+Tbp)^o78KBDnQ!-sFA@5$_0u%#(<0|EOIpB(4H&k%z$hKO(t4AxADt>71V_<&tZK9nH||@LGI@YK1D{5d6GTO6If$G
W{Dxs6<DXGE{#yZh{!1McM|mM2{U<-wf2|?eoABJ1_;pFbDY>PVUKy>Q9^v0BoXAnLj9sdPLkw8#PK6wQ<s=SaFaxHB@qxfbr=JYh+TH*kvQQ8!7jT6XWh({
FpIFMwI_q5z15nVg^IAeud^A!?ySIJaA#W`ysU9X;iu(mUpVeCOF1OP=m2SMY)l#`I@U!|p(hNVM=!#R@IE$Wn5p!+4r9Vo-kjYGp{sUSY;_{JvZvG9yNL1P
uqmg#bHD+CM`2$05{keZKzkin;f>?M#zq5#pvm0$@DqCk03hHX`#w)*2Lws*3$Kci0*x5U4FSBSxo(hcs}Me+)<6Q{!OB1%YQ)sHCGX!T;=r8`s9Vo9lI6x<
pjo=Nkt6uv0aIkcv0wJL$F050fI`ft=;ULU!DuUiG2%?x{m8dH-&&tQgzcENB`#vZ3}L=)6^oM+zh+Gx<?N)xor5wp7>y`a28DM}4*U>e4^**E(Y1&YjXZ~c
>>98EmqCm`ZA>u&PI!myu^KlZhcwwXkZKVhKH+dXu&ahKf;FIzU5JrowT9jjh9Hn4;2@jfFkp%|s3&XY9!Ee`Zs4<HY-8Cy8}tutyzk?k78}w(&{Mrh*2U1n
JnTkOj)wTn%?eUo%$7lJiiwWWrS`kj$9&rX`Fcu;L(YoK8f1H{w5atGYC{PFMO>_3VG^7c6!*S;PqM@7_k?ZqRxM4rBp!V?d%>y3ki0np5`^%YkZt(cdyT*V
-hhq|fyyg{kp;UO+aM`Q^?oMd0lnSSm%|=K7!x=i$iWvM+g9ox<!b==DCF1*x`TKTW2p_}1xHk&FAQgPQG(+o)Jgb+G3su4_L%$>VZz+h(qf!C$m77_Hz>DO
(@4)QZp%g_3XM*~A>3dkBsdHRsf-wg9!IuKxt%790x?-#7?3TFM<gDcn}SjfLx-ZVDbgVdrGT{H2J(Tcj0TFN^jsyWo`uB*VFX2s(sOUY|9KRxm6mVy-zUo?
qvS)8ebiR$Soh|K@#IoxAsK4!WAzSuYl^pF&ti7Y<{LxF2&}myGh2k$m1n`Pm}8an?n}jjjED}DFn@_`q{A)h)#<4!DYJhs;olwEKDEb%t#!=vZO^es{6K#6
GvXLiu-kh<>fBa?aXCbc%FnzP?yO!0_rH7bpnM|%<Nq|Aph=(SL(F;o{_N=Fq<xzV@ikEXcY`T8^!9iD=+itHf7?#4)#%sfpS<yX5R+jCf<m8q>9t+pHobjp
Z|Ln~WqJB6;=MW8-=4wSbjq^7#IT`vk0;vaYHGVus&y9m_egi;sT||&V1<OI{L!y3$M?T$b5uC=M!(XI_GwGp{i#RWb2EHyvon^4g5t&$9xalcB}f~Gy>|7~
+N;jKQ)&cx!!jufU}Y<SAp!3$F}TSK57Yh6j>b*ft1P5Exli$@oDK&M<#C9r*Kl@VaecRUVudH`7LETU1Al+yR;*Xi%7HjG2Pj+VSc1LWLLr0Qa~oK(e>u+(
{o3quB|49=fff+HAQ0Ifd=*E%NHx``>**8a1-~U>?9;GH4HWPDT6bX_Bz5W~X2huk>ohf)&)|t<mpH>dfZ91*EHTX^CH&0oDNwaApnrVkfHqe+KL+TT;E|OG
bnmO)Bb@vc&g5c3fIdMmInRge*+~&9r-4UNq%Bgmkpiu5(0gdZI_9Tcqp(gnA@u2xMG!Ki5(P^E(oh~ax*m3eZm)x|c4!kv1|Ih4PvrT^sx{fWC!uOKq%6E$
M%`5I<j7;dg~E<P@H|`MEu9B&r}|AM=)5yBuhi*`0tO0Z2=##6;asX^v_O^Q2yH^dDFSVf0bXJ$t@xn$>@+z#ifO2Ac0pl!nQ5)eJk&1!cF6_B+uONAJCMH8
Op#PkiEkq|>iZrCI1}QI<auyF0`)y+ylVB@Y`xh!CcPQqcO<mN$gd|{)AdCsCqRsK%qa+OF@O!M)9J?dXg461BO|dYGbZPaId%e5hkcMr&~sb8R6Pl&1w8gR
KPUI($7!H59iJP&*Krd_s|cF#=uX%{3#$)pddUAugMecfnY7}-1CI|6Df%JZ#&GO(rLSRwsgD(yZY~jBIG?kzf{R$kav1&yZ>gRWCjneHA}XI_WLpMvL=Q@K
8ATCc>bRJ&i_eEbP$XHC3c_rC9p*!hG%F#HNScDMYp@)sS2*RzhCrxcTPEB_r3r*VHKiCRc?&susw>98zDd#M#%Tl*Vq4BwgfT_lw3n~d4x+)yIR(c6C7&sd
Jhl}NImXad!P@|g7022v8hw39TeF!xBh8`H2V2&wpZ*ifOV?9ms!KrqP|Dwdut!nejy$g%&K?bzmXTGIt)u#Q(s5047?u1mZCODIoBSl#J|H!2oH3<ZBbiZ&
e&;l|N3LIP>9-_;Lytljd1i2YM7a)~xYzIYyRvo9$q_j2GYk)_JA@{-0D0|n;l-D_#x$94)H;^^wz1;Ij$*9=c~N%AM5H_#ZGlit$Hp~)5o_WT@zW#^=}tfm
hDykdEY+8)J8pCNl1^uCW_r$R!BC>)yw@$K24viA^*~h(a5U}G#K@0r@|h+-gqdF1u_0UJ?v?&6$tICp{;)Y#cR@blm3&B6+3%=Bu0c3vUZ}o>HS|8*>Uvmq
F)QrOS$=sHp3ub}g8aJ}TDS`+zj0ILM|w4#Ymrw+O{moTnO_FyH(q<!{=&FHu5r6nS)7z8eaHb07MN1^zfVgC3qpwR8y=P#sQC4j9(GAJ8=Vm(9Z&__(xD<2
-QncqGaD|nyb9sbe0Ok#m~BQC$yn-nbh{uCS`(*)^dI5Wpkc4%8a>C|gx2%MOl&0TUz+KiuDWTw&noBiv^*gPaZFZr;f;e32Qcc6zkqdLZQE`$B0Ov3vS{77
^HoA6!@06ne9fjabfyy}SI`U!J?O$^XyxjJBBtjQBA|`90Z4*Vp#6(#inPcSz$w7Jq(T<ms+n&Tu6zVoMY0;waESAeVouA8{9@T6Nx6TUDFz6Hy+OC{Mq@z=
Td7O7a!``%2K|ya-F3BEKYV=q+CmS)@RTCgu3V3Gd(JMhWY(~WrHSSPcQZfYWW9E0N|6BK?|f?nr8SgzX9nj<^KFrC#y6XT`VFW07n>5;qMt3(`uP5pwIK>k
KQ}G0#>UOShM_u^n3l{UcZK39{ghR5D>wUz!;+GKoQwbS@{@)=5(Ka77umX44mh%!>nzioj!NsV%y9L}#uw>qMUo2({5zp!*xjKEIglXJfx<G-hs8z?1yO~`
QlCzVtgNE4H5x{R3EeVVQ?<Sp`y(so1`<eHupp3_I3L4^;Late(Ye!VdqK~6X~4Ce$hLc<+^b&C2EoI{4H=qjTrwHarjD|o7O>{njJ<xeTn?%(>SLZ&&)Vtx
1j134CWSiH@F1PclFM+eUJfh$YY+^=T!w%UMAe0lV>%MG;f>;9Zm~gr;S!Xg@@3`GprihehrlSIa|9JtPosmb8EzqKGk3TzmO;|ybxPc|QIa&uOCwx5bZ_N-
qy$@4qXXJQheEvIh>RZg>3;9V=X$2%4R(ZLWT9S#%{}#L-S7AMDo@QUT!d6^tYdPeUpy&X4gG^IqZwgZn?`Q8?Q-g5!bnK?y0q@wA$#HK=pV!tzf5ks{_Rg)
z6S5M0P2Gy<zS~~K=RR*{d|fq!mjk@xq`FjPY3GePa`N&saTV!Afu7=!BAnZ?fxTRDv49EjW#amwEN4S22@#`;p7g){82e)By-5zu8=sw-yW!*Iq3DByCUPZ
JrD(9+Zg9?H!M(vd#U*{gi|&8jLT;LkboK{)h<og8d;fXEjbL~`Tv<(SLdqvs~6g1P0#CR=Sy!r_9&(E7ijr*0jbntCqbF{r`<Krs^6^DHK=+XZ@uI?obPb*
^jXJEt8Nru59Z?Ehc)dI1>A+%q>rppDJQ<SaevId(!%vl<h2zYS(a-$RV|0^L?%;HTp5fIKP=-oy6d*9SLims?tpC<ANLL$YInO<!V7RM#1bWC?zU^?kp|%%
MH2qhqE;z^N4_h7hIghjq{^q?JfHpj_Kg?dG{e+yOSPocI(l{Xmc9%9@bUQPqm$!zulQr4M&!sfPEO|^lPJ)4Zjx2mDZP-v!>&`=7%}kF#AXo|4b1&*4PW&Y
sQcO(=bwoUsh0xGEV;U=Qm>FcS^~5HRJdMFF(Q2`Ah&!PQ|bOU=5MzM0`N$eXjMwqlp!fKX{79=uHI>abx6INpZ^J@Rcg(zR);xh;s#Fhz?Pf_Y0!iiHFJxb
?vzHnO5nbyU<08RHWFrF+{|O?q9#ef6>H?V%T3y&-nbqqY|$rS?52Gu);?=s?E!tLXF;+dV{aS7yMLPIU>8Zb7QT(^TbfgYbj;0Nk`U&AmSn1@VMGYeIPS0=
GFDcHDZfzRipqaAOs8}VvgIspC$7&7DV_uN=`^{X6v;%#$YC=s&``X#3-KM?A#9f`*sro7`#tBteHlIS()5zbTQPoiWNSOB92EmnwE6RfC*cw1V;)_6Swp1j
S7(M~g_5g%y^-<lUoPK;kgeH|hxr@iHJ$et&8^%$B)|2AFVE#~BwU?v1cT8<k@;?&?UTv<k|T*l?lYyfJp*xJ66Rn(HH;nKGVxxw3x%o;>DU6}ErV{9Vq}^W
k1MhJ?XL@q*lOq&@Pn&wZmWPt)k67Dc!+VNQc^JV-kEc~d&(`d<bNwutgFd4%AY4iL7L5BG;IhuMz{AYuSHzUfV*(KRqNr^uK%i{<ex7w)(_H|>2)(?w;yrW
ZiJmm$&K;&3*|@4CPKvymoge*)X3gn+Clb>$J%F_GG=9Te|8W%md5szs&;VJ`on<gcHnefW9SPZQhz%{s(jCN#~s2h3OfTK>j&-%fyxq>i9(C*jkB2|w5grM
_hCH#a`pF=tr$@E>iy4eUmx_I3Dj{Zs^&!amYx=%p;!TUN6I2F_)8e&NxWZSVJ_P4#@GJJL9p?!$>ky8O+#U(9D+_#)`+R&cr3wPIfik|=3n9lwuZO%U>i1~
N1z<8)+>LsL1MTynf?l(IkmGrgmt<(26QMPA!YfZS{nMRiK)&=nQ#OfyblcrdjC$n<x!&!20u}k@6&&$mc6Yd^;!w*l~bxlBKeS$#)pkW(zQ7q=bbmdAF$D3
UBw%JTmqq1H;K(SLO!nC()?qpVq|O5TV72H^6bR{*`2B)d)w99Fgq;VUrJbH2Puvi*0Io;Wl3KCrJ3B#6R?zDK-d55z-^BM0(-44)y>jxv!2*-!Pb$uX5NY|
i<Vm7=;U&2lFj)uNgi@e*DrqU(Rt{LFrE+Th8USPeaO&!r>p&tKP&DA{l{?EzEJ%}9YV?bbQjonA0P<D+9wED?RNw5_`TbSr8s}f1T{cvph$Sj_s_Hzt-O^|
dY)X;?=XX^-CDvQ<fsnZA0OJQ_ZoM?S%oGfXYok<#Qw-R9)JPy{VhvpjA{M5U4g4j_y2G?Uc-4qyGFG{buIm`=C$;*UF+IX!Y*yPbtiv|qv~#c*Zi??B?orr
W%=V<7wqm7>qx|Z;*k&KlMGU%(oE{t<)!%|;3{*O#%SgS$@~E&CyhHTT0ky@{c<<_g*pG7P-Ur()VMyIK+UI2NbbWrRX%zx`Dk~H)&3ucka$M'''[1:]


# ======================================
# cxrkit/report/report.py
# ======================================

FILES['cxrkit/report/report.py'] = r'''
c-nncQE!|$5PpVVG2*2Vac-Ye?MYR-*H(8;t8}YAtfI((S$u0SvQ0L*UjBP$3<fr>x-V<bjK|-6^La>;WY-8VqSwY<g2Q#s4<ZNYEI9Gtz@225dq>GlWr25<
-_`Ok7-4g$jc$R18M+r16WKxGQLc0+Sdt`h?ER%yN|a9O&N5z<AX~Z+uDDXXP+|<~xoeaxg7Y(O!|?}ml#W&0ai(M`x>DE>#+@^=7%2D8!A6vtP*1TpetQ;H
OSR;>dcVE;`^(plUvi>E@ltk&98N|$aaT5?JldhP!9et!r5afbxjbDt_+v_1hwB5DE6igKEjPzXpODy*?OthTf02thV#hKooI@xx&Uf4E?aiCr_U*GXBl&Z&
ejCT1-@MzxW;wKfbsK-X`LNq<uhE=d%#M6bK%IQ|u-IRp{&~B-d3wpaM`rI2Nfu*Yzct)Z*T<6E!8#}e5L$40Bxr1ZT!|X%J&JUKcNu`?pmfQdxSVCM-;WKt
&3*H4;eWVB9U(~i%ixbcftcKT=Vcrb4!UWA!5Y`9JZ#$PH?jrUA<Sp0&7m;JGR&Q3|61L_&{Ih$C-E91-C(*Y6L#i>7p<L2jpL}+suBhfPdV9Wh$C5ta^onP
guo^tHA7o;Tq>KIb850UstiB*)^EI4SlEZqjP5irnXxWN1uq*Q<H2YIkEU>l-E%bvn`Yka<IwBFGQvgHqeQAGO+wAiA?Z8pIeDX#bj|WG(y7*$u+|A~Q909v
tmCbCV&5s}Q<4Fvp+f59=Fw-2=Iz8q@#qj=IF1MyK6YIRgp3S&Y?}>uXdsjop)`glGtY9T9W2mhL1#=n&?`)RDbJqt6psl)+l;7j*{nh?Qff6i6nF9-yQae_
#_e6Nt$dhxr8r{Hq6|fq{+g$ZnS;_rnq07pB*R}E*~X6qKP<4_K_n=&c4_x|qOhxZxsn6TB|4vConA8ZEEZ)=w**OKIfjLK#KPiPxDWCViM7}abw}$3((I&}
Ya1clnQz2OP|~DST(-$iW*p(Yu15Q6pocVwtCO{`E)4Y5ouzc#$C7P&4J5mK{C;5{{*!&WnsJ^VEDUcc-DYP7v62Kimxe8QelLwVyASgtVt<wd0xH5YN8iRj
0B@|0X8'''[1:]


# ======================================
# cxrkit/report/sentences.py
# ======================================

FILES['cxrkit/report/sentences.py'] = r'''
c-o~}ZExF1lKw3Hie4TT5@#r`J%_o$D(eM;i5HW@OgxC4%PkB;+ZJ0A*A%H^Q&BX6{`)>v)!if|JK4eIgCmmF-PQH-)Ju01MRzNstSK8)&W%;gN;mjp)J88&
qVfi>%xApX<z>Pj=DN<T(q+a^MYU9RrE8N$Q8XOp>rGWRcvG0q!$n=KRkPpZ<x;s1ugm>V-p@bRPkH0t&#Q8gFB7$?tEQS)MVBVk+pMKr8J!h*Y3w;kT5k(%
!B43-d83O&6}fFp)+5h!qtn{VE82>qzy0;+w|BFTH}Buv_Grx~U2JueSEZ+{woQ?n+9t|2+ic&Xt~Nv&Ce?PP>*aP0`SuycMwhj*Ew|OSJms=B^eJuhV`p37
I^UR=>Cz2&rR4&*i<y6QGRkg?mh8Pe_DJk}W!BnL{8+6wy3TC{L-+-|%1cP#ooRMe{d8T|6$#{5o!5!FJrhfR51Sd;R6_q(MK&DXy}kSST3x9~sHf`3oBw(H
W^(ywrI#AZu-1!awO3#WPm8=*+i3Xu!y9Pq$D3b%dHwDU4d3jW71T5d)+Ltn{=>Uy`0i%L^hEbD2i+E;DGl4Sg$KYEz~EYAjcRQaGoP>F1j^>Wf$R~s0-dwr
+iF{rvk+@AM~GN_VOuV3N=tqG>H7Wk?E2?h+SPbCh~8DI6iKO_CYK_U#QF+yFm<U5*%K_P>NB*0fYhR@c>%vJua{d@Z%d^M>>^dsP~qPqx~q6{B41C{p(moF
noPoa^XgNcE$gc{Z{NRCPk3jFKViOfvsaCNVkE$V8ln)B#=hd=-Oan}TWsloE!pjclxebPs-k68Wl@5+Wi_!Yyq<5H$pSXr`})l{Sw3%4lI@e(+wu6Ed;*!~
nTZk=ZOf;!+LiPZcGu*(2(<LBsjA7s?4p>y7cdk28Xkv$p&zRPg7RAVWNKP<WT8{q&f}h6vuWTZkY`?OEq3?{y4|Y^A8WD<1pz<mOmJ<OnMHt}v2&fNcbZsD
{t7Iprx1Vus<<SkZ}O&q^^n!%rFyLO{K>%Sb_BB;WEw`L)>~+-tYDB}wy3HnUUab5^^+xg#SYVdR(Uzz>AD1(rYr|G3-^X5cU-0Jm5qmk+BDm`gjpQe#g1xx
;7N~hr1FK51xx{R<L_>tg~`6S$2kK5?Ds0HIS<${99UyAV%xHHj1Tn8ym}7+uYQWuy|YZfl=$jiraaRT`v_E5V6GgWjRuKrU?U_f)zmNsT9RD2hUD?z&g9Eg
V|mw}=e%50DGxK*jES!>Tn0oU71Dx}A-s41IXavk`;`+laz97$@xZek6BWpaTiyk%bVNTurHr1h67|n*wiFBy-xdE2BilVD-OzL&-rG%)HxKGtH4>bnnPKvW
4&HkurfXg13&296`olZVeoPGZPZ)9(j2K7nR=lPSNDX)x#Lj-4$31UC^yMCQlu$14ARhB^W!UQ&as>D08r}kDHHfsIAf~Z*zJ#0xb_U5eHT-5u2D8`}1th#%
<?~f*X7FEvLMVZ}Ea9g(38_m%z{!rrSYSKmEH8rY0e6GQGXOvfIY=5HK}Mu*>oM7xo0Scz9pU3pLUX#UV9I;>nR2p4z97%ExppjvAlSyqVh^XQ-TOrzcomit
*60s|#%sN-^=5TCJc@Xjhz;Z9$N1dWW2Pgqf{Olok%nXq8jc_7(ljSqNLv(!^#OIGGYLA3$85&{Q_NPo)U=bL^db4<bB2+SaJ51VQ9DWm#TGc`B&tNHAd6^c
Piai*KA*m3^5FnHGXWzB#Sph-1U9@eQGBR5x^xK0eR_k*Kt-_aNH`;}bAR!0><$nRvpZxp<H-EqRu{!yam<bTqa_m_^CUnEc(v-1r%@+jd?+(ynwiOvMT`^-
awH+h4Ne(KTYfDiO*A3GSi~+S5)|Eq$x<In*;@V|s-qP+h~kZK0bI(xPJKN?d}E+!wlIt4WySLQMBRIZ(DU<Ai^q8Ue;5wfcrfGr2Fb6tXdX&0PR7wI8uVy1
IBcV&g-?iR)kM()aT~|1<Y#U0cbnLhRI{R7p{YFVJ1cs5fu0!#sa~-$fkCpwBm`W*6{n>xwB(XQ((ox4l7@-|MC689E2<qszAmNcg#IWn`uM_mm_5w$a>lUU
F&30`vUbdFfDrM*7QW&bvV<g9Y_XNg{&Fkk?UW=oOiK-jc`G^nU_kTcWrs1uSuTqhyj~V+j}w_4^4!3?5VFr_OIdCb-9?0)^AkJqxmLu**?L}9&8g=r*@`;w
{*DKc%<+rDJ$HMODa`+oB$`XEMfs0NF(&#;CrgYV_9b2u->>>0BkXfE_GsKhi>A%Vp5L@v=%^0F#gQ{=Z-ED1%h`)HC+6I(&qzuu+8^8m8Hk^NMsjY}&&aX5
1P}f;rr*Q>{eO%kL&r}70k**WlZHsRerccRD=Sv29tV{Y0{v)S1nPDl2{^XvaXa^;X;9eF1bAl+26xx?qp92$k@?Mo*BN6Hr>a7iD7Q)?Z3)1=-~<WOGe8d0
-4TCetfLVfFya!w6NKm)t1fh2Y>_UEp8-{p;LROs=ox3ew?`i}9IO1762B&}>Ym){6h8W4<fm!}b3%Q`W7%ZGCVL?x4RiE>2tH%gKmJn%_54GE3Zx=4l6Ci@
EtP=;zZ?WGSEylNV26>LWkfpmB4zWI)zjLnQ4DTsv&cV>N0(|89|Ks65waS2?PJSTKV5i7>$`1uQsMT5pEf!V*rQ?LrIf(zd|kbJxN^_X)F`*TZM1$qf|y6g
ZdP%#=re*+i55Ki!H31@m8+iYairSq%6y|^NFaj!_<c;d(Rbf#NIg84OE4x<fy`Dw&AdIHBm}IynF#c>?NBLdvswcfvWg`_C?Q6$&^5(>%FjC4!%^y4u74dC
baII=7QUXT2Ukslxn{PmEETwG#>aBpE0W`vriU}H_2=>F#4|tNOT&f((!Z43*q)#_b5r&(m%fP&Kz_b6%8H}$!3sjpbmTHe5}Cj`px0}J8(O`YQgz$pMUjw@
k*CwjFc0bMj(w@@MC9sgu(L7krh<98w#12XQu;3($@jkmPSd|#f1KT3U%$CM>jf}=nv(YYVKeG&XSCg5QiP7f<;8{i#_MgGUM!C4kK}jSvqs&a&c>~`x$&RB
2PJpJGeV?L*ivJUU3YCX$h&5Ez&02qyRhkckJRmSiA`9KyN!^uy!Nsp2B@l<3ZZmgIX7_QsTD5$$H|0Ki3v$fT*sx9LOz+mHHpA--_W7=Gr8Qf*H)HX@eI6g
1j4{1XOC3+uPO+em=npkApKGhm*^<TrX-oPokU59v_`&!et?iC?i)P&0fhm4aS_s23b}|FHgEDzd9$auYd3(fMLwrTPA@}U@IbAjFO&mBJmBsps8Jm2rl~o`
CA=CXc?A4IL89iZ5)WK)=!9oZA9+=`ZmKsMQ^G%KP$)`Vv`RJk0nfrld-LnBH@9!^uDLSrjYw4QkqVN5%SxmbjucX|5XuH!67o#y!JNrw&zavErgJ$<AZKcR
cS0QU7Y^EO-beEyNs*kLRV^;dhO%8!{g|@>cXS5l!E>uL$*S3G5EGja_{0cKA%HpgR*i|3$1Nnwm8j5mSmPH!B(^W-ZjsCD+F8j#ybh?l?gcsZk_l<uGzi&u
L0l2yYK5sknK^GsI|{BMeA+fQNf5f2e!tu4YLb@<5k&73ijI7Rt}Ae|m$Lz_0^ER(8?`OP-D=OqK6NKdU*7IVAGN*RSCrwg`_+P>rR+A#7Yj-5iu{Q@T~4IL
uQoIJOk$d?s$v}{C*M1A6oQZ?GXZt;XB<}2m9{`X=ndrELS6Tdg+jH4x~yXD*ot!!iZ6T?+Y1<oQ%cj>2#=<95g9D9qKq`@N>%O|O&xl0xW}{eYX*^1BxByY
icARXI%@GG9o2EI!c!iRBrx(yLeztgBfAFYM$vPuFw1G)n6(|ZGq&he2BdljnRoc=Dr;Yl^b%pRg;tp&IA8Mi9Vn(VlD?J!ajm8sQS>p6zQ#dY)e$QJx%#XS
CpNJ16?X$?Y^S_<*HZ_+tP(8p;KO=wuqZn5$vYFjlI-@>L%WdJkrVia`*;w^ZOA=J*N8Zk#`9$<7v9Xvw=j_C5t+8ha!O~&TU-(r$}ZUTUe$bz_<&?eG*T^Q
evE(B3N+;ug#!CUjAZU2?z9<tVmT2?6mp4YK&vZ~)13z!!&ZFG_h`Sw)-?SNxuEE}t6K*~#~2lmbSt7x#PbnMcde&0h{IV2kXmC2h8VJ<=&T-p^);iBgL=kd
$e-^$jQQ_WPWxW~U?xGLOY^u&PAWZzzrAio&wT!H)$N5Smp-MyQIC=*6x|GqmzCrS1^`UVO{kqZ-xBp?_E&{oKV}jhrpo#JdR`jXI`tTb1K%>1zP4-p$c+^_
iJcJzw{PPBYi$2+WlGWf&qvCkifWgrRlX#v^dG{aCqWnqy}G^o@aFGRX>nVq%JjAo`>OtT6y@Oq%$DYC74)ii{3llrDA`5`YWVgAN1Q}(+yZibnZF~pq2&$t
Hsp547<-JR5^^tSztY9<QN07nUpZ5MTZSX^ZHblS7L1#~%298}-V%SxFRF7b5DPHM`HBV??JnW=SB}y?H#9$48`kr@k>=>$0;LN8Chh~@*Qmb2SpgpSI8p-I
f}Ydd&M=4+Aio}%(!C`kxvRGbf`8Lc4y_=ulln*QhR5@pRD#L2-PSbtFfr*|n0`8hyQad&5%;c;xJJE`T@M_<%rRAvzRt3|;o~_X<(pfLHHFuq<ywmBM|n=%
1)3(X*>Wesi`!Ptqi*J_8SrcU6)Rv^0mqyHS=33GFrRZJ3_Anx<r!bpqMIDbtT%vbK2P28aR@O^+ij}q30jASEqCZ_=;Zm+OY?bS>YOfZrH*da^4Lw^A^`_@
_okY!$RMcMBCaW~#<9<5dSFBEru_H*@&PE5GV`;dvYl%i<p0r6rpP9ASxHLv9qq(j9pFlv86)stkL)wD;l8Elz@eggy`Ta~u8@R$QcS7POB7HD_i{qs0zu?1
P;f%pCarWzPxn<gKb4XOsdlRfse8CKk|u$s3mH$eAb|+7+}bP(Gv^yI1Tr0^5-$b7vFYK__~Vu*`tNF0()svz7vEjddB*?dpVW7k7vHBBKYahgf5oY~>qMW!
3t)Z3W|z#MRofC4`<tQIL6^Q*wz|6&(oK&Qx@;jz?kiB@J28pMmHK*(%;t$FmuJ*nP^`_y=;q(JV>GYUYq`q+uUPv#Th@3pmiEmn_2%t++Ekg@aFJ|*Xl`oh
M#-fznZ+eH+~#DDCW@v3aFDr)35d6}F4DO+(Y_SFpy<}Rl0?PD`K!`h|CBRWWd82JUxN-yQDRslR>`R?6AH+{jK=L`iT_wsTF$r$O=-s-Xd}Az$wx2l5*+8H
?q-mrs84`0`bl$0-pY3n=m%zpAR2dc=y^&v)rRmkQPgaYmHLl>Hr!%H2A#MHPHyGxx$8_9zuXx%fjWH3K1t_O^4>K>jwA=Rs}~Ez_RcA@yX8nM^{(yFi^-&@
=CUuk>gPoh$+5TVU^#_TR@iESL_-QkHMoJ#Hq|;x;<MXQf<aX0cp}l&ID(O3K&S7;>HTElMDEvIxL>`KSwELoJk8aTit6T7U6p#J=TEdbqKHE^BXmc)${2<7
_;0!XY%e@sN!`gry(Fz81W((W1aow3gx5H+V)xnIy?G!Ta7W9oqe~yyD%hv^WJNrY{7s-VfIeTHcDMb6hu$UPaj?AD1BR;_`4%?ne3)+22aDI;k^vRjj+*$=
9>D&wjX7o}(36=?TSDb_{b*|G`b&W$OD%gRI|m_ih0S5a*{2_RrAC({mwwt&IL_Ox_Op<|_xd~S3Eyc3u=kyu+_uMFzRkxM(_EXyXUm<vo6qxNOF(k*e1-s|
&MLzg$eQY&jPVVUPTGE2;PJQ9mqdGB8K0Ln1?7!a$$4EZOLU&;^Ixvi1^uCKCn?D9>^YrvnR;scat91?jkAZJ@E{d?xUlFdsuBG^q7&nP0Y+GF3I'''[1:]


# ======================================
# cxrkit/report/tables/__init__.py
# ======================================

FILES['cxrkit/report/tables/__init__.py'] = r'''
c-kF_OA5ds3<dW+#Uty|1N0odK%_y1prWy#+c$JGFf&ASBte%}yMYIcgUZ-(u}*PKYz{%=C@ZpglE>4X3%H#B(;A`tqE6e0X!!u;j~t-'''[1:]


# ======================================
# cxrkit/report/tables/audits.py
# ======================================

FILES['cxrkit/report/tables/audits.py'] = r'''
c-oy>ZExE~68>!eiUol~#D?bC$@S2x=K{VYy#&a$MdP-2Fa%*GE+y7{QAx_O;q!mLXJ&Snq(r+;1H>Ztb#~^N*JTg{mwJ(#Mpdb5*GB1WlC@K{TkBTsbfa{0
Z4#x+M5WcXOd_?>b*mP4{2OtHA6r(fN~+StK@c1tr*&1RWtHb<*=AMQ#Cow*S+S`w|3hnP+BQ<3%<o%ME{z+1TVH2w%v89+Yon7qD@}7aBwkkKGT%0|z8n7I
#ZQ-?MuwW3ETNs;xOcz2`{}>)?>>C|cck9G`}lVL!_Sw4X;?eWR&IE+#@~6V3o{tBsjF3O8o&DzTxv}+7*iYSid$xMZ1TqJ)~5D^6uMom_og&xDYP4LQ5zkp
3pz#<sUNqCJZmuHr)oEtBpbL%-~Vv={=@hGiqspE=lEOY+oFurrSKgm+ty~j<i2uSEKEIoY0WL<+bnf%=2d!pe4Ln6={(2Fgc;gQEk){o>U&5%R43mm5Y}Gt
7PIN`5pZw`Oj){G!ig>gVrmV*)YYy5uIfl-C8MvZ6H_}VZuH80gQu!7+{CN=)w3_&+^MD|04@yHFf^xN=pALLYyw_1OdDu9s!hACOLa9nJ}UIJsT*~!CN<!f
)uu2dadx2_!$^w&x;&Yu*{uQO3n)QWuE33ITQ8~CiVXN~TTBJ~BBEuH<ym_d0R&}RS9v4af*)wcoHQdm_GIvJ=<sqd;=qLHvdj&+iyEj$2o6<d*$@-wW>zS3
4R}oG&y<mJAP)k76~_hGPeX`p#2*nhu{X`~q7n8v5_=fo<)KK+aDW!y9GBsYsN=;+M2dHvSP+JSLjO7-y_wKyrrs!AIh!Da&j=lfxt-#t<wLdG4MwGTrGZfX
nb|XUm}B75xir}zAfKOUx2a;CS#6=Ukg94cwJ~)HD<$SEsdgnbvRMOuc2(UFxPV+YXTT<>B76!<Yot!&FC%pp+H-nf?WqnQht)+W|CRP^43s4&o5GuFRhkw=
T!Xwtb;CG!O$~z{Yu^|rJ5s50btUY_Tij-CZXkd!1Six)55pFQd$nzypr{R?HIORd5U&J7AwKq}fhryLdeYEyMX)=fg+LRLN2<vbBsaQjq2Sbiq{+l%#Gofm
vNVOBlXJkB8=Y@qxAJNS<;+%V(%zn_ni#!YN9uK?f|r3P54Esb@$#`<Kwfwmd8Ea{khZXNroqL}Z`3`He^6KV82b>Zdm8sJQ+lPdvT4=*kXQ%?gb=GA=$MdU
((qa^7DhAr?sHQzW4SYYQ2ZN^+6;Ttx9Uukh*?G=jrC?@%48y9?R=3H=W?C305G&QR4--S2pBHSd0@p6ILQXXr$bb5pU56u5&sWBk&q9Cy>Y%sq^+!Y*_f#F
bMII!QYyf;=IONTbo6j(pjEdl%q*B)REf#e<eulp{Pqz3!I5Na|4{R`$`ff1`EX(x*b#sf@sN|?%@4nPczbg8HTVegt>MkZVw6=~=p3;RHt7uqSR!(aVnHGA
%bIZ3Gi_uD22)Bq>Tn&>Lj^q?U*`4RGW)}ay$~T&ii0{0g!w0I1B_?>bZkS^GS^K*t__BZte!V@>cSmuDjN0MHd%os2m!T~3p@5COE>@o_}H^-beq97V!kt0
c3fp7QWW34%#HRQpN*FoIU6AW>9EEaz9v(Ru5GLGZMlNA6F2X0#3y`73a9RW{P~|BKYV)s?(KuR=K)uzvv^q>Aok%KI*aMG(<{{b)BB5)S6}|U*U_vs8Xn@#
(zBtS1m66C>teCR-t98PDqH3N`xP9BNsUN1s1pop*DzV7&T@O?V$7(=L1dj4=8EK5AK^^=(FC*X>N;f+aWG>WL`5)MgLS9GRq-xD7X|HY4SOc?WX<4!%qnUM
XO{6u64hEKUJ_~6l3rA$3XT>21sD%|B|(HDs$dV3Y}u1{O^S>O2vmb(=NLsLamMK&tYyF0v~|xb>VtFo^hC%5Lje|qO68r<!7yx=6dGnif>Rf9m5t8WvZX}4
LKIKR(6Xg|5vdpPZ&fB%*|8x6PFMw;51<Vy1P_2Zc(TFxHkchdA6L%7>yp4pJ2@kl2KP2cm~?}%9g+M3PNC3u5FJs$t5YmO5~2+zdvwvv@FAQI&c@=)+933F
=w{xr4xIQ-!?o;_#XQ&<_&Dqeo5O2T8><UA?Ux9;AU60$1wsxj<z#BZ<)=a&7o~s*`hR2%|NT>r4a_IUCXSb$9>fmIWTt-!gHxNpc_AW%oKWD}#ix?3UTo!b
wx_ocs5m=4RbTK5umQE1#;56n`b!XXO)~z#clM~US_Ql}TOdY!gCh*=v;9I*Z}e_m<yMb`D&T1($g(^ZuX{{`#(i1m{d<jzTrbJ1lj9h4@Y#I&l`-ERaaGTA
P-By!r2B5^S2B*BI202|4R{tTip8R^9FjlqDc8nq`s$9EWoLLwLXEe^hxXj^lC1eh-lfMMF)e+><oiP&vDOh;hVtA-c7Xps&ef~GIUTW?<a2c7IgxxnC3DU3
rfRY_LuT--px#pSD3V+{<b$H%d60Nc=;JAUb{tbw?1ae51Fi^kRjwBtiWo#94Yp^ak3^ijp(|*$-~xv`S?wgCG#9i4YwQ~VHoF2jGC4HboIit~1iMV0M$AM{
1K<e%(`>R9<`rp5b*)?i(-LmUEm_c7YS;~MiGuuAiZIBhdM_N3Q%w}_oPG$=V(Ym$afoJnE<*DsdqgiXq)#SoJ6!kIc{JqUx{oV!JO{9&S)pHnOBc#lXu1wt
HsFlWMj}+80cID~EkjBSa1F|<0uoB*rZn~H?w}c*t4*$HQOfI<EOijp*Aklz25gi0#np<04!8ksoyM=z2b)mZVWka}$TE|w;xzAbUDs&pL$kv{ZI0KHW6ra3
4o;B%^N9|%elU(IGB`ck4CZ8jM#9y&jc5Pa&}kTK!c7+tP=Al9Zg!zJ+*Jm{T<XyIr~?nviQSg|K%F-rlT)!9>WeEok&j`GgA~oEf#>o8XFcO^DXT%N@}%h*
es$69$z>fnr_l-f(K5eNwkq2?CUumlJOdL4xr%U;;xiuXO5sM_5Ag=Mt1efVw<CAd3&d&rLMO&?d2*4Mg}$qlL71Dz>ecDlS6Hw9Pj;iuzB)UNPhY?K`c-(S
>z;{{iMYLe1%|B9A859(TK;Lx_A7J+A31nr*?5k_-ZDTfLt-dK(M%xUYjby=>tc~;MQv05dv!LGVht&8v#F&v6!_@LHtnlx*Cjf;r(qPEajbdtoD#}pP`L4>
nSRa2H}=al;_MI_4vMGp99oA#&s>+H6}IG{xFXLCsw>XA!<j6zui<VqlzV)DFaVtAUpvUfwZi^~sj?9+izl{b?u=txI#{n+j^&HEv>I8x@Uy~AN3>d!Gdoc7
-bl^oXAHM%<cp-iPmLc9CM-N4H<8uIkX+X*O7%=iW#9ea;+?huJL@TubMO;{0Y-fNl_d1L$hWYEiE47PkT4#k{zX>T@Y?9!turj*3;>4|dQ~FKAv45`pv66B
I?J=EtA*1i4r7@mW{)XcQXtYAiW@jr=UOovamFMJmV`DV5rR`#vKsFZ0-SK#$brm`Z(Eo?NBp*=JDH~Fw{g@hFT=w<ZEW1V$Y-a9z36w)W^OkSph@<c`Kq#?
j%}#8m3Xz4SF5w%U3~cX?rq@erQ?GZI(aG`a|hec#2nykf8P^2()(>pcfSFGSylzY-*8`uZby>g8~Z%C!?jWBh(!1jh=;HkQ=R3FFE+S!5ewWkuG|v`PJ-RF
*k{Y|DT_PEzv&3~Qg^xSvi$v^h{BYtlq;#Reu`!04C+VbQ=&cIMM1aC@DF3gy-;wEmber{Zd-g})3rjRbJ9!1YSKt|gV!Z^FGhbHU>)CkDL<!K9NJM)SGFWP
*b=Xg=v-mib#%pQHsqXz&?-FHRln)kRW!A-6mztPl$z-sMtxULM15VJ5rjPjdD+eC#dmx8<12V$zEcZ@^Y(tt$A1PAq6(bhyU6B`*WZgD;SFG51B$Ad6SP3T
E|HZ}oZq<vXd_qwDR7kRlRu|Dl6<js?zJv#c@n{zx<d%bQ#1ug6n4hyBM6wXxb_7Ek5X=}xwVi|zwQfV>TEZWR8mM}g)c>1uI$@b*5|!MAt+$d4m||P>qO+`
(?}_Vtju20$ak?5%kgl`==ZPKpL6}GRkPjD7Yua!lk2SD0#4KW)`VHh&e^oXTTe1Lox?D<gZoVD73@tB=5~cb1m0rj3Eb3k;0?MV><Y%U)Yb^%{*hTzEubh=
3g|vX1ccR!Ey9q6p*`h*uE0)Z;AUg=wJ$caI#W>qA%w*Gnv$p1)G$WG4Y`<!7<PPpoa!5hjspxsS1pWhlJ<c&=@aa4H69TJN!>d(uD?Iig^huOzmIqhDmuSL
HJz*>)k+`z8i{Lvq99gz_CHU0I;UZ>xJ2G+F$FY{22f8gM5rnBV_dM$q0xR8%uhfm&Zd?7Lx>B?kHD;!ZTvDkglOk^v<h}7ZJzM9LHOilFn{lK<;a=&Dxo-C
TCuMLyY*fF6{0Dy^Zsq9FU-+t`{_F^*Kfdb{a3r(NW8)v?Jmq94m#T52V@8FibIO~gyuP5p^!#AC9UdeUe<!zZ;SZ59NGQuu}>#xRG(YqV5)MoeCo)X^}are
t;UIBA~!?OP4^MqmuKTQ;8JUaYBfHU?{2s?-Ed_or7vq{83AN=z;DoV!r*Z%2Q9hW(8AmZ@AvpKP;4UMK+xe(B*Kp7iO<2twAd9=={^ujTt20a{?oshzYOzH
r?a$SS4ixa5C3e%uO{Q=2EGobtAolP!@v$;ALBAI_6Ucf9P>j3*hVD)tlNDa<!X8z*0%JSm)Ycc32~l~990lLrl|IcvM({a&A=El<vt_!&HKrAuZzeSQD-Z9
kFGJnMiP<mjj1rueRbyd8_7=i)`YJp!{h%0hI$=r'''[1:]


# ======================================
# cxrkit/report/tables/comparison.py
# ======================================

FILES['cxrkit/report/tables/comparison.py'] = r'''
c-pmDTW{Mq7JjyW1tFk_l)6HuGX-`Wq(HAb1r|*($<90&hCxeo%&jeHNjh%e^?%=Up(ILnE}g{|Xe^P3<l(t|=b|WzZsdHWtSA@4EtSa1btR3qWib}Zaw`_n
2(u|@UW!7wZE3!Vl~zImof`=yv!$q{Hb~*;?MTQXr%_mVr(g?ZtCe;(jiP8cT$pk#vhU`bc4;o1OpVG)lUt$JRcV~KzWT?Po7tb2zkj^$(5gGR+DNC%B3&zI
bk?l+tZz3)b%-ld-omjBNmgzOr}7SsQ8eW#tO9}}Q?^56v!z<gn&v|zpON@o7Pkt1_-^e?XSrkX`sH6QZ+`po_3tC`L9JHsw_I)3uoLNEBo=gwSw?fkW<6J?
`{LAh5P4Pqmb!4(Q`k(d)T~?#hr?X8nutS%wk#&%)muJwJRE>dKA{%<niDJ5N)|#HQySJ}Z3&=3wuZ(4NTCB$ZmqZwlj(4<C{1G~x(MtktyzK-2evXw=CH&M
rm*YGl{5Ik*&HrsRIW2n7!bu?Y(g&tnt&48imzp%gj!i87SZmfvomqZbK~^&Vjl_Q!_yWb=JV2WZk4%Hc}g=NG#+lwN)k97FO$luQbiua>tKR^2B@&O=C+V)
m5gXSP*c28MMGkh%5CC_0>w52B;J{k4*2-x$YwR&8hDdnBXG;^&^Y}CF8Tx;<;Jb<b#YsBLf2>n)~A|DH(Qt1jnlKmUc87#4^o8Np}LL=I3#Lhd_?NuUOb0?
kZYO&s~Uh}GIAEQGgJ$^P8@j#Sq}9e2_Lw>F`kKfqBU%RlJ_L7_r$3Dk$4T_UX`V}I7@oVQSiq$M)_!E>|=A_OHQEhjuBmdWTYh4Yu|o=aDFecr39pUjLwUY
1Ow7D%56-+K9BON1qW;4Z4rHHgd)m9>^xe=q5qCTV4egsgnv`<Qk($J$y;@j?7O((jMN1%(}WWA-Gg9~5-VQKBkzg$8(n${j(a<8mnHart53v*q7-xG9Ej3^
j07llh4c!9dk+Y^TBG<d)U8Vc*kRPaH-P&hTS*IYhmB~Q*1i$e!8N4GMXv5NMII~U927-6gn)^Lab7EUOw)ELVJ8fns}(_Kmw7k>sO3GdD_RrTYPS@>z7a0~
I*WzQF(9Sl`s4TrFLlsv1u#OitCY#$N}vdD9_OvaFlQ)!I(|{ER*2mcvFJ*KBe*eX(vljxXTWt}Jt-^k(WYF?DA+$1ZC2X437OxNW6lli>YC)kCktT?;Yhp0
=Td^m379$FurW_)IYB)?A=LL7Nnj&oU2muWH|v;pl3;Y9ZBjgF>aX_Xz4}qKp9`_X!TJ#FK)-k$?Jy$(i@-FZmT;~Y3uPz)IT}@I<8DYL<}jWTbTBXua4>B*
8#QA{1bT8BjKlVZ8Fp~&G-f3OSNIU@M1p2F^KynLS6J=zop$#l!6TK*^g?Ga!r1vlNQGEL>*QXnb+NI6U*}C^>r?5P#ETSSy=FDlBgkHp%cYlBSC`jcZa#6Y
5YlzxPD8(4-qYPip`h2&-0Gr<=ckh(_lh~XCnO$zMh;M{(=dKH?a<aiOHn5RMLy9Y9oFh$C+p9WmfER6`t;h0KI+8FNgWgLULaRdzk5N1LvZ~lnYOE6w#(@P
4@68|<m!9EGN5PhIwVI)C;%0Om*pLR8lcR$i=Xivz{VLv4GR2DLw-<{W-V91cc1_!nZfom0BjBE1!`+JC`vF#HhcmU4qyz63vdqCgc&Me$cNa@2v<C%h5Dn&
kAvqp*b8jW$Cm9<p_)Na-RKhyh5r`;umWK`SMVUt5{fOjAkZ2P1zHnJeY?ap9AeIrRD7y0>tjmbjSw&_g$v-iJr+DAuw|N!j~Md)T(}Y<6tG5uaPk|1y%Q@X
;i9`%E#uLiG>XoPfwETCj<kidEX1|=aQVlVkFS3EwZjeK$c{CNwEUEc%R^%yGmtM8f_@k&&ku}0B&|0|1?nG#Zb`2@OoNY<AIUyYnMIwImD6j8PC6TbdNaAP
s9CX<R#ZCs1|^8JBz)dHjSdqk@+?flK>T&;gy*AkfaXtd8nU8pe1iZ^#s|fOmnsBR;Wia)=-m(2vVWnS!wOKs#b*gXR!81`X!{G{$>-r3ERM2vIPKj(KX3*A
ibsAp9#w>M1h&<zwb|LST&;bes6t2XPN4BMlaA*8*C_HF#P<AFcb<`=x=R?r2Q#a03zg3xp_5D|H(7A8<`k}Vs6dY^&|bxdR0J({dRPwfnWmh}xrQwIe#QU;
HAvFLwZrMO5O2j#9Mb4WUm+(C1e~j@KZ05z`r3U3b>mMp3gE>LfEoab$zj?NuNWM-ikYDVBTfj$AKPpO-G>nETmT<rSirzhu%!|SFbh%AL0%2E=`AE}j1l96
F^YNv@o#7wj1L_Qe8dUIWd3Ccr8+DM&pA{)Gz}1OU;31d(e&s7S=@)gzy}()G)j5o@%vy%;C)ijNRz=n&^x2F>;U8OIJZP;3l2U3*HqA8-hapxN56Btg0xE?
+S+Cx;vgLh@-9&mjDJBn-cK)1k7Nw&2Te}EwmCh(QNlAcECh3clamJk%JvWn&4Me(Cm{16^?wXA|3tBG%gqYQt_;etpy5d>0aM)+JeB`2OoD?iz)*8BzVMJk
yy4WqV0V!=n$cs72eTB31q3WwocfjlztrJ5e8Z;A>od;rG3V++>EuZS6{pNhrzshCPUt0O$+U|<9J|5YYpX&P^V0T-od5NisJl0QxJguk{rhNhP5Wbl#Y?D)
-YzxB$$3NaT7+WTYm12>CnQ$^U-;XZcrl_X5Iq%aHgxGNIfWAn7NKW>(y&Md=f!294RG5#%xnVx`tl(E<M68OncK37%X}cgZ_hI!HOXWFx5vAnRc#!a-v7}l
*(y;Zhwe~|*C*82@d*6k*-qIBupA%9zN;_(L%m+|Of*$?%y*%305!Kt6?nR=dnlA@!=~(%=xILC`_^$2`qNHJ8GX;+z7tr71K%?~1=ZVLQ<@zz>`4a=dve^7
_!-3aGU_{Uz(L*rPXW7|XRHX4Rw1>k(t^F1>`oxArT>E186#WCeoEDFy;#~=ZJ5kf_n;?^tyRPDL+(E2j~+)<(m>gha;z!wz=x<Kh|j(iWj70`jsPdZrO4ky
Ye78C{#2fDOD`I=#~unaT)`r2SiHCh53RpAbdCTI-?cQjMdvV<<61hSzdsgtFv_uY@9+zQcbfgUwVBf7VDkAv7T@hLbqhuAFhO09$PtDsk0<1}c4I1FL_x8o
))nR(V7ay~QF1MB%L34ie2I9&z!ZKC5l?^k!L9;`8%hpjb3%pA#5#lh05kQKPcy)yQ#fb0e>#$);{&r7qSMHkHFxzbonB2y%ju&JF*e}{=+pl>o*nj!I$zx4
UYjjR`J)^&0z0C4(bucPR#bYcT-@6^>`Qg|nfqCZ{P3=iasu+cm6-b`eV)9{?;_G*G#1{<A~Z92oy2hW2^~!=;_DnjM;syc(|_OMnWG+P^^^x>JFxfmUVroL
Sp31q(tg5q)$aq>#XtN76yq(MzD-y<|6uOLNJrGqEe%7TdPe(mS{K5PR)uwy{MSq4>F`)W$2ODjr{=iZ_YB5Rzo%Xn@Ko7u=7!0Y??AruiQ)UvVckYwZo2(Q
8VEX)G*F2+aG7Q-xNcKy9i2`1tHZH8=Uv#v)HZy3e=Pr@E+tgaub<bnq>Of<ARK@fV1VdB2{x({@%BQz;Sdpt&uUwLgj!(j;!W4*P4EocV%nC;iazGBv>~({
+j;-6<&Utq-Z*T?wU9fbijBYHLUf`xM00A#bqQ7dy|>>-?0@0gpEqeP6kiK$gMO8{k{jCfy((^X3AW*<urlxVFMY4_dHu<B2g2STYqiz5g2^R|u9syd!~X)S
L#y%'''[1:]


# ======================================
# cxrkit/report/tables/data.py
# ======================================

FILES['cxrkit/report/tables/data.py'] = r'''
c-pO4OK;;g5I)<#g4M-Rst8Si9_qkFx0?VBkaml;yNg0K1Vy4^HL_?(bR5_4fA2g<N`CELdPyjHI5V92=9`f`&zq%Bm28D7gkDIIr#c<eYLjk7(WoUov})aC
Af**QuBuYEp-AgoY!;~o;Z{_#&_b=X+1*B-=M9IXB2!f*GhM2>73FfJ8ZF+db**J{@_Up%Wme_^1kgJcLf5h?ZCmM-xGk2@+f`XV+aDiGJYHEB-kO(EM|i>t
wCm+EZMG-BN6WM>3)yNb_?vk?m270Dn%w#G`0khc$K>;ek9X6MAK?G=kH?3Z-J}Qj|B((JC|ot_xsk0?mQjQbWg3Y;MVfLJtx{deTDueL`lVKz`rrhMx~R*l
3L*B@dRd2J)&=*hbiH0a$tKC*kbng9<8U~g{dxCS^6BCJ^HfZPH$y<^b-opgG#7ubzyIzgOU1H$)9Xeeu2!mrOq8lY_@uR2gTjqbT&0vL@mk7FOA7J`pfmj0
<<|!%|CRM*)~sbPq%ASkay1?f0A=sMzFhSoJZcfYk<g{C<SmDC4A)AZWqT`DX`|b*i2V&FFXW$tIWCq<Rb%FhvT60Lcq!|AEMDYFhXif#o3PK=9+3JmSZ{^{
Yope~fiX~(t&a72Rmm7cLi}w$9}ZZlfoJTYb}tkj=*NGg-<!krb6JR@QXAjmaqN&7i0hwNJw{>9VVIe!?ZqMF5~dpM*YQGC`C&2BjRx{nHe0=bDhkEAl{w_s
8n;*vyB(Cki?2#hIk6?}o4ShH1%N1NWZJ6Q=hJ~GAcVYzaEQ*HC=0V6l`R}vs#lpOpnDq(2MYXb{udLq($);!54ozhcWN4ug_bGMz6YlA6Iz6{RkHRwOF`&7
HHumCqH964gd#~8e?A;%R0Mz)aGE0wNoH@NbhVOo?z2ber!Y=?!bwM3>9q0#F`0-PA*)sj&t%F9hex9B`PdgkW)Pe=pO-};8(<-^Dl@G3Gtm&&Czj&5yJJ9i
<P=}Hqirpqn&mo0NrsZS&-;CE&*;IF8~1RD$E)-Sf@2>$mkL|zm?&m#bWRls?*bxBA`f#)sOqq6geR;E(n)u<N)UatLe&FD=M(a9=j!aaQR`J3TZ|%$C1pN8
vTU{PF;fGgHl$~#6(|4`OBgYo!nbDvgAgn1p^DQ0_F7rY7vf+#HIUdV8`9pUC0eT<xz-RJ#=4OJoSI0yHN0ojN~{W0YRU<Dbl#EQF}IFUSBuHvbB9QdEo(eJ
OlS9ZVmx=I&xjui2jW}d$A01M@V;my*o!7@BxV5F2VoCK*kQ^{Vj2tPh7JUC1_n4t(T?YVy{!qEq1dsTd}5vxzI<hNzQ>LRD5UfVB*sD)^w{qWEioOL8^>Go
$c)O`Kn2e=wm}&Rywsy;#K5$u4YBClR2I`AXlsGMA<w%n@#Jv}+6T52S^82f9-r&ir8zk<u3%-FhId|9XRT9$2k@Xv03z%#`e5K(8i;Prhjq|3RMhsQRAp7>
koz)&VJT5XaLGTcenbl2C2=E-Rf0nn&M_XgJz@dxoO8&m$49}qtRVt;+Azr3vv>(ixaAHclNkRDaQ^g-pCRpB#XMH}uW1Fd9jT)wYV$3*m=k^GzT&9crUjHj
`Vz}AM$Q-^!&<&+wty=%z=7hU=yibAgu^k0AN}T0+4tB3kMw~y-lg#m#^}a6P8;Mn4GK8UnU>?d|M2PI?)v6OT-T~urWLN(cU(E<<%?LmG!nB}yJfP#yImnu
rCCSYYgJqqWwj*T4>b4UTqx6QVGtit|EIf#0<-1F=pce-itY0d#*!z_U)2VSY%97Z10z2HgI^B8<ig63J1}h35Fs;e8p$fnUT{7$eb1oH=sW|kJq#2(&)WkE
Y$Ky&(;$JcHVTm?Omqy$NVtnxe-}n&Z%3<fxM%NoR!_J$-YeHS1y%<2QhwzA+0~SdCXOx%j3i$rNbVw7^~{L2|C}fY?Tc&l@&4WP!|ziF!;9Qbs&x63r<lsI
@M)%1oA?IE{2CYE&8gEG8s>Unn>eiY%hE>0ycJRWX&oBmgr?<jKOwj02X$kS%0GI6edFwvk=x;SGS5`e37qlv*F5<_ddw@af7ob^b5}{vA+Rta)g$QBc6<!G
PZJlgPvw@h06Q$PGdT-gLVHcx4JEMP!uY%>q0mShy(my?VF*Emgsv3nO*RCVP<#V(boUj-hnx!emR0LqCZs9oeQ?q4r5jaqHEDdQgX9A0Ay%hteLohv%l%;F
usgccMvrFO!wwhhacDf#(uT;acq49T=CHXLbYhJ!%bQX!nC*lYe5H*8NH8`NKm>hzkXj>q9K;IZn7$(CVWM^;KtuG8Dr?_nFECfG<!FB^b|_|we23o-AQL0J
DZ2fQdx09^cdk)~C-Ee+6oO*kxY4rb5L|el$P*?l^y1cfftd>Sk=VgK@L%tX%HDGmu*($n!}c=Zj6tM&)(`2YGkd`$19$Vf&f1$x?Zn6y4&Oq5fNJ~?4~f})'''[1:]


# ======================================
# cxrkit/report/tables/elsewhere.py
# ======================================

FILES['cxrkit/report/tables/elsewhere.py'] = r'''
c-oa(TW{mW6@Hd}#ehX%GRq~rN&67FD&TIMWYNZ6>^jYZAP6IBBr&E)l|$JURQ>m!+mJ(AT5kfxE6w%X&v(u!2!eY(&y7{(Qa!D8t+cXfSs9gC^;A~%TFuSA
EEX!OVa-#amRY{BBb61ksS2Gd4RhvMzR+Z>=6hv#^Ho*uwlOVu%HW{K%sj!@m7yVPp4Hmq3)u5)7D*5U!{M?jH!3aj+@y6@7B<oIRArkj(4jt?|L#nY8n^1X
ddTWT?-uaaU1r_lpKgA?`Fub7czyrj=Jx(`tbYD<_uI$W-A|p(X<00@mD^+2@OM_|jp-~}=vuoa8(pXCtXOpxm`9!OG}4=FOkHJZOGUQYRo&CJRk^B+ZI-0v
4g|UAtg-3ZY??c-kwcK_jmY>@2}1lCx&4fK>g=ppm9q2p?*5k#w?D_~y~%U<Tjsk>5i8Pn3}Q#(W+}}TyUpBG-7ht0bvXR>4&-?E@#a>I)pvg#f|`H;vKFoA
I#r|9*cx;S!&_63DnH!b-+a2g{x|FjoT-dh-{r0jhM%tQZ$86h7+6!-tj->@dLP6puv?R6%Pf_zdY1;#a5!8TxG>LW<uW9dg9Wl+)c@3NS(r$@{fEjkTTh6+
>1a3rGVa$#)s1;~t(583g`)G+T3b~iXUno84hGqhr!2Yx-T`M0DpT*OLQST_<|9i1wuwBlLWLRdv@kP}$;{-|JgrS-gzzYCe8ak-NWo>aJ3$(z!Z3)YMw7R%
@oei#IKFN+5k*F)>y~e8>Jd9RjTfc{4}VY(#%xg>KqGTbasb`%tx2;V4xCJhRuK&HMzW|&Q0$mK;<e~RD2GLs)(INugW1~<j!kF=m%tZXfmcN+*m6m(hlk))
ZwcPnY#)#5f+_AQaEI)jT;dQbcdVAd0SAvGbr2^DVRZryaDhuMq9fWwXKo8#4AKK<yO58tDpm)YE6GZY9mTW}#I;fH@BZ`Q$G7i(0GSQaa+?_v8+;iogRAb@
JUy$-rhGIDxB&+C7yK_w2sv=7s&>VN7iyJkfjA68F>A1?0LAh0P*w*ja1g=&i%P>8D2OWz>Uy&U<Alg8tP%Hk2+u5Ls3%~qIou!jjz(1{dJB%e2tmd~<MBY3
9S=;<F;RyLb&>p0W<|Ks+i><^wsq|E6h+6wY@@3O7EN>n4|m>#r;GKwC7}0_AN|Pe!Q$EAe*q)e=wdIzqPPTht~8{uqEzT-kZjPLv`RIGH<qKqJ<bEb!L@ym
EHtod+&m_OgJ6Z8OwoYHB^aPH6lKkW$wLA9^5O#?Gl#>CVGXFs;oaq>`c{_bz*2I#MBDO**V$@K<5N<C3~D>02nuPYRfF6EC;xMgR+Cj~3(mGf#&RUDb1-Ho
Lno_m4nmi+H#m?*hs@pmcK`Xqk2f47&=^HRfCV5rsJhZw0fq*tE^t~x)xM&myTY`hrpU;s!9~U^MgO4HsWjJ+9hrwrq7nfLat&QezJZ7h%7n<kDwELBrf>>2
x`J$78xl)ID#TG2&Hy{4t>QQxg6k9O;KjJqWiDJAzu3$pi>ln>H;C)O^>6Qi7?aCQZOnM}0_4mlUM}oicV?b0_ePNjKcONq)_nE#ZSFmNeSe;>Z%3nE0tcCs
x??4N6sx?nbiD^MLZ*$aG*;hJhLJJSkC;8W8+{MRpLqpl2;mJ>j0B;>@xbJ}Y0nMA2DWapVrQGw2uT77JA$A3gb{x^0<P~NKG&ssIg36^)6<BYmIuG=vz(X+
avUxIfq>au;9geESY6Nn?Yq$GLcO6G&Q~l@_*}FQT>KYY>L7Ba`8IDC#x`!>c<vW4iUS(t#ssL?k#Bt105^2g6{5ShK!B?PV74GSa2LkpCX+m|S5sv`-fYP(
TJ$kuTtj~ly-ufsE*wv>`eV0P83Y|CQA+HFDF@qxS2H^C!@_Bl(plj_5qC#}SXdOXIs;uAnj|1}&ILvL-+^Q=eDy+C<44SnU>?35U{B-7v6^^LK4h*z29MbS
tVq5VWwikwI;g+1G(sGOYH)d;bPzhjg{<Y^{Sh#F4dyitgqQ%1{dOk)Coq^}rF^DH(tI<i!41sS6dCoT*RqJ>9<Tt=zdSMcQL2qeJuwh+?D5-)&&2STId<st
*yXV0&*$z8ZvzQ_lbOv{kVhr(MZItqx|G7)cB6hj<jM$M_9_#-;Md~`iQ`%^3~<1GV$xk`!%7}#1dqjV?8+j{FVEzSUwb9D1TcWua#umQ()I!Zy0FU$O~lFx
&Lag$XGW#oji!KmzCXtaih8@7Lu6S4y(n!76zyPJ<~05*h0cg@zL;Le#G2jU<3<y-=v!QGN!R#JsZD!?rU2AxwJ8?{%>2+E#qb-M^y>K&)SQ))XP;!e$QXAD
!aA$5QE*>jRt_(d%UHcjE+aNqnk4xV>gnN*mxVlF?`&RCn?#waDysnbPU$A9n&i@;iK)aIS*CbZvm#)kqIRe$#AF7z0rNCcjRn*xVT3D1*2X~I-B#sX&$Apz
R8T-+i6FN_Mzh8&>=h)3<r0z=R^gDaAC3CqZ|WQ6lDkdRwR*uC+qU-hLeT**LS3TYtUx8O+vU%0SK>+qLnZ$O0CE=wO~SgxT!H`(j$z)FfFP*)?39p_hB3=x
>rFZyGOu#8tPz&QB$k&&X5v$FEloi>VGT8!Rg2Pa3;-!Un)Yl54?upfD6>Xe0Qd;!X~_~`JJz(eX7}6bsz&Z?xiRR@EAq7%ov<SvSDO>HId#zT9I(uwtsM!d
gh2x^(Cqq%rPH?bF_I@Nyth?d5@5O^Go=Irf6=sDQ>w`X;AA7|_{B;r7NW8nd(pEYSTkzdNWTA`$qQU_oTvm|qI1p%LSiS|oFWKmas8u~^O)@z8$Eae$p%X5
ZLU+S)u>afvGs+p?h@hgyQXvIsBVj8ALO6tsC8n~a3Hn7w`Ba-CM0mp;j}rGqOy<3`E!hMEqD{K{M;UpU$@SXZv^k<GlKc3H7J+MXam*;*stNP2GSKto$fZj
0R3_i+%Wbp!&}Dwjjr9-YYU!3;n&K+Ouvm6bK3)SBz^bB55TFZ<`&G=fb6)n{;?04yGVLCI00x!g4F0LY0|Y__y(?#>S)XZY5d(eBISBCddfUAnq((nyhjZq
<u?_%b&Mmz75!_c?Llumh(#=8w4ZrlI(l`xpSV}1)^%Nl9s-vnNS`?g5^$cmD21ViVRk!o?$VQp?Mt1E4jhHgEYSHLTb=xw{xYf~mN2`M+p;e?T_BZC4+y#_
r~3$?DOC@&`xu-<15P)uwet}w@D7e5m;i{bX><D<|9VQ(etzu|@@I|`PMSP&>ZFzp4^W6A&(f{u*m6gy&G)nf{(*V-;?%*B9754e_n}i87J{;~UpAh1F$7N@
!dV9QWvQ0tX{2_=0>a&)_X6fIPAyVuvteI&q3wDEG!>k4kvND&)aBzB0fmn!pf}#Ps`P>Yh&2G15ICjf268yQI@JO>1pef?V#zs-@@r3-qti%?D}^thofwi0
API<S^%XV(5xH1bPiSe$UY(&AyU-q~)M!l9-IANg@`~soAH*dP!OI6V*9+8B3g8ISI-od)3N024pvDGEQ~#o-6&Y07MHt|rZ4P0>iH-?n5iuj_7DWVXT6jD;
4UZ+7lBcuLgI)Xu^-Ie|9(qqmjnGwAQ0JR0%{CygeZk3y?u-mh7b_FyrU-=&ey2hc$<S8Nh~b<`HpRT=mxPLK8D}`(_g{RbE(3WSPG|>M@AH&tz>l~CNt^bM
fOIvH&F44up<&}b=+?iZY*3rnMw*N6(K?)`Ao8nsTiEFM_W@u`kDX%_53!{FK32_RX@d@X`E2C9+;VOkVVm3sVS=2-s+)Ew4?+}oUOZNZPOKeq)1jM&dI4D0
^b*r?I3Ob*w~WKpAzm1xGltDD>C%Rg2a!&p)|1^^uEA@LQvAGumtsKlM%{t<lD;nGMXN!DEK_=fhs^%xT9p`%`VC5{0k%4;Z1bka&%*SMl09@EM0;RJ;F8e8
Xo-N4c_NSXIp#~6W<*<ri$h^>mxJ1O328g{GVZO5+Lj2;U~xt51lMSy%K-W8Ea(l<qU37=j+p3h7cQQW;cy3yzDtu350mER*FqEbBZ&k=zu<oAT;2;X_-{?c
FMeI%!{*j!6`%Y$dq@vsi9aEE(Z@sCx)v5<ouX|E_xitH!vQFG5mZU%AQ(`THx1b@CIjM@#0e1eVzub#wY7LC=ezEP&LTFQ6BFIEi2B6x3|4o^_p@++QLj<*
(Yb<db1r&`_EULG)jWPupiCDv;-2T=P0ceRdJJk9+*MmnwOStc01*_B%g?tPxMRR;H+s)q7-=AslH$B_UEP=bPDx#b9oRYhH)Z;fdi$0nO&t;XEs{0Q(nd)2
mM|v16d~xbX!q>{=xaY=Lb0er(RAAj3AFfwfo|kUf_`FZwJ$`R>^Xd0$`NlzUl`Hb2L3#RI<eF4v+R3XNSv^j(31@Ux(&V<A+eQvl)-d5YJP(?p|seZi?1^l
q5^~=ddGoyuz@@gs|T|m=Xx_=XoX`V6~4uPC+{GA(}&BcmrQ~y6)-e{Fhgt{Rmi`hI7a;FN276Dcp+U8hTZ@nY%u&kR|6V$'''[1:]


# ======================================
# cxrkit/report/tables/networks.py
# ======================================

FILES['cxrkit/report/tables/networks.py'] = r'''
c-o~}+iu%P5`DJ5qCsHSq(XDz%mq92dKQ`7fxsEWp3Q?G2$a;cIHpK~q~dtI`u9Cm)lD`fInL|`fy_&FcU5&=PF2(MysKoM>qeESYFAnny1gyyo90+Gi?Y^D
%ukzkv%EWQR7<pKuA6MBRk^8~Q0dRQzEkz42vt%n)$K}SK+P}JGD}lkN1o@6MrmEHRo3ddEz7)7*}5w0R#iz>-)4;-jk*WLGHDe4S4%T!@uj}W+9=s9@jFi%
oo9vaW_bVm#hdr9E-wePi!$G=i=O8B<<;!+>iL^jJ5)uQU0b4Nh2L3`to49snY2k%Ybayc&3F0R`*&BfPai(M94@Qtx~w~@Uz6p#qS~}WlFv!LN!qL|EZJJO
b+&*eS;-F&M~2D{dI8oq4PJ!mb#}d}b*Mfjt!@UxtGc|#7IuRc<)&!$azImSdKK};Hc^GebkTMr%5-KQ?Tl(Rc~ACHZU-dIVx`xKrFc%82N{1g+xM}&CC(d|
%9U>D%_W)JU<TpI&T#SJ>g~IWH=%l=^Bljt!=Ym94MntBtG~3NN?9SZ1=AIq^<3BHrZN=xTjoprEi*`FUN(y)*RwJmjb42C{o?9Uoh#pKD=$=DTF`IHziH(K
qsv#XUS7^F-+uUX0kZE$u<*-Lt&@U1ft@L_uB4J$lX2Y^sx06<cl;+SK#`Z%XGFU$X#?RmSq*bY3h|iHQm4k(W_UMa`|yqGW2^K)o%|wNh(|{l_hD0aPHa8Z
abfZ2G^?9d)#a_q8n|rIDxts4+EuxMFKC?=*G!skife2S{2F2;;F@+)-NHd3DKmP6c^ar;G94YwvAIiJW8rpYW}ER8mT~dpCKw%MkdDZ~_YriI&@j4>RytqK
h>fx~Pv|wMXrU;nDqSpn+#XHn=ZFl#_blrj&t4GruVtDxYjbTLJ67V;^x$h@UX3R_##mf1Rb%zNym73l8x$1}5Bq`NKrcs-H-$J!y;va#E?TTjHn7YVZA3<Y
qwgAjGVYY*&_VlS-aQUj?DdTwOasyz2Wcpd|H62!mczkHSe&%YL^Nuk$eE1ABcHDVL%qxDJ_`q?A{w4*uzX-_<Oz&qZ#hMJ5jn7mE*iZizqgVE3cTdH5bB{~
0`-eJg?1O^y25sl;aLUBqpT?lyiO_(xNvB2oO&E;;G~7RHzCotGeig}PIRBx=}h?TOmnK9sAGht<XRsGTk_$1Csua0j);(@aD`AkG!ca^v$P!@Y(rwqJYAHZ
v*p&NXI`;U-bk5$srTZ;zu&z)IsF-1PS%fwRtRqDes{(0ReZfY8)S9LMF{2;p`QKpj|d)(4J*o)49olZNA)*s3=%hz5yHo(EQeBg(`w2%p?ay`mk1V={V((_
7@uo?{rvYAXNV-g2T5)jhZq$7jHnW}vAf7o?TUg+BSF-vB2v#eN@19t2%!mynBr-}LQuRsWBx6Z6w^u&ce8}d4u~5q!y{#tMzl0bRW@0heb#D`Ck@_TS@o!D
gV=#QwNyn(A_>f)^_cmF!#i?Ro`D3xo!+owNRPFKofZ<FeNPY-l87<LP#I@1aK$Gl2||(>JktgQCJXGkcNhJKejbD8niB$>xcZN}fVL$sT=n1%TQ2Xhk0d<V
;t7X+NYS40AQSNEHR8NlVP_zJ1&c()BKM~~$vE7?D<xlzx^QG|kMI4RP-G(!>7JJ&h1wC$3d3<k4V74lpxU*@_MF25$X7P4Nps@c$#s$yv8wKn6bf}>F@-XS
O84%O!XtFO^=QfjNVJ1(eo8tMHX*vOOpfldwPn+yJ$D$7yx!ksdi9<1tRMaX_hAC!Kj>_P=QrC8jWbe_m>0`#@xEezWjjBuvc*ckM$)UZOeG^*6-PImj^V~O
u6m?9_ObH^qbh5cnM%8HEIEzacId*R$jnnA3M-vMcRTd`0_=7Ol>E1MjMO9d{VJ{6mxac7c0r<2_s+=4)9KctCqnb&HV^30s=h=12h{QP`~!B3=w6cNy=u(*
yUEUF0a2x8#4sgJHU*pV{c!6!6}b7x$Vq-mQd$WFc?_ft0)fgtX2j)~K}%z#SoGzCJTRf$$Ot4f?Ibvu()&m=5QEo%Aa=1m$S`pynVOnMRv)^1$c`TDNa*a;
4s{FabC0L<tmGaAglA8mJyqTFF*DW)Cu~X}kKLk*If|vGLX6!kVpC_Cn0jCb4WFYOXlYQT`%Kb916QG(leKpbQB-=7rP<<P3NAQjbRDW6n8rn@HRM_v>3~xC
{dnS1P&6D=Px2%XP{!8;%KU5HCT&}rxkC0Up`j}xk(w!(VvXt0_}%0di_Ut*O<9rcrpooimUK}Ru`Nk@1!R;LKBIS3eD%hx%@3GAk4v+w-{|-C1z+>;>)$+B
@)4JIJk{8@Wu7lt7BNMCfd+Jj3gP<vRA%O<JoB><*dMwL`U266{1LDsFU$J;DJ?;IXt-nqMxdpg?d98kFX@&yj;+k=ZQRJ|nJB_`Y#zah*?g@o#yVN7gjc#E
R{zW@jsRe7LOPQAL%43RF|d8ssM(!8pgpW8d5bt$O?&*%jX8`QOf_g6L6Xt{-0wote!ecq^F$O@A4J}kf9gBUpqEE0;#Z^~P7~mowIz!rDe$7yiwUaXrUgP3
bjL(JSh8%2d<J2hf0KlUxEGHWA@TZ_)U=!O$>BNwVo5|PY1$X%`}NinHE|<}nS{{wwVnaSEHa9Ls9y(M2#;KBNpB6dK0b_Jt<jn}RX3+6-n-{Yr>Cw52Ei_H
CYXb<scdBnoK{eKqH8)nuwQXs-;uTqcgOgPnvFo3;oBna5=HF!Yg9QM?uG_td3pV)iCsC!vysM5U!tsImFip580tDeZofx_FkFYj+U(ZI*l6TYR6d~ARk>J+
F?P*Ev)w!P7jjdET;~CM{R?&~TnwFb-#L#+p5~F&gl6C84@^gm2pH)uI#mBWS8fw-XBkY--HER2Fd6Up!Js$TP0mW5Rd~!=CZoH5;2pK6p2pE>y7hLQg#?(6
9$8*6%HCLi%={x>?>jzan%y>1sQjF|sjKW78KG;`?6K<y5r(Wy-^Oj*5O;?gH-<^*084C7?r9B@HgKCNT|;Hqe>mKC_`li-`z19T&8?>&i%89PtO^r{0#j>S
Z<phWW=8$EZ|t_drRKz@7U!1nihJ0O4~N`V?S*F1r1wq1>PxbK-gMLU%~W{&yrKRGHC4rjSwYmVEe^D}BH41&E2g8DSbBI=Fk@6i>~XhF=CvE|z-gk|?b#h6
))#G7Y&5Pdw4cmUW}Qb=5s;yOqwhqMypEs}JQHNrL)1r55!v?8EO#OQK955m?l|ahK7?S9=)y=CGe6tf{{KT+i9ulC0K%|GoEqzD63Tz^>iv5Yg{YiK>h}B@
147e3qtrlz-1-tr5qps4)iR@i-l0LYhPt^K*4ma|-=))%@vuCcdVzi9<jOJ_8?z2`+;_vyR23hxHp+fA5;L-+^52&EI*_KBdkA<&Yt8Fqaid%5lOYUXEL$++
Kg0vN-xU316?f~9pL6EdG}F>7UrVoyY;rHd-L6X1&;&a9Xn|<D##<x}4KZD^Vpi=F3OuOATEPQYn3^?6`Nv4{(I3!?FC!?`4^YcjV77H-8z5jvVn2J3#Ka0R
;+N&4A>d#8V8gce9Q)z&!Kn-$@fTZW8GocrjomXfQ>uo{Sxg4O(Tlt)W{uJa+k}hzrqAFMV|0`t$iP}Ofsb?d$c$HvL}FbmNL#*~u*n;-mB1dm$wOl?6keJt
k@TVb`(qUFcH4$$BD8K0Yy)ltv5vcLlT&TjG{wwDwA@zR%Q2r>mn?jHPit<WNue|4uiS7Fl}k>g{Q=zWNtT>o#pY1c?Fcx>n|sYy9(BxTa;>t**y8EHG~8pP
>37?&wgFk_;b9vk11BjMrrh)KRF-T+S(7Q34HP47&2Ep*r2)&q)f{Qv6!6Mvr`>h(#l%Ex$$6fv=gWi!#EN6CdtPU!33wjqAP`Op6_lAEZ=FkD$Mm%sc5qH^
z71rXpdmwSh};w~mp^qOHJtl>LTo~;IT4WVzmsSC?!Kg2Nu-7$I<w=jb*`Gt+Lw<2dbH|6x@_smF7UfS1!#_bqD`Zhn2A4#=mEMcG1<BGSO9OjS0V0$KBECj
23??Z@Evys7^P;WU@!n6&u%C$5jzu~e?50%S$o(3{kt-R0-l&cY7qYA#JzVmYYu0RzS_4lC#Qq1l{>R}J)X>D8+~SfBB69jeHqri+zZ~|Y=EMz;n>VuBzN4K
qJJ|Ev1Te4pG-qZQ+C<mqMkw2M0VP9W+M-qdK~?bQh1Rr+D;Qq1nc=Tdl>aRb}YK}xzPu)X`6gjtyosx-qwK3attXCSPtUEdH=Aojbw&^x07w3n2@GcS91>(
E8nr$N5h_0kGnjJxyN9bGUYuP!qyw~5B;%Oj+34!n(!Tsu}=TkIF`~IOhC<*R#(IakB-#@sKB3#M%0N)jBa?+Bvf<uDDzd4sHZU%8jb&|-)%=n)JY;MDiQ|E
<O#%(BsMA~dq?0NDzX&uH#s?-I)YIg(v{S5VBXHp`!g}20watNovZI~#g<233WR*1D<5i6VNP?qokLl~l1nve)+Z9~An>u?ye#3%K>Xbz6ddTmp+G`8p3amJ
Db<GuVsS`4IkE{NWTTBZ(er{`k~dg7^<H%*7Sq7q2o3&~YSKZ!vXmS?pDET?Y;L1_thrUM393n?1Ozb`gn`*h_>@zQt~pb?z_t6z24zEz3?jR+SS1CK&+kwI
W7Apf*k??BPkGedldn=%k&M$zf->FiM1XpEjzzRCOtXj^l~~p8_xuikmmY2-^$wXnE#0qw5Q?cLUzZrfYl~eXuTq&|@3vMz1N54*`x?MTfJIVpC7BdA+|U{V
>d65>J$}4tF9BjYbz2FCa(q`T&CBIom+C_|%bN;;c;q6$6p|h0R@{QYqe=XX8sT*HQ#_rz0Ez}stvxnl45_^%a;k#=2UgD*y~%mGV>MLgxTVX1?*(Y~6PerX
a`179Z#Wx#FL0=bY0{k-RjjIIbgAo%0w(+0USVL6)_!RUu^aP|n-l$w(~_GqYJ_TJsc2c3Rgw68>EvcL+a0Pvgpf#vpXO!K`aDTwGB2v{v8>RgX3F`d{mrBS
qgTOc95CGU=3-5o%?~JInO!rW|EebVn?8dya4p*sEt=0~c)m=UmBH+{y4zOzY+!?UVp@s(rGWjELfHH^#knFK)DpKThtJ~ZUc}l`e{x4<4=C!tY#I22'''[1:]


# ======================================
# cxrkit/report/tables/patients.py
# ======================================

FILES['cxrkit/report/tables/patients.py'] = r'''
c-oa%ZExE~68>!ciai1cktxfwulGrT3iz6&4Vv0T?IH*02w^QPC0_U<kW}QHp#R=yW_FjPWjA*PQknZQGduIlGqW26!M%PcjJles!?sp=tMW=2z1pgFSLB`2
)mp6z-L|oM_@ea2#HuxqvHF~w15dW~zFA@Pkat^EXKGs?RH>^ks@v+0<bA5@LzM(UFqvdcU8+@G6lT@sbp>7Ju5LQ@L%pv$)11vG`eEhQ=%OG?WAz?O=`UH{
cDl>kE?;?RrCH~?a@ro7PkEQDb*J6@p>Edg*=z!%^USoJTlS0nK400G6^U>QuiyOs;XYO$uK)S=!}8<pZ*T7G2Y&B<{qX+Y4e|$mf8+fzd2`wBbQQx*%QCO(
CRSae^KNY2uBkVTX}!J`duu&f(~(2`iksW}pWfg67^@#lQQ-e|u`i*8BR!eiz5SP(t7Gskn5iH$r7lbmtKb*<<c||AS^j?W^UdwY8!QbFaaGlwgff_1-!1R%
ukYW!!Q4M4i0t(Sy0uzCn}l6AhBwp|e)r{rp_6S5OfO4}!O2<Pw4I=0vNoC8A&REz+R%kz<^vF^Z@(AYXOj!kMi9Y)R8}_vRR$=5uLmx?s~SMjugUaE^j*kq
06NQy5<ffBv;@YvT8O8@V71i^)|-Zr6+~&Q7W{8=K>{T;kSLIVMd1z3<iZ=lNL~cAnt~Py7HIgQ&X!^;bP0;sK>H`wy3;57)?gr0q0A-rQ1**uM`}J-p`DPC
l$2nX)5A*LffK#knQ9%{LuSEofX)TWNl&pl4uHI1vFRy@B9_D+b8?&#nX+DVlS}*USH=EpBnzQoCoJ(t7~~~Vp$&XQ3SB;|HOFnHU}s^fkUpYW3{z6s?ldh3
<YC|d6hyIl74jH%P65WU2HvLXl?wM2BN#SC>U(t=ot{YMVANSGh(S31oA1IgN}?!r=6~bt@A8g#$*!P-eljA<&d>mfyZ-U*U6OaEY(sYnlCo?8H`9h*z>+C8
e1$YjKI>wSIXYE~+&1g*NYi4qHJD^O6nns9tj<pATXh`CIYm))u6pcvK^eK8Y5r(Y#~%<s^;|H8)Bbm1Oju5s)Qx^WWrWRF`i1p83^1dZghVY#XC6ECm${=i
Udx;#ix*e3l-vsI48(<iB{7p!DKHq3Qr$DnSq)=HG7?`45QWS5P+$|gj~sxHeAVq6BV4R>%S>li#4M8rP*Gc>f{C*KIgnCW^gg8B1L?4#gE*8-b*&m*ZP+fd
N|d#<o|csPdROPza@ZPJ0z#r%(yFUV^~LC>B|}jY+GJn==aT-^0zoJt)yjmF0G@Ps4oGu(GGe1BI)OYXTn0z4gpmh%hZ162iA4Qs2iX(iQ)(Zcv=j;Ubo(8o
ScZaX3VKY=p+*CECyDcSx@b*gE5+FX@HqnnI&U|B0Rfj>Iohs~y77^t*+D%wIo+WagWw^*QQ|IfdoEZp1>>;IkzW|w=G8{6bfq4QYIVMr`jT54iJq^BfxEg`
QyIPOF+#y{7<$$u$T5YJG!Wt<c=9+Nh-yXFbD~-^5^_^NXUTEu`Zd+nB5O(+Xx*bojGBtQ)6=;ciwxLEicabsWFKw2;>b5vQ*!b&I&nwvoRgE_Oex8;@ps_l
P|bWdxR9<Y<(MP>67$<ZL+Wz+C8a@sf_7hqG(%ewx0>jN25jLkTZc%LxIbxMVsX%nfEfFzF-FJu{K*;WBTKe&BOs;|54ap+E=vaDzzV!s^R_R%LYP6?A2OT-
RNk?~P+LnT-T{SPeIiuPM}8ii{j5h}FNs}%JpTcjuvl~9?`hXjMi31U<Lb0UPT12UsXkh>P^IY*<QHL;h@s+)ehL-38$h+IK(6oR9-HIA0eGnE!ZCz_XySKU
5m*4xbC#Qe^NL)|7YOyR?_dZK1z8yM{qYD%Bs}B|iMSJ5!;OJl{5C^_A}Y*cw{M;-#tXEe4&Qwr^`t`{F0$Z9fNg83`{KkGHS(Yy)JE%6?#d<5on=cpe{MVH
46%eC*Px39quHvX>%>V~<57YT<!qXIzrzBL8XjmD3>psNGG9~QD$xcxk&>h}9Xz4;MHli0=?x?9tuepgK~gNqi(rHhHD5lMjyiG~<?AXd!e0^JT<0>wXKpNV
&0~+m#VgV8+NIQmgnF(qkjB~jz7kx#M%HOdEj%K*!`CcQ$-k1MPf+H(Ot#Gx^=!Zi<3%ooR(-Uf`&f|TJi#D^?1|9y(qDpn((~{A-!HFLzUwlN2_&MejZQqX
<^&ogO3W8Nbi<rZgR7v2r*$%%YFVwOwCOWSoMH{*IZ{FyGRy>u37hQh!7>8R(S3@c>1S9-WKF`Tv&6UG)(`=g&6r_Eq|$}Y{5!(p=`{AIeIn5XBJB?$mkid_
-!Dj@^x@H{?G__?=*V$xPLH$s++8T1RDEQ1BAuMAQ|uN}B$I=#KeEKg_nE<%yIn8kP2{UKh&r_5BlXX!q=>#`B+^-WQAnac{(lJ^{gC(0<~<DTa>5C9`W95Y
o4Cfh(B2P*F16?9mC-EuZi5nYEOTmccOiabX`UlHhwkTC>PMN?kK@_Mdv&$Vi*;kZ?pJ=?A#e00?OAsSZ_$z6i_qxEPkd~TC)ci!P{UgQQ10sa?})^Tdd?l^
8+!tcPFiyRYe#U;JpO%$?<U-Ra#F{Z)bi#DtzoPbV&iMT+`aY<PUa}-Wyg$+1VLdF2#P>LM@6v+pTh{V%Vn&tP+D=}zhbs*>1sf`xPQR?*gt3ao@D{VVD>b#
-794h+r|Y&?tIh>KtMuW%TnI8LN6&w)i*4K)SZL^+aRSk2sVHoAAJ0R*D6T<gR5Lf>e=W%O7vtv<rM*-dM)^XZbou2v*Z%nX*UtuM^F_O^??)u(A#{orCxzH
$t-qd0g4^y`N)r$r&t;RYHFmHne`xdI{MP0-Tky7#f$>l;4u|XPQH3FM8%nMSF4_Oz<shhpCd)DE-&FU@%Z1cC%Mc{>aTqU+82jEqx}Py?4I_0A4P<Z12=0b
UH%$Dqx5<Z^|hcc2&sF496c>^m3PnGbPtqH-BnY%CT)!<Qk(oUTxmPi7hXg!>_wj+Bqdjfhz>06#d?zxd^=rW8&QGCh<&!vtB*9U5Gz-L;Y$%4muG%}MWqzl
@#0u5{qzX?QBOz<P_YzDHrCh6AqrS(Doj;pLQ{i@5n0J;c{aAMUGy;LPH4+5KYk9+B=7te>EsXYo>kf'''[1:]


# ======================================
# cxrkit/report/tables/recipe.py
# ======================================

FILES['cxrkit/report/tables/recipe.py'] = r'''
c-oa$-*4MC5Pr7)3PKO7G^oM~40|x(0YjU11%|XpGW5YP3`RP|L}bz<sX9iG|9y8yQkLTcTY>x#Psh9Cci-Jnd7j_M+a8=So!FSY@EZ^s{NC7mC-z`Lcq^5L
cFwOXG-?Op7MyB<CC(4+;f<?=)UDWWq!+i+Hyfdi-M(@7T6*QYYMf||@J4)>y=qZrbe-pUmUY%_1qx)-OXn~UwcQ!((bKM%4P;qd@6f(<0)KXG+|@kTd*#!H
oi*Mxrk}p6aXoDHX!PsV#rx0K7nQjB`||Sh<)=zq-~93E;`-Sh-Ko2@<>FxnR&7E1O1KS5)>>}iWJB_twp^M0$$JZK==~VPRal;=_>hFCarx!uPmb<A^gaIN
LsWt@RS7+8Z^5n`e3xaYy1x1H*9Wl>xi%gV?%O;=WN(hSA<PG$40C?8xi#%U+-tMPv?)CzS6_Ykb{(>kwa_8fYdh#7hCfe%m*Va36IkZiEV@HwbOsZ^_R4Pp
r8s8MAt^8dPhspamCeRD&=?jI4fRl<8sK-dL}=bPj%XHD7b1pJE8UqoNHGJ*ONX4wW)}Qlb)ruSzMe)kYA>9(MKr+}m8DQ!iVAuM;(UJuCse}A;BcY>E*BDO
!GZTm-%$qWR9sQCe!YwW9*B~1oG2}bEdhyRD2T>sj!HZ~W)<bjH9i#hTTK#DQUU}D&$7PCX07TvbjwzI(8c&Zy=cG{6I<vjRo6oJVb?<uh+25%dkDVxk-Qao
1R<|PPRFDF<H2chbVIA-p=rgu#Zupb)GlY&az{M`U3Y<duQjH*cpOjmL>YLb!x2j5Q%Vf>CRV8ghP;)B8d1h#0xBvtGe_shNO<t15sTHygK(x6ox~=m#JkWT
ksA_Ik#gOuTPy8>f*%~T6$UC>0)#^}gKfAlzk?-0ig)!d^>6QLaW{a&&^2HIVcnoB$HAeQMru6f(azprxf~qD9J$Z*EAjvd!WXf^hmfy|D1d+Ih-h^Odht;r
*~>`nM4dTxvMGP&ld@-`_t@H()TCC(cEh1A#53Z!GZtpEt+e;3S>y<I#6G9WL(Q527mI}$TN@W*<OgP-6oaqu0uLU6Br-g*4PHNC?rGHxx*-6bMjxTTLV=I!
BYw+lHlssP;5Bvo3froN#Tdd_1Z9=BjEBbw+PdSCl79w7`RcwAh=~e;c3g#+D>2x9LE8BL_>u%vE68mUu3}<&GOuYe|G&N!F9Oumtwr`xZ|aT1%YvTF@zCW@
rarbLZg7+7&wY&)L-$42Yd{WiMGNztNDk1(X5X1Xw}GaUj(-fl63Z27VMw;wC=U%Lj{6MnT;@}8zN!bU{u!Vs@oc;c<GN$@F#btAGu=9f7tu)ZqAg<PR8oqc
MAGE_L4_a76&WV7MB6oNcmBZcuz70iJp<5!;SFt@04b7wH9-*DAgisd^pJ=4I>DEE?0Bn*_nhFLG6w%`oD;ex<sUK5NkiMoD1v|zgj^@gNsAI$%N=%_wpa%G
j#sJT1kEyBdWwMG$z`WtUnu)Iz=aRtXe;!=gT`@BVYNKLRV6Y`B$0w7AqyueL69^~hFqF&d8~`POn0*)mz_rnhq*%}pfH!yd5G6HJ3OC?A!>@B`U8!d<d{3v
+1(>vbYOifh1i193C6({#-c-j@fxr0HlC~2C)uQYJJoMrszh-WY|iP@J>FS*=$>8id1EcUhR|>d%6q&$Nez3R-=|le=xn?grr0|50BtR<8)L)Ah~FsgBUo&3
RDUF#p160M4?K?QEk#9%{PtttA}>zIaUz}+&Ky5M>JRwI^3n2eINF`#vrU$G!F`n&jYZE_%xSUIy=j({${Fp9J!CA;U~*Nr*6g&Ts)}cy7D(3{>5Jfo`+q_8
gfsC(G_QZ{p28TVt5A4X1|D(k#m|p2`xoX|)?5'''[1:]


# ======================================
# cxrkit/report/tables/settings.py
# ======================================

FILES['cxrkit/report/tables/settings.py'] = r'''
c-oCvZExc?68>!e3PN8ZFH~)ky=!q^q(HjKW`pY{#m2<}=Ng70Q4t%7az!eR8~DH9Geb(2^MbuEiAfIUeV!RA2!dI1TS_D9T&#=4ibOQ67VE@_D#@f+D_cy3
vPM`{NfTi=EtHm#NQ+vfv}2^TO5Yig=u8xeDWr*mAQ+GHrmjSm*d#3zV<1CStGa;*ld06YW4l@5Zg+C3H~w1s*xV}{r*+v@y1#idJH0r+c}Agg)iW>!{w{S=
$vq<Zkd$p=RjqqM+h&_Rnp~AT6&smk%Rf!6_efSveb-3SQ>AsQt<3glaNd@-C;8@<dnDF*+*4d#&%Rt<T}0xOEKB@lizC5diG*&eTiGmAoQ=m9=U3<7PG{$5
;zWc&Bk6uz*s2U7(JiZt7GJN=&VOBgI{kL$H_lFHr#D~D&u4!9>DSZCum1P!+vRW99pUK=%U^z<U0z>xq?fZ(UZ!~-OvVW9XXP`-7E(C5lp?asBcU|!)=efG
TC59|7C05_Mp@j#VfB&zsz#W$GGbk~Wrl1@^qu6ZtAu|b7fWTVyWtY*)0gX;^D7wtG#&++d_evMQ_=m3`c1RjHI9>Q5+rTLG^<9Y${-hr%K2C1byFplkIQ6J
x0cQ-S=G%(_zgO<`G;dVnSK6n%$5>c<S!p4t*vd#OOT}P+0~U8?6K%FNo6H9vq!?g{H$%L0QNcAWv!iU-9A+%D$EKxh{Osy56rd&B`llme=@~@>6YU5pIw2Y
dW{sfn_=A62%0b5aVB$NR#Il6Pv~iv$`kR!&n`QskQ@Xz5+#^X^$TPIVtp%(%3LV9$_^aQ(W<>gKns~gqN&#gVdUf3I0j2-ykrjHBogz*cx2Sy5>#G+SU!S6
k@sR%AxD;UJ{~2dx*w7$o!7DR?a7Jva=_T+_;q40zXD5^H<$lCACC}zku(4{D^uGxlDyIJ8}1vJJYpTqP%++^KU)UFi@|~f4|ibSNaaG;NOP$}cWFZWM{oxK
wS{e?N@gn2By66Sbz(hTT-NEllVdEL;RNtcl&p7Yu!tRla5AA3cjsiB15(lf`I(g9KV&~2FhGsc?e_rw$M7f;I|`K3BGyRmzgh_r@G9$dBnov`fL|Z&_)gkz
Xn7>UtC~6p{pEXkVl2}2M1TQFaz@XO76Kk}@um3DDg7Uu|11uLERo5?3!Dfi*;@prVIDjY@XKj@oNohS#!K>)`{Ay30PObOq9SG4iJnY%dXN`yrCm#@A-NL_
Ww(E{$A?EBp2#CkJXx?W6FcMqDu_5)t)$LEN&%<;uAA*SaDw`H$CgII3*KuKq4Q@XpoVuX)IOZXhxu0g@tFM-Orl;-j{h`1f`cN#iwPM7rL3|9^VDk4z5XU4
4puk?s57+sjf1}SU!KqufeAp6VzdFbiXq712Aa&MYy6PzI${`Tm|8dYr2M<N-((%pESuH`hc_6SS^EW8p~MIu^5Cm4ruw1N$jvO2%5WuygQq<ZVT{zV!&!3S
LE=HzH5FyJeD8I=)(6{<f>DY4;uAs5R;<(`q8*D_=Z>xqk*t3wcXy>cFyi93-|5cr;qf6W;joK#j{o6VKx|rPxR+>&48jP;<Jd=ZSJ^nI^};ii=M;Kf!^5eC
($MlwJ-`k?a3hgF+M#zCFuqd^ItcG0#l77JC3+RmG5@&;IWQ-IR!+LcK`>+f@6G{XY?4DKKUS=Z8i7PYxaQ#j={e5(?eWNWl({P$Dw#o!I}nI`lJjb^;B+Cv
XjjpmU5rYrOh|?B%wud=K$SHc>WIRr?-6xiWygYfg2x1MsqWZkeJ(r9o^<10*aNQ5<%x4^=TNC1R8wo}ec$yeH+h=hUHWo{uM1Qnd9|P3Q35mq@%S#Y7qk0_
y!*`AC`!i>^B4JTDuC>XwM{svmWW+C>77enbz|FhJn{q8iQo$>ncOek*7A0P*|3iy#=FtGcTeu#oY*XARO@Puq0~J;D7y)n9jY4W;`S$l=ysHT=+Rwtx0sy#
NQS}5sYDCjHXGn()$O~Lqi<?Vm8Nb?f2rSb1TafDvw{~|dk^esjRf`E@5Pb)7dI<$@e2)h<OOO6`H(At#6D&^$k{au4#5`E!Mc!`uJ;);$KE|m0OznR9oHoX
hojQD3%8udIAO>%AV>UXt#nu=s}R1A9FM`A#-vDQy0(^RgO+Dlha^d3d;iixW=nb{F>#e>l}m%?oq34F&6m?3j{o^%N8KGRO_5-mFYJWAAm1GgFW?~t>@{`U
&^-O@%5AH&QpWDo-=YQ(kh9&p)xUg<vJ_|+tMDm6i?KA}_C$`yGscdJ&D~O3ym998<7w+02-zJQ{9LNc3FVExoW~>78B$@bUq?eK5eI;;BOnhVZ^7RHhA8-q
G<exH82xJxG|CoxKu6ychB(K90>U>|vIn?6M&HG^8GGK;<pcWRAlDeS_S?X{+;ny?QQFAVJ=1YKu-tu>2w%Q7CU5(rr{QNb6dR@?_cX|$X-7Fo?)2Vs5lCM5
kZY_phQgE22{NH`*3gzIeKTPfA+pn6!B=Y2o6hNGlt#(nCFz);H?*q~pxL9SBlhyrLZ<ihR{wrScV)yK9Vxl-{ewmtJT_Z9_+WtIL;U^AFtNp;+2nOe9}nK+
5#33S>01ma>5BluezN;O6VhexeL5xC{k4G2B?`ooJ|={duBP4?8HQstqS$Qa0i$5B=rYOgI#9s&u#EVOlF8}WB@QXU&5)V_PW$gTi&qC-^42gToC1C_*ll;1
MNg>xyxiGOlgc0{<o+lB)heWCCl48sI2gp~V6uH>yc=fW{{TB^vB3'''[1:]


# ======================================
# cxrkit/report/tables/thresholds.py
# ======================================

FILES['cxrkit/report/tables/thresholds.py'] = r'''
c-pO6ZExH*68>!e3PM0pDOH7anzq;V`3`Mf&;UUaG`{wOu~^7jYL~TE5=6=ypRxb_=7p3ft=4vW4T81Am*LEC=9%G8K@eP~*M-!g%0*>1vJqy}NWH0wm5xQ-
$d$^Bx|QNKEm{dpSz4&;CN-)mMOv<emPXITZj%~#h5vd7G?W&*sxh0GhU_+yDA!GOonEU#83hY&C5)$e(0M0xdY1%2aC(|I)mE6hT9s>|wl$CuYiX8gv(~mV
``p|plVnwyt8NUi+?ZvVZslOmDm7`+$gFBs+712m@!i|Y<sTn@d-Z8BR-%k7nH{;6rcoJ4txdbSJ2IFUshVwCxM?qoRO@$Yt4u6@mBlI+AFU#*@)PLm7$Lh{
M+WG&8aj@R*C3XsCYk4wHfyQXf8}tMM&gjf&}Jv4G_XH6-Ac05a*I8&XxegV<Y(X<smo=RkLc*OFx|x8_;oNuXB)XqJ7pu4K|k}*2`P&r22qQ4TgHNn5sa*A
OJmu9J#K-IjK-Di_F6W>7sqW{5Vxn7zy9|6)2|=iz4|0BL^w;%Vlhj;!=LZ*=STecDLOqpUCCTzPRBa5qRpL9k@)ssqEOmgnYJ$El{O6;LKF8JvslbePrzy~
H?pTBwkd8Sh?wSv97+l>2ryBTuH{@@g;xEfY%8pe7G(Y>q;(CPUpf6d#=x1HY@-b9F(@PwU~_{Op-N$gCVsnKoSrlio=RA{caxCl4@O4)_H%D!tsv=y<7KH4
*R$NJoSzm}t38HHYn8USR~^6!Balq9jj-AgfDBsR$_D(Zr#B~c5_VL#h%{h}TFRAX?KRbobO$0oSv|nV$p*X>=DGg5b5|V>6a+&-RvHZ$_r5Aoijxyik5OeS
;h9_yNR6B^#5p(}+3Lh06~czdRe1lbx7)a5#3Dk{&Dck@AZ!!K>H53<p>-0amsxeI0C?)SUyb*!#zkpV&4U&!0U9BYbQDp=OKuHuHRSz715f~Z-zszG4Fz0B
SH{(OLSkxX*6=94anCteJ89!;wqSa-%v7$jN9mP4z0#vsJ9=kK4{?F?;^9O{k;}&vZi!eO^o%N*;63-3?OW@JREAE3YaxR9el;){@F42XgZpkD=IednZwpaF
%T3a{mgOqEdWM8z@r>jdKw#)?K{V>=l^LNrGQw0+2g7R^Sl0?7hqz(Tu>mYyHZ8jRGdJESgJ?|6q%3M6Wd)ZXVM6fcJ^o(O@0*W7v{>}(e&a3dac$S>5j#ZD
WAOthSVD48t}o6ak3mnYV^e<|Ohp#bn!@;n$O&LHZdDib09X!FoqI1UxEi}3y34X^&0-H>3qTyk_Yh>^rvq66H&3xTz^sWFf?dZ@5?U1@-jV>pOLo7sVQkYr
W%1MZ;ww-(#1b%8K)^p#p&|MM*$T|%;te!P7tf#tle2QYtSd#n`vm;$@yK942CJwQ=Rw(~sx;skqm~rA6xhI|uiH+S;=w!xnHm5d$TNcSNo-~l?;^>c?P?7$
XxSx{BeX&(us>G?C?G`0jfIU}BVk>zO3l*u1x8Ge1h|Iv1N#Khfkax`9Styu5t#(7Wy!5Vf^PjOy>0@JDwulU5dZ+&Dh+z#*|6(XC33lgzryx`vVs9(;mZj@
1u7<r`*(m2CR^ouaep?OiDz~l-VJ~g@l`N6qlcX2yBtAh)a*}UQMhFSktU#siBa%Qj>FPm)KQ2EVZ}p~@)}vzVcQ{gd7UiJaKaN{=*19*{K=04(f8xYk&i_v
V;=nMxtlc~N>wI&OJJ(iuR7ssXp&!sTnJRaRaqGfUcm=Avtf?4mKJhaa9dyt^H*38Ja~t$w?&sm0LbuYgSig~UI4e?aB#XZ#hutGv+*&aKkeO}10fAcf!M*M
1)T?SOB>FDDa;3B5jjxhqZ}>>hXwKT7@c;h76TU+!1tY%4x4rx1u}q!fJ=K=0(Oe30_eY%hEs9?ZyIrk+a0L*ux$<1;WcW{A#Q(0Uh*0FQONy+4$I(+w9k@u
6*aw1?JJ$3F&5Av+E0XGF<3;FnH(j&U|LrmdT`RQ?1yvCLz%5@fk9JkzU#XF`gXdbgpP#;>WAUn4&r%U*2{o>pu$+($h(Uo-CnO!J83?_?di$li!h|0It3Wr
evGRg$GrVHoFrp0LWyo0pGxJs2QkAM%S2`6`i_jhmkB-Q<%i$jzWVm;Cp2s8;+z2$)y^J8`w20hrEtfrcY7v@t8qfIYpQacxX4455N{L0Xr7!wVEPJKLmD*T
Yw*M!?D8gU27Ix<A39yHtVg_VD(CUdoK~ERyr@z`eg_BkdAAw_Mk@skL&k%okz0U1-R8Oa90tiOh~R_~KuERZR{+3xv|46ubNdAMelHE+Oeu3^4$icMv3}Zl
Ewx&KzB5D|L@xwD21SGgXec4$`8yIQcD11}^Fa!7fFGT@#@PgA9242ZMBwjg9WSEeS%rUG<7w%rz~eW+h$dG;-7Z0&hSvJB?Bc;pqU<;HC=^7;X2i6kHd;FW
np$O@s?ynqbb$)&2dCq1gBcvnSq^a{4_?`w7HqbzM%x?O1g3m>D&g`7&*<mE0F#}pTGY4(&JbHwwi<)Hp6ript&Bw9NwwZ!<hDRptybFMRG$)rzpLzqkP5uz
b#Vhad_J4~5S??f0OL{hC^9Or2RM*<mWa1TkRJ-JLi=EvZUOZMCxot;-AFswFJ~jrx!Sl~0cm$$<2|h*C`hax96(>IW!@I0)cP+#-_YqFE?rV3)>SOufJqII
2@7eAC@3YqxuURl7DYqEE>vaHmj7SP4FiNLa}KMDT{*f#v#!E8BqJ_>fZu}k2QHxkX;|QDw!o>l6rIH$si|^#j|R=hV1;OStje<o*BMn#@wCNHQMcnr&efg!
Ym`R=%1iIcMK%rU7`Et_MoFtP3?n(pOqnDXo#mGDSlk3e3-Exy7)0!Bn8O=j-<_)Hg_OlS#Fl}JZdupv-l-oaFoY8~KAQ707o7N+Do#u$k(pb9A8qqBYQuHV
3x^xG#y69TAaEa9hw3evtWCFsF2MgBRfEWM!C?}^$Ec9tWIZe;cm)K?GpN=}E@eSQRZV~yilsokO9<H16CH$5KWIO*()QuoQSr=So;=UlI1jogtfFKXJ&`8G
&LA7xA6EN#mn{)&@a%E)Dh|eW%EcGbYw)yq-IXTUZYQImDp&F|sP-(zG_YzeX1F8V`cLtK_W|ojwgOB&F?j-mPrF5ZNLoWji$R{yD{Cr-Tf3;Z>@aco_gxu}
?hYKYYFnp`!m?gDkM~~~i05KeJ$k$P@8QA!^%RiI?KwfYld_FtxK(qJUPC0nBM(LCYRw@T10UA6V5T$T9RyW*E@)%tKnc6f;)#HX^8hj-14pMO@@Ew6Tr2EG
)vh;KKv<=E<3(R8M7X#M+AE}y1qdoZkD~|-EL4?&7?{>vOC3byb0&9yv5-1ofx<d3XvB&y;3&=|8?Xet;~C18h|Atam_5CL*l+{F?ozykK0BxQN%_g4?~6^k
@++`>7U0SU$&Oi13PKvUesLFbf@m;}fo$h6$MB^4!m0)U58m)Usf>&R$0r_QZ3FwiP0PDZ=QzrfkxX<~wIEpuX$A+XylP8?*sIWsQOSre_TYzuSf4wLCNGXf
LzDwc&d33sqi7FC*Gf1l;p6OD8oGCj#f(?$x;(HUPWk4r?7nCS@$&$RDH$3i#gwbzbq}G#ty(2^#Q4?+2bA>rK{o>F9Ssu80zXXf2#?yB7Dp410B@m~ECvO-
0OF|7AL*NFi#W~`MO%Z7;(IqBE%@x>Ms)9>UO1$z<cd0_!b=$p1O({*#Z?|y9w5&`G4{bj*gq(!OhJ4Y{^;?Cw_)KwI`#s-LF!}C#O2u&Zpc_u3mD7NfLOLL
deN65$ig5;y*gVAiuq_nZ2z1zfIC<mqRD?x)aXxdOZ*#p%*3{c8%;1WL>4p|*o-{rzi?syp@g1mzSfSYK%5E#b`OU|+E6Mx=i;7M+t0;4v$n^}tq0J_+AICe
z0Yk3mC)Gxl8?)TXl&vDXiv*>TOm_z_8m3_B(&|qUw6~bD)1q|8-yyj_ul!!rQ??r%%4gPKLv7{o@1fPD_9W`-0u6{PUoU`+TL7kE5Gdl#~^5NLAd9LC1ls>
L0I|MS+T8~Z&EGB$_hM`wJIt3K__qq+UoF_&Zt7GD3T(Oc4fHtmHlumoiqe6k{dAg`>!cM`8xTtQUC&S7ws{&X~6Lm{V1UBz;*}s7<jtNw*;~d%60M9ZPc|<
>kapXwx_cTR#N1PO!4eMV$AL~GP@y<#_TS@2#hY-8U!kLWlG*ap}Q{+^p}rxcR>yk*b^0Qrgv<BR(3r<c6JGn^Qr>Bk&&vg=>nGf@FIu2lhQt`dCo%r<8T)<
BbaV;sdHg5c+Sa$tAO;|vaPhCZ}UJDiu5!*5ua*Eenj^j92KXJ#QNY=*ndIzbGe4xu!g{2aRKKS`Vi>(?D<&)c@%wAWsQT&G}Y*~%A>211s&Vd94etuH<Gn{
jyxdZvQq3wNCkUlY=jZ_Y+Qs7c=y%SZNy8CK!8zp+xL8x_CKc*5>5'''[1:]


# ======================================
# cxrkit/report/viewer.css
# ======================================

FILES['cxrkit/report/viewer.css'] = r'''
c-oCt+m72f41Mocs0a#7fRQ(srtLaFvHwx@LAGdHs4c0I>|{FFe=jBZB4;MkK1{}DNb&ISkjlo2%8_T%F;feflf8kC?9SwWvhm-1YXs*Yzdw@AKy3ryi0JCc
ig8?6-Lj{gNF~9CWi@MCFi#}YqIA81)TuUtpNVFi3t8trPoWG46CN*uy9N>Lb|28r${)2+z2rIB>~{EdrKHP=kPR5&&ZJbWGRgZYGZO~W`fSuehq)b44Cp&)
F+pYg-|JwlW)efSvcd_4gc!hRG2GPFF}?C)g~j6?dI@R4<&nbKA2}OC(z-^<-W9!bN+x`jy|KQyUrKdUNPpDYCvVgMzC_i#R!GRnL0<_%5S$FmJWz_(A6tL;
W)N@*zAJtk5Ow3i8y}i8_Ww#phX~6XCa1{~C9=EQ!L+ytLo*F#J9jG@BQ#$@)v8NQqM8!0-;};lR}{{wp-6h~6zPOSs1LhG-_tGm=hkpIprV7GM<TuwJJffY
hb=>y3l1cceOE-<8iDFTU6kONFdb_>RCFxZtg<LBq!R(q{doaiwQxO$PkJ#-=fr<vCH^rx`eEA#e5@6<q?oBgg_a;4n1tr+<UO;0gKH$5777*7Vak`ChwWI3
N7x*b@!l=Gk9e4Ty5I;wq=+KwGDt9O*w0>o+r|+@dVV1h*_Y3!k=QYh{})7R=X|t<%EdmVQjBis^@owZFQ-X!x3y0|M~V#NqDMZnL&Uo9c?f)d3RV=%B>lr|
n4}*q(?Dt^VrQ@z>sSqUR>ezgzuad|^<_g@8Dry!O?hg=iZkgg)?lH9(k=Tn=FNTFknRc}Qebh3Po>J<(m_~Jw6H7-s;VmND0<Y_vF%~Cub2Ft5g93<FrY|n
f-4ElD`BjoWg}Yt#^U)f&QTb+=Y+H<n5A2vX7!VOc1njJ3hb>B2#0?qEi0h?!$w)Ih*KQ6n^khmq8j4xp6<`>G;P`OG+w8vr1n`lIsqScM)&?2c5rnxoQZPs
?kjovOLD!9;x<_haxAubM(}w;uxdgQz#o_ALh&c!8Xx~w(rE?$*8vxdJS2C=$+v2Y2i$J*zgXSN>&FA$NiTPKiu-x3fcYMxPU*kgiLY<7xh!o^=u0J!@dwfE
Pag7KbXpn5q>ItN0SrPUUj'''[1:]


# ======================================
# cxrkit/report/viewer.html
# ======================================

FILES['cxrkit/report/viewer.html'] = r'''
c-oa!%}(4f5We#imMc}Q$~L<oBv7-K3KbNoDri*|sW&H?-B>twWIG89;@)!~u}{*mlPp;Xh+bl6{=RR<o^hNBF7=9tY))$d4H!ze5qu(f0#ZVjtWhyhyZ}lv
?)b!j6}K>_cXy=SlKXqgcH&IbB$eD+Z=Y~OS)A{;aXWX%6QMG=nbXM(wNbv$NNh{4I;&Fh6nc13BSxvEaNupdS#SM-QaPuUMSZ&?Ze5~R`$M~^2~V#nyEIS>
UD-HlwHWIK9|bp#vhVnPoqZ~`MVcpm*?4rM;|MF$)yG>~$5&g$m{MZ2#F#6it8!TWIXxA!_((2gWeHaqDTKn^t=7dZaXFx=(TydAu3?u<iOu~Vmy+lu5tzXS
w4T@;z)J#~A*W3>t;oiC8CVIQ>yX%2-2?_pBuIn}&}ui3Y;x{`PJwH*xke>l_l$Pp@;}c{S8f~n7p70Vl>Pnv=XK{J)JO;vvJbEGZ*nXIWmkR)DG%I`Nm;qh
&>xL2ax275i5Uk_c7<idqQyczm^VR2J50lszZrPQb2`J7<00%F98gkoSwXvJJ>F8AL4+Y>3)jPbgBs*Es`R2U(CG;1Z13<1XdB>p%+Jn&a(HL3VL?LL1M6jI
<sf?EbW!qDxb-$w-3nhKJDW})$m0Gn**?S=-O;<)Dz|93%BY@0nnQY>=o`w&xvIgqKHQ5p2uG!FzlC206QUfFP#R}l->zI_v@^h#l)&PYm!YN|B~!WFTXbR;
W6SXj7vs0YraG|Icu-v<#*xb(>o(X`k>KoS<-3!MpXXoRzB$~R9(|e}y&rR8DfdsqsH)&)D~~*ps3(=^Y~7avhm<ECWPT0lJyVC&Ko%xhs6;omY`r3l$Xp(7
K@MV-yRZ#Co{KC4ydYR1|8!uxIxt<h_6M`pQX3o#_=9f@_XX^9h;J8X$KDZ6bWv)BSNR8CJi7$rg{PHD7u^|4p#WdHsF$BTBR_s3k4B?MEeGEu^{UO+zs_vu
AIMLZTL'''[1:]


# ======================================
# cxrkit/report/viewer.js
# ======================================

FILES['cxrkit/report/viewer.js'] = r'''
c-o~J+mhS1^*vt!vyMyJ5?6BKOe#h8ICe5ko7kDeO`6eYYKnv;))c{z&}tQVzat-%AM3dQBtS_U&-7(Q00#%>egXFCO1#-fu}+FY)`yAMZ}M~_R(Y{)L{dx9
Y}CFKNtubfG>fXvWIdp{gdjzs)H?|yEz&|YvN*)z=Ui{pPK#U%K;1_ee-y5EWvX*kiZBw#kAz57*=R&D6L}_PPerEE-By-5UQ7K|A@TFe!#7!&XVE|ud4rHG
%&$A3{zqBJRI54+V#7}Wpx3$F%Nl?a9R@rIqG@*`P&Z?I&&2b(P7d*^R@)F~;&hW2SuM**OvHRK5RFdO(x9Sm#+0u_cn=W8g)G;40}P2;>Rnw<#cg{~n$&d;
QsUiJEwh{i&>)dnq7zv8$B(aH#Z^)_GBn_^mN)u^Dm8EkaNDG63<mrRA|Tq?)XjVQfcoQY$FizO@G}u25J)H~b}~Ylzh3?qBp4@6ldsFLm2O(gL`$QDFyQ@2
_E9*;OoW3@+&VI5BbuSA;SdxQ*n^gJm}|MkseAYlZ}KbyS;vj4br>cCv1Ir-Ra@XszBKfFubLbw2x0w!_!LAi90QAEI1!F)4Xepl+89^MIhwB3-;hQiDk69w
%H4KJt3(!zlPyc-6)n(gjEZWcp5x+zSQN~Vs=rFoP0P_yI4l9qc~DBdSM|GKAOcy}sty*w=vIb^iP$8X0`Z6sW~#)42jcWxac?#|4<Aj9;9JpyEXn8$>#(t<
1O$hqH$|Sx@Qm2anX!S73za5?e8I{Hm;H5QtPId7K$5b~Q!t2{EFmI-1n7vVxbs|AL%19;a3qFyDzQ^&(13yYBu7oEN|sp|$1yYP$)J!c3>IXCAy_R3qnRk>
Ui>I^i0d)9O{+Xt;&D|Zsf>Wk{5NUzO_ER5uGGGxVIV<V90ou$flw=fD(Zp*%@Qd%A2Kapc>A6SG!j_lMck0(tCg(r2%K|vqC&^GBLJBM7!crxqY{Rmvu0;)
)mk2Vh?NGCdPx|@?4uS18|fMAH45QS5gHF;6OAHQjLw!U`|284{1y}{OVD?aZjusW?0{UEd7{6*`+mqi+5v;J;LUEi%{73_Yf|D<{)iz)<L^tkN_GW=l0K%^
xmQWikZo|tp)kazN9obYQ@u!<Z`T1w^*;leimNM3!5Wfvg-J-2sl?HNj7eZ9(VM(n!_j~)P71WfAV8|FILCADi^XqBZ6R9HzJ~H27%AdKVy9xOu4OjCxm-75
3p^IE1SyeVDC_;T86YiHej|$}h7$^@1qV$;4hN41j0Yp%Xdp(IJHdb2;nWS(<YB!?T{E6JofoG?4x;!u&-BJ5VKeo2nXfk*v14e04c{et6L0e}L<IBELR=AB
ahX6qP6~s97RUWXMiz<p@5Pu+)Y5!{LOkRX2WJr2wFTp_a-d)GtZ;dN^64gTDBdx}$xS%K)8;t802Cz1EAe>Hv2<a5d1zhA#Qa}(SZU3y#%(04CG&$hAgxt}
31Hr0$JhzWk#nG(T0l_o!{7C=*+_{_(C9+}+Gv_L5C`GRw|kV&<o=PU9W8FFo9Tw+V&}#*hXD^}T0ISg*$^RD2%%Ng0*qULu>(*iWdo6DJE5-voF=?~BsufJ
13RK4BUTH5pzLm=w?;qUEti=fQJ%2Dvpyq+e5BKE>a$`P=s+B1RF$N;J^&cY*Nkm>0$}6O==QCv0%YSP0pVn<)z{#gSvZa`d;IZxVDmxibK7KH=BoplVx@B0
%C71A;XWz3erU~f>=?-SGvo0O$qIdgw_8nyV(ef^jw7fdb3B3QFa|ypp+5xB2#zsGujp8FpouxW#8W1uoU#pPhc^Rpz#6@cP}XEXST`ncp_(3v!(!T^@)7Mf
s-T$FM!ab+;$7NVCBRlM+JU*DznVgmwY$&DOzo}yvFCwoRP>=}(gDJ*qir&-hd6}QbR$#j&}^mbMT<gJc(~d5P&|I}1mue(4Q%+IiBbFn&6Z#v8d9zhlu?;T
<F#SWiy{nGR4=L$jPnh-E0ljv#lxU0A)uJlTruNU41wyo)^)zzfj0+qASQDB1xcO(0cpxQl@%s%Cf6x~DLS)vbIXBtLc#{CL`I>$HgZKXef&92SQ&by)vhkW
zg!O)OBDPG+eNYjoX`MQJMHj_9Wk*AA3eVXec|LrZ;P*0jlsh>K9qX?0tfIeLLiCa<G>VtC-wghgai2Bl~n!CO>|jVn^|;Gu&rnA@h)D$=9b6gGZ-!F6w7Ib
>7@fx_W_u(`^&xv=}2~ta8Z<b2{N4PLnUW5mURn9p3p*2SA!zuZzHss9cEm-{e-ifY|c7|Q^yJG-zJ){%UTYgo;sScdV&JEbqlBg*GgDB5#x=m+RT*%-J1}|
ev{~~p5uPM5lcwYnWU<!m6Xw)7cy4Rejv?$%YMA&JA(OX3*&XG+<t>wqU_+u2PF$T(*$*PTsn<|rKrkNkSNL?5%zCnfU3Yyz&2&T(Wr=*xl4u-FW9<8i&keX
%BqnsS$Mluj=gLFVWW5|N-W~(jILN>y#cEO)nX_NUcCP4o0r4!-^g`Js3Vdh@Cs8c!2o@+Lr|7CT@XGaB#6O?ziTgHrjg`VMvqgk&fQ}x%4ok3BTST-B#GK|
qo74@th#te_a%5lyh$1}XXO=9_`)^la{6l#<=hU5uRRHR1wzc8dRI0C4j*(GhveYo9R4igYEA?%uy>IOvWDBCz|3~w>dqYkL@#LMM_A<$1b4Vo?_~07i^8<P
Pbu=g74!Q?w;Dx|sI6{3iNM+|08}RD02Xg4F7{4@hUs#@rR&a6=e`V?T?aq#N8}HT#f7+T6yDprK$APj##mb^ole|b#HFg(ZOh12PHWJT?kO+O%p36loe_S$
>3CpwGa!`I(B}{#G*J*YUePrG&_pI3fRhPm>m=W5T9V9$Cgoxw01*b(9f?X@^)nidIvQYuO%4d#Qg_>a8E*!_spsV!tkF>*Sl5!g?1j0QMV;e{AJ^+0^4}xp
?VC;Ba6=Bi_m5=KdGnuCUFVsx=SxxHc4{MvUF8sNu(VMHGC>)OYQkOt<zS7LkTqgnsJ(1J#T#fL;A0Vcl{}^6K5ORggl%Pj$$cPzT@&!%$wL#OnXy~jyBxC#
hvo*;mgSVk(JZ}~WsMUx+%FA8F9{e}R=bzV@c|$#LEJW2^5u~zTN7X_CIz=Qac9y{KWmuaA4I@=mtTmg3!uW>sicX$<vs_!%GU-U@Jt6Kc49dOvX5h#<vys3
h*WuMgZGc;BuZh-TYxBgJLyl-{T-O%{UgdTCX;==q8x;QXiRm8S>!nC_lqgMIp_~%uK~j^&M`<eHQz7U+zcaYzTp)=4RIY4KfHf6uoseMt11hXWbJc+jdZ4t
O!DkhY(G;kM0mMcN2v*AuEVV2aR{!B<rE6^<kIF={PBBlo^Nb!%~cl4?{l$)+6{b1X?wu<G0h28LyHFonQBkf`8qF?A{H;}WDRWv<Sn`)lVI#w0;L`_C|Z>h
k)*Y1Aoc(P1mMnY0Kt4;wv)tHEM6&1Q&|oTx@z*q1`4l^2KRIO8>+{xF08fS?ECj#`9xc|s5y6)Q-KOGJ|j{mXxuZUIYfR+1ZId%{GG}YL}u>fR*;>Vur2)W
s-e4A8ZE1EdGM>O|07PAM*$2-h-Dt0^_ArT{y2^jiI3gkqNUS)+wrR252<-usvKcDWv}~2Xc4l>+)<q{fJMop7`r3P%4X49b91~khIY<_>>g2CILt+_6!ath
d430;)Oj+bju+F^w;+1^4m_b}46~^x9g5Q!IegS-Zu5&g#rF#i7o=Gbw$-#H)r22>cMchq^I%|VC`1HOIAZs_OaSS`ASELljv;Me4uII>ub2g5s$DT|K$9T@
<Yl{R@7Koh6JCQJ{&W#<^(+8+OE6)tp&4qBVTOL$<4y7h`Czjc5=UKI7S40LPb0@#MCMs0&!Rho%D^nlIrrMAMDv1j`c`DPK0(L@2RS(-y95}p6s<as*6tHh
jr(Z&Oq4q)dM9TSc<Tn_Rk#~H3V)p_<Y^xZCRYBVOIn&;S{UA;x>2jL=a8TG-{N(!1;*RP&+s-dGOIt(4YIpD^w$4Xd5f_0S-bWUf?<CZc1LU(7v&9nW1?}N
w~k#nLaEI8xeGoQm@#;i>bm%+JaiLVsS|GkT-O`xq+UyWNYyEnxaQ&pTOrh0K+h^+dr}M;qt*?%Ye4J;)V#W==$V@`OLQ78&p**|Oz1Hco<ssF-e-<LtQ9Kk
?KznN0bk<9LSC+4&|A|Fzy_L?=~K)B{0{YRF~rR=JvH+uJt6Q5jSKmUS=OpDU;M0qkc%nnk_k9f<sK4s;VJTx7+O1}=2+f9bYsX&7CQL_4hx+zq;U!EHXebq
eL5Opu}%L2Lm&})(txgKn<l@O6TT)h^1MW9wk&LjX{n`~a_;Qy_4%YF^b`NgJCUbY8Qy3}h`SGbwPp2gWP3659rR4VX2Q46{PfVY&vBbWr8GZ4H1pAdpLNV|
jKhKG7RUbLcyTA~1Ssnhmoyt7(tpnoFQ6=k#AftlwtbU<HjoVj>@S^Y?L!E`NOBq*%)iT!xahd`>2VPj$#{|Coaz)h^k8$L$dM~WMU(UYR&)xrolR(S`(;Mq
VDB2u>hCf}d?&@X8Q96{1o}vkI5D;p<He$5fsr~_Qc>^DtbHB97oYKh8gYEDLOD9t!%tX`92=n-dirZ`Kh8W8Q$gdtkI~&M7Ow`Sx8L{?S+qGEPcRcKa(>&6
x`z_(CA#|_7BnZ<Mmzxgz5dL9mHLx6E2ed{n0hF@C#$>Pvlzj+Mc_0ME!q5zhgB<d5$0~flrzR)b`_R1W{@Uj3MZUaHW&Pa3!BzG$fzJ_N`2~?Y_=?eGY-ek
?@r}|0`K)!-IF0PaT_7C{{tIDRo4'''[1:]


# ======================================
# cxrkit/report/words.yaml
# ======================================

FILES['cxrkit/report/words.yaml'] = r'''
c-n1MO>fjN5WVv&MwJjCr4<}F(4JPyN0FdZe3bJfnIu*nJJ`;K{(Iio*<}}csTzCyX6DU%vzs5=OFG*GVVYelfzlxK^~;u;Iqc+;2EUN+k~m`8e!2Vj_Wacw
>Wm$!mlSb0n0~;sDfpUeV@-Mh1Z%kSVPs3*$pyW<cugi!KTC|p^%cFMC=&-x5_8JNa*Pr$&YpY|7fmudAXOA6X-sDte4xy40|!Al`Nc^!ks7vE+QaD;#pB?$
mXpwOhKz4s(^E1oN!YPPn(ufJ*!6-#S_ab$83UKI&}4azrnV1c4QlUvAfGY=oQybdvZjnY3f&vm((|9jM(=WL?zp12^2xiN7`HdFG=8ilUvGYFU!bDzLy$Ol
+pg6dv)ctfu2pfFg!!*~KwOJ$$<GN0H$G7cY#buIyUf+0iUf9nSP}A~H`Ag4uMG=$OZhL5ozCy<$w#Hfv8_mcm;V6#KGV7O8)o+mAB&^t=g>&JTIt3;yTZ}n
<7ASe_&u|F14YonabKj0VDKR|x%!_2r^m%Yi%A1o%xA5M!V!us*(*(+IUN}-a*q=YleRyIVlqvdgJjLgo@zH^7HR{{nmDAA5_)LCdoy^0)^bm!T&*3gU(nat
m5Nq9L|{gg)pZh(;+=~!)>hUuqrfA_V+CTAodl@#7#CW>4Q4=2(&EFtPD`^}Rqm~aY$G6V1wFfjHfdVV3MrahTq9KDxxmH%DI!#HPpDJhX??$D0~O#S8%^h!
{0cxd)DGtsXDjf?p*QYIr}tOv9P@WPeGKf07%L>uwYQ^g8=B6GnHnF0Gzq#?@u$D^qr-_!h-D6HWOxJ;$m00SsTuOXw(FtFsl?-9QQhGolzpF_yfd<7B`Aea
egkQX%Q_U@O9(yy^BNnk<KvB{K8M+}Xjw<3V#+quihUiiI8ei3;hb(JwX=+1npJG4Dg&>@1=jcETj)h0S}ea-0e$J>w35!GBfA3qMiQp$1Q&`PbV>QVLJ>V0
H{%W4cywB<U^(ef7QqJB5!4T*A1z~bNZRiq)!OY{MK`y1|L);O*YAP;fA;Vr3-}PKIWS9@QpXV`tz7NhUgFBi8~Fh}1NBn9QBe)g(R2L;Ym~YdI$|eAjR@Ec
8g&_U<SDO|yxiQOB>lB2_QDEd7Z>$~AC+y4xl(FA1a8l_o6lDS{#!3a>()2$(ti0M)gPI+h@A'''[1:]


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

from cxrkit import columns, config, environment, schema, state_files
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
CHECKPOINTS = "checkpoints"
"""The folder of results in which a kernel keeps finished stages; a run that goes on has them there before it begins."""
MODEL = re.compile(r"(.+)-seed(\d+)")
T = TypeVar("T")
OfRun = TypeVar("OfRun", Metrics, Comparison, Audits)


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



		foreign = sorted({path.name for path in Path(folder).iterdir()} - {CHECKPOINTS}) if Path(folder).is_dir() else []
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
			begun=time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
			commit=environment.commit(),
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
			if stale.name not in trained.models and any(map(MODEL.fullmatch, state_files.names([stale.name]))):
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

	def _of_this_run(self, content: OfRun, name: str, remedy: str) -> OfRun:
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
		matches = map(MODEL.fullmatch, state_files.names(path.name for path in (self.folder / "models").glob("*")))
		found = [self._network(match[1], int(match[2])) for match in matches if match and match[1] in order]
		return sorted(found, key=lambda network: (order.index(network.architecture), network.seed))

	def _network(self, architecture: str, seed: int) -> Network:
		return Network(architecture, seed, state_files.find(self.folder / "models", f"{architecture}-seed{seed}"))

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
	"""A JSON file of the schema's version as its dataclass. Raises BadInput that names the key, or the version, that does not fit."""
	plain = read_json(path, next=remedy)
	if not isinstance(plain, dict) or plain.keys().isdisjoint(kind.__annotations__):
		raise BadInput(f"This is no {path.name}: it holds none of its keys.", path, remedy)
	version = plain.get("schema") or 1
	if version != schema.VERSION:
		what = f"The file is of version {version} of the results' schema; this kit reads version {schema.VERSION}."
		raise BadInput(what, path, f"use the version of the kit that wrote it, or {remedy}")
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
# cxrkit/run_log.py
# ======================================

FILES['cxrkit/run_log.py'] = r'''
"""run.log, beside a run's results: what was said, with time and level, through Python's logging."""

import logging
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxrkit.files import refuse_unwritable

NAME = "run.log"
LOG = "cxrkit"
"""The name of the logger: whoever uses the kit as a library may give it a handler of his own."""
SECRET = re.compile(r"TOKEN|KEY|SECRET|PASSW", re.IGNORECASE)
"""Names of variables of the environment whose values are never written."""
SECRET_LENGTH = 8
"""Shorter values are no secrets, and could be part of any word."""


def write_down(text: object, level: int = logging.INFO) -> None:
	"""Add text to the log, where one is kept, a line each; what begins with "!!!" is a warning."""
	log = logging.getLogger(LOG)
	for line in str(text).split("\n") if log.handlers else ():  # without one, logging would print warnings itself
		log.log(logging.WARNING if line.startswith("!!!") else level, "%s", line)


@contextmanager
def logged(path: Path) -> Iterator[None]:
	"""Keep what is said within the block, and the error that ends it, in the file `path`: a line each, with UTC and level."""



	refuse_unwritable(path)
	path.parent.mkdir(parents=True, exist_ok=True)
	log, handler = logging.getLogger(LOG), logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
	handler.setFormatter(_Line("%(asctime)s %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%SZ"))
	handler.handleError = lambda record: None  # type: ignore[method-assign]  # a full disk stops the run elsewhere, in words
	usual = log.level, log.propagate
	log.setLevel(logging.INFO)
	log.propagate = False
	log.addHandler(handler)
	try:
		write_down(f"begun: {shlex.join(sys.argv)}")
		yield
	except BaseException as error:
		write_down(str(error) or type(error).__name__, logging.ERROR)
		raise
	finally:
		log.removeHandler(handler)
		log.level, log.propagate = usual
		handler.close()


class _Line(logging.Formatter):
	converter = time.gmtime

	def format(self, record: logging.LogRecord) -> str:
		line = super().format(record)
		for name, value in os.environ.items():
			if SECRET.search(name) and len(value) >= SECRET_LENGTH:
				line = line.replace(value, "***")
		return line
'''[1:]


# ======================================
# cxrkit/saved_tables.py
# ======================================

FILES['cxrkit/saved_tables.py'] = r'''
c-oy;TXWh*6n;j(;&l6fl*%f0E|ZdwPTHg$Pp4_7N!tgYjzEi1EhMtL7+lPM?|05h0z7fr>4V41p2N52@|_DxsrTum(3Vn5OI<AsO*XyO<mP(Or|;kWPV3yw
X+2M!zSf48sd1Ka{7rRH*qHKiFVy9<%JT9urnJn+E{#qzJJ;ITL@5;n`C?faM^k&<9P_F<86C__wV-KL6ng6Ns<cTunNlr2ciN<`GBLf=A6Iy&R$r!WUgVQT
?JYhAHPFUf<*pGN7;`92v@w;jjn;Q*c3v)5$11a&<5O$A{PE@ao0u33jt0S-mp{LLMFZNZXR1%i>O~F@V7!V+jU3;(bRwT_`NJeNR_%fy$n;E5E)b0iQ>|?n
bl90bS!d{0Jc)x2$JSpBNWGtHVrvuxrQWmxZ&c91L%MVg!kenp5b{6BVAX0-+I}0qA+*Mjhfy3vbn=3V+`3_wPaR8Q1{sh0K?j-RciBX$W|Wd+!hDJ^G3j(V
r>%dgPYx#TV%CI@$txiL3Wvdy%lsM<^%S#O(+3HJ;C}E-34+dCbYpoqrVCiQ*9tjOu@EmNjs#v2-=m;Yq|+;;2Kqy92+b-(^$~2X13~$$xhyNk0{`GR=s;3~
!2OO%bE{isAWNOjOl|q;ov4W;HPp6iyYzs<LYH9;5z!X|I*oR;?Z(ti{;Kl5X!i`2MDr9`IgolgB7)W363OfC641wc%)Y_`xM{RonNp&2$fkXGj)+7pk32?w
yq7RS2)9Cdhe8V`L;OjG_<x=!VIA8hY5XXAxCRAWdZi^5V98?XZX_$*Ul94<-v4m&G&*FL<8P*5n6XvKk-*thmnK~Z-Li%yC=hN>bvfQo3!lg}yyI|)UX)0{
CO1yo5CP@1LnX0}TO7lN6ZQ6|(Wdthe~*-4bfgRhhwUWctBYzD?vWX-<8sG+V<1rrIcf=al`DN?Ly<`Y@MVsG!18A=@i!i)PPB)MX}FbBpB0iz?K~FRi;9i`
{1<k2UqQlDdT2j|$)>QINZk{H(I)GSHq+T?b9y@3=w1_u<FaT=BF88>f=5=lK&m1mkUsOzMSDss=^tPTNWy%8xnhuF@0}#EnJWlprg79+2s7)PrR7annJl#V
Wf{?PdU)oi4?Z@PjYd2wM`px6q)H+pVvZ6X81^6azIihKSHH^2v$HQ%3x}-0SkG3L0*uS~xL(=LS#B&Gx!}oR9sFR`gokO)qb^jVQv5~aozA4!C9_pgEK)a}
hX!+HIS7+zWWEKofJH=K!iY7!-e3}=DsFfz*C7)Cyo2!6h`NAR&UcSY7x^N`KxHC}cz8O#t9#LEg|2p@$V(wKcXK06D$J|ooij+y`7fc*RjJpkHvk`FYB2`w
iGh5F>r>lW0D2)_h4KdLtkcp*Vq2yQgnWsn=}SgVcnH@*YF<4oC?R#G%hiH61>LmKDB5xD`@u7~Gl~AE{dE%<jybcwykfr(u|a?5%h1%rEA+QAff~6FBaa`x
iS~UZNta7qg4@XIZR58n4aMiN;P7=^hl7_diBkg87HDG(>qXCrhme0_2cz9OpK^D%*kTYYL2vQ)<BtL4hHJ=QCDUqEx{z-pdO@d*X49N=Gu&@{TNU$uqju7i
+Hirb%6raaM?xnzw3VgluHHVvI~9%VC%(cPGv(G*JGRAeY!zrL>v@iK!^u(v?vU7N)sa`?_P8CF$4dooWq#&jt74|hu0;GYdas|VhrH~!Yv_I|j`zD$JqYWk
xb*$k(6q-b+;LgS=oJL~-!EIzousSyeVcu3@>9Bs78See7jWN#xLL#9kE;sf45^=SKg}~OgVMJj-&O2t5}K|W{;9?fRF~&Q{K;lC?2Y$Z#v<K>Dt<O{x6sA}
8wj8$M&sE*XYP|s)q^FX-52Ub!Pgr9jA(oNdag}9_@&pn<F$ah8t=Yc>%n7jxmxj>z!xW&0SM0`HCNtew1pBh$)ua6>tX+_*Xy5+Yc}^#-F$m`_d2MDAcn%2
2_zG6hRHG0qu!_o|8aqXTtMK*VY7{4c=|YmYUO4p56`%ZD0T$LJ@naKXb<~eAWxsPkT?n?XQ%a+OOz|WaT)yl`fGapS;UixR$TZDg0FMTWCk>1{Ngxz)0vyk
;5|J7CFKj81x%+UQd#D#@JiHP^KY(u0H({+v&Uy#m_|z@6QDn^IG|!rL>Bx5{+Q03'''[1:]


# ======================================
# cxrkit/schema/__init__.py
# ======================================

FILES['cxrkit/schema/__init__.py'] = r'''
c-nPT%Wm5+5Io0ULFm*1f<K@@4~^rrDPSkCgY-}o1|zO*HWI1wk;H%B)p9A(h3kVgGZI(gaA&KkdOU*gN7;k0d*Py)|Mu3@qJ!Xc<C!(K>!s6(Nf6Q~A*0eE
J@84uE4Y(*fm1C|6w&BV(^GFpFenM_#o8Kti4)NE;WV$RYL<R`XFJinyB8hizBxiC=c%^PU2k0wA7)oy)T=Z>9-v0-Kn|A>zyyt-SKy6(8z?PDa4kKw+CY*Q
Ryq%h=w5-C3C_0Z){V10UY73xoRKVMwrwO9IiPZ@+iqc_q2ga<+v2X5SmrcPXJfx@tQ(4dgI3+@cTlO)_oxn_5UiwsNzzIN+$-N-LwK`}@2qXOL8}lwNEfz2
2Ey^V)qY&D)e7><wl=zk_lS=_>sE&o)A)QCzKht$OIG92c6g#}_0w{*y}Mu6V%Vv##Y(z^HVA%zJ{-dUtW*D~!!1&t+co&%Lqk-9MaaV7{Ly+a_vQ(0Rg#Zz
F|HquLwnqt!Xqcsaog?@*Lt!F6j{lhEuFK@lUdr~Wg`uB$p&q^(fd6(FbxUddo<?kJ*;u5NyxRLd9?UPzNRhEHQl~wCnhLw|2i7gLM_sEYk`IC%-&vFHS88f
-&QGmwYcxWp+DyEU^QAHaw7^l`AdZ`hDtY6bg;>rHu}M0u>tAR^-t6eI!w%Lw%cJB?{?y|_&K|(#+X(0z%XbD<anJkY^o$s+z1wdOME*2%tHcX4#DJ40n5%v
@)TU=`3#xnO=il$COY*}qL_37Mb^(an@rl2_mO5a_9XFg79?Su21LtwKth@b1UX}jX+AK{6C%;n6@*g=7#1-omAsC}3E}gGB5CMl20UyME5;28lq*JMvXVrt
#c=E{=KsX5RQXd&Y5X3JOU4vLBIN;14vzydu{;tJD~2Kqxgp0qCpL{s;yexs^8`#78w$a%*<aJhP@D'''[1:]


# ======================================
# cxrkit/schema/audits.py
# ======================================

FILES['cxrkit/schema/audits.py'] = r'''
c-o~}TaVi|7JjyW1>rs<0UU2yv<2!x7M-0mZ5G>2(X_h{h2fzk%4SCr1(6<)i~aHYox_VL&&9LbJWMQ!mvcYgIpl0MllxLTyZGIjb}0@!>4a<rzZA7GH>woU
%|$1BCpJg^e~uBQz$9_2`cfBeF`Lb%)2cU(D5aA{Ev;2n=%zE6m0rz7rBz+}f$rGpb{oh1Lp#;WIxJG$^*7or)UB-d(rME!3R&w-&%fi8tKrpSvl``kT_i%@
>+QZ*bMdou%8usPVy7CpC`{7~8@$(b^Wd<+bz1kzv_-wQM96gdZDRK&rv9PYx4-mz^=itm#NYSjR+Y=?1QPpYryvmQAsk8F;W4Z%v=wq=_HM~<cM#fZJPFf6
s-_ZB^!s)$RBe@zb?wDJv0be(!@6FG&%_KLW}-4ZMmMt6m9lO+Da@@dmqNGr-I~6Ub$H+p>ke{Lt+S&MCvVTONMgG(dm8`5ekVIwv+oNPpK2v<{BPnU4i(^~
gLI(7ATsON5L@96Mlkz!I{Dp;IEeZzx&Jio9pvg&Vk$3jwssOUxxrtGq+h$}j(+P}7B?^ecOg{Mxg#7$^$O3VIt4XGPXWy>mJceTcdVi5q*szXjvr`W(%V}>
!_H9r6Bha8V8fo~fA17XCN)1v^+8%u5+xw@I2UB<5Z;n41g||;G^jNon}pyg^v=$4p)};w?mjP;sfkYf+l=;^&BY8$iTt<hprb-=YBgI;C!izDPsH%kjq0%Q
#+VxNcrVGwVFe^}5agK4`j{e>l6|d-eU4b*o=CT{QOW9=fv#8NStJcn>e7>6AMfwO?!}U1i4<(f!pnu3S(273ye@?`h%h^ZvANj5J!!-tx^gCd(W++{;w9wm
HF}BoiwA)%z!)v|^T#Vu?E712uQOIVeM`RLg9ic@n{0S5tS%Abhz_zt&xN)@X>wmILmY$%hNYh4*ng8&)w)$bn?tlb@<9cosFh`x1mR#7-q_zPn1`j{xK%-5
bxEWmDtWr+VDF|ihjwrs$Qpx4iW`z&)9oFy&r9q;FV(BSLkr~wQ*qkW@iz?#KmE=m(CLJN=bA$)J&XUq;agU8r5!C#;_Ib`o!i3n;YA*Fnc53K&6Dc*FE(M<
h9PS*f+*Lx#oM$~vdGI{uY^Q~*+$h>?0P=<g)O2#`j;Wqwlu-V{*A&2g|WA)*+9Qvy!qnm^R`vq%GSwk2pK<^gQ#RbDC>pw76(t_%yY|3VlPWtkv&{v6SV&#
Ssb&(j0DACS|0-%ey(%v_*K?ye^qTHqI{{V3W974l}z#+A6LA}6?wvtLz8nnthyKzn3>2$$RA|8tr3l3t+M&L-M-nhQpc>CGm%qYQNUP77h3lm0c&mDZ#)3;
&8n6^YIhueIh&HaQj(utMm0TVn*_yJe>x;aupF=t<GSeleX&D`<_sDmHzJb_)FB3}#=awy*$ftxc~IsO5aNlQ1aF2Xd%rr%^(Qv?#Pp4(gm8#iNm@dpF}!=U
Z~;KN4x;gSJLho7XgoK-CC=7C9)63IwIGZ3wO^VNR;?;WLe77`?iB|MRnl8>fH+}wVkwyvv%r+ooAUhxG(H_XC~i=YA(i{gY)QG4&9bOLUx+0!;^eH{e}FN)
*LSMCZ*TB*+8S1O;!+O<F$l)(n<ZQ*g)SIF%SwaYSjIvd<91&9{O=)?tcaFeElDF-g~iS<I55(i)ewNayh$x<rfo=dhn=a1FhkB;4^K?GOn8&+W=Hvos1>1_
@w-3-YXS!?MY=HFivc^>Bn6&sSuS44vgS+yQ&@A-JDCg-9d^3dd3%Q!le`5>f}SWP^0a3J$kz3y&Qw|WH_>%GOhUj=brsyJ*>jXfFb8+@0QGeFbhcG@9kiw*
W@9`Qes?6V(j%+01pf%<Ow@j)!0i1i4|$DuexGU>-z+0L1quUL3HG|1Q<}6p*{c-tX$EYVW;`7NL)}3eWtPW_dz0JuJ#jc&k<Ox$HdF-oz{C4ftp#`^c_?Iz
wVBqCF_^aS6p$tZH=Tv6xav59q^J|%Dj8`IlWf(2WMucSo&c;&mf7PjC>YO2U?(>kMbt4VgwiWY?>bbSLs&p+1N^8TNxAa?U2Q}1D3DmUv1IcPlrKsxw=L4A
6)%0kV&nEGS6-b>S-G<w7>|*WOeg!6))}0g2C?LGqloU>iJ~{$tDrA#2iqafWf3;OFqU8vS67S<cxwVlsATXSsD@?(|39)BZSmwrRJ23GWweSRx9$Q&<H~lt
E!p`uU(pVqzj*`oSdOh;54W<`rEilwhFdkqCD88GvJ_Mo{RYv_0~2iH<o3zQc;xaSF|zpSZ4`UZygpw}e1dO$B4}_w>6}{EIMHx@1NE!Eh37+4>dyZTHbYPh
Z22zFxZ;t3rN|j;2))o$n+>1T07LI5;TY{i-iK0%34IXopGN5KdeeD9e2APiy4~AT=0@y{5N3J_Qgx+^(aR^flT3Ef2Vj+|VSaCd*>t_xc+aHjpiyuHuJ_>X
q>J<QPtp~E3D1?c8%7b4!6#~>WWGlcED&#FX*8XD_O$FTPAW|$5h}eE>po&hv6ET8KC7<p0@0tyAmIN<jzE@*lK&{iXGNwD!m#dB9|bIAs+Xgd=0sMGKt}%V
997>V^K}1@Pi<-9A}G)Xht6dt1CAjnIb%eHtP}fk7vh@QAf~)VNqDpzx*FL=l>Pk9;<N3UBpd1591$Pk*7!URAWAb|sUZ>|t4Cm&|IjMgY#`Syaw_$UkhEI0
mBVa61DO3f^Zv)JogHNGnWJ}>6g#gz{_DfL*Pnkghkr@ORq4f;j1XYAy)3EP&dEO;Q}-KI<p@#no4D%O+q@4ArulH?%!R%;5wFtCaa1;W!U-qcYIR_|r0ybM
2R!GgsWGh<+l81ly5<_{r%U?#p8kCK2Bsyx`X+V@S-&%anx5okX5Z6E3@W3y=h3Dsb`MoLkKq`uU)qq$JE{99lx9eMFp3+_0G!%^%TSG9Z;scg&UpyMY+_FU
Ppg0illWqx11Z9Puzp98AO)49LZwYM<ISBQ0u@+rx})$-6$0U)HMkY*Io3lSPc~i*p(U0%(`kQeaCNLUE}J-U#Dzmt59>}RwXtp;djA8wpaug?E9Bm)<tc)I
0D%f=r!YUB7mOEpc4&UEoE@UzEu$10z*SKHNiMo36m)&R5PA}oVq`qy8249C&piHzz*v|Lxp&<w0;T0i@#tGw6m?}PCI;01!WRVosKjg59dx1Sl%;aMGa8no
xHsTwazW^+q_YCros0o#E<)E-)(q~M5Jc{s*~^kJ4kI1ND<sa-Oo}fdhQ+p27SmP;vwVd3vQ(Aa*KS?O!kPZ~mPWqf(!Z-!xu!!q&(^*09A!o<GM~}r$-{|X
@6*CB<&QjB7g?tTf`a(=?Uq9OGH;AO+`r-0qgRO?A?MhDq_r-_{j|J;7JK2T8w~lwd>QpjCjp1u&qyz)lSw4Q=bu<(e*E>9PaocWN8FJQ1gklrK$OZBz3v#P
5cO1Y>eTnaGE}-eOw%hk%(qB_2wd(6&8telr|nB>JG>IF{~Bn8gT^wGuwf*R+<*Rfr##1l+_&H}TFyfOCr_wk-uG0o)zyORZh^!vbd|mEsFk*3uDLsS`t|%-
+<pVo8>bY6K&ZPhr3&t3$l4&~ICdVonbL*>!%zUH0bBr!5AkpX#sQE8h4lM6xpq7%CLLs_a=dNIwf-!#xIuat4(;>O?x6H`N2jJCKg7dh?mzkFXXq@(S>q5n
?o(8{Eny(`B(=%Zh@m*(o74m-6jf-MV_-j+IpP%~^j_5-fdLc{*@odY*<WV@T2$@HPFA^uT38a;G?^{y!kbe{a8~M)HrNnvh`wvTXb6ZyQ)M|+9~2j(cv9b$
H)AQLgs_ueeD!sb=ukBi2({~^>(J5}D*r<`&yCK&I*g-vffuJ`z2vI_FYLHiIDv`y8h1=XFbL{is4}}T0EF$U5;Bw;DWWaTBdSZ(H!aOd4)8s2>+7q_AAttC
<hW15tY`J+hT9EDIj!oq$F*+P8*`Tf62{&MYSYDs4znpbhDHXT0hv4CFLSr{rkh|@=;OVx<3>jaj?`CZOVenih_xr+e%B_U<uEt0P0>X7`O)P@Dx}QI;^K_N
XB4CT;5XhKNSmjdV%&|$M#Rkt7t*4moqWLIvussS2NBYw?UKzi83PLVL-mHqBf#Wi2+4-913AF?k`!}QfBdd>{V@heQo4X#AQQ=Vj26N>PL_*84<ej)Ak|Y?
$ZlF3c1HljbsWuw=WuBuSd?z4*`v#+VOub;lhYvX?hp!hrsLd2zcHN(nl5770D)?`2|;%h0y6(17;n{j-^XEN`u)pi`x*q<n?nq<xeHRY<s}|I=JH?VnD0I;
AB%_i50>C>I}kdrWsypqu+e$4`GT2O{_`%Ion9{!AIFz6Le8FxYkFs|dBQavuFwSyZbOiP#CuVEYb&+*{iTp~7N4Qe;daRSe&Ei&E(&`aul$_etx88uoEQDY
k!5xr3PC3T#i+RqIIglgP#*Ti<IokY#b-G2({RXxZz06QZ^PN~Y802~Mp-EJTcmJODN4!#(Pn(`jfrpy$7|*%gmG1WSi%UN$Aoj7;qy=y@b|1LTRnP&d{Tb-
G6dlih>432nH*s7g|s1?Lf9=`ky`mPH-B%(3&`L1T5)<LwJ!7fdqZg)xQhLP)qQ0DfbgDqU1O4tI-;_(lb1ialg`e(A(R1Tc)?_N^|6goq6oLa0$RoD=^6)L
w^-)aF`irts%0pZ?gr4x!*!c68kqhU7lDD-'''[1:]


# ======================================
# cxrkit/schema/common.py
# ======================================

FILES['cxrkit/schema/common.py'] = r'''
c-mc3!EW0y3_V9*LFm*0LD2RXAV61a1qyU6&<*RM*nzbvn}{uCBAp=n`cZb;B)w6OPkc{&^4`C+sGu!DNJECe9SKN_nU)3R3|q>=Db4|7JrZ{**J7336D?p!
8P*&POu=xDjV!$P&V`(Ms8O-%P{amvze!n-(8SRF#_qf~A6O}4=iKk_&p+><9$^L7&c;0jz^*&7xqxS6Az+1FOOebdAgpN*Rg1AHaw-t9r}<b7(U@kn)IDJ|
&B^8+cfFX*LHX5(0{A)jjSbS&`#<i5xM}r_#XUAAtA&_t4-?Opb4q$6wW?5TZ9=7>zXNZvqp0U6;0Tm+8regvsp6Vyo9PcJnU)P%!&hK|Hxg@qV7H62!G$5n
bxCBLIR~LAth{C2k5S6T1Oiv(tf?W3Hc$I-Hy;6ASU~?Mu72f#zPJ&BADA1CvUD?Jf8!7+Q>;krhaA3+l{+pU!Ghtc1+(~WRKWW1>CtGMj7pRIY&5)t&?S5H
3N9CyS8jG<|EzUwt>a5Rwf+Mxy!av'''[1:]


# ======================================
# cxrkit/schema/comparisons.py
# ======================================

FILES['cxrkit/schema/comparisons.py'] = r'''
c-p;K+m7S75q-A5g6JUV8Nl7>Ot3-LjR7*3U1WjmOfVVjJS-YoTB2>HCDI`&d!5U_=TwoBD7ky=yyT_Z;-y$TRduS0S65f1ZFbUWZ_VxB@n<QNEVp7OwG(zN
j0y+q9=%wp5R_X8e0jAH>L0D%%UYQrtP`!NRH-XfErc|cIBaDQf&Mt<gBK8eb#*nLubpi~C4($$>AmtoH#_UXFtiYBt?DW+49A@|n{LftG>(^b5>o!^9(A}?
P@$DU<A6p5r^{aC_j=Ph==n(o<wtvbxmAt4#kCu2hUImG(|?q1qYZw1QF^lt^uxMpKA-=oSMdd8{ZpCOpIxh7&Ur|DYRzYhKg;<H_x!w7!tb1t6#*za2(P_R
&H*e3m4w|ZC%jS>&R8iA>;M>sjf%k0hiRLYVk_uIZUC38X&$00T?QX9o!OOFZm+6ky0Z|!5k9~S(p92Td(HU716^zUJ*@R;?7@gNlp%o_ozId~lC!R@4D%V?
00vlg(Eogu7B7XdL9mRgg}7?0W2KGgWzcY~fXwNz^x5~rS!h2*@V+DDe8l%nhbX&Uyu!}eU`t!WKXupws9I<^9s`_kGO|%iAmipU>B=qcR0hD6h6tIZsI?D2
<NIMg<E?2#n}87&b%;ZZ(F0*U7<Iv_NIo?!FK9fs4D5=)YLqmKXp$YwgDCRzSp!t0N$}HJ7@pi9o(n^_p+2%fdZpObq$onpdRW0pZ768gQrD`Y&}3Ke7$8Sl
ix*kQkU*`Re>uo5WGEWzL#73(;I|U$lQ#p{?hqe6wUI}7u<$lv|Lr&8x1zLW4WBlpVrYwC3wE3?QqJ1_z4j$SPnr;o{$u$8QR^s(ew8KS1H{4r9qhnSd_L<7
TQe}p_VjZpfEaFS>SG~`gR_L>Fti#C?Yby98~W00R8+CHhlSXJH<sd{T#V;{rJ~a7H3k5NNRds}AfoI7UEy09<_mJ$Ki&aC=z+MF^}YB&Zgtp_Ok+D%h=dEi
3+awHo|PB><_+^%R3#fZA8QH}9xwA}dk{^FL~yWeU8U3D+msiQp;^nF#a%O$5g!Z*c}~0?+%nSFd=~#dwSu>H3&;sy-4(gGehQpb^tq>0`Tdf>S9cw+4pxAZ
$XY+DXR!2Jdmtn)uy#=Iduw)d)M(Rs@fND!WaD+vdmWA(d^_N_)+Ig{h>#dCa)rPbcjArEU0O{5f)9uomoe+i2EWM}WW*ZmMF~8bD7uMm2VA)r<P=+5H#x(Q
EQ)C|YZSJ!Fs<XPiLE23`)!iIg7!-$yhKwZ;+i<Ysq?P(S1eB1G7n(nsXlz8!EeQP(D9hZ5K!wezbDXh2F^gmKg5K%ThJQ1q^jX*jDEsfCh}jU|0DeAqFl%%
k({I7Vv{eJ0f|w%brAwcXI;DNET*=qIWC_z>*OB)tCe{;Ma&=+F5b~da{9g;!8s@jn4s;th`GmSHhu$J#?hzCmd*m#e(Yj>`S6_IJ?~Z{2qw#>5@63^I!yg~
0%jhS3}qgcT<#K~VH1&W!!;nCF`%4|&Eza6T##{4MlmEWIy_uRqEMsUlAZpH6db<W=XTs#KDV#^=qKgzlu$HPI^mittAy8AJje{PQFN4s@@lFnhOC>F7ED@9
3tPD--JD&?m9C+G5hHC7C)=_(^=~#<TXqI|5-R$20+opwDP^XoH+I}Z`}!^frhmfI&#}@wDx%Cs^AnOq#Wm7U(RacajeWmBlv|5U)VbhH&CQMywY86I8dNE#
<>yct7S<GltVz)Y@}eS#YQ-$>&R*hgp{<T%eoYMRX$D@>@zbsNvej_@H8npm4mK$4xegKskUW+7yLJWF*pd}?d`FT*B_g{N>!~EwV$iUbyJwg+)mB+GJ;`-b
Rwb7i`(~`TpQ6vRkbF-UaG$9cji7vNV=pvn(1hGT0Ut(K!J2e&tcyZU3Q&S=(PJ?vmw<>A8jIiFy1ULI7#@n&6Sn1=PW8ojtmsDHlWe}u<v?~KfzIB~rJnI7
+>oh0@_UBG0%3SS+q_a((xsKN*uUk($xb<K-*UI?9u5>n(5YnhL8TGZ?p*7%d1DF7)a$2Kt}Elo$*84U<X$i|ZpBH4Smf#9UZ`e=tU*RXj|68SlR+zJcws2w
)?8gBH}1m|t{jVsf@G!H46TPtpiSKokqbnGfv3jJ8BO4@a38z&W%fej<uUJ&$4zirJ$e902T(8HiKX92#>mM>Fo><D-+ex&32#x{Nv^+nBmN=vZZ3EWc-OyF
#asU$U#@2H)hM~u$zwqyjb39zfkye&H-AWO$-KIZZ%dT+kulSZiG2%IDycOp?Ot~+>QHy^CsowwQ0n1jCYC6ePw!O-ih8$|{rq#i(&*h_t<WFggi7tudJ-IQ
TLdD`rU-ra@uwf&-~8^|p5}~o4N6M51D2Q4P@<qFih8J72Yfnj^n&v+4hD_`j>SI8MCN0Fg){OrO`hiIlhUA%SLSKPzUK)JFOELggMx@=qzkGl=%Fy@jPwrp
AYR9p$rqJc%eD^18acqa<7-;_l8*fsQ#=&_-Tkkz#o_Qnl<}XAODGtmqn8)Tyy`rSd{V4`0`i1KV`;Fb2#pu@J+tP0RQG(v^~AKK?;p$hH!KqLOzARy1G`lH
p(OcgM+bkh&MA5x<Z^?bo~q$xD?Nq2_#i7KTlUDe%51bn<A3-2mzQ*Q7qwv78xTs7=lhqhwjN*aR3;5YQsmM`Lhz%u?0q}$Dn_C%HPDn^zYq=n5=mBxn;WN+
cir3|w0=RIh_uk<j??$kobF<6m!p)ZCYBz3fy?rFeO~5VLVy#}8Hdb-bux#1nEw~!+m$B'''[1:]


# ======================================
# cxrkit/schema/run.py
# ======================================

FILES['cxrkit/schema/run.py'] = r'''
c-pO2!EW3(5IwKHVxS&k1KS{RP@|AxplI3v0gAL}UE~l13$8d?v8G6Yq`cXpAKy2m<n=bS(?fl+#2pT2-h1<?x~{|Ip8pZOYiQrAM0*uU#aq^EymMeOiGp(L
<F9S+BV$21O}*bs06We4d0p34)dfG0R!Oy1#mJG&F#3>=OKa*3TU`RvVKi>H#QbCu2W96Z?Wb^S((~54&fJIm_-W)|26pKrh~1qD-pTqB`MUR}<&&t`_B<$L
90u=}xHrZQDC#|%U7uoARo~s0dWOw^vb(+s6Q5UkiN2qlw%k-JbbHe??bxB_#F}Co%$O(%PKp34wQ69J0<MUMF&!xJrxZ_cr2+#I1s;7g$%jJ$QvO!aPod>a
?A66Lmkq@fsuePCjGkXu12esmEO~{lDQ|wdiPxFJ(!_hIR|)_^g<IMlP+er(t%+6J)83?BR#2mYQm*KocTAH@#!4GUQIyJ8n(qL8GgCl+mH6xOkG`V19jBUn
z{8|fU9HBzt%*iN_~@R_dX-*X)a&{2<z-2+UEZpdRR=$%r_Sw_b8O=VD5SXpk2ZFbpCS^Z?$yQP+rb-f3N%+jWAJ)vg;3!$_(`UKlBb(D_|-T{K^X^qS1UCo
pC)<!a{6}q;oUpzH8MQNuI$bSFfhag+4y*plnKll%%{s7gC58VJUZwx3fBWFN*nK<B55fe1r&WmQFFrV5r!x0!gq7B)I%BiiLy$hAcpFr4=@3MpOYLx8m($s
M)>nQXVq%8<mzN#Nl!tXW7*wMU9b^-0E3iuVl3Bmmb@pc!jAKy0}q(7^Gv=3L_}zAy>N$4b4^pksI1PvI7h!u?yc*58KnQ&NLR(J8VD(!4E+N<x7my^r8bj3
(<AA7BhZSiz=yWHlY@W1d5x?IX4NcK`$4J}{0dyo#GZBiF%Qe~3z<lkyM#2oL8)*DwJ=$fCe7R$YgxmP?hU$mVAhf_aP;<$^%ZEannTQu?~Ct}0z#rso!tgw
EY+JpSrno;X=VU9(DcJoPQ7tZ&U76Av6>ar6sOM!grjH9zF%esC2-pNa2uaNW+A4fJa`MM+nC9a&`~9W!=tEZG;Nv!&sZQkx{~4Fdy1nqvN<>L0Q6h6+u1Bt
>sw{(kErSp6AyF2_j3|w`tJZ2>=CaTr+q-sS|T%1zZ`&<%V3VGMQV;$RI4qt1&<TSXT^a<=kd>>!a`M1PcvU>)vD;RnQsS7U3oaeC`@h<M?==cT){^~<f|Ox
)2Yd(O{ZG9zpf?X{M17hQh^g9ao-Bqox=QSkSpMM52EtIXH7nKj)a|@(-4Q?0bs;HJADFIcJ2R=3-Ig!%A7$aZ4bPt1yi?R1~S+b3)yTBiDyYXW_SbYT4rUw
Hj5c#L(P<v_FSlm>HsU9TiN83<|B?>;ILy4FvWjs1I{HSC|EuOm&MtXYT%2@_sMcjsTAT6qv(-U7UbF~cKR&Nh6%awZgR(u3^@Yk$XR&eJK12?^!B%(>D$W}
FPCo~0FZ4~@@^S&WZ-be!xmTF#fyte=nmgwCY@%U@xwRCv-sfC2ov+QHX$AA8OM@3U%+y?@5Elpxu1V!iA(0y>Tfd!wdD'''[1:]


# ======================================
# cxrkit/schema/scores.py
# ======================================

FILES['cxrkit/schema/scores.py'] = r'''
c-pO2O>f*b5Isx3f=~~QfsK&{Xn?MfB5i{J1=1vFg7jbn3$8R;F`-C-r0j0dAKy15^|5xh&Y>53C2GFjym`Z_s(K1e)&BCcw`MCsN5a?Ekr%cVbVKea424_k
zHEdiYVbG60|{vw;Rmh4WmQ#W**e>cMh01H={>AfKUf!*SLusz9F#dshp$y2Cv~>2|8!sAj&7tLWl+{!)>5mzi@zt6UzS&At*mLS>!qG--Z^Si&1df^_;Y3%
hdB_uj2;IY@k$*=N1NHt4Sj?a`HlEp20H6-^wf^pke_|Nq3|;qYE?L~@pVVNMBaVB6#7c(9ufW^b?A_ES-zN|d<5ga$UOhxM!G2DEAe(9M#UW7S!KeuEYOvo
&`mV5v$_#=XFVAK|42|Z2~)r%q_~wPP$OWD8o8~^0e(W>L3GlyRpbS?n`xnf7w?%QsrQ9#w^J{#D}?b1AgOSyHlp$a)v8rBKYl8U6l^P6ZDlBn0Wc`fFZR}I
A-)l>r1m6kJ94y6mD32;ik5DH5C|Cg$yufPgB97ANI4pOXaRm%%plBB6Bs+@yAQ4`yzFV0ye^3>h;fuS2stnUC@(&b%>l6OkMK8fWxLR(EFy&4%#nxs_nx_K
4ykb~l8Zf|OKIF>3y9IMKz-~sNQvBJKnJ}5skn<L4bJUZeLq70NP-6fyTK{zma4hdmZ>LhxdVZ@BL@jWK9ah(K3oX+YN-zTxDnuwu|XgOsdW^OBYpvPaln+|
Y@KUaq#Pf>eJSKY+!Hq26HzE4N~iB02A|zT=-(oDH)7~Hcux`pxQU==5&YKkv5%$W5L~BzuL-Z?$Kc>z?iJ>Q(McsNbY);xnpu2Nrddr69P`AmBmO`6=CP5k
?(kX7I07rJe7FXLpBONBP3dSICz@kUwki9ZJ7$3ue6oj5z;jgdsUMtM{{3&9=4j|O2UwIPk0D4ySHOw02O6~<4OGG)UZlvLXWD9zU_eg@XIp^;?o3G`$9kLf
wk#R~l@8Oh_*=YT05eIMJ3=~=8}X7}<2wX}Lvo;h;^0;KK8YNs1@}M$<%0AOrBvKK=l6_2%m7H_uoW!-jQg|`BK}D#<A5R^P-9MGe-uDT_JalrQ{7hrBN2|%
U~?@XVMuE=3Gh1lFfX0mP24)Udv}*nOeJ|<o7-tG?1s1)?ktMCb)QLU@fewQt3qc-?8vtte|`D*yB|>TN_7Bp*sWy$KVr^}JlRAm+uXw`pqci1(u32eP44Ng
9^DOPn3k2h0_ZED_gRxCasEoM?zth%QsZ|3VMl|lyDY*hcRhM3O)hpcn(quO4y<=k78V|$K2JP7r?;BP+4I?_jFOXU$gY7H&uKi#*}s88^m~ZJ(<e`#ZFt8*
m|j4~kZw3Ks;yY7&m&K|y%3LoWSM|wvS@w)0<%7D^72k<ji^!V3Tzyh8^Pw6CvtZE<kS6-W{H#TGn2i8ur%@Ta+at|bMc_Y|CX+IN#*~aJ8zLLZdu3%8?QaI
i}A9G-o1Oo#+XE4h6mkYZI}lsU6MPTtTu^YcK6b#7E62QJNfkcXW4&T)!TGgj9Tt^!Lpa_e03~3(pb7<QucZ5;$<#g9}vwEUpo07Rzb`{m3tUcCw<y6#5c1l
j$FmX+hrHU4H_pb(l&FJ`G4+<yyd3V6h|Cjvq0+zI*61mJg4(j7SnD!=Xu_nXB_+kWR!ee'''[1:]


# ======================================
# cxrkit/schema/verdicts.py
# ======================================

FILES['cxrkit/schema/verdicts.py'] = r'''
c-p0tO>fjN5Qfj2Uoi?7kX8%ofkUE7NWF7Fl{lb^&c>6CTiX--u}cv@p0Sfn7L^JlE{Q!eo{#6X>$<)j2#(~H?jmpx=m3+_aSM80h22A7*MO{`W7nA!G`lTC
Ip_(+7ocYk`3yP*rvW1%gfx!qBPr+%Y6}=1OWdxm>#FKKTTmELoFPyEZFBT$s;cV4vUx4xKgeC*`b2N4VuDYlbW?34pHGGw2qqm`i1a-+xjwl_uA>%?Xp*=~
UndM;<z(`tBzEu=1~zK;>M5XOJE8=@NyniDL#V>n$T{l@pgrfA&t@E@66i3^xS89EzS>M(mF3)yb`gF;Zy59cBRi6)wVyw^*G5XBrM~Ro8tNM06_6d{Q`WB6
MzD&adlKp-DUM|K<l*Yw)%$;-`z>itRv=D@Kc8n@3BdiL@%<|A1Yvv07E2#EOSUc32sDzeV)^O-j^m)+0V1Ed&JZ2iXAtwClVBkiCRJ^EPEP&q%u*I}xyvW^
D*O+9OHzE#Z2k)GW<fNud*O-gE?AZuEBCkfv-9oh3%l{D1-X%U@Hh@ld2J){XwHl-^Au7S!DT<c(*}$V@yn#cT{bT&ufD}}mq|)LFRQ*4tz;yh)obUgH|gpa
97SRNSY(()`URWUg%S'''[1:]


# ======================================
# cxrkit/spreadsheet.py
# ======================================

FILES['cxrkit/spreadsheet.py'] = r'''
c-oa!ZExE)5dLiaikm)3fGeln&;f1|AZ@)aXwn3AFl_UTK$cE17l{-|x^ZgwzwhoS*=|y7SkR;t$-Cn{FJv6Y)7D~Mx+S7_kYwxHty9PySo7e(RN!&#$2`%j
iX~56Rh23bu3FUa`{e~BlXsVAFMj;_wS?u+*16K)^F@tdH2p)6?4S`#m&I`$@sDa+V?9{xM_*N2sT!long$9}*I0OEw9E2E0o|T+k2d$lhD~kmm$h2-i`VoS
7S>Ijp|^<r(xk=)wZEaMs4K9x_sVBzt+B4(_BJoib-VIWG`&81H-Qs~H%sr^@o40VB{sRs47E+^D`T77)2F=~xjlkSJ$iL?^m^0~1lu^8-h4j)^kF)L>93Q?
4X0bzBe%>gmQ!z)zH=Gniia})VC;RMVI=>(l(p#M?DL1ol!IUY1jonl>L?-z-#&U2dKli7Zu8<EO9I3aSAL05=k^YrhkI=vdNP(m&vK<ps_%tM<%f{#l35EG
7N%K1V=M|!@6RsJJ}?Z))pWv04SSX{g6dDz{zAjyA-dUhZXI@eKjLFI`Yo?l{p^J?_p7%1_+<Qf(}s8~Wilmklvs%XZ%vgj%VQxog%_t#E9YmWD*ViON<e?+
^Kmqw<K9r;JJr&-QkD=1+FM|49;jUhOX3PC5Ob3AhIF=S2q5Ka9E;YsZ=k@scJQG5(yTmTBdb8HL5-CMn(S3P@b;044|wkmnhqB^xOgI9%lif{&`yxvcEcpB
rl2b5^aA9cFq`STLGCz70c(dan{yWF@<gCWZuuj*Z5j8nOV$Z46?nKvnnnX$7ub5}IHhBW_W4vcSCqOJe^LpO2dai5*V-_Mz;k2RNa!{r<#Lmx-;!ijo4o9R
XSnXj191xCHrY>TF_3(6KJ)Bo&OJ*n(%WVm4J`VV)iB$Ht+T+-JWvDVItVkvFhM|3e5O1$E)fVrTy}>(2|LrRgjuFvhr%z%^LZz-Z*dzx<!}g0z?fka@f|9?
8xw$3wxf&6DqWd`qtc8s-8%IZ;S@R>@8RBCf&kxez!sDX#<c`vu3^)A|MZk>zlBTnHYOsa^OL?LGZN~_K^F1x5AUzu-TZMqiMe69zW=poi3JrUTBsT26}llj
EESnUn{Px=8gyK~qv#L{<~S%V;d;G;pGf=}x_dvfi}xnx9F8IIofTW7v<GkA$aN?EH~Aw;p+WA^;TL)qYOpIE-j|(>;yC-8ViQ`)B#e|0$3YM)&9N*U){g)p
xBk}0X)0TIjrTk=SFmZi6OmX@P#S+vB0C$7_uWeG{d4yH`)tBD6zi6}+Fw*PdWvz~RTY{&khh%SNjtO@r!0X-g>?xVy4&4qk=XdJl3yPBWst=&v6Y!L9m6db
NO)y`iDW!zlK>7c9r*8{U=gR=9+_R1{|5{Wg0J>RBUa#qUQnfLrIDV`SY#cD{%@Wo(Q}@o!56j!*-183N|$ov-KH;8R+8;R)g5_8l1wBxm3!>@NnI>&YbYQ$
oD8FX0M836S^'''[1:]


# ======================================
# cxrkit/standing.py
# ======================================

FILES['cxrkit/standing.py'] = r'''
"""What must stand beside every figure of a run: drawn films, random weights, a leak, trainings that are missing."""

from collections.abc import Collection
from dataclasses import dataclass

from cxrkit.data.readers import phantom
from cxrkit.progress import counted
from cxrkit.schema import RunInfo


@dataclass(frozen=True)
class StandingWarning:
	"""What must stand beside every figure of a run. short: across a drawing; sentence: everywhere else."""

	short: str
	sentence: str


def missing(trainings: Collection[str]) -> str:
	return f"{counted(len(trainings), 'training run')} {'is' if len(trainings) == 1 else 'are'} missing"


def standing_warnings(info: RunInfo) -> list[StandingWarning]:
	"""What a reader must not overlook about a run; empty where there is nothing."""
	found = []
	if info.films == "phantom":
		found.append(StandingWarning("drawn phantoms, not films", phantom.BANNER))
	if info.started_from == "random":
		found.append(StandingWarning("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
	if info.leaks:
		leaks = "one patient or picture stands" if info.leaks == 1 else f"{info.leaks} patients or pictures stand"
		found.append(
			StandingWarning(
				"leaking split",
				f"LEAK: {leaks} in two splits; no score of this run holds for new patients.",
			)
		)
	late = [name for name in info.unfinished if name not in info.failed]
	if info.failed:
		told = "; ".join(f"{name} ({error})" for name, error in info.failed.items())
		found.append(StandingWarning("failed training runs", f"FAILED: {missing(info.failed)} after an error: {told}."))
	if late:
		found.append(StandingWarning("partial run", f"PARTIAL: the time was up; {missing(late)}: {', '.join(late)}."))
	return found
'''[1:]


# ======================================
# cxrkit/state_files.py
# ======================================

FILES['cxrkit/state_files.py'] = r'''
"""The files that networks' states lie in: their names, their notes, and whether they are whole. No torch is needed here."""







import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cxrkit.files import AGAIN, reading, replacing

SUFFIX, OLD_SUFFIX = SUFFIXES = (".safetensors", ".pt")
NAMED = re.compile(rf"(?P<name>.+)({'|'.join(map(re.escape, SUFFIXES))})")
NOTES, SUM = "__metadata__", "sha256"
PREFIX = 8
"""Bytes before the header, which say how long it is."""


def find(folder: Path, name: str) -> Path:
	"""The file of a state in a folder, the newer kind before the older; where the newer one would be, if there is none."""
	return next((path for suffix in SUFFIXES if (path := Path(folder) / f"{name}{suffix}").exists()), Path(folder) / f"{name}{SUFFIX}")


def names(files: Iterable[str]) -> list[str]:
	"""The names of the states among files' names, each once."""
	return list(dict.fromkeys(match["name"] for file in files if (match := NAMED.fullmatch(file))))


def write(folder: Path, name: str, content: bytes) -> Path:
	"""Write a state as training.states.written gives it, in place of an older file of that name. Raises DiskFull, WrongUse."""
	path = Path(folder) / f"{name}{SUFFIX}"
	with replacing(path) as temporary:
		temporary.write_bytes(content)
	path.with_suffix(OLD_SUFFIX).unlink(missing_ok=True)
	return path


def read(path: Path, next: str = AGAIN) -> bytes:
	"""The bytes of a state's file; those of the newer kind are compared with their checksum. Raises BadInput."""
	with reading(path, "The file of a network's weights", next):
		content = Path(path).read_bytes()
		if is_new(content):
			notes(content)
	return content


def is_new(content: bytes) -> bool:
	"""Whether a file that begins so is of the newer kind: a JSON object follows on the header's length."""
	return content[PREFIX : PREFIX + 1] == b"{"


def with_notes(content: bytes, told: dict[str, str]) -> bytes:
	"""A file's bytes with these notes, and the checksum over all else, in this order: the library writes notes in a random one."""
	header, data = _parts(content)
	noted = {"format": "pt", **told}
	text = _text({NOTES: noted | {SUM: _sum(header, noted, data)}, **header})
	text += b" " * (-len(text) % PREFIX)  # so that tensors begin where the format wants them
	return len(text).to_bytes(PREFIX, "little") + text + data


def notes(content: bytes) -> dict[str, str]:
	"""A file's notes, empty where others wrote it. Raises ValueError for bytes that are not those which were written."""
	header, data = _parts(content)
	found = header.pop(NOTES, {})
	if SUM in found and found[SUM] != _sum(header, {name: text for name, text in found.items() if name != SUM}, data):
		raise ValueError("the file differs from its checksum")
	return found


def _sum(header, noted, data):
	digest = hashlib.sha256(_text({NOTES: noted, **header}))
	digest.update(data)
	return digest.hexdigest()


def _text(header):
	return json.dumps(header, separators=(",", ":")).encode()


def _parts(content: bytes) -> tuple[dict[str, Any], memoryview]:
	"""(header, the tensors' bytes)."""
	end = PREFIX + int.from_bytes(content[:PREFIX], "little")
	if end > len(content):
		raise ValueError("the file ends before its header does")
	header = json.loads(content[PREFIX:end])
	if not isinstance(header, dict) or not isinstance(header.get(NOTES, {}), dict):
		raise ValueError("the file's header is none")
	return header, memoryview(content)[end:]
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
NOTHING = "\u2013"
MINUS = "\u2212"


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
	sortable: bool = True


def figure_text(figure: Figure, digits: int = 3) -> str:
	"""`value [low, high]`, or a dash for what is not known."""
	if figure.value is None:
		return NOTHING
	if figure.low is None or figure.high is None:
		return number_text(figure.value, digits)
	return f"{number_text(figure.value, digits)} [{number_text(figure.low, digits)}, {number_text(figure.high, digits)}]"


def number_text(number: float, digits: int, sign: str = "") -> str:
	"""A number with a true minus sign, and none before what is rounded to 0. sign: "+" writes that of a positive one, too."""
	rounded = round(number, digits) + 0.0
	return f"{rounded:{sign if rounded else ''}.{digits}f}".replace("-", MINUS)


def figure_cell(figure: Figure | None, digits: int = 3) -> Cell:
	"""A Figure with its interval."""
	if figure is None or figure.value is None:
		return Cell(NOTHING)
	return Cell(figure_text(figure, digits), figure.value, figure.low, figure.high)


def points_cell(figure: Figure | None) -> Cell:
	"""A difference between rates in percentage points, with its interval and sign."""
	if figure is None or figure.value is None:
		return Cell(NOTHING)
	low, high = (None if end is None else round(100 * end, 2) + 0.0 for end in (figure.low, figure.high))
	value = round(100 * figure.value, 2) + 0.0
	text = number_text(value, 2, "+") + (
		"" if low is None or high is None else f" [{number_text(low, 2, '+')}, {number_text(high, 2, '+')}]"
	)
	return Cell(text, value, low, high)


def number_cell(value: float | None, text: str = "") -> Cell:
	return Cell(NOTHING if value is None else (text or f"{value:,}").replace("-", MINUS), value)


def count_text(count: float) -> str:
	"""A count, or a mean of counts with up to two decimals."""
	return f"{count:.2f}".rstrip("0").rstrip(".")


def p_text(p: float) -> str:
	"""A p-value in the digits that it has: three below 0.1, else two."""
	return "< 0.001" if p < 0.0005 else f"{p:.3f}" if p < 0.0995 else f"{p:.2f}"


def p_told(p: float) -> str:
	"""The same within a sentence: `p = 0.18` or `p < 0.001`."""
	return f"p {p_text(p)}" if p < 0.0005 else f"p = {p_text(p)}"


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
	return line if len(line) <= most else line[: most - 1] + "\u2026"
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.errors import CxrkitError, Interrupted
from cxrkit.training import server
from cxrkit.training.distributed import Meeting
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
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
	manifest_sha256: str = ""


@dataclass(frozen=True)
class Ended:
	"""The last that is heard of a training. error: None where it ended well, or in time; refusal: an error of the kit's own that ..."""


	error: str | None = None
	details: str = ""
	refusal: CxrkitError | None = None
	peak_bytes: int | None = None


@dataclass(frozen=True)
class Lost:
	"""That the process of a training is gone by no fault of the training's: whoever keeps its stages may begin it again."""



	reason: str


class Executor(Protocol):
	"""What runs trainings somewhere. What each tells are values: Step, EpochEnded, Stage, Finder; at last Ended, or Lost."""

	@property
	def running(self) -> list[Job]: ...

	def machine(self, experiment: Experiment, jobs: int) -> Machine:
		"""What trains there, and how many of so many jobs at once."""

	def start(self, task: Task) -> None:
		"""Begin a training. Returns at once."""

	def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
		"""Yield (job, what it told) of what has been told until now, after waiting up to `timeout` seconds for something."""

	def stop(self, job: Job | None = None) -> None:
		"""End a training's process, or all of them, at once."""


class Shared(Executor, Protocol):
	"""An executor elsewhere, at which several runs may train at the same time."""

	def shared(self, run: Callable[[Any, Executor], Any], subjects: Sequence[Any]) -> list:
		"""[run(subject, an executor of its own)] of all subjects, at the same time. The first that fails ends all, and is raised."""


class Processes:
	"""Runs trainings side by side, each in a process of its own."""




	def __init__(self, train: Callable[..., Iterator[Any]] | None = None):
		self._context = server.context()
		self._train, self._running = train, {}

	def machine(self, experiment: Experiment, jobs: int) -> Machine:
		return Machine.choose(experiment, environment.choose_device(), jobs)

	def start(self, task: Task) -> None:
		from cxrkit.training.work import work

		ours, theirs = self._context.Pipe()
		process = self._context.Process(target=work, args=(task, theirs, self._train), name=task.job.name)
		try:
			process.start()
		except (OSError, EOFError) as error:
			raise Interrupted(
				f"The process that begins trainings has died ({type(error).__name__}).",
				next="read what it said above; if that is nothing, memory may have run out: try --jobs-at-once 1. The same command goes on",
			) from error
		theirs.close()
		self._running[ours] = (task.job, process)

	@property
	def running(self) -> list[Job]:
		return [job for job, _ in self._running.values()]

	def events(self, timeout: float) -> Iterator[tuple[Job, Any]]:
		"""As an Executor's. A process that dies, however it does, has ended with an error."""
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
		if name == "SIGKILL":  # which Windows does not know
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
import shutil
from dataclasses import asdict
from pathlib import Path

from cxrkit import state_files
from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.errors import BadInput
from cxrkit.files import read_json, reading, remove_leftovers, write_json
from cxrkit.progress import say
from cxrkit.training.stages import Epoch, Finder, Past, Stage, Statistics

KEY, FAILED, FINDER = "job.json", "failed.json", "lr_find.json"
OWN = re.compile(rf"\.?({FROZEN}|{UNFROZEN}|job|lr_find|failed)(\.json|{'|'.join(map(re.escape, state_files.SUFFIXES))})(\..*)?")
"""The files that a training writes, and what is left of one whose writer died."""
REMEDY = "remove the training's folder; the same command trains it again"


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
			say(f"{self.name}: restarted, because the data or the protocol changed")
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
		return state_files.find(self.path, UNFROZEN)

	def past(self) -> Past:
		"""What is there to go on from. Raises BadInput for a file that is not as it was written."""
		path = state_files.find(self.path, FROZEN)
		frozen = state_files.read(path, REMEDY) if self.done(FROZEN) and path.exists() else None
		return Past(frozen, self.finder() if frozen and (self.path / FINDER).exists() else None)

	def keep(self, made: Stage | Finder) -> None:
		"""Write a stage, or the finder's result. Raises DiskFull."""
		if isinstance(made, Finder):
			write_json(self.path / FINDER, asdict(made))
			return
		state_files.write(self.path, made.name, made.weights)
		plain = asdict(made)
		del plain["weights"]
		write_json(self.path / f"{made.name}.json", plain)

	def stage(self, name: str) -> Stage:
		"""A finished stage, without its weights. Raises BadInput."""
		path = self.path / f"{name}.json"
		with reading(path, next=REMEDY):
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
		with reading(self.path / FINDER, next=REMEDY):
			return Finder(**read_json(self.path / FINDER))

	def fail(self, error: str, details: str) -> None:
		"""Write down how the training failed."""
		write_json(self.path / FAILED, {"error": error, "traceback": details})

	@property
	def failure(self) -> dict | None:
		"""{error, traceback} of the last failure, or None."""
		path = self.path / FAILED
		return read_json(path, keys=("error",)) if path.exists() else None

	def forget_failure(self) -> None:
		(self.path / FAILED).unlink(missing_ok=True)
'''[1:]


# ======================================
# cxrkit/training/jobs.py
# ======================================

FILES['cxrkit/training/jobs.py'] = r'''
"""Training jobs, one an architecture and seed: handed to an executor, side by side, kept, and gathered."""





from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import astuple
from pathlib import Path

from cxrkit import __version__, environment
from cxrkit.columns import STAGES, Trained
from cxrkit.config import Experiment
from cxrkit.environment import Deadline
from cxrkit.errors import WrongUse, disk_errors
from cxrkit.files import locked, sha256_of_json
from cxrkit.progress import Meter, announce, counted, say
from cxrkit.training import networks, weights
from cxrkit.training.distributed import Member
from cxrkit.training.executors import Ended, Executor, Lost, Processes, Task
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.loaders import TrainingFilms
from cxrkit.training.machine import Machine
from cxrkit.training.stages import EpochEnded, Finder, Job, Past, Stage, Step

LISTEN_SECONDS = 1.0
"""How long the trainings are listened to before the other processes are."""
MOST_LOSSES = 3
"""How often in one stage a training's process may be lost before the training has failed: the fault may be its own."""


def jobs_of(experiment: Experiment) -> list[Job]:
	return [Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(
	experiment: Experiment,
	films: TrainingFilms,
	manifest_hash: str,
	folder: Path,
	machine: Machine,
	time_left: Deadline = Deadline(),
	executor: Executor | None = None,
	kept: Callable[[Path], None] | None = None,
	tell: Callable[[Job, EpochEnded], None] | None = None,
) -> dict[str, int]:
	"""Run every job that is not done, each into a folder of its own below `folder`; return the most bytes of the device's ..."""











	together = experiment.parallel == "data"
	if environment.processes() > 1 and not together:
		words = f"torchrun started {environment.processes()} processes, among which trainings are not shared out."
		next = "start one process: it uses all devices here, and other machines with --cluster; one network on all devices: --parallel data"
		raise WrongUse(words, next=next)
	folder = Path(folder)
	announce(f"training {counted(len(jobs_of(experiment)), 'network')}\n{machine}\n  films: {films.placement}")
	require_weights(experiment, folder)
	executor = executor or Processes()
	make = _Run(experiment, films, manifest_hash, folder, machine, time_left, executor, kept, tell)
	member = Member() if together else None
	with locked(folder / ".lock", wait=False) if member is None or member.leads else nullcontext(True) as held:
		try:
			if not held:
				raise WrongUse("Another run trains in this folder.", folder, "let it end, or name another folder with --out")
			make.together(member) if member else make.side_by_side()
		finally:
			executor.stop()
			make.close()
	return make.peaks


def require_weights(experiment: Experiment, folder: Path) -> None:
	"""Check, and fetch if need be, the ImageNet weights of what is not trained yet. Raises BadInput, RemoteRefusal."""
	if experiment.pretrained:
		with locked(folder / ".weights.lock"):
			weights.check(dict.fromkeys(job.architecture for job in unfinished(experiment, folder)), experiment.weights)


class _Run:
	"""The state of run(): which jobs wait, which run where, and what is shown of them."""

	def __init__(self, experiment, films, manifest_hash, folder, machine, time_left, executor, kept, tell):
		self.experiment, self.films, self.manifest, self.folder, self.machine = experiment, films, manifest_hash, folder, machine
		self.key = key_of(experiment, manifest_hash, machine)
		self.time_left, self.executor, self.kept = time_left, executor, kept or (lambda home: None)
		self.tell = tell or (lambda job, told: None)
		self.jobs = longest_first(experiment)
		# a cluster is given all jobs, and begins each where and when there is room
		self.free = [machine.devices[0]] * len(self.jobs) if machine.nodes else machine.slots
		self.held = {}  # {job: its device}
		self.losses = dict.fromkeys(self.jobs, 0)
		self.leads = True
		self.done, self.share, self.failed, self.peaks = 0, {}, {}, {}
		self.meter = None

	def close(self):
		if self.meter is not None:
			self.meter.close(finished=not self.share)

	def side_by_side(self):
		"""Begin what is free to be begun, and listen, until every job is done, has failed, or has no time left."""
		waiting = list(self.jobs)
		while waiting or self.held:
			while waiting and self.free:
				job = waiting.pop(0)
				home = JobFolder(self.folder / job.name)
				if self._ready(job, home):
					self.held[job] = self.free.pop(0)
					self._start(job, home)
			if self.held:
				self._listen()

	def _ready(self, job, home):
		"""Whether a job is to be begun; if it is not, it is said why."""
		home.prepare(self.key)
		self.kept(home.path)
		if home.done():
			say(f"{job.name}: done already")
		elif self.time_left() <= 0:
			say(f"{job.name}: not started, the time is up")
		else:
			return True
		return False

	def _start(self, job, home, meeting=None):
		self.share[job] = 0.0
		if self.meter is None:
			homes = [JobFolder(self.folder / each.name) for each in self.jobs]
			self.done, self.all = sum(each.made_with(self.key) and each.done() for each in homes), len(homes)
			self.meter = Meter("training", self.all - self.done, tell=announce)
		past = Past()
		if self.leads:
			home.forget_failure()
			past = home.past()
		device, threads = self.held[job], self.machine.threads.value
		numerics, end = self.machine.numerics, self.time_left.end
		self.executor.start(Task(job, self.experiment, self.films, numerics, device, threads, past, end, meeting, self.manifest))

	def _listen(self):
		"""Hear what the trainings tell, and keep what they made."""
		for job, told in self.executor.events(LISTEN_SECONDS):
			home = JobFolder(self.folder / job.name)
			if isinstance(told, Step):
				self._progress(job, told.done / told.total)
			elif isinstance(told, Lost):
				self._lost(job, home, told)
			elif isinstance(told, Ended):
				self._ended(job, home, told)
			elif self.leads:
				self._keep(job, home, told)

	def _keep(self, job, home, told):
		if isinstance(told, (Stage, Finder)):
			self.losses[job] = 0
			with disk_errors(home.path):
				home.keep(told)
				self.kept(home.path)
		if isinstance(told, EpochEnded):
			epoch = told.epoch
			self.tell(job, told)
			say(
				f"{job.name} {told.stage} epoch {epoch.epoch}/{told.epochs}: train loss {epoch.train_loss:.4f}, "
                f"valid loss {epoch.valid_loss:.4f}, error rate {epoch.error_rate:.4f}, {epoch.seconds:.1f} s"
			)
		elif isinstance(told, Finder):
			say(f"{job.name}: learning rate {told.chosen:.2g} ({told.reason})")
		elif isinstance(told, Stage) and told.skipped_steps:
			say(f"{job.name} {told.name}: {told.skipped_steps} steps were skipped because float16 gradients overflowed")

	def _progress(self, job, share):
		gained, self.share[job] = share - self.share[job], share
		self.meter.advance(max(0.0, gained), f"{self.done} of {self.all} networks done")

	def _lost(self, job, home, lost):
		"""Begin a training again whose process is gone, from what its finished stages left."""
		self.losses[job] += 1
		if self.losses[job] >= MOST_LOSSES:
			remedy = "where memory runs out, try --jobs-at-once 1, or a smaller --batch-size"
			self._ended(job, home, Ended(f"its process was lost {MOST_LOSSES} times in one stage ({lost.reason}); {remedy}"))
		elif self.time_left() <= 0:
			self._ended(job, home, Ended())
		else:
			say(f"{job.name}: its process was lost ({lost.reason}); restarting after its last finished stage")
			self._start(job, home)

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
		self.free.append(self.held.pop(job))

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
			self.held[job] = self.free.pop(0)
			self._start(job, home, member.meeting(job.name))
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
		trained.models[job.name + home.weights.suffix] = home.weights
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
	"""Where `size` bytes of films lie during training, as a Choice: "device", "host" or "file"; device: "nodes" for a cluster's."""




	megabytes = f"{size / 1e6:.0f} MB of films"
	if device == "nodes":
		return Choice("host", f"{megabytes}, which go to each node once")
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
from cxrkit.progress import counted
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
	nodes: int = 0

	@classmethod
	def choose(cls, experiment: Experiment, device: Choice, jobs: int, processors: int | None = None) -> "Machine":
		"""jobs: how many trainings there are at the most; processors: that this process may use, asked of the system where not given."""

		numerics = Numerics.choose(experiment.precision, device.value, experiment.image_size)
		devices = _devices(device.value)
		together = experiment.parallel == "data"
		share = max(1, (processors or environment.processors()) // environment.processes_here())
		at_once = Choice(1, "all processes train one network together") if together else _at_once(experiment, devices, jobs, share)
		threads = max(1, share // (at_once.value * len(devices)))
		return cls(
			device,
			devices,
			numerics,
			at_once,
			Choice(threads, f"{counted(share, 'processor')} for {counted(at_once.value * len(devices), 'training')}"),
		)

	@property
	def slots(self) -> list[str]:
		"""The device of each training that may run at the same time, the devices in turn."""
		return [device for _ in range(self.at_once.value) for device in self.devices]

	@property
	def holder(self) -> str:
		"""Where films are held for it, as of loaders.placement."""
		return "nodes" if self.nodes else self.device.value

	@property
	def choices(self) -> dict[str, Choice]:
		"""What was chosen, by the names of schema.Chosen."""
		devices = Choice(", ".join(self.devices), f"{len(self.devices)} that work{'s' * (len(self.devices) == 1)}")
		if self.nodes:
			devices = Choice(f"{len(self.devices)} x {self.device.value}", f"on {self.nodes} nodes of a Ray cluster, as it began")
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
from cxrkit.training import states

try:
	import timm
except ImportError:  # pip install timm
	timm = None

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""
DRAWN = (nn.Conv2d, nn.Linear, _BatchNorm)
"""Layers that draw() knows how to begin."""
RESTORE = "restore the file from the run's output"


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
	except (NotImplementedError, RuntimeError) as error:  # of a RegNet, which computes its widths with tensors
		if "meta" not in str(error):  # it would fail elsewhere too, but first compute on ever larger squares, for 20 s
			raise
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



	state = states.load(path, RESTORE, "bring the run's models/ folder", architecture)
	model = empty(architecture)
	try:
		model.load_state_dict(state, assign=True)
	except RuntimeError as error:
		raise BadInput(f"The weights cannot be read: {str(error).splitlines()[0][:100]}", path, RESTORE) from error
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
		return Choice("float32", "deterministic on CPU")
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






from collections.abc import Callable, Iterator
from functools import partial

import torch
from fastai.callback.schedule import valley
from fastai.torch_core import set_seed
from torch.nn.functional import cross_entropy

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.config import Experiment
from cxrkit.environment import Deadline
from cxrkit.training import batchnorm, learner, networks, states
from cxrkit.training.distributed import Team
from cxrkit.training.job_folder import REMEDY
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
	manifest_sha256: str = "",
) -> Iterator[Stage | Finder]:
	"""Train one network; yield the frozen Stage, the Finder and the unfrozen Stage, those that `past` does not hold."""







	write = partial(states.written, architecture=job.architecture, manifest_sha256=manifest_sha256)
	learn = learner.make(job, loaders, experiment, numerics, _stage_seed(job.seed, 0))
	team.share(learn.model)
	epoch = len(loaders.train) + len(loaders.valid)
	steps = Steps(2 * experiment.epochs * epoch + experiment.lr_find_iterations, tell)
	frozen = team.agree(past.frozen_weights)
	if frozen is None:
		_begin(learn, job.seed, 0, team)
		learn.freeze()
		rate = slice(experiment.learning_rate) if experiment.frozen_rates == "tenth" else experiment.learning_rate
		stage = _fit(learn, FROZEN, rate, experiment, steps, team, write)
		frozen = stage.weights
		yield stage
	steps.reach(experiment.epochs * epoch)
	if team.agree(time_left()) <= 0:
		return
	found = team.agree(past.finder)
	if found is None:
		if team.leads:
			load(learn.model, frozen, f"the first stage of {job.name}")
			_begin(learn, job.seed, 1, team)
			learn.freeze()
			with team.by_leader(learn.model):
				found = _find(learn, experiment, steps)
		found = team.agree(found)
		yield found
		if team.agree(time_left()) <= 0:
			return
	steps.reach(experiment.epochs * epoch + experiment.lr_find_iterations)
	load(learn.model, frozen, f"the first stage of {job.name}")
	_begin(learn, job.seed, 2, team)
	learn.unfreeze()
	graded = experiment.unfrozen_rates == "graded" and experiment.pretrained  # random layers have nothing to keep
	rate = slice(found.chosen / BODY_DIVISOR, found.chosen) if graded else found.chosen
	yield _fit(learn, UNFROZEN, rate, experiment, steps, team, write)


def load(model, weights: bytes, where: str = "") -> None:
	"""Put a stage's weights into a model of the same architecture. where: whose they are, for the message. Raises BadInput."""
	model.load_state_dict(states.read(weights, where, REMEDY))


def _stage_seed(seed, stage):
	return 10 * seed + stage


def _begin(learn, seed, stage, team):
	"""Forget the optimizer and seed all randomness; the data loader keeps a generator of its own."""



	learn.opt = None
	set_seed(_stage_seed(seed, stage) + 1_000_003 * team.rank)
	learn.dls.train.rng.seed(_stage_seed(seed, stage))


def _fit(learn, name, rate, experiment, steps, team, write) -> Stage:
	watch = Watch(name, steps)
	learn.fit_one_cycle(experiment.epochs, lr_max=rate, pct_start=experiment.warmup_share, cbs=[watch, *team.callbacks(learn.dls.train)])
	stage = None
	if team.leads:
		with team.by_leader(learn.model):
			stage = _finished(learn, name, watch.epochs, experiment.precise_batch_norm, write)
	return team.agree(stage)


def _finished(learn, name, epochs, precise_wanted, write) -> Stage:
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
	return Stage(name, epochs, predictions, statistics, int(learn.opt.skipped), write(learn.model.state_dict()))


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
import sys
import tempfile
from multiprocessing import util
from multiprocessing.context import BaseContext

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() and sys.platform != "darwin" else "spawn"
"""macOS has a server too, but its libraries, Accelerate among them, may not be used in a process forked after they were loaded."""
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
# cxrkit/training/states.py
# ======================================

FILES['cxrkit/training/states.py'] = r'''
"""Networks' states as bytes: written as safetensors, read from those and from PyTorch's own files; only tensors come out of either."""





import io
import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as as_safetensors

from cxrkit import __version__, state_files
from cxrkit.errors import BadInput
from cxrkit.files import AGAIN, reading

OURS = (b"PK\x03\x04", b"\x80")
"""How PyTorch's files begin: the archives that it writes, the pickles that it wrote before."""
FAULTS = (RuntimeError, ValueError, LookupError, TypeError, AttributeError, EOFError, OSError, pickle.UnpicklingError, SafetensorError)
"""What the two libraries raise over a file that is damaged or another's."""


def written(state: Mapping[str, torch.Tensor], architecture: str, manifest_sha256: str = "") -> bytes:
	"""The bytes of a network's state dict. manifest_sha256: of the films that it was trained by, empty for none."""




	tensors, held = {}, set()
	for name, value in state.items():
		tensor = value.detach().cpu().contiguous()
		memory = tensor.untyped_storage().data_ptr()
		tensors[name] = tensor.clone() if memory in held else tensor
		held.add(memory)
	told = {"architecture": architecture, "cxrkit": __version__, "manifest_sha256": manifest_sha256}
	return state_files.with_notes(as_safetensors(tensors), told)


def read(content: bytes, where: Path | str | None = None, next: str = AGAIN) -> dict[str, torch.Tensor]:
	"""The state dict, on the processor, in a file's bytes. where: what the message names. Raises BadInput."""
	return _opened(content, where, next)[0]


def _opened(content, where, next):
	"""(state dict, notes)."""
	notes = {}
	try:
		if state_files.is_new(content):
			notes, state = state_files.notes(content), from_safetensors(content)
		elif content.startswith(OURS):
			state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
		else:
			raise ValueError("the file is neither safetensors' nor PyTorch's")
		if not isinstance(state, dict) or not all(isinstance(value, torch.Tensor) for value in state.values()):
			raise ValueError("the file holds no state of a network")
	except FAULTS as error:
		reason = (str(error) or type(error).__name__).splitlines()[0][:100]
		raise BadInput(f"The weights cannot be read: {reason}", where, next) from error
	return state, notes


def load(path: Path | str, next: str = AGAIN, absent: str | None = None, architecture: str = "") -> dict[str, torch.Tensor]:
	"""The state dict in a file; what it is called does not matter. architecture: refused are notes that name another; empty for any."""



	with reading(path, "The trained network", next, absent):
		content = Path(path).read_bytes()
	state, notes = _opened(content, path, next)
	named = notes.get("architecture", architecture)
	if architecture and named != architecture:
		raise BadInput(f"The weights cannot be read: they are those of {named}, not of {architecture}.", path, next)
	return state
'''[1:]


# ======================================
# cxrkit/training/weights.py
# ======================================

FILES['cxrkit/training/weights.py'] = r'''
"""ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host."""

import os
import re
from pathlib import Path

import torch
from fastai.vision.learner import TimmBody, create_body, model_meta
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of
from cxrkit.progress import on_terminal, say
from cxrkit.training import networks, states

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
	state = states.load(path, "delete it and fetch it again")
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
		return states.load(found[0], "fetch them again")
	try:
		return networks.timm.create_model(architecture, pretrained=True).state_dict()
	except (OSError, RuntimeError, ValueError) as error:  # of the hub's client, of torch's
		raise RemoteRefusal(f"timm's weights cannot be fetched: {str(error).splitlines()[0]}", architecture, REMEDY) from error


def travelling_name(architecture):
	"""The name under which travelling() is found in a folder of weights."""
	return files_of(architecture)[0]


def travelling(architecture, folder=""):
	"""The bytes of a file of that name with an architecture's ImageNet weights, for another machine. Raises as imagenet()."""
	if networks.in_torchvision(architecture):
		url = source_of(architecture)
		return (_attached(folder, url) if folder else _cached(url)).read_bytes()
	return states.written(timm_imagenet(architecture, folder), architecture)


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
	connection.send(outcome(task, connection.send, train or training))
	connection.close()


def _end_with(connection) -> None:
	"""Nothing is ever sent to a training, so what is heard is the end of the process that started it."""
	try:
		connection.poll(None)
	finally:
		os._exit(1)


def outcome(task, tell, train) -> Ended:
	"""Run a training, tell what it makes, and return how it ended."""
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
	yield from recipe.train(task.job, loaders, task.experiment, task.numerics, task.past, left, team, tell, task.manifest_sha256)


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
# what runs
# ======================================

if __name__ == "__main__":
    import os, runpy, sys

    exec(FILES["cxrkit/kaggle_io/unpack.py"])
    folder = unpack(FILES, SOURCE_SHA256, RUN_ID)
    ours = os.path.abspath(sys.argv[0]) == os.path.abspath(globals().get("__file__", ""))  # IPython's: -f kernel.json
    if sys.argv[1:2] in ([], ["-f"]) or not ours:
        from cxrkit.kaggle_io.inside import arguments_of

        sys.argv[1:] = arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)
    runpy.run_path(str(folder / "kernel" / "run.py"), run_name="__main__")
