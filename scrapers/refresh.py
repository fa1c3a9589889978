"""refresh: bring what is new into the store, ask a person what no page decides, merge into the manifest."""

import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from cxrkit.errors import BadInput, CxrkitError
from cxrkit.files import write_json
from cxrkit.progress import say, table, track
from scrapers import review, saved, store
from scrapers.collect import STATES, Outcome, addresses_in, by_site, collect, keep
from scrapers.web.cache import Cache
from scrapers.web.door import Door

SHOWN = 10


def refresh(folder, sites, saved_folders=(), cases=None, crawl=(), dry_run=False, clock=time.time, door_options=None):
    """Refresh a store from all ways in; return (report, exit code). Prints what it does.

    folder: the store. sites: {name: Site}. cases: a file with addresses, or None. crawl: names of sites
    whose listings to follow. door_options: clock, sleep, random and lookup of the door, for tests.
    Network ways that lack a permission are refused and listed, and everything else is done all the same.
    """
    shelf = store.Store(folder)
    now = clock()
    with nullcontext() if dry_run else shelf.locked():
        since = now if dry_run else shelf.start_run(now)
        answers = review.read(shelf.folder / "review.csv")
        refusals = [(f"review.csv: {a.site} {a.case}", a.problem) for a in answers if a.problem]
        outcomes = {name: Outcome(name) for name in sites}
        for each in saved_folders:
            refusals += _from_saved(shelf, each, answers, clock, outcomes, dry_run)
        wanted, others = by_site(addresses_in(Path(cases)), sites) if cases else ({}, [])
        refusals += others
        refused_use, asked = None, []
        for name, site in sites.items():
            if not wanted.get(name) and name not in crawl:
                continue
            try:
                if not dry_run:
                    site.require_permission()
                asked.append(name)
            except CxrkitError as error:
                refused_use = refused_use or error
                refusals.append((name, error.what))
                say(f"{error}\n")
        for name in asked:
            cache = Cache(shelf.folder / ".cache" / name)
            door = Door(sites[name], cache, since=since, rehearsal=dry_run, **(door_options or {}))
            found = collect(sites[name], door, shelf, answers, clock, wanted.get(name, ()), name in crawl)
            _add(outcomes[name], found)
        _settle(shelf, answers, sites, dry_run)
        report = make_report(shelf, outcomes, refusals, now, dry_run)
        if not dry_run:
            write_json(shelf.folder / "refresh.json", report)
            if not any(outcome.stopped or outcome.capped for outcome in outcomes.values()):
                shelf.end_run()
    say(text_report(report))
    return report, _exit_code(outcomes, refused_use, report)


def _exit_code(outcomes, refused_use, report):
    if refused_use:
        return refused_use.exit_code
    if any(outcome.stopped for outcome in outcomes.values()):
        return 4
    if any(outcome.capped for outcome in outcomes.values()):
        return 5
    nothing = not any(row["cases"] for row in report["sites"].values())
    return 3 if nothing and any(row["refused"] for row in (*report["sites"].values(), report)) else 0


def _from_saved(shelf, folder, answers, clock, outcomes, dry_run):
    """Take over a folder of saved pages; return [(file, reason)] for what was no use."""
    found, unused = saved.read(folder)
    for one in track(found, f"saved pages in {folder}"):
        outcome = outcomes[one.case.site]

        def fetch(film_urls, one=one):
            return *one.picture(film_urls), ""

        try:
            keep(shelf, one.case, "saved", "", answers, clock, fetch, outcome, max_age_days=0, rehearsal=dry_run)
        except BadInput as error:
            outcome.refused.append((one.case.url, error.what))
    return [(str(path), reason) for path, reason in unused]


def _add(total, found):
    total.cases |= found.cases
    total.films += found.films
    total.refused += found.refused
    total.left, total.stopped, total.capped = found.left, found.stopped, found.capped
    total.requests, total.bytes = found.requests, found.bytes


def _settle(shelf, answers, sites, dry_run):
    """Apply the reviews to all records and write the questions that are left."""
    if dry_run:
        return
    records = []
    for name in sites:
        for record in shelf.records(name):
            settled = review.apply(record, answers)
            if settled != record:
                shelf.write(settled)
            records.append(settled)
    review.write(shelf.folder / "review.csv", records, answers)


def make_report(shelf, outcomes, refusals, now, dry_run):
    """The content of refresh.json."""
    sites = {}
    for name, outcome in outcomes.items():
        records = shelf.records(name)
        films = [film for record in records for film in record["films"]]
        sites[name] = {
            "cases": len(records),
            **{state: outcome.count(state) for state in STATES},
            "films": sum(bool(film["file"]) for film in films),
            "films_fetched": outcome.films,
            "to_review": sum(len(record["questions"]) for record in records),
            "refused": [{"where": where, "why": why} for where, why in outcome.refused],
            "left": outcome.left,
            "stopped": outcome.stopped,
            "capped": outcome.capped,
            "requests": len(outcome.requests),
            "bytes": outcome.bytes,
            "asked": [{"status": status, "url": url} for status, url in outcome.requests],
        }
    return {
        "finished_at": store.iso(now),
        "dry_run": dry_run,
        "sites": sites,
        "refused": [{"where": where, "why": why} for where, why in refusals],
    }


def text_report(report):
    """The report as text: a row a site, then what was refused and why, then what is left."""
    header = ["site", "cases", *STATES, "films", "fetched", "to review", "refused", "requests", "MB"]
    rows = []
    for name, site in report["sites"].items():
        films = [site["films"], site["films_fetched"], site["to_review"], len(site["refused"])]
        rows.append([name, site["cases"], *(site[state] for state in STATES), *films, site["requests"], f"{site['bytes'] / 1e6:.1f}"])
    parts = [table(rows, header, right=header[1:])]
    refused = [(name, item) for name, site in report["sites"].items() for item in site["refused"]] + [
        ("", item) for item in report["refused"]
    ]
    if refused:
        reasons = Counter((name, _in_short(item["why"])) for name, item in refused)
        first = {}
        for name, item in refused:
            first.setdefault((name, _in_short(item["why"])), _printable(item["where"]))
        parts.append(
            table(
                [[count, name, why, first[name, why]] for (name, why), count in reasons.most_common()],
                ["refused", "site", "why", "the first"],
                right=["refused"],
            )
        )
    for name, site in report["sites"].items():
        for text in (site["stopped"], site["capped"]):
            if text:
                parts.append(f"{name}: {text}")
        if site["left"]:
            hand = "bring by hand (save the page, then --saved DIR)" if site["stopped"] else "left for the next run"
            lines = [f"{name}: {len(site['left'])} cases {hand}:", *(f"  {_printable(url)}" for url in site["left"][:SHOWN])]
            if len(site["left"]) > SHOWN:
                lines.append(f"  ... and {len(site['left']) - SHOWN} more, in refresh.json")
            parts.append("\n".join(lines))
    if report["dry_run"]:
        asked = [f"  {name}: {item['status']} {item['url']}" for name, site in report["sites"].items() for item in site["asked"]]
        head = (
            "A rehearsal: nothing was asked and nothing was written. These requests would come first; what their answers name would follow:"
        )
        parts.append("\n".join([head, *(asked or ["  none"])]))
    return "\n\n".join(parts)


def _in_short(reason):
    line = _printable(reason.splitlines()[0] if reason else "")
    return line if len(line) <= 110 else line[:107] + "..."


def _printable(text):
    """Text from web pages without what would steer a terminal."""
    return "".join(mark if mark.isprintable() else "?" for mark in text)


def merge(folder, sources, out, split="paper", exclude_views=("lateral",), split_seed=0):
    """Build a manifest of the store and other sources ("KIND[:NAME]=DIR" texts); return its summary. Raises CxrkitError."""
    from cxrkit.data import manifest, summary
    from cxrkit.data import sources as kinds

    found = kinds.parse_all([f"collected={folder}", *sources], drawn_at=Path(out).parent / "phantoms")
    records = manifest.build(found, split, exclude_views, split_seed)
    manifest.write(out, records, manifest.roots_of(found))
    return summary.summary(records)
