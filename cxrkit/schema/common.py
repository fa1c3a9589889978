"""What the four files share: their version, and the words that stand for kinds of things."""

from typing import Literal

VERSION = 2
"""Of all four files. Raise it whenever a key changes its name, its unit or its meaning."""

Films = Literal["films", "phantom"]
Weights = Literal["imagenet", "random"]
Word = Literal["better", "worse", "equivalent", "undecided"]
"""What network A is beside network B."""
