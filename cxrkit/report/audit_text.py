"""The audits as text for a log: the verdict first, then tables; what knows nothing of lungs stands above the networks."""

import textwrap

from cxrkit.audit.masking import LUNGS
from cxrkit.evaluation.scoring import SHORT_NAMES, figure_text
from cxrkit.progress import table

WIDTH = 110


def text(content):
    """The content of audits.json as text."""
    parts = [paragraph(content["verdict"]), classes_told_apart(content)]
    for heading, tell in (
        ("Lungs hidden", masks),
        ("Sources", sources),
        ("Films from elsewhere", elsewhere),
        ("Controls of the audit", controls),
    ):
        told = tell(content)
        parts += [f"{heading}\n{told}"] if told else []
    if content.get("not_done"):
        parts.append("Not done\n" + "\n".join(f"- {row['part']}: {row['reason']}" for row in content["not_done"]))
    parts.append(f"Intervals of AUC are 95 %, over patients. Manifest {content['manifest_sha256'][:12]}.")
    return "\n\n".join(parts)


def paragraph(verdict):
    return "\n".join([f"VERDICT: {verdict['conclusion']}", *textwrap.wrap(verdict["paragraph"], WIDTH)])


def classes_told_apart(content):
    """The table of baselines above the networks, in order of what they see."""
    rows = []
    for row in content["baselines"]:
        held = row.get("held_out") or {"auc": None, "n": None}
        rows.append([row["title"], _area(row), row["n"], _area(held), held["n"], row["note"]])
    for row in content.get("networks") or []:
        ahead = row.get("advantage")
        note = f"{ahead['auc']:+.3f} [{ahead['interval'][0]:+.3f}, {ahead['interval'][1]:+.3f}] on {ahead['over_title']}" if ahead else ""
        seeds = f", mean of {len(row['seeds'])} seeds" if len(row.get("seeds", ())) > 1 else ""
        rows.append([SHORT_NAMES.get(row["architecture"], row["architecture"]) + seeds, "", "", _area(row), row["n"], note])
    header = ["COVID-19 told from normal by", "AUC, all films", "n", "AUC, held out", "n held out", "note"]
    return table(rows, header, right=["n", "n held out"])


def _area(row):
    if not row or row["auc"] is None:
        return "-"
    low, high = row["interval"]
    return f"{row['auc']:.3f} [{low:.3f}, {high:.3f}]"


def masks(content):
    """The first seed of each network: whole films, lungs hidden, lungs alone. The whole curves are in audits.json."""
    found = {}
    for row in content.get("masking") or []:
        found.setdefault(row["architecture"], {}).setdefault(row["seed"], {})[row["mask"], row["side"], row["retrained"]] = row
    rows = []
    for architecture, seeds in found.items():
        seed, mine = next(iter(seeds.items()))
        for retrained in (False, True):
            hidden, alone = mine.get(("centre", LUNGS, retrained)), mine.get(("surround", LUNGS, retrained))
            if hidden and alone:
                name = SHORT_NAMES.get(architecture, architecture) + (", trained anew so" if retrained else "")
                rows.append(
                    [name, f"{seed} of {len(seeds)}", hidden["n"], _area(mine.get(("centre", 0.0, False))), _area(hidden), _area(alone)]
                )
    header = [
        "network",
        "seed",
        "n",
        "AUC, whole films",
        f"centre of {LUNGS:.0%} of the side blacked out",
        "all but that centre blacked out",
    ]
    return table(rows, header, right=["n"]) if rows else ""


def sources(content):
    rows = [[row["title"], _area(row), row["n"], row["n_covid"], row["note"]] for row in content.get("sources") or []]
    return table(rows, ["what", "AUC", "n", "positive", "note"], right=["n", "positive"]) if rows else ""


def elsewhere(content):
    rows = []
    for row in content.get("external") or []:
        drop = row["drop"]
        lost = "-" if drop["auc"] is None else f"{drop['auc']:.3f} [{drop['interval'][0]:.3f}, {drop['interval'][1]:.3f}]"
        figures = [figure_text(row["metrics"][name], 3) for name in ("auc", "sensitivity", "specificity")]
        calibrated = figure_text(row["calibration"]["before"]["ece"], 3)
        name = SHORT_NAMES.get(row["architecture"], row["architecture"])
        rows.append([row["name"], name, row["n"], row["n_covid"], row["duplicates_removed"], *figures, lost, calibrated])
    header = ["films", "network", "n", "COVID-19", "copies removed", "AUC", "sensitivity", "specificity", "AUC lost", "calibration error"]
    return table(rows, header, right=header[2:5]) if rows else ""


def controls(content):
    rows = [[row["title"], row["expected"], row["found"], "passed" if row["passed"] else "FAILED"] for row in content.get("controls") or []]
    return table(rows, ["control", "expected", "found", ""]) if rows else ""
