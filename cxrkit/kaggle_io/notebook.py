"""A run that a notebook's cell starts, and its results as that cell shows them."""

import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path

from cxrkit import environment
from cxrkit.errors import CxrkitError
from cxrkit.kaggle_io import publish
from cxrkit.progress import say
from cxrkit.tables import Table


def run(folder: Path, experiment: str, arguments: Sequence[str]) -> Path:
    """Run kernel/run.py of the unpacked `folder` in a process of its own, its output here; return the folder of the results.

    A process, for it gives the GPU's memory back, and a cell that is run again begins anew. On Kaggle the results lie in the
    kernel's output, elsewhere below runs/. Raises CxrkitError where the run failed; an interrupted cell stops it.
    """
    command = [sys.executable, str(folder / "kernel" / "run.py"), *arguments]
    command += [] if environment.on_kaggle() else ["--local"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace", start_new_session=True
    ) as process:
        try:
            for line in process.stdout or ():
                say(line.rstrip("\r\n"))
        except KeyboardInterrupt:
            process.terminate()
            for line in process.stdout or ():
                say(line.rstrip("\r\n"))
            raise
    if process.returncode:
        raise CxrkitError(f"The run ended with exit code {process.returncode}.", next="its reason stands in the last lines above")
    return environment.kaggle_working() / publish.FOLDER if environment.on_kaggle() else Path("runs", experiment, "results")


def html(folder: Path) -> str:
    """What the results say: headline, verdict, scores beside the study's, and where the report lies. Raises BadInput."""
    from cxrkit.report import sentences
    from cxrkit.report.tables import networks
    from cxrkit.results import Results

    results = Results.open(folder)
    verdict = sentences.verdict(results)
    said = [
        sentences.lede(results),
        verdict["trust"],
        verdict["best"],
        *(f"{name} was not made: {why}" for name, why in results.lacking.items()),
    ]
    page = folder / "report.html"
    shown = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
    link = f'<p>The whole report: <a href="{escape(shown.as_posix())}" target="_blank">{escape(shown.as_posix())}</a></p>'
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in said)
    return f"<h2>{escape(sentences.headline(results))}</h2>{paragraphs}{as_html(networks.for_log(results))}{link if page.is_file() else ''}"


def as_html(table: Table) -> str:
    """The table in plain HTML, with its caption above."""
    head = "".join(f"<th>{escape(column.title)}</th>" for column in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell.text)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><caption>{escape(table.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
