"""The kit as one readable file: the only thing that `kaggle kernels push` sends.

Kaggle takes the text of one file and nothing beside it, so every module and data file of cxrkit that a run needs travels
inside kernel/script.py, each as plain text under its own heading: kernel/run.py first, for it is what one reads first, and
run last, when all are unpacked. The same source gives the same bytes, all of them ASCII.
"""

import ast
import base64
import re
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cxrkit import __version__, config
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_text
from cxrkit.kaggle_io.unpack import PACKED, source_sha256

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = "kernel/script.py"
RUN = "kernel/run.py"
LIMIT_BYTES = 900_000
"""Kaggle refuses sources of 1 MB; whether it counts bytes or characters is not known."""
STAYS_HERE = (
    "cxrkit/__main__.py",
    "cxrkit/answers.py",
    "cxrkit/audit/module_files.py",
    "cxrkit/audit/published.py",
    "cxrkit/bench",
    "cxrkit/cli",
    "cxrkit/cluster",
    "cxrkit/data/difference.py",
    "cxrkit/demo",
    "cxrkit/evaluation/resplits.py",
    "cxrkit/fetch",
    "cxrkit/evaluation/sizes.py",
    "cxrkit/inference",
    "cxrkit/kaggle_io/bundle.py",
    "cxrkit/kaggle_io/cells.py",
    "cxrkit/kaggle_io/log.py",
    "cxrkit/kaggle_io/metadata.py",
    "cxrkit/kaggle_io/output.py",
    "cxrkit/kaggle_io/pull.py",
    "cxrkit/kaggle_io/push.py",
    "cxrkit/kaggle_io/wait.py",
    "cxrkit/loggers.py",
    "cxrkit/panels.py",
    "cxrkit/predict.py",
    "cxrkit/report/beside.html",
    "cxrkit/report/beside.py",
    "cxrkit/report/private.py",
)
"""What a person asks for at a terminal, and no run in a kernel needs; a test follows the imports of all that travels."""
RULE = "# " + "=" * 38


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
    """{relative path: text} of everything that travels: run.py, then cxrkit but STAYS_HERE. Raises BadInput for what is no text."""
    package = sorted(
        path
        for path in (root / "cxrkit").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not any(part.startswith(".") for part in path.relative_to(root).parts)
        if not any(path.is_relative_to(root / name) for name in STAYS_HERE)
    )
    if not package or not (root / RUN).is_file():
        raise WrongUse(
            "The kit's own source is not here.", root, "in a clone of the repository: python -m cxrkit ..., not the installed cxrkit"
        )
    return {path.relative_to(root).as_posix(): _read(path) for path in [root / RUN, *package]}


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file is no UTF-8 text, so it cannot travel: {error}", path, "keep data like this in a Kaggle dataset"
        ) from error


def generate(settings: Settings, root: Path = ROOT) -> str:
    """The text of the script. Raises BadInput when it is too large for Kaggle."""
    settings, sources = contents(settings, root)
    script = "\n".join([HEAD.format(what=STEPS, constants=constants(settings)), carrying(sources), heading("what runs"), START])
    limited(script, SCRIPT, sources)
    return script


def limited(text: str, name: str, sources: dict[str, str]) -> None:
    """Raise BadInput where the text is too large for Kaggle, naming the largest sources."""
    if len(text) > LIMIT_BYTES:
        largest = ", ".join(sorted(sources, key=lambda name: -len(sources[name]))[:3])
        raise BadInput(
            f"It has {len(text):,} bytes; more than {LIMIT_BYTES:,} may be refused by Kaggle.",
            name,
            f"make the largest files smaller: {largest}",
        )


def contents(settings: Settings, root: Path = ROOT) -> tuple[Settings, dict[str, str]]:
    """The settings, whose experiment is now a name, and {relative path: text as it travels}."""
    sources = files(root)
    settings = _with_experiment(settings, sources)
    there = {name: travelling(name, text) for name, text in sources.items()}
    return settings, {name: packed(text.encode()) if name.startswith(PACKED) else text for name, text in there.items()}


def carrying(sources: dict[str, str]) -> str:
    """The lines that hold these files, each under its heading, and the hash over them."""
    parts = [f"VERSION = {__version__!r}\nSOURCE_SHA256 = {source_sha256(sources)!r}\nFILES = {{}}\n"]
    return "\n".join(parts + [f"{heading(ascii(name)[1:-1])}\n\nFILES[{name!a}] = {literal(text)}\n" for name, text in sources.items()])


def carried(script: str) -> dict[str, str]:
    """{relative path: text as it travels} in a script, also in one that was edited; nothing of it is run."""
    try:
        nodes = ast.parse(script).body
    except (SyntaxError, ValueError):
        return {}
    found = {}
    for node in nodes:
        match node:
            case ast.Assign([ast.Subscript(ast.Name("FILES"), ast.Constant(str(name)))], ast.Subscript(ast.Constant(str(text)))):
                found[name] = text[1:]
    return found


STEPS = """\
What to do: attach praveengovi/coronahack-chest-xraydataset (Add Input), choose the accelerator GPU T4 x2, edit the
constants below if you like, and Save Version, Run All. results/report.html in the output is what to read. Every
finished stage lies in the output at once; a run that was stopped goes on where its output is attached as an input."""
HEAD = f'''"""cxrkit {__version__}: COVID-19 against healthy chest films. Research use only.

{{what}}
"""

{{constants}}

# GENERATED from the repository by `python -m cxrkit bundle`: edit the constants above, or the repository; `push` heeds
# both. Kaggle runs exactly one file, so this one holds the whole kit, each file as plain text under its own heading
# (docstrings are longer in the repository, and spaces stand for tabs): the program, kernel/run.py, then the modules it
# imports. At the end they are written to a temporary folder, and the program runs from there.

'''
START = """
if __name__ == "__main__":
    import os, runpy, sys

    exec(FILES["cxrkit/kaggle_io/unpack.py"])
    folder = unpack(FILES, SOURCE_SHA256, RUN_ID)
    ours = os.path.abspath(sys.argv[0]) == os.path.abspath(globals().get("__file__", ""))  # IPython's: -f kernel.json
    if sys.argv[1:2] in ([], ["-f"]) or not ours:
        from cxrkit.kaggle_io.inside import arguments_of

        sys.argv[1:] = arguments_of(EXPERIMENT, OVERRIDES, HOURS, GPU, RESULTS)
    runpy.run_path(str(folder / "kernel" / "run.py"), run_name="__main__")
"""


def constants(settings: Settings) -> str:
    """The lines that a person may edit."""
    names = ", ".join(config.names())
    return "\n".join(
        f"{name.upper()} = {getattr(settings, name)!a}  # {comment.format(names=names)}" for name, comment in CONSTANTS.items()
    )


def packed(content: bytes) -> str:
    """Compressed, as lines of base 85."""
    text = base64.b85encode(zlib.compress(content, 9)).decode()
    return "\n".join(text[start : start + 120] for start in range(0, len(text), 120))


def travelling(name: str, text: str) -> str:
    """A file as it travels: of a module, each docstring's first line alone, and a tab for every four spaces at a line's beginning.

    Both make room (a sixth) and leave it readable; lines keep their numbers. A string over several lines stays as it is.
    A character outside ASCII is written as its escape where the code stays the same.
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
    return _plain("\n".join(line if number in inside else _tabbed(line) for number, line in enumerate(lines)))


def _plain(code: str) -> str:
    """The code in ASCII where that means the same: not in raw strings, nor in names."""
    escaped = _escaped(code)
    try:
        return escaped if escaped == code or ast.dump(ast.parse(escaped)) == ast.dump(ast.parse(code)) else code
    except SyntaxError:
        return code


def _escaped(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()


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


def heading(title: str) -> str:
    return f"\n{RULE}\n# {title}\n{RULE}"


def literal(text: str) -> str:
    """A Python literal in ASCII that reads like the text: raw and triple-quoted, escaped only where it must be."""
    body = "\n" + text
    if text.isascii() and "'''" not in text and not text.endswith(("'", "\\")) and not re.search(r"[\r\x00]", text):
        return f"r'''{body}'''[1:]"
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\r", "\\r"), ("\x00", "\\x00")):
        body = body.replace(plain, escaped)
    return f"'''{_escaped(body)}'''[1:]"


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
    """(source_sha256, run_id) of a script, also of one that came back from Kaggle; empty texts where it has none.

    The hash is that of what the script carries, as its run will say, whatever it says of itself.
    """
    said, run_id = (re.search(rf"^{name} = '([^']*)'", script, re.MULTILINE) for name in ("SOURCE_SHA256", "RUN_ID"))
    held = carried(script)
    return (source_sha256(held) if held else said[1] if said else "", run_id[1] if run_id else "")


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
