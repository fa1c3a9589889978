"""Publication of the store's films and a manifest as a private Kaggle dataset, each film with its credit."""

import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cxrkit.data import manifest, sources
from cxrkit.data.licences import may_redistribute
from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.errors import BadInput, RemoteRefusal, WrongUse
from cxrkit.files import link_or_copy, replacing, write_csv, write_json, write_text
from cxrkit.kaggle_io import client, datasets
from cxrkit.kaggle_io.pull import is_inside
from cxrkit.progress import answer
from scrapers import croissant, prepared
from scrapers.settings import TERMS
from scrapers.store import RECORD

ATTRIBUTION = ("image_id", "file", "credit", "licence", "case_url", "image_url", "permission", "retrieved_at", "sha256")


def publish(
    store: Path | str,
    manifest_path: Path | str,
    slug: str,
    title: str,
    out: Path | str,
    public: bool = False,
    dry_run: bool = False,
    send: bool = True,
    upload: Callable[[Path, str, str, bool], Any] | None = None,
) -> int:
    """Prepare a folder with the store's films, the manifest and the attribution, and send it; return the exit code.

    slug: OWNER/NAME. title: 6 to 50 characters. out: the folder.
    upload: function(folder, slug, title, public) instead of Kaggle's, for tests.
    dry_run: check everything, and write, remove and send nothing. send: False to prepare the folder only.
    Raises WrongUse when a public dataset is wanted and a licence forbids it, or when the folder must not be made
    (prepared.check); BadInput for a manifest without films of the store.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9-]+", slug) or not 6 <= len(title) <= 50:
        raise WrongUse(
            "The slug must be OWNER/NAME, and the title must have 6 to 50 characters.", f"{slug}, {title!r}", "correct --slug or --title"
        )
    merged = manifest.read(manifest_path)
    films = store_films(Path(store), Path(manifest_path), merged)
    forbidding = [record for record, _ in films if not may_redistribute(record.licence)]
    if public and forbidding:
        names = sorted({record.licence for record in forbidding})
        raise WrongUse(
            f"A public dataset is refused: the licence of {len(forbidding)} of {len(films)} films forbids it ({', '.join(names)}).",
            forbidding[0].image_id,
            "publish without --public, or publish the manifest alone: it holds addresses and hashes, and no picture",
        )
    sources = [Path(store), Path(manifest_path), *map(Path, manifest.read_roots(manifest_path).values())]
    out = Path(out)
    prepared.check(out, sources)
    what = f"{out}: {len(films)} films, manifest.csv, ATTRIBUTION.csv and croissant.json; {len(forbidding)} films must stay private"
    if dry_run:
        answer(f"{what}\nDry run: nothing was sent, and nothing was written or removed.")
        return 0
    with prepared.building(out, sources) as folder:
        fill(folder, films, Path(manifest_path), merged, slug, title)
    answer(what if send else f"{what}\nNothing was sent.")
    if send:
        answer(str((upload or _send_to_kaggle)(out, slug, title, public)))
    return 0


def store_films(store: Path, manifest_path: Path, merged: Manifest) -> list[tuple[Record, Path]]:
    """The used films of the store that a manifest names, with their files. Raises BadInput."""
    roots = manifest.read_roots(manifest_path)
    names = [name for name, folder in roots.items() if Path(folder).resolve() == store.resolve()]
    locate = sources.locator(roots)
    films = [(record, locate(record)) for record in merged.used if record.path.split("/")[0] in names]
    if not films:
        raise BadInput(
            "The manifest names no film of this store.",
            f"{manifest_path} and {store}",
            "write it first: python -m scrapers refresh --manifest FILE",
        )
    for record, path in films:
        if not is_inside(record.path):
            raise BadInput("A film of the manifest lies outside its store.", record.path, "write the manifest again")
        if not path.is_file():
            raise BadInput("A film of the manifest is not in the store.", path, "refresh again, then publish")
    return films


def fill(folder: Path, films: Sequence[tuple[Record, Path]], manifest_path: Path, merged: Manifest, slug: str, title: str) -> None:
    """Write the dataset into an empty folder: the films, the records of their cases, and the files that describe them.

    The films and records are a store again, which the reader of collected films can read.
    """
    for record, path in films:
        target = folder / record.path
        link_or_copy(path, target)
        shutil.copyfile(path.with_name(RECORD), target.with_name(RECORD))
    credits = [[record.image_id, record.path, *(getattr(record, name) for name in ATTRIBUTION[2:])] for record, _ in films]
    write_csv(folder / "ATTRIBUTION.csv", ATTRIBUTION, credits)
    with replacing(folder / "manifest.csv") as temporary:
        shutil.copyfile(manifest_path, temporary)
    croissant.write(folder / "manifest.csv", merged, slug, title)
    write_text(folder / "README.md", _readme([record for record, _ in films]))
    write_json(folder / "dataset-metadata.json", {"id": slug, "title": title, "licenses": [{"name": "other"}]})


def _readme(records: Sequence[Record]) -> str:
    lines = [
        "# COVID-19 chest films",
        "",
        "Research use only. ATTRIBUTION.csv gives the author, licence and address of every film; each film remains its author's.",
        "",
    ]
    for site in sorted({record.source for record in records} & TERMS.keys()):
        terms, _ = TERMS[site]
        lines.append(f"- {site}: {sum(record.source == site for record in records)} films. {terms}")
    return "\n".join(lines) + "\n"


def _send_to_kaggle(folder: Path, slug: str, title: str, public: bool) -> str:
    """Send the folder and say what lies there then; refuses to add a private version to a dataset that is public already."""
    from kagglesdk.datasets.types.dataset_api_service import ApiGetDatasetRequest

    kaggle = client.connect()
    if not public and datasets.current_version(kaggle, slug):
        request = ApiGetDatasetRequest()
        request.owner_slug, request.dataset_slug = slug.split("/")
        if not kaggle.datasets("get_dataset", request).is_private:
            raise RemoteRefusal(
                "The dataset is public already, so a new version would be public, too.",
                slug,
                "make it private on Kaggle, or choose another --slug",
            )
    sent = datasets.upload_dataset(folder, slug, title, "other", "refresh of the collected films", private=not public, kaggle=kaggle)
    return f"published and verified: {sent.url}, {sent.files} files, {sent.bytes:,} bytes"
