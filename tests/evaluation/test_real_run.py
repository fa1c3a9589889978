"""A kept run on real films: its predictions still give the scores and the verdict that were kept with it."""

import math
import shutil
from pathlib import Path

import pytest

from cxrkit.evaluation.evaluate import evaluate
from cxrkit.files import read_json
from cxrkit.results import Results

KEPT = Path(__file__).resolve().parents[1] / "data" / "real-run"


def differences(kept, found, where=""):
    """The places at which two JSON values differ by more than rounding."""
    if isinstance(kept, dict) and isinstance(found, dict):
        return [place for key in {*kept, *found} for place in differences(kept.get(key), found.get(key), f"{where}/{key}")]
    if isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        return [place for index, pair in enumerate(zip(kept, found)) for place in differences(*pair, f"{where}/{index}")]
    if isinstance(kept, float) and isinstance(found, float):
        return [] if math.isclose(kept, found, rel_tol=1e-5, abs_tol=1e-7) else [f"{where}: {kept} is now {found}"]
    return [] if kept == found else [f"{where}: {kept} is now {found}"]


def test_the_kept_runs_scores_and_verdict_are_unchanged(tmp_path):
    if not (KEPT / "predictions.csv").exists():
        pytest.skip("no run is kept in tests/data/real-run")
    shutil.copytree(KEPT, tmp_path / "run")
    evaluate(Results.open(tmp_path / "run"))
    for name in ("metrics.json", "comparison.json"):
        assert not differences(read_json(KEPT / name), read_json(tmp_path / "run" / name))
