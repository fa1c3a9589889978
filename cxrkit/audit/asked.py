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
