"""Strata: a network's score with the source, the age, or both held fixed, from predictions and the manifest alone.

Films of two hospitals look different to any network, and that is no shortcut by itself. What counts is how far the score
falls once a film is compared with films of its own hospital, or of its own age, only (covariate-adjusted ROC curves:
Janes and Pepe 2009, Biometrika 96:371). Where each source has one class, nothing can be compared, which is a finding.
"""

import numpy as np

from cxrkit.audit import probes
from cxrkit.data.records import Record, untold_sources
from cxrkit.evaluation import areas, metrics
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.predictions import Predictions
from cxrkit.schema import Area, HeldFixedRow

YEARS = 10
"""Width of a band of ages: within one the classes' means differ by 5 years at most; a narrower one leaves few partners."""


def rows(architecture: str, held: Predictions, by_id: dict[str, Record], several: bool) -> list[HeldFixedRow]:
    """A network's rows: with the source held fixed where the films come from several, with the age where both classes have ages, with both.

    by_id: the manifest's records; several: whether its used films come from several sources. An age counts as known of a
    class from probes.FEWEST_PATIENTS patients on.
    """
    records = [by_id[image_id] for image_id in held.image_ids]
    untold = untold_sources(record for record in by_id.values() if record.used)
    sources = np.array([None if record.source in untold else record.source for record in records], object)
    ages = [record.years for record in records]
    bands = np.array([None if age is None else int(age // YEARS) for age in ages], object)
    aged = np.array([band is not None for band in bands], bool)
    found = []
    if several:
        found.append(row(architecture, "source", held, sources))
    if not probes.too_few(held.is_covid[aged], held.groups[aged]):
        found.append(row(architecture, "age", held, bands))
        if several:
            both = np.array([None if None in (source, band) else f"{source} {band}" for source, band in zip(sources, bands)], object)
            found.append(row(architecture, "source and age", held, both))
    return found


def row(architecture: str, fixed, held: Predictions, strata: np.ndarray) -> HeldFixedRow:
    """The row of one kind of strata, n keys; None where a film's is not known."""
    known = np.array([stratum is not None for stratum in strata], bool)
    truth, p_covid, groups = held.is_covid[known], held.p_covid[:, known], held.groups[known]
    number = np.unique(strata[known].astype(str), return_inverse=True)[1]
    compared = areas.partners_in_stratum(truth, number) > 0
    within, whole = areas.within_strata(truth, p_covid, number, groups), areas.auc(truth, p_covid, groups)
    return HeldFixedRow(
        architecture=architecture,
        fixed=fixed,
        within=Area(within, int(truth[compared].sum())),
        same_films=areas.auc(truth[compared], p_covid[:, compared], groups[compared]),
        whole=whole,
        fall=fall(truth, p_covid, number, groups, within, whole),
        strata=len(np.unique(number[compared])),
        without_partner=int((~compared).sum()),
        not_known=int((~known).sum()),
    )


def fall(is_covid, p_covid, strata, groups, within: Figure, whole: Figure) -> Figure:
    """Whole minus within, with the paired interval over patients; see areas.strata_influence.

    Where all pairs are ordered alike there is no variance, and the interval is that of two figures which know nothing of each other.
    """
    if not within.known or not whole.known:
        return Figure.unknown(within.n, "none: nothing can be compared")
    apart = probes.difference(whole, within)
    influence = areas.mean_auc_influence(is_covid, p_covid)[1] - areas.strata_influence(is_covid, p_covid, strata)[1]
    half = metrics.Z * np.sqrt(areas.area_variance(influence, is_covid, groups))
    if half == 0:
        return Figure.of(apart.value, apart.low, apart.high, within.n, apart.method)
    return Figure.of(apart.value, apart.value - half, apart.value + half, within.n, "DeLong 95 %, paired")
