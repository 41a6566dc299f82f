"""Targets: scales that undo each other, and bounds that physics draws."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matops.core.data.target import (
    Target,
    value_edges,
    width_edges,
)
from tests.support.tables import scalars

MODULUS = Target("K", "GPa", "bulk modulus", "log10", lower=0.0, upper=1000.0)
ENERGY = Target("E", "eV", "energy", upper=5.0)


def test_log_scale_of_known_moduli() -> None:
    np.testing.assert_allclose(MODULUS.to_scale(np.array([1.0, 10.0, 100.0])), [0, 1, 2])
    assert MODULUS.scaled_unit == "log10(GPa)"
    assert ENERGY.scaled_unit == "eV"


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 999.0))
def test_scales_undo_each_other(value: float) -> None:
    for target in (MODULUS, ENERGY):
        back = target.from_scale(target.to_scale(np.array([value])))
        np.testing.assert_allclose(back, value, rtol=1e-12)


def test_a_product_on_the_log_scale_is_a_sum() -> None:
    a, b = np.array([3.0]), np.array([70.0])
    np.testing.assert_allclose(MODULUS.to_scale(a * b), MODULUS.to_scale(a) + MODULUS.to_scale(b))


@pytest.mark.parametrize(
    ("value", "physical"),
    [
        (-1.0, False),
        (0.0, False),
        (1e-9, True),
        (999.9, True),
        (1000.0, False),
        (np.nan, False),
        (np.inf, False),
    ],
)
def test_bounds_are_exclusive_and_only_finite_values_are_physical(
    value: float, physical: bool
) -> None:
    assert bool(MODULUS.is_physical(np.float64(value))) is physical


@pytest.mark.parametrize(
    ("value", "physical"), [(-1e9, True), (-np.inf, False), (4.9, True), (5.0, False)]
)
def test_side_without_a_bound_takes_any_finite_value(value: float, physical: bool) -> None:
    assert bool(ENERGY.is_physical(np.float64(value))) is physical


@pytest.mark.parametrize("lower", [None, -0.1])
def test_logarithm_of_what_may_be_negative_is_refused(lower: float | None) -> None:
    with pytest.raises(ValueError, match="K: a log10 target needs a lower bound"):
        Target("K", "GPa", "", "log10", lower=lower)


def test_each_column_is_scaled_by_its_own_target_in_any_shape() -> None:
    values = np.array([[[10.0, 2.0], [100.0, -3.0]]])
    scaled = scalars(values, (MODULUS, ENERGY)).to_scale()
    np.testing.assert_allclose(scaled["sample"], [[[1.0, 2.0], [2.0, -3.0]]])
    np.testing.assert_allclose(scaled.from_scale()["sample"], values)


@pytest.mark.parametrize(
    ("bounds", "least", "most"),
    [((0.0, 1000.0), 0.1, 1000.0), ((-5.0, 3.0), -5.0, 3.0), ((None, None), -1e4, 1e4)],
)
def test_histogram_edges_follow_from_the_target_alone(
    bounds: tuple[float | None, float | None], least: float, most: float
) -> None:
    first, again = (Target("x", "GPa", words, "identity", *bounds) for words in ("one", "two"))
    edges = value_edges(first)
    assert edges == value_edges(again)
    assert (edges[0], edges[-1]) == (least, most)
    assert all(low < high for low, high in pairwise(edges))
    assert 20 < len(edges) < 80
    assert all(0 < low < high for low, high in pairwise(width_edges(first)))


def test_positive_targets_are_resolved_alike_at_every_magnitude() -> None:
    edges = np.array(value_edges(Target("x", "GPa", "", "log10", 0.0, 1000.0)))
    np.testing.assert_allclose(edges[1:] / edges[:-1], 10 ** (1 / 8), rtol=2e-3)


SPANS = Target("D", "1", "", "log10", 0.0, 1.0, closed=True, log_floor=1e-6)


def test_zero_is_a_value_where_a_floor_is_added_and_bounds_are_closed() -> None:
    values = np.array([0.0, 1e-4, 0.3, 1.0])
    assert SPANS.is_physical(values).all()
    assert not SPANS.is_physical(np.array([-1e-9, 1.0 + 1e-9, np.nan])).any()
    scaled = SPANS.to_scale(values)
    assert scaled[0] == pytest.approx(-6.0)
    again = SPANS.from_scale(scaled)
    assert again[0] == 0.0
    assert again == pytest.approx(values, rel=1e-9)
    # As a network answers it, in single precision.
    assert SPANS.from_scale(scaled.astype(np.float32).astype(float))[0] == 0.0


def test_what_a_floor_is_added_to_is_hardly_changed() -> None:
    plain = Target("D", "1", "", "log10", 0.0, 1.0)
    assert SPANS.to_scale(np.array(1e-3)) == pytest.approx(plain.to_scale(np.array(1e-3)), abs=1e-3)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"scale": "identity", "log_floor": 1e-6}, "only a log10 scale"),
        ({"scale": "log10", "log_floor": -1.0}, "zero or more"),
        ({"scale": "log10", "closed": True}, "zero has no logarithm"),
    ],
)
def test_floors_that_make_no_sense_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=f"D: .*{reason}"):
        Target("D", "1", "", lower=0.0, **settings)
