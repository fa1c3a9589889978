"""bench.json as text: a table a size, each figure with its spread."""

from cxrkit.bench.values import AtSize, Bench, Measured, Network
from cxrkit.config import short_name
from cxrkit.evaluation import study
from cxrkit.progress import counted, table

STEADY = 1.3
"""Times its least that a step may take in a round of a machine that does nothing else."""
DISTURBED = (
    f"!!! DISTURBED: some steps took over {STEADY} times as long in one round as in another, so that something else ran meanwhile. "
    "Where threads wait for each other this costs far more than its share: measure again on a quiet machine."
)


def text(bench: Bench) -> str:
    """Everything that was measured. Figures are medians over rounds; the least and the most of them stand in brackets."""
    at, cache = bench.conditions, bench.cache
    where = f"{at.gpus} x {at.gpu}" if at.gpu else f"{at.processors} processors"
    busy = "" if at.busy is None else f"; as it began, the machine was busy with {at.busy:.1f} processors' worth of work"
    lines = [
        f"{where}, {at.threads} threads, torch {at.versions['torch']}; {at.used} {at.films}{busy}",
        "Medians of several rounds, in brackets the least and the most of them.",
        f"pixel cache: {_of(cache.build, 0)} films/s, a loop over Pillow {_of(cache.loop, 0)}; a second start {_of(cache.again, 3)} s",
        f"the first process of all begins its first step after {bench.server:.1f} s, for torch and fastai are loaded then",
    ]
    steps = [n.steps for size in bench.sizes for n in size.networks]
    if any(each.high > STEADY * each.low for of in steps for each in (of.bare, of.loop, of.adam)):
        lines.append(DISTURBED)
    return "\n".join([*lines, *(line for size in bench.sizes for line in ("", _size(size)))])


def _size(at: AtSize) -> str:
    given, networks = at.loading, at.networks
    pinned = ", page-locked" if given.pinned else ""
    lines = [
        f"{at.image_size} px, batches of {at.batch_size}, {at.precision.value}, {at.layout.value}: "
        f"{_of(at.matrix_product, 0, 1e-9)} GFLOP/s in a product of {at.matrix_side} x {at.matrix_side} matrices",
        f"loaders: fastai's on originals with {given.workers} workers{pinned} {_of(given.files, 0)} films/s, "
        f"resident {_of(given.resident, 0)}, {_of(given.resident_over_files, 1)} times as many",
        "",
        table([_speeds(n, at.batch_size) for n in networks], SPEEDS, right=SPEEDS[1:]),
        "",
        *([FASTER_THAN_PRODUCTS, ""] if any(n.steps.reached.value > 1 for n in networks) else []),
        table([_counts(n) for n in networks], COUNTS, right=COUNTS[1:]),
    ]
    together = [line for n in networks for line in _together(n)]
    notebooks = [line for n in networks for line in _notebook(n)]
    return "\n".join([*lines, *_block(together), *_block(notebooks), "", *_estimates(at)])


FASTER_THAN_PRODUCTS = "Above 100 % of the matrix product: torch computes convolutions faster than such products here."
SPEEDS = ["network", "bare, ms/step", "loop, ms/step", "films/s", "loop / bare", "fastai's Adam / loop", "waited", "of matrix product"]
COUNTS = ["network", "launches a step: bare", "loop", "with fastai's Adam", "waits: bare", "loop", "start of a training, s", "GPU GB"]


def _speeds(n: Network, batch: int) -> list[str]:
    of = n.steps
    films = f"{batch / of.loop.value:.1f}"
    shares = [f"{each.value:.1%}" for each in (of.waited, of.reached)]
    ratios = [_of(of.loop_over_bare, 3), _of(of.adam_over_loop, 3)]
    return [short_name(n.architecture), _of(of.bare, 1, 1e3), _of(of.loop, 1, 1e3), films, *ratios, *shares]


def _counts(n: Network) -> list[str]:
    of = n.steps
    launches = [f"{each.launches:.0f}" for each in (of.bare_counts, of.loop_counts, of.adam_counts)]
    waits = [f"{each.waits:.2g}" for each in (of.bare_counts, of.loop_counts)]
    memory = "" if of.peak_gpu_bytes is None else f"{of.peak_gpu_bytes / 1e9:.2f}"
    return [short_name(n.architecture), *launches, *waits, _of(n.start, 2), memory]


def _together(n: Network) -> list[str]:
    return [
        f"{short_name(n.architecture)}: {each.trainings} trainings at once of {counted(each.threads, 'thread')} do "
        f"{_of(each.over_one, 2)} times the steps of one alone"
        for each in n.together[1:]
    ]


def _notebook(n: Network) -> list[str]:
    if n.notebook is None:
        return []
    of = n.notebook
    return [
        f"{short_name(n.architecture)}: an epoch of {of.films} films and {of.valid} to validate on takes a plain fastai notebook "
        f"{_of(of.notebook, 2)} s, the kit {_of(of.ours, 2)} s: {_of(of.notebook_over_ours, 2)} times as long"
    ]


def _estimates(at: AtSize) -> list[str]:
    seconds = [bound for name, between in study.seconds_per_epoch().items() for bound in between]
    lines = [
        f"{counted(each.networks, 'network')} x 8 epochs, finders included, {counted(each.seeds, 'seed')}, "
        f"{each.at_once.value} at once on {each.devices} {'device' if each.devices == 1 else 'devices'}: about {_long(each.seconds)}"
        for each in at.estimates
    ]
    return [*lines, f"the study: {min(seconds)} to {max(seconds)} s an epoch of any network at {study.IMAGE_SIZE} px"]


def _long(seconds: float) -> str:
    return f"{seconds / 60:,.1f} minutes" if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def _of(figure: Measured, digits: int, factor: float = 1.0) -> str:
    value, low, high = (f"{factor * each:,.{digits}f}" for each in (figure.value, figure.low, figure.high))
    return f"{value} [{low}-{high}]"


def _block(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []
