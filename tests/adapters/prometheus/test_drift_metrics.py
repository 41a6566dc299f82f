"""A server's descriptor histograms: every sample that is answered once, and nothing else."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from matops.adapters.prometheus.api import EDGE, to_buckets
from matops.adapters.prometheus.drift_metrics import (
    METRIC,
    DescriptorMetrics,
)
from matops.adapters.serving.batches.counting import count_descriptors, take_counts
from matops.adapters.serving.batches.desk import Desk
from matops.adapters.serving.batches.told import Ask
from matops.adapters.serving.batches.worker import warm_model
from matops.adapters.serving.limits import Limits
from matops.adapters.serving.protocols.asked import Asked
from matops.artifacts.model.package import load_checked, read_golden
from matops.core.monitoring.drift import (
    EDGES,
    MOST_DESCRIPTORS,
    bucket_counts,
    training_histograms,
)

if TYPE_CHECKING:
    from matops.core.predictor import Predictor
    from tests.conftest import Released


@pytest.fixture(scope="module")
def predictor(released: Released) -> Predictor:
    return load_checked(released.package)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(predictor: Predictor, registry: CollectorRegistry) -> DescriptorMetrics:
    own = (predictor.family.name, predictor.model_version, "blue")
    return DescriptorMetrics(own, predictor.family.descriptor_names, registry)


def published(registry: CollectorRegistry) -> dict[str, dict[str, float]]:
    """Cumulative counts of the edges by descriptor, as Prometheus reads them."""
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            if sample.name == f"{METRIC}_bucket":
                assert sample.labels["variant"] == "blue"
                counts = found.setdefault(sample.labels["descriptor"], {})
                counts[sample.labels[EDGE]] = sample.value
    return found


def test_all_samples_are_counted_on_the_edges_of_the_training_histograms(
    predictor: Predictor,
    released: Released,
    metrics: DescriptorMetrics,
    registry: CollectorRegistry,
) -> None:
    counted = count_descriptors(predictor)
    requests = read_golden(released.package).requests
    counted.predict(requests)
    counted.predict(requests[:1])
    metrics.add(take_counts(counted))
    metrics.add(take_counts(counted))
    samples = [predictor.family.parse(request) for request in (*requests, requests[0])]
    family = predictor.family
    described = family.describe(samples, family.featurize(samples, predictor.config))
    expected = bucket_counts(predictor.domain.standardise(described)[:, :MOST_DESCRIPTORS])
    found = published(registry)
    assert list(found) == list(family.descriptor_names[:MOST_DESCRIPTORS])
    assert list(training_histograms(predictor.domain, tuple(found))) == list(found)
    for row, buckets in zip(expected, map(to_buckets, found.values()), strict=True):
        assert buckets is not None
        assert buckets.edges == EDGES
        assert buckets.counts == tuple(row)


def test_answers_are_the_same_with_and_without(predictor: Predictor, released: Released) -> None:
    requests = read_golden(released.package).requests
    assert count_descriptors(predictor).predict(requests) == predictor.predict(requests)


def test_a_server_that_was_not_asked_says_zero(
    predictor: Predictor, metrics: DescriptorMetrics, registry: CollectorRegistry
) -> None:
    metrics.add(take_counts(predictor))
    found = published(registry)
    assert len(found) == min(predictor.domain.reference.shape[1], MOST_DESCRIPTORS)
    assert not any(count for counts in found.values() for count in counts.values())


def test_a_desk_counts_what_it_answers_and_not_the_golden_requests(released: Released) -> None:
    requests: Any = read_golden(released.package).requests
    desk = Desk(warm_model(partial(load_checked, released.package), Limits()))

    def counted(*samples: Any) -> float:
        desk.take(Ask(0, Asked("v1", json.dumps({"instances": samples}).encode())))
        turns = [turn for _ in range(4) for turn in desk.turns()]
        return float(sum(counts[0].sum() for turn in turns for counts in turn.descriptors))

    assert counted(*requests[:3]) == 3
    assert counted({"crystal": {"species": ["Xx"]}}) == 0
    assert counted(*requests[:2]) == 2
