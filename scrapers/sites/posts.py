"""SIRM's posts: their paragraphs and pictures in their order, and what the words around a picture say of it.

Whether a picture is a chest film or a CT slice is read from its caption, the name of its file, or the paragraph
before it. Each decision comes with the words it rests on; what no words state is left to a person.
"""

import re
from dataclasses import dataclass, replace

from bs4 import Comment, NavigableString, Tag

from cxrkit.data.readers.collected import CT, GUESSED, NOT_KNOWN, STATED, XRAY, Fact, Film
from scrapers.sites import pages, prose
from scrapers.sites.cases import safe_name

HOME = "https://www.sirm.org"
TITLE_NUMBER = re.compile(r"covid[-\s]?19[\s:–—-]*cas[oe][\s-]*(?:n\.?\s*)?(\d{1,4})\b", re.IGNORECASE)
THUMBNAIL = re.compile(r"-\d{2,4}x\d{2,4}(?=\.[a-z]+$)|-scaled(?=\.[a-z]+$)", re.IGNORECASE)
DECORATION = re.compile(r"placeholder|/plugins/|/themes/|logo|avatar|printer", re.IGNORECASE)
PRINT_BUTTON = re.compile(r"[?&]print=|pdfprnt-button")
BLOCKS = ("p", "div", "h1", "h2", "h3", "h4", "h5", "li", "td", "blockquote", "section", "figure", "br", "tr", "ul", "ol", "table")
CAPTION_START = re.compile(r"^\W*(?:fig(?:ura|ure)?\.?|immagine|image|foto)\s*\d*\b", re.IGNORECASE)
CREDIT_WORDS = re.compile(
    r"\b(?:ospedale|azienda|asst|ausl|irccs|uoc|u\.o\.c|u\.o\.|policlinico|universit|radiologia|hospital|department"
    r"|direttore|director|aou|istituto)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class PostImage:
    """An image in a post: its addresses, full size first; its caption or alternative text."""

    addresses: tuple[str, ...]
    caption: str = ""


def tokens_of(body, url):
    """A post as the paragraphs and pictures that it shows, in their order."""
    tokens, words = [], []

    def flush():
        paragraph = " ".join("".join(words).split())
        words.clear()
        if paragraph:
            tokens.append(paragraph)

    stack = [iter(body.children)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            if not stack:
                flush()
        elif isinstance(node, Comment):
            continue
        elif isinstance(node, NavigableString):
            words.append(str(node))
        elif isinstance(node, Tag):
            if node.name in ("script", "style", "noscript", "form", "nav"):
                continue
            if node.name in BLOCKS:
                flush()
            if node.name == "img":
                flush()
                picture = _picture(node, url)
                tokens += [picture] if picture else []
            elif node.name in ("figcaption",) or "wp-caption-text" in (node.get("class") or []):
                flush()
                caption = pages.text_of(node)
                if tokens and isinstance(tokens[-1], PostImage) and caption:
                    tokens[-1] = replace(tokens[-1], caption=f"{caption} {tokens[-1].caption}".strip())
            else:
                stack.append(iter(node.children))
    flush()
    return tokens


def _picture(image, url):
    """A PostImage from an <img>, or None for decoration; it looks for the address behind placeholders of lazy loading."""
    named = [pages.attribute(image, name) for name in ("data-img-url", "data-orig-file", "data-large-file", "data-src", "data-lazy-src")]
    named += [part.split()[0] for name in ("data-srcset", "srcset") for part in pages.attribute(image, name).split(",") if part.split()]
    named += [pages.attribute(image, "src")]
    link = image.find_parent("a")
    target = pages.attribute(link, "href")
    if PRINT_BUTTON.search(target) or image.find_parent(class_=PRINT_BUTTON):
        return None
    addresses = []
    for address in [target, *named] if pages.IMAGE_NAME.search(target) else named:
        name = pages.file_name(address)
        if not pages.IMAGE_NAME.search(name) or name.lower().endswith(".gif"):
            continue
        address = pages.absolute(url or HOME, address) if not address.startswith(".") else address
        addresses += [THUMBNAIL.sub("", address), address]
    addresses = [address for address in dict.fromkeys(addresses) if address and not DECORATION.search(address)]
    if not addresses:
        return None
    full = [address for address in addresses if not THUMBNAIL.search(address)]
    caption = " ".join(pages.attribute(image, name) for name in ("alt", "title"))
    return PostImage(tuple(dict.fromkeys(full + addresses)), " ".join(caption.split()))


def credits_of(tokens):
    """The leading lines with authors and hospital, up to the first picture or the first sentence on the patient."""
    credits = []
    for token in [t for t in tokens[:5] if not (isinstance(t, str) and TITLE_NUMBER.search(t))][:4]:
        if not isinstance(token, str) or len(token) > 400:
            break
        names = re.findall(r"\b[A-Z][a-zà-ü'’]+\b|\b[A-Z]\.", token)
        if prose.age(token) or prose.sex(token) or prose.modalities(token) and not CREDIT_WORDS.search(token):
            break
        if CREDIT_WORDS.search(token) or len(names) * 2 >= len(token.split()):
            credits.append(token)
        else:
            break
    return credits


def films_of(tokens: list[str | PostImage], credits: list[str]) -> tuple[tuple[Film, ...], tuple[str, ...]]:
    """The post's films and its patients: ((Film, ...), ("a", "b", ...) or ())."""
    paragraphs = [token for token in tokens if isinstance(token, str) and token not in credits]
    patients, turned = prose.turns(paragraphs)
    turning = iter(turned)
    whole = {examination.kind: examination.sentence for examination in prose.examinations("\n".join(paragraphs))}
    found: list[tuple[Film, tuple[str, ...]]] = []
    before: list[str] = []
    since: list[str] = []
    words: dict[str, list[str]] = {"": [], **{patient: [] for patient in patients}}
    patient = ""
    for position, token in enumerate(tokens):
        if isinstance(token, str):
            if token in credits:
                continue
            turn = next(turning)
            patient = patient if turn is None or not patients else turn
            words[patient].append(token)
            since.append(token)
            continue
        if since:
            before, since = since, []
        following = tokens[position + 1] if position + 1 < len(tokens) else ""
        caption = token.caption
        if isinstance(following, str) and CAPTION_START.match(following):
            caption = f"{caption} {following}".strip()
        modality, confidence = _modality(caption, token, before, following, whole)
        film = Film(
            safe_name(THUMBNAIL.sub("", pages.file_name(token.addresses[0])).rpartition(".")[0]),
            token.addresses,
            modality=modality,
            confidence=confidence,
            view=_view(caption, token, before, modality),
            patient=patient,
            caption=caption,
        )
        found.append((film, tuple(before)))
    texts = {mark: ". ".join(parts) for mark, parts in words.items()}
    films = [
        replace(film, age=prose.age(texts[film.patient]), sex=prose.sex(texts[film.patient])) if film.patient else film
        for film in _paired_views(found)
    ]
    return _unique(films), patients


def _modality(caption, picture, before, following, whole):
    """The modality of a picture and how sure it is: from its caption, its file's name, the words before it, then those after it.

    before: the paragraphs before it. following: what comes next. whole: {kind of examination: sentence} of the whole post.
    A paragraph is sure of it when it stands close by and is about the examination, and not only mentions it.
    """
    if fact := prose.modality(caption):
        return Fact(fact.value, f"caption: {fact.evidence}"), STATED
    if fact := prose.modality_of_name(pages.file_name(picture.addresses[0])):
        return fact, STATED
    for distance, paragraph in enumerate(reversed(before)):
        named = prose.examinations(paragraph)
        if not named:
            continue
        last, words = named[-1], prose.shorten(named[-1].sentence)
        if len({examination.kind for examination in named}) > 1:
            return Fact(last.kind, f"text before, which names both: {words}"), GUESSED
        sure = any(examination.announced for examination in named) and (distance < 2 or len(whole) == 1)
        return Fact(last.kind, f"text before: {words}"), STATED if sure else GUESSED
    if len(whole) == 1:
        kind, words = next(iter(whole.items()))
        return Fact(kind, f"the only examination of the post: {prose.shorten(words)}"), GUESSED
    if isinstance(following, str) and (fact := prose.modality(following)):
        return Fact(fact.value, f"text after: {fact.evidence}"), GUESSED
    return NOT_KNOWN, ""


def _view(caption, picture, before, modality):
    if modality.value in (CT, prose.OTHER):
        return NOT_KNOWN
    name = re.sub(r"[-_]+", " ", pages.file_name(picture.addresses[0]).rpartition(".")[0])
    for place, text in (("caption", caption), ("file name", name), *(("text before", p) for p in _xray_sentences(before))):
        if fact := prose.view(text):
            return Fact(fact.value, f"{place}: {fact.evidence}")
    return NOT_KNOWN


def _xray_sentences(paragraphs):
    """The sentences on X-rays of the last paragraph that has any: a bed in the patient's history says nothing of the projection."""
    for paragraph in reversed(paragraphs):
        sentences = [sentence for modality, sentence in prose.modalities(paragraph) if modality == XRAY]
        if sentences:
            return sentences
    return []


def _paired_views(films):
    """The films; where a paragraph announces two projections and just two pictures follow it, they are PA and lateral."""
    result = [film for film, _ in films]
    for first in range(len(films) - 1):
        before = films[first][1]
        same = [i for i, (film, words) in enumerate(films) if words == before and film.modality.value != CT]
        announced = next((words for words in map(prose.two_views, _xray_sentences(before)) if words), "")
        if announced and len(same) == 2 and same[0] == first and not any(result[i].view for i in same):
            for i, value in zip(same, ("PA", "lateral")):
                result[i] = replace(result[i], view=Fact(value, f"text before: {announced}, in their order"))
    return result


def _unique(films):
    """The films once each; two pictures of one name in different folders get different keys."""
    unique = {}
    for film in films:
        if film.key in unique and unique[film.key].image_urls[0] != film.image_urls[0]:
            film = replace(film, key=safe_name(film.image_urls[0]))
        unique.setdefault(film.key, film)
    return tuple(unique.values())
