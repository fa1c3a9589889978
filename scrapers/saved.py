"""Pages that a person saved: .html with its _files folder, .mhtml, viewer JSON, WordPress JSON, pictures."""

import email
import email.policy
import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from cxrkit.errors import BadInput
from scrapers.sites import pages, radiopaedia, sirm, viewer
from scrapers.sites.cases import ask, combine

PAGE, ARCHIVE, DATA = (".html", ".htm", ".xhtml"), (".mhtml", ".mht"), (".json",)
LARGEST_ARCHIVE = 200_000_000
PARSERS = {radiopaedia.SITE: radiopaedia, sirm.SITE: sirm}


@dataclass
class Page:
    """One saved page, already read: its case, where its pictures lie, and what the file was."""

    path: Path
    case: object
    parts: dict = field(default_factory=dict)


@dataclass
class Found:
    """A case of one or several saved pages, and its pictures."""

    case: object
    pages: list
    index: dict

    def picture(self, film_urls):
        """The saved bytes of a film and where they lay: (content, origin). Raises BadInput.

        Looked for by file name: in the page's archive, its own folders, then anywhere below the saved
        folder if only one file there has that name. No path that a page names is ever opened.
        """
        names = list(dict.fromkeys(name for url in film_urls for name in _names(url)))
        for name in names:
            for page in self.pages:
                if name in page.parts:
                    return page.parts[name], f"{page.path.name}, part {name}"
            found = self.index.get(name, [])
            own = [path for page in self.pages for path in found if path.parent in _own_folders(page.path)]
            if len(own) == 1 or len(found) == 1:
                path = (own or found)[0]
                return _read(path, LARGEST_ARCHIVE), path.name
            if found:
                raise BadInput(f"{len(found)} saved pictures are named {name}", found[0], "keep each beside its page")
        raise BadInput(
            f"no saved picture named {' or '.join(names[:3]) or 'like it'}", self.pages[0].path, "save the page with its pictures"
        )


def _names(url):
    """The names under which a browser may have saved a picture."""
    name = pages.file_name(url).lower()
    stem, _, ending = viewer.ALL_SIZES.sub("", name).rpartition(".")
    number = re.search(r"/images/(\d+)/", url)
    return [
        name,
        *([f"{number[1]}.{ending}", f"{number[1]}_{name}"] if number else []),
        *(f"{stem}{size}.{ending}" for size in viewer.SIZES),
    ]


def _own_folders(path):
    return [path.parent / f"{path.stem}{ending}" for ending in ("_files", "_file", "-Dateien", "_archivos", "")] + [path.parent]


def read(folder):
    """The cases in a folder of saved pages: ([Found], [(path, reason)] for every file that was no use).

    Raises BadInput when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput("There is no such folder of saved pages.", folder, "name the folder that you saved the pages into")
    files, unused = _files(folder)
    index = defaultdict(list)
    for path in files:
        if pages.IMAGE_NAME.search(path.name):
            index[path.name.lower()].append(path)
    found, viewers = defaultdict(list), []
    for path in files:
        ending = path.suffix.lower()
        if any(part.endswith("_files") for part in path.relative_to(folder).parts[:-1]) and ending not in DATA:
            continue
        try:
            if ending in PAGE:
                read_page = _page(path, _read(path), "", {})
            elif ending in ARCHIVE:
                read_page = _archive(path)
            elif ending in DATA:
                read_page, reasons = _data(path)
                unused += [(path, reason) for reason in reasons]
            elif ending in ("", ".txt", ".csv", ".pdf", ".zip", ".webarchive", ".dcm", ".url"):
                raise BadInput(f"a {ending or 'nameless'} file is no saved page")
            else:
                continue
        except BadInput as error:
            unused.append((path, error.what))
            continue
        for one in read_page:
            if isinstance(one, Page):
                found[one.case.site, one.case.key].append(one)
            else:
                viewers.append((path, one))
    unused += _join_viewers(found, viewers)
    cases = [Found(ask(combine([page.case for page in group])), group, index) for _, group in sorted(found.items())]
    return cases, unused


def _files(folder):
    """Plain files below a folder; links that lead out of it are listed and left."""
    inside, unused = [], []
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            if path.resolve().is_relative_to(root):
                inside.append(path)
            else:
                unused.append((path, "a link that leads out of the folder"))
    return inside, unused


def _read(path, largest=pages.LARGEST_PAGE):
    try:
        if path.stat().st_size > largest:
            raise BadInput(f"{path.stat().st_size:,} bytes: larger than {largest:,}", path)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path) from error


def _page(path, content, url, parts):
    url = url or pages.page_address(content)
    text = pages.decode(content)
    if "stackedImages" in text and re.search(r"/cases/[^/]+/studies/\d+", url):
        rid, study = re.search(r"/cases/([^/]+)/studies/(\d+)", url).groups()
        return [(rid, study, viewer.read(text, study))]
    if radiopaedia.recognises(content, url) and not sirm.recognises(content, url):
        return [Page(path, radiopaedia.case_page(content, url), parts)]
    if sirm.recognises(content, url):
        return [Page(path, sirm.case_page(content, url), parts)]
    raise BadInput("It is a page of neither site.", path, "save case pages of radiopaedia.org or sirm.org")


def _archive(path):
    try:
        message = email.message_from_bytes(_read(path, LARGEST_ARCHIVE), policy=email.policy.compat32)
        bodies = [part for part in message.walk() if not part.is_multipart()]
        loaded = [
            (part.get_content_type(), str(part.get("Content-Location") or ""), part.get_payload(decode=True) or b"") for part in bodies
        ]
        main = str(message.get("Snapshot-Content-Location") or "")
    except (ValueError, LookupError, AttributeError, RecursionError, TypeError) as error:
        raise BadInput(f"It is no readable web archive: {error}.", path) from error
    texts = [(location, content) for kind, location, content in loaded if kind in ("text/html", "application/xhtml+xml")]
    if not texts:
        raise BadInput("The web archive holds no page.", path)
    location, content = next(((where, what) for where, what in texts if where == main), texts[0])
    parts = {pages.file_name(where).lower(): what for kind, where, what in loaded if kind.startswith("image/") and where}
    address = main if main.startswith("http") else location if location.startswith("http") else ""
    return _page(path, content, address, parts)


def _data(path):
    """Cases or viewers in a JSON file, and why parts of it are of no use."""
    text = pages.decode(_read(path))
    value = pages.json_of(text)
    if sirm.is_wordpress(value):
        cases, reasons = sirm.wordpress(text.encode())
        return [Page(path, case) for case in cases], reasons
    number = re.search(r"(?:stud(?:y|ies)|stacks?)\D{0,3}(\d{3,12})", path.name) or re.search(r"(\d{3,12})", path.name)
    shown = viewer.read(text, number[1] if number else "")
    return [(shown.case, shown.study, shown)], []


def _join_viewers(found, viewers):
    """Give each viewer's JSON to its case: by rID, by study id, or to the only case in its folder."""
    unused = []
    for path, (rid, study, shown) in viewers:
        ours = {key: group for key, group in found.items() if key[0] == radiopaedia.SITE}
        wanted = [key for key in ours if key[1] == rid] if rid else []
        wanted = wanted or [key for key, group in ours.items() if any(study == s.key for page in group for s in page.case.studies)]
        beside = [
            key
            for key, group in ours.items()
            if any(page.path.parent == path.parent and page.path.suffix.lower() not in DATA for page in group)
        ]
        if not wanted and not rid and not study and len(beside) == 1:
            wanted = beside
        if len(wanted) == 1:
            page = found[wanted[0]][0]
            page.case = radiopaedia.with_viewer(page.case, shown)
        elif rid.isdigit() and shown.title:
            found[radiopaedia.SITE, rid].append(Page(path, radiopaedia.case_of_viewer(shown)))
        else:
            unused.append(
                (path, "it is not known which case this viewer data belongs to; save it beside the case's page, named by its study id")
            )
    return unused
