"""python -m cxrkit predict: what a finished run's networks say of other films, from its results folder alone."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PANEL = 256
"""Pixels; the height of each picture in an attention map."""
CAPTION = 18
NO_TEMPERATURE = 0.06, 19.0
"""At the ends of the range that calibration.fit_temperature searches nothing was found: the validation films were told apart perfectly, or not at all."""


def add(commands):
    """Add the subcommand to an argparse subparsers object; nothing heavy is imported before it runs."""
    parser = commands.add_parser("predict", help="ask a finished run's networks about other films (research only)")
    parser.add_argument("run", type=Path, metavar="RUN", help="the run's folder, or its results folder, models/ included")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG or DICOM files, or folders of them")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write a picture a film into DIR: where each network looks")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.set_defaults(command=run_predict)


def run_predict(options):
    import json

    from cxrkit.errors import BadInput
    from cxrkit.progress import say

    found = predict(options.run, options.images, options.out)
    say(json.dumps(found, indent=2, ensure_ascii=False) if options.json else text(found))
    return 0 if found["films"] else BadInput.exit_code


@dataclass
class Film:
    """A film to ask about.

    square: uint8 [size, size] as the networks see it; panel: the film in its own proportions, PANEL pixels high, as a
    PIL image; doubts: why it is outside what the networks have seen; p_covid: {(architecture, seed): probability};
    maps: {architecture: attention map, uint8 [size, size]}.
    """

    path: Path
    square: object
    panel: object
    doubts: list
    p_covid: dict = field(default_factory=dict)
    maps: dict = field(default_factory=dict)


def predict(run, paths, out=None, device=None):
    """Ask a run's networks about films; return what `--json` prints.

    run: the results folder, or the folder around it: run.json, metrics.json and models/ are read, and reference.json
    and audits.json where they are there. paths: files and folders. out: a folder for attention maps.
    Files that cannot be read are listed with the reason. Raises BadInput for a folder that is no finished run,
    WrongUse for an `out` that cannot be made, DiskFull.
    """
    import numpy as np

    from cxrkit import environment
    from cxrkit.audit import asking, attention, reference
    from cxrkit.evaluation.outcome import results_folder
    from cxrkit.training import networks as trained

    results = results_folder(run)
    about, models, temperatures = _read_run(results)
    reference, lacking = reference.load(results)
    if out:
        _make(out)
    films, unreadable = _open_all(paths, about["experiment"]["image_size"], reference)
    device = device or environment.choose_device().value
    squares, seen = np.stack([film.square for film in films]) if films else None, set()
    for network in models if films else ():
        model = asking.load(network, device)
        for film, p in zip(films, trained.p_covid(model, squares, device)):
            film.p_covid[network.architecture, network.seed] = float(p)
        if out and network.architecture not in seen:
            for film, found in zip(films, attention.maps(model, squares, device=device)):
                film.maps[network.architecture] = np.rint(found * 255).astype(np.uint8)
        seen.add(network.architecture)
    return {
        "warnings": _warnings(about, results),
        "run": {key: about[key] for key in ("data", "weights", "manifest_sha256")}
        | {"experiment": about["experiment"].get("name", "unnamed")},
        "novelty": {"checked": reference is not None, "why_not": lacking},
        "films": [_answer(film, temperatures, reference, _draw(film, number, out)) for number, film in enumerate(films, start=1)],
        "unreadable": unreadable,
    }


def _make(folder):
    from cxrkit.errors import WrongUse

    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongUse(f"The folder for the pictures cannot be made: {error.strerror}.", folder, "name another one with --out") from error


def _read_run(results):
    """run.json, the networks on the disk in the order of the experiment, and {networks: temperature}. Raises BadInput."""
    from cxrkit.audit.asking import Network
    from cxrkit.errors import BadInput

    about = _json(results / "run.json", ("experiment", "data", "weights", "manifest_sha256"))
    metrics = _json(results / "metrics.json", ("scores", "ensembles", "held_out"))
    try:
        if not about["experiment"]["image_size"] > 0:
            raise ValueError("image_size")
        models = [
            Network(*key, results / "models" / f"{key[0]}-seed{key[1]}.pt") for key in _on_disk(results / "models", about["experiment"])
        ]
        temperatures = _temperatures(metrics)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"run.json or metrics.json is not as a run leaves it: {error!r}.", results, "restore them from the run's output"
        ) from error
    if not models:
        raise BadInput("The run's networks are not here.", results / "models", "bring models/ARCHITECTURE-seedN.pt of the run's output")
    return about, models, temperatures


def _json(path, needed):
    """A JSON file with these keys. Raises BadInput."""
    from cxrkit.errors import BadInput
    from cxrkit.files import read_json

    try:
        content = read_json(path)
        lacking = [key for key in needed if key not in content]
    except FileNotFoundError:
        raise BadInput("There is no finished run here.", path, "name the folder of a finished run, or its results folder") from None
    except (ValueError, TypeError, OSError) as error:
        raise BadInput(f"The file is no JSON of a run: {error}.", path, "restore it from the run's output") from error
    if lacking:
        raise BadInput(f"The file lacks {', '.join(lacking)}.", path, "restore it from the run's output")
    return content


def _on_disk(folder, experiment):
    from cxrkit.config import ARCHITECTURES

    names = [re.fullmatch(rf"({'|'.join(ARCHITECTURES)})-seed(\d+)\.pt", path.name) for path in folder.glob("*.pt")]
    order = list(experiment.get("architectures", ARCHITECTURES))
    return sorted(((m[1], int(m[2])) for m in names if m and m[1] in order), key=lambda key: (order.index(key[0]), key[1]))


def _temperatures(metrics):
    """{frozenset of (architecture, seed): temperature}: of each network, of each ensemble over seeds, and of all together."""
    from cxrkit.evaluation.predictions import LAST_STAGE

    final = [row for row in metrics["scores"] + metrics["ensembles"] if row["stage"] == LAST_STAGE and row["split"] == metrics["held_out"]]
    trained = {(row["architecture"], row["seed"]) for row in final if "seed" in row}
    found = {}
    for row in final:
        if row.get("calibration"):
            members = [(row["architecture"], row["seed"])] if "seed" in row else [key for key in trained if key[0] in row["architectures"]]
            found[frozenset(members)] = row["calibration"]["temperature"]
    return found


def _open_all(paths, size, reference):
    """The Films that could be read, and {file, reason} of the others."""
    from cxrkit.errors import UnreadableImage

    films, unreadable = [], []
    for path in [file for path in paths for file in _files(path)]:
        try:
            films.append(open_film(path, size, reference))
        except UnreadableImage as error:
            unreadable.append({"file": str(path), "reason": f"{error.what} ({error.next})" if error.next else error.what})
        except OSError as error:
            unreadable.append({"file": str(path), "reason": error.strerror or str(error)})
    return films, unreadable


def _files(path):
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def open_film(path, size, reference=None):
    """A file as a Film of squares size x size. Raises UnreadableImage, OSError."""
    from PIL import Image

    from cxrkit.audit import reference
    from cxrkit.data import dicom, images, pixels

    if dicom.is_dicom(path):
        grey, doubts = dicom.open_grey(path)
        colour = 0.0
    else:
        grey, doubts = images.open_grey(path), []
        with Image.open(path) as picture:
            colour = reference.colour_share(picture)
    square = pixels.square(grey, size)
    width = min(4 * PANEL, max(PANEL // 4, round(PANEL * grey.width / grey.height)))
    if reference is not None:
        doubts = doubts + reference.doubts(square, *grey.size, colour)
    return Film(path, square, grey.resize((width, PANEL), Image.Resampling.BILINEAR), doubts)


def _answer(film, temperatures, reference, picture):
    architectures = list(dict.fromkeys(architecture for architecture, _ in film.p_covid))
    networks = []
    for architecture in architectures:
        mine = {key: p for key, p in film.p_covid.items() if key[0] == architecture}
        networks.append({"architecture": architecture, "seeds": [seed for _, seed in mine], **_probability(mine, temperatures)})
    return {
        "file": str(film.path),
        "outside": bool(film.doubts) or (None if reference is None else False),
        "why_outside": film.doubts,
        "ensemble": _probability(film.p_covid, temperatures),
        "networks": networks,
        "attention": picture,
    }


def _probability(p_covid, temperatures):
    """The mean over architectures of their mean over seeds, calibrated, with the least and greatest of single networks.

    p_covid: {(architecture, seed): probability}. A network without a temperature counts as it is in the range.
    """
    import numpy as np

    from cxrkit.evaluation.calibration import tempered

    by_architecture = {}
    for (architecture, _), p in p_covid.items():
        by_architecture.setdefault(architecture, []).append(p)
    mean = np.mean([np.mean(values) for values in by_architecture.values()])
    temperature, reason = _usable(temperatures.get(frozenset(p_covid)))
    each = [(p, _usable(temperatures.get(frozenset([key])))[0]) for key, p in p_covid.items()]
    singles = [float(tempered(p, own)) if own else p for p, own in each]
    return {
        "p_covid": float(tempered(mean, temperature)) if temperature else float(mean),
        "calibrated": temperature is not None,
        "why_not_calibrated": reason,
        "temperature": temperature,
        "raw": float(mean),
        "low": min(singles),
        "high": max(singles),
        "networks": len(p_covid),
    }


def _usable(temperature):
    if temperature is None:
        return None, "the run fitted no temperature for these networks"
    if not NO_TEMPERATURE[0] < temperature < NO_TEMPERATURE[1]:
        return None, "validation gave no temperature: its films were told apart perfectly, or not at all"
    return temperature, ""


def _warnings(about, results):
    """What must stand beside every probability, a sentence each."""
    from cxrkit.data.readers import phantom
    from cxrkit.files import read_json
    from cxrkit.pipeline import RESEARCH_ONLY

    found = [RESEARCH_ONLY]
    if about["data"] == "phantom":
        found.append(phantom.BANNER)
    if about["weights"] == "random":
        found.append("The networks started from random weights.")
    if about.get("leaks"):
        found.append("The run's split leaks: its calibration does not hold for new patients.")
    try:
        found.append("The audit of this run says: " + read_json(results / "audits.json")["verdict"]["paragraph"])
    except FileNotFoundError:
        found.append("No audit of this run is here: whether its networks see disease at all was not looked into.")
    except (ValueError, KeyError, TypeError):
        found.append("The audit of this run cannot be read.")
    return found


def _draw(film, number, out):
    """Write the film, and beside it the film under each architecture's map; return the file's path, or an empty text."""
    if not out:
        return ""
    import numpy as np
    from PIL import Image, ImageDraw

    from cxrkit.audit import attention
    from cxrkit.evaluation.scoring import SHORT_NAMES

    grey, width = np.asarray(film.panel), film.panel.width
    panels = {"film": np.repeat(grey[..., None], 3, -1)}
    for architecture, found in film.maps.items():
        enlarged = np.asarray(Image.fromarray(found).resize((width, PANEL), Image.Resampling.BILINEAR)) / np.float32(255)
        panels[SHORT_NAMES[architecture] + ("" if found.any() else ": nothing speaks for its answer")] = attention.overlay(grey, enlarged)
    picture = Image.new("RGB", (width * len(panels), PANEL + CAPTION), "white")
    draw = ImageDraw.Draw(picture)
    for place, (name, panel) in enumerate(panels.items()):
        picture.paste(Image.fromarray(panel), (place * width, CAPTION))
        draw.text((place * width + 4, 3), name, fill="black")
    path = Path(out) / f"{number:03d}-{re.sub(r'[^A-Za-z0-9_-]+', '-', film.path.stem)[:40]}.png"
    attention.save(path, picture)
    return str(path)


def text(found):
    """What people read."""
    from cxrkit.evaluation.scoring import SHORT_NAMES
    from cxrkit.progress import table

    lines, rows = ["!!! " + warning for warning in found["warnings"]] + [""], []
    for film in found["films"]:
        mark = "OUTSIDE" if film["outside"] else ""
        rows.append([Path(film["file"]).name, "all networks", *_cells(film["ensemble"]), mark])
        if len(film["networks"]) > 1:
            rows += [["", SHORT_NAMES[row["architecture"]], *_cells(row), ""] for row in film["networks"]]
    if rows:
        lines.append(table(rows, ["film", "network", "p(COVID-19)", "single networks", "n", "calibrated", ""], right=["p(COVID-19)", "n"]))
    if any(film["ensemble"]["networks"] > 1 for film in found["films"]):
        lines.append("single networks: the least and greatest of them; several are calibrated as one, so their probability may lie outside")
    reasons = dict.fromkeys(
        row["why_not_calibrated"] for film in found["films"] for row in (film["ensemble"], *film["networks"]) if not row["calibrated"]
    )
    lines += [f"not calibrated: {reason}" for reason in reasons]
    for film in found["films"]:
        if film["outside"]:
            lines.append(
                f"OUTSIDE what this model has seen, its probability means nothing: {film['file']}: {'; '.join(film['why_outside'])}"
            )
    if not found["novelty"]["checked"]:
        lines.append(f"whether a film is outside what this model has seen was not checked: {found['novelty']['why_not']}")
    lines += [f"where the networks look: {film['attention']}" for film in found["films"] if film["attention"]]
    lines += [f"not read: {bad['file']}: {bad['reason']}" for bad in found["unreadable"]]
    lines.append(f"{len(found['films'])} films read, {len(found['unreadable'])} not")
    return "\n".join(lines)


def _cells(row):
    return [
        f"{row['p_covid']:.3f}",
        f"{row['low']:.3f} to {row['high']:.3f}" if row["networks"] > 1 else "",
        row["networks"],
        "yes" if row["calibrated"] else "no",
    ]
