"""What the demo's tests share: a server in a thread, questions to it, and films to send."""

import http.client
import io
import json
import threading
from contextlib import contextmanager

import numpy as np
from PIL import Image

from cxrkit import predict
from cxrkit.data.readers import phantom
from cxrkit.demo.answering import Demo
from cxrkit.demo.server import Server


@contextmanager
def running(run):
    """The demo of a run's folder, served at a free port."""
    with Server(Demo(predict.open_run(run, "cpu", scaled=True))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def own(server, **changes):
    """The headers of the demo's own page; a change of None leaves one out."""
    host = f"127.0.0.1:{server.server_port}"
    headers = {"Host": host, "Origin": f"http://{host}", "X-Film": "1", "Sec-Fetch-Site": "same-origin"}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in headers.items() if value is not None}


def ask(server, method, path, headers, body=None):
    """(status, headers, content) of an answer; nothing is added to the headers, but the length of a body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def upload(server, content):
    """(status, answer) of a film sent as the page does."""
    status, _, answer = ask(server, "POST", "/film", own(server), content)
    return status, json.loads(answer)


def drawn(seed=1001, size=128):
    random = np.random.default_rng(seed)
    return phantom.draw_film(phantom.Anatomy(random), False, random, size)


def encoded(picture, kind="PNG", **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def photo():
    """A picture in bright colours."""
    shades = np.linspace(0, 255, 96).astype(np.uint8)
    return Image.fromarray(np.dstack(np.broadcast_arrays(shades, shades[:, None], np.uint8(40))))


def dicom(grey=None, **elements):
    """A DICOM file of a grey picture; elements are set over those of a PA chest film."""
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    values = np.asarray(drawn() if grey is None else grey)
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.BodyPartExamined, data.ViewPosition = "DX", "CHEST", "PA"
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
    data.Rows, data.Columns = values.shape
    data.PixelData = values.astype(np.uint8).tobytes()
    for name, value in elements.items():
        setattr(data, name, value)
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
