"""Crystal-level numbers that the network sees beside the graph."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from matops.families.elastic_cgcnn.crystals.crystal import Crystal
from matops.families.elastic_cgcnn.crystals.elements import (
    PROPERTIES,
    atomic_masses_u,
    continuous_properties,
    covalent_radii_A,
)
from matops.families.elastic_cgcnn.graph.neighbours import Neighbours
from matops.families.elastic_cgcnn.graph.quotient import QuotientGraph
from matops.physics.arrays import FloatArray, IntArray
from matops.physics.bond_order import bond_order

STATE = (
    "log volume per atom / Å³",
    "log mean atomic mass per volume / (u/Å³)",
    "log packing fraction of covalent spheres",
    "mean electronegativity (standardised)",
    "standard deviation of the electronegativity",
    "mean reduced bond length",
    "shortest reduced bond length",
)
"""The columns of :func:`crystal_states`; a reduced length is one over the sum of covalent radii."""

NO_BOND = 3.0
"""Reduced length that stands for "no neighbour within the radius"."""

BOND_DECAYS = (0.0, 4.0, 10.0)
"""Decays of the bond weights exp(-decay × reduced length): all neighbours, near ones, nearest."""

LARGEST_DEGREE = 8
N_BOND_ORDERS = len(BOND_DECAYS) * LARGEST_DEGREE


def reduced_lengths(numbers: IntArray, edges: Neighbours | QuotientGraph) -> FloatArray:
    """Edge lengths over the sums of the covalent radii of their ends, shape (n_edges,)."""
    radii = covalent_radii_A()[numbers]
    return np.asarray(edges.distance_A / (radii[edges.centre] + radii[edges.neighbour]))


def bond_orders(numbers: IntArray, edges: Neighbours) -> FloatArray:
    """Bond-orientational order of every atom for each decay, shape (n_atoms, 24).

    A graph of distances knows no angles, and shear stiffness is made of them.
    """
    first = np.searchsorted(edges.centre, np.arange(len(numbers) + 1))
    counts = np.diff(first)
    directions = edges.vector_A / edges.distance_A[:, None]
    decay = np.exp(-np.array(BOND_DECAYS)[:, None] * reduced_lengths(numbers, edges))
    weights = decay * edges.weight
    orders = np.zeros((len(numbers), len(BOND_DECAYS), LARGEST_DEGREE))
    # Atoms with equally many neighbours are computed together, so that no place is wasted.
    for count in np.unique(counts[counts > 0]):
        atoms = np.flatnonzero(counts == count)
        rows = first[atoms][:, None] + np.arange(count)
        shares = weights[:, rows].transpose(1, 0, 2)
        shares = shares / shares.sum(axis=2, keepdims=True)
        orders[atoms] = bond_order(directions[rows], shares, LARGEST_DEGREE)
    return orders.reshape(len(numbers), N_BOND_ORDERS)


def _means(values: FloatArray, counts: IntArray) -> FloatArray:
    """Means over each crystal's atoms of values of shape (n_atoms, k): (n_crystals, k)."""
    first = np.cumsum(counts) - counts
    return np.asarray(np.add.reduceat(values, first) / counts[:, None])


@cache
def _masses_and_spheres() -> FloatArray:
    """Atomic mass in u and volume of the covalent sphere in Å³ by atomic number, (104, 2)."""
    return np.column_stack([atomic_masses_u(), 4 / 3 * np.pi * covalent_radii_A() ** 3])


def _sizes(crystals: Sequence[Crystal], counts: IntArray) -> FloatArray:
    """The first three columns of STATE."""
    numbers = np.concatenate([crystal.numbers for crystal in crystals])
    lattices_A = np.stack([crystal.lattice_A for crystal in crystals])
    volume = np.abs(np.linalg.det(lattices_A)) / counts
    mass, filled = _means(_masses_and_spheres()[numbers], counts).T
    return np.asarray(np.log(np.column_stack([volume, mass / volume, filled / volume])))


def crystal_states(crystals: Sequence[Crystal], edges: Neighbours) -> FloatArray:
    """Global descriptors of crystals, shape (n_crystals, 7); see STATE.

    The atoms of ``edges`` are numbered one crystal after the other.
    """
    numbers = np.concatenate([crystal.numbers for crystal in crystals])
    counts = np.array([len(crystal.numbers) for crystal in crystals])
    owner = np.repeat(np.arange(len(crystals)), counts)[edges.centre]
    lengths = reduced_lengths(numbers, edges)
    total = np.bincount(owner, edges.weight, len(crystals))
    mean = np.full(len(crystals), NO_BOND)
    summed = np.bincount(owner, edges.weight * lengths, len(crystals))
    np.divide(summed, total, mean, where=total > 0)
    shortest = np.full(len(crystals), NO_BOND)
    np.minimum.at(shortest, owner, lengths)
    electronegativity = continuous_properties()[numbers, PROPERTIES.index("X")]
    own = _mean_and_spread(electronegativity[:, None], counts)
    return np.column_stack([_sizes(crystals, counts), own, mean, shortest])


def _mean_and_spread(values: FloatArray, counts: IntArray) -> FloatArray:
    """Means and standard deviations over each crystal's atoms, shape (n_crystals, 2 k)."""
    mean = _means(values, counts)
    spread = np.sqrt(_means((values - np.repeat(mean, counts, axis=0)) ** 2, counts))
    return np.concatenate([mean, spread], axis=1)
