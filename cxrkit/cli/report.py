"""python -m cxrkit report: report.html, its text twin and the cards, from a run's results alone."""

import time
from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare
from cxrkit.errors import WrongUse
from cxrkit.files import PRIVATE, refuse_foreign, refuse_unwritable, write_text
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    report = declare(commands, "report", help="write report.html, its text twin and the cards, from a run's results alone")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help=f"{RUN}; several: one page of them side by side")
    report.add_argument("--out", type=Path, metavar="FILE", help="the page of several runs (default: beside.html)")
    report.add_argument("--text", action="store_true", help="print the tables as well")
    private = "write private-report.html alone: with every film that is on this machine, whatever its licence; not to be passed on"
    report.add_argument("--private", action="store_true", help=private)
    where = "where the films of a source lie on this machine, for --private, if the run does not say"
    report.add_argument("--source", action="append", default=[], metavar="KIND[:NAME]=DIR", help=where)
    report.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.report import markdown, private, report
    from cxrkit.results import Results

    started = time.monotonic()
    if options.source and not options.private:
        raise WrongUse("--source says where films lie, and this report opens none.", next="add --private")
    if len(options.runs) > 1:
        return _beside(options)
    if options.out:
        raise WrongUse("--out names the page of several runs; a run's own report stands in its results.", next="leave out --out")
    results = Results.open(options.runs[0])
    refuse_unwritable(*(results.folder / name for name in ((PRIVATE,) if options.private else report.WRITTEN)))
    if options.private:
        written = [private.make(results, _locator(results.folder, options.source))]
    else:
        written = report.make(results)
    if options.text:
        answer(markdown.log(results) + "\n")
    size = written[0].stat().st_size
    beside = f"; beside it {', '.join(path.name for path in written[1:])}" if written[1:] else "; do not pass it on"
    answer(f"{written[0]}: {size / 1e6:.2f} MB, in {time.monotonic() - started:.1f} s{beside}")


def _beside(options: Namespace) -> None:
    from cxrkit.report import beside
    from cxrkit.results import open_all

    if options.private or options.text:
        raise WrongUse("--private and --text are of one run.", next="name one run, or leave them out")
    out = options.out or Path("beside.html")
    refuse_foreign(out, beside.START)
    refuse_unwritable(out)
    write_text(out, beside.html(open_all(options.runs)))
    answer(f"{out}: {len(options.runs)} runs side by side")


def _locator(results: Path, named: list[str]):
    """A function from a Record to its file, by what the run or the options say. Raises BadInput where neither does."""
    from cxrkit.audit.audit import home_of
    from cxrkit.data import manifest, sources
    from cxrkit.errors import BadInput

    roots = manifest.read_roots(home_of(results) / "manifest.csv")
    if named:
        roots |= manifest.roots_of(sources.parse_all(named, drawn_at="phantoms"))
    if not roots:
        raise BadInput("It is not known where the films lie on this machine.", results, "name them with --source KIND[:NAME]=DIR")
    return sources.locator(roots)
