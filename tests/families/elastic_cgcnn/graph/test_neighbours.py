"""Neighbourhoods: known shells, the published form, and independence of how they are found."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pymatgen.core import Lattice, Structure

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn import FAMILY
from matops.families.elastic_cgcnn.config import GraphConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.families.elastic_cgcnn.crystals.elements import binary_features
from matops.families.elastic_cgcnn.graph import neighbours as graphs
from matops.families.elastic_cgcnn.graph.neighbours import (
    Neighbours,
    check_overlap,
    nearest_neighbours,
)
from matops.families.elastic_cgcnn.model import GaussianExpansion

Build = Callable[..., Crystal]
RADIUS_A = 8.0


def of_centre(found: Neighbours, atom: int) -> tuple[np.ndarray, np.ndarray]:
    """Distances and weights of one atom's edges."""
    rows = found.centre == atom
    return found.distance_A[rows], found.weight[rows]


def total_weights(found: Neighbours, n_atoms: int) -> np.ndarray:
    return np.bincount(found.centre, found.weight, n_atoms)


@pytest.mark.parametrize("a_A", [3.615, 4.08])
def test_fcc_atom_has_twelve_whole_neighbours_at_a_over_root_two(cubic: Build, a_A: float) -> None:
    found = nearest_neighbours([cubic("fcc", a_A)], 12, RADIUS_A)
    for atom in range(4):
        distance, weight = of_centre(found, atom)
        assert distance == pytest.approx([a_A / np.sqrt(2)] * 12)
        assert weight.tolist() == [1.0] * 12


def test_bcc_second_shell_shares_the_four_places_that_are_left(cubic: Build) -> None:
    found = nearest_neighbours([cubic("bcc", 2.87)], 12, RADIUS_A)
    for atom in range(2):
        distance, weight = of_centre(found, atom)
        assert distance == pytest.approx([2.87 * np.sqrt(3) / 2] * 8 + [2.87] * 6)
        assert weight == pytest.approx([1.0] * 8 + [4 / 6] * 6)
        assert weight.sum() == pytest.approx(12.0)


def test_simple_cubic_second_shell_is_cut_by_the_published_form_only(cubic: Build) -> None:
    whole = nearest_neighbours([cubic("sc", 3.0)], 12, RADIUS_A)
    assert whole.weight == pytest.approx([1.0] * 6 + [0.5] * 12)
    cut = nearest_neighbours([cubic("sc", 3.0)], 12, RADIUS_A, whole_shells=False)
    assert cut.weight.tolist() == [1.0] * 12
    assert cut.distance_A == pytest.approx([3.0] * 6 + [3.0 * np.sqrt(2)] * 6)


def test_published_form_of_the_heusler_has_the_published_shapes(heusler: Crystal) -> None:
    found = nearest_neighbours([heusler], 12, RADIUS_A, whole_shells=False)
    assert binary_features()[heusler.numbers].shape == (16, 92)
    assert np.array_equal(
        found.centre.reshape(16, 12), np.repeat(np.arange(16), 12).reshape(16, 12)
    )
    assert found.neighbour.reshape(16, 12).max() == 15
    lengths = torch.from_numpy(found.distance_A)
    expanded = GaussianExpansion(0.0, RADIUS_A, 0.2)(lengths).reshape(16, 12, -1)
    assert expanded.shape == (16, 12, 41)
    nearest = torch.arange(41)[expanded[0, 0].argmax()] * 0.2
    assert float(nearest) == pytest.approx(found.distance_A[0], abs=0.1)


def test_gold_in_the_heusler_has_four_lithium_and_four_gadolinium(heusler: Crystal) -> None:
    found = nearest_neighbours([heusler], 8, RADIUS_A)
    for atom in np.flatnonzero(heusler.numbers == 79):
        around = heusler.numbers[found.neighbour[found.centre == atom]]
        assert sorted(around.tolist()) == [3] * 4 + [64] * 4
    assert found.distance_A == pytest.approx(6.916 * np.sqrt(3) / 4)


def test_vectors_have_the_distances_and_point_to_the_neighbour(random_crystal: Build) -> None:
    crystal = random_crystal(3)
    found = nearest_neighbours([crystal], 12, RADIUS_A)
    assert np.linalg.norm(found.vector_A, axis=1) == pytest.approx(found.distance_A)
    ends = crystal.cart_coords_A[found.centre] + found.vector_A
    offset = (ends - crystal.cart_coords_A[found.neighbour]) @ np.linalg.inv(crystal.lattice_A)
    assert offset == pytest.approx(np.round(offset), abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_distances_agree_with_pymatgen(random_crystal: Build, seed: int) -> None:
    crystal = random_crystal(seed, 5 + seed)
    structure = Structure(Lattice(crystal.lattice_A), crystal.symbols, crystal.frac_coords)
    theirs = structure.get_all_neighbors(RADIUS_A)
    found = nearest_neighbours([crystal], 12, RADIUS_A, whole_shells=False)
    for atom, neighbours in enumerate(theirs):
        nearest = sorted(neighbours, key=lambda neighbour: neighbour.nn_distance)[:12]
        rows = found.centre == atom
        assert found.distance_A[rows] == pytest.approx([n.nn_distance for n in nearest])
        assert found.neighbour[rows].tolist() == [n.index for n in nearest]


@pytest.mark.parametrize("whole_shells", [True, False])
@pytest.mark.parametrize("count", [1, 4, 12, 30])
def test_small_search_radius_never_changes_the_answer(
    crystals: list[Crystal], count: int, whole_shells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = nearest_neighbours(crystals, count, RADIUS_A, whole_shells)
    monkeypatch.setattr(graphs, "FIRST_SPHERE", np.inf)
    full = nearest_neighbours(crystals, count, RADIUS_A, whole_shells)
    assert np.array_equal(quick.centre, full.centre)
    assert quick.distance_A == pytest.approx(full.distance_A, abs=1e-9)
    assert quick.weight == pytest.approx(full.weight)


@pytest.mark.parametrize("first_sphere", np.geomspace(0.01, 8.0, 16))
def test_search_that_proves_too_small_is_repeated(
    random_crystal: Build, first_sphere: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for a slab in a long empty cell, whose mean density says little of a neighbourhood."""
    frac = [[x / 2, y / 2, z] for x in (0, 1) for y in (0, 1) for z in (0, 0.1)]
    slab = make_crystal(np.diag([5.0, 5.2, 25.0]), ["Cu"] * 8, frac)
    monkeypatch.setattr(graphs, "FIRST_SPHERE", first_sphere)
    for crystal in (slab, random_crystal(1, 1), random_crystal(2, 2), random_crystal(3, 3)):
        quick = nearest_neighbours([crystal], 12, RADIUS_A)
        with monkeypatch.context() as patch:
            patch.setattr(graphs, "FIRST_SPHERE", np.inf)
            full = nearest_neighbours([crystal], 12, RADIUS_A)
        assert len(quick.distance_A) == len(full.distance_A)
        assert quick.distance_A == pytest.approx(full.distance_A)
        assert quick.weight == pytest.approx(full.weight)


def test_weights_add_up_to_the_number_asked_for(crystals: list[Crystal]) -> None:
    n_atoms = sum(len(crystal.numbers) for crystal in crystals)
    for count in (5, 12):
        found = nearest_neighbours(crystals, count, RADIUS_A)
        assert total_weights(found, n_atoms) == pytest.approx([count] * n_atoms)
        assert found.weight.min() > 0


def test_crystals_together_have_the_neighbours_they_have_alone(crystals: list[Crystal]) -> None:
    together = nearest_neighbours(crystals, 12, RADIUS_A)
    alone = [nearest_neighbours([crystal], 12, RADIUS_A) for crystal in crystals]
    assert together.distance_A == pytest.approx(np.concatenate([a.distance_A for a in alone]))
    starts = np.cumsum([0, *(len(crystal.numbers) for crystal in crystals)])
    shifted = [a.centre + start for a, start in zip(alone, starts, strict=False)]
    assert np.array_equal(together.centre, np.concatenate(shifted))


def test_neighbours_within_the_shell_tolerance_are_one_shell() -> None:
    def nearest_weights(split_A: float) -> list[float]:
        lattice = np.diag([3.0, 3.0 + split_A, 9.0])
        found = nearest_neighbours([make_crystal(lattice, ["Cu"], [[0, 0, 0]])], 3, RADIUS_A)
        return found.weight.tolist()

    assert nearest_weights(5e-4) == pytest.approx([0.75] * 4)
    assert nearest_weights(5e-3) == pytest.approx([1.0, 1.0, 0.5, 0.5])


def test_fewer_neighbours_than_asked_for_are_kept_as_they_are(cubic: Build) -> None:
    wide = cubic("sc", 6.0)
    found = nearest_neighbours([wide], 12, RADIUS_A)
    assert found.weight.sum() == pytest.approx(6.0)
    assert found.distance_A == pytest.approx([6.0] * 6)


@pytest.mark.parametrize("whole_shells", [True, False])
def test_lonely_atom_passes_through_features_and_network(cubic: Build, whole_shells: bool) -> None:
    lonely, dense = cubic("sc", 20.0), cubic("fcc", 3.6)
    assert len(nearest_neighbours([lonely], 12, RADIUS_A, whole_shells).centre) == 0
    config = FAMILY.presets["demo"]
    network = FAMILY.network(config).eval()
    features = FAMILY.featurize([dense, lonely, dense, lonely], config)
    assert features.counts["edge"].tolist()[1::2] == [0, 0]
    assert features.counts["atom"].tolist() == [1, 1, 1, 1]
    with torch.no_grad():
        answers = network(features.batch(torch.arange(4)))
        alone = network(FAMILY.featurize([lonely], config).batch(torch.arange(1)))
    assert torch.isfinite(answers).all()
    assert torch.allclose(answers[1:2], alone, atol=1e-5)
    assert torch.allclose(answers[0], answers[2])


def test_overlapping_atoms_are_refused_and_the_crystal_is_named(cubic: Build) -> None:
    lattice = np.eye(3) * 4.0
    for apart_A in (0.0, 0.45):
        pair = make_crystal(lattice, ["Cu", "Au"], [[0, 0, 0], [apart_A / 4, 0, 0]])
        with pytest.raises(BadInput, match=f"CuAu: atoms overlap.*{apart_A:.3f}"):
            nearest_neighbours([cubic("fcc"), pair, cubic("bcc")], 12, RADIUS_A)
        with pytest.raises(BadInput, match=f"CuAu: atoms overlap.*{apart_A:.3f}"):
            check_overlap(pair)
    close = make_crystal(lattice, ["H", "H"], [[0, 0, 0], [0.55 / 4, 0, 0]])
    assert nearest_neighbours([close], 1, RADIUS_A).distance_A == pytest.approx([0.55, 0.55])
    check_overlap(close)


def test_atom_that_overlaps_its_own_image_is_refused() -> None:
    chain = make_crystal(np.diag([0.4, 10.0, 10.0]), ["Cu"], [[0, 0, 0]])
    for refuse in (lambda: nearest_neighbours([chain], 12, RADIUS_A), lambda: check_overlap(chain)):
        with pytest.raises(BadInput, match="overlap"):
            refuse()


def test_radius_bounds_the_neighbours() -> None:
    config = GraphConfig()
    assert (config.neighbours, config.radius_A) == (12, 8.0)
    crystal = make_crystal(np.diag([3.0, 5.0, 7.0]), ["Cu"], [[0, 0, 0]])
    assert nearest_neighbours([crystal], 12, 4.0).distance_A == pytest.approx([3.0, 3.0])
    assert nearest_neighbours([crystal], 12, 5.5).distance_A == pytest.approx([3.0] * 2 + [5.0] * 2)
