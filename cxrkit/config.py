"""The experiment: every hyperparameter of a run, one declaration a key, from defaults, a YAML file and the command line."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from operator import ge, gt, lt
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from cxrkit.data.records import MATCHABLE, VIEWS
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import sha256_of_json

SHORT_NAMES = {"resnet34": "ResNet34", "resnet101": "ResNet101", "vgg16_bn": "VGG16", "vgg19_bn": "VGG19"}
"""The study's four networks, as torchvision calls them and as people do."""
ARCHITECTURES = tuple(SHORT_NAMES)
TESTED = SHORT_NAMES | {
    "resnet18": "ResNet18",
    "resnet50": "ResNet50",
    "densenet121": "DenseNet121",
    "convnext_tiny": "ConvNeXt-T",
    "efficientnet_b0": "EfficientNet-B0",
    "efficientnet_lite0": "EfficientNet-Lite0",
}
"""Networks that the kit's tests train, as people call them."""
OF_TIMM = {"efficientnet_lite0"}
"""Those of them that another package brings."""
FOLDER = Path(__file__).parent / "experiments"
PLACES = ("data", "external")
"""Lists of places: each option names one, and is given several times."""
NONE = "none"
"""The word for a list without items, where a list may have none."""

Decides = Literal["nothing", "jobs", "films", "scores", "numbers"]
"""What a key decides: nothing (where things lie, how fast they are read, what is said), jobs (which trainings there are),
films (which are used, and in which split: the manifest's hash covers it), scores (how predictions are counted), or the
numbers of the training itself."""


def key(
    default: Any,
    help: str,
    *,
    decides: Decides = "numbers",
    choices: Iterable[str] = (),
    spelling: str = "",
    at_least: float | None = None,
    above: float | None = None,
    below: float | None = None,
    empty: bool = False,
) -> Any:
    """The one declaration of a key: its default, its help, its limits (of each item, where it is a list), and what it decides.

    empty: whether a list of words may have none, written `none` or [].
    """
    # not called "pattern": pydantic, which reads run.json, takes that for a limit of its own, and of the whole list
    limits = {"choices": tuple(choices), "spelling": spelling, "at_least": at_least, "above": above, "below": below, "empty": empty}
    return field(default=default, metadata={"help": help, "decides": decides, **limits})


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run's numbers, and where its data lies. Raises WrongUse for values that cannot work."""

    name: str = key("unnamed", "what the experiment is called", decides="nothing")
    data: tuple[str, ...] = key(
        (),
        "folder of the CoronaHack dataset, or KIND[:NAME]=DIR, or kaggle:OWNER/SLUG, or phantom, or phantom-marked; may be given several times",
        decides="nothing",
    )
    external: tuple[str, ...] = key(
        (),
        "external films on which to test the networks after training: KIND[:NAME]=DIR as for --data, or NAME=DIR (covid/ and normal/), "
        "or NAME=manifest.csv; may be given several times",
        decides="nothing",
    )
    contact: str = key("", "whom to ask about the results: a name and an address, for the page and the cards", decides="nothing")
    external_films: int = key(
        0,
        "at most this many films of each external set; whole patients, drawn with a fixed seed; 0: all, and on Kaggle as many as time "
        "and memory allow",
        at_least=0,
        decides="nothing",
    )
    split: str = key("paper", "paper (the study's) or grouped (train/valid/test by patient)", choices=("paper", "grouped"), decides="films")
    split_seed: int = key(0, "seed of the split", decides="films")
    exclude_views: tuple[str, ...] = key(("lateral",), "views to leave out", choices=filter(None, VIEWS), empty=True, decides="films")
    duplicates: str = key(
        "remove",
        "copies of one picture: remove (all but one) or keep (as the study merged its sources)",
        choices=("remove", "keep"),
        decides="films",
    )
    label_conflicts: str = key(
        "exclude", "films of one group that sources label differently: exclude or keep", choices=("exclude", "keep"), decides="films"
    )
    ages: str = key(
        "all",
        "whose films are used: all, or adults (films of patients under 18 or of unknown age are left out)",
        choices=("all", "adults"),
        decides="films",
    )
    match: tuple[str, ...] = key(
        (),
        "match each COVID-19 film with a normal one on view, age and sex, or on some of them, one film per patient; "
        "the others are left out",
        choices=MATCHABLE,
        empty=True,
        decides="films",
    )
    age_caliper: float = key(5.0, "how many years the ages of a matched pair may differ by", at_least=0, decides="films")
    allow_leakage: bool = key(False, "train even though a patient or a picture is in two splits; every table says so", decides="nothing")
    architectures: tuple[str, ...] = key(
        ARCHITECTURES,
        f"networks to train: {', '.join(TESTED)}, or another of torchvision's or timm's",
        spelling=r"[a-zA-Z][\w.]*",
        decides="jobs",
    )
    seeds: tuple[int, ...] = key((0,), "training seeds; each network is trained once per seed", at_least=0, decides="jobs")
    image_size: int = key(224, "side of the square the networks see, in pixels", at_least=32)
    batch_size: int = key(64, "images per training step", at_least=2)
    epochs: int = key(4, "epochs of each of the two stages, body frozen and unfrozen", at_least=1)
    resize: str = key(
        "squish",
        "how a film becomes a square: squish (all of it, its sides to one length) or crop (its middle, as fastai does by default)",
        choices=("squish", "crop"),
    )
    learning_rate: float = key(1e-3, "peak learning rate of the frozen stage", above=0)
    frozen_rates: str = key(
        "one",
        "learning rates while the body is frozen: one (for all that is trained) or tenth (a tenth for the body's batch norm)",
        choices=("one", "tenth"),
    )
    unfrozen_rates: str = key(
        "graded",
        "learning rates after unfreezing: one (the finder's for all layers) or graded (from its hundredth at the first layers, "
        "where the weights are ImageNet's)",
        choices=("one", "graded"),
    )
    warmup_share: float = key(0.25, "share of the steps of a stage in which the learning rate rises", above=0, below=1)
    epsilon: float = key(1e-5, "Adam's epsilon", above=0)
    decay_everywhere: bool = key(False, "weight decay on batch norm and biases too")
    precise_batch_norm: bool = key(True, "recompute batch norm's statistics from the training films after each stage")
    lr_find_iterations: int = key(100, "steps of the learning-rate finder", at_least=20)
    pretrained: bool = key(True, "start from ImageNet weights (--no-pretrained: from random ones)")
    weights: str = key("", "folder with torchvision's ImageNet weight files, instead of the network", decides="nothing")
    threshold: float = key(0.5, "a film is called COVID-19 from this probability up", above=0, below=1, decides="scores")
    loader: str = key(
        "resident",
        "resident (films decoded once, augmented on the device) or files (fastai's way: each file decoded at each use)",
        choices=("resident", "files"),
        decides="nothing",
    )
    precision: str = key(
        "auto", "auto (chosen by the device), float32, float16 or bfloat16", choices=("auto", "float32", "float16", "bfloat16")
    )
    parallel: str = key(
        "jobs",
        "jobs (each training is one process, several at once) or data (under torchrun: all processes train one network together)",
        choices=("jobs", "data"),
    )
    audit: str = key(
        "full", "after training: full, quick (only what needs no network) or none", choices=("full", "quick", "none"), decides="nothing"
    )
    jobs_at_once: int = key(
        0, "trainings at the same time on each device; 0: chosen by its memory and the processors", at_least=0, decides="nothing"
    )
    workers: int = key(-1, "processes that decode images for --loader files; -1: chosen by the processors", at_least=-1, decides="nothing")

    def __post_init__(self) -> None:
        _refuse_wrong(vars(self), _Said())

    def settings(self, *decides: Decides) -> dict[str, Any]:
        """{key: value} of the keys that decide one of these."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.metadata["decides"] in decides}

    def hash(self) -> str:
        """SHA-256 of what decides which networks there are and what is said of them; 64 hexadecimal digits."""
        return sha256_of_json(self.settings("jobs", "films", "scores", "numbers"))


def option_of(name: str) -> str:
    """The command line's option for a key."""
    return "--" + name.replace("_", "-")


@dataclass(frozen=True)
class _Said:
    """How keys were given. options: those given on the command line; file: where the others stand, None where nobody asks."""

    options: Collection[str] = ()
    file: object = None

    def name(self, key: str) -> str:
        """The key as its user wrote it."""
        return option_of(key) if key in self.options else key

    def where(self, *keys: str) -> object:
        """The file of the first of the keys that stands in it, None where all were options, which the message names."""
        return self.file if set(keys) - set(self.options) else None


def _refuse_wrong(values: Mapping[str, Any], said: _Said) -> None:
    """Raise WrongUse for values that cannot work, each by itself or together. values: of all keys."""
    for each in fields(Experiment):
        _check(each, values[each.name], said)
    if values["external"] and values["audit"] != "full":
        what = f"External films are asked about in the full audit; {said.name('audit')} is {values['audit']!r}."
        raise WrongUse(what, said.where("external", "audit"), "use --audit full, or leave out --external")
    if values["parallel"] == "data" and values["loader"] == "files":
        what = f"With {said.name('loader')} files every process would train on whole batches, and share nothing."
        raise WrongUse(what, said.where("loader", "parallel"), "use --loader resident, or --parallel jobs")


LIMITS = (("at_least", ge, "be at least", "raise"), ("above", gt, "lie above", "raise"), ("below", lt, "lie below", "lower"))


def _check(declared: Field, value: Any, said: _Said) -> None:
    """Raise WrongUse for a value outside a key's limits."""
    limits, name, where = declared.metadata, said.name(declared.name), said.where(declared.name)
    for item in value if isinstance(value, tuple) else (value,):
        if limits["choices"] and item not in limits["choices"]:
            raise WrongUse(f"{name} is {item!r}.", where, _near(item, limits["choices"]))
        if limits["spelling"] and not re.fullmatch(limits["spelling"], item):
            raise WrongUse(f"{name} is {item!r}.", where, "write letters, digits, points and underscores alone, a letter first")
        for limit, holds, words, remedy in LIMITS:
            if limits[limit] is not None and not holds(item, limits[limit]):
                raise WrongUse(f"{name} is {item}; it must {words} {limits[limit]}.", where, f"{remedy} {name}")
    if not isinstance(value, tuple) or declared.name in PLACES:
        return
    if not value and not limits["empty"]:
        raise WrongUse(f"{name} is empty.", where, "name at least one")
    if len(set(value)) < len(value):
        raise WrongUse(f"{name} names one twice: {', '.join(map(str, value))}.", where, "name each once")


def _near(wrong: Any, allowed: Iterable[str]) -> str:
    """What to write instead: the nearest of the allowed values, or all of them."""
    allowed = list(allowed)
    close = difflib.get_close_matches(str(wrong), allowed, 1)
    return (f"did you mean {close[0]!r}? " if close else "") + f"Choose from {', '.join(allowed)}"


def short_name(architecture: str) -> str:
    """The name that people use for a network."""
    return TESTED.get(architecture, architecture)


def names() -> list[str]:
    """Names of the experiments that come with the kit."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name_or_path: str | Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """The experiment of that name or YAML file, with the overrides {key: value} laid over it.

    Raises WrongUse: no such experiment, unreadable YAML, an unknown key, or a value that cannot work.
    """
    path = FOLDER / f"{name_or_path}.yaml"
    if not path.exists():
        path = Path(name_or_path)
    try:
        values = yaml.safe_load(path.read_text("utf-8"))
    except (FileNotFoundError, IsADirectoryError):
        raise WrongUse(f"There is no experiment {str(name_or_path)!r}.", next=f"name one of {', '.join(names())}, or a YAML file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"The experiment cannot be read: {error}", path, "correct the file") from error
    if not isinstance(values or {}, dict):
        raise WrongUse("The experiment is no mapping of keys to values.", path, "write `key: value` lines")
    return make({"name": path.stem, **(values or {})}, overrides or {}, path)


def make(values: Mapping[str, Any], overrides: Mapping[str, Any], where: object) -> Experiment:
    """An Experiment from YAML values and overrides. Raises WrongUse."""
    known = {each.name: each for each in fields(Experiment)}
    said = _Said(overrides, where)
    merged = {**values, **overrides}
    for name in merged:
        if name not in known:
            raise WrongUse(f"The experiment has an unknown key {said.name(name)!r}.", said.where(name), _near(name, known))
    typed = {name: _typed(known[name], value, said) for name, value in merged.items()}
    _refuse_wrong({name: typed.get(name, each.default) for name, each in known.items()}, said)
    for architecture in (made := Experiment(**typed)).architectures:
        if architecture not in TESTED or architecture in OF_TIMM:
            from cxrkit.training import networks  # torch is loaded for a name alone that only it can know

            try:
                networks.require(architecture, made.image_size)
            except WrongUse as error:
                place = option_of("architectures") if "architectures" in overrides else f"{where}: architectures"
                raise WrongUse(error.what, place, error.next) from error
    return made


def _typed(declared: Field, value: Any, said: _Said) -> Any:
    wanted, name = declared.type, declared.name
    if kind := item_type(declared):
        items = value if isinstance(value, (list, tuple)) else [value]
        if declared.metadata["choices"]:
            items = [part for item in items for part in (item.split(",") if isinstance(item, str) else [item])]
        if declared.metadata["empty"] and list(items) == [NONE]:
            return ()
        if all(type(item) is kind for item in items):
            return tuple(items)
    elif wanted is float and type(value) in (int, float):
        return float(value)
    elif type(value) is wanted:
        return value
    what = f"The value {value!r} of {said.name(name)!r} has the wrong type."
    raise WrongUse(what, said.where(name), f"{name} is: {declared.metadata['help']}")


def item_type(declared: Field) -> Any:
    """The type of the items where a key is a list, else None."""
    return get_args(declared.type)[0] if get_args(declared.type) else None


def refuse_weights(experiment: Experiment) -> None:
    """Raise BadInput where the folder of weights surely lacks a network's file; torch, which knows the whole name, is not asked."""
    folder = Path(experiment.weights)
    if not experiment.weights or not experiment.pretrained:
        return
    if not folder.is_dir():
        raise BadInput("There is no folder of weights.", folder, "name the folder of torchvision's files, or leave out --weights")
    known = [name for name in experiment.architectures if name in TESTED and name not in OF_TIMM]
    lacking = [name for name in known if not any(folder.glob(f"{name}[-_.]*")) and not any(folder.glob(f"*/{name}[-_.]*"))]
    if lacking:
        next = "put torchvision's files there under their own names, such as resnet34-b627a593.pth, or leave out --weights"
        raise BadInput(f"The folder of weights holds none of {', '.join(lacking)}.", folder, next)


def differing(experiment: Experiment, usual: Experiment) -> dict[str, Any]:
    """{key: value} in which an experiment differs from another, but for its name."""
    return {
        each.name: getattr(experiment, each.name)
        for each in fields(Experiment)
        if each.name != "name" and getattr(experiment, each.name) != getattr(usual, each.name)
    }


def as_dict(experiment: Experiment) -> dict[str, Any]:
    """The resolved experiment as plain values, in the order of its keys."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(experiment).items()}


def with_data(experiment: Experiment, data: Iterable[str]) -> Experiment:
    return replace(experiment, data=tuple(data))
