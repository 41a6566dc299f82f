"""Measurements: the numbers that gates read, and the comparison with the champion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.data.record import Provenance, Record
from matops.core.data.target import Target
from matops.core.family import Family
from matops.core.quality.domain import DomainScore
from matops.core.quality.gate import champion_gates, judge
from matops.core.quality.uncertainty import Conformal
from matops.steps.quality.held_out import HeldOut
from matops.steps.quality.measure import (
    coverage_by_part,
    error_rank_correlation,
    measure_against_champion,
    measure_errors,
)
from tests.support.tables import scalars

Array = NDArray[np.float64]
TARGETS = (
    Target("K", "GPa", "", "log10", lower=0.0),
    Target("G", "GPa", "", "log10", lower=0.0),
)
RNG = np.random.default_rng(0)
TRUTH = RNG.normal(2, 0.3, (80, 2))
GROUPS = [f"g{i // 2}" for i in range(80)]


def held_out(mean: Array, spread: Array) -> HeldOut:
    records = [Record(f"r{i}", g, {}, {}, Provenance("", "")) for i, g in enumerate(GROUPS)]
    return HeldOut(records, *(scalars(values, TARGETS) for values in (TRUTH, mean, spread)))


def test_each_target_is_measured_on_its_own_column() -> None:
    conformal = Conformal(0.9, floor=(0.0, 0.1), quantile=((1.0,), (2.0,)), rows=90, groups=40)
    shifted = TRUTH + np.array([0.1, -0.2])
    found = measure_errors(held_out(shifted, np.tile([0.05, 0.1], (80, 1))), conformal)
    assert found["K.mae"].value == pytest.approx(0.1)
    assert found["G.mae"].value == pytest.approx(0.2)
    assert (found["K.coverage"].value, found["G.coverage"].value) == (0, 1)
    assert found["K.interval_half_width"].value == pytest.approx(0.05)
    assert found["G.interval_half_width"].value == pytest.approx(0.4)
    assert found["G.interval_half_width"].unit == "log10(GPa)"


def test_coverage_is_measured_where_there_are_intervals() -> None:
    """Errors of all rows count; those out of domain have no interval that could hold or fail."""
    conformal = Conformal(0.9, (0.1, 0.1), ((1.0,), (1.0,)), rows=90, groups=40)
    wrong = np.arange(80) >= 60
    shifted = TRUTH + np.where(wrong, 1.0, 0.05)[:, None]
    scores = [DomainScore(0.5 + outside, ()) for outside in wrong]
    test = replace(held_out(shifted, np.zeros((80, 2))), scores=scores)
    found = measure_errors(test, conformal)
    assert (found["K.coverage"].value, found["K.coverage"].rows) == (1.0, 60)
    assert found["K.mae"].value == pytest.approx(0.25 * 1.0 + 0.75 * 0.05)
    by_part = coverage_by_part(test, conformal)["K"].by_predicted
    assert [part.value for part in by_part] == [1.0] * 6
    nowhere = replace(test, scores=[DomainScore(2.0, ())] * 80)
    assert "K.coverage" not in measure_errors(nowhere, conformal)
    assert coverage_by_part(nowhere, conformal) == {}


@pytest.mark.parametrize(("quantile", "passes"), [(1.645, True), (0.8, False)])
def test_gated_coverage_forgives_chance_and_no_more(quantile: float, passes: bool) -> None:
    conformal = Conformal(0.9, (0.0, 0.0), ((quantile,), (quantile,)), rows=200, groups=100)
    noisy = TRUTH + np.random.default_rng(1).normal(0, 0.1, (80, 2))
    found = measure_errors(held_out(noisy, np.full((80, 2), 0.1)), conformal)
    assert found["K.coverage"].value < found["K.coverage_high"].value
    assert (found["K.coverage_high"].value >= 0.9) is passes


@pytest.mark.parametrize(
    ("noise", "rival_noise", "accepted"),
    [(0.05, 0.05, True), (0.03, 0.1, True), (0.1, 0.03, False)],
)
def test_challenger_passes_unless_it_is_worse(
    family: Family, noise: float, rival_noise: float, accepted: bool
) -> None:
    unit_noise = np.abs(RNG.normal(size=(80, 2)))
    found = measure_against_champion(
        scalars(TRUTH, family.targets),
        scalars(TRUTH + noise * unit_noise, family.targets),
        scalars(TRUTH - rival_noise * unit_noise, family.targets),
        GROUPS,
    )
    gates = champion_gates(family.targets, 0.005, "abc")
    assert judge(gates, found).accepted is accepted
    assert all("abc" in gate.source for gate in gates)


@pytest.mark.parametrize(("shift", "accepted"), [(0.004, True), (0.006, False)])
def test_tolerance_decides_on_the_upper_end_of_the_difference(
    family: Family, shift: float, accepted: bool
) -> None:
    answers = [scalars(TRUTH + 0.1 + extra, family.targets) for extra in (shift, 0.0)]
    found = measure_against_champion(scalars(TRUTH, family.targets), *answers, GROUPS)
    assert judge(champion_gates(family.targets, 0.005, "abc"), found).accepted is accepted


def test_domain_score_that_orders_the_errors_has_full_rank_correlation() -> None:
    scores = [DomainScore(float(i), ()) for i in range(10)]
    error = np.stack([np.arange(10.0) ** 2, 9.0 - np.arange(10.0)], 1)
    truth, mean = scalars(0 * error, TARGETS), scalars(error, TARGETS)
    found = error_rank_correlation(HeldOut([], truth, mean, truth, scores))
    assert found == pytest.approx({"K": 1.0, "G": -1.0})


@pytest.mark.filterwarnings("error")
def test_a_score_that_is_the_same_everywhere_ranks_nothing() -> None:
    scores = [DomainScore(0.5, ())] * 10
    error = np.stack([np.arange(10.0), np.arange(10.0)], 1)
    truth, mean = scalars(0 * error, TARGETS), scalars(error, TARGETS)
    found = error_rank_correlation(HeldOut([], truth, mean, truth, scores))
    assert all(np.isnan(rank) for rank in found.values())
