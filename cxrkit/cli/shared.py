"""Options and lines that several commands share."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from cxrkit import config
from cxrkit.cli.examples import EXAMPLES
from cxrkit.command_line import SHARE
from cxrkit.errors import EXIT_CODES, WrongUse
from cxrkit.files import CHECKSUMS, read_json
from cxrkit.options import add_arguments, add_quiet, hours, overrides_of
from cxrkit.progress import answer, say

if TYPE_CHECKING:
    from cxrkit.kaggle_io.bundle import Settings
    from cxrkit.kaggle_io.client import Kaggle

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What argparse gives for the commands of a parser: each command adds its own."""
OUT = Path("runs") / "kaggle"
"""Where results from Kaggle go."""


RUN = "the run's folder, or its results folder"
"""What RUN stands for in every command."""


def declare(commands: Commands, name: str, help: str, examples: Iterable[str] = ()) -> argparse.ArgumentParser:
    """The parser of one command, with --quiet, its two examples and the exit codes. examples: where EXAMPLES has none of it."""
    parser = commands.add_parser(name, help=help, formatter_class=argparse.RawDescriptionHelpFormatter)
    command = parser.prog.partition("cxrkit ")[2] or name
    program = parser.prog.removesuffix(command)
    shown = "".join(f"  {program}{example}\n" for example in examples or EXAMPLES[command])
    parser.description = textwrap.fill(help[0].upper() + help[1:] + ".", 100)
    parser.epilog = f"examples:\n{shown}{EXIT_CODES}"
    add_quiet(parser)
    return parser


def add_json(parser: argparse.ArgumentParser, keys: str) -> None:
    """--json; keys: where they are documented."""
    parser.add_argument("--json", action="store_true", help=f"print one JSON document and nothing else on stdout; its keys: {keys}")


def given(**options: Any) -> dict[str, Any]:
    """The options that were given; the functions know the defaults of the others."""
    return {name: value for name, value in options.items() if value is not None}


def add_decision(parser: argparse.ArgumentParser) -> None:
    """--threshold and the margins, of evaluate and compare."""
    threshold = "a film is called COVID-19 from this probability up (default: the experiment's)"
    parser.add_argument("--threshold", type=SHARE, metavar="P", help=threshold)
    margin = "networks whose error rates differ by no more than this are equivalent in error (default: 0.01)"
    parser.add_argument("--margin", type=SHARE, metavar="SHARE", help=margin)
    for rate in ("sensitivity", "specificity"):
        text = f"they are fully equivalent if {rate} differs by no more than this, too (default: 0.02)"
        parser.add_argument(f"--margin-{rate}", type=SHARE, metavar="SHARE", help=text)


def margins_of(options: argparse.Namespace) -> dict[str, Any]:
    """The margins that were given, as the keyword `margins`."""
    from cxrkit.schema import Margins

    wanted = given(error=options.margin, sensitivity=options.margin_sensitivity, specificity=options.margin_specificity)
    return {"margins": Margins(**wanted)}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """What the head of the generated script says, of bundle and push."""
    parser.add_argument(
        "--experiment", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file (default: that of kernel/script.py's head)"
    )
    parser.add_argument("--hours", type=hours, help="after so many hours no new stage begins (default: that of the head, 11)")
    parser.add_argument("--cpu", action="store_true", help="run on processors, without a GPU")
    add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))


def settings_of(options: argparse.Namespace, results: str = "", present: Settings | None = None) -> Settings:
    """The bundle's Settings: the options given, laid over the constants at the head of kernel/script.py, edited ones too.

    results: the slug of the results' dataset where the head names none of its own; present: instead of the head's
    constants. The experiment is checked. Raises WrongUse, BadInput for a head that cannot be read.
    """
    from dataclasses import replace

    from cxrkit.kaggle_io import bundle, metadata

    found = present or bundle.head()
    own = metadata.results_slug(metadata.slug_of(metadata.read()))
    overrides = overrides_of(options)
    if options.experiment:  # another experiment: what was laid over the head's own is not meant for it
        found = replace(found, experiment=options.experiment, overrides={} if options.experiment != found.experiment else found.overrides)
    settings = replace(
        found,
        overrides={**found.overrides, **overrides},
        hours=found.hours if options.hours is None else options.hours,
        gpu=found.gpu and not options.cpu,
        results=found.results if found.results not in ("", own) else results,
    )
    config.load(settings.experiment, settings.overrides)
    usual = bundle.Settings(results=found.results if found.results in ("", own) else "")
    edited = [name for name in bundle.CONSTANTS if getattr(found, name) != getattr(usual, name)]
    if edited and not present:
        say("from the head of kernel/script.py: " + ", ".join(f"{name.upper()} = {getattr(found, name)!r}" for name in edited))
    return settings


def signed_in(ref: str | None) -> tuple[Kaggle, str]:
    """(a Kaggle, the kernel as owner/name: the one that was named, else that of kernel-metadata.json).

    What names no kernel is told before anybody is asked for an account. Raises WrongUse, and what client.connect raises.
    """
    from cxrkit.kaggle_io import client, metadata

    if ref and (ref.count("/") != 1 or not all(ref.split("/"))):
        raise WrongUse(f"{ref!r} names no kernel.", next="write OWNER/NAME")
    slug = "" if ref else metadata.slug_of(metadata.read())
    kaggle = client.connect()
    return kaggle, ref or f"{kaggle.owner}/{slug}"


def say_pulled(folder: Path) -> None:
    """What was fetched, and which file to open first."""
    from cxrkit.kaggle_io import publish

    results = folder / publish.FOLDER
    answer(f"results, whole and verified: {results} ({len(read_json(results / CHECKSUMS))} files)")
    for name in ("report.html", "metrics.json"):
        if (results / name).exists():
            answer(f"look at {results / name}")
            break
