"""From voxels to the network of ligaments: skeleton, centre lines, inscribed spheres."""

from itertools import product

import numpy as np
from scipy.spatial import cKDTree

from matops.families.nanoporous_cnn3d.morphology.ligaments import HALF_A_VOXEL, LigamentNetwork
from matops.families.nanoporous_cnn3d.morphology.skeleton import (
    Chains,
    cut_into_chains,
    neighbour_pairs,
    thin,
    without_dead_ends,
)
from matops.physics.arrays import BoolArray, FloatArray, IntArray

MAX_SWEEPS = 100
"""Sweeps that a centre line is smoothed at most."""

_WITHIN_A_VOXEL = np.array(sorted(product((-0.5, 0.0, 0.5), repeat=3), key=np.linalg.norm))
"""Steps of half a voxel, the shortest first, so that a point stays where nothing is gained."""


def trace_ligaments(solid: BoolArray) -> LigamentNetwork:
    """The network of a periodic solid, shape (n, n, n); without ligaments where it has no loop."""
    n = len(solid)
    voxels = np.argwhere(thin(solid))
    pairs = without_dead_ends(neighbour_pairs(voxels, n), len(voxels))
    chains = cut_into_chains(pairs, len(voxels))
    counts = np.bincount(chains.owner, minlength=len(chains.ends)) + 2
    first = np.concatenate([[0], np.cumsum(counts)])
    centres = np.concatenate([_node_centres(chains, voxels, n), voxels[chains.voxel]])
    centres, spheres = inscribed_spheres(solid, centres)
    nodes, links = np.split(centres, [len(centres) - len(chains.voxel)])
    node_radii, link_radii = np.split(spheres, [len(nodes)])
    lines = _unwrapped(_strung(chains, first, nodes, links), first, n)
    radii = _strung(chains, first, node_radii, link_radii)
    sweeps = min(round(np.mean(link_radii**2)), MAX_SWEEPS) if len(links) else 0
    return LigamentNetwork(n, nodes, chains.ends, _smoothed(lines, first, sweeps), first, radii)


def _strung(chains: Chains, first: IntArray, nodes: FloatArray, links: FloatArray) -> FloatArray:
    """Values along all ligaments: that of the start node, those of the chain, of the end node."""
    strung = np.empty((first[-1], *links.shape[1:]))
    strung[first[:-1]], strung[first[1:] - 1] = nodes[chains.ends[:, 0]], nodes[chains.ends[:, 1]]
    strung[_inner(first)] = links
    return strung


def _inner(first: IntArray) -> IntArray:
    """The points of ligaments that are no nodes."""
    return np.setdiff1d(np.arange(first[-1]), np.concatenate([first[:-1], first[1:] - 1]))


def _unwrapped(points: FloatArray, first: IntArray, n: int) -> FloatArray:
    """Lines that go on across the cell's faces instead of jumping to the other side."""
    steps = np.zeros_like(points)
    steps[1:] = _nearest_image(np.diff(points, axis=0), n)
    walked = np.cumsum(steps, axis=0)
    start = np.repeat(first[:-1], np.diff(first))
    return np.asarray(points[start] + walked - walked[start])


def _smoothed(points: FloatArray, first: IntArray, sweeps: int) -> FloatArray:
    """Centre lines without the stairs of the grid; the nodes stay where they are.

    Sweeps of the filter (¼, ½, ¼): r² of them are a Gaussian of 0.7 r, so that detail finer than
    a ligament of radius r is thick doesn't count as its shape, on any grid.
    """
    smooth, inner = points.copy(), _inner(first)
    for _ in range(sweeps):
        smooth[inner] = (smooth[inner - 1] + 2 * smooth[inner] + smooth[inner + 1]) / 4
    return smooth


def _node_centres(chains: Chains, voxels: IntArray, n: int) -> FloatArray:
    """Mean position of each node's voxels, shape (n_nodes, 3), voxels."""
    member = np.flatnonzero(chains.node >= 0)
    node = chains.node[member]
    root = np.unique(node, return_index=True)[1]
    origin = voxels[member[root]].astype(np.float64)
    # A node may lie across the cell's faces: its voxels are taken nearest to the first of them.
    total = np.zeros_like(origin)
    np.add.at(total, node, _nearest_image(voxels[member] - origin[node], n))
    return np.asarray(origin + total / np.bincount(node, minlength=len(root))[:, None])


def inscribed_spheres(solid: BoolArray, points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centres, shape (n_points, 3), and radii, (n_points,), of spheres in a periodic solid.

    The largest without a void voxel's centre, its own centre within half a voxel of the point:
    the axis of a ligament with an even number of voxels across lies between voxels. In cylinders
    the radius is right to 0.2 voxels, on plates half a voxel too large. At least half a voxel;
    half the cell's edge where nothing is void.
    """
    n = len(solid)
    beside = np.zeros_like(solid)
    for axis in range(3):
        beside |= np.roll(solid, 1, axis) | np.roll(solid, -1, axis)
    void = np.argwhere(beside & ~solid)
    if not len(void):
        return points, np.full(len(points), n / 2)
    tried = points + _WITHIN_A_VOXEL[:, None]
    # A remainder may round up to n itself, which the periodic tree refuses.
    inside = np.minimum(tried % n, np.nextafter(n, 0))
    # Rounded, so that equal distances stay equal wherever in the cell they are measured.
    distances = np.round(cKDTree(void, boxsize=np.full(3, n)).query(inside)[0], 6)
    best = distances.argmax(axis=0), np.arange(len(points))
    return tried[best], np.maximum(distances[best], HALF_A_VOXEL)


def _nearest_image(vectors: FloatArray, n: int) -> FloatArray:
    """Vectors between points of the periodic grid, each component in [−n/2, n/2)."""
    return np.asarray((vectors + n / 2) % n - n / 2)
