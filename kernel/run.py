"""The kernel's entry: sources to manifest to tree to trained networks to results, each stage once.

    python kernel/run.py --local                       the dry run, on drawn phantoms
    python kernel/run.py --local --data DIR --experiment paper
    python kernel/run.py --local --data DIR --experiment rigorous --cluster auto    on the nodes of a Ray cluster

On Kaggle it takes no arguments. A run that was stopped goes on with the same command.
"""

import argparse
import importlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the package beside it, also where another version is installed

import cxrkit
from cxrkit import config, environment
from cxrkit.errors import WrongUse, run_command
from cxrkit.progress import announce


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a run, its experiment's keys among them."""
    parser = argparse.ArgumentParser(prog="kernel/run.py", description="Train and evaluate the four networks. Research use only.")
    parser.add_argument("--local", action="store_true", help="run on this machine (needed anywhere but on Kaggle)")
    parser.add_argument(
        "--experiment", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file; default: dry-run here, paper on Kaggle"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for everything the run makes; default: runs/EXPERIMENT")
    parser.add_argument("--hours", type=float, help="after so many hours no new stage begins, and the run reports what it has")
    cluster = "read films and train on a Ray cluster: auto (that of this machine), HOST:PORT or ray://HOST:PORT (pip install '.[cluster]')"
    parser.add_argument("--cluster", metavar="ADDRESS", default="", help=cluster)
    parser.add_argument("--cpu", action="store_true", help="on Kaggle: run on processors where no GPU works, instead of stopping")
    parser.add_argument("--results", metavar="SLUG", default="", help="on Kaggle: the dataset to send the results to")
    parser.add_argument("--version", action="version", version=cxrkit.__version__)
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int | None:
    """Run; return an exit code where another process ran instead, else None. Raises CxrkitError."""
    options = parse(arguments)
    shared_out = environment.processes() > 1 and not environment.on_kaggle()
    local = options.local or shared_out  # torchrun takes --local for an option of its own
    if not local and not environment.on_kaggle():
        raise WrongUse("This is not Kaggle.", next="add --local to run here")
    overrides = config.overrides_of(options)
    name = options.experiment or ("dry-run" if local else "paper")
    if local and not options.experiment and "data" in overrides:
        raise WrongUse("The experiment for your data is not named.", next="add --experiment paper, rigorous or a YAML file")
    experiment = config.load(name, overrides)
    if options.cluster and not local:
        raise WrongUse("Kaggle has one machine.", "--cluster", "leave it out")
    executor = workers = None
    if options.cluster:  # by their names, for they do not travel to Kaggle
        executor = importlib.import_module("cxrkit.cluster.executor").Cluster(options.cluster)
        workers = importlib.import_module("cxrkit.cluster.readers").Readers(or_here=True)
    from cxrkit import pipeline  # after the options were checked: --help, and a wrong option, are answered at once
    from cxrkit.kaggle_io import hub

    experiment = hub.attached(experiment)
    started = time.monotonic()
    if local:
        out = options.out or Path("runs") / experiment.name
        left = environment.Deadline.of_run(options.hours, out)
        results = pipeline.run(experiment, out, time_left=left, executor=executor, workers=workers)
    else:
        from cxrkit.kaggle_io import inside  # it brings fastai along, which takes seconds: bad input here is told before

        results = inside.run(experiment, options.hours, not options.cpu, options.results)
    announce(f"finished in {time.monotonic() - started:.0f} s")
    if results:
        pipeline.refuse_failures(results)
    return None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run_command(main))
