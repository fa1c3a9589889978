"""Untrusted HTML and JSON: decoded and parsed within bounds, with BadInput for whatever is broken."""

import codecs
import json
import re
import unicodedata
import warnings
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, Tag, XMLParsedAsHTMLWarning
from bs4.exceptions import ParserRejectedMarkup

from cxrkit.errors import BadInput

LARGEST_PAGE = 8_000_000
MOST_TAGS = 50_000
MOST_REFERENCES = 200_000
MOST_UNCLOSED = 3_000
DEEPEST_JSON = 100
"""Python's HTML parser takes quadratic time over tags that never close: 30,000 of them took 70 s, and 100,000
that do close took 5 s to search; a million "&" in its text took 6 s. These bounds keep every page below about two seconds."""

IMAGE_NAME = re.compile(r"\.(jpe?g|jfif|png|webp|gif|bmp|tiff?)$", re.IGNORECASE)


def decode(content: bytes) -> str:
    """Bytes as text: UTF-8, else the character set the page names, else Windows-1252. Raises BadInput."""
    if len(content) > LARGEST_PAGE:
        raise BadInput(f"The page has {len(content):,} bytes; no case page has more than {LARGEST_PAGE:,}.")
    content = content.removeprefix(codecs.BOM_UTF8)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    named = re.search(rb"charset=[\"']?([A-Za-z0-9_-]{1,30})", content[:4096])
    for charset in ("utf-8", named[1].decode("ascii") if named else "", "cp1252"):
        try:
            return content.decode(charset)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1252", "replace")


def soup(content: bytes | str | BeautifulSoup) -> BeautifulSoup:
    """A parsed page, which a parsed page is already. Raises BadInput for a page that is too large or too broken to be read in time."""
    if isinstance(content, BeautifulSoup):
        return content
    text = (content if isinstance(content, str) else decode(content)).replace("\0", "")
    unclosed = len(re.findall(r"<[^<>]*(?=<|\Z)", text)) + text.count("<!") - text.count("-->")
    if unclosed > MOST_UNCLOSED:
        raise BadInput(f"The page's markup is broken: {unclosed:,} tags never close.")
    if text.count("<") > MOST_TAGS:
        raise BadInput(f"The page has more than {MOST_TAGS:,} tags; no case page has so many.")
    if re.sub(r"<[^<>]*>", "", text).count("&") > MOST_REFERENCES:
        raise BadInput(f'The page\'s text has more than {MOST_REFERENCES:,} signs "&"; no case page has so many.')
    try:
        with warnings.catch_warnings():
            for doubt in (MarkupResemblesLocatorWarning, XMLParsedAsHTMLWarning):
                warnings.simplefilter("ignore", doubt)
            return BeautifulSoup(text, "html.parser")
    except (ParserRejectedMarkup, AssertionError, ValueError, RecursionError) as error:
        reason = str(error).strip().rpartition("\n")[2].strip()  # the parser's own stands in the last line
        raise BadInput(f"The page's markup is broken: {reason[:120]}.") from error


def text_of(node: Tag | None) -> str:
    """All text below a node on one line, or empty for None."""
    if node is None:
        return ""
    return " ".join(node.get_text(" ").split())


def meta(page: Tag, *names: str) -> str:
    """The content of the first <meta> of these names (name or property), or empty."""
    for name in names:
        for tag in page.find_all("meta"):
            if str(tag.get("name") or tag.get("property") or "").lower() == name:
                return " ".join(str(tag.get("content") or "").split())
    return ""


def attribute(node: Tag | None, name: str) -> str:
    """An attribute of a node as one text; empty where there is no such attribute, or no node."""
    value = node.get(name) if node is not None else None
    return " ".join(value) if isinstance(value, list) else str(value or "")


def absolute(base: str, link: str) -> str:
    """The web address to which a link on a page leads, without fragment; empty where it leads to none."""
    try:
        joined = urljoin(base, str(link).strip()).partition("#")[0]
        parts = urlsplit(joined)
        if parts.scheme in ("http", "https") and parts.hostname:
            return joined
    except ValueError:
        pass
    return ""


def file_name(address: str) -> str:
    """The last part of a URL's or file's path, decoded, with either kind of slash."""
    path = str(address).partition("?")[0].partition("#")[0]
    return unicodedata.normalize("NFC", unquote(path).replace("\\", "/").rpartition("/")[2])


def json_of(text: str) -> Any:
    """A JSON value from its text. Raises BadInput for text that is no JSON or nests too deep."""
    depth = deepest = 0
    for mark in re.findall(r"[\[{\]}]", text):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    if deepest > DEEPEST_JSON:
        raise BadInput(f"The JSON nests {deepest} levels deep.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"The text is no JSON: {error}.") from error


def json_after(text: str, marker: str) -> Any:
    """The JSON value that follows a regular expression in a script, or None."""
    match = re.search(marker, text)
    if not match:
        return None
    try:
        return json.JSONDecoder().raw_decode(text[match.end() :].lstrip())[0]
    except (ValueError, RecursionError):
        return None


SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S+)")
SINGLE_FILE = re.compile(r"<!--\s*Page saved with SingleFile\s+url:\s*(https?://\S+)")
SCRAPBOOK = re.compile(r"<html\b[^>]*\bdata-scrapbook-source=[\"']?(https?://[^\"'\s>]+)", re.IGNORECASE)
WAYBACK = re.compile(r"^https?://web\.archive\.org/web/\d{4,14}[a-z_]*/(?=https?://)")


def saved_from(text: str) -> str:
    """The address that a browser or an extension wrote at the head of a page that it saved, or empty."""
    head = re.split(r"<body\b", text[:20_000], maxsplit=1, flags=re.IGNORECASE)[0]
    found = next((match for mark in (SAVED_FROM, SINGLE_FILE, SCRAPBOOK) if (match := mark.search(head))), None)
    return WAYBACK.sub("", found[1]) if found else ""


def own_address(page: BeautifulSoup) -> str:
    """The address that a page gives as its own, as canonical link or og:url, or empty."""
    link = page.find("link", rel="canonical")
    return WAYBACK.sub("", absolute("", attribute(link, "href")) or absolute("", meta(page, "og:url")))
