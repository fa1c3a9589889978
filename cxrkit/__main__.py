"""python -m cxrkit: the kit's stages one by one."""

import argparse
import sys
from pathlib import Path

from cxrkit import __version__, config, predict
from cxrkit.cli import audit
from cxrkit.cli import evaluate as evaluation_commands
from cxrkit.cli import kaggle as kaggle_commands
from cxrkit.cli import report as report_commands
from cxrkit.errors import BadInput, WrongUse, run_command
from cxrkit.progress import say


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
    audit.add(commands)
    report_commands.add(commands)
    kaggle_commands.add(commands)
    predict.add(commands)
    return top


def build_manifest(options):
    from cxrkit.data import manifest, sources, summary
    from scrapers import croissant

    experiment = config.load(options.experiment, config.overrides_of(options))
    found = sources.parse_all(options.source, drawn_at=options.out.parent / "phantoms")
    records = manifest.build(
        found, experiment.split, experiment.exclude_views, experiment.split_seed, experiment.duplicates, experiment.label_conflicts
    )
    manifest.write(options.out, records, manifest.roots_of(found))
    croissant.write(options.out, records)
    say(summary.summary(records))
    say(summary.as_merged(records, experiment.split, experiment.split_seed, experiment.exclude_views))
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
    from cxrkit.data import manifest, summary

    say(summary.difference(manifest.read(options.before), manifest.read(options.after)) or "no difference")


def write_attribution(options):
    from collections import Counter

    from cxrkit.data import licences, manifest, summary
    from cxrkit.files import write_text
    from cxrkit.progress import table

    records = manifest.read(options.manifest)
    write_text(options.out, summary.attribution(records))
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
    from cxrkit import bench
    from cxrkit.files import write_json

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
