"""ieee8023/covid-chestxray-dataset and folders in its form: metadata.csv beside images/.

Cohen, Morrison, Dao 2020, https://arxiv.org/abs/2003.11597. Films collected from publications and sites,
Radiopaedia and SIRM among them; licences stand per row, and SIRM's rows have none. Columns changed: those of
March 2020 lack the modality and have names with stray spaces; from mid-2020 a finding may be a path such as
Pneumonia/Viral/COVID-19. `patientid` counts cases, so one patient on two sites has two; SIRM's films are keyed by SIRM's case number.
"""

import csv
import re
from pathlib import Path

from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

NEEDED = ("patientid", "finding", "view", "filename", "url")
VIEW = {"PA": "PA", "AP": "AP", "AP SUPINE": "AP supine", "L": "lateral", "LATERAL": "lateral"}
SITES = (("radiopaedia", "radiopaedia.org"), ("sirm", "sirm.org"))
SIRM_CASE = re.compile(r"covid-?19-cas[oe]-(\d+)")
COVID_CASE = re.compile(r"covid", re.IGNORECASE)


def read(root, name="ieee8023"):
    """Records of an ieee8023-style folder, one for each row of metadata.csv.

    A row's source is the site its url points to (radiopaedia, sirm), else `name`. CT, unreviewed and other
    findings come back excluded with the reason. "No Finding" is normal only where the case is no COVID-19
    case. Raises BadInput: no folder, no metadata, a missing column.
    """
    root = Path(root)
    records, seen = [], {}
    for number, row in _rows(root):
        record = _record(row, number, name)
        seen[record.image_id] = seen.get(record.image_id, 0) + 1
        if seen[record.image_id] > 1:
            again = "the metadata names this file more than once"
            record = record.but(image_id=f"{record.image_id}#row{number}", excluded=record.excluded or again)
        records.append(record)
    return records


def _rows(root):
    path = root / "metadata.csv"
    if not path.is_file():
        raise BadInput("There is no metadata.csv.", root, "give the folder that holds metadata.csv and images/")
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [
                {(k or "").strip(): (v or "").strip() for k, v in row.items() if not isinstance(v, list)} for row in csv.DictReader(file)
            ]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"The metadata is no readable CSV: {error}.", path, "download the file again") from error
    if not rows:
        raise BadInput("The metadata has no rows.", path, "download the file again")
    lacking = [column for column in NEEDED if column not in rows[0]]
    if lacking:
        raise BadInput(
            f"The metadata lacks the column(s) {', '.join(lacking)}; it has: {', '.join(rows[0])}.", path, "use ieee8023's own file"
        )
    return list(enumerate(rows, start=2))


def _record(row, number, root_name):
    name, url = row["filename"], row["url"]
    source = next((site for site, host in SITES if host in url.lower()), root_name)
    case = SIRM_CASE.search(url)
    patient = f"sirm:{case[1]}" if source == "sirm" and case else f"{source}:{row['patientid'] or name}"
    label, excluded = _label(row, url)
    modality = row.get("modality") or ("CT" if row["view"] in ("Axial", "Coronal") else "X-ray")
    path = f"{root_name}/{row.get('folder') or 'images'}/{name}"
    if not re.fullmatch(r"[^/\\\x00-\x1f]+", name) or name in (".", "..") or not re.fullmatch(r"\w+", row.get("folder") or "images"):
        path, excluded = "", f"row {number} of the metadata names no plain file: {name!r}"
    elif modality != "X-ray":
        excluded = f"modality {modality}"
    return Record(
        image_id=f"{source}/{name or f'row{number}'}",
        path=path,
        source=source,
        label=label,
        finding=row["finding"],
        patient=patient,
        modality=modality,
        view=VIEW.get(row["view"].upper(), ""),
        view_basis="ieee8023 metadata" if row["view"].upper() in VIEW else "",
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        case_url=url,
        licence=row.get("license") or "unknown",
        credit=row.get("other_notes") or url or "ieee8023/covid-chestxray-dataset",
        collected="imported",
        excluded=excluded,
    )


def _label(row, url):
    finding = row["finding"].split("/")[-1] if "/" in row["finding"] else row["finding"]
    if "COVID-19" in finding:
        return POSITIVE, ""
    if finding.lower() == "todo":
        return "", "finding todo: not reviewed"
    if finding.lower() in ("no finding", "normal"):
        if COVID_CASE.search(url):
            return POSITIVE, "a film without finding in a COVID-19 case"
        return NEGATIVE, ""
    return "", f"finding {finding or 'empty'}: neither normal nor COVID-19"
