"""Films of a Kaggle data set by its name, `kaggle:OWNER/SLUG`, through kagglehub where that is installed.

On Kaggle it attaches the data set to the running kernel; elsewhere it downloads it into its own cache, once. Naming a set is asking
for it: its terms stand on its page. Read against kagglehub 1.0.3; Kaggle's image has 1.0.0.
"""

import re
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from cxrkit import environment
from cxrkit.config import Experiment
from cxrkit.data import places
from cxrkit.errors import BadInput, CxrkitError, RemoteRefusal
from cxrkit.files import locked
from cxrkit.progress import say

NAMED = re.compile(r"kaggle:([A-Za-z0-9_-]{1,50}/[A-Za-z0-9_-]{1,60}(?:/versions/[0-9]{1,6})?)")
ATTACHING_SECONDS = 900
"""How long a kernel waits for a data set that it asked for: kagglehub itself waits for ever."""


def attached(experiment: Experiment) -> Experiment:
    """The experiment with folders in the place of data sets that it names as `kaggle:OWNER/SLUG`. Raises as `folders`."""
    return replace(experiment, data=folders(experiment.data), external=folders(experiment.external))


def folders(texts: Iterable[str]) -> tuple[str, ...]:
    """`KIND=DIR` for each `kaggle:OWNER/SLUG`, by what the set holds, and `KIND[:NAME]=DIR` for `KIND[:NAME]=kaggle:OWNER/SLUG`.

    Other texts stay. Raises BadInput for a set that no reader knows, RemoteRefusal where it cannot be had, ModuleNotFoundError.
    """
    return tuple(map(_folder, texts))


def _folder(text: str) -> str:
    told, separator, place = text.rpartition("=")
    named = NAMED.fullmatch(place)
    if not named:
        return text
    root = _had(named[1])
    found = places.readable(root)
    if separator:
        kind = told.partition(":")[0]
        return f"{told}={found[1] if found and found[0] == kind else root}"
    if found is None:
        what = f"No reader knows the layout of the Kaggle data set {named[1]}."
        raise BadInput(what, root, f"say how to read it: KIND={place}; a folder with covid/ and normal/ is folder:NAME={place}")
    kind, folder = found
    name = f"folder:{re.sub('[^a-z0-9-]', '-', named[1].split('/')[1].lower()).strip('-') or 'films'}" if kind == "folder" else kind
    say(f"data: {place} is {kind}, at {folder}")
    return f"{name}={folder}"


def _had(ref: str) -> Path:
    """The folder of a data set, attached or downloaded. Raises RemoteRefusal, ModuleNotFoundError."""
    import kagglehub

    say(f"data: asking Kaggle for {ref}; its terms: https://www.kaggle.com/datasets/{ref}")
    got: list[str] = []
    failed: list[Exception] = []

    def ask() -> None:
        try:
            got.append(kagglehub.dataset_download(ref))
        except Exception as error:  # kagglehub's own kinds have no common base
            failed.append(error)

    with locked(Path(tempfile.gettempdir()) / "cxrkit-kagglehub.lock"):  # processes that share a run come here one after the other
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(ATTACHING_SECONDS if environment.on_kaggle() else None)
    where = f"https://www.kaggle.com/datasets/{ref}"
    if asking.is_alive():
        raise RemoteRefusal("Kaggle has not attached the data set in time.", where, "attach it on the kernel's page: Add Input")
    if failed:
        first = (str(failed[0]).strip().splitlines() or [""])[0][:300]
        what = f"kagglehub cannot have {ref}: {type(failed[0]).__name__}: {first}"
        raise RemoteRefusal(what, where, "check the name, the network and your Kaggle token; a private set needs its owner's") from None
    root = Path(got[0])
    if not root.is_dir():
        raise CxrkitError(f"kagglehub names a folder that is not there: {root}", where, "run the same command again")
    return root
