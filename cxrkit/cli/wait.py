"""python -m cxrkit wait: take up the run that a push has started, show its log, and fetch its results if so asked."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import OUT, Commands, declare, say_pulled, signed_in
from cxrkit.command_line import Number
from cxrkit.files import refuse_unwritable_folder


def add(commands: Commands) -> None:
    wait = declare(commands, "wait", help="wait for the run that a push has started, without starting another")
    wait.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    wait.add_argument("--pull", action="store_true", help="then fetch its results")
    wait.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, one folder per run (default: {OUT})")
    wait.add_argument(
        "--limit",
        type=Number(above=0),
        default=24.0,
        metavar="HOURS",
        help="stop waiting after this; the run itself continues (default: 24)",
    )
    wait.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import wait

    if options.pull:
        refuse_unwritable_folder(options.out)
    kaggle, ref = signed_in(options.kernel)
    pushed = wait.take_up(kaggle, ref)
    wait_and_pull(kaggle, pushed, options.pull, options.out, options.limit)


def wait_and_pull(kaggle, pushed, fetch: bool, out: Path, limit: float = 24.0) -> None:
    """Wait for what was pushed, and fetch its results where they are asked for; every failure names what takes the run up."""
    from cxrkit.errors import Interrupted
    from cxrkit.kaggle_io import pull, wait

    wait.wait(kaggle, pushed, hours=limit, pull=fetch)
    if not fetch:
        return
    try:
        say_pulled(pull.pull(kaggle, pushed.ref, out, (pushed.source_sha256, pushed.run_id)))
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped while fetching; the run has ended, and what arrived is kept.", pushed.ref, f"python -m cxrkit pull {pushed.ref}"
        ) from None
