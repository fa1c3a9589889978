"""What pyproject.toml promises to `pip install`: files that come along, commands that exist, packages named with their extra."""

import importlib
import tomllib
from pathlib import Path

import pytest

from cxrkit import __version__
from cxrkit.errors import EXTRA_OF, run_command

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def name_of(requirement):
    return requirement.split("[")[0].split(">")[0].split("<")[0].split("=")[0].strip().lower()


def test_every_file_beside_the_modules_is_installed():
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["cxrkit"]
    installed = {path for pattern in patterns for path in (ROOT / "cxrkit").glob(pattern)}
    beside = {path for path in (ROOT / "cxrkit").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert beside <= installed
    assert PYPROJECT["project"]["version"] == __version__


@pytest.mark.parametrize("command", PYPROJECT["project"]["scripts"].values())
def test_the_installed_commands_exist(command):
    module, _, function = command.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_a_missing_package_is_named_with_its_extra(capsys):
    extras = {extra: {name_of(each) for each in wanted} for extra, wanted in PYPROJECT["project"]["optional-dependencies"].items()}
    for package, extra in EXTRA_OF.items():
        assert package.replace("_", "-") in extras[extra] or package == "kagglesdk"  # which kaggle brings

        def lacking(package=package):
            raise ModuleNotFoundError(f"No module named '{package}.part'", name=f"{package}.part")

        assert run_command(lacking) == 2
        assert f"The package {package} is not installed" in (said := capsys.readouterr().err) and f".[{extra}]" in said


def test_another_missing_module_is_a_fault_of_the_kit():
    with pytest.raises(ModuleNotFoundError):
        run_command(lambda: importlib.import_module("cxrkit.no_such_module"))


def test_what_kaggles_image_pins_is_in_the_ranges():
    from packaging.requirements import Requirement

    project = PYPROJECT["project"]
    wanted = [Requirement(each) for each in [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]]
    ranges = {requirement.name: requirement.specifier for requirement in wanted}
    pins = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()]
    for pin in map(Requirement, filter(None, pins)):
        assert pin.name in ranges
        for each in pin.specifier:
            assert each.operator != "==" or each.version in ranges[pin.name], pin
