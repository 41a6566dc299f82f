"""The package as a wheel: what it brings along, and what its smallest install can do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.places import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow
SOURCES = ("src", "pipelines", "components", "pyproject.toml", "setup.py", "README.md", "LICENSE")
CU3AU = {
    "lattice_A": [[3.75, 0, 0], [0, 3.75, 0], [0, 0, 3.75]],
    "species": ["Au", "Cu", "Cu", "Cu"],
    "frac_coords": [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
}


def run(command: Sequence[str | Path], cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command that sees neither the checkout nor the settings of this process."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MATOPS_")}
    kept.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=cwd, env=kept | more, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy of the checkout, without an index."""
    place = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = REPOSITORY / name
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=ignored)
        else:
            shutil.copy(source, place)
    build = ["-m", "pip", "wheel", "--no-index", "--no-build-isolation", "--no-deps", "."]
    done = run([sys.executable, *build, "--wheel-dir", "dist"], place)
    assert done.returncode == 0, done.stderr
    [built] = (place / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def smallest(wheel: Path) -> Path:
    """Programs of an environment that has the wheel and what every install needs, no extra."""
    uv, environment = Path(sys.executable).with_name("uv"), wheel.parent / "environment"
    if not uv.exists():
        pytest.skip("uv is not installed: nothing to make an environment with")
    made = run([uv, "venv", "--quiet", "--python", sys.executable, environment], wheel.parent)
    assert made.returncode == 0, made.stderr
    python = environment / "bin" / "python"
    done = run([uv, "pip", "install", "--quiet", "--python", python, wheel], wheel.parent)
    if done.returncode:
        pytest.skip(f"no index and no cache of it: {done.stderr.strip().splitlines()[-1]}")
    return python.parent


def test_a_wheel_brings_families_pipelines_and_pages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, target in (("pipelines", "pipelines"), ("components", "components")):
        for module in (REPOSITORY / folder).glob("*.py"):
            assert f"matops/shipped/{target}/{module.name}" in names
    for name in ("families/elastic_cgcnn/README.md", "artifacts/pages/templates/report.html.j2"):
        assert f"matops/{name}" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"matops"}


def test_pipelines_of_a_wheel_compile_in_any_directory(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    code = (
        "from matops.entrypoints.settings import read_settings\n"
        "from matops.entrypoints.pipelines.project import compiled_pipelines, project_directory\n"
        "print(project_directory(read_settings()))\n"
        "compiled = compiled_pipelines(read_settings(), ['simulate'], for_platform=False)\n"
        "print(compiled['simulate'])\n"
    )
    installed = str(tmp_path / "installed")
    done = run([sys.executable, "-c", code], tmp_path, PYTHONPATH=installed)
    assert done.returncode == 0, done.stderr
    place, compiled = done.stdout.split()
    assert place == f"{installed}/matops/shipped"
    assert "name: simulate" in Path(compiled).read_text()


def test_the_smallest_install_asks_a_server_and_has_no_torch(
    smallest: Path, served: str, tmp_path: Path
) -> None:
    (tmp_path / "Cu3Au.json").write_text(str({"crystal": CU3AU}).replace("'", '"'))
    code = f"""
import importlib.util
import matops
heavy = [m for m in ("torch", "pymatgen", "pandas", "kfp") if importlib.util.find_spec(m)]
answer = matops.load({served!r}).predict("Cu3Au.json")
print(heavy, answer.estimates["K_VRH"].unit, answer.coverage)
"""
    done = run([smallest / "python", "-c", code], tmp_path)
    assert done.stdout.strip() == "[] GPa 0.8", done.stderr
    asked = run([smallest / "matops", "predict", served, "Cu3Au.json"], tmp_path)
    assert "K_VRH" in asked.stdout, asked.stderr


def test_the_smallest_install_lists_families_and_says_what_it_lacks(
    smallest: Path, tmp_path: Path
) -> None:
    assert run([smallest / "matops", "--version"], tmp_path).stdout.startswith("matops ")
    families = run([smallest / "matops", "families"], tmp_path)
    assert "K_VRH / GPa" in families.stdout, families.stderr
    (tmp_path / "card.json").write_text("not read")
    lacking = run([smallest / "matops", "predict", tmp_path, "card.json"], tmp_path)
    assert lacking.returncode == 2
    assert lacking.stderr.splitlines()[-1].endswith("pip install 'matops[training]'")
