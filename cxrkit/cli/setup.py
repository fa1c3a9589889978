"""python -m cxrkit setup: kernel-metadata.json for one's own Kaggle account."""

from argparse import Namespace

from cxrkit.cli.shared import Commands
from cxrkit.progress import say


def add(commands: Commands) -> None:
    setup = commands.add_parser("setup", help="write kernel-metadata.json for your Kaggle account")
    setup.add_argument("--owner", metavar="NAME", help="your Kaggle user name (default: that of your credentials)")
    setup.add_argument("--slug", help="name of the kernel (default: the present one)")
    setup.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import bundle, metadata

    written = metadata.set_up(options.owner, options.slug)
    bundle.write(bundle.Settings(results=metadata.results_slug(metadata.slug_of(written))))
    say(f"{metadata.NAME} is yours: {written['id']}. Now `kaggle kernels push` or `python -m cxrkit push --wait --pull`.")
