"""Walls that answer 200: known by what their pages lack, not by a list of walls."""

import hashlib

from scrapers.web.cache import Response
from scrapers.web.door import Door

MOST_UNMARKED = 3
"""So many pages in a row that are not what was asked for stop the host."""


class Suspicion:
    """The host's answers in a row that were not what was asked for: a wall that answers 200 is known by them.

    It needs no list of walls: MOST_UNMARKED pages in a row without the marks of what they should be stop the
    host, and so does one body without marks, or with the marks of one case, under the addresses of two.
    """

    def __init__(self, door: Door):
        self.door, self.row = door, 0
        self.bodies: dict[str, tuple[str, str]] = {}

    def good(self, response: Response, key: str) -> None:
        """Note a page that was what it should be; key: of its case."""
        self._seen(response, key)
        self.row = 0

    def bad(self, response: Response, asked: str) -> None:
        """Note a page that was not, and forget it. Raises HostStopped."""
        if self.door.dry_run:
            return  # what is in the cache was noted when it was requested
        self.door.cache.drop(asked)
        self._seen(response, "")
        self.row += 1
        if self.row >= MOST_UNMARKED:
            self.door.stop(asked, f"{self.row} pages in a row were not what was asked for; it may be a wall")

    def _seen(self, response: Response, key: str) -> None:
        if response.body.lstrip()[:1] in (b"[", b"{"):
            return  # the viewer's data on two studies may be alike
        body = hashlib.sha256(response.body).hexdigest()
        url, before = self.bodies.setdefault(body, (response.url, key))
        named = [name for name in {url.rstrip("/").rpartition("/")[2], response.url.rstrip("/").rpartition("/")[2]} if not name.isdigit()]
        if url != response.url and not (key and before == key and len(named) < 2):  # a slug and a number lead to the same case
            self.door.stop(response.url, f"it gives the same page at {url} and {response.url}; it may be a wall")
