"""Domain of applicability: near is inside, far is outside, unseen is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.quality.domain import MAX_REFERENCE_ROWS, Descriptors, Domain, fit_domain

Array = NDArray[np.float64]


def describe(vectors: Array, tokens: tuple[str, ...] = ("Cu",)) -> Descriptors:
    return Descriptors(vectors, [frozenset(tokens)] * len(vectors))


@pytest.fixture(scope="module")
def cloud() -> Array:
    """A cloud whose axes differ in place and size by orders of magnitude."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 3)) * [1.0, 100.0, 1e-3] + [5.0, -300.0, 0.02]


@pytest.fixture(scope="module")
def domain(cloud: Array) -> Domain:
    half = len(cloud) // 2
    tokens = [frozenset({"Cu", "Al"})] * half + [frozenset({"Ni"})] * (len(cloud) - half)
    return fit_domain(Descriptors(cloud, tokens))


def test_training_rows_are_inside_but_for_the_farthest_percent(
    domain: Domain, cloud: Array
) -> None:
    outside = np.mean([score.is_outside for score in domain.assess(describe(cloud))])
    assert outside <= 0.01


def test_fresh_rows_of_the_same_cloud_are_mostly_inside(domain: Domain) -> None:
    fresh = np.random.default_rng(1).normal(size=(500, 3)) * [1, 100, 1e-3] + [5, -300, 0.02]
    share = np.mean([score.is_outside for score in domain.assess(describe(fresh))])
    assert 0 < share < 0.05


@pytest.mark.parametrize("axis", range(3))
def test_ten_deviations_away_along_any_axis_is_outside(
    domain: Domain, cloud: Array, axis: int
) -> None:
    far = cloud.mean(0)
    far[axis] += 10 * cloud[:, axis].std()
    [score] = domain.assess(describe(far[None]))
    assert score.score > 2
    assert score.is_outside
    assert score.unseen == ()


def test_score_compares_with_the_distances_of_training_rows_to_each_other() -> None:
    line = np.arange(1001.0)[:, None]
    [between] = fit_domain(describe(line)).assess(describe(np.array([[500.5]])))
    # Five nearest of a new point: 0.5, 0.5, 1.5, 1.5, 2.5; of a training row: 1, 1, 2, 2, 3.
    assert between.score == pytest.approx(1.3 / 1.8, rel=1e-3)


def test_score_grows_with_the_distance(domain: Domain, cloud: Array) -> None:
    steps = cloud.mean(0) + np.arange(5, 50, 5)[:, None] * cloud.std(0)
    scores = [score.score for score in domain.assess(describe(steps))]
    assert scores == sorted(scores)
    # Far away the cloud is a point: equal steps, equal growth.
    assert np.diff(scores)[-1] == pytest.approx(np.diff(scores)[-2], rel=0.02)


def test_unseen_tokens_are_flagged_and_named_even_at_the_centre(
    domain: Domain, cloud: Array
) -> None:
    [score] = domain.assess(describe(cloud[:1], ("Zn", "Al", "Ag")))
    [known] = domain.assess(describe(cloud[:1], ("Al",)))
    assert score.score == pytest.approx(known.score + 1)
    assert score.is_outside
    assert score.unseen == ("Ag", "Zn")


def test_tokens_of_different_training_samples_may_meet(domain: Domain, cloud: Array) -> None:
    [score] = domain.assess(describe(cloud[:1], ("Al", "Ni")))
    assert score.unseen == ()
    assert not score.is_outside


def test_units_of_the_descriptors_do_not_matter(cloud: Array) -> None:
    factor, shift = np.array([1e3, 0.1, 7.0]), np.array([-4.0, 2.0, 0.5])
    points = cloud[:7] + 1.3 * cloud.std(0)
    before = fit_domain(describe(cloud)).assess(describe(points))
    after = fit_domain(describe(cloud * factor + shift)).assess(describe(points * factor + shift))
    assert [s.score for s in after] == pytest.approx([s.score for s in before], rel=1e-4)


def test_constant_descriptor_neither_divides_by_zero_nor_hides_a_change(cloud: Array) -> None:
    vectors = np.column_stack([cloud, np.full(len(cloud), 3.0)])
    domain = fit_domain(describe(vectors))
    same, changed = vectors[:1].copy(), vectors[:1].copy()
    changed[0, 3] = 30.0
    assert not domain.assess(describe(same))[0].is_outside
    assert domain.assess(describe(changed))[0].is_outside


def test_reference_survives_storage_as_float32_bit_by_bit(domain: Domain, cloud: Array) -> None:
    stored = domain.reference.astype(np.float32).astype(float)
    np.testing.assert_array_equal(stored, domain.reference)
    loaded = replace(domain, reference=stored)
    points = describe(cloud[:20] * 1.1)
    assert loaded.assess(points) == domain.assess(points)


def test_only_some_of_many_rows_are_kept_and_always_the_same_ones() -> None:
    many = np.random.default_rng(2).normal(size=(MAX_REFERENCE_ROWS + 500, 2))
    first, second = fit_domain(describe(many)), fit_domain(describe(many))
    assert len(first.reference) == MAX_REFERENCE_ROWS
    np.testing.assert_array_equal(first.reference, second.reference)


@pytest.mark.parametrize("n", [2, 3])
def test_two_or_three_training_rows_are_enough_for_an_answer(n: int) -> None:
    vectors = np.arange(float(n))[:, None]
    domain = fit_domain(describe(vectors))
    near, far = domain.assess(describe(np.array([[0.0], [90.0]])))
    assert not near.is_outside
    assert far.is_outside


def test_identical_training_rows_accept_themselves_and_nothing_else() -> None:
    domain = fit_domain(describe(np.ones((8, 2))))
    same, other = domain.assess(describe(np.array([[1.0, 1.0], [1.0, 1.1]])))
    assert not same.is_outside
    assert other.is_outside


def test_a_token_of_few_among_many_groups_is_not_known() -> None:
    """One compound of two kinds says little of such compounds; few data take what they have."""
    for n_groups, enough in ((300, 1), (2600, 5)):
        for having in (enough - 1, enough):
            tokens = [frozenset({"a", "rare"} if i < having else {"a"}) for i in range(n_groups)]
            rows = np.random.default_rng(0).normal(size=(n_groups, 1))
            domain = fit_domain(Descriptors(rows, tokens), [f"g{i}" for i in range(n_groups)])
            assert ("rare" in domain.tokens) is (having == enough)
    # Ten rows of one group are one example.
    twins = [frozenset({"a", "twin"} if i < 10 else {"a"}) for i in range(2600)]
    groups = [f"g{max(i - 9, 0)}" for i in range(2600)]
    assert "twin" not in fit_domain(Descriptors(rows, twins), groups).tokens


def test_rows_of_few_values_accept_these_values_and_nothing_between() -> None:
    values = np.array([0.1, 0.7, 1.3])
    vectors = np.tile(values, 20)[:, None]
    domain = fit_domain(Descriptors(vectors, [frozenset()] * len(vectors)))
    asked = np.array([*values, 0.4, 5.0])[:, None]
    scores = domain.assess(Descriptors(asked, [frozenset()] * len(asked)))
    assert [score.is_outside for score in scores] == [False] * 3 + [True] * 2
