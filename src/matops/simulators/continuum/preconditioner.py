"""The solid block's Green operator as preconditioner: exact for a grid without pores."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from matops.physics.arrays import FloatArray
from matops.simulators.continuum.element import CORNERS
from matops.simulators.continuum.mesh import VoxelMesh


class GreenOperator:
    """Inverse of the full grid's matrix, applied by Fourier transform.

    The element matrix has shape (8c, 8c).

    Source: Ladecký, Pultarová and Zeman, Appl. Math. Comput. 446, 127835 (2023), section 3: the
    number of iterations doesn't grow with the grid.
    """

    def __init__(self, element: FloatArray, mesh: VoxelMesh) -> None:
        self.mesh = mesh
        blocks = _inverse_blocks(element.tobytes(), len(element), mesh.n)
        self.blocks = blocks.to(mesh.weight.device)

    def __call__(self, residual: Tensor) -> Tensor:
        """Residuals of shape (loads, nodes, c) to search directions of the same shape."""
        n, (loads, _, c) = self.mesh.n, residual.shape
        full = residual.new_zeros(loads, n**3, c)
        full[:, self.mesh.grid_points] = residual
        waves = torch.fft.rfftn(full.reshape(loads, n, n, n, c), dim=(1, 2, 3))
        waves = torch.einsum("xyzij,lxyzj->lxyzi", self.blocks, waves)
        moved = torch.fft.irfftn(waves, s=(n, n, n), dim=(1, 2, 3))
        flat: Tensor = moved.reshape(loads, n**3, c)
        return flat.index_select(1, self.mesh.grid_points)


@lru_cache(maxsize=8)
def _inverse_blocks(element: bytes, size: int, n: int) -> Tensor:
    """Inverse of the matrix of the full grid at each wave vector, shape (n, n, n/2 + 1, c, c).

    The mean, which costs no energy, is sent to zero.
    """
    matrix, c = np.frombuffer(element).reshape(size, size), size // 8
    stencil = np.zeros((n, n, n, c, c))
    for a, row in enumerate(CORNERS):
        for b, column in enumerate(CORNERS):
            block = matrix[a * c : (a + 1) * c, b * c : (b + 1) * c]
            stencil[tuple((row - column) % n)] += block
    blocks = np.fft.fftn(stencil, axes=(0, 1, 2))[:, :, : n // 2 + 1]
    blocks[0, 0, 0] = np.eye(c)
    inverse = np.linalg.inv(blocks)
    inverse[0, 0, 0] = 0.0
    return torch.from_numpy(inverse.astype(np.complex64))
