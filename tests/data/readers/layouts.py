"""Small folders in the layouts of public collections: drawn films under the names and beside the tables that these have."""

import csv
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from cxrkit.data.readers import phantom

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
STRINGS = '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}</sst>'
ACTUALMED = ["patientid", "offset", "sex", "age", "finding", "survival", "temperature", "pO2 saturation", "view", "modality", "imagename"]
ACTUALMED += ["artifacts/distortion", "notes"]
HANNOVER = ["patient_id", "image_id", "sex", "age", "size", "weight", "admission_offset", "modality", "projection"]
NIH = ["Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age", "Patient Gender", "View Position"]
NIH += ["OriginalImage[Width", "Height]", "OriginalImagePixelSpacing[x", "y]", ""]


def draw(path: Path, number: int, opacities: bool = False) -> None:
    """One drawn film, of the patient of that number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(number)
    phantom.draw_film(phantom.Anatomy(random), opacities, random, 64).save(path)


def write_rows(path: Path, header, *rows) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_sheet(path: Path, *rows) -> Path:
    """A spreadsheet as Excel writes it: texts in one shared list, to which the cells point."""
    texts = [text for row in rows for text in row]
    cells = [
        "".join(f'<c r="{chr(65 + column)}{number}" t="s"><v>{texts.index(text)}</v></c>' for column, text in enumerate(row))
        for number, row in enumerate(rows, start=1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/sharedStrings.xml", STRINGS.format("".join(f"<si><t>{escape(text)}</t></si>" for text in texts)))
        packed.writestr("xl/worksheets/sheet1.xml", SHEET.format("".join(f"<row>{row}</row>" for row in cells)))
    return path


def covidgr(root: Path, films: int = 4) -> Path:
    """P/ and N/ with as many films each; of P/ all but the last have a grade."""
    for number in range(films):
        draw(root / "P" / f"p{number}.jpg", number, True)
        draw(root / "N" / f"n{number}.jpg", 1000 + number)
    grades = ("NORMAL-PCR+", "MILD", "MODERATE", "SEVERE")
    write_rows(root / "severity.csv", ["Name", "Severity"], *[[f"p{n}", grades[n % 4]] for n in range(films - 1)])
    return root


def actualmed_row(patient: str, finding: str, view: str, station: str, number: int, modality: str = "X-ray") -> list[str]:
    name = f"DX.1.2.840.113564.{station}.2020032{number:013}.1203801020003.png"
    note = {"COVID-19": ", date", "No finding": "Negative (covid-19 viral infection is excluded), date"}.get(finding, "Inconclusive, date")
    return [patient, "", "", "", finding, "", "", "", view, modality, name, "", note]


def actualmed(root: Path, *rows: list[str]) -> Path:
    write_rows(root / "metadata.csv", ACTUALMED, *rows)
    for number, row in enumerate(rows):
        draw(root / "images" / row[10], number, row[4] == "COVID-19")
    return root


def hannover(root: Path, *rows: tuple[str, str, str, str, str]) -> Path:
    """rows: patient, image, sex, modality, projection."""
    write_rows(root / "data.csv", HANNOVER, *[[p, i, sex, "", "", "", "0", modality, view] for p, i, sex, modality, view in rows])
    for number, (_, image, *_) in enumerate(rows):
        draw(root / "png" / f"{image}.png", number, True)
    return root


def radiography(root: Path, **films: list[tuple[int, str]]) -> Path:
    """films: {folder with _ for a space: [(number, URL)]}."""
    for folder, named in films.items():
        folder = folder.replace("Viral_", "Viral ")
        for number, _ in named:
            draw(root / folder / "images" / f"{folder}-{number}.png", number, folder == "COVID")
            draw(root / folder / "masks" / f"{folder}-{number}.png", number)
        rows = [[f"{folder.upper()}-{number}", "PNG", "299*299", url] for number, url in named]
        write_sheet(root / f"{folder}.metadata.xlsx", ["FILE NAME", "FORMAT", "SIZE", "URL"], *rows)
    return root


def nih(root: Path, *rows: tuple[str, str, str, str, str], folder: str = "images_001/images") -> Path:
    """rows: file, labels, patient, age, view."""
    write_rows(
        root / "Data_Entry_2017.csv",
        NIH,
        *[[name, labels, "0", patient, age, "M", view, "2048", "2500", ".1", ".1", ""] for name, labels, patient, age, view in rows],
    )
    for number, (name, *_) in enumerate(rows):
        draw(root / folder / name, number)
    return root
