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
    return (
        None if package is None else _change(family, read_card(package).data.version, data, store)
    )


def _change(family: Family, before: str, data: DatasetVersion, store: DatasetStore) -> DataChange:
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
    releasing: str = "",
) -> Situation:
    """The numbers on which the decision rests, for a retraining on ``data``."""
    situation = Situation(data.version, count_rows(data.directory), releasing=releasing)
    champion, attempt = packages.champion(family), packages.last_attempt(family)
    if champion:
        card = read_card(champion)
        situation = replace(
            _with_serving(situation, family, monitor),
            champion=card.version,
            champion_data=card.data.version,
            champion_rows=sum(card.data.rows.values()),
            new_rows=_new_rows(family, card, attempt, data, store),
            age_days=(now - datetime.fromisoformat(card.created)) / timedelta(days=1),
        )
    if attempt is None:
        return situation
    return replace(
        situation,
        attempted_data=attempt.data,
        attempt_outcome=attempt.outcome,
        in_vain=attempt.in_vain,
        hours_since_attempt=(now - datetime.fromisoformat(attempt.began)) / timedelta(hours=1),
    )


def _new_rows(
    family: Family, card: Card, attempt: Attempt | None, data: DatasetVersion, store: DatasetStore
) -> int | None:
    """Rows that came since the champion, or since a later attempt that was judged.

    Rows that a rejected model was trained on are no reason for the next one.
    """
    created = datetime.fromisoformat(card.created)
    if attempt and attempt.outcome and datetime.fromisoformat(attempt.began) > created:
        added = _change(family, attempt.data, data, store).added
        if added is not None:
            return added
    return _change(family, card.data.version, data, store).added


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
    releasing: str = "",
) -> RetrainingDecision:
    """Decide on the gathered numbers; a decision to retrain is remembered as an attempt.

    ``releasing`` is the version whose release is under way: what it shows is waited for.
    """
    situation = gather_situation(family, data, store, packages, monitor, now, releasing)
    decision = decide_retraining(situation, config)
    if decision.retrain:
        began = now.isoformat(timespec="seconds")
        attempt = Attempt(data.version, began, earlier_in_vain=situation.in_vain)
        packages.note_attempt(family, attempt)
    return decision


def conclude_retraining(family: Family, card: Card, packages: PackageStore) -> None:
    """Remember a candidate's verdict as the outcome of the last attempt.

    Its data become those of the attempt: more may have come between decision and training.
    """
    attempt = packages.last_attempt(family)
    attempt = attempt or Attempt(card.data.version, card.created)
    judged = replace(attempt, data=card.data.version, outcome=card.verdict.outcome)
    packages.note_attempt(family, judged)
