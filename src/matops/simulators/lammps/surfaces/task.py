"""Surfaces as campaign tasks: JSON in, JSON out."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from matops.physics.plane_tensors import polar_invariants
from matops.simulators.lammps.fcc import equilibrium_fcc
from matops.simulators.lammps.library import find_potential
from matops.simulators.lammps.outcome import Rejected
from matops.simulators.lammps.settings import SlabSettings
from matops.simulators.lammps.surfaces.lattice import Miller
from matops.simulators.lammps.surfaces.slab import compute_surface
from matops.simulators.lammps.surfaces.stacking_fault import stacking_fault


def surface_task(
    metal: str, hkl: Miller, potential: str, settings: SlabSettings | None = None
) -> dict[str, Any]:
    """A surface, the potential's name or path, and the settings as a task."""
    settings = settings or SlabSettings()
    return {"metal": metal, "hkl": list(hkl), "potential": potential, "settings": asdict(settings)}


def run_surface_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """Compute the surface of a task of ``surface_task``.

    Returns:
        With ``accepted`` true the numbers of ``SurfaceResult`` and of ``PolarInvariants``; with
        ``accepted`` false ``reason`` and ``detail``. Always ``metal``, ``hkl`` and ``potential``.

    Raises:
        BadInput: there is no such potential or surface.
    """
    named = {name: task[name] for name in ("metal", "hkl", "potential")}
    outcome = compute_surface(
        task["metal"],
        tuple(task["hkl"]),
        find_potential(task["potential"]),
        SlabSettings(**task["settings"]),
    )
    if isinstance(outcome, Rejected):
        return {**named, "accepted": False, **asdict(outcome)}
    invariants = polar_invariants(outcome.stress_J_per_m2, outcome.stiffness_J_per_m2)
    return {
        **named,
        "accepted": True,
        **asdict(outcome),
        "stress_J_per_m2": outcome.stress_J_per_m2.tolist(),
        "stiffness_J_per_m2": outcome.stiffness_J_per_m2.tolist(),
        **asdict(invariants),
    }


def bulk_properties(metal: str, potential: str) -> dict[str, float]:
    """What a potential gives the bulk of a metal, by name with its unit.

    Raises:
        BadInput: there is no such potential.
        LammpsError: it has no stable fcc crystal.
    """
    path = find_potential(potential)
    fcc, fault = equilibrium_fcc(metal, path), stacking_fault(metal, path)
    return {
        "a_A": fcc.lattice_constant_A,
        "cohesive_eV": -fcc.energy_eV_per_atom,
        "C11_GPa": fcc.C11_GPa,
        "C12_GPa": fcc.C12_GPa,
        "C44_GPa": fcc.C44_GPa,
        "intrinsic_fault_J_per_m2": fault.intrinsic_J_per_m2,
        "unstable_fault_J_per_m2": fault.unstable_J_per_m2,
    }
