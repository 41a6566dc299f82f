"""Periods and layers of fcc surfaces, for known ones and by what must hold for all."""

from math import gcd

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.simulators.lammps.surfaces.lattice import surface_lattice
from matops.simulators.lammps.surfaces.orientations import standard_triangle

NEAREST = np.sqrt(0.5)
KNOWN = {  # shortest periods and spacing of the layers, in edges of the cube
    (1, 0, 0): (NEAREST, NEAREST, 0.5),
    (1, 1, 0): (NEAREST, 1.0, NEAREST / 2),
    (1, 1, 1): (NEAREST, NEAREST, 1 / np.sqrt(3)),
    (3, 1, 1): (NEAREST, np.sqrt(1.5), 1 / np.sqrt(11)),
}
SOME = [*standard_triangle(60), (11, 10, 9), (-3, 1, 2), (0, 0, 1), (0, -2, 0), (2, 0, -4)]


@pytest.mark.parametrize("hkl", KNOWN, ids=str)
def test_periods_and_spacing_are_those_of_textbooks(hkl: tuple[int, int, int]) -> None:
    lattice = surface_lattice(hkl)
    lengths = np.linalg.norm(lattice.periods, axis=1)
    assert (*lengths, lattice.spacing) == pytest.approx(KNOWN[hkl])


@pytest.mark.parametrize("hkl", SOME, ids=str)
def test_cell_holds_one_atom_and_is_made_of_lattice_vectors(hkl: tuple[int, int, int]) -> None:
    lattice = surface_lattice(hkl)
    assert lattice.area * lattice.spacing == pytest.approx(0.25)
    assert lattice.frame @ lattice.frame.T == pytest.approx(np.eye(3))
    assert np.linalg.det(lattice.frame) == pytest.approx(1.0)
    assert lattice.frame[2] == pytest.approx(np.array(hkl) / np.linalg.norm(hkl))
    # In the cube's axes, twice an fcc lattice vector is whole, and its components add up even.
    doubled = 2 * np.vstack([lattice.periods, lattice.step]) @ lattice.frame
    assert doubled == pytest.approx(np.round(doubled), abs=1e-9)
    assert not (np.round(doubled).astype(int).sum(axis=1) % 2).any()


def test_a_common_factor_names_the_same_surface() -> None:
    assert surface_lattice((6, 4, 2)).periods == pytest.approx(surface_lattice((3, 2, 1)).periods)


def test_no_direction_is_refused() -> None:
    with pytest.raises(BadInput, match="0 0 0"):
        surface_lattice((0, 0, 0))


def test_standard_triangle_begins_with_the_low_indices_and_leaves_none_out() -> None:
    some = standard_triangle(300)
    assert some[:5] == [(1, 0, 0), (1, 1, 0), (1, 1, 1), (2, 1, 0), (2, 1, 1)]
    assert len(set(some)) == 300
    assert all(list(hkl) == sorted(hkl, reverse=True) and gcd(*hkl) == 1 for hkl in some)
    assert min(min(hkl) for hkl in some) == 0
    assert standard_triangle(40) == some[:40]
    longest = sum(i * i for i in some[-1])
    assert {(9, 2, 1), (6, 5, 4), (9, 8, 0)} <= set(some)
    assert all(sum(i * i for i in hkl) <= longest for hkl in some)
