"""Command line of the collection: python -m scrapers refresh, python -m scrapers publish."""

import argparse
import sys
from pathlib import Path

from cxrkit.cli.shared import declare
from cxrkit.command_line import Parser
from cxrkit.errors import EXIT_CODES, WrongUse, run_command
from cxrkit.options import heed
from cxrkit.progress import answer
from scrapers import settings

EXAMPLES = {
    "refresh": ("refresh --saved DIR --manifest manifest.csv --source coronahack=DIR", "refresh --crawl sirm --dry-run"),
    "publish": ("publish --slug OWNER/NAME --dry-run", "publish --slug OWNER/NAME --no-upload"),
}
"""As in cxrkit.cli.examples."""


def parser() -> Parser:
    """The command line. Each command imports what it needs when it runs, so that --help is quick."""
    top = Parser(
        prog="cxrkit-scrapers" if sys.argv[0].endswith("cxrkit-scrapers") else "python -m scrapers",
        description="Films from Radiopaedia and SIRM with full provenance. Research use only.",
        epilog=EXIT_CODES,
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    one = declare(commands, "refresh", "bring what is new into the store and the manifest", EXAMPLES["refresh"])
    _common(one)
    one.add_argument(
        "--saved",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="a folder of pages you saved (.html with _files, .mhtml, .json); may be given several times",
    )
    one.add_argument(
        "--cases",
        type=Path,
        metavar="FILE",
        help="a list of case addresses to fetch (CSV with case_url, or one a line); needs a permission",
    )
    one.add_argument(
        "--crawl",
        nargs="?",
        const="all",
        choices=("all", *settings.DEFAULTS),
        metavar="SITE",
        help="follow the listings of radiopaedia, sirm or all; needs a permission",
    )
    one.add_argument("--dry-run", action="store_true", help="show the plan and the first requests, but make none and write nothing")
    one.add_argument("--manifest", type=Path, metavar="FILE", help="merge the store into this manifest")
    one.add_argument(
        "--source", action="append", default=[], metavar="KIND[:NAME]=DIR", help="another source for the manifest, e.g. coronahack=DIR"
    )
    one.add_argument("--split", choices=("paper", "grouped"), default="paper", help="how the manifest's films are split (default: paper)")
    one.set_defaults(command=refresh)

    one = declare(commands, "publish", "put store and manifest on Kaggle as a private dataset, with attribution", EXAMPLES["publish"])
    _common(one)
    one.add_argument("--manifest", type=Path, default=Path("manifest.csv"), metavar="FILE", help="the manifest (default: manifest.csv)")
    one.add_argument("--slug", required=True, metavar="OWNER/NAME", help="the dataset's name on Kaggle")
    one.add_argument("--title", default="COVID-19 chest films, collected with permission", help="the dataset's title, 6 to 50 characters")
    one.add_argument("--out", type=Path, default=Path("publish"), metavar="DIR", help="the folder to prepare (default: publish)")
    one.add_argument("--public", action="store_true", help="make it public; refused while any image's licence forbids it")
    one.add_argument("--dry-run", action="store_true", help="check everything; write, remove and send nothing")
    one.add_argument("--no-upload", action="store_true", help="prepare the folder and send nothing")
    one.set_defaults(command=publish)
    return top


def _common(one: argparse.ArgumentParser) -> None:
    one.add_argument("--store", type=Path, default=Path("collected"), metavar="DIR", help="the store (default: collected)")
    one.add_argument(
        "--settings", type=Path, default=Path("scrapers.yaml"), metavar="FILE", help="permissions and pace (default: scrapers.yaml)"
    )


def refresh(options: argparse.Namespace) -> int:
    from scrapers import refresh as command

    if options.source and not options.manifest:
        raise WrongUse("--source was given without --manifest.", next="name the manifest to write: --manifest FILE")
    if options.cases and not options.cases.exists():
        raise WrongUse("There is no such list of cases.", options.cases, "give a CSV with a column case_url, or one address a line")
    sites = settings.load(options.settings)
    crawl = tuple(sites) if options.crawl == "all" else (options.crawl,) if options.crawl else ()
    _, code = command.refresh(options.store, sites, options.saved, options.cases, crawl, options.dry_run)
    if options.manifest and not options.dry_run:
        answer("\n" + command.merge(options.store, options.source, options.manifest, options.split))
        answer(f"\nwritten: {options.manifest}")
    return code


def publish(options: argparse.Namespace) -> int:
    from scrapers import publish as command

    return command.publish(
        options.store,
        options.manifest,
        options.slug,
        options.title,
        options.out,
        options.public,
        options.dry_run,
        not options.no_upload,
    )


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    heed(options)
    return options.command(options)


def command() -> int:
    """The installed command's entry: an exit code."""
    return run_command(main)


if __name__ == "__main__":
    sys.exit(command())
