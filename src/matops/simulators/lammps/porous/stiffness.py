"""Stiffness of nanoporous metals under uniaxial strain, by molecular statics in LAMMPS."""

from contextlib import closing

import numpy as np

from matops.physics.arrays import FloatArray
from matops.simulators.lammps.engine import EamCrystal, LammpsError
from matops.simulators.lammps.fcc import equilibrium_fcc
from matops.simulators.lammps.outcome import (
    PorousResult,
    Rejected,
    RejectedError,
    RejectionReason,
    RelaxedCrystal,
)
from matops.simulators.lammps.porous.carving import PorousDesign, carve
from matops.simulators.lammps.porous.connectivity import (
    BondedAtoms,
    LargestPiece,
    bond_atoms,
    bond_vectors,
    largest_piece,
)
from matops.simulators.lammps.relaxation import relax_atoms, relaxed_crystal
from matops.simulators.lammps.settings import PorousSettings

_GPA_PER_EV_PER_A3 = 160.21766208
_LONGEST_BOND = (1.0 + np.sqrt(2.0)) / 2.0
"""Midway between the first and the second neighbours of fcc, in distances of the first."""


def compute_porous_stiffness(
    design: PorousDesign, settings: PorousSettings | None = None
) -> PorousResult | Rejected:
    """Carve a nanoporous metal, relax its atoms and measure its stiffness, or say why it has none.

    Each axis in turn is stretched and compressed by a strain ε with the transverse edges fixed,
    the atoms relax, and C_ii = [σ_ii(+ε) − σ_ii(−ε)] / 2ε.

    The unstrained cell keeps the edges of the perfect crystal. Surface stress pulls at it: by some
    0.7 GPa where ligaments are a nanometre thick, less in proportion as they get thicker. Edges
    that give way to it shrink by percents in so small a cell, differently along each axis, and the
    stiffness is that of another structure than the one that was carved.

    Source: S. Zorkaltsev et al., Mater. Des. 260, 114896 (2025): relaxation, then uniaxial strain
    along x, y and z.
    """
    settings = settings or PorousSettings()
    try:
        return _compute(design, settings)
    except RejectedError as rejection:
        return rejection.rejected
    except LammpsError as error:
        return Rejected(RejectionReason.ENGINE_ERROR, str(error))


def _compute(design: PorousDesign, settings: PorousSettings) -> PorousResult:
    solid = bond_atoms(carve(design))
    piece = _require_one_piece(solid, settings)
    sites, atoms = 4 * design.cells**3, len(piece.atoms.frac_coords)
    crystal = equilibrium_fcc(design.metal)
    cell_A = design.cells * crystal.lattice_constant_A
    species = [design.metal] * atoms
    with closing(EamCrystal(cell_A * np.eye(3), piece.atoms.frac_coords, species)) as simulation:
        relax_atoms(simulation, settings)
        rest = relaxed_crystal(simulation)
        broken = _require_same_bonds(piece.atoms, rest, settings)
        stiffness, nonlinearity, lost_work = _measure(simulation, rest, settings)
    return PorousResult(
        stiffness_GPa=stiffness,
        n_atoms=atoms,
        solid_fraction=atoms / sites,
        pieces=piece.pieces,
        removed_atoms=len(solid.frac_coords) - atoms,
        lattice_constant_A=crystal.lattice_constant_A,
        cell_A=cell_A,
        energy_eV_per_atom=rest.energy_eV_per_atom,
        rest_stress_GPa=np.diag(rest.stress_GPa),
        broken_bonds=broken,
        nonlinearity=nonlinearity,
        lost_work=lost_work,
    )


def _require_one_piece(solid: BondedAtoms, settings: PorousSettings) -> LargestPiece:
    if not len(solid.frac_coords):
        raise RejectedError(RejectionReason.DISCONNECTED, "no atom is left")
    piece = largest_piece(solid)
    if piece.share < settings.largest_piece_limit:
        detail = f"{piece.pieces} pieces, {piece.share:.1%} of the atoms in the largest"
        raise RejectedError(RejectionReason.DISCONNECTED, detail)
    if piece.endless_directions < 3:
        detail = f"the solid goes on without end in {piece.endless_directions} directions of 3"
        raise RejectedError(RejectionReason.DISCONNECTED, detail)
    return piece


def _require_same_bonds(
    carved: BondedAtoms, rest: RelaxedCrystal, settings: PorousSettings
) -> float:
    """Share of the bonds that are broken now."""
    vectors_A = bond_vectors(carved.bonds, rest.frac_coords) @ rest.lattice_A
    lengths_A = np.linalg.norm(vectors_A, axis=1)
    broken = float(np.mean(lengths_A > _LONGEST_BOND * np.median(lengths_A)))
    if not broken < settings.broken_bond_limit:
        raise RejectedError(RejectionReason.REARRANGED, f"{broken:.2%} of the bonds broke")
    return broken


def _measure(
    simulation: EamCrystal, rest: RelaxedCrystal, settings: PorousSettings
) -> tuple[FloatArray, float, float]:
    """Stiffness (3,) in GPa, nonlinearity and lost work; see ``PorousResult``."""
    forward, backward = (
        np.array([_strained(simulation, rest, axis, strain, settings) for axis in range(3)]).T
        for strain in (settings.strain, -settings.strain)
    )
    odd_GPa = (forward[0] - backward[0]) / 2
    even_GPa = (forward[0] + backward[0]) / 2 - np.diag(rest.stress_GPa)
    even_eV = (forward[1] + backward[1]) / 2 - rest.energy_eV_per_atom * len(rest.frac_coords)
    # Half the stress times the strain is the work, if none of it is lost.
    work_GPa = _GPA_PER_EV_PER_A3 * even_eV / np.linalg.det(rest.lattice_A)
    stiffness_GPa = odd_GPa / settings.strain
    if not stiffness_GPa.min() > settings.stiffness_limit_GPa:
        detail = f"lowest stiffness {stiffness_GPa.min():.3g} GPa"
        raise RejectedError(RejectionReason.UNSTABLE, detail)
    nonlinearity = float(np.abs(even_GPa / odd_GPa).max())
    lost_work = float(np.abs(work_GPa / (odd_GPa * settings.strain / 2) - 1).max())
    if not nonlinearity < settings.nonlinearity_limit:
        raise RejectedError(RejectionReason.NONLINEAR, f"even part of stress {nonlinearity:.3g}")
    if not lost_work < settings.lost_work_limit:
        raise RejectedError(RejectionReason.INELASTIC, f"work differs by {lost_work:.3g}")
    return stiffness_GPa, nonlinearity, lost_work


def _strained(
    simulation: EamCrystal, rest: RelaxedCrystal, axis: int, strain: float, settings: PorousSettings
) -> tuple[float, float]:
    """Normal stress in GPa along the strained axis and energy in eV."""
    stretch = np.ones(3)
    stretch[axis] += strain
    simulation.place(rest.lattice_A * stretch, rest.frac_coords)
    relax_atoms(simulation, settings)
    return float(simulation.stress_GPa[axis, axis]), simulation.energy_eV
