"""The champion's statistics are its own, and what nobody measured is never zero."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import read_card, read_domain
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.drift import EDGES, training_histograms
from matops.core.monitoring.live import LiveTraffic
from matops.core.release.traffic import Buckets
from matops.steps.monitoring.monitor import ChampionMonitor, observe, training_labels

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


class Shelf:
    def __init__(self, package: Path | None) -> None:
        self.package = package

    def champion(self, family: Family) -> Path | None:
        return self.package


class Metrics:
    """Counts that are given, and the questions that were asked."""

    def __init__(self, **given: Any) -> None:
        self.given = given
        self.asked: list[tuple[str, datetime, datetime]] = []

    def live(self, family: Family, model: str, since: datetime, until: datetime) -> LiveTraffic:
        self.asked.append((model, since, until))
        return LiveTraffic(model, since, until, **self.given)


@pytest.fixture
def package(world: Any) -> Path:
    return Path(world.evaluation / PACKAGE)


@pytest.fixture
def train(package: Path, family: Family) -> dict[str, Buckets]:
    return training_histograms(read_domain(package), family.descriptor_names)


def monitor(package: Path | None, metrics: Metrics) -> ChampionMonitor:
    return ChampionMonitor(Shelf(package), metrics, WEEK, lambda: NOW)  # type: ignore[arg-type]


def test_the_training_rows_themselves_do_not_drift(
    package: Path, family: Family, train: dict[str, Buckets]
) -> None:
    metrics = Metrics(descriptors=train, outside=1.2)
    found = monitor(package, metrics).statistics(family)
    version = read_card(package).version
    assert found is not None
    assert metrics.asked == [(version, NOW - WEEK, NOW)]
    assert (found.model, found.outside, found.drift) == (version, 1, 0.0)
    assert found.requests == next(iter(train.values())).total


def test_what_lies_elsewhere_drifts(
    package: Path, family: Family, train: dict[str, Buckets]
) -> None:
    away = dict.fromkeys(train, Buckets.of(np.full(300, 3.5), EDGES))
    found = monitor(package, Metrics(descriptors=away, outside=300.4)).statistics(family)
    assert found is not None
    assert found.drift > 1
    assert (found.requests, found.outside) == (300, 300)


@pytest.mark.parametrize("missing", ["descriptors", "outside"])
def test_counts_that_are_missing_are_no_statistics(
    package: Path, family: Family, train: dict[str, Buckets], missing: str
) -> None:
    given: dict[str, Any] = {"descriptors": train, "outside": 0.0}
    del given[missing]
    assert monitor(package, Metrics(**given)).statistics(family) is None


def test_descriptors_that_the_package_does_not_have_are_no_drift_of_zero(
    package: Path, family: Family
) -> None:
    foreign = {"colour": Buckets.of(np.zeros(300), EDGES)}
    found = monitor(package, Metrics(descriptors=foreign, outside=0.0)).statistics(family)
    assert found is not None
    assert math.isnan(found.drift)


def test_without_a_champion_there_is_nothing_to_watch(family: Family) -> None:
    with pytest.raises(BadInput, match="no model is released yet"):
        monitor(None, Metrics()).statistics(family)


def test_labels_are_counted_on_the_edges_of_the_predictions(
    package: Path, family: Family, alloys: Sequence[Record], store: Any
) -> None:
    store.append(family, alloys)
    bulk = [record.targets["K_VRH"] for record in alloys]
    edges = (float(np.median(bulk)), math.inf)
    metrics = Metrics(predictions={"K_VRH": Buckets(edges, (0.0, 0.0))})
    found = observe(family, package, metrics, NOW - WEEK, NOW)
    labels = training_labels(family, found.card, found.live, store)
    assert list(labels) == ["K_VRH"]
    assert labels["K_VRH"].total == len(alloys)
    assert labels["K_VRH"].counts[0] == pytest.approx(len(alloys) / 2, abs=1)
    store.parts.clear()
    assert training_labels(family, found.card, found.live, store) == {}
