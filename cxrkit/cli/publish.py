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
    publish.add_argument("--public", action="store_true", help="let everybody see it (a new dataset only; default: private)")
    publish.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import client, metadata, publish

    inner = options.run / publish.FOLDER
    folder = inner if not (options.run / CHECKSUMS).exists() and inner.is_dir() else options.run
    kaggle = client.connect()
    slug = options.slug or metadata.results_slug(metadata.slug_of(metadata.read()))
    sent = publish.publish(folder, slug, private=not options.public, kaggle=kaggle)
    answer(f"published and verified: {sent.url}, {sent.files} files, {sent.bytes:,} bytes")
