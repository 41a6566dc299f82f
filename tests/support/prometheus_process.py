"""A real Prometheus on a free port, started as ``matops release status`` says."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from matops.adapters.local.scrape_targets import (
    prometheus_command,
    write_configuration,
    write_targets,
)

LOG = "prometheus.log"
SCRAPE_S = 0.5
"""How often :func:`running_prometheus` asks the arms that it is given."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_prometheus(root: Path, arms: Mapping[str, int] | None = None) -> Iterator[str]:
    """URL of a Prometheus for as long as the block runs.

    Args:
        root: directory with its configuration.
        arms: ports by arm, to be scraped every ``SCRAPE_S``; None for what ``root`` says already.
    """
    if shutil.which("prometheus") is None:
        pytest.skip("needs prometheus on the PATH")
    if arms is not None:
        root.mkdir(parents=True, exist_ok=True)
        write_configuration(root, SCRAPE_S)
        write_targets(root, "elastic_cgcnn", arms)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (root / LOG).open("w") as log:
        process = subprocess.Popen(
            prometheus_command(root, f"http://127.0.0.1:{port}"), stdout=log, stderr=log
        )
    try:
        _wait_until_ready(url, process, root / LOG)
        yield url
    finally:
        process.kill()
        process.wait()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{url}/-/ready").status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            pass
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
