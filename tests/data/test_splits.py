from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.data import splits
from cxrkit.data.groups import groups_of
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, WrongUse


def record(number, patient="", label="covid", source="x", published=""):
    return Record(f"{source}/{number}", f"{source}/{number}", source, label, patient=patient, published_split=published)


def assigned(records, rule, seed=0):
    return splits.assign(records, rule, groups_of(records), seed)


def test_the_studys_own_numbers():
    """1,342 + 234 normal films and 58 + 38 + 34 COVID-19 films give its 1,438 training and 268 validation films."""
    normal = [record(i, f"c:n{i}", "normal", "coronahack", "train" if i < 1342 else "test") for i in range(1342 + 234)]
    covid = [
        record(f"{source}{i}", f"{source}:{i}", "covid", source)
        for source, n in (("coronahack", 58), ("radiopaedia", 38), ("sirm", 34))
        for i in range(n)
    ]
    made = assigned(normal + covid, "paper")
    assert Counter((r.split, r.label) for r in made) == {
        ("train", "normal"): 1342,
        ("valid", "normal"): 234,
        ("train", "covid"): 96,
        ("valid", "covid"): 34,
    }
    assert {r.source for r in made if r.split == "valid" and r.label == "covid"} == {"sirm"}


images = st.lists(
    st.tuples(st.integers(0, 15), st.sampled_from(["covid", "normal"]), st.sampled_from(["coronahack", "sirm", "nih"])),
    min_size=4,
    max_size=80,
)


@settings(max_examples=100, deadline=None)
@given(images, st.sampled_from(["paper", "grouped"]), st.integers(0, 5), st.randoms())
def test_no_split_cuts_a_patient_and_order_does_not_matter(drawn, rule, seed, random):
    records = [record(i, f"{source}:{patient}", label, source) for i, (patient, label, source) in enumerate(drawn)]
    shuffled = records[:]
    random.shuffle(shuffled)
    try:
        made = assigned(records, rule, seed)
    except BadInput:
        with pytest.raises(BadInput):
            assigned(shuffled, rule, seed)
        return
    if rule == "grouped":
        assert splits.leaks(made, groups_of(made)) == []
    assert sorted(made, key=lambda r: r.image_id) == sorted(assigned(shuffled, rule, seed), key=lambda r: r.image_id)
    assert splits.missing_classes(made) == []


def test_grouped_keeps_the_fractions_in_each_class_and_source():
    records = [
        record(f"{label}{source}{i}", f"{source}:{label}{i // 2}", label, source)
        for label in ("covid", "normal")
        for source in ("a", "b")
        for i in range(100)
    ]
    counts = Counter((r.label, r.source, r.split) for r in assigned(records, "grouped", 3))
    for label in ("covid", "normal"):
        for source in ("a", "b"):
            assert [counts[label, source, split] for split in ("train", "valid", "test")] == [60, 20, 20]


def test_a_missing_class_is_bad_input_with_the_counts():
    with pytest.raises(BadInput) as caught:
        assigned([record(i, label="normal") for i in range(10)], "grouped")
    assert "no covid image in train" in str(caught.value) and "10 usable normal films of 10 patients" in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=20, max_size=120), st.integers(0, 3), st.integers(1, 3))
def test_one_patient_more_moves_hardly_any_other(sizes, seed, more):
    records = [
        record(f"{label}{patient}-{i}", f"x:{label}{patient}", label)
        for label in ("covid", "normal")
        for patient, size in enumerate(sizes)
        for i in range(size)
    ]
    before = {r.image_id: r.split for r in assigned(records, "grouped", seed)}
    after = assigned([*records, *(record(f"new{i}", "x:new", "covid") for i in range(more))], "grouped", seed)
    moved = Counter(r.label for r in after if r.image_id in before and r.split != before[r.image_id])
    assert moved["normal"] == 0 and moved["covid"] <= 2 * (max(sizes) + more)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=3, max_size=30), st.lists(st.sampled_from("abcd"), min_size=30, max_size=30), st.integers(0, 3))
def test_three_patients_of_each_class_are_enough_and_shares_are_kept(sizes, sources, seed):
    """Whatever their sources; no split lacks more of a class than the largest patients have."""
    records = [
        record(f"{label}{patient}-{i}", f"x:{label}{patient}", label, sources[patient])
        for label in ("covid", "normal")
        for patient, size in enumerate(sizes)
        for i in range(size)
    ]
    made = assigned(records, "grouped", seed)
    assert splits.missing_classes(made, tuple(splits.FRACTIONS)) == [] and splits.leaks(made, groups_of(made)) == []


@pytest.mark.parametrize(
    "patients, rule, words",
    [
        ({"covid": 1, "normal": 9}, "paper", "1 usable covid film of 1 patient "),
        ({"covid": 3, "normal": 3}, "paper", "use --split grouped, which this data allows"),
        ({"covid": 1, "normal": 9}, "grouped", "bring covid films of three patients or more"),
    ],
)
def test_what_cannot_be_split_says_why_and_what_to_do(patients, rule, words):
    records = [record(f"{label}{i}", f"x:{label}{i}", label) for label, count in patients.items() for i in range(count)]
    records += [record(f"gone{i}", label="covid").but(excluded="no readable file: No such file") for i in range(7)]
    with pytest.raises(BadInput) as caught:
        assigned(records, rule)
    assert words in str(caught.value) and "left out: 7 no readable file" in str(caught.value)


def test_a_class_that_no_film_is_labelled_with_is_a_matter_of_names():
    with pytest.raises(BadInput, match="no film of the sources is labelled normal: call its folder normal/"):
        assigned([record(i, f"x:{i}") for i in range(9)], "paper")


def test_an_unknown_rule_is_wrong_use():
    with pytest.raises(WrongUse, match="grouped"):
        assigned([record(1)], "random")


def test_excluded_images_are_in_no_split():
    records = [record(i, f"x:{i}", label) for i, label in enumerate(["covid", "normal"] * 20)]
    records.append(record("out").but(excluded="view lateral", split="train"))
    assert assigned(records, "grouped")[-1].split == ""
