"""The local store: one folder a case with record.json and its pictures. Nothing in it is ever deleted.

STORE/radiopaedia/75037/record.json        what is known, each fact with its evidence
STORE/radiopaedia/75037/75037-123.jpeg     a film
STORE/radiopaedia/75037/history/*.json     what the record said before the site changed the case
STORE/review.csv, STORE/refresh.json       questions for a person; the last refresh
"""

import datetime
import fcntl
import re
from contextlib import contextmanager
from pathlib import Path

from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import read_json, replacing, sha256_of_json, write_json
from scrapers import PARSER_VERSION
from scrapers.sites.cases import as_json, safe_name

FORMAT = 1
PRESENT, GONE = "present", "gone"
LONGEST_RUN = 30 * 86400.0
FILM_FACTS = (
    *("file", "sha256", "bytes", "width", "height", "format", "image_url"),
    *("how", "permission", "retrieved_at", "refused", "tried_at", "gone", "reviewed_by"),
)
NOTHING = {"value": "", "evidence": ""}


class Store:
    """Records and pictures below one folder."""

    def __init__(self, folder):
        self.folder = Path(folder)

    @contextmanager
    def locked(self):
        """Hold the store for one refresh. Raises WrongUse while another process holds it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / ".lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise WrongUse("Another refresh is at work on this store.", self.folder, "wait for it to end") from None
            yield

    def folder_of(self, site, key):
        return self.folder / site / safe_name(key)

    def record(self, site, key):
        """The record of a case, or None. Raises BadInput for one that cannot be read."""
        path = self.folder_of(site, key) / "record.json"
        if not path.exists():
            return None
        try:
            record = read_json(path)
        except (ValueError, OSError) as error:
            raise BadInput(
                f"The record cannot be read: {error}.", path, "restore it from a backup, or move its folder away and refresh"
            ) from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise BadInput(f"The record is not of format {FORMAT}.", path, "use the kit's version that wrote it")
        return record

    def records(self, site):
        """All records of a site, sorted by key."""
        keys = sorted(path.parent.name for path in (self.folder / site).glob("*/record.json"))
        return [self.record(site, key) for key in keys]

    def write(self, record):
        write_json(self.folder_of(record["site"], record["key"]) / "record.json", record)

    def keep_old(self, record):
        """Put a record aside before it is replaced by another."""
        name = re.sub(r"[^0-9TZ]", "", record["retrieved_at"]) + "-" + sha256_of_json(record)[:8]
        write_json(self.folder_of(record["site"], record["key"]) / "history" / f"{name}.json", record)

    def keep_picture(self, record, film, content, facts):
        """Write a film's bytes into its case's folder, under a name of case and film; return the name."""
        name = f"{safe_name(record['key'])}-{safe_name(film['key'])}{facts.ending}"
        with replacing(self.folder_of(record["site"], record["key"]) / name) as temporary:
            temporary.write_bytes(content)
        return name

    def has_picture(self, record, film):
        path = self.folder_of(record["site"], record["key"]) / (film.get("file") or "/none")
        return bool(film.get("file")) and path.is_file() and path.stat().st_size == film["bytes"]

    def start_run(self, now):
        """Note that a run begins; return since when pages count as fetched by it, in seconds since 1970.

        A run that was killed left its note, so the next one goes on with the pages it had fetched, unless
        that was long ago.
        """
        path = self.folder / ".run.json"
        try:
            started = float(read_json(path)["started"])
        except (OSError, ValueError, KeyError, TypeError):
            started = 0.0
        if now - started > LONGEST_RUN:
            started = now
            write_json(path, {"started": now})
        return started

    def end_run(self):
        (self.folder / ".run.json").unlink(missing_ok=True)


def updated(old, case, how, permission, now):
    """A case's record after one more reading of its pages, and what that means: (record, status).

    old: the record so far or None. how: "crawl" or "saved". now: seconds since 1970.
    status: "new", "unchanged" or "changed". A film that the pages no longer show is kept and marked as
    gone, unless the pages were saved by hand, which may be some of them only.
    """
    new = as_json(case)
    fingerprint = sha256_of_json(new)
    prints = dict((old or {}).get("fingerprints", {}))
    same = bool(old) and prints.get(how) == fingerprint and old["parser"] == PARSER_VERSION and old["state"] == PRESENT
    if same:
        return old, "unchanged"
    known = {film["key"]: film for film in (old or {}).get("films", [])}
    films = []
    for film in new["films"]:
        carried = {name: known.get(film["key"], {}).get(name, "") for name in FILM_FACTS}
        films.append(film | carried | {"gone": ""})
    for key, film in known.items():
        if key not in {film["key"] for film in films}:
            vanished = how == "crawl" and not film["gone"]
            films.append(film | ({"gone": iso(now)} if vanished else {}))
    if old and how == "saved":
        for name, value in new.items():
            if name != "questions" and value in ("", (), NOTHING):
                new[name] = old.get(name, value)
    record = {"format": FORMAT, **new, "films": films}
    record |= {"state": PRESENT, "state_since": iso(now), "complete": False, "fingerprints": prints | {how: fingerprint}}
    record |= {"how": how, "permission": permission, "retrieved_at": iso(now), "parser": PARSER_VERSION, "rid": (old or {}).get("rid", "")}
    return record, "changed" if old else "new"


def gone(record, now):
    """The record marked as vanished from its site; its films stay."""
    return record if record["state"] == GONE else record | {"state": GONE, "state_since": iso(now)}


def iso(seconds):
    """Seconds since 1970 as UTC text."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
