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
        "--out", type=Path, metavar="FILE", help="the file to write (default: audit.json in the results, or beside the manifest)"
    )
    audit.set_defaults(command=run_audit)


def run_audit(options):
    from cxrkit.audit import audit
    from cxrkit.report import audit_text

    started = time.monotonic()
    wanted = audit.Options(tuple(options.external), options.retrain, tuple(options.networks), tuple(options.source), options.weights)
    content = audit.audit(options.target, wanted, options.out)
    say("\n" + audit_text.text(content))
    say(f"Audited in {time.monotonic() - started:.0f} s; written: {options.out or audit.NAME}")
