"""What the four files share: their version, and the words that stand for kinds of things."""

from dataclasses import dataclass
from typing import Literal

VERSION = 2
"""Of all four files. Raise it whenever a key changes its name, its unit or its meaning."""

Films = Literal["films", "phantom"]
Weights = Literal["imagenet", "random"]
Word = Literal["better", "worse", "equivalent", "equivalent in error", "undecided"]
"""What network A is beside network B. "equivalent" is said of error, sensitivity and specificity together."""


@dataclass(frozen=True)
class Margins:
    """Differences, as shares, within which two networks are equivalent in each rate."""

    error: float = 0.01
    sensitivity: float = 0.02
    specificity: float = 0.02
