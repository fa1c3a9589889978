"""Matched pairs: nobody differs, nobody stands twice, there are as many as there can be, and who is lost is told by cause."""

from collections import Counter
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit import config
from cxrkit.data import manifest, matching, sources
from cxrkit.data.records import MATCHABLE, NEGATIVE, POSITIVE, Record, traits
from cxrkit.errors import BadInput

CALIPER = 5.0


def film(number, label, patient, view="PA", age="50", sex="F"):
    name = f"s/{number:03}"
    return Record(name, name, "s", label=label, patient=f"s:{patient}", view=view, age=age, sex=sex)


def matched(films, by=MATCHABLE, caliper=CALIPER, seed=0):
    return matching.match(films, {record.image_id: record.patient for record in films}, by, caliper, seed)


def alike(one, other, by, caliper):
    a, b = traits(one), traits(other)
    known = all(side[trait] not in ("", None) for side in (a, b) for trait in by)
    return known and all(abs(a[trait] - b[trait]) <= caliper if trait == "age" else a[trait] == b[trait] for trait in by)


FILMS = st.lists(
    st.tuples(
        st.sampled_from([POSITIVE, NEGATIVE]),
        st.integers(0, 6),
        st.sampled_from(["PA", "AP", "", "frontal-unspecified"]),
        st.sampled_from(["30", "33", "36", "39", "1-5", "", "80"]),
        st.sampled_from(["F", "female", "M", ""]),
    ),
    max_size=14,
).map(lambda facts: [film(number, *each) for number, each in enumerate(facts)])
BY = st.sampled_from([("view",), ("age",), ("view", "sex"), MATCHABLE])


@given(FILMS, BY, st.integers(0, 3), st.randoms())
def test_pairs_are_alike_nobody_stands_twice_and_order_does_not_count(films, by, seed, random):
    found, record_of = matched(films, by, seed=seed), {record.image_id: record for record in films}
    used = [name for pair in found.pairs for name in pair]
    for positive, negative in found.pairs:
        assert (record_of[positive].label, record_of[negative].label) == (POSITIVE, NEGATIVE)
        assert alike(record_of[positive], record_of[negative], by, CALIPER)
    assert len({record_of[name].patient for name in used}) == len(used)
    assert set(used).isdisjoint(found.reasons) and set(used) | set(found.reasons) == set(record_of)
    random.shuffle(films)
    assert matched(films, by, seed=seed) == found


def best(films, by):
    """(most pairs, least sum of age differences) over all ways to pair patients, by trying them."""
    positive = {record.patient for record in films if record.label == POSITIVE}
    cost = {}
    for one in films:
        for other in films:
            if one.label == POSITIVE and other.label == NEGATIVE and other.patient not in positive and alike(one, other, by, CALIPER):
                apart = abs(one.years - other.years) if "age" in by else 0
                key = one.patient, other.patient
                cost[key] = min(cost.get(key, apart), apart)
    left, right = sorted({a for a, _ in cost}), sorted({b for _, b in cost})
    for size in range(min(len(left), len(right)), 0, -1):
        sums = [
            sum(cost[pair] for pair in zip(chosen, order))
            for chosen in combinations(left, size)
            for order in permutations(right, size)
            if all(pair in cost for pair in zip(chosen, order))
        ]
        if sums:
            return size, min(sums)
    return 0, 0


@settings(max_examples=60)
@given(FILMS, st.sampled_from([("age",), MATCHABLE]))
def test_there_are_as_many_pairs_as_there_can_be_and_of_these_the_nearest(films, by):
    found, record_of = matched(films, by), {record.image_id: record for record in films}
    apart = sum(abs(record_of[a].years - record_of[b].years) for a, b in found.pairs)
    assert (len(found.pairs), apart) == best(films, by)


def test_one_more_pair_is_worth_more_than_near_ages():
    """The nearest two leave the others without a counterpart."""
    films = [
        film(1, POSITIVE, "a", age="50"),
        film(2, POSITIVE, "b", age="46"),
        film(3, NEGATIVE, "c", age="50"),
        film(4, NEGATIVE, "d", age="55"),
    ]
    assert matched(films).pairs == (("s/001", "s/004"), ("s/002", "s/003"))
    assert len(matched(films, caliper=4.0).pairs) == 1


def test_what_is_lost_is_told_by_cause():
    films = [
        film(1, POSITIVE, "a"),
        film(2, POSITIVE, "a", age="51"),
        film(3, POSITIVE, "b", age=""),
        film(4, POSITIVE, "c", view="lateral"),
        film(5, NEGATIVE, "d"),
        film(6, NEGATIVE, "e"),
        film(7, NEGATIVE, "f", view="frontal-unspecified", age="1-5"),
        film(8, NEGATIVE, "b"),
    ]
    found = matched(films, ("age", "view"))
    causes = Counter(reason.removeprefix(matching.REASON) for reason in found.reasons.values())
    nobody = "no film of the other class is alike in age (within 5 years), view"
    other = "another film of the patient is used"
    taken = matching.TAKEN.removeprefix(matching.REASON)
    assert len(found.pairs) == 1 and causes == {other: 2, "age not known": 1, "view not known": 1, nobody: 1, taken: 1}
    kept = [record.but(excluded=found.reasons.get(record.image_id, "")) for record in films]
    told = matching.sentence(kept, ("age", "view"), 5.0)
    assert told.startswith("Matched by age (within 5 years), view: 1 pairs") and f"1 COVID-19 ({nobody})" in told


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Drawn adults and children with a table, in the layout of the reader `folder`."""
    from tests.audit.films import draw_folder

    root = draw_folder(tmp_path_factory.mktemp("told") / "films", patients=12)
    rows = ["file,patient,view,age,sex"]
    for number in range(12):
        rows.append(f"covid/p{number:02}_1.png,c{number},PA,{30 + 2 * number},F")
        rows.append(f"normal/p{number:02}_1.png,n{number},{'PA' if number % 4 else 'AP'},{(35 + number) if number % 3 else 4},F")
    (root / "films.csv").write_text("\n".join(rows))
    return sources.Source("folder", "told", root)


def test_a_manifest_holds_the_pairs_each_in_one_split_and_a_reason_for_all_others(folder):
    experiment = config.load("rigorous", {"match": "view,age,sex", "age_caliper": 3.0})
    made = manifest.build([folder], experiment)
    again = matching.match(made.used, made.groups, experiment.match, 3.0, 0)
    counts = Counter(record.label for record in made.used)
    assert counts[POSITIVE] == counts[NEGATIVE] == len(again.pairs) > 3
    left_out = [record for record in made.records if not record.used]
    assert left_out and all(record.excluded.startswith(matching.REASON) for record in left_out)
    assert len({record.split for record in made.used}) == 3 and not made.leaks
    for split in ("train", "valid", "test"):
        of_split = Counter(record.label for record in made.used if record.split == split)
        assert of_split[POSITIVE] == of_split[NEGATIVE]


def test_films_of_which_none_match_are_refused_with_what_is_lost(folder):
    children = config.load("rigorous", {"match": "age", "age_caliper": 0.0})
    told = [record.but(age="4") if record.label == NEGATIVE else record for record in folder.read()]
    with pytest.raises(BadInput, match="12 COVID-19 [(]no film of the other class is alike in age"):
        manifest._matched(told, dict.fromkeys([r.image_id for r in told], "") | {r.image_id: r.patient for r in told}, {}, children)


def test_adults_are_those_whose_age_is_known(folder):
    made = manifest.build([folder], config.load("rigorous", {"ages": "adults"}))
    reasons = Counter(record.excluded for record in made.records if record.excluded)
    assert reasons == {"a patient under 18 years": 4} and min(record.years for record in made.used) >= 18
    assert manifest._not_adult(Record("s/a", "", "s")).startswith("age not known")


def test_sexes_are_told_in_many_ways():
    told = {said: traits(Record("s/a", "", "s", sex=said))["sex"] for said in ("F", "male", " Female ", "w", "unknown", "")}
    assert told == {"F": "F", "male": "M", " Female ": "F", "w": "F", "unknown": "", "": ""}
