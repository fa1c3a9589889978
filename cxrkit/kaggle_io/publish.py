"""Results up to Kaggle, once they are whole: every file that the run wrote is there, with its size and SHA-256."""

from pathlib import Path, PurePosixPath

from cxrkit.errors import BadInput
from cxrkit.files import CHECKSUMS, read_json, reading, sha256_of
from cxrkit.kaggle_io import datasets
from cxrkit.progress import MB, Meter

FOLDER = "results"
"""Where a kernel's output holds them."""
LICENCE = "other"


def verify(folder):
    """The content of folder/checksums.json, once every file it names is there with that size and SHA-256.

    Raises BadInput, naming the files that are missing or other.
    """
    folder = Path(folder)
    listed, wrong = checked(folder), []
    with Meter(f"comparing {folder.name} with its checksums", sum(expected["bytes"] for expected in listed.values()) / MB, "MB") as meter:
        for name, expected in listed.items():
            path = folder / name
            if not is_inside(name) or not path.is_file():
                wrong.append(f"{name} is missing")
            elif path.stat().st_size != expected["bytes"]:
                wrong.append(f"{name} has {path.stat().st_size} bytes instead of {expected['bytes']}")
            elif sha256_of(path) != expected["sha256"]:
                wrong.append(f"{name} has another SHA-256")
            else:
                meter.advance(expected["bytes"] / MB)
    if wrong or not listed:
        shown = "\n".join(f"  - {line}" for line in wrong[:10]) or "  - it names no file"
        raise BadInput(f"The results are not whole:\n{shown}", folder, "fetch or make them again")
    return listed


def checked(folder):
    """The content of folder/checksums.json, {name: {sha256, bytes}}. Raises BadInput where it is not of that form."""
    remedy = "name the results folder of a finished run"
    listed = read_json(folder / CHECKSUMS, "checksums.json", remedy)
    right = isinstance(listed, dict) and all(
        isinstance(each, dict) and isinstance(each.get("bytes"), int) and isinstance(each.get("sha256"), str) for each in listed.values()
    )
    if not right:
        raise BadInput("checksums.json is not as a run writes it.", folder / CHECKSUMS, remedy)
    return listed


def is_inside(name):
    """Whether a relative name from elsewhere stays below its folder."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and not set("\\\0\n") & set(name)
        and ":" not in path.parts[0]
    )


def publish(folder, slug, private=True, kaggle=None):
    """Send a results folder to Kaggle as the dataset `slug`; return its DatasetVersion.

    Raises BadInput when the folder is not whole, and what datasets.upload_dataset raises.
    """
    verify(folder)
    path, remedy = Path(folder) / "run.json", "name the results folder of a finished run"
    run = read_json(path, "run.json", remedy)
    with reading(path, "run.json", remedy):
        run_id = (run.get("bundle") or {}).get("run_id") or "of a local run"
        name, experiment, manifest = run["experiment"]["name"], run["experiment_sha256"][:12], run["manifest_sha256"][:12]
    notes = f"cxrkit results {run_id}, experiment {name} {experiment}, manifest {manifest}"
    return datasets.upload_dataset(folder, slug, slug.rpartition("/")[2], LICENCE, notes, private, kaggle)
