"""Whole refreshes against both stand-in sites: from zero, again, interrupted, faulty, reviewed, merged."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from cxrkit import config, pipeline, progress
from cxrkit.data import manifest
from cxrkit.data.readers import collected, phantom
from cxrkit.errors import run_command
from scrapers.__main__ import EXAMPLES, main, parser
from scrapers.store import Store
from tests.standins import radiopaedia, sirm
from tests.standins.web import Page, film

ROOT = Path(__file__).parents[2]


class Desk:
    """A folder with scrapers.yaml and a store, both sites behind it, and the command."""

    def __init__(self, folder, rad, sir, capsys):
        self.folder, self.rad, self.sir, self.capsys = folder, rad, sir, capsys
        self.store = folder / "store"
        self.configure()

    def configure(self, site="", **changes):
        given = {"radiopaedia": (radiopaedia, self.rad), "sirm": (sirm, self.sir)}
        sites = {name: module.settings(web, **(changes if name == site else {})) for name, (module, web) in given.items()}
        (self.folder / "scrapers.yaml").write_text(yaml.safe_dump({"sites": sites}))

    def arguments(self, *arguments):
        return ["refresh", "--store", str(self.store), "--settings", str(self.folder / "scrapers.yaml"), *map(str, arguments)]

    def refresh(self, *arguments):
        """Run the command; return (exit code, output, number of requests)."""
        before = self.count()
        code = run_command(lambda: main(self.arguments(*arguments)))
        shown = self.capsys.readouterr()
        return code, shown.out + shown.err, self.count() - before

    def count(self):
        return len(self.rad.requests) + len(self.sir.requests)

    def record(self, site, key):
        return json.loads((self.store / site / key / "record.json").read_text())

    def report(self, site):
        return json.loads((self.store / "refresh.json").read_text())["sites"][site]

    def age(self):
        """Make all cached pages old, so that they are requested again."""
        self.configure("radiopaedia", max_age_days=0)


RAD = [radiopaedia.Case(n, (2020, 2023, 2026)[n % 3], views=("Frontal", "Lateral") if n == 4 else ("Frontal",)) for n in range(1, 7)]
SIR = [sirm.Case(n) for n in range(2, 8)] + [sirm.Case(5, language="en"), sirm.Case(90, language="en")]


@pytest.fixture
def desk(tmp_path, capsys):
    with radiopaedia.site(RAD, per_page=4) as rad, sirm.site(SIR, per_page=4) as sir:
        yield Desk(tmp_path, rad, sir, capsys)


def test_from_zero_and_a_second_time_without_a_request(desk):
    code, output, requests = desk.refresh("--crawl")
    assert code == 0 and requests > 20
    assert desk.report("radiopaedia")["new"] == 6 and desk.report("radiopaedia")["films"] == 7
    assert desk.report("sirm")["new"] == 7 and desk.report("sirm")["films"] == 7
    assert len(desk.rad.requests) == len(set(desk.rad.requests)) and len(desk.sir.requests) == len(set(desk.sir.requests))
    assert not any(
        "thumb" in path or "download" in path or "_medium" in path or "300x200" in path for path in desk.rad.requests + desk.sir.requests
    )
    assert not any(f"/studies/{case.ct_study}/stacks" in path for case in RAD for path in desk.rad.requests if case.form == 2020)
    code, output, requests = desk.refresh("--crawl")
    assert (code, requests) == (0, 0) and desk.report("radiopaedia")["unchanged"] == 6


def test_old_pages_are_requested_conditionally_and_films_not_again(desk):
    desk.refresh("--crawl", "radiopaedia")
    desk.age()
    code, _, requests = desk.refresh("--crawl", "radiopaedia")
    report = desk.report("radiopaedia")
    assert code == 0 and requests > 6 and report["unchanged"] == 6 and report["films_fetched"] == 0
    assert {entry["status"] for entry in report["asked"]} == {304} and report["bytes"] == 0


def test_a_dry_run_requests_and_writes_nothing(desk):
    code, output, requests = desk.refresh("--crawl", "--dry-run")
    assert (code, requests) == (0, 0) and "robots.txt" in output and "/search?" in output
    assert not desk.store.exists()


def test_without_a_permission_nothing_is_requested_and_the_rest_is_done(desk, tmp_path):
    desk.configure("radiopaedia", permission=None)
    code, output, _ = desk.refresh("--crawl")
    assert code == 2 and desk.rad.requests == [] and desk.report("sirm")["new"] == 7
    for words in ("machine learning", "--saved", "Ask Radiopaedia", "permission: by, date and reference"):
        assert words in output


@pytest.mark.parametrize("contact", ["", "someone", "you@example.org"])
def test_without_a_contact_nothing_is_requested(desk, contact):
    desk.configure("radiopaedia", contact=contact)
    assert desk.refresh("--crawl", "radiopaedia")[0] == 2 and desk.rad.requests == []


def test_quiet_leaves_the_report_and_the_errors(desk, tmp_path, monkeypatch):
    """The words of cxrkit's own command line: its --quiet, its examples and exit codes, errors on stderr."""
    monkeypatch.setattr(progress, "SCREEN", progress.Screen())
    radiopaedia.save(tmp_path / "in", radiopaedia.Case(2, ct=False))
    desk.configure("radiopaedia", permission=None)
    assert main(desk.arguments("--quiet", "--saved", tmp_path / "in", "--crawl", "radiopaedia")) == 2
    out, err = desk.capsys.readouterr()
    assert "radiopaedia" in out and "saved pages in" not in out + err and err.startswith("error: ") and "  next:" in err
    for command, pair in EXAMPLES.items():
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = desk.capsys.readouterr().out
        assert all(f"python -m scrapers {each}\n" in told for each in pair) and "exit codes: 0 done" in told
        for each in pair:
            parser().parse_args(each.split())


def test_without_any_way_in_it_reports_the_store(desk):
    desk.refresh("--crawl", "sirm")
    code, output, requests = desk.refresh()
    assert (code, requests) == (0, 0) and "sirm" in output


def test_a_kill_in_the_middle_and_a_resume_that_requests_nothing_twice(desk):
    slow = desk.rad.find

    def find(path):
        time.sleep(0.03)
        return slow(path)

    desk.rad.find = find
    command = [sys.executable, "-m", "scrapers", *desk.arguments("--crawl", "radiopaedia")]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    while process.poll() is None and len(desk.rad.requests) < 12:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = list(desk.rad.requests)
    assert 12 <= len(before) < 22
    code, _, _ = desk.refresh("--crawl", "radiopaedia")
    after = desk.rad.requests[len(before) :]
    assert code == 0 and desk.report("radiopaedia")["films"] == 7
    # the request that was under way when the process died has to be made again, and no other
    assert len(set(before) & set(after)) <= 1
    assert not list(desk.store.rglob("*.partial"))


def test_the_cap_on_cases_is_a_pause(desk):
    desk.configure("radiopaedia", max_cases=4)
    code, output, _ = desk.refresh("--crawl", "radiopaedia")
    assert code == 5 and desk.report("radiopaedia")["cases"] == 4 and len(desk.report("radiopaedia")["left"]) == 2
    code, output, _ = desk.refresh("--crawl", "radiopaedia")
    assert code == 0 and desk.report("radiopaedia")["cases"] == 6
    assert len(desk.rad.requests) == len(set(desk.rad.requests))


def test_gone_and_changed_cases_are_kept_and_marked(desk):
    desk.refresh("--crawl", "radiopaedia")
    desk.age()
    desk.rad.pages[f"/cases/{RAD[0].slug}"] = Page("", status=410)
    changed = radiopaedia.Case(2, RAD[1].form, age="65 years", views=())
    radiopaedia.add_cases(desk.rad, [changed])
    code, output, _ = desk.refresh("--crawl", "radiopaedia")
    report = desk.report("radiopaedia")
    assert (code, report["gone"], report["changed"], report["unchanged"]) == (0, 1, 1, 4)
    assert desk.record("radiopaedia", "75001")["state"] == "gone"
    record = desk.record("radiopaedia", "75002")
    assert (
        record["age"]["value"] == "65"
        and record["films"][0]["gone"]
        and (desk.store / "radiopaedia/75002" / record["films"][0]["file"]).exists()
    )
    assert len(list((desk.store / "radiopaedia/75002/history").glob("*.json"))) == 1
    assert desk.refresh("--crawl", "radiopaedia")[0] == 0 and desk.report("radiopaedia")["unchanged"] == 5


def test_a_list_of_cases(desk, tmp_path):
    rows = [
        "source,case_url",
        f"radiopaedia,https://radiopaedia.org/cases/{RAD[2].slug}?lang=us",
        f"radiopaedia,https://radiopaedia.org/cases/{RAD[2].slug}",
        f"sirm,https://www.sirm.org{SIR[0].path}",
        "x,https://elsewhere.test/cases/1",
        "y,nonsense",
    ]
    (tmp_path / "cases.csv").write_text("\n".join(rows))
    code, output, _ = desk.refresh("--cases", tmp_path / "cases.csv")
    assert code == 0 and desk.report("radiopaedia")["new"] == 1 and desk.report("sirm")["new"] == 1
    assert "not the address of a case of any site" in output and not any("search" in path for path in desk.rad.requests)


# -- faults ---------------------------------------------------------------------------------------------


def image_path(case, position=0):
    number, name = case.image(position)
    return f"/images/{number}/{name}.jpeg"


FAULTS = [
    (Page("<html>Sorry</html>", "image/jpeg"), "an HTML page instead of a picture"),
    (Page("<html>Sorry</html>"), "an HTML page instead of a picture"),
    (Page("{}", "application/json"), "the server calls it application/json"),
    (Page(film()[:6000], "image/jpeg"), "cannot be decoded"),
    (Page(b"GIF89a" + b"\0" * 9000, "image/gif"), "none of JPEG, PNG or WebP"),
    (Page(film(1, 120, 110), "image/jpeg"), "a thumbnail"),
    (Page("", status=302, headers={"Location": "https://elsewhere.test/x.jpeg"}), "redirects to a host that is not the site's"),
    (Page("", status=302, headers={"Location": "http://10.0.0.1/x.jpeg"}), "redirects to a host that is not the site's"),
    (Page(film(), "image/jpeg", cut=2000), "broke off"),
]


@pytest.mark.parametrize("fault, words", FAULTS)
def test_a_faulty_picture_is_listed_with_its_reason_and_the_rest_is_taken(desk, fault, words):
    desk.rad.pages[image_path(RAD[0])] = fault
    name = image_path(RAD[0]).removesuffix(".jpeg")
    desk.rad.pages[name + "_big_gallery.jpeg"] = Page("", status=404)
    code, output, _ = desk.refresh("--crawl", "radiopaedia")
    assert code == 0 and desk.report("radiopaedia")["films"] == 6
    assert words in output and any(words in item["why"] for item in desk.report("radiopaedia")["refused"])
    assert not desk.record("radiopaedia", "75001")["films"][0]["file"]
    if "broke off" not in words:
        assert desk.refresh("--crawl", "radiopaedia")[2] == 0


def test_a_missing_full_size_falls_back_to_the_next(desk):
    del desk.rad.pages[image_path(RAD[0])]
    assert desk.refresh("--crawl", "radiopaedia")[0] == 0
    taken = desk.record("radiopaedia", "75001")["films"][0]
    assert taken["image_url"].endswith("_big_gallery.jpeg") and taken["width"] == 640


@pytest.mark.parametrize(
    "fault, words",
    [
        (Page("", status=403), "answered 403"),
        (Page("<title>Just a moment...</title>", status=403), "asks for a human"),
        (Page("", status=429), "429 again"),
    ],
)
def test_a_refusal_stops_the_site_and_names_what_to_save_yourself(desk, fault, words):
    desk.rad.faults[f"/cases/{RAD[2].slug}"] = [fault, fault]
    if fault.status == 429:
        desk.configure("radiopaedia", interval=0)
    code, output, _ = desk.refresh("--crawl")
    assert code == 4 and words in output and "to save yourself" in output and f"/cases/{RAD[3].slug}" in output
    assert desk.report("radiopaedia")["cases"] == 2 and desk.report("sirm")["new"] == 7


def test_broken_markup_costs_one_case(desk):
    desk.rad.pages[f"/cases/{RAD[0].slug}"] = Page("<a " * 20000)
    desk.sir.pages[SIR[0].path] = Page("<h1>Errore</h1>")
    code, output, _ = desk.refresh("--crawl")
    assert code == 0 and "tags never close" in output
    assert desk.report("radiopaedia")["new"] == 5


def test_an_unreadable_record_is_named_and_not_overwritten(desk):
    desk.refresh("--crawl", "sirm")
    path = desk.store / "sirm/5/record.json"
    path.write_text("{broken")
    code, output, _ = desk.refresh("--crawl", "sirm")
    assert code == 3 and str(path) in output and path.read_text() == "{broken"


def test_two_refreshes_at_once_are_refused(desk):
    with Store(desk.store).locked():
        code, output, _ = desk.refresh()
    assert code == 2 and "Another refresh" in output


# -- review and manifest --------------------------------------------------------------------------------


def test_a_person_s_answers_are_read_back_and_stay(desk):
    desk.sir.pages[SIR[0].path] = Page(sirm.Case(2, ["Donna di 60 anni.", "RX e TC torace.", "foto-2-a.jpeg"]).page())
    desk.refresh("--crawl", "sirm")
    assert desk.report("sirm")["to_review"] == 1
    path = desk.store / "review.csv"
    rows = list(csv.DictReader(path.open()))
    assert rows[0]["guess"] == "CT" and "names both" in rows[0]["words"]
    rows[0]["answer"] = "xray"
    path.write_text("\ufeff" + ";".join(rows[0]) + "\n" + ";".join('"' + v + '"' for v in rows[0].values()) + "\n", "utf-8")
    code, output, _ = desk.refresh()
    assert "review.csv, line 2" in output and desk.report("sirm")["to_review"] == 1
    assert "xray" in path.read_text()
    rows[0] |= {"answer": "X-ray", "reviewed_by": "Dr R"}
    path.write_text(",".join(rows[0]) + "\n" + ",".join('"' + v + '"' for v in rows[0].values()) + "\n")
    for _ in range(2):
        assert desk.refresh("--crawl", "sirm")[0] == 0
        taken = desk.record("sirm", "2")["films"][0]
        assert (taken["modality"]["value"], taken["confidence"], taken["reviewed_by"]) == ("X-ray", "reviewed", "Dr R")
        assert desk.report("sirm")["to_review"] == 0
    assert [r for r in collected.read(desk.store) if r.patient == "sirm:2"][0].used


def test_the_store_as_records(desk):
    desk.refresh("--crawl")
    records = collected.read(desk.store, "mine")
    used = [record for record in records if record.used]
    assert len(used) == 14 and {record.source for record in used} == {"radiopaedia", "sirm"}
    for record in used:
        assert record.path.startswith(f"mine/{record.source}/") and record.label == "covid" and record.collected == "crawl"
        assert (
            record.credit
            and record.case_url.startswith("https://")
            and record.image_url.startswith("https://")
            and record.retrieved_at
            and record.permission
        )
        assert record.view_basis or not record.view
    assert {r.licence for r in used if r.source == "sirm"} == {"unknown"}
    assert {r.excluded for r in records if not r.used} == {"modality CT: not an X-ray"}


def test_200_cases_are_merged_into_one_manifest(tmp_path, capsys):
    rad = [radiopaedia.Case(n, (2020, 2023, 2026)[n % 3], ct=False) for n in range(1, 121)]
    sir = [sirm.Case(n, [f"Donna di {20 + n % 70} anni.", "RX torace:", f"foto-{n}.jpeg"]) for n in range(1, 81)]
    phantom.read(tmp_path / "phantoms")
    with radiopaedia.site(rad, per_page=24) as web, sirm.site(sir) as other:
        desk = Desk(tmp_path, web, other, capsys)
        for site in ("radiopaedia", "sirm"):
            desk.configure(site)
        sites = {"radiopaedia": radiopaedia.settings(web, max_cases=500), "sirm": sirm.settings(other, max_cases=500)}
        (tmp_path / "scrapers.yaml").write_text(yaml.safe_dump({"sites": sites}))
        code, output, _ = desk.refresh("--crawl", "--manifest", tmp_path / "m.csv", "--source", f"coronahack={tmp_path / 'phantoms'}")
    assert code == 0
    merged = manifest.read(tmp_path / "m.csv")
    collected_films = [record for record in merged.records if record.source in ("radiopaedia", "sirm")]
    assert len(collected_films) == 200 and len({record.patient for record in collected_films}) == 200
    assert not manifest.problems(merged)


@pytest.mark.parametrize("split", ["paper", "grouped"])
def test_the_manifest_is_that_of_a_run(desk, tmp_path, split):
    phantom.read(tmp_path / "phantoms")
    source = f"coronahack={tmp_path / 'phantoms'}"
    assert desk.refresh("--crawl", "--manifest", tmp_path / "m.csv", "--source", source, "--split", split)[0] == 0
    experiment = config.load("paper", {"data": [f"collected={desk.store}", source], "split": split})
    pipeline.make_manifest(experiment, tmp_path / "run")
    assert (tmp_path / "m.csv").read_bytes() == (tmp_path / "run/manifest.csv").read_bytes()


def test_every_module_can_be_imported_without_fcntl():
    """As on Windows, which has no such module."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted((ROOT / "scrapers").rglob("[!_]*.py"))]
    program = f"import importlib, sys; sys.modules['fcntl'] = None; [importlib.import_module(name) for name in {names}]"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert len(names) > 20 and done.returncode == 0, done.stderr
