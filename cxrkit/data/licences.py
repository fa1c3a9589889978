"""What a licence lets one do with an image."""

import re

SHOWABLE = re.compile(r"(CC0|CC BY)(\b|-)", re.IGNORECASE)
"""Creative Commons licences all let a picture be shown with credit; what else they ask differs."""


def may_show(licence):
    """Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
    return bool(SHOWABLE.match(licence or ""))
