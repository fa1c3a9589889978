"""The verdict: what the audits together allow a reader to believe, by rules and thresholds that stand here alone.

Each rule looks at the content of audits.json and gives a Reason or none. The first conclusion in CONCLUSIONS that
any reason leads to is the verdict; all reasons are listed. Nothing here proves that a network sees disease: the best
verdict is that these audits found no other explanation.
"""

from dataclasses import asdict, dataclass

from cxrkit.audit import baselines, masking
from cxrkit.evaluation.scoring import SHORT_NAMES

FEWEST_PATIENTS = 10
"""Patients of each class among the films that are judged; below it nothing is concluded."""
WIDEST = 0.2
"""Width of the interval of an area; a wider one decides nothing."""
SHORTCUT = 0.9
"""Area at which a baseline that sees no lung separates the classes."""
AS_GOOD = 0.02
"""A baseline within this of the best network's area does as well as it."""
PARTLY = 0.6
"""Lower limit of the area from which a baseline that sees no lung explains a part of the scores."""
KEPT = 0.9
"""Share of a network's area above chance that is left with the lungs blacked out, from which it needs no lungs."""
COARSE = 0.95
"""Area at which a thumbnail separates the classes, where no network was asked."""
DROP = 0.05
"""Loss of area on films from elsewhere that a reader must hear of, where its interval excludes none."""
TOLD_APART = 0.9
"""Area at which a network's features know the source of films of one label."""

CONCLUSIONS = {
    "audit-failed": "The audit's own controls failed, so none of its figures can be relied on.",
    "leak": "The same patients or pictures stand on both sides of the split, so no score of this run holds for a new patient.",
    "too-few": "There are too few patients to conclude anything; more films are needed before any of these scores means something.",
    "source-shortcut": "On this data no score shows that a network sees disease: where a film comes from gives the answer away.",
    "border-shortcut": "On this data no score shows that a network sees disease: what lies around the lungs gives the answer away.",
    "chance": "No network is shown to do better than guessing.",
    "thumbnail": "On this data no score shows that a network sees more than a thumbnail shows: "
    "light and dark, size and posture, but no fine sign of disease.",
    "no-transfer": "The scores do not hold for films from elsewhere, and must not be quoted without that.",
    "partial-shortcut": "The scores are too high by an amount that is not known, for part of the answer can be had without looking at the lungs.",
    "no-shortcut-found": "These audits found no shortcut. That is no proof that a network sees disease; "
    "films of other hospitals, read by radiologists, would be the next step.",
}
"""{slug: sentence}, the gravest first."""

KIND = {"source": "source-shortcut", "file": "source-shortcut", "age": "source-shortcut", "border": "border-shortcut"}
LUNGLESS = "lungless-"


@dataclass(frozen=True)
class Reason:
    """rule: slug; text: a sentence; value: what was found; threshold: what it was held against; leads_to: a conclusion."""

    rule: str
    text: str
    value: float | None
    threshold: float | None
    leads_to: str


def decide(content):
    """{conclusion, paragraph, reasons} from the content of audits.json; parts that were not done are not held against anything."""
    reasons = [reason for rule in RULES for reason in rule(content)]
    order = list(CONCLUSIONS)
    conclusion = min((reason.leads_to for reason in reasons), key=order.index, default="no-shortcut-found")
    graver_first = sorted(reasons, key=lambda reason: order.index(reason.leads_to))
    sentences = [*_opening(content), *_told(graver_first, content), CONCLUSIONS[conclusion]]
    return {"conclusion": conclusion, "paragraph": " ".join(sentences), "reasons": [asdict(reason) for reason in reasons]}


def _told(reasons, content):
    """The reasons' sentences; those of baselines that see no lung become one where they are several."""
    lungless = [reason for reason in reasons if reason.rule.startswith(LUNGLESS)]
    if len(lungless) < 2:
        return [reason.text for reason in reasons]
    row_of = {LUNGLESS + row["name"]: row for row in content["baselines"]}
    named = [f"{row['title']} ({row['auc']:.3f})" for row in (row_of[reason.rule] for reason in lungless)]
    together = f"Without a look at the lungs the classes are told apart by {', by '.join(named[:-1])} and by {named[-1]}."
    return [together if reason is lungless[0] else reason.text for reason in reasons if reason is lungless[0] or reason not in lungless]


def _opening(content):
    networks = content.get("networks") or []
    films = content["films"]
    sentences = ["These are drawn phantoms, not films; nothing here is about medicine."] if content.get("data") == "phantom" else []
    if not networks:
        who = f"{films['covid']} COVID-19 and {films['normal']} normal films of {films['patients']} patients"
        alone = f"No network was asked; this is about the films alone: {who}."
        return [*sentences, alone, "An AUC of 1 separates the two classes perfectly, 0.5 is guessing."]
    best = max(networks, key=lambda row: row["auc"])
    held = (
        f"{best['n']} films held out of training, {best['n_covid']} of them COVID-19"
        if "n_covid" in best
        else f"{best['n']} films held out of training"
    )
    name, many = SHORT_NAMES.get(best["architecture"], best["architecture"]), len(networks) > 1
    who = f"The best of {len(networks)} networks, {name}, reaches" if many else f"The network, {name}, reaches"
    return [*sentences, f"{who} an AUC of {_area(best)} on {held} (1 separates the classes perfectly, 0.5 is guessing)."]


def _area(row):
    low, high = row["interval"]
    return f"{row['auc']:.3f} [{low:.3f} to {high:.3f}]"


def _best(content):
    """The best network's area, None where no network was asked."""
    return max((row["auc"] for row in content.get("networks") or []), default=None)


def _rows(content, names):
    return [row for row in content.get("baselines") or [] if row["name"] in names and row["auc"] is not None]


def failed_controls(content):
    for row in content.get("controls") or []:
        if not row["passed"]:
            yield Reason(
                "controls",
                f"A control of the audit failed ({row['title']}: expected {row['expected']}, found {row['found']}).",
                None,
                None,
                "audit-failed",
            )


def leaks(content):
    count = content["films"].get("leaks", 0)
    if count:
        yield Reason("leaks", f"{count} patients or pictures stand in two splits.", count, 0, "leak")


def too_few(content):
    judged = content["films"].get("judged") or {}
    for label, name in (("covid", "COVID-19"), ("normal", "normal")):
        count = judged.get(f"{label}_patients")
        if count is not None and count < FEWEST_PATIENTS:
            yield Reason(
                "patients", f"The films that are judged come from only {count} {name} patients.", count, FEWEST_PATIENTS, "too-few"
            )
    widths = [row["interval"][1] - row["interval"][0] for row in content.get("networks") or []]
    if widths and min(widths) > WIDEST:
        yield Reason("width", f"The interval of every network's AUC is at least {min(widths):.2f} wide.", min(widths), WIDEST, "too-few")


def lungless(content):
    """Baselines that see no lung: a shortcut where they separate the classes or equal the networks, a part of one below that."""
    best = _best(content)
    for row in _rows(content, baselines.LUNGLESS):
        low, equals = row["interval"][0], best is not None and row["auc"] >= best - AS_GOOD
        if low <= PARTLY:
            continue
        decisive = row["auc"] >= SHORTCUT or equals
        what = f"{_capital(row['title'])} alone, without a look at the lungs, reaches an AUC of {_area(row)}."
        threshold = min(SHORTCUT, best - AS_GOOD) if equals else SHORTCUT if decisive else PARTLY
        yield Reason(
            LUNGLESS + row["name"], what, row["auc"] if decisive else low, threshold, KIND[row["name"]] if decisive else "partial-shortcut"
        )


def lungs_hidden(content):
    """A network that keeps its score with the lungs blacked out; where it was trained anew on such films, that counts too."""
    whole = {
        (row["architecture"], row["seed"]): row["auc"]
        for row in content.get("masking") or []
        if row["share"] == 0 and row["mask"] == "centre"
    }
    worst = None
    for row in content.get("masking") or []:
        full = whole.get((row["architecture"], row["seed"]))
        if row["mask"] == "centre" and row.get("side") == masking.LUNGS and full and full > PARTLY and row["interval"][0] > 0.5:
            share = (row["auc"] - 0.5) / (full - 0.5)
            worst = max(worst or (share, row), (share, row), key=lambda item: item[0])
    if worst and worst[0] >= KEPT:
        share, row = worst
        how = "trained anew on films with the lungs blacked out" if row["retrained"] else "shown films with the lungs blacked out"
        what = f"{SHORT_NAMES.get(row['architecture'], row['architecture'])}, {how}, still reaches an AUC of {_area(row)}."
        yield Reason("lungs-hidden", what, share, KEPT, "border-shortcut")


def lungs_needed(content):
    """The best network at chance with the lungs blacked out: what speaks for it, and outweighs nothing."""
    networks = content.get("networks") or []
    best = max(networks, key=lambda row: row["auc"])["architecture"] if networks else ""
    for row in content.get("masking") or []:
        hidden = row["architecture"] == best and row["mask"] == "centre" and row.get("side") == masking.LUNGS and not row["retrained"]
        if hidden and row["interval"][0] <= 0.5 < _best(content) - 0.1:
            what = f"With the lungs blacked out {SHORT_NAMES.get(best, best)} falls to {_area(row)}, no better than guessing: it needs the middle of the film."
            yield Reason("lungs-needed", what, row["interval"][0], 0.5, "no-shortcut-found")
            break


def chance(content):
    networks = content.get("networks") or []
    if networks and max(row["interval"][0] for row in networks) <= 0.5:
        yield Reason("chance", "No network's interval lies above 0.5.", max(row["interval"][0] for row in networks), 0.5, "chance")


def coarse(content):
    """A thumbnail or histogram that no network is shown to beat on the same films."""
    rows = _rows(content, baselines.COARSE)
    if not rows:
        return
    row = max(rows, key=lambda row: row["auc"])
    networks = [network for network in content.get("networks") or [] if network.get("advantage")]
    if networks:
        best = max(networks, key=lambda network: network["advantage"]["interval"][0])["advantage"]
        if best["interval"][0] <= 0 and best["coarse_auc"] > PARTLY:
            what = (
                f"{_capital(best['over_title'])} reaches {best['coarse_auc']:.3f} on the same films, and no network is shown to do better."
            )
            yield Reason("coarse", what, best["interval"][0], 0, "thumbnail")
    elif row["auc"] >= COARSE:
        yield Reason("coarse", f"{_capital(row['title'])} reaches an AUC of {_area(row)}.", row["auc"], COARSE, "thumbnail")


def _capital(text):
    return text[0].upper() + text[1:]


def elsewhere(content):
    """What the networks lose on each set of films from elsewhere: the greatest loss whose interval excludes none."""
    for name in dict.fromkeys(row["name"] for row in content.get("external") or []):
        for key, word in (("auc", "AUC"), ("sensitivity", "sensitivity"), ("specificity", "specificity")):
            lost = [(row, _loss(row["drop"], key)) for row in content["external"] if row["name"] == name]
            lost = [(row, loss) for row, loss in lost if loss and loss[0] >= DROP and loss[1] > 0]
            if lost:
                row, (value, low, high) = max(lost, key=lambda item: item[1][0])
                who = SHORT_NAMES.get(row["architecture"], row["architecture"])
                what = f"On the films of {name}, {who} loses {value:.3f} [{low:.3f} to {high:.3f}] of {word}."
                yield Reason(f"elsewhere-{key}", what, value, DROP, "no-transfer")
                break


def _loss(drop, key):
    """(value, low, high) of a row's drop, None where there is none."""
    found = {"value": drop["auc"], "interval": drop["interval"]} if key == "auc" else drop.get(key)
    return (found["value"], *found["interval"]) if found and found["value"] is not None else None


def sources_known(content):
    """Features of a network that tell sources apart among films of one label: it has learned more than the disease."""
    known = [
        row
        for row in content.get("sources") or []
        if row.get("kind") == "seen-source" and row.get("by_network") and row["auc"] >= TOLD_APART
    ]
    if known:
        row = max(known, key=lambda row: row["auc"])
        what = f"Among films of one label, where the disease is constant, a network's features still know the source ({row['title']}: AUC {_area(row)})."
        yield Reason("sources-known", what, row["auc"], TOLD_APART, "partial-shortcut")


RULES = (failed_controls, leaks, too_few, lungless, lungs_hidden, chance, coarse, elsewhere, sources_known, lungs_needed)
