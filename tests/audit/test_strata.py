import numpy as np
import pytest

from cxrkit.audit import strata
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.evaluation.predictions import Predictions


def held(source_of, age_of=lambda covid, number: "", n=200, seed=0, sees=lambda covid, source, age, random: 2.0 * covid):
    """(Predictions of n films of each class, their records by id); sees: the network's score before noise."""
    random, records, scores = np.random.default_rng(seed), [], []
    for covid in (True, False):
        for number in range(n):
            name, age = f"{covid}-{number:03}", age_of(covid, number)
            record = Record(image_id=name, path=name, source=source_of(covid, number), label=POSITIVE if covid else NEGATIVE, age=str(age))
            records.append(record)
            scores.append(sees(covid, record.source, float(age or 0), random) + random.normal(0, 1, 2))
    p_covid = 1 / (1 + np.exp(-np.array(scores).T))
    truth = np.arange(2 * n) < n
    found = Predictions(tuple(record.image_id for record in records), truth, np.arange(2 * n), (0, 1), p_covid)
    return found, {record.image_id: record for record in records}


def mixed(covid, number):
    """Two hospitals, 65 % of the COVID-19 films and 35 % of the normal ones from north."""
    return "north" if number % 20 < (13 if covid else 7) else "south"


def older(covid, number):
    """Patients 12 years older than those without the disease."""
    return 30 + number % 40 + 12 * covid


def test_honest_networks_keep_their_score_with_source_and_age_held_fixed():
    found = strata.rows("resnet34", *held(mixed, older), several=True)
    assert [row.fixed for row in found] == ["source", "age", "source and age"]
    for row in found:
        assert abs(row.fall.value) < 0.02 and row.fall.high < 0.05 and row.fall.low < 0 < row.fall.high, row
    assert found[0].without_partner == 0 and found[0].strata == 2 and found[0].within.auc.n == 400 and found[0].within.positives == 200
    assert found[1].without_partner > 0 and found[1].within.auc.n + found[1].without_partner == 400


@pytest.mark.parametrize("kind", ["source", "age"])
def test_what_goes_by_the_source_or_the_age_falls_to_chance(kind):
    def sees(covid, source, age, random):
        return 4.0 * (source == "north") if kind == "source" else age / 10

    by_kind = {row.fixed: row for row in strata.rows("resnet34", *held(mixed, older, sees=sees), several=True)}
    row = by_kind[kind]
    assert row.fall.low > 0.05 and row.whole.value > 0.6 and row.within.auc.low < 0.55


def test_the_fall_is_from_all_films_where_one_source_alone_has_both_classes():
    """South has COVID-19 alone, and the network knows it: the same films without the strata show nothing of that."""
    source = lambda covid, number: "south" if covid and number % 4 else "north"
    (row,) = strata.rows("a", *held(source, sees=lambda covid, source, age, random: 6.0 * (source == "south")), several=True)
    assert row.whole.value > 0.8 and row.within.auc.value == row.same_films.value and row.within.auc.low < 0.5 < row.within.auc.high
    assert row.fall.low > 0.2 and row.without_partner == 150 and row.strata == 1


def test_sources_of_one_class_each_leave_nothing_to_compare():
    (row,) = strata.rows("a", *held(lambda covid, number: str(covid)), several=True)
    assert not row.within.auc.known and "no stratum has both classes" in row.within.auc.method
    assert not row.fall.known and row.without_partner == 400 and row.strata == 0 and row.whole.known


def test_films_of_a_hospital_that_is_not_told_are_of_no_stratum():
    """South is told of the COVID-19 films alone, and a network that knows "told" is not held against the rest."""
    predictions, by_id = held(lambda covid, number: "set-north" if number % 2 else "set" if covid else "set-south")
    by_id = {name: record.but(path=f"set/{name}") for name, record in by_id.items()}
    (row,) = strata.rows("a", predictions, by_id, several=True)
    assert (row.not_known, row.strata, row.within.auc.n) == (100, 1, 200)


def test_one_source_has_no_row_of_the_source_and_few_ages_none_of_the_age():
    few = lambda covid, number: 50 if number < (9 if covid else 100) else ""
    assert strata.rows("a", *held(lambda *_: "one", few), several=False) == []
    enough = lambda covid, number: 50 if number < 50 else ""
    (row,) = strata.rows("a", *held(lambda *_: "one", enough), several=False)
    assert (row.fixed, row.not_known, row.within.auc.n) == ("age", 300, 100)
