"""DICOM films as a viewer shows them, of every packing, and nothing of a patient but what is said."""

import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cxrkit.data import dicom, images
from cxrkit.errors import UnreadableImage

RAMP = np.tile(np.arange(64, dtype=np.uint16) * 64, (48, 1))
"""12-bit values from 0 to 4,032, darkest on the left."""


def film(values=RAMP, **elements):
    """A DICOM data set of these values; elements are set over it, and None leaves one out."""
    pydicom = pytest.importorskip("pydicom", reason="pydicom is not installed (it is optional)")
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = SecondaryCaptureImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.PatientName, data.Modality, data.BodyPartExamined, data.ViewPosition = "Secret^Person", "DX", "CHEST", "PA"
    data.SamplesPerPixel, data.PhotometricInterpretation, data.PixelRepresentation = 1, "MONOCHROME2", 0
    data.BitsAllocated, data.BitsStored, data.HighBit = 16, 12, 11
    data.Rows, data.Columns = values.shape[:2]
    data.PixelData = np.ascontiguousarray(values).tobytes()
    for name, value in elements.items():
        setattr(data, name, value) if value is not None else delattr(data, name)
    return data


def opened(tmp_path, data, name="film.dcm"):
    data.save_as(tmp_path / name, enforce_file_format=True)
    return images.decode(tmp_path / name)


def grey_of(tmp_path, data):
    found = opened(tmp_path, data)
    assert found.grey.mode == "L" and found.format == "DICOM" and not found.doubts
    return np.asarray(found.grey).astype(int)


def test_without_a_window_the_values_range_is_shown(tmp_path):
    grey = grey_of(tmp_path, film())
    assert grey.shape == (48, 64) and (grey == np.rint(RAMP / 4032 * 255)).all()


def test_monochrome1_is_turned_over(tmp_path):
    plain, turned = grey_of(tmp_path, film()), grey_of(tmp_path, film(PhotometricInterpretation="MONOCHROME1"))
    assert np.abs(plain + turned - 255).max() <= 1


def test_the_window_is_that_of_the_standard(tmp_path):
    """PS3.3, C.11.2.1.2.1: below centre - 0.5 - (width - 1) / 2 black, above centre - 0.5 + (width - 1) / 2 white."""
    grey = grey_of(tmp_path, film(WindowCenter=2000, WindowWidth=1000))
    expected = np.clip((RAMP - (2000 - 0.5)) / (1000 - 1) + 0.5, 0, 1) * 255
    assert np.abs(grey - expected).max() <= 1
    assert grey[0, 0] == 0 and grey[0, -1] == 255


def test_of_several_windows_the_first_counts(tmp_path):
    one, several = (grey_of(tmp_path, film(WindowCenter=c, WindowWidth=w)) for c, w in ((2000, 1000), ([2000, 500], [1000, 100])))
    assert (one == several).all()


def test_the_window_counts_rescaled_values(tmp_path):
    plain = grey_of(tmp_path, film(WindowCenter=2000, WindowWidth=1000))
    rescaled = grey_of(tmp_path, film(RescaleSlope=2, RescaleIntercept=-1024, WindowCenter=2 * 2000 - 1024, WindowWidth=2000))
    assert np.abs(plain - rescaled).max() <= 1


def test_signed_values_below_nought(tmp_path):
    signed = (RAMP.astype(np.int16) - 2048).astype(np.int16)
    grey = grey_of(tmp_path, film(signed, PixelRepresentation=1))
    assert (grey == np.rint(RAMP / 4032 * 255)).all()


def test_a_table_of_values_of_interest(tmp_path):
    pydicom, data = pytest.importorskip("pydicom"), film()
    table = pydicom.Dataset()
    table.LUTDescriptor = [4096, 0, 8]
    table.LUTData = (20 + np.arange(4096) // 32).astype(np.uint16).tobytes()
    data.VOILUTSequence = pydicom.Sequence([table])
    assert (grey_of(tmp_path, data) == 20 + RAMP // 32).all()


def test_padding_does_not_stretch_the_range(tmp_path):
    values = np.minimum(RAMP, 2000)
    values[:, :4] = 4095
    grey = grey_of(tmp_path, film(values, PixelPaddingValue=4095))
    assert grey[0, -1] == 255 and grey_of(tmp_path, film(values))[0, -1] < 130


def test_colour_becomes_luminance(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = RAMP // 16
    data = film(red, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, BitsAllocated=8, BitsStored=8, HighBit=7)
    assert np.abs(grey_of(tmp_path, data) - red[..., 0] * 0.299).max() <= 1


def test_what_the_header_says_against_a_frontal_film(tmp_path):
    for elements, words in (
        ({"Modality": "CT"}, "modality CT"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"BodyPartExamined": "KNEE"}, "KNEE"),
    ):
        (doubt,) = opened(tmp_path, film(**elements)).doubts
        assert words in doubt
    assert opened(tmp_path, film(Modality=None, ViewPosition=None, BodyPartExamined=None)).doubts == ()


@pytest.mark.parametrize(
    "elements, words",
    [
        ({"NumberOfFrames": 2, "PixelData": np.stack([RAMP, RAMP]).tobytes()}, "2 pictures"),
        ({"Rows": 8}, "64 x 8 pixels"),
        ({"Rows": 60000, "Columns": 60000}, "too many"),
        ({"PixelData": bytes(RAMP.nbytes)}, "no content, 1 grey level"),
        ({"PixelData": RAMP.tobytes()[:100]}, "cannot be decoded"),
        ({"PixelData": None}, "holds no picture"),
    ],
)
def test_what_cannot_be_shown_is_said(tmp_path, elements, words):
    with pytest.raises(UnreadableImage, match=words) as raised:
        opened(tmp_path, film(**elements))
    assert "Secret" not in str(raised.value)


def test_a_damaged_packing_is_said(tmp_path):
    data = film()
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = encapsulate([b"no picture at all, but long enough"])
    with pytest.raises(UnreadableImage, match="cannot be decoded") as raised:
        opened(tmp_path, data)
    assert "export" in raised.value.next


@pytest.mark.parametrize(
    "syntax, package",
    [
        ("JPEGLosslessSV1", "pylibjpeg-libjpeg"),
        ("JPEGLSLossless", "pylibjpeg-libjpeg"),
        ("JPEG2000Lossless", "pylibjpeg-openjpeg"),
        ("HTJ2KLossless", "pylibjpeg-openjpeg"),
        ("MPEG2MPML", None),
    ],
)
def test_without_a_decoder_the_packing_and_the_package_are_named(tmp_path, syntax, package, monkeypatch):
    data = film()
    from pydicom import pixels, uid
    from pydicom.encaps import encapsulate

    real = pixels.get_decoder
    monkeypatch.setattr(pixels, "get_decoder", lambda of: type("Absent", (), {"is_available": False}) if package else real(of))
    data.file_meta.TransferSyntaxUID = getattr(uid, syntax)
    data.PixelData = encapsulate([bytes(60)])
    with pytest.raises(UnreadableImage, match="it is packed as (JPEG|High|MPEG)") as raised:
        opened(tmp_path, data)
    assert (package or "uncompressed") in raised.value.next


@pytest.mark.parametrize(
    "syntax", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian", "RLELossless", "JPEG2000Lossless"]
)
def test_every_packing_gives_the_same_film(tmp_path, syntax):
    """Those that pydicom writes itself, and JPEG 2000 by Pillow; pylibjpeg's are tried where they are installed."""
    import io

    data, wanted = film(), grey_of(tmp_path, film())
    from pydicom import uid
    from pydicom.encaps import encapsulate

    if syntax == "RLELossless":
        data.compress(uid.RLELossless)
    elif syntax == "JPEG2000Lossless":
        packed = io.BytesIO()
        Image.fromarray(RAMP).save(packed, "JPEG2000", irreversible=False)
        data.file_meta.TransferSyntaxUID, data.PixelData = uid.JPEG2000Lossless, encapsulate([packed.getvalue()])
        data.BitsStored, data.HighBit = 16, 15
    else:
        data.file_meta.TransferSyntaxUID = getattr(uid, syntax)
        data.PixelData = RAMP.astype(">u2").tobytes() if "Big" in syntax else data.PixelData
        data["PixelData"].VR = "OW"
    assert np.abs(grey_of(tmp_path, data) - wanted).max() <= 1


@pytest.mark.parametrize("meta", [True, False])
@pytest.mark.parametrize("implicit", [True, False])
def test_a_file_without_a_preamble_is_read(tmp_path, meta, implicit):
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset, write_file_meta_info

    data, wanted = film(), grey_of(tmp_path, film())
    bare = DicomBytesIO()
    bare.is_little_endian, bare.is_implicit_VR = True, False
    if meta:
        data.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2" if implicit else "1.2.840.10008.1.2.1"
        write_file_meta_info(bare, data.file_meta)
    bare.is_implicit_VR = implicit
    data["PixelData"].VR = "OW"
    write_dataset(bare, data)
    (tmp_path / "IM0001").write_bytes(bare.getvalue())
    assert images.is_film(tmp_path / "IM0001")
    assert (np.asarray(images.open_grey(tmp_path / "IM0001")) == wanted).all()


def test_an_empty_table_or_window_is_none(tmp_path):
    pydicom, wanted = pytest.importorskip("pydicom"), grey_of(tmp_path, film())
    table = pydicom.Dataset()
    table.LUTDescriptor, table.LUTData = [4096, 0, 8], b""
    for elements in (
        {"VOILUTSequence": pydicom.Sequence([table])},
        {"VOILUTSequence": pydicom.Sequence([pydicom.Dataset()])},
        {"VOILUTSequence": pydicom.Sequence([])},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": []},
    ):
        assert (grey_of(tmp_path, film(**elements)) == wanted).all(), elements


@pytest.mark.parametrize("kind, turned", [("MONOCHROME1", True), ("MONOCHROME2", True)])
def test_an_inverse_presentation_turns_a_film_over_once(tmp_path, kind, turned):
    grey = grey_of(tmp_path, film(PhotometricInterpretation=kind, PresentationLUTShape="INVERSE"))
    assert np.abs(grey + grey_of(tmp_path, film()) - 255).max() <= 1
    assert (grey_of(tmp_path, film(PresentationLUTShape="IDENTITY")) == grey_of(tmp_path, film())).all()


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_may_be_a_range(tmp_path, kind):
    values = RAMP.copy()
    values[:, :4], values[:, 4:8] = 4095, 4090
    grey = grey_of(tmp_path, film(values, PhotometricInterpretation=kind, PixelPaddingValue=4095, PixelPaddingRangeLimit=4088))
    assert (grey[:, :8] == 0).all() and set(grey[0, [8, -1]]) == {0, 255}


def test_signed_padding_that_is_written_unsigned(tmp_path):
    signed = (RAMP.astype(np.int16) - 2048).astype(np.int16)
    signed[:, :4] = -30000
    data = film(signed, PixelRepresentation=1, BitsStored=16, HighBit=15)
    data.add_new(0x00280120, "US", 2**16 - 30000)
    grey = grey_of(tmp_path, data)
    assert (grey[:, :4] == 0).all() and grey[0, 5] < 10 and grey[0, -1] == 255


@pytest.mark.parametrize("high", [11, 15])
def test_the_bits_of_a_film_are_where_its_header_says(tmp_path, high):
    """An overlay in the free bits is no part of the film."""
    stored = RAMP << (high - 11)
    stored[:8] |= 0x8000 if high == 11 else 0x0001
    assert (grey_of(tmp_path, film(stored, HighBit=high)) == grey_of(tmp_path, film())).all()


def test_twelve_bits_declared_as_sixteen(tmp_path):
    assert (grey_of(tmp_path, film(BitsStored=16, HighBit=15)) == grey_of(tmp_path, film())).all()


def test_floats(tmp_path):
    data = film(PixelData=None, BitsAllocated=32, BitsStored=None, HighBit=None)
    data.FloatPixelData = (RAMP / 4032 - 0.5).astype("<f4").tobytes()
    assert np.abs(grey_of(tmp_path, data) - grey_of(tmp_path, film())).max() <= 1


def test_a_header_gives_years_and_a_key(tmp_path, monkeypatch):
    data = film(PatientID="4711", PatientAge="097Y", PatientSex="F", ViewPosition="pa")
    data.save_as(tmp_path / "a.dcm", enforce_file_format=True)
    found = dicom.header(tmp_path / "a.dcm")
    assert (found.view, found.age, found.sex, found.modality, found.doubts) == ("PA", "90", "F", "DX", ())
    assert len(found.patient) == 16 and "4711" not in found.patient
    monkeypatch.setenv("CXRKIT_SALT", "mine")
    assert dicom.header(tmp_path / "a.dcm").patient != found.patient
    for ages, years in (("018M", "1"), ("002W", "0"), ("45", ""), ("", "")):
        data.PatientAge = ages
        data.save_as(tmp_path / "b.dcm", enforce_file_format=True)
        assert dicom.header(tmp_path / "b.dcm").age == years


def test_without_a_number_the_study_tells_the_patient(tmp_path):
    for name, number, study in (("a", "", "1.2.3"), ("b", "unknown", "1.2.3"), ("c", "", "1.2.4"), ("d", "", None)):
        data = film(PatientID=number, StudyInstanceUID=study) if study else film()
        data.save_as(tmp_path / name, enforce_file_format=True)
    a, b, c, d = (dicom.header(tmp_path / name).patient for name in "abcd")
    assert a == b != c and c and not d


@settings(max_examples=150, deadline=None)
@given(position=st.integers(128, 1200), value=st.integers(0, 255), cut=st.integers(0, 3000))
def test_damage_never_raises_anything_else(tmp_path_factory, position, value, cut):
    folder = tmp_path_factory.mktemp("damaged")
    film(WindowCenter=2000, WindowWidth=1000).save_as(folder / "whole.dcm", enforce_file_format=True)
    content = bytearray((folder / "whole.dcm").read_bytes())
    content[position % len(content)] = value
    (folder / "film.dcm").write_bytes(bytes(content[: len(content) - cut]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's own, on what it makes of damaged values
        try:
            assert images.open_grey(folder / "film.dcm").mode == "L"
        except UnreadableImage:
            pass


def test_dicom_is_known_by_its_content():
    assert dicom.is_dicom(bytes(128) + b"DICM") and not dicom.is_dicom(b"\x89PNG") and not dicom.is_dicom(b"")


def test_what_holds_no_picture_is_said(tmp_path):
    with pytest.raises(UnreadableImage, match="no picture"):
        opened(tmp_path, film(PixelData=None, Rows=None))


def test_without_pydicom_the_film_is_named_and_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    (tmp_path / "film.dcm").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(UnreadableImage, match="pydicom is not installed") as raised:
        images.open_grey(tmp_path / "film.dcm")
    assert "pip install pydicom" in raised.value.next and dicom.header(tmp_path / "film.dcm") == dicom.Header()
