"""Packed features: what the network reads, sample by sample."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn import features as features_module
from matops.families.elastic_cgcnn.config import GraphConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.families.elastic_cgcnn.crystals.elements import PROPERTIES
from matops.families.elastic_cgcnn.domain import describe
from matops.families.elastic_cgcnn.features import featurize
from matops.families.elastic_cgcnn.gates import REWRITINGS
from matops.families.elastic_cgcnn.graph.descriptors import N_BOND_ORDERS, STATE

Build = Callable[..., Crystal]
GRAPH = GraphConfig()


def test_arrays_have_one_row_an_atom_an_edge_or_a_sample(crystals: list[Crystal]) -> None:
    packed = featurize(crystals, GRAPH)
    n_atoms, n_edges = (int(packed.counts[axis].sum()) for axis in ("atom", "edge"))
    assert len(packed) == len(crystals)
    assert packed.tensors["sample.state"].shape == (len(crystals), len(STATE))
    assert packed.tensors["atom.order"].shape == (n_atoms, N_BOND_ORDERS)
    for name, tensor in packed.tensors.items():
        rows = {"atom": n_atoms, "edge": n_edges, "sample": len(crystals)}[name.split(".")[0]]
        assert len(tensor) == rows
        assert torch.isfinite(tensor).all()


def test_pointers_stay_inside_their_own_crystal(crystals: list[Crystal]) -> None:
    packed = featurize(crystals, GRAPH)
    limit = torch.repeat_interleave(packed.counts["atom"], packed.counts["edge"])
    for name in packed.pointers:
        assert (packed.tensors[name] >= 0).all()
        assert (packed.tensors[name] < limit).all()


def test_reduced_length_is_the_distance_over_the_sum_of_covalent_radii(rock_salt: Crystal) -> None:
    packed = featurize([rock_salt], GRAPH)
    batch = packed.batch(torch.arange(1))
    ends = (
        batch["atom.number"][batch["edge.centre"]] + batch["atom.number"][batch["edge.neighbour"]]
    )
    mixed = ends == 11 + 17
    assert batch["edge.distance_A"][mixed].numpy() == pytest.approx(2.82)
    assert batch["edge.reduced_length"][mixed].numpy() == pytest.approx(2.82 / (1.66 + 1.02))


def test_many_crystals_are_featurized_in_pieces_like_one_by_one(
    crystals: list[Crystal], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = featurize(crystals, GRAPH)
    monkeypatch.setattr(features_module, "CRYSTALS_AT_ONCE", 2)
    pieces = featurize(crystals, GRAPH)
    for name, tensor in whole.flat().items():
        assert torch.allclose(pieces.flat()[name].double(), tensor.double(), atol=1e-6), name


@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_state_and_descriptors_do_not_depend_on_how_the_crystal_is_written(
    crystals: list[Crystal], rewriting: str
) -> None:
    rng = np.random.default_rng(3)
    rewritten = [REWRITINGS[rewriting](crystal, rng) for crystal in crystals]
    before, after = featurize(crystals, GRAPH), featurize(rewritten, GRAPH)
    state = before.tensors["sample.state"]
    assert torch.allclose(after.tensors["sample.state"], state, atol=1e-5)
    described = describe(crystals, before)
    assert describe(rewritten, after).vectors == pytest.approx(described.vectors, abs=1e-5)
    assert list(describe(rewritten, after).tokens) == list(described.tokens)
    for axis, counts in before.counts.items():
        assert torch.equal(after.counts[axis], counts)


def test_state_of_copper_is_its_volume_density_and_bond(cubic: Build) -> None:
    state = featurize([cubic("fcc", 3.615)], GRAPH).tensors["sample.state"][0].numpy()
    volume = 3.615**3 / 4
    assert state[0] == pytest.approx(np.log(volume), abs=1e-5)
    assert state[1] == pytest.approx(np.log(63.546 / volume), abs=1e-3)
    assert state[4] == pytest.approx(0.0, abs=1e-6)
    bond = 3.615 / np.sqrt(2) / (2 * 1.32)
    assert state[5:] == pytest.approx([bond, bond], abs=1e-5)


def test_domain_descriptors_have_two_numbers_a_property_and_name_the_elements(
    heusler: Crystal, rock_salt: Crystal
) -> None:
    crystals = [heusler, rock_salt]
    found = describe(crystals, featurize(crystals, GRAPH))
    assert found.vectors.shape == (2, 5 + 2 * len(PROPERTIES) + N_BOND_ORDERS + 4)
    assert found.tokens[0] == {
        *("Li", "Gd", "Au", "3 elements", "alkali metal with lanthanoid"),
        *("alkali metal with transition metal", "lanthanoid with transition metal"),
    }
    assert found.tokens[1] == {"Na", "Cl", "2 elements", "alkali metal with halogen"}


def test_near_bonds_tell_a_stretch_from_atoms_that_were_moved(rock_salt: Crystal) -> None:
    def near(crystal: Crystal) -> np.ndarray:
        return describe([crystal], featurize([crystal], GRAPH)).vectors[0, -4:]

    rng = np.random.default_rng(0)
    moved = (rock_salt.frac_coords + 0.02 * rng.normal(size=rock_salt.frac_coords.shape)) % 1.0
    as_is = near(rock_salt)
    wide = near(Crystal(1.1 * rock_salt.lattice_A, rock_salt.frac_coords, rock_salt.numbers))
    rattled = near(Crystal(rock_salt.lattice_A, moved, rock_salt.numbers))
    # Means, then spreads, for each decay: nearest bonds count alone where it is steep.
    assert wide[2] / as_is[2] == pytest.approx(1.1, abs=0.01)
    assert as_is[3] < rattled[3]
    shortest = featurize([rock_salt], GRAPH).tensors["sample.state"][0, 6]
    assert shortest <= as_is[2] <= as_is[0]


def test_denser_packing_has_the_larger_packing_fraction(cubic: Build) -> None:
    states = featurize([cubic("fcc", 3.6), cubic("fcc", 4.4)], GRAPH).tensors["sample.state"]
    assert states[0, 2] > states[1, 2]


def test_one_overlap_among_many_crystals_is_named(cubic: Build, rock_salt: Crystal) -> None:
    lattice = np.eye(3) * 4.0
    pair = make_crystal(lattice, ["Ni", "Al"], [[0, 0, 0], [0.05, 0, 0]])
    with pytest.raises(BadInput, match="AlNi"):
        featurize([cubic("fcc"), rock_salt, pair], GRAPH)
