"""cxrkit 0.1.0: COVID-19 against healthy chest films. Research use only.

GENERATED from the repository by `python -m cxrkit bundle`: edit the constants below, or the repository.
Kaggle runs exactly one file, so this one holds the whole kit. Every module and data file stands below as
plain text under its own heading; they are written to a temporary folder, from which they are imported, and
kernel/run.py, at the end, is the program.

    cxrkit/__init__.py                       cxrkit: COVID-19 against healthy chest films, from raw sources to a report one can trust.
    cxrkit/__main__.py                       python -m cxrkit: the kit's stages one by one.
    cxrkit/bench.py                          How fast this machine trains, and what it waits for: every figure from one run, on the user's own films.
    cxrkit/config.py                         An experiment: defaults, then a YAML file, then the command line; unknown keys are errors.
    cxrkit/data/__init__.py                  Sources in, one manifest and one folder tree out.
    cxrkit/data/collected.py                 Films that the scrapers collected: a store with one folder a case, `<site>/<case>/record.json`.
    cxrkit/data/coronahack.py                CoronaHack: Kaggle's praveengovi/coronahack-chest-xraydataset.
    cxrkit/data/croissant.py                 croissant.json: the manifest described for machines, in the Croissant format.
    cxrkit/data/dicom.py                     DICOM films, through pydicom, which is optional: nothing else of the kit needs it.
    cxrkit/data/duplicates.py                Which films show one and the same picture, whatever was done to the file.
    cxrkit/data/folder.py                    A plain folder of films: covid/ and normal/ with files in them, and optionally films.csv beside them.
    cxrkit/data/groups.py                    What must stay together: the films of one patient, and all copies of one picture.
    cxrkit/data/ieee8023.py                  ieee8023/covid-chestxray-dataset and folders in its form: metadata.csv beside images/.
    cxrkit/data/images.py                    One way to open a chest film, whatever its class: a decoder that differs by class is a shortcut.
    cxrkit/data/licences.py                  What a licence lets one do with an image.
    cxrkit/data/manifest.py                  manifest.csv: every image that any source named, used or not, one row each.
    cxrkit/data/overview.py                  What a manifest holds, counted, as text: sources, reasons, splits, copies; and what changed between two.
    cxrkit/data/phantom.py                   Drawn chest phantoms: a stand-in for films, so that the whole road runs where no film is.
    cxrkit/data/pixels.py                    Films decoded once: grey squares in one file that only grows, read as a memory map.
    cxrkit/data/records.py                   One record an image: what is known of it, where from, and under which terms.
    cxrkit/data/registration.py              Is one film a crop of the other? Registration of two thumbnails, and how well they then agree.
    cxrkit/data/sources.py                   Where images come from: each kind of source has a reader, and all readers yield the same records.
    cxrkit/data/splits.py                    Who is learned from, who is chosen with, who is tested on; a patient is never cut in two.
    cxrkit/data/tree.py                      The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links.
    cxrkit/environment.py                    Where a run takes place: Kaggle or a machine of one's own, and what that machine can do.
    cxrkit/errors.py                         The errors that the kit raises on purpose, and the exit code of each.
    cxrkit/evaluation/__init__.py            Predictions in, numbers with their uncertainty out.
    cxrkit/evaluation/asking.py              A run's trained networks, loaded from its results folder and asked about films.
    cxrkit/evaluation/attention.py           Where a network looks: Grad-CAM maps, how much of them lies on the chest, and a gallery of films to look at.
    cxrkit/evaluation/audit_commands.py      The subcommand audit of `python -m cxrkit`.
    cxrkit/evaluation/audit_text.py          The audits as text for a log: the verdict first, then tables; what knows nothing of lungs stands above the networks.
    cxrkit/evaluation/audits.py              audits.json: can the answer be trusted? What knows nothing of lungs, masks, sources, controls, films from elsewhere.
    cxrkit/evaluation/baselines.py           What knows nothing of lungs: how well do a film's source, file, frame or thumbnail tell the classes apart?
    cxrkit/evaluation/bootstrap.py           Bootstrap intervals of every metric at once, with patients drawn, not images.
    cxrkit/evaluation/calibration.py         Whether a probability means what it says: of the films called 80 % COVID-19, are 80 % so?
    cxrkit/evaluation/commands.py            The subcommands evaluate and compare of `python -m cxrkit`.
    cxrkit/evaluation/comparison.py          comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on.
    cxrkit/evaluation/controls.py            Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught.
    cxrkit/evaluation/decision.py            The one procedure that says of two networks: better, worse, equivalent or undecided.
    cxrkit/evaluation/external.py            Films from elsewhere: what remains of the scores in another hospital, and whether the probabilities still mean what they say.
    cxrkit/evaluation/masking.py             Does a network need the lungs? Its area under the ROC curve with the centre of the film blacked out, or all but the centre.
    cxrkit/evaluation/metrics.py             What a set of predictions is worth, each figure with its 95 % interval and its n.
    cxrkit/evaluation/novelty.py             Is a picture one that the networks can have an opinion on, or outside what they have seen?
    cxrkit/evaluation/outcome.py             The whole outcome of a run, or of several: what the pipeline and the command line ask for.
    cxrkit/evaluation/paper.yaml             The 2020 study that the kit repeats: what it reports after the last epoch of each network.
    cxrkit/evaluation/predictions.py         A run's predictions, joined with what its manifest says of each image: split, patient group (copies included).
    cxrkit/evaluation/probes.py              Logistic regression as a probe: how much of an answer lies in some features, without training a network.
    cxrkit/evaluation/provenance.py          Does it see a disease, or where a film comes from? Sources told apart, sources left out, sources kept alike.
    cxrkit/evaluation/resplits.py            Runs on several splits of the same images: does a difference survive other training images?
    cxrkit/evaluation/retraining.py          A network trained once more by the same recipe on altered films or labels: what `--retrain` adds to an audit.
    cxrkit/evaluation/scores.py              metrics.json: the scores of every network, seed, stage and split of a run, computed from its predictions.
    cxrkit/evaluation/statistics.py          Tests and intervals, each for one question; `decision` says how they make a verdict.
    cxrkit/evaluation/study.py               The 2020 study's four confusion matrices: through the same tests, and beside ours.
    cxrkit/evaluation/verdict.py             The verdict: what the audits together allow a reader to believe, by rules and thresholds that stand here alone.
    cxrkit/experiments/dry-run.yaml          The whole road on drawn phantoms and from random weights, small enough for a laptop without a GPU.
    cxrkit/experiments/paper.yaml            The study's own protocol: one run of each network, 4 epochs with the body frozen, 4 unfrozen.
    cxrkit/experiments/rigorous.yaml         The protocol we would sign: ten seeds, and a test set of patients that nothing was chosen on.
    cxrkit/files.py                          Files that are either whole or absent: written beside their name, then renamed.
    cxrkit/kaggle_io/__init__.py             The road to Kaggle and back: one file up, one run there, verified results down.
    cxrkit/kaggle_io/bundle.py               The kit as one readable file: the only thing that `kaggle kernels push` sends.
    cxrkit/kaggle_io/checkpoints.py          What a run that ran out of time leaves for the next one: the trainings' states, beside the results.
    cxrkit/kaggle_io/client.py               The one door to Kaggle's API: the installed client, made to tell the truth.
    cxrkit/kaggle_io/commands.py             The commands of `python -m cxrkit` that deal with Kaggle.
    cxrkit/kaggle_io/credentials.py          What a running kernel may sign in to Kaggle with.
    cxrkit/kaggle_io/datasets.py             A folder as a Kaggle dataset: created or versioned, then compared with what Kaggle lists of it.
    cxrkit/kaggle_io/kernel.py               The run inside Kaggle: machine proved, data found, results sent, and an end in time.
    cxrkit/kaggle_io/metadata.py             kernel-metadata.json: what the kernel is called, and what Kaggle gives it.
    cxrkit/kaggle_io/mounts.py               What is attached to a Kaggle kernel, and where it lies.
    cxrkit/kaggle_io/push.py                 Send the kernel to Kaggle, wait for its end, and say truthfully how it ended.
    cxrkit/kaggle_io/results.py              Results down from Kaggle and up to it, each file compared with the checksums that the run wrote.
    cxrkit/kaggle_io/unpack.py               How the one file that Kaggle runs becomes a package again. The text of this module is part of that file.
    cxrkit/pipeline.py                       The road from sources to results: each stage in its order, each skipped where it is done and still valid.
    cxrkit/predict.py                        python -m cxrkit predict: what a finished run's networks say of other films, from its results folder alone.
    cxrkit/progress.py                       Progress for people: a bar on a terminal, one plain line a step in a log.
    cxrkit/report/__init__.py                Result files in, figures and tables out.
    cxrkit/report/audit_tables.py            The audits as tables: what knows nothing of lungs, masks, sources, films from elsewhere, controls, attention.
    cxrkit/report/cards.py                   The papers that travel with the results: MODEL_CARD.md, DATASHEET.md, CLAIM.md and CITATION.cff, generated, never written by hand.
    cxrkit/report/claim.yaml                 The 42 items of CLAIM, the Checklist for Artificial Intelligence in Medical Imaging, each named in our own words and
    cxrkit/report/commands.py                The subcommand report of `python -m cxrkit`.
    cxrkit/report/data_tables.py             The data as tables: what came in, what was left out and why, copies, splits, patients; and the films worth a look.
    cxrkit/report/datasheet.md               Datasheet: {{ n_used }} chest films of {{ sources }}
    cxrkit/report/facts.py                   Everything the report tells, read from a results folder alone.
    cxrkit/report/model_card.md              Model card: {{ networks }}
    cxrkit/report/page.css
    cxrkit/report/page.html
    cxrkit/report/page.js
    cxrkit/report/page.py                    report.html and what travels with it, from a results folder alone.
    cxrkit/report/plots.py                   The figures of a run, drawn from its result files: as SVG for the page, in the reader's colours, and as PNG.
    cxrkit/report/settings_tables.py         What a run was made with, as tables: its times, environment, settings and hashes.
    cxrkit/report/tables.py                  The report's tables as values, so that the page and its text twin show the same ones.
    cxrkit/report/text.py                    The page's text twin: report.md, and the same tables for a log.
    cxrkit/report/threshold_tables.py        How the networks do at other thresholds, and whether their probabilities mean what they say, as tables.
    cxrkit/report/thumbnails.py              Small pictures of the films that a report shows, kept in the results; only of films whose licence lets them be passed on.
    cxrkit/report/words.py                   The sentences that the page, its text twin and the cards share.
    cxrkit/training/__init__.py              Folder tree in; models, epochs and predictions out.
    cxrkit/training/grid.py                  The grid of jobs, architectures x seeds, and the tables made of what they left.
    cxrkit/training/loaders.py               The films as fastai DataLoaders: from the pixel cache on the device, or file by file as fastai does.
    cxrkit/training/networks.py              The four networks outside of training: built, loaded from a results folder, and asked.
    cxrkit/training/precision.py             How the networks compute: number format and memory layout, each chosen with its reason.
    cxrkit/training/recipe.py                The study's recipe for one network: train the head, find a learning rate, train everything.
    cxrkit/training/team.py                  Processes that train one network together: each takes its share of every batch, gradients are averaged.
    cxrkit/training/weights.py               ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host.
    kernel/run.py                            The kernel's entry: sources to manifest to tree to trained networks to results, each stage once.
"""

EXPERIMENT = 'paper'  # one of: dry-run, paper, rigorous
OVERRIDES = {}  # keys of the experiment laid over it, e.g. {"seeds": [0, 1], "epochs": 2}
HOURS = 11.0  # after so many hours no new stage begins, and the run reports what it has (Kaggle ends it after 12)
GPU = True  # whether to stop at once where no GPU works; False trains on the processors
RESULTS = 'cxrkit-chest-films-results'  # slug of your dataset that the results are sent to; empty: they stay in the kernel's output
RUN_ID = ''  # names this run in its results; empty: the time of its start

VERSION = '0.1.0'
SOURCE_SHA256 = 'c709f6b439113bce87d9e15916db6d5b759156651c57018d149d61dca9bf3246'
FILES = {}


# ======================================================================================================================
# cxrkit/__init__.py
# ======================================================================================================================

FILES['cxrkit/__init__.py'] = r'''
"""cxrkit: COVID-19 against healthy chest films, from raw sources to a report one can trust.

Research use only.
"""

__version__ = "0.1.0"
'''[1:]


# ======================================================================================================================
# cxrkit/__main__.py
# ======================================================================================================================

FILES['cxrkit/__main__.py'] = r'''
"""python -m cxrkit: the kit's stages one by one."""

import argparse
import sys
from pathlib import Path

from cxrkit import __version__, config, predict
from cxrkit.errors import BadInput, WrongUse, run_command
from cxrkit.evaluation import audit_commands
from cxrkit.evaluation import commands as evaluation_commands
from cxrkit.kaggle_io import commands as kaggle_commands
from cxrkit.progress import say
from cxrkit.report import commands as report_commands


def parser():
    """The command line. Each command imports what it needs when it runs, so that --help is quick."""
    top = argparse.ArgumentParser(prog="python -m cxrkit", description="COVID-19 against healthy chest films. Research use only.")
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    actions = commands.add_parser("manifest", help="build or check a manifest").add_subparsers(metavar="ACTION", required=True)
    build = actions.add_parser("build", help="read sources into a manifest")
    build.add_argument(
        "--source", action="append", required=True, metavar="KIND[:NAME]=DIR", help="a source of images; may be given several times"
    )
    build.add_argument("--experiment", default="paper", metavar="NAME", help="whose split and exclusions to use (default: paper)")
    build.add_argument("--split", help="paper or grouped, instead of the experiment's")
    build.add_argument("--split-seed", type=int, help="seed of the split")
    build.add_argument("--duplicates", choices=("remove", "keep"), help="copies of one picture (default: as the experiment says)")
    build.add_argument(
        "--out", type=Path, default=Path("manifest.csv"), metavar="FILE", help="the manifest to write (default: manifest.csv)"
    )
    build.set_defaults(command=build_manifest)
    check = actions.add_parser("check", help="check a manifest: schema, ids, files, classes, patients")
    check.add_argument("manifest", type=Path)
    check.add_argument("--hashes", action="store_true", help="compare the files' SHA-256 as well")
    check.set_defaults(command=check_manifest)
    diff = actions.add_parser("diff", help="what was added, removed, relabelled or moved between two manifests")
    diff.add_argument("before", type=Path)
    diff.add_argument("after", type=Path)
    diff.set_defaults(command=diff_manifests)
    terms = actions.add_parser("licences", help="write ATTRIBUTION.md, and list what may be redistributed")
    terms.add_argument("manifest", type=Path)
    terms.add_argument("--out", type=Path, default=Path("ATTRIBUTION.md"), metavar="FILE")
    terms.set_defaults(command=write_attribution)

    actions = commands.add_parser("tree", help="build the folder tree").add_subparsers(metavar="ACTION", required=True)
    build = actions.add_parser("build", help="link a manifest's images into train|valid|test/<label>/")
    build.add_argument("manifest", type=Path)
    build.add_argument("--out", type=Path, default=Path("tree"), metavar="DIR", help="the tree's folder (default: tree)")
    build.set_defaults(command=build_tree)

    bench = commands.add_parser("bench", help="measure this machine: loaders, training steps, pixel cache")
    bench.add_argument("--data", action="append", metavar="DIR", help="films to measure with, as for a run (default: drawn phantoms)")
    bench.add_argument(
        "--experiment", default="paper", metavar="NAME", help="whose image size, batches and networks to use (default: paper)"
    )
    bench.add_argument("--image-size", type=int, metavar="PIXELS", help="another image size")
    bench.add_argument("--batch-size", type=int, metavar="IMAGES", help="another batch size")
    bench.add_argument("--architectures", nargs="*", metavar="NAME", help="fewer networks")
    bench.add_argument("--precision", help="another number format")
    bench.add_argument(
        "--cache-curve", nargs="*", type=int, default=[], metavar="FILMS", help="build the pixel cache for these numbers of films, too"
    )
    bench.add_argument("--out", type=Path, default=Path("runs/bench"), metavar="DIR", help="folder for the figures (default: runs/bench)")
    bench.set_defaults(command=run_bench)

    evaluation_commands.add(commands)
    audit_commands.add(commands)
    report_commands.add(commands)
    kaggle_commands.add(commands)
    predict.add(commands)
    return top


def build_manifest(options):
    from cxrkit.data import croissant, manifest, overview, sources

    experiment = config.load(options.experiment, config.overrides_of(options))
    found = sources.parse_all(options.source, drawn_at=options.out.parent / "phantoms")
    records = manifest.build(
        found, experiment.split, experiment.exclude_views, experiment.split_seed, experiment.duplicates, experiment.label_conflicts
    )
    manifest.write(options.out, records, manifest.roots_of(found))
    croissant.write(options.out, records)
    say(overview.summary(records))
    say(overview.as_merged(records, experiment.split, experiment.split_seed, experiment.exclude_views))
    say(f"\n{len(records)} rows in {options.out}")


def check_manifest(options):
    from cxrkit.data import manifest, sources

    records = manifest.read(options.manifest)
    roots = manifest.read_roots(options.manifest)
    found = manifest.problems(records, sources.locator(roots) if roots else None, options.hashes)
    if found:
        listed = "\n".join(f"  - {problem}" for problem in found[:20])
        raise BadInput(
            f"The manifest has {len(found)} problem(s):\n{listed}", options.manifest, "build it again: python -m cxrkit manifest build"
        )
    where = "their files are there" if roots else "files not looked for: no " + options.manifest.with_suffix(".roots.json").name
    say(f"{options.manifest}: {len(records)} rows, {sum(r.used for r in records)} in use; {where}")


def diff_manifests(options):
    from cxrkit.data import manifest, overview

    say(overview.difference(manifest.read(options.before), manifest.read(options.after)) or "no difference")


def write_attribution(options):
    from collections import Counter

    from cxrkit.data import licences, manifest, overview
    from cxrkit.files import write_text
    from cxrkit.progress import table

    records = manifest.read(options.manifest)
    write_text(options.out, overview.attribution(records))
    counts = Counter(record.licence or "unknown" for record in records if record.used)
    rows = [[licence, count, "yes" if licences.may_redistribute(licence) else "no"] for licence, count in counts.most_common()]
    say(table(rows, ["licence", "images", "may be redistributed"], right=["images"]))
    say(f"credits in {options.out}")


def build_tree(options):
    from cxrkit.data import manifest, sources, tree

    roots = manifest.read_roots(options.manifest)
    if not roots:
        raise WrongUse(
            "It is not known where the manifest's images lie.",
            options.manifest,
            "build it on this machine: python -m cxrkit manifest build",
        )
    say(f"{options.out}: {tree.build(manifest.read(options.manifest), sources.locator(roots), options.out)}")


def run_bench(options):
    from cxrkit.files import write_json
    from cxrkit import bench

    experiment = config.load(options.experiment, {"data": ["phantom"]} | config.overrides_of(options))
    content = bench.run(experiment, options.out, options.cache_curve)
    path = options.out / bench.name(content)
    write_json(path, content)
    say("\n" + bench.text(content) + f"\n\nWritten: {path}")


def main(arguments=None):
    options = parser().parse_args(arguments)
    return options.command(options)


if __name__ == "__main__":
    sys.exit(run_command(main))
'''[1:]


# ======================================================================================================================
# cxrkit/bench.py
# ======================================================================================================================

FILES['cxrkit/bench.py'] = r'''
"""How fast this machine trains, and what it waits for: every figure from one run, on the user's own films.

The limit is a network's bare training step on one batch that never changes (the way timm's benchmark
measures it: https://github.com/huggingface/pytorch-image-models, benchmark.py); what the loaders and the
training loop reach is told as a share of it.
"""

import multiprocessing
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from fastai.learner import Callback
from fastai.torch_core import set_seed

from cxrkit import environment
from cxrkit.data import images, manifest, pixels, sources, tree
from cxrkit.evaluation import study
from cxrkit.evaluation.scores import SHORT_NAMES
from cxrkit.progress import say, table
from cxrkit.training import loaders, precision, recipe

WORKERS = 2
"""Decoding processes of the `files` loader, as on the two processors that Kaggle gave in 2020."""
SECONDS = 8
"""Each measurement goes on for about so long."""
STAGES_OF = {"paper": 1, "rigorous": 10}
"""Seeds of the experiments whose duration is estimated."""


def run(experiment, out, cache_sizes=()):
    """Measure everything on the experiment's films and image size; return the content of bench.json.

    out: the folder for what is made on the way. cache_sizes: numbers of films for the curve of the pixel cache.
    Raises BadInput as a run on the same data would.
    """
    out = Path(out)
    found = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    records = manifest.build(found, experiment.split, experiment.exclude_views, experiment.split_seed, kept=out / "known")
    locate = sources.locator(manifest.roots_of(found))
    used = [record for record in records if record.used]
    device = environment.choose_device().value
    how = (precision.choose_precision(experiment.precision, device), precision.choose_layout(device))
    precision.autotune(device)
    say(f"{len(used)} films at {experiment.image_size} px on {device}: {how[0].value}, {how[1].value}, batches of {experiment.batch_size}")
    content = {"conditions": _conditions(experiment, used, device, how), "cache": _cache(used, locate, experiment.image_size, out)}
    films = pixels.load(records, locate, experiment.image_size, out / "pixels")
    tree.build(records, locate, out / "tree")
    resident = loaders.resident(films, records, experiment.batch_size, device)
    files = loaders.from_files(out / "tree", tree.entries(records), experiment.image_size, experiment.batch_size, WORKERS, device)
    content["loaders"] = {name: _loader_speed(made, device) for name, made in (("files", files), ("resident", resident))}
    content["networks"] = [_network(architecture, experiment, resident, device, how) for architecture in experiment.architectures]
    content["estimates"] = _estimates(content["networks"], resident)
    if cache_sizes:
        content["cache_curve"] = _cache_curve(used, locate, experiment.image_size, cache_sizes)
    content["peak_memory_bytes"] = environment.peak_memory_bytes()
    return content


def _conditions(experiment, used, device, how):
    gpu = {"gpu": torch.cuda.get_device_name(), "gpus": torch.cuda.device_count()} if device == "cuda" else {}
    chosen = {"precision": how[0].value, "layout": how[1].value, "threads": torch.get_num_threads()}
    size = {"image_size": experiment.image_size, "batch_size": experiment.batch_size, "films": len(used)}
    return size | {"device": device} | gpu | chosen | environment.describe()


def _cache(used, locate, size, out):
    """Films a second: one loop over Pillow, the cache's first build, and the seconds of a start that finds it whole."""
    started = time.monotonic()
    for record in used:
        pixels.square(images.open_grey(locate(record)), size)
    loop = time.monotonic() - started
    with tempfile.TemporaryDirectory(dir=out) as folder:
        build, again = (_seconds(lambda: pixels.load(used, locate, size, folder)) for _ in range(2))
    return {"films": len(used), "loop_per_second": len(used) / loop, "build_per_second": len(used) / build, "second_start_seconds": again}


def _seconds(function):
    started = time.monotonic()
    function()
    return time.monotonic() - started


def _wait_for(device):
    if device == "cuda":
        torch.cuda.synchronize()


def _repeat(step, device):
    """Seconds of one call of step(), on average over about SECONDS, after one that warms up."""
    step()
    _wait_for(device)
    count, started = 0, time.monotonic()
    while time.monotonic() - started < SECONDS or count < 2:
        step()
        _wait_for(device)
        count += 1
    return (time.monotonic() - started) / count


def _loader_speed(made, device):
    """Images a second that a training loader gives, ready for a network; whole epochs, for workers take time to start."""

    def epoch():
        for _ in made.train:
            pass

    return len(made.train) * made.train.bs / _repeat(epoch, device)


def _network(architecture, experiment, made, device, how):
    """Images a second of the bare step and of the training loop, with all layers trained, and what the loop waited for."""
    learner = recipe.make_learner(
        recipe.Job(architecture, 0), made, replace(experiment, pretrained=False), tempfile.gettempdir(), precision.callbacks(*how, device)
    )
    learner.unfreeze()
    timed = Timed(device)
    learner.fit(1, experiment.learning_rate, cbs=timed)  # warms up, and leaves the optimizer
    bare = _bare_step(learner, made, device, how)
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    learner.fit(1, experiment.learning_rate, cbs=timed)
    images_a_step = made.train.bs
    found = {
        "architecture": architecture,
        "bare_per_second": images_a_step / bare,
        "loop_per_second": images_a_step * len(made.train) / timed.train_seconds,
        "loop_over_bare": timed.train_seconds / len(made.train) / bare,
        "waited_share": timed.waited / timed.train_seconds,
        "valid_per_second": len(made.valid.items) / timed.valid_seconds,
        "peak_gpu_bytes": torch.cuda.max_memory_allocated() if device == "cuda" else None,
    }
    say(f"{architecture}: {found['loop_per_second']:.1f} images/s of {found['bare_per_second']:.1f}")
    return found


def _bare_step(learner, made, device, how):
    """Seconds of forward, backward and optimizer on one batch that never changes, with the learner's own optimizer."""
    set_seed(0)
    x, y = (value.as_subclass(torch.Tensor) for value in made.train.one_batch())
    model, optimizer = learner.model.train(), learner.opt
    scaler = torch.amp.GradScaler(device, enabled=how[0].value == "float16")
    cast = torch.autocast(device, getattr(torch, how[0].value), enabled=how[0].value != "float32")

    def step():
        with cast:
            loss = torch.nn.functional.cross_entropy(model(x).float(), y)
        scaler.scale(loss).backward()
        optimizer.step()
        optimizer.zero_grad()

    return _repeat(step, device)


class Timed(Callback):
    """Seconds of the training part of an epoch, of its wait for batches, and of its validation part."""

    order = 70

    def __init__(self, device):
        self.device = device

    def _now(self):
        _wait_for(self.device)
        return time.monotonic()

    def before_train(self):
        self.waited, self.started = 0, self._now()
        self.asked = self.started

    def before_batch(self):
        if self.training:
            self.waited += time.monotonic() - self.asked

    def after_batch(self):
        if self.training:
            self.asked = time.monotonic()

    def after_train(self):
        self.train_seconds = self._now() - self.started

    def before_validate(self):
        self.started = self._now()

    def after_validate(self):
        self.valid_seconds = self._now() - self.started


def _estimates(networks, made):
    """Seconds of the study's protocol (8 epochs of each network and its learning-rate finder) on these films at this size."""
    train, valid = len(made.train) * made.train.bs, len(made.valid.items)
    finder = 100 * made.train.bs
    one_seed = sum((8 * train + finder) / n["loop_per_second"] + 8 * valid / n["valid_per_second"] for n in networks)
    return {name: {"seeds": seeds, "networks": len(networks), "seconds": seeds * one_seed} for name, seeds in STAGES_OF.items()}


def _cache_curve(used, locate, size, counts):
    """Seconds and peak memory of building the cache for these numbers of films, each in a process of its own.

    Films are repeated under other hashes: a few bytes after the end of a picture file change nothing but them.
    """
    found = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            repeated = []
            for number in range(count):
                record = used[number % len(used)]
                content = locate(record).read_bytes() + number.to_bytes(8, "big")
                path = Path(folder) / f"{number}.film"
                path.write_bytes(content)
                repeated.append(
                    record.but(image_id=f"copy/{number}", path=f"copy/{path.name}", sha256=images.hashlib.sha256(content).hexdigest())
                )
            context = multiprocessing.get_context("spawn")
            with context.Pool(1) as pool:
                seconds, peak = pool.apply(_build_apart, (repeated, folder, size))
        found.append({"films": count, "seconds": seconds, "peak_memory_bytes": peak})
        say(f"cache of {count} films: {seconds:.1f} s")
    return found


def _build_apart(records, folder, size):
    started = time.monotonic()
    pixels.load(records, sources.locator({"copy": folder}), size, Path(folder) / "pixels")
    return time.monotonic() - started, environment.peak_memory_bytes()


def name(content):
    """The file name that says what the figures were measured under."""
    at = content["conditions"]
    device = at.get("gpu", f"cpu{at['processors']}").lower().replace(" ", "-")
    return f"bench-{device}-{at['precision']}-{at['layout']}-{at['image_size']}px-bs{at['batch_size']}-torch{at['versions']['torch'].split('+')[0]}.json"


def text(content):
    """The figures as tables."""
    cache, speed, estimates = content["cache"], content["loaders"], content["estimates"]
    seconds = {name: "{}-{}".format(*row["seconds_per_epoch"]) for name, row in study.tables()["networks"].items()}
    rows = [
        [
            SHORT_NAMES[n["architecture"]],
            f"{n['bare_per_second']:.1f}",
            f"{n['loop_per_second']:.1f}",
            f"{n['loop_over_bare']:.3f}",
            f"{n['waited_share']:.1%}",
            "" if n["peak_gpu_bytes"] is None else f"{n['peak_gpu_bytes'] / 1e9:.2f}",
            seconds.get(n["architecture"], ""),
        ]
        for n in content["networks"]
    ]
    header = ["network", "step, images/s", "loop, images/s", "loop / step", "waited", "GPU GB", "study, s/epoch"]
    lines = [
        f"pixel cache: {cache['build_per_second']:.0f} films/s, {cache['build_per_second'] / cache['loop_per_second']:.2f} times a loop over Pillow; a second start: {cache['second_start_seconds']:.2f} s",
        f"loaders: files with {WORKERS} workers {speed['files']:.0f} images/s, resident {speed['resident']:.0f} images/s, {speed['resident'] / speed['files']:.1f} times as many",
        "",
        table(rows, header, right=header[1:]),
        "",
        *(
            f"{name} ({e['seeds']} x {e['networks']} networks, 8 epochs each) at this size: about {e['seconds'] / 60:.0f} minutes"
            for name, e in estimates.items()
        ),
    ]
    if "cache_curve" in content:
        rows = [[row["films"], f"{row['seconds']:.1f}", f"{row['peak_memory_bytes'] / 1e6:.0f}"] for row in content["cache_curve"]]
        lines += ["", table(rows, ["films", "seconds", "peak MB"], right=["films", "seconds", "peak MB"])]
    return "\n".join(lines)
'''[1:]


# ======================================================================================================================
# cxrkit/config.py
# ======================================================================================================================

FILES['cxrkit/config.py'] = r'''
"""An experiment: defaults, then a YAML file, then the command line; unknown keys are errors."""

import argparse
import difflib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import yaml

from cxrkit.errors import WrongUse
from cxrkit.files import sha256_of_json

ARCHITECTURES = ("resnet34", "resnet101", "vgg16_bn", "vgg19_bn")
FOLDER = Path(__file__).parent / "experiments"
NOT_IN_HASH = ("data", "weights", "workers", "loader", "audit")
"""Keys that say where things lie or how fast they are read, and so decide no number."""
CHOICES = {
    "duplicates": ("remove", "keep"),
    "label_conflicts": ("exclude", "keep"),
    "loader": ("resident", "files"),
    "precision": ("auto", "float32", "float16", "bfloat16"),
    "parallel": ("jobs", "data"),
    "audit": ("full", "quick", "none"),
}


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run's numbers, and where its data lies. `help` texts are in HELP."""

    name: str = "unnamed"
    data: tuple[str, ...] = ()
    split: str = "paper"
    split_seed: int = 0
    exclude_views: tuple[str, ...] = ("lateral",)
    duplicates: str = "remove"
    label_conflicts: str = "exclude"
    allow_leakage: bool = False
    architectures: tuple[str, ...] = ARCHITECTURES
    seeds: tuple[int, ...] = (0,)
    image_size: int = 224
    batch_size: int = 64
    epochs: int = 4
    learning_rate: float = 1e-3
    lr_find_iterations: int = 100
    pretrained: bool = True
    weights: str = ""
    threshold: float = 0.5
    loader: str = "resident"
    precision: str = "auto"
    parallel: str = "jobs"
    audit: str = "full"
    workers: int = -1

    def __post_init__(self):
        unknown = sorted(set(self.architectures) - set(ARCHITECTURES))
        if unknown or not self.architectures:
            raise WrongUse(f"There is no architecture {', '.join(unknown) or 'named'}.", next=f"choose from {', '.join(ARCHITECTURES)}")
        if len(set(self.architectures)) < len(self.architectures) or len(set(self.seeds)) < len(self.seeds):
            raise WrongUse("An architecture or a seed is named twice.", next="name each once")
        for key, smallest in (("image_size", 32), ("batch_size", 2), ("epochs", 1), ("lr_find_iterations", 20)):
            if getattr(self, key) < smallest:
                raise WrongUse(f"{key} is {getattr(self, key)}; it must be at least {smallest}.", next=f"raise {key}")
        for key, allowed in CHOICES.items():
            if getattr(self, key) not in allowed:
                raise WrongUse(f"{key} is {getattr(self, key)!r}.", next=f"use {' or '.join(allowed)}")
        if self.parallel == "data" and self.loader == "files":
            raise WrongUse(
                "With --loader files every process would train on whole batches, and share nothing.",
                next="use --loader resident, or --parallel jobs",
            )
        if not 0 < self.threshold < 1 or not self.learning_rate > 0 or not self.seeds:
            raise WrongUse(
                "threshold must lie between 0 and 1, learning_rate above 0, and one seed be named.", next="correct the experiment"
            )

    def hash(self):
        """SHA-256 of what decides the numbers; 64 hexadecimal digits."""
        return sha256_of_json({key: value for key, value in asdict(self).items() if key not in NOT_IN_HASH})


HELP = {
    "data": "folder of the CoronaHack dataset, or KIND[:NAME]=DIR, or phantom, or phantom-marked; may be given several times",
    "split": "paper (the study's) or grouped (train/valid/test by patient)",
    "split_seed": "seed of the split",
    "exclude_views": "views that are left out",
    "duplicates": "copies of one picture: remove (all but one) or keep (as the study merged its sources)",
    "label_conflicts": "films of one group that sources label differently: exclude or keep",
    "allow_leakage": "train although a patient or a picture is in two splits; every table says so",
    "architectures": f"networks to train: {', '.join(ARCHITECTURES)}",
    "seeds": "training seeds; each network is trained once a seed",
    "image_size": "side of the square the networks see, in pixels",
    "batch_size": "images a training step",
    "epochs": "epochs of each of the two stages, body frozen and unfrozen",
    "learning_rate": "peak learning rate of the frozen stage",
    "lr_find_iterations": "steps of the learning-rate finder",
    "pretrained": "start from ImageNet weights (--no-pretrained: from random ones)",
    "weights": "folder with torchvision's ImageNet weight files, instead of the network",
    "threshold": "an image is called COVID-19 from this probability on",
    "loader": "resident (films decoded once, augmented on the device) or files (fastai's way: each file decoded at each use)",
    "precision": "auto (chosen by the device), float32, float16 or bfloat16",
    "parallel": "under torchrun: jobs (the trainings are shared out) or data (all processes train one network together)",
    "audit": "after training: full, quick (what asks no network) or none",
    "workers": "processes that decode images for --loader files; -1 chooses by the processors",
}


def names():
    """Names of the experiments that come with the kit."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name_or_path, overrides=None):
    """The experiment of that name or YAML file, with the overrides {key: value} laid over it.

    Raises WrongUse: no such experiment, unreadable YAML, an unknown key, or a value of the wrong type.
    """
    path = FOLDER / f"{name_or_path}.yaml"
    if not path.exists():
        path = Path(name_or_path)
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise WrongUse(f"There is no experiment {str(name_or_path)!r}.", next=f"name one of {', '.join(names())}, or a YAML file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"The experiment cannot be read: {error}", path, "correct the file") from error
    if not isinstance(values or {}, dict):
        raise WrongUse("The experiment is no mapping of keys to values.", path, "write `key: value` lines")
    return make({"name": path.stem, **(values or {})}, overrides or {}, path)


def make(values, overrides, where):
    """An Experiment from YAML values and overrides. Raises WrongUse."""
    known = {field.name: field.type for field in fields(Experiment)}
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, 1)
            raise WrongUse(
                f"The experiment has an unknown key {key!r}.",
                where,
                f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}",
            )
    merged = {**values, **overrides}
    return Experiment(**{key: _typed(key, value, known[key], where) for key, value in merged.items()})


def _typed(key, value, wanted, where):
    if wanted in (tuple[str, ...], tuple[int, ...]):
        kind = wanted.__args__[0]
        items = value if isinstance(value, (list, tuple)) else [value]
        if all(type(item) is kind for item in items):
            return tuple(items)
    elif wanted is float and type(value) in (int, float):
        return float(value)
    elif type(value) is wanted:
        return value
    raise WrongUse(f"The value {value!r} of {key!r} has the wrong type.", where, f"{key} is: {HELP.get(key, 'a text')}")


def add_arguments(parser):
    """Give an argparse parser one option for each key of Experiment but its name."""
    for field in fields(Experiment):
        option, help = "--" + field.name.replace("_", "-"), HELP.get(field.name)
        if field.name == "name":
            continue
        if field.name == "data":
            parser.add_argument(option, action="append", metavar="DIR", help=help)
        elif field.type is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
        elif field.type in (tuple[str, ...], tuple[int, ...]):
            parser.add_argument(option, nargs="*", type=field.type.__args__[0], metavar=field.name.upper()[:-1], help=help)
        else:
            parser.add_argument(option, type=field.type, metavar=field.type.__name__.upper(), help=help)


def overrides_of(arguments):
    """{key: value} of the options that were given, from a parsed command line."""
    given = {field.name: getattr(arguments, field.name, None) for field in fields(Experiment)}
    return {key: value for key, value in given.items() if value is not None}


def as_dict(experiment):
    """The resolved experiment as plain values, in the order of its keys."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(experiment).items()}


def with_data(experiment, data):
    return replace(experiment, data=tuple(data))
'''[1:]


# ======================================================================================================================
# cxrkit/data/__init__.py
# ======================================================================================================================

FILES['cxrkit/data/__init__.py'] = r'''
"""Sources in, one manifest and one folder tree out."""
'''[1:]


# ======================================================================================================================
# cxrkit/data/collected.py
# ======================================================================================================================

FILES['cxrkit/data/collected.py'] = r'''
"""Films that the scrapers collected: a store with one folder a case, `<site>/<case>/record.json`.

One store holds both sites, so a record's source is its site. A picture is used only when a field of its
site, words beside it, or a person says that it is an X-ray: "guessed" is not enough. COVID-19 is the case's
diagnosis and no visible finding; some of these films were read as negative.
"""

import json
import re
from pathlib import Path

from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

XRAY = "X-ray"
DECIDED = ("exact", "stated", "reviewed")
COVID = re.compile(r"covid|sars[- ]?cov[- ]?2", re.IGNORECASE)
NORMAL = re.compile(r"normal|no finding|normal chest (x-?ray|radiograph)( .*)?", re.IGNORECASE)


def read(root, name="collected"):
    """Records of a store, one for each picture that a case names, fetched or not.

    root: the store's folder. Pictures that cannot be used come back excluded with the reason.
    Raises BadInput: no such folder, no case in it, or a record that cannot be read.
    """
    root = Path(root)
    if not root.is_dir():
        raise BadInput("There is no such store.", root, "fill it: python -m scrapers refresh")
    found = [record for path in sorted(root.glob("*/*/record.json")) for record in _records(path, root, name)]
    if not found:
        raise BadInput("The store holds no case.", root, "fill it: python -m scrapers refresh")
    return found


def _records(path, root, name):
    try:
        case = json.loads(path.read_text("utf-8"))
        decided = all(film["patient"] for film in case["films"])
        return [_record(case, film, path.parent.relative_to(root).as_posix(), name, decided) for film in case["films"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"The case's record cannot be read: {type(error).__name__} {error}.", path, "refresh again, or move the folder away"
        ) from error


def _record(case, film, folder, name, patients_decided):
    site = case["site"]
    finding = case["finding"]["value"]
    patient = case.get("rid") or case["key"]
    # While one film of a two-patient case is not assigned, the case is one group: too large a group costs
    # a little data, too small a one leaks.
    patient += film["patient"] if patients_decided else ""
    file = film["file"] or f"{case['key']}-{film['key']}"
    return Record(
        image_id=f"{site}/{file}",
        path=f"{name}/{folder}/{file}",
        source=site,
        label=POSITIVE if COVID.search(finding) else NEGATIVE if NORMAL.fullmatch(finding) else "",
        finding=finding,
        patient=f"{site}:{patient}",
        modality=film["modality"]["value"],
        view=film["view"]["value"],
        view_basis=film["view"]["evidence"],
        age=film["age"]["value"] or case["age"]["value"],
        sex=film["sex"]["value"] or case["sex"]["value"],
        case_url=case["url"],
        image_url=film["image_url"] if film["how"] == "crawl" else next(iter(_web(film["image_urls"])), ""),
        licence=case["licence"]["value"] or "unknown",
        credit=case["credit"],
        permission=film["permission"],
        collected=film["how"] or case["how"],
        retrieved_at=film["retrieved_at"],
        excluded=_reason(film, finding),
    )


def _web(addresses):
    return [address for address in addresses if address.startswith(("http://", "https://"))]


def _reason(film, finding):
    kind = film["modality"]["value"]
    if film["confidence"] not in DECIDED:
        return "X-ray or CT is not decided: see review.csv"
    if kind != XRAY:
        return f"modality {kind}: not an X-ray"
    if not film["file"]:
        return f"no picture: {film['refused'] or 'not fetched yet'}"
    if not finding:
        return "the finding is not decided: see review.csv"
    if not COVID.search(finding) and not NORMAL.fullmatch(finding):
        return f"finding {finding}: neither normal nor COVID-19"
    return ""
'''[1:]


# ======================================================================================================================
# cxrkit/data/coronahack.py
# ======================================================================================================================

FILES['cxrkit/data/coronahack.py'] = r'''
"""CoronaHack: Kaggle's praveengovi/coronahack-chest-xraydataset.

5,910 rows: 1,576 normal films (1,342 TRAIN, 234 TEST), 58 COVID-19 films (all TRAIN), 4,276 of other
pneumonia. What a reader of its numbers should know:

- The normals are Kermany's children of one to five years from one hospital (CC BY 4.0,
  https://doi.org/10.17632/rscbjbr9sj.2); the COVID-19 films are adults from many sources, taken from
  ieee8023/covid-chestxray-dataset in March 2020. Age and hospital separate the classes.
- 34 of the 58 COVID-19 films are SIRM's, and one "Normal" is the film of a SIRM COVID-19 patient.
- 23 CT slices lie in train/ without a row, so the folder must be read by its metadata, never walked.
- The metadata spells "Pnemonia", and puts Label_2 before Label_1.
"""

import csv
import re
from pathlib import Path

from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

METADATA = "Chest_xray_Corona_Metadata.csv"
PHANTOM_MARKER = "PHANTOMS.txt"
FOLDER = "Coronahack-Chest-XRay-Dataset"
DATASET_URL = "https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset"
COLUMNS = ("X_ray_image_name", "Label", "Dataset_type", "Label_2_Virus_category", "Label_1_Virus_category")

LABEL_OF_FINDING = {"Normal": NEGATIVE, "Pnemonia/Virus/COVID-19": POSITIVE}

LATERALS = ("35AF5C3B", "44C8E3D6", "4C4DEFD8", "D5ACAA93")
"""First parts of the names of the four COVID-19 films that are laterals, as ieee8023's metadata says."""

KERMANY = re.compile(r"(?P<patient>(NORMAL2-)?IM-\d+|person\d+_(virus|bacteria))[-_]")
ARTICLE = re.compile(r"1-s2\.0-S\d+|kjr-\d+-e\d+|jkms-\d+-e\d+|\d{5}_\d{4}_\d+_Fig\d+|gr\d+_lrg|all\d+-fig-\d+")
SERIES_END = re.compile(r"([-_. ]?day[-_ ]?\d+|-[a-d]\d?|-\d{1,2})$")


def read(root, name="coronahack"):
    """Records of a CoronaHack folder, one for each row of its metadata.

    root: the folder that holds Chest_xray_Corona_Metadata.csv. Pictures are looked for in the nested, the
    single and the flat layout. Rows of other findings, and rows whose name is no plain file name, come
    back excluded with the reason; whether files exist and can be read is not looked at here.

    Raises BadInput: no such folder, no metadata, a missing column, or the altered copy of the dataset.
    """
    root = Path(root)
    rows = _rows(root)
    folder = _picture_folder(root)
    drawn = (root / PHANTOM_MARKER).exists()
    source = "phantom" if drawn else name
    records, seen = [], {}
    for number, row in rows:
        record = _record(row, number, source, folder.relative_to(root).as_posix(), name)
        seen[record.image_id] = seen.get(record.image_id, 0) + 1
        if seen[record.image_id] > 1:
            record = record.but(
                image_id=f"{record.image_id}#row{number}",
                excluded=record.excluded or "the metadata names this file more than once",
            )
        if drawn:
            record = record.but(collected="drawn", licence="CC0-1.0", credit="cxrkit phantom, no patient", case_url="", age="")
        records.append(record)
    return records


def _rows(root):
    path = root / METADATA
    if not root.is_dir():
        raise BadInput("There is no such data folder.", root, "give the folder that holds " + METADATA)
    if not path.is_file():
        found = ", ".join(sorted(p.name for p in root.iterdir())[:8]) or "nothing"
        raise BadInput(
            f"The folder holds no {METADATA}; it holds: {found}.",
            root,
            f"download the dataset ({DATASET_URL}) or name the folder it was unpacked into",
        )
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise BadInput(
                    f"The metadata lacks the column(s) {', '.join(missing)}; it has: {', '.join(reader.fieldnames or ())}.",
                    path,
                    "use the original metadata file of the dataset",
                )
            rows = [(number, row) for number, row in enumerate(reader, start=2)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The metadata is no readable CSV: {error}.", path, "download the file again") from error
    if not rows:
        raise BadInput("The metadata has no rows.", path, "download the file again")
    altered = sum(bool(re.fullmatch(r"COVID19_\d+\.jpg", row["X_ray_image_name"] or "")) for _, row in rows)
    if altered:
        raise BadInput(
            f"This is an altered copy of CoronaHack: {altered} rows named COVID19_<n>.jpg are not in the original.",
            path,
            f"use the original: {DATASET_URL}",
        )
    return rows


def _picture_folder(root):
    for folder in (root / FOLDER / FOLDER, root / FOLDER, root):
        if (folder / "train").is_dir() or (folder / "test").is_dir():
            return folder
    raise BadInput(
        "The folder has the metadata but no train/ and test/ folders with pictures.",
        root,
        f"unpack the whole archive, so that {FOLDER}/{FOLDER}/train lies beside {METADATA}",
    )


def _record(row, number, source, folder, root_name):
    name, label, kind, virus, category = ((row[column] or "").strip() for column in COLUMNS)
    finding = "/".join(part for part in (label, category, virus) if part)
    kermany = KERMANY.match(name)
    view, basis = _view(name, kermany)
    path = f"{root_name}/{folder}/{kind.lower()}/{name}".replace("/./", "/")
    excluded = ""
    if not re.fullmatch(r"[^/\\\x00-\x1f]+", name) or name in (".", ".."):
        path, excluded = "", f"row {number} of the metadata names no plain file: {name!r}"
    elif kind not in ("TRAIN", "TEST"):
        excluded = f"row {number} of the metadata has the Dataset_type {kind!r}"
    elif finding not in LABEL_OF_FINDING:
        excluded = f"finding {finding or 'empty'}: neither normal nor COVID-19"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=path,
        source=source,
        label=LABEL_OF_FINDING.get(finding, ""),
        finding=finding,
        patient=f"{source}:{patient_of(name)}" if name else "",
        view=view,
        view_basis=basis,
        age="1-5" if kermany else "",
        case_url=DATASET_URL,
        licence="CC BY 4.0" if kermany else "unknown",
        credit="Kermany, Zhang, Goldbaum (2018), doi:10.17632/rscbjbr9sj.2"
        if kermany
        else "CoronaHack, from ieee8023/covid-chestxray-dataset",
        collected="kaggle",
        published_split={"TRAIN": "train", "TEST": "test"}.get(kind, ""),
        excluded=excluded,
    )


def patient_of(name):
    """The patient key that a CoronaHack file name carries.

    Kermany's names hold it. The adult films' names do not, so films of one article or one series are
    taken for one patient: too large a group costs a little data, too small a one leaks.
    """
    kermany = KERMANY.match(name)
    if kermany:
        return kermany["patient"]
    article = ARTICLE.match(name)
    if article:
        return article[0]
    stem = name.rsplit(".", 1)[0]
    return SERIES_END.sub("", SERIES_END.sub("", stem)) or stem


def _view(name, kermany):
    if name.startswith(LATERALS):
        return "lateral", "ieee8023 metadata of 2020-03-17"
    if kermany:
        return "AP", "Kermany 2018: antero-posterior films of children"
    return "", ""
'''[1:]


# ======================================================================================================================
# cxrkit/data/croissant.py
# ======================================================================================================================

FILES['cxrkit/data/croissant.py'] = r'''
"""croissant.json: the manifest described for machines, in the Croissant format.

Croissant 1.1 with its RAI fields on collection and bias, https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html
"""

from collections import Counter
from pathlib import Path

from cxrkit import __version__
from cxrkit.data.records import COLUMNS, NUMBERS
from cxrkit.files import sha256_of, write_json

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

BIASES = (
    "In CoronaHack the normal films are of children of one to five years from one hospital and the COVID-19 films of adults "
    "from many sources: age, hospital, size and format separate the classes without any sign of disease.",
    "The COVID-19 label is the diagnosis of the case, not a finding on the film.",
)


def write(manifest_path, records):
    """Write croissant.json beside a manifest.csv that was written before; return its path."""
    manifest_path = Path(manifest_path)
    path = manifest_path.with_name("croissant.json")
    write_json(path, describe(manifest_path, records))
    return path


def describe(manifest_path, records):
    """The Croissant description of a manifest as plain values."""
    used = [record for record in records if record.used]
    sources = Counter(record.source for record in used)
    licences = sorted({record.licence or "unknown" for record in used})
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"images/{column}",
            "name": column,
            "dataType": "sc:Integer" if column in NUMBERS else "sc:Text",
            "source": {"fileObject": {"@id": "manifest"}, "extract": {"column": column}},
        }
        for column in COLUMNS
    ]
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": "cxrkit-manifest",
        "description": f"{len(used)} chest films, COVID-19 and healthy, of {len(records)} that the sources name. Research use only.",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "version": __version__,
        "license": licences,
        "url": "https://www.kaggle.com/datasets/praveengovi/coronahack-chest-xraydataset",
        "datePublished": max((record.retrieved_at[:10] for record in used if record.retrieved_at), default="2020-06-19"),
        "creator": {"@type": "sc:Organization", "name": "the sources named in each row's credit"},
        "citeAs": "The credit column names the source of each image.",
        "rai:dataCollection": f"Merged by cxrkit from {', '.join(f'{name} ({count})' for name, count in sorted(sources.items()))}.",
        "rai:dataCollectionType": ["Secondary Data Analysis"],
        "rai:dataBiases": list(BIASES),
        "rai:personalSensitiveInformation": ["Age", "Gender", "Health"],
        "rai:dataPreprocessingProtocol": ["Copies of one picture are found by content; patients are kept in one split."],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "manifest",
                "name": "manifest.csv",
                "contentUrl": manifest_path.name,
                "encodingFormat": "text/csv",
                "sha256": sha256_of(manifest_path),
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "images", "name": "images", "key": {"@id": "images/image_id"}, "field": fields}],
    }
'''[1:]


# ======================================================================================================================
# cxrkit/data/dicom.py
# ======================================================================================================================

FILES['cxrkit/data/dicom.py'] = r'''
"""DICOM films, through pydicom, which is optional: nothing else of the kit needs it.

What is done to the stored values is what a viewer does (DICOM PS3.3, C.11.1 and C.11.2,
https://dicom.nema.org/medical/dicom/current/output/chtml/part03/sect_C.11.html): modality LUT or rescale, then VOI
LUT or window, then MONOCHROME1 turned over. No name, date or identifier is read.
"""

import struct
from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.data.images import SMALLEST_SIDE
from cxrkit.errors import UnreadableImage

FILMS = ("CR", "DX", "RG", "OT", "SC", "")
"""Modalities under which projection films are filed; OT and SC are what scanned ones come as."""
SIDEWAYS = ("LL", "RL", "LATERAL")
FAR_OUT = 1e12
DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What pydicom raises for a file that is damaged, or packed in a way it has no decoder for."""


def is_dicom(path):
    """Whether a file says that it is DICOM. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(132)[128:] == b"DICM"


def open_grey(path):
    """A DICOM film as 8-bit grey, a PIL image of mode L, and why it is no frontal film: sentences, or an empty list.

    Raises UnreadableImage, also where pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError:
        raise UnreadableImage("it is DICOM, and pydicom is not installed", path, "pip install pydicom, or bring the film as PNG") from None
    try:
        film = pydicom.dcmread(path)
        return _grey(film), _doubts(film)
    except UnreadableImage as error:
        raise UnreadableImage(error.what, path, error.next) from error
    except (pydicom.errors.InvalidDicomError, pydicom.errors.BytesLengthException, *DAMAGE) as error:
        reason = str(error).splitlines()[0][:150] if str(error) else type(error).__name__
        raise UnreadableImage(
            f"the DICOM file cannot be decoded: {reason}", Path(path), "export the film uncompressed, or as PNG"
        ) from error


def _grey(film):
    frames, rows, columns = int(film.get("NumberOfFrames") or 1), int(film.Rows), int(film.Columns)
    if frames > 1:
        raise UnreadableImage(f"it holds {frames} pictures, not one film", next="export the film alone")
    if min(rows, columns) < SMALLEST_SIDE:
        raise UnreadableImage(f"only {columns} x {rows} pixels", next="bring the film in full size")
    if rows * columns > Image.MAX_IMAGE_PIXELS:
        raise UnreadableImage(f"{columns} x {rows} pixels are too many", next="bring the film in a usual size")
    kind = str(film.PhotometricInterpretation)
    if kind == "RGB" or kind.startswith("YBR"):
        return Image.fromarray(_colours(film)).convert("L")
    if kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnreadableImage(f"its pixels are of the kind {_plain(kind)}, which no film has", next="export the film in grey")
    shares = _displayed(film)
    return Image.fromarray(np.rint((1 - shares if kind == "MONOCHROME1" else shares) * 255).astype(np.uint8))


def _colours(film):
    from pydicom.pixels import pixel_array

    return (pixel_array(film) >> max(0, int(film.BitsStored) - 8)).astype(np.uint8)


def _displayed(film):
    """The film's values as a viewer shows them, float64 [rows, columns] from 0 to 1, not yet turned over."""
    from pydicom.pixels import apply_modality_lut, apply_windowing

    stored = film.pixel_array
    values = np.asarray(apply_modality_lut(stored, film), np.float64)
    if "VOILUTSequence" in film:
        values, low, high = _looked_up(values, film.VOILUTSequence[0])
    elif film.get("WindowCenter") not in (None, "") and film.get("WindowWidth") not in (None, ""):
        values = apply_windowing(values, film)
        low, high = apply_windowing(np.array([-FAR_OUT, FAR_OUT]), film)
    else:
        low, high = _range_of(values, stored, film)
    if not high > low:
        raise UnreadableImage("all its pixels are the same", next="export the film again")
    return np.clip((values - low) / (high - low), 0, 1)


def _looked_up(values, table):
    """Values by a VOI LUT (C.11.2.1.1), and the least and greatest it could give; pydicom fails at tables of 8 bits."""
    count, first, bits = (int(number) for number in table.LUTDescriptor)
    entries = table.LUTData
    if isinstance(entries, bytes):
        entries = np.frombuffer(entries, np.uint8 if len(entries) == (count or 2**16) else "<u2")
    place = np.clip(np.rint(values).astype(np.int64) - first, 0, len(entries) - 1)
    return np.asarray(entries, np.float64)[place], 0, 2**bits - 1


def _range_of(values, stored, film):
    """The least and greatest value, padding left aside."""
    padding = film.get("PixelPaddingValue")
    kept = values[stored != padding] if padding is not None else values
    return (kept.min(), kept.max()) if kept.size else (0, 0)


def _doubts(film):
    modality, view = str(film.get("Modality", "")).strip(), str(film.get("ViewPosition", "")).strip()
    part = str(film.get("BodyPartExamined", "")).strip().upper()
    doubts = []
    if modality not in FILMS:
        doubts.append(f"its header says modality {_plain(modality)}, not a projection film")
    if view.upper() in SIDEWAYS:
        doubts.append("its header says lateral view")
    if part and not any(word in part for word in ("CHEST", "THORAX", "LUNG")):
        doubts.append(f"its header says body part {_plain(part)}")
    return doubts


def _plain(text):
    """A header's word, fit to print."""
    return "".join(sign for sign in text if sign.isprintable())[:16]
'''[1:]


# ======================================================================================================================
# cxrkit/data/duplicates.py
# ======================================================================================================================

FILES['cxrkit/data/duplicates.py'] = r'''
"""Which films show one and the same picture, whatever was done to the file.

Found: copies that were re-encoded, resized, turned to grey or colour, cropped by up to 10 % a side, padded,
brightened or labelled. Not found, on purpose: mirrored films, films of one patient on other days.

Two stages. Candidates: a signature of 35 low frequencies, whitened over the set, compared between each film
and 81 crops of each other through locality-sensitive hashing, so that the cost grows nearly linearly (one core,
synthetic signatures: 0.35 ms a film among 2,000, 0.5 among 10,000, 1.0 among 50,000).
Verification: registration.agreement, against THRESHOLD.

A 64-bit perceptual hash alone does not do: independent chest films differ in few of its bits.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxrkit.data.registration import SIDE, Details, agreement
from cxrkit.progress import track

VERSION = 1
THRESHOLD = 0.75
"""Least agreement of two copies. Figures in `find`."""

CROPS = (0.0, 0.035, 0.075)
FREQUENCIES = 8
TABLES = 16
SMALL_SET = 64
LEAST_SIMILARITY = 0.65
CANDIDATES_A_FILM = 16
PADDING = 0.25


@dataclass(frozen=True)
class Pair:
    """Two films of one picture; `first` is the larger cut where one is a crop of the other."""

    first: str
    second: str
    agreement: float


def thumbnail(grey):
    """A grey PIL image as SIDE x SIDE bytes, without a uniform border of up to a quarter a side."""
    if max(grey.size) > 1024:
        grey = grey.copy()
        grey.thumbnail((512, 512), Image.Resampling.BOX)
    pixels = np.asarray(grey)
    top, bottom = _uniform_border(pixels.std(1))
    left, right = _uniform_border(pixels.std(0))
    return np.asarray(Image.fromarray(pixels[top:bottom, left:right]).resize((SIDE, SIDE), Image.Resampling.BOX))


def _uniform_border(spread):
    most, start, end = int(len(spread) * PADDING), 0, len(spread)
    while start < most and spread[start] < 4:
        start += 1
    while len(spread) - end < most and spread[end - 1] < 4:
        end -= 1
    return start, end


def find(thumbnails):
    """All pairs of films that show one picture, sorted.

    thumbnails: {image_id: SIDE x SIDE grey bytes}. The result does not depend on the order.

    Measured on 1,933 real films (1,631 of CoronaHack, 142 of ieee8023, 160 of NIH): 45 pairs found, each
    known to be a copy or seen to be one, agree by .95 or more, and no other of 22,055 verified candidates by
    more than .56, so THRESHOLD lies in the empty middle (false positives: 0 of 22,055, 95 % interval 0 to
    0.02 %). Of copies made by cropping up to 10 % a side, brightening, encoding at quality 60 and a label
    over 0.7 % of the picture, 148 of 150 are found (missed: 1.3 %, Wilson 95 % 0.4 to 4.7 %); with a label
    over 2 %, 125 of 150 (missed: 17 %, 12 to 23 %), nearly all lost among the candidates.
    """
    names = sorted(thumbnails)
    if len(names) < 2:
        return []
    stack = np.stack([thumbnails[name] for name in names])
    details, pairs = {}, {}
    for whole, part, box in track(candidates(stack), "comparing films"):
        for index in (whole, part):
            if index not in details:
                details[index] = Details(stack[index])
        value = agreement(details[whole], details[part], box)
        key = (min(whole, part), max(whole, part))
        if value >= THRESHOLD and value > pairs.get(key, Pair("", "", -1)).agreement:
            pairs[key] = Pair(names[whole], names[part], round(value, 3))
    return sorted(pairs.values(), key=lambda pair: (pair.first, pair.second))


def candidates(stack):
    """(whole, part, box) triples worth verifying: `part` looks like the crop `box` of `whole`.

    stack: n x SIDE x SIDE grey bytes. Each film stands in its most similar few.
    """
    wholes, parts, crops, similarity = similar(whiten(signatures(stack)))
    order = np.lexsort((crops, parts, wholes, -similarity))
    pair = np.minimum(wholes, parts) * len(stack) + np.maximum(wholes, parts)
    best = order[np.sort(np.unique(pair[order], return_index=True)[1])]
    count, found = np.zeros(len(stack), int), []
    for whole, part, crop in zip(wholes[best].tolist(), parts[best].tolist(), crops[best].tolist()):
        if min(count[whole], count[part]) < CANDIDATES_A_FILM:
            count[whole] += 1
            count[part] += 1
            found.append((whole, part, _box(crop)))
    return found


def _intervals():
    return [(0.0, 1.0)] + [(low, 1 - high) for low in CROPS for high in CROPS if low or high]


def _box(crop):
    intervals = _intervals()
    rows, columns = intervals[crop // len(intervals)], intervals[crop % len(intervals)]
    return columns[0], rows[0], columns[1], rows[1]


def signatures(stack):
    """n x 81 x 35 low cosine frequencies of each thumbnail and its crops, each of unit length; the first crop is the whole.

    Cropping, resampling and the cosine transform are one product with a fixed matrix on either side.
    """
    position = (np.arange(SIDE) + 0.5) / SIDE
    basis = []
    for low, high in _intervals():
        inside = (position - low) / (high - low)
        waves = np.cos(np.pi * np.arange(FREQUENCIES)[:, None] * inside) * ((inside > 0) & (inside < 1))
        basis.append(waves / np.linalg.norm(waves, axis=1, keepdims=True))
    basis, n = np.concatenate(basis).astype(np.float32), len(basis)
    row, column = np.array([(i, j) for i in range(FREQUENCIES) for j in range(FREQUENCIES) if 0 < i + j < FREQUENCIES]).T
    found = np.empty((len(stack), n * n, len(row)), np.float32)
    for index, pixels in enumerate(stack):
        coefficients = basis @ _ranks(pixels) @ basis.T
        found[index] = coefficients.reshape(n, FREQUENCIES, n, FREQUENCIES).transpose(0, 2, 1, 3)[:, :, row, column].reshape(n * n, -1)
    return found / (np.linalg.norm(found, axis=2, keepdims=True) + 1e-6)


def _ranks(pixels):
    """Grey bytes as their share of darker pixels, -0.5 to 0.5: a white label on black weighs no more than its area."""
    counts = np.bincount(pixels.ravel(), minlength=256)
    return ((np.cumsum(counts) - counts / 2) / pixels.size - 0.5).astype(np.float32)[pixels]


def whiten(found):
    """Signatures relative to the set's mean film, each frequency to unit spread, each of unit length."""
    whole = found[:, 0]
    if len(whole) > SMALL_SET:
        found = (found - whole.mean(0)) / (whole.std(0) + 1e-6)
    return found / (np.linalg.norm(found, axis=2, keepdims=True) + 1e-6)


def similar(found):
    """Arrays (whole, part, crop, similarity) of what may be copies: a crop of one film near another film.

    found: n x crops x d whitened signatures. Films meet where their random-hyperplane codes are equal in
    one of TABLES tables (Charikar 2002, STOC, section 3); the code's length grows with log2 n, so that a
    code holds a few films whatever n is. A small set is compared pair by pair.
    """
    n, crops, d = found.shape
    wholes, queries = found[:, 0], found.reshape(-1, d)
    if n <= SMALL_SET:
        values = (queries @ wholes.T).reshape(n, crops, n)
        best, values = values.argmax(1), values.max(1)
        first, second = np.nonzero(~np.eye(n, dtype=bool))
        return first, second, best[first, second], values[first, second]
    random, bits = np.random.default_rng(0), int(np.ceil(np.log2(n))) + 2
    parts = []
    for _ in range(TABLES):
        planes, weights = random.normal(size=(d, bits)).astype(np.float32), 1 << np.arange(bits)
        codes, wanted = (wholes @ planes > 0) @ weights, (queries @ planes > 0) @ weights
        order = np.argsort(codes, kind="stable")
        low, high = (np.searchsorted(codes[order], wanted, side) for side in ("left", "right"))
        query = np.repeat(np.arange(len(queries)), high - low)
        offset = np.arange(len(query)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
        other = order[np.repeat(low, high - low) + offset]
        for start in range(0, len(query), 400_000):
            q, o = query[start : start + 400_000], other[start : start + 400_000]
            value = np.einsum("ij,ij->i", queries[q], wholes[o])
            near = (value > LEAST_SIMILARITY) & (q // crops != o)
            parts.append((q[near] // crops, o[near], q[near] % crops, value[near]))
    return tuple(np.concatenate(arrays) for arrays in zip(*parts))
'''[1:]


# ======================================================================================================================
# cxrkit/data/folder.py
# ======================================================================================================================

FILES['cxrkit/data/folder.py'] = r'''
"""A plain folder of films: covid/ and normal/ with files in them, and optionally films.csv beside them.

films.csv may have the columns file (`label/name`), patient, view, age, sex, licence, credit. A folder
without label folders is taken as normal films when its name says so (`nih_normal`).
"""

import csv
from pathlib import Path

from cxrkit.data.records import LABELS, VIEWS, Record
from cxrkit.data.tree import SUFFIXES
from cxrkit.errors import BadInput

FACTS = "films.csv"
COLUMNS = ("patient", "view", "age", "sex", "licence", "credit")


def read(root, name="folder"):
    """Records of a plain folder. Files of no image type are listed as excluded.

    Without a patient column a file's name up to its last "_" is its patient (NIH's `00001803_001`), else the
    whole name. Raises BadInput: no folder, no label in it, an unknown view in films.csv.
    """
    root = Path(root)
    if not root.is_dir():
        raise BadInput("There is no such data folder.", root, "give a folder with covid/ and normal/ in it")
    folders = [(label, root / label) for label in LABELS if (root / label).is_dir()]
    if not folders:
        folders = [(label, root) for label in LABELS if label in root.name.lower()]
    if not folders:
        raise BadInput(
            f"The folder has neither {' nor '.join(label + '/' for label in LABELS)}.", root, "sort the films into these folders"
        )
    known = _facts(root)
    found = []
    for label, folder in folders:
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name != FACTS:
                found.append(_record(path, path.relative_to(root).as_posix(), label, name, known))
    if not found:
        raise BadInput("The folder holds no file.", root, "put the films there")
    return found


def _record(path, relative, label, name, known):
    facts = known.get(relative, {})
    patient = facts.get("patient") or path.stem.rpartition("_")[0] or path.stem
    return Record(
        image_id=f"{name}/{relative}",
        path=f"{name}/{relative}",
        source=name,
        label=label,
        finding=label,
        patient=f"{name}:{patient}",
        view=facts.get("view", ""),
        view_basis=FACTS if facts.get("view") else "",
        age=facts.get("age", ""),
        sex=facts.get("sex", ""),
        licence=facts.get("licence") or "unknown",
        credit=facts.get("credit", ""),
        collected="imported",
        excluded="" if path.suffix.lower() in SUFFIXES else f"no image type: {path.suffix or 'no suffix'}",
    )


def _facts(root):
    path = root / FACTS
    if not path.exists():
        return {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The file is no readable CSV: {error}.", path, "correct it or take it away") from error
    for number, row in enumerate(rows, start=2):
        if not row.get("file") or (row.get("view") or "") not in VIEWS:
            raise BadInput(
                "The row has no file, or a view that is not known.",
                f"{path}, row {number}",
                f"use one of: {', '.join(filter(None, VIEWS))}",
            )
    return {row["file"]: {column: (row.get(column) or "").strip() for column in COLUMNS} for row in rows}
'''[1:]


# ======================================================================================================================
# cxrkit/data/groups.py
# ======================================================================================================================

FILES['cxrkit/data/groups.py'] = r'''
"""What must stay together: the films of one patient, and all copies of one picture."""

import re
from collections import defaultdict

UUID_NAME = re.compile(r"[0-9A-F]{8}-(?:[0-9A-F]{4}-){3}[0-9A-F]{12}", re.IGNORECASE)
"""SIRM published most films of March 2020 under such names, and the collections kept them."""


def groups_of(records, links=True):
    """{image_id: group} for all records; a group is named by its smallest image_id, whatever the order.

    Records join by patient key and, with `links`, by duplicate_of and by a UUID that their names share
    (union-find). Excluded records join too: a copy that is not used, or whose file is missing, still says
    that two patient keys are one patient.
    """
    parent = {}

    def root(name):
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for record in records:
        tied = [record.image_id]
        if record.patient:
            tied.append("patient " + record.patient)
        if links:
            tied += [record.duplicate_of] if record.duplicate_of else []
            tied += ["name " + uuid.upper() for uuid in UUID_NAME.findall(record.image_id)]
        for other in tied[1:]:
            parent[root(other)] = root(tied[0])
    members = defaultdict(list)
    for record in records:
        members[root(record.image_id)].append(record.image_id)
    return {name: min(names) for names in members.values() for name in names}


def mark_duplicates(records, pairs, remove=True):
    """The records with duplicate_of set on all but one of each picture; with `remove`, those are excluded.

    pairs: duplicates.Pair list. The one that stays knows most: a label, a view, a licence; then the
    larger file in pixels, then the smaller image_id.
    """
    by_id = {record.image_id: record for record in records}
    parent = {name: name for pair in pairs for name in (pair.first, pair.second)}

    def root(name):
        while parent[name] != name:
            name = parent[name]
        return name

    for pair in pairs:
        parent[root(pair.first)] = root(pair.second)
    pictures = defaultdict(list)
    for name in parent:
        pictures[root(name)].append(by_id[name])
    original = {}
    for copies in pictures.values():
        best = min(copies, key=_ignorance)
        original |= {copy.image_id: best.image_id for copy in copies if copy is not best}
    marked = []
    for record in records:
        if record.image_id in original:
            kept = original[record.image_id]
            record = record.but(duplicate_of=kept, excluded=record.excluded or (f"duplicate of {kept}" if remove else ""))
        marked.append(record)
    return marked


def _ignorance(record):
    pixels = (record.width or 0) * (record.height or 0)
    return (not record.label, not record.view, record.licence in ("", "unknown"), -pixels, record.image_id)


def exclude_conflicts(records):
    """The records, without the used ones of a group that two sources label differently; both rows are named."""
    groups, said = groups_of(records), defaultdict(dict)
    for record in sorted(records, key=lambda record: (record.modality != "X-ray", record.image_id)):
        if record.label:
            said[groups[record.image_id]].setdefault(record.label, record.image_id)
    result = []
    for record in records:
        labels = said[groups[record.image_id]]
        if record.used and len(labels) > 1:
            record = record.but(
                excluded="conflicting labels in one group: " + ", ".join(f"{label} by {name}" for label, name in sorted(labels.items()))
            )
        result.append(record)
    return result
'''[1:]


# ======================================================================================================================
# cxrkit/data/ieee8023.py
# ======================================================================================================================

FILES['cxrkit/data/ieee8023.py'] = r'''
"""ieee8023/covid-chestxray-dataset and folders in its form: metadata.csv beside images/.

Cohen, Morrison, Dao 2020, https://arxiv.org/abs/2003.11597. Films collected from publications and sites,
Radiopaedia and SIRM among them; licences stand per row, and SIRM's rows have none. Columns changed: those of
March 2020 lack the modality and have names with stray spaces; from mid-2020 a finding may be a path such as
Pneumonia/Viral/COVID-19. `patientid` counts cases, so one patient on two sites has two; SIRM's films are keyed by SIRM's case number.
"""

import csv
import re
from pathlib import Path

from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

NEEDED = ("patientid", "finding", "view", "filename", "url")
VIEW = {"PA": "PA", "AP": "AP", "AP SUPINE": "AP supine", "L": "lateral", "LATERAL": "lateral"}
SITES = (("radiopaedia", "radiopaedia.org"), ("sirm", "sirm.org"))
SIRM_CASE = re.compile(r"covid-?19-cas[oe]-(\d+)")
COVID_CASE = re.compile(r"covid", re.IGNORECASE)


def read(root, name="ieee8023"):
    """Records of an ieee8023-style folder, one for each row of metadata.csv.

    A row's source is the site its url points to (radiopaedia, sirm), else `name`. CT, unreviewed and other
    findings come back excluded with the reason. "No Finding" is normal only where the case is no COVID-19
    case. Raises BadInput: no folder, no metadata, a missing column.
    """
    root = Path(root)
    records, seen = [], {}
    for number, row in _rows(root):
        record = _record(row, number, name)
        seen[record.image_id] = seen.get(record.image_id, 0) + 1
        if seen[record.image_id] > 1:
            again = "the metadata names this file more than once"
            record = record.but(image_id=f"{record.image_id}#row{number}", excluded=record.excluded or again)
        records.append(record)
    return records


def _rows(root):
    path = root / "metadata.csv"
    if not path.is_file():
        raise BadInput("There is no metadata.csv.", root, "give the folder that holds metadata.csv and images/")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [
                {(k or "").strip(): (v or "").strip() for k, v in row.items() if not isinstance(v, list)} for row in csv.DictReader(file)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The metadata is no readable CSV: {error}.", path, "download the file again") from error
    if not rows:
        raise BadInput("The metadata has no rows.", path, "download the file again")
    lacking = [column for column in NEEDED if column not in rows[0]]
    if lacking:
        raise BadInput(
            f"The metadata lacks the column(s) {', '.join(lacking)}; it has: {', '.join(rows[0])}.", path, "use ieee8023's own file"
        )
    return list(enumerate(rows, start=2))


def _record(row, number, root_name):
    name, url = row["filename"], row["url"]
    source = next((site for site, host in SITES if host in url.lower()), root_name)
    case = SIRM_CASE.search(url)
    patient = f"sirm:{case[1]}" if source == "sirm" and case else f"{source}:{row['patientid'] or name}"
    label, excluded = _label(row, url)
    modality = row.get("modality") or ("CT" if row["view"] in ("Axial", "Coronal") else "X-ray")
    path = f"{root_name}/{row.get('folder') or 'images'}/{name}"
    if not re.fullmatch(r"[^/\\\x00-\x1f]+", name) or name in (".", "..") or not re.fullmatch(r"\w+", row.get("folder") or "images"):
        path, excluded = "", f"row {number} of the metadata names no plain file: {name!r}"
    elif modality != "X-ray":
        excluded = f"modality {modality}"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=path,
        source=source,
        label=label,
        finding=row["finding"],
        patient=patient,
        modality=modality,
        view=VIEW.get(row["view"].upper(), ""),
        view_basis="ieee8023 metadata" if row["view"].upper() in VIEW else "",
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        case_url=url,
        licence=row.get("license") or "unknown",
        credit=row.get("other_notes") or url or "ieee8023/covid-chestxray-dataset",
        collected="imported",
        excluded=excluded,
    )


def _label(row, url):
    finding = row["finding"].split("/")[-1] if "/" in row["finding"] else row["finding"]
    if "COVID-19" in finding:
        return POSITIVE, ""
    if finding.lower() == "todo":
        return "", "finding todo: not reviewed"
    if finding.lower() in ("no finding", "normal"):
        if COVID_CASE.search(url):
            return POSITIVE, "a film without finding in a COVID-19 case"
        return NEGATIVE, ""
    return "", f"finding {finding or 'empty'}: neither normal nor COVID-19"
'''[1:]


# ======================================================================================================================
# cxrkit/data/images.py
# ======================================================================================================================

FILES['cxrkit/data/images.py'] = r'''
"""One way to open a chest film, whatever its class: a decoder that differs by class is a shortcut."""

import hashlib
import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from cxrkit.data import duplicates
from cxrkit.environment import processors
from cxrkit.errors import BadInput, UnreadableImage
from cxrkit.files import read_json, replacing, write_json
from cxrkit.progress import track

SMALLEST_SIDE = 32
"""Pixels. Below it a file is an icon or a tracking pixel, not a film."""
FACTS_VERSION = f"1 {duplicates.VERSION}"
"""Of what is kept of a file: decoding, hash and thumbnail."""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a file that is damaged or far too large."""


def open_grey(path, content=None):
    """An image file as 8-bit grey: a PIL image of mode L. content: the file's bytes, where they are read already.

    Colour goes to luminance, an alpha channel is dropped, palettes are resolved, EXIF rotation is applied.
    Deeper images are scaled by the smallest usual bit depth that holds their largest value (a 12-bit film
    in a 16-bit PNG would come out black otherwise). Raises UnreadableImage.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path if content is None else io.BytesIO(content)) as image:
                return _to_grey(image)
    except UnidentifiedImageError as error:
        raise UnreadableImage("no image of a known format", path, "replace the file or leave it out") from error
    except DAMAGE as error:
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise UnreadableImage(f"cannot be decoded: {reason}", path, "replace the file or leave it out") from error


def _to_grey(image):
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    if min(image.size) < SMALLEST_SIDE:
        raise UnreadableImage(f"only {image.width} x {image.height} pixels", next="bring the film in full size")
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(np.asarray(image))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        image = image.convert("RGB" if image.mode[0] == "R" else "L")
    return image if image.mode == "L" else image.convert("L")


def _from_deep(pixels):
    pixels = np.nan_to_num(pixels.astype(np.float64))
    low, high = min(pixels.min(), 0), pixels.max()
    depth = next((bits for bits in (8, 10, 12, 14, 16) if high - low < 2**bits), None)
    scale = 2**depth - 1 if depth else max(high - low, 1)
    return Image.fromarray(np.rint((pixels - low) * (255 / scale)).astype(np.uint8), mode="L")


def facts(path, known=None):
    """What a file says of itself, and its thumbnail for the search for copies.

    A dict of Record's width, height, mode, format, bytes, sha256 and phash; duplicates.thumbnail's array.
    known: {SHA-256: (dict, array)} of files that need not be decoded again.
    Raises UnreadableImage when there is no such file, it is empty, or it cannot be decoded whole.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"no readable file: {error.strerror}", path) from error
    if not content:
        raise UnreadableImage("the file is empty", path)
    sha256 = hashlib.sha256(content).hexdigest()
    if known and sha256 in known:
        return known[sha256]
    grey = open_grey(path, content)
    with Image.open(io.BytesIO(content)) as image:
        width, height, mode, format = image.width, image.height, image.mode, image.format
    found = {
        "width": width,
        "height": height,
        "mode": mode,
        "format": format,
        "bytes": len(content),
        "sha256": sha256,
        "phash": perceptual_hash(grey),
    }
    return found, duplicates.thumbnail(grey)


def perceptual_hash(grey):
    """64-bit DCT hash of a grey PIL image, as 16 hexadecimal digits.

    The signs of the 8 x 8 lowest frequencies of a 32 x 32 thumbnail against their median (Zauner 2010,
    https://www.phash.org/docs/pubs/thesis_zauner.pdf). On chest films it proposes, and never decides:
    the films of different patients differ in few bits.
    """
    from scipy.fft import dctn

    small = np.asarray(grey.resize((32, 32), Image.Resampling.BOX), dtype=np.float64)
    low = dctn(small, norm="ortho")[:8, :8].ravel()
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()


def add_facts(records, locate, kept=None, workers=None):
    """The records with the facts of their files, and {image_id: thumbnail}; unreadable files are excluded with the reason.

    locate: function from a record to its path. Excluded records are not opened. kept: a folder where the facts
    stay, so that a file with the same bytes is not decoded again.
    Raises BadInput when there are images to read and none can be.
    """
    used = [record for record in records if record.used]
    workers = workers or min(8, processors())
    known = read_facts(kept) if kept else {}

    def look(record):
        try:
            return facts(locate(record), known)
        except BadInput as error:
            return {"excluded": error.what}, None

    with ThreadPoolExecutor(workers) as pool:
        found = dict(zip((r.image_id for r in used), track(pool.map(look, used), "reading films", total=len(used))))
    learned = {fact["sha256"]: (fact, thumbnail) for fact, thumbnail in found.values() if thumbnail is not None}
    if kept and learned.keys() - known.keys():
        write_facts(kept, known | learned)
    records = [record.but(**found[record.image_id][0]) if record.image_id in found else record for record in records]
    if used and not any(record.used for record in records):
        first = found[used[0].image_id][0]["excluded"]
        raise BadInput(
            f"None of the {len(used)} images can be read; the first: {first}.",
            locate(used[0]),
            "check that the pictures lie beside the metadata and that the disk or mount is readable",
        )
    return records, {name: thumbnail for name, (_, thumbnail) in found.items() if thumbnail is not None}


def read_facts(folder):
    """{SHA-256: (facts, thumbnail)} that write_facts left in a folder; empty where it left none, or another version did."""
    listed, thumbnails = Path(folder, "facts.json"), Path(folder, "thumbnails.npy")
    if not listed.exists() or (content := read_json(listed))["version"] != FACTS_VERSION:
        return {}
    try:
        found = np.load(thumbnails, allow_pickle=False)
    except (OSError, ValueError):
        return {}
    if len(found) != len(content["facts"]) or hashlib.sha256(found.tobytes()).hexdigest() != content["thumbnails_sha256"]:
        return {}
    return {fact["sha256"]: (fact, thumbnail) for fact, thumbnail in zip(content["facts"], found)}


def write_facts(folder, known):
    """Keep {SHA-256: (facts, thumbnail)} in a folder: the facts as JSON, the thumbnails in one array."""
    thumbnails = np.stack([thumbnail for _, thumbnail in known.values()])
    with replacing(Path(folder, "thumbnails.npy")) as temporary, open(temporary, "wb") as file:
        np.save(file, thumbnails)
    digest = hashlib.sha256(thumbnails.tobytes()).hexdigest()
    write_json(
        Path(folder, "facts.json"), {"version": FACTS_VERSION, "thumbnails_sha256": digest, "facts": [fact for fact, _ in known.values()]}
    )
'''[1:]


# ======================================================================================================================
# cxrkit/data/licences.py
# ======================================================================================================================

FILES['cxrkit/data/licences.py'] = r'''
"""What a licence lets one do with an image."""

import re

SHOWABLE = re.compile(r"(CC0|CC BY)(\b|-)", re.IGNORECASE)
"""Creative Commons licences all let a picture be shown with credit; what else they ask differs."""
REPUBLISHABLE = re.compile(r"(?:CC0|CC BY(?:-SA)?)(?:[- ]\d(?:\.\d)?)?", re.IGNORECASE)
"""Those under which a film may be passed on to anybody. Non-commercial ones are not among them: a public dataset
or page cannot keep its readers to that, and Radiopaedia's terms exclude it besides."""


def may_redistribute(licence):
    """Whether the files themselves may be passed on to anybody: REPUBLISHABLE, and no word beyond it."""
    return bool(REPUBLISHABLE.fullmatch(licence or ""))


def terms(licence):
    """What may be done with images under this licence, in one sentence."""
    if may_redistribute(licence):
        return "May be redistributed with the credit below and a link to the licence" + (
            "; under the same licence." if "SA" in licence.upper() else "."
        )
    if may_show(licence):
        return "May be shown and passed on with the credit below only within the licence's limits (NC: not commercially; ND: unchanged); the kit does not republish them."
    return "Terms are not known: all rights reserved. Not redistributable; ask the source."


def may_show(licence):
    """Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
    return bool(SHOWABLE.match(licence or ""))
'''[1:]


# ======================================================================================================================
# cxrkit/data/manifest.py
# ======================================================================================================================

FILES['cxrkit/data/manifest.py'] = r'''
"""manifest.csv: every image that any source named, used or not, one row each."""

import csv
import io
from collections import Counter
from pathlib import Path

from cxrkit.data import duplicates as search
from cxrkit.data import groups, images, splits
from cxrkit.data.records import COLUMNS, LABELS, NUMBERS, SPLITS, VIEWS, Record, exclude
from cxrkit.data.sources import locator
from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of, sha256_of_json, write_json, write_text


def build(sources, split="paper", exclude_views=("lateral",), split_seed=0, duplicates="remove", label_conflicts="exclude", kept=None):
    """All records of the sources, with file facts, copies, conflicts, exclusions and splits, sorted by image_id.

    duplicates: "remove" all copies of a picture but one, or "keep" them, and then split as if they were not
    known. label_conflicts: "exclude" or "keep". kept: a folder where what is learned of files and pairs stays,
    so that the same films are neither decoded nor compared again.

    Raises BadInput: a source that cannot be read, an image_id that two sources share, no readable image,
    or a class without images in a split.
    """
    records = [record for source in sources for record in source.read()]
    records.sort(key=lambda record: record.image_id)
    for first, second in zip(records, records[1:]):
        if first.image_id == second.image_id:
            raise BadInput(
                f"Two images are named {first.image_id}.", f"{first.path} and {second.path}", "name the sources apart: KIND:NAME=DIR"
            )
    records, thumbnails = images.add_facts(records, locator(roots_of(sources)), kept)
    records = groups.mark_duplicates(records, _pairs(records, thumbnails, kept and Path(kept) / "copies.json"), duplicates == "remove")
    if label_conflicts == "exclude":
        records = groups.exclude_conflicts(records)
    records = exclude(records, lambda r: f"view {r.view}: left out by the experiment" if r.view in exclude_views else "")
    return splits.assign(records, split, split_seed, links=duplicates == "remove")


def _pairs(records, thumbnails, known):
    key = [search.VERSION, sorted(f"{record.image_id} {record.sha256}" for record in records if record.image_id in thumbnails)]
    key = sha256_of_json(key)
    if known and Path(known).exists() and (kept := read_json(known))["key"] == key:
        return [search.Pair(*pair) for pair in kept["pairs"]]
    found = search.find(thumbnails)
    if known:
        write_json(known, {"key": key, "pairs": [[pair.first, pair.second, pair.agreement] for pair in found]})
    return found


def roots_of(sources):
    return {source.name: str(Path(source.root).absolute()) for source in sources}


def to_csv(records):
    """The manifest as text; the same records always give the same text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in sorted(records, key=lambda record: record.image_id):
        writer.writerow(["" if (value := getattr(record, column)) is None else value for column in COLUMNS])
    return text.getvalue()


def write(path, records, roots):
    """Write manifest.csv, and beside it where its folders lie on this machine (`*.roots.json`).

    The two are apart so that the manifest, and so its hash, is the same on every machine.
    """
    write_text(path, to_csv(records))
    write_json(_roots_path(path), roots)


def read(path):
    """The records of a manifest.csv. Raises BadInput, with the row, for anything that breaks the schema."""
    path = Path(path)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != COLUMNS:
                lacking = sorted(set(COLUMNS) - set(reader.fieldnames or ()))
                beyond = sorted(set(reader.fieldnames or ()) - set(COLUMNS))
                raise BadInput(
                    f"The columns are not a manifest's: lacking {lacking}, unknown {beyond}.",
                    path,
                    "build it: python -m cxrkit manifest build",
                )
            return [_from_row(row, path, number) for number, row in enumerate(reader, start=2)]
    except FileNotFoundError:
        raise BadInput("There is no such manifest.", path, "build it: python -m cxrkit manifest build") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The manifest is no readable CSV: {error}.", path, "build it again") from error


def _from_row(row, path, number):
    if None in row or None in row.values():
        raise BadInput("The row has too many or too few cells.", f"{path}, row {number}", "build the manifest again")
    try:
        for column in NUMBERS:
            row[column] = int(row[column]) if row[column] else None
    except ValueError as error:
        raise BadInput(
            f"The row holds no whole number where one belongs: {error}.", f"{path}, row {number}", "build the manifest again"
        ) from error
    return Record(**row)


def read_roots(path):
    """{folder name: folder} as the manifest's sidecar says, or {} where there is none."""
    sidecar = _roots_path(path)
    return read_json(sidecar) if sidecar.exists() else {}


def _roots_path(path):
    return Path(path).with_suffix(".roots.json")


def problems(records, locate=None, hashes=False):
    """Everything wrong with the records, as sentences; an empty list when nothing is.

    locate: function from a record to its file; given, each used file must be there.
    hashes: whether the files' bytes are compared too.
    """
    found = [f"image_id {name} stands {count} times" for name, count in Counter(r.image_id for r in records).items() if count > 1]
    for record in records:
        for field, allowed in (("label", (*LABELS, "")), ("view", VIEWS), ("split", SPLITS)):
            if getattr(record, field) not in allowed:
                found.append(f"{record.image_id}: {field} {getattr(record, field)!r} is none of {allowed}")
        if not record.image_id.startswith(record.source + "/"):
            found.append(f"{record.image_id}: image_id does not start with its source {record.source!r}")
        if record.used and record.label not in LABELS:
            found.append(f"{record.image_id}: used, but without a label")
        if record.used and not record.split:
            found.append(f"{record.image_id}: used, but in no split")
        if record.used and locate:
            found += _file_problems(record, locate, hashes)
    return found + splits.missing_classes([record for record in records if record.used]) + splits.leaks(records)


def _file_problems(record, locate, hashes):
    try:
        path = locate(record)
    except BadInput as error:
        return [f"{record.image_id}: {error.what}"]
    if not path.is_file():
        return [f"{record.image_id}: no file {path}"]
    if hashes and sha256_of(path) != record.sha256:
        return [f"{record.image_id}: the file's SHA-256 is not the manifest's: {path}"]
    return []
'''[1:]


# ======================================================================================================================
# cxrkit/data/overview.py
# ======================================================================================================================

FILES['cxrkit/data/overview.py'] = r'''
"""What a manifest holds, counted, as text: sources, reasons, splits, copies; and what changed between two."""

from collections import Counter

from cxrkit.data import licences, splits
from cxrkit.data.records import LABELS, SPLITS
from cxrkit.progress import table


def summary(records):
    """Text tables of a manifest's records: sources, reasons of exclusions, views and licences, splits, copies."""
    used = [record for record in records if record.used]
    rows = []
    for source in sorted({record.source for record in records}):
        mine = [record for record in records if record.source == source]
        kept = [record for record in mine if record.used]
        labels = [sum(record.label == label for record in kept) for label in LABELS]
        copies = sum(bool(record.duplicate_of) for record in mine)
        rows.append(
            [
                source,
                len(mine),
                len(kept),
                *labels,
                copies,
                len({r.patient for r in kept}),
                _counts(r.view for r in kept),
                _counts(r.licence for r in kept),
            ]
        )
    header = ["source", "read", "kept", *LABELS, "copies", "patients", "views", "licences"]
    parts = [table(rows, header, right=header[1:7])]
    reasons = Counter((record.source, short_reason(record)) for record in records if not record.used)
    if reasons:
        ordered = sorted(reasons.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
        parts.append(
            table([[count, source, reason] for (source, reason), count in ordered], ["left out", "source", "why"], right=["left out"])
        )
    counts = Counter((record.split, record.label) for record in used)
    present = [split for split in SPLITS if any(counts[split, label] for label in LABELS)]
    split_rows = [[split, *(counts[split, label] for label in LABELS), sum(counts[split, label] for label in LABELS)] for split in present]
    parts.append(table(split_rows, ["split", *LABELS, "images"], right=[*LABELS, "images"]))
    leaking = splits.leaks(records)
    parts.append(f"patients or pictures in two splits: {len(leaking)}")
    return "\n\n".join(parts)


def _counts(values):
    return ", ".join(f"{value or '?'} {count}" for value, count in Counter(values).most_common(5))


def short_reason(record):
    """The reason of an exclusion without the parts that name one file, so that reasons can be counted."""
    reason = record.excluded
    if reason.startswith("row "):
        reason = "a" + reason[reason.index(" of the metadata") :].replace(" of the metadata", " metadata row", 1)
    if reason.startswith("duplicate of "):
        reason = "duplicate of a film of " + reason.removeprefix("duplicate of ").split("/")[0]
    return reason


def as_merged(records, split, seed, exclude_views):
    """What the study's merging would have done with the same films, in one sentence.

    The copies that were removed are put back and split by patient key alone, as the study believed; then
    the validation COVID-19 films whose picture or patient is in training as well are counted.
    """
    merged = [
        r.but(excluded="") if r.duplicate_of and r.excluded.startswith("duplicate of") and r.view not in exclude_views else r
        for r in records
    ]
    merged = splits.assign(merged, split, seed, links=False)
    groups = splits.groups_of(merged)
    train = {groups[r.image_id] for r in merged if r.used and r.split == "train"}
    valid = [r for r in merged if r.used and r.split == "valid" and r.label == LABELS[0]]
    leaking = sum(groups[r.image_id] in train for r in valid)
    return f"Merged as the study did, {leaking} of {len(valid)} COVID-19 films in validation would have a copy or the same patient in training."


def difference(before, after):
    """The text of what changed from one manifest to another: added, removed, relabelled, moved, newly (un)used."""
    old, new = ({record.image_id: record for record in records} for records in (before, after))
    lines = [f"added    {name}" for name in sorted(new.keys() - old.keys())] + [
        f"removed  {name}" for name in sorted(old.keys() - new.keys())
    ]
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        lines += [f"relabelled  {name}: {a.label or 'none'} to {b.label or 'none'}"] * (a.label != b.label)
        lines += [f"moved    {name}: {a.split or 'unused'} to {b.split or 'unused'}"] * (a.split != b.split)
        lines += [f"reason   {name}: {a.excluded or 'used'} to {b.excluded or 'used'}"] * (a.excluded != b.excluded)
        lines += [f"content  {name}: another file"] * (bool(a.sha256) and bool(b.sha256) and a.sha256 != b.sha256)
    return "\n".join(lines)


def attribution(records):
    """ATTRIBUTION.md: the used images by licence, with their credit and source, and which may be passed on."""
    text = ["# Images, their licences and credits", ""]
    used = [record for record in records if record.used]
    for licence, count in sorted(Counter(record.licence or "unknown" for record in used).items()):
        mine = [record for record in used if (record.licence or "unknown") == licence]
        text += [f"## {licence}: {count} images", "", licences.terms(licence), ""]
        credits = Counter((" ".join(record.credit.split())[:300], record.case_url) for record in mine)
        text += [
            f"- {number} x {credit or 'no credit known'}{f' <{url}>' if url else ''}" for (credit, url), number in sorted(credits.items())
        ]
        text.append("")
    return "\n".join(text)
'''[1:]


# ======================================================================================================================
# cxrkit/data/phantom.py
# ======================================================================================================================

FILES['cxrkit/data/phantom.py'] = r'''
"""Drawn chest phantoms: a stand-in for films, so that the whole road runs where no film is.

They look like a schoolbook's sketch of a chest film and mean nothing: the class "covid" has bright
patches near the outer lung border, as ground-glass opacities would lie. They come in CoronaHack's
folder layout, with its metadata columns and quirks, so that the same reader reads both.

The marked ones have a shortcut planted: a white square in the upper left corner of every COVID-19 film,
as a hospital's lead marker would lie there. With them the audits must say that the scores prove nothing.
"""

import csv
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter

from cxrkit.data import coronahack
from cxrkit.files import replacing, write_text

BANNER = "DRAWN PHANTOMS, NOT FILMS: these numbers say that the program runs, and nothing about medicine."
SIDE = 256
VERSION = "3"

PATIENTS = {("normal", "TRAIN"): 40, ("normal", "TEST"): 24, ("covid", "TRAIN"): 56}
"""Patients by label and published split; each has one to three films."""
MARK = (8, 8, 32, 32)
"""The planted mark's left, upper, right and lower edge in pixels of a SIDE x SIDE film."""


def read(root, name="phantom", seed=0, marked=False):
    """Records of the phantoms in `root`, which are drawn there first unless they are there already.

    marked: with the planted corner mark on every COVID-19 film.
    """
    marker = Path(root) / coronahack.PHANTOM_MARKER
    wanted = f"version {VERSION}, seed {seed}{', marked' if marked else ''}\n{BANNER}\n"
    if not marker.exists() or marker.read_text("utf-8") != wanted:
        draw_dataset(root, seed, marked)
        write_text(marker, wanted)
    return coronahack.read(root, name)


def read_marked(root, name="phantom"):
    """Records of the phantoms with the planted corner mark."""
    return read(root, name, marked=True)


def draw_dataset(root, seed=0, marked=False):
    """Draw all phantoms and their metadata into `root`. The same seed gives the same bytes, but for the mark."""
    random = np.random.default_rng(seed)
    folder = Path(root) / coronahack.FOLDER / coronahack.FOLDER
    rows, patient = [], 0
    for (label, kind), patients in PATIENTS.items():
        for _ in range(patients):
            patient += 1
            anatomy = Anatomy(random)
            for film in range(1, int(random.integers(1, 4)) + 1):
                name = f"IM-{patient:04d}-{film:04d}.jpeg" if label == "normal" else f"phantom{patient:04d}-day{film}.jpeg"
                film = draw_film(anatomy, label == "covid", random)
                if marked and label == "covid":
                    film.paste(255, MARK)
                _save(film, folder / kind.lower() / name, random)
                rows.append([name, "Normal", kind, "", ""] if label == "normal" else [name, "Pnemonia", kind, "COVID-19", "Virus"])
    rows.append(["person1_bacteria_1.jpeg", "Pnemonia", "TRAIN", "", "bacteria"])
    rows.append(["SARS-10.jpeg", "Pnemonia", "TRAIN", "SARS", "Virus"])
    _save(draw_film(Anatomy(random), False, random), folder / "train" / "slice-without-a-row.jpeg", random)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["", *coronahack.COLUMNS])
    writer.writerows([number, *row] for number, row in enumerate(rows))
    write_text(Path(root) / coronahack.METADATA, text.getvalue())


class Anatomy:
    """What stays the same over the films of one patient: proportions, in shares of the picture's side."""

    def __init__(self, random):
        self.centre = 0.5 + random.uniform(-0.03, 0.03)
        self.lung_width = random.uniform(0.13, 0.17)
        self.lung_height = random.uniform(0.28, 0.36)
        self.lung_gap = random.uniform(0.18, 0.22)
        self.heart = random.uniform(0.10, 0.15)
        self.ribs = int(random.integers(7, 10))

    def lungs(self):
        """The two lungs as (x, y, half width, half height, side); side -1 is on the picture's left."""
        return [(self.centre + side * self.lung_gap, 0.5, self.lung_width, self.lung_height, side) for side in (-1, 1)]


def draw_film(anatomy, opacities, random, side=SIDE):
    """One phantom film as a PIL image of mode L, side x side pixels.

    opacities: whether ground-glass patches are drawn at the outer lung borders.
    """
    shift = random.uniform(-0.02, 0.02, size=2)
    film = Image.new("L", (side, side), int(random.integers(8, 24)))
    draw = ImageDraw.Draw(film)

    def ellipse(x, y, half_width, half_height, grey):
        x, y = x + shift[0], y + shift[1]
        draw.ellipse([(x - half_width) * side, (y - half_height) * side, (x + half_width) * side, (y + half_height) * side], fill=grey)

    ellipse(anatomy.centre, 0.56, 0.44, 0.54, 150)
    for x, y, width, height, _ in anatomy.lungs():
        ellipse(x, y, width, height, 60)
    for rib in range(anatomy.ribs):
        top = (0.18 + 0.62 * rib / anatomy.ribs + shift[1]) * side
        for x, _, width, _, lung_side in anatomy.lungs():
            box = [(x - 1.2 * width + shift[0]) * side, top, (x + 1.2 * width + shift[0]) * side, top + 0.16 * side]
            draw.arc(box, *((180, 300) if lung_side < 0 else (240, 360)), fill=105, width=max(2, side // 64))
    spine = (anatomy.centre + shift[0]) * side
    draw.rectangle([spine - 0.035 * side, 0, spine + 0.035 * side, side], fill=190)
    ellipse(anatomy.centre + 0.06, 0.64, anatomy.heart, 0.14, 175)
    pixels = np.asarray(film.filter(ImageFilter.GaussianBlur(side / 100)), dtype=np.float32)
    if opacities:
        pixels = pixels + _opacities(anatomy, shift, random, side)
    pixels = pixels * random.uniform(0.9, 1.1) + random.normal(0, 7, pixels.shape) + _grain(random, side)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), mode="L")


def _grain(random, side):
    """The fine structure by which no two films are alike: smoothed noise of 14 grey levels' spread."""
    noise = gaussian_filter(random.normal(size=(side, side)), side / 128)
    return 14 * noise / noise.std()


def _opacities(anatomy, shift, random, side):
    rows, columns = np.mgrid[0:side, 0:side] / side
    sum_of_patches = np.zeros((side, side), np.float32)
    for x, y, width, height, lung_side in anatomy.lungs():
        lung = ((columns - x - shift[0]) / width) ** 2 + ((rows - y - shift[1]) / height) ** 2 < 1
        for _ in range(int(random.integers(2, 5))):
            centre_x = x + shift[0] + lung_side * width * random.uniform(0.4, 0.8)
            centre_y = y + shift[1] + height * random.uniform(-0.3, 0.8)
            distance = (columns - centre_x) ** 2 + (rows - centre_y) ** 2
            sum_of_patches += random.uniform(80, 120) * np.exp(-distance / (2 * random.uniform(0.03, 0.06) ** 2)) * lung
    return sum_of_patches


def _save(film, path, random):
    # As in CoronaHack the sizes differ from film to film; here they differ alike in both classes.
    film = film.resize((SIDE + 8 * int(random.integers(0, 5)), SIDE), Image.Resampling.BILINEAR)
    with replacing(path) as temporary:
        film.save(temporary, format="JPEG", quality=85)
'''[1:]


# ======================================================================================================================
# cxrkit/data/pixels.py
# ======================================================================================================================

FILES['cxrkit/data/pixels.py'] = r'''
"""Films decoded once: grey squares in one file that only grows, read as a memory map.

The cache of a folder is a pair of files, `grey-SIZE-vVERSION.u8` with the squares one after the other, and
`.json` with {SHA-256 of the film's file: [row, CRC-32 of the square]}. A square counts once the index names
it, and the index is written after the squares, so a process that dies leaves nothing that counts and is
wrong. A lock lets one process write at a time; those that read keep the rows they know.
"""

import hashlib
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cxrkit.data.images import open_grey
from cxrkit.environment import processors
from cxrkit.errors import BadInput, disk_errors
from cxrkit.files import locked, read_json, write_json
from cxrkit.progress import say, track

VERSION = 1
"""Of the transform and the layout: a film decoded by another version is decoded again."""
SAVED_EVERY = 512
"""Films; how many are decoded between two writes of the index, and so lost at most when a process dies."""
LISTED = 10


@dataclass(frozen=True)
class Pixels:
    """Films as squares. images: uint8 [n, size, size]; rows: {image_id: index into images}."""

    images: np.ndarray
    rows: dict

    def of(self, image_ids):
        """The squares of these films, uint8 [n, size, size], in their order."""
        return self.images[[self.rows[image_id] for image_id in image_ids]]

    @property
    def size(self):
        return self.images.shape[-1]


def square(grey, size):
    """A grey PIL image squeezed into size x size bytes, as fastai's Resize with "squish" does it."""
    return np.asarray(grey.resize((size, size), Image.Resampling.BILINEAR))


def load(records, locate, size, folder, workers=None):
    """The Pixels of all used records, from the cache in `folder`; what it lacks is decoded and added.

    locate: function from a record to its file. Two records with the same bytes share a row. A square whose
    checksum is wrong is decoded again. Raises BadInput that lists the films which cannot be decoded any more,
    or are not those of the manifest; the others are cached then. Raises DiskFull.
    """
    used = [record for record in records if record.used]
    cache = Cache(folder, size)
    with disk_errors(folder), locked(cache.lock):
        index = cache.sound(read_json(cache.index) if cache.index.exists() else {})
        wanted = {record.sha256: record for record in used if record.sha256 not in index}
        problems = cache.add(wanted, locate, index, workers or min(8, processors()))
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems[:LISTED])
        more = f"\n  and {len(problems) - LISTED} more" if len(problems) > LISTED else ""
        raise BadInput(
            f"{len(problems)} films of the manifest cannot be decoded:\n{listed}{more}",
            folder,
            "build the manifest again, which leaves them out and says so",
        )
    return Pixels(cache.images(len(index)), {record.image_id: index[record.sha256][0] for record in used})


class Cache:
    """The two files of one size."""

    def __init__(self, folder, size):
        self.size = size
        stem = Path(folder) / f"grey-{size}-v{VERSION}"
        self.squares, self.index, self.lock = (stem.with_name(stem.name + suffix) for suffix in (".u8", ".json", ".lock"))

    def images(self, count):
        """The squares as a read-only memory map, uint8 [count, size, size]."""
        if not count:
            return np.zeros((0, self.size, self.size), np.uint8)
        return np.memmap(self.squares, np.uint8, "r", shape=(count, self.size, self.size))

    def sound(self, index):
        """The index as far as its squares are what they were when they were written."""
        there = self.squares.stat().st_size // self.size**2 if self.squares.exists() else 0
        images = self.images(there)
        good = {key: (row, crc) for key, (row, crc) in index.items() if row < there and zlib.crc32(images[row]) == crc}
        if len(good) < len(index):
            say(f"pixel cache: {len(index) - len(good)} of {len(index)} squares are damaged and are decoded again ({self.squares})")
            good = {key: (row, crc) for row, (key, (_, crc)) in enumerate(self._compact(good))}
            write_json(self.index, good)  # whether or not the damaged films are wanted, and so decoded, now
        return good

    def _compact(self, good):
        """Write the sound squares alone into the file, in the order of their rows, and return them in it."""
        ordered = sorted(good.items(), key=lambda item: item[1])
        temporary = self.squares.with_suffix(".partial")
        images = self.images(self.squares.stat().st_size // self.size**2) if ordered else []
        with open(temporary, "wb") as file:
            for _, (row, _) in ordered:
                file.write(images[row].tobytes())
        self.index.unlink()
        os.replace(temporary, self.squares)
        return ordered

    def add(self, wanted, locate, index, workers):
        """Decode the wanted {sha256: record} and add them to `index` and the files; return what went wrong, a line each."""
        problems, keys = [], list(wanted)
        if not keys:
            return problems

        def decode(key):
            try:
                path = locate(wanted[key])
                content = path.read_bytes()
                if hashlib.sha256(content).hexdigest() != key:
                    return f"{wanted[key].image_id}: the file is another than the manifest's ({path})"
                return square(open_grey(path, content), self.size)
            except BadInput as error:
                return f"{wanted[key].image_id}: {error.what} ({error.where})"
            except OSError as error:
                return f"{wanted[key].image_id}: {error.strerror} ({error.filename})"

        with open(self.squares, "ab") as file, ThreadPoolExecutor(workers) as pool:
            file.truncate(len(index) * self.size**2)  # squares that a dead process wrote and did not name
            for key, found in zip(keys, track(_in_portions(pool, decode, keys), "decoding films", len(keys))):
                if isinstance(found, str):
                    problems.append(found)
                    continue
                index[key] = (len(index), zlib.crc32(found))
                file.write(found.tobytes())
                if len(index) % SAVED_EVERY == 0:
                    self._save(file, index)
            self._save(file, index)
        return problems

    def _save(self, file, index):
        file.flush()
        os.fsync(file.fileno())
        write_json(self.index, index)


def _in_portions(pool, function, items):
    """pool.map, a portion at a time, so that results do not pile up in memory."""
    for start in range(0, len(items), SAVED_EVERY):
        yield from pool.map(function, items[start : start + SAVED_EVERY])
'''[1:]


# ======================================================================================================================
# cxrkit/data/records.py
# ======================================================================================================================

FILES['cxrkit/data/records.py'] = r'''
"""One record an image: what is known of it, where from, and under which terms."""

from dataclasses import dataclass, fields, replace

POSITIVE = "covid"
NEGATIVE = "normal"
LABELS = (POSITIVE, NEGATIVE)

VIEWS = ("PA", "AP", "AP supine", "lateral", "frontal-unspecified", "")
"""Projections a record may name. "frontal-unspecified" is its own value: a site that says only
"Frontal" has not said PA. Empty means that nothing is known."""

SPLITS = ("train", "valid", "test", "")


@dataclass(frozen=True)
class Record:
    """One image. Empty text or None means "not known"; the field order is the column order of manifest.csv.

    image_id: `source/name`, unique in a manifest.
    path: `<folder name>/<path in that folder>`, with "/" on every system.
    label: covid, normal, or empty where the finding is neither.
    finding: the source's own words.
    patient: namespaced key, e.g. `sirm:54`; records of one patient share it.
    view_basis, permission: why the view is believed; who allowed the collection.
    collected: crawl, saved, imported, kaggle or drawn.
    width, height: pixels; bytes: file size; sha256: of the file; phash: 16 hexadecimal digits.
    published_split: the split its source gave it; split: the one this manifest gives it.
    duplicate_of: image_id of the image whose picture this one repeats.
    excluded: why the image is not used; empty when it is.
    """

    image_id: str
    path: str
    source: str
    label: str = ""
    finding: str = ""
    patient: str = ""
    modality: str = "X-ray"
    view: str = ""
    view_basis: str = ""
    age: str = ""
    sex: str = ""
    case_url: str = ""
    image_url: str = ""
    licence: str = ""
    credit: str = ""
    permission: str = ""
    collected: str = ""
    retrieved_at: str = ""
    width: int | None = None
    height: int | None = None
    mode: str = ""
    format: str = ""
    bytes: int | None = None
    sha256: str = ""
    phash: str = ""
    published_split: str = ""
    split: str = ""
    duplicate_of: str = ""
    excluded: str = ""

    @property
    def used(self):
        return not self.excluded

    def but(self, **changes):
        """A copy with some fields changed."""
        return replace(self, **changes)


COLUMNS = tuple(field.name for field in fields(Record))
NUMBERS = ("width", "height", "bytes")


def exclude(records, reason_of):
    """The records, with `excluded` set to reason_of(record) on the used ones it returns a reason for."""
    return [record.but(excluded=reason_of(record) or "") if record.used else record for record in records]
'''[1:]


# ======================================================================================================================
# cxrkit/data/registration.py
# ======================================================================================================================

FILES['cxrkit/data/registration.py'] = r'''
"""Is one film a crop of the other? Registration of two thumbnails, and how well they then agree.

Two films of different patients agree in their coarse anatomy and in nothing fine; a copy agrees in the fine
grain too, once it is laid exactly over its original. So the coarse part is taken away, the crop is found by
Gauss-Newton steps on the rest, and the agreement is measured block by block: a burnt-in label spoils a few
blocks, and their median not at all.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

SIDE = 128
BLOCK = 16
HOPELESS = 0.3
"""Correlation of the half-size details, after a few steps, below which two thumbnails are given up."""

CONVERGED = 0.002
"""Gain of correlation in a step below which registration ends."""


class Details:
    """The fine grain of one thumbnail at full and half size, each locally normalised to unit contrast."""

    def __init__(self, thumbnail):
        """thumbnail: SIDE x SIDE grey bytes."""
        pixels = thumbnail.astype(np.float32)
        self.full = _with_slopes(_detail(pixels, 2.0))
        self.half = _with_slopes(_detail(pixels.reshape(SIDE // 2, 2, SIDE // 2, 2).mean((1, 3)), 1.5))


def _with_slopes(pixels):
    """A square of pixels, and its slopes down and across in change a side."""
    return (pixels, *(np.gradient(pixels, axis=axis).astype(np.float32) * len(pixels) for axis in (0, 1)))


def _detail(pixels, sigma):
    fine = pixels - gaussian_filter(pixels, sigma)
    return fine / np.sqrt(gaussian_filter(fine * fine, 4 * sigma) + 4)


def agreement(whole, part, box):
    """How well `part` agrees with a crop of `whole`: the median correlation of their 8 x 8 blocks, -1 to 1.

    whole, part: Details. box: a first guess of the crop, (left, top, right, bottom) in shares of the side.
    """
    correlation, box = _register(whole.half, part.half, box, steps=8, give_up=HOPELESS)
    if correlation < HOPELESS:
        return 0.0
    _, box = _register(whole.full, part.full, box, steps=5, give_up=0.0)
    left, top, right, bottom = box
    laid_over = _sampler(top, bottom, SIDE) @ whole.full[0] @ _sampler(left, right, SIDE).T
    ours, theirs = (_centred_blocks(x) for x in (laid_over, part.full[0]))
    product = (ours * theirs).sum(1) / np.sqrt((ours**2).sum(1) * (theirs**2).sum(1) + 1e-6)
    return float(np.median(product))


def _centred_blocks(pixels):
    n = SIDE // BLOCK
    blocks = pixels.reshape(n, BLOCK, n, BLOCK).transpose(0, 2, 1, 3).reshape(n * n, -1)
    return blocks - blocks.mean(1, keepdims=True)


def _sampler(low, high, side):
    """The side x side matrix that resamples the share [low, high] of a signal to its whole length, linearly."""
    position = np.clip((low + (np.arange(side) + 0.5) / side * (high - low)) * side - 0.5, 0, side - 1.001)
    first = position.astype(int)
    matrix = np.zeros((side, side), np.float32)
    matrix[np.arange(side), first] = 1 - (position - first)
    matrix[np.arange(side), first + 1] = position - first
    return matrix


def _register(whole, part, box, steps, give_up):
    """The best correlation found and its crop box, by Gauss-Newton steps on the box's four sides.

    Forward-additive alignment for a scale and a shift in each direction (Baker and Matthews 2004,
    Int. J. Comput. Vis. 56:221, section 3.1), each step at most 3 % of the side.
    """
    (whole, slope_y, slope_x), part = whole, part[0]
    side = len(whole)
    share = ((np.arange(side) + 0.5) / side).astype(np.float32)
    target = (part - part.mean()) / (part.std() + 1e-6)
    box, best, best_box = np.array(box, np.float64), -1.0, box
    for step in range(steps):
        left, top, right, bottom = box
        rows, columns = _sampler(top, bottom, side), _sampler(left, right, side).T
        laid_over = rows @ whole @ columns
        spread = laid_over.std() + 1e-6
        laid_over = (laid_over - laid_over.mean()) / spread
        correlation = float((laid_over * target).mean())
        converged = correlation < best + CONVERGED
        if correlation > best:
            best, best_box = correlation, tuple(box)
        if converged or (step == 2 and best < give_up):
            break
        by_x, by_y = rows @ slope_x @ columns / spread, rows @ slope_y @ columns / spread
        jacobian = np.stack([by_x * (1 - share), by_y * (1 - share)[:, None], by_x * share, by_y * share[:, None]]).reshape(4, -1)
        normal = jacobian @ jacobian.T + 0.01 * side * side * np.eye(4)
        box = box + np.clip(np.linalg.solve(normal, jacobian @ (target - laid_over).ravel()), -0.03, 0.03)
        box = np.clip(box, (-0.05, -0.05, 0.6, 0.6), (0.4, 0.4, 1.05, 1.05))
    return best, best_box
'''[1:]


# ======================================================================================================================
# cxrkit/data/sources.py
# ======================================================================================================================

FILES['cxrkit/data/sources.py'] = r'''
"""Where images come from: each kind of source has a reader, and all readers yield the same records."""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cxrkit.data import collected, coronahack, folder, ieee8023, phantom
from cxrkit.errors import BadInput, WrongUse

DRAWN = {"phantom": phantom.read, "phantom-marked": phantom.read_marked}
READERS = {"coronahack": coronahack.read, "collected": collected.read, "ieee8023": ieee8023.read, "folder": folder.read} | DRAWN


@dataclass(frozen=True)
class Source:
    """One folder of images: kind says how to read it, name is its namespace in paths and keys."""

    kind: str
    name: str
    root: Path

    def read(self):
        """The folder's records. Raises BadInput."""
        return READERS[self.kind](self.root, self.name)


def parse(text, drawn_at):
    """A Source from `KIND=DIR`, `KIND:NAME=DIR`, `phantom`, `phantom-marked`, or a plain DIR, which means coronahack.

    drawn_at: the folder for phantoms to be drawn into. Raises WrongUse.
    """
    if text in DRAWN:
        return Source(text, "phantom", Path(drawn_at))
    kind_and_name, separator, folder = text.partition("=")
    if not separator:
        kind_and_name, folder = "coronahack", text
    kind, _, name = kind_and_name.partition(":")
    if kind not in READERS:
        raise WrongUse(f"There is no source of the kind {kind!r}.", text, f"use one of {', '.join(READERS)}, as KIND=DIR or KIND:NAME=DIR")
    name = name or kind
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        raise WrongUse(f"The source name {name!r} is not made of a-z, 0-9, - and _.", text, "choose another name")
    if not folder:
        raise WrongUse("The source names no folder.", text, "write KIND=DIR")
    return Source(kind, name, Path(folder))


def parse_all(texts, drawn_at):
    """Sources from several texts; their names must differ. Raises WrongUse."""
    sources = [parse(text, drawn_at) for text in texts]
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise WrongUse(f"Two sources are named {name!r}.", next="name them apart: KIND:NAME=DIR")
    if not sources:
        raise WrongUse("No source of images is named.", next="give --data DIR, or --data phantom for drawn films")
    return sources


def locator(roots):
    """A function from a record to its file, given {folder name: folder}.

    The function raises BadInput for a path that would leave its folder or whose folder is not known.
    """

    def locate(record):
        name, *parts = PurePosixPath(record.path).parts or ("",)
        if name not in roots:
            raise BadInput(f"It is not known where the folder {name!r} lies.", record.image_id, f"give --source KIND:{name}=DIR")
        if not parts or ".." in parts or "\\" in record.path or PurePosixPath(record.path).is_absolute():
            raise BadInput(f"The path {record.path!r} leaves its folder.", record.image_id, "correct the manifest")
        return Path(roots[name]).joinpath(*parts)

    return locate
'''[1:]


# ======================================================================================================================
# cxrkit/data/splits.py
# ======================================================================================================================

FILES['cxrkit/data/splits.py'] = r'''
"""Who is learned from, who is chosen with, who is tested on; a patient is never cut in two."""

import hashlib
from collections import Counter, defaultdict

from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput, WrongUse

STUDY_COVID_VALID, STUDY_COVID_ALL = 34, 58 + 38 + 34
STUDY_NORMAL_VALID, STUDY_NORMAL_ALL = 234, 1342 + 234
FRACTIONS = {"train": 0.6, "valid": 0.2, "test": 0.2}


def assign(records, split, seed=0, fractions=FRACTIONS, links=True):
    """The records with `split` set on the used ones, by the rule named `split`: "paper" or "grouped".

    links: whether copies of one picture stay together too; without, only patient keys do, as the study
    believed. The result depends on the records, the seed and nothing else, not even on their order.
    Raises WrongUse for an unknown rule and BadInput when a class is missing in a split.
    """
    rules = {"paper": paper, "grouped": lambda groups, seed: grouped(groups, seed, fractions)}
    if split not in rules:
        raise WrongUse(f"There is no split named {split!r}.", next=f"use one of: {', '.join(rules)}")
    used = [record for record in records if record.used]
    group_of = groups_of(records, links)
    members = defaultdict(list)
    for record in sorted(used, key=lambda record: record.image_id):
        members[group_of[record.image_id]].append(record)
    chosen = rules[split](members, seed)
    records = [record.but(split=chosen[group_of[record.image_id]] if record.used else "") for record in records]
    missing = missing_classes([record for record in records if record.used])
    if missing:
        raise BadInput(
            f"The data cannot be split: {'; '.join(missing)}.",
            f"{len(used)} usable images: {dict(Counter(record.label for record in used))}",
            "bring more images of that class, or look at the reasons in the manifest why images were left out",
        )
    return records


def paper(groups, seed=0):
    """The study's split: {group: "train" or "valid"}; groups: {group: its used records}.

    Normal films keep CoronaHack's published split: 1,342 TRAIN to train, 234 TEST to valid. CoronaHack has
    no COVID-19 film in TEST, so the study set 34 of its 58 + 38 + 34 = 130 aside: 34 in validation, 96 in
    training, which makes its 1,342 + 96 = 1,438 training and 234 + 34 = 268 validation films. Whatever
    number of COVID-19 films is at hand, the same share, 34/130, goes to validation; films of SIRM first,
    for the study's 34 are as many as it took from there. Its list was not published, so which films these
    were is not known. Normal films without a published split are shared out as the study's were, 234/1,576.
    A group with both published splits is learned from.
    """
    covid = {g: members for g, members in groups.items() if any(r.label == POSITIVE for r in members)}
    normal = {g: members for g, members in groups.items() if g not in covid}
    published = {g: members for g, members in normal.items() if any(r.published_split for r in members)}
    others = {g: members for g, members in normal.items() if g not in published}
    chosen = {g: "valid" if all(r.published_split in ("test", "") for r in members) else "train" for g, members in published.items()}
    chosen |= _hold_out(others, STUDY_NORMAL_VALID / STUDY_NORMAL_ALL, seed)
    chosen |= _hold_out(covid, STUDY_COVID_VALID / STUDY_COVID_ALL, seed, first="sirm")
    return chosen


def _hold_out(groups, share, seed, first=""):
    """Whole groups into "valid" until that share of images is there (never more), the rest into "train"."""
    wanted, held, chosen = round(share * sum(map(len, groups.values()))), 0, {}
    for group in sorted(groups, key=lambda g: (all(r.source != first for r in groups[g]), _lot(seed, g))):
        fits = held + len(groups[group]) <= wanted
        held += len(groups[group]) if fits else 0
        chosen[group] = "valid" if fits else "train"
    return chosen


def grouped(groups, seed=0, fractions=FRACTIONS):
    """A seeded split by group, stratified by label and source: {group: split}; groups: {group: its used records}.

    Within each stratum the groups, in the order of their lot, each go to the split that lacks most of
    its share of images; a group with images in several strata is placed with the rarest.
    """
    strata = Counter((record.label, record.source) for members in groups.values() for record in members)
    by_stratum = defaultdict(list)
    for group, members in groups.items():
        by_stratum[min(((r.label, r.source) for r in members), key=lambda s: (strata[s], s))].append(group)
    chosen = {}
    for stratum in sorted(by_stratum):
        names = sorted(by_stratum[stratum], key=lambda group: _lot(seed, group))
        total, filled = sum(len(groups[name]) for name in names), Counter()
        for name in names:
            split = max(fractions, key=lambda s: (fractions[s] * total - filled[s], fractions[s], s))
            filled[split] += len(groups[name])
            chosen[name] = split
    return chosen


def _lot(seed, group):
    return hashlib.sha256(f"{seed}/{group}".encode()).hexdigest()


def missing_classes(used):
    """A sentence for each class that a split in use lacks."""
    counts = Counter((record.split, record.label) for record in used)
    present = {"train", "valid"} | {record.split for record in used if record.split}
    return [f"no {label} image in {split}" for split in sorted(present) for label in LABELS if not counts[split, label]]


def leaks(records):
    """A sentence for each group, of patient and copies, whose used images stand in more than one split."""
    group_of, members = groups_of(records), defaultdict(list)
    for record in sorted(records, key=lambda record: record.image_id):
        if record.used:
            members[group_of[record.image_id]].append(record)
    found = []
    for _, of_group in sorted(members.items()):
        splits = {record.split: record for record in reversed(of_group)}
        if len(splits) > 1:
            copies = any(record.duplicate_of for record in of_group)
            what = "one picture or patient" if copies else f"patient {of_group[0].patient}"
            found.append(f"{what} is in {' and '.join(f'{split} ({record.image_id})' for split, record in sorted(splits.items()))}")
    return found
'''[1:]


# ======================================================================================================================
# cxrkit/data/tree.py
# ======================================================================================================================

FILES['cxrkit/data/tree.py'] = r'''
"""The ImageNet-style folder tree: train|valid|test/<label>/<file>, made of links."""

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from cxrkit.data.records import LABELS, SPLITS
from cxrkit.errors import BadInput, disk_errors

SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")


@dataclass(frozen=True)
class TreeReport:
    """How many entries were made as links or copies, were there already, or were removed as stale."""

    linked: int = 0
    copied: int = 0
    kept: int = 0
    removed: int = 0

    def __str__(self):
        return f"{self.linked} linked, {self.copied} copied, {self.kept} kept, {self.removed} removed"


def entries(records):
    """{`split/label/file`: record} for the used records.

    File names are made from image ids: "/" and whatever is not safe in a file name on every system
    becomes "_"; a name that was changed, or is long, carries a few digits of its id's hash. So no
    name can collide or leave the tree.
    """
    planned = {}
    for record in records:
        if record.used:
            if record.split not in SPLITS[:3] or record.label not in LABELS:
                raise BadInput(
                    f"The image has no place in the tree: split {record.split!r}, label {record.label!r}.",
                    record.image_id,
                    "check the manifest: python -m cxrkit manifest check",
                )
            planned[f"{record.split}/{record.label}/{_file_name(record.image_id)}"] = record
    return planned


def _file_name(image_id):
    source, _, name = image_id.partition("/")
    stem, dot, suffix = name.rpartition(".")
    suffix = (dot + suffix).lower() if (dot + suffix).lower() in SUFFIXES else ""
    stem = stem if suffix else name
    wanted = f"{source}__{stem}"
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", wanted)[:100]
    if safe != wanted:
        safe += "-" + hashlib.sha256(image_id.encode()).hexdigest()[:8]
    return safe + suffix


def build(records, locate, root):
    """Make the tree at `root` hold exactly the used records; return a TreeReport.

    locate: function from a record to its file. Symbolic links, else hard links, else copies. What is
    right already is kept, what does not belong is removed, and nothing outside `root` is touched.

    Raises BadInput for a file that is not there or a root that is no tree, DiskFull.
    """
    root = Path(root)
    planned = entries(records)
    _refuse_foreign(root)
    with disk_errors(root):
        made = {"linked": 0, "copied": 0, "kept": 0}
        removed = _remove_stale(root, planned)
        for relative, record in planned.items():
            source, target = locate(record).absolute(), root / relative
            if not source.is_file():
                raise BadInput("An image of the manifest is not there.", source, "build the manifest again")
            made[_place(source, target)] += 1
        for split in {relative.split("/")[0] for relative in planned}:
            for label in LABELS:
                (root / split / label).mkdir(parents=True, exist_ok=True)
    return TreeReport(removed=removed, **made)


def _refuse_foreign(root):
    """A folder with anything but splits in it is not ours to clean."""
    if root.exists():
        foreign = sorted(path.name for path in root.iterdir() if path.name not in SPLITS)
        if foreign:
            raise BadInput(
                f"The folder holds more than a tree: {', '.join(foreign[:5])}.", root, "name an empty or new folder for the tree"
            )


def _remove_stale(root, planned):
    removed = 0
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            if path.relative_to(root).as_posix() not in planned:
                path.unlink()
                removed += 1
    for folder, folders, names in os.walk(root, topdown=False):
        if Path(folder) != root and not os.listdir(folder):
            os.rmdir(folder)
    return removed


def _place(source, target):
    if target.exists() and (os.path.samefile(source, target) or _is_copy(source, target)):
        return "kept"
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    for link in (os.symlink, os.link):
        try:
            link(source, target)
            return "linked"
        except (OSError, NotImplementedError):
            continue
    shutil.copy2(source, target)
    return "copied"


def _is_copy(source, target):
    a, b = source.stat(), target.stat()
    return not target.is_symlink() and a.st_size == b.st_size and int(a.st_mtime) == int(b.st_mtime)
'''[1:]


# ======================================================================================================================
# cxrkit/environment.py
# ======================================================================================================================

FILES['cxrkit/environment.py'] = r'''
"""Where a run takes place: Kaggle or a machine of one's own, and what that machine can do."""

import functools
import math
import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cxrkit.errors import WrongUse

PACKAGES = ("torch", "torchvision", "fastai", "fastcore", "numpy", "pandas", "scikit-learn", "scipy", "pillow", "matplotlib", "kaggle")
BYTES_A_WORKER = 700e6
"""Memory that one decoding process takes: it imports torch and fastai."""


def on_kaggle():
    """Whether this process runs in a Kaggle kernel: Kaggle sets this variable in all of them, and nobody else does."""
    return "KAGGLE_KERNEL_RUN_TYPE" in os.environ


def kaggle_input():
    """The folder below which Kaggle mounts what is attached; CXRKIT_KAGGLE stands in for /kaggle where one tries this."""
    return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "input"


def kaggle_working():
    """The folder that Kaggle keeps as the kernel's output."""
    return Path(os.environ.get("CXRKIT_KAGGLE", "/kaggle")) / "working"


def bundle_identity():
    """{source_sha256, run_id} of the bundled script that this process runs from; empty texts where it does not."""
    return {"source_sha256": os.environ.get("CXRKIT_SOURCE", ""), "run_id": os.environ.get("CXRKIT_RUN", "")}


class Deadline:
    """Call it for the seconds left until no new stage may begin; without hours there is no end."""

    def __init__(self, hours=None, clock=time.monotonic):
        self.clock = clock
        self.end = math.inf if hours is None else clock() + 3600 * hours

    def __call__(self):
        return self.end - self.clock()


def processors():
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Choice:
    """A value the kit chose by itself, and why."""

    value: object
    reason: str

    def __str__(self):
        return f"{self.value} ({self.reason})"


@functools.cache
def rank():
    """The number of this process among those that torchrun started; 0 where it runs alone."""
    return int(os.environ.get("RANK", 0))


@functools.cache
def processes():
    """How many processes torchrun started, on all hosts; 1 where there is no torchrun."""
    return int(os.environ.get("WORLD_SIZE", 1))


def gpus():
    """Number of GPUs that torch sees; asking starts nothing on them."""
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def choose_device():
    """The device to train on, as a Choice of "cuda" or "cpu".

    A GPU counts only when it has added two numbers: torch may see one that it has no kernels for.
    Under torchrun each process of a host takes a GPU of its own, as far as they go.
    """
    import torch

    if not torch.cuda.is_available():
        return Choice("cpu", "torch sees no GPU")
    torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    name = torch.cuda.get_device_name()
    capability = "sm_{}{}".format(*torch.cuda.get_device_capability())
    try:
        (torch.ones(8, device="cuda") + 1).sum().item()
    except RuntimeError as error:
        kernels = " ".join(torch.cuda.get_arch_list())
        return Choice("cpu", f"torch sees {name} ({capability}), has kernels for {kernels}, and fails: {str(error).splitlines()[0]}")
    return Choice("cuda", name)


def require_gpu():
    """The GPU as a Choice. Raises WrongUse where none computes, so that a run does not crawl on processors for hours."""
    device = choose_device()
    if device.value != "cuda":
        raise WrongUse(
            f"No GPU works here: {device.reason}.",
            next='push with "machine_shape": "NvidiaTeslaT4" in kernel-metadata.json (or choose GPU T4 x2 on the kernel\'s page); '
            "to run on processors set GPU = False at the head of the script",
        )
    return device


def choose_workers(wanted, images, device):
    """The number of decoding processes as a Choice; wanted: the experiment's `workers`."""
    if wanted >= 0:
        return Choice(wanted, "as the experiment says")
    if device == "cpu":
        return Choice(0, "the processors are busy training")
    return Choice(min(processors(), 8, images // 64), "one a processor")


def versions():
    """{package: version} of Python and of what decides the numbers."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def describe():
    """What is worth keeping of the machine in run.json: no names, paths or tokens."""
    return {
        "place": "kaggle" if on_kaggle() else "local",
        "bundle": bundle_identity(),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": processors(),
        "versions": versions(),
    }


def free_memory_bytes():
    """Memory that a process could still take, in bytes, within the limits of its container; None where the system does not say."""
    try:
        fields = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
        free = int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return None
    try:
        limit, used = (int(Path("/sys/fs/cgroup", name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return free
    return min(free, limit - used)


def peak_memory_bytes():
    """The most memory this process has held, in bytes; None where the system does not say."""
    try:
        status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
        return int(status["VmHWM"].split()[0]) * 1024  # getrusage's figure is at least that of the process which started this one
    except (OSError, KeyError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
'''[1:]


# ======================================================================================================================
# cxrkit/errors.py
# ======================================================================================================================

FILES['cxrkit/errors.py'] = r'''
"""The errors that the kit raises on purpose, and the exit code of each.

    CxrkitError
    ├── WrongUse         exit 2   a flag, a key or a combination that cannot work
    ├── BadInput         exit 3   data that cannot be used as it is
    │   └── UnreadableImage       one image file; callers list it and go on
    ├── RemoteRefusal    exit 4   a server said no
    └── Interrupted      exit 5   stopped half-way; the same command goes on from there
        └── DiskFull

Every message says what happened, where, and what to do next:

    try:
        manifest = build(sources)
    except CxrkitError as error:
        print(error)
        sys.exit(error.exit_code)
"""

import errno
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path


class CxrkitError(Exception):
    """Base of all errors of the kit.

    what: one sentence on what happened.
    where: the path, row or URL concerned.
    next: what the user can do about it.
    """

    exit_code = 1

    def __init__(self, what, where=None, next=None):
        self.what, self.where, self.next = what, where, next
        lines = [str(what)]
        if where is not None:
            lines.append(f"  where: {where}")
        if next is not None:
            lines.append(f"  next:  {next}")
        super().__init__("\n".join(lines))


class WrongUse(CxrkitError):
    exit_code = 2


class BadInput(CxrkitError):
    exit_code = 3


class UnreadableImage(BadInput):
    pass


class RemoteRefusal(CxrkitError):
    exit_code = 4


class Interrupted(CxrkitError):
    exit_code = 5


class DiskFull(Interrupted):
    def __init__(self, where):
        super().__init__(
            f"The disk is full: {free_bytes(where) / 1e6:.1f} MB are free.",
            where,
            "free some space or name another folder with --out, then run the same command; it goes on where it stopped",
        )


def free_bytes(path):
    """Free bytes on the file system of path or of its nearest existing parent."""
    path = Path(path).absolute()
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


@contextmanager
def disk_errors(where):
    """Turn a full disk below `where` into DiskFull, also where torch's file writer reports it in its own words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(where) from error
        raise
    except RuntimeError as error:
        if any(words in str(error) for words in ("PytorchStreamWriter", "unexpected pos")):
            raise DiskFull(where) from error
        raise


def run_command(command):
    """Call command(), print a CxrkitError or an interruption as its message; return the exit code."""
    try:
        return command() or 0
    except CxrkitError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        stopped = Interrupted("Stopped by the user.", next="run the same command to go on from the last finished stage")
        print(f"\n{stopped}", file=sys.stderr, flush=True)
        return stopped.exit_code
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/__init__.py
# ======================================================================================================================

FILES['cxrkit/evaluation/__init__.py'] = r'''
"""Predictions in, numbers with their uncertainty out."""
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/asking.py
# ======================================================================================================================

FILES['cxrkit/evaluation/asking.py'] = r'''
"""A run's trained networks, loaded from its results folder and asked about films."""

import pickle
from collections import namedtuple

import numpy as np

from cxrkit.errors import BadInput
from cxrkit.evaluation import predictions

Network = namedtuple("Network", "architecture seed path")


def of_run(run, device, wanted=()):
    """The run's trained Networks: all seeds on a GPU, the first seed of each architecture on processors.

    wanted: names such as resnet34-seed0, which are then the ones, whatever the device. Raises BadInput for a name
    that the run does not have.
    """
    found = []
    for architecture in run.table["architecture"].unique():
        seeds = predictions.scores(run.table, architecture, run.held).seeds
        found += [Network(architecture, seed, run.folder / "models" / f"{architecture}-seed{seed}.pt") for seed in seeds]
    if wanted:
        names = {name_of(network): network for network in found}
        unknown = sorted(set(wanted) - set(names))
        if unknown:
            raise BadInput(f"The run has no network {', '.join(unknown)}.", run.folder, f"name some of {', '.join(names)}")
        return [names[name] for name in dict.fromkeys(wanted)]
    if device == "cpu":
        return [network for number, network in enumerate(found) if network.architecture not in {n.architecture for n in found[:number]}]
    return found


def name_of(network):
    return f"{network.architecture}-seed{network.seed}"


def load(network, device):
    """The Network's model in eval mode. Raises BadInput for a file that is absent or no such network's weights."""
    from cxrkit.training import networks

    try:
        return networks.load(network.path, network.architecture, device)
    except FileNotFoundError:
        raise BadInput("The trained network is not there.", network.path, "bring the run's models/ folder") from None
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise BadInput(
            f"The weights cannot be read: {str(error).splitlines()[0][:100]}", network.path, "restore the file from the run's output"
        ) from error


def features(model, images, device, batch_size=64):
    """What the network's last layer sees of grey squares, uint8 [n, size, size]: float64 [n, k]."""
    import torch

    from cxrkit.training import networks

    last = [module for module in model.modules() if isinstance(module, torch.nn.Linear)][-1]
    seen = []
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].float().cpu().numpy()))
    try:
        networks.p_covid(model, images, device, batch_size)
    finally:
        hook.remove()
    return np.concatenate(seen).astype(float)
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/attention.py
# ======================================================================================================================

FILES['cxrkit/evaluation/attention.py'] = r'''
"""Where a network looks: Grad-CAM maps, how much of them lies on the chest, and a gallery of films to look at.

A number first, pictures second: maps of networks that learnt nothing look convincing too. So each row also tells
the maps of the same network with random weights (the sanity check of Adebayo et al. 2018, arXiv 1810.03292). Where
the two agree, a map shows the picture and the architecture, and nothing that was learnt. Arun et al. 2021, Radiol.
Artif. Intell. 3:e200267, found that no such method passes every test on chest films.
"""

import re

import numpy as np

from cxrkit.data.licences import may_redistribute
from cxrkit.evaluation import asking, bootstrap, masking, predictions
from cxrkit.files import replacing
from cxrkit.progress import track

SMALLEST_MAP = 4
"""Cells a side. The deepest layer that still has so many is read: the last one of films of 128 pixels and more."""
CELLS_COMPARED = 16
"""A side; the raster on which maps of two networks are compared."""
FOLDER = "figures/attention"
THUMBNAIL = 144
"""Pixels a side of the film and of its map in a picture of the gallery."""
AMBER = np.array([255, 176, 0], np.float32)
"""The map's colour: told from grey by everyone."""

MOST_ERRORS, TOP_LOSSES, HITS = 12, 4, 4
"""Films in the gallery for each architecture."""


def maps(model, images, classes=None, device="cpu", batch_size=32):
    """Grad-CAM maps of grey squares, uint8 [n, size, size]: float32 [n, size, size], from 0 to 1 at each map's peak.

    Selvaraju et al. 2017, ICCV, section 3 (arXiv 1610.02391): the channels of a late layer, weighted by the mean
    gradient of a class's score, summed, negative parts dropped, enlarged bilinearly. The score is the class's output
    less the other's, for nothing else decides.

    model: a fastai vision model in eval mode, model[0] its body, model[1] its head. classes: n indices into records.LABELS;
    the class that the model calls where they are not given. A map is zero all over where nothing speaks for the class.
    """
    import torch

    found = np.zeros(np.shape(images), np.float32)
    for start in range(0, len(images), batch_size):
        part = slice(start, start + batch_size)
        wanted = None if classes is None else torch.as_tensor(np.asarray(classes)[part], device=device)
        found[part] = _maps_of_batch(model, images[part], wanted, device).cpu().numpy()
    return found


def _maps_of_batch(model, images, classes, device):
    import torch
    from torch.nn.functional import interpolate

    from cxrkit.training import networks

    features, rest = _late_features(model, networks.normalised(images, device))
    with torch.enable_grad():
        features = features.detach().requires_grad_()
        outputs = model[1](rest(features)).float()
        classes = outputs.argmax(1) if classes is None else classes
        chosen = outputs.gather(1, classes[:, None])[:, 0]
        gradient = torch.autograd.grad((2 * chosen - outputs.sum(1)).sum(), features)[0]
    weights = gradient.mean((2, 3), keepdim=True)
    cells = (weights * features.detach()).sum(1, keepdim=True).clamp(min=0)
    found = interpolate(cells, images.shape[-2:], mode="bilinear", align_corners=False)[:, 0]
    return found / found.amax((1, 2), keepdim=True).clamp(min=torch.finfo(found.dtype).tiny)


def _late_features(model, x):
    """What the deepest layer with a map large enough gives for a batch, and the rest of the body as a function."""
    import torch

    body = list(model[0])
    while len(body) == 1:  # VGG's layers stand one level deeper than a ResNet's
        body = list(body[0])
    features, after = x, 0
    with torch.no_grad():
        for number, layer in enumerate(body, start=1):
            x = layer(x)
            if min(x.shape[-2:]) >= SMALLEST_MAP:
                features, after = x, number
    return features, torch.nn.Sequential(*body[after:])


def randomised(architecture, device="cpu", seed=0):
    """The same network with random weights, without a change to anybody's random numbers."""
    import torch

    from cxrkit.training import networks

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return networks.build(architecture).eval().to(device)


def energy_in_box(found, side=masking.LUNGS):
    """For each of n maps, the share of its sum inside the central box; NaN where a map is zero all over.

    side: of the box, in shares of the picture's; see masking.box, which hides or keeps the same one.
    """
    low, high = masking.box(found.shape[-1], side)
    total, inside = found.sum((1, 2), dtype=float), found[:, low:high, low:high].sum((1, 2), dtype=float)
    return np.divide(inside, total, out=np.full(len(found), np.nan), where=total > 0)


def box_area(size, side=masking.LUNGS):
    """The central chest box's share of the area of a film of size x size pixels, 0 to 1; side: its side's share of the film's."""
    low, high = masking.box(size, side)
    return (high - low) ** 2 / size**2


def rank_correlation(first, second):
    """Spearman's correlation of n pairs of maps on a coarse raster; NaN where a map is the same all over."""
    from scipy.stats import rankdata

    step = max(1, first.shape[-1] // CELLS_COMPARED)
    a, b = (rankdata(found[:, step // 2 :: step, step // 2 :: step].reshape(len(found), -1), axis=1) for found in (first, second))
    a, b = (ranks - ranks.mean(1, keepdims=True) for ranks in (a, b))
    size = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    return np.divide((a * b).sum(1), size, out=np.full(len(a), np.nan), where=size > 0)


def audit(run, pixels, records, results, networks, device="cpu", threshold=0.5):
    """Write the gallery's pictures into results/figures/attention, and return {rows, gallery, left_out}.

    run: a predictions.Run; pixels: a Pixels object with its held-out films; records: all of the manifest;
    networks: asking.Networks of the run, the first of each architecture makes the gallery.

    A row is a network: energy_in_box, the mean share of a map inside the central box, with its interval over
    patients and the box's area; the same of the randomised network, and the mean rank correlation of the two maps,
    each of the class that its network calls; n films, and `empty`, how many maps were zero all over and are left out.
    left_out: how many errors of an architecture the gallery has no place for.
    """
    folder = results / FOLDER
    for old in folder.glob("*.png"):
        old.unlink()
    by_id = {record.image_id: record for record in records}
    rows, gallery, left_out, learnt_nothing = [], [], {}, {}
    for network in track(networks, "attention"):
        held = predictions.scores(run.table, network.architecture, run.held)
        images = pixels.of(held.image_ids)
        found = maps(asking.load(network, device), images, device=device)
        if network.architecture not in learnt_nothing:  # the networks come architecture by architecture: one set of maps is kept
            learnt_nothing = {network.architecture: maps(randomised(network.architecture, device), images, device=device)}
        rows.append(_row(network, run.held, held, found, learnt_nothing[network.architecture]))
        if network.architecture in left_out:
            continue
        p_covid = held.p_covid[held.seeds.index(network.seed)]
        picked, left_out[network.architecture] = pick(held.is_covid, p_covid, threshold)
        for number, (index, kind) in enumerate(picked, start=1):
            about = {"architecture": network.architecture, "seed": network.seed, "kind": kind, "p_covid": float(p_covid[index])}
            name = f"{_slug(network.architecture)}-{_slug(kind)}-{number:02d}.png"
            gallery.append(_entry(by_id[held.image_ids[index]], about, images[index], found[index], folder, name))
    return {"rows": rows, "gallery": gallery, "left_out": left_out}


def _row(network, split, held, found, random):
    share = energy_in_box(found)
    known = ~np.isnan(share)
    return {
        "architecture": network.architecture,
        "seed": network.seed,
        "split": split,
        "energy_in_box": _mean(share),
        "interval": _interval(share[known], held.is_covid[known], held.groups[known]),
        "box_area": box_area(found.shape[-1]),
        "randomised_energy": _mean(energy_in_box(random)),
        "randomised_correlation": _mean(rank_correlation(found, random)),
        "n": int(known.sum()),
        "empty": int((~known).sum()),
    }


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


def _interval(values, is_covid, groups):
    """The middle 95 % of the mean when patients are drawn anew."""
    if not len(values):
        return [None, None]
    weights = bootstrap.patient_weights(is_covid, groups)
    return bootstrap.middle(weights @ values / weights.sum(1))


def pick(is_covid, p_covid, threshold=0.5, seed=0):
    """Films worth a look, as [(index, kind)], and how many errors found no place.

    First the errors, dearest first; then the hits with the greatest loss, and some at random.
    """
    loss = -np.log(np.clip(np.where(is_covid, p_covid, 1 - p_covid), 1e-12, 1))
    dearest = np.argsort(-loss, kind="stable")
    wrong = (p_covid >= threshold) != is_covid
    errors, hits = dearest[wrong[dearest]], dearest[~wrong[dearest]]
    ordinary = np.sort(np.random.default_rng(seed).permutation(hits[TOP_LOSSES:])[:HITS])
    kinds = (("error", errors[:MOST_ERRORS]), ("top loss", hits[:TOP_LOSSES]), ("hit", ordinary))
    return [(int(index), kind) for kind, chosen in kinds for index in chosen], max(0, len(errors) - MOST_ERRORS)


def _entry(record, about, image, found, folder, name):
    """A film of the gallery; its picture is written where its licence lets it be passed on."""
    entry = {"image_id": record.image_id, **about, "label": record.label, "file": "", "credit": record.credit, "case_url": record.case_url}
    if not may_redistribute(record.licence):
        return entry | {"why_no_picture": f"its licence does not let it be passed on: {record.licence or 'unknown'}"}
    save(folder / name, beside(image, found))
    return entry | {"file": f"{FOLDER}/{name}", "why_no_picture": ""}


def _slug(text):
    return re.sub(r"[^a-z0-9_]+", "-", text.lower())


def overlay(image, found):
    """A grey square, uint8 [size, size], under a map from 0 to 1 of the same size: uint8 [size, size, 3]."""
    opacity = 0.65 * found[..., None]
    return np.rint(image[..., None] * (1 - opacity) + AMBER * opacity).astype(np.uint8)


def beside(image, found, side=THUMBNAIL):
    """The film, and beside it the film under its map, as a PIL image."""
    from PIL import Image

    pair = np.hstack([np.repeat(image[..., None], 3, -1), overlay(image, found)])
    return Image.fromarray(pair).resize((2 * side, side), Image.Resampling.BILINEAR)


def save(path, picture):
    """Write a PIL image as a small PNG of 256 colours, without any metadata."""
    from PIL import Image

    with replacing(path) as temporary:
        picture.quantize(256, Image.Quantize.MAXCOVERAGE).save(temporary, format="PNG", optimize=True)
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/audit_commands.py
# ======================================================================================================================

FILES['cxrkit/evaluation/audit_commands.py'] = r'''
"""The subcommand audit of `python -m cxrkit`."""

import time
from pathlib import Path

from cxrkit.progress import say


def add(commands):
    """Add the subcommand to an argparse subparsers object; nothing heavy is imported before it runs."""
    audit = commands.add_parser("audit", help="can the answer be trusted? shortcuts, masks, sources, films from elsewhere, a verdict")
    audit.add_argument("target", type=Path, metavar="RUN|MANIFEST", help="a run's folder, its results folder, or a manifest.csv")
    elsewhere = "films from elsewhere: a folder with covid/ and normal/, or a manifest.csv; may be given several times"
    audit.add_argument("--external", action="append", default=[], metavar="NAME=DIR", help=elsewhere)
    audit.add_argument(
        "--retrain", action="store_true", help="train networks anew on masked films, without each source, and on permuted labels (long)"
    )
    asked = "networks to mask and retrain, as resnet34-seed0 (default: all on a GPU, else one seed each)"
    audit.add_argument("--networks", nargs="*", default=[], metavar="NAME", help=asked)
    where = "where the films of a source lie on this machine, if the manifest does not say"
    audit.add_argument("--source", action="append", default=[], metavar="KIND[:NAME]=DIR", help=where)
    audit.add_argument("--weights", default="", metavar="DIR", help="folder with torchvision's ImageNet weight files, for --retrain")
    audit.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (default: audits.json in the results, or beside the manifest)"
    )
    audit.set_defaults(command=run_audit)


def run_audit(options):
    from cxrkit.evaluation import audit_text, audits

    started = time.monotonic()
    wanted = audits.Options(tuple(options.external), options.retrain, tuple(options.networks), tuple(options.source), options.weights)
    content = audits.audit(options.target, wanted, options.out)
    say("\n" + audit_text.text(content))
    say(f"Audited in {time.monotonic() - started:.0f} s; written: {options.out or audits.NAME}")
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/audit_text.py
# ======================================================================================================================

FILES['cxrkit/evaluation/audit_text.py'] = r'''
"""The audits as text for a log: the verdict first, then tables; what knows nothing of lungs stands above the networks."""

import textwrap

from cxrkit.evaluation.masking import LUNGS
from cxrkit.evaluation.scores import SHORT_NAMES, figure_text
from cxrkit.progress import table

WIDTH = 110


def text(content):
    """The content of audits.json as text."""
    parts = [paragraph(content["verdict"]), classes_told_apart(content)]
    for heading, tell in (
        ("Lungs hidden", masks),
        ("Sources", sources),
        ("Films from elsewhere", elsewhere),
        ("Controls of the audit", controls),
    ):
        told = tell(content)
        parts += [f"{heading}\n{told}"] if told else []
    if content.get("not_done"):
        parts.append("Not done\n" + "\n".join(f"- {row['part']}: {row['reason']}" for row in content["not_done"]))
    parts.append(f"Intervals of AUC are 95 %, over patients. Manifest {content['manifest_sha256'][:12]}.")
    return "\n\n".join(parts)


def paragraph(verdict):
    return "\n".join([f"VERDICT: {verdict['conclusion']}", *textwrap.wrap(verdict["paragraph"], WIDTH)])


def classes_told_apart(content):
    """The table of baselines above the networks, in order of what they see."""
    rows = []
    for row in content["baselines"]:
        held = row.get("held_out") or {"auc": None, "n": None}
        rows.append([row["title"], _area(row), row["n"], _area(held), held["n"], row["note"]])
    for row in content.get("networks") or []:
        ahead = row.get("advantage")
        note = f"{ahead['auc']:+.3f} [{ahead['interval'][0]:+.3f}, {ahead['interval'][1]:+.3f}] on {ahead['over_title']}" if ahead else ""
        seeds = f", mean of {len(row['seeds'])} seeds" if len(row.get("seeds", ())) > 1 else ""
        rows.append([SHORT_NAMES.get(row["architecture"], row["architecture"]) + seeds, "", "", _area(row), row["n"], note])
    header = ["COVID-19 told from normal by", "AUC, all films", "n", "AUC, held out", "n held out", "note"]
    return table(rows, header, right=["n", "n held out"])


def _area(row):
    if not row or row["auc"] is None:
        return "-"
    low, high = row["interval"]
    return f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]"


def masks(content):
    """The first seed of each network: whole films, lungs hidden, lungs alone. The whole curves are in audits.json."""
    found = {}
    for row in content.get("masking") or []:
        found.setdefault(row["architecture"], {}).setdefault(row["seed"], {})[row["mask"], row["side"], row["retrained"]] = row
    rows = []
    for architecture, seeds in found.items():
        seed, mine = next(iter(seeds.items()))
        for retrained in (False, True):
            hidden, alone = mine.get(("centre", LUNGS, retrained)), mine.get(("surround", LUNGS, retrained))
            if hidden and alone:
                name = SHORT_NAMES.get(architecture, architecture) + (", trained anew so" if retrained else "")
                rows.append(
                    [name, f"{seed} of {len(seeds)}", hidden["n"], _area(mine.get(("centre", 0.0, False))), _area(hidden), _area(alone)]
                )
    header = [
        "network",
        "seed",
        "n",
        "AUC, whole films",
        f"centre of {LUNGS:.0%} of the side blacked out",
        "all but that centre blacked out",
    ]
    return table(rows, header, right=["n"]) if rows else ""


def sources(content):
    rows = [[row["title"], _area(row), row["n"], row["n_covid"], row["note"]] for row in content.get("sources") or []]
    return table(rows, ["what", "AUC", "n", "positive", "note"], right=["n", "positive"]) if rows else ""


def elsewhere(content):
    rows = []
    for row in content.get("external") or []:
        drop = row["drop"]
        lost = "-" if drop["auc"] is None else f"{drop['auc']:.3f} [{drop['interval'][0]:.3f}, {drop['interval'][1]:.3f}]"
        figures = [figure_text(row["metrics"][name], 3) for name in ("auc", "sensitivity", "specificity")]
        calibrated = figure_text(row["calibration"]["before"]["ece"], 3)
        name = SHORT_NAMES.get(row["architecture"], row["architecture"])
        rows.append([row["name"], name, row["n"], row["n_covid"], row["duplicates_removed"], *figures, lost, calibrated])
    header = ["films", "network", "n", "COVID-19", "copies removed", "AUC", "sensitivity", "specificity", "AUC lost", "calibration error"]
    return table(rows, header, right=header[2:5]) if rows else ""


def controls(content):
    rows = [[row["title"], row["expected"], row["found"], "passed" if row["passed"] else "FAILED"] for row in content.get("controls") or []]
    return table(rows, ["control", "expected", "found", ""]) if rows else ""
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/audits.py
# ======================================================================================================================

FILES['cxrkit/evaluation/audits.py'] = r'''
"""audits.json: can the answer be trusted? What knows nothing of lungs, masks, sources, controls, films from elsewhere.

The parts stand in modules of their own; here they are put together for a run or for a manifest alone. What cannot be
done on this machine, because the films or the weights are not here, is listed with its reason and stops nothing.
"""

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cxrkit import config, environment
from cxrkit.data import images, manifest, pixels, sources, splits
from cxrkit.errors import BadInput, CxrkitError, Interrupted, WrongUse
from cxrkit.evaluation import asking, attention, baselines, controls, external, masking, outcome, predictions, probes, provenance, verdict
from cxrkit.files import sha256_of, write_json
from cxrkit.progress import say

SIZE = 224
"""Side in pixels of the squares that are looked at where no run says another."""
NAME = "audits.json"


@dataclass(frozen=True)
class Options:
    """What a user may ask for beyond the parts that take no training.

    outside: `NAME=DIR` texts; retrain: whether networks are trained anew on masked films, without a source and on
    permuted labels; networks: names such as resnet34-seed0; sources: `KIND:NAME=DIR` texts that say where the films
    lie; weights: the folder of ImageNet's, for retraining; home: the run's out folder, with manifest.roots.json and
    pixels/, where the results do not lie in it; asks: whether trained networks are asked at all.
    """

    outside: tuple = ()
    retrain: bool = False
    networks: tuple = ()
    sources: tuple = ()
    weights: str = ""
    home: str = ""
    asks: bool = True


class Audit:
    """One audit on its way: what is looked at, and the content of audits.json so far."""

    def __init__(self, target, options=Options()):
        """target: a run's folder, its results folder, or a manifest.csv. Raises BadInput, WrongUse."""
        target, self.options = Path(target), options
        if target.suffix == ".csv" and (options.outside or options.retrain or options.networks):
            raise WrongUse(
                "A manifest has no networks to ask.", target, "name a run's folder, or leave out --external, --retrain and --networks"
            )
        self.run = None if target.suffix == ".csv" else predictions.read(outcome.results_folder(target))
        path = target if self.run is None else self.run.folder / "manifest.csv"
        self.records, self.folder = manifest.read(path), path.parent
        self.home = Path(options.home) if options.home else self.folder if self.run is None else _home(self.folder)
        self.roots = manifest.read_roots(self.home / "manifest.csv") | _named(options.sources)
        self.locate = sources.locator(self.roots)
        self.films = probes.Films.of(self.records)
        if not self.films.records:
            raise BadInput("The manifest uses no film.", path, "look at the reasons in its column `excluded`")
        if self.run and self.run.held != self.films.held:
            raise BadInput(
                f"The run has predictions for {self.run.held}, and none for {self.films.held}.", self.run.folder, "run the training again"
            )
        self.outside = {name: external.read(name, place) for name, place in map(external.parse, options.outside)}
        self.pixels = None
        self.device = environment.choose_device().value if self.run else "cpu"
        self.content = {"manifest_sha256": sha256_of(path), "data": self._data(), "films": self._count(), "not_done": []}

    def _data(self):
        return self.run.about["data"] if self.run else "phantom" if set(self.films.sources) == {"phantom"} else "films"

    def _count(self):
        """How many films and patients there are, and how many are judged: the held-out ones for a run, else all."""
        films = self.films
        judged = films.splits == self.run.held if self.run else np.ones(len(films.groups), bool)
        of_class = {"covid": films.is_covid, "normal": ~films.is_covid}
        return {
            **{label: int(chosen.sum()) for label, chosen in of_class.items()},
            "patients": len(np.unique(films.groups)),
            "leaks": len(splits.leaks(self.records)),
            "judged": {"split": self.run.held if self.run else "all"}
            | {label: int((judged & chosen).sum()) for label, chosen in of_class.items()}
            | {f"{label}_patients": probes.patients(films.groups, judged & chosen) for label, chosen in of_class.items()},
        }

    def not_done(self, part, reason):
        self.content["not_done"].append({"part": part, "reason": str(reason)})

    @contextmanager
    def part(self, name):
        """A part whose bad input is listed, and ends that part alone."""
        try:
            yield
        except Interrupted:
            raise
        except CxrkitError as error:
            self.not_done(name, " ".join(str(part) for part in (error.what, error.where) if part))

    @property
    def held(self):
        return self.films.take(self.films.splits == self.films.held)

    def open_films(self):
        """Decode the films, or open their cache; without them the parts that look at pictures are listed as not done."""
        size = self.run.about["experiment"].get("image_size", SIZE) if self.run else SIZE
        with self.part("everything that looks at pictures"):
            if not self.roots:
                raise BadInput("it is not known where the films lie on this machine (no manifest.roots.json; name them with --source)")
            self.pixels = pixels.load(self.records, self.locate, size, self.home / "pixels")
            self.films = replace(self.films, images=self.pixels.of(self.films.image_ids))

    def without_networks(self):
        """The parts that need no network: baselines, sources by a thumbnail, controls."""
        content = self.content
        content["baselines"], self.held_scores = baselines.run(self.films)
        content["sources"] = provenance.without_networks(self.films) if self.pixels else []
        content["controls"] = []
        wanted = {
            "control: permuted labels": lambda: controls.permutation(self.films),
            "control: a planted patient": lambda: controls.leaked_patient(self.films, self.records),
            "control: a planted copy": lambda: controls.leaked_copy(self.films, self.records, self.locate),
        }
        for name, control in wanted.items():
            with self.part(name):
                content["controls"].append(control())

    def scored(self):
        """The networks' areas on the held-out films, from the predictions alone, each beside the best coarse baseline's."""
        rows = []
        for architecture in self.run.table["architecture"].unique():
            mine = predictions.scores(self.run.table, architecture, self.run.held)
            if mine is None:
                continue
            row = {"architecture": architecture, "seeds": list(mine.seeds), **probes.area(mine.is_covid, mine.p_covid, mine.groups)}
            rows.append(row | self._advantage(mine))
            self.content["sources"] += provenance.same_source(self.held, mine.p_covid, architecture)
        self.content["networks"] = rows

    def _advantage(self, mine):
        coarse = [row for row in self.content["baselines"] if row["name"] in baselines.COARSE and row["name"] in self.held_scores]
        if not coarse:
            return {}
        best = max(coarse, key=lambda row: row["auc"])
        about = {"over": best["name"], "over_title": best["title"], "coarse_auc": best["held_out"]["auc"]}
        return {"advantage": about | probes.advantage(mine.is_covid, mine.p_covid, self.held_scores[best["name"]], mine.groups)}

    def asked(self):
        """The parts that ask trained networks: masking, sources by their features, attention, films from elsewhere."""
        held, content = self.held, self.content
        content["masking"], content["external"] = [], []
        chosen = asking.of_run(self.run, self.device, self.options.networks)
        every = asking.of_run(self.run, "cuda")
        if len(chosen) < len(every):
            asked = ", ".join(map(asking.name_of, chosen))
            self.not_done("masking and features of further networks", f"asked: {asked}, of {len(every)} (name others with --networks)")
        for network in chosen:
            with self.part(f"asking {asking.name_of(network)}"):
                model = asking.load(network, self.device)
                say(f"audit: asking {asking.name_of(network)}")
                content["masking"] += masking.curve(network, model, held, self.device)
                if network.seed == min(n.seed for n in chosen if n.architecture == network.architecture):
                    self._features(network, model)
        with self.part("attention"):
            threshold = outcome.threshold_of([self.run])
            content["attention"] = attention.audit(self.run, self.pixels, self.records, self.folder, chosen, self.device, threshold)
        for name, films in self.outside.items():
            content["external"] += self._outside(name, *films, every)
        if self.options.retrain:
            self._retrain([network for network in chosen if network.seed == chosen[0].seed])

    def _features(self, network, model):
        tellable = [label for label in (True, False) if len(np.unique(self.films.sources[self.films.is_covid == label])) > 1]
        if tellable:
            seen = asking.features(model, self.films.images, self.device)
            found = provenance.seen_sources(self.films, seen, f"the features of {network.architecture}")
            self.content["sources"] += [row | {"by_network": network.architecture} for row in found]

    def _outside(self, name, records, locate, thumbnails, networks):
        """The rows of all networks on the external films `name`, without those that show a picture of the study."""
        from cxrkit.training import networks as asked

        say(f"audit: looking for the study's pictures among {len(thumbnails)} films of {name}")
        inside = {}
        with self.part(f"altered copies of the study's films in {name}"):
            inside = images.add_facts(list(self.films.records), self.locate)[1]
        records = external.without_copies(records, thumbnails, self.films.records, inside)
        used = sorted((record for record in records if record.used), key=lambda record: record.image_id)
        rows = []
        for architecture in self.run.table["architecture"].unique():
            with self.part(f"{architecture} on the films of {name}"):
                if not used:
                    raise BadInput("no film is left that the study does not have")
                squares = pixels.load(records, locate, self.pixels.size, self.home / "pixels").of([record.image_id for record in used])
                mine = [network for network in networks if network.architecture == architecture]
                p_covid = np.stack([asked.p_covid(asking.load(network, self.device), squares, self.device) for network in mine])
                rows.append(external.row(name, records, architecture, p_covid, self.run, outcome.threshold_of([self.run])))
        return rows

    def _retrain(self, networks):
        about = self.run.about["experiment"]
        experiment = config.make({**about, "weights": self.options.weights}, {}, self.run.folder / "run.json")
        folder = self.home / "audit-jobs"
        for network in networks:
            with self.part(f"retraining {asking.name_of(network)}"):
                self.content["masking"] += masking.retrained(network, experiment, self.records, self.pixels, self.held, folder, self.device)
                self.content["sources"] += provenance.left_out_retrained(network, experiment, self.films, self.pixels, folder, self.device)
                self.content["controls"].append(
                    controls.retrained_permutation(network, experiment, self.films, self.pixels, folder, self.device)
                )


def audit(target, options=Options(), out=None):
    """Audit a run or a manifest; write audits.json (into the results, beside the manifest, or to `out`) and return its content.

    Raises BadInput for a target or external films that cannot be read, WrongUse for options that do not fit it.
    """
    now = Audit(target, options)
    now.open_films()
    now.without_networks()
    if now.run:
        now.scored()
        if not options.asks:
            now.not_done(
                "masking, features, attention, films from elsewhere, retraining", "not asked for: python -m cxrkit audit RUN does them"
            )
        elif now.pixels:
            now.asked()
        else:
            now.not_done("masking, features, films from elsewhere, retraining", "the films are not on this machine")
    now.content["verdict"] = verdict.decide(now.content)
    write_json(out or now.folder / NAME, now.content)
    if now.run and not out:
        pictures = [entry["file"] for entry in now.content.get("attention", {}).get("gallery", []) if entry["file"]]
        outcome.refresh_checksums(now.folder, (NAME, *pictures))
    return now.content


def _home(results):
    """The folder around a results folder, where the manifest's roots and the pixel cache lie; the folder itself where they do not."""
    return results.parent if (results.parent / "manifest.roots.json").exists() else results


def _named(texts):
    return manifest.roots_of(sources.parse_all(texts, drawn_at="phantoms")) if texts else {}
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/baselines.py
# ======================================================================================================================

FILES['cxrkit/evaluation/baselines.py'] = r'''
"""What knows nothing of lungs: how well do a film's source, file, frame or thumbnail tell the classes apart?

Each is one logistic regression, cross-validated by patient on all films of a manifest, and once more fitted on the
training films and scored on the held-out ones, where the networks are scored. A network that does not beat these
rows has shown nothing: they are the rows above it in every table.

Published work fell over each of them: Maguolo and Nanni 2021, Inf. Fusion 76:1 (the frame); DeGrave, Janizek and Lee
2021, Nat. Mach. Intell. 3:610 (source and markers); Roberts et al. 2021, Nat. Mach. Intell. 3:199 (children as
controls).
"""

import re
from dataclasses import dataclass

import numpy as np
from PIL import Image

from cxrkit.evaluation import probes

HISTOGRAM_BINS = 64
GRID = 20
RING = 2
"""Of a GRID x GRID thumbnail, the cells on each side that make the frame: a tenth of the picture."""

LUNGLESS = ("source", "file", "border", "age")
"""Baselines that cannot see a lung."""
COARSE = ("thumbnail-8", "thumbnail-16", "histogram")
"""Baselines that see the lungs, but no detail of them."""


@dataclass(frozen=True)
class Baseline:
    """features: n x k numbers, or None with the reason in `note`; films: n booleans, which films it can be asked about."""

    name: str
    title: str
    features: np.ndarray | None
    note: str = ""
    films: np.ndarray | None = None


def run(films):
    """The rows of all baselines for probes.Films, and {name: scores of the held-out films}, in the order of films.

    A row: name, title, auc, interval, n, n_covid, note, and `held_out` with the same four figures where the films
    are split. A baseline that cannot be computed has no auc, and the reason as its note.
    """
    rows, held_scores = [_majority(films)], {}
    for baseline in described(films):
        row, scores = _row(baseline, films)
        rows.append(row)
        if scores is not None:
            held_scores[baseline.name] = scores
    return rows, held_scores


def described(films):
    """All Baselines of the films but the majority class."""
    return [
        Baseline("source", "the name of the source", source_names(films), "which collection a film comes from, and no pixel"),
        Baseline("file", "size, colour mode, format and bytes of the file", *file_facts(films)),
        _age(films),
        *(_seen(films, name, title, look, note) for name, title, look, note in PICTURES),
    ]


def _majority(films):
    share = max(films.is_covid.mean(), 1 - films.is_covid.mean())
    row = {"name": "majority", "title": "nothing: always the commoner class", "note": f"right for {100 * share:.1f} % of the films"}
    return row | probes.area(films.is_covid, np.zeros(len(films.is_covid)), films.groups)


def source_names(films):
    """n x s: 1 where a film comes from that source."""
    return (films.sources[:, None] == np.unique(films.sources)).astype(float)


def file_facts(films):
    """n x k facts that a file states before any pixel is decoded, and a note; None where the manifest has none."""
    known = all(record.width and record.height and record.bytes for record in films.records)
    if not known:
        return None, "the manifest does not say the size of every film"
    width, height, size = (np.array([getattr(record, fact) for record in films.records], float) for fact in ("width", "height", "bytes"))
    numbers = np.log([width, height, width / height, size, size / (width * height)]).T
    kinds = np.array([f"{record.mode} {record.format}" for record in films.records])
    return np.hstack([numbers, (kinds[:, None] == np.unique(kinds)).astype(float)]), ""


def _age(films):
    ages = np.array([np.nan if (age := age_of(record.age)) is None else age for record in films.records])
    known = ~np.isnan(ages)
    counts = [int((known & chosen).sum()) for chosen in (films.is_covid, ~films.is_covid)]
    return Baseline("age", "the patient's age", ages[:, None], f"age is known of {counts[0]} COVID-19 and {counts[1]} normal films", known)


def age_of(text):
    """The age in years that a record states ("45", "1-5", "070Y", "30s"), the middle of a range; None where it states none."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)(?:\s*[-–]\s*(\d+(?:\.\d+)?))?\s*(?:y|yrs?|years?|s)?\s*", text or "", re.IGNORECASE)
    if not match:
        return None
    first, last = float(match[1]), float(match[2] or match[1])
    return (first + last) / 2 if last <= 120 else None


def thumbnails(images, side):
    """n x side**2: the mean grey of each cell, 0 to 1. images: uint8 [n, size, size]."""
    small = [np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX)) for image in images]
    return np.stack(small).reshape(len(images), -1) / 255


def histograms(images):
    """n x HISTOGRAM_BINS: the share of the pixels in each range of grey."""
    counts = [np.bincount(image.ravel() // (256 // HISTOGRAM_BINS), minlength=HISTOGRAM_BINS) for image in images]
    return np.stack(counts) / images[0].size


def borders(images):
    """n x k: the thumbnails' outer cells, a tenth of the picture on each side."""
    outer = np.ones((GRID, GRID), bool)
    outer[RING:-RING, RING:-RING] = False
    return thumbnails(images, GRID)[:, outer.ravel()]


PICTURES = (
    ("border", "the outer tenth of the picture", borders, "the frame, no lung in it"),
    ("histogram", "how bright the pixels are", histograms, "a histogram, no shape in it"),
    ("thumbnail-8", "a thumbnail of 8 x 8 pixels", lambda images: thumbnails(images, 8), "no detail in it"),
    ("thumbnail-16", "a thumbnail of 16 x 16 pixels", lambda images: thumbnails(images, 16), "no detail in it"),
)


def _seen(films, name, title, look, note):
    if films.images is None:
        return Baseline(name, title, None, "the pictures are not on this machine")
    return Baseline(name, title, look(films.images), note)


def _row(baseline, films):
    row = {"name": baseline.name, "title": baseline.title, "note": baseline.note}
    nothing = row | {"auc": None, "interval": [None, None], "n": 0, "n_covid": 0}
    if baseline.features is None:
        return nothing, None
    chosen = np.ones(len(films.groups), bool) if baseline.films is None else baseline.films
    part, features = films.take(chosen), baseline.features[chosen]
    reason = probes.too_few(part.is_covid, part.groups)
    if reason:
        return nothing | {"note": "; ".join(filter(None, [baseline.note, reason]))}, None
    row |= probes.area(part.is_covid, probes.out_of_fold(features, part.is_covid, part.groups), part.groups)
    held, train = part.splits == films.held, part.splits == "train"
    if not films.held or min(_classes(part, held), _classes(part, train)) < 2:
        return row, None
    scores = probes.fitted(features[train], part.is_covid[train]).decision_function(features[held])
    row["held_out"] = probes.area(part.is_covid[held], scores, part.groups[held])
    return row, scores if chosen.all() else None


def _classes(films, chosen):
    return len(np.unique(films.is_covid[chosen]))
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/bootstrap.py
# ======================================================================================================================

FILES['cxrkit/evaluation/bootstrap.py'] = r'''
"""Bootstrap intervals of every metric at once, with patients drawn, not images."""

import numpy as np

from cxrkit.evaluation import metrics

RESAMPLES = 2000


def patient_weights(is_covid, groups, resamples=RESAMPLES, seed=0):
    """How often each of n images stands in each resample: resamples x n whole numbers.

    Patients are drawn with replacement, with all their images, within those who have a COVID-19 image and
    those who have none, so that every resample has both classes (the stratified bootstrap of Carpenter and
    Bithell 2000, Stat. Med. 19:1141, with the patient as the unit).
    """
    random = np.random.default_rng(seed)
    members = np.unique(np.asarray(groups), return_inverse=True)[1]
    has_covid = np.bincount(members, is_covid) > 0
    drawn = np.zeros((resamples, len(has_covid)), np.float32)
    for stratum in (np.flatnonzero(has_covid), np.flatnonzero(~has_covid)):
        if len(stratum):
            drawn[:, stratum] = random.multinomial(len(stratum), np.full(len(stratum), 1 / len(stratum)), resamples)
    return drawn[:, members]


def intervals(weights, is_covid, p_covid, threshold):
    """{metric: [low, high]}, the middle 95 % of each metric over the resamples; see `patient_weights`.

    The names are those of metrics.rates, auc, average_precision. Where no image was wrong, no resample is
    either, and the interval collapses to a point: read the closed-form one there.
    """
    truth = np.asarray(is_covid, bool)
    called = np.asarray(p_covid, float) >= threshold
    tp, fn, tn, fp = (weights @ rows.astype(np.float32) for rows in (truth & called, truth & ~called, ~truth & ~called, ~truth & called))
    n = tp + fn + tn + fp
    resampled = {
        "error_rate": (fn + fp) / n,
        "accuracy": (tp + tn) / n,
        **({"sensitivity": tp / (tp + fn)} if truth.any() else {}),
        **({"specificity": tn / (tn + fp)} if not truth.all() else {}),
    }
    if truth.any() and not truth.all():
        resampled |= metrics.summaries(tp, fn, tn, fp) | metrics.weighted_areas(weights, truth, p_covid)
    return {name: middle(values) for name, values in resampled.items()}


def middle(values):
    """[low, high] that hold the middle 95 % of the values."""
    return [float(limit) for limit in np.quantile(values, [0.025, 0.975])]
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/calibration.py
# ======================================================================================================================

FILES['cxrkit/evaluation/calibration.py'] = r'''
"""Whether a probability means what it says: of the films called 80 % COVID-19, are 80 % so?"""

import numpy as np
from scipy.optimize import minimize_scalar

from cxrkit.evaluation.bootstrap import middle
from cxrkit.evaluation.metrics import figure, units, wilson

BINS = 10
CERTAIN = 1e-7
"""Probabilities are kept this far from 0 and 1: a float32 softmax rounds to 1 from about here on."""


def calibration(is_covid, p_covid, groups, weights=None, bins=BINS):
    """{bins, ece, brier, decomposition} of n probabilities.

    bins: the reliability curve; ece: expected calibration error over bins of equal numbers of images
    (Nixon et al. 2019, arXiv 1904.01685); brier: Brier 1950, Mon. Weather Rev. 78:1. weights: see
    bootstrap.patient_weights; their middle 95 % is the interval, and without them there is none. The expected
    calibration error of few images is above 0 even for perfect probabilities, and so is its interval.
    """
    truth, p = np.asarray(is_covid, float), np.asarray(p_covid, float)
    member = equal_bins(p, bins)
    of_bin = (member[:, None] == np.arange(member.max() + 1)).astype(float)
    rows = np.ones((1, len(p))) if weights is None else np.vstack([np.ones(len(p)), weights])
    total = rows.sum(1)
    ece = np.abs((rows * (p - truth)) @ of_bin).sum(1) / total
    brier = rows @ (p - truth) ** 2 / total
    return {
        "bins": [_bin(p[member == b], truth[member == b], np.asarray(groups)[member == b]) for b in range(member.max() + 1)],
        "ece": _figure(ece, len(p)),
        "brier": _figure(brier, len(p)),
        "decomposition": decomposition(truth, p, member),
    }


def _figure(values, n):
    low, high = middle(values[1:]) if len(values) > 1 else (None, None)
    return figure(values[0], low, high, n, "bootstrap 95 % over patients" if len(values) > 1 else "none")


def equal_bins(p_covid, bins=BINS):
    """The bin of each probability, 0, 1, ...; bins of equal size as far as equal probabilities allow."""
    edges = np.unique(np.quantile(p_covid, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    member = np.searchsorted(edges, p_covid, side="left")
    return np.unique(member, return_inverse=True)[1]


def _bin(p, truth, groups):
    low, high = wilson(truth.mean(), units(groups))
    return {"n": len(p), "mean_p": float(p.mean()), "share_covid": float(truth.mean()), "low": float(low), "high": float(high)}


def decomposition(is_covid, p_covid, member):
    """{reliability, resolution, uncertainty, within_bins}: Brier = reliability - resolution + uncertainty + within_bins.

    Murphy 1973, J. Appl. Meteorol. 12:595; the last term, for probabilities that differ within a bin, is
    Stephenson, Coelho and Jolliffe 2008, Weather Forecast. 23:752.
    """
    truth, p, sizes = np.asarray(is_covid, float), np.asarray(p_covid, float), np.bincount(member)
    mean_p, share = np.bincount(member, p) / sizes, np.bincount(member, truth) / sizes
    apart_p, apart_truth = p - mean_p[member], truth - share[member]
    return {
        "reliability": float((sizes * (mean_p - share) ** 2).sum() / len(p)),
        "resolution": float((sizes * (share - truth.mean()) ** 2).sum() / len(p)),
        "uncertainty": float(truth.mean() * (1 - truth.mean())),
        "within_bins": float((apart_p**2 - 2 * apart_p * apart_truth).mean()),
    }


def logits(p_covid):
    """Log odds of probabilities, any shape; those nearer to 0 or 1 than CERTAIN count as if they were that far."""
    p = np.clip(np.asarray(p_covid, float), CERTAIN, 1 - CERTAIN)
    return np.log(p / (1 - p))


def fit_temperature(is_covid, p_covid):
    """The temperature, from 0.05 to 20, whose division of the logits makes the labels likeliest.

    Guo et al. 2017, ICML (arXiv 1706.04599). Fit it on validation images only.
    """
    signs, values = np.where(np.asarray(is_covid, bool), 1, -1), logits(p_covid)
    fit = minimize_scalar(
        lambda log_t: np.logaddexp(0, -signs * values / np.exp(log_t)).mean(), bounds=np.log([0.05, 20]), method="bounded"
    )
    return float(np.exp(fit.x))


def tempered(p_covid, temperature):
    """The probabilities with their logits divided by the temperature."""
    return 1 / (1 + np.exp(-logits(p_covid) / temperature))
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/commands.py
# ======================================================================================================================

FILES['cxrkit/evaluation/commands.py'] = r'''
"""The subcommands evaluate and compare of `python -m cxrkit`."""

from pathlib import Path

from cxrkit.progress import say


def add(commands):
    """Add the subcommands to an argparse subparsers object; nothing heavy is imported before one runs."""
    evaluate = commands.add_parser("evaluate", help="compute a run's scores and comparison again from its predictions")
    evaluate.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    prevalence = "shares of people with COVID-19 for which predictive values are wanted, beside the study's (default: 0.01 0.1)"
    evaluate.add_argument("--prevalence", nargs="*", type=float, metavar="SHARE", help=prevalence)
    sensitivity = "sensitivity wanted of the threshold that validation chooses (default: 0.95)"
    evaluate.add_argument("--sensitivity", type=float, metavar="SHARE", help=sensitivity)
    evaluate.set_defaults(command=run_evaluate)
    compare = commands.add_parser("compare", help="say of each pair of networks: better, worse, equivalent or undecided")
    compare.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="runs on the same images, with other seeds, networks or protocols"
    )
    compare.add_argument("--resplits", action="store_true", help="the runs differ in their split alone (Nadeau and Bengio's test)")
    compare.add_argument("--out", type=Path, metavar="FILE", help="write the comparison to this JSON file as well")
    compare.set_defaults(command=run_compare)
    for command in (evaluate, compare):
        command.add_argument(
            "--threshold", type=float, metavar="P", help="an image is called COVID-19 from this probability on (default: the experiment's)"
        )
        command.add_argument(
            "--margin", type=float, metavar="SHARE", help="networks within this difference in error rate are equivalent (default: 0.01)"
        )


def run_evaluate(options):
    from cxrkit.evaluation import comparison, outcome, scores

    wanted = _given(threshold=options.threshold, margin=options.margin, prevalences=options.prevalence, sensitivity=options.sensitivity)
    metrics, compared = outcome.evaluate(options.run, **wanted)
    say(scores.text_table(metrics) + "\n\n" + comparison.text(compared))
    say(f"Written: metrics.json and comparison.json in {outcome.results_folder(options.run)}")


def run_compare(options):
    from cxrkit.evaluation import outcome
    from cxrkit.files import write_json

    content, text = outcome.compare(
        options.runs, over_splits=options.resplits, **_given(threshold=options.threshold, margin=options.margin)
    )
    say(text)
    if options.out:
        write_json(options.out, content)
        say(f"Written: {options.out}")


def _given(**options):
    """The options that were given; the functions know the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/comparison.py
# ======================================================================================================================

FILES['cxrkit/evaluation/comparison.py'] = r'''
"""comparison.json: each pair of networks better, worse, equivalent or undecided, and what that rests on."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from cxrkit.config import NOT_IN_HASH
from cxrkit.data.records import COLUMNS
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import decision, metrics, predictions, statistics, study
from cxrkit.evaluation.predictions import Scores
from cxrkit.evaluation.scores import SHORT_NAMES, figure_text
from cxrkit.files import sha256_of_json
from cxrkit.progress import table

NOT_PROTOCOL = (*NOT_IN_HASH, "name", "architectures", "seeds", "threshold")
"""Keys of an experiment that do not make its networks another kind of network."""


@dataclass(frozen=True)
class Contestant:
    """A network under one protocol, with all its seeds: its scores on the held-out split, and on validation."""

    name: str
    architecture: str
    runs: tuple
    held: Scores
    valid: Scores | None


def compare(runs, threshold=0.5, margin=decision.MARGIN):
    """The content of comparison.json for one run or several that share manifest, split and images.

    runs: predictions.Run; threshold: an image is called COVID-19 from this probability on; margin: the
    difference in error rate (0.01: one point) within which networks count as equivalent.
    Raises WrongUse for runs that cannot be compared, and names the difference.
    """
    check_margin(margin)
    check_comparable(runs)
    entrants = contestants(runs)
    pairs = list(combinations(entrants, 2))
    first = entrants[0].held
    differences = [_difference(a, b, threshold) for a, b in pairs]
    verdicts = decision.decide(differences, margin)
    content = {
        "runs": [run.name for run in runs],
        "manifest_sha256": runs[0].manifest_sha256,
        "data": runs[0].about["data"],
        "split": runs[0].held,
        "n": len(first.image_ids),
        "covid": int(first.is_covid.sum()),
        "patients": len(np.unique(first.groups)),
        "threshold": threshold,
        "margin": margin,
        "alpha": decision.ALPHA,
        "images_for_equivalence": decision.images_for_equivalence(max(len(pairs), 1), margin),
        "networks": [_network(entrant, threshold) for entrant in entrants],
        "pairs": [_pair(a, b, d, v, threshold, len(pairs), margin) for (a, b), d, v in zip(pairs, differences, verdicts)],
        "chosen_on_validation": _chosen(entrants, threshold, runs[0].held),
        "study": {
            "pairs": study.verdicts(margin),
            "beside_ours": study.beside_ours(_confusions(entrants, threshold)),
        },
    }
    return content | {"best": best(content)}


def check_margin(margin):
    if not 0 < margin < 1:
        raise WrongUse(f"The margin of equivalence is {margin}.", next="name a difference in error rate between 0 and 1, such as 0.01")


def check_comparable(runs):
    """Raise WrongUse, naming the difference, unless the runs saw the same images in the same splits."""
    first = runs[0]
    advice = "compare runs of one manifest; several splits of the same images: add --resplits"
    for other in runs[1:]:
        where = f"{first.folder} and {other.folder}"
        if first.manifest_sha256 != other.manifest_sha256:
            raise WrongUse(f"The runs' manifests differ: {manifest_difference(first.records, other.records)}.", where, advice)
        if first.held != other.held:
            raise WrongUse(f"The runs' scores are on different splits: {first.held} and {other.held}.", where, advice)
        seen = [set(run.table.loc[run.table["split"] == run.held, "image_id"]) for run in (first, other)]
        if seen[0] != seen[1]:
            example = min(seen[0] ^ seen[1])
            raise WrongUse(
                f"The runs' images differ: {len(seen[0] ^ seen[1])} were scored by one run alone, such as {example}.", where, advice
            )


def manifest_difference(first, second):
    """In words, the most important difference between the used records {image_id: Record} of two manifests."""
    alone = set(first) ^ set(second)
    if alone:
        only = [len(set(a) - set(b)) for a, b in ((first, second), (second, first))]
        return f"{only[0]} used images are only in the first and {only[1]} only in the second, such as {min(alone)}"
    for column in ("label", "split", "sha256", "patient", *COLUMNS):
        rows = [image_id for image_id in first if getattr(first[image_id], column) != getattr(second[image_id], column)]
        if rows:
            name = min(rows)
            values = " and ".join(repr(getattr(records[name], column)) for records in (first, second))
            return f"the column {column} differs for {len(rows)} used images, such as {name}: {values}"
    return "only rows of images that are not used"


def protocol(run):
    """What a run's experiment says of how its networks are trained."""
    return {key: value for key, value in run.about["experiment"].items() if key not in NOT_PROTOCOL}


def contestants(runs):
    """The Contestants of the runs. Runs of one protocol give their seeds to the same contestants.

    Raises WrongUse for a network and seed that two runs of one protocol both have, BadInput where no network is done.
    """
    by_key = {}
    for run in runs:
        for architecture in run.table.loc[run.table["stage"] == predictions.LAST_STAGE, "architecture"].unique():
            by_key.setdefault((sha256_of_json(protocol(run)), architecture), []).append(run)
    several = len({key for key, _ in by_key}) > 1
    found = []
    for (_, architecture), mine in by_key.items():
        name = SHORT_NAMES[architecture] + (f" ({mine[0].name})" if several else "")
        held, valid = (_joined(mine, architecture, split) for split in (mine[0].held, "valid"))
        found.append(Contestant(name, architecture, tuple(run.name for run in mine), held, valid))
    if not found:
        raise BadInput(
            "No network finished its last stage, so there is nothing to compare.",
            runs[0].folder,
            "let the run end: the same command goes on with it",
        )
    if len({entrant.name for entrant in found}) < len(found):
        raise WrongUse(
            "Two runs of different protocols have the same name.", ", ".join(str(run.folder) for run in runs), "rename one of their folders"
        )
    return found


def _joined(runs, architecture, split):
    """The Scores of one network from runs with different seeds."""
    parts = [predictions.scores(run.table, architecture, split) for run in runs]
    if any(part is None for part in parts):
        return None
    seeds = [seed for part in parts for seed in part.seeds]
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        where = " and ".join(str(run.folder) for run in runs)
        raise WrongUse(
            f"{architecture} with seed {twice[0]} is in two runs of the same protocol.",
            where,
            "name each run once, or runs with different seeds",
        )
    order = np.argsort(seeds)
    first = parts[0]
    stacked = np.concatenate([part.p_covid for part in parts])[order]
    return Scores(first.image_ids, first.is_covid, first.groups, tuple(seeds[i] for i in order), stacked)


def _difference(a, b, threshold):
    return decision.difference(a.held.wrong(threshold), b.held.wrong(threshold), a.held.groups, a.held.seeds, b.held.seeds)


def _errors(scores, threshold):
    """{seed: error rate}"""
    return dict(zip(scores.seeds, scores.wrong(threshold).mean(1).tolist()))


def _network(entrant, threshold):
    errors = _errors(entrant.held, threshold)
    mean = float(np.mean(list(errors.values())))
    n = len(entrant.held.image_ids)
    return {
        "name": entrant.name,
        "architecture": entrant.architecture,
        "runs": list(entrant.runs),
        "seeds": list(errors),
        "errors": list(errors.values()),
        "error_rate": metrics.proportion(mean * n, n, metrics.units(entrant.held.groups)),
        "run_to_run": statistics.run_to_run(list(errors.values()), n),
    }


def _pair(a, b, d, verdict, threshold, pairs, margin):
    """One entry of `pairs`; every difference is A less B, so that below 0 A is the better one."""
    wrong = {entrant.name: dict(zip(entrant.held.seeds, entrant.held.wrong(threshold))) for entrant in (a, b)}
    discordant = []
    for seed in a.held.seeds:
        if seed in wrong[b.name]:
            mine, other = wrong[a.name][seed], wrong[b.name][seed]
            only = int((mine & ~other).sum()), int((other & ~mine).sum())
            discordant.append({"seed": seed, "only_a_wrong": only[0], "only_b_wrong": only[1], "p": statistics.mcnemar(*only)})
    auc, auc_p = statistics.auc_difference(a.held.is_covid, a.held.p_covid, b.held.p_covid, a.held.groups)
    return {
        "a": a.name,
        "b": b.name,
        "verdict": verdict.word,
        "why": verdict.why,
        "as_trained": verdict.as_trained,
        "difference": d.interval(),
        "over_patients": d.interval_over_patients(),
        "over_seeds": d.interval_over_seeds(),
        "p_difference": d.p_difference,
        "p_difference_holm": verdict.p_difference,
        "p_equivalence": d.p_equivalence(margin),
        "p_equivalence_holm": verdict.p_equivalence,
        "p_patients": d.p_sign_flip,
        "mcnemar": discordant,
        "probability_better": statistics.probability_better(_errors(a.held, threshold), _errors(b.held, threshold)),
        "auc_difference": auc | {"p": auc_p},
        "needed": decision.needed(d, pairs) if verdict.word == "undecided" else None,
    }


def _chosen(entrants, threshold, held):
    """The network that validation chooses, and its one look at test; None where there is no test split."""
    if held != "test" or any(entrant.valid is None for entrant in entrants):
        return None
    means = [(float(entrant.valid.wrong(threshold).mean()), entrant.name) for entrant in entrants]
    error, name = min(means)
    return {"name": name, "by": "lowest mean error rate on validation", "error_rate_on_validation": error}


def _confusions(entrants, threshold):
    """{architecture: a Confusion a seed}, of the first contestant of each architecture."""
    found = {}
    for entrant in entrants:
        found.setdefault(entrant.architecture, [metrics.confusion(entrant.held.is_covid, p, threshold) for p in entrant.held.p_covid])
    return found


def best(content):
    """{names, sentence}: the networks that may be the best, and what is known of it, in a sentence or two.

    A network is out when another one is better. One left: it is the best. Several: which is not known, unless
    all of them are equivalent to each other.
    """
    names = [network["name"] for network in content["networks"]]
    if len(names) < 2:
        return {"names": names, "sentence": "There is one network: nothing to compare."}
    beaten, alike = set(), set()
    for pair in content["pairs"]:
        if pair["verdict"] in ("better", "worse"):
            beaten.add(pair["b"] if pair["verdict"] == "better" else pair["a"])
        elif pair["verdict"] == "equivalent":
            alike.add(frozenset((pair["a"], pair["b"])))
    left = [name for name in names if name not in beaten]
    words = [pair["verdict"] for pair in content["pairs"]]
    count = ", ".join(f"{words.count(word)} {word}" for word in ("equivalent", "undecided") if words.count(word))
    tail = f" Of {len(words)} pairs, {sum(word in ('better', 'worse') for word in words)} decided" + (f", {count}." if count else ".")
    if len(left) == 1 and all(_beats(content["pairs"], left[0], other) for other in names if other != left[0]):
        sentence = f"{left[0]} is the best: it errs less than each of the others."
    elif left and all(frozenset(pair) in alike for pair in combinations(left, 2)):
        sentence = f"{_listed(left)} are equally good within {decision.points(content['margin'])} of error" + (
            ", and no other is." if beaten else "."
        )
    elif beaten:
        verb = "is" if len(beaten) == 1 else "are"
        sentence = f"It is known that {_listed(sorted(beaten))} {verb} not the best; which of {_listed(left)} is, is not known."
    else:
        sentence = "Which network is best is not known."
    return {"names": left, "sentence": sentence + tail}


def _beats(pairs, name, other):
    return any(
        (p["a"], p["b"], p["verdict"]) == (name, other, "better") or (p["b"], p["a"], p["verdict"]) == (name, other, "worse") for p in pairs
    )


def _listed(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def text(content):
    """The comparison as text: networks, pairs, the verdict, and the study's own verdict."""
    networks = []
    for network in content["networks"]:
        spread, rate = network["run_to_run"], network["error_rate"]
        sds = [_points(value) for value in (spread["observed"]["value"], spread["predicted"])]
        networks.append([network["name"], len(network["seeds"]), content["n"], figure_text(rate, 4), *sds, spread["reading"]])
    pairs = []
    for pair in content["pairs"]:
        needed = pair["needed"] or {}
        more = [needed.get("seeds") or "", needed.get("images") or "", needed.get("images_at_20_seeds") or ""]
        intervals = [interval_text(pair[key]) for key in ("difference", "over_patients", "over_seeds")]
        better = pair["probability_better"]
        word = pair["verdict"] if pair["verdict"] == "undecided" else pair["verdict"].upper()
        p_values = [f"{pair[key]:.3f}" for key in ("p_difference_holm", "p_equivalence_holm")]
        often = f"{better['value']:.2f}" if better["n"] > 1 else ""
        pairs.append([pair["a"], word, pair["b"], *intervals, *p_values, often, *more])
    network_header = ["network", "seeds", "n", "error rate, mean", "sd of runs", "predicted", "reading"]
    pair_header = [
        "A",
        "is",
        "B",
        "points of error, A less B",
        "over patients",
        "over seeds",
        "p differ",
        "p alike",
        "P(A>B)",
        "seeds",
        "images",
        "at 20 seeds",
    ]
    lines = [table(networks, network_header, right=["seeds", "n", "sd of runs", "predicted"])]
    if pairs:
        lines += ["", table(pairs, pair_header, right=pair_header[6:])]
    lines += [
        "",
        f"{content['n']} {content['split']} images of {content['patients']} patients, {content['covid']} of them COVID-19. p after Holm over {len(content['pairs'])} pairs.",
        "The last three columns say what would decide the difference seen (power 80 %): seeds with these images,",
        "images with these seeds, images with 20 seeds; empty: no number would, or it is decided.",
        f"Equivalent: within {decision.points(content['margin'])} of error; fewer than {content['images_for_equivalence']} independent images cannot show it.",
        *([f"Validation chooses {content['chosen_on_validation']['name']}."] if content["chosen_on_validation"] else []),
        "VERDICT: " + content["best"]["sentence"],
        _study_line(content["study"]["pairs"]),
    ]
    return "\n".join(lines)


def _study_line(pairs):
    easiest = min(pairs, key=lambda pair: pair["mcnemar_p"][0])
    names = " and ".join(SHORT_NAMES[easiest[side]] for side in "ab")
    low, high = easiest["mcnemar_p"]
    decided = sum(pair["verdict"] != "undecided" or pair["as_trained"] != "undecided" for pair in pairs)
    return (
        f"THE STUDY: of its {len(pairs)} pairs {decided} {'is' if decided == 1 else 'are'} decided by its own counts; "
        f"the farthest apart, {names}, has McNemar p {low:.2f} to {high:.2f}."
    )


def _points(value):
    return "" if value is None else f"{100 * value:.2f}"


def interval_text(figure):
    """A difference in error rate in points, with its interval."""
    if figure["low"] is None:
        return f"{100 * figure['value']:+.2f}"
    return f"{100 * figure['value']:+.2f} [{100 * figure['low']:+.2f}, {100 * figure['high']:+.2f}]"
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/controls.py
# ======================================================================================================================

FILES['cxrkit/evaluation/controls.py'] = r'''
"""Controls of the audit itself: labels that mean nothing must score chance, and a planted leak must be caught."""

import io

import numpy as np
from PIL import Image
from threadpoolctl import threadpool_limits

from cxrkit.data import duplicates, groups, splits
from cxrkit.data.images import open_grey
from cxrkit.errors import BadInput
from cxrkit.evaluation import baselines, probes

PERMUTATIONS = 20
LEAST_TOLERANCE = 0.03
"""How far from 0.5 the mean over permutations may lie where its own spread is smaller."""
COMPARED = 40
"""Films among which a planted copy is looked for."""
PLANTED = "planted/film"


def permuted(films, random):
    """n booleans: the labels dealt out anew among the patients."""
    of_group = np.zeros(films.groups.max() + 1, bool)
    of_group[films.groups] = films.is_covid
    return random.permutation(of_group)[films.groups]


def permutation(films, permutations=PERMUTATIONS):
    """The row of a thumbnail's cross-validated area with permuted labels, the mean over permutations. Raises BadInput."""
    reason = probes.too_few(films.is_covid, films.groups)
    if reason or films.images is None:
        raise BadInput(reason or "the films are not on this machine")
    features, random = baselines.thumbnails(films.images, 8), np.random.default_rng(0)
    areas = []
    for _ in range(permutations):
        labels = permuted(films, random)
        if not probes.too_few(labels, films.groups):
            areas.append(probes.area(labels, probes.out_of_fold(features, labels, films.groups), films.groups)["auc"])
    mean, error = float(np.mean(areas)), float(np.std(areas, ddof=1) / np.sqrt(len(areas)))
    tolerance = max(LEAST_TOLERANCE, 3 * error)
    return {
        "name": "permutation",
        "title": "labels dealt out at random, 8 x 8 thumbnails",
        "expected": f"AUC 0.5 within {tolerance:.3f}",
        "found": f"{mean:.3f}, the mean of {len(areas)} permutations of {len(films.groups)} films (standard error {error:.3f})",
        "passed": abs(mean - 0.5) <= tolerance,
    }


def retrained_permutation(network, experiment, films, pixels, folder, device):
    """The row of a network trained on permuted labels and scored against the permuted labels of the held-out films."""
    from cxrkit.evaluation import retraining

    labels = permuted(films, np.random.default_rng(0))
    altered = [record.but(label=("normal", "covid")[int(label)]) for record, label in zip(films.records, labels)]
    found = retraining.predictions(experiment, network.architecture, network.seed, altered, pixels, "permuted-labels", folder, device)
    held = films.splits == films.held
    scores = np.array([found[record.image_id] for record, wanted in zip(films.records, held) if wanted])
    area = probes.area(labels[held], scores, films.groups[held])
    low, high = area["interval"]
    return {
        "name": "permutation-retrained",
        "title": f"labels dealt out at random, {network.architecture} trained on them",
        "expected": "an interval of AUC that holds 0.5",
        "found": f"{area['auc']:.3f} [{low:.3f}, {high:.3f}], {area['n']} held-out films",
        "passed": low <= 0.5 <= high,
    }


def leaked_patient(films, all_records):
    """The row of a film that is put, under another name, into another split than its patient's others. Raises BadInput."""
    victim, other = _victim(films)
    planted = victim.but(image_id=PLANTED, split=other, sha256="", duplicate_of="")
    return _row("leak-patient", "a training patient planted among the held-out films", splits.leaks([*all_records, planted]), all_records)


def leaked_copy(films, all_records, locate):
    """The row of an altered copy of a training film planted among held-out ones under another patient's name.

    It is cropped by 3 %, brightened and compressed anew, and has to be found by its content, as the manifest finds it.
    locate: function from a Record to its file. Raises BadInput for a film that is not there.
    """
    victim, other = _victim(films)
    among = [record for record in films.records if record is not victim][:COMPARED]
    thumbnails = {record.image_id: duplicates.thumbnail(open_grey(locate(record))) for record in [victim, *among]}
    thumbnails[PLANTED] = duplicates.thumbnail(altered(open_grey(locate(victim))))
    planted = victim.but(image_id=PLANTED, patient=PLANTED, split=other, sha256="", duplicate_of="")
    with threadpool_limits(1):
        found = duplicates.find(thumbnails)
    pairs = [pair for pair in found if PLANTED in (pair.first, pair.second)]
    marked = groups.mark_duplicates([*all_records, planted], pairs, remove=False)
    title = "an altered copy of a training film planted among the held-out films"
    return _row("leak-copy", title, splits.leaks(marked), all_records)


def _victim(films):
    """A film whose patient is in training alone, the same one each time, and the split that it leaks into. Raises BadInput."""
    elsewhere = set(films.groups[films.splits != "train"])
    training = [record for record, group in zip(films.records, films.groups) if group not in elsewhere]
    if not training or not films.held:
        raise BadInput("the manifest has no split that a film could leak into")
    return training[0], films.held


def altered(grey):
    """The same picture as another collection might publish it: cropped by 3 % a side, brighter, compressed anew."""
    width, height = grey.size
    cut = grey.crop((round(0.03 * width), round(0.03 * height), round(0.97 * width), round(0.97 * height)))
    file = io.BytesIO()
    cut.point(lambda value: min(255, round(value * 1.15))).save(file, "JPEG", quality=75)
    return Image.open(file).convert("L")


def _row(name, title, leaks, all_records):
    new = len(leaks) - len(splits.leaks(all_records))
    return {
        "name": name,
        "title": title,
        "expected": "the leak gate reports it",
        "found": "reported" if new > 0 else "not reported",
        "passed": new > 0,
    }
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/decision.py
# ======================================================================================================================

FILES['cxrkit/evaluation/decision.py'] = r'''
"""The one procedure that says of two networks: better, worse, equivalent or undecided.

**The question.** Does architecture A, trained once more with a new seed, err less than B on new patients of
the same kind? The difference d is A's error rate less B's, averaged over seeds and images.

**The uncertainty.** d moves with the patients who happen to be in the held-out set and with the seeds that
happened to be drawn. Each has its own variance, printed on its own:

* patients: how much d varies between patients, each patient's images and all seeds taken together;
* seeds: how much d varies between seeds, on the same images.

The interval of d adds the half-widths of Student's intervals over patients and over seeds in quadrature, each
with its own degrees of freedom (as in Zou and Donner 2008, Stat. Med. 27:1693). The noise of single images in
single runs counts in both, so it is taken off once (as in the two-way clustering of Cameron, Gelbach and Miller
2011, J. Bus. Econ. Stat. 29:238), but the sum is never less than either of the two. Two shortcuts were simulated and left out. To
demand that a test over patients and one over seeds both reject calls equal networks different in 17 % of
cases where both variances are alike. One Student interval with Satterthwaite's degrees of freedom does so too
often where seeds are few and differ much (2 seeds: 14 %).

**Better or worse** needs both p-values at or below 0.05 after Holm over all pairs:

* the test that belongs to that interval. Few discordant images make the variance over patients too small; one
  pseudo-patient, half for A and half for B, is added (after Agresti and Min 2005, Stat. Med. 24:729);
* the exact sign-flip test over patients, which for one seed and one image a patient is McNemar's.

**Equivalent** needs two one-sided tests to show that d lies within the margin (Schuirmann 1987, J.
Pharmacokinet. Biopharm. 15:657), after Holm over all pairs. There the variance over patients is at least the
one that a difference as large as the margin brings with it, so that a small set on which two networks happen
to agree proves nothing. Equivalent goes before better and worse: a difference within the margin is none that
the user cares for.

**Undecided** is everything else, and every pair of which one network ran only once: one run says nothing of
the next.

What it does not cover: other training images. All runs share one split (see statistics.over_resplits).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit
from scipy.stats import norm

from cxrkit.evaluation import statistics
from cxrkit.evaluation.metrics import figure, units

ALPHA = 0.05
MARGIN = 0.01
POWER = 0.8
TINY = 1e-12
MOST_SEEDS = 1000
MOST_IMAGES = 10_000_000


@dataclass(frozen=True)
class Part:
    """A share of a variance, and the degrees of freedom it was estimated with."""

    variance: float
    df: float


@dataclass(frozen=True)
class Difference:
    """A's error rate less B's, and what it rests on.

    patients, seeds: the Parts of its variance; seeds is empty where a network has one run. both: the variance
    from single images in single runs, which those two include. n_units: see metrics.units.
    """

    value: float
    n: int
    n_patients: int
    n_units: float
    n_seeds: int
    patients: Part
    seeds: tuple
    both: float
    p_sign_flip: float

    @property
    def decidable(self):
        return bool(self.seeds)

    @property
    def p_difference(self):
        """Two-sided p-value of no difference: the larger of the interval's and the sign-flip test's."""
        return max(p_value(abs(self.value), *self._both_ways()), self.p_sign_flip)

    def p_equivalence(self, margin):
        """One-sided p-value of a difference as large as the margin or larger."""
        at_margin = max(self.patients.variance, margin * (1 - margin) / self.n_units)
        one_sided = p_value(abs(margin - abs(self.value)), *self._both_ways(at_margin)) / 2
        return one_sided if abs(self.value) < margin else 1 - one_sided

    def interval(self):
        """The figure of the difference with its 95 % interval over patients and seeds together."""
        return self._figure("patients and seeds" if self.seeds else "patients only: a network ran once", *self._both_ways())

    def interval_over_patients(self):
        return self._figure("patients, for these seeds", (self.patients,))

    def interval_over_seeds(self):
        if not self.seeds:
            return figure(self.value, None, None, self.n_seeds, "none: one run says nothing of the next")
        return self._figure("seeds, for these patients", self.seeds) | {"n": self.n_seeds}

    def _both_ways(self, over_patients=None):
        """The parts of the variance over patients and seeds, and what both include."""
        patients = self.patients if over_patients is None else Part(over_patients, self.patients.df)
        return (patients, *self.seeds), self.both if self.seeds else 0.0

    def _figure(self, over, parts, both=0.0):
        half = half_width(ALPHA, parts, both)
        return figure(self.value, self.value - half, self.value + half, self.n, f"Student 95 % over {over}")


def half_width(alpha, parts, both=0.0):
    """Half the width of the 1 - alpha interval: the parts' own half-widths, added in quadrature.

    both: the variance that each of two parts includes; it is taken off once, but never below the wider part.
    """
    squares = [stdtrit(part.df, alpha / 2) ** 2 * part.variance for part in parts]
    return float(np.sqrt(max(sum(squares) - ndtri(alpha / 2) ** 2 * both, *squares, 0.0)))


def p_value(distance, parts, both=0.0):
    """The alpha at which the interval is just that wide: the two-sided p-value of a value that far off."""
    if half_width(1, parts, both) >= distance:
        return 1.0
    if half_width(TINY, parts, both) <= distance:
        return TINY
    return float(np.exp(brentq(lambda log_alpha: half_width(np.exp(log_alpha), parts, both) - distance, np.log(TINY), 0, xtol=1e-6)))


def difference(wrong_a, wrong_b, groups, seeds_a, seeds_b):
    """The Difference between two networks on the same n images.

    wrong_a, wrong_b: seeds x n booleans; groups: n patient keys; seeds_a, seeds_b: the seed of each row. The
    same seeds in both: the variance over seeds is that of the differences seed by seed. Other seeds: each
    network's own.
    """
    wrong_a, wrong_b = np.asarray(wrong_a, float), np.asarray(wrong_b, float)
    n, members = wrong_a.shape[1], np.unique(np.asarray(groups), return_inverse=True)[1]
    by_image = wrong_a.mean(0) - wrong_b.mean(0)
    value, n_patients, n_units = by_image.mean(), int(members.max()) + 1, units(members)
    sums = np.bincount(members, by_image - value)
    over_patients = (sums**2).sum() / n**2 * n_patients / max(n_patients - 1, 1) + 1 / n_units**2
    flips = np.rint(np.bincount(members, by_image) * math.lcm(len(wrong_a), len(wrong_b))).astype(int)
    return Difference(
        value=float(value),
        n=n,
        n_patients=n_patients,
        n_units=n_units,
        n_seeds=min(len(wrong_a), len(wrong_b)),
        patients=Part(float(over_patients), max(n_patients - 1, 1)),
        seeds=_over_seeds(dict(zip(seeds_a, wrong_a.mean(1))), dict(zip(seeds_b, wrong_b.mean(1)))),
        both=_both(wrong_a, members) + _both(wrong_b, members),
        p_sign_flip=statistics.sign_flip(flips),
    )


def _over_seeds(errors_a, errors_b):
    """The Parts of the variance over seeds of a difference between two networks' {seed: error rate}."""
    if min(len(errors_a), len(errors_b)) < 2:
        return ()
    paired = set(errors_a) == set(errors_b)
    samples = [[errors_a[seed] - errors_b[seed] for seed in errors_a]] if paired else [list(errors_a.values()), list(errors_b.values())]
    return tuple(Part(float(np.var(sample, ddof=1) / len(sample)), len(sample) - 1) for sample in samples)


def _both(wrong, members):
    """The variance of a network's mean error that single images in single runs bring; predicted for one run."""
    runs, n = wrong.shape
    if runs < 2:
        return statistics.predicted_sd(wrong.mean(), n) ** 2
    rest = wrong - wrong.mean(0) - wrong.mean(1, keepdims=True) + wrong.mean()
    sums = np.stack([np.bincount(members, row) for row in rest])
    return float((sums**2).sum() / (n**2 * runs * (runs - 1)))


@dataclass(frozen=True)
class Verdict:
    """word: what A is beside B: better, worse, equivalent or undecided; why: a sentence.

    p_difference, p_equivalence: adjusted by Holm over all pairs; as_trained: the verdict on these very
    trained networks, by the sign-flip test alone, whatever another run would bring.
    """

    word: str
    why: str
    p_difference: float
    p_equivalence: float
    as_trained: str


def decide(differences, margin=MARGIN, alpha=ALPHA):
    """A Verdict for each of the Differences, which together are all pairs that were compared."""
    p_difference = statistics.holm([d.p_difference for d in differences])
    p_equivalence = statistics.holm([d.p_equivalence(margin) for d in differences])
    p_as_trained = statistics.holm([d.p_sign_flip for d in differences])
    verdicts = []
    for d, differs, alike, trained in zip(differences, p_difference, p_equivalence, p_as_trained):
        direction = "better" if d.value < 0 else "worse"
        if not d.decidable:
            word, why = "undecided", "a network ran once: one run says nothing of the next"
        elif alike <= alpha:
            word, why = "equivalent", f"the difference lies within {points(margin)} of error (p {_p(alike)})"
        elif differs <= alpha:
            word, why = direction, f"by {100 * abs(d.value):.2f} points of error (p {_p(differs)})"
        else:
            word, why = "undecided", f"neither a difference (p {_p(differs)}) nor equivalence (p {_p(alike)}) is shown"
        verdicts.append(Verdict(word, why, differs, alike, direction if trained <= alpha else "undecided"))
    return verdicts


def points(share):
    """A difference between rates in percentage points, in words."""
    number = f"{100 * share:g}"
    return f"{number} point{'' if number == '1' else 's'}"


def _p(value):
    return f"{value:.2g}" if value >= 0.001 else "< 0.001"


def needed(d, pairs, alpha=ALPHA, power=POWER):
    """How much more would decide the difference seen, were it the true one: with 80 % power, Holm's first step.

    Returns {images, seeds, images_at_20_seeds}: held-out images at the present seeds; seeds at the present
    images; images at 20 seeds. None: no number reaches it. The variances are those seen; where a network ran
    once, the noise of a run is the predicted one (statistics.predicted_sd).
    """
    found = {"images": None, "seeds": None, "images_at_20_seeds": None}
    if d.value == 0:
        return found
    if d.decidable:
        found["images"] = _smallest(lambda n: _decided(d, n, d.n_seeds, pairs, alpha, power), d.n, MOST_IMAGES)
    found["seeds"] = _smallest(lambda s: _decided(d, d.n, s, pairs, alpha, power), 2, MOST_SEEDS)
    found["images_at_20_seeds"] = _smallest(lambda n: _decided(d, n, 20, pairs, alpha, power), d.n, MOST_IMAGES)
    return found


def _decided(d, n, seeds, pairs, alpha, power):
    """Whether n images and that many seeds of each network would decide the difference seen."""
    more_images, more_seeds = n / d.n, seeds / d.n_seeds
    single = d.both / more_images / more_seeds
    pseudo = 1 / d.n_units**2
    over_patients = max(d.patients.variance - pseudo - d.both, 0) / more_images + single + pseudo / more_images**2
    over_seeds = max(sum(part.variance for part in d.seeds) - d.both, 0) / more_seeds + single
    parts = (Part(over_patients, d.n_patients * more_images - 1), Part(over_seeds, seeds - 1))
    return abs(d.value) >= half_width(alpha / pairs, parts, single) + half_width(2 * (1 - power), parts, single)


def _smallest(enough, low, high):
    """The smallest whole number from low to high with which it is enough, None where even high is not."""
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return int(low)


def images_for_equivalence(pairs, margin=MARGIN, alpha=ALPHA):
    """The fewest independent images on which networks that never differ could be called equivalent."""
    return math.ceil(norm.ppf(1 - alpha / pairs) ** 2 * (1 - margin) / margin)
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/external.py
# ======================================================================================================================

FILES['cxrkit/evaluation/external.py'] = r'''
"""Films from elsewhere: what remains of the scores in another hospital, and whether the probabilities still mean what they say.

External films alone do not prove a network sound (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610), but a
network that falls on them was never sound.
"""

from pathlib import Path

import numpy as np

from cxrkit.data import duplicates, images, manifest, sources
from cxrkit.data.records import LABELS, exclude
from cxrkit.errors import BadInput, WrongUse
from cxrkit.evaluation import metrics, predictions, probes
from cxrkit.evaluation.bootstrap import patient_weights
from cxrkit.evaluation.calibration import calibration, fit_temperature, tempered


def parse(text):
    """(name, path) of `NAME=DIR` or `NAME=manifest.csv`. Raises WrongUse."""
    name, separator, place = text.partition("=")
    if not separator or not place or not name.replace("-", "").replace("_", "").isalnum():
        raise WrongUse(
            f"{text!r} names no external films.", next="write NAME=DIR: a folder with covid/ and normal/ in it, or a manifest.csv"
        )
    return name, Path(place)


def read(name, place):
    """(records, locate, {image_id: thumbnail}) of external films, with the facts of their files.

    place: a folder with a folder a class, as the source kind `folder` reads it, or a manifest.csv with its roots
    beside it. Files that cannot be read come back excluded with the reason. Raises BadInput.
    """
    if place.suffix == ".csv":
        records, roots = manifest.read(place), manifest.read_roots(place)
        if not roots:
            raise BadInput(
                "It is not known where the external manifest's images lie.",
                place,
                "build it on this machine: python -m cxrkit manifest build",
            )
    else:
        found = sources.Source("folder", name, place)
        records, roots = found.read(), manifest.roots_of([found])
    records = exclude(records, lambda record: "" if record.label in LABELS else "no label")
    locate = sources.locator(roots)
    records, thumbnails = images.add_facts(records, locate)
    return records, locate, thumbnails


def without_copies(records, thumbnails, inside, inside_thumbnails):
    """The external records, those excluded that show a picture which the study has, in any split, or which stands there twice.

    thumbnails: {image_id: thumbnail} of the external films; inside: the study's used records; inside_thumbnails: theirs,
    empty where the study's films are not on this machine; then only files that are alike byte for byte are found.
    """
    of_bytes = {record.sha256: record.image_id for record in inside}
    copies = {record.image_id: of_bytes[record.sha256] for record in records if record.sha256 in of_bytes}
    together = {("study", name): thumbnail for name, thumbnail in inside_thumbnails.items()}
    together |= {("outside", name): thumbnail for name, thumbnail in thumbnails.items()}
    for pair in duplicates.find(together):
        (_, kept), (place, name) = sorted((pair.first, pair.second), reverse=True)
        if place == "outside":
            copies.setdefault(name, kept)
    return exclude(records, lambda record: f"duplicate of {copies[record.image_id]}" if record.image_id in copies else "")


def row(name, records, architecture, p_covid, run, threshold):
    """What one network's ensemble over its seeds says of external films: the row of audits.json.

    p_covid: seeds x n over the used records, sorted by image_id; run: the predictions.Run of the inside. The drop is
    inside less outside, of the area and of both rates at the threshold, with the interval of probes.difference.
    """
    films = probes.Films.of(records)
    outside = p_covid.mean(0)
    inside = predictions.scores(run.table, architecture, run.held).averaged()
    figures = {
        "outside": _figures(films.is_covid, outside, films.groups, threshold),
        "inside": _figures(inside.is_covid, inside.p_covid[0], inside.groups, threshold),
    }
    valid = predictions.scores(run.table, architecture, "valid").averaged()
    temperature = fit_temperature(valid.is_covid, valid.p_covid[0])
    weights = patient_weights(films.is_covid, films.groups)
    reasons = [record.excluded for record in records if not record.used]
    return {
        "name": name,
        "architecture": architecture,
        "seeds": len(p_covid),
        "n": len(outside),
        "n_covid": int(films.is_covid.sum()),
        "patients": len(np.unique(films.groups)),
        "duplicates_removed": sum(reason.startswith("duplicate of ") for reason in reasons),
        "left_out": len(reasons),
        "threshold": threshold,
        "metrics": figures["outside"],
        "inside": figures["inside"],
        "drop": _drop(figures["inside"]["auc"], figures["outside"]["auc"], "auc")
        | {rate: _drop(figures["inside"][rate], figures["outside"][rate], "value") for rate in ("sensitivity", "specificity")},
        "calibration": {
            "temperature": temperature,
            "before": calibration(films.is_covid, outside, films.groups, weights),
            "after": calibration(films.is_covid, tempered(outside, temperature), films.groups, weights),
        },
    }


def _figures(is_covid, p_covid, groups, threshold):
    worth = [metrics.units(groups[chosen]) for chosen in (is_covid, ~is_covid)]
    found = metrics.rates(metrics.confusion(is_covid, p_covid, threshold), *worth)
    return found | {
        "auc": metrics.auc(is_covid, p_covid, groups),
        "average_precision": metrics.average_precision(is_covid, p_covid, groups),
    }


def _drop(inside, outside, name):
    value, interval = probes.difference(inside, outside)
    return {name: value, "interval": interval}
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/masking.py
# ======================================================================================================================

FILES['cxrkit/evaluation/masking.py'] = r'''
"""Does a network need the lungs? Its area under the ROC curve with the centre of the film blacked out, or all but the centre.

Maguolo and Nanni 2021, Inf. Fusion 76:1 (arXiv 2004.12823): a protocol is fair when the score falls to chance once
the lungs are hidden. A network that was trained on whole films has never seen a black box, so a low score says
little; a high one says that the frame suffices. Trained anew on masked films, a network shows both.
"""

import numpy as np

from cxrkit.data.pixels import Pixels
from cxrkit.evaluation import probes

MASKS = ("centre", "surround")
SIDES = (0.2, 0.4, 0.6, 0.8, 0.9)
"""Side of the central box, in shares of the picture's side."""
LUNGS = 0.8
"""The side whose box holds both lungs on nearly every film; the verdict reads the curve there."""
RETRAINED_SIDES = (0.4, 0.6, LUNGS)


def box(size, side):
    """First and last pixel (excluded) of the central box on either axis; side 0 has none."""
    half = round(size * side / 2)
    return size // 2 - half, size // 2 + half


def masked(images, mask, side):
    """A copy of grey squares, uint8 [n, size, size], with black in the central box ("centre") or all around it ("surround")."""
    low, high = box(images.shape[-1], side)
    if mask == "centre":
        found = np.array(images)
        found[:, low:high, low:high] = 0
        return found
    found = np.zeros_like(images)
    found[:, low:high, low:high] = images[:, low:high, low:high]
    return found


def black_share(size, mask, side):
    """The share of the picture that is blacked out."""
    low, high = box(size, side)
    share = (high - low) ** 2 / size**2
    return share if mask == "centre" else 1 - share


def curve(network, model, held, device):
    """The rows of one trained network on the held-out probes.Films, one a mask and side, from the whole picture on."""
    from cxrkit.training import networks

    whole = networks.p_covid(model, held.images, device)
    rows = []
    for mask in MASKS:
        rows.append(_row(network, mask, 0.0, whole, held, False, side=0.0 if mask == "centre" else 1.0))
        for side in sorted(SIDES, reverse=mask == "surround"):
            seen = networks.p_covid(model, masked(held.images, mask, side), device)
            rows.append(_row(network, mask, black_share(held.images.shape[-1], mask, side), seen, held, False, side))
    return rows


def retrained(network, experiment, records, pixels, held, folder, device):
    """The rows of one network trained anew on masked films, and scored on held-out films under the same mask."""
    from cxrkit.evaluation import retraining

    rows = []
    for mask in MASKS:
        for side in RETRAINED_SIDES:
            altered = Pixels(masked(pixels.images, mask, side), pixels.rows)
            found = retraining.predictions(
                experiment, network.architecture, network.seed, records, altered, f"{mask}-{round(100 * side)}", folder, device
            )
            seen = np.array([found[image_id] for image_id in held.image_ids])
            rows.append(_row(network, mask, black_share(pixels.size, mask, side), seen, held, True, side))
    return rows


def _row(network, mask, share, p_covid, held, trained_anew, side):
    about = {"architecture": network.architecture, "seed": network.seed, "mask": mask, "side": side, "share": round(share, 4)}
    return about | probes.area(held.is_covid, p_covid, held.groups) | {"retrained": trained_anew}
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/metrics.py
# ======================================================================================================================

FILES['cxrkit/evaluation/metrics.py'] = r'''
"""What a set of predictions is worth, each figure with its 95 % interval and its n.

Images of one patient are not independent. Closed-form intervals therefore count *units*, not images:
n images in groups of m1, m2, ... weigh as much as n**2 / sum(m**2) independent ones if a patient's images
always agree (Kish 1965, Survey Sampling, section 8.2). That is the worst case, so the intervals are wide
enough; with one image a patient, units are images.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm, rankdata

Z = norm.ppf(0.975)
DRAWS = 4000


@dataclass(frozen=True)
class Confusion:
    """Counts with COVID-19 as the positive class."""

    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def n(self):
        return self.tp + self.fn + self.tn + self.fp

    @property
    def wrong(self):
        return self.fn + self.fp


def confusion(is_covid, p_covid, threshold=0.5):
    """Counts at a threshold: an image is called COVID-19 when its probability is at least `threshold`.

    is_covid: n booleans; p_covid: n probabilities.
    """
    truth, called = np.asarray(is_covid, bool), np.asarray(p_covid, float) >= threshold
    return Confusion(
        tp=int((truth & called).sum()),
        fn=int((truth & ~called).sum()),
        tn=int((~truth & ~called).sum()),
        fp=int((~truth & called).sum()),
    )


def units(groups):
    """The number of independent observations that images in these groups (one key an image) are worth at least."""
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if len(sizes) else 0.0


def figure(value, low, high, n, interval):
    """One figure as it stands in metrics.json."""
    return {"value": _number(value), "low": _number(low), "high": _number(high), "n": n, "interval": interval}


def _number(value):
    return None if value is None or np.isnan(value) else float(value)


def wilson(share, n, z=Z):
    """Wilson's interval of a proportion over n observations; n need not be whole.

    Wilson 1927, J. Am. Stat. Assoc. 22:209.
    """
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return (0.0 if share == 0 else max(0.0, centre - half)), (1.0 if share == 1 else min(1.0, centre + half))


def proportion(count, n, n_units=None):
    """The figure count/n with Wilson's interval over n_units observations (n, unless given)."""
    if n == 0:
        return figure(None, None, None, 0, "Wilson 95 %")
    n_units = n if n_units is None else n_units
    name = "Wilson 95 %" if np.isclose(n_units, n) else f"Wilson 95 %, worth {n_units:.1f} independent images"
    return figure(count / n, *wilson(count / n, n_units), n, name)


def rates(counts, covid_units=None, normal_units=None):
    """{name: figure} of what a Confusion says.

    covid_units, normal_units: what the images of each class are worth (see `units`); their number, unless given.
    Error rate, accuracy, sensitivity and specificity have Wilson's interval. Balanced accuracy, F1 and
    Matthews' correlation are functions of sensitivity and specificity at this set's prevalence; their
    intervals follow from Jeffreys' distributions of the two (Totsch and Hoffmann 2021, PeerJ Comput. Sci.
    7:e398), which do not collapse where nothing was wrong, as a bootstrap's do.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    covid_units = covid if covid_units is None else covid_units
    normal_units = normal if normal_units is None else normal_units
    all_units = counts.n**2 / (_square(covid, covid_units) + _square(normal, normal_units)) if counts.n else 0
    found = {
        "error_rate": proportion(counts.wrong, counts.n, all_units),
        "accuracy": proportion(counts.n - counts.wrong, counts.n, all_units),
        "sensitivity": proportion(counts.tp, covid, covid_units),
        "specificity": proportion(counts.tn, normal, normal_units),
    }
    exact = summaries(counts.tp, counts.fn, counts.tn, counts.fp)
    if not covid or not normal:
        return found | {name: figure(None, None, None, counts.n, "none: one class only") for name in exact}
    sensitivity, specificity = likely_rates(counts, covid_units, normal_units)
    drawn = summaries(covid * sensitivity, covid * (1 - sensitivity), normal * specificity, normal * (1 - specificity))
    for name, value in exact.items():
        found[name] = figure(value, *_spread(drawn[name], value), counts.n, "Jeffreys 95 %")
    return found


def _square(n, n_units):
    """The sum of the squared group sizes behind n images worth n_units."""
    return n**2 / n_units if n else 0.0


def summaries(tp, fn, tn, fp):
    """{name: value} of balanced accuracy, F1 and Matthews' correlation; 0 where they are not defined.

    The counts may be arrays, and need not be whole.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        balanced = (tp / np.add(tp, fn, dtype=float) + tn / np.add(tn, fp, dtype=float)) / 2
        f1 = np.nan_to_num(2 * tp / np.asarray(2 * tp + fp + fn, float))
        spread = np.sqrt(np.asarray(tp + fp, float) * (tp + fn) * (tn + fp) * (tn + fn))
        mcc = np.nan_to_num((tp * tn - fp * fn) / np.where(spread == 0, np.nan, spread))
    return {"balanced_accuracy": balanced, "f1": f1, "mcc": mcc}


def likely_rates(counts, covid_units, normal_units, draws=DRAWS):
    """Draws of sensitivity and specificity from their Jeffreys distributions; the same each time."""
    random = np.random.default_rng(0)
    sensitivity, specificity = counts.tp / (counts.tp + counts.fn), counts.tn / (counts.tn + counts.fp)
    return tuple(
        random.beta(share * n + 0.5, (1 - share) * n + 0.5, draws) for share, n in ((sensitivity, covid_units), (specificity, normal_units))
    )


def _spread(drawn, value):
    """The middle 95 % of the draws, stretched to hold the value itself where it stands at a limit."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return min(low, value), max(high, value)


def predictive_values(counts, prevalence, covid_units=None, normal_units=None):
    """{prevalence, ppv, npv}: the predictive values where that share of people have COVID-19 (Bayes' rule).

    prevalence: strictly between 0 and 1. Intervals as in `rates`; no value where nobody would be called so.
    """
    covid, normal = counts.tp + counts.fn, counts.tn + counts.fp
    if not covid or not normal:
        return {"prevalence": prevalence} | {name: figure(None, None, None, counts.n, "none: one class only") for name in ("ppv", "npv")}
    drawn = likely_rates(counts, covid if covid_units is None else covid_units, normal if normal_units is None else normal_units)
    found = {"prevalence": prevalence}
    exact = _ppv_npv(np.float64(counts.tp / covid), np.float64(counts.tn / normal), prevalence)
    for name, value, likely in zip(("ppv", "npv"), exact, _ppv_npv(*drawn, prevalence)):
        low, high = (None, None) if np.isnan(value) else _spread(likely, value)
        found[name] = figure(value, low, high, counts.n, "Jeffreys 95 %")
    return found


def _ppv_npv(sensitivity, specificity, prevalence):
    with np.errstate(divide="ignore", invalid="ignore"):
        hits, misses = sensitivity * prevalence, (1 - sensitivity) * prevalence
        alarms, passes = (1 - specificity) * (1 - prevalence), specificity * (1 - prevalence)
        return hits / (hits + alarms), passes / (passes + misses)


def auc(is_covid, p_covid, groups=None):
    """The figure of the area under the ROC curve, ties counted half, with DeLong's interval beside Newcombe's.

    p_covid: n probabilities, or seeds x n: then it is the mean area over those trained networks, and its
    intervals speak of patients, not of further seeds. groups: n patient keys.

    low and high hold both DeLong's interval on the logit scale (`delong`; none where the classes are separated
    perfectly) and Newcombe's score interval over the units of each class. Of 268 images with 34 positive,
    DeLong's alone held a true area of 0.97 to 0.995 in 90 of 100 simulated cases; Newcombe's, which takes both
    classes to spread alike, in 83 where one spread three times as far as the other.
    """
    truth = np.asarray(is_covid, bool)
    groups = np.arange(len(truth)) if groups is None else np.asarray(groups)
    if truth.all() or not truth.any():
        return figure(None, None, None, len(truth), "none: one class only") | {"delong": None}
    area, influence = mean_auc_influence(truth, p_covid)
    low, high = newcombe(area, units(groups[truth]), units(groups[~truth]))
    variance, delong = grouped_variance(influence, groups), None
    if variance > 0 and 0 < area < 1:
        logit, spread = np.log(area / (1 - area)), Z * np.sqrt(variance) / (area * (1 - area))
        delong = [float(1 / (1 + np.exp(-(logit + sign * spread)))) for sign in (-1, 1)]
        low, high = min(low, delong[0]), max(high, delong[1])
    return figure(area, low, high, len(truth), "DeLong and Newcombe 95 %, the wider") | {"delong": delong}


def newcombe(area, positives, negatives, z=Z):
    """The areas that lie z standard errors from the one seen, each with the standard error it would itself have.

    Newcombe 2006, Stat. Med. 25:559, method 5. The numbers of each class need not be whole.
    """
    half = (positives + negatives) / 2 - 1

    def standard_error(a):
        return np.sqrt(a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / (positives * negatives))

    def limit(end):
        if end == round(area) == area:
            return float(end)
        nearest, farthest = np.clip([area, end], 1e-9, 1 - 1e-9)
        return float(brentq(lambda a: abs(area - a) - z * standard_error(a), nearest, farthest, xtol=1e-12))

    return limit(0), limit(1)


def auc_influence(is_covid, p_covid):
    """The area under the ROC curve, and how much each image moves it.

    The squared influences add up to DeLong's variance of the area; those of two networks on the same images,
    subtracted, to the variance of the difference (DeLong 1988, Biometrics 44:837; by ranks as in Sun and Xu
    2014, IEEE Signal Process. Lett. 21:1389). A class of one image has no variance.
    """
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    ranks, influence = rankdata(scores), np.zeros(len(scores))
    for members, sign in ((truth, 1), (~truth, -1)):
        own, other = members.sum(), (~members).sum()
        beaten = (ranks[members] - rankdata(scores[members])) / other
        if own > 1:
            influence[members] = sign * (beaten - beaten.mean()) / np.sqrt(own * (own - 1))
        if sign == 1:
            area = float(beaten.mean())
    return area, influence


def mean_auc_influence(is_covid, p_covid):
    """auc_influence averaged over the rows of p_covid (seeds x n, or n)."""
    parts = [auc_influence(is_covid, row) for row in np.atleast_2d(p_covid)]
    return float(np.mean([area for area, _ in parts])), np.mean([influence for _, influence in parts], axis=0)


def grouped_variance(influence, groups):
    """The variance of a sum of influences whose patients are independent, but not their images.

    Obuchowski 1997, Biometrics 53:567, for areas; the same sandwich for any mean.
    """
    return float((np.bincount(np.unique(groups, return_inverse=True)[1], influence) ** 2).sum())


def average_precision(is_covid, p_covid, groups=None):
    """The figure of average precision, the step-wise area under the precision-recall curve.

    The interval is Wilson's over the units of the positive class (Boyd 2013, ECML PKDD, section 3.1).
    """
    truth = np.asarray(is_covid, bool)
    if truth.all() or not truth.any():
        return figure(None, None, None, len(truth), "none: one class only")
    value = weighted_areas(np.ones((1, len(truth))), truth, p_covid)["average_precision"][0]
    n_units = truth.sum() if groups is None else units(np.asarray(groups)[truth])
    return figure(value, *wilson(value, n_units), len(truth), "Wilson 95 % at the positive class")


def weighted_areas(weights, is_covid, p_covid):
    """{auc, average_precision: B values} of n images under each of B rows of weights (B x n)."""
    truth, scores = np.asarray(is_covid, bool), np.asarray(p_covid, float)
    order = np.argsort(-scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    positive, negative = weights[:, order] * truth[order], weights[:, order] * ~truth[order]
    if len(starts) < len(scores):  # equal scores share one threshold
        positive, negative = (np.add.reduceat(part, starts, axis=1) for part in (positive, negative))
    hits, alarms = positive.cumsum(1), negative.cumsum(1)
    all_positive, all_negative = hits[:, -1:], alarms[:, -1:]
    beaten = all_negative - alarms + negative / 2
    with np.errstate(invalid="ignore"):
        precision = np.nan_to_num(hits / (hits + alarms))
    return {
        "auc": (positive * beaten).sum(1) / (all_positive * all_negative)[:, 0],
        "average_precision": (positive * precision).sum(1) / all_positive[:, 0],
    }


def threshold_for(sensitivity, is_covid, p_covid):
    """The highest threshold at which at least that share of the COVID-19 images is called so."""
    positive = np.sort(np.asarray(p_covid, float)[np.asarray(is_covid, bool)])[::-1]
    return float(positive[int(np.ceil(sensitivity * len(positive) - 1e-9)) - 1])
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/novelty.py
# ======================================================================================================================

FILES['cxrkit/evaluation/novelty.py'] = r'''
"""Is a picture one that the networks can have an opinion on, or outside what they have seen?

A network answers whatever it is asked. So a run leaves reference.json, a page of numbers on its training films
without any film in it, and a picture that does not fit them is marked before its probability is read. Three looks:

- the file: nearly no contrast, colour, proportions that no training film has;
- a 16 x 16 thumbnail's distance from the training films of the nearest class: Mahalanobis' under probabilistic PCA
  (Tipping and Bishop 1999, J. R. Stat. Soc. B 61:611; as a detector: Lee et al. 2018, arXiv 1807.03888);
- a regression that tells training films from the same films turned, upside down or inverted, which the distance
  alone lets through (turned pictures as the other class: Golan and El-Yaniv 2018, arXiv 1805.10917).

What passes is no proof of a chest film: a thumbnail holds no detail, and a drawing of a chest passes.
"""

import json
from dataclasses import asdict, dataclass

import numpy as np

from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS
from cxrkit.errors import BadInput
from cxrkit.evaluation import metrics, probes
from cxrkit.evaluation.baselines import thumbnails
from cxrkit.files import read_json, write_text

FILE = "reference.json"
VERSION = 1
SIDE = 16
ACCEPTED = 0.975
"""Share of the training films of each class, each measured by films of other patients, that lie within the limit."""
MOST_COMPONENTS, FILMS_A_COMPONENT = 16, 12
FEWEST_FILMS, FEWEST_PATIENTS = 30, probes.FEWEST_PATIENTS
"""Of a class, to be described by itself; where a class has fewer, all films are described together."""
LEAST_CONTRAST = 4
"""Grey levels, of 255, that a picture must spread over."""
MOST_COLOUR = 0.1
"""Share of coloured pixels; a film with coloured arrows has less."""
SLACK = 1.25
"""Factor by which proportions may lie outside the training films'."""


@dataclass(frozen=True)
class Cloud:
    """Thumbnails of one kind of film, as probabilistic PCA describes them.

    mean: SIDE**2 numbers; components: k x SIDE**2; variances: k; noise: variance of what the components leave;
    limit: the squared distance that ACCEPTED of the films do not exceed.
    """

    label: str
    n: int
    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray
    noise: float
    limit: float = 1.0

    @classmethod
    def around(cls, label, thumbs):
        from sklearn.decomposition import PCA

        components = max(1, min(MOST_COMPONENTS, len(thumbs) // FILMS_A_COMPONENT))
        found = PCA(components, svd_solver="full").fit(thumbs)
        noise = max(float(found.noise_variance_), 1e-9)
        return cls(label, len(thumbs), found.mean_, found.components_, np.maximum(found.explained_variance_, noise), noise)

    def distances(self, thumbs):
        """Squared Mahalanobis distances of n thumbnails."""
        centred = thumbs - self.mean
        along = centred @ self.components.T
        rest = np.maximum((centred**2).sum(1) - (along**2).sum(1), 0)
        return (along**2 / self.variances).sum(1) + rest / self.noise


@dataclass(frozen=True)
class Reference:
    """What reference.json holds. upright: SIDE**2 weights and a constant; proportions: width / height, least and greatest."""

    clouds: list
    upright: np.ndarray
    proportions: list

    def distances(self, images):
        """How far grey squares, uint8 [n, size, size], lie from the films, n numbers; up to 1 they are within the limit."""
        thumbs = contrasted(images)
        return np.sqrt(np.min([cloud.distances(thumbs) / cloud.limit for cloud in self.clouds], axis=0))

    def lies_upright(self, images):
        """n booleans: whether squares look like films as they hang, not turned, upside down or inverted."""
        return contrasted(images) @ self.upright[:-1] + self.upright[-1] >= 0

    def doubts(self, image, width, height, colour=0.0):
        """Why a picture is outside what the networks have seen, sentences; an empty list where nothing is wrong.

        image: the grey square, uint8 [size, size]; width, height: of the file, in pixels; colour: see colour_share.
        """
        found = []
        if image.std() < LEAST_CONTRAST:
            return ["it has nearly no contrast"]
        if colour > MOST_COLOUR:
            found.append(f"it is in colour ({100 * colour:.0f} % of its pixels)")
        least, greatest = self.proportions
        if not least <= width / height <= greatest:
            found.append(
                f"its width is {width / height:.2f} of its height; the training films' lies between {least:.2f} and {greatest:.2f}"
            )
        if not self.lies_upright(image[None])[0]:
            found.append("it lies turned, upside down or inverted, or is no frontal chest film")
        distance = self.distances(image[None])[0]
        if distance > 1:
            found.append(f"it is unlike the training films: {distance:.2f} times as far from them as {100 * ACCEPTED:g} % of them are")
        return found


def contrasted(images):
    """n x SIDE**2: thumbnails with mean 0 and deviation 1, so that exposure counts for nothing."""
    found = thumbnails(images, SIDE)
    found = found - found.mean(1, keepdims=True)
    return found / np.maximum(found.std(1, keepdims=True), 1e-6)


def colour_share(picture):
    """The share of a PIL image's pixels that are coloured."""
    if picture.mode in ("1", "L", "LA", "I", "I;16", "F"):
        return 0.0
    channels = np.asarray(picture.convert("RGB").resize((64, 64))).astype(int)
    return float((channels.max(-1) - channels.min(-1) > 40).mean())


def describe_training(pixels, records, results):
    """Write results/reference.json from a manifest's training films, and return its content.

    pixels: a Pixels object; records: all of the manifest. The file says too what share of the held-out films would
    be accepted. With too few films nothing is described, and the file says so.
    """
    group_of = groups_of(records)
    train = sorted((r for r in records if r.used and r.split == "train"), key=lambda r: r.image_id)
    groups = np.array([group_of[record.image_id] for record in train])
    content = {"version": VERSION, "image_size": int(pixels.size), "side": SIDE, "n": len(train), "patients": len(set(groups))}
    if _enough(groups):
        reference = _described(_thumbs_of(train, pixels), train, groups)
        content |= _plain(reference) | {"held_out": _held_out(reference, pixels, records, group_of)}
    else:
        needed = f"a description needs {FEWEST_FILMS} of {FEWEST_PATIENTS}"
        content["lacking"] = f"there are only {len(train)} training films of {content['patients']} patients; {needed}"
    write_text(results / FILE, json.dumps(content) + "\n")
    return content


def _enough(groups):
    return len(groups) >= FEWEST_FILMS and len(set(groups)) >= FEWEST_PATIENTS


def _thumbs_of(records, pixels, at_once=512):
    """The contrasted thumbnails of the records' films, n x SIDE**2, with few films in memory."""
    names = [record.image_id for record in records]
    return np.concatenate([contrasted(pixels.of(names[start : start + at_once])) for start in range(0, len(names), at_once)])


def _described(thumbs, records, groups):
    labels = np.array([record.label for record in records])
    kinds = {label: labels == label for label in LABELS}
    if not all(_enough(groups[of_kind]) for of_kind in kinds.values()):
        kinds = {"": np.ones(len(labels), bool)}
    clouds = [_cloud(label, thumbs[of_kind], groups[of_kind]) for label, of_kind in kinds.items()]
    shapes = [record.width / record.height for record in records if record.width and record.height] or [1]
    least, greatest = np.quantile(shapes, [0.005, 0.995])
    return Reference(clouds, _upright(thumbs, labels), [float(least / SLACK), float(greatest * SLACK)])


def _cloud(label, thumbs, groups):
    """The Cloud of all thumbnails, its limit from distances to clouds of other patients' films."""
    from sklearn.model_selection import GroupKFold

    apart = np.zeros(len(thumbs))
    for rest, held in GroupKFold(min(probes.FOLDS, len(set(groups)))).split(thumbs, groups=groups):
        apart[held] = Cloud.around(label, thumbs[rest]).distances(thumbs[held])
    whole = Cloud.around(label, thumbs)
    return Cloud(**(vars(whole) | {"limit": float(np.quantile(apart, ACCEPTED))}))


def _upright(thumbs, labels):
    """Weights and constant of a regression between films and films turned, upside down and inverted; classes count alike."""
    from sklearn.linear_model import LogisticRegression

    squares = thumbs.reshape(-1, SIDE, SIDE)
    seen = np.stack([squares, squares[:, ::-1], np.rot90(squares, 1, (1, 2)), np.rot90(squares, 3, (1, 2)), -squares])
    is_film = np.repeat([True, False], [len(thumbs), (len(seen) - 1) * len(thumbs)])
    counts = np.array([(labels == label).sum() for label in labels])
    weights = np.tile(1 / counts, len(seen)) * np.where(is_film, 1, 1 / (len(seen) - 1))
    fitted = LogisticRegression(C=0.01, max_iter=2000).fit(seen.reshape(len(is_film), -1), is_film, sample_weight=weights / weights.mean())
    return np.append(fitted.coef_[0], fitted.intercept_[0])


def _held_out(reference, pixels, records, group_of):
    """{split: {label: figure}}: the share of the films that nothing was fitted on which would be accepted."""
    found = {}
    for split in ("valid", "test"):
        for label in LABELS:
            films = [r for r in records if r.used and r.split == split and r.label == label]
            if films:
                accepted = [not reference.doubts(pixels.of([r.image_id])[0], r.width or 1, r.height or 1) for r in films]
                units = metrics.units([group_of[r.image_id] for r in films])
                found.setdefault(split, {})[label] = metrics.proportion(int(np.sum(accepted)), len(films), units)
    return found


def _plain(value):
    """A Reference as JSON: five digits are plenty."""
    if isinstance(value, Reference):
        return {key: _plain(part) for key, part in asdict(value).items()}
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, np.ndarray):
        return [_plain(part) for part in value.tolist()]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def load(results):
    """A results folder's Reference, or None and why there is none: (reference, reason). Raises BadInput for a broken file."""
    path = results / FILE
    if not path.exists():
        return None, "the run left no description of its training films"
    try:
        content = read_json(path)
        if content.get("lacking"):
            return None, content["lacking"]
        arrays = ("mean", "components", "variances")
        clouds = [
            Cloud(**{key: np.array(part, float) if key in arrays else part for key, part in cloud.items()}) for cloud in content["clouds"]
        ]
        reference = Reference(clouds, np.array(content["upright"], float), content["proportions"])
        reference.doubts(np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE), 1, 1)
        return reference, ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"The description of the training films cannot be read: {error}.", path, "restore the file from the run's output"
        ) from error
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/outcome.py
# ======================================================================================================================

FILES['cxrkit/evaluation/outcome.py'] = r'''
"""The whole outcome of a run, or of several: what the pipeline and the command line ask for."""

from pathlib import Path

from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, predictions, resplits, scores
from cxrkit.files import read_json, sha256_of, write_json


def results_folder(run):
    """The results folder of a run that is named by it, or by the folder around it."""
    run = Path(run)
    return run / "results" if not (run / "run.json").exists() and (run / "results").is_dir() else run


def evaluate(results, threshold=None, prevalences=scores.PREVALENCES, sensitivity=scores.SENSITIVITY, margin=decision.MARGIN):
    """Write metrics.json and comparison.json of a results folder; return the content of both.

    threshold: the experiment's, unless given. Nothing is trained; checksums.json, where it is there, is
    brought up to date. Raises BadInput for a folder that is no whole run, WrongUse for values out of range.
    """
    run = predictions.read(results_folder(results))
    threshold = threshold_of([run], threshold)
    for name, values in (("prevalence", prevalences), ("sensitivity", [sensitivity])):
        if not all(0 < value < 1 for value in values):
            raise WrongUse(f"A {name} lies outside 0 to 1: {values}.", next="name shares, such as 0.05")
    comparison.check_margin(margin)
    metrics_content = scores.evaluate_run(run, threshold, prevalences, sensitivity)
    comparison_content = comparison.compare([run], threshold, margin)
    write_json(run.folder / "comparison.json", comparison_content)
    refresh_checksums(run.folder, ("metrics.json", "comparison.json"))
    return metrics_content, comparison_content


def compare(folders, threshold=None, margin=decision.MARGIN, over_splits=False):
    """The comparison of several runs as (content, text). Raises as comparison.compare and resplits.compare do."""
    runs = [predictions.read(results_folder(folder), _name(folder) if len(folders) > 1 else None) for folder in folders]
    how = resplits if over_splits else comparison
    content = how.compare(runs, threshold_of(runs, threshold), margin)
    return content, how.text(content)


def _name(folder):
    """What tells a run from others: its folder's name, or that of the folder around `results`."""
    folder = Path(folder).absolute()
    return folder.parent.name if folder.name == "results" else folder.name


def threshold_of(runs, threshold=None):
    """The threshold given, else the one that the runs' experiments share. Raises WrongUse."""
    if threshold is None:
        shared = {run.about["experiment"].get("threshold", 0.5) for run in runs}
        if len(shared) > 1:
            raise WrongUse(
                f"The runs' thresholds differ: {sorted(shared)}.", ", ".join(str(run.folder) for run in runs), "name one with --threshold"
            )
        threshold = shared.pop()
    if not 0 < threshold < 1:
        raise WrongUse(f"The threshold is {threshold}.", next="name a probability between 0 and 1")
    return threshold


def refresh_checksums(results, names):
    """Bring a results folder's checksums.json, where there is one, up to date for these files."""
    path = results / "checksums.json"
    if path.exists():
        listed = read_json(path)
        for name in names:
            listed[name] = {"sha256": sha256_of(results / name), "bytes": (results / name).stat().st_size}
        write_json(path, dict(sorted(listed.items())))
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/paper.yaml
# ======================================================================================================================

FILES['cxrkit/evaluation/paper.yaml'] = r'''
# The 2020 study that the kit repeats: what it reports after the last epoch of each network.
# Its validation set is 234 normal and 34 COVID-19 films; COVID-19 is the positive class.
validation: {covid: 34, normal: 234}
data:
  coronahack: {covid: 58, normal_train: 1342, normal_test: 234}
  radiopaedia: {covid: 38}
  sirm: {covid: 34}
networks:
  resnet34: {error_rate: 0.02612, sensitivity: 0.97059, specificity: 0.97436, seconds_per_epoch: [97, 99]}
  resnet101: {error_rate: 0.01119, sensitivity: 0.94118, specificity: 0.99573, seconds_per_epoch: [101, 102]}
  vgg16_bn: {error_rate: 0.00746, sensitivity: 0.94118, specificity: 1.00000, seconds_per_epoch: [101, 103]}
  vgg19_bn: {error_rate: 0.01866, sensitivity: 0.88235, specificity: 0.99573, seconds_per_epoch: [101, 102]}
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/predictions.py
# ======================================================================================================================

FILES['cxrkit/evaluation/predictions.py'] = r'''
"""A run's predictions, joined with what its manifest says of each image: split, patient group (copies included)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cxrkit.data import manifest
from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of

LAST_STAGE = "unfrozen"
COLUMNS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")


@dataclass(frozen=True)
class Run:
    """A results folder, read and checked.

    name: what people call it; about: run.json; records: the manifest's used records by image_id;
    table: predictions.csv as a DataFrame with the columns `split` and `group` (patient) added.
    """

    name: str
    folder: Path
    about: dict
    manifest_sha256: str
    records: dict
    table: pd.DataFrame

    @property
    def held(self):
        """The split that scores are reported on: test where the run has one, else valid."""
        return "test" if (self.table["split"] == "test").any() else "valid"


@dataclass(frozen=True)
class Scores:
    """What one network said of the n images of a split, over S seeds; images in the order of image_ids.

    is_covid: n booleans; groups: n whole numbers, one a patient; p_covid: S x n probabilities.
    """

    image_ids: tuple
    is_covid: np.ndarray
    groups: np.ndarray
    seeds: tuple
    p_covid: np.ndarray

    def wrong(self, threshold):
        """S x n booleans: whether the network was wrong; one threshold for all seeds, or one a seed."""
        return (self.p_covid >= np.reshape(threshold, (-1, 1))) != self.is_covid

    def averaged(self):
        """The ensemble over seeds: the mean probability, as one row."""
        return Scores(self.image_ids, self.is_covid, self.groups, (), self.p_covid.mean(0, keepdims=True))


def read(results, name=None):
    """A results folder as a Run, named as its experiment unless a name is given.

    Raises BadInput when a file is missing, broken, or belongs to another run.
    """
    results = Path(results)
    about, table = _read_about(results), read_predictions(results)
    everything = manifest.read(results / "manifest.csv")
    digest = sha256_of(results / "manifest.csv")
    if about["manifest_sha256"] != digest:
        raise BadInput(
            "The manifest is not the one that the run was made with.", results / "manifest.csv", "restore the file from the run's output"
        )
    records = {record.image_id: record for record in everything if record.used}
    table["split"] = table["image_id"].map({image_id: record.split for image_id, record in records.items()})
    table["group"] = table["image_id"].map(groups_of(everything))
    _check(table, records, results / "predictions.csv")
    return Run(name or about["experiment"].get("name", "unnamed"), results, about, digest, records, table)


def _read_about(results):
    try:
        about = read_json(results / "run.json")
        lacking = [key for key in ("experiment", "manifest_sha256", "data", "weights") if key not in about]
    except FileNotFoundError:
        raise BadInput("There is no run here.", results / "run.json", "name the results folder of a finished run") from None
    except ValueError as error:
        raise BadInput(f"The file is no JSON: {error}.", results / "run.json", "restore it from the run's output") from error
    if lacking:
        raise BadInput(f"The file lacks {', '.join(lacking)}.", results / "run.json", "restore it from the run's output")
    return about


def read_predictions(results):
    """predictions.csv as a DataFrame. Raises BadInput."""
    path = Path(results) / "predictions.csv"
    try:
        table = pd.read_csv(path, dtype={"image_id": str, "label": str})
    except FileNotFoundError:
        raise BadInput("There are no predictions here.", path, "name the results folder of a finished run") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"The predictions are no readable CSV: {error}.", path, "restore the file from the run's output") from error
    missing = [column for column in COLUMNS if column not in table]
    if missing or table.empty:
        raise BadInput(f"The predictions lack {', '.join(missing) or 'any row'}.", path, "restore the file from the run's output")
    return table


def _check(table, records, path):
    """Raise BadInput, with the first row concerned, for predictions that cannot be scored."""
    truth = table["image_id"].map({image_id: record.label for image_id, record in records.items()})
    values = pd.to_numeric(table["p_covid"], errors="coerce")
    complaints = {
        "names an image that the manifest does not use": table["split"].isna(),
        "gives an image another label than the manifest": table["split"].notna() & (table["label"] != truth),
        f"has a label that is none of {', '.join(LABELS)}": ~table["label"].isin(LABELS),
        "has a probability outside 0 to 1": ~values.between(0, 1),
        "repeats an image of the same network, seed and stage": table.duplicated(["architecture", "seed", "stage", "image_id"]),
    }
    for complaint, rows in complaints.items():
        if rows.any():
            row = int(np.flatnonzero(rows)[0])
            raise BadInput(f"A prediction {complaint}: {table['image_id'].iloc[row]}.", f"{path}, row {row + 2}", "run the training again")
    table["p_covid"] = values
    for split, part in table.groupby("split"):
        images = part["image_id"].nunique()
        for job, mine in part.groupby(["architecture", "seed", "stage"]):
            if len(mine) != images:
                what = f"{' '.join(map(str, job))} has predictions for {len(mine)} of the {images} images in {split}"
                raise BadInput(f"Not every network saw the same images: {what}.", path, "run the training again")


def scores(table, architecture, split, stage=LAST_STAGE):
    """The Scores of one network on one split, seeds ascending, images by image_id; None where there are none."""
    part = table[(table["architecture"] == architecture) & (table["split"] == split) & (table["stage"] == stage)]
    if part.empty:
        return None
    matrix = part.pivot(index="seed", columns="image_id", values="p_covid").sort_index()
    images = part.drop_duplicates("image_id").set_index("image_id").loc[matrix.columns]
    return Scores(
        image_ids=tuple(matrix.columns),
        is_covid=(images["label"] == POSITIVE).to_numpy(),
        groups=pd.factorize(images["group"])[0],
        seeds=tuple(int(seed) for seed in matrix.index),
        p_covid=matrix.to_numpy(),
    )
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/probes.py
# ======================================================================================================================

FILES['cxrkit/evaluation/probes.py'] = r'''
"""Logistic regression as a probe: how much of an answer lies in some features, without training a network.

One regression on standardised features, with the same penalty everywhere and the classes weighted alike, scored by
cross-validation whose folds never cut a patient in two. Nothing is tuned, so no score is the best of several.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cxrkit.data.groups import groups_of
from cxrkit.data.records import POSITIVE
from cxrkit.evaluation import metrics

FOLDS = 5
FEWEST_PATIENTS = 10
"""Of each class; with fewer a probe says nothing, and is not run."""


@dataclass(frozen=True)
class Films:
    """The used films of a manifest, sorted by image_id.

    records: n Records; groups: n whole numbers, one a patient with all copies; images: uint8 [n, size, size], or
    None where the films are not on this machine.
    """

    records: tuple
    groups: np.ndarray
    images: np.ndarray | None = None

    @classmethod
    def of(cls, records, images=None):
        """From all records of a manifest, the excluded ones too: they still say which patients are one."""
        used = sorted((record for record in records if record.used), key=lambda record: record.image_id)
        group = groups_of(records)
        return cls(tuple(used), np.unique([group[record.image_id] for record in used], return_inverse=True)[1], images)

    def take(self, chosen):
        """The films that n booleans choose."""
        chosen = np.asarray(chosen, bool)
        records = tuple(record for record, wanted in zip(self.records, chosen) if wanted)
        return Films(records, self.groups[chosen], None if self.images is None else self.images[chosen])

    @property
    def image_ids(self):
        return [record.image_id for record in self.records]

    @cached_property
    def is_covid(self):
        return np.array([record.label == POSITIVE for record in self.records], bool)

    @cached_property
    def sources(self):
        return np.array([record.source for record in self.records])

    @cached_property
    def splits(self):
        return np.array([record.split for record in self.records])

    @property
    def held(self):
        """The split that scores are reported on: test where there is one, else valid; empty where there is neither."""
        return next((split for split in ("test", "valid") if (self.splits == split).any()), "")


def patients(groups, chosen):
    """How many patients the chosen films have."""
    return len(np.unique(np.asarray(groups)[np.asarray(chosen, bool)]))


def too_few(is_positive, groups):
    """Why a probe cannot be run on these films, or an empty text."""
    counts = [patients(groups, is_positive), patients(groups, ~np.asarray(is_positive, bool))]
    return f"{counts[0]} and {counts[1]} patients on the two sides; each needs {FEWEST_PATIENTS}" if min(counts) < FEWEST_PATIENTS else ""


def fitted(features, is_positive):
    """A regression fitted on n x k features; its decision_function takes others."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # on matrices this small, threads that wait for each other cost more than they bring
        return make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=2000)).fit(features, is_positive)


def folds(is_positive, groups, seed=0):
    """n whole numbers: the fold of each film. Patients stay whole, and the classes alike in all folds as far as that allows."""
    from sklearn.model_selection import StratifiedGroupKFold

    number = np.zeros(len(groups), int)
    cut = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(number, is_positive, groups)
    for fold, (_, held) in enumerate(cut):
        number[held] = fold
    return number


def out_of_fold(features, is_positive, groups, learn_from=None):
    """n scores, each by a regression that saw neither the film nor its patient.

    learn_from: n booleans; the others are scored, and never learned from. Raises ValueError where a fold leaves one
    class alone to learn from; see too_few.
    """
    is_positive, number = np.asarray(is_positive, bool), folds(is_positive, groups)
    learn_from = np.ones(len(number), bool) if learn_from is None else learn_from
    scores = np.zeros(len(number))
    for fold in np.unique(number):
        held, seen = number == fold, (number != fold) & learn_from
        scores[held] = fitted(features[seen], is_positive[seen]).decision_function(features[held])
    return scores


def area(is_positive, scores, groups):
    """{auc, interval, n, n_covid} of n scores, or of seeds x n; the interval is that of metrics.auc.

    n_covid: how many films are on the positive side, whatever that is.
    """
    found = metrics.auc(is_positive, scores, groups)
    return {"auc": found["value"], "interval": [found["low"], found["high"]], "n": found["n"], "n_covid": int(np.sum(is_positive))}


def advantage(is_positive, scores, other, groups):
    """{auc, interval, n}: how far the area of scores (n, or seeds x n) lies above that of the other n on the same films.

    DeLong's paired interval over patients (see metrics.auc_influence); where both rank alike it has no width, and
    the interval is that of two areas which know nothing of each other.
    """
    mine, influence = metrics.mean_auc_influence(is_positive, scores)
    theirs, other_influence = metrics.auc_influence(is_positive, other)
    half = metrics.Z * np.sqrt(metrics.grouped_variance(influence - other_influence, groups))
    interval = [float(mine - theirs - half), float(mine - theirs + half)]
    if half == 0:
        interval = difference(metrics.auc(is_positive, scores, groups), metrics.auc(is_positive, other, groups))[1]
    return {"auc": mine - theirs, "interval": interval, "n": len(is_positive)}


def difference(first, second):
    """(value, interval) of first less second, two independent metrics.figure; Nones where either has no value.

    Zou and Donner 2008, Stat. Med. 27:1693: the distances to the limits, added in quadrature.
    """
    if first["value"] is None or second["value"] is None:
        return None, [None, None]
    value = first["value"] - second["value"]
    below = np.hypot(first["value"] - first["low"], second["high"] - second["value"])
    above = np.hypot(first["high"] - first["value"], second["value"] - second["low"])
    return value, [float(value - below), float(value + above)]
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/provenance.py
# ======================================================================================================================

FILES['cxrkit/evaluation/provenance.py'] = r'''
"""Does it see a disease, or where a film comes from? Sources told apart, sources left out, sources kept alike.

Three questions (DeGrave, Janizek and Lee 2021, Nat. Mach. Intell. 3:610; Ahmed et al. 2021, IEEE Access,
PMC8224464, where an area of 1.00 on sources that were seen fell to 0.38 on one that was not):

- Among films of one label the disease is constant. What tells their sources apart there sees no disease.
- A source that was left out of training must be recognised as well as one that was in it.
- Within one source that has both labels, the source is constant. A score there is the nearest to a fair one.
"""

import numpy as np

from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.evaluation import baselines, probes

WORDS = {"covid": "COVID-19", "normal": "normal"}
SIDE = 16


def seen_sources(films, features, seen_by):
    """Rows: how well the features (n x k) tell each source from the others among films of one label.

    seen_by: what the features are, in words.
    """
    rows = []
    for label in LABELS:
        mine = (films.is_covid == (label == POSITIVE)).nonzero()[0]
        sources = np.unique(films.sources[mine])
        for source in sources if len(sources) != 2 else sources[:1]:
            is_source, groups = films.sources[mine] == source, films.groups[mine]
            if len(sources) < 2 or probes.too_few(is_source, groups):
                continue
            scores = probes.out_of_fold(features[mine], is_source, groups)
            others = "the other sources" if len(sources) > 2 else sources[1]
            title = f"{source} told from {others} among {WORDS[label]} films, by {seen_by}"
            rows.append(_row("seen-source", title, is_source, scores, groups, "0.5 would be a source that leaves no trace"))
    return rows


def left_out(films, features, seen_by):
    """Rows: each source's films scored by a regression on the features that saw no film of that source.

    Where a source has one label alone, the other label's films are those of the other sources, out of fold.
    """
    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        judged = mine if not probes.too_few(films.is_covid[mine], films.groups[mine]) else mine | (films.is_covid != _label_of(films, mine))
        few = probes.too_few(films.is_covid[judged], films.groups[judged]) or probes.too_few(films.is_covid[~mine], films.groups[~mine])
        if few or mine.all() or probes.patients(films.groups, mine) < probes.FEWEST_PATIENTS:
            continue
        areas = []
        for learn_from in (~mine, np.ones(len(mine), bool)):
            scores = probes.out_of_fold(features, films.is_covid, films.groups, learn_from)
            areas.append(probes.area(films.is_covid[judged], scores[judged], films.groups[judged]))
        against = "" if judged is mine else f", against the {WORDS['normal' if _label_of(films, mine) else 'covid']} films of the others"
        title = f"films of {source}{against}, the source left out of training, by {seen_by}"
        rows.append({"kind": "left-out", "title": title, **areas[0], "note": f"{areas[1]['auc']:.3f} with the source in training"})
    return rows


def _label_of(films, chosen):
    return films.is_covid[chosen].mean() > 0.5


def same_source(films, scores, seen_by):
    """Rows: the area of scores (n, or seeds x n) among the films of each source that has both labels."""
    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        if mine.all() or probes.too_few(films.is_covid[mine], films.groups[mine]):
            continue
        title = f"COVID-19 against normal films within {source}, by {seen_by}"
        note = "fair only as far as the source is one hospital, and not itself a collection"
        rows.append(_row("same-source", title, films.is_covid[mine], np.asarray(scores)[..., mine], films.groups[mine], note))
    return rows


def _row(kind, title, is_positive, scores, groups, note):
    return {"kind": kind, "title": title, **probes.area(is_positive, scores, groups), "note": note}


def left_out_retrained(network, experiment, films, pixels, folder, device):
    """Rows: each source's films, and the held-out films of the others, scored by a network that was trained without the source."""
    from cxrkit.evaluation import retraining

    rows = []
    for source in np.unique(films.sources):
        mine = films.sources == source
        training = (films.splits == "train") & ~mine
        judged = (mine & ~np.isin(films.groups, films.groups[training])) | (films.splits == films.held)
        if probes.too_few(films.is_covid[training], films.groups[training]) or probes.too_few(films.is_covid[judged], films.groups[judged]):
            continue
        places = np.where(judged, films.held, films.splits)
        altered = [record.but(split=str(place)) for record, place, kept in zip(films.records, places, judged | ~mine) if kept]
        found = retraining.predictions(experiment, network.architecture, network.seed, altered, pixels, f"without-{source}", folder, device)
        scores = np.array([found.get(image_id, np.nan) for image_id in films.image_ids])
        label = _label_of(films, mine)
        wanted = judged & (mine | (films.is_covid != label))
        title = f"films of {source}, against the {WORDS['normal' if label else 'covid']} films held out, by a {network.architecture} trained without the source"
        rows.append(_row("left-out-retrained", title, films.is_covid[wanted], scores[wanted], films.groups[wanted], "trained anew"))
    return rows


def without_networks(films):
    """All rows that need the pictures alone, by a thumbnail of SIDE x SIDE pixels."""
    features = baselines.thumbnails(films.images, SIDE)
    seen_by, rows = f"a {SIDE} x {SIDE} thumbnail", []
    rows += seen_sources(films, features, seen_by) + left_out(films, features, seen_by)
    if not probes.too_few(films.is_covid, films.groups):
        rows += same_source(films, probes.out_of_fold(features, films.is_covid, films.groups), seen_by)
    return rows
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/resplits.py
# ======================================================================================================================

FILES['cxrkit/evaluation/resplits.py'] = r'''
"""Runs on several splits of the same images: does a difference survive other training images?"""

from collections import Counter
from itertools import combinations

import numpy as np

from cxrkit.errors import WrongUse
from cxrkit.evaluation import comparison, decision, predictions, statistics
from cxrkit.evaluation.scores import SHORT_NAMES
from cxrkit.progress import table


def compare(runs, threshold=0.5, margin=decision.MARGIN):
    """{networks, pairs, n_train, n_test, ...} of runs that differ in their split alone; see statistics.over_resplits.

    Each run gives each network one error rate, the mean over its seeds on its own held-out images. A pair is
    better or worse where the corrected test says so after Holm, equivalent where the corrected interval at
    1 - 2 alpha / pairs lies within the margin. Raises WrongUse for fewer than two splits, and for runs that
    differ in anything else.
    """
    comparison.check_margin(margin)
    _check(runs)
    names = [name for name in SHORT_NAMES if all(name in set(run.table["architecture"]) for run in runs)]
    errors = {name: [float(predictions.scores(run.table, name, run.held).wrong(threshold).mean()) for run in runs] for name in names}
    sizes = [Counter(record.split for record in run.records.values()) for run in runs]
    n_train, n_test = (float(np.mean([size[split] for size in sizes])) for split in ("train", runs[0].held))
    pairs = list(combinations(names, 2))
    tests = [statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test) for a, b in pairs]
    adjusted = statistics.holm([p for _, p in tests])
    found = []
    for (a, b), (figure, p), p_holm in zip(pairs, tests, adjusted):
        within = statistics.over_resplits(np.subtract(errors[a], errors[b]), n_train, n_test, 1 - 2 * decision.ALPHA / len(pairs))[0]
        if -margin < within["low"] and within["high"] < margin:
            word = "equivalent"
        else:
            word = "undecided" if p_holm > decision.ALPHA else "better" if figure["value"] < 0 else "worse"
        found.append({"a": SHORT_NAMES[a], "b": SHORT_NAMES[b], "verdict": word, "difference": figure, "p": p, "p_holm": p_holm})
    return {
        "runs": [run.name for run in runs],
        "split": runs[0].held,
        "n_train": n_train,
        "n_test": n_test,
        "threshold": threshold,
        "margin": margin,
        "networks": [{"name": SHORT_NAMES[name], "errors": errors[name]} for name in names],
        "pairs": found,
    }


def _check(runs):
    where = ", ".join(str(run.folder) for run in runs)
    if len(runs) < 2 or len({run.manifest_sha256 for run in runs}) < len(runs):
        raise WrongUse("Resplits need two or more runs, each with a split of its own.", where, "give each run another --split-seed")
    unlike = ("split", "split_seed")
    first = runs[0]
    for other in runs[1:]:
        protocols = [{key: value for key, value in comparison.protocol(run).items() if key not in unlike} for run in (first, other)]
        if protocols[0] != protocols[1]:
            keys = sorted(key for key in {*protocols[0], *protocols[1]} if protocols[0].get(key) != protocols[1].get(key))
            raise WrongUse(f"The runs differ in more than their split: {', '.join(keys)}.", where, "repeat them with the same experiment")
        bare = [{image_id: record.but(split="") for image_id, record in run.records.items()} for run in (first, other)]
        if bare[0] != bare[1]:
            raise WrongUse(f"The runs' images differ: {comparison.manifest_difference(*bare)}.", where, "compare runs of the same images")
        if first.held != other.held:
            raise WrongUse(
                f"The runs' scores are on different splits: {first.held} and {other.held}.", where, "repeat them with the same experiment"
            )


def text(content):
    """The comparison over resplits as text."""
    rows = [
        [pair["a"], pair["verdict"], pair["b"], comparison.interval_text(pair["difference"]), f"{pair['p_holm']:.3f}"]
        for pair in content["pairs"]
    ]
    return "\n".join(
        [
            table(rows, ["A", "is", "B", "points of error, A less B", "p differ"], right=["p differ"]),
            f"\n{len(content['runs'])} splits of the same images, about {content['n_train']:.0f} to train on and {content['n_test']:.0f} in {content['split']};"
            " intervals after Nadeau and Bengio, p after Holm.",
        ]
    )
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/retraining.py
# ======================================================================================================================

FILES['cxrkit/evaluation/retraining.py'] = r'''
"""A network trained once more by the same recipe on altered films or labels: what `--retrain` adds to an audit."""

from dataclasses import replace
from pathlib import Path

from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of_json
from cxrkit.training import grid, loaders, recipe


def predictions(experiment, architecture, seed, records, pixels, alteration, folder, device):
    """{image_id: p_covid} of the films that are held out, by one network trained on these records and pixels.

    experiment: the run's, with the weights' folder of this machine; alteration: what was changed, in a word, which
    names the training's folder below `folder`; a training that is there already is not repeated.
    Raises BadInput where the training failed, and what grid.run raises.
    """
    experiment = replace(experiment, architectures=(architecture,), seeds=(seed,))
    folder, job = Path(folder) / alteration, recipe.Job(architecture, seed)
    identity = sha256_of_json([alteration, sorted([r.image_id, r.sha256, r.label, r.split] for r in records if r.used)])
    grid.run(experiment, lambda: loaders.resident(pixels, records, experiment.batch_size, device), identity, folder, device)
    if not recipe.done(folder / job.name, "unfrozen"):
        reason = grid.failures(experiment, folder).get(job.name, "it did not end")
        raise BadInput(f"The training of {job.name} on altered data ({alteration}) failed: {reason}", folder, "look at failed.json there")
    return dict(read_json(folder / job.name / "unfrozen.json")["predictions"])
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/scores.py
# ======================================================================================================================

FILES['cxrkit/evaluation/scores.py'] = r'''
"""metrics.json: the scores of every network, seed, stage and split of a run, computed from its predictions."""

import numpy as np
import pandas as pd

from cxrkit.data.records import POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation import bootstrap, metrics, predictions, study
from cxrkit.evaluation.calibration import calibration, fit_temperature, tempered
from cxrkit.evaluation.predictions import LAST_STAGE, read_predictions
from cxrkit.files import write_json
from cxrkit.progress import table

__all__ = ["SHORT_NAMES", "evaluate", "final_scores", "read_predictions", "text_table"]

SHORT_NAMES = {"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}
PREVALENCES = (0.01, 0.1)
SENSITIVITY = 0.95
SEEDS_SHOWN = 3
COUNTS = ("tp", "fn", "tn", "fp")


def evaluate(results, threshold=0.5, prevalences=PREVALENCES, sensitivity=SENSITIVITY):
    """Write results/metrics.json from predictions.csv, epochs.csv and manifest.csv, and return its content.

    prevalences: shares of people with COVID-19 for which predictive values are wanted, beside the study's.
    sensitivity: the one wanted of the threshold that is chosen on validation images, for the test images.
    Raises BadInput when a file is missing or they do not belong together.
    """
    return evaluate_run(predictions.read(results), threshold, prevalences, sensitivity)


def evaluate_run(run, threshold=0.5, prevalences=PREVALENCES, sensitivity=SENSITIVITY):
    """The same for a predictions.Run that is read already."""
    validation = study.tables()["validation"]
    judge = Judge(run, threshold, (validation["covid"] / sum(validation.values()), *prevalences), sensitivity)
    seconds = _seconds_per_epoch(run.folder / "epochs.csv")
    scored, means, ensembles = [], [], []
    for (architecture, stage, split), _ in run.table.groupby(["architecture", "stage", "split"], sort=False):
        mine = predictions.scores(run.table, architecture, split, stage)
        about = {"stage": stage, "split": split}
        for index, seed in enumerate(mine.seeds):
            row = {"architecture": architecture, "seed": seed, **about, **judge.score(mine, index, architecture, stage, split)}
            scored.append(row | {"seconds_per_epoch": seconds.get((architecture, seed, stage))})
        if stage == LAST_STAGE and len(mine.seeds) > 1:
            means.append({"architecture": architecture, "seeds": list(mine.seeds), **about, **judge.mean(mine)})
    scored.sort(key=lambda row: _order(run.table, row))
    for split in dict.fromkeys(row["split"] for row in scored if row["stage"] == LAST_STAGE):
        ensembles += judge.ensembles(split)
    content = {
        "positive_class": POSITIVE,
        "threshold": threshold,
        "manifest_sha256": run.manifest_sha256,
        "data": run.about["data"],
        "weights": run.about["weights"],
        "held_out": run.held,
        "scores": scored,
        "means": means,
        "ensembles": ensembles,
    }
    write_json(run.folder / "metrics.json", content)
    return content


def _order(table, row):
    """Rows stand in the order of predictions.csv."""
    names = [list(table[column].unique()) for column in ("architecture", "stage")]
    return row["seed"], names[0].index(row["architecture"]), names[1].index(row["stage"]), row["split"]


def _seconds_per_epoch(path):
    """{(architecture, seed, stage): median seconds an epoch}. Raises BadInput."""
    try:
        epochs = pd.read_csv(path)
        medians = epochs.groupby(["architecture", "seed", "stage"])["seconds"].median()
    except FileNotFoundError:
        raise BadInput("There are no learning curves here.", path, "name the results folder of a finished run") from None
    except (ValueError, KeyError) as error:
        raise BadInput(f"The learning curves cannot be read: {error}.", path, "restore the file from the run's output") from error
    return {key: float(value) for key, value in medians.items()}


class Judge:
    """Scores rows of one run; what several rows share, such as the patients drawn, is computed once."""

    def __init__(self, run, threshold, prevalences, sensitivity):
        self.run, self.threshold, self.prevalences, self.sensitivity = run, threshold, prevalences, sensitivity
        self.drawn = {}

    def score(self, mine, index, architecture, stage, split):
        """All figures of one row of Scores; operating point and calibration for the last stage alone."""
        chosen_on = predictions.scores(self.run.table, architecture, "valid", stage) if stage == LAST_STAGE else None
        return self._figures(mine, mine.p_covid[index], split, chosen_on and chosen_on.p_covid[index], chosen_on)

    def mean(self, mine):
        """Means over seeds. Their intervals are over patients, for these seeds; comparison.json has the spread over seeds."""
        runs = [metrics.confusion(mine.is_covid, p, self.threshold) for p in mine.p_covid]
        counts = metrics.Confusion(**{name: float(np.mean([getattr(run, name) for run in runs])) for name in COUNTS})
        return {
            "confusion": vars(counts),
            "patients": len(np.unique(mine.groups)),
            **metrics.rates(counts, *_units(mine)),
            "auc": metrics.auc(mine.is_covid, mine.p_covid, mine.groups),
        }

    def ensembles(self, split):
        """A row for each network's mean probability over its seeds, and one for the mean over all networks."""
        table, averages, rows = self.run.table, {}, []
        for architecture in table["architecture"].unique():
            parts = [predictions.scores(table, architecture, part) for part in (split, "valid")]
            if parts[0] is not None:
                averages[architecture] = [part and part.averaged() for part in parts]
                if len(parts[0].seeds) > 1:
                    rows.append(self._ensemble(f"{len(parts[0].seeds)} seeds", [architecture], *averages[architecture], split))
        if len(averages) > 1:
            all_of = [_mean_of(part) if part[0] is not None else None for part in zip(*averages.values())]
            rows.append(self._ensemble(f"{len(averages)} networks", list(averages), *all_of, split))
        return rows

    def _ensemble(self, of, architectures, mine, valid, split):
        about = {"architectures": architectures, "of": of, "stage": LAST_STAGE, "split": split}
        return about | self._figures(mine, mine.p_covid[0], split, None if valid is None else valid.p_covid[0], valid)

    def _figures(self, mine, p_covid, split, p_valid, valid):
        counts = metrics.confusion(mine.is_covid, p_covid, self.threshold)
        worth, weights = _units(mine), self._weights(mine)
        figures = metrics.rates(counts, *worth)
        figures["auc"] = metrics.auc(mine.is_covid, p_covid, mine.groups)
        figures["average_precision"] = metrics.average_precision(mine.is_covid, p_covid, mine.groups)
        for name, limits in bootstrap.intervals(weights, mine.is_covid, p_covid, self.threshold).items():
            figures[name]["bootstrap"] = limits
        row = {"confusion": vars(counts), "patients": len(np.unique(mine.groups)), **figures}
        row["predictive_values"] = [metrics.predictive_values(counts, share, *worth) for share in self.prevalences]
        if valid is not None:
            row["operating_point"] = self._operating_point(mine, p_covid, split, p_valid, valid)
            row["calibration"] = self._calibration(mine, p_covid, split, p_valid, valid)
        return row

    def _operating_point(self, mine, p_covid, split, p_valid, valid):
        """The threshold chosen on validation for the wanted sensitivity, and the rates it has on this split."""
        if not valid.is_covid.any():
            return None
        threshold = metrics.threshold_for(self.sensitivity, valid.is_covid, p_valid)
        counts = metrics.confusion(mine.is_covid, p_covid, threshold)
        chosen = {"wanted_sensitivity": self.sensitivity, "threshold": threshold, "chosen_on": "valid", "same_images": split == "valid"}
        return chosen | {"confusion": vars(counts), **metrics.rates(counts, *_units(mine))}

    def _calibration(self, mine, p_covid, split, p_valid, valid):
        """Calibration before and after a temperature fitted on validation; `same_images` warns where that is this split."""
        temperature, weights = fit_temperature(valid.is_covid, p_valid), self._weights(mine)
        return {
            "temperature": temperature,
            "fitted_on": "valid",
            "same_images": split == "valid",
            "before": calibration(mine.is_covid, p_covid, mine.groups, weights),
            "after": calibration(mine.is_covid, tempered(p_covid, temperature), mine.groups, weights),
        }

    def _weights(self, mine):
        if mine.image_ids not in self.drawn:
            self.drawn[mine.image_ids] = bootstrap.patient_weights(mine.is_covid, mine.groups)
        return self.drawn[mine.image_ids]


def _units(mine):
    return metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])


def _mean_of(averages):
    """The mean over networks of their mean over seeds."""
    first = averages[0]
    return predictions.Scores(first.image_ids, first.is_covid, first.groups, (), np.mean([a.p_covid for a in averages], axis=0))


def final_scores(content):
    """The scores after the last stage, on the split that counts: test where there is one, else valid."""
    return _final(content, "scores")


def _final(content, kind):
    return [row for row in content[kind] if row["stage"] == LAST_STAGE and row["split"] == content["held_out"]]


def text_table(content):
    """Our scores above the study's own, as text; each figure with its interval, each row with its n."""
    rows, held = [], content["held_out"]
    scores, means = final_scores(content), {row["architecture"]: row for row in _final(content, "means")}
    if all(len(mean["seeds"]) <= SEEDS_SHOWN for mean in means.values()):
        rows += [
            _row(score, SHORT_NAMES[score["architecture"]], f"seed {score['seed']}, {held}", score["seconds_per_epoch"]) for score in scores
        ]
    rows += [_row(mean, SHORT_NAMES[name], f"mean of {len(mean['seeds'])} seeds, {held}") for name, mean in means.items()]
    for ensemble in _final(content, "ensembles"):
        name = SHORT_NAMES[ensemble["architectures"][0]] if len(ensemble["architectures"]) == 1 else "all"
        rows.append(_row(ensemble, name, f"ensemble of {ensemble['of']}, {held}"))
    published = study.tables()["networks"]
    for architecture, counts in study.confusions().items():
        row = {"confusion": vars(counts), **metrics.rates(counts), "auc": None}
        rows.append(_row(row, SHORT_NAMES[architecture], "the study", "{}-{}".format(*published[architecture]["seconds_per_epoch"])))
    header = ["network", "run", "n", *(name.upper() for name in COUNTS), "error rate", "sensitivity", "specificity", "AUC", "s/epoch"]
    return table(rows, header, right=["n", *(name.upper() for name in COUNTS), "s/epoch"])


def _row(row, name, run, seconds=None):
    counts = [row["confusion"][count] for count in COUNTS]
    figures = [figure_text(row[key], digits) for key, digits in (("error_rate", 4), ("sensitivity", 3), ("specificity", 3), ("auc", 3))]
    seconds = f"{seconds:.1f}" if isinstance(seconds, float) else seconds
    return [name, run, round(sum(counts)), *(f"{count:.4g}" for count in counts), *figures, seconds]


def figure_text(figure, digits):
    """A figure as `value [low, high]`."""
    if figure is None or figure["value"] is None:
        return "-" if figure else ""
    if figure["low"] is None:
        return f"{figure['value']:.{digits}f}"
    return f"{figure['value']:.{digits}f} [{figure['low']:.{digits}f}, {figure['high']:.{digits}f}]"
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/statistics.py
# ======================================================================================================================

FILES['cxrkit/evaluation/statistics.py'] = r'''
"""Tests and intervals, each for one question; `decision` says how they make a verdict."""

import math

import numpy as np
from scipy.stats import binom, binomtest, chi2, norm, t

from cxrkit.evaluation.metrics import figure, grouped_variance, mean_auc_influence, wilson

EXACT_UP_TO = 1000


def mcnemar(only_a_wrong, only_b_wrong):
    """The two-sided exact p-value for two networks on the same images, from the images that one alone got wrong.

    McNemar 1947, Psychometrika 12:153; exact form: the smaller count is binomial with one half.
    """
    n = only_a_wrong + only_b_wrong
    return float(binomtest(min(only_a_wrong, only_b_wrong), n, 0.5).pvalue) if n else 1.0


def mcnemar_power(n, only_a_wrong, only_b_wrong, alpha=0.05):
    """The chance that the exact test on n images falls to alpha or below, given the two shares of discordant images."""
    discordant = only_a_wrong + only_b_wrong
    sizes = np.arange(n + 1)
    # For each number of discordant images, the largest smaller count that is still significant (-1: none).
    limit = binom.ppf(alpha / 2, sizes, 0.5).astype(int)
    limit = np.where(2 * binom.cdf(limit, sizes, 0.5) <= alpha, limit, limit - 1)
    share = only_a_wrong / discordant
    significant = binom.cdf(limit, sizes, share) + binom.cdf(limit, sizes, 1 - share)
    return float((binom.pmf(sizes, n, discordant) * significant).sum())


def sign_flip(values):
    """The two-sided exact p-value for whole numbers whose signs were as likely the other way round.

    One value a patient: how much worse A did there than B, all seeds together. Were A and B alike, each value
    could as well have come with the other sign; p is the share of all sign patterns whose sum is at least as
    far from 0 as the one seen (Fisher 1935, The Design of Experiments, section 21). With values of 1 and -1
    alone it is McNemar's exact test. Beyond 1,000 values that are not 0: the normal approximation.
    """
    values = np.asarray(values, dtype=np.int64)
    values = values[values != 0]
    if not len(values):
        return 1.0
    if len(values) > EXACT_UP_TO:
        return float(2 * norm.sf(abs(values.sum()) / np.sqrt((values.astype(float) ** 2).sum())))
    sizes = np.abs(values) // math.gcd(*(int(value) for value in values))
    seen = abs(int(values.sum())) // math.gcd(*(int(value) for value in values))
    reach = int(sizes.sum())
    # Of all sign patterns, the share at which the positive ones add up to 0, 1, 2, ...: one shift a value.
    shares = np.zeros(reach + 1)
    shares[0] = 1.0
    filled = 0
    for size in sizes:
        shares[: filled + size + 1] /= 2
        shares[size : filled + size + 1] += shares[: filled + 1].copy()
        filled += size
    sums = np.abs(2 * np.arange(reach + 1) - reach)
    return float(min(1.0, shares[sums >= seen].sum()))


def holm(p_values):
    """Holm's adjusted p-values, in the order given (Holm 1979, Scand. J. Stat. 6:65)."""
    p_values = np.asarray(p_values, float)
    order, adjusted, largest = np.argsort(p_values, kind="stable"), np.empty(len(p_values)), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = largest
    return adjusted.tolist()


def probability_better(errors_a, errors_b):
    """The figure of P(A > B): how likely a run of A errs less than a run of B, ties counted half.

    Bouthillier et al. 2021, MLSys (arXiv 2103.03098), who call A better where the interval lies above 0.5 and
    the value above 0.75. Runs are paired by seed where both have the same seeds, else each with each. The
    interval is Wilson's over the runs, for theirs, a bootstrap, has no width where one network always wins.
    """
    if set(errors_a) == set(errors_b):
        a, b = np.array([[errors_a[seed], errors_b[seed]] for seed in errors_a]).T
    else:
        a, b = np.array(list(errors_a.values()))[:, None], np.array(list(errors_b.values()))[None, :]
    value = float(((a < b) + 0.5 * (a == b)).mean())
    runs = min(len(errors_a), len(errors_b))
    return figure(value, *wilson(value, runs), runs, "Wilson 95 % over runs")


def over_resplits(differences, n_train, n_test, confidence=0.95):
    """The figure of a mean difference over resplits of one data set, and its two-sided p-value.

    The runs share training images, so their plain variance is too small; it is raised by n_test/n_train
    (Nadeau and Bengio 2003, Mach. Learn. 52:239, eq. 5). differences: one a split, two or more.
    """
    differences = np.asarray(differences, float)
    splits, mean = len(differences), differences.mean()
    spread = differences.std(ddof=1) * np.sqrt(1 / splits + n_test / n_train)
    half = t.ppf((1 + confidence) / 2, splits - 1) * spread
    p = float(2 * t.sf(abs(mean) / spread, splits - 1)) if spread > 0 else float(mean == 0)
    return figure(mean, mean - half, mean + half, splits, f"Nadeau-Bengio {100 * confidence:g} %"), p


def predicted_sd(error_rate, n):
    """The standard deviation of the error rate from run to run that n images and the error rate alone predict.

    Jordan 2023 (arXiv 2304.01910, section 5): if the runs together are calibrated, an image that a share q of
    the runs calls positive is positive with probability q. Then q(1-q) is half its expected error, and with
    errors independent between images the variance of the rate is error_rate/(2n).
    """
    return float(np.sqrt(error_rate / (2 * n)))


def run_to_run(errors, n):
    """{observed, predicted, reading}: the spread of a network's error rate over seeds beside the predicted one.

    observed: figure of the standard deviation with its chi-square interval, which takes runs as normal.
    """
    errors = np.asarray(errors, float)
    predicted = predicted_sd(errors.mean(), n)
    runs = len(errors)
    if runs < 2:
        return {"observed": figure(None, None, None, runs, "none: one run"), "predicted": predicted, "reading": "one run: not known"}
    sd = errors.std(ddof=1)
    low, high = (sd * np.sqrt((runs - 1) / chi2.ppf(share, runs - 1)) for share in (0.975, 0.025))
    reading = "more than predicted" if low > predicted else "less than predicted" if high < predicted else "as predicted"
    return {"observed": figure(sd, low, high, runs, "chi-square 95 %"), "predicted": predicted, "reading": reading}


def auc_difference(is_covid, p_a, p_b, groups):
    """The figure of AUC(A) - AUC(B) on the same images, each averaged over its seeds, and its p-value.

    p_a, p_b: seeds x n. DeLong 1988 with patients as units; it takes the trained networks as given, and says
    nothing of other seeds. No interval where both separate the classes perfectly.
    """
    truth = np.asarray(is_covid, bool)
    if truth.all() or not truth.any():
        return figure(None, None, None, len(truth), "none: one class only"), None
    (area_a, influence_a), (area_b, influence_b) = mean_auc_influence(truth, p_a), mean_auc_influence(truth, p_b)
    value, sd = area_a - area_b, np.sqrt(grouped_variance(influence_a - influence_b, groups))
    if sd == 0:
        return figure(value, None, None, len(truth), "none: no image tells them apart"), 1.0
    half = norm.ppf(0.975) * sd
    return figure(value, max(-1, value - half), min(1, value + half), len(truth), "DeLong 95 %, paired"), float(
        2 * norm.sf(abs(value) / sd)
    )
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/study.py
# ======================================================================================================================

FILES['cxrkit/evaluation/study.py'] = r'''
"""The 2020 study's four confusion matrices: through the same tests, and beside ours."""

from itertools import combinations
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import fisher_exact

from cxrkit.evaluation import decision, metrics
from cxrkit.evaluation.metrics import Confusion

TABLES = Path(__file__).with_name("paper.yaml")


def tables():
    """The study's tables: the content of paper.yaml."""
    return yaml.safe_load(TABLES.read_text("utf-8"))


def confusion(row, covid, normal):
    """The Confusion that a row of the study's table implies, given its numbers of films of each class.

    Raises ValueError when the row's rounded figures fit no whole counts.
    """
    tp, tn = round(row["sensitivity"] * covid), round(row["specificity"] * normal)
    counts = Confusion(tp=tp, fn=covid - tp, tn=tn, fp=normal - tn)
    implied = {name: found["value"] for name, found in metrics.rates(counts).items()}
    for name in ("sensitivity", "specificity", "error_rate"):
        if abs(implied[name] - row[name]) > 0.5e-5 + 1e-9:
            raise ValueError(f"{name} {row[name]} fits no whole counts of {covid} and {normal} films; nearest {implied[name]:.5f}")
    return counts


def confusions():
    """{architecture: Confusion} of the study, after the last epoch of each network's one run."""
    published = tables()
    return {name: confusion(row, **published["validation"]) for name, row in published["networks"].items()}


def verdicts(margin=decision.MARGIN):
    """What the study's own counts decide: one dict a pair of its networks.

    Which films each network got wrong was not published. The pair is therefore decided twice: as if the two
    had been wrong about the same films as often as the counts allow, which makes a difference easiest to
    show, and about as different ones as they allow. Holm's correction runs over the six pairs.
    """
    counts = confusions()
    pairs = list(combinations(counts, 2))
    extremes = {}
    for overlap in ("most", "least"):
        differences = [decision.difference(*_wrong(counts[a], counts[b], overlap), (0,), (0,)) for a, b in pairs]
        extremes[overlap] = list(zip(differences, decision.decide(differences, margin)))
    found = []
    for (a, b), (easiest, verdict), (hardest, _) in zip(pairs, *extremes.values()):
        found.append(
            {
                "a": a,
                "b": b,
                "wrong": [counts[a].wrong, counts[b].wrong],
                "verdict": verdict.word,
                "as_trained": verdict.as_trained,
                "why": verdict.why,
                "mcnemar_p": [easiest.p_sign_flip, hardest.p_sign_flip],
                "difference": easiest.interval_over_patients(),
                "needed": decision.needed(easiest, len(pairs)),
            }
        )
    return found


def _wrong(a, b, overlap):
    """Two 1 x n tables of wrong answers with those counts and the most or least overlap, and n patient keys."""
    tables = []
    for counts, from_end in ((a, False), (b, overlap == "least")):
        covid, normal = np.zeros(counts.tp + counts.fn, bool), np.zeros(counts.tn + counts.fp, bool)
        for films, wrong in ((covid, counts.fn), (normal, counts.fp)):
            films[len(films) - wrong if from_end else 0 : len(films) if from_end else wrong] = True
        tables.append(np.concatenate([covid, normal])[None])
    return *tables, np.arange(a.n)


def beside_ours(ours):
    """One dict a network: the study's rates, and whether ours differ from them (Fisher's exact test).

    ours: {architecture: [Confusion, one a seed]}. Each of our runs is one draw, as the study's was, so each is
    tested alone; p holds the lowest and highest over seeds, and the p of the run whose error rate is the
    median. The films are not the study's own list, which was not published.
    """
    found = []
    for architecture, theirs in confusions().items():
        runs = sorted(ours.get(architecture, []), key=lambda counts: counts.wrong / counts.n)
        tests = {}
        for name, cells in (
            ("error_rate", lambda c: (c.wrong, c.n - c.wrong)),
            ("sensitivity", lambda c: (c.tp, c.fn)),
            ("specificity", lambda c: (c.tn, c.fp)),
        ):
            values = [float(fisher_exact([cells(theirs), cells(run)])[1]) for run in runs]
            if values:
                tests[name] = {"median_run": values[(len(values) - 1) // 2], "lowest": min(values), "highest": max(values)}
        found.append({"architecture": architecture, "study": metrics.rates(theirs), "runs": len(runs), "p": tests})
    return found
'''[1:]


# ======================================================================================================================
# cxrkit/evaluation/verdict.py
# ======================================================================================================================

FILES['cxrkit/evaluation/verdict.py'] = r'''
"""The verdict: what the audits together allow a reader to believe, by rules and thresholds that stand here alone.

Each rule looks at the content of audits.json and gives a Reason or none. The first conclusion in CONCLUSIONS that
any reason leads to is the verdict; all reasons are listed. Nothing here proves that a network sees disease: the best
verdict is that these audits found no other explanation.
"""

from dataclasses import asdict, dataclass

from cxrkit.evaluation import baselines, masking
from cxrkit.evaluation.scores import SHORT_NAMES

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of the interval of an area; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area at which a baseline that sees no lung separates the classes."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
PARTLY = 0.6
"""Lower limit of the area from which a baseline that sees no lung explains a part of the scores."""
KEPT = 0.9
"""Share of a network's area above chance that is left with the lungs blacked out, from which it needs no lungs."""
COARSE = 0.95
"""Area at which a thumbnail separates the classes, where no network was asked."""
DROP = 0.05
"""Loss of area on films from elsewhere that a reader must hear of, where its interval excludes none."""
TOLD_APART = 0.9
"""Area at which a network's features know the source of films of one label."""

CONCLUSIONS = {
    "audit-failed": "The audit's own controls failed, so none of its figures can be relied on.",
    "leak": "The same patients or pictures stand on both sides of the split, so no score of this run holds for a new patient.",
    "too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
    "source-shortcut": "On this data no score shows that a network sees disease: where a film comes from gives the answer away.",
    "border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
    "chance": "No network is shown to do better than guessing.",
    "thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
    "no-transfer": "The scores do not hold for films from elsewhere, and must not be quoted without that.",
    "partial-shortcut": "The scores are too high by an amount that is not known, for part of the answer can be had without looking at the lungs.",
    "no-shortcut-found": "These audits found no shortcut. That is no proof that a network sees disease; "
    "films of other hospitals, read by radiologists, would be the next step.",
}
"""{slug: sentence}, the gravest first."""

KIND = {"source": "source-shortcut", "file": "source-shortcut", "age": "source-shortcut", "border": "border-shortcut"}
LUNGLESS = "lungless-"


@dataclass(frozen=True)
class Reason:
    """rule: slug; text: a sentence; value: what was found; threshold: what it was held against; leads_to: a conclusion."""

    rule: str
    text: str
    value: float | None
    threshold: float | None
    leads_to: str


def decide(content):
    """{conclusion, paragraph, reasons} from the content of audits.json; parts that were not done are not held against anything."""
    reasons = [reason for rule in RULES for reason in rule(content)]
    order = list(CONCLUSIONS)
    conclusion = min((reason.leads_to for reason in reasons), key=order.index, default="no-shortcut-found")
    graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
    sentences = [*_opening(content), *_told(graver_first, content), CONCLUSIONS[conclusion]]
    return {"conclusion": conclusion, "paragraph": " ".join(sentences), "reasons": [asdict(reason) for reason in reasons]}


def _told(reasons, content):
    """The reasons' sentences; those of baselines that see no lung become one where they are several."""
    lungless = [reason for reason in reasons if reason.rule.startswith(LUNGLESS)]
    if len(lungless) < 2:
        return [reason.text for reason in reasons]
    row_of = {LUNGLESS + row["name"]: row for row in content["baselines"]}
    named = [f"{row['title']} ({row['auc']:.3f})" for row in (row_of[reason.rule] for reason in lungless)]
    together = f"Without a look at the lungs the classes are told apart by {', by '.join(named[:-1])} and by {named[-1]}."
    return [together if reason is lungless[0] else reason.text for reason in reasons if reason is lungless[0] or reason not in lungless]


def _opening(content):
    networks = content.get("networks") or []
    films = content["films"]
    sentences = ["These are drawn phantoms, not films; nothing here is about medicine."] if content.get("data") == "phantom" else []
    if not networks:
        who = f"{films['covid']} COVID-19 and {films['normal']} normal films of {films['patients']} patients"
        alone = f"No network was asked; this is about the films alone: {who}."
        return [*sentences, alone, "An AUC of 1 separates the two classes perfectly, 0.5 is guessing."]
    best = max(networks, key=lambda row: row["auc"])
    held = (
        f"{best['n']} films held out of training, {best['n_covid']} of them COVID-19"
        if "n_covid" in best
        else f"{best['n']} films held out of training"
    )
    name, many = SHORT_NAMES.get(best["architecture"], best["architecture"]), len(networks) > 1
    who = f"The best of {len(networks)} networks, {name}, reaches" if many else f"The network, {name}, reaches"
    return [*sentences, f"{who} an AUC of {_area(best)} on {held} (1 separates the classes perfectly, 0.5 is guessing)."]


def _area(row):
    low, high = row["interval"]
    return f"{row['auc']:.3f} [{low:.3f} to {high:.3f}]"


def _best(content):
    """The best network's area, None where no network was asked."""
    return max((row["auc"] for row in content.get("networks") or []), default=None)


def _rows(content, names):
    return [row for row in content.get("baselines") or [] if row["name"] in names and row["auc"] is not None]


def failed_controls(content):
    for row in content.get("controls") or []:
        if not row["passed"]:
            yield Reason(
                "controls",
                f"A control of the audit failed ({row['title']}: expected {row['expected']}, found {row['found']}).",
                None,
                None,
                "audit-failed",
            )


def leaks(content):
    count = content["films"].get("leaks", 0)
    if count:
        yield Reason("leaks", f"{count} patients or pictures stand in two splits.", count, 0, "leak")


def too_few(content):
    judged = content["films"].get("judged") or {}
    for label, name in (("covid", "COVID-19"), ("normal", "normal")):
        count = judged.get(f"{label}_patients")
        if count is not None and count < FEWEST_PATIENTS:
            yield Reason(
                "patients", f"The films that are judged come from only {count} {name} patients.", count, FEWEST_PATIENTS, "too-few"
            )
    widths = [row["interval"][1] - row["interval"][0] for row in content.get("networks") or []]
    if widths and min(widths) > WIDEST:
        yield Reason("width", f"The interval of every network's AUC is at least {min(widths):.2f} wide.", min(widths), WIDEST, "too-few")


def lungless(content):
    """Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that."""
    best = _best(content)
    for row in _rows(content, baselines.LUNGLESS):
        low, equals = row["interval"][0], best is not None and row["auc"] >= best - AS_GOOD
        if low <= PARTLY:
            continue
        decisive = row["auc"] >= SHORTCUT or equals
        what = f"{_capital(row['title'])} alone, without a look at the lungs, reaches an AUC of {_area(row)}."
        threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
        yield Reason(
            LUNGLESS + row["name"], what, row["auc"] if decisive else low, threshold, KIND[row["name"]] if decisive else "partial-shortcut"
        )


def lungs_hidden(content):
    """A network that keeps its score with the lungs blacked out; where it was trained anew on such films, that counts too."""
    whole = {
        (row["architecture"], row["seed"]): row["auc"]
        for row in content.get("masking") or []
        if row["share"] == 0 and row["mask"] == "centre"
    }
    worst = None
    for row in content.get("masking") or []:
        full = whole.get((row["architecture"], row["seed"]))
        if row["mask"] == "centre" and row.get("side") == masking.LUNGS and full and full > PARTLY and row["interval"][0] > 0.5:
            share = (row["auc"] - 0.5) / (full - 0.5)
            worst = max(worst or (share, row), (share, row), key=lambda item: item[0])
    if worst and worst[0] >= KEPT:
        share, row = worst
        how = "trained anew on films with the lungs blacked out" if row["retrained"] else "shown films with the lungs blacked out"
        what = f"{SHORT_NAMES.get(row['architecture'], row['architecture'])}, {how}, still reaches an AUC of {_area(row)}."
        yield Reason("lungs-hidden", what, share, KEPT, "border-shortcut")


def lungs_needed(content):
    """The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
    networks = content.get("networks") or []
    best = max(networks, key=lambda row: row["auc"])["architecture"] if networks else ""
    for row in content.get("masking") or []:
        hidden = row["architecture"] == best and row["mask"] == "centre" and row.get("side") == masking.LUNGS and not row["retrained"]
        if hidden and row["interval"][0] <= 0.5 < _best(content) - 0.1:
            what = f"With the lungs blacked out {SHORT_NAMES.get(best, best)} falls to {_area(row)}, no better than guessing: it needs the middle of the film."
            yield Reason("lungs-needed", what, row["interval"][0], 0.5, "no-shortcut-found")
            break


def chance(content):
    networks = content.get("networks") or []
    if networks and max(row["interval"][0] for row in networks) <= 0.5:
        yield Reason("chance", "No network's interval lies above 0.5.", max(row["interval"][0] for row in networks), 0.5, "chance")


def coarse(content):
    """A thumbnail or histogram that no network is shown to beat on the same films."""
    rows = _rows(content, baselines.COARSE)
    if not rows:
        return
    row = max(rows, key=lambda row: row["auc"])
    networks = [network for network in content.get("networks") or [] if network.get("advantage")]
    if networks:
        best = max(networks, key=lambda network: network["advantage"]["interval"][0])["advantage"]
        if best["interval"][0] <= 0 and best["coarse_auc"] > PARTLY:
            what = (
                f"{_capital(best['over_title'])} reaches {best['coarse_auc']:.3f} on the same films, and no network is shown to do better."
            )
            yield Reason("coarse", what, best["interval"][0], 0, "thumbnail")
    elif row["auc"] >= COARSE:
        yield Reason("coarse", f"{_capital(row['title'])} reaches an AUC of {_area(row)}.", row["auc"], COARSE, "thumbnail")


def _capital(text):
    return text[0].upper() + text[1:]


def elsewhere(content):
    """What the networks lose on each set of films from elsewhere: the greatest loss whose interval excludes none."""
    for name in dict.fromkeys(row["name"] for row in content.get("external") or []):
        for key, word in (("auc", "AUC"), ("sensitivity", "sensitivity"), ("specificity", "specificity")):
            lost = [(row, _loss(row["drop"], key)) for row in content["external"] if row["name"] == name]
            lost = [(row, loss) for row, loss in lost if loss and loss[0] >= DROP and loss[1] > 0]
            if lost:
                row, (value, low, high) = max(lost, key=lambda item: item[1][0])
                who = SHORT_NAMES.get(row["architecture"], row["architecture"])
                what = f"On the films of {name}, {who} loses {value:.3f} [{low:.3f} to {high:.3f}] of {word}."
                yield Reason(f"elsewhere-{key}", what, value, DROP, "no-transfer")
                break


def _loss(drop, key):
    """(value, low, high) of a row's drop, None where there is none."""
    found = {"value": drop["auc"], "interval": drop["interval"]} if key == "auc" else drop.get(key)
    return (found["value"], *found["interval"]) if found and found["value"] is not None else None


def sources_known(content):
    """Features of a network that tell sources apart among films of one label: it has learned more than the disease."""
    known = [
        row
        for row in content.get("sources") or []
        if row.get("kind") == "seen-source" and row.get("by_network") and row["auc"] >= TOLD_APART
    ]
    if known:
        row = max(known, key=lambda row: row["auc"])
        what = f"Among films of one label, where the disease is constant, a network's features still know the source ({row['title']}: AUC {_area(row)})."
        yield Reason("sources-known", what, row["auc"], TOLD_APART, "partial-shortcut")


RULES = (failed_controls, leaks, too_few, lungless, lungs_hidden, chance, coarse, elsewhere, sources_known, lungs_needed)
'''[1:]


# ======================================================================================================================
# cxrkit/experiments/dry-run.yaml
# ======================================================================================================================

FILES['cxrkit/experiments/dry-run.yaml'] = r'''
# The whole road on drawn phantoms and from random weights, small enough for a laptop without a GPU.
data: [phantom]
split: paper
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0]
image_size: 32
batch_size: 16
epochs: 5
lr_find_iterations: 40
pretrained: false
'''[1:]


# ======================================================================================================================
# cxrkit/experiments/paper.yaml
# ======================================================================================================================

FILES['cxrkit/experiments/paper.yaml'] = r'''
# The study's own protocol: one run of each network, 4 epochs with the body frozen, 4 unfrozen.
split: paper
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0]
image_size: 224
batch_size: 64
epochs: 4
pretrained: true
'''[1:]


# ======================================================================================================================
# cxrkit/experiments/rigorous.yaml
# ======================================================================================================================

FILES['cxrkit/experiments/rigorous.yaml'] = r'''
# The protocol we would sign: ten seeds, and a test set of patients that nothing was chosen on.
split: grouped
architectures: [resnet34, resnet101, vgg16_bn, vgg19_bn]
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
image_size: 224
batch_size: 64
epochs: 4
pretrained: true
'''[1:]


# ======================================================================================================================
# cxrkit/files.py
# ======================================================================================================================

FILES['cxrkit/files.py'] = r'''
"""Files that are either whole or absent: written beside their name, then renamed."""

import hashlib
import json
import os
from contextlib import contextmanager
from pathlib import Path

from cxrkit.errors import disk_errors

PARTIAL = ".partial"


@contextmanager
def replacing(path):
    """Yield a temporary path beside `path`; rename it to `path` when the block ends well.

    Raises DiskFull when the disk is full. A killed process leaves at most one `*.partial` file, which
    the next write of the same file replaces.
    """
    path = Path(path)
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}{PARTIAL}")
        try:
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextmanager
def locked(path, wait=True):
    """Hold the lock file `path` and yield True; without `wait`, yield False at once where another process holds it.

    The lock ends with the process, however that ends. On Windows nothing is locked: there one process has to do.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except ImportError:
            pass
        except BlockingIOError:
            yield False
            return
        yield True


def write_text(path, text):
    """Write text as UTF-8 with LF line ends, atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(text.encode())


def write_json(path, value):
    write_text(path, json.dumps(value, indent=2, sort_keys=False, ensure_ascii=False) + "\n")


def read_json(path):
    return json.loads(Path(path).read_text("utf-8"))


def sha256_of(path):
    """Hexadecimal SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value):
    """Hexadecimal SHA-256 of a JSON value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def write_checksums(folder):
    """Write folder/checksums.json: {file: {sha256, bytes}} for every other file below folder."""
    folder = Path(folder)
    listed = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "checksums.json" and not path.name.endswith(PARTIAL):
            listed[path.relative_to(folder).as_posix()] = {"sha256": sha256_of(path), "bytes": path.stat().st_size}
    write_json(folder / "checksums.json", listed)
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/__init__.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/__init__.py'] = r'''
"""The road to Kaggle and back: one file up, one run there, verified results down."""
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/bundle.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/bundle.py'] = '''
"""The kit as one readable file: the only thing that `kaggle kernels push` sends.

Kaggle takes the text of one file and nothing beside it, so every module and data file of cxrkit travels
inside kernel/script.py, each as plain text under its own heading, followed by kernel/run.py. The same
source gives the same bytes.
"""

import ast
import hashlib
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxrkit import __version__
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_text

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "kernel/script.py"
RUN = "kernel/run.py"
LIMIT_BYTES = 900_000
"""Kaggle refuses sources of 1 MB; whether it counts bytes or characters is not known."""
RULE = "# " + "=" * 118


@dataclass(frozen=True)
class Settings:
    """The constants at the head of the script, which a person may edit there.

    experiment: a name that comes with the kit, or a YAML file, whose content travels; overrides: {key: value} laid over it; hours: after which no
    new stage begins; gpu: whether the run stops where no GPU works; results: the slug of the dataset that
    the kernel sends its results to, empty for none; run_id: names one run, empty for the time of its start.
    """

    experiment: str = "paper"
    overrides: dict = field(default_factory=dict)
    hours: float = 11.0
    gpu: bool = True
    results: str = ""
    run_id: str = ""


CONSTANTS = {
    "experiment": "one of: {names}",
    "overrides": \'keys of the experiment laid over it, e.g. {{"seeds": [0, 1], "epochs": 2}}\',
    "hours": "after so many hours no new stage begins, and the run reports what it has (Kaggle ends it after 12)",
    "gpu": "whether to stop at once where no GPU works; False trains on the processors",
    "results": "slug of your dataset that the results are sent to; empty: they stay in the kernel\'s output",
    "run_id": "names this run in its results; empty: the time of its start",
}


def files(root=ROOT):
    """{relative path: text} of everything that travels: cxrkit, then run.py. Raises BadInput for what is no text."""
    package = sorted(
        path
        for path in (root / "cxrkit").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.relative_to(root).parts)
    )
    if not package or not (root / RUN).is_file():
        raise WrongUse("The kit\'s own source is not here.", root, "run this in a clone of the repository")
    return {path.relative_to(root).as_posix(): _read(path) for path in [*package, root / RUN]}


def _read(path):
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file is no UTF-8 text, so it cannot travel: {error}", path, "keep data like this in a Kaggle dataset"
        ) from error


def source_sha256(sources):
    """SHA-256 over the names and texts of all files; 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def generate(settings, root=ROOT):
    """The text of the script. Raises BadInput when it is too large for Kaggle."""
    sources = files(root)
    settings = _with_experiment(settings, sources)
    run = sources.pop(RUN)
    parts = [_head(settings, {**sources, RUN: run})]
    parts += [f"{heading(name)}\\n\\nFILES[{name!r}] = {literal(text)}\\n" for name, text in sources.items()]
    parts += [heading("how the files above become a package") + "\\n\\n" + sources["cxrkit/kaggle_io/unpack.py"], START]
    parts += [heading(RUN) + "\\n\\n" + run]
    script = "\\n".join(parts)
    size = len(script.encode())
    if size > LIMIT_BYTES:
        largest = ", ".join(sorted(sources, key=lambda name: -len(sources[name].encode()))[:3])
        raise BadInput(
            f"The script has {size:,} bytes; more than {LIMIT_BYTES:,} may be refused by Kaggle.",
            SCRIPT,
            f"make the largest files smaller: {largest}",
        )
    return script


START = """
unpack(FILES, SOURCE_SHA256, RUN_ID)
if len(sys.argv) == 1:
    from cxrkit.kaggle_io.kernel import arguments_of

    sys.argv += arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)
"""


def _with_experiment(settings, sources):
    """The settings with the experiment\'s name; an experiment of the user\'s own joins the sources."""
    from cxrkit import config

    if settings.experiment in config.names():
        return settings
    config.load(settings.experiment, settings.overrides)
    path = Path(settings.experiment)
    if path.stem in config.names():
        raise WrongUse(f"The kit has an experiment named {path.stem!r} already.", path, "give your file another name")
    sources[f"cxrkit/experiments/{path.stem}.yaml"] = _read(path)
    return replace(settings, experiment=path.stem)


def _head(settings, sources):
    from cxrkit import config

    names = ", ".join(config.names())
    contents = "\\n".join(f"    {name:<40} {_summary(name, text)}".rstrip() for name, text in sources.items())
    constants = "\\n".join(
        f"{name.upper()} = {getattr(settings, name)!r}  # {comment.format(names=names)}" for name, comment in CONSTANTS.items()
    )
    return f\'\'\'"""cxrkit {__version__}: COVID-19 against healthy chest films. Research use only.

GENERATED from the repository by `python -m cxrkit bundle`: edit the constants below, or the repository.
Kaggle runs exactly one file, so this one holds the whole kit. Every module and data file stands below as
plain text under its own heading; they are written to a temporary folder, from which they are imported, and
kernel/run.py, at the end, is the program.

{contents}
"""

{constants}

VERSION = {__version__!r}
SOURCE_SHA256 = {source_sha256(sources)!r}
FILES = {{}}
\'\'\'


def _summary(name, text):
    """The first line of a file\'s docstring or comment."""
    if name.endswith(".py"):
        text = ast.get_docstring(ast.parse(text)) or ""
    elif not text.startswith("# "):
        return ""
    return (text.splitlines() or [""])[0].removeprefix("# ").replace("\\\\", "").replace(\'"\', "\'")


def heading(title):
    return f"\\n{RULE}\\n# {title}\\n{RULE}"


def literal(text):
    """A Python literal for the text that reads like the text: raw and triple-quoted, escaped only where it must be."""
    body = "\\n" + text
    if "\'\'\'" not in text and not text.endswith(("\'", "\\\\")) and not re.search(r"[\\r\\x00]", text):
        return f"r\'\'\'{body}\'\'\'[1:]"
    for plain, escaped in (("\\\\", "\\\\\\\\"), ("\'", "\\\\\'"), ("\\r", "\\\\r"), ("\\x00", "\\\\x00")):
        body = body.replace(plain, escaped)
    return f"\'\'\'{body}\'\'\'[1:]"


def settings_in(script):
    """The Settings at the head of a script. Raises BadInput when they cannot be read."""
    found = {}
    for name in CONSTANTS:
        line = re.search(rf"^{name.upper()} = (.*)$", script, re.MULTILINE)
        try:
            found[name] = ast.literal_eval(line[1])
        except (TypeError, ValueError, SyntaxError) as error:
            raise BadInput(
                f"The script has no readable constant {name.upper()}.", SCRIPT, "write it anew: python -m cxrkit bundle"
            ) from error
    return Settings(**found)


def identity(script):
    """(source_sha256, run_id) of a script, also of one that came back from Kaggle; empty texts where it has none."""
    found = [re.search(rf"^{name} = \'([^\']*)\'", script, re.MULTILINE) for name in ("SOURCE_SHA256", "RUN_ID")]
    return tuple(match[1] if match else "" for match in found)


def write(settings, root=ROOT):
    """Write kernel/script.py; return its size in bytes."""
    text = generate(settings, root)
    write_text(root / SCRIPT, text)
    return len(text.encode())


def check(root=ROOT, experiment=None):
    """Raise BadInput unless kernel/script.py is what `bundle` would write, but for the constants at its head.

    experiment: the YAML file it was made for, if it was one.
    """
    path = root / SCRIPT
    present = path.read_text("utf-8") if path.is_file() else ""
    settings = settings_in(present)
    if present != generate(replace(settings, experiment=experiment or settings.experiment), root):
        raise BadInput("The script is not made of the present source.", path, "python -m cxrkit bundle")
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/checkpoints.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/checkpoints.py'] = r'''
"""What a run that ran out of time leaves for the next one: the trainings' states, beside the results."""

import os
import shutil
from pathlib import Path

from cxrkit.files import read_json, write_checksums, write_json
from cxrkit.kaggle_io import mounts
from cxrkit.progress import say

FOLDER = "checkpoints"
MARKER = f"{FOLDER}/jobs.json"


def save_unless_whole(results, jobs):
    """Put the folder of jobs below the results when run.json names unfinished ones, and list them in checksums.json."""
    if not read_json(results / "run.json")["unfinished"]:
        return
    kept = []
    for job in sorted(path for path in jobs.iterdir() if (path / "frozen.json").exists()):
        finished = (job / "unfrozen.json").exists()
        for path in sorted(path for path in job.iterdir() if path.is_file()):
            if not (finished and path.name == "frozen.pt"):
                _place(path, results / FOLDER / job.name / path.name)
        kept.append(job.name)
    write_json(results / MARKER, kept)
    write_checksums(results)
    say(f"checkpoints: {len(kept)} trainings kept; python -m cxrkit push --resume goes on from them")


def restore(jobs, root=None):
    """Put the jobs of an attached earlier run where training looks for them; return their names.

    Whether they belong to the same data and protocol is training's to say: it begins others anew.
    """
    attached = mounts.find(MARKER, root=root)
    names = read_json(attached / MARKER) if attached else []
    for name in names:
        for path in sorted((attached / FOLDER / Path(name).name).iterdir()):
            target = jobs / Path(name).name / path.name
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
    if names:
        say(f"checkpoints: {len(names)} trainings attached at {attached}")
    return names


def _place(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/client.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/client.py'] = r'''
"""The one door to Kaggle's API: the installed client, made to tell the truth.

Kaggle's client (2.0.2 in Kaggle's image, 2.2.5 at the time of writing) hides the server's words behind
"Bad Request", prints to the terminal, leaves the program when credentials are missing, and repeats no
push, no status and no download. This module calls it, repeats what is safe to repeat, and raises the
kit's own errors without ever showing a credential.
"""

import contextlib
import io
import random
import re
import sys
import time

from cxrkit.errors import RemoteRefusal, WrongUse

ATTEMPTS = 6
LONGEST_PAUSE = 300.0
"""Seconds; a server that wants a longer pause is taken at its word and not asked again."""
BUSY = (429, 500, 502, 503, 504)

MAKE_A_TOKEN = (
    "make a token at https://www.kaggle.com/settings (API, Create New Token) and save it as ~/.kaggle/kaggle.json, "
    "or set KAGGLE_API_TOKEN, or KAGGLE_USERNAME and KAGGLE_KEY"
)
CHECK_NETWORK = "check the network, then run the same command again"
TRY_LATER = "this is Kaggle's trouble: run the same command again later"
REMEDIES = {
    400: "correct what the server names",
    401: MAKE_A_TOKEN,
    403: "check the owner and the name, and that your token is that owner's: Kaggle answers like this for what does not exist, too",
    404: "check the owner and the name",
    413: "send less",
    429: "wait some minutes, then run the same command again",
}


class Kaggle:
    """A signed-in client. `api` is a kaggle.KaggleApi, `owner` the user name it is signed in as.

    sleep, jitter: what time.sleep and random.random are, for tests.
    """

    def __init__(self, api, sleep=time.sleep, jitter=random.random):
        self.api, self.sleep, self.jitter = api, sleep, jitter
        self.owner = api.config_values["username"]

    def ask(self, doing, function, *arguments, **options):
        """function(*arguments, **options), repeated while Kaggle is busy: only for what is safe to repeat.

        doing: what this is, for the message ("the status of x/y"). Raises RemoteRefusal.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.once(function, *arguments, **options)
            except failures() as error:
                pause = self.pause_after(error, attempt)
                if pause is None:
                    raise self.refusal(doing, error) from None
                self.sleep(pause)

    def send(self, doing, taken, function, *arguments, **options):
        """function(*arguments, **options) for what must not happen twice.

        taken: called after a failure; says whether the server acted all the same. The call is repeated only
        when it did not (the client repeats some calls itself, so the last answer may be about a repetition).
        Returns None when the answer was lost and the server did act. Raises RemoteRefusal.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self.once(function, *arguments, **options)
            except failures() as error:
                if not never_sent(error) and taken():
                    return None
                pause = self.pause_after(error, attempt)
                if pause is None:
                    raise self.refusal(doing, error) from None
                self.sleep(pause)

    def once(self, function, *arguments, **options):
        """function(*arguments, **options) without what the client prints."""
        with silence():
            return function(*arguments, **options)

    def kernels(self, method, request):
        """The answer of Kaggle's kernel service to a request of its SDK."""
        with self.api.build_kaggle_client() as client:
            return getattr(client.kernels.kernels_api_client, method)(request)

    def datasets(self, method, request):
        """The answer of Kaggle's dataset service to a request of its SDK."""
        with self.api.build_kaggle_client() as client:
            return getattr(client.datasets.dataset_api_client, method)(request)

    def pause_after(self, error, attempt):
        """Seconds to wait before the next attempt; None when there must not be one."""
        if attempt + 1 >= ATTEMPTS or not is_passing(error):
            return None
        wanted = _retry_after(error)
        if wanted is None:
            return min(60.0, 2.0**attempt) * (0.5 + self.jitter() / 2)
        return wanted + self.jitter() if wanted <= LONGEST_PAUSE else None

    def refusal(self, doing, error):
        """A RemoteRefusal in the server's own words, without credentials."""
        response = response_of(error)
        if response is not None:
            remedy = REMEDIES.get(response.status_code, TRY_LATER)
            return RemoteRefusal(f"Kaggle refused {doing}: {self.hide(words_of(response))}", next=remedy)
        if isinstance(error, _network_failures()):
            return RemoteRefusal(f"Kaggle cannot be reached for {doing}: {self.hide(_first_line(error))}", next=CHECK_NETWORK)
        return RemoteRefusal(f"Kaggle's client could not manage {doing}: {self.hide(_first_line(error))}", next="correct what it names")

    def hide(self, text):
        """The text with credentials blotted out, should a server or a library repeat one; a signed address is one too."""
        for name in ("key", "token"):
            if self.api.config_values.get(name):
                text = text.replace(self.api.config_values[name], "***")
        return re.sub(r"\?[^\s'\")]+=[^\s'\")]+", "?***", text)


def connect(sleep=time.sleep, jitter=random.random):
    """A Kaggle, signed in with whatever the user has, in the client's own order.

    Raises WrongUse when there are no credentials, RemoteRefusal when an access token is not accepted: as
    long as one is there the client sends it, even where it signed in with another credential.
    """
    api = failure = None
    with silence():
        try:
            from kagglesdk.kaggle_env import get_access_token_from_env

            token, source = get_access_token_from_env()
            from kaggle.api.kaggle_api_extended import KaggleApi

            api = KaggleApi()
            api.authenticate()
        except ImportError as error:
            raise WrongUse(f"Kaggle's client cannot be imported: {error}.", next="pip install -r requirements.txt") from error
        except (SystemExit, *failures()) as error:
            api, failure = None, error
    if isinstance(failure, _network_failures()) and response_of(failure) is None:
        raise RemoteRefusal(f"Kaggle cannot be reached: {_first_line(failure)}", next=CHECK_NETWORK)
    if token and not (api and api.config_values.get("token")):
        raise RemoteRefusal(
            "Kaggle does not accept the access token: it is wrong or expired.",
            f"the token in {source}",
            "make a new one at https://www.kaggle.com/settings, or remove this one if you use another credential",
        )
    if api is None or not api.config_values.get("username"):
        raise WrongUse("No Kaggle credentials were found.", next=MAKE_A_TOKEN)
    return Kaggle(api, sleep, jitter)


@contextlib.contextmanager
def silence():
    """Swallow what the client prints: progress, login help, and sometimes an address that is a key by itself.

    It also calls exit(), which closes standard input; a person could not be asked anything afterwards.
    """
    usual, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdin = usual


def failures():
    """The exceptions with which the client and its libraries fail."""
    return (*_network_failures(), ValueError, KeyError, AttributeError)


def _network_failures():
    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError)


def response_of(error):
    """The server's answer behind an error; the client hides some behind a ValueError. None if there was none."""
    while error is not None:
        if getattr(error, "response", None) is not None:
            return error.response
        error = error.__context__
    return None


def words_of(response):
    """What the server itself said: `404: Not found`."""
    try:
        body = response.json()
        inner = body.get("error", body)
        message = inner.get("message") if isinstance(inner, dict) else inner
    except (ValueError, AttributeError):
        message = re.sub(r"<[^>]*>", " ", response.text)
    return f"{response.status_code} {' '.join(str(message or response.reason).split())[:300]}"


def is_passing(error):
    """Whether the same request may succeed later: the server is busy, or the connection failed."""
    response = response_of(error)
    if response is not None:
        return response.status_code in BUSY
    return isinstance(error, _network_failures())


def never_sent(error):
    """Whether a request cannot have reached the server: no connection came about, or it was turned away unread."""
    response = response_of(error)
    if response is not None:
        return response.status_code == 429
    seen = str(error)
    return any(words in seen for words in ("NewConnectionError", "ConnectTimeout", "NameResolutionError", "Failed to establish"))


def _retry_after(error):
    from urllib3.exceptions import InvalidHeader
    from urllib3.util.retry import Retry

    response = response_of(error)
    header = response.headers.get("Retry-After") if response is not None else None
    try:
        return Retry().parse_retry_after(header) if header else None
    except InvalidHeader:
        return None


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/commands.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/commands.py'] = r'''
"""The commands of `python -m cxrkit` that deal with Kaggle."""

from pathlib import Path

from cxrkit import config
from cxrkit.errors import RemoteRefusal, WrongUse
from cxrkit.progress import say

OUT = Path("runs") / "kaggle"


def add(commands):
    """Give an argparse subparsers object the commands bundle, setup, push, status, pull and publish."""
    setup = commands.add_parser("setup", help="write kernel-metadata.json for your Kaggle account")
    setup.add_argument("--owner", metavar="NAME", help="your Kaggle user name (default: that of your credentials)")
    setup.add_argument("--slug", help="name of the kernel (default: the present one)")
    setup.set_defaults(command=set_up)

    bundle = commands.add_parser("bundle", help="write kernel/script.py, the one file that Kaggle runs")
    bundle.add_argument("--check", action="store_true", help="only say whether it is made of the present source")
    _add_settings(bundle)
    bundle.set_defaults(command=write_bundle)

    push = commands.add_parser("push", help="bundle the kit and run it on Kaggle")
    _add_settings(push)
    push.add_argument("--slug", help="name of the kernel (default: that of kernel-metadata.json)")
    push.add_argument("--resume", action="store_true", help="go on from the checkpoints that the last run sent with its results")
    push.add_argument("--wait", action="store_true", help="show its log until it ends; fail when it fails")
    push.add_argument("--pull", action="store_true", help="then fetch its results; implies --wait")
    push.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    push.set_defaults(command=push_kernel)

    status = commands.add_parser("status", help="how the kernel is doing on Kaggle")
    status.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    status.add_argument("--log", action="store_true", help="show its log too")
    status.set_defaults(command=show_status)

    pull = commands.add_parser("pull", help="fetch and verify the results of the kernel's newest run")
    pull.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    pull.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    pull.set_defaults(command=pull_results)

    publish = commands.add_parser("publish", help="send a results folder to Kaggle as a dataset, and verify it there")
    publish.add_argument("results", type=Path, help="the results folder of a finished run")
    publish.add_argument("--slug", help="name of the dataset (default: that of the kernel, with -results)")
    publish.add_argument("--public", action="store_true", help="let everybody see it (a new dataset only; default: private)")
    publish.set_defaults(command=publish_results)


def _add_settings(parser):
    parser.add_argument(
        "--experiment", default="paper", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file (default: paper)"
    )
    parser.add_argument("--hours", type=float, default=11.0, help="after so many hours no new stage begins (default: 11)")
    parser.add_argument("--cpu", action="store_true", help="run on processors, without a GPU")
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))


def _settings(options, results=""):
    from cxrkit.kaggle_io.bundle import Settings

    overrides = config.overrides_of(options)
    config.load(options.experiment, overrides)
    return Settings(options.experiment, overrides, options.hours, not options.cpu, results)


def set_up(options):
    from cxrkit.kaggle_io import metadata

    written = metadata.set_up(options.owner, options.slug)
    write_bundle_for(metadata.slug_of(written))
    say(f"{metadata.NAME} is yours: {written['id']}. Now `kaggle kernels push` or `python -m cxrkit push --wait --pull`.")


def write_bundle_for(slug):
    """Write kernel/script.py for the paper's experiment, with results that go to a dataset named by the kernel."""
    from cxrkit.kaggle_io import bundle, metadata

    return bundle.write(bundle.Settings(results=metadata.results_slug(slug)))


def write_bundle(options):
    from cxrkit.kaggle_io import bundle, metadata

    if options.check:
        bundle.check(experiment=None if options.experiment in config.names() else options.experiment)
        say(f"{bundle.SCRIPT} is made of the present source")
        return
    size = bundle.write(_settings(options, metadata.results_slug(metadata.slug_of(metadata.read()))))
    say(f"{bundle.SCRIPT}: {size:,} bytes of {bundle.LIMIT_BYTES:,}, experiment {options.experiment}")


def push_kernel(options):
    from cxrkit.kaggle_io import client, push, results

    settings = _settings(options)
    kaggle = client.connect()
    pushed = push.push(settings, kaggle, slug=options.slug, resume=options.resume)
    say(f"pushed {pushed.ref} version {pushed.version}, run {pushed.run_id}: https://www.kaggle.com/code/{pushed.ref}")
    if options.wait or options.pull:
        push.wait(kaggle, pushed)
    if options.pull:
        _say_pulled(results.pull(kaggle, pushed.ref, options.out, (pushed.source_sha256, pushed.run_id)))


def _say_pulled(folder):
    from cxrkit.files import read_json

    results = folder / "results"
    say(f"results, whole and verified: {results} ({len(read_json(results / 'checksums.json'))} files)")
    for name in ("report.html", "metrics.json"):
        if (results / name).exists():
            say(f"look at {results / name}")
            break


def _kernel(kaggle, given):
    from cxrkit.kaggle_io import metadata

    ref = given or f"{kaggle.owner}/{metadata.slug_of(metadata.read())}"
    if ref.count("/") != 1:
        raise WrongUse(f"{ref!r} names no kernel.", next="write OWNER/NAME")
    return ref


def show_status(options):
    from cxrkit.kaggle_io import client, push

    kaggle = client.connect()
    ref = _kernel(kaggle, options.kernel)
    now = push.status(kaggle, ref)
    say(f"{ref}: {now}")
    quota = push.gpu_quota(kaggle)
    if quota:
        say("GPU hours used this week: {:.1f} of {:.1f}".format(*quota))
    if options.log:
        say(kaggle.hide(push.Log(kaggle, ref).kept()))
    if now.value in push.ENDED and now.value != "COMPLETE":
        raise RemoteRefusal(f"The kernel ended as {now}.", ref, "read its log: python -m cxrkit status --log")


def pull_results(options):
    from cxrkit.kaggle_io import client, results

    kaggle = client.connect()
    _say_pulled(results.pull(kaggle, _kernel(kaggle, options.kernel), options.out))


def publish_results(options):
    from cxrkit.kaggle_io import client, metadata, results

    kaggle = client.connect()
    slug = options.slug or metadata.results_slug(metadata.slug_of(metadata.read()))
    sent = results.publish(options.results, slug, private=not options.public, kaggle=kaggle)
    say(f"published and verified: {sent.url}, {sent.files} files, {sent.bytes:,} bytes")
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/credentials.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/credentials.py'] = r'''
"""What a running kernel may sign in to Kaggle with.

Kaggle's client prefers the session's token to the user's own key, even where the token may not write and
after the server called it inactive. So each credential is tried alone, with the others out of its sight.
"""

import os
from contextlib import contextmanager

from cxrkit.kaggle_io import client

SESSION = "KAGGLE_API_V1_TOKEN"
TOKEN, USER, KEY = OWN = ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY")


def in_kernel():
    """Yield (name, {variable: value}) of each credential that this kernel has, the user's own first."""
    secrets = {label: secret(label) for label in OWN}
    for kind, found in (("attached secret", secrets), ("variable", os.environ)):
        if found.get(TOKEN):
            yield f"{kind} {TOKEN}", {TOKEN: found[TOKEN]}
        if found.get(USER) and found.get(KEY):
            yield f"{kind}s {USER} and {KEY}", {USER: found[USER], KEY: found[KEY]}
    if os.environ.get(SESSION):
        yield "session's token", {SESSION: os.environ[SESSION]}


def secret(label):
    """The secret that is attached to this kernel under that label, or None.

    `kaggle kernels push` detaches secrets: they have to be attached again on the kernel's page.
    """
    try:
        from kaggle_secrets import UserSecretsClient

        with client.silence():
            return UserSecretsClient().get_secret(label)
    except Exception:  # Kaggle's module has errors of its own for "not attached", "no network" and "no token": all mean none
        return None


@contextmanager
def alone(variables):
    """The environment with these credentials and no others."""
    usual = {name: os.environ.pop(name) for name in (SESSION, *OWN) if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
        os.environ.update(usual)
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/datasets.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/datasets.py'] = r'''
"""A folder as a Kaggle dataset: created or versioned, then compared with what Kaggle lists of it."""

import os
import re
import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal, WrongUse
from cxrkit.files import PARTIAL, write_json
from cxrkit.kaggle_io import client
from cxrkit.progress import say

POLL_SECONDS = 10
PATIENCE_SECONDS = 30 * 60
"""How long Kaggle may process a version before we stop waiting."""
LOOKS = 3
"""How often a list of files that differs is asked for again."""
ARCHIVES = (".zip", ".gz", ".tar", ".tgz", ".bz2", ".7z", ".xz")
"""Kaggle unpacks these by itself, and what it then lists is something else."""
NEVER_SENT = re.compile(r"(dataset|kernel|model|model-instance)-metadata\.json|datapackage\.json|dataset-cover-image\.\w+")
"""Names that the client keeps for itself in the folder it sends."""


@dataclass(frozen=True)
class DatasetVersion:
    """A version of a dataset that Kaggle lists as it was sent."""

    ref: str
    version: int
    files: int
    bytes: int

    @property
    def url(self):
        return f"https://www.kaggle.com/datasets/{self.ref}/versions/{self.version}"


def upload_dataset(folder, slug, title, licence, notes, private=True, kaggle=None):
    """Send a folder to Kaggle as the dataset `slug`, a new one or the next version; return its DatasetVersion.

    slug: `name` or `owner/name`; title: 6 to 50 characters; licence: a name of Kaggle's, e.g. "CC0-1.0" or
    "other"; notes: what changed; kaggle: a client.Kaggle, else one is made from the user's credentials.
    A version is a full snapshot: files that are not in the folder are not in it. Files and folders whose
    names begin with a dot, and metadata files of Kaggle's client, are left out and named. Returns only after Kaggle has processed the version and
    lists every file with its size.

    Raises BadInput for a folder that cannot be sent whole, WrongUse for a bad name or no credentials,
    RemoteRefusal when Kaggle says no or lists something else than was sent, Interrupted when it takes too long.
    """
    files, left_out = sendable(folder)
    kaggle = kaggle or client.connect()
    ref = slug if "/" in slug else f"{kaggle.owner}/{slug}"
    _check_names(ref, title)
    for name in left_out:
        say(f"left out of the dataset: {name}")
    total = sum(path.stat().st_size for path in files.values())
    before = current_version(kaggle, ref)
    if before:
        wait_until_ready(kaggle, ref, before)
    say(f"sending {len(files)} files, {total / 1e6:.1f} MB, as {'version ' + str(before + 1) if before else 'the first version'} of {ref}")
    with _staged(files, {"id": ref, "title": title, "licenses": [{"name": licence}]}) as staged:

        def taken():
            return current_version(kaggle, ref) > before

        usual = {"quiet": True, "dir_mode": "zip"}
        if before:
            answer = kaggle.send(f"a new version of {ref}", taken, kaggle.api.dataset_create_version, staged, notes, **usual)
        else:
            answer = kaggle.send(f"the dataset {ref}", taken, kaggle.api.dataset_create_new, staged, public=not private, **usual)
    if answer is not None and str(answer.status).lower() != "ok":
        raise RemoteRefusal(f"Kaggle did not take the dataset: {kaggle.hide(str(answer.error))}", ref, "correct what the server names")
    version = wait_until_ready(kaggle, ref, before + 1)
    _compare(kaggle, ref, version, {name: path.stat().st_size for name, path in files.items()})
    return DatasetVersion(ref, version, len(files), total)


def sendable(folder):
    """({relative name: path} to send, [names left out]) of a folder. Raises BadInput."""
    folder = Path(folder)
    files, left_out = {}, set()
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        hidden = next((i for i, part in enumerate(parts) if part.startswith(".")), None)
        if hidden is not None:
            left_out.add("/".join(parts[: hidden + 1]))
        elif len(parts) == 1 and NEVER_SENT.fullmatch(path.name):
            left_out.add(path.name)
        elif path.is_file() and not path.name.endswith(PARTIAL):
            files["/".join(parts)] = path
    archives = [name for name in files if name.lower().endswith(ARCHIVES)]
    if archives:
        raise BadInput(f"Kaggle would unpack {archives[0]}, and what arrives could not be compared.", folder, "unpack it, or leave it out")
    if not files:
        raise BadInput("There is nothing to send.", folder, "name a folder with files")
    return files, sorted(left_out)


def current_version(kaggle, ref):
    """The number of the newest version; 0 where Kaggle knows no such dataset."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    request = ApiGetDatasetRequest()
    request.owner_slug, request.dataset_slug = ref.split("/")

    def ask():
        try:
            return kaggle.datasets("get_dataset", request).current_version_number or 0
        except client.failures() as error:
            answer = client.response_of(error)
            if answer is not None and answer.status_code in (403, 404):
                return 0
            raise

    return kaggle.ask(f"the dataset {ref}", ask)


def wait_until_ready(kaggle, ref, version):
    """Wait until Kaggle has processed `version` of a dataset; return the number of its newest version.

    A new version takes a while to show, and "ready" is the older one's state until then.
    """
    waited = 0
    while True:
        status = kaggle.ask(f"the state of {ref}", kaggle.api.dataset_status, ref)
        newest = current_version(kaggle, ref) if status == "ready" else 0
        if newest >= version:
            return newest
        if status in ("failed", "deleted"):
            raise RemoteRefusal(
                f"Kaggle could not process version {version} of the dataset: it is {status}.",
                ref,
                "look at the dataset's page, then send it again",
            )
        if waited >= PATIENCE_SECONDS:
            raise Interrupted(
                f"Kaggle has not processed version {version} after {waited // 60} minutes.", ref, "run the same command again later"
            )
        kaggle.sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def listed_files(kaggle, ref):
    """[(name, bytes)] of the newest version, all pages."""
    found, token = [], None
    while True:
        page = kaggle.ask(f"the files of {ref}", kaggle.api.dataset_list_files, ref, page_token=token, page_size=200)
        if page.error_message:
            raise RemoteRefusal(
                f"Kaggle does not list the dataset's files: {kaggle.hide(page.error_message)}", ref, "run the same command again"
            )
        found += [(file.name, file.total_bytes) for file in page.files or []]
        token = page.next_page_token
        if not token:
            return found


def _compare(kaggle, ref, version, sent):
    """Raise RemoteRefusal unless Kaggle lists what was sent; a list may lag a little behind."""
    for _ in range(LOOKS):
        wrong = differences(sent, listed_files(kaggle, ref))
        if not wrong:
            return
        kaggle.sleep(POLL_SECONDS)
    shown = "\n".join(f"  - {line}" for line in wrong[:10])
    raise RemoteRefusal(
        f"Version {version} of the dataset is not what was sent; {len(wrong)} of its files are missing or other:\n{shown}",
        ref,
        "nothing is lost here: run the same command again, it makes a further version",
    )


def differences(sent, listed):
    """Lines on what differs between {name: bytes} and [(name, bytes)], which may hold a file of a folder by its bare name."""
    left, wrong = Counter(listed), []
    for name, size in sent.items():
        known_as = next((known for known in (name, name.rpartition("/")[2]) if left[known, size]), None)
        if known_as is None:
            wrong.append(f"{name}, {size} bytes")
        else:
            left[known_as, size] -= 1
    return wrong + [f"{name}, {size} bytes, which was not sent" for (name, size), count in left.items() if count]


def _check_names(ref, title):
    slug = ref.split("/")[-1]
    if not re.fullmatch(r"[A-Za-z0-9_-]+/[a-z0-9-]{6,50}", ref):
        raise WrongUse(f"{slug!r} is no name for a dataset.", next="use 6 to 50 of a-z, 0-9 and -")
    if not 6 <= len(title) <= 50:
        raise WrongUse(f"The dataset's title has {len(title)} characters.", title, "use 6 to 50")


@contextmanager
def _staged(files, metadata):
    """A folder that holds these files and the metadata, and nothing else that the client might send.

    It also keeps the client's record of half-done uploads, which holds addresses that are keys by themselves.
    """
    with tempfile.TemporaryDirectory(prefix="cxrkit-upload-") as folder:
        staged = Path(folder) / "dataset"
        staged.mkdir()
        for name, path in files.items():
            target = staged / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target)
            except OSError:
                shutil.copyfile(path, target)
        write_json(staged / "dataset-metadata.json", metadata)
        usual, tempfile.tempdir = tempfile.tempdir, folder
        try:
            yield str(staged)
        finally:
            tempfile.tempdir = usual
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/kernel.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/kernel.py'] = r'''
"""The run inside Kaggle: machine proved, data found, results sent, and an end in time."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from cxrkit import environment, pipeline
from cxrkit.errors import CxrkitError
from cxrkit.files import write_json
from cxrkit.kaggle_io import checkpoints, client, credentials, mounts, results
from cxrkit.progress import say

SENT = "results-dataset.json"


def arguments_of(experiment, overrides, hours, gpu, results):
    """The command line of kernel/run.py that means the constants at the head of the script."""
    arguments = ["--experiment", experiment, f"--hours={hours}"]
    arguments += [] if gpu else ["--cpu"]
    arguments += [f"--results={results}"] if results else []
    for key, value in overrides.items():
        option = "--" + key.replace("_", "-")
        if isinstance(value, bool):
            arguments.append(option if value else option.replace("--", "--no-", 1))
        elif key == "data":
            arguments += [f"{option}={item}" for item in ([value] if isinstance(value, str) else value)]
        elif isinstance(value, (list, tuple)):
            arguments += [option, *map(str, value)]
        else:
            arguments.append(f"{option}={value}")
    return arguments


def run(experiment, hours, needs_gpu, results_slug):
    """Run the pipeline on what is attached; leave the results in the kernel's output and send them.

    hours: after which no new stage begins. results_slug: the dataset to send them to; empty for none.
    Raises CxrkitError when there is no GPU that works, no data, or no result; that results could not be
    sent is said and written beside them, and is no error.
    """
    time_left = environment.Deadline(hours)
    working = environment.kaggle_working()
    os.chdir(working)
    bundle = environment.bundle_identity()
    say(f"cxrkit run {bundle['run_id']} of source {bundle['source_sha256'][:12]}")
    if needs_gpu:
        say(f"GPU: {environment.require_gpu()}")
    experiment = mounts.attach(experiment)
    checkpoints.restore(scratch() / "jobs")
    folder = pipeline.run(experiment, scratch(), working / results.FOLDER, time_left)
    if folder is None:
        return None  # the first of several processes makes the results
    checkpoints.save_unless_whole(folder, scratch() / "jobs")
    if results_slug:
        send(folder, results_slug)
    return folder


def start_on_every_gpu():
    """On a machine with several GPUs, start this program once for each through torchrun, and return its exit code; else None.

    A process that dies is started again with the others, and they go on from what is on disk.
    """
    if environment.processes() > 1:
        return None
    gpus = environment.gpus()
    if gpus < 2:
        return None
    say(f"{gpus} GPUs: one process on each, which share the trainings out")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={gpus}", "--max-restarts=1"]
    return subprocess.run([*torchrun, "--", os.path.abspath(sys.modules["__main__"].__file__), *sys.argv[1:]]).returncode


def scratch():
    """A folder for what need not be kept: Kaggle saves every file below its working folder, links too."""
    return Path(tempfile.gettempdir()) / "cxrkit-work"


def send(folder, slug):
    """Publish the results with whatever credential this kernel has; say, and write down beside them, how that went.

    Returns the DatasetVersion, or None where no credential may do it: the results stay in the kernel's output.
    """
    reasons = []
    for name, variables in credentials.in_kernel():
        try:
            with credentials.alone(variables):
                sent = results.publish(folder, slug)
        except (CxrkitError, OSError, *client.failures()) as error:
            reasons.append(f"{name}: {error}")
            continue
        say(f"results sent with the {name}: {sent.url}, {sent.files} files, {sent.bytes:,} bytes, as Kaggle lists them")
        write_json(folder.parent / SENT, {"dataset": sent.ref, "version": sent.version, "files": sent.files, "bytes": sent.bytes})
        return sent
    reasons = reasons or ["this kernel has no credential: no attached secret, no key, no session token"]
    say("The results were not sent to a dataset; they stay in this kernel's output.")
    for reason in reasons:
        say(f"  - {reason}")
    say("From your own machine: python -m cxrkit pull, then python -m cxrkit publish.")
    write_json(folder.parent / SENT, {"dataset": None, "reasons": reasons})
    return None
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/metadata.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/metadata.py'] = r'''
"""kernel-metadata.json: what the kernel is called, and what Kaggle gives it."""

import json
import re
import sys

from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_json
from cxrkit.kaggle_io.bundle import ROOT, SCRIPT

NAME = "kernel-metadata.json"
NOBODY = "your-kaggle-name"
DEFAULTS = {
    "id": f"{NOBODY}/cxrkit-chest-films",
    "title": "cxrkit-chest-films",
    "code_file": SCRIPT,
    "language": "python",
    "kernel_type": "script",
    "is_private": True,
    "enable_gpu": True,
    "enable_internet": True,
    "machine_shape": "NvidiaTeslaT4",
    "dataset_sources": ["praveengovi/coronahack-chest-xraydataset"],
    "competition_sources": [],
    "kernel_sources": [],
    "model_sources": [],
}
"""The title is the slug, for Kaggle derives the address from the title; the GPU is named, for Kaggle's default drifts."""


def read(root=ROOT):
    """The metadata as a dict. Raises BadInput when the file cannot be used."""
    path = root / NAME
    try:
        found = json.loads(path.read_text("utf-8"))
        owner_and_slug = re.fullmatch(r"[^/]+/[^/]+", found["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{NAME} cannot be used: {error!r}", path, "write it anew: python -m cxrkit setup") from error
    if not owner_and_slug:
        raise BadInput(f"The id {found['id']!r} is not of the form owner/name.", path, "write it anew: python -m cxrkit setup")
    return found


def slug_of(metadata):
    return metadata["id"].partition("/")[2]


def results_slug(slug):
    """The slug of the dataset that a kernel's results go to; Kaggle allows 50 characters."""
    return slug[:42].rstrip("-") + "-results"


def named(metadata, owner, slug=None):
    """The metadata for this owner and slug. Raises WrongUse for a slug that Kaggle would change."""
    slug = slug or slug_of(metadata)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 5 <= len(slug) <= 50:
        raise WrongUse(f"{slug!r} is no name for a kernel.", next="use 5 to 50 of a-z, 0-9 and single - between them")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", owner):
        raise WrongUse(f"{owner!r} is no Kaggle user name.", next="take it from the address of your profile: kaggle.com/NAME")
    kept = {key: value for key, value in metadata.items() if key != "id_no"}  # it would win over the id, and goes stale
    return kept | {"id": f"{owner}/{slug}", "title": slug}


def set_up(owner=None, slug=None, root=ROOT, ask=input):
    """Write kernel-metadata.json for its owner: the one given, or that of the credentials, or the one a person types.

    What else stands in the file is kept. Returns its new content. Raises WrongUse when nobody names the owner.
    """
    present = read(root) if (root / NAME).exists() else DEFAULTS
    if not owner:
        owner = _owner_of_credentials(ask)
    written = named(present, owner, slug)
    write_json(root / NAME, written)
    return written


def _owner_of_credentials(ask):
    from cxrkit.kaggle_io import client

    try:
        return client.connect().owner
    except WrongUse:
        if not sys.stdin.isatty():
            raise WrongUse(
                "The owner of the kernel is not known: there are no Kaggle credentials.",
                next="python -m cxrkit setup --owner YOUR-KAGGLE-NAME",
            ) from None
    return ask("Your Kaggle user name (kaggle.com/NAME): ").strip()
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/mounts.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/mounts.py'] = r'''
"""What is attached to a Kaggle kernel, and where it lies.

Since 2026 a dataset lies at /kaggle/input/datasets/OWNER/SLUG, and in some kernels still at
/kaggle/input/SLUG. A dataset is known by a file it must hold, not by its folder's name.
"""

import os
from dataclasses import replace
from pathlib import Path

from cxrkit import config, environment
from cxrkit.data import coronahack
from cxrkit.errors import BadInput
from cxrkit.progress import say

COLLECTED = ("radiopaedia/*/record.json", "sirm/*/record.json")
"""What a store of the scrapers holds; either will do."""
DEPTH = 5
MOST_FOLDERS = 2000
"""Folders looked into at most: a dataset of 100,000 folders must not be walked."""


def find(marker, ref="", root=None):
    """The folder below the input mount that holds a file matching the pattern `marker`, or None.

    ref: owner/slug of the dataset, looked for first in both layouts; then every folder down to DEPTH, near
    ones first.
    """
    root = Path(root or environment.kaggle_input())
    owner, _, slug = ref.partition("/")
    likely = [root / "datasets" / owner / slug, root / slug] if slug else []
    for folder in [*likely, *folders_below(root)]:
        if next(folder.glob(marker), None):
            return folder
    return None


def folders_below(root):
    """The root and the folders below it, breadth first, down to DEPTH and at most MOST_FOLDERS."""
    level, seen = [Path(root)], 0
    for _ in range(DEPTH + 1):
        deeper = []
        for folder in level:
            if seen == MOST_FOLDERS or not folder.is_dir():
                break
            seen += 1
            yield folder
            with os.scandir(folder) as entries:
                deeper += sorted(Path(entry.path) for entry in entries if entry.is_dir())
        level = deeper


def mounted(root=None):
    """What is attached, as text: every folder that holds a file, relative to the input mount."""
    root = Path(root or environment.kaggle_input())
    if not root.is_dir():
        return "nothing: there is no " + str(root)
    found = []
    for folder in folders_below(root):
        with os.scandir(folder) as entries:
            if any(entry.is_file() for entry in entries):
                found.append(folder.relative_to(root).as_posix())
    shown = [name for name in found if not any(name.startswith(other + "/") for other in found)]
    return ", ".join(shown[:20]) or "nothing"


def attach(experiment, root=None):
    """The experiment with what is attached filled in: its data where it names none, and ImageNet weights.

    The data are CoronaHack, which must be there, and a store of collected films where one is attached.
    Raises BadInput, listing what is mounted, when CoronaHack is needed and not there.
    """
    if not experiment.data:
        experiment = config.with_data(experiment, _data(root))
    if experiment.pretrained and not experiment.weights:
        experiment = _with_weights(experiment, root)
    return experiment


def _data(root):
    ref = coronahack.DATASET_URL.partition("/datasets/")[2]
    folder = find(coronahack.METADATA, ref, root)
    if folder is None:
        raise BadInput(
            f"No attached dataset holds {coronahack.METADATA}; attached is: {mounted(root)}.",
            root or environment.kaggle_input(),
            f'attach {ref}: "dataset_sources" in kernel-metadata.json, or Add Input on the kernel\'s page',
        )
    say(f"data: CoronaHack at {folder}")
    found = [f"coronahack={folder}"]
    collected = next(filter(None, (find(marker, root=root) for marker in COLLECTED)), None)
    if collected:
        say(f"data: collected films at {collected}")
        found.append(f"collected={collected}")
    return found


def _with_weights(experiment, root):
    from cxrkit.training import weights

    names = [os.path.basename(weights.source_of(architecture)) for architecture in experiment.architectures]
    folder = find(names[0], root=root)
    missing = [name for name in names if folder is None or not (folder / name).is_file()]
    if missing:
        if folder is not None:
            say(f"weights: {folder} lacks {', '.join(missing)}, so all are fetched from the network")
        return experiment
    say(f"weights: attached at {folder}")
    return replace(experiment, weights=str(folder))
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/push.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/push.py'] = r'''
"""Send the kernel to Kaggle, wait for its end, and say truthfully how it ended."""

import json
import queue
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from cxrkit.errors import Interrupted, RemoteRefusal
from cxrkit.files import write_json, write_text
from cxrkit.kaggle_io import bundle, client, metadata
from cxrkit.progress import say

POLL_SECONDS = 15
STALE_SECONDS = 15 * 60
"""How long Kaggle may go on showing the end of the version before."""
RUNNING = ("QUEUED", "RUNNING", "NEW_SCRIPT")
ENDED = ("COMPLETE", "ERROR", "CANCEL_ACKNOWLEDGED", "CANCEL_REQUESTED")


@dataclass(frozen=True)
class Pushed:
    """A version that Kaggle has taken. before: the kernel's status before it, None where there was no kernel."""

    ref: str
    version: int
    run_id: str
    source_sha256: str
    before: str | None


@dataclass(frozen=True)
class Status:
    value: str
    message: str = ""

    def __str__(self):
        return f"{self.value}: {self.message}" if self.message else self.value


def push(settings, kaggle, root=bundle.ROOT, slug=None, resume=False):
    """Bundle the kit and send it as the signed-in user's kernel; return it as Pushed.

    slug: instead of the one in kernel-metadata.json; resume: attach the dataset of its results, for the
    checkpoints in it. Nothing in the repository changes. Raises RemoteRefusal
    when Kaggle refuses it, or would run it without one of its sources; BadInput, WrongUse as bundle does.
    """
    described = metadata.named(metadata.read(root), kaggle.owner, slug)
    ref = described["id"]
    run_id = settings.run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime()) + "-" + secrets.token_hex(2)
    results = metadata.results_slug(metadata.slug_of(described))
    if resume:
        described["dataset_sources"] = [*described.get("dataset_sources", []), f"{kaggle.owner}/{results}"]
    script = bundle.generate(replace(settings, run_id=run_id, results=results), root)
    if not settings.gpu:
        described = {key: value for key, value in described.items() if key != "machine_shape"} | {"enable_gpu": False}
    before = _status_or_none(kaggle, ref)
    with tempfile.TemporaryDirectory(prefix="cxrkit-push-") as folder:
        write_json(Path(folder) / metadata.NAME, described)
        write_text(Path(folder) / described["code_file"], script)
        answer = kaggle.send(f"the push of {ref}", lambda: _has(kaggle, ref, script), kaggle.api.kernels_push, folder)
    version = _accepted(answer, ref, kaggle) if answer is not None else on_kaggle(kaggle, ref)[0]
    return Pushed(ref, version, run_id, bundle.identity(script)[0], before)


def _accepted(answer, ref, kaggle):
    """The version number in an answer to a push. Kaggle says 200 to a refusal, too."""
    if answer.error:
        words = kaggle.hide(answer.error)
        busy = "session count" in words
        remedy = "wait until one of your running kernels has ended" if busy else f"correct what the server names; the kernel is {ref}"
        raise RemoteRefusal(f"Kaggle refused the push: {words}", ref, remedy)
    kinds = ("tags", "dataset_sources", "competition_sources", "kernel_sources", "model_sources")
    invalid = [f"{kind.replace('_', ' ')}: {', '.join(found)}" for kind in kinds if (found := getattr(answer, f"invalid_{kind}", None))]
    if invalid:
        raise RemoteRefusal(
            "Kaggle took the push but not all that it asks for, so it runs without: " + "; ".join(invalid),
            ref,
            f"correct them in {metadata.NAME} and push again; the version that runs now is of no use",
        )
    if not answer.version_number:
        raise RemoteRefusal("Kaggle answered the push without a version number.", ref, client.TRY_LATER)
    return answer.version_number


def on_kaggle(kaggle, ref):
    """(version number, source text) of the newest version of a kernel; (0, "") where there is no such kernel."""
    from kagglesdk.kernels.types.kernels_api_service import ApiGetKernelRequest

    request = ApiGetKernelRequest()
    request.user_name, request.kernel_slug = ref.split("/")
    answer = _unless_absent(kaggle, f"the kernel {ref}", lambda: kaggle.kernels("get_kernel", request))
    return (answer.metadata.current_version_number or 0, answer.blob.source or "") if answer else (0, "")


def _has(kaggle, ref, script):
    return on_kaggle(kaggle, ref)[1].strip() == script.strip()


def status(kaggle, ref):
    """The kernel's Status. Raises RemoteRefusal, also where there is no such kernel."""
    answer = kaggle.ask(f"the status of {ref}", kaggle.api.kernels_status, ref)
    return Status(answer.status.name, kaggle.hide(answer.failure_message or ""))


def gpu_quota(kaggle):
    """(hours used, hours allowed) of this week's GPU quota, or None where the client cannot tell (before 2.2)."""
    if not hasattr(kaggle.api, "quota_view"):
        return None
    quota = kaggle.ask("the GPU quota", kaggle.api.quota_view).gpu_quota
    return (quota.time_used.total_seconds() / 3600, quota.total_time_allowed.total_seconds() / 3600) if quota else None


def _status_or_none(kaggle, ref):
    answer = _unless_absent(kaggle, f"the status of {ref}", lambda: kaggle.api.kernels_status(ref))
    return answer.status.name if answer else None


def _unless_absent(kaggle, doing, question):
    """The answer to a question about a kernel, or None where Kaggle says that it is not there (403 or 404)."""

    def asked():
        try:
            return question()
        except client.failures() as error:
            answer = client.response_of(error)
            if answer is not None and answer.status_code in (403, 404):
                return None
            raise

    return kaggle.ask(doing, asked)


def wait(kaggle, pushed, show=say):
    """Wait for the end of a pushed version, showing its log; return its last Status.

    Just after a push Kaggle may still show the version before. An end counts once the status has changed since
    the push, or where the log names this run.
    Raises RemoteRefusal when the kernel failed, Interrupted when Kaggle shows no sign of it.
    """
    log, ours, last, stale = Log(kaggle, pushed.ref), False, None, 0
    while True:
        now = status(kaggle, pushed.ref)
        ours = ours or _is_new(now.value, pushed.before)
        if now.value == "RUNNING":
            log.follow()
        log.show(show)
        if now.value in ENDED:
            if ours or pushed.run_id in log.kept():
                break
            if stale >= STALE_SECONDS:
                raise Interrupted(
                    f"Kaggle shows no sign of version {pushed.version}, only the end of the one before.",
                    pushed.ref,
                    "look at python -m cxrkit status",
                )
            stale += POLL_SECONDS
        if now != last:
            show(f"{pushed.ref}: {now}" + ("" if now.value in RUNNING else ", which may be the version before"))
        last = now
        kaggle.sleep(POLL_SECONDS)
    log.finish(show)
    show(f"{pushed.ref} version {pushed.version}: {now}")
    if now.value != "COMPLETE":
        raise RemoteRefusal(f"The kernel ended as {now}", pushed.ref, "the reason stands in the log above; correct it and push again")
    return now


def _is_new(value, before):
    """Whether a status cannot be that of the version before."""
    return before is None or (before in ENDED and value != before)


class Log:
    """What a kernel prints. While it runs a thread reads Kaggle's stream, where the client knows it (2.2 and later)."""

    def __init__(self, kaggle, ref):
        self.kaggle, self.ref = kaggle, ref
        self.arrived, self.shown, self.thread = queue.SimpleQueue(), 0, None

    def follow(self):
        if self.thread is None and hasattr(self.kaggle.api, "kernels_logs_stream"):
            self.thread = threading.Thread(target=self._read, daemon=True)
            self.thread.start()

    def _read(self):
        try:
            for event in self.kaggle.api.kernels_logs_stream(self.ref):
                self.arrived.put(event.get("data") or "")
        except client.failures():
            pass  # the stream is a convenience: finish() shows from the kept log what it missed

    def show(self, show):
        """Show what has arrived."""
        while not self.arrived.empty():
            self._show(self.arrived.get(), show)

    def kept(self):
        """The text that Kaggle keeps of the newest session; empty while there is none."""
        return "".join(entries(_kept_log(self.kaggle, self.ref)))

    def finish(self, show):
        """Show what the stream did not bring."""
        if self.thread is not None:
            self.thread.join(timeout=POLL_SECONDS)
        self.show(show)
        for line in entries(_kept_log(self.kaggle, self.ref))[self.shown :]:
            self._show(line, show)
        if not self.shown:
            show("(Kaggle has no log of this run)")

    def _show(self, text, show):
        self.shown += 1
        show(self.kaggle.hide(text.rstrip("\n")))


def _kept_log(kaggle, ref):
    return kaggle.ask(f"the log of {ref}", kaggle.api.kernels_logs, ref)


def entries(log):
    """The texts of a kernel's log, which Kaggle keeps as a JSON array of {stream_name, time, data}."""
    try:
        return [entry.get("data") or "" for entry in json.loads(log)]
    except (ValueError, AttributeError, TypeError):
        return log.splitlines(keepends=True)
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/results.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/results.py'] = r'''
"""Results down from Kaggle and up to it, each file compared with the checksums that the run wrote."""

import os
import shutil
import tempfile
from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput, Interrupted, RemoteRefusal
from cxrkit.files import read_json, replacing, sha256_of, write_text
from cxrkit.kaggle_io import bundle, client, datasets, push
from cxrkit.progress import say, track

FOLDER = "results"
LICENCE = "other"
CHUNK_BYTES = 1 << 20
TIMEOUT_SECONDS = 60


def verify(folder):
    """The content of folder/checksums.json, once every file it names is there with that size and SHA-256.

    Raises BadInput, naming the files that are missing or other.
    """
    folder = Path(folder)
    try:
        listed = read_json(folder / "checksums.json")
    except (OSError, ValueError) as error:
        raise BadInput(
            f"The results have no readable checksums.json: {error}", folder, "name the results folder of a finished run"
        ) from error
    wrong = []
    for name, expected in listed.items():
        path = folder / name
        if not is_inside(name) or not path.is_file():
            wrong.append(f"{name} is missing")
        elif path.stat().st_size != expected["bytes"]:
            wrong.append(f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
        elif sha256_of(path) != expected["sha256"]:
            wrong.append(f"{name} has another SHA-256")
    if wrong or not listed:
        shown = "\n".join(f"  - {line}" for line in wrong[:10]) or "  - it names no file"
        raise BadInput(f"The results are not whole:\n{shown}", folder, "fetch or make them again")
    return listed


def is_inside(name):
    """Whether a relative name from elsewhere stays below its folder."""
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and ":" not in path.parts[0]


def pull(kaggle, ref, out, expected=None):
    """Fetch the results of a kernel's newest run into out/RUN-ID; return that folder.

    expected: (source_sha256, run_id) the results must carry; else those of the source that Kaggle shows for
    the kernel. Everything is fetched anew into a temporary folder beside it, compared with checksums.json,
    and moved into place only when it is whole; the kernel's log comes along as kernel.log.

    Raises Interrupted while the kernel runs, RemoteRefusal when a file cannot be had, BadInput when the
    results are not whole or are another run's.
    """
    now = push.status(kaggle, ref)
    if now.value in push.RUNNING:
        raise Interrupted(f"The kernel has not ended: {now}.", ref, "run the same command again when it has")
    expected = expected or bundle.identity(push.on_kaggle(kaggle, ref)[1])
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pull-", dir=out) as fresh:
        fresh = Path(fresh) / "run"
        log = _fetch(kaggle, ref, fresh, now)
        verify(fresh / FOLDER)
        found = _identity_of(fresh / FOLDER)
        _compare_runs(ref, found, expected)
        write_text(fresh / "kernel.log", "".join(push.entries(log)))
        target = out / found[1]
        if target.exists():
            shutil.rmtree(target)
        os.replace(fresh, target)
    if not log:
        say("Kaggle has no log of this run.")
    return target


def _identity_of(folder):
    identity = read_json(folder / "run.json").get("bundle") or {}
    source, run_id = identity.get("source_sha256", ""), identity.get("run_id", "")
    if not run_id or PurePosixPath(run_id).name != run_id or run_id.startswith("."):
        raise BadInput(f"The results carry no usable run id: {run_id!r}.", folder / "run.json", "push the kit's own script")
    return source, run_id


def _compare_runs(ref, found, expected):
    """Raise BadInput when results are another run's: Kaggle may still show those of the version before."""
    for name, have, want in zip(("source", "run"), found, expected):
        if want and have != want:
            raise BadInput(
                f"These are the results of another {name}: {have[:16]} instead of {want[:16]}.",
                ref,
                "Kaggle may still show the version before: look at python -m cxrkit status, then run the same command again",
            )


def _fetch(kaggle, ref, folder, status):
    """Fetch the files below results/ of a kernel's output into `folder`; return its log."""
    found, log = output_of(kaggle, ref)
    wanted = {name: url for name, url in found.items() if name.startswith(FOLDER + "/")}
    outside = [name for name in wanted if not is_inside(name)]
    if outside:
        raise BadInput(f"The output names a file outside its folder: {outside[0]!r}.", ref, "do not trust this kernel")
    if f"{FOLDER}/checksums.json" not in wanted:
        raise BadInput(
            f"The kernel's output holds no whole results: {len(found)} files, status {status}.",
            ref,
            "read its log: python -m cxrkit status --log",
        )
    for name, url in track(list(wanted.items()), "fetching results"):
        kaggle.ask(f"the file {name}", _download, name, url, folder / name)
    return log


def output_of(kaggle, ref):
    """({name: URL}, log) of the output of a kernel's newest run, all pages."""
    from kagglesdk.kernels.types.kernels_api_service import ApiListKernelSessionOutputRequest

    request = ApiListKernelSessionOutputRequest()
    request.user_name, request.kernel_slug = ref.split("/")
    request.page_size = 200
    files, log = {}, ""
    while True:
        page = kaggle.ask(f"the output of {ref}", kaggle.kernels, "list_kernel_session_output", request)
        files |= {file.file_name: file.url for file in page.files or []}
        log = log or page.log or ""
        if not page.next_page_token:
            return files, log
        request.page_token = page.next_page_token


def _download(name, url, path):
    """Fetch one file; an error page is not a file. The address is a key by itself, so it is never shown."""
    import requests

    with requests.get(url, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if 400 <= answer.status_code < 500 and answer.status_code != 429:
            said = client.words_of(answer)
            raise RemoteRefusal(f"Kaggle does not hand out a file: {said}", name, "run the same command again: the files' addresses expire")
        answer.raise_for_status()
        if url.startswith("https:") and not answer.url.startswith("https:"):
            raise requests.RequestException("the download was led away from https")
        with replacing(path) as temporary, open(temporary, "wb") as file:
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)
            wanted = answer.headers.get("Content-Length")
            if wanted and "Content-Encoding" not in answer.headers and file.tell() != int(wanted):
                raise requests.ConnectionError(f"the download ended at {file.tell()} of {wanted} bytes")


def publish(folder, slug, private=True, kaggle=None):
    """Send a results folder to Kaggle as the dataset `slug`; return its DatasetVersion.

    Raises BadInput when the folder is not whole, and what datasets.upload_dataset raises.
    """
    verify(folder)
    run = read_json(Path(folder) / "run.json")
    run_id = (run.get("bundle") or {}).get("run_id") or "of a local run"
    name, experiment, manifest = run["experiment"]["name"], run["experiment_sha256"][:12], run["manifest_sha256"][:12]
    notes = f"cxrkit results {run_id}, experiment {name} {experiment}, manifest {manifest}"
    return datasets.upload_dataset(folder, slug, slug.rpartition("/")[2], LICENCE, notes, private, kaggle)
'''[1:]


# ======================================================================================================================
# cxrkit/kaggle_io/unpack.py
# ======================================================================================================================

FILES['cxrkit/kaggle_io/unpack.py'] = r'''
"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def unpack(files, source_sha256, run_id):
    """Write the bundled files into a temporary folder and make them importable here and in every child process.

    files: {relative path: text}; run_id: names the run, empty for the time of its start. A process that was
    started by one which has unpacked the same source uses that folder and run id; the process which made it
    removes it at its end. Returns the folder.
    """
    folder = Path(os.environ.get("CXRKIT_UNPACKED", ""))
    if os.environ.get("CXRKIT_SOURCE") != source_sha256 or not folder.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source_sha256
        os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(folder))
    return folder
'''[1:]


# ======================================================================================================================
# cxrkit/pipeline.py
# ======================================================================================================================

FILES['cxrkit/pipeline.py'] = r'''
"""The road from sources to results: each stage in its order, each skipped where it is done and still valid."""

import time
from pathlib import Path

from cxrkit import config, environment
from cxrkit.data import manifest, overview, phantom, pixels, sources, splits, tree
from cxrkit.errors import BadInput, Interrupted, disk_errors
from cxrkit.files import locked, read_json, sha256_of, write_checksums, write_json, write_text
from cxrkit.progress import announce, say

RESEARCH_ONLY = "Research use only: not a medical device, and no score here says that a network sees disease."


def run(experiment, out, results=None, time_left=environment.Deadline()):
    """Make out/manifest.csv, out/tree, out/jobs and out/results for an experiment; return the results folder.

    results: another folder for the results. time_left: seconds until no new stage of a training may begin;
    then the results are made from what is finished, and say so.
    Raises CxrkitError; whatever was finished before stays, and the next run goes on from it.
    """
    out = Path(out)
    with disk_errors(out):
        return _run(experiment, out, Path(results or out / "results"), time_left)


def _run(experiment, out, results, time_left):
    clock = Clock()
    announce(f"experiment {experiment.name} {experiment.hash()[:12]}, into {out}")
    announce(RESEARCH_ONLY)
    with locked(out / ".lock"):  # processes that share the folder come here one after the other, and find what is there
        with clock("manifest"):
            records, locate, manifest_hash = make_manifest(experiment, out)
        data = "phantom" if all(record.source == "phantom" for record in records) else "films"
        announce(overview.summary(records) + "\n")
        announce(overview.as_merged(records, experiment.split, experiment.split_seed, experiment.exclude_views))
        leaks = leak_gate(records, experiment.allow_leakage, out / "manifest.csv")
        marks = banner(data, experiment, leaks)
        announce(marks)
        with clock("tree"):
            announce(f"tree: {tree.build(records, locate, out / 'tree')}")
        with clock("pixels"):
            films = pixels.load(records, locate, experiment.image_size, out / "pixels")

    from cxrkit.training import grid, loaders  # fastai takes seconds to import: bad input is reported before

    device = environment.choose_device()
    announce(f"device: {device}")
    with clock("training"):
        make_loaders = loaders.maker(experiment, records, films, out / "tree", device.value)
        grid.run(experiment, make_loaders, manifest_hash, out / "jobs", device.value, time_left)
    if environment.rank() > 0:
        return None
    unfinished, failed = grid.unfinished(experiment, out / "jobs"), grid.failures(experiment, out / "jobs")
    if unfinished:
        marks = "\n".join(filter(None, [marks, partial(experiment, unfinished, failed, out)]))

    from cxrkit.evaluation import audit_text, audits, comparison, novelty, outcome, scores
    from cxrkit.report import page, plots

    with clock("results"):
        write_text(results / "manifest.csv", manifest.to_csv(records))
        grid.collect(experiment, records, out / "jobs", results)
        facts = about(experiment, manifest_hash, data, device, clock, leaks) | {"unfinished": unfinished, "failed": failed}
        write_json(results / "run.json", facts)
        content, compared = outcome.evaluate(results, experiment.threshold)
        plots.draw_all(results, content, records, locate)
        novelty.describe_training(films, records, results)
    with clock("audit"):
        if experiment.audit == "none":
            (results / audits.NAME).unlink(missing_ok=True)
        else:
            audited = audits.audit(results, audits.Options(home=str(out), asks=experiment.audit == "full"))
    write_json(results / "run.json", facts | {"seconds": clock.seconds, "peak_memory_bytes": environment.peak_memory_bytes()})
    with clock("report"):
        write_checksums(results)
        page.make(results)
    if experiment.audit != "none":
        say("\n" + audit_text.text(audited))
    say("\n" + scores.text_table(content) + "\n" + marks + "\n")
    say(comparison.text(compared) + "\n")
    say(
        f"95 % intervals: Wilson for proportions, DeLong and Newcombe for AUC. Manifest {manifest_hash[:12]}. Results: {results}; open {results / 'report.html'}"
    )
    return results


def refuse_failures(results):
    """Raise Interrupted when trainings of these results failed, so that whoever waits for the command's exit code learns it."""
    failed = read_json(results / "run.json")["failed"]
    if failed:
        raise Interrupted(
            f"{len(failed)} trainings failed: {', '.join(failed)}. The results are made from the others.",
            results,
            "the same command tries them again",
        )


def make_manifest(experiment, out):
    """Build and write out/manifest.csv; return its records, the function that finds their files, and its SHA-256."""
    found = sources.parse_all(experiment.data, drawn_at=out / "phantoms")
    records = manifest.build(
        found,
        experiment.split,
        experiment.exclude_views,
        experiment.split_seed,
        experiment.duplicates,
        experiment.label_conflicts,
        kept=out / "known",
    )
    roots = manifest.roots_of(found)
    manifest.write(out / "manifest.csv", records, roots)
    return records, sources.locator(roots), sha256_of(out / "manifest.csv")


def leak_gate(records, allowed, where):
    """The leaks of a manifest: patients or pictures in two splits. Raises BadInput for any that is not allowed."""
    leaks = splits.leaks(records)
    if leaks and not allowed:
        first = "\n".join(f"  - {leak}" for leak in leaks[:5])
        raise BadInput(
            f"The split leaks: {len(leaks)} patients or pictures stand in two splits. The first:\n{first}",
            where,
            "use --duplicates remove or --split grouped; to train all the same, with every table marked: --allow-leakage",
        )
    return leaks


def banner(data, experiment, leaks=()):
    """What a reader must not overlook about a run, a line each; empty when there is nothing."""
    lines = [phantom.BANNER] if data == "phantom" else []
    if not experiment.pretrained:
        lines.append("RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did.")
    if leaks:
        lines.append(f"LEAK: {len(leaks)} patients or pictures stand in two splits; no score of this run holds for new patients.")
    return "\n".join("!!! " + line for line in lines)


def partial(experiment, unfinished, failed, out):
    """The lines that mark results of a run in which trainings are missing. Raises Interrupted where there are none at all."""
    planned = len(experiment.architectures) * len(experiment.seeds)
    if len(unfinished) == planned:
        if failed:
            name, error = next(iter(failed.items()))
            raise Interrupted(
                f"No training ended well; of {len(failed)} that failed, {name}: {error}",
                out / "jobs",
                "read failed.json there; the same command tries again",
            )
        raise Interrupted(
            "The time was up before any network was trained.", out, "run the same command again, with more time or a smaller experiment"
        )
    lines = [f"!!! FAILED: {name}: {error}" for name, error in failed.items()]
    late = [name for name in unfinished if name not in failed]
    if late:
        lines.append(f"!!! PARTIAL: the time was up; {len(late)} of {planned} trainings are missing: {', '.join(late)}.")
    return "\n".join(lines)


def about(experiment, manifest_hash, data, device, clock, leaks):
    """The content of run.json."""
    return {
        "experiment": config.as_dict(experiment)
        | {"data": [_kind(name) for name in experiment.data], "weights": "attached" if experiment.weights else ""},
        "experiment_sha256": experiment.hash(),
        "manifest_sha256": manifest_hash,
        "data": data,
        "weights": "imagenet" if experiment.pretrained else "random",
        "leaks": len(leaks),
        "device": {"value": device.value, "reason": device.reason},
        **environment.describe(),
        "peak_memory_bytes": environment.peak_memory_bytes(),
        "seconds": clock.seconds,
    }


def _kind(data):
    """`KIND:NAME` of a source as the experiment names it, without the folder, which is this machine's affair."""
    kind, separator, _ = data.rpartition("=")
    return kind if separator else data if data in sources.DRAWN else "coronahack"


class Clock:
    """Seconds each stage took, by name."""

    def __init__(self):
        self.seconds = {}

    def __call__(self, name):
        self.running = name
        return self

    def __enter__(self):
        self.started = time.monotonic()

    def __exit__(self, *_):
        self.seconds[self.running] = round(time.monotonic() - self.started, 2)
'''[1:]


# ======================================================================================================================
# cxrkit/predict.py
# ======================================================================================================================

FILES['cxrkit/predict.py'] = r'''
"""python -m cxrkit predict: what a finished run's networks say of other films, from its results folder alone."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PANEL = 256
"""Pixels; the height of each picture in an attention map."""
CAPTION = 18
NO_TEMPERATURE = 0.06, 19.0
"""At the ends of the range that calibration.fit_temperature searches nothing was found: the validation films were told apart perfectly, or not at all."""


def add(commands):
    """Add the subcommand to an argparse subparsers object; nothing heavy is imported before it runs."""
    parser = commands.add_parser("predict", help="ask a finished run's networks about other films (research only)")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder, models/ included")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG or DICOM files, or folders of them")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a picture a film into DIR: where each network looks")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.set_defaults(command=run_predict)


def run_predict(options):
    import json

    from cxrkit.errors import BadInput
    from cxrkit.progress import say

    found = predict(options.run, options.images, options.out)
    say(json.dumps(found, indent=2, ensure_ascii=False) if options.json else text(found))
    return 0 if found["films"] else BadInput.exit_code


@dataclass
class Film:
    """A film to ask about.

    square: uint8 [size, size] as the networks see it; panel: the film in its own proportions, PANEL pixels high, as a
    PIL image; doubts: why it is outside what the networks have seen; p_covid: {(architecture, seed): probability};
    maps: {architecture: attention map, uint8 [size, size]}.
    """

    path: Path
    square: object
    panel: object
    doubts: list
    p_covid: dict = field(default_factory=dict)
    maps: dict = field(default_factory=dict)


def predict(run, paths, out=None, device=None):
    """Ask a run's networks about films; return what `--json` prints.

    run: the results folder, or the folder around it: run.json, metrics.json and models/ are read, and reference.json
    and audits.json where they are there. paths: files and folders. out: a folder for attention maps.
    Files that cannot be read are listed with the reason. Raises BadInput for a folder that is no finished run,
    WrongUse for an `out` that cannot be made, DiskFull.
    """
    import numpy as np

    from cxrkit import environment
    from cxrkit.evaluation import asking, attention, novelty
    from cxrkit.evaluation.outcome import results_folder
    from cxrkit.training import networks as trained

    results = results_folder(run)
    about, models, temperatures = _read_run(results)
    reference, lacking = novelty.load(results)
    if out:
        _make(out)
    films, unreadable = _open_all(paths, about["experiment"]["image_size"], reference)
    device = device or environment.choose_device().value
    squares, seen = np.stack([film.square for film in films]) if films else None, set()
    for network in models if films else ():
        model = asking.load(network, device)
        for film, p in zip(films, trained.p_covid(model, squares, device)):
            film.p_covid[network.architecture, network.seed] = float(p)
        if out and network.architecture not in seen:
            for film, found in zip(films, attention.maps(model, squares, device=device)):
                film.maps[network.architecture] = np.rint(found * 255).astype(np.uint8)
        seen.add(network.architecture)
    return {
        "warnings": _warnings(about, results),
        "run": {key: about[key] for key in ("data", "weights", "manifest_sha256")}
        | {"experiment": about["experiment"].get("name", "unnamed")},
        "novelty": {"checked": reference is not None, "why_not": lacking},
        "films": [_answer(film, temperatures, reference, _draw(film, number, out)) for number, film in enumerate(films, start=1)],
        "unreadable": unreadable,
    }


def _make(folder):
    from cxrkit.errors import WrongUse

    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"The folder for the pictures cannot be made: {error.strerror}.", folder, "name another one with --out") from error


def _read_run(results):
    """run.json, the networks on the disk in the order of the experiment, and {networks: temperature}. Raises BadInput."""
    from cxrkit.errors import BadInput
    from cxrkit.evaluation.asking import Network

    about = _json(results / "run.json", ("experiment", "data", "weights", "manifest_sha256"))
    metrics = _json(results / "metrics.json", ("scores", "ensembles", "held_out"))
    try:
        if not about["experiment"]["image_size"] > 0:
            raise ValueError("image_size")
        models = [
            Network(*key, results / "models" / f"{key[0]}-seed{key[1]}.pt") for key in _on_disk(results / "models", about["experiment"])
        ]
        temperatures = _temperatures(metrics)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"run.json or metrics.json is not as a run leaves it: {error!r}.", results, "restore them from the run's output"
        ) from error
    if not models:
        raise BadInput("The run's networks are not here.", results / "models", "bring models/ARCHITECTURE-seedN.pt of the run's output")
    return about, models, temperatures


def _json(path, needed):
    """A JSON file with these keys. Raises BadInput."""
    from cxrkit.errors import BadInput
    from cxrkit.files import read_json

    try:
        content = read_json(path)
        lacking = [key for key in needed if key not in content]
    except FileNotFoundError:
        raise BadInput("There is no finished run here.", path, "name the folder of a finished run, or its results folder") from None
    except (ValueError, TypeError, OSError) as error:
        raise BadInput(f"The file is no JSON of a run: {error}.", path, "restore it from the run's output") from error
    if lacking:
        raise BadInput(f"The file lacks {', '.join(lacking)}.", path, "restore it from the run's output")
    return content


def _on_disk(folder, experiment):
    from cxrkit.config import ARCHITECTURES

    names = [re.fullmatch(rf"({'|'.join(ARCHITECTURES)})-seed(\d+)\.pt", path.name) for path in folder.glob("*.pt")]
    order = list(experiment.get("architectures", ARCHITECTURES))
    return sorted(((m[1], int(m[2])) for m in names if m and m[1] in order), key=lambda key: (order.index(key[0]), key[1]))


def _temperatures(metrics):
    """{frozenset of (architecture, seed): temperature}: of each network, of each ensemble over seeds, and of all together."""
    from cxrkit.evaluation.predictions import LAST_STAGE

    final = [row for row in metrics["scores"] + metrics["ensembles"] if row["stage"] == LAST_STAGE and row["split"] == metrics["held_out"]]
    trained = {(row["architecture"], row["seed"]) for row in final if "seed" in row}
    found = {}
    for row in final:
        if row.get("calibration"):
            members = [(row["architecture"], row["seed"])] if "seed" in row else [key for key in trained if key[0] in row["architectures"]]
            found[frozenset(members)] = row["calibration"]["temperature"]
    return found


def _open_all(paths, size, reference):
    """The Films that could be read, and {file, reason} of the others."""
    from cxrkit.errors import UnreadableImage

    films, unreadable = [], []
    for path in [file for path in paths for file in _files(path)]:
        try:
            films.append(open_film(path, size, reference))
        except UnreadableImage as error:
            unreadable.append({"file": str(path), "reason": f"{error.what} ({error.next})" if error.next else error.what})
        except OSError as error:
            unreadable.append({"file": str(path), "reason": error.strerror or str(error)})
    return films, unreadable


def _files(path):
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def open_film(path, size, reference=None):
    """A file as a Film of squares size x size. Raises UnreadableImage, OSError."""
    from PIL import Image

    from cxrkit.data import dicom, images, pixels
    from cxrkit.evaluation import novelty

    if dicom.is_dicom(path):
        grey, doubts = dicom.open_grey(path)
        colour = 0.0
    else:
        grey, doubts = images.open_grey(path), []
        with Image.open(path) as picture:
            colour = novelty.colour_share(picture)
    square = pixels.square(grey, size)
    width = min(4 * PANEL, max(PANEL // 4, round(PANEL * grey.width / grey.height)))
    if reference is not None:
        doubts = doubts + reference.doubts(square, *grey.size, colour)
    return Film(path, square, grey.resize((width, PANEL), Image.Resampling.BILINEAR), doubts)


def _answer(film, temperatures, reference, picture):
    architectures = list(dict.fromkeys(architecture for architecture, _ in film.p_covid))
    networks = []
    for architecture in architectures:
        mine = {key: p for key, p in film.p_covid.items() if key[0] == architecture}
        networks.append({"architecture": architecture, "seeds": [seed for _, seed in mine], **_probability(mine, temperatures)})
    return {
        "file": str(film.path),
        "outside": bool(film.doubts) or (None if reference is None else False),
        "why_outside": film.doubts,
        "ensemble": _probability(film.p_covid, temperatures),
        "networks": networks,
        "attention": picture,
    }


def _probability(p_covid, temperatures):
    """The mean over architectures of their mean over seeds, calibrated, with the least and greatest of single networks.

    p_covid: {(architecture, seed): probability}. A network without a temperature counts as it is in the range.
    """
    import numpy as np

    from cxrkit.evaluation.calibration import tempered

    by_architecture = {}
    for (architecture, _), p in p_covid.items():
        by_architecture.setdefault(architecture, []).append(p)
    mean = np.mean([np.mean(values) for values in by_architecture.values()])
    temperature, reason = _usable(temperatures.get(frozenset(p_covid)))
    each = [(p, _usable(temperatures.get(frozenset([key])))[0]) for key, p in p_covid.items()]
    singles = [float(tempered(p, own)) if own else p for p, own in each]
    return {
        "p_covid": float(tempered(mean, temperature)) if temperature else float(mean),
        "calibrated": temperature is not None,
        "why_not_calibrated": reason,
        "temperature": temperature,
        "raw": float(mean),
        "low": min(singles),
        "high": max(singles),
        "networks": len(p_covid),
    }


def _usable(temperature):
    if temperature is None:
        return None, "the run fitted no temperature for these networks"
    if not NO_TEMPERATURE[0] < temperature < NO_TEMPERATURE[1]:
        return None, "validation gave no temperature: its films were told apart perfectly, or not at all"
    return temperature, ""


def _warnings(about, results):
    """What must stand beside every probability, a sentence each."""
    from cxrkit.data import phantom
    from cxrkit.files import read_json
    from cxrkit.pipeline import RESEARCH_ONLY

    found = [RESEARCH_ONLY]
    if about["data"] == "phantom":
        found.append(phantom.BANNER)
    if about["weights"] == "random":
        found.append("The networks started from random weights.")
    if about.get("leaks"):
        found.append("The run's split leaks: its calibration does not hold for new patients.")
    try:
        found.append("The audit of this run says: " + read_json(results / "audits.json")["verdict"]["paragraph"])
    except FileNotFoundError:
        found.append("No audit of this run is here: whether its networks see disease at all was not looked into.")
    except (ValueError, KeyError, TypeError):
        found.append("The audit of this run cannot be read.")
    return found


def _draw(film, number, out):
    """Write the film, and beside it the film under each architecture's map; return the file's path, or an empty text."""
    if not out:
        return ""
    import numpy as np
    from PIL import Image, ImageDraw

    from cxrkit.evaluation import attention
    from cxrkit.evaluation.scores import SHORT_NAMES

    grey, width = np.asarray(film.panel), film.panel.width
    panels = {"film": np.repeat(grey[..., None], 3, -1)}
    for architecture, found in film.maps.items():
        enlarged = np.asarray(Image.fromarray(found).resize((width, PANEL), Image.Resampling.BILINEAR)) / np.float32(255)
        panels[SHORT_NAMES[architecture] + ("" if found.any() else ": nothing speaks for its answer")] = attention.overlay(grey, enlarged)
    picture = Image.new("RGB", (width * len(panels), PANEL + CAPTION), "white")
    draw = ImageDraw.Draw(picture)
    for place, (name, panel) in enumerate(panels.items()):
        picture.paste(Image.fromarray(panel), (place * width, CAPTION))
        draw.text((place * width + 4, 3), name, fill="black")
    path = Path(out) / f"{number:03d}-{re.sub(r'[^A-Za-z0-9_-]+', '-', film.path.stem)[:40]}.png"
    attention.save(path, picture)
    return str(path)


def text(found):
    """What people read."""
    from cxrkit.evaluation.scores import SHORT_NAMES
    from cxrkit.progress import table

    lines, rows = ["!!! " + warning for warning in found["warnings"]] + [""], []
    for film in found["films"]:
        mark = "OUTSIDE" if film["outside"] else ""
        rows.append([Path(film["file"]).name, "all networks", *_cells(film["ensemble"]), mark])
        if len(film["networks"]) > 1:
            rows += [["", SHORT_NAMES[row["architecture"]], *_cells(row), ""] for row in film["networks"]]
    if rows:
        lines.append(table(rows, ["film", "network", "p(COVID-19)", "single networks", "n", "calibrated", ""], right=["p(COVID-19)", "n"]))
    if any(film["ensemble"]["networks"] > 1 for film in found["films"]):
        lines.append("single networks: the least and greatest of them; several are calibrated as one, so their probability may lie outside")
    reasons = dict.fromkeys(
        row["why_not_calibrated"] for film in found["films"] for row in (film["ensemble"], *film["networks"]) if not row["calibrated"]
    )
    lines += [f"not calibrated: {reason}" for reason in reasons]
    for film in found["films"]:
        if film["outside"]:
            lines.append(
                f"OUTSIDE what this model has seen, its probability means nothing: {film['file']}: {'; '.join(film['why_outside'])}"
            )
    if not found["novelty"]["checked"]:
        lines.append(f"whether a film is outside what this model has seen was not checked: {found['novelty']['why_not']}")
    lines += [f"where the networks look: {film['attention']}" for film in found["films"] if film["attention"]]
    lines += [f"not read: {bad['file']}: {bad['reason']}" for bad in found["unreadable"]]
    lines.append(f"{len(found['films'])} films read, {len(found['unreadable'])} not")
    return "\n".join(lines)


def _cells(row):
    return [
        f"{row['p_covid']:.3f}",
        f"{row['low']:.3f} to {row['high']:.3f}" if row["networks"] > 1 else "",
        row["networks"],
        "yes" if row["calibrated"] else "no",
    ]
'''[1:]


# ======================================================================================================================
# cxrkit/progress.py
# ======================================================================================================================

FILES['cxrkit/progress.py'] = r'''
"""Progress for people: a bar on a terminal, one plain line a step in a log."""

import sys
import time

from cxrkit import environment


def say(text=""):
    """Print one line at once, so that a log shows it while the run goes on; with its number where several processes speak."""
    if environment.processes() > 1:
        text = "\n".join(f"[{environment.rank()}] {line}" for line in str(text).split("\n"))
    print(text, flush=True)


def announce(text=""):
    """say() by the first process only: what every process knows."""
    if environment.rank() == 0:
        say(text)


def on_terminal():
    return sys.stderr.isatty()


def track(items, label, total=None):
    """Yield the items, showing how many are done: a tqdm bar on a terminal, else one line at the end."""
    total = len(items) if total is None else total
    if on_terminal():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False)
        return
    start = time.monotonic()
    yield from items
    seconds = time.monotonic() - start
    if seconds > 2:
        say(f"{label}: {total} in {seconds:.1f} s")


def table(rows, header, right=()):
    """Rows of values as an aligned text table.

    header: the column names; right: the names of the columns to align to the right.
    """
    cells = [[str(name) for name in header]] + [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = []
    for row in cells:
        padded = [c.rjust(w) if name in right else c.ljust(w) for c, w, name in zip(row, widths, header)]
        lines.append("  ".join(padded).rstrip())
    lines.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(lines)
'''[1:]


# ======================================================================================================================
# cxrkit/report/__init__.py
# ======================================================================================================================

FILES['cxrkit/report/__init__.py'] = r'''
"""Result files in, figures and tables out."""
'''[1:]


# ======================================================================================================================
# cxrkit/report/audit_tables.py
# ======================================================================================================================

FILES['cxrkit/report/audit_tables.py'] = r'''
"""The audits as tables: what knows nothing of lungs, masks, sources, films from elsewhere, controls, attention."""

from cxrkit.report.facts import short
from cxrkit.report.tables import Cell, Column, Table, area, interval, number, scale_of


def _areas(rows, index):
    """The scale of a column of areas: from guessing to perfect, and down to what is worse than guessing."""
    return scale_of(rows, index, 0.5, 1)


def all_of(audits):
    """The tables that audits.json has rows for, in the order of the page."""
    makers = (baselines, masking, sources, elsewhere, attention, controls, not_done)
    return [table for table in (make(audits) for make in makers) if table]


def baselines(audits):
    """What sees less than a network, above the networks themselves."""
    rows = []
    for row in audits.get("baselines") or []:
        held = row.get("held_out") or {}
        rows.append([Cell(row["title"]), area(row), number(row.get("n")), area(held), number(held.get("n")), Cell(row.get("note") or "")])
    for row in audits.get("networks") or []:
        ahead = row.get("advantage")
        note = (
            f"{ahead['auc']:+.3f} [{ahead['interval'][0]:+.3f}, {ahead['interval'][1]:+.3f}] on {ahead['over_title']}"
            if ahead and ahead.get("interval")
            else ""
        )
        seeds = f", mean of {len(row['seeds'])} seeds" if len(row.get("seeds") or ()) > 1 else ""
        rows.append(
            [Cell(short(row["architecture"]) + seeds, tone="network"), Cell(""), Cell(""), area(row), number(row.get("n")), Cell(note)]
        )
    if not rows:
        return None
    columns = (
        Column("COVID-19 told from normal by"),
        Column("AUC, all films", True, _areas(rows, 1)),
        Column("n", True),
        Column("AUC, held out", True, _areas(rows, 3)),
        Column("n held out", True),
        Column("note"),
    )
    note = "An AUC of 1 separates the classes, 0.5 is guessing. All films: each judged by a model that did not see its patient. A network that does not stand clear of the rows above it has shown nothing about lungs."
    return Table("baselines", "What knows nothing of lungs, or little, above the networks.", columns, rows, note)


def masking(audits):
    rows = []
    for row in audits.get("masking") or []:
        where = "the centre" if row["mask"] == "centre" else "all but the centre"
        share = Cell(f"{100 * row['share']:.0f} %", row["share"])
        rows.append(
            [
                Cell(f"{short(row['architecture'])}, seed {row['seed']}"),
                Cell(where),
                share,
                area(row),
                number(row.get("n")),
                Cell("trained on such films" if row.get("retrained") else "asked only"),
            ]
        )
    columns = (
        Column("network"),
        Column("blacked out"),
        Column("of the picture", True),
        Column("AUC", True, _areas(rows, 3)),
        Column("n", True),
        Column("how"),
    )
    note = "With the centre black there are no lungs to see. A network that keeps its score then does not need them."
    return Table("masking", "Lungs hidden, and all but the lungs hidden.", columns, rows, note, open=len(rows) <= 24) if rows else None


def sources(audits):
    rows = [
        [Cell(row["title"]), area(row), number(row.get("n")), number(row.get("n_covid")), Cell(row.get("note") or "")]
        for row in audits.get("sources") or []
    ]
    columns = (
        Column("what is told apart"),
        Column("AUC", True, _areas(rows, 1)),
        Column("n", True),
        Column("positive", True),
        Column("note"),
    )
    return (
        Table(
            "sources",
            "Sources told apart, left out, and kept alike.",
            columns,
            rows,
            "Among films of one label the disease is constant: what tells their sources apart there sees no disease.",
        )
        if rows
        else None
    )


def elsewhere(audits):
    rows = []
    for row in audits.get("external") or []:
        found, drop = row.get("metrics") or {}, row.get("drop") or {}
        figures = [interval(found.get(name)) for name in ("auc", "sensitivity", "specificity")]
        error = ((row.get("calibration") or {}).get("before") or {}).get("ece")
        counts = [number(row.get(name)) for name in ("n", "n_covid", "duplicates_removed")]
        rows.append([Cell(row["name"]), Cell(short(row.get("architecture") or "")), *counts, *figures, area(drop), interval(error)])
    columns = [Column("films of"), Column("network"), *[Column(title, True) for title in ("n", "COVID-19", "copies removed")]]
    columns += [Column(title, True, (0, 1)) for title in ("AUC", "sensitivity", "specificity")] + [
        Column("AUC lost", True),
        Column("calibration error", True),
    ]
    return (
        Table(
            "elsewhere",
            "The same networks on films from elsewhere.",
            tuple(columns),
            rows,
            "AUC lost: inside less outside, with its interval. Copies of the study's own films are removed before.",
        )
        if rows
        else None
    )


def attention(audits):
    rows = []
    for row in (audits.get("attention") or {}).get("rows") or []:
        low, high = row.get("interval") or (None, None)
        energy = interval({"value": row.get("energy_in_box"), "low": low, "high": high})
        others = [
            Cell("–" if row.get(key) is None else f"{row[key]:.3f}", row.get(key))
            for key in ("box_area", "randomised_energy", "randomised_correlation")
        ]
        rows.append([Cell(f"{short(row['architecture'])}, seed {row['seed']}"), energy, *others, number(row.get("n"))])
    columns = (
        Column("network"),
        Column("share of attention in the box", True, (0, 1)),
        *[Column(title, True) for title in ("box's share of the picture", "the same, random network", "correlation with it", "n")],
    )
    note = "The box holds the lungs. Attention is worth reading only where its share in the box lies clear of the box's own share, and where the map changes when the network is made random (Adebayo et al. 2018, arXiv 1810.03292)."
    return Table("attention", "Where the networks look.", columns, rows, note) if rows else None


def controls(audits):
    rows = [
        [
            Cell(row["title"]),
            Cell(str(row["expected"])),
            Cell(str(row["found"])),
            Cell("passed" if row["passed"] else "FAILED", tone="" if row["passed"] else "bad"),
        ]
        for row in audits.get("controls") or []
    ]
    columns = (Column("control"), Column("expected"), Column("found"), Column("outcome"))
    return (
        Table("controls", "Controls of the audit itself.", columns, rows, "An audit that fails its own controls says nothing.")
        if rows
        else None
    )


def not_done(audits):
    rows = [[Cell(str(row["part"])), Cell(str(row["reason"]))] for row in audits.get("not_done") or []]
    return Table("not-done", "Parts of the audit that were not done.", (Column("part"), Column("why")), rows) if rows else None


def reasons(audits):
    """What the verdict rests on."""
    rows = []
    for row in (audits.get("verdict") or {}).get("reasons") or []:
        cells = [Cell("–" if row.get(key) is None else f"{row[key]:.3g}", row.get(key)) for key in ("value", "threshold")]
        rows.append([Cell(row["text"]), *cells, Cell(str(row["rule"]).replace("-", " "))])
    columns = (Column("finding"), Column("value", True), Column("held against", True), Column("rule"))
    return Table("reasons", "What the verdict rests on.", columns, rows) if rows else None
'''[1:]


# ======================================================================================================================
# cxrkit/report/cards.py
# ======================================================================================================================

FILES['cxrkit/report/cards.py'] = r'''
"""The papers that travel with the results: MODEL_CARD.md, DATASHEET.md, CLAIM.md and CITATION.cff, generated, never written by hand."""

import csv
from collections import Counter
from pathlib import Path

import yaml

from cxrkit import __version__
from cxrkit.data import licences
from cxrkit.data.records import COLUMNS
from cxrkit.files import read_json
from cxrkit.report import data_tables, tables, words
from cxrkit.report.facts import AUDIT_COMMAND, short
from cxrkit.report.text import markdown_table, plain

HERE = Path(__file__).parent
GENERATED = ("report.html", "MODEL_CARD.md", "DATASHEET.md")


def all_of(facts):
    """{file name: text} of the cards. facts: facts.Facts."""
    return {"MODEL_CARD.md": model_card(facts), "DATASHEET.md": datasheet(facts), "CLAIM.md": claim(facts), "CITATION.cff": citation()}


def model_card(facts):
    return _render(
        "model_card.md",
        facts,
        networks=", ".join(short(name) for name in facts.architectures),
        seeds=", ".join(map(str, facts.about["experiment"].get("seeds") or [])) or "?",
        verdict=words.verdict(facts),
        audited=bool(facts.audits),
        audit_command=AUDIT_COMMAND,
        scores="\n".join(markdown_table(tables.beside_the_study(facts))),
        n=facts.comparison["n"],
        patients=facts.comparison["patients"],
        held=facts.held,
    )


def datasheet(facts):
    everything, used = facts.everything, list(facts.run.records.values())
    shown = [data_tables.splits(facts), data_tables.sources(facts), data_tables.left_out(facts)]
    by_licence = Counter(record.licence or "unknown" for record in used)
    leaks = facts.about.get("leaks")
    return _render(
        "datasheet.md",
        facts,
        n_read=len(everything),
        n_out=len(everything) - len(used),
        columns=", ".join(f"`{column}`" for column in COLUMNS),
        tables="\n\n".join("\n".join(markdown_table(table)) for table in shown if table),
        collected=", ".join(f"{plain(name or 'not known')} {count}" for name, count in Counter(r.collected for r in used).most_common()),
        leaks=""
        if leaks is None
        else f"{leaks} patients or pictures stand in two splits."
        if leaks
        else "No patient or picture stands in two splits.",
        licences="\n".join(f"- {plain(name)}: {count} films. {licences.terms(name)}" for name, count in by_licence.most_common()),
    )


def _render(template, facts, **values):
    import jinja2

    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    made.filters["plain"] = plain
    used = facts.run.records
    shared = {
        "version": __version__,
        "marks": facts.marks(),
        "about": Known(facts.about),
        "experiment": Known(facts.about["experiment"]),
        "n_used": len(used),
        "sources": ", ".join(plain(source) for source in sorted({record.source for record in used.values()})),
    }
    return made.get_template(template).render(**shared, **values)


class Known(dict):
    """A mapping whose absent keys are None, for runs of earlier versions lack some."""

    def __missing__(self, key):
        return None


def claim(facts):
    """CLAIM.md: each item answered yes, no or not applicable, with the file and field that holds it, and the score."""
    rows, counts = [], Counter()
    for item in yaml.safe_load((HERE / "claim.yaml").read_text("utf-8")):
        answer, where = answered(item, facts)
        counts[answer] += 1
        rows.append(f"| {item['item']} | {item['part']} | {plain(item['topic'])} | {answer} | {where} |")
    asked = counts["yes"] + counts["no"]
    head = [
        "# CLAIM: the Checklist for Artificial Intelligence in Medical Imaging",
        "",
        "After Mongan, Moy and Kahn 2020, Radiol. Artif. Intell. 2:e200029 (PMC8017414), whose 42 items are named here in our own words. "
        "Each yes names the file, and the field in it, that was there when this was written. What a file cannot show, such as what authors would discuss, is not claimed.",
        "",
        *(f"**{plain(sentence, 600)}**\n" for _, sentence in facts.marks()),
        f"**Score: {counts['yes']} of {asked} items that apply ({100 * counts['yes'] / asked:.0f} %); {counts['not applicable']} do not apply.**",
        "",
        "| item | part | topic | answer | where, or why not |",
        "| ---: | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def answered(item, facts):
    """(answer, where or why not) of an item of claim.yaml, by what the results hold."""
    if "na" in item:
        return "not applicable", plain(item["na"])
    if "at" not in item or not _holds(facts.folder, item["at"], item.get("zero", False)):
        return "no", plain(item["otherwise"])
    name, *field = item["at"]
    where = f"[{name}]({name})" + (f", field `{field[0]}`" if field else "")
    return "yes", where + (f": {plain(item['says'])}" if "says" in item else "")


def _holds(folder, at, zero):
    """Whether the file is there and its field, if one is named, is not empty; with `zero`, 0 counts as an answer."""
    name, *field = at
    if name in GENERATED:
        return True
    path = folder / name
    if not path.is_file():
        return False
    if not field:
        return True
    if path.suffix == ".csv":
        with open(path, encoding="utf-8", newline="") as file:
            return any(row.get(field[0]) for row in csv.DictReader(file))
    value = read_json(path)
    for key in field[0].split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return bool(value) or (zero and value == 0)


def citation():
    """CITATION.cff of the kit (https://citation-file-format.github.io)."""
    content = {
        "cff-version": "1.2.0",
        "message": "If you use these results, please cite the kit that made them, and the sources in ATTRIBUTION.md.",
        "title": "cxrkit: COVID-19 against healthy chest films, from raw sources to a report",
        "type": "software",
        "version": __version__,
        "license": "MIT",
        "authors": [{"name": "The cxrkit authors"}],
    }
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
'''[1:]


# ======================================================================================================================
# cxrkit/report/claim.yaml
# ======================================================================================================================

FILES['cxrkit/report/claim.yaml'] = r'''
# The 42 items of CLAIM, the Checklist for Artificial Intelligence in Medical Imaging, each named in our own words and
# answered from the results. (Mongan, Moy, Kahn 2020, Radiol. Artif. Intell. 2:e200029, PMC8017414.)
# `at`: file, then a field of it that must be there and not be empty for a yes; `says`: what is found there; `zero`: 0 is an
# answer, too; `otherwise`: why the answer is no; `na`: why the item does not apply.
- {item: 1, part: title and abstract, topic: the title says that it is about AI, at: [report.html]}
- {item: 2, part: title and abstract, topic: a structured summary, at: [report.html], says: "the section Verdict"}
- {item: 3, part: introduction, topic: "background, intended use and role", at: [MODEL_CARD.md], says: "Intended use"}
- {item: 4, part: introduction, topic: objectives, at: [report.html], says: "the two questions of its title"}
- {item: 5, part: design, topic: prospective or retrospective, at: [DATASHEET.md], says: "Motivation: retrospective, from published films"}
- {item: 6, part: design, topic: goal of the study, at: [MODEL_CARD.md], says: "Intended use: a repetition of a study, to learn which network is better"}
- {item: 7, part: data, topic: sources, at: [manifest.csv, source]}
- {item: 8, part: data, topic: inclusion and exclusion, at: [manifest.csv, excluded], otherwise: no image was excluded, so the manifest names no criterion}
- {item: 9, part: data, topic: preprocessing, at: [run.json, experiment.image_size], says: "grey, squeezed into a square of that many pixels"}
- {item: 10, part: data, topic: subsets, na: whole films are used; no region or series is chosen from them}
- {item: 11, part: data, topic: definition of the data's elements, at: [DATASHEET.md], says: "Composition: each column of manifest.csv"}
- {item: 12, part: data, topic: de-identification, otherwise: the sources removed names before publishing; the kit does not check pixels for them}
- {item: 13, part: data, topic: missing values, at: [DATASHEET.md], says: "Composition: empty means not known; nothing is filled in"}
- {item: 14, part: reference standard, topic: definition, at: [manifest.csv, finding], otherwise: the sources gave no findings in words}
- {item: 15, part: reference standard, topic: why this one, otherwise: labels are as published; nobody chose among standards}
- {item: 16, part: reference standard, topic: who annotated, otherwise: the sources do not say who read the films}
- {item: 17, part: reference standard, topic: tools of annotation, otherwise: the sources do not name them}
- {item: 18, part: reference standard, topic: agreement of readers, otherwise: the sources publish one label a film}
- {item: 19, part: partitions, topic: sample size and its reason, at: [comparison.json, images_for_equivalence], says: "what the images at hand can show, and how many would be needed"}
- {item: 20, part: partitions, topic: how films were assigned, at: [run.json, experiment.split]}
- {item: 21, part: partitions, topic: level at which partitions are disjoint, at: [run.json, leaks], zero: true, says: "by patient and picture; so many stand in two splits", otherwise: the run does not record it}
- {item: 22, part: model, topic: description, at: [MODEL_CARD.md], says: "Model"}
- {item: 23, part: model, topic: libraries with versions, at: [run.json, versions], otherwise: the run records no versions}
- {item: 24, part: model, topic: initial weights, at: [run.json, weights]}
- {item: 25, part: training, topic: procedure and hyperparameters, at: [run.json, experiment]}
- {item: 26, part: training, topic: choice of the final model, at: [comparison.json, chosen_on_validation], otherwise: "there is no test split: each network's last epoch is judged on validation, as in the study"}
- {item: 27, part: training, topic: ensembles, at: [metrics.json, ensembles], otherwise: one network with one seed is no ensemble}
- {item: 28, part: evaluation, topic: measures of performance, at: [metrics.json, scores]}
- {item: 29, part: evaluation, topic: statistics and uncertainty, at: [comparison.json, pairs], otherwise: there is one network, so there are no pairs; its intervals are in metrics.json}
- {item: 30, part: evaluation, topic: robustness, at: [audits.json, masking], otherwise: no audit has masked the films}
- {item: 31, part: evaluation, topic: explainability, at: [audits.json, attention.rows], otherwise: no attention maps were made}
- {item: 32, part: evaluation, topic: data from elsewhere, at: [audits.json, external], otherwise: no films from elsewhere were tried}
- {item: 33, part: results, topic: flow of cases, at: [report.html], says: "Where the films come from, and where they went"}
- {item: 34, part: results, topic: patients of each partition, at: [manifest.csv, age], otherwise: the sources give no ages}
- {item: 35, part: results, topic: performance on every partition, at: [metrics.json, scores], says: "validation and, where there is one, test; not training"}
- {item: 36, part: results, topic: accuracy with its precision, at: [metrics.json, scores], says: "each figure with its 95 % interval and n"}
- {item: 37, part: results, topic: failures, at: [report.html], says: "Films that went wrong, or nearly"}
- {item: 38, part: discussion, topic: limits and bias, at: [audits.json, verdict], otherwise: no audit was run; general limits stand in MODEL_CARD.md}
- {item: 39, part: discussion, topic: what it means for practice, at: [MODEL_CARD.md], says: "Intended use: none in practice"}
- {item: 40, part: other, topic: registration, na: a technical comparison of networks on published films is not registered}
- {item: 41, part: other, topic: "protocol, code and data", at: [run.json, experiment_sha256], says: "the code is the kit's, the protocol the experiment of this hash", otherwise: the run does not name its experiment's hash}
- {item: 42, part: other, topic: funding, otherwise: the kit does not know who paid for the run}
'''[1:]


# ======================================================================================================================
# cxrkit/report/commands.py
# ======================================================================================================================

FILES['cxrkit/report/commands.py'] = r'''
"""The subcommand report of `python -m cxrkit`."""

import time
from pathlib import Path

from cxrkit.progress import say


def add(commands):
    """Add the subcommand to an argparse subparsers object; nothing heavy is imported before it runs."""
    report = commands.add_parser("report", help="write report.html, its text twin and the cards, from a run's results alone")
    report.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder")
    report.add_argument("--text", action="store_true", help="print the tables as well")
    report.set_defaults(command=run_report)


def run_report(options):
    from cxrkit.report import data_tables, facts, page, text

    started = time.monotonic()
    written = page.make(options.run)
    if options.text:
        found = facts.read(options.run)
        say(text.log(found, data_tables.gallery(found)) + "\n")
    size = written[0].stat().st_size
    say(
        f"{written[0]}: {size / 1e6:.2f} MB, in {time.monotonic() - started:.1f} s; beside it {', '.join(path.name for path in written[1:])}"
    )
'''[1:]


# ======================================================================================================================
# cxrkit/report/data_tables.py
# ======================================================================================================================

FILES['cxrkit/report/data_tables.py'] = r'''
"""The data as tables: what came in, what was left out and why, copies, splits, patients; and the films worth a look."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from cxrkit.data import licences, overview
from cxrkit.data.groups import groups_of
from cxrkit.data.records import LABELS, POSITIVE, SPLITS
from cxrkit.report.facts import SPLIT_WORDS, short
from cxrkit.report.tables import Cell, Column, Table, number

WORDS = {"covid": "COVID-19", "normal": "normal", "": "no label"}
WORST = 6
"""Films a network in the gallery."""


@dataclass(frozen=True)
class Step:
    """A step of the data's way. title; count: images; parts: [(words, count)], commonest first; kind: kept, out or split."""

    title: str
    count: int
    parts: list
    kind: str


def flow(facts):
    """The way of the data, from what the sources hold to the splits: Steps."""
    everything, used = facts.everything, [record for record in facts.everything if record.used]
    out = Counter(overview.short_reason(record) for record in everything if not record.used)
    copies = sum(count for reason, count in out.items() if reason.startswith("duplicate of"))
    steps = [Step("read from the sources", len(everything), Counter(record.source for record in everything).most_common(), "kept")]
    if copies:
        parts = [(reason, count) for reason, count in out.most_common() if reason.startswith("duplicate of")]
        steps += [Step("copies removed", copies, parts, "out"), Step("different pictures", len(everything) - copies, [], "kept")]
    others = [(reason, count) for reason, count in out.most_common() if not reason.startswith("duplicate of")]
    if others:
        steps.append(Step("left out", sum(count for _, count in others), others, "out"))
    steps.append(Step("used", len(used), [(WORDS[label], sum(r.label == label for r in used)) for label in LABELS], "kept"))
    groups = groups_of(everything)
    for split in SPLITS:
        mine = [record for record in used if record.split == split]
        if mine and split:
            parts = [(WORDS[label], sum(r.label == label for r in mine)) for label in LABELS]
            steps.append(Step(SPLIT_WORDS[split], len(mine), [*parts, ("patients", len({groups[r.image_id] for r in mine}))], "split"))
    return steps


def sources(facts):
    rows = []
    for source in sorted({record.source for record in facts.everything}):
        mine = [record for record in facts.everything if record.source == source]
        kept = [record for record in mine if record.used]
        counts = [sum(record.label == label for record in kept) for label in LABELS]
        copies = sum(bool(record.duplicate_of) for record in mine)
        listed = [_commonest(record.view or "not known" for record in kept), _commonest(record.licence or "unknown" for record in kept)]
        rows.append(
            [
                Cell(source),
                *[number(value) for value in (len(mine), len(kept), *counts, copies, len({r.patient for r in kept}))],
                *[Cell(text) for text in listed],
            ]
        )
    columns = (
        Column("source"),
        *[Column(title, True) for title in ("read", "used", "COVID-19", "normal", "copies", "patients")],
        Column("views"),
        Column("licences"),
    )
    return Table("sources-of-films", "Images of each source.", columns, rows)


def left_out(facts):
    reasons = Counter((record.source, overview.short_reason(record)) for record in facts.everything if not record.used)
    rows = [[Cell(reason), Cell(source), number(count)] for (source, reason), count in reasons.most_common()]
    return (
        Table(
            "left-out",
            f"{sum(reasons.values()):,} images left out, and why.",
            (Column("reason"), Column("source"), Column("images", True)),
            rows,
        )
        if rows
        else None
    )


def splits(facts):
    used, groups = list(facts.run.records.values()), groups_of(facts.everything)
    rows = []
    for split in SPLITS:
        mine = [record for record in used if record.split == split]
        if mine and split:
            counts = [sum(record.label == label for record in mine) for label in LABELS]
            ages = [float(record.age) for record in mine if _is_number(record.age)]
            age = f"{np.median(ages):g} years ({len(ages)} known)" if ages else "not known"
            women = Counter(record.sex for record in mine)
            sex = ", ".join(f"{value or 'not known'} {count}" for value, count in women.most_common(4))
            rows.append(
                [
                    Cell(SPLIT_WORDS[split]),
                    *[number(value) for value in (len(mine), *counts, len({groups[r.image_id] for r in mine}))],
                    Cell(age),
                    Cell(sex),
                    Cell(_commonest(r.source for r in mine)),
                ]
            )
    columns = (
        Column("split"),
        *[Column(title, True) for title in ("images", "COVID-19", "normal", "patients")],
        Column("median age"),
        Column("sex"),
        Column("sources"),
    )
    leaks = facts.about.get("leaks")
    note = "Patients: films that share a patient or a picture count as one. " + (
        f"{leaks} patients or pictures stand in two splits."
        if leaks
        else "No patient or picture stands in two splits."
        if leaks == 0
        else ""
    )
    return Table("splits", "The splits.", columns, rows, note)


def _commonest(values):
    return ", ".join(f"{value} {count}" for value, count in Counter(values).most_common(5))


def _is_number(text):
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class Film:
    """A film of the gallery. kind: error, top loss or hit; picture: path below the results, empty where there is none; why: then the reason."""

    image_id: str
    network: str
    kind: str
    label: str
    p_covid: float
    loss: float
    picture: str
    why: str
    licence: str
    credit: str
    case_url: str


def gallery(facts):
    """The films worth a look: the audit's, with attention maps, where it has any, else the dearest of each network."""
    entries = ((facts.audits or {}).get("attention") or {}).get("gallery")
    if entries:
        return [_film(facts, row, row.get("file") or "", row.get("why_no_picture") or "") for row in entries]
    return [
        _film(facts, row, *_thumbnail(facts, row["image_id"]))
        for architecture in facts.architectures
        for row in _dearest(facts, architecture)
    ]


def _dearest(facts, architecture):
    mine = facts.scores(architecture)
    if mine is None:
        return
    p_covid = mine.p_covid.mean(0)
    loss = -np.log(np.clip(np.where(mine.is_covid, p_covid, 1 - p_covid), 1e-12, 1))
    for index in np.argsort(-loss, kind="stable")[:WORST]:
        wrong = (p_covid[index] >= facts.metrics["threshold"]) != mine.is_covid[index]
        yield {
            "image_id": mine.image_ids[index],
            "architecture": architecture,
            "kind": "error" if wrong else "top loss",
            "p_covid": float(p_covid[index]),
        }


def _thumbnail(facts, image_id):
    from cxrkit.report.thumbnails import place

    record = facts.run.records[image_id]
    if not licences.may_redistribute(record.licence):
        return "", f"its licence, {record.licence}, does not let it be shown" if record.licence else "it comes without a licence"
    path = place(image_id)
    return (path, "") if (facts.folder / path).is_file() else ("", "the results hold no picture of it")


def _film(facts, row, picture, why):
    record = facts.run.records.get(row["image_id"])
    p_covid = float(row["p_covid"])
    label = record.label if record else row.get("label") or ""
    right = p_covid if label == POSITIVE else 1 - p_covid
    return Film(
        image_id=row["image_id"],
        network=short(row["architecture"]),
        kind=row["kind"],
        label=WORDS.get(label, label),
        p_covid=p_covid,
        loss=float(-np.log(max(right, 1e-12))),
        picture=picture,
        why=why,
        licence=record.licence if record else "",
        credit=record.credit if record else row.get("credit") or "",
        case_url=record.case_url if record else row.get("case_url") or "",
    )


def films(facts, shown):
    """The gallery as a table."""
    rows = []
    for film in shown:
        cells = [
            Cell(film.network),
            Cell(film.kind),
            Cell(film.label),
            Cell(f"{film.p_covid:.3f}", film.p_covid),
            Cell(f"{film.loss:.2f}", film.loss),
        ]
        rows.append([Cell(film.image_id, url=film.case_url), *cells, Cell(film.licence or "unknown"), Cell(film.credit)])
    columns = (
        Column("image"),
        Column("network"),
        Column("why here"),
        Column("is"),
        Column("p(COVID-19)", True),
        Column("loss", True),
        Column("licence"),
        Column("credit"),
    )
    return Table("films", f"{len(rows)} films that went wrong, or nearly.", columns, rows, open=False)
'''[1:]


# ======================================================================================================================
# cxrkit/report/datasheet.md
# ======================================================================================================================

FILES['cxrkit/report/datasheet.md'] = r'''
# Datasheet: {{ n_used }} chest films of {{ sources }}

Written from manifest.csv by cxrkit {{ version }}; questions after Gebru et al. 2021 (Commun. ACM 64:86).

{% for _, sentence in marks -%}
> **{{ sentence|plain(600) }}**

{% endfor -%}
## Motivation

Brought together to repeat a study of 2020 that told COVID-19 films from healthy ones. Retrospective: every film was published before, by others, for other ends.

## Composition

{{ n_read }} images were read, {{ n_used }} are used, {{ n_out }} are left out; each has a row in `manifest.csv`, with the reason where it is left out. The columns: {{ columns }}. An empty field means that nothing is known; nothing is filled in.

{{ tables }}

## Collection

How images came here: {{ collected }}. Each row names its source, the page and image it comes from where they are known, and when it was fetched.

## Processing

Copies were looked for by content (perceptual hash, then thumbnail), and patients and copies kept in one split. {{ leaks }}

## Uses

For research on shortcuts, on variance between runs and on repetition. Not for training anything that meets a patient.

## Distribution and licences

{{ licences }}

The films themselves do not travel with these results. Credits stand in ATTRIBUTION.md.

## Maintenance

The manifest is identified by its SHA-256, `{{ about.manifest_sha256 }}`. `python -m cxrkit manifest diff` tells two versions apart.
'''[1:]


# ======================================================================================================================
# cxrkit/report/facts.py
# ======================================================================================================================

FILES['cxrkit/report/facts.py'] = r'''
"""Everything the report tells, read from a results folder alone."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cxrkit import config
from cxrkit.data import manifest, phantom
from cxrkit.errors import BadInput
from cxrkit.evaluation import outcome, predictions
from cxrkit.evaluation.scores import SHORT_NAMES
from cxrkit.files import read_json

SPLIT_WORDS = {"train": "training", "valid": "validation", "test": "test"}
AUDIT_COMMAND = "python -m cxrkit audit RUN"


@dataclass(frozen=True)
class Facts:
    """A results folder, read and checked.

    run: predictions.Run; everything: all records of the manifest, also the excluded ones; metrics, comparison:
    the content of those files; audits: the same, None where no audit was run; epochs, finder: epochs.csv and
    lr_find.csv as DataFrames, empty where a file is missing.
    """

    run: predictions.Run
    everything: list
    metrics: dict
    comparison: dict
    audits: dict | None
    epochs: pd.DataFrame
    finder: pd.DataFrame

    @property
    def about(self):
        return self.run.about

    @property
    def folder(self):
        return self.run.folder

    @property
    def held(self):
        return self.metrics["held_out"]

    @property
    def architectures(self):
        """The networks that finished, in the order of predictions.csv."""
        table = self.run.table
        return list(table.loc[table["stage"] == predictions.LAST_STAGE, "architecture"].unique())

    def scores(self, architecture, split=None):
        """predictions.Scores of a network, on the held-out split unless another is named."""
        return predictions.scores(self.run.table, architecture, split or self.held)

    def mean(self, architecture, split=None):
        """The network's row of metrics.json: its mean over seeds where there are several, else its one run; None without one."""
        split = split or self.held
        for rows in (self.metrics["means"], self.metrics["scores"]):
            for row in rows:
                if (row["architecture"], row["split"], row["stage"]) == (architecture, split, predictions.LAST_STAGE):
                    return row
        return None

    def marks(self):
        """What a reader must not overlook: [(short text for figures, sentence)]."""
        about, found = self.about, []
        if about["data"] == "phantom":
            found.append(("drawn phantoms, not films", phantom.BANNER))
        if about["weights"] == "random":
            found.append(("random weights", "RANDOM WEIGHTS: the networks did not start from ImageNet's, as the study's did."))
        if about.get("leaks"):
            found.append(
                (
                    "leaking split",
                    f"LEAK: {about['leaks']} patients or pictures stand in two splits; no score of this run holds for new patients.",
                )
            )
        failed = about.get("failed") or {}
        late = [name for name in about.get("unfinished") or [] if name not in failed]
        if failed:
            told = "; ".join(f"{name} ({error})" for name, error in failed.items())
            found.append(("failed trainings", f"FAILED: {len(failed)} trainings ended with an error and are missing: {told}."))
        if late:
            found.append(("partial run", f"PARTIAL: the time was up; {len(late)} trainings are missing: {', '.join(late)}."))
        return found

    def repeat(self):
        """The command that makes these results again; DIR stands for the folder of a source that is not drawn."""
        settings = {key: value for key, value in self.about["experiment"].items() if key in config.Experiment.__dataclass_fields__}
        name = settings.get("name") if settings.get("name") in config.names() else "paper"
        usual = config.as_dict(config.load(name))
        words = ["python", "kernel/run.py", "--local", "--experiment", name]
        for source in settings.get("data", []) or ["phantom"] * (self.about["data"] == "phantom") or ["DIR"]:
            words += ["--data", source if source.startswith("phantom") else "DIR" if source == "coronahack" else f"{source}=DIR"]
        for key, value in settings.items():
            if key in (*config.NOT_IN_HASH, "name") or value == usual[key]:
                continue
            flag = "--" + key.replace("_", "-")
            if isinstance(value, bool):
                words.append(flag if value else "--no-" + flag[2:])
            else:
                words += [flag, *(map(str, value) if isinstance(value, list) else [str(value)])]
        return shlex.join(words)


def short(architecture):
    """The name that people use for a network."""
    return SHORT_NAMES.get(architecture, architecture)


def read(results):
    """The Facts of a run's folder or its results folder. Raises BadInput for what is missing or broken."""
    folder = outcome.results_folder(results)
    run = predictions.read(folder)
    metrics, comparison = _json(folder / "metrics.json"), _json(folder / "comparison.json")
    for name, content in (("metrics.json", metrics), ("comparison.json", comparison)):
        if content["manifest_sha256"] != run.manifest_sha256:
            raise BadInput(
                "The scores belong to another manifest.", folder / name, f"compute them again: python -m cxrkit evaluate {folder}"
            )
    audits = _json(folder / "audits.json") if (folder / "audits.json").exists() else None
    if audits and audits.get("manifest_sha256") != run.manifest_sha256:
        raise BadInput("The audit belongs to another manifest.", folder / "audits.json", f"audit this run: python -m cxrkit audit {folder}")
    tables = [_csv(folder / name) for name in ("epochs.csv", "lr_find.csv")]
    return Facts(run, manifest.read(folder / "manifest.csv"), metrics, comparison, audits, *tables)


def _json(path):
    try:
        return read_json(path)
    except FileNotFoundError:
        raise BadInput("The file is not there.", path, f"compute it: python -m cxrkit evaluate {path.parent}") from None
    except ValueError as error:
        raise BadInput(f"The file is no JSON: {error}.", path, "restore it from the run's output, or compute it again") from error


def _csv(path):
    if not Path(path).exists():
        return pd.DataFrame()
    try:
        return pd.read_csv(path)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInput(f"The file is no readable CSV: {error}.", path, "restore it from the run's output") from error
'''[1:]


# ======================================================================================================================
# cxrkit/report/model_card.md
# ======================================================================================================================

FILES['cxrkit/report/model_card.md'] = r'''
# Model card: {{ networks }}

Written from the results by cxrkit {{ version }}; sections after Mitchell et al. 2019 (arXiv 1810.03993).

{% for _, sentence in marks -%}
> **{{ sentence|plain(600) }}**

{% endfor -%}
## Model

- Networks: {{ networks }}, convolutional networks from torchvision under a head of fastai, two outputs (COVID-19, normal).
- Start: {{ "ImageNet weights" if about.weights == "imagenet" else about.weights ~ " weights" }}. Training: {{ experiment.epochs or "?" }} epochs with the body frozen, then as many unfrozen; seeds {{ seeds }}.
- Input: one grey film, squeezed into {{ experiment.image_size or "?" }} × {{ experiment.image_size or "?" }} pixels. Output: the probability of COVID-19, not calibrated; the temperatures that calibrate it stand in `metrics.json`.
- Experiment `{{ experiment.name|plain }}`, SHA-256 `{{ about.experiment_sha256 or "not recorded" }}`; versions and device in `run.json`.

## Intended use

Research: to repeat a study of 2020, and to learn which of its networks is better and whether such scores can be trusted. It is not a medical device; there is no use in care, in triage or in screening.

## Can the scores be trusted?

{{ verdict.trust|plain(4000) }}
{% if not audited %}
No audit was run; `{{ audit_command }}` runs it.
{% endif %}
## Scores

{{ scores }}

{{ verdict.best|plain(2000) }}

## Data

{{ n_used }} films of {{ sources }}; manifest SHA-256 `{{ about.manifest_sha256 }}`. See DATASHEET.md and ATTRIBUTION.md.

## Limits

- Labels are as the sources published them; nobody read the films again.
- In the study's own data the normal films are of children and the COVID-19 films of adults, from other hospitals; a score on such data may be one of age or source.
- Judged on {{ n }} images of {{ patients }} patients{{ ", validation only: there is no test split" if held == "valid" else "" }}.
- Fairness between groups is not measured: most sources give neither age nor sex.
'''[1:]


# ======================================================================================================================
# cxrkit/report/page.css
# ======================================================================================================================

FILES['cxrkit/report/page.css'] = r'''
:root { color-scheme: light dark; --paper: #fff; --ink: #1b1d1f; --quiet: #5c6166; --line: #d9dcdf; --soft: #f4f5f6; --link: #0b5a9d; --warn: #b00020;
  --warn-soft: #fdf0f1; --good: #00694e; --net1: #0072b2; --net2: #c25700; --net3: #00795a; --net4: #a8478a; --cell: 0, 114, 178; }
@media (prefers-color-scheme: dark) { :root { --paper: #15181b; --ink: #e6e8ea; --quiet: #a3a9af; --line: #363b40; --soft: #1e2226; --link: #7fbdf0;
  --warn: #ff8d97; --warn-soft: #33191d; --good: #5fd0aa; --net1: #5eb3ea; --net2: #f09a4a; --net3: #45c79f; --net4: #e08fc6; --cell: 94, 179, 234; } }
* { box-sizing: border-box; }
html { font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; background: var(--paper); color: var(--ink); scroll-padding-top: 1rem; }
body { margin: 0 auto; max-width: 84rem; padding: 2rem 1.25rem 4rem; display: grid; gap: 0 3rem; grid-template-columns: 15rem minmax(0, 1fr); grid-template-areas: "head head" "nav main" "foot foot"; }
header { grid-area: head; border-bottom: 1px solid var(--line); padding-bottom: 1.25rem; margin-bottom: 2rem; }
nav { grid-area: nav; font-size: .875rem; }
main { grid-area: main; min-width: 0; }
footer { grid-area: foot; margin-top: 3rem; border-top: 1px solid var(--line); color: var(--quiet); font-size: .875rem; }
h1 { font-size: clamp(1.5rem, 3.2vw, 2.1rem); line-height: 1.2; margin: .2rem 0 .7rem; max-width: 34ch; text-wrap: balance; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; line-height: 1.25; margin: 0 0 .75rem; letter-spacing: -.005em; }
h3 { font-size: 1rem; margin: 1rem 0 .3rem; }
section { padding-top: 1.5rem; margin-bottom: 1.75rem; border-top: 1px solid var(--line); }
section:first-child { border-top: 0; padding-top: 0; }
section:focus { outline: none; }
p { max-width: 72ch; margin: .5rem 0; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .5rem; }
.kind { color: var(--quiet); margin: 0; font-size: .875rem; }
.lede { max-width: 80ch; }
.marks { list-style: none; margin: 1rem 0 0; padding: 0; display: grid; gap: .4rem; }
.marks li { border-left: .3rem solid var(--warn); background: var(--warn-soft); padding: .5rem .8rem; font-weight: 600; overflow-wrap: anywhere; }
nav ol { margin: 0; padding: 0; list-style: none; position: sticky; top: 1rem; } nav li { margin: .1rem 0; }
nav p { display: none; }
nav a { display: block; padding: .2rem 0; color: var(--ink); text-decoration: none; } nav a:hover { color: var(--link); text-decoration: underline; }
nav ol { counter-reset: part; } nav li { counter-increment: part; } nav a::before { content: counter(part); color: var(--quiet); display: inline-block; width: 1.6rem; font-variant-numeric: tabular-nums; }
@media (min-width: 56.01rem) { nav ol { max-height: calc(100vh - 2rem); overflow: auto; } }
.verdict { border: 1px solid var(--line); border-left: .35rem solid var(--quiet); background: var(--soft); padding: .9rem 1.2rem 1.1rem; }
.verdict h3:first-child { margin-top: 0; } .verdict p { max-width: 78ch; }
.verdict.bad { border-left-color: var(--warn); } .verdict.good { border-left-color: var(--good); }
.table { margin: 1.25rem 0 1.75rem; }
details.table { border-top: 1px solid var(--line); padding-top: .5rem; }
summary { cursor: pointer; font-weight: 600; padding: .25rem 0; } details[open] > summary { margin-bottom: .5rem; } details caption { display: none; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; font-variant-numeric: tabular-nums lining-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 .5rem; max-width: min(72ch, calc(100vw - 1.8rem)); position: sticky; left: 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0; }
tbody tr { border-top: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: 500; vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 6.6rem; max-width: 22rem; overflow-wrap: anywhere; }
.data tbody th { position: sticky; left: 0; background: var(--paper); }
.between { display: block; color: var(--quiet); font-size: .93em; }
td.words { max-width: 24rem; min-width: 6rem; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; }
tr.network, .data tr.network th { background: var(--soft); } tr.study { color: var(--quiet); } tr.study th { font-weight: 400; } td.bad { color: var(--warn); font-weight: 700; }
.scale { display: flex; justify-content: space-between; width: 6.5rem; margin-left: auto; font-size: .75rem; font-weight: 400; border-bottom: 1px solid var(--quiet); }
.whisker { display: block; width: 6.5rem; height: .5rem; margin: .1rem 0 0 auto; overflow: visible; }
.whisker line { stroke: var(--quiet); stroke-width: 1.5; } .whisker circle { fill: var(--net1); }
thead button { all: unset; cursor: pointer; } thead button:hover { text-decoration: underline; } thead button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
thead button::after { content: "↕"; color: var(--quiet); padding-left: .25em; font-size: .8em; } [aria-sort=ascending] button::after { content: "↑"; } [aria-sort=descending] button::after { content: "↓"; }
.note { color: var(--quiet); font-size: .875rem; max-width: 78ch; }
.matrix td, .matrix th { padding: .5rem .9rem; border: 1px solid var(--line); } .matrix td { min-width: 8.5rem; } .matrix td span { display: block; color: var(--quiet); font-size: .8rem; white-space: nowrap; }
.matrix thead td { border: 0; } .matrix tbody th { max-width: none; }
.matrix .better { background: rgba(var(--cell), .28); } .matrix .equivalent { background: rgba(var(--cell), .1); } .matrix .better span, .matrix .equivalent span { color: var(--ink); } .matrix .undecided strong { font-weight: 400; }
figure { margin: 1rem 0 1.5rem; } figcaption { color: var(--quiet); font-size: .875rem; max-width: 78ch; margin-top: .4rem; overflow-wrap: anywhere; }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 1.5rem; }
.panel { max-width: 30rem; } .panel.wide { max-width: 38rem; grid-column: 1 / -1; } .panel svg { width: 100%; height: auto; display: block; }
.flow { list-style: none; padding: 0; margin: 0; display: grid; gap: .5rem; grid-template-columns: repeat(6, minmax(0, 1fr)); max-width: 60rem; }
.flow > li { border: 1px solid var(--line); border-left: .3rem solid var(--net1); padding: .5rem .8rem; grid-column: 1 / -1; position: relative; }
.flow > .out { grid-column: 3 / -1; border-left-color: var(--quiet); background: var(--soft); } .flow > .split { grid-column: span 2; }
.flow strong { font-size: 1.15rem; font-variant-numeric: tabular-nums; } .flow ul { list-style: none; margin: .2rem 0 0; padding: 0; font-size: .875rem; columns: 16rem auto; overflow-wrap: anywhere; }
.flow ul span { font-variant-numeric: tabular-nums; font-weight: 600; }
.matrices { display: flex; flex-wrap: wrap; gap: 1.25rem 2rem; }
.confusion caption span { display: block; font-weight: 400; color: var(--quiet); } .confusion td, .confusion th { padding: .35rem .6rem; min-width: 0; white-space: nowrap; } .confusion td.number { font-size: 1.05rem; min-width: 5rem; }
.confusion thead th { text-align: right; }
#slider { border: 1px solid var(--line); padding: .25rem 1.2rem 1rem; margin: 1.5rem 0; background: var(--soft); }
.controls { display: flex; flex-wrap: wrap; gap: .6rem 1.25rem; align-items: center; max-width: none; } .controls label { white-space: nowrap; display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; } #threshold { width: min(18rem, 60vw); }
select, .controls button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--quiet); border-radius: .25rem; padding: .25rem .5rem; }
output { font-variant-numeric: tabular-nums; min-width: 3.5rem; } .live { display: flex; flex-wrap: wrap; gap: 1rem 3rem; align-items: center; } .live dl { display: grid; grid-template-columns: auto auto; gap: .2rem 1rem; margin: 0; } .live dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
.gallery { list-style: none; padding: 0; margin: 1rem 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 11rem), 1fr)); gap: 1.25rem; } .gallery li:has(.pair) { grid-column: span 2; } .p { font-variant-numeric: tabular-nums; font-weight: 600; } .gallery figure { margin: 0; }
.gallery img { width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; background: #000; display: block; } .gallery img.pair { aspect-ratio: 2; }
.hidden-film { aspect-ratio: 1; border: 1px dashed var(--quiet); display: grid; place-content: center; padding: 1rem; color: var(--quiet); font-size: .875rem; text-align: center; }
pre { background: var(--soft); border: 1px solid var(--line); padding: .8rem 1rem; overflow-x: auto; } code { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media (max-width: 56rem) { body { display: block; padding: 1rem .9rem 3rem; } nav { margin-bottom: 2rem; } nav p { display: block; font-weight: 600; } nav ol { position: static; columns: 16rem; }
  nav a { padding: .35rem 0; } .data tbody th { max-width: 40vw; } .confusion thead th { white-space: normal; } .confusion td.number { min-width: 4rem; } .gallery li:has(.pair) { grid-column: 1 / -1; } .flow > .split { grid-column: 1 / -1; } .flow > .out { grid-column: 2 / -1; } .gallery { grid-template-columns: repeat(auto-fill, minmax(min(100%, 9.5rem), 1fr)); gap: .9rem; } }
@media print { :root { color-scheme: light; --paper: #fff; --ink: #000; --quiet: #444; --line: #bbb; --soft: #fff; --link: #000; --warn: #b00020; --warn-soft: #fff; --good: #00694e; --net1: #0072b2; --net2: #c25700; --net3: #00795a; --net4: #a8478a; --cell: 0, 114, 178; }
  @page { margin: 15mm 14mm; } html { font-size: 10pt; } body { display: block; padding: 0; max-width: none; } nav ol { position: static; columns: 3; max-height: none; } #slider, .skip { display: none !important; }
  .scroll { overflow: visible; } table { font-size: 7pt; } th, td { padding-right: .5rem; } thead th { white-space: normal; } .number { white-space: normal; } thead { display: table-header-group; } thead button::after { content: ""; }
  tr, figure, .panel, .verdict, .flow > li, .gallery li { break-inside: avoid; } h2, h3, caption, summary { break-after: avoid; } a { text-decoration: none; } details::details-content { content-visibility: visible; block-size: auto; opacity: 1; }
  .panels { grid-template-columns: repeat(2, 1fr); } .gallery { grid-template-columns: repeat(6, 1fr); gap: .8rem; } .gallery li:has(.pair) { grid-column: span 2; } .flow > .split { grid-column: span 2; } .flow > .out { grid-column: 3 / -1; } .data tbody th, caption { position: static; } .whisker, .scale { width: 3.5rem; } .flow ul { columns: auto; } td.words, tbody th { min-width: 0; } }
'''[1:]


# ======================================================================================================================
# cxrkit/report/page.html
# ======================================================================================================================

FILES['cxrkit/report/page.html'] = r'''
{#- The page. Everything that comes from data passes through autoescape, and through <bdi> where its direction may differ. -#}
{%- macro cell_text(cell) -%}
  {%- set shown = cell.text|clipped -%}
  {%- if cell.low is not none and " [" in shown -%}
    {%- set value, between = shown.split(" [", 1) -%}
    {{ value }} <span class="between">[{{ between }}</span>
  {%- else -%}
  {%- if cell.url|safe_url -%}<a href="{{ cell.url|safe_url }}" rel="noopener noreferrer"><bdi>{{ shown }}</bdi></a>{%- else -%}<bdi>{{ shown }}</bdi>{%- endif -%}
  {%- endif -%}
{%- endmacro -%}
{%- macro body(table) %}
<div class="scroll" tabindex="0" role="region" aria-labelledby="cap-{{ table.name }}">
<table class="data{% if table.rows|length > 1 %} sortable{% endif %}">
<caption id="cap-{{ table.name }}">{{ table.caption|clipped }}</caption>
<thead><tr>{% for column in table.columns %}<th scope="col"{% if column.number %} class="number"{% endif %}><span class="title">{{ column.title }}</span>
{%- if column.scale %}<span class="scale" aria-hidden="true"><span>{{ column.scale[0]|tick }}</span><span>{{ column.scale[1]|tick }}</span></span>{% endif %}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in table.rows -%}
<tr{% if row[0].tone %} class="{{ row[0].tone }}"{% endif %}>{% for cell in row -%}
{%- set column = table.columns[loop.index0] -%}
{%- if loop.first %}<th scope="row">{{ cell_text(cell) }}</th>{% else -%}
<td class="{{ 'number' if column.number else 'words' }}{% if cell.tone %} {{ cell.tone }}{% endif %}"{% if cell.value is not none %} data-value="{{ cell.value }}"{% endif %}>{{ cell_text(cell) }}{{ cell|whisker(column.scale) }}</td>
{%- endif -%}{%- endfor %}</tr>
{% endfor -%}
</tbody></table></div>
{% if table.note %}<p class="note">{{ table.note }}</p>{% endif %}
{%- endmacro -%}
{%- macro show(table) -%}
{%- if table and table.rows -%}
{%- if table.open -%}<div class="table">{{ body(table) }}</div>
{%- else -%}<details class="table"><summary>{{ table.caption|clipped }}</summary>{{ body(table) }}</details>{%- endif -%}
{%- endif -%}
{%- endmacro -%}
{%- macro figures(found, caption) -%}
{%- if found -%}
<figure><div class="panels">{% for figure in found %}<div class="panel{{ ' wide' if figure.wide }}" role="img" aria-label="{{ figure.alt }}">{{ figure.svg }}</div>{% endfor %}</div>
<figcaption>{{ caption }}</figcaption></figure>
{%- endif -%}
{%- endmacro -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{{ script_hash }}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>{{ title|clipped }}</title>
<style>{{ style }}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<header>
<p class="kind">cxrkit report</p>
<h1>Which network tells COVID-19 chest films from healthy ones, and can the answer be trusted?</h1>
<p class="lede">Experiment <strong><bdi>{{ experiment|clipped }}</bdi></strong>: {{ lede }} <em>{{ research_only }}</em></p>
{% if marks %}<ul class="marks" aria-label="What must not be overlooked">{% for _, sentence in marks %}<li><bdi>{{ sentence|clipped(600) }}</bdi></li>{% endfor %}</ul>{% endif %}
</header>
<nav aria-label="Contents"><p id="contents">Contents</p><ol>{% for id, heading in contents %}<li><a href="#{{ id }}">{{ heading }}</a></li>{% endfor %}</ol></nav>
<main>

<section id="verdict" aria-labelledby="h-verdict" tabindex="-1"><h2 id="h-verdict">Verdict</h2>
<div class="verdict {{ verdict.tone }}">
<h3>Can the scores be trusted?</h3>
<p>{{ verdict.trust|clipped(3000) }}</p>
{% if not audited %}<p>The audit is one command: <code>{{ audit_command }}</code></p>{% endif %}
<h3>Which network is best?</h3>
<p>{{ verdict.best|clipped(1200) }}</p>
</div>
{{ show(reasons) }}
</section>

<section id="study" aria-labelledby="h-study" tabindex="-1"><h2 id="h-study">The study’s table beside ours</h2>
{{ show(tables.scores) }}{{ show(tables.differs) }}{{ show(tables.runs) }}
</section>

<section id="best" aria-labelledby="h-best" tabindex="-1"><h2 id="h-best">Which network is best</h2>
<p>{{ verdict.best|clipped(1200) }}</p>
{% if matrix.names|length > 1 %}
<div class="scroll" tabindex="0" role="region" aria-labelledby="cap-matrix"><table class="matrix"><caption id="cap-matrix">The network of the row against the network of the column: is it better, worse, equivalent, or is it undecided? Below: its error less the other’s in points, with the 95 % interval.</caption>
<thead><tr><td></td>{% for name in matrix.names %}<th scope="col"><bdi>{{ name|clipped }}</bdi></th>{% endfor %}</tr></thead>
<tbody>{% for name, row in matrix.rows %}<tr><th scope="row"><bdi>{{ name|clipped }}</bdi></th>{% for word, text in row %}<td class="{{ word }}">{% if word %}<strong>{{ word }}</strong><span>{{ text }}</span>{% else %}<span aria-hidden="true">·</span>{% endif %}</td>{% endfor %}</tr>{% endfor %}</tbody></table></div>
{% endif %}
{{ figures(plots.errors, "Dots are our runs, the bar their mean with its 95 % interval, the cross the study’s one run on its own films.") }}
{{ show(tables.networks) }}{{ show(tables.pairs) }}
</section>

<section id="lungs" aria-labelledby="h-lungs" tabindex="-1"><h2 id="h-lungs">What knows nothing of lungs</h2>
{% if audited %}{% for table in audits %}{{ show(table) }}{% endfor %}
{% else %}<p>No audit was run, so it is not known whether these scores come from lungs or from image size, borders and sources. <code>{{ audit_command }}</code> finds out, from the same folder; make the report again afterwards.</p>{% endif %}
</section>

<section id="data" aria-labelledby="h-data" tabindex="-1"><h2 id="h-data">Where the films come from, and where they went</h2>
<figure><ol class="flow">{% for step in flow %}<li class="{{ step.kind }}"><strong>{{ "{:,}".format(step.count) }}</strong> {{ step.title }}
{%- if step.parts %}<ul>{% for words, count in step.parts[:12] %}<li><span>{{ "{:,}".format(count) }}</span> <bdi>{{ words|clipped(160) }}</bdi></li>{% endfor %}{% if step.parts|length > 12 %}<li>and {{ step.parts|length - 12 }} further reasons, in the table below</li>{% endif %}</ul>{% endif %}</li>{% endfor %}</ol>
<figcaption>The way of the images: what was read, what was left out and why, and the splits. Nothing is dropped unlisted; manifest.csv holds every row.</figcaption></figure>
{{ show(tables.splits) }}{{ show(tables.sources) }}{{ show(tables.left_out) }}
</section>

<section id="learning" aria-labelledby="h-learning" tabindex="-1"><h2 id="h-learning">Learning curves</h2>
{{ figures(plots.losses, "Loss over the epochs: thin lines are seeds, the thick one their median.") }}
{{ figures(plots.lr_find, "The learning-rate finder, and the rate chosen for each seed.") }}
{% if not plots.losses %}<p>The results hold no learning curves.</p>{% endif %}
</section>

<section id="curves" aria-labelledby="h-curves" tabindex="-1"><h2 id="h-curves">ROC and precision-recall</h2>
{{ figures(plots.curves, curves_caption) }}
</section>

<section id="confusion" aria-labelledby="h-confusion" tabindex="-1"><h2 id="h-confusion">Confusion matrices, and other thresholds</h2>
<div class="matrices">{% for network, run, counts in confusions %}<table class="confusion"><caption>{{ network }} <span>{{ run }}, threshold {{ threshold }}</span></caption>
<thead><tr><td></td><th scope="col">called COVID-19</th><th scope="col">called normal</th></tr></thead>
<tbody><tr><th scope="row">is COVID-19</th>{{ shade(counts, "tp", "fn") }}{{ shade(counts, "fn", "tp") }}</tr><tr><th scope="row">is normal</th>{{ shade(counts, "fp", "tn") }}{{ shade(counts, "tn", "fp") }}</tr></tbody></table>{% endfor %}</div>
<form id="slider" hidden aria-labelledby="h-slider"><h3 id="h-slider">Move the threshold</h3>
<p class="controls"><label>Network <select id="run"></select></label> <label>Threshold <input id="threshold" type="range" min="0" max="1" step="0.001"></label> <output id="shown" for="threshold run"></output> <button type="button" id="reset">Back to {{ threshold }}</button></p>
<div class="live" aria-live="polite"><table class="confusion"><caption>At this threshold <span id="of"></span></caption>
<thead><tr><td></td><th scope="col">called COVID-19</th><th scope="col">called normal</th></tr></thead>
<tbody><tr><th scope="row">is COVID-19</th><td class="number" id="tp"></td><td class="number" id="fn"></td></tr><tr><th scope="row">is normal</th><td class="number" id="fp"></td><td class="number" id="tn"></td></tr></tbody></table>
<dl><dt>Sensitivity</dt><dd id="sensitivity"></dd><dt>Specificity</dt><dd id="specificity"></dd><dt>Error rate</dt><dd id="error_rate"></dd></dl></div>
<p class="note">Counted in your browser from the predictions that this page carries; a film is called COVID-19 from the threshold on. Choosing a threshold on these films makes them look better than new ones will.</p></form>
{{ show(tables.thresholds) }}{{ show(tables.operating) }}{{ show(tables.predictive) }}
</section>

<section id="calibration" aria-labelledby="h-calibration" tabindex="-1"><h2 id="h-calibration">Calibration</h2>
{{ figures(plots.reliability, "Share of COVID-19 films over the mean probability, in bins of equal numbers of images; whiskers are Wilson 95 %. On the dotted line a probability means what it says.") }}
{{ show(tables.calibration) }}
</section>

<section id="films" aria-labelledby="h-films" tabindex="-1"><h2 id="h-films">Films that went wrong, or nearly</h2>
<p>{{ gallery_lede }}</p>
<ul class="gallery">{% for film in gallery %}<li><figure>
{%- if film.src %}<img src="{{ film.src }}" alt="{{ film.alt|clipped(300) }}"{% if film.pair %} class="pair"{% endif %}>
{%- else %}<div class="hidden-film"><p>Not shown: {{ film.why|clipped(200) }}.</p></div>{% endif %}
<figcaption><strong>{{ film.network }}</strong>, {{ film.kind }}<br>{{ film.label|clipped }}, called COVID&#8209;19 with <span class="p">{{ "%.3f"|format(film.p_covid) }}</span><br>
{% if film.case_url|safe_url %}<a href="{{ film.case_url|safe_url }}" rel="noopener noreferrer"><bdi>{{ film.image_id|clipped(120) }}</bdi></a>{% else %}<bdi>{{ film.image_id|clipped(120) }}</bdi>{% endif %}<br>
<small><bdi>{{ film.credit|clipped(300) or "no credit known" }}</bdi>; licence <bdi>{{ film.licence|clipped(80) or "unknown" }}</bdi></small></figcaption></figure></li>{% endfor %}</ul>
{{ show(tables.films) }}
</section>

<section id="speed" aria-labelledby="h-speed" tabindex="-1"><h2 id="h-speed">Speed, against the study</h2>
{{ show(tables.speed) }}{{ show(tables.stages) }}
{% if not tables.speed.rows %}<p>The results hold no times.</p>{% endif %}
</section>

<section id="repeat" aria-labelledby="h-repeat" tabindex="-1"><h2 id="h-repeat">Environment, seeds, hashes, and how to repeat it</h2>
<p>The same results again:</p>
<pre tabindex="0"><code>{{ repeat }}</code></pre>
<p>{% if "DIR" in repeat %}DIR is the folder of that source on your machine. {% endif %}This page alone, from the results: <code>python -m cxrkit report RUN</code></p>
{{ show(tables.environment) }}{{ show(tables.settings) }}{{ show(tables.checksums) }}
</section>
</main>
<footer><p>Made by cxrkit {{ version }} from the files beside it. Their sum is in checksums.json; every figure can be traced to rows of predictions.csv.</p></footer>
<script type="application/json" id="predictions">{{ embedded|tojson }}</script>
<script>{{ script }}</script>
</body>
</html>
'''[1:]


# ======================================================================================================================
# cxrkit/report/page.js
# ======================================================================================================================

FILES['cxrkit/report/page.js'] = r'''
"use strict";
// Sorting, the threshold and printing; without it the page lacks nothing but these.
(function () {
  function sortable(table) {
    const body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach(function (head, column) {
      const title = head.querySelector(".title");
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title.textContent;
      title.replaceWith(button);
      button.addEventListener("click", function () {
        const falling = head.getAttribute("aria-sort") === "ascending";
        const key = function (row) {
          const cell = row.cells[column];
          return cell.dataset.value === undefined ? cell.textContent.trim() : Number(cell.dataset.value);
        };
        const empty = function (value) { return value === "" || value === "–"; };
        const order = function (a, b) {
          const x = key(a), y = key(b);
          if (empty(x) || empty(y)) { return empty(x) - empty(y); }
          const found = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
          return falling ? -found : found;
        };
        Array.from(body.rows).sort(order).forEach(function (row) { body.appendChild(row); });
        Array.from(table.tHead.rows[0].cells).forEach(function (other) { other.removeAttribute("aria-sort"); });
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      });
    });
  }
  document.querySelectorAll("table.sortable").forEach(sortable);

  const data = JSON.parse(document.getElementById("predictions").textContent);
  const at = function (id) { return document.getElementById(id); };

  function wilson(count, n, units) {
    const z = data.z, share = count / n;
    const centre = (share + z * z / (2 * units)) / (1 + z * z / units);
    const half = z * Math.sqrt(share * (1 - share) / units + z * z / (4 * units * units)) / (1 + z * z / units);
    return [share, share === 0 ? 0 : Math.max(0, centre - half), share === 1 ? 1 : Math.min(1, centre + half)];
  }
  function told(count, n, units, digits) {
    if (!n) { return "–"; }
    const found = wilson(count, n, units).map(function (value) { return value.toFixed(digits); });
    return found[0] + " [" + found[1] + ", " + found[2] + "]";
  }
  // Mean counts over the runs chosen: one seed, or all seeds of a network.
  function counts(runs, threshold) {
    const sum = { tp: 0, fn: 0, tn: 0, fp: 0 };
    runs.forEach(function (run) {
      run.p.forEach(function (p, index) {
        const covid = data.is_covid[index] === 1, called = p >= threshold;
        sum[covid ? (called ? "tp" : "fn") : (called ? "fp" : "tn")] += 1 / runs.length;
      });
    });
    return sum;
  }
  function show() {
    const choice = data.choices[Number(at("run").value)];
    const threshold = Number(at("threshold").value);
    const found = counts(choice.runs.map(function (index) { return data.runs[index]; }), threshold);
    ["tp", "fn", "fp", "tn"].forEach(function (name) { at(name).textContent = String(Number(found[name].toFixed(2))); });
    const covid = found.tp + found.fn, normal = found.tn + found.fp, n = covid + normal;
    at("shown").textContent = threshold.toFixed(3);
    at("of").textContent = choice.name;
    at("sensitivity").textContent = told(found.tp, covid, data.units.covid, 3);
    at("specificity").textContent = told(found.tn, normal, data.units.normal, 3);
    at("error_rate").textContent = told(found.fn + found.fp, n, data.units.all, 4);
  }
  if (data.runs.length) {
    data.choices.forEach(function (choice, index) {
      const option = document.createElement("option");
      option.value = String(index);
      option.textContent = choice.name;
      at("run").appendChild(option);
    });
    at("threshold").value = String(data.threshold);
    ["input", "change"].forEach(function (event) { at("slider").addEventListener(event, show); });
    at("reset").addEventListener("click", function () { at("threshold").value = String(data.threshold); show(); });
    at("slider").addEventListener("submit", function (event) { event.preventDefault(); });
    at("slider").hidden = false;
    show();
  }

  const opened = [];
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (part) { part.open = true; opened.push(part); });
  });
  window.addEventListener("afterprint", function () { opened.splice(0).forEach(function (part) { part.open = false; }); });
})();
'''[1:]


# ======================================================================================================================
# cxrkit/report/page.py
# ======================================================================================================================

FILES['cxrkit/report/page.py'] = r'''
"""report.html and what travels with it, from a results folder alone."""

import base64
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cxrkit import __version__
from cxrkit.data import overview
from cxrkit.evaluation import metrics, outcome, study
from cxrkit.files import write_checksums, write_text
from cxrkit.report import audit_tables, cards, data_tables, facts, plots, settings_tables, tables, text, threshold_tables, words

HERE = Path(__file__).parent
LONGEST = 300
"""Characters of other people's text that a cell shows."""
PICTURES = {".png": "image/png", ".jpg": "image/jpeg"}
MOST_PICTURE_BYTES = 3_000_000
"""Of all pictures together; the page stays under 5 MB, and further films stand with their credit alone."""
CONTENTS = (
    ("verdict", "Verdict"),
    ("study", "The study’s table beside ours"),
    ("best", "Which network is best"),
    ("lungs", "What knows nothing of lungs"),
    ("data", "Where the films come from"),
    ("learning", "Learning curves"),
    ("curves", "ROC and precision-recall"),
    ("confusion", "Confusion and thresholds"),
    ("calibration", "Calibration"),
    ("films", "Films that went wrong"),
    ("speed", "Speed"),
    ("repeat", "How to repeat it"),
)


@dataclass(frozen=True)
class Drawing:
    """An SVG figure of the page. alt: what it shows, for those who do not see it; wide: over the whole column."""

    svg: str
    alt: str
    wide: bool = False


def make(results):
    """Write report.html, report.md and the cards into a run's results, bring checksums.json up to date; return the files' paths.

    results: a run's folder or its results folder. Raises BadInput for a folder that is no whole run.
    """
    found = facts.read(results)
    if not (found.folder / "checksums.json").exists():
        write_checksums(found.folder)
    shown = data_tables.gallery(found)
    written = {"report.html": html(found, shown), "report.md": text.markdown(found, shown), **cards.all_of(found)}
    written["ATTRIBUTION.md"] = overview.attribution(found.everything)
    for name, content in written.items():
        write_text(found.folder / name, content)
    outcome.refresh_checksums(found.folder, written)
    return [found.folder / name for name in written]


def html(found, shown):
    """The text of report.html. shown: data_tables.Films."""
    script = (HERE / "page.js").read_text("utf-8")
    return (
        environment()
        .get_template("page.html")
        .render(
            title=f"{words.TITLE}, {found.run.name}",
            style=_markup((HERE / "page.css").read_text("utf-8")),
            script=_markup(script),
            script_hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            **values(found, shown),
        )
    )


def values(found, shown):
    """What the template shows, by name."""
    audits = found.audits or {}
    return {
        "experiment": found.run.name,
        "lede": words.lede(found),
        "research_only": words.RESEARCH_ONLY,
        "marks": found.marks(),
        "contents": CONTENTS,
        "verdict": words.verdict(found),
        "audited": bool(found.audits),
        "audit_command": facts.AUDIT_COMMAND,
        "reasons": audit_tables.reasons(audits),
        "audits": audit_tables.all_of(audits),
        "matrix": matrix(found.comparison),
        "tables": {name: make_table(found) for name, make_table in TABLES.items()} | {"films": data_tables.films(found, shown)},
        "plots": drawings(found),
        "curves_caption": f"{found.comparison['n']} {facts.SPLIT_WORDS[found.held]} images, {found.comparison['covid']} of them COVID-19. Lines: mean over seeds; bands: from the lowest seed to the highest. Dotted: guessing.",
        "flow": data_tables.flow(found),
        "confusions": threshold_tables.confusions(found),
        "threshold": f"{found.metrics['threshold']:g}",
        "gallery": pictures(found, shown),
        "gallery_lede": gallery_lede(found),
        "embedded": embedded(found),
        "repeat": found.repeat(),
        "version": __version__,
    }


TABLES = {
    "scores": tables.beside_the_study,
    "differs": tables.differs_from_study,
    "runs": tables.every_run,
    "networks": tables.networks,
    "pairs": tables.pairs,
    "splits": data_tables.splits,
    "sources": data_tables.sources,
    "left_out": data_tables.left_out,
    "thresholds": threshold_tables.thresholds,
    "operating": threshold_tables.operating_points,
    "predictive": threshold_tables.predictive_values,
    "calibration": threshold_tables.calibration,
    "speed": settings_tables.speed,
    "stages": settings_tables.stages,
    "environment": settings_tables.environment,
    "settings": settings_tables.experiment,
    "checksums": settings_tables.checksums,
}


OPPOSITE = {"better": "worse", "worse": "better"}


def matrix(comparison):
    """{names, rows}: for each ordered pair of networks the verdict and the difference; empty texts on the diagonal."""
    names = [network["name"] for network in comparison["networks"]]
    found = {}
    for pair in comparison["pairs"]:
        found[pair["a"], pair["b"]] = pair["verdict"], tables.points(pair["difference"]).text
        turned = {
            key: None if pair["difference"][other] is None else -pair["difference"][other]
            for key, other in (("value", "value"), ("low", "high"), ("high", "low"))
        }
        found[pair["b"], pair["a"]] = OPPOSITE.get(pair["verdict"], pair["verdict"]), tables.points(turned).text
    return {"names": names, "rows": [(a, [found.get((a, b), ("", "")) for b in names]) for a in names]}


def drawings(found):
    """{name: Drawings} of the page's figures."""
    marks = [short for short, _ in found.marks()]

    def draw(name, alt, size, function, *arguments, wide=False):
        return Drawing(_markup(plots.svg(lambda axes: function(axes, *arguments), size, marks, name)), alt, wide)

    scores = {name: mine for name in found.architectures if (mine := found.scores(name)) is not None}
    published = {name: counts.wrong / counts.n for name, counts in study.confusions().items()}
    networks = found.comparison["networks"]
    told = "; ".join(f"{network['name']} {100 * network['error_rate']['value']:.2f} %" for network in networks)
    bins = {
        row["architecture"]: row["calibration"]["before"]["bins"]
        for row in map(found.mean, found.architectures)
        if row and row.get("calibration")
    }
    bins |= {
        row["architectures"][0]: row["calibration"]["before"]["bins"]
        for row in found.metrics["ensembles"]
        if len(row["architectures"]) == 1 and row["split"] == found.held and row.get("calibration")
    }
    areas = ", ".join(f"{facts.short(name)} AUC {tables.interval(found.mean(name)['auc']).text}" for name in scores)
    learning = {
        "losses": (found.epochs, plots.losses, "Training and validation loss of"),
        "lr_find": (found.finder, plots.lr_find, "Learning-rate finder of"),
    }
    result = {
        "errors": [
            draw("errors", f"Error rates: mean {told}.", (5.4, 0.7 * len(networks) + 0.6), plots.errors, networks, published, wide=True)
        ],
        "curves": [
            draw("roc", f"ROC curves. {areas}.", (4.2, 4.0), plots.roc, scores),
            draw("pr", "Precision-recall curves of the same networks.", (4.2, 4.0), plots.precision_recall, scores),
        ],
        "reliability": [
            draw(
                f"reliability-{name}",
                f"Reliability curve of {facts.short(name)}; its calibration error stands in the table below.",
                (4.2, 3.4),
                plots.reliability,
                mine,
                name,
            )
            for name, mine in bins.items()
        ],
    }
    for name, (table, function, told_of) in learning.items():
        result[name] = []
        for architecture in table["architecture"].unique() if len(table) else ():
            mine = table[table["architecture"] == architecture]
            result[name].append(
                draw(
                    f"{name}-{architecture}",
                    f"{told_of} {facts.short(architecture)}, {mine['seed'].nunique()} seed(s).",
                    (4.2, 3.0),
                    function,
                    mine,
                    architecture,
                )
            )
    return result


def pictures(found, shown):
    """The gallery's films as dicts, with their picture as a data URI while there is room."""
    rows, room = [], MOST_PICTURE_BYTES
    for film in shown:
        row = asdict(film) | {
            "src": "",
            "pair": film.picture.startswith("figures/attention"),
            "alt": f"Chest film {film.image_id}, {film.label}"
            + (", and beside it where the network looked" if film.picture.startswith("figures/attention") else ""),
        }
        path = (found.folder / film.picture).resolve()
        if film.picture and path.suffix in PICTURES and path.is_relative_to(found.folder.resolve()) and path.is_file():
            if path.stat().st_size <= room:
                room -= path.stat().st_size
                row["src"] = f"data:{PICTURES[path.suffix]};base64,{base64.b64encode(path.read_bytes()).decode()}"
            else:
                row["why"] = "the page has no room for more pictures"
        elif film.picture:
            row["why"] = "its picture is not in the results"
        rows.append(row)
    return rows


def gallery_lede(found):
    shown = "Pictures stand here only where the licence lets them be shown; the others have their credit and a link."
    if ((found.audits or {}).get("attention") or {}).get("gallery"):
        return "Errors, hits with the greatest loss, and some ordinary hits; beside each film, where the network looked. " + shown
    return (
        f"The {data_tables.WORST} dearest films of each network, by the mean probability over its seeds. Attention maps come with the audit ({facts.AUDIT_COMMAND}). "
        + shown
    )


def embedded(found):
    """What the threshold's slider counts from: the held-out predictions of each run."""
    runs, choices, units, truth = [], [], None, None
    for architecture in found.architectures:
        mine = found.scores(architecture)
        if mine is None:
            continue
        first, name = len(runs), facts.short(architecture)
        runs += [{"p": p.tolist()} for p in mine.p_covid]
        every = list(range(first, len(runs)))
        if len(every) > 1:
            choices.append({"name": f"{name}, mean of {len(every)} seeds", "runs": every})
        choices += [{"name": f"{name}, seed {seed}", "runs": [index]} for seed, index in zip(mine.seeds, every)]
        covid, normal = metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])
        n_covid, n_normal = int(mine.is_covid.sum()), int((~mine.is_covid).sum())
        squares = sum(n * n / worth for n, worth in ((n_covid, covid), (n_normal, normal)) if n)
        units = {"covid": covid, "normal": normal, "all": (n_covid + n_normal) ** 2 / squares}
        truth = mine.is_covid.astype(int).tolist()
    return {
        "threshold": found.metrics["threshold"],
        "z": float(metrics.Z),
        "is_covid": truth or [],
        "units": units,
        "runs": runs,
        "choices": choices,
    }


def environment():
    """The Jinja environment of the page."""
    import jinja2

    made = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=False)
    made.filters |= {"clipped": clipped, "safe_url": safe_url, "whisker": whisker, "tick": lambda value: f"{value:.3g}".replace("-", "−")}
    made.globals["shade"] = shade
    return made


def clipped(words, most=LONGEST):
    """The text on one line, cut where it is longer than `most`."""
    words = " ".join(str(words).split())
    return words if len(words) <= most else words[: most - 1] + "…"


def safe_url(url):
    """The address if it leads to a web page, else an empty text; a `javascript:` address would be run."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc and len(url) < 2000 else ""


def whisker(cell, scale):
    """A cell's dot and whisker as SVG, on its column's scale."""
    if not scale or cell.value is None:
        return ""
    start, end = scale
    at = [None if value is None else round(100 * (value - start) / ((end - start) or 1), 1) for value in (cell.low, cell.value, cell.high)]
    line = "" if at[0] is None or at[2] is None else f'<line x1="{at[0]}%" x2="{at[2]}%" y1="50%" y2="50%"/>'
    return _markup(f'<svg class="whisker" aria-hidden="true">{line}<circle cx="{at[1]}%" cy="50%" r="2.6"/></svg>')


def shade(counts, name, other):
    """A cell of a confusion matrix, the darker the larger its share of the row."""
    share = counts[name] / ((counts[name] + counts[other]) or 1)
    return _markup(
        f'<td class="number" style="background: rgba(var(--cell), {0.05 + 0.35 * share:.2f})">{tables.count_text(counts[name])}</td>'
    )


def _markup(words):
    from markupsafe import Markup

    return Markup(words)
'''[1:]


# ======================================================================================================================
# cxrkit/report/plots.py
# ======================================================================================================================

FILES['cxrkit/report/plots.py'] = r'''
"""The figures of a run, drawn from its result files: as SVG for the page, in the reader's colours, and as PNG.

A figure is drawn once, in the light colours. For the page each of these colours becomes a CSS variable, so that
the same drawing is dark on a dark page.
"""

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from sklearn.metrics import precision_recall_curve, roc_curve

from cxrkit.data import licences
from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS, POSITIVE
from cxrkit.errors import BadInput
from cxrkit.evaluation import predictions
from cxrkit.evaluation.scores import SHORT_NAMES, final_scores, read_predictions
from cxrkit.files import read_json, replacing
from cxrkit.report import thumbnails

COLOURS = dict(zip(SHORT_NAMES, ("#0072b2", "#c25700", "#00795a", "#a8478a")))
"""After Okabe and Ito's palette, which colour-blind readers can tell apart (https://jfly.uni-koeln.de/color/),
with the yellow tones darkened until all have a contrast of 4.5 to 1 on white."""
LINES = dict(zip(SHORT_NAMES, ("-", (0, (6, 2)), (0, (4, 1.5, 1, 1.5)), (0, (1.5, 1.5)))))
MARKERS = dict(zip(SHORT_NAMES, "osD^"))
INK, QUIET, WARN = "#1b1d1f", "#5c6166", "#b00020"
VARIABLES = {
    INK: "--ink",
    QUIET: "--quiet",
    WARN: "--warn",
    **{colour: f"--net{number}" for number, colour in enumerate(COLOURS.values(), 1)},
}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "cxrkit",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": QUIET,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "lines.linewidth": 1.4,
}
DPI = 120
WORST_SHOWN = 8


def svg(draw, size, marks=(), prefix=""):
    """The SVG text of draw(axes), in CSS variables. size: inches; marks: texts across it; prefix: of its ids, unique on a page."""
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        figure.patch.set_alpha(0)
        draw(figure.subplots())
        watermark(figure, marks)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return in_variables(text.getvalue(), prefix)


def in_variables(text, prefix):
    """matplotlib's SVG without its head, with CSS variables for colours, the page's font, and ids of its own."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"font: (?:bold )?([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    text = re.sub(r' id="', f' id="{prefix}-', text)
    text = text.replace('href="#', f'href="#{prefix}-').replace("url(#", f"url(#{prefix}-")
    text = re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", text, count=1), count=1)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"\n\s*", "\n", text)


def watermark(figure, marks):
    """Write each mark across a figure, as large as fits, so that it cannot be cropped away."""
    width = figure.get_figwidth() * 72
    for row, mark in enumerate(marks):
        height = 0.5 + 0.24 * ((len(marks) - 1) / 2 - row)
        size = min(44, 1.25 * width / len(mark))
        figure.text(0.5, height, mark.upper(), ha="center", va="center", fontsize=size, color=WARN, alpha=0.22, zorder=10)


def losses(axes, epochs, architecture):
    """Training and validation loss over the epochs of both stages, a thin line a seed, a thick one for the median."""
    colour = COLOURS[architecture]
    for column, style in (("train_loss", "--"), ("valid_loss", "-")):
        runs = [run[column].to_numpy() for _, run in epochs.groupby("seed", sort=False)]
        for run in runs if len(runs) > 1 else ():
            axes.plot(np.arange(1, len(run) + 1), run, color=colour, linestyle=style, linewidth=0.6, alpha=0.35)
        longest = max(map(len, runs))
        middle = np.nanmedian([np.pad(run.astype(float), (0, longest - len(run)), constant_values=np.nan) for run in runs], axis=0)
        axes.plot(
            np.arange(1, longest + 1),
            middle,
            color=colour,
            linestyle=style,
            label={"train_loss": "training", "valid_loss": "validation"}[column],
        )
    first = next(run for _, run in epochs.groupby("seed", sort=False))
    axes.axvline(int((first["stage"] == "frozen").sum()) + 0.5, color=QUIET, linewidth=0.7)
    axes.set(title=SHORT_NAMES.get(architecture, architecture), xlabel="epoch (line: body unfrozen)", ylabel="loss")
    if (epochs[["train_loss", "valid_loss"]].to_numpy() > 0).any():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.legend(loc="best", fontsize=8)


def lr_find(axes, finder, architecture):
    """The learning-rate finder's curves, a line a seed, with the rate that was chosen from each."""
    for _, run in finder.groupby("seed", sort=False):
        axes.plot(run["learning_rate"], run["loss"], color=COLOURS[architecture], linewidth=0.9, alpha=0.8)
        axes.axvline(run["chosen"].iloc[0], color=QUIET, linewidth=0.7)
    axes.set(title=SHORT_NAMES.get(architecture, architecture), xlabel="learning rate (line: chosen)", ylabel="smoothed loss", xscale="log")
    lowest, start = finder["loss"].min(), finder.loc[finder["step"] <= finder["step"].min() + 5, "loss"].max()
    axes.set_ylim(bottom=min(0.95 * lowest, lowest), top=min(finder["loss"].max() * 1.02, lowest + 3 * max(start - lowest, 0.2 * lowest)))


GRID = np.linspace(0, 1, 101)


def roc(axes, scores):
    """ROC curves of {architecture: Scores}: the mean over seeds, and a band from the lowest to the highest seed."""

    def curve(truth, p):
        alarms, hits, _ = roc_curve(truth, p)
        found = np.interp(GRID, alarms, hits)
        found[0] = 0
        return found

    _curves(axes, scores, curve)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="ROC", xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower right", fontsize=8)


def precision_recall(axes, scores):
    """Precision over sensitivity, drawn in the same way; at each sensitivity the best precision that reaches it."""

    def curve(truth, p):
        precision, recall, _ = precision_recall_curve(truth, p)
        return np.array([precision[recall >= wanted - 1e-12].max() for wanted in GRID])

    _curves(axes, scores, curve)
    share = next(iter(scores.values())).is_covid.mean()
    axes.axhline(share, color=QUIET, linewidth=0.7, linestyle=":")
    axes.set(title="Precision and recall", xlabel="sensitivity (recall)", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="lower left", fontsize=8)


def _curves(axes, scores, curve):
    for architecture, mine in scores.items():
        found = np.array([curve(mine.is_covid, p) for p in mine.p_covid])
        colour = COLOURS[architecture]
        if len(found) > 1:
            axes.fill_between(GRID, found.min(0), found.max(0), color=colour, alpha=0.15, linewidth=0)
        axes.plot(GRID, found.mean(0), color=colour, linestyle=LINES[architecture], label=SHORT_NAMES[architecture])


def reliability(axes, bins, architecture):
    """Share of COVID-19 over mean probability, in bins of equal size with Wilson's intervals: the bins of calibration."""
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.7, linestyle=":")
    x, y = (np.array([b[key] for b in bins]) for key in ("mean_p", "share_covid"))
    ends = np.maximum([y - [b["low"] for b in bins], [b["high"] for b in bins] - y], 0)
    axes.errorbar(x, y, yerr=ends, color=COLOURS[architecture], marker=MARKERS[architecture], markersize=4, linewidth=1, elinewidth=0.8)
    axes.set(title=SHORT_NAMES[architecture], xlabel="mean probability", ylabel="share COVID-19", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def errors(axes, networks, published):
    """Each run's error rate as a dot, the mean with its interval beside it, and the study's one run as a cross."""
    for row, network in enumerate(networks):
        colour, rate, values = COLOURS[network["architecture"]], network["error_rate"], np.array(network["errors"])
        order = np.argsort(np.argsort(values, kind="stable"), kind="stable")
        lift = 0.26 * (order % 5 - 2) / 2 if len(values) > 1 else np.zeros(1)
        axes.plot(
            100 * values,
            row - 0.12 + 0.6 * lift,
            linestyle="",
            marker=MARKERS[network["architecture"]],
            markersize=4,
            color=colour,
            alpha=0.65,
        )
        axes.plot([100 * rate["low"], 100 * rate["high"]], [row + 0.26] * 2, color=colour, linewidth=1.2)
        axes.plot(100 * rate["value"], row + 0.26, marker="|", markersize=9, color=colour)
        if network["architecture"] in published:
            axes.plot(100 * published[network["architecture"]], row - 0.12, marker="x", markersize=6, color=INK, linestyle="")
    axes.set(yticks=range(len(networks)), xlabel="error rate, %", ylim=(len(networks) - 0.5, -0.5))
    axes.set_yticklabels([network["name"] for network in networks])
    axes.set_xlim(left=min(0, axes.get_xlim()[0]))


def confusion(axes, counts, title):
    """One confusion matrix: rows are what the films are, columns what they were called."""
    matrix = np.array([[counts["tp"], counts["fn"]], [counts["fp"], counts["tn"]]], float)
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(2):
        for column in range(2):
            axes.text(
                column, row, f"{matrix[row, column]:.4g}", ha="center", va="center", color="white" if shares[row, column] > 0.5 else "black"
            )
    axes.set(title=title, xticks=[0, 1], xticklabels=LABELS, yticks=[0, 1], yticklabels=LABELS, xlabel="called", ylabel="is")


def draw_all(results, content, records, locate):
    """Write results/figures/*.png and the thumbnails of the dearest films; return the figures' paths.

    content: metrics.json's content; records: the manifest; locate: function from a record to its file,
    for thumbnails of films whose licence lets them be passed on.
    """
    results = Path(results)
    epochs, finder = (pd.read_csv(results / name) for name in ("epochs.csv", "lr_find.csv"))
    held = _held_out(read_predictions(results), content, records)
    scores = {
        name: predictions.scores(held.assign(split="held", group=held["image_id"]), name, "held") for name in held["architecture"].unique()
    }
    record_of = {record.image_id: record for record in records}
    run = read_json(results / "run.json")
    marks = ["drawn phantoms, not films"] * (run["data"] == "phantom") + ["random weights"] * (run["weights"] == "random")
    marks += ["leaking split"] * bool(run.get("leaks"))
    with rc_context(STYLE):
        figures = {
            "loss": _panels(epochs["architecture"].unique(), lambda axes, name: losses(axes, epochs[epochs["architecture"] == name], name)),
            "lr_find": _panels(
                finder["architecture"].unique(), lambda axes, name: lr_find(axes, finder[finder["architecture"] == name], name)
            ),
            "confusion": _panels(list(scores), lambda axes, name: confusion(axes, *_total(content, name))),
            "roc": _panels(["roc"], lambda axes, _: roc(axes, scores), width=4.6, height=4.4),
            "top_losses": draw_top_losses(held, record_of, locate),
        }
        for name, figure in figures.items():
            watermark(figure, marks)
            with replacing(results / "figures" / f"{name}.png") as temporary:
                figure.savefig(temporary, dpi=DPI, format="png", facecolor="white", metadata={"Software": None})
    thumbnails.write(results, [record_of[name] for name in _dearest(held)], locate)
    return [results / "figures" / f"{name}.png" for name in figures]


def _held_out(table, content, records):
    split_of = {record.image_id: record.split for record in records}
    held = final_scores(content)[0]["split"]
    return table[(table["stage"] == predictions.LAST_STAGE) & (table["image_id"].map(split_of) == held)]


def _panels(names, draw, width=3.4, height=3.0):
    figure = Figure(figsize=(width * len(names), height), layout="constrained")
    for name, axes in zip(names, figure.subplots(1, len(names), squeeze=False)[0]):
        draw(axes, name)
    return figure


def _total(content, architecture):
    """A network's confusion counts summed over seeds, and the panel's title."""
    mine = [score["confusion"] for score in final_scores(content) if score["architecture"] == architecture]
    total = {name: sum(counts[name] for counts in mine) for name in ("tp", "fn", "tn", "fp")}
    return total, f"{SHORT_NAMES[architecture]}, {len(mine)} seed(s)"


def _losses_of(rows):
    p_true = np.where(rows["label"] == POSITIVE, rows["p_covid"], 1 - rows["p_covid"])
    return rows.assign(loss=-np.log(np.clip(p_true, 1e-12, 1)))


def _dearest(held):
    """Images with the largest loss of each network's mean probability: those that the page's gallery shows."""
    means = held.groupby(["architecture", "image_id", "label"], as_index=False)["p_covid"].mean()
    worst = [mine.nlargest(WORST_SHOWN, "loss")["image_id"] for _, mine in _losses_of(means).groupby("architecture")]
    return sorted(set().union(*worst)) if worst else []


def draw_top_losses(held, record_of, locate):
    """The held-out images with the largest loss, a row a network; all seeds together."""
    names = held["architecture"].unique()
    figure = Figure(figsize=(1.7 * WORST_SHOWN, 2.3 * len(names)), layout="constrained")
    for architecture, row in zip(names, figure.subplots(len(names), WORST_SHOWN, squeeze=False)):
        worst = _losses_of(held[held["architecture"] == architecture]).nlargest(WORST_SHOWN, "loss")
        for axes, (_, image) in zip(row, worst.iterrows()):
            _show_film(axes, record_of[image["image_id"]], locate)
            axes.set_title(f"{image['label']}, p(covid) {image['p_covid']:.2f}\nloss {image['loss']:.2f}", fontsize=7)
        for axes in row:
            axes.set(xticks=[], yticks=[])
        row[0].set_ylabel(SHORT_NAMES[architecture])
    return figure


def _show_film(axes, record, locate):
    """The film itself where its licence lets it be shown, else its name and credit."""
    if licences.may_redistribute(record.licence):
        try:
            film = open_grey(locate(record))
            film.thumbnail((256, 256))
            axes.imshow(np.asarray(film), cmap="gray", vmin=0, vmax=255)
            axes.set_xlabel(_wrapped(f"{record.credit}, {record.licence}", 44), fontsize=4, parse_math=False)
            return
        except BadInput:
            pass
    axes.set(xlim=(0, 1), ylim=(0, 1))
    text = f"{record.image_id}\n\nlicence {record.licence or 'unknown'}:\nnot shown\n\n{record.credit}"
    axes.text(0.5, 0.5, _wrapped(text), ha="center", va="center", fontsize=5, parse_math=False)


def _wrapped(text, width=26, most=400):
    text = text if len(text) <= most else text[: most - 1] + "…"
    return "\n".join(line[i : i + width] for line in text.splitlines() for i in range(0, max(len(line), 1), width))
'''[1:]


# ======================================================================================================================
# cxrkit/report/settings_tables.py
# ======================================================================================================================

FILES['cxrkit/report/settings_tables.py'] = r'''
"""What a run was made with, as tables: its times, environment, settings and hashes."""

from cxrkit.evaluation import study
from cxrkit.files import read_json
from cxrkit.report.facts import short
from cxrkit.report.tables import Cell, Column, Table, number

STUDY_SIZE = 224
"""Side in pixels of the study's pictures."""
GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "ATTRIBUTION.md", "CITATION.cff")
"""Files of the report itself: their sums would change the page that lists them."""


def speed(facts):
    """Seconds an epoch beside the study's."""
    published, rows = study.tables()["networks"], []
    alike = facts.about["data"] == "films" and facts.about["experiment"].get("image_size") == STUDY_SIZE
    for architecture in facts.architectures:
        mine = facts.epochs[facts.epochs["architecture"] == architecture] if len(facts.epochs) else facts.epochs
        if not len(mine):
            continue
        epochs = [float(mine.loc[mine["stage"] == stage, "seconds"].median()) for stage in ("frozen", "unfrozen")]
        total = float(mine["seconds"].sum()) / max(1, mine["seed"].nunique())
        low, high = (published.get(architecture) or {}).get("seconds_per_epoch") or (None, None)
        faster = low / epochs[1] if alike and low and epochs[1] > 0 else None
        cells = [Cell(f"{value:.2f}" if value == value else "–", value if value == value else None) for value in epochs]
        rows.append(
            [
                Cell(short(architecture)),
                *cells,
                Cell(f"{low}–{high}" if low else "–", low),
                Cell(f"{faster:.0f} ×" if faster else "–", faster),
                Cell(f"{total:.1f}", total),
            ]
        )
    columns = (
        Column("network"),
        *[Column(title, True) for title in ("s/epoch, frozen", "s/epoch, unfrozen", "the study, s/epoch", "faster", "s, one training")],
    )
    device = facts.about.get("device") or {}
    where = f"{device.get('value', 'unknown device')} ({device.get('reason', '')})"
    note = f"Medians over epochs and seeds, on {where}; images of {facts.about['experiment'].get('image_size', '?')} pixels. The study trained on Kaggle's GPU of 2020, on films of 224 pixels decoded anew each time; beside other images no factor is given."
    return Table("speed", "Seconds an epoch of training, beside the study's.", columns, rows, note)


def stages(facts):
    """Seconds of each stage of the whole run."""
    seconds = facts.about.get("seconds") or {}
    rows = [[Cell(name), Cell(f"{value:,.1f}", value)] for name, value in seconds.items()]
    return Table("stages", f"The whole run took {sum(seconds.values()):,.0f} s.", (Column("stage"), Column("seconds", True)), rows)


def environment(facts):
    """Device, versions, seeds and hashes."""
    about, device = facts.about, facts.about.get("device") or {}
    bundle = about.get("bundle") or {}
    memory = about.get("peak_memory_bytes")
    rows = {
        "device": f"{device.get('value', 'not known')} ({device.get('reason', '')})",
        "precision": _plain(about.get("precision")),
        "place": about.get("place"),
        "system": about.get("system"),
        "processors": about.get("processors"),
        "peak memory": memory and f"{memory / 1e9:.2f} GB",
        "seeds": ", ".join(map(str, about["experiment"].get("seeds") or [])),
        "weights at the start": about["weights"],
        "manifest.csv, SHA-256": about["manifest_sha256"],
        "experiment, SHA-256": about.get("experiment_sha256"),
        "kit's source, SHA-256": bundle.get("source_sha256"),
        "run": bundle.get("run_id"),
        **{name: version for name, version in (about.get("versions") or {}).items()},
    }
    shown = [[Cell(name), Cell(str(value))] for name, value in rows.items() if value not in (None, "")]
    return Table("environment", "What it ran on and with.", (Column("what"), Column("value")), shown)


def experiment(facts):
    """The resolved experiment."""
    rows = [[Cell(key), Cell(_plain(value))] for key, value in facts.about["experiment"].items()]
    return Table("experiment", "The experiment, each key as it was resolved.", (Column("key"), Column("value")), rows, open=False)


def _plain(value):
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def checksums(facts):
    """SHA-256 of every result file but the report's own."""
    path = facts.folder / "checksums.json"
    listed = read_json(path) if path.exists() else {}
    rows = [[Cell(name), number(entry["bytes"]), Cell(entry["sha256"])] for name, entry in listed.items() if name not in GENERATED]
    return Table(
        "checksums",
        f"SHA-256 of the {len(rows)} result files.",
        (Column("file"), Column("bytes", True), Column("SHA-256")),
        rows,
        open=False,
    )
'''[1:]


# ======================================================================================================================
# cxrkit/report/tables.py
# ======================================================================================================================

FILES['cxrkit/report/tables.py'] = r'''
"""The report's tables as values, so that the page and its text twin show the same ones."""

from dataclasses import dataclass

from cxrkit.evaluation import metrics, study
from cxrkit.evaluation.scores import figure_text
from cxrkit.report.facts import SPLIT_WORDS, short

RATES = (("error_rate", "error rate", 4), ("sensitivity", "sensitivity", 3), ("specificity", "specificity", 3))


@dataclass(frozen=True)
class Cell:
    """One cell. text: what is shown; value: what it is sorted by; low, high: the interval that is drawn; url: where it leads."""

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Column:
    """title; number: aligned to the right; scale: (from, to) of the dots and whiskers, None where there are none."""

    title: str
    number: bool = False
    scale: tuple | None = None


@dataclass(frozen=True)
class Table:
    """caption: what it shows, with n; note: what to know for reading it; the first cell of a row names the row."""

    name: str
    caption: str
    columns: tuple
    rows: list
    note: str = ""
    open: bool = True


def interval(figure, digits=3):
    """A figure of metrics.json as a Cell, with its interval."""
    if figure is None or figure["value"] is None:
        return Cell("–")
    return Cell(figure_text(figure, digits), figure["value"], figure["low"], figure["high"])


def area(row):
    """An area of audits.json as a Cell."""
    if not row or row.get("auc") is None:
        return Cell("–")
    low, high = row.get("interval") or (None, None)
    return interval({"value": row["auc"], "low": low, "high": high})


def number(value, text=None):
    return Cell("–" if value is None else text or f"{value:,}", value)


def count_text(count):
    """A count, or a mean of counts with up to two decimals."""
    return f"{count:.2f}".rstrip("0").rstrip(".")


def points(figure):
    """A difference in error rate in points, with its interval."""
    if figure is None or figure["value"] is None:
        return Cell("–")
    value, low, high = (None if figure[key] is None else round(100 * figure[key], 2) + 0.0 for key in ("value", "low", "high"))
    text = f"{value:+.2f}" + ("" if low is None else f" [{low:+.2f}, {high:+.2f}]")
    return Cell(text.replace("-", "\u2212"), value, low, high)


def scale_of(rows, index, floor=None, ceiling=None):
    """(from, to) that holds every interval of a column."""
    ends = [end for row in rows for end in (row[index].value, row[index].low, row[index].high) if end is not None]
    if not ends:
        return None
    low, high = min(ends) if floor is None else floor, max(ends) if ceiling is None else ceiling
    return (min(low, min(ends)), max(high, max(ends))) if high > low else None


def beside_the_study(facts):
    """Our networks beside the study's: the first row is what knows nothing of lungs, where an audit was run."""
    rows = []
    blind = best_without_lungs(facts.audits)
    if blind:
        held = blind.get("held_out") or blind
        rows.append([Cell("no lungs seen"), Cell(blind["title"]), number(held["n"]), *[Cell("–")] * 4, *[Cell("–")] * 3, area(held)])
    published = {name: counts for name, counts in study.confusions().items()}
    for architecture in dict.fromkeys([*facts.architectures, *published]):
        row = facts.mean(architecture)
        if row:
            rows.append(_score_row(row, short(architecture), runs_of(row), facts.held))
        if architecture in published:
            counts = published[architecture]
            rows.append(
                _score_row({"confusion": vars(counts), **metrics.rates(counts), "auc": None}, short(architecture), "the 2020 study", "")
            )
    rows += [
        _score_row(row, "all networks", f"ensemble of {row['of']}", facts.held) for row in ensembles(facts) if len(row["architectures"]) > 1
    ]
    caption = f"Scores on {facts.comparison['n']} {SPLIT_WORDS[facts.held]} images of {facts.comparison['patients']} patients, {facts.comparison['covid']} of them COVID-19, at threshold {facts.metrics['threshold']:g}; the study's on its own 268."
    note = "95 % intervals: Wilson for rates, DeLong and Newcombe for AUC; images of one patient count as what they are worth. A row of several seeds shows the mean; its interval is over patients, for these seeds. COVID-19 is the positive class. The study published no AUC, and its counts are implied by its rates."
    return Table("scores", caption, _score_columns(rows), rows, note)


def runs_of(row):
    return f"mean of {len(row['seeds'])} seeds" if "seeds" in row else f"seed {row['seed']}"


def _score_row(row, name, run, split):
    counts = [number(row["confusion"][key], count_text(row["confusion"][key])) for key in ("tp", "fn", "tn", "fp")]
    n = round(sum(row["confusion"].values()))
    return [
        Cell(name, tone="" if split else "study"),
        Cell(run + (f", {SPLIT_WORDS[split]}" if split else "")),
        number(n),
        *counts,
        *[interval(row[key], digits) for key, _, digits in RATES],
        interval(row["auc"]),
    ]


def _score_columns(rows):
    counts = [Column(title, True) for title in ("n", "TP", "FN", "TN", "FP")]
    scales = [scale_of(rows, 7, floor=0), scale_of(rows, 8, ceiling=1), scale_of(rows, 9, ceiling=1), scale_of(rows, 10, ceiling=1)]
    names = [title for _, title, _ in RATES] + ["AUC"]
    return (Column("network"), Column("run"), *counts, *[Column(name, True, scale) for name, scale in zip(names, scales)])


def ensembles(facts):
    return [row for row in facts.metrics["ensembles"] if row["split"] == facts.held]


def every_run(facts):
    """Each seed on each split after the last stage, and each network's ensemble."""
    rows = []
    for row in facts.metrics["scores"]:
        if row["stage"] == "unfrozen":
            rows.append(
                _score_row(row, short(row["architecture"]), f"seed {row['seed']}", row["split"]) + [interval(row["average_precision"])]
            )
    for row in ensembles(facts):
        if len(row["architectures"]) == 1:
            rows.append(
                _score_row(row, short(row["architectures"][0]), f"ensemble of {row['of']}", facts.held)
                + [interval(row["average_precision"])]
            )
    columns = (*_score_columns(rows), Column("average precision", True, scale_of(rows, 11, ceiling=1)))
    return Table("runs", f"Every training alone, and each network's ensemble: {len(rows)} rows.", columns, rows, open=False)


def differs_from_study(facts):
    """Whether our runs differ from the study's, by Fisher's exact test."""
    rows = []
    for row in facts.comparison["study"]["beside_ours"]:
        tests = [row["p"].get(key) for key, _, _ in RATES]
        cells = [_fisher(test, row["runs"]) for test in tests]
        rows.append([Cell(short(row["architecture"])), number(row["runs"]), *cells])
    columns = (Column("network"), Column("our runs", True), *[Column("p, " + title, True) for _, title, _ in RATES])
    note = "Fisher's exact test of each of our runs against the study's one. Shown: the run with the median error rate, and the lowest and highest p over runs. The films are not the study's own list, which was not published."
    return Table("differs", "Do our runs differ from the study's?", columns, rows, note)


def _fisher(test, runs):
    if not test:
        return Cell("–")
    middle, lowest, highest = (p_text(test[key]) for key in ("median_run", "lowest", "highest"))
    return Cell(f"{middle} ({lowest} to {highest})" if runs > 1 else middle, test["median_run"])


def p_text(p):
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def best_without_lungs(audits):
    """The audit's best baseline that sees no lung, None where there is none."""
    from cxrkit.evaluation.baselines import LUNGLESS

    rows = [row for row in (audits or {}).get("baselines") or [] if row["name"] in LUNGLESS and row.get("auc") is not None]
    return max(rows, key=lambda row: (row.get("held_out") or row).get("auc") or 0, default=None)


def networks(facts):
    """Each network's mean error, and how far its runs lie apart."""
    rows = []
    for row in facts.comparison["networks"]:
        spread = row["run_to_run"]
        sd, predicted = (("–" if value is None else f"{100 * value:.2f}") for value in (spread["observed"]["value"], spread["predicted"]))
        rows.append(
            [
                Cell(row["name"]),
                number(len(row["seeds"])),
                interval(row["error_rate"], 4),
                Cell(sd, spread["observed"]["value"]),
                Cell(predicted, spread["predicted"]),
                Cell(spread["reading"]),
            ]
        )
    columns = (
        Column("network"),
        Column("seeds", True),
        Column("mean error rate", True, scale_of(rows, 2, floor=0)),
        Column("sd of runs, points", True),
        Column("chance alone", True),
        Column("reading"),
    )
    return Table(
        "networks",
        f"Error on {facts.comparison['n']} {SPLIT_WORDS[facts.comparison['split']]} images, and how far runs of one network lie apart.",
        columns,
        rows,
        "Chance alone: the standard deviation that the number of images and the error rate bring with them.",
    )


def pairs(facts):
    """Each pair of networks, and what the verdict rests on."""
    rows, content = [], facts.comparison
    for pair in content["pairs"]:
        needed = pair["needed"] or {}
        more = [number(needed.get(key)) for key in ("seeds", "images", "images_at_20_seeds")]
        auc = pair["auc_difference"]
        rows.append(
            [
                Cell(f"{pair['a']} less {pair['b']}"),
                Cell(f"{pair['a']} is {pair['verdict']}" if pair["verdict"] in ("better", "worse") else pair["verdict"]),
                points(pair["difference"]),
                points(pair["over_patients"]),
                points(pair["over_seeds"]),
                interval(auc),
                *[Cell(p_text(pair[key]), pair[key]) for key in ("p_difference_holm", "p_equivalence_holm")],
                *more,
                Cell(pair["why"]),
            ]
        )
    scales = [scale_of(rows, index) for index in (2, 3, 4, 5)]
    columns = [Column("pair"), Column("verdict")]
    columns += [Column(title, True, scale) for title, scale in zip(("error, points", "over patients", "over seeds", "AUC"), scales)]
    columns += [Column(title, True) for title in ("p differ", "p alike", "seeds", "images", "images at 20 seeds")] + [Column("why")]
    note = (
        f"Below 0 the first of a pair errs less. p after Holm over {len(rows)} pairs. Equivalent: within {100 * content['margin']:g} points of error, which fewer than "
        f"{content['images_for_equivalence']} independent images cannot show. Seeds, images: how many of them would decide the difference seen, with power 80 %; a dash where no number would, or where it is decided."
    )
    return Table("pairs", f"{len(rows)} pairs of networks, on the same images.", tuple(columns), rows, note, open=False)
'''[1:]


# ======================================================================================================================
# cxrkit/report/text.py
# ======================================================================================================================

FILES['cxrkit/report/text.py'] = r'''
"""The page's text twin: report.md, and the same tables for a log."""

import re

from cxrkit import progress
from cxrkit.report import audit_tables, data_tables, facts, settings_tables, tables, threshold_tables, words

LONGEST = 300
UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\x00-\x08\x0e-\x1f\x7f]")
"""Characters that are not seen, and turn the direction of what follows."""


def sections(found, shown):
    """[(heading, paragraphs, tables)] in the page's order. shown: data_tables.Films."""
    audits, verdict = found.audits or {}, words.verdict(found)
    trust = [verdict["trust"]] if found.audits else [verdict["trust"], f"The audit is one command: {facts.AUDIT_COMMAND}"]
    flow = [
        f"{step.count:,} {step.title}" + (": " + ", ".join(f"{part} {count:,}" for part, count in step.parts) if step.parts else "")
        for step in data_tables.flow(found)
    ]
    return [
        ("Verdict", [*trust, verdict["best"]], [audit_tables.reasons(audits)]),
        ("The study's table beside ours", [], [tables.beside_the_study(found), tables.differs_from_study(found), tables.every_run(found)]),
        ("Which network is best", [verdict["best"]], [tables.networks(found), tables.pairs(found)]),
        ("What knows nothing of lungs", [] if audits else ["No audit was run."], audit_tables.all_of(audits)),
        (
            "Where the films come from, and where they went",
            [". ".join(flow) + "."],
            [data_tables.splits(found), data_tables.sources(found), data_tables.left_out(found)],
        ),
        (
            "Confusion and thresholds",
            [],
            [threshold_tables.thresholds(found), threshold_tables.operating_points(found), threshold_tables.predictive_values(found)],
        ),
        ("Calibration", [], [threshold_tables.calibration(found)]),
        ("Films that went wrong, or nearly", [], [data_tables.films(found, shown)]),
        ("Speed", [], [settings_tables.speed(found), settings_tables.stages(found)]),
        (
            "How to repeat it",
            [f"The command, where DIR is a source's folder on your machine: {found.repeat()}"],
            [settings_tables.environment(found), settings_tables.experiment(found), settings_tables.checksums(found)],
        ),
    ]


def markdown(found, shown):
    """The text of report.md."""
    lines = [f"# {words.TITLE}", "", f"Experiment {plain(found.run.name)}: {words.lede(found)} {words.RESEARCH_ONLY}", ""]
    for _, sentence in found.marks():
        lines += [f"**{plain(sentence, 600)}**", ""]
    for heading, paragraphs, shown_tables in sections(found, shown):
        lines += [f"## {heading}", ""]
        for paragraph in paragraphs:
            lines += [plain(paragraph, 4000), ""]
        for table in shown_tables:
            if table and table.rows:
                lines += [*markdown_table(table), ""]
    return "\n".join(lines).rstrip() + "\n"


def markdown_table(table):
    yield f"**{plain(table.caption)}**"
    yield ""
    yield "| " + " | ".join(plain(column.title) for column in table.columns) + " |"
    yield "|" + "|".join(" ---: " if column.number else " --- " for column in table.columns) + "|"
    for row in table.rows:
        yield "| " + " | ".join(plain(cell.text) for cell in row) + " |"
    if table.note:
        yield ""
        yield plain(table.note, 2000)


def plain(said, most=LONGEST):
    """Other people's text as one line of Markdown that means only itself."""
    said = " ".join(UNSEEN.sub("", str(said)).split())
    said = said if len(said) <= most else said[: most - 1] + "…"
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", said).replace("<", "&lt;").replace(">", "&gt;")


def log(found, shown):
    """The page's main tables as text for a terminal or a log."""
    parts = []
    for heading, paragraphs, shown_tables in sections(found, shown):
        parts.append(f"== {heading}")
        parts += [UNSEEN.sub("", paragraph) for paragraph in paragraphs]
        for table in shown_tables:
            if table and table.rows and table.open:
                rows = [[" ".join(UNSEEN.sub("", cell.text).split())[:80] for cell in row] for row in table.rows]
                aligned = progress.table(
                    rows, [column.title for column in table.columns], [column.title for column in table.columns if column.number]
                )
                parts.append(f"{table.caption}\n{aligned}")
    return "\n\n".join(parts)
'''[1:]


# ======================================================================================================================
# cxrkit/report/threshold_tables.py
# ======================================================================================================================

FILES['cxrkit/report/threshold_tables.py'] = r'''
"""How the networks do at other thresholds, and whether their probabilities mean what they say, as tables."""

from cxrkit.evaluation import metrics
from cxrkit.report.facts import SPLIT_WORDS, short
from cxrkit.report.tables import Cell, Column, Table, count_text, ensembles, interval, number, runs_of, scale_of

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)


def confusions(facts):
    """The confusion matrices after the last stage: [(network, run, {tp, fn, tn, fp})]."""
    rows = [(architecture, facts.mean(architecture)) for architecture in facts.architectures]
    return [(short(architecture), runs_of(row), row["confusion"]) for architecture, row in rows if row]


def thresholds(facts):
    """The rates of each network at several thresholds: the mean over its seeds."""
    rows = []
    for architecture in facts.architectures:
        mine = facts.scores(architecture)
        if mine is None:
            continue
        worth = metrics.units(mine.groups[mine.is_covid]), metrics.units(mine.groups[~mine.is_covid])
        for threshold in sorted({*THRESHOLDS, facts.metrics["threshold"]}):
            runs = [vars(metrics.confusion(mine.is_covid, p, threshold)) for p in mine.p_covid]
            counts = metrics.Confusion(**{key: sum(run[key] for run in runs) / len(runs) for key in runs[0]})
            found = {
                "sensitivity": metrics.proportion(counts.tp, counts.tp + counts.fn, worth[0]),
                "specificity": metrics.proportion(counts.tn, counts.tn + counts.fp, worth[1]),
            }
            cells = [number(value, count_text(value)) for value in (counts.tp, counts.fn, counts.tn, counts.fp)]
            rows.append(
                [
                    Cell(short(architecture)),
                    Cell(f"{threshold:g}", threshold),
                    *cells,
                    interval(found["sensitivity"]),
                    interval(found["specificity"]),
                ]
            )
    columns = [Column("network"), Column("threshold", True), *[Column(title, True) for title in ("TP", "FN", "TN", "FP")]]
    columns += [Column("sensitivity", True, scale_of(rows, 6, ceiling=1)), Column("specificity", True, scale_of(rows, 7, ceiling=1))]
    return Table(
        "thresholds",
        f"The same networks at other thresholds, {SPLIT_WORDS[facts.held]} images, mean over seeds.",
        tuple(columns),
        rows,
        "95 % intervals: Wilson.",
        open=False,
    )


def operating_points(facts):
    """The threshold that validation chooses for the wanted sensitivity, and predictive values, of each network."""
    rows = []
    for row in _judged(facts):
        point = row.get("operating_point")
        if point:
            same = "chosen on these images" if point["same_images"] else "chosen on validation"
            rows.append(
                [
                    Cell(row["who"]),
                    Cell(f"{point['threshold']:.3f}", point["threshold"]),
                    Cell(same),
                    interval(point["sensitivity"]),
                    interval(point["specificity"]),
                ]
            )
    columns = (
        Column("network"),
        Column("threshold", True),
        Column("chosen"),
        Column("sensitivity", True, scale_of(rows, 3, ceiling=1)),
        Column("specificity", True, scale_of(rows, 4, ceiling=1)),
    )
    return Table(
        "operating",
        f"A threshold chosen for a sensitivity of 95 %, and what it gives on {SPLIT_WORDS[facts.held]} images.",
        columns,
        rows,
        "A threshold that was chosen on the very images it is judged by looks better than it is.",
    )


def predictive_values(facts):
    """What a positive and a negative answer are worth at several prevalences."""
    rows = []
    for row in _judged(facts):
        for values in row.get("predictive_values") or []:
            rows.append(
                [
                    Cell(row["who"]),
                    Cell(f"{100 * values['prevalence']:.1f} %", values["prevalence"]),
                    *[interval(values[key]) for key in ("ppv", "npv")],
                ]
            )
    columns = (
        Column("network"),
        Column("prevalence", True),
        Column("positive predictive value", True, scale_of(rows, 2, 0, 1)),
        Column("negative predictive value", True, scale_of(rows, 3, ceiling=1)),
    )
    return Table(
        "predictive",
        "What an answer is worth where so many people have COVID-19.",
        columns,
        rows,
        "The lower the prevalence, the more of the positive answers are wrong.",
        open=False,
    )


def _judged(facts):
    """For each network, its ensemble over seeds, or its one run, with `who`."""
    rows = []
    for architecture in facts.architectures:
        found = [row for row in ensembles(facts) if row["architectures"] == [architecture]]
        if found:
            rows.append(found[0] | {"who": f"{short(architecture)}, ensemble of {found[0]['of']}"})
        elif facts.mean(architecture):
            row = facts.mean(architecture)
            rows.append(row | {"who": f"{short(architecture)}, {runs_of(row)}"})
    return rows


def calibration(facts):
    """Calibration error and Brier score, before and after temperature scaling."""
    rows = []
    for row in _judged(facts):
        found = row.get("calibration")
        if found:
            figures = [interval(found[when][name]) for name in ("ece", "brier") for when in ("before", "after")]
            rows.append(
                [
                    Cell(row["who"]),
                    *figures,
                    Cell(f"{found['temperature']:.2f}", found["temperature"]),
                    Cell("these images" if found["same_images"] else "validation"),
                ]
            )
    names = ("calibration error", "after scaling", "Brier score", "after scaling")
    columns = (
        Column("network"),
        *[Column(name, True, scale_of(rows, index + 1, floor=0)) for index, name in enumerate(names)],
        Column("temperature", True),
        Column("fitted on"),
    )
    return Table(
        "calibration",
        f"Do probabilities mean what they say? {facts.comparison['n']} {SPLIT_WORDS[facts.held]} images.",
        columns,
        rows,
        "Lower is better. Intervals: bootstrap 95 % over patients; the calibration error of few images is above 0 even for perfect probabilities.",
    )
'''[1:]


# ======================================================================================================================
# cxrkit/report/thumbnails.py
# ======================================================================================================================

FILES['cxrkit/report/thumbnails.py'] = r'''
"""Small pictures of the films that a report shows, kept in the results; only of films whose licence lets them be passed on."""

import hashlib

from cxrkit.data import licences
from cxrkit.errors import BadInput
from cxrkit.files import replacing

FOLDER = "figures/films"
SIDE = 200


def place(image_id):
    """Path of a film's thumbnail below the results: named by a hash, for image ids are other people's text."""
    return f"{FOLDER}/{hashlib.sha256(image_id.encode()).hexdigest()[:16]}.jpg"


def write(results, records, locate):
    """Write thumbnails of these records, at most SIDE pixels wide and high; skip what may not be passed on or cannot be read."""
    from cxrkit.data.images import open_grey

    for record in records:
        if not licences.may_redistribute(record.licence):
            continue
        try:
            film = open_grey(locate(record))
        except BadInput:
            continue
        film.thumbnail((SIDE, SIDE))
        with replacing(results / place(record.image_id)) as temporary:
            film.save(temporary, format="JPEG", quality=80)
'''[1:]


# ======================================================================================================================
# cxrkit/report/words.py
# ======================================================================================================================

FILES['cxrkit/report/words.py'] = r'''
"""The sentences that the page, its text twin and the cards share."""

from cxrkit.report.facts import SPLIT_WORDS

TITLE = "cxrkit: COVID-19 against healthy chest films"
RESEARCH_ONLY = "Research use only: this is not a medical device."
TONES = {"no-shortcut-found": "good", "partial-shortcut": "plain", "too-few": "plain"}
"""Colour of the verdict's frame by the audit's conclusion; any other one is bad."""


def lede(found):
    content, seeds = found.comparison, sorted({seed for network in found.comparison["networks"] for seed in network["seeds"]})
    networks = len(content["networks"])
    return (
        f"{networks} network{'s' * (networks != 1)}, {len(seeds)} seed{'s' * (len(seeds) != 1)} each, judged on {content['n']} {SPLIT_WORDS[content['split']]} images of "
        f"{content['patients']} patients, {content['covid']} of the images COVID-19."
    )


def verdict(found):
    """{trust, best, tone}: whether the scores can be believed, and which network is best."""
    audit = (found.audits or {}).get("verdict") or {}
    trust = (
        audit.get("paragraph")
        or "No audit was run. Until one is, nothing here says whether these scores come from lungs, or from image size, borders and sources."
    )
    return {
        "trust": trust,
        "best": found.comparison["best"]["sentence"],
        "tone": TONES.get(audit.get("conclusion"), "bad" if audit else "plain"),
    }
'''[1:]


# ======================================================================================================================
# cxrkit/training/__init__.py
# ======================================================================================================================

FILES['cxrkit/training/__init__.py'] = r'''
"""Folder tree in; models, epochs and predictions out."""
'''[1:]


# ======================================================================================================================
# cxrkit/training/grid.py
# ======================================================================================================================

FILES['cxrkit/training/grid.py'] = r'''
"""The grid of jobs, architectures x seeds, and the tables made of what they left."""

import csv
import functools
import io
import os
import shutil
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import torch

from cxrkit import __version__, environment
from cxrkit.config import NOT_IN_HASH
from cxrkit.environment import Deadline
from cxrkit.errors import Interrupted, RemoteRefusal, disk_errors
from cxrkit.files import PARTIAL, locked, read_json, sha256_of_json, write_json, write_text
from cxrkit.progress import announce, say
from cxrkit.training import precision, recipe, weights
from cxrkit.training.team import Team

NOT_IN_JOB = (*NOT_IN_HASH, "name", "architectures", "seeds", "threshold", "split", "split_seed", "exclude_views")
"""Keys that change no single job: which jobs there are, or what the manifest's hash covers already."""

FAILED = "failed.json"

EPOCH_COLUMNS = (
    "architecture",
    "seed",
    "stage",
    "epoch",
    "train_loss",
    "valid_loss",
    "error_rate",
    "sensitivity",
    "specificity",
    "seconds",
)
PREDICTION_COLUMNS = ("architecture", "seed", "stage", "image_id", "label", "p_covid")
LR_FIND_COLUMNS = ("architecture", "seed", "step", "learning_rate", "loss", "chosen")


def jobs_of(experiment):
    return [recipe.Job(architecture, seed) for seed in experiment.seeds for architecture in experiment.architectures]


def run(experiment, make_loaders, manifest_hash, folder, device, time_left=Deadline()):
    """Run every job that is not done; each has a folder of its own below `folder`.

    make_loaders: function without arguments to fresh fastai DataLoaders; device: "cpu" or "cuda"; time_left:
    seconds until no new stage may begin. A job's folder made from other data or another protocol is begun anew.

    Processes that share `folder`, on one host or more, share the jobs out: a job is held by a lock file that
    ends with its process, and whoever has nothing left to begin waits for the others and takes over what a
    dead one left. With `parallel: data` they train each job together instead.
    A job that fails is reported and kept in its folder as failed.json; the others go on. Raises Interrupted
    for a full disk, and what recipe.run raises for weights that cannot be had.
    """
    folder = Path(folder)
    how = [precision.choose_precision(experiment.precision, device), precision.choose_layout(device), precision.autotune(device)]
    callbacks = functools.partial(precision.callbacks, *how[:2], device)
    announce(f"training {len(jobs_of(experiment))} networks on {device}; numbers: {how[0]}; layout: {how[1]}; cuDNN autotuning: {how[2]}")
    if experiment.pretrained:
        with locked(folder / ".weights.lock"):
            weights.check(
                dict.fromkeys(job.architecture for job in jobs_of(experiment) if not recipe.done(folder / job.name, "unfrozen")),
                experiment.weights,
            )
    attempt = functools.partial(
        _attempt, experiment, make_loaders, _key(experiment, manifest_hash), folder, callbacks, time_left, time.time()
    )
    team = Team.join(device) if experiment.parallel == "data" else Team()
    environment.processes()  # remembered, before fastai is kept from gathering each metric from all processes, whatever they train
    os.environ.pop("WORLD_SIZE", None)
    if experiment.parallel == "data":
        for job in jobs_of(experiment):
            attempt(job, team)
        return
    tried = set()
    for wait in (False, True):
        for job in jobs_of(experiment):
            if job in tried:
                continue
            with locked(folder / f".{job.name}.lock", wait) as mine:
                if mine:
                    tried.add(job)
                    attempt(job, team)


def _attempt(experiment, make_loaders, key, folder, callbacks, time_left, since, job, team):
    """Run one job where it is not done, and no other process of this run has failed in it."""
    mine = folder / job.name
    if team.agree(_prepare(mine, key) if team.leads else None):
        if team.leads:
            say(f"{job.name}: done already")
        return
    if team.agree(time_left()) <= 0:
        say(f"{job.name}: not begun, the time is up")
        return
    failed = mine / FAILED
    if failed.exists() and failed.stat().st_mtime > since:
        return
    failed.unlink(missing_ok=True)
    try:
        with disk_errors(mine):
            recipe.run(job, make_loaders(), experiment, mine, time_left, team, callbacks())
    except (Interrupted, RemoteRefusal):
        raise  # a full disk or absent weights stop every job
    except Exception as error:  # whatever goes wrong in one training is no reason to lose the others
        if team.size > 1:
            raise  # the others wait for this process: torchrun has to end them
        say(f"!!! {job.name} failed: {type(error).__name__}: {error}")
        write_json(failed, {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()})
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def failures(experiment, folder):
    """{name: error} of the jobs that failed when they were last tried."""
    found = {job.name: Path(folder) / job.name / FAILED for job in jobs_of(experiment)}
    return {name: read_json(path)["error"] for name, path in found.items() if path.exists()}


def unfinished(experiment, folder):
    """Names of the jobs that are not done."""
    return [job.name for job in jobs_of(experiment) if not recipe.done(Path(folder) / job.name, "unfrozen")]


def _key(experiment, manifest_hash):
    protocol = {k: v for k, v in asdict(experiment).items() if k not in NOT_IN_JOB}
    return sha256_of_json({"protocol": protocol, "manifest": manifest_hash, "version": __version__})


def _prepare(folder, key):
    """Whether the job in `folder` is done; a folder of another key is emptied."""
    marker = folder / "job.json"
    if folder.exists() and (not marker.exists() or read_json(marker)["key"] != key):
        say(f"{folder.name}: begun anew, for the data or the protocol changed")
        shutil.rmtree(folder)
    if not marker.exists():
        write_json(marker, {"key": key})
    for leftover in [*folder.glob(f".*{PARTIAL}"), *folder.glob("tmp*")]:
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    return (folder / "unfrozen.json").exists()


def collect(experiment, records, folder, results):
    """Write epochs.csv, predictions.csv, lr_find.csv and models/ into `results` from the finished jobs."""
    labels = {record.image_id: record.label for record in records}
    epochs, predictions, finder = [], [], []
    (results / "models").mkdir(parents=True, exist_ok=True)
    names, waiting = set(), unfinished(experiment, folder)
    for job in jobs_of(experiment):
        if job.name in waiting:
            continue
        of_job = [job.architecture, job.seed]
        for stage in recipe.STAGES:
            done = read_json(folder / job.name / f"{stage}.json")
            epochs += [[*of_job, stage, *(epoch[c] for c in EPOCH_COLUMNS[3:])] for epoch in done["epochs"]]
            predictions += [[*of_job, stage, image_id, labels[image_id], p] for image_id, p in sorted(done["predictions"])]
        curve = read_json(folder / job.name / "lr_find.json")
        finder += [
            [*of_job, step, rate, loss, curve["chosen"]]
            for step, (rate, loss) in enumerate(zip(curve["learning_rates"], curve["losses"]), 1)
        ]
        names.add(_keep_model(folder / job.name / "unfrozen.pt", results / "models" / f"{job.name}.pt"))
    for stale in results.joinpath("models").iterdir():
        if stale.name not in names:
            stale.unlink()
    _write_csv(results / "epochs.csv", EPOCH_COLUMNS, epochs)
    _write_csv(results / "predictions.csv", PREDICTION_COLUMNS, predictions)
    _write_csv(results / "lr_find.csv", LR_FIND_COLUMNS, finder)


def _keep_model(source, target):
    """A second name for the weights where the file system allows it, for four networks fill 0.4 GB."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target.name


def _write_csv(path, columns, rows):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())
'''[1:]


# ======================================================================================================================
# cxrkit/training/loaders.py
# ======================================================================================================================

FILES['cxrkit/training/loaders.py'] = r'''
"""The films as fastai DataLoaders: from the pixel cache on the device, or file by file as fastai does."""

from functools import cached_property

import numpy as np
import torch
from fastai.data.core import Datasets, TfmdDL
from fastai.data.transforms import Categorize, IntToFloatTensor, Normalize, ToTensor
from fastai.torch_core import TensorCategory, TensorImage, TensorImageBW
from fastai.vision.augment import AffineCoordTfm, Flip, Resize, ResizeMethod, Zoom, affine_mat, mask_tensor
from fastai.vision.core import PILImage, PILImageBW, imagenet_stats
from fastcore.basics import chunked
from fasttransform import Transform
from torch.nn.functional import grid_sample

from cxrkit import environment
from cxrkit.data.images import open_grey
from cxrkit.data.records import LABELS, SPLITS
from cxrkit.data.tree import entries as tree_entries
from cxrkit.environment import Choice
from cxrkit.progress import announce

MAX_ZOOM = 1.1
MAX_STRETCH = 1.1
SHARE_OF_FREE_MEMORY = 0.3
"""Of the device's free memory, what the films may take: the rest is the networks'."""


class ChestFilm(PILImage):
    """A film as fastai sees it: grey, on three equal channels, for the networks' weights want three."""

    @classmethod
    def create(cls, path, **_):
        return cls(open_grey(path).convert("RGB"))


def stretch_matrix(x, max_stretch=MAX_STRETCH, p=0.5):
    """Affine matrices, batch x 3 x 3, that stretch a share p of the images along one axis by up to max_stretch."""
    stretched = mask_tensor(x.new_empty(x.size(0)).uniform_(1 / max_stretch, max_stretch), p=p, neutral=1.0)
    zero, one = x.new_zeros(x.size(0)), x.new_ones(x.size(0))
    return affine_mat(stretched, zero, zero, zero, one, zero)


def augmentations():
    """The study's augmentations as fastai batch transforms: horizontal flip, scaling, stretching."""
    flip, zoom, stretch = Flip(p=0.5), Zoom(max_zoom=MAX_ZOOM, p=0.5), AffineCoordTfm(aff_fs=stretch_matrix)
    return [flip.compose(zoom) or flip.compose(stretch) or flip]


class AxisAligned(AffineCoordTfm):
    """fastai's affine transform for matrices that neither turn nor shear: the same numbers, with a grid made of two lines.

    Films that are held out stay as they are, where fastai would resample them in place.
    """

    def encodes(self, x: TensorImage):
        if self.split_idx:
            return x
        mat, (height, width) = self.mat.as_subclass(torch.Tensor), x.shape[-2:]
        across = mat[:, 0, 0, None] * torch.linspace(-1, 1, width, device=x.device) + mat[:, 0, 2, None]
        along = mat[:, 1, 1, None] * torch.linspace(-1, 1, height, device=x.device) + mat[:, 1, 2, None]
        square = (len(x), height, width)
        grid = torch.stack((across[:, None].expand(square), along[:, :, None].expand(square)), -1)
        found = grid_sample(x.as_subclass(torch.Tensor), grid, mode="bilinear", padding_mode="reflection", align_corners=True)
        return found.as_subclass(type(x))


class Normalised(Normalize):
    """fastai's Normalize from grey to three channels, in one pass over the memory instead of two."""

    def encodes(self, x: TensorImage):
        factor = 1 / self.std
        return (x.as_subclass(torch.Tensor) * factor).sub_(self.mean * factor).as_subclass(type(x))


def maker(experiment, records, films, tree, device):
    """A function without arguments to fresh DataLoaders, as the experiment's `loader` says; what was chosen is said.

    films: the Pixels of the records; tree: the tree's folder.
    """
    if experiment.loader == "resident":
        store = Store(films, [record.image_id for record in records if record.used], device)
        announce(f"films during training: {store.place}")
        return lambda: resident(films, records, experiment.batch_size, device, store)
    entries = tree_entries(records)
    workers = environment.choose_workers(experiment.workers, len(entries), device)
    announce(f"decoding processes: {workers}")
    return lambda: from_files(tree, entries, experiment.image_size, experiment.batch_size, workers.value, device)


def from_files(tree, entries, image_size, batch_size, workers, device):
    """DataLoaders over train, valid and, where there is one, test, which decode each file anew at each use: fastai's ordinary way.

    tree: the tree's folder; entries: its planned entries, {relative path: Record}. Items are image ids.
    Images come as image_size x image_size, the whole film squeezed into the square, in batches of
    batch_size (all of train where it is smaller); classes are numbered as in LABELS, COVID-19 first.
    """
    path_of = {record.image_id: tree / relative for relative, record in entries.items()}
    item = [Resize(image_size, method=ResizeMethod.Squish), ToTensor]
    batch = [IntToFloatTensor, *augmentations(), Normalize.from_stats(*imagenet_stats)]
    return _make(
        entries.values(),
        [Lookup(path_of), ChestFilm.create],
        TfmdDL,
        batch_size,
        device,
        num_workers=workers,
        after_item=item,
        after_batch=batch,
    )


def resident(pixels, records, batch_size, device, store=None):
    """The same DataLoaders, with the films as bytes on the device, augmented there a batch at a time.

    pixels: a cxrkit.data.pixels.Pixels; records: those of the manifest; store: a Store of the pixels, made here
    where it is not given.
    Batches, their order and their augmentation are those of from_files on the same seeds; grey goes to three
    channels last, when it is normalised.
    """
    used = [record for record in records if record.used]
    store = store or Store(pixels, [record.image_id for record in used], device)
    batch = [IntToFloatTensor, *(AxisAligned(aff_fs=tfm.aff_fs) for tfm in augmentations()), Normalised.from_stats(*imagenet_stats)]
    return _make(used, [Cached(store)], Resident, batch_size, device, num_workers=0, after_item=[ToTensor], after_batch=batch)


def _make(records, open_film, dl_type, batch_size, device, **options):
    of_split = [[record.image_id for record in records if record.split == split] for split in SPLITS if split]
    of_split = [sorted(ids) for ids in of_split if ids]
    ends = np.cumsum([0, *map(len, of_split)])
    label_of = {record.image_id: record.label for record in records}
    sets = Datasets(
        [image_id for ids in of_split for image_id in ids],
        [open_film, [Lookup(label_of), Categorize(vocab=list(LABELS), sort=False)]],
        splits=[range(start, end) for start, end in zip(ends, ends[1:])],
    )
    return sets.dataloaders(bs=min(batch_size, len(of_split[0])), dl_type=dl_type, device=torch.device(device), **options)


def placement(size, device):
    """Where `size` bytes of films lie during training, as a Choice: "device", "host" or "file"."""
    if torch.device(device).type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        if size <= SHARE_OF_FREE_MEMORY * free:
            return Choice("device", f"{size / 1e6:.0f} MB of films, {free / 1e9:.1f} GB free on the GPU")
    free = environment.free_memory_bytes()
    if free is None or size <= SHARE_OF_FREE_MEMORY * free:
        return Choice("host", f"{size / 1e6:.0f} MB of films" + (f", {free / 1e9:.1f} GB of memory free" if free else ""))
    return Choice(
        "file", f"{size / 1e6:.0f} MB of films are too much for {free / 1e9:.1f} GB of free memory: they stream from the cache file"
    )


class Store:
    """The bytes of the films where training takes them from."""

    def __init__(self, pixels, image_ids, device, place=None):
        """place: a Choice as of placement(), which decides where it is not given."""
        self.device = torch.device(device)
        self.place = place or placement(len(image_ids) * pixels.size**2, device)
        self.size = pixels.size
        if self.place.value == "file":
            self.images, self.rows = pixels.images, pixels.rows
            return
        self.rows = {image_id: row for row, image_id in enumerate(image_ids)}
        images = torch.from_numpy(pixels.of(image_ids))
        self.images = images.to(self.device) if self.place.value == "device" else images

    def take(self, image_ids):
        """The films as grey bytes on the device, uint8 [n, 1, size, size]."""
        rows = [self.rows[image_id] for image_id in image_ids]
        if self.place.value == "file":
            found = torch.from_numpy(self.images[rows])
        elif self.place.value == "device":
            found = self.images[torch.tensor(rows, device=self.device)]
        else:  # page-locked memory goes to a GPU while that computes
            found = torch.empty((len(rows), self.size, self.size), dtype=torch.uint8, pin_memory=self.device.type == "cuda")
            torch.index_select(self.images, 0, torch.tensor(rows), out=found)
        return found.to(self.device, non_blocking=True)[:, None]


class Lookup(Transform):
    """From an image id to what a table says of it."""

    def __init__(self, table):
        self.table = table

    def encodes(self, image_id: str):
        return self.table[image_id]


class Cached(Transform):
    """From an image id to its film in a Store, one at a time, for whatever asks a data set and not a loader."""

    def __init__(self, store):
        self.store = store

    def encodes(self, image_id: str):
        return PILImageBW.create(self.store.take([image_id])[0, 0].cpu().numpy())


class Resident(TfmdDL):
    """A TfmdDL that takes whole batches out of the Store of its data set.

    shard: (rank, processes), where several processes share each batch.
    """

    shard = (0, 1)

    @cached_property
    def labels(self):
        """The categories of all films, or None for a loader of films alone (fastai's test_dl)."""
        if len(self.dataset.tls) == 1:
            return None
        return torch.tensor([int(category) for category in self.dataset.tls[1]], device=self.device)

    def create_batches(self, samps):
        films = self.dataset.tls[0]
        store, items = films.tfms[0].store, films.items
        rank, processes = self.shard
        for batch in chunked(samps, self.bs, self.drop_last):
            batch = batch[rank::processes]
            images = TensorImageBW(store.take([items[index] for index in batch]))
            yield (images,) if self.labels is None else (images, TensorCategory(self.labels[batch]))
'''[1:]


# ======================================================================================================================
# cxrkit/training/networks.py
# ======================================================================================================================

FILES['cxrkit/training/networks.py'] = r'''
"""The four networks outside of training: built, loaded from a results folder, and asked."""

import numpy as np
import torch
from fastai.vision.core import imagenet_stats
from fastai.vision.learner import create_vision_model
from torchvision import models

from cxrkit.data.records import LABELS, POSITIVE

COVID = LABELS.index(POSITIVE)
"""The output of a network that means COVID-19."""


def build(architecture):
    """A network with random weights: the body of a torchvision model and fastai's head with two outputs, as LABELS orders them."""
    return create_vision_model(getattr(models, architecture), len(LABELS), pretrained=False)


def load(path, architecture, device="cpu"):
    """The trained network that a state dict holds, ready to be asked. Only tensors are read from the file."""
    model = build(architecture)
    model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return model.eval().to(device)


def normalised(images, device="cpu"):
    """Grey squares, uint8 [n, size, size], as the networks see them: float32 [n, 3, size, size] with ImageNet's mean and deviation."""
    grey = torch.as_tensor(np.ascontiguousarray(images)).to(device)[:, None].float().div_(255)
    mean, deviation = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in imagenet_stats)
    return (grey - mean) / deviation


@torch.no_grad()
def p_covid(model, images, device="cpu", batch_size=64):
    """The probability of COVID-19 for grey squares, uint8 [n, size, size], as float64 [n]; the network must be in eval mode."""
    found = [
        torch.softmax(model(normalised(images[start : start + batch_size], device)).float(), 1)[:, COVID]
        for start in range(0, len(images), batch_size)
    ]
    return torch.cat(found).double().cpu().numpy() if found else np.zeros(0)
'''[1:]


# ======================================================================================================================
# cxrkit/training/precision.py
# ======================================================================================================================

FILES['cxrkit/training/precision.py'] = r'''
"""How the networks compute: number format and memory layout, each chosen with its reason."""

import torch
from fastai.callback.channelslast import ChannelsLast
from fastai.callback.fp16 import AMPMode, MixedPrecision
from fastai.learner import Callback
from fastai.torch_core import to_float

from cxrkit.environment import Choice
from cxrkit.errors import WrongUse


def choose_precision(wanted, device):
    """float32, float16 or bfloat16 as a Choice; wanted: the experiment's `precision`.

    A T4 says that it supports bfloat16 and emulates it at less than half its float32 speed, so the compute
    capability decides and not torch.cuda.is_bf16_supported(). Raises WrongUse for a format that the device
    cannot train in.
    """
    cuda = torch.device(device).type == "cuda"
    capability = torch.cuda.get_device_capability(device) if cuda else None
    if wanted != "auto":
        if wanted == "float16" and not cuda:
            raise WrongUse("The processor does not train in float16.", "--precision", "use float32, or bfloat16")
        return Choice(wanted, "as the experiment says")
    if not cuda:
        return Choice("float32", "a processor, whose numbers repeat exactly")
    if capability >= (8, 0):
        return Choice("bfloat16", "compute capability {}.{} has bfloat16, which needs no scaling of gradients".format(*capability))
    if capability >= (7, 0):
        return Choice("float16", "compute capability {}.{} has float16 units, and no bfloat16 ones".format(*capability))
    return Choice("float32", "compute capability {}.{} gains nothing from float16".format(*capability))


def choose_layout(device):
    """The memory layout of images as a Choice; channels last on every device that was measured."""
    return Choice("channels_last", "1.1 to 1.35 times as fast on a processor, and faster on GPUs with float16 units")


def callbacks(precision, layout, device):
    """The fastai callbacks that make a learner compute so on a device; precision and layout are Choices."""
    found = [ChannelsLast()] if layout.value == "channels_last" else []
    if precision.value == "float32":
        return found
    if torch.device(device).type == "cpu":
        return [*found, ProcessorBfloat16()]
    return [*found, MixedPrecision(amp_mode={"float16": AMPMode.FP16, "bfloat16": AMPMode.BF16}[precision.value])]


class ProcessorBfloat16(Callback):
    """fastai's MixedPrecision for bfloat16 on a processor, where it would cast nothing."""

    order = MixedPrecision.order

    def before_batch(self):
        self.autocast = torch.autocast("cpu", torch.bfloat16)
        self.autocast.__enter__()

    def after_pred(self):
        self.learn.pred = to_float(self.pred)

    def after_loss(self):
        self.autocast.__exit__(None, None, None)


def autotune(device):
    """Let cuDNN try its algorithms for the one size of batch that a training has; as a Choice of True or False."""
    cuda = torch.device(device).type == "cuda"
    torch.backends.cudnn.benchmark = cuda
    torch.backends.cudnn.deterministic = False
    return Choice(cuda, "every batch has the same size" if cuda else "no GPU")
'''[1:]


# ======================================================================================================================
# cxrkit/training/recipe.py
# ======================================================================================================================

FILES['cxrkit/training/recipe.py'] = r'''
"""The study's recipe for one network: train the head, find a learning rate, train everything.

A job leaves its state in a folder of its own after each stage, and a stage that is there is not
repeated. Each stage begins by seeding every source of chance, so that a run which was stopped and
resumed ends with the same numbers as one which was not.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import torch
from fastai.callback.progress import ProgressCallback
from fastai.callback.schedule import valley
from fastai.learner import Callback
from fastai.metrics import Recall, error_rate
from fastai.torch_core import set_seed
from fastai.vision.learner import vision_learner
from torchvision import models

from cxrkit.data.records import LABELS, NEGATIVE, POSITIVE
from cxrkit.environment import Deadline
from cxrkit.files import read_json, replacing, write_json
from cxrkit.progress import on_terminal, say
from cxrkit.training import weights
from cxrkit.training.team import Team

STAGES = ("frozen", "unfrozen")
BODY_DIVISOR = 100
"""How much slower than the head the first layers of a pretrained body learn, as in fastai's fine_tune."""

VALLEY_DEPTH = 0.1
"""Share of its first loss by which the finder's loss must fall; a shallower valley is noise."""
CREDIBLE = (1e-5, 0.1)
"""Learning rates that Adam can use on these networks; the finder's curve begins far below and ends far above."""


@dataclass(frozen=True)
class Job:
    architecture: str
    seed: int

    @property
    def name(self):
        return f"{self.architecture}-seed{self.seed}"


def run(job, loaders, experiment, folder, time_left=Deadline(), team=Team(), callbacks=()):
    """Train one network; afterwards `folder` holds {stage}.pt, {stage}.json for both stages, and lr_find.json.

    loaders: fastai DataLoaders whose items are image ids. callbacks: fastai's, e.g. for the number format.
    A stage's JSON holds its epochs (see epochs.csv) and its predictions, [image_id, p_covid] for each
    image of valid and test. time_left: seconds until no new stage may begin; what is left then waits for the
    next run. team: the processes that train it together; each calls this, and the leader writes.
    Raises RemoteRefusal or BadInput when ImageNet weights cannot be had.
    """
    folder = Path(folder)
    if team.agree(done(folder, "unfrozen")):
        return
    learner = make_learner(job, loaders, experiment, folder, callbacks)
    if not team.agree(done(folder, "frozen")):
        _begin(learner, job.seed, 0, team)
        learner.freeze()
        _fit(learner, job, "frozen", experiment.epochs, experiment.learning_rate, folder, team)
    if team.agree(time_left()) <= 0:
        say(f"{job.name}: stopped after the frozen stage, the time is up")
        return
    _load(learner, folder / "frozen.pt")
    if team.leads and not (folder / "lr_find.json").exists():
        _begin(learner, job.seed, 1, team)
        learner.freeze()
        write_json(folder / "lr_find.json", _find_learning_rate(learner, experiment))
        _load(learner, folder / "frozen.pt")
    found = team.agree(read_json(folder / "lr_find.json") if team.leads else None)
    if team.leads:
        say(f"{job.name}: learning rate {found['chosen']:.2g} ({found['reason']})")
    _begin(learner, job.seed, 2, team)
    learner.unfreeze()
    rate = slice(found["chosen"] / BODY_DIVISOR, found["chosen"]) if experiment.pretrained else found["chosen"]
    _fit(learner, job, "unfrozen", experiment.epochs, rate, folder, team)


def done(folder, stage):
    """Whether a job's stage is there."""
    return (folder / f"{stage}.json").exists()


def make_learner(job, loaders, experiment, folder, callbacks):
    """A fastai Learner for one job, seeded, silent, with its body's weights in place and files of its own in `folder`.

    Raises RemoteRefusal or BadInput when ImageNet weights cannot be had.
    """
    set_seed(_stage_seed(job.seed, 0))
    learner = vision_learner(
        loaders,
        getattr(models, job.architecture),
        pretrained=False,
        normalize=False,
        metrics=[error_rate, Recall(pos_label=LABELS.index(POSITIVE)), Recall(pos_label=LABELS.index(NEGATIVE))],
        path=folder,
        model_dir=".",
        cbs=list(callbacks),
    )
    if experiment.pretrained:
        weights.load_body(learner, job.architecture, weights.imagenet(job.architecture, experiment.weights))
    else:
        weights.silence_residual_branches(learner.model)
    learner.remove_cb(ProgressCallback)
    learner.logger = lambda *_: None
    return learner


def _stage_seed(seed, stage):
    return 10 * seed + stage


def _begin(learner, seed, stage, team):
    """Forget the optimizer and seed all randomness; the data loader keeps a generator of its own.

    In a team the order of the films is everybody's, and each process has other augmentations.
    """
    learner.opt = None
    set_seed(_stage_seed(seed, stage) + 1_000_003 * team.rank)
    learner.dls.train.rng.seed(_stage_seed(seed, stage))


def _fit(learner, job, stage, epochs, rate, folder, team):
    watch = Watch(job, stage, team.leads)
    learner.fit_one_cycle(epochs, lr_max=rate, cbs=[watch, *team.callbacks(learner.dls.train)])
    if team.leads:
        _keep(learner, stage, watch.epochs, folder)
    team.agree(None)


def _keep(learner, stage, epochs, folder):
    predictions = _predictions(learner)
    with replacing(folder / f"{stage}.pt") as temporary:
        torch.save({k: v.cpu() for k, v in learner.model.state_dict().items()}, temporary)
    write_json(folder / f"{stage}.json", {"epochs": epochs, "predictions": predictions})


def _load(learner, path):
    learner.model.load_state_dict(torch.load(path, map_location=learner.dls.device, weights_only=True))


@torch.no_grad()
def _predictions(learner):
    """[image_id, p_covid] of every held-out film, in float32.

    Not by get_preds: where processes train together, that waits for all of them and returns each film once for each.
    """
    found, model = [], learner.model.eval()
    for loader in learner.dls.loaders[1:]:
        p_covid = [torch.softmax(model(x.as_subclass(torch.Tensor)), 1)[:, LABELS.index(POSITIVE)] for x, _ in loader]
        found += [[image_id, p] for image_id, p in zip(loader.items, torch.cat(p_covid).tolist())]
    return found


def _find_learning_rate(learner, experiment):
    """The curve of fastai's finder and the learning rate chosen from it: its "valley", where the loss falls enough."""
    learner.lr_find(num_it=experiment.lr_find_iterations, show_plot=False, suggest_funcs=None)
    rates = [float(rate) for rate in learner.recorder.lrs]
    losses = [float(loss) for loss in learner.recorder.losses]
    usable = [(r, l) for r, l in zip(rates, losses) if l == l][experiment.lr_find_iterations // 10 : -5]
    chosen, reason = experiment.learning_rate, "the finder's curve has no valley, so that of the frozen stage"
    if len(usable) >= 10 and min(l for _, l in usable) < (1 - VALLEY_DEPTH) * usable[0][1]:
        found = valley(*zip(*usable), len(usable))[0]
        if CREDIBLE[0] <= found <= CREDIBLE[1]:
            chosen, reason = found, "valley of the finder's curve"
        else:
            reason = f"the finder's valley, {found:.1g}, lies outside {CREDIBLE[0]:g} to {CREDIBLE[1]:g}, so that of the frozen stage"
    return {"chosen": chosen, "reason": reason, "learning_rates": rates, "losses": losses}


class Watch(Callback):
    """Keeps each epoch's figures, and shows progress: a bar on a terminal, else one line an epoch."""

    order = 65  # after fastai's Recorder (50), which computes what is read here

    def __init__(self, job, stage, speaks=True):
        self.job, self.stage, self.speaks, self.epochs, self.bar = job, stage, speaks, [], None

    def before_fit(self):
        if self.speaks and on_terminal():
            from tqdm import tqdm

            steps = len(self.dls.train) + len(self.dls.valid)
            self.bar = tqdm(total=self.n_epoch * steps, desc=f"{self.job.name} {self.stage}", leave=False)

    def before_epoch(self):
        self.started = time.monotonic()
        if self.bar is not None:
            self.bar.set_postfix_str(f"epoch {self.epoch + 1}/{self.n_epoch}", refresh=False)

    def after_batch(self):
        if self.bar is not None:
            self.bar.update()

    def after_epoch(self):
        seconds = time.monotonic() - self.started
        train_loss, valid_loss, error, sensitivity, specificity = (float(value) for value in self.recorder.values[-1])
        self.epochs.append(
            {
                "epoch": self.epoch + 1,
                "train_loss": train_loss,
                "valid_loss": valid_loss,
                "error_rate": error,
                "sensitivity": sensitivity,
                "specificity": specificity,
                "seconds": seconds,
            }
        )
        line = (
            f"{self.job.name} {self.stage} epoch {self.epoch + 1}/{self.n_epoch}: train loss {train_loss:.4f}, "
            f"valid loss {valid_loss:.4f}, error rate {error:.4f}, {seconds:.1f} s"
        )
        if self.bar is not None:
            self.bar.write(line)
        elif self.speaks:
            say(line)

    def after_fit(self):
        if self.bar is not None:
            self.bar.close()
'''[1:]


# ======================================================================================================================
# cxrkit/training/team.py
# ======================================================================================================================

FILES['cxrkit/training/team.py'] = r'''
"""Processes that train one network together: each takes its share of every batch, gradients are averaged.

torch's DistributedDataParallel does the work (Li et al. 2020, https://arxiv.org/abs/2006.15704). fastai's own
`distrib_ctx` needs the package accelerate, which neither fastai nor torch brings along.
"""

import os
from datetime import timedelta

import torch
from fastai.learner import Callback
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from cxrkit import environment
from cxrkit.errors import WrongUse

PATIENCE = timedelta(minutes=30)
"""How long a process waits for the others: the learning-rate finder of the slowest network on a processor."""


class Team:
    """The processes of one training. A team of one needs nobody."""

    def __init__(self, rank=0, size=1):
        self.rank, self.size = rank, size

    @classmethod
    def join(cls, device):
        """The team that torchrun started this process for. Raises WrongUse where it did not."""
        if environment.processes() < 2:
            raise WrongUse("--parallel data needs several processes.", next="start them: torchrun --nproc-per-node=2 kernel/run.py ...")
        if not distributed.is_initialized():
            store, rank, size = next(distributed.rendezvous("env://"))
            attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")  # else processes started again would call on the dead ones
            backend = "cpu:gloo,cuda:nccl" if device == "cuda" else "gloo"
            distributed.init_process_group(
                backend, store=distributed.PrefixStore(attempt, store), rank=rank, world_size=size, timeout=PATIENCE
            )
        return cls(environment.rank(), environment.processes())

    @property
    def leads(self):
        """Whether this process writes what all have made."""
        return self.rank == 0

    def agree(self, value):
        """What the leader's value is; all processes must ask, and wait for each other here."""
        if self.size == 1:
            return value
        said = [value]
        distributed.broadcast_object_list(said, device=torch.device("cpu"))
        return said[0]

    def callbacks(self, loader):
        """The fastai callbacks that share the batches of this training loader."""
        return [Together(self, loader)] if self.size > 1 else []


class Together(Callback):
    """Wraps the model for the time of a fit, and gives each process its share of a batch."""

    order = 11  # after MixedPrecision (10), and before the Recorder (50)

    def __init__(self, team, loader):
        self.team, self.loader = team, loader

    def before_fit(self):
        on_gpu = next(self.model.parameters()).is_cuda
        self.learn.model = DistributedDataParallel(self.model, device_ids=[torch.cuda.current_device()] if on_gpu else None)
        self.loader.shard = (self.team.rank, self.team.size)

    def after_fit(self):
        self.learn.model = self.model.module
        self.loader.shard = (0, 1)
'''[1:]


# ======================================================================================================================
# cxrkit/training/weights.py
# ======================================================================================================================

FILES['cxrkit/training/weights.py'] = r'''
"""ImageNet weights: from an attached folder, from torch's own cache, or from PyTorch's host."""

import os
from pathlib import Path

import torch
from torchvision import models

from cxrkit.errors import BadInput, RemoteRefusal
from cxrkit.files import sha256_of


def source_of(architecture):
    """The torchvision weights of 2020, which the study used: their URL on PyTorch's host."""
    return models.get_model_weights(architecture).IMAGENET1K_V1.url


def imagenet(architecture, folder=""):
    """The state dict of an architecture trained on ImageNet-1k.

    folder: where the weight files were attached (looked for by file name, also one folder deeper);
    empty for torch's cache and then the network. The file name carries the start of its SHA-256,
    which is checked; only tensors are loaded. Raises BadInput or RemoteRefusal.
    """
    url = source_of(architecture)
    path = _attached(folder, url) if folder else _cached(url)
    expected = path.stem.rsplit("-", 1)[1]
    if not sha256_of(path).startswith(expected):
        raise BadInput("The weight file is damaged: its SHA-256 is not the one in its name.", path, "delete it and fetch it again")
    return torch.load(path, map_location="cpu", weights_only=True)


def _attached(folder, url):
    name = os.path.basename(url)
    for pattern in (name, f"*/{name}"):
        for path in sorted(Path(folder).glob(pattern)):
            return path
    raise BadInput(f"The weights folder holds no {name}.", folder, f"put the file of {url} there, or leave out --weights")


def _cached(url):
    path = Path(torch.hub.get_dir()) / "checkpoints" / os.path.basename(url)
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rsplit("-", 1)[1], progress=False)
    except (OSError, RuntimeError) as error:
        path.unlink(missing_ok=True)
        raise RemoteRefusal(
            f"The ImageNet weights cannot be fetched: {str(error).splitlines()[0]}",
            url,
            "allow the network (on Kaggle: Settings, Internet on), or bring the files with --weights DIR, "
            "or start from random weights with --no-pretrained",
        ) from error
    return path


def load_body(learner, architecture, state):
    """Put a torchvision state dict into the body of a fastai vision learner of the same architecture."""
    from fastai.vision.learner import create_body, model_meta

    builder = getattr(models, architecture)
    whole = builder()
    whole.load_state_dict(state)
    body = create_body(whole, pretrained=False, cut=model_meta[builder]["cut"])
    learner.model[0].load_state_dict(body.state_dict())


def silence_residual_branches(model):
    """Let each residual block of a randomly started network begin as the identity, so that a deep one can learn.

    Goyal et al. 2017, section 5.1 (https://arxiv.org/abs/1706.02677): the last batch norm of a block starts at zero.
    """
    for module in model.modules():
        last = getattr(module, "bn3", getattr(module, "bn2", None))
        if last is not None and hasattr(module, "downsample"):
            torch.nn.init.zeros_(last.weight)


def check(architectures, folder=""):
    """Fetch and check the weights of all architectures, so that a run fails at its start and not in its middle."""
    for architecture in architectures:
        imagenet(architecture, folder)
'''[1:]


# ======================================================================================================================
# how the files above become a package
# ======================================================================================================================

"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def unpack(files, source_sha256, run_id):
    """Write the bundled files into a temporary folder and make them importable here and in every child process.

    files: {relative path: text}; run_id: names the run, empty for the time of its start. A process that was
    started by one which has unpacked the same source uses that folder and run id; the process which made it
    removes it at its end. Returns the folder.
    """
    folder = Path(os.environ.get("CXRKIT_UNPACKED", ""))
    if os.environ.get("CXRKIT_SOURCE") != source_sha256 or not folder.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source_sha256
        os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(folder))
    return folder


unpack(FILES, SOURCE_SHA256, RUN_ID)
if len(sys.argv) == 1:
    from cxrkit.kaggle_io.kernel import arguments_of

    sys.argv += arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)


# ======================================================================================================================
# kernel/run.py
# ======================================================================================================================

"""The kernel's entry: sources to manifest to tree to trained networks to results, each stage once.

    python kernel/run.py --local                       the dry run, on drawn phantoms
    python kernel/run.py --local --data DIR --experiment paper
    torchrun --nproc-per-node=2 kernel/run.py --experiment rigorous --data DIR      the trainings shared out

On Kaggle it takes no arguments. A run that was stopped goes on with the same command.
"""

import argparse
import signal
import sys
import time
from pathlib import Path

try:
    import cxrkit
except ImportError:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import cxrkit

from cxrkit import config, environment, pipeline
from cxrkit.errors import WrongUse, run_command
from cxrkit.kaggle_io import kernel
from cxrkit.progress import announce


def parse(arguments):
    parser = argparse.ArgumentParser(prog="kernel/run.py", description="Train and evaluate the four networks. Research use only.")
    parser.add_argument("--local", action="store_true", help="run on this machine (needed anywhere but on Kaggle)")
    parser.add_argument(
        "--experiment", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file; default: dry-run here, paper on Kaggle"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for everything the run makes; default: runs/EXPERIMENT")
    parser.add_argument("--hours", type=float, help="after so many hours no new stage begins, and the run reports what it has")
    parser.add_argument("--cpu", action="store_true", help="on Kaggle: run on processors where no GPU works, instead of stopping")
    parser.add_argument("--results", metavar="SLUG", default="", help="on Kaggle: the dataset to send the results to")
    parser.add_argument("--version", action="version", version=cxrkit.__version__)
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse(arguments)
    local = options.local or (
        environment.processes() > 1 and not environment.on_kaggle()
    )  # torchrun takes --local for an option of its own
    if not local and not environment.on_kaggle():
        raise WrongUse("This is not Kaggle.", next="add --local to run here")
    overrides = config.overrides_of(options)
    name = options.experiment or ("dry-run" if local else "paper")
    if local and not options.experiment and "data" in overrides:
        raise WrongUse("The experiment for your data is not named.", next="add --experiment paper, rigorous or a YAML file")
    experiment = config.load(name, overrides)
    started = time.monotonic()
    if local:
        results = pipeline.run(experiment, options.out or Path("runs") / experiment.name, time_left=environment.Deadline(options.hours))
    elif (exit_code := kernel.start_on_every_gpu()) is not None:
        return exit_code
    else:
        results = kernel.run(experiment, options.hours, not options.cpu, options.results)
    announce(f"finished in {time.monotonic() - started:.0f} s")
    if results:
        pipeline.refuse_failures(results)


def _interrupt(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(run_command(main))
