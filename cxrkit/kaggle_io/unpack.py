"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import base64
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import zlib
from pathlib import Path

PACKED = (
    "cxrkit/report/",
    "cxrkit/gpu_check/",
    "cxrkit/schema/",
    "cxrkit/command_line.py",
    "cxrkit/data/dicom.py",
    "cxrkit/saved_tables.py",
    "cxrkit/spreadsheet.py",
    "cxrkit/evaluation/study",
)
PACKED += tuple(f"cxrkit/data/readers/{kind}.py" for kind in ["facts", "listing", "table", "collected", "folder", "ieee8023"])
PACKED += tuple(f"cxrkit/data/readers/{kind}.py" for kind in ["covidgr", "actualmed", "hannover", "radiography", "nih"])
PACKED += tuple(
    f"cxrkit/data/{kind}.py" for kind in ["agreements", "candidates", "licences", "overlays", "registration", "summary", "words"]
)
"""How the names begin of what travels compressed: the page, the check of a GPU, the keys of files, all readers but CoronaHack's, the
command line, the search for copies, words and licences. One reads them in the repository; what networks and scores go through is plain text."""


def source_sha256(files):
    """SHA-256 over the names and texts of all files, as they travel; 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def unpack(files, made_as, run_id):
    """Write the bundled files into a temporary folder and make them importable here and in every child process.

    files: {relative path: text as it travels}; made_as: their hash when they were bundled, from which an edit shows;
    run_id: names the run, empty for the time of its start. A process that was started by one which has unpacked the
    same source uses that folder and run id; the process which made it removes it at its end. Returns the folder.
    """
    source, folder = source_sha256(files), Path(os.environ.get("CXRKIT_UNPACKED", ""))
    if os.environ.get("CXRKIT_SOURCE") != source or not folder.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name in [name for name in sys.modules if name.partition(".")[0] == "cxrkit"]:  # a notebook's cell was run again
            del sys.modules[name]
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            packed = name.startswith(PACKED)
            path.write_bytes(zlib.decompress(base64.b85decode(text.replace("\n", ""))) if packed else text.encode())
        os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source
        os.environ["CXRKIT_MADE_AS"] = made_as
        os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(folder))
    return folder
