"""The words that people write for labels, views, columns and "not known": one table each, which every reader uses.

Whole words count, never a piece of one ("abnormal" is not normal), and a word of doubt or negation beside a label leaves
the film without one. What is in no table is for the reader to list.
"""

import re
import unicodedata

from cxrkit.data.records import NEGATIVE, POSITIVE

COVID = "covid"


def listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


ONE_WORD = (
    (
        r"(?:novel )?corona ?virus disease(?: 20)?[ -]?19|covid[ -]?(?:20)?19|sars[ -]?cov[ -]?2|(?:2019|novel)[ -]?n?cov(?:id)?|新型冠状病毒|新冠",
        COVID,
    ),
    (
        r"\b(?:no|without|ohne|sin|sans|senza|sem)(?: acute| active| pathological)? (?:findings?|befund|hallazgos?|anomalies?|reperti|achados|"
        r"alteraciones|alterazioni|alteracoes)\b|\bo\. ?b\b|\b(?:with)?in normal limits\b|\bnella norma\b",
        "normal",
    ),
    (r"\bx[ -]?rays?\b", "xray"),
    (r"肺炎", "pneumonia"),
    (r"阳性", "positive"),
    (r"阴性|非", "not"),
)
"""What is written in several words, and the one word that stands for it."""
POSITIVE_WORDS = {COVID, "covids", "ncov"}
NEGATIVE_WORDS = listed(
    "normal normals normale normali normales normaux normais normalne healthy sano sani sana sanos sain sains saudavel saudaveis gesund "
    "gesunde unauffallig unauffallige unremarkable nofinding nofindings norma 正常 健康"
)
DOUBT = listed(
    "no non not nor none neg negative negativo negativa negativi negatif negativ without sin sans senza sem ohne kein keine nicht ruled out "
    "excluded exclude excluding unlikely post after previous prior past former history recovered resolved sequelae fibrosis "
    "vaccine vaccinated vaccination suspected suspect suspicion possible probable presumed query versus vs differential mimic "
    "mimics mimicking like contact exposure screening except but abnormal unknown unclear mixed other others or and mask masks"
)
BESIDE = listed(
    "positive pos positivo positiva positivi positivos positivas positiv positif confirmed con mit avec com pazienti pacientes patienten malades "
    "casi casos cas bilder immagini imagenes polmonite neumonia pneumonie subjects sujets probanden pneumonia pneumonias case cases patient patients film films image images img imgs picture "
    "pictures xray radiograph radiographs cxr cr dx chest lung lungs thorax torace view frontal pa ap class label the of with data "
    "dataset set collection adult adults child children male female severe mild moderate viral virus disease nih rsna sirm kermany "
    "bimcv ricord hannover ieee8023 radiopaedia hospital my our new old png jpg jpeg"
)
"""Words that may stand beside a label in a folder's name, and change nothing."""
CONTROLS = listed(
    "control controls controles controlli kontrolle kontrollen kontrollgruppe volunteer volunteers group groups cohort cohorts gruppe grupo gruppo"
)
"""Words that change nothing beside a normal label: healthy controls. "COVID controls" may be either."""

CLINICAL = listed(
    "acute ards respiratory distress syndrome failure due to from by in on a an and both bilateral unilateral left right upper lower "
    "middle lobe lobar multifocal peripheral diffuse patchy interstitial ground glass ggo opacity opacities opacification infiltrate "
    "infiltrates consolidation consolidations changes typical features findings finding infection infected pcr rt laboratory lab proven "
    "bestatigte early late progressive progression course critical intubated ventilated oedema edema effusion pneumonitis associated related"
)
"""What findings say besides, which takes nothing back. Any other word beside COVID-19 may: "denies", "Z. n.", "descartado"."""
SIGNS = re.compile(r"\(\s*[-\u2212\u2013]\s*\)|[-\u2212\u2013]\s*$|[=:]\s*0\s*$")
"""How a result is said to be negative: COVID (-), COVID-, COVID = 0."""

SPLITS = {
    "train": "train training entrenamiento addestramento entrainement treino trainingsdaten",
    "valid": "valid validation validate val dev validacion validazione validacao validierung",
    "test": "test tests testing holdout prueba teste testdaten",
}
_SPLIT_OF = {word: split for split, words in SPLITS.items() for word in words.split()}
OF_SPLIT = listed("set data dataset split images films")

UNKNOWN = listed(
    "na nan none null nil unknown unknownpatient notknown notavailable notapplicable notrecorded notgiven unspecified missing todo "
    "anonymous anonymized anonymised anon unbekannt keineangabe desconocido desconocida desconhecido inconnu sconosciuto xxx"
) | {""}

UPRIGHT = listed(
    "erect semi semierect mobile portable upright standing sitting seated bedside view views projection chest thorax cxr xr stehend sitzend"
)
SAME = {"supino": "supine", "supina": "supine", "liegend": "supine", "lying": "supine", "decubito": "supine", "couche": "supine"}
SAME |= {"seitlich": "lateral", "lat": "lateral"}
SIDES = listed("l r left right links rechts izquierda derecha sinistra destra gauche droite")
VIEWS = {
    "PA": "pa|postero anterior|posteroanterior|posterior anterior|p a",
    "AP": "ap|antero posterior|anteroposterior|anterior posterior|a p",
    "AP supine": "ap supine|supine ap|supine|antero posterior supine",
    "lateral": "l|ll|rl|l l|r l|lateral|latero lateral|laterolateral",
    "frontal-unspecified": "frontal|frontal unspecified|front",
}
_VIEW_OF = {phrase: view for view, phrases in VIEWS.items() for phrase in phrases.split("|")}

COLUMNS = {
    "file": "file filename filepath image imagename imagefile imagefilename imageindex xrayimagename img imgname imgpath path imagepath imageid "
    "datei dateiname bild bildname fichier archivo arquivo imagen immagine",
    "patient": "patient patientid patientkey pid subject subjectid person personid patientnumber patientno patientnr patients patientenid "
    "patientennummer paciente idpaciente pacienteid paziente idpaziente caseid",
    "view": "view viewposition projection position proyeccion projektion proiezione incidence projecao",
    "age": "age patientage ageyears alter edad eta idade",
    "sex": "sex gender patientsex patientgender geschlecht sexo sesso sexe",
    "licence": "licence license",
    "credit": "credit attribution",
    "label": "label finding findings findinglabels class classname diagnosis category befund diagnose diagnostico diagnosi etiqueta klasse clase",
    "collection": "collection",
    "taken": "date studydate examdate filmdate acquisitiondate contentdate seriesdate year studyyear",
}
"""{what it means: the usual names of such a column}, in small letters and without spaces and signs; the first counts most."""

NO_FINDING = listed("todo inconclusive unclear")
"""What stands for a finding and names none."""
OTHER = listed(
    "pneumonia pnemonia pneumonias neumonia polmonite viral virus bacteria bacterial opacity opacities tuberculosis tb sars mers ards "
    "edema effusion pneumothorax cancer nodule mass fungal influenza cardiomegaly atelectasis consolidation infiltration abnormal"
)
"""Words of a folder's name that say that its films are not normal."""


def plain(text: str) -> str:
    """Text in one spelling: small letters, no accents, single spaces, no signs but the letters' and digits' own."""
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))
    for pattern, word in ONE_WORD:
        text = re.sub(pattern, f" {word} ", re.sub(r"[_\s-]+", " ", text))
    return text.strip()


def label_of(text: str, strict: bool = False) -> str:
    """The label that words mean, "covid" or "normal", or nothing where they mean neither, both, or are in doubt.

    Findings may be paths or lists: "Pneumonia/Viral/COVID-19/ARDS". Every word beside COVID-19 must be in the tables; strict: those of
    normal ones too, and CLINICAL counts for nothing, as for the name of a folder, which may be about anything.
    """
    found = set()
    if SIGNS.search(text.strip()):
        return ""
    for part in re.split(r"[/;|,]", plain(text)):
        words = re.findall(r"[^\W_]+|\?", part)
        doubtful = "?" in words or "0" in words or bool((DOUBT if strict else DOUBT - CLINICAL) & set(words))
        beside = BESIDE if strict else BESIDE | CLINICAL
        unlisted = [word for word in words if word not in POSITIVE_WORDS | NEGATIVE_WORDS | beside and not word.isdigit()]
        positive, negative = (bool(table & set(words)) for table in (POSITIVE_WORDS, NEGATIVE_WORDS))
        unlisted = [word for word in unlisted if positive or word not in CONTROLS]
        if doubtful or (unlisted and (strict or positive)) or (positive and negative):
            return ""
        elif positive:
            found.add(POSITIVE)
        elif negative and (not unlisted or words[0] in NEGATIVE_WORDS and set(words[1:3]) & {"xray", "radiograph", "chest"}):
            found.add(NEGATIVE)
    return found.pop() if len(found) == 1 else ""


def is_finding(text: str) -> bool:
    """Whether the words of a film without a label name a finding, and not that none was looked for or seen for certain."""
    return bool(known(text)) and not set(re.findall(r"\w+", plain(text))) & NO_FINDING


def other_finding(folder: str) -> str:
    """A folder's name where it names a finding that is neither normal nor COVID-19, else nothing."""
    return folder if set(re.findall(r"[^\W_]+", plain(folder))) & OTHER and not label_of(folder) else ""


def view_of(text: str) -> str:
    """The projection that words mean, one of records.VIEWS, or nothing where it is not known."""
    words = re.sub(r"[^a-z]+", " ", plain(text)).split()
    words = [SAME.get(word, word) for word in words]
    words = [word for word in words if word not in SIDES] if "lateral" in words else words
    return _VIEW_OF.get(" ".join(words), "") or _VIEW_OF.get(" ".join(word for word in words if word not in UPRIGHT), "")


def view(text: str, where: str) -> tuple[str, str]:
    """(view, its basis) of a published word: the basis keeps what the kit's own word does not say, as "erect"."""
    found = view_of(text)
    said = set(re.findall(r"[a-z]+", plain(text))) - set(found.casefold().split())
    return found, (f"{where}: {text.strip()}" if said & UPRIGHT or not found and known(text) else where if found else "")


def known(text: str) -> str:
    """The text without spaces around it, or nothing where it is a word for "not known"."""
    text = (text or "").strip()
    return "" if squeezed(text) in UNKNOWN else text


def year_of(text: str) -> int | None:
    """The year of a date as people write it, 2020-03-16, "March 16, 2020", 16.3.20 or 20200316; None where there is none."""
    found = re.search(r"(?<!\d)((?:19|20)\d\d)(?!\d)|^((?:19|20)\d\d)\d{4}$|^\d{1,2}[./-]\d{1,2}[./-](\d\d)$", (text or "").strip())
    return None if not found else int(found[1] or found[2] or "20" + found[3])


def split_of(text: str) -> str:
    """The split that a folder's name means, as train, Test set or Validierung."""
    words = [word for word in re.findall(r"[^\W_]+", plain(text)) if word not in OF_SPLIT]
    return _SPLIT_OF.get(words[0], "") if len(words) == 1 else ""


def squeezed(column: str) -> str:
    """A column's name in small letters, without accents, spaces and signs: Patient_ID, patientid and "patient id" are one."""
    column = "".join(sign for sign in unicodedata.normalize("NFKD", column.casefold()) if not unicodedata.combining(sign))
    return re.sub(r"[\W_]", "", column)


def columns_of(header: list[str]) -> dict[str, str]:
    """{meaning: the column that has it} for those of a header that COLUMNS knows; of several the usual one counts."""
    found = {}
    for meaning, names in COLUMNS.items():
        for name in names.split():
            column = next((column for column in header if squeezed(column) == name), None)
            if column is not None:
                found.setdefault(meaning, column)
    return found
