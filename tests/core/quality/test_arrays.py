"""Arrays are measured and calibrated as their numbers, whose samples and groups are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.data.record import Provenance, Record
from matops.core.data.tables import Tables
from matops.core.data.target import Target
from matops.core.quality.domain import DomainScore
from matops.core.quality.uncertainty import Conformal, calibrate
from matops.steps.quality.held_out import HeldOut
from matops.steps.quality.measure import (
    error_rank_correlation,
    measure_against_champion,
    measure_errors,
)

Array = NDArray[np.float64]
FORCES = Target("forces", "eV/A", "", axis="atom", shape=(3,))
COUNTS = np.array([2, 1])
TRUTH = np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [2.0, 2.0, 5.0]])
ERROR = np.array([[0.1, 0.0, 0.0], [0.0, 0.2, 0.0], [0.0, 0.0, -0.6]])


def forces(values: Array, counts: Array = COUNTS) -> Tables:
    return Tables((FORCES,), {"atom": values}, {"atom": np.asarray(counts)})


def held_out(error: Array = ERROR) -> HeldOut:
    records = [Record(f"r{i}", f"g{i}", {}, {}, Provenance("", "")) for i in range(2)]
    return HeldOut(records, forces(TRUTH), forces(TRUTH + error), forces(np.full((3, 3), 0.1)))


def test_errors_pool_rows_and_components() -> None:
    found = measure_errors(held_out(), Conformal(0.8, (0.1,), ((1.0,),), 20, 20))
    assert found["forces.mae"].value == pytest.approx(0.9 / 9)
    assert found["forces.rmse"].value == pytest.approx(np.sqrt(0.41 / 9))
    about_mean = ((TRUTH - TRUTH.mean()) ** 2).sum()
    assert found["forces.r2"].value == pytest.approx(1 - 0.41 / about_mean)
    assert found["forces.interval_half_width"].value == pytest.approx(0.2)
    # 0.2 lies on the edge, 0.6 outside.
    assert found["forces.coverage"].value == pytest.approx(8 / 9)
    assert (found["forces.mae"].rows, found["forces.mae"].unit) == (9, "eV/A")
    # Two groups: the ends of the interval are those of one group alone.
    assert found["forces.mae"].low == pytest.approx(0.3 / 6)
    assert found["forces.mae"].high == pytest.approx(0.6 / 3)


def test_champion_is_compared_on_all_components() -> None:
    test = held_out()
    found = measure_against_champion(test.truth, test.mean, forces(TRUTH + 0.2), test.groups)
    assert found["forces.mae_over_champion"].value == pytest.approx(0.1 - 0.2)


@pytest.mark.parametrize(("near", "far", "sign"), [(0.25, 0.5, 1.0), (0.5, 0.25, -1.0)])
def test_domain_score_is_that_of_the_sample(near: float, far: float, sign: float) -> None:
    scores = [DomainScore(0.1, ()), DomainScore(0.9, ())]
    error = np.array([near, -near, far])[:, None] * np.ones(3)
    test = replace(held_out(error), scores=scores)
    assert error_rank_correlation(test)["forces"] == pytest.approx(sign)


def group_forces(rng: np.random.Generator, n_groups: int) -> tuple[Tables, Tables, Tables]:
    """Truth, mean and spread of groups, a sample of one to thirty atoms that err together."""
    counts = rng.integers(1, 31, n_groups)
    rows = int(counts.sum())
    size = np.repeat(rng.exponential(size=n_groups), counts)[:, None]
    error = size * rng.normal(size=(rows, 3))
    return forces(error, counts), forces(0 * error, counts), forces(0 * error + 1, counts)


def test_atoms_of_a_new_group_are_covered_as_promised() -> None:
    covered = []
    for seed in range(600):
        tables = group_forces(np.random.default_rng(seed), 40)
        old, new = ([t.take(np.asarray(r)) for t in tables] for r in (range(39), [39]))
        conformal = calibrate(*old, [f"g{i}" for i in range(39)], 0.8)
        half = conformal.half_width(*new[1:])["atom"]
        covered.append(float((np.abs(new[0]["atom"]) <= half).mean()))
    # Of a group's numbers a share is covered; on average over groups it is the promised one.
    noise = 3 * np.std(covered) / np.sqrt(len(covered))
    assert 0.8 - noise < np.mean(covered) < 0.8 + 1 / 40 + noise


def test_a_group_counts_once_however_many_atoms_it_has() -> None:
    counts = np.array([1] * 9 + [500])
    error = np.repeat(np.array([*np.arange(1.0, 10.0), 0.5]), counts)[:, None] * np.ones(3)
    tables = [forces(values, counts) for values in (error, 0 * error, 0 * error + 1)]
    conformal = calibrate(*tables, [f"g{i}" for i in range(10)], 0.8)
    # Of ten groups the ceil(0.8 · 11)th smallest error: that of 500 atoms is the smallest.
    one = forces(np.ones((1, 3)), np.array([1]))
    assert conformal.half_width(one, one)["atom"] == pytest.approx(8)
    assert (conformal.rows, conformal.groups) == (10, 10)


def test_intervals_of_a_vector_do_not_depend_on_the_names_of_the_axes() -> None:
    rng = np.random.default_rng(1)
    truth, mean, _ = group_forces(rng, 30)
    spread = truth.each(lambda table: rng.uniform(0.1, 1.0, table.shape))
    groups = [f"g{i}" for i in range(30)]
    conformal = calibrate(truth, mean, spread, groups, 0.8)
    relabelled = [t.each(lambda table: table[:, [2, 0, 1]]) for t in (truth, mean, spread)]
    assert calibrate(*relabelled, groups, 0.8) == conformal
    turned = conformal.half_width(*relabelled[1:])["atom"]
    np.testing.assert_array_equal(turned, conformal.half_width(mean, spread)["atom"][:, [2, 0, 1]])
    # One quantile a component would differ between x and z of the same isotropic error.
    assert len(conformal.quantile) == len(conformal.floor) == 1
