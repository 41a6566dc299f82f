"""What served models meet, as Prometheus has it from their servers."""

import math
from datetime import datetime, timedelta

from matops.adapters.prometheus.api import EDGE, PrometheusApi, Series, growth, selector, to_buckets
from matops.core.family import Family
from matops.core.monitoring.live import LivePoint, LiveTraffic
from matops.core.release.traffic import Buckets

STEPS = 48
"""Steps of a window's history."""


class PrometheusLive:
    """All running copies of a model together, whatever their variant."""

    def __init__(self, api: PrometheusApi) -> None:
        self.api = api

    def live(self, family: Family, model: str, since: datetime, until: datetime) -> LiveTraffic:
        """What a model met in a window.

        Raises:
            BadInput: Prometheus can't be reached.
        """
        window = _Window(self.api, family.name, model, since, until)
        outside = window.counts("matops_out_of_domain_total", "family").get(family.name)
        latency = window.histograms("matops_request_seconds", "family").get(family.name)
        return LiveTraffic(
            model=model,
            since=since,
            until=until,
            outside=outside,
            descriptors=window.histograms("matops_descriptor", "descriptor"),
            predictions=window.histograms("matops_prediction", "target"),
            outcomes=window.counts("matops_requests_total", "outcome"),
            latency_s=latency,
            unseen=window.counts("matops_unseen_total", "token"),
            history=window.history(),
        )


class _Window:
    """A model's counters in a window of time."""

    def __init__(
        self, api: PrometheusApi, family: str, model: str, since: datetime, until: datetime
    ) -> None:
        self.api, self.since, self.until = api, since, until
        self.labels = {"family": family, "model_version": model}

    def counts(self, metric: str, by: str) -> dict[str, float]:
        """How much a counter grew, by a label's value; what is not finite was not measured."""
        series = selector(metric, **self.labels)
        grown = self.api.query(growth(series, self.since, self.until, (by,)), self.until)
        return {s.labels[by]: s.value for s in grown if by in s.labels and math.isfinite(s.value)}

    def histograms(self, metric: str, by: str) -> dict[str, Buckets]:
        """Histograms by a label's value; broken ones are left out."""
        series = selector(f"{metric}_bucket", **self.labels)
        query = growth(series, self.since, self.until, (by, EDGE))
        groups: dict[str, dict[str, float]] = {}
        for sample in self.api.query(query, self.until):
            groups.setdefault(sample.labels.get(by, ""), {})[sample.labels[EDGE]] = sample.value
        histograms = {name: to_buckets(cumulative) for name, cumulative in groups.items()}
        return {name: buckets for name, buckets in histograms.items() if buckets}

    def history(self) -> tuple[LivePoint, ...]:
        """Samples, and those out of domain, in equal steps of the window."""
        step = (self.until - self.since) / STEPS
        every = selector("matops_descriptor_bucket", **self.labels, le="+Inf")
        # One descriptor's count is that of all samples; which one does not matter.
        count = f"max by (family) ({self._growth(every, step, 'descriptor')})"
        outside = self._growth(selector("matops_out_of_domain_total", **self.labels), step)
        window = self.since + step, self.until, step.total_seconds()
        samples = _values(self.api.query_range(count, *window))
        strange = _values(self.api.query_range(outside, *window))
        return tuple(LivePoint(at, n, strange.get(at, 0.0)) for at, n in samples.items())

    def _growth(self, series: str, step: timedelta, *by: str) -> str:
        return growth(series, self.since, self.since + step, ("family", *by))


def _values(answer: list[Series]) -> dict[datetime, float]:
    """The finite values of the one series of an answer, or nothing."""
    return {at: value for series in answer for at, value in series.points if math.isfinite(value)}
