"""Settings of the collection, scrapers.yaml: for each site the contact, the permission, the pace and the caps.

sites:
  radiopaedia:
    contact: you@hospital.org          # goes into the User-Agent, so that they can write to you
    permission:
      by: the person who allowed it
      date: 2026-05-04
      reference: their letter's or e-mail's reference
      until: 2027-05-03              # where the permission has an end

Unknown keys are errors.
"""

import datetime
import difflib
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from cxrkit.errors import WrongUse

SHORTEST_INTERVAL = 10.0
"""Seconds between two requests to a real site."""

LONGEST_PERMISSION = 3 * 366
"""Days for which a permission that names no end counts."""
EXAMPLE_VALUES = ("the person who allowed it", "their letter's or e-mail's reference")

TERMS = {
    "radiopaedia": (
        "Radiopaedia's terms of use (https://radiopaedia.org/terms) exclude bulk download by a script and use for machine learning "
        "without permission.",
        "Ask Radiopaedia in writing: https://radiopaedia.org/contact",
    ),
    "sirm": (
        "SIRM publishes no licence for its COVID-19 cases, so all rights are reserved.",
        "Ask the society in writing: the contact page of https://www.sirm.org",
    ),
}
ALTERNATIVES = (
    "Without a permission: refresh --saved DIR reads pages that you saved yourself; CoronaHack and "
    "ieee8023/covid-chestxray-dataset hold films of both sites with provenance."
)


@dataclass(frozen=True)
class Permission:
    """A site's permission to collect. by: who gave it; date: when (YYYY-MM-DD); reference: where it can be read again.

    until: the last day on which it holds (YYYY-MM-DD); without it, LONGEST_PERMISSION days after its date.
    """

    by: str
    date: str
    reference: str
    until: str = ""

    def __str__(self) -> str:
        return ", ".join([self.by, self.date, self.reference, *([f"until {self.until}"] if self.until else [])])

    def lapsed(self, today: datetime.date) -> str:
        """Why it does not hold on a day; empty while it does."""
        given = datetime.date.fromisoformat(self.date)
        end = datetime.date.fromisoformat(self.until) if self.until else given + datetime.timedelta(LONGEST_PERMISSION)
        if given > today:
            return f"it is dated in the future: {self.date}"
        return f"it ended on {end}; ask again, and write the new one's date, and `until` if it names an end" if end < today else ""


@dataclass(frozen=True)
class Site:
    """How one site is collected. The defaults are those of the real site.

    hosts: {host that a page names: origin where it is reached}; no other host ever gets a request. Mapping a host
    to another origin follows a site that moved. listings: addresses of the first page of each listing.
    contact: an e-mail address or web page for the User-Agent. permission: None until the site has given one.
    interval: seconds between two requests to a host; it can be raised, and lowered only for a test site.
    max_cases, max_megabytes: caps of one run. timeout: seconds to wait for a server's next bytes.
    max_age_days: a cached page is fresh for so long. allow_loopback: whether this machine's own addresses
    (127.0.0.0/8, ::1) may be requested, for a test site.
    """

    name: str
    hosts: dict[str, str]
    listings: tuple[str, ...]
    contact: str = ""
    permission: Permission | None = None
    interval: float = SHORTEST_INTERVAL
    max_cases: int = 60
    max_megabytes: int = 500
    timeout: float = 30.0
    max_age_days: float = 7.0
    allow_loopback: bool = False

    def has(self, url: str) -> bool:
        """Whether an address lies on one of the site's hosts."""
        host = urlsplit(url).netloc.lower() if "://" in url else ""
        return host in self.hosts or host in {urlsplit(origin).netloc for origin in self.hosts.values()}

    def require_permission(self, today: datetime.date | None = None) -> None:
        """Raises WrongUse, with the terms, the alternatives and whom to write to, unless collection is allowed. today: for tests."""
        lacking = []
        person = re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]{2,}|https://\S+\.\S+", self.contact, re.IGNORECASE)
        if not person or re.search(r"[@./]example\.", self.contact, re.IGNORECASE):
            lacking.append("contact: your e-mail address or web page")
        if self.permission is None:
            lacking.append("permission: by, date and reference")
        elif reason := self.permission.lapsed(today or datetime.date.today()):
            lacking.append(f"permission that holds ({reason})")
        if lacking:
            terms, whom = TERMS[self.name]
            raise WrongUse(
                f"No request is made to {self.name}: scrapers.yaml lacks {' and '.join(lacking)} for it.\n"
                f"  why:   {terms}\n  else:  {ALTERNATIVES}",
                f"scrapers.yaml, sites: {self.name}",
                f"{whom}; then write the permission's by, date and reference into scrapers.yaml",
            )


DEFAULTS = {
    "radiopaedia": Site(
        "radiopaedia",
        {"radiopaedia.org": "https://radiopaedia.org", "prod-images-static.radiopaedia.org": "https://prod-images-static.radiopaedia.org"},
        ("https://radiopaedia.org/search?lang=us&scope=cases&q=COVID-19&modality=X-ray&system[]=Chest&page=1",),
    ),
    "sirm": Site(
        "sirm",
        {"www.sirm.org": "https://www.sirm.org"},
        ("https://www.sirm.org/category/senza-categoria/covid-19/", "https://www.sirm.org/en/category/articles/covid-19-database/"),
    ),
}
EXAMPLE = "see the example at the head of scrapers/settings.py"
KEYS = tuple(f.name for f in fields(Site) if f.name != "name")


def load(path: Path | str) -> dict[str, Site]:
    """{name: Site} from a scrapers.yaml, the defaults where there is no such file. Raises WrongUse."""
    path = Path(path)
    if not path.exists():
        return dict(DEFAULTS)
    try:
        values = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"The settings cannot be read: {error}", path, "correct the file") from error
    if not isinstance(values, dict) or set(values) - {"sites"} or not isinstance(values.get("sites") or {}, dict):
        raise WrongUse("The settings hold something other than `sites:` with one entry for each site.", path, EXAMPLE)
    sites = dict(DEFAULTS)
    for name, given in (values.get("sites") or {}).items():
        if name not in sites:
            raise WrongUse(f"There is no site {name!r}.", path, f"known sites: {', '.join(DEFAULTS)}")
        sites[name] = _site(sites[name], given or {}, f"{path}, sites: {name}")
    return sites


def _site(default: Site, given: Any, where: str) -> Site:
    if not isinstance(given, dict):
        raise WrongUse("The site's entry is not a mapping of keys to values.", where, "write `key: value` lines")
    for key in given:
        if key not in KEYS:
            close = difflib.get_close_matches(str(key), KEYS, 1)
            raise WrongUse(
                f"The site has an unknown key {key!r}.", where, f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(KEYS)}"
            )
    site = replace(default, **{key: _typed(key, value, where) for key, value in given.items() if value is not None})
    if site.interval < SHORTEST_INTERVAL and not site.allow_loopback:
        raise WrongUse(
            f"interval is {site.interval:g} s; a site gets one request at most every {SHORTEST_INTERVAL:g} s.", where, "raise interval"
        )
    if site.interval < 0 or site.max_cases < 1 or site.max_megabytes < 1 or site.timeout <= 0 or site.max_age_days < 0:
        raise WrongUse("interval and max_age_days must not be negative; the caps and timeout must be above 0.", where, "correct the file")
    for origin in site.hosts.values():
        _check_origin(origin, site.allow_loopback, where)
    for address in site.listings:
        if urlsplit(address).netloc not in site.hosts:
            raise WrongUse(f"The listing {address} lies on none of the site's hosts.", where, "name the host under hosts")
    return site


def _typed(key: str, value: Any, where: str) -> Any:
    if key == "permission":
        return _permission(value, where)
    if key == "hosts" and isinstance(value, dict) and value and all(isinstance(part, str) for item in value.items() for part in item):
        return {host: origin.rstrip("/") for host, origin in value.items()}
    if key == "listings" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    wanted = {"contact": str, "max_cases": int, "max_megabytes": int, "allow_loopback": bool}.get(key, float)
    if type(value) is wanted or (wanted is float and type(value) in (int, float)):
        return wanted(value)
    raise WrongUse(f"The value {value!r} of {key!r} has the wrong type.", where, EXAMPLE)


def _permission(value: Any, where: str) -> Permission:
    names = ("by", "date", "reference")
    if not isinstance(value, dict) or set(value) - {"until"} != set(names) or not all(str(value[name] or "").strip() for name in names):
        raise WrongUse(
            "A permission needs by, date and reference, may have until, and nothing else.",
            where,
            "write who gave it, when, and where it can be read again",
        )
    by, reference = str(value["by"]).strip(), str(value["reference"]).strip()
    if by in EXAMPLE_VALUES or reference in EXAMPLE_VALUES:
        raise WrongUse("The permission is that of the example.", where, "write who really gave it, when, and where it can be read again")
    date, until = _day(value["date"], "date", where), _day(value["until"], "until", where) if value.get("until") else ""
    if until and until < date:
        raise WrongUse(f"The permission ends ({until}) before it was given ({date}).", where, "correct the file")
    return Permission(by, date, reference, until)


def _day(value: Any, name: str, where: str) -> str:
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
            raise ValueError
        datetime.date.fromisoformat(str(value))
    except ValueError:
        raise WrongUse(f"The permission's {name} {str(value)!r} is no date.", where, "write it as YYYY-MM-DD") from None
    return str(value)


def _check_origin(origin: str, allow_loopback: bool, where: str) -> None:
    try:
        parts = urlsplit(origin)
        _ = parts.port  # raises ValueError for what is no port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.username:
        raise WrongUse(f"{origin!r} is no origin.", where, "write scheme and host only, as in https://www.sirm.org")
    if parts.scheme == "http" and not allow_loopback:
        raise WrongUse(f"{origin} is not encrypted.", where, "use https")
