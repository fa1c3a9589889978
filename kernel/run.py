#!/usr/bin/env python3
"""The kernel's entry: sources to manifest to tree to trained networks to results, each stage once.

    python kernel/run.py --local                       the dry run, on drawn phantoms
    python kernel/run.py --local --data DIR --experiment paper
    python kernel/run.py --local --data DIR --experiment rigorous --cluster auto    on the nodes of a Ray cluster

On Kaggle it takes no arguments. A run that was stopped goes on with the same command.
"""

import signal
import sys
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the package beside it, also where another version is installed

import cxrkit
from cxrkit.errors import EXIT_CODES, WrongUse, require, run_command

EXAMPLES = """\
examples:
  python kernel/run.py --local
  python kernel/run.py --local --data coronahack=DIR --experiment paper --seeds 0 1 2
"""


def parser():
    """The options of a run, its experiment's keys among them, as a Parser."""
    import argparse  # here, as all that takes time: Ctrl-C is answered in a line from the start

    from cxrkit import config, options
    from cxrkit.command_line import Parser

    made = Parser(
        prog="kernel/run.py",
        description="Train and evaluate the four networks. Research use only.",
        epilog=EXAMPLES + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--local", action="store_true", help="run on this machine (needed anywhere but on Kaggle)")
    names = ", ".join(config.names())
    made.add_argument("--experiment", metavar="NAME", help=f"{names}, or a YAML file (default: dry-run here, paper on Kaggle)")
    made.add_argument("--out", type=Path, metavar="DIR", help="folder for everything the run makes (default: runs/EXPERIMENT)")
    end = "after so many hours no new stage begins, and the run reports what it has (default: no end)"
    made.add_argument("--hours", type=options.hours, help=end)
    cluster = (
        "read films and train on a Ray cluster: auto (the one that runs here), HOST:PORT or ray://HOST:PORT (pip install '.[cluster]')"
    )
    made.add_argument("--cluster", metavar="ADDRESS", default="", help=cluster)
    made.add_argument("--cpu", action="store_true", help="on Kaggle: run on processors where no GPU works, instead of stopping")
    made.add_argument("--results", metavar="SLUG", default="", help="on Kaggle: the dataset to send the results to")
    logger = "also send each epoch's figures to tensorboard or wandb, numbers alone, never a film; may be given twice (default: neither)"
    made.add_argument("--logger", action="append", default=[], choices=("tensorboard", "wandb"), help=logger)
    options.add_quiet(made)
    made.add_argument("--version", action="version", version=cxrkit.__version__)
    options.add_arguments(made.add_argument_group("experiment", "each also a key of the YAML file"))
    return made


def parse(arguments=None):
    return parser().parse_args(arguments)


def main(arguments=None):
    """Run; return an exit code where another process ran instead, else None. Raises CxrkitError."""
    options = parse(arguments)
    import importlib
    import time

    from cxrkit import config, environment, run_log
    from cxrkit.options import heed, overrides_of
    from cxrkit.progress import announce

    heed(options)
    shared_out = environment.processes() > 1 and not environment.on_kaggle()
    local = options.local or shared_out  # torchrun takes --local for an option of its own
    if not local and not environment.on_kaggle():
        raise WrongUse("This is not Kaggle.", next="add --local to run here")
    overrides = overrides_of(options)
    name = options.experiment or ("dry-run" if local else "paper")
    if local and not options.experiment and "data" in overrides:
        raise WrongUse("The experiment for your data is not named.", next="add --experiment paper, rigorous or a YAML file")
    if (options.cluster or options.logger) and not local:
        raise WrongUse("Kaggle has one machine, and its log.", "--cluster, --logger", "leave them out")
    require("torch", "torchvision", "fastai", *(["ray"] if options.cluster else []), *options.logger)
    experiment = config.load(name, overrides)
    config.refuse_weights(experiment)
    executor = workers = None
    if options.cluster:  # by their names, for they do not travel to Kaggle
        executor = importlib.import_module("cxrkit.cluster.executor").Cluster(options.cluster)
        workers = importlib.import_module("cxrkit.cluster.readers").Readers(or_here=True)
    from cxrkit import pipeline  # after the options were checked: --help, and a wrong option, are answered at once
    from cxrkit.kaggle_io import hub

    experiment = hub.attached(experiment)
    started = time.monotonic()
    out = options.out or Path("runs") / experiment.name
    with run_log.logged(out / run_log.NAME) if local else nullcontext():
        if local:
            log = importlib.import_module("cxrkit.loggers").opened(options.logger, out, experiment) if options.logger else nullcontext()
            with log as tell:
                left = environment.Deadline.of_run(options.hours, out)
                results = pipeline.run(experiment, out, time_left=left, executor=executor, workers=workers, tell=tell)
        else:
            from cxrkit.kaggle_io import inside  # it brings fastai along, which takes seconds: bad input here is told before

            results = inside.run(experiment, options.hours, not options.cpu, options.results)
        announce(f"finished in {time.monotonic() - started:.0f} s")
        if results:
            pipeline.refuse_failures(results)
    return None


def _interrupt(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run_command(main))
