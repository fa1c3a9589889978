"""Sample size for an interval: how many patients of a class a wanted width needs, and what width so many will give.

One film a patient, or patients at their effective number (metrics.effective_n). The intervals are those that the kit reports:
Wilson's of a share, Newcombe's of an area, the score interval of Hanley and McNeil's variance (1982, Radiology 143:29).
A width is the expected one: an interval comes out wider than its expected width in about half of all runs.
"""

from cxrkit.errors import WrongUse
from cxrkit.evaluation.areas import newcombe
from cxrkit.evaluation.metrics import wilson

MOST = 10_000_000
RATE, AREA, WIDTH = 0.95, 0.98, 0.1
"""What is expected, and wanted, where nothing else is said."""


def width_of_rate(rate: float, patients: float) -> float:
    """The width of the 95 % interval of a sensitivity or specificity that comes out as expected."""
    low, high = wilson(rate, patients)
    return high - low


def width_of_area(area: float, covid: float, normal: float) -> float:
    """The width of Newcombe's 95 % interval of an area under the ROC curve that comes out as expected."""
    low, high = newcombe(area, covid, normal)
    return high - low


def patients_for_rate(rate: float, width: float) -> int:
    """The fewest patients of the class with which a sensitivity or specificity has an interval at most that wide."""
    _check(rate=rate, width=width)
    return _fewest(lambda n: width_of_rate(rate, n) <= width)


def patients_for_area(area: float, width: float, normals: float = 1.0) -> tuple[int, int]:
    """The fewest (COVID-19, normal) patients for an area; normals: normal patients a COVID-19 one."""
    _check(area=area, width=width)
    if not 0 < normals <= 1e6:
        raise WrongUse(
            f"So many normal patients a COVID-19 one cannot be planned with: {normals}.", next="name a number above 0, such as 5"
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
