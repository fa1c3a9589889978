"""python -m cxrkit manifest build|check|diff|licences: a manifest from sources, and what is in it."""

from argparse import Namespace
from collections import Counter
from pathlib import Path

from cxrkit import config
from cxrkit.cli.shared import Commands, add_json, declare
from cxrkit.command_line import Words
from cxrkit.errors import BadInput
from cxrkit.files import refuse_foreign, refuse_unwritable, refuse_unwritable_folder, write_text
from cxrkit.options import overrides_of
from cxrkit.progress import answer, answer_json, counted, table


def add(commands: Commands) -> None:
    actions = commands.add_parser("manifest", help="build or check a manifest").add_subparsers(metavar="ACTION", required=True)
    build = declare(actions, "build", help="read sources into a manifest")
    build.add_argument(
        "--source", action="append", required=True, metavar="KIND[:NAME]=DIR", help="a source of images; may be given several times"
    )
    build.add_argument(
        "--experiment", default="paper", metavar="NAME", help="take the split and the exclusions of this experiment (default: paper)"
    )
    build.add_argument("--split", choices=("paper", "grouped"), help="how films are split (default: as the experiment says)")
    build.add_argument("--split-seed", type=int, metavar="N", help="random seed of the split (default: as the experiment says)")
    build.add_argument("--duplicates", choices=("remove", "keep"), help="copies of one picture (default: as the experiment says)")
    build.add_argument("--ages", choices=("all", "adults"), help="whose films are used (default: as the experiment says)")
    build.add_argument(
        "--match", action=Words, empty=True, metavar="TRAIT", help="match the classes on view, age and sex, or on some of them"
    )
    build.add_argument("--age-caliper", type=float, metavar="YEARS", help="how far the ages of a matched pair may differ (default: 5)")
    build.add_argument(
        "--out", type=Path, default=Path("manifest.csv"), metavar="FILE", help="the manifest to write (default: manifest.csv)"
    )
    cached = "folder for facts and thumbnails, so that the next build reads only what is new (default: FILE.cache)"
    build.add_argument("--cache", type=Path, metavar="DIR", help=cached)
    cluster = "read the films on the nodes of a Ray cluster that see them at the same path: auto, HOST:PORT or ray://HOST:PORT"
    build.add_argument("--cluster", metavar="ADDRESS", default="", help=cluster)
    build.set_defaults(command=run_build)
    check = declare(actions, "check", help="check a manifest: schema, ids, files, classes, patients")
    check.add_argument("manifest", type=Path, metavar="MANIFEST", help="a manifest.csv")
    check.add_argument("--hashes", action="store_true", help="compare the files' SHA-256 as well")
    add_json(check, "manifest, rows, used, files (compared, present or not looked for) and problems, a list of texts")
    check.set_defaults(command=run_check)
    diff = declare(
        actions,
        "diff",
        help="what was added, removed, relabelled or moved between two manifests, counted and listed; the exit code is 0 either way",
    )
    diff.add_argument("before", type=Path, metavar="BEFORE", help="the older manifest.csv")
    diff.add_argument("after", type=Path, metavar="AFTER", help="the newer one")
    diff.set_defaults(command=run_diff)
    terms = declare(actions, "licences", help="write ATTRIBUTION.md, and list what may be redistributed")
    terms.add_argument("manifest", type=Path, metavar="MANIFEST", help="a manifest.csv")
    terms.add_argument(
        "--out", type=Path, default=Path("ATTRIBUTION.md"), metavar="FILE", help="the file to write (default: ATTRIBUTION.md)"
    )
    terms.set_defaults(command=run_licences)


def run_build(options: Namespace) -> None:
    from cxrkit.data import manifest, matching, sources, summary
    from cxrkit.kaggle_io import hub

    experiment = config.load(options.experiment, overrides_of(options))
    kept = options.cache or options.out.with_suffix(".cache")
    manifest.refuse_others(options.out)  # before the films are read, or fetched
    refuse_unwritable(options.out, manifest.roots_path(options.out))
    refuse_unwritable_folder(kept)
    wanted = sources.parse_all(hub.folders(options.source), drawn_at=options.out.parent / "phantoms")
    workers = None
    if options.cluster:
        from cxrkit.cluster.readers import Readers

        workers = Readers.at(options.cluster)
    built = manifest.build(wanted, experiment, kept, squares=False, workers=workers)
    manifest.write(options.out, built, manifest.roots_of(wanted))
    answer(summary.text(built))
    if experiment.match:
        answer(matching.sentence(built.records, experiment.match, experiment.age_caliper))
    else:
        answer(summary.as_merged(built, experiment))
    answer(f"\n{len(built.records)} rows in {options.out}")


def run_check(options: Namespace) -> None:
    from cxrkit.data import manifest, sources

    given = manifest.read(options.manifest)
    roots = manifest.read_roots(options.manifest)
    problems = manifest.problems(given, sources.locator(roots) if roots else None, options.hashes)
    if options.json:
        files = "not looked for" if not roots else "compared" if options.hashes else "present"
        rows, used = len(given.records), len(given.used)
        answer_json({"manifest": str(options.manifest), "rows": rows, "used": used, "files": files, "problems": list(map(str, problems))})
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems[:20])
        raise BadInput(
            f"The manifest has {counted(len(problems), 'problem')}:\n{listed}",
            options.manifest,
            "build it again: python -m cxrkit manifest build",
        )
    if options.json:
        return
    where = "their files are there" if roots else "files not looked for: no " + options.manifest.with_suffix(".roots.json").name
    answer(f"{options.manifest}: {len(given.records)} rows, {len(given.used)} in use; {where}")


def run_diff(options: Namespace) -> None:
    from cxrkit.data import difference, manifest

    answer(difference.text(manifest.read(options.before), manifest.read(options.after)))


def run_licences(options: Namespace) -> None:
    from cxrkit.data import licences, manifest

    refuse_foreign(options.out, licences.TITLE)
    refuse_unwritable(options.out)
    given = manifest.read(options.manifest)
    write_text(options.out, licences.attribution(given.records))
    counts = Counter(record.licence or "unknown" for record in given.used)
    rows = [[licence, count, "yes" if licences.may_redistribute(licence) else "no"] for licence, count in counts.most_common()]
    answer(table(rows, ["licence", "images", "may be redistributed"], right=["images"]))
    answer(f"credits in {options.out}")
