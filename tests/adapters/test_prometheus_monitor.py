"""Traffic from Prometheus: what its answers mean, and a real one that scrapes a real process."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from matops.adapters.prometheus_api import Series, increase, samples, selector
from matops.adapters.prometheus_monitor import PrometheusMonitor
from matops.core.errors import BadInput
from matops.core.rollout import Arm
from matops.core.traffic import ArmTraffic, Buckets
from matops.families import get_family

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAMILY = get_family("elastic_cgcnn")
ARM = Arm("m8-2", "m8", "/models/m8")
OUTCOMES = {"ok": [3, 90], "error": [0, 4], "overloaded": [0, 2], "bad_input": [1, 6]}


def counter(*values: float, step_s: float = 15.0, **labels: str) -> Series:
    """Samples up to the minute after noon, evenly spaced."""
    first_s = NOON.timestamp() + 60 - step_s * (len(values) - 1)
    return Series(
        labels.pop("name", "x"),
        labels,
        tuple((first_s + i * step_s, v) for i, v in enumerate(values)),
    )


@pytest.mark.parametrize(
    ("values", "gained"),
    [
        # Samples at -15, 0, 15, 30, 45 and 60 seconds from noon.
        ((4, 7, 9, 9, 12, 20), 13),
        ((7, 9, 2, 5, 6, 6), 6),
        ((7, 9, 11, 0, 0, 3), 5),
        ((5, 8, 11), 11),
        ((5,), 5),
        ((4, 7, math.nan, 9, 9, 9), math.nan),
        ((math.nan, 7, 8, 9, 9, 9), 2),
    ],
)
def test_a_counters_gain(values: tuple[float, ...], gained: float) -> None:
    assert increase(counter(*values), NOON) == pytest.approx(gained, nan_ok=True)


def test_a_counter_without_a_sample_in_the_window_is_not_known() -> None:
    assert increase(counter(4, 7), NOON + timedelta(minutes=2)) is None


def test_labels_are_quoted() -> None:
    assert selector(["a", "b"], variant='x"} or up{a="') == (
        '{__name__=~"a|b",variant="x\\"} or up{a=\\""}'
    )


def answer(*series: Series) -> dict[str, Any]:
    result = [
        {
            "metric": {"__name__": s.name, **s.labels},
            "values": [[time_s, str(value)] for time_s, value in s.samples],
        }
        for s in series
    ]
    return {"status": "success", "data": {"resultType": "matrix", "result": result}}


def asked(
    *series: Series, until: datetime = NOON + timedelta(seconds=65), status: int = 200
) -> ArmTraffic:
    """What the monitor says where Prometheus answers these series."""
    monitor = PrometheusMonitor("http://prometheus", stale_after_s=30.0)
    reply = httpx.MockTransport(lambda _: httpx.Response(status, json=answer(*series)))
    monitor.client = httpx.Client(base_url="http://prometheus", transport=reply)
    return monitor.traffic(FAMILY, ARM, NOON, until)


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
    monitor = PrometheusMonitor("http://127.0.0.1:9", timeout_s=2.0)
    assert monitor.traffic(FAMILY, ARM, NOON, NOON + timedelta(seconds=60)) == ArmTraffic()


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (httpx.Response(404, text="not here"), "not an answer of Prometheus (404)"),
        (httpx.Response(200, json=["no"]), "not an answer of Prometheus (200)"),
        (httpx.Response(400, json={"status": "error", "error": "parse error"}), "parse error"),
    ],
)
def test_what_is_no_prometheus_is_said(reply: httpx.Response, reason: str) -> None:
    client = httpx.Client(base_url="http://x", transport=httpx.MockTransport(lambda _: reply))
    with pytest.raises(BadInput) as caught:
        samples(client, "{}", NOON, NOON + timedelta(seconds=9))
    assert str(caught.value) == f"http://x: {reason}"


def test_the_query_names_family_arm_and_window() -> None:
    sent: list[dict[str, list[str]]] = []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(parse_qs(request.content.decode()))
        return httpx.Response(200, json=answer())

    client = httpx.Client(base_url="http://x", transport=httpx.MockTransport(reply))
    samples(client, selector(["a"], variant="v"), NOON, NOON + timedelta(seconds=90))
    assert sent[0]["query"] == ['{__name__=~"a",variant="v"}[90s]']
    assert float(sent[0]["time"][0]) == NOON.timestamp() + 90
