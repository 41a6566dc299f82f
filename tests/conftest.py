"""One small released package and one server on it, made once a session.

The labels are synthetic (a rule of mixtures on the project's own alloys), the network is small and
the limits on its error are loose; everything else, gates on physics included, is as in production.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from tests.support.once import made_once
from tests.support.places import REPOSITORY

FAMILY = "elastic_cgcnn"
PURE_GPA = {
    "Ag": (104.0, 33.8),
    "Au": (167.0, 31.0),
    "Cu": (138.0, 54.0),
    "Ni": (180.0, 90.0),
    "Pd": (195.0, 54.0),
    "Pt": (283.0, 65.0),
}
"""K and G of the metals whose mixtures are the synthetic labels."""

TINY = {
    "training.members": 2,
    "split.calibration": 0.2,
    "split.test": 0.25,
    "training.epochs": 25,
    "training.batch_size": 16,
    "network.atom_fea_len": 16,
    "network.h_fea_len": 16,
    "network.n_conv": 2,
    "evaluation.learning_curve": [0.5],
    "evaluation.coverage": 0.8,
    "limits.mae_K": 0.3,
    "limits.mae_G": 0.3,
    "limits.half_width_K": 1.5,
    "limits.half_width_G": 1.5,
    "limits.latency_ms": 5000,
    # The labels of write_source are those of the elements, and say nothing of compression.
    "limits.softening": 1.0,
}


@dataclass(frozen=True)
class Done:
    """What a command left: exit status, standard output and standard error."""

    status: int
    out: str
    err: str


Matops = Callable[..., Done]
"""``matops(workspace, "command", "argument", ...)``."""


@dataclass(frozen=True)
class Released:
    """A workspace after ingest, train, evaluate and release."""

    workspace: Path
    source: Path
    run: Path
    package: Path


def changes(**more: object) -> list[str]:
    """``--set`` options of the small configuration; keywords write ``.`` as ``__``."""
    named = TINY | {name.replace("__", "."): value for name, value in more.items()}
    return [
        text for name, value in named.items() for text in ("--set", f"{name}={json.dumps(value)}")
    ]


def call_matops(workspace: Path, *arguments: str | Path) -> Done:
    """The command line in this process."""
    from matops.entrypoints.cli import main
    from matops.entrypoints.cli.output import screen, side
    from matops.entrypoints.settings import read_settings

    out, err, status = StringIO(), StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("MATOPS_WORKSPACE", str(workspace))
        patch.setenv("MATOPS_PROJECT", str(REPOSITORY))
        patch.setenv("MATOPS_WORKERS", "1")
        patch.setattr(screen, "width", 240)
        patch.setattr(side, "width", 240)
        patch.setattr(sys, "argv", ["matops", *map(str, arguments)])
        read_settings.cache_clear()
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
    read_settings.cache_clear()
    return Done(status, out.getvalue(), err.getvalue())


def write_source(path: Path, count: int, seed: int = 0) -> Path:
    """A JSON list of unrelaxed alloys whose moduli are geometric means of their elements'."""
    from matops.simulators.alloys import enumerate_alloys

    rows = []
    for alloy in enumerate_alloys(count, seed):
        bulk, shear = np.exp(np.log([PURE_GPA[s] for s in alloy.species]).mean(axis=0))
        rows.append(
            {
                "id": alloy.name,
                "lattice": alloy.lattice_A.tolist(),
                "species": list(alloy.species),
                "frac_coords": alloy.frac_coords.tolist(),
                "K_VRH": bulk,
                "G_VRH": shear,
            }
        )
    path.write_text(json.dumps(rows))
    return path


def make_released(root: Path) -> None:
    """Ingest, train, evaluate and release under ``root``, through the command line."""
    workspace = root / "workspace"
    steps = (
        ("ingest", FAMILY, "--source", write_source(root / "alloys.json", 160), "--json"),
        ("train", FAMILY, "--out", root / "run", "--preset", "demo", *changes()),
        ("evaluate", root / "run", "--release", "--json"),
    )
    for step in steps:
        done = call_matops(workspace, *step)
        assert done.status == 0, (step[0], done)


@pytest.fixture(scope="session")
def matops() -> Matops:
    """The command line in this process, with a workspace as its first argument."""
    return call_matops


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """A released package; every test process of a session sees the same one. Read only."""
    root = made_once(tmp_path_factory, "released", make_released)
    champion = json.loads((root / "workspace/models" / FAMILY / "champion.json").read_text())
    package = root / "workspace/models" / FAMILY / champion["version"]
    return Released(root / "workspace", root / "alloys.json", root / "run", package)


COMMIT = "0123456789" * 4


def compile_pipelines(root: Path) -> None:
    """Every pipeline, also as objects for Kubernetes."""
    variables = {"MATOPS_COMMIT": COMMIT, "MATOPS_KFP_NAMESPACE": "matops"}
    command = [sys.executable, "-m", "pipelines", str(root), "--native"]
    subprocess.run(command, cwd=REPOSITORY, env=os.environ | variables, check=True)


@pytest.fixture(scope="session")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled pipelines' directory, with ``native`` in it. Read only."""
    return made_once(tmp_path_factory, "definitions", compile_pipelines)


@pytest.fixture
def compiled_already(definitions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``matops run`` in this process runs pipelines that are compiled already."""
    monkeypatch.setattr(
        "matops.entrypoints.pipelines.local_runs.compiled_pipelines",
        lambda _, names, for_platform: {name: definitions / f"{name}.yaml" for name in names},
    )


@pytest.fixture
def workspace(released: Released, tmp_path: Path) -> Path:
    """A copy of the released workspace that a test may change."""
    shutil.copytree(released.workspace, tmp_path / "workspace")
    return tmp_path / "workspace"


@pytest.fixture(scope="session")
def small_changes() -> Callable[..., list[str]]:
    """``--set`` options of the small configuration; keywords write ``.`` as ``__``."""
    return changes


@pytest.fixture(scope="session")
def served(released: Released, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a ``matops serve`` process on the released package."""
    from matops.entrypoints.cli.pipelines.demo import running_server

    log = tmp_path_factory.mktemp("server") / "server.log"
    with running_server(released.package, log) as url:
        yield url
