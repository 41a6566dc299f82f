"""A coarse network of an image: blocks of 4 × 4 pixels, joined by what the windows between conduct.

It has a sixteenth of the unknowns of the image. A block whose pores fall into pieces is as many
nodes, so that the network spans exactly where the pores do.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import label
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from matops.physics.arrays import BoolArray, FloatArray, IntArray
from matops.simulators.porous_media.connectivity import without_dead_ends
from matops.simulators.porous_media.windows import EDGE, window_code, window_conductances

DETOUR = 3.0
"""Times its own length that the way between two nodes takes where their window leads nowhere."""


@dataclass(frozen=True, eq=False)
class CoarseDiffusion:
    """Diffusion along x through the network of an image's blocks."""

    relative_diffusivity: float  # De/D0, as far as the network knows it; 0 only where it is 0
    whole: BoolArray  # the pores in whole blocks, (4 h, 4 w)
    carrying: BoolArray  # those of them that span, without blind ones
    # share of the dissipation on edges along x and along y, half of an edge in each of its two
    # blocks: their sum over both and all blocks is 1, or 0 where nothing flows; (2, h, w)
    shares: FloatArray


@dataclass(frozen=True, eq=False)
class _Edges:
    """Edges between nodes, or between nodes and a face."""

    ends: IntArray  # nodes, shape (n, 2), or (n, 1) at a face
    blocks: IntArray  # flat number of the block of each end, same shape
    conductance: FloatArray  # shape (n,)


def coarse_diffusion(pores: BoolArray) -> CoarseDiffusion:
    """De/D0 along x of an image, shape (rows, columns), from a network of its blocks.

    Edges are windows of 4 × 4 pixels from the middle of a block to the middle of the next, of
    which only the pores of the edge's two nodes count. By the rule of parallel conductors an
    edge's error enters log De with its share of the dissipation. Images whose edges are no
    multiples of 4 go on as their last rows and columns do, without and with a flux.
    """
    rows, columns = pores.shape
    below, beyond = -rows % EDGE, -columns % EDGE
    whole = np.pad(np.pad(pores, ((0, 0), (0, beyond)), mode="edge"), ((0, below), (0, 0)))
    carrying = without_dead_ends(whole, 1)
    height, width = whole.shape[0] // EDGE, whole.shape[1] // EDGE
    shares = np.zeros((2, height, width))
    if not carrying.any():
        return CoarseDiffusion(0.0, whole, carrying, shares)
    nodes, count = _nodes(carrying)
    blocks = np.arange(height * width).reshape(height, width)
    along = _edges(nodes, blocks)
    across = _edges(nodes.T, blocks.T)
    inlet = _face_edges(nodes, blocks)
    outlet = _face_edges(nodes[:, ::-1], blocks[:, ::-1])
    field = _solve(count, (along, across), (inlet, outlet))
    for axis, edges, drops in (
        (0, along, field[along.ends[:, 0]] - field[along.ends[:, 1]]),
        (1, across, field[across.ends[:, 0]] - field[across.ends[:, 1]]),
        (0, inlet, 1 - field[inlet.ends[:, 0]]),
        (0, outlet, field[outlet.ends[:, 0]]),
    ):
        each = edges.conductance * drops**2 / edges.blocks.shape[1]
        for own in edges.blocks.T:
            np.add.at(shares[axis].reshape(-1), own, each)
    total = float(shares.sum())
    return CoarseDiffusion(total * whole.shape[1] / rows, whole, carrying, shares / total)


def _nodes(pores: BoolArray) -> tuple[IntArray, int]:
    """The node of each pore, from 0, or −1 in solid; and how many there are."""
    height, width = (edge // EDGE for edge in pores.shape)
    # A line of solid between the blocks keeps pieces of neighbours apart.
    apart = np.zeros((height, EDGE + 1, width, EDGE + 1), dtype=bool)
    apart[:, :EDGE, :, :EDGE] = pores.reshape(height, EDGE, width, EDGE)
    numbered, count = label(apart.reshape(height * (EDGE + 1), width * (EDGE + 1)))
    within = numbered.reshape(apart.shape)[:, :EDGE, :, :EDGE]
    return np.asarray(within.reshape(pores.shape), dtype=np.int64) - 1, int(count)


def _edges(nodes: IntArray, blocks: IntArray) -> _Edges:
    """Edges to the next block to the right."""
    left, right = nodes[:, EDGE - 1 : -1 : EDGE], nodes[:, EDGE::EDGE]
    row, place = np.nonzero((left >= 0) & (right >= 0))
    pairs = np.stack([left[row, place], right[row, place]], axis=1)
    ends, first, contacts = np.unique(pairs, axis=0, return_index=True, return_counts=True)
    row, place = row[first], place[first]
    windows = _windows(nodes, row, place * EDGE + EDGE // 2, EDGE)
    own = (windows == ends[:, 0, None, None]) | (windows == ends[:, 1, None, None])
    conductance = window_conductances(EDGE)[window_code(own)]
    conductance = np.where(conductance > 0, conductance, contacts / (EDGE * DETOUR))
    beside = np.stack([blocks[row // EDGE, place], blocks[row // EDGE, place + 1]], axis=1)
    return _Edges(ends, beside, conductance)


def _face_edges(nodes: IntArray, blocks: IntArray) -> _Edges:
    """Edges from the left face to the middles of its blocks."""
    rows = np.flatnonzero(nodes[:, 0] >= 0)
    ends, first, contacts = np.unique(nodes[rows, 0], return_index=True, return_counts=True)
    windows = _windows(nodes, rows[first], np.zeros_like(first), EDGE // 2)
    own = windows == ends[:, None, None]
    conductance = window_conductances(EDGE // 2)[window_code(own)]
    conductance = np.where(conductance > 0, conductance, contacts / DETOUR)
    return _Edges(ends[:, None], blocks[rows[first] // EDGE, 0][:, None], conductance)


def _windows(nodes: IntArray, row: IntArray, column: IntArray, columns: int) -> IntArray:
    """Windows of a row of blocks, from given columns on, shape (n, 4, columns)."""
    rows = (row // EDGE * EDGE)[:, None, None] + np.arange(EDGE)[:, None]
    return np.asarray(nodes[rows, column[:, None, None] + np.arange(columns)])


def _solve(count: int, inner: tuple[_Edges, ...], faces: tuple[_Edges, _Edges]) -> FloatArray:
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
    factors = splu(
        matrix,
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    return np.asarray(factors.solve(load))
