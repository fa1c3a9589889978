"""Radiopaedia: parser of its listings and of its case pages of 2020, 2023 and 2026. Parsing only, no network.

A parser that was right one year was wrong the next, so each fact is searched for in the meta tags, then by
its label, then in the old places. Study ids come from every form; the facts of a study are read in that
study's own node, because parallel lists lose step where a study has no findings.
"""

import re

from bs4 import BeautifulSoup

from cxrkit.data.readers.collected import EXACT, NOT_KNOWN, Case, Fact, Film, Question, Study
from cxrkit.errors import BadInput
from scrapers.sites import pages, prose, viewer
from scrapers.sites.cases import Listing, NotACase, fill_blanks
from scrapers.sites.viewer import HOME

SITE = "radiopaedia"
TERMS = "https://radiopaedia.org/terms"
LICENCE_URL = "https://creativecommons.org/licenses/by-nc-sa/3.0/"

CASE_LINK = re.compile(r"^/cases/([A-Za-z0-9][A-Za-z0-9_-]*)/?$")
TAG_LINK = re.compile(r"^(?:https?://(?:www\.)?radiopaedia\.org)?/tags/")
STUDY_LINK = re.compile(r"(?:/cases/([A-Za-z0-9_-]+))?/studies/(\d{1,12})\b")
COVID = re.compile(
    r"\bcovid\b|\bcovid-?19|sars[-\s]?cov[-\s]?2|novel\s+coronavirus|coronavirus\s+disease|\b2019[-\s]?n?cov\b|\bncov[-\s]?(?:20)?19\b",
    re.IGNORECASE,
)
DOUBT = re.compile(
    r"\b(?:not|non|no|without|excluded?|exclusion|mimic\w*|negative|versus|vs|suspected|possible|query|differential|like|unrelated)\b|\?"
    r"|\bvaccin\w*|\bpost[-\s]?(?:covid|acute|infectious)|\b(?:long|chronic)[-\s]covid|\bsequela\w*|\bfibro\w+|\btoes?\b|\bchilblain\w*"
    r"|\bafter\b|\brecovered\b|\bresolved\b|\bconvalescen\w*|\bsurvivor\w*|\bprevious\w*|\bprior\b|\bhistory\s+of\b|\bera\b|\bpandemic\b|\blockdown\b|\bswab\b|\btest(?:ing)?\b",
    re.IGNORECASE,
)


def listing(content: bytes, url: str) -> Listing:
    """The cases on a page of search results. Raises BadInput for any other page."""
    page = pages.soup(content)
    found = []
    for card in page.select("a.search-result-case[href], a.search-result[href], div.playlist-entry > a[href]"):
        link = pages.absolute(url, pages.attribute(card, "href")).partition("?")[0]
        if CASE_LINK.match(re.sub(r"^https?://[^/]+", "", link)):
            found.append(link)
    if not found and "no results were found" not in page.get_text(" ").lower():
        raise BadInput("The page lists no case.", url, "open it in a browser: the layout of the site may have changed")
    follow = page.select_one('a.next_page[rel~="next"]')
    after = ""
    if follow is not None and "disabled" not in (follow.get("class") or []):
        after = pages.absolute(url, pages.attribute(follow, "href"))
    return Listing(tuple(dict.fromkeys(found)), after)


def owns(url: str) -> bool:
    """Whether an address lies on the site."""
    return bool(re.match(r"https?://(?:[a-z0-9-]+\.)*radiopaedia\.org(?:[:/]|$)", url, re.IGNORECASE))


def case_address(url: str) -> str:
    """The plain address of the case to which any of its addresses leads: its page, its studies, its DOI; empty for any other."""
    if doi := re.match(r"https?://(?:dx\.)?doi\.org/10\.53347/rID-(\d{1,9})/?$", url.partition("?")[0], re.IGNORECASE):
        return f"{HOME}/cases/{doi[1]}"
    host = re.match(r"https?://[^/]+", url)
    name = case_name(url)
    return f"{HOME if owns(url) else host[0] if host else ''}/cases/{name}" if name else ""


def case_name(url: str) -> str:
    """The slug or rID in the address of a case page or of one of its studies, in lower case; empty for any other address."""
    match = re.search(r"^(?:https?://[^/]+)?(?:/[a-z]{2})?/cases/([A-Za-z0-9][A-Za-z0-9_-]*)(?:/studies/\d+)?/?$", re.split("[?#]", url)[0])
    return match[1].lower() if match else ""


def case_page(content: bytes | BeautifulSoup, url: str = "") -> Case:
    """The case on a case page. Raises NotACase for any other page.

    url: where the page was; it decides which case this is. Without it only the page's own fields can say so
    (never a line of text, which the licence asks everyone to write): the case comes without an address and with
    a question. A case has an rID and an author, a study or a presentation; without an rID, two of these.
    """
    page = pages.soup(content)
    labels = _labels(page)
    title, name = _title(page), case_name(url)
    if url and not name:
        raise NotACase("This is not the address of a case.", url, "save the case's own page")
    rid, basis = _rid(page, name)
    key = rid or name
    slug = name if not name.isdigit() else _slug(page)
    presentation = _section(page, "case-patient-presentation", "presentation")
    discussion = _section(page, "case-discussion", "discussion")
    author = pages.meta(page, "author") or _author(page) or _contributor(page)
    studies, films = _studies(page, slug, key, url)
    marks = sum(map(bool, (author, studies, presentation)))
    if not title or not key or marks < (1 if rid else 2) or (not url and not _calls_itself_a_case(page)):
        raise NotACase(
            "This page has not the marks of a case: rID, and author, study or presentation.", url or None, "open it in a browser"
        )
    tags = tuple(pages.text_of(tag) for tag in page.find_all("a", href=TAG_LINK))
    link = page.find("link", rel="license")
    licence_url = pages.attribute(link, "href")
    case = Case(
        site=SITE,
        key=key,
        url=f"{HOME}/cases/{slug or key}" if url else "",
        title=title,
        certainty=pages.text_of(page.find(class_="diagnostic-certainty-title")),
        age=_age(labels),
        sex=_sex(labels),
        presentation=presentation,
        discussion=discussion,
        author=author,
        institution=labels.get("institution", ("", ""))[0],
        published=labels.get("case published", labels.get("published", ("", "")))[0],
        doi=f"https://doi.org/10.53347/rID-{rid}" if rid else "",
        licence=_licence(licence_url),
        licence_url=licence_url or LICENCE_URL,
        terms_url=TERMS,
        credit=f"Case courtesy of {author or 'an author the page does not name'}, Radiopaedia.org, rID: {rid or 'unknown'}",
        tags=tags,
    )
    questions = [] if rid else [Question("", "rid", "", basis)]
    if not url:
        questions.append(
            Question("", "page", f"{HOME}/cases/{rid}", f"the saved page names no address of its own; {basis}; title: {title}")
        )
    case, finding_questions = _finding(case)
    text = "\n".join([presentation, discussion, *(study.findings for study in studies)])
    return case.but(studies=studies, films=films, patients=prose.patients(text), questions=(*questions, *finding_questions))


def _author(page):
    info = page.find(class_="author-info")
    return pages.text_of(info.find("a")) if info else ""


def _is_label(tag):
    if tag.name == "dt" or "data-item-label" in tag.get("class", ()):
        return True
    return tag.name == "strong" and any({"data-item", "row", "case-patient-data"} & set(parent.get("class", ())) for parent in tag.parents)


def _is_study(tag):
    kinds = tag.get("class", ())
    return ("case-study" in kinds and tag.has_attr("data-study-id")) or str(tag.get("id", "")).startswith(("study-", "main-study-desc"))


def _contributor(page):
    """The contributor that only a script names, by the name of the account."""
    texts = (node.get_text() for node in [*page.find_all("script"), *page.find_all("div", class_="data")])
    logins = {match[1] for text in texts for match in re.finditer(r'"contributor_login"\s*:\s*"([^"\\<>]{1,80})"', text)}
    return next(iter(logins)) if len(logins) == 1 else ""


def _calls_itself_a_case(page):
    return bool(page.title and re.search(r"\|\s*Radiology Case\s*\|", pages.text_of(page.title)))


def _title(page):
    heading = pages.text_of(page.find("h1", class_="header-title"))
    title = pages.text_of(page.title) if page.title else ""
    title = re.sub(r"\s*\|\s*Radiology Case.*$|\s*\|\s*Radiopaedia.*$", "", title)
    return heading or title or pages.meta(page, "og:title")


def _slug(page):
    name = case_name(pages.own_address(page))
    return "" if name.isdigit() else name


def _rid(page, name):
    """The rID in the page's own fields or its address, and where it was read. Raises NotACase for two of them."""
    fields = [("dc.identifier", pages.meta(page, "dc.identifier"))]
    for holder in page.find_all(class_="row"):
        if not ("rid" in holder["class"] or holder.find_parent(id="citation-info") or holder.find_parent(class_="citation-info")):
            continue
        fields.append((f"field {pages.text_of(holder.find('strong')) or 'rID:'}", pages.text_of(holder)))
    fields += [
        ("viewer link", pages.attribute(link, "href"))
        for link in page.find_all("a", class_="view-fullscreen-link")
        if link.find_parent(class_="case-study")
    ]
    found = {name: "page address"} if name.isdigit() else {}
    for basis, text in fields:
        for match in re.finditer(r"\brID[-:\s]{0,3}(\d{1,9})\b|/cases/(\d{1,9})(?:/|$|\?)", text, re.IGNORECASE):
            found.setdefault(match[1] or match[2], f"{basis}: {prose.shorten(text, 80)}")
    if len(found) > 1:
        raise NotACase(f"The page's own fields name several rIDs: {', '.join(found)}.", None, "save the case's own page")
    return next(iter(found.items())) if found else ("", "the page names no rID, so its address stands for it")


def _labels(page):
    """{label in lower case: (value, evidence)} from every "Label: value" of the page's structure."""
    found = {}
    for strong in page.find_all(_is_label):
        label = pages.text_of(strong).rstrip(": ").lower()
        if not label or len(label) > 30 or label in found:
            continue
        holder = strong.parent
        whole = pages.text_of(holder)
        value = whole[whole.lower().find(label) + len(label) :].lstrip(": ") if holder is not None else ""
        if not value and holder is not None:
            row = holder.find_next_sibling() or holder.parent.select_one(".col-sm-8") if holder.parent is not None else None
            value = pages.text_of(row)
        if value:
            found[label] = (value, f"label {pages.text_of(strong)}")
    text = page.get_text("\n")
    for label, pattern in (
        ("age", r"\bAge:\s*([^\n:]{1,40}?)\s*(?=\n|Gender:|Sex:|$)"),
        ("sex", r"\b(?:Gender|Sex):\s*(\w{1,20})"),
    ):
        match = re.search(pattern, text)
        if match and label not in found:
            found[label] = (match[1].strip(), f"text {prose.shorten(match[0], 60)}")
    return found


def _age(labels):
    value, evidence = labels.get("age", ("", ""))
    number = re.match(r"(\d{1,3})\s*(year|month|week|day|$)", value, re.IGNORECASE)
    if number:
        unit = number[2].lower()
        value = number[1] if unit in ("year", "") else f"{number[1]} {unit}s"
    return Fact(prose.shorten(value, 40), evidence) if value else NOT_KNOWN


def _sex(labels):
    value, evidence = labels.get("sex") or labels.get("gender") or ("", "")
    letter = {"male": "M", "m": "M", "female": "F", "f": "F"}.get(value.lower())
    return Fact(letter, f"{evidence}: {value}") if letter else NOT_KNOWN


def _section(page, identifier, word):
    node = page.find(id=identifier) or page.find(class_=f"case-{word}")
    parts = [pages.text_of(part) for part in node.find_all("p")] if node is not None else []
    return " ".join(part for part in parts if part) or re.sub(rf"^{word}\s*", "", pages.text_of(node), flags=re.IGNORECASE)


def _licence(url):
    found = re.search(r"licenses/([a-z-]+)/([\d.]+)", url)
    if found:
        return Fact(f"CC {found[1].upper()} {found[2]}", f"link rel=license: {url}")
    return Fact("CC BY-NC-SA 3.0", "the site's licence page; this page names none")


def _finding(case):
    """The case with its finding, and the questions on it: COVID-19 where title or tags say so, else the title itself."""
    for place, text in (("title", case.title), ("tags", ", ".join(case.tags))):
        if COVID.search(text):
            if DOUBT.search(text) or DOUBT.search(case.title):
                return case.but(finding=NOT_KNOWN), [Question("", "finding", "COVID-19", f"{place}: {text}; title: {case.title}")]
            return case.but(finding=Fact("COVID-19", f"{place}: {text}")), []
    mention = next((s for s in prose.sentences(f"{case.presentation}\n{case.discussion}") if COVID.search(s)), "")
    questions = [Question("", "finding", "COVID-19", prose.shorten(mention))] if mention else []
    return case.but(finding=NOT_KNOWN if mention else Fact(case.title, "title")), questions


def _studies(page, slug, key, url):
    studies, films = {}, []
    for node in page.find_all(_is_study):
        identifier = pages.attribute(node, "data-study-id") or pages.attribute(node, "id").rpartition("-")[2]
        if not identifier.isdigit() or len(identifier) > 12:
            continue
        holder = node
        if "main-study-desc" in (node.get("class") or []):
            holder = node.find_parent(class_="case-section") or node.find_parent("section") or node.parent or node
        study = Study(
            key=identifier,
            modality=_modality_text(holder),
            caption=pages.text_of(holder.select_one(".study-desc h2, .study-desc h3, h2, h3")),
            findings=pages.text_of(holder.select_one(".study-findings, .findings")),
            viewer_url=pages.absolute(url or HOME, pages.attribute(node, "data-study-stacks-url"))
            if node.get("data-study-stacks-url")
            else "",
        )
        if identifier not in studies:
            studies[identifier] = study
            films += _pictures(holder, study)
    own = {slug, key, ""}
    places = (str(value) for node in page.find_all(True) for value in node.attrs.values() if "/studies/" in str(value))
    scripts = (node.get_text() for node in page.find_all("script"))
    for named, identifier in (found for text in (*places, *scripts) for found in STUDY_LINK.findall(text)):
        if named.lower() in own and identifier not in studies:
            studies[identifier] = Study(identifier)
    for node in page.find_all("div", class_="data"):
        try:
            viewed = viewer.read(node.get_text())
        except BadInput:
            continue
        if viewed.study in studies or not studies:
            study = viewed.as_study()
            studies[study.key] = fill_blanks(studies[study.key], study) if study.key in studies else study
            films = [film for film in films if film.study != study.key] + list(viewed.films)
    films += [film for film in _main_picture(page, studies) if film.key not in {f.key for f in films}]
    return tuple(studies.values()), tuple(films)


def _modality_text(node):
    text = pages.text_of(node.select_one(".study-modality span, .study-modality"))
    if text:
        return text
    found = re.search(r"\bModality:\s*(X-ray|CT|MRI|Ultrasound|Fluoroscopy|Nuclear medicine)\b", pages.text_of(node))
    return found[1] if found else ""


def _pictures(node, study):
    """The pictures in a study's own node, as in a page that was saved after its viewer had run."""
    found = []
    for image in node.select("img[src]"):
        source = pages.attribute(image, "src")
        name = pages.file_name(source)
        if pages.IMAGE_NAME.search(name) and not re.search(r"_(?:thumb|small|tiny|medium)(?: ?\(\d+\))?\.", name):
            found.append(_film_of_picture(source, study))
    return list({film.key: film for film in found}.values())


def _main_picture(page, studies):
    image = page.find("img", id="offline-workflow-study-large-image")
    source = pages.attribute(image, "src")
    if not pages.IMAGE_NAME.search(pages.file_name(source)):
        return []
    study = next(iter(studies.values())) if len(studies) == 1 else Study("")
    return [_film_of_picture(source, study)]


def _film_of_picture(source, study):
    number = re.search(r"/images/(\d{1,12})/", source)
    stem = viewer.ALL_SIZES.sub("", pages.file_name(source)).rpartition(".")[0]
    exact = Fact(study.modality, "the study's modality field") if study.modality else NOT_KNOWN
    film = Film(number[1] if number else stem, (source,), study.key, exact, EXACT if exact else "")
    return viewer.with_view(film, study)


def case_of_viewer(viewed: viewer.ViewerStudy) -> Case:
    """A case known from annotated viewer JSON alone, which has rID and title but no author."""
    case = Case(
        site=SITE,
        key=viewed.case,
        url=f"{HOME}/cases/{viewed.case}",
        title=viewed.title,
        doi=f"https://doi.org/10.53347/rID-{viewed.case}",
        licence=_licence(""),
        licence_url=LICENCE_URL,
        terms_url=TERMS,
        credit=f"Case courtesy of an author that the viewer does not name, Radiopaedia.org, rID: {viewed.case}",
    )
    case, questions = _finding(case)
    return viewer.joined(case.but(questions=tuple(questions)), viewed)
