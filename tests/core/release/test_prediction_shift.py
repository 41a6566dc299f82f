"""Distance of two histograms: its limits, its symmetry, and what chance does."""

from __future__ import annotations

import math

import numpy as np
import pytest

from matops.core.release.prediction_shift import distance, distance_by_chance
from matops.core.release.traffic import Buckets


def values(*counts: float) -> Buckets:
    return Buckets((50.0, 100.0, 200.0, math.inf), counts)


def test_equal_shares_have_no_distance_whatever_their_size() -> None:
    assert distance(values(10, 20, 30, 40), values(1, 2, 3, 4)) == pytest.approx(0)


def test_values_that_share_no_bucket_are_as_far_as_can_be() -> None:
    assert distance(values(0, 9, 0, 0), values(0, 0, 4, 0)) == 1


def test_the_largest_difference_of_cumulated_shares_counts_from_either_side() -> None:
    one, other = values(50, 30, 20, 0), values(20, 35, 25, 20)
    assert distance(one, other) == pytest.approx(0.3)
    assert distance(other, one) == distance(one, other)


def test_normal_values_half_a_deviation_apart_are_at_the_policys_limit() -> None:
    rng, edges = np.random.default_rng(2), (*np.linspace(-3, 3, 60), math.inf)
    x = rng.normal(size=200_000)
    one, other = (
        Buckets(edges, tuple(np.bincount(np.searchsorted(edges, v), minlength=61).astype(float)))
        for v in (x, x + 0.5)
    )
    assert distance(one, other) == pytest.approx(0.2, abs=0.005)


def test_chance_exceeds_its_bound_as_rarely_as_promised() -> None:
    rng, shares = np.random.default_rng(3), [0.2, 0.3, 0.3, 0.2]
    bound = distance_by_chance(60, 90, 0.05)
    pairs = zip(rng.multinomial(60, shares, 2000), rng.multinomial(90, shares, 2000), strict=True)
    over = [distance(values(*one), values(*other)) > bound for one, other in pairs]
    assert np.mean(over) < 0.05
