import json
import os
import re

import pytest
from bs4 import BeautifulSoup

from cxrkit.errors import BadInput
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.report import page
from tests.report import folders

MEGABYTES = 5
GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "ATTRIBUTION.md", "CITATION.cff")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = folders.write(tmp_path_factory.mktemp("results"))
    page.make(folder)
    return folder


@pytest.fixture(scope="module")
def soup(results):
    return BeautifulSoup((results / "report.html").read_text("utf-8"), "html.parser")


@pytest.fixture
def undrawn(monkeypatch):
    """Without figures a page takes a tenth of the time."""
    monkeypatch.setattr(page.plots, "svg", lambda *_: "<svg></svg>")


def rows_of(soup, table):
    """The cells' texts of a table's body, a list a row."""
    found = soup.find("caption", id=f"cap-{table}").find_parent("table")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in found.tbody.find_all("tr")]


def text_of(figure, digits):
    return "{:.{d}f} [{:.{d}f}, {:.{d}f}]".format(figure["value"], figure["low"], figure["high"], d=digits)


def test_the_files_are_written_and_summed(results):
    listed = read_json(results / "checksums.json")
    for name in GENERATED:
        assert listed[name] == {"sha256": sha256_of(results / name), "bytes": (results / name).stat().st_size}
    assert listed["predictions.csv"]["sha256"] == sha256_of(results / "predictions.csv")


def test_the_scores_are_those_of_metrics_json(results, soup):
    content = read_json(results / "metrics.json")
    shown = {row[0]: row for row in rows_of(soup, "scores") if row[1] == "mean of 3 seeds, test"}
    means = [row for row in content["means"] if row["split"] == content["held_out"]]
    assert len(means) == len(shown) == 4
    for mean in means:
        row = shown[{"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}[mean["architecture"]]]
        assert [float(row[i]) for i in range(3, 7)] == pytest.approx(
            [mean["confusion"][key] for key in ("tp", "fn", "tn", "fp")], abs=0.005
        )
        assert row[7:] == [text_of(mean["error_rate"], 4), *(text_of(mean[key], 3) for key in ("sensitivity", "specificity", "auc"))]


def test_every_run_has_its_row(results, soup):
    scores = [row for row in read_json(results / "metrics.json")["scores"] if row["stage"] == "unfrozen"]
    rows = [row for row in rows_of(soup, "runs") if row[1].startswith("seed")]
    assert [(int(row[2]), row[8]) for row in rows] == [
        (sum(score["confusion"].values()), text_of(score["sensitivity"], 3)) for score in scores
    ]


def test_the_study_stands_beside_ours_and_what_sees_no_lungs_above(soup):
    rows = rows_of(soup, "scores")
    assert rows[0][0] == "no lungs seen" and rows[0][-1] == "0.970 [0.930, 0.990]"
    assert ["VGG16", "the 2020 study", "268", "32", "2", "234", "0"] in [row[:7] for row in rows]


def test_the_embedded_predictions_give_the_counts_of_metrics_json(results, soup):
    data = json.loads(soup.find("script", id="predictions").string)
    scores = [row for row in read_json(results / "metrics.json")["scores"] if row["stage"] == "unfrozen" and row["split"] == "test"]
    assert len(data["runs"]) == len(scores) == 12
    counts = []
    for run in data["runs"]:
        called = [p >= data["threshold"] for p in run["p"]]
        counts.append(
            {"tp": sum(c and t for c, t in zip(called, data["is_covid"])), "fp": sum(c and not t for c, t in zip(called, data["is_covid"]))}
        )
    key = sorted((score["architecture"], score["seed"], score["confusion"]["tp"], score["confusion"]["fp"]) for score in scores)
    assert sorted((c["tp"], c["fp"]) for c in counts) == sorted(k[2:] for k in key)


def test_the_matrix_of_pairs_is_comparison_json_in_both_directions(results, soup):
    content = read_json(results / "comparison.json")
    found = page.matrix(content)
    index = {name: number for number, name in enumerate(found["names"])}
    turned = {"better": "worse", "worse": "better"}
    for pair in content["pairs"]:
        word, text = found["rows"][index[pair["a"]]][1][index[pair["b"]]]
        assert word == pair["verdict"] and float(text.split()[0].replace("−", "-")) == pytest.approx(
            100 * pair["difference"]["value"], abs=0.006
        )
        assert found["rows"][index[pair["b"]]][1][index[pair["a"]]][0] == turned.get(word, word)
    assert content["best"]["sentence"] in soup.find(id="verdict").get_text()


def test_the_verdict_stands_first_and_the_sections_in_their_order(soup):
    assert "gives the answer away" in soup.find(class_="verdict").get_text()
    wanted = ["verdict", "study", "best", "lungs", "data", "learning", "curves", "confusion", "calibration", "films", "speed", "repeat"]
    assert [section["id"] for section in soup.main.find_all("section")] == wanted
    assert [link["href"] for link in soup.nav.find_all("a")] == [f"#{name}" for name in wanted]


def test_without_an_audit_the_page_says_so_and_names_the_command(tmp_path, undrawn):
    folder = folders.write(tmp_path, audits=False)
    page.make(folder)
    for name in ("report.html", "report.md"):
        said = (folder / name).read_text("utf-8")
        assert "No audit was run" in said and "python -m cxrkit audit RUN" in said


def test_research_use_is_said_once(results):
    for name in ("report.html", "report.md"):
        assert (results / name).read_text("utf-8").lower().count("research use only") == 1


def test_banners_are_on_the_page_and_on_every_figure(tmp_path):
    folder = folders.write(
        tmp_path, about={"leaks": 3, "failed": {"vgg16_bn-seed9": "no memory"}, "unfinished": ["vgg16_bn-seed9", "vgg19_bn-seed9"]}
    )
    page.make(folder)
    soup = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")
    banners = soup.find(class_="marks").get_text()
    for word in (
        "DRAWN PHANTOMS",
        "RANDOM WEIGHTS",
        "LEAK: 3",
        "FAILED: 1",
        "no memory",
        "PARTIAL: the time was up; 1 trainings are missing: vgg19_bn-seed9",
    ):
        assert word in banners
    figures = soup.find_all(class_="panel")
    assert len(figures) >= 15
    for figure in figures:
        for mark in ("DRAWN PHANTOMS, NOT FILMS", "RANDOM WEIGHTS", "LEAKING SPLIT", "FAILED TRAININGS", "PARTIAL RUN"):
            assert mark in figure.svg.get_text()


def test_films_and_imagenet_weights_have_no_banner(tmp_path, undrawn):
    folder = folders.write(tmp_path, about={"data": "films", "weights": "imagenet"})
    page.make(folder)
    assert BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="marks") is None


HOSTILE = {
    "credit": '<script>alert("credit")</script>"\' onload=alert(1) ' + "long " * 2000,
    "licence": "CC BY 4.0<img src=x onerror=alert(2)>",
    "case_url": "javascript:alert(3)",
    "finding": "\u202etxet desrever\u202c | </script><!-- ]]>",
    "view": "PA</td></tr></table><h1>view</h1>",
    "sex": "{{ 7 * 7 }}{% raw %}",
    "age": "nan",
}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    def spoil(record):
        return record.but(image_id=record.image_id.replace("drawn/", "drawn/<b>\u202e'\"&"), **HOSTILE)

    folder = tmp_path_factory.mktemp("hostile")
    odd = spoil(
        folders.Record(
            image_id="odd/<svg onload=alert(4)>", path="x", source="<i>odd</i>\u2066", excluded="row 3 of the metadata: <script>5</script>"
        )
    )
    folders.write(folder, extra=[odd])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page.plots, "svg", lambda *_: "<svg></svg>")
        page.make(folder)
        plain = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")
        page.make(folders.respoil(folder, spoil))
    return plain, folder


def test_hostile_metadata_leaves_the_page_intact(hostile):
    plain, folder = hostile
    text = (folder / "report.html").read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert [len(soup.find_all(tag)) for tag in ("script", "h1", "h2", "section", "table")] == [
        len(plain.find_all(tag)) for tag in ("script", "h1", "h2", "section", "table")
    ]
    assert not soup.find_all(["b", "i"]) and not soup.find_all(onload=True) and not soup.find_all(onerror=True)
    assert not [link for link in soup.find_all("a") if not re.match(r"#|https?://", link["href"])]
    assert "{{ 7 * 7 }}" in soup.get_text()
    assert max(len(bdi.get_text()) for bdi in soup.find_all("bdi")) <= 600


def test_every_stretch_of_reversing_text_is_isolated(hostile):
    soup = BeautifulSoup((hostile[1] / "report.html").read_text("utf-8"), "html.parser")
    marked = [text for text in soup.find_all(string=re.compile("[\u202e\u2066]"))]
    assert marked
    assert all(text.find_parent("bdi") for text in marked)


def test_hostile_metadata_breaks_no_table_of_the_text_twin(hostile):
    said = (hostile[1] / "report.md").read_text("utf-8")
    assert "<script" not in said and "\u202e" not in said
    tables = [part.splitlines() for part in said.split("\n\n") if part.startswith("| ")]
    assert len(tables) > 15
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1 and max(map(len, table)) < 5000


def test_the_page_may_ask_for_nothing(results, soup):
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'") and "unsafe-inline" not in policy.split("script-src")[1]
    for tag, attribute in (("img", "src"), ("link", "href")):
        assert all(found[attribute].startswith("data:") for found in soup.find_all(tag))
    assert not soup.find_all(["iframe", "object", "embed", "base"]) and "@import" not in soup.style.string


def test_a_film_is_shown_only_where_its_licence_allows(tmp_path, undrawn):
    folder = folders.write(tmp_path, audits=False)
    records = {row["image_id"]: row for row in folders.manifest_rows(folder)}
    folders.add_thumbnails(folder, records)
    page.make(folder)
    first = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert len(first.find_all("img")) == len(first.find_all("li")) == 24 and "A. Reader" in first.get_text()
    folders.respoil(folder, lambda record: record.but(licence=""))
    page.make(folder)
    second = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert not second.find_all("img") and second.get_text().count("it comes without a licence") == 24


def test_a_picture_outside_the_results_is_not_read(tmp_path, undrawn):
    folder = folders.write(tmp_path / "results")
    (tmp_path / "secret.png").write_bytes(b"secret")
    audits = read_json(folder / "audits.json")
    name = folders.manifest_rows(folder)[0]["image_id"]
    entry = {
        "image_id": name,
        "architecture": "resnet34",
        "kind": "error",
        "label": "covid",
        "p_covid": 0.1,
        "file": "../secret.png",
        "credit": "",
        "case_url": "",
        "why_no_picture": "",
    }
    write_json(folder / "audits.json", audits | {"attention": {"rows": [], "gallery": [entry]}})
    page.make(folder)
    text = (folder / "report.html").read_text("utf-8")
    assert "c2VjcmV0" not in text and "its picture is not in the results" in text


def test_the_page_of_a_full_run_is_small(tmp_path):
    folder = folders.write(tmp_path, seeds=range(10), sizes={"train": (100, 1338), "valid": (34, 234)})
    folders.add_thumbnails(folder, [row["image_id"] for row in folders.manifest_rows(folder)])
    page.make(folder)
    assert (folder / "report.html").stat().st_size < MEGABYTES * 1e6


def test_pictures_stop_where_the_page_would_grow_too_large(tmp_path, undrawn, monkeypatch):
    folder = folders.write(tmp_path, audits=False)
    folders.add_thumbnails(folder, [row["image_id"] for row in folders.manifest_rows(folder)])
    monkeypatch.setattr(page, "MOST_PICTURE_BYTES", 2000)
    page.make(folder)
    gallery = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert 0 < len(gallery.find_all("img")) < 24 and "no room for more pictures" in gallery.get_text()


def test_the_same_results_make_the_same_page(results):
    before = (results / "report.html").read_bytes()
    page.make(results)
    assert (results / "report.html").read_bytes() == before


def test_one_network_with_one_seed_has_a_page(tmp_path):
    folder = folders.write(tmp_path, audits=False, seeds=(4,), error_rates=(0.05,), sizes={"train": (5, 5), "valid": (8, 9)})
    page.make(folder)
    assert "nothing to compare" in (folder / "report.html").read_text("utf-8")


def test_a_folder_without_curves_has_a_page(tmp_path, undrawn):
    folder = folders.write(tmp_path, audits=False)
    os.remove(folder / "epochs.csv")
    os.remove(folder / "lr_find.csv")
    page.make(folder)
    assert "The results hold no learning curves." in (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["metrics.json", "comparison.json", "predictions.csv", "manifest.csv", "run.json", "audits.json"])
@pytest.mark.parametrize("content", ["", "{", None])
def test_a_damaged_folder_is_refused(tmp_path, results, name, content):
    folder = tmp_path / "results"
    folder.mkdir()
    for path in results.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    if content is None:
        (folder / name).unlink()
        if name == "audits.json":
            return
    else:
        (folder / name).write_text(content)
    with pytest.raises(BadInput) as caught:
        page.make(folder)
    assert name in str(caught.value)


def test_an_audit_of_another_manifest_is_refused(tmp_path, undrawn):
    folder = folders.write(tmp_path)
    write_json(folder / "audits.json", read_json(folder / "audits.json") | {"manifest_sha256": "0" * 64})
    with pytest.raises(BadInput, match="another manifest"):
        page.make(folder)
