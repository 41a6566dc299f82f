"""Retraining: the numbers are those of champion, data and last attempt, and nothing is made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from matops.artifacts.jsonfile import write_json
from matops.artifacts.model.evaluation import PACKAGE
from matops.artifacts.model.package import CARD, read_card
from matops.core.data.record import Record
from matops.core.errors import BadInput
from matops.core.family import Family
from matops.core.monitoring.retraining import Attempt, RetrainingConfig, ServingStatistics
from matops.core.quality.card import DataChange
from matops.steps.monitoring.retraining import (
    change_since,
    conclude_retraining,
    consider_retraining,
    gather_situation,
)
from matops.steps.ports import DatasetVersion

CONFIG = RetrainingConfig(new_rows=3, new_share=0.1, cooldown_hours=2.0)


class Shelf:
    """A package store with one champion, which keeps every attempt."""

    def __init__(self, package: Path | None = None) -> None:
        self.package = package
        self.attempts: list[Attempt] = []

    def champion(self, family: Family) -> Path | None:
        return self.package

    def last_attempt(self, family: Family) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    def note_attempt(self, family: Family, attempt: Attempt) -> None:
        self.attempts.append(attempt)


class Monitor:
    def statistics(self, family: Family) -> ServingStatistics | None:
        return ServingStatistics("m", requests=400, outside=9, drift=0.31)


class Place:
    """Ten alloys that made a champion, and a store that takes more."""

    def __init__(self, family: Family, alloys: Sequence[Record], store: Any, world: Any) -> None:
        self.family, self.alloys, self.store = family, alloys, store
        self.data: DatasetVersion = store.append(family, alloys[:10])
        self.package = Path(copytree(world.evaluation / PACKAGE, store.directory / "../package"))
        card = read_card(self.package)
        summary = replace(card.data, version=self.data.version, rows={"train": 7, "test": 3})
        self.card = replace(card, data=summary, created="2026-03-01T00:00:00+00:00")
        write_json(self.package / CARD, self.card)
        self.shelf = Shelf(self.package)
        self.now = datetime.fromisoformat(self.card.created) + timedelta(days=3, hours=12)

    def add(self, *numbers: int) -> DatasetVersion:
        self.data = self.store.append(self.family, [self.alloys[i] for i in numbers])
        return self.data

    def consider(self, hours: float = 0.0) -> Any:
        now = self.now + timedelta(hours=hours)
        place = (self.data, self.store, self.shelf, None, now)
        return consider_retraining(self.family, CONFIG, *place)


@pytest.fixture
def place(family: Family, alloys: list[Record], store: Any, world: Any) -> Place:
    return Place(family, alloys, store, world)


def test_numbers_are_those_of_champion_and_data(place: Place) -> None:
    place.add(10, 11, 12, 13)
    place.shelf.attempts.append(Attempt("v0", "2026-03-04T00:00:00+00:00", "rejected"))
    gathered = (place.data, place.store, place.shelf, Monitor(), place.now)
    found = gather_situation(place.family, *gathered)
    assert (found.data, found.rows) == ("v2", 14)
    assert (found.champion_data, found.champion_rows, found.new_rows) == ("v1", 10, 4)
    assert found.age_days == pytest.approx(3.5)
    assert found.serving == Monitor().statistics(place.family)
    assert (found.attempted_data, found.attempt_outcome) == ("v0", "rejected")
    assert found.hours_since_attempt == pytest.approx(12)


def test_without_champion_monitor_and_attempt_nothing_is_made_up(place: Place) -> None:
    found = gather_situation(place.family, place.data, place.store, Shelf(), None, place.now)
    assert (found.data, found.rows, found.champion) == ("v1", 10, "")
    assert (found.new_rows, found.age_days, found.serving) == (None, None, None)
    assert found.hours_since_attempt is None


def test_an_outage_of_the_metrics_is_told_and_stops_nothing(place: Place) -> None:
    class Away:
        def statistics(self, family: Family) -> ServingStatistics | None:
            raise BadInput("http://metrics: Prometheus does not answer")

    place.add(10, 11, 12)
    where = (place.data, place.store, place.shelf, Away(), place.now)
    decision = consider_retraining(place.family, CONFIG, *where)
    assert decision.retrain
    told = {criterion.name: criterion for criterion in decision.criteria}
    for name in ("drift of served samples", "share out of domain"):
        assert told[name].measured is None
        assert "http://metrics: Prometheus does not answer" in told[name].reason


def test_data_of_the_champion_that_are_gone_are_not_counted_as_no_new_rows(place: Place) -> None:
    place.add(10, 11, 12, 13)
    del place.store.parts["v1"]
    change = change_since(place.family, place.package, place.data, place.store)
    assert change == DataChange("v1", None, None)
    decision = place.consider()
    assert not decision.retrain
    assert "the champion's data can't be had" in decision.reason


def test_rows_that_came_and_went_are_both_counted(
    place: Place, alloys: list[Record], tmp_path: Path
) -> None:
    from matops.artifacts.data.dataset import write_part

    write_part(tmp_path / "other", alloys[4:16], place.family.targets)
    other = DatasetVersion("v9", tmp_path / "other")
    change = change_since(place.family, place.package, other, place.store)
    assert change == DataChange("v1", added=6, removed=4)


def test_enough_new_rows_are_tried_once_whatever_comes_of_it(place: Place) -> None:
    assert not place.consider().retrain
    place.add(10, 11, 12)
    assert place.consider().retrain
    assert place.shelf.attempts == [Attempt("v2", place.now.isoformat(timespec="seconds"))]
    assert "hours" in place.consider(hours=1.9).reason
    rejected = replace(
        place.card,
        data=replace(place.card.data, version="v2"),
        verdict=replace(place.card.verdict, accepted=False),
    )
    conclude_retraining(place.family, rejected, place.shelf)
    assert place.shelf.attempts[-1].outcome == "rejected"
    again = place.consider(hours=200.0)
    assert not again.retrain
    assert "model was rejected" in again.reason
    place.add(13)
    assert "new rows: 1 of 3" in place.consider(hours=200.0).reason
    place.add(14, 15)
    assert place.consider(hours=200.0).retrain
    assert place.shelf.attempts[-1].earlier_in_vain == 1


def test_an_attempt_that_was_cut_short_is_repeated_after_the_cooldown(place: Place) -> None:
    place.add(10, 11, 12)
    assert place.consider().retrain
    assert not place.consider(hours=1.9).retrain
    assert place.consider(hours=2.1).retrain
    waiting = place.consider(hours=2.1 + 3.9)
    assert "of 4 hours between two attempts after 2 in vain" in waiting.reason
    assert place.consider(hours=2.1 + 4.1).retrain


def test_the_verdict_belongs_to_the_data_that_were_trained_on(place: Place) -> None:
    place.add(10, 11, 12)
    place.consider()
    later = replace(place.card, data=replace(place.card.data, version="v3"))
    conclude_retraining(place.family, later, place.shelf)
    last = place.shelf.attempts[-1]
    assert (last.data, last.outcome) == ("v3", "accepted")
    assert last.began == place.shelf.attempts[0].began
