"""Servers that a test has for itself: started with its own limits, watched from outside."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

NAME = "elastic_cgcnn"


@dataclass(frozen=True)
class OwnServer:
    """A server process, where it answers and where it writes."""

    process: subprocess.Popen[bytes]
    url: str
    grpc: str
    log: Path

    @property
    def predict(self) -> str:
        return f"{self.url}/v1/models/{NAME}:predict"

    def rss_MiB(self) -> float:
        """Resident memory of all its processes."""
        first = psutil.Process(self.process.pid)
        family = [first, *first.children(recursive=True)]
        return sum(each.memory_info().rss for each in family) / 2**20

    def computing(self) -> psutil.Process:
        """The process that computes: the largest that the first one has started."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return max(children, key=lambda child: child.memory_info().rss)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v2/health/ready").status_code == 200
    except httpx.HTTPError:
        return False


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@contextmanager
def own_server(package: Path, directory: Path, *options: str) -> Iterator[OwnServer]:
    """A server on a package, with options of ``matops serve``."""
    http, grpc, log = free_port(), free_port(), directory / "server.log"
    command = [sys.executable, "-m", "matops", "serve", str(package), "--port", str(http)]
    command += ["--grpc-port", str(grpc), *options]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    server = OwnServer(process, f"http://127.0.0.1:{http}", f"127.0.0.1:{grpc}", log)
    try:
        wait_until(lambda: process.poll() is not None or is_ready(server.url), 120)
        assert process.poll() is None, log.read_text()
        yield server
    finally:
        if group_lives(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
