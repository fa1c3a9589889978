"""scrapers.yaml: what is refused, and that the defaults allow no request."""

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
