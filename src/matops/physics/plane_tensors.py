"""Tensors of a plane and their polar invariants.

Voigt order of the plane is 11, 22, 12; strains are engineering strains, ε12 twice the tensor's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray


@dataclass(frozen=True)
class PolarInvariants:
    """Invariants of a symmetric tensor of second and one of fourth rank, in the tensors' unit."""

    T: float  # mean of the principal values of second rank
    R: float  # half their difference, never negative
    T0: float  # isotropic part of fourth rank, shear
    T1: float  # isotropic part of fourth rank, dilation
    R0: float  # part of fourth rank with four-fold symmetry, never negative
    R1: float  # part of fourth rank with two-fold symmetry, never negative


def polar_invariants(second: ArrayLike, fourth: ArrayLike) -> PolarInvariants:
    """Invariants of symmetric tensors σ, shape (2, 2), and L, shape (3, 3) in Voigt order.

    With L33 the component 1212 and L13 the component 1112::

        2T = σ11 + σ22                          2R = |σ11 − σ22 + 2iσ12|
        8T0 = L11 − 2L12 + 4L33 + L22           8T1 = L11 + 2L12 + L22
        8R0 = |L11 − 2L12 − 4L33 + L22 + 4i(L13 − L23)|
        8R1 = |L11 − L22 + 2i(L13 + L23)|

    Source: P. Vannucci, Anisotropic Elasticity (Springer 2018), chapter 4, after G. Verchery.
    """
    s, m = np.asarray(second, dtype=np.float64), np.asarray(fourth, dtype=np.float64)
    if s.shape != (2, 2) or m.shape != (3, 3):
        raise ValueError(f"tensors of a plane are (2, 2) and (3, 3), not {s.shape} and {m.shape}")
    return PolarInvariants(
        T=float(s[0, 0] + s[1, 1]) / 2,
        R=abs(complex(s[0, 0] - s[1, 1], s[0, 1] + s[1, 0])) / 2,
        T0=float(m[0, 0] - 2 * m[0, 1] + 4 * m[2, 2] + m[1, 1]) / 8,
        T1=float(m[0, 0] + 2 * m[0, 1] + m[1, 1]) / 8,
        R0=abs(complex(m[0, 0] - 2 * m[0, 1] - 4 * m[2, 2] + m[1, 1], 4 * (m[0, 2] - m[1, 2])) / 8),
        R1=abs(complex(m[0, 0] - m[1, 1], 2 * (m[0, 2] + m[1, 2]))) / 8,
    )


def plane_strain(voigt: ArrayLike) -> FloatArray:
    """Symmetric (2, 2) strain of engineering strains (3,) in Voigt order."""
    e11, e22, e12 = np.asarray(voigt, dtype=np.float64)
    return np.array([[e11, e12 / 2], [e12 / 2, e22]])


def stretch_of(strain: FloatArray) -> FloatArray:
    """The symmetric stretch U of a Lagrangian strain E, any shape (n, n): U² = I + 2E."""
    squares, axes = np.linalg.eigh(np.eye(len(strain)) + 2 * strain)
    return np.asarray(axes * np.sqrt(squares) @ axes.T)
