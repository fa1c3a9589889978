"""The kit as one readable file: the only thing that `kaggle kernels push` sends.

Kaggle takes the text of one file and nothing beside it, so every module and data file of cxrkit that a run needs travels
inside kernel/script.py, each as plain text under its own heading, followed by kernel/run.py. The same
source gives the same bytes.
"""

import ast
import base64
import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxrkit import __version__, config
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_text

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "kernel/script.py"
RUN = "kernel/run.py"
LIMIT_BYTES = 900_000
"""Kaggle refuses sources of 1 MB; whether it counts bytes or characters is not known."""
STAYS_HERE = (
    "cxrkit/__main__.py",
    "cxrkit/answers.py",
    "cxrkit/bench",
    "cxrkit/cli",
    "cxrkit/cluster",
    "cxrkit/data/dicom.py",
    "cxrkit/demo",
    "cxrkit/evaluation/resplits.py",
    "cxrkit/fetch",
    "cxrkit/evaluation/sizes.py",
    "cxrkit/kaggle_io/bundle.py",
    "cxrkit/kaggle_io/log.py",
    "cxrkit/kaggle_io/metadata.py",
    "cxrkit/kaggle_io/output.py",
    "cxrkit/kaggle_io/pull.py",
    "cxrkit/kaggle_io/push.py",
    "cxrkit/kaggle_io/wait.py",
    "cxrkit/panels.py",
    "cxrkit/predict.py",
    "cxrkit/report/beside.html",
    "cxrkit/report/beside.py",
    "cxrkit/report/private.py",
)
"""What a person asks for at a terminal, and no run in a kernel needs; a test follows the imports of all that travels."""
RULE = "# " + "=" * 38
PACKED = (".css", ".html", ".js", ".md", "checklists.py", "checklists.yaml", "study.yaml", "words.yaml", "report/facts.py")
"""Templates, checklists and the words of page and cards travel compressed, for nobody reads them in a kernel."""


@dataclass(frozen=True)
class Settings:
    """The constants at the head of the script, which a person may edit there.

    experiment: a name that comes with the kit, or a YAML file, whose text travels; overrides: {key: value} laid
    over it; hours: after which no new stage begins; gpu: whether the run stops where no GPU works; results: the
    slug of the dataset that the kernel sends its results to, empty for none; run_id: names one run, empty for the
    time of its start.
    """

    experiment: str = "paper"
    overrides: dict[str, Any] = field(default_factory=dict)
    hours: float = 11.0
    gpu: bool = True
    results: str = ""
    run_id: str = ""


CONSTANTS = {
    "experiment": "one of: {names}",
    "overrides": 'keys of the experiment laid over it, e.g. {{"seeds": [0, 1], "epochs": 2}}',
    "hours": "after so many hours no new stage begins, and the run reports what it has (Kaggle ends it after 12)",
    "gpu": "whether to stop at once where no GPU works; False trains on the processors",
    "results": "slug of your dataset that the results are sent to; empty: they stay in the kernel's output",
    "run_id": "names this run in its results; empty: the time of its start",
}


def files(root: Path = ROOT) -> dict[str, str]:
    """{relative path: text} of everything that travels: cxrkit but STAYS_HERE, then run.py. Raises BadInput for what is no text."""
    package = sorted(
        path
        for path in (root / "cxrkit").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.relative_to(root).parts)
        if not any(path.is_relative_to(root / name) for name in STAYS_HERE)
    )
    if not package or not (root / RUN).is_file():
        raise WrongUse("The kit's own source is not here.", root, "run this in a clone of the repository")
    return {path.relative_to(root).as_posix(): _read(path) for path in [*package, root / RUN]}


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file is no UTF-8 text, so it cannot travel: {error}", path, "keep data like this in a Kaggle dataset"
        ) from error


def source_sha256(sources: dict[str, str]) -> str:
    """SHA-256 over the names and texts of all files; 64 hexadecimal digits."""
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def generate(settings: Settings, root: Path = ROOT) -> str:
    """The text of the script. Raises BadInput when it is too large for Kaggle."""
    sources = files(root)
    settings = _with_experiment(settings, sources)
    run = sources.pop(RUN)
    parts = [_head(settings, {**sources, RUN: run})]
    parts += [f"{heading(name)}\n\nFILES[{name!r}] = {_expression(name, text)}\n" for name, text in sources.items()]
    parts += [heading("how the files above become a package") + "\n\n" + sources["cxrkit/kaggle_io/unpack.py"], START]
    parts += [heading(RUN) + "\n\n" + run]
    script = "\n".join(parts)
    size = len(script.encode())
    if size > LIMIT_BYTES:
        largest = ", ".join(sorted(sources, key=lambda name: -len(sources[name].encode()))[:3])
        raise BadInput(
            f"The script has {size:,} bytes; more than {LIMIT_BYTES:,} may be refused by Kaggle.",
            SCRIPT,
            f"make the largest files smaller: {largest}",
        )
    return script


START = """
unpack(FILES, SOURCE_SHA256, RUN_ID)
if len(sys.argv) == 1 or os.path.abspath(sys.argv[0]) != os.path.abspath(globals().get("__file__", "")):  # IPython has its own
    from cxrkit.kaggle_io.inside import arguments_of

    sys.argv[1:] = arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)
"""


def _expression(name: str, text: str) -> str:
    """Python whose value is a file as it travels."""
    if not name.endswith(PACKED):
        return literal(travelling(name, text))
    packed = base64.b85encode(zlib.compress(travelling(name, text).encode(), 9)).decode()
    lines = "\n".join(packed[start : start + 120] for start in range(0, len(packed), 120))
    return f'zlib.decompress(base64.b85decode("""{lines}""".replace("\\n", ""))).decode()'


def travelling(name: str, text: str) -> str:
    """A file as it travels: of a module, each docstring's first line alone, and a tab for every four spaces at a line's beginning.

    Both make room (a sixth) and leave it readable; lines keep their numbers. A string over several lines stays as it is.
    """
    if not name.endswith(".py"):
        return text
    lines = text.split("\n")
    nodes = list(ast.walk(ast.parse(text)))
    for node in nodes:
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            first, last = node.body[0].lineno - 1, node.body[0].end_lineno or 0
            if last > first + 1 and lines[first].strip() != '"""':
                line = lines[first].rstrip()
                lines[first] = line + ('"""' if line.endswith((".", ":")) else ' ..."""')
                lines[first + 1 : last] = [""] * (last - first - 1)
    strings = (node for node in nodes if isinstance(node, (ast.Constant, ast.JoinedStr)))
    inside = {number for node in strings for number in range(node.lineno, node.end_lineno or 0)}
    return "\n".join(line if number in inside else _tabbed(line) for number, line in enumerate(lines))


def _tabbed(line: str) -> str:
    levels, rest = divmod(len(line) - len(line.lstrip(" ")), 4)
    return "\t" * levels + " " * rest + line.lstrip(" ")


def _with_experiment(settings: Settings, sources: dict[str, str]) -> Settings:
    """The settings with the experiment's name; an experiment of the user's own joins the sources."""
    if settings.experiment in config.names():
        return settings
    config.load(settings.experiment, settings.overrides)
    path = Path(settings.experiment)
    if path.stem in config.names():
        raise WrongUse(f"The kit has an experiment named {path.stem!r} already.", path, "give your file another name")
    sources[f"cxrkit/experiments/{path.stem}.yaml"] = _read(path)
    return replace(settings, experiment=path.stem)


def _head(settings: Settings, sources: dict[str, str]) -> str:
    names = ", ".join(config.names())
    constants = "\n".join(
        f"{name.upper()} = {getattr(settings, name)!r}  # {comment.format(names=names)}" for name, comment in CONSTANTS.items()
    )
    return f'''"""cxrkit {__version__}: COVID-19 against healthy chest films. Research use only.

What to do: attach praveengovi/coronahack-chest-xraydataset (Add Input), choose the accelerator GPU T4 x2, edit the
constants below if you like, and Save Version, Run All. results/report.html in the output is what to read. Every
finished stage lies in the output at once; a run that was stopped goes on where its output is attached as an input.
"""

{constants}

# GENERATED from the repository by `python -m cxrkit bundle`: edit the constants above, or the repository; `push` heeds
# both. Kaggle runs exactly one file, so this one holds the whole kit: every module and data file stands below as plain
# text under its own heading (docstrings are longer in the repository, and spaces stand for tabs); they are written to a
# temporary folder, from which they are imported, and kernel/run.py, at the end, is the program.

import base64
import zlib

VERSION = {__version__!r}
SOURCE_SHA256 = {source_sha256(sources)!r}
FILES = {{}}
'''


def heading(title: str) -> str:
    return f"\n{RULE}\n# {title}\n{RULE}"


def literal(text: str) -> str:
    """A Python literal for the text that reads like the text: raw and triple-quoted, escaped only where it must be."""
    body = "\n" + text
    if "'''" not in text and not text.endswith(("'", "\\")) and not re.search(r"[\r\x00]", text):
        return f"r'''{body}'''[1:]"
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\r", "\\r"), ("\x00", "\\x00")):
        body = body.replace(plain, escaped)
    return f"'''{body}'''[1:]"


def settings_in(script: str) -> Settings:
    """The Settings at the head of a script. Raises BadInput when they cannot be read."""
    values = {}
    for name in CONSTANTS:
        line = re.search(rf"^{name.upper()} = (.*)$", script, re.MULTILINE)
        try:
            values[name] = ast.literal_eval(line[1] if line else "")
        except (TypeError, ValueError, SyntaxError) as error:
            raise BadInput(
                f"The script has no readable constant {name.upper()}.",
                SCRIPT,
                "correct that line, or remove the file and write it anew: python -m cxrkit bundle",
            ) from error
    return Settings(**values)


def head(root: Path = ROOT) -> Settings:
    """The Settings at the head of kernel/script.py, as a person may have edited them; the defaults where there is none."""
    path = root / SCRIPT
    return settings_in(path.read_text("utf-8")) if path.is_file() else Settings()


def identity(script: str) -> tuple[str, str]:
    """(source_sha256, run_id) of a script, also of one that came back from Kaggle; empty texts where it has none."""
    source, run_id = (re.search(rf"^{name} = '([^']*)'", script, re.MULTILINE) for name in ("SOURCE_SHA256", "RUN_ID"))
    return (source[1] if source else "", run_id[1] if run_id else "")


def write(settings: Settings, root: Path = ROOT) -> int:
    """Write kernel/script.py; return its size in bytes."""
    text = generate(settings, root)
    write_text(root / SCRIPT, text)
    return len(text.encode())


def check(root: Path = ROOT, experiment: str | None = None) -> None:
    """Raise BadInput unless kernel/script.py is what `bundle` would write, but for the constants at its head.

    experiment: the YAML file it was made for, if it was one.
    """
    path = root / SCRIPT
    present = path.read_text("utf-8") if path.is_file() else ""
    settings = settings_in(present)
    if present != generate(replace(settings, experiment=experiment or settings.experiment), root):
        raise BadInput("The script is not made of the present source.", path, "python -m cxrkit bundle")
