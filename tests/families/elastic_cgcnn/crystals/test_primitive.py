"""The primitive cell: how many atoms it has, and that it is the same crystal."""

from collections.abc import Sequence

import numpy as np
import pytest

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.config import GraphConfig
from matops.families.elastic_cgcnn.crystals import primitive
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.families.elastic_cgcnn.crystals.primitive import SAME_PLACE_A, primitive_cells
from matops.families.elastic_cgcnn.features import featurize
from matops.families.elastic_cgcnn.graph.neighbours import nearest_neighbours
from tests.families.elastic_cgcnn.conftest import Build


def primitive_cell(crystal: Crystal) -> Crystal:
    [found] = primitive_cells([crystal])
    return found


def supercell(crystal: Crystal, repeats: Sequence[int], seed: int = 0) -> Crystal:
    """A cell of several, its atoms in any order and its origin anywhere."""
    rng = np.random.default_rng(seed)
    steps = np.array(list(np.ndindex(*repeats)))
    frac = (crystal.frac_coords[:, None] + steps).reshape(-1, 3) / repeats + rng.random(3)
    symbols = np.repeat(crystal.symbols, len(steps))
    order = rng.permutation(len(symbols))
    lattice_A = crystal.lattice_A * np.array(repeats)[:, None]
    return make_crystal(lattice_A, symbols[order].tolist(), frac[order])


def distances_A(crystal: Crystal) -> np.ndarray:
    """Lengths of the edges around the atoms of one element, sorted: the same in any cell."""
    edges = nearest_neighbours([crystal], 12, 8.0)
    return np.unique(np.round(edges.distance_A, 6))


@pytest.mark.parametrize(("kind", "atoms"), [("sc", 1), ("bcc", 1), ("fcc", 1)])
def test_cubic_lattices_have_one_atom(cubic: Build, kind: str, atoms: int) -> None:
    whole = cubic(kind)
    found = primitive_cell(whole)
    assert len(found.numbers) == atoms
    assert found.volume_A3 / atoms == pytest.approx(whole.volume_A3 / len(whole.numbers))


def test_compounds_keep_their_formula(rock_salt: Crystal, heusler: Crystal) -> None:
    salt, alloy = primitive_cells([rock_salt, heusler])
    assert (len(salt.numbers), len(alloy.numbers)) == (2, 4)
    assert salt.reduced_formula == "NaCl"
    assert alloy.reduced_formula == "LiGdAu2"


def test_rhombohedral_crystal_in_hexagonal_axes() -> None:
    hexagonal_A = np.array([[3.0, 0.0, 0.0], [-1.5, 1.5 * 3**0.5, 0.0], [0.0, 0.0, 11.0]])
    obverse = [[0, 0, 0], [2 / 3, 1 / 3, 1 / 3], [1 / 3, 2 / 3, 2 / 3]]
    assert len(primitive_cell(make_crystal(hexagonal_A, ["Bi"] * 3, obverse)).numbers) == 1


@pytest.mark.parametrize("repeats", [(1, 1, 2), (2, 1, 3), (2, 2, 1)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_supercell_has_the_atoms_of_its_cell(
    random_crystal: Build, repeats: Sequence[int], seed: int
) -> None:
    small = random_crystal(seed, 4)
    found = primitive_cell(supercell(small, repeats, seed))
    assert len(found.numbers) == len(primitive_cell(small).numbers)
    assert np.allclose(distances_A(found), distances_A(small), atol=1e-5)


def test_many_at_once_are_as_each_alone(crystals: list[Crystal]) -> None:
    for together, crystal in zip(primitive_cells(crystals), crystals, strict=True):
        alone = primitive_cell(crystal)
        assert np.array_equal(together.numbers, alone.numbers)
        assert np.allclose(together.lattice_A, alone.lattice_A)
        assert np.allclose(together.frac_coords, alone.frac_coords)


def test_ordered_alloy_without_centring_stays(cubic: Build) -> None:
    fcc = cubic("fcc")
    ordered = make_crystal(fcc.lattice_A, ["Au", "Cu", "Cu", "Cu"], fcc.frac_coords)
    assert primitive_cell(ordered) is ordered


def test_moved_atom_breaks_the_translation(cubic: Build) -> None:
    fcc = cubic("fcc")
    for moved_A, atoms in ((0.5 * SAME_PLACE_A, 1), (20 * SAME_PLACE_A, 4)):
        frac = fcc.frac_coords.copy()
        frac[2, 0] += moved_A / 4.0
        assert len(primitive_cell(make_crystal(fcc.lattice_A, ["Cu"] * 4, frac)).numbers) == atoms


def test_large_cell_is_left_as_it_is(cubic: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    fcc = cubic("fcc")
    monkeypatch.setattr(primitive, "MOST_COMPARISONS", 63)
    assert primitive_cell(fcc) is fcc
    monkeypatch.setattr(primitive, "MOST_COMPARISONS", 64)
    assert len(primitive_cell(fcc).numbers) == 1


def test_atoms_at_one_place_are_refused_as_before(cubic: Build) -> None:
    twice = make_crystal(np.eye(3) * 4.0, ["Cu", "Cu"], [[0, 0, 0], [0, 0, 0]])
    assert primitive_cell(twice) is twice
    with pytest.raises(BadInput, match="overlap"):
        featurize([twice], GraphConfig())


def test_what_the_network_sees_is_the_same(
    heusler: Crystal, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = featurize([heusler], GraphConfig())
    monkeypatch.setattr(primitive, "MOST_COMPARISONS", 0)
    whole = featurize([heusler], GraphConfig())
    for name, tensor in small.tensors.items():
        assert np.allclose(tensor, whole.tensors[name], atol=1e-5), name
