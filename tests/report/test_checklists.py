"""CLAIM.md and TRIPOD.md: every item answered, each sentence true of the file that it names, and nothing said of what is not there."""

import re
from collections import Counter
from dataclasses import is_dataclass, replace
from typing import get_args, get_type_hints

import jinja2
import jinja2.meta
import pytest

from cxrkit.data.manifest import Manifest
from cxrkit.data.records import Record
from cxrkit.evaluation.metrics import Figure
from cxrkit.evaluation.scoring import final_scores
from cxrkit.report import checklists
from cxrkit.report.checklists import Checklists
from cxrkit.results import Results
from cxrkit.schema import Audits, Comparison, Metrics, RunInfo
from cxrkit.tables import figure_text, plain
from tests.report import folders

KINDS = {"run.json": RunInfo, "metrics.json": Metrics, "comparison.json": Comparison, "audits.json": Audits, "manifest.csv": Record}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return folders.write(tmp_path_factory.mktemp("lists"))


@pytest.fixture(scope="module")
def lists(results):
    return Checklists(results)


def rows(text):
    """{item: (topic, word, told)} of a checklist's table."""
    found = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in text.splitlines() if re.match(r"\| \d", line)]
    return {row[0]: (row[2], row[3], row[4]) for row in found}


def bias(text):
    """{question: (word, fact)}."""
    found = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in text.split("## Risk of bias")[1].splitlines() if "?" in line]
    return {row[1]: (row[2], row[3]) for row in found}


@pytest.mark.parametrize("name, items", [("claim", 44), ("tripod", 52)])
def test_each_item_has_an_answer_and_the_score_counts_them(lists, name, items):
    text = lists.page(name)
    found = rows(text)
    assert len(found) == items
    counts = Counter(word for _, word, _ in found.values())
    assert set(counts) == {"yes", "in part", "no", "not applicable"}
    assert (
        f"Of {items - counts['not applicable']} items that apply, {counts['yes']} are answered by the results alone, {counts['in part']} in part, "
        f"and {counts['no']} must be answered by the authors; {counts['not applicable']} {'does' if counts['not applicable'] == 1 else 'do'} not apply."
    ) in text


def test_claim_has_items_1_to_44_and_tripod_27():
    lists = checklists.load()
    assert [item["n"] for items in lists["claim"].values() for item in items] == list(range(1, 45))
    numbers = [item["n"] for items in lists["tripod"].values() for item in items]
    assert list(dict.fromkeys(re.match(r"\d+", number)[0] for number in numbers)) == [str(n) for n in range(1, 28)]


def test_the_lists_have_only_keys_that_are_read_and_facts_that_there_are():
    """A comma in an unquoted sentence would end it, and make a key of the rest."""
    lists = checklists.load()
    items = [item for name in ("claim", "tripod") for part in lists[name].values() for item in part]
    assert all(set(item) <= {"n", "topic", "fact", "write", "lacking", "na", "when"} for item in items)
    asked = [row for part in lists["bias"].values() for row in part]
    assert all(set(row) == {"ask", "fact", "judge"} for row in asked)
    assert all({"at", "says"} <= set(fact) <= {"at", "says", "zero"} for fact in lists["facts"].values())
    assert {row["fact"] for row in (*items, *asked) if "fact" in row} == set(lists["facts"])


def test_each_field_that_a_fact_names_is_one_that_the_kit_writes():
    named = [fact["at"] for fact in checklists.load()["facts"].values() if len(fact["at"]) == 2]
    assert len(named) > 25
    for name, field in named:
        kind = KINDS[name]
        for key in field.split("."):
            hints = get_type_hints(kind)
            assert key in hints, f"{name} has no {field}"
            kind = next((part for part in (hints[key], *get_args(hints[key])) if is_dataclass(part)), None)


def test_each_sentence_can_be_made_from_any_results_that_hold_its_field(lists):
    made = jinja2.Environment()
    made.filters |= lists.made.filters
    for name, fact in lists.lists["facts"].items():
        assert jinja2.meta.find_undeclared_variables(made.parse(fact["says"])) <= set(lists.values), name


def test_answers_are_the_results_own_figures(results, lists):
    claim, tripod = rows(lists.page("claim")), rows(lists.page("tripod"))
    mean = final_scores(results.metrics, "means")[0]
    for told in (claim["37"][2], tripod["23a"][2]):
        assert plain(f"ResNet34: sensitivity {figure_text(mean.rates.sensitivity)}, specificity") in told
        assert told.endswith("([metrics.json](metrics.json), `scores`)")
    assert "training 40 COVID-19 and 60 normal; validation 20 COVID-19 and 40 normal; test 34 COVID-19 and 60 normal" in claim["19"][2]
    assert claim["20"][1:] == ("yes", "No patient or picture stands in two splits. ([run.json](run.json), `leaks`)")
    assert (
        "34 COVID-19 and 60 normal patients are held out: a sensitivity of 0.95 would have a 95 % interval 0.17 wide, a specificity of 0.95 one 0.12 wide."
        in claim["21"][2]
    )
    assert "2 of 256 images are left out" in claim["8"][2] and "254 used" in claim["35"][2]
    assert "ResNet34 at elsewhere: AUC 0.800" in claim["33"][2] and "gives the answer away" in claim["40"][2]
    assert "Judged on 94 test images, which chose nothing." in claim["32"][2]
    cropped = Results(results.folder)
    cropped.info = replace(results.info, experiment=replace(results.experiment, resize="crop"))
    assert "middle of its long side" in rows(Checklists(cropped).page("claim"))["10"][2]


def test_what_was_not_done_is_a_no_with_what_does_it(tmp_path):
    lists = Checklists(folders.write(tmp_path, audits=False, sizes={"train": (40, 60), "valid": (20, 40)}))
    claim, tripod = rows(lists.page("claim")), rows(lists.page("tripod"))
    for item in ("26", "30", "31", "32", "33", "40"):
        assert claim[item][1] == "no", item
    assert "python -m cxrkit audit RUN" in claim["30"][2] and "--external" in claim["33"][2] and "validation films" in claim["32"][2]
    assert {tripod[item][1] for item in ("12d", "14", "23b", "26")} == {"no"}
    found = bias(lists.page("tripod"))
    assert found["Does it hold elsewhere?"] == ("not known", "Nothing in these files.")
    assert found["Were the films that are judged kept out of every choice?"][0] == "concern"
    assert found["Can the classes be told apart without seeing the lungs?"][0] == "not known"


def test_what_no_file_can_show_is_always_left_to_a_person(lists):
    claim, tripod = rows(lists.page("claim")), rows(lists.page("tripod"))
    assert (
        {claim[item][1] for item in ("11", "15", "16", "18", "44")}
        == {tripod[item][1] for item in ("8b", "8c", "17", "18a", "19")}
        == {"no"}
    )
    assert claim["1"][1] == claim["14"][1] == "in part" and "Still to write" in claim["14"][2]


def test_drawn_films_are_not_called_films_of_patients(lists, tmp_path):
    text = lists.page("claim") + lists.page("tripod")
    assert (
        text.count("The films are drawn; nobody was examined.") == 2
        and "Retrospective" not in text
        and "as the sources give them" not in text
    )
    assert bias(lists.page("tripod"))["Do the films show people?"][0] == "concern"
    films = rows(Checklists(folders.write(tmp_path, info={"films": "films"})).page("claim"))
    assert (
        films["5"][2].startswith("Retrospective: the films were published before, by others.")
        and "as the sources give them" in films["14"][2]
    )


def sourced(record):
    return record.but(source="hospital" if record.label == "covid" else "clinic", age="60" if record.label == "covid" else "4")


def test_a_source_and_an_age_for_each_class_give_concern(tmp_path, lists):
    apart = bias(Checklists(folders.write(tmp_path, sourced)).page("tripod"))
    assert apart["Do both classes come from the same places?"][0] == apart["Are the classes of similar age?"][0] == "concern"
    assert "both classes: 0 of 94 COVID-19 films and 0 of 160 normal films." in apart["Do both classes come from the same places?"][1]
    assert (
        "COVID-19 60 years (known in years for 34 films), normal 4 years (known in years for 60 films)"
        in apart["Are the classes of similar age?"][1]
    )
    few = folders.write(
        tmp_path / "few", lambda record: sourced(record) if record.label == "covid" and not record.image_id.endswith("1.png") else record
    )
    word, fact = bias(Checklists(few).page("tripod"))["Do both classes come from the same places?"]
    assert word == "concern" and "160 of 160 normal films" in fact
    together = bias(lists.page("tripod"))
    assert together["Do both classes come from the same places?"][0] == "none seen"
    assert together["Are the classes of similar age?"] == ("not known", "Nothing in these files.")


@pytest.mark.parametrize(
    "change, question, word",
    [
        ({"leaks": 3}, "Are training and held-out films kept apart?", "concern"),
        ({"leaks": 0}, "Are training and held-out films kept apart?", "none seen"),
        ({"unfinished": ["resnet34-seed1"]}, "Is every training run and film in the analysis?", "concern"),
        ({"unfinished": []}, "Is every training run and film in the analysis?", "none seen"),
    ],
)
def test_a_question_is_judged_by_its_fact(results, change, question, word):
    changed = Results(results.folder)
    changed.info = replace(results.info, **change)
    assert bias(Checklists(changed).page("tripod"))[question][0] == word


@pytest.mark.parametrize("low, word", [(0.02, "concern"), (-0.02, "none seen"), (None, "not known")])
def test_a_fall_outside_gives_concern_where_its_interval_lies_above_0(results, low, word):
    changed = Results(results.folder)
    rows_ = [replace(row, drop=replace(row.drop, auc=Figure(0.1, low, 0.2, 144, "drawn"))) for row in results.audits.external]
    changed.audits = replace(results.audits, external=rows_)
    assert bias(Checklists(changed).page("tripod"))["Does it hold elsewhere?"][0] == word


def test_films_whose_patient_is_not_known_may_stand_in_two_splits(results):
    changed, some = Results(results.folder), {record.image_id for record in results.manifest.used[:5]}
    changed.manifest = Manifest(record.but(patient="") if record.image_id in some else record for record in results.manifest.records)
    word, fact = bias(Checklists(changed).page("tripod"))["Are training and held-out films kept apart?"]
    assert word == "not known" and "For 5 films the patient is not known" in fact


def test_other_peoples_text_breaks_no_table(tmp_path):
    hostile = "a | b\n<script>*x*"
    lists = Checklists(folders.write(tmp_path, lambda record: record.but(source=hostile, view="")))
    for name in ("claim", "tripod"):
        text = lists.page(name)
        assert "<script>" not in text and all(len(row) == 3 for row in rows(text).values())
    assert len(rows(lists.page("claim"))) == 44


def test_one_network_of_one_seed_has_its_answers_too(tmp_path):
    claim = rows(Checklists(folders.write(tmp_path, seeds=(0,), error_rates=(0.05,), audits=False)).page("claim"))
    assert claim["27"][1] == "not applicable" and claim["29"][1] == "no"
    assert "1 network tells" in claim["6"][2] and "1 seed per network" in claim["25"][2]
