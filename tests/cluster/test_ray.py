"""Trainings on two Ray nodes of this machine: the numbers of the pool, also where a process is killed and where a node is lost.

pip install -r tests/requirements-cluster.txt
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install -r tests/requirements-cluster.txt")

import ray
from ray.cluster_utils import Cluster as Nodes

from cxrkit import config
from cxrkit.cluster import connection, executor, nodes
from cxrkit.cluster.executor import Cluster, share_of_a_gpu
from cxrkit.environment import Choice, Deadline
from cxrkit.errors import Interrupted, WrongUse
from cxrkit.files import read_json
from cxrkit.training import jobs
from cxrkit.training.executors import Processes, Task
from cxrkit.training.job_folder import JobFolder
from cxrkit.training.stages import Finder, Job
from tests.cluster.idle import Idle
from tests.cluster.test_nodes import report
from tests.conftest import SMALL
from tests.training.trainings import drawn_films

EXPERIMENT = config.load("dry-run", {**SMALL, "batch_size": 8, "seeds": [0, 1]})
MEMORY = 150_000_000


@pytest.fixture(scope="module")
def there():
    """Two nodes of one processor each, joined; the kit does not know that they are one machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        made = Nodes(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": MEMORY, "include_dashboard": False})
        made.add_node(num_cpus=1, object_store_memory=MEMORY)
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def cluster(there):
    before = signal.getsignal(signal.SIGTERM)
    made = Cluster(there.address)
    assert signal.getsignal(signal.SIGTERM) is before
    return made


@pytest.fixture(scope="module")
def by_pool(tmp_path_factory, cluster):
    """What processes of this machine make, with the threads that the cluster has."""
    folder = tmp_path_factory.mktemp("pool")
    chosen = replace(cluster.machine(EXPERIMENT, 2), nodes=0)
    jobs.run(EXPERIMENT, drawn_films(), "manifest", folder, chosen, executor=Processes())
    return made_in(folder)


def made_in(folder):
    """The stages and finders of all trainings, without the seconds that they took."""
    found = []
    for job in jobs.jobs_of(EXPERIMENT):
        home = JobFolder(Path(folder) / job.name)
        stages = [read_json(home.path / f"{name}.json") for name in ("frozen", "unfrozen")]
        for stage in stages:
            for epoch in stage["epochs"]:
                del epoch["seconds"]
        found.append((stages, read_json(home.path / "lr_find.json")))
    return found


class Meddling:
    """The cluster, to which something happens as soon as a training has told its learning rate."""

    def __init__(self, cluster, meddle):
        self.cluster, self.meddle = cluster, meddle

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def events(self, timeout):
        for job, told in self.cluster.events(timeout):
            yield job, told
            if isinstance(told, Finder) and self.meddle:
                meddle, self.meddle = self.meddle, None
                meddle()


def trained(folder, cluster, meddle=None):
    chosen = cluster.machine(EXPERIMENT, 2)
    jobs.run(EXPERIMENT, drawn_films(), "manifest", folder, chosen, executor=Meddling(cluster, meddle))
    return made_in(folder)


def test_two_nodes_make_the_numbers_of_the_pool(tmp_path, cluster, by_pool):
    assert cluster.machine(EXPERIMENT, 2).nodes == 2
    assert trained(tmp_path, cluster) == by_pool and cluster.running == []


def trainers():
    """The processes of trainings."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cmdline").read_bytes().startswith(b"ray::Trainer"):
                found.append(int(entry.name))
    return found


def test_a_killed_process_changes_no_number(tmp_path, cluster, by_pool, capsys):
    before = set(trainers())
    assert trained(tmp_path, cluster, lambda: [os.kill(pid, signal.SIGKILL) for pid in set(trainers()) - before]) == by_pool
    assert "its process was lost" in capsys.readouterr().out


PARENT = """
import sys
from pathlib import Path
from cxrkit.cluster.executor import Cluster
from cxrkit.errors import run_command
from cxrkit.training import jobs
from tests.cluster.test_ray import EXPERIMENT, drawn_films

def main():
    cluster, folder = Cluster(sys.argv[1]), Path(sys.argv[2])
    tell = lambda home: print("kept:", *(path.name for path in home.iterdir()), flush=True)
    jobs.run(EXPERIMENT, drawn_films(), "manifest", folder, cluster.machine(EXPERIMENT, 2), executor=cluster, kept=tell)

sys.exit(run_command(main))
"""


def test_a_run_that_is_interrupted_leaves_nothing_running_and_goes_on(tmp_path, there, cluster, by_pool):
    before, command = set(trainers()), [sys.executable, "-c", PARENT, there.address, str(tmp_path)]
    parent = subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True)
    assert any(line.startswith("kept:") and "frozen.json" in line for line in parent.stdout)
    of_it = [os.pidfd_open(pid) for pid in set(trainers()) - before]
    assert of_it
    parent.send_signal(signal.SIGINT)
    assert parent.wait(60) == 5
    for process in of_it:
        assert select.select([process], [], [], 60)[0]
        os.close(process)
    kept = {path: path.read_bytes() for path in tmp_path.rglob("frozen.json")}
    assert trained(tmp_path, cluster) == by_pool
    assert kept and {path: path.read_bytes() for path in kept} == kept


def test_a_node_with_another_kit_is_refused_by_name(cluster, monkeypatch):
    monkeypatch.setattr(nodes, "versions", lambda architectures=(): {"cxrkit": "0.0.1", "torch": "1.0"})
    with pytest.raises(WrongUse, match=r"torch \S+ there, 1.0 here"):
        Cluster.machine(_fresh(cluster), EXPERIMENT, 2)


def _fresh(cluster):
    """A Cluster of the same connection that has refused nobody yet."""
    made = object.__new__(Cluster)
    made.__dict__.update(vars(cluster), _refused={}, _waiting={}, _sent={}, _begun=set())
    return made


def test_several_runs_share_the_cluster_and_the_first_failure_ends_all(tmp_path, cluster, by_pool):
    chosen, ended = cluster.machine(EXPERIMENT, 2), []

    def run(seed, executor):
        one = replace(EXPERIMENT, seeds=(seed,))
        jobs.run(one, drawn_films(), "manifest", tmp_path / str(seed), chosen, executor=executor)
        return JobFolder(tmp_path / str(seed) / f"resnet34-seed{seed}").done()

    assert cluster.shared(run, [0, 1]) == [True, True]

    def fail(seed, executor):
        if seed == 1:
            raise WrongUse("no such luck")
        try:
            jobs.run(replace(EXPERIMENT, epochs=1000), drawn_films(), "manifest", tmp_path / "long", chosen, executor=executor)
        except Interrupted:
            ended.append(seed)
            raise

    with pytest.raises(WrongUse, match="no such luck"):
        cluster.shared(fail, [1, 0])
    assert ended == [0]


def test_what_waits_for_room_until_the_time_is_up_is_no_failure(tmp_path, cluster, capsys):
    """No node has so many processors, so that it waits for ever."""
    chosen = replace(cluster.machine(EXPERIMENT, 2), threads=Choice(64, "the test says so"))
    jobs.run(EXPERIMENT, drawn_films(), "manifest", tmp_path, chosen, Deadline(2 / 3600), cluster)
    assert jobs.failures(EXPERIMENT, tmp_path) == {} and len(jobs.unfinished(EXPERIMENT, tmp_path)) == 2
    assert capsys.readouterr().out.count("stopped before its last stage, the time is up") == 2


@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "nowhere", "127.0.0.1:port", ""])
def test_an_address_where_no_cluster_is_is_refused_at_once(address):
    with pytest.raises(WrongUse, match="There is no Ray cluster to join"):
        connection.connect(address)


def test_what_no_cluster_can_do_is_refused(cluster):
    for change in ({"parallel": "data"}, {"loader": "files"}):
        with pytest.raises(WrongUse, match=f"--{next(iter(change))}"):
            cluster.machine(replace(EXPERIMENT, **change), 1)


def test_a_lost_node_changes_no_number(tmp_path, there, cluster, by_pool, capsys):
    """Behind those that need two nodes, for this one stays away."""
    other = there.list_all_nodes()[-1]
    assert trained(tmp_path, cluster, lambda: there.remove_node(other, allow_graceful=False)) == by_pool
    assert "its process was lost" in capsys.readouterr().out


def test_no_more_trainings_share_a_gpu_than_were_chosen(there, cluster):
    """Five trainings where two GPUs are declared and two trainings were chosen for each; the nodes before offer none."""
    there.add_node(num_cpus=8, num_gpus=2, object_store_memory=MEMORY)
    made, _ = nodes.together([report("gpu", gpus=2, at_once=2), report("other", gpus=1, at_once=3)])
    shared, films = _fresh(cluster), drawn_films()
    shared._machine, shared._actor = made, ray.remote(Idle)
    for seed in range(5):
        task = Task(Job("resnet34", seed), EXPERIMENT, films, made.numerics, made.devices[0], 1)
        shared.start(task)

    def begun(count, found):
        while len(found) < count:
            found.update(shared.events(60.0))
        return found

    first = begun(4, {})
    assert Counter(gpu for gpus, _ in first.values() for gpu in gpus) == {0: 2, 1: 2} and {share for _, share in first.values()} == {0.5}
    assert len(shared.running) == 5
    ended = next(iter(first))
    shared.stop(ended)
    [last] = {job: told for job, told in begun(5, dict(first)).items() if job not in first}.values()
    assert last == first[ended]  # it waited for this place
    shared.stop()


def test_shares_of_a_gpu_fit_it():
    for trainings in range(1, 9):
        assert 0 < share_of_a_gpu(trainings) * trainings <= 1 and executor.share_of_a_gpu(1) == 1
