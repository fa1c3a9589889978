"""The page as people meet it: in Chromium, wide, on a phone and on paper, with scripts and without."""

import base64
import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cxrkit.columns import LAST_STAGE
from cxrkit.config import short_name
from cxrkit.evaluation.metrics import Figure
from cxrkit.report import report
from cxrkit.results import Results
from cxrkit.schema import Attention, AttentionRow, GalleryEntry
from cxrkit.tables import figure_text
from tests.report import folders

webdriver = pytest.importorskip("selenium.webdriver", reason="Selenium is not installed")
axe_core = pytest.importorskip("axe_core_python", reason="axe-core is not installed")

from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium or its driver is not installed")
WIDE, PHONE = (1280, 900), (390, 844)
OPEN = "document.querySelectorAll('details').forEach(part => { part.open = true })"
SIDEWAYS = (
    "return Array.from(document.querySelectorAll('.scroll, pre')).filter(e => e.scrollWidth > e.clientWidth + 1)"
    ".map(e => [e.getAttribute('aria-labelledby'), e.scrollWidth, e.clientWidth])"
)
"""The boxes that scroll sideways."""


def browser(scripts=True):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    results = folders.write(tmp_path_factory.mktemp("browser") / "results")
    picture = "figures/attention/film.png"
    (results.folder / picture).parent.mkdir(parents=True)
    folders.draw_pair(results.folder / picture)
    held = [record.image_id for record in results.manifest.used if record.split == "test"]
    entries = [
        GalleryEntry(held[place], name, 0, kind, p, results.manifest.by_id[held[place]].label, picture, "A. Reader", "", "")
        for name in ("resnet34", "vgg16_bn")
        for place, kind, p in ((0, "error", 0.2), (1, "hit", 0.9), (-1, "error", 0.7))
    ]
    row = AttentionRow("resnet34", 0, "test", Figure(0.44, 0.4, 0.5, 94, "drawn"), 0.25, None, 0.91, 2)
    results.write(replace(results.audits, attention=Attention([row], entries, {})))
    report.make(results)
    return results.folder


@pytest.fixture(scope="module")
def chromium():
    found = browser()
    found.set_script_timeout(120)
    yield found
    found.quit()


def show(chromium, results, size=WIDE, dark=False):
    chromium.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
    )
    chromium.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    )
    for kind in ("browser", "performance"):
        chromium.get_log(kind)
    chromium.get((results / "report.html").as_uri())


def requests(chromium):
    """Addresses that were asked for since the last look."""
    import json

    messages = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    return [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]


@pytest.mark.parametrize("size, dark", [(WIDE, False), (PHONE, True)], ids=["wide and light", "phone and dark"])
def test_the_page_is_quiet_and_fits(chromium, results, size, dark):
    show(chromium, results, size, dark)
    assert chromium.get_log("browser") == []
    assert [url for url in requests(chromium) if not url.startswith("data:")] == [(results / "report.html").as_uri()]
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert chromium.execute_script("return Array.from(document.images).every(image => image.complete && image.naturalWidth > 0)")
    chromium.execute_script(OPEN)
    assert (
        chromium.execute_script(
            "return Array.from(document.querySelectorAll('.option')).filter(e => e.getClientRects().length !== 1).length"
        )
        == 0
    )
    assert chromium.execute_script("return document.querySelectorAll('.option').length") > 5
    if size == PHONE:
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= size[0]
        assert chromium.execute_script(SIDEWAYS) == []
        label = "return getComputedStyle(document.querySelector('#t-scores tbody td:not(.nothing)'), '::before').content"
        assert chromium.execute_script(label) == '"run"'


def test_no_table_but_that_of_the_films_is_wider_than_its_column(chromium, results):
    show(chromium, results)
    chromium.execute_script(OPEN)
    assert [each for each in chromium.execute_script(SIDEWAYS) if each[0] != "cap-films"] == []


@pytest.mark.parametrize("size, dark", [(WIDE, False), (PHONE, True)], ids=["wide and light", "phone and dark"])
def test_axe_finds_no_serious_violation(chromium, results, size, dark):
    show(chromium, results, size, dark)
    chromium.execute_script(OPEN)
    chromium.execute_script((Path(axe_core.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = chromium.execute_async_script("axe.run().then(arguments[0])")
    assert len(found["passes"]) > 20
    serious = {
        rule["id"]: [node["html"][:200] for node in rule["nodes"][:3]]
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    }
    assert serious == {}
    chromium.execute_script("document.querySelector('button.picture').click()")
    found = chromium.execute_async_script("axe.run('#viewer').then(arguments[0])")
    assert len(found["passes"]) > 10 and {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found["violations"]} == {}


def test_the_slider_shows_metrics_json(chromium, results):
    show(chromium, results)
    metrics, wanted = Results.open(results).metrics, {}
    for score in (*metrics.means, *metrics.scores):
        if score.stage == LAST_STAGE and score.split == metrics.held_out:
            run = "mean of 3 seeds" if score.kind == "mean" else f"seed {score.seeds[0]}"
            wanted[f"{short_name(score.architecture)}, {run}"] = score
    choice = Select(chromium.find_element(By.ID, "run"))
    assert [option.text for option in choice.options] and {option.text for option in choice.options} == set(wanted)
    for name, score in wanted.items():
        choice.select_by_visible_text(name)
        shown = {
            key: chromium.find_element(By.ID, key).text for key in ("tp", "fn", "fp", "tn", "sensitivity", "specificity", "error_rate")
        }
        counts = vars(score.confusion)
        assert {key: float(shown[key]) for key in counts} == pytest.approx(counts, abs=0.005)
        for key, digits in (("sensitivity", 3), ("specificity", 3), ("error_rate", 4)):
            assert shown[key] == figure_text(getattr(score.rates, key), digits)


def test_the_slider_moves_the_counts(chromium, results):
    show(chromium, results)
    move = "const t = document.getElementById('threshold'); t.value = arguments[0]; t.dispatchEvent(new Event('input', { bubbles: true }))"
    chromium.execute_script(move, "0")
    assert chromium.find_element(By.ID, "sensitivity").text.startswith("1.000") and chromium.find_element(By.ID, "tn").text == "0"
    chromium.execute_script(move, "1")
    assert chromium.find_element(By.ID, "tp").text == "0"
    chromium.find_element(By.ID, "reset").click()
    assert chromium.find_element(By.ID, "shown").text == "0.500"


def test_the_contents_lead_to_their_sections(chromium, results):
    show(chromium, results)
    links = chromium.find_elements(By.CSS_SELECTOR, "nav a")
    assert len(links) == 14
    for link in links:
        link.click()
        name = link.get_attribute("href").split("#")[1]
        top = chromium.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect().top", name)
        at_end = chromium.execute_script("return window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 2")
        assert -2 <= top < 60 or (at_end and 0 <= top < WIDE[1])


def test_a_table_is_sorted_by_its_numbers_both_ways(chromium, results):
    show(chromium, results)
    table = chromium.find_element(By.CSS_SELECTOR, "table:has(#cap-scores)")
    heads = [head for head in table.find_elements(By.CSS_SELECTOR, "thead th") if "error rate" in head.text]
    read = "return Array.from(arguments[0].tBodies[0].rows).map(row => row.cells[5].dataset.value).filter(value => value !== undefined).map(Number)"
    for direction in ("ascending", "descending"):
        heads[0].find_element(By.TAG_NAME, "button").click()
        values = chromium.execute_script(read, table)
        assert heads[0].get_attribute("aria-sort") == direction
        assert len(values) > 4 and values == sorted(values, reverse=direction == "descending")
        last = chromium.execute_script(
            "return arguments[0].tBodies[0].rows[arguments[0].tBodies[0].rows.length - 1].cells[0].textContent", table
        )
        assert "without the lungs" in last


def test_without_scripts_everything_but_the_slider_is_there(results):
    found = browser(scripts=False)
    try:
        show(found, results)
        assert found.get_log("browser") == []
        assert not found.find_element(By.ID, "slider").is_displayed()
        assert found.find_element(By.CSS_SELECTOR, "#cap-scores").is_displayed()
        assert not found.find_elements(By.CSS_SELECTOR, "thead button")
        assert len([film for film in found.find_elements(By.CSS_SELECTOR, ".gallery > li") if film.is_displayed()]) == 6
        assert not found.find_element(By.ID, "viewer").is_displayed() and not found.find_element(By.ID, "sift").is_displayed()
        found.find_element(By.CSS_SELECTOR, "#confusion summary").click()
        assert found.find_element(By.CSS_SELECTOR, "table:has(#cap-thresholds)").is_displayed()
    finally:
        found.quit()


def test_on_paper_the_closed_parts_are_open(chromium, results, tmp_path):
    show(chromium, results)
    chromium.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    printed = chromium.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": True})
    (tmp_path / "report.pdf").write_bytes(base64.b64decode(printed["data"]))
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    import subprocess

    text = " ".join(
        subprocess.run(["pdftotext", str(tmp_path / "report.pdf"), "-"], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "average precision" in text and "is in checksums.json" in text and "SHA-256 of the 2" not in text and "Save as CSV" not in text
    assert "Move the threshold" not in text


def test_a_table_is_saved_as_csv_a_closed_one_is_opened_by_its_address_and_the_contents_say_where_one_is(chromium, results, tmp_path):
    show(chromium, results)
    chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    chromium.execute_script("document.querySelector('#t-scores .tools button').click()")
    WebDriverWait(chromium, 10).until(lambda _: (tmp_path / "scores.csv").is_file())
    rows = list(csv.reader((tmp_path / "scores.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0][:6] == ["network", "run", "AUC", "sensitivity", "specificity", "error rate"]
    assert rows[1][0] == "without the lungs" and rows[1][2] == "0.970 [0.930, 0.990]" and len({len(row) for row in rows}) == 1
    chromium.get((results / "report.html").as_uri() + "#t-thresholds")
    WebDriverWait(chromium, 10).until(lambda _: chromium.find_element(By.ID, "t-thresholds").get_attribute("open"))
    here = "nav a[aria-current]"
    WebDriverWait(chromium, 10).until(
        lambda _: [a.get_attribute("hash") for a in chromium.find_elements(By.CSS_SELECTOR, here)] == ["#confusion"]
    )
    sizes = chromium.execute_script(
        "return Array.from(document.querySelectorAll('thead button')).map(b => b.getBoundingClientRect().height)"
    )
    assert len(sizes) > 20 and min(size for size in sizes if size) >= 24


def test_a_table_and_the_command_are_copied(chromium, results):
    show(chromium, results)
    chromium.execute_cdp_cmd("Browser.grantPermissions", {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})

    def copied(place):
        button = chromium.find_element(By.XPATH, f"{place}//button[text()='Copy']")
        button.click()
        WebDriverWait(chromium, 10).until(lambda _: button.text == "Copied")
        return chromium.execute_async_script("navigator.clipboard.readText().then(arguments[0])")

    rows = [line.split("\t") for line in copied("//*[@id='t-scores']").splitlines()]
    assert rows[0][:3] == ["network", "run", "AUC"] and len({len(row) for row in rows}) == 1 and len(rows) > 2
    assert copied("//pre/following-sibling::p[1]") == chromium.find_element(By.TAG_NAME, "pre").text.strip()


def test_a_film_is_looked_at_closely_with_keys_alone(chromium, results):
    show(chromium, results)
    first = chromium.find_element(By.CSS_SELECTOR, "button.picture")
    first.send_keys(Keys.ENTER)
    viewer, stage = chromium.find_element(By.ID, "viewer"), chromium.switch_to.active_element
    read = "const s = document.getElementById('v-sheet'); return [s.style.transform, s.children.length, s.children[0].style.filter]"
    assert viewer.get_attribute("open") and stage.get_attribute("id") == "stage"
    WebDriverWait(chromium, 10).until(lambda _: "40 × 40 pixels" in viewer.text)
    assert chromium.execute_script(read) == ["translate(0px, 0px) scale(1)", 2, ""]
    stage.send_keys("+", Keys.ARROW_LEFT)
    assert chromium.execute_script(read)[0] == "translate(60px, 0px) scale(1.5)"
    stage.send_keys("0")
    chromium.find_element(By.ID, "v-window").send_keys(Keys.ARROW_LEFT)
    assert chromium.execute_script(read) == ["translate(0px, 0px) scale(1)", 2, 'url("#v-filter")']
    rows = [row.text.split() for row in viewer.find_elements(By.CSS_SELECTOR, "#v-rows tr")]
    assert [row[0] for row in rows] == ["ResNet34", "ResNet101", "VGG16", "VGG19"] and [row[-1] for row in rows] == [
        "yes",
        "none",
        "yes",
        "none",
    ]
    held = Results.open(results).predictions("resnet34")
    assert rows[0][1] == f"{held.p_covid[:, 0].mean():.3f}" and "This film is COVID-19" in viewer.text
    chromium.find_element(By.ID, "v-next").send_keys(Keys.ENTER)
    assert "2 of 6" in viewer.text
    Select(chromium.find_element(By.ID, "v-of")).select_by_value("")
    assert not chromium.find_elements(By.CSS_SELECTOR, "#v-sheet img")[1].is_displayed()
    stage.send_keys(Keys.ESCAPE)
    WebDriverWait(chromium, 10).until(lambda _: not viewer.get_attribute("open"))
    assert chromium.switch_to.active_element == chromium.find_elements(By.CSS_SELECTOR, "button.picture")[1]


def test_the_gallery_is_filtered_and_sorted(chromium, results):
    show(chromium, results)
    count, films = chromium.find_element(By.ID, "s-count"), chromium.find_elements(By.CSS_SELECTOR, ".gallery > li")
    assert count.text == "6 of 6 shown, 3 different films" and all(film.is_displayed() for film in films)
    Select(chromium.find_element(By.ID, "s-error")).select_by_value("false positive")
    assert count.text == "2 of 6 shown, 1 different film"
    Select(chromium.find_element(By.ID, "s-network")).select_by_value("VGG16")
    assert count.text == "1 of 6 shown" and sum(film.is_displayed() for film in films) == 1
    for name in ("error", "network"):
        Select(chromium.find_element(By.ID, f"s-{name}")).select_by_value("")
    Select(chromium.find_element(By.ID, "s-order")).select_by_value("p")
    order = [float(film.get_attribute("data-p")) for film in chromium.find_elements(By.CSS_SELECTOR, ".gallery > li")]
    assert order == sorted(order, reverse=True) and len(set(order)) == 3
