"""Sources of films: each kind has a reader, and all readers yield the same records."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from cxrkit.data import words
from cxrkit.data.readers import (
    actualmed,
    collected,
    coronahack,
    covidgr,
    folder,
    hannover,
    ieee8023,
    listing,
    nih,
    phantom,
    radiography,
    table,
)
from cxrkit.data.records import LABELS, Record
from cxrkit.errors import BadInput, WrongUse
from cxrkit.progress import say

PLAIN = "coronahack"
"""The kind of a folder that is named without one."""

Reader = Callable[[Path, str], list[Record]]

DRAWN: dict[str, Reader] = {"phantom": phantom.read, "phantom-marked": phantom.read_marked}
READERS: dict[str, Reader] = {
    PLAIN: coronahack.read,
    "collected": collected.read,
    "ieee8023": ieee8023.read,
    "folder": folder.read,
    "covidgr": covidgr.read,
    "actualmed": actualmed.read,
    "actualmed-room": actualmed.read_room,
    "hannover": hannover.read,
    "radiography": radiography.read,
    "nih": nih.read,
    **DRAWN,
}
ELSEWHERE: dict[str, Callable[[Path], bool]] = {
    "covidgr": covidgr.is_here,
    "actualmed": actualmed.is_here,
    "hannover": hannover.is_here,
    "radiography": radiography.is_here,
    "nih": nih.is_here,
}
"""Kinds to ask finished networks about, known by what lies in their folder. Other sets, and why they have no reader: .github/DATASETS.md."""


@dataclass(frozen=True)
class Source:
    """One folder of images: kind says how to read it, name is its namespace in paths and keys.

    collection: the namespace of its patients, where another source has films of them too.
    """

    kind: str
    name: str
    root: Path
    collection: str = ""

    def read(self) -> list[Record]:
        """The folder's records. What lies in a folder further down alone, as archives have it, is read there. Raises BadInput."""
        home = home_of(self.kind, self.root)
        records = READERS[self.kind](home, self.name)
        if home != self.root:
            below = home.relative_to(self.root).as_posix()
            say(f"{self.name}: its files lie in {below}/")
            own = f"{self.name}/"
            records = [record.but(path=f"{own}{below}/{record.path.removeprefix(own)}") if record.path else record for record in records]
        records = table.on_disk(records, self.root)
        own = f"{self.name}:"  # patients of another site are that site's
        if not self.collection:
            return records
        return [
            record.but(patient=f"{self.collection}:{record.patient.removeprefix(own)}") if record.patient.startswith(own) else record
            for record in records
        ]


LAYOUTS = ELSEWHERE | {PLAIN: coronahack.is_here, "ieee8023": ieee8023.is_here, "actualmed-room": actualmed.is_here}
"""Kinds that are laid out in one way."""
DEEPEST, MOST_FOLDERS = 3, 200
"""Folders below the named one, and folders in all, in which a layout is looked for."""


def home_of(kind: str, root: Path) -> Path:
    """The only folder at the root or below it that is laid out as the kind says; the root itself where there is none, or several."""
    is_here = LAYOUTS.get(kind)
    if is_here is None or is_here(root) or not root.is_dir():
        return root
    level, found, looked = [root], [], 0
    for _ in range(DEEPEST):
        below = []
        for place in level:
            try:
                below += sorted(each for each in place.iterdir() if not listing.is_hidden(each.name) and each.is_dir())
            except OSError:
                continue  # the reader says what it lacks
        level, looked = below, looked + len(below)
        if looked > MOST_FOLDERS:
            return root
        found += filter(is_here, level)
    return found[0] if len(found) == 1 else root


def external(text: str) -> Source:
    """A Source of external films, from `KIND=DIR`, `KIND:NAME=DIR`, `NAME=DIR` (a folder a class) or `NAME=manifest.csv`.

    The last has the kind "folder" too, and a file as its root. A folder that is called as a kind, but is not laid out so, is
    `folder:NAME=DIR`. Raises WrongUse.
    """
    kind, separator, place = text.partition("=")
    if not separator or not kind:
        kinds = ", ".join(kind for kind in READERS if kind not in DRAWN)
        next = f"write KIND=DIR, with a kind of {kinds}; or NAME=DIR (a folder with covid/ and normal/), or NAME=manifest.csv"
        raise WrongUse(f"{text!r} names no external films.", next=next)
    if kind.partition(":")[0] in DRAWN:
        raise WrongUse("Drawn films are those of no hospital.", text, "name films of another hospital, as KIND=DIR or NAME=DIR")
    if place.endswith(".csv") or kind not in READERS and ":" not in kind:
        kind = "folder:" + kind.rpartition(":")[2]
    return parse(f"{kind}={place}", "")


def externals(texts: Iterable[str]) -> list[Source]:
    """Sources of external films; their names must differ, and their places. Raises WrongUse."""
    found = _apart([external(text) for text in texts])
    places: dict[Path, str] = {}
    for source in found:
        if (name := places.setdefault(source.root.resolve(), source.name)) != source.name:
            raise WrongUse(f"Two sets of external films are one: {name!r} and {source.name!r}.", source.root, "name each place once")
    return found


def parse(text: str, drawn_at: str | Path) -> Source:
    """A Source from `KIND=DIR`, `KIND:NAME=DIR`, `KIND:NAME@COLLECTION=DIR`, `phantom`, `phantom-marked`, or a plain DIR, which means coronahack.

    drawn_at: the folder for phantoms to be drawn into. Raises WrongUse.
    """
    if text in DRAWN:
        return Source(text, "phantom", Path(drawn_at))
    kind_and_name, separator, folder = text.partition("=")
    if not separator:
        kind_and_name, folder = PLAIN, text
        laid_out = kind_of(Path(text)) if Path(text).is_dir() else ""
        if laid_out not in ("", PLAIN):
            how = "folder:NAME" if laid_out == "folder" else laid_out
            what = f"A folder without a kind is read as CoronaHack's, and this one is laid out as {laid_out!r}."
            raise WrongUse(what, text, f"write {how}={text}")
    kind, _, name = kind_and_name.partition(":")
    if kind not in READERS:
        own = separator and not name and Path(folder).is_dir() and kind_of(Path(folder)) == "folder"
        meant = f"folder:{kind}={folder}" if own else next(iter(get_close_matches(kind, READERS, 1)), "")
        raise WrongUse(
            f"There is no source of the kind {kind!r}.",
            text,
            (f"did you mean {meant}? Otherwise " if meant else "")
            + f"use one of {', '.join(kind for kind in READERS if kind not in DRAWN)}, as KIND=DIR or KIND:NAME=DIR; for drawn films {' or '.join(DRAWN)} alone",
        )
    name, at, collection = name.partition("@")
    name = name or kind
    if at and not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", collection):
        raise WrongUse(f"The collection's name {collection!r} is not made of a-z, 0-9, - and _.", text, "choose another name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise WrongUse(f"The source name {name!r} is not made of a-z, 0-9, - and _.", text, "choose another name")
    if not folder:
        raise WrongUse("The source names no folder.", text, "write KIND=DIR")
    return Source(kind, name, Path(folder), collection)


def require(sources: Iterable[Source]) -> None:
    """Raise BadInput for a source whose folder is not there, before anything is fetched for it or read from it."""
    for source in sources:
        if source.kind == PLAIN:
            coronahack.require(home_of(PLAIN, source.root))
        elif source.kind not in DRAWN:
            listing.require_folder(source.root, "name the folder that holds the films")


def recognised(folder: Path) -> str:
    """The kind of a folder that is laid out as one of ELSEWHERE, or an empty text."""
    return next((kind for kind, is_here in ELSEWHERE.items() if is_here(folder)), "")


def kind_of(folder: Path) -> str:
    """The kind of the reader that knows a folder's layout, or an empty text; `folder` where it has a folder for either class."""
    if (folder / coronahack.METADATA).is_file():
        return PLAIN
    if kind := recognised(folder):
        return kind
    if (folder / "metadata.csv").is_file() and (folder / "images").is_dir():
        return "ieee8023"
    labels = {words.label_of(path.name, strict=True) for path in folder.iterdir() if path.is_dir()}
    return "folder" if set(LABELS) <= labels else ""


def name_of(text: str) -> str:
    """`KIND[:NAME]` of a source as `parse` takes it: without the folder, which is this machine's affair."""
    kind_and_name, separator, _ = text.partition("=")
    return kind_and_name if separator or text in DRAWN else PLAIN


def parse_all(texts: Iterable[str], drawn_at: str | Path) -> list[Source]:
    """Sources from several texts; their names must differ. Raises WrongUse."""
    sources = _apart([parse(text, drawn_at) for text in texts])
    if not sources:
        raise WrongUse("No source of images is named.", next="give --data DIR, or --data phantom for drawn films")
    return sources


def _apart(sources: list[Source]) -> list[Source]:
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise WrongUse(f"Two sources are named {name!r}.", next="name them apart: KIND:NAME=DIR")
    return sources


def locator(roots: Mapping[str, str | Path]) -> Callable[[Record], Path]:
    """A function from a record to its file, given {folder name: folder}.

    The function raises BadInput for a path that would leave its folder or whose folder is not known.
    """

    def locate(record: Record) -> Path:
        name, *parts = PurePosixPath(record.path).parts or ("",)
        if name not in roots:
            raise BadInput(f"It is not known where the folder {name!r} lies.", record.image_id, f"give --source KIND:{name}=DIR")
        if not parts or ".." in parts or "\\" in record.path or PurePosixPath(record.path).is_absolute():
            raise BadInput(f"The path {record.path!r} leaves its folder.", record.image_id, "correct the manifest")
        return Path(roots[name]).joinpath(*parts)

    return locate
