"""Text patterns against sentences of our own in the style of SIRM's and Radiopaedia's posts."""

from collections import Counter

import pytest

from scrapers.sites import prose

# sentence, X-ray/CT or "" where it names neither or both, age, sex
SENTENCES = [
    ("RX torace eseguito in pronto soccorso: addensamento basale destro.", "X-ray", "", ""),
    ("Rx del torace a letto in proiezione AP, paziente di anni 71.", "X-ray", "71", ""),
    ("La radiografia del torace mostra opacità interstiziali diffuse.", "X-ray", "", ""),
    ("Radiogramma del torace nelle due proiezioni PA e LL nei limiti.", "X-ray", "", ""),
    ("All'esame radiologico standard del torace si apprezza un velo pleurico.", "X-ray", "", ""),
    ("Controllo con Rx torace al letto dopo 4 giorni: quadro stabile.", "X-ray", "", ""),
    ("Chest X-ray on admission: peripheral opacities.", "X-ray", "", ""),
    ("Portable chest radiograph of a 54-year-old man with fever.", "X-ray", "54", "M"),
    ("The CXR shows reticular thickening at both bases.", "X-ray", "", ""),
    ("Proiezione latero-laterale: seni costofrenici liberi.", "X-ray", "", ""),
    ("TC torace senza mdc: aree a vetro smerigliato bilaterali.", "CT", "", ""),
    ("La TAC ad alta risoluzione documenta crazy paving.", "CT", "", ""),
    ("HRCT del torace, ricostruzioni coronali.", "CT", "", ""),
    ("Tomografia computerizzata del torace: consolidazioni posteriori.", "CT", "", ""),
    ("Ricostruzioni MPR sul piano sagittale.", "CT", "", ""),
    ("Angio-TC negativa per tromboembolia polmonare.", "CT", "", ""),
    ("Immagini assiali con finestra polmonare.", "CT", "", ""),
    ("Axial CT images show ground glass opacities in both lungs.", "CT", "", ""),
    ("Unenhanced chest CT of a woman aged 63.", "CT", "63", "F"),
    ("La radiografia era negativa, la TC invece mostra vetro smerigliato.", "", "", ""),
    ("RX e TC torace all'ingresso.", "", "", ""),
    ("Addensamenti a vetro smerigliato bilaterali, prevalentemente periferici.", "", "", ""),
    ("Non è stata eseguita TC; RX torace: lieve accentuazione della trama.", "X-ray", "", ""),
    ("No CT was performed; the chest film was repeated on day 6.", "X-ray", "", ""),
    ("Paziente di anni 53, febbre da 5 giorni e tosse secca.", "", "53", ""),
    ("Paziente di sesso femminile, 75 anni, ipertesa.", "", "75", "F"),
    ("Maschio, 51 anni, fumatore da 20 anni.", "", "51", "M"),
    ("Uomo di 62 anni con dispnea ingravescente.", "", "62", "M"),
    ("Donna di 38 anni alla 30a settimana di gravidanza.", "", "38", "F"),
    ("Il paziente, 47 anni, riferisce contatto con un caso positivo.", "", "47", ""),
    ("Un 83enne ricoverato per polmonite.", "", "83", ""),
    ("Pz di 66 aa, sesso maschile, diabetico.", "", "66", "M"),
    ("78 anni, maschio, BPCO nota.", "", "78", "M"),
    ("Giunge in PS una paziente di anni 29 con anosmia.", "", "29", "F"),
    ("M, 45 anni, operatore sanitario.", "", "45", "M"),
    ("F 59 aa, febbre da una settimana.", "", "59", "F"),
    ("Età: 70 anni. Sesso: F. Anamnesi muta.", "", "70", "F"),
    ("Bambino di 8 mesi con febbre e rifiuto dell'alimentazione.", "", "8 months", "M"),
    ("Neonata di 20 giorni, madre positiva.", "", "20 days", "F"),
    ("Il paziente è iperteso da 10 anni e ha smesso di fumare 15 anni fa.", "", "", ""),
    ("Nega viaggi; il padre di 80 anni è ricoverato per COVID-19.", "", "", ""),
    ("Ragazzo di 19 anni, convivente della madre di 50 anni positiva al tampone.", "", "19", "M"),
    ("A 72-year-old female presented with three days of cough.", "", "72", "F"),
    ("67 y.o. male, no relevant history.", "", "67", "M"),
    ("Male patient, 40 years old, admitted on 13 March.", "", "40", "M"),
    ("Female patient aged 71 with COPD for 12 years.", "", "71", "F"),
    ("The patient, a 34 year old nurse, was discharged.", "", "34", ""),
    ("Woman of 58 years, her husband died of pneumonia.", "", "58", "F"),
    ("Her 45-year-old son tested positive; the patient has no symptoms.", "", "", ""),
    ("The patient has been a smoker for 30 years.", "", "", ""),
    ("Paziente con temperatura 38,5 °C e saturazione 92% in aria ambiente.", "", "", ""),
    ("Signora di 90 anni, portatrice di pacemaker.", "", "90", "F"),
]


def confusion(values, truth):
    """{(truth, said): count}."""
    return Counter(zip(truth, values))


def show(title, counts):
    names = sorted({name for pair in counts for name in pair})
    print(f"\n{title} (rows: truth, columns: said)")
    print("  ".join(["".ljust(8), *(name.rjust(8) for name in (n or "none" for n in names))]))
    for row in names:
        print("  ".join([(row or "none").ljust(8), *(str(counts[row, column]).rjust(8) for column in names)]))


def test_there_are_enough_sentences():
    assert len(SENTENCES) >= 40 and len({s for s, *_ in SENTENCES}) == len(SENTENCES)


def test_modality_confusion_table():
    counts = confusion([prose.modality(s).value for s, *_ in SENTENCES], [m for _, m, _, _ in SENTENCES])
    show("X-ray or CT", counts)
    assert counts["X-ray", "CT"] == counts["CT", "X-ray"] == 0
    assert sum(n for (truth, said), n in counts.items() if truth != said) <= 1


def test_sex_confusion_table():
    counts = confusion([prose.sex(s).value for s, *_ in SENTENCES], [x for *_, x in SENTENCES])
    show("sex", counts)
    assert counts["M", "F"] == counts["F", "M"] == 0
    assert sum(n for (truth, said), n in counts.items() if truth != said) <= 1


def test_age_table():
    said, truth = [prose.age(s).value for s, *_ in SENTENCES], [a for _, _, a, _ in SENTENCES]
    counts = Counter(
        "right" if a == b and b else "rightly none" if a == b else "missed" if not a else "invented" if not b else "wrong"
        for a, b in zip(said, truth)
    )
    print(f"\nage: {dict(counts)}")
    assert counts["wrong"] == counts["invented"] == 0 and counts["missed"] <= 1


@pytest.mark.parametrize("sentence, modality, age, sex", SENTENCES)
def test_nothing_wrong_is_said(sentence, modality, age, sex):
    assert prose.modality(sentence).value in (modality, "")
    assert prose.age(sentence).value in (age, "")
    assert prose.sex(sentence).value in (sex, "")


@pytest.mark.parametrize("text", ["Il paziente giunge in PS.", "Un paziente febbrile, ricoverato.", "Pazienti asintomatici."])
def test_the_sex_is_not_guessed_from_grammar(text):
    assert not prose.sex(text)


@pytest.mark.parametrize(
    "text, view",
    [
        ("RX torace a letto in unica proiezione AP", "AP supine"),
        ("Rx torace in clinostatismo", "AP supine"),
        ("RX torace in proiezione AP", "AP"),
        ("Bedside chest radiograph", "AP"),
        ("CXR at the bedside", "AP"),
        ("Chest X-ray (AP in bed)", "AP"),
        ("On the PA radiograph there is an opacity, confirmed on the lateral image.", ""),
        ("Portable chest film", "AP"),
        ("Chest X-ray, PA view", "PA"),
        ("RX torace PA", "PA"),
        ("Proiezione LL", "lateral"),
        ("lateral radiograph", "lateral"),
        ("RX torace in due proiezioni", ""),
        ("RX torace PA e LL", ""),
        ("Chest X-ray", ""),
        ("Frontal chest radiograph", ""),
        ("The PA is dilated", ""),
        ("supine and erect: PA view", ""),
    ],
)
def test_view_only_where_the_words_say_it(text, view):
    assert prose.view(text).value == view


def test_two_patients_are_noticed_and_distinguished():
    text = "Paziente 1: donna di 60 anni. Paziente 2: uomo di 64 anni."
    assert prose.two_patients(text)
    assert [mark for mark, _ in prose.patient_marks(text)] == ["a", "b"]
    assert prose.two_patients("Si tratta di marito e moglie, entrambi positivi.")
    assert not prose.two_patients("Paziente di 2 anni. Il paziente 2 giorni dopo è peggiorato.")


def test_two_stated_ages_decide_nothing():
    assert not prose.age("Donna di 60 anni. Uomo di 64 anni.")
    assert prose.ages("Donna di 60 anni. Uomo di 64 anni.") == ["60", "64"]


def test_the_evidence_is_the_sentence():
    said = prose.age("Nega allergie. Uomo di 62 anni con tosse. Dimesso.")
    assert said.evidence == "Uomo di 62 anni con tosse."


# words, the examinations that were made
MENTIONS = [
    ("All'ingresso TC 38,1, SpO2 91%.", ""),
    ("TC: 36.9 °C, FC 110.", ""),
    ("T.C. 37,8; PA 130/70.", ""),
    ("Si consiglia di completare con TC.", ""),
    ("Utile approfondimento TC.", ""),
    ("TC torace programmata per lunedì.", ""),
    ("Verrà sottoposto a TC del torace.", ""),
    ("Se il quadro peggiora, TC.", ""),
    ("La paziente ha rifiutato la TC.", ""),
    ("TC non eseguita per instabilità clinica.", ""),
    ("Non si è ritenuto necessario eseguire la TC.", ""),
    ("Pregressa TC del 2017: noduli calcifici.", ""),
    ("Una TC di tre anni fa era nella norma.", ""),
    ("Le linee guida raccomandano la TC.", ""),
    ("La TC resta il gold standard.", ""),
    ("No further need for CT.", ""),
    ("Further assessment with CT is advised.", ""),
    ("CT could be considered.", ""),
    ("A CT was declined by the family.", ""),
    ("We have no access to the CT from abroad.", ""),
    ("Nodule known from a previous CT.", ""),
    ("CT from 2016 was normal.", ""),
    ("Biopsy under CT guidance.", ""),
    ("Meets the HRCT criteria for a UIP pattern.", ""),
    ("Compared with the prior radiograph.", ""),
    ("Esegue TC torace senza mdc: addensamenti bilaterali.", "CT"),
    ("La TC torace non mostra embolia.", "CT"),
    ("Nessun versamento alla TC.", "CT"),
    ("L'RX torace non documenta lesioni.", "X-ray"),
    ("No radiographic signs of failure.", "X-ray"),
    ("Anche se asintomatico, esegue RX torace.", "X-ray"),
    ("RX addome: livelli idroaerei.", "other"),
    ("Abdominal radiograph: dilated loops.", "other"),
    ("RX torace e addome a letto.", "X-ray"),
]


@pytest.mark.parametrize("text, kinds", MENTIONS)
def test_a_mention_is_no_examination(text, kinds):
    assert ",".join(sorted({found.kind for found in prose.examinations(text)})) == kinds


@pytest.mark.parametrize(
    "text, announced",
    [
        ("RX torace: addensamento basale.", True),
        ("Dopo due giorni esegue RX torace.", True),
        ("La radiografia del torace mostra opacità.", True),
        ("In ambulanza veniva visto il referto con allegata radiografia.", False),
        ("Thickening of the septa and absence of effusion in both bases characterise here the TC pattern.", False),
    ],
)
def test_a_sentence_announces_an_examination_or_mentions_it(text, announced):
    assert [found.announced for found in prose.examinations(text)] == [announced]


@pytest.mark.parametrize(
    "text, sex",
    [
        ("Fever. She was tachypneic on arrival.", "F"),
        ("He complained of cough. His saturation was low.", "M"),
        ("Her husband was admitted, too.", ""),
        ("He said that she was tired.", ""),
        ("A woman with fever. He was seen by the radiologist.", "F"),
    ],
)
def test_english_pronouns_say_the_sex_where_no_noun_does(text, sex):
    assert prose.sex(text).value == sex


@pytest.mark.parametrize(
    "paragraphs, patients, turned",
    [
        ([f"CASO {n}" for n in range(1, 6)], "abcde", list("abcde")),
        (["Paziente n. 1: donna di 40 anni.", "RX torace", "Paziente n. 2", "Paziente n. 3"], "abc", ["a", None, "b", "c"]),
        (["Paziente A", "Paziente B"], "ab", ["a", "b"]),
        (["Primo bambino: tosse.", "Il secondo bambino", "Terzo bambino"], "abc", ["a", "b", "c"]),
        (["Femmina, 4 anni. Febbre.", "RX.", "Maschio, 9 anni. Tosse.", "Maschio di 2 mesi, in PS."], "abc", ["a", None, "b", "c"]),
        (["Presentiamo cinque bambini.", "Caso 1", "Caso 2"], "abcde", [None, "a", "b"]),
        (["Cinque bambini con febbre."], "abcde", [None]),
        (["Caso 1 e resto. Caso 2 e resto."], "ab", [""]),
        (["Donna di 60 anni.", "Donna di 60 anni, al controllo."], "", [None, None]),
        (["Il figlio è il paziente del caso clinico n.3.", "Paziente 2 giorni dopo."], "", [None, None]),
        (["Caso 4: noto.", "Caso 7: noto."], "", [None, None]),
    ],
)
def test_any_number_of_patients(paragraphs, patients, turned):
    assert prose.turns(paragraphs) == (tuple(patients), turned)
