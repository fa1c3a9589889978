"""Reader of ieee8023/covid-chestxray-dataset and folders in its form: metadata.csv beside images/.

Cohen, Morrison, Dao 2020, https://arxiv.org/abs/2003.11597. Films collected from publications and sites,
Radiopaedia and SIRM among them; licences stand per row, and SIRM's rows have none. Columns changed: those of
March 2020 lack the modality and have names with stray spaces; from mid-2020 a finding may be a path such as
Pneumonia/Viral/COVID-19. `other_notes` holds credits and clinical notes alike. `patientid` counts cases, so one patient on two sites has two; SIRM's films are keyed by SIRM's case number.
"""

import re
from pathlib import Path

from cxrkit.data import words
from cxrkit.data.licences import credit_of
from cxrkit.data.readers import listing, table
from cxrkit.data.records import NEGATIVE, POSITIVE, Record
from cxrkit.errors import BadInput

METADATA = "metadata.csv"
NEEDED = ("patientid", "finding", "view", "filename", "url")
SITES = (("radiopaedia", "radiopaedia.org"), ("sirm", "sirm.org"))
SIRM_CASE = re.compile(r"covid-?19-cas[oe]-(\d+)")
FOLLOW_UP = "a film without finding in a COVID-19 case"
COVID_CASE = re.compile(r"covid", re.IGNORECASE)


def is_here(root: Path) -> bool:
    """Whether a folder has this layout."""
    return listing.entry(root, METADATA).is_file() and listing.entry(root, "images").is_dir()


def read(root: str | Path, name: str = "ieee8023") -> list[Record]:
    """Records of an ieee8023-style folder, one for each row of metadata.csv.

    A row's source is the site its url points to (radiopaedia, sirm), else `name`. CT, unreviewed and other
    findings come back excluded with the reason. "No Finding" is normal only where the case is no COVID-19
    case. Raises BadInput: no folder, no metadata, a missing column.
    """
    path = listing.entry(Path(root), METADATA)
    if not path.is_file():
        raise BadInput("There is no metadata.csv.", root, "give the folder that holds metadata.csv and images/")
    rows = table.rows_of(path, NEEDED, "use ieee8023's own file")
    return _follow_ups(table.once_each((number, _record(row, number, name)) for number, row in rows))


def _record(row: table.Row, number: int, root_name: str) -> Record:
    name, url = row["filename"], row["url"]
    source = next((site for site, host in SITES if host in url.lower()), root_name)
    case = SIRM_CASE.search(url)
    patient = f"sirm:{case[1]}" if source == "sirm" and case else f"{source}:{words.known(row['patientid']) or name}"
    label, excluded = _label(row, url)
    modality = (
        "X-ray"
        if words.squeezed(row.get("modality", "")) == "xray"
        else row.get("modality") or ("CT" if row["view"] in ("Axial", "Coronal") else "X-ray")
    )
    view, basis = words.view(row["view"], "ieee8023 metadata") if modality == "X-ray" else ("", "")
    folder = row.get("folder") or "images"
    path, nowhere = f"{root_name}/{folder}/{name}", table.leads_nowhere(number, name, folder)
    if nowhere:
        path, excluded = "", nowhere
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
        view=view,
        view_basis=basis,
        age=row.get("age", ""),
        sex=row.get("sex", ""),
        taken=words.year_of(row.get("date", "")),
        case_url=url,
        licence=row.get("license") or "unknown",
        credit=credit_of(row.get("other_notes", "")) or ("" if url else "ieee8023/covid-chestxray-dataset"),
        collected="imported",
        excluded=excluded,
    )


def _label(row: table.Row, url: str) -> tuple[str, str]:
    finding = row["finding"]
    label = words.label_of(finding)
    if label == NEGATIVE and COVID_CASE.search(url):
        return POSITIVE, FOLLOW_UP
    if label:
        return label, ""
    if finding.lower() == "todo":
        return "", "finding todo: not reviewed"
    return "", f"finding {finding or 'empty'}: neither normal nor COVID-19"


def _follow_ups(records: list[Record]) -> list[Record]:
    """A film without finding, of a patient with films of COVID-19, is one from before or after the illness: no normal, and no conflict."""
    ill = {record.patient for record in records if record.label == POSITIVE and record.patient}
    return [
        record.but(label=POSITIVE, excluded=record.excluded or FOLLOW_UP) if record.label == NEGATIVE and record.patient in ill else record
        for record in records
    ]
