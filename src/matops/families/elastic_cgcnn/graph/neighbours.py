"""Who is whose neighbour in a crystal, invariant to how the crystal is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.families.elastic_cgcnn.crystals.crystal import MIN_DISTANCE_A, Crystal
from matops.physics.arrays import FloatArray, IntArray

SHELL_TOLERANCE_A = 1e-3
"""Neighbours whose distances differ by less are one shell; CIFs round at about 1e-5 Å."""
FIRST_SPHERE = 2.5
"""Atoms in the sphere that is searched first, for each neighbour that is asked for."""


@dataclass(frozen=True)
class Neighbours:
    """Directed edges of one or more crystal graphs, sorted by centre and distance."""

    centre: IntArray  # atom whose neighbourhood it is, shape (n_edges,)
    neighbour: IntArray  # atom at the other end, shape (n_edges,)
    vector_A: FloatArray  # from the centre to the neighbour, shape (n_edges, 3), Å
    distance_A: FloatArray  # its length, shape (n_edges,), Å
    # places that the edge takes, shape (n_edges,). An atom's weights add up to the number of
    # neighbours asked for, or to what it has within the radius
    weight: FloatArray


Pairs = tuple[IntArray, IntArray, FloatArray, FloatArray]


def _search(crystal: Crystal, radius_A: float, quantities: str) -> list[NDArray[Any]]:
    """What is asked of all pairs within a radius, unsorted: ``i``, ``j``, ``d`` and ``D``."""
    import vesin  # which imports PyTorch where there is one

    # More threads cost a crystal of a few atoms more time than they save.
    search = vesin.NeighborList(cutoff=radius_A, full_list=True, n_threads=1)
    found: list[NDArray[Any]] = search.compute(
        points=crystal.cart_coords_A, box=crystal.lattice_A, periodic=True, quantities=quantities
    )
    return found


def _pairs(crystal: Crystal, radius_A: float) -> Pairs:
    """Centres, neighbours, distances and vectors of all pairs within a radius, unsorted."""
    i, j, distance, vector = _search(crystal, radius_A, "ijdD")
    return i.astype(np.int64), j.astype(np.int64), distance, vector


def _join(by_crystal: Sequence[Pairs], sizes: IntArray) -> Neighbours:
    """Pairs of all crystals, their atoms numbered one crystal after the other, sorted."""
    shift = np.repeat(np.cumsum(sizes) - sizes, [len(pairs[0]) for pairs in by_crystal])
    i, j, distance, vector = (np.concatenate(part) for part in zip(*by_crystal, strict=True))
    order = np.lexsort((distance, i + shift))
    pairs = Neighbours(i + shift, j + shift, vector, distance, np.ones(len(order)))
    return _keep(pairs, order, pairs.weight)


def _radii_A(crystals: Sequence[Crystal], n_atoms: float) -> FloatArray:
    """Radii of the spheres that hold so many atoms at each crystal's mean density, Å."""
    lattices_A = np.stack([crystal.lattice_A for crystal in crystals])
    volumes_A3 = np.abs(np.linalg.det(lattices_A)) / [len(c.numbers) for c in crystals]
    return np.asarray(np.cbrt(3 * n_atoms * volumes_A3 / (4 * np.pi)))


def _rank(pairs: Neighbours) -> IntArray:
    """Number of each edge among those of its centre, from zero, shape (n_edges,)."""
    return np.arange(len(pairs.centre)) - np.searchsorted(pairs.centre, pairs.centre)


def _shells(pairs: Neighbours) -> tuple[IntArray, IntArray]:
    """Shell of each edge, and the number of its centre's neighbours inside that shell."""
    rank = _rank(pairs)
    opens = (rank == 0) | (np.diff(pairs.distance_A, prepend=0.0) > SHELL_TOLERANCE_A)
    shell = np.cumsum(opens) - 1
    return shell, rank[opens][shell]


def _complete_pairs(
    crystals: Sequence[Crystal], sizes: IntArray, count: int, radius_A: float
) -> Neighbours:
    """Pairs that contain every atom's ``count`` nearest, with the last shell complete.

    A small radius is tried first, and larger ones where that does not prove to be enough.
    """
    owner = np.repeat(np.arange(len(crystals)), sizes)
    by_crystal: dict[int, Pairs] = {}
    unproven, sought = list(range(len(crystals))), FIRST_SPHERE * count
    while True:
        wanted_A = _radii_A([crystals[i] for i in unproven], sought)
        radii_A = dict(zip(unproven, np.minimum(wanted_A, radius_A).tolist(), strict=True))
        by_crystal |= {i: _pairs(crystals[i], radius) for i, radius in radii_A.items()}
        pairs = _join([by_crystal[i] for i in range(len(crystals))], sizes)
        # A shell that starts beyond the last place proves that the nearer ones are complete.
        proven = np.zeros(int(sizes.sum()), dtype=bool)
        proven[pairs.centre[_shells(pairs)[1] >= count]] = True
        lacking = np.unique(owner[~proven]).tolist()
        unproven = [i for i in lacking if radii_A.get(i, radius_A) < radius_A]
        if not unproven:
            return pairs
        sought *= 2


def nearest_neighbours(
    crystals: Sequence[Crystal], count: int, radius_A: float, whole_shells: bool = True
) -> Neighbours:
    """The ``count`` nearest neighbours of every atom, or as many as lie within the radius, in Å.

    Cutting through a shell of equally distant neighbours, as the published network does, keeps
    some of them by the accident of their order, so that a supercell may get another answer. With
    ``whole_shells`` the last shell is taken whole and shares out the places that are left. Atoms
    are numbered one crystal after the other.

    Raises:
        BadInput: two atoms overlap.
    """
    sizes = np.array([len(crystal.numbers) for crystal in crystals])
    pairs = _complete_pairs(crystals, sizes, count, radius_A)
    if len(pairs.centre) and pairs.distance_A.min() < MIN_DISTANCE_A:
        owner = np.repeat(np.arange(len(crystals)), sizes)
        worst = crystals[owner[pairs.centre[pairs.distance_A.argmin()]]]
        raise _overlap(worst, pairs.distance_A)
    if not whole_shells:
        return _keep(pairs, _rank(pairs) < count, pairs.weight)
    shell, inside = _shells(pairs)
    places = (count - inside) / np.bincount(shell)[shell]
    return _keep(pairs, inside < count, np.minimum(1.0, places))


def check_overlap(crystal: Crystal) -> None:
    """Whether all atoms of a crystal are apart, which costs a third of asking for neighbours.

    Raises:
        BadInput: two atoms overlap.
    """
    (distance_A,) = _search(crystal, MIN_DISTANCE_A, "d")
    if len(distance_A) and distance_A.min() < MIN_DISTANCE_A:
        raise _overlap(crystal, distance_A)


def _overlap(crystal: Crystal, distance_A: FloatArray) -> BadInput:
    nearest_A = distance_A.min()
    return BadInput(f"{crystal.reduced_formula}: atoms overlap: two are {nearest_A:.3f} Å apart")


def _keep(pairs: Neighbours, kept: NDArray[Any], weight: FloatArray) -> Neighbours:
    parts = (pairs.centre, pairs.neighbour, pairs.vector_A, pairs.distance_A, weight)
    return Neighbours(*(part[kept] for part in parts))
