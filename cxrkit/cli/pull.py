"""python -m cxrkit pull: the results of the kernel's newest run, fetched and verified."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import OUT, Commands, declare, say_pulled, signed_in
from cxrkit.files import refuse_unwritable_folder
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    pull = declare(commands, "pull", help="fetch and verify the results of the kernel's newest run")
    pull.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    pull.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, one folder per run (default: {OUT})")
    pull.add_argument(
        "--partial", action="store_true", help="fetch whatever is there, the log first, even if the run is still going or has died"
    )
    pull.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import pull

    refuse_unwritable_folder(options.out)
    folder = pull.pull(*signed_in(options.kernel), options.out, partial=options.partial)
    if options.partial:
        answer(f"what there is of the run: {folder}; python -m cxrkit push --resume goes on from its finished stages")
    else:
        say_pulled(folder)
