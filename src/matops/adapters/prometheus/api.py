"""Questions to a Prometheus server, over its HTTP API."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx

from matops.core.errors import BadInput
from matops.core.release.traffic import Buckets

EDGE = "le"


class NoAnswer(BadInput):
    """Prometheus can't be asked now; later it may be."""


@dataclass(frozen=True)
class Sample:
    """One number of an answer."""

    labels: dict[str, str]  # what tells it from the others, without the metric's name
    value: float  # the number; NaN and infinities come as they are


@dataclass(frozen=True)
class Series:
    """One line of an answer over time."""

    name: str  # name of the metric; empty where an expression was asked
    labels: dict[str, str]  # what tells it from the others, without the metric's name
    # time and value, oldest first; times without a value are left out
    points: tuple[tuple[datetime, float], ...]


class PrometheusApi:
    """A Prometheus server.

    All its questions raise :class:`NoAnswer` where it can't be reached or is overwhelmed, and
    :class:`~matops.core.errors.BadInput` where it refuses, or is no Prometheus.
    """

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s

    def query(self, expression: str, at: datetime) -> list[Sample]:
        """Values of an expression at one time; none where no series matches."""
        items = self._ask("query", "vector", {"query": expression, "time": at.timestamp()})
        return [Sample(_labels(item), float(item["value"][1])) for item in items]

    def query_range(
        self, expression: str, since: datetime, until: datetime, step_s: float
    ) -> list[Series]:
        """Values of an expression over time."""
        window = {"start": since.timestamp(), "end": until.timestamp(), "step": step_s}
        items = self._ask("query_range", "matrix", {"query": expression, **window})
        return list(map(_series, items))

    def stored(self, selected: str, since: datetime, until: datetime) -> list[Series]:
        """Every sample in a window as it was scraped, of the series that a selector names."""
        window = {"query": f"{selected}[{_seconds(since, until)}s]", "time": until.timestamp()}
        return list(map(_series, self._ask("query", "matrix", window)))

    def _ask(self, path: str, kind: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            # A query can be longer than an address may be.
            url = f"{self.url}/api/v1/{path}"
            response = httpx.post(url, data=parameters, timeout=self.timeout_s)
        except httpx.HTTPError as error:
            raise NoAnswer(f"{self.url}: Prometheus does not answer: {error}") from None
        except httpx.InvalidURL as error:
            raise BadInput(f"{self.url}: {error}") from None
        status = response.status_code
        if status == httpx.codes.TOO_MANY_REQUESTS or status >= 500:
            raise NoAnswer(f"{self.url}: Prometheus answers {status}")
        try:
            answer = response.json()
            if answer["status"] == "success" and answer["data"]["resultType"] == kind:
                return list(answer["data"]["result"])
            reason = answer.get("error") or f"the answer is a {answer['data']['resultType']}"
        except (ValueError, KeyError, TypeError):
            reason = "not an answer of Prometheus"
        raise BadInput(f"{self.url}: {status}: {reason}")


def selector(metrics: str, **labels: str) -> str:
    """The series of a metric, or of several as in ``up|down``, that have these labels."""
    # JSON's strings are PromQL's, quotes and backslashes included.
    pairs = (f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items())
    return f'{{__name__=~"{metrics}",{",".join(sorted(pairs))}}}'


def growth(series: str, since: datetime, until: datetime, by: Sequence[str] = ()) -> str:
    """PromQL for how much counters grew in a window, summed but for the labels ``by``.

    To be asked at the window's end. Prometheus does the sums, so that windows of days cost little;
    it extrapolates to the ends.
    """
    kept = f" by ({', '.join(by)})" if by else ""
    return f"sum{kept} (increase({series}[{_seconds(since, until)}s]))"


def gain(series: Series, since: datetime) -> float | None:
    """What a counter gained after a time; None where it has no later sample.

    The difference of what was counted, not extrapolated as :func:`growth` is. A counter that
    appears later began at zero then, so that its first value counts. One that falls was restarted,
    and counts anew from zero; what it gained after its last sample is lost.
    """
    before = [value for at, value in series.points if at <= since]
    later = [value for at, value in series.points if at > since]
    if not later:
        return None
    values = [before[-1] if before else 0.0, *later]
    gains = (b - a if b >= a else b for a, b in pairwise(values))
    # A value that is not a number makes all of it unknown.
    return sum(gains) if all(map(math.isfinite, values)) else math.nan


def to_buckets(cumulative: Mapping[str, float]) -> Buckets | None:
    """A histogram from cumulative counts by edge; None unless all are finite, up to infinity."""
    ascending = sorted((float(edge), count) for edge, count in cumulative.items())
    if not ascending or ascending[-1][0] != math.inf:
        return None
    if not all(math.isfinite(count) for _, count in ascending):
        return None
    counts, below = [], 0.0
    for _, count in ascending:
        # Growth is extrapolated edge by edge, so that a sum may fall by a rounding error.
        counts.append(max(0.0, count - below))
        below = max(below, count)
    return Buckets(tuple(edge for edge, _ in ascending), tuple(counts))


def _seconds(since: datetime, until: datetime) -> int:
    return max(1, math.ceil((until - since).total_seconds()))


def _labels(item: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in item["metric"].items() if name != "__name__"}


def _series(item: dict[str, Any]) -> Series:
    points = ((datetime.fromtimestamp(at, UTC), float(value)) for at, value in item["values"])
    return Series(item["metric"].get("__name__", ""), _labels(item), tuple(points))
