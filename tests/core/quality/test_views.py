"""Views: dense and sparse places, what follows from what, groups that do not vouch for theirs."""

import numpy as np
import pytest

from matops.core.quality.domain import Descriptors, fit_domain
from matops.core.quality.views import Nearness, View, fit_view

RNG = np.random.default_rng(0)
EACH = np.arange(600)


def test_the_same_step_is_farther_where_training_rows_are_dense() -> None:
    dense, sparse = RNG.normal(0, 0.1, (300, 2)), RNG.normal(20, 2.0, (300, 2))
    rows = np.concatenate([dense, sparse])
    view, _ = fit_view(View((0, 1)), rows, EACH)
    beside = np.array([[1.0, 1.0], [20.0 + 1.0, 20.0 + 1.0]])
    by_dense, by_sparse = view.novelty(beside, rows)
    assert by_dense > 3 * by_sparse


def test_what_follows_from_another_is_strange_where_it_does_not() -> None:
    x = RNG.uniform(-2, 2, 600)
    rows = np.stack([x, x**2 + RNG.normal(0, 0.05, 600)], axis=1)
    view, own = fit_view(View((1,), given=(0,)), rows, EACH)
    assert (own > 1).mean() == pytest.approx(0.01, abs=0.003)
    on, off = view.novelty(np.array([[1.0, 1.0], [1.0, 0.0]]), rows)
    assert on < 0.5
    assert off > 4


def test_twins_of_one_group_do_not_vouch_for_each_other() -> None:
    """Pairs of equal rows: judged by its twin, a row would lie at no distance at all."""
    rows = np.repeat(RNG.normal(size=(300, 4)), 2, axis=0)
    pairs = np.repeat(np.arange(300), 2)
    view, own = fit_view(View((0, 1, 2, 3)), rows, pairs)
    assert isinstance(view, Nearness)
    assert view.spacing.min() > 0
    fresh = view.novelty(RNG.normal(size=(2000, 4)), rows)
    assert (fresh > 1).mean() == pytest.approx((own > 1).mean(), abs=0.02)
    _, alone = fit_view(View((1,), given=(0,)), rows, pairs)
    assert np.isfinite(alone).all()


def test_expectation_leaves_the_group_out_as_a_fit_without_it_does() -> None:
    rows, pairs = RNG.normal(size=(40, 2)), np.repeat(np.arange(20), 2)
    view, own = fit_view(View((1,), given=(0,)), rows, pairs)
    others, _ = fit_view(View((1,), given=(0,)), rows[2:], np.arange(38))
    # Each has its own limit and whitening, a number for one column.
    expected = others.novelty(rows[:2], rows) * others.limit / others.whitening[0, 0]
    assert own[:2] * view.limit / view.whitening[0, 0] == pytest.approx(expected)


def test_a_score_of_two_views_is_one_where_the_farthest_percent_begins() -> None:
    rows = RNG.normal(size=(800, 4))
    views = (View((0, 1)), View((3,), given=(2,)))
    domain = fit_domain(Descriptors(rows, [frozenset({"a"})] * 800, views))
    fresh = Descriptors(RNG.normal(size=(2000, 4)), [frozenset({"a"})] * 2000)
    outside = np.mean([score.is_outside for score in domain.assess(fresh)])
    assert 0.002 < outside < 0.03


def test_expectation_follows_further_columns_one_by_one() -> None:
    rows = RNG.normal(size=(600, 3))
    rows[:, 2] = rows[:, 0] ** 2 - 2 * rows[:, 1] + 0.01 * RNG.normal(size=600)
    view, _ = fit_view(View((2,), given=(0,), linear=(1,)), rows, np.arange(600))
    usual = np.array([[1.5, -1.0, 1.5**2 + 2.0]])
    assert view.novelty(usual, rows) < 1.5
    assert view.novelty(usual + np.array([0.0, 0.0, 0.5]), rows) > 5.0
