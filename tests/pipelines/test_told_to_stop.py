"""SIGTERM to ``matops run``, at any moment: nothing that it started works on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.support.places import REPOSITORY

FAMILY = "elastic_cgcnn"
PATIENCE_S = 30.0
"""A step that trains ends its epoch and keeps its state first."""


def processes_of(workspace: Path) -> list[str]:
    """Command lines of what runs for a workspace, whoever its parent is now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("MATOPS_WORKSPACE") == str(workspace):
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment",
    ["ingest: starts", "preprocess: starts", "train: starts", "train: 1 of", "evaluate: starts"],
)
def test_no_process_outlives_a_run_that_was_told_to_stop(
    moment: str, workspace: Path, small_changes: Callable[..., list[str]], tmp_path: Path
) -> None:
    variables = {
        "MATOPS_WORKSPACE": str(workspace),
        "MATOPS_PROJECT": str(REPOSITORY),
        "MATOPS_WORKERS": "2",
    }
    arguments = ["run", "train_and_release", "-f", FAMILY, "--preset", "demo", *small_changes()]
    log = tmp_path / "log"
    with log.open("w") as out:
        run = subprocess.Popen(
            [sys.executable, "-m", "matops", *arguments],
            env=os.environ | variables,
            stdout=out,
            stderr=out,
        )
        while moment not in log.read_text():
            assert run.poll() is None, log.read_text()
            time.sleep(0.02)
        started = processes_of(workspace)
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=PATIENCE_S) == -signal.SIGTERM
        assert len(started) > 1, started
    end = time.monotonic() + PATIENCE_S
    while left := processes_of(workspace):
        assert time.monotonic() < end, left
        time.sleep(0.05)
    assert "Traceback" not in log.read_text()
