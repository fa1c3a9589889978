"""python -m cxrkit push: bundle the kit, run it on Kaggle, and wait for it and fetch its results if so asked."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import OUT, Commands, add_settings, say_pulled, settings_of
from cxrkit.progress import say


def add(commands: Commands) -> None:
    push = commands.add_parser("push", help="bundle the kit and run it on Kaggle")
    add_settings(push)
    push.add_argument("--slug", help="name of the kernel (default: that of kernel-metadata.json)")
    push.add_argument("--resume", action="store_true", help="go on from the checkpoints that the last run sent with its results")
    push.add_argument("--wait", action="store_true", help="show its log until it ends; fail when it fails")
    push.add_argument("--pull", action="store_true", help="then fetch its results; implies --wait")
    push.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    push.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import client, pull, push

    settings = settings_of(options)
    kaggle = client.connect()
    pushed = push.push(settings, kaggle, slug=options.slug, resume=options.resume)
    say(f"pushed {pushed.ref} version {pushed.version}, run {pushed.run_id}: https://www.kaggle.com/code/{pushed.ref}")
    if options.wait or options.pull:
        push.wait(kaggle, pushed)
    if options.pull:
        say_pulled(pull.pull(kaggle, pushed.ref, options.out, (pushed.source_sha256, pushed.run_id)))
