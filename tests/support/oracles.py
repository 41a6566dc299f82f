"""Formulas that the product doesn't need, and tests compare with."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

VOIGT = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
ROWS, COLUMNS = np.array([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]).T


def rotate_stiffness(stiffness_GPa: ArrayLike, rotation: ArrayLike) -> FloatArray:
    """A stiffness (6, 6) in rotated axes, C'_ijkl = R_ia R_jb R_kc R_ld C_abcd, with v' = R v.

    Source: J. F. Nye, Physical Properties of Crystals, chapter VIII.
    """
    R = np.asarray(rotation, dtype=np.float64)
    tensor = np.asarray(stiffness_GPa)[VOIGT[:, :, None, None], VOIGT[None, None, :, :]]
    rotated = np.einsum("ia,jb,kc,ld,abcd->ijkl", R, R, R, R, tensor, optimize=True)
    return np.asarray(rotated[ROWS[:, None], COLUMNS[:, None], ROWS, COLUMNS])


def field_at(hkl: NDArray[np.int64], phases_rad: ArrayLike, points: FloatArray) -> FloatArray:
    """The field of levelled waves at fractional coordinates, shape (m, 3), one wave after another.

    Source: Soyarslan et al., Acta Mater. 149, 326 (2018), equations 1 to 5.
    """
    phase = 2.0 * np.pi * points @ hkl.T + np.asarray(phases_rad)
    return np.asarray(np.sqrt(2.0 / len(hkl)) * np.cos(phase).sum(axis=1))
