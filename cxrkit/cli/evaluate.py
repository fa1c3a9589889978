"""The subcommands evaluate and compare of `python -m cxrkit`."""

from pathlib import Path

from cxrkit.progress import say


def add(commands):
    """Add the subcommands to an argparse subparsers object; nothing heavy is imported before one runs."""
    evaluate = commands.add_parser("evaluate", help="compute a run's scores and comparison again from its predictions")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    prevalence = "shares of people with COVID-19 for which predictive values are wanted, beside the study's (default: 0.01 0.1)"
    evaluate.add_argument("--prevalence", nargs="*", type=float, metavar="SHARE", help=prevalence)
    sensitivity = "sensitivity wanted of the threshold that validation chooses (default: 0.95)"
    evaluate.add_argument("--sensitivity", type=float, metavar="SHARE", help=sensitivity)
    evaluate.set_defaults(command=run_evaluate)
    compare = commands.add_parser("compare", help="say of each pair of networks: better, worse, equivalent or undecided")
    compare.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="runs on the same images, with other seeds, networks or protocols"
    )
    compare.add_argument("--resplits", action="store_true", help="the runs differ in their split alone (Nadeau and Bengio's test)")
    compare.add_argument("--out", type=Path, metavar="FILE", help="write the comparison to this JSON file as well")
    compare.set_defaults(command=run_compare)
    for command in (evaluate, compare):
        command.add_argument(
            "--threshold", type=float, metavar="P", help="an image is called COVID-19 from this probability on (default: the experiment's)"
        )
        command.add_argument(
            "--margin", type=float, metavar="SHARE", help="networks within this difference in error rate are equivalent (default: 0.01)"
        )


def run_evaluate(options):
    from cxrkit.evaluation import comparison, outcome, scoring

    wanted = _given(threshold=options.threshold, margin=options.margin, prevalences=options.prevalence, sensitivity=options.sensitivity)
    metrics, compared = outcome.evaluate(options.run, **wanted)
    say(scoring.text_table(metrics) + "\n\n" + comparison.text(compared))
    say(f"Written: metrics.json and comparison.json in {outcome.results_folder(options.run)}")


def run_compare(options):
    from cxrkit.evaluation import outcome
    from cxrkit.files import write_json

    content, text = outcome.compare(
        options.runs, over_splits=options.resplits, **_given(threshold=options.threshold, margin=options.margin)
    )
    say(text)
    if options.out:
        write_json(options.out, content)
        say(f"Written: {options.out}")


def _given(**options):
    """The options that were given; the functions know the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}
