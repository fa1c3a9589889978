"""The demo as people meet it: in Chromium, wide and on a phone, with a mouse and with keys alone, and with hostile files."""

import threading
from pathlib import Path

import pytest

from cxrkit.errors import BadInput
from tests.demo import served
from tests.report import test_browser as report

By, WebDriverWait = report.By, report.WebDriverWait
Keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
Select = report.Select
pytestmark = report.pytestmark
HTML = "<img src=x onerror=document.title='taken'>.png"
TURNED, LONG = "\u202egnp.mlif\u202c.png", f"{'x' * 200}-end.png"
GOOD, BROKEN, PHOTO = "film.png", "broken.png", "photo.png"


@pytest.fixture(scope="module")
def server(finished_run):
    with served.running(finished_run) as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    (folder / GOOD).write_bytes(served.encoded(served.drawn(size=512)))
    for name in (HTML, TURNED, LONG):
        (folder / name).write_bytes(served.encoded(served.drawn(1002)))
    (folder / BROKEN).write_bytes(b"<script>document.title = 'taken'</script>")
    (folder / PHOTO).write_bytes(served.encoded(served.photo()))
    return folder


@pytest.fixture(scope="module")
def chromium():
    found = report.browser()
    found.set_script_timeout(120)
    yield found
    found.quit()


def opened(chromium, server, size=report.WIDE, dark=False):
    chromium.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == report.PHONE}
    )
    chromium.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    )
    for kind in ("browser", "performance"):
        chromium.get_log(kind)
    chromium.get(server.address)
    WebDriverWait(chromium, 30).until(lambda _: "data" in text(chromium, "run"))


def text(chromium, name):
    return chromium.find_element(By.ID, name).text


def bring(chromium, folder, *names):
    """Choose the files and wait until they are all read."""
    before = len(rows(chromium))
    chromium.find_element(By.ID, "files").send_keys("\n".join(str(folder / name) for name in names))
    WebDriverWait(chromium, 90).until(lambda _: len(rows(chromium)) == before + len(names) and " read" in text(chromium, "progress"))


def rows(chromium):
    """The cells of each film; those of its second line, why it is outside, are added to them."""
    found = []
    for line in chromium.find_elements(By.CSS_SELECTOR, "#rows tr"):
        cells = [cell.text for cell in line.find_elements(By.TAG_NAME, "td")]
        if line.get_attribute("class") == "why":
            found[-1] += cells
        else:
            found.append(cells)
    return found


def pixels(chromium):
    return chromium.execute_script("return document.getElementById('canvas').toDataURL()")


def top_of(chromium, name):
    return chromium.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect().top", name)


def violations(chromium):
    chromium.execute_script((Path(report.axe_core.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = chromium.execute_async_script("axe.run().then(arguments[0])")
    assert len(found["passes"]) > 15
    return {rule["id"]: [node["html"][:200] for node in rule["nodes"][:3]] for rule in found["violations"]}


@pytest.mark.parametrize("size, dark", [(report.WIDE, False), (report.PHONE, True)], ids=["wide and light", "phone and dark"])
def test_several_films_make_a_table_and_what_is_outside_says_so_across_the_picture(chromium, server, folder, size, dark):
    opened(chromium, server, size, dark)
    bring(chromium, folder, PHOTO, HTML, BROKEN)
    photo, odd, broken = rows(chromium)
    assert [photo[0], odd[0], broken[0]] == [PHOTO, HTML, BROKEN] and chromium.title != "taken"
    assert photo[3] == "OUTSIDE" and "colour" in photo[4]
    assert broken[1].startswith("not read: ") and "known format" in broken[1]
    assert text(chromium, "progress") == "2 films read, 1 not: the table says why."

    assert text(chromium, "name") == PHOTO  # the first of several stays
    across, canvas = (chromium.find_element(By.ID, name) for name in ("across", "canvas"))
    assert across.text.startswith("OUTSIDE\n") and across.text.split("\n")[1] in photo[4]
    assert across.rect["width"] == pytest.approx(canvas.rect["width"], abs=1)
    assert canvas.rect["y"] < across.rect["y"] and across.rect["y"] + across.rect["height"] < canvas.rect["y"] + canvas.rect["height"]
    number = chromium.find_element(By.ID, "p")
    assert "line-through" in chromium.execute_script("return getComputedStyle(arguments[0]).textDecorationLine", number)
    assert "Called" not in text(chromium, "range")

    assert chromium.find_element(By.CSS_SELECTOR, "#verdict summary").text.startswith("Can this run’s scores be trusted?")
    assert top_of(chromium, "verdict") < top_of(chromium, "p")
    assert chromium.execute_script("return document.documentElement.scrollWidth") <= size[0]
    table = chromium.find_element(By.CSS_SELECTOR, "#all .scroll")
    assert chromium.execute_script("return arguments[0].scrollWidth - arguments[0].clientWidth", table) == 0
    assert violations(chromium) == {}

    chromium.execute_script("window.scrollTo(0, document.documentElement.scrollHeight)")
    assert chromium.execute_script("return window.scrollY") > 0
    only = chromium.find_element(By.CSS_SELECTOR, ".only")
    assert "Research use only" in only.text
    assert chromium.execute_script(
        "const box = arguments[0].getBoundingClientRect(); return box.top === 0 && arguments[0].contains(document.elementFromPoint(box.left + 20, box.top + box.height / 2))",
        only,
    )

    assert [entry["message"] for entry in chromium.get_log("browser") if "422" not in entry["message"]] == []
    asked = [url for url in report.requests(chromium) if not url.startswith("data:")]
    assert len(asked) == 7 and {url.removeprefix(server.address) for url in asked} == {"", "page.css", "page.js", "run.json", "film"}


def test_names_that_are_long_or_turn_the_writing_deceive_nobody(chromium, server, folder):
    opened(chromium, server)
    bring(chromium, folder, TURNED, LONG)
    turned, long = (row[0] for row in rows(chromium))
    assert turned == "gnp.mlif.png" == text(chromium, "name") and long == f"{'x' * 60}…{'x' * 8}-end.png"


def test_with_keys_alone(chromium, server, folder):
    opened(chromium, server)

    def press(key):
        report.webdriver.ActionChains(chromium).send_keys(key).perform()

    def tab_to(name):
        for _ in range(40):
            if chromium.switch_to.active_element.get_attribute("id") == name:
                return chromium.switch_to.active_element
            press(Keys.TAB)
        pytest.fail(f"no key leads to {name}")

    tab_to("files")
    bring(chromium, folder, GOOD, PHOTO)
    assert text(chromium, "name") == GOOD
    canvas = tab_to("canvas")
    WebDriverWait(chromium, 30).until(lambda _: chromium.execute_script("return arguments[0].width", canvas) == 512)
    seen = [pixels(chromium)]
    for key in ("+", Keys.ARROW_LEFT, Keys.ARROW_DOWN, "-"):
        canvas.send_keys(key)
        seen.append(pixels(chromium))
    assert len(set(seen)) == 4 and seen[-1] == seen[0]  # whole again, and in its place
    canvas.send_keys(Keys.ARROW_LEFT)
    assert pixels(chromium) == seen[0]

    tab_to("map").send_keys("R")
    assert Select(chromium.find_element(By.ID, "map")).first_selected_option.text == "ResNet34"
    WebDriverWait(chromium, 30).until(lambda _: pixels(chromium) != seen[0])
    mapped = pixels(chromium)
    for name in ("window", "level"):
        tab_to(name).send_keys(Keys.ARROW_LEFT)
        WebDriverWait(chromium, 30).until(lambda _: pixels(chromium) != mapped)
        mapped = pixels(chromium)

    for _ in range(40):
        press(Keys.TAB)
        if chromium.switch_to.active_element.text == PHOTO:
            break
    chromium.switch_to.active_element.send_keys(Keys.ENTER)
    assert text(chromium, "name") == PHOTO and chromium.switch_to.active_element.get_attribute("id") == "name"
    assert chromium.find_element(By.ID, "across").is_displayed()

    tab_to("forget").send_keys(Keys.ENTER)
    assert rows(chromium) == [] and not chromium.find_element(By.ID, "film").is_displayed()
    kept = chromium.execute_script("return document.body.textContent + document.getElementById('canvas').width")
    assert PHOTO not in kept and GOOD not in kept and kept.endswith("0")
    assert chromium.switch_to.active_element.get_attribute("id") == "files"


@pytest.mark.parametrize("outside", [False, None], ids=["inside", "not checked"])
def test_the_number_its_range_and_its_standing_are_those_of_the_answer(chromium, server, folder, monkeypatch, outside):
    film = server.demo.film

    def calm(content):
        found = film(content)
        found.answer.update(outside=outside, why_outside=[])
        return found

    monkeypatch.setattr(server.demo, "film", calm)
    opened(chromium, server)
    bring(chromium, folder, GOOD)
    assert not chromium.find_element(By.ID, "across").is_displayed() and not chromium.find_element(By.ID, "outside").is_displayed()
    assert ("was not checked" in text(chromium, "range")) == (outside is None) and text(chromium, "range").startswith("Called ")
    status, answer = served.upload(server, (folder / GOOD).read_bytes())
    p, standing = answer["answer"]["ensemble"], answer["standing"]
    assert status == 200 and text(chromium, "p") == f"{p['p_covid']:.3f}" and "One network alone." in text(chromium, "range")
    assert [
        (group["label"], f"than {group['below']} of {group['n']} held-out" in text(chromium, "standing-words")) for group in standing
    ] == [
        ("covid", True),
        ("normal", True),
    ]
    own = chromium.find_element(By.CSS_SELECTOR, "#standing .own")
    assert float(own.get_attribute("x1")) == pytest.approx(78 + p["raw"] * 332)


def test_of_many_films_some_keep_their_pictures_and_the_others_are_asked_about_anew(chromium, server, folder):
    opened(chromium, server)
    chromium.execute_script("window.count = () => films.filter(film => film.picture).length")
    names = [GOOD, PHOTO, HTML]
    bring(chromium, folder, *names)
    assert chromium.execute_script("return count()") == 3
    chromium.execute_script("const old = films[1]; pictured.splice(1, 1); old.picture = old.maps = undefined")
    before = text(chromium, "p")
    chromium.find_elements(By.CSS_SELECTOR, "#rows button")[1].click()
    WebDriverWait(chromium, 60).until(lambda _: text(chromium, "name") == PHOTO)
    assert text(chromium, "p") == rows(chromium)[1][1] != before and chromium.execute_script("return count()") == 3
    chromium.execute_script(
        "const one = { ...films[0] }; for (let n = 0; n < 90; n++) { const film = { ...one }; films.push(film); keep(film); }"
    )
    assert chromium.execute_script("return count()") == 20 and chromium.execute_script("return Boolean(shown.picture)")


def test_what_waits_when_the_films_are_forgotten_is_not_read(chromium, server, folder, monkeypatch):
    entered, gate, seen = threading.Event(), threading.Event(), []

    def waits(content):
        seen.append(content)
        entered.set()
        assert gate.wait(30)
        raise BadInput("read")

    monkeypatch.setattr(server.demo, "film", waits)
    opened(chromium, server)
    try:
        chromium.find_element(By.ID, "files").send_keys(f"{folder / BROKEN}\n{folder / PHOTO}")
        assert entered.wait(30)
        chromium.execute_script("document.getElementById('forget').click()")
    finally:
        gate.set()
    bring(chromium, folder, GOOD)
    assert rows(chromium) == [[GOOD, "not read: read"]] and seen == [(folder / name).read_bytes() for name in (BROKEN, GOOD)]


def test_what_the_server_does_not_answer_is_a_row_of_the_table(chromium, server, folder, monkeypatch):
    def fails(content):
        raise RuntimeError("inside")

    opened(chromium, server)
    monkeypatch.setattr(server.demo, "film", fails)
    bring(chromium, folder, GOOD)
    chromium.execute_script("run.largest_upload = 10")
    bring(chromium, folder, GOOD)
    monkeypatch.setattr(server, "hosts", set())
    chromium.execute_script("run.largest_upload = 1e9")
    bring(chromium, folder, GOOD)
    first, second, third = (row[1] for row in rows(chromium))
    assert first == "not read: the networks could not be asked: RuntimeError" and "larger than" in second and "alone" in third
    assert not chromium.find_element(By.ID, "film").is_displayed()
