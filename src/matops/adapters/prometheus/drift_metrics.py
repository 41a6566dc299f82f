"""What a server tells Prometheus of the descriptors it is asked about.

A histogram object for each descriptor would cost a server more than the domain's own check. The
process that computes counts all samples of a batch at once
(:mod:`matops.adapters.serving.batches.counting`), and the one that listens adds the counts up.
"""

from collections.abc import Iterable, Sequence
from math import inf
from threading import Lock

import numpy as np
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from matops.core.monitoring.drift import EDGES, MOST_DESCRIPTORS
from matops.physics.arrays import IntArray

METRIC = "matops_descriptor"
LABELS = ("family", "model_version", "variant", "descriptor")


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
