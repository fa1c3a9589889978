"""One saved file: a page as a browser saved it, a web archive, the viewer's data, or WordPress JSON; and its case."""

import email
import email.policy
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from bs4 import BeautifulSoup

from cxrkit.data.readers.collected import Case
from cxrkit.errors import BadInput
from scrapers.album import Album, Folder, lift, open_archive, open_page
from scrapers.sites import pages, sirm, viewer
from scrapers.sites.cases import NotACase
from scrapers.sites.site import SITES
from scrapers.sites.viewer import ViewerStudy

HTML = (".html", ".htm", ".xhtml", ".shtml")
PAGES = (*HTML, ".php", ".asp", ".aspx", "")
PAGE_BEGINS = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!doctype\s+html|<html|<!--|<head)", re.IGNORECASE)
ARCHIVES, DATA = (".mhtml", ".mht"), (".json",)
HINTS = {
    ".gz": "unpack it first",
    ".zip": "unpack it first",
    ".maff": "unpack it first",
    ".htz": "unpack it first",
    ".har": "a browser's log is no saved page: save the page itself",
    ".warc": "an archive of a crawler is no saved page: save the page itself",
    ".webarchive": "Safari's archive cannot be read: save the page as web page, complete, in Chromium or Firefox",
    ".pdf": "a printed page keeps no address and no film: save the page itself",
    ".url": "a bookmark is no saved page: give it to --cases, or save the page",
    ".dcm": "DICOM files of a case have no page here",
}
LARGEST_ARCHIVE = 200_000_000
"""Bytes."""


@dataclass
class SavedPage:
    """The case of one saved file, and the page's pictures."""

    path: Path
    case: Case
    album: Album = field(default_factory=Album)


Parsed = tuple[list[SavedPage | ViewerStudy], list[str]]


def parse(path: Path, folder: Folder) -> Parsed:
    """What one file holds, and why parts of it could not be used. Raises BadInput for a file of no use."""
    kind = path.suffix.lower()
    if kind in ARCHIVES:
        return _archive(path, folder)
    if kind in DATA:
        return _data(path)
    if kind not in PAGES and kind in HINTS:
        raise BadInput(f"a {kind} file: {HINTS[kind]}")
    if kind in HTML or PAGE_BEGINS.match(_read(path, LARGEST_ARCHIVE, 300)):
        return _page(path, _read(path, LARGEST_ARCHIVE), "", folder, None)
    raise BadInput(f"a {kind or 'nameless'} file is no saved page")


def _read(path: Path, largest: int = pages.LARGEST_PAGE, count: int = -1) -> bytes:
    """The first `count` bytes of a file, or all. Raises BadInput."""
    try:
        if path.stat().st_size > largest:
            raise BadInput(f"{path.stat().st_size:,} bytes: larger than {largest:,}", path)
        with open(path, "rb") as file:
            return file.read(count)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path) from error


def _page(path: Path, content: bytes, address: str, folder: Folder, parts: dict[str, bytes] | None) -> Parsed:
    """The case of a page, or its cases where it is a list. parts: the pictures of an archive, or None for a file."""
    content, inline = lift(content)
    text = pages.decode(content)
    marked = pages.saved_from(text)
    page = pages.soup(text)
    address = address or marked or pages.own_address(page)
    study = re.search(r"/cases/([^/]+)/studies/(\d+)", address)
    if study and "stackedImages" in text:
        return [replace(viewer.read(text, study[2]), case=study[1])], []
    by_chromium = "<!-- saved from url=" in text[:2000]
    album = open_page(page, path, folder, inline, by_chromium) if parts is None else open_archive(page, path, address, parts, inline)
    if sirm.is_print_list(page, address) and (not address or sirm.owns(address)):
        cases, reasons = sirm.print_list(page, address)
        return [SavedPage(path, case, album) for case in cases], reasons
    if not address:
        return [SavedPage(path, _nameless(page), album)], []
    parser = next((parser for parser in SITES.values() if parser.owns(address)), None)
    if parser is None:
        raise NotACase(f"This page is from neither site: {address}.", path, "save case pages of radiopaedia.org or sirm.org")
    return [SavedPage(path, parser.case_page(page, address), album)], []


def _nameless(page: BeautifulSoup) -> Case:
    """The case on a page that names no address of its own, when its own fields make it a case of just one of the sites."""
    found = []
    for parser in SITES.values():
        try:
            found.append(parser.case_page(page))
        except NotACase:
            continue
    if len(found) != 1:
        raise NotACase("This page names no address of its own, and has not the marks of a case of one of the sites.")
    return found[0]


def _archive(path: Path, folder: Folder) -> Parsed:
    """The page of a web archive (MHTML), with the pictures in it."""
    try:
        message = email.message_from_bytes(_read(path, LARGEST_ARCHIVE), policy=email.policy.compat32)
        bodies = [part for part in message.walk() if not part.is_multipart()]
        loaded = [
            (
                part.get_content_type(),
                str(part.get("Content-Location") or ""),
                str(part.get("Content-ID") or "").strip("<>"),
                part.get_payload(decode=True) or b"",
            )
            for part in bodies
        ]
        main = str(message.get("Snapshot-Content-Location") or "")
    except (ValueError, LookupError, AttributeError, RecursionError, TypeError) as error:
        raise BadInput(f"The web archive cannot be read: {error}.", path) from error
    texts = [(location, content) for kind, location, _, content in loaded if kind in ("text/html", "application/xhtml+xml")]
    if not texts:
        raise BadInput("The web archive holds no page.", path)
    location, content = next((text for text in texts if text[0] == main), texts[0])
    parts = {where or f"cid:{name}": picture for kind, where, name, picture in loaded if kind.startswith("image/") and (where or name)}
    address = next((where for where in (main, location) if where.startswith("http")), "")
    return _page(path, content, address, folder, parts)


def _data(path: Path) -> Parsed:
    """The cases or the study in a JSON file, and why parts of it could not be used."""
    text = pages.decode(_read(path))
    if sirm.is_wordpress(pages.json_of(text)):
        cases, reasons = sirm.wordpress(text.encode())
        return [SavedPage(path, case) for case in cases], reasons
    number = re.search(r"(?:stud(?:y|ies)|stacks?)\D{0,3}(\d{3,12})", path.name) or re.search(r"(\d{3,12})", path.name)
    return [viewer.read(text, number[1] if number else "")], []
