"""The notebook: three cells of the script's own source."""

import ast
import json
import subprocess
import sys

from cxrkit.files import write_text
from cxrkit.kaggle_io import bundle, cells
from cxrkit.kaggle_io.bundle import Settings
from tests.kaggle_io.test_bundle import clone


def test_the_same_source_as_the_scripts():
    text = cells.generate(Settings())
    assert text == cells.generate(Settings()) and text.isascii()
    first, sources, last = (cell["source"] for cell in json.loads(text)["cells"])
    assert bundle.settings_in(first) == Settings() and "What to do" in first
    held = {}
    exec(sources, held)
    script = bundle.generate(Settings())
    assert held["FILES"] == bundle.carried(script) and held["SOURCE_SHA256"] == bundle.identity(script)[0]
    ast.parse(last)


DRAWN = """
def run(folder, experiment, arguments):
    return open(folder / "kernel" / "run.py").read().strip(), experiment, *arguments

def html(results):
    return results
"""


def test_its_cells_run_one_after_the_other_and_again(tmp_path):
    arguments = "def arguments_of(*a): return a\n"
    root = clone(tmp_path, **{"kaggle_io/__init__.py": "", "kaggle_io/inside.py": arguments, "kaggle_io/notebook.py": DRAWN})
    write_text(tmp_path / "IPython" / "__init__.py", "")
    write_text(tmp_path / "IPython" / "display.py", "HTML, display = tuple, print\n")
    held = [cell["source"] for cell in json.loads(cells.generate(Settings(hours=3.0), root))["cells"]]
    again = held[0].replace("HOURS = 3.0", "HOURS = 4.0")
    edited = "FILES['kernel/run.py'] = 'mine'"
    program = (
        f"import sys; sys.path.append({str(tmp_path)!r}); one = {{}}\nfor cell in {[*held, again, edited, held[2]]!r}: exec(cell, one)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "('\"\"\"Runs.\"\"\"', 'paper', 'paper', {}, 3.0, True, '')",
        "('mine', 'paper', 'paper', {}, 4.0, True, '')",
    ], done.stderr
