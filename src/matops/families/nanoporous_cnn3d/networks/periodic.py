"""Periodic voxel grids as tensors: bits, block means, symmetries, views along the load axes."""

from dataclasses import dataclass

import torch
from torch import Tensor


def unpack_voxels(bits: Tensor, n: int) -> Tensor:
    """Grids of bits, shape (batch, n³/8), uint8, as 0 and 1, shape (batch, n, n, n), uint8."""
    shifts = torch.arange(7, -1, -1, dtype=torch.uint8, device=bits.device)
    voxels = (bits[..., None] >> shifts) & 1
    return voxels.flatten(1).reshape(-1, n, n, n)


def block_means(grid: Tensor, n: int) -> Tensor:
    """Means of (n, n, n) blocks of the last three axes, shape (..., n, n, n), float32."""
    r = grid.shape[-1] // n
    blocks = grid.reshape(*grid.shape[:-3], n, r, n, r, n, r)
    total = torch.float32 if grid.is_floating_point() else torch.int32
    return blocks.sum((-5, -3, -1), dtype=total).float() / r**3


@dataclass(frozen=True)
class Symmetry:
    """A symmetry of periodic grids that leaves C_11, C_22 and C_33 as they are."""

    reflected: tuple[bool, bool, bool]  # for each axis, whether it is reversed
    # by which part of the cell the origin moves along each axis, 0 to 1
    shift: tuple[float, float, float]
    swapped: bool  # whether the two axes across the load change places, in a view along a load axis

    @classmethod
    def draw(cls, parts: int) -> "Symmetry":
        """One at random; shifts are whole numbers of ``parts`` in the cell's edge."""
        x, y, z, swapped = (torch.rand(4) < 0.5).tolist()
        shift = torch.randint(0, parts, (3,)) / parts
        return cls((x, y, z), tuple(shift.tolist()), swapped)

    def move(self, grid: Tensor) -> Tensor:
        """Grids after reflection and shift, shape (..., n, n, n)."""
        axes = [axis for axis, reverse in zip((-3, -2, -1), self.reflected, strict=True) if reverse]
        steps = [round(part * grid.shape[-1]) for part in self.shift]
        return torch.roll(grid.flip(axes), steps, (-3, -2, -1))

    def turn(self, views: Tensor) -> Tensor:
        """Views with the axes across the load swapped, or as they are, shape (..., n, n, n)."""
        return views.transpose(-2, -1) if self.swapped else views


def three_orientations(grid: Tensor) -> Tensor:
    """Views with the load axis first, shape (batch, 3, n, n, n): x, y, z of (batch, n, n, n)."""
    return torch.stack([view_along(grid, axis) for axis in range(3)], dim=1)


def view_along(grid: Tensor, axis: int) -> Tensor:
    """Grids of shape (..., n, n, n) with the given axis first."""
    return grid.transpose(-3, axis - 3)
