"""Robots Exclusion Protocol: robots.txt as RFC 9309 defines it (https://www.rfc-editor.org/rfc/rfc9309), with Crawl-delay.

The longest matching rule decides, `*` and `$` are patterns, Allow wins a tie. Python's urllib.robotparser
takes the first matching rule and reads `*` in a path literally, so it would allow what is disallowed; protego 0.7.0
parts a group at an unknown line and takes a group of "cxr" for ours (tests/scrapers/web/test_robots.py).
"""

import codecs
import re
import string
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

LONGEST_DELAY = 3600.0
"""Seconds."""
LINE = re.compile(r"(user[\s_-]?agent|disallow|allow|crawl[\s_-]?delay)\s*(?::|\s(?!\s*:))(.*)$", re.IGNORECASE | re.DOTALL)
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = set(string.ascii_letters + string.digits + "-._~")
SAFE = "/*$?&=:@!,;+~()'[]%"


@dataclass(frozen=True)
class Rules:
    """What a robots.txt allows us. rules: (path pattern, whether it allows); delay: seconds or None; basis: for the report.

    closed: whether everything is disallowed.
    """

    rules: tuple[tuple[str, bool], ...] = ()
    delay: float | None = None
    basis: str = ""
    closed: bool = False

    def allows(self, url: str) -> bool:
        """Whether a URL may be requested."""
        if self.closed:
            return False
        parts = urlsplit(url)
        path = _plain((parts.path or "/") + ("?" + parts.query if parts.query else "")).replace("*", "%2A").replace("$", "%24")
        if path == "/robots.txt":
            return True
        matching = [(len(pattern), allow) for pattern, allow in self.rules if matches(pattern, path)]
        return max(matching)[1] if matching else True


def closed(basis: str) -> Rules:
    """Rules that allow nothing."""
    return Rules(basis=basis, closed=True)


def decode(content: bytes) -> str:
    """The text of a robots.txt: UTF-8, or UTF-16 by its byte-order mark or its zeros."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    if content[:2].count(0) == 1:
        return content.decode("utf-16-le" if content[1] == 0 else "utf-16-be", "replace")
    return content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def parse(text: str, agent: str) -> Rules:
    """The rules for an agent's product token, e.g. "cxrkit": those of its own groups, else of `*`.

    Only Allow and Disallow end the list of agents of a group: whatever else stands between two User-agent lines
    must not part them (section 2.2.4), Crawl-delay included. A line that lacks its colon counts as if it had one.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    names: list[str] = []
    heading = False
    for line in re.split(r"\r\n?|\n", text.removeprefix("\ufeff")):
        found = LINE.match(line.replace("\0", "").partition("#")[0].strip())
        if not found:
            continue
        key, value = re.sub(r"[\s_-]", "", found[1].lower()), found[2].strip()
        if key == "useragent":
            names = [*names, value.lower()] if heading else [value.lower()]
            heading = True
            groups.setdefault(names[-1], [])
            continue
        heading = heading and key == "crawldelay"
        for name in names:
            groups[name].append((key, value))
    own = [name for name in groups if name not in ("*", "") and agent.lower() == re.split(r"[/\s]", name)[0]]
    lines = [line for name in (own or ["*"]) for line in groups.get(name, [])]
    delays = [float(value) for key, value in lines if key == "crawldelay" and re.fullmatch(r"\d{1,6}(\.\d+)?", value)]
    rules = tuple((_pattern(value), key == "allow") for key, value in lines if key != "crawldelay" and value)
    return Rules(rules, min(max(delays), LONGEST_DELAY) if delays else None, "robots.txt")


def _pattern(value: str) -> str:
    """A rule's path; a `$` that is not its last sign is one of the path's own."""
    plain = _plain(value)
    return plain[:-1].replace("$", "%24") + plain[-1:]


def _plain(path: str) -> str:
    """A path with its percent-encoding normalised (section 2.2.2): what needs none is decoded, what is reserved stays as it is."""
    return quote(
        ESCAPE.sub(lambda match: chr(int(match[1], 16)) if chr(int(match[1], 16)) in UNRESERVED else match[0].upper(), path), safe=SAFE
    )


def matches(pattern: str, path: str) -> bool:
    """Whether a rule's pattern, with `*` and a final `$`, matches a path from its start; in linear time."""
    anchored = pattern.endswith("$")
    parts = pattern.removesuffix("$").split("*")
    if not path.startswith(parts[0]):
        return False
    position = len(parts[0])
    for part in parts[1:]:
        found = path.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    if not anchored:
        return True
    if len(parts) == 1:
        return position == len(path)
    return path.endswith(parts[-1]) and len(path) - len(parts[-1]) >= position - len(parts[-1])
