"""Options and lines that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cxrkit import config
from cxrkit.errors import WrongUse
from cxrkit.files import CHECKSUMS, read_json
from cxrkit.progress import say

if TYPE_CHECKING:
    from cxrkit.kaggle_io.bundle import Settings
    from cxrkit.kaggle_io.client import Kaggle

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What argparse gives for the commands of a parser: each command adds its own."""
OUT = Path("runs") / "kaggle"
"""Where results from Kaggle go."""


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; the functions know the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


def add_decision(parser: argparse.ArgumentParser) -> None:
    """--threshold and --margin, of evaluate and compare."""
    threshold = "an image is called COVID-19 from this probability on (default: the experiment's)"
    parser.add_argument("--threshold", type=float, metavar="P", help=threshold)
    margin = "networks within this difference in error rate are equivalent (default: 0.01)"
    parser.add_argument("--margin", type=float, metavar="SHARE", help=margin)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What the head of the generated script says, of bundle and push."""
    parser.add_argument(
        "--experiment", default="paper", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file (default: paper)"
    )
    parser.add_argument("--hours", type=float, default=11.0, help="after so many hours no new stage begins (default: 11)")
    parser.add_argument("--cpu", action="store_true", help="run on processors, without a GPU")
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))


def settings_of(options: argparse.Namespace, results: str = "") -> Settings:
    """The bundle's Settings, once the experiment they name was checked. Raises WrongUse."""
    from cxrkit.kaggle_io.bundle import Settings

    overrides = config.overrides_of(options)
    config.load(options.experiment, overrides)
    return Settings(options.experiment, overrides, options.hours, not options.cpu, results)


def kernel_of(kaggle: Kaggle, ref: str | None) -> str:
    """The kernel that was named, else the one of kernel-metadata.json, as owner/name. Raises WrongUse."""
    from cxrkit.kaggle_io import metadata

    ref = ref or f"{kaggle.owner}/{metadata.slug_of(metadata.read())}"
    if ref.count("/") != 1:
        raise WrongUse(f"{ref!r} names no kernel.", next="write OWNER/NAME")
    return ref


def say_pulled(folder: Path) -> None:
    """What was fetched, and which file to open first."""
    from cxrkit.kaggle_io import publish

    results = folder / publish.FOLDER
    say(f"results, whole and verified: {results} ({len(read_json(results / CHECKSUMS))} files)")
    for name in ("report.html", "metrics.json"):
        if (results / name).exists():
            say(f"look at {results / name}")
            break
