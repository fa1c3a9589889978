"""A manifest whose films are read on Ray nodes of this machine: the same bytes as without, also where a node is lost or sees other files.

pip install -r tests/requirements-cluster.txt
"""

import os
import signal

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("ray", reason="Ray is not installed: pip install -r tests/requirements-cluster.txt")

import ray
from ray.cluster_utils import Cluster as Nodes

from cxrkit import config
from cxrkit.cluster import nodes, readers
from cxrkit.cluster.readers import Readers
from cxrkit.data import cache, manifest
from cxrkit.data.looks import Look, Wanted
from cxrkit.data.sources import Source
from cxrkit.errors import Interrupted, WrongUse

EXPERIMENT = config.load("dry-run", {"image_size": 32, "split": "grouped", "data": ["folder=films"]})
NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}


@pytest.fixture(scope="module")
def there():
    """One node, joined; a second one comes later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setattr(readers, "PORTION", 8)
        made = Nodes(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        Readers.at(made.address)
        yield made
        ray.shutdown()
        made.shutdown()


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A folder a class of drawn films, with a copy, equal bytes, an empty film and two that cannot be read."""
    folder, random = tmp_path_factory.mktemp("films"), np.random.default_rng(0)
    for label in ("covid", "normal"):
        (folder / label).mkdir()
        for number in range(24):
            grey = Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).resize((96, 80), Image.Resampling.BICUBIC)
            grey.save(folder / label / f"{number:02}.{'jpg' if number % 2 else 'png'}")
    (folder / "covid" / "same.png").write_bytes((folder / "covid" / "00.png").read_bytes())
    Image.open(folder / "covid" / "02.png").resize((150, 140)).save(folder / "covid" / "copy.png")
    Image.new("L", (64, 64)).save(folder / "normal" / "black.png")
    (folder / "normal" / "none.png").write_bytes(b"")
    (folder / "normal" / "text.png").write_text("no film")
    return folder


@pytest.fixture(scope="module")
def plain(films, tmp_path_factory):
    return built(films, tmp_path_factory.mktemp("plain"), None)


def built(films, kept, workers):
    """manifest.csv, and {SHA-256: square, thumbnail} of the cache."""
    made = manifest.build([Source("folder", "folder", films)], EXPERIMENT, kept, workers=workers)
    with cache.opened(kept, 32) as found:
        pictures = [{name: rows.images()[row].tobytes() for name, row in rows.known.items()} for rows in (found.squares, found.thumbnails)]
        assert all(len(rows.images()) == len(rows.known) for rows in (found.squares, found.thumbnails))
    return made.text, pictures


def wanted(films):
    return [Wanted(path) for path in sorted(films.rglob("*.*"))]


class Meddling(Look):
    """On the node of that name another folder's files are seen, all of them or those that are not for trial; or no process lives."""

    def __init__(self, *given, node="", folder=None, all_of_it=True):
        super().__init__(*given)
        self.meddled = {"node": node, "folder": folder, "all_of_it": all_of_it}

    def __reduce__(self):
        return _meddling, (Look.__reduce__(self)[1], self.meddled)

    def __call__(self, film):
        node, folder, all_of_it = self.meddled.values()
        if ray.get_runtime_context().get_node_id() != node or ray.get_runtime_context().worker.mode != ray.WORKER_MODE:
            return super().__call__(film)
        if folder is None and not film.anyway:
            os.kill(os.getpid(), signal.SIGKILL)
        seen = folder / film.path.name if folder and (all_of_it or not film.anyway) else film.path
        return super().__call__(Wanted(seen, film.sha256, film.squared, film.anyway))


def _meddling(given, meddled):
    return Meddling(*given, **meddled)


def looked(work, films, workers, most=None):
    return [(seen.sha256, str(seen.problem)) for seen in workers.map(work, wanted(films)[:most])]


LOOK = ((), (), (), None, "squish")


def test_one_node_makes_the_manifest_of_this_machine(there, films, plain, tmp_path):
    assert built(films, tmp_path, Readers()) == plain
    assert built(films, tmp_path, Readers()) == plain  # from what was kept


def test_a_node_that_decodes_with_other_packages_is_refused_and_so_is_the_map(there, films, monkeypatch, capsys):
    monkeypatch.setattr(nodes, "of_films", lambda: {"pillow": "1.0"})
    with pytest.raises(WrongUse, match="No node of the cluster can read"):
        looked(Look(*LOOK), films, Readers())
    assert "1.0 here; mount the folder" in capsys.readouterr().out


def test_films_that_kill_their_process_are_named(there, films):
    work = Meddling(*LOOK, node=ray.get_runtime_context().get_node_id())
    with pytest.raises(Interrupted, match=r"(?s)lost 3 times.*00\.png"):
        looked(work, films, Readers(), most=8)


def test_where_no_node_sees_the_films_they_are_read_here_for_trainings_alone(there, films, tmp_path, capsys):
    work = Meddling(*LOOK, node=ray.get_runtime_context().get_node_id(), folder=tmp_path / "unmounted")
    with pytest.raises(WrongUse, match="No node"):
        looked(work, films, Readers())
    assert f"it does not see {films}" in capsys.readouterr().out
    assert looked(work, films, Readers(or_here=True)) == looked(Look(*LOOK), films, Readers())
    assert "53 are read here" in capsys.readouterr().out


def test_two_nodes_make_the_manifest_of_this_machine(there, films, plain, tmp_path):
    there.add_node(**NODE)
    there.wait_for_nodes()
    assert built(films, tmp_path, Readers()) == plain


@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_node_that_sees_other_files_is_named_and_nothing_of_it_is_used(there, films, tmp_path, capsys, all_of_it):
    """Also where the films for trial are the same there, and others are not."""
    for number in range(24):
        grey = Image.effect_noise((70, 70), 60)
        grey.save(tmp_path / f"{number:02}.{'jpg' if number % 2 else 'png'}")
    other = there.list_all_nodes()[-1].node_id
    work = Meddling(*LOOK, node=other, folder=tmp_path, all_of_it=all_of_it)
    assert looked(work, films, Readers()) == looked(Look(*LOOK), films, Readers())
    said = capsys.readouterr().out
    assert said.count("reads no films: it ") == 1 and f"({other[:6]}) reads no films" in said


def test_the_films_of_a_lost_node_are_read_again(there, films):
    """Last, for the node stays away; and then the other one goes, too."""
    expected = looked(Look(*LOOK), films, Readers())
    values = Readers().map(Look(*LOOK), wanted(films))
    found = [next(values)]
    there.remove_node(there.list_all_nodes()[-1], allow_graceful=False)
    found += values
    assert [(seen.sha256, str(seen.problem)) for seen in found] == expected
