"""The training recipe of one network: train the head, find a learning rate, fine-tune everything.

A training is a function from values to values: it takes what its finished stages left and yields what each further one
makes, and writes nothing. Each stage begins by seeding every source of chance, so that a training which was stopped and
resumed ends with the same numbers as one which was not.
"""

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
    """Train one network; yield the frozen Stage, the Finder and the unfrozen Stage, those that `past` does not hold.

    loaders: fastai DataLoaders whose items are image ids, on the device to train on. numerics: applied to this process.
    time_left: seconds until no new stage may begin; then it ends early. team: the processes that train it together; each
    calls this, and each yields the same. tell: is given a Step and an EpochEnded now and then. manifest_sha256: of the films,
    for the notes beside the weights.
    Raises RemoteRefusal or BadInput when ImageNet weights cannot be had.
    """
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
    """Forget the optimizer and seed all randomness; the data loader keeps a generator of its own.

    In a team the order of the films is everybody's, and each process has other augmentations.
    """
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
    """(outputs, labels) of each held-out split, in float32 on the host.

    Not by get_preds: where processes train together, that waits for all of them and returns each film once for each.
    """
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
