"""Panels: a film beside what each network attends to, with everything that must be read with it written into the picture."""

import textwrap
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cxrkit import RESEARCH_ONLY
from cxrkit.answers import Answer
from cxrkit.audit import heatmap
from cxrkit.config import short_name
from cxrkit.data.records import LABEL_WORDS

LINE = 17
TEXT, WARNING = "black", (176, 0, 32)
KEY = "Amber: what speaks for the network's answer."


def picture(panel: Image.Image, maps: dict[str, np.ndarray], answer: Answer) -> Image.Image:
    """The film, and beside it the film under each architecture's map, with file, probability, call, key and what must stand beside them.

    panel: the film, mode L; maps: {architecture: attention map, uint8 [size, size]}.
    """
    grey, (width, height) = np.asarray(panel), panel.size
    of_network = {row.architecture: row.probability for row in answer.networks}
    columns = [(["film", ""], np.repeat(grey[..., None], 3, -1))]
    for architecture, attended in maps.items():
        enlarged = np.asarray(Image.fromarray(attended).resize((width, height), Image.Resampling.BILINEAR)) / np.float32(255)
        p = of_network[architecture].p_covid
        words = [f"{short_name(architecture)}: {p:.3f}", "" if attended.any() else "nothing speaks for its answer"]
        columns.append((words, heatmap.overlay(grey, enlarged)))
    font = ImageFont.load_default(12)
    across = max(width * len(columns), 480)
    above = [(line, colour) for text, colour in told(answer) for line in textwrap.wrap(text, across // 7) or [""]]
    drawn = Image.new("RGB", (across, LINE * (len(above) + 2) + height + 6), "white")
    draw = ImageDraw.Draw(drawn)
    for row, (line, colour) in enumerate(above):
        draw.text((4, LINE * row + 2), line, fill=colour, font=font)
    top = LINE * len(above) + 2
    for place, (words, column) in enumerate(columns):
        for row, line in enumerate(words):
            draw.text((place * width + 4, top + LINE * row), line, fill=TEXT, font=font)
        drawn.paste(Image.fromarray(column), (place * width, top + 2 * LINE))
    return drawn


def told(answer: Answer) -> list[tuple[str, str | tuple[int, int, int]]]:
    """The lines above the picture, each with its colour."""
    p = answer.ensemble
    among = f", single networks {p.low:.3f} to {p.high:.3f}" if p.networks > 1 else ""
    call = "" if answer.outside else f", called {LABEL_WORDS[answer.called]}"
    lines: list[tuple[str, str | tuple[int, int, int]]] = [
        (f"{_plain(Path(answer.file).name)}: p(COVID-19) {p.p_covid:.3f}{among}{call}", TEXT),
        (f"{KEY} {RESEARCH_ONLY}", TEXT),
    ]
    if answer.outside:
        lines.insert(0, (f"OUTSIDE what the networks have seen, the numbers mean nothing: {'; '.join(answer.why_outside)}", WARNING))
    return lines


def _plain(name: str) -> str:
    """A file name as this font can write it."""
    return "".join(sign if sign.isprintable() and ord(sign) < 256 else "?" for sign in name)
