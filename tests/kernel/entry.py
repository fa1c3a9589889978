"""kernel/run.py, imported by its path: its folder is no package."""

import functools
import importlib.util
from pathlib import Path
from types import ModuleType


@functools.cache
def kernel_run() -> ModuleType:
    """The module of kernel/run.py: its parse and its main."""
    path = Path(__file__).resolve().parents[2] / "kernel" / "run.py"
    spec = importlib.util.spec_from_file_location("kernel_run", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
