"""Errors and their intervals: limits that need no reference implementation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.data.target import Target
from matops.core.quality.gate import Measurement
from matops.core.quality.metrics import (
    group_bootstrap,
    paired_difference,
    physical_errors,
    ratio_of_sums,
    target_errors,
)

Array = NDArray[np.float64]
MODULUS = Target("K", "GPa", "bulk modulus", "log10", lower=0.0)
RNG = np.random.default_rng(4)
TRUTH = RNG.normal(2.0, 0.3, 60)
GROUPS = [f"g{i // 2}" for i in range(60)]


def mean_interval(values: Array, groups: list[str]) -> tuple[float, float, float]:
    return group_bootstrap(np.stack([values, np.ones_like(values)], 1), groups, ratio_of_sums)


def width(measurement: Measurement) -> float:
    assert measurement.low is not None
    assert measurement.high is not None
    return measurement.high - measurement.low


def errors(predicted: Array, groups: list[str] = GROUPS) -> dict[str, Measurement]:
    return target_errors(MODULUS, TRUTH, predicted, groups)


def test_perfect_predictions_have_no_error_and_r2_of_one() -> None:
    found = errors(TRUTH.copy())
    assert found["K.mae"].value == found["K.rmse"].value == found["K.mae_physical"].value == 0
    assert found["K.r2"].value == 1
    assert found["K.spearman"].value == pytest.approx(1)


@pytest.mark.filterwarnings("error")
def test_predicting_the_mean_explains_nothing() -> None:
    found = errors(np.full_like(TRUTH, TRUTH.mean()))
    assert np.isnan(found["K.spearman"].value)
    assert found["K.r2"].value == pytest.approx(0, abs=1e-12)
    assert found["K.rmse"].value == pytest.approx(TRUTH.std())


def test_worse_than_the_mean_has_negative_r2_and_reversed_order_negative_rank() -> None:
    found = errors(2 * TRUTH.mean() - TRUTH)
    assert found["K.r2"].value == pytest.approx(-3)
    assert found["K.spearman"].value == pytest.approx(-1)


def test_r2_does_not_depend_on_the_zero_of_the_scale() -> None:
    noise = RNG.normal(0, 0.1, 60)
    energy = Target("E", "eV", "energy")
    near = target_errors(energy, TRUTH, TRUTH + noise, GROUPS)["E.r2"]
    far = target_errors(energy, TRUTH + 1e5, TRUTH + 1e5 + noise, GROUPS)["E.r2"]
    assert far.value == pytest.approx(near.value, rel=1e-6)


def test_r2_of_a_resample_is_taken_about_its_own_mean() -> None:
    # Group means explain two groups together well, and each alone not at all.
    truth = np.array([0.0, 1.0, 10.0, 11.0])
    predicted = np.array([0.5, 0.5, 10.5, 10.5])
    found = target_errors(Target("E", "eV", "energy"), truth, predicted, list("aabb"))["E.r2"]
    assert found.value > 0.98
    assert found.low == pytest.approx(0, abs=1e-9)


def test_constant_shift_is_the_error_on_the_learning_scale() -> None:
    found = errors(TRUTH - 0.07)
    for name in ("K.mae", "K.rmse"):
        assert found[name].value == pytest.approx(0.07)
        assert (found[name].low, found[name].high) == pytest.approx((0.07, 0.07))


def test_physical_error_is_in_the_physical_unit() -> None:
    truth, predicted = np.log10([100.0, 40.0]), np.log10([110.0, 37.0])
    found = target_errors(MODULUS, truth, predicted, ["a", "b"])
    assert found["K.mae_physical"].value == pytest.approx((10 + 3) / 2)
    assert found["K.mae_physical"].unit == "GPa"
    assert found["K.mae"].unit == "log10(GPa)"
    assert found["K.r2"].unit == found["K.spearman"].unit == "1"


def test_estimate_lies_in_its_interval_and_counts_its_rows() -> None:
    for name, m in errors(TRUTH + RNG.normal(0, 0.1, 60)).items():
        assert m.rows == 60
        if not name.endswith("spearman"):
            assert m.low is not None
            assert m.high is not None
            assert m.low < m.value < m.high


def test_repeating_rows_within_their_groups_does_not_shrink_the_interval() -> None:
    values = RNG.normal(size=60)
    once = mean_interval(values, GROUPS)
    many = mean_interval(np.repeat(values, 9), [g for g in GROUPS for _ in range(9)])
    assert many == pytest.approx(once)


def test_correlated_rows_widen_the_interval_over_independent_ones() -> None:
    shared = np.repeat(RNG.normal(size=40), 16)
    grouped = mean_interval(shared, [f"g{i // 16}" for i in range(640)])
    alone = mean_interval(shared, [f"r{i}" for i in range(640)])
    # Sixteen copies of one number are one observation: intervals √16 times as wide.
    ratio = (grouped[2] - grouped[1]) / (alone[2] - alone[1])
    assert ratio == pytest.approx(4, rel=0.15)


def test_interval_of_a_mean_is_the_normal_one_for_many_groups() -> None:
    values = RNG.normal(0, 2.0, 500)
    value, low, high = mean_interval(values, [f"g{i}" for i in range(500)])
    assert value == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(500), rel=0.1)


def test_interval_does_not_depend_on_the_order_of_the_rows() -> None:
    values, order = RNG.normal(size=60), RNG.permutation(60)
    shuffled = mean_interval(values[order], [GROUPS[i] for i in order])
    assert shuffled == pytest.approx(mean_interval(values, GROUPS))


def test_interval_covers_the_truth_about_as_often_as_promised() -> None:
    rng, hits = np.random.default_rng(0), 0
    for _ in range(150):
        effect = np.repeat(rng.normal(size=50), 3) + rng.normal(0, 0.3, 150)
        _, low, high = mean_interval(effect, [f"g{i // 3}" for i in range(150)])
        hits += low <= 0 <= high
    assert 0.87 < hits / 150 < 0.99


def test_paired_difference_is_negative_where_the_challenger_is_better() -> None:
    champion = np.abs(RNG.normal(0.1, 0.02, 60))
    better = paired_difference("1", champion - 0.03, champion, GROUPS)
    worse = paired_difference("1", champion + 0.02, champion, GROUPS)
    assert better.value == pytest.approx(-0.03)
    assert worse.value == pytest.approx(0.02)
    assert better.high is not None
    assert better.high < 0


def test_pairing_removes_what_both_models_find_hard() -> None:
    hard = np.abs(RNG.normal(0, 1, 60))
    together = paired_difference("1", hard + RNG.normal(0.01, 0.01, 60), hard, GROUPS)
    apart = paired_difference("1", RNG.permutation(hard), hard, GROUPS)
    assert width(together) < 0.05 * width(apart)


def test_model_against_itself_differs_by_nothing() -> None:
    error = np.abs(RNG.normal(size=60))
    same = paired_difference("1", error, error, GROUPS)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_physical_errors_of_several_targets_count_every_pair() -> None:
    truth = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    error = np.array([[0.0, 3.0, 0.0], [0.0, 0.0, -4.0]])
    found = physical_errors("GPa", truth, truth + error, ["a", "b"])
    assert found["mae"].value == pytest.approx(7 / 6)
    assert found["rmse"].value == pytest.approx(np.sqrt(25 / 6))
    # About the mean of all six values, 3.5, not about each target's own.
    assert found["r2"].value == pytest.approx(1 - 25 / 17.5)
    assert [found[name].unit for name in ("mae", "rmse", "r2")] == ["GPa", "GPa", "1"]
    assert found["r2"].rows == 6


def test_physical_errors_of_one_target_are_its_errors_on_the_identity_scale() -> None:
    predicted = TRUTH + RNG.normal(0, 0.1, 60)
    one = physical_errors("eV", TRUTH[:, None], predicted[:, None], GROUPS)
    same = target_errors(Target("E", "eV", "energy"), TRUTH, predicted, GROUPS)
    for name, measurement in one.items():
        assert measurement == same[f"E.{name}"]


def test_targets_of_one_row_are_not_independent() -> None:
    truth = RNG.normal(size=(80, 1))
    predicted = truth + RNG.normal(0, 0.3, (80, 1))
    groups = [f"g{i}" for i in range(80)]
    once = physical_errors("GPa", truth, predicted, groups)
    thrice = physical_errors("GPa", truth.repeat(3, 1), predicted.repeat(3, 1), groups)
    for name in once:
        assert thrice[name].value == pytest.approx(once[name].value)
        assert width(thrice[name]) == pytest.approx(width(once[name]))
