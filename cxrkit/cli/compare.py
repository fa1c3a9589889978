"""python -m cxrkit compare: of each pair of networks, over one run or several: better, worse, equivalent or undecided."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, add_decision, add_json, declare, given, margins_of
from cxrkit.files import JSON_START, refuse_foreign, refuse_unwritable, write_json
from cxrkit.progress import answer, answer_json, say


def add(commands: Commands) -> None:
    compare = declare(commands, "compare", help="say of each pair of networks: better, worse, equivalent or undecided")
    compare.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help=f"{RUN}; several: on the same images, with other seeds, networks or protocols"
    )
    compare.add_argument(
        "--resplits",
        action="store_true",
        help="three runs or more, better five, that differ in their split alone (Nadeau and Bengio's test)",
    )
    compare.add_argument("--out", type=Path, metavar="FILE", help="write the comparison to this JSON file as well")
    add_decision(compare)
    add_json(compare, "Comparison, with --resplits ResplitComparison, in cxrkit/schema")
    compare.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.evaluation import resplits
    from cxrkit.evaluation.evaluate import compare
    from cxrkit.report import markdown
    from cxrkit.results import open_all

    if options.out:
        refuse_foreign(options.out, JSON_START, '{\n  "runs": ')
        refuse_unwritable(options.out)
    runs, wanted = open_all(options.runs), given(threshold=options.threshold) | margins_of(options)
    if warned := markdown.warnings_log(runs):
        (say if options.json else answer)(warned + "\n")
    if options.resplits:
        compared = resplits.compare(runs, **wanted)
        told = markdown.resplits_log(compared)
    else:
        compared = compare(runs, **wanted)
        told = markdown.comparison_log(compared)
    if options.json:
        answer_json(asdict(compared))
    else:
        answer(told)
    if options.out:
        write_json(options.out, asdict(compared))
        say(f"Written: {options.out}")
