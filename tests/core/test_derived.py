"""Derived quantities: their own intervals, which cover, and stay where physics lets them be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.core.data.tables import Tables
from matops.core.family.derived import mean_and_spread, with_derived
from matops.core.quality.uncertainty import calibrate
from matops.families import get_family
from tests.support.trapped_atoms import TrappedAtoms

Array = NDArray[np.float64]
ELASTIC = get_family("elastic_cgcnn")
METALS = get_family("nanoporous_cnn3d")


def moduli(log10_GPa: Array) -> Tables:
    return Tables(ELASTIC.targets, {"sample": log10_GPa})


def test_what_is_derived_stands_behind_the_targets_on_its_own_scale() -> None:
    """Silver: K = 100 GPa, G = 30 GPa give E = 81.8 GPa, a ratio of 0.364 and K/G = 3.33."""
    tables = with_derived(ELASTIC, moduli(np.log10([[100.0, 30.0], [1.0, 1.0]])))
    named = {t.name: tables.from_scale().numbers(t) for t in tables.targets}
    assert named["young_modulus"] == pytest.approx([9 * 3000 / 330, 9 / 4])
    assert named["poisson_ratio"] == pytest.approx([240 / 660, 1 / 8])
    assert named["pugh_ratio"] == pytest.approx([100 / 30, 1.0])
    assert named["K_VRH"] == pytest.approx([100.0, 1.0])


def test_the_answer_derives_from_the_means_and_the_spread_from_the_members() -> None:
    members = np.log10([[[100.0, 25.0]], [[100.0, 100.0]]])
    mean, spread = mean_and_spread(ELASTIC, moduli(members))
    pugh = ELASTIC.derived[2]
    assert mean.from_scale().numbers(pugh) == pytest.approx([2.0])
    assert spread.numbers(pugh) == pytest.approx([np.log10(4.0) / 2])


def test_a_largest_force_is_that_of_its_own_sample() -> None:
    family = TrappedAtoms()
    forces = np.array([[1.0, -5.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 3.0]])
    tables = Tables(
        family.targets, {"sample": np.zeros((2, 4)), "atom": forces}, {"atom": np.array([2, 1])}
    )
    [largest] = family.derived
    assert with_derived(family, tables).numbers(largest).tolist() == [5.0, 3.0]
    members = tables.each(lambda table: np.stack([table, 2 * table]))
    derived = with_derived(family, members)
    assert derived.numbers(largest).tolist() == [[5.0, 3.0], [10.0, 6.0]]
    assert derived.of_axis["atom"] is members.of_axis["atom"]


@pytest.mark.parametrize("stiffness_GPa", [[0.0, 0.0, 0.0], [-1.0, -1.0, -1.0], [-1.0, 2.0, 0.0]])
def test_anisotropy_of_nonsense_stays_within_its_bounds(stiffness_GPa: list[float]) -> None:
    tables = with_derived(METALS, Tables(METALS.targets, {"sample": np.array([stiffness_GPa])}))
    for quantity in METALS.derived:
        [number] = tables.numbers(quantity)
        assert quantity.lower <= number <= quantity.upper


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.9])
def test_intervals_of_what_is_derived_cover_however_the_errors_hang_together(
    correlation: float,
) -> None:
    """Where K and G err alike, K/G errs by less than either, and where oppositely, by more."""
    rng = np.random.default_rng(3)
    n, sigma = 6000, 0.06
    truth = rng.normal([2.0, 1.6], 0.3, (n, 2))
    covariance = sigma**2 * np.array([[1.0, correlation], [correlation, 1.0]])
    answers = truth + rng.multivariate_normal([0.0, 0.0], covariance, n)
    # Members that know nothing of how the errors hang together.
    members = answers + 0.02 * rng.normal(size=(5, n, 2))
    tables = [with_derived(ELASTIC, moduli(truth)), *mean_and_spread(ELASTIC, moduli(members))]
    old, new = np.arange(n // 2), np.arange(n // 2, n)
    conformal = calibrate(*(t.take(old) for t in tables), [f"g{i}" for i in old], 0.9)
    labels, mean, spread = (t.take(new) for t in tables)
    half = conformal.half_width(mean, spread)
    for target in labels.targets:
        inside = np.abs(labels.numbers(target) - mean.numbers(target)) <= half.numbers(target)
        assert inside.mean() == pytest.approx(0.9, abs=0.025), target.name
    pugh = ELASTIC.derived[2]
    # log10(K/G) has the variance 2 sigma² (1 - correlation), and 90 % of it within 1.645.
    expected = 1.645 * sigma * np.sqrt(2 * (1 - correlation) + 2 * 0.02**2 / 5 / sigma**2)
    assert np.median(half.numbers(pugh)) == pytest.approx(expected, rel=0.15)


def test_intervals_end_where_physics_does() -> None:
    poisson, pugh = ELASTIC.derived[1], ELASTIC.derived[2]
    soft = with_derived(ELASTIC, moduli(np.array([[2.0, -3.0], [-3.0, 2.0]])))
    ends = poisson.within(poisson.from_scale(soft.numbers(poisson)[:, None] + [-2.0, 2.0]))
    assert ends.min() == -1.0
    assert ends.max() == 0.5
    assert (pugh.from_scale(soft.numbers(pugh) - 9.0) > 0).all()
