"""python -m cxrkit report: report.html, its text twin and the cards, from a run's results alone."""

import time
from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import Commands
from cxrkit.progress import say


def add(commands: Commands) -> None:
    report = commands.add_parser("report", help="write report.html, its text twin and the cards, from a run's results alone")
    report.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    report.add_argument("--text", action="store_true", help="print the tables as well")
    report.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.report import markdown, report
    from cxrkit.results import Results

    started = time.monotonic()
    results = Results.open(options.run)
    written = report.make(results)
    if options.text:
        say(markdown.log(results) + "\n")
    size = written[0].stat().st_size
    beside = ", ".join(path.name for path in written[1:])
    say(f"{written[0]}: {size / 1e6:.2f} MB, in {time.monotonic() - started:.1f} s; beside it {beside}")
