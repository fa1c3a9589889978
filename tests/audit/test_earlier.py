"""What of an earlier audit is kept, row by row, and when none of it is."""

from dataclasses import replace

from cxrkit.audit import earlier
from cxrkit.files import write_json
from cxrkit.schema import MaskRow
from tests.audit.evidences import SUPPORTED, UNKNOWN, area, away, baseline, masked, network, within_source
from tests.report import folders


def audits(**parts):
    """An audit of which only these parts are looked at."""
    empty = {
        "baselines": [],
        "controls": [],
        "masking": None,
        "external": None,
        "sources": [],
        "networks": [],
        "attention": None,
        "stability": None,
        "published": None,
    }
    return type("Earlier", (), empty | parts)()


def test_a_row_that_was_not_computed_now_is_kept_and_one_that_was_is_not():
    old = [baseline("border", 0.97), baseline("file", 0.6)]
    rows, kept = earlier.merged({"baselines": [baseline("border", None), baseline("file", 0.55)]}, audits(baselines=old))
    assert [row.area.auc.value for row in rows["baselines"]] == [0.97, 0.55] and kept == {"baselines"}
    rows, kept = earlier.merged({"baselines": [baseline("border", 0.9)]}, audits(baselines=old[:1]))
    assert [row.area.auc.value for row in rows["baselines"]] == [0.9] and kept == set()


def test_rows_trained_anew_outlive_an_audit_that_trains_nothing():
    old = [masked(0.95, 0, 0), masked(0.5), masked(0.94, retrained=True)]
    left_out = within_source(0.6, kind="left-out-retrained")
    rows, kept = earlier.merged({"masking": [masked(0.95, 0, 0), masked(0.51)]}, audits(masking=old, sources=[left_out]))
    assert [(row.retrained, row.area.auc.value) for row in rows["masking"]] == [(False, 0.95), (False, 0.51), (True, 0.94)]
    assert rows["sources"] == [left_out] and kept == {"retraining"}


def test_further_hospitals_join_those_of_before_and_the_same_one_is_asked_anew():
    rows, kept = earlier.merged({"external": [away(name="b", ece=0.01)]}, audits(external=[away(name="a"), away(name="b")]))
    assert [(row.name, row.scaling.before.ece.value) for row in rows["external"]] == [("b", 0.01), ("a", 0.05)] and kept == {"external"}


def test_films_of_a_name_that_are_asked_about_anew_are_not_those_of_before():
    """All of them may be copies now, so that no row of them is made."""
    rows, kept = earlier.merged({}, audits(external=[away(name="a"), away(name="b")]), frozenset({"a"}))
    assert [row.name for row in rows["external"]] == ["b"] and kept == {"external"}


def test_the_lead_over_a_thumbnail_is_kept_with_the_networks_own_score():
    now = [replace(network(0.95), advantage=None)]
    rows, _ = earlier.merged({"networks": now}, audits(networks=[network(0.95, over=0.07)]))
    assert rows["networks"][0].advantage.difference.value == 0.07


def test_no_earlier_audit_changes_nothing(tmp_path):
    assert earlier.read(tmp_path / "audits.json", "a", "b") == (None, [])
    rows = {"controls": SUPPORTED.controls}
    assert earlier.merged(rows, None) == (rows, frozenset())


def test_an_earlier_audit_of_something_else_or_that_cannot_be_read_is_dropped_with_the_reason(tmp_path):
    results = folders.write(tmp_path)
    path, written = results.folder / "audits.json", results.audits
    same = (written.manifest_sha256, written.predictions_sha256)
    assert earlier.read(path, *same) == (written, [])
    for given, reason in (((same[0], "0"), "other predictions"), (("0", same[1]), "another manifest")):
        found, (not_done,) = earlier.read(path, *given)
        assert found is None and reason in not_done.reason
    write_json(path, {"schema": 1})
    found, (not_done,) = earlier.read(path, *same)
    assert found is None and "version 1" in not_done.reason


def test_a_row_without_a_value_is_not_worth_keeping():
    old = MaskRow("resnet34", 0, "centre", 0.8, 0.64, replace(area(0.5), auc=UNKNOWN), False)
    assert earlier.merged({}, audits(masking=[old])) == ({}, frozenset())
