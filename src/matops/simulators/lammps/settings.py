"""Numerical settings of the simulations, and the limits that a crystal has to meet."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ElasticSettings:
    """Numerical settings, and the limits beyond which a crystal is rejected."""

    # amplitude of each engineering strain of the central differences. It is small because the
    # universal-3 tables reach zero at their cutoff with a finite slope: a shell of atoms that
    # crosses the cutoff within the strain makes the stress jump
    strain: float = 1e-4
    force_tolerance_eV_per_A: float = 1e-9  # norm of the force at which a minimisation stops
    minimiser_steps: int = 2000  # largest number of steps of one minimisation
    cell_relaxations: int = 20  # largest number of restarts of the cell relaxation
    # largest relative change of a cell length in one minimiser step
    largest_volume_step: float = 0.01
    pressure_limit_GPa: float = 1e-3  # largest stress component left in a relaxed cell
    # largest force component left in any relaxed state; over the strain, 1e-6 eV/Å stands for some
    # 0.1 GPa of stiffness
    force_limit_eV_per_A: float = 1e-6
    volume_limit: float = 0.25  # largest |ln V/V₀| on relaxing
    # largest principal logarithmic strain at constant volume on relaxing; half of the Bain path,
    # ln(2)/6, lies midway between fcc and bcc
    shape_limit: float = 0.1155
    # largest displacement of an atom on relaxing, in nearest distances
    displacement_limit: float = 0.2
    # standard deviation of the random displacements that test for a saddle point
    rattle_A: float = 0.02
    rattle_seed: int = 0  # seed of those displacements
    # energy per atom that a rattled crystal may gain and still count as the same minimum
    rattle_gain_limit_eV: float = 1e-5
    eigenvalue_limit_GPa: float = 1.0  # smallest eigenvalue of the stiffness still called stable
    asymmetry_limit: float = 0.002  # largest norm of C − Cᵀ over that of C + Cᵀ
    # largest norm of the even part of the stress over that of the odd part
    nonlinearity_limit: float = 0.01


@dataclass(frozen=True)
class PorousSettings:
    """Numerical settings for nanoporous metals, and the limits beyond which one is rejected."""

    # amplitude of each uniaxial strain of the central differences. Atoms near a surface have
    # neighbours at all distances, so some cross the cutoff of the universal-3 tables, where the
    # force jumps, at any strain: this one is large enough to average over them and an order of
    # magnitude below the strain at which thin ligaments begin to yield
    strain: float = 1e-3
    # norm of the force at which a minimisation stops; a hundredth of it changes the stiffness of
    # some thousand atoms by less than 1e-3
    force_tolerance_eV_per_A: float = 1e-4
    minimiser_steps: int = 5000  # largest number of steps of one minimisation
    force_limit_eV_per_A: float = 1e-4  # largest force component left in any relaxed state
    largest_piece_limit: float = 0.95  # smallest share of the atoms that must be in one piece
    # largest share of the bonds between nearest neighbours that relaxation may break; a few adatoms
    # may move, slip may not happen
    broken_bond_limit: float = 0.002
    # largest even part of the stress over its odd part, on any axis
    nonlinearity_limit: float = 0.05
    # largest relative difference, on any axis, of the stiffness as second derivative of the energy
    # from the one of the stress; plastic work is such a difference
    lost_work_limit: float = 0.05
    stiffness_limit_GPa: float = 0.1  # smallest stiffness still called a solid's


@dataclass(frozen=True)
class SlabSettings:
    """Numerical settings for slabs, and the limits beyond which a slab is refused."""

    thickness_A: float = 40.0  # least thickness of a slab; the layers follow from their spacing
    # least thickness in the longer primitive period of the face: into the bulk, what it moves falls
    # by exp(-2π) with each period
    thickness_periods: float = 2.0
    vacuum_A: float = 20.0  # between periodic images, beyond twice the reach of any potential
    # amplitude of each Lagrangian strain of the central differences; large enough to average over
    # the atoms near a face that cross the cutoff of the universal-3 tables, where the force jumps
    strain: float = 1e-3
    force_tolerance_eV_per_A: float = 1e-7  # norm of the force at which a minimisation stops
    minimiser_steps: int = 5000  # largest number of steps of one minimisation
    force_limit_eV_per_A: float = 1e-5  # largest force component left in any relaxed state
    # surface energy that a sound slab exceeds: below it, the slab gains by being torn apart, or its
    # cell does not have the periods of the surface
    least_energy_J_per_m2: float = 0.0
    # largest displacement of an atom on relaxing, in nearest distances; a slip by a partial
    # dislocation moves atoms by 0.58
    displacement_limit: float = 0.3
    # largest displacement in the middle third, Å: there a slab must be bulk
    middle_limit_A: float = 0.02
    face_limit_A: float = 0.01  # largest difference between displacements of the two faces, Å
    # largest even part of the surface stress over the odd part, under strain
    nonlinearity_limit: float = 0.1
    # largest norm of C − Cᵀ over that of C + Cᵀ
    asymmetry_limit: float = 0.02
    # largest difference between the stress and the slope of the energy (Shuttleworth), J/m²
    shuttleworth_limit_J_per_m2: float = 0.02
