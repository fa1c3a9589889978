"""kernel-metadata.json: what the kernel is called, and what Kaggle gives it."""

import hashlib
import json
import re
import sys

from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_json
from cxrkit.kaggle_io.bundle import ROOT, RUN, SCRIPT

NAME = "kernel-metadata.json"
NOBODY = ""
MINE = "kernel/mine"
"""What setup writes, which git ignores: this file under one's own name, and the script beside it."""
DEFAULTS = {
    "id": f"{NOBODY}/cxrkit-chest-films",
    "title": "cxrkit-chest-films",
    "code_file": SCRIPT,
    "language": "python",
    "kernel_type": "script",
    "is_private": True,
    "enable_gpu": True,
    "enable_internet": True,
    "machine_shape": "NvidiaTeslaT4",
    "dataset_sources": ["praveengovi/coronahack-chest-xraydataset"],
    "competition_sources": [],
    "kernel_sources": [],
    "model_sources": [],
}
"""The id has no owner, which Kaggle's own command refuses aloud; a wrong one it would answer with exit code 0. The title is the slug, for Kaggle derives the address from the title; the GPU is named, for Kaggle's default drifts."""


def read(root=ROOT):
    """The metadata as a dict, with the name that setup gave it. Raises BadInput when the file cannot be used, WrongUse outside a clone."""
    path = root / MINE / NAME
    if not (root / NAME).exists() and not (root / RUN).is_file():
        raise WrongUse("This is the installed package, and Kaggle is reached from a clone.", root, "in the clone: python -m cxrkit ...")
    found = _read(root / NAME)
    return found | {key: _read(path)[key] for key in ("id", "title")} if path.exists() else found


def _read(path):
    try:
        found = json.loads(path.read_text("utf-8-sig"))
        owner_and_slug = re.fullmatch(r"[^/]*/[^/]+", found["id"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{NAME} cannot be used: {error!r}", path, "write it anew: python -m cxrkit setup") from error
    if not owner_and_slug:
        raise BadInput(f"The id {found['id']!r} is not of the form owner/name.", path, "write it anew: python -m cxrkit setup")
    return found


def slug_of(metadata):
    return metadata["id"].partition("/")[2]


def results_slug(slug):
    """The slug of the dataset that a kernel's results go to; Kaggle allows 50 characters."""
    if len(slug) > 42:  # two long names may begin alike
        slug = slug[:35].rstrip("-") + "-" + hashlib.sha256(slug.encode()).hexdigest()[:6]
    return slug + "-results"


def refuse_slug(slug):
    """Raise WrongUse for a slug that Kaggle would change."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 5 <= len(slug) <= 50:
        raise WrongUse(f"{slug!r} is no name for a kernel.", next="use 5 to 50 of a-z, 0-9 and single - between them")


def named(metadata, owner, slug=None):
    """The metadata for this owner and slug. Raises WrongUse for a slug that Kaggle would change."""
    slug = slug or slug_of(metadata)
    refuse_slug(slug)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", owner):
        raise WrongUse(f"{owner!r} is no Kaggle user name.", next="take it from the address of your profile: kaggle.com/NAME")
    kept = {key: value for key, value in metadata.items() if key != "id_no"}  # it would win over the id, and goes stale
    return kept | {"id": f"{owner}/{slug}", "title": slug}


def set_up(owner=None, slug=None, root=ROOT, ask=input):
    """Write kernel/mine/kernel-metadata.json for its owner: the one given, or that of the credentials, or the one a person types.

    What else stands in the repository's kernel-metadata.json, which is not changed, is taken over. Returns the content
    of the new file. Raises WrongUse when nobody names the owner.
    """
    present = _read(root / NAME) if (root / NAME).exists() else DEFAULTS
    refuse_slug(slug or slug_of(present))
    if not owner:
        owner = _owner_of_credentials(ask)
    written = named(present, owner, slug) | {"code_file": "script.py"}
    write_json(root / MINE / NAME, written)
    return written


def _owner_of_credentials(ask):
    from cxrkit.kaggle_io import client

    try:
        return client.connect().owner
    except WrongUse:
        if not sys.stdin.isatty():
            raise WrongUse(
                "The owner of the kernel is not known: there are no Kaggle credentials.",
                next="python -m cxrkit setup --owner YOUR-KAGGLE-NAME",
            ) from None
    return ask("Your Kaggle user name (kaggle.com/NAME): ").strip()
