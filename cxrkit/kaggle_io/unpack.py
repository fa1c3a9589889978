"""How the one file that Kaggle runs becomes a package again. The text of this module is part of that file."""

import atexit
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path


def unpack(files, source_sha256, run_id):
    """Write the bundled files into a temporary folder and make them importable here and in every child process.

    files: {relative path: text}; run_id: names the run, empty for the time of its start. A process that was
    started by one which has unpacked the same source uses that folder and run id; the process which made it
    removes it at its end. Returns the folder.
    """
    folder = Path(os.environ.get("CXRKIT_UNPACKED", ""))
    if os.environ.get("CXRKIT_SOURCE") != source_sha256 or not folder.is_dir():
        folder = Path(tempfile.mkdtemp(prefix="cxrkit-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        os.environ["CXRKIT_UNPACKED"], os.environ["CXRKIT_SOURCE"] = str(folder), source_sha256
        os.environ["CXRKIT_RUN"] = run_id or time.strftime("%Y%m%d-%H%M%S", time.gmtime())
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    sys.path.insert(0, str(folder))
    return folder
