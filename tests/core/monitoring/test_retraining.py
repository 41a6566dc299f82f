"""When to retrain: both sides of each limit, and what never happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matops.core.monitoring.retraining import (
    Attempt,
    Outcome,
    RetrainingConfig,
    ServingStatistics,
    Situation,
    decide_retraining,
)

CONFIG = RetrainingConfig(
    new_rows=30,
    new_share=0.07,
    age_days=90.0,
    drift=0.21,
    outside_share=0.13,
    least_requests=50,
    cooldown_hours=6.0,
)
SERVED = ServingStatistics("model-4", requests=200, outside=11, drift=0.08)
STILL = Situation(
    data="data-9",
    rows=505,
    champion="model-4",
    champion_data="data-7",
    champion_rows=500,
    new_rows=5,
    age_days=17.0,
    serving=SERVED,
    attempted_data="data-8",
    attempt_outcome="rejected",
    hours_since_attempt=31.0,
)
"""Nothing is wrong with it, and nothing calls for a retraining."""


def served(**changes: Any) -> dict[str, Any]:
    return {"serving": replace(SERVED, **changes)}


def test_where_nothing_is_due_the_missing_rows_are_said() -> None:
    decision = decide_retraining(STILL, CONFIG)
    assert not decision.retrain
    assert decision.reason == "nothing to do: new rows: 5 of 30 rows needed"


@pytest.mark.parametrize(
    ("changes", "retrain", "said"),
    [
        ({"new_rows": 35}, True, "35 of 30 rows reached"),
        ({"new_rows": 34}, False, "0.068 of 0.07 needed"),
        ({"new_rows": 30, "champion_rows": 200}, True, "30 of 30 rows reached"),
        ({"new_rows": 29, "champion_rows": 200}, False, "29 of 30 rows needed"),
        ({"age_days": 90.0}, True, "age of the champion: 90 of 90 days reached"),
        ({"age_days": 89.9}, False, "5 of 30"),
        (served(drift=0.21), True, "drift of served samples: 0.21 of 0.21 reached"),
        (served(drift=0.2099), False, "5 of 30"),
        (served(outside=26), True, "share out of domain: 0.13 of 0.13 reached"),
        (served(outside=25), False, "5 of 30"),
        (served(drift=0.9, requests=50), True, "drift of served samples"),
        (served(drift=0.9, requests=49), False, "5 of 30"),
        ({"age_days": 99.0, "hours_since_attempt": 6.0}, True, "99 of 90 days"),
        ({"age_days": 99.0, "hours_since_attempt": 5.9}, False, "5.9 hours ago, of 6 hours"),
        ({"age_days": 99.0, "in_vain": 4, "hours_since_attempt": 48.0}, True, "99 of 90 days"),
        (
            {"age_days": 99.0, "in_vain": 4, "hours_since_attempt": 47.9},
            False,
            "47.9 hours ago, of 48 hours between two attempts after 4 in vain",
        ),
        ({"age_days": 99.0, "in_vain": 999, "hours_since_attempt": 720.0}, True, "99 of 90 days"),
        ({"age_days": 99.0, "new_rows": 0}, False, "removed ones are no news"),
        ({"age_days": 99.0, "attempted_data": "data-9"}, False, "model was rejected"),
        (
            {"age_days": 99.0, "attempted_data": "data-9", "attempt_outcome": "accepted"},
            False,
            "model was accepted",
        ),
        (
            {"age_days": 99.0, "attempted_data": "data-9", "attempt_outcome": ""},
            True,
            "99 of 90 days",
        ),
        ({"age_days": 99.0, "champion_data": "data-9"}, False, "trained on these very data"),
        ({"age_days": 99.0, "rows": 0}, False, "there are no data"),
    ],
)
def test_each_limit_has_two_sides(changes: dict[str, Any], retrain: bool, said: str) -> None:
    decision = decide_retraining(replace(STILL, **changes), CONFIG)
    assert decision.retrain is retrain
    assert said in decision.reason
    assert decision.reason.startswith("retrain: " if retrain else "nothing to do: ")


@pytest.mark.parametrize("outcome", ["rejected", ""])
def test_an_old_champion_and_a_row_a_day_cost_ever_fewer_attempts_in_vain(outcome: Outcome) -> None:
    config, last, began_days, attempts = RetrainingConfig(), None, 0, []
    for day in range(365):
        situation = replace(STILL, age_days=200.0 + day, new_rows=1, hours_since_attempt=None)
        if last:
            hours = 24.0 * (day - began_days)
            situation = replace(situation, hours_since_attempt=hours, in_vain=last.in_vain)
        if decide_retraining(situation, config).retrain:
            last = Attempt(f"data-{day}", "", outcome, situation.in_vain)
            began_days = day
            attempts.append(day)
    assert attempts[:7] == [0, 1, 3, 7, 15, 31, 61]
    assert len(attempts) == 17


def test_an_accepted_model_ends_the_count_of_attempts_in_vain() -> None:
    assert Attempt("a", "", "rejected", earlier_in_vain=3).in_vain == 4
    assert Attempt("a", "", "", earlier_in_vain=3).in_vain == 4
    assert Attempt("a", "", "accepted", earlier_in_vain=3).in_vain == 0


FIRST = Situation("data-1", 40)


@pytest.mark.parametrize(
    ("changes", "retrain"),
    [
        ({}, True),
        ({"rows": 0}, False),
        ({"attempted_data": "data-1", "attempt_outcome": "rejected"}, False),
        ({"attempted_data": "data-0", "attempt_outcome": "rejected"}, True),
        ({"attempted_data": "data-0", "hours_since_attempt": 3.0}, False),
    ],
)
def test_a_first_model_needs_data_and_no_recent_failure(
    changes: dict[str, Any], retrain: bool
) -> None:
    decision = decide_retraining(replace(FIRST, **changes), CONFIG)
    assert decision.retrain is retrain
    assert ("no model is released yet" in decision.reason) is retrain


@pytest.mark.parametrize(
    ("changes", "name", "why"),
    [
        ({"new_rows": None}, "new rows", "the champion's data can't be had"),
        ({"age_days": None}, "age of the champion", "no model is released"),
        ({"serving": None}, "drift of served samples", "no statistics"),
        ({"serving": None}, "share out of domain", "no statistics"),
        (served(requests=7), "share out of domain", "7 served samples of 50 needed"),
        (served(model="model-3"), "drift of served samples", "are of model-3"),
        (served(drift=float("nan")), "drift of served samples", "not a finite number"),
    ],
)
def test_what_was_not_measured_is_said_and_never_counted(
    changes: dict[str, Any], name: str, why: str
) -> None:
    decision = decide_retraining(replace(STILL, **changes), CONFIG)
    (criterion,) = [criterion for criterion in decision.criteria if criterion.name == name]
    assert criterion.measured is None
    assert not criterion.met
    assert criterion.reason.startswith(f"{name} not measured: ")
    assert why in criterion.reason
    assert not decision.retrain


def test_every_criterion_shows_value_limit_and_unit() -> None:
    shown = [(c.measured, c.limit, c.unit) for c in decide_retraining(STILL, CONFIG).criteria]
    assert shown == [
        (5, 30, "rows"),
        (0.01, 0.07, "1"),
        (17.0, 90.0, "days"),
        (0.08, 0.21, "1"),
        (11 / 200, 0.13, "1"),
    ]


def test_several_reasons_are_all_named() -> None:
    both = replace(STILL, age_days=120.0, **served(drift=0.5))
    said = decide_retraining(both, CONFIG).reason
    assert "120 of 90 days" in said
    assert "0.5 of 0.21" in said


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The time that a busy machine takes says nothing about a decision."""

situations = st.builds(
    Situation,
    data=st.sampled_from(["a", "b", "c"]),
    rows=st.integers(0, 1000),
    champion=st.sampled_from(["", "m"]),
    champion_data=st.sampled_from(["a", "b"]),
    champion_rows=st.none() | st.integers(0, 1000),
    new_rows=st.none() | st.integers(0, 1000),
    age_days=st.none() | st.floats(0, 1000),
    serving=st.none()
    | st.builds(
        ServingStatistics,
        model=st.sampled_from(["m", "n"]),
        requests=st.integers(0, 500),
        outside=st.integers(0, 500),
        drift=st.floats(0, 2) | st.just(float("nan")),
    ),
    attempted_data=st.sampled_from(["", "a", "b"]),
    attempt_outcome=st.sampled_from(["", "accepted", "rejected"]),
    hours_since_attempt=st.none() | st.floats(0, 100),
    in_vain=st.integers(0, 2000),
)


@unhurried
@given(situations)
def test_the_same_data_are_never_tried_twice_in_a_row(found: Situation) -> None:
    tried = replace(found, attempted_data=found.data, attempt_outcome="rejected")
    assert not decide_retraining(tried, CONFIG).retrain


@unhurried
@given(situations)
def test_nothing_is_retrained_while_a_release_is_under_way(found: Situation) -> None:
    under_way = replace(found, releasing="m8")
    assert not decide_retraining(under_way, CONFIG).retrain
    if found.rows:
        assert "the release of m8 is under way" in decide_retraining(under_way, CONFIG).reason


@unhurried
@given(situations)
def test_nothing_happens_within_the_cooldown(found: Situation) -> None:
    recent = replace(found, hours_since_attempt=CONFIG.cooldown_hours * 0.99)
    assert not decide_retraining(recent, CONFIG).retrain


@unhurried
@given(situations, st.integers(0, 1000))
def test_more_new_rows_never_speak_against_a_retraining(found: Situation, more: int) -> None:
    if found.new_rows is None or not decide_retraining(found, CONFIG).retrain:
        return
    assert decide_retraining(replace(found, new_rows=found.new_rows + more), CONFIG).retrain


@unhurried
@given(situations)
def test_a_retraining_beside_a_champion_has_a_criterion_that_is_met(found: Situation) -> None:
    decision = decide_retraining(found, CONFIG)
    assert decision.reason
    if decision.retrain and found.champion:
        assert any(criterion.met for criterion in decision.criteria)
    for criterion in decision.criteria:
        assert criterion.met == (
            criterion.measured is not None and criterion.measured >= criterion.limit
        )


@pytest.mark.parametrize(("in_vain", "is_alarmed"), [(0, False), (2, False), (3, True), (40, True)])
def test_attempts_in_vain_raise_an_alarm_from_the_third_on(in_vain: int, is_alarmed: bool) -> None:
    decision = decide_retraining(replace(STILL, in_vain=in_vain), CONFIG)
    assert decision.in_vain == in_vain
    assert bool(decision.alarm) == is_alarmed
    if is_alarmed:
        assert decision.alarm.startswith(f"{in_vain} trainings in a row brought no accepted model")
        assert "data-8, was rejected" in decision.alarm


def test_a_training_that_never_ends_is_named_in_the_alarm() -> None:
    crashed = replace(STILL, in_vain=5, attempt_outcome="")
    assert "was never judged" in decide_retraining(crashed, CONFIG).alarm
