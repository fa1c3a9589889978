"""SIRM: parser of its category listings, its posts and their WordPress REST JSON. Parsing only, no network.

SIRM's posts are free prose with pictures in between, without fields; posts.py reads them. The case number is the
key: the Italian and the English post of a number describe the same patient.
"""

import re
from typing import Any

from bs4 import BeautifulSoup

from cxrkit.data.readers.collected import NOT_KNOWN, Case, Fact, Question
from cxrkit.errors import BadInput
from scrapers.sites import pages, posts, prose
from scrapers.sites.cases import Listing, NotACase
from scrapers.sites.posts import HOME, TITLE_NUMBER

SITE = "sirm"
TERMS = "https://www.sirm.org"
POST_LINK = re.compile(r"covid-?_?19-cas[oe]-(\d{1,4})(?:\D|$)", re.IGNORECASE)
BODIES = ("div.td-post-content", "div.entry-content", "div.post-content", "#print_content", "article")


def listing(content: bytes, url: str) -> Listing:
    """The COVID-19 posts that a category page lists, and the next page. Raises BadInput."""
    page = pages.soup(content)
    links = page.select('[class*="td_module_"] h3.entry-title a[href], h3.entry-title a[rel~="bookmark"][href], h2.entry-title a[href]')
    found = [pages.absolute(url, pages.attribute(link, "href")) for link in links]
    if not found:
        raise BadInput("The page lists no post.", url, "open it in a browser: the layout of the site may have changed")
    found = [address for address in found if POST_LINK.search(address)]
    return Listing(tuple(dict.fromkeys(found)), _next_page(page, url))


def _next_page(page, url):
    number = re.search(r"/page/(\d{1,4})/?", url)
    current = int(number[1]) if number else 1
    last = 0
    for link in page.select("div.page-nav a, .page-nav-wrap a"):
        found = re.search(r"/page/(\d{1,4})/?", pages.attribute(link, "href"))
        last = max(last, int(found[1]) if found else 0)
    if current >= last:
        return ""
    base = re.sub(r"/page/\d+/?$", "/", url.partition("?")[0]).rstrip("/")
    return f"{base}/page/{current + 1}/"


def owns(url: str) -> bool:
    """Whether an address lies on the site."""
    return bool(re.match(r"https?://(?:[a-z0-9-]+\.)*sirm\.org(?:[:/]|$)", url, re.IGNORECASE))


def case_address(url: str) -> str:
    """The plain address of a post, under the host name that the site's pages use; empty for any other address."""
    return re.sub(r"^https?://sirm\.org(?=/)", HOME, re.split("[?#]", url)[0]) if case_name(url) else ""


def case_name(url: str) -> str:
    """The case number in the address of a post; empty for any other address."""
    match = POST_LINK.search(re.split("[?#]", url)[0])
    return str(int(match[1])) if match else ""


def case_page(content: bytes | BeautifulSoup, url: str = "") -> Case:
    """The case of one post. Raises NotACase for a page that is not a COVID-19 case of SIRM.

    A case has a post's body and a title with a number. url: where the page was; its number says which case it is.
    Without it, or where the title has another number, the case comes without an address and with a question.
    """
    page = pages.soup(content)
    heading = pages.text_of(page.select_one("h1.entry-title, header h1, h1")) or pages.meta(page, "og:title") or pages.text_of(page.title)
    named = TITLE_NUMBER.search(heading)
    if url and not case_name(url):
        raise NotACase("This is not a COVID-19 case: its address has no case number.", url, "save the case's own page")
    body = _body(page)
    if not named or body is None:
        lacking = "a title with a case number" if not named else "a post's body"
        raise NotACase(f"This is not a COVID-19 case: it lacks {lacking}.", url or None, "open it in a browser")
    published = pages.attribute(page.select_one("time[datetime]"), "datetime")[:10] or pages.meta(page, "article:published_time")[:10]
    return _case(heading, url.partition("?")[0], published, body)


def is_print_list(page: BeautifulSoup, url: str) -> bool:
    """Whether a page is the print plugin's list of posts (`?print=print-search`)."""
    printed = page.body is not None and "pdfprnt_print" in page.body.get("class", ())
    return "print=print-search" in url or (printed and len(page.select("div.post .entry-title")) > 1)


def print_list(page: BeautifulSoup, url: str) -> tuple[list[Case], list[str]]:
    """The cases on the print plugin's list of posts, and why other posts gave none: (cases, reasons).

    The titles' numbers say which cases they are. Their url is that of the list, which has a query, as no case's page has.
    """
    cases, reasons = [], []
    for number, post in enumerate(page.select("div.post"), start=1):
        title = pages.text_of(post.select_one(".entry-title"))
        body = post.select_one(".entry-content") or post
        if TITLE_NUMBER.search(title):
            cases.append(_case(title, url, pages.attribute(post.select_one("time[datetime]"), "datetime")[:10], body))
        else:
            reasons.append(f"post {number}, {prose.shorten(title, 60)!r}: its title has no case number")
    return cases, reasons


def _body(page):
    """The post's own words and pictures, or None."""
    candidates = [node for selector in BODIES for node in page.select(selector) if node.find("img") or node.get_text(strip=True)]
    return next((node for node in candidates if node.find("img") or len(node.get_text(strip=True)) > 40), next(iter(candidates), None))


def wordpress(content: bytes) -> tuple[list[Case], list[str]]:
    """Cases from WordPress REST JSON, a post or a list of posts, and why other posts gave none: (cases, reasons)."""
    value = pages.json_of(pages.decode(content))
    cases, reasons = [], []
    for number, post in enumerate(value if isinstance(value, list) else [value], start=1):
        try:
            cases.append(_wordpress_case(post))
        except BadInput as error:
            reasons.append(f"post {number}: {error.what}")
    return cases, reasons


def is_wordpress(value: Any) -> bool:
    """Whether a JSON value is a WordPress post or a list of posts."""
    posts = value if isinstance(value, list) else [value]
    return bool(posts) and all(isinstance(post, dict) and "content" in post and ("link" in post or "slug" in post) for post in posts)


def _wordpress_case(post):
    if not isinstance(post, dict):
        raise BadInput("This is not a WordPress post.")
    html = _rendered(post.get("content"))
    title = pages.text_of(pages.soup(_rendered(post.get("title"))))
    link = post.get("link") if isinstance(post.get("link"), str) else ""
    slug = post.get("slug") if isinstance(post.get("slug"), str) else ""
    if link and not owns(link):
        raise NotACase("This is a post of another site.", link)
    return _case(title, link or f"{HOME}/{slug}/", str(post.get("date") or "")[:10], pages.soup(html))


def _rendered(value):
    text = value.get("rendered") if isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def _case(title, url, published, body):
    named = TITLE_NUMBER.search(title)
    number = case_name(url) or (named[1] if named else "")
    if not number:
        raise NotACase("This is not a COVID-19 case: neither its address nor its title has a case number.", url or None)
    key = str(int(number))
    date = re.search(r"/(20\d\d)/(\d\d)/(\d\d)/", url)
    tokens = posts.tokens_of(body, url)
    credits = posts.credits_of(tokens)
    prose_text = "\n".join(token for token in tokens if isinstance(token, str) and token not in credits)
    films, patients = posts.films_of(tokens, credits)
    case = Case(
        site=SITE,
        key=key,
        url=pages.absolute(HOME, url) if url else "",
        title=title,
        finding=Fact("COVID-19", f"the site's COVID-19 collection; title: {title}"),
        presentation=prose_text[:20_000],
        author=" ".join(credits[:1]),
        institution=" ".join(credits[1:]),
        published=published or ("-".join(date.groups()) if date else ""),
        licence=NOT_KNOWN,
        terms_url=TERMS,
        credit=f"SIRM, COVID-19 caso {key}" + (f": {'; '.join(credits)}" if credits else ""),
        patients=patients,
        films=films,
    )
    if not url or (named and int(named[1]) != int(key)):
        why = "its address is that of another case" if url else "the saved page names no address of its own"
        asked = Question("", "page", url or f"{HOME}/?s=COVID-19+caso+{key}", f"{why}; title: {title}")
        case = case.but(url="", questions=(asked,))
    if patients:
        return case
    ages = prose.ages(prose_text)
    questions = (Question("", "age", "", f"several ages: {', '.join(ages)}"),) if len(ages) > 1 else ()
    return case.but(age=prose.age(prose_text), sex=prose.sex(prose_text), questions=case.questions + questions)
