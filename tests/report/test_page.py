import json
import os
import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from cxrkit.columns import LAST_STAGE
from cxrkit.config import short_name
from cxrkit.data.manifest import Manifest
from cxrkit.errors import BadInput
from cxrkit.evaluation.metrics import Figure, proportion
from cxrkit.evaluation.scoring import final_scores
from cxrkit.files import read_json, sha256_of, write_json
from cxrkit.report import gallery, page, pictures, plots, report, sentences
from cxrkit.report.tables import data, settings, thresholds
from cxrkit.report.tables.comparison import matrix
from cxrkit.results import Results
from cxrkit.schema import Attention, AttentionRow, GalleryEntry
from cxrkit.tables import figure_text
from tests.report import folders

MEGABYTES = 5
GENERATED = ("report.html", "report.md", "MODEL_CARD.md", "DATASHEET.md", "CLAIM.md", "TRIPOD.md", "ATTRIBUTION.md", "CITATION.cff")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    results = folders.write(tmp_path_factory.mktemp("results"))
    report.make(results)
    return results


@pytest.fixture(scope="module")
def soup(results):
    return BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")


@pytest.fixture
def undrawn(monkeypatch):
    """Without figures a page takes a tenth of the time."""
    monkeypatch.setattr(plots, "drawn", folders.undrawn)


def rows_of(soup, table):
    """The cells' texts of a table's body, a list a row."""
    found = soup.find("caption", id=f"cap-{table}").find_parent("table")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in found.tbody.find_all("tr")]


def test_the_files_are_written_and_summed(results):
    listed, folder = read_json(results.folder / "checksums.json"), results.folder
    assert settings.GENERATED == GENERATED
    drawn = [path.relative_to(folder).as_posix() for path in (folder / plots.FOLDER).rglob("*.*")]
    assert {"figures/roc.svg", "figures/roc.png", "figures/losses-vgg16_bn.svg", "figures/errors.png"} <= set(drawn)
    for name in (*GENERATED, *drawn):
        assert listed[name] == {"sha256": sha256_of(folder / name), "bytes": (folder / name).stat().st_size}
    assert listed["predictions.csv"]["sha256"] == sha256_of(folder / "predictions.csv")


def test_the_scores_are_those_of_metrics_json(results, soup):
    shown = {row[0]: row for row in rows_of(soup, "scores") if row[1] == "mean of 3 seeds, test"}
    means = final_scores(results.metrics, "means")
    assert len(means) == len(shown) == 4
    for mean in means:
        row = shown[short_name(mean.architecture)]
        counts = mean.confusion
        assert [float(row[i]) for i in range(7, 11)] == pytest.approx([counts.tp, counts.fn, counts.tn, counts.fp], abs=0.005)
        figures = [mean.auc, mean.rates.sensitivity, mean.rates.specificity]
        assert row[2:6] == [*(figure_text(figure, 3) for figure in figures), figure_text(mean.rates.error_rate, 4)]


def test_every_run_has_its_row(results, soup):
    scores = [score for score in results.metrics.scores if score.stage == LAST_STAGE]
    rows = [row for row in rows_of(soup, "runs") if row[1].startswith("seed")]
    assert [(int(row[6]), row[3]) for row in rows] == [(score.n, figure_text(score.rates.sensitivity, 3)) for score in scores]


def test_the_studys_epochs_stand_beside_ours_with_the_images_they_got_wrong(results, soup):
    rows = rows_of(soup, "study-epochs")
    assert len(rows) == 16
    last = results.epochs.query("architecture == 'resnet34' and stage == @LAST_STAGE and epoch == 4")
    assert rows[3][:2] == ["ResNet34", "4"] and rows[3][6:] == ["0.0973", "0.1026", "0.0261 [0.0127, 0.0529]", "7 of 268", "98"]
    films = sum(record.split == "valid" for record in results.manifest.used)
    assert rows[3][2:6] == [f"{last['train_loss'].median():.4f}", "0.2500", figure_text(proportion(films / 10, films), 4), "2.5"]
    note = soup.find("caption", id="cap-study-epochs").find_parent(class_="table").find(class_="note").get_text()
    assert "changes by 0 to 42 of 268; between their last two epochs by: ResNet34 6, ResNet101 1, VGG16 1, VGG19 0." in note
    assert "end at most 5 images apart" in note


def test_no_two_columns_of_a_table_have_one_name(soup):
    for table in soup.find_all("table", class_="data"):
        titles = [head.get_text() for head in table.find_all(class_="title")]
        assert len(set(titles)) == len(titles), table.caption.get_text()


def test_the_study_stands_beside_ours_and_what_sees_no_lungs_above(soup):
    rows = rows_of(soup, "scores")
    assert rows[0][0] == "without the lungs" and rows[0][2] == "0.970 [0.930, 0.990]"
    assert ["VGG16", "the 2020 study", "268", "32", "2", "234", "0"] in [row[:2] + row[6:] for row in rows]


def test_the_embedded_predictions_give_the_counts_of_metrics_json(results, soup):
    data = json.loads(soup.find("script", id="predictions").string)
    scores = final_scores(results.metrics)
    assert len(data["runs"]) == len(scores) == 12
    counts = []
    for run in data["runs"]:
        called = [p >= data["threshold"] for p in run["p"]]
        counts.append(
            {"tp": sum(c and t for c, t in zip(called, data["is_covid"])), "fp": sum(c and not t for c, t in zip(called, data["is_covid"]))}
        )
    assert sorted((c["tp"], c["fp"]) for c in counts) == sorted((score.confusion.tp, score.confusion.fp) for score in scores)


def test_the_matrix_of_pairs_is_comparison_json_in_both_directions(results, soup):
    shown = matrix(results.comparison)
    index = {name: number for number, name in enumerate(shown["names"])}
    turned = {"better": "worse", "worse": "better"}
    for pair in results.comparison.pairs:
        word, text, reason = shown["rows"][index[pair.a]][1][index[pair.b]]
        assert word == pair.verdict and (not reason or word == "undecided")
        assert float(text.split()[0].replace("−", "-")) == pytest.approx(100 * pair.difference.value, abs=0.006)
        assert shown["rows"][index[pair.b]][1][index[pair.a]][0] == turned.get(word, word)
    assert sentences.best(results.comparison) in soup.find(id="verdict").get_text()


def test_the_verdict_stands_first_and_the_sections_in_their_order(soup):
    assert "gives the answer away" in soup.find(class_="verdict").get_text()
    wanted = [
        "verdict",
        "elsewhere",
        "study",
        "best",
        "lungs",
        "data",
        "learning",
        "curves",
        "confusion",
        "calibration",
        "films",
        "speed",
        "repeat",
        "words",
    ]
    assert [section["id"] for section in soup.main.find_all("section")] == wanted
    assert [link["href"] for link in soup.nav.find_all("a")] == [f"#{name}" for name in wanted]


def test_without_an_audit_the_page_says_so_and_names_the_command(tmp_path, undrawn):
    results = folders.write(tmp_path, audits=False)
    report.make(results)
    for name in ("report.html", "report.md"):
        said = (results.folder / name).read_text("utf-8")
        assert "No audit was run" in said and "python -m cxrkit audit RUN" in said


def test_research_use_is_said_once(results):
    for name in ("report.html", "report.md"):
        assert (results.folder / name).read_text("utf-8").lower().count("research use only") == 1


def test_banners_are_on_the_page_and_on_every_figure(tmp_path):
    results = folders.write(
        tmp_path, info={"leaks": 3, "failed": {"vgg16_bn-seed9": "no memory"}, "unfinished": ["vgg16_bn-seed9", "vgg19_bn-seed9"]}
    )
    report.make(results)
    soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
    banners = soup.find(class_="marks").get_text()
    for word in (
        "DRAWN PHANTOMS",
        "RANDOM WEIGHTS",
        "LEAK: 3",
        "FAILED: 1",
        "no memory",
        "PARTIAL: the time was up; 1 training run is missing: vgg19_bn-seed9",
    ):
        assert word in banners
    figures = soup.find_all(class_="panel")
    assert len(figures) >= 15
    for figure in figures:
        for mark in ("DRAWN PHANTOMS, NOT FILMS", "RANDOM WEIGHTS", "LEAKING SPLIT", "FAILED TRAINING RUNS", "PARTIAL RUN"):
            assert mark in figure.svg.get_text()


def test_the_verdict_is_an_answer_with_a_line_a_reason_and_a_plot_that_says_what_it_shows(results, soup):
    box = soup.find(class_="verdict")
    assert [answer.get_text() for answer in box.find_all(class_="answer")][0] == "No. The picture’s edge alone tells the classes apart."
    assert [line.get_text() for line in box.ul.find_all("li")] == [reason.text for reason in results.audits.verdict.reasons]
    plot = soup.find(id="verdict").find(class_="panel")
    assert "edge of the picture 0.970 [0.930, 0.990]" in plot["aria-label"]
    labels = [label for label in plot.svg.get_text("\n").splitlines() if label in ("edge of the picture", "ResNet34", "VGG19")]
    assert labels == ["edge of the picture", "ResNet34", "VGG19"]


def test_no_option_is_broken_at_its_hyphens(soup):
    told = soup.body.find_all(string=re.compile(r"(?<![\w-])--[a-z]"))
    shown = [text for text in told if text.parent.name not in ("script", "style") and not text.find_parent("svg")]
    assert len(shown) > 5 and {text for text in shown if "option" not in (text.parent.get("class") or [])} == set()
    assert str(page.unbroken("<i> --data a-b --split-seed=1")) == (
        '&lt;i&gt; <span class="option">--data</span> a-b <span class="option">--split-seed</span>=1'
    )


def test_an_undecided_pair_whose_interval_excludes_0_says_why(tmp_path):
    once = folders.write(tmp_path / "once", audits=False, seeds=(0,), error_rates=(0.02, 0.4, 0.02, 0.02)).comparison
    rows = {(a, b): cell for a, cells in matrix(once)["rows"] for b, cell in zip(matrix(once)["names"], cells)}
    assert rows["ResNet34", "ResNet101"][::2] == ("undecided", "trained only once") and rows["VGG16", "VGG19"][2] == ""
    pair = replace(folders.write(tmp_path / "often", audits=False).comparison.pairs[0], verdict="undecided", p_difference_holm=0.0612)
    assert sentences.why_undecided(replace(pair, difference=Figure(0.1, 0.01, 0.2, 94, "")), 6) == "p = 0.061 after Holm over 6 pairs"
    assert sentences.why_undecided(replace(pair, difference=Figure(0.1, -0.01, 0.2, 94, "")), 6) == ""


def test_films_and_imagenet_weights_have_no_banner(tmp_path, undrawn):
    results = folders.write(tmp_path, info={"films": "films", "started_from": "imagenet"})
    report.make(results)
    assert BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser").find(class_="marks") is None


HOSTILE = {
    "credit": '<script>alert("credit")</script>"\' onload=alert(1) ' + "long " * 2000,
    "licence": "CC BY 4.0<img src=x onerror=alert(2)>",
    "case_url": "javascript:alert(3)",
    "finding": "\u202etxet desrever\u202c | </script><!-- ]]>",
    "view": "PA</td></tr></table><h1>view</h1>",
    "sex": "<b>sex</b>",
    "age": "{{ 7 * 7 }}{% raw %}",
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
    results = folders.write(folder, extra=[odd])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "drawn", folders.undrawn)
        report.make(results)
        plain = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser")
        report.make(folders.respoil(results, spoil))
    return plain, folder


def test_hostile_metadata_leaves_the_page_intact(hostile):
    plain, folder = hostile
    text = (folder / "report.html").read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert [len(soup.find_all(tag)) for tag in ("script", "h1", "h2", "section", "table")] == [
        len(plain.find_all(tag)) for tag in ("script", "h1", "h2", "section", "table")
    ]
    assert not soup.find_all(["b", "i"]) and not soup.find_all(onload=True) and not soup.find_all(onerror=True)
    assert not [link for link in soup.find_all("a") if not re.match(r"#|https?://|figures/[\w.-]+\.(svg|png)$", link["href"])]
    assert "{{ 7 * 7 }}" in soup.get_text()
    assert max(len(bdi.get_text()) for bdi in soup.find_all("bdi")) <= 600


def test_every_stretch_of_reversing_text_is_isolated(hostile):
    soup = BeautifulSoup((hostile[1] / "report.html").read_text("utf-8"), "html.parser")
    marked = soup.find_all(string=re.compile("[\u202e\u2066]"))
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
    results = folders.write(tmp_path, audits=False)
    folder = results.folder
    folders.add_thumbnails(results)
    report.make(results)
    first = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert len(first.find_all("img")) == len(first.find_all("li")) == 24 and "A. Reader" in first.get_text()
    report.make(folders.respoil(results, lambda record: record.but(licence="")))
    second = BeautifulSoup((folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert not second.find_all("img") and second.get_text().count("it comes without a licence") == 24


def test_the_audits_gallery_shows_where_the_networks_looked(tmp_path, undrawn):
    results = folders.write(tmp_path)
    folders.add_thumbnails(results)
    first, second = (record.image_id for record in results.manifest.used[-2:])
    picture = "figures/attention/resnet34-error-01.png"
    (results.folder / picture).parent.mkdir(parents=True)
    folders.draw_pair(results.folder / picture)
    entries = [
        GalleryEntry(first, "resnet34", 0, "error", 0.9, "normal", picture, "", "", ""),
        GalleryEntry(second, "vgg16_bn", 0, "hit", 0.1, "normal", "", "", "", "its licence does not let it be passed on: unknown"),
    ]
    row = AttentionRow("resnet34", 0, "test", Figure(0.44, 0.4, 0.5, 94, "drawn"), 0.25, None, 0.91, 2)
    results.write(replace(results.audits, attention=Attention([row], entries, {})))
    report.make(results, locate=lambda record: tmp_path / "gone")
    soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
    shown = soup.find(class_="gallery").find_all("li")
    assert len(shown) == 2 and "where the network looked" in shown[0].img["alt"] and len(shown[0].find(class_="pair").find_all("img")) == 3
    assert (shown[0]["data-error"], shown[1]["data-error"]) == ("false positive", "correct")
    for film, called, p in zip(shown, ("COVID-19", "normal"), ("0.900", "0.100")):
        said = " ".join(film.get_text().replace("\u2011", "-").split())
        assert f"called {called}, p(COVID-19) {p}" in said
    assert not shown[1].img and "its licence does not let it be passed on: unknown" in shown[1].get_text()
    assert rows_of(soup, "attention") == [["ResNet34, seed 0", "0.440 [0.400, 0.500]", "0.250", "–", "0.910", "94"]]


def test_thumbnails_are_made_of_the_films_that_the_gallery_shows_and_of_no_others(tmp_path, undrawn):
    results, asked = folders.write(tmp_path / "results", audits=False), []

    def locate(record):
        asked.append(record.image_id)
        return folders.draw_film(tmp_path / f"{len(asked)}.png")

    report.make(results, locate)
    shown = {film.image_id for film in gallery.films(results)}
    assert sorted(asked) == sorted(shown)
    made = {path.name for path in (results.folder / gallery.FOLDER).iterdir()}
    assert made == {gallery.place(image_id).rsplit("/", 1)[1] for image_id in shown}


def test_a_picture_outside_the_results_is_not_read(tmp_path, undrawn):
    results = folders.write(tmp_path / "results")
    (tmp_path / "secret.png").write_bytes(b"secret")
    name = results.manifest.used[0].image_id
    entry = GalleryEntry(name, "resnet34", 0, "error", 0.1, "covid", "../secret.png", "", "", "")
    results.write(replace(results.audits, attention=Attention([], [entry], {})))
    report.make(results)
    text = (results.folder / "report.html").read_text("utf-8")
    assert "c2VjcmV0" not in text and "its picture is not in the results" in text


def test_the_page_of_a_full_run_is_small(tmp_path):
    results = folders.write(tmp_path, seeds=range(10), sizes={"train": (100, 1338), "valid": (34, 234)})
    folders.add_thumbnails(results)
    report.make(results)
    assert (results.folder / "report.html").stat().st_size < MEGABYTES * 1e6


def test_pictures_stop_where_the_page_would_grow_too_large(tmp_path, undrawn, monkeypatch):
    results = folders.write(tmp_path, audits=False)
    folders.add_thumbnails(results)
    monkeypatch.setattr(pictures, "MOST_BYTES", 5000)
    report.make(results)
    gallery = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser").find(class_="gallery")
    assert 0 < len(gallery.find_all("img")) < 24 and "no room for more pictures" in gallery.get_text()


def test_the_same_results_make_the_same_page(results):
    names = ("report.html", "report.md", "figures/roc.svg", "figures/errors.png")
    before = [(results.folder / name).read_bytes() for name in names]
    report.make(Results.open(results.folder))
    assert [(results.folder / name).read_bytes() for name in names] == before


def test_one_network_with_one_seed_has_a_page(tmp_path):
    results = folders.write(tmp_path, audits=False, seeds=(4,), error_rates=(0.05,), sizes={"train": (5, 5), "valid": (8, 9)})
    report.make(results)
    assert "nothing to compare" in (results.folder / "report.html").read_text("utf-8")


def test_a_folder_without_curves_has_a_page(tmp_path, undrawn):
    folder = folders.write(tmp_path, audits=False).folder
    os.remove(folder / "epochs.csv")
    os.remove(folder / "lr_find.csv")
    report.make(Results.open(folder))
    assert "The results hold no learning curves." in (folder / "report.html").read_text("utf-8")


@pytest.mark.parametrize("name", ["metrics.json", "comparison.json", "predictions.csv", "manifest.csv", "run.json", "audits.json"])
@pytest.mark.parametrize("content", ["", "{", None])
def test_a_damaged_folder_is_refused(tmp_path, results, name, content):
    folder = tmp_path / "results"
    folder.mkdir()
    for path in results.folder.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    if content is None:
        (folder / name).unlink()
        if name == "audits.json":
            return
    else:
        (folder / name).write_text(content)
    with pytest.raises(BadInput) as caught:
        report.make(Results.open(folder))
    assert name in str(caught.value)


def test_predictions_that_were_never_scored_are_refused_with_the_command_that_scores_them(tmp_path, undrawn):
    results = folders.write(tmp_path, audits=False)
    known = [score for score in results.metrics.scores if score.architecture != "vgg16_bn"]
    results.write(replace(results.metrics, scores=known, means=[], ensembles=[]))
    with pytest.raises(BadInput, match="no score of vgg16_bn") as caught:
        report.make(results)
    assert "python -m cxrkit evaluate" in str(caught.value)


def test_an_audit_of_another_manifest_is_refused(tmp_path, undrawn):
    folder = folders.write(tmp_path).folder
    write_json(folder / "audits.json", read_json(folder / "audits.json") | {"manifest_sha256": "0" * 64})
    with pytest.raises(BadInput, match="another manifest"):
        report.make(Results.open(folder))


def test_the_sets_of_single_films_are_those_of_metrics_json(results, soup):
    rows = {row[0]: row for row in rows_of(soup, "sets")}
    for score in [score for score in final_scores(results.metrics, "ensembles") if len(score.architectures) == 1]:
        sets, row = score.prediction_sets, rows[f"{short_name(score.architecture)}, ensemble of 3 seeds"]
        assert row[1:3] == [f"{sets.covid.limit:.3f}", f"{sets.normal.limit:.3f}"]
        assert [int(cell) for cell in row[3:7]] == [sets.films.get(held, 0) for held in ("COVID-19", "normal", "both", "none")]
        assert row[7:] == [figure_text(sets.covid.covered), figure_text(sets.normal.covered)]
    note = soup.find("caption", id="cap-sets").find_parent(class_="table").find(class_="note").get_text()
    assert "of 100 such splits, 95 cover" in note and "(20 COVID-19)" in note


@pytest.mark.parametrize(
    "sizes, said",
    [
        (
            {"train": (40, 60), "valid": (6, 40), "test": (34, 60)},
            "No sets: a coverage of 90 % takes 9 COVID-19 patients in validation, which has 6.",
        ),
        ({"train": (40, 60), "valid": (20, 40)}, "not computed, for the sets were calibrated on these very films"),
    ],
    ids=["few", "no test split"],
)
def test_too_few_patients_for_sets_and_no_test_split_are_said(tmp_path, undrawn, sizes, said):
    results = folders.write(tmp_path, sizes=sizes, audits=False)
    assert said in thresholds.prediction_sets(results).note


def test_the_views_in_use_are_told_by_class_with_the_key_and_the_studys(results, soup):
    told = soup.find(id="data").get_text()
    assert (
        "Views in use: COVID-19: PA 94; normal: PA 160. The setting exclude_views leaves out: lateral; 1 film was left out because of the view."
        in told
    )
    assert "a mixture of posterior to anterior as well as lateral views" in told
    mixed = Manifest(record.but(view="lateral") if number % 2 else record for number, record in enumerate(results.manifest.records))
    assert "COVID-19: lateral 47, PA 47" in data.views_sentence(mixed, ()) and "leaves out: none" in data.views_sentence(mixed, ())


def test_decision_curves_and_predictive_values_are_drawn(results, soup):
    figures = [panel["aria-label"] for panel in soup.find(id="confusion").find_all(class_="panel")]
    assert [figure.split()[0] for figure in figures] == ["Decision", "Positive", "Negative"]
    assert {"net-benefit.svg", "ppv.png", "npv.svg"} <= {path.name for path in (results.folder / plots.FOLDER).iterdir()}
