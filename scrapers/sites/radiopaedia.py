"""Radiopaedia: parser of its listings and of its case pages of 2020, 2023 and 2026. Parsing only, no network.

A parser that was right one year was wrong the next, so each fact is searched for in the meta tags, then by
its label, then in the old places. Study ids come from every form; the facts of a study are read in that
study's own node, because parallel lists lose step where a study has no findings.
"""

import re

from cxrkit.data.readers.collected import EXACT, NOT_KNOWN, Case, Fact, Film, Question, Study
from cxrkit.errors import BadInput
from scrapers.sites import pages, prose, viewer
from scrapers.sites.cases import Listing, fill_blanks
from scrapers.sites.viewer import HOME

SITE = "radiopaedia"
TERMS = "https://radiopaedia.org/terms"
LICENCE_URL = "https://creativecommons.org/licenses/by-nc-sa/3.0/"

CASE_LINK = re.compile(r"^/cases/([A-Za-z0-9][A-Za-z0-9_-]*)/?$")
STUDY_LINK = re.compile(r"(?:/cases/([A-Za-z0-9_-]+))?/studies/(\d{1,12})\b")
COVID = re.compile(r"\bcovid\b|\bcovid-?19|sars[-\s]?cov[-\s]?2|novel\s+coronavirus|coronavirus\s+disease", re.IGNORECASE)
DOUBT = re.compile(r"\b(?:not|non|no|excluded|mimic\w*|negative|versus|vs|suspected|\?)\b|\?", re.IGNORECASE)


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


def recognises(content: bytes, url: str = "") -> bool:
    """Whether a saved page is one of Radiopaedia's, by its address or by what it holds."""
    if re.match(r"https?://(?:[a-z0-9-]+\.)*radiopaedia\.org(?:/|$)", url):
        return True
    text = pages.decode(content)[:400_000]
    return "stackedImages" in text or bool(re.search(r"Radiopaedia\.org|prod-images-static\.radiopaedia", text))


def case_name(url: str) -> str:
    """The slug or rID in the address of a case page, in lower case; empty for any other address."""
    match = re.search(r"/cases/([A-Za-z0-9_-]+)/?$", url)
    return match[1].lower() if match else ""


def case_page(content: bytes, url: str = "") -> Case:
    """The case on a case page. Raises BadInput for any other page."""
    page = pages.soup(content)
    labels = _labels(page)
    title = _title(page)
    key, key_basis = _case_key(page, labels, url)
    if not title or not key:
        raise BadInput("This is not a case page: it has no title or no rID.", url or None, "save the case's own page")
    slug = _slug(page, url)
    presentation = _section(page, "case-patient-presentation", "presentation")
    discussion = _section(page, "case-discussion", "discussion")
    author = pages.meta(page, "author") or pages.text_of(page.select_one("div.author-info > a, .author-info a"))
    tags = tuple(pages.text_of(tag) for tag in page.select('a[href^="/tags/"]'))
    link = page.find("link", rel="license")
    licence_url = pages.attribute(link, "href")
    rid = key if key.isdigit() else ""
    case = Case(
        site=SITE,
        key=key,
        url=f"{HOME}/cases/{slug or key}",
        title=title,
        certainty=pages.text_of(page.select_one(".diagnostic-certainty-title")),
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
    questions = [] if rid else [Question("", "rid", "", key_basis)]
    case, finding_questions = _finding(case)
    studies, films = _studies(page, slug, key, url)
    text = " ".join([presentation, discussion, *(study.findings for study in studies)])
    patients = ("a", "b") if prose.two_patients(text) else ()
    return case.but(studies=studies, films=films, patients=patients, questions=(*questions, *finding_questions))


def _title(page):
    heading = pages.text_of(page.select_one("h1.header-title"))
    title = pages.text_of(page.title) if page.title else ""
    title = re.sub(r"\s*\|\s*Radiology Case.*$|\s*\|\s*Radiopaedia.*$", "", title)
    return heading or title or pages.meta(page, "og:title")


def _slug(page, url):
    for address in (url, pages.attribute(page.find("link", rel="canonical"), "href"), pages.meta(page, "og:url")):
        found = re.search(r"/cases/([A-Za-z0-9_-]+)", address or "")
        if found and not found[1].isdigit():
            return found[1]
    return ""


def _case_key(page, labels, url):
    """The rID, else the slug, and where it was read."""
    for basis, text in (
        ("dc.identifier", pages.meta(page, "dc.identifier")),
        ("label rID", labels.get("rid", ("", ""))[0]),
        ("label DOI", labels.get("doi", ("", ""))[0]),
        ("label Citation", labels.get("citation", ("", ""))[0]),
        ("viewer link", pages.attribute(page.select_one("a.view-fullscreen-link"), "href")),
        ("page address", url),
    ):
        found = re.search(r"rID[-:\s]{0,3}(\d{1,9})|/cases/(\d{1,9})(?:/|$|\?)", text, re.IGNORECASE)
        found = found or (re.fullmatch(r"\s*(\d{1,9})\s*", text) if basis == "label rID" else None)
        if found:
            return next(group for group in found.groups() if group), f"{basis}: {prose.shorten(text, 80)}"
    return _slug(page, url), "the page names no rID, so its address stands for it"


def _labels(page):
    """{label in lower case: (value, evidence)} from every "Label: value" of the page's structure."""
    found = {}
    for strong in page.select(".data-item strong, .data-item-label, .row strong, dl dt, .case-patient-data strong"):
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
        ("rid", r"\brID:?\s*(\d{1,9})\b"),
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
    node = page.find(id=identifier) or page.select_one(f"#{identifier}, .case-{word}")
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
            if DOUBT.search(text):
                return case.but(finding=NOT_KNOWN), [Question("", "finding", "COVID-19", f"{place}: {text}")]
            return case.but(finding=Fact("COVID-19", f"{place}: {text}")), []
    mention = next((s for s in prose.sentences(f"{case.presentation}\n{case.discussion}") if COVID.search(s)), "")
    questions = [Question("", "finding", "COVID-19", prose.shorten(mention))] if mention else []
    return case.but(finding=NOT_KNOWN if mention else Fact(case.title, "title")), questions


def _studies(page, slug, key, url):
    studies, films = {}, []
    for node in page.select('.case-study[data-study-id], [id^="study-"], .main-study-desc[id]'):
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
    for case_name, identifier in STUDY_LINK.findall(str(page)):
        if case_name in own and identifier not in studies:
            studies[identifier] = Study(identifier)
    for node in page.select("div.hidden.data"):
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
        if pages.IMAGE_NAME.search(pages.file_name(source)) and not re.search(r"_(thumb|small|tiny|medium)\.", source):
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
