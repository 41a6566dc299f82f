"""Questions to Prometheus: exact words out, numbers in, outages as one line."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from matops.adapters.prometheus.api import (
    NoAnswer,
    PrometheusApi,
    Sample,
    Series,
    gain,
    growth,
    selector,
    to_buckets,
)
from matops.core.errors import BadInput
from tests.support.prometheus_answers import answer, answering
from tests.support.prometheus_process import free_port, running_prometheus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_query_is_asked_at_its_time_and_keeps_labels() -> None:
    asked: list[Any] = []
    metric = {"__name__": "up", "job": "matops"}
    content = answer("vector", [{"metric": metric, "value": [1.0, "NaN"]}])
    with answering(200, content, asked) as api:
        [sample] = api.query("up", NOON)
    assert sample.labels == {"job": "matops"}
    assert math.isnan(sample.value)
    assert asked == [("/api/v1/query", {"query": "up", "time": str(NOON.timestamp())})]


def test_a_range_comes_with_its_times() -> None:
    asked: list[Any] = []
    points = [[NOON.timestamp(), "1"], [NOON.timestamp() + 60, "2.5"]]
    content = answer("matrix", [{"metric": {}, "values": points}])
    with answering(200, content, asked) as api:
        [series] = api.query_range("x", NOON, NOON + timedelta(minutes=1), 60)
    assert series.points == ((NOON, 1.0), (NOON + timedelta(minutes=1), 2.5))
    assert asked[0][1]["step"] == "60"


def test_what_is_stored_is_asked_raw_over_the_window() -> None:
    asked: list[Any] = []
    metric = {"__name__": "a", "variant": "v"}
    content = answer("matrix", [{"metric": metric, "values": [[NOON.timestamp(), "4"]]}])
    with answering(200, content, asked) as api:
        found = api.stored(selector("a|b", variant="v"), NOON, NOON + timedelta(seconds=90))
    assert found == [Series("a", {"variant": "v"}, ((NOON, 4.0),))]
    at = str(NOON.timestamp() + 90)
    query = '{__name__=~"a|b",variant="v"}[90s]'
    assert asked == [("/api/v1/query", {"query": query, "time": at})]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_overwhelmed_may_be_asked_later(status: int) -> None:
    with answering(status, b"{}") as api, pytest.raises(NoAnswer, match=str(status)):
        api.query("x", NOON)


@pytest.mark.parametrize(
    ("status", "content", "word"),
    [
        (400, b'{"status":"error","error":"parse error at char 3"}', "400: parse error"),
        (404, b"not here", "404: not an answer of Prometheus"),
        (200, b"<html>a portal</html>", "not an answer of Prometheus"),
        (200, b"[1]", "not an answer of Prometheus"),
        (200, answer("scalar", []), "scalar"),
    ],
)
def test_what_is_no_answer_is_one_line(status: int, content: bytes, word: str) -> None:
    with answering(status, content) as api, pytest.raises(BadInput, match=word) as caught:
        api.query("x", NOON)
    assert not isinstance(caught.value, NoAnswer)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_one_line() -> None:
    api = PrometheusApi(f"http://127.0.0.1:{free_port()}", timeout_s=1)
    with pytest.raises(NoAnswer, match="does not answer"):
        api.query("x", NOON)


def test_selectors_escape_what_labels_may_hold() -> None:
    assert selector("m", b='a"}é', a="c\\d\n") == ('{__name__=~"m",a="c\\\\d\\n",b="a\\"}é"}')


def test_growth_is_asked_over_the_whole_window() -> None:
    since = NOON - timedelta(seconds=90.2)
    assert growth("m{}", since, NOON) == "sum (increase(m{}[91s]))"
    assert growth("m{}", NOON, NOON, by=("le", "t")) == "sum by (le, t) (increase(m{}[1s]))"


def counter(*values: float) -> Series:
    """Samples up to the minute after noon, one in 15 seconds."""
    first = NOON + timedelta(seconds=60 - 15 * (len(values) - 1))
    points = ((first + timedelta(seconds=15 * n), value) for n, value in enumerate(values))
    return Series("x", {}, tuple(points))


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
    assert gain(counter(*values), NOON) == pytest.approx(gained, nan_ok=True)


def test_a_counter_without_a_sample_in_the_window_is_not_known() -> None:
    assert gain(counter(4, 7), NOON + timedelta(minutes=2)) is None


def test_buckets_hold_the_counts_between_edges_in_order() -> None:
    found = to_buckets({"+Inf": 10, "0.5": 3, "-1": 1, "2": 7})
    assert found is not None
    assert found.edges == (-1.0, 0.5, 2.0, math.inf)
    assert found.counts == (1, 2, 4, 3)
    assert found.total == 10


def test_buckets_forgive_the_rounding_of_growth() -> None:
    found = to_buckets({"1": 3.0000001, "2": 3.0, "+Inf": 5})
    assert found is not None
    assert found.counts == (3.0000001, 0.0, pytest.approx(2, abs=1e-6))


@pytest.mark.parametrize("cumulative", [{}, {"1": 2.0}, {"1": math.nan, "+Inf": 2.0}])
def test_half_a_histogram_is_none(cumulative: dict[str, float]) -> None:
    assert to_buckets(cumulative) is None


@pytest.mark.live
def test_a_real_prometheus_understands(tmp_path: Path) -> None:
    with running_prometheus(tmp_path, {}) as url:
        api = PrometheusApi(url)
        now = datetime.now(UTC)
        [sample] = api.query("vector(3)", now)
        assert sample == Sample({}, 3.0)
        assert api.query(growth(selector("matops_nothing", a='"\\'), NOON, now), now) == []
        [series] = api.query_range("vector(2)", now - timedelta(minutes=1), now, 30)
        assert [value for _, value in series.points] == [2.0] * 3
        with pytest.raises(BadInput, match="parse error"):
            api.query("sum(", now)
