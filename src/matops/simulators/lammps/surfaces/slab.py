"""Energy, stress and stiffness of a metal's surface, from strained slabs minus strained bulk."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from matops.physics.arrays import FloatArray
from matops.physics.plane_tensors import plane_strain, stretch_of
from matops.simulators.lammps.engine import EamCrystal, LammpsError
from matops.simulators.lammps.fcc import FccCrystal, equilibrium_fcc
from matops.simulators.lammps.outcome import Rejected, RejectedError, RejectionReason
from matops.simulators.lammps.settings import SlabSettings
from matops.simulators.lammps.surfaces.bulk import StrainedBulk
from matops.simulators.lammps.surfaces.lattice import Miller, SurfaceLattice, surface_lattice
from matops.simulators.lammps.surfaces.strained_slab import SlabState, StrainedSlab, slab_sites

_UNITS = np.eye(3)


@dataclass(frozen=True, eq=False)
class SurfaceResult:
    """Excess of a surface over the bulk, for each area of the unstrained surface.

    Tensors are in the frame of ``SurfaceLattice``. Strains are Lagrangian, E = (FᵀF − I) / 2.
    """

    energy_J_per_m2: float  # surface energy of the relaxed, unstrained slab
    unrelaxed_energy_J_per_m2: float  # the same with atoms on the sites of the bulk
    stress_J_per_m2: FloatArray  # (2, 2) first derivative of the energy
    stiffness_J_per_m2: FloatArray  # (3, 3) second derivative, Voigt order 11, 22, 12
    layers: int  # atoms of the slab, one in each layer
    thickness_A: float  # layers times their spacing
    displacement: float  # largest displacement on relaxing, in nearest distances
    middle_A: float  # largest displacement in the middle third, Å
    nonlinearity: float  # norm of the even part of the stress over that of its odd part
    asymmetry: float  # norm of C − Cᵀ over that of C + Cᵀ before symmetrising
    shuttleworth_J_per_m2: float  # largest difference between stress and slope of the energy


def compute_surface(
    metal: str, hkl: Miller, potential: Path | None = None, settings: SlabSettings | None = None
) -> SurfaceResult | Rejected:
    """Relax a slab with two (hkl) faces, strain it in its plane, and compare with the bulk.

    With n atoms of energy e in the bulk, and area A of the unstrained face::

        Γ(E) = [U_slab(E) − n e(E)] / 2A,   Γ = Γ0 + τ:E + E:C:E / 2

    where e(E) is the bulk under the same strain in the plane, free of traction on it. τ is taken
    from the virials, C from their central differences; τ must be the slope of Γ (Shuttleworth).

    Raises:
        BadInput: the indices are all zero.

    Source: R. Dingreville, J. Qu, Acta Mater. 55, 141 (2007); R. Shuttleworth, Proc. Phys. Soc. A
    63, 444 (1950). That the strain is the Lagrangian one is our choice: by nominal strain, C has τ
    in it.
    """
    settings = settings or SlabSettings()
    lattice = surface_lattice(hkl)
    try:
        return _compute(metal, equilibrium_fcc(metal, potential), lattice, potential, settings)
    except RejectedError as rejection:
        return rejection.rejected
    except LammpsError as error:
        return Rejected(RejectionReason.ENGINE_ERROR, str(error))


def _compute(
    metal: str,
    fcc: FccCrystal,
    lattice: SurfaceLattice,
    potential: Path | None,
    settings: SlabSettings,
) -> SurfaceResult:
    sites = slab_sites(fcc.lattice_constant_A, lattice, settings)
    species = [metal] * len(sites.atoms_A)
    with (
        closing(EamCrystal(sites.cell_A, sites.coords, species, potential)) as crystal,
        closing(StrainedBulk(metal, fcc, lattice, potential)) as bulk,
    ):
        slab = StrainedSlab(crystal, bulk, sites, settings)
        unrelaxed = slab.unrelaxed_energy()
        rest = slab.relax(np.eye(2), sites.atoms_A)
        moved_A = sites.displacements(rest.atoms_A)
        _require_same_crystal(fcc, rest, moved_A, settings)
        forward, backward = (
            [slab.relax(stretch_of(plane_strain(row)), rest.atoms_A) for row in amplitude * _UNITS]
            for amplitude in (settings.strain, -settings.strain)
        )
    slopes, stiffness, nonlinearity = _derivatives(rest, forward, backward, settings.strain)
    result = SurfaceResult(
        energy_J_per_m2=rest.energy,
        unrelaxed_energy_J_per_m2=unrelaxed,
        stress_J_per_m2=rest.stress[np.array([[0, 2], [2, 1]])],
        stiffness_J_per_m2=(stiffness + stiffness.T) / 2,
        layers=len(sites.atoms_A),
        thickness_A=len(sites.atoms_A) * fcc.lattice_constant_A * lattice.spacing,
        displacement=_longest(moved_A) / fcc.nearest_A,
        middle_A=_longest(_middle(moved_A)),
        nonlinearity=nonlinearity,
        asymmetry=_norm_ratio(stiffness - stiffness.T, stiffness + stiffness.T),
        shuttleworth_J_per_m2=float(np.abs(slopes - rest.stress).max()),
    )
    _require_sound(result, settings)
    return result


def _derivatives(
    rest: SlabState, forward: Sequence[SlabState], backward: Sequence[SlabState], strain: float
) -> tuple[FloatArray, FloatArray, float]:
    """Slopes of the energy, (3,), those of the stress, (3, 3), and the stress's nonlinearity."""
    ahead, behind = (np.array([s.stress for s in states]) for states in (forward, backward))
    rise = np.array([f.energy - b.energy for f, b in zip(forward, backward, strict=True)])
    odd, even = (ahead - behind) / 2, (ahead + behind) / 2 - rest.stress
    return rise / (2 * strain), odd.T / strain, _norm_ratio(even, odd)


def _norm_ratio(part: FloatArray, whole: FloatArray) -> float:
    return float(np.linalg.norm(part) / np.linalg.norm(whole))


def _middle(moved_A: FloatArray) -> FloatArray:
    third = len(moved_A) // 3
    return moved_A[third : len(moved_A) - third]


def _longest(moved_A: FloatArray) -> float:
    return float(np.linalg.norm(moved_A, axis=1).max())


def _require_same_crystal(
    fcc: FccCrystal, rest: SlabState, moved_A: FloatArray, settings: SlabSettings
) -> None:
    share, middle_A = _longest(moved_A) / fcc.nearest_A, _longest(_middle(moved_A))
    # Inversion at the middle exchanges the faces.
    faces_A = _longest(moved_A + moved_A[::-1])
    if not rest.energy > settings.least_energy_J_per_m2:
        detail = f"{rest.energy:.3g} J/m²"
        raise RejectedError(RejectionReason.NEGATIVE_SURFACE_ENERGY, detail)
    if not share < settings.displacement_limit:
        detail = f"an atom moved by {share:.3g} of the nearest distance"
        raise RejectedError(RejectionReason.LEFT_PROTOTYPE, detail)
    if not middle_A < settings.middle_limit_A:
        detail = f"the middle of the slab moved by {middle_A:.3g} Å"
        raise RejectedError(RejectionReason.NOT_CONVERGED, detail)
    if not faces_A < settings.face_limit_A:
        detail = f"displacements differ by {faces_A:.3g} Å"
        raise RejectedError(RejectionReason.FACES_DIFFER, detail)


def _require_sound(result: SurfaceResult, settings: SlabSettings) -> None:
    if not result.shuttleworth_J_per_m2 < settings.shuttleworth_limit_J_per_m2:
        detail = f"stress and slope of the energy differ by {result.shuttleworth_J_per_m2:.3g} J/m²"
        raise RejectedError(RejectionReason.INELASTIC, detail)
    if not result.nonlinearity < settings.nonlinearity_limit:
        detail = f"even part of the stress {result.nonlinearity:.3g}"
        raise RejectedError(RejectionReason.NONLINEAR, detail)
    if not result.asymmetry < settings.asymmetry_limit:
        raise RejectedError(RejectionReason.ASYMMETRIC, f"asymmetry {result.asymmetry:.3g}")
