"""Robots Exclusion Protocol: robots.txt as RFC 9309 defines it (https://www.rfc-editor.org/rfc/rfc9309), with Crawl-delay.

The longest matching rule decides, `*` and `$` are patterns, Allow wins a tie. Python's urllib.robotparser
takes the first matching rule and reads `*` in a path literally, so it would allow what is disallowed.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

LARGEST = 512_000
LONGEST_DELAY = 3600.0


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
        path = _plain((parts.path or "/") + ("?" + parts.query if parts.query else ""))
        if path == "/robots.txt":
            return True
        matching = [(len(pattern), allow) for pattern, allow in self.rules if matches(pattern, path)]
        return max(matching)[1] if matching else True


def closed(basis: str) -> Rules:
    """Rules that allow nothing."""
    return Rules(basis=basis, closed=True)


def parse(text: str, agent: str) -> Rules:
    """The rules for an agent's product token, e.g. "cxrkit": those of its own group, else of `*`."""
    groups, names, heading = {}, [], False
    for line in text[:LARGEST].splitlines():
        key, separator, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not separator:
            continue
        if key == "user-agent":
            names = names + [value.lower()] if heading else [value.lower()]
            heading = True
            groups.setdefault(names[-1], [])
            continue
        heading = False
        if key in ("allow", "disallow", "crawl-delay"):
            for name in names:
                groups[name].append((key, value))
    own = [name for name in groups if name not in ("*", "") and agent.lower() == re.split(r"[/\s]", name)[0]]
    lines = [line for name in (own or ["*"]) for line in groups.get(name, [])]
    delays = [float(value) for key, value in lines if key == "crawl-delay" and re.fullmatch(r"\d{1,6}(\.\d+)?", value)]
    rules = tuple((_plain(value), key == "allow") for key, value in lines if key != "crawl-delay" and value)
    return Rules(rules, min(max(delays), LONGEST_DELAY) if delays else None, "robots.txt")


def _plain(path: str) -> str:
    """A path with its percent-encoding normalised, so that rules and URLs can be compared."""
    return quote(unquote(path, errors="replace"), safe="/*$?&=:@!,;+~()'[]%")


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
