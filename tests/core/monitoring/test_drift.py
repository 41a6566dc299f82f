"""Drift: nothing where nothing moved, even with few samples; a number where something did."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.monitoring.drift import (
    EDGES,
    MOST_DESCRIPTORS,
    bucket_counts,
    compare,
    largest_drift,
    stability_index,
    training_histograms,
)
from matops.core.quality.domain import Descriptors, fit_domain
from matops.core.release.traffic import Buckets

Array = NDArray[np.float64]


def buckets(values: Array) -> dict[str, Buckets]:
    """Histograms of columns, named by their number."""
    return {
        str(i): Buckets(EDGES, tuple(map(float, row)))
        for i, row in enumerate(bucket_counts(values))
    }


def simple(*counts: float) -> Buckets:
    return Buckets((0.0, 1.0, math.inf), counts)


def test_values_are_counted_below_their_edge() -> None:
    counts = bucket_counts(np.array([[-9.0, 0.0], [0.0, 0.1], [9.0, 0.25]]))
    assert counts.sum(axis=1).tolist() == [3, 3]
    assert counts[0, 0] == counts[0, EDGES.index(0.0)] == counts[0, -1] == 1
    assert counts[1, EDGES.index(0.0)] == 1
    assert counts[1, EDGES.index(0.25)] == 2


def test_the_index_is_the_sum_over_shares() -> None:
    index, bins = stability_index(simple(50e6, 30e6, 20e6), simple(20e6, 30e6, 50e6))
    assert index == pytest.approx(0.3 * math.log(0.5 / 0.2) * 2, rel=1e-6)
    assert bins == 3


def test_the_index_of_equal_shares_is_zero_whatever_the_counts() -> None:
    assert stability_index(simple(5e6, 3e6, 2e6), simple(5e7, 3e7, 2e7))[0] < 1e-9


def test_buckets_with_few_training_rows_are_joined() -> None:
    train = Buckets((0.0, 1.0, 2.0, math.inf), (96.0, 1.0, 1.0, 98.0))
    assert stability_index(train, train)[1] == 2


def test_values_that_no_training_row_had_are_seen_even_beside_a_constant() -> None:
    index, bins = stability_index(simple(0, 500, 0), simple(0, 0, 500))
    assert bins == 3
    assert index > 5


@pytest.mark.parametrize("live", [simple(0, 0, 0), Buckets((math.inf,), (3.0,))])
def test_histograms_that_cannot_be_compared_are_refused(live: Buckets) -> None:
    with pytest.raises(ValueError, match="same edges"):
        stability_index(simple(1, 2, 3), live)


@pytest.mark.parametrize(("rows", "samples"), [(500, 200), (500, 2000), (5000, 200), (60, 40)])
def test_samples_of_the_training_population_hardly_ever_drift(rows: int, samples: int) -> None:
    """Twenty descriptors each time, so that a test of each alone would cry every time."""
    rng = np.random.default_rng(0)
    cried = 0
    for _ in range(60):
        population = [rng.normal(size=(n, 20)) for n in (rows, samples)]
        cried += largest_drift(compare(*map(buckets, population))) > 0
    assert cried <= 7  # 5 % of 60 are 3, and 7 or fewer come in 99 of 100 such tests


def test_chance_adds_about_as_much_to_the_index_as_is_taken_off() -> None:
    rng = np.random.default_rng(1)
    shifts = compare(buckets(rng.normal(size=(500, 300))), buckets(rng.normal(size=(300, 300))))
    index, expected = (
        np.mean([getattr(s, name) for s in shifts]) for name in ("index", "expected")
    )
    assert 0.8 * expected < index < expected  # the half samples draw shares together a little


def test_a_shift_by_one_deviation_is_a_major_one_and_comes_first() -> None:
    rng = np.random.default_rng(2)
    live = rng.normal(loc=[0, 0, 0, 1, 0], size=(300, 5))
    shifts = compare(buckets(rng.normal(size=(800, 5))), buckets(live))
    assert shifts[0].descriptor == "3"
    assert [shift.drift for shift in shifts[1:]] == [0.0] * 4
    # Two normal distributions one deviation apart have a symmetric divergence of 1, of which
    # bins can only lose.
    assert 0.6 < largest_drift(shifts) < 1.0


def test_a_shift_that_few_samples_cannot_show_is_none() -> None:
    rng = np.random.default_rng(3)
    shifts = compare(buckets(rng.normal(size=(800, 5))), buckets(rng.normal(size=(12, 5)) + 0.3))
    assert largest_drift(shifts) == 0.0


def test_descriptors_without_a_counterpart_are_left_out() -> None:
    some, none = simple(1, 2, 3), simple(0, 0, 0)
    shifts = compare({"a": some, "b": some, "c": some}, {"a": some, "c": none, "d": some})
    assert [shift.descriptor for shift in shifts] == ["a"]
    assert largest_drift([]) == 0.0


def test_of_many_descriptors_the_first_are_monitored() -> None:
    vectors = np.random.default_rng(4).normal(size=(50, MOST_DESCRIPTORS + 9))
    domain = fit_domain(Descriptors(vectors, [frozenset({"Cu"})] * 50))
    names = [f"d{i}" for i in range(MOST_DESCRIPTORS + 9)]
    assert list(training_histograms(domain, names)) == names[:MOST_DESCRIPTORS]


def test_the_training_histograms_are_those_of_the_domain() -> None:
    vectors = np.random.default_rng(5).normal(size=(400, 2)) * [1, 1e6] + [7, -3]
    domain = fit_domain(Descriptors(vectors, [frozenset({"Cu"})] * 400))
    found = training_histograms(domain, ("size", "weight"))
    assert list(found) == ["size", "weight"]
    for histogram in found.values():
        assert histogram.total == 400
        assert sum(histogram.counts[: EDGES.index(0.0) + 1]) == pytest.approx(200, abs=30)
