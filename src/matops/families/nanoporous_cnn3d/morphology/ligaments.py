"""Ligaments and the nodes where they meet, as a network that repeats with the cell."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from matops.physics.arrays import FloatArray, IntArray

HALF_A_VOXEL = 0.5
"""What a sphere that touches centres of void voxels has beyond the solid voxels."""


@dataclass(frozen=True)
class LigamentNetwork:
    """Nodes joined by ligaments, repeated periodically. Lengths are in voxels.

    Dead ends are left out. A ring without a junction has one node, with two ends of itself.
    """

    n: int  # voxels along the cell's edge
    nodes: FloatArray  # centre of each, shape (n_nodes, 3)
    ends: IntArray  # nodes at each ligament's start and end, shape (n_ligaments, 2)
    # centre lines from node to node, one after another, each unwrapped across the cell's faces,
    # shape (n_points, 3)
    points: FloatArray
    # each ligament's first point, then the number of points, shape (n_ligaments + 1,)
    first: IntArray
    # radius of the largest sphere in the solid about each point, shape (n_points,)
    radii: FloatArray

    @property
    def last(self) -> IntArray:
        """Each ligament's last point, shape (n_ligaments,)."""
        return self.first[1:] - 1

    @cached_property
    def owner(self) -> IntArray:
        """Ligament of each point, shape (n_points,)."""
        return np.repeat(np.arange(len(self.ends)), np.diff(self.first))

    @cached_property
    def spans(self) -> FloatArray:
        """Vector from each ligament's start to its end, shape (n_ligaments, 3)."""
        return np.asarray(self.points[self.last] - self.points[self.first[:-1]])

    @cached_property
    def coordination(self) -> IntArray:
        """Ends of ligaments at each node, shape (n_nodes,)."""
        return np.bincount(self.ends.ravel(), minlength=len(self.nodes))

    @cached_property
    def cells_crossed(self) -> IntArray:
        """Cells from a ligament's end node to the image of it that is reached, (n_ligaments, 3)."""
        reached = self.points[self.last] - self.nodes[self.ends[:, 1]]
        return np.rint(reached / self.n).astype(np.int64)

    @cached_property
    def lengths(self) -> FloatArray:
        """Length of each ligament along its centre line, shape (n_ligaments,)."""
        segments = self.segments
        total = np.bincount(segments.owner, segments.lengths, minlength=len(self.ends))
        return np.asarray(total, dtype=np.float64)

    @cached_property
    def node_radii(self) -> FloatArray:
        """Radius of the largest sphere in the solid about each node, shape (n_nodes,)."""
        radii = np.zeros(len(self.nodes))
        radii[self.ends[:, 0]] = self.radii[self.first[:-1]]
        radii[self.ends[:, 1]] = self.radii[self.last]
        return radii

    @cached_property
    def segments(self) -> "Segments":
        """The straight pieces of all centre lines."""
        start = np.setdiff1d(np.arange(len(self.points)), self.last)
        steps = self.points[start + 1] - self.points[start]
        lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
        widths = np.maximum(self.radii - HALF_A_VOXEL, HALF_A_VOXEL) ** 2
        return Segments(
            owner=self.owner[start],
            middles=self.points[start] + steps / 2,
            tangents=steps / lengths[:, None],
            lengths=lengths,
            areas=np.pi * (widths[start] + widths[start + 1]) / 2,
        )


@dataclass(frozen=True)
class Segments:
    """Straight pieces of centre lines, in the order of the lines."""

    owner: IntArray  # ligament, ascending, shape (n_segments,)
    middles: FloatArray  # shape (n_segments, 3), voxels
    tangents: FloatArray  # unit vectors, shape (n_segments, 3)
    lengths: FloatArray  # shape (n_segments,), voxels
    # cross-sections that bear load: of the cylinder within whole solid voxels, shape (n_segments,),
    # voxels²
    areas: FloatArray
