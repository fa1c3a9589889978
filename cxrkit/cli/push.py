"""python -m cxrkit push: bundle the kit, run it on Kaggle, and wait for it and fetch its results if so asked."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import OUT, Commands, add_settings, declare, settings_of
from cxrkit.cli.wait import wait_and_pull
from cxrkit.files import refuse_unwritable_folder
from cxrkit.options import as_arguments
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    push = declare(commands, "push", help="bundle the kit and run it on Kaggle")
    add_settings(push)
    push.add_argument("--slug", help="name of the kernel (default: that of kernel-metadata.json)")
    push.add_argument("--resume", action="store_true", help="continue from the stages that the last run finished, with its options")
    push.add_argument("--beside", action="store_true", help="push even while another version of the kernel is running")
    push.add_argument("--no-run", action="store_true", help="save a version that does not run (Kaggle's client 2.2.5 and later)")
    push.add_argument("--accelerator", metavar="NAME", help="Kaggle's name of a GPU (default: NvidiaTeslaT4, a pair)")
    push.add_argument("--wait", action="store_true", help="show its log until it ends; fail when it fails")
    push.add_argument("--pull", action="store_true", help="then fetch its results; implies --wait")
    push.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, one folder per run (default: {OUT})")
    push.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.errors import WrongUse
    from cxrkit.kaggle_io import client, metadata, push

    if options.no_run and (options.wait or options.pull):
        raise WrongUse("What does not run has no end to wait for.", next="leave --no-run or --wait and --pull out")
    if options.accelerator and options.cpu:
        raise WrongUse("--cpu asks for no accelerator.", next="leave --cpu or --accelerator out")
    if options.pull:
        refuse_unwritable_folder(options.out)
    settings = settings_of(options)  # a wrong option is told before anybody is asked
    metadata.refuse_slug(options.slug or metadata.slug_of(metadata.read()))
    kaggle = client.connect()
    if options.resume:
        settings = settings_of(options, present=push.settings_of_last(kaggle, push.ref_of(kaggle, options.slug)))
    how = {"resume": options.resume, "beside": options.beside, "run": not options.no_run, "accelerator": options.accelerator}
    pushed = push.push(settings, kaggle, slug=options.slug, **how)
    answer(f"pushed {pushed.ref} version {pushed.version}, run {pushed.run_id}: https://www.kaggle.com/code/{pushed.ref}")
    changed = " ".join([f"experiment {settings.experiment}", *as_arguments(settings.overrides)])
    answer(f"  {changed}; at most {settings.hours:g} h, {'with' if settings.gpu else 'without'} a GPU")
    if options.no_run:
        answer("it does not run: start it on its page, or push without --no-run")
    elif options.wait or options.pull:
        wait_and_pull(kaggle, pushed, options.pull, options.out)
    else:
        answer(f"to see how it ends: python -m cxrkit wait --pull {pushed.ref}")
