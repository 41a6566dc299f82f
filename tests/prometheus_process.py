"""A real Prometheus on a free port that scrapes given targets, for as long as a block runs."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_prometheus(directory: Path, targets: Sequence[str]) -> Iterator[str]:
    """URL of a Prometheus that scrapes ``host:port`` targets every half second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs prometheus on the PATH")
    scrape = {"job_name": "matops", "static_configs": [{"targets": list(targets)}]}
    timing = {"scrape_interval": "500ms", "scrape_timeout": "400ms"}
    configuration = {"global": timing, "scrape_configs": [scrape]}
    directory.mkdir(parents=True, exist_ok=True)
    # JSON is YAML too.
    (directory / "prometheus.yml").write_text(json.dumps(configuration))
    url = f"127.0.0.1:{free_port()}"
    command = [
        program,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'series'}",
        f"--web.listen-address={url}",
    ]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait_until_ready(f"http://{url}", process, directory / "log")
            yield f"http://{url}"
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
