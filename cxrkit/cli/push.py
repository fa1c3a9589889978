"""python -m cxrkit push: bundle the kit, run it on Kaggle, and wait for it and fetch its results if so asked."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import OUT, Commands, add_settings, settings_of
from cxrkit.cli.wait import wait_and_pull
from cxrkit.progress import say


def add(commands: Commands) -> None:
    push = commands.add_parser("push", help="bundle the kit and run it on Kaggle")
    add_settings(push)
    push.add_argument("--slug", help="name of the kernel (default: that of kernel-metadata.json)")
    push.add_argument("--resume", action="store_true", help="go on from the stages that the last run finished, with its options")
    push.add_argument("--beside", action="store_true", help="push although a version of the kernel runs")
    push.add_argument("--wait", action="store_true", help="show its log until it ends; fail when it fails")
    push.add_argument("--pull", action="store_true", help="then fetch its results; implies --wait")
    push.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    push.set_defaults(command=run)


def run(options: Namespace) -> None:
    from dataclasses import replace

    from cxrkit.kaggle_io import bundle, client, push

    settings = settings_of(options)  # a wrong option is told before anybody is asked
    kaggle = client.connect()
    source = push.on_kaggle(kaggle, push.ref_of(kaggle, options.slug))[1] if options.resume else ""
    if source:
        settings = settings_of(options, present=replace(bundle.settings_in(source), run_id=""))
    pushed = push.push(settings, kaggle, slug=options.slug, resume=options.resume, beside=options.beside)
    say(f"pushed {pushed.ref} version {pushed.version}, run {pushed.run_id}: https://www.kaggle.com/code/{pushed.ref}")
    say(f"  experiment {settings.experiment}, {settings.overrides or 'nothing laid over it'}, {settings.hours:g} h, GPU {settings.gpu}")
    if options.wait or options.pull:
        wait_and_pull(kaggle, pushed, options.pull, options.out)
    else:
        say(f"to see how it ends: python -m cxrkit wait --pull {pushed.ref}")
