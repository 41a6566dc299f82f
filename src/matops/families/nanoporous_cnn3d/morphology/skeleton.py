"""The skeleton of a periodic solid, cut into chains of voxels between junctions."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra
from skimage.morphology import skeletonize

from matops.physics.arrays import BoolArray, FloatArray, IntArray

_FORWARD = np.array([step for step in product((-1, 0, 1), repeat=3) if step > (0, 0, 0)])


@dataclass(frozen=True)
class Chains:
    """The voxels of a skeleton, told apart into junctions and chains between them."""

    node: IntArray  # junction that a voxel belongs to, -1 elsewhere, shape (n_voxels,)
    ends: IntArray  # junctions at a chain's start and end, shape (n_chains, 2)
    voxel: IntArray  # voxels of all chains, each chain from start to end, shape (n_chain_voxels,)
    owner: IntArray  # chain of each of those, ascending, shape (n_chain_voxels,)


def thin(solid: BoolArray) -> BoolArray:
    """The skeleton of a periodic solid, one voxel thin, shape (n, n, n).

    The cell is surrounded by its images and cut out again. Thinning looks about as far as the
    solid is thick, so a quarter of a cell on each side is enough for most solids; half a cell is
    taken where the seam shows that it wasn't.

    Source: Lee, Kashyap and Chu, CVGIP 56, 462 (1994), as in scikit-image.
    """
    n = len(solid)
    for margin in (max(n // 4, 2), max(n // 2, 2)):
        padded = _thin_with_held_ends(np.pad(solid, margin, mode="wrap"))
        if _is_periodic(padded, margin, n):
            break
    core = slice(margin, margin + n)
    return padded[core, core, core]


def _thin_with_held_ends(block: BoolArray) -> BoolArray:
    """The skeleton of a block whose ligaments go on outside.

    A wall around the block holds the ends of cut ligaments. Left free, they would draw back, and
    those with an even number of voxels across would vanish (scikit-image issue 3757).
    """
    walled = np.pad(block, 1, constant_values=True)
    skeleton = skeletonize(walled)  # type: ignore[no-untyped-call]
    return np.asarray(skeleton[1:-1, 1:-1, 1:-1], dtype=np.bool_)


def _is_periodic(padded: BoolArray, margin: int, n: int) -> bool:
    """Whether the layers on both sides of the cell's faces repeat across the cell."""
    around = slice(margin - 1, margin + n + 1)
    framed = padded[around, around, around]
    return all(
        np.array_equal(np.take(framed, (0, 1), axis), np.take(framed, (n, n + 1), axis))
        for axis in range(3)
    )


def neighbour_pairs(voxels: IntArray, n: int) -> IntArray:
    """Pairs of voxels (n_voxels, 3) that share a face, edge or corner, shape (n_pairs, 2)."""
    place = np.full((n, n, n), -1)
    place[tuple(voxels.T)] = np.arange(len(voxels))
    neighbours = place[tuple(np.moveaxis((voxels[:, None] + _FORWARD) % n, -1, 0))]
    voxel, step = np.nonzero(neighbours >= 0)
    return np.stack([voxel, neighbours[voxel, step]], axis=1)


def without_dead_ends(pairs: IntArray, n_voxels: int) -> IntArray:
    """The pairs that lie on closed loops or between them: nothing else can carry load.

    A voxel whose neighbours all touch each other joins nothing that isn't joined without it: the
    tip of a dead end, and the corner that is left where one began. Such voxels go until none is
    left.
    """
    while True:
        degree = np.bincount(pairs.ravel(), minlength=n_voxels)
        touching = _graph(np.concatenate([pairs, pairs[:, ::-1]]), n_voxels).tocsr()
        triangles = (touching @ touching).multiply(touching).sum(axis=1) / 2
        needed = triangles < degree * (degree - 1) / 2
        kept = pairs[needed[pairs].all(axis=1)]
        if len(kept) == len(pairs):
            return pairs
        pairs = kept


def cut_into_chains(pairs: IntArray, n_voxels: int) -> Chains:
    """Junctions are connected voxels with more than two neighbours; chains run between them.

    A ring without a junction is cut open at one voxel, which becomes a junction of its own.
    ``pairs``, shape (n_pairs, 2), have no dead ends.
    """
    degree = np.bincount(pairs.ravel(), minlength=n_voxels)
    joint = degree > 2
    joint |= _ring_cuts(pairs, joint, degree == 2)
    link = (degree == 2) & ~joint
    junction = _components(pairs[joint[pairs].all(axis=1)], n_voxels)[joint]
    node = np.full(n_voxels, -1)
    node[joint] = np.unique(junction, return_inverse=True)[1]

    within = pairs[link[pairs].all(axis=1)]
    component = _components(within, n_voxels)
    contact = _contacts(pairs, joint, link)
    # Every chain has two contacts: sorted by chain, a start and a stop take turns.
    contact = contact[np.argsort(component[contact[:, 0]], kind="stable")]
    starts, stops = contact[0::2], contact[1::2]
    voxel = np.flatnonzero(link)
    order = np.lexsort((_steps_from(starts[:, 0], within, n_voxels)[voxel], component[voxel]))
    owner = np.unique(component[voxel[order]], return_inverse=True)[1]
    ends = np.stack([node[starts[:, 1]], node[stops[:, 1]]], axis=1)
    return Chains(node, ends, voxel[order], owner)


def _ring_cuts(pairs: IntArray, joint: BoolArray, link: BoolArray) -> BoolArray:
    """One voxel of each ring that meets no junction."""
    component = _components(pairs[link[pairs].all(axis=1)], len(link))
    held = component[_contacts(pairs, joint, link)[:, 0]]
    free = np.flatnonzero(link & ~np.isin(component, held))
    cuts = np.zeros(len(link), dtype=np.bool_)
    cuts[free[np.unique(component[free], return_index=True)[1]]] = True
    return cuts


def _contacts(pairs: IntArray, joint: BoolArray, link: BoolArray) -> IntArray:
    """Pairs of a chain's voxel (first column) and a junction's (second column)."""
    ordered = np.where(link[pairs[:, :1]], pairs, pairs[:, ::-1])
    return ordered[link[ordered[:, 0]] & joint[ordered[:, 1]]]


def _components(pairs: IntArray, n_voxels: int) -> IntArray:
    """Number of the connected piece that each voxel belongs to, shape (n_voxels,)."""
    pieces = connected_components(_graph(pairs, n_voxels), directed=False)[1]
    return np.asarray(pieces, dtype=np.int64)


def _steps_from(sources: IntArray, pairs: IntArray, n_voxels: int) -> FloatArray:
    """Steps from the nearest source along the pairs, infinite where none leads there."""
    if not len(sources):
        return np.full(n_voxels, np.inf)
    graph = _graph(pairs, n_voxels)
    return np.asarray(dijkstra(graph, directed=False, indices=sources, min_only=True))


def _graph(pairs: IntArray, n_voxels: int) -> coo_array:
    return coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n_voxels, n_voxels))
