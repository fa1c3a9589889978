"""publish: the store's films and the manifest as a private Kaggle dataset, each film with its credit."""

import csv
import io
import os
import re
import shutil
from pathlib import Path

from cxrkit.data.licences import may_redistribute
from cxrkit.errors import BadInput, RemoteRefusal, WrongUse
from cxrkit.files import replacing, write_json, write_text
from cxrkit.progress import say
from scrapers.settings import TERMS

ATTRIBUTION = ("image_id", "file", "credit", "licence", "case_url", "image_url", "permission", "retrieved_at", "sha256")


def publish(store, manifest_path, slug, title, out, public=False, dry_run=False, upload=None):
    """Prepare a folder with the store's films, the manifest and the attribution, and send it; return the exit code.

    upload: function(folder, slug, title, public), for tests; Kaggle's else.
    Raises WrongUse when a public dataset is asked for and a licence forbids it, BadInput for a manifest
    without films of the store.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9-]+", slug) or not 6 <= len(title) <= 50:
        raise WrongUse(
            "The slug must be OWNER/NAME and the title have 6 to 50 characters.", f"{slug}, {title!r}", "correct --slug or --title"
        )
    films = store_films(store, manifest_path)
    forbidding = [record for record, _ in films if not may_redistribute(record.licence)]
    if public and forbidding:
        names = sorted({record.licence for record in forbidding})
        raise WrongUse(
            f"A public dataset is refused: the licence of {len(forbidding)} of {len(films)} films forbids it ({', '.join(names)}).",
            forbidding[0].image_id,
            "publish without --public, or publish the manifest alone: it holds addresses and hashes, and no picture",
        )
    folder = prepare(films, Path(manifest_path), Path(out), slug, title)
    say(f"{folder}: {len(films)} films, manifest.csv and ATTRIBUTION.csv; {len(forbidding)} of them must stay private")
    if dry_run:
        say("nothing was sent: --dry-run")
        return 0
    say(str((upload or _send_to_kaggle)(folder, slug, title, public)))
    return 0


def store_films(store, manifest_path):
    """The used films of the store that a manifest names, with their files: [(Record, path)]. Raises BadInput."""
    from cxrkit.data import manifest, sources

    records = manifest.read(manifest_path)
    roots = manifest.read_roots(manifest_path)
    ours = [name for name, folder in roots.items() if Path(folder).resolve() == Path(store).resolve()]
    locate = sources.locator(roots)
    films = [(record, locate(record)) for record in records if record.used and record.path.split("/")[0] in ours]
    if not films:
        raise BadInput(
            "The manifest names no film of this store.",
            f"{manifest_path} and {store}",
            "write it first: python -m scrapers refresh --manifest FILE",
        )
    for record, path in films:
        if not path.is_file():
            raise BadInput("A film of the manifest is not in the store.", path, "refresh again, then publish")
    return films


def prepare(films, manifest_path, out, slug, title):
    """Write the dataset's folder: films and records of their cases, manifest.csv, ATTRIBUTION.csv, README.md, dataset-metadata.json.

    The films' part is a store again, which the reader of collected films takes as it is. The folder is made anew; raises WrongUse when it holds something else.
    """
    if out.exists() and any(out.iterdir()) and not (out / "dataset-metadata.json").exists():
        raise WrongUse("The folder holds something else than a prepared dataset.", out, "name an empty folder: --out DIR")
    shutil.rmtree(out, ignore_errors=True)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(ATTRIBUTION)
    for record, path in films:
        target = out / record.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path.with_name("record.json"), target.with_name("record.json"))
        try:
            os.link(path, target)
        except OSError:
            shutil.copyfile(path, target)
        writer.writerow([record.image_id, record.path, *(getattr(record, name) for name in ATTRIBUTION[2:])])
    write_text(out / "ATTRIBUTION.csv", text.getvalue())
    with replacing(out / "manifest.csv") as temporary:
        shutil.copyfile(manifest_path, temporary)
    write_text(out / "README.md", _readme(films))
    write_json(out / "dataset-metadata.json", {"id": slug, "title": title, "licenses": [{"name": "other"}]})
    return out


def _readme(films):
    sites = sorted({record.source for record, _ in films})
    lines = [
        "# COVID-19 chest films",
        "",
        "Research use only. Every film's author, licence and address stand in ATTRIBUTION.csv; each film stays its author's.",
        "",
    ]
    lines += [f"- {site}: {sum(record.source == site for record, _ in films)} films. {TERMS[site][0]}" for site in sites if site in TERMS]
    return "\n".join(lines) + "\n"


def _send_to_kaggle(folder, slug, title, public):
    """Send the folder; refuses to add a private version to a dataset that is public already."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    from cxrkit.kaggle_io import client, datasets

    kaggle = client.connect()
    if not public and datasets.current_version(kaggle, slug):
        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = slug.split("/")
        if not kaggle.datasets("get_dataset", request).is_private:
            raise RemoteRefusal(
                "The dataset exists and is public, so a new version would be too.",
                slug,
                "make it private on Kaggle, or choose another --slug",
            )
    return datasets.upload_dataset(folder, slug, title, "other", "refresh of the collected films", private=not public, kaggle=kaggle)
