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
    """What a user may ask for beyond the parts that take no training.

    external: texts as sources.external takes them; retrain: whether networks are trained anew on masked films, without a source and on
    permuted labels; networks: names such as resnet34-seed0; sources: `KIND:NAME=DIR` texts that say where the films
    lie; weights: the folder of ImageNet's, for retraining; home: the run's out folder, with manifest.roots.json and
    the cache of films, where the results do not lie in it; asks: whether trained networks are asked at all; external_films: how many
    films of each set from elsewhere at most, 0 for all; executor: where networks are trained anew, this machine unless it is given;
    published: a published.Published to ask as well, None for none.
    """

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
    """What the parts of an audit may need besides the films.

    home: the folder of the film cache and of trainings; locate: function from a Record to its file; results: None for a
    manifest; pixels: None where the films are not on this machine; coarse: the best coarse baseline, None where none
    could be scored on held-out films; networks: those that are asked, on `device`; external: without copies of the
    run's films.
    """

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
    """A part of the audit: a function from films and context to rows.

    field: of schema.Audits, to which the rows belong; rows: function (films, context, *subject) -> list; each: function
    from the context to the subjects, tuples, for each of which `rows` is called by itself; name: what progress and
    `not_done` call it, a format of the subject; order: how the subjects follow each other, in_turn or inquiry.side_by_side.
    """

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
