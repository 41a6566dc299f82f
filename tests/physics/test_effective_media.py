"""Bounds and approximations: their limits, and how they stand to each other."""

from __future__ import annotations

import numpy as np
import pytest

from matops.physics.effective_media import (
    bruggeman_exponent,
    effective_medium,
    hashin_shtrikman_bound,
    maxwell,
    rayleigh_square_array,
    series_bound,
)

POROSITY = np.linspace(0.01, 1.0, 100)


@pytest.mark.parametrize("dimension", [2, 3])
def test_all_are_one_without_solid_and_below_the_porosity(dimension: int) -> None:
    for law in (hashin_shtrikman_bound, effective_medium):
        assert float(law(1.0, dimension)) == pytest.approx(1.0)
        assert (law(POROSITY, dimension) <= POROSITY + 1e-12).all()
    assert (bruggeman_exponent(POROSITY) <= POROSITY).all()


@pytest.mark.parametrize("dimension", [2, 3])
def test_maxwell_is_the_bound_and_effective_media_lie_below(dimension: int) -> None:
    """Coated spheres realise the bound: Hashin and Shtrikman (1962)."""
    bound = hashin_shtrikman_bound(POROSITY, dimension)
    assert maxwell(1 - POROSITY, dimension) == pytest.approx(bound)
    assert (effective_medium(POROSITY, dimension) <= bound + 1e-12).all()


@pytest.mark.parametrize(("dimension", "slope"), [(2, 2.0), (3, 1.5)])
def test_few_obstacles_cost_the_same_by_all(dimension: int, slope: float) -> None:
    solid = 1e-4
    for value in (
        hashin_shtrikman_bound(1 - solid, dimension),
        effective_medium(1 - solid, dimension),
        *([rayleigh_square_array(solid)] if dimension == 2 else []),
    ):
        assert (1 - float(value)) / solid == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(("dimension", "threshold"), [(2, 1 / 2), (3, 1 / 3)])
def test_effective_medium_vanishes_at_its_threshold(dimension: int, threshold: float) -> None:
    assert float(effective_medium(threshold, dimension)) == pytest.approx(0.0, abs=1e-12)
    assert float(effective_medium(threshold / 2, dimension)) == 0.0


def test_rayleigh_s_array_of_discs() -> None:
    assert float(rayleigh_square_array(np.pi * 0.3**2)) == pytest.approx(0.558, abs=5e-4)


def test_columns_in_series() -> None:
    pores = np.ones((4, 6), dtype=bool)
    pores[:2, :3] = False
    assert series_bound(pores) == pytest.approx(1 / (0.5 / 0.5 + 0.5 / 1.0))
    pores[:, 1] = False
    assert series_bound(pores) == 0.0
