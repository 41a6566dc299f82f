"""What comes of simulating a crystal: a stiffness, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matops.physics.elasticity import PolycrystalModuli

FloatArray = NDArray[np.float64]


class RejectionReason(StrEnum):
    """Why a crystal has no stiffness worth keeping."""

    ENGINE_ERROR = "engine error"
    NOT_CONVERGED = "not converged"
    LEFT_PROTOTYPE = "relaxed away from the prototype"
    SADDLE_POINT = "atoms sit on a saddle point"
    NONLINEAR = "stress not linear in strain"
    ASYMMETRIC = "stiffness not symmetric"
    UNSTABLE = "mechanically unstable"


@dataclass(frozen=True)
class Rejected:
    """A crystal that was refused.

    Attributes:
        reason: category of the refusal, for counting.
        detail: the number that broke the limit, for people.
    """

    reason: RejectionReason
    detail: str


@dataclass(frozen=True, eq=False)
class RelaxedCrystal:
    """A crystal at its energy minimum.

    Attributes:
        lattice_A: (3, 3) lattice vectors as rows, in Å.
        frac_coords: (n, 3) fractional coordinates.
        energy_eV_per_atom: potential energy per atom in eV.
        stress_GPa: (3, 3) stress left, in GPa.
        largest_force_eV_per_A: largest force component left, in eV/Å.
    """

    lattice_A: FloatArray
    frac_coords: FloatArray
    energy_eV_per_atom: float
    stress_GPa: FloatArray
    largest_force_eV_per_A: float

    @property
    def pressure_residual_GPa(self) -> float:
        """Largest absolute stress component left, in GPa."""
        return float(np.abs(self.stress_GPa).max())


@dataclass(frozen=True, eq=False)
class ElasticResult:
    """Relaxed crystal with its stiffness.

    Attributes:
        crystal: the relaxed crystal.
        stiffness_GPa: (6, 6) symmetric stiffness in GPa, Voigt order xx, yy, zz, yz, xz, xy and
            engineering shear strains, in the frame of ``crystal.lattice_A``.
        moduli: Voigt, Reuss and Hill moduli.
        asymmetry: norm of C − Cᵀ over that of C + Cᵀ before symmetrising.
        nonlinearity: norm of the even part of the stress over that of its odd part.
    """

    crystal: RelaxedCrystal
    stiffness_GPa: FloatArray
    moduli: PolycrystalModuli
    asymmetry: float
    nonlinearity: float
