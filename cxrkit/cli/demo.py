"""python -m cxrkit demo: a page on this machine that asks a finished run's networks about films."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare
from cxrkit.command_line import Number
from cxrkit.progress import mention


def add(commands: Commands) -> None:
    parser = declare(commands, "demo", help="a page on 127.0.0.1 to ask a finished run's networks about films (research only)")
    parser.add_argument("run", type=Path, metavar="RUN", help=f"{RUN}, models/ included; or an exported folder")
    parser.add_argument(
        "--port", type=Number(int, at_least=0, at_most=65535), default=8765, help="the page's port; 0 takes a free one (default: 8765)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the page's address, and open no browser")
    parser.set_defaults(command=run)


def run(options: Namespace) -> int:
    from cxrkit import predict
    from cxrkit.demo import answering, server

    server.require_free(options.port)
    mention(f"opening {options.run}")
    server.serve(answering.Demo(predict.open_run(options.run, scaled=True)), options.port, not options.no_browser)
    return 0
