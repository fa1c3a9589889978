"""python -m cxrkit gpu-check: whether this machine's GPUs train as the processor does."""

from argparse import Namespace
from pathlib import Path

from cxrkit.cli.shared import Commands, declare
from cxrkit.command_line import Number
from cxrkit.config import Experiment
from cxrkit.environment import Choice
from cxrkit.errors import CxrkitError
from cxrkit.files import refuse_unwritable_folder
from cxrkit.progress import answer

FORMATS = Experiment.__dataclass_fields__["precision"].metadata["choices"]


def add(commands: Commands) -> None:
    check = declare(commands, "gpu-check", help="check in about three minutes that the GPUs train like the processor")
    check.add_argument(
        "--device",
        choices=("auto", "cpu"),
        default="auto",
        help="cpu: the same checks without a GPU, where they make sense (default: auto)",
    )
    check.add_argument("--short", action="store_true", help="one network and its number format: what a run on Kaggle begins with")
    check.add_argument(
        "--precision", choices=FORMATS, default="auto", metavar="FORMAT", help=f"with --short: {', '.join(FORMATS)} (default: auto)"
    )
    check.add_argument(
        "--minutes", type=Number(above=0), help="stop waiting after so many minutes (default: 5, without a GPU 20, with --short 2)"
    )
    check.add_argument(
        "--out", type=Path, default=Path("runs/gpu-check"), metavar="DIR", help="folder for gpu-check.json (default: runs/gpu-check)"
    )
    check.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit import environment
    from cxrkit.gpu_check import check, rows

    refuse_unwritable_folder(options.out)
    device = environment.choose_device() if options.device == "auto" else Choice("cpu", "as was asked")
    minutes = options.minutes or (check.SHORT_MINUTES if options.short else check.MINUTES[device.value])
    answer(f"gpu-check on {device}, for {minutes:g} minutes at the most")
    found = check.run(device, minutes, options.short, options.precision)
    path = check.write(found, options.out)
    answer("\n" + rows.text(found["rows"]))
    if device.value == "cpu":
        answer("No GPU was asked: what is said here is of the processor alone, and proves nothing of CUDA, float16 or TF32.")
    answer(f"{found['seconds']:.0f} s. Written: {path}")
    if rows.failed(found["rows"]):
        raise CxrkitError(check.sentence(found["rows"]), path, "see `remedy` of each row that failed")
