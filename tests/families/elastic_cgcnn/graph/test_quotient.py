"""The quotient graph: the same answers as the whole graph, with no atom computed twice."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch

from matops.core.learning.features import PackedFeatures
from matops.families.elastic_cgcnn import FAMILY, POINTERS
from matops.families.elastic_cgcnn.config import ElasticConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal, make_crystal
from matops.families.elastic_cgcnn.features import _graph_arrays, featurize
from matops.families.elastic_cgcnn.graph.descriptors import bond_orders, crystal_states
from matops.families.elastic_cgcnn.graph.neighbours import Neighbours, nearest_neighbours
from matops.families.elastic_cgcnn.graph.quotient import Atoms, QuotientGraph, quotient_graph
from matops.families.elastic_cgcnn.model import CrystalGraphNetwork

Build = Callable[..., Crystal]
CONFIG = ElasticConfig()
GRAPH = CONFIG.graph


def atoms_and_edges(crystals: list[Crystal]) -> tuple[Atoms, Neighbours]:
    edges = nearest_neighbours(crystals, GRAPH.neighbours, GRAPH.radius_A, GRAPH.whole_shells)
    numbers = np.concatenate([crystal.numbers for crystal in crystals])
    owner = np.repeat(np.arange(len(crystals)), [len(c.numbers) for c in crystals])
    return Atoms(owner, numbers, bond_orders(numbers, edges)), edges


def whole_graph(crystals: list[Crystal]) -> PackedFeatures:
    """Features in which every atom and every edge stands for itself."""
    atoms, edges = atoms_and_edges(crystals)
    share = 1 / np.bincount(atoms.crystal)[atoms.crystal]
    graph = QuotientGraph(
        atoms, share, edges.centre, edges.neighbour, edges.distance_A, edges.weight
    )
    arrays = _graph_arrays(graph, len(crystals))
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    counts = {axis: tensors.pop(f"count.{axis}") for axis in ("atom", "edge")}
    tensors["sample.state"] = torch.from_numpy(crystal_states(crystals, edges)).float()
    return PackedFeatures(tensors, counts, POINTERS)


def seasoned_network(crystals: list[Crystal]) -> CrystalGraphNetwork:
    """A network whose batch statistics and weights are those of a few steps of training."""
    torch.manual_seed(0)
    network = FAMILY.network(CONFIG).train()
    features = featurize(crystals, GRAPH)
    batch, truth = features.batch(torch.arange(len(crystals))), torch.randn(len(crystals), 2)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(25):
        optimiser.zero_grad()
        (network(batch) - truth).square().mean().backward()
        optimiser.step()
    return network.eval()


def answers(network: CrystalGraphNetwork, features: PackedFeatures) -> np.ndarray:
    with torch.no_grad():
        return network(features.batch(torch.arange(len(features)))).numpy()


def sizes(crystal: Crystal) -> tuple[int, int]:
    features = featurize([crystal], GRAPH)
    return int(features.counts["atom"][0]), int(features.counts["edge"][0])


def repeated(crystal: Crystal, n: int) -> Crystal:
    shifts = np.array(list(product(range(n), repeat=3)))
    frac = ((crystal.frac_coords[None] + shifts[:, None]) / n).reshape(-1, 3)
    return make_crystal(crystal.lattice_A * n, crystal.symbols * n**3, frac)


def test_network_answers_the_same_on_the_quotient_as_on_the_whole_graph(
    crystals: list[Crystal], random_crystal: Build
) -> None:
    crystals = [*crystals, repeated(random_crystal(5, 4), 2), random_crystal(6, 64, ("Fe", "Ni"))]
    network = seasoned_network(crystals)
    reduced = answers(network, featurize(crystals, GRAPH))
    whole = answers(network, whole_graph(crystals))
    assert reduced.std(axis=0).min() > 0.1
    assert reduced == pytest.approx(whole, abs=1e-4)


def test_supercell_is_answered_like_its_primitive_cell(crystals: list[Crystal]) -> None:
    network = seasoned_network(crystals)
    once = answers(network, featurize(crystals, GRAPH))
    eight = answers(network, featurize([repeated(crystal, 2) for crystal in crystals], GRAPH))
    assert eight == pytest.approx(once, abs=1e-4)


def test_element_is_one_node_and_rock_salt_two(cubic: Build, rock_salt: Crystal) -> None:
    assert sizes(cubic("fcc")) == (1, 1)
    assert sizes(cubic("bcc")) == (1, 2)
    assert sizes(rock_salt)[0] == 2


def test_heusler_has_one_node_an_element(heusler: Crystal) -> None:
    graph = quotient_graph(*atoms_and_edges([heusler]))
    share = dict(zip(graph.nodes.number.tolist(), graph.share.tolist(), strict=True))
    assert share == {3: 0.25, 64: 0.25, 79: 0.5}


def test_supercell_has_the_graph_of_its_primitive_cell(crystals: list[Crystal]) -> None:
    for crystal in crystals:
        assert sizes(repeated(crystal, 2)) == sizes(crystal)


def test_crystal_without_symmetry_is_not_reduced(random_crystal: Build) -> None:
    for seed in range(3):
        crystal = random_crystal(seed, 24, ("Cu",))
        assert sizes(crystal)[0] == 24


def test_same_element_on_two_sites_is_two_nodes() -> None:
    """A15: the six chain atoms are alike, the two cubic ones are others, of the same element."""
    chains = [[0.25, 0, 0.5], [0.75, 0, 0.5], [0.5, 0.25, 0], [0.5, 0.75, 0]]
    chains += [[0, 0.5, 0.25], [0, 0.5, 0.75]]
    tungsten = make_crystal(np.eye(3) * 5.05, ["W"] * 8, [[0, 0, 0], [0.5, 0.5, 0.5], *chains])
    graph = quotient_graph(*atoms_and_edges([tungsten]))
    assert sorted(graph.share.tolist()) == [0.25, 0.75]


def test_difference_beyond_the_first_shell_keeps_atoms_apart() -> None:
    """Layers AAAB: the A layers differ only in how far B is."""
    n = 8
    frac = [[0, 0, k / n] for k in range(n)]
    layers = make_crystal(np.diag([3, 3, 3.0 * n]), ["Cu"] * (n - 1) + ["Au"], frac)
    graph = quotient_graph(*atoms_and_edges([layers]))
    assert sorted(graph.share.tolist()) == [1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 4]


def test_shares_of_a_crystal_and_weights_of_a_node_add_up(crystals: list[Crystal]) -> None:
    graph = quotient_graph(*atoms_and_edges(crystals))
    assert np.bincount(graph.nodes.crystal, graph.share) == pytest.approx([1.0] * len(crystals))
    assert np.bincount(graph.centre, graph.weight) == pytest.approx([12.0] * len(graph.share))
    assert (graph.nodes.crystal[graph.centre] == graph.nodes.crystal[graph.neighbour]).all()


def test_mean_distance_of_a_crystal_survives(crystals: list[Crystal]) -> None:
    atoms, edges = atoms_and_edges(crystals)
    graph = quotient_graph(atoms, edges)
    owner, n = atoms.crystal, len(crystals)
    whole = np.bincount(owner[edges.centre], edges.weight * edges.distance_A, n)
    weight = graph.weight * graph.share[graph.centre]
    reduced = np.bincount(graph.nodes.crystal[graph.centre], weight * graph.distance_A, n)
    assert reduced == pytest.approx(whole / np.bincount(owner), rel=1e-5)


def test_two_copies_of_a_crystal_stay_two_crystals(rock_salt: Crystal) -> None:
    features = featurize([rock_salt, rock_salt], GRAPH)
    assert features.counts["atom"].tolist() == [2, 2]
    assert features.counts["edge"][0] == features.counts["edge"][1]
