"""What the arms of a release meet, as Prometheus saw it."""

import logging
import math
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from matops.adapters.prometheus.api import (
    EDGE,
    NoAnswer,
    PrometheusApi,
    Series,
    gain,
    selector,
    to_buckets,
)
from matops.core.family import Family
from matops.core.release.rollout import Arm
from matops.core.release.traffic import ArmTraffic, Buckets

log = logging.getLogger(__name__)

REQUESTS = "matops_requests_total"
LATENCY = "matops_request_seconds_bucket"
SAMPLES = "matops_samples_total"
OUTSIDE = "matops_out_of_domain_requests_total"
PREDICTIONS = "matops_prediction_bucket"
FAILED = ("error", "overloaded")
ANSWERED = ("ok", *FAILED)
LOOKBACK = timedelta(hours=1)
"""How long before a window the value with which a counter entered it may lie."""


class PrometheusMonitor:
    """The port ``TrafficMonitor``, from the samples as they were scraped.

    A series that is absent, or whose last sample is old, is None and never zero. Zero is known
    because a server writes all its outcomes from the start.

    Args:
        api: the Prometheus.
        stale_after_s: age from which a last sample says nothing any more; four scrapes of the
            usual 15 seconds.
    """

    def __init__(self, api: PrometheusApi, stale_after_s: float = 60.0) -> None:
        self.api, self.stale_after = api, timedelta(seconds=stale_after_s)

    def traffic(self, family: Family, arm: Arm, since: datetime, until: datetime) -> ArmTraffic:
        """Counts of one arm in a window; while Prometheus can't be asked, all are None.

        Raises:
            BadInput: what answers is no Prometheus, or it refuses the query.
        """
        names = "|".join((REQUESTS, LATENCY, SAMPLES, OUTSIDE, PREDICTIONS))
        selected = selector(names, family=family.name, variant=arm.name)
        try:
            series = self.api.stored(selected, since - LOOKBACK, until)
        except NoAnswer as error:
            log.warning("%s", error)
            series = []
        window = _Window(series, since, until - self.stale_after)
        targets = sorted({s.labels["target"] for s in window.of(PREDICTIONS)})
        predictions = {t: window.histogram(PREDICTIONS, target=t) for t in targets}
        return ArmTraffic(
            requests=window.outcomes(ANSWERED),
            errors=window.outcomes(FAILED),
            refused=window.outcomes(["bad_input"]),
            latency_s=window.histogram(LATENCY),
            predictions={t: buckets for t, buckets in predictions.items() if buckets},
            answered=window.outcomes(["ok"]),
            samples=window.count(SAMPLES),
            outside=window.count(OUTSIDE),
        )


class _Window:
    """The series of one arm in a window of time."""

    def __init__(self, series: Sequence[Series], since: datetime, fresh: datetime) -> None:
        self.series, self.since, self.fresh = series, since, fresh

    def of(self, name: str, **labels: str) -> list[Series]:
        """The series of a metric with these labels, one a process; none if all are stale."""
        series = [s for s in self.series if s.name == name and labels.items() <= s.labels.items()]
        return series if any(s.points[-1][0] >= self.fresh for s in series) else []

    def count(self, name: str, **labels: str) -> float | None:
        """What a counter gained, over all processes that the arm had."""
        gains = [gain(s, self.since) for s in self.of(name, **labels)]
        measured = [gained for gained in gains if gained is not None]
        total = sum(measured)
        return total if measured and math.isfinite(total) else None

    def outcomes(self, outcomes: Collection[str]) -> float | None:
        """Requests with one of these outcomes, all of which must be there."""
        counts = [self.count(REQUESTS, outcome=outcome) for outcome in outcomes]
        measured = [count for count in counts if count is not None]
        return sum(measured) if len(measured) == len(counts) else None

    def histogram(self, name: str, **labels: str) -> Buckets | None:
        """Values between edges; None unless all processes have the same edges."""
        series = self.of(name, **labels)
        edges = {s.labels[EDGE] for s in series}
        processes = {tuple(sorted({**s.labels, EDGE: ""}.items())) for s in series}
        if not series or len(series) != len(edges) * len(processes):
            return None
        below = {edge: self.count(name, **labels, le=edge) for edge in edges}
        measured = {edge: count for edge, count in below.items() if count is not None}
        return to_buckets(measured) if len(measured) == len(edges) else None
