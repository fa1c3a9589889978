"""python -m cxrkit bench: how fast this machine trains, and what it waits for."""

from argparse import Namespace
from pathlib import Path

from cxrkit import config
from cxrkit.cli.shared import Commands, declare
from cxrkit.command_line import Words
from cxrkit.files import refuse_unwritable_folder, write_text
from cxrkit.options import overrides_of
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    bench = declare(
        commands, "bench", help="measure this machine: loaders, steps, parallel trainings, compared with a plain fastai notebook"
    )
    bench.add_argument("--data", action="append", metavar="DIR", help="films to measure with, as for a run (default: drawn phantoms)")
    bench.add_argument(
        "--experiment",
        default="paper",
        metavar="NAME",
        help="take image size, batch size and networks from this experiment (default: paper)",
    )
    bench.add_argument("--image-size", dest="sizes", action=Words, item=int, metavar="PIXELS", help="other image sizes, one or more")
    bench.add_argument("--batch-size", type=int, metavar="IMAGES", help="another batch size")
    bench.add_argument("--architectures", action=Words, metavar="NAME", help="other networks, or fewer")
    bench.add_argument("--precision", metavar="FORMAT", help="another number format (default: chosen by the device)")
    bench.add_argument(
        "--quick", action="store_true", help="take two minutes: shorter blocks, small batches, no comparison with a plain notebook"
    )
    simulated = "measure nothing: simulate 200 trainings on 1 to 64 nodes, with the durations of RUN or, without one, of the study"
    bench.add_argument("--cluster-simulation", nargs="?", const="", metavar="RUN", help=simulated)
    bench.add_argument("--out", type=Path, default=Path("runs/bench"), metavar="DIR", help="folder for the figures (default: runs/bench)")
    bench.set_defaults(command=run)


def run(options: Namespace) -> None:
    refuse_unwritable_folder(options.out)
    if options.cluster_simulation is not None:
        return _simulate(options)
    from cxrkit.bench import rounds, run, table, values

    experiment = config.load(options.experiment, {"data": ["phantom"]} | overrides_of(options))
    sizes = options.sizes or [experiment.image_size]
    for size in sizes:
        config.load(options.experiment, {"image_size": size})  # refuses what is too small
    measured = run.run(experiment, sizes, options.out, rounds.QUICK if options.quick else rounds.FULL)
    path = values.write(measured, options.out)
    answer("\n" + table.text(measured) + f"\n\nWritten: {path}")


def _simulate(options: Namespace) -> None:
    from cxrkit.bench import cluster
    from cxrkit.results import Results

    lengths = cluster.of_run(Results.open(options.cluster_simulation).epochs) if options.cluster_simulation else cluster.of_study()
    found = cluster.rows(lengths)
    write_text(options.out / "cluster.svg", cluster.drawing(found).svg)
    write_text(options.out / "cluster.txt", cluster.text(found, lengths) + "\n")
    answer(cluster.text(found, lengths) + f"\n\nWritten: {options.out / 'cluster.svg'}, cluster.txt")
