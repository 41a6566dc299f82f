"""Counts and sums over voxels against shapes whose numbers are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.families.nanoporous_cnn3d.morphology.voxel_measures import (
    count_pieces,
    euler_characteristic,
    mean_chords,
    measure_surface,
    section_shares,
    solid_columns,
)
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors

N = 24


def coordinates(n: int = N) -> NDArray[np.float64]:
    """Of voxel centres from the middle of the cell, in edges, shape (3, n, n, n)."""
    x = (np.arange(n) + 0.5) / n - 0.5
    return np.stack(np.meshgrid(x, x, x, indexing="ij"))


def ball(radius: float, n: int = N) -> NDArray[np.bool_]:
    return np.asarray((coordinates(n) ** 2).sum(axis=0) < radius**2)


def rod() -> NDArray[np.bool_]:
    x, y, _ = coordinates()
    return np.asarray(x**2 + y**2 < 0.2**2)


def test_euler_characteristic_of_known_solids() -> None:
    everything = np.ones((N, N, N), dtype=bool)
    assert euler_characteristic(ball(0.3)) == 1
    assert euler_characteristic(rod()) == 0
    assert euler_characteristic(ball(0.45) & ~ball(0.2)) == 2
    assert euler_characteristic(everything) == 0
    assert euler_characteristic(~ball(0.3)) == 1
    assert euler_characteristic(~everything) == 0
    x, y, z = np.abs(coordinates())
    bars = [np.maximum(a, b) < 0.1 for a, b in ((x, y), (y, z), (z, x))]
    assert euler_characteristic(np.any(bars, axis=0)) == -2


def test_euler_characteristic_of_levelled_waves_is_that_of_a_gaussian_field() -> None:
    """Mean over seeds against λ³ (u² − 1) exp(−u²/2) / (2π)². Source: Adler (1981), ch. 5."""
    waves, fraction, rng = wave_vectors(9), 0.35, np.random.default_rng(0)
    level = threshold(fraction)
    found = [
        euler_characteristic(field_on_grid(waves, rng.uniform(0, 2 * np.pi, 30), 40) < level)
        for _ in range(30)
    ]
    slope = (2 * np.pi) ** 2 * 9 / 3
    expected = slope**1.5 * (level**2 - 1) * np.exp(-(level**2) / 2) / (2 * np.pi) ** 2
    assert np.mean(found) == pytest.approx(expected, rel=0.1)


def test_pieces_are_counted_across_the_faces_and_not_across_corners() -> None:
    assert count_pieces(np.zeros((N, N, N), dtype=bool)) == 0
    assert count_pieces(rod()) == 1
    assert count_pieces(np.roll(rod(), N // 2, axis=0)) == 1
    assert count_pieces(np.roll(ball(0.3), (N // 2,) * 3, (0, 1, 2))) == 1
    two = np.zeros((N, N, N), dtype=bool)
    two[3, 3, 3] = two[4, 4, 3] = True
    assert count_pieces(two) == 2


@pytest.mark.parametrize(("n", "error"), [(20, 0.05), (40, 0.02)])
def test_area_of_a_sphere(n: int, error: float) -> None:
    surface = measure_surface(ball(0.3, n))
    assert surface.area / n**2 == pytest.approx(4 * np.pi * 0.3**2, rel=error)
    np.testing.assert_allclose(surface.facing, 1 / 3, rtol=1e-6)


def test_area_and_direction_of_a_plate() -> None:
    slab = np.zeros((N, N, N), dtype=bool)
    slab[:, 5:12] = True
    surface = measure_surface(slab)
    assert surface.area == pytest.approx(2 * N**2, rel=5e-3)
    np.testing.assert_allclose(surface.facing, [0, 1, 0], atol=1e-9)


def test_chords_of_a_ball_a_plate_and_of_nothing() -> None:
    # Cauchy: four volumes over the surface.
    np.testing.assert_allclose(mean_chords(ball(0.4, 40)) / 40, 4 * 0.4 / 3, rtol=0.03)
    slab = np.zeros((N, N, N), dtype=bool)
    slab[5:12] = True
    np.testing.assert_array_equal(mean_chords(slab), [7, N, N])
    np.testing.assert_array_equal(mean_chords(~slab & slab), [0, 0, 0])


def test_sections_in_series() -> None:
    solid = np.zeros((N, N, N), dtype=bool)
    solid[:12, :, :6] = True
    solid[12:, :, :12] = True
    smallest, series = section_shares(solid)
    np.testing.assert_allclose(smallest, [0.25, 0.375, 0.0])
    np.testing.assert_allclose(series, [1 / 3, 0.375, 0.0])


def test_columns_are_solid_from_face_to_face() -> None:
    solid = np.zeros((N, N, N), dtype=bool)
    solid[:, 2:5, 3] = True
    solid[:, 9, 9] = True
    solid[4, 9, 9] = False
    np.testing.assert_allclose(solid_columns(solid), [3 / N**2, 0, 0])
