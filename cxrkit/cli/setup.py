"""python -m cxrkit setup: a folder to push from, kernel/mine, for one's own Kaggle account."""

from argparse import Namespace

from cxrkit.cli.shared import Commands, declare
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    setup = declare(commands, "setup", help="write kernel/mine, the folder to push from, for your Kaggle account")
    setup.add_argument("--owner", metavar="NAME", help="your Kaggle user name (default: that of your credentials)")
    setup.add_argument("--slug", help="name of the kernel (default: the present one)")
    setup.set_defaults(command=run)


def run(options: Namespace) -> None:
    from dataclasses import replace

    from cxrkit.files import refuse_unwritable, write_text
    from cxrkit.kaggle_io import bundle, metadata

    refuse_unwritable(bundle.ROOT / metadata.MINE / metadata.NAME)
    present, usual = bundle.head(), metadata.results_slug(metadata.slug_of(metadata.DEFAULTS))
    written = metadata.set_up(options.owner, options.slug)
    own = metadata.results_slug(metadata.slug_of(written))
    settings = replace(present, results=own if present.results in ("", usual) else present.results)
    write_text(bundle.ROOT / metadata.MINE / written["code_file"], bundle.generate(settings))
    answer(f"{metadata.MINE} is yours, and git ignores it: {written['id']}, with the constants at the head of {bundle.SCRIPT}.")
    answer(f"Now `kaggle kernels push -p {metadata.MINE}` or `python -m cxrkit push --wait --pull`.")
