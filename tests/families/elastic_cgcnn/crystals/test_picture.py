"""A crystal's picture: atoms where they are, seen along a lattice vector."""

from collections.abc import Callable

import numpy as np
import pytest

from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.picture import crystal_views


def test_rock_salt_along_c_is_a_square_with_atoms_half_an_edge_apart(rock_salt: Crystal) -> None:
    along_c, along_a = crystal_views(rock_salt)
    assert (along_c.title, along_a.title) == ("along c", "along a")
    corners = [(0, 0), (5.64, 0), (5.64, 5.64), (0, 5.64)]
    assert np.array(along_c.frame) == pytest.approx(np.array(corners))
    places = {(round(disc.x, 6), round(disc.y, 6)) for disc in along_c.discs}
    assert places == {(x, y) for x in (0.0, 2.82) for y in (0.0, 2.82)}
    assert {disc.name for disc in along_c.discs} == {"Na", "Cl"}
    assert len(along_c.discs) == 8


def test_frame_of_a_skewed_cell_begins_to_the_right(
    random_crystal: Callable,
) -> None:
    for view in crystal_views(random_crystal(3)):
        a, b = np.array(view.frame[1]), np.array(view.frame[3])
        assert np.linalg.norm(a) > 1
        assert a[1] == pytest.approx(0.0, abs=1e-9)
        assert abs(a[0] * b[1]) > 1


def test_a_large_cell_has_no_picture(random_crystal: Callable, cubic: Callable) -> None:
    tile = cubic("fcc")
    many = Crystal(tile.lattice_A, np.tile(tile.frac_coords, (51, 1)), np.tile(tile.numbers, 51))
    assert crystal_views(many) == ()
