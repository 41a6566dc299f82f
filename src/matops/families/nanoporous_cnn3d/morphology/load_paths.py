"""Where the ligaments point, and how straight a way through them is."""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from matops.families.nanoporous_cnn3d.morphology.ligaments import LigamentNetwork
from matops.physics.arrays import FloatArray

CELLS_BESIDE = 1
"""Cells that a path may go back, or too far, along the axis before it closes."""


def alignment(network: LigamentNetwork) -> FloatArray:
    """Mean squared cosine between ligaments and x, y, z, by volume, shape (3,): the fabric tensor.

    A third each without a ligament.
    """
    segments = network.segments
    volume = segments.areas * segments.lengths
    if not len(volume):
        return np.full(3, 1 / 3)
    return np.asarray(volume @ segments.tangents**2 / volume.sum())


def affine_stiffness(network: LigamentNetwork) -> FloatArray:
    """Stiffness C_ii/E if every piece of a ligament were strained as the cell is, shape (3,).

    Volume share of the ligaments times the mean fourth power of their cosines: an upper bound,
    reached by straight ligaments along the axis.
    """
    segments = network.segments
    volume = segments.areas * segments.lengths
    return np.asarray(volume @ segments.tangents**4 / network.n**3)


def straightness(network: LigamentNetwork) -> FloatArray:
    """Cell's edge over the length of the shortest way along the ligaments to the next cell.

    Along x, y, z, shape (3,): the inverse of the tortuosity, 1 for a straight way and 0 where
    there is none. The way ends at the image of the node where it starts, in the next cell along
    the axis and in any cell beside it.
    """
    return np.array([_straightness_along(network, axis) for axis in range(3)])


def _straightness_along(network: LigamentNetwork, axis: int) -> float:
    n_nodes, layers = len(network.nodes), 2 + 2 * CELLS_BESIDE
    if not n_nodes:
        return 0.0
    nodes = np.arange(n_nodes)
    ways = _unrolled(network, axis, layers)
    lengths = dijkstra(ways, directed=False, indices=CELLS_BESIDE * n_nodes + nodes)
    shortest = lengths[nodes, (CELLS_BESIDE + 1) * n_nodes + nodes].min()
    return float(network.n / shortest)


def _unrolled(network: LigamentNetwork, axis: int, layers: int) -> csr_array:
    """Lengths of the ligaments between the nodes of several cells in a row."""
    n_nodes = len(network.nodes)
    start, end = network.ends.T
    crossings = network.cells_crossed[:, axis]
    layer = np.arange(layers)[:, None]
    inside = (layer + crossings >= 0) & (layer + crossings < layers)
    rows = (layer * n_nodes + start)[inside]
    columns = ((layer + crossings) * n_nodes + end)[inside]
    weights = np.broadcast_to(network.lengths, inside.shape)[inside]
    # Of parallel ligaments the shortest counts; a sparse matrix would add them up.
    pairs = np.sort(np.stack([rows, columns]), axis=0)
    order = np.lexsort((weights, pairs[1], pairs[0]))
    first = np.unique(pairs[:, order], axis=1, return_index=True)[1]
    chosen = order[first]
    size = layers * n_nodes
    return csr_array((weights[chosen], (pairs[0, chosen], pairs[1, chosen])), shape=(size, size))
