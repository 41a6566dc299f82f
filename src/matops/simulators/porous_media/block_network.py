"""A coarse network of pores: blocks, joined by what the windows between their middles conduct.

A block has 4 × 4 pixels of an image or 2 × 2 × 2 voxels of a volume. One whose pores fall into
pieces is as many nodes, so that the network spans exactly where the pores do.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from scipy.ndimage import label
from scipy.sparse import csc_array, dia_array
from scipy.sparse.linalg import cg, splu

from matops.physics.arrays import BoolArray, FloatArray, IntArray
from matops.simulators.porous_media.connectivity import without_dead_ends
from matops.simulators.porous_media.windows import (
    EDGE,
    VOLUME_EDGE,
    window_code,
    window_conductances,
)

DETOUR = 3.0
"""Times its own length that the way between two nodes takes where their window leads nowhere."""

TOLERANCE = 1e-8
"""Of the residual's norm over the load's, of volumes."""


@dataclass(frozen=True, eq=False)
class CoarseDiffusion:
    """Diffusion along x, the last axis, through the network of blocks; h, w of an image."""

    relative_diffusivity: float  # De/D0, as far as the network knows it; 0 only where it is 0
    whole: BoolArray  # the pores in whole blocks, (4 h, 4 w)
    carrying: BoolArray  # those of them that span, without blind ones
    # share of the dissipation on edges along x and along each other axis in turn, half of an edge
    # in each of its two blocks: all sum up to 1, or 0 where nothing flows; (2, h, w)
    shares: FloatArray


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges between nodes, or between nodes and a face."""

    ends: IntArray  # nodes, shape (n, 2), or (n, 1) at a face
    blocks: IntArray  # flat number of the block of each end, same shape
    conductance: FloatArray  # shape (n,)


def coarse_diffusion(pores: BoolArray) -> CoarseDiffusion:
    """De/D0 along the last axis, x, from a network of blocks; shape (rows, columns) or (i, j, k).

    Edges are windows of the size of a block, from the middle of one to the middle of the next, of
    which only the pores of the edge's two nodes count. By the rule of parallel conductors an
    edge's error enters log De with its share of the dissipation. Grids whose edges are no
    multiples of a block's go on as their last layers do, across the flux without one.
    """
    edge = EDGE if pores.ndim == 2 else VOLUME_EDGE
    whole = _in_blocks(pores, edge)
    carrying = without_dead_ends(whole, whole.ndim - 1)
    blocks_along = tuple(cells // edge for cells in whole.shape)
    shares = np.zeros((whole.ndim, *blocks_along))
    if not carrying.any():
        return CoarseDiffusion(0.0, whole, carrying, shares)
    nodes, count = _nodes(carrying, edge)
    blocks = np.arange(prod(blocks_along)).reshape(blocks_along)
    inner = [_edges(nodes, blocks, edge)]
    for axis in range(whole.ndim - 1):
        turned, own = (np.swapaxes(grid, axis, -1) for grid in (nodes, blocks))
        inner.append(_edges(turned, own, edge))
    inlet = _face_edges(nodes, blocks, edge)
    outlet = _face_edges(nodes[..., ::-1], blocks[..., ::-1], edge)
    field = _solve(count, inner, (inlet, outlet))
    drops = [(i, e, field[e.ends[:, 0]] - field[e.ends[:, 1]]) for i, e in enumerate(inner)]
    drops += [(0, inlet, 1 - field[inlet.ends[:, 0]]), (0, outlet, field[outlet.ends[:, 0]])]
    for place, edges, drop in drops:
        each = edges.conductance * drop**2 / edges.blocks.shape[1]
        for own in edges.blocks.T:
            np.add.at(shares[place].reshape(-1), own, each)
    total = float(shares.sum())
    answer = total * whole.shape[-1] / prod(pores.shape[:-1])
    return CoarseDiffusion(answer, whole, carrying, shares / total)


def _in_blocks(pores: BoolArray, edge: int) -> BoolArray:
    """The pores with layers beyond the last ones, so that whole blocks fill the grid."""
    *across, along = ((0, -cells % edge) for cells in pores.shape)
    none = (0, 0)
    longer = np.pad(pores, (*(none for _ in across), along), mode="edge")
    return np.pad(longer, (*across, none))


def _nodes(pores: BoolArray, edge: int) -> tuple[IntArray, int]:
    """The node of each pore, from 0, or −1 in solid; and how many there are."""
    blocks = [cells // edge for cells in pores.shape]
    # A layer of solid between the blocks keeps pieces of neighbours apart.
    apart = np.zeros([n for count in blocks for n in (count, edge + 1)], dtype=bool)
    within = (slice(None), slice(edge)) * pores.ndim
    apart[within] = pores.reshape([n for count in blocks for n in (count, edge)])
    numbered, count = label(apart.reshape([count * (edge + 1) for count in blocks]))
    own = numbered.reshape(apart.shape)[within].reshape(pores.shape)
    return np.asarray(own, dtype=np.int64) - 1, int(count)


def _edges(nodes: IntArray, blocks: IntArray, edge: int) -> _Edges:
    """Edges to the next block along the last axis."""
    left, right = nodes[..., edge - 1 : -1 : edge], nodes[..., edge::edge]
    places = np.nonzero((left >= 0) & (right >= 0))
    pairs = np.stack([left[places], right[places]], axis=1)
    ends, first, contacts = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    *beside, along = (place[first] for place in places)
    beside = [place // edge for place in beside]
    starts = [*(place * edge for place in beside), along * edge + edge // 2]
    windows = _windows(nodes, starts, (edge,) * nodes.ndim)
    one, other = (ends[:, i].reshape(-1, *(1,) * nodes.ndim) for i in (0, 1))
    conductance = _conductance((windows == one) | (windows == other))
    conductance = np.where(conductance > 0, conductance, contacts / (edge * DETOUR))
    both = np.stack([blocks[*beside, along], blocks[*beside, along + 1]], axis=1)
    return _Edges(ends, both, conductance)


def _face_edges(nodes: IntArray, blocks: IntArray, edge: int) -> _Edges:
    """Edges from the first face to the middles of its blocks."""
    face = nodes[..., 0]
    places = np.nonzero(face >= 0)
    ends, first, contacts = np.unique(face[places], return_index=True, return_counts=True)
    beside = [place[first] // edge for place in places]
    starts = [*(place * edge for place in beside), np.zeros_like(first)]
    windows = _windows(nodes, starts, (*(edge,) * len(beside), edge // 2))
    conductance = _conductance(windows == ends.reshape(-1, *(1,) * nodes.ndim))
    conductance = np.where(conductance > 0, conductance, contacts / DETOUR)
    return _Edges(ends[:, None], blocks[*beside, 0][:, None], conductance)


def _windows(nodes: IntArray, starts: list[IntArray], shape: tuple[int, ...]) -> IntArray:
    """Windows of a shape from their first cells on, shape (n, *shape)."""
    within = np.ogrid[tuple(slice(edge) for edge in shape)]
    cells = [
        start.reshape(-1, *(1,) * len(shape)) + offset
        for start, offset in zip(starts, within, strict=True)
    ]
    return np.asarray(nodes[tuple(cells)])


def _conductance(windows: BoolArray) -> FloatArray:
    """What windows conduct along the last axis, shape (n,)."""
    return np.asarray(window_conductances(windows.shape[1:])[window_code(windows)])


def _solve(count: int, inner: list[_Edges], faces: tuple[_Edges, _Edges]) -> FloatArray:
    """Concentration of each node, 1 at the inlet and 0 at the outlet."""
    one, other = np.concatenate([edges.ends for edges in inner]).T
    conductance = np.concatenate([edges.conductance for edges in inner])
    diagonal = np.bincount(one, conductance, count) + np.bincount(other, conductance, count)
    for edges in faces:
        diagonal += np.bincount(edges.ends[:, 0], edges.conductance, count)
    load = np.bincount(faces[0].ends[:, 0], faces[0].conductance, count)
    own = np.arange(count)
    values = np.concatenate([diagonal, -conductance, -conductance])
    places = np.concatenate([own, one, other]), np.concatenate([own, other, one])
    matrix = csc_array((values, places), shape=(count, count))
    if len(inner) == 2:
        factors = splu(
            matrix,
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        return np.asarray(factors.solve(load))
    # Factors of volumes fill up: 32³ nodes took 1 s, and these iterations a tenth.
    field, _ = cg(matrix, load, rtol=TOLERANCE, M=dia_array((1 / diagonal, 0), shape=matrix.shape))
    return np.asarray(field)
