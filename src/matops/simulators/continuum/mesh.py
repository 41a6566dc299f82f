"""The elements of a periodic grid that carry anything, and the nodes between them."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from matops.physics.arrays import FloatArray, IntArray
from matops.simulators.continuum.element import CORNERS


@dataclass(frozen=True)
class VoxelMesh:
    """Elements of one size on a periodic grid."""

    n: int  # voxels along each edge of the grid
    weight: Tensor  # factor of each element's matrix, shape (elements,), float32
    corners: Tensor  # node at each corner of each element, flat, shape (elements × 8,)
    grid_points: Tensor  # place of each node on the grid, flat index, shape (nodes,)
    # for each node the eight entries of ``corners`` that are it; where it has fewer, ``elements ×
    # 8`` fills up, shape (nodes × 8,)
    touching: Tensor

    def gather(self, nodal: Tensor) -> Tensor:
        """Nodal values (loads, nodes, c) at the elements' corners, shape (loads, elements, 8c)."""
        corners = nodal.index_select(1, self.corners)
        return corners.reshape(len(nodal), len(self.weight), -1)

    def scatter(self, elemental: Tensor) -> Tensor:
        """Sums of the elements' corner values, (loads, elements, 8c), at nodes (loads, nodes, c).

        Written as a gather with a padding row: faster than adding at random places, and in the
        same order each time.
        """
        flat = elemental.reshape(len(elemental), len(self.weight) * 8, -1)
        padded = torch.cat([flat, flat.new_zeros(len(flat), 1, flat.shape[-1])], dim=1)
        touching = padded.index_select(1, self.touching)
        return touching.reshape(len(flat), len(self.grid_points), 8, -1).sum(2)


def build_mesh(weight: FloatArray, device: torch.device) -> VoxelMesh:
    """The mesh of the voxels whose weight is not zero, shape (n, n, n)."""
    n = len(weight)
    voxels = np.argwhere(weight > 0)
    points = (voxels[:, None, :] + CORNERS) % n
    flat = (points[..., 0] * n + points[..., 1]) * n + points[..., 2]
    used = np.zeros(n**3, dtype=bool)
    used[flat] = True
    corners = (np.cumsum(used) - 1)[flat].ravel()
    return VoxelMesh(
        n=n,
        weight=torch.from_numpy(weight[tuple(voxels.T)].astype(np.float32)).to(device),
        corners=torch.from_numpy(corners).to(device),
        grid_points=torch.from_numpy(np.flatnonzero(used)).to(device),
        touching=torch.from_numpy(_touching(corners, int(used.sum()))).to(device),
    )


def _touching(corners: IntArray, n_nodes: int) -> IntArray:
    order = np.argsort(corners, kind="stable")
    count = np.bincount(corners, minlength=n_nodes)
    within = np.arange(len(corners)) - np.repeat(np.cumsum(count) - count, count)
    table = np.full((n_nodes, 8), len(corners), dtype=np.int64)
    table[corners[order], within] = order
    return table.ravel()
