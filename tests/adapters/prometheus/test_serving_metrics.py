"""Metrics of a server: named and labelled as the rules of a release read them."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from matops.adapters.prometheus.serving_metrics import Identity, ServingMetrics
from matops.core.data.target import Target, value_edges
from matops.core.quality.prediction import Estimate, Prediction

TARGETS = (
    Target("K", "GPa", "stiffness", "log10", 0.0, 1000.0),
    Target("E", "eV", "energy", lower=-5.0, upper=3.0),
)
OWN = {"family": "rods", "model_version": "v1", "variant": "canary-1"}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def metrics(registry: CollectorRegistry) -> ServingMetrics:
    return ServingMetrics(Identity(**OWN), TARGETS, ("length",), registry)


def prediction(value: float, *unseen: str) -> Prediction:
    estimates = {
        "K": Estimate(value, "GPa", value - 10, value + 20),
        "E": Estimate(-1.0, "eV", -1.5, -0.5),
    }
    return Prediction(estimates, {}, 0.9, bool(unseen), 0.5, unseen, "v1", "data")


def test_each_target_has_its_own_edges(
    metrics: ServingMetrics, registry: CollectorRegistry
) -> None:
    metrics.count_predictions([prediction(100.0), prediction(20.0)])
    for target in TARGETS:
        labels = OWN | {"target": target.name, "unit": target.unit}
        found = {
            sample.labels["le"]
            for metric in registry.collect()
            for sample in metric.samples
            if sample.name == "matops_prediction_bucket" and sample.labels.items() >= labels.items()
        }
        assert {float(edge) for edge in found} == {*value_edges(target), float("inf")}
        assert registry.get_sample_value("matops_prediction_count", labels) == 1
    labels = OWN | {"target": "K", "unit": "GPa"}
    assert registry.get_sample_value("matops_prediction_sum", labels) == pytest.approx(60)
    assert registry.get_sample_value("matops_interval_width_sum", labels) == pytest.approx(30)


def test_a_batch_counts_as_one_request(
    metrics: ServingMetrics, registry: CollectorRegistry
) -> None:
    for _ in range(3):
        metrics.count_predictions([prediction(100.0)])
    metrics.count_predictions([prediction(900.0, "Gd")] * 192 + [prediction(100.0)] * 64)
    labels = OWN | {"target": "K", "unit": "GPa"}
    upper = next(edge for edge in value_edges(TARGETS[0]) if edge >= 100)
    below = labels | {"le": str(upper)}
    assert registry.get_sample_value("matops_prediction_count", labels) == pytest.approx(4)
    assert registry.get_sample_value("matops_prediction_bucket", below) == pytest.approx(3.25)
    assert registry.get_sample_value("matops_out_of_domain_requests_total", OWN) == 0.75
    assert registry.get_sample_value("matops_samples_total", OWN) == 259


def test_requests_samples_and_strangers_are_counted(
    metrics: ServingMetrics, registry: CollectorRegistry
) -> None:
    metrics.count_request("ok", 0.003)
    metrics.count_request("overloaded", 0.001)
    metrics.count_pass(3)
    metrics.count_predictions([prediction(1.0, "Gd"), prediction(1.0), prediction(1.0, "Gd", "Tb")])
    told = {outcome: OWN | {"outcome": outcome} for outcome in ("ok", "overloaded", "error")}
    values = [registry.get_sample_value("matops_requests_total", each) for each in told.values()]
    assert values == [1, 1, 0]
    assert registry.get_sample_value("matops_samples_total", OWN) == 3
    assert registry.get_sample_value("matops_out_of_domain_total", OWN) == 2
    assert registry.get_sample_value("matops_unseen_total", OWN | {"token": "Gd"}) == 2
    assert registry.get_sample_value("matops_request_seconds_sum", OWN) == pytest.approx(0.003)
    in_time = [OWN | {"le": le} for le in ("0.002512", "0.003162")]
    times = [registry.get_sample_value("matops_request_seconds_bucket", each) for each in in_time]
    assert times == [0, 1]


def test_the_model_and_its_gates_are_named(
    metrics: ServingMetrics, registry: CollectorRegistry
) -> None:
    metrics.tell_model("data-7", {"error of K": True, "latency": False})
    text = generate_latest(registry).decode()
    assert 'dataset_version="data-7"' in text
    assert registry.get_sample_value("matops_gate_passed", OWN | {"gate": "error of K"}) == 1
    assert registry.get_sample_value("matops_gate_passed", OWN | {"gate": "latency"}) == 0
