"""What each licence allows, and the credits that go with the images."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit.data import licences
from cxrkit.data.records import Record


@pytest.mark.parametrize(
    "licence, shown, passed_on",
    [
        ("CC0", True, True),
        ("CC0-1.0", True, True),
        ("CC BY 4.0", True, True),
        ("CC BY-SA 4.0", True, True),
        ("CC-BY-4.0", True, True),
        ("https://creativecommons.org/licenses/by/4.0/", True, True),
        ("http://creativecommons.org/licenses/by-nc-nd/3.0/deed.en", True, False),
        ("Creative Commons Attribution-ShareAlike 4.0 International", True, True),
        ("Public Domain", True, True),
        ("https://creativecommons.org/publicdomain/mark/1.0/", True, True),
        ("CC0: Public Domain", True, True),
        ("Public domain (CC0)", True, True),
        ("Creative Commons Zero v1.0 Universal", True, True),
        ("Attribution 4.0 International (CC BY 4.0)", True, True),
        ("Attribution-NonCommercial-ShareAlike 4.0 International (CC BY-NC-SA 4.0)", True, False),
        ("https://spdx.org/licenses/CC-BY-SA-4.0.html", True, True),
        ("CC BY 4.0.", True, True),
        ("Apache 2.0", True, True),
        ("ODbL-1.0", True, True),
        ("CC BY-NC-ND 4.0 (CC BY 4.0)", False, False),
        ("CC BY 4.0 (no derivatives)", False, False),
        ("CC-BY-4.0 OR MIT", False, False),
        ("CC BY 4.0, with permission", False, False),
        ("not public domain", False, False),
        ("Attribution required", False, False),
        ("CC BY 9.0", False, False),
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
        Record("a/2", "", "a", licence="CC-BY-4.0", credit="A. Reader, hospital", case_url="https://example.org/1"),
        Record("b/1", "", "b", case_url="https://example.org/b"),
        Record("b/2", "", "b", licence="CC0", credit="nobody sees this", excluded="view lateral"),
    ]
    text = licences.attribution(records)
    assert (
        "## CC-BY-4.0: 2 images" in text
        and "<https://creativecommons.org/licenses/by/4.0/>" in text
        and "- 2 x A. Reader, hospital <https://example.org/1>" in text
    )
    assert "## unknown: 1 image\n" in text and "- 1 x author not given <https://example.org/b>" in text
    assert "nobody sees this" not in text and "CC0" not in text


@pytest.mark.parametrize(
    "note, names",
    [
        ("Case courtesy of Dr A. Reader, Radiopaedia.org, rID: 1", True),
        ("Credit to Radiology ASST Cremona", True),
        ("© Department of Radiology, Berlin", True),
        ("? Department of Radiology, Berlin", True),
        ("Image originally shared on Figure 1.", True),
        ("positive test for SARS-CoV-2 RNA. Opacity in the right lower lobe.", False),
        ("on hospital admission (illness day 20)", False),
        ("By day 3 the patient had improved", False),
        ("By CT", False),
        ("? pneumonia", False),
        ("Provided by his GP, history of fever", False),
        ("Images by PCR confirmed", False),
        ("© 2020", False),
        ("Author: A. Reader", True),
        ("Courtesy of dr. a. reader", True),
        ("© 2020 Radiology, Berlin", True),
        ("removal of VV-ECMO.", False),
        ("", False),
    ],
)
def test_only_a_note_that_names_somebody_is_a_credit(note, names):
    assert licences.credit_of(note) == (note if names else "")


def test_a_clinical_note_in_a_manifest_credits_nobody():
    note = "positive test for SARS-CoV-2 RNA. Opacity in the right lower lobe."
    records = [
        Record("a/1", "", "a", licence="CC BY 4.0", credit=note, case_url="https://example.org/1"),
        Record("a/2", "", "a", licence="CC BY 4.0", credit="A. Reader"),
        Record("a/3", "", "a", licence="CC BY 4.0", credit="Credit to A. Reader, COVID-19 positive ward"),
    ]
    assert [licences.credit_text(record) for record in records] == [
        "author not given <https://example.org/1>",
        "A. Reader",
        "Credit to A. Reader, COVID-19 positive ward",
    ]


@given(st.text(max_size=40))
def test_no_word_beside_a_licence_opens_it(extra):
    said = f"CC BY-NC-ND 4.0 {extra}"
    assert not licences.may_redistribute(said)


def test_every_known_licence_but_one_without_a_version_leads_to_its_text():
    for name in ("CC0", "CC-BY-NC-SA-4.0", "Public Domain", "CC BY 3.0"):
        assert licences.licence_of(name).url.startswith("https://creativecommons.org/")
    assert licences.licence_of("CC BY").url == "" and licences.licence_of("CC BY").name == "CC-BY"
