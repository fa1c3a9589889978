"""An experiment: defaults, then a YAML file, then the command line; unknown keys are errors."""

import argparse
import difflib
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import yaml

from cxrkit.errors import WrongUse
from cxrkit.files import sha256_of_json

ARCHITECTURES = ("resnet34", "resnet101", "vgg16_bn", "vgg19_bn")
FOLDER = Path(__file__).parent / "experiments"
NOT_IN_HASH = ("data", "weights", "workers", "loader", "audit")
"""Keys that say where things lie or how fast they are read, and so decide no number."""
CHOICES = {
    "duplicates": ("remove", "keep"),
    "label_conflicts": ("exclude", "keep"),
    "loader": ("resident", "files"),
    "precision": ("auto", "float32", "float16", "bfloat16"),
    "parallel": ("jobs", "data"),
    "audit": ("full", "quick", "none"),
}


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a run's numbers, and where its data lies. `help` texts are in HELP."""

    name: str = "unnamed"
    data: tuple[str, ...] = ()
    split: str = "paper"
    split_seed: int = 0
    exclude_views: tuple[str, ...] = ("lateral",)
    duplicates: str = "remove"
    label_conflicts: str = "exclude"
    allow_leakage: bool = False
    architectures: tuple[str, ...] = ARCHITECTURES
    seeds: tuple[int, ...] = (0,)
    image_size: int = 224
    batch_size: int = 64
    epochs: int = 4
    learning_rate: float = 1e-3
    lr_find_iterations: int = 100
    pretrained: bool = True
    weights: str = ""
    threshold: float = 0.5
    loader: str = "resident"
    precision: str = "auto"
    parallel: str = "jobs"
    audit: str = "full"
    workers: int = -1

    def __post_init__(self):
        unknown = sorted(set(self.architectures) - set(ARCHITECTURES))
        if unknown or not self.architectures:
            raise WrongUse(f"There is no architecture {', '.join(unknown) or 'named'}.", next=f"choose from {', '.join(ARCHITECTURES)}")
        if len(set(self.architectures)) < len(self.architectures) or len(set(self.seeds)) < len(self.seeds):
            raise WrongUse("An architecture or a seed is named twice.", next="name each once")
        for key, smallest in (("image_size", 32), ("batch_size", 2), ("epochs", 1), ("lr_find_iterations", 20)):
            if getattr(self, key) < smallest:
                raise WrongUse(f"{key} is {getattr(self, key)}; it must be at least {smallest}.", next=f"raise {key}")
        for key, allowed in CHOICES.items():
            if getattr(self, key) not in allowed:
                raise WrongUse(f"{key} is {getattr(self, key)!r}.", next=f"use {' or '.join(allowed)}")
        if self.parallel == "data" and self.loader == "files":
            raise WrongUse(
                "With --loader files every process would train on whole batches, and share nothing.",
                next="use --loader resident, or --parallel jobs",
            )
        if not 0 < self.threshold < 1 or not self.learning_rate > 0 or not self.seeds:
            raise WrongUse(
                "threshold must lie between 0 and 1, learning_rate above 0, and one seed be named.", next="correct the experiment"
            )

    def hash(self):
        """SHA-256 of what decides the numbers; 64 hexadecimal digits."""
        return sha256_of_json({key: value for key, value in asdict(self).items() if key not in NOT_IN_HASH})


HELP = {
    "data": "folder of the CoronaHack dataset, or KIND[:NAME]=DIR, or phantom, or phantom-marked; may be given several times",
    "split": "paper (the study's) or grouped (train/valid/test by patient)",
    "split_seed": "seed of the split",
    "exclude_views": "views that are left out",
    "duplicates": "copies of one picture: remove (all but one) or keep (as the study merged its sources)",
    "label_conflicts": "films of one group that sources label differently: exclude or keep",
    "allow_leakage": "train although a patient or a picture is in two splits; every table says so",
    "architectures": f"networks to train: {', '.join(ARCHITECTURES)}",
    "seeds": "training seeds; each network is trained once a seed",
    "image_size": "side of the square the networks see, in pixels",
    "batch_size": "images a training step",
    "epochs": "epochs of each of the two stages, body frozen and unfrozen",
    "learning_rate": "peak learning rate of the frozen stage",
    "lr_find_iterations": "steps of the learning-rate finder",
    "pretrained": "start from ImageNet weights (--no-pretrained: from random ones)",
    "weights": "folder with torchvision's ImageNet weight files, instead of the network",
    "threshold": "an image is called COVID-19 from this probability on",
    "loader": "resident (films decoded once, augmented on the device) or files (fastai's way: each file decoded at each use)",
    "precision": "auto (chosen by the device), float32, float16 or bfloat16",
    "parallel": "under torchrun: jobs (the trainings are shared out) or data (all processes train one network together)",
    "audit": "after training: full, quick (what asks no network) or none",
    "workers": "processes that decode images for --loader files; -1 chooses by the processors",
}


def names():
    """Names of the experiments that come with the kit."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name_or_path, overrides=None):
    """The experiment of that name or YAML file, with the overrides {key: value} laid over it.

    Raises WrongUse: no such experiment, unreadable YAML, an unknown key, or a value of the wrong type.
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


def make(values, overrides, where):
    """An Experiment from YAML values and overrides. Raises WrongUse."""
    known = {field.name: field.type for field in fields(Experiment)}
    for key in values:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, 1)
            raise WrongUse(
                f"The experiment has an unknown key {key!r}.",
                where,
                f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}",
            )
    merged = {**values, **overrides}
    return Experiment(**{key: _typed(key, value, known[key], where) for key, value in merged.items()})


def _typed(key, value, wanted, where):
    if wanted in (tuple[str, ...], tuple[int, ...]):
        kind = wanted.__args__[0]
        items = value if isinstance(value, (list, tuple)) else [value]
        if all(type(item) is kind for item in items):
            return tuple(items)
    elif wanted is float and type(value) in (int, float):
        return float(value)
    elif type(value) is wanted:
        return value
    raise WrongUse(f"The value {value!r} of {key!r} has the wrong type.", where, f"{key} is: {HELP.get(key, 'a text')}")


def add_arguments(parser):
    """Give an argparse parser one option for each key of Experiment but its name."""
    for field in fields(Experiment):
        option, help = "--" + field.name.replace("_", "-"), HELP.get(field.name)
        if field.name == "name":
            continue
        if field.name == "data":
            parser.add_argument(option, action="append", metavar="DIR", help=help)
        elif field.type is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, help=help)
        elif field.type in (tuple[str, ...], tuple[int, ...]):
            parser.add_argument(option, nargs="*", type=field.type.__args__[0], metavar=field.name.upper()[:-1], help=help)
        else:
            parser.add_argument(option, type=field.type, metavar=field.type.__name__.upper(), help=help)


def overrides_of(arguments):
    """{key: value} of the options that were given, from a parsed command line."""
    given = {field.name: getattr(arguments, field.name, None) for field in fields(Experiment)}
    return {key: value for key, value in given.items() if value is not None}


def as_dict(experiment):
    """The resolved experiment as plain values, in the order of its keys."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(experiment).items()}


def with_data(experiment, data):
    return replace(experiment, data=tuple(data))
