"""Sample size for an interval: how many patients of a class a wanted width needs, and what width so many will give.

One film a patient, or patients at their effective number (metrics.effective_n). A share has Wilson's interval, as in the
results. An area has there the wider of DeLong's and Newcombe's; before a run the former's place is taken by the same interval
on the logit scale with the variance of Hanley and McNeil (1982, Radiology 143:29), which needs no films and is on the safe side: 0.065 wide where
the median of 200 drawn intervals was 0.052 (80 and 240 films, normal scores of one spread, an area of 0.96).
A width is the expected one: an interval comes out wider than its expected width in about half of all runs.
"""

import numpy as np
from scipy.special import expit

from cxrkit.errors import WrongUse
from cxrkit.evaluation.areas import newcombe
from cxrkit.evaluation.metrics import Z, wilson

MOST = 10_000_000


def width_of_rate(rate: float, patients: float) -> float:
    """The width of the 95 % interval of a sensitivity or specificity that comes out as expected."""
    low, high = wilson(rate, patients)
    return high - low


def width_of_area(area: float, covid: float, normal: float) -> float:
    """The width of the 95 % interval of an area under the ROC curve that comes out as expected."""
    low, high = newcombe(area, covid, normal)
    logit, half = np.log(area / (1 - area)), Z * error_of_area(area, covid, normal) / (area * (1 - area))
    return float(max(high - low, expit(logit + half) - expit(logit - half)))


def error_of_area(area: float, covid: float, normal: float) -> float:
    """Hanley and McNeil's standard error of an area, were the scores of both classes exponential."""
    two_covid, two_normal = area / (2 - area) - area**2, 2 * area**2 / (1 + area) - area**2
    return float(np.sqrt((area * (1 - area) + (covid - 1) * two_covid + (normal - 1) * two_normal) / (covid * normal)))


def patients_for_rate(rate: float, width: float) -> int:
    """The fewest patients of the class with which a sensitivity or specificity has an interval at most that wide."""
    _check(rate=rate, width=width)
    return _fewest(lambda n: width_of_rate(rate, n) <= width)


def patients_for_area(area: float, width: float, normals: float = 1.0) -> tuple[int, int]:
    """The fewest (COVID-19, normal) patients for an area; normals: normal patients to each COVID-19 patient."""
    _check(area=area, width=width)
    if not 0 < normals <= 1e6:
        raise WrongUse(
            f"So many normal patients to each COVID-19 patient cannot be planned with: {normals}.", next="name a number above 0, such as 5"
        )
    covid = _fewest(lambda n: width_of_area(area, n, max(2.0, n * normals)) <= width, low=2)
    return covid, max(2, round(covid * normals))


def _check(**shares: float) -> None:
    for name, value in shares.items():
        if not 0 < value < 1:
            raise WrongUse(f"A {name} of {value} lies outside 0 to 1.", next="name a share between 0 and 1, such as 0.95")


def _fewest(enough, low: int = 1) -> int:
    """The smallest whole number with which it is enough. Raises WrongUse where none up to ten million is."""
    high = low
    while not enough(high):
        low, high = high + 1, 2 * high
        if high > MOST:
            raise WrongUse("No number of patients up to ten million gives so narrow an interval.", next="want a wider one")
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low
