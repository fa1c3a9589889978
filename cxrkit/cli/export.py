"""python -m cxrkit export: a finished run's networks as ONNX, to be asked about films without torch."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare


def add(commands: Commands) -> None:
    parser = declare(commands, "export", help="a finished run as a folder that predict and demo ask without torch (ONNX)")
    parser.add_argument("run", type=Path, metavar="RUN", help=f"{RUN}, models/ included")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder to write (default: exported, beside the results)")
    films = "films, or folders of them, on which the exported networks must answer as torch does, besides drawn ones"
    parser.add_argument("--films", type=Path, nargs="+", default=[], metavar="FILM", help=films)
    parser.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.inference import export

    export.export(options.run, options.out, options.films)
