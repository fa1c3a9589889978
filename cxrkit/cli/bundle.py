"""python -m cxrkit bundle: kernel/script.py, the one file that Kaggle runs."""

from argparse import Namespace

from cxrkit import config
from cxrkit.cli.shared import Commands, add_settings, settings_of
from cxrkit.progress import say


def add(commands: Commands) -> None:
    bundle = commands.add_parser("bundle", help="write kernel/script.py, the one file that Kaggle runs")
    bundle.add_argument("--check", action="store_true", help="only say whether it is made of the present source")
    add_settings(bundle)
    bundle.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import bundle, metadata

    if options.check:
        bundle.check(experiment=None if options.experiment in config.names() else options.experiment)
        say(f"{bundle.SCRIPT} is made of the present source")
        return
    size = bundle.write(settings_of(options, metadata.results_slug(metadata.slug_of(metadata.read()))))
    say(f"{bundle.SCRIPT}: {size:,} bytes of {bundle.LIMIT_BYTES:,}, experiment {options.experiment}")
