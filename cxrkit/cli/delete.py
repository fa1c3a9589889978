"""python -m cxrkit delete: a kernel with all its versions and outputs gone from Kaggle, which also ends what it costs."""

import sys
from argparse import Namespace

from cxrkit.cli.shared import Commands, declare, signed_in
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    delete = declare(commands, "delete", help="delete a kernel on Kaggle, its versions and outputs too; a run of it ends, and its billing")
    delete.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    delete.add_argument("--yes", action="store_true", help="delete without asking")
    delete.set_defaults(command=run)


def run(options: Namespace) -> None:
    """Ask, then delete. Raises WrongUse where nobody can be asked, RemoteRefusal where there is no such kernel, or it is not yours."""
    from cxrkit.errors import WrongUse
    from cxrkit.kaggle_io import push

    kaggle, ref = signed_in(options.kernel)
    answer(f"{ref}: {push.status(kaggle, ref)}")
    if not options.yes:
        if not sys.stdin.isatty():
            raise WrongUse("Nobody can be asked whether to delete it.", ref, "add --yes")
        answer("Its versions, logs and outputs go with it, and nothing brings them back; python -m cxrkit pull fetches results first.")
        if input(f"Type the kernel's name to delete it ({ref}): ").strip() != ref:
            answer("Nothing was deleted.")
            return
    kaggle.ask(f"the deletion of {ref}", kaggle.api.kernels_delete, ref, no_confirm=True)
    answer(f"deleted: {ref}; a run of it has ended")
