"""Training jobs, one an architecture and seed: handed to an executor, side by side, kept, and gathered.

This process alone writes; each training is a process of its own, here or on another machine. One lock keeps two runs out of
one folder; with `parallel: data` the processes that torchrun started train each job together, and the first of them writes.
"""

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
from cxrkit.progress import Meter, announce, say
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
    """Run every job that is not done, each into a folder of its own below `folder`; return the most bytes of the device's
    memory that a training of each architecture held, for those that ran here.

    time_left: seconds until no new stage may begin. A job's folder made from other data or another protocol is begun anew.
    executor: where trainings run; processes of this machine unless another is given. kept: called with a job's folder each time
    that something was kept in it, or found to be there already. tell: called with a job and each epoch of it that ends, by the
    process that writes.

    A job that fails is reported and kept in its folder as failed.json; the others go on. Raises DiskFull, RemoteRefusal for
    weights that cannot be had, and WrongUse for a --parallel that cannot work, or where another run trains in `folder`; then
    all trainings are ended.
    """
    together = experiment.parallel == "data"
    if environment.processes() > 1 and not together:
        words = f"torchrun started {environment.processes()} processes, among which trainings are not shared out."
        next = "start one process: it uses all devices here, and other machines with --cluster; one network on all devices: --parallel data"
        raise WrongUse(words, next=next)
    folder = Path(folder)
    announce(f"training {len(jobs_of(experiment))} networks\n{machine}\n  films: {films.placement}")
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
            say(f"{job.name}: not begun, the time is up")
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
            say(f"{job.name} {told.name}: {told.skipped_steps} steps whose float16 gradients overflowed changed nothing")

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
            say(f"{job.name}: its process was lost ({lost.reason}); it is begun again after its last finished stage")
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
        """Tell the other members of a failure here, and end the training here after one elsewhere; write down all reasons.

        The first failure breaks the connection, of which the others complain: the cause need not be what is heard here.
        """
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
    """The jobs, seed after seed, in each the network first whose step reads most, for what is begun last should end soon.

    What a step reads is known beforehand, and orders the study's networks at 32 to 224 pixels nearly as their measured times do.
    """

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
    """What a job's folder must have been made with: the keys that decide the training, the data, the device and its number format.

    A job that was begun on another kind of device, or in another number format, is begun anew. Threads, and how many trainings
    ran at once, change numbers by less than another order of a sum does, and are not asked.
    """
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
