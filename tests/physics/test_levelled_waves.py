import numpy as np
import pytest

from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors
from tests.support.oracles import field_at


@pytest.mark.parametrize(
    ("squared", "count"), [(1, 6), (2, 12), (3, 8), (5, 24), (9, 30), (14, 48)]
)
def test_waves_of_one_length_are_complete_and_come_in_pairs(squared: int, count: int) -> None:
    hkl = wave_vectors(squared)
    assert hkl.shape == (count, 3)
    assert ((hkl**2).sum(1) == squared).all()
    assert {tuple(row) for row in hkl} == {tuple(-row) for row in hkl}
    assert hkl.tolist() == sorted(hkl.tolist())


def test_lengths_that_no_wave_has() -> None:
    assert len(wave_vectors(7)) == 0


def test_threshold_is_the_quantile_of_a_normal_field() -> None:
    assert threshold(0.5) == pytest.approx(0.0)
    assert threshold(0.8413447) == pytest.approx(1.0, abs=1e-5)
    assert threshold(0.3) == pytest.approx(-threshold(0.7))


def test_grid_agrees_with_the_sum_at_its_points() -> None:
    rng = np.random.default_rng(0)
    hkl = wave_vectors(9)
    phases = rng.uniform(0, 2 * np.pi, len(hkl))
    grid = field_on_grid(hkl, phases, 12)
    points = (np.argwhere(np.ones((12, 12, 12))) + 0.5) / 12
    assert field_at(hkl, phases, points).reshape(12, 12, 12) == pytest.approx(grid)


def test_field_is_periodic_and_moves_with_its_phases() -> None:
    rng = np.random.default_rng(1)
    hkl, points, shift = wave_vectors(5), rng.random((50, 3)), rng.random(3)
    phases = rng.uniform(0, 2 * np.pi, len(hkl))
    field = field_at(hkl, phases, points)
    assert field_at(hkl, phases, points + np.array([1, -2, 3])) == pytest.approx(field)
    moved = phases - 2 * np.pi * hkl @ shift
    assert field_at(hkl, moved, points + shift) == pytest.approx(field)


def test_field_has_no_mean_and_unit_variance_over_random_phases() -> None:
    rng = np.random.default_rng(2)
    hkl = wave_vectors(9)
    fields = [field_on_grid(hkl, rng.uniform(0, 2 * np.pi, len(hkl)), 12) for _ in range(200)]
    assert np.mean(fields) == pytest.approx(0.0, abs=1e-9)
    assert np.var(fields) == pytest.approx(1.0, abs=0.05)
