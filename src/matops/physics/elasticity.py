"""Elastic moduli of a crystal and of its random polycrystal, from the 6x6 stiffness matrix.

Conventions used throughout:

* Voigt order is xx, yy, zz, yz, xz, xy (indices 1 to 6). LAMMPS and VASP print another order.
* A stiffness is a symmetric (6, 6) matrix in GPa.
* Strains are engineering strains: the shear components are twice the tensor components, so that
  stress_i = Σ_j C_ij strain_j and the compliance matrix is the plain inverse of the stiffness.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike

from matops.physics.arrays import FloatArray

Numbers = TypeVar("Numbers", float, FloatArray)
"""One material's number, or an array of many materials'."""

_ROWS, _COLUMNS = np.array([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]).T
_VOIGT_INDEX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])
_MANDEL_WEIGHTS = np.sqrt([1.0, 1.0, 1.0, 2.0, 2.0, 2.0])


@dataclass(frozen=True)
class PolycrystalModuli:
    """Bounds and Hill averages of bulk modulus K and shear modulus G of a random polycrystal."""

    K_voigt_GPa: float  # under uniform strain: the upper bound
    K_reuss_GPa: float  # under uniform stress: the lower bound
    K_VRH_GPa: float  # mean of the two bounds
    G_voigt_GPa: float
    G_reuss_GPa: float
    G_VRH_GPa: float


def voigt_reuss_hill(stiffness_GPa: ArrayLike) -> PolycrystalModuli:
    """Average a stiffness matrix over all orientations after Voigt, Reuss and Hill.

    With S the inverse of C::

        K_V = [ΣC_ii + 2(C12 + C23 + C13)] / 9
        G_V = [ΣC_ii − (C12 + C23 + C13) + 3(C44 + C55 + C66)] / 15
        K_R = 1 / [ΣS_ii + 2(S12 + S23 + S13)]
        G_R = 15 / [4ΣS_ii − 4(S12 + S23 + S13) + 3(S44 + S55 + S66)]

    where ΣC_ii runs over i = 1, 2, 3.

    Raises:
        ValueError: if the matrix is not a symmetric (6, 6) matrix.
        numpy.linalg.LinAlgError: if it is singular.

    Source: R. Hill, Proc. Phys. Soc. A 65, 349 (1952).
    """
    stiffness = _checked_stiffness(stiffness_GPa)
    K_voigt, G_voigt = _voigt_moduli(stiffness)
    K_reuss, G_reuss = _reuss_moduli(np.asarray(np.linalg.inv(stiffness), dtype=np.float64))
    return PolycrystalModuli(
        K_voigt_GPa=K_voigt,
        K_reuss_GPa=K_reuss,
        K_VRH_GPa=(K_voigt + K_reuss) / 2,
        G_voigt_GPa=G_voigt,
        G_reuss_GPa=G_reuss,
        G_VRH_GPa=(G_voigt + G_reuss) / 2,
    )


def poisson_ratio(K_GPa: Numbers, G_GPa: Numbers) -> Numbers:
    """Poisson's ratio of an isotropic solid, ν = (3K − 2G) / (6K + 2G).

    Source: L. D. Landau, E. M. Lifshitz, Theory of Elasticity, section 5.
    """
    return (3 * K_GPa - 2 * G_GPa) / (6 * K_GPa + 2 * G_GPa)


def young_modulus_GPa(K_GPa: Numbers, G_GPa: Numbers) -> Numbers:
    """Young's modulus of an isotropic solid in GPa, E = 9KG / (3K + G).

    Source: L. D. Landau, E. M. Lifshitz, Theory of Elasticity, section 5.
    """
    return 9 * K_GPa * G_GPa / (3 * K_GPa + G_GPa)


def pugh_ratio(K_GPa: Numbers, G_GPa: Numbers) -> Numbers:
    """Pugh's ratio K / G: metals above about 1.75 tend to be ductile.

    Some authors quote the inverse, G / K. Source: S. F. Pugh, Philos. Mag. 45, 823 (1954).
    """
    return K_GPa / G_GPa


def stiffness_eigenvalues_GPa(stiffness_GPa: ArrayLike) -> FloatArray:
    """Eigenvalues of the stiffness tensor in GPa, ascending, shape (6,).

    They are taken in the Mandel form, C_ij √(w_i w_j) with w = 1 for normal and 2 for shear
    components. Unlike those of the Voigt matrix, they do not depend on the axes: an isotropic
    solid has 3K once and 2G five times.

    Source: M. M. Mehrabadi, S. C. Cowin, Q. J. Mech. Appl. Math. 43, 15 (1990).
    """
    stiffness = _checked_stiffness(stiffness_GPa)
    mandel = stiffness * np.outer(_MANDEL_WEIGHTS, _MANDEL_WEIGHTS)
    return np.asarray(np.linalg.eigvalsh(mandel), dtype=np.float64)


def is_mechanically_stable(stiffness_GPa: ArrayLike, threshold_GPa: float = 0.0) -> bool:
    """Whether every homogeneous strain of an unstressed crystal costs energy (Born stability).

    True when all eigenvalues of the stiffness tensor exceed the threshold.

    Source: F. Mouhat, F.-X. Coudert, Phys. Rev. B 90, 224104 (2014).
    """
    return bool(stiffness_eigenvalues_GPa(stiffness_GPa)[0] > threshold_GPa)


def strain_tensor(strain_voigt: ArrayLike) -> FloatArray:
    """Symmetric (3, 3) strain tensor of engineering strains (6,) in Voigt order: shears halved."""
    halves = np.asarray(strain_voigt, dtype=np.float64) / [1, 1, 1, 2, 2, 2]
    return np.asarray(halves[_VOIGT_INDEX])


def voigt_stress_GPa(stress_GPa: ArrayLike) -> FloatArray:
    """Six Voigt components of a symmetric (3, 3) stress tensor in GPa; shears are not doubled."""
    return np.asarray(np.asarray(stress_GPa, dtype=np.float64)[_ROWS, _COLUMNS])


def _checked_stiffness(stiffness_GPa: ArrayLike) -> FloatArray:
    stiffness = np.asarray(stiffness_GPa, dtype=np.float64)
    if stiffness.shape != (6, 6):
        raise ValueError(f"stiffness must have shape (6, 6), not {stiffness.shape}")
    if not np.allclose(stiffness, stiffness.T, rtol=0, atol=1e-6 * np.abs(stiffness).max()):
        raise ValueError("stiffness must be symmetric; average it with its transpose first")
    return stiffness


def _voigt_moduli(C: FloatArray) -> tuple[float, float]:
    axial, coupling, shear = _invariant_sums(C)
    return (axial + 2 * coupling) / 9, (axial - coupling + 3 * shear) / 15


def _reuss_moduli(S: FloatArray) -> tuple[float, float]:
    axial, coupling, shear = _invariant_sums(S)
    return 1 / (axial + 2 * coupling), 15 / (4 * axial - 4 * coupling + 3 * shear)


def _invariant_sums(M: FloatArray) -> tuple[float, float, float]:
    axial = float(M[0, 0] + M[1, 1] + M[2, 2])
    coupling = float(M[0, 1] + M[1, 2] + M[0, 2])
    shear = float(M[3, 3] + M[4, 4] + M[5, 5])
    return axial, coupling, shear


def cubic_stiffness_tensor(C11: float, C12: float, C44: float) -> FloatArray:
    """Stiffness of a cubic crystal in the axes of the cube, (3, 3, 3, 3), in the unit given.

    C_ijkl = C12 δij δkl + C44 (δik δjl + δil δjk) + (C11 − C12 − 2 C44) δijkl.

    Source: L. D. Landau, E. M. Lifshitz, Theory of Elasticity, section 10.
    """
    one, same = np.eye(3), np.zeros((3, 3, 3, 3))
    axis = np.arange(3)
    same[axis, axis, axis, axis] = 1.0
    tensor = C12 * np.einsum("ij,kl->ijkl", one, one) + (C11 - C12 - 2 * C44) * same
    tensor += C44 * (np.einsum("ik,jl->ijkl", one, one) + np.einsum("il,jk->ijkl", one, one))
    return np.asarray(tensor)
