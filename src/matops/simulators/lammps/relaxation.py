"""Minimisation of the energy over the atoms, and the state in which it ends."""

from matops.simulators.lammps.engine import EamCrystal
from matops.simulators.lammps.outcome import RejectedError, RejectionReason, RelaxedCrystal
from matops.simulators.lammps.settings import ElasticSettings, PorousSettings, SlabSettings

Settings = ElasticSettings | PorousSettings | SlabSettings


def relax_atoms(simulation: EamCrystal, settings: Settings) -> None:
    """Minimise the energy over the positions of the atoms in the present cell.

    Raises:
        RejectedError: the forces left are too large.
    """
    simulation.relax_positions(settings.force_tolerance_eV_per_A, settings.minimiser_steps)
    require_small_forces(simulation, settings)


def require_small_forces(simulation: EamCrystal, settings: Settings) -> None:
    """Refuse a crystal whose largest force component is above the limit.

    Raises:
        RejectedError: it is.
    """
    force = simulation.largest_force_eV_per_A
    if not force < settings.force_limit_eV_per_A:
        raise RejectedError(RejectionReason.NOT_CONVERGED, f"force left {force:.3g} eV/Å")


def relaxed_crystal(simulation: EamCrystal) -> RelaxedCrystal:
    """Read out the present state, to come back to it."""
    frac_coords = simulation.frac_coords
    return RelaxedCrystal(
        lattice_A=simulation.lattice_A,
        frac_coords=frac_coords,
        energy_eV_per_atom=simulation.energy_eV / len(frac_coords),
        stress_GPa=simulation.stress_GPa,
    )
