"""Import of saved pages: what a folder holds, which case each page is of, and which saved picture is which film's.

A page belongs to the case of its own address, and a picture to a page through the page's `src` or the page's own
folder; whatever else looks alike is asked about.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cxrkit.data.readers.collected import Case, Film, Question
from cxrkit.errors import BadInput
from cxrkit.progress import track
from scrapers.album import Folder, SavedPicture, own_folders, stem, stems_of
from scrapers.intake import wanted
from scrapers.review import Answer
from scrapers.saved_files import PAGES, SavedPage, parse
from scrapers.sites import pages, radiopaedia, viewer
from scrapers.sites.cases import combine, same_keys, with_questions
from scrapers.sites.viewer import ViewerStudy

Unused = list[tuple[Path, str]]


@dataclass
class SavedCase:
    """A case of one or several saved pages. found: the picture of each film by its key; lacking: why others have none."""

    case: Case
    pages: list[SavedPage]
    found: dict[str, SavedPicture] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def picture(self, film_urls: tuple[str, ...]) -> tuple[bytes, str]:
        """The saved bytes of the film with these addresses and where they were: (content, origin). Raises BadInput."""
        film = next((film for film in self.case.films if film.image_urls == film_urls), None)
        if film is None or film.key not in self.found:
            reason = self.lacking.get(film.key, "") if film else ""
            raise BadInput(reason or "no saved picture of it", self.pages[0].path, "save the page with its pictures")
        return self.found[film.key].read(), self.found[film.key].origin


def read(folder: Path | str, answers: Sequence[Answer] = ()) -> tuple[list[SavedCase], Unused]:
    """The cases in a folder of saved pages: ([SavedCase], [(path, reason)] for everything that could not be used).

    answers: of the review; those on "picture" say whose a picture is. Raises BadInput when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadInput("There is no such folder of saved pages.", folder, "name the folder that you saved the pages into")
    files, unused = _files(folder)
    known = Folder(folder, files)
    cases: dict[tuple[str, str], list[SavedPage]] = defaultdict(list)
    viewers = []
    own = {place for path in files if path.suffix.lower() in PAGES for place in own_folders(path) if place.name != path.stem}
    todo = [
        path
        for path in files
        if not pages.IMAGE_NAME.search(path.name) and not (path.suffix.lower() != ".json" and own & set(path.parents))
    ]
    for path in track(todo, f"pages in {folder.name}"):
        try:
            parts, reasons = parse(path, known)
        except BadInput as error:
            parts, reasons = [], [f"{error.what} {error.next or ''}".strip()]
        unused += [(path, reason) for reason in reasons]
        for part in parts:
            if isinstance(part, SavedPage):
                cases[part.case.site, part.case.key].append(part)
            else:
                viewers.append((path, part))
    unused += _join_viewers(cases, viewers)
    found, aside = [], []
    for (site, key), group in sorted(cases.items()):
        said = next((a.answer for a in answers if (a.site, a.case, a.film, a.field) == (site, key, "", "page") and not a.problem), "")
        aside += _with_address(group, said)
        group.sort(key=lambda page: (not page.case.url, "?" in page.case.url, str(page.path)))
        _same_bytes_same_key(group)
        found.append(SavedCase(with_questions(combine([page.case for page in group])), group))
    _find_pictures(found, known, {(a.site, a.case, a.film): a.answer for a in answers if a.field == "picture" and not a.problem})
    unknown = "it names no address of its own, so it is not known whether it is of this case: see review.csv"
    unused += [(page.path, unknown) for page in aside]
    return found, unused + _without_films(found) + _idle_pictures(found, aside, files)


def _files(folder: Path) -> tuple[list[Path], Unused]:
    """The files below a folder, and with their reason the links, closed folders and other things that are not read."""
    inside: list[Path] = []
    unused: Unused = []
    root = folder.resolve()

    def closed(error: OSError) -> None:
        unused.append((Path(error.filename), f"the folder cannot be read: {error.strerror}"))

    for place, folders, names in os.walk(root, onerror=closed):
        for name in [name for name in folders if (Path(place) / name).is_symlink()]:
            unused.append((Path(place) / name, "a link to a folder is not followed: name that folder with --saved, too"))
        for name in names:
            path = Path(place) / name
            if name.startswith("."):
                continue
            if not path.exists() or not path.resolve().is_relative_to(root):
                unused.append((path, "a link that leads out of the folder, or nowhere"))
            elif not path.is_file():
                unused.append((path, "it is no file"))
            else:
                inside.append(folder / path.relative_to(root))
    if not inside and not unused:
        unused.append((folder, "the folder is empty"))
    return sorted(inside), unused


def _join_viewers(cases: dict[tuple[str, str], list[SavedPage]], viewers: list[tuple[Path, ViewerStudy]]) -> Unused:
    """Join each study to its case: by rID, by study id, or to the only case in its folder; return what stays without one."""
    unused = []
    for path, viewed in viewers:
        known = {key: group for key, group in cases.items() if key[0] == radiopaedia.SITE}
        matching = [key for key in known if key[1] == viewed.case] if viewed.case else []
        matching = matching or [
            key for key, group in known.items() if viewed.study and any(viewed.study == s.key for page in group for s in page.case.studies)
        ]
        if (radiopaedia.SITE, viewed.study) in known and not viewed.case:
            matching = []  # the file's number is the rID of one case and perhaps the study of another
        if not matching and not viewed.case and not viewed.study:
            beside = [
                key
                for key, group in known.items()
                if any(page.path.parent == path.parent and page.path.suffix.lower() in PAGES for page in group)
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


def _with_address(group: list[SavedPage], said: str) -> list[SavedPage]:
    """Give the pages without an address of their own the one that a person says; beside a page with one, set them aside."""
    for page in group:
        if said not in ("", "no") and not page.case.url:
            asked = next((question.guess for question in page.case.questions if question.field == "page"), "")
            page.case = page.case.but(url=asked if said == "yes" else said)
    nameless = [page for page in group if not page.case.url]
    if len(nameless) == len(group):
        return []
    for page in nameless:
        group.remove(page)
        first = group[0]
        asked = tuple(question for question in page.case.questions if question.field == "page")
        first.case = first.case.but(questions=first.case.questions + asked)
    return nameless


def _same_bytes_same_key(group: list[SavedPage]) -> None:
    """Give a film the key that it has on an earlier page of its case, where the two saves hold the same bytes of it."""
    if len(group) < 2:
        return
    known: dict[str, Film] = {}
    for page in group:
        keys, sums = [film.key for film in page.case.films], {}
        for film in page.case.films:
            picture = next(iter(page.album.of_film(film.image_urls, film.key, False)), None)
            if picture is not None and picture.sha256 and not picture.outside:
                sums[film.key] = picture.sha256
        counts = Counter(sums.values())
        once = {key: value for key, value in sums.items() if counts[value] == 1}
        page.case = same_keys(tuple(known.values()), page.case, {key: known[value].key for key, value in once.items() if value in known})
        for key, film in zip(keys, page.case.films):
            if key in once:
                known.setdefault(once[key], film)


def _find_pictures(cases: list[SavedCase], folder: Folder, answers: dict[tuple[str, str, str], str]) -> None:
    """Find the picture of every film; where that is not certain, ask. One file serves one film of all the cases."""
    claimed = {p.path for one in cases for page in one.pages for p in page.album.pictures if p.path and not p.outside}
    asked: dict[tuple[int, str], tuple[str, str]] = {}
    for number, one in enumerate(cases):
        for film in one.case.films:
            answer = answers.get((one.case.site, one.case.key, film.key), "")
            picture, guess, reason = _picture_of(one, film, folder, claimed)
            if answer not in ("", "yes", "no"):
                path = folder.find(folder.root, answer)
                picture = SavedPicture("", path.name, path.name, path) if path else None
                reason = "" if path else f"the review names no picture of the folder: {answer}"
            elif answer == "yes" and guess:
                picture = guess
            elif answer == "no":
                picture, reason = None, "a person found that it is not its picture"
            if picture:
                one.found[film.key] = picture
            else:
                one.lacking[film.key] = reason
                if not answer and (guess or reason.endswith("?")) and wanted(film):
                    asked[number, film.key] = (_relative(guess, folder) if guess else "", reason)
    _forbid_sharing(cases, folder, answers, asked)
    for number, one in enumerate(cases):
        questions = tuple(Question(key, "picture", *asked[number, key]) for n, key in asked if n == number)
        if questions:
            one.case = one.case.but(questions=one.case.questions + questions)


def _picture_of(one: SavedCase, film: Film, folder: Folder, claimed: set) -> tuple[SavedPicture | None, SavedPicture | None, str]:
    """(a film's picture, or a guess at it, and why it is no more than that)."""
    stems = stems_of(film.image_urls)
    shown = [picture for page in one.pages for picture in page.album.pictures if picture.path is None and not picture.number]
    alone = sum(bool(stems & stems_of(other.image_urls)) for other in one.case.films) == 1
    best = None
    for page in one.pages:
        found = page.album.of_film(film.image_urls, film.key, alone)
        if not found:
            continue
        rank = viewer.size_rank(found[0].name)
        equals = [picture for picture in found if viewer.size_rank(picture.name) == rank and picture.src != found[0].src]
        if equals and not found[0].src.startswith("http") and any(picture.sha256 != found[0].sha256 for picture in equals):
            return None, None, f"which of {', '.join(p.origin for p in (found[0], *equals))} is it?"
        if best is None or rank < viewer.size_rank(best.name):
            best = found[0]
    if best is not None and best.small:
        return None, None, f"only a thumbnail was saved ({best.origin}): open the picture in full size before you save the page"
    if best is not None:
        return (None, best, "it lies outside the page's own folder: is it this film?") if best.outside else (best, None, "")
    if alike := [picture for page in one.pages for picture in page.album.named_like(film.image_urls)]:
        names = ", ".join(dict.fromkeys(picture.origin for picture in alike))
        return None, None, f"several films of the case have this name; which picture of {names} is it?"
    if len(shown) == len(one.case.films) == 1:
        return None, shown[0], f"{shown[0].origin} is the only picture in the page and has no name: is it this film?"
    free = [path for name in sorted(stems) for path in folder.named.get(name, ()) if path not in claimed]
    if len(free) == 1:
        picture = SavedPicture("", free[0].name, free[0].name, free[0], outside=True)
        return None, picture, f"{free[0].name} has its name and lies outside the page's own folder: is it this film?"
    names = list(dict.fromkeys(pages.file_name(url) for url in film.image_urls))
    if free:
        return None, None, f"{len(free)} saved pictures have its name, none in the page's own folder; which one is it?"
    return None, None, f"no saved picture named {' or '.join(names[:3]) or 'like it'}"


def _forbid_sharing(cases: list[SavedCase], folder: Folder, answers, asked) -> None:
    """Turn one file for two films, and equal bytes for two films of a case, into questions."""
    served = [{film.key: one.found[film.key] for film in one.case.films if film.key in one.found and wanted(film)} for one in cases]
    places = Counter(picture.path for found in served for picture in found.values() if picture.path)
    for number, (one, found) in enumerate(zip(cases, served)):
        equal = Counter(picture.sha256 for picture in found.values())
        for key, picture in found.items():
            answered = bool(answers.get((one.case.site, one.case.key, key)))
            if picture.path and places[picture.path] > 1:
                reason = f"{picture.origin} would be the picture of {places[picture.path]} films: is it this one's?"
            elif picture.sha256 and equal[picture.sha256] > 1 and not answered:
                reason = f"{picture.origin} is byte for byte the picture of another film of the case: is it this one's?"
            else:
                continue
            del one.found[key]
            one.lacking[key] = reason
            if not answered:
                asked[number, key] = (_relative(picture, folder), reason)


def _relative(picture: SavedPicture, folder: Folder) -> str:
    return picture.path.resolve().relative_to(folder.root).as_posix() if picture.path else picture.origin


def _without_films(cases: Iterable[SavedCase]) -> Unused:
    """The pages that show no film, and those that show more thumbnails than films."""
    unused: Unused = []
    for one in cases:
        path, films = one.pages[0].path, one.case.films
        if not films:
            study = next(iter(one.case.studies), None)
            data = f", {viewer.urls(study, one.case.key)[0]} as stacks_{study.key}.json," if study else ""
            hint = f"save the viewer's data{data} beside it, or open each film before you save the page"
            unused.append(
                (path, f"the page was read and shows no film: {hint if one.case.site == radiopaedia.SITE else 'save it complete'}")
            )
        known = {stem(pages.file_name(url)) for film in films for url in film.image_urls}
        albums = [page.album for page in one.pages]
        small = {picture.stem for album in albums for picture in album.pictures if picture.small} - known
        shown = len(small) + max(0, max((album.thumbnails for album in albums), default=0) - len(films))
        if shown:
            unused.append(
                (
                    path,
                    f"{shown} picture{'s are' if shown > 1 else ' is'} shown as thumbnail only: open each in full size, and save the page again",
                )
            )
    return unused


def _idle_pictures(cases: Iterable[SavedCase], aside: Iterable[SavedPage], files: Iterable[Path]) -> Unused:
    """The pictures that belong to no page."""
    read = [*(page for one in cases for page in one.pages), *aside]
    used = {picture.path for page in read for picture in page.album.pictures}
    used |= {picture.path for one in cases for picture in one.found.values()}
    idle = [path for path in files if pages.IMAGE_NAME.search(path.name) and path not in used]
    return [(path, "a picture that belongs to no page here: save it with its page") for path in idle]
