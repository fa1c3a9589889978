"""python -m cxrkit evaluate: a run's scores and comparison again, from its predictions."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import Commands, add_decision, given, margins_of
from cxrkit.progress import say


def add(commands: Commands) -> None:
    evaluate = commands.add_parser("evaluate", help="compute a run's scores and comparison again from its predictions")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    prevalence = "shares of people with COVID-19 for which predictive values are wanted, beside the study's (default: 0.01 to 0.5)"
    evaluate.add_argument("--prevalence", nargs="*", type=float, metavar="SHARE", help=prevalence)
    sensitivity = "sensitivity wanted of the threshold that validation chooses (default: 0.95)"
    evaluate.add_argument("--sensitivity", type=float, metavar="SHARE", help=sensitivity)
    coverage = "coverage promised of the sets of classes for single films (default: 0.9)"
    evaluate.add_argument("--coverage", type=float, metavar="SHARE", help=coverage)
    add_decision(evaluate)
    evaluate.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.evaluation.evaluate import evaluate
    from cxrkit.report import markdown
    from cxrkit.results import Results

    results = Results.open(options.run)
    evaluate(
        results,
        **margins_of(options),
        **given(threshold=options.threshold, prevalences=options.prevalence, sensitivity=options.sensitivity, coverage=options.coverage),
    )
    told = (markdown.warnings_log([results]), markdown.scores_log(results), markdown.comparison_log(results.comparison))
    say("\n\n".join(filter(None, told)))
    say(f"Written: metrics.json and comparison.json in {results.folder}")
