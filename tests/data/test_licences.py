"""What each licence allows, and the credits that go with the images."""

import pytest

from cxrkit.data import licences
from cxrkit.data.records import Record


@pytest.mark.parametrize(
    "licence, shown, passed_on",
    [
        ("CC0", True, True),
        ("CC0-1.0", True, True),
        ("CC BY 4.0", True, True),
        ("CC BY-SA 4.0", True, True),
        ("CC BY-NC-SA", True, False),
        ("CC BY-ND 4.0", True, False),
        ("CC BYE", False, False),
        ("unknown", False, False),
        ("", False, False),
    ],
)
def test_what_a_licence_allows(licence, shown, passed_on):
    assert (licences.may_show(licence), licences.may_redistribute(licence)) == (shown, passed_on)
    assert ("May be redistributed" in licences.terms(licence)) == passed_on
    assert ("all rights reserved" in licences.terms(licence)) == (not shown)


def test_every_used_image_is_credited_under_its_licence():
    records = [
        Record("a/1", "", "a", licence="CC BY 4.0", credit="A. Reader,\n  hospital", case_url="https://example.org/1"),
        Record("a/2", "", "a", licence="CC BY 4.0", credit="A. Reader, hospital", case_url="https://example.org/1"),
        Record("b/1", "", "b"),
        Record("b/2", "", "b", licence="CC0", credit="nobody sees this", excluded="view lateral"),
    ]
    text = licences.attribution(records)
    assert "## CC BY 4.0: 2 images" in text and "- 2 x A. Reader, hospital <https://example.org/1>" in text
    assert "## unknown: 1 images" in text and "- 1 x no credit known" in text
    assert "nobody sees this" not in text and "CC0" not in text
