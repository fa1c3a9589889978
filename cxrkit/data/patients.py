"""Whose film it is, by the conventions of published collections: known once, for every reader."""

import re

PUBLISHED = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:^|/)(\d{5,8})_\d{3}(?=[._]|$)",  # NIH ChestX-ray14
        r"(?:^|/)((?:NORMAL2-)?IM-\d{4})(?=[-_.])",  # Kermany, as on Kaggle
        r"(?:^|/)(person\d+_(?:virus|bacteria))(?=[-_])",
        r"(?:^|/)((?:NORMAL|BACTERIA|VIRUS)-\d{4,})(?=-\d)",  # Kermany, as on Mendeley
        r"(MIDRC-RICORD-1[A-D]-(?:SITE\d+|\d+)-\d{6})(?!\d)",
        r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[_/])",  # BIDS, so BIMCV
        r"(?:^|/)(patient\d{5,})(?=[/_])",  # CheXpert
        r"(?:^|/)p\d{2}/(p\d{8})(?=/)",  # MIMIC-CXR
        r"(?:^|/)(1-s2\.0-S\d+|kjr-\d+-e\d+|jkms-\d+-e\d+|\d{5}_\d{4}_\d+_Fig\d+)",  # films of one article
        r"(?:^|/)([^/]+?)[-_. ]day[-_ ]?\d+(?=[-_. ]|$)",  # a series, as Radiopaedia's
    )
)
NAMED = re.compile(r"(?:^|/)((?:patient|pat|subject|subj|case)[-_ ]?\d+)(?=[-_. (][^/]*$)", re.IGNORECASE)
"""Somebody's own numbering; it may begin anew in each class folder."""


def of_published(name: str) -> str:
    """The patient's key in a film's name, or path within its class folder, by a published convention; else nothing."""
    return next((found[1] for pattern in PUBLISHED if (found := pattern.search(name))), "")


def guessed(name: str, folder: str = "") -> str:
    """The key that a film's own name suggests, as patient001-0.png, or the folder of the film below that of its class; else nothing."""
    named = NAMED.search(name)
    return named[1] if named else folder
