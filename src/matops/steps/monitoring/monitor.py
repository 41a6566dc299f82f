"""Monitor: what a released model meets, beside what it was trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import nan
from pathlib import Path

from matops.artifacts.data.dataset import read_targets
from matops.artifacts.model.package import read_card, read_domain
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.drift import compare, training_histograms
from matops.core.monitoring.live import LiveTraffic
from matops.core.monitoring.observation import Observation
from matops.core.monitoring.retraining import ServingStatistics
from matops.core.quality.card import Card
from matops.core.release.traffic import Buckets
from matops.steps.ports import DatasetStore, LiveMetrics, PackageStore


def champion_package(family: Family, packages: PackageStore) -> Path:
    """Directory of the released package.

    Raises:
        BadInput: there is none.
    """
    package = packages.champion(family)
    if package is None:
        raise BadInput(f"{family.name}: no model is released yet")
    return package


def observe(
    family: Family, package: Path, metrics: LiveMetrics, since: datetime, until: datetime
) -> Observation:
    """What a model met in a window, beside its training rows.

    Raises:
        BadInput: the package is damaged, or the metrics can't be had.
    """
    card = read_card(package)
    train = training_histograms(read_domain(package), family.descriptor_names)
    live = metrics.live(family, card.version, since, until)
    return Observation(card, live, tuple(compare(train, live.descriptors)))


def training_labels(
    family: Family, card: Card, live: LiveTraffic, store: DatasetStore
) -> dict[str, Buckets]:
    """Labels of a model's data, counted as its live predictions are; none where they are gone."""
    try:
        data = store.open(family, card.data.version)
    except BadInput:
        return {}
    values, predicted = read_targets(data.directory, family.targets), live.predictions.items()
    return {name: Buckets.of(values[name], own.edges) for name, own in predicted if name in values}


@dataclass(frozen=True)
class ChampionMonitor:
    """Statistics of the released model in a window back from now, for the decision to retrain."""

    packages: PackageStore
    metrics: LiveMetrics
    window: timedelta
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def statistics(self, family: Family) -> ServingStatistics | None:
        """Statistics of the champion's samples, or None while it met none.

        Raises:
            BadInput: nothing is released, or the metrics can't be had.
        """
        now = self.clock()
        package = champion_package(family, self.packages)
        seen = observe(family, package, self.metrics, now - self.window, now)
        samples, outside = seen.live.samples, seen.live.outside
        if samples is None or outside is None:
            return None
        drift = nan if seen.drift is None else seen.drift
        # Growth is extrapolated metric by metric: a part can exceed its whole by a rounding error.
        requests, outside = round(samples), min(round(outside), round(samples))
        return ServingStatistics(seen.card.version, requests, outside, drift)
