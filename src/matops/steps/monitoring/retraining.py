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
        comparison = compare_datasets(store.open(family, before).directory, data.directory)
    except BadInput:
        return DataChange(before, None, None)
    return DataChange(before, comparison.came.rows, comparison.went.rows)


def gather_situation(
    family: Family,
    data: DatasetVersion,
    store: DatasetStore,
    packages: PackageStore,
    monitor: ServingMonitor | None,
    now: datetime,
) -> Situation:
    """The numbers on which the decision rests, for a retraining on ``data``."""
    situation = Situation(data.version, count_rows(data.directory))
    champion = packages.champion(family)
    if champion:
        card, change = read_card(champion), change_since(family, champion, data, store)
        situation = replace(
            _with_serving(situation, family, monitor),
            champion=card.version,
            champion_data=card.data.version,
            champion_rows=sum(card.data.rows.values()),
            new_rows=change.added if change else None,
            age_days=(now - datetime.fromisoformat(card.created)) / timedelta(days=1),
        )
    attempt = packages.last_attempt(family)
    if attempt is None:
        return situation
    return replace(
        situation,
        attempted_data=attempt.data,
        attempt_outcome=attempt.outcome,
        hours_since_attempt=(now - datetime.fromisoformat(attempt.began)) / timedelta(hours=1),
    )


def _with_serving(
    situation: Situation, family: Family, monitor: ServingMonitor | None
) -> Situation:
    """What the champion met; an outage of the metrics is noted, and stops nothing."""
    try:
        return replace(situation, serving=monitor.statistics(family) if monitor else None)
    except BadInput as error:
        return replace(situation, serving_missing=str(error))


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
    situation = gather_situation(family, data, store, packages, monitor, now)
    decision = decide_retraining(situation, config)
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
