"""Retraining: gather the numbers, decide, and remember each attempt with its verdict."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from matops.artifacts.data.comparison import compare_datasets
from matops.artifacts.data.dataset import count_rows
from matops.artifacts.model.package import read_card
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.retraining import (
    Attempt,
    RetrainingConfig,
    RetrainingDecision,
    Situation,
    decide_retraining,
)
from matops.core.quality.card import Card, DataChange
from matops.steps.ports import DatasetStore, DatasetVersion, PackageStore, ServingMonitor


def change_since(
    family: Family, package: Path | None, data: DatasetVersion, store: DatasetStore
) -> DataChange | None:
    """How the data changed since a package's; None without a package.

    Where the package's data can't be had any more, the change names them and counts nothing.
    """
    if package is None:
        return None
    before = read_card(package).data.version
    if before == data.version:
        return DataChange(before, 0, 0)
    try:
        found = compare_datasets(store.open(family, before).directory, data.directory)
    except BadInput:
        return DataChange(before, None, None)
    return DataChange(before, found.came.rows, found.went.rows)


def gather_situation(
    family: Family,
    data: DatasetVersion,
    store: DatasetStore,
    packages: PackageStore,
    monitor: ServingMonitor | None,
    now: datetime,
) -> Situation:
    """The numbers on which the decision rests.

    Args:
        family: whose model.
        data: the data that a retraining would use.
        store: where the champion's data are.
        packages: where the champion and the last attempt are.
        monitor: what the champion met, where something watches it.
        now: time of the decision.
    """
    found = Situation(data.version, count_rows(data.directory))
    champion = packages.champion(family)
    if champion:
        change = change_since(family, champion, data, store)
        found = _beside(found, read_card(champion), change, now)
        found = _with_serving(found, family, monitor)
    attempt = packages.last_attempt(family)
    if attempt is None:
        return found
    return replace(
        found,
        attempted_data=attempt.data,
        attempt_outcome=attempt.outcome,
        hours_since_attempt=(now - datetime.fromisoformat(attempt.began)) / timedelta(hours=1),
    )


def _with_serving(found: Situation, family: Family, monitor: ServingMonitor | None) -> Situation:
    """What the champion met; an outage of the metrics is told, and stops nothing."""
    try:
        return replace(found, serving=monitor.statistics(family) if monitor else None)
    except BadInput as error:
        return replace(found, serving_missing=str(error))


def _beside(found: Situation, card: Card, change: DataChange | None, now: datetime) -> Situation:
    return replace(
        found,
        champion=card.version,
        champion_data=card.data.version,
        champion_rows=sum(card.data.rows.values()),
        new_rows=change.added if change else None,
        age_days=(now - datetime.fromisoformat(card.created)) / timedelta(days=1),
    )


def consider_retraining(
    family: Family,
    config: RetrainingConfig,
    data: DatasetVersion,
    store: DatasetStore,
    packages: PackageStore,
    monitor: ServingMonitor | None,
    now: datetime,
) -> RetrainingDecision:
    """Decide on the gathered numbers; a decision to retrain is remembered as an attempt."""
    found = gather_situation(family, data, store, packages, monitor, now)
    decision = decide_retraining(found, config)
    if decision.retrain:
        packages.note_attempt(family, Attempt(data.version, now.isoformat(timespec="seconds")))
    return decision


def conclude_retraining(family: Family, card: Card, packages: PackageStore) -> None:
    """Remember a candidate's verdict as the outcome of the last attempt.

    Its data become those of the attempt: more may have come between decision and training.
    """
    attempt = packages.last_attempt(family)
    began = attempt.began if attempt else card.created
    packages.note_attempt(family, Attempt(card.data.version, began, card.verdict.outcome))
