"""The subcommand report of `python -m cxrkit`."""

import time
from pathlib import Path

from cxrkit.progress import say


def add(commands):
    """Add the subcommand to an argparse subparsers object; nothing heavy is imported before it runs."""
    report = commands.add_parser("report", help="write report.html, its text twin and the cards, from a run's results alone")
    report.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    report.add_argument("--text", action="store_true", help="print the tables as well")
    report.set_defaults(command=run_report)


def run_report(options):
    from cxrkit.report import facts, markdown, page
    from cxrkit.report.tables import data as data_tables

    started = time.monotonic()
    written = page.make(options.run)
    if options.text:
        found = facts.read(options.run)
        say(markdown.log(found, data_tables.gallery(found)) + "\n")
    size = written[0].stat().st_size
    say(
        f"{written[0]}: {size / 1e6:.2f} MB, in {time.monotonic() - started:.1f} s; beside it {', '.join(path.name for path in written[1:])}"
    )
