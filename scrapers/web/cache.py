"""HTTP cache on disk: each page under its address, so that no page is requested twice."""

import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass
from pathlib import Path

from cxrkit.files import replacing


@dataclass(frozen=True)
class Response:
    """What a server answered. headers: by name in lower case. fetched_at: seconds since 1970."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    fetched_at: float

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


class Cache:
    """A folder with one gzip file a page: a line of JSON with status and headers, then the page."""

    HEADERS = ("etag", "last-modified", "content-type")
    """The headers that are stored."""

    def __init__(self, folder: Path | str):
        self.folder = Path(folder)

    def path(self, url: str) -> Path:
        return self.folder / f"{hashlib.sha256(url.encode()).hexdigest()[:40]}.gz"

    def get(self, url: str) -> Response | None:
        """The stored response, or None; a damaged file counts as none."""
        try:
            head, _, body = gzip.decompress(self.path(url).read_bytes()).partition(b"\n")
            stored = json.loads(head)
            return Response(stored["url"], stored["status"], stored["headers"], body, stored["fetched_at"])
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
            return None

    def put(self, requested: str, response: Response) -> None:
        """Store a response under the address that was requested, which after a redirect is not the response's own."""
        headers = {name: response.headers[name] for name in self.HEADERS if name in response.headers}
        head = json.dumps({"url": response.url, "status": response.status, "headers": headers, "fetched_at": response.fetched_at})
        with replacing(self.path(requested)) as temporary:
            temporary.write_bytes(gzip.compress(head.encode() + b"\n" + response.body, mtime=0))

    def drop(self, url: str) -> None:
        """Forget what was stored for an address: a page that turned out to be of no use."""
        self.path(url).unlink(missing_ok=True)
