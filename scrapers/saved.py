"""Import of saved pages: .html with its _files folder, .mhtml, viewer JSON, WordPress JSON, and the pictures beside them."""

import email
import email.policy
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxrkit.data.readers.collected import Case
from cxrkit.errors import BadInput
from scrapers.sites import pages, radiopaedia, sirm, viewer
from scrapers.sites.cases import combine, with_questions
from scrapers.sites.site import SITES
from scrapers.sites.viewer import ViewerStudy

PAGE, ARCHIVE, DATA = (".html", ".htm", ".xhtml"), (".mhtml", ".mht"), (".json",)
LARGEST_ARCHIVE = 200_000_000
"""Bytes."""


@dataclass
class SavedPage:
    """The case of one saved file. parts: {name: bytes} of the pictures in it, where it is an archive."""

    path: Path
    case: Case
    parts: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class SavedCase:
    """A case of one or several saved pages. index: {file name in lower case: the pictures of that name below the saved folder}."""

    case: Case
    pages: list[SavedPage]
    index: dict[str, list[Path]]

    def picture(self, film_urls: tuple[str, ...]) -> tuple[bytes, str]:
        """The saved bytes of a film and where they were: (content, origin). Raises BadInput.

        The search is by file name: in the page's archive, in its own folders, then anywhere below the saved
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


def _names(url: str) -> list[str]:
    """The names under which a browser may have saved a picture."""
    name = pages.file_name(url).lower()
    stem, _, ending = viewer.ALL_SIZES.sub("", name).rpartition(".")
    number = re.search(r"/images/(\d+)/", url)
    return [
        name,
        *([f"{number[1]}.{ending}", f"{number[1]}_{name}"] if number else []),
        *(f"{stem}{size}.{ending}" for size in viewer.SIZES),
    ]


def _own_folders(path: Path) -> list[Path]:
    """Where browsers put the pictures of a page that they save."""
    return [path.parent / f"{path.stem}{ending}" for ending in ("_files", "_file", "-Dateien", "_archivos", "")] + [path.parent]


def read(folder: Path | str) -> tuple[list[SavedCase], list[tuple[Path, str]]]:
    """The cases in a folder of saved pages: ([SavedCase], [(path, reason)] for every file that could not be used).

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
    cases, viewers = defaultdict(list), []
    for path in files:
        if any(part.endswith("_files") for part in path.relative_to(folder).parts[:-1]) and path.suffix.lower() not in DATA:
            continue
        try:
            parts, reasons = _parse(path)
        except BadInput as error:
            parts, reasons = [], [error.what]
        unused += [(path, reason) for reason in reasons]
        for part in parts:
            if isinstance(part, SavedPage):
                cases[part.case.site, part.case.key].append(part)
            else:
                viewers.append((path, part))
    unused += _join_viewers(cases, viewers)
    return [SavedCase(with_questions(combine([page.case for page in group])), group, index) for _, group in sorted(cases.items())], unused


def _parse(path: Path) -> tuple[list[SavedPage | ViewerStudy], list[str]]:
    """What one file holds, and why parts of it could not be used. Raises BadInput for a file of no use, but not for pictures."""
    suffix = path.suffix.lower()
    if suffix in PAGE:
        return [_page(path, _read(path), "", {})], []
    if suffix in ARCHIVE:
        return [_archive(path)], []
    if suffix in DATA:
        return _data(path)
    if suffix in ("", ".txt", ".csv", ".pdf", ".zip", ".webarchive", ".dcm", ".url"):
        raise BadInput(f"a {suffix or 'nameless'} file is no saved page")
    return [], []


def _files(folder: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """The files below a folder, and with their reason the links that lead out of it."""
    inside, unused = [], []
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            if path.resolve().is_relative_to(root):
                inside.append(path)
            else:
                unused.append((path, "a link that leads out of the folder"))
    return inside, unused


def _read(path: Path, largest: int = pages.LARGEST_PAGE) -> bytes:
    try:
        if path.stat().st_size > largest:
            raise BadInput(f"{path.stat().st_size:,} bytes: larger than {largest:,}", path)
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", path) from error


def _page(path: Path, content: bytes, url: str, parts: dict[str, bytes]) -> SavedPage | ViewerStudy:
    url = url or pages.page_address(content)
    text = pages.decode(content)
    study = re.search(r"/cases/([^/]+)/studies/(\d+)", url)
    if "stackedImages" in text and study:
        return replace(viewer.read(text, study[2]), case=study[1])
    for parser in reversed(SITES.values()):
        if parser.recognises(content, url):
            return SavedPage(path, parser.case_page(content, url), parts)
    raise BadInput("This page is from neither site.", path, "save case pages of radiopaedia.org or sirm.org")


def _archive(path: Path) -> SavedPage | ViewerStudy:
    """The page of a web archive (MHTML), with the pictures in it."""
    try:
        message = email.message_from_bytes(_read(path, LARGEST_ARCHIVE), policy=email.policy.compat32)
        bodies = [part for part in message.walk() if not part.is_multipart()]
        loaded = [
            (part.get_content_type(), str(part.get("Content-Location") or ""), part.get_payload(decode=True) or b"") for part in bodies
        ]
        main = str(message.get("Snapshot-Content-Location") or "")
    except (ValueError, LookupError, AttributeError, RecursionError, TypeError) as error:
        raise BadInput(f"The web archive cannot be read: {error}.", path) from error
    texts = [(location, content) for kind, location, content in loaded if kind in ("text/html", "application/xhtml+xml")]
    if not texts:
        raise BadInput("The web archive holds no page.", path)
    location, content = next((text for text in texts if text[0] == main), texts[0])
    parts = {pages.file_name(where).lower(): picture for kind, where, picture in loaded if kind.startswith("image/") and where}
    address = main if main.startswith("http") else location if location.startswith("http") else ""
    return _page(path, content, address, parts)


def _data(path: Path) -> tuple[list[SavedPage | ViewerStudy], list[str]]:
    """The cases or the study in a JSON file, and why parts of it could not be used."""
    text = pages.decode(_read(path))
    if sirm.is_wordpress(pages.json_of(text)):
        cases, reasons = sirm.wordpress(text.encode())
        return [SavedPage(path, case) for case in cases], reasons
    number = re.search(r"(?:stud(?:y|ies)|stacks?)\D{0,3}(\d{3,12})", path.name) or re.search(r"(\d{3,12})", path.name)
    return [viewer.read(text, number[1] if number else "")], []


def _join_viewers(cases: dict[tuple[str, str], list[SavedPage]], viewers: list[tuple[Path, ViewerStudy]]) -> list[tuple[Path, str]]:
    """Join each study to its case: by rID, by study id, or to the only case in its folder; return what stays without one."""
    unused = []
    for path, viewed in viewers:
        known = {key: group for key, group in cases.items() if key[0] == radiopaedia.SITE}
        matching = [key for key in known if key[1] == viewed.case] if viewed.case else []
        matching = matching or [
            key for key, group in known.items() if any(viewed.study == study.key for page in group for study in page.case.studies)
        ]
        if not matching and not viewed.case and not viewed.study:
            beside = [
                key
                for key, group in known.items()
                if any(page.path.parent == path.parent and page.path.suffix.lower() not in DATA for page in group)
            ]
            matching = beside if len(beside) == 1 else []
        if len(matching) == 1:
            page = cases[matching[0]][0]
            page.case = viewer.joined(page.case, viewed)
        elif viewed.case.isdigit() and viewed.title:
            cases[radiopaedia.SITE, viewed.case].append(SavedPage(path, radiopaedia.case_of_viewer(viewed)))
        else:
            unused.append(
                (path, "it is not known which case this viewer data belongs to; save it beside the case's page, named by its study id")
            )
    return unused
