"""What the arms of a release meet, as Prometheus saw it."""

import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import httpx

from matops.adapters.prometheus_samples import Series, increase, samples, selector
from matops.core.family import Family
from matops.core.rollout import Arm
from matops.core.traffic import ArmTraffic, Buckets

REQUESTS = "matops_requests_total"
LATENCY = "matops_request_seconds_bucket"
SAMPLES = "matops_samples_total"
OUTSIDE = "matops_out_of_domain_total"
PREDICTIONS = "matops_prediction_bucket"
FAILED = ("error", "overloaded")
ANSWERED = ("ok", *FAILED)
LOOKBACK = timedelta(hours=1)
"""How long before a window the value with which a counter entered it may lie."""


class PrometheusMonitor:
    """A :class:`TrafficMonitor` over Prometheus' HTTP API.

    A series that is absent, or whose last sample is old, is None and never zero. Zero is known
    because a server writes all its outcomes from the start.

    Args:
        url: where Prometheus answers, as in ``http://127.0.0.1:9090``.
        stale_after_s: age from which a last sample says nothing any more; four scrapes of the
            usual 15 seconds.
        timeout_s: longest wait for an answer.
    """

    def __init__(self, url: str, stale_after_s: float = 60.0, timeout_s: float = 10.0) -> None:
        self.client = httpx.Client(base_url=url, timeout=timeout_s)
        self.stale_after_s = stale_after_s

    def traffic(self, family: Family, arm: Arm, since: datetime, until: datetime) -> ArmTraffic:
        """Counts of one arm in a window; while Prometheus can't be asked, all are None.

        Raises:
            BadInput: what answers is no Prometheus, or it refuses the query.
        """
        names = (REQUESTS, LATENCY, SAMPLES, OUTSIDE, PREDICTIONS)
        selected = selector(names, family=family.name, variant=arm.name)
        found = samples(self.client, selected, since - LOOKBACK, until)
        seen = _Window(found or [], since, until.timestamp() - self.stale_after_s)
        targets = sorted({s.labels["target"] for s in seen.of(PREDICTIONS)})
        predictions = {t: seen.histogram(PREDICTIONS, target=t) for t in targets}
        return ArmTraffic(
            requests=seen.outcomes(ANSWERED),
            errors=seen.outcomes(FAILED),
            refused=seen.outcomes(["bad_input"]),
            latency_s=seen.histogram(LATENCY),
            predictions={t: buckets for t, buckets in predictions.items() if buckets},
            samples=seen.count(SAMPLES),
            outside=seen.count(OUTSIDE),
        )


class _Window:
    """The series of one arm in a window of time."""

    def __init__(self, series: Sequence[Series], since: datetime, fresh_s: float) -> None:
        self.series = series
        self.since = since
        self.fresh_s = fresh_s

    def of(self, name: str, **labels: str) -> list[Series]:
        """The series of a metric with these labels, one a process; none if all are stale."""
        found = [s for s in self.series if s.name == name and labels.items() <= s.labels.items()]
        return found if any(s.last_s >= self.fresh_s for s in found) else []

    def count(self, name: str, **labels: str) -> float | None:
        """What a counter gained, over all processes that the arm had."""
        gains = [increase(s, self.since) for s in self.of(name, **labels)]
        known = [gain for gain in gains if gain is not None]
        return _finite(sum(known)) if known else None

    def outcomes(self, outcomes: Collection[str]) -> float | None:
        """Requests with one of these outcomes, all of which must be there."""
        counts = [self.count(REQUESTS, outcome=outcome) for outcome in outcomes]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def histogram(self, name: str, **labels: str) -> Buckets | None:
        """Values between edges; None unless all processes have the same edges."""
        series = self.of(name, **labels)
        edges = sorted({s.labels["le"] for s in series}, key=float)
        processes = {tuple(sorted({**s.labels, "le": ""}.items())) for s in series}
        if not series or len(series) != len(edges) * len(processes):
            return None
        below = [self.count(name, **labels, le=edge) for edge in edges]
        known = [count for count in below if count is not None]
        if len(known) != len(edges) or float(edges[-1]) != math.inf:
            return None
        counts = (b - a for a, b in zip([0.0, *known], known, strict=False))
        return Buckets(tuple(map(float, edges)), tuple(max(0.0, count) for count in counts))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
