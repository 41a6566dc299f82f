"""What a server tells Prometheus of the descriptors it is asked about.

A histogram object for each descriptor would cost a server more than the domain's own check. Here
the process that computes counts all samples of a batch at once, and the one that listens adds the
counts up, for Prometheus to come for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from threading import Lock
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from matops.core.monitoring.drift import EDGES, MOST_DESCRIPTORS, bucket_counts
from matops.core.predictor import Predictor
from matops.core.quality.domain import Descriptors, Domain, DomainScore
from matops.physics.arrays import IntArray

METRIC = "matops_descriptor"
LABELS = ("family", "model_version", "variant", "descriptor")


@dataclass(frozen=True)
class CountedDomain(Domain):
    """A domain that counts the samples it assesses, until the counts are taken."""

    # counts of each batch since then, between EDGES, not cumulative, shape (d, n_edges)
    waiting: list[IntArray] = field(default_factory=list, kw_only=True)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples, and count them."""
        scores = super().assess(samples)
        monitored = self.standardise(samples)[:, :MOST_DESCRIPTORS]
        self.waiting.append(bucket_counts(monitored))
        return scores


def count_descriptors(predictor: Predictor) -> Predictor:
    """The same predictor; from now on the samples that it answers are counted."""
    domain = predictor.domain
    content: dict[str, Any] = {name: getattr(domain, name) for name in Domain.__dataclass_fields__}
    return replace(predictor, domain=CountedDomain(**content))


def take_counts(predictor: Predictor) -> list[IntArray]:
    """What was counted since the last time; none for a predictor that does not count."""
    waiting = getattr(predictor.domain, "waiting", [])
    taken = list(waiting)
    waiting.clear()
    return taken


class DescriptorMetrics(Collector):
    """Histograms of standardised descriptors; all are there from the start, at zero.

    ``own`` has family, version and name of this copy; the first ``names`` are monitored.
    """

    def __init__(
        self, own: tuple[str, str, str], names: Sequence[str], registry: CollectorRegistry
    ) -> None:
        self._own, self._names = own, names[:MOST_DESCRIPTORS]
        shape = len(self._names), len(EDGES)
        self._total = np.zeros(shape, dtype=np.int64)
        self._lock = Lock()
        registry.register(self)

    def add(self, counted: Iterable[IntArray]) -> None:
        """Add what was counted."""
        with self._lock:
            self._total = sum(counted, start=self._total)

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The histograms, for Prometheus."""
        cumulative = self._total.cumsum(axis=1)
        words = "Descriptors of samples, in deviations of the training rows"
        metric = HistogramMetricFamily(METRIC, words, labels=LABELS)
        edges = ["+Inf" if edge == inf else str(edge) for edge in EDGES]
        for name, row in zip(self._names, cumulative, strict=True):
            buckets = list(zip(edges, map(float, row), strict=True))
            # Histograms with negative edges have neither sum nor count: the last bucket counts all.
            metric.add_metric([*self._own, name], buckets, None)
        yield metric
