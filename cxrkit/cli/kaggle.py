"""The commands of `python -m cxrkit` that deal with Kaggle."""

from pathlib import Path

from cxrkit import config
from cxrkit.errors import RemoteRefusal, WrongUse
from cxrkit.progress import say

OUT = Path("runs") / "kaggle"


def add(commands):
    """Give an argparse subparsers object the commands bundle, setup, push, status, pull and publish."""
    setup = commands.add_parser("setup", help="write kernel-metadata.json for your Kaggle account")
    setup.add_argument("--owner", metavar="NAME", help="your Kaggle user name (default: that of your credentials)")
    setup.add_argument("--slug", help="name of the kernel (default: the present one)")
    setup.set_defaults(command=set_up)

    bundle = commands.add_parser("bundle", help="write kernel/script.py, the one file that Kaggle runs")
    bundle.add_argument("--check", action="store_true", help="only say whether it is made of the present source")
    _add_settings(bundle)
    bundle.set_defaults(command=write_bundle)

    push = commands.add_parser("push", help="bundle the kit and run it on Kaggle")
    _add_settings(push)
    push.add_argument("--slug", help="name of the kernel (default: that of kernel-metadata.json)")
    push.add_argument("--resume", action="store_true", help="go on from the checkpoints that the last run sent with its results")
    push.add_argument("--wait", action="store_true", help="show its log until it ends; fail when it fails")
    push.add_argument("--pull", action="store_true", help="then fetch its results; implies --wait")
    push.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    push.set_defaults(command=push_kernel)

    status = commands.add_parser("status", help="how the kernel is doing on Kaggle")
    status.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    status.add_argument("--log", action="store_true", help="show its log too")
    status.set_defaults(command=show_status)

    pull = commands.add_parser("pull", help="fetch and verify the results of the kernel's newest run")
    pull.add_argument("kernel", nargs="?", metavar="OWNER/NAME", help="default: that of kernel-metadata.json")
    pull.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"where results go, a folder a run (default: {OUT})")
    pull.set_defaults(command=pull_results)

    publish = commands.add_parser("publish", help="send a results folder to Kaggle as a dataset, and verify it there")
    publish.add_argument("results", type=Path, help="the results folder of a finished run")
    publish.add_argument("--slug", help="name of the dataset (default: that of the kernel, with -results)")
    publish.add_argument("--public", action="store_true", help="let everybody see it (a new dataset only; default: private)")
    publish.set_defaults(command=publish_results)


def _add_settings(parser):
    parser.add_argument(
        "--experiment", default="paper", metavar="NAME", help=f"{', '.join(config.names())}, or a YAML file (default: paper)"
    )
    parser.add_argument("--hours", type=float, default=11.0, help="after so many hours no new stage begins (default: 11)")
    parser.add_argument("--cpu", action="store_true", help="run on processors, without a GPU")
    config.add_arguments(parser.add_argument_group("experiment", "each also a key of the YAML file"))


def _settings(options, results=""):
    from cxrkit.kaggle_io.bundle import Settings

    overrides = config.overrides_of(options)
    config.load(options.experiment, overrides)
    return Settings(options.experiment, overrides, options.hours, not options.cpu, results)


def set_up(options):
    from cxrkit.kaggle_io import metadata

    written = metadata.set_up(options.owner, options.slug)
    write_bundle_for(metadata.slug_of(written))
    say(f"{metadata.NAME} is yours: {written['id']}. Now `kaggle kernels push` or `python -m cxrkit push --wait --pull`.")


def write_bundle_for(slug):
    """Write kernel/script.py for the paper's experiment, with results that go to a dataset named by the kernel."""
    from cxrkit.kaggle_io import bundle, metadata

    return bundle.write(bundle.Settings(results=metadata.results_slug(slug)))


def write_bundle(options):
    from cxrkit.kaggle_io import bundle, metadata

    if options.check:
        bundle.check(experiment=None if options.experiment in config.names() else options.experiment)
        say(f"{bundle.SCRIPT} is made of the present source")
        return
    size = bundle.write(_settings(options, metadata.results_slug(metadata.slug_of(metadata.read()))))
    say(f"{bundle.SCRIPT}: {size:,} bytes of {bundle.LIMIT_BYTES:,}, experiment {options.experiment}")


def push_kernel(options):
    from cxrkit.kaggle_io import client, pull, push

    settings = _settings(options)
    kaggle = client.connect()
    pushed = push.push(settings, kaggle, slug=options.slug, resume=options.resume)
    say(f"pushed {pushed.ref} version {pushed.version}, run {pushed.run_id}: https://www.kaggle.com/code/{pushed.ref}")
    if options.wait or options.pull:
        push.wait(kaggle, pushed)
    if options.pull:
        _say_pulled(pull.pull(kaggle, pushed.ref, options.out, (pushed.source_sha256, pushed.run_id)))


def _say_pulled(folder):
    from cxrkit.files import read_json

    results = folder / "results"
    say(f"results, whole and verified: {results} ({len(read_json(results / 'checksums.json'))} files)")
    for name in ("report.html", "metrics.json"):
        if (results / name).exists():
            say(f"look at {results / name}")
            break


def _kernel(kaggle, given):
    from cxrkit.kaggle_io import metadata

    ref = given or f"{kaggle.owner}/{metadata.slug_of(metadata.read())}"
    if ref.count("/") != 1:
        raise WrongUse(f"{ref!r} names no kernel.", next="write OWNER/NAME")
    return ref


def show_status(options):
    from cxrkit.kaggle_io import client, push

    kaggle = client.connect()
    ref = _kernel(kaggle, options.kernel)
    now = push.status(kaggle, ref)
    say(f"{ref}: {now}")
    quota = push.gpu_quota(kaggle)
    if quota:
        say("GPU hours used this week: {:.1f} of {:.1f}".format(*quota))
    if options.log:
        say(kaggle.hide(push.Log(kaggle, ref).kept()))
    if now.value in push.ENDED and now.value != "COMPLETE":
        raise RemoteRefusal(f"The kernel ended as {now}.", ref, "read its log: python -m cxrkit status --log")


def pull_results(options):
    from cxrkit.kaggle_io import client, pull

    kaggle = client.connect()
    _say_pulled(pull.pull(kaggle, _kernel(kaggle, options.kernel), options.out))


def publish_results(options):
    from cxrkit.kaggle_io import client, metadata, pull

    kaggle = client.connect()
    slug = options.slug or metadata.results_slug(metadata.slug_of(metadata.read()))
    sent = pull.publish(options.results, slug, private=not options.public, kaggle=kaggle)
    say(f"published and verified: {sent.url}, {sent.files} files, {sent.bytes:,} bytes")
