"""The least energy of a periodic grid under macroscopic gradients, by conjugate gradients."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from matops.physics.arrays import FloatArray
from matops.simulators.continuum.mesh import VoxelMesh, build_mesh
from matops.simulators.continuum.preconditioner import GreenOperator

WINDOW = 6
"""Iterations whose gain in energy stands for what is still to come."""
NEGLIGIBLE = 1e-5
"""Of the energy of a uniform gradient: less is no stiffness at all, and float32 ends there."""
ROUNDING = 1e-12
"""Of the same energy: a load with less left to gain is solved, and the rest of it is rounding."""
MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Effective:
    """An effective property: twice the least energy over the volume of the cell, for each load."""

    values: FloatArray  # shape (loads,)
    # share of each voxel in them: means over the grid are ``values``, (loads, n, n, n)
    local: NDArray[np.float32]
    iterations: int  # of the solver
    converged: bool  # whether the solver reached its tolerance


def least_energy(
    weight: FloatArray,
    element: FloatArray,
    uniform: FloatArray,
    tolerance: float,
    device: torch.device,
) -> Effective:
    """Minimise Σ weight (u₀ + u)ᵀ element (u₀ + u) over periodic u for several loads at once.

    Args:
        weight: factor of each voxel's element matrix, shape (n, n, n), zero or more.
        element: element matrix, shape (8c, 8c).
        uniform: corner values u₀ of an element under each load's uniform gradient, (loads, 8c).
        tolerance: largest relative error of the energies, roughly.
        device: where to compute; float32.
    """
    n, volume = len(weight), weight.size
    mesh = build_mesh(weight, device)
    matrix = torch.from_numpy(element).float().to(device)
    start = torch.from_numpy(uniform).float().to(device)
    field, iterations, converged = _relax(mesh, element, matrix, start, tolerance)
    total = mesh.gather(field) + start[:, None]
    energy = ((total @ matrix) * total).sum(2) * mesh.weight
    grid = np.zeros((len(start), n, n, n), dtype=np.float32)
    grid[:, weight > 0] = energy.cpu().numpy()
    summed = grid.reshape(len(start), -1).sum(axis=1, dtype=np.float64)
    return Effective(summed / volume, grid, iterations, converged)


def _relax(
    mesh: VoxelMesh, element: FloatArray, matrix: Tensor, uniform: Tensor, tolerance: float
) -> tuple[Tensor, int, bool]:
    """Conjugate gradients on the periodic part of the field, shape (loads, nodes, c).

    The gain of the last iterations is compared with the energy that is left: that is what the
    caller wants to know, while a residual says little about a soft structure.
    """

    def apply(nodal: Tensor) -> Tensor:
        return mesh.scatter((mesh.gather(nodal) @ matrix) * mesh.weight[:, None])

    precondition = GreenOperator(element, mesh)
    forces = (uniform @ matrix)[:, None] * mesh.weight[:, None]
    most = mesh.weight.sum() * ((uniform @ matrix) * uniform).sum(1)
    residual = -mesh.scatter(forces)
    field = torch.zeros_like(residual)
    direction = ahead = precondition(residual)
    slope = (residual * ahead).sum((1, 2))
    gains: list[Tensor] = []
    for iteration in range(1, MAX_ITERATIONS + 1):
        image = apply(direction)
        step = slope / (direction * image).sum((1, 2)).clamp_min(1e-30)
        # A solved load waits for the others: steps along rounding errors would make them grow.
        step = torch.where(slope > ROUNDING * most, step, 0.0)
        field += step[:, None, None] * direction
        residual -= step[:, None, None] * image
        gains.append(step * slope)
        left = most - torch.stack(gains).sum(0)
        recent = torch.stack(gains[-WINDOW:]).sum(0)
        if iteration >= WINDOW and bool((recent <= tolerance * left + NEGLIGIBLE * most).all()):
            return field, iteration, True
        ahead = precondition(residual)
        new_slope = (residual * ahead).sum((1, 2))
        direction = ahead + (new_slope / slope.clamp_min(1e-30))[:, None, None] * direction
        slope = new_slope
    return field, MAX_ITERATIONS, False
