"""Traffic from Prometheus: what its answers mean, and a real one that scrapes a real process."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from matops.adapters.prometheus.api import PrometheusApi, Series
from matops.adapters.prometheus.monitor import PrometheusMonitor
from matops.core.errors import BadInput
from matops.core.release.rollout import Arm
from matops.core.release.traffic import ArmTraffic, Buckets
from matops.families import get_family
from tests.support.prometheus_answers import answer, answering

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAMILY = get_family("elastic_cgcnn")
ARM = Arm("m8-2", "m8", "/models/m8")
OUTCOMES = {"ok": [3, 90], "error": [0, 4], "overloaded": [0, 2], "bad_input": [1, 6]}


def counter(*values: float, step_s: float = 15.0, **labels: str) -> Series:
    """Samples up to the minute after noon, evenly spaced."""
    first = NOON + timedelta(seconds=60 - step_s * (len(values) - 1))
    points = ((first + timedelta(seconds=step_s * n), v) for n, v in enumerate(values))
    return Series(labels.pop("name"), labels, tuple(points))


def asked(
    *series: Series, until: datetime = NOON + timedelta(seconds=65), status: int = 200
) -> ArmTraffic:
    """What the monitor says where Prometheus answers these series."""
    result = [
        {
            "metric": {"__name__": s.name, **s.labels},
            "values": [[at.timestamp(), str(value)] for at, value in s.points],
        }
        for s in series
    ]
    with answering(status, answer("matrix", result)) as api:
        return PrometheusMonitor(api, stale_after_s=30.0).traffic(FAMILY, ARM, NOON, until)


def requests(**changed: list[float]) -> list[Series]:
    counts = {**OUTCOMES, **changed}
    return [
        counter(*values, step_s=60.0, name="matops_requests_total", outcome=outcome)
        for outcome, values in counts.items()
        if values
    ]


def seconds(process: str, *below: float, edges: tuple[str, ...] = ("0.1", "1.0", "+Inf")) -> Any:
    return [
        counter(0, value, step_s=60.0, name="matops_request_seconds_bucket", le=le, pod=process)
        for le, value in zip(edges, below, strict=True)
    ]


def test_requests_errors_and_refusals_are_told_apart() -> None:
    found = asked(*requests())
    assert (found.requests, found.errors, found.refused) == (93.0, 6.0, 5.0)


@pytest.mark.parametrize("outcome", ["ok", "error", "overloaded"])
def test_an_outcome_that_is_absent_is_not_zero(outcome: str) -> None:
    found = asked(*requests(**{outcome: []}))
    assert found.requests is None
    assert found.refused == 5.0


def test_a_value_that_is_no_number_is_not_measured() -> None:
    assert asked(*requests(ok=[3, math.nan])).requests is None


def test_a_series_that_ended_long_ago_is_not_measured() -> None:
    assert asked(*requests(), until=NOON + timedelta(seconds=90)).requests == 93.0
    assert asked(*requests(), until=NOON + timedelta(seconds=91)).requests is None


def test_processes_of_one_arm_are_added_and_cumulated_buckets_are_told_apart() -> None:
    found = asked(*seconds("a", 5, 8, 9), *seconds("b", 1, 2, 2))
    assert found.latency_s == Buckets((0.1, 1.0, math.inf), (6.0, 4.0, 1.0))


def test_processes_with_different_edges_are_not_added() -> None:
    assert (
        asked(*seconds("a", 5, 8, 9), *seconds("b", 1, 2, edges=("0.1", "+Inf"))).latency_s is None
    )


def test_a_histogram_that_does_not_end_at_infinity_is_not_measured() -> None:
    assert asked(*seconds("a", 5, 8, edges=("0.1", "1.0"))).latency_s is None


@pytest.mark.parametrize("status", [429, 500, 503])
def test_while_prometheus_is_overwhelmed_nothing_is_measured(status: int) -> None:
    assert asked(*requests(), status=status) == ArmTraffic()


def test_while_prometheus_is_away_nothing_is_measured() -> None:
    monitor = PrometheusMonitor(PrometheusApi("http://127.0.0.1:9", timeout_s=2.0))
    assert monitor.traffic(FAMILY, ARM, NOON, NOON + timedelta(seconds=60)) == ArmTraffic()


def test_what_is_no_prometheus_is_said() -> None:
    with answering(404, b"not here") as api, pytest.raises(BadInput, match="404"):
        PrometheusMonitor(api).traffic(FAMILY, ARM, NOON, NOON + timedelta(seconds=60))
