"""The public sets that the kit can name: where each is had, under which terms, and which reader knows it.

Terms are as their publishers or their usual copies state them; what a server says of a set (size, version, licence) is asked
of it and shown before anything is fetched. More on each set: .github/DATASETS.md.
"""

import re
from dataclasses import dataclass
from typing import Literal

from cxrkit.data.sources import READERS
from cxrkit.errors import WrongUse

Way = Literal["kaggle", "idc", "by hand"]
REF = re.compile(r"[A-Za-z0-9_-]{1,50}/[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True)
class PublicSet:
    """way: how it is had; ref: OWNER/SLUG of Kaggle, a collection of the Imaging Data Commons, or an address; terms: a sentence
    on licence and citation, and what else to know."""

    name: str
    way: Way
    ref: str
    terms: str


SETS = (
    PublicSet(
        "coronahack",
        "kaggle",
        "praveengovi/coronahack-chest-xraydataset",
        "those of its sources: ieee8023's licence is per film, Kermany's children are CC BY 4.0",
    ),
    PublicSet(
        "radiography",
        "kaggle",
        "tawsifurrahman/covid19-radiography-database",
        "those of its sources; cite Chowdhury et al. 2020, IEEE Access 8:132665, and Rahman et al. 2021, Comput. Biol. Med. 132:104319",
    ),
    PublicSet(
        "ieee8023",
        "kaggle",
        "bachrr/covid-chest-xray",
        "a licence per film, in its metadata.csv; a copy of spring 2020 by another than its authors; cite arXiv 2003.11597",
    ),
    PublicSet(
        "nih", "kaggle", "nih-chest-xrays/data", "NIH asks for credit to its Clinical Center; cite Wang et al. 2017, CVPR; tens of GB"
    ),
    PublicSet("covid-19-ar", "idc", "covid_19_ar", "cite Desai et al. 2020, Sci. Data 7:414, and TCIA; positives alone"),
    PublicSet(
        "covid-19-ny-sbu", "idc", "covid_19_ny_sbu", "cite Saltz et al. 2021, TCIA; positives alone; over 200 GB whole: name --patients"
    ),
    PublicSet("midrc-ricord-1c", "idc", "midrc_ricord_1c", "non-commercial; cite Tsai et al. 2021, Radiology 299:E204; positives alone"),
    PublicSet(
        "covidgr", "by hand", "https://github.com/ari-dasci/OD-covidgr", "no licence given; cite arXiv 2006.01409; take release 1.0, whole"
    ),
    PublicSet("actualmed", "by hand", "https://github.com/agchung/Actualmed-COVID-chestxray-dataset", "for research; see its README"),
    PublicSet(
        "hannover",
        "by hand",
        "https://github.com/ml-workgroup/covid-19-image-repository",
        "CC BY 3.0; cite doi 10.6084/m9.figshare.12275009",
    ),
    PublicSet("bimcv", "by hand", "https://bimcv.cipf.es/bimcv-projects/bimcv-covid19/", "research use agreement; cite arXiv 2006.01174"),
    PublicSet("padchest", "by hand", "https://bimcv.cipf.es/bimcv-projects/padchest/", "research, after a form; cite arXiv 1901.07441"),
)


def find(name: str) -> PublicSet:
    """The set of that name, or the one of Kaggle that OWNER/SLUG names. Raises WrongUse, also for one that is fetched by hand."""
    found = next((each for each in SETS if each.name == name), None)
    if found is None and REF.fullmatch(name):
        return PublicSet(name, "kaggle", name, "as its page says")
    if found is None:
        names = ", ".join(each.name for each in SETS if each.way != "by hand")
        raise WrongUse(
            f"No public set {name!r} is known.", next=f"name one of {names}, or OWNER/SLUG of a Kaggle data set; see fetch --list"
        )
    if found.way == "by hand":
        raise WrongUse(
            f"{name} is not fetched by the kit. Terms: {found.terms}.",
            found.ref,
            f"get it there yourself, then give {_how(name)}",
        )
    return found


def _how(name: str) -> str:
    """How a set that somebody got is named to the kit."""
    if name in READERS:
        return f"--data {name}=DIR or --external {name}=DIR"
    return f"--data folder:{name}=DIR or --external folder:{name}=DIR, with covid/ and normal/ in it, or films.csv: the kit has no reader for its layout"
