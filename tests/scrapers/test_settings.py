"""scrapers.yaml: what is refused, and that the defaults allow no request."""

import datetime

import pytest
import yaml

from cxrkit.errors import WrongUse
from scrapers import settings
from scrapers.sites.site import SITES

GOOD = {"contact": "me@hospital.test", "permission": {"by": "A", "date": "2026-05-04", "reference": "17"}}


def loaded(tmp_path, sirm):
    (tmp_path / "scrapers.yaml").write_text(yaml.safe_dump({"sites": {"sirm": sirm}}))
    return settings.load(tmp_path / "scrapers.yaml")["sirm"]


def test_the_defaults_allow_nothing(tmp_path):
    for site in settings.load(tmp_path / "none.yaml").values():
        with pytest.raises(WrongUse, match="contact.*permission"):
            site.require_permission()
        assert site.interval >= 10 and not site.allow_loopback


def test_a_complete_entry(tmp_path):
    site = loaded(tmp_path, GOOD)
    site.require_permission()
    assert str(site.permission) == "A, 2026-05-04, 17" and site.max_cases == 60


@pytest.mark.parametrize(
    "change, words",
    [
        ({"intervall": 20}, "did you mean 'interval'"),
        ({"interval": 1}, "at most every 10 s"),
        ({"interval": "fast"}, "wrong type"),
        ({"allow_loopback": "yes"}, "wrong type"),
        ({"max_cases": 0}, "above 0"),
        ({"max_cases": True}, "wrong type"),
        ({"permission": {"by": "A"}}, "needs by, date and reference"),
        ({"permission": "yes"}, "needs by, date and reference"),
        ({"permission": {"by": "A", "date": "soon", "reference": "1"}}, "is no date"),
        ({"permission": {"by": "A", "date": "20260504", "reference": "1"}}, "is no date"),
        ({"permission": {"by": "A", "date": "2026-W18-1", "reference": "1"}}, "is no date"),
        ({"permission": {"by": "A", "date": "2026-05-04", "reference": "1", "until": "2026-05-03"}}, "ends (2026-05-03) before"),
        ({"permission": {"by": "A", "date": "2026-05-04", "reference": "1", "ends": "2027-05-04"}}, "nothing else"),
        ({"permission": {"by": "the person who allowed it", "date": "2026-05-04", "reference": "1"}}, "that of the example"),
        ({"permission": {"by": "A", "date": "2026-05-04", "reference": "their letter's or e-mail's reference"}}, "that of the example"),
        ({"hosts": {"www.sirm.org": "http://www.sirm.org"}}, "not encrypted"),
        ({"hosts": {"www.sirm.org": "https://user@www.sirm.org"}}, "no origin"),
        ({"hosts": {"www.sirm.org": "https://www.sirm.org/x"}}, "no origin"),
        ({"listings": ["https://elsewhere.test/"]}, "none of the site's hosts"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, change, words):
    with pytest.raises(WrongUse) as error:
        loaded(tmp_path, GOOD | change)
    assert words in str(error.value)


@pytest.mark.parametrize("text", ["sites: [", "- 1", "other: 1", "sites: {nowhere: {}}", "sites: {sirm: 3}"])
def test_a_file_that_is_no_settings(tmp_path, text):
    (tmp_path / "scrapers.yaml").write_text(text)
    with pytest.raises(WrongUse):
        settings.load(tmp_path / "scrapers.yaml")


def test_a_moved_site(tmp_path):
    assert loaded(tmp_path, GOOD | {"hosts": {"www.sirm.org": "https://archivio.sirm.org/"}}).hosts == {
        "www.sirm.org": "https://archivio.sirm.org"
    }


def test_every_site_has_a_parser_defaults_and_terms():
    assert SITES.keys() == settings.DEFAULTS.keys() == settings.TERMS.keys()
    assert all(name == parser.SITE for name, parser in SITES.items())


@pytest.mark.parametrize(
    "permission, today, words",
    [
        ({}, "2026-11-26", ""),
        ({}, "2029-06-01", "ended on"),
        ({}, "2026-05-03", "dated in the future"),
        ({"until": "2026-12-31"}, "2026-12-31", ""),
        ({"until": "2026-12-31"}, "2027-01-01", "ended on 2026-12-31"),
        ({"until": "2031-12-31"}, "2031-01-01", ""),
    ],
)
def test_a_permission_holds_from_its_date_to_its_end(tmp_path, permission, today, words):
    site = loaded(tmp_path, GOOD | {"permission": GOOD["permission"] | permission})
    if not words:
        return site.require_permission(datetime.date.fromisoformat(today))
    with pytest.raises(WrongUse, match=words):
        site.require_permission(datetime.date.fromisoformat(today))


@pytest.mark.parametrize("contact, lacks", [("Me@Hospital.TEST", False), ("Me@Example.ORG", True), ("me", True)])
def test_the_contact_is_a_person_s_own(tmp_path, contact, lacks):
    site = loaded(tmp_path, GOOD | {"contact": contact})
    if lacks:
        with pytest.raises(WrongUse, match="contact"):
            site.require_permission(datetime.date(2026, 11, 26))
    else:
        site.require_permission(datetime.date(2026, 11, 26))


def test_the_example_allows_nothing(tmp_path):
    (tmp_path / "scrapers.yaml").write_text(
        settings.__doc__.partition("sites:")[1] + settings.__doc__.partition("sites:")[2].partition("Unknown")[0]
    )
    with pytest.raises(WrongUse, match="that of the example"):
        settings.load(tmp_path / "scrapers.yaml")
