"""Wrong words on a command line: what is said of a mistyped option, of a list without words, of a value that cannot work."""

from dataclasses import fields

import pytest

from cxrkit import __main__ as cxrkit_program
from cxrkit import config
from cxrkit.errors import WrongUse, run_command
from cxrkit.options import overrides_of
from scrapers import __main__ as scrapers_program
from tests.kernel.entry import kernel_run

PROGRAMS = {"cxrkit": cxrkit_program, "scrapers": scrapers_program, "run.py": kernel_run()}


def refused(program, *words):
    """The message of words that are wrong use."""
    with pytest.raises(WrongUse) as caught:
        PROGRAMS[program].parser().parse_args(words)
    return str(caught.value)


@pytest.mark.parametrize(
    "program, words, said",
    [
        ("run.py", ["--local", "--architecure", "resnet34"], "no option --architecure.\n  next:  did you mean --architectures?"),
        ("run.py", ["--architecure=resnet34"], "no option --architecure.\n  next:  did you mean --architectures?"),
        ("run.py", ["-seeds", "1"], "no option -seeds.\n  next:  did you mean --seeds?"),
        ("run.py", ["--no-pretraned"], "did you mean --no-pretrained?"),
        ("cxrkit", ["evaluate", "--treshold", "0.3"], "cxrkit evaluate has no option --treshold.\n  next:  did you mean --threshold?"),
        ("cxrkit", ["manifest", "build", "--surce", "a=b"], "did you mean --source?"),
        ("cxrkit", ["evalute", "RUN"], "no command 'evalute'.\n  next:  did you mean evaluate?"),
        ("cxrkit", ["manifest", "dif", "a", "b"], "did you mean diff?"),
        ("cxrkit", ["--json", "evaluate", "RUN"], "it goes behind a command, such as python -m cxrkit evaluate --json"),
        ("scrapers", ["refresh", "--cases-file", "a"], "did you mean --cases?"),
        ("scrapers", ["publich"], "did you mean publish?"),
    ],
)
def test_a_mistyped_word_is_told_with_the_nearest_real_one(program, words, said):
    message = refused(program, *words)
    assert said in message and "required" not in message


def test_what_is_like_nothing_leads_to_the_help():
    assert "python -m cxrkit plan has no option --xyzzy" in (message := refused("cxrkit", "plan", "--xyzzy"))
    assert "did you mean" not in message and "python -m cxrkit plan --help" in message


def test_beginnings_numbers_and_what_stands_behind_two_dashes_are_no_mistake():
    parsed = kernel_run().parse(["--epoch", "2", "--workers", "-1"])
    assert (parsed.epochs, parsed.workers) == (2, -1)
    assert str(cxrkit_program.parser().parse_args(["predict", "RUN", "--", "-film.png"]).images[0]) == "-film.png"
    assert "could match --split, --split-seed" in refused("run.py", "--spli", "x")


def test_a_word_too_many_is_told_by_the_command_that_has_no_use_for_it():
    assert "python -m cxrkit manifest diff has no use for 'c d'" in refused("cxrkit", "manifest", "diff", "a", "b", "c d")


LISTS = [
    *[("run.py", [], config.option_of(key.name)) for key in fields(config.Experiment) if config.item_type(key)],
    ("cxrkit", ["bench"], "--image-size"),
    ("cxrkit", ["bench"], "--architectures"),
    ("cxrkit", ["manifest", "build", "--source=a=b"], "--match"),
    ("cxrkit", ["evaluate", "RUN"], "--prevalence"),
    ("cxrkit", ["audit", "RUN"], "--networks"),
    ("cxrkit", ["export", "RUN"], "--films"),
]


@pytest.mark.parametrize("program, before, option", LISTS)
def test_a_list_without_a_word_is_wrong_use(program, before, option):
    message = refused(program, *before, option)
    assert message.startswith(f"{option}: expected ") and f"{option} is: " in message


def test_a_list_without_a_word_names_what_there_is():
    assert "view, age and sex" in refused("run.py", "--match")


@pytest.mark.parametrize(
    "program, before, option, words",
    [
        ("run.py", [], "--seeds", ["0", "5"]),
        ("run.py", [], "--architectures", ["resnet34", "vgg16_bn"]),
        ("run.py", [], "--match", ["view", "age"]),
        ("cxrkit", ["evaluate", "RUN"], "--prevalence", ["0.1", "0.25"]),
        ("cxrkit", ["audit", "RUN"], "--networks", ["resnet34-seed0", "resnet34-seed1"]),
    ],
)
def test_words_of_a_list_stand_apart_or_with_commas_or_behind_the_option_once_more(program, before, option, words):
    forms = ([option, *words], [option, ",".join(words)], [option, words[0], option, words[1]])
    found = [getattr(PROGRAMS[program].parser().parse_args([*before, *form]), option[2:]) for form in forms]
    assert found[0] == found[1] == found[2] and [str(each) for each in found[0]] == words


def test_a_word_that_is_no_number_is_told():
    assert refused("run.py", "--seeds", "0,a").startswith("--seeds: 'a' is no whole number")


def test_no_item_is_written_in_words():
    parsed = kernel_run().parse(["--match", "none", "--exclude-views", "none"])
    assert overrides_of(parsed) == {"match": [], "exclude_views": []}
    assert config.load("paper", {"match": ["none"]}).match == ()
    assert "none stands alone" in refused("run.py", "--match", "view", "none")
    with pytest.raises(WrongUse, match="architectures"):
        config.load("paper", {"architectures": ["none"]})


@pytest.mark.parametrize(
    "words", [["evaluate", ""], ["report", "RUN", "--out", ""], ["compare", "RUN", "--out="], ["workflow", "--experiment="]]
)
def test_an_empty_text_is_no_name(words):
    assert "the text is empty" in refused("cxrkit", *words)


WRONG = {
    "split": "gruped",
    "exclude_views": ["laterall"],
    "duplicates": "kep",
    "label_conflicts": "x",
    "ages": "old",
    "match": ["weight"],
    "age_caliper": -1.0,
    "architectures": ["resnet43"],
    "seeds": [-1],
    "image_size": 8,
    "batch_size": 1,
    "epochs": 0,
    "resize": "cut",
    "learning_rate": 0.0,
    "frozen_rates": "x",
    "unfrozen_rates": "x",
    "warmup_share": 1.0,
    "epsilon": 0.0,
    "lr_find_iterations": 1,
    "threshold": 1.0,
    "loader": "x",
    "precision": "fp16",
    "parallel": "x",
    "audit": "x",
    "external_films": -1,
    "jobs_at_once": -1,
    "workers": -2,
}
ANYTHING = {"name", "data", "external", "contact", "weights", "split_seed"}


def test_each_key_with_limits_is_tried():
    free = {key.name for key in fields(config.Experiment) if key.type is bool}
    assert WRONG.keys() == {key.name for key in fields(config.Experiment)} - free - ANYTHING


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_told_with_the_option_or_with_file_and_key(key, tmp_path):
    option, path = config.option_of(key), tmp_path / "mine.yaml"
    path.write_text(f"{key}: {WRONG[key]}\n")
    with pytest.raises(WrongUse) as of_file:
        config.load(path)
    assert str(path) in str(of_file.value.where) and key in str(of_file.value) and option not in str(of_file.value)
    path.write_text("epochs: 2\n")
    with pytest.raises(WrongUse) as of_option:
        config.load(path, {key: WRONG[key]})
    assert option in str(of_option.value) and str(path) not in str(of_option.value)


def test_values_that_do_not_go_together_are_told_by_their_origin(tmp_path):
    (tmp_path / "mine.yaml").write_text("audit: quick\n")
    with pytest.raises(WrongUse, match="; audit is 'quick'.\n  where: .*mine.yaml"):
        config.load(tmp_path / "mine.yaml", {"external": ["a=b"]})
    with pytest.raises(WrongUse, match="; --audit is 'quick'.\n  next"):
        config.load("paper", {"external": ["a=b"], "audit": "quick"})
    with pytest.raises(WrongUse, match="--seeds names one twice: 1, 1.\n  next"):
        config.load("paper", {"seeds": [1, 1]})


def test_wrong_use_is_said_in_lines_and_is_exit_code_2(capsys):
    assert run_command(lambda: kernel_run().main(["--local", "--match"])) == 2
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("error: --match: expected") and "usage:" not in told.err


@pytest.mark.parametrize(
    "program, words",
    [
        ("cxrkit", ["evaluate", "RUN", "--threshold", "2"]),
        ("cxrkit", ["compare", "RUN", "--margin-sensitivity", "nan"]),
        ("cxrkit", ["evaluate", "RUN", "--prevalence", "0.1,50"]),
        ("cxrkit", ["plan", "--normals", "0"]),
        ("cxrkit", ["audit", "RUN", "--external-films", "-3"]),
        ("cxrkit", ["gpu-check", "--minutes", "-1"]),
        ("cxrkit", ["gpu-check", "--precision", "fp16"]),
        ("cxrkit", ["demo", "RUN", "--port", "99999"]),
        ("cxrkit", ["wait", "--limit", "inf"]),
        ("run.py", ["--hours", "x"]),
        ("scrapers", ["publish", "--slug", "a/b", "--title", ""]),
    ],
)
def test_a_value_beyond_its_limits_is_told_with_its_option(program, words):
    option = next(word for word in words if word.startswith("--") and word != "--slug")
    assert refused(program, *words).startswith(f"{option}: ")
