"""A server's descriptor histograms: every sample once, golden requests not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from matops.adapters.drift_metrics import METRIC, record_descriptors
from matops.adapters.prometheus_api import Sample, to_buckets
from matops.artifacts.package import load_checked, read_golden
from matops.core.drift import EDGES, bucket_counts, training_histograms

if TYPE_CHECKING:
    from matops.core.predictor import Predictor
    from tests.conftest import Released


@pytest.fixture(scope="module")
def predictor(released: Released) -> Predictor:
    return load_checked(released.package)


def published(registry: CollectorRegistry) -> dict[str, list[Sample]]:
    """Bucket samples by descriptor, as Prometheus reads them."""
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(generate_latest(registry).decode()):
        for sample in family.samples:
            if sample.name == f"{METRIC}_bucket":
                assert sample.labels["variant"] == "blue"
                one = Sample(sample.labels, sample.value)
                found.setdefault(sample.labels["descriptor"], []).append(one)
    return found


def test_all_samples_are_counted_on_the_edges_of_the_training_histograms(
    predictor: Predictor, released: Released
) -> None:
    registry = CollectorRegistry()
    recorded = record_descriptors(predictor, "blue", registry)
    requests = read_golden(released.package).requests
    recorded.predict(requests)
    recorded.predict(requests[:1])
    samples = [predictor.family.parse(request) for request in (*requests, requests[0])]
    expected = bucket_counts(predictor.domain.standardise(predictor.family.describe(samples)))
    found = published(registry)
    assert list(found) == list(predictor.family.descriptor_names)
    assert list(training_histograms(predictor.domain, tuple(found))) == list(found)
    for row, buckets in zip(expected, map(to_buckets, found.values()), strict=True):
        assert buckets is not None
        assert buckets.edges == EDGES
        assert buckets.counts == tuple(row)


def test_answers_are_the_same_with_and_without(predictor: Predictor, released: Released) -> None:
    requests = read_golden(released.package).requests
    recorded = record_descriptors(predictor, "blue", CollectorRegistry())
    assert recorded.predict(requests) == predictor.predict(requests)


def test_a_server_that_was_not_asked_says_zero(predictor: Predictor) -> None:
    registry = CollectorRegistry()
    record_descriptors(predictor, "blue", registry)
    found = published(registry)
    assert len(found) == predictor.domain.reference.shape[1]
    assert np.sum([sample.value for samples in found.values() for sample in samples]) == 0
