"""The training recipe of one network: train the head, find a learning rate, fine-tune everything.

A job leaves its state in a folder of its own after each stage, and a stage that is there is not
repeated. Each stage begins by seeding every source of chance, so that a run which was stopped and
resumed ends with the same numbers as one which was not.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import valley
from fastai.learner import Callback
from fastai.metrics import Recall, error_rate
from fastai.torch_core import set_seed
from fastai.vision.learner import vision_learner
from torchvision import models
from tqdm import tqdm

from cxrkit.columns import FROZEN, UNFROZEN
from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.environment import Deadline
from cxrkit.files import read_json, replacing, write_json
from cxrkit.progress import on_terminal, say
from cxrkit.training import networks, weights
from cxrkit.training.distributed import Team

BODY_DIVISOR = 100
"""How much slower than the head the first layers of a pretrained body learn, as in fastai's fine_tune."""

VALLEY_DEPTH = 0.1
"""Share of its first loss by which the finder's loss must fall; a shallower valley is noise."""
CREDIBLE = (1e-5, 0.1)
"""Learning rates that Adam can use on these networks; the finder's curve begins far below and ends far above."""


@dataclass(frozen=True)
class Job:
    architecture: str
    seed: int

    @property
    def name(self):
        return f"{self.architecture}-seed{self.seed}"


def run(job, loaders, experiment, folder, time_left=Deadline(), team=Team(), callbacks=()):
    """Train one network; afterwards `folder` holds {stage}.pt, {stage}.json for both stages, and lr_find.json.

    loaders: fastai DataLoaders whose items are image ids. callbacks: fastai's, e.g. for the number format.
    A stage's JSON holds its epochs (see epochs.csv) and its predictions, [image_id, p_covid] for each
    image of valid and test. time_left: seconds until no new stage may begin; what is left then waits for the
    next run. team: the processes that train it together; each calls this, and the leader writes.
    Raises RemoteRefusal or BadInput when ImageNet weights cannot be had.
    """
    folder = Path(folder)
    if team.agree(done(folder, UNFROZEN)):
        return
    learner = make_learner(job, loaders, experiment, folder, callbacks)
    if not team.agree(done(folder, FROZEN)):
        _begin(learner, job.seed, 0, team)
        learner.freeze()
        _fit(learner, job, FROZEN, experiment.epochs, experiment.learning_rate, folder, team)
    if team.agree(time_left()) <= 0:
        say(f"{job.name}: stopped after the frozen stage, the time is up")
        return
    _load(learner, folder / f"{FROZEN}.pt")
    if team.leads and not (folder / "lr_find.json").exists():
        _begin(learner, job.seed, 1, team)
        learner.freeze()
        write_json(folder / "lr_find.json", _find_learning_rate(learner, experiment))
        _load(learner, folder / f"{FROZEN}.pt")
    found = team.agree(read_json(folder / "lr_find.json") if team.leads else None)
    if team.leads:
        say(f"{job.name}: learning rate {found['chosen']:.2g} ({found['reason']})")
    _begin(learner, job.seed, 2, team)
    learner.unfreeze()
    rate = slice(found["chosen"] / BODY_DIVISOR, found["chosen"]) if experiment.pretrained else found["chosen"]
    _fit(learner, job, UNFROZEN, experiment.epochs, rate, folder, team)


def done(folder, stage):
    """Whether a job's stage is there."""
    return (folder / f"{stage}.json").exists()


def make_learner(job, loaders, experiment, folder, callbacks):
    """A fastai Learner for one job, seeded, silent, with its body's weights in place and files of its own in `folder`.

    Raises RemoteRefusal or BadInput when ImageNet weights cannot be had.
    """
    set_seed(_stage_seed(job.seed, 0))
    learner = vision_learner(
        loaders,
        getattr(models, job.architecture),
        pretrained=False,
        normalize=False,
        metrics=[error_rate, Recall(pos_label=LABELS.index(POSITIVE)), Recall(pos_label=LABELS.index(NEGATIVE))],
        path=folder,
        model_dir=".",
        cbs=list(callbacks),
    )
    if experiment.pretrained:
        weights.load_body(learner, job.architecture, weights.imagenet(job.architecture, experiment.weights))
    else:
        weights.silence_residual_branches(learner.model)
    learner.remove_cb(ProgressCallback)
    learner.logger = lambda *_: None
    return learner


def _stage_seed(seed, stage):
    return 10 * seed + stage


def _begin(learner, seed, stage, team):
    """Forget the optimizer and seed all randomness; the data loader keeps a generator of its own.

    In a team the order of the films is everybody's, and each process has other augmentations.
    """
    learner.opt = None
    set_seed(_stage_seed(seed, stage) + 1_000_003 * team.rank)
    learner.dls.train.rng.seed(_stage_seed(seed, stage))


def _fit(learner, job, stage, epochs, rate, folder, team):
    watch = Watch(job, stage, team.leads)
    learner.fit_one_cycle(epochs, lr_max=rate, cbs=[watch, *team.callbacks(learner.dls.train)])
    if team.leads:
        _keep(learner, stage, watch.epochs, folder)
    team.agree(None)


def _keep(learner, stage, epochs, folder):
    predictions = _predictions(learner)
    with replacing(folder / f"{stage}.pt") as temporary:
        torch.save({k: v.cpu() for k, v in learner.model.state_dict().items()}, temporary)
    write_json(folder / f"{stage}.json", {"epochs": epochs, "predictions": predictions})


def _load(learner, path):
    learner.model.load_state_dict(torch.load(path, map_location=learner.dls.device, weights_only=True))


@torch.no_grad()
def _predictions(learner):
    """[image_id, p_covid] of every held-out film, in float32.

    Not by get_preds: where processes train together, that waits for all of them and returns each film once for each.
    """
    found, model = [], learner.model.eval()
    for loader in learner.dls.loaders[1:]:
        p_covid = [networks.probability(model(x.as_subclass(torch.Tensor))) for x, _ in loader]
        found += [[image_id, p] for image_id, p in zip(loader.items, torch.cat(p_covid).tolist())]
    return found


def _find_learning_rate(learner, experiment):
    """The curve of fastai's finder and the learning rate chosen from it: its "valley", where the loss falls enough."""
    learner.lr_find(num_it=experiment.lr_find_iterations, show_plot=False, suggest_funcs=None)
    rates = [float(rate) for rate in learner.recorder.lrs]
    losses = [float(loss) for loss in learner.recorder.losses]
    usable = [(rate, loss) for rate, loss in zip(rates, losses) if loss == loss][experiment.lr_find_iterations // 10 : -5]
    chosen, reason = experiment.learning_rate, "the finder's curve has no valley, so that of the frozen stage"
    if len(usable) >= 10 and min(loss for _, loss in usable) < (1 - VALLEY_DEPTH) * usable[0][1]:
        found = valley(*zip(*usable), len(usable))[0]
        if CREDIBLE[0] <= found <= CREDIBLE[1]:
            chosen, reason = found, "valley of the finder's curve"
        else:
            reason = f"the finder's valley, {found:.1g}, lies outside {CREDIBLE[0]:g} to {CREDIBLE[1]:g}, so that of the frozen stage"
    return {"chosen": chosen, "reason": reason, "learning_rates": rates, "losses": losses}


class Watch(Callback):
    """Keeps each epoch's figures, and shows progress: a bar on a terminal, else one line an epoch."""

    order = 65  # after fastai's Recorder (50), which computes what is read here

    def __init__(self, job, stage, speaks=True):
        self.job, self.stage, self.speaks, self.epochs, self.bar = job, stage, speaks, [], None

    def before_fit(self):
        if self.speaks and on_terminal():
            steps = len(self.dls.train) + len(self.dls.valid)
            self.bar = tqdm(total=self.n_epoch * steps, desc=f"{self.job.name} {self.stage}", leave=False)

    def before_epoch(self):
        self.started = time.monotonic()
        if self.bar is not None:
            self.bar.set_postfix_str(f"epoch {self.epoch + 1}/{self.n_epoch}", refresh=False)

    def after_batch(self):
        if self.bar is not None:
            self.bar.update()

    def after_epoch(self):
        seconds = time.monotonic() - self.started
        train_loss, valid_loss, error, sensitivity, specificity = (float(value) for value in self.recorder.values[-1])
        self.epochs.append(
            {
                "epoch": self.epoch + 1,
                "train_loss": train_loss,
                "valid_loss": valid_loss,
                "error_rate": error,
                "sensitivity": sensitivity,
                "specificity": specificity,
                "seconds": seconds,
            }
        )
        line = (
            f"{self.job.name} {self.stage} epoch {self.epoch + 1}/{self.n_epoch}: train loss {train_loss:.4f}, "
            f"valid loss {valid_loss:.4f}, error rate {error:.4f}, {seconds:.1f} s"
        )
        if self.bar is not None:
            self.bar.write(line)
        elif self.speaks:
            say(line)

    def after_fit(self):
        if self.bar is not None:
            self.bar.close()
