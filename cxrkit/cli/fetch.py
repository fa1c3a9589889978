"""python -m cxrkit fetch: a public set of films, after its size, licence and terms were shown and agreed to."""

import shlex
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from cxrkit.cli.shared import Commands, declare
from cxrkit.command_line import Number
from cxrkit.errors import WrongUse, free_bytes
from cxrkit.files import refuse_unwritable_folder
from cxrkit.progress import MB, answer

OUT = Path("films")


def add(commands: Commands) -> None:
    fetch = declare(commands, "fetch", help="fetch a public data set, after showing its size, licence and terms")
    fetch.add_argument("name", nargs="?", metavar="NAME", help="a set of --list, or OWNER/SLUG of a Kaggle data set")
    fetch.add_argument("--list", action="store_true", help="list the known sets and where each comes from")
    fetch.add_argument("--out", type=Path, metavar="DIR", help=f"a folder for this set alone (default: {OUT}/NAME)")
    fetch.add_argument(
        "--patients",
        type=Number(int, at_least=1),
        metavar="N",
        help="for a collection of the Imaging Data Commons: only N patients, the same ones every time",
    )
    fetch.add_argument("--yes", action="store_true", help="accept the terms without being asked, for scripts")
    fetch.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.fetch import catalogue

    if options.list:
        for each in catalogue.SETS:
            answer(f"{each.name:16} {each.way:8} {each.ref}\n{'':16} {each.terms}")
        return
    if not options.name:
        raise WrongUse("No set is named.", next="python -m cxrkit fetch --list names those that are known")
    wanted = catalogue.find(options.name)
    if options.patients is not None and wanted.way != "idc":
        raise WrongUse("--patients is for a collection of the Imaging Data Commons.", next="leave it out for other sets")
    out = options.out or OUT / wanted.name.replace("/", "-").lower()
    refuse_unwritable_folder(out)  # before anybody is asked
    if wanted.way == "kaggle":
        from_kaggle(wanted, out, options.yes)
    else:
        from_idc(wanted, out, options.yes, options.patients)


def from_kaggle(wanted: Any, out: Path, yes: bool) -> None:
    from cxrkit.data import places
    from cxrkit.fetch import folder, from_kaggle
    from cxrkit.kaggle_io import client

    kaggle = client.connect()
    offered = from_kaggle.offer(kaggle, wanted.ref)
    confirm(wanted, offered, out, yes)
    with folder.owned(out, offered.origin, receipt(wanted, offered)) as place:
        from_kaggle.fetch(kaggle, offered, place)
    say_fetched(place)
    known = places.readable(out)
    if known is None:
        answer("no reader knows this layout; films in covid/ and normal/ are read by --data folder:NAME=DIR")
    else:
        say_next(known[0], known[1])


def from_idc(wanted: Any, out: Path, yes: bool, patients: int | None) -> None:
    from cxrkit.fetch import folder, from_idc

    client = from_idc.connect()
    offered = from_idc.offer(client, wanted.ref, patients)
    confirm(wanted, offered, out, yes)
    with folder.owned(out, offered.origin, receipt(wanted, offered)) as place:
        from_idc.fetch(client, offered, place)
    say_fetched(place)
    say_next(f"folder:{wanted.name}", out / from_idc.FILMS)


def receipt(wanted: Any, offered: Any) -> dict[str, Any]:
    return {"name": wanted.name, "url": offered.url, "licence": offered.licence, "terms": wanted.terms}


def confirm(wanted: Any, offered: Any, out: Path, yes: bool) -> None:
    """Show what would be fetched, and ask. Raises WrongUse where the answer is not yes."""
    size = "not told" if offered.bytes is None else f"{offered.bytes / MB:,.1f} MB"
    answer(f"{wanted.name}: {offered.title}\n  from:    {offered.url} ({offered.origin})")
    answer(
        f"  size:    {size}; {free_bytes(out) / MB:,.0f} MB are free\n  licence: {offered.licence}\n  terms:   {wanted.terms}\n  into:    {out}"
    )
    if yes:
        return
    if not sys.stdin.isatty():
        raise WrongUse("Nobody can be asked here; nothing was fetched.", next="add --yes if you agree to what is said above")
    try:
        agreed = input("Fetch it, and keep to these terms? [y/N] ")
    except EOFError:
        agreed = ""
    if agreed.strip().lower() not in ("y", "yes"):
        raise WrongUse("Nothing was fetched.", next="answer y, or give --yes")


def say_fetched(place: Any) -> None:
    total = sum(each["bytes"] for each in place.files.values())
    answer(f"fetched and compared: {len(place.files):,} files, {total / MB:,.1f} MB in {place.path}; sizes and SHA-256 in fetched.json")


def say_next(kind: str, folder: Path) -> None:
    """The option that uses the set next."""
    from cxrkit.data import sources

    place = f"{kind}={shlex.quote(str(folder))}"
    asked = kind in sources.ELSEWHERE or kind.startswith("folder")
    answer(f"use it with --data {place}" + (f", or ask trained networks about it with --external {place}" if asked else ""))
