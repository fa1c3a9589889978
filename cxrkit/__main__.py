"""python -m cxrkit: the kit's stages one by one."""

import sys
from typing import TYPE_CHECKING

from cxrkit import __version__
from cxrkit.errors import EXIT_CODES, run_command

if TYPE_CHECKING:
    from cxrkit.command_line import Parser


def parser() -> "Parser":
    """The command line, every command of it. Its parts are imported here, so that Ctrl-C is answered in a line from the start."""
    from cxrkit.cli import (
        audit,
        bench,
        bundle,
        compare,
        completion,
        delete,
        demo,
        evaluate,
        export,
        fetch,
        gpu_check,
        manifest,
        plan,
        predict,
        publish,
        pull,
        push,
        report,
        setup,
        status,
        tree,
        wait,
        workflow,
    )
    from cxrkit.command_line import Parser

    top = Parser(
        prog="cxrkit" if sys.argv[0].endswith("cxrkit") else "python -m cxrkit",
        description="COVID-19 against healthy chest films. Research use only.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in (
        *(fetch, manifest, tree, plan, bench, gpu_check, evaluate, compare, audit, report, predict, demo, export),
        *(setup, bundle, push, wait, status, pull, publish, delete, workflow, completion),
    ):
        command.add(commands)
    return top


def main(arguments: list[str] | None = None) -> int | None:
    options = parser().parse_args(arguments)
    from cxrkit.options import heed

    heed(options)
    return options.command(options)


def command() -> int:
    """The installed command's entry: an exit code."""
    return run_command(main)


if __name__ == "__main__":
    sys.exit(command())
