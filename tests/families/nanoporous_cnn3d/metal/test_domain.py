from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from matops.core.quality.domain import fit_domain
from matops.families.nanoporous_cnn3d.metal.domain import describe, two_point_correlation


def test_correlation_at_no_distance_is_the_variance_and_noise_has_none_else() -> None:
    noise = np.random.default_rng(0).random((20, 20, 20))
    correlation = two_point_correlation(noise)
    assert correlation[:, 0] == pytest.approx(noise.var())
    assert np.abs(correlation[:, 1:]).max() < 0.1 * noise.var()


def test_correlation_of_a_wave_is_the_wave() -> None:
    x = np.cos(2 * np.pi * np.arange(20) / 20)
    wave = np.broadcast_to(x[:, None, None], (20, 20, 20))
    along_x, along_y, _ = two_point_correlation(wave)
    assert along_x == pytest.approx(0.5 * x, abs=1e-12)
    assert along_y == pytest.approx(0.5)


def test_description_is_the_same_for_a_turned_and_for_a_shifted_structure(
    waves: Callable, voxels: Callable
) -> None:
    solid = waves(0).geometry.solid(40)
    turned = np.transpose(solid, (2, 0, 1))
    shifted = np.roll(solid, (4, 8, 12), (0, 1, 2))
    one, *others = describe([voxels(s) for s in (solid, turned, shifted)]).vectors
    for other in others:
        assert other == pytest.approx(one)


def test_other_metals_densities_sizes_and_waves_are_outside(waves: Callable) -> None:
    rng = np.random.default_rng(0)
    seen = [waves(seed, float(rng.uniform(0.38, 0.42))) for seed in range(60)]
    domain = fit_domain(describe(seen))
    fresh = [waves(seed, 0.4) for seed in range(100, 110)]
    assert sum(score.is_outside for score in domain.assess(describe(fresh))) <= 2
    strange = [
        waves(200, 0.15),
        waves(200, 0.7),
        waves(200, 0.4, hkl_squared=26),
        replace(waves(200, 0.4), cell_A=2000.0),
        replace(waves(200, 0.4), metal="Ag"),
    ]
    scores = domain.assess(describe(strange))
    assert all(score.is_outside for score in scores)
    assert scores[-1].unseen == ("Ag",)
