"""Folders of saved pages: every format a person may bring, and every way it may be incomplete."""

import csv
import html
import json
import re
import shutil
from collections import defaultdict
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from cxrkit.data import manifest
from cxrkit.data.readers import collected
from cxrkit.errors import BadInput, run_command
from scrapers import saved
from scrapers.__main__ import main
from tests.standins import radiopaedia, sirm
from tests.standins.radiopaedia import save as save_radiopaedia
from tests.standins.sirm import save as save_sirm
from tests.standins.web import address_mark, film

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize("form", ["stacks", "annotated", "fullscreen"])
def test_a_page_with_each_form_of_viewer_data(tmp_path, form):
    save_radiopaedia(tmp_path, radiopaedia.Case(1, 2020), form)
    [one], unused = saved.read(tmp_path)
    [taken] = [f for f in one.case.films if f.study == radiopaedia.Case(1).study]
    assert taken.modality.value == "X-ray" and taken.view.value == "frontal-unspecified"
    content, origin = one.picture(taken.image_urls)
    assert content == film(int(radiopaedia.Case(1).image(0)[0]), 640, 600) and origin.endswith("_big_gallery.jpeg") and not unused


def test_a_page_with_its_picture_alone(tmp_path):
    case = radiopaedia.Case(2, 2020)
    save_radiopaedia(tmp_path, case, "none")
    page = tmp_path / f"{case.slug}.html"
    page.write_text(
        page.read_text()
        .replace("</div></div>\n<div id", "</div></div><div id")
        .replace(
            '<div class="study-modality">',
            f'<img src="./{case.slug}_files/{case.image(0)[1]}_big_gallery.jpeg"><div class="study-modality">',
        )
    )
    [one], _ = saved.read(tmp_path)
    assert [(f.modality.value, f.confidence) for f in one.case.films] == [("X-ray", "exact")]
    assert one.picture(one.case.films[0].image_urls)[0] == film(int(case.image(0)[0]), 640, 600)


def test_viewer_json_without_its_page(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(radiopaedia.Case(3).annotated()))
    (tmp_path / "stacks.json").write_text(json.dumps(radiopaedia.Case(4).stacks()))
    cases, unused = saved.read(tmp_path)
    assert [one.case.key for one in cases] == ["75003"]
    assert len(unused) == 1 and "not known which case" in unused[0][1]


def test_a_sirm_page_and_wordpress_json_are_one_case(tmp_path):
    save_sirm(tmp_path, sirm.Case(40))
    post = {
        "link": "https://www.sirm.org" + sirm.Case(40).path,
        "title": {"rendered": "COVID-19: caso 40"},
        "content": {"rendered": sirm.Case(40).body()},
    }
    (tmp_path / "posts.json").write_text(json.dumps([post]))
    [one], unused = saved.read(tmp_path)
    assert not unused and len(one.case.films) == 2
    assert one.picture(one.case.films[0].image_urls)[1] == "foto-40-a.jpeg"


def test_a_web_archive(tmp_path):
    case = sirm.Case(41)
    archive = MIMEMultipart("related")
    archive["Snapshot-Content-Location"] = "https://www.sirm.org" + case.path
    page = MIMEText(case.page(), "html", "utf-8")
    page["Content-Location"] = "https://www.sirm.org" + case.path
    archive.attach(page)
    for name in case.pictures():
        part = MIMEImage(film(7, 400, 380), "jpeg")
        part["Content-Location"] = "https://www.sirm.org" + case.upload(name)
        archive.attach(part)
    (tmp_path / "caso.mhtml").write_bytes(archive.as_bytes())
    [one], unused = saved.read(tmp_path)
    assert not unused and one.case.key == "41"
    assert one.picture(one.case.films[0].image_urls)[0] == film(7, 400, 380)


def test_what_is_of_no_use_is_listed(tmp_path):
    (tmp_path / "other.html").write_text("<html><title>Weather</title></html>")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.html").write_bytes(b"")
    (tmp_path / "bad.mhtml").write_bytes(b"\xff\xfe nothing")
    (tmp_path / "deep.json").write_text("[" * 9000)
    (tmp_path / "page.pdf").write_bytes(b"%PDF")
    (tmp_path / "leads_out.html").symlink_to("/etc/hostname")
    cases, unused = saved.read(tmp_path)
    assert not cases and {path.name for path, _ in unused} == {path.name for path in tmp_path.iterdir()}
    with pytest.raises(BadInput, match="no such folder"):
        saved.read(tmp_path / "nothing")


def test_no_path_that_a_page_names_is_opened(tmp_path):
    secret = tmp_path / "secret.jpeg"
    secret.write_bytes(film(9))
    save_sirm(tmp_path / "in", sirm.Case(42, ["RX torace:", "a.jpeg"]))
    page = tmp_path / "in/caso.html"
    page.write_text(re.sub(r"<img[^>]*>", '<img src="../../secret.jpeg"><img src="file:///etc/x.jpeg">', page.read_text()))
    (tmp_path / "in/caso_files/a.jpeg").unlink()
    [one], _ = saved.read(tmp_path / "in")
    for each in one.case.films:
        with pytest.raises(BadInput, match="no saved picture"):
            one.picture(each.image_urls)


def test_equal_names_of_two_cases_are_not_mixed_up(tmp_path):
    for number in (50, 51):
        folder = tmp_path / str(number)
        save_sirm(folder, sirm.Case(number, ["RX torace:", "figura1.png"]))
        (folder / "caso_files/figura1.png").write_bytes(film(number, 300, 300, "PNG"))
    cases, _ = saved.read(tmp_path)
    assert {one.case.key: one.picture(one.case.films[0].image_urls)[0] for one in cases} == {
        str(n): film(n, 300, 300, "PNG") for n in (50, 51)
    }


def test_refresh_of_saved_pages_needs_no_network_and_repeats_itself(tmp_path, capsys):
    save_radiopaedia(tmp_path / "in", radiopaedia.Case(1))
    save_sirm(tmp_path / "in/sirm", sirm.Case(40))
    command = ["refresh", "--saved", str(tmp_path / "in"), "--store", str(tmp_path / "store"), "--settings", str(tmp_path / "none.yaml")]
    assert run_command(lambda: main(command)) == 0
    records = {record.image_id: record for record in collected.read(tmp_path / "store") if record.used}
    assert len(records) == 2 and {record.collected for record in records.values()} == {"saved"}
    stamps = {path: path.read_bytes() for path in (tmp_path / "store").rglob("record.json")}
    capsys.readouterr()
    assert run_command(lambda: main(command)) == 0
    assert {path: path.read_bytes() for path in (tmp_path / "store").rglob("record.json")} == stamps
    report = json.loads((tmp_path / "store/refresh.json").read_text())
    assert report["sites"]["sirm"]["unchanged"] == report["sites"]["radiopaedia"]["unchanged"] == 1


def test_a_picture_brought_later_is_taken(tmp_path, capsys):
    save_radiopaedia(tmp_path / "in", radiopaedia.Case(1), picture=False)
    command = ["refresh", "--saved", str(tmp_path / "in"), "--store", str(tmp_path / "store"), "--settings", str(tmp_path / "none.yaml")]
    run_command(lambda: main(command))
    assert "no saved picture" in capsys.readouterr().out
    save_radiopaedia(tmp_path / "in", radiopaedia.Case(1))
    run_command(lambda: main(command))
    assert [record.used for record in collected.read(tmp_path / "store")] == [True]


# -- real films, arranged as a person would have saved them ----------------------------------------------


def arrange(source, out):
    """ieee8023's films of both sites, one page a case with its _files folder; return {site: films}."""
    cases, counts = defaultdict(list), defaultdict(int)
    for row in csv.DictReader(open(source / "metadata.csv", encoding="utf-8")):
        if (source / "images" / row["filename"]).is_file() and re.search(r"radiopaedia\.org/cases|sirm\.org", row["url"]):
            cases[row["url"].partition("?")[0]].append(row)
    for url, rows in cases.items():
        site, slug = "radiopaedia" if "radiopaedia" in url else "sirm", url.rstrip("/").rpartition("/")[2]
        files = out / site / f"{slug}_files"
        files.mkdir(parents=True)
        for row in rows:
            shutil.copyfile(source / "images" / row["filename"], files / row["filename"])
            counts[site] += 1
        page = radiopaedia_page if site == "radiopaedia" else sirm_page
        (out / site / f"{slug}.html").write_text(address_mark(url) + page(slug, rows), "utf-8")
    return counts


def radiopaedia_page(slug, rows):
    rid = re.search(r"rID:?\s*(\d+)", " ".join(row["other_notes"] for row in rows))
    sex = {"M": "Male", "F": "Female"}.get(rows[0]["sex"], "")
    age = f"{rows[0]['age']} years" if rows[0]["age"] else ""
    studies = "".join(
        f'<div class="case-study" data-study-id="{n}"><div class="study-desc"><h2>{"Lateral" if row["view"] == "L" else "Chest, " + row["view"] + " view"}</h2></div><div class="study-modality"><span>{row["modality"]}</span></div><div class="study-findings">{html.escape(row["clinical_notes"])}</div><img src="./{slug}_files/{row["filename"]}"></div>'
        for n, row in enumerate(rows, start=1000)
    )
    identifier = f"<meta name='dc.identifier' content='rID-{rid[1]}'>" if rid else ""
    return f'<head>{identifier}<meta name="author" content="A"></head><h1 class="header-title">{slug.replace("-", " ")}</h1><div class="data-item"><strong>Age:</strong> {age}</div><div class="data-item"><strong>Gender:</strong> {sex}</div>{studies}'


def sirm_page(slug, rows):
    views = {
        "AP Supine": "RX torace a letto in proiezione AP",
        "AP": "RX torace in proiezione AP",
        "PA": "RX torace in proiezione PA",
        "L": "RX torace in proiezione LL",
    }
    sex = {"M": " di sesso maschile", "F": " di sesso femminile"}.get(rows[0]["sex"], "")
    age = f", {rows[0]['age']} anni" if rows[0]["age"] else ""
    films = "".join(f'<p>{views.get(row["view"], "RX torace")}.</p><img src="./{slug}_files/{row["filename"]}">' for row in rows)
    return f'<article><h1 class="entry-title">{slug}</h1><div class="td-post-content"><p>Paziente{sex}{age}, ricoverato.</p>{films}</div></article>'


@pytest.mark.skipif(
    not (DATA / "ieee8023").is_dir() or not (DATA / "coronahack").is_dir(), reason="needs the shared films of ieee8023 and coronahack"
)
def test_real_films_saved_and_merged_with_coronahack(tmp_path, capsys):
    counts = arrange(DATA / "ieee8023", tmp_path / "saved")
    command = ["refresh", "--saved", str(tmp_path / "saved"), "--store", str(tmp_path / "store"), "--settings", str(tmp_path / "none.yaml")]
    command += ["--manifest", str(tmp_path / "m.csv"), "--source", f"coronahack={DATA / 'coronahack'}"]
    assert run_command(lambda: main(command)) == 0
    print(capsys.readouterr().out)
    records = manifest.read(tmp_path / "m.csv").records
    for site, films in counts.items():
        taken = [record for record in records if record.source == site]
        assert len(taken) == films and all(record.bytes and record.sha256 for record in taken if record.used)
        assert all(record.used or "lateral" in record.excluded or record.duplicate_of for record in taken)
    truth = {row["filename"]: row for row in csv.DictReader(open(DATA / "ieee8023/metadata.csv", encoding="utf-8"))}
    views = {"AP Supine": "AP supine", "L": "lateral", "AP": "AP", "PA": "PA"}
    stored = [
        (film, record)
        for path in (tmp_path / "store").glob("*/*/record.json")
        for record in [json.loads(path.read_text())]
        for film in record["films"]
    ]
    for film_, record in stored:
        row = truth[film_["image_url"]]
        assert film_["view"]["value"] == views.get(row["view"], film_["view"]["value"])
        assert record["sex"]["value"] in (row["sex"], "")
