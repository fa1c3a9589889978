"""Where films lie below a folder that somebody else laid out: an attached data set, or an archive that was unpacked."""

import os
from collections.abc import Iterator
from pathlib import Path

from cxrkit.data import sources

DEPTH = 5
MOST_FOLDERS = 2000
"""Folders looked into at most: a dataset of 100,000 folders must not be walked."""


def folders_below(root: Path) -> Iterator[Path]:
    """The root and the folders below it, breadth first, down to DEPTH and at most MOST_FOLDERS."""
    level, seen = [Path(root)], 0
    for _ in range(DEPTH + 1):
        deeper = []
        for folder in level:
            if seen == MOST_FOLDERS or not folder.is_dir():
                break
            seen += 1
            yield folder
            with os.scandir(folder) as entries:
                deeper += sorted(Path(entry.path) for entry in entries if entry.is_dir())
        level = deeper


def readable(root: Path) -> tuple[str, Path] | None:
    """(kind, folder) of what a reader knows at the root or below it, near ones first; None where none does."""
    for folder in folders_below(root):
        if kind := sources.kind_of(folder):
            return kind, folder
    return None
