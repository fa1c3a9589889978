"""python -m cxrkit: the kit's stages one by one."""

import argparse
import sys

from cxrkit import __version__
from cxrkit.cli import (
    audit,
    bench,
    bundle,
    compare,
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
from cxrkit.errors import run_command

COMMANDS = (
    *(fetch, manifest, tree, plan, bench, gpu_check, evaluate, compare, audit, report, predict, demo, export),
    *(setup, bundle, push, wait, status, pull, publish, delete, workflow),
)


def parser() -> argparse.ArgumentParser:
    """The command line: every command of COMMANDS."""
    top = argparse.ArgumentParser(prog="python -m cxrkit", description="COVID-19 against healthy chest films. Research use only.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add(commands)
    return top


def main(arguments: list[str] | None = None) -> int | None:
    options = parser().parse_args(arguments)
    return options.command(options)


def command() -> int:
    """The installed command's entry: an exit code."""
    return run_command(main)


if __name__ == "__main__":
    sys.exit(command())
