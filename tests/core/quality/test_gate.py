"""Gates: both sides of every limit, and nothing unknown ever passes."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from matops.core.quality.gate import Comparison, Gate, Measurement, judge

ERROR = Gate("error", "K.mae", "<=", 0.05, "log10(GPa)", "a paper")


def measured(value: float, unit: str = ERROR.unit) -> dict[str, Measurement]:
    return {ERROR.metric: Measurement(value, unit)}


@pytest.mark.parametrize(
    ("comparison", "value", "accepted"),
    [
        ("<=", 0.03, True),
        ("<=", 0.05, True),
        ("<=", math.nextafter(0.05, 1), False),
        ("<=", 0.09, False),
        ("<=", -7.0, True),
        (">=", 0.03, False),
        (">=", math.nextafter(0.05, 0), False),
        (">=", 0.05, True),
        (">=", 0.09, True),
    ],
)
def test_gate_passes_on_its_side_of_the_limit_and_exactly_on_it(
    comparison: Comparison, value: float, accepted: bool
) -> None:
    verdict = judge([replace(ERROR, comparison=comparison)], measured(value))
    assert verdict.accepted is accepted
    assert verdict.results[0].measured == value


@pytest.mark.parametrize("comparison", ["<=", ">="])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_value_that_is_not_finite_fails_in_either_direction(
    comparison: Comparison, value: float
) -> None:
    verdict = judge([replace(ERROR, comparison=comparison)], measured(value))
    assert not verdict.accepted
    assert "not a finite number" in verdict.results[0].reason


def test_missing_measurement_fails_and_says_which() -> None:
    verdict = judge([ERROR], {"K.rmse": Measurement(0.01, ERROR.unit)})
    assert not verdict.accepted
    assert verdict.failures[0].reason == "K.mae was not measured"


def test_good_number_in_another_unit_fails_and_names_both_units() -> None:
    result = judge([ERROR], measured(0.03, "GPa")).results[0]
    assert not result.passed
    assert result.measured is None
    assert "GPa, limit in log10(GPa)" in result.reason


def test_model_that_no_gate_looked_at_is_rejected() -> None:
    verdict = judge([], measured(0.01))
    assert not verdict.accepted
    assert verdict.failures == ()


@pytest.mark.parametrize("failing", range(5))
def test_one_failing_gate_among_many_rejects_and_is_named(failing: int) -> None:
    gates = [replace(ERROR, name=f"gate {i}", metric=f"m{i}") for i in range(5)]
    values = {g.metric: Measurement(0.02 + 0.001 * i, g.unit) for i, g in enumerate(gates)}
    assert judge(gates, values).accepted
    values[f"m{failing}"] = Measurement(0.07, ERROR.unit)
    verdict = judge(gates, values)
    assert not verdict.accepted
    assert [result.gate.name for result in verdict.failures] == [f"gate {failing}"]


def test_measurements_without_a_gate_do_not_matter() -> None:
    extra = {"other": Measurement(math.nan, "1")}
    assert judge([ERROR], measured(0.02) | extra).accepted


def test_confidence_interval_does_not_move_the_decision() -> None:
    wide = {ERROR.metric: Measurement(0.04, ERROR.unit, low=0.01, high=0.2)}
    assert judge([ERROR], wide).accepted
