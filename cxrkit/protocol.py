"""The study's recipe in one table: each setting, the value it had there, and where that is known from.

The study wrote its training with fastai 1 and names few settings; what it does not name was its library's default. Those
were read in the source of fastai 1.0.61 (May 2020), to which each row leads; rates, Adam and weight decay are the same in
1.0.57 to 1.0.60, the schedule in 1.0.58 to 1.0.60. Which version the study ran is not known. What its own text leaves open is a guess here, and called so.
"""

from dataclasses import dataclass, fields
from typing import Any, Literal

from cxrkit.config import Experiment

Source = Literal["study", "fastai 1", "guess"]
"""study: its text or tables say so; fastai 1: a default of its library; guess: neither says, or it can be read in two ways."""

REPOSITORY = "https://github.com/fastai/fastai1/blob/1.0.61/"
KEYS = {each.name: each.metadata["decides"] for each in fields(Experiment)}


@dataclass(frozen=True)
class Row:
    """One setting of the study's training.

    name: a key of Experiment, or in words what no key sets. study: the value that it had there, for a key in the key's own
    type. where: the function and file of fastai 1.0.61, `FUNCTION, FILE#Lline`, where the source is fastai 1 or a guess from
    it. ours: what the kit does where no key sets it. paper: the value of paper.yaml where that is not the study's; `meaning`
    then says why.
    """

    name: str
    study: Any
    source: Source
    meaning: str
    where: str = ""
    ours: str = ""
    paper: Any = None

    @property
    def is_key(self) -> bool:
        return self.name in KEYS

    @property
    def in_paper(self) -> Any:
        """The value of a key in paper.yaml."""
        return self.study if self.paper is None else self.paper

    @property
    def url(self) -> str:
        """The place in fastai 1's source, or an empty text."""
        return REPOSITORY + self.where.split(", ")[1] if self.where else ""

    @property
    def function(self) -> str:
        return self.where.split(", ")[0]


ROWS = (
    # the networks, and the films they see
    Row(
        "architectures",
        ("resnet34", "resnet101", "vgg16_bn", "vgg19_bn"),
        "study",
        "The networks; the VGGs in fastai 1's version, with batch norm. Any other network is not the study's.",
    ),
    Row("seeds", (0,), "study", "Each network was trained once; which seed its random numbers had, if any, is not told."),
    Row("pretrained", True, "study", "Networks start from ImageNet weights."),
    Row(
        "split",
        "paper",
        "study",
        "CoronaHack's published test normals are validated on, and 34 COVID-19 films; which 34 is a guess. There is no test set.",
    ),
    Row("split_seed", 0, "guess", "Draws what the rule of the split leaves open."),
    Row("exclude_views", (), "study", "No view was left out: CoronaHack's lateral films were used."),
    Row(
        "duplicates",
        "keep",
        "study",
        "The sources were merged as they were; the experiment paper removes copies, which would stand in both splits.",
        paper="remove",
    ),
    Row(
        "label_conflicts",
        "keep",
        "guess",
        "Nobody looked for films that two sources label differently; the experiment paper leaves them out.",
        paper="exclude",
    ),
    Row("ages", "all", "study", "Children and adults together: its normal films are children's."),
    Row("match", (), "study", "Nothing was matched: neither age, view nor sex is alike in its classes."),
    Row("age_caliper", 5.0, "guess", "Of no account where nothing is matched."),
    Row("image_size", 224, "study", "Side of the square that the networks see, in pixels."),
    Row(
        "resize",
        "crop",
        "fastai 1",
        "A size that is one number scales the short side to it and cuts the long one.",
        "Image.apply_tfms, fastai/vision/image.py#L103",
    ),
    # the training
    Row("batch_size", 64, "fastai 1", "Films a step.", "ImageDataBunch.create_from_ll, fastai/vision/data.py#L90"),
    Row("epochs", 4, "study", "Epochs with the body frozen, and as many with everything trained."),
    Row("learning_rate", 3e-3, "fastai 1", "Peak learning rate with the body frozen.", "defaults.lr, fastai/basic_train.py#L15"),
    Row(
        "frozen_rates",
        "tenth",
        "fastai 1",
        "The default rate is a slice with an end alone: the body, of which batch norm is trained, gets a tenth.",
        "Learner.lr_range, fastai/basic_train.py#L185",
    ),
    Row(
        "unfrozen_rates",
        "one",
        "guess",
        "The study names max_lr and prints no value; one number would give all layers the same rate, a slice would not.",
        "Learner.lr_range, fastai/basic_train.py#L185",
    ),
    Row(
        "warmup_share", 0.3, "fastai 1", "Share of a stage's steps in which the learning rate rises.", "fit_one_cycle, fastai/train.py#L15"
    ),
    Row(
        "epsilon",
        1e-8,
        "fastai 1",
        "Adam's epsilon: fastai 1 takes torch's Adam, and leaves torch's own value.",
        "AdamW, fastai/torch_core.py#L67",
    ),
    Row("decay_everywhere", True, "fastai 1", "Weight decay of 0.01 on batch norm and biases too.", "Learner, fastai/basic_train.py#L152"),
    Row(
        "precise_batch_norm",
        False,
        "fastai 1",
        "Batch norm judges held-out films by the running means of the last training steps.",
        "validate, fastai/basic_train.py#L50",
    ),
    Row("lr_find_iterations", 100, "fastai 1", "Steps of the learning-rate finder, from 1e-7 to 10.", "lr_find, fastai/train.py#L33"),
    Row(
        "precision",
        "float32",
        "fastai 1",
        "Numbers of 32 bits unless half precision is asked for; the experiment paper takes what the device is fastest in.",
        "Learner.to_fp16, fastai/train.py#L43",
        paper="auto",
    ),
    Row("parallel", "jobs", "study", "One network at a time on one GPU of Kaggle's."),
    Row("threshold", 0.5, "fastai 1", "The likelier of the two classes is called.", "accuracy, fastai/metrics.py#L25"),
    # what no key sets
    Row(
        "choice of the rate",
        "not told",
        "guess",
        "Which point of the finder's plot the study took.",
        "Recorder.plot, fastai/basic_train.py#L540",
        "fastai 2's valley, where the curve has a credible one",
    ),
    Row(
        "last learning rate",
        "a 250,000th of the peak",
        "fastai 1",
        "Where the cosine of a stage ends; it begins at a 25th in both.",
        "OneCycleScheduler, fastai/callbacks/one_cycle.py#L10",
        "a 100,000th",
    ),
    Row(
        "momentum",
        "from 0.95 to 0.85 and back; 0.99 for the squares",
        "fastai 1",
        "Adam's two means of the gradients, the first moving against the learning rate.",
        "OneCycleScheduler, fastai/callbacks/one_cycle.py#L10",
        "from 0.95 to 0.85 and back; 0.99 for the squares",
    ),
    Row(
        "biases of the head",
        "linear layers with bias",
        "fastai 1",
        "The head: two kinds of pooling, 512 units, batch norm, dropout of a quarter and a half, in both.",
        "bn_drop_lin, fastai/layers.py#L44",
        "without, since batch norm comes before",
    ),
    Row(
        "place of the crop",
        "training films: anywhere along the long side",
        "fastai 1",
        "Held-out films are cut in the middle in both.",
        "get_transforms, fastai/vision/transform.py#L308",
        "the middle always",
    ),
    Row(
        "resampling",
        "one bilinear resampling for size and augmentation, after averaging where a film shrinks by more than two",
        "fastai 1",
        "How the pixels of the square are made.",
        "_grid_sample, fastai/vision/image.py#L530",
        "Pillow's bilinear filter for the size, then a second resampling for the augmentation",
    ),
    Row(
        "augmentation",
        "flip, scaling and stretching",
        "study",
        "What the study names; its strengths are not told. fastai 1 would by itself also turn, warp and light films.",
        "get_transforms, fastai/vision/transform.py#L308",
        "flip in half; zoom up to 1.1 in half; one axis stretched up to 1.1 in half",
    ),
    Row(
        "colour",
        "as the file has it, three channels",
        "fastai 1",
        "Coloured marks on a film can tell its source.",
        "open_image, fastai/vision/image.py#L393",
        "grey, on three equal channels",
    ),
    Row(
        "normalisation",
        "not told",
        "guess",
        "fastai 1 leaves it to whoever writes the notebook.",
        "ImageDataBunch.normalize, fastai/vision/data.py#L174",
        "ImageNet's means and deviations",
    ),
)


def used(row: Row, experiment: Experiment) -> Any:
    """What an experiment does where the study did row.study."""
    return getattr(experiment, row.name) if row.is_key else row.ours


def differs(row: Row, experiment: Experiment) -> bool:
    return used(row, experiment) != row.study


def differences(experiment: Experiment) -> list[Row]:
    """The rows in which an experiment does not do what the study did, or, as far as is known, may not."""
    return [row for row in ROWS if differs(row, experiment)]


def words(value: Any) -> str:
    """A value for people: lists in words, yes and no, small numbers as they are written."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
