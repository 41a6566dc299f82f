"""Numerical settings of the simulations, and the limits that a crystal has to meet."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ElasticSettings:
    """Numerical settings, and the limits beyond which a crystal is rejected.

    Attributes:
        strain: amplitude of each engineering strain of the central differences. It is small because
            the universal-3 tables reach zero at their cutoff with a finite slope: a shell of atoms
            that crosses the cutoff within the strain makes the stress jump.
        force_tolerance_eV_per_A: norm of the force at which a minimisation stops.
        minimiser_steps: largest number of steps of one minimisation.
        cell_relaxations: largest number of restarts of the cell relaxation.
        largest_volume_step: largest relative change of a cell length in one minimiser step.
        pressure_limit_GPa: largest stress component left in a relaxed cell.
        force_limit_eV_per_A: largest force component left in any relaxed state; over the strain,
            1e-6 eV/Å stands for some 0.1 GPa of stiffness.
        volume_limit: largest |ln V/V₀| on relaxing.
        shape_limit: largest principal logarithmic strain at constant volume on relaxing; half of
            the Bain path, ln(2)/6, lies midway between fcc and bcc.
        displacement_limit: largest displacement of an atom on relaxing, in nearest distances.
        rattle_A: standard deviation of the random displacements that test for a saddle point.
        rattle_seed: seed of those displacements.
        rattle_gain_limit_eV: energy per atom that a rattled crystal may gain and still count as
            the same minimum.
        eigenvalue_limit_GPa: smallest eigenvalue of the stiffness still called stable.
        asymmetry_limit: largest norm of C − Cᵀ over that of C + Cᵀ.
        nonlinearity_limit: largest norm of the even part of the stress over that of the odd part.
    """

    strain: float = 1e-4
    force_tolerance_eV_per_A: float = 1e-9
    minimiser_steps: int = 2000
    cell_relaxations: int = 20
    largest_volume_step: float = 0.01
    pressure_limit_GPa: float = 1e-3
    force_limit_eV_per_A: float = 1e-6
    volume_limit: float = 0.25
    shape_limit: float = 0.1155
    displacement_limit: float = 0.2
    rattle_A: float = 0.02
    rattle_seed: int = 0
    rattle_gain_limit_eV: float = 1e-5
    eigenvalue_limit_GPa: float = 1.0
    asymmetry_limit: float = 0.002
    nonlinearity_limit: float = 0.01


@dataclass(frozen=True)
class PorousSettings:
    """Numerical settings for nanoporous metals, and the limits beyond which one is rejected.

    Attributes:
        strain: amplitude of each uniaxial strain of the central differences. Atoms near a surface
            have neighbours at all distances, so some cross the cutoff of the universal-3 tables,
            where the force jumps, at any strain: this one is large enough to average over them
            and an order of magnitude below the strain at which thin ligaments begin to yield.
        force_tolerance_eV_per_A: norm of the force at which a minimisation stops; a hundredth of
            it changes the stiffness of some thousand atoms by less than 1e-3.
        minimiser_steps: largest number of steps of one minimisation.
        force_limit_eV_per_A: largest force component left in any relaxed state.
        largest_piece_limit: smallest share of the atoms that must be in one piece.
        broken_bond_limit: largest share of the bonds between nearest neighbours that relaxation may
            break; a few adatoms may move, slip may not happen.
        nonlinearity_limit: largest even part of the stress over its odd part, on any axis.
        lost_work_limit: largest relative difference, on any axis, of the stiffness as second
            derivative of the energy from the one of the stress; plastic work is such a difference.
        stiffness_limit_GPa: smallest stiffness still called a solid's.
    """

    strain: float = 1e-3
    force_tolerance_eV_per_A: float = 1e-4
    minimiser_steps: int = 5000
    force_limit_eV_per_A: float = 1e-4
    largest_piece_limit: float = 0.95
    broken_bond_limit: float = 0.002
    nonlinearity_limit: float = 0.05
    lost_work_limit: float = 0.05
    stiffness_limit_GPa: float = 0.1
