"""Splits: for ever, in the right shares, and without a leak."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matops.core.data.split import SplitConfig, assign_part, grouped_folds

CONFIG = SplitConfig(calibration=0.2, test=0.1)
NAMES = [f"X{i}Y{i % 7}" for i in range(5000)]


def test_shares_of_groups_are_about_those_asked_for() -> None:
    counts = Counter(assign_part(name, CONFIG) for name in NAMES)
    noise = 4 * np.sqrt(0.2 * 0.8 / len(NAMES))
    assert counts["test"] / len(NAMES) == pytest.approx(0.1, abs=noise)
    assert counts["calibration"] / len(NAMES) == pytest.approx(0.2, abs=noise)
    assert counts["train"] / len(NAMES) == pytest.approx(0.7, abs=noise)


def test_parts_stay_the_same_for_ever() -> None:
    # Written down once: another hash would move a champion's training rows into the test part.
    expected = {
        "Al": "train",
        "Cu": "train",
        "Ni3Al": "test",
        "AlNi": "train",
        "LiF": "train",
        "MgO": "train",
        "TiC": "test",
    }
    found = {name: assign_part(name, SplitConfig(0.3, 0.3)) for name in expected}
    assert found == expected


def test_growing_the_test_share_never_returns_a_test_group_to_training() -> None:
    small = {n for n in NAMES if assign_part(n, CONFIG) == "test"}
    large = {n for n in NAMES if assign_part(n, replace(CONFIG, test=0.15)) == "test"}
    assert small < large


def test_another_salt_draws_another_split() -> None:
    other = replace(CONFIG, salt="other")
    first = np.array([assign_part(name, CONFIG) == "test" for name in NAMES])
    second = np.array([assign_part(name, other) == "test" for name in NAMES])
    # Independent draws: a test group of one is a test group of the other by chance only.
    assert second[first].mean() == pytest.approx(0.1, abs=0.06)


@pytest.mark.parametrize(
    ("config", "part"),
    [
        (SplitConfig(0.0, 0.0), "train"),
        (SplitConfig(1.0, 0.0), "calibration"),
        (SplitConfig(0.0, 1.0), "test"),
    ],
)
def test_shares_of_zero_and_one_leave_no_exception(config: SplitConfig, part: str) -> None:
    assert {assign_part(name, config) for name in NAMES[:500]} == {part}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 15), min_size=20, max_size=120), st.integers(2, 6), st.integers(0, 99)
)
def test_no_group_is_on_two_sides_of_a_fold(numbers: list[int], n_folds: int, seed: int) -> None:
    groups = np.array([f"g{i}" for i in numbers])
    folds = grouped_folds(groups.tolist(), n_folds, seed)
    assert folds.shape == groups.shape
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in set(groups.tolist()))
    assert set(folds.tolist()) <= set(range(n_folds))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=8, max_size=40), st.integers(2, 6), st.integers(0, 99))
def test_folds_differ_by_no_more_rows_than_the_largest_group(
    sizes: list[int], n_folds: int, seed: int
) -> None:
    groups = [f"g{i}" for i, size in enumerate(sizes) for _ in range(size)]
    loads = np.bincount(grouped_folds(groups, n_folds, seed), minlength=n_folds)
    assert loads.max() - loads.min() <= max(sizes)


def test_equal_groups_give_equal_folds_and_the_seed_decides_which() -> None:
    groups = [f"g{i % 20}" for i in range(100)]
    first, again, other = (grouped_folds(groups, 5, seed) for seed in (0, 0, 1))
    assert np.bincount(first).tolist() == [20] * 5
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize("seed", range(6))
def test_large_groups_are_dealt_first_so_that_small_ones_even_out_the_folds(seed: int) -> None:
    groups = ["large"] * 10 + [f"small{i}" for i in range(10)]
    assert np.bincount(grouped_folds(groups, 2, seed)).tolist() == [10, 10]
