"""Questions to a Prometheus server, over its HTTP API."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from matops.core.errors import BadInput
from matops.core.traffic import Buckets

EDGE = "le"


@dataclass(frozen=True)
class Sample:
    """One number of an answer.

    Attributes:
        labels: what tells it from the others, without the metric's name.
        value: the number; NaN and infinities come as they are.
    """

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Series:
    """One line of an answer over time.

    Attributes:
        labels: what tells it from the others, without the metric's name.
        points: time and value, oldest first; times without a value are left out.
    """

    labels: dict[str, str]
    points: tuple[tuple[datetime, float], ...]


class PrometheusApi:
    """A Prometheus server.

    Args:
        url: its address, as in ``http://prometheus:9090``.
        timeout_s: how long to wait for an answer.
    """

    def __init__(self, url: str, timeout_s: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self.timeout_s = timeout_s

    def query(self, expression: str, at: datetime) -> list[Sample]:
        """Values of an expression at one time; none where no series matches.

        Raises:
            BadInput: the server can't be reached, or refuses the expression.
        """
        found = self._ask("query", "vector", {"query": expression, "time": at.timestamp()})
        return [Sample(_labels(item), float(item["value"][1])) for item in found]

    def query_range(
        self, expression: str, since: datetime, until: datetime, step_s: float
    ) -> list[Series]:
        """Values of an expression over time.

        Raises:
            BadInput: the server can't be reached, or refuses the expression.
        """
        window = {"start": since.timestamp(), "end": until.timestamp(), "step": step_s}
        found = self._ask("query_range", "matrix", {"query": expression, **window})
        return [Series(_labels(item), _points(item["values"])) for item in found]

    def _ask(self, path: str, kind: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        url = f"{self.url}/api/v1/{path}"
        try:
            # A query can be longer than an address may be.
            response = httpx.post(url, data=parameters, timeout=self.timeout_s)
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BadInput(f"{self.url}: Prometheus does not answer: {error}") from None
        except ValueError:
            raise BadInput(f"{self.url}: {response.status_code}, but not Prometheus") from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            reason = answer.get("error") if isinstance(answer, dict) else None
            raise BadInput(f"{self.url}: {response.status_code}: {reason or 'not Prometheus'}")
        if answer["data"]["resultType"] != kind:
            raise BadInput(f"{self.url}: the answer is a {answer['data']['resultType']}")
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


def selector(metric: str, **labels: str) -> str:
    """The series of a metric that have these labels, as in ``up{job="matops"}``."""
    pairs = ",".join(f'{name}="{_escape(value)}"' for name, value in sorted(labels.items()))
    return f"{metric}{{{pairs}}}"


def increase(series: str, since: datetime, until: datetime, by: Sequence[str] = ()) -> str:
    """How much counters grew in a window, added up; to be asked at the window's end.

    Args:
        series: a selector.
        since: begin of the window.
        until: end of the window.
        by: labels that are kept apart.
    """
    seconds = max(1, math.ceil((until - since).total_seconds()))
    kept = f" by ({', '.join(by)})" if by else ""
    return f"sum{kept} (increase({series}[{seconds}s]))"


def to_buckets(samples: Sequence[Sample]) -> Buckets | None:
    """A histogram from the cumulative counts of its edges.

    Returns:
        None where the histogram has no infinite edge or a count is not finite: that is no count.
    """
    found = sorted((float(sample.labels[EDGE]), sample.value) for sample in samples)
    if not found or found[-1][0] != math.inf or not all(math.isfinite(c) for _, c in found):
        return None
    counts, below = [], 0.0
    for _, cumulative in found:
        # Growth is extrapolated edge by edge, so that a sum may fall by a rounding error.
        counts.append(max(0.0, cumulative - below))
        below = max(below, cumulative)
    return Buckets(tuple(edge for edge, _ in found), tuple(counts))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _labels(item: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in item["metric"].items() if name != "__name__"}


def _points(values: list[tuple[float, str]]) -> tuple[tuple[datetime, float], ...]:
    return tuple((datetime.fromtimestamp(at, UTC), float(value)) for at, value in values)
