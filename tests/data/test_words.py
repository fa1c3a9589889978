"""Words that people write: whole words with negation; what is in no table means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit.data import patients, words
from cxrkit.data.records import VIEWS

COVID = "COVID-19|covid-19|COVID19|SARS-CoV-2|Pneumonia/Viral/COVID-19|Pneumonia/Viral/COVID-19/ARDS|COVID-19, ARDS|Pnemonia/Virus/COVID-19"
NORMAL = "No Finding|no findings|Normal|normal chest|healthy|Normal chest x-ray - young female|gesund|sano"
NEITHER = (
    "no COVID-19|Not COVID-19|COVID-19 negative|COVID-19 ruled out|COVID-19, ruled out|post COVID-19 fibrosis|COVID-19 vaccination|"
    "suspected COVID-19|COVID-19?|Normal chest radiograph in COVID-19|abnormal|negative|Pneumonia|todo|NA||not normal|SARS"
)
FOLDERS = {"covid": "COVID-19|Covid|covid_positive|covid |COVID19", "normal": "NORMAL|Normal|healthy|nih_normal|no finding|normale"}
NO_LABEL = "abnormal_films|covid_negative|non-covid|not_normal|Covid-study-2020|pneumonia|Viral Pneumonia|Lung_Opacity|negative|covid_masks"


@pytest.mark.parametrize(
    "text, label", [(t, label) for ts, label in ((COVID, "covid"), (NORMAL, "normal"), (NEITHER, "")) for t in ts.split("|")]
)
def test_findings(text, label):
    assert words.label_of(text) == label


@pytest.mark.parametrize("name, label", [(t, label) for label, ts in {**FOLDERS, "": NO_LABEL}.items() for t in ts.split("|")])
def test_names_of_folders(name, label):
    assert words.label_of(name, strict=True) == label


@pytest.mark.parametrize(
    "text, view",
    [
        *((text, "PA") for text in ("pa", "PA ", "PA erect", "postero-anterior", "Postero Anterior")),
        *((text, "AP") for text in ("AP erect", "AP semi erect", "Mobile AP Erect", "ap")),
        *((text, "lateral") for text in ("Lateral", "L", "LL", "left lateral")),
        *((text, "AP supine") for text in ("AP Supine", "supine")),
        *((text, "") for text in ("sideways", "Axial", "?", "", "portable", "PA and lateral")),
    ],
)
def test_views_keep_what_was_published(text, view):
    found, basis = words.view(text, "films.csv")
    assert found == view
    assert ("erect" in basis.lower()) == ("erect" in text.lower()) and (found or not words.known(text) or text in basis)


@given(st.text())
def test_any_text_is_a_word_or_none(text):
    assert words.label_of(text) in ("covid", "normal", "") and words.view_of(text) in VIEWS
    assert words.label_of(f"abnormal{text}".replace("-", "")) in ("covid", "")


@pytest.mark.parametrize(
    "name, patient",
    [
        ("00001803_001.png", "00001803"),
        ("IM-0115-0001.jpeg", "IM-0115"),
        ("NORMAL2-IM-0588-0001.jpeg", "NORMAL2-IM-0588"),
        ("person1_bacteria_2.jpeg", "person1_bacteria"),
        ("VIRUS-1234567-0001.jpeg", "VIRUS-1234567"),
        ("MIDRC-RICORD-1C-419639-000025-46647-0.png", "MIDRC-RICORD-1C-419639-000025"),
        ("sub-S03047_ses-E07985_run-1_bp-chest_vp-ap_cr.png", "sub-S03047"),
        ("train/patient00001/study1/view1_frontal.jpg", "patient00001"),
        ("p10/p10000032/s50414267/a.jpg", "p10000032"),
        ("covid-19-pneumonia-1-day0-PA.jpg", "covid-19-pneumonia-1"),
        *((name, "") for name in ("1.png", "covid_001.png", "image12.png", "IMG_0001.png", "normal/a.png")),
    ],
)
def test_published_names_of_patients(name, patient):
    assert patients.of_published(name) == patient
