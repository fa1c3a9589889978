"""Words that people write: whole words with negation; what is in no table means nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit.data import patients, words
from cxrkit.data.records import VIEWS, Record, age_of, is_minor, traits

COVID = "COVID-19|covid-19|COVID19|SARS-CoV-2|Pneumonia/Viral/COVID-19|Pneumonia/Viral/COVID-19/ARDS|COVID-19, ARDS|Pnemonia/Virus/COVID-19|bilateral pneumonia due to COVID-19|COVID+"
NORMAL = "No Finding|no findings|Normal|normal chest|healthy|Normal chest x-ray - young female|gesund|sano|within normal limits|o.B.|nella norma|sem achados"
NEITHER = (
    "no COVID-19|Not COVID-19|COVID-19 negative|COVID-19 ruled out|COVID-19, ruled out|post COVID-19 fibrosis|COVID-19 vaccination|"
    "suspected COVID-19|COVID-19?|Normal chest radiograph in COVID-19|abnormal|negative|Pneumonia|todo|NA||not normal|SARS|"
    "COVID-|covid 19 (-)|COVID = 0|COVID-19: 0|r/o covid-19|COVID-19 unconfirmed|denies covid|Status nach COVID-19|Z.n. COVID|V.a. COVID-19|"
    "Verdacht auf COVID-19|COVID-19 descartado|COVID-19 esclusa|PCR negativa para COVID-19|sospetto COVID-19|sospecha de COVID|Long COVID|"
    "convalescent COVID-19|COVID-19 healed|新冠 阴性|非新冠"
)
FOLDERS = {
    "covid": "COVID-19|Covid|covid_positive|covid |COVID19|Covid-19-Patienten|pacientes covid|COVID positif|Casos COVID|新冠肺炎",
    "normal": "NORMAL|Normal|healthy|nih_normal|no finding|normale|Gesunde Patienten|Sanos|sujets sains|Saudáveis|unauffällig|健康|Healthy controls|normal_group|Gesunde Kontrollen",
}
NO_LABEL = "abnormal_films|covid_negative|non-covid|not_normal|Covid-study-2020|pneumonia|Viral Pneumonia|Lung_Opacity|negative|covid_masks|sin COVID|senza COVID|kein COVID|covid vs normal|controls|covid controls"


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
        *(
            (text, "PA")
            for text in (
                "pa",
                "PA ",
                "PA erect",
                "postero-anterior",
                "Postero Anterior",
                "XR CHEST PA",
                "p.a. stehend",
                "PA upright 2 views",
            )
        ),
        *((text, "AP") for text in ("AP erect", "AP semi erect", "Mobile AP Erect", "ap")),
        *((text, "lateral") for text in ("Lateral", "L", "LL", "left lateral", "left lat", "L-L", "seitlich", "lateral izquierda")),
        *((text, "AP supine") for text in ("AP Supine", "supine", "Supino AP", "ap liegend")),
        *((text, "") for text in ("sideways", "Axial", "?", "", "portable", "PA and lateral", "AP/PA", "AP axial", "left")),
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
        ("CXR12_IM-0115-1001.png", "CXR12"),
        ("CHNCXR_0001_0.png", "CHNCXR_0001"),
        ("COVID-19-AR-16406488/1.dcm", "COVID-19-AR-16406488"),
        *((name, "") for name in ("1.png", "covid_001.png", "image12.png", "IMG_0001.png", "normal/a.png")),
    ],
)
def test_published_names_of_patients(name, patient):
    assert patients.of_published(name) == patient


@pytest.mark.parametrize(
    "text", ["NaN", "n.a.", "#N/A", "unbekannt", "keine Angabe", "desconocido", "inconnu", "anonymous", "??", "\N{EM DASH}"]
)
def test_what_is_not_known_in_any_spelling(text):
    assert words.known(text) == "" and words.known(" K.A. ") == "K.A." and words.known("-1") == "-1"


@pytest.mark.parametrize(
    "name, split",
    [
        ("Training_Set", "train"),
        ("train data", "train"),
        ("Validación", "valid"),
        ("dev", "valid"),
        ("Testdaten", "test"),
        ("tests", "test"),
    ]
    + [(name, "") for name in ("images", "contest", "test covid", "fold_1", "trainees", "")],
)
def test_names_of_splits(name, split):
    assert words.split_of(name) == split


@pytest.mark.parametrize(
    "date, year",
    [("2020", 2020), ("March 16, 2020", 2020), ("03/16/20", 2020), ("16.3.20", 2020), ("20200316", 2020), ("May 4, 2010", 2010)]
    + [(text, None) for text in ("", "?", "January 12", "120200", "12:20", "0020")],
)
def test_years_of_dates(date, year):
    assert words.year_of(date) == year


def test_columns_in_other_languages():
    found = words.columns_of(["Datei", "Patienten-ID", "Proyección", "Alter", "Geschlecht", "Diagnóstico", "StudyDate"])
    assert list(found) == ["file", "patient", "view", "age", "sex", "label", "taken"]


@pytest.mark.parametrize(
    "age, years",
    [("45,5", 45.5), ("45 yo", 45), ("45-year-old", 45), ("45 años", 45), ("6 mo", 0.5), ("F45", None), ("6m", None)]
    + [
        ("60s", 64.5),
        ("60's", 64.5),
        ("5 to 10", 7.5),
        ("70 y.o.", 70),
        ("6 mos.", 0.5),
        ("2 wks", pytest.approx(2 / 52.18)),
        ("aged 45", 45),
    ]
    + [("5-1", None), ("80+", None), ("999", None), ("0", 0)],
)
def test_ages_as_people_write_them(age, years):
    assert age_of(age) == years


@pytest.mark.parametrize(
    "age, minor",
    [("1-5", True), ("3 months", True), ("<1", True), ("≤ 17", True), ("Child", True), ("0", True)]
    + [("adult", False), ("18+", False), ("> 65", False), ("18-90", False), ("60s", False)]
    + [("<18", True), ("<= 17", True), ("<=18", None), ("≤ 18", None), (">18", False), (">= 18", False), ("17-19", False), ("<", None)]
    + [("10-30", None), ("> 5", None), ("<60", None), ("unknown", None), ("", None)],
)
def test_who_is_a_child_however_the_age_is_stated(age, minor):
    assert is_minor(age) is minor


@pytest.mark.parametrize("word, sex", [("f.", "F"), ("Girl", "F"), ("女性", "F"), ("varón", "M"), ("O", ""), ("f?", "")])
def test_words_of_sex(word, sex):
    assert traits(Record("a/1", "", "a", sex=word))["sex"] == sex
