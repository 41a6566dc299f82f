"""What comes of simulating a solid: a stiffness, or a refusal with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from matops.physics.elasticity import PolycrystalModuli

FloatArray = NDArray[np.float64]


class RejectionReason(StrEnum):
    """Why a solid has no stiffness worth keeping."""

    ENGINE_ERROR = "engine error"
    NOT_CONVERGED = "not converged"
    LEFT_PROTOTYPE = "relaxed away from the prototype"
    SADDLE_POINT = "atoms sit on a saddle point"
    NONLINEAR = "stress not linear in strain"
    ASYMMETRIC = "stiffness not symmetric"
    DISCONNECTED = "solid does not hold together"
    REARRANGED = "bonds broke on relaxing"
    INELASTIC = "work of straining is not elastic"
    UNSTABLE = "mechanically unstable"


@dataclass(frozen=True)
class Rejected:
    """A solid that was refused.

    Attributes:
        reason: category of the refusal, for counting.
        detail: the number that broke the limit, for people.
    """

    reason: RejectionReason
    detail: str


class RejectedError(Exception):
    """Carries a refusal out of the middle of a computation.

    Attributes:
        rejected: the refusal.
    """

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(reason, detail)


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


@dataclass(frozen=True, eq=False)
class PorousResult:
    """Stiffness of a nanoporous metal under uniaxial strain.

    Attributes:
        stiffness_GPa: C_11, C_22, C_33: (3,) dσ_ii/dε_ii at fixed transverse edges, in GPa; the
            stress is a mean over solid and pores.
        n_atoms: atoms simulated.
        solid_fraction: those atoms over the fcc sites of the cube.
        pieces: pieces of the carved solid; all but the largest were taken out.
        removed_atoms: atoms taken out with them.
        lattice_constant_A: of the perfect crystal, in Å.
        cell_A: edge of the cube, in Å.
        energy_eV_per_atom: energy of the relaxed atoms.
        rest_stress_GPa: (3,) normal stresses in the unstrained cell, in GPa: the pull of the
            surfaces, which grows as ligaments get thinner.
        broken_bonds: share of the nearest-neighbour bonds that relaxing broke.
        nonlinearity: largest even part of the stress over its odd part, of the three axes.
        lost_work: largest relative difference between the stiffness of energy and that of stress.
    """

    stiffness_GPa: FloatArray
    n_atoms: int
    solid_fraction: float
    pieces: int
    removed_atoms: int
    lattice_constant_A: float
    cell_A: float
    energy_eV_per_atom: float
    rest_stress_GPa: FloatArray
    broken_bonds: float
    nonlinearity: float
    lost_work: float
