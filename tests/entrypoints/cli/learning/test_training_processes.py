"""``matops train`` in several processes, as real ones: together, told to stop, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from devtools.object_store import free_port
from matops.artifacts.configuration import resolve_config
from matops.artifacts.data.prepared import read_prepared
from matops.artifacts.model.model import read_model
from matops.core.learning.checkpoint import STOPPED_STATUS
from matops.entrypoints.configuration import parse_changes
from matops.families import get_family
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from tests.conftest import Matops

FAMILY = "elastic_cgcnn"
pytestmark = pytest.mark.slow


@pytest.fixture
def options(small_changes: Callable[..., list[str]]) -> list[str]:
    curve: list[float] = []
    changes = small_changes(training__members=1, evaluation__learning_curve=curve)
    return ["--preset", "demo", *changes]


@pytest.fixture
def start(workspace: Path) -> Callable[..., subprocess.Popen[str]]:
    """``start("train", ...)``: the command line in a process of its own."""

    def run(
        *arguments: str | Path,
        program: tuple[str, ...] = ("-m", "matops"),
        variables: dict[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        command = [sys.executable, *program, *map(str, arguments)]
        return subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env={
                **os.environ,
                "MATOPS_WORKSPACE": str(workspace),
                "MATOPS_WORKERS": "1",
                "MATOPS_CHECKPOINT_EVERY_S": "0",
                **(variables or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


def answers(out: Path, options: list[str]) -> Any:
    family = get_family(FAMILY)
    pairs = [text for text in options[2:] if text != "--set"]
    config = resolve_config(family, "demo", parse_changes(pairs))
    ensemble, _ = read_model(out / "model", family, config)
    return ensemble.predict(read_prepared(out / "prepared", family, config).features)["sample"]


def start_two_nodes(start: Any, arguments: tuple[Any, ...]) -> list[subprocess.Popen[str]]:
    """As Kubeflow Trainer starts two nodes, one process each: torchrun is told by PET_*."""
    program, port = ("-m", "torch.distributed.run", "-m", "matops"), str(free_port())
    nodes = {"PET_NNODES": "2", "PET_NPROC_PER_NODE": "1"}
    master = {"PET_MASTER_ADDR": "127.0.0.1", "PET_MASTER_PORT": port}
    return [
        start(*arguments, program=program, variables=nodes | master | {"PET_NODE_RANK": str(rank)})
        for rank in range(2)
    ]


def wait_for_checkpoint(workspace: Path, process: subprocess.Popen[str]) -> None:
    kept = workspace / ".matops" / "checkpoints"
    while not list(kept.rglob("*.safetensors")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def test_two_processes_give_the_model_of_one_also_after_a_stop(
    matops: Matops, workspace: Path, start: Any, options: list[str], tmp_path: Path
) -> None:
    assert matops(workspace, "train", FAMILY, "--out", tmp_path / "one", *options).status == 0
    two = start("train", FAMILY, "--out", tmp_path / "two", *options, "--processes", "2")
    out, err = two.communicate()
    assert two.returncode == 0, err
    assert out.splitlines() == [f"model: {tmp_path / 'two' / 'model'}"]
    assert err.count("25 of 25") == 1
    found = answers(tmp_path / "two", options)
    np.testing.assert_allclose(found, answers(tmp_path / "one", options), atol=0.02)

    arguments = ("train", FAMILY, "--out", tmp_path / "stopped", *options)
    stopped = start(*arguments, "--processes", "2")
    wait_for_checkpoint(workspace, stopped)
    stopped.send_signal(signal.SIGTERM)
    _, err = stopped.communicate()
    assert stopped.returncode == STOPPED_STATUS, err
    assert "Traceback" not in err
    assert not (tmp_path / "stopped" / "model" / "member0.json").exists()

    resumed = start_two_nodes(start, arguments)
    told = [node.communicate() for node in resumed]
    assert [node.returncode for node in resumed] == [0, 0], told
    assert "".join(out for out, _ in told) == f"model: {tmp_path / 'stopped' / 'model'}\n"
    np.testing.assert_array_equal(answers(tmp_path / "stopped", options), found)


def test_what_the_processes_refuse_is_one_line(
    start: Any, options: list[str], tmp_path: Path
) -> None:
    small = ("--set", "training.batch_size=1")
    two = start("train", FAMILY, "--out", tmp_path / "x", *options, *small, "--processes", "2")
    _, err = two.communicate()
    assert two.returncode == 2
    assert "matops: 2 processes share batches of 1 rows" in err
    assert "Traceback" not in err


def test_nothing_goes_on_after_the_command_was_killed(
    workspace: Path, start: Any, options: list[str], tmp_path: Path
) -> None:
    killed = start("train", FAMILY, "--out", tmp_path / "x", *options, "--processes", "2")
    wait_for_checkpoint(workspace, killed)
    family = psutil.Process(killed.pid).children(recursive=True)
    assert len(family) >= 3  # torchrun and two processes
    killed.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
