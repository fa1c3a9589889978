"""The verdict on constructed audits: each has one thing wrong with it, and the verdict must name that thing."""

import copy

import pytest

from cxrkit.audit import verdict


def area(auc, half=0.02, n=400):
    return {"auc": auc, "interval": [max(0, auc - half), min(1, auc + half)], "n": n, "n_covid": n // 4}


def baseline(name, auc, title=None):
    return {"name": name, "title": title or f"the {name}", "note": "", **area(auc, n=1700)}


def network(auc=0.95, over=0.05, half=0.02, architecture="resnet34"):
    low = over - 0.03
    advantage = {
        "over": "thumbnail-16",
        "over_title": "a thumbnail of 16 x 16 pixels",
        "coarse_auc": auc - over,
        "auc": over,
        "interval": [low, over + 0.03],
        "n": 400,
    }
    return {"architecture": architecture, "seeds": [0], **area(auc, half), "advantage": advantage}


def masked(auc, share=0.64, side=0.8, retrained=False):
    return {"architecture": "resnet34", "seed": 0, "mask": "centre", "share": share, "side": side, "retrained": retrained, **area(auc)}


HONEST = {
    "manifest_sha256": "0" * 64,
    "data": "films",
    "films": {"covid": 400, "normal": 1300, "patients": 1600, "leaks": 0, "judged": {"split": "test", "covid": 100, "normal": 300, "covid_patients": 90, "normal_patients": 290}},
    "baselines": [
        {"name": "majority", "title": "nothing", "note": "", **area(0.5)},
        baseline("source", 0.51), baseline("file", 0.53), {**baseline("age", 0.5), "auc": None, "interval": [None, None]},
        baseline("border", 0.55), baseline("histogram", 0.7), baseline("thumbnail-8", 0.85), baseline("thumbnail-16", 0.88),
    ],
    "networks": [network(), network(0.94, architecture="vgg16_bn")],
    "masking": [masked(0.95, 0, 0), masked(0.55)],
    "sources": [{"kind": "seen-source", "title": "north", "note": "", "by_network": "resnet34", **area(0.6)}],
    "controls": [{"name": "permutation", "title": "labels", "expected": "0.5", "found": "0.5", "passed": True}],
    "external": [{"name": "away", "architecture": "resnet34", "drop": {"auc": 0.02, "interval": [-0.02, 0.06], "specificity": {"value": 0.1, "interval": [-0.1, 0.3]}}}],
}  # fmt: skip


def changed(**parts):
    return copy.deepcopy(HONEST) | parts


def with_baseline(name, auc, **parts):
    return changed(baselines=[baseline(name, auc) if row["name"] == name else row for row in HONEST["baselines"]], **parts)


CASES = {
    "honest data": (HONEST, "no-shortcut-found", set()),
    "source shortcut": (with_baseline("source", 0.97), "source-shortcut", {"lungless-source"}),
    "age shortcut": (with_baseline("age", 0.99), "source-shortcut", {"lungless-age"}),
    "file shortcut": (with_baseline("file", 0.92), "source-shortcut", {"lungless-file"}),
    "border shortcut": (with_baseline("border", 0.995), "border-shortcut", {"lungless-border"}),
    "border as good as a poor network": (
        with_baseline("border", 0.78, networks=[network(0.79, half=0.04)]),
        "border-shortcut",
        {"lungless-border"},
    ),
    "border tells a part": (with_baseline("border", 0.75), "partial-shortcut", {"lungless-border"}),
    "lungs needed": (changed(masking=[masked(0.95, 0, 0), masked(0.51)]), "no-shortcut-found", {"lungs-needed"}),
    "lungs hidden, score kept": (changed(masking=[masked(0.95, 0, 0), masked(0.93)]), "border-shortcut", {"lungs-hidden"}),
    "lungs hidden, trained anew": (
        changed(masking=[masked(0.95, 0, 0), masked(0.5), masked(0.94, retrained=True)]),
        "border-shortcut",
        {"lungs-hidden", "lungs-needed"},
    ),
    "leak": (changed(films=HONEST["films"] | {"leaks": 3}), "leak", {"leaks"}),
    "too few patients": (
        changed(films=HONEST["films"] | {"judged": HONEST["films"]["judged"] | {"covid_patients": 6}}),
        "too-few",
        {"patients"},
    ),
    "intervals too wide": (changed(networks=[network(0.8, half=0.15, over=0.1)]), "too-few", {"width"}),
    "no better than a thumbnail": (changed(networks=[network(over=0.01)]), "thumbnail", {"coarse"}),
    "chance": (changed(networks=[network(0.52, over=0.0, half=0.06)], masking=[masked(0.52, 0, 0), masked(0.52)]), "chance", {"chance"}),
    "lost elsewhere": (
        changed(external=[{"name": "away", "architecture": "resnet34", "drop": {"auc": 0.2, "interval": [0.1, 0.3]}}]),
        "no-transfer",
        {"elsewhere-auc"},
    ),
    "alarms elsewhere": (
        changed(
            external=[
                {
                    "name": "away",
                    "architecture": "resnet34",
                    "drop": {"auc": None, "interval": [None, None], "specificity": {"value": 0.5, "interval": [0.4, 0.6]}},
                }
            ]
        ),
        "no-transfer",
        {"elsewhere-specificity"},
    ),
    "sources known": (changed(sources=[HONEST["sources"][0] | area(0.97)]), "partial-shortcut", {"sources-known"}),
    "control failed": (changed(controls=[HONEST["controls"][0] | {"passed": False}]), "audit-failed", {"controls"}),
    "no network, honest": (changed(networks=[], masking=[], sources=[], external=[]), "no-shortcut-found", set()),
    "no network, thumbnail": (
        with_baseline("thumbnail-8", 0.97, networks=[], masking=[], sources=[], external=[]),
        "thumbnail",
        {"coarse"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_constructed_cases(name):
    content, conclusion, rules = CASES[name]
    found = verdict.decide(content)
    assert found["conclusion"] == conclusion
    assert {reason["rule"] for reason in found["reasons"]} == rules
    assert found["paragraph"].endswith(verdict.CONCLUSIONS[conclusion])


def test_every_conclusion_is_reached_by_a_case():
    assert {conclusion for _, conclusion, _ in CASES.values()} == set(verdict.CONCLUSIONS)


def test_the_gravest_of_several_leads_and_all_are_told():
    content = with_baseline("border", 0.995, films=HONEST["films"] | {"leaks": 2}, networks=[network(over=0)])
    found = verdict.decide(content)
    assert found["conclusion"] == "leak"
    assert [reason["rule"] for reason in found["reasons"]] == ["leaks", "lungless-border", "coarse"]
    for words in ("2 patients or pictures", "The border alone", "A thumbnail of 16 x 16"):
        assert words in found["paragraph"]


def test_the_paragraph_of_the_study_itself():
    content = with_baseline("border", 0.995, networks=[network(0.997, over=-0.002, half=0.003), network(0.99, over=-0.01)])
    content["baselines"][1] = baseline("source", 0.95, "the name of the source")
    text = verdict.decide(content)["paragraph"]
    assert (
        "best of 2 networks, ResNet34, reaches an AUC of 0.997 [0.994 to 1.000] on 400 films held out of training, 100 of them COVID-19"
        in text
    )
    assert "Without a look at the lungs the classes are told apart by the name of the source (0.950) and by the border (0.995)." in text
    assert "no score shows that a network sees disease" in text


def test_a_reason_states_what_was_found_and_what_it_was_held_against():
    for reason in verdict.decide(with_baseline("border", 0.995, networks=[network(over=0)]))["reasons"]:
        assert set(reason) == {"rule", "text", "value", "threshold", "leads_to"} and reason["value"] is not None


def test_parts_that_were_not_done_are_held_against_nothing():
    bare = {key: HONEST[key] for key in ("manifest_sha256", "data", "films")}
    assert verdict.decide(bare)["conclusion"] == "no-shortcut-found"


def test_phantoms_are_called_phantoms():
    assert verdict.decide(changed(data="phantom"))["paragraph"].startswith("These are drawn phantoms")
