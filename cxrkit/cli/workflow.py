"""python -m cxrkit workflow: a workflow file for GitHub Actions that pushes, waits and keeps the results, printed."""

from argparse import Namespace

from cxrkit.cli.shared import Commands, declare
from cxrkit.options import hours

TEXT = """\
# Save as .github/workflows/kaggle.yml. The secret KAGGLE_API_TOKEN (Settings, Secrets and variables, Actions) holds a token of
# https://www.kaggle.com/settings; whoever may start this workflow spends that account's GPU hours. GitHub ends a job after six
# hours: the run goes on at Kaggle then, and the next start with "take up" fetches it.
name: kaggle
on:
  workflow_dispatch:
    inputs:
      take_up:
        description: wait for the run that is there instead of pushing another
        type: boolean
        default: false
concurrency: kaggle
permissions:
  contents: read
jobs:
  run:
    runs-on: ubuntu-latest
    timeout-minutes: 355
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with: {{python-version: "3.12"}}
      - run: pip install {needs}
      - run: python -m cxrkit push --experiment {experiment} --hours {hours:g}
        if: ${{{{ !inputs.take_up }}}}
        env: {{KAGGLE_API_TOKEN: "${{{{ secrets.KAGGLE_API_TOKEN }}}}"}}
      - run: python -m cxrkit wait --pull --limit 5.5 --out runs/kaggle
        env: {{KAGGLE_API_TOKEN: "${{{{ secrets.KAGGLE_API_TOKEN }}}}"}}
      - uses: actions/upload-artifact@v4
        if: always()
        with: {{name: results, path: runs/kaggle, if-no-files-found: ignore}}
"""
NEEDS = "kaggle six pyyaml"
"""What push, wait and pull import; training's packages are Kaggle's affair."""


def add(commands: Commands) -> None:
    workflow = declare(commands, "workflow", help="print a GitHub Actions workflow that pushes, waits and keeps the results")
    workflow.add_argument("--experiment", default="paper", metavar="NAME", help="what it runs (default: paper)")
    workflow.add_argument("--hours", type=hours, default=5.0, help="after so many hours no new stage begins (default: 5)")
    workflow.set_defaults(command=run)


def run(options: Namespace) -> None:
    """Print it. Raises WrongUse for an experiment that there is not."""
    from cxrkit import config

    config.load(options.experiment)
    print(TEXT.format(needs=NEEDS, experiment=options.experiment, hours=options.hours), end="")
