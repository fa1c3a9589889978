"""The cluster that is simulated: no training is lost, no time is counted twice, and what is known beforehand comes out."""

import math
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cxrkit.__main__ import main
from cxrkit.bench import cluster
from cxrkit.bench.cluster import IDEAL, Length, Weather

TWENTY = [Length("resnet34", (60.0, 20.0, 100.0), 1e8)] * 20


@given(nodes=st.integers(1, 30), at_once=st.integers(1, 4), trainings=st.integers(1, 60))
def test_where_nothing_goes_wrong_alike_trainings_go_in_rounds(nodes, at_once, trainings):
    found = cluster.simulate(TWENTY[:1] * trainings, nodes, IDEAL, at_once=at_once)
    rounds = math.ceil(trainings / (nodes * at_once))
    assert found.seconds == pytest.approx(180.0 * rounds)
    assert found.efficiency == pytest.approx(trainings / (rounds * nodes * at_once)) and found.losses == 0


@settings(deadline=None, max_examples=40)
@example(nodes=9, hours=0.1, late=1 / 3, line=1e6, at_once=2, seed=9)
@given(
    nodes=st.integers(1, 12),
    hours=st.floats(0.1, 100),
    late=st.floats(0, 5000),
    line=st.floats(1e6, 1e9),
    at_once=st.integers(1, 3),
    seed=st.integers(0, 1000),
)
def test_every_training_ends_and_the_shares_are_of_one_whole(nodes, hours, late, line, at_once, seed):
    weather = Weather(hours_to_loss=hours, late=late, line=line)
    found = cluster.simulate(TWENTY, nodes, weather, seed, at_once)
    shares = (found.efficiency, found.starting, found.lost, found.sending, found.idle)
    assert sum(shares) == pytest.approx(1) and min(shares) >= -1e-9
    assert found.lost == pytest.approx(0, abs=1e-9) or found.losses
    assert found == cluster.simulate(TWENTY, nodes, weather, seed, at_once)


def test_what_a_loss_costs_is_the_stage_that_ran():
    """One node, lost once, in the middle of the last of three stages of 100 s: 50 s, the second start, and the time away."""

    class Once:
        def __init__(self):
            self.lives = [265.0, 1e9]

        def exponential(self, _):
            return self.lives.pop(0)

    weather = Weather(away=1000.0, late=0.0, start=15.0, notice=3.0, line=1e12)
    made = cluster._Simulation([Length("resnet34", (100.0, 100.0, 100.0), 1.0)], 1, weather, Once(), 1)
    found = made.run()
    assert found.seconds == pytest.approx(265 + 1000 + 15 + 100, abs=0.01)
    assert found.lost * (265 + 115) == pytest.approx(50 + 15, abs=0.01) and found.losses == 1


def test_weights_that_had_not_arrived_are_lost_with_the_node():
    """The first stage's weights take 60 s on the line, and the node goes 20 s after that stage."""

    class Once:
        def __init__(self):
            self.lives = [135.0, 1e9]

        def exponential(self, _):
            return self.lives.pop(0)

    weather = Weather(away=10.0, late=0.0, start=15.0, notice=3.0, line=1.0)
    found = cluster._Simulation([Length("resnet34", (100.0, 100.0, 100.0), 60.0)], 1, weather, Once(), 1).run()
    assert found.seconds == pytest.approx(135 + 10 + 15 + 300 + 60)


def test_the_line_to_the_parent_is_shared():
    many = [Length("resnet34", (1.0, 1.0, 1.0), 100.0)] * 8
    found = cluster.simulate(many, 8, replace(IDEAL, line=1.0))
    assert found.seconds >= 1600 and found.sending > 0.5


def test_what_a_lost_node_had_not_sent_holds_up_nobody():
    """Two nodes, weights of 60 s; the first node goes at 120 s, 20 s after both began to wait: the other's weights go at once."""

    class Once:
        def __init__(self):
            self.lives = [120.0, 1e9, 1e9]

        def exponential(self, _):
            return self.lives.pop(0)

        def uniform(self, *_):
            return 0.0

    weather = Weather(away=1e6, late=0.0, start=0.0, notice=1e5, line=1.0)
    made = cluster._Simulation([Length("resnet34", (100.0, 100.0, 100.0), 60.0)] * 2, 2, weather, Once(), 1)
    arrived = []
    hold = made._held
    made._held = lambda now, sent: (arrived.append((sent[0], sent[3], now)), hold(now, sent))
    made.run()
    assert (1, 0, pytest.approx(120 + 60)) in arrived


def test_a_run_gives_its_own_lengths():
    rows = [("resnet34", seed, stage, epoch, 10.0 + seed) for seed in (0, 2) for stage in ("frozen", "unfrozen") for epoch in (1, 2)]
    made = cluster.of_run(pd.DataFrame(rows, columns=["architecture", "seed", "stage", "epoch", "seconds"]), seeds=3)
    assert len(made) == 3 and made[0].stages == pytest.approx((22.0, 11.0 * cluster.FINDER_EPOCHS, 22.0))
    assert len(cluster.of_study()) == 200 and cluster.of_study()[0].seconds >= cluster.of_study()[3].seconds


def test_the_command_says_whether_the_goal_is_reached(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "DRAWS", 2)
    main(["bench", "--cluster-simulation", "--out", str(tmp_path)])
    said = capsys.readouterr().out
    assert "200 trainings" in said and "Goal, an efficiency of at least 0.9 up to 16 nodes: reached." in said
    assert "64 nodes: 0." in said and "waiting for the last trainings" in said
    assert (tmp_path / "cluster.svg").read_text().startswith("<?xml") and "64" in (tmp_path / "cluster.txt").read_text()


def test_a_goal_that_is_not_reached_is_said():
    short = [Length("resnet34", (4.0, 1.0, 5.0), 1e6)] * 200
    assert "not reached: 0 of 2" in cluster.text(cluster.rows(short, nodes=(1, 16), draws=1), short)
