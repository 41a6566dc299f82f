"""Questions to Prometheus: exact words out, numbers in, outages as one line."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from matops.adapters.prometheus_api import PrometheusApi, Sample, increase, selector, to_buckets
from matops.core.errors import BadInput
from tests.prometheus_process import free_port, running_prometheus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def answering(status: int, content: bytes, asked: list[Any]) -> Iterator[PrometheusApi]:
    """A server that gives one answer to every question, and keeps the questions."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            asked.append((self.path, {name: v[0] for name, v in parse_qs(body).items()}))
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield PrometheusApi(f"http://127.0.0.1:{server.server_port}/", timeout_s=2)
    finally:
        server.shutdown()
        server.server_close()


def answer(kind: str, result: list[Any]) -> bytes:
    return json.dumps(
        {"status": "success", "data": {"resultType": kind, "result": result}}
    ).encode()


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


@pytest.mark.parametrize(
    ("status", "content", "word"),
    [
        (400, b'{"status":"error","error":"parse error at char 3"}', "parse error"),
        (503, b'{"status":"error"}', "503"),
        (200, b"<html>a portal</html>", "not Prometheus"),
        (200, b"[1]", "not Prometheus"),
        (200, answer("scalar", []), "scalar"),
    ],
)
def test_what_is_no_answer_is_one_line(status: int, content: bytes, word: str) -> None:
    with answering(status, content, []) as api, pytest.raises(BadInput, match=word) as caught:
        api.query("x", NOON)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_away_is_one_line() -> None:
    api = PrometheusApi(f"http://127.0.0.1:{free_port()}", timeout_s=1)
    with pytest.raises(BadInput, match="does not answer"):
        api.query("x", NOON)


def test_selectors_escape_what_labels_may_hold() -> None:
    assert selector("m", b='a"b', a="c\\d\n") == 'm{a="c\\\\d\\n",b="a\\"b"}'


def test_growth_is_asked_over_the_whole_window() -> None:
    since = NOON - timedelta(seconds=90.2)
    assert increase("m{}", since, NOON) == "sum (increase(m{}[91s]))"
    assert increase("m{}", NOON, NOON, by=("le", "t")) == "sum by (le, t) (increase(m{}[1s]))"


def cumulative(*pairs: tuple[str, float]) -> list[Sample]:
    return [Sample({"le": edge}, value) for edge, value in pairs]


def test_buckets_hold_the_counts_between_edges_in_order() -> None:
    found = to_buckets(cumulative(("+Inf", 10), ("0.5", 3), ("-1", 1), ("2", 7)))
    assert found is not None
    assert found.edges == (-1.0, 0.5, 2.0, math.inf)
    assert found.counts == (1, 2, 4, 3)
    assert found.total == 10


def test_buckets_forgive_the_rounding_of_growth() -> None:
    found = to_buckets(cumulative(("1", 3.0000001), ("2", 3.0), ("+Inf", 5)))
    assert found is not None
    assert found.counts == (3.0000001, 0.0, pytest.approx(2, abs=1e-6))


@pytest.mark.parametrize(
    "samples",
    [[], cumulative(("1", 2)), cumulative(("1", math.nan), ("+Inf", 2))],
)
def test_half_a_histogram_is_none(samples: list[Sample]) -> None:
    assert to_buckets(samples) is None


@pytest.mark.live
def test_a_real_prometheus_understands(tmp_path: Path) -> None:
    with running_prometheus(tmp_path, []) as url:
        api = PrometheusApi(url)
        now = datetime.now(UTC)
        [sample] = api.query("vector(3)", now)
        assert sample == Sample({}, 3.0)
        assert api.query(increase(selector("matops_nothing", a='"\\'), NOON, now), now) == []
        [series] = api.query_range("vector(2)", now - timedelta(minutes=1), now, 30)
        assert [value for _, value in series.points] == [2.0] * 3
        with pytest.raises(BadInput, match="parse error"):
            api.query("sum(", now)
