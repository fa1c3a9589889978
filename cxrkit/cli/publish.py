"""python -m cxrkit publish: a results folder as a Kaggle dataset, compared with what Kaggle then lists."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare
from cxrkit.files import CHECKSUMS
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    publish = declare(commands, "publish", help="send a results folder to Kaggle as a dataset, and verify it there")
    publish.add_argument("run", type=Path, metavar="RUN", help=RUN)
    publish.add_argument("--slug", help="name of the dataset (default: that of the kernel, with -results)")
    publish.add_argument("--public", action="store_true", help="make it public (new datasets only; default: private)")
    publish.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.errors import BadInput
    from cxrkit.kaggle_io import metadata, publish

    if not options.run.is_dir():
        raise BadInput("There is no such folder.", options.run, "name the results folder of a finished run")

    inner = options.run / publish.FOLDER
    folder = inner if not (options.run / CHECKSUMS).exists() and inner.is_dir() else options.run
    slug = options.slug or metadata.results_slug(metadata.slug_of(metadata.read()))
    sent = publish.publish(folder, slug, private=not options.public)  # it signs in once the folder is found whole
    answer(f"published and verified: {sent.url}, {sent.files} files, {sent.bytes:,} bytes")
