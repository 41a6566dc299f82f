"""A real Prometheus that scrapes a real process, which is restarted, and ends."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from matops.adapters.prometheus.api import PrometheusApi
from matops.adapters.prometheus.monitor import PrometheusMonitor
from matops.core.release.rollout import Arm
from matops.core.release.traffic import ArmTraffic, Buckets
from matops.families import get_family
from tests.support import metrics_process
from tests.support.prometheus_process import free_port, running_prometheus

pytestmark = pytest.mark.live
FAMILY = get_family("elastic_cgcnn")
ARM = Arm("m8-2", "m8", "/models/m8")


def soon(condition: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {within_s:g} s"
        time.sleep(0.1)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """A process that is ended with the block."""
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


class Exporter:
    """The process that is scraped."""

    def __init__(self, port: int) -> None:
        command = [sys.executable, metrics_process.__file__]
        self.process = subprocess.Popen(
            [*command, str(port), ARM.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def count(self, **told: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline()


@pytest.fixture
def exporter_port() -> int:
    return free_port()


@pytest.fixture
def monitor(exporter_port: int, tmp_path: Path) -> Iterator[PrometheusMonitor]:
    with running_prometheus(tmp_path, {ARM.name: exporter_port}) as url:
        yield PrometheusMonitor(PrometheusApi(url), stale_after_s=2.0)


def now() -> datetime:
    return datetime.now(UTC)


def test_counts_are_exact_survive_a_restart_and_end_with_the_process(
    monitor: PrometheusMonitor, exporter_port: int
) -> None:
    def met(since: datetime) -> ArmTraffic:
        return monitor.traffic(FAMILY, ARM, since, now())

    began = now()
    assert met(began) == ArmTraffic()
    exporter = Exporter(exporter_port)
    with ended(exporter.process):
        exporter.count(ok=7, error=2, overloaded=1, bad_input=4, samples=30, outside=3)
        exporter.count(latency_s=[0.004, 0.015, 0.03, 0.03, 0.4], values=[20, 70, 80, 900])
        soon(lambda: met(began).requests == 10.0, "ten requests")
        found = met(began)
        assert (found.errors, found.refused) == (3.0, 4.0)
        assert (found.answered, found.samples, found.outside) == (7.0, 30.0, 3.0)
        assert found.latency_s == Buckets((0.01, 0.02, 0.05, 0.1, math.inf), (1, 1, 2, 0, 1))
        assert found.predictions == {"K_VRH": Buckets((50, 100, 200, math.inf), (1, 2, 0, 1))}
        later = now()
        soon(lambda: met(later).requests == 0.0, "a scrape without requests")
        exporter.count(ok=5)
        soon(lambda: met(later).requests == 5.0, "five more")
        assert met(began).requests == 15.0
    exporter = Exporter(exporter_port)
    with ended(exporter.process):
        exporter.count(ok=2, error=1)
        soon(lambda: met(began).requests == 18.0, "the restarted process's three")
        assert met(later).requests == 8.0
        assert met(began).errors == 4.0
    soon(lambda: met(began) == ArmTraffic(), "an end of measurements")


def test_another_arm_has_no_traffic_of_this_one(
    monitor: PrometheusMonitor, exporter_port: int
) -> None:
    began = now()
    exporter = Exporter(exporter_port)
    with ended(exporter.process):
        exporter.count(ok=3)
        soon(lambda: monitor.traffic(FAMILY, ARM, began, now()).requests == 3.0, "three")
        other = Arm("m7-1", "m7", "/models/m7")
        assert monitor.traffic(FAMILY, other, began, now()) == ArmTraffic()
