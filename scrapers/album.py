"""The pictures of one saved page: which file, archive part or inline picture each `src` of the page stands for.

Browsers rewrite the addresses of a page's pictures in ways of their own. `Album` maps them, and puts in their place
what the parsers read alike: the picture's own address where the save kept it, else "./FOLDER/NAME" with the name that
the picture had on the site. Chromium keeps the name, and appends (1) to a second of that name; Firefox appends one and
the same _XXXX to every name of a page; SingleFile and WebScrapBook put the picture itself into the page.
"""

import base64
import hashlib
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote

from bs4 import BeautifulSoup, Tag
from PIL import Image

from cxrkit.errors import BadInput
from scrapers.pictures import SMALLEST_SIDE
from scrapers.sites import pages, viewer

LARGEST_DRAWING = 64
"""Pixels. A smaller picture within a page is an icon."""
LARGEST_PICTURE = 60_000_000
"""Bytes."""
INLINE = re.compile(rb"data:image/(?:jpeg|jpg|png|webp);base64,([A-Za-z0-9+/=]{2000,})", re.IGNORECASE)
"""A picture within the page; what is shorter is a drawing or a placeholder."""
LIFTED = "data:lifted,"
INLINE_FOLDER = "./inline/"
FIREFOX = re.compile(r"_([A-Za-z0-9_-]{4})(?=\.[A-Za-z0-9]+$|$)")
COPY = re.compile(r"(?: ?\(\d{1,3}\))(?=\.[A-Za-z0-9]+$|$)")
WORDPRESS_THUMBNAIL = re.compile(r"-(?:[12]?\d{2}|300)x(?:[12]?\d{2}|300)(?=\.[A-Za-z]+$)")
FOLDERS = ("_files", "_file", "-Dateien", "_archivos", ".files", ".fld", "")
"""What browsers append to a page's name for the folder of its pictures."""


@dataclass(frozen=True)
class SavedPicture:
    """One picture of a saved page. src: what the page now calls it, or empty. name: as the site named it. origin: where it lies.

    path: the file, or None for a part of an archive or an inline picture. outside: whether it lies outside the page's own folder.
    """

    src: str
    name: str
    origin: str
    path: Path | None = None
    content: bytes = field(default=b"", repr=False)
    outside: bool = False

    @property
    def number(self) -> str:
        """Radiopaedia's number of the picture, where its address was kept."""
        found = re.search(r"/images/(\d{1,12})/", self.src)
        return found[1] if found else ""

    @property
    def stem(self) -> str:
        return stem(self.name)

    @property
    def small(self) -> bool:
        """Whether the name is that of a thumbnail."""
        plain = COPY.sub("", self.name)
        return viewer.size_rank(plain) >= len(viewer.SIZES) or bool(WORDPRESS_THUMBNAIL.search(plain))

    @cached_property
    def sha256(self) -> str:
        """Of its bytes; empty where they cannot be read."""
        try:
            return hashlib.sha256(self.read()).hexdigest()
        except BadInput:
            return ""

    def read(self) -> bytes:
        """The picture's bytes. Raises BadInput."""
        if self.path is None:
            return self.content
        try:
            if self.path.stat().st_size > LARGEST_PICTURE:
                raise BadInput(f"{self.path.stat().st_size:,} bytes: larger than {LARGEST_PICTURE:,}", self.path)
            return self.path.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot be read: {error.strerror}", self.path) from error


def stem(name: str) -> str:
    """What is the same in all the names of one picture: without size, copy number and ending, in lower case."""
    plain = viewer.ALL_SIZES.sub("", COPY.sub("", unicodedata.normalize("NFC", name)).lower())
    return plain.rpartition(".")[0] or plain


def stems_of(addresses: Iterable[str]) -> set[str]:
    """The stems of a film's names on its site; of its saved names where it has no address there."""
    addresses = list(addresses)
    web = [url for url in addresses if url.startswith("http")]
    return {stem(pages.file_name(url)) for url in web or addresses}


def alike(name: str) -> str:
    """A file name as every system spells it: composed accents, lower case, one ending for JPEG."""
    return re.sub(r"\.(?:jpg|jpe|jfif)$", ".jpeg", unicodedata.normalize("NFC", name).lower())


@dataclass
class Album:
    """The pictures of one page. thumbnails: how many inline pictures are too small to be a film."""

    pictures: list[SavedPicture] = field(default_factory=list)
    thumbnails: int = 0

    def of_film(self, addresses: Iterable[str], number: str, alone: bool) -> list[SavedPicture]:
        """The pictures that may be a film's, the best first: by `src`, else by number, else by name where no other film has it.

        alone: whether no other film of the case has such a name. Pictures of different sizes are all given; two
        of one size are two pictures. A `src` that names another picture than the other addresses of its <img> counts for nothing.
        """
        addresses, stems = list(addresses), stems_of(addresses)
        by_src = [picture for picture in self.pictures if picture.src and picture.src in addresses]
        by_src = [picture for picture in by_src if picture.stem in stems or picture.src.startswith(INLINE_FOLDER)]
        if by_src:
            return sorted(by_src, key=lambda picture: (picture.small, addresses.index(picture.src)))
        numbers = {number} | {found[1] for url in addresses if (found := re.search(r"/images/(\d{1,12})/", url))}
        by_number = [picture for picture in self.pictures if picture.number and picture.number in numbers and not picture.small]
        found = by_number or (self.named_like(addresses) if alone else [])
        return sorted(found, key=lambda picture: viewer.size_rank(picture.name))

    def named_like(self, addresses: Iterable[str]) -> list[SavedPicture]:
        """The pictures that have one of these addresses' names, and no number that says whose they are."""
        stems = stems_of(addresses)
        return [picture for picture in self.pictures if picture.stem in stems and not picture.small and not picture.number]


class Folder:
    """The files of a folder of saved pages, found by names as every system spells them; none outside of it is ever opened."""

    def __init__(self, root: Path, files: Iterable[Path]):
        self.root = root.resolve()
        self.known: dict[Path, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
        self.named: dict[str, list[Path]] = defaultdict(list)
        for path in files:
            self.known[path.parent.resolve()][alike(path.name)].append(path)
            if pages.IMAGE_NAME.search(path.name):
                self.named[stem(path.name)].append(path)

    def find(self, base: Path, link: str) -> Path | None:
        """The file to which a relative link of a page in the folder `base` leads, if it is one of these."""
        if not link or re.match(r"[a-z][a-z0-9+.-]*:|/", link, re.IGNORECASE) or "\0" in link:
            return None
        for spelled in dict.fromkeys((link, unquote(link), unquote(re.split("[?#]", link)[0]))):
            try:
                folder = (base / spelled).parent.resolve()
            except (OSError, ValueError, RuntimeError):
                continue
            same = self.known.get(folder, {}).get(alike(Path(spelled).name), [])
            exact = [path for path in same if path.name == Path(spelled).name]
            if len(exact or same) == 1:
                return (exact or same)[0]
        return None

    def images_in(self, folder: Path) -> list[Path]:
        return [path for paths in self.known.get(folder.resolve(), {}).values() for path in paths if pages.IMAGE_NAME.search(path.name)]


def own_folders(page: Path) -> list[Path]:
    """Where browsers put the pictures of a page that they save."""
    return [page.parent / f"{page.stem}{ending}" for ending in FOLDERS]


def open_page(page: BeautifulSoup, path: Path, folder: Folder, inline: dict[str, bytes], by_chromium: bool) -> Album:
    """The album of a page in a file; the `src` of its pictures are put in order in `page`.

    inline: the pictures within it, from `lift`. by_chromium: whether it has Chromium's mark, which appends no _XXXX to names.
    """
    album, own = Album(), own_folders(path)
    named = [found.name for place in own for found in folder.images_in(place)]
    endings = {match[1] if (match := FIREFOX.search(name)) else "" for name in named}
    suffix = (
        re.compile(rf"_{re.escape(endings.pop())}(?=\.[A-Za-z0-9]+$|$)")
        if len(endings) == 1 and not by_chromium and "" not in endings
        else None
    )
    seen: set[Path] = set()

    def add(found: Path, src: bool, outside: bool) -> str:
        name = suffix.sub("", found.name) if suffix else found.name
        address = f"./{quote(found.parent.name)}/{quote(name)}"
        album.pictures.append(SavedPicture(address if src else "", name, found.name, found, outside=outside))
        seen.add(found)
        return address

    for image in page.find_all("img"):
        link = pages.attribute(image, "src").strip()
        if link.startswith("data:"):
            _inline(image, inline.get(link), path, album)
        elif found := folder.find(path.parent, link):
            image["src"] = add(found, True, not found.resolve().is_relative_to(path.parent.resolve()))
        elif suffix and not re.match(r"[a-z][a-z0-9+.-]*:|/", link):
            image["src"] = "./" + suffix.sub("", link).removeprefix("./")
    for place in own:
        for found in folder.images_in(place):
            if found not in seen:
                add(found, False, False)
    return album


def open_archive(page: BeautifulSoup, path: Path, address: str, parts: dict[str, bytes], inline: dict[str, bytes]) -> Album:
    """The album of an archive's page; parts: {Content-Location or cid: address: bytes} of its pictures."""
    album = Album()
    for image in page.find_all("img"):
        link = pages.attribute(image, "src").strip()
        where = link if link in parts else pages.absolute(address, link)
        if link.startswith("data:"):
            _inline(image, inline.get(link), path, album)
        elif where in parts:
            image["src"] = where if where.startswith("http") else f"./part/{quote(pages.file_name(where))}"
    for where, content in parts.items():
        src = where if where.startswith("http") else f"./part/{quote(pages.file_name(where))}"
        album.pictures.append(SavedPicture(src, pages.file_name(where), f"{path.name}, part {pages.file_name(where)}", None, content))
    return album


def lift(content: bytes) -> tuple[bytes, dict[str, bytes]]:
    """A page without the pictures within it, and these: {what stands in their place: bytes}. They may be far larger than a page."""
    found: dict[str, bytes] = {}

    def keep(match: re.Match[bytes]) -> bytes:
        picture = base64.b64decode(match[1] + b"==")
        mark = LIFTED + hashlib.sha256(picture).hexdigest()[:12]
        found[mark] = picture
        return mark.encode()

    return INLINE.sub(keep, content), found


def _inline(image: Tag, content: bytes | None, path: Path, album: Album) -> None:
    """Put a picture within the page into the album, or count it when it is a thumbnail; drawings are neither."""
    if content is None:
        return
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as opened:
            side, ending = min(opened.size), str(opened.format).lower()
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return
    if side < SMALLEST_SIDE:
        album.thumbnails += side > LARGEST_DRAWING
        del image["src"]
        return
    name = f"inline-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    image["src"] = INLINE_FOLDER + name
    if all(picture.src != image["src"] for picture in album.pictures):
        album.pictures.append(SavedPicture(INLINE_FOLDER + name, name, f"{path.name}, {name}", None, content))
