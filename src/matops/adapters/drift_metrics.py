"""What a server tells Prometheus of the descriptors it is asked about.

A histogram object for each descriptor would cost a server more than the domain's own check; here
all samples of a batch are counted at once, and Prometheus gets the counts when it comes for them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from matops.core.domain import Descriptors, Domain, DomainScore
from matops.core.drift import EDGES, bucket_counts, monitored_columns
from matops.core.predictor import Predictor

METRIC = "matops_descriptor"
LABELS = ("family", "model_version", "variant", "descriptor")


class DescriptorMetrics(Collector):
    """Histograms of standardised descriptors.

    Args:
        labels: family, model version and variant.
        names: names of the monitored descriptors.
        columns: their columns among all descriptors.
    """

    def __init__(
        self, labels: tuple[str, str, str], names: Sequence[str], columns: Sequence[int]
    ) -> None:
        self.labels, self.names, self.columns = labels, tuple(names), list(columns)
        self._counts = np.zeros((len(names), len(EDGES)), dtype=np.int64)
        self._sums = np.zeros(len(names))
        self._lock = Lock()

    def observe(self, standard: NDArray[np.float64]) -> None:
        """Count samples by their standardised descriptors, shape (n, d)."""
        own = standard[:, self.columns]
        counts, sums = bucket_counts(own), own.sum(axis=0)
        with self._lock:
            self._counts += counts
            self._sums += sums

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The histograms, for Prometheus."""
        with self._lock:
            cumulative, sums = self._counts.cumsum(axis=1), self._sums.copy()
        words = "Descriptors of samples, in deviations of the training rows"
        metric = HistogramMetricFamily(METRIC, words, labels=LABELS)
        edges = ["+Inf" if edge == inf else str(edge) for edge in EDGES]
        for name, row, total in zip(self.names, cumulative, sums, strict=True):
            buckets = list(zip(edges, map(float, row), strict=True))
            metric.add_metric([*self.labels, name], buckets, float(total))
        yield metric


@dataclass(frozen=True)
class RecordedDomain(Domain):
    """A domain that counts the samples it assesses."""

    metrics: DescriptorMetrics | None = field(default=None, kw_only=True)

    def assess(self, samples: Descriptors) -> list[DomainScore]:
        """Score samples, and count them."""
        if self.metrics:
            self.metrics.observe(self.standardise(samples))
        return super().assess(samples)


def record_descriptors(
    predictor: Predictor, variant: str, registry: CollectorRegistry = REGISTRY
) -> Predictor:
    """The same predictor; from now on the samples that it answers are counted.

    Args:
        predictor: the predictor of a server that has run its golden requests.
        variant: name of the running copy.
        registry: where the counts are published.
    """
    family, domain = predictor.family, predictor.domain
    columns = monitored_columns(domain.reference)
    names = [family.descriptor_names[column] for column in columns]
    labels = (family.name, predictor.model_version, variant)
    metrics = DescriptorMetrics(labels, names, columns)
    registry.register(metrics)
    return replace(predictor, domain=_recorded(domain, metrics))


def _recorded(domain: Domain, metrics: DescriptorMetrics) -> RecordedDomain:
    content: dict[str, Any] = {name: getattr(domain, name) for name in Domain.__dataclass_fields__}
    return RecordedDomain(**content, metrics=metrics)
