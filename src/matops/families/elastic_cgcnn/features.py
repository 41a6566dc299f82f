"""From crystals to the tensors that the network reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from matops.core.learning.features import PackedFeatures
from matops.families.elastic_cgcnn.config import POINTERS, GraphConfig
from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.primitive import primitive_cells
from matops.families.elastic_cgcnn.graph.descriptors import (
    bond_orders,
    crystal_states,
    reduced_lengths,
)
from matops.families.elastic_cgcnn.graph.neighbours import nearest_neighbours
from matops.families.elastic_cgcnn.graph.quotient import Atoms, QuotientGraph, quotient_graph

CRYSTALS_AT_ONCE = 200
"""Bounds the memory of the vectorised steps, and the numbers by which the quotient knows edges."""

Arrays = dict[str, NDArray[Any]]


def featurize(crystals: Sequence[Crystal], config: GraphConfig) -> PackedFeatures:
    """Packed graphs of crystals: axes ``sample``, ``atom`` (classes of atoms) and ``edge``.

    Raises:
        BadInput: atoms overlap.
    """
    starts = range(0, len(crystals), CRYSTALS_AT_ONCE)
    parts = [_featurize_some(crystals[i : i + CRYSTALS_AT_ONCE], config) for i in starts]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    tensors = {name: torch.from_numpy(array) for name, array in joined.items()}
    counts = {axis: tensors.pop(f"count.{axis}") for axis in ("atom", "edge")}
    return PackedFeatures(tensors, counts, POINTERS)


def _featurize_some(given: Sequence[Crystal], config: GraphConfig) -> Arrays:
    crystals = primitive_cells(given)
    edges = nearest_neighbours(crystals, config.neighbours, config.radius_A, config.whole_shells)
    numbers = np.concatenate([crystal.numbers for crystal in crystals])
    owner = np.repeat(np.arange(len(crystals)), [len(c.numbers) for c in crystals])
    graph = quotient_graph(Atoms(owner, numbers, bond_orders(numbers, edges)), edges)
    states = crystal_states(crystals, edges).astype(np.float32)
    return {**_graph_arrays(graph, len(crystals)), "sample.state": states}


def _graph_arrays(graph: QuotientGraph, n_crystals: int) -> Arrays:
    """Arrays of the packed features; pointers count from their crystal's first node."""
    nodes = graph.nodes
    n_nodes = np.bincount(nodes.crystal, minlength=n_crystals)
    starts = (np.cumsum(n_nodes) - n_nodes)[nodes.crystal[graph.centre]]
    return {
        "atom.number": nodes.number,
        "atom.order": nodes.order.astype(np.float32),
        "atom.share": graph.share.astype(np.float32),
        "edge.centre": graph.centre - starts,
        "edge.neighbour": graph.neighbour - starts,
        "edge.distance_A": graph.distance_A.astype(np.float32),
        "edge.reduced_length": reduced_lengths(nodes.number, graph).astype(np.float32),
        "edge.weight": graph.weight.astype(np.float32),
        "count.atom": n_nodes,
        "count.edge": np.bincount(nodes.crystal[graph.centre], minlength=n_crystals),
    }
