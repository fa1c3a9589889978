"""python -m cxrkit tree build: a manifest's images as a folder tree, train|valid|test/<label>/<file>."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import Commands, declare
from cxrkit.errors import WrongUse
from cxrkit.files import refuse_unwritable
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    actions = commands.add_parser("tree", help="build the folder tree").add_subparsers(metavar="ACTION", required=True)
    build = declare(actions, "build", help="link a manifest's images into train|valid|test/<label>/")
    build.add_argument("manifest", type=Path, metavar="MANIFEST", help="a manifest.csv")
    build.add_argument("--out", type=Path, default=Path("tree"), metavar="DIR", help="the tree's folder (default: tree)")
    build.set_defaults(command=run_build)


def run_build(options: Namespace) -> None:
    from cxrkit.data import manifest, sources, tree

    refuse_unwritable(options.out / tree.MARKER)
    given, roots = manifest.read(options.manifest), manifest.read_roots(options.manifest)
    if not roots:
        raise WrongUse(
            "It is not known where the manifest's images lie.",
            options.manifest,
            "build it on this machine: python -m cxrkit manifest build",
        )
    answer(f"{options.out}: {tree.build(given, sources.locator(roots), options.out)}")
