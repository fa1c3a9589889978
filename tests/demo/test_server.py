import base64
import contextlib
import io
import json
import os
import socket
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from cxrkit import predict
from cxrkit.__main__ import main
from cxrkit.demo.server import ARRIVING, AT_ONCE, HEADERS, LARGEST_UPLOAD, Handler, Server, hosts
from cxrkit.errors import BadInput, UnreadableImage, WrongUse, run_command
from cxrkit.inference import facts
from cxrkit.results import Results
from tests.demo import served
from tests.demo.served import ask, own, upload


@dataclass
class Lengths:
    """Stands in for an answer."""

    bytes: int


@pytest.fixture(scope="module")
def server(finished_run):
    with served.running(finished_run) as server:
        yield server


@pytest.fixture
def untouched(server, monkeypatch):
    """Fails where the networks are asked all the same."""
    monkeypatch.setattr(server.demo, "film", lambda content: pytest.fail("the film was taken"))


def refused(answer, status):
    """The reason of a refusal, which has the headers of all answers."""
    found, headers, content = answer
    assert found == status and headers["Content-Type"] == "application/json; charset=utf-8"
    assert {name: headers[name] for name in HEADERS} == HEADERS
    return json.loads(content)["reason"]


def raw(server, request):
    """All that comes back for these bytes, after which nothing more is sent."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def test_the_page_and_its_parts_are_served_with_their_kinds(server):
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/run.json", "application/json")):
        for host in (f"127.0.0.1:{server.server_port}", f"LocalHost:{server.server_port}"):
            status, headers, content = ask(server, "GET", path, {"Host": host})
            assert status == 200 and headers["Content-Type"] == f"{kind}; charset=utf-8" and len(content) > 500
            assert {name: headers[name] for name in HEADERS} == HEADERS and "Python" not in headers["Server"]
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "host",
    ["evil.example:{}", "127.0.0.1.evil.example:{}", "127.0.0.1:1", "127.0.0.1", "[::1]:{}", "0.0.0.0:{}", "a@127.0.0.1:{}", "", None],
)
def test_another_host_is_served_nothing(server, untouched, host):
    headers = own(server, Host=host and host.format(server.server_port))
    for method, path in (("GET", "/"), ("GET", "/run.json"), ("POST", "/film")):
        assert "alone" in refused(ask(server, method, path, headers, b"x" if method == "POST" else None), 403)


@pytest.mark.parametrize(
    "change",
    [
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:{}"},
        {"Origin": "127.0.0.1:{}"},
        {"Origin": "http://localhost:{}"},
        {"Origin": "http://127.0.0.1:{}.evil.example"},
        {"X_Film": None},
        {"X_Film": "yes"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
    ],
    ids=str,
)
def test_another_page_cannot_send_a_film(server, untouched, change):
    headers = own(server, **{name: value and value.format(server.server_port) for name, value in change.items()})
    assert "this page alone" in refused(ask(server, "POST", "/film", headers, b"x"), 403)


def test_a_large_upload_that_is_refused_is_told_why(server, untouched):
    """The connection is not reset while the browser still sends."""
    assert "alone" in refused(ask(server, "POST", "/film", own(server, Origin="null"), bytes(20_000_000)), 403)


@pytest.mark.parametrize("length", [None, "", "-1", "+5", "1e3", "1_0", "0x10", "5, 5", "\N{SUPERSCRIPT TWO}"])
def test_an_upload_says_how_long_it_is(server, untouched, length):
    assert "how long" in refused(ask(server, "POST", "/film", own(server, Content_Length=length)), 411)


def test_chunks_are_not_read(server, untouched):
    assert "how long" in refused(ask(server, "POST", "/film", own(server, Transfer_Encoding="chunked")), 411)


@pytest.mark.parametrize("length", [str(LARGEST_UPLOAD + 1), "9" * 6000])
def test_an_upload_has_a_limit(server, untouched, length):
    assert "80 MB" in refused(ask(server, "POST", "/film", own(server, Content_Length=length)), 413)


def test_an_upload_that_breaks_off_is_no_film(server, untouched):
    head = "".join(f"{name}: {value}\r\n" for name, value in own(server, Content_Length="10").items())
    answer = raw(server, f"POST /film HTTP/1.1\r\n{head}\r\nhalf".encode())
    assert answer.startswith(b"HTTP/1.0 400 ") and b"broke off" in answer
    assert server.places._value == AT_ONCE


@pytest.mark.parametrize(
    "path", ["/film", "/page.html", "/answering.py", "/../cli/demo.py", "/%2e%2e/server.py", "//etc/passwd", "/?", "/page.js/", "http://a/"]
)
def test_there_are_no_other_pages(server, path):
    assert "no such page" in refused(ask(server, "GET", path, own(server)), 404)
    if path != "/film":
        assert "no such page" in refused(ask(server, "POST", path, own(server), b"x"), 404)


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "DELETE", "HEAD", "NONSENSE"])
def test_there_are_no_other_methods(server, untouched, method):
    answer = ask(server, method, "/film", own(server), b"x")
    if method == "HEAD":
        assert answer[0] == 501 and answer[2] == b"" and answer[1]["Content-Security-Policy"]
    else:
        assert "Unsupported method" in refused(answer, 501)
    assert "Access-Control-Allow-Origin" not in answer[1]


@pytest.mark.parametrize(
    "request_, status",
    [
        (b"<script>\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"a" * 70000, 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200, 431),
    ],
    ids=["nonsense", "version", "long", "many headers"],
)
def test_a_broken_request_is_refused_like_all_else(server, request_, status):
    head, _, content = raw(server, request_ + b"\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 %d " % status) and b"\r\nContent-Security-Policy: default-src 'none';" in head
    assert json.loads(content)["reason"]


def test_more_films_at_once_than_there_are_places_for_are_told_to_come_again(server, monkeypatch):
    entered, gate, answers = threading.Semaphore(0), threading.Event(), []

    def waits(content):
        entered.release()
        assert gate.wait(30)
        raise BadInput("read in its turn")

    monkeypatch.setattr(server.demo, "film", waits)
    threads = [threading.Thread(target=lambda: answers.append(upload(server, b"x"))) for _ in range(AT_ONCE)]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:
            assert entered.acquire(timeout=30)
        assert "try again" in refused(ask(server, "POST", "/film", own(server), b"x"), 503)
    finally:
        gate.set()
        for thread in threads:
            thread.join()
    assert answers == [(500, {"reason": "read in its turn"})] * AT_ONCE
    assert upload(server, b"x")[0] == 500  # the places are free again


def sending(server, stack, length=10, content=b"half"):
    """A connection that has sent the head of an upload and part of its content, and then stands still."""
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.server_port), timeout=30))
    head = "".join(f"{name}: {value}\r\n" for name, value in own(server, Content_Length=str(length)).items())
    connection.sendall(f"POST /film HTTP/1.1\r\n{head}\r\n".encode() + content)
    return connection


def test_uploads_that_stand_still_keep_no_other_out(server, monkeypatch):
    """Regression: four of them held all places, for a minute after whatever they sent last."""
    begun, body = threading.Semaphore(0), Handler._body
    monkeypatch.setattr(Handler, "_body", lambda self, length: (begun.release(), body(self, length))[1])
    monkeypatch.setattr(server.demo, "film", lambda content: Lengths(len(content)))
    with contextlib.ExitStack() as stack:
        for _ in range(2 * AT_ONCE):
            sending(server, stack)
            assert begun.acquire(timeout=30)
        assert upload(server, b"whole") == (200, {"bytes": 5})


@pytest.mark.parametrize("limits", [{"SILENCE": 0.01}, {"PATIENCE": 0.0}], ids=str)
def test_an_upload_that_stands_still_or_takes_too_long_is_told_so_and_leaves_its_place(server, untouched, monkeypatch, limits):
    for name, value in limits.items():
        monkeypatch.setattr(f"cxrkit.demo.server.{name}", value)
    with contextlib.ExitStack() as stack:
        answer = sending(server, stack).makefile("rb").read()
    assert answer.startswith(b"HTTP/1.0 408 ") and b"took too long" in answer
    assert server.arriving._value == ARRIVING and server.places._value == AT_ONCE


def test_more_uploads_on_their_way_than_there_is_room_for_are_told_to_come_again(server, monkeypatch):
    monkeypatch.setattr(server, "arriving", threading.BoundedSemaphore(1))
    server.arriving.acquire()
    assert "try again" in refused(ask(server, "POST", "/film", own(server), b"x"), 503)


def test_one_film_is_decoded_at_a_time(server, monkeypatch):
    locked = []

    def decoded(content):
        locked.append(server.demo._asking.locked())
        raise UnreadableImage("no film", next="bring one")

    monkeypatch.setattr("cxrkit.demo.decoding.decode", decoded)
    assert upload(server, b"x") == (422, {"reason": "no film (bring one)"}) and locked == [True]
    assert not server.demo._asking.locked()


def test_the_usual_port_of_http_is_not_in_its_host():
    assert hosts(80) == {"127.0.0.1", "localhost"} and hosts(8765) == {"127.0.0.1:8765", "localhost:8765"}


def test_what_fails_is_told_without_its_inside_and_the_next_film_is_answered(server, monkeypatch, capfd):
    def fails(content):
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr(server.demo, "film", fails)
    for _ in range(AT_ONCE + 1):
        status, answer = upload(server, b"x")
        assert status == 500 and answer == {"reason": "the networks could not be asked: RuntimeError"}
    assert capfd.readouterr() == ("", "")


def test_the_answer_is_that_of_predict_and_nothing_is_written(server, finished_run, tmp_path, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in finished_run.rglob("*")}
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    noted = PngImagePlugin.PngInfo()
    noted.add_text("Patient", "Zyxwomber")
    film = served.encoded(served.drawn(), pnginfo=noted)
    status, answer = upload(server, film)
    assert status == 200 and os.listdir(tmp_path) == []
    assert {path: path.stat().st_mtime_ns for path in finished_run.rglob("*")} == before
    (tmp_path / "film.png").write_bytes(film)
    (expected,) = predict.predict(finished_run, [tmp_path / "film.png"], device="cpu").films
    asked = answer["answer"]
    assert asked["ensemble"]["raw"] == pytest.approx(expected.ensemble.raw)
    assert (asked["called"], asked["outside"], asked["why_outside"]) == (expected.called, expected.outside, expected.why_outside)
    told = json.loads(ask(server, "GET", "/run.json", own(server))[2])
    for standing, group in zip(answer["standing"], told["held_out"], strict=True):
        assert standing["n"] == group["n"] > 0 and group["p_covid"] == sorted(group["p_covid"])
        assert standing["below"] == pytest.approx(np.sum(np.array(group["p_covid"]) < asked["ensemble"]["raw"]), abs=1)
    shown = Image.open(io.BytesIO(base64.b64decode(answer["picture"].partition(",")[2])))
    assert shown.size == (answer["width"], answer["height"]) == (128, 128) and shown.info == {}
    assert (np.asarray(shown) == np.asarray(served.drawn())).all()


def test_nothing_of_a_dicom_header_comes_back(server):
    pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    names = "PatientName PatientID PatientAddress PatientComments InstitutionName ReferringPhysicianName AccessionNumber StudyDescription"
    told = dict.fromkeys((*names.split(), "OperatorsName", "DeviceSerialNumber", "ImageComments", "ProtocolName"), "ZYXWOMBER")
    status, _, content = ask(server, "POST", "/film", own(server), served.dicom(**told, PatientBirthDate="19230415", PatientAge="099Y"))
    answer = json.loads(content)
    assert status == 200 and answer["answer"]["file"] == "upload" and (answer["width"], answer["height"]) == (128, 128)
    pictures = b"".join(base64.b64decode(text.partition(",")[2]) for text in (answer["picture"], *answer["maps"].values()))
    for word in (b"ZYXWOMBER", b"19230415", b"099Y"):
        assert word not in content.upper() and word not in pictures.upper()


def test_a_hostile_file_is_a_reason(server):
    assert upload(server, b"") == (422, {"reason": "the file is empty"})
    status, answer = upload(server, b"<script>alert(1)</script>" * 99)
    assert status == 422 and "no picture of a known format" in answer["reason"]


def test_held_out_films_of_other_networks_are_no_scale(finished_run):
    results = Results.open(finished_run)
    trained = results.networks_on_disk()
    assert [group.label for group in facts.held_out(results, trained)] == ["covid", "normal"]
    other = replace(trained[0], seed=7)
    assert facts.held_out(results, [other]) == facts.held_out(results, [*trained, other]) == []


def test_a_port_that_is_taken_or_none_is_wrong_use(server, finished_run, capsys):
    for port in (server.server_port, 70000):
        with pytest.raises(WrongUse, match="cannot be served"):
            Server(server.demo, port)
    for run in (finished_run, "nowhere"):  # before the run is opened
        assert run_command(lambda run=run: main(["demo", str(run), "--port", str(server.server_port), "--no-browser"])) == 2
        assert "--port" in capsys.readouterr().err
    assert run_command(lambda: main(["demo", "nowhere", "--port", "-5", "--no-browser"])) == 2
    assert "65535.\n" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_bad_input(tmp_path: Path, capsys):
    assert run_command(lambda: main(["demo", str(tmp_path), "--port", "0", "--no-browser"])) == 3
    assert str(tmp_path) in capsys.readouterr().err
