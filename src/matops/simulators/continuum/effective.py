"""Effective properties of a periodic porous solid on a voxel grid."""

import numpy as np
import torch

from matops.physics.arrays import FloatArray
from matops.simulators.continuum.element import CORNERS, conduction_element, stiffness_element
from matops.simulators.continuum.solver import Effective, least_energy

TOLERANCE = 1e-3
"""Of the energy gained in the last iterations; errors stay below one per cent with it."""


def effective_stiffness_GPa(
    density: FloatArray,
    stiffness_GPa: FloatArray,
    penalty: float = 1.0,
    tolerance: float = TOLERANCE,
    device: str = "auto",
) -> Effective:
    """C_11, C_22, C_33 of a periodic porous solid: uniaxial strain, the lateral edges held.

    C_ii = min over periodic u of 1/V Σ ρᵖ ∫ (ε̄ + ε(u)) : C : (ε̄ + ε(u)), ε̄ a unit strain along
    axis i.

    Args:
        density: solid share of each voxel, shape (n, n, n), 0 to 1.
        stiffness_GPa: the solid's stiffness in Voigt order along the grid's axes, (6, 6), GPa.
        penalty: exponent p. Above 1, voxels that are partly solid are softer than their share.
        tolerance: relative error of the stiffnesses, roughly.
        device: ``cpu``, ``cuda``, or ``auto`` for a GPU where there is one.

    Raises:
        ValueError: the grid is no cube, or a share lies outside 0 to 1.

    Source: Michel, Moulinec and Suquet, Comput. Methods Appl. Mech. Eng. 172, 109 (1999),
    section 2; Bendsøe and Sigmund, Arch. Appl. Mech. 69, 635 (1999), for the exponent.
    """
    unit = np.zeros((3, 8, 3))
    for axis in range(3):
        unit[axis, :, axis] = CORNERS[:, axis]
    element = stiffness_element(stiffness_GPa)
    return _effective(density, penalty, element, unit.reshape(3, 24), tolerance, device)


def effective_conductivity(
    density: FloatArray, penalty: float = 1.0, tolerance: float = TOLERANCE, device: str = "auto"
) -> Effective:
    """Conductivity along x, y, z relative to the solid's; pores conduct nothing.

    Arguments and errors as of :func:`effective_stiffness_GPa`.
    """
    unit = CORNERS.T.astype(np.float64)
    return _effective(density, penalty, conduction_element(), unit, tolerance, device)


def _effective(
    density: FloatArray,
    penalty: float,
    element: FloatArray,
    unit: FloatArray,
    tolerance: float,
    device: str,
) -> Effective:
    density = np.asarray(density, dtype=np.float64)
    if density.ndim != 3 or len(set(density.shape)) != 1:
        raise ValueError(f"the grid has shape {density.shape}; it must be a cube")
    if not ((density >= 0.0) & (density <= 1.0)).all():
        raise ValueError("solid shares must lie between 0 and 1")
    # Single precision ends near 1e-7: what is softer only costs time.
    weight = np.where(density**penalty < 1e-6, 0.0, density**penalty)
    if not weight.any():
        return Effective(np.zeros(3), np.zeros((3, *density.shape), np.float32), 0, True)
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return least_energy(weight, element, unit, tolerance, torch.device(device))
