"""A real MLflow server on a free port; make mlflow installs one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.places import REPOSITORY
from tests.support.prometheus_process import free_port

MLFLOW = REPOSITORY / ".tools/mlflow/bin/mlflow"
START_S = 300
"""It imports for seconds of processor time, and compiles at its first start."""


@contextmanager
def running_mlflow(root: Path) -> Iterator[str]:
    """URL of an MLflow server for as long as the block runs; its database lies in ``root``."""
    if not MLFLOW.is_file():
        pytest.skip("needs MLflow: make mlflow")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        *(str(MLFLOW), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", f"sqlite:///{root}/mlflow.db"),
        *("--artifacts-destination", str(root / "artifacts")),
    ]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    with (root / "mlflow.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=root, env=kept, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_until_healthy(url, process, root / "mlflow.log")
        yield url
    finally:
        os.killpg(process.pid, 9)  # its workers are processes of their own
        process.wait()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            if httpx.get(f"{url}/health").status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.3)
