"""Carved crystals lie below their level, and their pieces are found across the cell's faces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from matops.core.errors import BadInput
from matops.physics.levelled_waves import threshold, wave_vectors
from matops.simulators.lammps.porous.carving import PorousDesign, carve
from matops.simulators.lammps.porous.connectivity import bond_atoms, largest_piece
from tests.support.oracles import field_at

BoolArray = NDArray[np.bool_]


def gold(cells: int, hkl_squared: int, solid_fraction: float, seed: int = 0) -> PorousDesign:
    count = len(wave_vectors(hkl_squared))
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, count).tolist()
    return PorousDesign("Au", cells, hkl_squared, solid_fraction, tuple(phases))


def fcc_sites(cells: int) -> BoolArray:
    return np.indices((2 * cells,) * 3).sum(axis=0) % 2 == 0


def rods(n: int, *axes: int) -> BoolArray:
    """A small cube at the corner and square rods through it along each of the axes."""
    solid = np.zeros((n, n, n), dtype=bool)
    solid[:4, :4, :4] = True
    for axis in axes:
        where = [slice(4)] * 3
        where[axis] = slice(None)
        solid[tuple(where)] = True
    return solid & fcc_sites(n // 2)


def test_full_block_is_the_fcc_crystal() -> None:
    block = bond_atoms(carve(gold(3, 2, 1.0)))
    assert len(block.frac_coords) == 4 * 3**3
    assert len(block.bonds) == 12 * len(block.frac_coords) / 2
    assert largest_piece(block).endless_directions == 3


@pytest.mark.parametrize(("cells", "hkl_squared"), [(5, 2), (8, 9), (7, 14)])
def test_atoms_are_the_sites_below_the_level(cells: int, hkl_squared: int) -> None:
    design = gold(cells, hkl_squared, 0.4)
    points = np.argwhere(fcc_sites(cells))
    field = field_at(wave_vectors(hkl_squared), design.phases_rad, points / (2 * cells))
    kept = carve(design)[tuple(points.T)]
    assert (kept == (field < threshold(0.4))).all()
    assert carve(design).sum() == kept.sum() > 0


def test_solid_fraction_is_met_on_average() -> None:
    carved = [carve(gold(16, 14, 0.35, seed)).sum() / (4 * 16**3) for seed in range(12)]
    assert np.mean(carved) == pytest.approx(0.35, abs=0.01)


def test_turning_the_waves_turns_the_solid() -> None:
    """Swapped axes and a wave that runs the other way give the images of the same solid."""
    design, hkl = gold(6, 5, 0.5), wave_vectors(5)
    phases = {tuple(row): phase for row, phase in zip(hkl.tolist(), design.phases_rad, strict=True)}
    swapped = tuple(phases[(k, h, m)] for h, k, m in hkl.tolist())
    mirrored = tuple(phases[(-h, k, m)] for h, k, m in hkl.tolist())
    solid = carve(design)
    assert (carve(replace(design, phases_rad=swapped)) == solid.swapaxes(0, 1)).all()
    assert (carve(replace(design, phases_rad=mirrored)) == np.roll(solid[::-1], 1, axis=0)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metal": "Fe"}, "no potential for metal 'Fe'"),
        ({"cells": 1}, "cells"),
        ({"solid_fraction": 0.0}, "solid_fraction"),
        ({"solid_fraction": 1.1}, "solid_fraction"),
        ({"solid_fraction": float("nan")}, "solid_fraction"),
        ({"hkl_squared": 7, "phases_rad": ()}, "0 waves"),
        ({"hkl_squared": -1, "phases_rad": ()}, "0 waves"),
        ({"phases_rad": (1.0,)}, "1 phases, but 12 waves"),
        ({"phases_rad": (float("inf"),) * 12}, "not finite"),
    ],
)
def test_bad_designs_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        replace(gold(4, 2, 0.5), **change)


def test_bonds_are_the_neighbours_short_of_the_second_shell() -> None:
    solid = bond_atoms(carve(gold(5, 5, 0.5)))
    constant = 1 / 5
    near = cKDTree(solid.frac_coords, boxsize=1.0).query_pairs(constant * (0.5**0.5 + 1) / 2)
    assert {frozenset(pair) for pair in solid.bonds.tolist()} == {frozenset(pair) for pair in near}
    assert len(solid.bonds) == len(near)


@pytest.mark.parametrize(
    ("solid", "directions"),
    [
        (rods(12), 0),
        (rods(12, 0), 1),
        (rods(12, 0, 2), 2),
        (rods(12, 0, 1, 2), 3),
        (rods(12, 0, 1) | np.roll(rods(12, 2), 6, axis=(0, 1)), 2),
    ],
    ids=["lump", "rod", "crossed rods", "three rods", "a rod beside the piece"],
)
def test_endless_directions(solid: BoolArray, directions: int) -> None:
    for shift in (0, 5, 10):
        moved = np.roll(solid, (shift, shift, 0), axis=(0, 1, 2))
        assert largest_piece(bond_atoms(moved)).endless_directions == directions


def test_diagonal_rod_is_endless_in_one_direction() -> None:
    """It winds around all three axes, and yet a pull along x alone does not stretch it."""
    n = 16
    i, j, k = np.indices((n, n, n))
    around = [np.minimum(d % n, -d % n) for d in (i - j, j - k)]
    solid = fcc_sites(n // 2) & (around[0] <= 1) & (around[1] <= 1)
    assert largest_piece(bond_atoms(solid)).endless_directions == 1


def test_smaller_pieces_are_left_out() -> None:
    solid = rods(12, 0, 1, 2)
    net = int(solid.sum())
    solid[8:10, 8:10, 8:10] = fcc_sites(6)[8:10, 8:10, 8:10]
    solid[6, 10, 6] = True
    found = largest_piece(bond_atoms(solid))
    assert found.pieces == 3
    assert len(found.atoms.frac_coords) == net
    assert found.share == pytest.approx(net / (net + 5))
    lengths = np.diff(found.atoms.frac_coords[found.atoms.bonds], axis=1)[:, 0] * 12
    assert np.linalg.norm((lengths + 6) % 12 - 6, axis=1) == pytest.approx(2**0.5)
