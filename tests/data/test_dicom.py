import builtins
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrkit.data import dicom
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
    return dicom.open_grey(tmp_path / name)


def grey_of(tmp_path, data):
    picture, doubts = opened(tmp_path, data)
    assert picture.mode == "L" and not doubts
    return np.asarray(picture).astype(int)


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
    table.LUTData = np.where(np.arange(4096) < 2048, 20, 200).astype(np.uint16).tobytes()
    data.VOILUTSequence = pydicom.Sequence([table])
    assert set(np.unique(grey_of(tmp_path, data))) == {20, 200}


def test_padding_does_not_stretch_the_range(tmp_path):
    values = np.minimum(RAMP, 2000)
    values[:, :4] = 4095
    grey = grey_of(tmp_path, film(values, PixelPaddingValue=4095))
    assert grey[0, -1] == 255 and grey_of(tmp_path, film(values))[0, -1] < 130


def test_colour_becomes_luminance(tmp_path):
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 255
    data = film(red, SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0, BitsAllocated=8, BitsStored=8, HighBit=7)
    assert (grey_of(tmp_path, data) == 76).all()


def test_what_the_header_says_against_a_frontal_film(tmp_path):
    for elements, words in (
        ({"Modality": "CT"}, "modality CT"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"BodyPartExamined": "KNEE"}, "KNEE"),
    ):
        _, (doubt,) = opened(tmp_path, film(**elements))
        assert words in doubt
    assert opened(tmp_path, film(Modality=None, ViewPosition=None, BodyPartExamined=None))[1] == []


@pytest.mark.parametrize(
    "elements, words",
    [
        ({"NumberOfFrames": 2, "PixelData": np.stack([RAMP, RAMP]).tobytes()}, "2 pictures"),
        ({"Rows": 8}, "64 x 8 pixels"),
        ({"Rows": 60000, "Columns": 60000}, "too many"),
        ({"PixelData": bytes(RAMP.nbytes)}, "all its pixels are the same"),
        ({"PixelData": RAMP.tobytes()[:100]}, "cannot be decoded"),
        ({"PixelData": None}, "cannot be decoded"),
    ],
)
def test_what_cannot_be_shown_is_said(tmp_path, elements, words):
    with pytest.raises(UnreadableImage, match=words) as raised:
        opened(tmp_path, film(**elements))
    assert "Secret" not in str(raised.value)


def test_a_packing_without_decoder_is_said(tmp_path):
    data = film()
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    data.file_meta.TransferSyntaxUID = JPEG2000Lossless
    data.PixelData = encapsulate([b"no picture at all, but long enough"])
    with pytest.raises(UnreadableImage, match="cannot be decoded") as raised:
        opened(tmp_path, data)
    assert "export" in raised.value.next


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
            assert dicom.open_grey(folder / "film.dcm")[0].mode == "L"
        except UnreadableImage:
            pass


def test_dicom_is_known_by_its_content(tmp_path):
    (tmp_path / "a.png").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "b.dcm").write_bytes(b"\x89PNG")
    assert dicom.is_dicom(tmp_path / "a.png") and not dicom.is_dicom(tmp_path / "b.dcm")


def test_without_pydicom_the_film_is_named_and_what_to_install(tmp_path, monkeypatch):
    def absent(name, *rest):
        if name.split(".")[0] == "pydicom":
            raise ImportError(name)
        return import_module(name, *rest)

    import_module = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", absent)
    (tmp_path / "film.dcm").write_bytes(bytes(128) + b"DICM")
    with pytest.raises(UnreadableImage, match="pydicom is not installed") as raised:
        dicom.open_grey(tmp_path / "film.dcm")
    assert "pip install pydicom" in raised.value.next
