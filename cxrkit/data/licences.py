"""What a licence lets one do with an image."""

import re

SHOWABLE = re.compile(r"(CC0|CC BY)(\b|-)", re.IGNORECASE)
"""Creative Commons licences all let a picture be shown with credit; what else they ask differs."""
REPUBLISHABLE = re.compile(r"(?:CC0|CC BY(?:-SA)?)(?:[- ]\d(?:\.\d)?)?", re.IGNORECASE)
"""Those under which a film may be passed on to anybody. Non-commercial ones are not among them: a public dataset
or page cannot keep its readers to that, and Radiopaedia's terms exclude it besides."""


def may_redistribute(licence):
    """Whether the files themselves may be passed on to anybody: REPUBLISHABLE, and no word beyond it."""
    return bool(REPUBLISHABLE.fullmatch(licence or ""))


def terms(licence):
    """What may be done with images under this licence, in one sentence."""
    if may_redistribute(licence):
        return "May be redistributed with the credit below and a link to the licence" + (
            "; under the same licence." if "SA" in licence.upper() else "."
        )
    if may_show(licence):
        return "May be shown and passed on with the credit below only within the licence's limits (NC: not commercially; ND: unchanged); the kit does not republish them."
    return "Terms are not known: all rights reserved. Not redistributable; ask the source."


def may_show(licence):
    """Whether an image under this licence may be shown to others, with its credit; unknown terms allow nothing."""
    return bool(SHOWABLE.match(licence or ""))
