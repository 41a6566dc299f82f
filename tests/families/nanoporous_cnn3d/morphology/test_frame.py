"""Frames of beams and nets of conductors whose answers are known in closed form."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from matops.families.nanoporous_cnn3d.morphology.frame import frame_stiffness, network_conductance
from matops.families.nanoporous_cnn3d.morphology.ligaments import HALF_A_VOXEL, LigamentNetwork

N, R = 20, 1.0
AREA, INERTIA = np.pi * R**2, np.pi * R**4 / 4


def network(
    nodes: list[list[float]], ligaments: list[tuple[int, int, NDArray[np.float64]]]
) -> LigamentNetwork:
    """Ligaments of radius R: start, end, and points from one to the other."""
    lines = [np.asarray(line, dtype=float) for _, _, line in ligaments]
    first = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    points = np.concatenate(lines)
    ends = np.array([(start, end) for start, end, _ in ligaments])
    radii = np.full(len(points), R + HALF_A_VOXEL)
    return LigamentNetwork(N, np.array(nodes, dtype=float), ends, points, first, radii)


def line(start: list[float], end: list[float], pieces: int = 40) -> NDArray[np.float64]:
    return np.linspace(start, end, pieces + 1)


def zigzag(height: float) -> LigamentNetwork:
    """A chain along z that goes up and down in x; its joints are no junctions."""
    low, high, next_low = [0, 0, 0], [height, 0, N / 2], [0, 0, N]
    return network([low, high], [(0, 1, line(low, high)), (1, 0, line(high, next_low))])


def test_a_straight_rod_stretches_and_conducts_like_its_section() -> None:
    rod = network([[0, 0, 0]], [(0, 0, line([0, 0, 0], [0, 0, N]))])
    np.testing.assert_allclose(frame_stiffness(rod), [0, 0, AREA / N**2], atol=1e-9)
    np.testing.assert_allclose(network_conductance(rod), [0, 0, AREA / N**2], atol=1e-9)


def test_a_zigzag_bends_as_timoshenko_says() -> None:
    """Each arm is clamped in rotation by symmetry: h² L/(12 EI) bending, shear, stretch."""
    height = 6.0
    length = np.hypot(height, N / 2)
    sine, cosine = height / length, N / 2 / length
    shear = 0.9 * AREA / (2 * 1.4)
    softness = cosine**2 * length / AREA + sine**2 * (length**3 / (12 * INERTIA) + length / shear)
    expected = N / (2 * softness) / N**2
    assert frame_stiffness(zigzag(height))[2] == pytest.approx(expected, rel=2e-3)


def test_a_bent_chain_is_softer_the_more_it_is_bent_and_conducts_by_its_length() -> None:
    stiffness = [frame_stiffness(zigzag(height))[2] for height in (0.0, 1.0, 3.0, 9.0)]
    assert all(a > b for a, b in pairwise(stiffness))
    length = 2 * np.hypot(9.0, N / 2)
    assert network_conductance(zigzag(9.0))[2] == pytest.approx(AREA / N**2 * N / length)


def test_the_way_a_ligament_is_cut_does_not_matter() -> None:
    """Two beams in a line, however divided, and drawn from either end, are one."""
    low, high, end = [0, 0, 0], [5, 2, N / 2], [0, 0, N]
    middle = [2.5, 1, N / 4]
    whole = network([low, high], [(0, 1, line(low, high)), (1, 0, line(high, end))])
    parts = network(
        [low, high, middle],
        [(2, 0, line(middle, low, 20)), (2, 1, line(middle, high, 20)), (1, 0, line(high, end))],
    )
    np.testing.assert_allclose(frame_stiffness(parts), frame_stiffness(whole), rtol=1e-4, atol=1e-9)
    conductance = network_conductance(whole)
    np.testing.assert_allclose(network_conductance(parts), conductance, rtol=1e-6, atol=1e-9)


def test_junctions_are_stiffer_than_the_beams_between_them() -> None:
    centre = [N / 2] * 3
    arms = [line(centre, list(N / 2 + N * np.eye(3)[axis])) for axis in range(3)]
    cross = network([centre], [(0, 0, arm) for arm in arms])
    stiffness = frame_stiffness(cross)
    np.testing.assert_allclose(stiffness, stiffness[0])
    stiff_length = 2 * 0.6 * (R + HALF_A_VOXEL)
    expected = AREA / N**2 * N / (N - 0.99 * stiff_length)
    assert stiffness[0] == pytest.approx(expected, rel=0.03)
    np.testing.assert_allclose(network_conductance(cross), AREA / N**2)


def test_pieces_that_float_carry_nothing_and_do_no_harm() -> None:
    corner, side = [5.0, 5.0, 5.0], [9.0, 5.0, 5.0]
    arc = np.outer(np.sin(np.linspace(0, np.pi, 41)), [0, 1, 0])
    loose = [(1, 2, line(corner, side)), (2, 1, line(side, corner) + arc)]
    rod = (0, 0, line([0, 0, 0], [0, 0, N]))
    alone, both = network([[0, 0, 0]], [rod]), network([[0, 0, 0], corner, side], [rod, *loose])
    np.testing.assert_allclose(frame_stiffness(both), frame_stiffness(alone), atol=1e-7)
    np.testing.assert_allclose(network_conductance(both), network_conductance(alone), atol=1e-7)


def test_without_ligaments_nothing_is_carried() -> None:
    empty = LigamentNetwork(
        N,
        np.zeros((0, 3)),
        np.zeros((0, 2), dtype=int),
        np.zeros((0, 3)),
        np.zeros(1, dtype=int),
        np.zeros(0),
    )
    assert frame_stiffness(empty).tolist() == [0, 0, 0]
    assert network_conductance(empty).tolist() == [0, 0, 0]
