"""Export: a finished run as a folder that answers about films without torch, compared with torch before it is left there."""

import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np

from cxrkit import __version__, predict
from cxrkit.audit.reference import FILE as REFERENCE
from cxrkit.data.readers import phantom
from cxrkit.data.records import LABELS
from cxrkit.errors import BadInput, UnreadableImage, disk_errors
from cxrkit.files import PARTIAL, checksum, link_or_copy, write_json
from cxrkit.inference import by_torch, graphs
from cxrkit.inference.by_onnx import OnnxNetwork
from cxrkit.inference.exported import FILE, FORMAT, Compared, Export, ExportedNetwork, GraphFile, is_exported, read
from cxrkit.inference.facts import Facts
from cxrkit.progress import MB, answer, counted, say
from cxrkit.results import Network, Results
from cxrkit.schema import VERSION

DRAWN, NOISE = 20, 4
"""Films that are drawn to compare on, and squares of noise."""
MOST_P, MOST_FEATURES, MOST_MAPS = 1e-4, 1e-3, 0.01
"""The largest differences that are let through, as in Compared. Single precision itself is no nearer: on 100 films torch's p of a VGG19
lay up to 2.6e-5 from double precision's, onnxruntime's 1.2e-5; of other networks both within 3e-6. A map of ReLUs may differ by more where one of them stands at 0."""
OTHER_FILMS = "name films, or folders that hold nothing else, with --films; without it drawn ones are compared on"
PACKAGES = ("torch", "torchvision", "onnx", "onnxruntime", "numpy", "pillow")


def export(run: Path | str, out: Path | None = None, films: Sequence[Path] = ()) -> Path:
    """Write a run's exported folder and return it; by default it lies beside the results. films: to compare on besides drawn ones.

    Raises BadInput for a network that answers differently, for a folder that is no finished run, or that holds other things than an
    earlier export, and for films that cannot be read; then nothing of `out` is changed.
    """
    for given in films:
        if not Path(given).exists():
            raise BadInput("There is no such film, and no such folder.", given, OTHER_FILMS)
    results = Results.open(run)
    trained = results.networks_on_disk()
    opened = predict.open_run(run, "cpu", scaled=True)
    folder = Path(out) if out else beside(results.folder)
    _refuse_foreign(folder)
    squares = np.concatenate([_drawn(opened.facts.image_size), *(_squares(films, opened.facts))])
    with disk_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=PARTIAL, dir=folder.parent))
        try:
            networks, compared = _exported(trained, squares, making)
            reference = None
            if opened.reference:
                link_or_copy(results.folder / REFERENCE, making / REFERENCE)
                reference = _file(making / REFERENCE)
            export = Export(
                format=FORMAT,
                schema=VERSION,
                cxrkit=__version__,
                made=time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
                opset=graphs.OPSET,
                versions={name: metadata.version(name) for name in PACKAGES},
                classes=list(LABELS),
                facts=opened.facts,
                networks=networks,
                reference=reference,
                lacking=opened.lacking,
                compared=compared,
            )
            write_json(making / FILE, asdict(export))
            read(making)
            _put(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    answer(told(export, folder))
    return folder


def beside(results: Path) -> Path:
    """Where a run's exported folder lies: never in the results, whose list of checksums it would be in."""
    return results.parent / "exported" if results.name == "results" else results.with_name(f"{results.name}-exported")


def told(export: Export, folder: Path) -> str:
    """What was written, and how far its answers lie from torch's."""
    compared, size = export.compared, sum(graph.bytes for graph in export.files) / MB
    maps = "no attention maps" if compared.maps is None else f"attention maps by {compared.maps:.1g}"
    return "\n".join(
        [
            f"{counted(len(export.networks), 'network')}, {size:,.0f} MB: {folder}",
            f"compared with torch on {counted(compared.films, 'film')}: p(COVID-19) differs by at most {compared.p_covid:.1g}, "
            f"features by {compared.features:.1g} of the largest, {maps}",
            *export.unmapped,
            f"ask it without torch: pip install '.[onnx]', then python -m cxrkit demo {folder}",
        ]
    )


def _exported(trained: list[Network], squares: np.ndarray, folder: Path) -> tuple[list[ExportedNetwork], Compared]:
    networks, worst, engine = [], [], by_torch.TorchEngine("cpu")
    for network in trained:
        say(f"exporting {network.name}")
        asked = engine.load(network)
        path, size = folder / f"{network.name}.onnx", squares.shape[-1]
        graphs.write_network(asked.model, size, path)
        exported = ExportedNetwork(network.architecture, network.seed, _file(path), None, "")
        differ = differences(asked, OnnxNetwork(folder, exported), squares)
        refuse_different(network, differ)
        exported, maps = _with_map(asked, exported, squares, folder)
        networks.append(exported)
        worst.append(Compared(differ.films, differ.p_covid, differ.features, maps))
    of_maps = [each.maps for each in worst if each.maps is not None]
    return networks, Compared(
        len(squares), max(each.p_covid for each in worst), max(each.features for each in worst), max(of_maps) if of_maps else None
    )


def differences(torch: by_torch.TorchNetwork, onnx: OnnxNetwork, squares: np.ndarray) -> Compared:
    """How far the answers of two engines about the same squares lie apart, maps left aside."""
    seen, again = torch.features(squares), onnx.features(squares)
    apart = np.abs(torch.p_covid(squares) - onnx.p_covid(squares)).max()
    return Compared(len(squares), float(apart), float(np.abs(seen - again).max() / max(np.abs(seen).max(), 1e-30)), None)


def refuse_different(network: Network, differ: Compared) -> None:
    """Raise BadInput where the differences are too large, NaN among them."""
    if not (differ.p_covid <= MOST_P and differ.features <= MOST_FEATURES):
        what = (
            f"{network.name} does not answer as torch does: p(COVID-19) differs by {differ.p_covid:.2g} ({MOST_P:g} is let through), "
            f"its features by {differ.features:.2g} of the largest ({MOST_FEATURES:g})."
        )
        raise BadInput(what, network.path, "nothing was written; use the results folder with torch, and report this with both versions")


def _with_map(asked: by_torch.TorchNetwork, exported: ExportedNetwork, squares: np.ndarray, folder: Path):
    """(the network with its map's graph, where that can be made and gives what torch gives; the largest difference, or None)."""
    architecture, seed = exported.architecture, exported.seed
    path, size = folder / f"{architecture}-seed{seed}-map.onnx", squares.shape[-1]
    try:
        graphs.write_map(asked.model, size, path)
        mapped = ExportedNetwork(architecture, seed, exported.network, _file(path))
        differ = float(np.abs(asked.maps(squares) - OnnxNetwork(folder, mapped).maps(squares)).max())
        reason = "" if differ <= MOST_MAPS else f"it differs from torch's by {differ:.2g}"
    except Exception as error:  # whatever torch says of an operator that ONNX lacks
        reason = f"its gradient has no ONNX graph ({str(error).strip().splitlines()[0][:150]})"
    if not reason:
        return mapped, differ
    path.unlink(missing_ok=True)
    return ExportedNetwork(architecture, seed, exported.network, None, reason), None


def _drawn(size: int) -> np.ndarray:
    """Squares that every export is compared on: drawn chests, half of them with opacities, and noise."""
    random = np.random.default_rng(0)
    films = [phantom.draw_film(phantom.Anatomy(random), bool(number % 2), random, max(128, size)) for number in range(DRAWN)]
    noise = random.integers(0, 256, (NOISE, size, size), dtype=np.uint8)
    return np.concatenate([np.stack([np.asarray(film.resize((size, size))) for film in films]), noise])


def _squares(films: Sequence[Path], facts: Facts) -> list[np.ndarray]:
    """A square of each film that is named, or lies in a folder that is. Raises BadInput for what is none, and for a folder without any."""
    squares = []
    for given in films:
        found = predict.files(given)
        if not found:
            raise BadInput("The folder holds no film.", given, OTHER_FILMS)
        for path in found:
            try:
                squares.append(predict.open_film(path, facts.image_size, None, facts.resize).square[None])
            except UnreadableImage as error:
                raise BadInput(f"This cannot be compared on: {error.what}.", path, OTHER_FILMS) from error
    return squares


def _file(path: Path) -> GraphFile:
    return GraphFile(path.name, **checksum(path))


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not is_exported(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput("Here lies something that is no exported folder.", folder, "name another folder with --out; nothing was changed")


def _put(making: Path, folder: Path) -> None:
    """The new files in place of an earlier export's; export.json goes first and comes last, so that half of two is no exported folder."""
    folder.mkdir(exist_ok=True)
    if is_exported(folder):
        try:
            earlier = {graph.name: graph for graph in read(folder).files}
        except BadInput as error:
            raise BadInput("Here lies a broken exported folder.", folder, "remove it, or name another folder with --out") from error
        taken = {path.name for path in making.iterdir() if path.name not in (FILE, *earlier) and (folder / path.name).exists()}
        for name in sorted(taken | {name for name, graph in earlier.items() if _file(folder / name) != graph}):
            raise BadInput("Here lies a file that is not an earlier export's.", folder / name, "move it, or name another folder with --out")
        for name in (FILE, *earlier):
            with suppress(FileNotFoundError):
                (folder / name).unlink()
    for path in sorted(making.iterdir(), key=lambda path: path.name == FILE):
        os.replace(path, folder / path.name)
