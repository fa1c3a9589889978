"""python -m cxrkit status: how the kernel is doing on Kaggle, and the week's GPU quota."""

from argparse import Namespace

from cxrkit.cli.shared import Commands, add_json, declare, signed_in
from cxrkit.errors import RemoteRefusal
from cxrkit.progress import answer, answer_json

STATUS_KEYS = "kernel, status, message, gpu_hours_used and gpu_hours_allowed (null where Kaggle does not say)"


def add(commands: Commands) -> None:
    status = declare(commands, "status", help="how the kernel is doing on Kaggle")
    status.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    status.add_argument("--log", action="store_true", help="show its log too")
    add_json(status, STATUS_KEYS)
    status.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.kaggle_io import log, push

    kaggle, ref = signed_in(options.kernel)
    now = push.status(kaggle, ref)
    quota = push.gpu_quota(kaggle)
    used, allowed = quota or (None, None)
    if options.json:
        answer_json({"kernel": ref, "status": now.value, "message": now.message, "gpu_hours_used": used, "gpu_hours_allowed": allowed})
    else:
        answer(f"{ref}: {now}")
    if quota and not options.json:
        answer("GPU hours used this week: {:.1f} of {:.1f}".format(*quota))
    if options.log:
        log.Log(kaggle, ref).finish()
    if now.value in push.ENDED and now.value != "COMPLETE":
        raise RemoteRefusal(f"The kernel ended as {now}.", ref, "read its log: python -m cxrkit status --log")
