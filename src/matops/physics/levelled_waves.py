"""Levelled waves: random bicontinuous structures as a threshold of superposed plane waves.

Source: Cahn, J. Chem. Phys. 42, 93 (1965); Soyarslan, Bargmann, Pradas and Weissmueller, Acta
Mater. 149, 326 (2018), equations 1 to 5.
"""

import numpy as np
from scipy.special import erfinv

from matops.physics.arrays import FloatArray, IntArray


def wave_vectors(squared: int) -> IntArray:
    """All integer (h, k, l) with h² + k² + l² = ``squared``, shape (n, 3), lexicographic order.

    Periodic in the cell and of one length: 9 gives 30 waves, 14 gives 48. Some lengths have
    none, as in 7.
    """
    reach = int(np.sqrt(squared))
    axis = np.arange(-reach, reach + 1)
    all_hkl = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.asarray(all_hkl[(all_hkl**2).sum(axis=1) == squared], dtype=np.int64)


def threshold(solid_fraction: float) -> float:
    """Level below which a standard normal field fills the solid fraction: √2 erfinv(2φ − 1)."""
    return float(np.sqrt(2.0) * erfinv(2.0 * solid_fraction - 1.0))


def field_on_grid(hkl: IntArray, phases_rad: FloatArray, n: int) -> FloatArray:
    """Field √(2/N) Σ cos(2π (h,k,l)·x + phase) at the centres of voxels, x = (i + ½)/n, (n, n, n).

    Wave vectors, shape (N, 3), are in units of 2π over the cell's edge; phases have shape (N,).
    """
    reach = int(np.abs(hkl).max())
    amplitude = np.zeros((2 * reach + 1,) * 3, dtype=np.complex128)
    np.add.at(amplitude, tuple((hkl + reach).T), np.exp(1j * np.asarray(phases_rad)))
    x = (np.arange(n) + 0.5) / n
    waves = np.exp(2j * np.pi * np.arange(-reach, reach + 1)[:, None] * x)
    # The exponential factorises: three small products instead of N cosines a point.
    summed = np.einsum("hkl,hx,ky,lz->xyz", amplitude, waves, waves, waves, optimize=True)
    return np.asarray(np.sqrt(2.0 / len(hkl)) * summed.real)
