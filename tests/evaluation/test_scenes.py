"""Two scenes in which the decision once misled, each by the procedure before and after; figures of 2,000 repetitions of each.

CXRKIT_REPETITIONS=2000 python -m pytest tests/evaluation/test_scenes.py -s prints them.

One network's sensitivity is .92, the other's .97, and specificity .98 in both, with 34 of 268 films COVID-19, 5 seeds, one pair:
    films                         1,340   2,680   5,360
    equivalent, by error alone     .119    .251    .434   (before)
    equivalent, by all three       .000    .000    .000   (after; the same share is now "equivalent in error")
    sensitivity called worse       .516    .890    .997   (after; said beside the word)
One network fails in a share of its trainings (error .40, else .01), the other never; equal means, 2,680 films, one pair:
    share that fails, seeds           .05, 5  .05, 10   .1, 5   .1, 10   .2, 5   .2, 10
    called different                    .767     .591    .581     .330    .328     .102   (before, and after: no test on means can tell)
    with a failure among the seeds      .000     .000    .000     .001    .007     .005
    all failures named, no other        .996     .998    .997     .998    .999     .999   (after)
    the bound told holds the share     1.000    1.000   1.000    1.000   1.000    1.000   (after; before, nothing was told)
"""

import os

import numpy as np
import pytest

from cxrkit.evaluation import decision, outliers

REPETITIONS = int(os.environ.get("CXRKIT_REPETITIONS", 60))
SHARE = 34 / 268


def tables(random, n, rates, seeds=5, agreement=0.5):
    """is_covid, and for each (sensitivity, specificity) seeds x n booleans: whether wrong; half of the films are right or wrong for all seeds."""
    is_covid = np.arange(n) < round(SHARE * n)
    of_film = random.random(n) < agreement
    made = []
    for sensitivity, specificity in rates:
        luck = np.where(of_film, random.random(n), random.random((seeds, n)))
        made.append(luck >= np.where(is_covid, sensitivity, specificity))
    return is_covid, made


def words(pair):
    """The verdict by error alone, as before, and by all three rates."""
    alone = decision.decide([decision.Compared(pair.error)])[0].word
    return {"equivalent in error": "equivalent"}.get(alone, alone), decision.decide([pair])[0].word


@pytest.mark.parametrize("n", (1340, 2680, 5360))
def test_a_loss_of_sensitivity_is_not_called_equivalent(n):
    """Sensitivity .97 against .92, specificity .98 in both, five seeds: 0.6 points of error."""
    random, found = np.random.default_rng(0), []
    for _ in range(REPETITIONS):
        is_covid, (a, b) = tables(random, n, ((0.92, 0.98), (0.97, 0.98)))
        pair = decision.compared(a, b, is_covid, np.arange(n), range(5), range(5))
        found.append((*words(pair), decision.decide([pair])[0].sensitivity.word))
    before, after, rate = (np.array(column) for column in zip(*found))
    print(
        f"n {n}: equivalent before {np.mean(before == 'equivalent'):.3f}, after {np.mean(after == 'equivalent'):.3f}, "
        f"in error {np.mean(after == 'equivalent in error'):.3f}, sensitivity called worse {np.mean(rate == 'worse'):.3f}"
    )
    assert np.mean(after == "equivalent") <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)


@pytest.mark.parametrize("share, seeds", [(0.05, 5), (0.05, 10), (0.1, 5), (0.1, 10), (0.2, 5), (0.2, 10)])
def test_failures_that_the_seeds_did_not_show_are_bounded_beside_the_claim(share, seeds, n=2680):
    """A fails in `share` of its trainings (error .40, else .01), B never and errs as much on average: equal means."""
    random, found = np.random.default_rng(1), []
    mean = share * 0.4 + (1 - share) * 0.01
    for _ in range(REPETITIONS):
        failed = random.random(seeds) < share
        a = random.random((seeds, n)) < np.where(failed, 0.4, 0.01)[:, None]
        b = random.random((seeds, n)) < mean
        verdict = decision.decide([decision.Compared(decision.difference(a, b, np.arange(n), range(seeds), range(seeds)))])[0]
        called = outliers.outlying(a.mean(1), n, SHARE)
        bound = outliers.share_at_most(int(called.sum()), seeds)
        found.append((verdict.word in ("better", "worse"), failed.any(), (called == failed).all(), bound >= share))
    different, shown, named, bounded = np.transpose(found)
    print(
        f"fails in {share}, {seeds} seeds: equal means called different {different.mean():.3f}, in {(different & shown).mean():.3f} with a "
        f"failure among the seeds; failures named {named.mean():.3f}; the bound holds the true share {bounded.mean():.3f}"
    )
    assert named.mean() >= 0.98 and bounded.mean() >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / REPETITIONS)
