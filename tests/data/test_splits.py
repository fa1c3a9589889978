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
    assert "no covid image in train" in str(caught.value) and "'normal': 10" in str(caught.value)


def test_an_unknown_rule_is_wrong_use():
    with pytest.raises(WrongUse, match="grouped"):
        assigned([record(1)], "random")


def test_excluded_images_are_in_no_split():
    records = [record(i, f"x:{i}", label) for i, label in enumerate(["covid", "normal"] * 20)]
    records.append(record("out").but(excluded="view lateral", split="train"))
    assert assigned(records, "grouped")[-1].split == ""
