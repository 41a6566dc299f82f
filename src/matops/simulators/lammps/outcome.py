"""What comes of simulating a solid: a stiffness, or a refusal with its reason."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matops.physics.arrays import FloatArray
from matops.physics.elasticity import PolycrystalModuli


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
    NEGATIVE_SURFACE_ENERGY = "surface energy not positive"
    FACES_DIFFER = "the slab's faces differ"


@dataclass(frozen=True)
class Rejected:
    """A solid that was refused."""

    reason: RejectionReason  # category, for counting
    detail: str  # the number that broke the limit, for people


class RejectedError(Exception):
    """Carries a refusal out of the middle of a computation."""

    def __init__(self, reason: RejectionReason, detail: str) -> None:
        super().__init__(detail)
        self.rejected = Rejected(reason, detail)


@dataclass(frozen=True, eq=False)
class RelaxedCrystal:
    """A crystal at its energy minimum."""

    lattice_A: FloatArray  # (3, 3) lattice vectors as rows, in Å
    frac_coords: FloatArray  # (n, 3) fractional coordinates
    energy_eV_per_atom: float  # potential energy per atom in eV
    stress_GPa: FloatArray  # (3, 3) stress left, in GPa

    @property
    def pressure_residual_GPa(self) -> float:
        """Largest absolute stress component left, in GPa."""
        return float(np.abs(self.stress_GPa).max())


@dataclass(frozen=True, eq=False)
class ElasticResult:
    """Relaxed crystal with its stiffness."""

    crystal: RelaxedCrystal  # the relaxed crystal
    # (6, 6) symmetric stiffness in GPa, Voigt order xx, yy, zz, yz, xz, xy and engineering shear
    # strains, in the frame of ``crystal.lattice_A``
    stiffness_GPa: FloatArray
    moduli: PolycrystalModuli  # Voigt, Reuss and Hill moduli
    asymmetry: float  # norm of C − Cᵀ over that of C + Cᵀ before symmetrising
    nonlinearity: float  # norm of the even part of the stress over that of its odd part


@dataclass(frozen=True, eq=False)
class PorousResult:
    """Stiffness of a nanoporous metal under uniaxial strain."""

    # C_11, C_22, C_33: (3,) dσ_ii/dε_ii at fixed transverse edges, in GPa; the stress is a mean
    # over solid and pores
    stiffness_GPa: FloatArray
    n_atoms: int  # atoms simulated
    solid_fraction: float  # those atoms over the fcc sites of the cube
    pieces: int  # pieces of the carved solid; all but the largest were taken out
    removed_atoms: int  # atoms taken out with them
    lattice_constant_A: float  # of the perfect crystal, in Å
    cell_A: float  # edge of the cube, in Å
    energy_eV_per_atom: float  # energy of the relaxed atoms
    # (3,) normal stresses in the unstrained cell, in GPa: the pull of the surfaces, which grows as
    # ligaments get thinner
    rest_stress_GPa: FloatArray
    broken_bonds: float  # share of the nearest-neighbour bonds that relaxing broke
    nonlinearity: float  # largest even part of the stress over its odd part, of the three axes
    # largest relative difference between the stiffness of energy and that of stress
    lost_work: float
