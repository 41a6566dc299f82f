"""What is true of discs in a periodic square: transport around them, and their repulsion.

Source: Maxwell, A Treatise on Electricity and Magnetism, 3rd ed., vol. 1 (1892), section 314, in
two dimensions; it is exact for few discs.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FREE_DIFFUSIVITY_M2_S = 2.3e-9
"""Self-diffusion of water at 25 °C: Holz, Heil and Sacco, PCCP 2, 4740 (2000)."""
BOX_A = 64.0
"""Edge of every image, Å."""
REACH_A = 24.0
"""Discs farther apart than this don't repel each other, Å."""
STRENGTH_EV_A2 = 0.05
"""Force per overlap with the reach, eV/Å²."""


def effective_diffusivity_m2_s(solid_fraction: Array | float) -> Array:
    """D_eff = D_0 (1 - s) / (1 + s)."""
    solid = np.asarray(solid_fraction)
    return FREE_DIFFUSIVITY_M2_S * (1 - solid) / (1 + solid)


def tortuosity(solid_fraction: Array | float) -> Array:
    """Porosity times D_0 / D_eff: 1 + s."""
    return 1 + np.asarray(solid_fraction)


def separations_A(centres_A: Array) -> Array:
    """Vectors from disc j to disc i by the shortest way round the box, shape (n, n, 2), Å."""
    apart = centres_A[:, None] - centres_A[None]
    return np.asarray(apart - BOX_A * np.round(apart / BOX_A))


def forces_eV_A(centres_A: Array) -> Array:
    """Force on each disc, shape (n, 2), eV/Å; linear in the overlap with the reach."""
    apart = separations_A(centres_A)
    distance = np.linalg.norm(apart, axis=-1)
    near = (distance > 0) & (distance < REACH_A)
    size = np.where(near, STRENGTH_EV_A2 * (REACH_A - distance), 0.0)
    unit = apart / np.where(near, distance, 1.0)[..., None]
    return np.asarray((size[..., None] * unit).sum(axis=1))
