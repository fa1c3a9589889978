"""python -m cxrkit bundle: kernel/script.py, the one file that Kaggle runs, or the same as a notebook."""

from argparse import Namespace

from cxrkit import config
from cxrkit.cli.shared import Commands, add_settings, declare, settings_of
from cxrkit.files import refuse_unwritable
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    bundle = declare(commands, "bundle", help="write kernel/script.py, the one file that Kaggle runs")
    bundle.add_argument("--check", action="store_true", help="only say whether it is made of the present source")
    bundle.add_argument("--notebook", action="store_true", help="write kernel/mine/notebook.ipynb instead: the same as cells to run")
    add_settings(bundle)
    bundle.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import bundle, cells, metadata

    if options.check:
        bundle.check(experiment=None if options.experiment in (None, *config.names()) else options.experiment)
        answer(f"{bundle.SCRIPT} is made of the present source")
        return
    name = cells.NOTEBOOK if options.notebook else bundle.SCRIPT
    refuse_unwritable(bundle.ROOT / name)
    settings = settings_of(options, metadata.results_slug(metadata.slug_of(metadata.read())))
    size = cells.write(settings) if options.notebook else bundle.write(settings)
    answer(f"{name}: {size:,} bytes of {bundle.LIMIT_BYTES:,}, experiment {settings.experiment}")
    if options.notebook:
        answer("on kaggle.com: Create, New Notebook, File, Import Notebook; or open it in any Jupyter")
    elif size > 0.8 * bundle.LIMIT_BYTES:
        answer(f"!!! {size / bundle.LIMIT_BYTES:.0%} of what may travel: put what runs only at a terminal into bundle.STAYS_HERE")
