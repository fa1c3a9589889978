"""Whose film it is, by the conventions of published collections: known once, for every reader."""

import re
from collections.abc import Sequence

from cxrkit.data import words

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
        r"(?:^|/)(CXR\d+)_(?:\d+_)?IM-\d{4}",  # Open-i
        r"(?:^|/)((?:CHN|MCU)CXR_\d{4})(?=_[01])",  # Shenzhen, Montgomery
        r"(?:^|/)(COVID-19-AR-\d{8})(?=/)",  # TCIA
        r"(?:^|/)([^/]+?)[-_. ]day[-_ ]?\d+(?=[-_. ]|$)",  # a series, as Radiopaedia's
    )
)
PERSON = r"(?:patient|pat|pt|p|subject|subj|case)[-_ ]?\d+"
NAMED = re.compile(rf"(?:^|/)(?:({PERSON})(?=[-_. (][^/]*$)|(\d{{2,8}})(?=[-_ ](?:pa|ap|lat|lateral|frontal)[-_. ]))", re.IGNORECASE)
"""Somebody's own numbering, or a number before the view; it may begin anew in each class folder."""
NOBODY = re.compile(
    r"(?:images?|films?|xrays?|png|jpe?g|dicom|data|dataset|k?fold|part|batch|group|series|study|session|visit|exam|folder|year)[\s\d]*"
    r"|[\d .]*(?:19|20)\d\d(?:[ .]\d+)*|(?:19|20)\d{6}"
)
"""Folders below a class that are no patient's: of kinds, parts and dates."""


def of_published(name: str) -> str:
    """The patient's key in a film's name, or path within its class folder, by a published convention; else nothing."""
    return next((found[1] for pattern in PUBLISHED if (found := pattern.search(name))), "")


def guessed(name: str, below: Sequence[str] = ()) -> str:
    """The key that a film's own name suggests, as patient001-0.png, or a folder of the film below that of its class; else nothing."""
    named = NAMED.search(name)
    return named[1] or named[2] if named else next(filter(may_be_patient, below), "")


def may_be_patient(folder: str) -> bool:
    """Whether a folder may hold one patient's films: its name means nothing else that is known."""
    meant = words.split_of(folder) or words.view_of(folder) or words.label_of(folder, strict=True)
    return not meant and not NOBODY.fullmatch(words.plain(folder).replace("-", " "))


def above_the_class(folders: Sequence[str]) -> str:
    """The folder of a patient around those of the classes, as patient01/covid/; else nothing. It is the same person in each class."""
    return next((folder for folder in reversed(folders) if re.fullmatch(PERSON, folder, re.IGNORECASE)), "")
