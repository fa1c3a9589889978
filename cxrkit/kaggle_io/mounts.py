"""What is attached to a Kaggle kernel, and where it lies.

Since 2026 a dataset lies at /kaggle/input/datasets/OWNER/SLUG, and in some kernels still at
/kaggle/input/SLUG. A dataset is known by a file it must hold, not by its folder's name.
"""

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
    """Every folder below the input mount that holds a file matching the pattern `marker`.

    ref: owner/slug of the dataset, looked for first in both layouts; then every folder down to DEPTH, near ones first.
    """
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
    """The experiment with what is attached filled in: its data where it names none, and ImageNet weights.

    The data are CoronaHack, which must be there, and a store of collected films where one is attached. Where it names no films
    from elsewhere, every other attached set that a reader knows is one, if the audit asks networks at all, or a sample of it.
    Raises BadInput, listing what is mounted, when CoronaHack is needed and not there.
    """
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
