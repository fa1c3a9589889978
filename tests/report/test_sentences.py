"""What every page and paper says, read as a proof-reader would: marks of a sentence that was put together wrongly."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup

from cxrkit import config
from cxrkit.evaluation.metrics import Figure
from cxrkit.report import page, report, sentences
from cxrkit.report.tables import comparison
from cxrkit.tables import figure_text, number_text, p_text, p_told, points_cell
from tests.report import folders

FAULTS = {
    "two spaces": r"\S  +\S",
    "a singular that is plural": r"(?<![-\w.,])1 (?:films|images|patients|seeds|epochs|networks|pairs|copies|trainings|points|rows|reasons|ensembles)\b",
    "a plural that is singular": r"(?<![-\w.,])(?:[2-9]|[1-9]\d+) (?:film|image|patient|seed|epoch|network|copy|training|row)\b(?!-)",
    "a hyphen for a minus": r"(?:^|[\s\[(])-\d+\.\d",
    "a zero with a sign": r"[+\u2212-]0\.0+(?![\d])",
    "two minus signs": r"[\u2212-]\u2212|\u2212-",
    "two marks": r"\.\.(?!\.)|,,|;;|\?\.|\.;| [,;.](?:\s|$)",
    "an article before a vowel": r"\ba (?:AUC|error|image|old|outer|ensemble)\b",
    "trainings, where English has training runs": r"\b[Tt]rainings\b|\ba training\b(?! (?:film|image|loss|patient|picture|run|set|split))",
    "a difference in points beyond 100": r"[+\u2212][1-9]\d\d\.\d\d(?=[,\]])",
    "what is not known, said as a sentence": r"\bWhether [^.:]* is not known\.|\bis known that\b|\bis, is not\b|[Nn]othing here says",
    "a word that a reader of statistics stumbles over": r"\b(?:an image minus|means? an? image)\b|\bof meaning there\b|weighed by the odds|\b1 training\b(?! run)",
    "a word of Python": r"\bNone\b(?! of)|\bnan\b|\{\w*\}",
}


def faults(text):
    return [
        (name, found.group(), text[max(0, found.start() - 40) : found.end() + 20])
        for name, rule in FAULTS.items()
        for found in re.finditer(rule, text)
    ]


@pytest.mark.parametrize(
    "seeds, rates", [((0, 1, 2), (0.05, 0.08, 0.05, 0.15)), ((0,), (0.05, 0.08)), ((4,), (0.05,))], ids=["12", "2", "1"]
)
def test_no_sentence_is_put_together_wrongly(tmp_path, monkeypatch, seeds, rates):
    monkeypatch.setattr(page.plots, "drawn", folders.undrawn)
    results = folders.write(tmp_path / "results", seeds=seeds, error_rates=rates, audits=len(rates) > 2, info={"films": "films"})
    report.make(results)
    soup = BeautifulSoup((results.folder / "report.html").read_text("utf-8"), "html.parser")
    for hidden in soup.find_all(["script", "style", "pre", "label", "output", "button"]):
        hidden.extract()
    for command in soup.find_all("code"):
        command.replace_with("this")
    told = [
        each.get_text()
        for each in soup.find_all(["p", "li", "th", "td", "caption", "figcaption", "dd"])
        if not each.find(["p", "li", "th"])
    ]
    assert len(told) > 200
    for name in ("MODEL_CARD.md", "CLAIM.md", "TRIPOD.md"):
        told += [line for line in (results.folder / name).read_text("utf-8").splitlines() if not re.match(r"\s*(?:- |\w+:|---)", line)]
    told = [" ".join(each.split()) if "\n" in each else each.strip() for each in told if "python" not in each]
    assert [fault for each in told for fault in faults(each)] == []


def test_the_proof_reader_sees_its_faults():
    wrong = (
        "trainings may",
        "a training is",
        "[\u2212110.57, +65.55]",
        "Whether it holds is not known.",
        "weighed by the odds",
        "1 films",
        "2 film",
        "a  b",
        "-0.1",
        "\u22120.000",
        "\u2212\u22121",
        "a AUC",
        "None",
        "so ; it",
    )
    assert all(faults(each) for each in wrong) and not faults("1 film, 2 films: \u22120.001 [\u22120.010, +0.008], None of the 6 pairs.")


def test_numbers_have_one_minus_sign_and_zero_has_none():
    figure = Figure(-0.00004, -0.0123, 0.00001, 9, "drawn")
    assert figure_text(figure) == "0.000 [\u22120.012, 0.000]" and points_cell(figure).text == "0.00 [\u22121.23, 0.00]"
    assert number_text(-0.25, 1, "+") == "\u22120.2" and number_text(0.26, 1, "+") == "+0.3" and number_text(0.0, 2, "+") == "0.00"


def test_a_p_has_the_digits_that_it_can_have():
    assert [p_text(p) for p in (0.0004, 0.0006, 0.0312, 0.0994, 0.177, 1.0)] == ["< 0.001", "0.001", "0.031", "0.099", "0.18", "1.00"]
    assert p_told(0.0001) == "p < 0.001" and p_told(0.049) == "p = 0.049"


def test_the_scale_above_a_column_is_that_of_its_own_figures(tmp_path):
    compared = folders.write(tmp_path, audits=False).comparison
    for table in (comparison.pairs(compared), comparison.networks(compared)):
        for index, column in enumerate(table.columns):
            if column.scale:
                ends = [end for row in table.rows for end in (row[index].low, row[index].value, row[index].high) if end is not None]
                assert column.scale[1] == max(ends), column.title


def test_the_command_that_repeats_a_run_names_attached_weights():
    """Regression: a network from timm has no others to start from, and the command of the page was refused."""
    plain = SimpleNamespace(experiment=config.load("paper", {"seeds": [0, 1]}), info=SimpleNamespace(films="files"))
    attached = SimpleNamespace(experiment=replace(plain.experiment, weights="attached"), info=plain.info)
    assert "--weights" not in sentences.repeat(plain)
    assert "--data DIR --weights DIR --seeds 0 1" in sentences.repeat(attached)
