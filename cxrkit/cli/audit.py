"""python -m cxrkit audit: can the answer be trusted? Of a run, or of a manifest before anything is trained."""

import time
from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare
from cxrkit.command_line import Number, Words
from cxrkit.errors import WrongUse
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    audit = declare(commands, "audit", help="can the answer be trusted? shortcuts, masks, sources, external films, a verdict")
    audit.add_argument("target", type=Path, metavar="RUN|MANIFEST", help=f"{RUN}; or a manifest.csv")
    external = (
        "external films: KIND[:NAME]=DIR as for --data of a run, NAME=DIR (a folder with covid/ and normal/), "
        "or NAME=manifest.csv; may be given several times"
    )
    audit.add_argument("--external", action="append", default=[], metavar="NAME=DIR", help=external)
    most = "at most N films of each of these sets; whole patients, drawn with a fixed seed (default: all)"
    audit.add_argument("--external-films", type=Number(int, at_least=0), default=0, metavar="N", help=most)
    audit.add_argument(
        "--retrain", action="store_true", help="retrain networks on masked films, without each source, and on permuted labels (takes long)"
    )
    cluster = "train those on a Ray cluster, at the same time: auto, HOST:PORT or ray://HOST:PORT"
    audit.add_argument("--cluster", metavar="ADDRESS", default="", help=cluster)
    asked = "networks to mask and retrain, such as resnet34-seed0 (default: all on a GPU, else one seed of each)"
    audit.add_argument("--networks", action=Words, default=[], metavar="NAME", help=asked)
    where = "where the films of a source lie on this machine, if the manifest does not say"
    audit.add_argument("--source", action="append", default=[], metavar="KIND[:NAME]=DIR", help=where)
    audit.add_argument("--weights", default="", metavar="DIR", help="folder with torchvision's ImageNet weight files, for --retrain")
    published = (
        "ask a published chest model about the films as well: its weight file, or the folder that holds it "
        "(default: torchxrayvision's own cache; pip install '.[published]')"
    )
    audit.add_argument("--published", nargs="?", const="", metavar="FILE", help=published)
    audit.add_argument(
        "--out", type=Path, metavar="FILE", help="the file to write (default: audits.json in the results, or beside the manifest)"
    )
    audit.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.audit import audit
    from cxrkit.kaggle_io import hub
    from cxrkit.report import markdown

    started, executor, model = time.monotonic(), None, None
    if options.cluster:
        from cxrkit.cluster.executor import Cluster

        if not options.retrain:
            raise WrongUse("Only what is trained anew goes to a cluster.", "--cluster", "add --retrain, or leave it out")
        executor = Cluster(options.cluster)
    if options.published is not None:
        from cxrkit.audit import published

        model = published.load(options.published)
    wanted = audit.Options(
        external=hub.folders(options.external),
        retrain=options.retrain,
        networks=tuple(options.networks),
        sources=tuple(options.source),
        weights=options.weights,
        external_films=options.external_films,
        executor=executor,
        published=model,
    )
    audits = audit.audit(options.target, wanted, options.out)
    answer("\n" + markdown.audit_log(audits))
    kept_at = options.out or (audit.file_of(options.target) if options.target.suffix == ".csv" else audit.NAME)
    answer(f"Audited in {time.monotonic() - started:.0f} s; written: {kept_at}")
    if not options.out and options.target.is_dir():
        answer(f"The page as well: python -m cxrkit report {options.target}")
