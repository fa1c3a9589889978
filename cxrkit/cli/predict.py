"""python -m cxrkit predict: what a finished run's networks say of other films."""

import json
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from cxrkit.cli.shared import RUN, Commands, declare
from cxrkit.errors import BadInput
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    parser = declare(commands, "predict", help="ask a finished run's networks about other films (research only)")
    parser.add_argument("run", type=Path, metavar="RUN", help=f"{RUN}, models/ included; or an exported folder")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG or DICOM files, or folders of them")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a picture a film into DIR: where each network looks")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.set_defaults(command=run)


def run(options: Namespace) -> int:
    from cxrkit import answers, predict

    found = predict.predict(options.run, options.images, options.out)
    answer(json.dumps(asdict(found), indent=2, ensure_ascii=False) if options.json else answers.text(found))
    return 0 if found.films else BadInput.exit_code
