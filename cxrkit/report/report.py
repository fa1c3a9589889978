"""The report: the page, its text twin, the cards and the figures, from a run's results alone."""

from collections.abc import Callable
from pathlib import Path

from cxrkit.data.licences import attribution
from cxrkit.data.records import Record
from cxrkit.files import CHECKSUMS, replacing, write_checksums, write_text
from cxrkit.report import cards, checklists, gallery, markdown, page, plots
from cxrkit.report.tables.settings import GENERATED
from cxrkit.results import Results

PAGE = GENERATED[0]
WRITTEN = (*GENERATED, CHECKSUMS, f"{plots.FOLDER}/any.svg")
"""What a report must be able to write."""


def make(results: Results, locate: Callable[[Record], Path] | None = None) -> list[Path]:
    """Write report.html, report.md, the cards and the figures into a run's results, bring checksums.json up to date; return the files' paths.

    locate: function from a Record to its file, where the films are at hand: then the gallery gets its thumbnails.
    Raises BadInput for a folder that is no whole run.
    """
    folder = results.folder
    if locate:
        gallery.write_thumbnails(results, locate)
    drawings = page.drawings(results)
    for drawing in (each for group in drawings.values() for each in group):
        for kind in ("svg", "png"):
            with replacing(folder / plots.FOLDER / f"{drawing.name}.{kind}") as temporary:
                temporary.write_bytes(drawing.svg.encode() if kind == "svg" else drawing.png)
    if not (folder / CHECKSUMS).exists():
        write_checksums(folder)
    results.refresh_checksums(*(path.relative_to(folder).as_posix() for path in sorted((folder / plots.FOLDER).rglob("*.*"))))
    shown, lists = gallery.films(results), checklists.Checklists(results)
    texts = (
        page.html(results, shown, drawings),
        markdown.markdown(results, shown),
        cards.model_card(results),
        cards.datasheet(results),
        lists.page("claim"),
        lists.page("tripod"),
        attribution(results.manifest.records),
        cards.citation(),
    )
    for name, text in zip(GENERATED, texts, strict=True):
        write_text(folder / name, text)
    results.refresh_checksums(*GENERATED)
    return [folder / name for name in GENERATED]
