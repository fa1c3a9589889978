"""The one file: readable, reproducible, up to date, and enough by itself."""

import ast
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrkit import __version__, environment
from cxrkit.errors import BadInput, WrongUse
from cxrkit.files import write_text
from cxrkit.kaggle_io import bundle, unpack
from cxrkit.kaggle_io.bundle import Settings


def test_the_script_in_the_repository_is_up_to_date():
    bundle.check()


def test_the_same_source_gives_the_same_bytes():
    assert bundle.generate(Settings()) == bundle.generate(Settings())


def test_a_small_enough_text_that_python_reads():
    script = bundle.generate(Settings())
    assert len(script.encode()) < bundle.LIMIT_BYTES
    ast.parse(script)


def code_of(text):
    """A module's code with the number of each line, without docstrings."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            node.body[0].value = ast.Constant("")
    return [(node.__class__.__name__, node.lineno) for node in ast.walk(tree) if hasattr(node, "lineno")], ast.dump(tree)


def test_every_file_travels_with_its_code_unchanged_and_readable(tmp_path, monkeypatch):
    script, sources = bundle.generate(Settings()), bundle.files()
    there = bundle.carried(script)
    assert list(there) == list(sources)
    for name, text in unpacked(there, tmp_path, monkeypatch).items():
        if not name.endswith(".py"):
            assert text == sources[name]
            continue
        assert code_of(text) == code_of(sources[name]), name
        assert (ast.get_docstring(ast.parse(text)) or "")[:40] == (ast.get_docstring(ast.parse(sources[name])) or "")[:40]
    escaped = [name for name, text in there.items() if text not in script and not name.startswith(bundle.PACKED)]
    of_other_alphabets = ["cxrkit/data/records.py"]
    assert escaped == of_other_alphabets, "these cannot be read as they are written"


def unpacked(there, folder, monkeypatch, made_as=""):
    """{name: text} of the files as unpack() writes them below `folder`."""
    monkeypatch.setattr(unpack.tempfile, "mkdtemp", lambda prefix: str(folder))
    monkeypatch.setattr(unpack.sys, "path", list(sys.path))
    monkeypatch.setattr(unpack.sys, "modules", dict(sys.modules))
    for name in ("UNPACKED", "SOURCE", "MADE_AS", "RUN"):
        monkeypatch.setenv(f"CXRKIT_{name}", "")
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(unpack.atexit, "register", lambda *_, **__: None)
    unpack.unpack(there, made_as, "")
    return {name: (folder / name).read_bytes().decode() for name in there}


def test_the_script_is_ascii_and_says_what_to_do_then_what_runs_then_the_modules():
    script = bundle.generate(Settings(overrides={"data": ["coronahack=/h\xe9"]}))
    assert script.isascii()
    assert (
        script.index("What to do") < script.index("EXPERIMENT = ") < script.index("FILES['kernel/run.py']") < script.index("FILES['cxrkit")
    )
    assert bundle.settings_in(script).overrides == {"data": ["coronahack=/h\xe9"]}


ODD = '''"""Caf\xe9."""
# na\xefve
PLAIN, RAW = "\u2192 {}", r"\\d\u2013"
print(f"{PLAIN} \U0001fa7b" + b"x".decode())
'''


@pytest.mark.parametrize("text, readable", [(ODD, False), (ODD.replace("\u2013", "-"), True), ("caf\xe9 = 1\n", False)])
def test_what_is_not_ascii_is_escaped_and_means_the_same(text, readable):
    there = bundle.travelling("cxrkit/odd.py", text)
    assert ast.dump(ast.parse(there)) == ast.dump(ast.parse(text)) and there.isascii() == readable
    assert bundle.literal(there).isascii() and ast.literal_eval(bundle.literal(there).removesuffix("[1:]"))[1:] == there


def test_an_edited_script_does_not_keep_its_hash(tmp_path, monkeypatch):
    script = bundle.generate(Settings())
    made_as, _ = bundle.identity(script)
    assert f"SOURCE_SHA256 = {made_as!r}" in script
    assert bundle.identity(script.replace("HOURS = 11.0", "HOURS = 1.0"))[0] == made_as
    edited = script.replace('Research use only.",', 'Mine.",', 1)
    assert edited != script
    source, _ = bundle.identity(edited)
    assert source != made_as
    unpacked(bundle.carried(edited), tmp_path, monkeypatch, made_as)
    assert environment.bundle_identity() | {"run_id": ""} == {"source_sha256": source, "run_id": "", "edited_from": made_as}
    unpacked(bundle.carried(script), tmp_path, monkeypatch, made_as)
    assert environment.bundle_identity()["edited_from"] == ""


def test_lines_begin_with_tabs_but_inside_strings():
    text = 'def draw():\n    if True:\n        return (\n            f"""\n    kept {1 +\n        1}\n        """\n        )\n'
    there = bundle.travelling("cxrkit/drawing.py", text)
    assert ast.dump(ast.parse(there)) == ast.dump(ast.parse(text))
    assert there.splitlines()[:3] == ["def draw():", "\tif True:", "\t\treturn ("]
    assert "\n    kept" in there and '\n        """' in there


def imports_of(text):
    """Names of the modules that a source may import, anywhere in it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_what_travels_needs_nothing_that_stays_here():
    sources = {name: text for name, text in bundle.files().items() if name.endswith(".py")}
    stays = {name.removesuffix(".py").replace("/", ".") for name in bundle.STAYS_HERE}
    assert all((bundle.ROOT / name).exists() for name in bundle.STAYS_HERE)
    needed = {(name, module) for name, text in sources.items() for module in imports_of(text)}
    assert not {(name, module) for name, module in needed if any(f"{module}.".startswith(f"{each}.") for each in stays)}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives(text):
    assert eval(bundle.literal(text)) == text
    compiled = {}
    exec(bundle.literal(text).join(["x = ", "\n"]).encode(), compiled)
    assert compiled["x"] == text


@pytest.mark.parametrize("text", ["", "'", "\\", "a\\'''\\", "'''", "x\\\n", "\r\n", "\x00", 'r"""', "é\u2028\x0c"])
def test_awkward_texts_survive(text):
    assert eval(bundle.literal(text)) == text


def clone(folder, **files):
    """A little repository with a package of these modules."""
    write_text(folder / "kernel" / "run.py", '"""Runs."""\n')
    for name, text in {"__init__.py": "", "kaggle_io/unpack.py": (bundle.ROOT / "cxrkit/kaggle_io/unpack.py").read_text(), **files}.items():
        write_text(folder / "cxrkit" / name, text)
    return folder


def test_stale_scripts_are_noticed(tmp_path):
    root = clone(tmp_path)
    with pytest.raises(BadInput):
        bundle.check(root)
    bundle.write(Settings(), root)
    bundle.check(root)
    write_text(root / "cxrkit" / "new.yaml", "a: 1\n")
    with pytest.raises(BadInput, match="not made of the present source"):
        bundle.check(root)


def test_edited_constants_are_not_stale(tmp_path):
    root = clone(tmp_path)
    bundle.write(Settings(), root)
    script = (root / bundle.SCRIPT).read_text()
    write_text(root / bundle.SCRIPT, script.replace("OVERRIDES = {}", "OVERRIDES = {'epochs': 2}").replace("HOURS = 11.0", "HOURS = 3.0"))
    bundle.check(root)
    assert bundle.settings_in((root / bundle.SCRIPT).read_text()) == Settings(overrides={"epochs": 2}, hours=3.0)


def test_edited_source_is_stale(tmp_path):
    root = clone(tmp_path)
    bundle.write(Settings(), root)
    write_text(root / bundle.SCRIPT, (root / bundle.SCRIPT).read_text() + "print('mine')\n")
    with pytest.raises(BadInput):
        bundle.check(root)


def test_too_large(tmp_path):
    root = clone(tmp_path, **{"data.csv": "x" * bundle.LIMIT_BYTES})
    with pytest.raises(BadInput, match="cxrkit/data.csv"):
        bundle.generate(Settings(), root)


def test_no_text(tmp_path):
    root = clone(tmp_path)
    (root / "cxrkit" / "picture.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(BadInput, match="no UTF-8 text"):
        bundle.generate(Settings(), root)


def test_hidden_and_compiled_files_stay_here(tmp_path):
    root = clone(tmp_path, **{".env": "KAGGLE_KEY=x", "__pycache__/a.pyc": ""})
    assert not any(".env" in name or name.endswith(".pyc") for name in bundle.files(root))


def test_an_experiment_of_ones_own_travels(tmp_path):
    write_text(tmp_path / "mine.yaml", "seeds: [3, 4]\n")
    script = bundle.generate(Settings(str(tmp_path / "mine.yaml")))
    assert bundle.settings_in(script).experiment == "mine"
    assert bundle.carried(script)["cxrkit/experiments/mine.yaml"] == "seeds: [3, 4]\n"
    write_text(tmp_path / "paper.yaml", "seeds: [3, 4]\n")
    with pytest.raises(WrongUse):
        bundle.generate(Settings(str(tmp_path / "paper.yaml")))


def isolated(folder, arguments, settings=Settings("dry-run"), **variables):
    """Run the script with `python -I` from a read-only folder, without the repository; return (code, output)."""
    script = folder / "src" / "script.py"
    if not script.exists():
        write_text(script, bundle.generate(settings))
        script.chmod(0o444)
        script.parent.chmod(0o555)
        for name in ("empty", "tmp"):
            (folder / name).mkdir()
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(folder / "tmp"), "OMP_NUM_THREADS": "1", **variables}
    done = subprocess.run(
        [sys.executable, "-I", str(script), *arguments], cwd=folder / "empty", env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_it_runs_by_itself(tmp_path):
    assert isolated(tmp_path, ["--version"]) == (0, __version__ + "\n")
    assert not list((tmp_path / "tmp").iterdir()) and not list((tmp_path / "empty").iterdir())
    code, told = isolated(tmp_path, ["--local", "--experiment", "nonsense"])
    assert code == 2 and "no experiment" in told and "Traceback" not in told
    (tmp_path / "src").chmod(0o755)


@pytest.mark.parametrize("overrides, words", [({"epocs": 2}, "--epocs"), ({"split": "gruped"}, "did you mean 'grouped'")])
def test_a_constant_that_cannot_work_is_refused_by_its_name(tmp_path, overrides, words):
    code, told = isolated(tmp_path, [], Settings(overrides=overrides), KAGGLE_KERNEL_RUN_TYPE="Batch")
    assert code == 2 and words in told and "Traceback" not in told
    (tmp_path / "src").chmod(0o755)


CHILDREN = """
import multiprocessing, os, subprocess, sys, tempfile

def child_imports(_):
    import cxrkit
    return cxrkit.__file__

if __name__ == "__main__":
    print(multiprocessing.get_context("spawn").Pool(1).map(child_imports, [0])[0])
    print(subprocess.run([sys.executable, "-c", "import cxrkit; print(cxrkit.__file__)"], capture_output=True, text=True).stdout)
    print(len([name for name in os.listdir(tempfile.gettempdir()) if name.startswith("cxrkit-")]))
"""


def test_children_import_the_package_too(tmp_path):
    root = clone(tmp_path / "clone", **{"kaggle_io/__init__.py": ""})
    write_text(root / "kernel" / "run.py", CHILDREN)
    write_text(tmp_path / "script.py", bundle.generate(Settings(), root))
    (tmp_path / "tmp").mkdir()
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / "script.py"), "--local"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    spawned, started, folders = done.stdout.split()
    assert spawned == started and spawned.startswith(str(tmp_path / "tmp"))
    assert folders == "1"


STARTS = {
    "IPython's kernel": "sys.argv = ['/x/ipykernel_launcher.py', '-f', '/root/kernel.json']; exec(TEXT, {'__name__': '__main__'})",
    "IPython's %run": "sys.argv = [PATH, '-f', '/root/kernel.json']; exec(TEXT, {'__name__': '__main__', '__file__': PATH})",
    "one argument": "sys.argv = ['x.py', '-f=/root/kernel.json']; exec(TEXT, {'__name__': '__main__', '__file__': PATH})",
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS)
def test_arguments_that_are_not_ours_are_left_alone(tmp_path, start):
    root = clone(tmp_path, **{"kaggle_io/__init__.py": "", "kaggle_io/inside.py": "def arguments_of(*a): return ['ours', *map(str, a)]\n"})
    write_text(root / "kernel" / "run.py", "import sys\nprint(*sys.argv[1:])\n")
    bundle.write(Settings(hours=2.0), root)
    code = f"import sys; PATH = {str(root / bundle.SCRIPT)!r}; TEXT = open(PATH).read(); {start}"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "ours paper {} 2.0 True \n", done.stderr


def test_what_to_do_and_the_constants_come_first():
    first = "\n".join(bundle.generate(Settings()).splitlines()[:30])
    assert "What to do" in first and bundle.settings_in(first) == Settings()
