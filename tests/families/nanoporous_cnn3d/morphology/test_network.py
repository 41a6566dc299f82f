"""Skeletons, ligaments and the ways along them, on structures drawn by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.families.nanoporous_cnn3d.morphology.ligament_shapes import (
    ligament_curvature,
    ligament_diameters,
    neck_diameters,
    node_diameters,
    spread,
)
from matops.families.nanoporous_cnn3d.morphology.ligaments import LigamentNetwork
from matops.families.nanoporous_cnn3d.morphology.load_paths import (
    affine_stiffness,
    alignment,
    straightness,
)
from matops.families.nanoporous_cnn3d.morphology.skeleton import thin, without_dead_ends
from matops.families.nanoporous_cnn3d.morphology.tracing import inscribed_spheres, trace_ligaments
from matops.families.nanoporous_cnn3d.morphology.voxel_measures import euler_characteristic
from matops.physics.levelled_waves import field_on_grid, threshold, wave_vectors

N = 32


def around(lines: NDArray[np.float64], radius: float, n: int = N) -> NDArray[np.bool_]:
    """Voxels within ``radius`` of points, all in voxels, across the cell's faces."""
    solid = np.zeros((n, n, n), dtype=bool)
    reach = int(np.ceil(radius)) + 1
    steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), -1)
    for point in lines:
        near = np.rint(point).astype(int) + steps.reshape(-1, 3)
        near = near[np.linalg.norm(near - point, axis=1) < radius] % n
        solid[tuple(near.T)] = True
    return solid


def straight(axis: int, through: tuple[float, float], n: int = N) -> NDArray[np.float64]:
    line = np.insert(np.tile(through, (4 * n, 1)), axis, np.arange(4 * n) / 4, axis=1)
    return np.asarray(line, dtype=np.float64)


def wave(amplitude: float, n: int = N) -> NDArray[np.float64]:
    """A line along z that swings in x."""
    z = np.arange(8 * n) / 8
    return np.stack([n / 2 + amplitude * np.sin(2 * np.pi * z / n), np.full_like(z, n / 2), z], 1)


@pytest.mark.parametrize("through", [(10.0, 11.0), (10.5, 11.5), (0.0, 31.5)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rod_is_one_ring_whatever_its_place(axis: int, through: tuple[float, float]) -> None:
    """Rods of an even number of voxels are those that thinning alone would lose."""
    network = trace_ligaments(around(straight(axis, through), 3.2))
    assert len(network.nodes) == len(network.ends) == 1
    assert network.coordination.tolist() == [2]
    np.testing.assert_allclose(np.abs(network.spans), [np.eye(3)[axis] * N], atol=1e-9)
    np.testing.assert_allclose(np.abs(network.cells_crossed), [np.eye(3)[axis]])
    assert 2 * network.radii.mean() == pytest.approx(6.4, abs=1.0)
    np.testing.assert_allclose(alignment(network), np.eye(3)[axis], atol=1e-9)
    np.testing.assert_allclose(straightness(network), np.eye(3)[axis], atol=1e-9)
    assert ligament_curvature(network).mean == pytest.approx(0, abs=1e-9)
    assert len(node_diameters(network)) == 0


def test_dead_ends_and_loose_pieces_are_no_ligaments() -> None:
    rod = straight(2, (10.0, 10.0))
    stub = np.stack([np.arange(10, 20), np.full(10, 10), np.full(10, 7)], 1).astype(float)
    loose = stub + np.array([0, 14, 9])
    network = trace_ligaments(around(np.concatenate([rod, stub, loose]), 2.3))
    assert len(network.ends) == 1
    assert network.lengths.sum() == pytest.approx(N, rel=0.05)


def test_the_corner_where_a_dead_end_began_goes_with_it() -> None:
    ring = [(i, (i + 1) % 6) for i in range(6)]
    corner_and_tip = [(0, 6), (1, 6), (6, 7), (7, 8)]
    kept = without_dead_ends(np.array(ring + corner_and_tip), 9)
    assert sorted(map(tuple, kept.tolist())) == sorted(ring)
    assert len(without_dead_ends(np.array([(0, 1), (1, 2), (2, 0), (2, 3)]), 4)) == 0


def test_a_ladder_has_two_nodes_a_rung_and_two_ways_round() -> None:
    rails = [straight(2, (8.0, 8.0)), straight(2, (22.0, 8.0))]
    rung = np.stack([np.arange(8, 22), np.full(14, 8), np.full(14, 5)], 1).astype(float)
    network = trace_ligaments(around(np.concatenate([*rails, rung]), 2.6))
    assert network.coordination.tolist() == [3, 3]
    assert sorted(network.lengths.round()) == pytest.approx([14, N, N], abs=1)
    rails_volume, rung_volume = 2 * N, 14
    share = rung_volume / (rails_volume + rung_volume)
    np.testing.assert_allclose(alignment(network), [share, 0, 1 - share], atol=0.03)
    np.testing.assert_allclose(straightness(network), [0, 0, 1], atol=0.02)


def test_loops_of_the_network_are_those_of_the_solid() -> None:
    waves, level, rng = wave_vectors(9), threshold(0.35), np.random.default_rng(0)
    for _ in range(5):
        solid = field_on_grid(waves, rng.uniform(0, 2 * np.pi, 30), 48) < level
        network = trace_ligaments(solid)
        loops = len(network.ends) - len(network.nodes)
        # Corners that touch close a loop for the skeleton and none for the voxels' faces.
        assert loops == pytest.approx(-euler_characteristic(solid), abs=2)


def test_a_swinging_ligament_has_its_length_and_curvature() -> None:
    amplitude = 5.0
    network = trace_ligaments(around(wave(amplitude), 3.0))
    slope = amplitude * 2 * np.pi / N * np.cos(np.linspace(0, 2 * np.pi, 2000))
    length = N * np.sqrt(1 + slope**2).mean()
    assert network.lengths.sum() == pytest.approx(length, rel=0.04)
    turned = 4 * np.arctan(slope.max())
    assert ligament_curvature(network).mean == pytest.approx(turned / length, rel=0.25)
    assert straightness(network)[2] == pytest.approx(N / length, rel=0.04)


def test_necks_are_narrower_than_ligaments_and_ligaments_than_nodes() -> None:
    waves, rng = wave_vectors(9), np.random.default_rng(1)
    solid = field_on_grid(waves, rng.uniform(0, 2 * np.pi, 30), 40) < threshold(0.35)
    network = trace_ligaments(solid)
    necks = spread(neck_diameters(network), weights=network.lengths).mean
    assert 0 < necks < ligament_diameters(network).mean() < node_diameters(network).mean()


def test_affine_stiffness_of_a_tilted_rod() -> None:
    z = np.arange(8 * N) / 8
    tilted = around(np.stack([z, np.full_like(z, 10), z], 1), 4.0, N)
    network = trace_ligaments(tilted)
    volume = (network.segments.areas * network.segments.lengths).sum() / N**3
    np.testing.assert_allclose(affine_stiffness(network), volume * np.array([0.25, 0, 0.25]))
    np.testing.assert_allclose(straightness(network), np.array([1, 0, 1]) / np.sqrt(2), rtol=0.01)


def test_of_two_parallel_ligaments_the_shorter_is_the_way() -> None:
    low, high, image = np.array([[0.0, 0, 0], [0, 0, N / 2], [0, 0, N]])
    detour = np.array([low, [12.0, 0, N / 4], high])
    for lines in ([detour, [low, high]], [[low, high], detour]):
        points = np.concatenate([*lines, [high, image]])
        first = np.concatenate([[0], np.cumsum([*map(len, lines), 2])])
        ends = np.array([[0, 1], [0, 1], [1, 0]])
        nodes = np.array([low, high])
        network = LigamentNetwork(N, nodes, ends, points, first, np.full(len(points), 2.0))
        np.testing.assert_allclose(straightness(network), [0, 0, 1])


def test_spheres_touch_the_nearest_void_across_a_face() -> None:
    solid = np.ones((N, N, N), dtype=bool)
    solid[0] = False
    centres, radii = inscribed_spheres(solid, np.array([[N - 3.0, 4.0, 4.0], [10.0, 4.0, 4.0]]))
    np.testing.assert_allclose(radii, [3.5, 10.5], rtol=0.03)
    np.testing.assert_allclose(centres[:, 0], [N - 3.5, 10.5])
    assert inscribed_spheres(solid | True, centres)[1].tolist() == [N / 2, N / 2]


@pytest.mark.parametrize("solid_fraction", [0.3, 0.6])
def test_a_skeleton_moves_with_its_solid(solid_fraction: float) -> None:
    waves, rng = wave_vectors(9), np.random.default_rng(2)
    solid = field_on_grid(waves, rng.uniform(0, 2 * np.pi, 30), N) < threshold(solid_fraction)
    shifted = thin(np.roll(solid, (3, 11, 20), (0, 1, 2)))
    np.testing.assert_array_equal(np.roll(shifted, (-3, -11, -20), (0, 1, 2)), thin(solid))
