"""Conformal intervals: the promised coverage, over exchangeable groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.quality.gate import Measurement
from matops.core.quality.uncertainty import (
    Conformal,
    conditional_coverage,
    coverage_upper_end,
    least_groups,
    measured_coverage,
)
from matops.core.quality.uncertainty import (
    calibrate as calibrate_tables,
)
from tests.support.tables import scalars

Array = NDArray[np.float64]


def calibrate(
    truth: Array, mean: Array, spread: Array, groups: Sequence[str], coverage: float
) -> Conformal:
    """Calibration on columns of scalars."""
    return calibrate_tables(scalars(truth), scalars(mean), scalars(spread), groups, coverage)


def half_width(conformal: Conformal, spread: Array) -> Array:
    return conformal.half_width(scalars(0 * spread), scalars(spread))["sample"]


def draw_groups(
    rng: np.random.Generator, n_groups: int, noise_of_spread: bool
) -> tuple[Array, Array, Array, list[str]]:
    """Truth, mean, spread and group of rows whose errors are shared within uneven groups."""
    sizes = rng.integers(1, 12, n_groups)
    groups = [f"g{i}" for i, size in enumerate(sizes) for _ in range(size)]
    shared = np.repeat(rng.normal(size=n_groups), sizes)
    spread = rng.uniform(0.02, 1.0, len(groups)) if noise_of_spread else np.ones(len(groups))
    error = spread * (0.8 * shared + 0.6 * rng.normal(size=len(groups)))
    return error[:, None], np.zeros((len(groups), 1)), spread[:, None], groups


def coverage_of_new_group(seed: int, coverage: float, noise_of_spread: bool) -> float:
    """Share of one row of a new group, drawn at random, that an interval covers (0 or 1)."""
    rng = np.random.default_rng(seed)
    truth, mean, spread, groups = draw_groups(rng, 41, noise_of_spread)
    new = np.array(groups) == "g40"
    old = [group for group in groups if group != "g40"]
    conformal = calibrate(truth[~new], mean[~new], spread[~new], old, coverage)
    inside = np.abs(truth[new] - mean[new]) <= half_width(conformal, spread[new])
    return float(inside.mean())


@pytest.mark.parametrize("coverage", [0.7, 0.9])
@pytest.mark.parametrize("noise_of_spread", [False, True])
def test_coverage_of_new_groups_is_the_promised_one(coverage: float, noise_of_spread: bool) -> None:
    draws = [coverage_of_new_group(seed, coverage, noise_of_spread) for seed in range(1200)]
    noise = float(np.std(draws) / np.sqrt(len(draws)))
    assert coverage - 3 * noise < np.mean(draws) < coverage + 1 / 41 + 3 * noise


def test_intervals_are_wide_where_the_members_disagree() -> None:
    truth, mean, spread, groups = draw_groups(np.random.default_rng(0), 60, True)
    half = half_width(calibrate(truth, mean, spread, groups, 0.9), spread)
    assert (np.diff(half[np.argsort(spread[:, 0]), 0]) >= 0).all()
    assert half.max() > 2 * half.min()


def test_repeating_rows_of_one_group_does_not_give_that_group_more_weight() -> None:
    truth, mean, spread, groups = draw_groups(np.random.default_rng(2), 30, False)
    once = calibrate(truth, mean, spread, groups, 0.9)
    rows = np.repeat(np.arange(len(groups)), [50 if g == "g3" else 1 for g in groups])
    many = calibrate(truth[rows], mean[rows], spread[rows], [groups[i] for i in rows], 0.9)
    assert many.quantile == once.quantile
    assert (once.groups, many.groups) == (30, 30)
    assert many.rows == len(rows) > once.rows


@pytest.mark.parametrize(("n", "rank"), [(10, 10), (19, 18), (20, 19), (40, 37)])
def test_single_row_groups_give_the_textbook_quantile(n: int, rank: int) -> None:
    # Of n errors the ceil(0.9 (n + 1))th smallest is the half width.
    error = np.random.default_rng(3).permutation(np.arange(1.0, n + 1))[:, None]
    conformal = calibrate(error, 0 * error, 0 * error + 1, [f"g{i}" for i in range(n)], 0.9)
    assert half_width(conformal, np.ones((1, 1)))[0, 0] == pytest.approx(rank)


def test_row_order_and_group_names_do_not_matter() -> None:
    truth, mean, spread, groups = draw_groups(np.random.default_rng(4), 25, True)
    order = np.random.default_rng(5).permutation(len(groups))
    renamed = [f"name{hash(groups[i])}" for i in order]
    before = calibrate(truth, mean, spread, groups, 0.8)
    assert calibrate(truth[order], mean[order], spread[order], renamed, 0.8) == before


@pytest.mark.parametrize(
    ("coverage", "least"), [(0.5, 1), (0.75, 3), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)]
)
def test_too_few_groups_are_refused_however_many_rows_they_have(
    coverage: float, least: int
) -> None:
    assert least_groups(coverage) == least
    for n_groups in (least, least - 1):
        groups = [f"g{i}" for i in range(n_groups) for _ in range(7)]
        column = np.arange(1.0, len(groups) + 1)[:, None]
        if n_groups == least:
            conformal = calibrate(column, 0 * column, 0 * column + 1, groups, coverage)
            assert np.isfinite(conformal.quantile[0]).all()
        else:
            with pytest.raises(ValueError, match=f"{least} or more can"):
                calibrate(column, 0 * column, 0 * column + 1, groups, coverage)


def test_at_the_least_number_of_groups_the_interval_covers_every_calibration_group() -> None:
    error = np.array([0.3, 0.1, 0.9, 0.2, 0.4, 0.8, 0.5, 0.6, 0.7])[:, None]
    conformal = calibrate(error, 0 * error, 0 * error, [f"g{i}" for i in range(9)], 0.9)
    assert half_width(conformal, np.zeros((1, 1)))[0, 0] == pytest.approx(0.9)


def test_each_target_is_calibrated_on_its_own() -> None:
    truth, mean, spread, groups = draw_groups(np.random.default_rng(6), 40, True)
    both = calibrate(
        np.hstack([truth, 3 * truth]), np.hstack([mean] * 2), np.hstack([spread] * 2), groups, 0.9
    )
    alone = calibrate(truth, mean, spread, groups, 0.9)
    [one], [three] = both.quantile
    assert (one, three) == pytest.approx((alone.quantile[0][0], 3 * alone.quantile[0][0]))
    assert half_width(both, np.ones((5, 2))).shape == (5, 2)


def test_members_that_agree_perfectly_still_get_an_interval() -> None:
    conformal = Conformal(0.9, floor=(0.2,), quantile=((1.5,),), rows=40, groups=20)
    np.testing.assert_allclose(half_width(conformal, np.array([[0.0], [0.4]])), [[0.3], [0.9]])


def test_measured_coverage_counts_rows_and_resamples_groups() -> None:
    truth = np.array([0.0, 0.0, 0.0, 2.0] * 20)
    groups = [f"g{i // 4}" for i in range(80)]
    even = measured_coverage(truth, np.zeros(80), np.ones(80), groups)
    assert (even.value, even.low, even.high) == (0.75, 0.75, 0.75)
    uneven = measured_coverage(np.sort(truth), np.zeros(80), np.ones(80), groups)
    assert uneven.value == 0.75
    assert uneven.low is not None
    assert uneven.high is not None
    assert uneven.low < 0.6
    assert uneven.high > 0.85


def test_a_row_on_the_edge_of_its_interval_is_covered() -> None:
    found = measured_coverage(np.array([1.0, 1.5]), np.zeros(2), np.ones(2), ["a", "b"])
    assert found.value == 0.5


def upper_end(seed: int, overconfidence: float) -> float:
    """Upper end on 50 test groups after calibration on 50 others, intervals then narrowed."""
    truth, mean, spread, groups = draw_groups(np.random.default_rng(seed), 100, False)
    test = np.array([int(group[1:]) >= 50 for group in groups])
    names = np.array(groups)
    conformal = calibrate(truth[~test], mean[~test], spread[~test], names[~test].tolist(), 0.9)
    half = half_width(conformal, spread[test])[:, 0] / overconfidence
    found = measured_coverage(truth[test, 0], mean[test, 0], half, names[test].tolist())
    return coverage_upper_end(found, conformal)


def test_upper_end_of_a_calibrated_model_reaches_the_nominal_coverage() -> None:
    assert np.mean([upper_end(seed, 1.0) >= 0.9 for seed in range(120)]) > 0.93


def test_upper_end_of_an_overconfident_model_does_not() -> None:
    assert np.mean([upper_end(seed, 2.0) >= 0.9 for seed in range(60)]) < 0.1


def test_few_calibration_groups_widen_the_upper_end_and_many_leave_it() -> None:
    measured = Measurement(0.8, "1", 0.7, 0.88, 50)
    ends = [
        coverage_upper_end(measured, Conformal(0.9, (0.1,), ((1.0,),), 10 * groups, groups))
        for groups in (10, 100, 10**9)
    ]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] > 0.95
    assert ends[-1] == pytest.approx(0.88, abs=1e-4)


def test_upper_end_is_a_share_and_no_number_stays_none() -> None:
    conformal = Conformal(0.9, (0.1,), ((1.0,),), 30, 20)
    assert coverage_upper_end(Measurement(0.98, "1", 0.9, 1.0), conformal) == 1.0
    assert np.isnan(coverage_upper_end(Measurement(np.nan, "1", 0.9, 1.0), conformal))


def test_coverage_without_an_interval_has_no_upper_end() -> None:
    conformal = Conformal(0.9, (0.1,), ((1.0,),), 30, 20)
    assert np.isnan(coverage_upper_end(Measurement(0.9, "1"), conformal))


def test_each_bin_of_predicted_values_keeps_the_promise_on_its_own() -> None:
    """Errors of the softest are four times those of the stiffest, at one and the same spread."""
    rng = np.random.default_rng(7)

    def draw(n: int) -> tuple[Array, Array, Array]:
        mean = rng.uniform(0, 1, (n, 1))
        return mean + (4 - 3 * mean) * rng.normal(size=(n, 1)), mean, np.ones((n, 1))

    truth, mean, spread = draw(3000)
    conformal = calibrate(truth, mean, spread, [str(i) for i in range(3000)], 0.9)
    assert len(conformal.quantile[0]) == 10
    truth, mean, spread = draw(2000)
    half = conformal.half_width(scalars(mean), scalars(spread))["sample"]
    columns = (truth[:, 0], mean[:, 0], half[:, 0], spread[:, 0], np.arange(2000))
    tenths = [part.value for part in conditional_coverage(*columns).by_predicted]
    assert tenths == pytest.approx([0.9] * 10, abs=0.06)


@pytest.mark.parametrize(("groups", "bins"), [(59, 1), (60, 2), (95, 3), (1000, 10)])
def test_bins_are_as_many_as_have_groups_enough(groups: int, bins: int) -> None:
    column = np.random.default_rng(8).normal(size=(groups, 1))
    names = [str(i) for i in range(groups)]
    conformal = calibrate(0 * column, column, 0 * column + 1, names, 0.9)
    assert len(conformal.quantile[0]) == len(conformal.edges[0]) + 1 == bins
