"""Crystal graphs: who is whose neighbour, exactly invariant to how the crystal is written."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import vesin
from numpy.typing import NDArray

from matops.core.errors import BadInput
from matops.core.features import PackedFeatures
from matops.families.elastic_cgcnn.crystal import MIN_DISTANCE_A, Crystal

SHELL_TOLERANCE_A = 1e-3
"""Neighbours whose distances differ by less are one shell; CIFs round at about 1e-5 Å."""


@dataclass(frozen=True)
class Neighbours:
    """Edges of one crystal graph, sorted by centre and distance.

    Attributes:
        centre: atom whose neighbourhood it is, shape (n_edges,).
        neighbour: atom at the other end, shape (n_edges,).
        distance_A: distance, shape (n_edges,), Å.
        weight: neighbours that the edge stands for, shape (n_edges,). An atom's weights add up to
            the number of neighbours asked for, or to what it has within the radius.
    """

    centre: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    distance_A: NDArray[np.float64]
    weight: NDArray[np.float64]


def _sorted_pairs(
    crystal: Crystal, radius_A: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Centres, neighbours and distances within a radius, sorted by centre and distance."""
    search = vesin.NeighborList(cutoff=radius_A, full_list=True)
    i, j, distance = search.compute(
        points=crystal.cart_coords_A, box=crystal.lattice_A, periodic=True, quantities="ijd"
    )
    order = np.lexsort((distance, i))
    return i[order].astype(np.int64), j[order].astype(np.int64), distance[order]


def _probable_radius_A(crystal: Crystal, count: int) -> float:
    """Radius of the sphere that holds four times ``count`` atoms at the mean density, Å."""
    volume = 4 * count * crystal.volume_A3 / len(crystal.numbers)
    return float(np.cbrt(3 * volume / (4 * np.pi)))


def nearest_neighbours(
    crystal: Crystal, count: int, radius_A: float, whole_shells: bool = True
) -> Neighbours:
    """The ``count`` nearest neighbours of every atom, or as many as lie within the radius.

    Cutting through a shell of equally distant neighbours, as the published network does, keeps
    some of them by the accident of their order, so that a supercell may get another answer. With
    ``whole_shells`` the last shell is taken whole and shares out the places that are left.

    Raises:
        BadInput: two atoms overlap.
    """
    n_atoms = len(crystal.numbers)
    for radius in (min(_probable_radius_A(crystal, count), radius_A), radius_A):
        i, j, distance = _sorted_pairs(crystal, radius)
        first = np.searchsorted(i, np.arange(n_atoms + 1))
        rank = np.arange(len(i)) - first[i]
        opens = (rank == 0) | (np.diff(distance, prepend=0.0) > SHELL_TOLERANCE_A)
        nearer = rank[opens][np.cumsum(opens) - 1] if len(i) else rank
        # A shell that starts beyond the last place proves that the nearer ones are complete.
        if radius == radius_A or (np.bincount(i[nearer >= count], minlength=n_atoms) > 0).all():
            break
    if len(distance) and distance.min() < MIN_DISTANCE_A:
        raise BadInput(f"atoms overlap: two are {distance.min():.3f} Å apart")
    if not whole_shells:
        kept = rank < count
        return Neighbours(i[kept], j[kept], distance[kept], np.ones(kept.sum()))
    shell = np.cumsum(opens) - 1
    weight = np.minimum(1.0, (count - nearer) / np.bincount(shell)[shell])
    kept = nearer < count
    return Neighbours(i[kept], j[kept], distance[kept], weight[kept])


def merge_parallel(edges: Neighbours) -> Neighbours:
    """One edge for all periodic images of a neighbour at the same distance.

    Their messages are identical, so one message with the sum of the weights is exact.
    """
    opens = np.diff(edges.distance_A, prepend=-1.0) > SHELL_TOLERANCE_A
    opens |= np.diff(edges.centre, prepend=-1) != 0
    key = np.stack([np.cumsum(opens), edges.neighbour], axis=1)
    _, first, merged = np.unique(key, axis=0, return_index=True, return_inverse=True)
    merged = merged.reshape(-1)
    images = np.bincount(merged)
    return Neighbours(
        edges.centre[first],
        edges.neighbour[first],
        np.bincount(merged, edges.distance_A) / images,
        np.bincount(merged, edges.weight),
    )
