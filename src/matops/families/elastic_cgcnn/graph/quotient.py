"""The quotient graph: atoms that the network can't tell apart are computed once.

Atoms of the same element whose neighbourhoods agree to any depth have the same vector after every
convolution. They are one node with a multiplicity, and edges to neighbours of one kind at one
distance are one edge with the sum of the weights. That is exact, several times less work (crystals
are symmetric), and it gives a supercell literally the graph of its primitive cell.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matops.families.elastic_cgcnn.graph.neighbours import Neighbours
from matops.physics.arrays import FloatArray, IntArray

DISTANCE_TOLERANCE_A = 1e-4
"""Distances within one crystal that differ by less are one distance."""

ORDER_DECIMALS = 3
"""Bond orders are compared after rounding to so many decimals."""

Hashes = NDArray[np.uint64]


@dataclass(frozen=True)
class Atoms:
    """Atoms of one or more crystals."""

    crystal: IntArray  # crystal of each atom, ascending from zero, shape (n_atoms,)
    number: IntArray  # atomic number, shape (n_atoms,)
    order: FloatArray  # bond orders, shape (n_atoms, n_orders)


@dataclass(frozen=True)
class QuotientGraph:
    """Nodes and edges that stand for equivalent atoms and their neighbours."""

    nodes: Atoms  # the nodes, described as atoms are
    share: FloatArray  # share of its crystal's atoms that a node stands for, shape (n_nodes,)
    centre: IntArray  # node whose neighbourhood an edge belongs to, ascending, shape (n_edges,)
    neighbour: IntArray  # node at the other end, shape (n_edges,)
    distance_A: FloatArray  # distance, shape (n_edges,), Å
    weight: FloatArray  # places that the edge takes, shape (n_edges,)


def _mix(values: NDArray[np.generic]) -> Hashes:
    """Scatter integers over 64 bits. Source: Steele et al., OOPSLA 2014 (SplitMix64)."""
    z = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def _classes(hashes: Hashes) -> IntArray:
    """Class of each atom, numbered in the order of first appearance."""
    number: dict[int, int] = {}
    return np.array([number.setdefault(each, len(number)) for each in hashes.tolist()], np.int64)


def _distance_levels(crystal: IntArray, distance_A: FloatArray) -> IntArray:
    """Number of each edge's distance; equal within a crystal's tolerance, never across crystals."""
    order = np.lexsort((distance_A, crystal))
    opens = np.diff(distance_A[order], prepend=-1.0) > DISTANCE_TOLERANCE_A
    opens |= np.diff(crystal[order], prepend=-1) != 0
    levels = np.empty(len(order), dtype=np.int64)
    levels[order] = np.cumsum(opens) - 1
    return levels


def _initial_classes(atoms: Atoms) -> IntArray:
    rounded = np.rint(atoms.order * 10**ORDER_DECIMALS).astype(np.int64)
    places = _mix(np.arange(rounded.shape[1]))
    of_orders = _mix(places + rounded.astype(np.uint64)).sum(axis=1)
    return _classes(_mix(atoms.crystal) + _mix(_mix(atoms.number)) + of_orders)


def equivalent_atoms(atoms: Atoms, edges: Neighbours, levels: IntArray) -> IntArray:
    """Class of each atom: the coarsest partition in which a class has one neighbourhood.

    Classes are split by their neighbours' classes, distances and weights until none splits any
    more. Two different neighbourhoods are taken for one with a probability of about 2⁻⁶⁴.

    Source: Weisfeiler and Leman (1968); Cardon and Crochemore, Theor. Comput. Sci. 19, 85 (1982).
    """
    weight = np.round(edges.weight * 1e6).astype(np.uint64)
    distance = _mix(levels)
    classes = _initial_classes(atoms)
    while True:
        neighbourhood = np.zeros(len(classes), dtype=np.uint64)
        neighbour = _mix(distance + classes[edges.neighbour].astype(np.uint64))
        np.add.at(neighbourhood, edges.centre, weight * neighbour)
        finer = _classes(_mix(classes) + neighbourhood)
        if len(finer) == 0 or finer.max() == classes.max():
            return classes
        classes = finer


def _class_means(classes: IntArray, count: IntArray, values: FloatArray) -> FloatArray:
    in_order = values[np.argsort(classes, kind="stable")]
    return np.asarray(np.add.reduceat(in_order, np.cumsum(count) - count) / count[:, None])


def quotient_graph(atoms: Atoms, edges: Neighbours) -> QuotientGraph:
    """The quotient of the graphs of one or more crystals; ``edges`` are sorted by centre."""
    levels = _distance_levels(atoms.crystal[edges.centre], edges.distance_A)
    classes = equivalent_atoms(atoms, edges, levels)
    _, representative, count = np.unique(classes, return_index=True, return_counts=True)
    crystal = atoms.crystal[representative]
    is_representative = np.zeros(len(classes), dtype=bool)
    is_representative[representative] = True
    kept = is_representative[edges.centre]
    ends = classes[edges.centre[kept]], levels[kept], classes[edges.neighbour[kept]]
    shape = len(representative), int(levels.max(initial=0)) + 1, len(representative)
    edge, merged = np.unique(np.ravel_multi_index(ends, shape), return_inverse=True)
    centre, level, neighbour = np.unravel_index(edge, shape)
    length_A = np.bincount(levels, edges.distance_A) / np.bincount(levels)
    return QuotientGraph(
        nodes=Atoms(
            crystal, atoms.number[representative], _class_means(classes, count, atoms.order)
        ),
        share=count / np.bincount(atoms.crystal)[crystal],
        centre=centre,
        neighbour=neighbour,
        distance_A=length_A[level],
        weight=np.bincount(merged, edges.weight[kept], len(edge)).astype(float),
    )
