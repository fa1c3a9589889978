"""python -m cxrkit evaluate: a run's scores and comparison again, from its predictions."""

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, add_decision, add_json, declare, given, margins_of
from cxrkit.command_line import SHARE, Words
from cxrkit.progress import answer, answer_json


def add(commands: Commands) -> None:
    evaluate = declare(commands, "evaluate", help="recompute a run's scores and comparison from its predictions")
    evaluate.add_argument("run", type=Path, metavar="RUN", help=RUN)
    prevalence = "prevalences for which to give predictive values, besides the study's (default: 0.01 to 0.5)"
    evaluate.add_argument("--prevalence", action=Words, item=SHARE, metavar="SHARE", help=prevalence)
    sensitivity = "target sensitivity for the threshold chosen on validation (default: 0.95)"
    evaluate.add_argument("--sensitivity", type=SHARE, metavar="SHARE", help=sensitivity)
    coverage = "coverage promised by the prediction sets of single films (default: 0.9)"
    evaluate.add_argument("--coverage", type=SHARE, metavar="SHARE", help=coverage)
    add_decision(evaluate)
    add_json(evaluate, "metrics and comparison, as in cxrkit/schema")
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
    if options.json:
        return answer_json({"metrics": asdict(results.metrics), "comparison": asdict(results.comparison)})
    told = (markdown.warnings_log([results]), markdown.scores_log(results), markdown.comparison_log(results.comparison))
    answer("\n\n".join(filter(None, told)))
    answer(f"Written: metrics.json and comparison.json in {results.folder}. The page as well: python -m cxrkit report {options.run}")
