"""Patients and pictures stay together in any mixture of sources, in any order."""

from collections import defaultdict

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxrkit import pipeline
from cxrkit.data import groups, splits, summary
from cxrkit.data.copies import Pair
from cxrkit.data.groups import groups_of
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record, copy_of
from cxrkit.errors import BadInput

films = st.lists(
    st.tuples(
        st.sampled_from(["coronahack", "sirm", "radiopaedia", "nih"]),
        st.integers(0, 12),
        st.sampled_from(["covid", "normal"]),
        st.sampled_from(["", "train", "test"]),
    ),
    min_size=6,
    max_size=60,
)
links = st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=25)


def mixture(drawn, linked):
    records = [
        Record(
            f"{source}/{i}",
            f"{source}/{i}",
            source,
            label,
            patient=f"{source}:{label}{patient}",
            published_split=published,
            width=i,
            height=1,
        )
        for i, (source, patient, label, published) in enumerate(drawn)
    ]
    pairs = [
        Pair(records[a % len(records)].image_id, records[b % len(records)].image_id, 1.0)
        for a, b in linked
        if a % len(records) != b % len(records)
    ]
    return records, pairs


def prepared(records, pairs, rule, remove, seed):
    marked = groups.mark_copies(records, pairs, remove)
    together = groups_of(marked)
    return splits.assign(groups.exclude_conflicts(marked, together), rule, together, seed)


@settings(max_examples=150, deadline=None)
@given(films, links, st.sampled_from(["paper", "grouped"]), st.booleans(), st.integers(0, 3), st.randoms())
def test_no_split_separates_a_group_and_order_does_not_matter(drawn, linked, rule, remove, seed, random):
    records, pairs = mixture(drawn, linked)
    try:
        made = prepared(records, pairs, rule, remove, seed)
    except BadInput:
        assume(False)
    splits_of, group_of = defaultdict(set), groups_of(made)
    for record in made:
        if record.used:
            splits_of[group_of[record.image_id]].add(record.split)
    assert all(len(found) == 1 for found in splits_of.values())
    assert splits.leaks(made, group_of) == []
    random.shuffle(records)
    random.shuffle(pairs)
    again = prepared(records, pairs, rule, remove, seed)
    assert sorted(again, key=lambda r: r.image_id) == sorted(made, key=lambda r: r.image_id)


@given(films, links)
def test_one_film_of_each_picture_stays(drawn, linked):
    records, pairs = mixture(drawn, linked)
    marked = {record.image_id: record for record in groups.mark_copies(records, pairs)}
    for record in marked.values():
        if record.duplicate_of:
            assert marked[record.duplicate_of].used and not marked[record.duplicate_of].duplicate_of
            assert record.is_removed_copy and record.excluded == copy_of(record.duplicate_of) == f"duplicate of {record.duplicate_of}"


def test_the_film_that_says_most_stays():
    poor = Record("coronahack/a", "", "coronahack", "covid", width=2000, height=2000)
    rich = Record("sirm/b", "", "sirm", "covid", view="PA", width=500, height=500)
    marked = groups.mark_copies([poor, rich], [Pair("coronahack/a", "sirm/b", 1.0)])
    assert [record.used for record in marked] == [False, True]


@pytest.mark.parametrize("larger", [0, 1])
def test_of_two_copies_that_say_as_much_the_larger_stays(larger):
    """Only pixels count: neither the order, nor the names, nor the bytes of the file."""
    sizes = [(400, 500, 900_000), (1200, 900, 80_000)] if larger else [(1200, 900, 80_000), (400, 500, 900_000)]
    two = [
        Record(f"{source}/film", "", source, "covid", view="PA", licence="CC BY 4.0", width=width, height=height, bytes=size)
        for source, (width, height, size) in zip("ab", sizes)
    ]
    for records in (two, two[::-1]):
        for pair in (Pair("a/film", "b/film", 1.0), Pair("b/film", "a/film", 1.0)):
            marked = {record.image_id: record for record in groups.mark_copies(records, [pair])}
            stays, goes = ("b/film", "a/film") if larger else ("a/film", "b/film")
            assert marked[stays].used and not marked[stays].duplicate_of
            assert marked[goes].duplicate_of == stays and marked[goes].excluded == copy_of(stays)


def test_a_conflict_names_both_rows_and_can_be_kept():
    records = [
        Record("coronahack/F051E018-DAD1-4506-AD43-BE4CA29E960B.jpeg", "", "coronahack", "normal"),
        Record("sirm/F051E018-DAD1-4506-AD43-BE4CA29E960B.jpeg", "", "sirm", "covid", excluded="no readable file"),
    ]
    conflict = groups.exclude_conflicts(records, groups_of(records))[0].excluded
    assert "covid by sirm/F051E018" in conflict and "normal by coronahack/F051E018" in conflict


def test_a_film_that_is_normal_here_and_pneumonia_there_is_a_conflict():
    """The row that is not used for its finding is read all the same; a patient's other films are no contradiction."""
    normal = Record("a/1", "", "a", "normal", finding="Normal", patient="a:p")
    ill = Record("b/1", "", "b", "", finding="Pneumonia/Bacterial", patient="b:q", excluded="finding Pneumonia")
    another = Record("b/2", "", "b", "normal", finding="No finding", patient="b:q")
    covid = Record("a/2", "", "a", "covid", finding="COVID-19", patient="a:r")
    viral = Record("b/3", "", "b", "", finding="Pneumonia/Viral", patient="b:s", excluded="finding Pneumonia")
    records = groups.mark_copies([normal, ill, another, covid, viral], [Pair("a/1", "b/1", 1.0), Pair("a/2", "b/3", 1.0)])
    assert records[0].used and records[1].duplicate_of == "a/1"  # what is used stays, whatever it lacks
    told = groups.exclude_conflicts(records, groups_of(records))
    assert told[0].excluded == "conflicting labels of one picture: Pneumonia/Bacterial by b/1, normal by a/1"
    assert told[2].used and told[3].used
    assert groups_of(records)["a/1"] == groups_of(records)["b/2"]


def test_a_row_that_is_not_reviewed_joins_its_patient_and_denies_nothing():
    normal = Record("a/1", "", "a", "normal", patient="a:p")
    todo = Record("b/1", "", "b", "", finding="todo", patient="b:q", excluded="finding todo: not reviewed")
    other = Record("b/2", "", "b", "normal", patient="b:q")
    records = groups.mark_copies([normal, todo, other], [Pair("a/1", "b/1", 1.0)])
    together = groups_of(records)
    assert len(set(together.values())) == 1 and all(r.used for r in groups.exclude_conflicts(records, together) if r.label)


def test_one_number_for_two_people_is_a_question_and_no_conflict():
    boy = Record("x/1", "", "x", "covid", patient="x:62", age="12", sex="M")
    woman = Record("x/2", "", "x", "normal", patient="x:62", age="45", sex="F")
    same = Record("x/3", "", "x", "normal", patient="x:7", age="45", sex="F")
    older = Record("x/4", "", "x", "covid", patient="x:7", age="47", sex="F")
    records = [boy, woman, same, older]
    together = groups_of(records)
    told = groups.exclude_conflicts(records, together)
    assert [record.used for record in told] == [True, True, False, False] and together["x/1"] == together["x/2"]
    text = summary.text(Manifest(tuple(told)))
    assert "is x:62 one patient? M, 12 (x/1); F, 45 (x/2)" in text and "x:7" not in text and "a number of its own" in text
    copy = groups.mark_copies(records, [Pair("x/1", "x/2", 1.0)], remove=False)
    assert not any(record.used for record in groups.exclude_conflicts(copy, groups_of(copy)))
    elsewhere = [*records, Record("y/1", "", "y", "covid", patient="y:1", duplicate_of="x/1")]  # nor is the boy's film another's conflict
    assert [record.used for record in groups.exclude_conflicts(elsewhere, groups_of(elsewhere))] == [True, True, False, False, True]


@pytest.mark.parametrize(
    "one, other, two",
    [
        (("M", "12", None), ("F", "12", None), True),
        (("M", "12", None), ("", "12", None), False),
        (("M", "40", None), ("M", "52", None), True),
        (("M", "40", None), ("M", "49", None), False),
        (("M", "40", 2020), ("M", "44", 2020), True),
        (("M", "40", 2020), ("male", "42", 2020), False),
        (("M", "40", 2005), ("M", "55", 2020), False),
        (("M", "55", 2005), ("M", "40", 2020), True),
        (("M", "40", 2005), ("M", "40", None), False),
        (("M", "40s", 2020), ("M", "47", 2020), False),
        (("M", "40s", 2020), ("M", "62", 2020), True),
        (("M", "1-5", 2020), ("M", "6", 2020), False),
        (("M", "18-90", 2020), ("M", "6", 2020), True),
        (("M", "seventy", None), ("M", "6", None), False),
    ],
)
def test_one_number_is_two_people_where_sex_or_age_and_year_say_so(one, other, two):
    people = [Record(f"x/{n}", "", "x", patient="x:1", sex=sex, age=age, taken=year) for n, (sex, age, year) in enumerate((one, other))]
    assert groups.apart(*people) == groups.apart(*people[::-1]) == two
    unknown = Record("x/0a", "", "x", patient="x:1")  # a film that says nothing stands between no two others
    assert bool(groups.two_people([unknown, *people])) == two and not groups.two_people([people[0], people[1].but(patient="y:1")])


LEAKING = [
    Record("a/1", "a/1", "a", "covid", patient="a:1", split="train"),
    Record("b/1", "b/1", "b", "covid", patient="b:9", split="valid", duplicate_of="a/1"),
]


def test_the_leak_gate_names_the_pair_and_the_remedy():
    with pytest.raises(BadInput) as caught:
        pipeline.refuse_leaks(Manifest(LEAKING), False, "manifest.csv")
    for words in ("a/1", "b/1", "--duplicates remove", "--allow-leakage"):
        assert words in str(caught.value)
    assert len(Manifest(LEAKING).leaks) == 1 and Manifest(LEAKING[:1]).leaks == ()
    pipeline.refuse_leaks(Manifest(LEAKING), True, "manifest.csv")
    pipeline.refuse_leaks(Manifest(LEAKING[:1]), False, "manifest.csv")
