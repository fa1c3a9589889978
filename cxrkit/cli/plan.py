"""python -m cxrkit plan: how many patients an interval of a wanted width needs, and how wide one of so many will be."""

from argparse import Namespace

from cxrkit.cli.shared import Commands, declare
from cxrkit.command_line import SHARE, Number
from cxrkit.errors import WrongUse
from cxrkit.progress import answer


def add(commands: Commands) -> None:
    parser = declare(commands, "plan", help="how many patients are needed for intervals of a given width")
    for name, default, of in (("sensitivity", 0.95, ""), ("specificity", 0.95, ""), ("auc", 0.98, "area under the ROC curve")):
        parser.add_argument(f"--{name}", type=SHARE, default=default, metavar="SHARE", help=f"expected {of or name} (default: {default})")
    parser.add_argument(
        "--width", type=SHARE, default=0.1, metavar="SHARE", help="wanted width of the 95 %% interval, from end to end (default: 0.1)"
    )
    normals = "normal patients per COVID-19 patient, for the AUC (default: 5, or as many as --covid and --normal say)"
    parser.add_argument("--normals", type=Number(above=0), metavar="RATIO", help=normals)
    for name, title in (("covid", "COVID-19"), ("normal", "normal")):
        parser.add_argument(
            f"--{name}", type=Number(int, at_least=2), metavar="N", help=f"{title} patients available: how wide the intervals will be"
        )
    parser.set_defaults(command=run)


def run(options: Namespace) -> None:
    from cxrkit.evaluation import sizes
    from cxrkit.progress import table

    covid, normal = options.covid, options.normal
    if (covid is None) != (normal is None):
        raise WrongUse("The patients at hand are told of one class alone.", next="give both --covid and --normal")
    normals = options.normals or (normal / covid if covid else 5)
    needed = sizes.patients_for_area(options.auc, options.width, normals)
    shares = {"sensitivity": (options.sensitivity, 0, covid), "specificity": (options.specificity, 1, normal)}
    rows = []
    for name, (share, place, there) in shares.items():
        wanted = ["", ""]
        wanted[place] = f"{sizes.patients_for_rate(share, options.width):,}"
        rows.append([name, f"{share:g}", *wanted, f"{sizes.width_of_rate(share, there):.3f}" if there else ""])
    area = f"{sizes.width_of_area(options.auc, covid, normal):.3f}" if covid else ""
    rows.append(["AUC", f"{options.auc:g}", *(f"{n:,}" for n in needed), area])
    there = f"width with {covid:,} and {normal:,}" if covid else ""
    header = ["of", "expected", "COVID-19 patients", "normal patients", there]
    answer(f"Held-out patients that a 95 % interval {options.width:g} wide needs, if the figure comes out as expected:\n")
    answer(table([row[: 5 if covid else 4] for row in rows], header[: 5 if covid else 4], right=header[1:]))
    answer(
        "\nA patient with several films counts once. split grouped holds a fifth of all patients out, and as many for validation; "
        f"the AUC's row is for {normals:.3g} normal {'patient' if normals == 1 else 'patients'} to each COVID-19 patient. An interval comes out wider than this in about half of all runs."
    )
