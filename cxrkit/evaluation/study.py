"""The 2020 study's four confusion matrices: through the same tests, and beside ours."""

from itertools import combinations
from pathlib import Path

import numpy as np
import yaml
from scipy.stats import fisher_exact

from cxrkit.evaluation import decision, metrics
from cxrkit.evaluation.metrics import Confusion

TABLES = Path(__file__).with_name("study.yaml")


def tables():
    """The study's tables: the content of study.yaml."""
    return yaml.safe_load(TABLES.read_text("utf-8"))


def confusion(row, covid, normal):
    """The Confusion that a row of the study's table implies, given its numbers of films of each class.

    Raises ValueError when the row's rounded figures fit no whole counts.
    """
    tp, tn = round(row["sensitivity"] * covid), round(row["specificity"] * normal)
    counts = Confusion(tp=tp, fn=covid - tp, tn=tn, fp=normal - tn)
    implied = {name: found["value"] for name, found in metrics.rates(counts).items()}
    for name in ("sensitivity", "specificity", "error_rate"):
        if abs(implied[name] - row[name]) > 0.5e-5 + 1e-9:
            raise ValueError(f"{name} {row[name]} fits no whole counts of {covid} and {normal} films; nearest {implied[name]:.5f}")
    return counts


def confusions():
    """{architecture: Confusion} of the study, after the last epoch of each network's one run."""
    published = tables()
    return {name: confusion(row, **published["validation"]) for name, row in published["networks"].items()}


def verdicts(margin=decision.MARGIN):
    """What the study's own counts decide: one dict a pair of its networks.

    Which films each network got wrong was not published. The pair is therefore decided twice: as if the two
    had been wrong about the same films as often as the counts allow, which makes a difference easiest to
    show, and about as different ones as they allow. Holm's correction runs over the six pairs.
    """
    counts = confusions()
    pairs = list(combinations(counts, 2))
    extremes = {}
    for overlap in ("most", "least"):
        differences = [decision.difference(*_wrong(counts[a], counts[b], overlap), (0,), (0,)) for a, b in pairs]
        extremes[overlap] = list(zip(differences, decision.decide(differences, margin)))
    found = []
    for (a, b), (easiest, verdict), (hardest, _) in zip(pairs, *extremes.values()):
        found.append(
            {
                "a": a,
                "b": b,
                "wrong": [counts[a].wrong, counts[b].wrong],
                "verdict": verdict.word,
                "as_trained": verdict.as_trained,
                "why": verdict.why,
                "mcnemar_p": [easiest.p_sign_flip, hardest.p_sign_flip],
                "difference": easiest.interval_over_patients(),
                "needed": decision.needed(easiest, len(pairs)),
            }
        )
    return found


def _wrong(a, b, overlap):
    """Two 1 x n tables of wrong answers with those counts and the most or least overlap, and n patient keys."""
    tables = []
    for counts, from_end in ((a, False), (b, overlap == "least")):
        covid, normal = np.zeros(counts.tp + counts.fn, bool), np.zeros(counts.tn + counts.fp, bool)
        for films, wrong in ((covid, counts.fn), (normal, counts.fp)):
            films[len(films) - wrong if from_end else 0 : len(films) if from_end else wrong] = True
        tables.append(np.concatenate([covid, normal])[None])
    return *tables, np.arange(a.n)


def beside_ours(ours):
    """One dict a network: the study's rates, and whether ours differ from them (Fisher's exact test).

    ours: {architecture: [Confusion, one a seed]}. Each of our runs is one draw, as the study's was, so each is
    tested alone; p holds the lowest and highest over seeds, and the p of the run whose error rate is the
    median. The films are not the study's own list, which was not published.
    """
    found = []
    for architecture, theirs in confusions().items():
        runs = sorted(ours.get(architecture, []), key=lambda counts: counts.wrong / counts.n)
        tests = {}
        for name, cells in (
            ("error_rate", lambda c: (c.wrong, c.n - c.wrong)),
            ("sensitivity", lambda c: (c.tp, c.fn)),
            ("specificity", lambda c: (c.tn, c.fp)),
        ):
            values = [float(fisher_exact([cells(theirs), cells(run)])[1]) for run in runs]
            if values:
                tests[name] = {"median_run": values[(len(values) - 1) // 2], "lowest": min(values), "highest": max(values)}
        found.append({"architecture": architecture, "study": metrics.rates(theirs), "runs": len(runs), "p": tests})
    return found
