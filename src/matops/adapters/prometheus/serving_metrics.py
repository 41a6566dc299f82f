"""What a server says of itself to Prometheus; every series names family, version and variant."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from threading import Lock
from typing import Literal

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from matops.adapters.prometheus.drift_metrics import DescriptorMetrics
from matops.core.data.target import Target, value_edges, width_edges
from matops.core.data.value import magnitude, numbers_of
from matops.core.quality.prediction import Prediction

Outcome = Literal["ok", "bad_input", "error", "overloaded"]

LABELS = ("family", "model_version", "variant")
LATENCY_EDGES_S = tuple(round(10 ** (k / 10 - 3), 6) for k in range(49))
"""1 ms to 63 s, the same for all models, ten a decade: with the customary three, a quantile between
two edges can show an arm that is a fifth slower as one that is twice as slow."""
BATCH_EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)


@dataclass(frozen=True)
class Identity:
    """Which copy of which model a process serves."""

    family: str  # name of the family
    model_version: str  # of the package
    variant: str  # name of the arm of a release


class ServingMetrics:
    """Counters and histograms of one server process."""

    def __init__(
        self,
        identity: Identity,
        targets: Sequence[Target],
        descriptors: Sequence[str],
        registry: CollectorRegistry = REGISTRY,
    ) -> None:
        self._own = own = (identity.family, identity.model_version, identity.variant)

        def counter(name: str, words: str, *more: str) -> Counter:
            return Counter(name, words, (*LABELS, *more), registry=registry)

        self.descriptors = DescriptorMetrics(own, descriptors, registry)
        self._requests = counter("matops_requests", "Requests by outcome", "outcome")
        self._samples = counter("matops_samples", "Samples that were answered").labels(*own)
        self._outside = counter(
            "matops_out_of_domain", "Answered samples unlike the training data"
        ).labels(*own)
        self._strange = counter(
            "matops_out_of_domain_requests",
            "Answered requests out of the domain, each by the share of its samples",
        ).labels(*own)
        self._unseen = counter(
            "matops_unseen", "Samples with a category that training never saw", "token"
        )
        self._seconds = Histogram(
            "matops_request_seconds",
            "Time inside the server of requests that were not refused",
            LABELS,
            buckets=LATENCY_EDGES_S,
            registry=registry,
        ).labels(*own)
        self._batch = Histogram(
            "matops_batch_size",
            "Samples of a pass through the network",
            LABELS,
            buckets=BATCH_EDGES,
            registry=registry,
        ).labels(*own)
        self._values = _ByTarget(
            own, "matops_prediction", "Predicted values; a request counts 1", targets, value_edges
        )
        self._widths = _ByTarget(
            own,
            "matops_interval_width",
            "Widths of the intervals; a request counts 1",
            targets,
            width_edges,
        )
        registry.register(self._values)
        registry.register(self._widths)
        self._registry = registry
        for outcome in ("ok", "bad_input", "error", "overloaded"):
            # A counter that appears with its first event hides that event from a rate.
            self._requests.labels(*own, outcome)

    def tell_model(self, dataset_version: str, gates: Mapping[str, bool]) -> None:
        """Constant facts: the version of the training data, and what each gate said."""

        def gauge(name: str, words: str, label: str) -> Gauge:
            return Gauge(name, words, (*LABELS, label), registry=self._registry)

        info = gauge("matops_model_info", "The model that is served", "dataset_version")
        info.labels(*self._own, dataset_version).set(1)
        verdicts = gauge("matops_gate_passed", "Whether the model passed this gate", "gate")
        for gate, passed in gates.items():
            verdicts.labels(*self._own, gate).set(passed)

    def count_request(self, outcome: Outcome, seconds: float) -> None:
        """A request and its time; refusals are quick and would hide what is slow."""
        self._requests.labels(*self._own, outcome).inc()
        if outcome in ("ok", "error"):
            self._seconds.observe(seconds)

    def count_pass(self, samples: int) -> None:
        """A pass through the network."""
        self._batch.observe(samples)

    def count_predictions(self, predictions: Sequence[Prediction]) -> None:
        """What one request was answered; an array has one value, its root mean square.

        However many samples the request has, it adds 1 to each histogram: a batch is one event to
        whoever compares the arms of a release.
        """
        weight = 1 / len(predictions)
        outside = sum(prediction.out_of_domain for prediction in predictions)
        self._samples.inc(len(predictions))
        self._outside.inc(outside)
        self._strange.inc(outside * weight)
        for prediction in predictions:
            for token in prediction.unseen:
                self._unseen.labels(*self._own, token).inc()
            for name, estimate in prediction.estimates.items():
                self._values.observe(name, magnitude(estimate.value), weight)
                if estimate.lower is None or estimate.upper is None:
                    continue
                ends = zip(numbers_of(estimate.upper), numbers_of(estimate.lower), strict=True)
                widths = [upper - lower for upper, lower in ends]
                is_array = isinstance(estimate.value, list)
                width = magnitude(widths if is_array else widths[0])
                self._widths.observe(name, width, weight)


class _ByTarget(Collector):
    """One histogram under a common name for each target, each with edges of its own.

    A value counts by a weight, which the library's histograms don't know.
    """

    def __init__(
        self,
        own: tuple[str, ...],
        name: str,
        words: str,
        targets: Sequence[Target],
        edges: Callable[[Target], tuple[float, ...]],
    ) -> None:
        self._own, self._name, self._words = own, name, words
        self._units = {target.name: target.unit for target in targets}
        self._edges = {target.name: (*edges(target), inf) for target in targets}
        self._counts = {name: [0.0] * len(upper) for name, upper in self._edges.items()}
        self._sums = dict.fromkeys(self._edges, 0.0)
        self._lock = Lock()

    def observe(self, target: str, value: float, weight: float) -> None:
        with self._lock:
            self._counts[target][bisect_left(self._edges[target], value)] += weight
            self._sums[target] += weight * value

    def collect(self) -> Iterable[Metric]:
        labels = (*LABELS, "target", "unit")
        metric = HistogramMetricFamily(self._name, self._words, labels=labels)
        with self._lock:
            for target, unit in self._units.items():
                edges = map(floatToGoString, self._edges[target])
                buckets = list(zip(edges, accumulate(self._counts[target]), strict=True))
                # A histogram begins with its first value: an arm that is asked nothing has none.
                if not buckets[-1][1]:
                    continue
                own = (*self._own, target, unit)
                metric.add_metric(own, buckets, self._sums[target])
                if self._edges[target][0] < 0:  # the library then leaves out sum and count
                    count = dict(zip(labels, own, strict=True))
                    metric.add_sample(f"{self._name}_count", count, buckets[-1][1])
        yield metric
