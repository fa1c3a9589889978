"""python -m cxrkit bench: how fast this machine trains, and what it waits for."""

from argparse import Namespace
from pathlib import Path

from cxrkit import config
from cxrkit.cli.shared import Commands
from cxrkit.files import write_json
from cxrkit.progress import say


def add(commands: Commands) -> None:
    bench = commands.add_parser("bench", help="measure this machine: loaders, training steps, pixel cache")
    bench.add_argument("--data", action="append", metavar="DIR", help="films to measure with, as for a run (default: drawn phantoms)")
    bench.add_argument(
        "--experiment", default="paper", metavar="NAME", help="whose image size, batches and networks to use (default: paper)"
    )
    bench.add_argument("--image-size", type=int, metavar="PIXELS", help="another image size")
    bench.add_argument("--batch-size", type=int, metavar="IMAGES", help="another batch size")
    bench.add_argument("--architectures", nargs="*", metavar="NAME", help="fewer networks")
    bench.add_argument("--precision", help="another number format")
    bench.add_argument("--out", type=Path, default=Path("runs/bench"), metavar="DIR", help="folder for the figures (default: runs/bench)")
    bench.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit import bench

    experiment = config.load(options.experiment, {"data": ["phantom"]} | config.overrides_of(options))
    measured = bench.run(experiment, options.out)
    path = options.out / bench.name(measured)
    write_json(path, measured)
    say("\n" + bench.text(measured) + f"\n\nWritten: {path}")
